/* SPDX-License-Identifier: Apache-2.0 */
/* The session under random programs (support/program.h): each request ends exactly once, whatever comes. */
#include "base/rng.h"
#include "support/program.h"
#include "test.h"

enum { PROGRAMS = 3000, MAX_BYTES = 1500 };

/* Random bytes break everything at once; most programs therefore lean on the helping hand. */
static size_t
make_program(zb_rng *rng, uint8_t *p)
{
    size_t n = (size_t)zb_rng_below(rng, MAX_BYTES);
    unsigned helpful = (unsigned)zb_rng_below(rng, 4);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)zb_rng_next(rng);
    for (size_t i = 1; i + 1 < n && helpful > 0; i += 2) {
        if (zb_rng_below(rng, helpful + 1) > 0)
            p[i] = (uint8_t)(18 + (zb_rng_below(rng, 2) ? 0 : 20 * zb_rng_below(rng, 12)));
    }
    return n;
}

static void
each_request_ends_once(void **state)
{
    (void)state;
    zb_rng rng = {1};
    uint8_t *p = malloc(MAX_BYTES);
    assert_non_null(p);
    for (int i = 0; i < PROGRAMS; i++)
        zt_session_program(p, make_program(&rng, p));
    free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_ends_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
