/* SPDX-License-Identifier: Apache-2.0 */
/* Scan and writer, in this process with the embedded server, whose connections break at awkward moments. */
#include "support/test.h"

#include <stdatomic.h>

static void
wait_for(atomic_int *n, int want)
{
    ZT_WAIT(atomic_load(n) == want);
}

static void
wait_for_connection(zobo_client *client)
{
    ZT_WAIT(zobo_connected(client));
}

#undef fail /* what follows has another */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/server.h>

#include "frame/command.h"
#include "tree/scan.h"
#include "tree/scan_internal.h"
#include "tree/writer.h"

enum { NODES = 3000, DATA_MAX = 300, SESSION_MS = 4000 };

const struct command *const commands[] = {NULL};

/* --- the server, the session, the tree ---------------------------------------------------------------------------- */

struct rig {
    zobo_server *server;
    struct ctx ctx;
    uint64_t random;
    char *paths[NODES]; /* in the order of their making: parents first */
    char *sorted[NODES];
    size_t n;
};

static size_t
pick(struct rig *rig, size_t n)
{
    rig->random = rig->random * 6364136223846793005U + 1442695040888963407U;
    return (size_t)(rig->random >> 33) % n;
}

static int
up(void **state)
{
    struct rig *rig = need_memory(1, sizeof *rig);
    zobo_problem why = {0};
    zobo_server_options options = {.size = sizeof options};
    assert_ok(zobo_server_start(&rig->server, &options, &why));
    rig->random = 20261122;
    rig->ctx = (struct ctx){.hosts = need_copy(zobo_server_hosts(rig->server)),
                            .session_ms = SESSION_MS,
                            .connect_ms = 10000,
                            .quiet = true,
                            .knock = -1};
    assert_int_equal(need_session(&rig->ctx), DONE);
    *state = rig;
    return 0;
}

static int
down(void **state)
{
    struct rig *rig = *state;
    end_session(&rig->ctx);
    zobo_server_close(rig->server);
    for (size_t i = 0; i < rig->n; i++)
        free(rig->paths[i]);
    free(rig);
    return 0;
}

/* Preorder: a slash comes before all other bytes. */
static int
in_preorder(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    while (*x != '\0' && *x == *y)
        x++, y++;
    int left = *x == '/' ? 1 : (unsigned char)*x, right = *y == '/' ? 1 : (unsigned char)*y;
    return left - right;
}

/* plan thinks up a tree: some nodes with many children, some deep. */
static void
plan(struct rig *rig, size_t n)
{
    rig->paths[0] = need_copy("/t");
    for (rig->n = 1; rig->n < n; rig->n++) {
        size_t parent = pick(rig, 3) == 0 ? rig->n - 1 : pick(rig, pick(rig, rig->n) + 1);
        char path[4000];
        if (strlen(rig->paths[parent]) > sizeof path - 100)
            parent = 0;
        snprintf(path, sizeof path, "%s/%c%zu", rig->paths[parent], "a.-\xC3"[pick(rig, 3)], rig -> n);
        rig->paths[rig->n] = need_copy(path);
    }
    memcpy(rig->sorted, rig->paths, sizeof rig->sorted);
    qsort(rig->sorted, rig->n, sizeof *rig->sorted, in_preorder);
}

/* What a node holds depends on its path alone; some hold nothing. */
static const char *
data_of(const char *path, size_t *len)
{
    static char data[DATA_MAX];
    *len = strlen(path) * 7 % DATA_MAX;
    memset(data, path[strlen(path) - 1], sizeof data);
    return *len % 5 == 0 ? NULL : data;
}

static int
make_tree(struct rig *rig, const struct writer_options *options)
{
    struct writer *writer = writer_open(&rig->ctx, options);
    for (size_t i = 0; i < rig->n; i++) {
        size_t len;
        const char *data = data_of(rig->paths[i], &len);
        assert_true(writer_create(writer, rig->paths[i], data, data == NULL ? 0 : len, NULL, NULL));
    }
    assert_true(writer_flush(writer));
    assert_int_equal(writer_done(writer), rig->n);
    assert_int_equal(writer_failed(writer), 0);
    return writer_close(writer);
}

