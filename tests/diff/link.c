/* SPDX-License-Identifier: Apache-2.0 */
/* A round sent to both sides at once, and all that comes back until the barriers. */
#include "diff/diff.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/op.h"

static const diff_op barrier = {.xid = BARRIER_XID, .type = ZB_OP_SYNC, .node = -1};

static void
note(diff_conn *c, int session, const char *what)
{
    char text[80];
    snprintf(text, sizeof text, "s%d %s", session, what);
    lines_add(&c->lines, 0, 0, zt_strdup(text));
}

static void
drop(diff_conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->in.n = c->in_at = c->out.n = c->out_at = 0;
    c->n_waiting = c->next_waiting = 0;
    c->handshake = c->awaits_barrier = c->awaits_end = false;
    c->hold = 0;
    c->last_zxid = 0;
}

void
side_reset(diff_side *side)
{
    for (int i = 0; i < SESSIONS; i++) {
        diff_conn *c = &side->conns[i];
        drop(c);
        zt_buf_free(&c->in);
        zt_buf_free(&c->out);
        lines_clear(&c->lines);
        free(c->lines.lines);
        *c = (diff_conn){.fd = -1};
    }
    side->first_zxid = 0;
}

/* --- sending --- */

static void
put_frame(zt_buf *out, const zt_buf *frame)
{
    zt_put_i32(out, (int32_t)frame->n);
    zt_put_raw(out, frame->p, frame->n);
}

static void
ask(diff_conn *c, const diff_op *op)
{
    if (!op->raw)
        c->waiting[c->n_waiting++] = op;
}

static void
put_barrier(diff_conn *c)
{
    zt_put_i32(&c->out, 17);
    zt_put_i32(&c->out, barrier.xid);
    zt_put_i32(&c->out, barrier.type);
    zt_put_str(&c->out, "sync!");
    ask(c, &barrier);
    c->awaits_barrier = true;
}

static void
put_ops(diff_side *side, diff_conn *c, const diff_round *round)
{
    for (int i = 0; i < round->n; i++) {
        const diff_op *op = &round->ops[i];
        size_t at = c->out.n + 4;
        if (op->raw)
            zt_put_raw(&c->out, op->frame.p, op->frame.n);
        else
            put_frame(&c->out, &op->frame);
        if (op->zxid && op->frame.n >= 16) {
            uint64_t zxid = (uint64_t)(side->first_zxid + op->zxid - 1);
            for (int k = 0; k < 8; k++)
                c->out.p[at + 8 + (size_t)k] = (uint8_t)(zxid >> (56 - 8 * k));
        }
        ask(c, op);
    }
}

static void
put_connect(diff_side *side, diff_conn *c, const diff_round *round)
{
    uint8_t password[40] = {0};
    int64_t id = 0;
    if (round->connect == CONNECT_RESUME || round->connect == CONNECT_BAD_PASSWORD) {
        id = c->session;
        memcpy(password, c->password, sizeof c->password);
        password[7] ^= round->connect == CONNECT_BAD_PASSWORD;
    } else if (round->connect == CONNECT_UNKNOWN) {
        id = 0x1234567;
    }
    zt_buf request = {0};
    zt_put_i32(&request, round->protocol);
    zt_put_i64(&request, round->connect == CONNECT_AHEAD ? INT64_MAX / 2 : side->first_zxid);
    zt_put_i32(&request, round->timeout);
    zt_put_i64(&request, id);
    zt_put_bytes(&request, password, round->password_n);
    if (!round->short_request)
        zt_put_bool(&request, false);
    if (round->connect == CONNECT_CUT)
        request.n = (size_t)round->protocol;
    put_frame(&c->out, &request);
    zt_buf_free(&request);
    c->handshake = true;
}

