/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chaos/crew.h"
#include "support/test.h"

/* --- workers ----------------------------------------------------------------------------------------------------- */

static pid_t
start_one(const char *role, int number, const char *hosts, const char *dir, uint64_t seed, int in)
{
    char program[512], number_text[16], seed_text[24];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 32);
    assert_true(n > 0);
    program[n] = '\0';
    char *name = strrchr(program, '/') + 1;
    memcpy(name, "chaos_worker", sizeof "chaos_worker");
    (void)snprintf(number_text, sizeof number_text, "%d", number);
    (void)snprintf(seed_text, sizeof seed_text, "%" PRIu64, seed);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* one that waits for servers does not look at its stdin */
        if (dup2(in, STDIN_FILENO) < 0)
            _exit(126);
        execl(program, program, role, number_text, hosts, dir, seed_text, (char *)NULL);
        perror(program);
        _exit(127);
    }
    return pid;
}

void
crew_start(crew *c, const char *role, int n, const char *hosts, const char *dir, uint64_t seed)
{
    assert_true(n <= CREW_MOST);
    *c = (crew){.role = role, .n = n};
    for (int i = 0; i < n; i++) {
        int pipes[2];
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        c->pids[i] = start_one(role, i, hosts, dir, seed + (uint64_t)i, pipes[0]);
        (void)close(pipes[0]);
        c->in[i] = pipes[1];
    }
}

void
crew_tell_end(crew *c)
{
    for (int i = 0; i < c->n; i++) {
        (void)close(c->in[i]);
        c->in[i] = -1;
    }
}

void
crew_thaw(const crew *c)
{
    for (int i = 0; i < c->n; i++)
        if (c->pids[i])
            (void)kill(c->pids[i], SIGCONT);
}

void
crew_kill(crew *c)
{
    for (int i = 0; i < c->n; i++) {
        if (c->pids[i]) {
            (void)kill(c->pids[i], SIGKILL);
            (void)waitpid(c->pids[i], NULL, 0);
            c->pids[i] = 0;
        }
    }
}

void
crew_wait(crew *c, uint32_t ms)
{
    uint64_t end = zt_now_ms() + ms;
    for (int i = 0; i < c->n; i++) {
        int status = 0;
        while (waitpid(c->pids[i], &status, WNOHANG) == 0) {
            if (zt_now_ms() > end)
                fail_msg("worker %s %d (%d) does not end", c->role, i, (int)c->pids[i]);
            zt_nap();
        }
        c->pids[i] = 0;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("worker %s %d ended with status %x", c->role, i, (unsigned)status);
    }
}

/* --- the storm --------------------------------------------------------------------------------------------------- */

/* How long something lasts is the dice's choice, and no wait for anything. */
static void
let_run(storm *s, uint32_t least_ms, uint32_t most_ms)
{
    uint64_t ms = least_ms + zb_rng_below(&s->rng, most_ms - least_ms);
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

static bool
leads(const zt_zk *zk, int i)
{
    char text[4096];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)zt_zk_port(zk, i))};
    struct timeval second = {1, 0};
    size_t n = 0;
    ssize_t got = 0;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0)
        return false;
    (void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    if (connect(s, (struct sockaddr *)&a, sizeof a) == 0 && write(s, "srvr", 4) == 4)
        while (n + 1 < sizeof text && (got = read(s, text + n, sizeof text - 1 - n)) > 0)
            n += (size_t)got;
    text[n] = '\0';
    (void)close(s);
    return strstr(text, "Mode: leader") != NULL;
}

/* The leader's number, if there is one within a while; else 0. */
static int
find_leader(const storm *s)
{
    for (uint64_t end = zt_now_ms() + 3000; zt_now_ms() < end; zt_nap())
        for (int i = 1; i <= s->zk->n; i++)
            if (leads(s->zk, i))
                return i;
    return 0;
}

/* The leader as often as not, else any. */
static int
choose_server(storm *s)
{
    int any = 1 + (int)zb_rng_below(&s->rng, (uint64_t)s->zk->n);
    int leader = zb_rng_below(&s->rng, 2) ? find_leader(s) : 0;
    s->leaders += leader > 0;
    return leader ? leader : any;
}

/* Stops a worker, at once or in the midst of its next turn. */
static void
freeze_worker(storm *s)
{
    const crew *c = s->frozen[zb_rng_below(&s->rng, FROZEN)];
    uint64_t dice = zb_rng_next(&s->rng);
    if (!c || c->n == 0 || dice % 2)
        return;
    int i = (int)(dice / 4 % (uint64_t)c->n);
    bool in_turn = dice / 2 % 2;
    s->freezes++;
    printf("  %s worker %d (%d) is stopped%s\n", c->role, i, (int)c->pids[i], in_turn ? " in its turn" : "");
    (void)kill(c->pids[i], in_turn ? SIGUSR1 : SIGSTOP);
}

static void
blow_once(storm *s)
{
    int i = choose_server(s), other = 1 + i % s->zk->n;
    uint64_t kind = zb_rng_below(&s->rng, 20);
    freeze_worker(s);
    if (kind < 7) {
        printf("  server %d is stopped\n", i);
        s->stops++;
        zt_zk_signal(s->zk, i, "STOP");
        let_run(s, 300, 6000);
        zt_zk_signal(s->zk, i, "CONT");
    } else {
        bool two = kind >= 17; /* no quorum is left */
        printf("  server %d%s killed\n", i, two ? " and the next one are" : " is");
        s->kills += two ? 2 : 1;
        s->outages += two;
        zt_zk_signal(s->zk, i, "KILL");
        if (two)
            zt_zk_signal(s->zk, other, "KILL");
        let_run(s, 200, 4000);
        zt_zk_restart(s->zk, i);
        if (two)
            zt_zk_restart(s->zk, other);
    }
    let_run(s, 10, 3000);
    for (int k = 0; k < FROZEN; k++)
        if (s->frozen[k])
            crew_thaw(s->frozen[k]);
}

void
storm_blow(storm *s, uint32_t ms)
{
    uint64_t end = zt_now_ms() + ms;
    while (zt_now_ms() < end) {
        let_run(s, 100, 1000);
        blow_once(s);
        (void)fflush(stdout);
    }
}
