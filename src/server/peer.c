/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: bytes from its socket to the engine, and from the engine to its socket. */
#include <string.h>

#include "base/mem.h"
#include "io/sys.h"
#include "server/net.h"

/* --- limits by address -------------------------------------------------------------------------------------------- */

/* count_address counts a connection; false: there are enough from this address, or no memory. */
static bool
count_address(zs_net *net, const char *ip, zs_address **out)
{
    *out = NULL;
    if (net->max_client_cnxns == 0 || ip[0] == '\0')
        return true;
    size_t len = strlen(ip);
    zb_map_node *node = zb_map_find(&net->addresses, ip, len);
    zs_address *a = node ? ZB_CONTAINER_OF(node, zs_address, node) : NULL;
    if (!a) {
        a = zb_calloc(1, sizeof *a);
        if (!a)
            return false;
        memcpy(a->ip, ip, len);
        a->node.key = a->ip;
        a->node.key_len = (uint32_t)len;
        if (!zb_map_add(&net->addresses, &a->node)) {
            zb_free(a);
            return false;
        }
    }
    if (a->n >= net->max_client_cnxns) {
        ZB_LOG(&net->log, ZOBO_LOG_WARN, "refused a connection from %s, which has %u already: see maxClientCnxns", ip,
               (unsigned)a->n);
        return false;
    }
    a->n++;
    *out = a;
    return true;
}

static void
uncount_address(zs_net *net, zs_address *a)
{
    if (!a || --a->n > 0)
        return;
    zb_map_remove(&net->addresses, &a->node);
    zb_free(a);
}

/* --- answers held back (a fault that testers ask for) --------------------------------------------------------------
 * */

static void
forget_held(zs_peer *p)
{
    if (!p->held)
        return;
    zb_list_remove(&p->late);
    zb_free(p->held->marks);
    zb_free(p->held);
    p->held = NULL;
}

/* add_mark notes that all bytes up to `upto` are due at `due`; false: no memory. */
static bool
add_mark(zs_peer *p, zb_time due, uint64_t upto)
{
    zs_held *h = p->held;
    if (!h) {
        h = p->held = zb_calloc(1, sizeof *h);
        if (!h)
            return false;
        zb_list_push_back(&p->net->late, &p->late);
    }
    while (h->n > 0 && h->marks[0].upto <= p->sent)
        memmove(h->marks, h->marks + 1, --h->n * sizeof *h->marks);
    if (h->n > 0 && h->marks[h->n - 1].upto >= upto)
        return true;
    if (h->n == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 16;
        zs_mark *more = zb_realloc(h->marks, cap * sizeof *more);
        if (!more)
            return false;
        h->marks = more;
        h->cap = cap;
    }
    h->marks[h->n++] = (zs_mark){due, upto};
    return true;
}

