/* SPDX-License-Identifier: Apache-2.0 */
/* Messages go to stderr, as "zobo: ..." or, with -o json, as one JSON object each; stdout holds data only. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "command.h"
#include "json.h"
#include "text.h"

static void
put_line(const char *text)
{
    put_visible(stderr, text, strlen(text), true);
    fputc('\n', stderr);
}

char *
formatted(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n =
        vsnprintf(NULL, 0, format, again); /* NOLINT(clang-analyzer-valist.Uninitialized): the caller has begun it */
    va_end(again);
    char *text = need_memory((size_t)(n < 0 ? 0 : n) + 1, 1);
    if (n >= 0)
        vsnprintf(text, (size_t)n + 1, format, args);
    return text;
}

void
note(const struct ctx *ctx, const char *format, ...)
{
    if (ctx->quiet || ctx->mute)
        return;
    va_list args;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    fflush(stdout); /* so that on a terminal the two come in their order */
    if (ctx->json_errors) {
        struct json json = {.to = stderr};
        json_open(&json, NULL, '{');
        json_text(&json, "note", text);
        json_close(&json, '}');
        json_end(&json);
    } else {
        fputs("zobo: ", stderr);
        put_line(text);
    }
    free(text);
}

static void
put_error(const struct ctx *ctx, zobo_err err, const char *path, const char *text, const char *hint)
{
    if (ctx->mute || interrupted()) /* the user knows */
        return;
    fflush(stdout); /* so that on a terminal the two come in their order */
    if (ctx->json_errors) {
        struct json json = {.to = stderr};
        json_open(&json, NULL, '{');
        json_open(&json, "error", '{');
        json_int(&json, "code", err);
        json_text(&json, "name", zobo_err_name(err));
        json_text(&json, "text", text);
        if (path != NULL)
            json_text(&json, "path", path);
        if (ctx->where != NULL)
            json_text(&json, "where", ctx->where);
        if (hint != NULL)
            json_text(&json, "hint", hint);
        json_close(&json, '}');
        json_close(&json, '}');
        json_end(&json);
        return;
    }
    fputs("zobo: ", stderr);
    if (ctx->where != NULL) {
        put_visible(stderr, ctx->where, strlen(ctx->where), false);
        fputs(": ", stderr);
    }
    if (path != NULL) {
        put_visible(stderr, path, strlen(path), false);
        fputs(": ", stderr);
    }
    put_visible(stderr, text, strlen(text), true);
    if (err == ZOBO_EINVAL)
        fputc('\n', stderr);
    else
        fprintf(stderr, " (%s %d)\n", zobo_err_name(err), (int)err);
    if (hint != NULL) {
        fputs("hint: ", stderr);
        put_line(hint);
    }
}

int
exit_code_of(zobo_err err)
{
    switch (err) {
    case ZOBO_OK:
        return DONE;
    case ZOBO_ENONODE:
        return NO_NODE;
    case ZOBO_ENODEEXISTS:
    case ZOBO_EBADVERSION:
    case ZOBO_ENOTEMPTY:
        return CONFLICT;
    case ZOBO_ENOAUTH:
    case ZOBO_EAUTHFAILED:
    case ZOBO_EINVALIDACL:
    case ZOBO_ESESSIONCLOSEDREQUIRESASL:
        return NOT_ALLOWED;
    case ZOBO_ETIMEDOUT:
        return NO_SERVER;
    case ZOBO_ETOOBIG:
        return FAILED; /* nothing is wrong with how the command was used */
    default:
        break;
    }
    switch (zobo_err_class(err)) {
    case ZOBO_CLASS_USAGE:
        return BAD_USAGE;
    case ZOBO_CLASS_RETRY:
    case ZOBO_CLASS_UNKNOWN:
    case ZOBO_CLASS_SESSION:
        return NO_SERVER;
    default:
        return FAILED;
    }
}

/* What usually helps, when the command knows nothing better. */
static const char *
usual_hint(const struct ctx *ctx, zobo_err err, const char *path)
{
    switch (err) {
    case ZOBO_ENONODE:
        return path != NULL && strcmp(path, "/") == 0 ? "the chroot itself is not there; `zobo create -p /` makes it"
                                                      : NULL;
    case ZOBO_ENOAUTH:
        return !ctx->has_credentials ? "give credentials with --auth-file or ZOBO_AUTH; `zobo acl get` shows who may"
                                     : "`zobo acl get` shows who may, `zobo whoami` who you are";
    case ZOBO_EAUTHFAILED:
        return "credentials are scheme:credential, such as digest:user:password; does the server know the scheme?";
    case ZOBO_EBADVERSION:
        return "somebody else changed it; `zobo stat` shows the version it has now";
    case ZOBO_EUNIMPLEMENTED:
        return "the server is too old for this, or has it turned off";
    case ZOBO_ENOTREADONLY:
        return "the server has lost its quorum; writing works again when it is back";
    case ZOBO_ETOOBIG:
        return "the servers' limit is jute.maxbuffer, 1 MiB unless configured otherwise";
    case ZOBO_EBADPATH:
        return "paths look like /a/b/c: absolute, without a slash at the end";
    case ZOBO_EINVALIDACL:
        return "entries look like world:anyone:cdrwa; auth: needs credentials";
    default:
        return NULL;
    }
}

int
fail(const struct ctx *ctx, zobo_err err, const char *path, const char *hint)
{
    put_error(ctx, err, path, zobo_err_text(err), hint != NULL ? hint : usual_hint(ctx, err, path));
    return exit_code_of(err);
}

int
fail_why(const struct ctx *ctx, zobo_err err, const char *path, const zobo_problem *why, const char *hint)
{
    const char *text = why->text[0] != '\0' ? why->text : zobo_err_text(err);
    put_error(ctx, err, path, text, hint != NULL ? hint : usual_hint(ctx, err, path));
    return exit_code_of(err);
}

int
fail_usage(const struct ctx *ctx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    char hint[80];
    if (ctx->command != NULL)
        snprintf(hint, sizeof hint, "`zobo help %s` tells how it is used", ctx->command->name);
    else
        snprintf(hint, sizeof hint, "`zobo help` lists the commands");
    put_error(ctx, ZOBO_EINVAL, NULL, text, hint);
    free(text);
    return BAD_USAGE;
}

int
refuse(const struct ctx *ctx, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    put_error(ctx, ZOBO_EINVAL, NULL, text, NULL);
    free(text);
    return code;
}

int
fail_errno(const struct ctx *ctx, const char *what, int error)
{
    put_error(ctx, ZOBO_ESYS, what, strerror(error), NULL);
    return FAILED;
}

int
worse(int so_far, size_t n, int code)
{
    return n == 0 || so_far == code ? code : PARTIAL;
}

static void *
check(void *block)
{
    if (block == NULL) {
        fputs("zobo: out of memory (NoMemory -1080)\n", stderr);
        exit(FAILED);
    }
    return block;
}

void *
need_memory(size_t n, size_t size)
{
    return check(calloc(n == 0 ? 1 : n, size));
}

void *
need_more(void *block, size_t n, size_t size)
{
    return check(n > SIZE_MAX / size ? NULL : realloc(block, n * size));
}

char *
need_copy(const char *text)
{
    return check(strdup(text));
}
