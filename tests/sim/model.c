/* SPDX-License-Identifier: Apache-2.0 */
/* The model's connections and sessions.
 *
 * A connection is greeted once; then each complete frame is a request, carried out at once. Sessions expire by the
 * clock in buckets of a tick, as ZooKeeper's do, and only while the server is up. */
#include "sim/model.h"

#include <stdlib.h>
#include <string.h>

/* --- memory: the C library's, so that the client's failing allocations do not fail here --------------------------- */

void *
model_grow(void *items, size_t *cap, size_t n, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap ? 2 * *cap : 8;
    void *p = realloc(items, *cap * size);
    if (!p)
        abort();
    return p;
}

char *
model_strndup(const char *p, size_t n)
{
    char *copy = calloc(n + 1, 1);
    if (!copy)
        abort();
    if (n)
        memcpy(copy, p, n);
    return copy;
}

void
mbytes_add(mbytes *b, const void *data, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = 2 * (b->n + n);
        b->p = realloc(b->p, b->cap);
        if (!b->p)
            abort();
    }
    if (n)
        memcpy(b->p + b->n, data, n);
    b->n += n;
}

const mblob *
model_blob(model *m, const void *data, int32_t n)
{
    mblob *b = malloc(sizeof *b + (n > 0 ? (size_t)n : 1));
    if (!b)
        abort();
    b->n = n;
    if (n > 0)
        memcpy(b->bytes, data, (size_t)n);
    b->next = m->blobs;
    m->blobs = b;
    return b;
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static uint64_t
next_random(model *m)
{
    zb_rng r = {m->rng};
    uint64_t v = zb_rng_next(&r);
    m->rng = r.s;
    return v;
}

msession *
model_session(const model *m, int64_t id)
{
    for (size_t i = 0; i < m->n_sessions; i++)
        if (m->sessions[i]->id == id && !m->sessions[i]->over)
            return m->sessions[i];
    return NULL;
}

static void
touch_session(msession *s, uint64_t now)
{
    uint64_t tick = MODEL_TICK_MS * UINT64_C(1000000);
    s->expires = (now + s->timeout_ms * UINT64_C(1000000) + tick - 1) / tick * tick;
}

static void
draw_id(model *m, msession *s)
{
    s->id = (int64_t)(next_random(m) >> 16 | 1);
    for (size_t i = 0; i < sizeof s->password; i++)
        s->password[i] = (uint8_t)next_random(m);
}

static msession *
new_session(model *m, uint32_t timeout_ms, int local_door, uint64_t now)
{
    msession *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    if (m->invent)
        *s = *m->invent;
    else
        draw_id(m, s);
    s->timeout_ms = timeout_ms;
    s->local_door = local_door;
    m->sessions = model_grow(m->sessions, &m->cap_sessions, m->n_sessions, sizeof(msession *));
    m->sessions[m->n_sessions++] = s;
    m->zxid += local_door < 0;
    touch_session(s, now);
    return s;
}

static void
end_session(model *m, msession *s)
{
    s->over = true;
    if (s->local_door >= 0)
        return; /* it can own nothing */
    m->zxid++;
    tree_drop_session(m, s->id);
    tree_commit(m);
}

void
model_end(model *m, msession *s)
{
    mconn *conn = s->conn;
    m->expired++;
    end_session(m, s);
    if (conn)
        conn->closing = true;
    s->conn = NULL;
}

void
model_expire(model *m, msession *s, uint64_t now)
{
    if (m->server)
        m->server->expire(m->server->arg, s, now);
    else
        model_end(m, s);
}

uint64_t
model_deadline(const model *m)
{
    uint64_t at = UINT64_MAX;
    for (size_t i = 0; i < m->n_sessions && !m->down && !m->server; i++)
        if (!m->sessions[i]->over && m->sessions[i]->expires < at)
            at = m->sessions[i]->expires;
    return at;
}

void
model_tick(model *m, uint64_t now)
{
    for (size_t i = 0; i < m->n_sessions && !m->down && !m->server; i++)
        if (!m->sessions[i]->over && m->sessions[i]->expires <= now)
            model_expire(m, m->sessions[i], now);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

mconn *
model_accept(model *m, int door, void *owner)
{
    mconn *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->door = door;
    c->owner = owner;
    c->next = m->conns;
    m->conns = c;
    c->server = m->server;
    if (c->server)
        c->server->accepted(c->server->arg, c);
    return c;
}

void
model_drop(mconn *c)
{
    if (c->session && c->session->conn == c)
        c->session->conn = NULL;
    c->gone = true;
    c->in.n = c->out.n = 0;
    watch_clear(c);
    if (c->server)
        c->server->dropped(c->server->arg, c);
}

static uint32_t
granted(int32_t asked)
{
    return asked < MODEL_MIN_TIMEOUT_MS   ? MODEL_MIN_TIMEOUT_MS
           : asked > MODEL_MAX_TIMEOUT_MS ? MODEL_MAX_TIMEOUT_MS
                                          : (uint32_t)asked;
}

static void
welcome(model *m, mconn *c, uint32_t timeout, int64_t id, const uint8_t *password, bool read_only)
{
    uint8_t out[64];
    zb_writer w = {out, out + sizeof out, 0, false};
    struct zb_connect_response a = {0, (int32_t)timeout, id, {password, 16}};
    zb_put_i32(&w, m->short_replies ? 36 : 37);
    zb_put_connect_response(&w, &a);
    if (!m->short_replies)
        zb_put_bool(&w, read_only);
    mbytes_add(&c->out, out, w.n);
}

static void
greet(model *m, mconn *c, const uint8_t *frame, size_t n, uint64_t now)
{
    static const uint8_t zeros[16];
    zb_reader r = zb_reader_of(frame, n);
    struct zb_connect_request q;
    zb_get_connect_request(&r, &q);
    c->read_only = (m->read_only >> c->door & 1) != 0;
    /* Not served: who has seen more than this server, and who wants to write where only reading is possible. */
    if (r.bad || q.last_zxid_seen > m->zxid || (c->read_only && !q.read_only)) {
        c->closing = true;
        return;
    }
    msession *s = NULL;
    if (q.session_id == 0) {
        s = new_session(m, granted(q.timeout), c->read_only ? c->door : -1, now);
    } else {
        s = model_session(m, q.session_id);
        if (s && (q.password.n != 16 || memcmp(s->password, q.password.p, 16) != 0))
            s = NULL;
        if (s && (s->ending || (s->local_door >= 0 && s->local_door != c->door)))
            s = NULL;
    }
    if (!s) {
        welcome(m, c, 0, 0, zeros, false);
        c->closing = true;
        return;
    }
    if (s->conn)
        s->conn->closing = true;
    s->timeout_ms = granted(q.timeout);
    s->conn = c;
    c->session = s;
    c->greeted = true;
    touch_session(s, now);
    welcome(m, c, s->timeout_ms, s->id, s->password, c->read_only);
}

void
model_take(model *m, mconn *c, const uint8_t *frame, size_t n, uint64_t now)
{
    if (!c->greeted) {
        greet(m, c, frame, n, now);
        return;
    }
    int32_t type = n >= 8 ? (int32_t)zb_load32(frame + 4) : 0;
    if (type != ZB_OP_AUTH)
        touch_session(c->session, now);
    if (type != ZB_OP_CLOSE_SESSION) {
        serve_request(m, c, frame, n, now);
        return;
    }
    end_session(m, c->session);
    c->session->conn = NULL;
    serve_reply(c, (int32_t)zb_load32(frame), m->zxid, ZOBO_OK, NULL, 0);
    c->closing = true;
}

void
model_feed(model *m, mconn *c, const void *data, size_t n, uint64_t now)
{
    if (c->gone || c->closing || c->mute || m->down)
        return;
    if (m->server) {
        m->server->feed(m->server->arg, c, data, n, now);
        return;
    }
    mbytes_add(&c->in, data, n);
    size_t at = 0;
    while (!c->closing && !c->gone && c->in.n - at >= 4) {
        uint32_t len = zb_load32(c->in.p + at);
        if (len > 0xfffff) {
            c->closing = true;
            break;
        }
        if (c->in.n - at - 4 < len)
            break;
        at += 4 + len;
        /* Its session may have been ended or taken over by another connection. */
        if (c->session && (c->session->over || c->session->conn != c)) {
            c->closing = true;
            break;
        }
        m->observer.frame(m->observer.arg, c, c->in.p + at - len, len);
        model_take(m, c, c->in.p + at - len, len, now);
    }
    if (at) {
        memmove(c->in.p, c->in.p + at, c->in.n - at);
        c->in.n -= at;
    }
}

void
model_read_only(model *m, int door, bool on)
{
    m->read_only = on ? m->read_only | 1U << door : m->read_only & ~(1U << door);
    for (mconn *c = m->conns; c; c = c->next)
        if (c->door == door && !c->gone)
            c->closing = true;
    for (size_t i = 0; i < m->n_sessions && !on; i++)
        if (m->sessions[i]->local_door == door)
            m->sessions[i]->over = true;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void
seed_tree(model *m, uint64_t now)
{
    static const char *const paths[] = {"/secret", "/app", "/app/a", "/app/b"};
    mnode *root = tree_intern(m, "/", 1), *node;
    root->touched = false;
    root->now = (mstate){.exists = true, .data = model_blob(m, "", 0)};
    root->past = model_grow(root->past, &root->cap_past, root->n_past, sizeof *root->past);
    root->past[root->n_past++] = (mversion){m->generation, 0, root->now};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        m->zxid++;
        if (tree_create(m, paths[i], "", 0, 0, 0, now, &node) != ZOBO_OK)
            abort();
        tree_commit(m);
    }
}

void
model_init(model *m, uint64_t seed, uint64_t now)
{
    *m = (model){.rng = seed};
    seed_tree(m, now);
}

void
model_forget(model *m)
{
    for (size_t i = 0; i < m->n_nodes; i++)
        m->nodes[i]->now = (mstate){.exists = false};
    for (size_t i = 0; i < m->n_sessions; i++)
        m->sessions[i]->over = true;
    m->zxid = 0;
}

void
model_have(model *m, const char *path, const mstate *state)
{
    mnode *n = tree_intern(m, path, strlen(path));
    n->now = *state;
    n->past = model_grow(n->past, &n->cap_past, n->n_past, sizeof *n->past);
    n->past[n->n_past++] = (mversion){m->generation, 0, n->now};
}

void
model_crash(model *m)
{
    m->down = true;
    if (m->server)
        m->server->crash(m->server->arg);
    for (mconn *c = m->conns; c; c = c->next)
        model_drop(c);
    for (size_t i = 0; i < m->n_sessions; i++)
        m->sessions[i]->conn = NULL;
}

void
model_start(model *m, bool wiped, uint64_t now)
{
    m->down = false;
    if (m->server) {
        m->server->start(m->server->arg, wiped, now);
        return;
    }
    if (wiped) {
        model_forget(m);
        m->generation++;
        seed_tree(m, now);
    }
    for (size_t i = 0; i < m->n_sessions; i++)
        if (!m->sessions[i]->over)
            touch_session(m->sessions[i], now);
}

const char *
model_check(const model *m)
{
    for (size_t i = 0; i < m->n_nodes; i++) {
        const mnode *n = m->nodes[i];
        if (!n->now.exists)
            continue;
        if (n->parent && !n->parent->now.exists)
            return "a node has no parent";
        if (n->now.stat.ephemeral_owner && !model_session(m, n->now.stat.ephemeral_owner))
            return "an ephemeral node has outlived its session";
    }
    return NULL;
}

void
model_free(model *m)
{
    while (m->conns) {
        mconn *c = m->conns;
        m->conns = c->next;
        watch_clear(c);
        free(c->watches);
        for (uint32_t i = 0; i < c->n_digest; i++)
            free(c->digests[i]);
        free(c->in.p);
        free(c->out.p);
        free(c);
    }
    for (size_t i = 0; i < m->n_nodes; i++) {
        free(m->nodes[i]->path);
        free(m->nodes[i]->past);
        free(m->nodes[i]->events);
        free(m->nodes[i]);
    }
    for (size_t i = 0; i < m->n_sessions; i++)
        free(m->sessions[i]);
    while (m->blobs) {
        mblob *b = m->blobs;
        m->blobs = b->next;
        free(b);
    }
    free(m->nodes);
    free(m->sessions);
    free(m->touched);
    free(m->events);
}