static void
plan_and_make(struct rig *rig, size_t n)
{
    plan(rig, n);
    assert_int_equal(make_tree(rig, &(struct writer_options){0}), DONE);
}

/* --- checks of what a scan tells ---------------------------------------------------------------------------------- */

static uint32_t
depth_of(const char *path)
{
    uint32_t depth = 0;
    for (path += 2; *path != '\0'; path++)
        depth += *path == '/';
    return depth;
}

static bool
is_below(const char *path, const char *above)
{
    size_t len = strlen(above);
    return strncmp(path, above, len) == 0 && path[len] == '/';
}

/* is_last tells whether no sibling comes after the node i. */
static bool
is_last(const struct rig *rig, size_t i)
{
    size_t parent = (size_t)(strrchr(rig->sorted[i], '/') - rig->sorted[i]);
    for (size_t k = i + 1; k < rig->n; k++)
        if (!is_below(rig->sorted[k], rig->sorted[i]))
            return strncmp(rig->sorted[k], rig->sorted[i], parent + 1) != 0;
    return true;
}

static void
check_node(const struct rig *rig, const struct scan_options *options, const struct scan_node *node, size_t i)
{
    const char *want = rig->sorted[i];
    size_t len;
    const char *data = data_of(want, &len);
    len = data == NULL ? 0 : len;
    assert_string_equal(node->path, want);
    assert_string_equal(node->name, strrchr(want, '/') + 1);
    assert_int_equal(node->depth, depth_of(want));
    assert_int_equal(node->err, ZOBO_OK);
    assert_int_equal(node->last, is_last(rig, i));
    bool named = options->names_only && node->depth == options->depth;
    assert_int_equal(node->stat == NULL, named);
    if (named)
        return;
    assert_int_equal(node->stat->data_length, len);
    if (options->what & SCAN_DATA) {
        assert_int_equal(node->data == NULL, data == NULL);
        assert_int_equal(node->data_len, len);
        if (len > 0)
            assert_memory_equal(node->data, data, len);
    }
    if (options->what & SCAN_ACL) {
        assert_int_equal(node->n_acls, 1);
        assert_string_equal(node->acls[0].scheme, "world");
    }
}

/* What to do to the scan and the server on the way. */
struct course {
    size_t limit;                                  /* of what is held, and under way; 0: the usual ones */
    void (*disturb)(struct rig *rig, size_t told); /* NULL: nothing */
};

/* expect_scan holds what a scan tells against the plan: all nodes down to the depth, and the leaving of each. */
static void
expect_scan(struct rig *rig, const struct scan_options *options, const struct course *course)
{
    struct scan *scan = scan_open(&rig->ctx, "/t", options);
    struct scan_node node;
    size_t next = 0, n_open = 0, told = 0;
    char *open[NODES];
    if (course->limit > 0) {
        scan->held_max = course->limit;
        scan->held_bytes_max = course->limit * 700;
        scan->window = scan->window_max = course->limit;
    }
    while (scan_next(scan, &node)) {
        if (course->disturb != NULL)
            course->disturb(rig, ++told);
        assert_true(scan->held <= scan->held_max);
        assert_true(scan->held_bytes <= scan->held_bytes_max || scan->held == 1);
        if (node.leaving) {
            assert_true(options->leave && n_open > 0);
            assert_string_equal(node.path, open[--n_open]);
            continue;
        }
        while (next < rig->n && depth_of(rig->sorted[next]) > options->depth)
            next++;
        assert_true(next < rig->n);
        if (options->leave) {
            open[n_open++] = rig->sorted[next];
            assert_int_equal(n_open, node.depth + 1);
        }
        check_node(rig, options, &node, next++);
    }
    assert_int_equal(scan_close(scan), DONE);
    while (next < rig->n && depth_of(rig->sorted[next]) > options->depth)
        next++;
    assert_int_equal(next, rig->n);
    assert_int_equal(n_open, 0);
}

