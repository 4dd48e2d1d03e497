/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery: instances are registered, updated and taken away, while others ask for them and follow them.
 *
 * A query lists what was there from its beginning to its end, and nothing that was not there all that time; nothing is
 * there after it was taken away. When all is quiet exactly what is registered is there, each instance by one node that
 * says what it was last told to say, whatever became of sessions and nodes; caches and providers hold just that, and so
 * does what their listeners were told. Freed objects leave nothing but what is permanent. */
#include <string.h>

#include <zobo/discovery.h>

#include "sim/world/world.h"

enum { MAX_ACTORS = 10, MAX_INSTANCES = 24, ROUNDS = 4, SERVICES = 2 };

typedef enum kind { REGISTRAR, CACHE, QUERIER, N_KINDS } kind;

typedef struct actor {
    wclient *c;
    kind kind;
    size_t index;
    const char *service;
    unsigned rounds;
    bool busy;
    zobo_call *call;
    /* a registrar */
    zobo_discovery *d;
    zobo_service_type type;
    bool nameless; /* its id is made for it */
    bool rival;    /* another has the same id */
    bool in, may_stay;
    char id[40], path[80];
    int32_t port;
    uint64_t there_from, gone_from; /* its node, without a break; 0: it is not */
    /* a cache, or a provider's */
    zobo_service_cache *cache;
    zobo_service_provider *provider;
    bool started;
    size_t told_n;
    uint64_t told;
    /* a querier */
    uint64_t asked_at;
    bool names;
} actor;

typedef struct discoveries {
    actor actors[MAX_ACTORS];
    size_t n;
} discoveries;

static const char base[] = "/services";
static const char *const services[SERVICES] = {"web", "db"};

static void turn(wclient *c, void *arg);

static void
again(actor *a)
{
    world *w = a->c->w;
    a->busy = false;
    zobo_call_free(a->call);
    a->call = NULL;
    a->rounds++;
    world_after(a->c, 0, w->small ? 30 : world_chance(w, 70) ? 400 : 6000, turn, a);
}

static void
place(actor *a, const char *id)
{
    (void)snprintf(a->id, sizeof a->id, "%.39s", id);
    (void)snprintf(a->path, sizeof a->path, "%s/%s/%s", base, a->service, a->id);
    a->there_from = a->gone_from = 0;
}

/* --- what must hold ----------------------------------------------------------------------------------------------- */

static void
check(world *w)
{
    discoveries *v = w->state;
    for (size_t i = 0; i < v->n && world_up(w); i++) {
        actor *a = &v->actors[i];
        if (a->kind != REGISTRAR || !a->id[0])
            continue;
        bool there = world_node(w, a->path, NULL, NULL, 0);
        a->there_from = !there ? 0 : a->there_from ? a->there_from : w->now;
        a->gone_from = there ? 0 : a->gone_from ? a->gone_from : w->now;
    }
}

static bool
is_of(const actor *a, const char *service)
{
    return a->kind == REGISTRAR && a->id[0] && strcmp(a->service, service) == 0;
}

static void
check_list(const actor *asker, const zobo_service_list *list)
{
    world *w = asker->c->w;
    discoveries *v = w->state;
    if (list->unreadable)
        world_fail(w, "%u instances of %s are unreadable", (unsigned)list->unreadable, asker->service);
    for (size_t i = 1; i < list->n; i++)
        if (strcmp(list->items[i - 1].id, list->items[i].id) >= 0)
            world_fail(w, "%s is listed before %s", list->items[i - 1].id, list->items[i].id);
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        bool listed = false;
        if (!is_of(a, asker->service))
            continue;
        for (size_t k = 0; k < list->n && !listed; k++)
            listed = strcmp(list->items[k].id, a->id) == 0;
        if (!listed && a->there_from && a->there_from < asker->asked_at)
            world_fail(w, "%s is there, and is not listed", a->path);
        if (listed && a->gone_from && a->gone_from < asker->asked_at)
            world_fail(w, "%s is not there, and is listed", a->path);
    }
}

static void
check_names(const actor *asker, const zobo_reply *reply)
{
    world *w = asker->c->w;
    discoveries *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        bool listed = false;
        for (size_t k = 0; k < reply->n_children && !listed; k++)
            listed = a->service && strcmp(reply->children[k], a->service) == 0;
        if (a->kind == REGISTRAR && a->id[0] && !listed && a->there_from && a->there_from < asker->asked_at)
            world_fail(w, "the service %s is not listed, of which %s is there", a->service, a->path);
    }
}

/* --- registrars --------------------------------------------------------------------------------------------------- */

