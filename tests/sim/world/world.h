/* SPDX-License-Identifier: Apache-2.0 */
/* Whole clients (the public API with its event loop, and the recipes on it) against the embedded server's engine, in
 * one thread, under a virtual clock, from one seed.
 *
 * io.c takes the place of src/io: clock, random numbers, sockets, wake-ups and pollsets are the world's. Each client
 * has a clock of its own, that may run fast or slow. The engine stands behind one to three doors. A link is a socket on
 * the client's side and a zs_conn on the server's. Everything is decided by the seed: the same seed gives the same run.
 *
 * A scenario is what the clients do and what must hold. It runs under random faults (profiles), and, with a small fixed
 * amount of work, once for each frame that goes over a link with one fault at just that frame (plans). Then all is
 * healed, the scenario must settle, nothing may be left behind on the server, and no memory may be lost. */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdio.h>

#include <zobo/zobo.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/rng.h"
#include "engine/engine.h"

enum {
    WORLD_DOORS = 3,
    WORLD_CLIENTS = 6,
    WORLD_TRACE_LINES = 400,
    WORLD_TRACE_WIDTH = 220,
    WORLD_FDS = 256,
    WORLD_WALL_OFF_MS = 200
};

typedef struct world world;
typedef struct wclient wclient;
typedef struct wlink wlink;

/* --- what may go wrong at random ---------------------------------------------------------------------------------- */

#define WORLD_FAULTS(X)                                                                                                \
    X(RESET)     /* a link breaks for both ends */                                                                     \
    X(DEAD)      /* a link goes half-open */                                                                           \
    X(STALL)     /* one way of a link stands still */                                                                  \
    X(PARTITION) /* a client cannot reach some servers, what is open goes silent */                                    \
    X(REFUSE)    /* a server refuses connections, and has none */                                                      \
    X(CRASH)     /* the server goes down and comes back with what was on disk */                                       \
    X(EXPIRE)    /* the server ends a session */                                                                       \
    X(FREEZE)    /* a client's process stands still */                                                                 \
    X(DISK)      /* the server's disk is slow */                                                                       \
    X(ABANDON)   /* the user cancels, or frees: the scenario's `abandon` */

typedef enum wfault {
#define X(name) WORLD_##name,
    WORLD_FAULTS(X)
#undef X
        WORLD_N_FAULTS
} wfault;

/* One fault in fault_ms or so (0: none), each kind as often as its share says. */
typedef struct wprofile {
    const char *name;
    uint32_t fault_ms;
    uint32_t latency_us, latency_spread_us;
    uint8_t shares[WORLD_N_FAULTS];
} wprofile;

extern const wprofile world_profiles[];
extern const size_t world_n_profiles;

/* --- what goes wrong at one frame, or one allocation ----------------------------------------------------------------
 * */

typedef enum wwhen { AT_REQUEST, AT_ANSWER, AT_ALLOCATION } wwhen;

/* Requests and answers are counted over all links (events are answers, heartbeats are neither), allocations over all
 * clients. */
#define WORLD_PLANS(X)                                                                                                 \
    X(CUT_REQUEST, AT_REQUEST)    /* the link breaks before the request reaches the server */                          \
    X(CUT_ANSWER, AT_ANSWER)      /* it breaks when the request has been carried out, instead of its answer */         \
    X(CUT_TWICE, AT_ANSWER)       /* the same, and once more five answers later */                                     \
    X(EXPIRE_REQUEST, AT_REQUEST) /* the session ends at the request */                                                \
    X(EXPIRE_ANSWER, AT_ANSWER)   /* the session ends behind the answer, which still goes out */                       \
    X(EXPIRE_LOST, AT_ANSWER)     /* the session ends, and the answer is lost */                                       \
    X(CRASH_ANSWER, AT_ANSWER)    /* the server goes down instead of answering, and comes back */                      \
    X(OUTAGE_ANSWER,                                                                                                   \
      AT_ANSWER) /* for so long that clients give their sessions up, which it still has when it is back */             \
    X(PART_REQUEST, AT_REQUEST)    /* the client is cut off at the request for longer than its session lasts */        \
    X(PART_ANSWER, AT_ANSWER)      /* the same, instead of an answer */                                                \
    X(FREEZE_ANSWER, AT_ANSWER)    /* the client's process stands still for longer than its session lasts */           \
    X(ABANDON_REQUEST, AT_REQUEST) /* the user gives up when the request is at the server */                           \
    X(ABANDON_ANSWER, AT_ANSWER)   /* when the answer is on its way */                                                 \
    X(OOM, AT_ALLOCATION)          /* there is no memory, once: if the scenario bears it */

typedef enum wplan {
    PLAN_NONE,
#define X(name, when) PLAN_##name,
    WORLD_PLANS(X)
#undef X
        N_PLANS
} wplan;

/* --- a scenario --------------------------------------------------------------------------------------------------- */

