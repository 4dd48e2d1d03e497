/* SPDX-License-Identifier: Apache-2.0 */
/* Options by table. getopt_long guesses abbreviations and keeps its state in globals; neither is wanted here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "text.h"

static const struct opt *
find_long(const struct opt_table tables[2], const char *name, size_t len, struct opt_value **value)
{
    for (int t = 0; t < 2; t++)
        for (const struct opt *opt = tables[t].opts; opt != NULL && opt->name != NULL; opt++)
            if (strncmp(opt->name, name, len) == 0 && opt->name[len] == '\0') {
                *value = &tables[t].values[opt - tables[t].opts];
                return opt;
            }
    return NULL;
}

static const struct opt *
find_letter(const struct opt_table tables[2], char letter, struct opt_value **value)
{
    for (int t = 0; t < 2; t++)
        for (const struct opt *opt = tables[t].opts; opt != NULL && opt->name != NULL; opt++)
            if (opt->letter == letter) {
                *value = &tables[t].values[opt - tables[t].opts];
                return opt;
            }
    return NULL;
}

static bool
parse_number(const char *text, int64_t least, int64_t most, int64_t *out)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || n < least || n > most)
        return false;
    *out = n;
    return true;
}

/* append_line keeps a secret's own copy, for the original is wiped. */
static void
append_line(struct opt_value *out, char *line)
{
    size_t had = out->text == NULL ? 0 : strlen(out->text);
    size_t size = had + strlen(line) + 2;
    char *all = need_memory(size, 1);
    snprintf(all, size, "%s%s%s", had > 0 ? out->text : "", had > 0 ? "\n" : "", line);
    wipe(out->text);
    free(out->text);
    out->text = all;
    wipe(line);
}

/* parse_choice finds the text among "a|b|c". */
static bool
parse_choice(const char *choices, const char *text, int64_t *out)
{
    size_t len = strlen(text);
    for (*out = 0; choices != NULL; ++*out) {
        const char *bar = strchr(choices, '|');
        size_t n = bar == NULL ? strlen(choices) : (size_t)(bar - choices);
        if (n == len && strncmp(choices, text, n) == 0)
            return true;
        choices = bar == NULL ? NULL : bar + 1;
    }
    return false;
}

static bool
append_item(struct opt_value *out, char *text)
{
    out->items = need_more(out->items, out->n_items + 1, sizeof *out->items);
    out->items[out->n_items++] = text;
    return true;
}

const struct opt_value *
find_opt(const struct opt *opts, const struct opt_value *values, const char *name)
{
    for (size_t i = 0; opts != NULL && opts[i].name != NULL; i++)
        if (strcmp(opts[i].name, name) == 0)
            return values[i].given ? &values[i] : NULL;
    return NULL;
}

bool
parse_value(const struct opt *opt, char *text, struct opt_value *out)
{
    out->given = true;
    switch (opt->kind) {
    case OPT_FLAG:
        return true;
    case OPT_TEXT:
        out->text = text;
        return true;
    case OPT_LINES:
        append_line(out, text);
        return true;
    case OPT_VERSION:
        return parse_number(text, -1, INT32_MAX, &out->n);
    case OPT_COUNT:
        return parse_number(text, 1, INT32_MAX, &out->n);
    case OPT_EXIT_CODE:
        return parse_number(text, 0, 255, &out->n);
    case OPT_DURATION:
        return parse_duration(text, &out->n) && out->n >= 1 && out->n <= INT32_MAX;
    case OPT_TTL:
        return parse_duration(text, &out->n) && out->n >= 1 && out->n < (int64_t)1 << 40;
    case OPT_NUMBER:
        return parse_number(text, 0, INT64_MAX, &out->n);
    case OPT_SIZE:
        return parse_size(text, &out->n);
    case OPT_CHOICE:
        out->text = text;
        return parse_choice(opt->arg, text, &out->n);
    case OPT_LIST:
        return append_item(out, text);
    }
    return false;
}

const char *
bad_value_text(enum opt_kind kind)
{
    switch (kind) {
    case OPT_NUMBER:
        return "a number from 0 on is needed";
    case OPT_SIZE:
        return "a number of bytes is needed, such as 4096, 64k or 1m";
    case OPT_VERSION:
        return "a version is a number, -1 for any";
    case OPT_COUNT:
        return "a number from 1 on is needed";
    case OPT_EXIT_CODE:
        return "an exit code is a number from 0 to 255";
    case OPT_DURATION:
    case OPT_TTL:
        return "a duration with its unit is needed, such as 500ms, 5s, 2m or 1h";
    default:
        return "not a good value";
    }
}

static int
take_value(const struct ctx *ctx, const struct opt *opt, const char *shown, char *text, struct opt_value *value)
{
    if (parse_value(opt, text, value))
        return DONE;
    if (opt->kind == OPT_CHOICE)
        return fail_usage(ctx, "%s %s: one of %s is needed", shown, text, opt->arg);
    return fail_usage(ctx, "%s %s: %s", shown, text, bad_value_text(opt->kind));
}

