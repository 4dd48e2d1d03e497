/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/digest.h"

static void
expect_sha1(const char *text, size_t len, const char *hex)
{
    uint8_t *data = exact(text, len), hash[20];
    char got[41];
    zb_sha1(data, len, hash);
    for (int i = 0; i < 20; i++)
        snprintf(got + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(got, hex);

    /* the same in pieces, split everywhere */
    for (size_t cut = 0; cut <= len && len <= 200; cut++) {
        uint8_t again[20];
        zb_sha1_state s;
        zb_sha1_init(&s);
        zb_sha1_add(&s, data, cut);
        zb_sha1_add(&s, data + cut, len - cut);
        zb_sha1_end(&s, again);
        assert_memory_equal(again, hash, 20);
    }
    free(data);
}

static void
sha1_of_known_texts(void **state)
{
    (void)state;
    expect_sha1("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    expect_sha1("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    expect_sha1("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopq"
                "rstnopqrstu",
                112, "a49b2446a02c645bf419f995b67091253a04a259");
    char *a = malloc(1000000);
    assert_non_null(a);
    memset(a, 'a', 1000000);
    expect_sha1(a, 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    free(a);
}

/* Every length around the block boundaries, chained: an error in any padding changes the end. */
static void
sha1_of_every_length(void **state)
{
    (void)state;
    char text[200];
    memset(text, 'x', sizeof text);
    zb_sha1_state all;
    zb_sha1_init(&all);
    for (size_t len = 0; len < sizeof text; len++) {
        uint8_t *data = exact(text, len), hash[20];
        zb_sha1(data, len, hash);
        zb_sha1_add(&all, hash, 20);
        free(data);
    }
    uint8_t end[20];
    char got[41];
    zb_sha1_end(&all, end);
    for (int i = 0; i < 20; i++)
        snprintf(got + 2 * i, 3, "%02x", end[i]);
    assert_string_equal(got, "bbd580c3a0c872a603baa084a09981df9eb680e5");
}

static void
base64_of_known_texts(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd\xfb", "//79+w=="}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char out[16];
        size_t len = strlen(pairs[i][0]);
        uint8_t *data = exact(pairs[i][0], len);
        zb_base64(data, len, out);
        assert_string_equal(out, pairs[i][1]);
        free(data);
    }
    uint8_t all[256];
    char out[400];
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    zb_base64(all, 256, out);
    assert_int_equal(strlen(out), 344);
    assert_memory_equal(out, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7", 80);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1_of_known_texts),
        cmocka_unit_test(sha1_of_every_length),
        cmocka_unit_test(base64_of_known_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
