/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments, mostly right. The pool is a small tree, so that operations meet: /a to /d, three levels deep. */
#include "diff/diff.h"

#include <stdio.h>
#include <string.h>

uint64_t
below(diff_gen *g, uint64_t n)
{
    return zb_rng_below(&g->rng, n);
}

bool
chance(diff_gen *g, unsigned in_thousand)
{
    return below(g, 1000) < in_thousand;
}

/* Node 0 to 3: /a to /d; 4 to 19: /a/a to /d/d; 20 to 83: three levels. */
const char *
pool_path(int node)
{
    static char paths[POOL][8];
    char *p = paths[node];
    if (p[0])
        return p;
    int depth = node < 4 ? 1 : node < 20 ? 2 : 3;
    int rest = node - (depth == 1 ? 0 : depth == 2 ? 4 : 20);
    p[2 * depth] = 0;
    for (int i = depth - 1; i >= 0; i--, rest /= 4) {
        p[2 * i + 1] = (char)('a' + rest % 4);
        p[2 * i] = '/';
    }
    return p;
}

int
pool_find(const char *path, size_t len)
{
    for (int i = 0; i < POOL; i++)
        if (strlen(pool_path(i)) == len && memcmp(pool_path(i), path, len) == 0)
            return i;
    return -1;
}

static const char *const wrong_paths[] = {
    "\0",
    "abc",
    "/",
    "//",
    "/a/",
    "/a//b",
    "/a/.",
    "/a/..",
    "/./a",
    "/../a",
    "..",
    "/a/\x01",
    "/\x1f",
    "/a\x7f",
    "/\xc2\x80",
    "/\xc2\x9f",
    "/\xee\x80\x80",
    "/\xef\xa3\xbf",
    "/\xef\xbf\xb0",
    "/\xef\xbf\xbf",
    "/\xf0\x9f\x98\x80", /* beyond the BMP: surrogates in Java, refused */
    "a/b",
    "/a/b/",
    "/...",
    "/a/.b",
    "/ ",
    "/a b",
    "/\xc3\xa4",
    "/\xe6\x97\xa5\xe6\x9c\xac",
    "/\xc2\xa0",
    "/a/b/c/d",
    "/zookeeper/",
    "/zookeeper//",
    "/\n",
    "/a\n",
    "/-",
    "/0000000000",
};

static const char *const special_paths[] = {"/",
                                            "/zookeeper",
                                            "/zookeeper/quota",
                                            "/zookeeper/config",
                                            "/zookeeper/x",
                                            "/zookeeper/config/a",
                                            "/zookeeper/quota/a",
                                            "/zookeeper/quota/a/zookeeper_stats",
                                            "/zookeeper/quota/b/zookeeper_stats",
                                            "/zookeeper/quota/c/b/zookeeper_stats",
                                            "/zookeeper/quota/b/zookeeper_limits"};

/* Names longer than what a key of LMDB holds, alone and as parents. */
static void
long_path(diff_gen *g, char *out, size_t size)
{
    size_t lengths[] = {250, 255, 256, 300, 511, 600}, n = lengths[below(g, 6)];
    char name = (char)('x' + below(g, 2));
    if (n + 8 > size)
        n = size - 8;
    out[0] = '/';
    memset(out + 1, name, n);
    out[n + 1] = 0;
    if (chance(g, 500))
        snprintf(out + n + 1, size - n - 1, "/%c", (char)('a' + below(g, 2)));
}

void
arg_path_pick(diff_gen *g, arg_path *path, unsigned flags)
{
    uint64_t kind = below(g, 1000);
    path->node = -1;
    path->guarded = false;
    path->s = path->room;
    if (kind < 40) {
        const char *wrong = wrong_paths[below(g, sizeof wrong_paths / sizeof wrong_paths[0])];
        /* ZooKeeper gives a surrogate pair back as two characters. */
        snprintf(path->room, sizeof path->room, "%s", wrong[1] == '\xf0' && !(flags & PATH_WRITE) ? "/a" : wrong);
    } else if (kind < 60) {
        snprintf(path->room, sizeof path->room, "%s",
                 special_paths[below(g, flags & PATH_WRITE ? 3 : sizeof special_paths / sizeof special_paths[0])]);
    } else if (kind < 72) {
        long_path(g, path->room, sizeof path->room);
    } else if (kind < 75 && !g->in_multi) {
        path->s = NULL;
    } else if (g->n_recent && (flags & PATH_RECENT ? kind < 300 : kind < 120)) {
        snprintf(path->room, sizeof path->room, "%s", g->recent[below(g, g->n_recent < RECENT ? g->n_recent : RECENT)]);
    } else {
        uint64_t depth = below(g, 10);
        path->node = (int)(depth < 3 ? below(g, 4) : depth < 7 ? 4 + below(g, 16) : 20 + below(g, 64));
        path->s = pool_path(path->node);
    }
    size_t n = path->s ? strlen(path->s) : 0;
    /* "/d", "/a/d", and the sequential nodes that have names with a "d" before the digits */
    for (size_t i = n; i > 0 && path->s[i - 1] != '/'; i--)
        if (path->s[i - 1] == 'd')
            path->guarded = true;
    char last = n ? path->s[n - 1] : 'a';
    path->watches = last == 'b' ? WATCHES_PERSISTENT : last == 'c' || n == 1 ? WATCHES_RECURSIVE : WATCHES_ONCE;
}

