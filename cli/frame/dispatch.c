/* SPDX-License-Identifier: Apache-2.0 */
/* From arguments to a command that runs. Each common option comes from the command line, else from ZOBO_<NAME> in the
 * environment, else from the context in use, else it has its default. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "form.h"
#include "input.h"
#include "pager.h"

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
    bool auth_given = globals[G_AUTH].given || globals[G_AUTH_FILE].given || globals[G_AUTH_PROMPT].given;
    bool place_given = globals[G_HOSTS].given || is_local(globals) || globals[G_CONTEXT].given;
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
        if (opt->kind == OPT_LIST)
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

/* What of a line's options stood in the line itself: those are orders, what the environment says is a wish. */
struct orders {
    bool output, form;
};

/* choose_output takes the form of output that -o names, if the command has it. */
static int
choose_output(struct ctx *ctx, const char *name, bool from_flag)
{
    enum format format = FORMAT_TEXT;
    while (format < FORMAT_COUNT && strcmp(format_names[format], name) != 0)
        format++;
    if (format == FORMAT_COUNT)
        return fail_usage(ctx, "no format %s: there are text, json, long, table, raw and name", name);
    if (ctx->command->formats & FORMATS(format))
        ctx->format = format;
    else if (from_flag)
        return fail_usage(ctx, "%s has no format %s", ctx->command->name, name);
    return DONE;
}

/* choose_format takes what --format or -o asks for. */
static int
choose_format(struct ctx *ctx, const struct opt_value *globals, const struct orders *by_flag)
{
    const char *form = globals[G_FORMAT].text, *output = globals[G_OUTPUT].text;
    bool takes_form = ctx->command->formats & FORMATS(FORMAT_OWN);
    if (by_flag->form && !takes_form)
        return fail_usage(ctx, "%s has no --format, which is for commands that print nodes", ctx->command->name);
    if (by_flag->form && by_flag->output)
        return fail_usage(ctx, "--format or --output: which?");
    if (form != NULL && takes_form && !by_flag->output) {
        ctx->format = FORMAT_OWN;
        ctx->form = form;
        return form_check(ctx, form);
    }
    if (output != NULL)
        return choose_output(ctx, output, by_flag->output);
    /* In a shell: what was said before it began is a wish. */
    if ((ctx->command->formats & FORMATS(ctx->format)) == 0)
        ctx->format = FORMAT_TEXT;
    return DONE;
}

/* ask_secret takes a credential from the terminal, or from a line of stdin. */
static int
ask_secret(struct ctx *ctx)
{
    char line[1024] = "";
    bool got = read_secret(ctx, "scheme:credential: ", line, sizeof line) && line[0] != '\0';
    if (got)
        add_secrets(ctx, line);
    wipe(line);
    return got ? DONE : refuse(ctx, BAD_USAGE, "--auth-prompt: the credential is read from stdin, and there was none");
}

/* apply_session turns the options that hold as long as the session into the context. */
static int
apply_session(struct ctx *ctx, struct opt_value *globals)
{
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
    if (globals[G_LOCAL].text != NULL)
        ctx->local = need_copy(globals[G_LOCAL].text);
#endif
    if (globals[G_AUTH].given)
        note(ctx, "warning: --auth can be seen by others while it is typed and started; use --auth-file or ZOBO_AUTH");
    if (globals[G_AUTH].text != NULL)
        add_secrets(ctx, globals[G_AUTH].text);
    int code = globals[G_AUTH_PROMPT].given ? ask_secret(ctx) : DONE;
    return code != DONE || globals[G_AUTH_FILE].text == NULL ? code : load_secrets(ctx, globals[G_AUTH_FILE].text);
}

/* refuse_session refuses them in a line of a shell, which has its session already. */
static int
refuse_session(const struct ctx *ctx, const struct opt_value *globals)
{
    for (size_t g = 0; g < G_OUTPUT; g++)
        if (globals[g].given)
            return fail_usage(ctx, "--%s belongs before the session, not into it", global_opts[g].name);
    return DONE;
}

/* apply_line turns the options that hold for one command into the context. */
static int
apply_line(struct ctx *ctx, const struct opt_value *globals, const struct orders *by_flag)
{
    ctx->quiet = ctx->quiet || globals[G_QUIET].given;
    ctx->yes = ctx->yes || globals[G_YES].given;
    enum { AUTO, ALWAYS, NEVER };
    int64_t color = globals[G_COLOR].given ? globals[G_COLOR].n : AUTO;
    ctx->color = color == ALWAYS || (color == AUTO && ctx->color && ctx->out_is_tty);
    int code = choose_format(ctx, globals, by_flag);
    ctx->json_errors = ctx->json_errors || ctx->format == FORMAT_JSON;
    return code;
}

