/* SPDX-License-Identifier: Apache-2.0 */
/* bench-cache HOSTS PATH N: the tree cache over N nodes below PATH, in directories of 100, which it makes if they are
 * not there. Prints how long the first load takes, and the comparison after the client was stopped and started again;
 * in how many requests; what a node takes in memory; what a look costs. cache_kazoo.py is the same with kazoo's. */
#include "common.h"

#include <malloc.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <zobo/cache.h>
#include <zobo/zobo.h>

enum { DIRECTORY = 100, PATH_MAX_BYTES = 256, LOOKS = 2000000 };

static zobo_client *client;
static atomic_int failed; /* a zobo_err */
static atomic_long left;
static sem_t all_done;

static int
fail(const char *what, zobo_err err)
{
    fprintf(stderr, "bench-cache: %s: %s\n", what, zobo_err_text(err));
    return EXIT_FAILED;
}

static void
made(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)arg, (void)reply;
    if (err && err != ZOBO_ENODEEXISTS)
        atomic_store(&failed, (int)err);
    if (atomic_fetch_sub(&left, 1) == 1)
        (void)sem_post(&all_done);
}

/* The i-th node: a directory when i is a multiple of DIRECTORY. */
static void
name_node(char *path, size_t size, const char *root, long i)
{
    if (i % DIRECTORY == 0)
        (void)snprintf(path, size, "%s/d%06ld", root, i / DIRECTORY);
    else
        (void)snprintf(path, size, "%s/d%06ld/n%06ld", root, i / DIRECTORY, i);
}

static zobo_err
plant(const char *root, long n)
{
    char path[PATH_MAX_BYTES], data[DEFAULT_DATA_BYTES];
    int32_t count = 0;
    zobo_how how = {.done = made, .flags = ZOBO_INLINE};
    memset(data, 'x', sizeof data);
    zobo_err err = zobo_ensure_path(client, root, NULL);
    if (!err)
        err = zobo_get_all_children_number(client, root, &count);
    if (err || count == n)
        return err;
    atomic_store(&left, n);
    for (long i = 0; i < n && !err; i++) {
        name_node(path, sizeof path, root, i);
        err = zobo_create_async(client, path, data, sizeof data, NULL, &how, NULL);
    }
    if (err)
        return err;
    while (sem_wait(&all_done) != 0)
        ;
    return (zobo_err)atomic_load(&failed);
}

static double
ms_since(uint64_t begin_ns)
{
    return (double)(now_ns() - begin_ns) / 1e6;
}

static size_t
heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static zobo_err
look(zobo_tree_cache *cache, const char *root, long n)
{
    char path[PATH_MAX_BYTES];
    uint64_t begin = now_ns();
    for (long i = 0; i < LOOKS; i++) {
        zobo_stat stat;
        name_node(path, sizeof path, root, i * 7919 % n);
        zobo_err err = zobo_tree_cache_exists(cache, path, &stat);
        if (err)
            return err;
    }
    printf("cache_look_ns %.0f\n", ms_since(begin) * 1e6 / LOOKS);
    return ZOBO_OK;
}

static int
measure(const char *root, long n)
{
    zobo_tree_cache *cache;
    zobo_problem why;
    zobo_tree_cache_info info = {.size = sizeof info};
    size_t before = heap_bytes();
    zobo_err err = zobo_tree_cache_new(client, root, NULL, &cache, &why);
    if (err)
        return fail(why.text, err);
    uint64_t begin = now_ns();
    err = zobo_tree_cache_start(cache);
    if (!err)
        err = zobo_tree_cache_wait(cache, 0);
    double load = ms_since(begin);
    zobo_tree_cache_get_info(cache, &info);
    if (err || info.nodes != (uint64_t)n + 1)
        return fail("the load", err);
    double heap = (double)(heap_bytes() - before) / (double)info.nodes;
    printf("cache_nodes %llu\ncache_load_ms %.1f\ncache_load_per_s %.0f\ncache_load_requests %llu\n",
           (unsigned long long)info.nodes, load, (double)info.nodes / load * 1e3, (unsigned long long)info.requests);
    printf("cache_bytes %.0f\ncache_heap %.0f\n", (double)info.bytes / (double)info.nodes, heap);
    err = look(cache, root, n);
    if (!err)
        err = zobo_restart(client, &why);
    uint64_t requests = info.requests;
    begin = now_ns();
    if (!err)
        err = zobo_tree_cache_wait(cache, 0);
    if (err)
        return fail("the comparison", err);
    zobo_tree_cache_get_info(cache, &info);
    printf("cache_compare_ms %.1f\ncache_compare_requests %llu\n", ms_since(begin),
           (unsigned long long)(info.requests - requests));
    zobo_tree_cache_free(cache);
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    long n;
    if (argc != 4 || !parse_count("N", argv[3], 1, 10000000, &n)) {
        fprintf(stderr, "usage: %s HOSTS PATH N\n", argv[0]);
        return EXIT_USAGE;
    }
    zobo_options options = {.size = sizeof options, .hosts = argv[1], .timeout_ms = 30000};
    zobo_problem why;
    (void)sem_init(&all_done, 0, 0);
    if (zobo_new(&options, &client, &why) != ZOBO_OK || zobo_start(client, 0, &why) != ZOBO_OK) {
        fprintf(stderr, "bench-cache: %s: %s\n", argv[1], why.text);
        zobo_close(client);
        return EXIT_FAILED;
    }
    zobo_err err = plant(argv[2], n);
    int code = err ? fail("the tree", err) : measure(argv[2], n);
    zobo_close(client);
    return code;
}
