/* SPDX-License-Identifier: Apache-2.0 */
#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "hold.h"

enum { AHEAD_MAX = 64 << 20, COMPACT = 1 << 20, PATIENCE_MS = 500 };

/* What has been read from the command. */
struct output {
    char *bytes;
    size_t len, done, room; /* done: the pager has it */
    bool over;
};

/* The command's process, for signals that are meant for it. */
static volatile sig_atomic_t command_pid;

static void
pass_on(int signal)
{
    kill((pid_t)command_pid, signal);
}

static bool
is_program(const char *name)
{
    const char *path = getenv("PATH");
    size_t name_len = strlen(name);
    for (const char *dir = path == NULL ? "" : path; *dir != '\0';) {
        size_t len = strcspn(dir, ":");
        char *file = need_memory(len + name_len + 2, 1);
        memcpy(file, dir, len);
        file[len] = '/';
        memcpy(file + len + 1, name, name_len);
        bool found = access(file, X_OK) == 0;
        free(file);
        if (found)
            return true;
        dir += len + (dir[len] == ':');
    }
    return false;
}

/* pager_name returns the shell's words for the pager, or NULL for none. */
static const char *
pager_name(void)
{
    const char *name = getenv("ZOBO_PAGER");
    if (name == NULL)
        name = getenv("PAGER");
    if (name == NULL)
        return is_program("less") ? "less" : NULL;
    return name[0] == '\0' || strcmp(name, "cat") == 0 ? NULL : name;
}

static void
screen_size(size_t *rows, size_t *columns)
{
    struct winsize size;
    const char *lines = getenv("LINES");
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
    long n = lines == NULL ? 0 : strtol(lines, NULL, 10);
    *rows = known ? size.ws_row : n > 0 ? (size_t)n : 24;
    *columns = known ? size.ws_col : 80;
}

/* exceeds tells whether the text takes more than the screen, less a line for the prompt that follows. */
static bool
exceeds(const struct output *out, size_t rows, size_t columns)
{
    size_t used = 0, column = 0;
    for (size_t i = 0; i < out->len && used < rows; i++) {
        unsigned char c = (unsigned char)out->bytes[i];
        bool wraps = column >= columns;
        if (c == '\n' || wraps) {
            used++;
            column = 0;
        }
        if (c != '\n')
            column += (c & 0xC0) != 0x80; /* the colours' few bytes count, too: sooner rather than later */
    }
    return used + (column > 0) >= rows;
}

static void
read_more(struct output *out, int fd)
{
    if (out->done > COMPACT) {
        memmove(out->bytes, out->bytes + out->done, out->len - out->done);
        out->len -= out->done;
        out->done = 0;
    }
    if (out->room - out->len < 65536) {
        out->room = out->room == 0 ? 131072 : out->room * 2;
        out->bytes = need_more(out->bytes, out->room, 1);
    }
    ssize_t n = read(fd, out->bytes + out->len, out->room - out->len);
    if (n > 0)
        out->len += (size_t)n;
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        out->over = true;
}

/* write_all prints what there is straight to the terminal. */
static void
write_all(struct output *out)
{
    while (out->done < out->len) {
        ssize_t n = write(STDOUT_FILENO, out->bytes + out->done, out->len - out->done);
        if (n < 0 && errno != EINTR)
            out->done = out->len; /* the terminal is gone */
        else if (n > 0)
            out->done += (size_t)n;
    }
}

static pid_t
start_pager(const char *name, int *to)
{
    int fds[2];
    if (pipe(fds) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct sigaction usual = {.sa_handler = SIG_DFL};
        sigaction(SIGINT, &usual, NULL);
        sigaction(SIGQUIT, &usual, NULL);
        sigaction(SIGPIPE, &usual, NULL);
        dup2(fds[0], STDIN_FILENO);
        close(fds[0]);
        close(fds[1]);
        setenv("LESS", "FRX", 0);
        setenv("LV", "-c", 0);
        execl("/bin/sh", "sh", "-c", name, (char *)NULL);
        _exit(127);
    }
    close(fds[0]);
    if (pid < 0) {
        close(fds[1]);
        return -1;
    }
    fcntl(fds[1], F_SETFL, fcntl(fds[1], F_GETFL) | O_NONBLOCK);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    *to = fds[1];
    return pid;
}

