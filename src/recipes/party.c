/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/persistent_node.h"

#define PARTY_MARK "__party__"

struct zobo_party {
    zr_recipe r; /* first */
    zr_presence *presence;
    char *path;
    bool shallow;
    zobo_presence_fn *listener;
    void *arg;
};

static zobo_party *
party_of(zr_recipe *r)
{
    return ZB_CONTAINER_OF(r, zobo_party, r);
}

static void
changed(zr_presence *p, void *owner)
{
    zobo_party *party = owner;
    zr_presence_tell(&party->r, p, party->listener, party->arg);
}

static void
on_state(zr_recipe *r, zobo_state state)
{
    zr_presence_state(party_of(r)->presence, state);
}

static void
freed(zr_recipe *r)
{
    zr_presence_stop(party_of(r)->presence, ZOBO_ECANCELLED);
}

static void
destroy(zr_recipe *r)
{
    zobo_party *party = party_of(r);
    zr_presence_free(party->presence);
    zr_recipe_fini(r);
    zb_free(party->path);
    zb_free(party);
}

static const zr_kind kind = {.state = on_state, .freed = freed, .destroy = destroy};

/* --- making --- */

static zobo_err
check(const char *path, bool shallow, const zobo_party_options *o, zobo_problem *why)
{
    zobo_err err = zr_check_path(path, why);
    if (!err && shallow && o->identifier)
        err = zr_check_name(path, "-", o->identifier, why);
    return err ? err : zr_check_acl(o->acl, why);
}

/* PATH/UUID__party__, or PATH/UUID-IDENTIFIER. */
static char *
node_path(zobo_client *client, const char *path, bool shallow, const char *identifier)
{
    char uuid[ZR_UUID];
    size_t size = ZR_UUID + sizeof PARTY_MARK + strlen(identifier) + 1;
    char *name = zb_malloc(size);
    if (!name)
        return NULL;
    zobo_uuid(client, uuid);
    (void)snprintf(name, size, "%s%s%s", uuid, shallow ? "-" : PARTY_MARK, shallow ? identifier : "");
    char *whole = zr_path_child(path, name);
    zb_free(name);
    return whole;
}

static zobo_err
fill(zobo_party *party, zobo_client *client, const char *path, const zobo_party_options *o)
{
    const char *identifier = o->identifier ? o->identifier : "";
    zr_presence_options po = {.data = identifier, .len = strlen(identifier), .acl = o->acl, .stay_away = o->no_rejoin};
    char *node = node_path(client, path, party->shallow, identifier);
    party->listener = o->listener;
    party->arg = o->arg;
    party->path = zr_strdup(path);
    if (node)
        party->presence = zr_presence_new(&party->r, node, &po, changed, party);
    zb_free(node);
    return party->path && party->presence ? zr_recipe_init(&party->r, &kind, client) : ZOBO_ENOMEM;
}

static zobo_err
party_new(zobo_client *client, const char *path, bool shallow, const zobo_party_options *options, zobo_party **out,
          zobo_problem *why)
{
    zobo_party_options o;
    zb_problem_clear(why);
    if (out)
        *out = NULL;
    if (!client || !out)
        return zb_problem(why, ZOBO_EINVAL, 0, "there is no client, or nowhere to put the party");
    zobo_err err = zb_sized_take(&o, sizeof o, options, sizeof(size_t), ZB_SIZED_FIRST(zobo_party_options, arg),
                                 "zobo_party_options", why);
    if (!err)
        err = check(path, shallow, &o, why);
    if (err)
        return err;
    zobo_party *party = zb_calloc(1, sizeof *party);
    if (!party)
        return zr_no_memory(why);
    party->shallow = shallow;
    err = fill(party, client, path, &o);
    if (err) {
        zr_presence_free(party->presence);
        zb_free(party->path);
        zb_free(party);
        return zb_problem(why, err, 0, "%s", zobo_err_text(err));
    }
    *out = party;
    return ZOBO_OK;
}

zobo_err
zobo_party_new(zobo_client *client, const char *path, const zobo_party_options *options, zobo_party **out,
               zobo_problem *why)
{
    return party_new(client, path, false, options, out, why);
}

