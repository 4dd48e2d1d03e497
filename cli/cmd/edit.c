/* SPDX-License-Identifier: Apache-2.0 */
/* edit: a node's data in the user's editor. What somebody else has written meanwhile is never overwritten. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame/command.h"
#include "frame/input.h"
#include "frame/out.h"
#include "run/editor.h"

enum { O_DRY_RUN, O_CREATE };
enum { DATA_MAX = 64 << 20 };

static const struct opt opts[] = {[O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "print the change, do not make it"},
                                  [O_CREATE] = {'c', "create", OPT_FLAG, NULL, "make the node if there is none"},
                                  {0, NULL, OPT_FLAG, NULL, NULL}};

/* One edit: what was read, and the file that holds what the user made of it. */
struct edit {
    struct ctx *ctx;
    const char *path;
    zobo_reply *reply; /* NULL: there is no node yet */
    char *file;
};

static const void *
old_data(const struct edit *edit, size_t *len)
{
    *len = edit->reply == NULL ? 0 : edit->reply->data_len;
    return edit->reply == NULL ? NULL : edit->reply->data;
}

static int
read_node(struct edit *edit, bool create)
{
    zobo_reply_free(edit->reply);
    edit->reply = NULL;
    zobo_err err = zobo_get(edit->ctx->client, edit->path, NULL, &edit->reply);
    if (err == ZOBO_OK || (err == ZOBO_ENONODE && create))
        return DONE;
    return fail(edit->ctx, err, edit->path, err == ZOBO_ENONODE ? "--create makes it" : NULL);
}

/* show_change prints the difference, as diff does; a machine without it does without. */
static int
show_change(const struct edit *edit)
{
    size_t len;
    const void *old = old_data(edit, &len);
    char *before = write_temporary(edit->ctx, NULL, old, len);
    if (before == NULL)
        return FAILED;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("diff", "diff", "-u", "--label", edit->path, before, "--label", "edited", edit->file, (char *)NULL);
        _exit(NO_COMMAND);
    }
    int status = 0;
    bool waited = pid > 0 && waitpid(pid, &status, 0) == pid;
    unlink(before);
    free(before);
    if (!waited || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
        note(edit->ctx, "diff is not there to show the change");
    return DONE;
}

/* write_node writes what the user made of it. `*stat` is of the node as it is then, where the server tells. */
static zobo_err
write_node(const struct edit *edit, const char *data, size_t len, zobo_stat *stat, bool *has_stat)
{
    *has_stat = edit->reply != NULL;
    if (edit->reply == NULL)
        return zobo_create(edit->ctx->client, edit->path, data, len, NULL, NULL);
    return zobo_set(edit->ctx->client, edit->path, data, len, edit->reply->stat.version, stat);
}

/* print_json tells what was done, or with `data` what would be. */
static void
print_json(const struct edit *edit, const zobo_stat *stat, const char *data, size_t len)
{
    struct json json = one_json_path(edit->path);
    if (stat != NULL)
        json_stat(&json, "stat", stat);
    if (data != NULL) {
        json_bool(&json, "dry_run", true);
        json_data(&json, data, len);
    }
    end_json(&json);
}

/* keep tells where the user's text is: it must not be lost. */
static int
keep(struct edit *edit, int code)
{
    note(edit->ctx, "what you wrote is in %s", edit->file);
    free(edit->file);
    edit->file = NULL;
    return code;
}

/* store writes what the user made of it. `*again`: somebody else was faster, and the user wants to see what they wrote. */
static int
store(struct edit *edit, bool *again)
{
    struct ctx *ctx = edit->ctx;
    size_t len, old_len;
    const void *old = old_data(edit, &old_len);
    char *data = read_whole(ctx, edit->file, DATA_MAX, &len);
    if (data == NULL)
        return keep(edit, FAILED);
    if (edit->reply != NULL && len == old_len && (len == 0 || memcmp(data, old, len) == 0)) {
        note(ctx, "nothing was changed");
        free(data);
        return DONE;
    }
    bool as_json = ctx->format == FORMAT_JSON, has_stat;
    if (ctx->dry_run && as_json)
        print_json(edit, NULL, data, len);
    if (ctx->dry_run) {
        free(data);
        return as_json ? DONE : show_change(edit);
    }
    zobo_stat stat;
    zobo_err err = write_node(edit, data, len, &stat, &has_stat);
    free(data);
    if (err == ZOBO_OK && as_json)
        print_json(edit, has_stat ? &stat : NULL, NULL, 0);
    if (err == ZOBO_OK)
        return DONE;
    int code = fail(ctx, err, edit->path, NULL);
    if (code == CONFLICT && isatty(STDIN_FILENO))
        *again = need_yes(ctx, "%s was changed meanwhile. Edit once more, beginning with what you wrote?",
                          edit->path) == DONE;
    return *again ? DONE : keep(edit, code);
}

/* read_again reads and shows what somebody else has made of the node since it was read. */
static int
read_again(struct edit *edit)
{
    int code = read_node(edit, true);
    if (code == DONE)
        code = show_change(edit);
    return code == DONE ? DONE : keep(edit, code);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct edit edit = {.ctx = ctx, .path = in->words[0]};
    int code = need_path(ctx, edit.path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = read_node(&edit, in->opt[O_CREATE].given);
    size_t len;
    const void *old = old_data(&edit, &len);
    if (code == DONE && (edit.file = write_temporary(ctx, NULL, old, len)) == NULL)
        code = FAILED;
    bool again = code == DONE;
    while (again) {
        again = false;
        code = run_editor(ctx, edit.file);
        if (code == DONE)
            code = store(&edit, &again);
        if (again && (code = read_again(&edit)) != DONE)
            again = false;
    }
    if (edit.file != NULL)
        unlink(edit.file);
    free(edit.file);
    zobo_reply_free(edit.reply);
    return code;
}

static const struct example examples[] = {
    {"zobo edit /app/config", "in $VISUAL, $EDITOR or vi"},
    {"EDITOR='sed -i s/8080/9090/' zobo edit --dry-run /app/config", "what would that change?"},
    {NULL, NULL}};

const struct command cmd_edit = {
    .name = "edit",
    .usage = "PATH",
    .summary = "edit a node's data",
    .about = "The data is written only if nobody has changed the node since it was read; else it asks whether to go on "
             "with what is there now. What you wrote is never lost: where it cannot be stored, it stays in a file.",
    .examples = examples,
    .opts = opts,
    .min_words = 1,
    .max_words = 1,
    .formats = FORMATS_ONE,
    .effect = CHANGES,
    .run = run};
