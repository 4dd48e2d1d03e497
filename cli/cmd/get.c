/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "frame/command.h"
#include "frame/form.h"
#include "frame/out.h"
#include "frame/text.h"

enum { O_STAT, O_HEX, O_BASE64, O_WATCH };

static const struct opt opts[] = {
    [O_STAT] = {'s', "stat", OPT_FLAG, NULL, "also print the node's stat, on stderr (in JSON: in the object)"},
    [O_HEX] = {'x', "hex", OPT_FLAG, NULL, "print a hex dump"},
    [O_BASE64] = {'b', "base64", OPT_FLAG, NULL, "print the data in base64"},
    [O_WATCH] = {'w', "watch", OPT_FLAG, NULL, "in a shell: be told once when it changes"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static void
print_data(const struct ctx *ctx, const struct args *in, const zobo_reply *reply)
{
    if (in->opt[O_HEX].given) {
        put_hex(stdout, reply->data, reply->data_len);
    } else if (in->opt[O_BASE64].given) {
        put_base64(stdout, reply->data, reply->data_len);
        fputc('\n', stdout);
    } else if (!ctx->out_is_tty || ctx->format == FORMAT_RAW) {
        if (reply->data_len > 0)
            fwrite(reply->data, 1, reply->data_len, stdout);
    } else if (reply->data_len > 0) {
        put_visible(stdout, reply->data, reply->data_len, true);
        if (((const char *)reply->data)[reply->data_len - 1] != '\n')
            fputc('\n', stdout);
    }
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const char *path = in->words[0];
    if (in->opt[O_HEX].given && in->opt[O_BASE64].given)
        return fail_usage(ctx, "--hex or --base64: which?");
    if (ctx->format != FORMAT_TEXT && (in->opt[O_HEX].given || in->opt[O_BASE64].given))
        return fail_usage(ctx, "--hex and --base64 go with -o text only");
    if (ctx->format == FORMAT_OWN && in->opt[O_STAT].given)
        return fail_usage(ctx, "--stat or --format: which?");
    const zobo_watcher *watcher;
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_watcher(ctx, in->opt[O_WATCH].given, &watcher);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;

    zobo_reply *reply;
    zobo_err err = zobo_get(ctx->client, path, watcher, &reply);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(path);
        json_data(&json, reply->data, reply->data_len);
        if (in->opt[O_STAT].given)
            json_stat(&json, "stat", &reply->stat);
        end_json(&json);
    } else if (ctx->format == FORMAT_OWN) {
        struct node_facts facts = {path, &reply->stat, reply->data, reply->data_len};
        put_form(ctx, &facts);
    } else {
        print_data(ctx, in, reply);
        if (in->opt[O_STAT].given) {
            fflush(stdout);
            put_stat(stderr, &reply->stat);
        }
    }
    zobo_reply_free(reply);
    return DONE;
}

static const struct example examples[] = {
    {"zobo get /app/config", "print it; on a terminal readable, into a pipe or file byte for byte"},
    {"zobo get /app/blob > blob; zobo set /app/blob -f blob", "there and back unchanged"},
    {"zobo get -o json -s /app/config | jq -r .stat.version", "data and stat as one JSON object"},
    {NULL, NULL}};

const struct command cmd_get = {
    .name = "get",
    .usage = "PATH",
    .summary = "print a node's data",
    .about = "Nothing is added to the data, except on a terminal: there it ends in a newline, and bytes that are not "
             "text are shown as \\xNN. With -o raw the terminal gets them as they are. In JSON, data that is not UTF-8 "
             "has \"encoding\":\"base64\", and null data is null.",
    .examples = examples,
    .opts = opts,
    .min_words = 1,
    .max_words = 1,
    .pages = true,
    .formats = FORMATS_ONE | FORMATS(FORMAT_RAW) | FORMATS(FORMAT_OWN),
    .run = run};
