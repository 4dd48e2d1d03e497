/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaos.h"

/* What is in the file. */
typedef struct content {
    int64_t token, value;
} content;

bool
resource_open(resource *r, const char *path)
{
    r->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return r->fd >= 0;
}

void
resource_close(resource *r)
{
    (void)close(r->fd);
}

/* The file's lock is held for one step only: it stands for a server that serves one request after another. */
static content
begin(resource *r)
{
    content c = {0, 0};
    int err;
    while ((err = flock(r->fd, LOCK_EX)) && errno == EINTR)
        ;
    ssize_t n = err ? -1 : pread(r->fd, &c, sizeof c, 0);
    if (n != 0 && n != (ssize_t)sizeof c) {
        perror("resource");
        exit(1);
    }
    return c;
}

static void
end(resource *r, const content *c)
{
    if ((c && pwrite(r->fd, c, sizeof *c, 0) != (ssize_t)sizeof *c) || flock(r->fd, LOCK_UN)) {
        perror("resource");
        exit(1);
    }
}

int64_t
resource_read(resource *r, int64_t token)
{
    content c = begin(r);
    bool refused = token < c.token;
    c.token = refused ? c.token : token;
    end(r, &c);
    return refused ? -1 : c.value;
}

bool
resource_write(resource *r, int64_t token, int64_t value)
{
    content c = begin(r);
    bool refused = token < c.token;
    if (!refused)
        c = (content){token, value};
    end(r, &c);
    return !refused;
}

void
resource_look(resource *r, int64_t *token, int64_t *value)
{
    content c = begin(r);
    end(r, NULL);
    *token = c.token;
    *value = c.value;
}

/* --- records ----------------------------------------------------------------------------------------------------- */

int
log_open(const char *dir, const char *role, int number)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s-%d.log", dir, role, number);
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

void
log_append(int fd, const void *record, size_t size)
{
    if (write(fd, record, size) != (ssize_t)size) {
        perror("log");
        exit(1);
    }
}

size_t
log_size(const char *dir, const char *role, int number)
{
    char path[256];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s-%d.log", dir, role, number);
    return stat(path, &st) ? 0 : (size_t)st.st_size;
}

int64_t
log_last(const char *dir, const char *role, int number)
{
    char path[256];
    int64_t last = 0;
    (void)snprintf(path, sizeof path, "%s/%s-%d.log", dir, role, number);
    FILE *f = fopen(path, "rb");
    if (f) {
        if (fseek(f, -(long)sizeof last, SEEK_END) || fread(&last, sizeof last, 1, f) != 1)
            last = 0;
        (void)fclose(f);
    }
    return last;
}

void *
log_read(const char *dir, const char *role, int count, size_t size, size_t *n)
{
    size_t room = 1, used = 0;
    for (int i = 0; i < count; i++)
        room += log_size(dir, role, i);
    char *all = malloc(room);
    for (int i = 0; all && i < count; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s-%d.log", dir, role, i);
        FILE *f = fopen(path, "rb");
        if (f) {
            used += fread(all + used, 1, room - used, f) / size * size;
            (void)fclose(f);
        }
    }
    if (!all) {
        perror("log");
        exit(1);
    }
    *n = used / size;
    return all;
}
