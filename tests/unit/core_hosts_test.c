/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "core/hosts.h"

static const struct {
    const char *text;
    const char *hosts; /* as zb_hosts_describe spells them, each followed by a space; NULL: refused */
    const char *chroot;
    int offset; /* of the complaint */
} cases[] = {
    {"localhost", "localhost:2181 ", "", 0},
    {"h:1", "h:1 ", "", 0},
    {"h:65535", "h:65535 ", "", 0},
    {"h:02181", "h:2181 ", "", 0},
    {"a,b:2,c:3", "a:2181 b:2 c:3 ", "", 0},
    {"ZK1.Example.COM:2181", "zk1.example.com:2181 ", "", 0},
    {"zk_1-a.x", "zk_1-a.x:2181 ", "", 0},
    {"10.0.0.1:2182", "10.0.0.1:2182 ", "", 0},
    {" a , b:2\t,c /app", "a:2181 b:2 c:2181 ", "/app", 0},
    {"  a  ", "a:2181 ", "", 0},
    {"a/", "a:2181 ", "", 0},
    {"a//", "a:2181 ", "", 0},
    {"a/app", "a:2181 ", "/app", 0},
    {"a,b//app///x//", "a:2181 b:2181 ", "/app/x", 0},
    {"a/app,b", "a:2181 ", "/app,b", 0}, /* the chroot is all the rest, as in kazoo */
    {"a/App", "a:2181 ", "/App", 0},
    {"a/\xc3\xa4", "a:2181 ", "/\xc3\xa4", 0},
    {"[::1]", "[::1]:2181 ", "", 0},
    {"[::1]:2183/x", "[::1]:2183 ", "/x", 0},
    {"[FE80::1%eth0]:5,a", "[fe80::1%eth0]:5 a:2181 ", "", 0},
    {"[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]:2181 ", "", 0},
    {"unix:/run/zk.sock", "unix:/run/zk.sock ", "", 0},
    {"unix:/run/zk.sock:/app//x/", "unix:/run/zk.sock ", "/app/x", 0},
    {"unix:/run/zk.sock:/", "unix:/run/zk.sock ", "", 0},
    {"unix:/run/a:b:c", "unix:/run/a:b:c ", "", 0},
    {"unix:/run/a:b:/c", "unix:/run/a:b ", "/c", 0},
    {"unix:/run/Zk, h:3/app", "unix:/run/Zk h:3 ", "/app", 0},
    {"h, unix:/run/zk :/app", "h:2181 unix:/run/zk ", "/app", 0},
    {"unix:/a,unix:/b", "unix:/a unix:/b ", "", 0},
    {"unix:2182", "unix:2182 ", "", 0}, /* a host of that name */

    {"", NULL, NULL, 0},
    {"  ", NULL, NULL, 2},
    {"/app", NULL, NULL, 0},
    {",", NULL, NULL, 0},
    {"a,", NULL, NULL, 2},
    {"a,,b", NULL, NULL, 2},
    {"a, ,b", NULL, NULL, 3},
    {"a,/app", NULL, NULL, 2},
    {":2181", NULL, NULL, 0},
    {"a,:2181", NULL, NULL, 2},
    {"a:", NULL, NULL, 2},
    {"a:/app", NULL, NULL, 2},
    {"a:,b", NULL, NULL, 2},
    {"a:x", NULL, NULL, 2},
    {"a:21x", NULL, NULL, 4},
    {"a:-1", NULL, NULL, 2},
    {"a: 1", NULL, NULL, 2},
    {"a:0", NULL, NULL, 2},
    {"a:65536", NULL, NULL, 2},
    {"a:99999999999999999999", NULL, NULL, 2},
    {"bb,a:65536", NULL, NULL, 5},
    {"a b", NULL, NULL, 1},
    {"user@host", NULL, NULL, 4},
    {"zk://host", NULL, NULL, 3},
    {"a\n", NULL, NULL, 1},
    {"h\xc3\xb6st", NULL, NULL, 1},
    {"::1", NULL, NULL, 0},
    {"fe80::1:2181", NULL, NULL, 0},
    {"a:1:2", NULL, NULL, 0},
    {"[::1", NULL, NULL, 0},
    {"[::1,b", NULL, NULL, 0},
    {"[]", NULL, NULL, 1},
    {"[1.2.3.4]", NULL, NULL, 1},
    {"[::1]x", NULL, NULL, 5},
    {"[::1]:", NULL, NULL, 6},
    {"[::1]:0", NULL, NULL, 6},
    {"[::g]", NULL, NULL, 3},
    {"[fe80::1%]", NULL, NULL, 9},
    {"[fe80::1%e/0]", NULL, NULL, 0},
    {"a[::1]", NULL, NULL, 1},
    {"unix:/", NULL, NULL, 5},
    {"unix:/,a", NULL, NULL, 5},
    {"unix:", NULL, NULL, 5},
    {"unix:relative", NULL, NULL, 5},
    {"unix:/a\n", NULL, NULL, 7},
    {"a/..", NULL, NULL, 2},
    {"a/b/./c", NULL, NULL, 4},
    {"a///b///../c", NULL, NULL, 8}, /* the byte in the text, not in what is left after folding */
    {"a/b\x01", NULL, NULL, 3},
    {"a//b/c\x01//", NULL, NULL, 6},
    {"unix:/s:/a/../b", NULL, NULL, 11},
};

