/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the engine share. See engine.h for the two threads. */
#ifndef ZS_ENGINE_INTERNAL_H
#define ZS_ENGINE_INTERNAL_H

#include "base/list.h"
#include "engine/engine.h"
#include "wire/op.h"

/* --- jobs and batches --- */

typedef enum zs_job_kind {
    ZS_JOB_WRITE,  /* a client's: zs_exec_write */
    ZS_JOB_READ,   /* a client's, behind others of its own: zs_exec_read in the batch's transaction */
    ZS_JOB_REPLY,  /* the answer is known already and only waits its turn */
    ZS_JOB_WATCH,  /* setWatches and the like: carried out when the batch is published */
    ZS_JOB_OPEN,   /* a session begins */
    ZS_JOB_RETURN, /* somebody comes back to his session, behind what he has sent before */
    ZS_JOB_EXPIRE, /* a session ends, its time being over */
    ZS_JOB_REAP,   /* a container or TTL node ends */
    ZS_JOB_PROBE   /* is there room again? */
} zs_job_kind;

/* One request on its way. Lives in its batch's arena, as what it points to. */
typedef struct zs_job {
    struct zs_job *next;
    zs_conn *conn; /* NULL: the server's own. Counted in conn->jobs */
    zs_ids *ids;   /* counted */
    const void *body;
    uint32_t n;
    zs_job_kind kind;
    int32_t op, xid;
    int64_t session;
    zb_time received;
    bool lose; /* its answer is not sent */
    bool last; /* the connection is over with its answer */
    bool bare; /* REPLY: the answer's zxid is `zxid`, not the last one's */
    bool no_memory;
    bool too_much; /* READ: not carried out, its connection has asked for too much in one batch */
    zobo_err err;  /* REPLY */
    int64_t zxid;
    int64_t time_ms;
    size_t charge;                   /* what it counts against max_queued_bytes */
    size_t expected;                 /* READ: how large its answer may be, by the last ones; part of `charge` */
    size_t at;                       /* READ: where in the batch's `bodies` its answer begins */
    uint64_t serial;                 /* REAP */
    const zs_session_record *record; /* OPEN */
    bool read_only_asked;            /* OPEN: the client sent the byte, so it gets it back */
    zs_outcome out;
} zs_job;

struct zs_batch {
    zs_engine *engine;
    zs_batch *next; /* in the engine's list of spare ones */
    zs_job *first, **last;
    size_t n_jobs, n_writes;
    uint64_t number;
    zs_arena arena;
    zs_bytes bodies; /* answers of reads */
    /* what came of it */
    zs_txn *snapshot; /* as of its commit; NULL: there was none, or it could not be had */
    zobo_err err;     /* why it was given up, or OK */
};

/* --- connections --- */

typedef enum zs_phase { ZS_NEW, ZS_SHAKING, ZS_OPEN } zs_phase;

struct zs_conn {
    zs_engine *engine;
    void *owner;
    zb_link in_all, in_ready;
    zb_link in_waiting; /* for a session, or for its end: see conn.c */
    zb_time waits_until;
    zs_session *session;
    zs_watcher watcher;
    zs_ids *ids;
    zs_bytes in;  /* what cannot be carried out yet: half a frame, or what has to wait */
    zs_bytes out; /* unsent from out_at */
    size_t out_at;
    uint32_t jobs; /* not answered */
    /* Reads behind a write are answered all at once, and what they ask for may be large: so many are taken as are
     * expected to fit, and a connection that has more than ZS_MAX_ANSWERS coming in one batch is dropped. */
    size_t expected;    /* of all its READ jobs */
    size_t read_bytes;  /* what the next is expected to be */
    uint64_t in_batch;  /* the commit thread's: the number of the batch that it reads in, */
    size_t batch_bytes; /* and how much it has read there */
    uint8_t phase;
    bool mute;    /* nothing more is taken from it */
    bool holds;   /* nothing is for now: see watch_request */
    bool ending;  /* over once its jobs are answered and its output has gone */
    bool drop;    /* over */
    bool closed;  /* by its owner: only its jobs know it */
    bool no_room; /* a write of its waits for room in the queue */
    bool eof;     /* half-closed */
    uint16_t port;
    int32_t last_op, last_xid;
    int64_t opened_wall_ms, last_zxid, last_response_wall_ms;
    uint64_t received, sent;
    uint64_t latency_count, latency_last_us, latency_min_us, latency_max_us, latency_sum_us;
};

