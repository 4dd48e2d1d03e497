/* SPDX-License-Identifier: Apache-2.0 */
/* Elections: one leader at a time, who learns when he no longer is. */
#include "recipes/stage.h"

#include <pthread.h>
#include <stdatomic.h>

#include <zobo/election.h>
#include <zobo/lock.h>

static zobo_client *a, *b;

static int
up(void **state)
{
    if (stage_up(state))
        return -1;
    a = another_client();
    b = another_client();
    return 0;
}

static int
down(void **state)
{
    zobo_close(a);
    zobo_close(b);
    return stage_down(state);
}

static const char path[] = "/election/one";

static zobo_election *
candidate(zobo_client *c, const zobo_election_options *o)
{
    zobo_election *e;
    zobo_problem why;
    if (zobo_election_new(c, path, o, &e, &why))
        fail_msg("%s", why.text);
    return e;
}

static void
count_reign(void *arg, zobo_election *e)
{
    if (zobo_election_check(e) == ZOBO_OK && zobo_election_fence(e) > 0)
        ++*(int *)arg;
}

static void
test_run(void **state)
{
    (void)state;
    int reigns = 0;
    zobo_reply *r;
    zobo_election *x = candidate(a, &(zobo_election_options){.identifier = "me"}), *y = candidate(b, NULL);
    assert_err(zobo_election_run(x, NULL, NULL, 0), ZOBO_EINVAL);
    assert_err(zobo_election_check(x), ZOBO_ENOTHELD);
    assert_ok(zobo_election_run(x, count_reign, &reigns, 0));
    assert_int_equal(reigns, 1);
    assert_err(zobo_election_check(x), ZOBO_ENOTHELD);
    assert_int_equal(children_of(look, path), 0);
    assert_ok(zobo_election_campaign(x, 0));
    assert_err(zobo_election_run(y, count_reign, &reigns, 50), ZOBO_EWAITTIMEOUT);
    assert_int_equal(reigns, 1);
    assert_ok(zobo_election_contenders(y, 0, &r));
    assert_true(r->n_children >= 1);
    assert_string_equal(r->children[0], "me");
    zobo_reply_free(r);
    assert_ok(zobo_election_resign(x, 0));
    assert_err(zobo_election_resign(x, 0), ZOBO_ENOTHELD);
    assert_ok(zobo_election_run(y, count_reign, &reigns, 5000));
    assert_int_equal(reigns, 2);
    zobo_election_free(x);
    zobo_election_free(y);
    ZT_WAIT(children_of(look, path) == 0);
}

/* Locks and elections of one path are one line, as with kazoo. */
static void
test_layout_is_the_locks(void **state)
{
    (void)state;
    zobo_election *x = candidate(a, &(zobo_election_options){.identifier = "me"});
    zobo_lock *lock;
    zobo_reply *r;
    assert_ok(zobo_lock_new(b, path, NULL, &lock, NULL));
    assert_ok(zobo_election_campaign(x, 0));
    assert_err(zobo_lock_try(lock, 0), ZOBO_EHELD);
    ZT_WAIT(children_of(look, path) == 1);
    assert_ok(zobo_get_children(look, path, NULL, &r));
    assert_int_equal(strlen(r->children[0]), 32 + 8 + 10);
    assert_memory_equal(r->children[0] + 32, "__lock__", 8);
    zobo_reply_free(r);
    zobo_election_free(x);
    assert_ok(zobo_lock_acquire(lock, 5000));
    zobo_lock_free(lock);
    ZT_WAIT(children_of(look, path) == 0);
}

/* --- a run on a thread of its own --- */

typedef struct runner {
    zobo_election *e;
    zt_latch leads, go_on, lost;
    zobo_err seen; /* by zobo_election_check when it goes on */
    zobo_err result;
    bool frees;
    pthread_t thread;
} runner;

static void
reign(void *arg, zobo_election *e)
{
    runner *r = arg;
    zt_latch_hit(&r->leads);
    (void)zt_latch_wait(&r->go_on, 1, ZT_SOON_MS);
    r->seen = zobo_election_check(e);
    if (r->frees)
        zobo_election_free(e);
}

static void *
run(void *arg)
{
    runner *r = arg;
    r->result = zobo_election_run(r->e, reign, r, 0);
    return NULL;
}

