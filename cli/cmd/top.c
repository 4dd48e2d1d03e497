/* SPDX-License-Identifier: Apache-2.0 */
/* top: what the servers do, or their clients, again and again. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "ensemble/sessions.h"
#include "frame/clock.h"
#include "frame/hold.h"
#include "frame/table.h"
#include "frame/text.h"

enum { O_INTERVAL = E_OWN, O_COUNT, O_CLIENTS, O_LINES };

static const struct opt opts[] = {
    ENSEMBLE_OPTS,
    [O_INTERVAL] = {'i', "interval", OPT_DURATION, "TIME", "between two looks (2s)"},
    [O_COUNT] = {'n', "count", OPT_COUNT, "N", "look N times (on a terminal without end, else once)"},
    [O_CLIENTS] = {'c', "clients", OPT_FLAG, NULL, "a line for each client, the busiest first"},
    [O_LINES] = {'l', "lines", OPT_COUNT, "N", "at most N clients (on a terminal as many as it has room for)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

enum { USUAL_INTERVAL_MS = 2000, USUAL_ANSWER_MS = 2000 };

static const struct column server_columns[] = {{"time", "TIME", CELL_TIME},
                                               {"server", "SERVER", CELL_TEXT},
                                               {"mode", "MODE", CELL_TEXT},
                                               {"version", "VERSION", CELL_TEXT},
                                               {"latency_min_ms", "MIN", CELL_INT},
                                               {"latency_avg_ms", "AVG", CELL_REAL},
                                               {"latency_max_ms", "MAX", CELL_INT},
                                               {"outstanding", "OUTST", CELL_INT},
                                               {"connections", "CONNS", CELL_INT},
                                               {"zxid", "ZXID", CELL_ID},
                                               {"lag", "LAG", CELL_INT},
                                               {"nodes", "NODES", CELL_INT},
                                               {"watches", "WATCHES", CELL_INT},
                                               {"ephemerals", "EPHEM", CELL_INT},
                                               {"data_bytes", "BYTES", CELL_INT},
                                               {"received_per_s", "RECV/S", CELL_REAL},
                                               {"sent_per_s", "SENT/S", CELL_REAL}};

static const struct column client_columns[] = {
    {"time", "TIME", CELL_TIME},         {"client", "CLIENT", CELL_TEXT},     {"session", "SESSION", CELL_ID},
    {"server", "SERVER", CELL_TEXT},     {"queued", "QUEUED", CELL_INT},      {"received_per_s", "RECV/S", CELL_REAL},
    {"sent_per_s", "SENT/S", CELL_REAL}, {"received", "RECEIVED", CELL_INT},  {"sent", "SENT", CELL_INT},
    {"last_op", "LAST OP", CELL_TEXT},   {"latency_avg_ms", "AVG", CELL_INT}, {"latency_max_ms", "MAX", CELL_INT}};

struct top {
    struct ctx *ctx;
    struct ensemble e;
    bool live; /* redrawn in place */
    bool clients;
    bool keys; /* the terminal's keys come one by one */
    bool quit;
    size_t lines; /* of clients; 0: all */
    struct termios before;
    uint64_t at_ms;     /* the last look, on now_ms's clock; 0: none yet */
    double seconds;     /* between the last two */
    struct facts *last; /* of each server */
    struct sessions last_sessions;
    int code;
};

/* --- waiting ------------------------------------------------------------------------------------------------------- */

/* wait_for waits until `fd` can be read (-1: nothing to wait for) or the deadline; false when it is over. */
static bool
wait_for(struct top *top, int fd, uint64_t deadline_ms)
{
    for (;;) {
        struct pollfd more[2] = {{.fd = fd, .events = POLLIN}, {.fd = top->keys ? STDIN_FILENO : -1, .events = POLLIN}};
        enum hold_end end = hold_turn_with(top->ctx, deadline_ms, more, 2);
        if (end == HOLD_TIME_UP)
            return true;
        char key = 0;
        if (more[1].revents != 0 && read(STDIN_FILENO, &key, 1) <= 0)
            top->keys = false;
        top->quit = top->quit || key == 'q' || key == 'Q' || end != HOLD_GOES_ON;
        if (top->quit)
            return false;
        if (more[0].revents != 0)
            return true;
    }
}

