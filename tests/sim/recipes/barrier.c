/* SPDX-License-Identifier: Apache-2.0 */
/* Barrier and DoubleBarrier. Nobody passes a barrier that stood all the time; everybody passes in the end. Who enters a
 * double barrier does so when enough were there, who leaves when all had gone; in the end all meet once more. */
#include <string.h>

#include <zobo/barrier.h>

#include "sim/world/world.h"

enum { MEMBERS = 3, MAX_ACTORS = 6, ROUNDS = 3 };

/* --- a double barrier --------------------------------------------------------------------------------------------- */

typedef enum phase { OUTSIDE, ENTERING, INSIDE, LEAVING } phase;

typedef struct member {
    wclient *c;
    size_t index;
    zobo_double_barrier *barrier;
    zobo_call *call;
    phase phase;
    bool lost, finale;
    char identifier[24]; /* another one for each object */
    unsigned objects;
    int64_t czxid;     /* of its node; 0: there is none */
    size_t most;       /* members that the server had since it has that node */
    int64_t left_zxid; /* the server's last when it began to leave */
    unsigned rounds, entered;
} member;

typedef struct meeting {
    member members[MAX_ACTORS];
    size_t n;
    int64_t zxid;     /* as of the last check */
    bool patient;     /* nobody gives up soon */
    uint64_t quit_at; /* somebody has given up entering, or lost his session: 0: nobody has */
    bool finale;      /* all meet without a limit, and nothing goes wrong any more */
} meeting;

static const char path[] = "/barriers/double", last_path[] = "/barriers/last";

static void enter(wclient *c, void *arg);
static void leave(wclient *c, void *arg);

static size_t
present(world *w)
{
    zs_node node;
    if (!world_node(w, path, &node, NULL, 0))
        return 0;
    return (size_t)node.n_children - world_node(w, "/barriers/double/ready", NULL, NULL, 0);
}

/* Whose nodes are there, and how many with them at most. */
static void
count(world *w, const char (*names)[80], size_t n)
{
    meeting *v = w->state;
    size_t members = present(w);
    for (size_t i = 0; i < v->n; i++) {
        member *m = &v->members[i];
        int64_t czxid = 0;
        for (size_t k = 0; k < n; k++) {
            zs_node node;
            char full[120], data[24];
            (void)snprintf(full, sizeof full, "%s/%.79s", path, names[k]);
            if (world_node(w, full, &node, data, sizeof data) && strcmp(data, m->identifier) == 0)
                czxid = node.czxid;
        }
        if (!czxid) /* it may be told what was so while it was there */
            continue;
        if (czxid != m->czxid)
            m->most = 0;
        m->czxid = czxid;
        m->most = members > m->most ? members : m->most;
    }
}

static void
check(world *w)
{
    meeting *v = w->state;
    char names[16][80];
    int64_t zxid = world_zxid(w);
    if (zxid == v->zxid || !world_up(w))
        return;
    v->zxid = zxid;
    for (size_t i = 0; i < w->n_clients; i++)
        if (w->clients[i].state == ZOBO_LOST)
            v->quit_at = w->now;
    size_t n = world_children(w, path, names, 16);
    count(w, (const char(*)[80])names, n < 16 ? n : 16);
}

static void
move(member *m, phase to)
{
    m->phase = to;
}

static void
lost(void *arg, zobo_double_barrier *barrier)
{
    member *m = arg;
    ((meeting *)m->c->w->state)->quit_at = m->c->w->now;
    world_trace(m->c->w, "member %u is told that it is lost", (unsigned)m->index);
    world_must(m->c->w, barrier == m->barrier);
    m->lost = true;
}

static bool
tolerable(const member *m, zobo_err err)
{
    const meeting *v = m->c->w->state;
    return (err == ZOBO_EWAITTIMEOUT && !m->finale) || err == ZOBO_ECANCELLED ||
           (err == ZOBO_ELOCKLOST && (!v->finale || m->c->w->small));
}

static void
next(member *m)
{
    m->rounds++;
    world_after(m->c, 0, m->c->w->small ? 20 : 800, enter, m);
}