static void
runner_start(runner *r)
{
    zt_latch_init(&r->leads);
    zt_latch_init(&r->go_on);
    zt_latch_init(&r->lost);
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

static void
runner_join(runner *r)
{
    pthread_join(r->thread, NULL);
    zt_latch_destroy(&r->leads);
    zt_latch_destroy(&r->go_on);
    zt_latch_destroy(&r->lost);
}

static void
on_lost(void *arg, zobo_election *e)
{
    runner *r = arg;
    if (zobo_election_check(e) == ZOBO_ELOCKLOST)
        zt_latch_hit(&r->lost);
}

static void
test_leader_learns_of_his_loss(void **state)
{
    (void)state;
    runner x = {.e = candidate(a, &(zobo_election_options){.lost = on_lost, .lost_arg = &x})};
    zobo_election *y = candidate(b, NULL);
    zobo_call *call;
    runner_start(&x);
    assert_true(zt_latch_wait(&x.leads, 1, ZT_SOON_MS));
    assert_err(zobo_election_run(x.e, reign, &x, 0), ZOBO_EALREADY);
    assert_ok(zobo_election_campaign_async(y, NULL, &call));
    ZT_WAIT(children_of(look, path) == 2);
    assert_ok(zobo_server_expire(server, session_of(a)));
    assert_true(zt_latch_wait(&x.lost, 1, ZT_SOON_MS));
    assert_ok(zobo_call_get(call, 5000, NULL));
    zobo_call_free(call);
    zt_latch_hit(&x.go_on);
    pthread_join(x.thread, NULL);
    assert_err(x.seen, ZOBO_ELOCKLOST);
    assert_err(x.result, ZOBO_ELOCKLOST);
    assert_ok(zobo_election_resign(y, 0));
    assert_int_equal(pthread_create(&x.thread, NULL, run, &x), 0); /* it may be elected again */
    assert_true(zt_latch_wait(&x.leads, 2, ZT_SOON_MS));
    runner_join(&x);
    assert_ok(x.seen);
    assert_ok(x.result);
    zobo_election_free(x.e);
    zobo_election_free(y);
    ZT_WAIT(children_of(look, path) == 0);
}

static void
test_released_on_suspended(void **state)
{
    (void)state;
    runner x = {.e = candidate(a, &(zobo_election_options){.release_on_suspended = true})};
    runner_start(&x);
    assert_true(zt_latch_wait(&x.leads, 1, ZT_SOON_MS));
    assert_ok(zobo_server_drop(server, session_of(a)));
    ZT_WAIT(zobo_election_check(x.e) == ZOBO_ELOCKLOST);
    zt_latch_hit(&x.go_on);
    runner_join(&x);
    assert_err(x.result, ZOBO_ELOCKLOST);
    zobo_election_free(x.e);
    ZT_WAIT(children_of(look, path) == 0);
}

static void
test_cancel_and_free(void **state)
{
    (void)state;
    zobo_election *leader = candidate(b, NULL);
    runner x = {.e = candidate(a, NULL)}, y = {.e = candidate(a, NULL)}, z = {.e = candidate(a, NULL), .frees = true};
    assert_ok(zobo_election_campaign(leader, 0));
    runner_start(&x);
    ZT_WAIT(children_of(look, path) == 2);
    assert_ok(zobo_election_cancel(x.e));
    runner_join(&x);
    assert_err(x.result, ZOBO_ECANCELLED);
    ZT_WAIT(children_of(look, path) == 1);
    zobo_election_free(x.e);
    runner_start(&y);
    ZT_WAIT(children_of(look, path) == 2);
    zobo_election_free(y.e);
    runner_join(&y);
    assert_err(y.result, ZOBO_ECANCELLED);
    zobo_election_free(leader);
    runner_start(&z);
    assert_true(zt_latch_wait(&z.leads, 1, ZT_SOON_MS));
    zt_latch_hit(&z.go_on);
    runner_join(&z);
    assert_ok(z.result);
    ZT_WAIT(children_of(look, path) == 0);
}

static void
resign(void *arg, zobo_election *e)
{
    *(zobo_err *)arg = zobo_election_resign(e, 0);
}

static void
test_resigns_while_it_leads(void **state)
{
    (void)state;
    zobo_err err = ZOBO_EINVAL;
    zobo_election *x = candidate(a, NULL);
    assert_ok(zobo_election_run(x, resign, &err, 0));
    assert_ok(err);
    zobo_election_free(x);
}

enum { REIGNS = 50 };

typedef struct rival {
    zobo_election *e;
    long *counter;
    atomic_int *leaders;
    int64_t *fence;
    bool failed;
} rival;

static void
rule(void *arg, zobo_election *e)
{
    rival *r = arg;
    r->failed = r->failed || atomic_fetch_add(r->leaders, 1) != 0 || zobo_election_fence(e) <= *r->fence;
    *r->fence = zobo_election_fence(e);
    ++*r->counter;
    atomic_fetch_sub(r->leaders, 1);
}

static void *
be_a_rival(void *arg)
{
    rival *r = arg;
    for (int i = 0; i < REIGNS && !r->failed; i++)
        r->failed = zobo_election_run(r->e, rule, r, 60000) != ZOBO_OK || r->failed;
    return NULL;
}

static void
test_threads_run(void **state)
{
    (void)state;
    enum { N = 6 };
    pthread_t threads[N];
    rival rivals[N];
    long counter = 0;
    int64_t fence = 0;
    atomic_int leaders = 0;
    for (int i = 0; i < N; i++) {
        rivals[i] =
            (rival){.e = candidate(i % 2 ? a : b, NULL), .counter = &counter, .leaders = &leaders, .fence = &fence};
        assert_int_equal(pthread_create(&threads[i], NULL, be_a_rival, &rivals[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_false(rivals[i].failed);
        zobo_election_free(rivals[i].e);
    }
    assert_int_equal(counter, N * REIGNS);
    ZT_WAIT(children_of(look, path) == 0);
}

static void
test_event_loop(void **state)
{
    (void)state;
    int reigns = 0;
    zobo_client *loop = loop_client();
    zobo_election *x = candidate(loop, NULL);
    assert_ok(zobo_election_run(x, count_reign, &reigns, 5000));
    assert_int_equal(reigns, 1);
    zobo_election_free(x);
    zobo_close(loop);
    ZT_WAIT(children_of(look, path) == 0);
}

/* A run in a callback. */
typedef struct attempt {
    zobo_election *e;
    zt_latch ended;
    zobo_err result;
    int reigns;
} attempt;

static void
in_callback(void *arg, zobo_err err, const zobo_reply *reply)
{
    attempt *t = arg;
    (void)reply;
    t->result = err ? err : zobo_election_run(t->e, count_reign, &t->reigns, 5000);
    zt_latch_hit(&t->ended);
}

static void
test_in_callbacks(void **state)
{
    (void)state;
    attempt t = {.e = candidate(a, NULL)};
    zobo_how how = {.done = in_callback, .arg = &t};
    zt_latch_init(&t.ended);
    assert_ok(zobo_exists_async(a, "/", NULL, &how, NULL));
    assert_true(zt_latch_wait(&t.ended, 1, ZT_SOON_MS));
    assert_ok(t.result);
    assert_int_equal(t.reigns, 1);
    how.flags = ZOBO_INLINE;
    assert_ok(zobo_exists_async(a, "/", NULL, &how, NULL));
    assert_true(zt_latch_wait(&t.ended, 2, ZT_SOON_MS));
    assert_err(t.result, ZOBO_EWOULDBLOCK);
    assert_int_equal(t.reigns, 1);
    zobo_election_free(t.e);
    zt_latch_destroy(&t.ended);
    ZT_WAIT(children_of(look, path) == 0);
}

static void
test_wrong_options(void **state)
{
    (void)state;
    zobo_election *x;
    zobo_problem why;
    assert_err(zobo_election_new(a, "e", NULL, &x, &why), ZOBO_EBADPATH);
    assert_err(zobo_election_new(a, "/e", &(zobo_election_options){.size = 3}, &x, &why), ZOBO_EBADOPTION);
    assert_null(x);
    zobo_election_free(NULL);
}

static void
test_made_and_freed_often(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        zobo_election *x = candidate(a, NULL);
        if (i % 100 == 0)
            assert_ok(zobo_election_campaign(x, 0));
        else if (i % 10 == 0)
            assert_ok(zobo_election_campaign_async(x, NULL, NULL));
        zobo_election_free(x);
    }
    ZT_WAIT(children_of(look, path) == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_layout_is_the_locks),
        cmocka_unit_test(test_leader_learns_of_his_loss),
        cmocka_unit_test(test_released_on_suspended),
        cmocka_unit_test(test_cancel_and_free),
        cmocka_unit_test(test_resigns_while_it_leads),
        cmocka_unit_test(test_threads_run),
        cmocka_unit_test(test_event_loop),
        cmocka_unit_test(test_in_callbacks),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_made_and_freed_often),
    };
    return cmocka_run_group_tests(tests, up, down);
}
