/* SPDX-License-Identifier: Apache-2.0 */
/* DataWatch and ChildrenWatch, with persistent watches and with one-shot ones. */
#include "watching.h"

#include <zobo/watchers.h>

/* ---- what a watch was told ---- */

typedef struct told {
    pthread_mutex_t lock;
    char text[8192]; /* " value/EVENT" for each call */
    size_t calls;
    pthread_mutex_t gate;  /* held by the test: the callback waits */
    atomic_size_t arrived; /* callbacks that have come to the gate */
    bool free_it;
    size_t calls_before_free;
    zobo_client *stop;
} told;

static void
told_init(told *t)
{
    memset(t, 0, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->gate, NULL);
}

static void
told_destroy(told *t)
{
    pthread_mutex_destroy(&t->lock);
    pthread_mutex_destroy(&t->gate);
}

static void
note(told *t, const char *what, const zobo_event *event)
{
    atomic_fetch_add(&t->arrived, 1);
    pthread_mutex_lock(&t->gate);
    pthread_mutex_unlock(&t->gate);
    pthread_mutex_lock(&t->lock);
    size_t n = strlen(t->text);
    (void)snprintf(t->text + n, sizeof t->text - n, " %s%s%s", what, event ? "/" : "",
                   event ? zobo_event_name(event->type) : "");
    t->calls++;
    pthread_mutex_unlock(&t->lock);
}

static void
data_told(void *arg, zobo_data_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    told *t = arg;
    note(t, err ? zobo_err_name(err) : reply->data ? (const char *)reply->data : "NULL", event);
    if (t->free_it && t->calls == t->calls_before_free)
        zobo_data_watch_free(watch);
}

static void
children_told(void *arg, zobo_children_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    told *t = arg;
    char text[512] = "[";
    for (size_t i = 0; !err && i < reply->n_children; i++) {
        size_t n = strlen(text);
        (void)snprintf(text + n, sizeof text - n, "%s%s", i ? "," : "", reply->children[i]);
    }
    strcat(text, "]");
    note(t, err ? zobo_err_name(err) : text, event);
    if (t->free_it && t->calls == t->calls_before_free)
        zobo_children_watch_free(watch);
}

static size_t
calls(told *t)
{
    pthread_mutex_lock(&t->lock);
    size_t n = t->calls;
    pthread_mutex_unlock(&t->lock);
    return n;
}

static bool
ends_with(told *t, const char *end)
{
    pthread_mutex_lock(&t->lock);
    size_t n = strlen(t->text), m = strlen(end);
    bool yes = n >= m && strcmp(t->text + n - m, end) == 0;
    pthread_mutex_unlock(&t->lock);
    return yes;
}

/* What it was told is `want`, and nothing more comes. */
#define expect(t, want)                                                                                                \
    do {                                                                                                               \
        UNTIL(calls(t) >= words(want));                                                                                \
        settle();                                                                                                      \
        assert_string_equal((t)->text, want);                                                                          \
    } while (0)

static size_t
words(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == ' ';
    return n;
}

static void
hit(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)err, (void)reply;
    zt_latch_hit(arg);
}

/* Lets everything that is under way come to its end: what c asks now is answered after it, and told after it, four times
 * over (an event, a reading, another one, the callback). */
static void
settle(void)
{
    zt_latch latch;
    zt_latch_init(&latch);
    zobo_how how = {.done = hit, .arg = &latch};
    for (int i = 1; i <= 4; i++) {
        assert_ok(zobo_sync_async(c, "/", &how, NULL));
        UNTIL(zt_latch_hits(&latch) == i);
    }
    zt_latch_destroy(&latch);
}

static const zobo_watch_options one_shot = {.one_shot = true};
static const zobo_watch_options *const ways[] = {NULL, &one_shot};

static zobo_data_watch *
watch_data(told *t, const zobo_watch_options *options)
{
    zobo_data_watch *w;
    zobo_problem why;
    told_init(t);
    assert_ok(zobo_data_watch_new(c, "/n", data_told, t, options, &w, &why));
    return w;
}

