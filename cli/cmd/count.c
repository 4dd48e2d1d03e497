/* SPDX-License-Identifier: Apache-2.0 */
/* What the server counts and lists by itself, in one request. */
#include "frame/command.h"
#include "frame/out.h"

static int
run_count(struct ctx *ctx, const struct args *in)
{
    const char *path = in->n > 0 ? in->words[0] : "/";
    int32_t count;
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    zobo_err err = zobo_get_all_children_number(ctx->client, path, &count);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, err == ZOBO_EUNIMPLEMENTED ? "servers count from 3.6 on" : NULL);
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(path);
        json_int(&json, "count", count);
        end_json(&json);
    } else {
        printf("%d\n", count);
    }
    return DONE;
}

static const struct alias count_aliases[] = {{"getAllChildrenNumber", NO_OPT}, {NULL, NO_OPT}};
static const struct example count_examples[] = {{"zobo count /app", "how many nodes are below it"}, {NULL, NULL}};

const struct command cmd_count = {.name = "count",
                                  .aliases = count_aliases,
                                  .usage = "[PATH]",
                                  .here = true,
                                  .summary = "print how many nodes are below one",
                                  .about =
                                      "The node itself is not counted. It is one request, which the server answers "
                                      "by going through all its nodes (3.6 or later).",
                                  .examples = count_examples,
                                  .max_words = 1,
                                  .formats = FORMATS_ONE,
                                  .run = run_count};

static int
run_ephemerals(struct ctx *ctx, const struct args *in)
{
    const char *prefix = in->n > 0 ? in->words[0] : "/";
    int code = need_path(ctx, prefix, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    zobo_reply *reply;
    zobo_err err = zobo_get_ephemerals(ctx->client, prefix, &reply);
    if (err != ZOBO_OK)
        return fail(ctx, err, prefix, err == ZOBO_EUNIMPLEMENTED ? "servers know this from 3.6 on" : NULL);
    for (size_t i = 0; i < reply->n_children; i++) {
        if (ctx->format == FORMAT_JSON) {
            struct json json = one_json_path(reply->children[i]);
            end_json(&json);
        } else {
            put_text(ctx, reply->children[i]);
            fputc('\n', stdout);
        }
    }
    zobo_reply_free(reply);
    return DONE;
}

static const struct alias ephemerals_aliases[] = {{"getEphemerals", NO_OPT}, {NULL, NO_OPT}};
static const struct example ephemerals_examples[] = {
    {"zobo -c 'create -e /me; ephemerals'", "what this session would take with it"}, {NULL, NULL}};

const struct command cmd_ephemerals = {
    .name = "ephemerals",
    .aliases = ephemerals_aliases,
    .usage = "[PATH]",
    .summary = "print this session's own ephemeral nodes",
    .about =
        "Those whose paths begin with PATH, as text: /a also finds /ab. Useful in a shell or script, for the session "
        "of a single command has none.",
    .examples = ephemerals_examples,
    .max_words = 1,
    .formats = FORMATS_ONE,
    .run = run_ephemerals};
