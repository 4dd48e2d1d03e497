/* SPDX-License-Identifier: Apache-2.0 */
/* What servers answer, read by the command: as Apache's 3.8 has said it, and as nobody should. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ensemble/facts.h"
#include "ensemble/lines.h"
#include "ensemble/members.h"

#include "support/test.h" /* last: cmocka makes a macro of fail */

/* The command's own, which end the program when there is no memory, without all that they bring with them. */
static void *
checked(void *block)
{
    if (block == NULL)
        abort();
    return block;
}

void *
need_memory(size_t n, size_t size)
{
    return checked(calloc(n == 0 ? 1 : n, size));
}

void *
need_more(void *block, size_t n, size_t size)
{
    return checked(realloc(block, n * size));
}

char *
need_copy(const char *text)
{
    return checked(strdup(text));
}

/* load reads a recorded answer; ".json" is AdminServer's. */
static struct answer
load(const char *name)
{
    char path[500];
    snprintf(path, sizeof path, ZOBO_TESTS_DIR "/cli/unit/answers/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = calloc(1, 65536);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, 65535, file);
    fclose(file);
    assert_true(len > 0);
    return (struct answer){
        .asked = true, .via = strstr(name, ".json") != NULL ? VIA_ADMIN : VIA_WORD, .bytes = bytes, .len = len};
}

static struct answer
said(enum via via, const char *text)
{
    struct answer answer = {.asked = true, .via = via, .bytes = calloc(1, strlen(text) + 1), .len = strlen(text)};
    assert_non_null(answer.bytes);
    memcpy(answer.bytes, text, answer.len);
    return answer;
}

#define WORD(text)  said(VIA_WORD, text)
#define ADMIN(text) said(VIA_ADMIN, text)

/* --- as recorded --------------------------------------------------------------------------------------------------- */

static void
server_by_word(void **state)
{
    (void)state;
    struct answer answer = load("srvr3.txt");
    struct facts facts = {0};
    assert_true(parse_server(&answer, &facts));
    assert_string_equal(facts.version, "3.8.0");
    assert_string_equal(facts.mode, "leader");
    assert_int_equal(facts.n[FACT_MIN_LATENCY], 1);
    assert_int_equal(facts.n[FACT_AVG_LATENCY], 3429);
    assert_int_equal(facts.n[FACT_MAX_LATENCY], 6);
    assert_int_equal(facts.n[FACT_RECEIVED], 22);
    assert_int_equal(facts.n[FACT_SENT], 25);
    assert_int_equal(facts.n[FACT_CONNECTIONS], 2);
    assert_true(facts.n[FACT_ZXID] == 0x10000000a);
    assert_int_equal(facts.n[FACT_NODES], 12);
    assert_false(facts.known[FACT_WATCHES]);
    assert_int_equal(facts.n[FACT_READ_ONLY], 0);
    free(answer.bytes);
    answer = load("mntr3.txt");
    assert_true(parse_monitor(&answer, &facts));
    assert_int_equal(facts.n[FACT_EPHEMERALS], 6);
    assert_int_equal(facts.n[FACT_SYNCED_FOLLOWERS], 2);
    assert_int_equal(facts.n[FACT_SESSIONS], 3);
    assert_int_equal(facts.n[FACT_AVG_LATENCY], 3429);
    assert_true(facts.known[FACT_DATA_SIZE] && facts.known[FACT_LONGEST_SYNC] && facts.known[FACT_MAX_FILES]);
    free(answer.bytes);
    facts_free(&facts);
}

static void
server_by_admin(void **state)
{
    (void)state;
    struct answer answer = load("server_stats2.json");
    struct facts facts = {0};
    assert_true(parse_server(&answer, &facts));
    assert_string_equal(facts.version, "3.8.0");
    assert_string_equal(facts.mode, "follower");
    assert_true(facts.known[FACT_ZXID] && facts.known[FACT_NODES] && facts.known[FACT_SLOW_SYNCS]);
    assert_int_equal(facts.n[FACT_READ_ONLY], 0);
    free(answer.bytes);
    answer = load("monitor3.json");
    assert_true(parse_monitor(&answer, &facts));
    assert_string_equal(facts.mode, "leader");
    assert_int_equal(facts.n[FACT_EPHEMERALS], 6);
    assert_int_equal(facts.n[FACT_SYNCED_FOLLOWERS], 2);
    free(answer.bytes);
    facts_free(&facts);
}

static void
one_connection(const char *name)
{
    struct answer answer = load(name);
    struct connections connections = {0};
    assert_true(parse_connections(&answer, &connections));
    assert_true(connections.n >= 1); /* words tell of their own connection too */
    const struct connection *c = &connections.items[0];
    assert_string_equal(c->address, "127.0.0.1:40966");
    assert_true(c->session == 0x100021bf7f50000 && c->detailed);
    assert_string_equal(c->op, "GETD");
    assert_int_equal(c->received, 9);
    assert_int_equal(c->sent, 10);
    assert_int_equal(c->timeout_ms, 30000);
    assert_int_equal(c->avg_ms, 5);
    assert_int_equal(c->max_ms, 19);
    assert_true(c->since_ms == 1795370144314 && c->last_zxid == 0x100000004);
    for (size_t i = 1; i < connections.n; i++)
        assert_true(connections.items[i].session == 0);
    connections_free(&connections);
    free(answer.bytes);
}

static void
connections_either_way(void **state)
{
    (void)state;
    one_connection("cons1.txt");
    one_connection("connections1.json");
}

static void
one_dump(const char *name, size_t sessions, int64_t timeout_ms)
{
    struct answer answer = load(name);
    struct dump dump = {0};
    assert_true(parse_dump(&answer, &dump));
    assert_int_equal(dump.n, sessions);
    for (size_t i = 0; i < dump.n; i++)
        assert_int_equal(dump.sessions[i].timeout_ms, timeout_ms);
    assert_int_equal(dump.ephemerals.n, 6);
    size_t found = 0;
    for (size_t i = 0; i < dump.ephemerals.n; i++)
        found += dump.ephemerals.items[i].session == 0x200021bf9350000 &&
                 strcmp(dump.ephemerals.items[i].path, "/svc/sp ace1") == 0;
    assert_int_equal(found, 1);
    dump_free(&dump);
    free(answer.bytes);
}

static void
dumps_either_way(void **state)
{
    (void)state;
    one_dump("dump1.txt", 3, 30000); /* a follower's */
    one_dump("dump3.txt", 3, 0);     /* the leader's */
    one_dump("dump1.json", 0, 0);
    one_dump("dump3.json", 3, 0);
}

static void
watches_either_way(void **state)
{
    (void)state;
    const char *const names[] = {"wchc1.txt", "watches1.json"};
    for (size_t i = 0; i < 2; i++) {
        struct answer answer = load(names[i]);
        struct session_paths paths = {0};
        assert_true(parse_watches(&answer, &paths));
        assert_int_equal(paths.n, 2);
        assert_true(paths.items[1].session == 0x100021bf7f50000);
        assert_string_equal(paths.items[0].path, "/svc");
        assert_string_equal(paths.items[1].path, "/svc/none0");
        session_paths_free(&paths);
        free(answer.bytes);
    }
}

static void
members_either_way(void **state)
{
    (void)state;
    const char *const names[] = {"conf1.txt", "voting_view1.json"};
    struct members two[2] = {{0}};
    for (size_t i = 0; i < 2; i++) {
        struct answer answer = load(names[i]);
        assert_true(parse_members(&answer, &two[i]));
        assert_int_equal(two[i].n, 3);
        assert_string_equal(two[i].items[0].client, "127.0.0.1:23059");
        assert_string_equal(two[i].items[0].peers, "127.0.0.1:26947");
        assert_int_equal(two[i].items[2].id, 3);
        free(answer.bytes);
    }
    assert_true(two[0].version == 0x100000000 && two[1].version == -1);
    assert_true(same_members(&two[0], &two[1]));
    two[1].items[1].observer = true;
    assert_false(same_members(&two[0], &two[1]));
    members_free(&two[0]);
    members_free(&two[1]);
}

/* --- other shapes -------------------------------------------------------------------------------------------------- */

static void
member_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *client, *peers;
        bool observer;
    } cases[] = {{"server.1=zk1:2888:3888", NULL, "zk1:2888", false},
                 {"server.1=zk1:2888:3888:observer;2181", "zk1:2181", "zk1:2888", true},
                 {"server.1=zk1:2888:3888:participant;0.0.0.0:2181", "zk1:2181", "zk1:2888", false},
                 {"server.1=[::1]:2888:3888;[::]:2181", "[::1]:2181", "[::1]:2888", false},
                 {"server.1=zk1:2888:3888|zk1b:2889:3889;10.0.0.1:2181", "10.0.0.1:2181", "zk1:2888", false},
                 {"server.1 = zk1:2888:3888;2181 ", "zk1:2181", "zk1:2888", false},
                 {"server.1=zk1:2888:3888;99999", NULL, "zk1:2888", false},
                 {"server.1=;", NULL, NULL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct members members = {0};
        assert_true(parse_config(cases[i].line, strlen(cases[i].line), &members));
        assert_int_equal(members.n, 1);
        const struct member *m = &members.items[0];
        assert_int_equal(m->client == NULL, cases[i].client == NULL);
        if (m->client != NULL)
            assert_string_equal(m->client, cases[i].client);
        if (cases[i].peers != NULL)
            assert_string_equal(m->peers, cases[i].peers);
        assert_int_equal(m->observer, cases[i].observer);
        members_free(&members);
    }
}

