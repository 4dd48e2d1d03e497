/* SPDX-License-Identifier: Apache-2.0 */
/* The differential test: one random stream of operations to two servers, their answers and events compared.
 *
 * The stream comes in rounds. A round is sent by one session: a burst of pipelined requests, something that ends its
 * connection, or a new connection; and it is over when every session has answered a barrier, so that what each of them
 * was told is the same in every run. Zxids are told from the first one on, sessions by their places; times are only
 * known to be times.
 *
 *   args.c  arguments, right and wrong      ops.c    requests made of them     rounds.c  rounds made of requests
 *   link.c  a side: its four connections    show.c   answers as lines          file.c    rounds written and read
 *   sides.c the servers                     main.c   the comparison, and what is known to differ */
#ifndef DIFF_H
#define DIFF_H

#include <stdio.h>

#include <zobo/types.h>

#include "base/rng.h"
#include "support/bytes.h"

enum {
    SESSIONS = 4,
    MAX_OPS = 40,
    BARRIER_XID = 0x60000000, /* requests' own xids stay below */
    ANSWER_MS = 20000,        /* a server that does not answer for so long is hung */
};

/* --- the stream --- */

typedef struct diff_op {
    int32_t xid, type;
    bool raw;     /* `frame` is all that is sent, not even with its length before it, and is not answered in its turn */
    int64_t zxid; /* not 0: at byte 8 of the frame goes the side's first zxid plus this, less 1 */
    zt_buf frame; /* header and body */
    int node;     /* which node of the pool it is about; -1: none */
    bool children;  /* whose answer's names are to be swept */
    char text[160]; /* for people */
} diff_op;

typedef enum diff_kind {
    ROUND_BURST,  /* requests, all answered */
    ROUND_FATAL,  /* the server closes the connection */
    ROUND_DROP,   /* we close it */
    ROUND_CONNECT /* a handshake, requests right behind it */
} diff_kind;

typedef enum diff_connect {
    CONNECT_NEW,
    CONNECT_RESUME,
    CONNECT_BAD_PASSWORD,
    CONNECT_UNKNOWN, /* a session that never was */
    CONNECT_AHEAD,   /* has seen a zxid that will come in some years */
    CONNECT_CUT      /* half a request, as long as its length says */
} diff_connect;

typedef struct diff_round {
    diff_kind kind;
    diff_connect connect;
    int session;
    int32_t timeout, protocol;
    int32_t password_n; /* bytes of password, -1: null */
    bool short_request; /* 44 bytes */
    size_t split;       /* bytes sent before a pause; 0: all at once */
    int n;
    diff_op ops[MAX_OPS];
} diff_round;

void round_clear(diff_round *round);

/* --- generating --- */

enum { POOL = 84, RECENT = 24, SWEPT = 400 };

/* What the generator knows of the servers: from answers of side 0, equal to those of side 1 until they differ. */
typedef struct diff_gen {
    zb_rng rng;
    int32_t next_xid;
    int64_t last_zxid; /* from the first one on */
    bool in_multi;
    bool connected[SESSIONS], alive[SESSIONS];
    int32_t version[POOL], aversion[POOL];
    char recent[RECENT][96]; /* names made by sequential creates */
    unsigned n_recent;
    char swept[SWEPT][96]; /* nodes to be deleted */
    int n_swept;
} diff_gen;

void gen_init(diff_gen *g, uint64_t seed);
void gen_round(diff_gen *g, diff_round *round);
void gen_stat(diff_gen *g, int node, const zobo_stat *stat);
void gen_created(diff_gen *g, const char *path, size_t len);
void gen_child(diff_gen *g, int node, const char *name, size_t len);

/* args.c: what requests are made of */
uint64_t below(diff_gen *g, uint64_t n);
bool chance(diff_gen *g, unsigned in_thousand);

