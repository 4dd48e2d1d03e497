/* SPDX-License-Identifier: Apache-2.0 */
#include "frame/command.h"
#include "frame/input.h"
#include "frame/out.h"

enum { O_FILE, O_VERSION, O_BASE64, O_DRY_RUN };

static const struct opt opts[] = {
    [O_FILE] = {'f', "file", OPT_TEXT, "FILE", "take the data from FILE, - for stdin"},
    [O_VERSION] = {'v', "if-version", OPT_VERSION, "N", "only if the node has this version (exit code 5 if not)"},
    [O_BASE64] = {'b', "base64", OPT_FLAG, NULL, "the data is given in base64"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "check that it could be done, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static zobo_err
set(struct ctx *ctx, const struct args *in, const struct input *data, zobo_stat *stat)
{
    int32_t version = in->opt[O_VERSION].given ? (int32_t)in->opt[O_VERSION].n : -1;
    if (!in->opt[O_DRY_RUN].given)
        return zobo_set(ctx->client, in->words[0], data->bytes, data->len, version, stat);
    zobo_err err = zobo_exists(ctx->client, in->words[0], NULL, stat);
    return err == ZOBO_OK && version != -1 && version != stat->version ? ZOBO_EBADVERSION : err;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const char *path = in->words[0];
    struct input data;
    int code = need_path(ctx, path, false);
    if (code != DONE)
        return code;
    code = read_data(ctx, in->n > 1 ? in->words[1] : NULL, in->opt[O_FILE].text, in->opt[O_BASE64].given, &data);
    if (code == DONE && data.bytes == NULL)
        code = fail_usage(ctx, "what data? give it as an argument, with -f FILE, or as - for stdin");
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE) {
        zobo_stat stat;
        zobo_err err = set(ctx, in, &data, &stat);
        if (err != ZOBO_OK) {
            code = fail(ctx, err, path, err == ZOBO_ENONODE ? "`zobo create` makes it" : NULL);
        } else if (in->opt[O_DRY_RUN].given) {
            note(ctx, "would set %s, now at version %d, to %zu bytes", path, stat.version, data.len);
        } else if (ctx->format == FORMAT_JSON) {
            struct json json = one_json_path(path);
            json_stat(&json, "stat", &stat);
            end_json(&json);
        }
    }
    input_free(&data);
    return code;
}

static const struct example examples[] = {
    {"zobo set /app/mode active", "the data as an argument"},
    {"zobo set /app/config -f config.json", "from a file; - reads stdin"},
    {"zobo set -v 3 /app/config -", "from stdin, and only if nobody has changed it since version 3"},
    {NULL, NULL}};

const struct command cmd_set = {.name = "set",
                                .usage = "PATH [DATA|-]",
                                .summary = "replace a node's data",
                                .about = "Silent when it is done. With -o json it prints the new stat.",
                                .examples = examples,
                                .opts = opts,
                                .min_words = 1,
                                .max_words = 2,
                                .formats = FORMATS_ONE,
                                .effect = CHANGES,
                                .run = run};
