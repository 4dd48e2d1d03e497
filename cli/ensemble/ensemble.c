/* SPDX-License-Identifier: Apache-2.0 */
/* All servers at the same time: a thread for each, because a four-letter word blocks. A round of questions lies in
 * memory of its own, which whoever comes last frees: a caller who does not want to wait for a server that does not
 * answer leaves its thread behind. */
#include "ensemble.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "members.h"

static const struct {
    const char *word, *command, *what;
} topics[TOPIC_COUNT] = {[TOPIC_SERVER] = {"srvr", "server_stats", "its state"},
                         [TOPIC_MONITOR] = {"mntr", "monitor", "its counters"},
                         [TOPIC_CONNECTIONS] = {"cons", "connections", "its connections"},
                         [TOPIC_DUMP] = {"dump", "dump", "its sessions"},
                         [TOPIC_WATCHES] = {"wchc", "watches", "its watches"},
                         [TOPIC_MEMBERS] = {"conf", "voting_view", "its ensemble"},
                         [TOPIC_RAW] = {NULL, NULL, NULL}};

const char *
topic_word(enum topic topic)
{
    return topics[topic].word;
}

const char *
topic_command(enum topic topic)
{
    return topics[topic].command;
}

/* --- a round of questions ------------------------------------------------------------------------------------------ */

struct round {
    pthread_mutex_t lock;
    size_t refs;
    size_t pending; /* servers that have not answered yet */
    int done[2];    /* a pipe: readable when none is pending */
    unsigned topics;
    struct ensemble e; /* a copy, with servers of its own */
    struct asked *asked;
};

/* One thread's part. */
struct part {
    struct round *round;
    size_t i;
};

static void
round_unref(struct round *round)
{
    pthread_mutex_lock(&round->lock);
    size_t left = --round->refs;
    pthread_mutex_unlock(&round->lock);
    if (left > 0)
        return;
    pthread_mutex_destroy(&round->lock);
    close(round->done[0]);
    close(round->done[1]);
    asked_free(round->asked, round->e.n);
    free_servers(&round->e);
    free(round);
}

/* join_problems makes one text of why neither way was open. The server that cannot be reached by either is only down. */
static void
join_problems(enum topic topic, const struct answer *word, const struct answer *admin, struct answer *out)
{
    bool down = word->code == NO_SERVER; /* its clients cannot reach it either: AdminServer is not the point */
    out->err = down ? word->err : ZOBO_OK;
    out->not_serving = word->not_serving || admin->not_serving;
    out->code = down || word->code == BAD_USAGE ? word->code : word->code == NOT_ALLOWED ? NOT_ALLOWED : admin->code;
    if (down || word->code == BAD_USAGE)
        snprintf(out->problem, sizeof out->problem, "%s", word->problem);
    else
        snprintf(out->problem, sizeof out->problem, "it does not tell %s: %.300s; %.300s%s", topics[topic].what,
                 word->problem, admin->problem,
                 admin->code == NO_SERVER ? " (see admin.enableServer, admin.serverPort, and --admin here)" : "");
}

/* need_http loads what AdminServer is asked with; most rounds get by without. */
static void
need_http(struct round *round)
{
    pthread_mutex_lock(&round->lock);
    if (!round->e.http.opened)
        http_open(&round->e.http);
    pthread_mutex_unlock(&round->lock);
}

static void
ask_topic(struct round *round, const struct server *server, enum topic topic, struct answer *out)
{
    const struct ensemble *e = &round->e;
    struct answer word = {0}, admin = {0};
    out->asked = true;
    if (topic == TOPIC_RAW) {
        if (e->word != NULL) {
            ask_word(e, server, e->word, out);
        } else {
            need_http(round);
            ask_admin(e, server, e->command, out);
        }
        return;
    }
    bool answered = false;
    for (int turn = 0; turn < 2 && !answered; turn++) {
        bool by_admin = e->admin_first == (turn == 0);
        struct answer *way = by_admin ? &admin : &word;
        if (by_admin)
            need_http(round);
        answered =
            by_admin ? ask_admin(e, server, topics[topic].command, way) : ask_word(e, server, topics[topic].word, way);
        if (answered) {
            out->via = way->via;
            out->bytes = way->bytes;
            out->len = way->len;
        }
    }
    if (!answered)
        join_problems(topic, &word, &admin, out);
}

