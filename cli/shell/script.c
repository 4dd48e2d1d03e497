/* SPDX-License-Identifier: Apache-2.0 */
/* Commands from a text: one after another, in one session that begins with the first that needs it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shell.h"

enum { TEXT_MAX = 64 * 1024 * 1024 }; /* of one command; a quote without an end would else read all there is */

/* Room for the words of any command of a text, used again for each. */
struct room {
    char **words;
    char *characters;
};

static void
room_for(struct room *room, size_t len)
{
    room->words = need_more(room->words, SPLIT_WORDS(len), sizeof *room->words);
    room->characters = need_more(room->characters, SPLIT_ROOM(len), 1);
}

static void
room_free(struct room *room)
{
    free(room->words);
    free(room->characters);
}

enum split_open
text_is_open(const char *text, size_t len, size_t *opened)
{
    struct room room = {NULL, NULL};
    struct split split = {0};
    room_for(&room, len);
    *opened = 0;
    for (size_t at = 0; at < len; at += split.next) {
        split_command(text + at, len - at, room.words, room.characters, &split);
        *opened = at + split.opened;
    }
    room_free(&room);
    return split.open;
}

/* ends_it: what should not be followed by more, whatever keep_going says. */
static bool
ends_it(const struct ctx *ctx)
{
    return ctx->shell->over || ctx->signal != 0 || interrupted() || ferror(stdout);
}

int
run_text(struct ctx *ctx, const char *text, size_t len, const struct source *source)
{
    struct room room = {NULL, NULL};
    struct split split;
    size_t line = source->line;
    char *where = need_memory((source->name == NULL ? 0 : strlen(source->name)) + 24, 1);
    const char *before = ctx->where;
    int worst = DONE, code = DONE;
    room_for(&room, len);
    for (size_t at = 0; at < len && (code == DONE || source->keep_going) && !ends_it(ctx); at += split.next) {
        split_command(text + at, len - at, room.words, room.characters, &split);
        if (source->name != NULL)
            sprintf(where, "%s:%zu", source->name, line);
        ctx->where = source->name == NULL ? NULL : where;
        code = split.n == 0 ? DONE : dispatch_line(ctx, room.words, split.n);
        worst = code == DONE ? worst : source->keep_going ? PARTIAL : code;
        for (size_t i = 0; i < split.next; i++)
            line += text[at + i] == '\n';
    }
    wipe_bytes(room.characters, SPLIT_ROOM(len)); /* there may have been a password */
    ctx->where = before;
    room_free(&room);
    free(where);
    return ctx->shell->over ? ctx->shell->exit_code : worst;
}

/* may_close tells whether a line could end the quote that is open, so that what is long is not looked through for each
 * of its lines. */
static bool
may_close(enum split_open open, const char *line)
{
    return open == OPEN_SINGLE ? strchr(line, '\'') != NULL : open == OPEN_DOUBLE ? strchr(line, '"') != NULL : true;
}

static int
fail_open(const struct ctx *ctx, const char *name, size_t first, const char *text, size_t opened, enum split_open open)
{
    size_t line, column;
    split_line_column(text, opened, &line, &column);
    return refuse(ctx, BAD_USAGE, "%s:%zu:%zu: %s", name, first + line - 1, column, split_fault(open));
}

int
run_script(struct ctx *ctx, FILE *file, const char *name, bool keep_going)
{
    char *text = NULL, *line = NULL;
    size_t len = 0, room = 0, line_room = 0, opened = 0;
    enum split_open open = OPEN_NOTHING;
    struct source source = {.name = name, .line = 1, .keep_going = keep_going};
    int worst = DONE, code = DONE;
    ssize_t n;
    size_t at_line = 0;
    while ((code == DONE || keep_going) && !ends_it(ctx) && (errno = 0, n = getline(&line, &line_room, file)) >= 0) {
        at_line++;
        if (memchr(line, '\0', (size_t)n) != NULL || len + (size_t)n > TEXT_MAX) {
            code = refuse(ctx, BAD_USAGE, "%s:%zu: %s", name, at_line,
                          len + (size_t)n > TEXT_MAX ? "this command is too long" : "a NUL byte: is this a script?");
            worst = code;
            len = 0;
            open = OPEN_NOTHING;
            break;
        }
        if (len == 0)
            source.line = at_line;
        if (len + (size_t)n + 1 > room) {
            room = 2 * (len + (size_t)n) + 256;
            text = need_more(text, room, 1);
        }
        memcpy(text + len, line, (size_t)n + 1);
        len += (size_t)n;
        if (open == OPEN_NOTHING || may_close(open, line))
            open = text_is_open(text, len, &opened);
        if (open != OPEN_NOTHING)
            continue;
        code = run_text(ctx, text, len, &source);
        if (code != DONE || ctx->shell->over)
            worst = keep_going && !ctx->shell->over ? PARTIAL : code;
        len = 0;
    }
    if (ferror(file))
        worst = fail_errno(ctx, name, errno);
    else if (open != OPEN_NOTHING && len > 0)
        worst = fail_open(ctx, name, source.line, text, opened, open);
    free(text);
    free(line);
    return worst;
}
