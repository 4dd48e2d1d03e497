/* SPDX-License-Identifier: Apache-2.0 */
/* Each line is appended to the file as soon as it is typed, so that nothing is lost with a shell, and several shells can
 * share a file. What has become too long, or repeats itself, is put right when the file is read. */
#include "past.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame/cli.h"

enum { LINES_MAX = 2000, LINE_MAX_BYTES = 64 * 1024 };

struct entry {
    char *line;
    int number;
};

struct past {
    struct entry entries[LINES_MAX];
    size_t n;
    History *history;
    char *file; /* NULL: none */
};

static void
forget(struct past *past, size_t i)
{
    HistEvent event;
    if (history(past->history, &event, H_DEL, past->entries[i].number) != -1)
        free((void *)event.str); /* a copy of what was deleted */
    free(past->entries[i].line);
    memmove(&past->entries[i], &past->entries[i + 1], (--past->n - i) * sizeof past->entries[0]);
}

static void
remember(struct past *past, const char *line)
{
    HistEvent event;
    for (size_t i = past->n; i-- > 0;)
        if (strcmp(past->entries[i].line, line) == 0)
            forget(past, i);
    if (past->n == LINES_MAX)
        forget(past, 0);
    if (history(past->history, &event, H_ENTER, line) == -1)
        return;
    past->entries[past->n++] = (struct entry){.line = need_copy(line), .number = event.num};
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

/* make_parents makes the directories that a file needs; nobody else has any business there. */
static void
make_parents(char *file)
{
    for (char *slash = strchr(file + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(file, 0700);
        *slash = '/';
    }
}

static char *
name_file(void)
{
    const char *own = getenv("ZOBO_HISTFILE"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (own != NULL)
        return own[0] == '\0' ? NULL : need_copy(own);
    bool has_state = state != NULL && state[0] == '/'; /* others are to be ignored, says the specification */
    if (!has_state && (home == NULL || home[0] != '/'))
        return NULL;
    const char *base = has_state ? state : home;
    size_t size = strlen(base) + sizeof "/.local/state/zobo/history";
    char *file = need_memory(size, 1);
    snprintf(file, size, "%s%s/zobo/history", base, has_state ? "" : "/.local/state");
    make_parents(file);
    return file;
}

/* open_file opens it if it is a file of our own; one that others may read is closed to them. */
static FILE *
open_file(const struct past *past, int flags, const char *mode)
{
    struct stat st;
    int fd = past->file == NULL ? -1 : open(past->file, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return NULL;
    bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0 || fchmod(fd, 0600) == 0);
    FILE *stream = good ? fdopen(fd, mode) : NULL;
    if (stream == NULL)
        close(fd);
    return stream;
}

/* rewrite replaces the file by what is remembered. */
static void
rewrite(const struct past *past)
{
    FILE *stream = open_file(past, O_WRONLY | O_TRUNC, "w");
    for (size_t i = 0; stream != NULL && i < past->n; i++)
        fprintf(stream, "%s\n", past->entries[i].line);
    if (stream != NULL)
        fclose(stream);
}

static void
load(struct past *past)
{
    FILE *stream = open_file(past, O_RDONLY, "r");
    char *line = NULL;
    size_t room = 0, lines = 0;
    ssize_t n;
    while (stream != NULL && (n = getline(&line, &room, stream)) > 0) {
        lines++;
        line[n - 1] = line[n - 1] == '\n' ? '\0' : line[n - 1];
        if (n <= LINE_MAX_BYTES && strlen(line) + 1 >= (size_t)n && past_keeps(line))
            remember(past, line);
    }
    free(line);
    if (stream != NULL)
        fclose(stream);
    if (lines > past->n + LINES_MAX / 2)
        rewrite(past);
}

struct past *
past_open(void)
{
    HistEvent event;
    struct past *past = need_memory(1, sizeof *past);
    past->history = history_init();
    if (past->history == NULL) {
        free(past);
        return NULL;
    }
    (void)history(past->history, &event, H_SETSIZE, LINES_MAX + 1);
    past->file = name_file();
    load(past);
    return past;
}

void
past_close(struct past *past)
{
    if (past == NULL)
        return;
    history_end(past->history);
    for (size_t i = 0; i < past->n; i++)
        free(past->entries[i].line);
    free(past->file);
    free(past);
}

void
past_add(struct past *past, const char *line)
{
    if (past == NULL || !past_keeps(line))
        return;
    bool again = past->n > 0 && strcmp(past->entries[past->n - 1].line, line) == 0;
    remember(past, line);
    if (again || strchr(line, '\n') != NULL || strlen(line) > LINE_MAX_BYTES) /* the file has a line for each */
        return;
    FILE *stream = open_file(past, O_WRONLY | O_APPEND | O_CREAT, "a");
    if (stream == NULL)
        return;
    fprintf(stream, "%s\n", line);
    fclose(stream);
}

size_t
past_count(const struct past *past)
{
    return past == NULL ? 0 : past->n;
}

const char *
past_at(const struct past *past, size_t i, int *number)
{
    *number = past->entries[i].number;
    return past->entries[i].line;
}

const char *
past_find(const struct past *past, int number)
{
    for (size_t i = 0; i < past_count(past); i++)
        if (past->entries[i].number == number)
            return past->entries[i].line;
    return NULL;
}

History *
past_for_editor(struct past *past)
{
    return past->history;
}
