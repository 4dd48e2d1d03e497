/* SPDX-License-Identifier: Apache-2.0 */
/* Client sessions against the model of a server, under a virtual clock, from one seed.
 *
 * One run: some clients (zb_session, each with its own driver here in place of sockets and threads) work while a
 * profile's faults happen to links, servers and sessions; then all faults end, everybody must find back, and what was
 * promised is looked at. Rules that hold at any time are checked after every event. Everything is decided by the seed:
 * the same seed and profile give the same run, event for event. */
#ifndef SIM_H
#define SIM_H

#include <stdio.h>

#include "base/rng.h"
#include "core/session.h"
#include "sim/model.h"

enum { SIM_DOORS = 3, SIM_MAX_CLIENTS = 4, SIM_TRACE_LINES = 250, SIM_TRACE_WIDTH = 200 };

typedef struct sim sim;
typedef struct client client;
typedef struct link link;

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* What can go wrong. */
#define SIM_FAULTS(X)                                                                                                  \
    X(RESET)     /* a link breaks for both ends */                                                                     \
    X(DEAD)      /* a link goes half-open */                                                                           \
    X(STALL)     /* one way of a link stands still */                                                                  \
    X(PARTITION) /* some servers cannot be reached, what is open goes silent */                                        \
    X(REFUSE)    /* a server refuses connections */                                                                    \
    X(NAMES)     /* names do not resolve, or nobody answers */                                                         \
    X(DOOR)      /* one server goes down and comes back */                                                             \
    X(CRASH)     /* all do */                                                                                          \
    X(WIPE)      /* all do, and come back without their data */                                                        \
    X(EXPIRE)    /* the server ends a session */                                                                       \
    X(FREEZE)    /* a client's process stands still */                                                                 \
    X(GARBAGE)   /* bytes that no server sends */                                                                      \
    X(FLAP)      /* a server hangs up right after the handshake, or before */                                          \
    X(CUT)       /* a server hangs up in the middle of what it says, mostly in its first answers */                    \
    X(READONLY)  /* a server has lost the others and only reads */                                                     \
    X(OOM)       /* a client's memory runs out */                                                                      \
    X(DISK)      /* the server's disk is slow */                                                                       \
    X(HALT)      /* the server's process stands still */                                                               \
    X(CLOCK)     /* the server's wall clock jumps */

typedef enum fault {
#define X(name) FAULT_##name,
    SIM_FAULTS(X)
#undef X
        N_FAULTS
} fault;

/* One fault in fault_ms or so (0: none), each kind as often as its share says. */
typedef struct profile {
    const char *name;
    uint32_t fault_ms;
    uint32_t latency_us, latency_spread_us;
    bool long_paths; /* so many watched bytes that setWatches needs several frames */
    uint8_t shares[N_FAULTS];
} profile;

extern const profile sim_profiles[];
extern const size_t sim_n_profiles;

typedef void sim_fn(sim *s, void *what, uint64_t arg);

typedef struct sim_event {
    uint64_t at, order;
    sim_fn *fn;
    void *what;
    uint64_t arg;
} sim_event;

/* A numbered request that changes something, and what has become of it. The number travels in its data, version or
 * path, so that the model sees it. */
typedef struct token {
    client *owner;
    bool ended;
    zobo_err err;    /* what the client was told */
    zobo_err answer; /* what the server said */
    uint32_t seen, carried_out;
    uint32_t generation;
    int64_t zxid;
} token;

typedef struct door {
    bool down; /* refuses */
    uint64_t refuses_until;
    uint64_t silent_until; /* swallows connection attempts */
    uint64_t cuts_until;   /* closes in the middle of its answers */
    uint64_t flaps_until;  /* closes right after the handshake */
} door;

struct sim {
    const profile *profile;
    uint64_t seed;
    zb_rng rng;
    uint64_t now;
    sim_event *heap;
    size_t n_heap, cap_heap;
    uint64_t order, n_events, same_time;
    model m;
    void *serving;         /* what serves in the model's place; NULL: the model */
    uint64_t halted_until; /* till then the server takes nothing */
    uint64_t model_timer, heal_at;
    door doors[SIM_DOORS];
    client *clients[SIM_MAX_CLIENTS];
    size_t n_clients;
    link *links;
    token *tokens;
    size_t n_tokens, cap_tokens;
    uint64_t current_token; /* of the request the model is at */
    uint64_t names_until;   /* till then names do not resolve, or nobody answers */
    bool names_hang;
    size_t n_left;      /* sessions that were not ended, and must expire */
    bool healed;        /* no faults and no work any more */
    bool parting;       /* the end: nobody starts again */
    bool oom;           /* allocations fail just now */
    bool ever_oom;      /* they have failed in this run */
    int read_only_door; /* stays so after healing, for others write; -1: none */
    bool wiped;
    bool failed;
    bool print;
    char (*trace)[SIM_TRACE_WIDTH];
    size_t n_trace;
    char why[512];
};

