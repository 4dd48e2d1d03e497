/* SPDX-License-Identifier: Apache-2.0 */
/* The manual pages, zobo(1) and one for each command, from the tables. */
#include <errno.h>
#include <string.h>

#include "form.h"
#include "help.h"

static const struct {
    int code;
    const char *text;
} exit_codes[] = {{DONE, "done"},
                  {ANSWER_NO, "the answer is no: exists found no node, watch saw less than --count"},
                  {BAD_USAGE, "wrong arguments"},
                  {FAILED, "the server or this machine could not do it"},
                  {NO_NODE, "no such node (NoNode)"},
                  {CONFLICT, "in conflict with what is there (NodeExists, BadVersion, NotEmpty)"},
                  {NOT_ALLOWED, "not allowed (NoAuth, AuthFailed, InvalidACL)"},
                  {NO_SERVER, "no connection, no answer in time, or the session is over"},
                  {PARTIAL, "part of it was done, part was not"},
                  {NOT_IN_TIME, "lock and elect: it was not to be had in time, the command did not run"},
                  {HELD_NO_MORE, "lock and elect: it was lost while the command ran"},
                  {CANNOT_RUN, "the command to run cannot be run; 127: there is none of this name"},
                  {130, "interrupted (SIGINT); 143: terminated (SIGTERM)"}};
enum { N_EXIT_CODES = sizeof exit_codes / sizeof exit_codes[0] };

/* put_roff writes text so that roff takes none of it as a request. */
static void
put_roff(FILE *to, const char *text)
{
    bool line_start = true;
    for (; *text != '\0'; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", to);
        if (*text == '\\')
            fputs("\\e", to);
        else if (*text == '"')
            fputs("\\(dq", to); /* a plain one quotes a request's argument */
        else if (*text == '\'' && !line_start)
            fputs("\\(aq", to);
        else if (*text == '-')
            fputs("\\-", to);
        else
            fputc(*text, to);
        line_start = *text == '\n';
    }
}

static void
man_paragraph(FILE *to, const char *request, const char *text)
{
    fprintf(to, "%s\n", request);
    put_roff(to, text);
    fputc('\n', to);
}

static void
man_entry(FILE *to, const char *what, const char *text)
{
    fputs(".TP\n.B ", to);
    put_roff(to, what);
    fputc('\n', to);
    put_roff(to, text);
    fputc('\n', to);
}

static void
man_options(FILE *to, const struct opt *opts)
{
    for (; opts->name != NULL; opts++) {
        char name[64];
        option_name(opts, name, sizeof name);
        man_entry(to, name + strspn(name, " "), opts->help);
    }
}

static void
man_form(FILE *to)
{
    char name[3];
    const char *what;
    fputs(
        ".PP\nFMT has a field for each of a node\\(aqs facts, and the escapes \\en, \\et, \\e0 and \\e\\e; nothing is "
        "added by itself:\n",
        to);
    for (size_t i = 0; form_field(i, name, &what); i++)
        man_entry(to, name, what);
    fputs(".TP\n.B %%\na percent sign\n", to);
}

/* man_about writes what a command is, its options and its exit codes. */
static void
man_about(FILE *to, const struct command *command)
{
    if (command->about != NULL)
        man_paragraph(to, ".PP", command->about);
    if (command->aliases != NULL) {
        fputs(".PP\nAlso called:", to);
        print_aliases(to, command);
        fputs(".\n", to);
    }
}

static void
man_exits(FILE *to, const struct command *command)
{
    for (const struct exit_text *e = command->exits; e != NULL && e->codes != NULL; e++)
        man_entry(to, e->codes, e->text);
}

static void
man_examples(FILE *to, const struct command *command)
{
    for (const struct example *e = command->examples; e->line != NULL; e++)
        man_entry(to, e->line, e->what);
}

static void
man_usage(FILE *to, const struct command *command)
{
    fprintf(to, ".B %s", command->only_shell ? "" : "zobo ");
    put_roff(to, command->name);
    fprintf(to, "\n%s", command->opts != NULL ? "[options] " : "");
    put_roff(to, command->usage);
    fputc('\n', to);
}

static void
man_command(FILE *to, const struct command *command)
{
    fputs(".SS ", to);
    put_roff(to, command->name);
    fputc('\n', to);
    man_usage(to, command);
    man_paragraph(to, ".PP", command->summary);
    man_about(to, command);
    if (command->opts != NULL)
        man_options(to, command->opts);
    if (command->exits != NULL)
        fputs(".PP\nExit codes:\n", to);
    man_exits(to, command);
    fputs(".PP\nExamples:\n", to);
    man_examples(to, command);
}

