/* SPDX-License-Identifier: Apache-2.0 */
/* Every verb in both forms, its results and its errors. */
#include "support/one_server.h"

#include <stdlib.h>
#include <string.h>

#include "support/record.h"

/* Waits for an asynchronous call and frees it. */
static zobo_err
finish(zobo_err err, zobo_call **call, zobo_reply **out)
{
    zobo_reply *reply = NULL;
    if (!err) {
        err = zobo_call_get(*call, ZT_SOON_MS, &reply);
        zobo_call_free(*call);
    }
    if (out)
        *out = reply;
    else
        zobo_reply_free(reply);
    return err;
}

static void
test_create(void **state)
{
    (void)state;
    zobo_reply *r;
    zobo_call *call;
    assert_ok(zobo_create(zc, in_home("/a"), "data", 4, NULL, &r));
    assert_string_equal(r->path, in_home("/a"));
    assert_false(r->has_stat);
    assert_true(r->zxid > 0);
    zobo_reply_free(r);
    assert_err(zobo_create(zc, in_home("/a"), "", 0, NULL, &r), ZOBO_ENODEEXISTS);
    assert_null(r);
    assert_err(zobo_create(zc, in_home("/no/parent"), "", 0, NULL, NULL), ZOBO_ENONODE);
    assert_ok(finish(zobo_create_async(zc, in_home("/b"), NULL, 0, NULL, NULL, &call), &call, &r));
    assert_string_equal(r->path, in_home("/b"));
    zobo_reply_free(r);
    assert_err(finish(zobo_create_async(zc, in_home("/b"), NULL, 0, NULL, NULL, &call), &call, NULL), ZOBO_ENODEEXISTS);

    zobo_create_options o = {.include_stat = true, .ephemeral = true};
    zobo_client_id id;
    assert_ok(zobo_get_client_id(zc, &id));
    assert_ok(zobo_create(zc, in_home("/e"), "xyz", 3, &o, &r));
    assert_true(r->has_stat);
    assert_int_equal(r->stat.ephemeral_owner, id.session_id);
    assert_int_equal(r->stat.data_length, 3);
    assert_int_equal(r->stat.czxid, r->stat.mzxid);
    zobo_reply_free(r);
    assert_err(zobo_create(zc, in_home("/e/child"), "", 0, NULL, NULL), ZOBO_ENOCHILDRENFOREPHEMERALS);
    assert_ok(zobo_create(zc, in_home("/stat"), "", 0, &(zobo_create_options){.include_stat = true}, &r));
    assert_int_equal(r->stat.ephemeral_owner, 0);
    zobo_reply_free(r);
    zobo_acl_list none = {NULL, 0};
    zobo_err err = zobo_create(zc, in_home("/x"), "", 0, &(zobo_create_options){.acl = &none}, NULL);
    assert_true(err == ZOBO_EINVALIDACL || zobo_err_class(err) == ZOBO_CLASS_USAGE);
    zobo_acl bad = {ZOBO_PERM_ALL, "no-such-scheme", "me"};
    zobo_acl_list bad_list = {&bad, 1};
    assert_err(zobo_create(zc, in_home("/x"), "", 0, &(zobo_create_options){.acl = &bad_list}, NULL), ZOBO_EINVALIDACL);
    assert_err(zobo_create(zc, in_home("/x"), "", 0, &(zobo_create_options){.acl = zobo_creator_all_acl()}, NULL),
               ZOBO_EINVALIDACL);
}

static void
test_sequences_containers_and_ttl(void **state)
{
    (void)state;
    zobo_reply *r;
    zobo_create_options sequence = {.sequence = true};
    assert_ok(zobo_create(zc, in_home("/s-"), "", 0, &sequence, &r));
    assert_string_equal(r->path, in_home("/s-0000000000"));
    zobo_reply_free(r);
    assert_ok(zobo_create(zc, in_home("/"), "", 0, &sequence, &r)); /* a name of digits only */
    assert_string_equal(r->path, in_home("/0000000001"));
    zobo_reply_free(r);
    sequence.ephemeral = sequence.include_stat = true;
    assert_ok(zobo_create(zc, in_home("/s-"), "", 0, &sequence, &r));
    assert_string_equal(r->path, in_home("/s-0000000002"));
    assert_true(r->has_stat && r->stat.ephemeral_owner != 0);
    zobo_reply_free(r);
    zobo_create_options container = {.container = true, .include_stat = true};
    assert_ok(zobo_create(zc, in_home("/c"), "c", 1, &container, &r));
    assert_string_equal(r->path, in_home("/c"));
    assert_true(r->has_stat && r->stat.ephemeral_owner == 0);
    zobo_reply_free(r);
    assert_ok(zobo_create(zc, in_home("/c/x"), "", 0, NULL, NULL));
    zobo_create_options ttl = {.ttl_ms = 100000};
    assert_ok(zobo_create(zc, in_home("/ttl"), "t", 1, &ttl, &r));
    assert_string_equal(r->path, in_home("/ttl"));
    zobo_reply_free(r);
    ttl.sequence = true;
    assert_ok(zobo_create(zc, in_home("/ttl-"), "t", 1, &ttl, &r));
    assert_string_equal(r->path, in_home("/ttl-0000000005"));
    zobo_reply_free(r);
}

