/* SPDX-License-Identifier: Apache-2.0 */
/* check smoke: does what clients do, at each server: makes, reads, changes, watches, removes nodes of its own. */
#include <zobo/extend.h>
#include <zobo/transaction.h>

#include <stdlib.h>
#include <string.h>

#include "ensemble/ensemble.h"
#include "ensemble/verdict.h"
#include "frame/clock.h"
#include "frame/hold.h"

enum { O_ROOT = E_OWN, O_TIMEOUT };

static const struct opt opts[] = {
    ENSEMBLE_OPTS,
    [O_ROOT] = {0, "below", OPT_TEXT, "PATH", "make the nodes below PATH, which must be there (/)"},
    [O_TIMEOUT] = {'t', "timeout", OPT_DURATION, "TIME", "how long a watch may take to fire, or a node to go (5s)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* A session at one server. */
struct site {
    struct ctx ctx;
    const char *name;
    bool up;
    bool fired; /* its watch */
};

struct smoke {
    struct ctx *ctx;
    struct ensemble e;
    struct verdicts verdicts;
    struct site *sites; /* those that gave a session come first */
    size_t n;           /* so many */
    uint32_t wait_ms;
    char root[600];
    bool made; /* the root */
    /* the test under way */
    const char *test;
    char problem[2000]; /* "": none yet */
    double began_ms;
};

/* bad notes what went wrong first in a test; true when there was something. */
static bool
bad(struct smoke *s, const struct site *site, const char *what, zobo_err err)
{
    if (err != ZOBO_OK && s->problem[0] == '\0')
        snprintf(s->problem, sizeof s->problem, "%s: %s: %s", site->name, what, zobo_err_text(err));
    return err != ZOBO_OK;
}

static void
begin_test(struct smoke *s, const char *test)
{
    s->test = test;
    s->problem[0] = '\0';
    s->began_ms = now_fine_ms();
}

static bool
end_test(struct smoke *s, const char *what)
{
    bool good = s->problem[0] == '\0';
    if (good)
        tell_verdict(&s->verdicts, PASS, s->test, "%s, in %.1f ms", what, now_fine_ms() - s->began_ms);
    else
        tell_verdict(&s->verdicts, FAIL, s->test, "%s", s->problem);
    return good;
}

/* node_of names site i's node: of `kind` "node", "guest" or "pair". */
static const char *
node_of(const struct smoke *s, const char *kind, size_t i, char buf[700])
{
    snprintf(buf, 700, "%s/%s-%zu", s->root, kind, i);
    return buf;
}

/* --- the tests ----------------------------------------------------------------------------------------------------- */

/* connect opens a session at the server `name` alone, with the chroot of the others. */
static bool
connect_site(struct smoke *s, struct site *site, const char *name, zobo_problem *why)
{
    another_session(s->ctx, &site->ctx);
    const char *chroot = zobo_chroot(s->ctx->client);
    bool is_unix = strncmp(name, "unix:", 5) == 0;
    size_t size = strlen(name) + strlen(chroot) + 2;
    free(site->ctx.hosts);
    site->ctx.hosts = need_memory(size, 1);
    snprintf(site->ctx.hosts, size, "%s%s%s", name, is_unix && chroot[0] != '\0' ? ":" : "", chroot);
    site->name = name;
    site->ctx.keep_trying = false;
    int code = need_client(&site->ctx);
    zobo_err err = code == DONE ? zobo_start(site->ctx.client, s->ctx->connect_ms, why) : ZOBO_EBADHOSTS;
    site->up = site->ctx.started = err == ZOBO_OK;
    return site->up;
}

static void
test_sessions(struct smoke *s)
{
    begin_test(s, "session");
    for (size_t i = 0; i < s->e.n; i++) {
        zobo_problem why = {0};
        struct site *site = &s->sites[s->n];
        if (connect_site(s, site, s->e.servers[i].name, &why)) {
            s->n++;
            continue;
        }
        if (s->problem[0] == '\0')
            snprintf(s->problem, sizeof s->problem, "%s", why.text);
        end_session(&site->ctx);
    }
    char what[60];
    snprintf(what, sizeof what, "at %zu servers", s->n);
    end_test(s, what);
}

static bool
test_create(struct smoke *s)
{
    char node[700];
    begin_test(s, "create");
    zobo_create_options options = {.size = sizeof options, .container = true};
    struct site *first = &s->sites[0];
    zobo_err err = zobo_create(first->ctx.client, s->root, "", 0, &options, NULL);
    if (err == ZOBO_EUNIMPLEMENTED)
        err = zobo_create(first->ctx.client, s->root, "", 0, NULL, NULL); /* before 3.5.1 */
    s->made = !bad(s, first, s->root, err);
    for (size_t i = 0; s->made && i < s->n; i++) {
        struct site *site = &s->sites[i];
        err = zobo_create(site->ctx.client, node_of(s, "node", i, node), site->name, strlen(site->name), NULL, NULL);
        bad(s, site, node, err);
    }
    return end_test(s, "a node through each");
}

/* read_as compares a node with what it should hold. */
static void
read_as(struct smoke *s, struct site *reader, const char *node, const char *data)
{
    zobo_reply *reply = NULL;
    zobo_err err = zobo_get(reader->ctx.client, node, NULL, &reply);
    if (!bad(s, reader, node, err) &&
        (reply->data_len != strlen(data) || memcmp(reply->data, data, reply->data_len) != 0) && s->problem[0] == '\0')
        snprintf(s->problem, sizeof s->problem, "%s: %s: other data than was written", reader->name, node);
    zobo_reply_free(reply);
}

static void
test_read(struct smoke *s)
{
    char node[700];
    begin_test(s, "read");
    for (size_t r = 0; r < s->n; r++) {
        struct site *reader = &s->sites[r];
        bad(s, reader, "sync", zobo_sync(reader->ctx.client, s->root));
        for (size_t w = 0; w < s->n; w++)
            read_as(s, reader, node_of(s, "node", w, node), s->sites[w].name);
    }
    end_test(s, "each node through each server, after sync");
}

static void
test_set(struct smoke *s)
{
    char node[700];
    begin_test(s, "set");
    for (size_t i = 0; i < s->n; i++) {
        struct site *site = &s->sites[i];
        node_of(s, "node", i, node);
        bad(s, site, node, zobo_set(site->ctx.client, node, "changed", 7, 0, NULL));
        zobo_err err = zobo_set(site->ctx.client, node, "late", 4, 0, NULL);
        if (err == ZOBO_OK && s->problem[0] == '\0')
            snprintf(s->problem, sizeof s->problem, "%s: a set with an old version was carried out", site->name);
        else if (err != ZOBO_EBADVERSION)
            bad(s, site, node, err);
    }
    for (size_t r = 0; r < s->n; r++) {
        bad(s, &s->sites[r], "sync", zobo_sync(s->sites[r].ctx.client, s->root));
        read_as(s, &s->sites[r], node_of(s, "node", (r + 1) % s->n, node), "changed");
    }
    end_test(s, "by version, and read through another");
}

static void
on_event(void *arg, const zobo_event *event)
{
    struct site *site = arg;
    site->fired = site->fired || event->type == ZOBO_EVENT_CHANGED;
}

/* Each watches the next one's node, which that one then changes. */
static void
test_watch(struct smoke *s)
{
    char node[700];
    begin_test(s, "watch");
    for (size_t r = 0; r < s->n; r++) {
        struct site *site = &s->sites[r];
        zobo_watcher watcher = {.size = sizeof watcher, .fn = on_event, .arg = site};
        site->fired = false;
        bad(s, site, "watch", zobo_get(site->ctx.client, node_of(s, "node", (r + 1) % s->n, node), &watcher, NULL));
    }
    for (size_t w = 0; w < s->n; w++)
        bad(s, &s->sites[w], "set",
            zobo_set(s->sites[w].ctx.client, node_of(s, "node", w, node), "again", 5, -1, NULL));
    double end = now_fine_ms() + s->wait_ms;
    for (size_t r = 0; r < s->n; r++) {
        struct site *site = &s->sites[r];
        while (!site->fired && now_fine_ms() < end && s->problem[0] == '\0')
            if (turn(&site->ctx, 50) != ZOBO_OK)
                break;
        if (!site->fired && s->problem[0] == '\0')
            snprintf(s->problem, sizeof s->problem, "%s: a watch has not fired", site->name);
    }
    end_test(s, "each has seen a change made through another");
}

/* Two operations at once, of which the second fails: then the first must not have been carried out. */
static void
test_transaction(struct smoke *s)
{
    char node[700], pair[700];
    begin_test(s, "transaction");
    for (size_t i = 0; i < s->n; i++) {
        struct site *site = &s->sites[i];
        node_of(s, "node", i, node);
        node_of(s, "pair", i, pair);
        for (int turn = 0; turn < 2; turn++) {
            zobo_transaction *tx = NULL;
            zobo_reply *reply = NULL;
            zobo_err err = zobo_transaction_new(site->ctx.client, &tx);
            if (err == ZOBO_OK)
                err = zobo_transaction_create(tx, pair, "", 0, NULL);
            if (err == ZOBO_OK)
                err = zobo_transaction_check(tx, node, turn == 0 ? 1000000 : -1);
            if (err == ZOBO_OK)
                err = zobo_transaction_commit(tx, &reply);
            zobo_reply_free(reply);
            zobo_transaction_free(tx);
            if (turn == 0 && err == ZOBO_ETRANSACTION)
                err = zobo_exists(site->ctx.client, pair, NULL, NULL) == ZOBO_ENONODE ? ZOBO_OK
                                                                                      : ZOBO_ERUNTIMEINCONSISTENCY;
            else if (turn == 0 && err == ZOBO_OK)
                err = ZOBO_ERUNTIMEINCONSISTENCY;
            bad(s, site, "transaction", err);
        }
    }
    end_test(s, "all or nothing, through each");
}

/* wait_gone waits until a node is seen to be gone. */
static void
wait_gone(struct smoke *s, struct site *site, const char *node)
{
    double end = now_fine_ms() + s->wait_ms;
    zobo_err err;
    do {
        err = zobo_sync(site->ctx.client, s->root);
        if (err == ZOBO_OK)
            err = zobo_exists(site->ctx.client, node, NULL, NULL);
    } while (err == ZOBO_OK && now_fine_ms() < end);
    if (err == ZOBO_OK && s->problem[0] == '\0')
        snprintf(s->problem, sizeof s->problem, "%s: %s is still there, though its session has ended", site->name,
                 node);
    else if (err != ZOBO_ENONODE)
        bad(s, site, node, err);
}

static void
test_ephemeral(struct smoke *s)
{
    char node[700];
    begin_test(s, "ephemeral");
    for (size_t i = 0; i < s->n; i++) {
        struct site guest = {0}, *other = &s->sites[(i + 1) % s->n];
        zobo_problem why = {0};
        zobo_create_options options = {.size = sizeof options, .ephemeral = true};
        node_of(s, "guest", i, node);
        zobo_err err = connect_site(s, &guest, s->sites[i].name, &why) ? ZOBO_OK : ZOBO_ENOCONNECTION;
        if (err == ZOBO_OK)
            err = zobo_create(guest.ctx.client, node, "", 0, &options, NULL);
        bad(s, &s->sites[i], node, err);
        zobo_stat stat = {0};
        if (err == ZOBO_OK)
            err = zobo_sync(other->ctx.client, node);
        if (err == ZOBO_OK)
            err = zobo_exists(other->ctx.client, node, NULL, &stat);
        bad(s, other, node, err);
        if (err == ZOBO_OK && stat.ephemeral_owner == 0 && s->problem[0] == '\0')
            snprintf(s->problem, sizeof s->problem, "%s: %s is not ephemeral", other->name, node);
        end_session(&guest.ctx);
        if (err == ZOBO_OK)
            wait_gone(s, other, node);
    }
    end_test(s, "seen through another, and gone with its session");
}

/* clean_up removes what was made, with whichever session still can. */
static void
clean_up(struct smoke *s)
{
    if (!s->made)
        return;
    begin_test(s, "delete");
    zobo_err err = ZOBO_ENOCONNECTION;
    size_t i = 0;
    for (; i < s->n && err != ZOBO_OK && err != ZOBO_ENONODE; i++)
        err = zobo_delete_recursive(s->sites[i].ctx.client, s->root, NULL);
    if (err != ZOBO_ENONODE)
        bad(s, &s->sites[i > 0 ? i - 1 : 0], s->root, err);
    for (i = 0; err == ZOBO_OK && i < s->n; i++) {
        struct site *site = &s->sites[i];
        bad(s, site, "sync", zobo_sync(site->ctx.client, "/"));
        if (zobo_exists(site->ctx.client, s->root, NULL, NULL) == ZOBO_OK && s->problem[0] == '\0')
            snprintf(s->problem, sizeof s->problem, "%s: %s is still there", site->name, s->root);
    }
    end_test(s, "nothing is left");
}

/* --- the command --------------------------------------------------------------------------------------------------- */

static void
test_all(struct smoke *s)
{
    static void (*const tests[])(struct smoke *) = {test_read, test_set, test_watch, test_transaction, test_ephemeral};
    test_sessions(s);
    bool go_on = s->n > 0 && !hold_interrupted(s->ctx) && test_create(s);
    for (size_t i = 0; go_on && i < sizeof tests / sizeof tests[0]; i++)
        if (!(hold_interrupted(s->ctx) || interrupted()))
            tests[i](s);
        else
            go_on = false;
    clean_up(s);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const char *below = in->opt[O_ROOT].given ? in->opt[O_ROOT].text : "/";
    struct smoke s = {.ctx = ctx, .wait_ms = in->opt[O_TIMEOUT].given ? (uint32_t)in->opt[O_TIMEOUT].n : 5000};
    int code = need_path(ctx, below, false);
    if (code == DONE && strlen(below) > 500)
        code = fail_usage(ctx, "--below: the path is too long");
    if (code == DONE)
        code = need_client(ctx);
    if (code != DONE)
        return code;
    code = ensemble_begin(&s.e, ctx, in, NULL, 0);
    if (code == DONE)
        code = hold_begin(ctx);
    if (code == DONE) {
        char uuid[33];
        zobo_uuid(ctx->client, uuid);
        snprintf(s.root, sizeof s.root, "%s/zobo-smoke-%.16s", strcmp(below, "/") == 0 ? "" : below, uuid);
        s.sites = need_memory(s.e.n, sizeof *s.sites);
        verdicts_begin(&s.verdicts, ctx);
        test_all(&s);
        code = verdicts_end(&s.verdicts);
        if (s.n == 0)
            code = NO_SERVER;
        for (size_t i = 0; i < s.n; i++)
            end_session(&s.sites[i].ctx);
        free(s.sites);
        hold_over(ctx);
    }
    ensemble_end(&s.e);
    return code;
}

static const struct example examples[] = {
    {"zobo -H zk1,zk2,zk3 check smoke", "a line for each test; exit code 1 when one has failed"},
    {"zobo --auth-file ops.auth check smoke --below /ops", "where credentials are needed"},
    {"zobo -H zk1 check smoke --all -o json", "at all members of the ensemble, an object a line"},
    {NULL, NULL}};
static const struct exit_text exits[] = {{"1", "a test has failed"}, {"7", "no server gave a session"}, {NULL, NULL}};

const struct command cmd_check_smoke = {
    .name = "check smoke",
    .usage = "",
    .summary = "do at each server what clients do, on nodes of its own",
    .about =
        "Opens a session at each server and, each a line that says PASS or FAIL: makes a node through each; reads "
        "each through each, after sync; sets by version; has each watch what another changes; sends transactions "
        "that succeed and that fail; makes ephemeral nodes, which must be seen through others and go with their "
        "session; removes all. Its nodes are below a container of a name of its own, which the server removes when it "
        "is empty, even if the command is killed and leaves it behind.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .effect = MAKES_OWN_NODES,
    .formats = FORMATS_TABLE,
    .run = run};
