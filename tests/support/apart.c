/* SPDX-License-Identifier: Apache-2.0 */
#include "support/apart.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct order {
    zt_work work;
    unsigned long bytes_max;
    char from[256], to[256];
} order;

typedef struct answer {
    zobo_err err;
    int warned;
    zobo_snapshot_result result;
    zobo_problem why;
} answer;

static int channel = -1;

static void
count_warning(void *arg, zobo_log_level level, const char *line)
{
    (void)line;
    *(int *)arg += level <= ZOBO_LOG_WARN;
}

static void
carry_out(const order *o, answer *a)
{
    zobo_snapshot_options options = {.size = sizeof options, .log = count_warning, .log_arg = &a->warned};
    struct rlimit limit, before;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    if (o->bytes_max)
        limit.rlim_cur = o->bytes_max;
    setrlimit(RLIMIT_FSIZE, &limit);
    if (o->work == ZT_EXPORT)
        a->err = zobo_snapshot_export(o->from, o->to, &options, &a->result, &a->why);
    else if (o->work == ZT_IMPORT)
        a->err = zobo_snapshot_import(o->from, NULL, o->to, &options, &a->result, &a->why);
    else
        a->err = zobo_snapshot_backup(o->from, o->to, &a->result, &a->why);
    setrlimit(RLIMIT_FSIZE, &before);
}

void
zt_apart_begin(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
        abort();
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid > 0) {
        close(ends[1]);
        channel = ends[0];
        return;
    }
    close(ends[0]);
    signal(SIGXFSZ, SIG_IGN);
    order o;
    while (recv(ends[1], &o, sizeof o, 0) == (ssize_t)sizeof o) {
        answer a = {0};
        carry_out(&o, &a);
        if (send(ends[1], &a, sizeof a, MSG_NOSIGNAL) != (ssize_t)sizeof a)
            break;
    }
    _exit(0);
}

zobo_err
zt_apart(zt_work work, const char *from, const char *to, unsigned long bytes_max, zobo_snapshot_result *result,
         zobo_problem *why, int *warned)
{
    order o = {.work = work, .bytes_max = bytes_max};
    answer a;
    snprintf(o.from, sizeof o.from, "%s", from);
    snprintf(o.to, sizeof o.to, "%s", to);
    if (send(channel, &o, sizeof o, MSG_NOSIGNAL) != (ssize_t)sizeof o ||
        recv(channel, &a, sizeof a, 0) != (ssize_t)sizeof a)
        abort();
    if (result)
        *result = a.result;
    if (why)
        *why = a.why;
    if (warned)
        *warned = a.warned;
    return a.err;
}