static void
odd_connections(void **state)
{
    (void)state;
    struct answer answer =
        WORD(" /[0:0:0:0:0:0:0:1]:5[1](queued=3,recved=1,sent=2,sid=0xffffffffffffffff,lop=NA,est=x)\n"
             " unix:0[0](queued=0)\n /1.2.3.4:5[1](sid=0x1\n [0]()\nnonsense\n\n");
    struct connections connections = {0};
    assert_true(parse_connections(&answer, &connections));
    assert_int_equal(connections.n, 2);
    assert_string_equal(connections.items[0].address, "[0:0:0:0:0:0:0:1]:5");
    assert_true(connections.items[0].session == -1);
    assert_int_equal(connections.items[0].queued, 3);
    assert_string_equal(connections.items[0].op, "");
    assert_int_equal(connections.items[0].since_ms, 0);
    assert_string_equal(connections.items[1].address, "unix:0");
    connections_free(&connections);
    free(answer.bytes);
}

/* What is no answer is not taken for one: another program listens there, or a server of another kind. */
static void
no_answers(void **state)
{
    (void)state;
    struct answer odd[] = {WORD("HTTP/1.1 400 Bad Request\r\n\r\n"),
                           WORD("-ERR unknown command\r\n"),
                           ADMIN("{\"command\":\"x\",\"error\":\"no\"}"),
                           ADMIN("{}"),
                           ADMIN("[1]"),
                           ADMIN("{\"command\":"),
                           ADMIN("{\"command\":1,\"error\":null,\"server_stats\":[]}")};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct facts facts = {0};
        struct connections connections = {0};
        struct dump dump = {0};
        struct session_paths paths = {0};
        assert_false(parse_server(&odd[i], &facts));
        assert_false(parse_monitor(&odd[i], &facts));
        assert_false(parse_connections(&odd[i], &connections));
        assert_false(parse_dump(&odd[i], &dump));
        assert_false(parse_watches(&odd[i], &paths));
        facts_free(&facts);
        free(odd[i].bytes);
    }
    struct answer nothing = {.asked = true};
    struct facts facts = {0};
    assert_false(parse_server(&nothing, &facts));
}

