/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's life: opening and closing it, time, and what connections say. */
#include "sim/engine/engine.h"

#include <stdlib.h>
#include <string.h>

const char serve_program[] = "sim_engine";

/* clang-format off */
const profile sim_profiles[] = {
    /* name     every latency spread  long   reset  dead stall  part refuse names  door crash  wipe expire freeze
     * garbage flap   cut  ronly   oom  disk  halt clock */
    {"calm",         0,   300,   2000, false, {0,    0,    0,    0,     0,    0,    0,    0,    0,     0,     0,     0,    0,    0,    0,    0,    0,    0,    0}},
    {"lossy",     1500,   500,  20000, false, {8,    1,    3,    0,     2,    2,    0,    0,    0,     0,     1,     0,    1,    5,    0,    0,    1,    0,    0}},
    {"partitions",4000,  2000,  30000, false, {1,    4,    5,    6,     0,    1,    0,    0,    0,     0,     1,     0,    0,    0,    0,    0,    0,    0,    0}},
    {"crashes",   3000,   300,   5000, false, {1,    0,    0,    0,     1,    0,    1,    8,    0,     0,     0,     0,    2,    2,    0,    0,    3,    0,    0}},
    {"wipes",     9000,   300,   5000, false, {2,    0,    0,    0,     0,    0,    2,    2,    2,     0,     0,     0,    0,    1,    0,    0,    0,    0,    0}},
    {"expiry",    3000,  1000,  10000, false, {2,    2,    0,    3,     0,    0,    0,    1,    0,     8,     3,     0,    0,    0,    0,    0,    2,    0,    0}},
    {"disk",      2000,   300,   5000, false, {4,    1,    0,    0,     0,    0,    0,    2,    0,     1,     0,     0,    0,    2,    0,    0,    6,    0,    0}},
    {"halts",     3000,   300,   5000, false, {2,    1,    0,    0,     0,    0,    0,    1,    0,     0,     0,     0,    0,    0,    0,    0,    1,    6,    3}},
    {"longpaths", 2500,   500,   5000, true,  {6,    1,    1,    0,     0,    0,    0,    1,    0,     0,     0,     0,    0,    6,    0,    0,    1,    0,    0}},
    {"all",       2000,   500,  20000, false, {3,    1,    2,    2,     1,    1,    1,    2,    0,     1,     1,     0,    1,    1,    0,    0,    2,    1,    1}},
};
/* clang-format on */
const size_t sim_n_profiles = sizeof sim_profiles / sizeof sim_profiles[0];

/* --- time --------------------------------------------------------------------------------------------------------- */

static int64_t
wall_ms(const serving *v)
{
    return 1600000000000 + v->wall_offset_ms + (int64_t)(v->s->now / ZB_MS(1));
}

uint64_t
engine_wall(const serving *v)
{
    return (uint64_t)wall_ms(v) * ZB_MS(1);
}

void
engine_touched(serving *v, msession *x)
{
    x->touched = v->clock;
}

/* Who ends has been silent for his whole time, and who has been silent for longer ends. */
static void
check_sessions(serving *v)
{
    enum { LATE_MS = 200 }; /* two turns of the wheel, and what goes by between two ticks */
    model *m = &v->s->m;
    for (size_t i = 0; i < m->n_sessions; i++) {
        msession *x = m->sessions[i];
        if (x->over)
            continue;
        const zs_session *session = zs_session_find(&v->e->sessions, x->id);
        uint64_t silent = v->clock - x->touched;
        if (session && session->conn && (session->conn->jobs > 0 || session->conn->no_room))
            x->busy = v->clock; /* it waits for the server, which does not end it then */
        if (!session)
            sim_fail(v->s, "the engine has no session %llx", (unsigned long long)x->id);
        else if (session->closing && !x->ending && !x->forced && silent < ZB_MS(x->timeout_ms))
            sim_fail(v->s, "session %llx of %u ms ends after %u ms", (unsigned long long)x->id, x->timeout_ms,
                     (unsigned)(silent / ZB_MS(1)));
        else if (!session->closing && silent > ZB_MS(x->timeout_ms + LATE_MS) &&
                 v->clock - x->busy > ZB_MS(x->timeout_ms + LATE_MS))
            sim_fail(v->s, "session %llx of %u ms lives after %u ms", (unsigned long long)x->id, x->timeout_ms,
                     (unsigned)(silent / ZB_MS(1)));
        x->ending = session && session->closing;
    }
}