/* Who was in when it began to leave has gone. Those who have come since are of the next round. */
static void
check_gone(const member *m)
{
    world *w = m->c->w;
    char names[16][80], full[120];
    size_t n = world_children(w, path, names, 16);
    for (size_t i = 0; i < n && i < 16; i++) {
        zs_node node;
        (void)snprintf(full, sizeof full, "%s/%.79s", path, names[i]);
        if (strcmp(names[i], "ready") != 0 && world_node(w, full, &node, NULL, 0) && node.czxid <= m->left_zxid)
            world_fail(w, "member %u has left, and %s was in and is there", (unsigned)m->index, names[i]);
    }
}

static void
left(void *arg, zobo_err err, const zobo_reply *reply)
{
    member *m = arg;
    world *w = m->c->w;
    (void)reply;
    zobo_call_free(m->call);
    m->call = NULL;
    world_trace(w, "member %u has left: %s", (unsigned)m->index, zobo_err_name(err));
    if (err && !tolerable(m, err))
        world_fail(w, "leave: %s", zobo_err_name(err));
    if (!err && m->barrier && !m->finale)
        check_gone(m);
    move(m, OUTSIDE);
    if (!m->finale || !m->barrier)
        next(m);
    else
        m->rounds++;
}

static void
leave(wclient *c, void *arg)
{
    member *m = arg;
    zobo_how how = {.done = left, .arg = m, .timeout_ms = m->finale ? 0 : 1 + (uint32_t)world_below(c->w, 6000)};
    if (!m->barrier || m->phase != INSIDE)
        return;
    move(m, LEAVING);
    m->left_zxid = world_zxid(c->w);
    if (zobo_double_barrier_leave_async(m->barrier, &how, &m->call))
        world_fail(c->w, "leave_async");
}

/* A member is one by a node of the session that it has. */
static void
check_own(const member *m)
{
    world *w = m->c->w;
    char names[16][80], full[120], data[32];
    const char *dir = m->finale ? last_path : path;
    zobo_client_id id;
    size_t n = world_children(w, dir, names, 16);
    for (size_t i = 0; i < n && i < 16; i++) {
        zs_node node;
        (void)snprintf(full, sizeof full, "%s/%.79s", dir, names[i]);
        if (world_node(w, full, &node, data, sizeof data) && strcmp(data, m->identifier) == 0 && !m->lost &&
            !zobo_get_client_id(m->c->c, &id) && node.owner != id.session_id)
            world_fail(w, "member %u has entered by a node of another session", (unsigned)m->index);
    }
}

/* Who sees enough members makes `ready`, and by the time it is there one may have given up: that is in the nature of
 * it. */
static bool
is_strict(const world *w)
{
    const meeting *v = w->state;
    return !v->quit_at || w->now - v->quit_at > ZB_MS(20000);
}

static void
entered(void *arg, zobo_err err, const zobo_reply *reply)
{
    member *m = arg;
    world *w = m->c->w;
    (void)reply;
    zobo_call_free(m->call);
    m->call = NULL;
    world_trace(w, "member %u has entered: %s", (unsigned)m->index, zobo_err_name(err));
    if (err || !m->barrier) {
        if (err && !tolerable(m, err))
            world_fail(w, "enter: %s", zobo_err_name(err));
        ((meeting *)w->state)->quit_at = w->now;
        move(m, OUTSIDE);
        next(m);
        return;
    }
    if (!m->finale && m->most < MEMBERS && is_strict(w))
        world_fail(w, "member %u has entered, and there were never more than %u", (unsigned)m->index,
                   (unsigned)m->most);
    check_own(m);
    m->entered++;
    move(m, INSIDE);
    world_after(m->c, 0, w->small ? 20 : 1000, leave, m);
}

/* The last round: when all have made theirs, who are MEMBERS or more, they meet without a limit. */
static bool
finale(world *w)
{
    meeting *v = w->state;
    if (!w->healed)
        return false;
    for (size_t i = 0; i < v->n && !v->finale; i++)
        if (v->members[i].rounds < ROUNDS || (v->members[i].phase != OUTSIDE))
            return false;
    v->finale = true;
    w->plan_at = 0; /* who is lost now cannot meet those who have met */
    return true;
}