/* sim_run runs one seed. False: a rule was broken; the trace's tail and the reason are on stderr. */
bool sim_run(uint64_t seed, const profile *p, bool print, uint64_t *events);

/* watchdog ends the program if the run that begins now, called so, does not end: a client that goes round in circles
 * within one call takes the simulation with it. */
void watchdog(const char *run);

/* Who serves: serve_model.c or engine/serve_engine.c, and which profiles it is tried under. */
void serve_begin(sim *s);
void serve_end(sim *s);                  /* also looks a last time, unless the run has failed */
void serve_flushed(sim *s, mconn *conn); /* all of a connection's output is on its way */
void serve_fault(sim *s, fault kind);    /* one of its own */
void serve_heal(sim *s);
extern const char serve_program[]; /* to be run again */

void fault_begin(sim *s); /* faults.c: the first of them is due */
void fault_heal(sim *s);  /* all are over */

void sim_at(sim *s, uint64_t at, sim_fn *fn, void *what, uint64_t arg);
uint64_t sim_below(sim *s, uint64_t n);
uint64_t sim_ms(sim *s, uint64_t least, uint64_t most); /* in nanoseconds */
bool sim_chance(sim *s, unsigned percent);
void sim_trace(sim *s, const char *fmt, ...) ZB_PRINTF(2, 3);
void sim_fail(sim *s, const char *fmt, ...) ZB_PRINTF(2, 3);

/* --- links: net.c ------------------------------------------------------------------------------------------------- */

typedef struct chunk {
    struct chunk *next;
    bool eof;
    size_t n;
    uint8_t bytes[];
} chunk;

typedef struct pipe_end {
    chunk *head, **tail;
    size_t held; /* bytes in it */
    uint64_t last_at;
    uint64_t stalled_until;
} pipe_end;

enum { TO_SERVER, TO_CLIENT };

struct link {
    link *next;
    client *c;
    int door;
    mconn *conn;      /* once the server has accepted */
    bool client_open; /* the client's end: attempted, up, not given up */
    bool up;          /* the client was told UP */
    bool restored;    /* its first ordinary request has been seen */
    bool garbage;     /* bytes that break the protocol are on their way */
    bool dead;        /* half-open: bytes vanish both ways */
    uint32_t number;
    pipe_end pipe[2];
    uint64_t opened;
    mbytes tap; /* what the client was fed and is no complete frame yet */
    bool tap_greeted;
    unsigned tap_creds;  /* credentials accepted on it */
    unsigned creds_due;  /* given before its handshake was answered: CONNECTED waits for them, and for no more */
    uint32_t generation; /* of the server's data */
};

void net_connect(sim *s, client *c, int door);
void net_hang_up(sim *s, link *l); /* the client closes */
size_t net_room(const link *l);
void net_write(sim *s, link *l, const void *data, size_t n);
void net_flush_model(sim *s); /* carries the model's output and closes to the links, and sets its timer */
void net_reset(sim *s, link *l, zobo_err why);
bool net_quiet(const sim *s); /* nothing is on its way to a client */
void net_free(sim *s);

/* --- clients: client.c -------------------------------------------------------------------------------------------- */

/* A watcher, and what it is owed. */
typedef struct watcher {
    struct watcher *next;
    client *owner;
    uint32_t number;
    char *path; /* the server's */
    uint8_t table;
    bool registered;
    bool unsure;     /* the answer was lost for want of memory */
    bool over;       /* has had its last event, or was refused: never to be told again */
    uint32_t asking; /* requests that would register it */
    int64_t since;   /* zxid it was armed at */
    uint64_t registered_at;
    uint32_t generation;
    uint32_t owed, told;   /* in this batch of events */
    bool fresh, withdrawn; /* registered, removed in this batch */
    uint32_t nones;        /* NONE events of this batch */
} watcher;

typedef struct sreq {
    zb_req r;
    struct sreq *next;
    int32_t op;
    uint64_t number; /* order of submission, over all of the client's requests */
    uint64_t token;
    char *path; /* the server's */
    watcher *w;
    unsigned n_parts; /* of a multi */
    bool bad_auth;
    uint64_t deadline; /* 0: none */
    uint64_t writes_before;
    int64_t zxid_before;
    uint32_t generation_before;
} sreq;

