/* SPDX-License-Identifier: Apache-2.0 */
/* A client: its options, its life, its state. kazoo's KazooClient. */
#ifndef ZOBO_CLIENT_H
#define ZOBO_CLIENT_H

#include <zobo/retry.h>
#include <zobo/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* A session that can be resumed: its id and its password. The password is a secret. */
typedef struct zobo_client_id {
    int64_t session_id;
    uint8_t password[16];
} zobo_client_id;

/* A credential, sent on each connection before anything else. */
typedef struct zobo_auth {
    const char *scheme;     /* "digest", ... */
    const void *credential; /* digest: "user:password" */
    size_t credential_len;
} zobo_auth;

/* How much is logged: a level, and all above it. */
typedef enum zobo_log_level {
    ZOBO_LOG_ERROR = 1, /* something the user must see to */
    ZOBO_LOG_WARN,      /* lost connections, refusing servers, names that do not resolve */
    ZOBO_LOG_INFO,      /* connects, sessions, state */
    ZOBO_LOG_DEBUG      /* each step of connecting; never data, credentials or session passwords */
} zobo_log_level;

/* Called with one finished line, no newline at its end. May come from any thread, with internal locks held: it must
 * not call zobo. */
typedef void zobo_log_fn(void *arg, zobo_log_level level, const char *line);

/* zobo_log_stderr is a zobo_log_fn that writes "zobo LEVEL line" to stderr; `arg` is not used. */
void zobo_log_stderr(void *arg, zobo_log_level level, const char *line);

/* What a client is made from. Zero everywhere but in `hosts` is a good client. Everything pointed to is
 * copied. Durations are milliseconds. */
typedef struct zobo_options {
    size_t size; /* sizeof(zobo_options), or 0: see types.h */

    /* "h1:2181,h2,[::1]:2183/chroot". The default port is 2181; a name may have several addresses. "unix:/path" is a
     * Unix socket, "unix:/path:/chroot" one with a chroot. NULL: "127.0.0.1:2181". */
    const char *hosts;
    uint32_t timeout_ms; /* the session timeout asked for; 0: 10000. The server may give another: see zobo_timeout_ms */
    const zobo_client_id *client_id; /* resume this session; NULL: a new one. See zobo_start */
    bool event_loop; /* no threads: the program's loop calls zobo_process when zobo_fd is readable. See zobo_fd. (Names
                      * that must be looked up and four-letter words take a short-lived helper thread even so.) */

    const zobo_acl_list *default_acl; /* for nodes created without an ACL of their own; NULL: zobo_open_acl() */
    const zobo_auth *auth;            /* credentials (kazoo: auth_data) */
    size_t n_auth;
    bool read_only;     /* be content with a server that only reads, and go on looking for one that writes */
    bool ordered_hosts; /* try the servers in the order given instead of shuffled (kazoo: randomize_hosts=False) */
    bool keepalive;     /* turn TCP keepalive on */

    const zobo_retry_policy *connection_retry; /* waits between rounds over all servers; the first round is immediate.
                                                * max_tries limits the rounds that fail in a row, after which the
                                                * client is LOST and stopped. NULL: no limit, at most 5 s apart */
    const zobo_retry_policy *command_retry;    /* the default of zobo_retry. NULL: the defaults of the policy */
    uint32_t start_rounds; /* how many of these rounds may fail after a start, before the first connection: then the
                            * client is LOST and stopped, as above. 0: as connection_retry says */
    uint32_t connect_timeout_ms; /* per server, handshake included; 0: the session's timeout (timeout_ms, or what was
                                  * granted if that is less) divided by the number of servers, by two if there is one,
                                  * at least 1000 */

    uint32_t request_timeout_ms; /* default deadline of each verb, however many requests it is made of;
                                  * ZOBO_EOPERATIONTIMEOUT (sent) or ZOBO_ENOCONNECTION (not sent) after it. 0: none; a
                                  * dead server is still found out by the session's heartbeat */
    uint32_t queue_timeout_ms;   /* how long a request may wait for a connection; 0: timeout_ms */

    uint32_t lost_after_percent; /* declare LOST when nothing was heard for so much of the session timeout, for by then
                                  * the server must have ended the session. 0: 133; ZOBO_NEVER: only a server says so */
    uint32_t stop_timeout_ms;    /* how long zobo_stop waits for answers and for the server; 0: the session timeout */
    bool stay_lost;              /* after expiry do not open a new session: the client is stopped, LOST */

    /* What the twins may pile up (a blocking verb waits for its answer in any case): */
    uint32_t max_in_flight;     /* requests sent or queued and not answered; 0: 100000 */
    size_t max_queued_bytes;    /* bytes of requests not yet written; 0: 64 MiB */
    bool fail_when_full;        /* beyond these: ZOBO_EQUEUEFULL. false: the submitting call waits for room (inline
                                  * callbacks and event-loop clients never wait: they get ZOBO_EQUEUEFULL) */
    uint32_t max_request_bytes; /* longer requests are refused with ZOBO_ETOOBIG, because a server closes the
                                  * connection on them; 0: 1048575, ZooKeeper's jute.maxbuffer */
    uint32_t max_reply_bytes;   /* longer frames end the connection; 0: 128 MiB */

    zobo_log_fn *log; /* NULL: silent */
    void *log_arg;
    zobo_log_level log_level; /* 0: ZOBO_LOG_INFO */
} zobo_options;