static void
enter(wclient *c, void *arg)
{
    member *m = arg;
    world *w = c->w;
    zobo_problem why;
    if (m->phase != OUTSIDE)
        return;
    if (w->healed && m->rounds >= ROUNDS && !finale(w)) {
        world_after(c, 50, 60, enter, m);
        return;
    }
    if (!m->finale && finale(w)) { /* at another one, which is for all */
        m->finale = true;
        zobo_double_barrier_free(m->barrier);
        m->barrier = NULL;
    }
    if (!m->barrier) {
        (void)snprintf(m->identifier, sizeof m->identifier, "m%u-%u", (unsigned)m->index, m->objects++);
        const zobo_double_barrier_options o = {.identifier = m->identifier, .lost = lost, .lost_arg = m};
        if (zobo_double_barrier_new(c->c, m->finale ? last_path : path,
                                    m->finale ? (uint32_t)((meeting *)w->state)->n : MEMBERS, &o, &m->barrier, &why))
            world_fail(w, "zobo_double_barrier_new: %s", why.text);
    }
    uint32_t most_ms = ((meeting *)w->state)->patient ? 120000 : 6000;
    zobo_how how = {.done = entered, .arg = m, .timeout_ms = m->finale ? 0 : 1 + (uint32_t)world_below(w, most_ms)};
    m->lost = false;
    move(m, ENTERING);
    if (zobo_double_barrier_enter_async(m->barrier, &how, &m->call))
        world_fail(w, "enter_async");
}

static void
abandon(world *w, wclient *c)
{
    meeting *v = w->state;
    if (v->finale)
        return;
    for (size_t i = 0; i < v->n; i++) {
        member *m = &v->members[i];
        if (m->c != c || !m->barrier)
            continue;
        if (m->call && world_chance(w, 50)) {
            zobo_call_cancel(m->call);
            continue;
        }
        world_trace(w, "member %u is freed", (unsigned)i);
        v->quit_at = w->now;
        zobo_double_barrier_free(m->barrier);
        m->barrier = NULL;
        if (m->phase == INSIDE) {
            move(m, OUTSIDE);
            next(m);
        }
    }
}

static void
begin(world *w)
{
    meeting *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? MEMBERS : MEMBERS + world_below(w, 3);
    v->patient = !w->small && world_chance(w, 50);
    for (size_t i = 0; i < v->n; i++) {
        member *m = &v->members[i];
        m->c = &w->clients[i % clients];
        m->index = i;
        world_after(m->c, 0, 300, enter, m);
    }
}

static bool
settled(world *w)
{
    meeting *v = w->state;
    for (size_t i = 0; i < v->n; i++)
        if (!v->members[i].finale || v->members[i].phase != OUTSIDE || v->members[i].rounds < ROUNDS + 1)
            return false;
    return true;
}

static void
end(world *w)
{
    meeting *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->members[i].c);
        zobo_double_barrier_free(v->members[i].barrier);
        w->current = was;
    }
}

static void
leftover(world *w)
{
    size_t n = present(w);
    if (n || world_children(w, last_path, NULL, 0))
        world_fail(w, "%u members are left", (unsigned)n);
}

static void
show(world *w)
{
    meeting *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const member *m = &v->members[i];
        world_trace(w, "member %u of client %u: phase %d, %u rounds, entered %u times%s%s", (unsigned)i,
                    (unsigned)m->c->index, (int)m->phase, m->rounds, m->entered, m->finale ? ", finale" : "",
                    m->lost ? ", lost" : "");
    }
}

/* --- a barrier ---------------------------------------------------------------------------------------------------- */

typedef struct waiter {
    wclient *c;
    size_t index;
    zobo_barrier *barrier;
    zobo_call *call;
    bool waiting, keeper, up, sure;
    bool gap; /* there was a moment without the barrier */
    unsigned rounds;
} waiter;

typedef struct gate {
    waiter waiters[MAX_ACTORS];
    size_t n;
} gate;

static const char gate_path[] = "/barriers/one";

static void turn(wclient *c, void *arg);

static void
check_gate(world *w)
{
    gate *v = w->state;
    bool up = !world_up(w) || world_node(w, gate_path, NULL, NULL, 0);
    for (size_t i = 0; i < v->n && !up; i++)
        v->waiters[i].gap = true;
}

