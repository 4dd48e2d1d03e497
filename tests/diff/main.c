/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the stream and compares what the two servers say, line by line, to the first difference.
 *
 *   diff_servers [A B]   which servers (see side_start): apache embedded
 *   DIFF_SEED            the stream (1)
 *   DIFF_OPS             how many requests (100000)
 *   DIFF_SAVE            a file that gets the rounds played
 *   DIFF_REPLAY          play these instead; with DIFF_SHRINK=1 leave out what is not needed for the difference, and
 *                        write the rest to DIFF_SAVE
 *   DIFF_TRACE           two files, .0 and .1 added to the name, that get every line
 *   DIFF_EXPECT=1        success is a difference */
#include "diff/diff.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/op.h"

/* What is meant to differ from 3.8.0, with its answer and ours. What cannot be told by an answer alone is not asked:
 *   - check, deleteContainer and createSession outside their places: ZooKeeper carries them out
 *   - a reconnect while the session is connected: with a wrong password ZooKeeper closes the old connection; with the
 *     right one it now and then closes the new one too
 *   - removeWatches and checkWatches with the types 4 and 5, new in 3.9
 *   - watches of several kinds on one path, and persistent ones removed by halves: 3.8.0 has one kind for a path
 *     (ZOOKEEPER-4466), so the path's last letter tells which
 *   - operations and flags that do not go together: refused, while ZooKeeper goes by the flags alone
 *   - reads among the writes of a multi, the other way round, and null paths: ZooKeeper takes a zxid for them that nobody
 *     gets to see, and has a body for an error
 *   - create2 in a multi: ZooKeeper makes a create of it and answers without a stat
 *   - exists with a watch where its asker may not read: 3.8.0 sets it (ZOOKEEPER-2590), so nodes whose ACL may forbid
 *     reading have names of their own
 * Event headers carry the event's zxid since 3.9, -1 before: each side is held to its own. */
static const struct {
    int32_t type, err, ours;
} meant[] = {
    {ZB_OP_EXISTS, 0, ZOBO_ENOAUTH},           /* ZOOKEEPER-2590: needs READ since 3.8.4 */
    {ZB_OP_CHECK_WATCHES, 0, ZOBO_ENOWATCHER}, /* 3.8.0 takes somebody else's watch for one's own */
};

enum { TAIL = 20 };

typedef struct tail {
    char *lines[TAIL];
    size_t n;
    FILE *trace;
} tail;

static void
tail_add(tail *t, const char *text)
{
    if (t->trace)
        fprintf(t->trace, "%s\n", text);
    char **at = &t->lines[t->n++ % TAIL];
    free(*at);
    *at = zt_strdup(text);
}

static void
tail_print(const tail *t, const char *name)
{
    printf("--- %s\n", name);
    for (size_t i = t->n > TAIL ? t->n - TAIL : 0; i < t->n; i++)
        printf("%s\n", t->lines[i % TAIL]);
}

static void
tail_free(tail *t)
{
    for (size_t i = 0; i < TAIL; i++)
        free(t->lines[i]);
    if (t->trace)
        fclose(t->trace);
    *t = (tail){0};
}

/* --- comparing --- */

static void
tell_round(const diff_round *round, tail tails[2])
{
    static const char *const kinds[] = {"burst", "fatal", "drop", "connect"};
    char text[400];
    snprintf(text, sizeof text, "== s%d %s %d timeout=%d%s, %d requests%s %s", round->session, kinds[round->kind],
             (int)round->connect, (int)round->timeout, round->short_request ? " in 44 bytes" : "", round->n,
             round->n ? ", the first:" : "", round->n ? round->ops[0].text : "");
    for (int side = 0; side < 2; side++)
        tail_add(&tails[side], text);
}

static bool
is_meant(const diff_line *a, const diff_line *b)
{
    for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++)
        if (a->type == meant[i].type && b->type == a->type && a->err == meant[i].err && b->err == meant[i].ours)
            return true;
    return false;
}

