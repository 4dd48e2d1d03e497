/* SPDX-License-Identifier: Apache-2.0 */
/* ACLs, credentials, and who the server takes us for. */
#include "support/one_server.h"

#include <string.h>

static zobo_client *
someone(const char *credential)
{
    zobo_client *c = zt_client(zk.hosts, 10000);
    if (credential)
        assert_ok(zobo_add_auth(c, "digest", credential, strlen(credential)));
    return c;
}

static void
test_digest(void **state)
{
    (void)state;
    char id[64];
    zobo_reply *r;
    assert_ok(zobo_digest_credential("joe", "secret", id, sizeof id));
    zobo_acl entries[2] = {{ZOBO_PERM_ALL, "digest", id}, {ZOBO_PERM_READ, "world", "anyone"}};
    zobo_acl_list acl = {entries, 2};
    zobo_create_options o = {.acl = &acl};
    assert_ok(zobo_create(zc, in_home("/joes"), "mine", 4, &o, NULL));
    zobo_client *joe = someone("joe:secret"), *jim = someone("jim:secret");
    assert_ok(zobo_get(jim, in_home("/joes"), NULL, &r));
    assert_string_equal(r->data, "mine");
    zobo_reply_free(r);
    assert_err(zobo_set(jim, in_home("/joes"), "his", 3, -1, NULL), ZOBO_ENOAUTH);
    assert_err(zobo_create(jim, in_home("/joes/x"), "", 0, NULL, NULL), ZOBO_ENOAUTH);
    assert_ok(zobo_set(joe, in_home("/joes"), "yours", 5, -1, NULL));
    assert_ok(zobo_create(joe, in_home("/joes/x"), "", 0, NULL, NULL));
    assert_err(zobo_delete(jim, in_home("/joes/x"), -1), ZOBO_ENOAUTH);
    assert_err(zobo_set_acls(jim, in_home("/joes"), zobo_open_acl(), -1, NULL), ZOBO_ENOAUTH);

    assert_ok(zobo_get_acls(joe, in_home("/joes"), &r));
    assert_int_equal(r->n_acls, 2);
    assert_string_equal(r->acls[0].scheme, "digest");
    assert_string_equal(r->acls[0].id, id);
    assert_int_equal(r->acls[0].perms, ZOBO_PERM_ALL);
    assert_string_equal(r->acls[1].id, "anyone");
    assert_int_equal(r->acls[1].perms, ZOBO_PERM_READ);
    assert_true(r->has_stat);
    zobo_reply_free(r);
    assert_ok(zobo_get_acls(jim, in_home("/joes"), &r)); /* digests are for those with ADMIN */
    assert_string_equal(r->acls[0].id, "joe:x");
    zobo_reply_free(r);
    zobo_close(joe);
    zobo_close(jim);
}

static void
test_set_acls(void **state)
{
    (void)state;
    zobo_client *joe = someone("joe:secret");
    zobo_stat stat;
    zobo_reply *r;
    zobo_call *call;
    assert_ok(zobo_create(joe, in_home("/a"), "", 0, NULL, NULL));
    assert_ok(zobo_set_acls(joe, in_home("/a"), zobo_creator_all_acl(), 0, &stat));
    assert_int_equal(stat.aversion, 1);
    assert_err(zobo_set_acls(joe, in_home("/a"), zobo_creator_all_acl(), 0, &stat), ZOBO_EBADVERSION);
    assert_err(zobo_set_acls(joe, in_home("/none"), zobo_open_acl(), -1, NULL), ZOBO_ENONODE);
    assert_err(zobo_get(zc, in_home("/a"), NULL, NULL), ZOBO_ENOAUTH);
    assert_err(zobo_get_children(zc, in_home("/a"), NULL, NULL), ZOBO_ENOAUTH);
    assert_ok(zobo_get_acls_async(joe, in_home("/a"), NULL, &call));
    assert_ok(zobo_call_get(call, ZT_SOON_MS, &r));
    assert_string_equal(r->acls[0].scheme, "digest"); /* "auth" was made into who that is */
    zobo_reply_free(r);
    zobo_call_free(call);
    assert_ok(zobo_set_acls_async(joe, in_home("/a"), zobo_read_acl(), 1, NULL, &call));
    assert_ok(zobo_call_get(call, ZT_SOON_MS, &r));
    assert_int_equal(r->stat.aversion, 2);
    zobo_reply_free(r);
    zobo_call_free(call);
    assert_ok(zobo_get(zc, in_home("/a"), NULL, NULL));
    assert_err(zobo_set(zc, in_home("/a"), "", 0, -1, NULL), ZOBO_ENOAUTH);
    assert_err(zobo_get_acls(zc, in_home("/none"), NULL), ZOBO_ENONODE);
    zobo_close(joe);
}

