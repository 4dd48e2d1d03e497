/* SPDX-License-Identifier: Apache-2.0 */
#include "sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

static int
by_id(const void *a, const void *b)
{
    const struct live *x = a, *y = b;
    if (x->id != y->id)
        return (uint64_t)x->id < (uint64_t)y->id ? -1 : 1;
    /* of the same session the one with a connection first, of two connections the younger */
    if ((x->connection == NULL) != (y->connection == NULL))
        return x->connection == NULL ? 1 : -1;
    if (x->connection == NULL)
        return 0;
    return x->connection->since_ms == y->connection->since_ms  ? 0
           : x->connection->since_ms > y->connection->since_ms ? -1
                                                               : 1;
}

static int
by_path(const void *a, const void *b)
{
    const struct held_path *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order != 0 ? order : (x->session > y->session) - (x->session < y->session);
}

const struct live *
sessions_find(const struct sessions *sessions, int64_t id)
{
    size_t from = 0, to = sessions->n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if ((uint64_t)sessions->items[middle].id < (uint64_t)id)
            from = middle + 1;
        else
            to = middle;
    }
    return from < sessions->n && sessions->items[from].id == id ? &sessions->items[from] : NULL;
}

/* read_answers reads what server i has answered; tells what is missing. */
static int
read_answers(struct ensemble *e, const struct asked *asked, struct sessions *out, size_t i)
{
    int code = DONE;
    size_t told = 0;
    for (size_t topic = 0; topic < TOPIC_COUNT; topic++) {
        const struct answer *answer = &asked->answers[topic];
        if (!answer->asked)
            continue;
        if (answer->via == VIA_NOTHING) {
            /* a server that is down is told of once */
            if (code == DONE || answer->code != NO_SERVER)
                code = worse(code, told++, ensemble_tell(e, asked, (enum topic)topic));
            continue;
        }
        bool good = topic == TOPIC_CONNECTIONS ? parse_connections(answer, &out->connections[i])
                    : topic == TOPIC_DUMP      ? parse_dump(answer, &out->dumps[i])
                                               : parse_watches(answer, &out->watched[i]);
        out->has_ephemerals = out->has_ephemerals || (good && topic == TOPIC_DUMP);
        out->has_watches = out->has_watches || (good && topic == TOPIC_WATCHES);
        code = worse(code, told++, good ? DONE : ensemble_odd(e, asked, (enum topic)topic));
    }
    return code;
}

/* collect lists all sessions, some twice. */
static void
collect(const struct ensemble *e, struct sessions *out)
{
    size_t room = 0;
    for (size_t i = 0; i < out->n_servers; i++)
        room += out->connections[i].n + out->dumps[i].n + out->dumps[i].ephemerals.n;
    out->items = need_memory(room, sizeof *out->items);
    for (size_t i = 0; i < out->n_servers; i++) {
        for (size_t c = 0; c < out->connections[i].n; c++) {
            const struct connection *connection = &out->connections[i].items[c];
            if (connection->session != 0)
                out->items[out->n++] = (struct live){.id = connection->session,
                                                     .connection = connection,
                                                     .server = &e->servers[i],
                                                     .timeout_ms = connection->timeout_ms};
        }
        const struct dump *dump = &out->dumps[i];
        for (size_t s = 0; s < dump->n; s++)
            out->items[out->n++] =
                (struct live){.id = dump->sessions[s].id, .timeout_ms = dump->sessions[s].timeout_ms};
        for (size_t p = 0; p < dump->ephemerals.n; p++)
            if (p == 0 || dump->ephemerals.items[p].session != dump->ephemerals.items[p - 1].session)
                out->items[out->n++] = (struct live){.id = dump->ephemerals.items[p].session};
    }
}

