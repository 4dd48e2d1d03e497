/* SPDX-License-Identifier: Apache-2.0 */
#include "complete.h"

#include <stdlib.h>
#include <string.h>

#include "frame/config.h"
#include "nodes.h"

struct typing {
    struct ctx *ctx;
    struct nodes *nodes;
    uint64_t deadline;
    const char *word; /* the one that is typed */
    struct candidates *out;

    /* what stands before it */
    const struct command *command;
    const struct opt *awaits; /* an option whose value this is */
    size_t n_words;           /* the command's arguments so far */
    size_t n_behind;          /* those of them behind "--" */
    bool only_words;
};

static void
add(struct typing *typing, const char *before, const char *text, size_t len, const char *help)
{
    struct candidates *out = typing->out;
    size_t size = strlen(before) + len + 1;
    char *all = need_memory(size, 1);
    snprintf(all, size, "%s%.*s", before, (int)len, text);
    if (strncmp(all, typing->word, strlen(typing->word)) != 0) {
        free(all);
        return;
    }
    out->items = need_more(out->items, out->n + 1, sizeof *out->items);
    out->items[out->n++] = (struct candidate){all, help};
}

void
candidates_free(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->n; i++)
        free(candidates->items[i].text);
    free(candidates->items);
    *candidates = (struct candidates){0};
}

/* --- nodes, contexts, choices ------------------------------------------------------------------------------------- */

/* add_children adds the children of the node that the word's first `len` bytes name. */
static size_t
add_children(struct typing *typing, const char *word, size_t len)
{
    size_t n, before = typing->out->n;
    char *typed = need_memory(len + 2, 1);
    memcpy(typed, word, len);
    char *dir = absolute_path(typing->ctx, typed);
    char **names = nodes_children(typing->nodes, typing->ctx, dir, typing->deadline, &n);
    for (size_t i = 0; i < n; i++)
        add(typing, typed, names[i], strlen(names[i]), NULL);
    typing->out->shared = len;
    free(dir);
    free(typed);
    return typing->out->n - before;
}

/* add_nodes: what is typed may be the beginning of a name; and when it is a whole one, and no other begins so, what is
 * below it comes next. */
static void
add_nodes(struct typing *typing)
{
    const char *word = typing->word, *slash = strrchr(word, '/');
    struct candidates *out = typing->out;
    if (word[0] != '/' && typing->ctx->shell == NULL) { /* paths are absolute there */
        if (word[0] != '\0')
            return;
        word = "/";
        slash = word;
    }
    add_children(typing, word, slash == NULL ? 0 : (size_t)(slash - word) + 1);
    out->kind = COMPLETE_WORDS;
    if (out->n != 1)
        return;
    bool whole = strcmp(out->items[0].text, typing->word) == 0;
    char *node = absolute_path(typing->ctx, out->items[0].text);
    size_t n, len = strlen(out->items[0].text);
    (void)nodes_children(typing->nodes, typing->ctx, node, typing->deadline, &n);
    free(node);
    if (n == 0)
        return;
    out->kind = COMPLETE_OPEN;
    if (!whole)
        return;
    char *below = need_memory(len + 2, 1);
    memcpy(below, out->items[0].text, len);
    below[len] = '/';
    candidates_free(out);
    typing->word = below;
    add_children(typing, below, len + 1);
    out->kind = out->n == 1 ? COMPLETE_OPEN : COMPLETE_WORDS;
    free(below);
    typing->word = "";
}

static void
add_contexts(struct typing *typing)
{
    struct config config;
    if (config_load(typing->ctx, &config) == DONE)
        for (size_t i = 0; i < config.n; i++) {
            bool again = false;
            for (size_t k = 0; k < i; k++)
                again = again || strcmp(config.settings[k].context, config.settings[i].context) == 0;
            if (!again)
                add(typing, "", config.settings[i].context, strlen(config.settings[i].context), NULL);
        }
    config_free(&config);
}

static void
add_choices(struct typing *typing, const char *before, const char *choices, size_t len)
{
    while (len > 0) {
        const char *bar = memchr(choices, '|', len);
        size_t n = bar == NULL ? len : (size_t)(bar - choices);
        if (n != 1 || choices[0] != '-') /* "[DATA|-]": nobody needs help to type that */
            add(typing, before, choices, n, NULL);
        choices += bar == NULL ? n : n + 1;
        len -= bar == NULL ? n : n + 1;
    }
}

