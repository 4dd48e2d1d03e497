/* SPDX-License-Identifier: Apache-2.0 */
/* The server without its sockets: connections as bytes in and bytes out, sessions, watches, and the queue of writes.
 * Time is told to it, output is pulled from it, it never calls out but for log lines and four-letter words. The
 * simulation runs it under a virtual clock; src/server gives it a loop and a thread.
 *
 * Two threads. The loop thread calls everything here but zs_batch_commit, which the commit thread calls, and nothing
 * else. Reads are carried out at once in a snapshot of the last published commit, so they never wait for the disk. A
 * connection's writes become jobs of the batch that is being gathered, and so does whatever it sends behind an
 * unanswered job of its own: jobs are answered in order, reads among them see the tree as it is at their place in the
 * batch.
 *
 *   loop:    zs_conn_feed ... zs_engine_take -> batch
 *   commit:  zs_batch_commit: every job in one transaction, one sync
 *   loop:    zs_engine_publish: snapshot moved; then for each job in order its events, its watch, its answer
 *
 * The rules' log hook is called from both threads. A batch brings the snapshot of its own commit with it, for the next
 * may be on disk before it is published.
 *
 * So nobody sees a write before it is durable, and an event reaches a client before the change it tells of. */
#ifndef ZS_ENGINE_H
#define ZS_ENGINE_H

#include "base/net.h"
#include "engine/exec.h"
#include "engine/sessions.h"
#include "engine/watches.h"

typedef struct zs_engine zs_engine;
typedef struct zs_conn zs_conn;
typedef struct zs_batch zs_batch;

typedef struct zs_engine_options {
    zs_rules rules;
    uint32_t tick_ms;                 /* 2000; min and max session timeout come from it when they are 0 */
    uint32_t min_session_timeout_ms;  /* 2 ticks */
    uint32_t max_session_timeout_ms;  /* 20 ticks */
    uint32_t sessionless_ms;          /* how long a connection may stay without a session: 10000 */
    size_t max_output;                /* unsent bytes after which nothing more is taken from a connection: 1 MiB */
    size_t max_events;                /* unsent bytes after which a connection that does not read is closed: 64 MiB */
    size_t max_queued_bytes;          /* jobs not yet committed, of all connections: 64 MiB */
    size_t max_queued_jobs;           /* the same as a count: 100000 */
    uint32_t container_check_ms;      /* 60000 */
    uint32_t container_never_used_ms; /* 300000 */
    uint32_t containers_per_minute;   /* 10000 */
    bool accept_future_zxid;          /* take clients that have seen a zxid beyond ours, which are else refused */
    const char *super_digest;         /* "super:hash", or NULL */
    /* Fills p with what nobody can guess: passwords and ids. */
    bool (*random)(void *p, size_t n);
    /* A connection began with a word of four lower-case letters: appends the answer. False: it is no word. */
    bool (*word)(void *arg, zs_conn *conn, const char *word, zs_bytes *out);
    void *word_arg;
} zs_engine_options;

/* zs_engine_open takes over the store; zs_engine_close closes it. Sessions of the store come to life with their full
 * timeouts. Zeros in options mean the defaults above. */
zobo_err zs_engine_open(zs_engine **out, const zs_engine_options *options, zs_store *store, zb_time now,
                        int64_t wall_ms, zobo_problem *why);
void zs_engine_close(zs_engine *e); /* no batch may be under way */

/* zs_engine_tick: what time it is, before anything is fed. Sessions expire, connections without one are closed,
 * containers and TTL nodes are looked after. zs_engine_deadline: when to call it next at the latest. */
void zs_engine_tick(zs_engine *e, zb_time now, int64_t wall_ms);
zb_time zs_engine_deadline(const zs_engine *e);

/* --- connections (loop thread) --- */

/* A connection from `ip` ("" for a Unix socket). NULL: no memory. */
zs_conn *zs_conn_open(zs_engine *e, const char *ip, uint16_t port, void *owner);
void zs_conn_close(zs_conn *c); /* the peer is gone; nothing refers to `c` afterwards but jobs, which find nobody */

