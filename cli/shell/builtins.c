/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that only a shell or script has. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/input.h"
#include "frame/out.h"
#include "past.h"
#include "shell.h"

/* --- where we are ------------------------------------------------------------------------------------------------- */

static int
run_cd(struct ctx *ctx, const struct args *in)
{
    struct shell *shell = ctx->shell;
    const char *path = in->n == 0 ? "/" : in->words[0];
    if (strcmp(path, "-") == 0)
        path = shell->cwd_before != NULL ? shell->cwd_before : ctx->cwd;
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    zobo_err err = zobo_exists(ctx->client, path, NULL, NULL);
    if (err != ZOBO_OK)
        return fail(ctx, err, path, NULL);
    char *to = need_copy(path);
    free(shell->cwd_before);
    shell->cwd_before = ctx->cwd;
    ctx->cwd = to;
    return DONE;
}

static const struct example cd_examples[] = {
    {"cd /app; ls", "the same as ls /app"}, {"cd ..", "to the parent; - is where you were before"}, {NULL, NULL}};

const struct command cmd_cd = {.name = "cd",
                               .usage = "[PATH]",
                               .summary = "in a shell: change the node that relative paths begin at",
                               .about = "Without PATH that is the root.",
                               .examples = cd_examples,
                               .max_words = 1,
                               .only_shell = true,
                               .formats = FORMATS_ONE,
                               .run = run_cd};

static int
run_pwd(struct ctx *ctx, const struct args *in)
{
    (void)in;
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(ctx->cwd);
        end_json(&json);
    } else {
        put_text(ctx, ctx->cwd);
        fputc('\n', stdout);
    }
    return DONE;
}

static const struct example pwd_examples[] = {{"pwd", "/app"}, {NULL, NULL}};

const struct command cmd_pwd = {.name = "pwd",
                                .usage = "",
                                .summary = "in a shell: print the node that relative paths begin at",
                                .examples = pwd_examples,
                                .only_shell = true,
                                .formats = FORMATS_ONE,
                                .run = run_pwd};

/* --- what was typed ----------------------------------------------------------------------------------------------- */

static int
need_past(const struct ctx *ctx)
{
    return ctx->shell->past != NULL ? DONE : refuse(ctx, BAD_USAGE, "only a shell on a terminal has a history");
}

static int
run_history(struct ctx *ctx, const struct args *in)
{
    int code = need_past(ctx);
    (void)in;
    for (size_t i = 0; code == DONE && i < past_count(ctx->shell->past); i++) {
        int number;
        const char *line = past_at(ctx->shell->past, i, &number);
        if (ctx->format == FORMAT_JSON) {
            struct json json = {.to = stdout};
            json_open(&json, NULL, '{');
            json_int(&json, "number", number);
            json_text(&json, "line", line);
            end_json(&json);
        } else {
            printf("%5d  ", number);
            put_text(ctx, line);
            fputc('\n', stdout);
        }
    }
    return code;
}

static const struct example history_examples[] = {{"history", "what was typed before, numbered"}, {NULL, NULL}};

const struct command cmd_history = {.name = "history",
                                    .usage = "",
                                    .summary = "in a shell: print the lines typed before",
                                    .about = "Lines that hold credentials, or begin with a space, are not kept.",
                                    .examples = history_examples,
                                    .only_shell = true,
                                    .formats = FORMATS_ONE,
                                    .run = run_history};

enum { REDO_DEPTH = 8 };

static int
run_redo(struct ctx *ctx, const struct args *in)
{
    struct shell *shell = ctx->shell;
    int code = need_past(ctx);
    if (code != DONE)
        return code;
    char *end;
    long number = strtol(in->words[0], &end, 10);
    const char *line = *end != '\0' || number < 0 || number > INT32_MAX ? NULL : past_find(shell->past, (int)number);
    if (line == NULL)
        return fail_usage(ctx, "the history has no line %s", in->words[0]);
    if (shell->redone == REDO_DEPTH)
        return refuse(ctx, BAD_USAGE, "redo of redo of redo ...: %d are enough", REDO_DEPTH);
    char *copy = need_copy(line); /* the history may change meanwhile */
    struct source source = {.line = 1};
    note(ctx, "%s", copy);
    shell->redone++;
    code = run_text(ctx, copy, strlen(copy), &source);
    shell->redone--;
    free(copy);
    return code;
}

static const struct example redo_examples[] = {{"redo 12", "line 12 of the history again"}, {NULL, NULL}};

const struct command cmd_redo = {.name = "redo",
                                 .usage = "NUMBER",
                                 .summary = "in a shell: run a line of the history again",
                                 .examples = redo_examples,
                                 .min_words = 1,
                                 .max_words = 1,
                                 .only_shell = true,
                                 .formats = FORMATS_ONE,
                                 .run = run_redo};

/* --- the session -------------------------------------------------------------------------------------------------- */

static int
run_addauth(struct ctx *ctx, const struct args *in)
{
    char typed[1024] = "";
    char *credential = in->n > 1 ? in->words[1] : typed;
    int code = DONE;
    if (in->n == 1 && (ctx->stdin_taken || !isatty(STDIN_FILENO)))
        code = refuse(ctx, BAD_USAGE, "there is no terminal to ask for the credential: give it, or use --auth-file");
    else if (in->n == 1 && !read_secret(ctx, "credential: ", typed, sizeof typed))
        code = refuse(ctx, BAD_USAGE, "no credential was given");
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE) {
        zobo_err err = zobo_add_auth(ctx->client, in->words[0], credential, strlen(credential));
        code = err == ZOBO_OK ? DONE : fail(ctx, err, NULL, NULL);
        ctx->has_credentials = ctx->has_credentials || err == ZOBO_OK;
    }
    wipe(credential);
    return code;
}

