/* SPDX-License-Identifier: Apache-2.0 */
/* Watches of a connection: setting, asking and removing them, and the events that tell of changes. */
#include "engine/engine_internal.h"

#include <string.h>

#include "base/mem.h"

enum { CREATED = 1, DELETED = 2, CHANGED = 3, CHILDREN = 4 };

/* --- events --- */

/* Appends a notification's frame. */
static void
put_event(zs_bytes *out, int32_t type, const char *path, size_t len, int64_t zxid)
{
    enum { HEAD = 16, BODY = 12, CONNECTED = 3 };
    uint8_t *p = zs_bytes_room(out, 4 + HEAD + BODY + len);
    if (!p || !path)
        return;
    zb_writer w = zb_writer_of(p, 4 + HEAD + BODY + len);
    zb_put_i32(&w, (int32_t)(HEAD + BODY + len));
    zb_put_i32(&w, ZB_XID_EVENT);
    zb_put_i64(&w, zxid);
    zb_put_i32(&w, ZOBO_OK);
    zb_put_i32(&w, type);
    zb_put_i32(&w, CONNECTED);
    zb_put_buf(&w, (zb_buf){path, (int32_t)len});
}

static void
count_event(zs_conn *c)
{
    zs_engine *e = c->engine;
    e->stats.events++;
    e->stats.sent++;
    c->sent++;
    if (c->out.failed || c->out.n - c->out_at > e->options.max_events) {
        ZB_LOG(&e->options.rules.log, ZOBO_LOG_WARN,
               "a client at %s does not take its events: its connection is closed", zs_ids_at(c->ids, 0).id);
        zs_conn_drop(c);
    }
    zs_conn_mark(c);
}

typedef struct firing {
    zs_engine *engine;
    const zs_acl_slot *acl; /* NULL: all may know */
    bool nobody;
} firing;

static void
tell(void *arg, zs_watcher *who)
{
    const firing *f = arg;
    zs_conn *c = zs_conn_of_watcher(who);
    if (c->drop || f->nobody)
        return;
    if (f->acl) {
        zb_aclvec acl = {.n = f->acl->n, .p = f->acl->p, .end = f->acl->p + f->acl->len};
        if (!zs_acl_permits(acl, ZOBO_PERM_READ, c->ids))
            return;
    }
    zs_bytes_add(zs_conn_out(c), f->engine->scratch.p, f->engine->scratch.n);
    count_event(c);
}

void
zs_tell_effect(zs_engine *e, const zs_effect *effect, int64_t zxid)
{
    firing f = {.engine = e};
    e->scratch.n = 0;
    put_event(&e->scratch, effect->type, effect->path, effect->len, zxid);
    f.nobody = e->scratch.failed;
    e->scratch.failed = false;
    if (!e->options.rules.skip_acl && effect->acl != ZS_ACL_OPEN && effect->acl != ZS_ACL_READ) {
        f.acl = zs_engine_acl(e, effect->acl);
        f.nobody |= !f.acl;
    }
    zs_watch_fire(e->watches, effect->type, effect->path, effect->len, tell, &f);
}

const zs_acl_slot *
zs_engine_acl(zs_engine *e, uint32_t id)
{
    zs_acl_slot *slot = &e->acls[id % ZS_ACL_SLOTS];
    zb_aclvec acl;
    if (slot->id == id)
        return slot;
    if (zs_acl_get(e->snapshot, id, &acl))
        return NULL;
    size_t n = (size_t)(acl.end - acl.p);
    uint8_t *copy = zb_malloc(n);
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, acl.p, n);
    zb_free(slot->p);
    *slot = (zs_acl_slot){.id = id, .n = acl.n, .p = copy, .len = n};
    return slot;
}

/* --- setWatches --- */

/* No node has another kind of path, and the store is asked for none. */
static bool
may_exist(zb_buf path)
{
    const char *p = path.p;
    return p[0] == '/' && (path.n == 1 || p[path.n - 1] != '/') && !memchr(p, 0, (size_t)path.n);
}

/* What has happened since `zxid` to a path that was watched then; 0: nothing. */
static int32_t
missed(zs_conn *c, int list, zb_buf path, int64_t zxid)
{
    enum { DATA, EXIST, CHILD };
    zs_node node;
    if (path.n == 0)
        path = zb_buf_of("/"); /* the root has this name too */
    bool there = may_exist(path) && zs_node_find(c->engine->snapshot, path.p, (size_t)path.n, &node, NULL) == ZOBO_OK;
    if (list == EXIST)
        return there ? CREATED : 0;
    if (!there)
        return DELETED;
    if (list == DATA)
        return node.mzxid > zxid ? CHANGED : 0;
    return node.pzxid > zxid ? CHILDREN : 0;
}

