/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/cycles.h"

#include <zobo/recipes.h>

#define TRY(expr)                                                                                                      \
    do {                                                                                                               \
        if ((w->err = (expr)) != ZOBO_OK) {                                                                            \
            w->what = #expr;                                                                                           \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* ---- one cycle of each; `tidy`: what is held is given back before the recipe is freed, else by that ---- */

static void
data_told(void *arg, zobo_data_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)watch, (void)err, (void)reply, (void)event;
    zt_latch_hit(arg);
}

static void
data_watch(worker *w, bool tidy)
{
    zobo_data_watch *x;
    long told = zt_latch_hits(&w->told);
    TRY(zobo_data_watch_new(c, w->path, data_told, &w->told, &(zobo_watch_options){.one_shot = tidy}, &x, NULL));
    TRY(zt_latch_wait(&w->told, told + 1, ZT_SOON_MS) ? ZOBO_OK : ZOBO_EWAITTIMEOUT);
    zobo_data_watch_free(x);
}

static void
children_told(void *arg, zobo_children_watch *watch, zobo_err err, const zobo_reply *reply, const zobo_event *event)
{
    (void)watch, (void)err, (void)reply, (void)event;
    zt_latch_hit(arg);
}

static void
children_watch(worker *w, bool tidy)
{
    zobo_children_watch *x;
    long told = zt_latch_hits(&w->told);
    TRY(zobo_children_watch_new(c, w->path, children_told, &w->told, &(zobo_watch_options){.one_shot = tidy}, &x,
                                NULL));
    TRY(zt_latch_wait(&w->told, told + 1, ZT_SOON_MS) ? ZOBO_OK : ZOBO_EWAITTIMEOUT);
    zobo_children_watch_free(x);
}

static void
patient_children_watch(worker *w, bool tidy)
{
    zobo_patient_children_watch *x;
    zobo_reply *reply;
    zobo_watch_options o = {.size = sizeof o, .quiet_ms = 1};
    TRY(zobo_patient_children_watch_new(c, w->path, &o, &x, NULL));
    TRY(zobo_patient_children_watch_get(x, 0, &reply));
    zobo_reply_free(reply);
    if (tidy)
        TRY(zobo_patient_children_watch_changed_async(x, NULL, NULL)); /* ended by free */
    zobo_patient_children_watch_free(x);
}

static void
tree_cache(worker *w, bool tidy)
{
    zobo_tree_cache *x;
    zobo_reply *reply;
    TRY(zobo_tree_cache_new(c, w->path, NULL, &x, NULL));
    TRY(zobo_tree_cache_start(x));
    TRY(zobo_tree_cache_wait(x, 0));
    TRY(zobo_tree_cache_get_data(x, w->path, &reply));
    zobo_reply_free(reply);
    zobo_tree_snapshot *s = tidy ? NULL : zobo_tree_cache_snapshot(x);
    zobo_tree_cache_free(x);
    zobo_tree_snapshot_free(s); /* outlives its cache */
}

static void
lock(worker *w, bool tidy)
{
    static const zobo_lock_kind kinds[] = {ZOBO_LOCK, ZOBO_READ_LOCK, ZOBO_WRITE_LOCK};
    zobo_lock *x;
    TRY(zobo_lock_new(c, w->path, &(zobo_lock_options){.kind = kinds[w->done % 3]}, &x, NULL));
    TRY(zobo_lock_acquire(x, 0));
    if (tidy)
        TRY(zobo_lock_release(x, 0));
    zobo_lock_free(x);
}

static void
multi_lock(worker *w, bool tidy)
{
    const char *const paths[] = {w->path, w->second};
    zobo_multi_lock *x;
    TRY(zobo_multi_lock_new(c, paths, 2, NULL, &x, NULL));
    TRY(zobo_multi_lock_acquire(x, 0));
    if (tidy)
        TRY(zobo_multi_lock_release(x, 0));
    zobo_multi_lock_free(x);
}

static void
semaphore(worker *w, bool tidy)
{
    zobo_semaphore *x;
    TRY(zobo_semaphore_new(c, w->second, &(zobo_semaphore_options){.max_leases = 2}, &x, NULL));
    TRY(zobo_semaphore_acquire(x, 0));
    if (tidy)
        TRY(zobo_semaphore_release(x, 0));
    zobo_semaphore_free(x);
}

static void
election(worker *w, bool tidy)
{
    zobo_election *x;
    TRY(zobo_election_new(c, w->path, NULL, &x, NULL));
    TRY(zobo_election_campaign(x, 0));
    if (tidy)
        TRY(zobo_election_resign(x, 0));
    zobo_election_free(x);
}

static void
leader_latch(worker *w, bool tidy)
{
    zobo_leader_latch *x;
    TRY(zobo_leader_latch_new(c, w->path, NULL, &x, NULL));
    TRY(zobo_leader_latch_start(x));
    TRY(zobo_leader_latch_await(x, 0));
    if (tidy)
        TRY(zobo_leader_latch_stop(x, 0));
    zobo_leader_latch_free(x);
}

static void
persistent_node(worker *w, bool tidy)
{
    zobo_persistent_node *x;
    TRY(zobo_persistent_node_new(c, w->second, &(zobo_persistent_node_options){.data = "1", .data_len = 1}, &x, NULL));
    TRY(zobo_persistent_node_start(x));
    TRY(zobo_persistent_node_wait(x, 0));
    if (tidy)
        TRY(zobo_persistent_node_set(x, "2", 1, 0));
    zobo_persistent_node_free(x);
}

static void
group_member(worker *w, bool tidy)
{
    zobo_group_member *x;
    zobo_members *members;
    TRY(zobo_group_member_new(c, w->path, "me", NULL, &x, NULL));
    TRY(zobo_group_member_start(x));
    TRY(zobo_group_member_wait(x, 0));
    if (tidy)
        TRY(zobo_group_member_set(x, "2", 1, 0));
    TRY(zobo_group_member_get_members(x, &members));
    zobo_members_free(members);
    zobo_group_member_free(x);
}

static void
join(worker *w, zobo_party *x, bool tidy)
{
    int32_t n;
    TRY(zobo_party_join(x, 0));
    TRY(zobo_party_count(x, 0, &n));
    TRY(n == 1 ? ZOBO_OK : ZOBO_EBADDATA);
    if (tidy)
        TRY(zobo_party_leave(x, 0));
    zobo_party_free(x);
}

static void
party(worker *w, bool tidy)
{
    zobo_party *x;
    TRY(zobo_party_new(c, w->path, NULL, &x, NULL));
    join(w, x, tidy);
}

static void
shallow_party(worker *w, bool tidy)
{
    zobo_party *x;
    TRY(zobo_shallow_party_new(c, w->path, NULL, &x, NULL));
    join(w, x, tidy);
}

static void
set_partitioner(worker *w, bool tidy)
{
    static const char *const items[] = {"a", "b"};
    zobo_set_partitioner *x;
    zobo_reply *mine;
    TRY(zobo_set_partitioner_new(c, w->path, items, 2, &(zobo_set_partitioner_options){.time_boundary_ms = 1}, &x,
                                 NULL));
    TRY(zobo_set_partitioner_wait(x, 0, &mine));
    zobo_reply_free(mine);
    if (tidy)
        TRY(zobo_set_partitioner_finish(x, 0));
    zobo_set_partitioner_free(x);
}

static void
barrier(worker *w, bool tidy)
{
    zobo_barrier *x;
    TRY(zobo_barrier_new(c, w->second, NULL, &x, NULL));
    TRY(zobo_barrier_create(x, 0));
    if (!tidy)
        TRY(zobo_barrier_wait_async(x, NULL, NULL));
    TRY(zobo_barrier_remove(x, 0, NULL));
    TRY(zobo_barrier_wait(x, 0));
    zobo_barrier_free(x);
}

static void
double_barrier(worker *w, bool tidy)
{
    zobo_double_barrier *x;
    TRY(zobo_double_barrier_new(c, w->path, 1, NULL, &x, NULL));
    TRY(zobo_double_barrier_enter(x, 0));
    if (tidy)
        TRY(zobo_double_barrier_leave(x, 0));
    zobo_double_barrier_free(x);
}

static void
queue(worker *w, bool tidy)
{
    zobo_queue *x;
    zobo_reply *reply;
    TRY(zobo_queue_new(c, w->path, NULL, &x, NULL));
    TRY(zobo_queue_put(x, "x", 1, ZOBO_PRIORITY, 0));
    TRY(zobo_queue_get(x, 0, &reply));
    zobo_reply_free(reply);
    if (!tidy)
        TRY(zobo_queue_get_async(x, NULL, NULL)); /* ended by free */
    zobo_queue_free(x);
}

static void
locking_queue(worker *w, bool tidy)
{
    zobo_locking_queue *x;
    zobo_reply *reply;
    TRY(zobo_locking_queue_new(c, w->path, NULL, &x, NULL));
    TRY(zobo_locking_queue_put(x, "x", 1, ZOBO_PRIORITY, 0));
    TRY(zobo_locking_queue_get(x, 0, &reply));
    zobo_reply_free(reply);
    TRY(zobo_locking_queue_consume(x, 0));
    if (!tidy)
        TRY(zobo_locking_queue_get_async(x, NULL, NULL)); /* ended by free */
    zobo_locking_queue_free(x);
}

static void
delay_queue(worker *w, bool tidy)
{
    zobo_delay_queue *x;
    zobo_reply *reply;
    TRY(zobo_delay_queue_new(c, w->path, NULL, &x, NULL));
    TRY(zobo_delay_queue_put(x, "x", 1, 1, 0));
    TRY(zobo_delay_queue_get(x, 0, &reply));
    zobo_reply_free(reply);
    if (!tidy)
        TRY(zobo_delay_queue_get_async(x, NULL, NULL)); /* ended by free */
    zobo_delay_queue_free(x);
}

static void
counter(worker *w, bool tidy)
{
    zobo_counter *x;
    TRY(zobo_counter_new(c, w->second, &(zobo_counter_options){.no_witness = tidy}, &x, NULL));
    TRY(zobo_counter_add(x, 1, 0, NULL));
    zobo_counter_free(x);
}

static void
shared_value(worker *w, bool tidy)
{
    zobo_shared_value *x;
    TRY(zobo_shared_value_new(c, w->second, &(zobo_shared_value_options){.no_witness = tidy}, &x, NULL));
    TRY(zobo_shared_value_start(x));
    TRY(zobo_shared_value_wait(x, 0));
    TRY(zobo_shared_value_set(x, "2", 1, 0, NULL));
    zobo_shared_value_free(x);
}

#ifndef ZT_WITHOUT_JSON

enum { HOUR_MS = 3600000 };

static void
lease(worker *w, bool tidy)
{
    zobo_lease *x;
    (void)tidy; /* a lease is not given back */
    TRY(zobo_lease_new(c, w->path, NULL, &x, NULL));
    TRY(zobo_lease_obtain(x, HOUR_MS, 0));
    zobo_lease_free(x);
}

static void
multi_lease(worker *w, bool tidy)
{
    zobo_multi_lease *x;
    int32_t which;
    (void)tidy;
    TRY(zobo_multi_lease_new(c, w->path, 2, NULL, &x, NULL));
    TRY(zobo_multi_lease_obtain(x, HOUR_MS, 0, &which));
    zobo_multi_lease_free(x);
}

static void
discovery(worker *w, bool tidy)
{
    zobo_discovery *x;
    TRY(zobo_discovery_new(c, w->path, NULL, &x, NULL));
    TRY(zobo_discovery_register(x, &(zobo_service){.name = "pay", .id = w->me, .port = 80}, 0, NULL));
    if (tidy)
        TRY(zobo_discovery_unregister(x, "pay", w->me, 0));
    zobo_discovery_free(x);
}

/* Somebody for caches and providers to find. */
static void
serve(worker *w)
{
    zobo_discovery *x;
    zobo_service s = {.name = "pay", .id = w->me, .port = 80, .type = ZOBO_SERVICE_PERMANENT};
    TRY(zobo_discovery_new(c, w->path, NULL, &x, NULL));
    TRY(zobo_discovery_register(x, &s, 0, NULL));
    zobo_discovery_free(x);
}

static void
service_cache(worker *w, bool tidy)
{
    zobo_service_cache *x;
    zobo_service_list *list;
    (void)tidy;
    TRY(zobo_service_cache_new(c, w->path, "pay", NULL, &x, NULL));
    TRY(zobo_service_cache_start(x));
    TRY(zobo_service_cache_wait(x, 0));
    TRY(zobo_service_cache_get(x, &list));
    zobo_service_list_free(list);
    zobo_service_cache_free(x);
}

static void
service_provider(worker *w, bool tidy)
{
    zobo_service_provider *x;
    zobo_service_list *list;
    TRY(zobo_service_provider_new(c, w->path, "pay", NULL, &x, NULL));
    TRY(zobo_service_provider_start(x));
    TRY(zobo_service_provider_wait(x, 0));
    TRY(zobo_service_provider_pick(x, &list));
    if (!tidy)
        TRY(zobo_service_provider_note_error(x, w->me));
    zobo_service_list_free(list);
    zobo_service_provider_free(x);
}

#endif

#define RECIPE(name)                                                                                                   \
    {                                                                                                                  \
#name, name, NULL                                                                                              \
    }

const recipe recipes[] = {
    RECIPE(data_watch),
    RECIPE(children_watch),
    RECIPE(patient_children_watch),
    RECIPE(tree_cache),
    RECIPE(lock),
    RECIPE(multi_lock),
    RECIPE(semaphore),
    RECIPE(election),
    RECIPE(leader_latch),
    RECIPE(persistent_node),
    RECIPE(group_member),
    RECIPE(party),
    RECIPE(shallow_party),
    RECIPE(set_partitioner),
    RECIPE(barrier),
    RECIPE(double_barrier),
    RECIPE(queue),
    RECIPE(locking_queue),
    RECIPE(delay_queue),
    RECIPE(counter),
    RECIPE(shared_value),
#ifndef ZT_WITHOUT_JSON
    RECIPE(lease),
    RECIPE(multi_lease),
    RECIPE(discovery),
    {"service_cache", service_cache, serve},
    {"service_provider", service_provider, serve},
#endif
};
const size_t n_recipes = sizeof recipes / sizeof *recipes;