static void
idle_servers(void **state)
{
    (void)state;
    struct answer none[] = {WORD("\n"), WORD("")};
    for (size_t i = 0; i < 2; i++) {
        struct connections connections = {0};
        struct session_paths paths = {0};
        assert_true(parse_connections(&none[i], &connections));
        assert_true(parse_watches(&none[i], &paths));
        assert_int_equal(connections.n + paths.n, 0);
        free(none[i].bytes);
    }
}

static void
lags(void **state)
{
    (void)state;
    assert_int_equal(zxid_lag(0x100000005, 0x100000009), 4);
    assert_int_equal(zxid_lag(0x100000009, 0x100000005), 0);
    assert_int_equal(zxid_lag(0x100000009, 0x200000003), 3);
    assert_int_equal(zxid_lag(0, 0x100000000), 0);
}

static void
numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t n;
    } cases[] = {{"12", true, 12},
                 {"-1", true, -1},
                 {"0xff", true, 255},
                 {"0xffffffffffffffff", true, -1},
                 {"0x", false, 0},
                 {"0x-1", false, 0},
                 {"", false, 0},
                 {" 1", false, 0},
                 {"1 ", false, 0},
                 {"9223372036854775808", false, 0},
                 {"0x10000000000000000", false, 0},
                 {"12a", false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t n = 0;
        bool good = span_int((struct span){cases[i].text, strlen(cases[i].text)}, &n);
        assert_int_equal(good, cases[i].good);
        if (good)
            assert_true(n == cases[i].n);
    }
}