static const struct scan_options forms[] = {{.depth = UINT32_MAX},
                                            {.depth = 3},
                                            {.depth = 2, .names_only = true},
                                            {.depth = 2, .names_only = true, .leave = true},
                                            {.depth = UINT32_MAX, .what = SCAN_DATA},
                                            {.depth = UINT32_MAX, .what = SCAN_DATA | SCAN_ACL, .leave = true},
                                            {.depth = 4, .what = SCAN_ACL, .leave = true}};
enum { N_FORMS = sizeof forms / sizeof *forms };

/* --- scans -------------------------------------------------------------------------------------------------------- */

static void
all_is_told_in_order(void **state)
{
    struct rig *rig = *state;
    plan_and_make(rig, NODES);
    for (size_t i = 0; i < N_FORMS; i++)
        expect_scan(rig, &forms[i], &(struct course){0});
}

static void
all_is_told_however_little_may_be_held(void **state)
{
    struct rig *rig = *state;
    static const size_t limits[] = {1, 2, 3, 7, 50};
    plan_and_make(rig, NODES / 2);
    for (size_t i = 0; i < N_FORMS; i++)
        for (size_t k = 0; k < sizeof limits / sizeof *limits; k++)
            expect_scan(rig, &forms[i], &(struct course){.limit = limits[k]});
}

static void
the_root_alone_and_the_root_of_all(void **state)
{
    struct rig *rig = *state;
    struct scan_node node;
    plan_and_make(rig, 10);
    expect_scan(rig, &(struct scan_options){.depth = 0}, &(struct course){0});
    struct scan *scan = scan_open(&rig->ctx, "/", &(struct scan_options){.depth = 1, .leave = true});
    assert_true(scan_next(scan, &node));
    assert_string_equal(node.path, "/");
    assert_string_equal(node.name, "/");
    assert_true(scan_next(scan, &node));
    assert_string_equal(node.path, "/t");
    assert_int_equal(scan_close(scan), DONE); /* amid the tree */
}

static void
what_is_pruned_is_not_told(void **state)
{
    struct rig *rig = *state;
    plan_and_make(rig, NODES);
    for (int leave = 0; leave < 2; leave++) {
        struct scan *scan =
            scan_open(&rig->ctx, "/t", &(struct scan_options){.depth = UINT32_MAX, .leave = leave == 1});
        struct scan_node node;
        size_t next = 0, leaving = 0, told = 0;
        while (scan_next(scan, &node)) {
            leaving += node.leaving;
            if (node.leaving)
                continue;
            told++;
            assert_string_equal(node.path, rig->sorted[next]);
            size_t at = next++;
            if (at == 0 || pick(rig, 10) > 0)
                continue;
            scan_prune(scan);
            while (next < rig->n && is_below(rig->sorted[next], rig->sorted[at]))
                next++;
        }
        assert_int_equal(scan_close(scan), DONE);
        assert_int_equal(next, rig->n);
        assert_int_equal(leaving, leave == 1 ? told : 0);
        assert_true(told < rig->n);
    }
}

static void
what_vanishes_is_left_out(void **state)
{
    struct rig *rig = *state;
    plan_and_make(rig, NODES);
    zobo_client *other = zt_client(zobo_server_hosts(rig->server), 10000);
    struct scan *scan = scan_open(&rig->ctx, "/t", &(struct scan_options){.depth = UINT32_MAX, .what = SCAN_DATA});
    struct scan_node node;
    const char *gone = NULL;
    size_t at = 0, told = 0;
    scan->window = scan->window_max = 3;
    while (scan_next(scan, &node)) {
        while (strcmp(node.path, rig->sorted[at]) != 0) /* only what is gone is passed over */
            assert_true(gone != NULL && (is_below(rig->sorted[at], gone) || strcmp(rig->sorted[at], gone) == 0) &&
                        at++ < rig->n);
        at++;
        if (++told == 20) { /* a subtree that is still to come, but for the first few */
            for (size_t i = at; i + 50 < rig->n && gone == NULL; i++)
                if (is_below(rig->sorted[i + 30], rig->sorted[i]) && !is_below(node.path, rig->sorted[i]))
                    gone = rig->sorted[i];
            assert_non_null(gone);
            assert_ok(zobo_delete_recursive(other, gone, NULL));
        }
    }
    assert_int_equal(scan_close(scan), DONE);
    assert_true(told < rig->n - 20);
    assert_int_equal(scan_close(scan_open(&rig->ctx, "/t", &forms[0])), DONE); /* before anything was told */
    zobo_close(other);
}

