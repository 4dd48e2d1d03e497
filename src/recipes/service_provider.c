/* SPDX-License-Identifier: Apache-2.0 */
/* Picking: a cache, and what is remembered of those that were picked. Nothing here waits, so there is a lock instead of
 * the strand. */
#include <string.h>
#include <time.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/service_cache.h"

enum { DOWN_THRESHOLD = 2, DOWN_TIMEOUT_MS = 30000 };

/* An instance that did not work. */
typedef struct trouble {
    zb_link link;
    int64_t since_ms;
    uint32_t errors;
    char id[];
} trouble;

struct zobo_service_provider {
    zobo_service_cache *cache;
    zobo_service_provider_options o;
    pthread_mutex_t lock;
    uint64_t turn;
    zb_rng rng;
    char *sticky; /* the id of the one that is kept to */
    zb_link troubles;
};

/* Not the time of day, which may jump. */
static int64_t
monotonic_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
release(zobo_service_provider *p)
{
    zb_link *l;
    while ((l = zb_list_pop_front(&p->troubles)) != NULL)
        zb_free(ZB_CONTAINER_OF(l, trouble, link));
    zb_free(p->sticky);
    pthread_mutex_destroy(&p->lock);
    zb_free(p);
}

zobo_err
zobo_service_provider_new(zobo_client *client, const char *base, const char *name,
                          const zobo_service_provider_options *options, zobo_service_provider **out, zobo_problem *why)
{
    zobo_service_provider_options o;
    char uuid[ZR_UUID];
    zb_problem_clear(why);
    if (out)
        *out = NULL;
    if (!client || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no client, or nowhere to put the provider");
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_service_provider_options, options, down_timeout_ms, why);
    if (!err && (unsigned)o.strategy > ZOBO_SERVICE_STICKY)
        err = zb_problem(why, ZOBO_EBADOPTION, 0, "there is no such strategy");
    if (err)
        return err;
    zobo_service_provider *p = zb_calloc(1, sizeof *p);
    if (!p)
        return zr_no_memory(why);
    zb_list_init(&p->troubles);
    if (pthread_mutex_init(&p->lock, NULL)) {
        zb_free(p);
        return zb_problem(why, ZOBO_ESYS, 0, "the system gives no lock");
    }
    p->o = o;
    p->o.down_threshold = o.down_threshold ? o.down_threshold : DOWN_THRESHOLD;
    p->o.down_timeout_ms = o.down_timeout_ms ? o.down_timeout_ms : DOWN_TIMEOUT_MS;
    zobo_uuid(client, uuid);
    memcpy(&p->rng.s, uuid, sizeof p->rng.s);
    err = zobo_service_cache_new(client, base, name, NULL, &p->cache, why);
    if (err)
        release(p);
    else
        *out = p;
    return err;
}

zobo_err
zobo_service_provider_start(zobo_service_provider *p)
{
    return zobo_service_cache_start(p->cache);
}

zobo_err
zobo_service_provider_wait(zobo_service_provider *p, uint32_t timeout_ms)
{
    return zobo_service_cache_wait(p->cache, timeout_ms);
}

zobo_err
zobo_service_provider_wait_async(zobo_service_provider *p, const zobo_how *how, zobo_call **call)
{
    return zobo_service_cache_wait_async(p->cache, how, call);
}

zobo_err
zobo_service_provider_get(zobo_service_provider *p, zobo_service_list **out)
{
    return zobo_service_cache_get(p->cache, out);
}

/* --- those that do not work --- */

static trouble *
find_trouble(zobo_service_provider *p, const char *id)
{
    for (zb_link *l = p->troubles.next; l != &p->troubles; l = l->next) {
        trouble *t = ZB_CONTAINER_OF(l, trouble, link);
        if (strcmp(t->id, id) == 0)
            return t;
    }
    return NULL;
}

/* Forgives those whose time is over. */
static void
forgive(zobo_service_provider *p)
{
    int64_t now = p->troubles.next == &p->troubles ? 0 : monotonic_ms();
    for (zb_link *l = p->troubles.next, *next; l != &p->troubles; l = next) {
        trouble *t = ZB_CONTAINER_OF(l, trouble, link);
        next = l->next;
        if (now - t->since_ms >= (int64_t)p->o.down_timeout_ms) {
            zb_list_remove(l);
            zb_free(t);
        }
    }
}

