/* SPDX-License-Identifier: Apache-2.0 */
/* A session on a bench: the test is the clock, the driver and the server. Everything is scripted, nothing waits. */
#ifndef ZT_RIG_H
#define ZT_RIG_H

#include "core/session.h"
#include "support/bytes.h"

/* An event as it was pulled. The watch's reference has been given back. */
typedef struct rig_event {
    zb_event_kind kind;
    size_t host;
    uint8_t addr; /* first byte of the address to connect to */
    zobo_state state;
    zobo_err err;
    struct rig_req *req;
    void *watcher; /* the watcher's arg */
    zobo_event_type type;
    int64_t zxid;
    char path[160];
    bool last;
} rig_event;

/* A request that counts how often it has ended. */
typedef struct rig_req {
    zb_req req;
    int ended;
} rig_req;

typedef struct rig {
    zb_session *s;
    zb_time now;
    zobo_options options; /* changed before rig_begin */
    size_t write_max;     /* bytes a write takes at most; 0: all */
    size_t read_max;      /* bytes a read gives at most; 0: all */
    zt_buf wire;          /* what has been written and not yet looked at */
    size_t wire_at;
    size_t host; /* of the last RESOLVE */
    rig_event last;
} rig;

typedef struct rig_frame {
    const uint8_t *p; /* behind the length word; valid until the next write */
    size_t n;
    int32_t xid, type; /* of a request */
} rig_frame;

enum { RIG_TIMEOUT_MS = 9000 };
enum { RIG_SESSION = 0x1234 };

void rig_init(rig *r); /* zeroed, sane options: hosts "a,b,c" in order, timeout RIG_TIMEOUT_MS */
void rig_begin(rig *r);
void rig_end(rig *r); /* pulls what is left; every request must have ended or be forgotten by the test */

/* Events */
bool rig_next(rig *r, rig_event *ev);
rig_event *rig_expect(rig *r, zb_event_kind kind, const char *file, int line);
void rig_quiet(rig *r, const char *file, int line); /* no event */
void rig_drain(rig *r);
#define expect(r, kind)        rig_expect((r), (kind), __FILE__, __LINE__)
#define expect_nothing(r)      rig_quiet((r), __FILE__, __LINE__)
#define expect_state(r, st, e) rig_state((r), (st), (e), __FILE__, __LINE__)
#define expect_done(r, q, e)   rig_done((r), (q), (e), __FILE__, __LINE__)
#define expect_watch(r, w, t)  rig_watch((r), (w), (t), __FILE__, __LINE__)
void rig_state(rig *r, zobo_state state, zobo_err err, const char *file, int line);
void rig_done(rig *r, rig_req *q, zobo_err err, const char *file, int line);
rig_event *rig_watch(rig *r, const void *watcher, zobo_event_type type, const char *file, int line);

/* What it knows */
zb_session_info rig_info(const rig *r);
const zb_host *rig_host(const rig *r, size_t i);

/* The link */
void rig_start(rig *r);                    /* begin, start */
void rig_wait(rig *r);                     /* lets the session's own deadline come */
void rig_fail_round(rig *r);               /* lets every server of a round be unresolvable */
void rig_resolved(rig *r, size_t n_addrs); /* answers the last RESOLVE */
void rig_up(rig *r);
void rig_down(rig *r, zobo_err why);
void rig_tick(rig *r, uint32_t ms); /* moves the clock, then ticks */
void rig_dial(rig *r);              /* RESOLVE, CONNECT, up: all but the handshake */
void rig_hello(rig *r);             /* dial, handshake with the same session */
void rig_connect(rig *r);           /* start, hello, credentials of the options accepted, CONNECTED */
void rig_reconnect(rig *r);         /* hello, CONNECTED */

/* Bytes */
void rig_flush(rig *r); /* writes all output */
bool rig_try_frame(rig *r, rig_frame *f);
rig_frame rig_take(rig *r, int32_t type, const char *file, int line); /* the next request written; checks its type */
#define take(r, type) rig_take((r), (type), __FILE__, __LINE__)
void rig_feed(rig *r, const void *p, size_t n);
void rig_feed_frame(rig *r, const zt_buf *body);
void rig_welcome(rig *r, int32_t timeout_ms, int64_t session, int read_only); /* 0, 1, or -1: without that byte */
void rig_reply(rig *r, int32_t xid, int64_t zxid, int32_t err, const zt_buf *body);
void rig_event_frame(rig *r, int64_t zxid, int32_t type, const char *path);

/* Requests */
void rig_req_init(rig_req *q, int32_t op);
zobo_err rig_submit_path(rig *r, rig_req *q, int32_t op, const char *path); /* exists, get, get_children, sync, ... */
void rig_get(rig *r, rig_req *q, const char *path);
void rig_get_watch(rig *r, rig_req *q, int32_t op, const char *path, zb_watch_table table, void *watcher);
zobo_err rig_submit_set(rig *r, rig_req *q, const char *path, const void *data, size_t n);
zobo_err rig_submit_auth(rig *r, rig_req *q, const char *scheme, const char *credential);
void rig_answer(rig *r, rig_req *q, int64_t zxid,
                int32_t err); /* takes the next written request, answers it, pulls DONE */
void rig_put_stat(zt_buf *b);
void rig_data_reply(rig *r, int32_t xid, int64_t zxid, const char *data);
/* A persistent watch, by way of addWatch and its answer. */
void rig_add_watch(rig *r, const char *path, zb_watch_table table, void *watcher);

#endif