static void
tick(serving *v)
{
    uint64_t gone = v->s->now - v->ticked;
    v->ticked = v->s->now;
    v->clock += gone < ZB_MS(ZS_STALL_MS) ? gone : ZB_MS(ZS_STALL_MS);
    zs_engine_tick(v->e, v->s->now, wall_ms(v));
    check_sessions(v);
}

static void
on_timer(sim *s, void *what, uint64_t boots)
{
    serving *v = what;
    if (boots != v->boots || !v->e)
        return;
    if (s->halted_until > s->now) {
        sim_at(s, s->halted_until, on_timer, v, boots);
        return;
    }
    v->tick_at = 0;
    tick(v);
    engine_settle(v);
}

/* A write that had to wait for room may have joined the queue. */
static void
take_kept(served *x)
{
    frame *f = x->kept;
    if (!f || (x->c && x->c->in.n > 0))
        return;
    x->kept = NULL;
    bool closes = zb_load32(f->bytes + 4) == (uint32_t)ZB_OP_CLOSE_SESSION;
    if (!x->c || x->c->drop || (x->c->mute && !closes))
        free(f);
    else
        engine_queued(x, f);
}

void
engine_settle(serving *v)
{
    sim *s = v->s;
    while (zs_engine_next_ready(v->e)) {
    }
    for (mconn *conn = s->m.conns; conn; conn = conn->next)
        take_kept(conn->served);
    for (mconn *conn = s->m.conns; conn && !s->failed; conn = conn->next)
        engine_compare(v, conn);
    engine_take_soon(v);
    zb_time at = zs_engine_deadline(v->e);
    if (at != ZB_NEVER && (v->tick_at == 0 || at < v->tick_at)) {
        v->tick_at = at > s->now ? at : s->now;
        sim_at(s, v->tick_at, on_timer, v, v->boots);
    }
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static void
accepted(void *arg, mconn *conn)
{
    serving *v = arg;
    served *x = calloc(1, sizeof *x);
    if (!x)
        abort();
    x->last = &x->first;
    x->opened = v->s->now;
    tick(v);
    x->c = zs_conn_open(v->e, "127.0.0.1", 40000, conn);
    conn->served = x;
    engine_settle(v);
}

static void
dropped(void *arg, mconn *conn)
{
    serving *v = arg;
    served *x = conn->served;
    x->verified = 0;
    ((link *)conn->owner)->restored = true; /* what it still carries out sets no watches */
    if (!x->c || !v->e)
        return;
    zs_conn_close(x->c);
    x->c = NULL;
    take_kept(x);
}

/* The simulation numbers its deletes and checks with negative versions: to the engine they are any version. */
static void
any_version(uint8_t *p, size_t n)
{
    zb_reader r = zb_reader_of(p, n);
    struct zb_request_header h;
    zb_get_request_header(&r, &h);
    if (!r.bad && h.type == ZB_OP_DELETE)
        memset(p + n - 4, 0xff, 4);
    while (!r.bad && h.type == ZB_OP_MULTI) {
        struct zb_multi_header part;
        struct zb_create_request create;
        struct zb_set_data_request set;
        struct zb_delete_request rest;
        zb_get_multi_header(&r, &part);
        if (r.bad || part.done)
            return;
        if (part.type == ZB_OP_CREATE || part.type == ZB_OP_CREATE2)
            zb_get_create_request(&r, &create);
        else if (part.type == ZB_OP_SET_DATA)
            zb_get_set_data_request(&r, &set);
        else
            zb_get_delete_request(&r, &rest);
        if (!r.bad && (part.type == ZB_OP_DELETE || part.type == ZB_OP_CHECK))
            memset(p + n - zb_reader_left(&r) - 4, 0xff, 4);
    }
}

static void
feed_frame(serving *v, zs_conn *c, const uint8_t *p, size_t n, bool greeted)
{
    uint8_t *copy = malloc(4 + n);
    if (!copy)
        abort();
    zb_store32(copy, (uint32_t)n);
    memcpy(copy + 4, p, n);
    if (greeted)
        any_version(copy + 4, n);
    for (size_t at = 0, piece; at < 4 + n; at += piece) {
        piece = sim_chance(v->s, 80) ? 4 + n - at : 1 + sim_below(v->s, 4 + n - at);
        zs_conn_feed(c, copy + at, piece);
    }
    free(copy);
}

/* Standalone ZooKeeper carries out all requests in the order they came in, over whichever connection: who comes back
 * sees what he has sent. */
static void
check_served_in_turn(serving *v, const mconn *conn)
{
    for (const mconn *other = v->s->m.conns; other && conn->session; other = other->next)
        if (other->session == conn->session && ((const served *)other->served)->first)
            sim_fail(v->s, "a request is carried out before those that its session has sent over another connection");
}

/* Who comes back ends his connection at once, though his turn may come later. */
static void
let_go(serving *v, const uint8_t *handshake, size_t n)
{
    zb_reader r = zb_reader_of(handshake, n);
    struct zb_connect_request asked;
    zb_get_connect_request(&r, &asked);
    msession *x = model_session(&v->s->m, asked.session_id);
    if (!x || x->ending)
        return;
    engine_touched(v, x);
    if (x->conn)
        x->conn->closing = true;
}

static void
take_frame(serving *v, mconn *conn, const uint8_t *p, size_t n)
{
    model *m = &v->s->m;
    served *x = conn->served;
    uint32_t queued = x->c->jobs;
    bool greeted = conn->greeted;
    int32_t op = n >= 8 && greeted ? (int32_t)zb_load32(p + 4) : 0;
    m->observer.frame(m->observer.arg, conn, p, n);
    if (conn->session && op != ZB_OP_AUTH)
        engine_touched(v, conn->session);
    if (conn->session && op == ZB_OP_CLOSE_SESSION)
        conn->session->forced = true;
    feed_frame(v, x->c, p, n, greeted);
    if (x->c->jobs > queued) {
        if (!greeted)
            let_go(v, p, n);
        engine_queued(x, engine_frame(p, n));
        return;
    }
    if (x->c->no_room) {
        x->kept = engine_frame(p, n);
        return;
    }
    if (x->first)
        sim_fail(v->s, "a request is carried out before those in front of it");
    model_take(m, conn, p, n, engine_wall(v));
    check_served_in_turn(v, conn);
    if (conn->session && !greeted)
        engine_touched(v, conn->session);
}

void
engine_pump(serving *v, mconn *conn)
{
    served *x = conn->served;
    size_t at = 0;
    while (!conn->closing && !conn->gone && !v->s->failed && x->c && zs_conn_wants_input(x->c) &&
           conn->in.n - at >= 4) {
        uint32_t len = zb_load32(conn->in.p + at);
        if (conn->in.n - at - 4 < len)
            break;
        at += 4 + len;
        take_frame(v, conn, conn->in.p + at - len, len);
        engine_compare(v, conn);
    }
    if (at) {
        memmove(conn->in.p, conn->in.p + at, conn->in.n - at);
        conn->in.n -= at;
    }
}

static void
feed(void *arg, mconn *conn, const void *data, size_t n, uint64_t now)
{
    serving *v = arg;
    (void)now;
    tick(v);
    engine_settle(v);
    mbytes_add(&conn->in, data, n);
    engine_pump(v, conn);
    engine_settle(v);
}

static void
expire(void *arg, msession *x, uint64_t now)
{
    serving *v = arg;
    (void)now;
    x->forced = true;
    tick(v);
    if (!zs_engine_expire(v->e, x->id))
        sim_fail(v->s, "the engine has no session %llx to expire", (unsigned long long)x->id);
    check_sessions(v);
    engine_settle(v);
}

void
serve_flushed(sim *s, mconn *conn)
{
    (void)s;
    ((served *)conn->served)->verified = 0;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static zb_rng engine_rng; /* begins anew with each run */

static bool
random_bytes(void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)p)[i] = (uint8_t)(zb_rng_next(&engine_rng) >> 24);
    return true;
}

