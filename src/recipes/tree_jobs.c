/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be read: one job for each node, many jobs in one multi-read, several of those under way. What multi-reads
 * cannot do (ZR_STAT) is a request for each node, hundreds of them under way.
 *
 * A node is read again when something happens to it while it is being read; so what was read last was read after the
 * last event. How many reads go into a request is guessed from what has come so far, so that an answer has about a
 * megabyte; a request that fails is repeated with fewer. */
#include <string.h>

#include "recipes/tree_cache.h"

enum {
    WINDOW = 6, /* multi-reads under way */
    SINGLES = 400,
    MAX_BATCH = 512,
    REQUEST_BYTES = 256 * 1024,
    ANSWER_BYTES = 1024 * 1024,
    STAT_BYTES = 90,
    MIN_WEIGHT = 100
};

typedef struct batch {
    zobo_tree_cache *c;
    size_t n;
    zr_job *jobs[];
} batch;

/* ---- jobs ---- */

static zr_job *
find_job(const zobo_tree_cache *c, const char *path, size_t len)
{
    zb_map_node *m = zb_map_find(&c->jobs, path, len);
    return m ? ZB_CONTAINER_OF(m, zr_job, map) : NULL;
}

bool
zr_jobs_has(const zobo_tree_cache *c, const char *path, size_t len)
{
    return find_job(c, path, len) != NULL;
}

static zr_job *
new_job(zobo_tree_cache *c, const char *path, size_t len)
{
    zr_job *job = zb_calloc(1, offsetof(zr_job, path) + len + 1);
    if (!job)
        return NULL;
    memcpy(job->path, path, len);
    job->map.key = job->path;
    job->map.key_len = (uint32_t)len;
    zb_list_init(&job->link);
    if (!zb_map_add(&c->jobs, &job->map)) {
        zb_free(job);
        return NULL;
    }
    zb_list_push_back(&c->queue, &job->link);
    return job;
}

static void
free_job(zobo_tree_cache *c, zr_job *job)
{
    zb_list_remove(&job->link);
    zb_map_remove(&c->jobs, &job->map);
    zb_free(job);
}

void
zr_jobs_want(zobo_tree_cache *c, const char *path, size_t len, unsigned what, size_t weight)
{
    if (c->condition.failed)
        return;
    zr_job *job = find_job(c, path, len);
    if (!job)
        job = new_job(c, path, len);
    if (!job) {
        zr_cache_lost_track(c);
        return;
    }
    if (c->o.no_data && what & ZR_DATA)
        what = (what & ~(unsigned)ZR_DATA) | ZR_STAT;
    job->wanted |= (uint8_t)what;
    if (weight > job->weight)
        job->weight = weight < UINT32_MAX ? (uint32_t)weight : UINT32_MAX;
}

void
zr_jobs_drop(zobo_tree_cache *c)
{
    zb_link *l;
    while ((l = zb_list_pop_front(&c->queue)) != NULL)
        free_job(c, ZB_CONTAINER_OF(l, zr_job, link));
}

/* ---- requests ---- */

static size_t
weight_of(const zobo_tree_cache *c, const zr_job *job)
{
    size_t weight = MIN_WEIGHT;
    if (job->wanted & ZR_DATA)
        weight += c->data_bytes + STAT_BYTES;
    if (job->wanted & ZR_LIST)
        weight += job->weight;
    return weight;
}

static zr_job *
next_job(const zobo_tree_cache *c)
{
    return zb_list_empty(&c->queue) ? NULL : ZB_CONTAINER_OF(c->queue.next, zr_job, link);
}

/* To be read by a request of its own. Who reads the data needs no other look at the stat. */
static bool
is_single(const zr_job *job)
{
    return (job->wanted & (ZR_STAT | ZR_DATA)) == ZR_STAT;
}

static void
begin_job(zr_job *job)
{
    zb_list_remove(&job->link);
    job->asked = job->wanted;
    job->wanted = 0;
}

