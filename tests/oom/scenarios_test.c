/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out, once, at every place where it can.
 *
 * A scenario is run again and again, each time with the next allocation of the library failing, until it gets through
 * without one. Calls may then fail, but in good order: with an error that says so or follows from it; each completed
 * once; no watcher told twice; nothing hangs; and when memory is back the client works. That nothing leaks the address
 * sanitizer sees (make asan). The peer's side does not allocate through the library and never fails. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/peer.h"
#include "support/record.h"

static const char *where; /* for messages: the scenario */
static long failing;      /* and the allocation that fails */

/* What a call may come to when memory runs out somewhere. */
static zobo_err
bearable(const char *call, zobo_err err)
{
    zobo_class c = zobo_err_class(err);
    if (err == ZOBO_EFILE && strncmp(call, "zobo_client_id", 14) == 0)
        return err; /* it names the reason in words */
    if (c == ZOBO_CLASS_USAGE || c == ZOBO_CLASS_SESSION ||
        (c == ZOBO_CLASS_LOCAL && err != ZOBO_ENOMEM && err != ZOBO_ESYS))
        fail_msg("%s, allocation %ld: %s gives %s", where, failing, call, zobo_err_name(err));
    return err;
}

#define TRY(expr) bearable(#expr, (expr))

/* Of a call that was submitted: as its completion will be. */
static void
submitted(zt_calls *calls, const char *call, zobo_err err)
{
    if (bearable(call, err))
        calls->used--; /* nothing was submitted, nobody will be told */
}