void zs_conn_feed(zs_conn *c, const void *p, size_t n);
/* False: do not read from the socket for now (its output, or the queue of writes, is full). After output was sent or a
 * batch published it may be true again: ask zs_conn_resume, which also carries out what was fed and had to wait. */
bool zs_conn_wants_input(const zs_conn *c);
void zs_conn_resume(zs_conn *c);
void zs_conn_end_of_input(zs_conn *c); /* half-closed: what was asked is answered, then it is over */

/* What is to be sent: valid until the next call that is not zs_conn_output. */
zb_iov zs_conn_output(const zs_conn *c);
void zs_conn_sent(zs_conn *c, size_t n);
/* The connection is to be closed: once its output has gone, or, with *at_once, now. */
bool zs_conn_over(const zs_conn *c, bool *at_once);
void *zs_conn_owner(const zs_conn *c);

/* Connections that have something new to send, to read or to end, each once, resumed already; NULL: no more. */
zs_conn *zs_engine_next_ready(zs_engine *e);

/* --- the queue of writes --- */

/* zs_engine_take hands over the jobs gathered since the last take; NULL: none. Several batches may be under way; they
 * are committed and published in the order taken. */
zs_batch *zs_engine_take(zs_engine *e);
void zs_batch_commit(zs_batch *b); /* commit thread */
void zs_engine_publish(zs_engine *e, zs_batch *b);

/* A write failed for lack of room: writes are answered with ZOBO_ENOTREADONLY, and each tick tries one small commit
 * until one succeeds. A sync failed: the same, and never tried again. */
typedef enum zs_health { ZS_HEALTHY, ZS_FULL, ZS_FAILED } zs_health;
zs_health zs_engine_health(const zs_engine *e);

/* --- what others ask (loop thread) --- */

typedef struct zs_stats {
    uint64_t received, sent; /* packets; sent counts events too */
    uint64_t connections_total, refused;
    uint64_t reads, writes, events, commits, sessions_expired, auth_failed;
    uint64_t latency_count, latency_sum_us, latency_min_us, latency_max_us;
    size_t connections, sessions, outstanding;
} zs_stats;
void zs_engine_stats(const zs_engine *e, zs_stats *out);
void zs_engine_reset_stats(zs_engine *e);
void zs_engine_meta(const zs_engine *e, zs_meta *out);           /* of the published snapshot */
zs_txn *zs_engine_snapshot(zs_engine *e);                        /* for reading until the next publish */
const zs_engine_options *zs_engine_settings(const zs_engine *e); /* with the defaults filled in */
zs_watches *zs_engine_watches(zs_engine *e);
zs_sessions *zs_engine_sessions(zs_engine *e);
uint64_t zs_engine_file_bytes(const zs_engine *e);

typedef struct zs_conn_info {
    const char *ip;
    uint16_t port;
    int64_t session; /* 0: none */
    int32_t timeout_ms;
    int64_t opened_wall_ms;
    uint64_t received, sent;
    size_t queued; /* jobs not answered */
    int32_t last_op, last_xid;
    int64_t last_zxid, last_response_wall_ms;
    uint64_t latency_last_us, latency_min_us, latency_max_us, latency_sum_us;
} zs_conn_info;
zs_conn *zs_conn_next(zs_engine *e, const zs_conn *after); /* NULL: the first */
void zs_conn_tell(const zs_conn *c, zs_conn_info *out);
void zs_conn_reset_stats(zs_conn *c);
zs_conn *zs_conn_of_watcher(zs_watcher *who);
zs_watcher *zs_conn_watcher(zs_conn *c);

/* --- faults that testers ask for (loop thread) --- */

typedef struct zs_faults {
    uint32_t fail_next; /* this many requests are not carried out but answered with: */
    zobo_err fail_with;
    uint32_t lose_next; /* this many answers are not sent */
} zs_faults;
zs_faults *zs_engine_faults(zs_engine *e);
bool zs_engine_expire(zs_engine *e, int64_t session); /* as if its time were over; false: no such session */
void zs_conn_drop(zs_conn *c);                        /* to be closed at once */

#endif
