/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "frame/input.h"

struct source *
open_export(const struct ctx *ctx, const char *file, int *code)
{
    struct stat st;
    if (strcmp(file, "-") != 0 && stat(file, &st) == 0 && S_ISDIR(st.st_mode))
        return source_of_dir(ctx, file, code);
    struct infile *in = infile_open(ctx, file);
    *code = in == NULL ? FAILED : DONE;
    return in == NULL ? NULL : source_of_file(ctx, in, code);
}

int
place_open(struct ctx *ctx, const char *word, struct place *out)
{
    *out = (struct place){0};
    const char *colon = strstr(word, ":/");
    if (word[0] == '/') {
        out->path = word;
        out->ctx = ctx;
    } else if (strncmp(word, "file:", 5) == 0) {
        out->file = word + 5;
        return DONE;
    } else if (colon != NULL) {
        out->owned = need_copy(word);
        out->owned[colon - word] = '\0';
        out->path = colon + 1;
        out->ctx = &out->own;
    } else {
        out->file = word;
        return DONE;
    }
    int code = need_path(ctx, out->path, false);
    if (code == DONE && out->owned != NULL)
        code = context_session(ctx, out->owned, &out->own);
    return code == DONE ? need_session(out->ctx) : code;
}

void
place_close(struct place *place)
{
    if (place->ctx == &place->own && place->own.command != NULL)
        end_session(&place->own);
    free(place->owned);
    *place = (struct place){0};
}

struct source *
place_source(struct ctx *ctx, const struct place *place, const struct source_options *options, int *code)
{
    *code = DONE;
    return place->file == NULL ? source_of_server(place->ctx, place->path, options)
                               : open_export(ctx, place->file, code);
}

int
may_change(struct ctx *ctx, struct ctx *dst)
{
    const char *name = dst->context == NULL ? "here" : dst->context;
    if (ctx->dry_run)
        return DONE;
    if (dst->only_reads)
        return refuse(ctx, NOT_ALLOWED, "%s: the context %s is for reading only", ctx->command->name, name);
    return dst->ask_always ? need_yes(ctx, "%s in %s?", ctx->command->name, name) : DONE;
}
