/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "tour.h"

enum { WAIT_S = 30 };

void
seen_init(struct seen *seen)
{
    memset(seen, 0, sizeof(*seen));
    pthread_mutex_init(&seen->lock, NULL);
    pthread_cond_init(&seen->changed, NULL);
}

void
seen_free(struct seen *seen)
{
    pthread_cond_destroy(&seen->changed);
    pthread_mutex_destroy(&seen->lock);
}

static void
note(struct seen *seen, zobo_event_type type, zobo_state state, const char *path)
{
    pthread_mutex_lock(&seen->lock);
    if (seen->n < SEEN_MAX) {
        struct seen_event *event = &seen->events[seen->n++];
        event->type = type;
        event->state = state;
        snprintf(event->path, sizeof(event->path), "%s", path);
    }
    pthread_cond_broadcast(&seen->changed);
    pthread_mutex_unlock(&seen->lock);
}

void
seen_state(void *seen, zobo_state state)
{
    note(seen, ZOBO_EVENT_NONE, state, "");
}

void
seen_event(void *seen, const zobo_event *event)
{
    note(seen, event->type, event->state, event->path);
}

/* Waits for the next event noted that is about the state, or is not. */
static bool
next(struct seen *seen, bool about_state, struct seen_event *out)
{
    struct timespec end;
    bool got = false;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += WAIT_S;
    pthread_mutex_lock(&seen->lock);
    for (;;) {
        while (seen->shown < seen->n && (seen->events[seen->shown].type == ZOBO_EVENT_NONE) != about_state) {
            seen->shown++;
        }
        if (seen->shown < seen->n) {
            *out = seen->events[seen->shown++];
            got = true;
            break;
        }
        if (pthread_cond_timedwait(&seen->changed, &seen->lock, &end) != 0) {
            break;
        }
    }
    pthread_mutex_unlock(&seen->lock);
    return got;
}

void
seen_want_state(struct seen *seen, zobo_state state)
{
    struct seen_event event;
    bool got = next(seen, true, &event);
    expect(got, "the listener was not told of %s within %d s", zobo_state_name(state), WAIT_S);
    show_got("listener: %s", zobo_state_name(event.state));
    expect(event.state == state, "the listener should have been told of %s", zobo_state_name(state));
}

void
seen_want(struct seen *seen, zobo_event_type type, const char *path)
{
    struct seen_event event;
    bool got = next(seen, false, &event);
    expect(got, "the watcher was not told of %s within %d s", zobo_event_name(type), WAIT_S);
    show_got("watcher: %s %s", zobo_event_name(event.type), event.path);
    expect(event.type == type && strcmp(event.path, path) == 0, "the watcher should have been told of %s %s",
           zobo_event_name(type), path);
}
