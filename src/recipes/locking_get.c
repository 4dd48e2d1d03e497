/* SPDX-License-Identifier: Apache-2.0 */
/* Getting an entry of a locking queue: the token, the two lists, and then one entry after another is tried, by a
 * transaction that makes the lock if the entry is still there. Who finds nothing waits: for the list of entries, and,
 * when there are some but all are taken, for the list of those too. */
#include "recipes/line.h"
#include "recipes/locking_queue.h"

enum { ENTRIES, TAKEN, EYES };

typedef struct grab {
    zr_op op;
    bool blocking;
    zr_watch *eyes[EYES], *setting[EYES];
    bool busy, stirred;
    zr_place *places; /* what is there, sorted */
    size_t n, at;
    unsigned session; /* when the token was asked for, or the transaction sent */
    char token_name[ZR_UUID + 16];
    char *token;
    bool asking;                          /* the token is being made */
    char *name, *taken_path, *entry_path; /* what is tried */
    bool under_way, doubt;
    zobo_call *attempt, *reading; /* under way */
    bool answered, unread;        /* the transaction's answer has come; the data cannot be asked for */
    zobo_err read_err;            /* why not */
    bool taken;                   /* held, but for the data */
    zobo_err err;
    size_t which;
    zobo_err late;
} grab;

static void find(zr_op *op);
static void list(zr_op *op);
static void try_it(zr_op *op);
static void next_one(grab *g);

static void
close_eyes(grab *g)
{
    for (int i = 0; i < EYES; i++) {
        zr_watch_drop(g->eyes[i]);
        g->eyes[i] = NULL;
    }
}

static void
let_go(grab *g)
{
    zb_free(g->name);
    zb_free(g->taken_path);
    zb_free(g->entry_path);
    g->name = g->taken_path = g->entry_path = NULL;
    g->doubt = g->taken = false;
}

/* It may be there, and nobody knows of it any more. */
static void
forsake_token(grab *g)
{
    zr_locking_forsake(queue_of(&g->op), g->token);
    g->token = NULL;
}

static void
end(grab *g, zobo_err err, const zobo_reply *reply)
{
    zobo_locking_queue *q = queue_of(&g->op);
    close_eyes(g);
    if (q->active == &g->op)
        q->active = NULL;
    if (g->token && !g->asking)
        forsake_token(g);
    if (err && g->name && (g->doubt || g->taken))
        zr_locking_undo(q, g->name);
    else if (q->r.gone)
        zr_locking_part(q);
    zr_op_end(&g->op, err, reply);
}

static void
give_up(zr_op *op, zobo_err why)
{
    grab *g = (grab *)op;
    if (g->under_way) {
        g->late = why;
        if (!zobo_connected(op->recipe->client)) { /* they have not been sent: no answers are worth waiting for */
            zobo_call_cancel(g->attempt);
            zobo_call_cancel(g->reading);
        }
    } else
        end(g, why, NULL);
}

/* ---- the directories, and the token ---- */

static void
dirs_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, find))
        return;
    if (err)
        end((grab *)op, err, NULL);
    else
        find(op);
}

static void
first_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, find))
        return;
    if (err) {
        end((grab *)op, err, NULL);
        return;
    }
    zobo_how how = zr_op_how(op, dirs_made);
    zr_sent(op, zobo_ensure_path_async(op->recipe->client, queue_of(op)->entries, queue_of(op)->pool.acl, &how, NULL),
            dirs_made);
}

static void
make_dirs(zr_op *op)
{
    zobo_how how = zr_op_how(op, first_made);
    zr_sent(op, zobo_ensure_path_async(op->recipe->client, queue_of(op)->taken, queue_of(op)->pool.acl, &how, NULL),
            first_made);
}

static void
token_there(grab *g)
{
    zobo_locking_queue *q = queue_of(&g->op);
    if (g->session == q->session) {
        zb_free(q->token);
        q->token = g->token;
        g->token = NULL;
    }
    find(&g->op);
}

static void
token_looked_at(void *arg, zobo_err err, const zobo_reply *reply)
{
    grab *g = (grab *)zr_back(arg);
    if (!g || zr_retry(&g->op, err, find))
        return;
    zobo_client_id id;
    bool own = !err && !zobo_get_client_id(g->op.recipe->client, &id) && reply->stat.ephemeral_owner == id.session_id;
    if (own) {
        token_there(g);
        return;
    }
    zb_free(g->token); /* of the session before: another name */
    g->token = NULL;
    find(&g->op);
}

