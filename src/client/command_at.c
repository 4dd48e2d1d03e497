/* SPDX-License-Identifier: Apache-2.0 */
/* A four-letter word to a server without a session: no client, no driver, the caller's own thread.
 *
 * Only the resolver knows no deadline. It is asked on a thread that may outlive the call; who comes last frees what the
 * two share. */
#define _GNU_SOURCE
#include <errno.h>

#include "client/client.h"
#include "core/reply.h"
#include "io/names.h"

enum { ANSWER_MAX = 64 * 1024 * 1024 };

typedef struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    atomic_int refs;
    bool done;
    char *name;
    uint16_t port;
    zb_addr addrs[ZB_MAX_ADDRS];
    size_t n;
    zobo_err err;
    int sys;
} lookup;

static int
monotonic_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);
    if (rc)
        return rc;
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (!rc)
        rc = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return rc;
}

static lookup *
lookup_new(const zb_host *host)
{
    lookup *l = zb_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->name = zb_strndup(host->name, strlen(host->name));
    l->port = host->port;
    atomic_init(&l->refs, 2);
    if (l->name && monotonic_cond(&l->cond) == 0) {
        if (pthread_mutex_init(&l->lock, NULL) == 0)
            return l;
        pthread_cond_destroy(&l->cond);
    }
    zb_free(l->name);
    zb_free(l);
    return NULL;
}

static void
lookup_unref(lookup *l)
{
    if (atomic_fetch_sub(&l->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->cond);
    zb_free(l->name);
    zb_free(l);
}

static void *
look_up(void *arg)
{
    lookup *l = arg;
    l->n = zb_name_lookup(l->name, l->port, l->addrs, &l->err, &l->sys);
    pthread_mutex_lock(&l->lock);
    l->done = true;
    pthread_cond_signal(&l->cond);
    pthread_mutex_unlock(&l->lock);
    lookup_unref(l);
    return NULL;
}

/* The addresses of a name, by `deadline`. Returns how many; 0: *err and *sys tell why. */
static size_t
addresses(const zb_host *host, zb_time deadline, zb_addr out[ZB_MAX_ADDRS], zobo_err *err, int *sys)
{
    *sys = 0;
    if (zb_name_literal(host->name, host->port, host->is_unix, &out[0], err, sys))
        return 1;
    if (*err)
        return 0;
    lookup *l = lookup_new(host);
    *err = ZOBO_ENOMEM;
    if (!l)
        return 0;
    *err = ZOBO_ESYS;
    if ((*sys = zb_thread_start(NULL, true, look_up, l)) != 0) {
        atomic_store(&l->refs, 1);
        lookup_unref(l);
        return 0;
    }
    size_t n = 0;
    struct timespec ts = {.tv_sec = (time_t)(deadline / ZB_MS(1000)), .tv_nsec = (long)(deadline % ZB_MS(1000))};
    pthread_mutex_lock(&l->lock);
    while (!l->done && pthread_cond_timedwait(&l->cond, &l->lock, &ts) != ETIMEDOUT) {
    }
    *err = l->done ? l->err : ZOBO_ECONNECTTIMEOUT;
    *sys = l->done ? l->sys : 0;
    if (l->done && (n = l->n) > 0)
        memcpy(out, l->addrs, n * sizeof *out);
    pthread_mutex_unlock(&l->lock);
    lookup_unref(l);
    return n;
}

/* Asks one address after the other until the word has been sent to one. */
static zobo_err
ask(const zb_host *host, const char *word, uint32_t timeout_ms, zobo_reply **out, int *sys)
{
    zb_addr addrs[ZB_MAX_ADDRS];
    zobo_err err = ZOBO_OK;
    zb_time deadline = zb_now() + ZB_MS(timeout_ms ? timeout_ms : ZB_DEFAULT_TIMEOUT_MS);
    size_t n = addresses(host, deadline, addrs, &err, sys), len = 0;
    char *answer = NULL;
    for (size_t i = 0; i < n; i++) {
        zb_time now = zb_now(), left = deadline > now ? deadline - now : 0;
        err = zb_ask_word(&addrs[i], word, ANSWER_MAX, now + left / (n - i), &answer, &len, sys);
        if (zobo_err_class(err) != ZOBO_CLASS_RETRY)
            break;
    }
    if (err)
        return err;
    *out = zb_reply_text(answer, len);
    zb_free(answer);
    return *out ? ZOBO_OK : ZOBO_EREPLYLOST;
}

zobo_err
zobo_command_at(const char *host, const char *word, uint32_t timeout_ms, zobo_reply **out, zobo_problem *why)
{
    zb_hosts hosts;
    zobo_reply *reply = NULL;
    int sys = 0;
    if (out)
        *out = NULL;
    zb_problem_clear(why);
    if (!word || !zb_is_word(word))
        return zb_problem(why, ZOBO_EINVAL, 0, "not a word of four letters");
    zobo_err err = zb_hosts_parse(&hosts, host, why);
    if (err)
        return err;
    if (hosts.n == 1)
        err = ask(&hosts.items[0], word, timeout_ms, &reply, &sys);
    else
        err = zb_problem(why, ZOBO_EBADHOSTS, 0, "one server is asked at a time, and this names %zu", hosts.n);
    if (err && hosts.n == 1) {
        char name[ZB_HOST_TEXT], text[128];
        (void)zb_hosts_describe(&hosts.items[0], name, sizeof name);
        zb_problem(why, err, 0, "%s: %s", name,
                   err == ZOBO_ECONNECTIONLOSS && sys == 0 ? "the server closed the connection without an answer"
                                                           : zb_failure_text(err, sys, text, sizeof text));
    }
    zb_hosts_free(&hosts);
    if (out)
        *out = reply;
    else
        zobo_reply_free(reply);
    return err;
}