static bool
wait_for_answers(void *arg, int fd)
{
    return wait_for(arg, fd, 0);
}

/* --- the terminal -------------------------------------------------------------------------------------------------- */

static void
begin_screen(struct top *top)
{
    if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &top->before) == 0) {
        struct termios raw = top->before;
        raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
        top->keys = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    }
    fputs("\033[?1049h\033[?25l\033[?7l", stdout); /* a screen of its own, no cursor, long lines are cut off */
}

static void
end_screen(struct top *top)
{
    if (!top->live)
        return;
    if (top->keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &top->before);
    fputs("\033[?7h\033[?25h\033[?1049l", stdout);
}

static size_t
screen_lines(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 6 ? size.ws_row - 4U : 20;
}

/* --- servers ------------------------------------------------------------------------------------------------------- */

static void
put_fact(struct table *table, const struct facts *facts, enum fact fact)
{
    if (facts->known[fact])
        table_int(table, facts->n[fact]);
    else
        table_none(table);
}

static void
put_name(struct table *table, const char *text)
{
    if (text != NULL && text[0] != '\0')
        table_text(table, text);
    else
        table_none(table);
}

/* put_rate: a counter that has become smaller was reset. */
static void
put_rate(struct table *table, const struct top *top, bool known, int64_t before, int64_t now)
{
    if (known && top->seconds > 0 && now >= before)
        table_real(table, (double)(now - before) / top->seconds);
    else
        table_none(table);
}

static void
put_server(struct table *table, const struct top *top, size_t i, const struct facts *facts, int64_t ahead,
           const char *mode)
{
    const struct facts *last = &top->last[i];
    if (top->ctx->format == FORMAT_JSON)
        table_int(table, wall_ms());
    table_text(table, top->e.servers[i].name);
    put_name(table, facts->mode != NULL ? facts->mode : mode);
    put_name(table, facts->version);
    put_fact(table, facts, FACT_MIN_LATENCY);
    if (facts->known[FACT_AVG_LATENCY])
        table_real(table, (double)facts->n[FACT_AVG_LATENCY] / 1000);
    else
        table_none(table);
    put_fact(table, facts, FACT_MAX_LATENCY);
    put_fact(table, facts, FACT_OUTSTANDING);
    put_fact(table, facts, FACT_CONNECTIONS);
    put_fact(table, facts, FACT_ZXID);
    if (facts->known[FACT_ZXID])
        table_int(table, zxid_lag(facts->n[FACT_ZXID], ahead));
    else
        table_none(table);
    put_fact(table, facts, FACT_NODES);
    put_fact(table, facts, FACT_WATCHES);
    put_fact(table, facts, FACT_EPHEMERALS);
    put_fact(table, facts, FACT_DATA_SIZE);
    put_rate(table, top, facts->known[FACT_RECEIVED] && last->known[FACT_RECEIVED], last->n[FACT_RECEIVED],
             facts->n[FACT_RECEIVED]);
    put_rate(table, top, facts->known[FACT_SENT] && last->known[FACT_SENT], last->n[FACT_SENT], facts->n[FACT_SENT]);
}

/* begin_look notes the time between two looks. */
static void
begin_look(struct top *top)
{
    uint64_t now = now_ms();
    top->seconds = top->at_ms == 0 ? 0 : (double)(now - top->at_ms) / 1000;
    top->at_ms = now;
    if (top->live)
        fputs("\033[H\033[J", stdout);
}

/* new_table begins a table without the column of times, which only machines want. */
static struct table *
new_table(const struct ctx *shown, const struct column *columns, size_t n)
{
    bool json = shown->format == FORMAT_JSON;
    return table_new(shown, json ? columns : columns + 1, json ? n : n - 1);
}