/* merge makes one of those of the same id, which are sorted. */
static void
merge(struct sessions *out)
{
    qsort(out->items, out->n, sizeof *out->items, by_id);
    size_t n = 0;
    for (size_t i = 0; i < out->n; i++) {
        if (n > 0 && out->items[n - 1].id == out->items[i].id) {
            if (out->items[n - 1].timeout_ms == 0)
                out->items[n - 1].timeout_ms = out->items[i].timeout_ms;
            continue;
        }
        out->items[n] = out->items[i];
        out->items[n].ephemerals = out->has_ephemerals ? 0 : -1;
        out->items[n].watches = out->has_watches ? 0 : -1;
        n++;
    }
    out->n = n;
}

static struct held_path *
sorted(const struct session_paths *lists, size_t stride, size_t n_lists, size_t *n)
{
    size_t room = 0;
    for (size_t i = 0; i < n_lists; i++)
        room += ((const struct session_paths *)((const char *)lists + i * stride))->n;
    struct held_path *all = need_memory(room, sizeof *all);
    *n = 0;
    for (size_t i = 0; i < n_lists; i++) {
        const struct session_paths *list = (const struct session_paths *)((const char *)lists + i * stride);
        for (size_t p = 0; p < list->n; p++)
            all[(*n)++] = (struct held_path){.path = list->items[p].path, .session = list->items[p].session};
    }
    qsort(all, *n, sizeof *all, by_path);
    size_t kept = 0; /* each server tells of all ephemeral nodes: once is enough */
    for (size_t i = 0; i < *n; i++)
        if (kept == 0 || by_path(&all[kept - 1], &all[i]) != 0)
            all[kept++] = all[i];
    *n = kept;
    return all;
}

static void
count(struct sessions *out)
{
    for (size_t i = 0; i < out->n_ephemerals; i++) {
        struct live *owner = (struct live *)(uintptr_t)sessions_find(out, out->ephemerals[i].session);
        if (owner != NULL)
            owner->ephemerals++;
    }
    for (size_t i = 0; i < out->n_watches; i++) {
        struct live *watcher = (struct live *)(uintptr_t)sessions_find(out, out->watches[i].session);
        if (watcher != NULL)
            watcher->watches++;
    }
}

int
sessions_read(struct ensemble *e, unsigned topics, struct sessions *out, ensemble_wait *wait, void *arg, bool *gave_up)
{
    *out = (struct sessions){0};
    struct asked *asked = ensemble_ask(e, topics, wait, arg);
    if (asked == NULL) {
        if (gave_up != NULL)
            *gave_up = true;
        return FAILED;
    }
    out->n_servers = e->n;
    out->connections = need_memory(e->n, sizeof *out->connections);
    out->dumps = need_memory(e->n, sizeof *out->dumps);
    out->watched = need_memory(e->n, sizeof *out->watched);
    int code = DONE;
    for (size_t i = 0; i < e->n; i++)
        code = worse(code, i, read_answers(e, &asked[i], out, i));
    collect(e, out);
    merge(out);
    out->ephemerals = sorted(&out->dumps[0].ephemerals, sizeof *out->dumps, e->n, &out->n_ephemerals);
    out->watches = sorted(&out->watched[0], sizeof *out->watched, e->n, &out->n_watches);
    count(out);
    asked_free(asked, e->n);
    return code;
}

void
sessions_free(struct sessions *sessions)
{
    for (size_t i = 0; i < sessions->n_servers; i++) {
        connections_free(&sessions->connections[i]);
        dump_free(&sessions->dumps[i]);
        session_paths_free(&sessions->watched[i]);
    }
    free(sessions->connections);
    free(sessions->dumps);
    free(sessions->watched);
    free(sessions->ephemerals);
    free(sessions->watches);
    free(sessions->items);
    *sessions = (struct sessions){0};
}

bool
read_session_id(const char *text, int64_t *id)
{
    char hex[24];
    bool prefixed = strncmp(text, "0x", 2) == 0;
    int len = snprintf(hex, sizeof hex, "%s%s", prefixed ? "" : "0x", text);
    return len > 2 && (size_t)len < sizeof hex && span_int((struct span){hex, (size_t)len}, id);
}
