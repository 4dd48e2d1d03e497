/* SPDX-License-Identifier: Apache-2.0 */
/* The plain verbs: one function describes the request (an "order"), the verb and its twin run it. */
#include "base/sized.h"
#include "client/client.h"

/* The records of all verbs: an order points to one of these on the verb's stack. */
typedef union records {
    struct zb_create_request create;
    struct zb_create_ttl_request create_ttl;
    struct zb_delete_request del;
    struct zb_path_watch_request path_watch;
    struct zb_set_data_request set_data;
    struct zb_path_request path;
    struct zb_set_acl_request set_acl;
    struct zb_reconfig_request reconfig;
    struct zb_auth_request auth;
    struct zb_empty_request empty;
} records;

typedef struct order {
    zb_order o; /* what submit.c runs */
    records r;
} order;

zobo_err
zb_check_data(const void *data, size_t len, zb_buf *out)
{
    if (!data && len)
        return ZOBO_EINVAL;
    if (len > INT32_MAX)
        return ZOBO_ETOOBIG;
    out->p = data;
    out->n = data ? (int32_t)len : -1;
    return ZOBO_OK;
}

bool
zb_watcher_is_good(const zobo_watcher *watcher)
{
    size_t at;
    return zb_sized_good(watcher, ZB_SIZED_FIRST(zobo_watcher, flags), sizeof *watcher, &at) && watcher->fn &&
           !(watcher->flags & ~(unsigned)ZOBO_INLINE);
}

static zobo_err
begin(order *d, int32_t op, const char *path, bool sequence)
{
    memset(d, 0, sizeof *d);
    d->o.op = op;
    d->o.record = &d->r;
    return zobo_path_check(path, sequence, NULL);
}

static zb_aclvec
acl_vec(const zobo_client *c, const zobo_acl_list *acl)
{
    const zobo_acl_list *a = acl ? acl : &c->default_acl;
    zb_aclvec v = {.items = a->items, .n = (int32_t)a->n};
    return v;
}

zobo_err
zb_check_acl(const zobo_acl_list *acl)
{
    if (!acl)
        return ZOBO_OK;
    if (acl->n > ZB_MAX_ACL || (acl->n && !acl->items))
        return ZOBO_EINVAL;
    for (size_t i = 0; i < acl->n; i++)
        if (!acl->items[i].scheme || !acl->items[i].id || acl->items[i].perms > ZOBO_PERM_ALL)
            return ZOBO_EINVAL;
    return ZOBO_OK;
}

/* ---- create ---- */

zobo_err
zb_create_flags(const zobo_create_options *o, int32_t *op, int32_t *flags)
{
    size_t at;
    if (!zb_sized_good(o, ZB_SIZED_FIRST(zobo_create_options, ttl_ms), sizeof *o, &at))
        return ZOBO_EBADOPTION;
    *op = o->include_stat ? ZB_OP_CREATE2 : ZB_OP_CREATE;
    *flags = (o->ephemeral ? ZB_CREATE_EPHEMERAL : 0) | (o->sequence ? ZB_CREATE_SEQUENCE : 0);
    if (o->container) {
        if (o->ephemeral || o->sequence || o->ttl_ms)
            return ZOBO_EBADOPTION;
        *op = ZB_OP_CREATE_CONTAINER;
        *flags = ZB_CREATE_CONTAINER;
    }
    if (o->ttl_ms) {
        if (o->ephemeral || o->ttl_ms < 0 || o->ttl_ms >= (int64_t)1 << 40)
            return ZOBO_EBADOPTION;
        *op = ZB_OP_CREATE_TTL;
        *flags = o->sequence ? ZB_CREATE_TTL_SEQUENCE : ZB_CREATE_TTL;
    }
    return ZOBO_OK;
}

