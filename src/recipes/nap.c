/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/nap.h"

void
zr_nap_init(zr_nap *nap, zr_recipe *r, void (*over)(zr_recipe *r))
{
    *nap = (zr_nap){.r = r, .over = over};
}

/* The client may have been stopped and started again since: its state alone tells. */
static void
look_up(zr_nap *nap)
{
    nap->idle = nap->idle && !zobo_connected(nap->r->client);
}

static void
woken(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_nap *nap = arg;
    zr_recipe *r = nap->r;
    (void)reply;
    zobo_call_free(nap->call);
    nap->call = NULL;
    nap->idle = nap->idle || err == ZOBO_ESTOPPED;
    look_up(nap);
    nap->over(r);
    zr_unref(r);
}

void
zr_nap_take(zr_nap *nap, uint32_t patience)
{
    zobo_how how = {.done = woken, .arg = nap, .flags = ZOBO_INLINE};
    if (zr_nap_rests(nap) || nap->r->gone)
        return;
    uint32_t ms = patience * zr_back_off_ms(nap->r, nap->tries++);
    zr_ref(nap->r);
    if (zobo_sleep_async(nap->r->client, ms, &how, &nap->call)) {
        nap->call = NULL;
        nap->idle = true;
        zr_unref(nap->r);
    }
}

void
zr_nap_wake(zr_nap *nap)
{
    look_up(nap);
    if (nap->call)
        zobo_call_cancel(nap->call); /* woken comes soon, and goes on */
    else
        nap->over(nap->r);
}

void
zr_nap_cancel(zr_nap *nap)
{
    if (nap->call)
        zobo_call_cancel(nap->call);
}

void
zr_nap_connected(zr_nap *nap)
{
    nap->idle = false;
    nap->tries = 0;
}
