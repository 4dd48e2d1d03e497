/* SPDX-License-Identifier: Apache-2.0 */
/* Watches and caches when an allocation fails, for every one of them: what is so is told all the same, later. */
#include "recipes/pair.h"

#include <zobo/cache.h>
#include <zobo/watchers.h>

#include "base/mem.h"

enum { MOST = 3000 };

static char data[64];
static char children[64];

static void
data_told(void *arg, zobo_data_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)arg, (void)watch, (void)event;
    (void)snprintf(data, sizeof data, "%s", err ? zobo_err_name(err) : (const char *)reply->data);
}

static void
children_told(void *arg, zobo_children_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)arg, (void)watch, (void)event;
    (void)snprintf(children, sizeof children, "%s", err ? zobo_err_name(err) : "");
    for (size_t i = 0; !err && i < reply->n_children; i++)
        strcat(children, reply->children[i]);
}

/* From now on the n-th allocation fails, of the client or of the server. */
static void
fail_after(long n)
{
    (void)zb_mem_fail_after(n, 0);
}

/* Returns whether it has failed by now. */
static bool
fail_no_more(long n)
{
    return zb_mem_fail_after(-1, 0) > n;
}

static void
some_turns(void)
{
    for (int i = 0; i < 25; i++)
        turn();
}

static void
nothing_left(void)
{
    UNTIL(watches_here() == 0);
    UNTIL(watches_on_server() == 0);
}

static void
watches(void **state)
{
    (void)state;
    long quiet = 0;
    for (long n = 0; n < MOST && quiet < 5; n++) {
        zobo_data_watch *d = NULL;
        zobo_children_watch *k = NULL;
        zobo_watch_options o = {.one_shot = n % 2};
        zt_put(other, "/n", "1");
        data[0] = children[0] = 0;
        fail_after(n);
        zobo_err err = zobo_data_watch_new(c, "/n", data_told, NULL, &o, &d, NULL);
        assert_true(err == ZOBO_OK || (err == ZOBO_ENOMEM && !d));
        err = zobo_children_watch_new(c, "/n", children_told, NULL, &o, &k, NULL);
        assert_true(err == ZOBO_OK || (err == ZOBO_ENOMEM && !k));
        some_turns();
        bool failed = fail_no_more(n);
        zt_put(other, "/n", "2");
        assert_ok(zobo_create(other, "/n/x", NULL, 0, NULL, NULL));
        if (!failed) {
            fail_after(n / 2);
            some_turns();
            failed = fail_no_more(n / 2);
        }
        quiet = failed ? 0 : quiet + 1;
        UNTIL(!d || strcmp(data, "2") == 0);
        UNTIL(!k || strcmp(children, "x") == 0);
        zobo_data_watch_free(d);
        zobo_children_watch_free(k);
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        nothing_left();
    }
    assert_int_equal(quiet, 5);
}

static void
caches(void **state)
{
    (void)state;
    long quiet = 0;
    for (long n = 0; n < MOST && quiet < 5; n++) {
        zobo_tree_cache *cache = NULL;
        zobo_call *call = NULL;
        zobo_reply *reply = NULL;
        zobo_tree_cache_options o = {.no_data = n % 7 == 6};
        zt_put(other, "/n", "1");
        zt_put(other, "/n/a", "1");
        zt_put(other, "/n/a/b", "1");
        fail_after(n);
        zobo_err err = zobo_tree_cache_new(c, "/n", &o, &cache, NULL);
        assert_true(err == ZOBO_OK || (err == ZOBO_ENOMEM && !cache));
        bool starts = cache && (err = zobo_tree_cache_start(cache)) == ZOBO_OK;
        if (starts)
            err = zobo_tree_cache_wait_async(cache, NULL, &call);
        assert_true(err == ZOBO_OK || err == ZOBO_ENOMEM);
        some_turns();
        bool failed = fail_no_more(n);
        if (cache && !starts)
            assert_ok(zobo_tree_cache_start(cache));
        if (cache && err)
            assert_ok(zobo_tree_cache_wait_async(cache, NULL, &call));
        zt_put(other, "/n/a/c", "2");
        assert_ok(zobo_delete(other, "/n/a/b", -1));
        if (!failed) {
            fail_after(n / 2);
            some_turns();
            failed = fail_no_more(n / 2);
        }
        quiet = failed ? 0 : quiet + 1;
        UNTIL(!call || zobo_call_done(call));
        zobo_call_free(call);
        UNTIL(!cache || (zobo_tree_cache_exists(cache, "/n/a/c", NULL) == ZOBO_OK &&
                         zobo_tree_cache_exists(cache, "/n/a/b", NULL) == ZOBO_ENONODE));
        if (cache)
            assert_ok(zobo_tree_cache_get_children(cache, "/n/a", &reply));
        assert_true(!cache || reply->n_children == 1);
        zobo_reply_free(reply);
        zobo_tree_cache_free(cache);
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        nothing_left();
    }
    assert_int_equal(quiet, 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        {"watches", watches, up_loop, down, NULL},
        {"caches", caches, up_loop, down, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
