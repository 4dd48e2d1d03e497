/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of requests and states: told once, told the truth, in order, in time. check_watch.c has those of watches.
 * */
#include "sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_LATE = 50 * 1000000 }; /* more than a timer is ever late */

/* --- what is taken ------------------------------------------------------------------------------------------------ */

void
check_submitted(client *c, const sreq *q, const void *record, zobo_err err)
{
    sim *s = c->sim;
    zb_writer w = zb_writer_counting();
    q->r.op->put(&w, record);
    bool too_big = w.n + 8 > c->max_request_bytes; /* xid and type count too */
    if (!c->started && err == ZOBO_OK)
        sim_fail(s, "client %u: takes a request without being started", (unsigned)c->index);
    if (err == ZOBO_OK ? too_big : err == ZOBO_ETOOBIG && !too_big)
        sim_fail(s, "client %u: %s a request of %u bytes, of %u allowed", (unsigned)c->index,
                 too_big ? "takes" : "refuses", (unsigned)w.n + 8, c->max_request_bytes);
}

/* --- what the model sees ------------------------------------------------------------------------------------------ */

static uint64_t
token_of(const mseen *what)
{
    if (what->data_len >= 0)
        return token_in(what->data, (size_t)what->data_len);
    if (what->op == ZB_OP_DELETE || what->op == ZB_OP_CHECK)
        return what->version < -1 ? (uint64_t)(-1 - (int64_t)what->version) : 0;
    const char *mark = what->op == ZB_OP_SYNC ? strstr(what->path, "/sync-") : NULL;
    return mark ? strtoull(mark + 6, NULL, 10) : 0;
}

/* Classes that promise that the server has not seen the request, nor ever will. */
static bool
promises_unsent(zobo_err err)
{
    zobo_class class = zobo_err_class(err);
    return class == ZOBO_CLASS_RETRY || class == ZOBO_CLASS_LOCAL || class == ZOBO_CLASS_USAGE ||
           class == ZOBO_CLASS_SESSION;
}

/* Each frame the server takes: none too long, and who comes back says how much he has seen, lest he be served by a
 * server that lags behind. */
void
check_frame(void *arg, mconn *conn, const uint8_t *frame, size_t n)
{
    sim *s = arg;
    const link *l = conn->owner;
    client *c = l->c;
    if (n > c->max_request_bytes)
        sim_fail(s, "client %u: sends %u bytes at once, of %u allowed", (unsigned)c->index, (unsigned)n,
                 c->max_request_bytes);
    if (conn->greeted || c->l != l)
        return;
    struct zb_connect_request q;
    zb_reader r = zb_reader_of(frame, n);
    zb_get_connect_request(&r, &q);
    if (q.session_id && q.session_id == c->id && q.last_zxid_seen != c->last_zxid)
        sim_fail(s, "client %u: says that it has seen %" PRId64 ", not %" PRId64, (unsigned)c->index, q.last_zxid_seen,
                 c->last_zxid);
}

/* In the chroot, and a path at all. */
static bool
may_ask_for(const client *c, const char *path)
{
    size_t n = strlen(path), chroot = strlen(c->chroot);
    if (strncmp(path, c->chroot, chroot) != 0 || (n > chroot && path[chroot] != '/'))
        return false;
    return path[0] == '/' && !strstr(path, "//") && (n == 1 || path[n - 1] != '/');
}

void
check_seen(void *arg, const mseen *what)
{
    sim *s = arg;
    client *c = ((link *)what->conn->owner)->c;
    if (!may_ask_for(c, what->path))
        sim_fail(s, "client %u: asks for the path %.80s", (unsigned)c->index, what->path);
    if (!((link *)what->conn->owner)->restored) { /* once: between the parts of a transaction nothing holds */
        ((link *)what->conn->owner)->restored = true;
        check_restored(c, what->conn);
    }
    bool carries = what->op == ZB_OP_CREATE || what->op == ZB_OP_CREATE2 || what->op == ZB_OP_SET_DATA ||
                   what->op == ZB_OP_DELETE || what->op == ZB_OP_CHECK || what->op == ZB_OP_SYNC;
    uint64_t number = token_of(what);
    if (!carries || number == s->current_token)
        return;
    if (number == 0 || number >= s->n_tokens || s->tokens[number].owner != c) {
        sim_fail(s, "client %u: the server sees a request of op %d that was not made so", (unsigned)c->index,
                 (int)what->op);
        return;
    }
    token *t = &s->tokens[number];
    s->current_token = number;
    if (++t->seen > 1)
        sim_fail(s, "client %u: #%" PRIu64 " was sent twice", (unsigned)c->index, number);
    msession *x = what->conn->session;
    if (number < x->last_seen)
        sim_fail(s, "client %u: #%" PRIu64 " is sent after #%" PRIu64, (unsigned)c->index, number, x->last_seen);
    x->last_seen = number;
    if (t->ended && promises_unsent(t->err))
        sim_fail(s, "client %u: #%" PRIu64 " ended with %s, but is sent", (unsigned)c->index, number,
                 zobo_err_name(t->err));
}

