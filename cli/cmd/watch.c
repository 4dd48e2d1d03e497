/* SPDX-License-Identifier: Apache-2.0 */
/* watch prints a line for each event, in the order of the events, even when lines wait for data: a line is queued
 * when its event comes, and printed when its data has come and all before it are out. What is there at the start is
 * queued apart and goes first. With a command the lines are not printed: it is run for each, one run at a time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/clock.h"
#include "frame/command.h"
#include "frame/hold.h"
#include "frame/out.h"
#include "frame/text.h"
#include "run/child.h"
#include "tree/scan.h"

enum { O_RECURSIVE, O_INITIAL, O_DATA, O_COUNT, O_TIMEOUT };

static const struct opt opts[] = {
    [O_RECURSIVE] = {'r', "recursive", OPT_FLAG, NULL, "all that is below it too"},
    [O_INITIAL] = {'i', "initial", OPT_FLAG, NULL, "first print what is there, as INITIAL"},
    [O_DATA] = {'d', "data", OPT_FLAG, NULL, "print the data of what was created or changed; CMD has it on stdin"},
    [O_COUNT] = {'n', "count", OPT_COUNT, "N", "end after N events"},
    [O_TIMEOUT] = {'t', "timeout", OPT_DURATION, "TIME",
                   "end after TIME, connecting included: exit code 1 if --count was not reached"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

enum { ASKS_MAX = 256, BUCKETS = 1024 };

static const char created[] = "CREATED", changed[] = "CHANGED", deleted[] = "DELETED", child[] = "CHILD";
static const char initial[] = "INITIAL", reconnected[] = "RECONNECTED";

struct line {
    struct line *next;
    struct line *older; /* in its bucket */
    struct watch *watch;
    const char *event; /* one of those above */
    char *path;
    int64_t time_ms;
    int64_t zxid; /* -1: not known */
    enum { READY, WANTS_DATA, ASKED } state;
    bool asked; /* at any time */
    bool has_data;
    char *data; /* NULL: null */
    size_t data_len;
};

struct queue {
    struct line *head, **end;
};

struct watch {
    struct ctx *ctx;
    const char *path;
    struct queue initial;
    struct queue events;
    bool with_data;
    bool begun; /* all that was there at the start has been queued */
    bool is_down;
    bool is_set;    /* on the server */
    bool told_last; /* no event comes any more */
    size_t asks;
    int64_t count;        /* events still to come */
    uint64_t deadline_ms; /* --timeout, on now_ms's clock; 0: none */

    char *const *command; /* NULL: print */
    struct child run;
    int code;                      /* of the last run that failed */
    struct line *waiting[BUCKETS]; /* with a command: events by their paths, the newest first */
};

/* --- the queues --------------------------------------------------------------------------------------------------- */

static struct line **
bucket_of(struct watch *watch, const char *path)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (; *path != '\0'; path++)
        hash = (hash ^ (unsigned char)*path) * 16777619U;
    return &watch->waiting[hash % BUCKETS];
}

/* find_waiting finds an equal event that waits for the command, if nothing came after it that it must stand before:
 * one run will then do for both, and a slow command does not fall ever further behind a busy node. */
static struct line *
find_waiting(struct watch *watch, const char *event, const char *path)
{
    if (event == created || event == deleted)
        return NULL;
    for (struct line *line = *bucket_of(watch, path); line != NULL; line = line->older) {
        if (strcmp(line->path, path) != 0)
            continue;
        if (line->event == event)
            return line->asked ? NULL : line; /* data that is on its way may be older than this event */
        if (line->event == created || line->event == deleted)
            return NULL;
    }
    return NULL;
}

static void
add_line(struct watch *watch, struct queue *queue, const char *event, const char *path, int64_t zxid)
{
    bool data = watch->with_data && (event == created || event == changed || event == initial);
    struct line *line = need_memory(1, sizeof *line);
    *line = (struct line){.watch = watch,
                          .event = event,
                          .path = need_copy(path),
                          .time_ms = wall_ms(),
                          .zxid = zxid,
                          .state = data ? WANTS_DATA : READY};
    *queue->end = line;
    queue->end = &line->next;
}

static void
add_event(struct watch *watch, const char *event, const char *path, int64_t zxid)
{
    struct line *same = watch->command == NULL ? NULL : find_waiting(watch, event, path);
    if (same != NULL) {
        same->zxid = zxid;
        return;
    }
    struct line **end = watch->events.end;
    add_line(watch, &watch->events, event, path, zxid);
    if (watch->command != NULL) {
        struct line **bucket = bucket_of(watch, path);
        (*end)->older = *bucket;
        *bucket = *end;
    }
}

