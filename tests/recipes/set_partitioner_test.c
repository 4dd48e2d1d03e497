/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/trouble.h"

#include "base/mem.h"

#include <zobo/lock.h>
#include <zobo/partitioner.h>

static const char *const items[] = {"c", "a", "b", "e", "d", "a", "g", "f"}; /* one twice */
enum { N_ITEMS = 8, N_DIFFERENT = 7, BOUNDARY_MS = 100 };

/* A member that does what the manual says: when its part is to be given back, it gives it back. */
typedef struct worker {
    zobo_set_partitioner *p;
    pthread_mutex_t lock;
    char text[2000]; /* states told */
    bool lazy;       /* it does not */
    zobo_err err;
} worker;

static void
changed(void *arg, zobo_set_partitioner *p, zobo_partition_state state, zobo_err err)
{
    worker *w = arg;
    pthread_mutex_lock(&w->lock);
    size_t n = strlen(w->text);
    snprintf(w->text + n, sizeof w->text - n, "%s ", zobo_partition_state_name(state));
    bool lazy = w->lazy;
    w->err = err;
    pthread_mutex_unlock(&w->lock);
    if (state == ZOBO_PARTITION_RELEASE && !lazy) {
        zobo_call *call = NULL;
        if (zobo_set_partitioner_release_set_async(p, NULL, &call) == ZOBO_OK)
            zobo_call_free(call);
    }
}

static zobo_set_partitioner_options
options_of(worker *w, const char *who)
{
    return (zobo_set_partitioner_options){
        .identifier = who, .time_boundary_ms = BOUNDARY_MS, .changed = w ? changed : NULL, .changed_arg = w};
}

static void
worker_start(worker *w, zobo_client *zk, const char *who, const zobo_set_partitioner_options *more)
{
    zobo_problem why;
    zobo_set_partitioner *p = NULL;
    zobo_set_partitioner_options o = options_of(w, who);
    if (more) {
        o.partition = more->partition;
        o.fail_when_lost = more->fail_when_lost;
    }
    pthread_mutex_init(&w->lock, NULL);
    if (zobo_set_partitioner_new(zk, "/s/et", items, N_ITEMS, &o, &p, &why))
        fail_msg("%s", why.text);
    pthread_mutex_lock(&w->lock);
    w->p = p;
    pthread_mutex_unlock(&w->lock);
}

static void
worker_stop(worker *w)
{
    zobo_set_partitioner_free(w->p);
    pthread_mutex_destroy(&w->lock);
}

/* The part as text, "" when there is none at present. */
static const char *
part(worker *w, char buf[100])
{
    zobo_reply *mine;
    buf[0] = 0;
    if (zobo_set_partitioner_state(w->p) != ZOBO_PARTITION_ACQUIRED)
        return buf;
    if (zobo_set_partitioner_wait(w->p, 1, &mine) == ZOBO_OK) {
        for (size_t i = 0; i < mine->n_children; i++)
            strcat(buf, mine->children[i]);
        strcat(buf, ".");
    }
    zobo_reply_free(mine);
    return buf;
}

static bool
has_part(worker *w, const char *want)
{
    char buf[100];
    return strcmp(part(w, buf), want) == 0;
}

