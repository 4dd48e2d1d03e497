/* SPDX-License-Identifier: Apache-2.0 */
/* A line. Its gets share one list of what is there, sorted, of which each tries the first that none has tried. A get
 * that begins with a list at hand asks for the line's stat together with its entry's data: if none has been put since
 * the list was made, that is the first; else it is listed again, once for a get. Those for which there is nothing wait
 * together for one watch, and (delay queues) until the first is due. */
#include "recipes/line.h"

#include <string.h>

#include "base/sized.h"
#include "recipes/checks.h"
#include "recipes/entry.h"

enum { ALARM_MAX_MS = 60000, BUSY_COMPARED = 64 };

typedef struct taking {
    zr_sure s;
    zb_link of_line; /* hungry or busy */
    bool blocking;
    bool fresh; /* the list is younger than this */
    uint64_t since;
    char *path;       /* what is tried */
    const char *name; /* its end */
    bool counted;     /* the stat has come */
    uint32_t made;
    int32_t version;
    void *data;
    size_t len;
    bool has_data;
    bool taken;
} taking;

static zr_line *
line_of(const zr_op *op)
{
    return (zr_line *)op->recipe;
}

static void feed(zr_line *l);
static void try_it(zr_op *op);

static void
let_entry_go(taking *t)
{
    zb_free(t->path);
    zb_free(t->data);
    t->path = NULL;
    t->data = NULL;
}

static void
go_hungry(taking *t)
{
    zr_line *l = line_of(&t->s.op);
    let_entry_go(t);
    zb_list_remove(&t->of_line);
    zb_list_push_front(&l->hungry, &t->of_line);
    feed(l);
}

/* ---- the list ---- */

typedef struct listing {
    zr_op op;
    uint64_t sent_at;
    zr_watch *setting;
} listing;

static bool
is_being_tried(const zr_line *l, const char *name)
{
    int seen = 0;
    for (const zb_link *k = l->busy.next; k != &l->busy && seen < BUSY_COMPARED; k = k->next, seen++) {
        if (strcmp(ZB_CONTAINER_OF(k, taking, of_line)->name, name) == 0)
            return true;
    }
    return false;
}

static bool
keep_list(zr_line *l, const zobo_reply *reply)
{
    size_t left = 0;
    if (!zr_places_read(reply, l->delay, &l->places, &l->n))
        return false;
    for (size_t i = 0; i < l->n; i++) {
        if (!is_being_tried(l, l->places[i].name))
            l->places[left++] = l->places[i];
    }
    l->n = left;
    l->at = 0;
    l->made = zr_line_made(&reply->stat);
    l->known = true;
    return true;
}

static void
fail_hungry(zr_line *l, zobo_err err)
{
    zb_link *k;
    zb_link all;
    zb_list_init(&all);
    zb_list_append(&all, &l->hungry);
    while ((k = zb_list_pop_front(&all)) != NULL)
        zr_op_end(&ZB_CONTAINER_OF(k, taking, of_line)->s.op, err, NULL);
}

static void
on_change(void *owner, const zobo_event *event)
{
    zr_line *l = owner;
    (void)event;
    l->watch = NULL;
    l->stirred = true;
    feed(l);
}

static bool
any_blocking(const zr_line *l)
{
    for (const zb_link *k = l->hungry.next; k != &l->hungry; k = k->next) {
        if (ZB_CONTAINER_OF(k, taking, of_line)->blocking)
            return true;
    }
    return false;
}

static void ask(zr_op *op);

static void
dir_made(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    (void)reply;
    if (!op || zr_retry(op, err, ask))
        return;
    if (err) {
        fail_hungry(line_of(op), err);
        zr_op_end(op, err, NULL);
    } else {
        ask(op);
    }
}

