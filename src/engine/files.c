/* SPDX-License-Identifier: Apache-2.0 */
/* The store's directory: made, locked, told apart from others'. */
#define _GNU_SOURCE
#include "engine/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

char *
zs_path_in(const char *dir, const char *name)
{
    size_t n = strlen(dir), m = strlen(name);
    char *path = zb_malloc(n + 1 + m + 1);
    if (!path)
        return NULL;
    memcpy(path, dir, n);
    path[n] = '/';
    memcpy(path + n + 1, name, m + 1);
    return path;
}

/* Each part in turn; what is there already is fine. Sessions' passwords lie in it, so it is the owner's alone. */
zobo_err
zs_make_dir(const char *dir, zobo_problem *why)
{
    char *path = zb_strndup(dir, strlen(dir));
    if (!path)
        return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
    int failed = dir[0] ? 0 : ENOENT;
    for (char *p = path; *p != '\0' && !failed;) {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        char end = *p;
        *p = '\0';
        if (mkdir(path, 0700) && errno != EEXIST && errno != EISDIR)
            failed = errno;
        *p = end;
    }
    zb_free(path);
    if (failed)
        return zb_problem(why, ZOBO_EFILE, 0, "%s: the directory cannot be made (%s): name one that can be written",
                          dir, strerror(failed));
    return ZOBO_OK;
}

/* Whoever put a link in its place would have the file behind it cut short: ELOOP, as for all that is no file. */
static int
open_lock(const char *dir, int flags)
{
    char *path = zs_path_in(dir, "lock");
    int fd = path ? open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600) : -1;
    int kept = path ? errno : ENOMEM;
    zb_free(path);
    struct stat st;
    if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
        (void)close(fd);
        fd = -1;
        kept = ELOOP;
    }
    errno = kept;
    return fd;
}

/* The process that wrote its number into the lock file; 0: none to be read. */
static long
holder(int fd)
{
    char text[24];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    return strtol(text, NULL, 10);
}

/* The lock belongs to the open file, so it goes with the process, and two stores of one process exclude each other. */
zobo_err
zs_lock_dir(const char *dir, int *out, zobo_problem *why)
{
    int fd = open_lock(dir, O_RDWR | O_CREAT);
    if (fd < 0 && (errno == ELOOP || errno == EISDIR || errno == ENXIO))
        return zb_problem(why, ZOBO_EFILE, 0, "%s: what is called `lock` there is no regular file: remove it", dir);
    if (fd < 0)
        return zb_problem(why, ZOBO_EFILE, 0,
                          "%s: cannot be written (%s): give this user the right to it, or name another directory", dir,
                          strerror(errno));
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole)) {
        int failed = errno;
        long pid = holder(fd);
        (void)close(fd);
        if (failed != EAGAIN && failed != EACCES)
            return zb_problem(why, ZOBO_EFILE, 0, "%s: its file `lock` cannot be locked (%s): use a local file system",
                              dir, strerror(failed));
        if (pid <= 0)
            return zb_problem(why, ZOBO_EFILE, 0,
                              "%s: is in use by another process: stop it, or name another directory", dir);
        return zb_problem(why, ZOBO_EFILE, 0, "%s: is in use by process %ld: stop it, or name another directory", dir,
                          pid);
    }
    /* only for the text above: a lock without a number is as good */
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0)
        (void)!pwrite(fd, text, (size_t)n, 0);
    *out = fd;
    return ZOBO_OK;
}

/* A child that was forked meanwhile has the open file too, so closing it here would not do. */
void
zs_unlock_dir(int fd)
{
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    (void)fcntl(fd, F_OFD_SETLK, &whole);
    (void)close(fd);
}

bool
zs_dir_is_ours(const char *dir)
{
    int fd = open_lock(dir, O_RDONLY);
    if (fd < 0)
        return false;
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    bool locked = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    bool ours = locked && holder(fd) == (long)getpid();
    (void)close(fd);
    return ours;
}

zobo_err
zs_temp_dir(char *dir, size_t size, zobo_problem *why)
{
    const char *const places[] = {getenv("TMPDIR"), "/dev/shm", "/tmp"};
    int failed = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!places[i] || !places[i][0])
            continue;
        int n = snprintf(dir, size, "%s/zobo-XXXXXX", places[i]);
        if (n > 0 && (size_t)n < size && mkdtemp(dir))
            return ZOBO_OK;
        failed = errno;
    }
    return zb_problem(why, ZOBO_EFILE, 0,
                      "no place for data in memory below $TMPDIR, /dev/shm or /tmp (%s): set TMPDIR", strerror(failed));
}

/* Whoever starts a server with ZooKeeper's zoo.cfg expects ZooKeeper's data, and not an empty tree beside it. */
bool
zs_has_zookeepers_data(const char *dir)
{
    char *path = zs_path_in(dir, "version-2");
    bool there = path && access(path, F_OK) == 0;
    zb_free(path);
    return there;
}

bool
zs_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0 || errno == EINVAL; /* a file system that has no such thing */
    int kept = errno;
    (void)close(fd);
    errno = kept;
    return ok;
}

bool
zs_is_empty_dir(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d)
        return false;
    errno = ENOTEMPTY;
    bool empty = true;
    for (const struct dirent *e; empty && (e = readdir(d));)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    (void)closedir(d);
    if (!empty)
        errno = ENOTEMPTY;
    return empty;
}

bool
zs_is_unlinked(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* Tries to write behind the file's end, and takes it back. */
bool
zs_is_full(int fd)
{
    static const char zeros[4096];
    struct stat st;
    if (fstat(fd, &st))
        return false;
    bool full = false;
    for (int i = 0; i < 64 && !full; i++) {
        ssize_t n = pwrite(fd, zeros, sizeof zeros, st.st_size + i * (off_t)sizeof zeros);
        full = n < 0 ? errno == ENOSPC || errno == EDQUOT || errno == EFBIG : (size_t)n < sizeof zeros;
        if (n < 0)
            break;
    }
    (void)!ftruncate(fd, st.st_size);
    return full;
}
