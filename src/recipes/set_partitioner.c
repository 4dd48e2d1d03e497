/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/set_partitioner.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sized.h"
#include "recipes/checks.h"

enum { TIME_BOUNDARY_MS = 30000 };

/* Waits for the part, or for it to be given back. */
typedef struct partition_wait {
    zr_presence_wait w; /* first; finish waits for the member to be gone at last */
    zb_link link;
    bool finish;
} partition_wait;

static zobo_set_partitioner *
partitioner_of(zr_recipe *r)
{
    return ZB_CONTAINER_OF(r, zobo_set_partitioner, r);
}

const char *
zobo_partition_state_name(zobo_partition_state state)
{
    switch (state) {
    case ZOBO_PARTITION_ALLOCATING:
        return "ALLOCATING";
    case ZOBO_PARTITION_ACQUIRED:
        return "ACQUIRED";
    case ZOBO_PARTITION_RELEASE:
        return "RELEASE";
    case ZOBO_PARTITION_FAILURE:
        return "FAILURE";
    }
    return "UNKNOWN";
}

/* --- telling --- */

typedef struct state_news {
    zobo_partition_state state;
    zobo_err err;
} state_news;

static void
tell(zr_recipe *r, void *arg)
{
    zobo_set_partitioner *p = partitioner_of(r);
    state_news news = *(state_news *)arg;
    zb_free(arg);
    p->o.changed(p->o.changed_arg, p, news.state, news.err);
}

void
zr_partition_state(zobo_set_partitioner *p, zobo_partition_state state)
{
    if (atomic_exchange(&p->state, (int)state) == (int)state || !p->o.changed)
        return;
    state_news *news = zb_malloc(sizeof *news);
    if (!news)
        return; /* zobo_set_partitioner_state tells */
    *news = (state_news){state, state == ZOBO_PARTITION_FAILURE ? p->err : ZOBO_OK};
    if (zr_tell(&p->r, tell, zb_free, news))
        zb_free(news);
}

/* --- waits --- */

static void
end_all(zb_link *waits, zobo_err err, const zobo_reply *reply)
{
    zb_link *l;
    while ((l = zb_list_pop_front(waits)) != NULL)
        zr_op_end(&ZB_CONTAINER_OF(l, partition_wait, link)->w.op, err, reply);
}

/* The part, as a reply. NULL: no memory. */
static const char **
own_names(const zobo_set_partitioner *p, zobo_reply *reply)
{
    const char **names = zb_malloc((p->n_items + 1) * sizeof *names);
    *reply = (zobo_reply){.children = names};
    for (size_t i = 0; names && i < p->n_items; i++) {
        if (p->mine[i])
            names[reply->n_children++] = p->names[i];
    }
    return names;
}

void
zr_partition_acquired(zobo_set_partitioner *p)
{
    zobo_reply reply;
    const char **names = own_names(p, &reply);
    zr_partition_state(p, ZOBO_PARTITION_ACQUIRED);
    end_all(&p->waits, names ? ZOBO_OK : ZOBO_ENOMEM, names ? &reply : NULL);
    zb_free(names);
}

void
zr_partition_unwound(zobo_set_partitioner *p)
{
    zb_link over;
    zb_list_init(&over);
    zb_list_append(&over, &p->releases);
    if (p->failed) {
        p->phase = ZR_OVER;
    } else {
        zr_partition_state(p, ZOBO_PARTITION_ALLOCATING);
        zr_partition_settle(p);
    }
    while (!zb_list_empty(&over)) {
        partition_wait *w = ZB_CONTAINER_OF(over.next, partition_wait, link);
        zb_list_remove(&w->link);
        if (w->finish)
            zr_presence_await(p->member, &w->w, true);
        else
            zr_op_end(&w->w.op, p->failed ? ZOBO_ENOTHELD : ZOBO_OK, NULL);
    }
}

void
zr_partition_fail(zobo_set_partitioner *p, zobo_err err)
{
    if (p->failed)
        return;
    p->failed = true;
    p->err = err;
    zr_presence_stop(p->member, ZOBO_ECANCELLED);
    zr_listing_stop(&p->party);
    zr_partition_state(p, ZOBO_PARTITION_FAILURE);
    end_all(&p->waits, err, NULL);
    zr_partition_unwind(p);
}

/* --- what it is told --- */

static void
member_changed(zr_presence *m, void *owner)
{
    if (zr_presence_now(m) == ZOBO_PRESENCE_REFUSED && zr_presence_err(m) != ZOBO_ENOMEM)
        zr_partition_fail(owner, zr_presence_err(m));
    else
        zr_partition_look(owner);
}

static bool
party_changed(zr_listing *l, void *owner)
{
    (void)l;
    zr_partition_look(owner);
    return true;
}

static void
party_failed(zr_listing *l, void *owner, zobo_err err)
{
    (void)l;
    if (zobo_err_class(err) == ZOBO_CLASS_REJECTED)
        zr_partition_fail(owner, err);
}

static const zr_listing_kind listing_kind = {.changed = party_changed, .failed = party_failed};