/* --- mutations ----------------------------------------------------------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t
any(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

/* mutate makes bytes of `from`: cut off, changed, repeated, without a NUL behind, so that a sanitizer sees each step
 * too far. */
static struct answer
mutate(const struct answer *from)
{
    static const char odd[] = "\0\n\t:=,;[](){}\"\\/0x-9\xff";
    size_t len = any(4) == 0 ? any((uint32_t)from->len + 1) : from->len,
           twice = any(3) == 0 ? any((uint32_t)len + 1) : 0;
    struct answer out = {.asked = true, .via = from->via, .bytes = malloc(len + twice + 1), .len = len + twice};
    assert_non_null(out.bytes);
    memcpy(out.bytes, from->bytes, len);
    memcpy(out.bytes + len, from->bytes, twice);
    out.bytes = realloc(out.bytes, out.len == 0 ? 1 : out.len);
    for (uint32_t n = any(8); n > 0 && out.len > 0; n--)
        out.bytes[any((uint32_t)out.len)] = any(2) == 0 ? odd[any(sizeof odd - 1)] : (char)any(256);
    return out;
}

/* check_paths: what is read is whole, whatever was said. */
static void
check_paths(const struct session_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        assert_non_null(paths->items[i].path);
}

static void
read_all(const struct answer *answer)
{
    struct facts facts = {0};
    struct connections connections = {0};
    struct dump dump = {0};
    struct session_paths paths = {0};
    struct members members = {0};
    parse_server(answer, &facts);
    parse_monitor(answer, &facts);
    parse_connections(answer, &connections);
    parse_dump(answer, &dump);
    parse_watches(answer, &paths);
    parse_members(answer, &members);
    for (size_t i = 0; i < connections.n; i++)
        assert_true(strlen(connections.items[i].address) <= answer->len && strlen(connections.items[i].op) < 16);
    assert_true(connections.n <= answer->len && dump.n <= answer->len);
    check_paths(&paths);
    check_paths(&dump.ephemerals);
    members_free(&members);
    facts_free(&facts);
    connections_free(&connections);
    dump_free(&dump);
    session_paths_free(&paths);
}

static void
mutated(void **state)
{
    (void)state;
    static const char *const names[] = {"srvr3.txt",  "mntr3.txt",         "cons1.txt",     "dump1.txt",
                                        "dump3.txt",  "wchc1.txt",         "conf1.txt",     "server_stats2.json",
                                        "dump3.json", "connections1.json", "watches1.json", "voting_view1.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct answer answer = load(names[i]);
        for (int round = 0; round < 1500; round++) {
            struct answer other = mutate(&answer);
            read_all(&other);
            free(other.bytes);
        }
        free(answer.bytes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(server_by_word),
                                       cmocka_unit_test(server_by_admin),
                                       cmocka_unit_test(connections_either_way),
                                       cmocka_unit_test(dumps_either_way),
                                       cmocka_unit_test(watches_either_way),
                                       cmocka_unit_test(members_either_way),
                                       cmocka_unit_test(member_lines),
                                       cmocka_unit_test(odd_connections),
                                       cmocka_unit_test(no_answers),
                                       cmocka_unit_test(idle_servers),
                                       cmocka_unit_test(lags),
                                       cmocka_unit_test(numbers),
                                       cmocka_unit_test(mutated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
