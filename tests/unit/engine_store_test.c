/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "engine/store.h"

static zs_store *
open_memory(void)
{
    zs_store *store;
    zobo_problem why;
    zs_store_options o = {0};
    assert_int_equal(zs_store_open(&store, &o, &why), ZOBO_OK);
    return store;
}

static void
first_tree(void **state)
{
    (void)state;
    zs_store *store = open_memory();
    zs_txn *txn;
    assert_int_equal(zs_read_begin(store, &txn), ZOBO_OK);
    zs_node node;
    zb_buf data;
    assert_int_equal(zs_node_find(txn, "/", 1, &node, &data), ZOBO_OK);
    zobo_stat stat;
    zs_node_stat(&node, &stat);
    assert_int_equal(stat.cversion, -1);
    assert_int_equal(stat.num_children, 1);
    assert_int_equal(data.n, 0);
    assert_int_equal(zs_txn_meta(txn)->n_nodes, 4);
    zs_txn_end(txn);
    zs_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(first_tree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
