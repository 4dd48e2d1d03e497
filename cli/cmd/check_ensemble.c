/* SPDX-License-Identifier: Apache-2.0 */
/* check ensemble: do the servers agree, and are they well? */
#include <stdlib.h>
#include <string.h>

#include "ensemble/facts.h"
#include "ensemble/members.h"
#include "ensemble/verdict.h"

enum { O_ZXID = E_OWN, O_NODES, O_EPHEMERALS, O_CONNECTIONS, O_OUTSTANDING, O_LATENCY };

static const struct opt opts[] = {
    ENSEMBLE_OPTS,
    [O_ZXID] = {0, "max-lag", OPT_NUMBER, "N", "changes that a server may be behind another (1000)"},
    [O_NODES] = {0, "max-nodes-apart", OPT_NUMBER, "N", "how far apart the numbers of nodes may be (1000)"},
    [O_EPHEMERALS] = {0, "max-ephemerals-apart", OPT_NUMBER, "N", "and those of ephemeral nodes (200)"},
    [O_CONNECTIONS] = {0, "max-connections-apart", OPT_NUMBER, "N", "and those of connections: a warning (500)"},
    [O_OUTSTANDING] = {0, "max-outstanding", OPT_NUMBER, "N", "requests that may wait in a server: a warning (100)"},
    [O_LATENCY] = {0, "max-latency", OPT_DURATION, "TIME", "the mean latency that is well: a warning (100ms)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* A server and what it tells. */
struct patient {
    const struct asked *asked;
    bool answers;
    struct facts facts;
    bool has_members;
    struct members members;
};

struct check {
    const struct args *in;
    struct verdicts verdicts;
    const struct ensemble *e;
    struct patient *all;
    size_t n;
};

/* A list of names in one text. */
struct names {
    char *text;
    size_t len, n;
};

static void
add_name(struct names *names, const char *name, const char *more)
{
    size_t size = strlen(name) + strlen(more) + 4;
    names->text = need_more(names->text, names->len + size, 1);
    int len = snprintf(names->text + names->len, size, "%s%s%s%s", names->n > 0 ? ", " : "", name,
                       more[0] != '\0' ? " " : "", more);
    names->len += len > 0 ? (size_t)len : 0;
    names->n++;
}

static const char *
name_of(const struct patient *p)
{
    return p->asked->server->name;
}

static int64_t
limit(const struct check *check, size_t opt, int64_t usual)
{
    return check->in->opt[opt].given ? check->in->opt[opt].n : usual;
}

static bool
is_mode(const struct patient *p, const char *mode)
{
    return p->facts.mode != NULL && strcmp(p->facts.mode, mode) == 0;
}

/* --- the tests ----------------------------------------------------------------------------------------------------- */

static size_t
test_answers(struct check *check)
{
    size_t up = 0;
    for (size_t i = 0; i < check->n; i++) {
        const struct patient *p = &check->all[i];
        up += p->answers;
        if (!p->answers)
            tell_verdict(&check->verdicts, FAIL, "answers", "%s: %s", name_of(p),
                         p->asked->answers[TOPIC_SERVER].via == VIA_NOTHING
                             ? p->asked->answers[TOPIC_SERVER].problem
                             : "its answer is not what a ZooKeeper says");
    }
    if (up == check->n)
        tell_verdict(&check->verdicts, PASS, "answers", "%zu of %zu servers", up, check->n);
    return up;
}

static void
test_leader(struct check *check)
{
    struct names leaders = {0}, lost = {0};
    size_t alone = 0, up = 0;
    for (size_t i = 0; i < check->n; i++) {
        const struct patient *p = &check->all[i];
        bool reads = is_mode(p, "read-only") || (p->facts.known[FACT_READ_ONLY] && p->facts.n[FACT_READ_ONLY] != 0);
        up += p->answers;
        if (is_mode(p, "leader"))
            add_name(&leaders, name_of(p), "");
        else if (p->answers && reads)
            add_name(&lost, name_of(p), "");
        alone += is_mode(p, "standalone");
    }
    if (alone == 1 && check->n == 1)
        tell_verdict(&check->verdicts, PASS, "leader", "it stands alone");
    else if (alone > 0)
        tell_verdict(&check->verdicts, FAIL, "leader", "%zu of %zu servers stand alone, and are no ensemble", alone,
                     check->n);
    else if (leaders.n == 1)
        tell_verdict(&check->verdicts, PASS, "leader", "%s", leaders.text);
    else if (leaders.n > 1)
        tell_verdict(&check->verdicts, FAIL, "leader", "%zu servers say that they lead: %s", leaders.n, leaders.text);
    else
        tell_verdict(&check->verdicts, FAIL, "leader", "none of %zu leads%s", up,
                     up < check->n || check->n == 1 ? "; perhaps one that was not asked, or did not answer" : "");
    if (lost.n > 0)
        tell_verdict(&check->verdicts, FAIL, "writable", "without a quorum, reading only: %s", lost.text);
    else
        tell_verdict(&check->verdicts, PASS, "writable", "no server only reads");
    free(leaders.text);
    free(lost.text);
}

/* A leader counts those who keep up with it. */
static void
test_followers(struct check *check)
{
    for (size_t i = 0; i < check->n; i++) {
        const struct patient *p = &check->all[i];
        if (!is_mode(p, "leader") || !p->facts.known[FACT_SYNCED_FOLLOWERS] || !p->has_members || p->members.n == 0)
            continue;
        int64_t voters = 0, synced = p->facts.n[FACT_SYNCED_FOLLOWERS];
        for (size_t m = 0; m < p->members.n; m++)
            voters += !p->members.items[m].observer;
        bool all = synced + 1 >= voters, quorum = synced + 1 > voters / 2;
        tell_verdict(&check->verdicts,
                     all      ? PASS
                     : quorum ? WARN
                              : FAIL,
                     "followers", "%lld of %lld keep up", (long long)synced, (long long)voters - 1);
    }
}

static enum via
via_of(const struct patient *p)
{
    return p->asked->answers[TOPIC_MEMBERS].via;
}

/* test_config compares what the servers take for their ensemble, and with who was asked. AdminServer tells
 * of voters only: what it says is not held against what a word says. */
static void
test_config(struct check *check)
{
    const struct patient *first = NULL;
    struct names other = {0};
    size_t known = 0;
    for (size_t i = 0; i < check->n; i++) {
        const struct patient *p = &check->all[i];
        if (!p->has_members)
            continue;
        known++;
        if (first == NULL)
            first = p;
        else if (via_of(first) == via_of(p) && !same_members(&first->members, &p->members))
            add_name(&other, name_of(p), "");
    }
    if (first == NULL) {
        tell_verdict(&check->verdicts, WARN, "config", "no server tells its configuration (conf, voting_view)");
        return;
    }
    if (other.n > 0)
        tell_verdict(&check->verdicts, FAIL, "config", "another than %s has: %s", name_of(first), other.text);
    else
        tell_verdict(&check->verdicts, PASS, "config", "%zu members, equal at %zu servers", first->members.n, known);
    if (first->members.n > check->n) {
        char more[80];
        snprintf(more, sizeof more, "%zu of its %zu members were asked", check->n, first->members.n);
        tell_verdict(&check->verdicts, WARN, "members", "%s: --all asks all, or name them with --hosts", more);
    }
    free(other.text);
}

static void
test_version(struct check *check)
{
    struct names names = {0};
    const char *first = NULL;
    bool mixed = false;
    for (size_t i = 0; i < check->n; i++) {
        const char *version = check->all[i].facts.version;
        if (version == NULL)
            continue;
        if (first == NULL)
            first = version;
        mixed = mixed || strcmp(first, version) != 0;
        add_name(&names, name_of(&check->all[i]), version);
    }
    if (mixed)
        tell_verdict(&check->verdicts, WARN, "version", "mixed: %s", names.text);
    else if (first != NULL)
        tell_verdict(&check->verdicts, PASS, "version", "%s", first);
    free(names.text);
}

static void
test_lag(struct check *check)
{
    int64_t ahead = 0, most = limit(check, O_ZXID, 1000), worst = 0;
    struct names late = {0};
    size_t known = 0;
    for (size_t i = 0; i < check->n; i++) {
        const struct facts *facts = &check->all[i].facts;
        known += facts->known[FACT_ZXID];
        if (facts->known[FACT_ZXID] && (uint64_t)facts->n[FACT_ZXID] > (uint64_t)ahead)
            ahead = facts->n[FACT_ZXID];
    }
    for (size_t i = 0; i < check->n; i++) {
        const struct facts *facts = &check->all[i].facts;
        int64_t lag = facts->known[FACT_ZXID] ? zxid_lag(facts->n[FACT_ZXID], ahead) : 0;
        char more[60];
        snprintf(more, sizeof more, "by %lld", (long long)lag);
        if (lag > most)
            add_name(&late, name_of(&check->all[i]), more);
        worst = lag > worst ? lag : worst;
    }
    if (late.n > 0)
        tell_verdict(&check->verdicts, FAIL, "zxid", "behind 0x%llx: %s", (unsigned long long)ahead, late.text);
    else if (known > 0)
        tell_verdict(&check->verdicts, PASS, "zxid", "0x%llx, none is behind by more than %lld",
                     (unsigned long long)ahead, (long long)worst);
    free(late.text);
}

/* test_spread compares a number that should be about the same everywhere. */
static void
test_spread(struct check *check, const char *test, enum fact fact, int64_t apart, enum verdict otherwise)
{
    const struct patient *least = NULL, *most = NULL;
    for (size_t i = 0; i < check->n; i++) {
        const struct patient *p = &check->all[i];
        if (!p->facts.known[fact])
            continue;
        if (least == NULL || p->facts.n[fact] < least->facts.n[fact])
            least = p;
        if (most == NULL || p->facts.n[fact] > most->facts.n[fact])
            most = p;
    }
    if (least == NULL)
        return;
    long long from = least->facts.n[fact], to = most->facts.n[fact];
    if (to - from > apart)
        tell_verdict(&check->verdicts, otherwise, test, "%s has %lld, %s %lld", name_of(least), from, name_of(most),
                     to);
    else if (from == to)
        tell_verdict(&check->verdicts, PASS, test, "%lld", from);
    else
        tell_verdict(&check->verdicts, PASS, test, "%lld to %lld", from, to);
}

/* test_most warns of servers where a number is above what is well. */
static void
test_most(struct check *check, const char *test, enum fact fact, int64_t well, int64_t unit, const char *what)
{
    struct names over = {0};
    int64_t worst = -1;
    for (size_t i = 0; i < check->n; i++) {
        const struct facts *facts = &check->all[i].facts;
        if (!facts->known[fact])
            continue;
        int64_t n = facts->n[fact] / unit;
        char more[40];
        snprintf(more, sizeof more, "%lld", (long long)n);
        if (n > well)
            add_name(&over, name_of(&check->all[i]), more);
        worst = n > worst ? n : worst;
    }
    if (over.n > 0)
        tell_verdict(&check->verdicts, WARN, test, "%s: %s", what, over.text);
    else if (worst >= 0)
        tell_verdict(&check->verdicts, PASS, test, "%s: at most %lld", what, (long long)worst);
    free(over.text);
}

static void
test_files(struct check *check)
{
    enum { FULL_PERCENT = 85 };
    struct names full = {0};
    int64_t worst = -1;
    for (size_t i = 0; i < check->n; i++) {
        const struct facts *facts = &check->all[i].facts;
        if (!facts->known[FACT_OPEN_FILES] || !facts->known[FACT_MAX_FILES] || facts->n[FACT_MAX_FILES] <= 0)
            continue;
        int64_t percent = (int64_t)((double)facts->n[FACT_OPEN_FILES] * 100 / (double)facts->n[FACT_MAX_FILES]);
        char more[40];
        snprintf(more, sizeof more, "%lld%%", (long long)percent);
        if (percent >= FULL_PERCENT)
            add_name(&full, name_of(&check->all[i]), more);
        worst = percent > worst ? percent : worst;
    }
    if (full.n > 0)
        tell_verdict(&check->verdicts, WARN, "descriptors", "nearly used up: %s", full.text);
    else if (worst >= 0)
        tell_verdict(&check->verdicts, PASS, "descriptors", "at most %lld%% used", (long long)worst);
    free(full.text);
}

/* --- the command --------------------------------------------------------------------------------------------------- */

static void
examine(struct check *check)
{
    if (test_answers(check) == 0)
        return;
    test_leader(check);
    test_followers(check);
    test_config(check);
    test_version(check);
    test_lag(check);
    test_spread(check, "nodes", FACT_NODES, limit(check, O_NODES, 1000), FAIL);
    test_spread(check, "ephemerals", FACT_EPHEMERALS, limit(check, O_EPHEMERALS, 200), FAIL);
    test_spread(check, "connections", FACT_CONNECTIONS, limit(check, O_CONNECTIONS, 500), WARN);
    test_most(check, "outstanding", FACT_OUTSTANDING, limit(check, O_OUTSTANDING, 100), 1, "waiting requests");
    test_most(check, "latency", FACT_AVG_LATENCY, limit(check, O_LATENCY, 100), 1000, "mean, in ms");
    test_most(check, "slow syncs", FACT_SLOW_SYNCS, 0, 1, "syncs of the disk over fsync.warningthresholdms");
    test_most(check, "longest sync", FACT_LONGEST_SYNC, 1000, 1, "of the disk, in ms");
    test_files(check);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct ensemble e;
    int code = ensemble_begin(&e, ctx, in, NULL, 0);
    struct asked *asked =
        code == DONE
            ? ensemble_ask(&e, TOPICS(TOPIC_SERVER) | TOPICS(TOPIC_MONITOR) | TOPICS(TOPIC_MEMBERS), NULL, NULL)
            : NULL;
    if (asked == NULL && code == DONE)
        code = FAILED; /* interrupted */
    if (asked != NULL) {
        struct check check = {.in = in, .e = &e, .n = e.n, .all = need_memory(e.n, sizeof *check.all)};
        size_t up = 0;
        for (size_t i = 0; i < e.n; i++) {
            struct patient *p = &check.all[i];
            p->asked = &asked[i];
            p->answers = read_facts(&asked[i], &p->facts);
            p->has_members = parse_members(&asked[i].answers[TOPIC_MEMBERS], &p->members);
            up += p->answers;
        }
        verdicts_begin(&check.verdicts, ctx);
        examine(&check);
        code = verdicts_end(&check.verdicts);
        if (up == 0)
            code = asked[0].answers[TOPIC_SERVER].code != 0 ? asked[0].answers[TOPIC_SERVER].code : FAILED;
        for (size_t i = 0; i < e.n; i++) {
            facts_free(&check.all[i].facts);
            members_free(&check.all[i].members);
        }
        free(check.all);
        asked_free(asked, e.n);
    }
    ensemble_end(&e);
    return code;
}

static const struct alias aliases[] = {{"check", NO_OPT}, {NULL, NO_OPT}};
static const struct example examples[] = {
    {"zobo -H zk1,zk2,zk3 check ensemble", "a line for each test; exit code 1 when one has failed"},
    {"zobo -H zk1 check ensemble --all -o json", "all members of the ensemble, an object a line"},
    {"zobo check --max-lag 10000 | grep -v ^PASS", "what is to be looked after"},
    {NULL, NULL}};
static const struct exit_text exits[] = {
    {"1", "a test has failed; warnings do not count"}, {"7", "no server answered at all"}, {NULL, NULL}};

const struct command cmd_check_ensemble = {
    .name = "check ensemble",
    .aliases = aliases,
    .usage = "",
    .summary = "check that the servers agree and are well",
    .about =
        "Tests, each a line that says PASS, WARN or FAIL: all servers answer; one leads; none has lost its quorum; "
        "the leader's followers keep up; their configurations are equal; one version; none is far behind; the "
        "numbers of nodes, ephemeral nodes and connections are about equal; few requests wait; latency, syncs of "
        "the disk, descriptors. The servers are asked for srvr, mntr and conf, by four-letter words or AdminServer: "
        "srvr alone is enough, with fewer tests. They are not asked at one moment, which is why some distance is "
        "allowed. It needs no session and writes nothing.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .formats = FORMATS_TABLE,
    .run = run};
