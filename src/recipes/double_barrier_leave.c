/* SPDX-License-Identifier: Apache-2.0 */
/* The way out. */
#include "recipes/double_barrier.h"

static void list(zr_op *op);

void
zr_passage_left(zr_passage *p, zobo_err err)
{
    zobo_double_barrier *b = barrier_of(&p->op);
    zr_passage_close_eyes(p);
    if (p->gone) {
        zr_barrier_forget_own(b);
        b->place = OUTSIDE;
    } else {
        zr_barrier_step_out(b);
    }
    zr_op_end(&p->op, err, NULL);
}

static void remove_own(zr_op *op);
static void remove_ready(zr_op *op);
static void list_on(zr_op *op);

static void
own_removed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = (zr_passage *)zr_back(arg);
    (void)reply;
    if (!p || zr_retry(&p->op, err, remove_own))
        return;
    if (err && err != ZOBO_ENONODE) {
        zr_passage_left(p, err);
        return;
    }
    p->gone = true;
    if (p->last)
        zr_passage_left(p, ZOBO_OK);
    else
        list(&p->op);
}

static void
remove_own(zr_op *op)
{
    zobo_double_barrier *b = barrier_of(op);
    zr_barrier_forget_own(b);
    zobo_how how = zr_op_how(op, own_removed);
    zr_sent(op, zobo_delete_async(b->r.client, b->own, -1, &how, NULL), own_removed);
}

static void
ready_removed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = (zr_passage *)zr_back(arg);
    (void)reply;
    if (!p || zr_retry(&p->op, err, remove_ready))
        return;
    if (err && err != ZOBO_ENONODE)
        zr_passage_left(p, err);
    else if (p->gone)
        list(&p->op);
    else
        remove_own(&p->op);
}

static void
remove_ready(zr_op *op)
{
    zobo_double_barrier *b = barrier_of(op);
    zobo_how how = zr_op_how(op, ready_removed);
    zr_sent(op, zobo_delete_async(b->r.client, b->ready, -1, &how, NULL), ready_removed);
}

static void
grace_over(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = (zr_passage *)zr_back(arg);
    (void)reply;
    if (!p)
        return;
    p->grace = false;
    p->has_ready = !err; /* to be removed, if it still is like that */
    zr_passage_look_again(p);
}

/* One is left, and `ready`. A zobo takes it along. A kazoo has removed it before, and if another has made it anew it
 * waits for its removal as if it were a member. But the one may also be a zobo that has been cut off, and has yet to
 * see `ready`: that has until its session is over. */
static void
start_grace(zr_passage *p)
{
    if (p->grace)
        return;
    zobo_client *client = barrier_of(&p->op)->r.client;
    zobo_how how = zr_op_how(&p->op, grace_over);
    p->grace = true;
    zr_sent(&p->op, zobo_sleep_async(client, zobo_timeout_ms(client), &how, NULL), grace_over);
}

/* Goes on with the one after who was looked at. */
static void
pass(zr_passage *p)
{
    const char *name = strrchr(p->target, '/') + 1;
    if (strlen(name) < sizeof p->passed)
        memcpy(p->passed, name, strlen(name) + 1);
    list_on(&p->op);
}

static void
target_seen(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = arg;
    bool stands = !err || err == ZOBO_ENONODE;
    /* Who has come after we went is a member of the next round, and waits for us. */
    bool next_round = p->gone && !err && reply->stat.czxid > p->gone_zxid;
    zr_op *op = zr_passage_eye_back(p, LIST, p->target, ZOBO_WATCH_DATA, stands);
    if (!op || zr_retry(op, err, list))
        return;
    if (err && err != ZOBO_ENONODE)
        zr_passage_left(p, err);
    else if (next_round)
        pass(p);
    else if (err || p->stirred)
        list(op);
    else
        p->busy = false;
}

static void
wait_for(zr_passage *p, const char *name)
{
    zobo_double_barrier *b = barrier_of(&p->op);
    zb_free(p->target);
    p->target = zr_path_child(b->path, name);
    if (!p->target || !zr_passage_open_eye(p, LIST)) {
        zr_passage_left(p, ZOBO_ENOMEM);
        return;
    }
    zobo_how how = zr_op_how(&p->op, target_seen);
    zr_sent(&p->op, zobo_exists_async(b->r.client, p->target, zr_watch_watcher(p->eyes[LIST]), &how, NULL),
            target_seen);
}

/* Who is there, but for `ready`. */
static void
sum_up(zr_passage *p, const zobo_reply *reply, const char **lowest, const char **highest, bool *ready)
{
    p->members = 0;
    p->listed = *ready = false;
    *lowest = *highest = NULL;
    for (size_t i = 0; reply && i < reply->n_children; i++) {
        const char *name = reply->children[i];
        if (!is_member(name)) {
            *ready = true;
            continue;
        }
        p->members++;
        p->listed |= strcmp(name, barrier_of(&p->op)->uuid) == 0;
        if (strcmp(name, p->passed) > 0 && (!*lowest || strcmp(name, *lowest) < 0))
            *lowest = name;
        if (!*highest || strcmp(name, *highest) > 0)
            *highest = name;
    }
}

static void
listed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_passage *p = (zr_passage *)zr_back(arg);
    const char *lowest, *highest;
    bool ready;
    if (!p || zr_retry(&p->op, err, list))
        return;
    if (err && err != ZOBO_ENONODE) {
        zr_passage_left(p, err);
        return;
    }
    sum_up(p, err ? NULL : reply, &lowest, &highest, &ready);
    bool grace_was_over = p->has_ready;
    p->has_ready = false;
    if (!p->gone && (p->rejoin || !p->listed)) {
        zr_passage_left(p, ZOBO_ELOCKLOST);
    } else if (ready && !p->members) { /* the others have not left in order, but given up or died */
        remove_ready(&p->op);
    } else if (!lowest) {
        zr_passage_left(p, ZOBO_OK);
    } else if (p->gone) {
        if (ready && p->members == 1 && grace_was_over) {
            remove_ready(&p->op);
            return;
        }
        if (ready && p->members == 1)
            start_grace(p);
        wait_for(p, lowest);
    } else if (p->members == 1) {
        p->last = true;
        remove_ready(&p->op);
    } else if (strcmp(lowest, barrier_of(&p->op)->uuid) == 0) {
        wait_for(p, highest);
    } else {
        /* All of this round are older than this; the next can only begin when the own node is gone. When that was is
         * not known if the answer is lost. */
        p->gone_zxid = reply->zxid;
        remove_own(&p->op);
    }
}

static void
list(zr_op *op)
{
    ((zr_passage *)op)->passed[0] = 0;
    list_on(op);
}

static void
list_on(zr_op *op)
{
    zr_passage *p = (zr_passage *)op;
    zr_passage_close_eyes(p);
    p->stirred = false;
    zobo_how how = zr_op_how(op, listed);
    zr_sent(op, zobo_get_children_async(op->recipe->client, barrier_of(op)->path, NULL, &how, NULL), listed);
}

void
zr_passage_begin_leave(zr_op *op)
{
    zobo_double_barrier *b = barrier_of(op);
    if (b->place == INSIDE) {
        b->place = LEAVING;
        ((zr_passage *)op)->busy = true;
        ((zr_passage *)op)->again = list;
        list(op);
        return;
    }
    zobo_err err = b->place == LOST_INSIDE ? ZOBO_ELOCKLOST : b->place == OUTSIDE ? ZOBO_ENOTHELD : ZOBO_EALREADY;
    if (b->place == LOST_INSIDE)
        b->place = OUTSIDE;
    zr_op_end(op, err, NULL);
}
