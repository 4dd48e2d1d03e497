/* SPDX-License-Identifier: Apache-2.0 */
/* The client: the session machine, its lock, the threads and descriptors around it.
 *
 * One mutex guards everything in struct zobo_client that is not marked otherwise. The driver's role (`driving`) is a
 * second, coarser right: whoever has it polls, reads, feeds the session, pulls its events and runs inline callbacks.
 * driver.c tells how the role moves between threads. */
#ifndef ZB_CLIENT_H
#define ZB_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>

#include <zobo/extend.h>
#include <zobo/zobo.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/log.h"
#include "core/path.h"
#include "core/session.h"
#include "io/poll.h"
#include "io/sys.h"

typedef struct zb_helper_box zb_helper_box;
typedef struct zb_waiter zb_waiter;
typedef struct zb_listener zb_listener;

/* What stands in the callback queue. */
typedef enum zb_item_kind { ZB_ITEM_CALL, ZB_ITEM_EVENT, ZB_ITEM_STATE, ZB_ITEM_GIVE_UP } zb_item_kind;

typedef struct zb_item {
    zb_link link;
    uint8_t kind; /* zb_item_kind */
} zb_item;

/* An event for a watcher. */
typedef struct zb_event_item {
    zb_item item;
    zb_watch *watch; /* a reference */
    zobo_event_type type;
    zobo_state state;
    int64_t zxid;
    bool last;
    size_t path_len;
    char path[]; /* the server's path */
} zb_event_item;

typedef struct zb_state_ring zb_state_ring;

typedef struct zb_state_item {
    zb_item item;
    zb_state_ring *ring;
    zobo_state state;
    uint64_t seq;
} zb_state_item;

enum { ZB_STATE_ITEMS = 16 };

/* States not yet told to listeners of one kind: those on the callback thread, or the inline ones. */
struct zb_state_ring {
    zb_state_item items[ZB_STATE_ITEMS];
    unsigned first, n;
    bool is_inline;
    zb_listener *running;
};

struct zb_listener {
    zb_link link;
    zobo_listener_fn *fn;
    void *arg;
    uint64_t since; /* states queued before it came: not for it */
    bool is_inline;
    bool removed;
};

/* What ends a step of a compound operation: inline, and the reply is its own to free or to keep. */
typedef void zb_step_fn(void *arg, zobo_err err, zobo_reply *reply);

/* A call: a request of the session, and who wants to know. Blocking verbs have theirs on the stack. Compound
 * operations (makepath, recursive delete, ...) are calls without a request, ended by their own steps. */
struct zobo_call {
    zb_req req;          /* first */
    zb_item item;        /* a step: in whole->steps until it ends */
    zobo_client *client; /* not to be followed once `done`: it may be closed by then */
    atomic_int refs;     /* the handle's, and the operation's */
    atomic_bool done;    /* the result is there */
    atomic_bool taken;   /* the reply has been handed out */
    bool compound;
    bool sent;             /* compound: something of it has gone out */
    zb_time deadline;      /* compound: of the whole */
    zb_link steps;         /* compound: item.link of the calls that are its steps, until they have ended */
    zobo_call *whole;      /* a step: the call it is one of */
    zobo_promise *promise; /* compound: who ends it, if that is a promise not kept yet */
    zobo_done_fn *fn;
    zb_step_fn *step; /* instead of fn: a step of a compound operation */
    void *arg;
    unsigned flags;
    bool on_stack;      /* a blocking verb's: not counted, not freed */
    zb_waiter *waiters; /* threads asleep on this call */
};

/* A thread that sleeps until something is so. Lives on its stack, linked in client->waiters. */
struct zb_waiter {
    zb_link link;
    zb_waiter *next_of_call;
    pthread_cond_t cond;
    bool woken;
    bool wants_room;
};

typedef enum zb_bg_state { ZB_BG_ABSENT, ZB_BG_RUNNING, ZB_BG_ASLEEP, ZB_BG_NAPPING } zb_bg_state;

/* What other threads ask of the driver: only it may do what can end a link. */
typedef enum zb_ask { ZB_ASK_NOTHING, ZB_ASK_START, ZB_ASK_STOP, ZB_ASK_DETACH } zb_ask;

struct zobo_client {
    pthread_mutex_t lock;
    pthread_condattr_t monotonic;
    zb_fork_guard *guard;
    zb_session *session;
    zb_log log;
    bool event_loop;
    bool keepalive;
    bool fail_when_full;
    uint32_t max_in_flight;
    size_t max_queued_bytes;
    uint32_t request_timeout_ms;
    uint32_t timeout_ms;
    zobo_acl_list default_acl; /* one allocation */
    zobo_client_id resume;
    bool has_resume; /* until that session is up, or known to be over, or not wanted any more (zobo_stop) */
    zobo_retry_policy command_retry;
    zb_rng rng;
    zb_chroot chroot;
    char *chroot_text;