static void
add_formats(struct typing *typing, const char *before)
{
    for (unsigned f = 0; f < FORMAT_COUNT; f++)
        if (typing->command == NULL || typing->command->formats & FORMATS(f))
            add(typing, before, format_names[f], strlen(format_names[f]), NULL);
}

/* --- commands and options ----------------------------------------------------------------------------------------- */

static bool
fits_here(const struct typing *typing, const struct command *command)
{
    bool in_shell = typing->ctx->shell != NULL;
    return !command->hidden && (in_shell ? command != &cmd_shell : !command->only_shell);
}

/* add_name adds the `i`th word of a command's name, once, if the words before it are those of `group`. */
static void
add_name(struct typing *typing, const char *name, const char *group, const char *help)
{
    size_t skip = group == NULL ? 0 : strlen(group) + 1;
    if (group != NULL && (strncmp(name, group, skip - 1) != 0 || name[skip - 1] != ' '))
        return;
    size_t len = strcspn(name + skip, " ");
    for (size_t i = 0; i < typing->out->n; i++)
        if (strlen(typing->out->items[i].text) == len && strncmp(typing->out->items[i].text, name + skip, len) == 0)
            return;
    add(typing, "", name + skip, len, name[skip + len] == ' ' ? "several commands: one more word tells which" : help);
}

/* add_commands adds names; other names of the same only when no proper one fits. */
static void
add_commands(struct typing *typing, const char *group)
{
    for (size_t c = 0; commands[c] != NULL; c++)
        if (fits_here(typing, commands[c]))
            add_name(typing, commands[c]->name, group, commands[c]->summary);
    for (size_t c = 0; typing->out->n == 0 && group == NULL && typing->word[0] != '\0' && commands[c] != NULL; c++)
        for (const struct alias *alias = commands[c]->aliases; alias != NULL && alias->name != NULL; alias++)
            if (fits_here(typing, commands[c]))
                add_name(typing, alias->name, NULL, commands[c]->summary);
}

static void
add_options(struct typing *typing, const struct opt *opts, size_t from)
{
    for (size_t i = from; opts != NULL && opts[i].name != NULL; i++)
        add(typing, "--", opts[i].name, strlen(opts[i].name), opts[i].help);
}

/* add_value completes an option's value; `before` is what stands before it in the same word: "--output=". */
static void
add_value(struct typing *typing, const struct opt *opt, const char *before)
{
    const char *arg = opt->arg == NULL ? "" : opt->arg;
    if (opt->kind == OPT_CHOICE) {
        add_choices(typing, before, arg, strlen(arg));
        return;
    }
    if (strcmp(arg, "FORMAT") == 0) {
        add_formats(typing, before);
        return;
    }
    if (before[0] != '\0')
        return;
    switch (word_kind(arg, 0, NULL, NULL)) {
    case WORD_PATH:
        add_nodes(typing);
        break;
    case WORD_FILE:
        typing->out->kind = COMPLETE_FILES;
        break;
    case WORD_DIR:
        typing->out->kind = COMPLETE_DIRS;
        break;
    case WORD_CONTEXT:
        add_contexts(typing);
        break;
    default:
        break;
    }
}

static void
add_argument(struct typing *typing)
{
    const char *choices;
    size_t len;
    if (typing->command->runs_command && typing->only_words) {
        typing->out->kind = typing->n_behind == 0 ? COMPLETE_PROGRAMS : COMPLETE_FILES;
        return;
    }
    if (typing->n_words >= typing->command->max_words)
        return;
    switch (word_kind(typing->command->usage, typing->n_words, &choices, &len)) {
    case WORD_PATH:
        add_nodes(typing);
        break;
    case WORD_FILE:
        typing->out->kind = COMPLETE_FILES;
        break;
    case WORD_DIR:
        typing->out->kind = COMPLETE_DIRS;
        break;
    case WORD_COMMAND:
        add_commands(typing, NULL);
        break;
    case WORD_CONTEXT:
        add_contexts(typing);
        break;
    case WORD_CHOICE:
        add_choices(typing, "", choices, len);
        break;
    case WORD_OTHER:
        break;
    }
}

