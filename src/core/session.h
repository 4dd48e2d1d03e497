/* SPDX-License-Identifier: Apache-2.0 */
/* The session: ZooKeeper's client side as a pure state machine.
 *
 * It is told of bytes, time and the link's fate, and asked for bytes to send and events to act on. It makes no system
 * call, reads no clock, starts no thread and never calls out: events are pulled. One caller at a time (the client's
 * lock), with two exceptions made for speed, marked below: what zb_session_output and zb_session_space hand out may be
 * read or filled without the lock, by the one thread that has the driver's role.
 *
 * Times are nanoseconds of a monotonic clock (zb_time); 0 is "none".
 *
 *          start                  up                 handshake answered
 *   IDLE ----------> CONNECTING --------> HANDSHAKE ------> REPLAY ------> CONNECTED / READONLY
 *     ^               ^  ^   | refused                 | closed, silent, garbage    | lost
 *     | stopped       |  |   v                         v                            v
 *   CLOSED <---- CLOSING |  WAITING (back-off after a round over all servers) <----(first round at once)
 *                        +---+
 *   and from any: EXPIRED (said by the server, or by the clock): a new session is begun unless told to stay;
 *                 AUTH_FAILED: ended. */
#ifndef ZB_SESSION_H
#define ZB_SESSION_H

#include <zobo/client.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/log.h"
#include "base/net.h"
#include "core/hosts.h"
#include "core/path.h"
#include "core/watch.h"
#include "wire/op.h"

/* A request on its way. Embedded in the client's call; lives until ZB_EV_DONE hands it back (or zb_session_forget). */
typedef struct zb_req {
    zb_link link;          /* queues inside the session; free for the owner once handed back */
    zb_heap_node deadline; /* in the session's heap while the request has a deadline */
    /* set by the owner */
    const zb_op *op;
    zb_time timeout;  /* deadline as a duration; 0: none */
    zb_watch *watch;  /* to register when the reply comes (the session takes over the reference), or NULL */
    bool no_chroot;   /* the reply's paths are not stripped (get_config) */
    bool is_auth;     /* add_auth: goes by the auth queue; `auth` below is remembered when accepted */
    bool want_reply;  /* build a zobo_reply; else only err and stat are filled */
    size_t n_results; /* MULTI and MULTI_READ: how many operations there are, and results there must be */
    /* set by the session */
    uint8_t state;  /* zb_req_state */
    uint64_t seq;   /* place in the pending ring */
    uint8_t *frame; /* the encoded request while it waits for a connection (length word included); owned */
    uint32_t frame_len;
    zb_time submitted;
    struct zb_auth_item *auth;
    /* the result */
    zobo_err err;
    int64_t zxid;
    bool has_stat;
    zobo_stat stat;    /* for replies of kind STAT, also without want_reply */
    int32_t count;     /* kind COUNT */
    zobo_reply *reply; /* with want_reply, unless err says there is none; a failed transaction has one */
} zb_req;

typedef enum zb_req_state { ZB_REQ_NEW, ZB_REQ_WAITING, ZB_REQ_SENT, ZB_REQ_PAUSED, ZB_REQ_DONE } zb_req_state;

enum { ZB_DEFAULT_TIMEOUT_MS = 10000 };

/* What no caller exceeds but by mistake. */
enum { ZB_MAX_CREDENTIAL = 65536, ZB_MAX_ACL = 65536 };

typedef struct zb_session zb_session;

typedef struct zb_session_config {
    const zobo_options *options; /* checked; zero is the default. Borrowed during zb_session_new only */
    zb_log log;
    uint64_t seed; /* for shuffling, jitter and hashing */
} zb_session_config;