void
check_done(void *arg, mconn *conn, int32_t op, int64_t zxid, zobo_err err)
{
    sim *s = arg;
    client *c = ((link *)conn->owner)->c;
    token *t = s->current_token ? &s->tokens[s->current_token] : NULL;
    sim_trace(s, "server: client %u op %d zxid %" PRId64 " #%" PRIu64 " %s", (unsigned)c->index, (int)op, zxid,
              s->current_token, zobo_err_name(err));
    const char *wrong = zobo_err_class(err) == ZOBO_CLASS_OK && op > 0 ? model_check(&s->m) : NULL;
    if (wrong)
        sim_fail(s, "the model: %s", wrong);
    s->current_token = 0;
    if (!t)
        return;
    t->answer = err;
    t->zxid = zxid;
    t->generation = s->m.generation;
    if (err != ZOBO_OK)
        return;
    t->carried_out++;
    if (t->ended && zobo_err_class(t->err) != ZOBO_CLASS_UNKNOWN)
        sim_fail(s, "client %u: a request that ended with %s is carried out", (unsigned)c->index,
                 zobo_err_name(t->err));
}

/* --- the end of a request ----------------------------------------------------------------------------------------- */

static void
check_token(client *c, const sreq *q, zobo_err err)
{
    sim *s = c->sim;
    token *t = &s->tokens[q->token];
    zobo_class class = zobo_err_class(err);
    if (t->ended)
        sim_fail(s, "client %u: #%u ends twice", (unsigned)c->index, (unsigned)q->token);
    t->ended = true;
    t->err = err;
    if (class == ZOBO_CLASS_OK && (t->carried_out != 1 || t->zxid != q->r.zxid))
        sim_fail(s, "client %u: #%u is said to be done at %lld, but was done %u times, at %lld", (unsigned)c->index,
                 (unsigned)q->token, (long long)q->r.zxid, t->carried_out, (long long)t->zxid);
    if (class == ZOBO_CLASS_REJECTED && t->carried_out != 0)
        sim_fail(s, "client %u: #%u was done, but is said to be refused with %s", (unsigned)c->index,
                 (unsigned)q->token, zobo_err_name(err));
    if (class == ZOBO_CLASS_REJECTED && t->seen == 1 && err != ZOBO_EAUTHFAILED && t->answer != err)
        sim_fail(s, "client %u: #%u was answered with %s, but ends with %s", (unsigned)c->index, (unsigned)q->token,
                 zobo_err_name(t->answer), zobo_err_name(err));
    if (promises_unsent(err) && t->seen != 0)
        sim_fail(s, "client %u: #%u ends with %s, but was sent", (unsigned)c->index, (unsigned)q->token,
                 zobo_err_name(err));
}

static void
check_times(client *c, const sreq *q, zobo_err err)
{
    sim *s = c->sim;
    uint64_t waits = q->r.submitted + ZB_MS(c->queue_timeout_ms);
    if (q->deadline && q->deadline < waits)
        waits = q->deadline;
    if (err == ZOBO_EOPERATIONTIMEOUT && (!q->deadline || s->now < q->deadline))
        sim_fail(s, "client %u: request %u: operation timeout before its time", (unsigned)c->index,
                 (unsigned)q->number);
    if (err == ZOBO_ENOCONNECTION && s->now < waits)
        sim_fail(s, "client %u: request %u: no connection before its time", (unsigned)c->index, (unsigned)q->number);
    bool waited = err == ZOBO_ENOCONNECTION && !q->r.is_auth; /* a credential waits anew after each connection */
    uint64_t due = waited ? waits : q->deadline;
    if (due && s->now > due + TICK_LATE && s->now > c->thawed_at + TICK_LATE)
        sim_fail(s, "client %u: request %u ends after its time", (unsigned)c->index, (unsigned)q->number);
}

