/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/rng.h"
#include "core/reply.h"

/* A body being put together. */
typedef struct body {
    uint8_t bytes[4000];
    zb_writer w;
} body;

static void
begin(body *b)
{
    b->w = zb_writer_of(b->bytes, sizeof b->bytes);
}

static void
put_text(body *b, const char *s)
{
    zb_put_str(&b->w, zb_buf_of(s));
}

static const zobo_stat stat1 = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static void
put_header(body *b, int32_t type, bool done, int32_t err)
{
    struct zb_multi_header header = {type, done, err};
    zb_put_multi_header(&b->w, &header);
}

static const zb_chroot app = {"/app", 4};

/* build makes a reply from exactly the body's bytes, then checks that no shorter body makes one. */
static zobo_reply *
build(zb_reply_kind kind, const body *b, const zb_chroot *chroot)
{
    zobo_reply *out = NULL;
    assert_false(b->w.bad);
    for (size_t n = 0; n <= b->w.n; n++) {
        uint8_t *bytes = exact(b->bytes, n);
        zobo_err err = zb_reply_build(kind, zb_reader_of(bytes, n), 77, chroot, &out);
        free(bytes); /* the reply must not point into it */
        assert_int_equal(err, n < b->w.n ? ZOBO_EBADREPLY : ZOBO_OK);
        assert_int_equal(out != NULL, err == ZOBO_OK);
    }
    assert_true(out->zxid == 77);
    return out;
}

static void
expect_bad(zb_reply_kind kind, const body *b)
{
    zobo_reply *out = (zobo_reply *)(uintptr_t)1;
    uint8_t *bytes = exact(b->bytes, b->w.n);
    assert_int_equal(zb_reply_build(kind, zb_reader_of(bytes, b->w.n), 1, NULL, &out), ZOBO_EBADREPLY);
    assert_null(out);
    free(bytes);
}

static void
expect_stat(const zobo_stat *stat)
{
    assert_true(stat->czxid == 1 && stat->mzxid == 2 && stat->ctime == 3 && stat->mtime == 4 && stat->version == 5 &&
                stat->cversion == 6 && stat->aversion == 7 && stat->ephemeral_owner == 8 && stat->data_length == 9 &&
                stat->num_children == 10 && stat->pzxid == 11);
}

static void
an_empty_body(void **state)
{
    (void)state;
    body b;
    begin(&b);
    zobo_reply *reply = build(ZB_REPLY_EMPTY, &b, NULL);
    zobo_reply zero;
    memset(&zero, 0, sizeof zero);
    zero.zxid = 77;
    assert_memory_equal(reply, &zero, sizeof zero);
    zobo_reply_free(reply);
    zobo_reply_free(NULL);
}

static void
paths(void **state)
{
    (void)state;
    body b;
    begin(&b);
    put_text(&b, "/app/x-0000000001");
    zobo_reply *reply = build(ZB_REPLY_PATH, &b, NULL);
    assert_string_equal(reply->path, "/app/x-0000000001");
    assert_false(reply->has_stat);
    zobo_reply_free(reply);
    reply = build(ZB_REPLY_PATH, &b, &app);
    assert_string_equal(reply->path, "/x-0000000001");
    zobo_reply_free(reply);

    begin(&b);
    put_text(&b, "/app");
    zb_put_stat(&b.w, stat1);
    reply = build(ZB_REPLY_PATH_STAT, &b, &app);
    assert_string_equal(reply->path, "/");
    assert_true(reply->has_stat);
    expect_stat(&reply->stat);
    zobo_reply_free(reply);

    begin(&b);
    put_text(&b, "/elsewhere");
    reply = build(ZB_REPLY_PATH, &b, &app);
    assert_string_equal(reply->path, "/elsewhere");
    zobo_reply_free(reply);

    begin(&b);
    put_text(&b, NULL);
    expect_bad(ZB_REPLY_PATH, &b);
    begin(&b);
    zb_put_buf(&b.w, (zb_buf){"/a\0b", 4});
    expect_bad(ZB_REPLY_PATH, &b);
}

