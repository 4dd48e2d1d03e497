/* SPDX-License-Identifier: Apache-2.0 */
/* What the makers of recipes check of what they are given. Each fills `why` (may be NULL). */
#ifndef ZR_CHECKS_H
#define ZR_CHECKS_H

#include <zobo/types.h>

/* That there is a client. */
ZOBO_MUST_CHECK zobo_err zr_check_client(const zobo_client *client, zobo_problem *why);
/* A path below which nodes are made. */
ZOBO_MUST_CHECK zobo_err zr_check_path(const char *path, zobo_problem *why);
/* A path of a node whose data are the recipe's own: not "/". */
ZOBO_MUST_CHECK zobo_err zr_check_place(const char *path, zobo_problem *why);
/* The name of a child of `path`: prefix and name together. */
ZOBO_MUST_CHECK zobo_err zr_check_name(const char *path, const char *prefix, const char *name, zobo_problem *why);
ZOBO_MUST_CHECK zobo_err zr_check_acl(const zobo_acl_list *acl, zobo_problem *why);
ZOBO_MUST_CHECK zobo_err zr_check_data(const void *data, size_t len, zobo_problem *why);
/* zr_explain returns err, of which there is nothing more to be said than its own text. */
zobo_err zr_explain(zobo_err err, zobo_problem *why);
ZOBO_MUST_CHECK zobo_err zr_no_memory(zobo_problem *why);

enum { ZR_HOST_MAX = 256 };

/* zr_host_name writes this host's name. False: the system does not tell. */
bool zr_host_name(char out[ZR_HOST_MAX]);

#endif
