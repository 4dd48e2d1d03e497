/* SPDX-License-Identifier: Apache-2.0 */
/* load: what a server is put to, over plain sockets. Each kind of load prints one line of figures. */
#include "common.h"
#include "wire.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20, SESSION_TIMEOUT_MS = 40000, PATH_BYTES = 64, XID_EVENT = -1 };

typedef struct conn {
    int fd;
    uint8_t *in, *out; /* NULL: small reads and writes only */
    size_t in_len, out_len, out_sent;
} conn;

static bool
complain(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "the server closed the connection");
    return false;
}

static bool
write_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = send(fd, bytes, n, MSG_NOSIGNAL);
        if (done < 0)
            return complain("write");
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static bool
read_all(int fd, uint8_t *bytes, size_t n)
{
    while (n > 0) {
        errno = 0;
        ssize_t got = recv(fd, bytes, n, 0);
        if (got <= 0)
            return complain("read");
        bytes += got;
        n -= (size_t)got;
    }
    return true;
}

/* --- requests --- */

static size_t
finish_frame(uint8_t *frame, uint8_t *end)
{
    (void)put_u32(frame, (uint32_t)(end - frame) - 4);
    return (size_t)(end - frame);
}

static uint8_t *
begin_request(uint8_t *frame, int32_t xid, int32_t op, const char *path)
{
    uint8_t *p = put_i32(put_i32(frame + 4, xid), op);
    size_t n = strlen(path);
    return put_bytes(put_u32(p, (uint32_t)n), path, n);
}

static size_t
encode_read(uint8_t *frame, int32_t xid, int32_t op, const char *path, bool watch)
{
    uint8_t *p = begin_request(frame, xid, op, path);
    *p++ = watch;
    return finish_frame(frame, p);
}

static size_t
encode_set(uint8_t *frame, int32_t xid, const char *path, size_t n)
{
    uint8_t *p = put_u32(begin_request(frame, xid, OP_SET_DATA, path), (uint32_t)n);
    memset(p, 'x', n);
    return finish_frame(frame, put_i32(p + n, -1));
}

static size_t
encode_create(uint8_t *frame, int32_t xid, const char *path, size_t n)
{
    uint8_t *p = put_u32(begin_request(frame, xid, OP_CREATE, path), (uint32_t)n);
    memset(p, 'x', n);
    p = put_u32(put_u32(p + n, 1), 31); /* one entry: all permissions */
    p = put_bytes(put_u32(p, 5), "world", 5);
    p = put_bytes(put_u32(p, 6), "anyone", 6);
    return finish_frame(frame, put_i32(p, 0));
}

/* --- connections --- */

static bool
dial(const char *host, long port, bool quiet, int *fd)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1) {
        fprintf(stderr, "HOST: expected an IPv4 address, not \"%s\"\n", host);
        return false;
    }
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0 && connect(*fd, (const struct sockaddr *)&to, sizeof to) == 0 &&
        setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0)
        return true;
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    return quiet ? false : complain("connect");
}

static bool
say_hello(int fd)
{
    uint8_t frame[4 + CONNECT_REQUEST_BYTES + 1] = {0};
    uint8_t *p = put_u32(frame, CONNECT_REQUEST_BYTES + 1);
    p = put_u32(put_u64(put_u32(p, 0), 0), SESSION_TIMEOUT_MS);
    (void)put_u32(put_u64(p, 0), PASSWORD_BYTES);
    return write_all(fd, frame, sizeof frame);
}

static bool
hear_hello(int fd)
{
    uint8_t reply[41];
    return read_all(fd, reply, sizeof reply);
}

static bool
open_conn(const char *host, long port, conn *c)
{
    *c = (conn){.fd = -1, .in = malloc(BUFFER_BYTES), .out = malloc(BUFFER_BYTES)};
    if (!c->in || !c->out)
        return complain("memory");
    return dial(host, port, false, &c->fd) && say_hello(c->fd) && hear_hello(c->fd);
}

static void
close_conn(conn *c)
{
    if (c->fd >= 0)
        (void)close(c->fd);
    free(c->in);
    free(c->out);
}