static void
token_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    ((grab *)arg)->asking = false;
    if (((grab *)arg)->op.ended)
        forsake_token(arg);
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, find))
        return;
    grab *g = (grab *)op;
    if (err == ZOBO_ENONODE) {
        make_dirs(op);
    } else if (err == ZOBO_ENODEEXISTS) {
        zobo_how how = zr_op_how(op, token_looked_at);
        zr_sent(op, zobo_exists_async(op->recipe->client, g->token, NULL, &how, NULL), token_looked_at);
    } else if (err) {
        end(g, err, NULL);
    } else {
        token_there(g);
    }
}

static void
make_token(grab *g)
{
    zobo_locking_queue *q = queue_of(&g->op);
    zobo_create_options options = {.ephemeral = true, .acl = queue_of(&g->op)->pool.acl};
    if (!g->token) {
        static const char suffix[] = "__session__";
        zobo_uuid(q->r.client, g->token_name);
        memcpy(g->token_name + ZR_UUID - 1, suffix, sizeof suffix);
        g->token = zr_path_child(q->path, g->token_name);
    }
    if (!g->token) {
        end(g, ZOBO_ENOMEM, NULL);
        return;
    }
    g->session = q->session;
    g->asking = true;
    zobo_how how = zr_op_how(&g->op, token_made);
    zr_sent(&g->op, zobo_create_async(q->r.client, g->token, "", 0, &options, &how, NULL), token_made);
}

/* ---- the lists ---- */

static void
look_again(grab *g)
{
    g->stirred = true;
    if (g->busy)
        return;
    g->busy = true;
    zr_pause(&g->op, 0, list);
}

static void
on_entries(void *owner, const zobo_event *event)
{
    (void)event;
    ((grab *)owner)->eyes[ENTRIES] = NULL;
    look_again(owner);
}

static void
on_taken(void *owner, const zobo_event *event)
{
    (void)event;
    ((grab *)owner)->eyes[TAKEN] = NULL;
    look_again(owner);
}

static const zobo_watcher *
open_eye(grab *g, int which)
{
    if (!g->blocking || g->eyes[which])
        return NULL;
    g->eyes[which] = g->setting[which] = zr_watch_new(g->op.recipe, which == ENTRIES ? on_entries : on_taken, g);
    return g->eyes[which] ? zr_watch_watcher(g->eyes[which]) : NULL;
}

static zr_op *
eye_back(grab *g, int which, const char *path, bool stands)
{
    zr_watch *watch = g->setting[which];
    g->setting[which] = NULL;
    if (watch && !stands && g->eyes[which] == watch)
        g->eyes[which] = NULL;
    if (watch)
        zr_watch_set(watch, path, ZOBO_WATCH_CHILDREN, stands);
    return zr_back(g);
}

static void
nothing(grab *g)
{
    if (!g->blocking) {
        end(g, ZOBO_EEMPTY, NULL);
    } else if (g->stirred) {
        list(&g->op);
    } else if (!g->eyes[ENTRIES]) { /* no memory for it, or it has fired */
        zr_pause(&g->op, 100, list);
    } else {
        g->busy = false;
    }
}

static void
taken_listed(void *arg, zobo_err err, const zobo_reply *reply)
{
    grab *g = arg;
    zr_op *op = eye_back(g, TAKEN, queue_of(&g->op)->taken, !err);
    if (!op || zr_retry(op, err, list))
        return;
    if (err == ZOBO_ENONODE)
        make_dirs(op);
    else if (err)
        end(g, err, NULL);
    else if (!zr_places_without(g->places, &g->n, reply))
        end(g, ZOBO_ENOMEM, NULL);
    else
        next_one(g);
}

static void
entries_listed(void *arg, zobo_err err, const zobo_reply *reply)
{
    grab *g = arg;
    zobo_locking_queue *q = queue_of(&g->op);
    zr_op *op = eye_back(g, ENTRIES, q->entries, !err);
    if (!op || zr_retry(op, err, list))
        return;
    if (err == ZOBO_ENONODE) {
        make_dirs(op);
    } else if (err) {
        end(g, err, NULL);
    } else if (!zr_places_read(reply, false, &g->places, &g->n)) {
        end(g, ZOBO_ENOMEM, NULL);
    } else if (!g->n) {
        nothing(g);
    } else {
        zobo_how how = zr_op_how(op, taken_listed);
        zr_sent(op, zobo_get_children_async(q->r.client, q->taken, open_eye(g, TAKEN), &how, NULL), taken_listed);
    }
}