/* Errors that a request may end with, given what has happened. */
static bool
may_end_with(const client *c, const sreq *q, zobo_err err)
{
    switch (err) {
    case ZOBO_EAUTHFAILED:
    case ZOBO_ESTOPPED:
    case ZOBO_ESESSIONEXPIRED:
    case ZOBO_ECONNECTIONLOSS:
    case ZOBO_EOPERATIONTIMEOUT:
    case ZOBO_ENOCONNECTION:
    case ZOBO_ECANCELLED:
    case ZOBO_EABANDONED:
    case ZOBO_ENOTSTARTED:
    case ZOBO_ENOTSENT:
    case ZOBO_ETOOBIG:
        return true;
    case ZOBO_ENOMEM:
    case ZOBO_EREPLYLOST:
        return c->sim->ever_oom;
    case ZOBO_ENOAUTH: /* only who shows no credentials meets it */
        return c->n_creds == 0;
    case ZOBO_ENOTREADONLY:
        return c->read_only;
    case ZOBO_ENOWATCHER:
        return q->op == ZB_OP_REMOVE_WATCHES;
    case ZOBO_ETRANSACTION:
        return q->op == ZB_OP_MULTI;
    case ZOBO_OK:
    case ZOBO_ENONODE:
    case ZOBO_ENODEEXISTS:
    case ZOBO_EBADVERSION:
    case ZOBO_ENOTEMPTY:
    case ZOBO_ENOCHILDRENFOREPHEMERALS:
        return true;
    default:
        return false;
    }
}

static bool
answered(const sreq *q)
{
    zobo_class class = zobo_err_class(q->r.err);
    return (class == ZOBO_CLASS_OK || class == ZOBO_CLASS_REJECTED) && q->r.err != ZOBO_EAUTHFAILED;
}

void
check_ended(client *c, sreq *q)
{
    sim *s = c->sim;
    zobo_err err = q->r.err;
    c->done++;
    if (!may_end_with(c, q, err))
        sim_fail(s, "client %u: request %u ends with %s", (unsigned)c->index, (unsigned)q->number, zobo_err_name(err));
    check_times(c, q, err);
    if (err == ZOBO_ECONNECTIONLOSS && !q->r.is_auth && q->writes_before == c->writes)
        sim_fail(s, "client %u: request %u ends with ConnectionLoss, but nothing has been written since it was made",
                 (unsigned)c->index, (unsigned)q->number);
    if (q->token)
        check_token(c, q, err);
    if (!answered(q) || q->r.is_auth)
        return;
    if (c->last_answered > q->number)
        sim_fail(s, "client %u: request %u is answered after request %u", (unsigned)c->index, (unsigned)q->number,
                 (unsigned)c->last_answered);
    c->last_answered = q->number;
}

/* --- replies against the past ------------------------------------------------------------------------------------- */

static void
check_stat(client *c, const sreq *q, const zobo_stat *has, const mstate *was)
{
    zobo_stat want = tree_stat(was);
    if (has->czxid == want.czxid && has->mzxid == want.mzxid && has->pzxid == want.pzxid && has->ctime == want.ctime &&
        has->mtime == want.mtime && has->version == want.version && has->cversion == want.cversion &&
        has->aversion == want.aversion && has->ephemeral_owner == want.ephemeral_owner &&
        has->data_length == want.data_length && has->num_children == want.num_children)
        return;
    sim_fail(c->sim, "client %u: request %u: the stat is not that of zxid %lld", (unsigned)c->index,
             (unsigned)q->number, (long long)q->r.zxid);
}

