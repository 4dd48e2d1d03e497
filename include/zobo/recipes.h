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
 *   cache.h        a copy of a subtree
 *
 * What holds for all of them:
 *
 * zobo_X_new makes an object, and never talks to the server. It copies what it is given; `options` NULL, or zero in a
 * field, is the default. An object is used by any number of threads, and freed before its client is closed.
 *
 * zobo_X_verb(x, arguments, timeout_ms, results) asks the server and waits for the answer, at most `timeout_ms`
 * milliseconds (0: without limit), then ZOBO_EWAITTIMEOUT. Lost connections and sessions are overcome within that time.
 * Its twin zobo_X_verb_async(x, arguments, how, call) returns at once; its limit is how->timeout_ms. What has no
 * `timeout_ms` asks no server.
 *
 * What works by itself once it is begun (leader latch, persistent node, group member, shared value, service cache and
 * provider, tree cache) has zobo_X_start(x): it returns at once, needs no client that is started, and is ZOBO_EALREADY
 * the second time. zobo_X_wait (of a latch zobo_leader_latch_await) waits until it has come about; before the start it
 * is ZOBO_ENOTSTARTED. Watches and set partitioners begin when they are made, as in kazoo; a party is joined.
 *
 * options.EVENT is a callback with options.EVENT_arg, called as EVENT(arg, x, ...) on the callback thread, one after
 * another; it may call anything, and free x. After zobo_X_free has returned it is not called.
 *
 * In a forked child the parent's objects are of no use (ZOBO_EFORKED); zobo_X_free does nothing there, and keeps the
 * child's copy of the memory.
 *
 * options.acl is the ACL of all nodes that the object makes; NULL: the client's default. */
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
