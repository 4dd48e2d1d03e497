/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/hold.h"

enum { KNOWN_MAX = 64, FRESH_MS = 3000 };

struct known {
    char *path; /* NULL: a free place */
    char **names;
    size_t n;
    uint64_t at_ms; /* 0: to be asked for again */
    uint64_t used;
};

struct nodes {
    struct known known[KNOWN_MAX];
    uint64_t uses;
};

struct nodes *
nodes_new(void)
{
    return need_memory(1, sizeof(struct nodes));
}

static void
forget(struct known *known)
{
    for (size_t i = 0; i < known->n; i++)
        free(known->names[i]);
    free(known->names);
    free(known->path);
    *known = (struct known){0};
}

void
nodes_free(struct nodes *nodes)
{
    for (size_t i = 0; nodes != NULL && i < KNOWN_MAX; i++)
        forget(&nodes->known[i]);
    free(nodes);
}

static struct known *
find(struct nodes *nodes, const char *path, size_t len)
{
    for (size_t i = 0; i < KNOWN_MAX; i++)
        if (nodes->known[i].path != NULL && strncmp(nodes->known[i].path, path, len) == 0 &&
            nodes->known[i].path[len] == '\0')
            return &nodes->known[i];
    return NULL;
}

void
nodes_forget(struct nodes *nodes, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct known *own = nodes == NULL ? NULL : find(nodes, path, strlen(path));
    struct known *parent =
        nodes == NULL || slash == NULL ? NULL : find(nodes, path, slash == path ? 1 : (size_t)(slash - path));
    if (own != NULL)
        forget(own);
    if (parent != NULL)
        forget(parent);
}

void
nodes_age(struct nodes *nodes)
{
    for (size_t i = 0; nodes != NULL && i < KNOWN_MAX; i++)
        nodes->known[i].at_ms = 0;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct question {
    bool over;
    zobo_err err;
    char **names;
    size_t n;
};

static int
compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
answered(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct question *question = arg;
    question->over = true;
    question->err = err;
    if (err != ZOBO_OK)
        return;
    question->n = reply->n_children;
    question->names = need_memory(reply->n_children, sizeof *question->names);
    for (size_t i = 0; i < reply->n_children; i++)
        question->names[i] = need_copy(reply->children[i]);
    qsort(question->names, question->n, sizeof *question->names, compare);
}

/* ask asks the server, and returns when it has answered or the time is over. */
static struct question
ask(struct ctx *ctx, const char *path, uint64_t deadline)
{
    struct question question = {.err = ZOBO_ENOCONNECTION};
    uint64_t now = now_ms();
    zobo_call *call;
    zobo_how how = {.done = answered, .arg = &question, .timeout_ms = now < deadline ? (uint32_t)(deadline - now) : 1};
    if (zobo_path_check(path, false, NULL) != ZOBO_OK ||
        zobo_get_children_async(ctx->client, path, NULL, &how, &call) != ZOBO_OK)
        return question;
    while (!question.over) {
        now = now_ms();
        if (now >= deadline)
            zobo_call_cancel(call); /* which ends it: it knows `question` */
        if (turn(ctx, now < deadline ? (int)(deadline - now) : 0) != ZOBO_OK)
            deadline = 0;
    }
    zobo_call_free(call);
    return question;
}

/* place_for gives a free place, else the one whose last use is longest ago. */
static struct known *
place_for(struct nodes *nodes)
{
    struct known *place = &nodes->known[0];
    for (size_t i = 1; i < KNOWN_MAX && place->path != NULL; i++)
        if (nodes->known[i].path == NULL || nodes->known[i].used < place->used)
            place = &nodes->known[i];
    forget(place);
    return place;
}

/* would_serve tells whether a session would be one with a server of our own, which is not started for this. */
static bool
would_serve(const struct ctx *ctx)
{
    if (ctx->local == NULL)
        return false;
    size_t size = strlen(ctx->local) + sizeof "/zobo.sock";
    char *name = need_memory(size, 1);
    snprintf(name, size, "%s/zobo.sock", ctx->local);
    bool served = access(name, R_OK | W_OK) == 0;
    free(name);
    return !served;
}

char **
nodes_children(struct nodes *nodes, struct ctx *ctx, const char *path, uint64_t deadline, size_t *n)
{
    struct known *known = find(nodes, path, strlen(path));
    bool fresh = known != NULL && known->at_ms != 0 && now_ms() < known->at_ms + FRESH_MS;
    if (!fresh && ctx->shell == NULL && (would_serve(ctx) || need_session(ctx) != DONE))
        return *n = 0, NULL;
    if (!fresh && ctx->client != NULL && zobo_connected(ctx->client)) {
        struct question question = ask(ctx, path, deadline);
        if (known == NULL && question.err == ZOBO_OK)
            known = place_for(nodes);
        if (known != NULL && (question.err == ZOBO_OK || question.err == ZOBO_ENONODE))
            forget(known);
        if (question.err == ZOBO_OK && known != NULL)
            *known =
                (struct known){.path = need_copy(path), .names = question.names, .n = question.n, .at_ms = now_ms()};
        else if (question.err == ZOBO_ENONODE)
            known = NULL;
    }
    if (known != NULL)
        known->used = ++nodes->uses;
    *n = known == NULL ? 0 : known->n;
    return known == NULL ? NULL : known->names;
}
