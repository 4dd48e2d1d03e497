/* SPDX-License-Identifier: Apache-2.0 */
/* What the makers of all recipes refuse alike. */
#include "recipes/stage.h"

#include <zobo/recipes.h>

static zobo_acl nobodys = {ZOBO_PERM_ALL, "world", NULL};
static const zobo_acl_list bad_acl = {&nobodys, 1};

#define REFUSED(type, ...)                                                                                             \
    do {                                                                                                               \
        type *x = (type *)&nobodys;                                                                                    \
        zobo_problem why = {0};                                                                                        \
        assert_err(type##_new(__VA_ARGS__, &x, &why), ZOBO_EINVAL);                                                    \
        assert_null(x);                                                                                                \
        assert_true(why.text[0]);                                                                                      \
    } while (0)

/* Once without a client, once with an ACL that is none. */
#define REFUSES(type, zk, ...)                                                                                         \
    do {                                                                                                               \
        const type##_options with_acl = {.acl = &bad_acl};                                                             \
        REFUSED(type, NULL, __VA_ARGS__, NULL);                                                                        \
        REFUSED(type, zk, __VA_ARGS__, &with_acl);                                                                     \
    } while (0)

static void
test_without_a_client_or_with_half_an_acl(void **state)
{
    const char *paths[] = {"/a", "/b"};
    (void)state;
    REFUSES(zobo_lock, look, "/x");
    REFUSES(zobo_semaphore, look, "/x");
    REFUSES(zobo_multi_lock, look, paths, 2);
    REFUSES(zobo_election, look, "/x");
    REFUSES(zobo_leader_latch, look, "/x");
    REFUSES(zobo_counter, look, "/x");
    REFUSES(zobo_shared_value, look, "/x");
    REFUSES(zobo_persistent_node, look, "/x");
    REFUSES(zobo_group_member, look, "/x", "me");
    REFUSES(zobo_party, look, "/x");
    REFUSED(zobo_tree_cache, NULL, "/x", NULL);
    REFUSED(zobo_patient_children_watch, NULL, "/x", NULL);
}

#define staged(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        staged(test_without_a_client_or_with_half_an_acl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
