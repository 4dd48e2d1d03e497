/* SPDX-License-Identifier: Apache-2.0 */
/* An engine on a store in memory, and connections that are byte buffers: one thread, a clock of its own, batches
 * committed when the test says so. Frames are built and read with bytes.h, apart from the engine's codec. */
#ifndef ZT_ENGINE_H
#define ZT_ENGINE_H

#include "engine/engine.h"
#include "support/bytes.h"

typedef struct zt_engine {
    zs_engine *e;
    zs_store *store;
    zb_time now;
    int64_t wall_ms;
    uint64_t map_bytes; /* of the store; 0: its default */
    zs_engine_options options;
    zobo_problem why;
    unsigned long logged[5]; /* lines, by level */
    char log[1024];          /* the last line */
    bool show;
} zt_engine;

/* zt_engine_start: with the options in z->options as they are. dir NULL: in memory. Tests end when it fails. A store in
 * z->store is taken instead of a new one. zt_engine_stop closes either. */
void zt_engine_start(zt_engine *z, const char *dir);
void zt_engine_stop(zt_engine *z);
/* For cmocka: *state is a new engine in memory, and its end. */
int zt_engine_setup(void **state);
int zt_engine_teardown(void **state);
void zt_engine_advance(zt_engine *z, uint32_t ms); /* in the steps that the engine asks for, committing between them */
void zt_engine_commit(zt_engine *z);               /* takes, commits and publishes until there is nothing left */

/* A connection as its client sees it. */
typedef struct zt_link {
    zt_engine *z;
    zs_conn *c; /* NULL: closed */
    zt_buf in;  /* received, not looked at from `at` */
    size_t at;
    bool deaf;   /* takes nothing from the engine */
    zt_buf *fed; /* gets a copy of all that is fed; NULL: nobody wants it */
    int64_t session;
    uint8_t password[16];
    int32_t timeout_ms;
} zt_link;

void zt_link_open(zt_engine *z, zt_link *l, const char *ip);
void zt_link_close(zt_link *l);
void zt_link_pull(zt_link *l); /* takes the output; sees whether it is over */
bool zt_link_is_over(zt_link *l);

/* zt_link_feed puts bytes in as they are; zt_link_send a frame: the length is put before it, and `b` is freed. */
void zt_link_feed(zt_link *l, const void *p, size_t n);
void zt_link_send(zt_link *l, zt_buf *b);

/* Handshakes: session 0 for a new one. zt_link_shake sends it, zt_link_shaken commits and reads the answer; false: none
 * came, or none with a session. */
void zt_link_shake(zt_link *l, int64_t session, const uint8_t *password, int32_t timeout_ms, int64_t zxid, bool byte);
bool zt_link_shaken(zt_link *l, bool byte);
bool zt_link_join(zt_engine *z, zt_link *l, int32_t timeout_ms); /* opened, and with a session */

/* What came: one frame. */
typedef struct zt_frame {
    int32_t xid, err;
    int64_t zxid;
    zt_cursor body;
    size_t n; /* the frame's length */
} zt_frame;
bool zt_link_next(zt_link *l, zt_frame *f); /* false: no whole frame is there */

/* Requests. */
void zt_ask(zt_link *l, int32_t xid, int32_t op, zt_buf *body); /* body NULL: none; freed */
void zt_ask_path(zt_link *l, int32_t xid, int32_t op, const char *path);
void zt_ask_watch(zt_link *l, int32_t xid, int32_t op, const char *path, bool watch); /* exists, get.. */
void zt_ask_create(zt_link *l, int32_t xid, const char *path, const char *data, int32_t flags);
void zt_ask_set(zt_link *l, int32_t xid, const char *path, const char *data);
void zt_ask_delete(zt_link *l, int32_t xid, const char *path);

/* Checks of the next frame; they end the test. */
#define zt_expect(l, xid, err)         zt_expect_at(l, xid, err, __FILE__, __LINE__)
#define zt_expect_event(l, type, path) zt_expect_event_at(l, type, path, __FILE__, __LINE__)
/* zt_commit commits what was asked and expects the answer without an error. */
#define zt_commit(z, l, xid) (zt_engine_commit(z), (void)zt_expect(l, xid, 0))
#define zt_expect_nothing(l) zt_expect_nothing_at(l, __FILE__, __LINE__)
zt_frame zt_expect_at(zt_link *l, int32_t xid, int32_t err, const char *file, int line);
int64_t zt_expect_event_at(zt_link *l, int32_t type, const char *path, const char *file, int line); /* its zxid */
void zt_expect_nothing_at(zt_link *l, const char *file, int line);

#endif
