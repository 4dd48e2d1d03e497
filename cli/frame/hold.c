/* SPDX-License-Identifier: Apache-2.0 */
#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* The first three end the program, or with another command go to that; the others only go to that. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
enum { N_SIGNALS = sizeof signals / sizeof signals[0], N_ENDING = 3 };

/* A signal handler reaches nothing but globals: which signals came, and the pipe that wakes poll. */
static volatile sig_atomic_t caught[N_SIGNALS]; /* FROM_... */
static int wake_fds[2];
static struct sigaction before[N_SIGNALS + 1]; /* what hold_over puts back; the last is SIGCHLD's */
/* The contexts that hold: a command may have two sessions, and while it waits for one the other is to live. */
enum { HOLDERS_MAX = 2 };
static struct ctx *holding[HOLDERS_MAX];
static unsigned holders;

enum { FROM_NOBODY, FROM_PROCESS, FROM_TERMINAL };

static void
on_signal(int signal, siginfo_t *info, void *context)
{
    (void)context;
    int error = errno;
    for (size_t i = 0; i < N_SIGNALS; i++)
        if (signals[i] == signal) /* what processes send has a code that is not positive */
            caught[i] = info != NULL && info->si_code > 0 ? FROM_TERMINAL : FROM_PROCESS;
    if (write(wake_fds[1], "", 1) < 0) {
        /* the pipe is full of earlier wake-ups: one is enough */
    }
    errno = error;
}

static bool
take_signal(struct ctx *ctx)
{
    for (size_t i = 0; i < N_SIGNALS; i++)
        if (caught[i] != FROM_NOBODY) {
            ctx->signal = signals[i];
            ctx->signal_from_terminal = caught[i] == FROM_TERMINAL;
            caught[i] = FROM_NOBODY;
            return true;
        }
    return false;
}

static void
on_state(void *arg, zobo_state state)
{
    struct ctx *ctx = arg;
    bool was_down = ctx->told_down;
    ctx->told_down = state == ZOBO_SUSPENDED || state == ZOBO_LOST;
    if (!was_down && !ctx->told_down)
        return;
    char host[300] = "";
    switch (state) {
    case ZOBO_CONNECTED:
    case ZOBO_CONNECTED_RO:
        zobo_connected_host(ctx->client, host, sizeof host);
        note(ctx, "connected to %s%s", host, state == ZOBO_CONNECTED_RO ? ", which only reads at present" : "");
        break;
    case ZOBO_SUSPENDED:
        note(ctx, "connection lost, reconnecting");
        break;
    case ZOBO_LOST:
        note(ctx, "the session is over; ephemeral nodes are gone");
        break;
    }
}

static int
open_wake(const struct ctx *ctx)
{
    if (pipe(wake_fds) != 0)
        return fail_errno(ctx, "pipe", errno);
    for (int i = 0; i < 2; i++)
        if (fcntl(wake_fds[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(wake_fds[i], F_SETFL, O_NONBLOCK) != 0)
            return fail_errno(ctx, "fcntl", errno);
    return DONE;
}

static void
catch_signals(const struct ctx *ctx)
{
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = (int)(SA_SIGINFO | (ctx->runs_command ? SA_NOCLDSTOP : SA_RESETHAND))};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < N_SIGNALS; i++) {
        bool wanted = i < N_ENDING || ctx->runs_command;
        caught[i] = FROM_NOBODY;
        if (sigaction(signals[i], NULL, &before[i]) == 0 && wanted && before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL); /* those ignored stay so: nohup, a shell's & */
    }
    sigaction(SIGCHLD, ctx->runs_command ? &action : NULL, &before[N_SIGNALS]); /* its end wakes, no more */
}

static void
release_signals(void)
{
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    sigaction(SIGCHLD, &before[N_SIGNALS], NULL);
}

