/* SPDX-License-Identifier: Apache-2.0 */
#include "support/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/wait.h"

void
zt_calls_init(zt_calls *c, size_t n)
{
    *c = (zt_calls){.n = n};
    pthread_mutex_init(&c->lock, NULL);
    zt_cond_init(&c->changed);
    c->items = calloc(n ? n : 1, sizeof *c->items);
    if (!c->items)
        abort();
}

void
zt_calls_destroy(zt_calls *c)
{
    free(c->items);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
}

static void
on_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zt_done *d = arg;
    zt_calls *c = d->calls;
    pthread_mutex_lock(&c->lock);
    d->times++;
    d->err = err;
    d->thread = pthread_self();
    d->order = c->completed++;
    if (reply) {
        if (reply->path)
            snprintf(d->path, sizeof d->path, "%s", reply->path);
        d->data_len = reply->data_len;
        if (reply->data)
            memcpy(d->data, reply->data, reply->data_len < sizeof d->data ? reply->data_len : sizeof d->data - 1);
        d->has_stat = reply->has_stat;
        d->stat = reply->stat;
        d->n_children = reply->n_children;
    }
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

zobo_how
zt_calls_how(zt_calls *c)
{
    pthread_mutex_lock(&c->lock);
    if (c->used == c->n)
        abort();
    zt_done *d = &c->items[c->used++];
    pthread_mutex_unlock(&c->lock);
    d->calls = c;
    return (zobo_how){.done = on_done, .arg = d};
}

zobo_how
zt_calls_how_inline(zt_calls *c)
{
    zobo_how how = zt_calls_how(c);
    how.flags = ZOBO_INLINE;
    return how;
}

bool
zt_calls_wait(zt_calls *c, uint32_t ms)
{
    uint64_t end = zt_now_ms() + ms;
    pthread_mutex_lock(&c->lock);
    while (c->completed < c->used && zt_cond_wait_until(&c->changed, &c->lock, end))
        ;
    bool ok = c->completed >= c->used;
    pthread_mutex_unlock(&c->lock);
    return ok;
}

size_t
zt_calls_completed(zt_calls *c)
{
    pthread_mutex_lock(&c->lock);
    size_t n = c->completed;
    pthread_mutex_unlock(&c->lock);
    return n;
}

size_t
zt_calls_count(zt_calls *c, zobo_err err)
{
    size_t n = 0;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->used; i++)
        n += c->items[i].times && c->items[i].err == err;
    pthread_mutex_unlock(&c->lock);
    return n;
}

size_t
zt_calls_count_class(zt_calls *c, zobo_class cls)
{
    size_t n = 0;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->used; i++)
        n += c->items[i].times && zobo_err_class(c->items[i].err) == cls;
    pthread_mutex_unlock(&c->lock);
    return n;
}

bool
zt_calls_once_each(zt_calls *c)
{
    bool ok = true;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->used; i++)
        if (c->items[i].times != 1) {
            fprintf(stderr, "call %zu was completed %d times\n", i, c->items[i].times);
            ok = false;
        }
    pthread_mutex_unlock(&c->lock);
    return ok;
}

void
zt_events_init(zt_events *e)
{
    *e = (zt_events){0};
    pthread_mutex_init(&e->lock, NULL);
    zt_cond_init(&e->changed);
}

void
zt_events_destroy(zt_events *e)
{
    free(e->items);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
}

static void
on_event(void *arg, const zobo_event *event)
{
    zt_events *e = arg;
    pthread_mutex_lock(&e->lock);
    if (e->n == e->cap) {
        e->cap = e->cap * 2 + 16;
        e->items = realloc(e->items, e->cap * sizeof *e->items);
        if (!e->items)
            abort();
    }
    zt_event *at = &e->items[e->n++];
    *at = (zt_event){event->type, event->state, "", event->zxid, event->last};
    snprintf(at->path, sizeof at->path, "%s", event->path ? event->path : "(null)");
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

zobo_watcher
zt_events_watcher(zt_events *e)
{
    return (zobo_watcher){.fn = on_event, .arg = e};
}

zobo_watcher
zt_events_watcher_inline(zt_events *e)
{
    return (zobo_watcher){.fn = on_event, .arg = e, .flags = ZOBO_INLINE};
}

size_t
zt_events_n(zt_events *e)
{
    pthread_mutex_lock(&e->lock);
    size_t n = e->n;
    pthread_mutex_unlock(&e->lock);
    return n;
}

bool
zt_events_wait(zt_events *e, size_t n, uint32_t ms)
{
    uint64_t end = zt_now_ms() + ms;
    pthread_mutex_lock(&e->lock);
    while (e->n < n && zt_cond_wait_until(&e->changed, &e->lock, end))
        ;
    bool ok = e->n >= n;
    pthread_mutex_unlock(&e->lock);
    return ok;
}

zt_event
zt_events_at(zt_events *e, size_t i)
{
    pthread_mutex_lock(&e->lock);
    zt_event event = i < e->n ? e->items[i] : (zt_event){.path = "(none)"};
    pthread_mutex_unlock(&e->lock);
    return event;
}

size_t
zt_events_count(zt_events *e, zobo_event_type type)
{
    size_t n = 0;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < e->n; i++)
        n += e->items[i].type == type;
    pthread_mutex_unlock(&e->lock);
    return n;
}

void
zt_states_init(zt_states *s)
{
    *s = (zt_states){.n = 0};
    pthread_mutex_init(&s->lock, NULL);
    zt_cond_init(&s->changed);
}

void
zt_states_destroy(zt_states *s)
{
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
}

void
zt_states_listener(void *arg, zobo_state state)
{
    zt_states *s = arg;
    pthread_mutex_lock(&s->lock);
    if (s->n < sizeof s->items / sizeof s->items[0])
        s->items[s->n++] = state;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

size_t
zt_states_n(zt_states *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

long
zt_states_wait(zt_states *s, size_t from, zobo_state state, uint32_t ms)
{
    uint64_t end = zt_now_ms() + ms;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        for (; from < s->n; from++)
            if (s->items[from] == state) {
                pthread_mutex_unlock(&s->lock);
                return (long)from;
            }
        if (!zt_cond_wait_until(&s->changed, &s->lock, end) && from >= s->n)
            break;
    }
    pthread_mutex_unlock(&s->lock);
    return -1;
}

const char *
zt_states_text(zt_states *s, char *buf, size_t size)
{
    size_t at = 0;
    buf[0] = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n && at < size; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s%s", i ? " " : "", zobo_state_name(s->items[i]));
    pthread_mutex_unlock(&s->lock);
    return buf;
}
