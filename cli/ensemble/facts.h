/* SPDX-License-Identifier: Apache-2.0 */
/* What servers tell about themselves, their connections, sessions and watches, read from either kind of answer. All
 * readers are content with what they find and make nothing up: they return false when there is nothing in an answer
 * that belongs there, and skip what they do not understand. */
#ifndef CLI_FACTS_H
#define CLI_FACTS_H

#include "ensemble.h"

enum fact {
    FACT_ZXID,
    FACT_MIN_LATENCY, /* ms */
    FACT_AVG_LATENCY, /* us */
    FACT_MAX_LATENCY, /* ms */
    FACT_RECEIVED,    /* packets, since the start or the last reset */
    FACT_SENT,
    FACT_CONNECTIONS,
    FACT_OUTSTANDING,
    FACT_NODES,
    FACT_WATCHES,
    FACT_EPHEMERALS,
    FACT_DATA_SIZE,    /* bytes, about */
    FACT_SESSIONS,     /* of the whole ensemble */
    FACT_UPTIME,       /* ms */
    FACT_SLOW_SYNCS,   /* of the disk, that took longer than fsync.warningthresholdms */
    FACT_LONGEST_SYNC, /* ms, of the disk */
    FACT_OPEN_FILES,
    FACT_MAX_FILES,
    FACT_SYNCED_FOLLOWERS, /* a leader's */
    FACT_READ_ONLY,
    FACT_COUNT
};

struct facts {
    char *version; /* the number only; NULL: not told */
    char *mode;    /* leader, follower, observer, standalone, read-only; NULL: not told */
    bool known[FACT_COUNT];
    int64_t n[FACT_COUNT];
};

/* Both may be read into one, one after the other. facts_free in either case. */
bool parse_server(const struct answer *answer, struct facts *out);
bool parse_monitor(const struct answer *answer, struct facts *out);
void facts_free(struct facts *facts);

/* read_facts reads what a server said to TOPIC_SERVER and TOPIC_MONITOR. False: it said nothing of use. */
bool read_facts(const struct asked *asked, struct facts *out);

/* zxid_lag tells by how many changes one server is behind another: those of the last epoch, when they are in
 * different ones. */
int64_t zxid_lag(int64_t behind, int64_t ahead);

struct connection {
    char *address;   /* host:port of the client */
    int64_t session; /* 0: none, such as our own question */
    int64_t queued, received, sent;
    bool detailed;    /* what follows is told; not by `stat` */
    char op[16];      /* the last operation, "" for none: PING, GETD, ... */
    int64_t since_ms; /* 1970 */
    int64_t timeout_ms;
    int64_t last_zxid;
    int64_t min_ms, avg_ms, max_ms;
};

struct connections {
    struct connection *items;
    size_t n, room;
};

bool parse_connections(const struct answer *answer, struct connections *out);
void connections_free(struct connections *connections);

/* A path that has to do with a session: it owns it, it watches it. */
struct session_path {
    int64_t session;
    char *path;
};

struct session_paths {
    struct session_path *items;
    size_t n, room;
};

void add_session_path(struct session_paths *to, int64_t session, char *path);
void session_paths_free(struct session_paths *paths);

struct session {
    int64_t id;
    int64_t timeout_ms; /* 0: not told */
};

struct dump {
    struct session *sessions;
    size_t n, room;
    struct session_paths ephemerals;
};

bool parse_dump(const struct answer *answer, struct dump *out);
void dump_free(struct dump *dump);

bool parse_watches(const struct answer *answer, struct session_paths *out);

/* --- readers of one kind each, for those above -------------------------------------------------------------------- */

/* words.c */
bool words_server(const char *text, size_t len, struct facts *out);
bool words_monitor(const char *text, size_t len, struct facts *out);
bool words_connections(const char *text, size_t len, struct connections *out);
bool words_dump(const char *text, size_t len, struct dump *out);
bool words_watches(const char *text, size_t len, struct session_paths *out);

/* admin.c */
struct members;
bool admin_server(const char *text, size_t len, struct facts *out);
bool admin_monitor(const char *text, size_t len, struct facts *out);
bool admin_connections(const char *text, size_t len, struct connections *out);
bool admin_dump(const char *text, size_t len, struct dump *out);
bool admin_watches(const char *text, size_t len, struct session_paths *out);
bool admin_members(const char *text, size_t len, struct members *out);

/* facts.c, for both */
void set_fact(struct facts *facts, enum fact fact, int64_t n);
void set_text(char **to, const char *text, size_t len);
void set_version(struct facts *facts, const char *text, size_t len);
struct connection *add_connection(struct connections *to);
void add_session(struct dump *to, int64_t id, int64_t timeout_ms);

/* monitor_fact finds the fact that `name` is called by in mntr, without "zk_", and in monitor; FACT_COUNT: none. */
enum fact monitor_fact(const char *name, size_t len);

#endif
