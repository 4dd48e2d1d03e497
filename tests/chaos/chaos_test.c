/* SPDX-License-Identifier: Apache-2.0 */
/* Recipes on an ensemble whose leader and followers are killed, stopped and restarted under load, for CHAOS_SECONDS
 * (60) from CHAOS_SEED. Nothing may be lost, nothing may come twice, nobody may have what another has. That the checks
 * can fail is tested first: without the lock they do. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chaos/chaos.h"
#include "chaos/crew.h"
#include "support/test.h"

enum { SETTLED_MS = 240000 }; /* how long it may take after the storm until everyone has got on */

static char dir[64];

static void
make_dir(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/zobo-chaos.XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static void
remove_dir(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* The number in a role's file. */
static int64_t
resource_value(const char *role)
{
    char path[128];
    resource r;
    int64_t token, value;
    (void)snprintf(path, sizeof path, "%s/%s.resource", dir, role);
    assert_true(resource_open(&r, path));
    resource_look(&r, &token, &value);
    resource_close(&r);
    return value;
}

/* --- do the checks bite? ----------------------------------------------------------------------------------------- */

static const turn good_turns[] = {
    {2, 7, 10, 20, 1, 1}, {3, 8, 21, 30, 2, 1}, {1, 9, 5, 25, -1, 0}, {5, 7, 30, 50, 3, 1}, {5, 7, 60, 70, 4, 0}};
enum { N_TURNS = 5 };

static const char *
check_changed(int i, turn t)
{
    turn turns[N_TURNS];
    memcpy(turns, good_turns, sizeof turns);
    turns[i] = t;
    return check_turns(turns, N_TURNS, 4);
}

static void
wrong_turns_are_noticed(void **state)
{
    (void)state;
    assert_null(check_changed(0, good_turns[0]));
    assert_non_null(strstr(check_changed(1, (turn){3, 8, 19, 30, 2, 1}), "same time"));
    assert_non_null(strstr(check_changed(1, (turn){3, 8, 21, 30, 1, 1}), "lost"));
    assert_non_null(strstr(check_changed(1, (turn){2, 8, 21, 30, 2, 1}), "after token"));
    assert_non_null(strstr(check_changed(2, (turn){1, 9, 5, 9, -1, 1}), "was refused"));
    assert_non_null(strstr(check_changed(4, (turn){4, 7, 60, 70, 4, 0}), "after token"));
    assert_non_null(strstr(check_changed(4, (turn){5, 6, 60, 70, 4, 0}), "after token"));
    assert_non_null(strstr(check_changed(4, (turn){6, 7, 40, 60, 5, 0}), "not in the records"));
    turn turns[N_TURNS];
    memcpy(turns, good_turns, sizeof turns);
    assert_non_null(strstr(check_turns(turns, N_TURNS, 5), "after 4 writes"));
}

static void
wrong_items_and_parts_are_noticed(void **state)
{
    (void)state;
    assert_null(check_items((int64_t[]){4, 2, 0}, 3, (int64_t[]){2, 0, 4}, 3));
    assert_non_null(strstr(check_items((int64_t[]){0, 2, 4}, 3, (int64_t[]){2, 0, 4, 0}, 4), "0 was consumed twice"));
    assert_non_null(strstr(check_items((int64_t[]){0, 2, 4}, 3, (int64_t[]){2, 0, 4, 4}, 4), "4 was consumed twice"));
    assert_non_null(strstr(check_items((int64_t[]){0, 2, 4}, 3, (int64_t[]){2, 0}, 2), "4 was not consumed"));
    assert_non_null(strstr(check_items((int64_t[]){0, 2, 4}, 3, (int64_t[]){2, 4}, 2), "0 was not consumed"));
    assert_non_null(strstr(check_items((int64_t[]){0, 2}, 2, (int64_t[]){2, 0, 4}, 3), "4 was consumed and not put"));
    assert_non_null(strstr(check_items((int64_t[]){0, 4}, 2, (int64_t[]){2, 0, 4}, 3), "2 was consumed and not put"));
    assert_null(check_parts((int64_t[]){1, 0, 6}, 3, 7));
    assert_non_null(check_parts((int64_t[]){1, 0, 7}, 3, 7));
    assert_non_null(check_parts((int64_t[]){1, 0, 4}, 3, 7));
}

/* The same workers, but nobody locks: what they do to the file is seen. */
static void
without_the_lock_it_fails(void **state)
{
    (void)state;
    crew c;
    size_t n;
    crew_start(&c, "unlocked", 6, "", dir, 1);
    for (int i = 0; i < c.n; i++)
        ZT_WAIT(log_size(dir, c.role, i) >= 50 * sizeof(turn));
    crew_tell_end(&c);
    crew_wait(&c, ZT_SOON_MS);
    turn *turns = log_read(dir, c.role, c.n, sizeof *turns, &n);
    const char *wrong = check_turns(turns, n, resource_value(c.role));
    assert_non_null(wrong);
    printf("without the lock: %s\n", wrong);
    for (size_t i = 0; i < n; i++) /* and by what was written alone */
        turns[i].proven = turns[i].who = 0;
    wrong = check_turns(turns, n, resource_value(c.role));
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "lost"));
    printf("without the lock: %s\n", wrong);
    free(turns);
}

