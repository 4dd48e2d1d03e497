/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/input.h"
#include "frame/out.h"
#include "frame/table.h"
#include "tree/scan.h"
#include "tree/writer.h"

static void
print_acl(const struct ctx *ctx, const zobo_acl *acl)
{
    char perms[8];
    zobo_perms_text(acl->perms, perms);
    put_text(ctx, acl->scheme);
    fputc(':', stdout);
    put_text(ctx, acl->id);
    printf(":%s\n", perms);
}

static void
print_acl_json(const char *path, const zobo_acl *acls, size_t n, const zobo_stat *stat)
{
    struct json json = one_json_path(path);
    json_open(&json, "acl", '[');
    for (size_t i = 0; i < n; i++) {
        char perms[8];
        zobo_perms_text(acls[i].perms, perms);
        json_open(&json, NULL, '{');
        json_text(&json, "scheme", acls[i].scheme);
        json_text(&json, "id", acls[i].id);
        json_text(&json, "perms", perms);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_stat(&json, "stat", stat);
    end_json(&json);
}

static const struct column acl_columns[] = {{"scheme", "SCHEME", CELL_TEXT},
                                            {"id", "ID", CELL_TEXT},
                                            {"perms", "PERMISSIONS", CELL_TEXT},
                                            {"path", "NODE", CELL_TEXT}};

static struct table *
acl_table(const struct ctx *ctx)
{
    bool tables = ctx->format == FORMAT_TABLE || ctx->format == FORMAT_RAW;
    return tables ? table_new(ctx, acl_columns, sizeof acl_columns / sizeof acl_columns[0]) : NULL;
}

/* add_rows adds a node's entries, one a row. */
static void
add_rows(struct table *table, const char *path, const zobo_acl *acls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char perms[8];
        zobo_perms_text(acls[i].perms, perms);
        table_text(table, acls[i].scheme);
        table_text(table, acls[i].id);
        table_text(table, perms);
        table_text(table, path);
    }
}

/* print_node_acl prints a node of a subtree: its entries, parted by commas as acl set takes them, then its path. */
static void
print_node_acl(const struct ctx *ctx, const struct scan_node *node)
{
    for (size_t i = 0; i < node->n_acls; i++) {
        char perms[8];
        zobo_perms_text(node->acls[i].perms, perms);
        if (i > 0)
            fputc(',', stdout);
        put_text(ctx, node->acls[i].scheme);
        fputc(':', stdout);
        put_text(ctx, node->acls[i].id);
        printf(":%s", perms);
    }
    fputs(node->n_acls == 0 ? "?  " : "  ", stdout);
    put_text(ctx, node->path);
    fputc('\n', stdout);
}

/* An ACL may be read with the permission r or a: a node that does not let its children be read may well tell its ACL. */
static int
get_all(struct ctx *ctx, const char *path)
{
    struct scan *scan = scan_open(ctx, path, &(struct scan_options){.depth = UINT32_MAX, .what = SCAN_ACL});
    struct scan_node node;
    struct table *table = acl_table(ctx);
    while (!ferror(stdout) && scan_next(scan, &node))
        if (ctx->format == FORMAT_JSON && node.stat != NULL)
            print_acl_json(node.path, node.acls, node.n_acls, node.stat);
        else if (table != NULL)
            add_rows(table, node.path, node.acls, node.n_acls);
        else if (ctx->format != FORMAT_JSON)
            print_node_acl(ctx, &node);
    if (table != NULL)
        table_end(table);
    return scan_close(scan);
}

enum { G_RECURSIVE };

static const struct opt get_opts[] = {[G_RECURSIVE] = {'r', "recursive", OPT_FLAG, NULL, "of all that is below, too"},
                                      {0, NULL, OPT_FLAG, NULL, NULL}};

static int
run_get(struct ctx *ctx, const struct args *in)
{
    const char *path = in->words[0];
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    if (in->opt[G_RECURSIVE].given)
        return get_all(ctx, path);
    zobo_reply *reply;
    zobo_err err = zobo_get_acls(ctx->client, path, &reply);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    struct table *table = acl_table(ctx);
    if (ctx->format == FORMAT_JSON)
        print_acl_json(path, reply->acls, reply->n_acls, &reply->stat);
    else if (table != NULL)
        add_rows(table, path, reply->acls, reply->n_acls);
    else
        for (size_t i = 0; i < reply->n_acls; i++)
            print_acl(ctx, &reply->acls[i]);
    if (table != NULL)
        table_end(table);
    zobo_reply_free(reply);
    return DONE;
}