enum { ZS_FIRST_READ = 16 << 10, ZS_MAX_ANSWERS = 128 << 20 };

void zs_conn_mark(zs_conn *c);          /* it has something new */
void zs_conn_end(zs_conn *c);           /* nothing more is taken, what was asked is answered */
void zs_conn_wait(zs_conn *c);          /* it is dropped in sessionless_ms, if it does not leave the list */
void zs_conn_free(zs_conn *c);          /* when closed and without jobs */
bool zs_conn_blocked(const zs_conn *c); /* nothing can be taken from it now */
zs_bytes *zs_conn_out(zs_conn *c);      /* to append to */
/* Fills the 20 bytes at `head` of an answer that ends at out->n, and counts it. */
enum { ZS_HEAD = 20 };
void zs_conn_head(zs_conn *c, size_t head, int32_t xid, int64_t zxid, zobo_err err, zb_time received);
void zs_conn_reply(zs_conn *c, int32_t xid, int64_t zxid, zobo_err err, const void *body, size_t n, zb_time received);
bool zs_op_writes(int32_t op); /* does a client's request of this kind change anything? */
/* Takes one frame. */
void zs_conn_shake(zs_conn *c, const uint8_t *p, size_t n);
void zs_conn_request(zs_conn *c, const uint8_t *p, size_t n);
/* Answers a ConnectRequest: `session` NULL: there is none, and the connection ends. */
void zs_conn_welcome(zs_conn *c, zs_session *session, bool read_only_asked);
void zs_conn_return(zs_conn *c, const void *p, size_t n); /* the turn of a ZS_JOB_RETURN */

/* The operations on watches; `events` go to the connection's output, the answer's body to *body_n of `body`. */
enum { ZS_WATCH_BODY = 4 };
zobo_err zs_watch_request(zs_conn *c, int32_t op, const void *p, size_t n, uint8_t body[ZS_WATCH_BODY], size_t *body_n);
void zs_tell_effect(zs_engine *e, const zs_effect *effect, int64_t zxid);

/* --- the engine --- */

typedef struct zs_acl_slot {
    uint32_t id; /* 0: empty */
    int32_t n;
    uint8_t *p;
    size_t len;
} zs_acl_slot;

enum { ZS_ACL_SLOTS = 256, ZS_SPARE_BUFFERS = 8, ZS_PROBE_MS = 500 };

struct zs_engine {
    zs_engine_options options;
    char *super_digest;
    zs_store *store;
    zb_time now;
    int64_t wall_ms;

    zs_txn *snapshot;
    int64_t zxid; /* the last published */
    zs_health health;
    zb_time probe_at;

    zb_link all, ready, waiting;
    zs_sessions sessions;
    zs_watches *watches;
    zs_acl_slot acls[ZS_ACL_SLOTS];

    zs_batch *gathering; /* NULL: no job yet */
    zs_batch *spare;
    size_t n_spare, queued_bytes, queued_jobs;
    uint64_t batches; /* begun */
    bool full;        /* no write is taken until half of it is done */

    zb_time reap_at;
    uint64_t reap_serial;
    size_t reap_left;

    zs_bytes buffers[ZS_SPARE_BUFFERS]; /* of connections that have nothing to send */
    size_t n_buffers;
    zs_bytes scratch;
    zs_faults faults;
    zs_stats stats;
    zb_time told_ahead; /* when a client with a zxid beyond ours was last logged */

    /* the commit thread's */
    zs_writer *writer;
    zobo_err broken; /* a commit failed: no other is tried */
};

/* Puts a job with a copy of n bytes at the end of the queue. NULL: no memory. */
zs_job *zs_engine_job(zs_engine *e, zs_job_kind kind, zs_conn *conn, const void *body, size_t n);
void zs_engine_end_session(zs_engine *e, zs_session *session); /* queues its end */
void zs_batch_free(zs_batch *b);
const zs_acl_slot *zs_engine_acl(zs_engine *e, uint32_t id); /* NULL: it cannot be had */
zb_time zs_reap_tick(zs_engine *e);                          /* when next */

static inline bool
zs_job_writes(const zs_job *job)
{
    return job->kind != ZS_JOB_READ && job->kind != ZS_JOB_REPLY && job->kind != ZS_JOB_WATCH &&
           job->kind != ZS_JOB_RETURN;
}

#endif
