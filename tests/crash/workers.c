/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash.h"

enum { SESSION_MS = 30000 };

static void
path_of(char path[64], char kind, const worker *me, const char *rest)
{
    (void)snprintf(path, 64, "/%c/%d%s", kind, me->number, rest);
}

static void
do_set(worker *me)
{
    char path[64], text[32];
    path_of(path, 'w', me, "");
    int n = snprintf(text, sizeof text, "%ld", ++me->set_asked);
    if (zobo_set(me->client, path, text, (size_t)n, -1, NULL) == ZOBO_OK)
        me->set_told = me->set_asked;
}

typedef struct flooded {
    worker *me;
    long n;
} flooded;

static void
one_flooded(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)reply;
    flooded *f = arg;
    if (err == ZOBO_OK && f->n > f->me->flood_told)
        f->me->flood_told = f->n; /* one thread completes a client's calls at a time */
    free(f);
}

/* Many sets in one batch, so that a crash meets commits of many requests. */
static void
do_flood(worker *me)
{
    enum { AT_ONCE = 100 };
    char path[64], text[32];
    zobo_call *last = NULL;
    path_of(path, 'f', me, "");
    for (int i = 0; i < AT_ONCE; i++) {
        flooded *f = malloc(sizeof *f);
        if (!f)
            break;
        *f = (flooded){me, ++me->flood_asked};
        zobo_how how = {.done = one_flooded, .arg = f, .flags = ZOBO_INLINE};
        int n = snprintf(text, sizeof text, "%ld", f->n);
        if (zobo_set_async(me->client, path, text, (size_t)n, -1, &how, i + 1 == AT_ONCE ? &last : NULL) != ZOBO_OK)
            free(f);
    }
    if (last && zobo_call_wait(last, 0) != ZOBO_OK)
        abort();
    zobo_call_free(last);
}

static void
do_multi(worker *me)
{
    char a[64], b[64], text[32];
    path_of(a, 'm', me, "-a");
    path_of(b, 'm', me, "-b");
    zobo_transaction *tx;
    if (zobo_transaction_new(me->client, &tx) != ZOBO_OK)
        return;
    int n = snprintf(text, sizeof text, "%ld", me->multi_asked + 1);
    if (zobo_transaction_set(tx, a, text, (size_t)n, -1) == ZOBO_OK &&
        zobo_transaction_set(tx, b, text, (size_t)n, -1) == ZOBO_OK) {
        me->multi_asked++;
        if (zobo_transaction_commit(tx, NULL) == ZOBO_OK)
            me->multi_told = me->multi_asked;
    }
    zobo_transaction_free(tx);
}

static void
do_create(worker *me)
{
    char path[64], rest[32];
    if (me->created + 1 >= N_CREATED)
        return;
    (void)snprintf(rest, sizeof rest, "-%ld", ++me->created);
    path_of(path, 'c', me, rest);
    if (zobo_create(me->client, path, rest, strlen(rest), NULL, NULL) != ZOBO_OK)
        return;
    me->told[me->created] = 1;
    if (me->created % 2 == 0)
        return;
    me->told[me->created] = 0;
    if (zobo_delete(me->client, path, -1) == ZOBO_OK)
        me->told[me->created] = 2;
}

static void
do_ephemeral(worker *me)
{
    char path[64];
    path_of(path, 'e', me, "");
    zobo_err err;
    bool make = me->ephemeral != 1;
    if (make)
        err = zobo_create(me->client, path, "", 0, &(zobo_create_options){.ephemeral = true}, NULL);
    else
        err = zobo_delete(me->client, path, -1);
    if (err == ZOBO_OK || err == ZOBO_ENODEEXISTS || err == ZOBO_ENONODE)
        me->ephemeral = make && err != ZOBO_ENONODE;
    else
        me->ephemeral = -1;
}

static bool
may_go_on(workers *w, worker *me)
{
    pthread_mutex_lock(&w->lock);
    while (w->pause && !w->end) {
        if (!me->paused) {
            me->paused = true;
            w->n_paused++;
            pthread_cond_broadcast(&w->changed);
        }
        pthread_cond_wait(&w->changed, &w->lock);
    }
    if (me->paused) {
        me->paused = false;
        w->n_paused--;
    }
    bool end = w->end;
    pthread_mutex_unlock(&w->lock);
    return !end;
}

typedef struct start {
    workers *all;
    worker *me;
} start;

static void *
work(void *arg)
{
    start s = *(start *)arg;
    free(arg);
    for (unsigned turn = 0; may_go_on(s.all, s.me); turn++) {
        do_set(s.me);
        do_flood(s.me);
        do_multi(s.me);
        do_create(s.me);
        if (turn % 4 == 0)
            do_ephemeral(s.me);
    }
    return NULL;
}

static void
make_nodes(worker *me)
{
    static const char *const parents[] = {"/w", "/f", "/m", "/c", "/e"};
    char path[64];
    for (size_t i = 0; i < sizeof parents / sizeof *parents; i++)
        assert_ok(zobo_ensure_path(me->client, parents[i], NULL));
    path_of(path, 'w', me, "");
    zt_put(me->client, path, "0");
    path_of(path, 'f', me, "");
    zt_put(me->client, path, "0");
    path_of(path, 'm', me, "-a");
    zt_put(me->client, path, "0");
    path_of(path, 'm', me, "-b");
    zt_put(me->client, path, "0");
}