/* --- what stands before ------------------------------------------------------------------------------------------- */

/* The options that may stand here: the command's own, or the shell's before any command; and the common ones, in a shell
 * those that hold for one line. */
static const struct opt *
own_options(const struct typing *typing)
{
    return typing->command != NULL ? typing->command->opts : typing->ctx->shell == NULL ? cmd_shell.opts : NULL;
}

static size_t
first_common(const struct typing *typing)
{
    return typing->ctx->shell == NULL ? 0 : G_OUTPUT;
}

/* find_option finds the option that a word gives: "--name", "-x". A letter's value may stand right behind it. */
static const struct opt *
find_option(const struct typing *typing, const char *word, bool *has_value)
{
    const struct opt *tables[2] = {own_options(typing), global_opts};
    const struct opt *last = NULL;
    *has_value = false;
    if (word[1] == '-') {
        size_t len = strcspn(word + 2, "=");
        *has_value = word[2 + len] == '=';
        for (int t = 0; t < 2; t++)
            for (const struct opt *opt = tables[t]; opt != NULL && opt->name != NULL; opt++)
                if (strlen(opt->name) == len && strncmp(opt->name, word + 2, len) == 0)
                    return opt;
        return NULL;
    }
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        last = NULL;
        for (int t = 0; t < 2 && last == NULL; t++)
            for (const struct opt *opt = tables[t]; opt != NULL && opt->name != NULL && last == NULL; opt++)
                last = opt->letter == *letter ? opt : NULL;
        if (last == NULL || last->kind != OPT_FLAG) {
            *has_value = letter[1] != '\0';
            return last;
        }
    }
    return last;
}

/* read_before goes through the words that are whole. False: nothing that could stand behind them is known. */
static bool
read_before(struct typing *typing, char *const *words, size_t n, const char **group)
{
    *group = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *word = words[i];
        bool has_value;
        size_t used;
        int opt;
        if (typing->awaits != NULL) {
            typing->awaits = NULL;
        } else if (!typing->only_words && strcmp(word, "--") == 0) {
            typing->only_words = true;
        } else if (!typing->only_words && word[0] == '-' && word[1] != '\0') {
            const struct opt *given = find_option(typing, word, &has_value);
            typing->awaits = given != NULL && given->kind != OPT_FLAG && !has_value ? given : NULL;
        } else if (typing->command != NULL) {
            typing->n_words++;
            typing->n_behind += typing->only_words;
        } else {
            typing->command = find_command(words + i, n - i, &used, &opt);
            if (typing->command == NULL && i + 1 == n && is_group(word))
                *group = word;
            if (typing->command == NULL)
                return *group != NULL;
            i += used - 1;
            typing->only_words = false;
        }
    }
    return true;
}

void
complete_word(struct ctx *ctx, struct nodes *nodes, char *const *words, size_t n, uint64_t deadline,
              struct candidates *out)
{
    struct typing typing = {.ctx = ctx, .nodes = nodes, .deadline = deadline, .word = words[n - 1], .out = out};
    const char *group, *word = words[n - 1];
    bool has_value, mute = ctx->mute;
    *out = (struct candidates){0};
    if (!read_before(&typing, words, n - 1, &group))
        return;
    ctx->mute = true;
    const struct opt *opt = word[0] == '-' && word[1] == '-' ? find_option(&typing, word, &has_value) : NULL;
    if (typing.awaits != NULL) {
        add_value(&typing, typing.awaits, "");
    } else if (opt != NULL && opt->kind != OPT_FLAG && has_value) {
        size_t len = strcspn(word, "=") + 1;
        char *before = need_memory(len + 1, 1);
        memcpy(before, word, len);
        add_value(&typing, opt, before);
        free(before);
    } else if (word[0] == '-' && !typing.only_words) {
        add_options(&typing, own_options(&typing), 0);
        add_options(&typing, global_opts, first_common(&typing));
    } else if (typing.command == NULL) {
        add_commands(&typing, group);
    } else {
        add_argument(&typing);
    }
    ctx->mute = mute;
}
