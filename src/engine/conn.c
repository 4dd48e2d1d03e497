/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: frames out of bytes, answers into bytes, and when it is over.
 *
 * Frames are carried out where they were fed. Only what is left of them is kept: half a frame, or whole ones that have
 * to wait for the handshake, for the peer to read, or for the queue of writes. A connection with nothing under way
 * holds no buffer: the engine keeps some that connections borrow.
 *
 * The list `waiting` holds those that have a limited time: to get a session, or, when it is over, to take the rest of
 * their output. All wait equally long, so the list is in order of time. */
#include "engine/engine_internal.h"

#include <string.h>

#include "base/mem.h"

enum { WORD = 4, LARGE_BUFFER = 4 << 20, COMPACT = 64 << 10 };

/* --- a connection's life --- */

zs_conn *
zs_conn_open(zs_engine *e, const char *ip, uint16_t port, void *owner)
{
    zs_conn *c = zb_calloc(1, sizeof *c);
    zs_ids *ids = c ? zs_ids_of_address(ip) : NULL;
    if (!ids) {
        zb_free(c);
        return NULL;
    }
    c->engine = e;
    c->owner = owner;
    c->ids = ids;
    c->port = port;
    c->read_bytes = ZS_FIRST_READ;
    c->opened_wall_ms = e->wall_ms;
    zb_list_init(&c->in_ready);
    zb_list_init(&c->in_waiting);
    zb_list_push_back(&e->all, &c->in_all);
    zs_conn_wait(c);
    e->stats.connections++;
    e->stats.connections_total++;
    return c;
}

void
zs_conn_free(zs_conn *c)
{
    zs_ids_unref(c->ids);
    zb_free(c);
}

/* Gives the output's buffer to who has need of one. */
static void
give_buffer(zs_conn *c)
{
    zs_engine *e = c->engine;
    c->out.n = c->out_at = 0;
    if (c->out.cap <= LARGE_BUFFER && c->out.cap > 0 && !c->out.failed && e->n_buffers < ZS_SPARE_BUFFERS) {
        e->buffers[e->n_buffers++] = c->out;
        c->out = (zs_bytes){0};
    } else {
        zs_bytes_free(&c->out);
    }
}

void
zs_conn_close(zs_conn *c)
{
    zs_engine *e = c->engine;
    zs_watch_drop(e->watches, &c->watcher);
    if (c->session)
        c->session->conn = NULL;
    c->session = NULL;
    zb_list_remove(&c->in_all);
    zb_list_remove(&c->in_ready);
    zb_list_remove(&c->in_waiting);
    give_buffer(c);
    zs_bytes_free(&c->in);
    e->stats.connections--;
    c->closed = c->mute = true;
    if (c->jobs == 0)
        zs_conn_free(c);
}

void
zs_conn_mark(zs_conn *c)
{
    if (zb_list_empty(&c->in_ready) && !c->closed)
        zb_list_push_back(&c->engine->ready, &c->in_ready);
}

void
zs_conn_wait(zs_conn *c)
{
    zb_list_remove(&c->in_waiting);
    c->waits_until = c->engine->now + ZB_MS(c->engine->options.sessionless_ms);
    zb_list_push_back(&c->engine->waiting, &c->in_waiting);
}

void
zs_conn_end(zs_conn *c)
{
    c->mute = true;
    if (c->ending || c->closed)
        return;
    c->ending = true;
    zs_conn_wait(c);
    zs_conn_mark(c);
}

void
zs_conn_drop(zs_conn *c)
{
    c->mute = c->drop = true;
    zb_list_remove(&c->in_waiting);
    zs_conn_mark(c);
}

bool
zs_conn_over(const zs_conn *c, bool *at_once)
{
    *at_once = c->drop;
    return c->drop || (c->ending && c->jobs == 0);
}

zs_conn *
zs_engine_next_ready(zs_engine *e)
{
    if (zb_list_empty(&e->ready))
        return NULL;
    zs_conn *c = ZB_CONTAINER_OF(e->ready.next, zs_conn, in_ready);
    zs_conn_resume(c);
    zb_list_remove(&c->in_ready);
    return c;
}

/* --- input --- */

static size_t
unsent(const zs_conn *c)
{
    return c->out.n - c->out_at;
}

bool
zs_conn_blocked(const zs_conn *c)
{
    return c->mute || c->holds || c->phase == ZS_SHAKING || unsent(c) >= c->engine->options.max_output ||
           c->expected >= c->engine->options.max_output || (c->engine->full && (c->jobs > 0 || c->no_room));
}

