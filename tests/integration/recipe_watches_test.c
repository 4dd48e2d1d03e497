/* SPDX-License-Identifier: Apache-2.0 */
/* Watches and the cache against a real server: what stands on it, what is told, and what is left behind. The faults are
 * in tests/recipes. */
#include "support/one_server.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/cache.h>
#include <zobo/watchers.h>

typedef struct told {
    pthread_mutex_t lock;
    char text[512];
} told;

static void
note(told *t, const char *what, const zobo_event *event)
{
    pthread_mutex_lock(&t->lock);
    size_t n = strlen(t->text);
    (void)snprintf(t->text + n, sizeof t->text - n, " %s%s%s", what, event ? "/" : "",
                   event ? zobo_event_name(event->type) : "");
    pthread_mutex_unlock(&t->lock);
}

static bool
is_told(told *t, const char *want)
{
    pthread_mutex_lock(&t->lock);
    bool yes = strcmp(t->text, want) == 0;
    pthread_mutex_unlock(&t->lock);
    return yes;
}

static void
data_told(void *arg, zobo_data_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)watch;
    note(arg, err ? zobo_err_name(err) : (const char *)reply->data, event);
}

static void
children_told(void *arg, zobo_children_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    char text[64] = "";
    (void)watch;
    for (size_t i = 0; !err && i < reply->n_children; i++) {
        strcat(text, ".");
        strcat(text, reply->children[i]);
    }
    note(arg, err ? zobo_err_name(err) : text, event);
}

/* Watches on the server, of all connections. */
static long
watches(void)
{
    zobo_reply *r = NULL;
    assert_ok(zobo_command(zc, "wchs", &r));
    const char *at = strstr(r->data, "Total watches:");
    assert_non_null(at);
    long n = strtol(at + strlen("Total watches:"), NULL, 10);
    zobo_reply_free(r);
    return n;
}

static void
test_data_and_children(void **state)
{
    (void)state;
    static const zobo_watch_options ways[] = {{0}, {.one_shot = true}};
    for (size_t i = 0; i < 2; i++) {
        told data = {.lock = PTHREAD_MUTEX_INITIALIZER}, kids = {.lock = PTHREAD_MUTEX_INITIALIZER};
        zobo_data_watch *d;
        zobo_children_watch *k;
        assert_ok(zobo_data_watch_new(zc, in_home("/n"), data_told, &data, &ways[i], &d, NULL));
        assert_ok(zobo_children_watch_new(zc, in_home("/n"), children_told, &kids, &ways[i], &k, NULL));
        ZT_WAIT(is_told(&data, " NoNode") && is_told(&kids, " NoNode"));
        zt_put(zc, in_home("/n"), "1");
        ZT_WAIT(is_told(&data, " NoNode 1/CREATED") && is_told(&kids, " NoNode /CREATED"));
        ZT_WAIT(watches() == 1); /* one persistent watch for both; or one each, but those of children are not counted */
        zt_put(zc, in_home("/n"), "2");
        ZT_WAIT(is_told(&data, " NoNode 1/CREATED 2/CHANGED"));
        assert_ok(zobo_create(zc, in_home("/n/b"), NULL, 0, NULL, NULL));
        ZT_WAIT(is_told(&kids, " NoNode /CREATED .b/CHILD"));
        assert_ok(zobo_create(zc, in_home("/n/a"), NULL, 0, NULL, NULL));
        ZT_WAIT(is_told(&kids, " NoNode /CREATED .b/CHILD .a.b/CHILD"));
        zt_put(zc, in_home("/n/a"), "x");
        assert_ok(zobo_restart(zc, NULL));
        assert_ok(zobo_delete(zc, in_home("/n/b"), -1));
        ZT_WAIT(is_told(&kids, " NoNode /CREATED .b/CHILD .a.b/CHILD .a/CHILD") ||
                is_told(&kids, " NoNode /CREATED .b/CHILD .a.b/CHILD .a"));
        assert_true(is_told(&data, " NoNode 1/CREATED 2/CHANGED"));
        zobo_data_watch_free(d);
        zobo_children_watch_free(k);
        ZT_WAIT(watches() == 0);
        ZT_WAIT(zobo_check_watches(zc, in_home("/n"), ZOBO_WATCH_ANY) == ZOBO_ENOWATCHER);
        assert_ok(zobo_delete_recursive(zc, in_home("/n"), NULL));
    }
}

