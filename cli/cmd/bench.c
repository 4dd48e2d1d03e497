/* SPDX-License-Identifier: Apache-2.0 */
/* bench: how much a server takes, and how long its answers take. */
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/hold.h"
#include "frame/out.h"
#include "frame/progress.h"
#include "frame/table.h"
#include "load/load.h"

enum { O_OPS, O_COUNT, O_TIME, O_SESSIONS, O_IN_FLIGHT, O_RATE, O_SIZE, O_READS, O_EPHEMERAL, O_CSV, O_DRY_RUN };

static const struct opt opts[] = {
    [O_OPS] = {0, "ops", OPT_TEXT, "LIST", "of create, set, get, exists, ls, mix, delete, in this order (all but mix)"},
    [O_COUNT] = {'n', "count", OPT_NUMBER, "N", "so many requests of each kind (10000)"},
    [O_TIME] = {'t', "time", OPT_DURATION, "TIME", "so long for each kind instead; create and delete go by --count"},
    [O_SESSIONS] = {'s', "sessions", OPT_COUNT, "N", "so many sessions, each a connection (1)"},
    [O_IN_FLIGHT] = {'p', "in-flight", OPT_COUNT, "N", "so many requests of each session at a time (64)"},
    [O_RATE] = {'r', "rate", OPT_NUMBER, "N",
                "send N a second whatever the answers take, and measure from when each was due"},
    [O_SIZE] = {0, "size", OPT_SIZE, "BYTES", "of data (100)"},
    [O_READS] = {0, "reads", OPT_NUMBER, "PERCENT", "of mix are reads (90)"},
    [O_EPHEMERAL] = {'e', "ephemeral", OPT_FLAG, NULL, "make ephemeral nodes"},
    [O_CSV] = {0, "csv", OPT_FLAG, NULL, "comma-separated values, with a header"},
    [O_DRY_RUN] = {0, "dry-run", OPT_FLAG, NULL, "tell what would be sent, send nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static const struct column columns[] = {
    {"op", "OP", CELL_TEXT},           {"requests", "REQUESTS", CELL_INT},     {"errors", "ERRORS", CELL_INT},
    {"seconds", "SECONDS", CELL_REAL}, {"per_second", "PER SECOND", CELL_INT}, {"min_ms", "MIN ms", CELL_REAL},
    {"mean_ms", "MEAN", CELL_REAL},    {"p50_ms", "P50", CELL_REAL},           {"p90_ms", "P90", CELL_REAL},
    {"p99_ms", "P99", CELL_REAL},      {"p99_9_ms", "P99.9", CELL_REAL},       {"max_ms", "MAX", CELL_REAL}};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

struct bench {
    struct ctx *ctx;
    struct load_options load;
    const char *ops;
    uint64_t count, time_ms;
    bool csv;
    struct load_result *result;
    struct table *table;
    struct progress progress;
};

/* next_op takes the next name off the list. LOAD_OPS: it is none. */
static enum load_op
next_op(const char **list, char name[16])
{
    size_t len = strcspn(*list, ",");
    snprintf(name, 16, "%.*s", len < 15 ? (int)len : 15, *list);
    *list += len + ((*list)[len] == ',');
    enum load_op op = 0;
    while (op < LOAD_OPS && strcmp(load_op_names[op], name) != 0)
        op++;
    return op;
}

static int
read_options(struct bench *bench, const struct args *in)
{
    const struct opt_value *opt = in->opt;
    bench->ops = opt[O_OPS].given ? opt[O_OPS].text : "create,set,get,exists,ls,delete";
    bench->count = opt[O_COUNT].given ? (uint64_t)opt[O_COUNT].n : 10000;
    bench->time_ms = opt[O_TIME].given ? (uint64_t)opt[O_TIME].n : 0;
    bench->csv = opt[O_CSV].given;
    bench->load = (struct load_options){.root = in->n > 0 ? in->words[0] : "/zobo-bench",
                                        .sessions = opt[O_SESSIONS].given ? (uint32_t)opt[O_SESSIONS].n : 1,
                                        .in_flight = opt[O_IN_FLIGHT].given ? (uint32_t)opt[O_IN_FLIGHT].n : 64,
                                        .rate = (uint64_t)opt[O_RATE].n,
                                        .size = opt[O_SIZE].given ? (size_t)opt[O_SIZE].n : 100,
                                        .reads = opt[O_READS].given ? (unsigned)opt[O_READS].n : 90,
                                        .ephemeral = opt[O_EPHEMERAL].given};
    char name[16];
    for (const char *list = bench->ops; *list != '\0';)
        if (next_op(&list, name) == LOAD_OPS)
            return fail_usage(bench->ctx, "--ops: no operation %s", name);
    if (bench->count == 0)
        return fail_usage(bench->ctx, "--count: from 1 on");
    if (bench->load.sessions > 10000 || bench->load.in_flight > 100000)
        return fail_usage(bench->ctx, "at most 10000 sessions, and 100000 requests in flight of each");
    if (opt[O_READS].given && opt[O_READS].n > 100)
        return fail_usage(bench->ctx, "--reads: 0 to 100");
    if (bench->load.size > 64 << 20)
        return fail_usage(bench->ctx, "--size: at most 64m");
    return need_path(bench->ctx, bench->load.root, false);
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */

static void
print_csv(const char *op, const struct load_result *r)
{
    printf("%s,%llu,%llu,%.6f,%.0f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f\n", op, (unsigned long long)r->n,
           (unsigned long long)r->failed, r->seconds, r->seconds > 0 ? (double)r->n / r->seconds : 0,
           hist_at(&r->hist, 0), hist_mean(&r->hist), hist_at(&r->hist, 50), hist_at(&r->hist, 90),
           hist_at(&r->hist, 99), hist_at(&r->hist, 99.9), hist_at(&r->hist, 100));
    fflush(stdout);
}

static void
print_result(struct bench *bench, const char *op)
{
    const struct load_result *r = bench->result;
    if (bench->csv) {
        print_csv(op, r);
        return;
    }
    struct table *table = bench->table;
    table_text(table, op);
    table_int(table, (int64_t)r->n);
    table_int(table, (int64_t)r->failed);
    table_real(table, r->seconds);
    table_int(table, r->seconds > 0 ? (int64_t)((double)r->n / r->seconds) : 0);
    table_real(table, hist_at(&r->hist, 0));
    table_real(table, hist_mean(&r->hist));
    table_real(table, hist_at(&r->hist, 50));
    table_real(table, hist_at(&r->hist, 90));
    table_real(table, hist_at(&r->hist, 99));
    table_real(table, hist_at(&r->hist, 99.9));
    table_real(table, hist_at(&r->hist, 100));
    fflush(stdout);
}

static void
begin_results(struct bench *bench)
{
    if (!bench->csv)
        bench->table = table_new(bench->ctx, columns, N_COLUMNS);
    for (size_t c = 0; bench->csv && c < N_COLUMNS; c++)
        printf("%s%s", columns[c].key, c + 1 < N_COLUMNS ? "," : "\n");
}

static void
seen(void *arg, const struct load_result *so_far)
{
    struct bench *bench = arg;
    progress_at(&bench->progress, so_far->n);
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* run_op runs one kind. Those that need nodes to be there get them first, unmeasured. */
static int
run_op(struct bench *bench, struct load *load, enum load_op op)
{
    bool by_count = bench->time_ms == 0 || op == LOAD_CREATE || op == LOAD_DELETE;
    if (op != LOAD_CREATE && load_keys(load) == 0 &&
        !load_run(load, LOAD_CREATE, bench->count, 0, bench->result, NULL, NULL))
        return bench->ctx->signal != 0 ? DONE : fail(bench->ctx, ZOBO_ECONNECTIONLOSS, NULL, NULL);
    progress_begin(&bench->progress, bench->ctx, load_op_names[op], "requests", by_count ? bench->count : 0);
    bool whole =
        load_run(load, op, by_count ? bench->count : 0, by_count ? 0 : bench->time_ms, bench->result, seen, bench);
    progress_end(&bench->progress);
    if (!whole && bench->ctx->signal == 0)
        return fail(bench->ctx, ZOBO_ECONNECTIONLOSS, NULL, NULL);
    print_result(bench, load_op_names[op]);
    if (bench->result->failed == 0)
        return DONE;
    note(bench->ctx, "%s: %llu of %llu requests failed, the first with: %s", load_op_names[op],
         (unsigned long long)bench->result->failed, (unsigned long long)bench->result->n,
         zobo_err_text(bench->result->err));
    return PARTIAL;
}

static int
run_all(struct bench *bench)
{
    int code;
    struct load *load = load_open(bench->ctx, &bench->load, &code);
    if (load == NULL)
        return code;
    bench->result = need_memory(1, sizeof *bench->result);
    begin_results(bench);
    char name[16];
    for (const char *list = bench->ops;
         *list != '\0' && (code == DONE || code == PARTIAL) && bench->ctx->signal == 0;) {
        int one = run_op(bench, load, next_op(&list, name));
        code = one == DONE ? code : one;
    }
    if (bench->table != NULL)
        table_end(bench->table);
    free(bench->result);
    load_close(load);
    return code;
}

static int
make_root(const struct bench *bench)
{
    zobo_err err = zobo_create(bench->ctx->client, bench->load.root, "", 0, NULL, NULL);
    if (err == ZOBO_OK)
        return DONE;
    return fail(bench->ctx, err, bench->load.root,
                err == ZOBO_ENODEEXISTS ? "bench works below a node of its own, which must not be there yet" : NULL);
}

static int
remove_root(const struct bench *bench, int code)
{
    zobo_problem why = {0};
    zobo_err err = zobo_delete_recursive(bench->ctx->client, bench->load.root, &why);
    if (err == ZOBO_OK || err == ZOBO_ENONODE)
        return code;
    int failed = fail_why(bench->ctx, err, bench->load.root, &why, "its nodes may be left: `zobo rm -r` removes them");
    return code == DONE ? failed : code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct bench bench = {.ctx = ctx};
    int code = read_options(&bench, in);
    if (code != DONE)
        return code;
    if (ctx->dry_run) {
        note(ctx, "would run %s below %s; sessions: %u, requests in flight of each: %u", bench.ops, bench.load.root,
             bench.load.sessions, bench.load.in_flight);
        return DONE;
    }
    ctx->keep_trying = true;
    code = need_session(ctx);
    if (code == DONE)
        code = hold_begin(ctx);
    if (code == DONE)
        code = make_root(&bench);
    if (code == DONE)
        code = remove_root(&bench, run_all(&bench));
    hold_over(ctx);
    return code;
}

static const struct example examples[] = {
    {"zobo bench", "each kind of request, 10000 times, 64 in flight"},
    {"zobo bench --sessions 100 --in-flight 1 --time 10s --ops mix", "a hundred clients, nine reads to a write"},
    {"zobo bench --rate 5000 --ops get --time 30s", "the latency under a load of 5000 a second"},
    {"zobo bench --csv > bench.csv", "for a spreadsheet; -o json for a program"},
    {NULL, NULL}};

const struct command cmd_bench = {
    .name = "bench",
    .usage = "[PATH]",
    .summary = "measure throughput and latency",
    .about =
        "It works below PATH (/zobo-bench), which must not be there yet and is removed at the end. Latencies are in "
        "milliseconds. Without --rate each answer lets the next request go, so a server that stalls is asked less: "
        "only with --rate do the percentiles tell what users with a will of their own would see.",
    .examples = examples,
    .opts = opts,
    .max_words = 1,
    .formats = FORMATS_TABLE,
    .effect = MAKES_OWN_NODES,
    .run = run};
