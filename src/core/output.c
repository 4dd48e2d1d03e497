/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to send: a list of chunks, each holding whole frames.
 *
 * Requests are encoded straight into the last chunk. A chunk's memory never moves, and what has been given out is
 * never changed, so the writer needs no lock. A ping goes before the requests that queue up, but a frame may be half
 * sent and chunks may be in the writer's hands: it goes behind the last of those, between two chunks.
 *
 * Which requests of a broken link never reached the kernel is found by walking the frames of what is left: nothing
 * needs to be noted for that when a request is sent. */
#include "core/session_internal.h"

zb_chunk *
zb_chunk_new(size_t room)
{
    if (room > SIZE_MAX - sizeof(zb_chunk))
        return NULL;
    zb_chunk *chunk = zb_malloc(sizeof *chunk + room);
    if (!chunk)
        return NULL;
    memset(chunk, 0, sizeof *chunk);
    chunk->cap = room;
    return chunk;
}

void
zb_chunks_free(zb_chunk *chunk)
{
    while (chunk) {
        zb_chunk *next = chunk->next;
        zb_free(chunk);
        chunk = next;
    }
}

static void
recycle(zb_out *out, zb_chunk *chunk)
{
    if (out->spare || chunk->cap != ZB_CHUNK_BYTES) {
        zb_free(chunk);
        return;
    }
    chunk->next = NULL;
    chunk->off = chunk->end = 0;
    chunk->handed = false;
    out->spare = chunk;
}

static zb_chunk *
take_chunk(zb_out *out, size_t need)
{
    if (need > ZB_CHUNK_BYTES)
        return zb_chunk_new(need);
    zb_chunk *chunk = out->spare;
    out->spare = NULL;
    return chunk ? chunk : zb_chunk_new(ZB_CHUNK_BYTES);
}

uint8_t *
zb_out_room(zb_session *s, size_t need, size_t *room)
{
    zb_out *out = &s->out;
    zb_chunk *tail = out->tail;
    if (ZB_UNLIKELY(!tail || tail->cap - tail->end < need)) {
        zb_chunk *chunk = take_chunk(out, need);
        if (!chunk)
            return NULL;
        zb_out_adopt(s, chunk, chunk, 0);
        tail = chunk;
    }
    *room = tail->cap - tail->end;
    return tail->data + tail->end;
}

void
zb_out_commit(zb_session *s, size_t n)
{
    s->out.tail->end += n;
    s->out.bytes += n;
}

/* Most requests fit into what is left of the last chunk and are written at once; the others' length is known then. */
zobo_err
zb_out_encode(zb_session *s, const zb_op *op, const void *record, int32_t xid, size_t limit)
{
    size_t room;
    uint8_t *p = zb_out_room(s, ZB_FRAME_HEAD, &room);
    if (ZB_UNLIKELY(!p))
        return ZOBO_ENOMEM;
    zb_writer w = zb_writer_of(p + ZB_FRAME_HEAD, room - ZB_FRAME_HEAD);
    op->put(&w, record);
    if (ZB_UNLIKELY(w.n > limit || limit - w.n < ZB_FRAME_HEAD - 4))
        return ZOBO_ETOOBIG;
    if (ZB_UNLIKELY(w.bad)) {
        size_t n = w.n;
        p = zb_out_room(s, ZB_FRAME_HEAD + n, &room);
        if (!p)
            return ZOBO_ENOMEM;
        w = zb_writer_of(p + ZB_FRAME_HEAD, n);
        op->put(&w, record);
        if (w.bad || w.n != n)
            return ZOBO_ETOOBIG;
    }
    zb_store32(p, (uint32_t)(ZB_FRAME_HEAD - 4 + w.n));
    zb_store32(p + 4, (uint32_t)xid);
    zb_store32(p + 8, (uint32_t)op->code);
    zb_out_commit(s, ZB_FRAME_HEAD + w.n);
    return ZOBO_OK;
}

bool
zb_out_append(zb_session *s, const void *frame, size_t n)
{
    size_t room;
    uint8_t *p = zb_out_room(s, n, &room);
    if (!p)
        return false;
    memcpy(p, frame, n);
    zb_out_commit(s, n);
    return true;
}

