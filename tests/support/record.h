/* SPDX-License-Identifier: Apache-2.0 */
/* Recorders: callbacks that note what they were told, for the test's thread to wait for and look at. */
#ifndef ZT_RECORD_H
#define ZT_RECORD_H

#include <pthread.h>

#include <zobo/zobo.h>

/* One completion. Records are made by zt_calls_how, one for each call. */
typedef struct zt_done {
    struct zt_calls *calls;
    int times; /* told; 1 is right */
    zobo_err err;
    char path[256]; /* of the reply; cut */
    char data[256];
    size_t data_len;
    bool has_stat;
    zobo_stat stat;
    size_t n_children;
    pthread_t thread;
    size_t order; /* it was the order-th of its set to complete, from 0 */
} zt_done;

/* A set of `n` completions. */
typedef struct zt_calls {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    zt_done *items;
    size_t n, used, completed;
} zt_calls;

void zt_calls_init(zt_calls *c, size_t n);
void zt_calls_destroy(zt_calls *c);

/* zt_calls_how takes the next record of the set: a zobo_how that fills it. */
zobo_how zt_calls_how(zt_calls *c);
zobo_how zt_calls_how_inline(zt_calls *c);

/* zt_calls_wait waits until all records taken are filled. */
bool zt_calls_wait(zt_calls *c, uint32_t ms);
size_t zt_calls_completed(zt_calls *c);
size_t zt_calls_count(zt_calls *c, zobo_err err);         /* records filled with that error */
size_t zt_calls_count_class(zt_calls *c, zobo_class cls); /* records filled with an error of that class */
bool zt_calls_once_each(zt_calls *c);                     /* every record taken was told exactly once */

typedef struct zt_event {
    zobo_event_type type;
    zobo_state state;
    char path[256];
    int64_t zxid;
    bool last;
} zt_event;

/* What a watcher was told. */
typedef struct zt_events {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    zt_event *items;
    size_t n, cap;
} zt_events;

void zt_events_init(zt_events *e);
void zt_events_destroy(zt_events *e);
zobo_watcher zt_events_watcher(zt_events *e);
zobo_watcher zt_events_watcher_inline(zt_events *e);
size_t zt_events_n(zt_events *e);
bool zt_events_wait(zt_events *e, size_t n, uint32_t ms); /* at least n events */
zt_event zt_events_at(zt_events *e, size_t i);
size_t zt_events_count(zt_events *e, zobo_event_type type);

/* What a listener was told. */
typedef struct zt_states {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    zobo_state items[256];
    size_t n;
} zt_states;

void zt_states_init(zt_states *s);
void zt_states_destroy(zt_states *s);
void zt_states_listener(void *s, zobo_state state); /* a zobo_listener_fn */
size_t zt_states_n(zt_states *s);

/* zt_states_wait waits until `state` has been told at index `from` or later; returns its index, -1 when not in time. */
long zt_states_wait(zt_states *s, size_t from, zobo_state state, uint32_t ms);

/* zt_states_text writes all of them as "CONNECTED SUSPENDED ...". */
const char *zt_states_text(zt_states *s, char *buf, size_t size);

#endif
