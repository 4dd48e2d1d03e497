/* SPDX-License-Identifier: Apache-2.0 */
/* Every way to call the library wrongly is an error of class USAGE, told at once, and nothing is sent. */
#include "support/test.h"

#include <string.h>

#include "support/peer.h"
#include "support/record.h"

static zobo_err
new_with(const zobo_options *options)
{
    zobo_client *client = (zobo_client *)&client;
    zobo_problem why = {0};
    zobo_err err = zobo_new(options, &client, &why);
    if (err) {
        assert_null(client);
        assert_int_equal(why.err, err);
        assert_true(why.text[0] != 0);
        assert_int_equal(zobo_err_class(err), ZOBO_CLASS_USAGE);
        assert_err(zobo_new(options, &client, NULL), err); /* nobody needs to know why */
    } else {
        zobo_close(client);
    }
    return err;
}

static void
test_defaults(void **state)
{
    (void)state;
    zobo_client *client;
    char hosts[64];
    assert_ok(zobo_new(NULL, &client, NULL));
    assert_int_equal(zobo_get_hosts(client, hosts, sizeof hosts), strlen("127.0.0.1:2181"));
    assert_string_equal(hosts, "127.0.0.1:2181");
    assert_string_equal(zobo_chroot(client), "");
    assert_int_equal(zobo_get_state(client), ZOBO_LOST);
    assert_false(zobo_connected(client));
    assert_int_equal(zobo_timeout_ms(client), 0);
    assert_int_equal(zobo_last_zxid(client), 0);
    zobo_close(client);
    zobo_close(NULL);
    zobo_options zero = {.size = sizeof zero};
    assert_ok(new_with(&zero));
}

static void
test_option_sizes(void **state)
{
    (void)state;
    /* Programs built with a newer header: fields this library does not know must be zero. */
    struct {
        zobo_options options;
        unsigned char newer[32];
    } big;
    memset(&big, 0, sizeof big);
    big.options.size = sizeof big;
    assert_ok(new_with(&big.options));
    big.newer[31] = 1;
    assert_err(new_with(&big.options), ZOBO_EBADOPTION);
    big.newer[31] = 0;
    big.newer[0] = 1;
    assert_err(new_with(&big.options), ZOBO_EBADOPTION);
    /* There is no older one: what is shorter is the size of something else. */
    zobo_options unset = {.hosts = "h"};
    assert_ok(new_with(&unset));
    const size_t wrong[] = {1, sizeof(zobo_options *), offsetof(zobo_options, timeout_ms), sizeof unset - 4};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        unset.size = wrong[i];
        assert_err(new_with(&unset), ZOBO_EBADOPTION);
    }
}

static void
test_bad_hosts(void **state)
{
    (void)state;
    const char *const bad[] = {"",         ",",      "a,,b",    "a:",     "a:b",
                               ":2181",    "a:0x1",  "a:65536", "a:-1",   "[::1",
                               "[::1]x",   "::1",    "unix:",   "a/../b", "a/x/./y",
                               "unix:rel", "a/\x01", "[]:1",    "a:1:2",  "a:99999999999999999999",
                               "a:1 b:2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        zobo_options options = {.size = sizeof options, .hosts = bad[i]};
        zobo_err err = new_with(&options);
        if (err != ZOBO_EBADHOSTS)
            fail_msg("\"%s\" gives %s", bad[i], zobo_err_name(err));
    }
    const char *const good[] = {"a",     "a:1",  "a,b,c",   " a , b:2 ",  "[::1]:2181",  "[::1]", "a/",
                                "a/x/y", "a//x", "unix:/s", "unix:/s:/x", "unix:/s,a:1", "A.b-c", "unix:/s,a:1/x"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        zobo_options options = {.size = sizeof options, .hosts = good[i]};
        zobo_err err = new_with(&options);
        if (err)
            fail_msg("\"%s\" gives %s", good[i], zobo_err_name(err));
    }
}