static size_t
reads_of(unsigned what)
{
    return (what & ZR_DATA ? 1U : 0U) + (what & ZR_LIST ? 1U : 0U);
}

/* Takes jobs out of the queue, and gives what is to be read. Returns how many reads. */
static size_t
fill(zobo_tree_cache *c, batch *b, zobo_read *reads)
{
    size_t n = 0, request = 0, answer = 0;
    zr_job *job;
    while ((job = next_job(c)) != NULL && !is_single(job)) {
        size_t weight = weight_of(c, job), more = reads_of(job->wanted);
        size_t bytes = more * (job->map.key_len + 32U);
        if (n && (n + more > c->batch || request + bytes > REQUEST_BYTES || answer + weight > ANSWER_BYTES))
            break;
        request += bytes;
        answer += weight;
        begin_job(job);
        if (job->asked & ZR_DATA)
            reads[n++] = (zobo_read){ZOBO_READ_DATA, job->path};
        if (job->asked & ZR_LIST)
            reads[n++] = (zobo_read){ZOBO_READ_CHILDREN, job->path};
        b->jobs[b->n++] = job;
    }
    return n;
}

/* The job has come back: it goes, or is queued again. */
static void
end_job(zobo_tree_cache *c, zr_job *job)
{
    job->asked = 0;
    if (job->wanted)
        zb_list_push_back(&c->queue, &job->link);
    else
        free_job(c, job);
}

/* What was asked is still to be read. */
static void
ask_again(zr_job *job)
{
    job->wanted |= job->asked;
}

/* An answer that says nothing about the node. */
static bool
is_no_answer(zobo_err err)
{
    return err && err != ZOBO_ENONODE && err != ZOBO_ENOAUTH;
}

static void
apply_job(zobo_tree_cache *c, zr_job *job, const zobo_result *res)
{
    const zobo_result *data = job->asked & ZR_DATA ? res++ : NULL, *list = job->asked & ZR_LIST ? res : NULL;
    if ((data && is_no_answer(data->err)) || (list && is_no_answer(list->err))) {
        ask_again(job);
        zr_cache_pause(c);
        return;
    }
    if (data) {
        atomic_fetch_add_explicit(&c->reads, 1, memory_order_relaxed);
        zr_apply_data(c, job, data);
    }
    if (list) {
        atomic_fetch_add_explicit(&c->lists, 1, memory_order_relaxed);
        zr_apply_list(c, job, list);
    }
}

/* How large data are, as far as one can tell. */
static void
learn(zobo_tree_cache *c, const zobo_reply *reply)
{
    size_t n = 0, bytes = 0;
    for (size_t i = 0; i < reply->n_results; i++) {
        if (reply->results[i].has_stat && !reply->results[i].children) {
            bytes += reply->results[i].data_len;
            n++;
        }
    }
    if (n)
        c->data_bytes = (3 * c->data_bytes + bytes / n) / 4;
    c->batch += c->batch / 4 + 1;
    if (c->batch > MAX_BATCH)
        c->batch = MAX_BATCH;
}

/* Nothing was missed while there was no connection if the server's last zxid is the one we had seen. */
static void
judge(zobo_tree_cache *c, int64_t zxid)
{
    if (c->probe_zxid) {
        if (zxid != c->probe_zxid)
            zr_jobs_want(c, c->place->path, strlen(c->place->path), ZR_DATA | ZR_DEEP, 0);
        c->probe_zxid = 0;
    }
    c->known_zxid = zxid;
}

static void
answered(zobo_tree_cache *c, batch *b, const zobo_reply *reply)
{
    size_t at = 0;
    judge(c, reply->zxid);
    learn(c, reply);
    for (size_t i = 0; i < b->n; i++) {
        zr_job *job = b->jobs[i];
        size_t n = reads_of(job->asked);
        if (at + n > reply->n_results)
            ask_again(job);
        else
            apply_job(c, job, &reply->results[at]);
        at += n;
    }
}