static bool
open_conn(diff_side *side, diff_conn *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(side->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    c->fd = fd;
    return true;
}

static void
begin(diff_side *side, const diff_round *round)
{
    diff_conn *c = &side->conns[round->session];
    if (round->kind == ROUND_CONNECT) {
        drop(c);
        if (!open_conn(side, c)) {
            note(c, round->session, "cannot connect");
            return;
        }
        put_connect(side, c, round);
        c->awaits_end = round->connect > CONNECT_RESUME;
    } else if (round->kind == ROUND_DROP) {
        drop(c);
        return;
    }
    put_ops(side, c, round);
    if (round->kind == ROUND_FATAL)
        c->awaits_end = true;
    if (!c->awaits_end)
        put_barrier(c);
    if (round->split && round->split < c->out.n)
        c->hold = round->split;
}

/* --- receiving --- */

static void
take_handshake(diff_side *side, diff_conn *c, int session, const uint8_t *p, size_t n)
{
    zb_reader r = zb_reader_of(p, n);
    struct zb_connect_response h;
    bool read_only;
    char text[160];
    zb_get_connect_reply(&r, &h, &read_only);
    static const uint8_t zeros[16];
    bool same = h.session_id == c->session && h.session_id != 0;
    bool nothing = h.password.n == 16 && memcmp(h.password.p, zeros, 16) == 0;
    (void)side;
    snprintf(text, sizeof text, "s%d < session %s timeout=%d protocol=%d password=%d%s read_only=%d length=%zu%s",
             session,
             h.session_id == 0 ? "none"
             : same            ? "as before"
                               : "new",
             (int)h.timeout, (int)h.protocol_version, (int)h.password.n,
             nothing                                                               ? " zeros"
             : same && h.password.n == 16 && memcmp(h.password.p, c->password, 16) ? " changed"
                                                                                   : "",
             read_only, n, r.bad ? " BAD" : "");
    lines_add(&c->lines, 0, 0, zt_strdup(text));
    c->handshake = false;
    if (h.session_id && h.password.n == 16) {
        c->session = h.session_id;
        memcpy(c->password, h.password.p, 16);
    }
}

/* zxids never go back on a connection. */
static void
check_zxid(diff_conn *c, int session, const uint8_t *p, size_t n)
{
    zb_reader r = zb_reader_of(p, n);
    struct zb_reply_header h;
    zb_get_reply_header(&r, &h);
    if (h.zxid > 0 && h.zxid < c->last_zxid)
        note(c, session, "the zxid went back");
    if (h.zxid > 0)
        c->last_zxid = h.zxid;
}

static void
take_frame(diff_side *side, diff_conn *c, int session, const uint8_t *p, size_t n, diff_gen *learn)
{
    if (c->handshake) {
        take_handshake(side, c, session, p, n);
        return;
    }
    check_zxid(c, session, p, n);
    int32_t xid = n >= 4 ? (int32_t)zb_load32(p) : 0;
    const diff_op *op = c->next_waiting < c->n_waiting ? c->waiting[c->next_waiting] : NULL;
    if (xid == ZB_XID_EVENT && (!op || op->xid != ZB_XID_EVENT)) {
        show_event(side, &c->lines, session, op && (op->type == ZB_OP_SET_WATCHES || op->type == ZB_OP_SET_WATCHES2), p,
                   n);
        return;
    }
    if (!op) {
        note(c, session, "answers what nobody asked");
        return;
    }
    c->next_waiting++;
    show_answer(side, &c->lines, session, op, p, n, learn);
    if (op == &barrier)
        c->awaits_barrier = false;
}

static void
ended(diff_conn *c, int session, bool closed_session)
{
    note(c, session, c->in.n > c->in_at ? "closed, half a frame before" : "closed");
    if (closed_session)
        c->session = 0;
    drop(c);
}

static void
receive(diff_side *side, int session, diff_gen *learn)
{
    diff_conn *c = &side->conns[session];
    static uint8_t room[1 << 18];
    ssize_t n = recv(c->fd, room, sizeof room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        bool closed = c->n_waiting && c->waiting[0]->type == ZB_OP_CLOSE_SESSION && c->next_waiting;
        ended(c, session, closed);
        return;
    }
    zt_put_raw(&c->in, room, (size_t)n);
    while (c->in.n - c->in_at >= 4) {
        uint32_t len = zb_load32(c->in.p + c->in_at);
        if (len > 64 << 20) {
            note(c, session, "sends a length that cannot be");
            drop(c);
            return;
        }
        if (c->in.n - c->in_at - 4 < len)
            break;
        const uint8_t *frame = c->in.p + c->in_at + 4;
        c->in_at += 4 + (size_t)len;
        take_frame(side, c, session, frame, len, learn);
    }
    if (c->in_at == c->in.n)
        c->in_at = c->in.n = 0;
    if (!c->awaits_barrier && !c->awaits_end)
        c->n_waiting = c->next_waiting = 0;
}

static void
transmit(diff_conn *c)
{
    size_t end = c->hold ? c->hold : c->out.n;
    ssize_t n = send(c->fd, c->out.p + c->out_at, end - c->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        c->out_at += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        c->out_at = c->out.n; /* the reading side finds out */
    if (c->hold && c->out_at >= c->hold)
        c->hold = 0; /* TCP_NODELAY: what follows is a segment of its own */
    if (c->out_at >= c->out.n)
        c->out_at = c->out.n = 0;
}

/* pump moves bytes until nobody waits for anything. */
static bool
pump(diff_side sides[2], diff_gen *learn)
{
    for (;;) {
        struct pollfd polls[2 * SESSIONS];
        int which[2 * SESSIONS];
        nfds_t n = 0;
        for (int i = 0; i < 2 * SESSIONS; i++) {
            diff_conn *c = &sides[i / SESSIONS].conns[i % SESSIONS];
            if (c->fd < 0 || !(c->awaits_barrier || c->awaits_end || c->out_at < c->out.n))
                continue;
            which[n] = i;
            polls[n++] = (struct pollfd){.fd = c->fd, .events = (short)(POLLIN | (c->out_at < c->out.n ? POLLOUT : 0))};
        }
        if (n == 0)
            return true;
        int got = poll(polls, n, ANSWER_MS);
        if (got == 0) {
            for (nfds_t i = 0; i < n; i++)
                note(&sides[which[i] / SESSIONS].conns[which[i] % SESSIONS], which[i] % SESSIONS, "does not answer");
            return false;
        }
        for (nfds_t i = 0; i < n; i++) {
            int side = which[i] / SESSIONS, session = which[i] % SESSIONS;
            diff_conn *c = &sides[side].conns[session];
            if (polls[i].revents & POLLOUT)
                transmit(c);
            if (polls[i].revents & (POLLIN | POLLHUP | POLLERR))
                receive(&sides[side], session, side == 0 ? learn : NULL);
        }
    }
}

bool
sides_play(diff_side sides[2], const diff_round *round, diff_gen *learn)
{
    for (int side = 0; side < 2; side++)
        begin(&sides[side], round);
    if (!pump(sides, learn))
        return false;
    for (int side = 0; side < 2; side++)
        for (int s = 0; s < SESSIONS; s++)
            if (s != round->session && sides[side].conns[s].fd >= 0)
                put_barrier(&sides[side].conns[s]);
    bool ok = pump(sides, learn);
    if (learn)
        for (int s = 0; s < SESSIONS; s++) {
            learn->connected[s] = sides[0].conns[s].fd >= 0;
            learn->alive[s] = sides[0].conns[s].session != 0;
        }
    return ok;
}