static void
test_bad_options(void **state)
{
    (void)state;
    zobo_retry_policy policy = {.size = sizeof policy, .jitter_percent = 101};
    zobo_options options = {.size = sizeof options, .connection_retry = &policy};
    assert_err(new_with(&options), ZOBO_EBADOPTION);
    options.connection_retry = NULL;
    options.command_retry = &policy;
    assert_err(new_with(&options), ZOBO_EBADOPTION);
    policy.jitter_percent = 100;
    assert_ok(new_with(&options));
    policy.jitter_percent = ZOBO_NO_JITTER;
    assert_ok(new_with(&options));
    policy.max_tries = -1;
    assert_err(new_with(&options), ZOBO_EBADOPTION);

    zobo_acl acl = {ZOBO_PERM_ALL, "world", "anyone"};
    zobo_acl_list list = {&acl, 1};
    options = (zobo_options){.size = sizeof options, .default_acl = &list};
    assert_ok(new_with(&options));
    acl.scheme = NULL;
    assert_err(new_with(&options), ZOBO_EBADOPTION);

    zobo_auth auth = {"digest", "a:b", 3};
    options = (zobo_options){.size = sizeof options, .auth = &auth, .n_auth = 1};
    assert_ok(new_with(&options));
    auth.scheme = NULL;
    assert_err(new_with(&options), ZOBO_EBADOPTION);
    options.auth = NULL;
    assert_err(new_with(&options), ZOBO_EBADOPTION);

    options = (zobo_options){.size = sizeof options, .log_level = (zobo_log_level)17};
    assert_err(new_with(&options), ZOBO_EBADOPTION);
}

typedef struct fixture {
    zt_peer *peer;
    zobo_client *client;
} fixture;

static int
setup(void **state)
{
    static fixture f;
    f.peer = zt_peer_start(NULL);
    f.client = zt_client(zt_peer_hosts(f.peer), 4000);
    *state = &f;
    return 0;
}

static int
teardown(void **state)
{
    fixture *f = *state;
    zobo_close(f->client);
    for (int op = 1; op < 108; op++)
        if (op != ZB_OP_PING && zt_peer_count(f->peer, op))
            fail_msg("a request %d was sent all the same", op);
    zt_peer_stop(f->peer);
    return 0;
}

static void
test_bad_paths(void **state)
{
    fixture *f = *state;
    const char *const bad[] = {"",
                               "a",
                               "a/b",
                               "/a/",
                               "//",
                               "//a",
                               "/a//b",
                               "/.",
                               "/..",
                               "/a/./b",
                               "/a/..",
                               "/\x01",
                               "/\x7f",
                               "/a\xc3",
                               "/\xc0\x80",
                               "/\xed\xa0\x80",
                               "/\xee\x80\x80",
                               "/\xef\xbf\xbf",
                               "/\xf8"};
    zobo_client *c = f->client;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *p = bad[i];
        zobo_stat stat;
        int32_t count;
        zobo_problem why = {0};
        zobo_reply *reply = (zobo_reply *)&stat;
        zobo_read read = {ZOBO_READ_DATA, p};
        zobo_watcher w = {.fn = (zobo_watch_fn *)(void (*)(void))setup};
        assert_err(zobo_path_check(p, false, &why), ZOBO_EBADPATH);
        assert_true(why.text[0] != 0 && why.err == ZOBO_EBADPATH && why.offset <= strlen(p));
        assert_err(zobo_create(c, p, "", 0, NULL, &reply), ZOBO_EBADPATH);
        assert_null(reply);
        assert_err(zobo_create(c, p, "", 0, &(zobo_create_options){.makepath = true}, NULL), ZOBO_EBADPATH);
        assert_err(zobo_ensure_path(c, p, NULL), ZOBO_EBADPATH);
        assert_err(zobo_exists(c, p, NULL, &stat), ZOBO_EBADPATH);
        assert_err(zobo_get(c, p, NULL, NULL), ZOBO_EBADPATH);
        assert_err(zobo_get_children(c, p, NULL, NULL), ZOBO_EBADPATH);
        assert_err(zobo_get_acls(c, p, NULL), ZOBO_EBADPATH);
        assert_err(zobo_set_acls(c, p, zobo_open_acl(), -1, NULL), ZOBO_EBADPATH);
        assert_err(zobo_set(c, p, "", 0, -1, NULL), ZOBO_EBADPATH);
        assert_err(zobo_delete(c, p, -1), ZOBO_EBADPATH);
        assert_err(zobo_delete_recursive(c, p, NULL), ZOBO_EBADPATH);
        assert_err(zobo_sync(c, p), ZOBO_EBADPATH);
        assert_err(zobo_add_watch(c, p, ZOBO_PERSISTENT, &w), ZOBO_EBADPATH);
        assert_err(zobo_remove_watches(c, p, ZOBO_WATCH_ANY, NULL), ZOBO_EBADPATH);
        assert_err(zobo_check_watches(c, p, ZOBO_WATCH_ANY), ZOBO_EBADPATH);
        assert_err(zobo_get_all_children_number(c, p, &count), ZOBO_EBADPATH);
        assert_err(zobo_multi_read(c, &read, 1, NULL), ZOBO_EBADPATH);
        zobo_call *call = (zobo_call *)&stat;
        assert_err(zobo_get_async(c, p, NULL, NULL, &call), ZOBO_EBADPATH);
        assert_null(call);
    }
    assert_err(zobo_path_check(NULL, false, NULL), ZOBO_EBADPATH);
    assert_ok(zobo_path_check("/a/", true, NULL));
    assert_ok(zobo_path_check("/", false, NULL));
    assert_err(zobo_delete_recursive(c, "/", NULL), ZOBO_EINVAL);
}

