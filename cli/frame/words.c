/* SPDX-License-Identifier: Apache-2.0 */
/* What a word of a usage text stands for. Usage texts are read by people first: brackets and dots are skipped. */
#include <string.h>

#include "command.h"

static const struct {
    const char *name;
    enum word kind;
} names[] = {{"PATH", WORD_PATH}, {"SRC", WORD_PATH},        {"DST", WORD_PATH},        {"FILE", WORD_FILE},
             {"DIR", WORD_DIR},   {"COMMAND", WORD_COMMAND}, {"CONTEXT", WORD_CONTEXT}, {NULL, WORD_OTHER}};

enum word
word_kind(const char *usage, size_t i, const char **choices, size_t *len)
{
    static const char around[] = "[]. ", between[] = "[]. |"; /* a bar that stands alone parts two ways to go on */
    const char *word = "";
    for (usage += strspn(usage, between); *usage != '\0'; usage += strspn(usage, between)) {
        word = usage;
        usage += strcspn(usage, around);
        if (i-- == 0 || strstr(usage, "...") == usage)
            break;
    }
    size_t n = strcspn(word, around);
    for (size_t k = 0; names[k].name != NULL; k++)
        if (strlen(names[k].name) == n && strncmp(word, names[k].name, n) == 0)
            return names[k].kind;
    if (memchr(word, '|', n) == NULL)
        return WORD_OTHER;
    if (choices != NULL)
        *choices = word;
    if (len != NULL)
        *len = n;
    return WORD_CHOICE;
}
