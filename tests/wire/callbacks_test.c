/* SPDX-License-Identifier: Apache-2.0 */
/* What may be called from where: blocking verbs in callbacks, stop and close too; nothing that blocks in inline ones;
 * and slow callbacks that cost the session nothing. */
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "support/peer.h"
#include "support/record.h"

typedef struct probe {
    zobo_client *client;
    zobo_call *call;
    zt_latch done;
    zt_latch go;
    zobo_err errs[16];
    int n;
    pthread_t thread;
    atomic_int running;
} probe;

/* Gets on "/hold" wait for zt_peer_release. */
static bool
hold(zt_conn *c, const zt_frame *f, void *arg)
{
    (void)arg;
    if (!f->path || strcmp(f->path, "/hold") != 0)
        return false;
    if (zt_stall(c))
        zt_serve_one(c, f);
    return true;
}

static void
begin(probe *p, zt_peer **peer, uint32_t timeout_ms)
{
    memset(p, 0, sizeof *p);
    zt_latch_init(&p->done);
    zt_latch_init(&p->go);
    *peer = zt_peer_start(&(zt_peer_config){.handler = hold});
    p->client = zt_client(zt_peer_hosts(*peer), timeout_ms);
}

static void
end(probe *p, zt_peer *peer)
{
    zobo_close(p->client);
    zt_latch_destroy(&p->done);
    zt_latch_destroy(&p->go);
    zt_peer_stop(peer);
}

/* All that blocks, in a row. */
static void
block(probe *p)
{
    zobo_reply *reply = NULL;
    int i = 0;
    p->errs[i++] = zobo_create(p->client, "/made", "1", 1, NULL, NULL);
    p->errs[i++] = zobo_get(p->client, "/made", NULL, &reply);
    zobo_reply_free(reply);
    p->errs[i++] = zobo_sync(p->client, "/made");
    p->errs[i++] = zobo_ensure_path(p->client, "/p/q", NULL);
    p->errs[i++] = zobo_delete_recursive(p->client, "/p", NULL);
    p->errs[i++] = zobo_delete(p->client, "/made", -1);
    zobo_call *call = NULL;
    zobo_err err = zobo_get_async(p->client, "/", NULL, NULL, &call);
    p->errs[i++] = err ? err : zobo_call_get(call, 0, NULL);
    zobo_call_free(call);
    p->errs[i++] = zobo_add_auth(p->client, "digest", "a:b", 3);
    p->n = i;
    p->thread = pthread_self();
    zt_latch_hit(&p->done);
}

static void
blocking_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)err, (void)reply;
    block(arg);
}

static void
blocking_watcher(void *arg, const zobo_event *event)
{
    if (event->type == ZOBO_EVENT_CHANGED)
        block(arg);
}

static void
blocking_listener(void *arg, zobo_state state)
{
    if (state == ZOBO_CONNECTED)
        block(arg);
}

static void
check_all_ok(probe *p)
{
    assert_true(zt_latch_wait(&p->done, 1, ZT_SOON_MS));
    for (int i = 0; i < p->n; i++)
        assert_ok(p->errs[i]);
    assert_false(pthread_equal(p->thread, pthread_self()));
}

static void
test_blocking_verbs_in_a_completion(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    zobo_how how = {.done = blocking_done, .arg = &p};
    assert_ok(zobo_get_async(p.client, "/", NULL, &how, NULL));
    check_all_ok(&p);
    end(&p, peer);
}

static void
test_blocking_verbs_in_a_watcher(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    zt_put(p.client, "/w", "1");
    zobo_watcher watcher = {.fn = blocking_watcher, .arg = &p};
    assert_ok(zobo_get(p.client, "/w", &watcher, NULL));
    zt_put(p.client, "/w", "2");
    check_all_ok(&p);
    end(&p, peer);
}