static void
put_servers(struct top *top, const struct asked *asked)
{
    size_t n = top->e.n;
    struct facts *facts = need_memory(n, sizeof *facts);
    bool *up = need_memory(n, sizeof *up);
    int64_t ahead = 0;
    for (size_t i = 0; i < n; i++) {
        up[i] = read_facts(&asked[i], &facts[i]);
        if (facts[i].known[FACT_ZXID] && (uint64_t)facts[i].n[FACT_ZXID] > (uint64_t)ahead)
            ahead = facts[i].n[FACT_ZXID];
    }
    struct ctx shown = *top->ctx;
    if (top->live)
        shown.format = FORMAT_TABLE;
    struct table *table = new_table(&shown, server_columns, sizeof server_columns / sizeof server_columns[0]);
    for (size_t i = 0; i < n; i++)
        put_server(table, top, i, &facts[i], ahead,
                   up[i]                                        ? NULL
                   : asked[i].answers[TOPIC_SERVER].not_serving ? "no quorum"
                                                                : "down");
    table_end(table);
    int code = DONE;
    for (size_t i = 0; i < n; i++) {
        const struct answer *answer = &asked[i].answers[TOPIC_SERVER];
        int one = up[i] ? DONE : answer->via != VIA_NOTHING ? FAILED : answer->code;
        if (one != DONE && top->live)
            printf("\n%s: %s", asked[i].server->name, answer->problem);
        else if (one != DONE)
            one = answer->via != VIA_NOTHING ? ensemble_odd(&top->e, &asked[i], TOPIC_SERVER)
                                             : ensemble_tell(&top->e, &asked[i], TOPIC_SERVER);
        code = worse(code, i, one);
        facts_free(&top->last[i]);
        top->last[i] = facts[i];
    }
    top->code = code;
    free(facts);
    free(up);
}

static bool
look_at_servers(struct top *top)
{
    struct asked *asked = ensemble_ask(&top->e, TOPICS(TOPIC_SERVER) | TOPICS(TOPIC_MONITOR), wait_for_answers, top);
    if (asked == NULL)
        return false;
    begin_look(top);
    put_servers(top, asked);
    asked_free(asked, top->e.n);
    return true;
}

/* --- clients ------------------------------------------------------------------------------------------------------- */

struct busy {
    const struct live *live;
    double received_per_s, sent_per_s; /* -1: not known */
};

static int
busiest_first(const void *a, const void *b)
{
    const struct busy *x = a, *y = b;
    const struct connection *c = x->live->connection, *d = y->live->connection;
    if (c->queued != d->queued)
        return c->queued > d->queued ? -1 : 1;
    if (x->received_per_s < y->received_per_s || x->received_per_s > y->received_per_s)
        return x->received_per_s > y->received_per_s ? -1 : 1;
    if (c->received != d->received)
        return c->received > d->received ? -1 : 1;
    return strcmp(c->address, d->address);
}

static void
put_client(struct table *table, const struct top *top, const struct busy *busy)
{
    const struct connection *c = busy->live->connection;
    if (top->ctx->format == FORMAT_JSON)
        table_int(table, wall_ms());
    table_text(table, c->address);
    table_int(table, busy->live->id);
    table_text(table, busy->live->server->name);
    table_int(table, c->queued);
    if (busy->received_per_s >= 0)
        table_real(table, busy->received_per_s);
    else
        table_none(table);
    if (busy->sent_per_s >= 0)
        table_real(table, busy->sent_per_s);
    else
        table_none(table);
    table_int(table, c->received);
    table_int(table, c->sent);
    put_name(table, c->op);
    table_int(table, c->avg_ms);
    table_int(table, c->max_ms);
}

static void
put_clients(struct top *top, const struct sessions *sessions)
{
    struct busy *all = need_memory(sessions->n, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < sessions->n; i++) {
        const struct live *live = &sessions->items[i];
        if (live->connection == NULL)
            continue;
        const struct live *last = sessions_find(&top->last_sessions, live->id);
        struct busy busy = {.live = live, .received_per_s = -1, .sent_per_s = -1};
        if (top->seconds > 0 && last != NULL && last->connection != NULL &&
            last->connection->since_ms == live->connection->since_ms &&
            live->connection->received >= last->connection->received) {
            busy.received_per_s = (double)(live->connection->received - last->connection->received) / top->seconds;
            busy.sent_per_s = (double)(live->connection->sent - last->connection->sent) / top->seconds;
        }
        all[n++] = busy;
    }
    qsort(all, n, sizeof *all, busiest_first);
    struct ctx shown = *top->ctx;
    if (top->live)
        shown.format = FORMAT_TABLE;
    size_t lines = top->lines != 0 ? top->lines : top->live ? screen_lines() : n;
    struct table *table = new_table(&shown, client_columns, sizeof client_columns / sizeof client_columns[0]);
    for (size_t i = 0; i < n && i < lines; i++)
        put_client(table, top, &all[i]);
    table_end(table);
    if (top->live && n > lines)
        printf("and %zu more", n - lines);
    free(all);
}

