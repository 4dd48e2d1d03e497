/* SPDX-License-Identifier: Apache-2.0 */
#include "core/watch.h"

#include "test.h"

static void
called(void *arg, const zobo_event *event)
{
    (void)arg;
    (void)event;
}

static void
called_too(void *arg, const zobo_event *event)
{
    (void)arg;
    (void)event;
}

static zb_path
path_of(const char *path)
{
    zb_path p = {"", path, 0, (uint32_t)strlen(path)};
    return p;
}

static zb_watch *
new_watch(zb_watches *w, const char *path, zb_watch_table table, void *arg)
{
    zobo_watcher watcher = {.fn = called, .arg = arg};
    zb_watch *watch = zb_watch_new(w, path_of(path), table, &watcher);
    assert_non_null(watch);
    return watch;
}

static zb_watch *
add(zb_watches *w, const char *path, zb_watch_table table, void *arg)
{
    zb_watch *watch = new_watch(w, path, table, arg);
    zb_watch_register(w, watch, table);
    return watch;
}

/* What an event brought: the args of the one-shot watchers and of the persistent ones, as a string of digits. */
typedef struct fired {
    char once[32], stay[32];
} fired;

static char
digit_of(const zb_watch *watch)
{
    return (char)('0' + (int)(uintptr_t)watch->watcher.arg);
}

static void
drop(zb_watches *w, zb_link *out, char *names, size_t size)
{
    size_t n = 0;
    for (zb_link *l; (l = zb_list_pop_front(out));) {
        zb_watch *watch = ZB_CONTAINER_OF(l, zb_watch, link);
        assert_true(n + 1 < size);
        names[n++] = digit_of(watch);
        assert_false(watch->registered);
        assert_int_equal(watch->refs, 1);
        zb_watch_unref(w, watch);
    }
    names[n] = '\0';
}

static fired
fire(zb_watches *w, const char *path, zobo_event_type type)
{
    fired f;
    zb_link out;
    zb_list_init(&out);
    zb_watch_array persist = {0};
    char *p = exact(path, strlen(path));
    assert_true(zb_watches_fire(w, p, strlen(path), type, 42, &out, &persist));
    free(p);
    for (zb_link *l = out.next; l != &out; l = l->next) {
        assert_int_equal(ZB_CONTAINER_OF(l, zb_watch, link)->event, type);
        assert_int_equal(ZB_CONTAINER_OF(l, zb_watch, link)->zxid, 42);
    }
    drop(w, &out, f.once, sizeof f.once);
    assert_true(persist.n < sizeof f.stay);
    for (size_t i = 0; i < persist.n; i++)
        f.stay[i] = digit_of(persist.items[i]);
    f.stay[persist.n] = '\0';
    zb_free(persist.items);
    return f;
}

#define N(i) ((void *)(uintptr_t)(i))

#define assert_fired(w, path, type, once_, stay_)                                                                      \
    do {                                                                                                               \
        fired got_ = fire((w), (path), (type));                                                                        \
        assert_string_equal(got_.once, (once_));                                                                       \
        assert_string_equal(got_.stay, (stay_));                                                                       \
    } while (0)

