/* SPDX-License-Identifier: Apache-2.0 */
/* Service instances: as JSON, and as lists that are shared. */
#ifndef ZR_SERVICE_TEXT_H
#define ZR_SERVICE_TEXT_H

#include <stdatomic.h>

#include <zobo/discovery.h>

#include "recipes/text.h"

enum { ZR_UUID_DASHED = 37 };

/* An instance that has been read, with all that it points to. Never changed; any thread. */
typedef struct zr_service {
    atomic_int refs;
    zobo_service it;
} zr_service;

/* zr_service_parse reads one. ZOBO_EBADDATA: it is none; ZOBO_ENOMEM. */
ZOBO_MUST_CHECK zobo_err zr_service_parse(const void *data, size_t len, zr_service **out);
void zr_service_ref(zr_service *s);
void zr_service_unref(zr_service *s); /* NULL is ignored */

/* zr_service_check tells whether it can be written: zobo_service_format's errors. `id` need not be set. */
ZOBO_MUST_CHECK zobo_err zr_service_check(const zobo_service *service, zobo_problem *why);
/* zr_service_write writes one that has been checked, and has an id. */
void zr_service_write(const zobo_service *service, zr_text *out);

/* A list refers to its instances; n may be 0. They are sorted by id. NULL: no memory. */
zobo_service_list *zr_service_list_new(zr_service *const *items, size_t n, size_t unreadable);
void zr_service_list_ref(zobo_service_list *list);
/* zr_service_list_pick makes a list of the i-th alone. */
zobo_service_list *zr_service_list_pick(const zobo_service_list *list, size_t i);

/* zr_uuid_dashed turns 32 digits into 8-4-4-4-12, as Java writes them. */
void zr_uuid_dashed(const char *digits, char out[ZR_UUID_DASHED]);

#endif
