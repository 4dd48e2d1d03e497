/* SPDX-License-Identifier: Apache-2.0 */
/* What the server tells about itself, and in which words: four-letter words, AdminServer's commands, metrics. All of it
 * is read from the engine on the loop thread. */
#ifndef ZS_FACTS_H
#define ZS_FACTS_H

#include "engine/engine.h"

/* What the engine does not know. Strings live as long as the server. */
typedef struct zs_about {
    zs_engine *engine;
    const char *version;  /* as "zookeeper.version" */
    const char *data_dir; /* "" in memory */
    const char *listen;   /* "127.0.0.1:2181" */
    const char *words;    /* the whitelist: "*", or names with commas */
    uint16_t port;
    uint32_t max_client_cnxns;
    zb_time started;
    zb_time now; /* of this turn of the loop */
    int64_t wall_ms;
} zs_about;

/* zs_words_answer appends the answer to a four-letter word of `self`. False: it is none that is known. A word that is
 * known but not in the whitelist is answered with ZooKeeper's refusal. */
bool zs_words_answer(const zs_about *about, zs_conn *self, const char *word, zs_bytes *out);

/* zs_admin_answer appends the JSON of one of AdminServer's commands, or with an empty name the page that lists them.
 * False: no such command (then the JSON says so). */
bool zs_admin_answer(const zs_about *about, const char *name, zs_bytes *out);

/* zs_metrics_answer appends the metrics in Prometheus' text format. */
void zs_metrics_answer(const zs_about *about, zs_bytes *out);

/* zs_add_text appends formatted text. */
void zs_add_text(zs_bytes *out, const char *fmt, ...) ZB_PRINTF(2, 3);

/* --- the facts of mntr --- */

typedef enum zs_fact_kind { ZS_FACT_GAUGE, ZS_FACT_COUNTER, ZS_FACT_REAL, ZS_FACT_TEXT } zs_fact_kind;

typedef struct zs_fact {
    const char *name; /* without "zk_" */
    zs_fact_kind kind;
    int64_t n;
    double real;
    const char *text;
} zs_fact;

enum { ZS_FACTS_MAX = 40 };
size_t zs_facts(const zs_about *about, zs_fact facts[ZS_FACTS_MAX]);

/* zs_environment tells name and value of what envi shows, in its order. */
void zs_environment(const zs_about *about, void (*put)(void *arg, const char *name, const char *value), void *arg);

/* Milliseconds: of all requests, and of a connection's. */
double zs_average_latency(const zs_stats *stats);
uint64_t zs_conn_average_latency(const zs_conn_info *info);

const char *zs_op_short_name(int32_t op); /* "GETD", as in cons */

#endif
