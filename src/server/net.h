/* SPDX-License-Identifier: Apache-2.0 */
/* The loop thread: sockets for the engine.
 *
 * One turn of the loop: the time is told to the engine; what has come from sockets is fed to it; batches that were
 * committed are published; then, before the thread sleeps, every connection that has something to send is served once
 * and the gathered writes go to the commit thread. Sockets are polled and read here, and not by libuv's streams,
 * because the engine owns the bytes to send: what a socket does not take stays where it is. */
#ifndef ZS_NET_H
#define ZS_NET_H

#include <uv.h>

#include "base/list.h"
#include "base/map.h"
#include "server/commit.h"
#include "server/listen.h"

/* Answers that are held back: bytes up to `upto` of all that was ever sent go at `due`. */
typedef struct zs_mark {
    zb_time due;
    uint64_t upto;
} zs_mark;

typedef struct zs_held {
    zs_mark *marks;
    size_t n, cap;
} zs_held;

/* How many connections an address has. */
typedef struct zs_address {
    zb_map_node node;
    uint32_t n;
    char ip[ZS_IP_SIZE];
} zs_address;

typedef struct zs_net zs_net;

/* A connection's socket. */
typedef struct zs_peer {
    uv_poll_t poll;
    zb_link link;   /* zs_net.peers */
    zb_link paused; /* zs_net.paused: the engine takes nothing from it at present */
    zb_link late;   /* zs_net.late: answers of it are held back */
    zs_net *net;
    zs_conn *conn;       /* NULL: closed */
    zs_address *address; /* NULL: not counted */
    zs_held *held;
    uint64_t sent;
    int fd;
    int events; /* polled for */
    bool eof;   /* nothing more comes from it */
    bool full;  /* the socket takes nothing at present */
} zs_peer;

/* What another thread wants done on this one. */
typedef void zs_net_fn(zs_net *net, void *arg);
typedef struct zs_call {
    struct zs_call *next;
    zs_net_fn *fn;
    void *arg;
    bool done;
} zs_call;

typedef struct zs_door {
    uv_poll_t poll;
    zs_net *net;
    zs_listener listener;
} zs_door;

/* What is read of one connection before the others have their turn: some thousand small requests, a millisecond. */
enum { ZS_READ_BYTES = 64 * 1024 };

enum { ZS_DOORS = 2 };

struct zs_net {
    uv_loop_t loop;
    uv_async_t wake;   /* something was committed, or called for */
    uv_prepare_t turn; /* before the loop sleeps */
    uv_timer_t tick;   /* the engine's deadline */
    uv_timer_t late_timer;
    uv_timer_t rest; /* out of descriptors: nothing is accepted for a while */
    pthread_t thread;
    zs_engine *engine;
    zs_committer committer;
    zb_log log;
    zs_door doors[ZS_DOORS];
    zb_link peers, paused, late;
    zb_map addresses;
    uint32_t max_client_cnxns;
    uint8_t *buffer; /* what was just read, of whatever connection */
    zb_time now;     /* of this turn */
    zb_time tick_at; /* what `tick` is set to */
    bool in_turn;
    bool crowded; /* out of descriptors, and that was told */

    /* faults */
    bool refuse;
    zb_time delay;

    pthread_mutex_t lock;
    pthread_cond_t called;
    zs_call *calls, **last_call;
    bool draining; /* the doors close when nobody is in */
    bool drained;
};

/* zs_net_start serves `engine` at the listeners, which it takes over (fd -1: none); zs_net_stop ends all connections,
 * commits and publishes what was gathered, and leaves the engine to the caller. */
typedef struct zs_net_options {
    zs_engine *engine;
    zb_log log;
    uint32_t max_client_cnxns;
    bool refuse;
    uint32_t delay_ms;
    zs_listener listeners[ZS_DOORS];
} zs_net_options;
zobo_err zs_net_start(zs_net **out, zs_net_options *options, zobo_problem *why);
void zs_net_stop(zs_net *net);

/* zs_net_call runs fn on the loop thread and returns when it has run. Any other thread. */
void zs_net_call(zs_net *net, zs_net_fn *fn, void *arg);

/* zs_net_drain waits until there are no connections, and has none accepted from then on; false: not within the time,
 * and all is as it was. */
bool zs_net_drain(zs_net *net, uint32_t timeout_ms);

/* For calls. */
void zs_net_set_delay(zs_net *net, uint32_t delay_ms);
void zs_net_drop_all(zs_net *net);

/* --- between the files of this directory --- */

void zs_net_begin_turn(zs_net *net);
void zs_net_late(zs_net *net, zb_time due); /* answers held back are due then */

void zs_peer_open(zs_net *net, int fd, const char *ip, uint16_t port);
void zs_peer_serve(zs_peer *p); /* sends, goes on, ends: whatever it is time for */
void zs_peer_close(zs_peer *p);

#endif