static void
test_default_acl_and_options_auth(void **state)
{
    (void)state;
    zobo_auth auth = {"digest", "ann:pw", 6};
    zobo_options o = zt_options(zk.hosts, 10000);
    o.auth = &auth;
    o.n_auth = 1;
    o.default_acl = zobo_creator_all_acl();
    zobo_client *ann = zt_client_with(&o);
    assert_ok(zobo_create(ann, in_home("/x/y"), "", 0, &(zobo_create_options){.makepath = true}, NULL));
    assert_err(zobo_get(zc, in_home("/x"), NULL, NULL), ZOBO_ENOAUTH);
    assert_err(zobo_get(zc, in_home("/x/y"), NULL, NULL), ZOBO_ENOAUTH);
    assert_ok(zobo_get(ann, in_home("/x/y"), NULL, NULL));
    zobo_transaction *tx;
    assert_ok(zobo_transaction_new(ann, &tx));
    assert_ok(zobo_transaction_create(tx, in_home("/x/z"), "", 0, NULL));
    assert_ok(zobo_transaction_commit(tx, NULL));
    zobo_transaction_free(tx);
    assert_err(zobo_get(zc, in_home("/x/z"), NULL, NULL), ZOBO_ENOAUTH);
    zobo_close(ann);
}

static void
test_who_am_i(void **state)
{
    (void)state;
    zobo_client *joe = someone("joe:secret");
    zobo_reply *r;
    zobo_call *call;
    assert_ok(zobo_who_am_i(joe, &r));
    assert_int_equal(r->n_acls, 2);
    size_t ip = strcmp(r->acls[0].scheme, "ip") == 0 ? 0 : 1; /* in no order */
    assert_string_equal(r->acls[ip].scheme, "ip");
    assert_string_equal(r->acls[ip].id, "127.0.0.1");
    assert_int_equal(r->acls[ip].perms, 0);
    assert_string_equal(r->acls[1 - ip].scheme, "digest");
    assert_string_equal(r->acls[1 - ip].id, "joe");
    zobo_reply_free(r);
    assert_ok(zobo_who_am_i_async(zc, NULL, &call));
    assert_ok(zobo_call_get(call, ZT_SOON_MS, &r));
    assert_int_equal(r->n_acls, 1);
    zobo_reply_free(r);
    zobo_call_free(call);
    zobo_close(joe);
}

static void
test_refused_credentials(void **state)
{
    (void)state;
    zobo_client *c = someone("joe:secret");
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(c, &before));
    assert_err(zobo_add_auth(c, "no-such-scheme", "x", 1), ZOBO_EAUTHFAILED);
    zobo_reply *r;
    assert_ok(zobo_who_am_i(c, &r)); /* back on a new connection, as joe */
    assert_int_equal(r->n_acls, 2);
    zobo_reply_free(r);
    assert_ok(zobo_get_client_id(c, &after));
    assert_int_equal(before.session_id, after.session_id);
    zobo_close(c);

    zobo_auth auth = {"no-such-scheme", "x", 1};
    zobo_options o = zt_options(zk.hosts, 10000);
    o.auth = &auth;
    o.n_auth = 1;
    assert_ok(zobo_new(&o, &c, NULL));
    assert_err(zobo_start(c, 0, NULL), ZOBO_EAUTHFAILED);
    zobo_close(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        home_test(test_digest),
        home_test(test_set_acls),
        home_test(test_default_acl_and_options_auth),
        home_test(test_who_am_i),
        home_test(test_refused_credentials),
    };
    return run_on_one_server(tests);
}