static void
test_bad_arguments(void **state)
{
    fixture *f = *state;
    zobo_client *c = f->client;
    zobo_watcher none = {0};
    zobo_read read = {ZOBO_READ_DATA, "/a"};
    zobo_acl acl = {ZOBO_PERM_ALL, NULL, "anyone"};
    zobo_acl_list list = {&acl, 1};
    assert_err(zobo_add_watch(c, "/a", ZOBO_PERSISTENT, NULL), ZOBO_EINVAL);
    assert_err(zobo_add_watch(c, "/a", ZOBO_PERSISTENT, &none), ZOBO_EINVAL);
    zobo_watcher some = {.fn = (zobo_watch_fn *)(void (*)(void))setup};
    assert_err(zobo_add_watch(c, "/a", (zobo_watch_mode)2, &some), ZOBO_EINVAL);
    some.flags = 64;
    assert_err(zobo_add_watch(c, "/a", ZOBO_PERSISTENT, &some), ZOBO_EINVAL);
    assert_err(zobo_get(c, "/a", &none, NULL), ZOBO_EINVAL);
    assert_err(zobo_remove_watches(c, "/a", (zobo_watch_kind)0, NULL), ZOBO_EINVAL);
    assert_err(zobo_check_watches(c, "/a", (zobo_watch_kind)6), ZOBO_EINVAL);
    assert_err(zobo_multi_read(c, &read, 0, NULL), ZOBO_EINVAL);
    assert_err(zobo_multi_read(c, NULL, 1, NULL), ZOBO_EINVAL);
    read.what = (zobo_read_what)7;
    assert_err(zobo_multi_read(c, &read, 1, NULL), ZOBO_EINVAL);
    assert_err(zobo_set_acls(c, "/a", &list, -1, NULL), ZOBO_EINVAL);
    assert_err(zobo_add_auth(c, NULL, "a", 1), ZOBO_EINVAL);
    assert_err(zobo_command(c, "toolong", NULL), ZOBO_EINVAL);
    assert_err(zobo_command(c, "ru", NULL), ZOBO_EINVAL);
    assert_err(zobo_command(c, NULL, NULL), ZOBO_EINVAL);
    assert_err(zobo_command_at("127.0.0.1:1", "ru", 1000, NULL, NULL), ZOBO_EINVAL);
    assert_err(zobo_command_at("127.0.0.1:1", NULL, 1000, NULL, NULL), ZOBO_EINVAL);
    assert_err(zobo_command_at("127.0.0.1:1,127.0.0.1:2", "ruok", 1000, NULL, NULL), ZOBO_EBADHOSTS);
    assert_err(zobo_command_at("a b", "ruok", 1000, NULL, NULL), ZOBO_EBADHOSTS);
    assert_err(zobo_create(c, "/a", NULL, 3, NULL, NULL), ZOBO_EINVAL);
    assert_err(zobo_set(c, "/a", NULL, 3, -1, NULL), ZOBO_EINVAL);
    zobo_how how = {.flags = 64};
    zobo_call *call = (zobo_call *)&how;
    assert_err(zobo_get_async(c, "/a", NULL, &how, &call), ZOBO_EINVAL);
    assert_null(call);
    assert_err(zobo_add_listener(c, NULL, NULL), ZOBO_EINVAL);
}

