/* SPDX-License-Identifier: Apache-2.0 */
/* nullserver: answers every ZooKeeper request at once with a canned reply, so that a client is measured alone.
 *
 * Replies have the shape that ZooKeeper's have, but there is no tree behind them: every node exists, holds SIZE bytes
 * and has no children, whatever was created, set or deleted; nobody is ever told of a change. Sessions do not expire.
 *
 * One thread, epoll, two large buffers for each connection. Replies to all requests of one read leave in one write.
 * A client that does not read its replies is not read from, so the buffers are all the memory there is. */
#include "common.h"
#include "wire.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAX_FRAME_BYTES = 0xfffff + 4, /* jute.maxbuffer, and the prefix */
    READ_BYTES = 1 << 18,
    IN_BYTES = MAX_FRAME_BYTES + READ_BYTES,
    FLUSH_BYTES = 1 << 18, /* so much output is written before more requests are answered */
    OUT_BYTES = FLUSH_BYTES + 2 * MAX_FRAME_BYTES,
    ERR_MARSHALLING = -5,
    ERR_UNIMPLEMENTED = -6,
    N_EVENTS = 64
};

/* What a connection is to be done with after a request. */
enum verdict { GO_ON, LAST_REPLY, HANG_UP };

struct server {
    int listener, epoll;
    uint64_t zxid, last_session;
    uint8_t get_reply[4 + HEADER_BYTES + 4 + MAX_DATA_BYTES + STAT_BYTES];
    size_t get_reply_len;
    uint8_t stat[STAT_BYTES];
};

struct conn {
    int fd;
    bool in_session, closing;
    uint32_t events; /* what epoll is to tell of */
    size_t in_len, out_len, out_sent;
    uint8_t in[IN_BYTES];
    uint8_t out[OUT_BYTES];
};

/* --- replies ---------------------------------------------------------------------------------------------------- */

/* put_header begins a frame: prefix, xid, zxid, err. The prefix is filled in by put_prefix. */
static uint8_t *
put_header(uint8_t *frame, uint32_t xid, uint64_t zxid, int err)
{
    return put_i32(put_u64(put_u32(frame + 4, xid), zxid), err);
}

static uint8_t *
put_prefix(uint8_t *frame, uint8_t *end)
{
    (void)put_u32(frame, (uint32_t)(end - frame) - 4);
    return end;
}

/* prepare encodes what is the same in each reply: the stat, and the whole answer to a getData but xid and zxid. */
static void
prepare(struct server *server, size_t data_size)
{
    uint8_t *p = put_u64(put_u64(server->stat, 1), 1);             /* czxid, mzxid */
    p = put_u64(put_u64(p, 1700000000000U), 1700000000000U);       /* ctime, mtime */
    p = put_u64(put_u32(put_u32(put_u32(p, 0), 0), 0), 0);         /* versions, ephemeral owner */
    (void)put_u64(put_u32(put_u32(p, (uint32_t)data_size), 0), 1); /* data, children, pzxid */
    p = put_u32(put_header(server->get_reply, 0, 0, 0), (uint32_t)data_size);
    memset(p, 'x', data_size);
    p = put_bytes(p + data_size, server->stat, STAT_BYTES);
    server->get_reply_len = (size_t)(put_prefix(server->get_reply, p) - server->get_reply);
}

/* connect_reply answers the ConnectRequest: with a new session, or the one that it asks to go on with. */
static enum verdict
connect_reply(struct server *server, struct conn *c, const uint8_t *body, size_t len)
{
    if (len < CONNECT_REQUEST_BYTES - PASSWORD_BYTES || get_u32(body + 24) > len - 28)
        return HANG_UP;
    static const uint8_t password[PASSWORD_BYTES] = {'n', 'o', 't', ' ', 's', 'e', 'c', 'r', 'e', 't'};
    uint64_t session = get_u64(body + 16);
    uint8_t *frame = c->out + c->out_len;
    uint8_t *p = put_u32(put_u32(frame + 4, 0), get_u32(body + 12)); /* protocol version, the timeout asked for */
    p = put_u32(put_u64(p, session != 0 ? session : ++server->last_session), PASSWORD_BYTES);
    bool has_password = session != 0 && get_u32(body + 24) == PASSWORD_BYTES;
    p = put_bytes(p, has_password ? body + 28 : password, PASSWORD_BYTES);
    if (len > 28 + (size_t)get_u32(body + 24))
        *p++ = 0; /* not read-only: said only to clients that have asked */
    c->out_len += (size_t)(put_prefix(frame, p) - frame);
    c->in_session = true;
    return GO_ON;
}

