/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture of the integration tests: one real server for the program, one client, and a fresh node to work under for
 * each test. Each program that includes this has its own. */
#ifndef ZT_ONE_SERVER_H
#define ZT_ONE_SERVER_H

#include "support/test.h"

#include <stdio.h>

#include "support/zk.h"

static zt_zk zk;
static zobo_client *zc; /* chroot-less; session timeout 10 s */
static char home[32];   /* "/t7": exists, is empty */

/* Gives home + name; good for eight uses at a time. */
static inline const char *
in_home(const char *name)
{
    static char ring[8][160];
    static unsigned at;
    char *path = ring[at++ % 8];
    snprintf(path, sizeof ring[0], "%s%s", home, name);
    return path;
}

/* The host string with home (and what follows it) as the chroot. */
static inline const char *
hosts_under(const char *below)
{
    static char hosts[400];
    snprintf(hosts, sizeof hosts, "%s%s%s", zk.hosts, home, below);
    return hosts;
}

static inline int
one_server_up(void **state)
{
    (void)state;
    zt_zk_start(&zk, 1, 500);
    zc = zt_client(zk.hosts, 10000);
    return 0;
}

static inline int
one_server_down(void **state)
{
    (void)state;
    zobo_close(zc);
    zt_zk_stop(&zk);
    return 0;
}

static inline int
new_home(void **state)
{
    (void)state;
    static int n;
    snprintf(home, sizeof home, "/t%d", ++n);
    assert_ok(zobo_create(zc, home, "home", 4, NULL, NULL));
    return 0;
}

#define home_test(name)         cmocka_unit_test_setup(name, new_home)
#define run_on_one_server(list) cmocka_run_group_tests(list, one_server_up, one_server_down)

#endif