typedef struct arg_path {
    const char *s; /* NULL: null */
    int node;
    bool guarded; /* may have an ACL that keeps people from reading: no exists with a watch, see main.c */
    int watches;  /* which kind it has: 3.8.0 knows one for a path only */
    char room[1200];
} arg_path;
enum { WATCHES_ONCE = -1, WATCHES_PERSISTENT = 0, WATCHES_RECURSIVE = 1 };
enum { PATH_ANY = 0, PATH_WRITE = 1, PATH_RECENT = 2 }; /* WRITE: none whose writing breaks ZooKeeper itself */
void arg_path_pick(diff_gen *g, arg_path *path, unsigned flags);
void arg_data(diff_gen *g, zt_buf *b, char *text, size_t size);
void arg_acl(diff_gen *g, zt_buf *b, bool guarded, char *text, size_t size);
int32_t arg_version(diff_gen *g, const int32_t *known, int node);
const char *pool_path(int node);
int pool_find(const char *path, size_t len);

/* ops.c */
diff_op *op_add(diff_gen *g, diff_round *round, int32_t type);
void op_any(diff_gen *g, diff_round *round);
void op_quota(diff_gen *g, diff_round *round); /* some requests */
void op_auth(diff_gen *g, diff_round *round);
void op_fatal(diff_gen *g, diff_round *round);
void op_delete(diff_gen *g, diff_round *round, const char *path);
void op_children(diff_gen *g, diff_round *round, int node);
void op_close(diff_gen *g, diff_round *round);
void multi_body(diff_gen *g, zt_buf *b, char *text, size_t size, bool read);

/* --- answers --- */

typedef struct diff_line {
    char *text;
    int32_t type, err; /* of an answer; type 0 for everything else */
} diff_line;

typedef struct diff_lines {
    diff_line *lines;
    size_t n, cap;
} diff_lines;

void lines_add(diff_lines *lines, int32_t type, int32_t err, char *text); /* takes text */
void lines_clear(diff_lines *lines);
void lines_sort(diff_lines *lines);

typedef struct diff_side diff_side;

/* show_answer adds the line of one answer; `learn`: NULL, or who is to know. */
void show_answer(diff_side *side, diff_lines *out, int session, const diff_op *op, const uint8_t *p, size_t n,
                 diff_gen *learn);
/* `missed`: setWatches is about to be answered, and tells what happened before it. */
void show_event(diff_side *side, diff_lines *out, int session, bool missed, const uint8_t *p, size_t n);

/* --- a side --- */

typedef struct diff_conn {
    int fd; /* -1: none */
    zt_buf in, out;
    size_t in_at, out_at;
    const diff_op *waiting[MAX_OPS + 1]; /* requests not answered, in their order */
    int n_waiting, next_waiting;
    bool handshake; /* its answer is still to come */
    bool awaits_end, awaits_barrier;
    size_t hold; /* so many bytes of `out` go first */
    int64_t last_zxid;
    int64_t session; /* 0: none */
    uint8_t password[16];
    diff_lines lines;
} diff_conn;

struct diff_side {
    const char *name;
    uint16_t port;
    int64_t first_zxid;
    int64_t started_ms;
    bool tells_event_zxid; /* 3.9 and later */
    bool embedded;
    void *server; /* sides.c's */
    diff_conn conns[SESSIONS];
};

/* sides_play sends a round to both and reads all answers. False: a server hangs, said in the lines. */
bool sides_play(diff_side sides[2], const diff_round *round, diff_gen *learn);
void side_reset(diff_side *side); /* as if it was never connected */

/* sides.c: which servers. "apache" and "apache:LINES" start Apache ZooKeeper (with more lines for zoo.cfg, separated by
 * \n), "embedded" and "embedded:skip_acl" the embedded server in this process, "PORT" is a server already there. */
bool side_start(diff_side *side, const char *spec);
void side_stop(diff_side *side);

/* --- files --- */

bool file_write(FILE *f, const diff_round *round);
int file_read(FILE *f, diff_round *round); /* 0: no more; -1: no round */

#endif
