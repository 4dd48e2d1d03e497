/* SPDX-License-Identifier: Apache-2.0 */
/* watch prints a line for each event, in the order of the events, even when lines wait for data: a line is queued
 * when its event comes, and printed when its data has come and all before it are out. What is there at the start is
 * queued apart and goes first. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "hold.h"
#include "out.h"
#include "text.h"
#include "walk.h"

enum { O_RECURSIVE, O_INITIAL, O_DATA, O_COUNT, O_TIMEOUT };

static const struct opt opts[] = {
    [O_RECURSIVE] = {'r', "recursive", OPT_FLAG, NULL, "all that is below it too"},
    [O_INITIAL] = {'i', "initial", OPT_FLAG, NULL, "first print what is there, as INITIAL"},
    [O_DATA] = {'d', "data", OPT_FLAG, NULL, "print the data of what was created or changed"},
    [O_COUNT] = {0, "count", OPT_COUNT, "N", "end after N events"},
    [O_TIMEOUT] = {'t', "timeout", OPT_DURATION, "TIME", "end after TIME: exit code 1 if --count was not reached"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

enum { ASKS_MAX = 256 };

struct line {
    struct line *next;
    struct watch *watch;
    const char *event;
    char *path;
    int64_t time_ms;
    int64_t zxid; /* -1: not known */
    enum { READY, WANTS_DATA, ASKED } state;
    bool has_data;
    char *data; /* NULL: null */
    size_t data_len;
};

struct queue {
    struct line *head, **end;
};

struct watch {
    struct ctx *ctx;
    struct queue initial;
    struct queue events;
    bool with_data;
    bool begun; /* all that was there at the start has been queued */
    size_t asks;
    int64_t count; /* events still to come */
};

static int64_t
wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
add_line(struct watch *watch, struct queue *queue, const char *event, const char *path, int64_t zxid, bool data)
{
    struct line *line = need_memory(1, sizeof *line);
    *line = (struct line){.watch = watch,
                          .event = event,
                          .path = need_copy(path),
                          .time_ms = wall_clock_ms(),
                          .zxid = zxid,
                          .state = data && watch->with_data ? WANTS_DATA : READY};
    *queue->end = line;
    queue->end = &line->next;
}

static void
on_event(void *arg, const zobo_event *event)
{
    struct watch *watch = arg;
    switch (event->type) {
    case ZOBO_EVENT_CREATED:
    case ZOBO_EVENT_CHANGED:
        add_line(watch, &watch->events, zobo_event_name(event->type), event->path, event->zxid, true);
        break;
    case ZOBO_EVENT_DELETED:
    case ZOBO_EVENT_CHILD:
        add_line(watch, &watch->events, zobo_event_name(event->type), event->path, event->zxid, false);
        break;
    default:
        break; /* states are told by hold_begin's listener */
    }
}

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
ask_for_data(struct watch *watch, struct queue *queue)
{
    for (struct line *line = queue->head; line != NULL && watch->asks < ASKS_MAX; line = line->next)
        if (line->state == WANTS_DATA) {
            zobo_how how = {.done = data_arrived, .arg = line};
            zobo_err err = zobo_get_async(watch->ctx->client, line->path, NULL, &how, NULL);
            line->state = err == ZOBO_OK ? ASKED : READY;
            watch->asks += err == ZOBO_OK;
        }
}

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

static void
drop_head(struct queue *queue)
{
    struct line *line = queue->head;
    queue->head = line->next;
    if (queue->head == NULL)
        queue->end = &queue->head;
    free(line->path);
    free(line->data);
    free(line);
}

static void
print_ready(struct watch *watch)
{
    for (; watch->initial.head != NULL && watch->initial.head->state == READY; drop_head(&watch->initial))
        print_line(watch->ctx, watch->initial.head);
    while (watch->begun && watch->initial.head == NULL && watch->events.head != NULL &&
           watch->events.head->state == READY && watch->count > 0) {
        print_line(watch->ctx, watch->events.head);
        drop_head(&watch->events);
        watch->count--;
    }
}

