/* SPDX-License-Identifier: Apache-2.0 */
#include "frame/command.h"
#include "frame/out.h"

enum { O_NO_CREATE, O_PARENTS, O_DRY_RUN };

static const struct opt opts[] = {
    [O_NO_CREATE] = {'c', "no-create", OPT_FLAG, NULL, "a node that is not there is left so, and is no error"},
    [O_PARENTS] = {'p', "parents", OPT_FLAG, NULL, "make missing parents"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "tell what would be done, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

enum { TRIES = 100 };

struct touched {
    bool created, set; /* neither: it is not there, or another has set it just now */
    zobo_stat stat;
};

/* touch_one: whoever comes in between has touched it, too. */
static zobo_err
touch_one(struct ctx *ctx, const char *path, const struct args *in, struct touched *touched)
{
    zobo_create_options options = {.makepath = in->opt[O_PARENTS].given};
    zobo_err err = ZOBO_OK;
    for (int i = 0; i < TRIES; i++) { /* made and removed by others, again and again */
        zobo_reply *reply;
        err = zobo_get(ctx->client, path, NULL, &reply);
        if (err == ZOBO_OK) {
            err = zobo_set(ctx->client, path, reply->data, reply->data_len, reply->stat.version, &touched->stat);
            zobo_reply_free(reply);
            touched->set = err == ZOBO_OK;
            if (err != ZOBO_ENONODE)
                return err == ZOBO_EBADVERSION ? ZOBO_OK : err;
        } else if (err == ZOBO_ENONODE && in->opt[O_NO_CREATE].given) {
            return ZOBO_OK;
        } else if (err == ZOBO_ENONODE) {
            err = zobo_create(ctx->client, path, "", 0, &options, NULL);
            touched->created = err == ZOBO_OK;
            if (err != ZOBO_ENODEEXISTS)
                return err;
        } else {
            return err;
        }
    }
    return err;
}

static void
print_touched(const struct ctx *ctx, const char *path, const struct touched *touched)
{
    if (ctx->format != FORMAT_JSON)
        return;
    struct json json = one_json_path(path);
    json_bool(&json, "created", touched->created);
    if (touched->set)
        json_stat(&json, "stat", &touched->stat);
    end_json(&json);
}

static int
dry_run(struct ctx *ctx, const char *path, bool no_create)
{
    zobo_stat stat;
    zobo_err err = zobo_exists(ctx->client, path, NULL, &stat);
    if (err == ZOBO_OK)
        note(ctx, "would set %s to the data it has, now at version %d", path, stat.version);
    else if (err == ZOBO_ENONODE && !no_create)
        note(ctx, "would create %s", path);
    return err == ZOBO_OK || err == ZOBO_ENONODE ? DONE : fail(ctx, err, path, NULL);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    int code = DONE;
    for (size_t i = 0; i < in->n && code == DONE; i++)
        code = need_path(ctx, in->words[i], false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    for (size_t i = 0; i < in->n; i++) {
        const char *path = in->words[i];
        struct touched touched = {0};
        int one;
        if (ctx->dry_run) {
            one = dry_run(ctx, path, in->opt[O_NO_CREATE].given);
        } else {
            zobo_err err = touch_one(ctx, path, in, &touched);
            bool parents = err == ZOBO_ENONODE && !in->opt[O_PARENTS].given;
            one = err == ZOBO_OK ? DONE
                                 : fail(ctx, err, path, parents ? "its parent is missing; -p makes parents" : NULL);
        }
        if (one == DONE && !ctx->dry_run && (touched.created || touched.set))
            print_touched(ctx, path, &touched);
        code = worse(code, i, one);
    }
    return code;
}

static const struct example examples[] = {{"zobo touch /app/ready", "make it, empty, or let its watchers know"},
                                          {"zobo touch -c /app/config", "only if it is there"},
                                          {NULL, NULL}};

const struct command cmd_touch = {
    .name = "touch",
    .usage = "PATH...",
    .summary = "make empty nodes, or set those that are there to the data they have",
    .about =
        "Its version and time of change go up, and its watchers are told; the data is never put back to what it was "
        "before somebody else's change.",
    .examples = examples,
    .opts = opts,
    .min_words = 1,
    .max_words = WORDS_ANY,
    .formats = FORMATS_ONE,
    .effect = CHANGES,
    .run = run};