/* For lost_after_percent: only a server's word ends the session. */
#define ZOBO_NEVER 0xffffffffU

/* zobo_new makes a client from `options` (NULL: all defaults). Nothing connects before zobo_start.
 *
 * On ZOBO_OK `*out` is owned by the caller (zobo_close); on error it is NULL and `why` (may be NULL) tells what is
 * wrong. Errors: ZOBO_EBADHOSTS, ZOBO_EBADOPTION (also when bytes past the fields this library knows are not zero),
 * ZOBO_ENOMEM, ZOBO_ESYS. Any thread. Source: kazoo KazooClient(). */
ZOBO_MUST_CHECK zobo_err zobo_new(const zobo_options *options, zobo_client **out, zobo_problem *why);

/* zobo_start connects and waits until the session is up, at most `timeout_ms` (0: 15000).
 *
 * When it fails the client is stopped again, and `why` (may be NULL) names each server that was tried and what came
 * of it. Errors: ZOBO_ENOCONNECTION (none of the servers), ZOBO_EAUTHFAILED (credentials of the options refused),
 * ZOBO_ESESSIONEXPIRED (options.client_id names a session that is over: nothing is opened in its place; start again
 * for a new one; after ZOBO_ENOCONNECTION the next start tries for the same), ZOBO_EALREADY (started), ZOBO_ENOMEM,
 * ZOBO_ESYS, ZOBO_EFORKED, ZOBO_EWOULDBLOCK (inline callback).
 * In event-loop mode it blocks and does the work itself. Any thread. Source: kazoo start. */
ZOBO_MUST_CHECK zobo_err zobo_start(zobo_client *client, uint32_t timeout_ms, zobo_problem *why);

/* zobo_start_async begins to connect and returns; listeners tell how it goes.
 *
 * Errors: ZOBO_EALREADY, ZOBO_ENOMEM, ZOBO_ESYS, ZOBO_EFORKED. Any thread, any callback. Source: kazoo start_async. */
ZOBO_MUST_CHECK zobo_err zobo_start_async(zobo_client *client);

/* zobo_wait_connected waits until the client is connected, at most `timeout_ms` (0: without limit).
 *
 * For after zobo_start_async, or in the middle of an outage. Errors: ZOBO_ETIMEDOUT, ZOBO_ENOTSTARTED (the client is
 * stopped, or stops meanwhile: see zobo_get_problem), ZOBO_EFORKED, ZOBO_EWOULDBLOCK (inline callback). Any thread. */
ZOBO_MUST_CHECK zobo_err zobo_wait_connected(zobo_client *client, uint32_t timeout_ms);

/* zobo_stop sends what is queued, ends the session (its ephemeral nodes go) and disconnects.
 *
 * Waits at most options.stop_timeout_ms for the server; without a connection the session is left to expire. Requests
 * still unanswered complete with ZOBO_ECONNECTIONLOSS, those never sent with ZOBO_ESTOPPED. Listeners are told LOST;
 * watchers get their last event. The client may be started again, with a new session. Stopping a stopped client is
 * ZOBO_OK. On the callback thread it works too. Errors: ZOBO_EFORKED, ZOBO_EWOULDBLOCK (inline callback). Any thread.
 * Source: kazoo stop. */
