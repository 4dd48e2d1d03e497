/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted ZooKeeper server on a real socket.
 *
 * Left alone it is a tiny server (tiny.c): one tree in memory that answers the handshake, pings and every operation
 * plausibly. A test overrides only what it tests:
 *
 *   handler   sees each request before the tiny server does, and may answer it otherwise, or not at all;
 *   script    replaces the whole conversation of a connection: EXPECT, SEND, CLOSE, STALL as calls, in a thread of its
 *             own for each connection.
 *
 *     static void script(zt_conn *c, void *arg)
 *     {
 *         zt_frame f;
 *         if (zt_accept_session(c) && zt_expect(c, ZB_OP_GET_DATA, "/a", &f))
 *             zt_reply(c, f.xid + 1, 1, 0, NULL);          // wrong xid
 *     }                                                    // returning closes the connection
 *
 * What goes wrong on the peer's side (an unexpected or malformed request) is kept, and fails the test in zt_peer_stop.
 * */
#ifndef ZT_PEER_H
#define ZT_PEER_H

#include "support/bytes.h"
#include "wire/op.h"

typedef struct zt_peer zt_peer;
typedef struct zt_conn zt_conn;

/* A request. Valid until the connection's next one is read. */
typedef struct zt_frame {
    int32_t xid, op;
    const uint8_t *body; /* after the header */
    size_t len;
    const char *path; /* of operations that begin with one; else NULL */
} zt_frame;

/* A ConnectRequest. */
typedef struct zt_connect {
    size_t len; /* 44 or 45 */
    int32_t protocol_version;
    int64_t last_zxid_seen;
    int32_t timeout_ms;
    int64_t session_id;
    uint8_t password[16];
    size_t password_len;
    bool read_only;
} zt_connect;

typedef void zt_script(zt_conn *c, void *arg);
typedef bool zt_handler(zt_conn *c, const zt_frame *f, void *arg); /* true: dealt with */

typedef struct zt_peer_config {
    const char *unix_path; /* NULL: TCP, 127.0.0.1, a free port */
    zt_script *script;     /* NULL: zt_serve */
    zt_handler *handler;
    void *arg;                 /* for both */
    uint32_t timeout_ms;       /* session timeout granted; 0: what was asked for */
    bool read_only;            /* says so in the handshake; writes are -119 */
    bool short_handshake;      /* 36 bytes: without the read-only byte */
    size_t handshake_password; /* length of the password in the handshake, if not 0 */
    bool malformed_is_fine;    /* do not hold an unreadable request against the test */
} zt_peer_config;

zt_peer *zt_peer_start(const zt_peer_config *config); /* NULL: all defaults */
void zt_peer_stop(zt_peer *p);                        /* ends all; fails the test if the peer has a complaint */

const char *zt_peer_hosts(const zt_peer *p); /* "127.0.0.1:port" or "unix:/path" */

/* --- from the test's thread ------------------------------------------------------------------------------------- */

size_t zt_peer_connections(zt_peer *p);                 /* accepted so far */
uint64_t zt_peer_accepted_ms(zt_peer *p, size_t index); /* when, by zt_now_ms */
size_t zt_peer_sessions_up(zt_peer *p);                 /* handshakes answered so far */
size_t zt_peer_count(zt_peer *p, int32_t op);           /* requests of this kind received so far */
size_t zt_peer_count_path(zt_peer *p, int32_t op, const char *path);
zt_connect zt_peer_last_connect(zt_peer *p); /* the last ConnectRequest received */
size_t zt_peer_node_count(zt_peer *p);       /* nodes in the tree, the root included */
bool zt_peer_has_node(zt_peer *p, const char *path);

void zt_peer_cut(zt_peer *p);             /* every connection there is, now */
void zt_peer_refuse(zt_peer *p, bool on); /* accept, then close at once */
void zt_peer_expire(zt_peer *p);          /* forget all sessions and their ephemeral nodes */
/* Mute: read, but answer nothing (pings neither), in zt_serve. A connection on which something was swallowed ends when
 * that is over: no server answers pings and leaves out requests that came before, and a caller without a deadline would
 * wait for ever. */
void zt_peer_mute(zt_peer *p, bool on);
void zt_peer_set_read_only(zt_peer *p, bool on);
void zt_peer_release(zt_peer *p); /* lets one zt_stall go on */
void zt_peer_change(zt_peer *p, const char *path,
                    const char *data); /* as another client: creates, sets; NULL: deletes */

/* --- in scripts and handlers -------------------------------------------------------------------------------------- */

size_t zt_conn_index(const zt_conn *c); /* 0 for the first connection accepted */
zt_peer *zt_conn_peer(const zt_conn *c);

bool zt_read_connect(zt_conn *c, zt_connect *out);
bool zt_answer_connect(zt_conn *c, const zt_connect *request); /* as the tiny server: resumes or makes a session */
bool zt_accept_session(zt_conn *c);                            /* both */
bool zt_read_frame(zt_conn *c, zt_frame *out);                 /* false: the connection is over */
bool zt_expect(zt_conn *c, int32_t op, const char *path, zt_frame *out); /* answers pings on the way */
void zt_serve_one(zt_conn *c, const zt_frame *f);
void zt_serve(zt_conn *c); /* to the connection's end, the handshake too if it has not been */

bool zt_send(zt_conn *c, const void *p, size_t n);
bool zt_send_slowly(zt_conn *c, const void *p, size_t n, size_t piece, unsigned pause_ms);
void zt_put_reply(zt_buf *b, int32_t xid, int64_t zxid, int32_t err, const zt_buf *body); /* a whole frame */
bool zt_reply(zt_conn *c, int32_t xid, int64_t zxid, int32_t err, const zt_buf *body);    /* body may be NULL */
bool zt_send_event(zt_conn *c, int32_t type, const char *path);
void zt_close(zt_conn *c);
void zt_reset(zt_conn *c);
bool zt_await_close(zt_conn *c); /* reads and drops until the client closes */
bool zt_stall(zt_conn *c);       /* does nothing until zt_peer_release; false: the peer is being stopped */
int64_t zt_zxid(zt_conn *c);
void zt_complain(zt_conn *c, const char *format, ...) ZB_PRINTF(2, 3); /* the test will fail */

extern _Thread_local bool zt_on_peer_thread; /* for tests that count their process's system calls */

#endif
