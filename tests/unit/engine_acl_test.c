/* SPDX-License-Identifier: Apache-2.0 */
/* Identities and ACLs, by ZooKeeper's rules. */
#include "test.h"

#include <pthread.h>

#include <zobo/acl.h>

#include "engine/acl.h"

enum { R = ZOBO_PERM_READ, W = ZOBO_PERM_WRITE, A = ZOBO_PERM_ADMIN, ALL = ZOBO_PERM_ALL };

/* An entry as "perms scheme id" in words; a list ends with a null scheme. */
typedef struct entry {
    int32_t perms;
    const char *scheme, *id;
} entry;

static zb_buf
make(zs_bytes *b, const entry *list)
{
    int32_t n = 0;
    while (list[n].scheme)
        n++;
    b->n = 0;
    zs_add_i32(b, n);
    for (int32_t i = 0; i < n; i++) {
        zs_add_i32(b, list[i].perms);
        zs_add_buf(b, zb_buf_of(list[i].scheme));
        zs_add_buf(b, zb_buf_of(list[i].id));
    }
    assert_false(b->failed);
    return (zb_buf){b->p, (int32_t)b->n};
}

static zb_aclvec
view(zb_buf b)
{
    zb_reader r = zb_reader_of(b.p, (size_t)b.n);
    zb_aclvec acl = zb_get_aclvec(&r);
    assert_false(r.bad);
    assert_int_equal(zb_reader_left(&r), 0);
    return acl;
}

#define LIST(...)                                                                                                      \
    (const entry[])                                                                                                    \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            0, NULL, NULL                                                                                              \
        }                                                                                                              \
    }

static bool
permits(const entry *list, int32_t perms, const zs_ids *ids)
{
    zs_bytes b = {0};
    zb_buf made = make(&b, list);
    void *copy = exact(made.p, (size_t)made.n);
    bool may = zs_acl_permits(view((zb_buf){copy, made.n}), perms, ids);
    free(copy);
    zs_bytes_free(&b);
    return may;
}

static zs_ids *
at(const char *ip)
{
    zs_ids *ids = zs_ids_of_address(ip);
    assert_non_null(ids);
    return ids;
}

static void
auth(zs_ids **ids, const char *credential)
{
    assert_int_equal(zs_auth(ids, zb_buf_of("digest"), zb_buf_of(credential), NULL), ZOBO_OK);
}

static char alice[64], bob[64];

static int
make_users(void **state)
{
    (void)state;
    return zobo_digest_credential("alice", "secret", alice, sizeof alice) ||
           zobo_digest_credential("bob", "b:c", bob, sizeof bob);
}

/* --- identities --- */

static void
identities(void **state)
{
    (void)state;
    zs_ids *ids = at("127.0.0.1"), *old = zs_ids_ref(ids);
    auth(&ids, "alice:secret");
    assert_int_equal(zs_ids_count(ids), 2);
    assert_string_equal(zs_ids_at(ids, 0).scheme, "ip");
    assert_string_equal(zs_ids_at(ids, 0).id, "127.0.0.1");
    assert_string_equal(zs_ids_at(ids, 1).scheme, "digest");
    assert_string_equal(zs_ids_at(ids, 1).id, alice);
    assert_int_equal(zs_ids_count(old), 1); /* who holds the old ones keeps them */
    zs_ids *same = ids;
    auth(&ids, "alice:secret");
    assert_ptr_equal(ids, same);
    auth(&ids, "bob:b:c");
    assert_string_equal(zs_ids_at(ids, 2).id, bob);
    zs_ids_unref(old);
    zs_ids_unref(ids);
    zs_ids_unref(NULL);
}