static const struct alias get_aliases[] = {{"getAcl", NO_OPT}, {NULL, NO_OPT}};
static const struct example get_examples[] = {
    {"zobo acl get /app", "scheme:id:permissions, as acl set and create --acl take them"},
    {"zobo acl get -r /app", "a line for each node: its ACL, its path"},
    {NULL, NULL}};

const struct command cmd_acl_get = {
    .name = "acl get",
    .aliases = get_aliases,
    .usage = "PATH",
    .summary = "print who may do what with a node",
    .about = "Permissions: c create children, d delete children, r read, w write, a change the ACL.",
    .examples = get_examples,
    .opts = get_opts,
    .min_words = 1,
    .max_words = 1,
    .pages = true,
    .formats = FORMATS_TABLE,
    .run = run_get};

enum { O_VERSION, O_ADD, O_RECURSIVE, O_DRY_RUN };

static const struct opt set_opts[] = {
    [O_VERSION] = {'v', "if-version", OPT_VERSION, "N", "only if the ACL has this version (stat: aversion)"},
    [O_ADD] = {'a', "add", OPT_FLAG, NULL, "keep the entries of others; those of the same scheme:id are replaced"},
    [O_RECURSIVE] = {'r', "recursive", OPT_FLAG, NULL, "of all that is below, too; tells how many nodes, and asks"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "check that it could be done, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static int
set_acl(struct ctx *ctx, const char *path, int32_t version, const zobo_acl_list *acl)
{
    bool dry = ctx->dry_run;
    zobo_stat stat;
    zobo_err err =
        dry ? zobo_exists(ctx->client, path, NULL, &stat) : zobo_set_acls(ctx->client, path, acl, version, &stat);
    if (err == ZOBO_OK && dry && version != -1 && version != stat.aversion)
        err = ZOBO_EBADVERSION;
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    if (dry) {
        note(ctx, "would set the ACL of %s, now at version %d", path, stat.aversion);
    } else if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(path);
        json_stat(&json, "stat", &stat);
        end_json(&json);
    }
    return DONE;
}

static bool
names(const zobo_acl_list *acl, const zobo_acl *who)
{
    for (size_t i = 0; i < acl->n; i++)
        if (strcmp(acl->items[i].scheme, who->scheme) == 0 && strcmp(acl->items[i].id, who->id) == 0)
            return true;
    return false;
}

/* add_acl sets the ACL there is with `more` in it, unless somebody else has changed it meanwhile. */
static int
add_acl(struct ctx *ctx, const char *path, int32_t version, const zobo_acl_list *more)
{
    zobo_reply *reply;
    zobo_err err = zobo_get_acls(ctx->client, path, &reply);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    zobo_acl *all = need_memory(reply->n_acls + more->n, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < reply->n_acls; i++)
        if (!names(more, &reply->acls[i]))
            all[n++] = reply->acls[i];
    memcpy(all + n, more->items, more->n * sizeof *all);
    zobo_acl_list list = {.items = all, .n = n + more->n};
    int code = set_acl(ctx, path, version == -1 ? reply->stat.aversion : version, &list);
    free(all);
    zobo_reply_free(reply);
    return code;
}

/* Those that vanish meanwhile need none. */
static bool
on_set(void *arg, const char *path, zobo_err err, const zobo_reply *reply, void *tag)
{
    (void)arg;
    (void)path;
    (void)reply;
    (void)tag;
    return err == ZOBO_OK || err == ZOBO_ENONODE;
}

/* set_all goes through a subtree, children before their parents: an ACL that shuts us out of a node must not do so while
 * there is something below it to be seen to. In a dry run it prints the nodes. */
static int
set_all(struct ctx *ctx, const char *path, const zobo_acl_list *acl)
{
    struct scan_options reading = {.depth = UINT32_MAX, .leave = true};
    struct writer_options writing = {.outcome = on_set, .keep_going = true, .doing = "setting ACLs"};
    struct scan *scan = scan_open(ctx, path, &reading);
    struct writer *writer = ctx->dry_run ? NULL : writer_open(ctx, &writing);
    struct scan_node node;
    while (!ferror(stdout) && scan_next(scan, &node)) {
        if (!node.leaving)
            continue;
        if (writer == NULL)
            put_would(ctx, node.path);
        else if (!writer_set_acls(writer, node.path, acl, -1, NULL))
            break;
    }
    int read = scan_close(scan);
    if (writer == NULL)
        return read;
    (void)writer_flush(writer);
    uint64_t done = writer_done(writer);
    int written = writer_close(writer);
    if (done > 0 && (read != DONE || written != DONE))
        note(ctx, "%llu nodes have the ACL now", (unsigned long long)done);
    return read != DONE ? read : written;
}

static int
set_recursive(struct ctx *ctx, const char *path, const zobo_acl_list *acl)
{
    int32_t below = 0;
    zobo_err err = ctx->yes || ctx->dry_run ? ZOBO_OK : zobo_get_all_children_number(ctx->client, path, &below);
    if (err != ZOBO_OK && err != ZOBO_EUNIMPLEMENTED)
        return fail(ctx, err, path, NULL);
    int code = ctx->dry_run     ? DONE
               : err == ZOBO_OK ? need_yes(ctx, "set the ACL of %s and the %d nodes below it?", path, (int)below)
                                : need_yes(ctx, "set the ACL of %s and all nodes below it?", path);
    return code == DONE ? set_all(ctx, path, acl) : code;
}

static int
run_set(struct ctx *ctx, const struct args *in)
{
    struct acl_input acl;
    bool recursive = in->opt[O_RECURSIVE].given, add = in->opt[O_ADD].given;
    if (recursive && (add || in->opt[O_VERSION].given))
        return fail_usage(ctx, "-r and %s do not go together", add ? "--add" : "-v");
    const char *path = in->words[0];
    int32_t version = in->opt[O_VERSION].given ? (int32_t)in->opt[O_VERSION].n : -1;
    int code = need_path(ctx, path, false);
    if (code != DONE)
        return code;
    code = read_acls(ctx, in->words + 1, in->n - 1, &acl);
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = recursive ? set_recursive(ctx, path, &acl.list)
               : add     ? add_acl(ctx, path, version, &acl.list)
                         : set_acl(ctx, path, version, &acl.list);
    acl_input_free(&acl);
    return code;
}

static const struct alias set_aliases[] = {{"setAcl", NO_OPT}, {"acl add", O_ADD}, {NULL, NO_OPT}};
static const struct example set_examples[] = {
    {"zobo acl set /app world:anyone:r", "everyone may read, nobody may change it"},
    {"zobo acl set /app auth::cdrwa world:anyone:r", "whoever I am may do anything, others read"},
    {"zobo acl set /app \"digest:$(zobo acl digest joe):rw\"", "joe, by name and password"},
    {"zobo acl add /app ip:10.1.0.0/16:r", "one entry more"},
    {"zobo acl set -r /app auth::cdrwa", "of the whole subtree"},
    {NULL, NULL}};

const struct command cmd_acl_set = {.name = "acl set",
                                    .aliases = set_aliases,
                                    .usage = "PATH ACL...",
                                    .summary = "replace a node's ACL",
                                    .about = "An ACL is scheme:id:permissions; several are separate arguments or "
                                             "parted by commas. Take care to keep the permission a for somebody.",
                                    .examples = set_examples,
                                    .opts = set_opts,
                                    .min_words = 2,
                                    .max_words = WORDS_ANY,
                                    .formats = FORMATS_ONE,
                                    .effect = CHANGES,
                                    .run = run_set};

static int
run_digest(struct ctx *ctx, const struct args *in)
{
    const char *user = in->words[0];
    char password[1024] = "";
    if (!read_secret(ctx, "password: ", password, sizeof password))
        return refuse(ctx, BAD_USAGE, "the password is read from stdin, and there was none");
    size_t size = strlen(user) + 40;
    char *id = need_memory(size, 1);
    zobo_err err = zobo_digest_credential(user, password, id, size);
    wipe(password);
    int code = DONE;
    if (err != ZOBO_OK) {
        code = refuse(ctx, BAD_USAGE, "a user's name is not empty and has no colon");
    } else if (ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_text(&json, "scheme", "digest");
        json_text(&json, "id", id);
        end_json(&json);
    } else {
        printf("%s\n", id);
    }
    free(id);
    return code;
}

static const struct example digest_examples[] = {
    {"zobo acl digest joe < password", "joe:3kKS+wlQjWkTLJpWdEXDc6bRXRQ="},
    {"zobo acl set /app \"digest:$(zobo acl digest joe):cdrwa\"", "asks for the password"},
    {NULL, NULL}};

const struct command cmd_acl_digest = {.name = "acl digest",
                                       .usage = "USER",
                                       .summary = "print the id of a digest ACL; the password comes from stdin",
                                       .about = "Does not connect.",
                                       .examples = digest_examples,
                                       .min_words = 1,
                                       .max_words = 1,
                                       .formats = FORMATS_ONE,
                                       .run = run_digest};