static void
test_divided(void **state)
{
    worker a = {0}, b = {0}, c = {0};
    zobo_reply *mine;
    (void)state;
    zobo_client *zk[3] = {brief_client(), brief_client(), brief_client()};
    worker_start(&a, zk[0], "wa", NULL);
    assert_ok(zobo_set_partitioner_wait(a.p, ZT_SOON_MS, &mine));
    assert_int_equal(mine->n_children, N_DIFFERENT);
    assert_string_equal(mine->children[0], "a");
    assert_string_equal(mine->children[6], "g");
    zobo_reply_free(mine);
    assert_int_equal(children_of(look, "/s/et/party"), 1);
    assert_int_equal(children_of(look, "/s/et/locks"), N_DIFFERENT);
    assert_int_equal(children_of(look, "/s/et/locks/a"), 1);
    worker_start(&b, zk[1], "wb", NULL);
    ZT_WAIT(has_part(&a, "aceg.") && has_part(&b, "bdf."));
    worker_start(&c, zk[2], "aa", NULL); /* sorted by identifier, not by arrival */
    ZT_WAIT(has_part(&c, "adg.") && has_part(&a, "be.") && has_part(&b, "cf."));
    zobo_set_partitioner_free(b.p);
    ZT_WAIT(has_part(&c, "aceg.") && has_part(&a, "bdf."));
    assert_ok(zobo_set_partitioner_finish(c.p, ZT_SOON_MS));
    assert_int_equal(zobo_set_partitioner_state(c.p), ZOBO_PARTITION_FAILURE);
    assert_err(zobo_set_partitioner_wait(c.p, 0, NULL), ZOBO_ENOTHELD);
    assert_err(zobo_set_partitioner_finish(c.p, 0), ZOBO_ENOTHELD);
    assert_err(zobo_set_partitioner_release_set(c.p, 0), ZOBO_ENOTHELD);
    ZT_WAIT(has_part(&a, "abcdefg."));
    worker_stop(&a);
    worker_stop(&c);
    ZT_WAIT(children_of(look, "/s/et/party") == 0 && children_of(look, "/s/et/locks/a") == 0);
    for (int i = 0; i < 3; i++)
        zobo_close(zk[i]);
}

/* What it has been told so far. */
static bool
was_told(worker *w, const char *want)
{
    pthread_mutex_lock(&w->lock);
    bool same = strcmp(w->text, want) == 0;
    pthread_mutex_unlock(&w->lock);
    return same;
}

static void
test_states(void **state)
{
    static worker a, b; /* they outlive a check that fails, as their callbacks do */
    a = (worker){.lazy = true}, b = (worker){0};
    (void)state;
    zobo_client *zk = another_client();
    worker_start(&a, zk, "wa", NULL);
    ZT_WAIT(has_part(&a, "abcdefg."));
    worker_start(&b, look, "wb", NULL);
    ZT_WAIT(zobo_set_partitioner_state(a.p) == ZOBO_PARTITION_RELEASE);
    assert_err(zobo_set_partitioner_wait(a.p, 0, NULL), ZOBO_ELOCKLOST);
    assert_err(zobo_set_partitioner_wait(b.p, 4 * BOUNDARY_MS, NULL), ZOBO_EWAITTIMEOUT); /* a still holds its items */
    assert_ok(zobo_set_partitioner_release_set(a.p, ZT_SOON_MS));
    assert_ok(zobo_set_partitioner_wait(b.p, ZT_SOON_MS, NULL));
    assert_ok(zobo_set_partitioner_wait(a.p, ZT_SOON_MS, NULL));
    ZT_WAIT(has_part(&b, "bdf.") && has_part(&a, "aceg."));
    assert_ok(zobo_server_drop(server, session_of(zk))); /* suspended: it might soon be another's */
    ZT_WAIT(zobo_set_partitioner_state(a.p) == ZOBO_PARTITION_RELEASE);
    assert_ok(zobo_set_partitioner_release_set(a.p, ZT_SOON_MS));
    ZT_WAIT(has_part(&a, "aceg."));
    assert_ok(zobo_set_partitioner_release_set(a.p, ZT_SOON_MS)); /* unasked */
    ZT_WAIT(has_part(&a, "aceg.") && has_part(&b, "bdf."));
    worker_stop(&b);
    ZT_WAIT(was_told(&a, "ACQUIRED RELEASE ALLOCATING ACQUIRED RELEASE ALLOCATING ACQUIRED RELEASE ALLOCATING "
                         "ACQUIRED "));
    zobo_set_partitioner_free(a.p);
    zobo_close(zk);
}

