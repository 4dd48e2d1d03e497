/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "wire/codec.h"

static void
numbers_are_big_endian(void **state)
{
    (void)state;
    uint8_t out[26];
    zb_writer w = zb_writer_of(out, sizeof out);
    zb_put_i32(&w, 0x01020304);
    zb_put_i32(&w, -2);
    zb_put_i64(&w, 0x0102030405060708);
    zb_put_i64(&w, INT64_MIN);
    zb_put_bool(&w, true);
    zb_put_bool(&w, false);
    assert_false(w.bad);
    assert_int_equal(w.n, 26);
    assert_ptr_equal(w.p, w.end);
    assert_memory_equal(out, "\x01\x02\x03\x04\xff\xff\xff\xfe\x01\x02\x03\x04\x05\x06\x07\x08\x80\0\0\0\0\0\0\0\x01\0",
                        26);

    zb_reader r = zb_reader_of(out, sizeof out);
    assert_int_equal(zb_get_i32(&r), 0x01020304);
    assert_int_equal(zb_get_i32(&r), -2);
    assert_true(zb_get_i64(&r) == 0x0102030405060708);
    assert_true(zb_get_i64(&r) == INT64_MIN);
    assert_true(zb_get_bool(&r));
    assert_false(zb_get_bool(&r));
    assert_false(r.bad);
    assert_int_equal(zb_reader_left(&r), 0);
}

static void
loads_and_stores_need_no_alignment(void **state)
{
    (void)state;
    uint8_t *odd = exact("\xaa\x80\x70\x60\x50\x40\x30\x20\x10", 9);
    assert_true(zb_load32(odd + 1) == 0x80706050U);
    assert_true(zb_load64(odd + 1) == 0x8070605040302010U);
    zb_store32(odd + 5, 0xfedcba98U);
    assert_memory_equal(odd, "\xaa\x80\x70\x60\x50\xfe\xdc\xba\x98", 9);
    zb_store64(odd + 1, 0x0123456789abcdefU);
    assert_memory_equal(odd, "\xaa\x01\x23\x45\x67\x89\xab\xcd\xef", 9);
    free(odd);
}

/* get_buf_of reads a buffer from bytes that end where they end. */
static zb_buf
get_buf_of(const char *bytes, size_t n, bool *bad, size_t *left)
{
    uint8_t *copy = exact(bytes, n);
    zb_reader r = zb_reader_of(copy, n);
    zb_buf v = zb_get_buf(&r);
    *bad = r.bad;
    *left = zb_reader_left(&r);
    if (v.n > 0)
        assert_true((const uint8_t *)v.p >= copy && (const uint8_t *)v.p + v.n <= copy + n);
    free(copy);
    return v;
}

static void
lengths_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        bool bad;
        int32_t got;
        size_t left;
    } cases[] = {
        {"", 0, true, 0, 0},
        {"\0\0\0", 3, true, 0, 0},
        {"\0\0\0\0", 4, false, 0, 0},
        {"\xff\xff\xff\xff", 4, false, -1, 0},
        {"\xff\xff\xff\xffxy", 6, false, -1, 2},
        {"\xff\xff\xff\xfe", 4, true, 0, 0},
        {"\xff\xff\xff\xfexy", 6, true, 0, 0},
        {"\x80\0\0\0xy", 6, true, 0, 0},
        {"\x7f\xff\xff\xffxy", 6, true, 0, 0},
        {"\0\0\0\x02xy", 6, false, 2, 0},
        {"\0\0\0\x02xyz", 7, false, 2, 1},
        {"\0\0\0\x03xy", 6, true, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool bad;
        size_t left;
        zb_buf v = get_buf_of(cases[i].bytes, cases[i].n, &bad, &left);
        assert_int_equal(bad, cases[i].bad);
        assert_int_equal(v.n, cases[i].got);
        assert_int_equal(left, cases[i].left);
        if (v.n >= 0)
            assert_non_null(v.p);
        else
            assert_null(v.p);
    }
}

