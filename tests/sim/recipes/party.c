/* SPDX-License-Identifier: Apache-2.0 */
/* PersistentNode, Party and ShallowParty: who is in is there, once, by a node of his present session; who has left is
 * not. Somebody deletes nodes now and then. */
#include <string.h>

#include <zobo/party.h>

#include "sim/world/world.h"

enum { MAX_ACTORS = 8, ROUNDS = 4 };

typedef enum kind { NODE, PARTY, SHALLOW, GROUP, N_KINDS } kind;

typedef struct actor {
    wclient *c;
    kind kind;
    size_t index;
    zobo_persistent_node *node;
    zobo_party *party;
    zobo_group_member *member;
    bool in, joining, leaving, busy;
    zobo_presence presence; /* as told */
    unsigned rounds, sets;
    char path[40], data[24];
    size_t seen; /* members, as the group's listener was told */
} actor;

typedef struct parties {
    actor actors[MAX_ACTORS];
    size_t n;
} parties;

static const char party_path[] = "/parties/deep", shallow_path[] = "/parties/shallow", group_path[] = "/parties/group";

static void turn(wclient *c, void *arg);

static void
again(actor *a)
{
    world *w = a->c->w;
    a->busy = false;
    a->rounds++;
    world_after(a->c, 0, w->small ? 30 : world_chance(w, 70) ? 300 : 6000, turn, a);
}

static void
changed(actor *a, zobo_presence presence, zobo_err err)
{
    world_trace(a->c->w, "actor %u is %s: %s", (unsigned)a->index, zobo_presence_name(presence), zobo_err_name(err));
    world_must(a->c->w, presence != ZOBO_PRESENCE_REFUSED);
    world_must(a->c->w, a->node || a->party);
    a->presence = presence;
}

static void
node_changed(void *arg, zobo_persistent_node *node, zobo_presence presence, zobo_err err)
{
    world_must(((actor *)arg)->c->w, node != NULL);
    changed(arg, presence, err);
}

static void
party_changed(void *arg, zobo_party *party, zobo_presence presence, zobo_err err)
{
    world_must(((actor *)arg)->c->w, party != NULL);
    changed(arg, presence, err);
}

/* Who is there, as he says, is so by a node of the session that he has. */
static void
check(world *w)
{
    const parties *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        zs_node node;
        zobo_client_id id;
        bool present = a->node ? a->presence == ZOBO_PRESENCE_PRESENT : a->party && zobo_party_participating(a->party);
        if (!present)
            continue;
        if (a->c->state == ZOBO_LOST)
            world_fail(w, "actor %u has lost its session, and is there", (unsigned)i);
        if (a->node && a->c->state == ZOBO_CONNECTED && !zobo_get_client_id(a->c->c, &id) &&
            world_node(w, a->path, &node, NULL, 0) && node.owner != id.session_id)
            world_fail(w, "actor %u is there by a node of another session", (unsigned)i);
    }
}

/* --- a node ------------------------------------------------------------------------------------------------------- */

static void
done(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    if (err && err != ZOBO_ECANCELLED && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ENOTHELD)
        world_fail(a->c->w, "actor %u: %s", (unsigned)a->index, zobo_err_name(err));
    again(a);
}

static void
turn_node(actor *a)
{
    world *w = a->c->w;
    zobo_problem why;
    const zobo_how how = {.done = done, .arg = a, .timeout_ms = world_chance(w, 30) ? 500 : 0};
    zobo_err err = ZOBO_OK;
    (void)snprintf(a->data, sizeof a->data, "%u", a->sets++);
    if (a->kind == NODE && !a->node) {
        zobo_persistent_node_options o = {.data = a->data,
                                          .data_len = strlen(a->data),
                                          .take_over = world_chance(w, 30),
                                          .changed = node_changed,
                                          .changed_arg = a};
        a->presence = ZOBO_PRESENCE_ABSENT;
        if (zobo_persistent_node_new(a->c->c, a->path, &o, &a->node, &why) || zobo_persistent_node_start(a->node))
            world_fail(w, "zobo_persistent_node_new, _start");
        err = zobo_persistent_node_wait_async(a->node, &how, NULL);
    } else if (a->kind == NODE) {
        err = zobo_persistent_node_set_async(a->node, a->data, strlen(a->data), &how, NULL);
    } else if (!a->member) {
        zobo_group_member_options o = {.data = a->data, .data_len = strlen(a->data)};
        char id[16];
        (void)snprintf(id, sizeof id, "m%u", (unsigned)a->index);
        if (zobo_group_member_new(a->c->c, group_path, id, &o, &a->member, &why) || zobo_group_member_start(a->member))
            world_fail(w, "zobo_group_member_new, _start");
        err = zobo_group_member_wait_async(a->member, &how, NULL);
    } else {
        err = zobo_group_member_set_async(a->member, a->data, strlen(a->data), &how, NULL);
    }
    if (err)
        world_fail(w, "actor %u: %s", (unsigned)a->index, zobo_err_name(err));
    a->in = true;
}

/* --- a party ------------------------------------------------------------------------------------------------------ */

static void
joined(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    if (err && err != ZOBO_ECANCELLED && err != ZOBO_EWAITTIMEOUT)
        world_fail(a->c->w, "join: %s", zobo_err_name(err));
    a->in = err == ZOBO_OK && a->party;
    again(a);
}

