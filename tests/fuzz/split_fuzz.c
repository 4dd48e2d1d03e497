/* SPDX-License-Identifier: Apache-2.0 */
/* A text as commands of a shell. All of it is read, in bounds; words that are quoted again are read as they were; what
 * is cut off at any place says that it is not whole only if a quote or backslash is open. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../../cli/frame/split.h"

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static void
check_again(char *const *words, size_t n)
{
    size_t size = 1, len = 0;
    for (size_t i = 0; i < n; i++)
        size += SPLIT_QUOTED_ROOM(strlen(words[i])) + 1;
    char *text = malloc(size), *room = malloc(SPLIT_ROOM(size));
    char **again = malloc(SPLIT_WORDS(size) * sizeof *again);
    must(text != NULL && room != NULL && again != NULL);
    for (size_t i = 0; i < n; i++) {
        split_quote(words[i], text + len);
        len += strlen(text + len);
        must(len < size);
        text[len++] = ' ';
    }
    struct split split;
    split_command(text, len, again, room, &split);
    must(split.n == n && split.next == len && split.open == OPEN_NOTHING && !split.in_word && !split.in_comment);
    for (size_t i = 0; i < n; i++)
        must(strcmp(words[i], again[i]) == 0);
    free(again);
    free(room);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* exactly as long as it is: no byte behind it is read */
    must(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    for (size_t at = 0; at < size;) {
        size_t len = size - at, line, column;
        char *room = malloc(SPLIT_ROOM(len)), **words = malloc(SPLIT_WORDS(len) * sizeof *words);
        must(room != NULL && words != NULL);
        struct split split;
        split_command(text + at, len, words, room, &split);
        must(split.next > 0 && split.next <= len && split.n <= SPLIT_WORDS(len));
        must((split.open == OPEN_NOTHING) == (split_fault(split.open) == NULL));
        if (split.open != OPEN_NOTHING) {
            must(split.next == len && split.opened < len && split.n > 0 && split.in_word);
            split_line_column(text, at + split.opened, &line, &column);
            must(line >= 1 && column >= 1 && line + column <= at + split.opened + 2);
        }
        check_again(words, split.n);
        free(words);
        free(room);
        at += split.next;
    }
    free(text);
    return 0;
}
