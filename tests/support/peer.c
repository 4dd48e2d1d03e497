/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the scripted peer. One thread accepts, one runs each connection; all sockets are blocking, and what
 * ends a wait from outside is shutdown(). */
#include "support/peer_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/test.h"

_Thread_local bool zt_on_peer_thread;

void
zt_complain(zt_conn *c, const char *format, ...)
{
    zt_peer *p = c->peer;
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&p->lock);
    if (!p->stopping && !p->complaint[0])
        vsnprintf(p->complaint, sizeof p->complaint, format, args);
    pthread_mutex_unlock(&p->lock);
    va_end(args);
}

size_t
zt_conn_index(const zt_conn *c)
{
    return c->index;
}

zt_peer *
zt_conn_peer(const zt_conn *c)
{
    return c->peer;
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */

static bool
read_exactly(zt_conn *c, void *into, size_t n)
{
    uint8_t *p = into;
    while (n) {
        ssize_t got = recv(c->fd, p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

bool
zt_send(zt_conn *c, const void *from, size_t n)
{
    const uint8_t *p = from;
    pthread_mutex_lock(&c->send_lock);
    bool ok = !c->closed;
    while (ok && n) {
        ssize_t put = send(c->fd, p, n, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        ok = put > 0;
        if (ok) {
            p += put;
            n -= (size_t)put;
        }
    }
    pthread_mutex_unlock(&c->send_lock);
    return ok;
}

bool
zt_send_slowly(zt_conn *c, const void *from, size_t n, size_t piece, unsigned pause_ms)
{
    for (size_t at = 0; at < n; at += piece) {
        if (!zt_send(c, (const uint8_t *)from + at, n - at < piece ? n - at : piece))
            return false;
        if (pause_ms && poll(NULL, 0, (int)pause_ms) < 0)
            return false;
    }
    return true;
}

void
zt_put_reply(zt_buf *b, int32_t xid, int64_t zxid, int32_t err, const zt_buf *body)
{
    size_t n = body ? body->n : 0;
    zt_put_i32(b, (int32_t)(16 + n));
    zt_put_i32(b, xid);
    zt_put_i64(b, zxid);
    zt_put_i32(b, err);
    if (n)
        zt_put_raw(b, body->p, n);
}

bool
zt_reply(zt_conn *c, int32_t xid, int64_t zxid, int32_t err, const zt_buf *body)
{
    zt_buf b = {0};
    zt_put_reply(&b, xid, zxid, err, body);
    bool ok = zt_send(c, b.p, b.n);
    zt_buf_free(&b);
    return ok;
}

bool
zt_send_event(zt_conn *c, int32_t type, const char *path)
{
    zt_buf body = {0};
    zt_put_i32(&body, type);
    zt_put_i32(&body, 3);
    zt_put_str(&body, path);
    bool ok = zt_reply(c, ZB_XID_EVENT, -1, 0, &body);
    zt_buf_free(&body);
    return ok;
}

void
zt_close(zt_conn *c)
{
    pthread_mutex_lock(&c->send_lock);
    c->closed = true;
    shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&c->send_lock);
}

void
zt_reset(zt_conn *c)
{
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    pthread_mutex_lock(&c->peer->lock);
    pthread_mutex_lock(&c->send_lock);
    if (!c->closed) {
        /* The descriptor's number must stay taken: other threads may still shut it down. */
        int dead = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (dead >= 0) {
            dup2(dead, c->fd);
            close(dead);
        }
    }
    c->closed = true;
    pthread_mutex_unlock(&c->send_lock);
    pthread_mutex_unlock(&c->peer->lock);
}

bool
zt_await_close(zt_conn *c)
{
    char drop[4096];
    for (;;) {
        ssize_t n = recv(c->fd, drop, sizeof drop, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
    }
    return true;
}

bool
zt_stall(zt_conn *c)
{
    zt_peer *p = c->peer;
    pthread_mutex_lock(&p->lock);
    while (!p->gates && !p->stopping)
        pthread_cond_wait(&p->changed, &p->lock);
    bool ok = !p->stopping;
    if (ok)
        p->gates--;
    pthread_mutex_unlock(&p->lock);
    return ok;
}

/* --- requests --------------------------------------------------------------------------------------------------- */

static bool
starts_with_path(int32_t op)
{
    switch (op) {
    case ZB_OP_PING:
    case ZB_OP_MULTI:
    case ZB_OP_MULTI_READ:
    case ZB_OP_RECONFIG:
    case ZB_OP_AUTH:
    case ZB_OP_SASL:
    case ZB_OP_SET_WATCHES:
    case ZB_OP_SET_WATCHES2:
    case ZB_OP_WHO_AM_I:
    case ZB_OP_CLOSE_SESSION:
        return false;
    default:
        return true;
    }
}

static void
note(zt_peer *p, int32_t op, const char *path)
{
    pthread_mutex_lock(&p->lock);
    if (p->n_log == p->cap_log) {
        p->cap_log = p->cap_log * 2 + 64;
        p->log = realloc(p->log, p->cap_log * sizeof *p->log);
        if (!p->log)
            abort();
    }
    p->log[p->n_log++] = (zt_logged){op, path ? zt_strdup(path) : NULL};
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static bool
read_body(zt_conn *c, const uint8_t head[4], size_t *len)
{
    zt_cursor at = {head, head + 4, false};
    int32_t n = zt_take_i32(&at);
    if (n < 8 || n > 64 * 1024 * 1024) {
        zt_complain(c, "connection %zu: a frame of %d bytes", c->index, (int)n);
        return false;
    }
    *len = (size_t)n;
    if (*len > c->in_cap) {
        free(c->in);
        c->in_cap = *len * 2;
        c->in = zt_alloc(c->in_cap);
    }
    return read_exactly(c, c->in, *len);
}

bool
zt_read_frame(zt_conn *c, zt_frame *out)
{
    uint8_t head[4];
    size_t len;
    *out = (zt_frame){0};
    if (!read_exactly(c, head, 4) || !read_body(c, head, &len))
        return false;
    zt_cursor at = {c->in, c->in + len, false};
    out->xid = zt_take_i32(&at);
    out->op = zt_take_i32(&at);
    out->body = at.p;
    out->len = (size_t)(at.end - at.p);
    free(c->path);
    c->path = starts_with_path(out->op) ? zt_take_str(&at) : NULL;
    out->path = c->path;
    if (at.bad)
        zt_complain(c, "a request %d whose path cannot be read", (int)out->op);
    note(c->peer, out->op, out->path);
    return true;
}

bool
zt_expect(zt_conn *c, int32_t op, const char *path, zt_frame *out)
{
    do {
        if (!zt_read_frame(c, out)) {
            zt_complain(c, "connection %zu ended before request %d came", c->index, (int)op);
            return false;
        }
        if (out->op == ZB_OP_PING && op != ZB_OP_PING)
            zt_reply(c, out->xid, zt_zxid(c), 0, NULL);
    } while (out->op == ZB_OP_PING && op != ZB_OP_PING);
    if (out->op == op && (!path || (out->path && strcmp(path, out->path) == 0)))
        return true;
    zt_complain(c, "expected request %d on %s, got %d on %s", (int)op, path ? path : "anything", (int)out->op,
                out->path ? out->path : "nothing");
    return false;
}

/* --- the handshake ---------------------------------------------------------------------------------------------- */

bool
zt_read_connect(zt_conn *c, zt_connect *out)
{
    uint8_t head[4];
    size_t len;
    *out = (zt_connect){0};
    if (!read_exactly(c, head, 4))
        return false;
    if (head[0] >= 'a' && head[0] <= 'z') {
        zt_tiny_word(c, (const char *)head);
        return false;
    }
    if (!read_body(c, head, &len))
        return false;
    zt_cursor at = {c->in, c->in + len, false};
    out->len = len;
    out->protocol_version = zt_take_i32(&at);
    out->last_zxid_seen = zt_take_i64(&at);
    out->timeout_ms = zt_take_i32(&at);
    out->session_id = zt_take_i64(&at);
    const uint8_t *password;
    int32_t n = zt_take_bytes(&at, &password);
    out->password_len = n < 0 ? 0 : (size_t)n;
    if (n == 16)
        memcpy(out->password, password, 16);
    if (len != 44)
        out->read_only = zt_take_bool(&at);
    if (at.bad || at.p != at.end || n != 16)
        zt_complain(c, "a ConnectRequest of %zu bytes, password %d", len, (int)n);
    pthread_mutex_lock(&c->peer->lock);
    c->peer->last_connect = *out;
    pthread_mutex_unlock(&c->peer->lock);
    return !at.bad;
}

bool
zt_answer_connect(zt_conn *c, const zt_connect *request)
{
    zt_peer *p = c->peer;
    zt_sess sess = {0};
    bool known = zt_tiny_session(p, request, &sess);
    zt_buf b = {0}, frame = {0};
    zt_put_i32(&b, 0);
    zt_put_i32(&b, sess.timeout_ms);
    zt_put_i64(&b, sess.id);
    uint8_t password[64] = {0};
    memcpy(password, sess.password, 16);
    zt_put_bytes(&b, password, p->config.handshake_password ? (int32_t)p->config.handshake_password : 16);
    pthread_mutex_lock(&p->lock);
    bool read_only = p->read_only;
    pthread_mutex_unlock(&p->lock);
    if (request->len == 45 && !p->config.short_handshake)
        zt_put_bool(&b, read_only);
    zt_put_i32(&frame, (int32_t)b.n);
    zt_put_raw(&frame, b.p, b.n);
    bool ok = zt_send(c, frame.p, frame.n) && known;
    zt_buf_free(&b);
    zt_buf_free(&frame);
    c->session = sess.id;
    c->up = true;
    pthread_mutex_lock(&p->lock);
    p->n_up += known;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return ok;
}

bool
zt_accept_session(zt_conn *c)
{
    zt_connect request;
    return zt_read_connect(c, &request) && zt_answer_connect(c, &request);
}

void
zt_serve(zt_conn *c)
{
    zt_peer *p = c->peer;
    if (!c->up && !zt_accept_session(c))
        return;
    zt_frame f;
    while (zt_read_frame(c, &f)) {
        pthread_mutex_lock(&p->lock);
        bool muted = p->muted;
        c->swallowed = c->swallowed || muted;
        pthread_mutex_unlock(&p->lock);
        if (muted || (p->config.handler && p->config.handler(c, &f, p->config.arg)))
            continue;
        zt_serve_one(c, &f);
        if (f.op == ZB_OP_CLOSE_SESSION)
            return;
    }
}

/* --- connections ------------------------------------------------------------------------------------------------ */

static void *
run_connection(void *arg)
{
    zt_conn *c = arg;
    zt_on_peer_thread = true;
    if (c->closed)
        return NULL; /* refused */
    if (c->peer->config.script)
        c->peer->config.script(c, c->peer->config.arg);
    else
        zt_serve(c);
    zt_tiny_forget(c);
    zt_close(c);
    return NULL;
}

static void
adopt(zt_peer *p, int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* a Unix socket has no use for it */
    zt_conn *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->peer = p;
    c->fd = fd;
    c->accepted_ms = zt_now_ms();
    pthread_mutex_init(&c->send_lock, NULL);
    pthread_mutex_lock(&p->lock);
    c->index = p->n_conns++;
    c->next = p->conns;
    p->conns = c;
    bool refuse = p->refusing || p->stopping;
    if (refuse)
        c->closed = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (refuse)
        shutdown(fd, SHUT_RDWR);
    if (pthread_create(&c->thread, NULL, run_connection, c))
        abort();
}

static void *
run_acceptor(void *arg)
{
    zt_peer *p = arg;
    zt_on_peer_thread = true;
    for (;;) {
        struct pollfd fds[2] = {{p->listener, POLLIN, 0}, {p->wake[0], POLLIN, 0}};
        if (poll(fds, 2, -1) < 0) {
            if (errno != EINTR)
                abort();
            continue;
        }
        if (fds[1].revents)
            return NULL;
        int fd = accept(p->listener, NULL, NULL);
        if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
            adopt(p, fd);
    }
}

static void
listen_tcp(zt_peer *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->listener < 0 || bind(p->listener, (struct sockaddr *)&at, len) || listen(p->listener, 128) ||
        getsockname(p->listener, (struct sockaddr *)&at, &len))
        abort();
    snprintf(p->hosts, sizeof p->hosts, "127.0.0.1:%d", ntohs(at.sin_port));
}

static void
listen_unix(zt_peer *p)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", p->config.unix_path);
    unlink(at.sun_path);
    p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->listener < 0 || bind(p->listener, (struct sockaddr *)&at, sizeof at) || listen(p->listener, 128))
        abort();
    snprintf(p->hosts, sizeof p->hosts, "unix:%s", at.sun_path);
}

zt_peer *
zt_peer_start(const zt_peer_config *config)
{
    zt_peer *p = calloc(1, sizeof *p);
    if (!p || pipe(p->wake))
        abort();
    if (config)
        p->config = *config;
    p->read_only = p->config.read_only;
    pthread_mutex_init(&p->lock, NULL);
    pthread_mutex_init(&p->tree, NULL);
    zt_cond_init(&p->changed);
    zt_tiny_init(p);
    if (p->config.unix_path)
        listen_unix(p);
    else
        listen_tcp(p);
    if (pthread_create(&p->acceptor, NULL, run_acceptor, p))
        abort();
    return p;
}

void
zt_peer_stop(zt_peer *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    close(p->wake[1]);
    pthread_join(p->acceptor, NULL);
    close(p->listener);
    close(p->wake[0]);
    for (zt_conn *c = p->conns; c; c = c->next)
        shutdown(c->fd, SHUT_RDWR);
    while (p->conns) {
        zt_conn *c = p->conns;
        p->conns = c->next;
        pthread_join(c->thread, NULL);
        close(c->fd);
        pthread_mutex_destroy(&c->send_lock);
        free(c->in);
        free(c->path);
        free(c);
    }
    zt_tiny_free(p);
    for (size_t i = 0; i < p->n_log; i++)
        free(p->log[i].path);
    free(p->log);
    if (p->config.unix_path)
        unlink(p->config.unix_path);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->tree);
    pthread_mutex_destroy(&p->lock);
    char complaint[sizeof p->complaint];
    memcpy(complaint, p->complaint, sizeof complaint);
    free(p);
    if (complaint[0])
        fail_msg("the peer complains: %s", complaint);
}

/* --- from the test's thread ------------------------------------------------------------------------------------- */

const char *
zt_peer_hosts(const zt_peer *p)
{
    return p->hosts;
}

size_t
zt_peer_connections(zt_peer *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = p->n_conns;
    pthread_mutex_unlock(&p->lock);
    return n;
}

uint64_t
zt_peer_accepted_ms(zt_peer *p, size_t index)
{
    uint64_t at = 0;
    pthread_mutex_lock(&p->lock);
    for (zt_conn *c = p->conns; c; c = c->next)
        if (c->index == index)
            at = c->accepted_ms;
    pthread_mutex_unlock(&p->lock);
    return at;
}

size_t
zt_peer_sessions_up(zt_peer *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = p->n_up;
    pthread_mutex_unlock(&p->lock);
    return n;
}

size_t
zt_peer_count_path(zt_peer *p, int32_t op, const char *path)
{
    size_t n = 0;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->n_log; i++)
        n += p->log[i].op == op && (!path || (p->log[i].path && strcmp(path, p->log[i].path) == 0));
    pthread_mutex_unlock(&p->lock);
    return n;
}

size_t
zt_peer_count(zt_peer *p, int32_t op)
{
    return zt_peer_count_path(p, op, NULL);
}

zt_connect
zt_peer_last_connect(zt_peer *p)
{
    pthread_mutex_lock(&p->lock);
    zt_connect last = p->last_connect;
    pthread_mutex_unlock(&p->lock);
    return last;
}

void
zt_peer_cut(zt_peer *p)
{
    pthread_mutex_lock(&p->lock);
    for (zt_conn *c = p->conns; c; c = c->next)
        shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&p->lock);
}

static void
set_flag(zt_peer *p, bool *flag, bool on)
{
    pthread_mutex_lock(&p->lock);
    *flag = on;
    pthread_mutex_unlock(&p->lock);
}

void
zt_peer_refuse(zt_peer *p, bool on)
{
    set_flag(p, &p->refusing, on);
}

void
zt_peer_mute(zt_peer *p, bool on)
{
    pthread_mutex_lock(&p->lock);
    p->muted = on;
    for (zt_conn *c = p->conns; c && !on; c = c->next)
        if (c->swallowed)
            shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&p->lock);
}

void
zt_peer_set_read_only(zt_peer *p, bool on)
{
    set_flag(p, &p->read_only, on);
}

void
zt_peer_release(zt_peer *p)
{
    pthread_mutex_lock(&p->lock);
    p->gates++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}