static void
test_blocking_verbs_in_a_listener(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    assert_ok(zobo_add_listener(p.client, blocking_listener, &p));
    zt_peer_cut(peer);
    check_all_ok(&p);
    end(&p, peer);
}

static void
inline_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    probe *p = arg;
    (void)err, (void)reply;
    int i = 0;
    zt_latch_wait(&p->go, 1, ZT_SOON_MS); /* until p->call is there; a test may block here, a program may not */
    zobo_problem why;
    zobo_stat stat;
    int version[3];
    p->errs[i++] = zobo_get(p->client, "/", NULL, NULL);
    p->errs[i++] = zobo_exists(p->client, "/", NULL, &stat);
    p->errs[i++] = zobo_sync(p->client, "/");
    p->errs[i++] = zobo_ensure_path(p->client, "/x", NULL);
    p->errs[i++] = zobo_call_wait(p->call, 0);
    p->errs[i++] = zobo_call_get(p->call, 0, NULL);
    p->errs[i++] = zobo_stop(p->client);
    p->errs[i++] = zobo_detach(p->client);
    p->errs[i++] = zobo_restart(p->client, &why);
    p->errs[i++] = zobo_command(p->client, "ruok", NULL);
    p->errs[i++] = zobo_server_version(p->client, version);
    p->n = i;
    p->thread = pthread_self();
    /* What does not block is allowed. */
    p->errs[i++] = zobo_get_async(p->client, "/", NULL, NULL, NULL);
    zobo_connected(p->client);
    zt_latch_hit(&p->done);
}

static void
test_nothing_blocks_in_an_inline_callback(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    zobo_how how = {.done = inline_done, .arg = &p, .flags = ZOBO_INLINE};
    assert_ok(zobo_get_async(p.client, "/", NULL, &how, NULL));
    assert_ok(zobo_get_async(p.client, "/hold", NULL, NULL, &p.call));
    zt_latch_hit(&p.go);
    assert_true(zt_latch_wait(&p.done, 1, ZT_SOON_MS));
    for (int i = 0; i < p.n; i++)
        if (p.errs[i] != ZOBO_EWOULDBLOCK)
            fail_msg("call %d in an inline callback: %s", i, zobo_err_name(p.errs[i]));
    assert_ok(p.errs[p.n]);
    zt_peer_release(peer);
    assert_ok(zobo_sync(p.client, "/")); /* unharmed */
    zobo_call_free(p.call);
    end(&p, peer);
}

static void
chained_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    probe *p = arg;
    (void)reply;
    if (!err && ++p->n < 1000) {
        zobo_how how = {.done = chained_done, .arg = p, .flags = ZOBO_INLINE};
        err = zobo_get_async(p->client, "/", NULL, &how, NULL);
        if (!err)
            return; /* the next one may be running already */
    }
    p->errs[0] = err;
    zt_latch_hit(&p->done);
}

static void
test_inline_callbacks_chain(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    chained_done(&p, ZOBO_OK, NULL); /* starts the chain; never inside the submitting call, so it does not recurse */
    assert_true(zt_latch_wait(&p.done, 1, ZT_SOON_MS));
    assert_ok(p.errs[0]);
    assert_int_equal(p.n, 1000);
    end(&p, peer);
}

/* --- stop and close in callbacks -------------------------------------------------------------------------------- */

static void
stopping_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    probe *p = arg;
    (void)err, (void)reply;
    p->errs[0] = zobo_stop(p->client);
    p->errs[1] = zobo_get(p->client, "/", NULL, NULL);
    p->errs[2] = zobo_start(p->client, 0, NULL);
    p->errs[3] = zobo_get(p->client, "/", NULL, NULL);
    zt_latch_hit(&p->done);
}