/* --- the storm --------------------------------------------------------------------------------------------------- */

/* The crews, and what their records are. */
enum { LOCK, ELECTION, LATCH, COUNTER, PARTITION, PUT, TAKE, LOCKING_PUT, LOCKING_TAKE, ROLES };

static const struct {
    const char *name;
    int n;
} roles[ROLES] = {
    [LOCK] = {"lock", 20},
    [ELECTION] = {"election", 3},
    [LATCH] = {"latch", 4},
    [COUNTER] = {"counter", 4},
    [PARTITION] = {"partition", 4},
    [PUT] = {"put", PRODUCERS},
    [TAKE] = {"take", 3},
    [LOCKING_PUT] = {"locking_put", PRODUCERS},
    [LOCKING_TAKE] = {"locking_take", 3},
};

static crew crews[ROLES]; /* those that were not asked for have no members */
static zt_zk zk;

/* CHAOS_ROLES names those that take part; without it all do. */
static bool
takes_part(int role)
{
    const char *names = getenv("CHAOS_ROLES"), *at = names;
    size_t n = strlen(roles[role].name);
    while (at && *at) {
        size_t len = strcspn(at, ",");
        if (len == n && memcmp(at, roles[role].name, n) == 0)
            return true;
        at += len + (at[len] == ',');
    }
    return !names || !*names;
}

/* Waits until each of the crew has something new to tell: nobody is stuck. */
static void
wait_until_all_get_on(const crew *c)
{
    size_t before[CREW_MOST];
    uint64_t end = zt_now_ms() + SETTLED_MS;
    for (int i = 0; i < c->n; i++)
        before[i] = log_size(dir, c->role, i);
    for (int i = 0; i < c->n; i++) {
        while (log_size(dir, c->role, i) <= before[i]) {
            if (zt_now_ms() > end)
                fail_msg("%s worker %d (%d) is stuck", c->role, i, (int)c->pids[i]);
            crew_thaw(c); /* one that was just about to stop itself */
            zt_nap();
        }
    }
}

/* What each member has now: the last record of each. */
static const char *
look_at_parts(const crew *c)
{
    int64_t masks[CREW_MOST] = {0};
    if (c->n == 0)
        return NULL;
    for (int i = 0; i < c->n; i++)
        masks[i] = log_last(dir, c->role, i);
    return check_parts(masks, (size_t)c->n, (1 << PARTITION_ITEMS) - 1);
}

static void
check_role_turns(const crew *c)
{
    size_t n, refused = 0, unproven = 0;
    if (c->n == 0)
        return;
    turn *turns = log_read(dir, c->role, c->n, sizeof *turns, &n);
    for (size_t i = 0; i < n; i++) {
        refused += turns[i].value < 0;
        unproven += !turns[i].proven;
    }
    const char *wrong = check_turns(turns, n, resource_value(c->role));
    free(turns);
    if (wrong)
        fail_msg("%s: %s", c->role, wrong);
    printf("%s: %zu turns, %zu ended without the lock, %zu refused\n", c->role, n, unproven, refused);
}

/* How often a part was dealt out. */
static void
tell_of_parts(const crew *c)
{
    size_t n, deals = 0;
    int64_t *masks = log_read(dir, c->role, c->n, sizeof *masks, &n);
    for (size_t i = 0; i < n; i++)
        deals += masks[i] != 0;
    free(masks);
    if (c->n)
        printf("%s: %zu parts dealt out\n", c->role, deals);
}