static void
test_exists_and_get(void **state)
{
    (void)state;
    zobo_stat stat;
    zobo_reply *r;
    zobo_call *call;
    zt_put(zc, in_home("/a"), "hello");
    assert_ok(zobo_exists(zc, in_home("/a"), NULL, &stat));
    assert_int_equal(stat.data_length, 5);
    assert_int_equal(stat.version, 0);
    assert_true(stat.ctime > 1600000000000);
    assert_err(zobo_exists(zc, in_home("/none"), NULL, &stat), ZOBO_ENONODE);
    assert_ok(zobo_exists(zc, in_home("/a"), NULL, NULL));
    assert_ok(finish(zobo_exists_async(zc, in_home("/a"), NULL, NULL, &call), &call, &r));
    assert_true(r->has_stat && r->stat.czxid == stat.czxid);
    zobo_reply_free(r);
    assert_err(finish(zobo_exists_async(zc, in_home("/none"), NULL, NULL, &call), &call, NULL), ZOBO_ENONODE);

    assert_ok(zobo_get(zc, in_home("/a"), NULL, &r));
    assert_string_equal(r->data, "hello");
    assert_int_equal(r->data_len, 5);
    assert_true(r->has_stat && r->stat.mzxid == stat.mzxid);
    zobo_reply_free(r);
    assert_err(zobo_get(zc, in_home("/none"), NULL, &r), ZOBO_ENONODE);
    assert_ok(finish(zobo_get_async(zc, in_home("/a"), NULL, NULL, &call), &call, &r));
    assert_string_equal(r->data, "hello");
    zobo_reply_free(r);
    assert_ok(zobo_create(zc, in_home("/null"), NULL, 0, NULL, NULL));
    assert_ok(zobo_create(zc, in_home("/empty"), "", 0, NULL, NULL));
    assert_ok(zobo_get(zc, in_home("/null"), NULL, &r));
    assert_null(r->data);
    zobo_reply_free(r);
    assert_ok(zobo_get(zc, in_home("/empty"), NULL, &r));
    assert_non_null(r->data);
    assert_int_equal(r->data_len, 0);
    zobo_reply_free(r);
}

static void
test_set_and_delete(void **state)
{
    (void)state;
    zobo_stat stat;
    zobo_reply *r;
    zobo_call *call;
    zt_put(zc, in_home("/a"), "1");
    assert_ok(zobo_set(zc, in_home("/a"), "22", 2, 0, &stat));
    assert_int_equal(stat.version, 1);
    assert_int_equal(stat.data_length, 2);
    assert_err(zobo_set(zc, in_home("/a"), "3", 1, 0, &stat), ZOBO_EBADVERSION);
    assert_err(zobo_set(zc, in_home("/none"), "3", 1, -1, NULL), ZOBO_ENONODE);
    assert_ok(finish(zobo_set_async(zc, in_home("/a"), NULL, 0, -1, NULL, &call), &call, &r));
    assert_int_equal(r->stat.version, 2);
    zobo_reply_free(r);
    assert_ok(zobo_get(zc, in_home("/a"), NULL, &r));
    assert_null(r->data);
    zobo_reply_free(r);

    zt_put(zc, in_home("/a/b"), "");
    assert_err(zobo_delete(zc, in_home("/a"), -1), ZOBO_ENOTEMPTY);
    assert_err(zobo_delete(zc, in_home("/a/b"), 5), ZOBO_EBADVERSION);
    assert_ok(zobo_delete(zc, in_home("/a/b"), 0));
    assert_err(zobo_delete(zc, in_home("/a/b"), 0), ZOBO_ENONODE);
    assert_ok(finish(zobo_delete_async(zc, in_home("/a"), 2, NULL, &call), &call, NULL));
    assert_err(zobo_exists(zc, in_home("/a"), NULL, NULL), ZOBO_ENONODE);
    assert_err(zobo_delete(zc, "/zookeeper", -1), ZOBO_EBADARGUMENTS);
}