static void
test_loss_of_the_session(void **state)
{
    worker a = {0}, b = {0}, k = {0};
    zobo_set_partitioner_options kazoo = {.fail_when_lost = true};
    (void)state;
    zobo_client *zk = brief_client();
    worker_start(&a, zk, "wa", NULL);
    worker_start(&b, look, "wb", NULL);
    ZT_WAIT(has_part(&a, "aceg.") && has_part(&b, "bdf."));
    for (int i = 0; i < 3; i++) {
        expire(zk);
        ZT_WAIT(has_part(&a, "aceg.") && has_part(&b, "bdf."));
    }
    worker_stop(&a);
    worker_start(&k, zk, "wk", &kazoo);
    ZT_WAIT(has_part(&b, "aceg.") && has_part(&k, "bdf."));
    expire(zk);
    ZT_WAIT(zobo_set_partitioner_state(k.p) == ZOBO_PARTITION_FAILURE);
    assert_err(zobo_set_partitioner_wait(k.p, 0, NULL), ZOBO_ESESSIONEXPIRED);
    ZT_WAIT(has_part(&b, "abcdefg."));
    worker_stop(&k);
    worker_stop(&b);
    zobo_close(zk);
}

/* What somebody else has locked is waited for, and taken as soon as it is free. */
static void
test_an_item_that_is_held(void **state)
{
    worker a = {0};
    zobo_lock *lock;
    (void)state;
    zobo_client *zk = brief_client();
    assert_ok(zobo_lock_new(look, "/s/et/locks/c", NULL, &lock, NULL));
    assert_ok(zobo_lock_acquire(lock, 0));
    worker_start(&a, zk, "wa", NULL);
    assert_err(zobo_set_partitioner_wait(a.p, 5 * BOUNDARY_MS, NULL), ZOBO_EWAITTIMEOUT);
    assert_int_equal(zobo_set_partitioner_state(a.p), ZOBO_PARTITION_ALLOCATING);
    expire(zk);
    assert_err(zobo_set_partitioner_wait(a.p, 5 * BOUNDARY_MS, NULL), ZOBO_EWAITTIMEOUT);
    assert_ok(zobo_lock_release(lock, 0));
    assert_ok(zobo_set_partitioner_wait(a.p, ZT_SOON_MS, NULL));
    /* A lock whose node somebody deletes is no longer held. */
    zobo_reply *names;
    char path[200];
    assert_ok(zobo_get_children(look, "/s/et/locks/d", NULL, &names));
    snprintf(path, sizeof path, "/s/et/locks/d/%s", names->children[0]);
    zobo_reply_free(names);
    assert_ok(zobo_delete(look, path, -1));
    ZT_WAIT(!is_there(look, path, NULL) && has_part(&a, "abcdefg.") && children_of(look, "/s/et/locks/d") == 1);
    assert_non_null(strstr(a.text, "RELEASE"));
    zobo_lock_free(lock);
    worker_stop(&a);
    zobo_close(zk);
}

static void
test_the_same_identifier(void **state)
{
    worker a = {0}, b = {0};
    char pa[100], pb[100];
    (void)state;
    zobo_client *zk = brief_client();
    worker_start(&a, zk, "same", NULL);
    worker_start(&b, look, "same", NULL);
    ZT_WAIT((has_part(&a, "aceg.") && has_part(&b, "bdf.")) || (has_part(&b, "aceg.") && has_part(&a, "bdf.")));
    assert_true(strlen(part(&a, pa)) + strlen(part(&b, pb)) == N_DIFFERENT + 2);
    worker_stop(&a);
    worker_stop(&b);
    zobo_close(zk);
}

/* All to the last. */
static void
to_the_last(void *arg, const char *const *members, size_t n, size_t me, const char *const *names, size_t n_items,
            bool *mine)
{
    (void)arg, (void)names, (void)members;
    for (size_t i = 0; i < n_items; i++)
        mine[i] = me + 1 == n;
}

static void
test_a_partition_of_one_s_own(void **state)
{
    worker a = {0}, b = {0};
    zobo_set_partitioner_options own = {.partition = to_the_last};
    (void)state;
    zobo_client *zk = brief_client();
    worker_start(&a, zk, "a", &own);
    worker_start(&b, look, "b", &own);
    ZT_WAIT(has_part(&a, ".") && has_part(&b, "abcdefg."));
    worker_stop(&b);
    ZT_WAIT(has_part(&a, "abcdefg."));
    worker_stop(&a);
    zobo_close(zk);
}

