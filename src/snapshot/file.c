/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/mem.h"
#include "snapshot/snapshot.h"

/* --- the sum --- */

void
zs_adler_init(zs_adler *sum)
{
    *sum = (zs_adler){1, 0};
}

void
zs_adler_add(zs_adler *sum, const void *p, size_t n)
{
    enum { MOD = 65521, RUN = 5552 }; /* so many bytes before 32 bits could run over */
    const uint8_t *at = p;
    while (n) {
        size_t run = n < RUN ? n : RUN;
        n -= run;
        while (run--) {
            sum->a += *at++;
            sum->b += sum->a;
        }
        sum->a %= MOD;
        sum->b %= MOD;
    }
}

int64_t
zs_adler_value(const zs_adler *sum)
{
    return (int64_t)((uint64_t)sum->b << 16 | sum->a);
}

/* --- files --- */

void
zs_file_fail(zs_file *file, const char *fmt, ...)
{
    if (file->err)
        return;
    char text[200];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    long at = file->f ? ftell(file->f) : 0;
    file->err = zb_problem(file->why, ZOBO_EFILE, at > 0 ? (size_t)at : 0, "%s: %s", file->path, text);
}

static void
fail_sys(zs_file *file, const char *what)
{
    char buf[128];
    zs_file_fail(file, "cannot %s: %s", what, strerror_r(errno, buf, sizeof buf));
}

zobo_err
zs_file_open(zs_file *file, const char *path, bool write, zobo_problem *why)
{
    *file = (zs_file){.path = path, .why = why};
    zs_adler_init(&file->sum);
    int fd = open(path, write ? O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);
    if (fd >= 0 && !(file->f = fdopen(fd, write ? "w" : "r")))
        (void)close(fd);
    if (!file->f)
        fail_sys(file, write ? "create it" : "open it");
    return file->err;
}

zobo_err
zs_file_close(zs_file *file)
{
    if (!file->f)
        return file->err;
    bool writing = (fcntl(fileno(file->f), F_GETFL) & O_ACCMODE) == O_WRONLY;
    if (writing && !file->err && (fflush(file->f) != 0 || fsync(fileno(file->f)) != 0))
        fail_sys(file, "write it");
    FILE *f = file->f;
    file->f = NULL;
    if (fclose(f) != 0 && writing)
        fail_sys(file, "write it");
    return file->err;
}

void
zs_file_put(zs_file *file, const void *p, size_t n)
{
    if (file->err || n == 0)
        return;
    if (fwrite(p, 1, n, file->f) != n)
        fail_sys(file, "write it");
    zs_adler_add(&file->sum, p, n);
}

void
zs_file_put_i32(zs_file *file, int32_t v)
{
    uint8_t bytes[4];
    zb_store32(bytes, (uint32_t)v);
    zs_file_put(file, bytes, sizeof bytes);
}

void
zs_file_put_i64(zs_file *file, int64_t v)
{
    uint8_t bytes[8];
    zb_store64(bytes, (uint64_t)v);
    zs_file_put(file, bytes, sizeof bytes);
}

void
zs_file_put_buf(zs_file *file, zb_buf v)
{
    zs_file_put_i32(file, v.n);
    zs_file_put(file, v.p, v.n > 0 ? (size_t)v.n : 0);
}

void
zs_file_get(zs_file *file, void *p, size_t n)
{
    size_t got = file->err ? 0 : fread(p, 1, n, file->f);
    if (got == n) {
        zs_adler_add(&file->sum, p, n);
        return;
    }
    memset((uint8_t *)p + got, 0, n - got);
    if (file->err)
        return;
    file->at_end = !ferror(file->f);
    if (file->at_end)
        zs_file_fail(file, "it ends too early");
    else
        fail_sys(file, "read it");
}

int32_t
zs_file_get_i32(zs_file *file)
{
    uint8_t bytes[4];
    zs_file_get(file, bytes, sizeof bytes);
    return file->err ? 0 : (int32_t)zb_load32(bytes);
}

int64_t
zs_file_get_i64(zs_file *file)
{
    uint8_t bytes[8];
    zs_file_get(file, bytes, sizeof bytes);
    return file->err ? 0 : (int64_t)zb_load64(bytes);
}

void
zs_file_get_bytes(zs_file *file, size_t n, zs_bytes *out)
{
    enum { STEP = 1 << 20 };
    while (n && !file->err) {
        size_t step = n < STEP ? n : STEP;
        uint8_t *at = zs_bytes_room(out, step);
        if (!at) {
            file->err = zb_problem(file->why, ZOBO_ENOMEM, 0, "%s: out of memory", file->path);
            return;
        }
        zs_file_get(file, at, step);
        n -= step;
    }
}

zb_buf
zs_file_get_buf(zs_file *file, zs_bytes *out)
{
    int32_t n = zs_file_get_i32(file);
    out->n = 0;
    if (n < -1 || n > ZS_FIELD_MAX)
        zs_file_fail(file, "a length of %d bytes cannot be", n);
    else if (n > 0)
        zs_file_get_bytes(file, (size_t)n, out);
    return (zb_buf){out->p, file->err ? -1 : n};
}
