/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/watches.h"

#include "base/rng.h"
#include "unit/test.h"

enum { CREATED = 1, DELETED = 2, CHANGED = 3, CHILDREN = 4 };
enum { D = ZS_WATCH_DATA, C = ZS_WATCH_CHILD, P = ZS_WATCH_PERSISTENT, R = ZS_WATCH_RECURSIVE };

typedef struct told {
    zs_watcher *who[64];
    size_t n;
} told;

static void
note(void *arg, zs_watcher *who)
{
    told *t = arg;
    assert_true(t->n < 64);
    t->who[t->n++] = who;
}

static size_t
fire(zs_watches *w, int32_t type, const char *path)
{
    told t = {0};
    zs_watch_fire(w, type, path, strlen(path), note, &t);
    return t.n;
}

static void
add(zs_watches *w, zs_watcher *who, const char *path, unsigned kinds)
{
    assert_true(zs_watch_add(w, who, path, strlen(path), kinds));
}

static unsigned
get(zs_watches *w, zs_watcher *who, const char *path)
{
    return zs_watch_get(w, who, path, strlen(path));
}

static void
test_one_shot(void **state)
{
    (void)state;
    zs_watches *w = zs_watches_new(1);
    zs_watcher a = {0}, b = {0};
    add(w, &a, "/x", D);
    add(w, &b, "/x", D | C);
    assert_int_equal(fire(w, CHANGED, "/y"), 0);
    assert_int_equal(fire(w, CHANGED, "/x"), 2);
    assert_int_equal(fire(w, CHANGED, "/x"), 0);
    assert_int_equal(a.n, 0);
    assert_int_equal(get(w, &b, "/x"), C); /* a change does not spend a child watch */
    assert_int_equal(fire(w, CREATED, "/x"), 0);
    assert_int_equal(fire(w, CHILDREN, "/x"), 1);
    add(w, &a, "/x", D | C);
    assert_int_equal(fire(w, DELETED, "/x"), 1); /* once for both */
    assert_int_equal(get(w, &a, "/x"), 0);
    zs_watches_free(w);
}

static void
test_persistent_and_recursive(void **state)
{
    (void)state;
    zs_watches *w = zs_watches_new(2);
    zs_watcher a = {0}, r = {0}, root = {0};
    add(w, &a, "/x", P);
    add(w, &r, "/x", R);
    add(w, &root, "/", R);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fire(w, CHANGED, "/x"), 3);
        assert_int_equal(fire(w, DELETED, "/x"), 3);
        assert_int_equal(fire(w, CREATED, "/x"), 3);
        assert_int_equal(fire(w, CHILDREN, "/x"), 1);
        assert_int_equal(fire(w, CREATED, "/x/y/z"), 2);
        assert_int_equal(fire(w, CHILDREN, "/x/y/z"), 0);
        assert_int_equal(fire(w, CREATED, "/xy"), 1);
        assert_int_equal(fire(w, CHANGED, "/"), 1);
    }
    add(w, &r, "/x/y", R | P | D);
    assert_int_equal(fire(w, CHANGED, "/x/y"), 2); /* `r` once, though three of its watches match */
    assert_int_equal(get(w, &r, "/x/y"), R | P);
    zs_watch_remove(w, &r, "/x/y", 4, R);
    assert_int_equal(get(w, &r, "/x/y"), P);
    zs_watches_free(w);
}

static void
test_dropping_and_reuse(void **state)
{
    (void)state;
    zs_watches *w = zs_watches_new(3);
    zs_watcher a = {0}, b = {0};
    zs_watches_count count;
    char path[600];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 1; i < sizeof path - 1; i++) { /* texts of every length: short, long, one character */
            memset(path, 'p', i);
            path[0] = '/';
            path[i] = '\0';
            add(w, &a, path, D);
            add(w, &b, path, C);
        }
        add(w, &a, "", D);
        zs_watches_counted(w, &count);
        assert_int_equal(count.paths, sizeof path - 1);
        assert_int_equal(count.watches, 2 * (sizeof path - 2) + 1);
        assert_int_equal(count.watchers, 2);
        assert_int_equal(get(w, &a, path), D);
        zs_watch_drop(w, &a);
        assert_int_equal(get(w, &a, path), 0);
        assert_int_equal(get(w, &b, path), C);
        zs_watch_drop(w, &b);
        zs_watch_drop(w, &b);
        zs_watches_counted(w, &count);
        assert_int_equal(count.watches + count.paths + count.watchers, 0);
    }
    assert_true(count.bytes < 16384); /* what was needed is given back */
    zs_watches_free(w);
}

/* --- against a model: a plain array --- */

enum { WHO = 12, PATHS = 10, STEPS = 60000 };
static const char *const paths[PATHS] = {"/", "/a", "/a/b", "/a/b/c", "/a/bb", "/ab", "/b", "/b/a", "/a/b/c/d", "/c"};

typedef struct model {
    unsigned kinds[WHO][PATHS];
} model;

static bool
is_below(const char *path, const char *above)
{
    size_t n = strlen(above);
    return strcmp(above, "/") == 0 || (strncmp(path, above, n) == 0 && path[n] == '/');
}

static bool
model_fire(model *m, int who, int32_t type, int path)
{
    unsigned here = type == CHILDREN ? C | P : type == DELETED ? D | C | P | R : D | P | R;
    bool hit = m->kinds[who][path] & here;
    m->kinds[who][path] &= ~(here & (D | C));
    for (int i = 0; i < PATHS && type != CHILDREN; i++)
        hit |= i != path && is_below(paths[path], paths[i]) && (m->kinds[who][i] & R);
    return hit;
}

