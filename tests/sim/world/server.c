/* SPDX-License-Identifier: Apache-2.0 */
/* The server: the engine on a store that outlives it, time, batches that are committed moments after they are taken. */
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine_internal.h"

enum { TICK_MS = 500 }; /* sessions may last from one to ten seconds */

/* --- what is said, for the trace ---------------------------------------------------------------------------------- */

typedef struct said {
    int32_t xid, op, err;
    char path[120];
} said;

static const char *
op_name(int32_t op)
{
    const zb_op *row = zb_op_find(op);
    return row ? row->name : "?";
}

/* The first string of a request's body is a path, for those that have one. */
static said
read_request(const uint8_t *frame, size_t n)
{
    said s = {0};
    zb_reader r = zb_reader_of(frame + 4, n - 4);
    struct zb_request_header h;
    zb_buf path = {NULL, 0};
    zb_get_request_header(&r, &h);
    s.xid = h.xid;
    s.op = h.type;
    if (s.op == ZB_OP_MULTI || s.op == ZB_OP_MULTI_READ) {
        struct zb_multi_header first;
        zb_get_multi_header(&r, &first);
    }
    if (s.op != ZB_OP_SET_WATCHES && s.op != ZB_OP_SET_WATCHES2 && s.op != ZB_OP_AUTH && zb_reader_left(&r) > 4)
        path = zb_get_buf(&r);
    if (!r.bad && path.n > 0)
        (void)snprintf(s.path, sizeof s.path, "%.*s", (int)path.n, (const char *)path.p);
    return s;
}

