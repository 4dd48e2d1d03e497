/* SPDX-License-Identifier: Apache-2.0 */
/* What a client tells about itself. Counters and state are published by the driver and read without the lock. */
#include "base/sized.h"
#include "client/client.h"

enum { P_BYTES_OUT, P_BYTES_IN, P_REPLIES, P_EVENTS, P_CONNECTS, P_RECONNECTS, P_EXPIRATIONS, P_WATCHES };

static void
put(_Atomic uint64_t *at, uint64_t v)
{
    atomic_store_explicit(at, v, memory_order_relaxed);
}

static uint64_t
get(const _Atomic uint64_t *at)
{
    return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)at, memory_order_relaxed);
}

void
zb_publish(zobo_client *c)
{
    const zb_session_stats *s = zb_session_get_stats(c->session);
    zb_session_info info;
    put(&c->published[P_BYTES_OUT], s->bytes_out);
    put(&c->published[P_BYTES_IN], s->bytes_in);
    put(&c->published[P_REPLIES], s->replies);
    put(&c->published[P_EVENTS], s->events);
    put(&c->published[P_CONNECTS], s->connects);
    put(&c->published[P_RECONNECTS], s->reconnects);
    put(&c->published[P_EXPIRATIONS], s->expirations);
    put(&c->published[P_WATCHES], zb_session_watches(c->session)->n);
    put(&c->in_flight, zb_session_in_flight(c->session));
    zb_session_get_info(c->session, &info);
    put(&c->last_zxid, (uint64_t)info.last_zxid);
    atomic_store_explicit(&c->granted_ms, info.has_session ? info.timeout_ms : 0, memory_order_relaxed);
}

void
zb_publish_sent(zobo_client *c)
{
    put(&c->published[P_BYTES_OUT], zb_session_get_stats(c->session)->bytes_out);
}

void
zobo_get_counters(const zobo_client *c, zobo_counters *out)
{
    zobo_counters k;
    memset(&k, 0, sizeof k);
    k.requests = get(&c->n_requests);
    k.errors = get(&c->n_errors);
    k.replies = get(&c->published[P_REPLIES]);
    k.events = get(&c->published[P_EVENTS]);
    k.bytes_out = get(&c->published[P_BYTES_OUT]);
    k.bytes_in = get(&c->published[P_BYTES_IN]);
    k.connects = get(&c->published[P_CONNECTS]);
    k.reconnects = get(&c->published[P_RECONNECTS]);
    k.expirations = get(&c->published[P_EXPIRATIONS]);
    k.in_flight = get(&c->in_flight);
    k.watches = get(&c->published[P_WATCHES]);
    for (int i = 0; i < 32; i++)
        k.latency_us[i] = get(&c->latency[i]);
    zb_sized_fill(out, ZB_SIZED_FIRST(zobo_counters, latency_us), &k, sizeof k);
}

zobo_state
zobo_get_state(const zobo_client *c)
{
    return (zobo_state)atomic_load(&c->state);
}

bool
zobo_connected(const zobo_client *c)
{
    zobo_state s = zobo_get_state(c);
    return s == ZOBO_CONNECTED || s == ZOBO_CONNECTED_RO;
}

int64_t
zobo_last_zxid(const zobo_client *c)
{
    return (int64_t)get(&c->last_zxid);
}

uint32_t
zobo_timeout_ms(const zobo_client *c)
{
    return atomic_load_explicit(&c->granted_ms, memory_order_relaxed);
}

/* The lock is part of what a const client lets itself be read by. */
static zobo_client *
locked(const zobo_client *c)
{
    zobo_client *m = (zobo_client *)(uintptr_t)c;
    zb_lock(m);
    return m;
}

zobo_err
zobo_get_client_id(const zobo_client *c, zobo_client_id *out)
{
    zb_session_info info;
    zobo_err err = zb_check_process(c);
    if (err)
        return err;
    zobo_client *m = locked(c);
    zb_session_get_info(m->session, &info);
    zb_unlock(m);
    if (!info.has_session)
        return ZOBO_ENOTSTARTED;
    *out = info.id;
    return ZOBO_OK;
}

/* As much as fits, terminated; returns the whole length. */
static size_t
copy_out(const char *text, char *buf, size_t size)
{
    size_t n = strlen(text), fit = n < size ? n : size ? size - 1 : 0;
    if (size) {
        memcpy(buf, text, fit);
        buf[fit] = 0;
    }
    return n;
}

size_t
zobo_get_hosts(const zobo_client *c, char *buf, size_t size)
{
    if (zb_check_process(c))
        return copy_out("", buf, size);
    zobo_client *m = locked(c);
    size_t n = copy_out(zb_session_hosts(m->session)->text, buf, size);
    zb_unlock(m);
    return n;
}

zobo_err
zobo_set_hosts(zobo_client *c, const char *hosts, zobo_problem *why)
{
    zb_hosts h;
    zobo_err err = zb_check_process(c);
    zb_problem_clear(why);
    if (err)
        return zb_problem(why, err, 0, "%s", zobo_err_text(err));
    if (!hosts)
        return zb_problem(why, ZOBO_EBADHOSTS, 0, "no host string");
    err = zb_hosts_parse(&h, hosts, why);
    if (err)
        return err;
    if (strcmp(h.chroot, c->chroot_text) != 0) {
        zb_problem(why, ZOBO_EBADHOSTS, 0, "the chroot \"%s\" is not the client's \"%s\"", h.chroot, c->chroot_text);
        zb_hosts_free(&h);
        return ZOBO_EBADHOSTS;
    }
    zb_lock(c);
    zb_session_set_hosts(c->session, &h);
    zb_kick(c);
    zb_unlock(c);
    return ZOBO_OK;
}

size_t
zobo_connected_host(const zobo_client *c, char *buf, size_t size)
{
    if (zb_check_process(c))
        return copy_out("", buf, size);
    zobo_client *m = locked(c);
    size_t n = copy_out(m->has_peer && zobo_connected(m) ? m->peer_name : "", buf, size);
    zb_unlock(m);
    return n;
}

const char *
zobo_chroot(const zobo_client *c)
{
    return c->chroot_text;
}
