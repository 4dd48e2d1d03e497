/* SPDX-License-Identifier: Apache-2.0 */
/* kazoo's DataWatch. */
#include "recipes/told_watch.h"

struct zobo_data_watch {
    zr_told_watch w; /* first */
    zobo_data_watch_fn *fn;
    void *arg;
};

static void
call_user(zr_told_watch *w, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    zobo_data_watch *watch = (zobo_data_watch *)w;
    watch->fn(watch->arg, watch, err, reply, event);
}

static void
fill(zr_told_watch *w, const void *arg)
{
    zobo_data_watch *watch = (zobo_data_watch *)w;
    const zobo_data_watch *from = arg;
    watch->fn = from->fn;
    watch->arg = from->arg;
}

zobo_err
zobo_data_watch_new(zobo_client *client, const char *path, zobo_data_watch_fn *fn, void *arg,
                    const zobo_watch_options *options, zobo_data_watch **out, zobo_problem *why)
{
    zr_told_watch *w = NULL;
    zobo_data_watch from = {.fn = fn, .arg = arg};
    *out = NULL;
    if (!fn)
        return zb_problem(why, ZOBO_EINVAL, 0, "no function to be told");
    zobo_err err = zr_told_watch_new(sizeof from, client, path, false, options, call_user, fill, &from, &w, why);
    *out = (zobo_data_watch *)w;
    return err;
}

void
zobo_data_watch_free(zobo_data_watch *watch)
{
    if (watch)
        zr_recipe_free(&watch->w.node.r);
}