static bool
is_heartbeat(const uint8_t *frame, size_t n)
{
    return n >= 8 && (int32_t)zb_load32(frame + 4) == ZB_XID_PING;
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static int64_t
wall_ms(const world *w)
{
    return 1600000000000 + (int64_t)(w->now / ZB_MS(1));
}

static void
tick(world *w)
{
    zs_engine_tick(w->e, w->now, wall_ms(w));
}

static void
on_timer(world *w, void *what, uint64_t boots)
{
    (void)what;
    if (boots != w->boots || !w->e)
        return;
    w->tick_at = 0;
    tick(w);
    server_settle(w);
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

static void
finish(world *w, void *what, uint64_t boots)
{
    (void)what;
    if (boots != w->boots || !w->e)
        return;
    zs_batch *b = w->batch;
    w->batch = NULL;
    zs_batch_commit(b);
    if (b->err)
        world_fail(w, "a batch is not committed: %s", zobo_err_name(b->err));
    zs_engine_publish(w->e, b);
    server_settle(w);
}

static uint64_t
commit_time(world *w)
{
    if (w->now < w->slow_until)
        return world_ms(w, 50, 800);
    return world_below(w, w->quick_disk ? 200000 : ZB_MS(8));
}

static void
take_batch(world *w, void *what, uint64_t boots)
{
    (void)what;
    if (boots != w->boots || !w->e)
        return;
    w->taking = false;
    w->batch = zs_engine_take(w->e);
    if (w->batch)
        world_at(w, w->now + commit_time(w), finish, NULL, boots);
    server_settle(w);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

int64_t
server_session(const wlink *l)
{
    const zs_conn *conn = *link_conn((wlink *)(uintptr_t)l);
    return conn && conn->session ? conn->session->record.id : 0;
}

static void
trace_answer(const wlink *l, const uint8_t *frame, size_t n, bool greeting)
{
    zb_reader r = zb_reader_of(frame + 4, n - 4);
    struct zb_reply_header h;
    struct zb_watcher_event e;
    unsigned who = (unsigned)link_client(l)->index;
    world *w = link_client(l)->w;
    if (greeting) {
        world_trace(w, "%llu client %u < welcome, session %llx", (unsigned long long)w->n_answers, who,
                    (unsigned long long)server_session(l));
        return;
    }
    zb_get_reply_header(&r, &h);
    if (h.xid != ZB_XID_EVENT) {
        world_trace(w, "%llu client %u < %d: %s zxid %lld", (unsigned long long)w->n_answers, who, (int)h.xid,
                    h.err ? zobo_err_name((zobo_err)h.err) : "ok", (long long)h.zxid);
        return;
    }
    zb_get_watcher_event(&r, &e);
    world_trace(w, "%llu client %u < event %s %.*s", (unsigned long long)w->n_answers, who,
                zobo_event_name((zobo_event_type)e.type), (int)e.path.n, (const char *)e.path.p);
}

/* All of a connection's output is whole frames. */
static void
pull(world *w, wlink *l)
{
    zs_conn *conn = *link_conn(l);
    zb_iov out = zs_conn_output(conn);
    if (out.n == 0)
        return;
    uint8_t *copy = world_alloc(out.n);
    size_t n = out.n, len;
    memcpy(copy, out.p, n);
    zs_conn_sent(conn, n);
    for (size_t at = 0; at < n && *link_conn(l) == conn; at += len) {
        len = 4 + (size_t)zb_load32(copy + at);
        world_must(w, n - at >= 4 && n - at >= len);
        bool greeting = !*link_greeted(l);
        *link_greeted(l) = true;
        if (greeting || !is_heartbeat(copy + at, len)) {
            w->n_answers++;
            trace_answer(l, copy + at, len, greeting);
            if (!plan_answer(l))
                break;
        }
        link_answer(l, copy + at, len);
    }
    free(copy);
}

void
server_settle(world *w)
{
    zs_conn *conn;
    while (w->e && (conn = zs_engine_next_ready(w->e)) != NULL) {
        wlink *l = zs_conn_owner(conn);
        bool at_once = false;
        pull(w, l);
        if (*link_conn(l) != conn)
            continue;
        zs_conn_resume(conn);
        if (zs_conn_over(conn, &at_once)) {
            zs_conn_close(conn);
            link_closed(l);
        } else if (zs_conn_wants_input(conn)) {
            link_resume(l);
        }
    }
    if (!w->e)
        return;
    if (w->e->gathering && !w->taking && !w->batch) {
        w->taking = true;
        world_at(w, w->now + (w->quick_disk ? 0 : world_below(w, ZB_MS(3))), take_batch, NULL, w->boots);
    }
    zb_time at = zs_engine_deadline(w->e);
    if (at != ZB_NEVER && (w->tick_at == 0 || at < w->tick_at)) {
        w->tick_at = at > w->now ? at : w->now;
        world_at(w, w->tick_at, on_timer, NULL, w->boots);
    }
}

static void
settle_later(world *w, void *what, uint64_t boots)
{
    (void)what;
    if (boots == w->boots)
        server_settle(w);
}

void
server_accept(wlink *l)
{
    world *w = link_client(l)->w;
    tick(w);
    *link_conn(l) = zs_conn_open(w->e, "10.1.0.1", 40000, l);
    world_must(w, *link_conn(l));
    world_at(w, w->now, settle_later, NULL, w->boots);
}

bool
server_feed(wlink *l, const uint8_t *p, size_t n)
{
    world *w = link_client(l)->w;
    zs_conn *conn = *link_conn(l);
    if (!zs_conn_wants_input(conn))
        return false;
    tick(w);
    if (conn->phase != ZS_OPEN) {
        w->n_requests++;
        world_trace(w, "%llu client %u > hello", (unsigned long long)w->n_requests, (unsigned)link_client(l)->index);
        if (!plan_request(l))
            return true;
    } else if (!is_heartbeat(p, n)) {
        said s = read_request(p, n);
        w->n_requests++;
        client_asked(link_client(l), op_name(s.op));
        world_trace(w, "%llu client %u > %d: %s %s", (unsigned long long)w->n_requests, (unsigned)link_client(l)->index,
                    (int)s.xid, op_name(s.op), s.path);
        if (!plan_request(l))
            return true;
    }
    zs_conn_feed(conn, p, n);
    world_at(w, w->now, settle_later, NULL, w->boots);
    return true;
}

void
server_gone(wlink *l)
{
    zs_conn *conn = *link_conn(l);
    world *w = link_client(l)->w;
    *link_conn(l) = NULL;
    if (!w->e || !conn)
        return;
    zs_conn_close(conn);
    world_at(w, w->now, settle_later, NULL, w->boots);
}

void
server_expire(world *w, int64_t session)
{
    if (!w->e || !session)
        return;
    tick(w);
    (void)zs_engine_expire(w->e, session);
    world_at(w, w->now, settle_later, NULL, w->boots);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void
log_line(void *arg, zobo_log_level level, const char *line)
{
    (void)level;
    world_trace(arg, "server: %s", line);
}

static zb_rng engine_rng; /* begins anew with each run */

static bool
random_bytes(void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)p)[i] = (uint8_t)(zb_rng_next(&engine_rng) >> 24);
    return true;
}

/* The chroot, which clients take for granted. */
static void
plant(world *w, const zs_rules *rules, zs_store *store)
{
    static const zobo_acl anyone[] = {{ZOBO_PERM_ALL, "world", "anyone"}};
    uint8_t body[128];
    zb_writer out = zb_writer_of(body, sizeof body);
    struct zb_create_request create = {{.path = w->chroot, .path_len = (uint32_t)strlen(w->chroot), .prefix = ""},
                                       {"", 0},
                                       {.items = anyone, .n = 1},
                                       0};
    zs_writer *writer;
    zs_txn *txn;
    zs_arena arena = {0};
    zs_outcome outcome = {0};
    zb_put_create_request(&out, &create);
    zs_request request = {.op = ZB_OP_CREATE, .body = body, .n = out.n, .time_ms = wall_ms(w)};
    if (zs_writer_new(&writer, rules, store) || zs_write_begin(store, &txn) ||
        zs_exec_write(writer, txn, &request, &arena, &outcome) || outcome.err || zs_write_commit(txn))
        abort();
    zs_arena_free(&arena);
    zs_writer_free(writer);
}

static void
open_engine(world *w)
{
    zobo_problem why;
    zs_store *store;
    zs_store_options where = {.dir = w->dir, .no_sync = true, .map_bytes = 64 << 20};
    zs_engine_options o = {.rules = {.log = {log_line, w, ZOBO_LOG_WARN}},
                           .tick_ms = TICK_MS,
                           .max_queued_jobs = w->sc->one_by_one ? 1 : w->max_jobs,
                           .random = random_bytes};
    w->boots++;
    w->tick_at = 0;
    w->taking = false;
    if (zs_store_open(&store, &where, &why))
        world_fail(w, "the store does not open: %s", why.text);
    if (w->boots == 1 && w->chroot[0])
        plant(w, &o.rules, store);
    if (zs_engine_open(&w->e, &o, store, w->now, wall_ms(w), &why))
        world_fail(w, "the engine does not open: %s", why.text);
    server_settle(w);
}

static void
throw_away(zs_batch *b)
{
    for (zs_job *job = b->first; job; job = job->next)
        if (job->conn && --job->conn->jobs == 0 && job->conn->closed)
            zs_conn_free(job->conn);
    zs_batch_free(b);
}

static void
close_engine(world *w)
{
    if (w->batch) {
        if (world_chance(w, 50))
            zs_batch_commit(w->batch); /* it has happened, though nobody is told */
        throw_away(w->batch);
        w->batch = NULL;
    }
    for (wlink *l = w->links; l; l = link_next(l))
        *link_conn(l) = NULL;
    zs_engine_close(w->e);
    w->e = NULL;
}

static void
restart(world *w, void *what, uint64_t arg)
{
    (void)what, (void)arg;
    if (w->e)
        return;
    world_trace(w, "the server is back");
    open_engine(w);
}

void
server_crash(world *w, uint64_t until)
{
    if (!w->e)
        return;
    world_trace(w, "FAULT the server crashes");
    close_engine(w);
    for (size_t i = 0; i < w->n_doors; i++)
        links_reset_door(w, i);
    world_at(w, until, restart, NULL, 0);
}

void
server_remove(world *w)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "lock"};
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, files[i]);
        (void)remove(path);
    }
    (void)remove(w->dir);
}