static void
an_error_sticks(void **state)
{
    (void)state;
    zb_reader r = zb_reader_of("\0\0\0\x09"
                               "abc\x01\x02\x03\x04\x05\x06\x07\x08",
                               15);
    zb_buf v = zb_get_buf(&r); /* would be 9 of 11 */
    assert_false(r.bad);
    assert_int_equal(v.n, 9);
    assert_int_equal(zb_get_i32(&r), 0);
    assert_true(r.bad);
    assert_int_equal(zb_reader_left(&r), 0);
    assert_false(zb_get_bool(&r)); /* though a byte would have been there */
    assert_true(zb_get_i64(&r) == 0);
    v = zb_get_str(&r);
    assert_int_equal(v.n, 0);
    assert_non_null(v.p);
    zb_path path = zb_get_path(&r);
    assert_int_equal(path.path_len, 0);
    assert_non_null(path.path);
    assert_int_equal(zb_get_strvec(&r).n, 0);
    assert_int_equal(zb_get_aclvec(&r).n, 0);
    assert_int_equal(zb_get_raw(&r).n, 0);
    zobo_stat stat = zb_get_stat(&r); /* by fields: what lies between them is nobody's */
    assert_true(!stat.czxid && !stat.mzxid && !stat.ctime && !stat.mtime && !stat.pzxid && !stat.ephemeral_owner);
    assert_true(!stat.version && !stat.cversion && !stat.aversion && !stat.data_length && !stat.num_children);
    zb_acl_view acl = zb_get_acl(&r);
    assert_int_equal(acl.scheme.n, 0);
    assert_int_equal(acl.id.n, 0);
    assert_true(r.bad);
}

static void
nothing_can_be_read_from_nothing(void **state)
{
    (void)state;
    zb_reader r = zb_reader_of(NULL, 0);
    assert_int_equal(zb_reader_left(&r), 0);
    zb_raw raw = zb_get_raw(&r);
    assert_int_equal(raw.n, 0);
    assert_false(r.bad);
    assert_int_equal(zb_get_buf(&r).n, 0);
    assert_true(r.bad);
}

static void
counts_are_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        int32_t strings, acls; /* what is got, -2 for bad */
    } cases[] = {
        {"\0\0\0\0", 4, 0, 0},
        {"\xff\xff\xff\xff", 4, -1, -1},
        {"\xff\xff\xff\xfe\0\0\0\0", 8, -2, -2},
        {"\x80\0\0\0\0\0\0\0", 8, -2, -2},
        {"\0\0\0\x01", 4, -2, -2},
        {"\0\0\0\x01\0\0\0", 7, -2, -2},
        {"\0\0\0\x01\0\0\0\0", 8, 1, -2},
        {"\0\0\0\x01\xff\xff\xff\xff", 8, 1, -2},
        {"\0\0\0\x01\xff\xff\xff\xfe", 8, -2, -2},
        {"\0\0\0\x02\0\0\0\x03xyz", 11, -2, -2},
        {"\0\0\0\x02\0\0\0\x03xyz\0\0\0\0", 15, 2, -2},
        {"\0\0\0\x01\0\0\0\x1f\0\0\0\x01w\0\0\0\x01", 17, -2, -2},
        {"\0\0\0\x01\0\0\0\0\0\0\0\x01w\0\0\0\x01z", 18, 1, 1},
        {"\0\0\0\x01\0\0\0\0\0\0\0\x01w\0\0\0\x02z", 18, 1, -2},
        {"\x7f\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0", 16, -2, -2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *copy = exact(cases[i].bytes, cases[i].n);
        zb_reader r = zb_reader_of(copy, cases[i].n);
        zb_strvec strings = zb_get_strvec(&r);
        assert_int_equal(r.bad ? -2 : strings.n, cases[i].strings);
        if (r.bad)
            assert_int_equal(strings.n, 0);
        assert_true(strings.p <= strings.end);
        r = zb_reader_of(copy, cases[i].n);
        zb_aclvec acls = zb_get_aclvec(&r);
        assert_int_equal(r.bad ? -2 : acls.n, cases[i].acls);
        if (r.bad)
            assert_int_equal(acls.n, 0);
        assert_true(acls.p <= acls.end);
        free(copy);
    }
}

