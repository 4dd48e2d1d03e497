/* SPDX-License-Identifier: Apache-2.0 */
/* Registering: each instance is a presence of its own. */
#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/discovery.h"

/* An instance that is registered, or was and is being taken away. */
typedef struct entry {
    zb_link link;
    zr_presence *presence;
    zobo_service_type type;
} entry;

/* Registers, updates or takes away. */
typedef struct change {
    zr_presence_wait w; /* first */
    char *path;
    char *id;
    char *text; /* the instance; taken over by the presence */
    size_t len;
    zobo_service_type type;
    entry *entry;
} change;

static zobo_discovery *
discovery_of(zr_recipe *r)
{
    return ZB_CONTAINER_OF(r, zobo_discovery, r);
}

static entry *
find(zobo_discovery *d, const char *path)
{
    for (zb_link *l = d->entries.next; l != &d->entries; l = l->next) {
        entry *e = ZB_CONTAINER_OF(l, entry, link);
        if (strcmp(zr_presence_path(e->presence), path) == 0)
            return e;
    }
    return NULL;
}

/* --- the recipe --- */

static void
on_state(zr_recipe *r, zobo_state state)
{
    zobo_discovery *d = discovery_of(r);
    for (zb_link *l = d->entries.next; l != &d->entries; l = l->next)
        zr_presence_state(ZB_CONTAINER_OF(l, entry, link)->presence, state);
}

/* What is permanent stays: it is only no longer looked after. */
static void
freed(zr_recipe *r)
{
    zobo_discovery *d = discovery_of(r);
    for (zb_link *l = d->entries.next; l != &d->entries; l = l->next) {
        entry *e = ZB_CONTAINER_OF(l, entry, link);
        if (e->type == ZOBO_SERVICE_PERMANENT)
            zr_presence_abandon(e->presence);
        else
            zr_presence_stop(e->presence, ZOBO_ECANCELLED);
    }
}

static void
entry_free(entry *e)
{
    zb_list_remove(&e->link);
    zr_presence_free(e->presence);
    zb_free(e);
}

static void
release(zobo_discovery *d)
{
    while (!zb_list_empty(&d->entries))
        entry_free(ZB_CONTAINER_OF(d->entries.next, entry, link));
    zr_acl_free(&d->acl);
    zb_free(d->base);
    zb_free(d);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    release(discovery_of(r));
}

static const zr_kind kind = {.state = on_state, .freed = freed, .destroy = destroy};

zobo_err
zobo_discovery_new(zobo_client *client, const char *base, const zobo_discovery_options *options, zobo_discovery **out,
                   zobo_problem *why)
{
    zobo_discovery_options o;
    zb_problem_clear(why);
    if (out)
        *out = NULL;
    if (!client || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no client, or nowhere to put the discovery");
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_discovery_options, options, acl, why);
    if (err || (err = zr_check_path(base, why)) || (err = zr_check_acl(o.acl, why)))
        return err;
    zobo_discovery *d = zb_calloc(1, sizeof *d);
    if (!d)
        return zr_no_memory(why);
    zb_list_init(&d->entries);
    d->base = zr_strdup(base);
    d->has_acl = o.acl != NULL;
    err = d->base && (!o.acl || zr_acl_copy(o.acl, &d->acl)) ? zr_recipe_init(&d->r, &kind, client) : ZOBO_ENOMEM;
    if (err) {
        release(d);
        return zr_explain(err, why);
    }
    *out = d;
    return ZOBO_OK;
}

void
zobo_discovery_free(zobo_discovery *d)
{
    if (d)
        zr_recipe_free(&d->r);
}

char *
zr_service_path(const char *base, const char *name)
{
    return zr_path_child(base, name);
}

zobo_err
zr_check_service_name(const char *base, const char *name, zobo_problem *why)
{
    return zr_check_name(base, "", name, why);
}

/* --- changes --- */

static void
change_free(zr_op *op)
{
    change *c = (change *)op;
    zb_free(c->path);
    zb_free(c->id);
    zb_free(c->text);
    zr_presence_wait_free(op);
}

static void
tidy(zobo_discovery *d)
{
    for (zb_link *l = d->entries.next, *next; l != &d->entries; l = next) {
        entry *e = ZB_CONTAINER_OF(l, entry, link);
        next = l->next;
        if (zr_presence_idle(e->presence))
            entry_free(e);
    }
}

/* A registration that has come to nothing is taken back, unless somebody else waits for it, too. */
static void
registered(zr_op *op, zobo_err err)
{
    change *c = (change *)op;
    zr_presence *p = c->entry->presence;
    zobo_reply reply = {.path = c->path, .data = c->id, .data_len = strlen(c->id)};
    if (err && zr_presence_wanted(p) && !zr_presence_awaited(p, &c->w) && zr_presence_now(p) != ZOBO_PRESENCE_PRESENT)
        zr_presence_stop(p, err);
    zr_op_end(op, err, err ? NULL : &reply);
}

static void
give_registration_up(zr_op *op, zobo_err why)
{
    zb_list_remove(&((change *)op)->w.link);
    registered(op, why);
}

static entry *
entry_new(zobo_discovery *d, const change *c)
{
    entry *e = zb_calloc(1, sizeof *e);
    zr_presence_options po = {.data = c->text,
                              .len = c->len,
                              .acl = d->has_acl ? &d->acl : NULL,
                              .persistent = c->type != ZOBO_SERVICE_DYNAMIC,
                              .take_over = true,
                              .container = true};
    if (!e)
        return NULL;
    zb_list_init(&e->link);
    e->type = c->type;
    e->presence = zr_presence_new(&d->r, c->path, &po, NULL, NULL);
    if (!e->presence) {
        zb_free(e);
        return NULL;
    }
    zb_list_push_back(&d->entries, &e->link);
    return e;
}