static void
log_line(void *arg, zobo_log_level level, const char *line)
{
    (void)level;
    sim_trace(((serving *)arg)->s, "server: %s", line);
}

/* The nodes that clients take for granted: as the model's. */
static void
write_first_nodes(serving *v, const zs_rules *rules, zs_store *store)
{
    static const char *const paths[] = {"/secret", "/app", "/app/a", "/app/b"};
    static const zobo_acl anyone[] = {{ZOBO_PERM_ALL, "world", "anyone"}};
    zs_writer *w;
    zs_txn *txn;
    zs_arena arena = {0};
    if (zs_writer_new(&w, rules, store) || zs_write_begin(store, &txn))
        abort();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        uint8_t body[128];
        zb_writer out = zb_writer_of(body, sizeof body);
        struct zb_create_request create = {{.path = paths[i], .path_len = (uint32_t)strlen(paths[i]), .prefix = ""},
                                           {"", 0},
                                           {.items = anyone, .n = 1},
                                           0};
        zb_put_create_request(&out, &create);
        zs_request request = {.op = ZB_OP_CREATE, .body = body, .n = out.n, .time_ms = wall_ms(v)};
        zs_outcome outcome = {0};
        if (zs_exec_write(w, txn, &request, &arena, &outcome) || outcome.err)
            abort();
    }
    if (zs_write_commit(txn))
        abort();
    zs_arena_free(&arena);
    zs_writer_free(w);
}

