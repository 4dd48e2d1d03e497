/* SPDX-License-Identifier: Apache-2.0 */
/* Work that may block for longer than anybody should wait: looking names up, asking servers whether they write,
 * four-letter words. Each job runs on a thread of its own, which may outlive the client (a resolver can take minutes):
 * it answers through a box that the client closes when it goes. Order of locks: box, then client. */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/client.h"
#include "core/reply.h"
#include "io/names.h"

enum { WORD_MAX = 64 * 1024 * 1024, PROBE_MS = 1000, LOOKUPS_OF_A_NAME = 4 };

struct zb_helper_box {
    pthread_mutex_t lock;
    atomic_int refs;
    zobo_client *client; /* NULL once closed */
    zb_link words;       /* jobs that owe a call its end */
};

typedef enum job_kind { JOB_RESOLVE, JOB_PROBE, JOB_WORD } job_kind;

typedef struct job {
    zb_link link; /* a word: box->words. Else client->jobs, later client->mail */
    zb_helper_box *box;
    job_kind kind;
    /* resolve, probe */
    size_t host;
    uint64_t serial; /* of the question: an answer to one that was called off is not heard */
    char *name;
    uint16_t port;
    bool is_unix;
    zb_addr addrs[ZB_MAX_ADDRS];
    size_t n_addrs;
    bool writes;
    zobo_err err;
    int sys;
    /* word */
    zobo_call *call; /* NULL: the client has gone, the call has been ended */
    char words[2][5];
    bool version;
    zb_time deadline;
    zobo_reply *reply;
} job;

zobo_err
zb_helper_box_new(zobo_client *c, zb_helper_box **out)
{
    zb_helper_box *b = zb_calloc(1, sizeof *b);
    *out = NULL;
    if (!b)
        return ZOBO_ENOMEM;
    if (pthread_mutex_init(&b->lock, NULL)) {
        zb_free(b);
        return ZOBO_ESYS;
    }
    *out = b;
    atomic_init(&b->refs, 1);
    b->client = c;
    zb_list_init(&b->words);
    return ZOBO_OK;
}