static void
begin_register(zr_op *op)
{
    zobo_discovery *d = discovery_of(op->recipe);
    change *c = (change *)op;
    tidy(d);
    c->entry = find(d, c->path);
    if (!c->entry) {
        c->entry = entry_new(d, c);
        if (!c->entry) {
            op->give_up = NULL;
            zr_op_end(op, ZOBO_ENOMEM, NULL);
            return;
        }
    } else {
        zr_presence_set(c->entry->presence, c->text, c->len);
        c->text = NULL;
    }
    c->w.done = registered;
    zr_presence_start(c->entry->presence);
    zr_presence_await(c->entry->presence, &c->w, false);
}

static void
begin_update(zr_op *op)
{
    zobo_discovery *d = discovery_of(op->recipe);
    change *c = (change *)op;
    c->entry = find(d, c->path);
    if (!c->entry || !zr_presence_wanted(c->entry->presence)) {
        zr_op_end(op, ZOBO_ENOTHELD, NULL);
        return;
    }
    zr_presence_set(c->entry->presence, c->text, c->len);
    c->text = NULL;
    zr_presence_await(c->entry->presence, &c->w, false);
}

static void
begin_unregister(zr_op *op)
{
    zobo_discovery *d = discovery_of(op->recipe);
    change *c = (change *)op;
    c->entry = find(d, c->path);
    if (!c->entry || !zr_presence_wanted(c->entry->presence)) {
        zr_op_end(op, ZOBO_ENOTHELD, NULL);
        return;
    }
    zr_presence_stop(c->entry->presence, ZOBO_ECANCELLED);
    zr_presence_await(c->entry->presence, &c->w, true);
}

/* --- the verbs --- */

static zobo_err
change_path(zobo_discovery *d, change *c, const char *name, const char *id)
{
    zobo_err err = zr_check_service_name(d->base, name, NULL);
    char *dir = err ? NULL : zr_service_path(d->base, name);
    if (!err && !dir)
        err = ZOBO_ENOMEM;
    if (!err)
        err = zr_check_name(dir, "", id, NULL);
    if (!err && (!(c->path = zr_path_child(dir, id)) || !(c->id = zr_strdup(id))))
        err = ZOBO_ENOMEM;
    zb_free(dir);
    return err;
}

/* Takes a service: its text with what is missing filled in. */
static zobo_err
take_service(zobo_discovery *d, change *c, const zobo_service *service)
{
    char digits[ZR_UUID], id[ZR_UUID_DASHED];
    zr_text text = {0};
    zobo_service s;
    zobo_err err = zr_service_check(service, NULL); /* of none, too */
    if (err || !service)
        return err ? err : ZOBO_EINVAL;
    zb_sized_copy(&s, sizeof s, service, sizeof s);
    if (s.type == ZOBO_SERVICE_DYNAMIC_SEQUENTIAL)
        return ZOBO_EINVAL;
    if (!s.id) {
        zobo_uuid(d->r.client, digits);
        zr_uuid_dashed(digits, id);
        s.id = id;
    }
    if (!s.registration_time_ms)
        s.registration_time_ms = zobo_wall_ms();
    err = change_path(d, c, s.name, s.id);
    if (err)
        return err;
    zr_service_write(&s, &text);
    if (text.failed) {
        zr_text_free(&text);
        return ZOBO_ENOMEM;
    }
    c->text = text.p;
    c->len = text.n;
    c->type = s.type;
    return ZOBO_OK;
}

static zobo_err
start_change(zobo_discovery *d, change *c, zobo_err err, void (*begin)(zr_op *op), const zobo_how *how,
             zobo_call **call)
{
    if (c) {
        c->w.op.begin = begin;
        c->w.op.destroy = change_free;
        c->w.op.give_up = begin == begin_register ? give_registration_up : NULL;
    }
    if (err && c) {
        change_free(&c->w.op);
        if (call)
            *call = NULL;
        return err;
    }
    return zr_op_start(&d->r, c ? &c->w.op : NULL, how, call);
}

zobo_err
zobo_discovery_register_async(zobo_discovery *d, const zobo_service *service, const zobo_how *how, zobo_call **call)
{
    change *c = zb_calloc(1, sizeof *c);
    return start_change(d, c, c ? take_service(d, c, service) : ZOBO_OK, begin_register, how, call);
}

zobo_err
zobo_discovery_register(zobo_discovery *d, const zobo_service *service, uint32_t timeout_ms, zobo_reply **id)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_discovery_register_async(d, service, &how, &call);
    return zr_wait(err, call, id);
}

zobo_err
zobo_discovery_update_async(zobo_discovery *d, const zobo_service *service, const zobo_how *how, zobo_call **call)
{
    change *c = zb_calloc(1, sizeof *c);
    zobo_err err = service && service->name && !service->id ? ZOBO_EINVAL : ZOBO_OK;
    if (c && !err)
        err = take_service(d, c, service);
    return start_change(d, c, err, begin_update, how, call);
}

zobo_err
zobo_discovery_update(zobo_discovery *d, const zobo_service *service, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_discovery_update_async(d, service, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_discovery_unregister_async(zobo_discovery *d, const char *name, const char *id, const zobo_how *how,
                                zobo_call **call)
{
    change *c = zb_calloc(1, sizeof *c);
    return start_change(d, c, c ? change_path(d, c, name, id) : ZOBO_OK, begin_unregister, how, call);
}

zobo_err
zobo_discovery_unregister(zobo_discovery *d, const char *name, const char *id, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_discovery_unregister_async(d, name, id, &how, &call);
    return zr_wait(err, call, NULL);
}