/* The lines of one session in one round. */
static bool
same_lines(diff_side sides[2], int session, tail tails[2])
{
    diff_lines *a = &sides[0].conns[session].lines, *b = &sides[1].conns[session].lines;
    bool apart = sides[0].tells_event_zxid != sides[1].tells_event_zxid;
    for (size_t i = 0; i < a->n || i < b->n; i++) {
        if (i < a->n)
            tail_add(&tails[0], a->lines[i].text);
        if (i < b->n)
            tail_add(&tails[1], b->lines[i].text);
        if (i >= a->n || i >= b->n)
            return false;
        if (strcmp(a->lines[i].text, b->lines[i].text) != 0 && !(apart && is_meant(&a->lines[i], &b->lines[i])))
            return false;
    }
    return true;
}

/* After a difference the trace, not the report, gets what else was said in the round. */
static void
trace_rest(diff_side sides[2], int session, tail tails[2])
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < sides[side].conns[session].lines.n && tails[side].trace; i++)
            fprintf(tails[side].trace, "after: %s\n", sides[side].conns[session].lines.lines[i].text);
}

/* One round played and compared. */
static bool
play(diff_side sides[2], const diff_round *round, diff_gen *learn, tail tails[2])
{
    bool same = sides_play(sides, round, learn);
    /* The ephemerals of a session end in the order of a hash table. */
    bool unordered = round->n && round->ops[0].type == ZB_OP_CLOSE_SESSION;
    tell_round(round, tails);
    for (int i = 0; i < SESSIONS; i++) { /* first the one that has sent it: what it was told explains most */
        int s = (round->session + i) % SESSIONS;
        for (int side = 0; side < 2 && unordered; side++)
            lines_sort(&sides[side].conns[s].lines);
        same = same && same_lines(sides, s, tails);
        if (!same)
            trace_rest(sides, s, tails);
        for (int side = 0; side < 2; side++)
            lines_clear(&sides[side].conns[s].lines);
    }
    return same;
}

static void
report(diff_side sides[2], tail tails[2], unsigned long long seed, size_t ops)
{
    for (int side = 0; side < 2; side++)
        tail_print(&tails[side], sides[side].name);
    printf("different after %zu requests, DIFF_SEED=%llu\n", ops, seed);
}

/* --- playing files --- */

typedef struct round_list {
    diff_round *rounds;
    size_t n;
} round_list;

static bool
read_rounds(const char *name, round_list *list)
{
    size_t cap = 0;
    int got = 1;
    FILE *f = fopen(name, "r");
    if (!f) {
        perror(name);
        return false;
    }
    for (;;) {
        if (list->n == cap) {
            cap = cap * 2 + 64;
            list->rounds = realloc(list->rounds, cap * sizeof *list->rounds);
            if (!list->rounds)
                abort();
        }
        memset(&list->rounds[list->n], 0, sizeof *list->rounds);
        got = file_read(f, &list->rounds[list->n]);
        if (got != 1)
            break;
        list->n++;
    }
    fclose(f);
    if (got < 0)
        fprintf(stderr, "%s: round %zu is none\n", name, list->n + 1);
    return got == 0;
}

/* Plays the rounds that are not left out on fresh servers. Returns how many were the same; n: all. */
static size_t
play_list(const char *const specs[2], const round_list *list, const bool *out, bool print)
{
    static diff_side sides[2];
    tail tails[2] = {{{0}, 0, NULL}, {{0}, 0, NULL}};
    size_t i = 0, ops = 0;
    for (int side = 0; side < 2; side++)
        if (!side_start(&sides[side], specs[side]))
            exit(1);
    for (; i < list->n; i++) {
        if (out && out[i])
            continue;
        diff_round *round = &list->rounds[i];
        if (sides[0].conns[round->session].fd < 0 && round->kind != ROUND_CONNECT)
            continue; /* what connected it was left out */
        ops += (size_t)round->n;
        if (!play(sides, round, NULL, tails))
            break;
    }
    if (print && i < list->n)
        report(sides, tails, 0, ops);
    for (int side = 0; side < 2; side++) {
        side_stop(&sides[side]);
        tail_free(&tails[side]);
    }
    return i;
}