static void
one_shot_watches_fire_once_for_their_events(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    static const struct {
        zb_watch_table table;
        bool created, deleted, changed, child;
    } rows[] = {
        {ZB_WATCH_DATA, true, true, true, false},
        {ZB_WATCH_EXIST, true, true, true, false},
        {ZB_WATCH_CHILD, false, true, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const bool wants[] = {false, rows[i].created, rows[i].deleted, rows[i].changed, rows[i].child};
        for (int type = ZOBO_EVENT_CREATED; type <= ZOBO_EVENT_CHILD; type++) {
            zb_watch *watch = add(&w, "/a", rows[i].table, N(1));
            assert_true(watch->registered);
            assert_fired(&w, "/b", (zobo_event_type)type, "", "");
            assert_fired(&w, "/a/c", (zobo_event_type)type, "", "");
            assert_fired(&w, "/a", (zobo_event_type)type, wants[type] ? "1" : "", "");
            assert_fired(&w, "/a", ZOBO_EVENT_DELETED, wants[type] ? "" : "1", "");
            assert_int_equal(w.n, 0);
            assert_int_equal(w.nodes.n, 0);
        }
    }
    zb_watches_free(&w);
}

static void
persistent_watches_stay_and_recursive_ones_see_below(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    add(&w, "/a", ZB_WATCH_PERSISTENT, N(1));
    assert_fired(&w, "/a/b", ZOBO_EVENT_CREATED, "", "");
    add(&w, "/a", ZB_WATCH_RECURSIVE, N(2));
    add(&w, "/", ZB_WATCH_RECURSIVE, N(3));
    add(&w, "/ab", ZB_WATCH_RECURSIVE, N(4));
    add(&w, "/a/b/c", ZB_WATCH_DATA, N(5));
    assert_int_equal(w.n, 5);
    for (int i = 0; i < 2; i++) {
        assert_fired(&w, "/a", ZOBO_EVENT_CREATED, "", "123");
        assert_fired(&w, "/a", ZOBO_EVENT_DELETED, "", "123");
        assert_fired(&w, "/a", ZOBO_EVENT_CHANGED, "", "123");
        assert_fired(&w, "/a", ZOBO_EVENT_CHILD, "", "1");
        assert_fired(&w, "/a/b", ZOBO_EVENT_CREATED, "", "23");
        assert_fired(&w, "/a/b", ZOBO_EVENT_CHILD, "", "");
        assert_fired(&w, "/abc", ZOBO_EVENT_CREATED, "", "3");
        assert_fired(&w, "/ab/c", ZOBO_EVENT_CREATED, "", "43");
        assert_fired(&w, "/", ZOBO_EVENT_CHANGED, "", "3");
    }
    assert_fired(&w, "/a/b/c", ZOBO_EVENT_CHANGED, "5", "23");
    assert_fired(&w, "", ZOBO_EVENT_CHANGED, "", "");
    assert_fired(&w, "no/slash", ZOBO_EVENT_CHANGED, "", "");
    assert_fired(&w, "/a", ZOBO_EVENT_NONE, "", "");
    assert_fired(&w, "/a", (zobo_event_type)99, "", "");
    zb_watches_free(&w);
    assert_int_equal(w.n, 0);
}

static void
the_same_watcher_counts_once_for_a_path_and_table(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    add(&w, "/a", ZB_WATCH_DATA, N(1));
    add(&w, "/a", ZB_WATCH_DATA, N(1));
    add(&w, "/a", ZB_WATCH_EXIST, N(1));
    add(&w, "/a", ZB_WATCH_DATA, N(2));
    zobo_watcher other = {.fn = called_too, .arg = N(1)};
    zb_watch_register(&w, zb_watch_new(&w, path_of("/a"), ZB_WATCH_DATA, &other), ZB_WATCH_DATA);
    assert_int_equal(w.n, 4);
    assert_int_equal(w.nodes.n, 1);
    assert_fired(&w, "/a", ZOBO_EVENT_CHANGED, "1121", "");
    zb_watches_free(&w);
}

static void
a_watch_may_end_in_another_table_than_it_was_made_for(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    zb_watch *watch = new_watch(&w, "/a", ZB_WATCH_DATA, N(1));
    assert_int_equal(w.n, 0);
    zb_watch_register(&w, watch, ZB_WATCH_CHILD);
    assert_fired(&w, "/a", ZOBO_EVENT_CHANGED, "", "");
    assert_fired(&w, "/a", ZOBO_EVENT_CHILD, "1", "");
    /* never registered */
    zb_watch_unref(&w, new_watch(&w, "/a", ZB_WATCH_DATA, N(1)));
    assert_int_equal(w.nodes.n, 0);
    zb_watches_free(&w);
}

static void
the_chroot_is_part_of_the_path(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    zobo_watcher watcher = {.fn = called, .arg = N(1)};
    char long_path[1000];
    memset(long_path, 'x', sizeof long_path);
    long_path[0] = '/';
    zb_path p = {"/root", long_path, 5, sizeof long_path};
    zb_watch *watch = zb_watch_new(&w, p, ZB_WATCH_DATA, &watcher);
    zb_watch_register(&w, watch, ZB_WATCH_DATA);
    zb_watch *twin = zb_watch_new(&w, p, ZB_WATCH_CHILD, &watcher);
    zb_watch_register(&w, twin, ZB_WATCH_CHILD);
    assert_int_equal(w.nodes.n, 1);
    size_t len;
    const char *path = zb_watch_path(watch, &len);
    assert_int_equal(len, 1005);
    assert_int_equal(strlen(path), 1005);
    assert_memory_equal(path, "/root/xxx", 9);

    unsigned left;
    zb_link out;
    zb_list_init(&out);
    char names[8];
    assert_int_equal(zb_watches_remove(&w, p, ZOBO_WATCH_DATA, NULL, &out, &left), 1);
    assert_int_equal(left, 1U << ZB_WATCH_CHILD);
    /* also when there is no memory to put the path together */
    zb_mem_fail_after(0, 1);
    size_t n = zb_watches_remove(&w, p, ZOBO_WATCH_ANY, NULL, &out, &left);
    zb_mem_fail_after(-1, 0);
    assert_int_equal(n, 1);
    assert_int_equal(left, 0);
    drop(&w, &out, names, sizeof names);
    assert_string_equal(names, "11");
    zb_watches_free(&w);
}

static void
removal_takes_what_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        zobo_watch_kind kind;
        const char *taken;
        unsigned left;
    } rows[] = {
        {ZOBO_WATCH_CHILDREN, "3", 0x36},
        {ZOBO_WATCH_DATA, "12", 0x38},
        {ZOBO_WATCH_ANY, "12345", 0},
        {ZOBO_WATCH_PERSISTENT, "4", 0x2e},
        {ZOBO_WATCH_PERSISTENT_RECURSIVE, "5", 0x1e},
        {(zobo_watch_kind)9, "", 0x3e},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        zb_watches w;
        zb_watches_init(&w, 1);
        for (int t = ZB_WATCH_DATA; t <= ZB_WATCH_RECURSIVE; t++)
            add(&w, "/a", (zb_watch_table)t, N(t));
        zb_link out;
        zb_list_init(&out);
        unsigned left;
        assert_int_equal(zb_watches_remove(&w, path_of("/b"), rows[i].kind, NULL, &out, &left), 0);
        assert_int_equal(left, 0);
        assert_int_equal(zb_watches_remove(&w, path_of("/a"), rows[i].kind, NULL, &out, &left), strlen(rows[i].taken));
        assert_int_equal(left, rows[i].left);
        for (zb_link *l = out.next; l != &out; l = l->next) {
            const zb_watch *watch = ZB_CONTAINER_OF(l, zb_watch, link);
            assert_true(watch->removed);
            assert_int_equal(watch->event, watch->table <= ZB_WATCH_EXIST   ? ZOBO_EVENT_DATA_WATCH_REMOVED
                                           : watch->table == ZB_WATCH_CHILD ? ZOBO_EVENT_CHILD_WATCH_REMOVED
                                                                            : ZOBO_EVENT_PERSISTENT_WATCH_REMOVED);
        }
        char names[8];
        drop(&w, &out, names, sizeof names);
        assert_string_equal(names, rows[i].taken);
        zb_watches_free(&w);
    }
}

