/* SPDX-License-Identifier: Apache-2.0 */
/* Help and the manual page, from the tables. */
#include <string.h>

#include "command.h"
#include "form.h"

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

static const char intro[] = "A ZooKeeper client, and a server. Data goes to stdout, everything else to stderr; the "
                            "exit code tells how it went.";

static void
option_name(const struct opt *opt, char *buf, size_t size)
{
    char letter[5] = "    ";
    if (opt->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", opt->letter);
    snprintf(buf, size, "%s--%s%s%s", letter, opt->name, opt->arg != NULL ? " " : "", opt->arg != NULL ? opt->arg : "");
}

static void
print_options(FILE *to, const struct opt *opts)
{
    for (; opts->name != NULL; opts++) {
        char name[64];
        option_name(opts, name, sizeof name);
        fprintf(to, "  %-27s %s\n", name, opts->help);
    }
}

static void
print_aliases(FILE *to, const struct command *command)
{
    for (const struct alias *alias = command->aliases; alias->name != NULL; alias++) {
        fprintf(to, "%s %s", alias == command->aliases ? "" : ",", alias->name);
        if (alias->opt != NO_OPT && command->opts != NULL)
            fprintf(to, " (%s --%s)", command->name, command->opts[alias->opt].name);
    }
}

void
print_help(FILE *to)
{
    fprintf(to, "usage: zobo [options] COMMAND [options] [arguments]\n\n%s\n\ncommands:\n", intro);
    for (size_t c = 0; commands[c] != NULL; c++)
        if (!commands[c]->hidden && !commands[c]->only_shell)
            fprintf(to, "  %-15s %s\n", commands[c]->name, commands[c]->summary);
    fputs("\nwithout COMMAND it is a shell, or runs what comes from stdin; there are also:\n ", to);
    for (size_t c = 0; commands[c] != NULL; c++)
        if (!commands[c]->hidden && commands[c]->only_shell)
            fprintf(to, " %s", commands[c]->name);
    fputc('\n', to);
    fputs("\noptions, before or after the command:\n", to);
    print_options(to, global_opts);
    fputs("\nFMT, with ls, stat, get and others that print nodes:\n", to);
    print_form_help(to);
    fputs("\nTIME is a number and its unit: 500ms, 1.5s, 2m, 1h, 3d.\n"
          "Each can stand in the environment: ZOBO_HOSTS, ZOBO_AUTH_FILE, ZOBO_OUTPUT, ...\n"
          "\nexit codes: 0 done, 1 the answer is no, 2 wrong arguments, 4 no such node,\n"
          "5 in conflict with what is there, 6 not allowed, 7 no connection; the manual, zobo(1), has them all\n"
          "\nexamples:\n"
          "  zobo ls /\n"
          "  zobo -H zk1,zk2,zk3/app get /config > config.json\n"
          "  zobo set /config -f config.json\n"
          "  zobo watch -r /config -o json | while read -r event; do ...; done\n"
          "\n`zobo help COMMAND` tells more about one.\n",
          to);
}

void
print_group_help(FILE *to, const char *group)
{
    size_t len = strlen(group);
    fprintf(to, "usage:\n");
    for (size_t c = 0; commands[c] != NULL; c++)
        if (strncmp(commands[c]->name, group, len) == 0 && commands[c]->name[len] == ' ')
            fprintf(to, "  zobo %s %s\n      %s\n", commands[c]->name, commands[c]->usage, commands[c]->summary);
}

/* print_wrapped breaks a paragraph into lines of at most 78 columns. */
static void
print_wrapped(FILE *to, const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column > 0 && column + 1 + word > 78) {
            fputc('\n', to);
            column = 0;
        }
        fprintf(to, "%s%.*s", column > 0 ? " " : "", (int)word, text);
        column += word + (column > 0);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

void
print_command_help(FILE *to, const struct command *command)
{
    bool has_opts = command->opts != NULL;
    fprintf(to, "zobo %s: %s\n\nexamples:\n", command->name, command->summary);
    for (const struct example *e = command->examples; e->line != NULL; e++)
        fprintf(to, "  %s\n      %s\n", e->line, e->what);
    fprintf(to, "\nusage: %s%s%s%s%s\n", command->only_shell ? "" : "zobo ", command->name,
            has_opts ? " [options]" : "", command->usage[0] != '\0' ? " " : "", command->usage);
    if (command->aliases != NULL) {
        fputs("also called:", to);
        print_aliases(to, command);
        fputc('\n', to);
    }
    if (command->about != NULL) {
        fputc('\n', to);
        print_wrapped(to, command->about);
    }
    if (has_opts) {
        fputs("\noptions:\n", to);
        print_options(to, command->opts);
    }
    if (command->exits != NULL) {
        fputs("\nexit codes, besides those of all commands:\n", to);
        for (const struct exit_text *e = command->exits; e->codes != NULL; e++)
            fprintf(to, "  %-7s %s\n", e->codes, e->text);
    }
    fputs("\n-o takes:", to);
    for (unsigned f = 0; f < FORMAT_COUNT; f++)
        if (command->formats & FORMATS(f))
            fprintf(to, " %s", format_names[f]);
    if (command->formats & FORMATS(FORMAT_OWN))
        fputs("; it also has --format", to);
    fputs("\n`zobo help` lists the options that every command takes.\n", to);
}

/* --- the manual page ---------------------------------------------------------------------------------------------- */

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
man_options(FILE *to, const struct opt *opts)
{
    for (; opts->name != NULL; opts++) {
        char name[64];
        option_name(opts, name, sizeof name);
        fputs(".TP\n.B ", to);
        put_roff(to, name + strspn(name, " "));
        fputc('\n', to);
        put_roff(to, opts->help);
        fputc('\n', to);
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
    for (size_t i = 0; form_field(i, name, &what); i++) {
        fprintf(to, ".TP\n.B %s\n", name);
        put_roff(to, what);
        fputc('\n', to);
    }
    fputs(".TP\n.B %%\na percent sign\n", to);
}

static void
man_command(FILE *to, const struct command *command)
{
    fputs(".SS ", to);
    put_roff(to, command->name);
    fputs("\n.B zobo ", to);
    put_roff(to, command->name);
    fprintf(to, "\n%s", command->opts != NULL ? "[options] " : "");
    put_roff(to, command->usage);
    fputc('\n', to);
    man_paragraph(to, ".PP", command->summary);
    if (command->about != NULL)
        man_paragraph(to, ".PP", command->about);
    if (command->aliases != NULL) {
        fputs(".PP\nAlso called:", to);
        print_aliases(to, command);
        fputs(".\n", to);
    }
    if (command->opts != NULL)
        man_options(to, command->opts);
    if (command->exits != NULL)
        fputs(".PP\nExit codes:\n", to);
    for (const struct exit_text *e = command->exits; e != NULL && e->codes != NULL; e++) {
        fputs(".TP\n.B ", to);
        put_roff(to, e->codes);
        fputc('\n', to);
        put_roff(to, e->text);
        fputc('\n', to);
    }
    fputs(".PP\nExamples:\n", to);
    for (const struct example *e = command->examples; e->line != NULL; e++) {
        fputs(".TP\n.B ", to);
        put_roff(to, e->line);
        fputc('\n', to);
        put_roff(to, e->what);
        fputc('\n', to);
    }
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
    put_roff(to, intro);
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