static void
turn_party(actor *a)
{
    world *w = a->c->w;
    zobo_problem why;
    zobo_how how = {.done = a->in ? done : joined, .arg = a};
    if (!a->party) {
        zobo_party_options o = {.identifier = a->path + 1, .changed = party_changed, .changed_arg = a};
        if (a->kind == PARTY ? zobo_party_new(a->c->c, party_path, &o, &a->party, &why)
                             : zobo_shallow_party_new(a->c->c, shallow_path, &o, &a->party, &why))
            world_fail(w, "a party: %s", why.text);
        a->in = false;
        how.done = joined;
    }
    bool was_in = a->in;
    if (!was_in && world_chance(w, 30))
        how.timeout_ms = 300;
    a->in = false;
    zobo_err err = was_in ? zobo_party_leave_async(a->party, &how, NULL) : zobo_party_join_async(a->party, &how, NULL);
    if (err)
        world_fail(w, "join or leave: %s", zobo_err_name(err));
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static void
turn(wclient *c, void *arg)
{
    actor *a = arg;
    if (c->w->healed && a->rounds >= ROUNDS)
        return;
    a->busy = true;
    if (a->kind == NODE || a->kind == GROUP)
        turn_node(a);
    else
        turn_party(a);
}

static void
let_go(actor *a)
{
    zobo_persistent_node_free(a->node);
    zobo_party_free(a->party);
    zobo_group_member_free(a->member);
    a->node = NULL;
    a->party = NULL;
    a->member = NULL;
    a->in = false;
}

/* The user frees, or somebody deletes the node. */
static void
abandon(world *w, wclient *c)
{
    parties *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c)
            continue;
        if (world_chance(w, 60)) {
            world_trace(w, "actor %u is freed", (unsigned)i);
            let_go(a);
        } else if (a->kind == NODE && zobo_delete_async(c->c, a->path, -1, NULL, NULL)) {
            world_fail(w, "delete_async");
        }
    }
}

static void
begin(world *w)
{
    parties *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? N_KINDS : N_KINDS + world_below(w, MAX_ACTORS - N_KINDS + 1);
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        a->c = &w->clients[i % clients];
        a->kind = (kind)(i % N_KINDS);
        a->index = i;
        (void)snprintf(a->path, sizeof a->path, "/%u", (unsigned)i);
        if (a->kind == NODE)
            (void)snprintf(a->path, sizeof a->path, "/parties/nodes/%u", (unsigned)i);
        if (a->kind == GROUP)
            (void)snprintf(a->path, sizeof a->path, "%s/m%u", group_path, (unsigned)i);
        world_after(a->c, 0, 300, turn, a);
    }
}

static size_t
count_in(const parties *v, kind which)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++)
        n += v->actors[i].in && v->actors[i].kind == which;
    return n;
}

static bool
is_there(world *w, const actor *a)
{
    zs_node node;
    zobo_client_id id;
    char data[32];
    if (a->kind != NODE && a->kind != GROUP)
        return zobo_party_participating(a->party);
    return world_node(w, a->path, &node, data, sizeof data) && strcmp(data, a->data) == 0 &&
           !zobo_get_client_id(a->c->c, &id) && node.owner == id.session_id &&
           (a->kind == GROUP || a->presence == ZOBO_PRESENCE_PRESENT);
}

/* The group as a member sees it is the group. */
static bool
sees_all(world *w, const actor *a)
{
    zobo_members *members;
    if (zobo_group_member_get_members(a->member, &members))
        return false;
    bool same = members->n == world_children(w, group_path, NULL, 0);
    for (size_t i = 0; same && i < members->n; i++) {
        char path[80], data[32];
        (void)snprintf(path, sizeof path, "%s/%s", group_path, members->items[i].id);
        same = world_node(w, path, NULL, data, sizeof data) && strlen(data) == members->items[i].data_len &&
               memcmp(data, members->items[i].data, members->items[i].data_len) == 0;
    }
    zobo_members_free(members);
    return same;
}

static bool
settled(world *w)
{
    parties *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        if (a->busy || a->rounds < ROUNDS || (a->in && !is_there(w, a)) || (a->member && !sees_all(w, a)))
            return false;
    }
    return world_children(w, party_path, NULL, 0) == count_in(v, PARTY) &&
           world_children(w, shallow_path, NULL, 0) == count_in(v, SHALLOW) &&
           world_children(w, group_path, NULL, 0) == count_in(v, GROUP) &&
           world_children(w, "/parties/nodes", NULL, 0) == count_in(v, NODE);
}

static void
end(world *w)
{
    parties *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->actors[i].c);
        let_go(&v->actors[i]);
        w->current = was;
    }
}

static void
leftover(world *w)
{
    size_t n = world_ephemerals(w);
    if (n)
        world_fail(w, "%u ephemeral nodes are left", (unsigned)n);
}

static void
show(world *w)
{
    parties *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        world_trace(w, "actor %u of client %u, kind %d: %s%s%s, %u rounds, data %s", (unsigned)i, (unsigned)a->c->index,
                    (int)a->kind, a->in ? "in " : "out ", a->busy ? "busy " : "", zobo_presence_name(a->presence),
                    a->rounds, a->data);
    }
}

const char world_program[] = "sim_party";
const scenario world_scenarios[] = {
    {.name = "party",
     .state_size = sizeof(parties),
     .begin = begin,
     .check = check,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover,
     .show = show},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
