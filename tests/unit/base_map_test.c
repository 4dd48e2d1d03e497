/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/map.h"
#include "base/rng.h"

typedef struct item {
    zb_map_node node;
    char key[28];
    int seen;
} item;

static void
name_item(item *it, unsigned i)
{
    int n = snprintf(it->key, sizeof it->key, "/service/%08x", i);
    it->node.key = it->key;
    it->node.key_len = (uint32_t)n;
    it->seen = 0;
}

static size_t
walk(const zb_map *m)
{
    zb_map_iter iter;
    zb_map_iter_init(m, &iter);
    size_t n = 0;
    zb_map_node *node;
    while ((node = zb_map_iter_next(m, &iter)) != NULL) {
        ZB_CONTAINER_OF(node, item, node)->seen++;
        n++;
    }
    assert_null(zb_map_iter_next(m, &iter));
    return n;
}

static void
an_empty_map_has_nothing(void **state)
{
    (void)state;
    zb_map m;
    zb_map_init(&m, 1);
    assert_null(zb_map_find(&m, "a", 1));
    assert_null(zb_map_find(&m, NULL, 0));
    assert_int_equal(walk(&m), 0);
    item it;
    name_item(&it, 1);
    it.node.hash = 0;
    zb_map_remove(&m, &it.node);
    assert_int_equal(m.n, 0);
    zb_map_free(&m);
}

static void
a_million_items(void **state)
{
    (void)state;
    enum { N = 1000000 };
    item *items = calloc(N, sizeof *items);
    assert_non_null(items);
    zb_map m;
    zb_map_init(&m, 0x1234567890abcdefU);
    for (unsigned i = 0; i < N; i++) {
        name_item(&items[i], i);
        assert_true(zb_map_add(&m, &items[i].node));
        assert_true(m.n_buckets >= m.n);
    }
    assert_int_equal(m.n, N);
    assert_int_equal(m.n_buckets & (m.n_buckets - 1), 0);

    size_t longest = 0;
    for (size_t b = 0; b < m.n_buckets; b++) {
        size_t length = 0;
        for (zb_map_node *node = m.buckets[b]; node; node = node->next)
            length++;
        if (length > longest)
            longest = length;
    }
    assert_true(longest < 16); /* the expected longest chain of a good hash at this load is about 8 */

    for (unsigned i = 0; i < N; i++) {
        item key;
        name_item(&key, i);
        assert_ptr_equal(zb_map_find(&m, key.key, key.node.key_len), &items[i].node);
    }
    assert_null(zb_map_find(&m, "/service/", 9));
    assert_null(zb_map_find(&m, "/service/zzzzzzzz", 17));

    assert_int_equal(walk(&m), N);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(items[i].seen, 1);

    for (unsigned i = 0; i < N; i += 2)
        zb_map_remove(&m, &items[i].node);
    zb_map_remove(&m, &items[0].node); /* gone already */
    assert_int_equal(m.n, N / 2);
    for (unsigned i = 0; i < N; i++) {
        zb_map_node *found = zb_map_find(&m, items[i].key, items[i].node.key_len);
        assert_ptr_equal(found, i % 2 ? &items[i].node : NULL);
    }
    zb_map_free(&m);
    assert_int_equal(m.n, 0);
    assert_null(zb_map_find(&m, items[1].key, items[1].node.key_len));
    free(items);
}

static void
items_may_leave_during_a_walk(void **state)
{
    (void)state;
    enum { N = 1000 };
    item items[N];
    zb_map m;
    zb_map_init(&m, 7);
    for (unsigned i = 0; i < N; i++) {
        name_item(&items[i], i);
        assert_true(zb_map_add(&m, &items[i].node));
    }
    zb_map_iter iter;
    zb_map_iter_init(&m, &iter);
    size_t n = 0;
    zb_map_node *node;
    while ((node = zb_map_iter_next(&m, &iter)) != NULL) {
        zb_map_remove(&m, node);
        memset(node, 0xee, sizeof *node);
        n++;
    }
    assert_int_equal(n, N);
    assert_int_equal(m.n, 0);
    zb_map_free(&m);
}

