/* SPDX-License-Identifier: Apache-2.0 */
/* Making paths: ensure_path, and create with makepath.
 *
 * Both first try the plain operation. Only when a parent is missing are all ancestors made, top down, in one burst
 * (replies come in order, so one round trip), and the last step tried again. Errors of ancestors do not matter if the
 * last step succeeds: "exists already" is the usual one, and "not permitted" is what a node higher up says to a client
 * that has no business there. If parents keep vanishing the whole is tried a few times. */
#include "base/sized.h"
#include "client/client.h"

enum { TRIES = 8 };

typedef struct maker {
    zobo_call *call;
    zobo_client *client;
    char *full; /* with the chroot */
    size_t full_len;
    zobo_acl_list acl;
    bool has_acl;
    bool is_create;
    bool looked; /* ensure_path: exists has been asked */
    /* create */
    char *path;
    void *data;
    size_t len;
    zobo_create_options options;
    int tries;
    int steps;        /* ancestors under way */
    zobo_err parent;  /* the worst that befell an ancestor */
    zobo_err refused; /* a step that could not be submitted */
} maker;

/* Copies an ACL into one allocation; an empty one needs none. */
zobo_err
zb_acl_copy(const zobo_acl_list *in, zobo_acl_list *out)
{
    size_t size = in->n * sizeof *in->items;
    for (size_t i = 0; i < in->n; i++)
        size += strlen(in->items[i].scheme) + strlen(in->items[i].id) + 2;
    out->items = NULL;
    out->n = in->n;
    if (!in->n)
        return ZOBO_OK;
    zobo_acl *a = zb_malloc(size);
    if (!a)
        return ZOBO_ENOMEM;
    char *text = (char *)(a + in->n);
    for (size_t i = 0; i < in->n; i++) {
        size_t scheme = strlen(in->items[i].scheme) + 1, id = strlen(in->items[i].id) + 1;
        a[i].perms = in->items[i].perms;
        a[i].scheme = memcpy(text, in->items[i].scheme, scheme);
        a[i].id = memcpy(text + scheme, in->items[i].id, id);
        text += scheme + id;
    }
    out->items = a;
    return ZOBO_OK;
}

static void
maker_free(maker *m)
{
    zb_free(m->full);
    zb_free(m->path);
    zb_free(m->data);
    zb_free((void *)(uintptr_t)m->acl.items);
    zb_free(m);
}

/* ensure_path's reply: the path as the client sees it. */
static zobo_reply *
path_reply(const maker *m)
{
    const char *path;
    size_t len;
    (void)zb_path_strip(&m->client->chroot, m->full, m->full_len, &path, &len);
    zobo_reply *reply = zb_calloc(1, sizeof *reply + len + 1);
    if (!reply)
        return NULL;
    reply->path = memcpy(reply + 1, path, len); /* the rest is zero */
    reply->zxid = zobo_last_zxid(m->client);
    return reply;
}

static void
finish(maker *m, zobo_err err, zobo_reply *reply)
{
    zobo_call *call = m->call;
    if (!err && !m->is_create && call->req.want_reply) {
        zobo_reply_free(reply);
        reply = path_reply(m);
        if (!reply)
            err = ZOBO_EREPLYLOST;
    }
    maker_free(m);
    zb_compound_end(call, err, reply);
}

static void last_step(maker *m);

static void
burst_over(maker *m)
{
    if (m->refused)
        finish(m, m->refused, NULL);
    else
        last_step(m);
}

static void
ancestor_done(void *arg, zobo_err err, zobo_reply *reply)
{
    maker *m = arg;
    (void)reply;
    if (err && err != ZOBO_ENODEEXISTS)
        m->parent = err;
    if (--m->steps == 0)
        burst_over(m);
}

/* Makes all ancestors. Like every step but the first it runs in an inline callback, and those run one at a time:
 * nothing here is shared. `steps` is held above zero until all are submitted. */
static void
burst(maker *m)
{
    size_t at = 1;
    m->parent = ZOBO_OK;
    m->steps = 1;
    while (at < m->full_len && !m->refused) {
        const char *slash = memchr(m->full + at, '/', m->full_len - at);
        if (!slash)
            break;
        size_t len = (size_t)(slash - m->full);
        m->steps++;
        zobo_err err = zb_create_full_step(m->call, m->full, len, m->has_acl ? &m->acl : NULL, ancestor_done, m);
        if (err) {
            m->steps--;
            m->refused = err;
        }
        at = len + 1;
    }
    if (--m->steps == 0)
        burst_over(m);
}