static void
data_and_stats(void **state)
{
    (void)state;
    body b;
    begin(&b);
    zb_put_stat(&b.w, stat1);
    zobo_reply *reply = build(ZB_REPLY_STAT, &b, NULL);
    assert_true(reply->has_stat);
    expect_stat(&reply->stat);
    zobo_reply_free(reply);

    begin(&b);
    zb_put_buf(&b.w, (zb_buf){"a\0b", 3});
    zb_put_stat(&b.w, stat1);
    reply = build(ZB_REPLY_DATA_STAT, &b, NULL);
    assert_int_equal(reply->data_len, 3);
    assert_memory_equal(reply->data, "a\0b", 4);
    expect_stat(&reply->stat);
    zobo_reply_free(reply);

    begin(&b);
    zb_put_buf(&b.w, (zb_buf){"", 0});
    zb_put_stat(&b.w, stat1);
    reply = build(ZB_REPLY_DATA_STAT, &b, NULL);
    assert_int_equal(reply->data_len, 0);
    assert_non_null(reply->data);
    assert_int_equal(*(const char *)reply->data, 0);
    zobo_reply_free(reply);

    begin(&b);
    zb_put_buf(&b.w, (zb_buf){NULL, -1});
    zb_put_stat(&b.w, stat1);
    reply = build(ZB_REPLY_DATA_STAT, &b, NULL);
    assert_int_equal(reply->data_len, 0);
    assert_null(reply->data);
    zobo_reply_free(reply);

    begin(&b);
    zb_put_buf(&b.w, (zb_buf){"tok", 3});
    reply = build(ZB_REPLY_TOKEN, &b, NULL);
    assert_string_equal(reply->data, "tok");
    assert_int_equal(reply->data_len, 3);
    zobo_reply_free(reply);
}

static void
children(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "", "lock-0000000003"};
    body b;
    begin(&b);
    zb_put_strvec(&b.w, (zb_strvec){names, 3, NULL, NULL});
    zobo_reply *reply = build(ZB_REPLY_CHILDREN, &b, &app);
    assert_int_equal(reply->n_children, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(reply->children[i], names[i]);
    assert_false(reply->has_stat);
    zobo_reply_free(reply);

    zb_put_stat(&b.w, stat1);
    reply = build(ZB_REPLY_CHILDREN_STAT, &b, NULL);
    assert_int_equal(reply->n_children, 3);
    assert_string_equal(reply->children[2], "lock-0000000003");
    expect_stat(&reply->stat);
    zobo_reply_free(reply);

    for (int32_t n = -1; n <= 0; n++) {
        begin(&b);
        zb_put_i32(&b.w, n);
        reply = build(ZB_REPLY_CHILDREN, &b, NULL);
        assert_int_equal(reply->n_children, 0);
        zobo_reply_free(reply);
    }

    begin(&b);
    zb_put_i32(&b.w, 2);
    put_text(&b, NULL); /* no server sends it: it reads as empty */
    put_text(&b, "b");
    reply = build(ZB_REPLY_CHILDREN, &b, NULL);
    assert_int_equal(reply->n_children, 2);
    assert_string_equal(reply->children[0], "");
    assert_string_equal(reply->children[1], "b");
    zobo_reply_free(reply);

    begin(&b);
    zb_put_i32(&b.w, 1);
    zb_put_buf(&b.w, (zb_buf){"a\0", 2});
    expect_bad(ZB_REPLY_CHILDREN, &b);
    begin(&b);
    zb_put_i32(&b.w, 2);
    put_text(&b, "only one");
    expect_bad(ZB_REPLY_CHILDREN, &b);
    begin(&b);
    zb_put_i32(&b.w, INT32_MAX);
    put_text(&b, "a");
    expect_bad(ZB_REPLY_CHILDREN, &b);
    begin(&b);
    zb_put_i32(&b.w, -2);
    expect_bad(ZB_REPLY_CHILDREN, &b);
}

