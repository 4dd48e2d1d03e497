/* SPDX-License-Identifier: Apache-2.0 */
/* What a client must do in any event loop: everything in the loop's own thread, reconnecting by the loop's timers, and
 * no trouble when callbacks detach it, or when it cannot be served. */
#include "adapters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/relay.h"
#include "support/test.h"
#include "support/zk.h"

static zt_zk zk;

struct scene {
    void *loop;
    void *link;
    zobo_client *client;
    pthread_t thread;
    bool strayed;  /* a callback ran elsewhere */
    int states[4]; /* how often each was told */
    int done;
    zobo_err err;
    char data[32];
    int changed;     /* watch events */
    bool detach;     /* from the next completion */
    zobo_err broken; /* what the adapter's error callback was told */
};

static void
here(struct scene *s)
{
    s->strayed |= !pthread_equal(s->thread, pthread_self());
}

static void
on_state(void *arg, zobo_state state)
{
    struct scene *s = arg;
    here(s);
    s->states[state]++;
}

static void
on_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct scene *s = arg;
    here(s);
    s->done++;
    s->err = err;
    if (reply != NULL && reply->data != NULL) {
        snprintf(s->data, sizeof(s->data), "%s", (const char *)reply->data);
    }
    if (s->detach) {
        loop_detach(s->link);
        s->link = NULL;
    }
}

static void
on_event(void *arg, const zobo_event *event)
{
    struct scene *s = arg;
    here(s);
    s->changed += event->type == ZOBO_EVENT_CHANGED;
}

static void
on_broken(void *arg, zobo_client *client, zobo_err err)
{
    struct scene *s = arg;
    (void)client;
    s->broken = err;
}

static void
scene_open(struct scene *s, const char *hosts)
{
    zobo_options options = zt_options(hosts, 10000);
    memset(s, 0, sizeof(*s));
    s->thread = pthread_self();
    options.event_loop = true;
    s->loop = loop_new();
    assert_ok(zobo_new(&options, &s->client, NULL));
    assert_ok(zobo_add_listener(s->client, on_state, s));
    s->link = loop_attach(s->loop, s->client, on_broken, s);
    assert_non_null(s->link);
    assert_ok(zobo_start_async(s->client));
    while (s->states[ZOBO_CONNECTED] == 0) {
        loop_turn(s->loop);
    }
}

static void
scene_close(struct scene *s)
{
    loop_detach(s->link);
    zobo_close(s->client);
    loop_free(s->loop);
    assert_false(s->strayed);
}

/* Turns the loop until the completion just submitted has been told; returns its error. */
static zobo_err
finish(struct scene *s, zobo_err submitted)
{
    int before = s->done;
    assert_ok(submitted);
    while (s->done == before) {
        loop_turn(s->loop);
    }
    return s->err;
}

static void
completions_and_watches_run_in_the_loop(void **state)
{
    struct scene s;
    zobo_how how = {.done = on_done, .arg = &s};
    zobo_watcher watcher = {.fn = on_event, .arg = &s};
    (void)state;
    scene_open(&s, zk.hosts);
    assert_ok(finish(&s, zobo_create_async(s.client, "/loop", "one", 3, NULL, &how, NULL)));
    assert_ok(finish(&s, zobo_get_async(s.client, "/loop", &watcher, &how, NULL)));
    assert_string_equal(s.data, "one");
    assert_ok(finish(&s, zobo_set_async(s.client, "/loop", "two", 3, -1, &how, NULL)));
    while (s.changed == 0) {
        loop_turn(s.loop);
    }
    assert_ok(finish(&s, zobo_get_async(s.client, "/loop", NULL, &how, NULL)));
    assert_string_equal(s.data, "two");
    assert_ok(finish(&s, zobo_delete_async(s.client, "/loop", -1, &how, NULL)));
    assert_err(finish(&s, zobo_exists_async(s.client, "/loop", NULL, &how, NULL)), ZOBO_ENONODE);
    assert_int_equal(s.changed, 1);
    scene_close(&s);
}

static void
the_loop_reconnects(void **state)
{
    struct scene s;
    zobo_how how = {.done = on_done, .arg = &s};
    zobo_client_id before, after;
    (void)state;
    zt_relay *relay = zt_relay_start(zt_zk_port(&zk, 1));
    scene_open(&s, zt_relay_hosts(relay));
    assert_ok(zobo_get_client_id(s.client, &before));
    zt_relay_refuse(relay, true); /* so that it has to wait and try again, which only its timers can make it do */
    zt_relay_cut(relay);
    while (s.states[ZOBO_SUSPENDED] == 0) {
        loop_turn(s.loop);
    }
    size_t tried = zt_relay_connections(relay);
    while (zt_relay_connections(relay) < tried + 2) {
        loop_turn(s.loop);
    }
    zt_relay_refuse(relay, false);
    while (s.states[ZOBO_CONNECTED] < 2) {
        loop_turn(s.loop);
    }
    assert_ok(zobo_get_client_id(s.client, &after));
    assert_true(before.session_id == after.session_id);
    assert_int_equal(s.states[ZOBO_LOST], 0);
    assert_err(finish(&s, zobo_exists_async(s.client, "/none", NULL, &how, NULL)), ZOBO_ENONODE);
    scene_close(&s);
    zt_relay_stop(relay);
}

static void
a_callback_may_detach(void **state)
{
    struct scene s;
    zobo_how how = {.done = on_done, .arg = &s};
    (void)state;
    scene_open(&s, zk.hosts);
    s.detach = true;
    assert_err(finish(&s, zobo_exists_async(s.client, "/none", NULL, &how, NULL)), ZOBO_ENONODE);
    assert_null(s.link);
    s.detach = false;
    s.link = loop_attach(s.loop, s.client, on_broken, &s);
    assert_non_null(s.link);
    assert_err(finish(&s, zobo_exists_async(s.client, "/none", NULL, &how, NULL)), ZOBO_ENONODE);
    assert_int_equal(s.states[ZOBO_SUSPENDED], 0);
    scene_close(&s);
}

/* A forked child may not serve its parent's client: its adapter says so, once, and does not spin. */
static void
an_error_is_told(void **state)
{
    struct scene s;
    zobo_how how = {.done = on_done, .arg = &s};
    int status;
    (void)state;
    scene_open(&s, zk.hosts);
    /* The reply will be waiting at the client's descriptor, in both processes. */
    assert_ok(zobo_exists_async(s.client, "/none", NULL, &how, NULL));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct scene mine = {.loop = loop_new()};
        void *link = loop_attach(mine.loop, s.client, on_broken, &mine);
        while (link != NULL && mine.broken == ZOBO_OK) {
            loop_turn(mine.loop);
        }
        loop_detach(link);
        loop_free(mine.loop);
        _exit(mine.broken == ZOBO_EFORKED ? 0 : 1);
    }
    assert_true(waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_err(finish(&s, ZOBO_OK), ZOBO_ENONODE); /* the parent's session has not noticed */
    assert_int_equal(s.states[ZOBO_SUSPENDED], 0);
    assert_int_equal(s.broken, ZOBO_OK);
    scene_close(&s);
}

static int
set_up(void **state)
{
    (void)state;
    zt_zk_start(&zk, 1, 2000);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    zt_zk_stop(&zk);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completions_and_watches_run_in_the_loop),
        cmocka_unit_test(the_loop_reconnects),
        cmocka_unit_test(a_callback_may_detach),
        cmocka_unit_test(an_error_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
