/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/hold.h"
#include "frame/input.h"
#include "frame/out.h"

enum { O_EPHEMERAL, O_SEQUENCE, O_CONTAINER, O_TTL, O_PARENTS, O_ACL, O_FILE, O_BASE64, O_HOLD, O_DRY_RUN };

static const struct opt opts[] = {
    [O_EPHEMERAL] = {'e', "ephemeral", OPT_FLAG, NULL, "it goes with the session: see --hold"},
    [O_SEQUENCE] = {'s', "sequence", OPT_FLAG, NULL, "the server appends a ten-digit number"},
    [O_CONTAINER] = {'c', "container", OPT_FLAG, NULL, "it goes when its last child has gone"},
    [O_TTL] = {'t', "ttl", OPT_TTL, "TIME", "it goes when unchanged and childless for so long (30s, 1h)"},
    [O_PARENTS] = {'p', "parents", OPT_FLAG, NULL, "make missing parents; without DATA it may be there already"},
    [O_ACL] = {'a', "acl", OPT_TEXT, "ACL", "who may do what: scheme:id:cdrwa,... (world:anyone:cdrwa)"},
    [O_FILE] = {'f', "file", OPT_TEXT, "FILE", "take the data from FILE, - for stdin"},
    [O_BASE64] = {'b', "base64", OPT_FLAG, NULL, "the data is given in base64"},
    [O_HOLD] = {0, "hold", OPT_FLAG, NULL, "keep the session until interrupted"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "check that it could be done, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* parent_of returns the path above, to be freed by the caller; "/" for what lies right below it. */
static char *
parent_of(const char *path)
{
    char *parent = need_copy(path);
    char *slash = strrchr(parent, '/');
    slash[slash == parent ? 1 : 0] = '\0';
    return parent;
}

/* What the server would say, as far as it can be known without trying. */
static int
dry_run(struct ctx *ctx, const struct args *in, const char *path, bool may_exist)
{
    zobo_stat stat;
    zobo_err err = in->opt[O_SEQUENCE].given ? ZOBO_ENONODE : zobo_exists(ctx->client, path, NULL, &stat);
    if (err == ZOBO_OK && !may_exist)
        return fail(ctx, ZOBO_ENODEEXISTS, path, NULL);
    if (err == ZOBO_ENONODE) {
        char *parent = parent_of(path);
        err = in->opt[O_PARENTS].given ? ZOBO_OK : zobo_exists(ctx->client, parent, NULL, &stat);
        int code = err == ZOBO_OK ? DONE : fail(ctx, err, parent, err == ZOBO_ENONODE ? "-p makes parents" : NULL);
        if (code == DONE)
            note(ctx, "would create %s", path);
        free(parent);
        return code;
    }
    return err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
}

static void
print_path(const struct ctx *ctx, const char *path, const zobo_stat *stat)
{
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(path);
        if (stat != NULL)
            json_stat(&json, "stat", stat);
        end_json(&json);
    } else {
        put_text(ctx, path);
        fputc('\n', stdout);
    }
}

static int
create(struct ctx *ctx, const struct args *in, const struct input *data, const zobo_create_options *options)
{
    const char *path = in->words[0];
    bool plain = !options->ephemeral && !options->sequence && !options->container && options->ttl_ms == 0;
    bool ensure = options->makepath && plain && data->bytes == NULL;
    if (in->opt[O_DRY_RUN].given)
        return dry_run(ctx, in, path, ensure);
    if (ensure) {
        zobo_err err = zobo_ensure_path(ctx->client, path, options->acl);
        if (err != ZOBO_OK)
            return fail(ctx, err, path, NULL);
        print_path(ctx, path, NULL);
        return DONE;
    }
    zobo_reply *reply;
    zobo_err err = zobo_create(ctx->client, path, data->bytes == NULL ? "" : data->bytes, data->len, options, &reply);
    if (err != ZOBO_OK)
        return fail(ctx, err, path,
                    err == ZOBO_ENONODE ? "its parent is missing; -p makes parents"
                    : err == ZOBO_EUNIMPLEMENTED && options->ttl_ms > 0
                        ? "the server needs extendedTypesEnabled for TTLs"
                        : NULL);
    print_path(ctx, reply->path, reply->has_stat ? &reply->stat : NULL);
    zobo_reply_free(reply);
    return DONE;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    zobo_create_options options = {.ephemeral = in->opt[O_EPHEMERAL].given,
                                   .sequence = in->opt[O_SEQUENCE].given,
                                   .container = in->opt[O_CONTAINER].given,
                                   .makepath = in->opt[O_PARENTS].given,
                                   .include_stat = ctx->format == FORMAT_JSON,
                                   .ttl_ms = in->opt[O_TTL].n};
    if (options.container && (options.ephemeral || options.sequence))
        return fail_usage(ctx, "a container is neither ephemeral nor sequential");
    if (options.ttl_ms > 0 && (options.ephemeral || options.container))
        return fail_usage(ctx, "--ttl goes with neither -e nor -c");
    struct input data;
    struct acl_input acl = {0};
    int code = need_path(ctx, in->words[0], options.sequence);
    if (code != DONE)
        return code;
    code = read_data(ctx, in->n > 1 ? in->words[1] : NULL, in->opt[O_FILE].text, in->opt[O_BASE64].given, &data);
    if (code == DONE && in->opt[O_ACL].given) {
        code = read_acls(ctx, &in->opt[O_ACL].text, 1, &acl);
        options.acl = &acl.list;
    }
    ctx->keep_trying = in->opt[O_HOLD].given;
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = create(ctx, in, &data, &options);
    if (code == DONE && in->opt[O_HOLD].given && !in->opt[O_DRY_RUN].given)
        code = hold(ctx);
    else if (code == DONE && options.ephemeral && ctx->shell == NULL && !in->opt[O_DRY_RUN].given)
        note(ctx, "the session ends here and the node with it: --hold keeps it");
    input_free(&data);
    acl_input_free(&acl);
    return code;
}

static const struct alias aliases[] = {{"ensure", O_PARENTS}, {"mkdir", O_PARENTS}, {NULL, NO_OPT}};
static const struct example examples[] = {
    {"zobo create /app/config '{}'", "make a node with data"},
    {"zobo create -p /app/a/b/c", "make sure that it is there, parents and all, like mkdir -p"},
    {"zobo create -s /queue/job- -f job.json", "prints the name that the server gave, /queue/job-0000000007"},
    {"zobo create -e --hold /app/leader me", "an ephemeral node that lives until Ctrl-C"},
    {NULL, NULL}};

const struct command cmd_create = {
    .name = "create",
    .aliases = aliases,
    .usage = "PATH [DATA|-]",
    .summary = "make a node, and print its path",
    .about = "Without DATA the node is empty. Parents made by -p have the same ACL and are ordinary nodes.",
    .examples = examples,
    .opts = opts,
    .min_words = 1,
    .max_words = 2,
    .formats = FORMATS_ONE,
    .effect = CHANGES,
    .run = run};