static void
expect_hosts(const zb_hosts *h, const char *expected)
{
    char all[500] = "";
    for (size_t i = 0; i < h->n; i++) {
        char one[200];
        size_t n = zb_hosts_describe(&h->items[i], one, sizeof one);
        assert_int_equal(n, strlen(one));
        strcat(strcat(all, one), " ");
        assert_int_equal(h->items[i].last_err, ZOBO_OK);
        assert_int_equal(h->items[i].last_errno, 0);
        assert_int_equal(h->items[i].is_unix, h->items[i].port == 0);
    }
    assert_string_equal(all, expected);
}

static void
host_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = exact(cases[i].text, strlen(cases[i].text) + 1);
        zb_hosts h;
        memset(&h, 0xee, sizeof h);
        zobo_problem why;
        memset(&why, 0, sizeof why);
        zobo_err err = zb_hosts_parse(&h, text, &why);
        if (cases[i].hosts != NULL) {
            if (err != ZOBO_OK)
                fail_msg("\"%s\" is refused: %s", text, why.text);
            expect_hosts(&h, cases[i].hosts);
            assert_string_equal(h.chroot, cases[i].chroot);
            assert_string_equal(h.text, text);
        } else {
            char begins[32];
            snprintf(begins, sizeof begins, "byte %d: ", cases[i].offset);
            if (err != ZOBO_EBADHOSTS || why.err != err || why.offset != (size_t)cases[i].offset ||
                strncmp(why.text, begins, strlen(begins)) != 0)
                fail_msg("\"%s\": not \"%s...\" but %d, \"%s\"", text, begins, err, why.text);
            zb_hosts zero;
            memset(&zero, 0, sizeof zero);
            assert_memory_equal(&h, &zero, sizeof zero);
            assert_int_equal(zb_hosts_parse(&h, text, NULL), ZOBO_EBADHOSTS);
        }
        zb_hosts_free(&h);
        free(text);
    }
}

static void
no_string_is_the_default(void **state)
{
    (void)state;
    zb_hosts h;
    assert_int_equal(zb_hosts_parse(&h, NULL, NULL), ZOBO_OK);
    expect_hosts(&h, "127.0.0.1:2181 ");
    assert_string_equal(h.text, "127.0.0.1:2181");
    zb_hosts_free(&h);
    zb_hosts_free(&h); /* harmless */
}

