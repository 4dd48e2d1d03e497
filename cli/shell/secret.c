/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines are not to be kept. Rather one too many: what is lost is a line that can be typed again. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "frame/split.h"
#include "past.h"

/* Words that stand where a secret does. */
static const char *const marks[] = {"addauth", "digest", "super:", "passw", "secret", "credential", "auth:"};

static bool
holds(const char *text, const char *mark)
{
    size_t len = strlen(mark);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, mark, len) == 0)
            return true;
    return false;
}

/* An option --auth, with its value in the same word or in the next; not --auth-file. */
static bool
is_auth_option(const char *word)
{
    return strncmp(word, "--auth", 6) == 0 && (word[6] == '\0' || word[6] == '=');
}

static bool
is_secret(const char *word)
{
    if (is_auth_option(word))
        return true;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (holds(word, marks[i]))
            return true;
    return false;
}

bool
past_keeps(const char *line)
{
    size_t len = strlen(line);
    char **words = calloc(SPLIT_WORDS(len), sizeof *words), *room = calloc(SPLIT_ROOM(len), 1);
    bool good = words != NULL && room != NULL && line[0] != ' ' && line[0] != '\t' && !is_secret(line);
    bool any = false;
    struct split split;
    /* What is quoted oddly ("add"auth) is looked at as it will be read, too. */
    for (size_t at = 0; good && at < len; at += split.next) {
        split_command(line + at, len - at, words, room, &split);
        any = any || split.n > 0;
        for (size_t i = 0; i < split.n; i++)
            good = good && !is_secret(words[i]);
    }
    free(words);
    free(room);
    return good && any;
}
