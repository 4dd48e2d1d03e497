/* SPDX-License-Identifier: Apache-2.0 */
/* libedit asks for each key by a function of ours, which waits for the terminal, the client and signals at once. What
 * there is to tell meanwhile goes above the prompt: the lines of the prompt are wiped, the news is written, and libedit
 * is given a key that no keyboard has, for which it draws the prompt anew. */
#define _GNU_SOURCE /* wcswidth, SIGWINCH */
#include "lineedit.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "complete.h"
#include "past.h"

enum { ABOVE_KEY = 0237, PROMPT_SIZE = 600, MARK = 1 /* around what has no width in the prompt */ };

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};
enum { N_SIGNALS = sizeof signals / sizeof signals[0] };

/* A signal handler reaches nothing but globals. */
static volatile sig_atomic_t caught[N_SIGNALS];
static int wake_fds[2] = {-1, -1};

struct lineedit {
    struct shell *shell;
    EditLine *el;
    FILE *out;
    char prompt[PROMPT_SIZE];
    const char *before;
    bool interrupted;
    bool redraw;
    mbstate_t partial; /* a character of which not all bytes have come */
    struct sigaction usual[N_SIGNALS];
};

/* --- signals ------------------------------------------------------------------------------------------------------ */

static void
on_signal(int signal)
{
    int error = errno;
    for (size_t i = 0; i < N_SIGNALS; i++)
        if (signals[i] == signal)
            caught[i] = 1;
    if (write(wake_fds[1], "", 1) < 0) {
        /* the pipe is full of earlier wake-ups: one is enough */
    }
    errno = error;
}

static void
catch_signals(struct lineedit *edit)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < N_SIGNALS; i++) {
        caught[i] = 0;
        sigaction(signals[i], &action, &edit->usual[i]);
    }
}

static void
release_signals(struct lineedit *edit)
{
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &edit->usual[i], NULL);
}

/* stop_here is Ctrl-Z: the terminal is given back as it was found. */
static void
stop_here(struct lineedit *edit)
{
    struct sigaction usual = {.sa_handler = SIG_DFL}, own;
    fputs("\n", edit->out);
    fflush(edit->out);
    el_set(edit->el, EL_PREP_TERM, 0);
    sigaction(SIGTSTP, &usual, &own);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &own, NULL);
    el_set(edit->el, EL_PREP_TERM, 1);
    edit->redraw = true;
}

/* take_signals returns false when one ends the line. */
static bool
take_signals(struct lineedit *edit)
{
    char wake_ups[64];
    while (read(wake_fds[0], wake_ups, sizeof wake_ups) > 0) {
        /* before the signals are looked at, so that none is slept over */
    }
    for (size_t i = 0; i < N_SIGNALS; i++) {
        if (!caught[i])
            continue;
        caught[i] = 0;
        switch (signals[i]) {
        case SIGINT:
            edit->interrupted = true;
            return false;
        case SIGTERM:
        case SIGHUP:
            edit->shell->ctx->signal = signals[i];
            return false;
        case SIGWINCH:
            el_resize(edit->el);
            edit->redraw = true;
            break;
        default:
            stop_here(edit);
        }
    }
    return true;
}

/* --- the prompt --------------------------------------------------------------------------------------------------- */

static void
name_place(const struct ctx *ctx, char *buf, size_t size)
{
    if (ctx->context != NULL || ctx->local != NULL) {
        snprintf(buf, size, "%s", ctx->context != NULL ? ctx->context : ctx->local);
        return;
    }
    buf[0] = '\0';
    if (ctx->client != NULL)
        (void)zobo_connected_host(ctx->client, buf, size);
    if (buf[0] == '\0') {
        const char *hosts = ctx->hosts == NULL ? "127.0.0.1:2181" : ctx->hosts;
        snprintf(buf, size, "%.*s", (int)strcspn(hosts, ",/"), hosts);
    }
}

