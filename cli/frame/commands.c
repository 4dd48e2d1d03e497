/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of commands and of the options that every command takes. */
#include <string.h>

#include "command.h"

const struct command *const commands[] = {
#define ENTRY(name) &cmd_##name,
    COMMANDS(ENTRY)
#undef ENTRY
        NULL};

const char *const format_names[FORMAT_COUNT] = {
    [FORMAT_TEXT] = "text",   [FORMAT_JSON] = "json", [FORMAT_LONG] = "long",
    [FORMAT_TABLE] = "table", [FORMAT_RAW] = "raw",   [FORMAT_NAME] = "name"};

const struct opt global_opts[] = {
    [G_CONTEXT] = {'C', "context", OPT_TEXT, "CONTEXT",
                   "the cluster of that name in the file of contexts: `zobo help ctx`"},
    [G_PROPERTY] = {'X', "property", OPT_LIST, "KEY=VALUE", "a context's property, for this once"},
    [G_HOSTS] = {'H', "hosts", OPT_TEXT, "LIST", "servers: host:port,host:port/chroot (127.0.0.1:2181)"},
#ifdef ZOBO_SERVER
    [G_LOCAL] = {0, "local", OPT_TEXT, "DIR", "a data directory of our own server, which is started if none serves it"},
#endif
    [G_CONNECT_TIMEOUT] = {0, "connect-timeout", OPT_DURATION, "TIME", "how long connecting may take (10s)"},
    [G_SESSION_TIMEOUT] = {0, "session-timeout", OPT_DURATION, "TIME", "the session timeout to ask for (10s)"},
    [G_WAIT] = {0, "wait", OPT_FLAG, NULL, "go on trying until --connect-timeout when no server accepts"},
    [G_AUTH_FILE] = {0, "auth-file", OPT_TEXT, "FILE", "credentials, scheme:credential lines; chmod 600"},
    [G_AUTH] = {0, "auth", OPT_LINES, "CRED", "one credential; others may see it, prefer --auth-file"},
    [G_AUTH_PROMPT] = {0, "auth-prompt", OPT_FLAG, NULL, "ask for one, unseen; or take the first line of stdin"},
    [G_READ_ONLY] = {0, "read-only", OPT_FLAG, NULL, "be content with a server that only reads"},
    [G_OUTPUT] = {'o', "output", OPT_TEXT, "FORMAT",
                  "text, json, long, table, raw or name; lists in JSON: one object a line"},
    [G_FORMAT] = {0, "format", OPT_TEXT, "FMT", "how nodes are printed, such as '%p %v\\n'; the fields are below"},
    [G_YES] = {'y', "yes", OPT_FLAG, NULL, "do not ask before changes; needed where no terminal could answer"},
    [G_COLOR] = {0, "color", OPT_CHOICE, "auto|always|never", "colours: auto is on terminals, without NO_COLOR"},
    [G_NO_PAGER] = {0, "no-pager", OPT_FLAG, NULL,
                    "long output on a terminal does not go through $ZOBO_PAGER, $PAGER or less"},
    [G_QUIET] = {'q', "quiet", OPT_FLAG, NULL, "no notes on stderr, only errors"},
    [G_TRACE] = {0, "trace", OPT_FLAG, NULL, "log what the client does on stderr"},
    [G_VERSION] = {0, "version", OPT_FLAG, NULL, "print the version"},
    [G_HELP] = {'h', "help", OPT_FLAG, NULL, "print help; never connects"},
    [G_COUNT] = {0, NULL, OPT_FLAG, NULL, NULL}};

/* The name's words must be the first of argv. */
static bool
begins_with(char *const *argv, size_t n, const char *name, size_t *used)
{
    *used = 0;
    for (const char *word = name; word != NULL; (*used)++) {
        const char *space = strchr(word, ' ');
        size_t len = space == NULL ? strlen(word) : (size_t)(space - word);
        if (*used == n || strlen(argv[*used]) != len || strncmp(argv[*used], word, len) != 0)
            return false;
        word = space == NULL ? NULL : space + 1;
    }
    return true;
}

/* The longest name counts: "ctx add" is not "ctx" with a word. */
const struct command *
find_command(char *const *argv, size_t n, size_t *used, int *opt)
{
    const struct command *found = NULL;
    size_t words;
    *used = 0;
    *opt = NO_OPT;
    for (size_t c = 0; commands[c] != NULL; c++) {
        if (begins_with(argv, n, commands[c]->name, &words) && words > *used) {
            *used = words;
            *opt = NO_OPT;
            found = commands[c];
        }
        for (const struct alias *alias = commands[c]->aliases; alias != NULL && alias->name != NULL; alias++)
            if (begins_with(argv, n, alias->name, &words) && words > *used) {
                *used = words;
                *opt = alias->opt;
                found = commands[c];
            }
    }
    return found;
}

bool
is_group(const char *word)
{
    size_t len = strlen(word);
    for (size_t c = 0; commands[c] != NULL; c++)
        if (strncmp(commands[c]->name, word, len) == 0 && commands[c]->name[len] == ' ')
            return true;
    return false;
}

/* Levenshtein's distance. */
size_t
letters_apart(const char *a, const char *b)
{
    size_t row[32];
    size_t n = strlen(b);
    if (strlen(a) >= 32 || n >= 32)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

const char *
did_you_mean(const char *word)
{
    const char *found = NULL;
    size_t least = strlen(word) < 4 ? 1 : 2;
    for (size_t c = 0; commands[c] != NULL; c++) {
        size_t d = letters_apart(word, commands[c]->name);
        if (d <= least && (found == NULL || d < least)) {
            found = commands[c]->name;
            least = d;
        }
        for (const struct alias *alias = commands[c]->aliases; alias != NULL && alias->name != NULL; alias++)
            if ((d = letters_apart(word, alias->name)) < least || (d == least && found == NULL)) {
                found = alias->name;
                least = d;
            }
    }
    return found;
}
