/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the session share:
 *
 *   session.c   making, starting, stopping, ending; the phases' table; the invariants
 *   link.c      servers in turn, the handshake, loss and return of the connection
 *   submit.c    requests: encoding, waiting, pending, ending
 *   output.c    bytes to send
 *   receive.c   bytes received, frame by frame
 *   replay.c    credentials and watches on a new connection
 *   events.c    the events queued for the owner
 *   timers.c    time */
#ifndef ZB_SESSION_INTERNAL_H
#define ZB_SESSION_INTERNAL_H

#include <assert.h>
#include <string.h>

#include <zobo/retry.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/reply.h"
#include "core/retry.h"
#include "core/session.h"

/* Phases, each with those that may follow it, and whether a connection is up in it. */
#define ZB_PHASES(X)                                                                                                   \
    X(IDLE, TO(RESOLVING), false)                                                                                      \
    X(RESOLVING, TO(RESOLVING) | TO(CONNECTING) | TO(WAITING) | TO(CLOSED), false)                                     \
    X(CONNECTING, TO(CONNECTING) | TO(RESOLVING) | TO(HANDSHAKE) | TO(WAITING) | TO(CLOSED), false)                    \
    X(HANDSHAKE, TO(REPLAY) | TO(CONNECTING) | TO(RESOLVING) | TO(WAITING) | TO(CLOSED), true)                         \
    X(REPLAY, TO(CONNECTED) | TO(READONLY) | TO(RESOLVING) | TO(WAITING) | TO(CLOSED), true)                           \
    X(CONNECTED, TO(RESOLVING) | TO(WAITING) | TO(CLOSING) | TO(CLOSED), true)                                         \
    X(READONLY, TO(RESOLVING) | TO(WAITING) | TO(CLOSING) | TO(CLOSED), true)                                          \
    X(WAITING, TO(RESOLVING) | TO(CLOSED), false) /* for the next round */                                             \
    X(CLOSING, TO(CLOSED), true)                                                                                       \
    X(CLOSED, TO(RESOLVING), false)

typedef enum zb_phase {
#define X(name, next, linked) ZB_PHASE_##name,
    ZB_PHASES(X)
#undef X
} zb_phase;

enum {
    ZB_CHUNK_BYTES = 64 * 1024 - 64, /* of output; the allocation with its head stays below 64 KiB */
    ZB_IN_BYTES = 64 * 1024,
    ZB_SET_WATCHES_BYTES = 128 * 1024,
    ZB_STATES_MAX = 8,
    ZB_FRAME_HEAD = 12, /* length, xid, type */
    ZB_REPLY_HEAD = 16  /* xid, zxid, err */
};

/* A piece of output: whole frames, of which the first `off` bytes have been sent. Its memory never moves. */
typedef struct zb_chunk {
    struct zb_chunk *next;
    size_t cap, off, end;
    bool handed; /* given out by zb_session_output: nothing may be put before its end any more */
    uint8_t data[];
} zb_chunk;

typedef struct zb_out {
    zb_chunk *head, *tail, *spare;
    zb_chunk *limbo; /* of a link that is gone, while the writer may still be reading them */
    size_t bytes;    /* not yet sent */
    size_t sending;  /* of them being handed to the kernel */
    bool lent;       /* pieces are given out */
} zb_out;

/* Received bytes. The reader fills it from `end` without the lock, so it moves in zb_session_space only. */
typedef struct zb_in {
    uint8_t *data;
    size_t cap, begin, end;
    bool lent;
} zb_in;

/* A sent request's place; req is NULL when nobody waits for the reply any more. */
typedef struct zb_slot {
    zb_req *req;
    int32_t xid;
} zb_slot;

typedef struct zb_pending {
    zb_slot *slots; /* a ring; power-of-two size */
    uint64_t head, tail;
    size_t cap;
} zb_pending;

/* A credential, in the order given. Answers come in the order sent, which is the list's, beside the pending ring. */
struct zb_auth_item {
    zb_link link;
    zb_req *req;   /* add_auth whose answer is awaited */
    bool kept;     /* to be sent on each connection */
    bool awaiting; /* sent on this connection, not answered */
    bool sent;     /* on this connection or one before: its request may have reached a server */
    uint32_t frame_len;
    uint8_t frame[]; /* as it is sent */
};

typedef struct zb_state_change {
    zobo_state state;
    zobo_err err;
} zb_state_change;

