/* SPDX-License-Identifier: Apache-2.0 */
/* A model of a ZooKeeper server, small enough to be right: bytes in, bytes out, time as an argument, no socket.
 *
 * One tree and one table of sessions stand behind all connections, as an ensemble looks that never lags. The whole
 * past of every node is kept, so that a reply can be held against the state the server had when it was made.
 *
 * It differs from ZooKeeper on purpose in two points. A negative version always means any version: the simulation
 * numbers its deletes and checks with it. And nodes below /secret ask for a digest credential: whose credentials are
 * not sent again after a reconnect is found out.
 *
 * It can also be carried along by another server, to say what that must answer: see mserver. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "wire/op.h"

enum { MODEL_TICK_MS = 500, MODEL_MIN_TIMEOUT_MS = 1000, MODEL_MAX_TIMEOUT_MS = 20000 };

/* Immutable bytes; n -1 for null. Live as long as the model. */
typedef struct mblob {
    struct mblob *next;
    int32_t n;
    uint8_t bytes[];
} mblob;

typedef struct mstate {
    bool exists;
    zobo_stat stat;  /* as on the wire, but for num_children's part in cversion: see created */
    int32_t created; /* children ever created: ZooKeeper's internal cversion */
    const mblob *data;
} mstate;

/* The state of a node from a zxid on. */
typedef struct mversion {
    uint32_t generation;
    int64_t zxid;
    mstate state;
} mversion;

typedef struct mhappening {
    uint32_t generation;
    int64_t zxid;
    int32_t type;
} mhappening;

/* A path that was ever used. */
typedef struct mnode {
    struct mnode *chain; /* hash bucket */
    struct mnode *parent;
    char *path;
    size_t path_len;
    mstate now;
    mversion *past;
    size_t n_past, cap_past;
    mhappening *events; /* all that its watchers could be told of; more than the states show, for one transaction may
                         * delete a node and create it again */
    size_t n_events, cap_events;
    bool touched; /* in the transaction under way */
    mstate before;
} mnode;

enum { MWATCH_DATA = 1, MWATCH_CHILD = 2, MWATCH_PERSISTENT = 4, MWATCH_RECURSIVE = 8 };

typedef struct mwatch {
    char *path;
    unsigned bits;
} mwatch;

typedef struct msession {
    int64_t id;
    uint8_t password[16];
    uint32_t timeout_ms;
    uint64_t expires;
    struct mconn *conn;
    uint64_t last_seen; /* the observer's */
    uint64_t touched;   /* by the server's clock of sessions; the server's, as what follows */
    uint64_t busy;      /* when requests of its were in the queue last */
    bool forced;        /* its end was asked for */
    bool ending;        /* its end is on its way: nobody comes back to it */
    int local_door;     /* made by a read-only server, and known to no other; -1: everybody's */
    bool over;
} msession;

typedef struct mbytes {
    uint8_t *p;
    size_t n, cap;
} mbytes;

/* What serves in the model's place, if anything does: it takes what is fed, and has the model do the same with
 * model_take in the order in which it was carried out, so that the bytes in a connection's `out` are those that are due
 * from it. */
typedef struct mserver {
    void *arg;
    void (*accepted)(void *arg, struct mconn *conn);
    void (*dropped)(void *arg, struct mconn *conn);
    void (*feed)(void *arg, struct mconn *conn, const void *data, size_t n, uint64_t now);
    void (*expire)(void *arg, msession *session, uint64_t now);
    void (*crash)(void *arg);
    void (*start)(void *arg, bool wiped, uint64_t now); /* has the new tree in the model when wiped */
} mserver;

typedef struct mconn {
    struct mconn *next;
    void *owner;
    const mserver *server; /* NULL: the model */
    void *served;          /* the server's */
    int door;              /* which server was dialled */
    msession *session;
    mbytes in, out;
    bool greeted; /* the handshake is done */
    bool read_only;
    bool closing;      /* close when `out` has gone */
    bool mute;         /* takes nothing and says nothing, but stays open */
    bool gone;         /* unusable: nothing is taken or sent any more */
    uint32_t n_digest; /* credentials */
    char *digests[8];
    mwatch *watches;
    size_t n_watches, cap_watches;
} mconn;

/* What a request was, for whoever looks on. */
typedef struct mseen {
    mconn *conn;
    int32_t xid, op;
    const char *path; /* NUL-terminated */
    const void *data; /* create, set */
    int32_t data_len;
    int32_t version; /* delete, check */
} mseen;

typedef struct mobserver {
    void *arg;
    void (*frame)(void *arg, mconn *conn, const uint8_t *frame, size_t n); /* each, before it is looked at */
    void (*seen)(void *arg, const mseen *what);                            /* each request, and each part of a multi */
    void (*done)(void *arg, mconn *conn, int32_t op, int64_t zxid, zobo_err err); /* its outcome */
} mobserver;

typedef struct mevent {
    int32_t type;
    mnode *node;
} mevent;