typedef struct seen_event {
    int32_t type;
    char *path;
} seen_event;

struct client {
    sim *sim;
    size_t index;
    zb_session *s;
    char hosts[64];
    size_t n_hosts;
    char chroot[16];
    uint32_t timeout_ms, queue_timeout_ms, lost_after_percent, max_request_bytes;
    bool stay_lost, has_auth, read_only;
    unsigned n_creds; /* credentials the session must show on each connection */
    link *l;          /* attempted or up */
    long resolving;   /* host, -1: none */
    uint32_t resolve_serial, probe_serial;
    const link *probed_from;
    /* the writer */
    bool writing;
    zb_iov iov[8];
    size_t n_iov;
    size_t write_n;
    link *written_to;
    bool write_taken; /* the kernel has the bytes, though the writer is not back */
    bool broken;      /* a write has failed: the link's end is on its way */
    uint64_t write_serial;
    uint64_t writes; /* how often the kernel was given something */
    bool changed_hosts;
    /* timers */
    uint64_t timer_at;
    uint32_t timer_serial;
    uint64_t frozen_until, thawed_at;
    /* what it is known to have said */
    zobo_state state;
    bool started, stopping, detaching;
    int64_t stopped_id; /* the session that was up when it was told to stop */
    bool ticked;        /* just now */
    uint32_t fed_generation;
    uint64_t stop_deadline;
    int64_t id, lost_id;
    bool id_is_local; /* of a read-only server: another server has another for it */
    uint32_t granted_ms;
    int64_t last_zxid;
    bool resuming;
    bool has_saved;
    zobo_client_id saved; /* of a detached session */
    uint64_t last_heard;
    bool heard_expired;
    sreq *requests;
    size_t n_requests;
    uint64_t next_number, last_answered, lost_before;
    uint64_t pulled_at; /* the next number when pulling began */
    watcher *watchers;
    uint32_t n_watchers;
    seen_event *batch; /* events in what it was last fed */
    size_t n_batch, cap_batch;
    uint32_t state_changes; /* in this batch */
    bool pulling;
    bool ever_suspended;
    /* against busy loops */
    uint64_t window;
    uint32_t ticks, attempts, submits;
    uint64_t done, ok, unknown, never_sent, rejected, told; /* for the summary */
};

client *client_new(sim *s, size_t index);
void client_free(client *c);
void client_start(client *c, bool resume);
void client_stop(client *c, bool detach);
void client_pump(client *c); /* pulls events, writes, sets the timer, checks */
void client_link(client *c, link *l, bool up, zobo_err why);
void client_bytes(client *c, link *l, const uint8_t *data, size_t n);
void client_writable(client *c);
bool client_frozen(client *c, sim_fn *fn, void *what, uint64_t arg); /* true: put off until it thaws */
bool client_waits(client *c, sim_fn *fn, void *what, uint64_t arg);  /* the same, for what its driver does */
void client_rearm(client *c);

/* --- work: work.c ------------------------------------------------------------------------------------------------- */

void work_begin(client *c);
void work_submit_one(client *c);
void work_remove_watcher(client *c);
void work_meanwhile(client *c); /* what another thread may do at any moment; events are pulled later */
void work_done(client *c, zb_req *r);
void work_forget(client *c, sreq *q, zobo_err unsent, zobo_err sent);
void work_told(client *c, const zb_event *ev);
watcher *work_watcher(client *c, const void *arg);
void work_free(client *c);
size_t token_data(uint64_t number, uint8_t *buf, size_t size); /* the data that carries a number */
uint64_t token_in(const void *data, size_t n);                 /* 0: none, or not as it was made */

/* --- rules: check.c ----------------------------------------------------------------------------------------------- */

void check_reply(client *c, sreq *q);
void check_ended(client *c, sreq *q);
void check_state(client *c, zobo_state state, zobo_err err);
void check_client(client *c);
void check_batch(client *c);
bool check_tap(client *c, link *l, const uint8_t *data, size_t n); /* true: they break the protocol */
void check_submitted(client *c, const sreq *q, const void *record, zobo_err err);
void check_frame(void *arg, mconn *conn, const uint8_t *frame, size_t n);
void check_seen(void *arg, const mseen *what);
void check_done(void *arg, mconn *conn, int32_t op, int64_t zxid, zobo_err err);
void check_restored(client *c, const mconn *conn);
void check_watchers(client *c);
bool check_up(zobo_state state);
bool check_settled(sim *s); /* everybody is up and has nothing left to do */
void check_end(sim *s);
bool watcher_matches(const watcher *w, int32_t type, const char *path, size_t len);

enum { TOKEN_DATA_MAX = 120000 };

#endif
