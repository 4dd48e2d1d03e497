/* SPDX-License-Identifier: Apache-2.0 */
/* zobo: a ZooKeeper client that heals itself. This header is all of it but the recipes (locks, queues,
 * ...), which are in recipes.h. A program is built with
 *
 *   cc program.c -o program $(pkg-config --cflags --libs zobo)
 *
 * Each part has a page of the manual, such as zobo_ops(3):
 *
 *   errors.h       errors and their classes
 *   types.h        stats, ACLs, events, states, replies
 *   retry.h        trying again
 *   client.h       options, start and stop, state, counters, event loops
 *   call.h         operations under way
 *   ops.h          the verbs: create, get, set, delete, ...
 *   transaction.h  several operations as one
 *   acl.h          ACLs and credentials
 *   path.h         what a path may be
 *   version.h      which zobo this is
 *   recipes.h      recipes: not included here
 *   extend.h       what recipes are built from: not included here */
#ifndef ZOBO_ZOBO_H
#define ZOBO_ZOBO_H

#include <zobo/acl.h>
#include <zobo/call.h>
#include <zobo/client.h>
#include <zobo/errors.h>
#include <zobo/ops.h>
#include <zobo/path.h>
#include <zobo/retry.h>
#include <zobo/transaction.h>
#include <zobo/types.h>
#include <zobo/version.h>

#endif