static void
on_state(zr_recipe *r, zobo_state state)
{
    zobo_set_partitioner *p = partitioner_of(r);
    if (state == ZOBO_LOST && p->o.fail_when_lost && p->dealt)
        zr_partition_fail(p, ZOBO_ESESSIONEXPIRED);
    if (state == ZOBO_LOST || (state != ZOBO_CONNECTED && p->phase == ZR_HOLDING))
        zr_partition_must_release(p);
    zr_presence_state(p->member, state);
    zr_listing_state(&p->party, state);
    if (p->phase == ZR_SETTLING)
        zr_partition_settle(p);
}

static void
freed(zr_recipe *r)
{
    zobo_set_partitioner *p = partitioner_of(r);
    p->failed = true;
    p->phase = ZR_OVER;
    zr_partition_drop_locks(p);
    zr_listing_stop(&p->party);
    zr_presence_stop(p->member, ZOBO_ECANCELLED);
}

static void
release(zobo_set_partitioner *p)
{
    zr_partition_drop_locks(p);
    zr_listing_fini(&p->party);
    zr_presence_free(p->member);
    zr_roll_free(p->dealt);
    for (size_t i = 0; p->items && i < p->n_items; i++)
        zb_free(p->items[i].name);
    zb_free(p->items);
    zb_free(p->names);
    zb_free(p->mine);
    zb_free(p->locks_path);
    zb_free(p->node);
    if (p->o.acl)
        zr_acl_free((zobo_acl_list *)(uintptr_t)p->o.acl);
    zb_free((void *)(uintptr_t)p->o.acl);
    zb_free(p);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    release(partitioner_of(r));
}

static const zr_kind kind = {.state = on_state, .freed = freed, .destroy = destroy};

/* --- making --- */

static bool
copy_acl(zobo_set_partitioner *p, const zobo_acl_list *acl)
{
    p->o.acl = NULL;
    if (!acl)
        return true;
    zobo_acl_list *copy = zb_calloc(1, sizeof *copy);
    if (!copy || !zr_acl_copy(acl, copy)) {
        zb_free(copy);
        return false;
    }
    p->o.acl = copy;
    return true;
}

static bool
copy_items(zobo_set_partitioner *p, const char *const *items, size_t n)
{
    p->names = zb_malloc((n + 1) * sizeof *p->names);
    if (!p->names)
        return false;
    if (n)
        memcpy(p->names, items, n * sizeof *items);
    p->n_items = zr_sort_unique(p->names, n);
    p->items = zb_calloc(p->n_items + 1, sizeof *p->items);
    p->mine = zb_calloc(p->n_items + 1, sizeof *p->mine);
    if (!p->items || !p->mine)
        return false;
    for (size_t i = 0; i < p->n_items; i++) {
        p->items[i].p = p;
        p->items[i].name = zr_strdup(p->names[i]);
        if (!p->items[i].name)
            return false;
        p->names[i] = p->items[i].name;
    }
    return true;
}

/* The own member: PATH/party/UUID-IDENTIFIER. */
static bool
make_member(zobo_set_partitioner *p, zobo_client *client, const char *party_path, const char *identifier)
{
    char uuid[ZR_UUID];
    zr_presence_options po = {.data = identifier, .len = strlen(identifier), .acl = p->o.acl};
    size_t size = ZR_UUID + strlen(identifier) + 1;
    p->node = zb_malloc(size);
    if (!p->node)
        return false;
    zobo_uuid(client, uuid);
    (void)snprintf(p->node, size, "%s-%s", uuid, identifier);
    char *path = zr_path_child(party_path, p->node);
    if (path)
        p->member = zr_presence_new(&p->r, path, &po, member_changed, p);
    zb_free(path);
    return p->member != NULL;
}

static void
begin(zr_recipe *r, void *arg)
{
    zobo_set_partitioner *p = partitioner_of(r);
    (void)arg;
    if (r->gone || p->failed)
        return;
    zr_presence_start(p->member);
    zr_listing_start(&p->party);
}

static zobo_err
fill(zobo_set_partitioner *p, zobo_client *client, const char *path, const char *identifier, const char *const *items,
     size_t n)
{
    char *party_path = zr_path_child(path, "party");
    const zobo_acl_list *acl = p->o.acl;
    zb_list_init(&p->waits);
    zb_list_init(&p->releases);
    p->locks_path = zr_path_child(path, "locks");
    bool good = copy_acl(p, acl) && party_path && p->locks_path && copy_items(p, items, n);
    good = good && zr_listing_init(&p->party, &p->r, client, party_path, &listing_kind, p);
    good = good && make_member(p, client, party_path, identifier);
    zb_free(party_path);
    return good ? zr_recipe_init(&p->r, &kind, client) : ZOBO_ENOMEM;
}

static zobo_err
check(const char *path, const char *const *items, size_t n, const zobo_set_partitioner_options *o, zobo_problem *why)
{
    zobo_err err = zr_check_path(path, why);
    if (!err && n && !items)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no array of items");
    for (size_t i = 0; i < n && !err; i++)
        err = zr_check_name(path, "", items[i], why);
    if (!err && o->identifier)
        err = zr_check_name(path, "-", o->identifier, why);
    return err ? err : zr_check_acl(o->acl, why);
}