static void
check_ends(const actor *a, const char *what, zobo_err err)
{
    if (err && err != ZOBO_ECANCELLED && err != ZOBO_EWAITTIMEOUT)
        world_fail(a->c->w, "actor %u, %s: %s", (unsigned)a->index, what, zobo_err_name(err));
    world_trace(a->c->w, "actor %u, %s %s: %s", (unsigned)a->index, what, a->path, zobo_err_name(err));
}

static void
registered(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    check_ends(a, "register", err);
    a->in = err == ZOBO_OK && a->d;
    if (!err) {
        world_must(a->c->w, reply->data_len < sizeof a->id && strlen(reply->data) == reply->data_len);
        if (strcmp(a->id, reply->data) != 0)
            place(a, reply->data);
        if (strcmp(a->path, reply->path) != 0)
            world_fail(a->c->w, "%s is registered as %s", a->path, reply->path);
    }
    again(a);
}

/* Whether or not it came to its end: it is wanted. */
static void
updated(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    check_ends(a, "update", err);
    a->in = a->d != NULL;
    again(a);
}

static void
unregistered(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    world *w = a->c->w;
    zs_node node;
    zobo_client_id id;
    (void)reply;
    check_ends(a, "unregister", err);
    if (!err && a->d && !a->rival && world_up(w) && world_node(w, a->path, &node, NULL, 0) &&
        !zobo_get_client_id(a->c->c, &id) && (node.owner == 0 || node.owner == id.session_id))
        world_fail(w, "%s is there after it was taken away", a->path);
    again(a);
}

static void
turn_registrar(actor *a)
{
    world *w = a->c->w;
    zobo_problem why;
    zobo_how how = {.arg = a, .timeout_ms = a->rival || world_chance(w, 30) ? 500 : 0};
    if (!a->d && zobo_discovery_new(a->c->c, base, NULL, &a->d, &why))
        world_fail(w, "zobo_discovery_new: %s", why.text);
    bool was_in = a->in;
    /* A new one, or in the end all are in. */
    bool leave = was_in && (a->rounds >= ROUNDS || world_chance(w, 50)) && !w->healed;
    leave = leave || (was_in && w->small && a->rounds == 2);
    zobo_err err;
    a->in = false;
    a->port += !leave;
    zobo_service s = {.name = a->service, .id = a->id, .address = "10.0.0.1", .port = a->port, .type = a->type};
    if (leave) {
        how.done = unregistered;
        err = zobo_discovery_unregister_async(a->d, a->service, a->id, &how, &a->call);
    } else if (was_in) {
        how.done = updated;
        err = zobo_discovery_update_async(a->d, &s, &how, &a->call);
    } else {
        how.done = registered;
        a->may_stay = a->type == ZOBO_SERVICE_PERMANENT;
        if (a->nameless)
            s.id = NULL;
        err = zobo_discovery_register_async(a->d, &s, &how, &a->call);
    }
    if (err)
        world_fail(w, "actor %u: %s", (unsigned)a->index, zobo_err_name(err));
}

/* --- queriers ----------------------------------------------------------------------------------------------------- */

static void
queried(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    zobo_service_list *list = NULL;
    check_ends(a, "query", err);
    if (!err && a->names) {
        check_names(a, reply);
    } else if (!err) {
        if (zobo_service_list_parse(reply->children, reply->n_children, &list))
            world_fail(a->c->w, "zobo_service_list_parse");
        check_list(a, list);
    }
    zobo_service_list_free(list);
    again(a);
}

static void
turn_querier(actor *a)
{
    world *w = a->c->w;
    zobo_problem why;
    const zobo_how how = {.done = queried, .arg = a, .timeout_ms = world_chance(w, 30) ? 500 : 0};
    if (!a->d && zobo_discovery_new(a->c->c, base, NULL, &a->d, &why))
        world_fail(w, "zobo_discovery_new: %s", why.text);
    a->service = services[world_below(w, SERVICES)];
    a->names = world_chance(w, 30);
    a->asked_at = w->now;
    if (a->names ? zobo_discovery_query_names_async(a->d, &how, &a->call)
                 : zobo_discovery_query_instances_async(a->d, a->service, &how, &a->call))
        world_fail(w, "a query");
}

/* --- caches ------------------------------------------------------------------------------------------------------- */

static uint64_t
sum(const zobo_service_list *list)
{
    uint64_t all = 0;
    for (size_t i = 0; i < list->n; i++) {
        uint64_t one = (uint64_t)list->items[i].port;
        for (const char *s = list->items[i].id; *s; s++)
            one = (one ^ (uint8_t)*s) * 0x100000001b3U;
        all += one;
    }
    return all;
}