static void
ephemerals_outside_of_the_chroot_are_left_out(void **state)
{
    (void)state;
    static const char *const found[] = {"/apple", "/app/a", "/app", "/app2/x", "/app/b/c"};
    body b;
    begin(&b);
    zb_put_strvec(&b.w, (zb_strvec){found, 5, NULL, NULL});
    zobo_reply *reply = build(ZB_REPLY_CHILDREN, &b, &app);
    assert_int_equal(reply->n_children, 3);
    assert_string_equal(reply->children[0], "/a");
    assert_string_equal(reply->children[1], "/");
    assert_string_equal(reply->children[2], "/b/c");
    zobo_reply_free(reply);
    reply = build(ZB_REPLY_CHILDREN, &b, NULL);
    assert_int_equal(reply->n_children, 5);
    assert_string_equal(reply->children[4], "/app/b/c");
    zobo_reply_free(reply);
}

static void
acls_and_ids(void **state)
{
    (void)state;
    static const zobo_acl acls[] = {{31, "world", "anyone"}, {1, "digest", "u:xyz="}};
    body b;
    begin(&b);
    zb_put_aclvec(&b.w, (zb_aclvec){acls, 2, NULL, NULL});
    zb_put_stat(&b.w, stat1);
    zobo_reply *reply = build(ZB_REPLY_ACL_STAT, &b, &app);
    assert_int_equal(reply->n_acls, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(reply->acls[i].perms, acls[i].perms);
        assert_string_equal(reply->acls[i].scheme, acls[i].scheme);
        assert_string_equal(reply->acls[i].id, acls[i].id);
    }
    expect_stat(&reply->stat);
    zobo_reply_free(reply);

    begin(&b);
    zb_put_i32(&b.w, -1);
    zb_put_stat(&b.w, stat1);
    reply = build(ZB_REPLY_ACL_STAT, &b, NULL);
    assert_int_equal(reply->n_acls, 0);
    zobo_reply_free(reply);

    begin(&b);
    zb_put_i32(&b.w, 2);
    put_text(&b, "ip");
    put_text(&b, "127.0.0.1");
    put_text(&b, "digest");
    put_text(&b, NULL);
    reply = build(ZB_REPLY_IDS, &b, NULL);
    assert_int_equal(reply->n_acls, 2);
    assert_string_equal(reply->acls[0].scheme, "ip");
    assert_string_equal(reply->acls[0].id, "127.0.0.1");
    assert_int_equal(reply->acls[0].perms, 0);
    assert_string_equal(reply->acls[1].scheme, "digest");
    assert_string_equal(reply->acls[1].id, "");
    zobo_reply_free(reply);

    begin(&b);
    zb_put_i32(&b.w, -1);
    reply = build(ZB_REPLY_IDS, &b, NULL);
    assert_int_equal(reply->n_acls, 0);
    zobo_reply_free(reply);

    begin(&b);
    zb_put_i32(&b.w, 1);
    zb_put_buf(&b.w, (zb_buf){"i\0p", 3});
    put_text(&b, "x");
    expect_bad(ZB_REPLY_IDS, &b);
}

static void
counts_and_errors(void **state)
{
    (void)state;
    body b;
    begin(&b);
    zb_put_i32(&b.w, 12345);
    zobo_reply *reply = build(ZB_REPLY_COUNT, &b, NULL);
    assert_int_equal(reply->count, 12345);
    assert_int_equal(reply->err, ZOBO_OK);
    zobo_reply_free(reply);

    begin(&b);
    zb_put_i32(&b.w, -1);
    expect_bad(ZB_REPLY_COUNT, &b);
    reply = build(ZB_REPLY_ERR, &b, NULL);
    assert_int_equal(reply->err, -1);
    zobo_reply_free(reply);
    begin(&b);
    zb_put_i32(&b.w, ZOBO_ETRANSACTION); /* our own numbers are not the server's to say */
    expect_bad(ZB_REPLY_ERR, &b);
    begin(&b);
    put_header(&b, -1, false, ZOBO_ENOMEM);
    zb_put_i32(&b.w, ZOBO_ENOMEM);
    put_header(&b, -1, true, -1);
    expect_bad(ZB_REPLY_MULTI, &b);
    begin(&b);
    zb_put_i32(&b.w, 0);
    reply = build(ZB_REPLY_ERR, &b, NULL);
    assert_int_equal(reply->err, ZOBO_OK);
    zobo_reply_free(reply);
}