static bool
look_at_clients(struct top *top)
{
    struct sessions sessions;
    bool gave_up = false;
    top->code = sessions_read(&top->e, TOPICS(TOPIC_CONNECTIONS), &sessions, wait_for_answers, top, &gave_up);
    if (gave_up) {
        sessions_free(&sessions);
        return false;
    }
    begin_look(top);
    put_clients(top, &sessions);
    if (top->live && top->code != DONE)
        fputs("\nnot all of the servers have answered", stdout);
    sessions_free(&top->last_sessions);
    top->last_sessions = sessions;
    return true;
}

/* --- the command --------------------------------------------------------------------------------------------------- */

static void
look_on(struct top *top, uint64_t interval_ms, uint64_t count)
{
    for (uint64_t done = 0; count == 0 || done < count; done++) {
        uint64_t next = now_ms() + interval_ms;
        if (!(top->clients ? look_at_clients(top) : look_at_servers(top)))
            return;
        fflush(stdout);
        if (done + 1 != count && !wait_for(top, -1, next))
            return;
    }
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct top top = {
        .ctx = ctx, .clients = in->opt[O_CLIENTS].given, .live = ctx->out_is_tty && ctx->format == FORMAT_TEXT};
    int code = need_client(ctx);
    if (code == DONE)
        code = ensemble_begin(&top.e, ctx, in, NULL, 0);
    else
        return code;
    if (!ctx->connect_given)
        top.e.ms = USUAL_ANSWER_MS; /* a server that is down must not stop the others' lines */
    top.e.silent = top.live;
    top.lines = in->opt[O_LINES].given ? (size_t)in->opt[O_LINES].n : 0;
    if (code == DONE)
        code = hold_begin(ctx);
    if (code == DONE) {
        uint64_t interval = in->opt[O_INTERVAL].given ? (uint64_t)in->opt[O_INTERVAL].n : USUAL_INTERVAL_MS;
        uint64_t count = in->opt[O_COUNT].given ? (uint64_t)in->opt[O_COUNT].n : ctx->out_is_tty ? 0 : 1;
        top.last = need_memory(top.e.n, sizeof *top.last);
        if (top.live)
            begin_screen(&top);
        look_on(&top, interval, count);
        end_screen(&top);
        hold_over(ctx);
        code = top.live ? DONE : top.code;
        for (size_t i = 0; i < top.e.n; i++)
            facts_free(&top.last[i]);
        free(top.last);
        sessions_free(&top.last_sessions);
    }
    ensemble_end(&top.e);
    return code;
}

static const struct example examples[] = {
    {"zobo -H zk1,zk2,zk3 top", "a line for each server, every two seconds; q ends it"},
    {"zobo -H zk1,zk2,zk3 top --clients", "a line for each client, the busiest first"},
    {"zobo top -a -i 10s -n 6 -o json", "six looks at all servers of the ensemble, an object a line"},
    {"zobo top -o table", "one look; rates are known from the second on"},
    {NULL, NULL}};
static const struct exit_text exits[] = {{"7", "no server answered at the last look; 8: not all of them"},
                                         {NULL, NULL}};

const struct command cmd_top = {
    .name = "top",
    .usage = "",
    .summary = "watch what the servers, or their clients, do",
    .about =
        "The servers are asked for srvr and mntr (a server with the usual 4lw.commands.whitelist answers the first "
        "alone: then some columns are empty, unless AdminServer is open), for clients cons. LAG is how many changes a "
        "server is behind the one "
        "that is ahead, AVG the mean latency in ms since the start. On a terminal it goes on until q or Ctrl-C, "
        "elsewhere it looks once, or --count times.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .formats = FORMATS_TABLE,
    .run = run};
