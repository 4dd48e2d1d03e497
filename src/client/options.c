/* SPDX-License-Identifier: Apache-2.0 */
/* Options: copied as far as this library knows them, checked, and the client's own defaults filled in; the session
 * fills in its own. */
#include "client/options.h"

#include "base/sized.h"
#include "core/retry.h"
#include "wire/op.h"

enum { DEFAULT_IN_FLIGHT = 100000, DEFAULT_QUEUED_BYTES = 64 * 1024 * 1024, SMALLEST_REPLY_LIMIT = 1024 };

static zobo_err
bad(zobo_problem *why, const char *name, const char *what)
{
    return zb_problem(why, ZOBO_EBADOPTION, 0, "option %s: %s", name, what);
}

static zobo_err
check_auth(const zobo_options *o, zobo_problem *why)
{
    if (o->n_auth && !o->auth)
        return bad(why, "auth", "n_auth is set, but auth is NULL");
    for (size_t i = 0; i < o->n_auth; i++)
        if (!o->auth[i].scheme || !o->auth[i].scheme[0] || (!o->auth[i].credential && o->auth[i].credential_len) ||
            o->auth[i].credential_len > ZB_MAX_CREDENTIAL)
            return zb_problem(why, ZOBO_EBADOPTION, 0, "option auth: entry %zu lacks a scheme or has a bad credential",
                              i);
    return ZOBO_OK;
}

static zobo_err
check_numbers(const zobo_options *o, zobo_problem *why)
{
    if (o->timeout_ms > INT32_MAX)
        return bad(why, "timeout_ms", "more than 2147483647");
    if (o->lost_after_percent && o->lost_after_percent < 100)
        return bad(why, "lost_after_percent", "below 100 the session may well be alive");
    if (o->max_request_bytes > INT32_MAX)
        return bad(why, "max_request_bytes", "more than 2147483647");
    if (o->max_reply_bytes > INT32_MAX)
        return bad(why, "max_reply_bytes", "more than 2147483647");
    if (o->max_reply_bytes && o->max_reply_bytes < SMALLEST_REPLY_LIMIT)
        return bad(why, "max_reply_bytes", "less than 1024");
    if ((unsigned)o->log_level > ZOBO_LOG_DEBUG)
        return bad(why, "log_level", "not a zobo_log_level");
    if (o->client_id && !o->client_id->session_id)
        return bad(why, "client_id", "session id 0 is no session");
    return ZOBO_OK;
}

zobo_err
zb_options_import(zb_settings *s, const zobo_options *options, zobo_problem *why)
{
    zobo_options *o = &s->o;
    zobo_err err = ZB_SIZED_TAKE(o, zobo_options, options, log_level, why);
    if (!err)
        err = check_numbers(o, why);
    if (!err)
        err = check_auth(o, why);
    if (!err && zb_check_acl(o->default_acl))
        err = bad(why, "default_acl", "an entry lacks scheme or id, or has unknown permissions");
    if (!err && o->default_acl && !o->default_acl->n)
        err = bad(why, "default_acl", "an empty ACL, which no server accepts");
    if (!err)
        err = zb_retry_import(&s->connection_retry, o->connection_retry, "connection_retry", why);
    if (!err)
        err = zb_retry_import(&s->command_retry, o->command_retry, "command_retry", why);
    if (err)
        return err;
#define DEFAULT(field, value)                                                                                          \
    if (!o->field)                                                                                                     \
    o->field = (value)
    DEFAULT(timeout_ms, ZB_DEFAULT_TIMEOUT_MS);
    DEFAULT(default_acl, zobo_open_acl());
    DEFAULT(max_in_flight, DEFAULT_IN_FLIGHT);
    DEFAULT(max_queued_bytes, DEFAULT_QUEUED_BYTES);
    DEFAULT(log_level, ZOBO_LOG_INFO);
#undef DEFAULT
    o->connection_retry = &s->connection_retry;
    o->command_retry = &s->command_retry;
    return ZOBO_OK;
}