void
arg_data(diff_gen *g, zt_buf *b, char *text, size_t size)
{
    static uint8_t bytes[1100000];
    uint64_t kind = below(g, g->in_multi ? 9990 : 10000);
    int32_t n = kind < 400                   ? -1
                : kind < 1000                ? 0
                : kind < 9800                ? (int32_t)below(g, 40)
                : kind < 9980                ? (int32_t)below(g, 3000)
                : kind < 9998                ? (int32_t)below(g, 100000)
                : b->n < 600 && kind == 9999 ? 1048575 - 1100 /* ends below the limit, whatever stands around it */
                                             : 500000;
    uint8_t first = (uint8_t)below(g, 256);
    memset(bytes, first, n > 0 ? (size_t)n : 0);
    zt_put_bytes(b, bytes, n);
    snprintf(text, size, "%d*%02x", (int)n, first);
}

static void
put_acl(zt_buf *b, int32_t perms, const char *scheme, const char *id)
{
    zt_put_i32(b, perms);
    zt_put_str(b, scheme);
    zt_put_str(b, id);
}

/* u1:p1, as in op_auth */
#define DIGEST_U1 "u1:fpT/y03U+EjItKZOSLGvjnJlyng="

void
arg_acl(diff_gen *g, zt_buf *b, bool guarded, char *text, size_t size)
{
    static const struct {
        const char *scheme, *id;
    } ids[] = {{"world", "anyone"},  {"digest", "u1:hash1"}, {"auth", ""},         {"ip", "127.0.0.1"},
               {"ip", "10.0.0.0/8"}, {"digest", DIGEST_U1},  {"auth", "whatever"}, {"ip", "127.0.0.0/8"}},
      wrong[] = {{"world", "me"},
                 {"world", ""},
                 {"digest", "nocolon"},
                 {"digest", "a:b:c"},
                 {"ip", "nowhere"},
                 {"ip", "1.2.3"},
                 {"nosuch", "x"},
                 {"", ""},
                 {"digest", ""},
                 {"ip", "127.0.0.1/99"},
                 {"ip", ""},
                 {"super", ""},
                 {"ip", "1.2.3.4/x"},
                 {"ip", "1.2.3.4/-1"}};
    uint64_t kind = below(g, 1000);
    if (kind < 650) {
        zt_put_i32(b, 1);
        put_acl(b, 31, "world", "anyone");
        snprintf(text, size, "open");
        return;
    }
    if (kind < 670) {
        zt_put_i32(b, kind < 660 ? -1 : 0);
        snprintf(text, size, kind < 660 ? "null" : "none");
        return;
    }
    int n = 1 + (int)below(g, 3);
    size_t at = 0;
    zt_put_i32(b, n + !guarded);
    if (!guarded)
        put_acl(b, 1 | (int32_t)below(g, 32), "world", "anyone");
    for (int i = 0; i < n; i++) {
        static const int32_t perms[] = {31, 1, 2, 4, 8, 16, 3, 15, 30, 0, -1, 63};
        bool bad = chance(g, 60);
        size_t which = below(g, bad ? sizeof wrong / sizeof wrong[0] : sizeof ids / sizeof ids[0]);
        int32_t p = perms[below(g, sizeof perms / sizeof perms[0])];
        const char *scheme = bad ? wrong[which].scheme : ids[which].scheme, *id = bad ? wrong[which].id : ids[which].id;
        put_acl(b, p, scheme, id);
        int said = snprintf(text + at, size - at, "%s%s:%s:%d", i ? "," : "", scheme, id, (int)p);
        if (said > 0 && at + (size_t)said < size)
            at += (size_t)said;
    }
}

int32_t
arg_version(diff_gen *g, const int32_t *known, int node)
{
    static const int32_t some[] = {0, 1, 2, 3, -2, INT32_MAX, INT32_MIN};
    uint64_t kind = below(g, 10);
    if (kind < 5)
        return -1;
    if (kind < 9 && node >= 0)
        return known[node];
    return some[below(g, sizeof some / sizeof some[0])];
}
