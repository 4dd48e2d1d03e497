/* SPDX-License-Identifier: Apache-2.0 */
/* A tour of zobo: each step does something, shows what came back, and ends the tour when it is not what it should be. */
#ifndef ZOBO_TOUR_H
#define ZOBO_TOUR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include <zobo/zobo.h>

/* What all steps share. */
struct tour {
    const char *hosts;
    zobo_client *zk; /* the client that makes and removes everything */
    char root[64];   /* the one node below which everything lies */
};

/* --- steps (nodes.c, watches.c, sessions.c) --- */

void step_connect(struct tour *t);
void step_identity(struct tour *t);
void step_create(struct tour *t);
void step_read_write(struct tour *t);
void step_paths(struct tour *t);
void step_acl(struct tour *t);
void step_transactions(struct tour *t);
void step_pipeline(struct tour *t);
void step_commands(struct tour *t);
void step_chroot(struct tour *t);
void step_watch_once(struct tour *t);
void step_watch_persistent(struct tour *t);
void step_resume(struct tour *t);
void step_reconnect(struct tour *t);
void step_failover(struct tour *t);

/* resumed_process is what the tour's second process does: resumes the session saved in `file`. Returns its exit code. */
int resumed_process(const char *hosts, const char *file, const char *path);

/* catch_up makes `zk` see what other clients have done: a server may be a little behind the one they used. */
void catch_up(const struct tour *t, zobo_client *zk);

/* below writes the path of `name` below the tour's root to a buffer of the caller's, and returns it. */
struct path {
    char text[256];
};
const char *below(const struct tour *t, struct path *path, const char *name);

/* --- what is shown (show.c) --- */

/* show_step begins a step; show_did says what is done, show_got what came back. */
void show_step(const char *title);
void show_did(const char *format, ...) __attribute__((format(printf, 1, 2)));
void show_got(const char *format, ...) __attribute__((format(printf, 1, 2)));
void show_stat(const zobo_stat *stat);
void show_end(void);

/* expect ends the tour with what went wrong unless `ok`; expect_ok does unless `err` is ZOBO_OK, expect_err unless it
 * is `wanted`, which is then shown. The tour's nodes are removed all the same. */
void expect(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
void expect_ok(zobo_err err, const char *what);
void expect_err(zobo_err err, zobo_err wanted, const char *what);

/* show_on_failure names what is to be done before the tour ends on a failure. */
void show_on_failure(void (*clean_up)(void *arg), void *arg);

/* show_interrupted tells the tour to end at its next step or expectation. May be called from a signal handler. */
void show_interrupted(int signal);

/* --- what callbacks saw (seen.c) --- */

enum { SEEN_MAX = 64 };

struct seen_event {
    zobo_event_type type;
    zobo_state state;
    char path[128];
};

/* Listeners and watchers run on the client's callback thread and note here what they were told; the tour waits for it
 * and shows it, so that it reads in order. */
struct seen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct seen_event events[SEEN_MAX];
    size_t n;
    size_t shown;
};

void seen_init(struct seen *seen);
void seen_free(struct seen *seen);
void seen_state(void *seen, zobo_state state);             /* a zobo_listener_fn */
void seen_event(void *seen, const zobo_event *event);      /* a zobo_watch_fn */
void seen_want_state(struct seen *seen, zobo_state state); /* waits for the next state noted, shows it, expects it */

/* seen_want waits for the next event that is not about the state, shows it, and expects it to be this one. */
void seen_want(struct seen *seen, zobo_event_type type, const char *path);

/* client_open makes and starts a client, or ends the tour. `seen` (may be NULL) listens, and has been told of CONNECTED. */
zobo_client *client_open(const zobo_options *options, struct seen *seen);

/* --- a breakable road to a server (relay.c) --- */

struct relay;

/* relay_open forwards connections made to 127.0.0.1:relay_port() to `upstream` ("host:port"). */
struct relay *relay_open(const char *upstream);
unsigned relay_port(const struct relay *relay);
void relay_cut(struct relay *relay);  /* drops all connections and refuses new ones */
void relay_mend(struct relay *relay); /* lets them through again */
void relay_close(struct relay *relay);

#endif