static zobo_children_watch *
watch_children(told *t, const zobo_watch_options *options)
{
    zobo_children_watch *w;
    told_init(t);
    assert_ok(zobo_children_watch_new(c, "/n", children_told, t, options, &w, NULL));
    return w;
}

static void
nothing_left(void)
{
    settle();
    UNTIL(watches_here() == 0);
    UNTIL(watches_on_server() == 0);
    UNTIL(zobo_check_watches(c, "/n", ZOBO_WATCH_ANY) == ZOBO_ENOWATCHER); /* those of children were not counted */
}

/* ---- data ---- */

static void
data_is_told_at_once_and_on_every_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t;
        zobo_data_watch *w = watch_data(&t, ways[i]);
        expect(&t, " NoNode");
        zt_put(other, "/n", "1");
        expect(&t, " NoNode 1/CREATED");
        zt_put(other, "/n", "2");
        expect(&t, " NoNode 1/CREATED 2/CHANGED");
        drop_connection();
        settle();
        zt_put(other, "/n", "3");
        expect(&t, " NoNode 1/CREATED 2/CHANGED 3/CHANGED");
        assert_ok(zobo_create(other, "/n/child", NULL, 0, NULL, NULL)); /* no change of the data */
        assert_ok(zobo_delete(other, "/n/child", -1));
        settle();
        assert_ok(zobo_delete(other, "/n", -1));
        expect(&t, " NoNode 1/CREATED 2/CHANGED 3/CHANGED NoNode/DELETED");
        zt_put(other, "/n", "4");
        expect(&t, " NoNode 1/CREATED 2/CHANGED 3/CHANGED NoNode/DELETED 4/CREATED");
        zt_put(other, "/n", "4"); /* the same bytes, but set again */
        expect(&t, " NoNode 1/CREATED 2/CHANGED 3/CHANGED NoNode/DELETED 4/CREATED 4/CHANGED");
        assert_ok(zobo_delete(other, "/n", -1));
        UNTIL(calls(&t) == 8);
        zobo_data_watch_free(w);
        nothing_left();
        zt_put(other, "/n", "5");
        settle();
        assert_int_equal(calls(&t), 8);
        assert_ok(zobo_delete(other, "/n", -1));
        told_destroy(&t);
    }
}

/* Null data is told as such. */
static void
null_data(void **state)
{
    (void)state;
    told t;
    assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
    zobo_data_watch *w = watch_data(&t, NULL);
    expect(&t, " NULL");
    zt_put(other, "/n", "");
    expect(&t, " NULL /CHANGED");
    zobo_data_watch_free(w);
    told_destroy(&t);
}

static void
over_lost_connections_and_sessions(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t, kids;
        zt_put(other, "/n", "1");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        zobo_children_watch *k = watch_children(&kids, ways[i]);
        expect(&t, " 1");
        expect(&kids, " []");
        for (int round = 0; round < 3; round++) {
            drop_connection();
            settle();
        }
        expire_session();
        settle();
        assert_int_equal(calls(&t), 1); /* nothing has changed */
        assert_int_equal(calls(&kids), 1);
        /* What changes while there is no connection is seen on the next one. */
        zobo_server_refuse(server, true);
        assert_ok(zobo_server_drop(server, session_of(c)));
        UNTIL(!zobo_connected(c));
        zt_put(other, "/n", "2");
        assert_ok(zobo_create(other, "/n/a", NULL, 0, NULL, NULL));
        zobo_server_refuse(server, false);
        UNTIL(ends_with(&t, " 2") || ends_with(&t, " 2/CHANGED"));
        UNTIL(ends_with(&kids, " [a]") || ends_with(&kids, " [a]/CHILD"));
        expire_session();
        zt_put(other, "/n", "3");
        UNTIL(ends_with(&t, " 3") || ends_with(&t, " 3/CHANGED"));
        assert_ok(zobo_delete(other, "/n/a", -1));
        UNTIL(ends_with(&kids, " []") || ends_with(&kids, " []/CHILD"));
        settle();
        assert_int_equal(calls(&t), 3);
        assert_int_equal(calls(&kids), 3);
        zobo_data_watch_free(w);
        zobo_children_watch_free(k);
        nothing_left();
        assert_ok(zobo_delete(other, "/n", -1));
        told_destroy(&t);
        told_destroy(&kids);
    }
}

