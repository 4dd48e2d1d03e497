/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "frame/hold.h"

extern char **environ;

enum { LOOK_MS = 20 }; /* how often it is looked whether a group is empty, which nothing tells */

/* environment returns this program's with `variables` put before it: of two equal names the first counts. */
static char **
environment(const struct variable *variables)
{
    size_t n = 0, had = 0;
    while (variables[n].name != NULL)
        n++;
    while (environ[had] != NULL)
        had++;
    char **all = need_memory(n + had + 1, sizeof *all);
    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(variables[i].name) + strlen(variables[i].value) + 2;
        all[i] = need_memory(size, 1);
        snprintf(all[i], size, "%s=%s", variables[i].name, variables[i].value);
    }
    size_t to = n;
    for (size_t e = 0; e < had; e++) {
        bool replaced = false;
        for (size_t i = 0; i < n && !replaced; i++) {
            size_t len = strlen(variables[i].name);
            replaced = strncmp(environ[e], variables[i].name, len) == 0 && environ[e][len] == '=';
        }
        if (!replaced)
            all[to++] = environ[e];
    }
    return all;
}

static void
free_environment(char **all, const struct variable *variables)
{
    for (size_t i = 0; variables[i].name != NULL; i++)
        free(all[i]);
    free(all);
}

static bool
in_foreground(void)
{
    return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* become runs in the child. Only what is safe after a fork of a program with threads. */
static void
become(char *const *argv, char **env, int input, bool own_group, pid_t dies_with, int tell)
{
    if (own_group)
        (void)setpgid(0, 0);
#ifdef __linux__
    if (dies_with != 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != dies_with) /* killed before that call */
            _exit(BY_SIGNAL + SIGTERM);
    }
#else
    (void)dies_with;
#endif
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &usual, NULL); /* see main */
    if (input < 0 || dup2(input, STDIN_FILENO) >= 0) {
        environ = env;
        execvp(argv[0], argv);
    }
    int error = errno;
    if (write(tell, &error, sizeof error) < 0) {
        /* nobody is there to be told */
    }
    _exit(NO_COMMAND);
}

/* started waits until the child has become the command (the pipe closes), or tells what kept it from that. */
static int
started(const struct ctx *ctx, struct child *child, const char *name, int told)
{
    int error = 0;
    ssize_t n;
    while ((n = read(told, &error, sizeof error)) < 0 && errno == EINTR) {
        /* a signal came, which will be looked at */
    }
    if (n <= 0)
        return DONE;
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        /* the same */
    }
    child->pid = 0;
    fail_errno(ctx, name, error);
    return error == ENOENT ? NO_COMMAND : CANNOT_RUN;
}

int
child_start(const struct ctx *ctx, struct child *child, char *const *argv, const struct variable *variables, int input,
            bool dies_too)
{
    *child = (struct child){.own_group = input >= 0 || !in_foreground()};
    int fds[2];
    if (pipe(fds) != 0)
        return fail_errno(ctx, "pipe", errno);
    for (int i = 0; i < 2; i++)
        (void)fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    char **env = environment(variables);
    fflush(stdout); /* what stands there comes before what the child writes */
    pid_t self = getpid();
    child->pid = fork();
    int error = errno;
    if (child->pid == 0)
        become(argv, env, input, child->own_group, dies_too ? self : 0, fds[1]);
    free_environment(env, variables);
    close(fds[1]);
    int code = DONE;
    if (child->pid < 0) {
        child->pid = 0;
        code = fail_errno(ctx, "fork", error);
    } else {
        if (child->own_group)
            (void)setpgid(child->pid, child->pid); /* whoever of the two comes first */
        code = started(ctx, child, argv[0], fds[0]);
    }
    close(fds[0]);
    return code;
}

static void
send_signal(const struct child *child, int signal)
{
    if (child->pid == 0)
        return; /* kill would take 0 for this program's own group */
    if (child->own_group)
        (void)kill(-child->pid, signal);
    else if (!child->reaped)
        (void)kill(child->pid, signal);
}

bool
child_runs(struct child *child)
{
    int status;
    if (child->pid == 0)
        return false;
    if (!child->reaped && waitpid(child->pid, &status, WNOHANG) == child->pid) {
        child->reaped = true;
        child->code = WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
    }
    if (child->kill_at != 0 && now_ms() >= child->kill_at) {
        send_signal(child, SIGKILL);
        child->kill_at = 0;
    }
    bool group_is_left = child->ending && child->own_group && child->kill_at != 0 && kill(-child->pid, 0) == 0;
    if (!child->reaped || group_is_left)
        return true;
    child->pid = 0;
    return false;
}

void
child_forward(struct ctx *ctx, struct child *child)
{
    child->told_to_end |= ctx->signal == SIGINT || ctx->signal == SIGTERM || ctx->signal == SIGHUP;
    if (child->own_group || !ctx->signal_from_terminal)
        send_signal(child, ctx->signal);
    ctx->signal = 0;
}

void
child_end(struct child *child, uint64_t grace_ms)
{
    if (child->pid == 0 || child->ending)
        return;
    child->ending = true;
    child->kill_at = now_ms() + grace_ms;
    send_signal(child, SIGTERM);
    send_signal(child, SIGCONT); /* a stopped one could not act on it */
}

uint64_t
child_deadline(const struct child *child)
{
    if (child->kill_at == 0)
        return 0;
    uint64_t look = now_ms() + LOOK_MS;
    return child->reaped && look < child->kill_at ? look : child->kill_at;
}

void
child_turn(struct ctx *ctx, struct child *child)
{
    switch (hold_turn(ctx, child_deadline(child))) {
    case HOLD_SIGNAL:
        child_forward(ctx, child);
        break;
    case HOLD_BROKEN: /* there is nothing to wait on, so its end is looked for now and then */
        (void)poll(NULL, 0, LOOK_MS);
        break;
    default:
        break;
    }
}

void
child_wait(struct ctx *ctx, struct child *child)
{
    while (child_runs(child))
        child_turn(ctx, child);
}