/* put_body appends what follows the header in the reply to operation `op`; NULL for an operation unknown here. `path`
 * is the request's first field, with its length in front, which the caller has checked. */
static uint8_t *
put_body(const struct server *server, int32_t op, const uint8_t *path, uint8_t *p)
{
    switch (op) {
    case OP_CREATE:
    case OP_SYNC:
        return put_bytes(p, path, 4 + (size_t)get_u32(path));
    case OP_CREATE2:
    case OP_CREATE_CONTAINER:
    case OP_CREATE_TTL:
        return put_bytes(put_bytes(p, path, 4 + (size_t)get_u32(path)), server->stat, STAT_BYTES);
    case OP_EXISTS:
    case OP_SET_DATA:
    case OP_SET_ACL:
        return put_bytes(p, server->stat, STAT_BYTES);
    case OP_GET_ACL: {
        static const char anyone[] = "\0\0\0\1\0\0\0\37\0\0\0\5world\0\0\0\6anyone";
        return put_bytes(put_bytes(p, anyone, sizeof anyone - 1), server->stat, STAT_BYTES);
    }
    case OP_GET_CHILDREN:
    case OP_ADD_WATCH: /* an error of its own: none */
        return put_u32(p, 0);
    case OP_GET_CHILDREN2:
        return put_bytes(put_u32(p, 0), server->stat, STAT_BYTES);
    case OP_DELETE:
    case OP_PING:
    case OP_AUTH:
    case OP_CHECK_WATCHES:
    case OP_REMOVE_WATCHES:
    case OP_SET_WATCHES:
    case OP_SET_WATCHES2:
    case OP_CLOSE:
        return p;
    default:
        return NULL;
    }
}

static bool
is_write(int32_t op)
{
    return op == OP_CREATE || op == OP_CREATE2 || op == OP_CREATE_CONTAINER || op == OP_CREATE_TTL || op == OP_DELETE ||
           op == OP_SET_DATA || op == OP_SET_ACL || op == OP_CLOSE;
}

/* begins_with_path tells whether an operation's request begins with a path, which it must then hold. */
static bool
begins_with_path(int32_t op)
{
    return op != OP_PING && op != OP_CLOSE && op != OP_AUTH && op != OP_SET_WATCHES && op != OP_SET_WATCHES2;
}

static enum verdict
reply(struct server *server, struct conn *c, const uint8_t *body, size_t len)
{
    uint8_t *frame = c->out + c->out_len;
    if (!c->in_session)
        return connect_reply(server, c, body, len);
    if (len < 8)
        return HANG_UP;
    uint32_t xid = get_u32(body);
    int32_t op = (int32_t)get_u32(body + 4);
    if (op == OP_GET_DATA) {
        (void)put_bytes(frame, server->get_reply, server->get_reply_len);
        (void)put_header(frame, xid, server->zxid, 0);
        c->out_len += server->get_reply_len;
        return GO_ON;
    }
    enum verdict verdict = op == OP_CLOSE ? LAST_REPLY : GO_ON;
    uint8_t *end;
    if (begins_with_path(op) && (len < 12 || get_u32(body + 8) > len - 12)) {
        end = put_header(frame, xid, server->zxid, ERR_MARSHALLING);
    } else {
        server->zxid += is_write(op);
        end = put_body(server, op, body + 8, put_header(frame, xid, server->zxid, 0));
        if (!end) {
            end = put_header(frame, xid, UINT64_MAX, ERR_UNIMPLEMENTED);
            verdict = LAST_REPLY;
        }
    }
    c->out_len += (size_t)(put_prefix(frame, end) - frame);
    return verdict;
}

/* --- connections ------------------------------------------------------------------------------------------------ */

static void
drop(struct conn *c)
{
    (void)close(c->fd);
    free(c);
}

