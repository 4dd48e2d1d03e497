/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/told.h"

void
told_init(told *t)
{
    memset(t, 0, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->gate, NULL);
}

void
told_destroy(told *t)
{
    pthread_mutex_destroy(&t->lock);
    pthread_mutex_destroy(&t->gate);
}

static void
note(told *t, const char *what, const zobo_event *event)
{
    atomic_fetch_add(&t->arrived, 1);
    pthread_mutex_lock(&t->gate);
    pthread_mutex_unlock(&t->gate);
    pthread_mutex_lock(&t->lock);
    size_t n = strlen(t->text);
    (void)snprintf(t->text + n, sizeof t->text - n, " %s%s%s", what, event ? "/" : "",
                   event ? zobo_event_name(event->type) : "");
    t->calls++;
    pthread_mutex_unlock(&t->lock);
}

void
data_told(void *arg, zobo_data_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    told *t = arg;
    note(t, err ? zobo_err_name(err) : reply->data ? (const char *)reply->data : "NULL", event);
    if (t->free_it && t->calls == t->calls_before_free)
        zobo_data_watch_free(watch);
}

void
children_told(void *arg, zobo_children_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    told *t = arg;
    char text[512] = "[";
    for (size_t i = 0; !err && i < reply->n_children; i++) {
        size_t n = strlen(text);
        (void)snprintf(text + n, sizeof text - n, "%s%s", i ? "," : "", reply->children[i]);
    }
    strcat(text, "]");
    note(t, err ? zobo_err_name(err) : text, event);
    if (t->free_it && t->calls == t->calls_before_free)
        zobo_children_watch_free(watch);
}

size_t
calls(told *t)
{
    pthread_mutex_lock(&t->lock);
    size_t n = t->calls;
    pthread_mutex_unlock(&t->lock);
    return n;
}

bool
ends_with(told *t, const char *end)
{
    pthread_mutex_lock(&t->lock);
    size_t n = strlen(t->text), m = strlen(end);
    bool yes = n >= m && strcmp(t->text + n - m, end) == 0;
    pthread_mutex_unlock(&t->lock);
    return yes;
}

size_t
words(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == ' ';
    return n;
}

void
hit(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)err, (void)reply;
    zt_latch_hit(arg);
}

void
settle(void)
{
    zt_latch latch;
    zt_latch_init(&latch);
    zobo_how how = {.done = hit, .arg = &latch};
    for (int i = 1; i <= 4; i++) {
        assert_ok(zobo_sync_async(c, "/", &how, NULL));
        UNTIL(zt_latch_hits(&latch) == i);
    }
    zt_latch_destroy(&latch);
}

const zobo_watch_options one_shot = {.one_shot = true};
const zobo_watch_options *const ways[2] = {NULL, &one_shot};

zobo_data_watch *
watch_data(told *t, const zobo_watch_options *options)
{
    zobo_data_watch *w;
    zobo_problem why;
    told_init(t);
    assert_ok(zobo_data_watch_new(c, "/n", data_told, t, options, &w, &why));
    return w;
}

zobo_children_watch *
watch_children(told *t, const zobo_watch_options *options)
{
    zobo_children_watch *w;
    told_init(t);
    assert_ok(zobo_children_watch_new(c, "/n", children_told, t, options, &w, NULL));
    return w;
}

void
nothing_left(void)
{
    settle();
    UNTIL(watches_here() == 0);
    UNTIL(watches_on_server() == 0);
    UNTIL(zobo_check_watches(c, "/n", ZOBO_WATCH_ANY) == ZOBO_ENOWATCHER); /* those of children were not counted */
}