static void
keys_are_bytes_of_any_length(void **state)
{
    (void)state;
    enum { N = 40 };
    static char zeros[N];
    zb_map_node nodes[N];
    zb_map m;
    zb_map_init(&m, 3);
    for (uint32_t i = 0; i < N; i++) { /* only the length tells them apart */
        nodes[i].key = exact(zeros, i);
        nodes[i].key_len = i;
        assert_null(zb_map_find(&m, zeros, i));
        assert_true(zb_map_add(&m, &nodes[i]));
    }
    for (uint32_t i = 0; i < N; i++) {
        assert_ptr_equal(zb_map_find(&m, zeros, i), &nodes[i]);
        free((void *)(uintptr_t)nodes[i].key);
    }
    zb_map_free(&m);
}

static void
the_seed_changes_the_order(void **state)
{
    (void)state;
    enum { N = 64 };
    item a[N], b[N];
    zb_map ma, mb;
    zb_map_init(&ma, 1);
    zb_map_init(&mb, 2);
    int same = 0;
    for (unsigned i = 0; i < N; i++) {
        name_item(&a[i], i);
        name_item(&b[i], i);
        assert_true(zb_map_add(&ma, &a[i].node));
        assert_true(zb_map_add(&mb, &b[i].node));
        same += a[i].node.hash == b[i].node.hash;
    }
    assert_true(same < 2);
    zb_map_free(&ma);
    zb_map_free(&mb);
}

/* Pairs of keys that differ in chosen bits must not collide whatever the seed: the weakness of plain multiplication. */
static void
no_difference_cancels_out(void **state)
{
    (void)state;
    zb_rng rng = {99};
    for (int high = 0; high < 64; high++) {
        int collisions = 0;
        for (int round = 0; round < 64; round++) {
            uint64_t a[2] = {zb_rng_next(&rng), zb_rng_next(&rng)};
            uint64_t b[2] = {a[0] ^ 1ULL << high, a[1] ^ 1ULL << high ^ 1ULL << (high >= 32 ? high - 32 : high + 32)};
            zb_map m;
            zb_map_init(&m, zb_rng_next(&rng));
            zb_map_node na = {.key = (const char *)a, .key_len = 16}, nb = {.key = (const char *)b, .key_len = 16};
            assert_true(zb_map_add(&m, &na));
            assert_true(zb_map_add(&m, &nb));
            collisions += na.hash == nb.hash;
            zb_map_free(&m);
        }
        assert_true(collisions < 2);
    }
}

static void
without_memory_it_goes_on(void **state)
{
    (void)state;
    enum { N = 200 };
    item items[N];
    zb_map m;
    zb_map_init(&m, 5);
    name_item(&items[0], 0);
    zb_mem_fail_after(0, 1);
    assert_false(zb_map_add(&m, &items[0].node)); /* no table yet: the only way to fail */
    assert_int_equal(m.n, 0);
    zb_mem_fail_after(-1, 0);
    assert_true(zb_map_add(&m, &items[0].node));
    zb_mem_fail_after(0, 1);
    for (unsigned i = 1; i < N; i++) {
        name_item(&items[i], i);
        assert_true(zb_map_add(&m, &items[i].node));
    }
    zb_mem_fail_after(-1, 0);
    assert_true(m.n_buckets < N);
    for (unsigned i = 0; i < N; i++)
        assert_ptr_equal(zb_map_find(&m, items[i].key, items[i].node.key_len), &items[i].node);
    assert_int_equal(walk(&m), N);
    zb_map_free(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nothing),      cmocka_unit_test(a_million_items),
        cmocka_unit_test(items_may_leave_during_a_walk), cmocka_unit_test(keys_are_bytes_of_any_length),
        cmocka_unit_test(the_seed_changes_the_order),    cmocka_unit_test(no_difference_cancels_out),
        cmocka_unit_test(without_memory_it_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
