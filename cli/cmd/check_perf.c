/* SPDX-License-Identifier: Apache-2.0 */
/* check perf: are the servers fast enough for a load of so many writes a second? As `etcdctl check perf`. */
#include <zobo/extend.h>

#include <stdlib.h>
#include <string.h>

#include "ensemble/verdict.h"
#include "frame/command.h"
#include "frame/hold.h"
#include "frame/progress.h"
#include "load/load.h"

enum { O_TIME, O_BELOW };

static const struct opt opts[] = {
    [O_TIME] = {'t', "time", OPT_DURATION, "TIME", "how long to write (60s)"},
    [O_BELOW] = {0, "below", OPT_TEXT, "PATH", "make the nodes below PATH, which must be there (/)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* etcdctl's loads, and what it calls well. */
static const struct {
    const char *name;
    uint64_t rate; /* writes a second */
    uint32_t sessions;
} loads[] = {{"s", 150, 50}, {"m", 1000, 200}, {"l", 8000, 500}, {"xl", 15000, 1000}};
enum { N_LOADS = sizeof loads / sizeof loads[0] };
enum { USUAL_MS = 60000, KEYS = 1000, DATA_SIZE = 256, RATE_PERCENT = 90, MAX_MS = 500, P99_MS = 250 };

static void
seen(void *arg, const struct load_result *so_far)
{
    progress_at(arg, so_far->n);
}

static void
judge(struct verdicts *verdicts, const struct load_result *r, uint64_t rate)
{
    double reached = r->seconds > 0 ? (double)(r->n - r->failed) / r->seconds : 0;
    double max = hist_at(&r->hist, 100), p99 = hist_at(&r->hist, 99);
    tell_verdict(verdicts, reached * 100 >= (double)rate * RATE_PERCENT ? PASS : FAIL, "throughput",
                 "%.0f of %llu writes a second; %d %% are well", reached, (unsigned long long)rate, RATE_PERCENT);
    tell_verdict(verdicts, max <= MAX_MS ? PASS : FAIL, "slowest", "%.1f ms; up to %d are well", max, MAX_MS);
    tell_verdict(verdicts, p99 <= P99_MS ? PASS : FAIL, "99 of 100", "within %.1f ms; up to %d are well", p99, P99_MS);
    if (r->failed > 0)
        tell_verdict(verdicts, FAIL, "errors", "%llu of %llu writes failed, the first with: %s",
                     (unsigned long long)r->failed, (unsigned long long)r->n, zobo_err_text(r->err));
    else
        tell_verdict(verdicts, PASS, "errors", "none in %llu writes", (unsigned long long)r->n);
}

static int
write_on(struct ctx *ctx, const struct load_options *options, uint64_t time_ms)
{
    int code = DONE;
    struct load *load = load_open(ctx, options, &code);
    if (load == NULL)
        return code;
    struct load_result *result = need_memory(1, sizeof *result);
    struct progress progress;
    progress_begin(&progress, ctx, "writing", "requests", options->rate * time_ms / 1000);
    bool whole = load_run(load, LOAD_CREATE, KEYS, 0, result, NULL, NULL) &&
                 load_run(load, LOAD_SET, 0, time_ms, result, seen, &progress);
    progress_end(&progress);
    if (whole) {
        struct verdicts verdicts;
        verdicts_begin(&verdicts, ctx);
        judge(&verdicts, result, options->rate);
        code = verdicts_end(&verdicts);
    } else if (ctx->signal == 0) {
        code = fail(ctx, ZOBO_ECONNECTIONLOSS, NULL, NULL);
    }
    free(result);
    load_close(load);
    return code;
}

static int
run_below(struct ctx *ctx, const char *root, size_t which, uint64_t time_ms)
{
    zobo_create_options container = {.size = sizeof container, .container = true};
    zobo_err err = zobo_create(ctx->client, root, "", 0, &container, NULL);
    if (err == ZOBO_EUNIMPLEMENTED)
        err = zobo_create(ctx->client, root, "", 0, NULL, NULL); /* before 3.5.1 */
    if (err != ZOBO_OK)
        return fail(ctx, err, root, NULL);
    struct load_options options = {.root = root,
                                   .sessions = loads[which].sessions,
                                   .in_flight = 64, /* more than the rate can need while all is well */
                                   .rate = loads[which].rate,
                                   .size = DATA_SIZE};
    int code = write_on(ctx, &options, time_ms);
    zobo_problem why = {0};
    err = zobo_delete_recursive(ctx->client, root, &why);
    if (err == ZOBO_OK || err == ZOBO_ENONODE)
        return code;
    int failed = fail_why(ctx, err, root, &why, "its nodes may be left: `zobo rm -r` removes them");
    return code == DONE ? failed : code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const char *below = in->opt[O_BELOW].given ? in->opt[O_BELOW].text : "/";
    size_t which = 0;
    while (in->n > 0 && which < N_LOADS && strcmp(loads[which].name, in->words[0]) != 0)
        which++;
    if (which == N_LOADS)
        return fail_usage(ctx, "%s: loads are s, m, l and xl", in->words[0]);
    int code = need_path(ctx, below, false);
    if (code != DONE)
        return code;
    ctx->keep_trying = true;
    code = need_session(ctx);
    if (code == DONE)
        code = hold_begin(ctx);
    if (code != DONE)
        return code;
    char uuid[33];
    zobo_uuid(ctx->client, uuid);
    size_t size = strlen(below) + 40;
    char *root = need_memory(size, 1);
    snprintf(root, size, "%s/zobo-perf-%.16s", strcmp(below, "/") == 0 ? "" : below, uuid);
    code = run_below(ctx, root, which, in->opt[O_TIME].given ? (uint64_t)in->opt[O_TIME].n : USUAL_MS);
    free(root);
    hold_over(ctx);
    return code;
}

static const struct example examples[] = {
    {"zobo -H zk1,zk2,zk3 check perf", "150 writes a second from 50 sessions, for a minute"},
    {"zobo check perf m -t 10s", "1000 a second from 200 sessions, for ten seconds"},
    {NULL, NULL}};
static const struct exit_text exits[] = {{"1", "a test has failed"}, {NULL, NULL}};

const struct command cmd_check_perf = {
    .name = "check perf",
    .usage = "[s|m|l|xl]",
    .summary = "check that the servers are fast enough for a load",
    .about =
        "Writes 256 bytes at a time to 1000 nodes of its own: s is 150 writes a second from 50 sessions (the load "
        "without a word), m 1000 from 200, l 8000 from 500, xl 15000 from 1000. It is passed when 90 per cent of them "
        "are reached, the slowest takes no more than 0.5 s, 99 of 100 no more than 0.25 s, and none fails. A latency "
        "begins when a write was due. The loads are real: others that use the servers feel them.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .max_words = 1,
    .effect = MAKES_OWN_NODES,
    .formats = FORMATS_TABLE,
    .run = run};