/* queue_initial queues what is there now; events that come meanwhile wait behind it. */
static int
queue_initial(struct watch *watch, const struct args *in, const char *path)
{
    struct walk walk = {.depth = in->opt[O_RECURSIVE].given && in->opt[O_INITIAL].given ? UINT32_MAX : 0,
                        .stats = true};
    zobo_err err = walk_tree(watch->ctx, path, &walk);
    if (err == ZOBO_ENONODE)
        note(watch->ctx, "%s does not exist yet", path);
    else if (err == ZOBO_OK && in->opt[O_INITIAL].given)
        for (const struct node *node = &walk.root; node != NULL; node = walk_next(node)) {
            char *node_is = node_path(node);
            add_line(watch, &watch->initial, "INITIAL", node_is, -1, true);
            free(node_is);
        }
    walk_free(&walk);
    watch->begun = true;
    return err == ZOBO_OK || err == ZOBO_ENONODE ? DONE : fail(watch->ctx, err, path, NULL);
}

static int
follow(struct watch *watch, const struct args *in)
{
    uint64_t deadline = in->opt[O_TIMEOUT].given ? now_ms() + (uint64_t)in->opt[O_TIMEOUT].n : 0;
    for (;;) {
        ask_for_data(watch, &watch->initial);
        ask_for_data(watch, &watch->events);
        print_ready(watch);
        if (fflush(stdout) != 0 || watch->count == 0)
            return DONE; /* what is wrong with stdout is told at the end */
        switch (hold_turn(watch->ctx, deadline)) {
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

static int
run(struct ctx *ctx, const struct args *in)
{
    const char *path = in->words[0];
    struct watch watch = {.ctx = ctx,
                          .with_data = in->opt[O_DATA].given,
                          .count = in->opt[O_COUNT].given ? in->opt[O_COUNT].n : INT64_MAX};
    watch.initial.end = &watch.initial.head;
    watch.events.end = &watch.events.head;
    ctx->keep_trying = true;
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = hold_begin(ctx);
    if (code != DONE)
        return code;
    zobo_watcher watcher = {.fn = on_event, .arg = &watch};
    zobo_watch_mode mode = in->opt[O_RECURSIVE].given ? ZOBO_PERSISTENT_RECURSIVE : ZOBO_PERSISTENT;
    zobo_err err = zobo_add_watch(ctx->client, path, mode, &watcher);
    if (err != ZOBO_OK)
        code = fail(ctx, err, path, err == ZOBO_EUNIMPLEMENTED ? "servers know persistent watches from 3.6 on" : NULL);
    if (code == DONE)
        code = queue_initial(&watch, in, path);
    if (code == DONE)
        code = follow(&watch, in);
    fflush(stdout);
    if (ctx->client != NULL)
        hold_over(ctx);
    end_session(ctx); /* the callbacks know `watch`: they must be done before it goes */
    while (watch.initial.head != NULL)
        drop_head(&watch.initial);
    while (watch.events.head != NULL)
        drop_head(&watch.events);
    return code;
}

static const struct alias aliases[] = {{"addWatch", NO_OPT}, {NULL, NO_OPT}};
static const struct example examples[] = {
    {"zobo watch /app/config", "CHANGED /app/config, until Ctrl-C"},
    {"zobo watch -r --initial --data -o json /app", "all that is there, then each change, with data"},
    {"zobo watch --count 1 --timeout 30s /app/ready", "wait for something to happen, at most 30 s"},
    {NULL, NULL}};

const struct command cmd_watch = {
    .name = "watch",
    .aliases = aliases,
    .usage = "PATH",
    .summary = "print what happens to a node, as it happens",
    .about = "A line for each event: CREATED, CHANGED, DELETED, and without -r CHILD when a child came or went. PATH "
             "need not exist. The data is what the node holds when it is read, right after the event. When the "
             "connection is lost it reconnects and goes on; stderr tells, for what happened meanwhile is not reported.",
    .examples = examples,
    .opts = opts,
    .min_words = 1,
    .max_words = 1,
    .formats = FORMATS_ONE,
    .run = run};