/* zobo_stop takes all watches back; zobo_start brings them again. */
static void
over_stop_and_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t, kids;
        zt_put(other, "/n", "1");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        zobo_children_watch *k = watch_children(&kids, ways[i]);
        expect(&t, " 1");
        expect(&kids, " []");
        assert_ok(zobo_stop(c));
        zt_put(other, "/n", "2");
        assert_ok(zobo_start(c, 0, NULL));
        expect(&t, " 1 2");
        zt_put(other, "/n", "3");
        expect(&t, " 1 2 3/CHANGED");
        assert_ok(zobo_stop(c));
        assert_ok(zobo_start(c, 0, NULL));
        settle();
        assert_ok(zobo_create(other, "/n/a", NULL, 0, NULL, NULL));
        expect(&kids, " [] [a]/CHILD");
        assert_int_equal(calls(&t), 3);
        zobo_data_watch_free(w);
        zobo_children_watch_free(k);
        nothing_left();
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        told_destroy(&t);
        told_destroy(&kids);
    }
}

static void
begins_before_the_client(void **state)
{
    (void)state;
    told t;
    assert_ok(zobo_stop(c));
    zt_put(other, "/n", "1");
    zobo_data_watch *w = watch_data(&t, NULL);
    for (int i = 0; i < 20; i++)
        turn();
    assert_int_equal(calls(&t), 0);
    assert_ok(zobo_start(c, 0, NULL));
    expect(&t, " 1");
    zobo_data_watch_free(w);
    nothing_left();
    told_destroy(&t);
}

/* ---- children ---- */

static void
children_are_told_at_once_and_on_every_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t;
        zobo_children_watch *w = watch_children(&t, ways[i]);
        expect(&t, " NoNode");
        zt_put(other, "/n", "1");
        expect(&t, " NoNode []/CREATED");
        zt_put(other, "/n", "2"); /* not about children */
        assert_ok(zobo_create(other, "/n/b", NULL, 0, NULL, NULL));
        expect(&t, " NoNode []/CREATED [b]/CHILD");
        assert_ok(zobo_create(other, "/n/a", NULL, 0, NULL, NULL));
        expect(&t, " NoNode []/CREATED [b]/CHILD [a,b]/CHILD");
        assert_ok(zobo_create(other, "/n/a/deep", NULL, 0, NULL, NULL)); /* nor is this */
        settle();
        drop_connection();
        settle();
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        UNTIL(ends_with(&t, " NoNode/DELETED") || ends_with(&t, " NoNode/CHILD")); /* whatever came last */
        size_t n = calls(&t);
        assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
        assert_ok(zobo_create(other, "/n/c", NULL, 0, NULL, NULL));
        UNTIL(ends_with(&t, " [c]/CHILD") || ends_with(&t, " [c]/CREATED"));
        settle();
        assert_true(calls(&t) <= n + 2);
        zobo_children_watch_free(w);
        nothing_left();
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        told_destroy(&t);
    }
}

/* A child that comes and goes before the callback has time for it is not told; nor is the order of the names a change. */
static void
a_set_that_is_the_same_again_is_not_told(void **state)
{
    (void)state;
    told t;
    assert_ok(zobo_create(other, "/n", NULL, 0, NULL, NULL));
    zobo_children_watch *w = watch_children(&t, NULL);
    expect(&t, " []");
    if (!on_loop) {
        pthread_mutex_lock(&t.gate);
        assert_ok(zobo_create(other, "/n/x", NULL, 0, NULL, NULL)); /* the callback waits with this one */
        UNTIL(atomic_load(&t.arrived) == 2);
        assert_ok(zobo_create(other, "/n/y", NULL, 0, NULL, NULL));
        assert_ok(zobo_delete(other, "/n/y", -1));
        for (int i = 0; i < 4; i++) /* the events, what is read after them, and once more */
            assert_ok(zobo_sync(c, "/"));
        pthread_mutex_unlock(&t.gate);
        expect(&t, " [] [x]/CHILD");
    }
    zobo_children_watch_free(w);
    told_destroy(&t);
}