/* answer replies to the requests at hand, until the output is long enough to be written; how many bytes it took. */
static enum verdict
answer(struct server *server, struct conn *c, size_t *used)
{
    enum verdict verdict = GO_ON;
    size_t at = *used;
    while (verdict == GO_ON && c->in_len - at >= 4 && c->out_len < FLUSH_BYTES) {
        size_t len = get_u32(c->in + at);
        if (len > MAX_FRAME_BYTES - 4)
            return HANG_UP;
        if (c->in_len - at < 4 + len)
            break;
        verdict = reply(server, c, c->in + at + 4, len);
        at += 4 + len;
    }
    *used = at;
    return verdict;
}

/* flush writes what it can. False: the connection is of no more use. */
static bool
flush(struct conn *c)
{
    while (c->out_sent < c->out_len) {
        ssize_t done = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL);
        if (done < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        c->out_sent += (size_t)done;
    }
    c->out_sent = c->out_len = 0;
    return true;
}

/* converse answers and writes until there is nothing left to answer, or the client does not take the replies. */
static bool
converse(struct server *server, struct conn *c)
{
    size_t used = 0;
    for (;;) {
        size_t before = used;
        if (!c->closing) {
            enum verdict verdict = answer(server, c, &used);
            if (verdict == HANG_UP)
                return false;
            c->closing = verdict == LAST_REPLY;
        }
        if (!flush(c))
            return false;
        if (c->out_len > 0 || used == before)
            break;
    }
    c->in_len -= used;
    memmove(c->in, c->in + used, c->in_len);
    return !c->closing || c->out_len > 0;
}

static bool
attend(struct server *server, struct conn *c)
{
    if (c->out_len == 0) {
        size_t room = IN_BYTES - c->in_len;
        ssize_t got = read(c->fd, c->in + c->in_len, room < READ_BYTES ? room : READ_BYTES);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (got <= 0)
            return false;
        c->in_len += (size_t)got;
    }
    if (!converse(server, c))
        return false;
    uint32_t events = c->out_len > 0 ? EPOLLOUT : EPOLLIN;
    if (events == c->events)
        return true;
    c->events = events;
    struct epoll_event event = {.events = events, .data = {.ptr = c}};
    return epoll_ctl(server->epoll, EPOLL_CTL_MOD, c->fd, &event) == 0;
}

/* --- the server ------------------------------------------------------------------------------------------------- */

static bool
set_flags(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static void
welcome(struct server *server)
{
    int fd = accept(server->listener, NULL, NULL), on = 1;
    if (fd < 0)
        return; /* it has gone away again, or there are too many: then it waits */
    struct conn *c = calloc(1, sizeof *c);
    if (!c || !set_flags(fd) || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        (void)close(fd);
        free(c);
        return;
    }
    c->fd = fd;
    c->events = EPOLLIN;
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        drop(c);
}

static bool
open_listener(struct server *server, long port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof at;
    int on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->listener < 0 || server->epoll < 0 ||
        setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(server->listener, (const struct sockaddr *)&at, len) != 0 || listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&at, &len) != 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) != 0) {
        fprintf(stderr, "nullserver: port %ld: %s\n", port, strerror(errno));
        return false;
    }
    if (port == 0)
        printf("%u\n", ntohs(at.sin_port));
    return fflush(stdout) == 0;
}

static int
serve(struct server *server)
{
    for (;;) {
        struct epoll_event events[N_EVENTS];
        int n = epoll_wait(server->epoll, events, N_EVENTS, -1);
        if (n < 0 && errno != EINTR) {
            perror("nullserver: epoll_wait");
            return EXIT_FAILED;
        }
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            if (!c)
                welcome(server);
            else if (!attend(server, c))
                drop(c);
        }
    }
}

int
main(int argc, char **argv)
{
    long port, data_size = DEFAULT_DATA_BYTES;
    if (argc < 2 || argc > 3 || !parse_count("PORT", argv[1], 0, 65535, &port) ||
        (argc > 2 && !parse_count("SIZE", argv[2], 0, MAX_DATA_BYTES, &data_size))) {
        fprintf(stderr, "usage: nullserver PORT [SIZE]\n"
                        "PORT 0 is any free port; it is then printed. SIZE is the length of each node's data.\n");
        return EXIT_USAGE;
    }
    struct server *server = calloc(1, sizeof *server);
    if (!server) {
        fprintf(stderr, "nullserver: out of memory\n");
        return EXIT_FAILED;
    }
    prepare(server, (size_t)data_size);
    server->zxid = 1;
    int status = open_listener(server, port) ? serve(server) : EXIT_FAILED;
    free(server);
    return status;
}