zobo_err
zobo_set_partitioner_new(zobo_client *client, const char *path, const char *const *items, size_t n_items,
                         const zobo_set_partitioner_options *options, zobo_set_partitioner **out, zobo_problem *why)
{
    zobo_set_partitioner_options o;
    char host[ZR_HOST_MAX], identifier[ZR_HOST_MAX + 24];
    zb_problem_clear(why);
    if (out)
        *out = NULL;
    if (!client || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no client, or nowhere to put the partitioner");
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_set_partitioner_options, options, acl, why);
    if (err || (err = check(path, items, n_items, &o, why)))
        return err;
    if (!o.identifier) {
        if (!zr_host_name(host))
            return zb_problem(why, ZOBO_ESYS, 0, "this host has no name: give an identifier");
        (void)snprintf(identifier, sizeof identifier, "%s-%ld", host, (long)getpid());
        o.identifier = identifier;
    }
    zobo_set_partitioner *p = zb_calloc(1, sizeof *p);
    if (!p)
        return zr_no_memory(why);
    p->o = o;
    p->o.identifier = NULL;
    if (!p->o.time_boundary_ms)
        p->o.time_boundary_ms = TIME_BOUNDARY_MS;
    err = fill(p, client, path, o.identifier, items, n_items);
    if (err) {
        release(p);
        return zr_explain(err, why);
    }
    err = zr_post(&p->r, begin, NULL);
    if (err) {
        zr_recipe_free(&p->r);
        return zr_explain(err, why);
    }
    *out = p;
    return ZOBO_OK;
}

zobo_partition_state
zobo_set_partitioner_state(const zobo_set_partitioner *p)
{
    return (zobo_partition_state)atomic_load(&p->state);
}

/* --- the verbs --- */

static void
wait_free(zr_op *op)
{
    zb_list_remove(&((partition_wait *)op)->link);
    zr_presence_wait_free(op);
}

static zobo_err
start(zobo_set_partitioner *p, void (*begin_op)(zr_op *op), bool finish, const zobo_how *how, zobo_call **call)
{
    partition_wait *w = zb_calloc(1, sizeof *w);
    if (w) {
        zb_list_init(&w->link);
        w->finish = finish;
        w->w.op.begin = begin_op;
        w->w.op.destroy = wait_free;
    }
    return zr_op_start(&p->r, w ? &w->w.op : NULL, how, call);
}

static void
begin_wait(zr_op *op)
{
    zobo_set_partitioner *p = partitioner_of(op->recipe);
    zobo_partition_state state = (zobo_partition_state)atomic_load(&p->state);
    zb_list_push_back(&p->waits, &((partition_wait *)op)->link);
    if (state == ZOBO_PARTITION_ACQUIRED)
        zr_partition_acquired(p);
    else if (state == ZOBO_PARTITION_RELEASE)
        end_all(&p->waits, ZOBO_ELOCKLOST, NULL);
    else if (state == ZOBO_PARTITION_FAILURE)
        end_all(&p->waits, p->err, NULL);
}

static void
begin_release(zr_op *op)
{
    zobo_set_partitioner *p = partitioner_of(op->recipe);
    if (p->failed) {
        zr_op_end(op, ZOBO_ENOTHELD, NULL);
        return;
    }
    zb_list_push_back(&p->releases, &((partition_wait *)op)->link);
    if (atomic_load(&p->state) == ZOBO_PARTITION_ACQUIRED)
        zr_partition_state(p, ZOBO_PARTITION_RELEASE);
    if (p->phase != ZR_UNWINDING)
        zr_partition_unwind(p);
}

static void
begin_finish(zr_op *op)
{
    zobo_set_partitioner *p = partitioner_of(op->recipe);
    if (p->phase == ZR_OVER) {
        zr_op_end(op, ZOBO_ENOTHELD, NULL);
        return;
    }
    zb_list_push_back(&p->releases, &((partition_wait *)op)->link);
    zr_partition_fail(p, ZOBO_ENOTHELD);
}

zobo_err
zobo_set_partitioner_wait_async(zobo_set_partitioner *p, const zobo_how *how, zobo_call **call)
{
    return start(p, begin_wait, false, how, call);
}

zobo_err
zobo_set_partitioner_wait(zobo_set_partitioner *p, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_set_partitioner_wait_async(p, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_set_partitioner_release_set_async(zobo_set_partitioner *p, const zobo_how *how, zobo_call **call)
{
    return start(p, begin_release, false, how, call);
}

zobo_err
zobo_set_partitioner_release_set(zobo_set_partitioner *p, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_set_partitioner_release_set_async(p, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_set_partitioner_finish_async(zobo_set_partitioner *p, const zobo_how *how, zobo_call **call)
{
    return start(p, begin_finish, true, how, call);
}

zobo_err
zobo_set_partitioner_finish(zobo_set_partitioner *p, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_set_partitioner_finish_async(p, &how, &call);
    return zr_wait(err, call, NULL);
}

void
zobo_set_partitioner_free(zobo_set_partitioner *p)
{
    if (p)
        zr_recipe_free(&p->r);
}