static int
code_of_scan(struct rig *rig, const char *path, const struct scan_options *options, size_t *told)
{
    struct scan *scan = scan_open(&rig->ctx, path, options);
    struct scan_node node;
    for (*told = 0; scan_next(scan, &node); ++*told) {
        /* count them */
    }
    return scan_close(scan);
}

static void
a_root_that_is_not_there(void **state)
{
    struct rig *rig = *state;
    size_t told;
    assert_int_equal(code_of_scan(rig, "/nope", &forms[0], &told), NO_NODE);
    assert_int_equal(told, 0);
    assert_int_equal(code_of_scan(rig, "/nope", &(struct scan_options){.depth = 1, .may_miss = true}, &told), DONE);
    assert_int_equal(told, 0);
}

static void
what_may_not_be_read_is_told(void **state)
{
    struct rig *rig = *state;
    size_t told;
    zobo_acl entry = {.perms = ZOBO_PERM_ALL & ~ZOBO_PERM_READ, .scheme = "world", .id = "anyone"};
    zobo_acl_list acl = {.items = &entry, .n = 1};
    zt_put(rig->ctx.client, "/r", "");
    zt_put(rig->ctx.client, "/r/a", "");
    zt_put(rig->ctx.client, "/r/a/b", "");
    zt_put(rig->ctx.client, "/r/c", "");
    assert_ok(zobo_set_acls(rig->ctx.client, "/r/a", &acl, -1, NULL));
    for (size_t i = 0; i < N_FORMS; i++) {
        if (forms[i].leave || forms[i].names_only)
            continue;
        struct scan_options options = forms[i];
        assert_int_equal(code_of_scan(rig, "/r", &options, &told), PARTIAL);
        assert_int_equal(told, 3);
        options.own_errors = true;
        assert_int_equal(code_of_scan(rig, "/r", &options, &told), DONE);
    }
}

/* --- disturbed ---------------------------------------------------------------------------------------------------- */

static void
drop(struct rig *rig, size_t told)
{
    if (told % 300 != 7)
        return;
    zobo_err err = zobo_server_drop(rig->server, 0);
    assert_true(err == ZOBO_OK || err == ZOBO_EUNKNOWNSESSION); /* perhaps it is not connected just now */
}

/* What was carried out is not answered. */
static void
hold_back_and_drop(struct rig *rig, size_t told)
{
    zobo_server_delay(rig->server, 3);
    drop(rig, told);
}

static void
stop_and_start(struct rig *rig, size_t told)
{
    if (told % 1000 != 500)
        return;
    assert_ok(zobo_server_stop(rig->server));
    assert_ok(zobo_server_restart(rig->server, NULL));
}

static void
a_scan_outlives_its_connections(void **state)
{
    struct rig *rig = *state;
    static void (*const ways[])(struct rig *, size_t) = {drop, stop_and_start, hold_back_and_drop};
    plan_and_make(rig, NODES);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        expect_scan(rig, &forms[0], &(struct course){.disturb = ways[i]});
        expect_scan(rig, &forms[5], &(struct course){.disturb = ways[i]});
        expect_scan(rig, &forms[5], &(struct course){.disturb = ways[i], .limit = 20});
    }
}

