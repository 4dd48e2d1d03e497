/* SPDX-License-Identifier: Apache-2.0 */
/* All recipes: what kazoo and Curator build from ZooKeeper's nodes. zobo.h does not include them.
 *
 *   lock.h         one at a time, one writer or many readers
 *   multi_lock.h   several locks as one
 *   semaphore.h    so many at a time
 *   election.h     one of many leads
 *   lease.h        one of many, for a time
 *   party.h        who is here
 *   partitioner.h  a set divided among those who are here
 *   discovery.h    services and where they are, as Curator has them
 *   barrier.h      waiting for all, beginning and ending together
 *   queue.h        what one puts another gets
 *   counter.h      a number or a value that all share
 *   watchers.h     following one node
 *   cache.h        a copy of a subtree */
#ifndef ZOBO_RECIPES_H
#define ZOBO_RECIPES_H

#include <zobo/barrier.h>
#include <zobo/cache.h>
#include <zobo/counter.h>
#include <zobo/election.h>
#include <zobo/lock.h>
#include <zobo/multi_lock.h>
#include <zobo/partitioner.h>
#include <zobo/party.h>
#include <zobo/queue.h>
#include <zobo/semaphore.h>
#include <zobo/watchers.h>

/* Not in a build without JSON. */
#ifdef __has_include
#if __has_include(<zobo/lease.h>)
#include <zobo/discovery.h>
#include <zobo/lease.h>
#endif
#else
#include <zobo/discovery.h>
#include <zobo/lease.h>
#endif

#endif
