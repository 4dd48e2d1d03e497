/* SPDX-License-Identifier: Apache-2.0 */
/* txn: several operations as one. Each is written as the command of its name is, in one argument or on one line. */
#include <stdlib.h>
#include <string.h>

#include <zobo/transaction.h>

#include "frame/command.h"
#include "frame/input.h"
#include "frame/out.h"
#include "frame/split.h"

enum { O_FILE, O_DRY_RUN };
enum { INPUT_MAX = 16 << 20 };

static const struct opt opts[] = {
    [O_FILE] = {'f', "file", OPT_TEXT, "FILE", "operations from FILE, one a line; - for stdin"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "print what was understood, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* --- one operation ------------------------------------------------------------------------------------------------ */

enum { C_EPHEMERAL, C_SEQUENCE, C_CONTAINER, C_TTL, C_ACL };
static const struct opt create_opts[] = {[C_EPHEMERAL] = {'e', "ephemeral", OPT_FLAG, NULL, ""},
                                         [C_SEQUENCE] = {'s', "sequence", OPT_FLAG, NULL, ""},
                                         [C_CONTAINER] = {'c', "container", OPT_FLAG, NULL, ""},
                                         [C_TTL] = {'t', "ttl", OPT_TTL, "TIME", ""},
                                         [C_ACL] = {'a', "acl", OPT_TEXT, "ACL", ""},
                                         {0, NULL, OPT_FLAG, NULL, NULL}};
enum { V_VERSION };
static const struct opt version_opts[] = {[V_VERSION] = {'v', "if-version", OPT_VERSION, "N", ""},
                                          {0, NULL, OPT_FLAG, NULL, NULL}};

struct kind;

struct operation {
    const struct kind *kind;
    char *path;
};

struct txn {
    struct ctx *ctx;
    zobo_transaction *tx;
    struct operation *operations;
    size_t n, room;
};

static int
version_of(const struct args *in)
{
    return in->opt[V_VERSION].given ? (int)in->opt[V_VERSION].n : -1;
}

static int
add_create(struct txn *txn, const struct args *in)
{
    struct acl_input acl = {0};
    zobo_create_options options = {.ephemeral = in->opt[C_EPHEMERAL].given,
                                   .sequence = in->opt[C_SEQUENCE].given,
                                   .container = in->opt[C_CONTAINER].given,
                                   .ttl_ms = in->opt[C_TTL].n};
    int code = need_path(txn->ctx, in->words[0], options.sequence);
    if (code == DONE && in->opt[C_ACL].given) {
        char *text = in->opt[C_ACL].text;
        code = read_acls(txn->ctx, &text, 1, &acl);
        options.acl = &acl.list;
    }
    const char *data = in->n > 1 ? in->words[1] : "";
    if (code == DONE) {
        zobo_err err = zobo_transaction_create(txn->tx, in->words[0], data, strlen(data), &options);
        code = err == ZOBO_OK ? DONE : fail(txn->ctx, err, in->words[0], NULL);
    }
    acl_input_free(&acl);
    return code;
}

static int
add_set(struct txn *txn, const struct args *in)
{
    int code = need_path(txn->ctx, in->words[0], false);
    if (code != DONE)
        return code;
    zobo_err err = zobo_transaction_set(txn->tx, in->words[0], in->words[1], strlen(in->words[1]), version_of(in));
    return err == ZOBO_OK ? DONE : fail(txn->ctx, err, in->words[0], NULL);
}

static int
add_rm(struct txn *txn, const struct args *in)
{
    int code = need_path(txn->ctx, in->words[0], false);
    if (code != DONE)
        return code;
    zobo_err err = zobo_transaction_delete(txn->tx, in->words[0], version_of(in));
    return err == ZOBO_OK ? DONE : fail(txn->ctx, err, in->words[0], NULL);
}

static int
add_check(struct txn *txn, const struct args *in)
{
    int code = need_path(txn->ctx, in->words[0], false);
    if (code != DONE)
        return code;
    zobo_err err = zobo_transaction_check(txn->tx, in->words[0], version_of(in));
    return err == ZOBO_OK ? DONE : fail(txn->ctx, err, in->words[0], NULL);
}

static const struct kind {
    const char *name;
    const char *also;
    const char *usage;
    const struct opt *opts;
    size_t min_words, max_words;
    int (*add)(struct txn *txn, const struct args *in);
} kinds[] = {{"create", NULL, "create [-e] [-s] [-c] [-t TIME] [-a ACL] PATH [DATA]", create_opts, 1, 2, add_create},
             {"set", NULL, "set [-v N] PATH DATA", version_opts, 2, 2, add_set},
             {"rm", "delete", "rm [-v N] PATH", version_opts, 1, 1, add_rm},
             {"check", NULL, "check [-v N] PATH", version_opts, 1, 1, add_check},
             {NULL, NULL, NULL, NULL, 0, 0, NULL}};

static const struct kind *
find_kind(const char *name)
{
    const struct kind *kind = kinds;
    while (kind->name != NULL && strcmp(kind->name, name) != 0 && (kind->also == NULL || strcmp(kind->also, name) != 0))
        kind++;
    return kind->name == NULL ? NULL : kind;
}

static void
remember(struct txn *txn, const struct kind *kind, const char *path)
{
    if (txn->n == txn->room) {
        txn->room = txn->room == 0 ? 16 : txn->room * 2;
        txn->operations = need_more(txn->operations, txn->room, sizeof *txn->operations);
    }
    txn->operations[txn->n++] = (struct operation){kind, need_copy(path)};
}

/* path_of makes an operation's path absolute, in a shell, as the commands' are; NULL where it stays as it is. */
static char *
path_of(const struct ctx *ctx, const struct kind *kind, const struct args *in)
{
    const char *word = in->words[0];
    size_t len = strlen(word);
    if (ctx->cwd == NULL || len == 0)
        return NULL;
    char *path = absolute_path(ctx, word);
    bool below = kind->opts == create_opts && in->opt[C_SEQUENCE].given && word[len - 1] == '/' && path[1] != '\0';
    size_t size = strlen(path) + 2;
    char *full = need_memory(size, 1);
    snprintf(full, size, "%s%s", path, below ? "/" : "");
    free(path);
    return full;
}

/* add_words adds the operation that the words spell. */
static int
add_words(struct txn *txn, char **words, size_t n)
{
    const struct kind *kind = find_kind(words[0]);
    if (kind == NULL)
        return fail_usage(txn->ctx, "no operation %s: there are create, set, rm and check", words[0]);
    struct args in = {.words = need_memory(n + 1, sizeof *in.words)};
    struct opt_table tables[2] = {{kind->opts, in.opt}, {NULL, NULL}};
    size_t used;
    int code = parse_args(txn->ctx, tables, words + 1, n - 1, &in, &used);
    if (code == DONE && (in.n < kind->min_words || in.n > kind->max_words))
        code = fail_usage(txn->ctx, "too %s words: %s", in.n < kind->min_words ? "few" : "many", kind->usage);
    char *path = code == DONE ? path_of(txn->ctx, kind, &in) : NULL;
    if (path != NULL)
        in.words[0] = path;
    if (code == DONE)
        code = kind->add(txn, &in);
    if (code == DONE)
        remember(txn, kind, in.words[0]);
    free(path);
    free(in.words);
    return code;
}

/* add_text adds all operations of a text; `where` is what messages call it. */
static int
add_text(struct txn *txn, const char *where, const char *text, size_t len)
{
    char **words = need_memory(SPLIT_WORDS(len), sizeof *words);
    char *room = need_memory(SPLIT_ROOM(len), 1);
    int code = DONE;
    for (size_t at = 0; at < len && code == DONE;) {
        struct split split;
        split_command(text + at, len - at, words, room, &split);
        size_t line, column;
        split_line_column(text, at + split.opened, &line, &column);
        if (split.open != OPEN_NOTHING)
            code = fail_usage(txn->ctx, "%s: line %zu, column %zu: %s", where, line, column, split_fault(split.open));
        else if (split.n > 0)
            code = add_words(txn, words, split.n);
        if (code != DONE && split.open == OPEN_NOTHING) {
            split_line_column(text, at + split.word_at, &line, &column);
            note(txn->ctx, "this stands in %s, line %zu", where, line);
        }
        at += split.next;
    }
    free(room);
    free(words);
    return code;
}

static int
add_file(struct txn *txn, const char *name)
{
    struct input input;
    int code = read_data(txn->ctx, NULL, name, false, &input);
    if (code == DONE && input.len > INPUT_MAX)
        code = refuse(txn->ctx, FAILED, "%s: more than 16 MiB, which no server takes in one transaction", name);
    if (code == DONE && input.len > 0)
        code = add_text(txn, strcmp(name, "-") == 0 ? "stdin" : name, input.bytes, input.len);
    input_free(&input);
    return code;
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */

static void
print_operation(const struct ctx *ctx, const struct operation *operation, const char *path, const zobo_stat *stat)
{
    if (ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_text(&json, "op", operation->kind->name);
        json_text(&json, "path", path);
        if (stat != NULL)
            json_stat(&json, "stat", stat);
        if (ctx->dry_run)
            json_bool(&json, "dry_run", true);
        end_json(&json);
    } else if (ctx->dry_run) {
        fputs(operation->kind->name, stdout);
        fputc(' ', stdout);
        put_text(ctx, path);
        fputc('\n', stdout);
    } else if (strcmp(operation->kind->name, "create") == 0) {
        put_text(ctx, path);
        fputc('\n', stdout);
    }
}

/* tell_failure names the operation that the server has refused. */
static int
tell_failure(const struct txn *txn, const zobo_reply *reply)
{
    for (size_t i = 0; i < reply->n_results && i < txn->n; i++) {
        zobo_err err = reply->results[i].err;
        if (err == ZOBO_OK || err == ZOBO_EROLLEDBACK || err == ZOBO_ERUNTIMEINCONSISTENCY)
            continue;
        char hint[128];
        snprintf(hint, sizeof hint, "operation %zu of %zu, %s, failed: nothing was done", i + 1, txn->n,
                 txn->operations[i].kind->name);
        return fail(txn->ctx, err, txn->operations[i].path, hint);
    }
    return fail(txn->ctx, ZOBO_ETRANSACTION, NULL, NULL);
}

static int
commit(const struct txn *txn)
{
    zobo_reply *reply = NULL;
    zobo_err err = zobo_transaction_commit(txn->tx, &reply);
    int code = DONE;
    if (err == ZOBO_ETRANSACTION)
        code = tell_failure(txn, reply);
    else if (err != ZOBO_OK)
        code = fail(txn->ctx, err, NULL, NULL);
    for (size_t i = 0; code == DONE && i < reply->n_results && i < txn->n; i++) {
        const zobo_result *result = &reply->results[i];
        print_operation(txn->ctx, &txn->operations[i], result->path != NULL ? result->path : txn->operations[i].path,
                        result->has_stat ? &result->stat : NULL);
    }
    zobo_reply_free(reply);
    return code;
}

static int
read_operations(struct txn *txn, const struct args *in)
{
    int code = in->opt[O_FILE].given ? add_file(txn, in->opt[O_FILE].text) : DONE;
    for (size_t i = 0; i < in->n && code == DONE; i++) {
        char where[32];
        snprintf(where, sizeof where, "argument %zu", i + 1);
        code = strcmp(in->words[i], "-") == 0 ? add_file(txn, "-")
                                              : add_text(txn, where, in->words[i], strlen(in->words[i]));
    }
    if (code == DONE && txn->n == 0)
        code = fail_usage(txn->ctx, "no operations: give them as arguments, with -f FILE, or as - for stdin");
    return code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct txn txn = {.ctx = ctx};
    int code = need_client(ctx);
    if (code != DONE)
        return code;
    zobo_err err = zobo_transaction_new(ctx->client, &txn.tx);
    code = err == ZOBO_OK ? read_operations(&txn, in) : fail(ctx, err, NULL, NULL);
    for (size_t i = 0; i < txn.n && code == DONE && ctx->dry_run; i++)
        print_operation(ctx, &txn.operations[i], txn.operations[i].path, NULL);
    if (code == DONE && !ctx->dry_run)
        code = need_session(ctx);
    if (code == DONE && !ctx->dry_run)
        code = commit(&txn);
    zobo_transaction_free(txn.tx);
    for (size_t i = 0; i < txn.n; i++)
        free(txn.operations[i].path);
    free(txn.operations);
    return code;
}

static const struct alias aliases[] = {{"multi", NO_OPT}, {NULL, NO_OPT}};
static const struct example examples[] = {
    {"zobo txn 'check -v 3 /config' 'set /config new' 'create /log/entry- -s'", "all of it, or nothing"},
    {"zobo txn -f changes.txt", "an operation a line; # begins a comment"},
    {"zobo txn --dry-run -f changes.txt", "what was understood"},
    {NULL, NULL}};

const struct command cmd_txn = {
    .name = "txn",
    .aliases = aliases,
    .usage = "[OPERATION...|-]",
    .summary = "do several operations as one",
    .about =
        "Operations: create [-e] [-s] [-c] [-t TIME] [-a ACL] PATH [DATA], set [-v N] PATH DATA, rm [-v N] PATH, "
        "check [-v N] PATH. They are quoted as in a shell; several in one argument are parted by ; or newlines. The "
        "server does all of them or none. Prints the paths that were made; the servers' limit for one transaction "
        "is jute.maxbuffer, 1 MiB unless configured otherwise.",
    .examples = examples,
    .opts = opts,
    .max_words = WORDS_ANY,
    .formats = FORMATS_ONE,
    .effect = CHANGES,
    .run = run};