struct zb_session {
    /* looked at for each request and reply */
    zb_phase phase;
    bool urgent; /* an event may be queued */
    bool proved; /* something has come since the handshake */
    int32_t xid; /* the last one used */
    zb_out out;
    zb_in in;
    zb_pending pending;
    size_t n_open; /* requests not ended */
    int64_t last_zxid;
    unsigned set_watches_due; /* answers to setWatches not yet come */
    zb_time heard;            /* on this session's last connection */
    zb_time written, pinged;
    zb_time unanswered; /* the first ping since something was heard */
    zb_heap deadlines;
    zb_session_stats stats;
    zb_log log;

    /* options */
    uint32_t timeout_ms, start_rounds, connect_timeout_ms, queue_timeout_ms, lost_after_percent, stop_timeout_ms;
    uint32_t max_request_bytes, max_reply_bytes;
    bool read_only, ordered_hosts, stay_lost;
    zobo_retry_policy retry;
    char *chroot_path;
    zb_chroot chroot;
    zb_rng rng;

    /* servers */
    zb_hosts hosts;
    zb_hosts next_hosts; /* from the next round on */
    bool has_next_hosts;
    long host;   /* in use or being tried; -1: none */
    long prefer; /* goes first in the next round; -1: none */
    long first;  /* went first in this round */
    zb_addr *addrs;
    size_t n_addrs, addr;
    bool resolve_due, connect_due, disconnect_due, probe_due; /* events not yet pulled */
    bool asked; /* RESOLVE or CONNECT has been pulled and is still under way, or the link is up */
    bool link_up;
    unsigned rounds; /* that failed in a row */
    bool been_up;    /* since the start */
    unsigned flaps;  /* connections in a row that ended before anything was heard on them */
    zb_time rounds_began;
    zb_time phase_deadline; /* end of the try, the back-off, the closing */

    /* a server that only reads: looking for one that writes */
    long probe;       /* asked now; -1: none */
    long probe_stale; /* asked of a list that has been replaced: its answer is not heard; -1: none */
    size_t probe_next;
    uint32_t probe_wait_ms;
    zb_time probe_at;

    /* the session */
    bool has_session;
    bool resuming;         /* the id was given to us, and that it lives on has not been told yet */
    bool continued;        /* the last handshake found it alive, */
    bool by_reader;        /* and was made by a server that only reads */
    zb_watch_iter replay;  /* watches set again so far, on this connection */
    bool made_readonly;    /* by a server that only reads: no other knows it */
    unsigned announce_due; /* connected, but so many of the credentials sent first are not answered: not told so far */
    zobo_client_id id;
    uint32_t granted_ms;
    zb_time granted;

    /* requests that wait for a connection; credentials */
    zb_link waiting;
    zb_link paused; /* no requests, only waits */
    size_t n_waiting, waiting_bytes;
    zb_link auths;

    /* the end */
    bool detach, closing_sent; /* with closing_sent, the ring's last slot is closeSession's */
    zobo_err ended_by;

    /* watches and events */
    zb_watches watches;
    zobo_state state;
    zb_state_change states[ZB_STATES_MAX];
    unsigned n_states;
    bool telling; /* persistent watches are being told of `told` */
    zobo_state told;
    zb_link done;
    zb_link last_events;  /* of watches that have left the table; their reference is ours */
    zb_watch_array fired; /* persistent ones, references taken */
    size_t fired_at;
    zobo_event_type fired_type;
    int64_t fired_zxid;
    char *fired_path;
    size_t fired_path_len, fired_path_cap;
    bool closed_due;
};

/* session.c */
void zb_session_move(zb_session *s, zb_phase phase);
/* Ends: `err` is why (ZOBO_OK: stopped); `unsent` is what requests get that never went out. */
void zb_session_end(zb_session *s, zobo_err err, zobo_err unsent);
void zb_session_check_closing(zb_session *s);
void zb_session_forget_id(zb_session *s);
/* The invariants; for debug builds and tests. */
bool zb_session_validate(const zb_session *s);

/* link.c */
void zb_conn_round(zb_session *s, zb_time now);
/* zb_conn_announce tells that the connection is up, once the watches have been sent and the credentials sent before
 * them have been accepted. */
