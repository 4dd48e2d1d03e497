/* SPDX-License-Identifier: Apache-2.0 */
/* latency: how long one request takes, again and again. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "frame/clock.h"
#include "frame/command.h"
#include "frame/hold.h"
#include "frame/json.h"
#include "frame/out.h"
#include "load/hist.h"

enum { O_HISTORY, O_DIST, O_EVERY, O_COUNT, O_TIME };
enum { REDRAW_MS = 100, BAR = 50 };

static const struct opt opts[] = {
    [O_HISTORY] = {0, "history", OPT_DURATION, "TIME", "a line for every TIME, until interrupted"},
    [O_DIST] = {0, "dist", OPT_FLAG, NULL, "the distribution, at the end"},
    [O_EVERY] = {'i', "interval", OPT_DURATION, "TIME", "between two requests (10ms)"},
    [O_COUNT] = {'n', "count", OPT_COUNT, "N", "so many requests (without end on a terminal, else 100)"},
    [O_TIME] = {'t', "time", OPT_DURATION, "TIME", "so long"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

struct latency {
    struct ctx *ctx;
    const char *path;
    const struct args *in;
    uint64_t every_ms;
    struct hist *all, *part; /* of the whole run, of one line of the history */
    bool drawn;
};

static void
print_line(const struct latency *l, const struct hist *hist)
{
    if (l->ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_int(&json, "samples", (int64_t)hist->n);
        json_decimal(&json, "min_ms", hist_at(hist, 0));
        json_decimal(&json, "mean_ms", hist_mean(hist));
        json_decimal(&json, "p50_ms", hist_at(hist, 50));
        json_decimal(&json, "p99_ms", hist_at(hist, 99));
        json_decimal(&json, "max_ms", hist_at(hist, 100));
        end_json(&json);
    } else {
        printf("%smin %.3f, mean %.3f, p50 %.3f, p99 %.3f, max %.3f ms (%llu samples)%s", l->drawn ? "\r" : "",
               hist_at(hist, 0), hist_mean(hist), hist_at(hist, 50), hist_at(hist, 99), hist_at(hist, 100),
               (unsigned long long)hist->n, l->drawn ? "\033[K" : "");
    }
}

static void
end_line(const struct latency *l)
{
    if (l->ctx->format != FORMAT_JSON)
        putchar('\n');
    fflush(stdout);
}

/* print_dist prints a bar for each power of two of microseconds. */
static void
print_dist(const struct hist *hist)
{
    uint64_t most = 1, sums[64] = {0};
    for (size_t b = 0; b < HIST_BUCKETS; b++) {
        size_t power = b >> HIST_FINE_BITS;
        sums[power < 64 ? power : 63] += hist->counts[b];
    }
    for (size_t p = 0; p < 64; p++)
        most = sums[p] > most ? sums[p] : most;
    for (size_t p = 0; p < 64; p++) {
        if (sums[p] == 0)
            continue;
        double up_to = (double)(UINT64_C(1) << (p + HIST_FINE_BITS)) / 1e6;
        int bar = (int)(sums[p] * BAR / most);
        printf("%10.3f ms %10llu %.*s\n", up_to, (unsigned long long)sums[p], bar > 0 ? bar : 1,
               "##################################################");
    }
}

/* is_live tells whether one line is written over and over: on a terminal, without a history. */
static bool
is_live(const struct latency *l)
{
    return l->ctx->out_is_tty && l->ctx->format == FORMAT_TEXT && !l->in->opt[O_HISTORY].given;
}

static zobo_err
sample(struct latency *l)
{
    zobo_stat stat;
    uint64_t began = now_ns();
    zobo_err err = zobo_exists(l->ctx->client, l->path, NULL, &stat);
    if (err != ZOBO_OK && err != ZOBO_ENONODE)
        return err;
    uint64_t took = now_ns() - began;
    hist_add(l->all, took);
    hist_add(l->part, took);
    return ZOBO_OK;
}

