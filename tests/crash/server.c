/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash.h"

static void
run(const server *s, int out)
{
    char program[512];
    const char *bin = getenv("ZOBO_BIN");
    (void)snprintf(program, sizeof program, "%s/zobo", bin ? bin : "build/dev/bin");
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(out, STDOUT_FILENO) < 0)
        _exit(126);
    execl(program, program, "serve", "--data", s->dir, "--listen", s->hosts, s->config ? "--config" : (char *)NULL,
          s->config, (char *)NULL);
    _exit(127);
}

/* The line that says it serves has its address: "... 127.0.0.1:40123 ...". */
static void
read_address(server *s, int in)
{
    char line[512];
    size_t n = 0;
    while (n + 1 < sizeof line) {
        ssize_t got = read(in, line + n, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || line[n] == '\n')
            break;
        n++;
    }
    line[n] = '\0';
    const char *at = strstr(line, "127.0.0.1:");
    if (!at)
        fail_msg("the server did not say that it serves, but \"%s\"", line);
    (void)snprintf(s->hosts, sizeof s->hosts, "%.*s", (int)strspn(at, "0123456789.:"), at);
}

void
server_start(server *s)
{
    int pipes[2];
    if (!*s->dir) {
        (void)snprintf(s->dir, sizeof s->dir, "/tmp/zobo-crash.XXXXXX");
        assert_non_null(mkdtemp(s->dir));
        (void)snprintf(s->hosts, sizeof s->hosts, "127.0.0.1:0");
    }
    assert_int_equal(pipe(pipes), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0)
        run(s, pipes[1]);
    (void)close(pipes[1]);
    read_address(s, pipes[0]);
    (void)close(pipes[0]);
}

void
server_kill(server *s)
{
    int status;
    assert_int_equal(kill(s->pid, SIGKILL), 0);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL); /* it had not ended by itself */
    s->pid = 0;
}

void
server_remove(server *s)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "lock", "zobo.sock"};
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", s->dir, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(s->dir), 0);
}
