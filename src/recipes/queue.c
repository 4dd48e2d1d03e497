/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/line.h"

struct zobo_queue {
    zr_line line;
};

zobo_err
zobo_queue_new(zobo_client *client, const char *path, const zobo_queue_options *options, zobo_queue **out,
               zobo_problem *why)
{
    zr_line *l;
    zobo_err err = zr_line_make(client, path, options, false, sizeof(zobo_queue), &l, why);
    *out = (zobo_queue *)l;
    return err;
}

void
zobo_queue_free(zobo_queue *q)
{
    if (q)
        zr_recipe_free(&q->line.r);
}

zobo_err
zobo_queue_put_async(zobo_queue *q, const void *data, size_t len, int priority, const zobo_how *how, zobo_call **call)
{
    if (call)
        *call = NULL;
    if (priority < 0 || priority > ZOBO_PRIORITY_MAX)
        return ZOBO_EINVAL;
    return zr_line_put(&q->line, data, len, priority, how, call);
}

zobo_err
zobo_queue_put(zobo_queue *q, const void *data, size_t len, int priority, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_queue_put_async(q, data, len, priority, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_queue_get_async(zobo_queue *q, const zobo_how *how, zobo_call **call)
{
    return zr_line_get(&q->line, true, how, call);
}

zobo_err
zobo_queue_get(zobo_queue *q, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_queue_get_async(q, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_queue_try_get_async(zobo_queue *q, const zobo_how *how, zobo_call **call)
{
    return zr_line_get(&q->line, false, how, call);
}

zobo_err
zobo_queue_try_get(zobo_queue *q, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_queue_try_get_async(q, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_queue_len_async(zobo_queue *q, const zobo_how *how, zobo_call **call)
{
    return zr_len(&q->line.r, q->line.path, how, call);
}

zobo_err
zobo_queue_len(zobo_queue *q, uint32_t timeout_ms, int32_t *len)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_queue_len_async(q, &how, &call);
    return zr_len_wait(err, call, len);
}