typedef struct scenario {
    const char *name;
    size_t clients_min, clients_max;
    size_t state_size;       /* world.state: that many zero bytes */
    uint32_t settle_ms;      /* after healing it settles within this; 0: 120 s */
    uint32_t max_requests;   /* of a client in one second; 0: 2000. More is a loop without a pause */
    bool one_by_one;         /* the server publishes each write by itself, for checks that must see each */
    bool bears_oom;          /* its actors bear ZOBO_ENOMEM (world_bears) */
    bool leaves_watches;     /* the server's watches are not counted at the end */
    bool gives_up_blocked;   /* `abandon` is called in a blocking call of its client too, as another thread calls */
    void (*begin)(world *w); /* makes clients (world_client) and begins */
    void (*check)(world *w); /* after every event; may be NULL */
    void (*abandon)(world *w, wclient *c); /* c's user cancels or frees what he has under way; may be NULL */
    bool (*settled)(world *w);             /* healed: all work is done, and nobody begins any */
    void (*end)(world *w);                 /* settled: recipes are freed */
    void (*leftover)(world *w);            /* some time later: looks what is on the server; may be NULL */
    void (*show)(world *w);                /* traces what it knows, when the run has failed; may be NULL */
} scenario;

/* Each program has its own. */
extern const scenario world_scenarios[];
extern const size_t world_n_scenarios;
extern const char world_program[];

/* --- the world ---------------------------------------------------------------------------------------------------- */

typedef void world_fn(world *w, void *what, uint64_t arg);

typedef struct wevent {
    uint64_t at, order;
    world_fn *fn;
    void *what;
    uint64_t arg;
} wevent;

typedef struct wdoor {
    uint64_t refuses_until;
} wdoor;

/* A client and its process. */
struct wclient {
    world *w;
    size_t index;
    zobo_client *c; /* NULL: closed */
    void *arg;      /* the scenario's */
    uint64_t clock_from;
    int64_t clock_base;
    int32_t clock_ppm;
    int32_t wall_offset_ms; /* at most WORLD_WALL_OFF_MS either way */
    uint64_t frozen_until;
    uint64_t cut_off_until[WORLD_DOORS];
    unsigned blocked; /* in a blocking call: its loop does not run */
    /* its loop */
    uint64_t process_at; /* ZB_NEVER: not called for */
    uint64_t process_serial;
    int pollset; /* -1: none */
    /* how busy it is */
    uint64_t window;
    uint32_t processed, requested;
    uint32_t timeout_ms;
    zobo_state state; /* as its listener was told */
};

struct world {
    const scenario *sc;
    const wprofile *profile;
    wplan plan;
    uint64_t plan_at, plan_again; /* 0: over */
    bool small;                   /* a fixed amount of work: healed from the beginning */
    uint64_t seed;
    zb_rng rng, io_rng;
    uint64_t now;
    wevent *heap;
    size_t n_heap, cap_heap;
    uint64_t order, n_events, same_time;
    uint64_t heal_at;
    bool healed;        /* no faults any more, nobody begins anything */
    bool begun, ending; /* clients have been made; recipes have been freed */
    wclient clients[WORLD_CLIENTS];
    size_t n_clients;
    wclient *current; /* whose code is running */
    void *state;      /* the scenario's */
    const char *chroot;
    size_t n_doors;
    wdoor doors[WORLD_DOORS];
    wlink *links;
    uint32_t n_links;
    uint64_t n_requests, n_answers; /* frames */
    uint64_t n_allocations;         /* of clients, since they were made, until recipes are freed */
    bool no_memory;                 /* there was none, once at least */
    /* the server */
    char dir[64];
    zs_engine *e; /* NULL: down */
    zs_batch *batch;
    uint64_t boots, tick_at;
    bool taking;
    uint64_t slow_until;
    bool quick_disk;
    size_t max_jobs; /* in the queue of writes; 0: many */
    /* failing */
    jmp_buf broken;
    bool print;
    uint64_t hash; /* of the trace */
    char (*trace)[WORLD_TRACE_WIDTH];
    size_t n_trace;
    char name[160];
};

/* One run. False: broken; the trace's tail and the reason are on stderr. *out gets what the run has counted. */
typedef struct wrun {
    uint64_t seed;
    const scenario *sc;
    const wprofile *profile;
    wplan plan;
    uint64_t plan_at;
    bool small;
    bool print;
} wrun;
typedef struct wcounts {
    uint64_t events, requests, answers, allocations, hash;
} wcounts;
bool world_run(const wrun *run, wcounts *out);
const char *world_plan_name(wplan plan);
wwhen world_plan_when(wplan plan);

/* --- for scenarios ------------------------------------------------------------------------------------------------ */

/* world_client makes one more client and starts it. It is told of its state (state) and of nothing else. */
wclient *world_client(world *w);

/* world_after has fn called as the client's program some time from now (its loop's thread, outside zobo_process),
 * unless the client is closed by then. */
typedef void client_fn(wclient *c, void *arg);
void world_after(wclient *c, uint64_t least_ms, uint64_t most_ms, client_fn *fn, void *arg);

/* world_meanwhile is world_after that does not wait for the end of a blocking call: `fn` is then called as by another
 * thread of the client's process, and must not block. */