static void
removal_leaves_what_is_being_asked_for(void **state)
{
    (void)state;
    zb_watches w;
    zb_link out;
    unsigned left;
    char names[8];
    zobo_watcher other = {.fn = called, .arg = N(2)};
    zb_watches_init(&w, 1);
    zb_list_init(&out);
    add(&w, "/a", ZB_WATCH_DATA, N(1));
    zb_watch *asked = zb_watch_new(&w, path_of("/a"), ZB_WATCH_EXIST, &other);
    assert_non_null(asked);
    assert_int_equal(zb_watches_remove(&w, path_of("/a"), ZOBO_WATCH_ANY, NULL, &out, &left), 1);
    assert_int_equal(left, 1U << ZB_WATCH_EXIST);
    zb_watch_register(&w, asked, ZB_WATCH_DATA);
    assert_int_equal(zb_watches_remove(&w, path_of("/a"), ZOBO_WATCH_ANY, NULL, &out, &left), 1);
    assert_int_equal(left, 0);
    asked = zb_watch_new(&w, path_of("/a"), ZB_WATCH_CHILD, &other);
    zb_watch_unref(&w, asked);
    add(&w, "/a", ZB_WATCH_DATA, N(1));
    assert_int_equal(zb_watches_remove(&w, path_of("/a"), ZOBO_WATCH_ANY, NULL, &out, &left), 1);
    assert_int_equal(left, 0);
    drop(&w, &out, names, sizeof names);
    zb_watches_free(&w);
}