static void
unanswered(zobo_tree_cache *c, batch *b, zobo_err err)
{
    for (size_t i = 0; i < b->n; i++)
        ask_again(b->jobs[i]);
    c->batch = c->batch > 1 ? c->batch / 2 : 1;
    if (err == ZOBO_EUNIMPLEMENTED)
        zr_cache_fail(c, err);
    else
        zr_cache_pause(c);
}

static void
came_back(void *arg, zobo_err err, const zobo_reply *reply)
{
    batch *b = arg;
    zobo_tree_cache *c = b->c;
    c->in_flight--;
    if (!c->r.gone && !err && reply)
        answered(c, b, reply);
    else if (!c->r.gone)
        unanswered(c, b, err ? err : ZOBO_EREPLYLOST);
    for (size_t i = 0; i < b->n; i++)
        end_job(c, b->jobs[i]);
    zb_free(b);
    zr_cache_go_on(c);
    zr_unref(&c->r);
}

/* A multi-read of what is first in the queue. False: it could not be sent. */
static bool
send_batch(zobo_tree_cache *c)
{
    zobo_read reads[MAX_BATCH + 2];
    batch *b = zb_calloc(1, sizeof *b + (MAX_BATCH + 2) * sizeof *b->jobs);
    if (!b) {
        zr_cache_pause(c);
        return false;
    }
    b->c = c;
    size_t n = fill(c, b, reads);
    zobo_how how = {.done = came_back, .arg = b, .flags = ZOBO_INLINE};
    c->in_flight++;
    zr_ref(&c->r);
    atomic_fetch_add_explicit(&c->requests, 1, memory_order_relaxed);
    zobo_err err = zobo_multi_read_async(c->r.client, reads, n, &how, NULL);
    if (err)
        came_back(b, err, NULL);
    return !err;
}

/* ---- one node in one request ---- */

typedef struct single {
    zobo_tree_cache *c;
    zr_job *job;
} single;

static void
single_came_back(void *arg, zobo_err err, const zobo_reply *reply)
{
    single *s = arg;
    zobo_tree_cache *c = s->c;
    zr_job *job = s->job;
    zobo_result res = {.err = err};
    zb_free(s);
    c->singles--;
    if (!c->r.gone && is_no_answer(err)) {
        ask_again(job);
        zr_cache_pause(c);
    } else if (!c->r.gone) {
        atomic_fetch_add_explicit(&c->lists, 1, memory_order_relaxed);
        if (reply) {
            judge(c, reply->zxid);
            res.has_stat = reply->has_stat;
            res.stat = reply->stat;
            res.children = reply->children;
            res.n_children = reply->n_children;
        }
        zr_apply_stat(c, job, &res);
    }
    end_job(c, job);
    zr_cache_go_on(c);
    zr_unref(&c->r);
}

static bool
send_single(zobo_tree_cache *c)
{
    single *s = zb_malloc(sizeof *s);
    zr_job *job = s ? next_job(c) : NULL;
    if (!job) {
        if (!s)
            zr_cache_pause(c);
        zb_free(s);
        return false;
    }
    *s = (single){c, job};
    begin_job(s->job);
    zobo_how how = {.done = single_came_back, .arg = s, .flags = ZOBO_INLINE};
    c->singles++;
    zr_ref(&c->r);
    atomic_fetch_add_explicit(&c->requests, 1, memory_order_relaxed);
    zobo_err err = zobo_get_children_async(c->r.client, s->job->path, NULL, &how, NULL);
    if (err)
        single_came_back(s, err, NULL);
    return !err;
}

void
zr_jobs_send(zobo_tree_cache *c)
{
    const zr_job *job;
    bool sent = true;
    while (sent && (job = next_job(c)) != NULL && !zr_nap_rests(&c->nap)) {
        if (is_single(job))
            sent = c->singles < SINGLES && send_single(c);
        else
            sent = c->in_flight < WINDOW && send_batch(c);
    }
}