zobo_err
zobo_shallow_party_new(zobo_client *client, const char *path, const zobo_party_options *options, zobo_party **out,
                       zobo_problem *why)
{
    return party_new(client, path, true, options, out, why);
}

/* --- joining and leaving --- */

/* A join that has come to nothing leaves nothing behind, unless another one is still waiting. */
static void
joined(zr_op *op, zobo_err err)
{
    zr_presence_wait *w = ZB_CONTAINER_OF(op, zr_presence_wait, op);
    zr_presence *p = party_of(op->recipe)->presence;
    if (err && zr_presence_wanted(p) && !zr_presence_awaited(p, w))
        zr_presence_stop(p, err);
    zr_op_end(op, err, NULL);
}

static void
give_join_up(zr_op *op, zobo_err why)
{
    zb_list_remove(&ZB_CONTAINER_OF(op, zr_presence_wait, op)->link);
    joined(op, why);
}

static void
begin_join(zr_op *op)
{
    zr_presence_wait *w = ZB_CONTAINER_OF(op, zr_presence_wait, op);
    zr_presence *p = party_of(op->recipe)->presence;
    w->done = joined;
    zr_presence_start(p);
    zr_presence_await(p, w, false);
}

static void
begin_leave(zr_op *op)
{
    zr_presence *p = party_of(op->recipe)->presence;
    if (zr_presence_idle(p)) {
        zr_op_end(op, ZOBO_ENOTHELD, NULL);
        return;
    }
    zr_presence_stop(p, ZOBO_ECANCELLED);
    zr_presence_await(p, ZB_CONTAINER_OF(op, zr_presence_wait, op), true);
}

static zobo_err
start_wait(zobo_party *party, void (*begin)(zr_op *op), void (*give_up)(zr_op *op, zobo_err why), const zobo_how *how,
           zobo_call **call)
{
    zr_presence_wait *w = zb_calloc(1, sizeof *w);
    if (!w)
        return zr_op_start(&party->r, NULL, how, call);
    w->op.begin = begin;
    w->op.give_up = give_up;
    w->op.destroy = zr_presence_wait_free;
    return zr_op_start(&party->r, &w->op, how, call);
}

zobo_err
zobo_party_join_async(zobo_party *party, const zobo_how *how, zobo_call **call)
{
    return start_wait(party, begin_join, give_join_up, how, call);
}

zobo_err
zobo_party_join(zobo_party *party, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_party_join_async(party, &how, &call);
    return zr_wait(err, call, NULL);
}

zobo_err
zobo_party_leave_async(zobo_party *party, const zobo_how *how, zobo_call **call)
{
    return start_wait(party, begin_leave, NULL, how, call);
}

zobo_err
zobo_party_leave(zobo_party *party, uint32_t timeout_ms)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_party_leave_async(party, &how, &call);
    return zr_wait(err, call, NULL);
}

bool
zobo_party_participating(const zobo_party *party)
{
    return zr_presence_now(party->presence) == ZOBO_PRESENCE_PRESENT;
}

/* --- who is there --- */

/* Reads the members: all names with one request, then, unless the party is shallow, the data of each. */
typedef struct look {
    zr_op op; /* first */
    bool count_only;
    char **found; /* identifiers */
    size_t n, cap;
    size_t under_way; /* reads */
    zobo_err err;     /* the first that went wrong */
} look;

static look *
look_of(zr_op *op)
{
    return ZB_CONTAINER_OF(op, look, op);
}

static void
look_free(zr_op *op)
{
    look *l = look_of(op);
    for (size_t i = 0; i < l->n; i++)
        zb_free(l->found[i]);
    zb_free(l->found);
    zb_free(l);
}

static void
drop_found(look *l)
{
    while (l->n > 0)
        zb_free(l->found[--l->n]);
}

/* Takes `identifier` over. */
static void
add_found(look *l, char *identifier)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        char **found = zb_realloc(l->found, cap * sizeof *found);
        if (!found) {
            zb_free(identifier);
            identifier = NULL;
        } else {
            l->found = found;
            l->cap = cap;
        }
    }
    if (identifier)
        l->found[l->n++] = identifier;
    else if (!l->err)
        l->err = ZOBO_ENOMEM;
}

