/* SPDX-License-Identifier: Apache-2.0 */
/* What peer.c (connections) and tiny.c (the tree) share. */
#ifndef ZT_PEER_IMPL_H
#define ZT_PEER_IMPL_H

#include <pthread.h>

#include "support/peer.h"

typedef struct zt_node {
    char *path;
    uint8_t *data;
    int32_t len; /* -1: null */
    zobo_stat stat;
    int32_t created; /* children ever created under it */
} zt_node;

typedef struct zt_sess {
    int64_t id;
    uint8_t password[16];
    int32_t timeout_ms;
} zt_sess;

typedef struct zt_watch {
    char *path;
    zb_watch_table table;
} zt_watch;

struct zt_conn {
    zt_peer *peer;
    zt_conn *next;
    size_t index;
    uint64_t accepted_ms;
    pthread_t thread;
    int fd;
    bool up;
    bool closed;    /* by the peer: no more sending */
    bool swallowed; /* a request, while the peer was mute; under peer->lock */
    int64_t session;
    pthread_mutex_t send_lock;
    uint8_t *in;
    size_t in_cap;
    char *path; /* of the frame handed out last */
    /* the tiny server's, under peer->tree */
    zt_watch *watches;
    size_t n_watches, cap_watches;
};

typedef struct zt_logged {
    int32_t op;
    char *path;
} zt_logged;

struct zt_peer {
    zt_peer_config config;
    int listener;
    int wake[2];
    char hosts[160];
    pthread_t acceptor;

    pthread_mutex_t lock; /* all of this */
    pthread_cond_t changed;
    bool stopping, refusing, muted, read_only;
    zt_conn *conns;
    size_t n_conns, n_up;
    long gates;
    zt_connect last_connect;
    zt_logged *log;
    size_t n_log, cap_log;
    char complaint[512];

    pthread_mutex_t tree; /* taken before send locks, never with `lock` held */
    zt_node *nodes;
    size_t n_nodes, cap_nodes;
    zt_sess *sessions;
    size_t n_sessions;
    int64_t zxid;
};

void zt_tiny_init(zt_peer *p);
void zt_tiny_free(zt_peer *p);
void zt_tiny_forget(zt_conn *c);                                           /* its watches */
bool zt_tiny_session(zt_peer *p, const zt_connect *request, zt_sess *out); /* false: no such session */
void zt_tiny_word(zt_conn *c, const char *word);

#endif
