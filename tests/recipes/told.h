/* SPDX-License-Identifier: Apache-2.0 */
/* What a watch was told, as text. */
#ifndef ZT_TOLD_H
#define ZT_TOLD_H

#include "recipes/pair.h"

#include <zobo/watchers.h>

typedef struct told {
    pthread_mutex_t lock;
    char text[8192]; /* " value/EVENT" for each call */
    size_t calls;
    pthread_mutex_t gate;  /* held by the test: the callback waits */
    atomic_size_t arrived; /* callbacks that have come to the gate */
    bool free_it;
    size_t calls_before_free;
    zobo_client *stop;
} told;

void told_init(told *t);
void told_destroy(told *t);

/* The callbacks: they note, and free their watch if told to. */
zobo_data_watch_fn data_told;
zobo_children_watch_fn children_told;

size_t calls(told *t);
bool ends_with(told *t, const char *end);
size_t words(const char *text);

/* What it was told is `want`, and nothing more comes. */
#define expect(t, want)                                                                                                \
    do {                                                                                                               \
        UNTIL(calls(t) >= words(want));                                                                                \
        settle();                                                                                                      \
        assert_string_equal((t)->text, want);                                                                          \
    } while (0)

/* Hits its arg, a zt_latch. */
zobo_done_fn hit;

/* Lets everything that is under way come to its end: what c asks now is answered after it, and told after it, four
 * times over (an event, a reading, another one, the callback). */
void settle(void);

/* Options for both kinds of watches. */
extern const zobo_watch_options one_shot;
extern const zobo_watch_options *const ways[2];

/* A watch of c's on /n; t is made for it. */
zobo_data_watch *watch_data(told *t, const zobo_watch_options *options);
zobo_children_watch *watch_children(told *t, const zobo_watch_options *options);

/* No watch of c's is left, here or on the server. */
void nothing_left(void);

#endif