static void
test_flags_that_exclude_each_other(void **state)
{
    fixture *f = *state;
    const zobo_create_options bad[] = {{.ephemeral = true, .container = true},
                                       {.ephemeral = true, .ttl_ms = 1},
                                       {.container = true, .ttl_ms = 1},
                                       {.container = true, .sequence = true},
                                       {.ttl_ms = -1},
                                       {.ttl_ms = (int64_t)1 << 40}};
    zobo_transaction *tx;
    assert_ok(zobo_transaction_new(f->client, &tx));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        zobo_err err = zobo_create(f->client, "/a", "", 0, &bad[i], NULL);
        if (err != ZOBO_EBADOPTION)
            fail_msg("combination %zu gives %s", i, zobo_err_name(err));
        assert_err(zobo_transaction_create(tx, "/a", "", 0, &bad[i]), ZOBO_EBADOPTION);
    }
    assert_int_equal(zobo_transaction_size(tx), 0);
    zobo_transaction_free(tx);
    zobo_transaction_free(NULL);
}

static void
test_too_big(void **state)
{
    fixture *f = *state;
    static char data[1048576];
    assert_err(zobo_create(f->client, "/a", data, sizeof data, NULL, NULL), ZOBO_ETOOBIG);
    assert_err(zobo_set(f->client, "/a", data, sizeof data, -1, NULL), ZOBO_ETOOBIG);
    zobo_transaction *tx;
    assert_ok(zobo_transaction_new(f->client, &tx));
    for (int i = 0; i < 2; i++)
        assert_ok(zobo_transaction_set(tx, "/a", data, sizeof data / 2, -1));
    assert_err(zobo_transaction_commit(tx, NULL), ZOBO_ETOOBIG);
    zobo_transaction_free(tx);
}

static void
test_not_started(void **state)
{
    (void)state;
    zobo_client *c;
    zobo_client_id id;
    zobo_call *call;
    int version[3];
    char host[8] = "x";
    assert_ok(zobo_new(NULL, &c, NULL));
    assert_err(zobo_get(c, "/", NULL, NULL), ZOBO_ENOTSTARTED);
    assert_err(zobo_create(c, "/a", "", 0, &(zobo_create_options){.makepath = true}, NULL), ZOBO_ENOTSTARTED);
    assert_err(zobo_ensure_path(c, "/a", NULL), ZOBO_ENOTSTARTED);
    assert_err(zobo_delete_recursive(c, "/a", NULL), ZOBO_ENOTSTARTED);
    assert_err(zobo_get_async(c, "/", NULL, NULL, &call), ZOBO_ENOTSTARTED);
    assert_null(call);
    assert_err(zobo_add_auth(c, "digest", "a:b", 3), ZOBO_ENOTSTARTED);
    assert_err(zobo_get_client_id(c, &id), ZOBO_ENOTSTARTED);
    assert_err(zobo_detach(c), ZOBO_ENOTSTARTED);
    assert_err(zobo_command(c, "ruok", NULL), ZOBO_ENOTSTARTED);
    assert_err(zobo_server_version(c, version), ZOBO_ENOTSTARTED);
    zobo_get_problem(c, NULL);
    assert_ok(zobo_stop(c));
    assert_int_equal(zobo_connected_host(c, host, sizeof host), 0);
    assert_string_equal(host, "");
    assert_err(zobo_start(c, 1, NULL), ZOBO_ENOCONNECTION);
    zobo_close(c);
}

static void
seen_nothing(void *arg, const zobo_event *event)
{
    (void)arg, (void)event;
}