/* ---- load ---- */

/* A slow callback is told the latest state, and the last one always. */
static void
a_slow_callback_gets_the_latest(void **state)
{
    (void)state;
    enum { N = 500 };
    for (size_t i = 0; i < 2 && !on_loop; i++) {
        told t;
        char text[16];
        zt_put(other, "/n", "begin");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        expect(&t, " begin");
        pthread_mutex_lock(&t.gate);
        for (int k = 0; k < N; k++) {
            (void)snprintf(text, sizeof text, "%d", k);
            zt_put(other, "/n", text);
        }
        for (int k = 0; k < 4; k++)
            assert_ok(zobo_sync(c, "/"));
        pthread_mutex_unlock(&t.gate);
        UNTIL(ends_with(&t, " 499/CHANGED"));
        settle();
        assert_true(calls(&t) <= 4); /* the first, that at the gate, and the latest */
        zobo_data_watch_free(w);
        assert_ok(zobo_delete(other, "/n", -1));
        nothing_left();
        told_destroy(&t);
    }
}

/* Changes as fast as they go, with faults between: what is told last is how it stands. */
static void
the_last_state_is_always_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t, kids;
        char text[32], last[32];
        zt_put(other, "/n", "begin");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        zobo_children_watch *k = watch_children(&kids, ways[i]);
        for (int n = 0; n < 150; n++) {
            (void)snprintf(text, sizeof text, "%d", n);
            zt_put(other, "/n", text);
            (void)snprintf(text, sizeof text, "/n/%d", n);
            assert_ok(zobo_create(other, text, NULL, 0, NULL, NULL));
            if (n > 0) {
                (void)snprintf(text, sizeof text, "/n/%d", n - 1);
                assert_ok(zobo_delete(other, text, -1));
            }
            if (n % 40 == 20)
                disturb(false);
            if (n == 100)
                disturb(true);
            turn();
        }
        UNTIL(ends_with(&t, " 149") || ends_with(&t, " 149/CHANGED"));
        (void)snprintf(last, sizeof last, " [149]");
        UNTIL(ends_with(&kids, last) || ends_with(&kids, " [149]/CHILD"));
        zobo_data_watch_free(w);
        zobo_children_watch_free(k);
        assert_ok(zobo_delete_recursive(other, "/n", NULL));
        nothing_left();
        told_destroy(&t);
        told_destroy(&kids);
    }
}

/* ---- errors ---- */

static void
a_node_that_may_not_be_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t, kids;
        zobo_acl nobody = {ZOBO_PERM_ALL & ~ZOBO_PERM_READ, "world", "anyone"};
        zobo_acl_list closed = {&nobody, 1};
        zobo_create_options o = {.acl = &closed};
        assert_ok(zobo_create(other, "/n", "secret", 6, &o, NULL));
        zobo_data_watch *w = watch_data(&t, ways[i]);
        zobo_children_watch *k = watch_children(&kids, ways[i]);
        expect(&t, " NoAuth");
        expect(&kids, " NoAuth");
        assert_ok(zobo_set_acls(other, "/n", zobo_open_acl(), -1, NULL));
        expect(&t, " NoAuth secret"); /* no event says so: it is tried again */
        expect(&kids, " NoAuth []");
        zt_put(other, "/n", "more");
        expect(&t, " NoAuth secret more/CHANGED");
        assert_ok(zobo_delete(other, "/n", -1));
        expect(&t, " NoAuth secret more/CHANGED NoNode/DELETED");
        zobo_data_watch_free(w);
        zobo_children_watch_free(k);
        nothing_left();
        told_destroy(&t);
        told_destroy(&kids);
    }
}