static void
a_lost_session_ends_a_scan(void **state)
{
    struct rig *rig = *state;
    struct scan_node node;
    zobo_client_id id;
    plan_and_make(rig, NODES);
    struct scan *scan = scan_open(&rig->ctx, "/t", &forms[4]);
    scan->window = scan->window_max = 10;
    assert_true(scan_next(scan, &node));
    assert_ok(zobo_get_client_id(rig->ctx.client, &id));
    assert_ok(zobo_server_expire(rig->server, id.session_id));
    size_t told = 1;
    while (scan_next(scan, &node))
        told++;
    assert_true(told < rig->n);
    assert_int_equal(scan_close(scan), NO_SERVER);
}

static void
a_signal_ends_a_scan(void **state)
{
    struct rig *rig = *state;
    struct scan_node node;
    plan_and_make(rig, NODES);
    struct scan *scan = scan_open(&rig->ctx, "/t", &forms[0]);
    scan->window = scan->window_max = 2;
    assert_true(scan_next(scan, &node));
    raise(SIGINT);
    while (scan_next(scan, &node)) {
        /* what has come already may be told */
    }
    assert_int_equal(scan_close(scan), BY_SIGNAL + SIGINT);
    assert_int_equal(rig->ctx.signal, SIGINT);
    rig->ctx.signal = 0;
    expect_scan(rig, &forms[0], &(struct course){0}); /* the session is fit for the next command */
}

/* --- the writer --------------------------------------------------------------------------------------------------- */

struct outcomes {
    struct rig *rig;
    void (*disturb)(struct rig *rig, size_t told);
    size_t told;
    zobo_err last;
    int32_t version; /* that the stats must have; -1: any */
};

/* in_order is an outcome: tags are the numbers of the writes, from 1 on. */
static bool
in_order(void *arg, const char *path, zobo_err err, const zobo_reply *reply, void *tag)
{
    struct outcomes *outcomes = arg;
    outcomes->told++;
    outcomes->last = err;
    assert_int_equal((uintptr_t)tag, outcomes->told);
    assert_non_null(path);
    if (outcomes->version >= 0 && err == ZOBO_OK && reply->has_stat)
        assert_int_equal(reply->stat.version, outcomes->version);
    if (outcomes->disturb != NULL)
        outcomes->disturb(outcomes->rig, outcomes->told);
    return false;
}

static int
work(struct rig *rig, const char *what, struct outcomes *outcomes)
{
    *outcomes = (struct outcomes){.rig = rig, .disturb = outcomes->disturb, .version = outcomes->version};
    struct writer *writer = writer_open(&rig->ctx, &(struct writer_options){.outcome = in_order, .arg = outcomes});
    for (size_t i = 0; i < rig->n; i++) {
        size_t len;
        void *tag = (void *)(uintptr_t)(i + 1);
        const char *data = data_of(rig->paths[i], &len);
        len = data == NULL ? 0 : len;
        bool taken = strcmp(what, "create") == 0     ? writer_create(writer, rig->paths[i], data, len, NULL, tag)
                     : strcmp(what, "set") == 0      ? writer_set(writer, rig->paths[i], data, len, 0, tag)
                     : strcmp(what, "set acls") == 0 ? writer_set_acls(writer, rig->paths[i], zobo_open_acl(), 0, tag)
                                                     : writer_delete(writer, rig->paths[rig->n - 1 - i], -1, tag);
        if (!taken)
            break;
    }
    (void)writer_flush(writer);
    uint64_t done = writer_done(writer), failed = writer_failed(writer);
    int code = writer_close(writer);
    if (code == DONE) {
        assert_int_equal(done, rig->n);
        assert_int_equal(failed, 0);
        assert_int_equal(outcomes->told, rig->n);
    }
    return code;
}

