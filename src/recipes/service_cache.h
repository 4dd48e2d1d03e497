/* SPDX-License-Identifier: Apache-2.0 */
/* A service's live list: what caches and providers have in common. */
#ifndef ZR_SERVICE_CACHE_H
#define ZR_SERVICE_CACHE_H

#include "recipes/discovery.h"
#include "recipes/listing.h"

struct zobo_service_cache {
    zr_recipe r; /* first */
    zr_listing listing;
    atomic_bool start_asked;
    atomic_bool tell_asked; /* the user will be told */
    bool started;           /* strand */
    zb_link waits;          /* strand */
    pthread_mutex_t lock;
    zobo_service_list *list; /* under the lock; never NULL */
    zobo_service_list *told; /* the last that the user was told; callback thread */
    zobo_service_cache_changed_fn *changed;
    void *changed_arg;
};

#endif