static void step_names(zr_op *op);

static void
look_over(zr_op *op)
{
    look *l = look_of(op);
    zobo_err err = l->err;
    zobo_reply reply = {.children = (const char *const *)l->found, .n_children = l->n, .count = (int32_t)l->n};
    if (l->count_only)
        reply.n_children = 0;
    l->err = ZOBO_OK;
    if (!zr_retry(op, err, step_names))
        zr_op_end(op, err, err ? NULL : &reply);
}

static void
member_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = arg;
    look *l = look_of(op);
    l->under_way--;
    if (!op->ended) {
        if (!err)
            add_found(l, zb_strndup(reply->data ? reply->data : "", reply->data_len));
        else if (err != ZOBO_ENONODE && !l->err)
            l->err = err;
    }
    op = zr_back(op);
    if (op && !l->under_way)
        look_over(op);
}

static void
read_member(zr_op *op, const char *dir, const char *name)
{
    look *l = look_of(op);
    char *path = zr_path_child(dir, name);
    zobo_how how = zr_op_how(op, member_done);
    zobo_err err = ZOBO_ENOMEM;
    if (path)
        err = zobo_get_async(op->recipe->client, path, NULL, &how, NULL);
    zb_free(path);
    if (!err) {
        l->under_way++;
        op->refs++;
    } else if (!l->err) {
        l->err = err;
    }
}

static void
names_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, step_names))
        return;
    look *l = look_of(op);
    zobo_party *party = party_of(op->recipe);
    if (err && err != ZOBO_ENONODE) {
        zr_op_end(op, err, NULL);
        return;
    }
    for (size_t i = 0; !err && i < reply->n_children && !l->err; i++) {
        const char *name = reply->children[i], *dash = strchr(name, '-');
        if (party->shallow)
            add_found(l, zr_strdup(dash ? dash + 1 : name));
        else if (strstr(name, PARTY_MARK) && l->count_only)
            add_found(l, zr_strdup(""));
        else if (strstr(name, PARTY_MARK))
            read_member(op, party->path, name);
    }
    if (!l->under_way)
        look_over(op);
}

static void
step_names(zr_op *op)
{
    zobo_how how = zr_op_how(op, names_done);
    drop_found(look_of(op));
    zr_sent(op, zobo_get_children_async(op->recipe->client, party_of(op->recipe)->path, NULL, &how, NULL), names_done);
}

static zobo_err
start_look(zobo_party *party, bool count_only, const zobo_how *how, zobo_call **call)
{
    look *l = zb_calloc(1, sizeof *l);
    if (!l)
        return zr_op_start(&party->r, NULL, how, call);
    l->count_only = count_only;
    l->op.begin = step_names;
    l->op.destroy = look_free;
    return zr_op_start(&party->r, &l->op, how, call);
}

zobo_err
zobo_party_members_async(zobo_party *party, const zobo_how *how, zobo_call **call)
{
    return start_look(party, false, how, call);
}

zobo_err
zobo_party_members(zobo_party *party, uint32_t timeout_ms, zobo_reply **out)
{
    zobo_call *call = NULL;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_party_members_async(party, &how, &call);
    return zr_wait(err, call, out);
}

zobo_err
zobo_party_count_async(zobo_party *party, const zobo_how *how, zobo_call **call)
{
    return start_look(party, true, how, call);
}

zobo_err
zobo_party_count(zobo_party *party, uint32_t timeout_ms, int32_t *count)
{
    zobo_call *call = NULL;
    zobo_reply *reply;
    zobo_how how = zr_how(timeout_ms);
    zobo_err err = zobo_party_count_async(party, &how, &call);
    err = zr_wait(err, call, &reply);
    if (count)
        *count = err ? 0 : reply->count;
    zobo_reply_free(reply);
    return err;
}

void
zobo_party_free(zobo_party *party)
{
    if (party)
        zr_recipe_free(&party->r);
}