/* One small request and its answer; `err` gets the answer's error. */
static bool
ask(int fd, const uint8_t *frame, size_t n, int32_t *err)
{
    uint8_t head[4], body[4096];
    if (!write_all(fd, frame, n) || !read_all(fd, head, sizeof head))
        return false;
    size_t len = get_u32(head);
    if (len < HEADER_BYTES || len > sizeof body || !read_all(fd, body, len))
        return len <= sizeof body ? complain("reply") : false;
    *err = (int32_t)get_u32(body + 12);
    return true;
}

static bool
make_node(int fd, const char *path)
{
    uint8_t frame[512];
    int32_t err;
    if (!ask(fd, frame, encode_create(frame, 1, path, 100), &err))
        return false;
    if (err != 0 && err != -110)
        fprintf(stderr, "load: cannot create %s: error %d\n", path, err);
    return err == 0 || err == -110;
}

/* --- a window of requests --- */

typedef size_t encode_fn(uint8_t *frame, long i, const void *arg);

typedef struct pump {
    conn *c;
    long n, window; /* n 0: without end */
    encode_fn *encode;
    const void *arg;
    long n_sent, n_replies;
    bool any_error; /* errors are as good as answers: NodeExists when nodes are made again */
} pump;

static bool
fill(pump *p)
{
    enum { FRAME_MAX_BYTES = 4096 };
    conn *c = p->c;
    while ((p->n == 0 || p->n_sent < p->n) && p->n_sent - p->n_replies < p->window &&
           BUFFER_BYTES - c->out_len >= FRAME_MAX_BYTES) {
        c->out_len += p->encode(c->out + c->out_len, p->n_sent, p->arg);
        p->n_sent++;
    }
    if (c->out_sent == c->out_len)
        return true;
    ssize_t done = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (done < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        return complain("write");
    c->out_sent += done > 0 ? (size_t)done : 0;
    if (c->out_sent == c->out_len)
        c->out_sent = c->out_len = 0;
    return true;
}

static bool
drain(pump *p)
{
    conn *c = p->c;
    errno = 0;
    ssize_t got = recv(c->fd, c->in + c->in_len, BUFFER_BYTES - c->in_len, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return true;
    if (got <= 0)
        return complain("read");
    c->in_len += (size_t)got;
    size_t at = 0, len;
    while (c->in_len - at >= 4 && c->in_len - at >= (len = get_u32(c->in + at) + 4U)) {
        int32_t err = (int32_t)get_u32(c->in + at + 16);
        if (err != 0 && !p->any_error) {
            fprintf(stderr, "load: the server answered with error %d\n", err);
            return false;
        }
        p->n_replies += (int32_t)get_u32(c->in + at + 4) != XID_EVENT;
        at += len;
    }
    c->in_len -= at;
    memmove(c->in, c->in + at, c->in_len);
    return true;
}

static bool
pump_all(pump *p)
{
    while (p->n_replies < p->n) {
        if (!fill(p))
            return false;
        struct pollfd fd = {p->c->fd, (short)(POLLIN | (p->c->out_sent < p->c->out_len ? POLLOUT : 0)), 0};
        if (poll(&fd, 1, -1) < 0)
            return complain("poll");
        if (!drain(p))
            return false;
    }
    return true;
}

static void
node_path(char path[PATH_BYTES], const char *top, long i)
{
    (void)snprintf(path, PATH_BYTES, "%s/n%08ld", top, i);
}

typedef struct nodes {
    const char *top;
    long n; /* sets go to so many */
} nodes;

static size_t
next_create(uint8_t *frame, long i, const void *arg)
{
    char path[PATH_BYTES];
    node_path(path, ((const nodes *)arg)->top, i);
    return encode_create(frame, (int32_t)i + 1, path, 100);
}

/* In an order that has no neighbours. */
static size_t
next_set(uint8_t *frame, long i, const void *arg)
{
    const nodes *to = arg;
    char path[PATH_BYTES];
    node_path(path, to->top, (long)((uint64_t)i * 2654435761U % (uint64_t)to->n));
    return encode_set(frame, (int32_t)i + 1, path, 100);
}

static void
print_rate(const char *name, long n, uint64_t begin_ns)
{
    printf("%-8s %9.0f op/s", name, (double)n / ((double)(now_ns() - begin_ns) / 1e9));
}

static bool
run_creates(conn *c, long n, long window)
{
    char top[PATH_BYTES];
    (void)snprintf(top, sizeof top, "/load-%ld-%llu", (long)getpid(), (unsigned long long)now_ns());
    nodes to = {top, n};
    pump p = {.c = c, .n = n, .window = window, .encode = next_create, .arg = &to};
    if (!make_node(c->fd, top))
        return false;
    uint64_t begin = now_ns();
    if (!pump_all(&p))
        return false;
    print_rate("creates", n, begin);
    return true;
}

static bool
make_nodes(conn *c, const nodes *to)
{
    pump p = {.c = c, .n = to->n, .window = 1000, .encode = next_create, .arg = to, .any_error = true};
    return make_node(c->fd, to->top) && pump_all(&p);
}

static bool
run_spread(conn *c, long n, long window, long n_nodes)
{
    nodes to = {"/spread", n_nodes};
    pump p = {.c = c, .n = n, .window = window, .encode = next_set, .arg = &to};
    if (!make_nodes(c, &to))
        return false;
    uint64_t begin = now_ns();
    if (!pump_all(&p))
        return false;
    print_rate("spread", n, begin);
    return true;
}

/* Gets, one at a time, beside another connection that keeps sets in flight. */
static bool
run_beside(conn *c, long n, long window, const char *host, long port)
{
    nodes to = {"/spread", 1000};
    conn other;
    char path[PATH_BYTES];
    uint8_t frame[512];
    struct bench bench;
    const struct work work = {.n = n, .sync = true};
    if (!open_conn(host, port, &other) || !make_nodes(c, &to) || !bench_begin(&bench, &work))
        return false;
    pump p = {.c = c, .window = window, .encode = next_set, .arg = &to};
    node_path(path, to.top, 1);
    for (long i = 0; i < n; i++) {
        uint64_t begin = now_ns();
        if (!write_all(other.fd, frame, encode_read(frame, (int32_t)i + 1, OP_GET_DATA, path, false)))
            return false;
        for (bool answered = false; !answered;) {
            if (!fill(&p))
                return false;
            struct pollfd fds[2] = {{other.fd, POLLIN, 0},
                                    {c->fd, (short)(POLLIN | (c->out_sent < c->out_len ? POLLOUT : 0)), 0}};
            if (poll(fds, 2, -1) < 0)
                return complain("poll");
            if (fds[0].revents) {
                errno = 0;
                answered = recv(other.fd, other.in, BUFFER_BYTES, 0) > 0; /* one small answer is one piece */
                if (!answered)
                    return complain("read");
                bench_latency(&bench, i, begin);
            }
            if (fds[1].revents && !drain(&p))
                return false;
        }
    }
    long sets = p.n_replies;
    double seconds = (double)(now_ns() - bench.begin_ns) / 1e9;
    bench_end(&bench, "beside");
    printf("  beside %.0f sets/s", (double)sets / seconds);
    close_conn(&other);
    return true;
}

/* --- many connections, many watches --- */

static bool
wait_for_stdin(void)
{
    char byte;
    if (printf("\n") < 0 || fflush(stdout) != 0)
        return false;
    return read(STDIN_FILENO, &byte, 1) >= 0; /* until the one who measures has done so */
}

static int *
open_many(const char *host, long port, long n)
{
    int *fds = malloc(sizeof *fds * (size_t)n);
    enum { AT_ONCE = 100 };
    for (long i = 0; fds && i < n; i += AT_ONCE) {
        long end = i + AT_ONCE < n ? i + AT_ONCE : n;
        for (long k = i; k < end; k++)
            if (!dial(host, port, false, &fds[k]) || !say_hello(fds[k]))
                return NULL;
        for (long k = i; k < end; k++)
            if (!hear_hello(fds[k]))
                return NULL;
    }
    return fds;
}

static bool
run_idle(const char *host, long port, long n)
{
    uint64_t begin = now_ns();
    int *fds = open_many(host, port, n);
    if (!fds)
        return false;
    print_rate("idle", n, begin);
    free(fds); /* the end of the process closes them */
    return wait_for_stdin();
}

static size_t
next_watch(uint8_t *frame, long i, const void *arg)
{
    char path[PATH_BYTES];
    (void)arg;
    (void)snprintf(path, sizeof path, "/a-path-of-thirty-byte-%07ld", i); /* not there: the watch waits for it */
    return encode_read(frame, (int32_t)i + 1, OP_EXISTS, path, true);
}

static bool
run_watches(conn *c, long n)
{
    pump p = {.c = c, .n = n, .window = 1000, .encode = next_watch, .any_error = true};
    uint64_t begin = now_ns();
    if (!pump_all(&p))
        return false;
    print_rate("watches", n, begin);
    return wait_for_stdin();
}

static bool
arm(int fd, const char *path)
{
    uint8_t frame[512];
    int32_t err;
    return ask(fd, frame, encode_read(frame, 1, OP_GET_DATA, path, true), &err) && err == 0;
}

static bool
await_all(int poller, long n)
{
    uint8_t buf[4096];
    for (long told = 0; told < n;) {
        struct epoll_event events[256];
        int ready = epoll_wait(poller, events, 256, 10000);
        if (ready <= 0)
            return complain("waiting for events");
        for (int i = 0; i < ready; i++)
            told += recv(events[i].data.fd, buf, sizeof buf, MSG_DONTWAIT) > 0;
    }
    return true;
}

/* n connections watch one node; from the set's sending until the last of them has its event. */
static bool
run_fanout(conn *c, const char *host, long port, long n)
{
    static const char path[] = "/fanout";
    uint8_t frame[512];
    int *fds = make_node(c->fd, path) ? open_many(host, port, n) : NULL;
    int poller = epoll_create1(EPOLL_CLOEXEC);
    if (!fds || poller < 0)
        return false;
    for (long i = 0; i < n; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.fd = fds[i]}};
        if (!arm(fds[i], path) || epoll_ctl(poller, EPOLL_CTL_ADD, fds[i], &event) < 0)
            return false;
    }
    uint64_t begin = now_ns();
    if (!write_all(c->fd, frame, encode_set(frame, 2, path, 100)))
        return false;
    if (!await_all(poller, n))
        return false;
    printf("fanout   %.2f ms", (double)(now_ns() - begin) / 1e6);
    free(fds);
    (void)close(poller);
    return true;
}