#define SUBMIT(calls, expr)                                                                                            \
    do {                                                                                                               \
        zobo_how how = zt_calls_how(calls);                                                                            \
        submitted(calls, #expr, (expr));                                                                               \
    } while (0)

typedef struct world {
    zt_peer *peer;
    zobo_client *client;
    zt_calls calls;
    zt_events once, always;
    zt_states states;
    size_t n_once; /* one-shot watchers that were set for certain */
} world;

static void
all_blocking_verbs(world *w)
{
    zobo_client *c = w->client;
    zobo_watcher once = zt_events_watcher(&w->once);
    zobo_reply *r;
    zobo_stat stat;
    int32_t count;
    int version[3];
    zobo_create_options full = {.makepath = true, .include_stat = true};
    zobo_read reads[2] = {{ZOBO_READ_DATA, "/a"}, {ZOBO_READ_CHILDREN, "/"}};
    TRY(zobo_create(c, "/a", "data", 4, NULL, &r));
    zobo_reply_free(r);
    TRY(zobo_create(c, "/deep/er/still", "data", 4, &full, &r));
    zobo_reply_free(r);
    TRY(zobo_ensure_path(c, "/e/f/g", zobo_open_acl()));
    if (TRY(zobo_get(c, "/a", &once, &r)) == ZOBO_OK)
        w->n_once++;
    zobo_reply_free(r);
    TRY(zobo_exists(c, "/none", &once, &stat));
    TRY(zobo_get_children(c, "/", &once, &r));
    zobo_reply_free(r);
    TRY(zobo_set(c, "/a", "new", 3, -1, &stat));
    TRY(zobo_get_acls(c, "/a", &r));
    zobo_reply_free(r);
    TRY(zobo_set_acls(c, "/a", zobo_open_acl(), -1, &stat));
    TRY(zobo_sync(c, "/a"));
    TRY(zobo_get_ephemerals(c, "/", &r));
    zobo_reply_free(r);
    TRY(zobo_get_all_children_number(c, "/", &count));
    TRY(zobo_who_am_i(c, &r));
    zobo_reply_free(r);
    TRY(zobo_get_config(c, NULL, &r));
    zobo_reply_free(r);
    TRY(zobo_multi_read(c, reads, 2, &r));
    zobo_reply_free(r);
    TRY(zobo_add_auth(c, "digest", "a:b", 3));
    TRY(zobo_command(c, "ruok", &r));
    zobo_reply_free(r);
    TRY(zobo_command_at(zt_peer_hosts(w->peer), "ruok", ZT_SOON_MS, &r, NULL));
    zobo_reply_free(r);
    TRY(zobo_server_version(c, version));
    TRY(zobo_delete_recursive(c, "/deep", NULL));
    TRY(zobo_delete_recursive(c, "/e", NULL));
}

static void
a_transaction(world *w)
{
    zobo_transaction *tx;
    zobo_reply *r;
    if (TRY(zobo_transaction_new(w->client, &tx)))
        return;
    size_t n = 0;
    n += TRY(zobo_transaction_create(tx, "/t", "", 0, &(zobo_create_options){.container = true})) == ZOBO_OK;
    n += TRY(zobo_transaction_set(tx, "/t", "x", 1, -1)) == ZOBO_OK;
    n += TRY(zobo_transaction_check(tx, "/t", -1)) == ZOBO_OK;
    n += TRY(zobo_transaction_delete(tx, "/t", -1)) == ZOBO_OK;
    assert_int_equal(zobo_transaction_size(tx), n);
    zobo_err err = TRY(zobo_transaction_commit(tx, &r));
    if (err == ZOBO_OK || err == ZOBO_ETRANSACTION)
        assert_int_equal(r->n_results, n);
    else
        assert_null(r);
    zobo_reply_free(r);
    SUBMIT(&w->calls, zobo_transaction_commit_async(tx, &how, NULL));
    zobo_transaction_free(tx);
}

static void
many_async_verbs(world *w)
{
    zobo_client *c = w->client;
    zt_calls *calls = &w->calls;
    for (int i = 0; i < 6; i++) {
        char path[16];
        snprintf(path, sizeof path, "/n%d", i);
        SUBMIT(calls, zobo_create_async(c, path, "x", 1, NULL, &how, NULL));
        SUBMIT(calls, zobo_get_async(c, path, NULL, &how, NULL));
        SUBMIT(calls, zobo_delete_async(c, path, -1, &how, NULL));
    }
    SUBMIT(calls, zobo_ensure_path_async(c, "/x/y/z", NULL, &how, NULL));
    SUBMIT(calls, zobo_delete_recursive_async(c, "/x", &how, NULL));
    SUBMIT(calls, zobo_command_async(c, "srvr", &how, NULL));
    zobo_call *call;
    if (TRY(zobo_get_async(c, "/", NULL, NULL, &call)) == ZOBO_OK) {
        zobo_reply *r;
        TRY(zobo_call_get(call, 0, &r));
        zobo_reply_free(r);
        zobo_call_free(call);
    }
    if (TRY(zobo_sync_async(c, "/", NULL, &call)) == ZOBO_OK) {
        zobo_call_cancel(call);
        zobo_call_free(call);
    }
    if (!zt_calls_wait(calls, ZT_SOON_MS))
        fail_msg("%s, allocation %ld: a call never ends", where, failing);
}

static void
watches_and_reconnects(world *w)
{
    zobo_client *c = w->client;
    zobo_watcher always = zt_events_watcher(&w->always), once = zt_events_watcher(&w->once);
    TRY(zobo_add_watch(c, "/a", ZOBO_PERSISTENT, &always));
    TRY(zobo_add_watch(c, "/", ZOBO_PERSISTENT_RECURSIVE, &always));
    TRY(zobo_exists(c, "/later", &once, NULL));
    size_t up = zt_peer_sessions_up(w->peer);
    zt_peer_cut(w->peer);
    ZT_WAIT(zt_peer_sessions_up(w->peer) > up && zobo_connected(c));
    TRY(zobo_create(c, "/later", "", 0, NULL, NULL));
    TRY(zobo_set(c, "/a", "again", 5, -1, NULL));
    TRY(zobo_remove_watches(c, "/a", ZOBO_WATCH_ANY, NULL));
    TRY(zobo_set_hosts(c, zt_peer_hosts(w->peer), NULL));
    up = zt_peer_sessions_up(w->peer);
    zt_peer_expire(w->peer);
    zt_peer_cut(w->peer);
    ZT_WAIT(zt_peer_sessions_up(w->peer) > up && zobo_connected(c));
}

static zobo_err
begin(world *w, bool event_loop)
{
    zobo_problem why;
    zobo_options options = zt_options(zt_peer_hosts(w->peer), 10000);
    zobo_auth auth = {"digest", "u:p", 3};
    zobo_retry_policy retry = {.size = sizeof retry, .delay_ms = 1, .max_delay_ms = 2};
    options.auth = &auth;
    options.n_auth = 1;
    options.default_acl = zobo_open_acl();
    options.connection_retry = &retry;
    options.event_loop = event_loop;
    zobo_err err = zobo_new(&options, &w->client, &why);
    if (err) {
        assert_null(w->client);
        return bearable("zobo_new", err);
    }
    TRY(zobo_add_listener(w->client, zt_states_listener, &w->states));
    return bearable("zobo_start", zobo_start(w->client, ZT_SOON_MS, &why));
}

static void
whole_life(world *w)
{
    zobo_client_id id;
    if (begin(w, false))
        return;
    all_blocking_verbs(w);
    a_transaction(w);
    many_async_verbs(w);
    TRY(zobo_get_client_id(w->client, &id));
    TRY(zobo_stop(w->client));
    TRY(zobo_start(w->client, ZT_SOON_MS, NULL));
    TRY(zobo_detach(w->client));
}

static void
reconnecting_life(world *w)
{
    if (begin(w, false))
        return;
    TRY(zobo_create(w->client, "/a", "", 0, NULL, NULL));
    watches_and_reconnects(w);
}

static void
looping_life(world *w)
{
    if (begin(w, true))
        return;
    a_transaction(w);
    for (int i = 0; i < 10; i++)
        SUBMIT(&w->calls, zobo_get_async(w->client, "/", NULL, &how, NULL));
    uint64_t end = zt_now_ms() + ZT_SOON_MS;
    while (zt_calls_completed(&w->calls) < w->calls.used) {
        zobo_err err = zobo_process(w->client);
        if (err)
            bearable("zobo_process", err);
        if (zt_now_ms() > end)
            fail_msg("%s, allocation %ld: a call never ends", where, failing);
    }
}

static void
a_file(world *w)
{
    char path[64];
    zobo_client_id id = {1, "password"}, other = {2, "password"}, there;
    (void)w;
    snprintf(path, sizeof path, "/tmp/zobo-oom-%ld", (long)getpid());
    zobo_err first = TRY(zobo_client_id_save(path, &id, NULL));
    zobo_err second = TRY(zobo_client_id_save(path, &other, NULL));
    if (!TRY(zobo_client_id_load(path, &there, NULL)))
        assert_int_equal(there.session_id, second ? 1 : 2); /* a failed save leaves the old file */
    else
        assert_true(first != ZOBO_OK && second != ZOBO_OK);
    unlink(path);
}

/* Memory is back: what there is must work, and end well. */
static void
afterwards(world *w)
{
    if (w->client) {
        zobo_err err = zobo_start(w->client, ZT_SOON_MS, NULL);
        if (err && err != ZOBO_EALREADY)
            fail_msg("%s, allocation %ld: cannot be started afterwards: %s", where, failing, zobo_err_name(err));
        uint64_t end = zt_now_ms() + ZT_SOON_MS;
        while ((err = zobo_sync(w->client, "/")) != ZOBO_OK)
            if (zt_now_ms() > end)
                fail_msg("%s, allocation %ld: does not work afterwards: %s", where, failing, zobo_err_name(err));
    }
    zobo_close(w->client);
    if (!zt_calls_once_each(&w->calls))
        fail_msg("%s, allocation %ld: a call was not completed exactly once", where, failing);
    size_t last = 0;
    for (size_t i = 0; i < zt_events_n(&w->once); i++)
        last += zt_events_at(&w->once, i).last;
    if (last != zt_events_n(&w->once) || last < w->n_once)
        fail_msg("%s, allocation %ld: one-shot watchers were told %zu times, %zu of them the last", where, failing,
                 zt_events_n(&w->once), last);
}

static void
at_every_allocation(const char *name, void (*scenario)(world *), int every)
{
    long made;
    where = name;
    failing = 0;
    do {
        world w = {0};
        w.peer = zt_peer_start(NULL);
        zt_calls_init(&w.calls, 64);
        zt_events_init(&w.once);
        zt_events_init(&w.always);
        zt_states_init(&w.states);
        zb_mem_fail_after(failing, every);
        scenario(&w);
        made = zb_mem_fail_after(-1, 0);
        afterwards(&w);
        zt_calls_destroy(&w.calls);
        zt_events_destroy(&w.once);
        zt_events_destroy(&w.always);
        zt_states_destroy(&w.states);
        zt_peer_stop(w.peer);
        failing++;
    } while (made >= failing);
    print_message("%s: %ld allocations\n", name, failing - 1);
}

static void
test_whole_life(void **state)
{
    (void)state;
    at_every_allocation("a whole life", whole_life, 0);
}

static void
test_reconnects(void **state)
{
    (void)state;
    at_every_allocation("reconnects and expiry", reconnecting_life, 0);
}

static void
test_event_loop(void **state)
{
    (void)state;
    at_every_allocation("an event loop", looping_life, 0);
}

static void
test_file(void **state)
{
    (void)state;
    at_every_allocation("a session's file", a_file, 0);
}

static void
test_one_in_seven_fails(void **state)
{
    (void)state;
    where = "one in seven";
    for (failing = 0; failing < 100; failing += 3) {
        world w = {0};
        w.peer = zt_peer_start(NULL);
        zt_calls_init(&w.calls, 64);
        zt_events_init(&w.once);
        zt_events_init(&w.always);
        zt_states_init(&w.states);
        zb_mem_fail_after(failing, 7);
        whole_life(&w);
        zb_mem_fail_after(-1, 0);
        afterwards(&w);
        zt_calls_destroy(&w.calls);
        zt_events_destroy(&w.once);
        zt_events_destroy(&w.always);
        zt_states_destroy(&w.states);
        zt_peer_stop(w.peer);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),       cmocka_unit_test(test_event_loop),         cmocka_unit_test(test_whole_life),
        cmocka_unit_test(test_reconnects), cmocka_unit_test(test_one_in_seven_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
