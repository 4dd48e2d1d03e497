/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of service discovery share. */
#ifndef ZR_DISCOVERY_H
#define ZR_DISCOVERY_H

#include "recipes/presence.h"
#include "recipes/service_text.h"

struct zobo_discovery {
    zr_recipe r; /* first */
    char *base;
    zobo_acl_list acl;
    bool has_acl;
    zb_link entries; /* what is registered; strand */
};

/* BASE/NAME. NULL: no memory. */
char *zr_service_path(const char *base, const char *name);
ZOBO_MUST_CHECK zobo_err zr_check_service_name(const char *base, const char *name, zobo_problem *why);

#endif
