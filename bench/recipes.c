/* SPDX-License-Identifier: Apache-2.0 */
/* bench-recipes HOSTS WORK PATH N: what zobo's recipes take. recipes_kazoo.py is the same with kazoo's.
 *
 *   lock      N times acquire and release, nobody else there; in turns with the bare requests for it: create, get_children
 *             and delete, one after another on the same connection
 *   handover  50 clients want one lock, N hand-overs: from the call of release to the return of another's acquire
 *   queue     N items put, one after another, and got
 *   locking   the same for the locking queue, in transactions of 100, got and consumed
 *
 * Prints lines "NAME VALUE". */
#include "common.h"

#include <pthread.h>
#include <stdatomic.h>
#include <zobo/lock.h>
#include <zobo/queue.h>
#include <zobo/zobo.h>

enum { SESSION_TIMEOUT_MS = 30000, CONTENDERS = 50, BATCH = 50, ITEM_BYTES = 100, ITEMS_AT_ONCE = 100 };

static const char *hosts, *path;
static long n;

static void
must(const char *what, zobo_err err)
{
    if (err) {
        fprintf(stderr, "bench-recipes: %s: %s\n", what, zobo_err_text(err));
        exit(EXIT_FAILED);
    }
}

static zobo_client *
start_client(void)
{
    zobo_options options = {.size = sizeof options, .hosts = hosts, .timeout_ms = SESSION_TIMEOUT_MS};
    zobo_client *client = NULL;
    zobo_problem why = {0};
    if (zobo_new(&options, &client, &why) || zobo_start(client, 0, &why)) {
        fprintf(stderr, "bench-recipes: %s: %s\n", hosts, why.text);
        exit(EXIT_FAILED);
    }
    return client;
}

static uint64_t
requests_of(const zobo_client *client)
{
    zobo_counters counters = {.size = sizeof counters};
    zobo_get_counters(client, &counters);
    return counters.requests;
}

static uint64_t
events_of(const zobo_client *client)
{
    zobo_counters counters = {.size = sizeof counters};
    zobo_get_counters(client, &counters);
    return counters.events;
}

static void *
room_for(size_t size)
{
    void *room = calloc(1, size);
    must("memory", room ? ZOBO_OK : ZOBO_ENOMEM);
    return room;
}

static double
percentile_us(uint32_t *ns, size_t count, size_t percent)
{
    qsort(ns, count, sizeof *ns, compare_latencies);
    return (double)ns[(count - 1) * percent / 100] / 1e3;
}

/* --- lock -------------------------------------------------------------------------------------------------------- */

static void
bare_round(zobo_client *client)
{
    char node[256];
    zobo_reply *reply;
    zobo_create_options options = {.ephemeral = true, .sequence = true};
    (void)snprintf(node, sizeof node, "%s/0123456789abcdef0123456789abcdef__lock__", path);
    must("create", zobo_create(client, node, "", 0, &options, &reply));
    (void)snprintf(node, sizeof node, "%s", reply->path);
    zobo_reply_free(reply);
    must("get_children", zobo_get_children(client, path, NULL, &reply));
    zobo_reply_free(reply);
    must("delete", zobo_delete(client, node, -1));
}

static void
bench_lock(void)
{
    zobo_client *client = start_client();
    zobo_lock *lock;
    uint32_t *locked = room_for((size_t)n * sizeof *locked), *bare = room_for((size_t)n * sizeof *bare);
    uint64_t requests = 0;
    must("lock", zobo_lock_new(client, path, NULL, &lock, NULL));
    must("acquire", zobo_lock_acquire(lock, 0));
    must("release", zobo_lock_release(lock, 0));
    for (long i = 0; i < n; i++) {
        bool turn = i / BATCH % 2; /* who begins changes, too */
        for (int half = 0; half < 2; half++) {
            uint64_t before = requests_of(client), begin = now_ns();
            if (turn == (half == 0)) {
                bare_round(client);
                bare[i] = (uint32_t)(now_ns() - begin);
            } else {
                must("acquire", zobo_lock_acquire(lock, 0));
                must("release", zobo_lock_release(lock, 0));
                locked[i] = (uint32_t)(now_ns() - begin);
                requests += requests_of(client) - before;
            }
        }
    }
    double p50 = percentile_us(locked, (size_t)n, 50), bare_p50 = percentile_us(bare, (size_t)n, 50);
    printf("lock_us %.1f\nlock_p99_us %.1f\nbare_us %.1f\nlock_ratio %.3f\nlock_requests %.2f\n", p50,
           percentile_us(locked, (size_t)n, 99), bare_p50, p50 / bare_p50, (double)requests / (double)n);
    free(locked);
    free(bare);
    zobo_lock_free(lock);
    zobo_close(client);
}

/* --- handover ---------------------------------------------------------------------------------------------------- */

/* What the contenders share; who holds the lock writes it. */
static struct {
    uint64_t released_ns; /* when the one before let it go */
    uint32_t *took_ns;
    atomic_long rounds;
} handover;

struct contender {
    pthread_t thread;
    zobo_client *client;
};