/* A server that is overloaded, or whose answers are lost, delays only. */
static void
faults_delay_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t;
        zt_put(other, "/n", "1");
        zobo_server_fail_requests(server, 4, ZOBO_ETHROTTLED);
        zobo_data_watch *w = watch_data(&t, ways[i]);
        expect(&t, " 1");
        zobo_server_lose_replies(server, 1);
        zt_latch latch;
        zt_latch_init(&latch);
        zobo_how how = {.done = hit, .arg = &latch};
        zobo_call *call;
        assert_ok(
            zobo_set_async(c, "/n", "2", 1, -1, &how, &call)); /* it is this one's answer, or that of the reading */
        UNTIL(ends_with(&t, " 2/CHANGED") || ends_with(&t, " 2"));
        UNTIL(zt_latch_hits(&latch) == 1);
        zobo_call_free(call);
        zt_latch_destroy(&latch);
        zobo_data_watch_free(w);
        assert_ok(zobo_delete(other, "/n", -1));
        nothing_left();
        told_destroy(&t);
    }
}

/* A server without persistent watches is found out, and the watch goes on with one-shot ones. */
static void
without_persistent_watches(void **state)
{
    (void)state;
    told t;
    zt_put(other, "/n", "1");
    zobo_server_fail_requests(server, 1, ZOBO_EUNIMPLEMENTED);
    zobo_data_watch *w = watch_data(&t, NULL);
    expect(&t, " 1");
    zt_put(other, "/n", "2");
    expect(&t, " 1 2/CHANGED");
    assert_err(zobo_check_watches(c, "/n", ZOBO_WATCH_PERSISTENT), ZOBO_ENOWATCHER);
    assert_ok(zobo_check_watches(c, "/n", ZOBO_WATCH_DATA));
    zobo_data_watch_free(w);
    nothing_left();
    told_destroy(&t);
}

/* Somebody takes all watches on the path back: ours comes again. */
static void
a_watch_that_was_taken_comes_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told t;
        zt_put(other, "/n", "1");
        zobo_data_watch *w = watch_data(&t, ways[i]);
        expect(&t, " 1");
        assert_ok(zobo_remove_watches(c, "/n", ZOBO_WATCH_ANY, NULL));
        UNTIL(watches_here() == 1);
        settle();
        zt_put(other, "/n", "2");
        expect(&t, " 1 2/CHANGED");
        zobo_data_watch_free(w);
        nothing_left();
        assert_ok(zobo_delete(other, "/n", -1));
        told_destroy(&t);
    }
}

/* ---- freeing ---- */

static void
freed_in_the_callback(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t n = 1; n <= 2; n++) {
            told t, kids;
            zt_put(other, "/n", "1");
            told_init(&t);
            told_init(&kids);
            t.free_it = kids.free_it = true;
            t.calls_before_free = kids.calls_before_free = n;
            zobo_data_watch *w;
            zobo_children_watch *k;
            assert_ok(zobo_data_watch_new(c, "/n", data_told, &t, ways[i], &w, NULL));
            assert_ok(zobo_children_watch_new(c, "/n", children_told, &kids, ways[i], &k, NULL));
            UNTIL(calls(&t) == 1 && calls(&kids) == 1);
            zt_put(other, "/n", "2");
            assert_ok(zobo_create(other, "/n/a", NULL, 0, NULL, NULL));
            UNTIL(calls(&t) == n && calls(&kids) == n);
            nothing_left();
            zt_put(other, "/n", "3");
            settle();
            assert_int_equal(calls(&t), n);
            assert_ok(zobo_delete_recursive(other, "/n", NULL));
            told_destroy(&t);
            told_destroy(&kids);
        }
    }
}