static int
fail_count(const struct ctx *ctx, const char *too, bool behind)
{
    const struct command *c = ctx->command;
    if (behind)
        return fail_usage(ctx, "too %s arguments; the command to run goes behind --", too);
    return fail_usage(ctx, "too %s arguments: zobo %s%s%s", too, c->name, c->usage[0] != '\0' ? " " : "", c->usage);
}

int
need_leave(struct ctx *ctx, enum effect effect)
{
    if (effect == READS || ctx->dry_run)
        return DONE;
    if (ctx->only_reads)
        return refuse(ctx, NOT_ALLOWED, "%s: the context %s is for reading only", ctx->command->name,
                      ctx->context == NULL ? "in use" : ctx->context);
    if (effect == CHANGES && ctx->ask_always && !ctx->yes) {
        int code = need_yes(ctx, "%s in %s?", ctx->command->name, ctx->context == NULL ? "here" : ctx->context);
        ctx->yes = code == DONE; /* once is enough */
        return code;
    }
    return DONE;
}

char *
absolute_path(const struct ctx *ctx, const char *word)
{
    const char *from = word[0] == '/' || ctx->cwd == NULL ? "" : ctx->cwd;
    size_t size = strlen(from) + strlen(word) + 4; /* and a slash that may be put behind it */
    char *all = need_memory(size, 1), *path = need_memory(size, 1);
    snprintf(all, size, "%s/%s", from, word);
    size_t len = 0;
    for (const char *part = all, *end; *part != '\0'; part = end) {
        part += strspn(part, "/");
        end = part + strcspn(part, "/");
        size_t n = (size_t)(end - part);
        if (n == 0 || (n == 1 && part[0] == '.'))
            continue;
        if (n == 2 && part[0] == '.' && part[1] == '.') {
            while (len > 0 && path[--len] != '/') {
                /* up to the parent */
            }
            continue;
        }
        path[len++] = '/';
        memcpy(path + len, part, n);
        len += n;
    }
    if (len == 0)
        path[len++] = '/';
    path[len] = '\0';
    free(all);
    return path;
}

/* take_paths makes all words absolute that are paths; returns what is to be freed. Words of another cluster
 * ("context:/path") stay, as do those that no path could be. */
static char **
take_paths(const struct ctx *ctx, struct args *in)
{
    char **made = need_memory(in->n + 2, sizeof *made);
    bool sequence = find_opt(ctx->command->opts, in->opt, "sequence") != NULL; /* "/a/" then means a node in /a */
    const char *usage = ctx->command->usage;
    if (ctx->cwd != NULL && ctx->command->here && word_kind(usage, in->n, NULL, NULL) == WORD_PATH &&
        (in->n == 0 || word_kind(usage, in->n - 1, NULL, NULL) != WORD_PATH))
        in->words[in->n++] = ctx->cwd;
    for (size_t i = 0; ctx->cwd != NULL && i < in->n; i++) {
        const char *word = in->words[i];
        if (word_kind(ctx->command->usage, i, NULL, NULL) != WORD_PATH || word[0] == '\0' || strcmp(word, "-") == 0 ||
            strstr(word, ":/") != NULL)
            continue;
        in->words[i] = made[i] = absolute_path(ctx, word);
        if (sequence && word[strlen(word) - 1] == '/' && made[i][1] != '\0')
            memcpy(made[i] + strlen(made[i]), "/", 2);
    }
    return made;
}

/* find finds the command; 0, or the exit code after telling. */
static int
find(struct ctx *ctx, char **argv, size_t n, size_t *used, int *implied)
{
    ctx->command = find_command(argv, n, used, implied);
    if (ctx->command != NULL) {
        ctx->mute = ctx->command->hidden; /* other programs look at the exit code */
        return DONE;
    }
    const char *close = did_you_mean(argv[0]);
    return close == NULL ? fail_usage(ctx, "no command %s", argv[0])
                         : fail_usage(ctx, "no command %s; did you mean %s?", argv[0], close);
}

static int
count_words(const struct ctx *ctx, const struct args *in)
{
    if (in->n < ctx->command->min_words)
        return fail_count(ctx, "few", false);
    if (in->n > ctx->command->max_words)
        return fail_count(ctx, "many", ctx->command->runs_command && in->command == NULL);
    return DONE;
}