static void
told(void *arg, zobo_service_cache *cache, const zobo_service_list *list)
{
    actor *a = arg;
    world_must(a->c->w, cache && cache == a->cache && !list->unreadable);
    world_trace(a->c->w, "actor %u is told of %u instances", (unsigned)a->index, (unsigned)list->n);
    a->told_n = list->n;
    a->told = sum(list);
}

static void
waited(void *arg, zobo_err err, const zobo_reply *reply)
{
    actor *a = arg;
    (void)reply;
    check_ends(a, "wait", err);
    again(a);
}

static void
turn_cache(actor *a)
{
    world *w = a->c->w;
    zobo_problem why;
    const zobo_how how = {.done = waited, .arg = a, .timeout_ms = world_chance(w, 50) ? 500 : 0};
    zobo_err err = ZOBO_OK;
    if (!a->cache && !a->provider) {
        const zobo_service_cache_options o = {.changed = told, .changed_arg = a};
        a->told_n = 0;
        a->told = 0;
        a->service = services[world_below(w, SERVICES)];
        err = world_chance(w, 70) ? zobo_service_cache_new(a->c->c, base, a->service, &o, &a->cache, &why)
                                  : zobo_service_provider_new(a->c->c, base, a->service, NULL, &a->provider, &why);
        if (!err)
            err = a->cache ? zobo_service_cache_start(a->cache) : zobo_service_provider_start(a->provider);
    }
    if (!err)
        err = a->cache ? zobo_service_cache_wait_async(a->cache, &how, &a->call)
                       : zobo_service_provider_wait_async(a->provider, &how, &a->call);
    if (err)
        world_fail(w, "a cache: %s", zobo_err_name(err));
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static void
turn(wclient *c, void *arg)
{
    static void (*const turns[N_KINDS])(actor * a) = {turn_registrar, turn_cache, turn_querier};
    actor *a = arg;
    world *w = c->w;
    bool idle = a->kind == REGISTRAR ? a->in : a->kind == CACHE ? a->cache || a->provider : true;
    if (w->ending)
        return;
    if (w->healed && a->rounds >= ROUNDS && idle) {
        world_after(c, 500, 1000, turn, a); /* it may be freed yet */
        return;
    }
    a->busy = true;
    turns[a->kind](a);
}

static void
let_go(actor *a)
{
    zobo_discovery_free(a->d);
    zobo_service_cache_free(a->cache);
    zobo_service_provider_free(a->provider);
    a->d = NULL;
    a->cache = NULL;
    a->provider = NULL;
    a->in = false;
}

/* The user frees, cancels, or somebody deletes the node. */
static void
abandon(world *w, wclient *c)
{
    discoveries *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        if (a->c != c)
            continue;
        uint64_t which = world_below(w, 3);
        if (which == 0) {
            world_trace(w, "actor %u is freed", (unsigned)i);
            let_go(a);
        } else if (which == 1 && a->call) {
            world_trace(w, "actor %u cancels", (unsigned)i);
            zobo_call_cancel(a->call);
        } else if (a->kind == REGISTRAR && a->in && zobo_delete_async(c->c, a->path, -1, NULL, NULL)) {
            world_fail(w, "delete_async");
        }
    }
}

static void
begin(world *w)
{
    discoveries *v = w->state;
    size_t clients = w->small ? 3 : 2 + world_below(w, 4), registrars = 0;
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 4 : 4 + world_below(w, MAX_ACTORS - 3);
    for (size_t i = 0; i < v->n; i++) {
        actor *a = &v->actors[i];
        char id[16];
        a->c = &w->clients[i % clients];
        a->index = i;
        a->kind = i == 1                         ? CACHE
                  : i == 3                       ? QUERIER
                  : i < 3 || world_chance(w, 60) ? REGISTRAR
                                                 : (kind)world_below(w, 3);
        a->type = w->small || world_chance(w, 70) ? ZOBO_SERVICE_DYNAMIC
                  : world_chance(w, 70)           ? ZOBO_SERVICE_STATIC
                                                  : ZOBO_SERVICE_PERMANENT;
        a->port = (int32_t)(1 + 1000 * i);
        if (a->kind == REGISTRAR) {
            a->service = services[registrars++ % SERVICES];
            a->nameless = world_chance(w, 30) && a->type != ZOBO_SERVICE_PERMANENT;
            (void)snprintf(id, sizeof id, "i%u", (unsigned)i);
            if (!a->nameless)
                place(a, id);
        }
        world_after(a->c, 0, 300, turn, a);
    }
    actor *first = &v->actors[0], *last = &v->actors[v->n - 1];
    if (!w->small && world_chance(w, 30) && last->kind == REGISTRAR) {
        first->rival = last->rival = true;
        first->nameless = last->nameless = false;
        first->type = last->type = ZOBO_SERVICE_DYNAMIC;
        last->service = first->service;
        place(first, "rival");
        place(last, "rival");
    }
}