    /* the link */
    int fd;
    bool connecting;   /* waiting for the socket to become writable */
    bool want_pollout; /* the socket is full */
    bool link_broken;  /* a write failed: the driver is to report it */
    zb_addr peer;      /* of the link */
    bool has_peer;
    char peer_name[ZB_HOST_TEXT]; /* "host:port" in use */

    /* the driver's role */
    bool driving;
    bool polling;         /* the driver is (about to be) in poll: it must be woken to see anything new */
    bool woken;           /* it has been */
    bool woke_callers;    /* the driver's last turn ended calls that threads sleep on */
    bool loop_woken;      /* event loop: zobo_process has been asked for */
    int poll_wake;        /* the descriptor that wakes it */
    bool writing;         /* somebody is in send() without the lock */
    bool stealable;       /* the driver is the background thread in poll: the role may be taken from it */
    pthread_cond_t wrote; /* signalled when `writing` ends and somebody waits for that */
    unsigned wrote_waiters;
    uint64_t activity; /* counts the times a thread took the role: the lease */
    bool lease_async;  /* the lease was taken by a submitter short of room: see driver.c */
    zb_link waiters;
    unsigned room_waiters;
    /* [0] wakes the background thread, or asks for zobo_process; [1] wakes a thread that drives in a blocking call */
    int wake_fd[2];
    bool in_inline;
    pthread_t inline_thread;
    zb_link inline_pending; /* zb_item: inline callbacks of calls that ended outside the driver */
    zb_ask ask;
    zb_link jobs;            /* helpers at work for the driver (helper.c) */
    zb_link mail;            /* their answers */
    uint64_t resolve_serial; /* counts the names asked for, and the times that was called off */

    /* the background thread */
    zb_bg_state bg;
    pthread_t bg_thread;
    pthread_cond_t bg_cond;
    bool bg_signalled;
    bool quit;
    bool running; /* between start and the session's end */
    uint64_t run; /* counts the starts: who waits for the end of one does not wait for the next one's */
    zobo_err ended_by;
    zobo_err reason; /* for the present state; ZOBO_OK when connected */
    bool closing;

    /* callbacks */
    zb_link queue;      /* zb_item */
    zb_link starved;    /* zb_watch: one-shot watches whose event had no memory to queue in order */
    size_t undelivered; /* queued, or being run */
    bool cb_present, cb_asleep, cb_quit;
    pthread_t cb_thread;
    pthread_cond_t cb_cond;
    pthread_cond_t cb_idle; /* signalled when a callback has returned and somebody waits for it */
    unsigned cb_idle_waiters;
    bool in_callbacks; /* the callback thread (event loop: zobo_process) is running them */
    bool in_process;
    bool close_asked;
    zb_link listeners;
    zb_state_ring states, inline_states;
    uint64_t state_seq; /* states queued so far */

    /* event loop */
    zb_pollset pollset;
    zb_time timer_at;
    bool pollset_has_fd;
    bool loop_aside; /* a blocking verb on another thread reads the socket: the loop does not watch it */
    unsigned pollset_events;

    zb_link promises; /* zobo_promise.of_client */
    zb_heap timers;   /* zobo_promise.timer */
    zb_rng uuids;

    zb_helper_box *box;
    zb_link spare_calls; /* zobo_call.item: to be used again */
    size_t n_spare_calls;

    /* read without the lock */
    _Atomic bool interrupted; /* zobo_interrupt */
    _Atomic int state;
    _Atomic uint64_t n_requests, n_errors, in_flight;
    _Atomic uint64_t published[8]; /* see info.c */
    _Atomic uint64_t latency[32];
    _Atomic uint64_t last_zxid;
    _Atomic uint32_t granted_ms;
};

/* ---- submit.c: from a verb to a call ---- */

/* A request as a verb describes it; the record is on the verb's stack. */
typedef struct zb_order {
    int32_t op;
    const void *record;
    const zobo_watcher *watcher; /* to be set with the reply, on watch_path */
    zb_watch_table table;
    zb_path watch_path;
    bool no_chroot;
    bool is_auth;
    size_t n_results; /* as in zb_req */
} zb_order;

/* zb_run_sync submits and waits. The results wanted are those whose pointers are not NULL. */
zobo_err zb_run_sync(zobo_client *c, const zb_order *o, zobo_reply **out, zobo_stat *stat, int32_t *count);
/* zb_run_async submits and returns. */
zobo_err zb_run_async(zobo_client *c, const zb_order *o, const zobo_how *how, zobo_call **out);
/* zb_run_step is zb_run_async for the steps of compound operations: inline, not subject to the queue's limits, with the
 * time that is left of the whole. Its own errors come back by value, and `done` is not called then. `want_reply` false:
 * reply is NULL. */
