/* SPDX-License-Identifier: Apache-2.0 */
/* zobo snapshot export, import, backup: the embedded server's data, and Apache ZooKeeper's. No server is asked. */
#include <time.h>
#include <unistd.h>

#include <zobo/snapshot.h>

#include "frame/clock.h"
#include "frame/command.h"
#include "frame/out.h"

/* Work that takes longer than a second shows on a terminal how far it is. */
struct progress {
    const struct ctx *ctx;
    bool on_terminal;
    bool shown;
    time_t began, last;
};

static time_t
seconds(void)
{
    return (time_t)(now_ms() / 1000);
}

static void
show_progress(void *arg, uint64_t done, uint64_t total)
{
    struct progress *p = arg;
    time_t now = seconds();
    if (!p->on_terminal || now == p->last || now - p->began < 1)
        return;
    p->last = now;
    p->shown = true;
    if (total > 0)
        fprintf(stderr, "\r%llu of %llu nodes", (unsigned long long)done, (unsigned long long)total);
    else
        fprintf(stderr, "\r%llu nodes", (unsigned long long)done);
}

static void
show_log(void *arg, zobo_log_level level, const char *line)
{
    const struct progress *p = arg;
    if (level <= ZOBO_LOG_WARN)
        note(p->ctx, "%s", line);
}

static struct progress
begin(const struct ctx *ctx)
{
    struct progress p = {.ctx = ctx, .on_terminal = !ctx->quiet && isatty(STDERR_FILENO) == 1, .began = seconds()};
    return p;
}

static zobo_snapshot_options
options_for(struct progress *p)
{
    return (zobo_snapshot_options){.size = sizeof(zobo_snapshot_options),
                                   .progress = show_progress,
                                   .progress_arg = p,
                                   .log = show_log,
                                   .log_arg = p};
}

static int
tell(const struct ctx *ctx, const struct progress *p, zobo_err err, const zobo_problem *why,
     const zobo_snapshot_result *result)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    if (err != ZOBO_OK)
        return fail_why(ctx, err, NULL, why, NULL);
    if (ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_int(&json, "nodes", (int64_t)result->nodes);
        json_int(&json, "sessions", (int64_t)result->sessions);
        json_int(&json, "ephemerals", (int64_t)result->ephemerals);
        json_int(&json, "ttl_nodes", (int64_t)result->ttl_nodes);
        json_int(&json, "transactions", (int64_t)result->transactions);
        json_int(&json, "zxid", result->zxid);
        end_json(&json);
    } else {
        note(ctx, "%llu nodes, %llu sessions with %llu ephemerals, zxid 0x%llx", (unsigned long long)result->nodes,
             (unsigned long long)result->sessions, (unsigned long long)result->ephemerals,
             (unsigned long long)result->zxid);
    }
    return DONE;
}

static int
run_export(struct ctx *ctx, const struct args *in)
{
    zobo_snapshot_result result = {.size = sizeof result};
    zobo_problem why;
    struct progress p = begin(ctx);
    zobo_snapshot_options options = options_for(&p);
    zobo_err err = zobo_snapshot_export(in->words[0], in->words[1], &options, &result, &why);
    return tell(ctx, &p, err, &why, &result);
}

static const struct example export_examples[] = {
    {"zobo snapshot export ~/.local/state/zobo zk1", "then start Apache ZooKeeper with dataDir=zk1"}, {NULL, NULL}};

const struct command cmd_snapshot_export = {
    .name = "snapshot export",
    .usage = "DIR OUT",
    .summary = "write a server's data as Apache ZooKeeper's snapshot",
    .about = "DIR is the data directory of zobo serve, which may go on meanwhile; OUT becomes a dataDir for Apache "
             "ZooKeeper: the snapshot is written to OUT/version-2. Nodes, ACLs, stats, sequence counters and sessions "
             "are kept; no client can resume its session there.",
    .examples = export_examples,
    .min_words = 2,
    .max_words = 2,
    .formats = FORMATS_ONE,
    .run = run_export};

enum { OPT_LOGS };
static const struct opt import_opts[] = {
    [OPT_LOGS] = {0, "logs", OPT_TEXT, "DIR", "where the transaction logs lie, if not in FROM (dataLogDir)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static int
run_import(struct ctx *ctx, const struct args *in)
{
    zobo_snapshot_result result = {.size = sizeof result};
    zobo_problem why;
    struct progress p = begin(ctx);
    zobo_snapshot_options options = options_for(&p);
    zobo_err err = zobo_snapshot_import(in->words[0], in->opt[OPT_LOGS].text, in->words[1], &options, &result, &why);
    return tell(ctx, &p, err, &why, &result);
}

static const struct example import_examples[] = {
    {"zobo snapshot import /var/lib/zookeeper zk && zobo serve --data zk", "an ensemble's data on a laptop"},
    {NULL, NULL}};

const struct command cmd_snapshot_import = {
    .name = "snapshot import",
    .usage = "FROM DIR",
    .summary = "make a server's data from Apache ZooKeeper's",
    .about = "FROM is a dataDir of Apache ZooKeeper, stopped or copied: its newest whole snapshot is read, then the "
             "transactions logged since. DIR must be new. Clients can resume their sessions.",
    .examples = import_examples,
    .opts = import_opts,
    .min_words = 2,
    .max_words = 2,
    .formats = FORMATS_ONE,
    .run = run_import};

static int
run_backup(struct ctx *ctx, const struct args *in)
{
    zobo_snapshot_result result = {.size = sizeof result};
    zobo_problem why;
    struct progress p = begin(ctx);
    zobo_err err = zobo_snapshot_backup(in->words[0], in->words[1], &result, &why);
    return tell(ctx, &p, err, &why, &result);
}

static const struct example backup_examples[] = {
    {"zobo snapshot backup ~/.local/state/zobo /backup/zobo-$(date +%F)", "while the server runs"}, {NULL, NULL}};

const struct command cmd_snapshot_backup = {.name = "snapshot backup",
                                            .usage = "DIR OUT",
                                            .summary = "copy a server's data as it is at one moment",
                                            .about = "The server may go on meanwhile. OUT must be new; a server can be "
                                                     "started on it.",
                                            .examples = backup_examples,
                                            .min_words = 2,
                                            .max_words = 2,
                                            .formats = FORMATS_ONE,
                                            .run = run_backup};