/* man_name writes the name of a command's page: zobo-acl-get. */
static void
man_name(const struct command *command, char *buf, size_t size)
{
    snprintf(buf, size, "zobo-%s", command->name);
    for (char *c = buf; *c != '\0'; c++)
        if (*c == ' ')
            *c = '-';
}

static void
man_output(FILE *to, const struct command *command)
{
    fputs(".SH OUTPUT\n.B \\-o\ntakes", to);
    for (unsigned f = 0; f < FORMAT_COUNT; f++)
        if (command->formats & FORMATS(f))
            fprintf(to, " %s", format_names[f]);
    fprintf(to, ".%s\n",
            command->formats & FORMATS(FORMAT_OWN) ? " There is \\-\\-format, too: its fields are in zobo(1)." : "");
}

/* print_command_man writes a command's own page. */
static void
print_command_man(FILE *to, const struct command *command)
{
    char name[64];
    man_name(command, name, sizeof name);
    fprintf(to, ".\\\" Written by `zobo help --man` from the table of commands.\n.TH \"");
    for (const char *c = name; *c != '\0'; c++)
        fputc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, to);
    fprintf(to, "\" 1 \"\" \"zobo %s\" \"User Commands\"\n.SH NAME\n", ZOBO_VERSION);
    put_roff(to, name);
    fputs(" \\- ", to);
    put_roff(to, command->summary);
    fputs("\n.SH SYNOPSIS\n", to);
    man_usage(to, command);
    if (command->about != NULL || command->aliases != NULL)
        fputs(".SH DESCRIPTION\n", to);
    man_about(to, command);
    fputs(".SH OPTIONS\nThe options that every command takes are in zobo(1).\n", to);
    if (command->opts != NULL)
        man_options(to, command->opts);
    man_output(to, command);
    fputs(".SH EXIT STATUS\nAs of all commands: see zobo(1).\n", to);
    man_exits(to, command);
    fputs(".SH EXAMPLES\n", to);
    man_examples(to, command);
    fputs(".SH SEE ALSO\nzobo(1)\n", to);
}

void
print_man(FILE *to)
{
    fprintf(to,
            ".\\\" Written by `zobo help --man` from the table of commands.\n"
            ".TH ZOBO 1 \"\" \"zobo %s\" \"User Commands\"\n"
            ".SH NAME\nzobo \\- a ZooKeeper client, and a server\n"
            ".SH SYNOPSIS\n.B zobo\n[options] COMMAND [options] [arguments]\n"
            ".SH DESCRIPTION\n",
            ZOBO_VERSION);
    put_roff(to, help_intro);
    fputs(
        "\n.SH OPTIONS\nThey stand before or after the command. TIME is a number and its unit: 500ms, 1.5s, 2m, 1h or\n"
        "3d.\n",
        to);
    man_options(to, global_opts);
    man_form(to);
    fputs(".SH COMMANDS\n", to);
    for (size_t c = 0; commands[c] != NULL; c++)
        if (!commands[c]->hidden)
            man_command(to, commands[c]);
    fputs(".SH EXIT STATUS\n", to);
    for (size_t i = 0; i < N_EXIT_CODES; i++) {
        fprintf(to, ".TP\n.B %d\n", exit_codes[i].code);
        put_roff(to, exit_codes[i].text);
        fputc('\n', to);
    }
    fputs(
        ".SH ENVIRONMENT\nEach common option that is not on the command line is taken from the variable ZOBO_ and its\n"
        "name, in capitals and with _ for \\-:\n",
        to);
    for (size_t g = 0; g < G_VERSION; g++) {
        fputs(".TP\n.B ZOBO_", to);
        for (const char *c = global_opts[g].name; *c != '\0'; c++)
            fputc(*c == '-' ? '_' : *c - 'a' + 'A', to);
        fputs("\n\\-\\-", to);
        put_roff(to, global_opts[g].name);
        fputc('\n', to);
    }
    fputs(".PP\nA flag is off when its variable is empty, 0, false or no.\n", to);
}

int
write_man_pages(const struct ctx *ctx, const char *dir)
{
    int code = DONE;
    for (size_t c = 0; code == DONE && commands[c] != NULL; c++) {
        if (commands[c]->hidden || commands[c]->only_shell)
            continue;
        char name[64], path[4096];
        man_name(commands[c], name, sizeof name);
        snprintf(path, sizeof path, "%s/%s.1", dir, name);
        FILE *to = fopen(path, "w");
        if (to == NULL)
            return fail_errno(ctx, path, errno);
        print_command_man(to, commands[c]);
        bool bad = ferror(to) != 0;
        if (fclose(to) != 0 || bad)
            code = fail_errno(ctx, path, errno);
    }
    return code;
}
