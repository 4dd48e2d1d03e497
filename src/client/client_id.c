/* SPDX-License-Identifier: Apache-2.0 */
/* A session's id and password in a file: three lines of text, readable by the owner only, replaced in one step. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client.h"

#define HEADER "zobo-session 1\n"
enum { FILE_MAX = 256 };

static zobo_err
file_problem(zobo_problem *why, const char *path, const char *what, int sys)
{
    char buf[128];
    return zb_problem(why, ZOBO_EFILE, 0, "%s: cannot %s: %s", path, what, strerror_r(sys, buf, sizeof buf));
}

static int
write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? errno : EIO;
        p += put;
        n -= (size_t)put;
    }
    return 0;
}

/* Opens the directory of a file, to make the renaming itself durable. -1 and errno. */
static int
open_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? zb_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : zb_strndup(".", 1);
    if (!dir) {
        errno = ENOMEM;
        return -1;
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), sys = errno;
    zb_free(dir);
    errno = sys;
    return fd;
}

/* Writes to a new file beside `path`; *what names the step that failed. */
static int
write_beside(char *temp, const char *text, size_t n, const char **what)
{
    int fd = mkostemp(temp, O_CLOEXEC), sys;
    *what = "make a file there";
    if (fd < 0)
        return errno;
    *what = "write";
    sys = write_all(fd, text, n);
    if (!sys && fsync(fd) < 0)
        sys = errno;
    if (close(fd) < 0 && !sys)
        sys = errno;
    if (sys)
        (void)unlink(temp);
    return sys;
}

zobo_err
zobo_client_id_save(const char *path, const zobo_client_id *id, zobo_problem *why)
{
    char text[FILE_MAX], hex[33];
    const char *what = NULL;
    zb_problem_clear(why);
    if (!path || !*path || !id)
        return zb_problem(why, ZOBO_EINVAL, 0, "no path or no id");
    struct stat st;
    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* renaming onto /dev/null would replace that */
        return zb_problem(why, ZOBO_EFILE, 0, "%s: not a regular file", path);
    for (int i = 0; i < 16; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", id->password[i]);
    int n = snprintf(text, sizeof text, HEADER "id 0x%llx\npassword %s\n", (unsigned long long)id->session_id, hex);
    size_t len = strlen(path);
    char *temp = zb_malloc(len + 8);
    if (!temp)
        return zb_problem(why, ZOBO_ENOMEM, 0, "%s: out of memory", path);
    memcpy(temp, path, len);
    memcpy(temp + len, ".XXXXXX", 8);
    int dir = open_dir(path), sys = dir < 0 ? errno : 0; /* first: after the renaming it would be too late to fail */
    if (sys)
        what = "open its directory";
    else
        sys = write_beside(temp, text, (size_t)n, &what);
    if (!sys && rename(temp, path) < 0) {
        sys = errno;
        what = "replace it";
        (void)unlink(temp);
    }
    if (!sys && fsync(dir) < 0) {
        sys = errno;
        what = "sync its directory";
    }
    if (dir >= 0)
        (void)close(dir);
    zb_free(temp);
    memset(text, 0, sizeof text);
    memset(hex, 0, sizeof hex);
    return sys ? file_problem(why, path, what, sys) : ZOBO_OK;
}

static int
hex_digit(char ch)
{
    return ch >= '0' && ch <= '9' ? ch - '0' : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool
parse(const char *text, zobo_client_id *out)
{
    char *end;
    if (strncmp(text, HEADER "id 0x", strlen(HEADER "id 0x")) != 0)
        return false;
    text += strlen(HEADER "id 0x");
    if (hex_digit(*text) < 0)
        return false;
    errno = 0;
    out->session_id = (int64_t)strtoull(text, &end, 16);
    if (errno || strncmp(end, "\npassword ", 10) != 0 || !out->session_id)
        return false;
    text = end + 10;
    uint8_t *byte = out->password, *last = byte + sizeof out->password;
    if (strlen(text) != 2 * sizeof out->password + 1 || text[2 * sizeof out->password] != '\n')
        return false;
    for (; byte < last; text += 2) {
        int hi = hex_digit(text[0]), lo = hex_digit(text[1]);
        if (hi < 0 || lo < 0)
            return false;
        *byte++ = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

zobo_err
zobo_client_id_load(const char *path, zobo_client_id *out, zobo_problem *why)
{
    char text[FILE_MAX + 1] = "";
    struct stat st;
    zb_problem_clear(why);
    if (!path || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "no path or nowhere to put the id");
    memset(out, 0, sizeof *out);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return file_problem(why, path, "open", errno);
    zobo_err err = ZOBO_OK;
    ssize_t n = 0;
    if (fstat(fd, &st) < 0)
        err = file_problem(why, path, "look at it", errno);
    else if (!S_ISREG(st.st_mode))
        err = zb_problem(why, ZOBO_EFILE, 0, "%s: not a regular file", path);
    else if (st.st_mode & 077)
        err = zb_problem(why, ZOBO_EFILE, 0, "%s: readable by others (mode %03o), but it holds a secret: chmod 600 it",
                         path, (unsigned)st.st_mode & 0777);
    else if ((n = read(fd, text, FILE_MAX)) < 0)
        err = file_problem(why, path, "read", errno);
    (void)close(fd);
    if (err)
        return err;
    size_t len = n > 0 ? (size_t)n : 0;
    text[len] = 0;
    if (strlen(text) != len || !parse(text, out)) {
        memset(out, 0, sizeof *out);
        err = zb_problem(why, ZOBO_EFILE, 0, "%s: damaged, or not a session file", path);
    }
    memset(text, 0, sizeof text);
    return err;
}