void
workers_start(workers *w, const char *hosts)
{
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    for (int i = 0; i < N_WORKERS; i++) {
        worker *me = &w->all[i];
        me->number = i;
        me->client = zt_client(hosts, SESSION_MS);
        assert_ok(zobo_get_client_id(me->client, &me->id));
        make_nodes(me);
    }
    for (int i = 0; i < N_WORKERS; i++) {
        start *s = malloc(sizeof *s);
        assert_non_null(s);
        *s = (start){w, &w->all[i]};
        assert_int_equal(pthread_create(&w->all[i].thread, NULL, work, s), 0);
    }
}

void
workers_pause(workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->pause = true;
    while (w->n_paused < N_WORKERS)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

void
workers_go_on(workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->pause = false;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

void
workers_end(workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->end = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < N_WORKERS; i++) {
        pthread_join(w->all[i].thread, NULL);
        zobo_close(w->all[i].client);
    }
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
}

/* --- checks --- */

static long
number_at(zobo_client *reader, const char *path)
{
    zobo_reply *reply;
    assert_ok(zobo_get(reader, path, NULL, &reply));
    long n = strtol(reply->data, NULL, 10);
    zobo_reply_free(reply);
    return n;
}

static void
check_numbers(worker *me, zobo_client *reader)
{
    char path[64];
    path_of(path, 'w', me, "");
    long n = number_at(reader, path);
    if (n < me->set_told || n > me->set_asked)
        fail_msg("%s is %ld, but %ld was acknowledged and %ld asked for", path, n, me->set_told, me->set_asked);
    path_of(path, 'm', me, "-a");
    long a = number_at(reader, path);
    path_of(path, 'm', me, "-b");
    long b = number_at(reader, path);
    if (a != b || a < me->multi_told || a > me->multi_asked)
        fail_msg("a transaction left %ld and %ld, but %ld was acknowledged and %ld asked for", a, b, me->multi_told,
                 me->multi_asked);
    path_of(path, 'f', me, "");
    long flood = number_at(reader, path);
    if (flood < me->flood_told || flood > me->flood_asked)
        fail_msg("%s is %ld, but %ld was acknowledged and %ld asked for", path, flood, me->flood_told, me->flood_asked);
    me->flood_told = flood;
    me->set_told = n; /* what stands now was seen: it must never go back */
    me->multi_told = a;
}

/* What was seen once must stay: a node in doubt gets its verdict here. */
static void
check_created(worker *me, uint8_t *there)
{
    for (long i = 1; i <= me->created; i++) {
        if ((me->told[i] == 1 && !there[i]) || (me->told[i] == 2 && there[i]))
            fail_msg("/c/%d-%ld is %s after the crash, though it was %s", me->number, i, there[i] ? "there" : "gone",
                     me->told[i] == 1 ? "created" : "deleted");
        me->told[i] = there[i] ? 1 : 2;
    }
}

static void
check_all_created(workers *w, zobo_client *reader)
{
    static uint8_t there[N_WORKERS][N_CREATED];
    zobo_reply *reply;
    memset(there, 0, sizeof there);
    assert_ok(zobo_get_children(reader, "/c", NULL, &reply));
    for (size_t i = 0; i < reply->n_children; i++) {
        int number;
        long n;
        if (sscanf(reply->children[i], "%d-%ld", &number, &n) != 2 || number < 0 || number >= N_WORKERS || n < 1 ||
            n > w->all[number].created)
            fail_msg("/c/%s was never asked for", reply->children[i]);
        there[number][n] = 1;
    }
    assert_int_equal(reply->stat.num_children, reply->n_children);
    zobo_reply_free(reply);
    for (int i = 0; i < N_WORKERS; i++)
        check_created(&w->all[i], there[i]);
}

static void
check_session(worker *me, zobo_client *reader)
{
    char path[64];
    zobo_client_id id;
    zobo_stat stat;
    assert_ok(zobo_get_client_id(me->client, &id));
    assert_true(id.session_id == me->id.session_id); /* resumed, not replaced */
    path_of(path, 'e', me, "");
    zobo_err err = zobo_exists(reader, path, NULL, &stat);
    if (err == ZOBO_OK)
        assert_true(stat.ephemeral_owner == me->id.session_id);
    else
        assert_err(err, ZOBO_ENONODE);
    if (me->ephemeral >= 0 && me->ephemeral != (err == ZOBO_OK))
        fail_msg("%s is %s after the crash, and should not be", path, err == ZOBO_OK ? "there" : "gone");
    me->ephemeral = err == ZOBO_OK;
}

void
workers_check(workers *w, zobo_client *reader)
{
    for (int i = 0; i < N_WORKERS; i++) {
        check_numbers(&w->all[i], reader);
        check_session(&w->all[i], reader);
    }
    check_all_created(w, reader);
}
