/* SPDX-License-Identifier: Apache-2.0 */
/* quota get, set, rm: limits of subtrees, kept as zkCli keeps them: for /a there is /zookeeper/quota/a/zookeeper_limits,
 * which clients write, and beside it zookeeper_stats, which the server keeps up to date once it is there. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/table.h"
#include "frame/unchroot.h"

#define QUOTA_ROOT "/zookeeper/quota"
static const char limits_name[] = "/zookeeper_limits";
static const char stats_name[] = "/zookeeper_stats";

/* What both nodes hold; -1: no limit. */
struct limits {
    int64_t nodes, bytes, hard_nodes, hard_bytes;
};

static const struct limits no_limits = {-1, -1, -1, -1};

/* read_limits reads "count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=10" in any order, whatever else is there. */
static struct limits
read_limits(const char *text)
{
    struct limits limits = no_limits;
    const struct {
        const char *key;
        int64_t *n;
    } keys[] = {{"count=", &limits.nodes},
                {"bytes=", &limits.bytes},
                {"countHardLimit=", &limits.hard_nodes},
                {"byteHardLimit=", &limits.hard_bytes}};
    while (text != NULL && *text != '\0') {
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            if (strncmp(text, keys[i].key, strlen(keys[i].key)) == 0)
                *keys[i].n = strtoll(text + strlen(keys[i].key), NULL, 10);
        text += strcspn(text, ",;");
        text += strspn(text, ",;");
    }
    return limits;
}

static void
write_limits(const struct limits *limits, char *buf, size_t size)
{
    snprintf(buf, size, "count=%" PRId64 ",bytes=%" PRId64 "=;byteHardLimit=%" PRId64 ";countHardLimit=%" PRId64,
             limits->nodes, limits->bytes, limits->hard_bytes, limits->hard_nodes);
}

static char *
joined(const char *a, const char *b, const char *c)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = need_memory(size, 1);
    snprintf(text, size, "%s%s%s", a, b, c);
    return text;
}

/* fetch reads the limits or the stats of the subtree `path`. */
static zobo_err
fetch(struct ctx *ctx, const char *path, const char *name, struct limits *out)
{
    char *node = joined(QUOTA_ROOT, path, name);
    zobo_reply *reply = NULL;
    zobo_err err = zobo_get(ctx->client, node, NULL, &reply);
    *out = err == ZOBO_OK ? read_limits(reply->data) : no_limits;
    zobo_reply_free(reply);
    free(node);
    return err;
}

/* --- get ----------------------------------------------------------------------------------------------------------- */

static const struct column columns[] = {{"path", "PATH", CELL_TEXT},      {"nodes", "NODES", CELL_INT},
                                        {"nodes_soft", "SOFT", CELL_INT}, {"nodes_hard", "HARD", CELL_INT},
                                        {"bytes", "BYTES", CELL_INT},     {"bytes_soft", "SOFT", CELL_INT},
                                        {"bytes_hard", "HARD", CELL_INT}};

static void
put_limit(struct table *table, int64_t n)
{
    if (n >= 0)
        table_int(table, n);
    else
        table_none(table);
}

static void
put_quota(struct ctx *ctx, struct table *table, const char *path, const struct limits *limits)
{
    struct limits used;
    if (fetch(ctx, path, stats_name, &used) != ZOBO_OK)
        used = no_limits;
    table_text(table, path);
    put_limit(table, used.nodes);
    put_limit(table, limits->nodes);
    put_limit(table, limits->hard_nodes);
    put_limit(table, used.bytes);
    put_limit(table, limits->bytes);
    put_limit(table, limits->hard_bytes);
}

/* walk_quotas calls `found` for all subtrees below `path` ("" for all) that have a quota. */
static zobo_err
walk_quotas(struct ctx *ctx, const char *path, void (*found)(struct ctx *, void *, const char *), void *arg)
{
    char *node = joined(QUOTA_ROOT, path, "");
    zobo_reply *reply = NULL;
    zobo_err err = zobo_get_children(ctx->client, node, NULL, &reply);
    free(node);
    for (size_t i = 0; err == ZOBO_OK && i < reply->n_children; i++) {
        const char *name = reply->children[i];
        if (strcmp(name, limits_name + 1) == 0) {
            found(ctx, arg, path);
        } else if (strcmp(name, stats_name + 1) != 0) {
            char *below = joined(path, "/", name);
            err = walk_quotas(ctx, below, found, arg);
            free(below);
        }
    }
    zobo_reply_free(reply);
    return err == ZOBO_ENONODE ? ZOBO_OK : err; /* it went meanwhile */
}