static void *
contend(void *arg)
{
    struct contender *c = arg;
    zobo_lock *lock;
    must("lock", zobo_lock_new(c->client, path, NULL, &lock, NULL));
    for (bool more = true; more;) {
        must("acquire", zobo_lock_acquire(lock, 0));
        uint64_t now = now_ns();
        long i = atomic_load(&handover.rounds) - 2 * CONTENDERS; /* all are there after the first rounds */
        more = i < n;
        if (i >= 0 && more)
            handover.took_ns[i] = (uint32_t)(now - handover.released_ns);
        atomic_store(&handover.rounds, i + 2 * CONTENDERS + 1);
        handover.released_ns = now_ns();
        must("release", zobo_lock_release(lock, 0));
    }
    zobo_lock_free(lock);
    return NULL;
}

static void
bench_handover(void)
{
    static struct contender all[CONTENDERS];
    uint64_t requests = 0, events = 0;
    handover.took_ns = room_for((size_t)n * sizeof *handover.took_ns);
    for (int i = 0; i < CONTENDERS; i++)
        all[i].client = start_client();
    must("ensure_path", zobo_ensure_path(all[0].client, path, NULL));
    for (int i = 0; i < CONTENDERS; i++)
        requests -= requests_of(all[i].client);
    uint64_t begin = now_ns();
    for (int i = 0; i < CONTENDERS; i++)
        must("thread", pthread_create(&all[i].thread, NULL, contend, &all[i]) ? ZOBO_ESYS : ZOBO_OK);
    for (int i = 0; i < CONTENDERS; i++)
        (void)pthread_join(all[i].thread, NULL);
    double seconds = (double)(now_ns() - begin) / 1e9, rounds = (double)atomic_load(&handover.rounds);
    for (int i = 0; i < CONTENDERS; i++) {
        requests += requests_of(all[i].client);
        events += events_of(all[i].client);
        zobo_close(all[i].client);
    }
    printf(
        "handover_us %.1f\nhandover_p99_us %.1f\nhandover_per_s %.0f\nhandover_requests %.2f\nhandover_events %.2f\n",
        percentile_us(handover.took_ns, (size_t)n, 50), percentile_us(handover.took_ns, (size_t)n, 99),
        rounds / seconds, (double)requests / rounds, (double)events / rounds);
    free(handover.took_ns);
}

/* --- queues ------------------------------------------------------------------------------------------------------ */

static void
print_rate(const char *name, uint64_t begin_ns)
{
    printf("%s %.0f\n", name, (double)n / ((double)(now_ns() - begin_ns) / 1e9));
}

static void
bench_queue(void)
{
    static const char item[ITEM_BYTES];
    zobo_client *client = start_client();
    zobo_queue *queue;
    must("queue", zobo_queue_new(client, path, NULL, &queue, NULL));
    uint64_t begin = now_ns();
    for (long i = 0; i < n; i++)
        must("put", zobo_queue_put(queue, item, sizeof item, ZOBO_PRIORITY, 0));
    print_rate("queue_put_per_s", begin);
    begin = now_ns();
    for (long i = 0; i < n; i++) {
        zobo_reply *reply;
        must("get", zobo_queue_try_get(queue, 0, &reply));
        zobo_reply_free(reply);
    }
    print_rate("queue_get_per_s", begin);
    zobo_queue_free(queue);
    zobo_close(client);
}

static void
bench_locking(void)
{
    static const char item[ITEM_BYTES];
    zobo_client *client = start_client();
    zobo_locking_queue *queue;
    zobo_item items[ITEMS_AT_ONCE];
    for (int i = 0; i < ITEMS_AT_ONCE; i++)
        items[i] = (zobo_item){item, sizeof item};
    must("queue", zobo_locking_queue_new(client, path, NULL, &queue, NULL));
    uint64_t begin = now_ns();
    for (long left = n; left > 0; left -= ITEMS_AT_ONCE)
        must("put_all", zobo_locking_queue_put_all(queue, items, left < ITEMS_AT_ONCE ? (size_t)left : ITEMS_AT_ONCE,
                                                   ZOBO_PRIORITY, 0, NULL));
    print_rate("locking_put_per_s", begin);
    begin = now_ns();
    for (long i = 0; i < n; i++) {
        zobo_reply *reply;
        must("get", zobo_locking_queue_try_get(queue, 0, &reply));
        zobo_reply_free(reply);
        must("consume", zobo_locking_queue_consume(queue, 0));
    }
    print_rate("locking_get_per_s", begin);
    zobo_locking_queue_free(queue);
    zobo_close(client);
}

/* ----------------------------------------------------------------------------------------------------------------- */

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } works[] = {
        {"lock", bench_lock}, {"handover", bench_handover}, {"queue", bench_queue}, {"locking", bench_locking}};
    if (argc == 5 && parse_count("N", argv[4], 1, 10000000, &n)) {
        hosts = argv[1];
        path = argv[3];
        for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
            if (strcmp(argv[2], works[i].name) == 0) {
                works[i].run();
                return finish();
            }
        }
    }
    fprintf(stderr, "usage: bench-recipes HOSTS lock|handover|queue|locking PATH N\n");
    return EXIT_USAGE;
}
