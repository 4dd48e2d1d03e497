/* SPDX-License-Identifier: Apache-2.0 */
/* Every record of the table: random values there and back, every truncation, every buffer that is too short, noise. */
#include "test.h"

#include "base/rng.h"
#include "wire/record.h"

static zb_rng rng;

/* --- random values of each kind, and whether a decoded one equals the one that was encoded --- */

static const char pool[] = "/zookeeper/quota/some/path/with-several_components.and/more";
static const char *const names[] = {"", "a", "/", "/app/lock-0000000017", "\xc3\xa4\xe2\x82\xac", "name with spaces"};
static zobo_acl acl_pool[4];

enum { N_NAMES = sizeof names / sizeof *names };

static void
fill_bool(bool *v)
{
    *v = zb_rng_below(&rng, 2) == 1;
}

static void
fill_i32(int32_t *v)
{
    *v = (int32_t)(uint32_t)(zb_rng_next(&rng) >> zb_rng_below(&rng, 64));
}

static void
fill_i64(int64_t *v)
{
    *v = (int64_t)(zb_rng_next(&rng) >> zb_rng_below(&rng, 64));
}

static void
fill_buf(zb_buf *v)
{
    v->n = (int32_t)zb_rng_below(&rng, sizeof pool) - 1;
    v->p = v->n < 0 ? NULL : pool;
}

static void
fill_str(zb_buf *v)
{
    fill_buf(v);
}

static void
fill_path(zb_path *v)
{
    v->prefix = pool;
    v->prefix_len = (uint32_t)zb_rng_below(&rng, 11);
    v->path = pool;
    v->path_len = (uint32_t)zb_rng_below(&rng, sizeof pool);
}

static void
fill_stat(zobo_stat *v)
{
    fill_i64(&v->czxid);
    fill_i64(&v->mzxid);
    fill_i64(&v->ctime);
    fill_i64(&v->mtime);
    fill_i32(&v->version);
    fill_i32(&v->cversion);
    fill_i32(&v->aversion);
    fill_i64(&v->ephemeral_owner);
    fill_i32(&v->data_length);
    fill_i32(&v->num_children);
    fill_i64(&v->pzxid);
}

static void
fill_strvec(zb_strvec *v)
{
    v->items = names;
    v->n = (int32_t)zb_rng_below(&rng, N_NAMES + 2) - 1;
    v->p = v->end = NULL;
}

static void
fill_aclvec(zb_aclvec *v)
{
    for (size_t i = 0; i < 4; i++) {
        acl_pool[i].perms = (uint32_t)zb_rng_next(&rng);
        acl_pool[i].scheme = names[zb_rng_below(&rng, N_NAMES)];
        acl_pool[i].id = names[zb_rng_below(&rng, N_NAMES)];
    }
    v->items = acl_pool;
    v->n = (int32_t)zb_rng_below(&rng, 6) - 1;
    v->p = v->end = NULL;
}

static void
fill_raw(zb_raw *v)
{
    v->p = pool;
    v->n = zb_rng_below(&rng, sizeof pool);
}

static bool
same_bool(const bool *a, const bool *b)
{
    return *a == *b;
}

static bool
same_i32(const int32_t *a, const int32_t *b)
{
    return *a == *b;
}

static bool
same_i64(const int64_t *a, const int64_t *b)
{
    return *a == *b;
}

static bool
same_buf(const zb_buf *a, const zb_buf *b)
{
    return a->n == b->n && (b->p != NULL) == (b->n >= 0) && (a->n <= 0 || memcmp(a->p, b->p, (size_t)a->n) == 0);
}

static bool
same_str(const zb_buf *a, const zb_buf *b)
{
    return same_buf(a, b);
}

static bool
same_path(const zb_path *a, const zb_path *b)
{
    return b->prefix_len == 0 && b->path_len == a->prefix_len + a->path_len &&
           memcmp(b->path, a->prefix, a->prefix_len) == 0 && memcmp(b->path + a->prefix_len, a->path, a->path_len) == 0;
}

static bool
same_stat(const zobo_stat *a, const zobo_stat *b)
{
    return a->czxid == b->czxid && a->mzxid == b->mzxid && a->ctime == b->ctime && a->mtime == b->mtime &&
           a->version == b->version && a->cversion == b->cversion && a->aversion == b->aversion &&
           a->ephemeral_owner == b->ephemeral_owner && a->data_length == b->data_length &&
           a->num_children == b->num_children && a->pzxid == b->pzxid;
}

