/* SPDX-License-Identifier: Apache-2.0 */
/* chaos_worker ROLE NUMBER HOSTS DIR SEED: one worker of the chaos test. It works until its stdin ends, and then comes
 * to an end in good order. Any error that a recipe should not let through ends it with status 1. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chaos/worker.h"

enum { SESSION_MS = 4000 };

bool
worker_is_to_end(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&p, 1, 0) != 0;
}

void
worker_pause(worker *w, uint64_t us)
{
    uint64_t n = zb_rng_below(&w->rng, us);
    struct timespec t = {(time_t)(n / 1000000), (long)(n % 1000000) * 1000};
    (void)nanosleep(&t, NULL);
}

void
worker_nap(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

void
worker_die(const worker *w, const char *what)
{
    fprintf(stderr, "%s worker %d: %s\n", w->role, w->number, what);
    exit(1);
}

void
worker_must(const worker *w, const char *what, zobo_err err)
{
    if (err) {
        fprintf(stderr, "%s worker %d: %s: %s\n", w->role, w->number, what, zobo_err_text(err));
        exit(1);
    }
}

/* --- turns ------------------------------------------------------------------------------------------------------- */

static int64_t
now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* SIGUSR1: in its next turn the worker stops itself, until SIGCONT. */
static volatile sig_atomic_t stop_in_turn;

static void
on_signal(int number)
{
    stop_in_turn = number == SIGUSR1;
}

void
worker_stop_if_told(void)
{
    if (stop_in_turn)
        (void)raise(SIGSTOP);
}

turn
worker_turn(worker *w, int64_t token)
{
    turn t = {.token = token, .who = w->number, .begin_ns = now_ns(), .value = -1};
    int64_t value = resource_read(&w->resource, token);
    worker_stop_if_told();
    worker_pause(w, 1000);
    if (value >= 0 && resource_write(&w->resource, token, value + 1))
        t.value = value + 1;
    t.end_ns = now_ns();
    return t;
}

/* Among the session's nodes. ZOBO_ENONODE: there is none. */
static zobo_err
look_for_token(worker *w, const char *path, int64_t token)
{
    zobo_reply *reply = NULL;
    zobo_err err = zobo_sync(w->client, path);
    err = err ? err : zobo_get_ephemerals(w->client, path, &reply);
    bool found = false;
    for (size_t i = 0; !err && !found && i < reply->n_children; i++) {
        zobo_stat stat;
        err = zobo_exists(w->client, reply->children[i], NULL, &stat);
        found = !err && stat.czxid == token;
        err = err == ZOBO_ENONODE ? ZOBO_OK : err;
    }
    zobo_reply_free(reply);
    return err || found ? err : ZOBO_ENONODE;
}

bool
worker_token_lives(worker *w, const char *path, int64_t token)
{
    for (;;) {
        zobo_err err = look_for_token(w, path, token);
        switch (zobo_err_class(err)) {
        case ZOBO_CLASS_OK:
            return true;
        case ZOBO_CLASS_SESSION:
            return false;
        case ZOBO_CLASS_RETRY:
        case ZOBO_CLASS_UNKNOWN:
            worker_pause(w, 50000);
            break;
        default:
            if (err == ZOBO_ENONODE)
                return false;
            worker_must(w, path, err);
        }
    }
}

void
role_unlocked(worker *w)
{
    while (!worker_is_to_end()) {
        turn t = worker_turn(w, 1);
        t.proven = 1; /* as if */
        log_append(w->log, &t, sizeof t);
    }
}

/* --- the program ------------------------------------------------------------------------------------------------- */

static const struct role {
    const char *name;
    void (*work)(worker *w);
    bool alone; /* needs no servers */
} roles[] = {
    {"unlocked", role_unlocked, true},
    {"lock", role_lock, false},
    {"election", role_election, false},
    {"latch", role_latch, false},
    {"counter", role_counter, false},
    {"put", role_put, false},
    {"take", role_take, false},
    {"partition", role_partition, false},
    {"locking_put", role_locking_put, false},
    {"locking_take", role_locking_take, false},
};

static void
connect_worker(worker *w, const char *hosts)
{
    zobo_options options = {.size = sizeof options, .hosts = hosts, .timeout_ms = SESSION_MS};
    zobo_problem why;
    const char *log = getenv("ZT_LOG");
    if (log && *log)
        options.log = zobo_log_stderr;
    if (zobo_new(&options, &w->client, &why) || zobo_start(w->client, 60000, &why))
        worker_die(w, why.text);
}

int
main(int argc, char **argv)
{
    const struct role *role = NULL;
    for (size_t i = 0; argc == 6 && i < sizeof roles / sizeof *roles; i++)
        if (strcmp(argv[1], roles[i].name) == 0)
            role = &roles[i];
    if (!role) {
        fprintf(stderr, "usage: chaos_worker ROLE NUMBER HOSTS DIR SEED\n");
        return 2;
    }
    char path[256];
    worker w = {.role = argv[1], .number = atoi(argv[2]), .dir = argv[4], .rng = {strtoull(argv[5], NULL, 10)}};
    (void)snprintf(path, sizeof path, "%s/%s.resource", w.dir, w.role);
    w.log = log_open(w.dir, w.role, w.number);
    if (w.log < 0 || !resource_open(&w.resource, path))
        worker_die(&w, path);
    (void)signal(SIGUSR1, on_signal);
    (void)signal(SIGCONT, on_signal);
    if (!role->alone)
        connect_worker(&w, argv[3]);
    role->work(&w);
    zobo_close(w.client);
    return 0;
}