void zb_conn_announce(zb_session *s);
void zb_conn_drop(zb_session *s, zb_time now); /* forgets the link: DISCONNECT if there is one */
/* The link is gone or must go, whatever the phase. */
void zb_conn_lost(zb_session *s, zobo_err why, int sys, zb_time now);
void zb_conn_handshake_reply(zb_session *s, const uint8_t *p, size_t n, zb_time now);
void zb_conn_expired(zb_session *s, bool by_server, zb_time now);
uint32_t zb_conn_timeout_ms(const zb_session *s);
/* The watches that are left are put into the output, about a packet at a time; after the last the connection is usable.
 * */
void zb_conn_replay(zb_session *s, zb_time now);
static inline bool
zb_conn_usable(const zb_session *s)
{
    return s->phase == ZB_PHASE_CONNECTED || s->phase == ZB_PHASE_READONLY;
}
/* The handshake is over: credentials may be sent, pings are. */
static inline bool
zb_conn_up(const zb_session *s)
{
    return zb_conn_usable(s) || s->phase == ZB_PHASE_REPLAY;
}

/* submit.c */
void zb_req_end(zb_session *s, zb_req *req, zobo_err err); /* queues ZB_EV_DONE */
zb_time zb_req_deadline(const zb_req *req);
void zb_req_finished(zb_session *s, zb_req *req, zobo_err err); /* by its reply; its slot has been taken out */
void zb_req_end_pending(zb_session *s, zobo_err sent, zobo_err unsent);
void zb_req_end_waiting(zb_session *s, zobo_err err);
void zb_req_end_paused(zb_session *s, zobo_err err);
bool zb_req_send_waiting(zb_session *s); /* false: no memory, nothing has changed */
void zb_req_timed_out(zb_session *s, zb_req *req);
void zb_req_drop_watch(zb_session *s, zb_req *req);
/* On a connection: takes back from the server what it watches on the path for nobody, if that is decided by now. */
void zb_req_take_back(zb_session *s, const char *path, size_t len);
int32_t zb_req_next_xid(zb_session *s);
bool zb_pending_reserve(zb_pending *p, size_t n);
void zb_pending_push(zb_session *s, zb_req *req, int32_t xid);

/* output.c */
/* Room at the end of the output; NULL: no memory. What is written becomes output with zb_out_commit. */
uint8_t *zb_out_room(zb_session *s, size_t need, size_t *room);
void zb_out_commit(zb_session *s, size_t n);
zobo_err zb_out_encode(zb_session *s, const zb_op *op, const void *record, int32_t xid, size_t limit);
bool zb_out_append(zb_session *s, const void *frame, size_t n);
bool zb_out_first(zb_session *s, const void *frame, size_t n); /* as far in front as it can go */
zb_chunk *zb_chunk_new(size_t room);
void zb_chunks_free(zb_chunk *chunk);
void zb_out_adopt(zb_session *s, zb_chunk *first, zb_chunk *last, size_t bytes);
void zb_out_reset(zb_session *s);
void zb_out_free(zb_session *s);
size_t zb_out_unsent_requests(const zb_session *s);

/* replay.c */
bool zb_replay_auths(zb_session *s); /* false: no memory */
/* zb_replay_watches puts the next packet into the output. *over: there was none left, or this was the last. */
bool zb_replay_watches(zb_session *s, bool *over);
zobo_err zb_auth_submit(zb_session *s, zb_req *req, const void *record, zb_time now);
zobo_err zb_auth_keep(zb_session *s, const zobo_auth *auth);
zobo_err zb_auth_reply(zb_session *s, zobo_err err); /* an error: the link is to go */
unsigned zb_auth_awaiting(const zb_session *s);      /* how many sent on this connection are not answered yet */
void zb_auth_forget(zb_req *req);
void zb_auth_link_down(zb_session *s, zb_time now);
void zb_auth_end(zb_session *s, zobo_err err);
void zb_auth_free(zb_session *s);

/* events.c */
void zb_events_state(zb_session *s, zobo_state state, zobo_err err);
/* False: the link is to go, with *why. */
bool zb_events_fire(zb_session *s, zb_reader body, int64_t zxid, zobo_err *why);
bool zb_events_pull(zb_session *s, zb_event *ev);
void zb_events_free(zb_session *s);

/* timers.c */
bool zb_timers_set(zb_session *s, zb_req *req, zb_time at); /* false: no memory; cannot fail if another has just left */
void zb_timers_probe_begin(zb_session *s, zb_time now);

#ifdef NDEBUG
#define ZB_SESSION_CHECK(s) ((void)0)
#else
#define ZB_SESSION_CHECK(s) assert(zb_session_validate(s))
#endif

#endif