static void
test_large_data(void **state)
{
    (void)state;
    size_t n = 1000000;
    char *data = malloc(n);
    zobo_reply *r;
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * 7 % 253);
    assert_ok(zobo_create(zc, in_home("/big"), data, n, NULL, NULL));
    assert_ok(zobo_get(zc, in_home("/big"), NULL, &r));
    assert_int_equal(r->data_len, n);
    assert_memory_equal(r->data, data, n);
    zobo_reply_free(r);
    zobo_client_id before, after;
    assert_ok(zobo_get_client_id(zc, &before));
    char *more = calloc(1, 1048576);
    assert_non_null(more);
    assert_err(zobo_set(zc, in_home("/big"), more, 1048576, -1, NULL), ZOBO_ETOOBIG); /* or the server hangs up */
    assert_ok(zobo_get_client_id(zc, &after));
    assert_int_equal(before.session_id, after.session_id);
    free(more);
    free(data);
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
test_children(void **state)
{
    (void)state;
    zobo_reply *r;
    zobo_call *call;
    int32_t count;
    assert_ok(zobo_get_children(zc, home, NULL, &r));
    assert_int_equal(r->n_children, 0);
    zobo_reply_free(r);
    for (int i = 0; i < 500; i++) {
        char name[32];
        snprintf(name, sizeof name, "/c%03d", i);
        assert_ok(zobo_create_async(zc, in_home(name), "", 0, NULL, NULL, NULL));
    }
    assert_ok(zobo_get_children(zc, home, NULL, &r)); /* after what was submitted before it */
    assert_int_equal(r->n_children, 500);
    assert_int_equal(r->stat.num_children, 500);
    const char *names[500];
    memcpy(names, r->children, sizeof names);
    qsort(names, 500, sizeof names[0], compare);
    for (int i = 0; i < 500; i++) {
        char name[32];
        snprintf(name, sizeof name, "c%03d", i);
        assert_string_equal(names[i], name);
    }
    zobo_reply_free(r);
    assert_ok(finish(zobo_get_children_async(zc, home, NULL, NULL, &call), &call, &r));
    assert_int_equal(r->n_children, 500);
    zobo_reply_free(r);
    assert_err(zobo_get_children(zc, in_home("/none"), NULL, NULL), ZOBO_ENONODE);
    assert_ok(zobo_create(zc, in_home("/c000/deeper"), "", 0, NULL, NULL));
    assert_ok(zobo_get_all_children_number(zc, home, &count));
    assert_int_equal(count, 501);
    assert_ok(finish(zobo_get_all_children_number_async(zc, home, NULL, &call), &call, &r));
    assert_int_equal(r->count, 501);
    zobo_reply_free(r);
    assert_err(zobo_get_all_children_number(zc, in_home("/none"), &count), ZOBO_ENONODE);
}

static void
test_ephemerals(void **state)
{
    (void)state;
    zobo_reply *r;
    zobo_call *call;
    zobo_create_options e = {.ephemeral = true};
    assert_ok(zobo_create(zc, in_home("/e1"), "", 0, &e, NULL));
    assert_ok(zobo_create(zc, in_home("/e12"), "", 0, &e, NULL));
    assert_ok(zobo_get_ephemerals(zc, in_home("/e1"), &r));
    assert_int_equal(r->n_children, 2); /* compared as strings */
    zobo_reply_free(r);
    assert_ok(finish(zobo_get_ephemerals_async(zc, in_home("/e12"), NULL, &call), &call, &r));
    assert_int_equal(r->n_children, 1);
    assert_string_equal(r->children[0], in_home("/e12"));
    zobo_reply_free(r);
    zobo_client *other = zt_client(zk.hosts, 10000);
    assert_ok(zobo_get_ephemerals(other, in_home("/e1"), &r)); /* this session's only */
    assert_int_equal(r->n_children, 0);
    zobo_reply_free(r);
    zobo_close(other);
}

