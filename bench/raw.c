/* SPDX-License-Identifier: Apache-2.0 */
/* raw: the limit. Frames encoded beforehand, over one plain socket, without any library.
 *
 * What it leaves out is what a client library costs: it keeps no queue, checks of a reply no more than its error, and
 * knows nothing of watches, lost connections or threads. */
#include "common.h"
#include "wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_BYTES = 1 << 20, OUT_BYTES = 1 << 20, SESSION_TIMEOUT_MS = 30000 };

struct raw {
    int fd;
    uint8_t *request; /* one frame, without its xid */
    size_t request_len;
    uint8_t *out; /* async: frames not yet written are out[out_sent..out_len) */
    size_t out_len, out_sent;
    uint8_t *in;
    size_t in_len;
    size_t in_cap;
};

static bool
complain(const char *what)
{
    fprintf(stderr, "raw: %s: %s\n", what, errno != 0 ? strerror(errno) : "the server closed the connection");
    return false;
}

static bool
write_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0)
            return complain("write");
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static bool
read_some(struct raw *raw)
{
    errno = 0;
    ssize_t got = read(raw->fd, raw->in + raw->in_len, raw->in_cap - raw->in_len);
    if (got <= 0)
        return complain("read");
    raw->in_len += (size_t)got;
    return true;
}

/* frame_at returns the bytes of the whole frame, prefix included, at `at` of the input; 0 if it is not all there. */
static size_t
frame_at(const struct raw *raw, size_t at)
{
    if (raw->in_len - at < 4)
        return 0;
    size_t len = get_u32(raw->in + at) + 4U;
    return raw->in_len - at < len ? 0 : len;
}

static bool
reply_ok(const uint8_t *frame, size_t len)
{
    if (len < 4 + HEADER_BYTES) {
        fprintf(stderr, "raw: a reply of only %zu bytes\n", len);
        return false;
    }
    uint32_t err = get_u32(frame + 16);
    if (err != 0)
        fprintf(stderr, "raw: the server answered with error %d\n", (int)err);
    return err == 0;
}

static bool
handshake(struct raw *raw)
{
    uint8_t frame[4 + CONNECT_REQUEST_BYTES + 1] = {0};
    uint8_t *p = put_u32(frame, CONNECT_REQUEST_BYTES + 1);
    p = put_u64(put_u32(p, 0), 0);                  /* protocol version, last zxid seen */
    p = put_u64(put_u32(p, SESSION_TIMEOUT_MS), 0); /* a new session */
    p = put_u32(p, PASSWORD_BYTES);                 /* all zero, and not content with a read-only server */
    if (!write_all(raw->fd, frame, sizeof frame))
        return false;
    while (frame_at(raw, 0) == 0) {
        if (!read_some(raw))
            return false;
    }
    raw->in_len = 0;
    return true;
}