static void
test_what_is_refused(void **state)
{
    zobo_set_partitioner *p;
    zobo_problem why;
    const char *bad[] = {"a", "b/c"};
    (void)state;
    assert_err(zobo_set_partitioner_new(look, "s", items, N_ITEMS, NULL, &p, &why), ZOBO_EBADPATH);
    assert_err(zobo_set_partitioner_new(look, "/s", bad, 2, NULL, &p, &why), ZOBO_EBADPATH);
    assert_err(zobo_set_partitioner_new(look, "/s", NULL, 2, NULL, &p, &why), ZOBO_EINVAL);
    zobo_set_partitioner_options o = {.identifier = "a/b"};
    assert_err(zobo_set_partitioner_new(look, "/s", items, N_ITEMS, &o, &p, &why), ZOBO_EBADPATH);
    assert_null(p);
    zobo_set_partitioner_free(NULL);
    zobo_acl nobody = {ZOBO_PERM_READ, "world", "anyone"};
    zobo_create_options co = {.acl = &(zobo_acl_list){&nobody, 1}};
    assert_ok(zobo_create(look, "/closed", "", 0, &co, NULL));
    o = (zobo_set_partitioner_options){.time_boundary_ms = BOUNDARY_MS};
    assert_ok(zobo_set_partitioner_new(look, "/closed", items, N_ITEMS, &o, &p, &why));
    assert_err(zobo_set_partitioner_wait(p, ZT_SOON_MS, NULL), ZOBO_ENOAUTH);
    assert_int_equal(zobo_set_partitioner_state(p), ZOBO_PARTITION_FAILURE);
    zobo_set_partitioner_free(p);
    assert_ok(zobo_set_partitioner_new(look, "/empty", NULL, 0, &o, &p, &why)); /* nothing to divide */
    zobo_reply *mine;
    assert_ok(zobo_set_partitioner_wait(p, ZT_SOON_MS, &mine));
    assert_int_equal(mine->n_children, 0);
    zobo_reply_free(mine);
    zobo_set_partitioner_free(p);
}

static void
test_before_the_client_is_started(void **state)
{
    zobo_client *zk;
    worker a = {0};
    (void)state;
    zobo_options o = zt_options(zobo_server_hosts(server), 4000);
    assert_ok(zobo_new(&o, &zk, NULL));
    worker_start(&a, zk, "a", NULL);
    assert_ok(zobo_start(zk, 0, NULL));
    ZT_WAIT(has_part(&a, "abcdefg."));
    assert_ok(zobo_stop(zk));
    ZT_WAIT(zobo_set_partitioner_state(a.p) != ZOBO_PARTITION_ACQUIRED);
    assert_ok(zobo_start(zk, 0, NULL));
    ZT_WAIT(has_part(&a, "abcdefg."));
    worker_stop(&a);
    zobo_close(zk);
}

static void
test_faults(void **state)
{
    (void)state;
    for (unsigned after = 1; after < 14; after += 2) {
        zobo_client *zk = patient_client();
        worker a = {0};
        zobo_call *call;
        zobo_reply *mine;
        if (after % 4 == 1)
            zobo_server_lose_replies(server, after);
        else
            zobo_server_fail_requests(server, after, ZOBO_ECONNECTIONLOSS);
        worker_start(&a, zk, "a", NULL);
        assert_ok(zobo_set_partitioner_wait_async(a.p, NULL, &call));
        assert_ok(get_patiently(zk, call, &mine));
        assert_int_equal(mine->n_children, N_DIFFERENT);
        zobo_reply_free(mine);
        zobo_call_free(call);
        zobo_server_lose_replies(server, 0);
        zobo_server_fail_requests(server, 0, ZOBO_ECONNECTIONLOSS);
        worker_stop(&a);
        zobo_close(zk);
        ZT_WAIT(children_of(look, "/s/et/locks/a") == 0);
    }
}

enum { MANY = 7, ROUNDS = 6 };