static void
test_sync(void **state)
{
    (void)state;
    zobo_reply *r;
    zobo_call *call;
    assert_ok(zobo_sync(zc, in_home("/whatever")));
    assert_ok(finish(zobo_sync_async(zc, home, NULL, &call), &call, &r));
    assert_string_equal(r->path, home);
    zobo_reply_free(r);
}

static void
test_multi_read(void **state)
{
    (void)state;
    zobo_reply *r;
    zobo_call *call;
    zt_put(zc, in_home("/a"), "x");
    zt_put(zc, in_home("/a/b"), "");
    zobo_read reads[4] = {{ZOBO_READ_DATA, in_home("/a")},
                          {ZOBO_READ_CHILDREN, in_home("/none")},
                          {ZOBO_READ_CHILDREN, in_home("/a")},
                          {ZOBO_READ_DATA, in_home("/a/b")}};
    for (int form = 0; form < 2; form++) {
        zobo_err err = form ? finish(zobo_multi_read_async(zc, reads, 4, NULL, &call), &call, &r)
                            : zobo_multi_read(zc, reads, 4, &r);
        assert_ok(err);
        assert_int_equal(r->n_results, 4);
        assert_string_equal(r->results[0].data, "x");
        assert_true(r->results[0].has_stat);
        assert_err(r->results[1].err, ZOBO_ENONODE);
        assert_int_equal(r->results[2].n_children, 1);
        assert_string_equal(r->results[2].children[0], "b");
        assert_int_equal(r->results[3].data_len, 0);
        zobo_reply_free(r);
    }
}

static void
test_utf8_and_long_names(void **state)
{
    (void)state;
    zobo_reply *r;
    const char *path = in_home("/\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac");
    assert_ok(zobo_create(zc, path, "", 0, NULL, &r));
    assert_string_equal(r->path, path);
    zobo_reply_free(r);
    assert_ok(zobo_get(zc, path, NULL, NULL));
    char name[3000];
    snprintf(name, sizeof name, "%s/", home);
    size_t from = strlen(name);
    memset(name + from, 'n', sizeof name - 1 - from);
    name[sizeof name - 1] = 0;
    assert_ok(zobo_create(zc, name, "", 0, NULL, &r));
    assert_string_equal(r->path, name);
    zobo_reply_free(r);
}

static bool
count_down(void *arg)
{
    return --*(int *)arg < 0;
}

typedef struct attempts {
    int n;
    zobo_err say;
} attempts;

static zobo_err
attempt(void *arg)
{
    attempts *a = arg;
    a->n++;
    return a->n < 3 ? a->say : zobo_sync(zc, "/");
}

static void
test_retry(void **state)
{
    (void)state;
    zobo_retry_policy policy = {.size = sizeof policy, .delay_ms = 10};
    zobo_err last;
    attempts a = {0, ZOBO_ECONNECTIONLOSS};
    assert_ok(zobo_retry(zc, &policy, attempt, &a, &last));
    assert_int_equal(a.n, 3);
    a = (attempts){0, ZOBO_ESESSIONEXPIRED};
    assert_ok(zobo_retry(zc, &policy, attempt, &a, &last));
    a = (attempts){0, ZOBO_ENONODE};
    assert_err(zobo_retry(zc, &policy, attempt, &a, &last), ZOBO_ENONODE);
    assert_int_equal(a.n, 1);
    policy.max_tries = 2;
    a = (attempts){0, ZOBO_ENOTSENT};
    assert_err(zobo_retry(zc, &policy, attempt, &a, &last), ZOBO_ERETRYFAILED);
    assert_err(last, ZOBO_ENOTSENT);
    assert_int_equal(a.n, 2);
    policy.max_tries = 0;
    int interrupt_after = 0;
    policy.interrupt = count_down;
    policy.interrupt_arg = &interrupt_after;
    a = (attempts){0, ZOBO_ENOTSENT};
    assert_err(zobo_retry(zc, &policy, attempt, &a, &last), ZOBO_EINTERRUPTED);
    policy.interrupt = NULL;
    policy.jitter_percent = 101;
    assert_err(zobo_retry(zc, &policy, attempt, &a, NULL), ZOBO_EBADOPTION);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        home_test(test_create),         home_test(test_sequences_containers_and_ttl),
        home_test(test_exists_and_get), home_test(test_set_and_delete),
        home_test(test_large_data),     home_test(test_children),
        home_test(test_ephemerals),     home_test(test_sync),
        home_test(test_multi_read),     home_test(test_utf8_and_long_names),
        home_test(test_retry),
    };
    return run_on_one_server(tests);
}