static void
credentials(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int n;
        const char *user;
    } good[] = {{"", 0, ":2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
                {"u", 1, "u:UeaYkqtJ34XGIwzMV/jh0WBsrMw="},
                {":p", 2, NULL},
                {"u:", 2, NULL},
                {"u:p\0q", 5, NULL}};
    zs_ids *ids = at("::1");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char *text = exact(good[i].text, (size_t)good[i].n);
        assert_int_equal(zs_auth(&ids, zb_buf_of("digest"), (zb_buf){text, good[i].n}, NULL), ZOBO_OK);
        free(text);
        assert_int_equal(zs_ids_count(ids), 2 + i);
        if (good[i].user)
            assert_string_equal(zs_ids_at(ids, 1 + i).id, good[i].user);
    }
    size_t n = zs_ids_count(ids);
    assert_int_equal(zs_auth(&ids, zb_buf_of("digest"), (zb_buf){NULL, -1}, NULL), ZOBO_OK); /* as an empty one */
    assert_int_equal(zs_auth(&ids, zb_buf_of("ip"), zb_buf_of(""), NULL), ZOBO_OK);
    assert_int_equal(zs_auth(&ids, zb_buf_of("digest"), (zb_buf){"u\0:p", 4}, NULL), ZOBO_EAUTHFAILED);
    static const char *const unknown[] = {"", "world", "auth", "super", "sasl", "x509", "digest ", "diges"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(zs_auth(&ids, zb_buf_of(unknown[i]), zb_buf_of("a:b"), NULL), ZOBO_EAUTHFAILED);
    assert_int_equal(zs_auth(&ids, (zb_buf){NULL, -1}, zb_buf_of("a:b"), NULL), ZOBO_EAUTHFAILED);
    assert_int_equal(zs_ids_count(ids), n);
    zs_ids_unref(ids);
}

static void
too_many_credentials(void **state)
{
    (void)state;
    zs_ids *ids = at("1.2.3.4");
    char text[32];
    for (int i = 1; i < ZS_MAX_IDS; i++) {
        sprintf(text, "user%d:p", i);
        auth(&ids, text);
    }
    assert_int_equal(zs_auth(&ids, zb_buf_of("digest"), zb_buf_of("more:p"), NULL), ZOBO_EAUTHFAILED);
    auth(&ids, text); /* known already */
    assert_int_equal(zs_ids_count(ids), ZS_MAX_IDS);
    zs_ids_unref(ids);
}

static void
super(void **state)
{
    (void)state;
    char hash[64];
    assert_int_equal(zobo_digest_credential("super", "pw", hash, sizeof hash), ZOBO_OK);
    zs_ids *ids = at("1.2.3.4");
    const entry *nobody = LIST({ALL, "digest", "no:body"});
    assert_int_equal(zs_auth(&ids, zb_buf_of("digest"), zb_buf_of("super:wrong"), hash), ZOBO_OK);
    assert_false(permits(nobody, R, ids));
    assert_int_equal(zs_auth(&ids, zb_buf_of("digest"), zb_buf_of("super:pw"), NULL), ZOBO_OK);
    assert_false(permits(nobody, R, ids));
    zs_ids_unref(ids);
    ids = at("1.2.3.4");
    assert_int_equal(zs_auth(&ids, zb_buf_of("digest"), zb_buf_of("super:pw"), hash), ZOBO_OK);
    assert_true(permits(nobody, ALL, ids));
    assert_int_equal(zs_ids_count(ids), 3);
    assert_string_equal(zs_ids_at(ids, 1).scheme, "super");
    assert_string_equal(zs_ids_at(ids, 2).id, hash);
    zs_ids_unref(ids);
}

static void *
take_and_give(void *arg)
{
    for (int i = 0; i < 20000; i++)
        zs_ids_unref(zs_ids_ref(arg));
    zs_ids_unref(arg);
    return NULL;
}

/* The last of several threads frees it: the sanitizers see it when one is too early, or none does. */
static void
shared_by_threads(void **state)
{
    (void)state;
    zs_ids *ids = at("127.0.0.1");
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, zs_ids_ref(ids)), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(zs_ids_count(ids), 1);
    zs_ids_unref(ids);
}

/* --- who may --- */

