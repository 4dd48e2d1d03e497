/* SPDX-License-Identifier: Apache-2.0 */
/* The shell at a terminal. */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "frame/text.h"
#include "lineedit.h"
#include "nodes.h"
#include "past.h"

enum { FIRST_MS = 300 }; /* what the first prompt waits for a connection, so that it need not say that there is none */

void
tell_above(struct shell *shell, const char *format, ...)
{
    va_list args;
    char *visible = NULL;
    size_t len = 0;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    FILE *stream = open_memstream(&visible, &len);
    if (stream != NULL) { /* names come from others: nothing in them may move the cursor */
        put_visible(stream, text, strlen(text), true);
        fputc('\n', stream);
        fclose(stream);
    }
    if (visible != NULL && shell->running) { /* a command has the terminal: it shares it */
        fputs(visible, stderr);
    } else if (visible != NULL) {
        shell->above = need_more(shell->above, shell->above_len + len + 1, 1);
        memcpy(shell->above + shell->above_len, visible, len + 1);
        shell->above_len += len;
    }
    free(visible);
    free(text);
}

/* --- what the client tells ---------------------------------------------------------------------------------------- */

/* tell_state tells how the connection stands, if it is not as told before. */
static void
tell_state(struct shell *shell)
{
    struct ctx *ctx = shell->ctx;
    char host[300] = "";
    zobo_state state = ctx->client == NULL ? ZOBO_LOST : zobo_get_state(ctx->client);
    if (state == shell->told || ctx->quiet)
        return;
    bool was_down = shell->told == ZOBO_SUSPENDED || shell->told == ZOBO_LOST;
    switch (state) {
    case ZOBO_CONNECTED:
    case ZOBO_CONNECTED_RO:
        zobo_connected_host(ctx->client, host, sizeof host);
        if (was_down && shell->was_up)
            tell_above(shell, "zobo: connected to %s%s", host,
                       state == ZOBO_CONNECTED_RO ? ", which only reads at present" : "");
        shell->was_up = true;
        break;
    case ZOBO_SUSPENDED:
        tell_above(shell, "zobo: connection lost, reconnecting");
        break;
    case ZOBO_LOST:
        if (ctx->started)
            tell_above(shell, "zobo: the session is over; its ephemeral nodes are gone");
        break;
    }
    shell->told = state;
}

static void
on_state(void *arg, zobo_state state)
{
    struct shell *shell = arg;
    (void)state;
    if (!shell->running) /* else the command tells, or it is told after it */
        tell_state(shell);
}

void
listen_to(struct shell *shell)
{
    struct ctx *ctx = shell->ctx;
    zobo_err err = ctx->client == NULL ? ZOBO_OK : zobo_add_listener(ctx->client, on_state, shell);
    if (err != ZOBO_OK)
        fail(ctx, err, NULL, NULL);
    shell->was_up = false;
    shell->told = ZOBO_LOST;
    tell_state(shell);
}

static void
on_event(void *arg, const zobo_event *event)
{
    struct shell *shell = arg;
    bool about_node = event->type == ZOBO_EVENT_CREATED || event->type == ZOBO_EVENT_CHANGED ||
                      event->type == ZOBO_EVENT_DELETED || event->type == ZOBO_EVENT_CHILD;
    if (event->path != NULL && about_node)
        nodes_forget(shell->nodes, event->path);
    if (about_node && !shell->hides_events)
        tell_above(shell, "%s %s", zobo_event_name(event->type), event->path);
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static void
run_line(struct shell *shell, const char *text)
{
    struct ctx *ctx = shell->ctx;
    struct source source = {.line = 1};
    shell->running = true;
    int code = run_text(ctx, text, strlen(text), &source);
    bool stopped = interrupted() || ctx->signal == SIGINT;
    if (interrupted() && code == DONE)
        code = BY_SIGNAL + SIGINT; /* before anything was begun */
    fflush(stdout);
    clearerr(stdout);
    shell->running = false;
    if (ctx->signal == SIGINT || ctx->signal == SIGPIPE)
        ctx->signal = 0;
    shell->over = shell->over || ctx->signal != 0;
    nodes_age(shell->nodes);
    if (stopped && !shell->over)
        fputc('\n', stderr); /* behind the terminal's "^C" */
    if (code != DONE && !shell->over)
        fprintf(stderr, "%s[%d]%s\n", ctx->color ? "\033[2m" : "", stopped ? BY_SIGNAL + SIGINT : code,
                ctx->color ? "\033[0m" : "");
    tell_state(shell);
}

/* read_command reads lines until no quote is open. */
static enum line_end
read_command(struct lineedit *edit, char **text)
{
    char *line;
    size_t opened;
    enum line_end end = lineedit_read(edit, NULL, text);
    while (end == LINE_READ && text_is_open(*text, strlen(*text), &opened) != OPEN_NOTHING) {
        size_t len = strlen(*text);
        *text = need_more(*text, len + 2, 1);
        memcpy(*text + len, "\n", 2);
        end = lineedit_read(edit, *text, &line);
        if (end != LINE_READ)
            break;
        *text = need_more(*text, len + strlen(line) + 2, 1);
        memcpy(*text + len + 1, line, strlen(line) + 1);
        wipe(line);
        free(line);
    }
    return end;
}

static void
read_and_run(struct shell *shell, struct lineedit *edit)
{
    while (!shell->over) {
        char *text;
        enum line_end end = read_command(edit, &text);
        if (end == LINE_OVER && (text == NULL || shell->ctx->signal != 0))
            shell->over = true;
        if (end == LINE_READ) {
            past_add(shell->past, text);
            run_line(shell, text);
        }
        wipe(text);
        free(text);
    }
}

static void
connect_first(struct shell *shell)
{
    struct ctx *ctx = shell->ctx;
    if (need_client(ctx) != DONE)
        return; /* told; `connect` may name others */
    if (zobo_start_async(ctx->client) == ZOBO_OK) {
        zobo_err err = zobo_wait_connected(ctx->client, FIRST_MS);
        ctx->started = true;
        if (err != ZOBO_OK && ctx->trace) /* the prompt tells it */
            note(ctx, "not connected yet: %s", zobo_err_text(err));
    }
    listen_to(shell);
}

int
run_interactive(struct ctx *ctx)
{
    struct shell *shell = ctx->shell;
    zobo_watcher watcher = {.fn = on_event, .arg = shell};
    interrupts_begin();
    shell->interactive = true;
    shell->past = past_open();
    shell->nodes = nodes_new();
    ctx->watcher = &watcher;
    connect_first(shell);
    struct lineedit *edit = lineedit_new(shell);
    if (edit != NULL) {
        read_and_run(shell, edit);
        lineedit_free(edit);
    }
    ctx->watcher = NULL;
    shell->running = true; /* no prompt any more */
    ctx->quiet = true;     /* that the session ends now is what was asked for */
    int signal = ctx->signal;
    end_session(ctx);
    ctx->signal = signal;
    interrupts_end();
    nodes_free(shell->nodes);
    past_close(shell->past);
    free(shell->above);
    return edit == NULL ? FAILED : shell->exit_code;
}