typedef enum zb_event_kind {
    ZB_EV_NONE,
    ZB_EV_RESOLVE,    /* look up host[i] (also Unix sockets and literals); answer with zb_session_resolved */
    ZB_EV_CONNECT,    /* connect to `addr` of host[i]; answer with zb_session_link UP or DOWN. At most one at a time */
    ZB_EV_DISCONNECT, /* close the link (it may just have gone by itself), or give up connecting or resolving: no answer
                       * */
    ZB_EV_PROBE,      /* ask host[i] on another connection whether it writes ("isro"); answer with zb_session_probed */
    ZB_EV_STATE,      /* the public state has changed to `state`; `err` is the reason for SUSPENDED and LOST */
    ZB_EV_DONE,       /* `req` has ended: its result is filled in */
    ZB_EV_WATCH,      /* tell `watch` of `type` (one reference passed). NONE events: `state` */
    ZB_EV_CLOSED      /* stop or detach has ended, or the session ended for good (`err`): no link any more */
} zb_event_kind;

typedef struct zb_event {
    zb_event_kind kind;
    size_t host;
    const zb_addr *addr; /* valid until the next call */
    zobo_state state;
    zobo_err err;
    zb_req *req;
    zb_watch *watch;
    zobo_event_type type;
    int64_t zxid;
    const char *path; /* WATCH: the server's path of the event, for NONE the watched one; valid until the next call */
    size_t path_len;  /* (it is not terminated) */
    bool last;        /* WATCH: the watcher's last event */
} zb_event;

/* zb_session_new makes an idle session. Errors: ZOBO_ENOMEM, ZOBO_EBADHOSTS (with why). */
zobo_err zb_session_new(const zb_session_config *config, zb_session **out, zobo_problem *why);

/* zb_session_free frees it. The owner has pulled all events; requests still inside are forgotten, not completed. */
void zb_session_free(zb_session *s);

/* zb_session_start begins to connect, resuming the session of `id` if not NULL (options.client_id is not looked at): if
 * the server refuses it, the session ends with ZOBO_ESESSIONEXPIRED. ZOBO_EALREADY unless IDLE or CLOSED (and
 * ZB_EV_CLOSED pulled). */
zobo_err zb_session_start(zb_session *s, const zobo_client_id *id, zb_time now);

/* zb_session_stop flushes, ends the session on the server (unless `detach`) and closes the link; ZB_EV_CLOSED tells
 * when. Takes at most the session timeout. Without a connection it ends at once. From now on submit is refused. When
 * nothing is started, or it is ending already, it does nothing and makes no event. */
void zb_session_stop(zb_session *s, bool detach, zb_time now);

/* zb_session_submit encodes `record` (of req->op's type) and sends or queues it. Errors, with nothing submitted:
 * ZOBO_ENOTSTARTED, ZOBO_ESTOPPED (stopping), ZOBO_ETOOBIG, ZOBO_ENOMEM, ZOBO_EAUTHFAILED or ZOBO_ESESSIONEXPIRED
 * (ended for good). The queue's limits are the client's to check, by zb_session_in_flight and
 * zb_session_queued_bytes. A record for is_auth is a struct zb_auth_request. */
zobo_err zb_session_submit(zb_session *s, zb_req *req, const void *record, zb_time now);

/* zb_session_pause makes of `req` a wait and nothing more: it ends with ZOBO_OK `pause` from now, connected or not, or
 * with ZOBO_ESTOPPED (or why the session ended) before. Errors: as submit. */
zobo_err zb_session_pause(zb_session *s, zb_req *req, zb_time pause, zb_time now);

/* zb_session_forget ends a request now: after it returns the session holds no pointer to it (no ZB_EV_DONE follows,
 * unless it had ended already: state DONE, then the owner must still pull it). Sets req->err to `unsent` if it was
 * never sent (and it never will be), else to `sent`; a reply that comes later is dropped. Used for cancel and for
 * callers whose time is up. */
void zb_session_forget(zb_session *s, zb_req *req, zobo_err unsent, zobo_err sent);

/* Bytes to send: fills up to `max` pieces, returns how many. They stay valid and unchanged until zb_session_sent or a
 * link change, also while others submit: the writer may send them without the lock. */
size_t zb_session_output(zb_session *s, zb_iov *iov, size_t max);
bool zb_session_wants_write(const zb_session *s); /* there is output */