/* feed gives the pager what the command writes, until that is over or the pager has ended; true for the latter. */
static bool
feed(struct output *out, int from, int to)
{
    while (!out->over || out->done < out->len) {
        bool reads = !out->over && out->len - out->done < AHEAD_MAX;
        bool writes = out->done < out->len;
        struct pollfd fds[2] = {{.fd = reads ? from : -1, .events = POLLIN},
                                {.fd = to, .events = (short)(writes ? POLLOUT : 0)}};
        if (poll(fds, 2, -1) < 0) {
            if (errno != EINTR)
                return true;
            continue;
        }
        if ((fds[1].revents & (POLLERR | POLLNVAL)) != 0)
            return true;
        if (writes && (fds[1].revents & POLLOUT) != 0) {
            ssize_t n = write(to, out->bytes + out->done, out->len - out->done);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                return true;
            if (n > 0)
                out->done += (size_t)n;
        }
        if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            read_more(out, from);
    }
    return false;
}

static int
wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        /* again */
    }
    return status;
}

/* first_screen reads until it is known whether the output is long; true if it is, or takes its time. */
static bool
first_screen(struct output *out, int from)
{
    size_t rows, columns;
    screen_size(&rows, &columns);
    uint64_t began = 0;
    while (!out->over) {
        uint64_t now = now_ms();
        if (out->len > 0 && (exceeds(out, rows, columns) || (began != 0 && now >= began + PATIENCE_MS)))
            return true;
        if (out->len > 0 && began == 0)
            began = now;
        struct pollfd fd = {.fd = from, .events = POLLIN};
        int limit = began == 0 ? -1 : (int)(began + PATIENCE_MS - now);
        if (poll(&fd, 1, limit) > 0)
            read_more(out, from);
    }
    return exceeds(out, rows, columns);
}

/* show prints what comes from the command; true if the reader did not want all of it. */
static bool
show(const char *pager, int from)
{
    struct output out = {0};
    bool enough = false;
    int to = -1;
    pid_t pid = first_screen(&out, from) ? start_pager(pager, &to) : -1;
    if (pid > 0) {
        enough = feed(&out, from, to);
        close(to);
        int status = wait_for(pid);
        if (WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)) { /* there was none */
            out.done = 0;
            pid = -1;
        }
    }
    while (pid < 0 && (!out.over || out.done < out.len)) {
        write_all(&out);
        if (!out.over)
            read_more(&out, from);
    }
    free(out.bytes);
    return enough && pid > 0;
}

/* end_like ends this process as the command's ended. */
static void
end_like(int status, bool enough)
{
    if (WIFSIGNALED(status) && !(enough && WTERMSIG(status) == SIGPIPE)) {
        struct sigaction usual = {.sa_handler = SIG_DFL};
        sigaction(WTERMSIG(status), &usual, NULL);
        raise(WTERMSIG(status));
        _exit(BY_SIGNAL + WTERMSIG(status));
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : DONE);
}

void
pager_begin(struct ctx *ctx)
{
    const char *pager = pager_name();
    int fds[2];
    if (pager == NULL || pipe(fds) != 0)
        return;
    fflush(NULL);
    pid_t pid = fork();
    if (pid <= 0) {
        if (pid == 0) {
            dup2(fds[1], STDOUT_FILENO);
            if (isatty(STDERR_FILENO)) /* so that messages stand where they belong */
                dup2(fds[1], STDERR_FILENO);
        }
        close(fds[0]);
        close(fds[1]);
        return;
    }
    close(fds[1]);
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    command_pid = pid;
    /* Ctrl-C is for the command and the pager; this process is there until both have ended. */
    struct sigaction ignore = {.sa_handler = SIG_IGN}, pass = {.sa_handler = pass_on};
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGQUIT, &ignore, NULL);
    sigaction(SIGTERM, &pass, NULL);
    sigaction(SIGHUP, &pass, NULL);
    end_session(ctx); /* which is not begun: this wipes the credentials */
    bool enough = show(pager, fds[0]);
    close(fds[0]);
    end_like(wait_for(pid), enough);
}
