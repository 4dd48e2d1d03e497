/* SPDX-License-Identifier: Apache-2.0 */
/* What the clients do: random operations on a few nodes, with watches, deadlines and changes of mind.
 *
 * Each request that changes something has a number that the model sees: in the data it writes, or as the (negative)
 * version of a delete, or at the end of sync's path. So a request's fate on the server is known exactly, whatever the
 * client was told. */
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

static const zobo_acl anyone[] = {{ZOBO_PERM_ALL, "world", "anyone"}};

/* --- data with a number in it ------------------------------------------------------------------------------------- */

static size_t
token_len(uint64_t number)
{
    zb_rng r = {number};
    uint64_t draw = zb_rng_next(&r);
    size_t more = draw % 100 < 90 ? draw / 100 % 24 : draw % 100 < 98 ? draw / 100 % 3000 : draw / 100 % 90000;
    return 12 + more;
}

size_t
token_data(uint64_t number, uint8_t *buf, size_t size)
{
    size_t n = token_len(number);
    if (n > size)
        abort();
    snprintf((char *)buf, 13, "%011llu:", (unsigned long long)number);
    for (size_t i = 12; i < n; i++)
        buf[i] = (uint8_t)('a' + (number + i) % 26);
    return n;
}

uint64_t
token_in(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t number = 0;
    if (n < 12 || p[11] != ':')
        return 0;
    for (size_t i = 0; i < 11; i++)
        number = number * 10 + (uint64_t)(p[i] - '0');
    if (n != token_len(number))
        return 0;
    for (size_t i = 12; i < n; i++)
        if (p[i] != 'a' + (number + i) % 26)
            return 0;
    return number;
}

static uint64_t
new_token(client *c)
{
    sim *s = c->sim;
    if (s->n_tokens == 0)
        s->n_tokens = 1; /* 0 is no number */
    s->tokens = s->n_tokens == 1 && !s->tokens ? calloc(s->cap_tokens = 256, sizeof *s->tokens)
                                               : model_grow(s->tokens, &s->cap_tokens, s->n_tokens, sizeof *s->tokens);
    s->tokens[s->n_tokens] = (token){.owner = c};
    return s->n_tokens++;
}

/* --- watchers ----------------------------------------------------------------------------------------------------- */

static void
never_called(void *arg, const zobo_event *event)
{
    (void)arg, (void)event;
    abort();
}

watcher *
work_watcher(client *c, const void *arg)
{
    for (watcher *w = c->watchers; w; w = w->next)
        if (w == arg)
            return w;
    return NULL;
}

/* Another watcher, or, to see that the same one twice is told once, one that is there already. */
static watcher *
pick_watcher(client *c, const char *path, uint8_t table)
{
    if (table != ZB_WATCH_DATA && table != ZB_WATCH_EXIST && sim_chance(c->sim, 15))
        for (watcher *w = c->watchers; w; w = w->next)
            if (!w->over && !w->unsure && w->table == table && strcmp(w->path, path) == 0)
                return w;
    watcher *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    *w = (watcher){.next = c->watchers, .owner = c, .number = ++c->n_watchers, .path = strdup(path), .table = table};
    c->watchers = w;
    return w;
}

static void
watcher_unasked(watcher *w)
{
    w->asking--;
    if (w->asking == 0 && !w->registered && !w->unsure)
        w->over = true;
}

static bool
asked_for(const client *c, const char *path)
{
    for (const sreq *q = c->requests; q; q = q->next)
        if (q->w && strcmp(q->path, path) == 0)
            return true;
    return false;
}

/* --- submitting --------------------------------------------------------------------------------------------------- */

static sreq *
new_request(client *c, int32_t op, const char *path)
{
    sreq *q = calloc(1, sizeof *q);
    if (!q)
        abort();
    q->op = op;
    q->number = c->next_number++;
    q->path = malloc(strlen(c->chroot) + strlen(path) + 1);
    strcpy(q->path, c->chroot);
    strcat(q->path, strcmp(path, "/") == 0 && c->chroot[0] ? "" : path);
    q->zxid_before = c->sim->m.zxid;
    q->generation_before = c->sim->m.generation;
    q->writes_before = c->writes;
    return q;
}

