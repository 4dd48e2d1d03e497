/* SPDX-License-Identifier: Apache-2.0 */
/* All recipes: what kazoo and Curator build from ZooKeeper's nodes. zobo.h does not include them.
 *
 *   lock.h      one at a time, one writer or many readers
 *   watchers.h  following one node */
#ifndef ZOBO_RECIPES_H
#define ZOBO_RECIPES_H

#include <zobo/lock.h>
#include <zobo/watchers.h>

#endif