/* The limit for the same: a process that does nothing but send one event's bytes to each of n connections. */
static void
send_to_all(int listener, long n)
{
    uint8_t event[60] = {0}, byte;
    int *fds = malloc(sizeof *fds * (size_t)n);
    for (long i = 0; fds && i < n; i++) {
        fds[i] = accept(listener, NULL, NULL);
        if (fds[i] < 0)
            _exit(EXIT_FAILED);
    }
    if (fds && recv(fds[0], &byte, 1, 0) == 1)
        for (long i = 0; i < n; i++)
            (void)send(fds[i], event, sizeof event, MSG_NOSIGNAL);
    (void)recv(fds[0], &byte, 1, 0); /* until the other end has gone */
    _exit(EXIT_SUCCESS);
}

static bool
listen_somewhere(int *listener, long *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    *listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*listener < 0 || bind(*listener, (struct sockaddr *)&at, len) < 0 || listen(*listener, 4096) < 0 ||
        getsockname(*listener, (struct sockaddr *)&at, &len) < 0)
        return complain("listen");
    *port = ntohs(at.sin_port);
    return true;
}

static bool
run_bare_fanout(long n)
{
    int listener, poller = epoll_create1(EPOLL_CLOEXEC), first = -1;
    long port = 0;
    if (poller < 0 || !listen_somewhere(&listener, &port))
        return false;
    pid_t pid = fork();
    if (pid < 0)
        return complain("fork");
    if (pid == 0)
        send_to_all(listener, n);
    for (long i = 0; i < n; i++) {
        int fd;
        if (!dial("127.0.0.1", port, false, &fd))
            return false;
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.fd = fd}};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
            return complain("epoll");
        first = first < 0 ? fd : first;
    }
    uint64_t begin = now_ns();
    if (!write_all(first, (const uint8_t *)"", 1) || !await_all(poller, n))
        return false;
    printf("bare fanout   %.2f ms", (double)(now_ns() - begin) / 1e6);
    return true; /* the end of this process ends the other */
}

