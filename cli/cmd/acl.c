/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/input.h"
#include "frame/out.h"

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
print_acl_json(const char *path, const zobo_reply *reply)
{
    struct json json = one_json_path(path);
    json_open(&json, "acl", '[');
    for (size_t i = 0; i < reply->n_acls; i++) {
        char perms[8];
        zobo_perms_text(reply->acls[i].perms, perms);
        json_open(&json, NULL, '{');
        json_text(&json, "scheme", reply->acls[i].scheme);
        json_text(&json, "id", reply->acls[i].id);
        json_text(&json, "perms", perms);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_stat(&json, "stat", &reply->stat);
    end_json(&json);
}

static int
run_get(struct ctx *ctx, const struct args *in)
{
    const char *path = in->words[0];
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    zobo_reply *reply;
    zobo_err err = zobo_get_acls(ctx->client, path, &reply);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    if (ctx->format == FORMAT_JSON)
        print_acl_json(path, reply);
    else
        for (size_t i = 0; i < reply->n_acls; i++)
            print_acl(ctx, &reply->acls[i]);
    zobo_reply_free(reply);
    return DONE;
}

static const struct alias get_aliases[] = {{"getAcl", NO_OPT}, {NULL, NO_OPT}};
static const struct example get_examples[] = {
    {"zobo acl get /app", "scheme:id:permissions, as acl set and create --acl take them"}, {NULL, NULL}};

const struct command cmd_acl_get = {
    .name = "acl get",
    .aliases = get_aliases,
    .usage = "PATH",
    .summary = "print who may do what with a node",
    .about = "Permissions: c create children, d delete children, r read, w write, a change the ACL.",
    .examples = get_examples,
    .min_words = 1,
    .max_words = 1,
    .formats = FORMATS_ONE,
    .run = run_get};

enum { O_VERSION, O_DRY_RUN };

static const struct opt set_opts[] = {
    [O_VERSION] = {'v', "if-version", OPT_VERSION, "N", "only if the ACL has this version (stat: aversion)"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "check that it could be done, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static int
set_acl(struct ctx *ctx, const struct args *in, const zobo_acl_list *acl)
{
    const char *path = in->words[0];
    int32_t version = in->opt[O_VERSION].given ? (int32_t)in->opt[O_VERSION].n : -1;
    bool dry = in->opt[O_DRY_RUN].given;
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

static int
run_set(struct ctx *ctx, const struct args *in)
{
    struct acl_input acl;
    int code = need_path(ctx, in->words[0], false);
    if (code != DONE)
        return code;
    code = read_acls(ctx, in->words + 1, in->n - 1, &acl);
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = set_acl(ctx, in, &acl.list);
    acl_input_free(&acl);
    return code;
}

static const struct alias set_aliases[] = {{"setAcl", NO_OPT}, {NULL, NO_OPT}};
static const struct example set_examples[] = {
    {"zobo acl set /app world:anyone:r", "everyone may read, nobody may change it"},
    {"zobo acl set /app auth::cdrwa world:anyone:r", "whoever I am may do anything, others read"},
    {"zobo acl set /app \"digest:$(zobo acl digest joe):rw\"", "joe, by name and password"},
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