static void
free_request(sreq *q)
{
    free(q->path);
    free(q);
}

/* The errors a submission may meet, given what the client was told to do and what the memory does. */
static bool
may_refuse(const client *c, zobo_err err)
{
    zb_session_info info;
    zb_session_get_info(c->s, &info);
    switch (err) {
    case ZOBO_ENOMEM:
        return c->sim->oom;
    case ZOBO_ESTOPPED:
        return c->stopping;
    case ZOBO_ETOOBIG: /* check_submitted has looked */
        return true;
    case ZOBO_ENOTSTARTED:
    case ZOBO_EAUTHFAILED:
    case ZOBO_ESESSIONEXPIRED:
        return info.stopped;
    default:
        return false;
    }
}

static void
submit(client *c, sreq *q, const void *record)
{
    sim *s = c->sim;
    q->r.op = zb_op_find(q->op);
    if (sim_chance(s, 30)) {
        q->r.timeout = ZB_MS(1 + sim_below(s, 4000));
        q->deadline = s->now + q->r.timeout;
    }
    if (q->w) {
        zobo_watcher as = {.fn = never_called, .arg = q->w};
        zb_path whole = {.prefix = "", .path = q->path, .path_len = (uint32_t)strlen(q->path)};
        q->w->asking++;
        q->r.watch = zb_watch_new(zb_session_watches(c->s), whole, q->w->table, &as);
        if (!q->r.watch) {
            if (!s->oom)
                sim_fail(s, "client %u: no watch", (unsigned)c->index);
            watcher_unasked(q->w);
            if (q->token) {
                s->tokens[q->token].ended = true;
                s->tokens[q->token].err = ZOBO_ENOMEM;
            }
            free_request(q);
            return;
        }
    }
    zb_watch *watch = q->r.watch;
    q->next = c->requests;
    c->requests = q;
    c->n_requests++;
    zobo_err err = zb_session_submit(c->s, &q->r, record, s->now);
    c->submits++;
    check_submitted(c, q, record, err);
    if (err == ZOBO_OK) {
        sim_trace(s, "client %u: request %u %s %.40s #%u%s", (unsigned)c->index, (unsigned)q->number, q->r.op->name,
                  q->path, (unsigned)q->token, q->w ? " watched" : "");
        return;
    }
    if (!may_refuse(c, err))
        sim_fail(s, "client %u: submit says %s", (unsigned)c->index, zobo_err_name(err));
    c->requests = q->next;
    c->n_requests--;
    if (watch) {
        zb_watch_unref(zb_session_watches(c->s), watch);
        watcher_unasked(q->w);
    }
    q->r.err = err;
    check_ended(c, q);
    free_request(q);
}

static void
some_path(client *c, char *buf, size_t size)
{
    sim *s = c->sim;
    unsigned k = (unsigned)sim_below(s, s->profile->long_paths ? 45 : 6);
    int n;
    if (c->n_creds && sim_chance(s, 15))
        n = snprintf(buf, size, "/secret/s%u", k % 4);
    else if (!s->profile->long_paths && sim_chance(s, 35))
        n = snprintf(buf, size, "/n%u/m%u", k, (unsigned)sim_below(s, 3));
    else
        n = snprintf(buf, size, "/n%u", k);
    if (!s->profile->long_paths || (size_t)n + 5000 > size)
        return;
    memset(buf + n, 'x', 4990);
    buf[n + 4990] = '\0';
}