static void
put_found(struct ctx *ctx, void *arg, const char *path)
{
    struct limits limits;
    if (path[0] != '\0' && fetch(ctx, path, limits_name, &limits) == ZOBO_OK)
        put_quota(ctx, arg, path, &limits);
}

/* get_quota prints the quota of `path`, NULL: all. */
static int
get_quota(struct ctx *ctx, const char *path)
{
    struct limits limits;
    int code = DONE;
    zobo_err err = path != NULL ? fetch(ctx, path, limits_name, &limits) : ZOBO_OK;
    if (err == ZOBO_ENONODE) {
        code = refuse(ctx, ANSWER_NO, "%s: it has no quota", path);
    } else if (err == ZOBO_OK) {
        struct table *table = table_new(ctx, columns, sizeof columns / sizeof columns[0]);
        if (path != NULL)
            put_quota(ctx, table, path, &limits);
        else
            err = walk_quotas(ctx, "", put_found, table);
        table_end(table);
    }
    if (err != ZOBO_OK && err != ZOBO_ENONODE)
        code = fail(ctx, err, path, NULL);
    return code;
}

static int
run_get(struct ctx *ctx, const struct args *in)
{
    char *path;
    struct ctx *use;
    int code = need_unchrooted(ctx, in->n > 0 ? in->words[0] : NULL, &path, &use);
    if (code == DONE && path != NULL && strcmp(path, "/") == 0)
        code = refuse(ctx, ANSWER_NO, "/: it can have no quota");
    else if (code == DONE)
        code = get_quota(use, path);
    end_unchrooted(ctx, path, use);
    return code;
}

static const struct alias get_aliases[] = {{"listquota", NO_OPT}, {NULL, NO_OPT}};
static const struct example get_examples[] = {{"zobo quota get -o table", "all quotas: what is used, and the limits"},
                                              {"zobo quota get /app -o json", "one; exit code 1 if there is none"},
                                              {NULL, NULL}};
static const struct exit_text get_exits[] = {{"1", "PATH has no quota"}, {NULL, NULL}};

const struct command cmd_quota_get = {
    .name = "quota get",
    .aliases = get_aliases,
    .usage = "[PATH]",
    .summary = "print quotas: what is used of them, soft and hard limits",
    .about =
        "Nodes and bytes that are used, each with its soft and its hard limit; the node of PATH itself counts. Paths "
        "are printed as the server knows them, the chroot included. The nodes are zkCli's, below /zookeeper/quota.",
    .examples = get_examples,
    .exits = get_exits,
    .max_words = 1,
    .pages = true,
    .formats = FORMATS_TABLE,
    .run = run_get};

/* --- set ----------------------------------------------------------------------------------------------------------- */

enum { O_NODES, O_BYTES, O_HARD_NODES, O_HARD_BYTES, O_DRY_RUN };