typedef struct model {
    const mserver *server;  /* NULL: the model itself */
    const msession *invent; /* the next new session has this one's id and password; NULL: it is drawn */
    uint64_t rng;
    int64_t zxid;
    uint32_t generation; /* how often the data was wiped */
    bool down;
    unsigned read_only; /* doors that have lost the others, and only read: 1 << door */
    bool old_events;    /* event frames carry zxid -1, as before 3.9 */
    bool short_replies; /* handshake replies without the read-only byte */
    mobserver observer;
    mnode *buckets[512];
    mnode **nodes;
    size_t n_nodes, cap_nodes;
    mnode **touched;
    size_t n_touched, cap_touched;
    mevent *events;
    size_t n_events, cap_events;
    msession **sessions;
    size_t n_sessions, cap_sessions;
    mconn *conns;
    mblob *blobs;
    uint64_t expired; /* sessions ended by the clock or model_expire */
} model;

void model_init(model *m, uint64_t seed, uint64_t now);
void model_free(model *m);

/* Connections. What model_accept returns lives until model_free. */
mconn *model_accept(model *m, int door, void *owner);
void model_feed(model *m, mconn *conn, const void *data, size_t n, uint64_t now);
void model_drop(mconn *conn); /* the peer is gone */

/* What a mserver has the model do: one frame, the end of a session, an empty tree or that of the model, a node that is
 * there from the beginning. */
void model_take(model *m, mconn *conn, const uint8_t *frame, size_t n, uint64_t now);
void model_end(model *m, msession *session);
void model_forget(model *m);
void model_have(model *m, const char *path, const mstate *state);

/* Sessions. */
uint64_t model_deadline(const model *m); /* UINT64_MAX: none */
void model_tick(model *m, uint64_t now);
void model_expire(model *m, msession *session, uint64_t now);
msession *model_session(const model *m, int64_t id); /* live ones only */

/* model_crash drops all connections; model_start brings it back, every session with its full timeout, or with
 * nothing at all when wiped. */
void model_crash(model *m);
void model_start(model *m, bool wiped, uint64_t now);

/* model_read_only makes a server one that only reads, or a full one again; its connections end. */
void model_read_only(model *m, int door, bool on);

/* The state of a path at a zxid; a state with exists false when it was not there. */
const mstate *model_at(const model *m, uint32_t generation, const char *path, int64_t zxid);
mnode *model_node(const model *m, const char *path); /* NULL: never used */

/* What stands armed on a connection for a path. */
unsigned model_watching(const mconn *conn, const char *path);

/* model_check looks after the model's own rules; NULL or what is wrong. */
const char *model_check(const model *m);

/* Between the model's files, and the checks.
 *
 * model_strndup copies `n` bytes, none of which is a NUL, and ends them with one. (strndup would do, were it not that
 * the address sanitizer then asks for a NUL in what is copied, and a frame has none.) */
char *model_strndup(const char *p, size_t n);
void *model_grow(void *items, size_t *cap, size_t n, size_t size);
void mbytes_add(mbytes *b, const void *data, size_t n);
const mblob *model_blob(model *m, const void *data, int32_t n);

/* tree */
mnode *tree_intern(model *m, const char *path, size_t len);
zobo_err tree_create(model *m, const char *path, const void *data, int32_t n, int32_t flags, int64_t session,
                     uint64_t now, mnode **out);
zobo_err tree_delete(model *m, const char *path, int32_t version);
zobo_err tree_set(model *m, const char *path, const void *data, int32_t n, int32_t version, uint64_t now, mnode **out);
zobo_err tree_check(model *m, const char *path, int32_t version);
void tree_commit(model *m);   /* the changes get their place in the past, their events fire */
void tree_rollback(model *m); /* they never happened */
void tree_drop_session(model *m, int64_t session);
zobo_stat tree_stat(const mstate *state);

/* watches */
void watch_arm(mconn *conn, const char *path, unsigned bits);
bool watch_disarm(mconn *conn, const char *path, unsigned bits);
void watch_clear(mconn *conn);
void watch_fire(model *m, int32_t type, const mnode *node);
void watch_send(model *m, mconn *conn, int32_t type, const char *path, int64_t zxid);

/* requests */
void serve_request(model *m, mconn *conn, const uint8_t *frame, size_t n, uint64_t now);
zobo_err serve_multi(model *m, mconn *conn, int32_t xid, zb_reader *r, zb_writer *w, uint64_t now);
zobo_err serve_write(model *m, mconn *conn, int32_t xid, int32_t op, zb_reader *r, zb_writer *w, uint64_t now);
bool serve_allowed(const mconn *conn, const char *path);
/* A frame to the client; body may be NULL. */
void serve_reply(mconn *conn, int32_t xid, int64_t zxid, zobo_err err, const void *body, size_t n);
char *serve_path(zb_path path, char *buf, size_t size);

enum { MODEL_PATH_MAX = 8192, MODEL_BODY_MAX = 2 * 1024 * 1024 };

#endif