static bool
same_strvec(const zb_strvec *a, const zb_strvec *b)
{
    zb_reader r = zb_reader_of(b->p, (size_t)(b->end - b->p));
    for (int32_t i = 0; i < a->n; i++) {
        zb_buf expected = zb_buf_of(a->items[i]), got = zb_get_str(&r);
        if (!same_buf(&expected, &got))
            return false;
    }
    return a->n == b->n && b->items == NULL && !r.bad && zb_reader_left(&r) == 0;
}

static bool
same_aclvec(const zb_aclvec *a, const zb_aclvec *b)
{
    zb_reader r = zb_reader_of(b->p, (size_t)(b->end - b->p));
    for (int32_t i = 0; i < a->n; i++) {
        zb_buf scheme = zb_buf_of(a->items[i].scheme), id = zb_buf_of(a->items[i].id);
        zb_acl_view got = zb_get_acl(&r);
        if (got.perms != (int32_t)a->items[i].perms || !same_buf(&scheme, &got.scheme) || !same_buf(&id, &got.id))
            return false;
    }
    return a->n == b->n && b->items == NULL && !r.bad && zb_reader_left(&r) == 0;
}

static bool
same_raw(const zb_raw *a, const zb_raw *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

/* --- the table --- */

typedef union any {
#define F(kind, name)
#define R(name, fields) struct zb_##name name;
    ZB_RECORDS(R)
#undef R
#undef F
} any;

#define F(kind, name) fill_##kind(&v->name);
#define R(name, fields)                                                                                                \
    static void random_##name(any *u)                                                                                  \
    {                                                                                                                  \
        struct zb_##name *v = &u->name;                                                                                \
        fields                                                                                                         \
    }
ZB_RECORDS(R)
#undef R
#undef F

#define F(kind, name) &&same_##kind(&x->name, &y->name)
#define R(name, fields)                                                                                                \
    static bool same_##name(const any *a, const any *b)                                                                \
    {                                                                                                                  \
        const struct zb_##name *x = &a->name, *y = &b->name;                                                           \
        return true fields;                                                                                            \
    }
ZB_RECORDS(R)
#undef R
#undef F

#define F(kind, name)
#define R(name, fields)                                                                                                \
    static void write_##name(zb_writer *w, const any *u)                                                               \
    {                                                                                                                  \
        zb_put_##name(w, &u->name);                                                                                    \
    }                                                                                                                  \
    static void read_##name(zb_reader *r, any *u)                                                                      \
    {                                                                                                                  \
        zb_get_##name(r, &u->name);                                                                                    \
    }
ZB_RECORDS(R)
#undef R

static const struct record {
    const char *name;
    void (*fill)(any *);
    bool (*same)(const any *, const any *);
    void (*put)(zb_writer *, const any *);
    void (*get)(zb_reader *, any *);
} records[] = {
#define R(name, fields) {#name, random_##name, same_##name, write_##name, read_##name},
    ZB_RECORDS(R)
#undef R
#undef F
};

enum { N_RECORDS = sizeof records / sizeof *records };

/* encode writes a record into a block of exactly its size. */
static uint8_t *
encode(const struct record *record, const any *value, size_t *n)
{
    zb_writer counting = zb_writer_counting();
    record->put(&counting, value);
    assert_false(counting.bad);
    uint8_t *bytes = malloc(counting.n ? counting.n : 1);
    assert_non_null(bytes);
    zb_writer w = zb_writer_of(bytes, counting.n);
    record->put(&w, value);
    assert_false(w.bad);
    assert_int_equal(w.n, counting.n);
    assert_ptr_equal(w.p, w.end);
    *n = counting.n;
    return bytes;
}

static void
there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_RECORDS; i++) {
        for (int round = 0; round < 200; round++) {
            any value, decoded;
            size_t n, again_n;
            records[i].fill(&value);
            uint8_t *bytes = encode(&records[i], &value, &n);
            zb_reader r = zb_reader_of(bytes, n);
            records[i].get(&r, &decoded);
            if (r.bad || zb_reader_left(&r) != 0 || !records[i].same(&value, &decoded))
                fail_msg("%s does not come back as it was", records[i].name);
            uint8_t *again = encode(&records[i], &decoded, &again_n);
            assert_int_equal(again_n, n);
            assert_memory_equal(again, bytes, n);
            free(again);
            free(bytes);
        }
    }
}

static void
no_truncation_is_taken_for_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_RECORDS; i++) {
        if (strcmp(records[i].name, "raw_request") == 0)
            continue; /* all bytes there are, however many */
        for (int round = 0; round < 20; round++) {
            any value, decoded;
            size_t n;
            records[i].fill(&value);
            uint8_t *bytes = encode(&records[i], &value, &n);
            for (size_t cut = 0; cut < n; cut++) {
                uint8_t *part = exact(bytes, cut);
                zb_reader r = zb_reader_of(part, cut);
                records[i].get(&r, &decoded);
                if (!r.bad || zb_reader_left(&r) != 0)
                    fail_msg("%s: %zu of %zu bytes are enough for it", records[i].name, cut, n);
                free(part);
            }
            free(bytes);
        }
    }
}

