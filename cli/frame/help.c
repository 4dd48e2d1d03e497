/* SPDX-License-Identifier: Apache-2.0 */
/* Help, as text and as JSON, from the tables. */
#include <string.h>

#include "command.h"
#include "form.h"
#include "help.h"
#include "json.h"

const char help_intro[] =
    "A ZooKeeper client, and a server. Data goes to stdout, everything else to stderr; the exit code "
    "tells how it went.";

void
option_name(const struct opt *opt, char *buf, size_t size)
{
    char letter[5] = "    ";
    if (opt->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", opt->letter);
    snprintf(buf, size, "%s--%s%s%s", letter, opt->name, opt->arg != NULL ? " " : "", opt->arg != NULL ? opt->arg : "");
}

enum { NAME_WIDTH = 27 };

static void
print_options(FILE *to, const struct opt *opts)
{
    for (; opts->name != NULL; opts++) {
        char name[64];
        option_name(opts, name, sizeof name);
        if (strlen(name) > NAME_WIDTH)
            fprintf(to, "  %s\n  %*s %s\n", name, NAME_WIDTH, "", opts->help);
        else
            fprintf(to, "  %-*s %s\n", NAME_WIDTH, name, opts->help);
    }
}

void
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
    fprintf(to, "usage: zobo [options] COMMAND [options] [arguments]\n\n%s\n\ncommands:\n", help_intro);
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

/* print_group lists the other commands whose names begin with the same word: "ctx", "ctx add". */
static void
print_group(FILE *to, const struct command *command)
{
    size_t len = strcspn(command->name, " ");
    bool found = false;
    for (size_t c = 0; commands[c] != NULL; c++) {
        const char *name = commands[c]->name;
        if (commands[c] == command || strncmp(name, command->name, len) != 0 || (name[len] != ' ' && name[len] != '\0'))
            continue;
        fprintf(to, "%s%s", found ? ", " : "\nsee also: ", name);
        found = true;
    }
    if (found)
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
    print_group(to, command);
}

/* --- as JSON ------------------------------------------------------------------------------------------------------ */

static void
json_options(struct json *json, const struct opt *opts)
{
    static const char *const kinds[] = {
        [OPT_FLAG] = "flag",     [OPT_TEXT] = "text",         [OPT_LINES] = "secret",  [OPT_VERSION] = "version",
        [OPT_COUNT] = "count",   [OPT_DURATION] = "duration", [OPT_TTL] = "duration",  [OPT_EXIT_CODE] = "exit-code",
        [OPT_NUMBER] = "number", [OPT_SIZE] = "size",         [OPT_CHOICE] = "choice", [OPT_LIST] = "list"};
    json_open(json, "options", '[');
    for (; opts != NULL && opts->name != NULL; opts++) {
        char letter[2] = {opts->letter, '\0'};
        json_open(json, NULL, '{');
        json_text(json, "option", opts->name);
        if (opts->letter != 0)
            json_text(json, "letter", letter);
        json_text(json, "kind", kinds[opts->kind]);
        if (opts->arg != NULL)
            json_text(json, "arg", opts->arg);
        json_text(json, "help", opts->help);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void
json_lists(struct json *json, const struct command *command)
{
    json_open(json, "aliases", '[');
    for (const struct alias *alias = command->aliases; alias != NULL && alias->name != NULL; alias++) {
        json_open(json, NULL, '{');
        json_text(json, "alias", alias->name);
        if (alias->opt != NO_OPT)
            json_text(json, "means", command->opts[alias->opt].name);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "output", '[');
    for (unsigned f = 0; f < FORMAT_COUNT; f++)
        if (command->formats & FORMATS(f))
            json_text(json, NULL, format_names[f]);
    json_close(json, ']');
    json_open(json, "examples", '[');
    for (const struct example *e = command->examples; e->line != NULL; e++) {
        json_open(json, NULL, '{');
        json_text(json, "line", e->line);
        json_text(json, "what", e->what);
        json_close(json, '}');
    }
    json_close(json, ']');
}

void
print_command_json(FILE *to, const struct command *command)
{
    static const char *const effects[] = {
        [READS] = "reads", [MAKES_OWN_NODES] = "makes its own nodes", [CHANGES] = "changes"};
    struct json json = {.to = to};
    json_open(&json, NULL, '{');
    json_text(&json, "command", command->name);
    json_text(&json, "usage", command->usage);
    json_text(&json, "summary", command->summary);
    if (command->about != NULL)
        json_text(&json, "about", command->about);
    json_text(&json, "effect", effects[command->effect]);
    json_bool(&json, "only_shell", command->only_shell);
    json_bool(&json, "runs_command", command->runs_command);
    json_bool(&json, "format", (command->formats & FORMATS(FORMAT_OWN)) != 0);
    json_lists(&json, command);
    json_options(&json, command->opts);
    json_close(&json, '}');
    json_end(&json);
}
