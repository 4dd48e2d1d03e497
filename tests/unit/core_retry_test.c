/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "core/retry.h"

static void
defaults_are_filled_in(void **state)
{
    (void)state;
    zobo_retry_policy zero, out;
    memset(&zero, 0, sizeof zero);
    const zobo_retry_policy *inputs[] = {NULL, &zero, &(zobo_retry_policy){.size = sizeof zero}};
    for (size_t i = 0; i < 3; i++) {
        memset(&out, 0xee, sizeof out);
        assert_int_equal(zb_retry_import(&out, inputs[i], "p", NULL), ZOBO_OK);
        assert_int_equal(out.size, sizeof out);
        assert_int_equal(out.max_tries, 0);
        assert_int_equal(out.delay_ms, 100);
        assert_int_equal(out.backoff_percent, 200);
        assert_int_equal(out.max_delay_ms, 5000);
        assert_int_equal(out.jitter_percent, 40);
        assert_int_equal(out.deadline_ms, 0);
        assert_false(out.no_expire || out.no_unknown);
        assert_null(out.interrupt);
    }
}

static bool
never(void *arg)
{
    (void)arg;
    return false;
}

static void
what_is_given_is_kept(void **state)
{
    (void)state;
    int arg;
    zobo_retry_policy in = {sizeof in, 7, 11, 100, 13, ZOBO_NO_JITTER, 17, true, true, never, &arg}, out;
    assert_int_equal(zb_retry_import(&out, &in, "p", NULL), ZOBO_OK);
    assert_int_equal(out.jitter_percent, 0);
    out.jitter_percent = ZOBO_NO_JITTER;
    assert_int_equal(out.max_tries, 7);
    assert_int_equal(out.delay_ms, 11);
    assert_int_equal(out.backoff_percent, 100);
    assert_int_equal(out.max_delay_ms, 13);
    assert_int_equal(out.deadline_ms, 17);
    assert_true(out.no_expire && out.no_unknown);
    assert_true(out.interrupt == never);
    assert_ptr_equal(out.interrupt_arg, &arg);
}

static void
expect_refused(const zobo_retry_policy *in, const char *field)
{
    zobo_retry_policy out;
    zobo_problem why;
    assert_int_equal(zb_retry_import(&out, in, "command_retry", &why), ZOBO_EBADOPTION);
    assert_int_equal(why.err, ZOBO_EBADOPTION);
    assert_non_null(strstr(why.text, "command_retry"));
    assert_non_null(strstr(why.text, field));
    assert_int_equal(zb_retry_import(&out, in, "command_retry", NULL), ZOBO_EBADOPTION);
}

static void
nonsense_is_refused(void **state)
{
    (void)state;
    expect_refused(&(zobo_retry_policy){.max_tries = -1}, "max_tries");
    expect_refused(&(zobo_retry_policy){.backoff_percent = 99}, "backoff_percent");
    expect_refused(&(zobo_retry_policy){.jitter_percent = 101}, "jitter_percent");
    expect_refused(&(zobo_retry_policy){.size = 8}, "size");
    zobo_retry_policy out;
    assert_int_equal(zb_retry_import(&out, &(zobo_retry_policy){.jitter_percent = 100}, "p", NULL), ZOBO_OK);
    assert_int_equal(zb_retry_import(&out, &(zobo_retry_policy){.backoff_percent = 100}, "p", NULL), ZOBO_OK);
}

static void
a_larger_struct_is_taken_if_its_tail_is_zero(void **state)
{
    (void)state;
    struct {
        zobo_retry_policy policy;
        int32_t later[2];
    } newer;
    memset(&newer, 0, sizeof newer);
    newer.policy.size = sizeof newer;
    newer.policy.delay_ms = 3;
    zobo_retry_policy out;
    assert_int_equal(zb_retry_import(&out, &newer.policy, "p", NULL), ZOBO_OK);
    assert_int_equal(out.delay_ms, 3);
    assert_int_equal(out.size, sizeof out);
    newer.later[1] = 1;
    zobo_problem why;
    assert_int_equal(zb_retry_import(&out, &newer.policy, "p", &why), ZOBO_EBADOPTION);
    assert_in_range(why.offset, sizeof newer.policy, sizeof newer - 1);
}