static void
writes_are_carried_out_once(void **state)
{
    struct rig *rig = *state;
    static void (*const ways[])(struct rig *, size_t) = {NULL, drop, stop_and_start, hold_back_and_drop};
    size_t told;
    plan(rig, NODES);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct outcomes outcomes = {.disturb = ways[i], .version = 0};
        assert_int_equal(work(rig, "create", &outcomes), DONE);
        expect_scan(rig, &forms[4], &(struct course){0});
        outcomes.version = 1; /* not 2: none was set twice */
        assert_int_equal(work(rig, "set", &outcomes), DONE);
        expect_scan(rig, &forms[4], &(struct course){0});
        assert_int_equal(work(rig, "set acls", &outcomes), DONE);
        assert_int_equal(work(rig, "delete", &outcomes), DONE);
        assert_int_equal(code_of_scan(rig, "/t", &forms[0], &told), NO_NODE);
    }
}

static void
an_error_ends_the_writing(void **state)
{
    struct rig *rig = *state;
    struct outcomes outcomes = {.version = -1};
    plan(rig, NODES);
    zt_put(rig->ctx.client, "/t", "");
    assert_int_equal(work(rig, "create", &outcomes), PARTIAL); /* those under way were carried out */
    assert_true(outcomes.told < rig->n);
    assert_ok(zobo_delete_recursive(rig->ctx.client, "/t", NULL));
    assert_int_equal(work(rig, "set", &outcomes), NO_NODE);
}

static void
an_error_may_be_passed_over(void **state)
{
    struct rig *rig = *state;
    struct writer *writer = writer_open(&rig->ctx, &(struct writer_options){.keep_going = true});
    assert_true(writer_create(writer, "/a", "", 0, NULL, NULL));
    assert_true(writer_create(writer, "/a", "", 0, NULL, NULL));
    assert_true(writer_delete(writer, "/b", -1, NULL));
    assert_true(writer_flush(writer));
    assert_true(writer_delete(writer, "/a", -1, NULL));
    assert_true(writer_flush(writer));
    assert_int_equal(writer_done(writer), 2);
    assert_int_equal(writer_failed(writer), 2);
    assert_int_equal(writer_close(writer), PARTIAL);
    writer = writer_open(&rig->ctx, &(struct writer_options){0});
    assert_true(writer_delete(writer, "/b", -1, NULL));
    assert_int_equal(writer_close(writer), NO_NODE);
}

static void
count_event(void *arg, const zobo_event *event)
{
    if (event->type != ZOBO_EVENT_NONE)
        atomic_fetch_add((atomic_int *)arg, 1);
}

/* lose_answers lets what the writer has sent take effect, `n` changes in all until now, but no answer come. */
static void
lose_answers(struct rig *rig, atomic_int *changes, int n)
{
    assert_ok(turn(&rig->ctx, 0));
    wait_for(changes, n);
    assert_ok(zobo_server_drop(rig->server, 0));
}

/* An answer that was lost is not taken for success where it was none. */
static void
an_echo_is_told_from_a_conflict(void **state)
{
    struct rig *rig = *state;
    zobo_client *client = rig->ctx.client, *other = zt_client(zobo_server_hosts(rig->server), 10000);
    zobo_create_options sequence = {.sequence = true};
    atomic_int changes = 0;
    zobo_watcher watcher = {.fn = count_event, .arg = &changes};
    zt_put(client, "/old", "same");
    zt_put(client, "/set", "zero");
    assert_ok(zobo_set(client, "/set", "one", 3, -1, NULL));
    assert_ok(zobo_add_watch(other, "/", ZOBO_PERSISTENT_RECURSIVE, &watcher));
    struct writer *writer = writer_open(&rig->ctx, &(struct writer_options){.keep_going = true});
    zobo_server_lose_replies(rig->server, 4);
    assert_true(writer_create(writer, "/old", "same", 4, NULL, NULL)); /* was there before: fails */
    assert_true(writer_set(writer, "/set", "one", 3, 0, NULL));        /* had that version long ago: fails */
    assert_true(writer_create(writer, "/new", "same", 4, NULL, NULL));
    assert_true(writer_set(writer, "/set", "two", 3, 1, NULL));
    lose_answers(rig, &changes, 2);
    assert_true(writer_flush(writer));
    assert_int_equal(writer_done(writer), 2);
    assert_int_equal(writer_failed(writer), 2);
    wait_for_connection(other);
    zobo_server_lose_replies(rig->server, 1);
    assert_true(writer_create(writer, "/s-", "", 0, &sequence, NULL)); /* what its name would be nobody knows */
    lose_answers(rig, &changes, 3);
    (void)writer_flush(writer);
    assert_int_equal(writer_failed(writer), 3);
    assert_int_equal(writer_close(writer), PARTIAL);
    zobo_stat stat;
    assert_ok(zobo_exists(client, "/set", NULL, &stat));
    assert_int_equal(stat.version, 2);
    zobo_close(other);
}

