/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/persistent_node.h"
#include "recipes/reads.h"

#define PARTY_MARK "__party__"

struct zobo_party {
    zr_recipe r; /* first */
    zr_presence *presence;
    char *path;
    bool shallow;
    zobo_party_changed_fn *changed;
    void *changed_arg;
};

static zobo_party *
party_of(zr_recipe *r)
{
    return ZB_CONTAINER_OF(r, zobo_party, r);
}

static void
say(zr_recipe *r, zobo_presence presence, zobo_err err)
{
    zobo_party *party = party_of(r);
    party->changed(party->changed_arg, party, presence, err);
}

static void
changed(zr_presence *p, void *owner)
{
    zobo_party *party = owner;
    if (party->changed)
        zr_presence_tell(&party->r, p, say);
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
    party->changed = o->changed;
    party->changed_arg = o->changed_arg;
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
    zobo_err err = ZB_SIZED_TAKE(&o, zobo_party_options, options, changed_arg, why);
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
        return zr_explain(err, why);
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

/* A join that has come to nothing leaves nothing behind, unless another one is still waiting, or one is a member
 * already who is on his way back in. */
static void
joined(zr_op *op, zobo_err err)
{
    zr_presence_wait *w = ZB_CONTAINER_OF(op, zr_presence_wait, op);
    zr_presence *p = party_of(op->recipe)->presence;
    if (err && zr_presence_wanted(p) && !zr_presence_was_there(p) && !zr_presence_awaited(p, w))
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

typedef struct strings {
    char **p;
    size_t n, cap;
} strings;

/* Takes `s` over. False: no memory, also when `s` is NULL. */
static bool
add_string(strings *to, char *s)
{
    if (s && to->n == to->cap) {
        size_t cap = to->cap ? 2 * to->cap : 16;
        char **p = zb_realloc(to->p, cap * sizeof *p);
        if (!p) {
            zb_free(s);
            return false;
        }
        to->p = p;
        to->cap = cap;
    }
    if (s)
        to->p[to->n++] = s;
    return s != NULL;
}

static void
drop_strings(strings *s)
{
    while (s->n > 0)
        zb_free(s->p[--s->n]);
    zb_free(s->p);
    *s = (strings){0};
}

/* Reads the members: all names with one request, then, unless the party is shallow, the data of each. */
typedef struct look {
    zr_reads reads; /* first */
    bool count_only;
    strings nodes; /* those to be read */
    strings found; /* identifiers */
} look;

static look *
look_of(zr_op *op)
{
    return ZB_CONTAINER_OF(op, look, reads.op);
}

static void
look_free(zr_op *op)
{
    look *l = look_of(op);
    drop_strings(&l->nodes);
    drop_strings(&l->found);
    zb_free(l);
}

static void step_names(zr_op *op);

static const char *
node_of_member(zr_reads *reads, size_t i)
{
    return ((look *)reads)->nodes.p[i];
}

static zobo_err
member_read(zr_reads *reads, size_t i, const zobo_reply *reply)
{
    (void)i;
    char *identifier = zb_strndup(reply->data ? reply->data : "", reply->data_len);
    return add_string(&((look *)reads)->found, identifier) ? ZOBO_OK : ZOBO_ENOMEM;
}

static void
look_over(zr_reads *reads, zobo_err err)
{
    const strings *found = &((look *)reads)->found;
    zobo_reply reply = {.children = (const char *const *)found->p, .n_children = found->n, .count = (int32_t)found->n};
    if (((look *)reads)->count_only)
        reply.n_children = 0;
    if (!zr_retry(&reads->op, err, step_names))
        zr_op_end(&reads->op, err, err ? NULL : &reply);
}

/* False: no memory. */
static bool
take_name(look *l, const zobo_party *party, const char *name)
{
    const char *dash = strchr(name, '-');
    if (party->shallow)
        return add_string(&l->found, zr_strdup(dash ? dash + 1 : name));
    if (!strstr(name, PARTY_MARK))
        return true;
    if (l->count_only)
        return add_string(&l->found, zr_strdup(""));
    return add_string(&l->nodes, zr_path_child(party->path, name));
}

static void
names_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, step_names))
        return;
    look *l = look_of(op);
    bool all = true;
    for (size_t i = 0; !err && all && i < reply->n_children; i++)
        all = take_name(l, party_of(op->recipe), reply->children[i]);
    if (!all || (err && err != ZOBO_ENONODE))
        zr_op_end(op, all ? err : ZOBO_ENOMEM, NULL);
    else
        zr_reads_begin(&l->reads, l->nodes.n);
}

static void
step_names(zr_op *op)
{
    zobo_how how = zr_op_how(op, names_done);
    drop_strings(&look_of(op)->nodes);
    drop_strings(&look_of(op)->found);
    zr_sent(op, zobo_get_children_async(op->recipe->client, party_of(op->recipe)->path, NULL, &how, NULL), names_done);
}

static zobo_err
start_look(zobo_party *party, bool count_only, const zobo_how *how, zobo_call **call)
{
    look *l = zb_calloc(1, sizeof *l);
    if (!l)
        return zr_op_start(&party->r, NULL, how, call);
    l->count_only = count_only;
    l->reads.path = node_of_member;
    l->reads.got = member_read;
    l->reads.over = look_over;
    l->reads.op.begin = step_names;
    l->reads.op.destroy = look_free;
    return zr_op_start(&party->r, &l->reads.op, how, call);
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
