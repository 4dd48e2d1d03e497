/* SPDX-License-Identifier: Apache-2.0 */
/* Requests made of arguments. */
#include "diff/diff.h"

#include <stdio.h>
#include <string.h>

#include "wire/op.h"

diff_op *
op_add(diff_gen *g, diff_round *round, int32_t type)
{
    diff_op *op = &round->ops[round->n++];
    op->type = type;
    op->node = -1;
    op->xid = type == ZB_OP_PING ? ZB_XID_PING : g->next_xid++;
    if (g->next_xid >= BARRIER_XID)
        g->next_xid = 1;
    zt_put_i32(&op->frame, op->xid);
    zt_put_i32(&op->frame, op->type);
    return op;
}

/* The path as text, cut off, without what a terminal would take for its own. */
static const char *
tell(const arg_path *path, char *out, size_t size)
{
    if (!path->s)
        return "(null)";
    snprintf(out, size < 40 ? size : 40, "%s", path->s);
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 32 || (unsigned char)*p > 126)
            *p = '?';
    return out;
}

static void
put_create(diff_gen *g, zt_buf *b, int32_t type, bool in_multi, int *node, char *text, size_t size)
{
    static const int32_t strange[] = {7, 99, -1, 3, 4, 5, 6};
    bool plain = type == ZB_OP_CREATE || type == ZB_OP_CREATE2;
    arg_path path;
    char shown[48], data[32], acl[60];
    int32_t flags = 0;
    arg_path_pick(g, &path, PATH_WRITE);
    if (type == ZB_OP_CREATE_CONTAINER)
        flags = 4;
    else if (type == ZB_OP_CREATE_TTL)
        flags = chance(g, 500) ? ZB_CREATE_TTL : ZB_CREATE_TTL_SEQUENCE;
    else
        flags = (int32_t)(below(g, 10) < 6 ? 0 : 1 + below(g, 3));
    /* Of two mistakes one is enough: a null path has nothing else wrong. */
    if (chance(g, 25) && path.s && (plain || !in_multi))
        flags = strange[below(g, !plain ? 3 : in_multi ? 5 : 7)];
    if (flags == 2 && path.s && chance(g, 200)) { /* "/a/": the name is digits alone */
        snprintf(path.room, sizeof path.room, "%s/", path.s == path.room ? "/b" : path.s);
        path.s = path.room;
        path.guarded = false;
        path.node = -1;
    }
    zt_put_str(b, path.s);
    arg_data(g, b, data, sizeof data);
    arg_acl(g, b, path.guarded, acl, sizeof acl);
    zt_put_i32(b, flags);
    int64_t ttl = 0;
    if (type == ZB_OP_CREATE_TTL) {
        static const int64_t wrong[] = {0, -1, INT64_C(0xffffffffff), INT64_C(0x10000000000), INT64_MAX, INT64_MIN};
        ttl = chance(g, 100) && path.s ? wrong[below(g, 6)] : INT64_C(1000000000);
        zt_put_i64(b, ttl);
    }
    *node = flags == 0 || flags == 1 || flags == 4 || flags == 5 ? path.node : -1;
    snprintf(text, size, "%s %s acl=%s flags=%d ttl=%lld", tell(&path, shown, sizeof shown), data, acl, (int)flags,
             (long long)ttl);
}

static void
put_delete(diff_gen *g, zt_buf *b, char *text, size_t size)
{
    arg_path path;
    char shown[48];
    arg_path_pick(g, &path, PATH_WRITE | PATH_RECENT);
    int32_t version = arg_version(g, g->version, path.node);
    zt_put_str(b, path.s);
    zt_put_i32(b, version);
    snprintf(text, size, "%s v=%d", tell(&path, shown, sizeof shown), (int)version);
}