/* From a moment (CLOCK_MONOTONIC, ns) until a server that is being started has answered a get. */
static bool
run_first(const char *host, long port, uint64_t begin)
{
    uint8_t frame[512];
    int32_t err;
    int fd = -1;
    while (!dial(host, port, true, &fd)) {
        if (now_ns() - begin > 60000000000U)
            return complain("connect");
        struct timespec nap = {0, 100000};
        (void)nanosleep(&nap, NULL);
    }
    bool ok = say_hello(fd) && hear_hello(fd) && ask(fd, frame, encode_read(frame, 1, OP_GET_DATA, "/", false), &err);
    printf("first    %.2f ms", (double)(now_ns() - begin) / 1e6);
    (void)close(fd);
    return ok;
}

/* One append and its way to the disk: what a durable write cannot be faster than. */
static bool
run_fsync(const char *file, long n)
{
    uint8_t bytes[200] = {0};
    struct bench bench;
    const struct work work = {.n = n, .sync = true};
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || !bench_begin(&bench, &work))
        return complain(file);
    for (long i = 0; i < n; i++) {
        uint64_t begin = now_ns();
        if (write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fdatasync(fd) != 0)
            return complain(file);
        bench_latency(&bench, i, begin);
    }
    bench_end(&bench, "fsync");
    (void)close(fd);
    return unlink(file) == 0;
}