static bool
is_known(zobo_service_provider *p, const char *id)
{
    zobo_service_list *list;
    bool known = false;
    if (zobo_service_cache_get(p->cache, &list))
        return false;
    for (size_t i = 0; i < list->n && !known; i++)
        known = strcmp(list->items[i].id, id) == 0;
    zobo_service_list_free(list);
    return known;
}

zobo_err
zobo_service_provider_note_error(zobo_service_provider *p, const char *id)
{
    zobo_err err = ZOBO_OK;
    if (!id)
        return ZOBO_EINVAL;
    if (!is_known(p, id))
        return ZOBO_OK;
    pthread_mutex_lock(&p->lock);
    forgive(p);
    trouble *t = find_trouble(p, id);
    if (!t) {
        size_t size = strlen(id) + 1;
        t = zb_calloc(1, sizeof *t + size);
        if (t) {
            memcpy(t->id, id, size);
            t->since_ms = monotonic_ms();
            zb_list_push_back(&p->troubles, &t->link);
        }
    }
    if (t)
        t->errors++;
    else
        err = ZOBO_ENOMEM;
    pthread_mutex_unlock(&p->lock);
    return err;
}

/* --- picking --- */

static bool
may_be_picked(zobo_service_provider *p, const zobo_service *s)
{
    const trouble *t = find_trouble(p, s->id);
    return !s->disabled && (!t || t->errors < p->o.down_threshold);
}

/* The index of the one whose id is kept to. */
static bool
find_sticky(zobo_service_provider *p, const zobo_service_list *list, const size_t *good, size_t n, size_t *at)
{
    for (size_t i = 0; i < n && p->sticky; i++) {
        if (strcmp(list->items[good[i]].id, p->sticky) == 0) {
            *at = good[i];
            return true;
        }
    }
    return false;
}

/* Locked. `good` are the indexes of the n that may be picked. */
static zobo_err
choose(zobo_service_provider *p, const zobo_service_list *list, const size_t *good, size_t n, size_t *at)
{
    if (p->o.strategy == ZOBO_SERVICE_ROUND_ROBIN) {
        *at = good[p->turn++ % n];
        return ZOBO_OK;
    }
    if (p->o.strategy == ZOBO_SERVICE_STICKY && find_sticky(p, list, good, n, at))
        return ZOBO_OK;
    *at = good[zb_rng_below(&p->rng, n)];
    if (p->o.strategy == ZOBO_SERVICE_STICKY) {
        char *id = zr_strdup(list->items[*at].id);
        if (!id)
            return ZOBO_ENOMEM;
        zb_free(p->sticky);
        p->sticky = id;
    }
    return ZOBO_OK;
}

zobo_err
zobo_service_provider_pick(zobo_service_provider *p, zobo_service_list **out)
{
    zobo_service_list *list;
    size_t n = 0, at = 0;
    if (!out)
        return ZOBO_EINVAL;
    *out = NULL;
    zobo_err err = zobo_service_cache_get(p->cache, &list);
    if (err)
        return err;
    size_t *good = zb_malloc((list->n + 1) * sizeof *good);
    if (good) {
        pthread_mutex_lock(&p->lock);
        forgive(p);
        for (size_t i = 0; i < list->n; i++) {
            if (may_be_picked(p, &list->items[i]))
                good[n++] = i;
        }
        err = n ? choose(p, list, good, n, &at) : ZOBO_EEMPTY;
        pthread_mutex_unlock(&p->lock);
    }
    if (good && !err)
        *out = zr_service_list_pick(list, at);
    if (!err && !*out)
        err = ZOBO_ENOMEM;
    zb_free(good);
    zobo_service_list_free(list);
    return err;
}

void
zobo_service_provider_free(zobo_service_provider *p)
{
    if (!p)
        return;
    zobo_service_cache_free(p->cache);
    release(p);
}
