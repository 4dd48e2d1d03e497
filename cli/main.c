/* SPDX-License-Identifier: Apache-2.0 */
/* zobo [options] COMMAND [options] ARGS. Each option comes from the command line, else from ZOBO_<NAME> in the
 * environment, else it has its default. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "frame/command.h"

static bool
wants_json(int argc, char **argv)
{
    const char *format = getenv("ZOBO_OUTPUT");
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if ((strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0) && i + 1 < argc)
            format = argv[++i];
        else if (strncmp(argv[i], "--output=", 9) == 0)
            format = argv[i] + 9;
        else if (strncmp(argv[i], "-o", 2) == 0)
            format = argv[i] + 2;
    }
    return format != NULL && strcmp(format, "json") == 0;
}

static bool
env_says_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            const char *dot = strchr(value, '.');
            return dot != NULL && (strncasecmp(dot, ".utf-8", 6) == 0 || strncasecmp(dot, ".utf8", 5) == 0);
        }
    }
    return false;
}

/* Where the servers are is said by one of two options. */
static bool
is_place(size_t g)
{
#ifdef ZOBO_SERVER
    return g == G_HOSTS || g == G_LOCAL;
#else
    return g == G_HOSTS;
#endif
}

static bool
is_local(const struct opt_value *globals)
{
#ifdef ZOBO_SERVER
    return globals[G_LOCAL].given;
#else
    (void)globals;
    return false;
#endif
}

/* read_environment fills in the options that were not given. */
static int
read_environment(const struct ctx *ctx, struct opt_value *globals)
{
    bool auth_given = globals[G_AUTH].given || globals[G_AUTH_FILE].given;
    bool place_given = globals[G_HOSTS].given || is_local(globals);
    for (size_t g = 0; g < G_VERSION; g++) {
        const struct opt *opt = &global_opts[g];
        char name[40] = "ZOBO_";
        for (size_t i = 0; opt->name[i] != '\0'; i++)
            name[5 + i] = (char)(opt->name[i] == '-' ? '_' : opt->name[i] - 'a' + 'A');
        char *value = getenv(name);
        if (value == NULL || value[0] == '\0' || globals[g].given)
            continue;
        if (auth_given && (g == G_AUTH || g == G_AUTH_FILE))
            continue;
        if (place_given && is_place(g))
            continue;
        if (opt->kind == OPT_FLAG) {
            globals[g].given = strcmp(value, "0") != 0 && strcmp(value, "false") != 0 && strcmp(value, "no") != 0;
            continue;
        }
        char *copy = opt->kind == OPT_LINES ? need_copy(value) : NULL; /* for it is wiped */
        bool good = parse_value(opt, copy != NULL ? copy : value, &globals[g]);
        free(copy);
        if (!good)
            return fail_usage(ctx, "%s=%s: %s", name, value, bad_value_text(opt->kind));
        globals[g].given = g != G_AUTH; /* what is not on the command line needs no warning */
    }
    return DONE;
}

static int
choose_format(struct ctx *ctx, const struct opt_value *output, bool from_flag)
{
    if (output->text == NULL)
        return DONE;
    enum format format = FORMAT_TEXT;
    while (format < FORMAT_COUNT && strcmp(format_names[format], output->text) != 0)
        format++;
    if (format == FORMAT_COUNT)
        return fail_usage(ctx, "no format %s: there are text, json, long, raw and name", output->text);
    if (ctx->command->formats & FORMATS(format))
        ctx->format = format;
    else if (from_flag)
        return fail_usage(ctx, "%s has no format %s", ctx->command->name, output->text);
    return DONE;
}

/* apply_globals turns the options that every command takes into the context. */
static int
apply_globals(struct ctx *ctx, struct opt_value *globals)
{
    bool format_given = globals[G_OUTPUT].given;
    int code = read_environment(ctx, globals);
    if (code == DONE)
        code = choose_format(ctx, &globals[G_OUTPUT], format_given);
    if (code != DONE)
        return code;
    ctx->quiet = globals[G_QUIET].given;
    ctx->trace = globals[G_TRACE].given;
    ctx->wait = globals[G_WAIT].given;
    ctx->read_only = globals[G_READ_ONLY].given;
    ctx->connect_given = globals[G_CONNECT_TIMEOUT].given;
    ctx->connect_ms = ctx->connect_given ? (uint32_t)globals[G_CONNECT_TIMEOUT].n : USUAL_CONNECT_MS;
    ctx->session_ms = (uint32_t)globals[G_SESSION_TIMEOUT].n;
    if (globals[G_HOSTS].given && is_local(globals))
        return fail_usage(ctx, "--hosts and --local exclude each other");
    if (globals[G_HOSTS].text != NULL)
        ctx->hosts = need_copy(globals[G_HOSTS].text);
#ifdef ZOBO_SERVER
    ctx->local = globals[G_LOCAL].text;
#endif
    if (globals[G_NO_COLOR].given || !ctx->out_is_tty)
        ctx->color = false;
    if (globals[G_AUTH].given)
        note(ctx, "warning: --auth can be seen by others while it is typed and started; use --auth-file or ZOBO_AUTH");
    if (globals[G_AUTH].text != NULL)
        add_secrets(ctx, globals[G_AUTH].text);
    return globals[G_AUTH_FILE].text == NULL ? DONE : load_secrets(ctx, globals[G_AUTH_FILE].text);
}