static void
put_transaction(body *b)
{
    begin(b);
    put_header(b, 1, false, 0);
    put_text(b, "/app/one");
    put_header(b, 15, false, 0);
    put_text(b, "/app");
    zb_put_stat(&b->w, stat1);
    put_header(b, 5, false, 0);
    zb_put_stat(&b->w, stat1);
    put_header(b, 2, false, 0);
    put_header(b, 13, false, 0);
    put_header(b, -1, true, -1);
}

static void
a_transaction(void **state)
{
    (void)state;
    body b;
    put_transaction(&b);
    zobo_reply *reply = build(ZB_REPLY_MULTI, &b, &app);
    assert_int_equal(reply->err, ZOBO_OK);
    assert_int_equal(reply->n_results, 5);
    const zobo_result *r = reply->results;
    assert_string_equal(r[0].path, "/one");
    assert_false(r[0].has_stat);
    assert_string_equal(r[1].path, "/");
    assert_true(r[1].has_stat);
    expect_stat(&r[1].stat);
    assert_null(r[2].path);
    assert_true(r[2].has_stat);
    expect_stat(&r[2].stat);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(r[i].err, ZOBO_OK);
        assert_null(r[i].data);
        assert_null(r[i].children);
        if (i > 2)
            assert_true(r[i].path == NULL && !r[i].has_stat);
    }
    zobo_reply_free(reply);

    begin(&b);
    put_header(&b, -1, true, -1);
    reply = build(ZB_REPLY_MULTI, &b, NULL);
    assert_int_equal(reply->n_results, 0);
    assert_int_equal(reply->err, ZOBO_OK);
    zobo_reply_free(reply);
}

static void
a_transaction_that_failed(void **state)
{
    (void)state;
    static const int errors[] = {0, -103, -2};
    body b;
    begin(&b);
    for (int i = 0; i < 3; i++) {
        put_header(&b, -1, false, errors[i]);
        zb_put_i32(&b.w, errors[i]);
    }
    put_header(&b, -1, true, -1);
    zobo_reply *reply = build(ZB_REPLY_MULTI, &b, NULL);
    assert_int_equal(reply->err, ZOBO_ETRANSACTION);
    assert_int_equal(reply->n_results, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reply->results[i].err, errors[i] == ZOBO_OK ? ZOBO_EROLLEDBACK : errors[i]);
    zobo_reply_free(reply);
}

static void
reads_that_stand_for_themselves(void **state)
{
    (void)state;
    static const char *const names[] = {"x", "yy"};
    body b;
    begin(&b);
    put_header(&b, 4, false, 0);
    zb_put_buf(&b.w, (zb_buf){"data", 4});
    zb_put_stat(&b.w, stat1);
    put_header(&b, -1, false, -101);
    zb_put_i32(&b.w, -101);
    put_header(&b, 8, false, 0);
    zb_put_strvec(&b.w, (zb_strvec){names, 2, NULL, NULL});
    put_header(&b, 4, false, 0);
    zb_put_buf(&b.w, (zb_buf){NULL, -1});
    zb_put_stat(&b.w, stat1);
    put_header(&b, -1, true, -1);
    zobo_reply *reply = build(ZB_REPLY_MULTI_READ, &b, NULL);
    assert_int_equal(reply->err, ZOBO_OK);
    assert_int_equal(reply->n_results, 4);
    const zobo_result *r = reply->results;
    assert_int_equal(r[0].data_len, 4);
    assert_string_equal(r[0].data, "data");
    expect_stat(&r[0].stat);
    assert_int_equal(r[1].err, ZOBO_ENONODE);
    assert_int_equal(r[2].n_children, 2);
    assert_string_equal(r[2].children[0], "x");
    assert_string_equal(r[2].children[1], "yy");
    assert_null(r[3].data);
    assert_true(r[3].has_stat);
    zobo_reply_free(reply);
}