static void
turned(void *arg, zobo_err err, const zobo_reply *reply)
{
    waiter *x = arg;
    world *w = x->c->w;
    (void)reply;
    zobo_call_free(x->call);
    x->call = NULL;
    x->waiting = false;
    x->rounds++;
    world_trace(w, "actor %u: %s", (unsigned)x->index, zobo_err_name(err));
    if (err && err != ZOBO_EWAITTIMEOUT && err != ZOBO_ECANCELLED)
        world_fail(w, "barrier: %s", zobo_err_name(err));
    if (!err && !x->keeper && x->barrier && !x->gap)
        world_fail(w, "actor %u has passed a barrier that stood all the time", (unsigned)x->index);
    x->sure = err == ZOBO_OK;
    world_after(x->c, 0, w->small ? 40 : 1000, turn, x);
}

/* The keeper takes it away in the end. */
static void
turn(wclient *c, void *arg)
{
    waiter *x = arg;
    world *w = c->w;
    zobo_problem why;
    zobo_how how = {.done = turned, .arg = x};
    zobo_err err;
    if (w->healed && x->rounds >= 2 * ROUNDS && (!x->keeper || (!x->up && x->sure)))
        return;
    if (!x->barrier && zobo_barrier_new(c->c, gate_path, NULL, &x->barrier, &why))
        world_fail(w, "zobo_barrier_new: %s", why.text);
    x->waiting = true;
    if (x->keeper) {
        if (x->sure)
            x->up = !x->up;
        err = x->up ? zobo_barrier_create_async(x->barrier, &how, &x->call)
                    : zobo_barrier_remove_async(x->barrier, &how, &x->call);
    } else {
        how.timeout_ms = world_chance(w, 40) ? 1 + (uint32_t)world_below(w, 2000) : 0;
        x->gap = world_up(w) && !world_node(w, gate_path, NULL, NULL, 0);
        err = zobo_barrier_wait_async(x->barrier, &how, &x->call);
    }
    if (err)
        world_fail(w, "barrier: %s", zobo_err_name(err));
}

static void
abandon_gate(world *w, wclient *c)
{
    gate *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        waiter *x = &v->waiters[i];
        if (x->c != c || !x->barrier)
            continue;
        if (x->call && world_chance(w, 50)) {
            zobo_call_cancel(x->call);
        } else {
            zobo_barrier_free(x->barrier);
            x->barrier = NULL;
        }
    }
}

static void
begin_gate(world *w)
{
    gate *v = w->state;
    size_t clients = w->small ? 2 : 1 + world_below(w, 4);
    for (size_t i = 0; i < clients; i++)
        (void)world_client(w);
    v->n = w->small ? 3 : 2 + world_below(w, MAX_ACTORS - 1);
    for (size_t i = 0; i < v->n; i++) {
        waiter *x = &v->waiters[i];
        x->c = &w->clients[i % clients];
        x->index = i;
        x->keeper = i == 0;
        x->sure = true;
        world_after(x->c, 0, 300, turn, x);
    }
}

static bool
gate_settled(world *w)
{
    gate *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        const waiter *x = &v->waiters[i];
        if (x->waiting || x->rounds < 2 * ROUNDS || (x->keeper && (x->up || !x->sure)))
            return false;
    }
    return true;
}

static void
end_gate(world *w)
{
    gate *v = w->state;
    for (size_t i = 0; i < v->n; i++) {
        wclient *was = world_as(v->waiters[i].c);
        zobo_barrier_free(v->waiters[i].barrier);
        w->current = was;
    }
}

const char world_program[] = "sim_barrier";
const scenario world_scenarios[] = {
    {.name = "double",
     .settle_ms = 400000,
     .state_size = sizeof(meeting),
     .one_by_one = true,
     .begin = begin,
     .check = check,
     .abandon = abandon,
     .settled = settled,
     .end = end,
     .leftover = leftover,
     .show = show},
    {.name = "barrier",
     .state_size = sizeof(gate),
     .one_by_one = true,
     .begin = begin_gate,
     .check = check_gate,
     .abandon = abandon_gate,
     .settled = gate_settled,
     .end = end_gate},
};
const size_t world_n_scenarios = sizeof world_scenarios / sizeof world_scenarios[0];