bool
zs_conn_wants_input(const zs_conn *c)
{
    return !zs_conn_blocked(c);
}

/* The first four bytes of a connection: as a frame's length no word is possible. */
static bool
is_word(const uint8_t *p)
{
    for (int i = 0; i < WORD; i++) {
        if (p[i] < 'a' || p[i] > 'z')
            return false;
    }
    return true;
}

static void
answer_word(zs_conn *c, const uint8_t *p)
{
    zs_engine *e = c->engine;
    char word[WORD + 1] = {0};
    memcpy(word, p, WORD);
    e->stats.received++;
    c->received++;
    zs_bytes *out = zs_conn_out(c);
    if (e->options.word && e->options.word(e->options.word_arg, c, word, out)) {
        e->stats.sent++;
        c->sent++;
    }
    if (out->failed)
        zs_conn_drop(c);
    zs_conn_end(c);
}

/* With the queue full, nothing joins it. Whoever has no part in it is served as always: reads, signs of life. */
static bool
must_wait(const zs_conn *c, const uint8_t *frame, size_t n)
{
    enum { HEADER = 8, OP = 4 };
    return c->engine->full && c->phase == ZS_OPEN && n >= HEADER && zs_op_writes((int32_t)zb_load32(frame + OP));
}

/* Carries out whole frames. Returns how many bytes they were. */
static size_t
consume(zs_conn *c, const uint8_t *p, size_t n)
{
    size_t at = 0;
    while (n - at >= WORD && !zs_conn_blocked(c)) {
        uint32_t len = zb_load32(p + at);
        if (ZB_UNLIKELY(len > c->engine->options.rules.max_request)) {
            if (c->phase == ZS_NEW && is_word(p))
                answer_word(c, p);
            else
                zs_conn_end(c);
            break;
        }
        if (n - at - WORD < len)
            break;
        c->no_room = must_wait(c, p + at + WORD, len);
        if (ZB_UNLIKELY(c->no_room)) {
            if (c->session) /* it was heard, though it may be gone before it is served */
                zs_session_touch(&c->engine->sessions, c->session);
            break;
        }
        if (ZB_LIKELY(c->phase == ZS_OPEN))
            zs_conn_request(c, p + at + WORD, len);
        else
            zs_conn_shake(c, p + at + WORD, len);
        at += WORD + len;
    }
    return at;
}

/* What is kept is done with as far as `used`. */
static void
shorten(zs_conn *c, size_t used)
{
    if (used == c->in.n || c->mute) {
        zs_bytes_free(&c->in);
    } else if (used > 0) {
        memmove(c->in.p, c->in.p + used, c->in.n - used);
        c->in.n -= used;
    }
}

static void
keep(zs_conn *c, const uint8_t *p, size_t n)
{
    if (n == 0 || c->mute)
        return;
    zs_bytes_add(&c->in, p, n);
    if (c->in.failed)
        zs_conn_drop(c);
}

/* How many bytes the first frame of what is kept still lacks. */
static size_t
lacking(const zs_conn *c)
{
    if (c->in.n < WORD)
        return WORD - c->in.n;
    size_t whole = WORD + (size_t)zb_load32(c->in.p);
    return whole > c->in.n ? whole - c->in.n : 0;
}

void
zs_conn_feed(zs_conn *c, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    while (c->in.n > 0 && n > 0 && !zs_conn_blocked(c)) {
        size_t more = lacking(c);
        more = more < n ? more : n;
        keep(c, p, more);
        p += more;
        n -= more;
        shorten(c, consume(c, c->in.p, c->in.n));
    }
    if (c->in.n == 0) {
        size_t used = consume(c, p, n);
        p += used;
        n -= used;
    }
    keep(c, p, n);
    if (c->mute)
        zs_bytes_free(&c->in);
}

void
zs_conn_resume(zs_conn *c)
{
    if (c->in.n > 0 && !zs_conn_blocked(c))
        shorten(c, consume(c, c->in.p, c->in.n));
    if (c->eof && !zs_conn_blocked(c))
        zs_conn_end(c);
}

void
zs_conn_end_of_input(zs_conn *c)
{
    c->eof = true;
    zs_conn_resume(c);
}

/* --- output --- */

zs_bytes *
zs_conn_out(zs_conn *c)
{
    zs_engine *e = c->engine;
    if (!c->out.p && e->n_buffers > 0)
        c->out = e->buffers[--e->n_buffers];
    return &c->out;
}

