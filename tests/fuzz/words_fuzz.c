/* SPDX-License-Identifier: Apache-2.0 */
/* The first bytes of a connection, with the server's four-letter words behind the engine; and the names of
 * AdminServer's commands. One server for all inputs: it has a session with a watch and an ephemeral, so that lists are
 * not empty. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "server/facts.h"
#include "support/engine.h"
#include "wire/op.h"

static zt_engine engine;
static zt_link other;
static zs_about about;

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static bool
answer(void *arg, zs_conn *conn, const char *word, zs_bytes *out)
{
    (void)arg;
    size_t before = out->n;
    bool known = zs_words_answer(&about, conn, word, out);
    must(known || out->n == before);
    return known;
}

static void
begin(void)
{
    static const char words[] = "conf cons crst dump envi gtmk hash isro mntr ruok srst srvr stat stmk wchc wchp wchs";
    engine.options.word = answer;
    zt_engine_start(&engine, NULL);
    about = (zs_about){.engine = engine.e,
                       .version = "3.9.3-test, built on 01/01/2026 00:00 GMT",
                       .data_dir = "",
                       .listen = "127.0.0.1:2181",
                       .words = words,
                       .port = 2181};
    must(zt_link_join(&engine, &other, 40000));
    zt_ask_create(&other, 1, "/an \"odd\\ \xc3\xa9 name", "x", 1);
    zt_ask_watch(&other, 2, ZB_OP_GET_DATA, "/zookeeper", true);
    zt_engine_commit(&engine);
    zt_link_pull(&other);
}

/* The session of `other` lives on; those that inputs begin end in time. */
static void
tick(void)
{
    zt_ask(&other, -2, ZB_OP_PING, NULL);
    zt_engine_advance(&engine, 500);
    zt_link_pull(&other);
    must(!zt_link_is_over(&other));
    other.in.n = other.at = 0;
    about.now = engine.now;
    about.wall_ms = engine.wall_ms;
}

static void
converse(const uint8_t *data, size_t size)
{
    zt_link link;
    zt_link_open(&engine, &link, "127.0.0.1");
    size_t first = data[0] % (size + 1);
    zt_link_feed(&link, data, first);
    zt_engine_commit(&engine);
    zt_link_pull(&link);
    if (link.c)
        zt_link_feed(&link, data + first, size - first);
    zt_engine_commit(&engine);
    if (link.c)
        zs_conn_end_of_input(link.c);
    zt_engine_commit(&engine);
    zt_link_pull(&link);
    if (size >= 4 && memcmp(data, "ruok", 4) == 0)
        must(link.in.n == 4 && memcmp(link.in.p, "imok", 4) == 0 && zt_link_is_over(&link));
    zt_link_close(&link);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { NAME = 64 };
    if (!engine.e)
        begin();
    if (size == 0)
        return 0;
    tick();
    converse(data, size);
    char name[NAME];
    size_t n = size < NAME ? size : NAME - 1;
    memcpy(name, data, n);
    name[n] = '\0';
    zs_bytes out = {0};
    (void)zs_admin_answer(&about, name, &out);
    must(out.n > 0 && !out.failed && out.p[out.n - 1] == '\n');
    zs_bytes_free(&out);
    return 0;
}