static void
list(zr_op *op)
{
    grab *g = (grab *)op;
    zobo_locking_queue *q = queue_of(op);
    let_go(g);
    close_eyes(g);
    g->stirred = false;
    g->at = 0;
    zobo_how how = zr_op_how(op, entries_listed);
    zr_sent(op, zobo_get_children_async(q->r.client, q->entries, open_eye(g, ENTRIES), &how, NULL), entries_listed);
}

static void
find(zr_op *op)
{
    grab *g = (grab *)op;
    g->busy = true;
    if (queue_of(op)->token)
        list(op);
    else
        make_token(g);
}

/* ---- an entry ---- */

static void
hold(grab *g, const zobo_reply *reply)
{
    zobo_locking_queue *q = queue_of(&g->op);
    char *path;
    void *data = reply->data ? zb_strndup(reply->data, reply->data_len) : NULL;
    char *token = zr_strdup(q->token);
    if ((reply->data && !data) || !token) {
        zb_free(data);
        zb_free(token);
        end(g, ZOBO_ENOMEM, NULL);
        return;
    }
    zr_locking_drop(q);
    q->held = g->name;
    q->held_token = token;
    q->data = data;
    q->len = reply->data_len;
    g->name = NULL;
    zobo_reply answer = zr_locking_reply(q, &path);
    end(g, ZOBO_OK, &answer);
    zb_free(path);
}

static void
next_one(grab *g)
{
    zobo_locking_queue *q = queue_of(&g->op);
    let_go(g);
    if (g->at >= g->n) {
        nothing(g);
        return;
    }
    const char *name = g->places[g->at++].name;
    g->name = zr_strdup(name);
    g->taken_path = zr_path_child(q->taken, name);
    g->entry_path = zr_path_child(q->entries, name);
    if (!g->name || !g->taken_path || !g->entry_path)
        end(g, ZOBO_ENOMEM, NULL);
    else
        try_it(&g->op);
}

static void owner_seen(void *arg, zobo_err err, const zobo_reply *reply);

/* The lock is there, and it may be that an attempt of ours made it. */
static void
look_at_owner(zr_op *op)
{
    zobo_how how = zr_op_how(op, owner_seen);
    zr_sent(op, zobo_get_async(op->recipe->client, ((grab *)op)->taken_path, NULL, &how, NULL), owner_seen);
}

static void data_read(void *arg, zobo_err err, const zobo_reply *reply);

static void
read_data(zr_op *op)
{
    zobo_how how = zr_op_how(op, data_read);
    zr_sent(op, zobo_get_async(op->recipe->client, ((grab *)op)->entry_path, NULL, &how, NULL), data_read);
}

static void
owner_seen(void *arg, zobo_err err, const zobo_reply *reply)
{
    grab *g = (grab *)zr_back(arg);
    if (!g || zr_retry(&g->op, err, look_at_owner))
        return;
    zobo_locking_queue *q = queue_of(&g->op);
    if (!err && g->session == q->session && zr_locking_is_own(q, reply)) {
        g->taken = true;
        read_data(&g->op);
    } else {
        next_one(g);
    }
}

static void
find_or_try(zr_op *op)
{
    const zobo_locking_queue *q = queue_of(op);
    if (q->token && q->session == ((grab *)op)->session)
        try_it(op);
    else
        find(op);
}

/* Both answers have come: the transaction's, and the data. */
static void
judge(grab *g, zobo_err err, const zobo_reply *reply)
{
    zobo_locking_queue *q = queue_of(&g->op);
    if (zobo_err_class(g->err) == ZOBO_CLASS_UNKNOWN)
        g->doubt = true;
    else if (!g->err)
        g->taken = true;
    bool lost = g->session != q->session;
    if (g->late && !(g->taken && g->late == ZOBO_EWAITTIMEOUT && !lost && !err)) {
        end(g, g->late, NULL); /* which undoes it */
    } else if (!g->err && lost) {
        zr_locking_undo(q, g->name); /* the client believed its session lost, and this was made in the next */
        find(&g->op);
    } else if (!g->err && !err && reply) {
        hold(g, reply);
    } else if (!g->err) {
        read_data(&g->op);
    } else if (zr_retry(&g->op, g->err, find_or_try)) {
        return;
    } else if (g->which == 0 && g->err == ZOBO_ENONODE) {
        zb_free(q->token);
        q->token = NULL;
        find(&g->op);
    } else if (g->which == 2 && g->err == ZOBO_ENODEEXISTS && g->doubt) {
        look_at_owner(&g->op);
    } else if (g->err == ZOBO_ENODEEXISTS || (g->which == 1 && g->err == ZOBO_ENONODE)) {
        next_one(g);
    } else if (g->err == ZOBO_ENONODE) {
        make_dirs(&g->op);
    } else {
        end(g, g->err, NULL);
    }
}