static zobo_err
set_watches(zs_conn *c, zb_reader *r, bool second)
{
    static const unsigned kinds[] = {ZS_WATCH_DATA, ZS_WATCH_DATA, ZS_WATCH_CHILD, ZS_WATCH_PERSISTENT,
                                     ZS_WATCH_RECURSIVE};
    enum { CHECKED = 3, FIRST_LISTS = 3, SECOND_LISTS = 5 };
    int64_t zxid = zb_get_i64(r);
    zb_strvec lists[SECOND_LISTS] = {0};
    int n = second ? SECOND_LISTS : FIRST_LISTS;
    bool null = false;
    for (int i = 0; i < n; i++) {
        lists[i] = zb_get_strvec(r);
        null |= lists[i].n < 0;
    }
    if (r->bad || null)
        return ZOBO_EMARSHALLING;
    for (int i = 0; i < n; i++) {
        zb_reader paths = zb_reader_of(lists[i].p, (size_t)(lists[i].end - lists[i].p));
        for (int32_t j = 0; j < lists[i].n && !c->drop; j++) {
            zb_buf path = zb_get_str(&paths);
            if (path.n < 0)
                return ZOBO_EMARSHALLING;
            int32_t type = i < CHECKED ? missed(c, i, path, zxid) : 0;
            if (type) {
                put_event(zs_conn_out(c), type, path.p, (size_t)path.n, -1);
                count_event(c);
            } else if (!zs_watch_add(c->engine->watches, &c->watcher, path.p, (size_t)path.n, kinds[i])) {
                zs_conn_drop(c);
            }
        }
    }
    return ZOBO_OK;
}

/* --- the others --- */

static zobo_err
add_watch(zs_conn *c, zb_reader *r, uint8_t body[ZS_WATCH_BODY], size_t *body_n)
{
    struct zb_add_watch_request asked;
    zb_get_add_watch_request(r, &asked);
    if (r->bad || (asked.mode != ZOBO_PERSISTENT && asked.mode != ZOBO_PERSISTENT_RECURSIVE))
        return ZOBO_EMARSHALLING;
    unsigned kind = asked.mode == ZOBO_PERSISTENT ? ZS_WATCH_PERSISTENT : ZS_WATCH_RECURSIVE;
    if (!zs_watch_add(c->engine->watches, &c->watcher, asked.path.path, asked.path.path_len, kind))
        zs_conn_drop(c);
    zb_store32(body, 0);
    *body_n = ZS_WATCH_BODY;
    return ZOBO_OK;
}

static unsigned
kinds_of(int32_t type)
{
    switch (type) {
    case ZOBO_WATCH_CHILDREN:
        return ZS_WATCH_CHILD;
    case ZOBO_WATCH_DATA:
        return ZS_WATCH_DATA;
    case ZOBO_WATCH_ANY:
        return ZS_WATCH_DATA | ZS_WATCH_CHILD | ZS_WATCH_PERSISTENT | ZS_WATCH_RECURSIVE;
    case ZOBO_WATCH_PERSISTENT:
        return ZS_WATCH_PERSISTENT;
    case ZOBO_WATCH_PERSISTENT_RECURSIVE:
        return ZS_WATCH_RECURSIVE;
    default:
        return 0;
    }
}

static zobo_err
look_for(zs_conn *c, zb_reader *r, bool remove)
{
    zb_buf path = zb_get_str(r);
    unsigned kinds = kinds_of(zb_get_i32(r));
    if (r->bad || !kinds || path.n < 0)
        return ZOBO_EMARSHALLING;
    zs_watches *w = c->engine->watches;
    if (!(zs_watch_get(w, &c->watcher, path.p, (size_t)path.n) & kinds))
        return ZOBO_ENOWATCHER;
    if (remove)
        zs_watch_remove(w, &c->watcher, path.p, (size_t)path.n, kinds);
    return ZOBO_OK;
}

zobo_err
zs_watch_request(zs_conn *c, int32_t op, const void *p, size_t n, uint8_t body[ZS_WATCH_BODY], size_t *body_n)
{
    zb_reader r = zb_reader_of(p, n);
    switch (op) {
    case ZB_OP_SET_WATCHES:
        return set_watches(c, &r, false);
    case ZB_OP_SET_WATCHES2:
        return set_watches(c, &r, true);
    case ZB_OP_ADD_WATCH:
        return add_watch(c, &r, body, body_n);
    default:
        return look_for(c, &r, op == ZB_OP_REMOVE_WATCHES);
    }
}
