/* SPDX-License-Identifier: Apache-2.0 */
/* Asking each server of an ensemble for itself, all at the same time, without a session: by four-letter words or by
 * AdminServer, whichever answers. */
#ifndef CLI_ENSEMBLE_H
#define CLI_ENSEMBLE_H

#include "frame/command.h"
#include "http.h"

/* What a server can be asked for, by either way. */
enum topic {
    TOPIC_SERVER,      /* srvr, server_stats */
    TOPIC_MONITOR,     /* mntr, monitor */
    TOPIC_CONNECTIONS, /* cons, connections */
    TOPIC_DUMP,        /* dump, dump */
    TOPIC_WATCHES,     /* wchc, watches */
    TOPIC_MEMBERS,     /* conf, voting_view */
    TOPIC_RAW,         /* e->word, or else e->command, which only one way knows */
    TOPIC_COUNT
};
#define TOPICS(t) (1U << (t))

/* The options that say how servers are asked. A table with them begins with ENSEMBLE_OPTS. */
enum { E_ADMIN, E_ALL, E_OWN };
#define ENSEMBLE_OPTS                                                                                                  \
    [E_ADMIN] = {0, "admin", OPT_TEXT, "LIST",                                                                         \
                 "ask AdminServer first: one port for all servers, or host:port of each, as in --hosts (ZOBO_ADMIN)"}, \
    [E_ALL] = {'a', "all", OPT_FLAG, NULL,                                                                             \
               "the servers that the ensemble's configuration names, instead of those of --hosts"}

#define ENSEMBLE_EXITS                                                                                                 \
    {                                                                                                                  \
        "6", "neither a four-letter word nor AdminServer is open to us; 8: at some of the servers"                     \
    }

struct server {
    char *name;  /* host:port, or unix:/path */
    char *admin; /* http://host:port, or NULL: there is no knowing */
    int64_t id;  /* in the ensemble's configuration; -1: not known */
};

struct ensemble {
    struct ctx *ctx;
    struct server *servers;
    size_t n;
    uint32_t ms;      /* what a server may take to answer one question */
    bool usual_place; /* nobody has said where the servers are */
    bool silent;      /* ensemble_tell and ensemble_odd print nothing: the screen is in use */
    bool admin_first;
    const char *word, *command; /* TOPIC_RAW's; must live as long */
    struct http http;
};

enum via { VIA_NOTHING, VIA_WORD, VIA_ADMIN };

/* What one server said to one topic. */
struct answer {
    bool asked;
    bool not_serving; /* the server runs, but has no quorum */
    enum via via;
    char *bytes; /* with a NUL behind; NULL with VIA_NOTHING */
    size_t len;
    int code;          /* VIA_NOTHING: an exit code, */
    zobo_err err;      /* the library's error if it is one, */
    char problem[800]; /* and why */
};

/* One server's answers. */
struct asked {
    const struct server *server;
    struct answer answers[TOPIC_COUNT];
};

/* ensemble_begin finds out which servers are meant: `hosts` (each a host string), or if there are none those of the
 * context; with E_ALL the ensemble's. Returns 0, or the exit code after telling; ensemble_end in either case. */
int ensemble_begin(struct ensemble *e, struct ctx *ctx, const struct args *in, char *const *hosts, size_t n);
void ensemble_end(struct ensemble *e);

/* How long a caller waits: until `fd` can be read. False: he does not want to wait any more. */
typedef bool ensemble_wait(void *arg, int fd);

/* ensemble_ask asks all servers the topics in question, at the same time, and waits until all have answered or failed.
 * `wait` NULL: for that alone. Returns one asked for each server, freed by asked_free; NULL when `wait` gave up. */
struct asked *ensemble_ask(struct ensemble *e, unsigned topics, ensemble_wait *wait, void *arg);
void asked_free(struct asked *asked, size_t n);

/* ensemble_tell tells of an answer that did not come, and returns its exit code. */
int ensemble_tell(const struct ensemble *e, const struct asked *asked, enum topic topic);

/* ensemble_odd tells of an answer that makes no sense. */
int ensemble_odd(const struct ensemble *e, const struct asked *asked, enum topic topic);

/* topic_word, topic_command: by what it is asked. */
const char *topic_word(enum topic topic);
const char *topic_command(enum topic topic);

/* --- one question (question.c), any thread ------------------------------------------------------------------------ */

/* ask_word sends a four-letter word, with --wait again while nobody is there; ask_admin an AdminServer's command. False:
 * out->problem tells why. */
bool ask_word(const struct ensemble *e, const struct server *server, const char *word, struct answer *out);
bool ask_admin(const struct ensemble *e, const struct server *server, const char *command, struct answer *out);

/* --- lists of servers (hosts.c) ----------------------------------------------------------------------------------- */

/* next_server cuts one server off the front of a host string: up to a comma, or to the chroot, which is the last.
 * NULL: there is none left. */
char *next_server(const char **hosts);

/* add_server adds one by its name, which it takes. */
void add_server(struct ensemble *e, char *name, int64_t id);

/* set_admins says where their AdminServers are: by a list as in --admin, or NULL: at port 8080 of each. 0, or the exit
 * code after telling what is wrong with the list. */
int set_admins(struct ensemble *e, const char *list);

/* free_servers forgets them. */
void free_servers(struct ensemble *e);

#endif