static void
who_may(void **state)
{
    (void)state;
    zs_ids *ids = at("10.1.2.3");
    assert_true(permits(LIST({0, NULL, NULL}), ALL, ids)); /* empty */
    assert_true(zs_acl_permits((zb_aclvec){.n = -1}, ALL, ids));
    assert_true(permits(LIST({ALL, "world", "anyone"}), R, ids));
    assert_false(permits(LIST({ALL, "world", "someone"}), R, ids));
    assert_false(permits(LIST({R, "world", "anyone"}), W, ids));
    assert_true(permits(LIST({R, "world", "anyone"}), R | A, ids)); /* one of them is enough */
    assert_false(permits(LIST({ALL, "digest", alice}), R, ids));
    auth(&ids, "alice:secret");
    assert_true(permits(LIST({ALL, "digest", alice}), R, ids));
    assert_false(permits(LIST({ALL, "digest", bob}), R, ids));
    assert_false(permits(LIST({ALL, "sasl", alice}), R, ids));
    assert_true(permits(LIST({R, "digest", alice}, {W, "digest", bob}, {A, "digest", alice}), A, ids));
    assert_false(permits(LIST({R, "digest", alice}, {W, "digest", bob}), W, ids));
    assert_false(permits(LIST({ALL, "auth", ""}), R, ids)); /* only ever in requests */
    assert_false(permits(LIST({ALL, "super", ""}), R, ids));
    assert_false(permits(LIST({ALL, "", ""}), R, ids));
    zs_ids_unref(ids);
}