static void
test_patient(void **state)
{
    (void)state;
    zobo_patient_children_watch *w;
    zobo_reply *reply;
    assert_ok(zobo_create(zc, in_home("/x"), NULL, 0, NULL, NULL));
    assert_ok(zobo_patient_children_watch_new(zc, home, &(zobo_watch_options){.quiet_ms = 50}, &w, NULL));
    assert_ok(zobo_patient_children_watch_get(w, ZT_SOON_MS, &reply));
    assert_int_equal(reply->n_children, 1);
    zobo_reply_free(reply);
    assert_err(zobo_patient_children_watch_changed(w, 20), ZOBO_EWAITTIMEOUT);
    assert_ok(zobo_create(zc, in_home("/y"), NULL, 0, NULL, NULL));
    assert_ok(zobo_patient_children_watch_changed(w, ZT_SOON_MS));
    assert_ok(zobo_patient_children_watch_get(w, ZT_SOON_MS, &reply));
    assert_int_equal(reply->n_children, 2);
    zobo_reply_free(reply);
    zobo_patient_children_watch_free(w);
    ZT_WAIT(watches() == 0);
}

/* ---- the cache ---- */

static void
count_event(void *arg, zobo_tree_cache *cache, const zobo_tree_event *event)
{
    atomic_size_t *counts = arg;
    (void)cache;
    atomic_fetch_add(&counts[event->type], 1);
}

static void
done(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)reply;
    if (err == ZOBO_OK)
        zt_latch_hit(arg);
}

/* Makes nodes below `dir`, pipelined. */
static void
make_many(const char *dir, int n)
{
    zt_latch latch;
    zobo_how how = {.done = done, .arg = &latch};
    zt_latch_init(&latch);
    for (int i = 0; i < n; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%05d", dir, i);
        assert_ok(zobo_create_async(zc, path, path, strlen(path), NULL, &how, NULL));
    }
    assert_true(zt_latch_wait(&latch, n, 4 * ZT_SOON_MS));
    zt_latch_destroy(&latch);
}

static void
test_cache(void **state)
{
    (void)state;
    enum { N = 5000 };
    static const struct {
        bool no_data;
    } ways[] = {{false}, {true}};
    make_many(home, N);
    for (size_t i = 0; i < 2; i++) {
        atomic_size_t counts[16] = {0};
        zobo_tree_cache *cache;
        zobo_reply *reply;
        zobo_tree_cache_info info = {.size = sizeof info};
        zobo_tree_cache_options o = {.listener = count_event, .listener_arg = counts, .no_data = ways[i].no_data};
        assert_ok(zobo_tree_cache_new(zc, home, &o, &cache, NULL));
        assert_ok(zobo_tree_cache_start(cache));
        assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
        ZT_WAIT(counts[ZOBO_TREE_INITIALIZED] == 1);
        assert_int_equal(counts[ZOBO_TREE_ADDED], N + 1);
        zobo_tree_cache_get_info(cache, &info);
        assert_int_equal(info.nodes, N + 1);
        assert_int_equal(watches(), 1);
        assert_ok(zobo_tree_cache_get_data(cache, in_home("/01234"), &reply));
        if (ways[i].no_data)
            assert_null(reply->data);
        else
            assert_string_equal(reply->data, in_home("/01234"));
        zobo_reply_free(reply);
        zt_put(zc, in_home("/new"), "1");
        ZT_WAIT(zobo_tree_cache_exists(cache, in_home("/new"), NULL) == ZOBO_OK);
        zt_put(zc, in_home("/new/deeper"), "1");
        ZT_WAIT(zobo_tree_cache_exists(cache, in_home("/new/deeper"), NULL) == ZOBO_OK);
        zt_put(zc, in_home("/new"), "2");
        ZT_WAIT(counts[ZOBO_TREE_UPDATED] == 1);
        assert_ok(zobo_delete_recursive(zc, in_home("/new"), NULL));
        ZT_WAIT(zobo_tree_cache_exists(cache, in_home("/new"), NULL) == ZOBO_ENONODE);
        ZT_WAIT(counts[ZOBO_TREE_REMOVED] == 2);
        assert_ok(zobo_restart(zc, NULL));
        zt_put(zc, in_home("/00007"), "changed");
        assert_ok(zobo_tree_cache_wait(cache, ZT_SOON_MS));
        ZT_WAIT(counts[ZOBO_TREE_UPDATED] == 2 && counts[ZOBO_TREE_RECONNECTED] == 1);
        zobo_tree_cache_free(cache);
        ZT_WAIT(watches() == 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        home_test(test_data_and_children),
        home_test(test_patient),
        home_test(test_cache),
    };
    return run_on_one_server(tests);
}