/* Each item belongs to one, whoever comes, goes and loses his session. */
static void
test_many(void **state)
{
    zobo_client *zk[MANY];
    worker w[MANY];
    (void)state;
    memset(w, 0, sizeof w);
    for (int i = 0; i < MANY; i++) {
        char who[20];
        snprintf(who, sizeof who, "w%d", i);
        zk[i] = brief_client();
        worker_start(&w[i], zk[i], who, NULL);
    }
    for (int round = 0; round < ROUNDS; round++) {
        int victim = round % MANY;
        for (int i = 0; i < MANY; i++)
            ZT_WAIT(has_part(&w[i], (const char *[]){"a.", "b.", "c.", "d.", "e.", "f.", "g."}[i]));
        assert_ok(zobo_server_expire(server, session_of(zk[victim])));
        zt_nap();
    }
    for (int i = 0; i < MANY; i++) {
        worker_stop(&w[i]);
        zobo_close(zk[i]);
    }
}

static void
test_lives(void **state)
{
    (void)state;
    zobo_client *zk = brief_client();
    zobo_set_partitioner_options o = {.time_boundary_ms = 1};
    for (int i = 0; i < 10000; i++) {
        zobo_set_partitioner *p;
        assert_ok(zobo_set_partitioner_new(zk, "/s/et", items, N_ITEMS, &o, &p, NULL));
        if (i % 100 == 0)
            assert_ok(zobo_set_partitioner_wait(p, ZT_SOON_MS, NULL));
        if (i % 7 == 0)
            zt_nap();
        zobo_set_partitioner_free(p);
    }
    ZT_WAIT(children_of(look, "/s/et/party") == 0);
    zobo_close(zk);
}

static void
test_event_loop(void **state)
{
    zobo_client *zk;
    zobo_call *call;
    zobo_set_partitioner *p;
    zobo_set_partitioner_options po = {.time_boundary_ms = BOUNDARY_MS};
    (void)state;
    zobo_options o = zt_options(zobo_server_hosts(server), 4000);
    o.event_loop = true;
    assert_ok(zobo_new(&o, &zk, NULL));
    assert_ok(zobo_start_async(zk));
    assert_ok(zobo_set_partitioner_new(zk, "/s/et", items, N_ITEMS, &po, &p, NULL));
    assert_ok(zobo_set_partitioner_wait_async(p, NULL, &call));
    while (!zobo_call_done(call))
        assert_ok(zobo_process(zk));
    assert_ok(zobo_call_get(call, 0, NULL));
    zobo_call_free(call);
    zobo_set_partitioner_free(p);
    zobo_close(zk);
}

/* The n-th allocation fails, for every n: no crash, no leak, nothing left behind. */
static void
test_no_memory(void **state)
{
    (void)state;
    for (long n = 0; n < 150; n++) {
        zobo_client *zk = brief_client();
        zobo_set_partitioner *p = NULL;
        zobo_set_partitioner_options o = {.time_boundary_ms = 1};
        zobo_reply *mine = NULL;
        zb_mem_fail_after(n, 0);
        zobo_err err = zobo_set_partitioner_new(zk, "/s/et", items, N_ITEMS, &o, &p, NULL);
        if (!err)
            err = zobo_set_partitioner_wait(p, 1000, &mine);
        zb_mem_fail_after(-1, 0);
        if (!err)
            assert_int_equal(mine->n_children, N_DIFFERENT);
        zobo_reply_free(mine);
        zobo_set_partitioner_free(p);
        ZT_WAIT(children_of(look, "/s/et/party") <= 0 && children_of(look, "/s/et/locks/a") <= 0);
        zobo_close(zk);
    }
}

#define staged(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        staged(test_divided),
        staged(test_states),
        staged(test_loss_of_the_session),
        staged(test_an_item_that_is_held),
        staged(test_the_same_identifier),
        staged(test_a_partition_of_one_s_own),
        staged(test_what_is_refused),
        staged(test_before_the_client_is_started),
        staged(test_faults),
        staged(test_many),
        staged(test_lives),
        staged(test_event_loop),
        staged(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
