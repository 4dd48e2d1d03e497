/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded server: ZooKeeper's client protocol from one small durable process, or from inside yours
 * (libzobo-server).
 *
 *     zobo_server *server;
 *     zobo_problem why;
 *     if (zobo_server_start(&server, NULL, &why))   // in memory, on a free port of 127.0.0.1
 *         ...                                        // why.text tells what is wrong
 *     zobo_new(&(zobo_options){.hosts = zobo_server_hosts(server)}, &client, &why) ...
 *     zobo_server_close(server);
 *
 * A single node for development, tests and one machine's own needs; any ZooKeeper client works on it. Every write that
 * was acknowledged is on disk (but in memory mode). It is no cluster: who outgrows it takes the data to Apache
 * ZooKeeper (zobo snapshot export). Build with `pkg-config --cflags --libs zobo-server`.
 *
 * Threads: a server has two of its own, and those of its HTTP. Every function may be called from any thread but these
 * (not from its log function), one server by several threads at a time, except zobo_server_close, which is the last
 * call. Calls that do something wait for one another; those that only ask (hosts, port, http_port) wait for nothing. */
#ifndef ZOBO_SERVER_H
#define ZOBO_SERVER_H

#include <zobo/client.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A server. */
typedef struct zobo_server zobo_server;

/* How a server is to be. Zero is the default for every field. Everything pointed to is copied. ZooKeeper's names of
 * zoo.cfg in brackets. */
typedef struct zobo_server_options {
    size_t size;           /* sizeof(zobo_server_options), or 0 */
    const char *data_dir;  /* where the data lies, made when missing; NULL: in memory, gone at close [dataDir] */
    const char *listen;    /* "host:port", "[v6]:port", ":port" for all addresses; port 0 takes a free one. NULL:
                              * 127.0.0.1:0. "": no TCP [clientPortAddress, clientPort] */
    const char *unix_path; /* a Unix socket as well; NULL: with data_dir DIR/zobo.sock, else none; "": none */
    uint32_t tick_ms;      /* 2000 [tickTime] */
    uint32_t min_session_timeout_ms; /* 2 ticks; in memory 100 ms [minSessionTimeout] */
    uint32_t max_session_timeout_ms; /* 20 ticks [maxSessionTimeout] */
    uint32_t max_client_cnxns;       /* connections from one address; 0: no limit [maxClientCnxns] */
    uint32_t max_request_bytes;      /* 1048575 [jute.maxbuffer] */
    const char *super_digest;        /* "super:base64(sha1(super:password))" may do anything
                                      * [DigestAuthenticationProvider.superDigest] */
    const char *words;               /* four-letter words that are answered: "ruok,srvr", "*" or NULL for all
                              * [4lw.commands.whitelist] */
    const char *http;        /* "host:port" for metrics and AdminServer's commands; NULL: none [admin.serverPort] */
    bool skip_acl;           /* [skipACL] */
    bool enforce_quota;      /* [enforceQuota] */
    bool no_sync;            /* do not wait for the disk: the last writes may be lost with the machine [forceSync=no] */
    bool accept_future_zxid; /* take clients that have seen more than this server's data holds (its directory is new).
                              * ZooKeeper refuses them, and they try for ever */
    uint64_t max_data_bytes; /* how large the data file may grow; 0: 1 TiB. Full: the server is read-only */
    uint32_t container_check_ms; /* how often containers and TTL nodes are looked after: 60000
                                  * [znode.container.checkIntervalMs] */
    zobo_log_fn *log;            /* NULL: silent. Called by the server's threads, two of them at once at times */
    void *log_arg;
    zobo_log_level log_level; /* 0: ZOBO_LOG_INFO */
} zobo_server_options;

/* zobo_server_start opens the data and begins to serve; returns when clients can connect.
 *
 * `options` NULL: all defaults. `*out` is to be closed with zobo_server_close. On an error `*out` is NULL and `why`
 * (may be NULL) names the thing and the cure: an address in use, a directory that cannot be written or that another
 * server uses, data of another version or damaged. Errors: ZOBO_EINVAL (`out` is NULL), ZOBO_EBADOPTION, ZOBO_EFILE,
 * ZOBO_ESYS, ZOBO_ENOMEM; ZOBO_ESYSTEM and ZOBO_EDATAINCONSISTENCY (the data cannot be read). */
ZOBO_MUST_CHECK zobo_err zobo_server_start(zobo_server **out, const zobo_server_options *options, zobo_problem *why);

/* zobo_server_hosts returns the host string for clients: "127.0.0.1:40123", or "unix:/path" without TCP.
 *
 * Lives as long as the server; stays the same over stop and start. */
const char *zobo_server_hosts(const zobo_server *server);

/* zobo_server_port returns the TCP port; 0: none. */
uint16_t zobo_server_port(const zobo_server *server);

/* zobo_server_http_port returns the port of HTTP; 0: none, or stopped. */
uint16_t zobo_server_http_port(const zobo_server *server);

/* zobo_server_stop ends serving as a machine's stop does: connections break, sessions and data stay (in memory, too).
 * Blocks until the last commit is on disk. ZOBO_EALREADY: it is stopped. */
ZOBO_MUST_CHECK zobo_err zobo_server_stop(zobo_server *server);

/* zobo_server_drain waits until no client is connected, and lets none in from that moment on; stop or close it then.
 *
 * Blocks, and other calls that do something with it. ZOBO_ETIMEDOUT: there still are clients after `timeout_ms`; they
 * are served as before, and new ones too. */
ZOBO_MUST_CHECK zobo_err zobo_server_drain(zobo_server *server, uint32_t timeout_ms);

/* zobo_server_restart serves again with the same data and addresses; on an error it stays stopped, and may be tried
 * again. Errors: ZOBO_EALREADY (it serves, drained or not), and those of zobo_server_start. */
ZOBO_MUST_CHECK zobo_err zobo_server_restart(zobo_server *server, zobo_problem *why);

/* zobo_server_close stops, and frees the server and, in memory mode, its data. NULL is fine. */
void zobo_server_close(zobo_server *server);

/* --- for those who test their programs ---
 *
 * A stopped server has no connections and no sessions to do something to. What is refused and delayed is so after a
 * restart, too; requests that were still to be lost or failed are forgotten by one with a data directory. */

/* zobo_server_expire ends a session as if its time were over. ZOBO_EUNKNOWNSESSION: there is none with this id. */
ZOBO_MUST_CHECK zobo_err zobo_server_expire(zobo_server *server, int64_t session_id);

/* zobo_server_drop closes the connection of a session, or with 0 all connections; the sessions live on.
 * ZOBO_EUNKNOWNSESSION: no connection of such a session. */
ZOBO_MUST_CHECK zobo_err zobo_server_drop(zobo_server *server, int64_t session_id);

/* zobo_server_refuse makes new connections be closed at once, until it is called with false. */
void zobo_server_refuse(zobo_server *server, bool on);

/* zobo_server_delay holds every answer and event back for so long; 0: no more. */
void zobo_server_delay(zobo_server *server, uint32_t delay_ms);

/* zobo_server_lose_replies carries out the next n requests but sends no answers. */
void zobo_server_lose_replies(zobo_server *server, uint32_t n);

/* zobo_server_fail_requests answers the next n requests with `err`, one of ZooKeeper's, and carries out none. */
void zobo_server_fail_requests(zobo_server *server, uint32_t n, zobo_err err);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