static void
removal_of_one_watcher_leaves_the_others(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    add(&w, "/a", ZB_WATCH_DATA, N(1));
    add(&w, "/a", ZB_WATCH_DATA, N(2));
    add(&w, "/a", ZB_WATCH_PERSISTENT, N(1));
    zb_link out;
    zb_list_init(&out);
    unsigned left;
    zobo_watcher one = {.fn = called, .arg = N(1)};
    assert_int_equal(zb_watches_remove(&w, path_of("/a"), ZOBO_WATCH_DATA, &one, &out, &left), 1);
    assert_int_equal(left, 1U << ZB_WATCH_DATA | 1U << ZB_WATCH_PERSISTENT);
    assert_int_equal(zb_watches_remove(&w, path_of("/a"), ZOBO_WATCH_DATA, &one, &out, &left), 0);
    assert_int_equal(zb_watches_remove(&w, path_of("/a"), ZOBO_WATCH_ANY, &one, &out, &left), 1);
    assert_int_equal(left, 1U << ZB_WATCH_DATA);
    char names[8];
    drop(&w, &out, names, sizeof names);
    assert_string_equal(names, "11");
    zb_watches_free(&w);
}

static void
expiry_takes_the_one_shot_watches_and_stopping_the_others(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    for (int t = ZB_WATCH_DATA; t <= ZB_WATCH_RECURSIVE; t++)
        add(&w, "/a", (zb_watch_table)t, N(t));
    zb_link out;
    zb_list_init(&out);
    char names[8];
    zb_watches_expire(&w, &out);
    for (zb_link *l = out.next; l != &out; l = l->next)
        assert_int_equal(ZB_CONTAINER_OF(l, zb_watch, link)->event, ZOBO_EVENT_NONE);
    drop(&w, &out, names, sizeof names);
    assert_string_equal(names, "123");
    assert_int_equal(w.n, 2);
    zb_watches_take_persistent(&w, &out);
    drop(&w, &out, names, sizeof names);
    assert_string_equal(names, "45");
    assert_int_equal(w.n, 0);
    assert_int_equal(w.nodes.n, 0);
    zb_watches_free(&w);
}

static void
a_watch_outlives_the_table(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    zb_watch *one = add(&w, "/a", ZB_WATCH_PERSISTENT, N(1));
    add(&w, "/a", ZB_WATCH_DATA, N(2));
    one->refs++;
    zb_watch *unregistered = new_watch(&w, "/b", ZB_WATCH_DATA, N(3));
    zb_watches_free(&w);
    size_t len;
    assert_string_equal(zb_watch_path(one, &len), "/a");
    assert_string_equal(zb_watch_path(unregistered, &len), "/b");
    zb_watch_unref(&w, one);
    zb_watch_unref(&w, unregistered);
}

static void
paths_to_set_again_come_once_with_their_tables(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    zb_watch_iter it = {0};
    size_t len;
    unsigned tables;
    assert_null(zb_watches_next_path(&w, &it, &len, &tables));
    add(&w, "/a", ZB_WATCH_DATA, N(1));
    add(&w, "/a", ZB_WATCH_DATA, N(2));
    add(&w, "/a", ZB_WATCH_RECURSIVE, N(2));
    add(&w, "/b", ZB_WATCH_CHILD, N(2));
    zb_watch *unregistered = new_watch(&w, "/c", ZB_WATCH_DATA, N(3));
    unsigned a = 0, b = 0;
    memset(&it, 0, sizeof it);
    for (const char *path; (path = zb_watches_next_path(&w, &it, &len, &tables));) {
        assert_int_equal(len, 2);
        unsigned *seen = path[1] == 'a' ? &a : &b;
        assert_true(path[1] == 'a' || path[1] == 'b');
        assert_int_equal(*seen, 0);
        *seen = tables;
    }
    assert_int_equal(a, 1U << ZB_WATCH_DATA | 1U << ZB_WATCH_RECURSIVE);
    assert_int_equal(b, 1U << ZB_WATCH_CHILD);
    zb_watch_unref(&w, unregistered);
    zb_watches_free(&w);
}

