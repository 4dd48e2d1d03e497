/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/sized.h"
#include "io/sys.h"
#include "server/listen.h"

enum {
    DEFAULT_REQUEST_BYTES = 1048575,
    SMALLEST_REQUEST_LIMIT = 1024,
    MIN_SESSION_IN_MEMORY_MS = 100,
    LARGEST_TICK_MS = 100000000 /* twenty of them still are an int */
};

/* The fields that are strings. */
enum { N_STRINGS = 6 };
static void
strings_of(zobo_server_options *o, const char **out[N_STRINGS])
{
    out[0] = &o->data_dir;
    out[1] = &o->listen;
    out[2] = &o->unix_path;
    out[3] = &o->super_digest;
    out[4] = &o->words;
    out[5] = &o->http;
}

void
zs_options_free(zobo_server_options *o)
{
    const char **strings[N_STRINGS];
    strings_of(o, strings);
    for (int i = 0; i < N_STRINGS; i++) {
        zb_free((void *)(uintptr_t)*strings[i]);
        *strings[i] = NULL;
    }
}

static zobo_err
bad(zobo_problem *why, const char *name, const char *what)
{
    return zb_problem(why, ZOBO_EBADOPTION, 0, "option %s: %s", name, what);
}

static zobo_err
check(const zobo_server_options *o, zobo_problem *why)
{
    if (o->data_dir && o->data_dir[0] == '\0')
        return bad(why, "data_dir", "it is empty; NULL keeps the data in memory");
    if (o->tick_ms > LARGEST_TICK_MS)
        return bad(why, "tick_ms", "more than 100000000");
    if (o->min_session_timeout_ms > INT32_MAX)
        return bad(why, "min_session_timeout_ms", "more than 2147483647");
    if (o->max_session_timeout_ms > INT32_MAX)
        return bad(why, "max_session_timeout_ms", "more than 2147483647");
    if (o->max_session_timeout_ms && o->min_session_timeout_ms > o->max_session_timeout_ms)
        return bad(why, "min_session_timeout_ms", "more than max_session_timeout_ms");
    if (o->max_request_bytes > INT32_MAX)
        return bad(why, "max_request_bytes", "more than 2147483647");
    if (o->max_request_bytes && o->max_request_bytes < SMALLEST_REQUEST_LIMIT)
        return bad(why, "max_request_bytes", "less than 1024");
    if (o->super_digest && strncmp(o->super_digest, "super:", 6) != 0)
        return bad(why, "super_digest", "not \"super:\" and a hash");
    if ((unsigned)o->log_level > ZOBO_LOG_DEBUG)
        return bad(why, "log_level", "not a zobo_log_level");
    return ZOBO_OK;
}

/* socket_in gives the path of the socket in the data directory, "" when that is too long for one. NULL: no memory. */
static char *
socket_in(const zobo_server_options *o)
{
    static const char name[] = "/zobo.sock";
    if (!o->data_dir)
        return zb_strndup("", 0);
    size_t len = strlen(o->data_dir), size = len + sizeof name;
    char *path = zb_malloc(size);
    if (!path)
        return NULL;
    snprintf(path, size, "%s%s", o->data_dir, name);
    if (!zs_unix_path_fits(path)) {
        const zb_log log = {o->log, o->log_arg, o->log_level};
        ZB_LOG(&log, ZOBO_LOG_WARN, "%s is too long for a socket's path: there will be none", path);
        path[0] = '\0';
    }
    return path;
}

zobo_err
zs_options_copy(zobo_server_options *to, const zobo_server_options *from, zobo_problem *why)
{
    const char **strings[N_STRINGS];
    zobo_err err = ZB_SIZED_TAKE(to, zobo_server_options, from, log_level, why);
    if (!err)
        err = check(to, why);
    if (err)
        return err;
    to->log_level = to->log_level ? to->log_level : ZOBO_LOG_INFO;
    if (!to->listen)
        to->listen = "127.0.0.1:0";
    char *socket = to->unix_path ? NULL : socket_in(to);
    if (!to->unix_path)
        to->unix_path = socket;
    bool complete = to->unix_path != NULL;
    strings_of(to, strings);
    for (int i = 0; i < N_STRINGS; i++)
        if (*strings[i] && !(*strings[i] = zb_strndup(*strings[i], strlen(*strings[i]))))
            complete = false;
    zb_free(socket);
    if (complete)
        return ZOBO_OK;
    zs_options_free(to);
    return zb_problem(why, ZOBO_ENOMEM, 0, "out of memory");
}

void
zs_options_for_store(const zobo_server_options *o, zs_store_options *out)
{
    *out =
        (zs_store_options){.dir = o->data_dir, .map_bytes = o->max_data_bytes, .no_sync = o->no_sync || !o->data_dir};
}

void
zs_options_for_engine(const zobo_server_options *o, zs_engine_options *out)
{
    *out = (zs_engine_options){
        .rules = {.skip_acl = o->skip_acl,
                  .enforce_quota = o->enforce_quota,
                  .max_request = o->max_request_bytes ? o->max_request_bytes : DEFAULT_REQUEST_BYTES,
                  .log = {o->log, o->log_arg, o->log_level}},
        .tick_ms = o->tick_ms,
        .min_session_timeout_ms = o->min_session_timeout_ms,
        .max_session_timeout_ms = o->max_session_timeout_ms,
        .container_check_ms = o->container_check_ms,
        .accept_future_zxid = o->accept_future_zxid,
        .super_digest = o->super_digest,
        .random = zb_random};
    if (!o->data_dir && !out->min_session_timeout_ms)
        out->min_session_timeout_ms = MIN_SESSION_IN_MEMORY_MS;
}