void world_meanwhile(wclient *c, uint64_t least_ms, uint64_t most_ms, client_fn *fn, void *arg);

/* world_as makes `c` the one whose code is running. Callbacks and what world_after calls need it only for another's
 * objects; end and abandon, for instance. Returns who it was. */
wclient *world_as(wclient *c);

uint64_t world_below(world *w, uint64_t n);
bool world_chance(world *w, unsigned percent);
uint64_t world_ms(world *w, uint64_t least, uint64_t most); /* in nanoseconds */
void world_at(world *w, uint64_t at, world_fn *fn, void *what, uint64_t arg);
void world_trace(world *w, const char *fmt, ...) ZB_PRINTF(2, 3);
_Noreturn void world_fail(world *w, const char *fmt, ...) ZB_PRINTF(2, 3);
#define world_must(w, cond)                                                                                            \
    do {                                                                                                               \
        if (!(cond))                                                                                                   \
            world_fail(w, "%s:%d: %s", __FILE__, __LINE__, #cond);                                                     \
    } while (0)
/* world_bears: the error is one of memory, and there was none in this run. */
bool world_bears(const world *w, zobo_err err);
/* No memory is the test's own trouble. */
void *world_alloc(size_t size);

/* What is so on the server, as far as it is published. Paths are the clients'. All false or 0 while it is down: see
 * world_up. */
bool world_up(const world *w);
bool world_node(world *w, const char *path, zs_node *node, char *data, size_t size); /* data may be NULL; a string */
size_t world_children(world *w, const char *path, char (*names)[80], size_t most);   /* how many; the first `most` */
bool world_session_lives(world *w, int64_t session);
size_t world_ephemerals(world *w); /* how many there are at all */
size_t world_watches(world *w);
size_t world_watchers(world *w, const char *path); /* how many connections watch that node, or its children */
int64_t world_zxid(world *w);                      /* the last */

/* --- between its files -------------------------------------------------------------------------------------------- */

/* world.c */
bool world_step(world *w);
void world_until(world *w, uint64_t at);

/* clients.c */
uint64_t client_clock(const wclient *c, uint64_t at);     /* what the client's clock shows at a time of the world's */
uint64_t client_moment(const wclient *c, uint64_t clock); /* when it shows that */
void client_look(world *w);                               /* calls for zobo_process where there is something to do */
void clients_close(world *w);
void client_asked(wclient *c, const char *what); /* it has sent a request */
void client_drop_step(const wevent *e);          /* an event that does not come any more */

/* io.c */
void io_begin(world *w);
void io_end(world *w); /* nothing may be open */
/* When zobo_process is to be called, by the client's clock; 0: now; ZB_NEVER: never. */
zb_time io_due(const wclient *c);

/* links.c */
enum { TO_SERVER, TO_CLIENT };
wlink *link_connect(wclient *c, size_t door);
unsigned link_ready(const wlink *l); /* ZB_READABLE... */
zobo_err link_finish(wlink *l);
long link_read(wlink *l, void *p, size_t n, zobo_err *err);
long link_write(wlink *l, const void *p, size_t n, zobo_err *err);
void link_hang_up(wlink *l); /* the client closes its socket */
void link_answer(wlink *l, const void *p, size_t n);
void link_closed(wlink *l); /* the server has closed */
void link_reset(wlink *l);
void links_free(world *w);
wclient *link_client(const wlink *l);
/* A random one that is up; NULL: there is none. */
wlink *link_some(world *w);
void link_kill(wlink *l);
void link_stall(wlink *l, int way, uint64_t until);
void links_cut_off(wclient *c, size_t door, uint64_t until, bool for_good);
void links_reset_door(world *w, size_t door);
zs_conn **link_conn(wlink *l);
bool *link_greeted(wlink *l); /* the handshake has been answered */
wlink *link_next(const wlink *l);
void link_resume(wlink *l); /* the server takes more */
void links_heal(world *w);

/* server.c */
void server_begin(world *w);
void server_end(world *w);
void server_remove(world *w); /* its files, after a failure */
void server_accept(wlink *l);
bool server_feed(wlink *l, const uint8_t *p, size_t n); /* one frame. False: not taken now, to be given again */
void server_gone(wlink *l);                             /* the client has closed */
void server_crash(world *w, uint64_t until);
void server_expire(world *w, int64_t session);
void server_settle(world *w);
int64_t server_session(const wlink *l); /* 0: none */

/* faults.c */
void fault_begin(world *w);
void fault_heal(world *w);
/* A frame is about to be given to the server, or to the client. False: it is not, for the link is gone. */
bool plan_request(wlink *l);
bool plan_answer(wlink *l);
bool plan_allocation(world *w); /* false: it fails */

/* memory.c */
void memory_begin(world *w);
size_t memory_left(void); /* blocks; told on stderr */
void memory_forget(void);

/* hang.c: ends the program, with the trace's tail, when a run takes a minute. */
void hang_watch(world *w);
void world_report(world *w, const char *why);

#endif