static void
listed(void *arg, zobo_err err, const zobo_reply *reply)
{
    listing *ls = arg;
    zr_line *l = line_of(&ls->op);
    zr_watch *watch = ls->setting;
    ls->setting = NULL;
    if (watch) {
        zr_watch_set(watch, l->path, ZOBO_WATCH_CHILDREN, !err);
        if (!err && (l->r.gone || l->watch))
            zr_watch_drop(watch);
        else if (!err)
            l->watch = watch;
    }
    zr_op *op = zr_back(arg);
    if (!op)
        return;
    if (err == ZOBO_ENOTSTARTED || err == ZOBO_ESTOPPED)
        fail_hungry(l, err);
    if (zr_retry(op, err, ask))
        return;
    if (err == ZOBO_ENONODE && any_blocking(l)) { /* without it there is nothing to watch */
        zobo_how how = zr_op_how(op, dir_made);
        zr_sent(op, zobo_ensure_path_async(l->r.client, l->path, l->pool.acl, &how, NULL), dir_made);
        return;
    }
    static const zobo_reply nothing;
    if (err && err != ZOBO_ENONODE)
        fail_hungry(l, err);
    else if (keep_list(l, err ? &nothing : reply))
        l->listed_at = ls->sent_at;
    else
        fail_hungry(l, ZOBO_ENOMEM);
    zr_op_end(op, ZOBO_OK, NULL);
}

static void
ask(zr_op *op)
{
    listing *ls = (listing *)op;
    zr_line *l = line_of(op);
    if (l->r.gone || zb_list_empty(&l->hungry)) {
        zr_op_end(op, ZOBO_OK, NULL);
        return;
    }
    ls->sent_at = ++l->clock;
    l->stirred = false;
    ls->setting = !l->watch && any_blocking(l) ? zr_watch_new(&l->r, on_change, l) : NULL;
    zobo_how how = zr_op_how(op, listed);
    zr_sent(
        op,
        zobo_get_children_async(l->r.client, l->path, ls->setting ? zr_watch_watcher(ls->setting) : NULL, &how, NULL),
        listed);
}

static void
listing_over(zr_op *op)
{
    zr_line *l = line_of(op);
    l->listing = false;
    zb_free(op);
    feed(l);
}

static void
list(zr_line *l)
{
    if (l->listing)
        return;
    listing *ls = zb_calloc(1, sizeof *ls);
    if (!ls) {
        fail_hungry(l, ZOBO_ENOMEM);
        return;
    }
    l->listing = true;
    ls->op.begin = ask;
    ls->op.destroy = listing_over;
    zr_op_begin_quiet(&l->r, &ls->op);
}

/* ---- who gets what ---- */

static void
alarm_over(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_line *l = arg;
    (void)err, (void)reply;
    zobo_call_free(l->alarm);
    l->alarm = NULL;
    feed(l);
    zr_unref(&l->r);
}

static void
set_alarm(zr_line *l)
{
    if (!l->delay || l->at >= l->n)
        return;
    int64_t due = l->places[l->at].key, now = zobo_wall_ms();
    if (l->alarm && l->alarm_at > due)
        zobo_call_cancel(l->alarm); /* and then it is set anew */
    if (l->alarm)
        return;
    int64_t ms = due > now ? due - now : 1;
    if (ms > ALARM_MAX_MS)
        ms = ALARM_MAX_MS; /* the clock may be set meanwhile */
    zobo_how how = {.done = alarm_over, .arg = l, .flags = ZOBO_INLINE};
    l->alarm_at = due;
    if (zobo_sleep_async(l->r.client, (uint32_t)ms, &how, &l->alarm)) {
        l->alarm = NULL;
        fail_hungry(l, ZOBO_ENOMEM);
    } else {
        zr_ref(&l->r);
    }
}

static const zr_place *
first_due(const zr_line *l)
{
    if (!l->known || l->at >= l->n)
        return NULL;
    const zr_place *p = &l->places[l->at];
    return !l->delay || p->key <= zobo_wall_ms() ? p : NULL;
}

static void
give(zr_line *l, taking *t, const zr_place *p)
{
    l->at++;
    zb_list_remove(&t->of_line);
    t->path = zr_path_child(l->path, p->name);
    if (!t->path) {
        l->known = false;
        zr_op_end(&t->s.op, ZOBO_ENOMEM, NULL);
        return;
    }
    t->name = strrchr(t->path, '/') + 1;
    t->fresh = t->fresh || l->listed_at > t->since;
    zb_list_push_back(&l->busy, &t->of_line);
    try_it(&t->s.op);
}

/* Those that find nothing: a list that is older than a get says nothing to it. */
static bool
have_nothing(zr_line *l)
{
    bool must_list = false;
    zb_link *next;
    for (zb_link *k = l->hungry.next; k != &l->hungry; k = next) {
        taking *t = ZB_CONTAINER_OF(k, taking, of_line);
        next = k->next;
        if (!l->known || l->stirred || l->listed_at < t->since)
            must_list = true;
        else if (!t->blocking)
            zr_op_end(&t->s.op, ZOBO_EEMPTY, NULL);
        else if (!l->watch)
            must_list = true;
    }
    return must_list;
}