/* Watches leave, and the map grows, while the paths are walked: what stands all the while is given, at least once. */
static void
the_walk_bears_any_change_where_it_rests(void **state)
{
    (void)state;
    enum { KEPT = 200 };
    zb_watches w;
    zb_watches_init(&w, 3);
    char path[24];
    bool seen[KEPT] = {false};
    for (size_t i = 0; i < KEPT; i++) {
        snprintf(path, sizeof path, "/k%zu", i);
        add(&w, path, ZB_WATCH_DATA, N(i));
        snprintf(path, sizeof path, "/g%zu", i);
        add(&w, path, ZB_WATCH_DATA, N(i));
    }
    zb_watch_iter it = {0};
    size_t len, n = 0, changes = 0;
    unsigned tables;
    zb_link out;
    zb_list_init(&out);
    for (const char *p; (p = zb_watches_next_path(&w, &it, &len, &tables)); n++) {
        if (p[1] == 'k')
            seen[strtoul(p + 2, NULL, 10)] = true;
        if (!zb_watches_rests(&it))
            continue;
        if (changes < KEPT) {
            unsigned left;
            int at = snprintf(path, sizeof path, "/g%zu", changes);
            zb_path gone = {"", path, 0, (uint32_t)at};
            assert_int_equal(zb_watches_remove(&w, gone, ZOBO_WATCH_ANY, NULL, &out, &left), 1);
            zb_watch_unref(&w, ZB_CONTAINER_OF(zb_list_pop_front(&out), zb_watch, link));
        }
        for (int more = 0; more < 5 && changes < KEPT; more++) {
            snprintf(path, sizeof path, "/n%zu.%d", changes, more);
            add(&w, path, ZB_WATCH_CHILD, N(1));
        }
        changes++;
    }
    for (size_t i = 0; i < KEPT; i++)
        assert_true(seen[i]);
    assert_true(n < 10000);
    zb_watches_free(&w);
}

enum { CROWD = 300 };

/* Watches come and go, and the map grows, while all are told. */
static void
telling_bears_any_change(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 40; seed++) {
        zb_watches w;
        zb_watches_init(&w, seed);
        unsigned told[CROWD] = {0};
        bool gone[CROWD] = {false};
        char path[16];
        uint32_t x = seed * 2654435761U + 1;
        for (size_t i = 0; i < CROWD; i++) {
            snprintf(path, sizeof path, "/%zu", i / 3);
            add(&w, path, i % 2 ? ZB_WATCH_PERSISTENT : ZB_WATCH_RECURSIVE, N(i));
            add(&w, path, ZB_WATCH_DATA, N(i));
        }
        zb_watches_tell(&w);
        zb_watches_tell(&w); /* begun anew */
        size_t extra = 0;
        for (zb_watch *watch; (watch = zb_watches_tell_next(&w));) {
            size_t i = (size_t)(uintptr_t)watch->watcher.arg;
            assert_true(i < CROWD);
            told[i]++;
            assert_false(gone[i]);
            zb_watch_unref(&w, watch);
            x = x * 1664525U + 1013904223U;
            size_t j = (x >> 8) % CROWD;
            if (x >> 30 == 0 && !gone[j]) {
                unsigned left;
                zb_link out;
                zb_list_init(&out);
                snprintf(path, sizeof path, "/%zu", j / 3);
                zobo_watcher one = {.fn = called, .arg = N(j)};
                assert_int_equal(zb_watches_remove(&w, path_of(path), ZOBO_WATCH_ANY, &one, &out, &left), 2);
                for (zb_link *l; (l = zb_list_pop_front(&out));)
                    zb_watch_unref(&w, ZB_CONTAINER_OF(l, zb_watch, link));
                gone[j] = true;
            } else if (x >> 30 == 1) {
                snprintf(path, sizeof path, "/%zu", extra % 2 ? extra : 1000 + extra);
                extra++;
                add(&w, path, ZB_WATCH_PERSISTENT, N(CROWD + extra));
            }
        }
        for (size_t i = 0; i < CROWD; i++)
            assert_true(told[i] == 1 || (gone[i] && told[i] == 0));
        assert_true(extra > 10);
        assert_null(zb_watches_tell_next(&w));
        /* the next telling reaches those that came during the last */
        size_t n = 0;
        zb_watches_tell(&w);
        for (zb_watch *watch; (watch = zb_watches_tell_next(&w)); n++)
            zb_watch_unref(&w, watch);
        assert_int_equal(n, w.n_persistent);
        zb_watches_tell(&w);
        zb_watches_free(&w);
        assert_null(zb_watches_tell_next(&w));
    }
}