bool
zb_out_first(zb_session *s, const void *frame, size_t n)
{
    zb_out *out = &s->out;
    zb_chunk *after = NULL;
    for (zb_chunk *c = out->head; c && c->handed; c = c->next)
        after = c;
    if (out->bytes == 0 || after == out->tail)
        return zb_out_append(s, frame, n);
    zb_chunk *chunk = zb_chunk_new(n);
    if (!chunk)
        return false;
    memcpy(chunk->data, frame, n);
    chunk->end = n;
    chunk->next = after ? after->next : out->head;
    if (after)
        after->next = chunk;
    else
        out->head = chunk;
    out->bytes += n;
    return true;
}

void
zb_out_adopt(zb_session *s, zb_chunk *first, zb_chunk *last, size_t bytes)
{
    if (s->out.tail)
        s->out.tail->next = first;
    else
        s->out.head = first;
    s->out.tail = last;
    s->out.bytes += bytes;
}

static void
free_limbo(zb_out *out)
{
    if (ZB_UNLIKELY(out->limbo != NULL)) {
        zb_chunks_free(out->limbo);
        out->limbo = NULL;
    }
}

/* The link is gone. Chunks in the writer's hands stay until it has put them down. */
void
zb_out_reset(zb_session *s)
{
    zb_out *out = &s->out;
    if (out->lent && !out->limbo)
        out->limbo = out->head;
    else
        zb_chunks_free(out->head);
    out->head = out->tail = NULL;
    out->bytes = out->sending = 0;
    out->lent = false;
}

void
zb_out_free(zb_session *s)
{
    zb_chunks_free(s->out.head);
    zb_chunks_free(s->out.limbo);
    zb_chunks_free(s->out.spare);
}

size_t
zb_session_output(zb_session *s, zb_iov *iov, size_t max)
{
    zb_out *out = &s->out;
    free_limbo(out);
    size_t n = 0;
    for (zb_chunk *c = out->head; c && n < max; c = c->next) {
        c->handed = true;
        if (c->off == c->end)
            continue;
        iov[n].p = c->data + c->off;
        iov[n].n = c->end - c->off;
        n++;
    }
    out->lent = n > 0;
    return n;
}

bool
zb_session_wants_write(const zb_session *s)
{
    return s->out.bytes > 0;
}

void
zb_session_sending(zb_session *s, size_t n)
{
    s->out.sending = n < s->out.bytes ? n : s->out.bytes;
}

/* Drops sent bytes from the front. The last chunk is kept for more, unless it was made for one large frame. */
static void
consume(zb_out *out, size_t n)
{
    out->bytes -= n;
    while (out->head) {
        zb_chunk *c = out->head;
        size_t part = c->end - c->off < n ? c->end - c->off : n;
        c->off += part;
        n -= part;
        if (c->off < c->end)
            break;
        if (c == out->tail && c->cap == ZB_CHUNK_BYTES) {
            c->off = c->end = 0;
            break;
        }
        out->head = c->next;
        if (!out->head)
            out->tail = NULL;
        recycle(out, c);
    }
}

void
zb_session_sent(zb_session *s, size_t n, zb_time now)
{
    zb_out *out = &s->out;
    if (ZB_UNLIKELY(out->limbo != NULL)) { /* they went out on a link that is gone */
        free_limbo(out);
        return;
    }
    out->lent = false;
    out->sending = 0;
    if (n > out->bytes)
        n = out->bytes;
    consume(out, n);
    /* Only a half-sent chunk still binds the order. */
    for (zb_chunk *c = out->head; c; c = c->next)
        c->handed = c->off > 0;
    s->stats.bytes_out += n;
    if (n > 0)
        s->written = now;
    if (s->phase == ZB_PHASE_CLOSING)
        zb_session_check_closing(s);
    else if (ZB_UNLIKELY(s->phase == ZB_PHASE_REPLAY) && out->bytes == 0)
        s->urgent = true; /* the next packet is made in zb_session_next */
    ZB_SESSION_CHECK(s);
}

/* Frames of requests (their xid is positive) of which not a byte has been handed to the kernel. */
size_t
zb_out_unsent_requests(const zb_session *s)
{
    size_t unsent = 0, handed = s->out.sending;
    for (const zb_chunk *c = s->out.head; c; c = c->next) {
        size_t mark = c->off + (handed < c->end - c->off ? handed : c->end - c->off);
        handed -= mark - c->off;
        for (size_t at = 0; at < c->end; at += 4 + zb_load32(c->data + at))
            unsent += at >= mark && (int32_t)zb_load32(c->data + at + 4) > 0;
    }
    return unsent;
}

size_t
zb_session_queued_bytes(const zb_session *s)
{
    return s->out.bytes + s->waiting_bytes;
}
