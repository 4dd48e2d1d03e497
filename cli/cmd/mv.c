/* SPDX-License-Identifier: Apache-2.0 */
/* mv is one transaction that makes the nodes anew and removes the old ones, each only if it still has the version that
 * was read: so nothing is lost that others write meanwhile. What is too large for that is copied and then removed, if
 * the user wants that. */
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/out.h"
#include "tree/copy.h"
#include "tree/own.h"
#include "tree/scan.h"
#include "tree/writer.h"

enum { O_NON_ATOMIC, O_DRY_RUN };

static const struct opt opts[] = {
    [O_NON_ATOMIC] = {0, "non-atomic", OPT_FLAG, NULL, "if it is too large for one transaction, copy and then remove"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "check that it could be done, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

enum {
    NODES_MAX = 4096,
    BYTES_MAX = 1000 * 1000, /* of a request, whose limit is 1 MiB unless the servers have another */
    BYTES_PER_NODE = 60      /* beside data, paths and ACL */
};

struct node {
    char *from, *to;
    int32_t version;
};

struct move {
    struct ctx *ctx;
    const char *from, *to;
    zobo_transaction *transaction;
    struct node *nodes;
    size_t n, bytes;
    bool too_large;
    uint64_t moved;
};

static size_t
bytes_of(const struct scan_node *node, size_t to_len)
{
    size_t bytes = BYTES_PER_NODE + node->data_len + strlen(node->path) + to_len;
    for (size_t i = 0; i < node->n_acls; i++)
        bytes += 12 + strlen(node->acls[i].scheme) + strlen(node->acls[i].id);
    return bytes;
}

static int
add_node(struct move *move, const struct scan_node *node)
{
    if (node_kind(node->stat) == NODE_EPHEMERAL)
        return refuse(move->ctx, FAILED, "%s: it is ephemeral, its session's own; nothing was moved", node->path);
    if (!acl_is_whole(node->acls, node->n_acls))
        return fail(move->ctx, ZOBO_ENOAUTH, node->path, "its ACL may not be read whole, for want of the permission a");
    char *to = path_below(move->to, move->from, node->path);
    move->bytes += bytes_of(node, strlen(to));
    move->too_large = move->n == NODES_MAX || move->bytes > BYTES_MAX;
    zobo_acl_list acl = {.items = node->acls, .n = node->n_acls};
    zobo_create_options options = {.acl = &acl, .container = node_kind(node->stat) == NODE_CONTAINER};
    zobo_err err = ZOBO_OK;
    if (!move->too_large)
        err = zobo_transaction_create(move->transaction, to, node->data, node->data_len, &options);
    if (move->too_large || err != ZOBO_OK) {
        int code = err == ZOBO_OK ? DONE : fail(move->ctx, err, to, NULL);
        free(to);
        return code;
    }
    move->nodes = need_more(move->nodes, move->n + 1, sizeof *move->nodes);
    move->nodes[move->n++] = (struct node){.from = need_copy(node->path), .to = to, .version = node->stat->version};
    return DONE;
}

/* read_source puts the transaction together, as far as it goes. */
static int
read_source(struct move *move)
{
    zobo_err err = zobo_transaction_new(move->ctx->client, &move->transaction);
    if (err != ZOBO_OK)
        return fail(move->ctx, err, NULL, NULL);
    struct scan_options reading = {.depth = UINT32_MAX, .what = SCAN_DATA | SCAN_ACL};
    struct scan *scan = scan_open(move->ctx, move->from, &reading);
    struct scan_node node;
    int code = DONE;
    while (code == DONE && !move->too_large && scan_next(scan, &node))
        if (node.err == ZOBO_OK)
            code = add_node(move, &node);
    int read = scan_close(scan);
    code = code != DONE ? code : read;
    for (size_t i = move->n; i-- > 0 && err == ZOBO_OK;)
        err = zobo_transaction_delete(move->transaction, move->nodes[i].from, move->nodes[i].version);
    return code == DONE && err != ZOBO_OK ? fail(move->ctx, err, NULL, NULL) : code;
}

/* tell_failure tells which operation failed: the first n make, the others remove from the last one on. */
static int
tell_failure(const struct move *move, zobo_err err, const zobo_reply *reply)
{
    for (size_t i = 0; reply != NULL && i < reply->n_results && i < 2 * move->n; i++) {
        zobo_err one = reply->results[i].err;
        if (one == ZOBO_OK || one == ZOBO_EROLLEDBACK || one == ZOBO_ERUNTIMEINCONSISTENCY)
            continue;
        if (i < move->n)
            return fail(move->ctx, one, move->nodes[i].to, "nothing was moved");
        return fail(move->ctx, one, move->nodes[2 * move->n - 1 - i].from,
                    "somebody was at it just now; nothing was moved");
    }
    return fail(move->ctx, err, move->from,
                zobo_err_class(err) == ZOBO_CLASS_UNKNOWN ? "either all of it was moved or nothing: look" : NULL);
}

static int
commit(const struct move *move)
{
    zobo_reply *reply = NULL;
    zobo_err err = zobo_transaction_commit(move->transaction, &reply);
    int code = err == ZOBO_OK ? DONE : tell_failure(move, err, reply);
    zobo_reply_free(reply);
    return code;
}

/* --- what is too large -------------------------------------------------------------------------------------------- */

struct removal {
    uint64_t removed, left;
};

static bool
on_removal(void *arg, const char *path, zobo_err err, const zobo_reply *reply, void *tag)
{
    struct removal *removal = arg;
    (void)path;
    (void)reply;
    (void)tag;
    removal->removed += err == ZOBO_OK;
    bool stays = err == ZOBO_ENOTEMPTY || err == ZOBO_EBADVERSION;
    removal->left += stays;
    return stays || err == ZOBO_ENONODE;
}

/* remove_source removes what has been copied; what was made or changed since the copy began stays. */
static int
remove_source(struct move *move, int64_t zxid, uint64_t total)
{
    struct removal removal = {0};
    struct scan_options reading = {.depth = UINT32_MAX, .leave = true};
    struct writer_options writing = {.outcome = on_removal, .arg = &removal, .doing = "removing", .total = total};
    struct scan *scan = scan_open(move->ctx, move->from, &reading);
    struct writer *writer = writer_open(move->ctx, &writing);
    struct scan_node node;
    while (scan_next(scan, &node)) {
        if (!node.leaving)
            continue;
        if (node.stat == NULL || node.stat->mzxid > zxid)
            removal.left++;
        else if (!writer_delete(writer, node.path, node.stat->version, NULL))
            break;
    }
    int read = scan_close(scan), written = writer_close(writer);
    int code = read != DONE ? read : written;
    if (code == DONE && removal.left > 0)
        return refuse(move->ctx, PARTIAL,
                      "%s: all was copied, but %llu nodes were changed meanwhile, or have children "
                      "that were, and stay",
                      move->from, (unsigned long long)removal.left);
    if (code != DONE)
        note(move->ctx, "all was copied to %s; %llu nodes of %s were removed", move->to,
             (unsigned long long)removal.removed, move->from);
    return code;
}

static int
need_no_ephemerals(const struct move *move)
{
    struct scan *scan =
        scan_open(move->ctx, move->from, &(struct scan_options){.depth = UINT32_MAX, .doing = "reading"});
    struct scan_node node;
    int code = DONE;
    while (code == DONE && scan_next(scan, &node))
        if (node.stat != NULL && node_kind(node.stat) == NODE_EPHEMERAL)
            code = refuse(move->ctx, FAILED, "%s: it is ephemeral, its session's own; nothing was moved", node.path);
    int read = scan_close(scan);
    return code != DONE ? code : read;
}

static int
copy_and_remove(struct move *move)
{
    struct ctx *ctx = move->ctx;
    int code = need_no_ephemerals(move);
    if (code != DONE || ctx->dry_run)
        return code;
    zobo_err err = zobo_sync(ctx->client, move->from);
    if (err != ZOBO_OK)
        return fail(ctx, err, move->from, NULL);
    struct place from = {.ctx = ctx, .path = move->from}, to = {.ctx = ctx, .path = move->to};
    struct copied copied;
    code = copy_tree(&from, &to, &(struct copy_options){.recursive = true}, &copied);
    if (code == DONE && copied.skipped > 0)
        code = refuse(ctx, PARTIAL, "%s: copied, but ephemeral nodes have come; nothing was removed", move->from);
    else if (code != DONE && copied.created > 0)
        note(ctx, "%llu nodes were copied, nothing was removed", (unsigned long long)copied.created);
    move->moved = copied.created;
    return code == DONE ? remove_source(move, copied.zxid, copied.created) : code;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static int
need_free(const struct move *move)
{
    zobo_err err = zobo_exists(move->ctx->client, move->to, NULL, NULL);
    if (err == ZOBO_OK)
        return fail(move->ctx, ZOBO_ENODEEXISTS, move->to, "DST is the new name");
    return err == ZOBO_ENONODE ? DONE : fail(move->ctx, err, move->to, NULL);
}

static void
print_moved(const struct move *move, bool atomic)
{
    const struct ctx *ctx = move->ctx;
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(move->to);
        json_text(&json, "from", move->from);
        if (atomic || !ctx->dry_run)
            json_int(&json, "nodes", (int64_t)(atomic ? move->n : move->moved));
        json_bool(&json, "atomic", atomic);
        if (ctx->dry_run)
            json_bool(&json, "dry_run", true);
        end_json(&json);
    } else if (ctx->dry_run && atomic) {
        note(ctx, "would move %zu nodes in one transaction", move->n);
    } else if (ctx->dry_run) {
        note(ctx, "would copy it, and then remove what has not been changed meanwhile");
    }
}

static int
carry_out(struct move *move, bool may_part)
{
    struct ctx *ctx = move->ctx;
    int code = need_free(move);
    if (code == DONE)
        code = read_source(move);
    if (code != DONE)
        return code;
    if (move->too_large && !may_part)
        return refuse(
            ctx, FAILED,
            "%s: more than %d nodes, or more than fits into one request of 1 MiB; --non-atomic copies and then "
            "removes",
            move->from, NODES_MAX);
    if (move->too_large)
        code = copy_and_remove(move);
    else if (!ctx->dry_run)
        code = commit(move);
    if (code == DONE)
        print_moved(move, !move->too_large);
    return code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct move move = {.ctx = ctx, .from = in->words[0], .to = in->words[1]};
    struct place from = {.ctx = ctx, .path = move.from}, to = {.ctx = ctx, .path = move.to};
    int code = need_path(ctx, move.from, false);
    if (code == DONE)
        code = need_path(ctx, move.to, false);
    if (code == DONE)
        code = need_client(ctx);
    if (code == DONE)
        code = need_removable(ctx, move.from);
    if (code == DONE)
        code = need_apart(&from, &to);
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = carry_out(&move, in->opt[O_NON_ATOMIC].given);
    for (size_t i = 0; i < move.n; i++) {
        free(move.nodes[i].from);
        free(move.nodes[i].to);
    }
    free(move.nodes);
    zobo_transaction_free(move.transaction);
    return code;
}

static const struct example examples[] = {
    {"zobo mv /app/config /app/config.old", "all at once, or not at all"},
    {"zobo mv --non-atomic /big /archive/big", "a large subtree: first a copy, then the removal"},
    {NULL, NULL}};

const struct command cmd_mv = {
    .name = "mv",
    .usage = "SRC DST",
    .summary = "move a node and all below it",
    .about =
        "DST is the new name; its parent must be there, and it must not. Data and ACLs are kept; versions and times "
        "are new. It is one transaction: if anybody changes a node meanwhile, nothing is moved (exit code 5). What is "
        "too large for a request needs --non-atomic; then what was changed since the copy began stays at SRC, and "
        "the exit code is 8. Ephemeral nodes are not moved.",
    .examples = examples,
    .opts = opts,
    .min_words = 2,
    .max_words = 2,
    .formats = FORMATS_ONE,
    .effect = CHANGES,
    .run = run};