void
server_begin(world *w)
{
    (void)snprintf(w->dir, sizeof w->dir, "/dev/shm/zobo-world.XXXXXX");
    if (!mkdtemp(w->dir)) {
        (void)snprintf(w->dir, sizeof w->dir, "/tmp/zobo-world.XXXXXX");
        if (!mkdtemp(w->dir))
            abort();
    }
    engine_rng.s = zb_rng_next(&w->rng);
    w->quick_disk = world_chance(w, 40);
    w->max_jobs = world_chance(w, 70) ? 0 : 1 + world_below(w, 30);
    open_engine(w);
}

void
server_end(world *w)
{
    if (w->e)
        close_engine(w);
    server_remove(w);
}

/* --- what is so on it --------------------------------------------------------------------------------------------- */

bool
world_up(const world *w)
{
    return w->e != NULL;
}

static size_t
full_path(const world *w, const char *path, char *out, size_t size)
{
    bool root = strcmp(path, "/") == 0 && w->chroot[0];
    int n = snprintf(out, size, "%s%s", w->chroot, root ? "" : path);
    return (size_t)n;
}

bool
world_node(world *w, const char *path, zs_node *node, char *data, size_t size)
{
    char full[512];
    zs_node found;
    zb_buf held;
    if (!w->e)
        return false;
    size_t len = full_path(w, path, full, sizeof full);
    if (zs_node_find(zs_engine_snapshot(w->e), full, len, &found, &held))
        return false;
    if (node)
        *node = found;
    if (data)
        (void)snprintf(data, size, "%.*s", held.n > 0 ? (int)held.n : 0, held.n > 0 ? (const char *)held.p : "");
    return true;
}