int
hold_begin(struct ctx *ctx)
{
    if (ctx->holds > 0) {
        ctx->holds++;
        return DONE;
    }
    int code = holders == 0 ? open_wake(ctx) : DONE;
    if (code != DONE)
        return code;
    zobo_err err = zobo_add_listener(ctx->client, on_state, ctx);
    if (err != ZOBO_OK)
        return fail(ctx, err, NULL, NULL);
    if (holders < HOLDERS_MAX)
        holding[holders] = ctx;
    if (holders++ == 0)
        catch_signals(ctx);
    ctx->holds = 1;
    return DONE;
}

/* other_holder returns the other context that holds, or NULL. */
static struct ctx *
other_holder(const struct ctx *ctx)
{
    if (ctx->holds == 0 || holders != HOLDERS_MAX)
        return NULL;
    return holding[0] == ctx ? holding[1] : holding[0];
}

enum hold_end
hold_turn(struct ctx *ctx, uint64_t deadline_ms)
{
    return hold_turn_with(ctx, deadline_ms, NULL, 0);
}

enum hold_end
hold_turn_with(struct ctx *ctx, uint64_t deadline_ms, struct pollfd *more, size_t n)
{
    uint64_t now = deadline_ms == 0 ? 0 : now_ms();
    if (deadline_ms != 0 && now >= deadline_ms)
        return HOLD_TIME_UP;
    struct ctx *other = other_holder(ctx);
    struct pollfd fds[4 + HOLD_FDS_MAX] = {
        {.fd = zobo_fd(ctx->client), .events = POLLIN},
        {.fd = wake_fds[0], .events = POLLIN},
        /* POLLERR comes unasked: a pipe without a reader. What another command writes is its. */
        {.fd = ctx->runs_command ? -1 : STDOUT_FILENO},
        {.fd = other == NULL ? -1 : zobo_fd(other->client), .events = POLLIN}};
    int timeout = deadline_ms == 0 ? -1 : (int)(deadline_ms - now);
    for (size_t i = 0; i < n; i++)
        fds[4 + i] = more[i];
    if (poll(fds, (nfds_t)(4 + n), timeout) < 0) {
        if (errno != EINTR)
            return HOLD_BROKEN;
        for (size_t i = 0; i < 4 + n; i++)
            fds[i].revents = 0;
    }
    for (size_t i = 0; i < n; i++)
        more[i].revents = fds[4 + i].revents;
    char wake_ups[64];
    while (read(wake_fds[0], wake_ups, sizeof wake_ups) > 0) {
        /* before the signals are looked at, so that none is slept over */
    }
    if (take_signal(ctx))
        return HOLD_SIGNAL;
    if (fds[2].revents & POLLERR) {
        ctx->signal = SIGPIPE;
        return HOLD_READER_GONE;
    }
    if (other != NULL && zobo_process(other->client) != ZOBO_OK)
        return HOLD_BROKEN;
    return zobo_process(ctx->client) == ZOBO_OK ? HOLD_GOES_ON : HOLD_BROKEN;
}

bool
hold_interrupted(struct ctx *ctx)
{
    return take_signal(ctx);
}

void
hold_over(struct ctx *ctx)
{
    if (ctx->holds == 0 || --ctx->holds > 0)
        return;
    zobo_remove_listener(ctx->client, on_state, ctx);
    if (holding[0] == ctx)
        holding[0] = holding[1];
    holding[1] = NULL;
    if (--holders > 0)
        return;
    release_signals();
    close(wake_fds[0]);
    close(wake_fds[1]);
}

int
hold(struct ctx *ctx)
{
    int code = hold_begin(ctx);
    if (code != DONE)
        return code;
    fflush(stdout);
    enum hold_end end;
    while ((end = hold_turn(ctx, 0)) == HOLD_GOES_ON)
        if (zobo_get_state(ctx->client) == ZOBO_LOST) { /* the listener has told it; what was held is gone */
            code = NO_SERVER;
            break;
        }
    hold_over(ctx);
    return end == HOLD_BROKEN ? FAILED : code;
}