/* The sum of what was acknowledged is what the counter holds. */
static void
check_counter(const crew *c, zobo_client *client)
{
    size_t n;
    int64_t sum = 0;
    zobo_reply *reply;
    if (c->n == 0)
        return;
    int64_t *adds = log_read(dir, c->role, c->n, sizeof *adds, &n);
    for (size_t i = 0; i < n; i++)
        sum += adds[i];
    free(adds);
    assert_ok(zobo_get(client, "/counter", NULL, &reply));
    long long value = strtoll(reply->data, NULL, 10);
    zobo_reply_free(reply);
    printf("counter: %zu additions\n", n);
    assert_int_equal(value, sum);
}

/* All that was put was consumed, each item once. */
static void
check_queue(const crew *put, const crew *take)
{
    size_t n_put, n_taken;
    if (put->n == 0)
        return;
    int64_t *items = log_read(dir, put->role, put->n, sizeof *items, &n_put);
    int64_t *taken = log_read(dir, take->role, take->n, sizeof *taken, &n_taken);
    const char *wrong = check_items(items, n_put, taken, n_taken);
    free(items);
    free(taken);
    if (wrong)
        fail_msg("%s: %s", take->role, wrong);
    assert_true(n_put >= (size_t)PRODUCERS * PUT_LEAST);
    printf("%s: %zu items\n", take->role, n_taken);
}

static void
end_crew(crew *c)
{
    crew_tell_end(c);
    crew_wait(c, SETTLED_MS);
}

static void
nothing_is_lost_in_the_storm(void **state)
{
    (void)state;
    uint64_t seconds = number_from("CHAOS_SECONDS", 60), seed = number_from("CHAOS_SEED", (uint64_t)time(NULL));
    printf("CHAOS_SEED=%" PRIu64 " CHAOS_SECONDS=%" PRIu64 "\n", seed, seconds);
    (void)fflush(stdout);
    assert_int_equal(setenv("ZK_WAIT", "240", 0), 0); /* elections take their time on a busy machine */
    zt_zk_start(&zk, 3, 1000);
    zobo_client *client = zt_client(zk.hosts, 10000);
    for (int i = 0; i < ROLES; i++)
        crew_start(&crews[i], roles[i].name, takes_part(i) ? roles[i].n : 0, zk.hosts, dir,
                   seed * 1000 + (uint64_t)i * 100);
    for (int i = LOCK; i <= COUNTER; i++)
        wait_until_all_get_on(&crews[i]);
    ZT_WAIT_MS(!look_at_parts(&crews[PARTITION]), SETTLED_MS);

    storm s = {.zk = &zk, .rng = {seed}, .frozen = {&crews[LOCK], &crews[LATCH], &crews[LOCKING_TAKE]}};
    storm_blow(&s, (uint32_t)seconds * 1000);
    printf("%u kills, %u stops, %u of them of the leader, %u times no quorum, %u workers stopped\n", s.kills, s.stops,
           s.leaders, s.outages, s.freezes);
    (void)fflush(stdout);

    for (int i = LOCK; i <= COUNTER; i++)
        wait_until_all_get_on(&crews[i]);
    wait_until_all_get_on(&crews[LOCKING_TAKE]);
    ZT_WAIT_MS(!look_at_parts(&crews[PARTITION]), SETTLED_MS);
    for (int i = PUT; i < ROLES; i++) /* what is put last is taken last */
        end_crew(&crews[i]);
    for (int i = LOCK; i <= COUNTER; i++)
        end_crew(&crews[i]);
    ZT_WAIT(!look_at_parts(&crews[PARTITION]));
    end_crew(&crews[PARTITION]);
    for (int i = LOCK; i <= LATCH; i++)
        check_role_turns(&crews[i]);
    tell_of_parts(&crews[PARTITION]);
    check_counter(&crews[COUNTER], client);
    check_queue(&crews[PUT], &crews[TAKE]);
    check_queue(&crews[LOCKING_PUT], &crews[LOCKING_TAKE]);
    zobo_close(client);
}

static int
set_up(void **state)
{
    (void)state;
    make_dir();
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < ROLES; i++)
        crew_kill(&crews[i]);
    if (zk.n)
        zt_zk_stop(&zk);
    zk.n = 0;
    remove_dir();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest checks[] = {
        cmocka_unit_test(wrong_turns_are_noticed),
        cmocka_unit_test(wrong_items_and_parts_are_noticed),
        cmocka_unit_test_setup_teardown(without_the_lock_it_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_lost_in_the_storm, set_up, tear_down),
    };
    return cmocka_run_group_tests(checks, NULL, NULL);
}