static void
limits(void **state)
{
    (void)state;
    char text[6000];
    zb_hosts h;
    zobo_problem why;

    /* names */
    memset(text, 'x', 254);
    text[254] = '\0';
    assert_int_equal(zb_hosts_parse(&h, text, &why), ZOBO_EBADHOSTS);
    text[253] = '\0';
    assert_int_equal(zb_hosts_parse(&h, text, &why), ZOBO_OK);
    zb_hosts_free(&h);

    /* socket paths */
    memset(text, 'x', 200);
    memcpy(text, "unix:/", 6);
    text[5 + ZB_MAX_SOCKET_PATH + 1] = '\0';
    assert_int_equal(zb_hosts_parse(&h, text, &why), ZOBO_EBADHOSTS);
    assert_int_equal(why.offset, 5);
    text[5 + ZB_MAX_SOCKET_PATH] = '\0';
    assert_int_equal(zb_hosts_parse(&h, text, &why), ZOBO_OK);
    zb_hosts_free(&h);

    /* hosts */
    for (int i = 0; i < ZB_MAX_HOSTS; i++)
        memcpy(text + 2 * i, "h,", 2);
    text[2 * ZB_MAX_HOSTS - 1] = '\0';
    assert_int_equal(zb_hosts_parse(&h, text, &why), ZOBO_OK);
    assert_int_equal(h.n, ZB_MAX_HOSTS);
    zb_hosts_free(&h);
    memcpy(text + 2 * ZB_MAX_HOSTS - 1, ",h", 3);
    assert_int_equal(zb_hosts_parse(&h, text, &why), ZOBO_EBADHOSTS);
    assert_int_equal(why.offset, 2 * ZB_MAX_HOSTS);
}

static void
every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] = "a,b:2,c,d,[::1]:5,f,g,h,unix:/s,j:9/app//x";
    for (long n = 0;; n++) {
        zb_hosts h;
        zobo_problem why;
        zb_mem_fail_after(n, 1);
        zobo_err err = zb_hosts_parse(&h, text, &why);
        long made = zb_mem_fail_after(-1, 0);
        if (err == ZOBO_OK) {
            assert_int_equal(made, n);
            assert_int_equal(h.n, 10);
            zb_hosts_free(&h);
            assert_true(n > 12);
            break;
        }
        assert_int_equal(err, ZOBO_ENOMEM);
        assert_int_equal(why.err, ZOBO_ENOMEM);
        assert_true(why.text[0] != '\0');
        assert_null(h.items);
        assert_int_equal(h.n, 0);
    }
}

static void
a_round_goes_once_over_all(void **state)
{
    (void)state;
    zb_hosts h;
    zb_rng rng = {12};
    assert_int_equal(zb_hosts_parse(&h, "a,b,c,d", NULL), ZOBO_OK);
    assert_int_equal(zb_hosts_next(&h), -1); /* not begun */

    zb_hosts_begin(&h, &rng, true);
    for (long i = 0; i < 4; i++)
        assert_int_equal(zb_hosts_next(&h), i);
    assert_int_equal(zb_hosts_next(&h), -1);
    assert_int_equal(zb_hosts_next(&h), -1);

    int first[4] = {0}, pairs[4][4] = {{0}};
    enum { ROUNDS = 4000 };
    for (int round = 0; round < ROUNDS; round++) {
        bool seen[4] = {false};
        long before = -1;
        zb_hosts_begin(&h, &rng, false);
        for (int i = 0; i < 4; i++) {
            long next = zb_hosts_next(&h);
            assert_in_range(next, 0, 3);
            assert_false(seen[next]);
            seen[next] = true;
            if (i == 0)
                first[next]++;
            else
                pairs[before][next]++;
            before = next;
        }
        assert_int_equal(zb_hosts_next(&h), -1);
    }
    for (int i = 0; i < 4; i++) {
        assert_in_range(first[i], ROUNDS / 4 - 200, ROUNDS / 4 + 200);
        for (int j = 0; j < 4; j++) {
            if (i != j)
                assert_in_range(pairs[i][j], ROUNDS / 4 - 200, ROUNDS / 4 + 200);
        }
    }
    zb_hosts_free(&h);
}

static void
descriptions_are_cut_like_snprintf(void **state)
{
    (void)state;
    zb_host host = {.name = (char[]){"::1"}, .port = 2181};
    char buf[6];
    assert_int_equal(zb_hosts_describe(&host, buf, sizeof buf), 10);
    assert_string_equal(buf, "[::1]");
    assert_int_equal(zb_hosts_describe(&host, NULL, 0), 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_strings),
        cmocka_unit_test(no_string_is_the_default),
        cmocka_unit_test(limits),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_round_goes_once_over_all),
        cmocka_unit_test(descriptions_are_cut_like_snprintf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