static void
remove_dir(serving *v)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "lock"};
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", v->dir, files[i]);
        (void)remove(path);
    }
    (void)remove(v->dir);
}

static void
open_engine(serving *v, bool fresh)
{
    sim *s = v->s;
    zobo_problem why;
    zs_store *store;
    zs_store_options where = {.dir = v->dir, .no_sync = true, .map_bytes = 64 << 20};
    zs_engine_options o = {.rules = {.log = {log_line, v, ZOBO_LOG_INFO}},
                           .tick_ms = MODEL_TICK_MS,
                           .min_session_timeout_ms = MODEL_MIN_TIMEOUT_MS,
                           .max_session_timeout_ms = MODEL_MAX_TIMEOUT_MS,
                           .max_queued_jobs = v->max_jobs,
                           .random = random_bytes};
    if (fresh) {
        (void)snprintf(v->dir, sizeof v->dir, "/dev/shm/zobo-sim.XXXXXX");
        if (!mkdtemp(v->dir)) {
            (void)snprintf(v->dir, sizeof v->dir, "/tmp/zobo-sim.XXXXXX");
            if (!mkdtemp(v->dir))
                abort();
        }
    }
    v->boots++;
    v->tick_at = 0;
    v->clock = 0;
    v->ticked = s->now;
    if (zs_store_open(&store, &where, &why)) {
        sim_fail(s, "the store does not open: %s", why.text);
        return;
    }
    if (fresh)
        write_first_nodes(v, &o.rules, store);
    if (zs_engine_open(&v->e, &o, store, s->now, wall_ms(v), &why)) {
        sim_fail(s, "the engine does not open: %s", why.text);
        return;
    }
    if (fresh)
        engine_import(v);
    for (size_t i = 0; i < s->m.n_sessions; i++) {
        msession *x = s->m.sessions[i];
        const zs_session *session = zs_session_find(&v->e->sessions, x->id);
        x->touched = x->busy = 0;
        x->ending = x->forced = false;
        if (session && !x->over)
            x->timeout_ms = (uint32_t)session->record.timeout_ms;
    }
    engine_compare_tree(v);
    engine_settle(v);
}

static void
crash(void *arg)
{
    engine_crash(arg);
}

static void
start(void *arg, bool wiped, uint64_t now)
{
    serving *v = arg;
    (void)now;
    if (wiped) {
        remove_dir(v);
        model_forget(&v->s->m);
        v->s->m.generation++;
    }
    open_engine(v, wiped);
}

void
serve_begin(sim *s)
{
    serving *v = calloc(1, sizeof *v);
    if (!v)
        abort();
    v->s = s;
    v->max_batches = 1 + sim_below(s, MAX_BATCHES);
    v->max_jobs = sim_chance(s, 70) ? 0 : 1 + sim_below(s, 30);
    v->quick = sim_chance(s, 30);
    v->hooks = (mserver){v, accepted, dropped, feed, expire, crash, start};
    engine_rng.s = zb_rng_next(&s->rng);
    s->serving = v;
    s->m.server = &v->hooks;
    s->m.old_events = s->m.short_replies = false;
    model_forget(&s->m);
    open_engine(v, true);
}

void
serve_end(sim *s)
{
    serving *v = s->serving;
    if (!s->failed)
        engine_compare_tree(v);
    s->m.down = true;
    engine_crash(v);
    for (mconn *conn = s->m.conns; conn; conn = conn->next)
        free(conn->served);
    remove_dir(v);
    free(v);
}

/* --- its own faults ----------------------------------------------------------------------------------------------- */

void
serve_fault(sim *s, fault kind)
{
    serving *v = s->serving;
    uint64_t until = s->now + sim_ms(s, 100, sim_chance(s, 20) ? 30000 : 3000);
    if (until > s->heal_at)
        until = s->heal_at;
    if (kind == FAULT_DISK) {
        sim_trace(s, "FAULT the disk is slow until %.3f", (double)until / 1e9);
        v->slow_until = until;
    } else if (kind == FAULT_HALT) {
        sim_trace(s, "FAULT the server stands still until %.3f", (double)until / 1e9);
        s->halted_until = until;
    } else {
        v->wall_offset_ms = (int64_t)sim_below(s, 20 * 365 * UINT64_C(86400000)) - 10 * 365 * INT64_C(86400000);
        sim_trace(s, "FAULT the clock jumps to %lld", (long long)wall_ms(v));
    }
}

void
serve_heal(sim *s)
{
    serving *v = s->serving;
    v->slow_until = s->halted_until = 0;
}
