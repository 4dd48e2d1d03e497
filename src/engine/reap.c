/* SPDX-License-Identifier: Apache-2.0 */
/* Containers and TTL nodes whose time has come: every container_check_ms the snapshot's list of them is walked, some at
 * a time, and for each that may go a job is queued, which looks again. */
#include "engine/engine_internal.h"

enum { REAP_STEP = 1000, REAP_PAUSE_MS = 10 };

/* How many may go in one round. */
static size_t
allowance(const zs_engine_options *o)
{
    uint64_t n = (uint64_t)o->containers_per_minute * o->container_check_ms / 60000;
    return n ? (size_t)n : 1;
}

static void
reap(zs_engine *e, zb_buf path, uint64_t serial)
{
    zs_job *job = zs_engine_job(e, ZS_JOB_REAP, NULL, path.p, (size_t)path.n);
    if (job)
        job->serial = serial;
    e->reap_left--;
}

zb_time
zs_reap_tick(zs_engine *e)
{
    const zs_engine_options *o = &e->options;
    if (e->reap_serial == 0)
        e->reap_left = allowance(o);
    for (int i = 0; i < REAP_STEP && e->reap_left > 0 && e->health == ZS_HEALTHY; i++) {
        zb_buf path;
        if (zs_expiring_after(e->snapshot, &e->reap_serial, &path)) {
            e->reap_left = 0;
            break;
        }
        if (zs_exec_may_reap(e->snapshot, path, e->reap_serial, e->wall_ms, o->container_never_used_ms))
            reap(e, path, e->reap_serial);
    }
    if (e->reap_left > 0 && e->health == ZS_HEALTHY)
        return e->now + ZB_MS(REAP_PAUSE_MS);
    e->reap_serial = 0;
    return e->now + ZB_MS(o->container_check_ms);
}