static const struct opt set_opts[] = {
    [O_NODES] = {'n', "nodes", OPT_NUMBER, "N", "so many nodes; a warning in the server's log when there are more"},
    [O_BYTES] = {'b', "bytes", OPT_SIZE, "SIZE", "so many bytes of data; a warning"},
    [O_HARD_NODES] = {'N', "hard-nodes", OPT_NUMBER, "N", "more are refused, where the server has enforceQuota"},
    [O_HARD_BYTES] = {'B', "hard-bytes", OPT_SIZE, "SIZE", "more are refused, where the server has enforceQuota"},
    [O_DRY_RUN] = {0, "dry-run", OPT_FLAG, NULL, "print the limits that would be set, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

struct nearest {
    const char *path;
    char *found;
};

static void
note_other(struct ctx *ctx, void *arg, const char *path)
{
    struct nearest *nearest = arg;
    (void)ctx;
    if (nearest->found == NULL && strcmp(path, nearest->path) != 0)
        nearest->found = need_copy(path);
}

/* need_only refuses a quota above or below another, which would not count: the server looks for the nearest only. */
static int
need_only(struct ctx *ctx, const char *path)
{
    for (size_t len = strlen(path); len > 0; len--) {
        if (path[len] != '/')
            continue;
        char *above = need_copy(path);
        above[len] = '\0';
        struct limits limits;
        zobo_err err = fetch(ctx, above, limits_name, &limits);
        int code = err == ZOBO_OK        ? refuse(ctx, CONFLICT, "%s: %s above it has a quota", path, above)
                   : err != ZOBO_ENONODE ? fail(ctx, err, above, NULL)
                                         : DONE;
        free(above);
        if (code != DONE)
            return code;
    }
    struct nearest nearest = {.path = path};
    zobo_err err = walk_quotas(ctx, path, note_other, &nearest);
    int code = err != ZOBO_OK          ? fail(ctx, err, path, NULL)
               : nearest.found != NULL ? refuse(ctx, CONFLICT, "%s: %s below it has a quota", path, nearest.found)
                                       : DONE;
    free(nearest.found);
    return code;
}

/* put_limits makes or replaces the node of limits, and makes that of the stats. */
static zobo_err
put_limits(struct ctx *ctx, const char *path, const struct limits *limits)
{
    char text[160];
    write_limits(limits, text, sizeof text);
    char *node = joined(QUOTA_ROOT, path, limits_name), *stats = joined(QUOTA_ROOT, path, stats_name);
    zobo_acl everybody = {
        .perms = ZOBO_PERM_ALL, .scheme = "world", .id = "anyone"}; /* as zkCli's: servers write too */
    zobo_acl_list acl = {.items = &everybody, .n = 1};
    zobo_create_options options = {.size = sizeof options, .acl = &acl, .makepath = true};
    zobo_err err = zobo_set(ctx->client, node, text, strlen(text), -1, NULL);
    if (err == ZOBO_ENONODE) {
        err = zobo_create(ctx->client, node, text, strlen(text), &options, NULL);
        if (err == ZOBO_OK)
            err = zobo_create(ctx->client, stats, "count=0,bytes=0", 15, &options, NULL);
        if (err == ZOBO_ENODEEXISTS)
            err = ZOBO_OK;
    }
    free(node);
    free(stats);
    return err;
}

/* need_subtree refuses what can have no quota. */
static int
need_subtree(struct ctx *ctx, const char *path)
{
    if (strcmp(path, "/") == 0 || strcmp(path, "/zookeeper") == 0 || strncmp(path, "/zookeeper/", 11) == 0)
        return refuse(ctx, BAD_USAGE, "%s: it can have no quota", path);
    return DONE;
}

static int
set_quota(struct ctx *ctx, const struct args *in, const char *path)
{
    int code = need_subtree(ctx, path);
    if (code != DONE)
        return code;
    zobo_err err = zobo_exists(ctx->client, path, NULL, NULL);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    if ((code = need_only(ctx, path)) != DONE)
        return code;
    struct limits limits;
    err = fetch(ctx, path, limits_name, &limits);
    if (err != ZOBO_OK && err != ZOBO_ENONODE)
        return fail(ctx, err, path, NULL);
    int64_t *const fields[] = {&limits.nodes, &limits.bytes, &limits.hard_nodes, &limits.hard_bytes};
    for (size_t i = 0; i < 4; i++)
        if (in->opt[O_NODES + i].given)
            *fields[i] = in->opt[O_NODES + i].n;
    if (!ctx->dry_run) {
        err = put_limits(ctx, path, &limits);
        return err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
    }
    struct table *table = table_new(ctx, columns, sizeof columns / sizeof columns[0]);
    put_quota(ctx, table, path, &limits);
    table_end(table);
    return DONE;
}

static int
run_set(struct ctx *ctx, const struct args *in)
{
    bool any = false;
    for (size_t i = O_NODES; i <= O_HARD_BYTES; i++)
        any = any || in->opt[i].given;
    if (!any)
        return fail_usage(ctx, "which limit? -n and -b are soft, -N and -B hard");
    char *path;
    struct ctx *use;
    int code = need_unchrooted(ctx, in->words[0], &path, &use);
    if (code == DONE)
        code = set_quota(use, in, path);
    end_unchrooted(ctx, path, use);
    return code;
}

static const struct alias set_aliases[] = {{"setquota", NO_OPT}, {NULL, NO_OPT}};
static const struct example set_examples[] = {
    {"zobo quota set -n 10000 -b 64m /app", "a warning in the server's log beyond that"},
    {"zobo quota set -N 12000 /app", "a hard limit beside it: creates fail with QuotaExceeded"},
    {NULL, NULL}};
static const struct exit_text set_exits[] = {{"5", "a node above or below PATH has a quota"}, {NULL, NULL}};

const struct command cmd_quota_set = {
    .name = "quota set",
    .aliases = set_aliases,
    .usage = "PATH",
    .summary = "limit how many nodes and bytes a subtree may have",
    .about = "Limits that are not named stay as they are. Hard limits hold only where the server has "
             "enforceQuota=true; without it they are warned of, as soft ones are. Of nested quotas the server would "
             "heed one only, so that they are refused, as zkCli refuses them.",
    .examples = set_examples,
    .opts = set_opts,
    .exits = set_exits,
    .min_words = 1,
    .max_words = 1,
    .effect = CHANGES,
    .formats = FORMATS_TABLE,
    .run = run_set};

/* --- rm ------------------------------------------------------------------------------------------------------------ */

static const struct opt rm_opts[] = {
    [O_NODES] = {'n', "nodes", OPT_FLAG, NULL, "only the soft limit of nodes"},
    [O_BYTES] = {'b', "bytes", OPT_FLAG, NULL, "only the soft limit of bytes"},
    [O_HARD_NODES] = {'N', "hard-nodes", OPT_FLAG, NULL, "only the hard limit of nodes"},
    [O_HARD_BYTES] = {'B', "hard-bytes", OPT_FLAG, NULL, "only the hard limit of bytes"},
    [O_DRY_RUN] = {0, "dry-run", OPT_FLAG, NULL, "check that it could be done, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* remove_nodes removes both nodes, and those above that hold nothing any more. */
static zobo_err
remove_nodes(struct ctx *ctx, const char *path)
{
    char *limits = joined(QUOTA_ROOT, path, limits_name), *stats = joined(QUOTA_ROOT, path, stats_name);
    zobo_err err = zobo_delete(ctx->client, limits, -1);
    zobo_err also = zobo_delete(ctx->client, stats, -1);
    if (err == ZOBO_OK && also != ZOBO_ENONODE)
        err = also;
    free(stats);
    free(limits);
    char *node = joined(QUOTA_ROOT, path, "");
    for (size_t len = strlen(node); err == ZOBO_OK && len > sizeof QUOTA_ROOT - 1; len--) {
        if (node[len] != '/' && node[len] != '\0')
            continue;
        node[len] = '\0';
        zobo_err gone = zobo_delete(ctx->client, node, -1);
        if (gone == ZOBO_ENOTEMPTY)
            break;
        err = gone == ZOBO_ENONODE ? ZOBO_OK : gone;
    }
    free(node);
    return err;
}

static int
remove_quota(struct ctx *ctx, const struct args *in, const char *path)
{
    struct limits limits;
    zobo_err err = fetch(ctx, path, limits_name, &limits);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, err == ZOBO_ENONODE ? "it has no quota" : NULL);
    int64_t *const fields[] = {&limits.nodes, &limits.bytes, &limits.hard_nodes, &limits.hard_bytes};
    bool some = false;
    for (size_t i = 0; i < 4; i++)
        if (in->opt[O_NODES + i].given) {
            some = true;
            *fields[i] = -1;
        }
    if (ctx->dry_run) {
        note(ctx, "would remove %s", some ? "limits" : "the quota");
        return DONE;
    }
    err = some ? put_limits(ctx, path, &limits) : remove_nodes(ctx, path);
    return err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
}

static int
run_rm(struct ctx *ctx, const struct args *in)
{
    char *path;
    struct ctx *use;
    int code = need_unchrooted(ctx, in->words[0], &path, &use);
    if (code == DONE)
        code = need_subtree(use, path);
    if (code == DONE)
        code = remove_quota(use, in, path);
    end_unchrooted(ctx, path, use);
    return code;
}

static const struct alias rm_aliases[] = {{"delquota", NO_OPT}, {NULL, NO_OPT}};
static const struct example rm_examples[] = {{"zobo quota rm /app", "no limits any more"},
                                             {"zobo quota rm -N /app", "no hard limit of nodes any more"},
                                             {NULL, NULL}};

const struct command cmd_quota_rm = {.name = "quota rm",
                                     .aliases = rm_aliases,
                                     .usage = "PATH",
                                     .summary = "take a subtree's quota away",
                                     .about = "Its nodes below /zookeeper/quota go, or with -n, -b, -N or -B single "
                                              "limits. The subtree itself is not touched.",
                                     .examples = rm_examples,
                                     .opts = rm_opts,
                                     .min_words = 1,
                                     .max_words = 1,
                                     .effect = CHANGES,
                                     .formats = FORMATS_ONE,
                                     .run = run_rm};
