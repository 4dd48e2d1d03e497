/* SPDX-License-Identifier: Apache-2.0 */
#include "frame/command.h"
#include "frame/out.h"

enum { O_WATCH };

static const struct opt opts[] = {
    [O_WATCH] = {'w', "watch", OPT_FLAG, NULL, "in a shell: be told once when it is created, changed or deleted"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static int
print_one(struct ctx *ctx, const char *path, const zobo_watcher *watcher, bool name_it, size_t *printed)
{
    zobo_stat stat;
    zobo_err err = zobo_exists(ctx->client, path, watcher, &stat);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(path);
        json_stat(&json, "stat", &stat);
        end_json(&json);
        return DONE;
    }
    if ((*printed)++ > 0)
        fputc('\n', stdout);
    if (name_it) {
        put_text(ctx, path);
        fputs(":\n", stdout);
    }
    put_stat(stdout, &stat);
    return DONE;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const zobo_watcher *watcher;
    int code = need_watcher(ctx, in->opt[O_WATCH].given, &watcher);
    for (size_t i = 0; i < in->n && code == DONE; i++)
        code = need_path(ctx, in->words[i], false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    size_t printed = 0;
    for (size_t i = 0; i < in->n; i++)
        code = worse(code, i, print_one(ctx, in->words[i], watcher, in->n > 1, &printed));
    return code;
}

static const struct example examples[] = {{"zobo stat /app/config", "zxids, times, versions, owner, sizes"},
                                          {"zobo stat -o json /app/config | jq .stat.version", "one of them"},
                                          {NULL, NULL}};

const struct command cmd_stat = {.name = "stat",
                                 .usage = "PATH...",
                                 .summary = "print nodes' metadata",
                                 .about = "Times are the server's, in UTC. ephemeral_owner is the id of the session "
                                          "that owns the node, 0x0 for a node that is not ephemeral.",
                                 .examples = examples,
                                 .opts = opts,
                                 .min_words = 1,
                                 .max_words = WORDS_ANY,
                                 .formats = FORMATS_ONE,
                                 .run = run};