/* The lowest and the highest of many waits. */
static void
waits(const zobo_retry_policy *in, unsigned n, uint32_t low, uint32_t high)
{
    zobo_retry_policy p;
    assert_int_equal(zb_retry_import(&p, in, "p", NULL), ZOBO_OK);
    zb_rng rng = {n};
    uint32_t least = UINT32_MAX, most = 0;
    uint64_t sum = 0;
    enum { ROUNDS = 4000 };
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t wait = zb_retry_wait_ms(&p, n, &rng);
        assert_in_range(wait, low, high);
        if (wait < least)
            least = wait;
        if (wait > most)
            most = wait;
        sum += wait;
    }
    uint32_t tenth = (high - low) / 10;
    assert_in_range(least, low, low + tenth);
    assert_in_range(most, high - tenth, high);
    if (p.jitter_percent == 0)
        assert_int_equal(low, high);
    else if (high < p.max_delay_ms)
        assert_in_range(sum / ROUNDS, (low + high) / 2 - tenth / 2 - 1, (low + high) / 2 + tenth / 2 + 1);
}

static void
waits_grow_to_the_most_and_jitter_does_not_compound(void **state)
{
    (void)state;
    waits(NULL, 0, 60, 140);
    waits(NULL, 1, 60, 140);
    waits(NULL, 2, 120, 280);
    waits(NULL, 3, 240, 560);
    waits(NULL, 6, 1920, 4480);
    waits(NULL, 7, 3000, 5000); /* 6400 is too long; what jitter adds to 5000 too */
    waits(NULL, 1000, 3000, 5000);
    waits(NULL, UINT32_MAX, 3000, 5000);

    zobo_retry_policy plain = {
        .delay_ms = 50, .backoff_percent = 150, .max_delay_ms = 200, .jitter_percent = ZOBO_NO_JITTER};
    waits(&plain, 1, 50, 50);
    waits(&plain, 2, 75, 75);
    waits(&plain, 3, 112, 112);
    waits(&plain, 4, 168, 168);
    waits(&plain, 5, 200, 200);

    zobo_retry_policy steady = {.delay_ms = 30, .backoff_percent = 100, .jitter_percent = 100};
    waits(&steady, 1, 0, 60);
    waits(&steady, UINT32_MAX, 0, 60);

    zobo_retry_policy slow = {.delay_ms = 1, .backoff_percent = 101, .jitter_percent = ZOBO_NO_JITTER};
    waits(&slow, 1, 1, 1);
    waits(&slow, 72, 2, 2); /* though 1 * 1.01 is no whole number */
    waits(&slow, UINT32_MAX, 5000, 5000);

    zobo_retry_policy huge = {
        .delay_ms = UINT32_MAX, .backoff_percent = UINT32_MAX, .max_delay_ms = UINT32_MAX, .jitter_percent = 100};
    waits(&huge, 1, 0, UINT32_MAX);
    waits(&huge, UINT32_MAX, 0, UINT32_MAX);

    zobo_retry_policy capped = {.max_delay_ms = 20, .jitter_percent = ZOBO_NO_JITTER};
    waits(&capped, 1, 20, 20);
}

static void
what_is_tried_again(void **state)
{
    (void)state;
    zobo_retry_policy p, careful;
    assert_int_equal(zb_retry_import(&p, NULL, "p", NULL), ZOBO_OK);
    careful = p;
    careful.no_expire = careful.no_unknown = true;
    static const zobo_err all[] = {
#define X(name, number, cls, zk, text) name,
        ZOBO_ERRORS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        zobo_class cls = zobo_err_class(all[i]);
        bool never_sent = cls == ZOBO_CLASS_RETRY;
        assert_int_equal(zb_retry_wants(&p, all[i]),
                         never_sent || cls == ZOBO_CLASS_UNKNOWN || cls == ZOBO_CLASS_SESSION);
        assert_int_equal(zb_retry_wants(&careful, all[i]), never_sent);
    }
    assert_true(zb_retry_wants(&p, ZOBO_ECONNECTIONLOSS));
    assert_true(zb_retry_wants(&p, ZOBO_EOPERATIONTIMEOUT));
    assert_true(zb_retry_wants(&p, ZOBO_ESESSIONEXPIRED));
    assert_true(zb_retry_wants(&p, ZOBO_ENOCONNECTION));
    assert_false(zb_retry_wants(&p, ZOBO_OK));
    assert_false(zb_retry_wants(&p, ZOBO_ENONODE));
    assert_false(zb_retry_wants(&p, ZOBO_ENOTSTARTED));
    assert_false(zb_retry_wants(&p, ZOBO_ESTOPPED));
    assert_false(zb_retry_wants(&p, ZOBO_EFORKED));
    assert_false(zb_retry_wants(&p, (zobo_err)-999));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(what_is_given_is_kept),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(a_larger_struct_is_taken_if_its_tail_is_zero),
        cmocka_unit_test(waits_grow_to_the_most_and_jitter_does_not_compound),
        cmocka_unit_test(what_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