static void
feed(zr_line *l)
{
    const zr_place *p;
    if (l->feeding || l->r.gone)
        return;
    zr_ref(&l->r);
    l->feeding = true;
    while (!zb_list_empty(&l->hungry) && (p = first_due(l)) != NULL)
        give(l, ZB_CONTAINER_OF(l->hungry.next, taking, of_line), p);
    if (!zb_list_empty(&l->hungry)) {
        if (have_nothing(l))
            list(l);
        else if (!zb_list_empty(&l->hungry))
            set_alarm(l);
    }
    l->feeding = false;
    zr_unref(&l->r);
}

/* ---- trying an entry ---- */

static zobo_err
build_removal(zr_sure *s, zobo_transaction *tx)
{
    const taking *t = (taking *)s;
    return zobo_transaction_delete(tx, t->path, t->version);
}

static void
removed(zr_sure *s, zobo_err err, size_t which, const zobo_result *results)
{
    taking *t = (taking *)s;
    (void)which, (void)results;
    if (err == ZOBO_ENONODE || zobo_err_class(err) == ZOBO_CLASS_UNKNOWN) {
        go_hungry(t); /* another's */
    } else if (err == ZOBO_EBADVERSION) {
        try_it(&s->op);
    } else if (err) {
        zr_op_end(&s->op, err, NULL);
    } else {
        zobo_reply reply = {.path = t->path, .data = t->has_data ? t->data : NULL, .data_len = t->len};
        t->taken = true;
        zr_op_end(&s->op, ZOBO_OK, &reply);
    }
}

/* The data as they are to be handed out. False: `*err`, or it is none of ours. */
static bool
keep_data(taking *t, const zobo_reply *reply, zobo_err *err)
{
    const void *data = reply->data;
    size_t len = reply->data_len;
    *err = ZOBO_OK;
    if (line_of(&t->s.op)->delay && !zr_item_read(data, len, &data, &len))
        return false;
    zb_free(t->data);
    t->has_data = data != NULL;
    t->len = len;
    t->version = reply->stat.version;
    t->data = zb_strndup(data ? data : "", len);
    if (!t->data)
        *err = ZOBO_ENOMEM;
    return t->data != NULL;
}

static void
seen(void *arg, zobo_err err, const zobo_reply *reply)
{
    zr_op *op = zr_back(arg);
    if (!op || zr_retry(op, err, try_it))
        return;
    taking *t = (taking *)op;
    zr_line *l = line_of(op);
    if (!t->fresh && (!t->counted || t->made != l->made)) {
        l->known = false; /* something was put, and may come first */
        go_hungry(t);
        return;
    }
    t->fresh = true;
    if (err == ZOBO_ENONODE) {
        go_hungry(t);
    } else if (err) {
        zr_op_end(op, err, NULL);
    } else if (keep_data(t, reply, &err)) {
        zr_sure_go(&t->s, build_removal, removed);
    } else if (err) {
        zr_op_end(op, err, NULL);
    } else {
        go_hungry(t);
    }
}

static void
counted(void *arg, zobo_err err, const zobo_reply *reply)
{
    taking *t = (taking *)zr_back(arg);
    if (!t || err)
        return; /* the entry's answer will tell */
    t->counted = true;
    t->made = zr_line_made(&reply->stat);
}

static void
try_it(zr_op *op)
{
    taking *t = (taking *)op;
    zr_line *l = line_of(op);
    zobo_how how = zr_op_how(op, counted);
    t->counted = false;
    if (!t->fresh && zobo_exists_async(l->r.client, l->path, NULL, &how, NULL) == ZOBO_OK)
        zr_sent(op, ZOBO_OK, counted);
    how = zr_op_how(op, seen);
    zr_sent(op, zobo_get_async(l->r.client, t->path, NULL, &how, NULL), seen);
}

static void
begin_get(zr_op *op)
{
    taking *t = (taking *)op;
    zr_line *l = line_of(op);
    t->since = ++l->clock;
    zb_list_push_back(&l->hungry, &t->of_line);
    feed(l);
}

/* What a get was looking at when it was given up is for the next one to try at once, not when the answer has come. */
static void
give_get_up(zr_op *op, zobo_err why)
{
    taking *t = (taking *)op;
    zr_line *l = line_of(op);
    bool untried = t->path && !t->s.under_way;
    zr_ref(&l->r);
    if (untried) {
        zb_list_remove(&t->of_line);
        let_entry_go(t);
        l->known = false;
    }
    zr_sure_give_up(op, why);
    if (untried)
        feed(l);
    zr_unref(&l->r);
}