static void
drop_head(struct watch *watch, struct queue *queue)
{
    struct line *line = queue->head;
    if (watch->command != NULL && queue == &watch->events) {
        struct line **at = bucket_of(watch, line->path);
        while (*at != line)
            at = &(*at)->older;
        *at = line->older;
    }
    queue->head = line->next;
    if (queue->head == NULL)
        queue->end = &queue->head;
    free(line->path);
    free(line->data);
    free(line);
}

static void
on_event(void *arg, const zobo_event *event)
{
    struct watch *watch = arg;
    watch->told_last = event->last;
    const char *name = event->type == ZOBO_EVENT_CREATED   ? created
                       : event->type == ZOBO_EVENT_CHANGED ? changed
                       : event->type == ZOBO_EVENT_DELETED ? deleted
                       : event->type == ZOBO_EVENT_CHILD   ? child
                                                           : NULL;
    if (name != NULL) /* states are told by hold_begin's listener */
        add_event(watch, name, event->path, event->zxid);
}

/* What a persistent watch would have told while there was no connection, nobody tells. */
static void
on_state(void *arg, zobo_state state)
{
    struct watch *watch = arg;
    bool was_down = watch->is_down;
    watch->is_down = state != ZOBO_CONNECTED && state != ZOBO_CONNECTED_RO;
    if (was_down && !watch->is_down)
        add_event(watch, reconnected, watch->path, -1);
}

/* --- data --------------------------------------------------------------------------------------------------------- */

static void
keep_data(struct line *line, const zobo_reply *reply)
{
    line->has_data = true;
    line->data_len = reply->data_len;
    if (reply->data != NULL) {
        line->data = need_memory(reply->data_len + 1, 1);
        memcpy(line->data, reply->data, reply->data_len);
    }
}

static void
data_arrived(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct line *line = arg;
    line->watch->asks--;
    line->state = READY; /* with an error (it has vanished again, may not be read) the line goes without data */
    if (err == ZOBO_OK)
        keep_data(line, reply);
}

static void
ask_for(struct line *line)
{
    zobo_how how = {.done = data_arrived, .arg = line};
    zobo_err err = zobo_get_async(line->watch->ctx->client, line->path, NULL, &how, NULL);
    line->asked = true;
    line->state = err == ZOBO_OK ? ASKED : READY;
    line->watch->asks += err == ZOBO_OK;
}

static void
ask_for_all(struct watch *watch, struct queue *queue)
{
    for (struct line *line = queue->head; line != NULL && watch->asks < ASKS_MAX; line = line->next)
        if (line->state == WANTS_DATA)
            ask_for(line);
}

/* --- printing ----------------------------------------------------------------------------------------------------- */

static void
print_line(const struct ctx *ctx, const struct line *line)
{
    if (ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_text(&json, "event", line->event);
        json_text(&json, "path", line->path);
        json_time(&json, "time", line->time_ms);
        if (line->zxid >= 0)
            json_id(&json, "zxid", line->zxid);
        if (line->has_data)
            json_data(&json, line->data, line->data_len);
        end_json(&json);
        return;
    }
    printf("%s ", line->event);
    put_text(ctx, line->path);
    if (line->data_len > 0) {
        fputc(' ', stdout);
        put_visible(stdout, line->data, line->data_len, false);
    }
    fputc('\n', stdout);
}

/* next_line gives the line whose turn it is, READY or not, and its queue; NULL when there is none yet. */
static struct line *
next_line(struct watch *watch, struct queue **queue)
{
    *queue = watch->initial.head != NULL ? &watch->initial : &watch->events;
    return watch->begun && watch->count > 0 ? (*queue)->head : NULL;
}

static void
done_with(struct watch *watch, struct queue *queue)
{
    watch->count -= queue == &watch->events && queue->head->event != reconnected;
    drop_head(watch, queue);
}

