/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/removal.h"

/* When a client is closed, what waits is asked to give up again and again until it does; one that is only stopped, and
 * started and stopped again before it has a connection, asks less often than this. */
enum { STOPS_MAX = 16, STOPPING_MS = 20 };

static void on_state(void *arg, zobo_state state);
static void stopped_again(void *arg, zobo_err why);

static void
end(zr_removal *m, zobo_err err)
{
    m->err = err;
    zr_op_end(&m->op, ZOBO_OK, NULL);
}

static void
wait_for_client(zr_removal *m)
{
    zobo_client *client = m->op.recipe->client;
    if (zobo_connected(client)) { /* it is about to be stopped: that ends the pause */
        zr_pause(&m->op, STOPPING_MS, m->op.begin);
        return;
    }
    zobo_err err = zobo_promise_new(client, NULL, stopped_again, m, NULL, &m->waiting);
    if (!err) {
        err = zobo_add_inline_listener(client, on_state, m);
        if (err)
            zobo_promise_keep(m->waiting, err, NULL);
    }
    if (err)
        end(m, err);
    else
        m->op.refs++; /* the promise's */
}

static zr_op *
waited(zr_removal *m)
{
    zobo_promise *waiting = m->waiting;
    m->waiting = NULL;
    zobo_remove_listener(m->op.recipe->client, on_state, m);
    zobo_promise_keep(waiting, ZOBO_OK, NULL);
    return zr_back(&m->op);
}

static void
on_state(void *arg, zobo_state state)
{
    zr_removal *m = arg;
    if (state != ZOBO_CONNECTED || !m->waiting)
        return;
    zr_op *op = waited(m);
    if (op) {
        m->stops = 0;
        op->begin(op);
    }
}

static void
give_up(zr_op *op, zobo_err why)
{
    zr_removal *m = (zr_removal *)op;
    if (why == ZOBO_EFORKED)
        end(m, why);
    else
        wait_for_client(m);
}

static void
stopped_again(void *arg, zobo_err why)
{
    zr_removal *m = arg;
    if (!waited(m))
        return;
    if (++m->stops > STOPS_MAX)
        end(m, why);
    else
        wait_for_client(m);
}

static void
removed(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (op && !zr_retry(op, err, op->begin))
        end((zr_removal *)op, err);
}

static void
begin(zr_op *op)
{
    zobo_how how = zr_op_how(op, removed);
    zr_sent(op, zobo_delete_async(op->recipe->client, ((zr_removal *)op)->path, -1, &how, NULL), removed);
}

static void
destroy(zr_op *op)
{
    zr_removal *m = (zr_removal *)op;
    m->over(m, m->err);
}

void
zr_remove(zr_recipe *r, zr_removal *m, const char *path, void (*over)(zr_removal *m, zobo_err err))
{
    *m = (zr_removal){.op = {.begin = begin, .give_up = give_up, .destroy = destroy}, .path = path, .over = over};
    zr_op_begin_quiet(r, &m->op);
}