ZOBO_MUST_CHECK zobo_err zobo_stop(zobo_client *client);

/* zobo_detach is zobo_stop without ending the session: whoever has its zobo_client_id can resume it within its
 * timeout, ephemeral nodes intact.
 *
 * Save the id (zobo_client_id_save) before. Errors, threads: as zobo_stop; ZOBO_ENOTSTARTED when there is no session.
 * */
ZOBO_MUST_CHECK zobo_err zobo_detach(zobo_client *client);

/* zobo_restart is zobo_stop and zobo_start(client, 0, why). Source: kazoo restart. */
ZOBO_MUST_CHECK zobo_err zobo_restart(zobo_client *client, zobo_problem *why);

/* zobo_close stops the client if it runs and frees it. NULL is ignored.
 *
 * After it returns no callback runs. In a callback it takes effect when the callback has returned. In a forked
 * child it closes the child's descriptors, frees what no thread of the parent was busy with at the fork, and leaves the
 * parent's session alone. Recipes of the client must have been freed before; no other call may use the client during
 * or after it; calls not yet freed (zobo_call) may still be freed. Source: kazoo close. */
void zobo_close(zobo_client *client);

/* zobo_get_state returns the client's state. Any thread, any callback; takes no lock. Source: kazoo state. */
zobo_state zobo_get_state(const zobo_client *client);

/* zobo_connected tells whether the state is ZOBO_CONNECTED or ZOBO_CONNECTED_RO. Any thread, any callback; takes no
 * lock. Source: kazoo connected. */
bool zobo_connected(const zobo_client *client);

/* zobo_get_problem tells why the client is not connected: the reason for SUSPENDED or LOST, and while it is connecting
 * what came of each server. out->err is ZOBO_OK and out->text empty when it is connected.
 *
 * Any thread, any callback. */
void zobo_get_problem(const zobo_client *client, zobo_problem *out);

/* Told of each change of state: see zobo_add_listener. */
typedef void zobo_listener_fn(void *arg, zobo_state state);

/* zobo_add_listener has `fn(arg, state)` called on the callback thread (event loop: in zobo_process) at each change of
 * state from now on. The same pair given twice is called once. A listener may call anything, blocking verbs included.
 *
 * Errors: ZOBO_EINVAL (fn NULL), ZOBO_ENOMEM. Any thread, any callback. Source: kazoo add_listener. */
ZOBO_MUST_CHECK zobo_err zobo_add_listener(zobo_client *client, zobo_listener_fn *fn, void *arg);

/* zobo_remove_listener undoes zobo_add_listener; a pair that is not there is ignored.
 *
 * When it returns the listener is not running and will not run again; called from that listener itself, it will not
 * run again. Any thread but inline callbacks. Source: kazoo remove_listener. */
void zobo_remove_listener(zobo_client *client, zobo_listener_fn *fn, void *arg);

/* zobo_get_client_id copies the session's id and password to `*out`.
 *
 * Errors: ZOBO_ENOTSTARTED (no session). Any thread, any callback. Source: kazoo client_id. */
ZOBO_MUST_CHECK zobo_err zobo_get_client_id(const zobo_client *client, zobo_client_id *out);

/* zobo_client_id_save writes `id` to `path`: readable by the owner only, replaced in one step, on disk when it returns.
 *
 * Errors: ZOBO_EFILE, with `why` (may be NULL) naming the file and the reason; ZOBO_EINVAL (no path, no id);
 * ZOBO_ENOMEM. An existing file is then unchanged, unless the disk failed at the very last step. Any thread. */
ZOBO_MUST_CHECK zobo_err zobo_client_id_save(const char *path, const zobo_client_id *id, zobo_problem *why);

/* zobo_client_id_load reads what zobo_client_id_save wrote.
 *
 * Errors: ZOBO_EFILE, with `why` (may be NULL): no such file, readable by others, damaged; ZOBO_EINVAL (no path). On
 * error `*out` is all zero. Any thread. */
