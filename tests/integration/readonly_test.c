/* SPDX-License-Identifier: Apache-2.0 */
/* A quorum is lost and comes back. The server that is left reads only, and takes sessions only if they may be local. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "support/record.h"
#include "support/zk.h"

static zt_zk zk;

static int
group_up(void **state)
{
    (void)state;
    zt_zk_start_with(&zk, 3, 500, "localSessionsEnabled=true\\nlocalSessionsUpgradingEnabled=true");
    return 0;
}

static int
group_down(void **state)
{
    (void)state;
    zt_zk_stop(&zk);
    return 0;
}

static zobo_client *
begin(bool read_only, zt_states *states)
{
    zobo_options o = zt_options(zk.hosts, 4000);
    o.read_only = read_only;
    o.connect_timeout_ms = 1500;
    zobo_client *c = zt_client_with(&o);
    zt_states_init(states);
    assert_ok(zobo_add_listener(c, zt_states_listener, states));
    return c;
}

static void
must_work(zobo_client *c)
{
    ZT_WAIT_MS(zobo_set(c, "/ro", "x", 1, -1, NULL) == ZOBO_OK, 60000);
}

/* A server that gives no sessions answers words; one that is dead is named. */
static void
check_words_without_a_quorum(void)
{
    char host[40], expected[80];
    zobo_reply *r;
    zobo_problem why;
    snprintf(host, sizeof host, "127.0.0.1:%d", zt_zk_port(&zk, 3));
    assert_ok(zobo_command_at(host, "ruok", 5000, &r, &why));
    assert_string_equal(r->data, "imok");
    zobo_reply_free(r);
    assert_ok(zobo_command_at(host, "isro", 5000, &r, NULL));
    assert_string_equal(r->data, "ro");
    zobo_reply_free(r);
    snprintf(host, sizeof host, "127.0.0.1:%d", zt_zk_port(&zk, 1));
    snprintf(expected, sizeof expected, "%s: connection refused", host);
    assert_err(zobo_command_at(host, "ruok", 5000, &r, &why), ZOBO_EREFUSED);
    assert_string_equal(why.text, expected);
    assert_null(r);
}

static void
test_without_a_quorum(void **state)
{
    (void)state;
    zt_states rw_states, ro_states;
    zobo_client *rw = begin(false, &rw_states), *ro = begin(true, &ro_states);
    assert_ok(zobo_create(rw, "/ro", "kept", 4, NULL, NULL));
    assert_int_equal(zobo_get_state(ro), ZOBO_CONNECTED);
    zt_zk_signal(&zk, 1, "KILL");
    zt_zk_signal(&zk, 2, "KILL");
    ZT_WAIT_MS(zobo_get_state(ro) == ZOBO_CONNECTED_RO, 60000);
    assert_true(zobo_get_state(rw) == ZOBO_SUSPENDED || zobo_get_state(rw) == ZOBO_LOST);
    zobo_reply *r = NULL;
    ZT_WAIT(zobo_get(ro, "/ro", NULL, &r) == ZOBO_OK);
    assert_string_equal(r->data, "kept");
    zobo_reply_free(r);
    assert_err(zobo_set(ro, "/ro", "x", 1, -1, NULL), ZOBO_ENOTREADONLY);
    assert_err(zobo_create(ro, "/ro2", "", 0, NULL, NULL), ZOBO_ENOTREADONLY);
    check_words_without_a_quorum();
    zobo_transaction *tx;
    assert_ok(zobo_transaction_new(ro, &tx));
    assert_ok(zobo_transaction_set(tx, "/ro", "x", 1, -1));
    assert_err(zobo_transaction_commit(tx, &r), ZOBO_ENOTREADONLY); /* said in the header: E4 */
    assert_null(r);
    zobo_transaction_free(tx);
    size_t from = zt_states_n(&ro_states);
    zt_zk_restart(&zk, 1);
    zt_zk_restart(&zk, 2);
    assert_true(zt_states_wait(&ro_states, from, ZOBO_CONNECTED, 90000) >= 0); /* it finds the writer by itself */
    must_work(ro);
    ZT_WAIT_MS(zobo_get_state(rw) == ZOBO_CONNECTED, 60000);
    must_work(rw);
    zobo_close(ro);
    zobo_close(rw);
    zt_states_destroy(&rw_states);
    zt_states_destroy(&ro_states);
}

static void
test_ephemerals_of_local_sessions(void **state)
{
    (void)state;
    zt_states states;
    zobo_client *c = begin(false, &states);
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(c, &before));
    assert_ok(
        zobo_create(c, "/e", "", 0, &(zobo_create_options){.ephemeral = true}, NULL)); /* the server upgrades it */
    assert_ok(zobo_get_client_id(c, &after));
    assert_int_equal(before.session_id, after.session_id);
    zobo_close(c);
    zt_states_destroy(&states);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ephemerals_of_local_sessions),
        cmocka_unit_test(test_without_a_quorum),
    };
    return cmocka_run_group_tests(tests, group_up, group_down);
}
