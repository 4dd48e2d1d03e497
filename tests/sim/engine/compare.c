/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against the model: what it sends, and what its store holds. */
#include "sim/engine/engine.h"

#include <stdlib.h>
#include <string.h>

/* --- output ------------------------------------------------------------------------------------------------------- */

static int
by_bytes(const void *a, const void *b)
{
    const zb_buf *x = a, *y = b;
    int32_t n = x->n < y->n ? x->n : y->n;
    int d = memcmp(x->p, y->p, (size_t)n);
    return d ? d : x->n - y->n;
}

/* Names of children may come in any order. */
static bool
same_names(const uint8_t *a, const uint8_t *b, size_t n)
{
    zb_reader ra = zb_reader_of(a, n), rb = zb_reader_of(b, n);
    int32_t count = zb_get_i32(&ra);
    if (count != zb_get_i32(&rb) || count < 0 || (size_t)count > n / 4)
        return false;
    zb_buf *names = calloc(2 * (size_t)count + 1, sizeof *names);
    if (!names)
        abort();
    for (int32_t i = 0; i < count; i++) {
        names[i] = zb_get_buf(&ra);
        names[count + i] = zb_get_buf(&rb);
    }
    bool same = !ra.bad && !rb.bad && zb_reader_left(&ra) == zb_reader_left(&rb);
    if (same) {
        size_t at = n - zb_reader_left(&ra);
        same = memcmp(a + at, b + at, n - at) == 0;
        qsort(names, (size_t)count, sizeof *names, by_bytes);
        qsort(names + count, (size_t)count, sizeof *names, by_bytes);
        for (int32_t i = 0; i < count && same; i++)
            same = by_bytes(&names[i], &names[count + i]) == 0;
    }
    free(names);
    return same;
}

/* How many bytes at the beginning of both are the same frames. */
static size_t
same_frames(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n)
{
    enum { HEAD = 20 };
    size_t at = 0;
    while (a_n - at >= 4 && b_n - at >= 4) {
        size_t n = 4 + (size_t)zb_load32(a + at);
        if (n > a_n - at || n > b_n - at)
            return at;
        if (memcmp(a + at, b + at, n) != 0 &&
            (n < HEAD || memcmp(a + at, b + at, HEAD) != 0 || !same_names(a + at + HEAD, b + at + HEAD, n - HEAD)))
            return at;
        at += n;
    }
    return at;
}