static void
put_set(diff_gen *g, zt_buf *b, int *node, char *text, size_t size)
{
    arg_path path;
    char shown[48], data[32];
    arg_path_pick(g, &path, PATH_WRITE);
    int32_t version = arg_version(g, g->version, path.node);
    zt_put_str(b, path.s);
    arg_data(g, b, data, sizeof data);
    zt_put_i32(b, version);
    *node = path.node;
    snprintf(text, size, "%s %s v=%d", tell(&path, shown, sizeof shown), data, (int)version);
}

static void
put_check(diff_gen *g, zt_buf *b, char *text, size_t size)
{
    arg_path path;
    char shown[48];
    arg_path_pick(g, &path, 0);
    int32_t version = arg_version(g, g->version, path.node);
    zt_put_str(b, path.s);
    zt_put_i32(b, version);
    snprintf(text, size, "%s v=%d", tell(&path, shown, sizeof shown), (int)version);
}

static void
put_multi_header(zt_buf *b, int32_t type, bool done)
{
    zt_put_i32(b, type);
    zt_put_bool(b, done);
    zt_put_i32(b, -1);
}

void
multi_body(diff_gen *g, zt_buf *b, char *text, size_t size, bool read)
{
    static const int32_t writes[] = {ZB_OP_CREATE, ZB_OP_CREATE,     ZB_OP_CREATE_TTL, ZB_OP_CREATE_CONTAINER,
                                     ZB_OP_CHECK,  ZB_OP_CREATE_TTL, ZB_OP_DELETE,     ZB_OP_DELETE,
                                     ZB_OP_CHECK,  ZB_OP_SET_DATA,   ZB_OP_SET_DATA,   ZB_OP_CREATE};
    static const int32_t reads[] = {ZB_OP_GET_DATA, ZB_OP_GET_CHILDREN};
    size_t at = 0;
    int n = (int)below(g, chance(g, 100) ? 30 : 5), node;
    g->in_multi = true;
    for (int i = 0; i < n; i++) {
        char one[120];
        int32_t type = read ? reads[below(g, 2)] : writes[below(g, 12)];
        if (chance(g, 4) && !read)
            type = 77;
        put_multi_header(b, type, false);
        switch (type) {
        case ZB_OP_DELETE:
            put_delete(g, b, one, sizeof one);
            break;
        case ZB_OP_SET_DATA:
            put_set(g, b, &node, one, sizeof one);
            break;
        case ZB_OP_CHECK:
            put_check(g, b, one, sizeof one);
            break;
        case ZB_OP_GET_DATA:
        case ZB_OP_GET_CHILDREN:
        case 77: {
            arg_path path;
            arg_path_pick(g, &path, 0);
            zt_put_str(b, path.s);
            zt_put_bool(b, chance(g, 500));
            tell(&path, one, sizeof one);
            break;
        }
        default:
            put_create(g, b, type, true, &node, one, sizeof one);
        }
        int said = snprintf(text + at, size - at, "[%d %s]", (int)type, one);
        if (said > 0 && at + (size_t)said < size)
            at += (size_t)said;
    }
    put_multi_header(b, -1, true);
    g->in_multi = false;
}

/* --- watches --- */

/* A path that may have this kind of watches. */
static void
pick_watched(diff_gen *g, arg_path *path, int watches)
{
    do
        arg_path_pick(g, path, 0);
    while (!path->s || path->watches != watches);
}

static void
put_watch_list(diff_gen *g, zt_buf *b, int list)
{
    enum { EXIST = 1, FIRST_PERSISTENT = 3 };
    int n = (int)below(g, 4);
    zt_put_i32(b, n);
    for (int i = 0; i < n; i++) {
        arg_path path;
        pick_watched(g, &path, list < FIRST_PERSISTENT ? WATCHES_ONCE : list - FIRST_PERSISTENT);
        zt_put_str(b, list == EXIST && path.guarded ? "/a" : path.s);
    }
}