/* zb_session_sending notes that output pieces of so many bytes in all are being handed to the kernel: from now on
 * they count as sent. */
void zb_session_sending(zb_session *s, size_t n);

/* zb_session_sent notes that the first n bytes of the output have gone out, and that the rest of what was handed out
 * has not been taken by the kernel after all: to be called after each write, also with n 0. */
void zb_session_sent(zb_session *s, size_t n, zb_time now);

/* Room for bytes from the peer: at least `want` bytes, to be filled without the lock by the one reader, then noted by
 * zb_session_fed. NULL: no memory. */
void *zb_session_space(zb_session *s, size_t want, size_t *room);
void zb_session_fed(zb_session *s, size_t n, zb_time now);

/* zb_session_feed is space, copy and fed in one: for tests. */
zobo_err zb_session_feed(zb_session *s, const void *data, size_t n, zb_time now);

typedef enum zb_link_state { ZB_LINK_UP, ZB_LINK_DOWN } zb_link_state;

/* zb_session_link: connecting has succeeded (UP), or it failed or the link broke (DOWN, with the reason and the
 * system's errno or 0). */
void zb_session_link(zb_session *s, zb_link_state state, zobo_err why, int sys, zb_time now);

/* zb_session_resolved answers ZB_EV_RESOLVE for host[i]: n addresses, or n 0 and the reason. Stale answers are
 * ignored. */
void zb_session_resolved(zb_session *s, size_t host, const zb_addr *addrs, size_t n, zobo_err why, int sys,
                         zb_time now);

/* zb_session_probed answers ZB_EV_PROBE: `writes`: this server is not read-only, go there. */
void zb_session_probed(zb_session *s, size_t host, bool writes, zb_time now);

/* zb_session_deadline: when zb_session_tick must be called next; ZB_NEVER for no need. What has arrived is to be fed
 * before the tick, for a tick may find the server silent. */
zb_time zb_session_deadline(const zb_session *s);
void zb_session_tick(zb_session *s, zb_time now);

/* zb_session_next pulls the next event; false when there is none. Replies are decoded here, one frame a call. The
 * caller pulls until false after each call that may have made events, in any order but before the next feed. */
bool zb_session_next(zb_session *s, zb_event *ev, zb_time now);

/* zb_session_urgent tells whether there may be events to pull that no byte and no deadline brings: forgetting a request
 * or noting what was sent can end a session that is being closed, and the next watches are set again when the last have
 * been sent. */
bool zb_session_urgent(const zb_session *s);

/* Watches: */
zb_watches *zb_session_watches(zb_session *s);
/* zb_session_linked tells whether a server may have watches of ours: some may have been set on the connection there is. */
bool zb_session_linked(const zb_session *s);

/* zb_session_set_hosts replaces the servers for the next round (zb_session takes over *hosts). */
void zb_session_set_hosts(zb_session *s, zb_hosts *hosts);

/* What it knows. */
typedef struct zb_session_info {
    zobo_state state;
    bool stopped;      /* IDLE, CLOSED, or ended for good */
    zobo_err ended_by; /* why, if it ended for good */
    bool has_session;
    zobo_client_id id;
    uint32_t timeout_ms; /* granted */
    int64_t last_zxid;
    long host; /* index of the server in use or being tried, -1 */
    bool connected;
} zb_session_info;
void zb_session_get_info(const zb_session *s, zb_session_info *out);
const zb_hosts *zb_session_hosts(const zb_session *s);

/* Load, for back-pressure: requests not yet completed, bytes not yet handed to the kernel. */
size_t zb_session_in_flight(const zb_session *s);
size_t zb_session_queued_bytes(const zb_session *s);

/* Counters kept by the session (plain, under the lock). */
typedef struct zb_session_stats {
    uint64_t bytes_out, bytes_in, replies, events, connects, reconnects, expirations;
} zb_session_stats;
const zb_session_stats *zb_session_get_stats(const zb_session *s);

#endif