static void
without_memory_nothing_changes(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    zobo_watcher watcher = {.fn = called, .arg = N(1)};
    zb_path p = {"/r", "/a", 2, 2};
    int failures = 0;
    for (long n = 0;; n++) {
        zb_mem_fail_after(n, 1);
        zb_watch *watch = zb_watch_new(&w, p, ZB_WATCH_DATA, &watcher);
        zb_mem_fail_after(-1, 0);
        if (watch) {
            zb_watch_unref(&w, watch);
            break;
        }
        failures++;
        assert_int_equal(w.nodes.n, 0);
    }
    assert_int_equal(failures, 3); /* the watch, its node, the map */

    add(&w, "/a", ZB_WATCH_DATA, N(1));
    for (int i = 0; i < 40; i++)
        add(&w, "/a", ZB_WATCH_PERSISTENT, N(i));
    add(&w, "/", ZB_WATCH_RECURSIVE, N(1));
    zb_link out;
    zb_list_init(&out);
    zb_watch_array persist = {0};
    for (long n = 0; n < 2; n++) {
        zb_mem_fail_after(n, 1);
        bool ok = zb_watches_fire(&w, "/a", 2, ZOBO_EVENT_CHANGED, 1, &out, &persist);
        zb_mem_fail_after(-1, 0);
        assert_false(ok);
        assert_int_equal(persist.n, 0);
        assert_true(zb_list_empty(&out));
        assert_int_equal(w.n, 42);
    }
    zb_free(persist.items);
    zb_watches_free(&w);
}

/* Two blocks of at most 96 and 80 bytes as malloc hands them out, and two pointers of the map. */
static void
a_watch_is_small(void **state)
{
    (void)state;
    zb_watches w;
    zb_watches_init(&w, 1);
    zb_mem_fail_after(-1, 0);
    char path[40];
    add(&w, "/first/node/of/30/bytes/000000", ZB_WATCH_PERSISTENT, N(1));
    zb_mem_fail_after(-1, 0);
    for (int i = 1; i <= 8; i++) {
        snprintf(path, sizeof path, "/first/node/of/30/bytes/%06d", i);
        add(&w, path, ZB_WATCH_PERSISTENT, N(1));
    }
    assert_int_equal(zb_mem_fail_after(-1, 0), 16);
    assert_true(sizeof(zb_watch) <= 72);
    assert_true(sizeof(zb_map_node) + sizeof(zb_link) + 2 * sizeof(uint32_t) + 31 <= 88);
    zb_watches_free(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_shot_watches_fire_once_for_their_events),
        cmocka_unit_test(persistent_watches_stay_and_recursive_ones_see_below),
        cmocka_unit_test(the_same_watcher_counts_once_for_a_path_and_table),
        cmocka_unit_test(a_watch_may_end_in_another_table_than_it_was_made_for),
        cmocka_unit_test(the_chroot_is_part_of_the_path),
        cmocka_unit_test(removal_takes_what_was_asked_for),
        cmocka_unit_test(removal_leaves_what_is_being_asked_for),
        cmocka_unit_test(removal_of_one_watcher_leaves_the_others),
        cmocka_unit_test(expiry_takes_the_one_shot_watches_and_stopping_the_others),
        cmocka_unit_test(a_watch_outlives_the_table),
        cmocka_unit_test(paths_to_set_again_come_once_with_their_tables),
        cmocka_unit_test(the_walk_bears_any_change_where_it_rests),
        cmocka_unit_test(telling_bears_any_change),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(a_watch_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