static void
box_unref(zb_helper_box *b)
{
    if (atomic_fetch_sub(&b->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&b->lock);
    zb_free(b);
}

static void
job_free(job *j)
{
    zb_helper_box *b = j->box;
    zb_free(j->name);
    zobo_reply_free(j->reply);
    zb_free(j);
    box_unref(b);
}

void
zb_helper_box_close(zb_helper_box *b)
{
    pthread_mutex_lock(&b->lock);
    zb_link *l;
    while ((l = zb_list_pop_front(&b->words)) != NULL) {
        job *j = ZB_CONTAINER_OF(l, job, link);
        zb_compound_end(j->call, ZOBO_ECONNECTIONLOSS, NULL);
        j->call = NULL;
    }
    b->client = NULL;
    pthread_mutex_unlock(&b->lock);
}

void
zb_helper_box_free(zb_helper_box *b)
{
    if (b)
        box_unref(b);
}

/* ---- the work ---- */

static void
resolve(job *j)
{
    j->n_addrs = zb_name_lookup(j->name, j->port, j->addrs, &j->err, &j->sys);
}

static void
probe(job *j)
{
    zobo_err err;
    int sys;
    char *answer = NULL;
    size_t len = 0;
    j->n_addrs = 1;
    if (!zb_name_literal(j->name, j->port, j->is_unix, &j->addrs[0], &err, &sys))
        j->n_addrs = err ? 0 : zb_name_lookup(j->name, j->port, j->addrs, &err, &sys);
    for (size_t i = 0; i < j->n_addrs && !j->writes; i++) {
        if (zb_ask_word(&j->addrs[i], "isro", 64, zb_now() + ZB_MS(PROBE_MS), &answer, &len, &sys) == ZOBO_OK)
            j->writes = len >= 2 && memcmp(answer, "rw", 2) == 0;
        zb_free(answer);
        answer = NULL;
    }
}

/* parse_version reads "3.8.0", whatever follows. */
static bool
parse_version(const char *at, int v[3])
{
    for (int i = 0; i < 3; i++) {
        char *end;
        long n = strtol(at, &end, 10);
        if (end == at || n < 0 || n > INT_MAX || (i < 2 && *end != '.'))
            return false;
        v[i] = (int)n;
        at = end + 1;
    }
    return true;
}

/* "...version: 3.8.0-..." (srvr) or "zookeeper.version=3.8.0-..." (envi). */
static bool
find_version(const char *text, int v[3])
{
    const char *at = strstr(text, "ookeeper version: ");
    if (at)
        at += strlen("ookeeper version: ");
    else if ((at = strstr(text, "zookeeper.version=")) != NULL)
        at += strlen("zookeeper.version=");
    return at && parse_version(at, v);
}

static void
version_reply(job *j, const char *answer)
{
    int v[3];
    char text[40];
    if (!find_version(answer, v)) {
        j->err = ZOBO_EBADREPLY;
        return;
    }
    int n = snprintf(text, sizeof text, "%d.%d.%d", v[0], v[1], v[2]);
    j->reply = zb_reply_text(text, (size_t)n);
    j->err = j->reply ? ZOBO_OK : ZOBO_EREPLYLOST;
}

static void
ask_words(job *j)
{
    for (int i = 0; i < 2 && j->words[i][0]; i++) {
        char *answer = NULL;
        size_t len = 0;
        j->err = zb_ask_word(&j->addrs[0], j->words[i], WORD_MAX, j->deadline, &answer, &len, &j->sys);
        if (j->err)
            return;
        if (j->version) {
            version_reply(j, answer);
        } else {
            j->reply = zb_reply_text(answer, len);
            j->err = j->reply ? ZOBO_OK : ZOBO_EREPLYLOST;
        }
        zb_free(answer);
        if (!j->err)
            return;
    }
}

/* ---- answering ---- */

static void
answer(job *j)
{
    zb_helper_box *b = j->box;
    pthread_mutex_lock(&b->lock);
    zobo_client *c = b->client;
    if (j->kind == JOB_WORD) {
        zobo_reply *reply = j->reply;
        zobo_call *call = j->call;
        zb_list_remove(&j->link);
        j->reply = NULL;
        if (call)
            zb_compound_end(call, j->err, reply);
        else
            zobo_reply_free(reply);
    } else if (c) {
        zb_lock(c);
        zb_list_remove(&j->link);
        zb_list_push_back(&c->mail, &j->link);
        zb_kick(c);
        zb_unlock(c);
        j = NULL; /* the driver's now */
    }
    pthread_mutex_unlock(&b->lock);
    if (j)
        job_free(j);
}

static void *
work(void *arg)
{
    job *j = arg;
    switch (j->kind) {
    case JOB_RESOLVE:
        resolve(j);
        break;
    case JOB_PROBE:
        probe(j);
        break;
    case JOB_WORD:
        ask_words(j);
        break;
    }
    answer(j);
    return NULL;
}

int
zb_thread_start(pthread_t *out, bool detached, void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    sigset_t all, old;
    pthread_t t;
    int rc = pthread_attr_init(&attr);
    if (rc)
        return rc;
    if (detached)
        rc = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (!rc) {
        /* The program's signals are for the program's threads. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        rc = pthread_create(out ? out : &t, &attr, fn, arg);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    pthread_attr_destroy(&attr);
    return rc;
}

/* ---- the driver's side ---- */

static job *
job_new(zobo_client *c, job_kind kind)
{
    job *j = zb_calloc(1, sizeof *j);
    if (!j)
        return NULL;
    zb_list_init(&j->link);
    j->kind = kind;
    j->box = c->box;
    atomic_fetch_add(&c->box->refs, 1);
    return j;
}

static bool
host_job(zobo_client *c, job_kind kind, size_t host)
{
    const zb_host *h = &zb_session_hosts(c->session)->items[host];
    job *j = job_new(c, kind);
    if (!j)
        return false;
    j->host = host;
    j->serial = c->resolve_serial;
    j->port = h->port;
    j->is_unix = h->is_unix;
    j->name = zb_strndup(h->name, strlen(h->name));
    zb_list_push_back(&c->jobs, &j->link);
    if (j->name && zb_thread_start(NULL, true, work, j) == 0)
        return true;
    zb_list_remove(&j->link);
    job_free(j);
    return false;
}

/* A resolver that hangs is not asked for the same name over and over, a thread for each time: when several look-ups of
 * a name are under way, the answer to the latest is as good as one to another. */
static bool
join_lookup(zobo_client *c, size_t host)
{
    const zb_host *h = &zb_session_hosts(c->session)->items[host];
    job *latest = NULL;
    unsigned n = 0;
    for (zb_link *l = c->jobs.next; l != &c->jobs; l = l->next) {
        job *j = ZB_CONTAINER_OF(l, job, link);
        if (j->kind == JOB_RESOLVE && j->port == h->port && strcmp(j->name, h->name) == 0) {
            latest = j;
            n++;
        }
    }
    if (n < LOOKUPS_OF_A_NAME)
        return false;
    latest->host = host;
    latest->serial = c->resolve_serial;
    return true;
}

void
zb_helper_resolve(zobo_client *c, size_t host, zb_time now)
{
    if (!join_lookup(c, host) && !host_job(c, JOB_RESOLVE, host))
        zb_session_resolved(c->session, host, NULL, 0, ZOBO_ENOMEM, 0, now);
}

/* True: a probe that may be waiting for the resolver. A number is asked at once, so there are never many. */
static bool
needs_lookup(const char *name, uint16_t port, bool is_unix)
{
    zb_addr addr;
    zobo_err err;
    int sys;
    return !zb_name_literal(name, port, is_unix, &addr, &err, &sys) && !err;
}

static bool
probe_looks_up(zobo_client *c)
{
    for (zb_link *l = c->jobs.next; l != &c->jobs; l = l->next) {
        const job *j = ZB_CONTAINER_OF(l, job, link);
        if (j->kind == JOB_PROBE && needs_lookup(j->name, j->port, j->is_unix))
            return true;
    }
    return false;
}

void
zb_helper_probe(zobo_client *c, size_t host, zb_time now)
{
    const zb_host *h = &zb_session_hosts(c->session)->items[host];
    /* As long as the resolver keeps one of them, the next name is not asked for: a "no", and another try later. */
    bool wait = needs_lookup(h->name, h->port, h->is_unix) && probe_looks_up(c);
    if (wait || !host_job(c, JOB_PROBE, host))
        zb_session_probed(c->session, host, false, now);
}

void
zb_helper_read_mail(zobo_client *c, zb_time now)
{
    zb_link *l;
    while ((l = zb_list_pop_front(&c->mail)) != NULL) {
        job *j = ZB_CONTAINER_OF(l, job, link);
        if (j->kind == JOB_RESOLVE && j->serial == c->resolve_serial)
            zb_session_resolved(c->session, j->host, j->addrs, j->n_addrs, j->err, j->sys, now);
        else if (j->kind == JOB_PROBE)
            zb_session_probed(c->session, j->host, j->writes, now);
        job_free(j);
    }
}

void
zb_helper_drop_mail(zobo_client *c)
{
    zb_link *l;
    while ((l = zb_list_pop_front(&c->mail)) != NULL)
        job_free(ZB_CONTAINER_OF(l, job, link));
}

/* ---- four-letter words ---- */

static zobo_err
ask_async(zobo_client *c, const char *first, const char *second, bool version, const zobo_how *how, zobo_call **out)
{
    zobo_call *call;
    if (out)
        *out = NULL;
    zobo_err err = zb_compound_new(c, how, out != NULL, &call);
    if (err)
        return err;
    job *j = job_new(c, JOB_WORD);
    if (!j) {
        zb_compound_discard(call);
        return ZOBO_ENOMEM;
    }
    memcpy(j->words[0], first, 4);
    memcpy(j->words[1], second, strlen(second));
    j->version = version;
    zb_lock(c);
    bool there = c->has_peer && zobo_connected(c);
    uint32_t ms = how && how->timeout_ms  ? how->timeout_ms
                  : c->request_timeout_ms ? c->request_timeout_ms
                                          : c->timeout_ms;
    j->addrs[0] = c->peer;
    err = !c->running ? ZOBO_ENOTSTARTED : there ? ZOBO_OK : ZOBO_ENOCONNECTION;
    zb_unlock(c);
    j->deadline = zb_now() + ZB_MS(ms);
    call->sent = true; /* as good as: the word leaves at once, from another thread */
    j->call = call;
    if (!err) {
        zb_helper_box *b = c->box;
        pthread_mutex_lock(&b->lock);
        if (out)
            *out = call;
        if (!b->client) { /* closed since we looked */
            err = ZOBO_ENOTSTARTED;
        } else {
            zb_list_push_back(&b->words, &j->link);
            if (zb_thread_start(NULL, true, work, j) != 0) {
                zb_list_remove(&j->link);
                err = ZOBO_ESYS;
            }
        }
        pthread_mutex_unlock(&b->lock);
    }
    if (err) {
        if (out)
            *out = NULL;
        job_free(j);
        zb_compound_discard(call);
    }
    return err;
}

bool
zb_is_word(const char *w)
{
    for (int i = 0; i < 4; i++)
        if (!w[i] || !((w[i] >= 'a' && w[i] <= 'z') || (w[i] >= 'A' && w[i] <= 'Z')))
            return false;
    return w[4] == 0;
}

zobo_err
zobo_command_async(zobo_client *c, const char *word, const zobo_how *how, zobo_call **call)
{
    if (call)
        *call = NULL;
    if (!word || !zb_is_word(word))
        return ZOBO_EINVAL;
    return ask_async(c, word, "", false, how, call);
}

zobo_err
zobo_command(zobo_client *c, const char *word, zobo_reply **out)
{
    zobo_call *call = NULL;
    if (out)
        *out = NULL;
    zobo_err err = zb_may_begin(c);
    if (!err)
        err = zobo_command_async(c, word, NULL, &call);
    return zb_sync_of(err, call, out);
}

zobo_err
zobo_server_version_async(zobo_client *c, const zobo_how *how, zobo_call **call)
{
    return ask_async(c, "srvr", "envi", true, how, call);
}

zobo_err
zobo_server_version(zobo_client *c, int version[3])
{
    zobo_call *call = NULL;
    zobo_reply *reply = NULL;
    zobo_err err = zb_may_begin(c);
    if (!err)
        err = zobo_server_version_async(c, NULL, &call);
    err = zb_sync_of(err, call, &reply);
    if (!err && version && !parse_version(reply->data, version))
        err = ZOBO_EBADREPLY;
    zobo_reply_free(reply);
    return err;
}