static void
addresses(void **state)
{
    (void)state;
    static const struct {
        const char *ip, *id;
        bool valid, may;
    } cases[] = {
        {"10.1.2.3", "10.1.2.3", true, true},
        {"10.1.2.3", "10.1.2.4", true, false},
        {"10.1.2.3", "10.1.2.0/24", true, true},
        {"10.1.2.3", "10.1.2.0/31", true, false},
        {"10.1.2.3", "10.1.2.2/31", true, true},
        {"10.1.2.3", "10.1.3.0/23", true, true},
        {"10.1.2.3", "10.1.4.0/23", true, false},
        {"10.1.2.3", "10.1.2.3/32", true, true},
        {"10.1.2.3", "10.0.0.0/8", true, true},
        {"10.1.2.3", "11.0.0.0/8", true, false},
        {"10.1.2.3", "99.0.0.0/0", true, true},
        {"10.1.2.3", "10.1.2.3/33", false, false},
        {"10.1.2.3", "10.1.2.3/", false, false},
        {"10.1.2.3", "10.1.2.3/-1", false, false},
        {"10.1.2.3", "10.1.2.3/x", false, false},
        {"10.1.2.3", "10.1.2.3/1234567890123", false, false},
        {"10.1.2.3", "10.1.2", false, false},
        {"10.1.2.3", "10.1.2.256", false, false},
        {"10.1.2.3", "", false, false},
        {"10.1.2.3", "/8", false, false},
        {"10.1.2.3", "host", false, false},
        {"10.1.2.3", "::/0", true, false},
        {"::1", "::1", true, true},
        {"::1", "::2", true, false},
        {"::1", "::/64", true, true},
        {"::1", "0:0:0:0:0:0:0:1/128", true, true},
        {"::1", "::1/129", false, false},
        {"::1", "0.0.0.0/0", true, false},
        {"2001:db8::ff00:42:8329", "2001:db8::/32", true, true},
        {"2001:db8::ff00:42:8329", "2001:db9::/32", true, false},
        {"2001:db8::ff00:42:8329", "2001:db9::/31", true, true},
        {"", "0.0.0.0/0", true, false},
        {"", "", false, false},
        {"::1", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zs_ids *ids = at(cases[i].ip);
        zs_bytes in = {0}, out = {0};
        const entry *list = LIST({ALL, "ip", cases[i].id});
        if (permits(list, R, ids) != cases[i].may)
            fail_msg("%s and %s", cases[i].ip, cases[i].id);
        if (zs_acl_fix(view(make(&in, list)), ids, &out) != (cases[i].valid ? ZOBO_OK : ZOBO_EINVALIDACL))
            fail_msg("%s", cases[i].id);
        zs_bytes_free(&in);
        zs_bytes_free(&out);
        zs_ids_unref(ids);
    }
}

/* --- what is stored, what is shown --- */

static void
expect_fixed(const entry *list, const zs_ids *ids, const entry *expected)
{
    zs_bytes in = {0}, out = {0}, want = {0};
    zs_add_i32(&out, 77); /* it appends */
    zb_buf made = make(&in, list);
    void *copy = exact(made.p, (size_t)made.n);
    zobo_err err = zs_acl_fix(view((zb_buf){copy, made.n}), ids, &out);
    free(copy);
    assert_int_equal(err, expected ? ZOBO_OK : ZOBO_EINVALIDACL);
    if (expected) {
        make(&want, expected);
        assert_int_equal(out.n - 4, want.n);
        assert_memory_equal(out.p + 4, want.p, want.n);
    } else {
        assert_int_equal(out.n, 4);
    }
    assert_int_equal(zb_load32(out.p), 77);
    zs_bytes_free(&in);
    zs_bytes_free(&out);
    zs_bytes_free(&want);
}

static void
fixed(void **state)
{
    (void)state;
    zs_ids *ids = at("10.1.2.3");
    const entry *open = LIST({ALL, "world", "anyone"});
    expect_fixed(open, ids, open);
    expect_fixed(LIST({0, NULL, NULL}), ids, NULL);
    zs_bytes out = {0};
    assert_int_equal(zs_acl_fix((zb_aclvec){.n = -1}, ids, &out), ZOBO_EINVALIDACL);
    expect_fixed(LIST({ALL, "world", "any"}), ids, NULL);
    expect_fixed(LIST({ALL, "world", NULL}), ids, NULL);
    expect_fixed(LIST({ALL, "auth", ""}), ids, NULL); /* an address is not proof */
    expect_fixed(LIST({ALL, "sasl", "x"}), ids, NULL);
    expect_fixed(LIST({ALL, "super", ""}), ids, NULL);
    expect_fixed(LIST({ALL, "", ""}), ids, NULL);
    expect_fixed(LIST({ALL, "world", "anyone"}, {ALL, "nonsense", ""}), ids, NULL);
    auth(&ids, "alice:secret");
    expect_fixed(LIST({R, "auth", "whatever"}), ids, LIST({R, "digest", alice}));
    auth(&ids, "bob:b:c");
    expect_fixed(LIST({R, "auth", ""}, {A, "world", "anyone"}), ids,
                 LIST({R, "digest", alice}, {R, "digest", bob}, {A, "world", "anyone"}));
    /* what takes the place of "auth" may be there already, and is there twice: so does Apache ZooKeeper */
    expect_fixed(LIST({R, "auth", ""}, {R, "digest", alice}), ids,
                 LIST({R, "digest", alice}, {R, "digest", bob}, {R, "digest", alice}));
    /* what was sent twice counts once, where it stood first */
    expect_fixed(LIST({W, "ip", "1.2.3.4"}, {R, "world", "anyone"}, {W, "ip", "1.2.3.4"}, {W, "ip", "1.2.3.5"},
                      {R, "world", "anyone"}, {R, "ip", "1.2.3.4"}),
                 ids, LIST({W, "ip", "1.2.3.4"}, {R, "world", "anyone"}, {W, "ip", "1.2.3.5"}, {R, "ip", "1.2.3.4"}));
    static const struct {
        const char *id;
        bool valid;
    } digests[] = {{"u:h", true}, {":h", true},  {"u:h::", true},  {"", false},    {":", false},
                   {"u", false},  {"u:", false}, {"a:b:c", false}, {"a::b", false}};
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        const entry *list = LIST({ALL, "digest", digests[i].id});
        expect_fixed(list, ids, digests[i].valid ? list : NULL);
    }
    expect_fixed(LIST({ALL, "digest", NULL}), ids, NULL);
    zs_ids_unref(ids);
}