static void
check_children(client *c, const sreq *q, const zobo_reply *reply)
{
    sim *s = c->sim;
    size_t n = 0;
    for (size_t i = 0; i < s->m.n_nodes; i++) {
        const mnode *node = s->m.nodes[i];
        if (node->parent && strcmp(node->parent->path, q->path) == 0 &&
            model_at(&s->m, c->fed_generation, node->path, q->r.zxid)->exists)
            n++;
    }
    for (size_t i = 0; i < reply->n_children; i++) {
        char path[MODEL_PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", strcmp(q->path, "/") == 0 ? "" : q->path, reply->children[i]);
        if (!model_at(&s->m, c->fed_generation, path, q->r.zxid)->exists)
            sim_fail(s, "client %u: request %u: a child that was not there", (unsigned)c->index, (unsigned)q->number);
    }
    if (n != reply->n_children)
        sim_fail(s, "client %u: request %u: %u children of %u", (unsigned)c->index, (unsigned)q->number,
                 (unsigned)reply->n_children, (unsigned)n);
}

static void
check_data(client *c, const sreq *q, const zobo_reply *reply, const mstate *was)
{
    if ((int32_t)reply->data_len != was->data->n ||
        (reply->data_len && memcmp(reply->data, was->data->bytes, reply->data_len) != 0))
        sim_fail(c->sim, "client %u: request %u: the data is not that of zxid %lld", (unsigned)c->index,
                 (unsigned)q->number, (long long)q->r.zxid);
}

/* A path the server has answered with, as the client must see it: without its chroot. */
static const mstate *
was_created(client *c, const sreq *q, const char *path, bool stays)
{
    char full[2 * MODEL_PATH_MAX];
    snprintf(full, sizeof full, "%s%s", c->chroot, path);
    const mstate *was = model_at(&c->sim->m, c->fed_generation, full, q->r.zxid);
    bool made = stays ? was->exists && was->stat.czxid == q->r.zxid : model_node(&c->sim->m, full) != NULL;
    if (!made) /* a later part of a transaction may have deleted it again */
        sim_fail(c->sim, "client %u: request %u has not created what it says", (unsigned)c->index, (unsigned)q->number);
    return was;
}

static void
check_multi(client *c, const sreq *q)
{
    const zobo_reply *reply = q->r.reply;
    unsigned failed = 0;
    if (!reply || reply->n_results != q->n_parts) {
        sim_fail(c->sim, "client %u: request %u: a transaction without its results", (unsigned)c->index,
                 (unsigned)q->number);
        return;
    }
    for (size_t i = 0; i < reply->n_results; i++) {
        const zobo_result *one = &reply->results[i];
        failed += one->err != ZOBO_OK && one->err != ZOBO_EROLLEDBACK && one->err != ZOBO_ERUNTIMEINCONSISTENCY;
        if (q->r.err == ZOBO_OK && one->path)
            (void)was_created(c, q, one->path, false);
    }
    if (failed != (q->r.err == ZOBO_OK ? 0 : 1) || reply->err != q->r.err)
        sim_fail(c->sim, "client %u: request %u: %u failed operations", (unsigned)c->index, (unsigned)q->number,
                 failed);
}

static void
check_body(client *c, const sreq *q)
{
    const zobo_reply *reply = q->r.reply;
    const mstate *was = model_at(&c->sim->m, c->fed_generation, q->path, q->r.zxid);
    if (q->op == ZB_OP_MULTI) {
        if (q->r.err == ZOBO_OK || q->r.err == ZOBO_ETRANSACTION)
            check_multi(c, q);
        return;
    }
    if (q->r.err == ZOBO_ENONODE && was->exists &&
        (q->op == ZB_OP_GET_DATA || q->op == ZB_OP_EXISTS || q->op == ZB_OP_SET_DATA))
        sim_fail(c->sim, "client %u: request %u: no node, but it was there", (unsigned)c->index, (unsigned)q->number);
    if (q->r.err != ZOBO_OK)
        return;
    if (q->r.want_reply != (reply != NULL))
        sim_fail(c->sim, "client %u: request %u: a reply is %s", (unsigned)c->index, (unsigned)q->number,
                 reply ? "there" : "missing");
    if (q->op == ZB_OP_SET_DATA || q->op == ZB_OP_EXISTS) {
        if (!q->r.has_stat)
            sim_fail(c->sim, "client %u: request %u: no stat", (unsigned)c->index, (unsigned)q->number);
        check_stat(c, q, &q->r.stat, was);
    }
    if (!reply)
        return;
    if (reply->zxid != q->r.zxid)
        sim_fail(c->sim, "client %u: request %u: two zxids", (unsigned)c->index, (unsigned)q->number);
    if (q->op == ZB_OP_CREATE || q->op == ZB_OP_CREATE2)
        was = was_created(c, q, reply->path, true);
    if (reply->has_stat)
        check_stat(c, q, &reply->stat, was);
    if (q->op == ZB_OP_GET_DATA)
        check_data(c, q, reply, was);
    if (q->op == ZB_OP_GET_CHILDREN || q->op == ZB_OP_GET_CHILDREN2)
        check_children(c, q, reply);
}

void
check_reply(client *c, sreq *q)
{
    sim *s = c->sim;
    if (!answered(q) || s->failed || q->r.is_auth)
        return;
    if (q->generation_before == c->fed_generation && q->r.zxid < q->zxid_before)
        sim_fail(s, "client %u: request %u: answered from before it was asked", (unsigned)c->index,
                 (unsigned)q->number);
    check_body(c, q);
}

/* --- states ------------------------------------------------------------------------------------------------------- */

bool
check_up(zobo_state state)
{
    return state == ZOBO_CONNECTED || state == ZOBO_CONNECTED_RO;
}

static bool
may_follow(zobo_state from, zobo_state to)
{
    if (check_up(from))
        return to == ZOBO_SUSPENDED || to == ZOBO_LOST;
    return check_up(to) || (from == ZOBO_SUSPENDED && to == ZOBO_LOST);
}

static void
now_connected(client *c)
{
    sim *s = c->sim;
    zb_session_info info;
    zb_session_get_info(c->s, &info);
    int64_t id = info.id.session_id;
    if (!info.has_session || id == 0 || id == c->lost_id)
        sim_fail(s, "client %u: connected with session %llx after losing %llx", (unsigned)c->index,
                 (unsigned long long)id, (unsigned long long)c->lost_id);
    if (c->id && id != c->id && !c->id_is_local)
        sim_fail(s, "client %u: connected with another session without being lost", (unsigned)c->index);
    if (id != c->id)
        c->last_zxid = 0;
    c->id_is_local = false;
    for (size_t i = 0; i < s->m.n_sessions; i++) /* its end may be known here before it is there */
        if (s->m.sessions[i]->id == id)
            c->id_is_local = s->m.sessions[i]->local_door >= 0;
    c->id = id;
    c->granted_ms = info.timeout_ms;
    if (info.timeout_ms < MODEL_MIN_TIMEOUT_MS || info.timeout_ms > MODEL_MAX_TIMEOUT_MS)
        sim_fail(s, "client %u: a timeout of %u ms", (unsigned)c->index, info.timeout_ms);
}

/* LOST by itself only when it was told so, or stopped, or has heard nothing for long enough. */
static void
now_lost(client *c, zobo_err err)
{
    sim *s = c->sim;
    bool silent = s->now - c->last_heard >= (uint64_t)c->granted_ms * c->lost_after_percent * 10000U;
    if (!c->heard_expired && !c->stopping && err != ZOBO_EAUTHFAILED && !silent && !s->ever_oom)
        sim_fail(s, "client %u: lost (%s) without a reason", (unsigned)c->index, zobo_err_name(err));
    const msession *x = model_session(&s->m, c->id);
    if (c->heard_expired && x && x->local_door < 0)
        sim_fail(s, "client %u: lost, but its session lives", (unsigned)c->index);
    c->lost_id = c->id;
    c->lost_before = c->pulled_at; /* later ones may have been made when the session knew already */
    c->id = 0;
}

void
check_state(client *c, zobo_state state, zobo_err err)
{
    sim *s = c->sim;
    sim_trace(s, "client %u: %s (%s)", (unsigned)c->index, zobo_state_name(state), zobo_err_name(err));
    if (!may_follow(c->state, state))
        sim_fail(s, "client %u: %s after %s", (unsigned)c->index, zobo_state_name(state), zobo_state_name(c->state));
    c->state = state;
    c->state_changes++;
    if (state == ZOBO_CONNECTED_RO && !c->read_only)
        sim_fail(s, "client %u: read-only without having asked for it", (unsigned)c->index);
    if (check_up(state))
        now_connected(c);
    if (check_up(state) && c->l && c->l->tap_creds < c->n_creds)
        sim_fail(s, "client %u: connected before its credentials were accepted", (unsigned)c->index);
    if (state == ZOBO_LOST)
        now_lost(c, err);
    if (state == ZOBO_SUSPENDED)
        c->ever_suspended = true;
    c->heard_expired = false;
}

/* --- after each step of a client ---------------------------------------------------------------------------------- */

static void
check_not_busy(client *c)
{
    sim *s = c->sim;
    uint64_t window = s->now / ZB_MS(1000);
    if (window != c->window) {
        c->window = window;
        c->ticks = c->attempts = c->submits = 0;
    }
    if (c->ticks > 300 + 20 * c->submits)
        sim_fail(s, "client %u: %u ticks within a second", (unsigned)c->index, c->ticks);
    if (c->attempts > 60)
        sim_fail(s, "client %u: %u attempts to connect within a second", (unsigned)c->index, c->attempts);
}

static void
check_after_tick(client *c)
{
    sim *s = c->sim;
    uint64_t silence = s->now - c->last_heard;
    c->ticked = false;
    if (zb_session_deadline(c->s) <= s->now)
        sim_fail(s, "client %u: its deadline lies in the past after a tick", (unsigned)c->index);
    for (const sreq *q = c->requests; q; q = q->next)
        if (q->deadline && q->deadline <= s->now)
            sim_fail(s, "client %u: request %u is overdue", (unsigned)c->index, (unsigned)q->number);
    if (check_up(c->state) && !c->stopping && silence > ZB_MS(c->granted_ms))
        sim_fail(s, "client %u: connected, having heard nothing for %u ms", (unsigned)c->index,
                 (unsigned)(silence / 1000000));
    if (c->state == ZOBO_SUSPENDED && silence > (uint64_t)c->granted_ms * c->lost_after_percent * 10000U)
        sim_fail(s, "client %u: suspended, having heard nothing for %u ms", (unsigned)c->index,
                 (unsigned)(silence / 1000000));
}

void
check_client(client *c)
{
    sim *s = c->sim;
    zb_session_info info;
    zb_session_get_info(c->s, &info);
    if (c->ticked)
        check_after_tick(c);
    check_not_busy(c);
    if (info.state != c->state)
        sim_fail(s, "client %u: is %s, but has said %s", (unsigned)c->index, zobo_state_name(info.state),
                 zobo_state_name(c->state));
    if (info.stopped == c->started && !c->stopping)
        sim_fail(s, "client %u: says that it is %s", (unsigned)c->index, info.stopped ? "stopped" : "running");
    if (check_up(c->state) && !(c->l && c->l->up))
        sim_fail(s, "client %u: connected without a link", (unsigned)c->index);
    if (c->l && c->l->client_open && c->l->tap_greeted && c->l->tap_creds >= c->l->creds_due && info.connected &&
        !c->stopping && !s->ever_oom && !check_up(c->state))
        sim_fail(s, "client %u: %s, though all credentials are accepted", (unsigned)c->index,
                 zobo_state_name(c->state));
    if (zb_session_in_flight(c->s) != c->n_requests)
        sim_fail(s, "client %u: %u requests in flight, not %u", (unsigned)c->index,
                 (unsigned)zb_session_in_flight(c->s), (unsigned)c->n_requests);
    if (c->id && info.has_session && info.id.session_id == c->id) {
        if (info.last_zxid < c->last_zxid)
            sim_fail(s, "client %u: its last zxid goes back", (unsigned)c->index);
        c->last_zxid = info.last_zxid;
    }
    for (const sreq *q = c->requests; q; q = q->next)
        if (q->number < c->lost_before && !q->r.is_auth)
            sim_fail(s, "client %u: request %u outlives its session", (unsigned)c->index, (unsigned)q->number);
    if (c->stopping && s->now > c->stop_deadline && c->frozen_until < s->now && c->stop_deadline > c->thawed_at)
        sim_fail(s, "client %u: takes too long to stop", (unsigned)c->index);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

bool
check_settled(sim *s)
{
    for (size_t i = 0; i < s->n_clients; i++) {
        const client *c = s->clients[i];
        if (!c->started || c->stopping || c->state != ZOBO_CONNECTED || c->n_requests)
            return false;
    }
    return true;
}

void
check_end(sim *s)
{
    for (size_t i = 0; i < s->n_clients; i++) {
        client *c = s->clients[i];
        msession *x = model_session(&s->m, c->id);
        if (!x || !x->conn || !c->l || x->conn != c->l->conn)
            sim_fail(s, "client %u: connected, but its session has no such connection", (unsigned)c->index);
        else
            check_watchers(c);
        if (!s->profile->fault_ms && c->ever_suspended)
            sim_fail(s, "client %u: was suspended, though nothing was wrong", (unsigned)c->index);
    }
    for (size_t i = 1; i < s->n_tokens; i++)
        if (!s->tokens[i].ended)
            sim_fail(s, "#%u has never ended", (unsigned)i);
    if (!s->profile->fault_ms && s->m.expired > s->n_left)
        sim_fail(s, "sessions have expired, though nothing was wrong");
    const char *wrong = model_check(&s->m);
    if (wrong)
        sim_fail(s, "the model: %s", wrong);
}