static void
submit_read(client *c, int32_t op, const char *path)
{
    sim *s = c->sim;
    sreq *q = new_request(c, op, path);
    uint8_t table = op == ZB_OP_EXISTS ? ZB_WATCH_EXIST : op == ZB_OP_GET_DATA ? ZB_WATCH_DATA : ZB_WATCH_CHILD;
    if (sim_chance(s, s->profile->long_paths ? 70 : 35))
        q->w = pick_watcher(c, q->path, table);
    q->r.want_reply = sim_chance(s, 70);
    zb_chroot chroot = {c->chroot, (uint32_t)strlen(c->chroot)};
    struct zb_path_watch_request a = {zb_path_join(&chroot, path), q->w != NULL};
    submit(c, q, &a);
}

static int32_t
as_version(uint64_t number)
{
    return -1 - (int32_t)number;
}

static void
submit_write(client *c, int32_t op, const char *path)
{
    static uint8_t data[TOKEN_DATA_MAX];
    sim *s = c->sim;
    sreq *q = new_request(c, op, path);
    q->token = new_token(c);
    q->r.want_reply = sim_chance(s, 70);
    zb_chroot chroot = {c->chroot, (uint32_t)strlen(c->chroot)};
    zb_path full = zb_path_join(&chroot, path);
    zb_buf bytes = {data, (int32_t)token_data(q->token, data, sizeof data)};
    if (op == ZB_OP_CREATE || op == ZB_OP_CREATE2) {
        int32_t flags = (sim_chance(s, 40) ? ZB_CREATE_EPHEMERAL : 0) | (sim_chance(s, 15) ? ZB_CREATE_SEQUENCE : 0);
        struct zb_create_request a = {full, bytes, {.items = anyone, .n = 1}, flags};
        submit(c, q, &a);
    } else if (op == ZB_OP_SET_DATA) {
        struct zb_set_data_request a = {full, bytes, sim_chance(s, 80) ? -1 : (int32_t)sim_below(s, 5)};
        submit(c, q, &a);
    } else {
        struct zb_delete_request a = {full, as_version(q->token)};
        submit(c, q, &a);
    }
}

static void
submit_multi(client *c)
{
    static uint8_t data[TOKEN_DATA_MAX];
    sim *s = c->sim;
    size_t size = 6 * (TOKEN_DATA_MAX + MODEL_PATH_MAX);
    uint8_t *body = malloc(size);
    if (!body)
        abort();
    zb_writer w = {body, body + size, 0, false};
    zb_chroot chroot = {c->chroot, (uint32_t)strlen(c->chroot)};
    sreq *q = new_request(c, ZB_OP_MULTI, "/");
    q->token = new_token(c);
    q->r.want_reply = true;
    zb_buf bytes = {data, (int32_t)token_data(q->token, data, sizeof data)};
    q->n_parts = 1 + (unsigned)sim_below(s, 4);
    for (unsigned i = 0; i < q->n_parts; i++) {
        char path[MODEL_PATH_MAX];
        some_path(c, path, sizeof path);
        static const int32_t kinds[] = {ZB_OP_CREATE, ZB_OP_SET_DATA, ZB_OP_DELETE, ZB_OP_CHECK, ZB_OP_CREATE2};
        struct zb_multi_header h = {kinds[sim_below(s, 5)], false, -1};
        struct zb_create_request create = {
            zb_path_join(&chroot, path), bytes, {.items = anyone, .n = 1}, sim_chance(s, 60) ? ZB_CREATE_SEQUENCE : 0};
        struct zb_set_data_request set = {create.path, bytes, -1};
        struct zb_delete_request rest = {create.path, as_version(q->token)};
        zb_put_multi_header(&w, &h);
        if (h.type == ZB_OP_CREATE || h.type == ZB_OP_CREATE2)
            zb_put_create_request(&w, &create);
        else if (h.type == ZB_OP_SET_DATA)
            zb_put_set_data_request(&w, &set);
        else
            zb_put_delete_request(&w, &rest);
    }
    q->r.n_results = q->n_parts;
    struct zb_multi_header end = {-1, true, -1};
    zb_put_multi_header(&w, &end);
    struct zb_raw_request a = {{body, w.n}};
    submit(c, q, &a);
    free(body);
}