static void *
ask_one(void *arg)
{
    struct part part = *(struct part *)arg;
    free(arg);
    struct round *round = part.round;
    struct asked *asked = &round->asked[part.i];
    for (size_t topic = 0; topic < TOPIC_COUNT; topic++)
        if (round->topics & TOPICS(topic))
            ask_topic(round, asked->server, (enum topic)topic, &asked->answers[topic]);
    pthread_mutex_lock(&round->lock);
    bool last = --round->pending == 0;
    pthread_mutex_unlock(&round->lock);
    if (last && write(round->done[1], "", 1) < 0) {
        /* a pipe of our own takes one byte */
    }
    round_unref(round);
    return NULL;
}

static struct round *
round_new(const struct ensemble *e, unsigned wanted)
{
    struct round *round = need_memory(1, sizeof *round);
    if (pipe(round->done) != 0 || pthread_mutex_init(&round->lock, NULL) != 0) {
        free(round);
        return NULL;
    }
    round->topics = wanted;
    round->refs = 1;
    round->e = *e;
    round->e.servers = NULL;
    round->e.n = 0;
    for (size_t i = 0; i < e->n; i++) {
        add_server(&round->e, need_copy(e->servers[i].name), e->servers[i].id);
        if (e->servers[i].admin != NULL)
            round->e.servers[i].admin = need_copy(e->servers[i].admin);
    }
    round->asked = need_memory(e->n, sizeof *round->asked);
    return round;
}

