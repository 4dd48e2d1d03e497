/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario on a client of its own, once with each allocation failing. The server is a process of its own, whose
 * memory does not run out. */
#ifndef OOM_EVERYWHERE_H
#define OOM_EVERYWHERE_H

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zobo/recipes.h>
#include <zobo/server.h>

#include "base/mem.h"
#include "support/record.h"

enum { PATIENCE_MS = 10000 }; /* what takes longer hangs */

static char hosts[64];
static pid_t server_pid;
static int server_pipe;
static zobo_client *look;
static const char *where;
static long failing;
static int stays;                          /* nodes that a scenario leaves behind on purpose */
static void (*afterwards)(zobo_client *c); /* there is memory again */

/* Serves until the other end of `until` is closed. */
static void
serve(int tell, int until)
{
    zobo_server *server;
    char byte;
    if (zobo_server_start(&server, NULL, NULL))
        _exit(1);
    const char *address = zobo_server_hosts(server);
    if (write(tell, address, strlen(address) + 1) < 0)
        _exit(1);
    close(tell);
    while (read(until, &byte, 1) > 0) {
    }
    zobo_server_close(server);
    _exit(0);
}

static int
up(void **state)
{
    int told[2], until[2];
    (void)state;
    if (pipe(told) || pipe(until))
        return -1;
    server_pid = fork();
    if (server_pid == 0) {
        close(told[0]);
        close(until[1]);
        serve(told[1], until[0]);
    }
    close(told[1]);
    close(until[0]);
    server_pipe = until[1];
    ssize_t n = read(told[0], hosts, sizeof hosts);
    close(told[0]);
    if (n <= 0)
        return -1;
    look = zt_client(hosts, 30000);
    return 0;
}

static int
down(void **state)
{
    int status;
    (void)state;
    zobo_close(look);
    close(server_pipe);
    return waitpid(server_pid, &status, 0) == server_pid && status == 0 ? 0 : -1;
}

static zobo_err
bearable(const char *call, zobo_err err)
{
    zobo_class c = zobo_err_class(err);
    if (err == ZOBO_EWAITTIMEOUT || c == ZOBO_CLASS_SESSION || (c == ZOBO_CLASS_USAGE && err != ZOBO_ENOTHELD))
        fail_msg("%s, allocation %ld: %s gives %s", where, failing, call, zobo_err_name(err));
    return err;
}

#define TRY(expr) bearable(#expr, (expr))

static int
left_in(const char *path)
{
    zobo_stat stat;
    zobo_err err = zobo_exists(look, path, NULL, &stat);
    return err == ZOBO_OK ? stat.num_children : err == ZOBO_ENONODE ? 0 : -1;
}

static bool
is_clean_soon(const char *path)
{
    uint64_t end = zt_now_ms() + ZT_SOON_MS;
    int left = left_in(path);
    while ((left < 0 || left > stays) && zt_now_ms() < end) {
        zt_nap();
        left = left_in(path);
    }
    return left >= 0 && left <= stays;
}

static void
at_every_allocation(const char *name, void (*scenario)(zobo_client *), const char *path)
{
    long made;
    where = name;
    failing = 0;
    do {
        zobo_client *c = zt_client(hosts, 30000);
        zb_mem_fail_after(failing, 0);
        scenario(c);
        made = zb_mem_fail_after(-1, 0);
        if (afterwards)
            afterwards(c);
        if (!is_clean_soon(path))
            fail_msg("%s, allocation %ld: %d nodes are left in %s", where, failing, left_in(path), path);
        zobo_close(c);
        failing++;
    } while (made >= failing);
    print_message("%s: %ld allocations\n", name, failing - 1);
}

#endif