static void
no_buffer_is_run_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_RECORDS; i++) {
        for (int round = 0; round < 20; round++) {
            any value;
            size_t n;
            records[i].fill(&value);
            free(encode(&records[i], &value, &n));
            for (size_t room = 0; room < n; room++) {
                uint8_t *block = malloc(room ? room : 1);
                assert_non_null(block);
                zb_writer w = zb_writer_of(block, room);
                records[i].put(&w, &value);
                assert_true(w.bad);
                assert_int_equal(w.n, n);
                free(block);
            }
        }
    }
}

/* Noise: mostly small numbers, so that lengths and counts are believable. What can be read must come back the same. */
static void
noise_does_no_harm(void **state)
{
    (void)state;
    size_t good = 0;
    for (size_t i = 0; i < N_RECORDS; i++) {
        for (int round = 0; round < 3000; round++) {
            size_t n = (size_t)zb_rng_below(&rng, 120), n1, n2;
            uint8_t *noise = malloc(n ? n : 1);
            assert_non_null(noise);
            for (size_t j = 0; j < n; j++)
                noise[j] = (uint8_t)(zb_rng_below(&rng, 4) ? 0 : zb_rng_next(&rng) >> (56 + zb_rng_below(&rng, 8)));
            any value, again;
            zb_reader r = zb_reader_of(noise, n);
            records[i].get(&r, &value);
            assert_true(zb_reader_left(&r) <= n);
            if (!r.bad) {
                good++;
                uint8_t *first = encode(&records[i], &value, &n1);
                zb_reader r1 = zb_reader_of(first, n1);
                records[i].get(&r1, &again);
                assert_false(r1.bad);
                uint8_t *second = encode(&records[i], &again, &n2);
                assert_int_equal(n1, n2);
                assert_memory_equal(first, second, n1);
                free(first);
                free(second);
            }
            free(noise);
        }
    }
    assert_true(good > 1000);
}

static void
the_handshake_has_two_lengths(void **state)
{
    (void)state;
    struct zb_connect_response sent = {0, 10000, 0x1234, {"0123456789abcdef", 16}}, got;
    uint8_t bytes[40];
    zb_writer w = zb_writer_of(bytes, sizeof bytes);
    zb_put_connect_response(&w, &sent);
    assert_int_equal(w.n, 36);
    zb_put_bool(&w, true);
    for (size_t n = 0; n <= 37; n++) {
        uint8_t *part = exact(bytes, n);
        zb_reader r = zb_reader_of(part, n);
        bool read_only = n < 37;
        zb_get_connect_reply(&r, &got, &read_only);
        assert_int_equal(r.bad, n < 36);
        assert_int_equal(read_only, n == 37);
        if (!r.bad) {
            assert_int_equal(got.timeout, 10000);
            assert_true(got.session_id == 0x1234);
            assert_int_equal(got.password.n, 16);
            assert_memory_equal(got.password.p, "0123456789abcdef", 16);
        }
        free(part);
    }
}

static void
ids_are_counted(void **state)
{
    (void)state;
    zb_reader r = zb_reader_of("\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    assert_int_equal(zb_get_ids_count(&r), 2);
    assert_false(r.bad);
    r = zb_reader_of("\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 19);
    assert_int_equal(zb_get_ids_count(&r), 0);
    assert_true(r.bad);
    r = zb_reader_of("\xff\xff\xff\xff", 4);
    assert_int_equal(zb_get_ids_count(&r), -1);
    assert_false(r.bad);
}

static void
an_empty_record_is_empty(void **state)
{
    (void)state;
    zb_writer w = zb_writer_counting();
    struct zb_empty_request v = {0};
    zb_put_empty_request(&w, &v);
    zb_put_empty_request(&w, NULL);
    assert_int_equal(w.n, 0);
}

static int
seed(void **state)
{
    (void)state;
    rng.s = 20240607;
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(there_and_back, seed),
        cmocka_unit_test_setup(no_truncation_is_taken_for_whole, seed),
        cmocka_unit_test_setup(no_buffer_is_run_over, seed),
        cmocka_unit_test_setup(noise_does_no_harm, seed),
        cmocka_unit_test(the_handshake_has_two_lengths),
        cmocka_unit_test(ids_are_counted),
        cmocka_unit_test(an_empty_record_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