static void
expire(struct rig *rig, size_t told)
{
    zobo_client_id id;
    if (told == 700 && zobo_get_client_id(rig->ctx.client, &id) == ZOBO_OK)
        assert_ok(zobo_server_expire(rig->server, id.session_id));
}

static void
a_lost_session_ends_the_writing(void **state)
{
    struct rig *rig = *state;
    struct outcomes outcomes = {.disturb = expire, .version = -1};
    plan(rig, NODES);
    assert_int_equal(work(rig, "create", &outcomes), PARTIAL);
    assert_true(outcomes.told > 700 && outcomes.told < rig->n);
}

static void
a_signal_ends_the_writing(void **state)
{
    struct rig *rig = *state;
    struct writer *writer = writer_open(&rig->ctx, &(struct writer_options){0});
    uint64_t taken = 0;
    char path[40];
    do
        snprintf(path, sizeof path, "/n%llu", (unsigned long long)taken);
    while (writer_create(writer, path, "", 0, NULL, NULL) && (++taken != 1500 || raise(SIGTERM) == 0));
    (void)writer_flush(writer);
    assert_int_equal(writer_done(writer), taken); /* those under way were waited for */
    assert_int_equal(writer_close(writer), BY_SIGNAL + SIGTERM);
}

/* A scan that feeds a writer, as in cp and rm -r: one client works for both. */
static void
reading_and_writing_at_once(void **state)
{
    struct rig *rig = *state;
    plan_and_make(rig, NODES);
    struct scan *scan = scan_open(&rig->ctx, "/t", &forms[5]);
    struct writer *writer = writer_open(&rig->ctx, &(struct writer_options){0});
    struct scan_node node;
    size_t told = 0;
    while (scan_next(scan, &node)) {
        drop(rig, ++told);
        if (node.leaving)
            assert_true(writer_delete(writer, node.path, node.stat->version, NULL));
    }
    assert_int_equal(scan_close(scan), DONE);
    assert_int_equal(writer_close(writer), DONE);
    assert_err(zobo_exists(rig->ctx.client, "/t", NULL, NULL), ZOBO_ENONODE);
}

#define WITH_A_SERVER(test) cmocka_unit_test_setup_teardown(test, up, down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_SERVER(all_is_told_in_order),
        WITH_A_SERVER(all_is_told_however_little_may_be_held),
        WITH_A_SERVER(the_root_alone_and_the_root_of_all),
        WITH_A_SERVER(what_is_pruned_is_not_told),
        WITH_A_SERVER(what_vanishes_is_left_out),
        WITH_A_SERVER(a_root_that_is_not_there),
        WITH_A_SERVER(what_may_not_be_read_is_told),
        WITH_A_SERVER(a_scan_outlives_its_connections),
        WITH_A_SERVER(a_lost_session_ends_a_scan),
        WITH_A_SERVER(a_signal_ends_a_scan),
        WITH_A_SERVER(writes_are_carried_out_once),
        WITH_A_SERVER(an_error_ends_the_writing),
        WITH_A_SERVER(an_error_may_be_passed_over),
        WITH_A_SERVER(an_echo_is_told_from_a_conflict),
        WITH_A_SERVER(a_lost_session_ends_the_writing),
        WITH_A_SERVER(a_signal_ends_the_writing),
        WITH_A_SERVER(reading_and_writing_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