size_t
world_children(world *w, const char *path, char (*names)[80], size_t most)
{
    char full[512];
    size_t n = 0;
    zs_children it;
    zb_buf name;
    if (!w->e || zs_children_start(&it, zs_engine_snapshot(w->e), full, full_path(w, path, full, sizeof full)))
        return 0;
    while (zs_children_next(&it, &name)) {
        if (n < most)
            (void)snprintf(names[n], sizeof *names, "%.*s", (int)name.n, (const char *)name.p);
        n++;
    }
    zs_children_stop(&it);
    return n;
}

bool
world_session_lives(world *w, int64_t session)
{
    return w->e && zs_session_find(zs_engine_sessions(w->e), session);
}

size_t
world_ephemerals(world *w)
{
    return w->e ? (size_t)zs_txn_meta(zs_engine_snapshot(w->e))->n_ephemerals : 0;
}

int64_t
world_zxid(world *w)
{
    return w->e ? zs_txn_meta(zs_engine_snapshot(w->e))->last_zxid : 0;
}

static void
trace_watch(void *arg, const char *path, size_t len, zs_watcher *who, unsigned kinds)
{
    (void)who;
    world_trace(arg, "a watch of kind %u on %.*s", kinds, (int)len, path);
}

typedef struct watched {
    char path[200];
    size_t len, n;
} watched;

static void
count_watcher(void *arg, const char *path, size_t len, zs_watcher *who, unsigned kinds)
{
    watched *of = arg;
    (void)who, (void)kinds;
    of->n += len == of->len && memcmp(path, of->path, len) == 0;
}

size_t
world_watchers(world *w, const char *path)
{
    watched of = {.n = 0};
    of.len = (size_t)snprintf(of.path, sizeof of.path, "%s%s", w->chroot, path);
    if (w->e)
        zs_watches_each(zs_engine_watches(w->e), count_watcher, &of);
    return of.n;
}

size_t
world_watches(world *w)
{
    zs_watches_count n;
    if (!w->e)
        return 0;
    zs_watches_counted(zs_engine_watches(w->e), &n);
    if (n.watches)
        zs_watches_each(zs_engine_watches(w->e), trace_watch, w);
    return n.watches;
}