static int
call(struct ctx *ctx, struct args *in)
{
    char **made = take_paths(ctx, in);
    ctx->dry_run = find_opt(ctx->command->opts, in->opt, "dry-run") != NULL;
    int code = need_leave(ctx, ctx->command->effect);
    if (code == DONE)
        code = ctx->command->run(ctx, in);
    for (size_t i = 0; i < in->n; i++)
        free(made[i]);
    free(made);
    return code;
}

static void
free_args(struct args *in)
{
    for (size_t i = 0; i < OPTS_MAX; i++)
        free(in->opt[i].items);
    free(in->words);
}

/* complete_globals fills in, from the environment and the file of contexts, what the command line has left open. */
static int
complete_globals(struct ctx *ctx, struct config *config, struct opt_value *globals)
{
    int code = read_environment(ctx, globals);
    if (code == DONE && !ctx->command->no_context)
        code = config_load(ctx, config);
    return code == DONE && !ctx->command->no_context ? config_apply(ctx, config, globals) : code;
}

/* page has long output go through a pager, where somebody reads it: not what is for programs, nor what asks. */
static void
page(struct ctx *ctx, const struct opt_value *globals, const struct args *in)
{
    bool asks = find_opt(ctx->command->opts, in->opt, "rm") != NULL;
    if (ctx->out_is_tty && !globals[G_NO_PAGER].given && ctx->format != FORMAT_RAW && !asks)
        pager_begin(ctx);
}

/* run_parsed runs ctx->command, unless `code` says that its arguments were wrong or help is asked for. */
static int
run_parsed(struct ctx *ctx, struct opt_value *globals, struct args *in, bool in_shell, int code)
{
    struct orders by_flag = {.output = globals[G_OUTPUT].given, .form = globals[G_FORMAT].given};
    struct config config = {0};
    if (code == DONE && globals[G_HELP].given) {
        if (!in_shell)
            page(ctx, globals, in);
        print_command_help(stdout, ctx->command);
        return DONE;
    }
    if (code == DONE && ctx->command->only_shell && ctx->cwd == NULL)
        return refuse(ctx, BAD_USAGE, "%s is for the shell and for scripts: `zobo help shell`", ctx->command->name);
    if (code == DONE)
        code = count_words(ctx, in);
    if (code == DONE)
        code = in_shell ? refuse_session(ctx, globals) : complete_globals(ctx, &config, globals);
    if (code == DONE)
        code = apply_line(ctx, globals, &by_flag);
    if (code == DONE && !in_shell)
        code = apply_session(ctx, globals);
    if (code == DONE && !in_shell && ctx->command->pages)
        page(ctx, globals, in);
    if (code == DONE)
        code = call(ctx, in);
    config_free(&config);
    return code;
}

static int
run_command(struct ctx *ctx, struct opt_value *globals, char **argv, size_t n, bool in_shell)
{
    size_t used;
    int implied;
    if (is_group(argv[0]) && find_command(argv, n, &used, &implied) == NULL) {
        bool help = n > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0);
        print_group_help(help ? stdout : stderr, argv[0]);
        return help ? DONE : BAD_USAGE;
    }
    int code = find(ctx, argv, n, &used, &implied);
    if (code != DONE)
        return code;
    if (used == 1 && n > 1 && argv[1][0] != '-' && ctx->command->max_words == 0 && is_group(argv[0]))
        return fail_usage(ctx, "no command %s %s", argv[0], argv[1]);
    struct args in = {.words = need_memory(n + 1, sizeof *in.words)};
    if (implied != NO_OPT)
        in.opt[implied].given = true;
    struct opt_table tables[2] = {{ctx->command->opts, in.opt}, {global_opts, globals}};
    size_t all;
    code = parse_args(ctx, tables, argv + used, n - used, &in, &all);
    if (ctx->command->runs_command) {
        in.command = in.n_before < in.n ? in.words + in.n_before : NULL;
        in.n = in.n_before;
        if (code == DONE && in.dashes && in.command == NULL) /* "-- $CMD" with CMD empty */
            code = fail_usage(ctx, "no command to run behind --");
    }
    code = run_parsed(ctx, globals, &in, in_shell, code);
    free_args(&in);
    return code;
}