ZOBO_MUST_CHECK zobo_err zobo_client_id_load(const char *path, zobo_client_id *out, zobo_problem *why);

/* zobo_last_zxid returns the highest zxid this session has seen, 0 for none. Any thread. Source: kazoo last_zxid. */
int64_t zobo_last_zxid(const zobo_client *client);

/* zobo_timeout_ms returns the session timeout the server granted, 0 without a session. Any thread. */
uint32_t zobo_timeout_ms(const zobo_client *client);

/* zobo_get_hosts writes the host string in use (chroot included) to `buf`: after zobo_set_hosts still the old one,
 * until the next connection is begun.
 *
 * Returns the length without the NUL, which may be more than fits in `size`. Any thread. Source: kazoo hosts. */
size_t zobo_get_hosts(const zobo_client *client, char *buf, size_t size);

/* zobo_set_hosts replaces the list of servers, for the next time a connection is made; a live one is not disturbed.
 *
 * `hosts` is as in zobo_options and must have the same chroot. Errors: ZOBO_EBADHOSTS (why, if not NULL, tells the
 * reason), ZOBO_ENOMEM. Any thread, any callback. Source: kazoo set_hosts. */
ZOBO_MUST_CHECK zobo_err zobo_set_hosts(zobo_client *client, const char *hosts, zobo_problem *why);

/* zobo_connected_host writes the server in use as "host:port" or "unix:/path" to `buf`, "" without a connection.
 *
 * Returns the length without the NUL, which may be more than fits in `size`. Any thread. */
size_t zobo_connected_host(const zobo_client *client, char *buf, size_t size);

/* zobo_chroot returns the client's chroot, "" for none. Valid as long as the client. Any thread. Source: kazoo chroot.
 * */
const char *zobo_chroot(const zobo_client *client);

/* zobo_fd returns a descriptor that is readable when zobo_process has something to do: for poll, epoll, libuv,
 * libevent, glib. It stays the same for the client's life and holds the timers too. -1 unless options.event_loop. Any
 * thread. */
int zobo_fd(const zobo_client *client);

/* zobo_process does all that can be done without waiting: reads, writes, heartbeats, callbacks.
 *
 * Call it when zobo_fd is readable (level-triggered), from one thread at a time. Other threads may submit calls
 * meanwhile. Errors: ZOBO_EINVAL (not an event-loop client), ZOBO_EALREADY (called from within itself), ZOBO_EFORKED.
 * */
ZOBO_MUST_CHECK zobo_err zobo_process(zobo_client *client);

/* zobo_interrupt makes blocking calls end that are under way or begin from now on, until it is called with `on` false:
 * for a signal handler, which it may be called from.
 *
 * A verb, or a wait for a call, cancels its call as zobo_call_cancel does, and tells its error: ZOBO_ECANCELLED when
 * nothing was sent, else ZOBO_EABANDONED. zobo_start and zobo_wait_connected give up (ZOBO_ENOCONNECTION,
 * ZOBO_EINTERRUPTED). zobo_stop and zobo_close are not disturbed. For event-loop clients only, others ignore it. Any
 * thread, any callback, any signal handler; not while zobo_close runs. */
void zobo_interrupt(zobo_client *client, bool on);

/* What a client has done since zobo_new. Latencies are of completed requests: bucket i counts those that took less
 * than 2^i microseconds (and not less than 2^(i-1)). */
typedef struct zobo_counters {
    size_t size; /* sizeof(zobo_counters), or 0; set by the caller */
    uint64_t requests;
    uint64_t replies;
    uint64_t errors; /* replies with an error, and requests that failed here */
    uint64_t events;
    uint64_t bytes_out;
    uint64_t bytes_in;
    uint64_t connects;   /* sessions brought up on a server */
    uint64_t reconnects; /* those of them that continued a session */
    uint64_t expirations;
    uint64_t in_flight; /* now */
    uint64_t watches;   /* registered now */
    uint64_t latency_us[32];
} zobo_counters;

/* zobo_get_counters fills `*out`, whose `size` the caller has set; fields that this library does not know get zero.
 *
 * Cheap, takes no lock; the figures may be a few requests apart from each other. Any thread, any callback. */
void zobo_get_counters(const zobo_client *client, zobo_counters *out);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