/* Whether to go on after another sample. */
static bool
goes_on(const struct latency *l, uint64_t began_ms)
{
    const struct opt_value *opt = l->in->opt;
    bool endless = opt[O_HISTORY].given || (l->ctx->out_is_tty && l->ctx->format == FORMAT_TEXT);
    if (opt[O_TIME].given && now_ms() - began_ms >= (uint64_t)opt[O_TIME].n)
        return false;
    uint64_t count = opt[O_COUNT].given ? (uint64_t)opt[O_COUNT].n : opt[O_TIME].given || endless ? UINT64_MAX : 100;
    return l->all->n < count;
}

/* tell prints what is due: a line of the history, or the live line again. */
static void
tell(struct latency *l, uint64_t *told_ms)
{
    uint64_t now = now_ms();
    const struct opt_value *history = &l->in->opt[O_HISTORY];
    if (history->given && now - *told_ms >= (uint64_t)history->n) {
        print_line(l, l->part);
        end_line(l);
        hist_clear(l->part);
        *told_ms = now;
    } else if (is_live(l) && now - *told_ms >= REDRAW_MS) {
        l->drawn = true;
        print_line(l, l->all);
        fflush(stdout);
        *told_ms = now;
    }
}

static int
measure(struct latency *l)
{
    uint64_t began = now_ms(), told = began;
    enum hold_end end = HOLD_GOES_ON;
    while (goes_on(l, began) && (end == HOLD_GOES_ON || end == HOLD_TIME_UP)) {
        uint64_t next = now_ms() + l->every_ms;
        zobo_err err = sample(l);
        if (err != ZOBO_OK && zobo_get_state(l->ctx->client) == ZOBO_LOST)
            return fail(l->ctx, err, l->path, NULL);
        tell(l, &told);
        do
            end = hold_turn(l->ctx, next);
        while (end == HOLD_GOES_ON);
    }
    if (!l->in->opt[O_HISTORY].given || l->part->n > 0) {
        print_line(l, l->in->opt[O_HISTORY].given ? l->part : l->all);
        end_line(l);
    }
    if (l->in->opt[O_DIST].given)
        print_dist(l->all);
    if (l->ctx->signal == SIGINT && l->all->n > 0)
        l->ctx->signal = 0; /* it was meant to be ended so */
    return end == HOLD_BROKEN ? FAILED : DONE;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct latency l = {.ctx = ctx, .in = in, .path = in->n > 0 ? in->words[0] : "/"};
    l.every_ms = in->opt[O_EVERY].given ? (uint64_t)in->opt[O_EVERY].n : 10;
    if (in->opt[O_DIST].given && ctx->format != FORMAT_TEXT)
        return fail_usage(ctx, "--dist draws bars: text only");
    int code = need_path(ctx, l.path, false);
    ctx->keep_trying = true;
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = hold_begin(ctx);
    if (code != DONE)
        return code;
    l.all = need_memory(1, sizeof *l.all);
    l.part = need_memory(1, sizeof *l.part);
    code = measure(&l);
    hold_over(ctx);
    free(l.all);
    free(l.part);
    return code;
}

static const struct example examples[] = {
    {"zobo latency", "a line that is written over, until Ctrl-C"},
    {"zobo latency --history 15s", "a line every fifteen seconds"},
    {"zobo latency --time 10s --dist", "ten seconds, and how they are distributed"},
    {"zobo latency -o json | jq .p99_ms", "a hundred samples, for a program"},
    {NULL, NULL}};

const struct command cmd_latency = {
    .name = "latency",
    .usage = "[PATH]",
    .summary = "measure how long one request takes",
    .about = "Each sample asks whether PATH (/) is there: one request to the server in use and its answer, which that "
             "server gives by itself. What writes take, `zobo bench --ops set --in-flight 1` tells.",
    .examples = examples,
    .opts = opts,
    .max_words = 1,
    .formats = FORMATS_ONE,
    .run = run};