/* Few bytes that ask for very many. */
static void
fixed_is_bounded(void **state)
{
    (void)state;
    enum { N = 20000 };
    zs_ids *ids = at("10.1.2.3");
    char text[5000];
    memset(text, 'u', sizeof text);
    for (int i = 0; i < 100; i++) {
        text[0] = (char)('0' + i % 10), text[1] = (char)('0' + i / 10);
        assert_int_equal(zs_auth(&ids, zb_buf_of("digest"), (zb_buf){text, sizeof text}, NULL), ZOBO_OK);
    }
    entry *list = calloc(N + 1, sizeof *list);
    assert_non_null(list);
    for (int i = 0; i < N; i++)
        list[i] = (entry){i, "auth", ""};
    zs_bytes in = {0}, out = {0};
    assert_int_equal(zs_acl_fix(view(make(&in, list)), ids, &out), ZOBO_EINVALIDACL);
    assert_int_equal(out.n, 0);
    assert_true(out.cap <= 8 << 20);
    for (int i = 0; i < N; i++)
        list[i] = (entry){i % 2, "world", "anyone"};
    assert_int_equal(zs_acl_fix(view(make(&in, list)), ids, &out), ZOBO_OK);
    assert_int_equal(zb_load32(out.p), 2);
    free(list);
    zs_bytes_free(&in);
    zs_bytes_free(&out);
    zs_ids_unref(ids);
}

static void
expect_shown(const entry *list, const zs_ids *ids, const entry *expected)
{
    zs_bytes in = {0}, out = {0}, want = {0};
    zs_acl_show(view(make(&in, list)), ids, &out);
    make(&want, expected);
    assert_int_equal(out.n, want.n);
    assert_memory_equal(out.p, want.p, want.n);
    zs_bytes_free(&in);
    zs_bytes_free(&out);
    zs_bytes_free(&want);
}

static void
shown(void **state)
{
    (void)state;
    zs_ids *ids = at("10.1.2.3");
    const entry *list = LIST({A | R, "digest", alice}, {R, "world", "anyone"}, {R, "digest", bob},
                             {R, "digest", "nothing"}, {R, "ip", "::1"}, {R, "digest", ":"});
    expect_shown(list, ids,
                 LIST({A | R, "digest", "alice:x"}, {R, "world", "anyone"}, {R, "digest", "bob:x"},
                      {R, "digest", "nothing"}, {R, "ip", "::1"}, {R, "digest", ":x"}));
    auth(&ids, "bob:b:c"); /* he may only read */
    expect_shown(LIST({A, "digest", alice}), ids, LIST({A, "digest", "alice:x"}));
    auth(&ids, "alice:secret");
    expect_shown(list, ids, list);
    zs_bytes out = {0};
    zs_acl_show((zb_aclvec){.n = -1}, ids, &out);
    assert_int_equal(out.n, 4);
    zs_bytes_free(&out);
    zs_ids_unref(ids);
}

static void
without_memory(void **state)
{
    (void)state;
    zb_mem_fail_after(0, 1);
    zs_ids *none = zs_ids_of_address("::1");
    zb_mem_fail_after(-1, 0);
    assert_null(none);
    zs_ids *ids = at("10.1.2.3");
    for (long i = 0; i < 2; i++) {
        zb_mem_fail_after(i, 1);
        zobo_err err = zs_auth(&ids, zb_buf_of("digest"), zb_buf_of("u:p"), NULL);
        zb_mem_fail_after(-1, 0);
        assert_int_equal(err, ZOBO_ENOMEM);
        assert_int_equal(zs_ids_count(ids), 1);
    }
    zs_bytes in = {0};
    zb_aclvec acl = view(make(&in, LIST({R, "world", "anyone"}, {W, "world", "anyone"})));
    for (long i = 0;; i++) {
        zs_bytes out = {0};
        zb_mem_fail_after(i, 1);
        zobo_err err = zs_acl_fix(acl, ids, &out);
        zb_mem_fail_after(-1, 0);
        assert_int_equal(err, out.failed ? ZOBO_ENOMEM : ZOBO_OK);
        zs_bytes_free(&out);
        if (!err) {
            assert_int_equal(i, 3);
            break;
        }
    }
    zs_bytes_free(&in);
    zs_ids_unref(ids);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities),
        cmocka_unit_test(credentials),
        cmocka_unit_test(too_many_credentials),
        cmocka_unit_test(super),
        cmocka_unit_test(shared_by_threads),
        cmocka_unit_test(who_may),
        cmocka_unit_test(addresses),
        cmocka_unit_test(fixed),
        cmocka_unit_test(fixed_is_bounded),
        cmocka_unit_test(shown),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, make_users, NULL);
}