/* At any moment: between the request that sets the watch and its answer, too. */
static void
freed_at_any_time(void **state)
{
    (void)state;
    const char *rounds = getenv("WATCH_ROUNDS");
    long n = rounds ? atol(rounds) : 300;
    told t, kids;
    told_init(&t);
    told_init(&kids);
    zt_put(other, "/n", "1");
    for (long i = 0; i < n; i++) {
        zobo_data_watch *w;
        zobo_children_watch *k;
        size_t before = calls(&t);
        assert_ok(zobo_data_watch_new(c, "/n", data_told, &t, ways[i % 2], &w, NULL));
        assert_ok(zobo_children_watch_new(c, "/n", children_told, &kids, ways[i % 2], &k, NULL));
        for (long turns = i % 7; turns > 0 && on_loop; turns--)
            turn();
        if (i % 5 == 4)
            UNTIL(calls(&t) > before);
        if (i % 100 == 50)
            disturb(false);
        zobo_data_watch_free(w);
        before = calls(&t);
        zobo_children_watch_free(k);
        if (i % 16 == 0)
            settle();
        if (i % 16 == 0)
            assert_int_equal(calls(&t), before);
    }
    UNTIL(zobo_connected(c) && zobo_connected(other));
    nothing_left();
    told_destroy(&t);
    told_destroy(&kids);
}

/* Two watches on one path do not disturb each other. */
static void
two_on_one_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        told a, b;
        zt_put(other, "/n", "1");
        zobo_data_watch *x = watch_data(&a, ways[i]);
        zobo_data_watch *y = watch_data(&b, ways[i]);
        expect(&a, " 1");
        expect(&b, " 1");
        zobo_data_watch_free(x);
        settle();
        zt_put(other, "/n", "2");
        expect(&b, " 1 2/CHANGED");
        assert_int_equal(calls(&a), 1);
        zobo_data_watch_free(y);
        nothing_left();
        assert_ok(zobo_delete(other, "/n", -1));
        told_destroy(&a);
        told_destroy(&b);
    }
}

static void
closed_while_it_watches(void **state)
{
    (void)state;
    told t;
    zobo_options o = zt_options(zobo_server_hosts(server), 10000);
    zobo_client *third = zt_client_with(&o);
    zobo_data_watch *w;
    told_init(&t);
    assert_ok(zobo_data_watch_new(third, "/n", data_told, &t, NULL, &w, NULL));
    zobo_data_watch_free(w);
    zobo_close(third);
    told_destroy(&t);
}

static void
bad_arguments(void **state)
{
    (void)state;
    zobo_data_watch *w;
    zobo_children_watch *k;
    zobo_problem why;
    struct {
        zobo_watch_options o;
        char more[16];
    } longer = {.o = {.size = sizeof longer}, .more = "unknown"};
    assert_err(zobo_data_watch_new(c, "n", data_told, NULL, NULL, &w, &why), ZOBO_EBADPATH);
    assert_null(w);
    assert_true(why.text[0] != 0);
    assert_err(zobo_data_watch_new(c, "/n", NULL, NULL, NULL, &w, &why), ZOBO_EINVAL);
    assert_err(zobo_data_watch_new(c, "/n", data_told, NULL, &longer.o, &w, &why), ZOBO_EBADOPTION);
    assert_err(zobo_children_watch_new(c, "/n/", children_told, NULL, NULL, &k, NULL), ZOBO_EBADPATH);
    assert_err(zobo_children_watch_new(c, "/n", NULL, NULL, NULL, &k, NULL), ZOBO_EINVAL);
    assert_null(k);
    zobo_data_watch_free(NULL);
    zobo_children_watch_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        both_ways(data_is_told_at_once_and_on_every_change),
        both_ways(null_data),
        both_ways(over_lost_connections_and_sessions),
        both_ways(over_stop_and_start),
        both_ways(begins_before_the_client),
        both_ways(children_are_told_at_once_and_on_every_change),
        both_ways(a_set_that_is_the_same_again_is_not_told),
        both_ways(a_slow_callback_gets_the_latest),
        both_ways(the_last_state_is_always_told),
        both_ways(a_node_that_may_not_be_read),
        both_ways(faults_delay_only),
        both_ways(without_persistent_watches),
        both_ways(a_watch_that_was_taken_comes_again),
        both_ways(freed_in_the_callback),
        both_ways(freed_at_any_time),
        both_ways(two_on_one_path),
        both_ways(closed_while_it_watches),
        both_ways(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