static char *
prompt(EditLine *el)
{
    struct lineedit *edit;
    el_get(el, EL_CLIENTDATA, &edit);
    const struct ctx *ctx = edit->shell->ctx;
    char place[200];
    zobo_state state = ctx->client == NULL ? ZOBO_LOST : zobo_get_state(ctx->client);
    bool up = state == ZOBO_CONNECTED || state == ZOBO_CONNECTED_RO;
    const char *mark = !up ? "[down]" : state == ZOBO_CONNECTED_RO || ctx->only_reads ? "[read-only]" : "";
    if (edit->before != NULL) {
        snprintf(edit->prompt, sizeof edit->prompt, "> ");
        return edit->prompt;
    }
    name_place(ctx, place, sizeof place);
    const char *color = !ctx->color ? "" : up ? "\001\033[1m\001" : "\001\033[31m\001";
    snprintf(edit->prompt, sizeof edit->prompt, "zobo %s%s%s%s:%.300s> ", color, place, mark,
             ctx->color ? "\001\033[0m\001" : "", ctx->cwd);
    return edit->prompt;
}

static size_t
width_of_prompt(const char *text)
{
    size_t width = 0;
    bool unseen = false;
    for (; *text != '\0'; text++) {
        if (*text == MARK)
            unseen = !unseen;
        else if (!unseen && ((unsigned char)*text & 0xC0) != 0x80)
            width++;
    }
    return width;
}

/* --- above the prompt --------------------------------------------------------------------------------------------- */

/* rows_above tells how many rows of the terminal are between the prompt's first and the cursor's. */
static int
rows_above(struct lineedit *edit)
{
    struct winsize size;
    const LineInfoW *line = el_wline(edit->el);
    int width = wcswidth(line->buffer, (size_t)(line->cursor - line->buffer));
    int columns = ioctl(fileno(edit->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    return ((int)width_of_prompt(edit->prompt) + (width < 0 ? 0 : width)) / columns;
}

static void
show_above(struct lineedit *edit)
{
    struct shell *shell = edit->shell;
    const char *term = getenv("TERM");
    bool can_wipe = term != NULL && strcmp(term, "dumb") != 0;
    int rows = can_wipe ? rows_above(edit) : 0;
    if (rows > 0)
        fprintf(edit->out, "\033[%dA", rows);
    fputs(can_wipe ? "\r\033[J" : "\n", edit->out);
    if (shell->above != NULL)
        fputs(shell->above, edit->out);
    for (int i = 0; i < rows; i++) /* libedit believes the cursor to be so far down */
        fputs("\n", edit->out);
    fflush(edit->out);
    free(shell->above);
    shell->above = NULL;
    shell->above_len = 0;
    edit->redraw = false;
}

static unsigned char
draw_again(EditLine *el, int key)
{
    (void)el;
    (void)key;
    return CC_REDISPLAY;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

/* take_byte gives a character when its last byte has come: 1, else 0; -1 at the end. */
static int
take_byte(struct lineedit *edit, wchar_t *out)
{
    char byte;
    ssize_t n = read(STDIN_FILENO, &byte, 1);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n <= 0)
        return -1;
    switch (mbrtowc(out, &byte, 1, &edit->partial)) {
    case (size_t)-2:
        return 0;
    case (size_t)-1:
        memset(&edit->partial, 0, sizeof edit->partial);
        *out = (unsigned char)byte < 0x80 ? (unsigned char)byte : L'?';
        return 1;
    case 0:
        *out = L'\0';
        return 1;
    default:
        return 1;
    }
}

static int
next_key(EditLine *el, wchar_t *out)
{
    struct lineedit *edit;
    el_get(el, EL_CLIENTDATA, &edit);
    struct ctx *ctx = edit->shell->ctx;
    for (;;) {
        if (edit->shell->above != NULL || edit->redraw) {
            show_above(edit);
            *out = ABOVE_KEY;
            return 1;
        }
        int client = ctx->client == NULL ? -1 : zobo_fd(ctx->client);
        struct pollfd fds[3] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                {.fd = wake_fds[0], .events = POLLIN},
                                {.fd = client, .events = POLLIN}};
        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            return 0;
        if (!take_signals(edit)) {
            errno = EINTR;
            return edit->interrupted ? -1 : 0;
        }
        if (fds[2].revents != 0) {
            zobo_state before = zobo_get_state(ctx->client);
            if (zobo_process(ctx->client) != ZOBO_OK)
                return 0;
            edit->redraw = edit->redraw || zobo_get_state(ctx->client) != before;
        }
        int got = fds[0].revents != 0 ? take_byte(edit, out) : 0;
        if (got != 0)
            return got < 0 ? 0 : 1;
    }
}

/* --- completion --------------------------------------------------------------------------------------------------- */

/* take_back removes the last `bytes` bytes before the cursor. */
static void
take_back(EditLine *el, size_t bytes)
{
    const LineInfo *line = el_line(el);
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)line->cursor[-1 - (ptrdiff_t)i] & 0xC0) != 0x80;
    el_deletestr(el, (int)n);
}