/* As a program has them that was built with a newer zobo: what is not known here must be zero. */
static void
test_struct_sizes(void **state)
{
    (void)state;
    zt_peer *peer = zt_peer_start(NULL);
    zobo_client *c = zt_client(zt_peer_hosts(peer), 4000);
    zobo_call *call;
    zobo_transaction *tx;
    struct {
        zobo_how known;
        unsigned char later[16];
    } how = {.known = {.size = sizeof how}};
    struct {
        zobo_watcher known;
        unsigned char later[16];
    } watcher = {.known = {.size = sizeof watcher, .fn = seen_nothing}};
    struct {
        zobo_create_options known;
        unsigned char later[16];
    } create = {.known = {.size = sizeof create, .makepath = true}};
    zt_put(c, "/a", "");
    assert_ok(zobo_transaction_new(c, &tx));
    for (int later = 0; later < 2; later++) {
        how.later[15] = watcher.later[0] = create.later[7] = (unsigned char)later;
        zobo_err invalid = later ? ZOBO_EINVAL : ZOBO_OK, bad = later ? ZOBO_EBADOPTION : ZOBO_OK;
        assert_err(zobo_get_async(c, "/a", NULL, &how.known, NULL), invalid);
        assert_err(zobo_ensure_path_async(c, "/a", NULL, &how.known, NULL), invalid);
        assert_err(zobo_get(c, "/a", &watcher.known, NULL), invalid);
        assert_err(zobo_add_watch(c, "/a", ZOBO_PERSISTENT, &watcher.known), invalid);
        create.known.makepath = true;
        assert_err(zobo_create(c, "/p/q", "", 0, &create.known, NULL), bad);
        create.known.makepath = false;
        assert_err(zobo_create(c, "/p/r", "", 0, &create.known, NULL), bad);
        assert_err(zobo_transaction_create(tx, "/t", "", 0, &create.known), bad);
    }
    zobo_transaction_free(tx);
    how.known.size = watcher.known.size = create.known.size = 4; /* never set */
    assert_err(zobo_get_async(c, "/a", NULL, &how.known, &call), ZOBO_EINVAL);
    assert_err(zobo_get(c, "/a", &watcher.known, NULL), ZOBO_EINVAL);
    assert_err(zobo_create(c, "/p/s", "", 0, &create.known, NULL), ZOBO_EBADOPTION);
    how.known.size = sizeof how.known;
    watcher.known.size = sizeof watcher.known;
    create.known.size = sizeof create.known;
    assert_ok(zobo_get_async(c, "/a", NULL, &how.known, NULL));
    assert_ok(zobo_get(c, "/a", &watcher.known, NULL));
    assert_ok(zobo_create(c, "/p/s", "", 0, &create.known, NULL));
    zobo_close(c);
    zt_peer_stop(peer);
}

static void
test_counters_of_another_size(void **state)
{
    (void)state;
    zobo_client *c;
    struct {
        zobo_counters known;
        uint64_t later[2]; /* as a program has it that was built with a newer zobo */
    } longer;
    assert_ok(zobo_new(NULL, &c, NULL));
    memset(&longer, 0xff, sizeof longer);
    longer.known.size = sizeof longer;
    zobo_get_counters(c, &longer.known);
    assert_int_equal(longer.known.size, sizeof longer);
    assert_int_equal(longer.known.requests, 0);
    assert_int_equal(longer.later[0] | longer.later[1], 0);
    longer.known.size = offsetof(zobo_counters, replies); /* and with an older one */
    longer.known.replies = 7;
    zobo_get_counters(c, &longer.known);
    assert_int_equal(longer.known.replies, 7);
    zobo_counters unset = {.replies = 7};
    zobo_get_counters(c, &unset);
    assert_int_equal(unset.replies, 0);
    zobo_close(c);
}

static void
test_P33_errors_can_be_switched_on(void **state)
{
    (void)state;
    /* They are constants, each of its own value: this does not compile otherwise. */
    for (int i = -2000; i <= 0; i++) {
        bool known = false;
        switch ((zobo_err)i) {
#define X(name, number, cls, zk, text)                                                                                 \
    case name:                                                                                                         \
        known = true;                                                                                                  \
        assert_int_equal(zobo_err_class(name), ZOBO_CLASS_##cls);                                                      \
        assert_string_equal(zobo_err_name(name), zk);                                                                  \
        assert_string_equal(zobo_err_text(name), text);                                                                \
        break;
            ZOBO_ERRORS(X)
#undef X
        default:
            break;
        }
        if (!known)
            assert_string_equal(zobo_err_name((zobo_err)i), "Unknown");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_option_sizes),
        cmocka_unit_test(test_bad_hosts),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test_setup_teardown(test_bad_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flags_that_exclude_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_big, setup, teardown),
        cmocka_unit_test(test_not_started),
        cmocka_unit_test(test_struct_sizes),
        cmocka_unit_test(test_counters_of_another_size),
        cmocka_unit_test(test_P33_errors_can_be_switched_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