static void
test_stop_and_start_in_a_callback(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    zobo_how how = {.done = stopping_done, .arg = &p};
    assert_ok(zobo_get_async(p.client, "/", NULL, &how, NULL));
    assert_true(zt_latch_wait(&p.done, 1, ZT_SOON_MS));
    assert_ok(p.errs[0]);
    assert_err(p.errs[1], ZOBO_ENOTSTARTED);
    assert_ok(p.errs[2]);
    assert_ok(p.errs[3]);
    assert_int_equal(zt_peer_count(peer, ZB_OP_CLOSE_SESSION), 1);
    end(&p, peer);
}

static void
closing_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    probe *p = arg;
    (void)err;
    zobo_close(p->client); /* takes effect when this returns */
    p->errs[0] = reply && reply->has_stat ? ZOBO_OK : ZOBO_EINVAL;
    zt_latch_hit(&p->done);
}

static void
test_P6_close_in_a_callback(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        probe p;
        zt_peer *peer;
        begin(&p, &peer, 4000);
        zobo_how how = {.done = closing_done, .arg = &p};
        assert_ok(zobo_get_async(p.client, "/", NULL, &how, NULL));
        assert_true(zt_latch_wait(&p.done, 1, ZT_SOON_MS));
        assert_ok(p.errs[0]);
        ZT_WAIT(zt_peer_count(peer, ZB_OP_CLOSE_SESSION) == 1);
        p.client = NULL;
        end(&p, peer);
    }
}

static void
closing_listener(void *arg, zobo_state state)
{
    probe *p = arg;
    if (state == ZOBO_SUSPENDED) {
        zobo_close(p->client);
        zt_latch_hit(&p->done);
    }
}

static void
test_P6_close_in_a_listener(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    assert_ok(zobo_add_listener(p.client, closing_listener, &p));
    zt_peer_cut(peer);
    assert_true(zt_latch_wait(&p.done, 1, ZT_SOON_MS));
    p.client = NULL;
    end(&p, peer);
}

static void
stopping_watcher(void *arg, const zobo_event *event)
{
    probe *p = arg;
    if (event->type == ZOBO_EVENT_CHANGED) {
        p->errs[0] = zobo_stop(p->client);
        zt_latch_hit(&p->done);
    }
}

static void
test_P6_stop_in_a_watcher_with_others_waiting(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    zt_put(p.client, "/w", "");
    zobo_watcher watcher = {.fn = stopping_watcher, .arg = &p};
    assert_ok(zobo_get(p.client, "/w", &watcher, NULL));
    zt_calls calls;
    zt_calls_init(&calls, 100);
    zt_peer_change(peer, "/w", "x");
    for (int i = 0; i < 100; i++) {
        zobo_how how = zt_calls_how(&calls);
        if (zobo_get_async(p.client, "/", NULL, &how, NULL)) {
            calls.used--;
            break;
        }
    }
    assert_true(zt_latch_wait(&p.done, 1, ZT_SOON_MS));
    assert_ok(p.errs[0]);
    zobo_close(p.client);
    p.client = NULL;
    assert_int_equal(zt_calls_completed(&calls), calls.used);
    assert_true(zt_calls_once_each(&calls));
    zt_calls_destroy(&calls);
    end(&p, peer);
}

/* --- slow callbacks --------------------------------------------------------------------------------------------- */

static void
slow_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    probe *p = arg;
    (void)err, (void)reply;
    zt_latch_hit(&p->done);
    zt_latch_wait(&p->go, 1, 2 * ZT_SOON_MS);
}