static void
start_threads(struct round *round, pthread_t *threads, size_t *n_threads)
{
    size_t n = round->e.n;
    round->pending = n;
    sigset_t all, before; /* signals are for the thread that waits */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < n; i++) {
        round->asked[i].server = &round->e.servers[i];
        struct part *part = need_memory(1, sizeof *part);
        *part = (struct part){.round = round, .i = i};
        pthread_mutex_lock(&round->lock);
        round->refs++;
        pthread_mutex_unlock(&round->lock);
        pthread_t thread;
        if (pthread_create(&thread, NULL, ask_one, part) == 0)
            threads[(*n_threads)++] = thread;
        else
            ask_one(part); /* then one after the other */
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool
wait_for_all(void *arg, int fd)
{
    (void)arg;
    struct pollfd done = {.fd = fd, .events = POLLIN};
    while (poll(&done, 1, -1) < 0)
        if (errno != EINTR || interrupted())
            return false;
    return true;
}

struct asked *
ensemble_ask(struct ensemble *e, unsigned wanted, ensemble_wait *wait, void *arg)
{
    struct round *round = round_new(e, wanted);
    if (round == NULL)
        return NULL;
    pthread_t *threads = need_memory(e->n, sizeof *threads);
    size_t n_threads = 0;
    start_threads(round, threads, &n_threads);
    struct asked *asked = NULL;
    bool all = (wait != NULL ? wait : wait_for_all)(arg, round->done[0]);
    for (size_t i = 0; i < n_threads; i++)
        if (all)
            pthread_join(threads[i], NULL); /* it is about to end */
        else
            pthread_detach(threads[i]);
    free(threads);
    if (all) {
        asked = round->asked;
        round->asked = NULL;
        e->http = round->e.http; /* loaded once is enough */
        for (size_t i = 0; i < e->n; i++)
            asked[i].server = &e->servers[i];
    }
    round_unref(round);
    return asked;
}

void
asked_free(struct asked *asked, size_t n)
{
    for (size_t i = 0; asked != NULL && i < n; i++)
        for (size_t topic = 0; topic < TOPIC_COUNT; topic++)
            free(asked[i].answers[topic].bytes);
    free(asked);
}

int
ensemble_tell(const struct ensemble *e, const struct asked *asked, enum topic topic)
{
    const struct answer *answer = &asked->answers[topic];
    if (e->silent)
        return answer->code;
    if (answer->err == ZOBO_OK)
        return refuse(e->ctx, answer->code, "%s: %s", asked->server->name, answer->problem);
    bool nobody = zobo_err_class(answer->err) == ZOBO_CLASS_RETRY;
    const char *hint = answer->err == ZOBO_ECONNECTIONLOSS ? "perhaps it knows no such word"
                       : answer->err == ZOBO_EINVAL        ? "words are ruok, srvr, mntr, ..."
                       : e->usual_place                    ? "name the servers with --hosts or ZOBO_HOSTS"
                       : nobody && !e->ctx->wait           ? "--wait makes it try until --connect-timeout"
                                                           : NULL;
    zobo_problem why = {0};
    snprintf(why.text, sizeof why.text, "%s", answer->problem);
    bool bad_word = answer->err == ZOBO_EINVAL && e->word != NULL;
    return fail_why(e->ctx, answer->err, bad_word ? e->word : asked->server->name, &why, hint);
}

int
ensemble_odd(const struct ensemble *e, const struct asked *asked, enum topic topic)
{
    bool word = asked->answers[topic].via == VIA_WORD;
    if (e->silent)
        return FAILED;
    return refuse(e->ctx, FAILED, "%s: its answer to %s is not what a ZooKeeper says", asked->server->name,
                  word ? topics[topic].word : topics[topic].command);
}

/* --- which servers ------------------------------------------------------------------------------------------------- */

/* Those that stand in the configuration of the ensemble; the first server that knows it is believed. */
static int
use_members(struct ensemble *e)
{
    struct asked *asked = ensemble_ask(e, TOPICS(TOPIC_MEMBERS), NULL, NULL);
    if (asked == NULL)
        return fail_errno(e->ctx, "pipe", errno);
    struct members members = {0};
    int code = DONE;
    size_t n = e->n;
    for (size_t i = 0; i < n && members.n == 0; i++)
        if (asked[i].answers[TOPIC_MEMBERS].via != VIA_NOTHING)
            parse_members(&asked[i].answers[TOPIC_MEMBERS], &members);
    size_t known = 0;
    for (size_t i = 0; i < members.n; i++)
        known += members.items[i].client != NULL;
    if (members.n > 0 && known < members.n) {
        code = refuse(e->ctx, FAILED,
                      "the ensemble's configuration has %zu servers, of which %zu have no client port in it "
                      "(server.N=...;port): name them with --hosts",
                      members.n, members.n - known);
    } else if (members.n > 0) {
        free_servers(e);
        for (size_t i = 0; i < members.n; i++)
            add_server(e, need_copy(members.items[i].client), members.items[i].id);
    } else {
        bool any = false; /* that answered: alone, and its own ensemble */
        for (size_t i = 0; i < n; i++)
            any = any || asked[i].answers[TOPIC_MEMBERS].via != VIA_NOTHING;
        for (size_t i = 0; i < n && !any; i++)
            code = worse(code, i, ensemble_tell(e, &asked[i], TOPIC_MEMBERS));
    }
    asked_free(asked, n);
    members_free(&members);
    return code;
}

int
ensemble_begin(struct ensemble *e, struct ctx *ctx, const struct args *in, char *const *hosts, size_t n)
{
    *e = (struct ensemble){.ctx = ctx, .ms = ctx->connect_ms};
    if (n == 0) {
        int code = need_client(ctx); /* for what is wrong with the host string, or for --local: nothing connects */
        if (code != DONE)
            return code;
    }
    e->usual_place = n == 0 && ctx->hosts == NULL;
    for (size_t i = 0; i < (n == 0 ? 1 : n); i++) {
        const char *left = n > 0 ? hosts[i] : ctx->hosts != NULL ? ctx->hosts : "127.0.0.1:2181";
        for (char *name; (name = next_server(&left)) != NULL;)
            add_server(e, name, -1);
    }
    const char *env = getenv("ZOBO_ADMIN");
    const char *admin = in == NULL ? NULL : in->opt[E_ADMIN].given ? in->opt[E_ADMIN].text : env;
    if (admin != NULL && admin[0] == '\0')
        admin = NULL;
    e->admin_first = admin != NULL;
    bool all = in != NULL && in->opt[E_ALL].given;
    bool one_port = admin == NULL || admin[strspn(admin, "0123456789")] == '\0';
    int code = all && !one_port ? DONE : set_admins(e, admin);
    if (code == DONE && all)
        code = use_members(e);
    if (code == DONE && all) { /* now that there are others */
        for (size_t i = 0; i < e->n; i++) {
            free(e->servers[i].admin);
            e->servers[i].admin = NULL;
        }
        code = set_admins(e, admin);
    }
    return code;
}

void
ensemble_end(struct ensemble *e)
{
    free_servers(e);
}
