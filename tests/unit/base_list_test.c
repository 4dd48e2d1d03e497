/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/list.h"

typedef struct item {
    zb_link link;
    char name;
} item;

/* spell reads the list forwards and checks that backwards is the same. */
static void
expect(const zb_link *head, const char *names)
{
    size_t n = strlen(names);
    const zb_link *at = head->next;
    for (size_t i = 0; i < n; i++, at = at->next)
        assert_int_equal(((const item *)(const void *)at)->name, names[i]);
    assert_ptr_equal(at, head);
    at = head->prev;
    for (size_t i = n; i-- > 0; at = at->prev)
        assert_int_equal(((const item *)(const void *)at)->name, names[i]);
    assert_ptr_equal(at, head);
    assert_int_equal(zb_list_empty(head), n == 0);
}

static void
items_come_and_go(void **state)
{
    (void)state;
    item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};
    zb_link head, other;
    zb_list_init(&head);
    zb_list_init(&other);
    expect(&head, "");
    assert_null(zb_list_pop_front(&head));
    zb_list_push_back(&head, &b.link);
    zb_list_push_back(&head, &c.link);
    zb_list_push_front(&head, &a.link);
    expect(&head, "abc");
    zb_list_remove(&b.link);
    expect(&head, "ac");
    zb_list_remove(&b.link);
    expect(&head, "ac");
    zb_list_push_back(&other, &b.link);
    zb_list_append(&head, &other);
    expect(&head, "acb");
    expect(&other, "");
    zb_list_append(&head, &other);
    expect(&head, "acb");
    zb_list_append(&other, &head);
    expect(&other, "acb");
    assert_ptr_equal(zb_list_pop_front(&other), &a.link);
    assert_true(zb_list_empty(&a.link));
    expect(&other, "cb");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(items_come_and_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