/* --- when all is quiet -------------------------------------------------------------------------------------------- */

/* One that is in has its node, which is his session's, and says what it is to say. */
static bool
is_there(world *w, const actor *a)
{
    zs_node node;
    zobo_client_id id;
    char data[512], port[32];
    if (!world_node(w, a->path, &node, data, sizeof data))
        return false;
    if (a->rival)
        return true;
    (void)snprintf(port, sizeof port, "\"port\":%d,", (int)a->port);
    int64_t owner = a->type == ZOBO_SERVICE_DYNAMIC && !zobo_get_client_id(a->c->c, &id) ? id.session_id : 0;
    return node.owner == owner && strstr(data, port);
}

/* What is there by right, of a service; in the end permanent ones of which nobody takes care any more, too. */
static bool
none_too_many(world *w, const char *service)
{
    discoveries *v = w->state;
    char path[80], names[MAX_INSTANCES][80];
    (void)snprintf(path, sizeof path, "%s/%s", base, service);
    size_t n = world_children(w, path, names, MAX_INSTANCES);
    world_must(w, n <= MAX_INSTANCES);
    for (size_t i = 0; i < n; i++) {
        bool right = false;
        for (size_t k = 0; k < v->n && !right; k++) {
            const actor *a = &v->actors[k];
            right = is_of(a, service) && strcmp(a->id, names[i]) == 0 && (a->in || a->may_stay);
        }
        if (!right)
            return false;
    }
    return true;
}

static bool
is_as_on_server(world *w, const actor *a)
{
    zobo_service_list *list, *one;
    char path[80], child[160], data[512], port[32];
    if ((a->cache ? zobo_service_cache_get(a->cache, &list) : zobo_service_provider_get(a->provider, &list)))
        world_fail(w, "the list of instances");
    (void)snprintf(path, sizeof path, "%s/%s", base, a->service);
    bool same = list->n == world_children(w, path, NULL, 0) && !list->unreadable;
    for (size_t i = 0; same && i < list->n; i++) {
        (void)snprintf(child, sizeof child, "%s/%s", path, list->items[i].id);
        (void)snprintf(port, sizeof port, "\"port\":%d,", (int)list->items[i].port);
        same = world_node(w, child, NULL, data, sizeof data) && strstr(data, port);
    }
    if (same && a->cache)
        same = a->told_n == list->n && a->told == sum(list);
    if (same && a->provider) {
        zobo_err err = zobo_service_provider_pick(a->provider, &one);
        if (err != (list->n ? ZOBO_OK : ZOBO_EEMPTY))
            world_fail(w, "of %u instances one is picked: %s", (unsigned)list->n, zobo_err_name(err));
        if (!err)
            zobo_service_list_free(one);
    }
    zobo_service_list_free(list);
    return same;
}

static bool
settled(world *w)
{
    discoveries *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        if (a->busy || a->rounds < ROUNDS || (a->kind == REGISTRAR && (!a->in || !is_there(w, a))) ||
            (a->kind == CACHE && ((!a->cache && !a->provider) || !is_as_on_server(w, a))))
            return false;
    }
    return none_too_many(w, services[0]) && none_too_many(w, services[1]);
}

static void
end(world *w)
{
    discoveries *v = w->state;
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
    if (!none_too_many(w, services[0]) || !none_too_many(w, services[1]))
        world_fail(w, "instances are left that are not permanent");
}

static void
show(world *w)
{
    discoveries *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const actor *a = &v->actors[i];
        world_trace(w, "actor %u of client %u, kind %d, type %d%s: %s%s%u rounds, %s, port %d%s", (unsigned)i,
                    (unsigned)a->c->index, (int)a->kind, (int)a->type, a->rival ? ", rival" : "",
                    a->in ? "in, " : "out, ", a->busy ? "busy, " : "", a->rounds, a->path, (int)a->port,
                    a->kind == REGISTRAR && a->in && !is_there(w, a) ? ": NOT THERE" : "");
    }
}

const char world_program[] = "sim_discovery";
const scenario world_scenarios[] = {
    {.name = "discovery",
     .state_size = sizeof(discoveries),
     .begin = begin,
     .check = check,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover,
     .show = show},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
