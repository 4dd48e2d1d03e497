/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions of an ensemble: what each server tells of its connections, sessions and watches, joined. */
#ifndef CLI_SESSIONS_H
#define CLI_SESSIONS_H

#include "facts.h"

struct live {
    int64_t id;
    const struct connection *connection; /* NULL: the client is not connected at present */
    const struct server *server;         /* it is connected to; NULL then */
    int64_t timeout_ms;                  /* 0: not known */
    int64_t ephemerals, watches;         /* -1: not known */
};

/* A watch, or an ephemeral node. */
struct held_path {
    const char *path;
    int64_t session;
};

struct sessions {
    struct live *items; /* sorted by id */
    size_t n;
    bool has_ephemerals, has_watches;
    struct held_path *ephemerals, *watches; /* sorted by path */
    size_t n_ephemerals, n_watches;
    /* What they point into: for each server what it told. */
    size_t n_servers;
    struct connections *connections;
    struct dump *dumps;
    struct session_paths *watched;
};

/* sessions_read asks all servers; `topics` of TOPIC_CONNECTIONS, TOPIC_DUMP, TOPIC_WATCHES. Returns DONE, PARTIAL when
 * some did not answer, or another exit code when none did, after telling; in each case what was told is there.
 * sessions_free always. `wait` as for ensemble_ask; when it gives up, *gave_up is set. */
int sessions_read(struct ensemble *e, unsigned topics, struct sessions *out, ensemble_wait *wait, void *arg,
                  bool *gave_up);
void sessions_free(struct sessions *sessions);

/* sessions_find finds one; NULL when there is none of this id. */
const struct live *sessions_find(const struct sessions *sessions, int64_t id);

/* The options' and words' form of a session's id, "0x.." or without. */
bool read_session_id(const char *text, int64_t *id);

#endif