static const struct example addauth_examples[] = {{"addauth digest", "asks for user:password, unseen"},
                                                  {"addauth digest joe:password", "never kept in the history"},
                                                  {NULL, NULL}};

const struct command cmd_addauth = {
    .name = "addauth",
    .usage = "SCHEME [CRED]",
    .summary = "in a shell: present a credential",
    .about = "It stands for the rest of the session, reconnections included. One-shot commands take --auth-file.",
    .examples = addauth_examples,
    .min_words = 1,
    .max_words = 2,
    .only_shell = true,
    .formats = FORMATS_ONE,
    .run = run_addauth};

static int
run_connect(struct ctx *ctx, const struct args *in)
{
    if (in->n > 0) {
        change_hosts(ctx, in->words[0]);
        free(ctx->cwd);
        ctx->cwd = need_copy("/");
    }
    int code = need_client(ctx);
    if (code == DONE && ctx->shell->interactive)
        listen_to(ctx->shell); /* before it connects: when that fails, a later command may succeed */
    return code == DONE ? need_session(ctx) : code;
}

static const struct example connect_examples[] = {{"connect zk1,zk2,zk3/app", "other servers, a new session"},
                                                  {"connect", "the same again, after close"},
                                                  {NULL, NULL}};

const struct command cmd_connect = {.name = "connect",
                                    .usage = "[HOSTS]",
                                    .summary = "in a shell: connect, to other servers if HOSTS are given",
                                    .about = "HOSTS are as with --hosts. The credentials that were given are for the "
                                             "servers from before: others do not get them.",
                                    .examples = connect_examples,
                                    .max_words = 1,
                                    .only_shell = true,
                                    .formats = FORMATS_ONE,
                                    .run = run_connect};

static int
run_close(struct ctx *ctx, const struct args *in)
{
    (void)in;
    if (!ctx->started)
        return DONE;
    zobo_err err = zobo_stop(ctx->client);
    ctx->started = false;
    return err == ZOBO_OK ? DONE : fail(ctx, err, NULL, NULL);
}

static const struct example close_examples[] = {{"close", "the session's ephemeral nodes are gone"}, {NULL, NULL}};

const struct command cmd_close = {.name = "close",
                                  .usage = "",
                                  .summary = "in a shell: end the session",
                                  .about = "The next command that needs one begins a new session.",
                                  .examples = close_examples,
                                  .only_shell = true,
                                  .formats = FORMATS_ONE,
                                  .run = run_close};

/* --- watches ------------------------------------------------------------------------------------------------------ */

static int
run_printwatches(struct ctx *ctx, const struct args *in)
{
    bool on = in->n > 0 && strcmp(in->words[0], "on") == 0, off = in->n > 0 && strcmp(in->words[0], "off") == 0;
    if (in->n > 0 && !on && !off)
        return fail_usage(ctx, "%s: on or off", in->words[0]);
    if (in->n > 0)
        ctx->shell->hides_events = off;
    else
        printf("%s\n", ctx->shell->hides_events ? "off" : "on");
    return DONE;
}

static const struct example printwatches_examples[] = {
    {"printwatches off", "say nothing of events"}, {"printwatches", "on or off?"}, {NULL, NULL}};

const struct command cmd_printwatches = {.name = "printwatches",
                                         .usage = "[on|off]",
                                         .summary = "in a shell: whether events of get -w, ls -w and stat -w are told",
                                         .examples = printwatches_examples,
                                         .max_words = 1,
                                         .only_shell = true,
                                         .formats = FORMATS_ONE,
                                         .run = run_printwatches};

static int
run_removewatches(struct ctx *ctx, const struct args *in)
{
    const char *path = in->words[0];
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code != DONE)
        return code;
    zobo_err err = zobo_remove_watches(ctx->client, path, ZOBO_WATCH_ANY, NULL);
    return err == ZOBO_OK ? DONE : fail(ctx, err, path, NULL);
}

static const struct example removewatches_examples[] = {{"removewatches /app", "what get -w /app and others have set"},
                                                        {NULL, NULL}};

const struct command cmd_removewatches = {.name = "removewatches",
                                          .usage = "PATH",
                                          .summary = "in a shell: take back what get -w, ls -w and stat -w have set",
                                          .examples = removewatches_examples,
                                          .min_words = 1,
                                          .max_words = 1,
                                          .only_shell = true,
                                          .formats = FORMATS_ONE,
                                          .run = run_removewatches};

/* --- the end ------------------------------------------------------------------------------------------------------ */

static int
run_exit(struct ctx *ctx, const struct args *in)
{
    char *end = NULL;
    long code = in->n == 0 ? DONE : strtol(in->words[0], &end, 10);
    if (end != NULL && (*end != '\0' || end == in->words[0] || code < 0 || code > 255))
        return fail_usage(ctx, "%s: an exit code is a number from 0 to 255", in->words[0]);
    ctx->shell->over = true;
    ctx->shell->exit_code = (int)code;
    return DONE;
}

static const struct alias exit_aliases[] = {{"quit", NO_OPT}, {NULL, NO_OPT}};
static const struct example exit_examples[] = {{"exit", "as Ctrl-D"}, {"exit 3", "with an exit code"}, {NULL, NULL}};

const struct command cmd_exit = {.name = "exit",
                                 .aliases = exit_aliases,
                                 .usage = "[CODE]",
                                 .summary = "end a shell or script",
                                 .examples = exit_examples,
                                 .max_words = 1,
                                 .only_shell = true,
                                 .formats = FORMATS_ONE,
                                 .run = run_exit};