static void
data_read(void *arg, zobo_err err, const zobo_reply *reply)
{
    grab *g = arg;
    zobo_call_free(g->reading);
    g->reading = NULL;
    g = (grab *)zr_back(arg);
    if (!g)
        return;
    if (g->under_way && !g->answered) { /* it comes first only if it was not sent */
        g->unread = true;
        g->read_err = err ? err : ZOBO_EREPLYLOST;
        return;
    }
    if (g->under_way) {
        g->under_way = false;
        judge(g, err, reply);
        return;
    }
    if (zr_retry(&g->op, err, read_data))
        return;
    if (g->session != queue_of(&g->op)->session)
        find(&g->op);
    else if (err == ZOBO_ENONODE) { /* somebody has removed it without asking */
        zr_locking_undo(queue_of(&g->op), g->name);
        next_one(g);
    } else if (err)
        end(g, err, NULL);
    else
        hold(g, reply);
}

static void
tried(void *arg, zobo_err err, const zobo_reply *reply)
{
    grab *g = arg;
    zobo_call_free(g->attempt);
    g->attempt = NULL;
    g = (grab *)zr_back(arg);
    if (!g)
        return;
    g->answered = true;
    g->which = 0;
    g->err = err == ZOBO_ETRANSACTION && reply ? zr_refusal(reply, &g->which) : err;
    if (!g->unread)
        return;
    g->under_way = false;
    judge(g, g->read_err, NULL);
}

static zobo_err
send_try(grab *g, const zobo_how *how, zobo_call **call)
{
    zobo_locking_queue *q = queue_of(&g->op);
    zobo_transaction *tx;
    zobo_err err = zobo_transaction_new(q->r.client, &tx);
    if (err)
        return err;
    err = zobo_transaction_check(tx, q->token, -1);
    if (!err)
        err = zobo_transaction_check(tx, g->entry_path, -1);
    if (!err)
        err = zobo_transaction_create(tx, g->taken_path, q->id, ZR_UUID - 1,
                                      &(zobo_create_options){.ephemeral = true, .acl = q->pool.acl});
    if (!err)
        err = zobo_transaction_commit_async(tx, how, call);
    zobo_transaction_free(tx);
    return err;
}

static void
try_it(zr_op *op)
{
    grab *g = (grab *)op;
    zobo_locking_queue *q = queue_of(op);
    if (!q->token) { /* the session was lost between two entries */
        find(op);
        return;
    }
    g->session = q->session;
    g->under_way = true;
    g->answered = g->unread = false;
    zobo_how how = zr_op_how(op, tried);
    zr_sent(op, send_try(g, &how, &g->attempt), tried);
    how = zr_op_how(op, data_read);
    zr_sent(op, zobo_get_async(q->r.client, g->entry_path, NULL, &how, &g->reading), data_read);
}

void
zr_locking_get_begin(zr_op *op)
{
    zobo_locking_queue *q = queue_of(op);
    char *path;
    if (q->active) {
        zr_op_end(op, ZOBO_EALREADY, NULL);
        return;
    }
    if (q->held && q->is_lost)
        zr_locking_drop(q);
    if (q->held) {
        zobo_reply answer = zr_locking_reply(q, &path);
        zr_op_end(op, ZOBO_OK, &answer);
        zb_free(path);
        return;
    }
    q->active = op;
    find(op);
}

static void
destroy_grab(zr_op *op)
{
    grab *g = (grab *)op;
    zobo_locking_queue *q = queue_of(op);
    if (op->begun && q->active == op)
        q->active = NULL;
    let_go(g);
    zb_free(g->token);
    zb_free(g->places);
    zb_free(g);
}

zr_op *
zr_locking_get_new(bool blocking)
{
    grab *g = zb_calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->blocking = blocking;
    g->op.begin = zr_locking_get_begin;
    g->op.give_up = give_up;
    g->op.destroy = destroy_grab;
    return &g->op;
}
