/* SPDX-License-Identifier: Apache-2.0 */
#include "outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

enum { BUFFER = 128 * 1024 };

struct outfile {
    const struct ctx *ctx;
    char *name;
    char *temporary; /* NULL: it is written as it comes */
    FILE *to;
    bool failed;
    enum { PLAIN, GZIP, ZSTD } kind;
    z_stream gz;
    ZSTD_CCtx *zst;
    unsigned char *buf;
    FILE *record;
    char *text;
    size_t text_n;
};

static bool
ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

static bool
begin_codec(struct outfile *out)
{
    bool good = true;
    if (out->kind == GZIP)
        good = deflateInit2(&out->gz, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    if (out->kind == ZSTD)
        good = (out->zst = ZSTD_createCCtx()) != NULL &&
               !ZSTD_isError(ZSTD_CCtx_setParameter(out->zst, ZSTD_c_checksumFlag, 1));
    return good;
}

static void
end_codec(struct outfile *out)
{
    if (out->kind == GZIP)
        deflateEnd(&out->gz);
    memset(&out->gz, 0, sizeof out->gz);
    ZSTD_freeCCtx(out->zst);
    out->zst = NULL;
}

/* open_target opens what is written to; false after telling. */
static bool
open_target(struct outfile *out, const char *file)
{
    struct stat st;
    if (strcmp(file, "-") == 0) {
        out->to = stdout;
        return true;
    }
    if (stat(file, &st) == 0 && !S_ISREG(st.st_mode)) {
        out->to = fopen(file, "w");
        if (out->to == NULL)
            fail_errno(out->ctx, file, errno);
        return out->to != NULL;
    }
    size_t size = strlen(file) + sizeof ".XXXXXX";
    out->temporary = need_memory(size, 1);
    snprintf(out->temporary, size, "%s.XXXXXX", file);
    int fd = mkstemp(out->temporary);
    out->to = fd < 0 ? NULL : fdopen(fd, "w");
    if (out->to != NULL)
        return true;
    fail_errno(out->ctx, file, errno);
    if (fd >= 0) {
        close(fd);
        unlink(out->temporary);
    }
    return false;
}

static void
free_outfile(struct outfile *out)
{
    end_codec(out);
    if (out->record != NULL)
        fclose(out->record);
    free(out->text);
    free(out->buf);
    free(out->temporary);
    free(out->name);
    free(out);
}

struct outfile *
outfile_open(const struct ctx *ctx, const char *file)
{
    struct outfile *out = need_memory(1, sizeof *out);
    out->ctx = ctx;
    out->name = need_copy(file);
    out->kind = ends_with(file, ".gz") ? GZIP : ends_with(file, ".zst") ? ZSTD : PLAIN;
    out->buf = need_memory(BUFFER, 1);
    if (!open_target(out, file)) {
        free_outfile(out);
        return NULL;
    }
    out->record = open_memstream(&out->text, &out->text_n);
    if (out->record == NULL || !begin_codec(out)) {
        refuse(ctx, FAILED, "%s: no memory to write it", file);
        outfile_drop(out);
        return NULL;
    }
    return out;
}

FILE *
outfile_begin(struct outfile *out)
{
    rewind(out->record);
    return out->record;
}

static void
put(struct outfile *out, const void *bytes, size_t n)
{
    if (out->failed || n == 0 || fwrite(bytes, 1, n, out->to) == n)
        return;
    if (!(out->to == stdout && errno == EPIPE)) /* who reads has had enough */
        fail_errno(out->ctx, out->name, errno);
    out->failed = true;
}

static void
deflate_some(struct outfile *out, const char *bytes, size_t n, int how)
{
    out->gz.next_in = (unsigned char *)(uintptr_t)bytes;
    out->gz.avail_in = (uInt)n;
    int code;
    do {
        out->gz.next_out = out->buf;
        out->gz.avail_out = BUFFER;
        code = deflate(&out->gz, how);
        put(out, out->buf, BUFFER - out->gz.avail_out);
    } while (!out->failed && (how == Z_FINISH ? code == Z_OK : out->gz.avail_out == 0));
}

static void
zstd_some(struct outfile *out, const char *bytes, size_t n, ZSTD_EndDirective how)
{
    ZSTD_inBuffer from = {bytes, n, 0};
    size_t left;
    do {
        ZSTD_outBuffer to = {out->buf, BUFFER, 0};
        left = ZSTD_compressStream2(out->zst, &to, &from, how);
        if (ZSTD_isError(left)) {
            refuse(out->ctx, FAILED, "%s: %s", out->name, ZSTD_getErrorName(left));
            out->failed = true;
        }
        put(out, out->buf, to.pos);
    } while (!out->failed && (how == ZSTD_e_end ? left != 0 : from.pos < from.size));
}

bool
outfile_end(struct outfile *out)
{
    if (fflush(out->record) != 0 && !out->failed) {
        fail_errno(out->ctx, out->name, errno);
        out->failed = true;
    }
    if (out->failed)
        return false;
    if (out->kind == GZIP)
        deflate_some(out, out->text, out->text_n, Z_NO_FLUSH);
    else if (out->kind == ZSTD)
        zstd_some(out, out->text, out->text_n, ZSTD_e_continue);
    else
        put(out, out->text, out->text_n);
    return !out->failed;
}

bool
outfile_again(struct outfile *out)
{
    if (out->temporary == NULL || out->failed)
        return false;
    end_codec(out);
    if (fflush(out->to) != 0 || fseek(out->to, 0, SEEK_SET) != 0 || ftruncate(fileno(out->to), 0) != 0 ||
        !begin_codec(out))
        out->failed = true;
    return !out->failed;
}

int
outfile_keep(struct outfile *out)
{
    if (!out->failed && out->kind == GZIP)
        deflate_some(out, NULL, 0, Z_FINISH);
    if (!out->failed && out->kind == ZSTD)
        zstd_some(out, NULL, 0, ZSTD_e_end);
    bool flushed = fflush(out->to) == 0;
    if (out->temporary != NULL)
        flushed = flushed && fsync(fileno(out->to)) == 0;
    if (!out->failed && !flushed) {
        if (!(out->to == stdout && errno == EPIPE))
            fail_errno(out->ctx, out->name, errno);
        out->failed = true;
    }
    if (!out->failed && out->temporary != NULL && rename(out->temporary, out->name) != 0) {
        fail_errno(out->ctx, out->name, errno);
        out->failed = true;
    }
    if (out->failed) {
        outfile_drop(out);
        return FAILED;
    }
    if (out->to != stdout)
        fclose(out->to);
    free_outfile(out);
    return DONE;
}

void
outfile_drop(struct outfile *out)
{
    if (out->to != NULL && out->to != stdout)
        fclose(out->to);
    if (out->temporary != NULL)
        unlink(out->temporary);
    free_outfile(out);
}