/* near_opt finds the long option that `name` resembles, or NULL. */
static const char *
near_opt(const struct opt_table tables[2], const char *name)
{
    const char *found = NULL;
    size_t least = 3;
    for (int t = 0; t < 2; t++)
        for (const struct opt *opt = tables[t].opts; opt != NULL && opt->name != NULL; opt++) {
            size_t apart = letters_apart(name, opt->name);
            if (apart < least && apart < strlen(opt->name) / 2) {
                least = apart;
                found = opt->name;
            }
        }
    return found;
}

static int
fail_long(const struct ctx *ctx, const struct opt_table tables[2], const char *text, size_t len)
{
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), text);
    const char *near = near_opt(tables, name);
    return near == NULL ? fail_usage(ctx, "unknown option --%s", name)
                        : fail_usage(ctx, "unknown option --%s; did you mean --%s?", name, near);
}

/* What hands used to other tools type, and what it is here. */
static const struct {
    const char *command;
    char letter;
    const char *instead;
} habits[] = {{"rm", 'f', "--yes answers the question"},
              {"rm", 'R', "-r removes what is below it too"},
              {"cp", 'R', "-r copies what is below it too"},
              {"cp", 'a', "-r copies what is below it too; data and ACLs are always kept"},
              {"ls", 's', "-l tells more of the children, `zobo stat` of the node"}};

/* fail_letter: a letter of `arg` is unknown. */
static int
fail_letter(const struct ctx *ctx, const struct opt_table tables[2], const char *arg, char letter)
{
    struct opt_value *value;
    if (arg[2] != '\0' && find_long(tables, arg + 1, strcspn(arg + 1, "="), &value) != NULL)
        return fail_usage(ctx, "unknown option %s; did you mean -%s?", arg, arg);
    for (size_t i = 0; ctx->command != NULL && i < sizeof habits / sizeof habits[0]; i++)
        if (habits[i].letter == letter && strcmp(habits[i].command, ctx->command->name) == 0)
            return fail_usage(ctx, "unknown option -%c; %s", letter, habits[i].instead);
    return fail_usage(ctx, "unknown option -%c (a word that begins with - goes after --)", letter);
}

/* parse_long reads "--name", "--name=value", "--name value". */
static int
parse_long(const struct ctx *ctx, const struct opt_table tables[2], char **argv, size_t n, size_t *i)
{
    char *name = argv[*i] + 2;
    char *equals = strchr(name, '=');
    struct opt_value *value = NULL;
    const struct opt *opt = find_long(tables, name, equals == NULL ? strlen(name) : (size_t)(equals - name), &value);
    if (opt == NULL)
        return fail_long(ctx, tables, name, equals == NULL ? strlen(name) : (size_t)(equals - name));
    char shown[40];
    snprintf(shown, sizeof shown, "--%s", opt->name);
    if (opt->kind == OPT_FLAG && equals != NULL)
        return fail_usage(ctx, "%s takes no value", shown);
    char *text = equals == NULL ? NULL : equals + 1;
    if (opt->kind != OPT_FLAG && text == NULL) {
        if (*i + 1 == n)
            return fail_usage(ctx, "%s needs a value", shown);
        text = argv[++*i];
    }
    return take_value(ctx, opt, shown, text, value);
}

/* parse_letters reads "-abc", "-v3", "-v 3". */
static int
parse_letters(const struct ctx *ctx, const struct opt_table tables[2], char **argv, size_t n, size_t *i)
{
    for (char *letter = argv[*i] + 1; *letter != '\0'; letter++) {
        struct opt_value *value = NULL;
        const struct opt *opt = find_letter(tables, *letter, &value);
        if (opt == NULL)
            return fail_letter(ctx, tables, argv[*i], *letter);
        if (opt->kind == OPT_FLAG) {
            value->given = true;
            continue;
        }
        char shown[3] = {'-', *letter, '\0'};
        char *text = letter + 1;
        if (*text == '\0') {
            if (*i + 1 == n)
                return fail_usage(ctx, "%s needs a value", shown);
            text = argv[++*i];
        }
        return take_value(ctx, opt, shown, text, value);
    }
    return DONE;
}

int
parse_args(const struct ctx *ctx, const struct opt_table tables[2], char **argv, size_t n, struct args *in,
           size_t *used)
{
    bool only_words = false;
    int code = DONE;
    size_t i = 0;
    for (; i < n && code == DONE; i++) {
        char *arg = argv[i];
        if (only_words || arg[0] != '-' || arg[1] == '\0') {
            if (in == NULL)
                break;
            in->words[in->n++] = arg;
            in->n_before += !only_words;
        } else if (strcmp(arg, "--") == 0) {
            only_words = true;
            if (in != NULL)
                in->dashes = true;
        } else if (arg[1] == '-') {
            code = parse_long(ctx, tables, argv, n, &i);
        } else {
            code = parse_letters(ctx, tables, argv, n, &i);
        }
    }
    *used = i;
    return code;
}