static void
op_set_watches(diff_gen *g, diff_round *round, int32_t type)
{
    diff_op *op = op_add(g, round, type);
    int64_t back = chance(g, 300) ? 0 : (int64_t)below(g, 200);
    op->zxid = g->last_zxid > back ? g->last_zxid - back : 1;
    zt_put_i64(&op->frame, 0);
    for (int i = 0; i < (type == ZB_OP_SET_WATCHES ? 3 : 5); i++)
        put_watch_list(g, &op->frame, i);
    snprintf(op->text, sizeof op->text, "since %lld", (long long)op->zxid);
}

static void
put_watch_op(diff_op *op, const arg_path *path, int32_t value)
{
    char shown[48];
    zt_put_str(&op->frame, path->s);
    zt_put_i32(&op->frame, value);
    snprintf(op->text, sizeof op->text, "%s %d", tell(path, shown, sizeof shown), (int)value);
}

static void
op_add_watch(diff_gen *g, diff_round *round)
{
    int mode = (int)below(g, 2);
    arg_path path;
    pick_watched(g, &path, mode);
    put_watch_op(op_add(g, round, ZB_OP_ADD_WATCH), &path, chance(g, 50) ? 2 : chance(g, 50) ? -1 : mode);
}

/* checkWatches, removeWatches. Of persistent ones only all at once: 3.8.0 takes them for a data and a child watch. */
static void
op_watches(diff_gen *g, diff_round *round, int32_t type)
{
    arg_path path;
    do
        arg_path_pick(g, &path, 0);
    while (!path.s || path.s[0] != '/'); /* 3.8.0 falls over others on its way to the root */
    int32_t kind = path.watches == WATCHES_ONCE ? 1 + (int32_t)below(g, 3) : 3;
    put_watch_op(op_add(g, round, type), &path, chance(g, 50) ? 9 : kind);
}

/* --- the rest --- */

static void
op_path_watch(diff_gen *g, diff_round *round, int32_t type)
{
    diff_op *op = op_add(g, round, type);
    arg_path path;
    char shown[48];
    arg_path_pick(g, &path, 0);
    bool watch = chance(g, 400) && !(type == ZB_OP_EXISTS && path.guarded) && path.watches == WATCHES_ONCE;
    op->node = path.node;
    zt_put_str(&op->frame, path.s);
    zt_put_bool(&op->frame, watch);
    snprintf(op->text, sizeof op->text, "%s%s", tell(&path, shown, sizeof shown), watch ? " watch" : "");
}

static void
op_path(diff_gen *g, diff_round *round, int32_t type)
{
    diff_op *op = op_add(g, round, type);
    arg_path path;
    arg_path_pick(g, &path, 0);
    op->node = path.node;
    zt_put_str(&op->frame, path.s);
    tell(&path, op->text, sizeof op->text);
}

static void
op_set_acl(diff_gen *g, diff_round *round)
{
    diff_op *op = op_add(g, round, ZB_OP_SET_ACL);
    arg_path path;
    char shown[48], acl[60];
    do
        arg_path_pick(g, &path, PATH_WRITE);
    while (path.s &&
           (strcmp(path.s, "/") == 0 || strncmp(path.s, "/zookeeper", 10) == 0)); /* nobody would get out again */
    int32_t version = arg_version(g, g->aversion, path.node);
    op->node = path.node;
    zt_put_str(&op->frame, path.s);
    arg_acl(g, &op->frame, path.guarded, acl, sizeof acl);
    zt_put_i32(&op->frame, version);
    snprintf(op->text, sizeof op->text, "%s %s v=%d", tell(&path, shown, sizeof shown), acl, (int)version);
}

static void
op_reconfig(diff_gen *g, diff_round *round)
{
    diff_op *op = op_add(g, round, ZB_OP_RECONFIG);
    zt_put_str(&op->frame, chance(g, 500) ? NULL : "server.1=localhost:1:2");
    zt_put_str(&op->frame, NULL);
    zt_put_str(&op->frame, chance(g, 500) ? NULL : "");
    zt_put_i64(&op->frame, -1);
}

