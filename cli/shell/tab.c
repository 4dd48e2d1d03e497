/* SPDX-License-Identifier: Apache-2.0 */
/* The Tab key of the shell: from candidates to a change of the line, or a list above it. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complete.h"
#include "frame/hold.h"

enum { BUDGET_MS = 300, SHOWN_MAX = 200, WITH_HELP_MAX = 60 };

/* --- files -------------------------------------------------------------------------------------------------------- */

static void
add_file(struct candidates *out, const char *word, size_t dir_len, const char *name, bool only_dirs)
{
    struct stat st;
    size_t size = dir_len + strlen(name) + 2;
    char *text = need_memory(size, 1);
    snprintf(text, size, "%.*s%s", (int)dir_len, word, name);
    bool is_dir = stat(text, &st) == 0 && S_ISDIR(st.st_mode);
    if (only_dirs && !is_dir) {
        free(text);
        return;
    }
    if (is_dir)
        memcpy(text + strlen(text), "/", 2);
    out->items = need_more(out->items, out->n + 1, sizeof *out->items);
    out->items[out->n++] = (struct candidate){text, NULL};
}

static int
compare(const void *a, const void *b)
{
    const struct candidate *first = a, *second = b;
    return strcmp(first->text, second->text);
}

static void
add_files(struct candidates *out, const char *word)
{
    const char *slash = strrchr(word, '/');
    size_t dir_len = slash == NULL ? 0 : (size_t)(slash - word) + 1, base_len = strlen(word + dir_len);
    char *name = need_memory(dir_len + 2, 1);
    snprintf(name, dir_len + 2, "%.*s", dir_len == 0 ? 1 : (int)dir_len, dir_len == 0 ? "." : word);
    DIR *dir = opendir(name);
    free(name);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        if (strncmp(entry->d_name, word + dir_len, base_len) == 0 && (entry->d_name[0] != '.' || base_len > 0) &&
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            add_file(out, word, dir_len, entry->d_name, out->kind == COMPLETE_DIRS);
    if (dir != NULL)
        closedir(dir);
    if (out->n > 0)
        qsort(out->items, out->n, sizeof *out->items, compare);
    bool open = out->n == 1 && out->items[0].text[strlen(out->items[0].text) - 1] == '/';
    out->kind = open ? COMPLETE_OPEN : COMPLETE_WORDS;
    out->shared = dir_len;
}

/* --- showing a choice --------------------------------------------------------------------------------------------- */

static void
show_with_help(struct shell *shell, const struct candidates *found)
{
    size_t width = 0;
    for (size_t i = 0; i < found->n; i++)
        width = strlen(found->items[i].text) > width ? strlen(found->items[i].text) : width;
    for (size_t i = 0; i < found->n; i++)
        tell_above(shell, "  %-*s  %s", (int)width, found->items[i].text,
                   found->items[i].help == NULL ? "" : found->items[i].help);
}

static void
show_in_columns(struct shell *shell, const struct candidates *found)
{
    struct winsize size;
    size_t width = 1, shown = found->n > SHOWN_MAX ? SHOWN_MAX : found->n;
    for (size_t i = 0; i < shown; i++) {
        size_t len = strlen(found->items[i].text + found->shared);
        width = len > width ? len : width;
    }
    size_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    size_t across = columns / (width + 2) == 0 ? 1 : columns / (width + 2), rows = (shown + across - 1) / across;
    char *row = need_memory(across * (width + 2) + 1, 1);
    for (size_t r = 0; r < rows; r++) {
        size_t len = 0;
        for (size_t i = r; i < shown; i += rows)
            len += (size_t)sprintf(row + len, "%-*s", i + rows < shown ? (int)width + 2 : 0,
                                   found->items[i].text + found->shared);
        tell_above(shell, "%s", row);
    }
    free(row);
    if (found->n > shown)
        tell_above(shell, "... and %zu more", found->n - shown);
}

/* --- the line ----------------------------------------------------------------------------------------------------- */

static size_t
common_prefix(const struct candidates *found)
{
    const char *first = found->items[0].text;
    size_t len = strlen(first);
    for (size_t i = 1; i < found->n; i++) {
        size_t n = 0;
        while (n < len && found->items[i].text[n] == first[n])
            n++;
        len = n;
    }
    while (len > 0 && ((unsigned char)first[len] & 0xC0) == 0x80) /* not in the middle of a character */
        len--;
    return len;
}

/* quote_as writes `len` bytes of a word as they must be typed where a quote is open or not, the quote itself included.
 * The word may go on: nothing is closed. `out` has room for 4 bytes for each, and 2. */
static char *
quote_as(enum split_open open, const char *text, size_t len, char *out)
{
    const char *special = open == OPEN_SINGLE ? "'" : open == OPEN_DOUBLE ? "\\\"$`" : " \t\n\r;'\"\\#";
    if (open != OPEN_NOTHING)
        *out++ = open == OPEN_SINGLE ? '\'' : '"';
    for (size_t i = 0; i < len; i++) {
        bool is_special = strchr(special, text[i]) != NULL && (text[i] != '#' || i == 0);
        if (is_special && open == OPEN_SINGLE) {
            memcpy(out, "'\\'", 3);
            out += 3;
        } else if (is_special) {
            *out++ = '\\';
        }
        *out++ = text[i];
    }
    *out = '\0';
    return out;
}

static bool
has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

/* settle makes the change, or shows the choice. */
static void
settle(struct shell *shell, const struct candidates *found, const char *word, enum split_open open,
       struct completion *out)
{
    size_t len = common_prefix(found);
    if (found->n > 1 && len <= strlen(word)) {
        if (found->items[0].help != NULL && found->n <= WITH_HELP_MAX)
            show_with_help(shell, found);
        else
            show_in_columns(shell, found);
        return;
    }
    out->text = need_memory(4 * len + 8, 1);
    char *end = quote_as(open, found->items[0].text, len, out->text);
    if (found->n > 1 || found->kind == COMPLETE_OPEN)
        return;
    if (open != OPEN_NOTHING)
        *end++ = open == OPEN_SINGLE ? '\'' : '"';
    memcpy(end, " ", 2);
}

void
complete_line(struct shell *shell, const char *before, const char *line, size_t len, struct completion *out)
{
    size_t before_len = before == NULL ? 0 : strlen(before), all = before_len + len, at = 0;
    char *text = need_memory(all + 1, 1);
    char **words = need_memory(SPLIT_WORDS(all) + 1, sizeof *words), *room = need_memory(SPLIT_ROOM(all), 1);
    char empty[1] = "";
    struct split split = {0};
    struct candidates found = {0};
    *out = (struct completion){0};
    memcpy(text, before == NULL ? "" : before, before_len);
    memcpy(text + before_len, line, len);
    size_t from;
    do {
        from = at;
        split_command(text + at, all - at, words, room, &split);
        at += split.next;
    } while (at < all);
    bool ended = !split.in_word && all > 0 && (text[all - 1] == ';' || text[all - 1] == '\n');
    size_t n = ended ? 0 : split.n;
    if (!split.in_word)
        words[n++] = empty; /* a new one begins */
    out->replaces = split.in_word ? all - from - split.word_at : 0;
    if (!split.in_comment && split.open != OPEN_BACKSLASH && out->replaces <= len) {
        complete_word(shell->ctx, shell->nodes, words, n, now_ms() + BUDGET_MS, &found);
        if (found.kind == COMPLETE_FILES || found.kind == COMPLETE_DIRS || found.kind == COMPLETE_PROGRAMS)
            add_files(&found, words[n - 1]);
        size_t good = 0;
        for (size_t i = 0; i < found.n; i++) {
            if (has_control(found.items[i].text))
                free(found.items[i].text); /* that cannot be typed in a line */
            else
                found.items[good++] = found.items[i];
        }
        found.n = good;
    }
    out->beep = found.n == 0;
    if (found.n > 0)
        settle(shell, &found, words[n - 1], split.open, out);
    candidates_free(&found);
    free(words);
    free(room);
    free(text);
}