zobo_err zb_run_step(zobo_call *whole, const zb_order *o, bool want_reply, zb_step_fn *done, void *arg);
zobo_err zb_run_step_locked(zobo_call *whole, const zb_order *o, bool want_reply, zb_step_fn *done, void *arg);
/* zb_run_pause is a step that does nothing for a while, but no longer than the whole has. */
zobo_err zb_run_pause(zobo_call *whole, uint32_t ms, zb_step_fn *done, void *arg);
/* True: the time for the whole is over. */
bool zb_compound_late(const zobo_call *whole);

zobo_err zb_check_how(const zobo_how *how);

/* zb_compound_new makes the call of a compound operation. */
zobo_err zb_compound_new(zobo_client *c, const zobo_how *how, bool handle, zobo_call **out);
/* zb_compound_discard frees one whose operation could not begin. */
void zb_compound_discard(zobo_call *call);
/* zb_compound_end ends it (once): takes the reply over and drops the steps' reference. Not locked; any thread. */
void zb_compound_end(zobo_call *call, zobo_err err, zobo_reply *reply);
/* zb_end_locked ends a call, unless it has ended; takes the reply over, drops no reference. `wake`: see to it that an
 * inline callback runs soon. Locked. */
void zb_end_locked(zobo_client *c, zobo_call *call, zobo_err err, zobo_reply *reply, bool wake);
/* True: cancelled; the steps may as well end. */
bool zb_compound_cancelled(const zobo_call *call);

/* zb_ended_outside: something was ended by another thread than the driver, which may wait for just that, in poll.
 * Locked. */
void zb_ended_outside(zobo_client *c);

/* zb_cancel is zobo_call_cancel, locked. */
void zb_cancel(zobo_client *c, zobo_call *call);

/* zb_may_block: ZOBO_OK unless this is an inline callback or a forked child. Blocking compound verbs ask first. */
zobo_err zb_may_block(zobo_client *c);
/* zb_may_begin is zb_may_block, and nobody has interrupted the client. */
zobo_err zb_may_begin(zobo_client *c);

/* zb_sync_of waits for a call that an async twin has just made and hands out its results: "sync is async plus wait". */
zobo_err zb_sync_of(zobo_err err, zobo_call *call, zobo_reply **out);

void zb_call_finished(zobo_client *c, zobo_call *call, zb_link *inline_list, zb_time now);
void zb_call_unref(zobo_call *call);
/* zb_call_unref_to puts the call in `spent` instead of freeing it. */
void zb_call_unref_to(zobo_call *call, zb_link *spent);
/* zb_calls_keep keeps spent calls for the next ones, up to a limit. Locked. */
void zb_calls_keep(zobo_client *c, zb_link *spent);

/* ---- ops.c ---- */

zobo_err zb_check_acl(const zobo_acl_list *acl);
/* zb_check_data: null data has no length, and no length is more than int32 can hold (the request's limit in bytes is
 * the session's to check). */
zobo_err zb_check_data(const void *data, size_t len, zb_buf *out);
bool zb_watcher_is_good(const zobo_watcher *watcher);
/* zb_create_flags gives the operation and the wire's flags of a create. ZOBO_EBADOPTION: they exclude each other. */
zobo_err zb_create_flags(const zobo_create_options *o, int32_t *op, int32_t *flags);
zobo_err zb_create_step(zobo_call *whole, const char *path, const void *data, size_t len,
                        const zobo_create_options *options, zb_step_fn *done, void *arg);
zobo_err zb_delete_step(zobo_call *whole, const char *path, zb_step_fn *done, void *arg);
zobo_err zb_children_step(zobo_call *whole, const char *path, zb_step_fn *done, void *arg);
/* As zobo_path_join's result, sent as it is: the full path with the chroot in it already. */
zobo_err zb_create_full_step(zobo_call *whole, const char *full, size_t len, const zobo_acl_list *acl, zb_step_fn *done,
                             void *arg);
zobo_err zb_exists_full_step(zobo_call *whole, const char *full, size_t len, zb_step_fn *done, void *arg);

/* ---- compound.c ---- */

zobo_err zb_create_makepath(zobo_client *c, const char *path, const void *data, size_t len,
                            const zobo_create_options *options, const zobo_how *how, zobo_call **call);

/* zb_acl_copy copies an ACL into one allocation (out->items, for zb_free). */
zobo_err zb_acl_copy(const zobo_acl_list *in, zobo_acl_list *out);

/* ---- driver.c ---- */

typedef bool zb_ready_fn(zobo_client *c, void *arg);

/* zb_drive waits until `ready` (looked at under the lock, which is held) is true, doing the driver's work when nobody
 * else does. False: `deadline` came first. */
