/* SPDX-License-Identifier: Apache-2.0 */
/* Each recipe made, used once and freed ten thousand times: memory stays as it is, and the server keeps no watch, no
 * ephemeral node, and no node that was not there after the first rounds.
 *
 * What is counted: allocations by base/mem.h, exact but for what the client keeps in stock, and the bytes malloc has
 * given out, which sees jansson too. Under a sanitizer it is fewer cycles, and bytes are LeakSanitizer's business.
 * CYCLES in the environment sets how many. */
#include "recipes/cycles.h"

#include <malloc.h>

#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CYCLES = 300, SANITIZED = 1 };
#else
enum { CYCLES = 10000, SANITIZED = 0 };
#endif

enum {
    WORKERS = 8,          /* threads, each on nodes of its own, so that the cycles overlap */
    FIRST_CYCLES = 200,   /* until all that is kept for good is there */
    SLACK = 40,           /* allocations: the stock of the client and the server differs by that much */
    SLACK_BYTES = 120000, /* the smallest leak, 16 bytes in each cycle, is 160,000 at least */
};

/* ---- what there is before and after ---- */

static long
fact(const char *name)
{
    zobo_reply *r = NULL;
    assert_ok(zobo_command_at(zobo_server_hosts(server), "mntr", ZT_SOON_MS, &r, NULL));
    const char *at = strstr(r->data, name);
    assert_non_null(at);
    long n = strtol(at + strlen(name), NULL, 10);
    zobo_reply_free(r);
    return n;
}

/* Nothing of a recipe's stands on the server that goes with its session, and the client follows nothing. */
static void
nothing_stands(void)
{
    zobo_counters k = {.size = sizeof k};
    ZT_WAIT((zobo_get_counters(c, &k), k.watches == 0 && k.in_flight == 0));
    ZT_WAIT(fact("zk_watch_count") == 0);
    ZT_WAIT(fact("zk_ephemerals_count") == 0);
}

static long
bytes_in_use(void)
{
#ifdef __GLIBC__
    return SANITIZED ? 0 : (long)mallinfo2().uordblks;
#else
    return 0;
#endif
}

static void *
work(void *arg)
{
    worker *w = arg;
    for (long i = 0; i < w->cycles && !w->err; i++, w->done++)
        w->recipe->cycle(w, i % 2);
    return NULL;
}

static void
run_all(worker *workers, long cycles)
{
    for (int i = 0; i < WORKERS; i++) {
        workers[i].cycles = (cycles + WORKERS - 1) / WORKERS;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 0; i < WORKERS; i++) {
        if (workers[i].err)
            fail_msg("cycle %ld: %s: %s", workers[i].done, workers[i].what, zobo_err_name(workers[i].err));
    }
    nothing_stands();
}

static void
hire(worker *w, const recipe *r, int i)
{
    zobo_create_options with_parents = {.makepath = true};
    *w = (worker){.recipe = r};
    (void)snprintf(w->path, sizeof w->path, "/cycles/%s/%d", r->name, i);
    (void)snprintf(w->second, sizeof w->second, "/cycles/%s/%d/second", r->name, i);
    (void)snprintf(w->me, sizeof w->me, "worker-%u", (unsigned)i);
    zt_latch_init(&w->told);
    assert_ok(zobo_create(c, w->path, "1", 1, &with_parents, NULL));
    if (r->prepare)
        r->prepare(w);
    assert_ok(w->err);
}

static long
wanted_cycles(void)
{
    const char *text = getenv("CYCLES");
    long n = text ? strtol(text, NULL, 10) : CYCLES;
    return n > 0 ? n : CYCLES;
}

static void
test_cycles(void **state)
{
    const recipe *r = *state;
    worker workers[WORKERS];
    long cycles = wanted_cycles();
    for (int i = 0; i < WORKERS; i++)
        hire(&workers[i], r, i);
    run_all(workers, FIRST_CYCLES);
    long nodes = fact("zk_znode_count"), live = zb_mem_live(), bytes = bytes_in_use();
    uint64_t begun = zt_now_ms();
    run_all(workers, cycles);
    uint64_t ms = zt_now_ms() - begun;
    ZT_WAIT(fact("zk_znode_count") <= nodes);
    ZT_WAIT(zb_mem_live() - live <= SLACK);
    ZT_WAIT(bytes_in_use() - bytes <= SLACK_BYTES);
    print_message("%-22s %6ld cycles %6lu ms %+6ld allocations %+8ld bytes %+4ld nodes\n", r->name, cycles,
                  (unsigned long)ms, zb_mem_live() - live, bytes_in_use() - bytes, fact("zk_znode_count") - nodes);
    for (int i = 0; i < WORKERS; i++)
        zt_latch_destroy(&workers[i].told);
}

/* ---- none is forgotten ---- */

static bool
is_listed(const char *name, size_t len)
{
    for (size_t i = 0; i < n_recipes; i++) {
        if (strlen(recipes[i].name) == len && memcmp(recipes[i].name, name, len) == 0)
            return true;
    }
    return false;
}

/* Each line of include/zobo/NAME, to fn. */
static void
each_line(const char *name, size_t len, size_t *found, void (*fn)(const char *line, size_t *found))
{
    char path[1024], line[512];
    const char *source = getenv("ZOBO_SRC");
    (void)snprintf(path, sizeof path, "%s/include/zobo/%.*s", source ? source : ".", (int)len, name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s cannot be read", path);
    while (fgets(line, sizeof line, f))
        fn(line, found);
    (void)fclose(f);
}

static void
look_for_new(const char *line, size_t *found)
{
    static const char before[] = "zobo_err zobo_";
    const char *name = strstr(line, before), *end = name ? strstr(name, "_new(") : NULL;
    if (!end)
        return;
    name += strlen(before);
    if (!is_listed(name, (size_t)(end - name)))
        fail_msg("zobo_%.*s has no cycles here", (int)(end - name), name);
    ++*found;
}

static void
look_for_header(const char *line, size_t *found)
{
    static const char before[] = "#include <zobo/";
    const char *name = line + strlen(before);
    if (strncmp(line, before, strlen(before)) != 0)
        return;
#ifdef ZT_WITHOUT_JSON
    if (strncmp(name, "lease", 5) == 0 || strncmp(name, "discovery", 9) == 0)
        return;
#endif
    each_line(name, strcspn(name, ">"), found, look_for_new);
}

static void
test_every_recipe_is_here(void **state)
{
    size_t found = 0;
    (void)state;
    each_line("recipes.h", strlen("recipes.h"), &found, look_for_header);
    assert_true(found >= n_recipes); /* a header may stand in recipes.h twice */
}

int
main(void)
{
    enum { ROOM = 64 };
    struct CMUnitTest tests[ROOM] = {cmocka_unit_test(test_every_recipe_is_here)};
    if (n_recipes >= ROOM)
        return 1;
    for (size_t i = 0; i < n_recipes; i++)
        tests[i + 1] = (struct CMUnitTest){recipes[i].name, test_cycles, NULL, NULL, (void *)(uintptr_t)&recipes[i]};
    return _cmocka_run_group_tests("recipes", tests, n_recipes + 1, up, down);
}