/* What is wrong with the bytes of a request: cut short, too long, a length that cannot be. It is refused, or what is
 * too much not looked at, and the connection goes on. A write among them spends its zxid. */
static void
garble(diff_gen *g, diff_op *op)
{
    static const int32_t lengths[] = {-2, 0, 1, 3, INT32_MAX, 1 << 20};
    static const int32_t garbled[] = {ZB_OP_CREATE,   ZB_OP_CREATE2, ZB_OP_CREATE_CONTAINER, ZB_OP_DELETE,
                                      ZB_OP_SET_DATA, ZB_OP_GET_ACL, ZB_OP_GET_EPHEMERALS};
    size_t body = op->frame.n - 8;
    uint64_t kind = below(g, 3);
    bool whole = op->type == ZB_OP_SET_WATCHES || op->type == ZB_OP_SET_WATCHES2 || /* half of it would be done */
                 op->type == ZB_OP_RECONFIG ||                                      /* the one that spends no zxid */
                 op->type == ZB_OP_PING || op->type == ZB_OP_WHO_AM_I;
    if (kind == 0 && body > 0 && !whole) {
        op->frame.n = 8 + (size_t)below(g, body);
        snprintf(op->text, sizeof op->text, "cut to %zu bytes", op->frame.n);
    } else if (kind == 1) {
        zt_put_raw(&op->frame, "more than is asked for", 1 + (size_t)below(g, 20));
    }
    for (size_t i = 0; i < sizeof garbled / sizeof garbled[0] && kind == 2; i++)
        if (garbled[i] == op->type) {
            zb_store32(op->frame.p + 8, (uint32_t)lengths[below(g, 6)]);
            snprintf(op->text, sizeof op->text, "a path of %d bytes, it says", (int)zb_load32(op->frame.p + 8));
            op->node = -1;
        }
}

/* xids are the client's own business, but for -1. */
static void
strange_xid(diff_gen *g, diff_op *op)
{
    static const int32_t xids[] = {0, ZB_XID_SET_WATCHES, ZB_XID_AUTH, ZB_XID_PING, INT32_MAX, INT32_MIN, -77};
    op->xid = xids[below(g, 7)];
    zb_store32(op->frame.p, (uint32_t)op->xid);
}

static void
op_create(diff_gen *g, diff_round *round, int32_t type)
{
    diff_op *op = op_add(g, round, type);
    put_create(g, &op->frame, type, false, &op->node, op->text, sizeof op->text);
}

/* What a client does to set, change or drop the quota of a node, each step or none; the right data, for ZooKeeper does
 * not stand wrong ones. */
static void
put_quota_node(diff_gen *g, diff_round *round, int node, const char *name, const char *data)
{
    static const int32_t types[] = {ZB_OP_CREATE, ZB_OP_CREATE, ZB_OP_CREATE2, ZB_OP_SET_DATA, ZB_OP_DELETE};
    diff_op *op = op_add(g, round, types[below(g, data ? 5 : 3)]);
    char path[80];
    snprintf(path, sizeof path, "/zookeeper/quota%s%s", pool_path(node), name);
    zt_put_str(&op->frame, path);
    if (op->type != ZB_OP_DELETE)
        zt_put_bytes(&op->frame, data ? data : "", data ? (int32_t)strlen(data) : 0);
    if (op->type == ZB_OP_CREATE || op->type == ZB_OP_CREATE2) {
        zt_put_i32(&op->frame, 1);
        zt_put_i32(&op->frame, 31);
        zt_put_str(&op->frame, "world");
        zt_put_str(&op->frame, "anyone");
    }
    zt_put_i32(&op->frame, op->type == ZB_OP_CREATE || op->type == ZB_OP_CREATE2 ? 0 : -1);
    snprintf(op->text, sizeof op->text, "%s %s", path, data ? data : "");
}