bool zb_drive(zobo_client *c, zb_ready_fn *ready, void *arg, zobo_call *call, bool wants_room, zb_time deadline);

/* zb_after_submit sees to it that what has been queued goes out. Locked. */
void zb_after_submit(zobo_client *c);

/* zb_kick makes the driver look again (new deadline, stop, answer of a helper). Locked. */
void zb_kick(zobo_client *c);

void zb_wake_waiters(zobo_client *c); /* all: a state has changed */
void zb_wake_call(zobo_client *c, zobo_call *call);
/* zb_turn does one round of the driver's work; it has the role. Locked; unlocks while it waits. False: the role was
 * taken away meanwhile (background thread only). */
bool zb_turn(zobo_client *c, bool background, bool block, zb_time deadline);
void zb_flush(zobo_client *c);
void zb_close_link(zobo_client *c);
void *zb_background(void *client);
bool zb_on_callback_thread(const zobo_client *c);
bool zb_in_inline(const zobo_client *c);

/* ---- events.c: what the session's events ask for ---- */

/* zb_pull_events acts on all events; inline callbacks are collected in `inline_list` (zb_item). Locked, with the role.
 * */
void zb_pull_events(zobo_client *c, zb_link *inline_list, zb_time now);
/* zb_tell_watcher has a watcher told; its reference is taken over. False: it will not be told, now or when there is
 * memory again. Locked. */
bool zb_tell_watcher(zobo_client *c, const zb_event *ev, zb_link *inline_list);
void zb_publish(zobo_client *c);
void zb_publish_sent(zobo_client *c); /* the bytes sent only */

/* ---- deliver.c: callbacks ---- */

void *zb_callbacks(void *client);
void zb_queue_item(zobo_client *c, zb_item *item);
/* zb_run_items runs callbacks, unlocked; calls that nobody needs any more are left in `spent`. */
void zb_run_items(zobo_client *c, zb_link *items, zb_link *spent);
/* zb_run_callbacks runs what is queued. Locked; unlocks meanwhile. False: there was nothing. */
bool zb_run_callbacks(zobo_client *c);
/* zb_queue_state has listeners told of a state: on the callback thread, and inline by way of `inline_list`. Locked. */
void zb_queue_state(zobo_client *c, zobo_state state, zb_link *inline_list);
void zb_call_cb_needed(zobo_client *c);

/* ---- promise.c: calls that others end, and timers ---- */

void zb_promise_give_up(zobo_client *c, zb_item *item); /* runs a ZB_ITEM_GIVE_UP, unlocked */
void zb_promise_cancel(zobo_call *call);                /* asks whoever is to end the call to do so. Locked */
bool zb_promises_stop(zobo_client *c);     /* asks all, for the client stops; false: there was none to ask. Locked */
zb_time zb_deadline(const zobo_client *c); /* the session's, or that of the first timer. Locked */
void zb_timers_due(zobo_client *c, zb_time now); /* Locked */

/* ---- helper.c: work that blocks, on threads that may outlive the client ---- */

zobo_err zb_helper_box_new(zobo_client *c, zb_helper_box **out);
void zb_helper_box_close(zb_helper_box *b); /* answers that come later are dropped, new questions refused */
void zb_helper_box_free(zb_helper_box *b);
void zb_helper_read_mail(zobo_client *c, zb_time now); /* by the driver */
void zb_helper_resolve(zobo_client *c, size_t host, zb_time now);
void zb_helper_probe(zobo_client *c, size_t host, zb_time now);
void zb_helper_drop_mail(zobo_client *c);
bool zb_is_word(const char *word); /* four letters */
/* zb_thread_start: a thread that gets none of the program's signals. Returns 0 or an errno. */
int zb_thread_start(pthread_t *out, bool detached, void *(*fn)(void *), void *arg);

/* ---- loop.c: event-loop mode ---- */

zobo_err zb_loop_open(zobo_client *c);
void zb_loop_close(zobo_client *c);
void zb_loop_update(zobo_client *c); /* descriptor interest and timer, after anything changed. Locked */
void zb_loop_forget_fd(zobo_client *c);
void zb_loop_wake(zobo_client *c); /* has zobo_process called */

/* ---- client.c ---- */

zobo_err zb_check_process(const zobo_client *c); /* ZOBO_EFORKED in a forked child */
void zb_close_now(zobo_client *c);
/* zb_failure_text writes what came of a server, the system's words in brackets where they say more. Returns buf. */
const char *zb_failure_text(zobo_err err, int sys, char *buf, size_t size);
void zb_stop_now(zobo_client *c, bool detach);

static inline void
zb_lock(zobo_client *c)
{
    pthread_mutex_lock(&c->lock);
}

static inline void
zb_unlock(zobo_client *c)
{
    pthread_mutex_unlock(&c->lock);
}

#endif
