/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/sentry.h"

/* An op for which nobody waits. Whoever has posted it has a reference, so that it is there until it is dismissed, also
 * when it has ended before (the client was stopped). */
struct zr_sentry {
    zr_op op; /* first */
    char *path;
    zr_watch *watch; /* stands, or is on its way */
    zr_watch *asked; /* the same, until the answer is there */
    void (*gone)(void *owner);
    void *owner;
};

static void look(zr_op *op);

static void
destroy(zr_op *op)
{
    zb_free(((zr_sentry *)op)->path);
    zb_free(op);
}

static void
event_told(void *owner, const zobo_event *event)
{
    zr_sentry *s = owner;
    s->watch = NULL;
    if (s->op.ended)
        return;
    if (event->type == ZOBO_EVENT_DELETED)
        s->gone(s->owner);
    else
        look(&s->op);
}

static void
looked(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_sentry *s = arg;
    (void)reply;
    if (s->asked) {
        zr_watch_set(s->asked, s->path, ZOBO_WATCH_DATA, !err);
        if (err && s->watch == s->asked)
            s->watch = NULL;
        s->asked = NULL;
    }
    zr_op *op = zr_back(arg);
    if (op && !zr_retry(op, err, look) && err == ZOBO_ENONODE)
        s->gone(s->owner);
}

static void
look(zr_op *op)
{
    zr_sentry *s = (zr_sentry *)op;
    zobo_how how = zr_op_how(op, looked);
    zobo_err err = ZOBO_ENOMEM;
    s->watch = s->asked = zr_watch_new(op->recipe, event_told, s);
    if (s->watch)
        err = zobo_get_async(op->recipe->client, s->path, zr_watch_watcher(s->watch), &how, NULL);
    zr_sent(op, err, looked);
}

zr_sentry *
zr_sentry_post(zr_recipe *r, const char *path, void (*gone)(void *owner), void *owner)
{
    zr_sentry *s = zb_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->op.begin = look;
    s->op.destroy = destroy;
    s->op.refs = 1; /* the poster's */
    s->gone = gone;
    s->owner = owner;
    s->path = zr_strdup(path);
    if (!s->path) {
        zb_free(s);
        return NULL;
    }
    zr_op_begin_quiet(r, &s->op);
    return s;
}

void
zr_sentry_dismiss(zr_sentry *s)
{
    if (!s)
        return;
    zr_watch_drop(s->watch);
    s->watch = NULL;
    zr_op_end(&s->op, ZOBO_OK, NULL);
    (void)zr_back(&s->op);
}