static void
results_of_the_wrong_kind(void **state)
{
    (void)state;
    static const struct {
        zb_reply_kind kind;
        int32_t type;
    } cases[] = {
        {ZB_REPLY_MULTI, 4},       {ZB_REPLY_MULTI, 8},      {ZB_REPLY_MULTI, 0},       {ZB_REPLY_MULTI, 3},
        {ZB_REPLY_MULTI, 14},      {ZB_REPLY_MULTI, -2},     {ZB_REPLY_MULTI, 1000},    {ZB_REPLY_MULTI_READ, 1},
        {ZB_REPLY_MULTI_READ, 2},  {ZB_REPLY_MULTI_READ, 5}, {ZB_REPLY_MULTI_READ, 13}, {ZB_REPLY_MULTI_READ, 15},
        {ZB_REPLY_MULTI_READ, 12},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        body b;
        begin(&b);
        put_header(&b, cases[i].type, false, 0);
        for (int j = 0; j < 100; j++)
            zb_put_i32(&b.w, 0);
        expect_bad(cases[i].kind, &b);
    }
    body b;
    begin(&b);
    put_header(&b, 2, false, 0); /* and no end */
    expect_bad(ZB_REPLY_MULTI, &b);
}

static void
out_of_memory_is_a_lost_reply(void **state)
{
    (void)state;
    body b;
    put_transaction(&b);
    zobo_reply *reply = (zobo_reply *)(uintptr_t)1;
    zb_mem_fail_after(0, 1);
    zobo_err err = zb_reply_build(ZB_REPLY_MULTI, zb_reader_of(b.bytes, b.w.n), 1, NULL, &reply);
    assert_int_equal(zb_mem_fail_after(1, 1), 1);
    assert_int_equal(err, ZOBO_EREPLYLOST);
    assert_null(reply);

    /* one allocation is enough */
    err = zb_reply_build(ZB_REPLY_MULTI, zb_reader_of(b.bytes, b.w.n), 1, NULL, &reply);
    assert_int_equal(zb_mem_fail_after(0, 1), 1);
    assert_int_equal(err, ZOBO_OK);
    zobo_reply_free(reply);
    assert_null(zb_reply_text("x", 1));
    assert_int_equal(zb_mem_fail_after(-1, 0), 1);
}

static void
texts(void **state)
{
    (void)state;
    zobo_reply *reply = zb_reply_text("imok", 4);
    assert_non_null(reply);
    assert_int_equal(reply->data_len, 4);
    assert_string_equal(reply->data, "imok");
    assert_int_equal(reply->err, ZOBO_OK);
    zobo_reply_free(reply);
    reply = zb_reply_text(NULL, 0);
    assert_non_null(reply);
    assert_string_equal(reply->data, "");
    zobo_reply_free(reply);
}

/* Whatever the bytes, nothing is read beyond them. */
static void
noise_does_no_harm(void **state)
{
    (void)state;
    zb_rng rng = {4711};
    size_t made = 0;
    for (int round = 0; round < 60000; round++) {
        size_t n = (size_t)zb_rng_below(&rng, 150);
        uint8_t *bytes = malloc(n ? n : 1);
        assert_non_null(bytes);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(zb_rng_below(&rng, 3) ? 0 : zb_rng_next(&rng) >> (56 + zb_rng_below(&rng, 8)));
        zobo_reply *reply;
        zb_reply_kind kind = (zb_reply_kind)zb_rng_below(&rng, ZB_REPLY_TOKEN + 1);
        if (zb_reply_build(kind, zb_reader_of(bytes, n), 0, &app, &reply) == ZOBO_OK)
            made++;
        else
            assert_null(reply);
        zobo_reply_free(reply);
        free(bytes);
    }
    assert_true(made > 5000);
    zobo_reply *reply;
    zb_reader failed = zb_reader_of("", 0);
    zb_reader_fail(&failed);
    assert_int_equal(zb_reply_build(ZB_REPLY_EMPTY, failed, 0, NULL, &reply), ZOBO_EBADREPLY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_body),
        cmocka_unit_test(paths),
        cmocka_unit_test(data_and_stats),
        cmocka_unit_test(children),
        cmocka_unit_test(ephemerals_outside_of_the_chroot_are_left_out),
        cmocka_unit_test(acls_and_ids),
        cmocka_unit_test(counts_and_errors),
        cmocka_unit_test(a_transaction),
        cmocka_unit_test(a_transaction_that_failed),
        cmocka_unit_test(reads_that_stand_for_themselves),
        cmocka_unit_test(results_of_the_wrong_kind),
        cmocka_unit_test(out_of_memory_is_a_lost_reply),
        cmocka_unit_test(texts),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