static void
destroy_get(zr_op *op)
{
    taking *t = (taking *)op;
    zr_line *l = line_of(op);
    bool begun = op->begun, untried = t->path && !t->taken;
    zr_sure_fini(&t->s);
    if (begun)
        zb_list_remove(&t->of_line);
    let_entry_go(t);
    zb_free(t);
    if (begun && untried) { /* it is for another to try */
        l->known = false;
        feed(l);
    }
}

zobo_err
zr_line_get(zr_line *l, bool blocking, const zobo_how *how, zobo_call **call)
{
    taking *t = zb_calloc(1, sizeof *t);
    if (!t)
        return zr_op_start(&l->r, NULL, how, call);
    zr_sure_init(&t->s, &l->pool);
    zb_list_init(&t->of_line);
    t->blocking = blocking;
    t->s.fenced = true;
    t->s.op.begin = begin_get;
    t->s.op.give_up = give_get_up;
    t->s.op.destroy = destroy_get;
    return zr_op_start(&l->r, &t->s.op, how, call);
}

zobo_err
zr_line_put(zr_line *l, const void *data, size_t len, int64_t key, const zobo_how *how, zobo_call **call)
{
    return zr_put_start(&l->r, &l->pool, l->path, l->delay, key, data, len, how, call);
}

/* ---- life ---- */

static void
freed(zr_recipe *r)
{
    zr_line *l = (zr_line *)r;
    zr_watch_drop(l->watch);
    l->watch = NULL;
    if (l->alarm)
        zobo_call_cancel(l->alarm);
    zr_witnesses_freed(&l->pool);
}

static void
free_all(zr_line *l)
{
    zr_witnesses_fini(&l->pool);
    zr_acl_free(&l->acl);
    zb_free(l->places);
    zb_free(l->path);
    zb_free(l);
}

static void
destroy(zr_recipe *r)
{
    zr_recipe_fini(r);
    free_all((zr_line *)r);
}

static const zr_kind kind = {.freed = freed, .destroy = destroy};

static zobo_err
fill(zr_line *l, zobo_client *client, const char *path, const zobo_queue_options *o)
{
    static const char suffix[] = "__witness__";
    size_t len = strlen(path);
    char *beside = zb_malloc(len + sizeof suffix);
    zb_list_init(&l->hungry);
    zb_list_init(&l->busy);
    l->path = zr_strdup(path);
    if (!beside || !l->path || (o->acl && !zr_acl_copy(o->acl, &l->acl))) {
        zb_free(beside);
        return ZOBO_ENOMEM;
    }
    memcpy(beside, path, len);
    memcpy(beside + len, suffix, sizeof suffix);
    zobo_err err = zr_witnesses_init(&l->pool, &l->r, o->witness_path ? o->witness_path : beside, true, o->no_witness);
    zb_free(beside);
    l->pool.acl = o->acl ? &l->acl : NULL;
    return err ? err : zr_recipe_init(&l->r, &kind, client);
}

zobo_err
zr_line_make(zobo_client *client, const char *path, const zobo_queue_options *options, bool delay, size_t size,
             zr_line **out, zobo_problem *why)
{
    zobo_queue_options o;
    *out = NULL;
    zobo_err err = zr_check_client(client, why);
    if (!err)
        err = zr_check_place(path, why);
    if (!err)
        err = ZB_SIZED_TAKE(&o, zobo_queue_options, options, acl, why);
    if (!err)
        err = zr_check_acl(o.acl, why);
    if (!err && o.witness_path)
        err = zr_check_path(o.witness_path, why);
    if (err)
        return err;
    size_t len = strlen(path);
    if (o.witness_path && strncmp(o.witness_path, path, len) == 0 &&
        (o.witness_path[len] == 0 || o.witness_path[len] == '/'))
        return zb_problem(why, ZOBO_EINVAL, 0,
                          "the witnesses cannot be in the queue: others would take them for entries");
    zr_line *l = zb_calloc(1, size);
    if (!l)
        return zr_no_memory(why);
    l->delay = delay;
    err = fill(l, client, path, &o);
    if (err) {
        free_all(l);
        return zr_explain(err, why);
    }
    *out = l;
    return ZOBO_OK;
}