/* One create, without makepath (compound.c adds that). */
static zobo_err
order_create(zobo_client *c, order *d, const char *path, const void *data, size_t len, const zobo_create_options *opt)
{
    static const zobo_create_options none;
    const zobo_create_options *o = opt ? opt : &none;
    zb_buf buf = {NULL, -1};
    int32_t op, flags;
    zobo_err err = zb_create_flags(o, &op, &flags);
    if (!err)
        err = begin(d, op, path, o->sequence);
    if (!err)
        err = zb_check_data(data, len, &buf);
    if (!err)
        err = zb_check_acl(o->acl);
    if (err)
        return err;
    if (op == ZB_OP_CREATE_TTL) {
        struct zb_create_ttl_request r = {zb_path_join(&c->chroot, path), buf, acl_vec(c, o->acl), flags, o->ttl_ms};
        d->r.create_ttl = r;
    } else {
        struct zb_create_request r = {zb_path_join(&c->chroot, path), buf, acl_vec(c, o->acl), flags};
        d->r.create = r;
    }
    return ZOBO_OK;
}

zobo_err
zobo_create(zobo_client *c, const char *path, const void *data, size_t len, const zobo_create_options *options,
            zobo_reply **out)
{
    order d;
    if (out)
        *out = NULL;
    if (options && options->makepath) {
        zobo_call *call = NULL;
        zobo_err err = zb_may_begin(c);
        if (!err)
            err = zobo_create_async(c, path, data, len, options, NULL, &call);
        return zb_sync_of(err, call, out);
    }
    zobo_err err = order_create(c, &d, path, data, len, options);
    return err ? err : zb_run_sync(c, &d.o, out, NULL, NULL);
}

zobo_err
zobo_create_async(zobo_client *c, const char *path, const void *data, size_t len, const zobo_create_options *options,
                  const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_create(c, &d, path, data, len, options);
    if (err)
        return err;
    if (options && options->makepath)
        return zb_create_makepath(c, path, data, len, options, how, call);
    return zb_run_async(c, &d.o, how, call);
}

zobo_err
zb_create_step(zobo_call *whole, const char *path, const void *data, size_t len, const zobo_create_options *options,
               zb_step_fn *done, void *arg)
{
    order d;
    zobo_err err = order_create(whole->client, &d, path, data, len, options);
    return err ? err : zb_run_step(whole, &d.o, true, done, arg);
}

zobo_err
zb_create_full_step(zobo_call *whole, const char *full, size_t len, const zobo_acl_list *acl, zb_step_fn *done,
                    void *arg)
{
    struct zb_create_request r = {{"", full, 0, (uint32_t)len}, {"", 0}, acl_vec(whole->client, acl), 0};
    zb_order o = {.op = ZB_OP_CREATE, .record = &r};
    return zb_run_step(whole, &o, false, done, arg);
}

zobo_err
zb_exists_full_step(zobo_call *whole, const char *full, size_t len, zb_step_fn *done, void *arg)
{
    struct zb_path_watch_request r = {{"", full, 0, (uint32_t)len}, false};
    zb_order o = {.op = ZB_OP_EXISTS, .record = &r};
    return zb_run_step(whole, &o, false, done, arg);
}

/* ---- reads, with or without a watcher ---- */

static zobo_err
order_read(zobo_client *c, order *d, int32_t op, zb_watch_table table, const char *path, const zobo_watcher *watcher)
{
    zobo_err err = begin(d, op, path, false);
    if (!err && watcher && !zb_watcher_is_good(watcher))
        err = ZOBO_EINVAL;
    if (err)
        return err;
    d->r.path_watch.path = zb_path_join(&c->chroot, path);
    d->r.path_watch.watch = watcher != NULL;
    d->o.watcher = watcher;
    d->o.table = table;
    d->o.watch_path = d->r.path_watch.path;
    return ZOBO_OK;
}

zobo_err
zobo_exists(zobo_client *c, const char *path, const zobo_watcher *watcher, zobo_stat *stat)
{
    order d;
    zobo_err err = order_read(c, &d, ZB_OP_EXISTS, ZB_WATCH_EXIST, path, watcher);
    return err ? err : zb_run_sync(c, &d.o, NULL, stat, NULL);
}