/* Leaves out halves, quarters and so on, as long as a difference remains. */
static void
shrink(const char *const specs[2], round_list *list)
{
    size_t n = play_list(specs, list, NULL, false);
    if (n == list->n)
        return;
    list->n = n + 1;
    bool *out = calloc(list->n, sizeof *out);
    if (!out)
        abort();
    for (size_t part = list->n / 2; part > 0; part /= 2)
        for (size_t from = 0; from < list->n; from += part) {
            size_t to = from + part < list->n ? from + part : list->n;
            if (part == 1 && out[from])
                continue;
            bool *kept = zt_alloc(list->n * sizeof *kept);
            memcpy(kept, out, list->n * sizeof *kept);
            memset(out + from, true, (to - from) * sizeof *out);
            if (play_list(specs, list, out, false) == list->n)
                memcpy(out, kept, list->n * sizeof *kept);
            free(kept);
        }
    size_t left = 0;
    for (size_t i = 0; i < list->n; i++)
        if (out[i])
            round_clear(&list->rounds[i]);
        else
            list->rounds[left++] = list->rounds[i];
    list->n = left;
    free(out);
}

static bool
replay(const char *const specs[2], const char *name, const char *save)
{
    round_list list = {NULL, 0};
    if (!read_rounds(name, &list))
        return false;
    if (getenv("DIFF_SHRINK"))
        shrink(specs, &list);
    bool same = play_list(specs, &list, NULL, true) == list.n;
    FILE *f = save ? fopen(save, "w") : NULL;
    for (size_t i = 0; i < list.n; i++) {
        if (f)
            file_write(f, &list.rounds[i]);
        round_clear(&list.rounds[i]);
    }
    if (f)
        fclose(f);
    free(list.rounds);
    return same;
}

/* --- running --- */

static bool
run(const char *const specs[2], unsigned long long seed, size_t want, const char *save)
{
    static diff_side sides[2];
    static diff_gen gen;
    static diff_round round;
    tail tails[2] = {{{0}, 0, NULL}, {{0}, 0, NULL}};
    size_t ops = 0, rounds = 0;
    bool same = true;
    struct timespec from, to;
    FILE *f = save ? fopen(save, "w") : NULL;
    const char *trace = getenv("DIFF_TRACE");
    for (int side = 0; side < 2; side++)
        if (!side_start(&sides[side], specs[side])) {
            fprintf(stderr, "cannot start %s\n", specs[side]);
            exit(1);
        }
    for (int side = 0; side < 2 && trace; side++) {
        char name[256];
        snprintf(name, sizeof name, "%s.%d", trace, side);
        tails[side].trace = fopen(name, "w");
    }
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (gen_init(&gen, seed); ops < want && same; rounds++) {
        gen_round(&gen, &round);
        ops += (size_t)round.n;
        if (f)
            file_write(f, &round);
        same = play(sides, &round, &gen, tails);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (!same)
        report(sides, tails, seed, ops);
    printf("%zu requests in %zu rounds, %.1f s, %s and %s: %s\n", ops, rounds,
           (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9, specs[0], specs[1],
           same ? "no difference" : "different");
    round_clear(&round);
    for (int side = 0; side < 2; side++) {
        side_stop(&sides[side]);
        tail_free(&tails[side]);
    }
    if (f)
        fclose(f);
    return same;
}

static unsigned long long
number(const char *name, unsigned long long otherwise)
{
    const char *text = getenv(name);
    return text && text[0] ? strtoull(text, NULL, 0) : otherwise;
}

int
main(int argc, char **argv)
{
    const char *const specs[2] = {argc == 3 ? argv[1] : "apache", argc == 3 ? argv[2] : "embedded"};
    const char *file = getenv("DIFF_REPLAY"), *save = getenv("DIFF_SAVE");
    bool same =
        file ? replay(specs, file, save) : run(specs, number("DIFF_SEED", 1), (size_t)number("DIFF_OPS", 100000), save);
    return same == (number("DIFF_EXPECT", 0) == 0) ? 0 : 1;
}
