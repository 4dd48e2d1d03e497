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
static zobo_err
make_shallow_party(zobo_client *client, const char *path, const void *options, void **out, zobo_problem *why)
{
    zobo_party *party = (void *)items;
    zobo_err err = zobo_shallow_party_new(client, path, options, &party, why);
    *out = party;
    return err;
}
static void
free_shallow_party(void *party)
{
    zobo_party_free(party);
}
MAKER(data_watch, zobo_data_watch_new(client, path, on_data, NULL, options, &x, why))
MAKER(children_watch, zobo_children_watch_new(client, path, on_children, NULL, options, &x, why))
PLAIN(patient_children_watch)
MAKER(set_partitioner, zobo_set_partitioner_new(client, path, items, 2, options, &x, why))
#ifndef ZT_WITHOUT_JSON
PLAIN(lease)
MAKER(multi_lease, zobo_multi_lease_new(client, path, 2, options, &x, why))
PLAIN(discovery)
MAKER(service_cache, zobo_service_cache_new(client, path, "s", options, &x, why))
MAKER(service_provider, zobo_service_provider_new(client, path, "s", options, &x, why))
#endif

/* What is no recipe is made of options by the same rule. */
static zobo_err
make_client(zobo_client *client, const char *path, const void *options, void **out, zobo_problem *why)
{
    zobo_client *made = (void *)items;
    (void)client, (void)path;
    zobo_err err = zobo_new(options, &made, why);
    *out = made;
    return err;
}
static void
free_client(void *x)
{
    zobo_close(x);
}
static zobo_err
make_server(zobo_client *client, const char *path, const void *options, void **out, zobo_problem *why)
{
    zobo_server *made = (void *)items;
    (void)client, (void)path;
    zobo_err err = zobo_server_start(&made, options, why);
    *out = made;
    return err;
}
static void
free_server(void *x)
{
    zobo_server_close(x);
}

static const struct {
    const char *name;
    make_fn *make;
    void (*free)(void *x);
    size_t size; /* of its options */
    size_t acl;  /* where in them the ACL is; 0: it makes no nodes */
} kinds[] = {
#define KIND(name, type, acl)                                                                                          \
    {                                                                                                                  \
#name, make_##name, free_##name, sizeof(type), acl                                                             \
    }
#define MAKES_NODES(name)      KIND(name, zobo_##name##_options, offsetof(zobo_##name##_options, acl))
#define MAKES_NONE(name, type) KIND(name, type, 0)
    MAKES_NODES(lock),
    MAKES_NODES(multi_lock),
    MAKES_NODES(semaphore),
    MAKES_NODES(election),
    MAKES_NODES(leader_latch),
    MAKES_NODES(queue),
    MAKES_NODES(locking_queue),
    KIND(delay_queue, zobo_queue_options, offsetof(zobo_queue_options, acl)),
    MAKES_NONE(tree_cache, zobo_tree_cache_options),
    MAKES_NODES(counter),
    MAKES_NODES(shared_value),
    MAKES_NODES(barrier),
    MAKES_NODES(double_barrier),
    MAKES_NODES(persistent_node),
    MAKES_NODES(group_member),
    MAKES_NODES(party),
    KIND(shallow_party, zobo_party_options, offsetof(zobo_party_options, acl)),
    MAKES_NONE(data_watch, zobo_watch_options),
    MAKES_NONE(children_watch, zobo_watch_options),
    MAKES_NONE(patient_children_watch, zobo_watch_options),
    MAKES_NODES(set_partitioner),
#ifndef ZT_WITHOUT_JSON
    MAKES_NODES(lease),
    KIND(multi_lease, zobo_lease_options, offsetof(zobo_lease_options, acl)),
    MAKES_NODES(discovery),
    MAKES_NONE(service_cache, zobo_service_cache_options),
    MAKES_NONE(service_provider, zobo_service_provider_options),
#endif
    KIND(client, zobo_options, 0),
    KIND(server, zobo_server_options, 0),
};
enum { KINDS = sizeof kinds / sizeof *kinds, RECIPES = KINDS - 2 };

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
    for (size_t i = 0; i < RECIPES; i++)
        refused(i, NULL, "/x", NULL, ZOBO_EINVAL);
}

static void
test_no_such_path(void **state)
{
    static const char *const bad[] = {NULL, "", "x", "//", "/x/", "/x/../y", "/x\x01", "/\xff\xfe"};
    (void)state;
    for (size_t i = 0; i < RECIPES; i++)
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++)
            refused(i, c, bad[j], NULL, ZOBO_EBADPATH);
}

/* What is shorter than the options have ever been (the size of a pointer to them, perhaps), ends within a field, was
 * never set, or says what this version does not know. */
static void
test_no_such_options(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const size_t bad[] = {1, sizeof(size_t), kinds[i].size - sizeof(void *), kinds[i].size + 1, 4096, 1 << 20};
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
            size_t options[4096 / sizeof(size_t)] = {bad[j]};
            options[sizeof options / sizeof *options - 1] = 1; /* set, and unknown */
            refused(i, c, "/x", options, ZOBO_EBADOPTION);
        }
    }
}

static void
test_options_of_another_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const size_t good[] = {0, kinds[i].size, kinds[i].size + sizeof(void *), 4096};
        for (size_t j = 0; j < sizeof good / sizeof *good; j++) {
            size_t options[4096 / sizeof(size_t)] = {good[j]};
            void *out;
            zobo_problem why;
            zobo_err err = kinds[i].make(c, "/x", options, &out, &why);
            if (err)
                fail_msg("%s with options of %zu: %s", kinds[i].name, good[j], why.text);
            kinds[i].free(out);
        }
    }
}

static void
test_no_such_acl(void **state)
{
    static const zobo_acl nobodys = {ZOBO_PERM_ALL, "world", NULL};
    static const zobo_acl_list bad = {&nobodys, 1};
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const zobo_acl_list *acl = &bad;
        size_t options[4096 / sizeof(size_t)] = {kinds[i].size};
        if (!kinds[i].acl)
            continue;
        memcpy((char *)options + kinds[i].acl, &acl, sizeof acl);
        refused(i, c, "/x", options, ZOBO_EINVAL);
    }
}

/* The checks above are not refused for another reason. */
static void
test_made_and_freed(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECIPES; i++) {
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
        cmocka_unit_test(test_no_client),       cmocka_unit_test(test_no_such_path),
        cmocka_unit_test(test_no_such_options), cmocka_unit_test(test_options_of_another_version),
        cmocka_unit_test(test_no_such_acl),     cmocka_unit_test(test_made_and_freed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
