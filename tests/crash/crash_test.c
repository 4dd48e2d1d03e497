/* SPDX-License-Identifier: Apache-2.0 */
/* SIGKILL at random moments: every acknowledged write is there afterwards, no transaction is half done, sessions live
 * on with their ephemeral nodes, and those of sessions that were closed are gone. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "crash.h"

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* How long the server may live, which is the dice's choice and no wait for anything. */
static void
let_run(zb_rng *rng)
{
    uint64_t us = 2000 + zb_rng_below(rng, 150000);
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    (void)nanosleep(&t, NULL);
}

/* A session that ends properly before the crash: its node must not come back. */
static void
open_and_close(const server *s, unsigned round)
{
    char path[64];
    zobo_client *c = zt_client(s->hosts, 30000);
    (void)snprintf(path, sizeof path, "/gone-%u", round);
    assert_ok(zobo_create(c, path, "", 0, &(zobo_create_options){.ephemeral = true}, NULL));
    assert_ok(zobo_stop(c));
    zobo_close(c);
}

static void
one_round(server *s, workers *w, zb_rng *rng, unsigned round)
{
    char path[64];
    open_and_close(s, round);
    let_run(rng);
    server_kill(s);
    server_start(s);
    workers_pause(w);
    zobo_client *reader = zt_client(s->hosts, 10000);
    workers_check(w, reader);
    (void)snprintf(path, sizeof path, "/gone-%u", round);
    assert_err(zobo_exists(reader, path, NULL, NULL), ZOBO_ENONODE);
    zobo_close(reader);
    workers_go_on(w);
}

static void
acknowledged_writes_survive_sigkill(void **state)
{
    (void)state;
    static workers w;
    server s = {0};
    uint64_t rounds = number_from("CRASH_ROUNDS", 50);
    uint64_t seed = number_from("CRASH_SEED", (uint64_t)time(NULL));
    zb_rng rng = {seed};
    printf("CRASH_SEED=%llu CRASH_ROUNDS=%llu\n", (unsigned long long)seed, (unsigned long long)rounds);
    server_start(&s);
    workers_start(&w, s.hosts);
    for (unsigned round = 0; round < rounds; round++)
        one_round(&s, &w, &rng, round);
    long sets = 0, created = 0;
    workers_pause(&w);
    for (int i = 0; i < N_WORKERS; i++) {
        sets += w.all[i].set_told + w.all[i].flood_told;
        created += w.all[i].created;
    }
    workers_end(&w);
    server_kill(&s);
    server_remove(&s);
    printf("%llu crashes, %ld sets and %ld creates\n", (unsigned long long)rounds, sets, created);
    assert_true(sets > 0 && created > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(acknowledged_writes_survive_sigkill)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