static void
a_path_has_two_parts_and_is_one(void **state)
{
    (void)state;
    uint8_t out[16];
    zb_writer w = zb_writer_of(out, sizeof out);
    zb_path v = {"/app", "/x", 4, 2};
    zb_put_path(&w, v);
    assert_int_equal(w.n, 10);
    assert_memory_equal(out, "\0\0\0\x06/app/x", 10);
    zb_reader r = zb_reader_of(out, 10);
    v = zb_get_path(&r);
    assert_int_equal(v.prefix_len, 0);
    assert_int_equal(v.path_len, 6);
    assert_memory_equal(v.path, "/app/x", 6);

    r = zb_reader_of("\xff\xff\xff\xff", 4);
    v = zb_get_path(&r);
    assert_false(r.bad);
    assert_int_equal(v.path_len, 0);
    assert_non_null(v.path);

    zb_path endless = {"", "", UINT32_MAX, UINT32_MAX};
    w = zb_writer_counting();
    zb_put_path(&w, endless);
    assert_true(w.bad);
}

static void
null_is_not_empty(void **state)
{
    (void)state;
    assert_int_equal(zb_buf_of(NULL).n, -1);
    assert_int_equal(zb_buf_of("").n, 0);
    assert_int_equal(zb_buf_of("abc").n, 3);
    uint8_t out[16];
    zb_writer w = zb_writer_of(out, sizeof out);
    zb_put_buf(&w, zb_buf_of(NULL));
    zb_put_buf(&w, zb_buf_of(""));
    zb_strvec none = {NULL, -1, NULL, NULL}, empty = {NULL, 0, NULL, NULL};
    zb_put_strvec(&w, none);
    zb_put_strvec(&w, empty);
    assert_memory_equal(out, "\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\0\0\0\0", 16);
}

static void
vectors_of_the_callers_own(void **state)
{
    (void)state;
    static const char *const names[] = {"ab", "", "c"};
    static const zobo_acl acls[] = {{31, "world", "anyone"}, {1, "auth", ""}};
    zb_strvec strings = {names, 3, NULL, NULL};
    zb_aclvec list = {acls, 2, NULL, NULL};
    uint8_t out[80];
    zb_writer w = zb_writer_of(out, sizeof out);
    zb_put_strvec(&w, strings);
    zb_put_aclvec(&w, list);
    static const char expected[] = "\0\0\0\x03\0\0\0\x02"
                                   "ab\0\0\0\0\0\0\0\x01"
                                   "c\0\0\0\x02\0\0\0\x1f\0\0\0\x05world\0\0\0\x06"
                                   "anyone\0\0\0\x01\0\0\0\x04"
                                   "auth\0\0\0\0";
    assert_false(w.bad);
    assert_int_equal(w.n, sizeof expected - 1);
    assert_memory_equal(out, expected, sizeof expected - 1);
}

/* A short field after one that did not fit must not be written in its place. */
static void
a_writer_stays_bad(void **state)
{
    (void)state;
    uint8_t *out = exact("......", 6);
    zb_writer w = zb_writer_of(out, 6);
    zb_put_i32(&w, 1);
    zb_put_i64(&w, 2);
    zb_put_bool(&w, true);
    assert_true(w.bad);
    assert_int_equal(w.n, 13);
    assert_memory_equal(out, "\0\0\0\x01..", 6);
    free(out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(loads_and_stores_need_no_alignment),
        cmocka_unit_test(lengths_are_checked),
        cmocka_unit_test(an_error_sticks),
        cmocka_unit_test(nothing_can_be_read_from_nothing),
        cmocka_unit_test(counts_are_bounded),
        cmocka_unit_test(a_path_has_two_parts_and_is_one),
        cmocka_unit_test(null_is_not_empty),
        cmocka_unit_test(vectors_of_the_callers_own),
        cmocka_unit_test(a_writer_stays_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