/* Before a command stand common options, or those of `shell`, which is what runs when no command stands behind. */
static int
run_globals(struct ctx *ctx, struct opt_value *globals, char **argv, size_t n)
{
    struct args in = {.words = need_memory(1, sizeof *in.words)};
    struct opt_table tables[2] = {{cmd_shell.opts, in.opt}, {global_opts, globals}};
    size_t used;
    bool of_shell = false;
    int code = parse_args(ctx, tables, argv, n, NULL, &used);
    for (size_t i = 0; i < OPTS_MAX; i++)
        of_shell = of_shell || in.opt[i].given;
    if (code == DONE && globals[G_VERSION].given) {
        printf("zobo %s\n", ZOBO_VERSION);
    } else if (code == DONE && used == n && globals[G_HELP].given) {
        print_help(stdout);
    } else if (code == DONE && used < n && of_shell) {
        code = fail_usage(ctx, "%s: with -c, -f or --keep-going goes no other command", argv[used]);
    } else if (code == DONE && used < n) {
        code = run_command(ctx, globals, argv + used, n - used, false);
    } else if (code == DONE) {
        ctx->command = &cmd_shell;
        code = run_parsed(ctx, globals, &in, false, code);
    }
    free_args(&in);
    return code;
}

int
context_session(const struct ctx *ctx, const char *context, struct ctx *out)
{
    another_session(ctx, out);
    free(out->hosts);
    free(out->context);
    out->hosts = out->context = NULL;
    wipe(out->secrets); /* they are for other servers */
    free(out->secrets);
    out->secrets = NULL;
    out->secrets_len = 0;
    out->only_reads = out->ask_always = false;
    struct opt_value globals[G_COUNT] = {0};
    struct config config;
    char *name = need_copy(context);
    globals[G_CONTEXT].text = name;
    int code = config_load(out, &config);
    if (code == DONE)
        code = config_apply(out, &config, globals);
    if (code == DONE)
        code = apply_session(out, globals);
    config_free(&config);
    free(name);
    return code;
}

int
dispatch(struct ctx *ctx, char **argv, size_t n)
{
    struct opt_value globals[G_COUNT] = {0};
    int code = run_globals(ctx, globals, argv, n);
    wipe(globals[G_AUTH].text);
    free(globals[G_AUTH].text);
    free(globals[G_PROPERTY].items);
    return code;
}

int
dispatch_line(struct ctx *ctx, char **argv, size_t n)
{
    struct opt_value globals[G_COUNT] = {0};
    struct ctx before = *ctx;
    int code = run_command(ctx, globals, argv, n, true);
    wipe(globals[G_AUTH].text);
    free(globals[G_AUTH].text);
    free(globals[G_PROPERTY].items);
    /* What the line said for itself goes with it. */
    ctx->format = before.format;
    ctx->form = before.form;
    ctx->quiet = before.quiet;
    ctx->yes = before.yes;
    ctx->color = before.color;
    ctx->json_errors = before.json_errors;
    ctx->mute = before.mute;
    ctx->keep_trying = before.keep_trying;
    ctx->limit_ms = 0;
    ctx->dry_run = false;
    ctx->runs_command = false;
    ctx->told_over = false;
    ctx->command = before.command;
    return code;
}

int
dispatch_typed(struct ctx *ctx, char **argv, size_t n, int (*run)(struct ctx *ctx, void *arg), void *arg)
{
    struct opt_value globals[G_COUNT] = {0};
    struct args in = {.words = need_memory(n + 1, sizeof *in.words)};
    struct opt_table tables[2] = {{cmd_shell.opts, in.opt}, {global_opts, globals}};
    struct config config = {0};
    size_t used, name = 0;
    int opt, code = parse_args(ctx, tables, argv, n, NULL, &used);
    const struct command *own = ctx->command, *typed = NULL;
    if (code == DONE && used < n)
        typed = find_command(argv + used, n - used, &name, &opt);
    free_args(&in);
    in = (struct args){.words = need_memory(n + 1, sizeof *in.words)};
    if (typed != NULL) {
        tables[0] = (struct opt_table){typed->opts, in.opt};
        (void)parse_args(ctx, tables, argv + used + name, n - used - name, &in, &used);
    }
    end_session(ctx); /* what the environment said has been taken; now the line counts more */
    ctx->command = typed == NULL ? &cmd_shell : typed;
    code = complete_globals(ctx, &config, globals);
    if (code == DONE)
        code = apply_session(ctx, globals);
    ctx->command = own;
    if (code == DONE)
        code = run(ctx, arg);
    wipe(globals[G_AUTH].text);
    free(globals[G_AUTH].text);
    free(globals[G_PROPERTY].items);
    config_free(&config);
    free_args(&in);
    return code;
}