void
op_quota(diff_gen *g, diff_round *round)
{
    int node = (int)below(g, 20);
    char limits[64];
    if (node >= 4)
        put_quota_node(g, round, (node - 4) / 4, "", NULL);
    put_quota_node(g, round, node, "", NULL);
    snprintf(limits, sizeof limits, "count=%d,bytes=%d", (int)below(g, 100) - 1, (int)below(g, 1000) - 1);
    put_quota_node(g, round, node, "/zookeeper_limits", limits);
    put_quota_node(g, round, node, "/zookeeper_stats", "count=0,bytes=0");
}

static void
op_one(diff_gen *g, diff_round *round, int32_t type)
{
    diff_op *op;
    switch (type) {
    case ZB_OP_CREATE:
    case ZB_OP_CREATE2:
    case ZB_OP_CREATE_CONTAINER:
    case ZB_OP_CREATE_TTL:
        op_create(g, round, type);
        return;
    case ZB_OP_DELETE:
        op = op_add(g, round, type);
        put_delete(g, &op->frame, op->text, sizeof op->text);
        return;
    case ZB_OP_SET_DATA:
        op = op_add(g, round, type);
        put_set(g, &op->frame, &op->node, op->text, sizeof op->text);
        return;
    case ZB_OP_SET_ACL:
        op_set_acl(g, round);
        return;
    case ZB_OP_MULTI:
    case ZB_OP_MULTI_READ:
        op = op_add(g, round, type);
        multi_body(g, &op->frame, op->text, sizeof op->text, type == ZB_OP_MULTI_READ);
        return;
    case ZB_OP_EXISTS:
    case ZB_OP_GET_DATA:
    case ZB_OP_GET_CHILDREN:
    case ZB_OP_GET_CHILDREN2:
        op_path_watch(g, round, type);
        return;
    case ZB_OP_SET_WATCHES:
    case ZB_OP_SET_WATCHES2:
        op_set_watches(g, round, type);
        return;
    case ZB_OP_ADD_WATCH:
        op_add_watch(g, round);
        return;
    case ZB_OP_CHECK_WATCHES:
    case ZB_OP_REMOVE_WATCHES:
        op_watches(g, round, type);
        return;
    case ZB_OP_RECONFIG:
        op_reconfig(g, round);
        return;
    case ZB_OP_PING:
    case ZB_OP_WHO_AM_I:
        op_add(g, round, type);
        return;
    default:
        op_path(g, round, type);
    }
}

void
op_any(diff_gen *g, diff_round *round)
{
    static const struct {
        int32_t type;
        unsigned weight;
    } table[] = {
        {ZB_OP_CREATE, 130},        {ZB_OP_CREATE2, 60},       {ZB_OP_CREATE_CONTAINER, 25},
        {ZB_OP_CREATE_TTL, 25},     {ZB_OP_DELETE, 130},       {ZB_OP_SET_DATA, 90},
        {ZB_OP_SET_ACL, 25},        {ZB_OP_MULTI, 70},         {ZB_OP_EXISTS, 80},
        {ZB_OP_GET_DATA, 80},       {ZB_OP_GET_CHILDREN, 40},  {ZB_OP_GET_CHILDREN2, 40},
        {ZB_OP_GET_ACL, 40},        {ZB_OP_SYNC, 20},          {ZB_OP_PING, 15},
        {ZB_OP_RECONFIG, 3},        {ZB_OP_CHECK_WATCHES, 20}, {ZB_OP_REMOVE_WATCHES, 20},
        {ZB_OP_MULTI_READ, 25},     {ZB_OP_SET_WATCHES, 12},   {ZB_OP_SET_WATCHES2, 12},
        {ZB_OP_GET_EPHEMERALS, 20}, {ZB_OP_WHO_AM_I, 8},       {ZB_OP_GET_ALL_CHILDREN_NUMBER, 20},
        {ZB_OP_ADD_WATCH, 30},
    };
    uint64_t total = 0, pick;
    size_t n = sizeof table / sizeof table[0], i = 0;
    for (size_t j = 0; j < n; j++)
        total += table[j].weight;
    for (pick = below(g, total); pick >= table[i].weight; i++)
        pick -= table[i].weight;
    op_one(g, round, table[i].type);
    if (chance(g, 12))
        garble(g, &round->ops[round->n - 1]);
    if (chance(g, 5))
        strange_xid(g, &round->ops[round->n - 1]);
}

