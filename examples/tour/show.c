/* SPDX-License-Identifier: Apache-2.0 */
/* What the tour prints. Colour on a terminal only, plain text into a pipe. */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tour.h"

/* A program has one terminal, and so one of these. */
static struct {
    int steps;
    int expectations;
    const char *title;
    void (*clean_up)(void *arg);
    void *arg;
} show;

static volatile sig_atomic_t interrupted;

static const char *
colour(const char *code)
{
    static int on = -1;
    if (on < 0) {
        const char *term = getenv("TERM");
        on = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL && term != NULL && strcmp(term, "dumb") != 0;
    }
    return on ? code : "";
}

static void
line(const char *lead, const char *code, const char *format, va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof(text), format, args);
    printf("%s%s%s%s\n", lead, colour(code), text, colour("\033[0m"));
}

static void
give_up(void)
{
    fflush(stdout);
    if (show.clean_up != NULL) {
        void (*clean_up)(void *arg) = show.clean_up;
        show.clean_up = NULL;
        clean_up(show.arg);
    }
    fflush(stdout);
    _exit(1); /* other threads still run: no destructors under their feet */
}

static void
end_if_interrupted(void)
{
    if (interrupted) {
        fprintf(stderr, "tour: interrupted\n");
        give_up();
    }
}

void
show_interrupted(int signal)
{
    interrupted = signal;
}

void
show_on_failure(void (*clean_up)(void *arg), void *arg)
{
    show.clean_up = clean_up;
    show.arg = arg;
}

void
show_step(const char *title)
{
    end_if_interrupted();
    show.title = title;
    printf("\n%s%2d  %s%s\n", colour("\033[1m"), ++show.steps, title, colour("\033[0m"));
}

void
show_did(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    line("    ", "\033[36m", format, args);
    va_end(args);
}

void
show_got(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    line("      -> ", "", format, args);
    va_end(args);
}

static const char *
when(int64_t ms, char buf[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return buf;
}

void
show_stat(const zobo_stat *stat)
{
    char buf[32];
    show_got("czxid 0x%" PRIx64 "  mzxid 0x%" PRIx64 "  pzxid 0x%" PRIx64, (uint64_t)stat->czxid, (uint64_t)stat->mzxid,
             (uint64_t)stat->pzxid);
    show_got("ctime %" PRId64 " (%s)", stat->ctime, when(stat->ctime, buf));
    show_got("mtime %" PRId64 " (%s)", stat->mtime, when(stat->mtime, buf));
    show_got("version %" PRId32 "  cversion %" PRId32 "  aversion %" PRId32, stat->version, stat->cversion,
             stat->aversion);
    show_got("ephemeral_owner 0x%" PRIx64 "  data_length %" PRId32 "  num_children %" PRId32,
             (uint64_t)stat->ephemeral_owner, stat->data_length, stat->num_children);
}

void
show_end(void)
{
    printf("\n%stour: %d steps, %d expectations, all met%s\n", colour("\033[1m"), show.steps, show.expectations,
           colour("\033[0m"));
}

void
expect(bool ok, const char *format, ...)
{
    va_list args;
    end_if_interrupted();
    show.expectations++;
    if (ok) {
        return;
    }
    fflush(stdout);
    fprintf(stderr, "tour: step %d (%s) went wrong: ", show.steps, show.title != NULL ? show.title : "start");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    give_up();
}

void
expect_ok(zobo_err err, const char *what)
{
    expect(err == ZOBO_OK, "%s: %s (%s)", what, zobo_err_text(err), zobo_err_name(err));
}

void
expect_err(zobo_err err, zobo_err wanted, const char *what)
{
    expect(err == wanted, "%s: expected %s, got %s", what, zobo_err_name(wanted), zobo_err_name(err));
    show_got("%s (%d): %s", zobo_err_name(err), (int)err, zobo_err_text(err));
}