static void
fire_both(zs_watches *w, model *m, zs_watcher *who, int32_t type, int path)
{
    told t = {0};
    zs_watch_fire(w, type, paths[path], strlen(paths[path]), note, &t);
    size_t expected = 0;
    for (int i = 0; i < WHO; i++) {
        size_t times = 0;
        for (size_t j = 0; j < t.n; j++)
            times += t.who[j] == &who[i];
        bool hit = model_fire(m, i, type, path);
        assert_int_equal(times, hit);
        expected += hit;
    }
    assert_int_equal(t.n, expected);
}

typedef struct seen {
    zs_watcher *who;
    const model *m;
    size_t n;
} seen;

static void
check_seen(void *arg, const char *path, size_t len, zs_watcher *who, unsigned kinds)
{
    seen *s = arg;
    int i = 0;
    while (strlen(paths[i]) != len || memcmp(paths[i], path, len) != 0)
        assert_true(++i < PATHS);
    assert_int_equal(s->m->kinds[who - s->who][i], kinds);
    s->n++;
}

static void
test_random(void **state)
{
    (void)state;
    zs_watches *w = zs_watches_new(4);
    zs_watcher who[WHO] = {0};
    model m = {0};
    zb_rng rng = {7};
    for (int step = 0; step < STEPS; step++) {
        int i = (int)zb_rng_below(&rng, WHO), p = (int)zb_rng_below(&rng, PATHS);
        size_t len = strlen(paths[p]);
        unsigned kinds = 1 + (unsigned)zb_rng_below(&rng, 15);
        switch (zb_rng_below(&rng, 8)) {
        case 0:
            zs_watch_remove(w, &who[i], paths[p], len, kinds);
            m.kinds[i][p] &= ~kinds;
            break;
        case 1:
            if (zb_rng_below(&rng, 10))
                break;
            zs_watch_drop(w, &who[i]);
            memset(m.kinds[i], 0, sizeof m.kinds[i]);
            break;
        case 2:
        case 3:
        case 4:
            fire_both(w, &m, who, 1 + (int32_t)zb_rng_below(&rng, 4), p);
            break;
        default:
            add(w, &who[i], paths[p], kinds);
            m.kinds[i][p] |= kinds;
        }
        assert_int_equal(zs_watch_get(w, &who[i], paths[p], len), m.kinds[i][p]);
    }
    seen s = {who, &m, 0};
    zs_watches_count count;
    zs_watches_each(w, check_seen, &s);
    zs_watches_counted(w, &count);
    assert_int_equal(s.n, count.watches);
    s.n = 0;
    for (int i = 0; i < WHO; i++)
        zs_watches_of(w, &who[i], check_seen, &s);
    assert_int_equal(s.n, count.watches);
    zs_watches_free(w);
}

/* --- size --- */

static void
test_a_million_watches_cost_less_than_100_bytes_each(void **state)
{
    (void)state;
    enum { MILLION = 1000000 };
    zs_watches *w = zs_watches_new(5);
    zs_watcher a = {0};
    char path[40];
    for (int i = 0; i < MILLION; i++) {
        int n = snprintf(path, sizeof path, "/services/orders/part-%08d", i);
        assert_int_equal(n, 30);
        assert_true(zs_watch_add(w, &a, path, (size_t)n, D));
    }
    zs_watches_count count;
    zs_watches_counted(w, &count);
    assert_int_equal(count.watches, MILLION);
    print_message("%zu bytes a watch\n", count.bytes / MILLION);
    assert_true(count.bytes < (size_t)100 * MILLION);
    zs_watch_drop(w, &a);
    zs_watches_free(w);
}

static void
count_told(void *arg, zs_watcher *who)
{
    (void)who;
    ++*(size_t *)arg;
}

static void
test_ten_thousand_on_one_path(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    zs_watches *w = zs_watches_new(6);
    zs_watcher *who = calloc(MANY, sizeof *who);
    size_t n = 0;
    assert_non_null(who);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++)
            assert_true(zs_watch_add(w, &who[i], "/config", 7, D));
        zs_watch_fire(w, CHANGED, "/config", 7, count_told, &n);
        assert_int_equal(n, (round + 1) * MANY);
    }
    free(who);
    zs_watches_free(w);
}

static void
test_without_memory(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        zs_watches *w = zs_watches_new(7);
        zs_watcher a = {0}, b = {0};
        char longer[300];
        memset(longer, 'x', sizeof longer);
        zb_mem_fail_after(n, 0);
        bool one = zs_watch_add(w, &a, "/a", 2, D), two = zs_watch_add(w, &b, longer, sizeof longer, C);
        bool failed = zb_mem_fail_after(-1, 0) > n;
        assert_int_equal(zs_watch_get(w, &a, "/a", 2), one ? D : 0);
        assert_int_equal(zs_watch_get(w, &b, longer, sizeof longer), two ? C : 0);
        assert_true(failed || (one && two));
        zs_watches_free(w);
        if (!failed)
            break;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_shot),
        cmocka_unit_test(test_persistent_and_recursive),
        cmocka_unit_test(test_dropping_and_reuse),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_a_million_watches_cost_less_than_100_bytes_each),
        cmocka_unit_test(test_ten_thousand_on_one_path),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
