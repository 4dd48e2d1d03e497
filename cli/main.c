/* SPDX-License-Identifier: Apache-2.0 */
/* zobo [options] COMMAND [options] ARGS: what the process has to do around one command, or a shell. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "frame/command.h"

static bool
env_says_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            const char *dot = strchr(value, '.');
            return dot != NULL && (strncasecmp(dot, ".utf-8", 6) == 0 || strncasecmp(dot, ".utf8", 5) == 0);
        }
    }
    return false;
}

static bool
wants_json(int argc, char **argv)
{
    const char *format = getenv("ZOBO_OUTPUT");
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if ((strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0) && i + 1 < argc)
            format = argv[++i];
        else if (strncmp(argv[i], "--output=", 9) == 0)
            format = argv[i] + 9;
        else if (strncmp(argv[i], "-o", 2) == 0)
            format = argv[i] + 2;
    }
    return format != NULL && strcmp(format, "json") == 0;
}

/* A reader that has gone away is no error to tell of: it ends this program as it ends any other. */
static bool
reader_is_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

/* why_not tells why something could not be written a while ago: the output has a hole, and one more byte behind it, if it
 * can be written by now, makes that no worse. */
static int
why_not(void)
{
    return write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO;
}

static int
flush_output(struct ctx *ctx, int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    int error = errno;
    if (error == EPIPE || reader_is_gone())
        ctx->signal = SIGPIPE;
    else if (error != 0 || code == DONE) /* else the command has told it */
        code = fail_errno(ctx, "standard output", error != 0 ? error : why_not());
    return code;
}

/* open_standard opens the standard descriptors that are closed, so that no file or connection gets their numbers, and with
 * them what is meant for stdout or stderr. Reading from a stdin that was closed, and writing to such a stdout, still fails
 * and is told. */
static bool
open_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY) != fd)
            return false;
    return true;
}

int
main(int argc, char **argv)
{
    if (!open_standard())
        return FAILED;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL); /* so that the session is ended; see flush_output */
    struct ctx ctx = {.json_errors = wants_json(argc, argv), .out_is_tty = isatty(STDOUT_FILENO), .knock = -1};
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    ctx.utf8 = env_says_utf8();
    ctx.color = (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;

    int code = flush_output(&ctx, dispatch(&ctx, argv + 1, argc > 0 ? (size_t)argc - 1 : 0));
    end_session(&ctx);
    if (ctx.signal != 0) {
        struct sigaction usual = {.sa_handler = SIG_DFL};
        sigaction(ctx.signal, &usual, NULL);
        raise(ctx.signal);
        return BY_SIGNAL + ctx.signal;
    }
    return code;
}