static int
fail_count(const struct ctx *ctx, const char *too, bool behind)
{
    const struct command *c = ctx->command;
    if (behind)
        return fail_usage(ctx, "too %s arguments; the command to run goes behind --", too);
    return fail_usage(ctx, "too %s arguments: zobo %s%s%s", too, c->name, c->usage[0] != '\0' ? " " : "", c->usage);
}

static int
run_command(struct ctx *ctx, struct opt_value *globals, char **argv, size_t n)
{
    size_t used;
    int implied;
    ctx->command = find_command(argv, n, &used, &implied);
    if (ctx->command == NULL && is_group(argv[0])) {
        bool help = n > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0);
        print_group_help(help ? stdout : stderr, argv[0]);
        return help ? DONE : BAD_USAGE;
    }
    if (ctx->command == NULL) {
        const char *close = did_you_mean(argv[0]);
        return close == NULL ? fail_usage(ctx, "no command %s", argv[0])
                             : fail_usage(ctx, "no command %s; did you mean %s?", argv[0], close);
    }
    struct args in = {.words = need_memory(n + 1, sizeof *in.words)};
    if (implied != NO_OPT)
        in.opt[implied].given = true;
    struct opt_table tables[2] = {{ctx->command->opts, in.opt}, {global_opts, globals}};
    size_t all;
    int code = parse_args(ctx, tables, argv + used, n - used, &in, &all);
    if (ctx->command->runs_command) {
        in.command = in.n_before < in.n ? in.words + in.n_before : NULL;
        in.n = in.n_before;
    }
    if (code == DONE && globals[G_HELP].given)
        print_command_help(stdout, ctx->command);
    else if (code == DONE && in.n < ctx->command->min_words)
        code = fail_count(ctx, "few", false);
    else if (code == DONE && in.n > ctx->command->max_words)
        code = fail_count(ctx, "many", ctx->command->runs_command && in.command == NULL);
    else if (code == DONE && (code = apply_globals(ctx, globals)) == DONE)
        code = ctx->command->run(ctx, &in);
    free(in.words);
    return code;
}

static int
run_globals(struct ctx *ctx, struct opt_value *globals, char **argv, size_t n)
{
    struct opt_table tables[2] = {{NULL, NULL}, {global_opts, globals}};
    size_t used;
    int code = parse_args(ctx, tables, argv, n, NULL, &used);
    if (code != DONE)
        return code;
    if (globals[G_VERSION].given) {
        printf("zobo %s\n", ZOBO_VERSION);
        return DONE;
    }
    if (used == n) {
        print_help(globals[G_HELP].given ? stdout : stderr);
        return globals[G_HELP].given ? DONE : BAD_USAGE;
    }
    return run_command(ctx, globals, argv + used, n - used);
}

static int
run(struct ctx *ctx, char **argv, size_t n)
{
    struct opt_value globals[G_COUNT] = {0};
    int code = run_globals(ctx, globals, argv, n);
    wipe(globals[G_AUTH].text);
    free(globals[G_AUTH].text);
    return code;
}

/* A reader that has gone away is no error to tell of: it ends this program as it ends any other. */
static bool
reader_is_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

static int
flush_output(struct ctx *ctx, int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno == EPIPE || reader_is_gone())
        ctx->signal = SIGPIPE;
    else
        code = fail_errno(ctx, "standard output", errno != 0 ? errno : EIO);
    return code;
}

int
main(int argc, char **argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL); /* so that the session is ended; see flush_output */
    struct ctx ctx = {.json_errors = wants_json(argc, argv), .out_is_tty = isatty(STDOUT_FILENO), .knock = -1};
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    ctx.utf8 = env_says_utf8();
    ctx.color = (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;

    int code = flush_output(&ctx, argc > 1 ? run(&ctx, argv + 1, (size_t)argc - 1) : run(&ctx, argv, 0));
    end_session(&ctx);
    if (ctx.signal != 0) {
        struct sigaction usual = {.sa_handler = SIG_DFL};
        sigaction(ctx.signal, &usual, NULL);
        raise(ctx.signal);
        return BY_SIGNAL + ctx.signal;
    }
    return code;
}