static void
last_done(void *arg, zobo_err err, zobo_reply *reply)
{
    maker *m = arg;
    if (!m->is_create) {
        if (!m->looked) {
            m->looked = true;
            if (err == ZOBO_ENONODE || err == ZOBO_ENOAUTH) {
                last_step(m);
                return;
            }
        } else if (err == ZOBO_ENODEEXISTS) {
            err = ZOBO_OK;
        }
    }
    if (err == ZOBO_ENONODE && m->tries < TRIES && !zb_compound_cancelled(m->call)) {
        if (m->tries > 0 && m->parent) {
            finish(m, m->parent, NULL); /* the parent is missing because this stood in the way */
            return;
        }
        m->tries++;
        burst(m);
        return;
    }
    finish(m, err, reply);
}

static zobo_err
submit_last(maker *m)
{
    if (m->is_create)
        return zb_create_step(m->call, m->path, m->data, m->len, &m->options, last_done, m);
    if (!m->looked)
        return zb_exists_full_step(m->call, m->full, m->full_len, last_done, m);
    return zb_create_full_step(m->call, m->full, m->full_len, m->has_acl ? &m->acl : NULL, last_done, m);
}

static void
last_step(maker *m)
{
    zobo_err err = submit_last(m);
    if (err)
        finish(m, err, NULL);
}

static maker *
maker_new(zobo_client *c, const char *path, const zobo_acl_list *acl)
{
    maker *m = zb_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    zb_path p = zb_path_join(&c->chroot, path);
    m->client = c;
    m->full_len = p.prefix_len + p.path_len;
    m->full = zb_malloc(m->full_len + 1);
    if (!m->full || (acl && zb_acl_copy(acl, &m->acl))) {
        maker_free(m);
        return NULL;
    }
    memcpy(m->full, p.prefix, p.prefix_len);
    memcpy(m->full + p.prefix_len, p.path, p.path_len);
    m->full[m->full_len] = 0;
    m->has_acl = acl != NULL;
    return m;
}

/* Begins: the handle is given out first, for the first step may end the whole on another thread at once. */
static zobo_err
begin(maker *m, const zobo_how *how, zobo_call **out)
{
    zobo_call *call;
    zobo_err err = zb_compound_new(m->client, how, out != NULL, &call);
    if (!err) {
        m->call = call;
        if (out)
            *out = call;
        err = submit_last(m);
        if (err) {
            if (out)
                *out = NULL;
            zb_compound_discard(call);
        }
    }
    if (err)
        maker_free(m);
    return err;
}

zobo_err
zobo_ensure_path_async(zobo_client *c, const char *path, const zobo_acl_list *acl, const zobo_how *how,
                       zobo_call **call)
{
    if (call)
        *call = NULL;
    zobo_err err = zb_check_process(c);
    if (!err)
        err = zobo_path_check(path, false, NULL);
    if (!err)
        err = zb_check_acl(acl);
    if (err)
        return err;
    maker *m = maker_new(c, path, acl);
    return m ? begin(m, how, call) : ZOBO_ENOMEM;
}

zobo_err
zobo_ensure_path(zobo_client *c, const char *path, const zobo_acl_list *acl)
{
    zobo_call *call = NULL;
    zobo_err err = zb_may_begin(c);
    if (!err)
        err = zobo_ensure_path_async(c, path, acl, NULL, &call);
    return zb_sync_of(err, call, NULL);
}

zobo_err
zb_create_makepath(zobo_client *c, const char *path, const void *data, size_t len, const zobo_create_options *options,
                   const zobo_how *how, zobo_call **call)
{
    zobo_err err = zb_check_process(c);
    if (err)
        return err;
    maker *m = maker_new(c, path, options->acl);
    if (!m)
        return ZOBO_ENOMEM;
    m->is_create = true;
    m->len = len;
    zb_sized_copy(&m->options, sizeof m->options, options, ZB_SIZED_FIRST(zobo_create_options, ttl_ms));
    m->options.makepath = false;
    m->options.acl = m->has_acl ? &m->acl : NULL;
    m->path = zb_strndup(path, strlen(path));
    m->data = data ? zb_malloc(len ? len : 1) : NULL;
    if (!m->path || (data && !m->data)) {
        maker_free(m);
        return ZOBO_ENOMEM;
    }
    if (m->data && len)
        memcpy(m->data, data, len);
    return begin(m, how, call);
}