static void
print_ready(struct watch *watch)
{
    struct queue *queue;
    ask_for_all(watch, &watch->initial);
    ask_for_all(watch, &watch->events);
    for (struct line *line; (line = next_line(watch, &queue)) != NULL && line->state == READY; done_with(watch, queue))
        print_line(watch->ctx, line);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* input_of gives a file with the line's data, from which the command reads at its leisure; -1 after telling. */
static int
input_of(const struct ctx *ctx, const struct line *line)
{
    FILE *file = line->data_len == 0 ? fopen("/dev/null", "r") : tmpfile();
    if (file == NULL || (line->data_len > 0 && fwrite(line->data, line->data_len, 1, file) != 1) || fflush(file) != 0) {
        fail_errno(ctx, "the command's input", errno);
        if (file != NULL)
            fclose(file);
        return -1;
    }
    int fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
    fclose(file);
    if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
        fail_errno(ctx, "the command's input", errno);
    return fd;
}

static int
start_command(struct watch *watch, const struct line *line)
{
    char zxid[24] = "";
    if (line->zxid >= 0)
        snprintf(zxid, sizeof zxid, "0x%llx", (unsigned long long)line->zxid);
    struct variable variables[] = {
        {"ZOBO_EVENT", line->event}, {"ZOBO_PATH", line->path}, {"ZOBO_ZXID", zxid}, {NULL, NULL}};
    int input = input_of(watch->ctx, line);
    if (input < 0)
        return FAILED;
    int code = child_start(watch->ctx, &watch->run, watch->command, variables, input, false);
    close(input);
    return code;
}

/* run_next looks after the run there is, and when it is over begins the next if there is cause. Returns 0, or the exit
 * code when the command cannot be run. */
static int
run_next(struct watch *watch)
{
    if (child_runs(&watch->run))
        return DONE;
    if (watch->run.code != 0) {
        note(watch->ctx, "%s: exit code %d", watch->command[0], watch->run.code);
        watch->code = watch->run.code;
        watch->run.code = 0;
    }
    struct queue *queue;
    struct line *line = next_line(watch, &queue);
    if (line == NULL)
        return DONE;
    if (line->state == WANTS_DATA)
        ask_for(line);
    if (line->state == ASKED)
        return DONE;
    int code = start_command(watch, line);
    done_with(watch, queue);
    return code;
}

/* --- the course of events ----------------------------------------------------------------------------------------- */

/* queue_initial queues what is there now; events that come meanwhile wait behind it. */
static int
queue_initial(struct watch *watch, const struct args *in)
{
    bool all = in->opt[O_INITIAL].given;
    struct scan_options options = {.depth = in->opt[O_RECURSIVE].given && all ? UINT32_MAX : 0, .may_miss = true};
    struct scan *scan = scan_open(watch->ctx, watch->path, &options);
    struct scan_node node;
    bool there = false;
    while (scan_next(scan, &node)) {
        there = true;
        if (all)
            add_line(watch, &watch->initial, initial, node.path, -1);
    }
    int code = scan_close(scan);
    if (code == DONE && !there)
        note(watch->ctx, "%s does not exist yet", watch->path);
    watch->begun = true;
    return code == PARTIAL ? DONE : code;
}

/* finish_run waits for the run under way, which has the signals until it ends. The one that ended the watch counts. */
static void
finish_run(struct watch *watch)
{
    struct ctx *ctx = watch->ctx;
    int signal = ctx->signal;
    if (signal != 0)
        child_forward(ctx, &watch->run);
    child_wait(ctx, &watch->run);
    ctx->signal = signal;
    if (watch->run.code != 0)
        (void)run_next(watch); /* which tells of it; there is no next one: the count is 0 */
}

static int
follow(struct watch *watch, const struct args *in)
{
    for (;;) {
        int code = DONE;
        if (watch->command != NULL)
            code = run_next(watch);
        else
            print_ready(watch);
        if (code != DONE || fflush(stdout) != 0 || watch->count == 0)
            return code; /* what is wrong with stdout is told at the end */
        switch (hold_turn(watch->ctx, watch->deadline_ms)) {
        case HOLD_GOES_ON:
            break;
        case HOLD_TIME_UP:
            return in->opt[O_COUNT].given ? ANSWER_NO : DONE;
        case HOLD_BROKEN:
            return fail(watch->ctx, ZOBO_ESYS, NULL, NULL);
        case HOLD_SIGNAL:
        case HOLD_READER_GONE:
            return DONE;
        }
    }
}

/* forget takes the callbacks back that know `watch`, in a shell, whose session goes on. */
static void
forget(struct watch *watch, bool recursive)
{
    struct ctx *ctx = watch->ctx;
    zobo_watcher watcher = {.fn = on_event, .arg = watch};
    zobo_watch_kind kind = recursive ? ZOBO_WATCH_PERSISTENT_RECURSIVE : ZOBO_WATCH_PERSISTENT;
    zobo_remove_listener(ctx->client, on_state, watch);
    if (watch->is_set && zobo_remove_watches_async(ctx->client, watch->path, kind, &watcher, NULL, NULL) != ZOBO_OK)
        watch->told_last = true;
    while ((watch->is_set && !watch->told_last) || watch->asks > 0) {
        struct pollfd fd = {.fd = zobo_fd(ctx->client), .events = POLLIN};
        (void)poll(&fd, 1, -1);
        if (zobo_process(ctx->client) != ZOBO_OK)
            break;
    }
}

static int
watch_it(struct watch *watch, const struct args *in)
{
    struct ctx *ctx = watch->ctx;
    zobo_watcher watcher = {.fn = on_event, .arg = watch};
    zobo_watch_mode mode = in->opt[O_RECURSIVE].given ? ZOBO_PERSISTENT_RECURSIVE : ZOBO_PERSISTENT;
    zobo_err err = zobo_add_listener(ctx->client, on_state, watch);
    if (err == ZOBO_OK)
        err = zobo_add_watch(ctx->client, watch->path, mode, &watcher);
    if (err != ZOBO_OK)
        return fail(ctx, err, watch->path,
                    err == ZOBO_EUNIMPLEMENTED ? "servers know persistent watches from 3.6 on" : NULL);
    watch->is_set = true;
    int code = queue_initial(watch, in);
    if (code == DONE)
        code = follow(watch, in);
    watch->count = 0;
    finish_run(watch);
    return code != DONE ? code : watch->code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct watch *watch = need_memory(1, sizeof *watch);
    *watch = (struct watch){.ctx = ctx,
                            .path = in->words[0],
                            .command = in->command,
                            .with_data = in->opt[O_DATA].given,
                            .count = in->opt[O_COUNT].given ? in->opt[O_COUNT].n : INT64_MAX};
    watch->initial.end = &watch->initial.head;
    watch->events.end = &watch->events.head;
    ctx->keep_trying = true;
    ctx->limit_ms = (uint32_t)in->opt[O_TIMEOUT].n;
    watch->deadline_ms = ctx->limit_ms == 0 ? 0 : now_ms() + ctx->limit_ms;
    ctx->runs_command = in->command != NULL;
    int code = need_path(ctx, watch->path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = hold_begin(ctx);
    if (code == DONE) {
        code = watch_it(watch, in);
        fflush(stdout);
        if (ctx->shell != NULL)
            forget(watch, in->opt[O_RECURSIVE].given);
        hold_over(ctx);
        if (ctx->shell == NULL)
            end_session(ctx); /* the callbacks know `watch`: they must be done before it goes */
    }
    while (watch->initial.head != NULL)
        drop_head(watch, &watch->initial);
    while (watch->events.head != NULL)
        drop_head(watch, &watch->events);
    free(watch);
    return code;
}

static const struct alias aliases[] = {{"addWatch", NO_OPT}, {NULL, NO_OPT}};
static const struct example examples[] = {
    {"zobo watch /app/config", "CHANGED /app/config, until Ctrl-C"},
    {"zobo watch -r --initial --data -o json /app", "all that is there, then each change, with data"},
    {"zobo watch --count 1 --timeout 30s /app/ready", "wait for something to happen, at most 30 s"},
    {"zobo watch -d /app/config -- sh -c 'cat >app.conf && systemctl reload app'", "follow a configuration"},
    {NULL, NULL}};

static const struct exit_text exits[] = {
    {"0", "it ended after --count events, or with --timeout and no --count"},
    {"1", "--timeout was over before --count events came"},
    {"7", "no server was reached, within --timeout if that is given"},
    {"128+N", "signal N ended it"},
    {"else", "of the last run of CMD that failed; 126: it cannot be run, 127: there is none of this name"},
    {NULL, NULL}};

const struct command cmd_watch = {
    .name = "watch",
    .aliases = aliases,
    .usage = "PATH [-- CMD...]",
    .summary = "print what happens to a node, or run a command at it",
    .about = "A line for each event: CREATED, CHANGED, DELETED, and without -r CHILD when a child came or went. PATH "
             "need not exist. The data is what the node holds when it is read, right after the event. When the "
             "connection or the session is lost it goes on with the next one: stderr tells, and the line RECONNECTED, "
             "which --count does not count. What happened meanwhile is not reported: look. "
             "CMD is run instead for each line, with ZOBO_EVENT, ZOBO_PATH and ZOBO_ZXID (empty unless the server, "
             "3.9, tells) in its environment and with --data the data on stdin, which else is empty. One run at a "
             "time, in the order of the events; of equal ones that wait (CHANGED, CHILD, RECONNECTED of one node) only "
             "one is kept. A run that fails is told on stderr, and its exit code is the watch's own in the end. A "
             "signal goes to CMD, whose end is waited for.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .min_words = 1,
    .max_words = 1,
    .runs_command = true,
    .formats = FORMATS_ONE,
    .run = run};