static void
put_auth(diff_op *op, const char *scheme, const char *credential)
{
    zt_put_i32(&op->frame, 0);
    zt_put_str(&op->frame, scheme);
    zt_put_bytes(&op->frame, credential, credential ? (int32_t)strlen(credential) : -1);
    snprintf(op->text, sizeof op->text, "%s %s", scheme, credential ? credential : "(null)");
}

/* ZooKeeper takes credentials before it has answered what came before them: they open a burst. */
void
op_auth(diff_gen *g, diff_round *round)
{
    static const char *const credentials[] = {"u1:p1", "u1:p1", "u2:p2", "u1:other", "nocolon", "super:admin", ":", ""};
    if (chance(g, 60)) { /* no SASL here */
        diff_op *sasl = op_add(g, round, ZB_OP_SASL);
        zt_put_bytes(&sasl->frame, "token", (int32_t)below(g, 6));
        return;
    }
    diff_op *op = op_add(g, round, ZB_OP_AUTH);
    if (chance(g, 100))
        put_auth(op, "ip", "127.0.0.1");
    else
        put_auth(op, "digest", credentials[below(g, sizeof credentials / sizeof credentials[0])]);
}

/* What makes the server close the connection. */
void
op_fatal(diff_gen *g, diff_round *round)
{
    static const int32_t unknown[] = {0, 10, 23, 99, 108, 1000, -1, INT32_MAX};
    static const int32_t lengths[] = {-1, -5, INT32_MIN, 1048576, 2000000, INT32_MAX};
    static const char *const schemes[] = {"nosuch", "world", "", "auth", "Digest"};
    diff_op *op;
    switch (below(g, 4)) {
    case 0:
        op = op_add(g, round, ZB_OP_AUTH);
        put_auth(op, schemes[below(g, 5)], "u1:p1");
        break;
    case 1:
        op = op_add(g, round, unknown[below(g, 8)]);
        break;
    case 2:
        op = op_add(g, round, 0);
        op->raw = true;
        op->frame.n = 0;
        zt_put_i32(&op->frame, lengths[below(g, 6)]);
        snprintf(op->text, sizeof op->text, "a length that cannot be");
        break;
    default:
        op = op_add(g, round, 0);
        op->raw = true;
        op->frame.n = 0;
        int32_t n = (int32_t)below(g, 8);
        zt_put_i32(&op->frame, n);
        zt_put_raw(&op->frame, "\0\0\0\1\0\0\0", (size_t)n);
        snprintf(op->text, sizeof op->text, "a header of %d bytes", (int)n);
    }
}

void
op_delete(diff_gen *g, diff_round *round, const char *path)
{
    diff_op *op = op_add(g, round, ZB_OP_DELETE);
    zt_put_str(&op->frame, path);
    zt_put_i32(&op->frame, -1);
    snprintf(op->text, sizeof op->text, "%s", path);
}

void
op_children(diff_gen *g, diff_round *round, int node)
{
    diff_op *op = op_add(g, round, ZB_OP_GET_CHILDREN);
    op->node = node;
    op->children = true;
    zt_put_str(&op->frame, pool_path(node));
    zt_put_bool(&op->frame, false);
    snprintf(op->text, sizeof op->text, "%s, to sweep", pool_path(node));
}

void
op_close(diff_gen *g, diff_round *round)
{
    op_add(g, round, ZB_OP_CLOSE_SESSION);
}
