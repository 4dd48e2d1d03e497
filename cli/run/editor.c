/* SPDX-License-Identifier: Apache-2.0 */
#include "editor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVE_EVERY_MS = 200 };

/* wait_for waits for the child, letting the client work a few times a second: its session outlives a long edit. */
static int
wait_for(struct ctx *ctx, pid_t pid)
{
    int status = 0;
    for (;;) {
        pid_t got = waitpid(pid, &status, ctx->client == NULL ? 0 : WNOHANG);
        if (got == pid)
            return status;
        if (got < 0 && errno != EINTR)
            return -1;
        if (ctx->client == NULL)
            continue;
        struct pollfd fd = {.fd = zobo_fd(ctx->client), .events = POLLIN};
        if ((poll(&fd, 1, SERVE_EVERY_MS) < 0 && errno != EINTR) || zobo_process(ctx->client) != ZOBO_OK)
            continue; /* what is wrong with the session, the next request tells */
    }
}

int
run_editor(struct ctx *ctx, const char *path)
{
    const char *editor = getenv("VISUAL");
    if (editor == NULL || editor[0] == '\0')
        editor = getenv("EDITOR");
    if (editor == NULL || editor[0] == '\0')
        editor = "vi";
    size_t size = strlen(editor) + sizeof " \"$1\"";
    char *line = need_memory(size, 1);
    snprintf(line, size, "%s \"$1\"", editor);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before; /* ^C in the editor is the editor's */
    sigaction(SIGINT, &ignore, &before);
    pid_t pid = fork();
    if (pid == 0) {
        sigaction(SIGINT, &before, NULL);
        execl("/bin/sh", "sh", "-c", line, "editor", path, (char *)NULL);
        _exit(NO_COMMAND);
    }
    int status = pid < 0 ? -1 : wait_for(ctx, pid);
    sigaction(SIGINT, &before, NULL);
    free(line);
    if (status == 0)
        return DONE;
    if (status < 0)
        return fail_errno(ctx, "starting the editor", errno);
    return refuse(ctx, FAILED, "the editor, %s, ended with %s %d: nothing was changed", editor,
                  WIFEXITED(status) ? "exit code" : "signal",
                  WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

char *
write_temporary(const struct ctx *ctx, const char *beside, const void *bytes, size_t len)
{
    const char *directory = getenv("TMPDIR");
    char *name;
    if (beside != NULL) {
        size_t size = strlen(beside) + sizeof ".XXXXXX";
        name = need_memory(size, 1);
        snprintf(name, size, "%s.XXXXXX", beside);
    } else {
        if (directory == NULL || directory[0] != '/')
            directory = "/tmp";
        size_t size = strlen(directory) + sizeof "/zobo.XXXXXX";
        name = need_memory(size, 1);
        snprintf(name, size, "%s/zobo.XXXXXX", directory);
    }
    int fd = mkstemp(name);
    bool good = fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
    for (size_t done = 0; good && done < len;) {
        ssize_t n = write(fd, (const char *)bytes + done, len - done);
        good = n > 0 || (n < 0 && errno == EINTR);
        done += n > 0 ? (size_t)n : 0;
    }
    good = good && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    if (good)
        return name;
    fail_errno(ctx, name, error);
    if (fd >= 0)
        unlink(name);
    free(name);
    return NULL;
}

char *
read_whole(const struct ctx *ctx, const char *path, size_t most, size_t *len)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fail_errno(ctx, path, errno);
        return NULL;
    }
    char *bytes = need_memory(most + 2, 1);
    *len = fread(bytes, 1, most + 1, file);
    bool bad = ferror(file) != 0;
    int error = errno;
    fclose(file);
    if (!bad && *len <= most)
        return bytes;
    if (bad)
        fail_errno(ctx, path, error);
    else
        refuse(ctx, FAILED, "%s: more than %zu bytes", path, most);
    free(bytes);
    return NULL;
}