zobo_err
zobo_exists_async(zobo_client *c, const char *path, const zobo_watcher *watcher, const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_read(c, &d, ZB_OP_EXISTS, ZB_WATCH_EXIST, path, watcher);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

zobo_err
zobo_get(zobo_client *c, const char *path, const zobo_watcher *watcher, zobo_reply **out)
{
    order d;
    if (out)
        *out = NULL;
    zobo_err err = order_read(c, &d, ZB_OP_GET_DATA, ZB_WATCH_DATA, path, watcher);
    return err ? err : zb_run_sync(c, &d.o, out, NULL, NULL);
}

zobo_err
zobo_get_async(zobo_client *c, const char *path, const zobo_watcher *watcher, const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_read(c, &d, ZB_OP_GET_DATA, ZB_WATCH_DATA, path, watcher);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

zobo_err
zobo_get_children(zobo_client *c, const char *path, const zobo_watcher *watcher, zobo_reply **out)
{
    order d;
    if (out)
        *out = NULL;
    zobo_err err = order_read(c, &d, ZB_OP_GET_CHILDREN2, ZB_WATCH_CHILD, path, watcher);
    return err ? err : zb_run_sync(c, &d.o, out, NULL, NULL);
}

zobo_err
zobo_get_children_async(zobo_client *c, const char *path, const zobo_watcher *watcher, const zobo_how *how,
                        zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_read(c, &d, ZB_OP_GET_CHILDREN2, ZB_WATCH_CHILD, path, watcher);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

zobo_err
zb_children_step(zobo_call *whole, const char *path, zb_step_fn *done, void *arg)
{
    order d;
    zobo_err err = order_read(whole->client, &d, ZB_OP_GET_CHILDREN2, ZB_WATCH_CHILD, path, NULL);
    return err ? err : zb_run_step(whole, &d.o, true, done, arg);
}

/* The ensemble's configuration lies outside every chroot. */
static zobo_err
order_config(zobo_client *c, order *d, const zobo_watcher *watcher)
{
    static const char config[] = "/zookeeper/config";
    zobo_err err = order_read(c, d, ZB_OP_GET_DATA, ZB_WATCH_DATA, config, watcher);
    d->r.path_watch.path = zb_path_join(NULL, config);
    d->o.watch_path = d->r.path_watch.path;
    d->o.no_chroot = true;
    return err;
}

zobo_err
zobo_get_config(zobo_client *c, const zobo_watcher *watcher, zobo_reply **out)
{
    order d;
    if (out)
        *out = NULL;
    zobo_err err = order_config(c, &d, watcher);
    return err ? err : zb_run_sync(c, &d.o, out, NULL, NULL);
}

zobo_err
zobo_get_config_async(zobo_client *c, const zobo_watcher *watcher, const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_config(c, &d, watcher);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

/* ---- a path and nothing else ---- */

static zobo_err
order_path(zobo_client *c, order *d, int32_t op, const char *path)
{
    zobo_err err = begin(d, op, path, false);
    if (!err)
        d->r.path.path = zb_path_join(&c->chroot, path);
    return err;
}

zobo_err
zobo_get_acls(zobo_client *c, const char *path, zobo_reply **out)
{
    order d;
    if (out)
        *out = NULL;
    zobo_err err = order_path(c, &d, ZB_OP_GET_ACL, path);
    return err ? err : zb_run_sync(c, &d.o, out, NULL, NULL);
}

zobo_err
zobo_get_acls_async(zobo_client *c, const char *path, const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_path(c, &d, ZB_OP_GET_ACL, path);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

zobo_err
zobo_sync(zobo_client *c, const char *path)
{
    order d;
    zobo_err err = order_path(c, &d, ZB_OP_SYNC, path);
    return err ? err : zb_run_sync(c, &d.o, NULL, NULL, NULL);
}

zobo_err
zobo_sync_async(zobo_client *c, const char *path, const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_path(c, &d, ZB_OP_SYNC, path);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

zobo_err
zobo_get_all_children_number(zobo_client *c, const char *path, int32_t *count)
{
    order d;
    zobo_err err = order_path(c, &d, ZB_OP_GET_ALL_CHILDREN_NUMBER, path);
    return err ? err : zb_run_sync(c, &d.o, NULL, NULL, count);
}

zobo_err
zobo_get_all_children_number_async(zobo_client *c, const char *path, const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_path(c, &d, ZB_OP_GET_ALL_CHILDREN_NUMBER, path);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

/* A prefix is a string, not a path: "/a/b-" and "" are fine. */
static zobo_err
order_ephemerals(zobo_client *c, order *d, const char *prefix)
{
    (void)begin(d, ZB_OP_GET_EPHEMERALS, "/", false);
    if (!prefix || (prefix[0] && prefix[0] != '/'))
        return ZOBO_EBADPATH;
    /* Not zb_path_join: "/" under the chroot "/a" is "/a/" here, or it would find "/ab" too. */
    const char *p = prefix[0] ? prefix : "/";
    zb_path joined = {c->chroot.path, p, c->chroot.len, (uint32_t)strlen(p)};
    d->r.path.path = joined;
    return ZOBO_OK;
}

zobo_err
zobo_get_ephemerals(zobo_client *c, const char *prefix, zobo_reply **out)
{
    order d;
    if (out)
        *out = NULL;
    zobo_err err = order_ephemerals(c, &d, prefix);
    return err ? err : zb_run_sync(c, &d.o, out, NULL, NULL);
}

zobo_err
zobo_get_ephemerals_async(zobo_client *c, const char *prefix, const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_ephemerals(c, &d, prefix);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

/* ---- writes ---- */

static zobo_err
order_set_acls(zobo_client *c, order *d, const char *path, const zobo_acl_list *acl, int32_t version)
{
    zobo_err err = begin(d, ZB_OP_SET_ACL, path, false);
    if (!err)
        err = acl ? zb_check_acl(acl) : ZOBO_EINVAL;
    if (err)
        return err;
    d->r.set_acl.path = zb_path_join(&c->chroot, path);
    d->r.set_acl.acl = acl_vec(c, acl);
    d->r.set_acl.version = version;
    return ZOBO_OK;
}

zobo_err
zobo_set_acls(zobo_client *c, const char *path, const zobo_acl_list *acl, int32_t version, zobo_stat *stat)
{
    order d;
    zobo_err err = order_set_acls(c, &d, path, acl, version);
    return err ? err : zb_run_sync(c, &d.o, NULL, stat, NULL);
}

zobo_err
zobo_set_acls_async(zobo_client *c, const char *path, const zobo_acl_list *acl, int32_t version, const zobo_how *how,
                    zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_set_acls(c, &d, path, acl, version);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

static zobo_err
order_set(zobo_client *c, order *d, const char *path, const void *data, size_t len, int32_t version)
{
    zobo_err err = begin(d, ZB_OP_SET_DATA, path, false);
    if (!err)
        err = zb_check_data(data, len, &d->r.set_data.data);
    if (err)
        return err;
    d->r.set_data.path = zb_path_join(&c->chroot, path);
    d->r.set_data.version = version;
    return ZOBO_OK;
}

zobo_err
zobo_set(zobo_client *c, const char *path, const void *data, size_t len, int32_t version, zobo_stat *stat)
{
    order d;
    zobo_err err = order_set(c, &d, path, data, len, version);
    return err ? err : zb_run_sync(c, &d.o, NULL, stat, NULL);
}

zobo_err
zobo_set_async(zobo_client *c, const char *path, const void *data, size_t len, int32_t version, const zobo_how *how,
               zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_set(c, &d, path, data, len, version);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

static zobo_err
order_delete(zobo_client *c, order *d, const char *path, int32_t version)
{
    zobo_err err = begin(d, ZB_OP_DELETE, path, false);
    if (err)
        return err;
    d->r.del.path = zb_path_join(&c->chroot, path);
    d->r.del.version = version;
    return ZOBO_OK;
}

zobo_err
zobo_delete(zobo_client *c, const char *path, int32_t version)
{
    order d;
    zobo_err err = order_delete(c, &d, path, version);
    return err ? err : zb_run_sync(c, &d.o, NULL, NULL, NULL);
}

zobo_err
zobo_delete_async(zobo_client *c, const char *path, int32_t version, const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_delete(c, &d, path, version);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

zobo_err
zb_delete_step(zobo_call *whole, const char *path, zb_step_fn *done, void *arg)
{
    order d;
    zobo_err err = order_delete(whole->client, &d, path, -1);
    return err ? err : zb_run_step(whole, &d.o, false, done, arg);
}

/* ---- the session's own ---- */

zobo_err
zobo_who_am_i(zobo_client *c, zobo_reply **out)
{
    order d;
    (void)begin(&d, ZB_OP_WHO_AM_I, "/", false);
    return zb_run_sync(c, &d.o, out, NULL, NULL);
}

zobo_err
zobo_who_am_i_async(zobo_client *c, const zobo_how *how, zobo_call **call)
{
    order d;
    (void)begin(&d, ZB_OP_WHO_AM_I, "/", false);
    return zb_run_async(c, &d.o, how, call);
}

static zobo_err
order_reconfig(order *d, const char *joining, const char *leaving, const char *new_members, int64_t from_config)
{
    (void)begin(d, ZB_OP_RECONFIG, "/", false);
    if (new_members ? (joining || leaving) : (!joining && !leaving))
        return ZOBO_EINVAL;
    d->r.reconfig.joining = zb_buf_of(joining);
    d->r.reconfig.leaving = zb_buf_of(leaving);
    d->r.reconfig.new_members = zb_buf_of(new_members);
    d->r.reconfig.config_id = from_config;
    return ZOBO_OK;
}

zobo_err
zobo_reconfig(zobo_client *c, const char *joining, const char *leaving, const char *new_members, int64_t from_config,
              zobo_reply **out)
{
    order d;
    if (out)
        *out = NULL;
    zobo_err err = order_reconfig(&d, joining, leaving, new_members, from_config);
    return err ? err : zb_run_sync(c, &d.o, out, NULL, NULL);
}

zobo_err
zobo_reconfig_async(zobo_client *c, const char *joining, const char *leaving, const char *new_members,
                    int64_t from_config, const zobo_how *how, zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_reconfig(&d, joining, leaving, new_members, from_config);
    return err ? err : zb_run_async(c, &d.o, how, call);
}

static zobo_err
order_auth(order *d, const char *scheme, const void *credential, size_t len)
{
    (void)begin(d, ZB_OP_AUTH, "/", false);
    if (!scheme || !scheme[0] || (!credential && len) || len > ZB_MAX_CREDENTIAL)
        return ZOBO_EINVAL;
    d->o.is_auth = true;
    d->r.auth.scheme = zb_buf_of(scheme);
    d->r.auth.auth.p = credential ? credential : "";
    d->r.auth.auth.n = (int32_t)len;
    return ZOBO_OK;
}

zobo_err
zobo_add_auth(zobo_client *c, const char *scheme, const void *credential, size_t len)
{
    order d;
    zobo_err err = order_auth(&d, scheme, credential, len);
    return err ? err : zb_run_sync(c, &d.o, NULL, NULL, NULL);
}

zobo_err
zobo_add_auth_async(zobo_client *c, const char *scheme, const void *credential, size_t len, const zobo_how *how,
                    zobo_call **call)
{
    order d;
    if (call)
        *call = NULL;
    zobo_err err = order_auth(&d, scheme, credential, len);
    return err ? err : zb_run_async(c, &d.o, how, call);
}