zb_iov
zs_conn_output(const zs_conn *c)
{
    if (c->drop || unsent(c) == 0)
        return (zb_iov){NULL, 0}; /* dropped: it may end with half an answer */
    return (zb_iov){c->out.p + c->out_at, unsent(c)};
}

void
zs_conn_sent(zs_conn *c, size_t n)
{
    bool was_blocked = zs_conn_blocked(c);
    c->out_at += n;
    if (c->ending && n > 0)
        zs_conn_wait(c); /* the peer still reads */
    if (c->out_at >= c->out.n) {
        give_buffer(c);
    } else if (c->out_at >= COMPACT && c->out_at >= c->out.n / 2) {
        memmove(c->out.p, c->out.p + c->out_at, unsent(c));
        c->out.n -= c->out_at;
        c->out_at = 0;
    }
    if (was_blocked && !zs_conn_blocked(c))
        zs_conn_mark(c);
}

void
zs_conn_head(zs_conn *c, size_t head, int32_t xid, int64_t zxid, zobo_err err, zb_time received)
{
    zs_engine *e = c->engine;
    size_t n = c->out.n - head - WORD;
    if (ZB_UNLIKELY(c->out.failed || n > INT32_MAX)) {
        zs_conn_drop(c);
        return;
    }
    uint8_t *p = c->out.p + head;
    zb_store32(p, (uint32_t)n);
    zb_store32(p + 4, (uint32_t)xid);
    zb_store64(p + 8, (uint64_t)zxid);
    zb_store32(p + 16, (uint32_t)err);
    zs_conn_mark(c);
    c->sent++;
    e->stats.sent++;
    c->last_zxid = zxid;
    c->last_response_wall_ms = e->wall_ms;
    uint64_t us = e->now > received ? (e->now - received) / 1000 : 0;
    c->latency_last_us = us;
    c->latency_sum_us += us;
    e->stats.latency_sum_us += us;
    if (us < c->latency_min_us || c->latency_count == 0)
        c->latency_min_us = us;
    if (us > c->latency_max_us)
        c->latency_max_us = us;
    if (us < e->stats.latency_min_us || e->stats.latency_count == 0)
        e->stats.latency_min_us = us;
    if (us > e->stats.latency_max_us)
        e->stats.latency_max_us = us;
    c->latency_count++;
    e->stats.latency_count++;
}

void
zs_conn_reply(zs_conn *c, int32_t xid, int64_t zxid, zobo_err err, const void *body, size_t n, zb_time received)
{
    zs_bytes *out = zs_conn_out(c);
    size_t head = out->n;
    if (zs_bytes_room(out, ZS_HEAD) && !err)
        zs_bytes_add(out, body, n);
    zs_conn_head(c, head, xid, zxid, err, received);
}

/* --- looking --- */

void *
zs_conn_owner(const zs_conn *c)
{
    return c->owner;
}

zs_conn *
zs_conn_of_watcher(zs_watcher *who)
{
    return ZB_CONTAINER_OF(who, zs_conn, watcher);
}

zs_watcher *
zs_conn_watcher(zs_conn *c)
{
    return &c->watcher;
}

zs_conn *
zs_conn_next(zs_engine *e, const zs_conn *after)
{
    zb_link *at = after ? after->in_all.next : e->all.next;
    return at == &e->all ? NULL : ZB_CONTAINER_OF(at, zs_conn, in_all);
}

void
zs_conn_tell(const zs_conn *c, zs_conn_info *out)
{
    *out = (zs_conn_info){.ip = zs_ids_at(c->ids, 0).id,
                          .port = c->port,
                          .session = c->session ? c->session->record.id : 0,
                          .timeout_ms = c->session ? c->session->record.timeout_ms : 0,
                          .opened_wall_ms = c->opened_wall_ms,
                          .received = c->received,
                          .sent = c->sent,
                          .queued = c->jobs,
                          .last_op = c->last_op,
                          .last_xid = c->last_xid,
                          .last_zxid = c->last_zxid,
                          .last_response_wall_ms = c->last_response_wall_ms,
                          .latency_last_us = c->latency_last_us,
                          .latency_min_us = c->latency_min_us,
                          .latency_max_us = c->latency_max_us,
                          .latency_sum_us = c->latency_sum_us};
}

void
zs_conn_reset_stats(zs_conn *c)
{
    c->received = c->sent = 0;
    c->latency_count = c->latency_last_us = c->latency_min_us = c->latency_max_us = c->latency_sum_us = 0;
}