static int
usage(void)
{
    fprintf(stderr, "usage: load HOST PORT creates N WINDOW | spread N WINDOW NODES | beside N WINDOW\n"
                    "       load HOST PORT idle N | watches N   (until stdin ends) | fanout N | first NS\n"
                    "       load fsync FILE N | bare-fanout N\n");
    return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
    long port, n, window = 1, n_nodes = 1;
    if (argc == 4 && strcmp(argv[1], "fsync") == 0)
        return parse_count("N", argv[3], 1, 1000000, &n) && run_fsync(argv[2], n) ? finish() : EXIT_FAILED;
    if (argc == 3 && strcmp(argv[1], "bare-fanout") == 0)
        return parse_count("N", argv[2], 1, 1000000, &n) && run_bare_fanout(n) ? finish() : EXIT_FAILED;
    if (argc < 5 || !parse_count("PORT", argv[2], 1, 65535, &port))
        return usage();
    const char *host = argv[1], *kind = argv[3];
    if (strcmp(kind, "first") == 0)
        return run_first(host, port, strtoull(argv[4], NULL, 10)) ? finish() : EXIT_FAILED;
    if (!parse_count("N", argv[4], 1, 1000000000, &n) ||
        (argc > 5 && !parse_count("WINDOW", argv[5], 1, 100000, &window)) ||
        (argc > 6 && !parse_count("NODES", argv[6], 1, 10000000, &n_nodes)))
        return EXIT_USAGE;
    if (strcmp(kind, "idle") == 0)
        return run_idle(host, port, n) ? finish() : EXIT_FAILED;
    conn c;
    bool done = false;
    if (!open_conn(host, port, &c))
        return EXIT_FAILED;
    if (strcmp(kind, "creates") == 0)
        done = run_creates(&c, n, window);
    else if (strcmp(kind, "spread") == 0)
        done = run_spread(&c, n, window, n_nodes);
    else if (strcmp(kind, "beside") == 0)
        done = run_beside(&c, n, window, host, port);
    else if (strcmp(kind, "watches") == 0)
        done = run_watches(&c, n);
    else if (strcmp(kind, "fanout") == 0)
        done = run_fanout(&c, host, port, n);
    else
        return usage();
    close_conn(&c);
    return done ? finish() : EXIT_FAILED;
}
