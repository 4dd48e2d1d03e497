/* SPDX-License-Identifier: Apache-2.0 */
/* zobo shell, which is also what zobo without a command is. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "past.h"
#include "shell.h"

enum { O_COMMANDS, O_FILE, O_KEEP_GOING };

static const struct opt opts[] = {
    [O_COMMANDS] = {'c', "commands", OPT_TEXT, "TEXT", "run the commands in TEXT: 'cd /app; ls'"},
    [O_FILE] = {'f', "file", OPT_TEXT, "FILE", "run the commands in FILE, - for stdin"},
    [O_KEEP_GOING] = {0, "keep-going", OPT_FLAG, NULL, "go on after errors; exit code 8 if there were any"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* take_stdin moves the commands away from descriptor 0, where what they start would read them. */
static FILE *
take_stdin(struct ctx *ctx)
{
    int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    FILE *file = fd >= 0 && null >= 0 && dup2(null, STDIN_FILENO) >= 0 ? fdopen(fd, "r") : NULL;
    if (file == NULL)
        fail_errno(ctx, "stdin", errno);
    if (null >= 0)
        close(null);
    ctx->stdin_taken = true;
    return file;
}

static int
run_file(struct ctx *ctx, const char *name, bool keep_going)
{
    bool from_stdin = name == NULL || strcmp(name, "-") == 0;
    FILE *file = from_stdin ? take_stdin(ctx) : fopen(name, "re");
    if (file == NULL)
        return from_stdin ? FAILED : fail_errno(ctx, name, errno);
    int code = run_script(ctx, file, from_stdin ? "stdin" : name, keep_going);
    fclose(file);
    return code;
}

static int
run_given(struct ctx *ctx, const char *text, bool keep_going)
{
    struct source source = {.name = "-c", .line = 1, .keep_going = keep_going};
    size_t opened, line, column;
    enum split_open open = text_is_open(text, strlen(text), &opened);
    if (open == OPEN_NOTHING)
        return run_text(ctx, text, strlen(text), &source);
    split_line_column(text, opened, &line, &column);
    return refuse(ctx, BAD_USAGE, "-c:%zu:%zu: %s", line, column, split_fault(open));
}

/* run_commands runs those of -c. Text with credentials is wiped from argv, so that the process list does not keep it. */
static int
run_commands(struct ctx *ctx, char *given, bool keep_going)
{
    char *text = need_copy(given);
    if (!past_keeps(given))
        wipe(given);
    int code = run_given(ctx, text, keep_going);
    wipe(text);
    free(text);
    return code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const struct opt_value *text = &in->opt[O_COMMANDS], *file = &in->opt[O_FILE];
    if (ctx->shell != NULL)
        return fail_usage(ctx, "this is a shell already");
    if (text->given && file->given)
        return fail_usage(ctx, "-c or -f: which?");
    struct shell shell = {.ctx = ctx};
    bool keep_going = in->opt[O_KEEP_GOING].given;
    const struct command *command = ctx->command;
    ctx->shell = &shell;
    ctx->cwd = need_copy("/");
    ctx->command = NULL; /* it is none of the commands that it runs */
    int code;
    if (text->given)
        code = run_commands(ctx, text->text, keep_going);
    else if (file->given || !isatty(STDIN_FILENO))
        code = run_file(ctx, file->text, keep_going);
    else
        code = run_interactive(ctx);
    fflush(stdout);
    end_session(ctx); /* its callbacks know `shell` */
    ctx->command = command;
    ctx->shell = NULL;
    free(shell.cwd_before);
    free(ctx->cwd);
    ctx->cwd = NULL;
    return code;
}

static const struct example examples[] = {
    {"zobo", "on a terminal: a shell with history and completion"},
    {"zobo -c 'cd /app; set mode active; get config'", "several commands in one session"},
    {"zobo -H zk1/app -f setup.zobo --keep-going", "a script"},
    {"generate | zobo", "commands from stdin, a line each"},
    {NULL, NULL}};

const struct command cmd_shell = {
    .name = "shell",
    .usage = "",
    .summary = "run commands in one session: typed, from a script, from stdin",
    .about =
        "What zobo without a command is; -c, -f and --keep-going can then stand among the common options. The "
        "commands are zobo's, without the word zobo, and those that are for shells only: cd, pwd, history, redo, "
        "addauth, connect, close, printwatches, exit. Words are quoted as in the POSIX shell; ; and newline end a "
        "command, # begins a comment; there are no variables and patterns. Paths may be relative to the node that "
        "cd went to. A script stops at the first command whose exit code is not 0, which is then its own; errors "
        "name the file and the line. The session begins with the first command that needs it, and ephemeral nodes "
        "live as long as the shell. On a terminal the shell reconnects by itself, Ctrl-C ends a command or a line, "
        "Ctrl-D the shell; Tab completes, Ctrl-R searches the history. That is kept in ZOBO_HISTFILE, or in "
        "$XDG_STATE_HOME/zobo/history, without lines that hold credentials or begin with a space.",
    .examples = examples,
    .opts = opts,
    .formats = (1U << FORMAT_COUNT) - 1,
    .run = run};
