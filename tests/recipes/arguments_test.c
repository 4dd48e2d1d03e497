/* SPDX-License-Identifier: Apache-2.0 */
/* What no recipe can be made of: no client, no path, none that could be a node's, options of a size that cannot be. */
#include "recipes/stage.h"

#include <zobo/recipes.h>

static zobo_client *c;

static void
on_data(void *arg, zobo_data_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)arg, (void)watch, (void)err, (void)reply, (void)event;
}

static void
on_children(void *arg, zobo_children_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)arg, (void)watch, (void)err, (void)reply, (void)event;
}

typedef zobo_err make_fn(zobo_client *client, const char *path, const void *options, void **out, zobo_problem *why);

static const char *const items[] = {"a", "b"};

/* MAKER(x, how one is made of client, path, options, out and why): make_x and free_x. */
#define MAKER(name, made)                                                                                              \
    static zobo_err make_##name(zobo_client *client, const char *path, const void *options, void **out,                \
                                zobo_problem *why)                                                                     \
    {                                                                                                                  \
        zobo_##name *x = (void *)items; /* not NULL: it is to become that */                                           \
        zobo_err err = made;                                                                                           \
        *out = x;                                                                                                      \
        return err;                                                                                                    \
    }                                                                                                                  \
    static void free_##name(void *x)                                                                                   \
    {                                                                                                                  \
        zobo_##name##_free(x);                                                                                         \
    }
#define PLAIN(name) MAKER(name, zobo_##name##_new(client, path, options, &x, why))

PLAIN(lock)
MAKER(multi_lock, zobo_multi_lock_new(client, (const char *const[]){"/a", path}, 2, options, &x, why))
PLAIN(semaphore)
PLAIN(election)
PLAIN(leader_latch)
PLAIN(queue)
PLAIN(locking_queue)
PLAIN(delay_queue)
PLAIN(tree_cache)
PLAIN(counter)
PLAIN(shared_value)
PLAIN(barrier)
MAKER(double_barrier, zobo_double_barrier_new(client, path, 2, options, &x, why))
PLAIN(persistent_node)
MAKER(group_member, zobo_group_member_new(client, path, "id", options, &x, why))
PLAIN(party)
MAKER(data_watch, zobo_data_watch_new(client, path, on_data, NULL, options, &x, why))
MAKER(children_watch, zobo_children_watch_new(client, path, on_children, NULL, options, &x, why))
PLAIN(patient_children_watch)
MAKER(set_partitioner, zobo_set_partitioner_new(client, path, items, 2, options, &x, why))

static const struct {
    const char *name;
    make_fn *make;
    void (*free)(void *x);
} kinds[] = {
#define KIND(name)                                                                                                     \
    {                                                                                                                  \
#name, make_##name, free_##name                                                                                \
    }
    KIND(lock),
    KIND(multi_lock),
    KIND(semaphore),
    KIND(election),
    KIND(leader_latch),
    KIND(queue),
    KIND(locking_queue),
    KIND(delay_queue),
    KIND(tree_cache),
    KIND(counter),
    KIND(shared_value),
    KIND(barrier),
    KIND(double_barrier),
    KIND(persistent_node),
    KIND(group_member),
    KIND(party),
    KIND(data_watch),
    KIND(children_watch),
    KIND(patient_children_watch),
    KIND(set_partitioner),
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void
refused(size_t kind, zobo_client *client, const char *path, const void *options, zobo_err want)
{
    void *out;
    zobo_problem why = {0};
    zobo_err err = kinds[kind].make(client, path, options, &out, &why);
    if (err != want || out || !why.text[0])
        fail_msg("%s at %.20s: %s, \"%s\"", kinds[kind].name, path ? path : "NULL", zobo_err_name(err), why.text);
}

static void
test_no_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        refused(i, NULL, "/x", NULL, ZOBO_EINVAL);
}

static void
test_no_such_path(void **state)
{
    static const char *const bad[] = {NULL, "", "x", "//", "/x/", "/x/../y", "/x\x01", "/\xff\xfe"};
    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++)
            refused(i, c, bad[j], NULL, ZOBO_EBADPATH);
}

static void
test_no_such_options(void **state)
{
    static const size_t bad[] = {1, sizeof(size_t) - 1, 4096};
    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
            size_t options[4096 / sizeof(size_t)] = {bad[j]};
            options[sizeof options / sizeof *options - 1] = 1; /* set, and unknown */
            refused(i, c, "/x", options, ZOBO_EBADOPTION);
        }
}

/* The checks above are not refused for another reason. */
static void
test_made_and_freed(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        void *out;
        zobo_problem why;
        kinds[i].free(NULL);
        assert_ok(kinds[i].make(c, "/x", NULL, &out, &why));
        kinds[i].free(out);
    }
}

static int
setup(void **state)
{
    if (stage_up(state))
        return -1;
    c = another_client();
    return 0;
}

static int
teardown(void **state)
{
    zobo_close(c);
    return stage_down(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_client),
        cmocka_unit_test(test_no_such_path),
        cmocka_unit_test(test_no_such_options),
        cmocka_unit_test(test_made_and_freed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