static void
submit_sync(client *c)
{
    char path[64];
    sreq *q = new_request(c, ZB_OP_SYNC, "/");
    q->token = new_token(c);
    q->r.want_reply = sim_chance(c->sim, 50);
    snprintf(path, sizeof path, "/sync-%llu", (unsigned long long)q->token);
    zb_chroot chroot = {c->chroot, (uint32_t)strlen(c->chroot)};
    struct zb_path_request a = {zb_path_join(&chroot, path)};
    submit(c, q, &a);
}

static void
submit_add_watch(client *c, const char *path)
{
    sim *s = c->sim;
    sreq *q = new_request(c, ZB_OP_ADD_WATCH, path);
    bool recursive = sim_chance(s, 50);
    q->w = pick_watcher(c, q->path, recursive ? ZB_WATCH_RECURSIVE : ZB_WATCH_PERSISTENT);
    zb_chroot chroot = {c->chroot, (uint32_t)strlen(c->chroot)};
    struct zb_add_watch_request a = {zb_path_join(&chroot, path),
                                     recursive ? ZOBO_PERSISTENT_RECURSIVE : ZOBO_PERSISTENT};
    submit(c, q, &a);
}

static void
submit_auth(client *c)
{
    sreq *q = new_request(c, ZB_OP_AUTH, "/");
    q->r.is_auth = true;
    q->bad_auth = c->sim->profile->fault_ms && sim_chance(c->sim, 15);
    struct zb_auth_request a = {0, zb_buf_of(q->bad_auth ? "klingon" : "digest"), zb_buf_of("berta:secret")};
    submit(c, q, &a);
}

/* Takes a watcher back as the client's verb does: here at once, and on the server with the last of its kind. Paths
 * with requests under way are left alone: whose registration comes in is then decided by the verb, not the session. */
void
work_remove_watcher(client *c)
{
    static const zobo_watch_kind kinds[] = {0,
                                            ZOBO_WATCH_DATA,
                                            ZOBO_WATCH_DATA,
                                            ZOBO_WATCH_CHILDREN,
                                            ZOBO_WATCH_PERSISTENT,
                                            ZOBO_WATCH_PERSISTENT_RECURSIVE};
    static const unsigned same_kind[] = {0, 6, 6, 8, 16, 32};
    sim *s = c->sim;
    watcher *w = c->watchers;
    for (uint64_t skip = sim_below(s, 20); w && (skip > 0 || !w->registered); w = w->next)
        skip -= skip > 0;
    if (!w || !w->registered || w->asking || w->unsure || asked_for(c, w->path))
        return;
    zb_link out;
    unsigned left = 0;
    zb_list_init(&out);
    zobo_watcher as = {.fn = never_called, .arg = w};
    zb_path path = {.prefix = "", .path = w->path, .path_len = (uint32_t)strlen(w->path)};
    size_t n = zb_watches_remove(zb_session_watches(c->s), path, kinds[w->table], &as, &out, &left);
    if (n == 0 && c->pulling)
        return; /* its last event is on the way */
    if (n != 1)
        sim_fail(s, "client %u: watcher %u was not there to be removed", (unsigned)c->index, w->number);
    sim_trace(s, "client %u: watcher %u is taken back", (unsigned)c->index, w->number);
    for (zb_link *l; (l = zb_list_pop_front(&out));)
        zb_watch_unref(zb_session_watches(c->s), ZB_CONTAINER_OF(l, zb_watch, link));
    w->registered = false;
    w->over = w->withdrawn = true;
    if (left & same_kind[w->table])
        return;
    const char *in_chroot = w->path + strlen(c->chroot);
    sreq *q = new_request(c, ZB_OP_REMOVE_WATCHES, in_chroot[0] ? in_chroot : "/");
    struct zb_watches_request a = {path, (int32_t)kinds[w->table]};
    submit(c, q, &a);
}