/* may_send tells how many of `n` bytes may go now. */
static size_t
may_send(zs_peer *p, size_t n)
{
    zs_net *net = p->net;
    if (ZB_LIKELY(!p->held && net->delay == 0))
        return n;
    if (!add_mark(p, net->now + net->delay, p->sent + n)) {
        forget_held(p); /* no memory: they go early */
        return n;
    }
    const zs_held *h = p->held;
    size_t i = 0, may = 0;
    for (; i < h->n && h->marks[i].due <= net->now; i++)
        may = (size_t)(h->marks[i].upto - p->sent);
    if (i < h->n)
        zs_net_late(net, h->marks[i].due);
    else if (net->delay == 0)
        forget_held(p);
    return may < n ? may : n;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void
on_closed(uv_handle_t *handle)
{
    zb_free(handle->data);
}

/* drain takes what has come and nobody will read: a socket closed with something in it is reset, and what was sent last
 * might never arrive. */
static void
drain(zs_peer *p)
{
    zobo_err err;
    int sys;
    for (int i = 0; i < 16 && !p->eof; i++)
        if (zb_recv(p->fd, p->net->buffer, ZS_READ_BYTES, &err, &sys) <= 0)
            return;
}

void
zs_peer_close(zs_peer *p)
{
    if (!p->conn)
        return;
    zs_conn_close(p->conn);
    p->conn = NULL;
    drain(p);
    forget_held(p);
    zb_list_remove(&p->link);
    zb_list_remove(&p->paused);
    uncount_address(p->net, p->address);
    uv_close((uv_handle_t *)&p->poll, on_closed);
    zb_close_fd(p->fd);
}

/* --- reading and writing ------------------------------------------------------------------------------------------ */

static void
take_input(zs_peer *p)
{
    zobo_err err = ZOBO_OK;
    int sys = 0;
    long n = zb_recv(p->fd, p->net->buffer, ZS_READ_BYTES, &err, &sys);
    if (n > 0) {
        zs_conn_feed(p->conn, p->net->buffer, (size_t)n);
    } else if (n < 0 && sys == 0) {
        p->eof = true;
        zs_conn_end_of_input(p->conn);
    } else if (n < 0) {
        zs_peer_close(p);
    }
}

/* give_output sends what there is; false: the connection broke. */
static bool
give_output(zs_peer *p)
{
    p->full = false;
    for (;;) {
        zb_iov out = zs_conn_output(p->conn);
        out.n = out.n ? may_send(p, out.n) : 0;
        if (out.n == 0)
            return true;
        zobo_err err;
        int sys;
        long put = zb_send(p->fd, &out, 1, &err, &sys);
        if (put < 0)
            return false;
        zs_conn_sent(p->conn, (size_t)put);
        p->sent += (uint64_t)put;
        if ((size_t)put < out.n) {
            p->full = true;
            return true;
        }
    }
}

static bool
is_over(const zs_peer *p)
{
    bool at_once = false;
    return zs_conn_over(p->conn, &at_once) && (at_once || zs_conn_output(p->conn).n == 0);
}

static void on_poll(uv_poll_t *handle, int status, int events);

/* poll_for sets what the socket is polled for. */
static void
poll_for(zs_peer *p)
{
    bool wants = !p->eof && zs_conn_wants_input(p->conn);
    int events = (wants ? UV_READABLE : 0) | (p->full ? UV_WRITABLE : 0);
    zb_list_remove(&p->paused);
    if (!wants && !p->eof)
        zb_list_push_back(&p->net->paused, &p->paused);
    if (events == p->events)
        return;
    int failed = events ? uv_poll_start(&p->poll, events, on_poll) : uv_poll_stop(&p->poll);
    if (failed)
        zs_peer_close(p);
    else
        p->events = events;
}

void
zs_peer_serve(zs_peer *p)
{
    if (!p->conn)
        return;
    bool alive = give_output(p);
    if (alive && !zs_conn_wants_input(p->conn)) {
        zs_conn_resume(p->conn); /* what it makes of that is ready, and served in this same turn */
        alive = give_output(p);
    }
    if (!alive || is_over(p))
        zs_peer_close(p);
    else
        poll_for(p);
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
    zs_peer *p = handle->data;
    if (!p->conn)
        return;
    zs_net_begin_turn(p->net);
    if (status < 0) {
        zs_peer_close(p);
        return;
    }
    if (events & UV_READABLE)
        take_input(p);
    if (!p->conn)
        return;
    if (events & UV_WRITABLE)
        zs_peer_serve(p);
    else if (p->eof || !zs_conn_wants_input(p->conn))
        poll_for(p);
}

void
zs_peer_open(zs_net *net, int fd, const char *ip, uint16_t port)
{
    zs_address *address;
    zs_peer *p = NULL;
    if (net->refuse || !count_address(net, ip, &address)) {
        zb_close_fd(fd);
        return;
    }
    p = zb_calloc(1, sizeof *p);
    if (!p || !(p->conn = zs_conn_open(net->engine, ip, port, p)) || uv_poll_init(&net->loop, &p->poll, fd) != 0) {
        ZB_LOG(&net->log, ZOBO_LOG_ERROR, "refused a connection: no memory");
        uncount_address(net, address);
        if (p && p->conn)
            zs_conn_close(p->conn);
        zb_free(p);
        zb_close_fd(fd);
        return;
    }
    p->poll.data = p;
    p->net = net;
    p->address = address;
    p->fd = fd;
    zb_list_push_back(&net->peers, &p->link);
    zb_list_init(&p->paused);
    zb_list_init(&p->late);
    poll_for(p);
}