static bool
open_connection(const char *host, long port, struct raw *raw)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1) {
        fprintf(stderr, "HOST: expected an IPv4 address, not \"%s\"\n", host);
        return false;
    }
    int on = 1;
    raw->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (raw->fd < 0 || connect(raw->fd, (const struct sockaddr *)&to, sizeof to) != 0 ||
        setsockopt(raw->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return complain("connect");
    return handshake(raw);
}

static bool
encode_request(const struct work *work, struct raw *raw)
{
    size_t path_len = strlen(work->path), data_size = (size_t)work->data_size;
    raw->request = malloc(path_len + data_size + 64);
    raw->out = malloc(OUT_BYTES);
    raw->in_cap = IN_BYTES + MAX_DATA_BYTES + 4096;
    raw->in = malloc(raw->in_cap);
    if (!raw->request || !raw->out || !raw->in || path_len + data_size + 64 > OUT_BYTES) {
        fprintf(stderr, "raw: no room for the request\n");
        return false;
    }
    memset(raw->in, 0, raw->in_cap); /* no page is touched for the first time while measuring */
    memset(raw->out, 0, OUT_BYTES);
    uint8_t *p = put_i32(put_u32(raw->request + 4, 0), work->set ? OP_SET_DATA : OP_GET_DATA);
    p = put_bytes(put_u32(p, (uint32_t)path_len), work->path, path_len);
    if (work->set) {
        p = put_u32(p, (uint32_t)data_size);
        memset(p, 'x', data_size);
        p = put_i32(p + data_size, -1); /* whatever the version */
    } else {
        *p++ = 0; /* no watch */
    }
    raw->request_len = (size_t)(p - raw->request);
    (void)put_u32(raw->request, (uint32_t)raw->request_len - 4);
    return true;
}

static bool
run_sync(const struct work *work, struct raw *raw, struct bench *bench)
{
    for (long i = 0; i < work->n; i++) {
        uint64_t begin_ns = now_ns();
        (void)put_u32(raw->request + 4, (uint32_t)i + 1);
        if (!write_all(raw->fd, raw->request, raw->request_len))
            return false;
        size_t len;
        while ((len = frame_at(raw, 0)) == 0) {
            if (!read_some(raw))
                return false;
        }
        if (!reply_ok(raw->in, len))
            return false;
        raw->in_len = 0;
        bench_latency(bench, i, begin_ns);
    }
    return true;
}

/* write_out writes what the socket takes. If that is not all, it waits until the socket takes more or a reply is there:
 * a plain blocking write could wait for a server that waits for its replies to be read. */
static bool
write_out(struct raw *raw, bool *readable)
{
    *readable = true;
    if (raw->out_sent == raw->out_len)
        return true;
    ssize_t done = send(raw->fd, raw->out + raw->out_sent, raw->out_len - raw->out_sent, MSG_DONTWAIT);
    if (done < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        return complain("write");
    raw->out_sent += done > 0 ? (size_t)done : 0;
    if (raw->out_sent == raw->out_len) {
        raw->out_sent = raw->out_len = 0;
        return true;
    }
    struct pollfd pfd = {.fd = raw->fd, .events = POLLIN | POLLOUT};
    if (poll(&pfd, 1, -1) < 0)
        return complain("poll");
    *readable = (pfd.revents & ~POLLOUT) != 0;
    return true;
}

/* take_replies counts the replies that are there. */
static bool
take_replies(struct raw *raw, long *n_replies)
{
    size_t at = 0, len;
    while ((len = frame_at(raw, at)) != 0) {
        if (!reply_ok(raw->in + at, len))
            return false;
        at += len;
        (*n_replies)++;
    }
    raw->in_len -= at;
    memmove(raw->in, raw->in + at, raw->in_len);
    return true;
}

static bool
run_async(const struct work *work, struct raw *raw)
{
    long n_sent = 0, n_replies = 0;
    while (n_replies < work->n) {
        while (n_sent < work->n && n_sent - n_replies < work->window && OUT_BYTES - raw->out_len >= raw->request_len) {
            (void)put_u32(raw->request + 4, (uint32_t)++n_sent);
            (void)put_bytes(raw->out + raw->out_len, raw->request, raw->request_len);
            raw->out_len += raw->request_len;
        }
        bool readable;
        if (!write_out(raw, &readable) || (readable && !read_some(raw)) || !take_replies(raw, &n_replies))
            return false;
    }
    return true;
}

/* close_session takes leave, so that the server need not keep the session until it expires. */
static bool
close_session(struct raw *raw)
{
    uint8_t frame[12];
    (void)put_i32(put_u32(put_u32(frame, 8), 0), OP_CLOSE);
    if (!write_all(raw->fd, frame, sizeof frame))
        return false;
    while (frame_at(raw, 0) == 0) {
        if (!read_some(raw))
            return false;
    }
    return true;
}

int
main(int argc, char **argv)
{
    long port;
    struct work work;
    if (argc < 3 || !parse_count("PORT", argv[2], 1, 65535, &port) || !parse_work(argc - 3, argv + 3, 1, &work)) {
        fprintf(stderr, "usage: raw HOST PORT PATH get|set sync|async N WINDOW [SIZE]\n");
        return EXIT_USAGE;
    }
    struct raw raw = {.fd = -1};
    struct bench bench;
    int status = EXIT_FAILED;
    if (encode_request(&work, &raw) && open_connection(argv[1], port, &raw) && bench_begin(&bench, &work)) {
        if (work.sync ? run_sync(&work, &raw, &bench) : run_async(&work, &raw)) {
            bench_end(&bench, "raw");
            status = finish();
            if (!close_session(&raw))
                status = EXIT_FAILED;
        }
    }
    if (raw.fd >= 0)
        (void)close(raw.fd);
    free(raw.in);
    free(raw.out);
    free(raw.request);
    return status;
}