static void
show(serving *v, const char *whose, const uint8_t *p, size_t n)
{
    char hex[161] = "";
    for (size_t i = 0; i < n && i < 64; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", p[i]);
    sim_trace(v->s, "%s: %u bytes: %s", whose, (unsigned)n, hex);
}

/* It ends who has not said who he is in ten seconds. */
static bool
may_end(const serving *v, const mconn *conn, bool at_once)
{
    const served *x = conn->served;
    return at_once && !conn->greeted && v->s->now - x->opened >= ZB_MS(10000);
}

void
engine_compare(serving *v, mconn *conn)
{
    served *x = conn->served;
    if (conn->gone || !x->c)
        return;
    zb_iov out = zs_conn_output(x->c);
    const uint8_t *due = conn->out.p + x->verified;
    size_t n = conn->out.n - x->verified, same = n && out.n ? same_frames(out.p, out.n, due, n) : 0;
    bool at_once, over = zs_conn_over(x->c, &at_once);
    if (at_once && conn->closing) { /* what it had not sent yet is lost */
        n = same;
        conn->out.n = x->verified + n;
    } else if (same != n || out.n != n) {
        show(v, "the model", due + same, n - same);
        show(v, "the engine", (const uint8_t *)out.p + same, out.n - same);
        sim_fail(v->s, "the engine sends client %u something else than the model",
                 (unsigned)((link *)conn->owner)->c->index);
        return;
    }
    if (n)
        memcpy(conn->out.p + x->verified, out.p, n);
    x->verified = conn->out.n;
    zs_conn_sent(x->c, at_once ? 0 : n);
    if (over && !conn->closing && may_end(v, conn, at_once))
        conn->closing = true;
    if (over != conn->closing)
        sim_fail(v->s, "a connection of client %u %s", (unsigned)((link *)conn->owner)->c->index,
                 over ? "ends" : "does not end");
}

/* --- the tree ----------------------------------------------------------------------------------------------------- */

typedef void visit(serving *v, const char *path, const zs_node *node, zb_buf data);

static size_t
walk(serving *v, zs_txn *txn, const char *path, size_t len, visit *fn)
{
    zs_node node;
    zb_buf data, name;
    zs_children it;
    size_t n = 1, n_names = 0, cap = 0;
    char **names = NULL;
    if (zs_node_find(txn, path, len, &node, &data)) {
        sim_fail(v->s, "the store: %s cannot be found", path);
        return 0;
    }
    fn(v, path, &node, data);
    if (zs_children_start(&it, txn, path, len))
        abort();
    while (zs_children_next(&it, &name)) {
        names = model_grow(names, &cap, n_names, sizeof *names);
        names[n_names++] = model_strndup(name.p, (size_t)name.n);
    }
    zs_children_stop(&it);
    for (size_t i = 0; i < n_names; i++) {
        char *child = malloc(MODEL_PATH_MAX);
        int child_len = snprintf(child, MODEL_PATH_MAX, "%s/%s", len > 1 ? path : "", names[i]);
        n += walk(v, txn, child, (size_t)child_len, fn);
        free(child);
        free(names[i]);
    }
    free(names);
    return n;
}

static void
import_node(serving *v, const char *path, const zs_node *node, zb_buf data)
{
    model *m = &v->s->m;
    mstate state = {.exists = true, .created = node->created, .data = model_blob(m, data.p, data.n)};
    zs_node_stat(node, &state.stat);
    model_have(m, path, &state);
}

void
engine_import(serving *v)
{
    zs_txn *txn = zs_engine_snapshot(v->e);
    v->s->m.zxid = zs_txn_meta(txn)->last_zxid;
    (void)walk(v, txn, "/", 1, import_node);
}

static void
compare_node(serving *v, const char *path, const zs_node *node, zb_buf data)
{
    const mnode *n = model_node(&v->s->m, path);
    zobo_stat has, want;
    if (!n || !n->now.exists) {
        sim_fail(v->s, "the store has %.80s, which is not there", path);
        return;
    }
    zs_node_stat(node, &has);
    want = tree_stat(&n->now);
    if (has.czxid != want.czxid || has.mzxid != want.mzxid || has.pzxid != want.pzxid || has.ctime != want.ctime ||
        has.mtime != want.mtime || has.version != want.version || has.cversion != want.cversion ||
        has.ephemeral_owner != want.ephemeral_owner || has.num_children != want.num_children ||
        data.n != n->now.data->n || (data.n > 0 && memcmp(data.p, n->now.data->bytes, (size_t)data.n) != 0))
        sim_fail(v->s, "the store has another %.80s", path);
}

static void
compare_sessions(serving *v, zs_txn *txn)
{
    const model *m = &v->s->m;
    zs_session_record record = {0};
    size_t live = 0;
    while (zs_session_after(txn, record.id, &record) == ZOBO_OK) {
        live++;
        if (!model_session(m, record.id))
            sim_fail(v->s, "the store has session %llx, which is over", (unsigned long long)record.id);
    }
    for (size_t i = 0; i < m->n_sessions; i++)
        live -= !m->sessions[i]->over;
    if (live)
        sim_fail(v->s, "the store lacks a session");
}

/* To be called when all that was committed is published. */
void
engine_compare_tree(serving *v)
{
    const model *m = &v->s->m;
    zs_txn *txn = v->e ? zs_engine_snapshot(v->e) : NULL;
    size_t live = 0;
    if (!txn || v->s->failed)
        return;
    for (size_t i = 0; i < m->n_nodes; i++)
        live += m->nodes[i]->now.exists;
    if (zs_txn_meta(txn)->last_zxid != m->zxid)
        sim_fail(v->s, "the store is at zxid %lld, not at %lld", (long long)zs_txn_meta(txn)->last_zxid,
                 (long long)m->zxid);
    size_t n = walk(v, txn, "/", 1, compare_node);
    if (n != live || (size_t)zs_txn_meta(txn)->n_nodes != n)
        sim_fail(v->s, "the store has %u nodes, not %u", (unsigned)n, (unsigned)live);
    compare_sessions(v, txn);
}
