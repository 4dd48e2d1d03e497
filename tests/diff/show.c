/* SPDX-License-Identifier: Apache-2.0 */
/* Answers and events as lines that two servers can have in common. What hash tables order in ZooKeeper is sorted:
 * children, ephemerals, the entries of an ACL (there "auth" stands for a set), who one is. */
#include "diff/diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/op.h"

/* --- lines --- */

void
lines_add(diff_lines *lines, int32_t type, int32_t err, char *text)
{
    if (lines->n == lines->cap) {
        lines->cap = lines->cap * 2 + 16;
        lines->lines = realloc(lines->lines, lines->cap * sizeof *lines->lines);
        if (!lines->lines)
            abort();
    }
    lines->lines[lines->n++] = (diff_line){text, type, err};
}

void
lines_clear(diff_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++)
        free(lines->lines[i].text);
    lines->n = 0;
}

static int
by_text(const void *a, const void *b)
{
    const diff_line *x = a, *y = b;
    return strcmp(x->text, y->text);
}

void
lines_sort(diff_lines *lines)
{
    if (lines->n)
        qsort(lines->lines, lines->n, sizeof *lines->lines, by_text);
}

static void say(zt_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(zt_buf *b, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0)
        zt_put_raw(b, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static void
say_bytes(zt_buf *b, zb_buf v)
{
    const uint8_t *p = v.p;
    uint32_t hash = 2166136261U;
    if (v.n < 0) {
        say(b, "null");
        return;
    }
    say(b, "'");
    for (int32_t i = 0; i < v.n; i++) {
        hash = (hash ^ p[i]) * 16777619U;
        if (i < 48 && p[i] >= 32 && p[i] < 127)
            zt_put_raw(b, p + i, 1);
        else if (i < 48)
            say(b, "\\x%02x", p[i]);
    }
    say(b, v.n > 48 ? "...%d bytes %08x'" : "'", (int)v.n, hash);
}

/* --- what is each server's own --- */

static int64_t
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
relative(const diff_side *side, int64_t zxid)
{
    return zxid > 0 ? zxid - side->first_zxid + 1 : zxid;
}

static void
say_time(const diff_side *side, zt_buf *b, int64_t t)
{
    if (t == 0)
        say(b, "0");
    else if (t >= side->started_ms - 5000 && t <= now_ms() + 5000)
        say(b, "T");
    else
        say(b, "%lld!", (long long)t);
}

static void
say_stat(const diff_side *side, zt_buf *b, const zobo_stat *s)
{
    say(b, " c=%lld m=%lld p=%lld ct=", (long long)relative(side, s->czxid), (long long)relative(side, s->mzxid),
        (long long)relative(side, s->pzxid));
    say_time(side, b, s->ctime);
    say(b, " mt=");
    say_time(side, b, s->mtime);
    say(b, " v=%d cv=%d av=%d len=%d n=%d", (int)s->version, (int)s->cversion, (int)s->aversion, (int)s->data_length,
        (int)s->num_children);
    if (!s->ephemeral_owner)
        return;
    for (int i = 0; i < SESSIONS; i++)
        if (side->conns[i].session == s->ephemeral_owner) {
            say(b, " of s%d", i);
            return;
        }
    say(b, " of %llx!", (unsigned long long)s->ephemeral_owner);
}

/* --- bodies --- */

static int
by_bytes(const void *a, const void *b)
{
    const zb_buf *x = a, *y = b;
    int32_t n = x->n < y->n ? x->n : y->n;
    int order = n > 0 ? memcmp(x->p, y->p, (size_t)n) : 0;
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

/* One line for each of n entries, sorted, to which `entry` has cut the reader's bytes. */
static void
say_sorted(zt_buf *b, zb_reader *r, int32_t n, void (*skip)(zb_reader *r), void (*entry)(zt_buf *b, zb_reader *r))
{
    if (n < 0) {
        say(b, " null");
        return;
    }
    zb_buf *items = zt_alloc((size_t)n * sizeof *items);
    for (int32_t i = 0; i < n; i++) {
        const uint8_t *from = r->p;
        skip(r);
        items[i] = (zb_buf){from, (int32_t)(r->p - from)};
    }
    if (n && !r->bad)
        qsort(items, (size_t)n, sizeof *items, by_bytes);
    say(b, " %d[", (int)n);
    for (int32_t i = 0; i < n && !r->bad; i++) {
        zb_reader one = zb_reader_of(items[i].p, (size_t)items[i].n);
        say(b, i ? " " : "");
        entry(b, &one);
    }
    say(b, "]");
    free(items);
}

static void
skip_str(zb_reader *r)
{
    zb_get_str(r);
}

static void
say_str(zt_buf *b, zb_reader *r)
{
    say_bytes(b, zb_get_str(r));
}

static void
skip_acl(zb_reader *r)
{
    zb_get_acl(r);
}

static void
say_acl(zt_buf *b, zb_reader *r)
{
    zb_acl_view acl = zb_get_acl(r);
    say_bytes(b, acl.scheme);
    say_bytes(b, acl.id);
    say(b, "%d", (int)acl.perms);
}

static void
skip_id(zb_reader *r)
{
    zb_get_str(r);
    zb_get_str(r);
}

static void
say_id(zt_buf *b, zb_reader *r)
{
    say_str(b, r);
    say_str(b, r);
}

static void
learn_children(diff_gen *learn, const diff_op *op, zb_reader r)
{
    for (int32_t n = zb_get_count(&r, 4); n > 0 && !r.bad; n--) {
        zb_buf name = zb_get_str(&r);
        gen_child(learn, op->node, name.p, (size_t)name.n);
    }
}

static void say_multi(diff_side *side, zt_buf *b, zb_reader *r, diff_gen *learn);

static void
say_body(diff_side *side, zt_buf *b, zb_reader *r, zb_reply_kind kind, const diff_op *op, diff_gen *learn)
{
    zobo_stat stat;
    zb_buf v;
    switch (kind) {
    case ZB_REPLY_EMPTY:
        return;
    case ZB_REPLY_PATH:
    case ZB_REPLY_PATH_STAT:
        v = zb_get_str(r);
        say(b, " ");
        say_bytes(b, v);
        if (learn && v.n > 0 && (!op || op->type != ZB_OP_SYNC))
            gen_created(learn, v.p, (size_t)v.n);
        if (kind == ZB_REPLY_PATH)
            return;
        break;
    case ZB_REPLY_STAT:
        break;
    case ZB_REPLY_DATA_STAT:
        say(b, " ");
        say_bytes(b, zb_get_buf(r));
        break;
    case ZB_REPLY_CHILDREN:
    case ZB_REPLY_CHILDREN_STAT:
        if (learn && op && op->children)
            learn_children(learn, op, *r);
        say_sorted(b, r, zb_get_count(r, 4), skip_str, say_str);
        if (kind == ZB_REPLY_CHILDREN)
            return;
        break;
    case ZB_REPLY_ACL_STAT:
        say_sorted(b, r, zb_get_count(r, 12), skip_acl, say_acl);
        break;
    case ZB_REPLY_MULTI:
    case ZB_REPLY_MULTI_READ:
        say_multi(side, b, r, learn);
        return;
    case ZB_REPLY_COUNT:
    case ZB_REPLY_ERR:
        say(b, " %d", (int)zb_get_i32(r));
        return;
    case ZB_REPLY_IDS:
        say_sorted(b, r, zb_get_ids_count(r), skip_id, say_id);
        return;
    case ZB_REPLY_TOKEN:
        say(b, " ");
        say_bytes(b, zb_get_buf(r));
        return;
    }
    stat = zb_get_stat(r);
    say_stat(side, b, &stat);
    if (learn && op)
        gen_stat(learn, op->node, &stat);
}

static void
say_multi(diff_side *side, zt_buf *b, zb_reader *r, diff_gen *learn)
{
    while (!r->bad) {
        struct zb_multi_header h;
        zb_get_multi_header(r, &h);
        say(b, " [%d %d %d", (int)h.type, h.done, (int)h.err);
        if (h.done || r->bad) {
            say(b, "]");
            return;
        }
        const zb_op *op = zb_op_find(h.type);
        if (h.type == -1)
            say(b, " %d", (int)zb_get_i32(r));
        else if (op)
            say_body(side, b, r, op->reply, NULL, learn);
        else
            zb_reader_fail(r);
        say(b, "]");
    }
}

/* --- frames --- */

static char *
finish(zt_buf *b)
{
    zt_put_raw(b, "", 1);
    return (char *)b->p;
}

void
show_answer(diff_side *side, diff_lines *out, int session, const diff_op *op, const uint8_t *p, size_t n,
            diff_gen *learn)
{
    zt_buf b = {0};
    zb_reader r = zb_reader_of(p, n);
    struct zb_reply_header h;
    zb_get_reply_header(&r, &h);
    const zb_op *row = zb_op_find(op->type);
    if (!side->first_zxid && h.zxid > 0)
        side->first_zxid = h.zxid;
    say(&b, "s%d %d %s(%d) ", session, (int)h.xid, row ? row->name : "?", (int)op->type);
    zt_put_raw(&b, op->text, strlen(op->text));
    say(&b, " = zxid %lld err %d", (long long)relative(side, h.zxid), (int)h.err);
    if (h.err == 0 && row)
        say_body(side, &b, &r, row->reply, op, learn);
    if (r.bad)
        say(&b, " CUT SHORT");
    else if (zb_reader_left(&r))
        say(&b, " %zu BYTES MORE", zb_reader_left(&r));
    if (h.xid != op->xid)
        say(&b, " for %d", (int)op->xid);
    if (learn && h.zxid > 0)
        learn->last_zxid = relative(side, h.zxid);
    lines_add(out, op->type, h.err, finish(&b));
}

void
show_event(diff_side *side, diff_lines *out, int session, bool missed, const uint8_t *p, size_t n)
{
    zt_buf b = {0};
    zb_reader r = zb_reader_of(p, n);
    struct zb_reply_header h;
    struct zb_watcher_event e;
    zb_get_reply_header(&r, &h);
    zb_get_watcher_event(&r, &e);
    say(&b, "s%d ! type=%d state=%d ", session, (int)e.type, (int)e.state);
    say_bytes(&b, e.path);
    if (h.err)
        say(&b, " err=%d", (int)h.err);
    if (!side->tells_event_zxid || missed ? h.zxid != -1 : h.zxid <= 0)
        say(&b, " zxid=%lld", (long long)h.zxid);
    if (r.bad || zb_reader_left(&r))
        say(&b, " WRONG LENGTH");
    lines_add(out, 0, 0, finish(&b));
}