static void
test_P30_a_slow_callback_does_not_cost_the_session(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 600);
    zt_states states;
    zt_states_init(&states);
    assert_ok(zobo_add_listener(p.client, zt_states_listener, &states));
    zobo_how how = {.done = slow_done, .arg = &p};
    assert_ok(zobo_get_async(p.client, "/", NULL, &how, NULL));
    assert_true(zt_latch_wait(&p.done, 1, ZT_SOON_MS));
    size_t pings = zt_peer_count(peer, ZB_OP_PING);
    ZT_WAIT(zt_peer_count(peer, ZB_OP_PING) >= pings + 10); /* about three session timeouts */
    assert_int_equal(zobo_get_state(p.client), ZOBO_CONNECTED);
    assert_ok(zobo_sync(p.client, "/")); /* blocking calls do not need the callback thread */
    assert_int_equal(zt_peer_sessions_up(peer), 1);
    zt_latch_hit(&p.go);
    zobo_close(p.client);
    p.client = NULL;
    char text[64];
    assert_string_equal(zt_states_text(&states, text, sizeof text), "LOST");
    zt_states_destroy(&states);
    end(&p, peer);
}

/* --- listeners -------------------------------------------------------------------------------------------------- */

static void
counting_listener(void *arg, zobo_state state)
{
    probe *p = arg;
    (void)state;
    atomic_store(&p->running, 1);
    zt_latch_hit(&p->done);
    zt_latch_wait(&p->go, 1, ZT_SOON_MS);
    atomic_store(&p->running, 0);
}

static void *
open_the_gate(void *arg)
{
    probe *p = arg;
    zt_nap();
    zt_latch_hit(&p->go);
    return NULL;
}

static void
test_a_removed_listener_is_not_running(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    assert_ok(zobo_add_listener(p.client, counting_listener, &p));
    assert_ok(zobo_add_listener(p.client, counting_listener, &p)); /* once all the same */
    assert_err(zobo_add_listener(p.client, NULL, &p), ZOBO_EINVAL);
    zt_peer_cut(peer);
    assert_true(zt_latch_wait(&p.done, 1, ZT_SOON_MS));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, open_the_gate, &p), 0);
    zobo_remove_listener(p.client, counting_listener, &p);
    assert_int_equal(atomic_load(&p.running), 0);
    long told = zt_latch_hits(&p.done);
    pthread_join(thread, NULL);
    ZT_WAIT(zt_peer_sessions_up(peer) == 2);
    assert_ok(zobo_sync(p.client, "/"));
    assert_int_equal(zt_latch_hits(&p.done), told);
    zobo_remove_listener(p.client, counting_listener, &p); /* not there: ignored */
    end(&p, peer);
}

static void
self_removing_listener(void *arg, zobo_state state)
{
    probe *p = arg;
    (void)state;
    zobo_remove_listener(p->client, NULL, NULL); /* no listener is nobody's */
    zobo_remove_listener(p->client, self_removing_listener, p);
    zt_latch_hit(&p->done);
}

static void
test_a_listener_removes_itself(void **state)
{
    (void)state;
    probe p;
    zt_peer *peer;
    begin(&p, &peer, 4000);
    assert_ok(zobo_add_listener(p.client, self_removing_listener, &p));
    zt_peer_cut(peer);
    assert_true(zt_latch_wait(&p.done, 1, ZT_SOON_MS));
    ZT_WAIT(zt_peer_sessions_up(peer) == 2);
    assert_ok(zobo_stop(p.client));
    assert_int_equal(zt_latch_hits(&p.done), 1);
    end(&p, peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocking_verbs_in_a_completion),
        cmocka_unit_test(test_blocking_verbs_in_a_watcher),
        cmocka_unit_test(test_blocking_verbs_in_a_listener),
        cmocka_unit_test(test_nothing_blocks_in_an_inline_callback),
        cmocka_unit_test(test_inline_callbacks_chain),
        cmocka_unit_test(test_stop_and_start_in_a_callback),
        cmocka_unit_test(test_P6_close_in_a_callback),
        cmocka_unit_test(test_P6_close_in_a_listener),
        cmocka_unit_test(test_P6_stop_in_a_watcher_with_others_waiting),
        cmocka_unit_test(test_P30_a_slow_callback_does_not_cost_the_session),
        cmocka_unit_test(test_a_removed_listener_is_not_running),
        cmocka_unit_test(test_a_listener_removes_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
