/* SPDX-License-Identifier: Apache-2.0 */
/* Counters that are deleted and made again by others, and counters without witnesses. */
#include "recipes/pair.h"

#include <zobo/counter.h>

#include "support/peer.h"

static zobo_counter *
counter(zobo_client *client, bool no_witness)
{
    zobo_counter *k;
    const zobo_counter_options o = {.no_witness = no_witness};
    assert_ok(zobo_counter_new(client, "/a/k", &o, &k, NULL));
    return k;
}

/* What was known of the old one is of no use for the new one, though their versions be equal. */
static void
made_again(bool no_witness, int changes)
{
    zobo_counter *k = counter(c, no_witness), *others = counter(other, no_witness);
    for (int i = 0; i < changes; i++)
        assert_ok(zobo_counter_add(k, 100, 0, NULL));
    assert_ok(zobo_delete_recursive(look, "/a/k", NULL));
    for (int i = 0; i < changes; i++)
        assert_ok(zobo_counter_add(others, 1, 0, NULL));
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    char want[24];
    snprintf(want, sizeof want, "%d", changes + 1);
    assert_data(look, "/a/k", want);
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    assert_ok(zobo_counter_add(others, 1, 0, NULL));
    snprintf(want, sizeof want, "%d", changes + 3);
    assert_data(look, "/a/k", want);
    zobo_counter_free(k);
    zobo_counter_free(others);
}

static void
test_made_again(void **state)
{
    (void)state;
    made_again(false, 1);
    made_again(false, 3);
}

static void
test_made_again_without_witness(void **state)
{
    (void)state;
    made_again(true, 1);
    made_again(true, 3);
}

/* Somebody removes the witness while nothing is in doubt, or all. */
static void
test_witness_is_removed(void **state)
{
    zobo_reply *names;
    char path[128];
    (void)state;
    zobo_counter *k = counter(c, false);
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    assert_ok(zobo_get_children(other, "/a/k", NULL, &names));
    assert_int_equal(names->n_children, 1);
    snprintf(path, sizeof path, "/a/k/%s", names->children[0]);
    zobo_reply_free(names);
    assert_ok(zobo_delete(other, path, -1));
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    assert_data(other, "/a/k", "2");
    assert_ok(zobo_delete_recursive(other, "/a", NULL));
    assert_ok(zobo_counter_add(k, 1, 0, NULL));
    assert_data(other, "/a/k", "1");
    zobo_counter_free(k);
}

static void
test_no_witness_leaves_no_node(void **state)
{
    (void)state;
    zobo_counter *k = counter(c, true);
    assert_ok(zobo_counter_add(k, 3, 0, NULL));
    assert_ok(zobo_counter_add(k, 3, 0, NULL));
    assert_data(other, "/a/k", "6");
    assert_int_equal(children_of(other, "/a/k"), 0);
    zobo_counter_free(k);
}

/* The second change is carried out, another makes the same one, and the answer is lost. */
static bool
lose_second(zt_conn *conn, const zt_frame *f, void *arg)
{
    int *seen = arg;
    if (f->op != ZB_OP_MULTI || ++*seen != 2)
        return false;
    zt_peer_change(zt_conn_peer(conn), "/a/k", "11");
    zt_peer_change(zt_conn_peer(conn), "/a/k", "12");
    zt_close(conn);
    return true;
}

/* Without a witness nobody can tell, and so it is said. */
static void
test_lost_answer_without_witness(void **state)
{
    int seen = 0;
    (void)state;
    zt_peer *peer = zt_peer_start(&(zt_peer_config){.handler = lose_second, .arg = &seen});
    zobo_client *client = zt_client(zt_peer_hosts(peer), SESSION_MS);
    zobo_counter *k = counter(client, true);
    zobo_counter_change is;
    assert_ok(zobo_counter_add(k, 10, 0, NULL));
    assert_err(zobo_counter_add(k, 1, 0, NULL), ZOBO_ECONNECTIONLOSS);
    assert_ok(zobo_counter_add(k, 1, 0, &is));
    assert_int_equal(is.post_value, 13);
    zobo_counter_free(k);
    zobo_close(client);
    zt_peer_stop(peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_again, up, down),
        cmocka_unit_test_setup_teardown(test_made_again_without_witness, up, down),
        cmocka_unit_test_setup_teardown(test_witness_is_removed, up, down),
        cmocka_unit_test_setup_teardown(test_no_witness_leaves_no_node, up, down),
        cmocka_unit_test(test_lost_answer_without_witness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
