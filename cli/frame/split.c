/* SPDX-License-Identifier: Apache-2.0 */
#include "split.h"

#include <string.h>

struct reader {
    const char *text;
    size_t len;
    size_t at;
    char *room; /* where the next character goes */
    struct split *out;
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool
ends_word(char c)
{
    return is_blank(c) || c == ';' || c == '\n';
}

static void
put(struct reader *in, char c)
{
    *in->room++ = c == '\0' ? ' ' : c; /* a NUL byte would cut the word short unseen; paths and data have none */
}

/* left_open notes that the text ends in what began at `at`. */
static void
left_open(struct reader *in, enum split_open open, size_t at)
{
    in->out->open = open;
    in->out->opened = at;
}

static void
read_single(struct reader *in)
{
    size_t began = in->at++;
    while (in->at < in->len && in->text[in->at] != '\'')
        put(in, in->text[in->at++]);
    if (in->at == in->len)
        left_open(in, OPEN_SINGLE, began);
    else
        in->at++;
}

/* read_backslash reads a backslash and what it stands before. In double quotes it stays before most characters. */
static bool
read_backslash(struct reader *in, bool quoted)
{
    size_t began = in->at++;
    if (in->at == in->len) {
        left_open(in, OPEN_BACKSLASH, began);
        return false;
    }
    char c = in->text[in->at++];
    if (c == '\n')
        return false;
    if (quoted && strchr("\\\"$`", c) == NULL)
        put(in, '\\');
    put(in, c);
    return true;
}

static void
read_double(struct reader *in)
{
    size_t began = in->at++;
    while (in->at < in->len && in->text[in->at] != '"') {
        if (in->text[in->at] == '\\')
            (void)read_backslash(in, true);
        else
            put(in, in->text[in->at++]);
    }
    if (in->at == in->len)
        left_open(in, OPEN_DOUBLE, began); /* the quote is what is missing, even behind a last backslash */
    else
        in->at++;
}

/* read_word reads one, if there is one: a joined line's end alone makes none. */
static void
read_word(struct reader *in, char **words)
{
    bool any = false;
    char *begins = in->room;
    size_t at = in->at;
    while (in->at < in->len && !ends_word(in->text[in->at])) {
        char c = in->text[in->at];
        if (c == '\'' || c == '"') {
            any = true;
            if (c == '"')
                read_double(in);
            else
                read_single(in);
        } else if (c == '\\') {
            any = read_backslash(in, false) || any;
        } else {
            any = true;
            put(in, c);
            in->at++;
        }
    }
    in->out->in_word = in->at == in->len && (any || in->out->open != OPEN_NOTHING);
    if (!any && !in->out->in_word)
        return;
    in->out->word_at = at;
    words[in->out->n++] = begins;
    *in->room++ = '\0';
}

void
split_command(const char *text, size_t len, char **words, char *room, struct split *out)
{
    struct reader in = {.text = text, .len = len, .room = room, .out = out};
    *out = (struct split){0};
    while (in.at < len) {
        char c = text[in.at];
        if (is_blank(c)) {
            in.at++;
        } else if (c == ';' || c == '\n') {
            in.at++;
            break;
        } else if (c == '#') {
            while (in.at < len && text[in.at] != '\n')
                in.at++;
            out->in_comment = in.at == len;
        } else {
            read_word(&in, words);
        }
    }
    out->next = in.at;
}

const char *
split_fault(enum split_open open)
{
    switch (open) {
    case OPEN_SINGLE:
    case OPEN_DOUBLE:
        return "this quote has no end";
    case OPEN_BACKSLASH:
        return "nothing stands behind this backslash";
    case OPEN_NOTHING:
        break;
    }
    return NULL;
}

void
split_line_column(const char *text, size_t at, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) { /* not the inside of a character */
            ++*column;
        }
    }
}

void
split_quote(const char *word, char *out)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:,@%^~!*?&|<>()[]{}$";
    bool good = *word != '\0';
    for (const char *c = word; *c != '\0'; c++)
        if (strchr(plain, *c) == NULL && ((unsigned char)*c < 0x80))
            good = false;
    if (good) {
        memcpy(out, word, strlen(word) + 1);
        return;
    }
    *out++ = '\'';
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            memcpy(out, "'\\''", 4);
            out += 4;
        } else {
            *out++ = *word;
        }
    }
    *out++ = '\'';
    *out = '\0';
}