static void
forget_later(sim *s, void *what, uint64_t number)
{
    client *c = what;
    if (client_frozen(c, forget_later, what, number))
        return;
    sreq *q = c->requests;
    while (q && q->number != number)
        q = q->next;
    if (!q || q->r.state == ZB_REQ_DONE)
        return;
    (void)s;
    work_forget(c, q, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    if (!c->writing)
        client_pump(c);
}

static bool
is_there(const client *c, const char *path)
{
    char full[2 * MODEL_PATH_MAX];
    snprintf(full, sizeof full, "%s%s", c->chroot, path);
    const mnode *n = model_node(&c->sim->m, full);
    return n && n->now.exists;
}

void
work_submit_one(client *c)
{
    sim *s = c->sim;
    char path[MODEL_PATH_MAX];
    some_path(c, path, sizeof path);
    uint64_t number = c->next_number, draw = sim_below(s, 100);
    if (c->l && c->l->tap_greeted && !check_up(c->state) && sim_chance(s, 40))
        draw = 99; /* a credential while others are on their way */
    for (int i = 0; i < 3 && (draw < 40 || draw >= 62) && !is_there(c, path); i++)
        some_path(c, path, sizeof path); /* more is learnt from nodes that exist */
    if (draw < 40 && sim_chance(s, 3))
        strcpy(path, "/");
    if (draw < 18)
        submit_read(c, ZB_OP_GET_DATA, path);
    else if (draw < 32)
        submit_read(c, ZB_OP_EXISTS, path);
    else if (draw < 40)
        submit_read(c, sim_chance(s, 50) ? ZB_OP_GET_CHILDREN : ZB_OP_GET_CHILDREN2, path);
    else if (draw < 62)
        submit_write(c, sim_chance(s, 50) ? ZB_OP_CREATE : ZB_OP_CREATE2, path);
    else if (draw < 76)
        submit_write(c, ZB_OP_SET_DATA, path);
    else if (draw < 86)
        submit_write(c, ZB_OP_DELETE, path);
    else if (draw < 89)
        submit_sync(c);
    else if (draw < 93)
        submit_multi(c);
    else if (draw < 96)
        submit_add_watch(c, path);
    else if (draw < 99)
        work_remove_watcher(c);
    else if (c->has_auth && !c->pulling)
        submit_auth(c);
    if (c->requests && c->requests->number == number && sim_chance(s, 8))
        sim_at(s, s->now + sim_below(s, 500000000), forget_later, c, number);
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

static sreq *
take_request(client *c, const zb_req *r)
{
    for (sreq **at = &c->requests; *at; at = &(*at)->next) {
        sreq *q = *at;
        if (&q->r != r)
            continue;
        *at = q->next;
        c->n_requests--;
        return q;
    }
    return NULL;
}

static void
watch_answered(client *c, sreq *q)
{
    watcher *w = q->w;
    bool armed = q->r.err == ZOBO_OK || (q->r.err == ZOBO_ENONODE && q->op == ZB_OP_EXISTS);
    if (q->r.err == ZOBO_EREPLYLOST || q->r.err == ZOBO_EBADREPLY)
        w->unsure = true;
    if (armed && !w->registered) {
        if (q->op == ZB_OP_EXISTS)
            w->table = q->r.err == ZOBO_OK ? ZB_WATCH_DATA : ZB_WATCH_EXIST;
        w->registered = w->fresh = true;
        w->since = q->r.zxid;
        w->registered_at = c->sim->now;
        w->generation = c->fed_generation;
        sim_trace(c->sim, "client %u: watcher %u (table %u) is armed on %.40s at %lld", (unsigned)c->index, w->number,
                  w->table, w->path, (long long)w->since);
    }
    watcher_unasked(w);
}

void
work_done(client *c, zb_req *r)
{
    sim *s = c->sim;
    sreq *q = take_request(c, r);
    if (!q) {
        sim_fail(s, "client %u: the end of a request it does not have (told twice?)", (unsigned)c->index);
        return;
    }
    sim_trace(s, "client %u: request %u #%u ends: %s, zxid %lld", (unsigned)c->index, (unsigned)q->number,
              (unsigned)q->token, zobo_err_name(r->err), (long long)r->zxid);
    check_ended(c, q);
    check_reply(c, q);
    if (q->w)
        watch_answered(c, q);
    if (q->r.is_auth && q->r.err == ZOBO_OK)
        c->n_creds = 2;
    zobo_reply_free(r->reply);
    free_request(q);
    if (!s->healed && c->started && !c->stopping && c->n_requests < 40 && sim_chance(s, 8))
        work_submit_one(c); /* as completions do */
    if (c->requests && c->requests->r.state != ZB_REQ_DONE && sim_chance(s, 1))
        work_forget(c, c->requests, ZOBO_ECANCELLED, ZOBO_EABANDONED);
}

void
work_forget(client *c, sreq *q, zobo_err unsent, zobo_err sent)
{
    sim *s = c->sim;
    zb_session_forget(c->s, &q->r, unsent, sent);
    sim_trace(s, "client %u: request %u #%u is forgotten: %s", (unsigned)c->index, (unsigned)q->number,
              (unsigned)q->token, zobo_err_name(q->r.err));
    if (q->r.err != unsent && q->r.err != sent)
        sim_fail(s, "client %u: a forgotten request says %s", (unsigned)c->index, zobo_err_name(q->r.err));
    (void)take_request(c, &q->r);
    check_ended(c, q);
    if (q->w)
        watcher_unasked(q->w);
    free_request(q);
}

void
work_meanwhile(client *c)
{
    sim *s = c->sim;
    bool was = c->pulling;
    c->pulling = true;
    if (c->started && !c->stopping)
        work_submit_one(c);
    if (c->requests && c->requests->r.state != ZB_REQ_DONE && sim_chance(s, 20))
        work_forget(c, c->requests, ZOBO_ECANCELLED, ZOBO_EABANDONED);
    if (sim_below(s, 1000) < 3)
        client_stop(c, sim_chance(s, 50));
    c->pulling = was;
}

static void
on_work(sim *s, void *what, uint64_t arg)
{
    client *c = what;
    if (s->healed || client_frozen(c, on_work, what, arg))
        return;
    unsigned burst = sim_chance(s, 10) ? 20 : 1 + (unsigned)sim_below(s, 4);
    if (c->started ? sim_below(s, 1000) < 4 : false)
        client_stop(c, sim_chance(s, 50));
    if (sim_below(s, 1000) < 5) {
        zb_hosts hosts;
        char text[64];
        snprintf(text, sizeof text, "s%u:2181,s%u:2182%s", (unsigned)sim_below(s, 3), (unsigned)sim_below(s, 3),
                 c->chroot);
        c->changed_hosts = true;
        if (zb_hosts_parse(&hosts, text, NULL) == ZOBO_OK)
            zb_session_set_hosts(c->s, &hosts);
    }
    for (unsigned i = 0; i < burst && c->n_requests < 40 && !s->failed; i++)
        work_submit_one(c);
    if (c->writing)
        client_rearm(c); /* as other threads do: the driver goes on when the write is done */
    else
        client_pump(c);
    uint64_t gap = sim_chance(s, 5) ? 5000 : s->profile->long_paths ? 200 : 300;
    sim_at(s, s->now + ZB_MS(1) + sim_below(s, ZB_MS(gap)), on_work, c, 0);
}

void
work_begin(client *c)
{
    sim_at(c->sim, c->sim->now + sim_below(c->sim, ZB_MS(200)), on_work, c, 0);
    client_start(c, false);
}

void
work_free(client *c)
{
    while (c->requests) {
        sreq *q = c->requests;
        c->requests = q->next;
        free_request(q);
    }
    while (c->watchers) {
        watcher *w = c->watchers;
        c->watchers = w->next;
        free(w->path);
        free(w);
    }
    for (size_t i = 0; i < c->n_batch; i++)
        free(c->batch[i].path);
    free(c->batch);
}
