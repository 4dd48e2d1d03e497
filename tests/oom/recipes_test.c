/* SPDX-License-Identifier: Apache-2.0 */
/* Recipes while memory runs out, once, at every place where it can. What the user asks for may fail, but says so, in time;
 * freed objects leave nothing behind on the server, and nothing here (the address sanitizer sees to that). The server is
 * a process of its own, whose memory does not run out. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zobo/lock.h>
#include <zobo/server.h>

#include "base/mem.h"

enum { PATIENCE_MS = 10000 }; /* what takes longer hangs */

static char hosts[64];
static pid_t server_pid;
static int server_pipe;
static zobo_client *look;
static const char *where;
static long failing;

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

static void
a_lock(zobo_client *c)
{
    zobo_lock *x = NULL, *y = NULL;
    zobo_call *call = NULL;
    zobo_reply *r = NULL;
    const char *other = "-lock-";
    TRY(zobo_lock_new(c, "/oom/lock", &(zobo_lock_options){.identifier = "x"}, &x, NULL));
    TRY(zobo_lock_new(c, "/oom/lock", &(zobo_lock_options){.extra_patterns = &other, .n_extra_patterns = 1}, &y, NULL));
    if (x && y && TRY(zobo_lock_acquire(x, PATIENCE_MS)) == ZOBO_OK) {
        TRY(zobo_lock_try(y));
        if (TRY(zobo_lock_acquire_async(y, &(zobo_how){.timeout_ms = PATIENCE_MS}, &call)) == ZOBO_OK) {
            TRY(zobo_lock_contenders(x, &r));
            zobo_reply_free(r);
            if (TRY(zobo_lock_release(x))) { /* then it is held still */
                zobo_lock_free(x);
                x = NULL;
            }
            TRY(zobo_call_get(call, 0, NULL));
            zobo_call_free(call);
        }
    }
    zobo_lock_free(x);
    zobo_lock_free(y);
}

static int
left_in(const char *path)
{
    zobo_stat stat;
    zobo_err err = zobo_exists(look, path, NULL, &stat);
    return err == ZOBO_OK ? stat.num_children : err == ZOBO_ENONODE ? 0 : -1;
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
        ZT_WAIT(left_in(path) == 0);
        zobo_close(c);
        failing++;
    } while (made >= failing);
    print_message("%s: %ld allocations\n", name, failing - 1);
}

static void
test_lock(void **state)
{
    (void)state;
    at_every_allocation("a lock", a_lock, "/oom/lock");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock),
    };
    return cmocka_run_group_tests(tests, up, down);
}
