/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/heap.h"
#include "base/rng.h"

static void
check_order(const zb_heap *h)
{
    for (size_t i = 1; i <= h->n; i++) {
        assert_int_equal(h->items[i - 1]->index, i);
        if (i > 1)
            assert_true(h->items[i / 2 - 1]->at <= h->items[i - 1]->at);
    }
}

static void
an_empty_heap_has_nothing(void **state)
{
    (void)state;
    zb_heap h;
    zb_heap_init(&h);
    assert_null(zb_heap_first(&h));
    zb_heap_node node = {0};
    zb_heap_remove(&h, &node);
    zb_heap_free(&h);
}

/* Adds, moves and removes at random, beside a plain array that is searched from end to end. */
static void
agrees_with_an_array(void **state)
{
    (void)state;
    enum { N = 300 };
    zb_heap_node nodes[N];
    bool in[N] = {false};
    memset(nodes, 0, sizeof nodes);
    zb_heap h;
    zb_heap_init(&h);
    zb_rng rng = {42};
    for (int round = 0; round < 20000; round++) {
        size_t i = (size_t)zb_rng_below(&rng, N);
        uint64_t at = zb_rng_below(&rng, 500);
        if (zb_rng_below(&rng, 3) > 0) {
            assert_true(zb_heap_add(&h, &nodes[i], at));
            in[i] = true;
        } else {
            zb_heap_remove(&h, &nodes[i]);
            assert_int_equal(nodes[i].index, 0);
            in[i] = false;
        }
        uint64_t first = UINT64_MAX;
        size_t n = 0;
        for (size_t j = 0; j < N; j++) {
            if (!in[j])
                continue;
            n++;
            if (nodes[j].at < first)
                first = nodes[j].at;
        }
        assert_int_equal(h.n, n);
        if (n > 0)
            assert_true(zb_heap_first(&h)->at == first);
        else
            assert_null(zb_heap_first(&h));
        if (round % 64 == 0)
            check_order(&h);
    }
    zb_heap_free(&h);
}

static int
by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void
comes_out_sorted(void **state)
{
    (void)state;
    enum { N = 5000 };
    static zb_heap_node nodes[N];
    static uint64_t sorted[N];
    zb_heap h;
    zb_heap_init(&h);
    zb_rng rng = {1};
    for (size_t i = 0; i < N; i++) {
        sorted[i] = zb_rng_next(&rng) >> (i % 60); /* equal ones too */
        assert_true(zb_heap_add(&h, &nodes[i], sorted[i]));
    }
    check_order(&h);
    qsort(sorted, N, sizeof *sorted, by_value);
    for (size_t i = 0; i < N; i++) {
        zb_heap_node *first = zb_heap_first(&h);
        assert_true(first->at == sorted[i]);
        zb_heap_remove(&h, first);
        zb_heap_remove(&h, first); /* ignored */
    }
    assert_int_equal(h.n, 0);
    zb_heap_free(&h);
}

static void
no_memory_changes_nothing(void **state)
{
    (void)state;
    enum { N = 100 };
    zb_heap_node nodes[N];
    memset(nodes, 0, sizeof nodes);
    zb_heap h;
    zb_heap_init(&h);
    size_t added = 0;
    zb_mem_fail_after(1, 1);
    for (size_t i = 0; i < N; i++)
        added += zb_heap_add(&h, &nodes[i], N - i);
    assert_true(added > 0 && added < N);
    assert_true(zb_heap_add(&h, &nodes[0], 5000)); /* moving needs no memory */
    zb_mem_fail_after(-1, 0);
    assert_int_equal(h.n, added);
    assert_int_equal(nodes[N - 1].index, 0);
    check_order(&h);
    zb_heap_free(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_has_nothing),
        cmocka_unit_test(agrees_with_an_array),
        cmocka_unit_test(comes_out_sorted),
        cmocka_unit_test(no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