static unsigned char
on_tab(EditLine *el, int key)
{
    struct lineedit *edit;
    struct completion done;
    (void)key;
    el_get(el, EL_CLIENTDATA, &edit);
    const LineInfo *line = el_line(el);
    complete_line(edit->shell, edit->before, line->buffer, (size_t)(line->cursor - line->buffer), &done);
    if (done.text != NULL) {
        take_back(el, done.replaces);
        if (el_insertstr(el, done.text) == -1)
            done.beep = true;
    }
    free(done.text);
    return done.beep ? CC_REFRESH_BEEP : CC_REFRESH;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void
bind_keys(EditLine *el)
{
    static const char above[] = "\\237";
    el_wset(el, EL_ADDFN, L"zobo-complete", L"complete a word", on_tab); /* el_set would leak the texts */
    el_wset(el, EL_ADDFN, L"zobo-draw", L"draw the line anew", draw_again);
    el_set(el, EL_BIND, "^I", "zobo-complete", NULL);
    el_set(el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(el, NULL); /* the user's ~/.editrc, vi keys perhaps */
    el_set(el, EL_BIND, above, "zobo-draw", NULL);
    el_set(el, EL_BIND, "-a", above, "zobo-draw", NULL);
}

struct lineedit *
lineedit_new(struct shell *shell)
{
    struct lineedit *edit = need_memory(1, sizeof *edit);
    int fd = fcntl(isatty(STDERR_FILENO) ? STDERR_FILENO : STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    edit->shell = shell;
    edit->out = fd < 0 ? NULL : fdopen(fd, "w");
    if (edit->out == NULL || pipe(wake_fds) != 0) {
        fail_errno(shell->ctx, "the terminal", errno);
        lineedit_free(edit);
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        (void)fcntl(wake_fds[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(wake_fds[i], F_SETFL, O_NONBLOCK);
    }
    setlocale(LC_CTYPE, "");
    edit->el = el_init_fd("zobo", stdin, edit->out, edit->out, STDIN_FILENO, fd, fd);
    if (edit->el == NULL) {
        refuse(shell->ctx, FAILED, "this terminal cannot be used for editing: TERM=%s",
               getenv("TERM") == NULL ? "" : getenv("TERM"));
        lineedit_free(edit);
        return NULL;
    }
    el_set(edit->el, EL_CLIENTDATA, edit);
    el_set(edit->el, EL_EDITOR, "emacs");
    el_set(edit->el, EL_SIGNAL, 0);
    el_set(edit->el, EL_GETCFN, next_key);
    el_set(edit->el, EL_PROMPT_ESC, prompt, MARK);
    if (shell->past != NULL)
        el_set(edit->el, EL_HIST, history, past_for_editor(shell->past));
    bind_keys(edit->el);
    return edit;
}

void
lineedit_free(struct lineedit *edit)
{
    if (edit->el != NULL)
        el_end(edit->el);
    if (edit->out != NULL)
        fclose(edit->out);
    for (int i = 0; i < 2; i++) {
        if (wake_fds[i] >= 0)
            close(wake_fds[i]);
        wake_fds[i] = -1;
    }
    free(edit);
}

enum line_end
lineedit_read(struct lineedit *edit, const char *before, char **line)
{
    int n = 0;
    edit->before = before;
    edit->interrupted = edit->redraw = false;
    memset(&edit->partial, 0, sizeof edit->partial);
    *line = NULL;
    catch_signals(edit);
    interrupts_clear();
    el_set(edit->el, EL_PREP_TERM, 1); /* before the prompt is seen: what is typed at once is echoed once */
    const char *typed = el_gets(edit->el, &n);
    release_signals(edit);
    if (caught[0] && !edit->interrupted)
        raise(SIGINT); /* it came after the line was entered: it means the command */
    if (edit->interrupted) {
        fputs("^C\n", edit->out);
        fflush(edit->out);
        return LINE_INTERRUPTED;
    }
    if (typed == NULL || n <= 0) {
        fputs("\n", edit->out);
        fflush(edit->out);
        return LINE_OVER;
    }
    *line = need_copy(typed);
    (*line)[strcspn(*line, "\n")] = '\0';
    return LINE_READ;
}
