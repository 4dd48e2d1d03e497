/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: how a path becomes a key, how a node becomes a record, and the tables that follow from nodes.
 *
 * A record is zs_node, then the whole path (length and bytes) where the key holds a hash, then the data if it is short.
 * Sizes are checked whenever a record is read, so that a damaged file is an error and not a read beyond the record. */
#include "engine/store_internal.h"

#include <assert.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

enum {
    KEY_MAX = 511,
    PART_MAX = 255,       /* of a key: longer ones are hashed */
    HASH_BYTES = 1 + 20,  /* with the mark before it */
    SHORT_DATA = 1024,    /* lies with its node */
    HASHED_PARENT = 0x01, /* no path begins so */
    HASHED_NAME = 0xff,   /* no UTF-8 does, and it comes last */
};

static_assert(sizeof(zs_node) == 80, "a record of the format");
static_assert(PART_MAX + 1 + PART_MAX <= KEY_MAX, "keys fit");

bool
zs_owner_is_session(int64_t owner)
{
    return owner != 0 && owner != ZS_OWNER_CONTAINER && (owner & ZS_OWNER_TTL) != ZS_OWNER_TTL;
}

void
zs_node_stat(const zs_node *node, zobo_stat *out)
{
    *out = (zobo_stat){
        .czxid = node->czxid,
        .mzxid = node->mzxid,
        .ctime = node->ctime,
        .mtime = node->mtime,
        .version = node->version,
        .cversion = (int32_t)(2 * (uint32_t)node->created - (uint32_t)node->n_children),
        .aversion = node->aversion,
        .ephemeral_owner = zs_owner_is_session(node->owner) ? node->owner : 0,
        .data_length = node->data_len > 0 ? node->data_len : 0,
        .num_children = node->n_children,
        .pzxid = node->pzxid,
    };
}

/* --- keys --- */

typedef struct node_key {
    size_t n;
    bool hashed; /* a part of it: the record holds the path */
    uint8_t bytes[KEY_MAX];
} node_key;

static size_t
put_hash(uint8_t *at, uint8_t mark, const char *p, size_t n)
{
    at[0] = mark;
    zb_sha1(p, n, at + 1);
    return HASH_BYTES;
}

/* put_parent writes the key of all children of `path` up to their names. */
static size_t
put_parent(uint8_t *at, const char *path, size_t len)
{
    size_t n = len;
    if (len > PART_MAX)
        n = put_hash(at, HASHED_PARENT, path, len);
    else
        memcpy(at, path, len);
    at[n] = '\0';
    return n + 1;
}

/* Does the key have the name's hash instead of the name? */
static bool
hashes_name(const void *name, size_t len)
{
    return len > PART_MAX || (len && *(const uint8_t *)name == HASHED_NAME);
}

/* False: this is no path. The root's key is that of a nameless child of "". */
static bool
make_key(node_key *key, const char *path, size_t len)
{
    if (len == 0 || path[0] != '/')
        return false;
    size_t slash = len - 1;
    while (path[slash] != '/')
        slash--;
    const char *name = path + slash + 1;
    size_t name_len = len - slash - 1;
    key->n = put_parent(key->bytes, path, slash);
    key->hashed = slash > PART_MAX;
    if (hashes_name(name, name_len)) {
        key->n += put_hash(key->bytes + key->n, HASHED_NAME, name, name_len);
        key->hashed = true;
    } else {
        memcpy(key->bytes + key->n, name, name_len);
        key->n += name_len;
    }
    return true;
}

/* --- records --- */

typedef struct record {
    zs_node node;
    zb_buf path; /* where the key is hashed, else null */
    const uint8_t *data;
} record;

static size_t
inline_len(int32_t data_len)
{
    return data_len > 0 && data_len <= SHORT_DATA ? (size_t)data_len : 0;
}

static bool
parse(const MDB_val *value, bool hashed, record *out)
{
    const uint8_t *p = value->mv_data;
    size_t left = value->mv_size;
    if (left < sizeof out->node)
        return false;
    memcpy(&out->node, p, sizeof out->node);
    p += sizeof out->node;
    left -= sizeof out->node;
    out->path = (zb_buf){NULL, -1};
    if (hashed) {
        uint32_t n;
        if (left < sizeof n)
            return false;
        memcpy(&n, p, sizeof n);
        p += sizeof n;
        left -= sizeof n;
        if (n > left || n > INT32_MAX)
            return false;
        out->path = (zb_buf){p, (int32_t)n};
        p += n;
        left -= n;
    }
    out->data = p;
    return out->node.data_len >= -1 && left == inline_len(out->node.data_len);
}

static bool
same_path(const record *r, const char *path, size_t len)
{
    return r->path.n < 0 || ((size_t)r->path.n == len && memcmp(r->path.p, path, len) == 0);
}

static zobo_err
read_data(zs_txn *txn, const node_key *key, const record *r, zb_buf *data)
{
    *data = (zb_buf){r->node.data_len < 0 ? NULL : r->data, r->node.data_len};
    if (r->node.data_len <= SHORT_DATA)
        return ZOBO_OK;
    MDB_val value;
    zobo_err err = zs_get(txn, ZS_BLOBS, key->bytes, key->n, &value);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_EDATAINCONSISTENCY : err;
    data->p = value.mv_data;
    return value.mv_size == (size_t)r->node.data_len ? ZOBO_OK : ZOBO_EDATAINCONSISTENCY;
}

zobo_err
zs_node_find(zs_txn *txn, const char *path, size_t len, zs_node *node, zb_buf *data)
{
    node_key key;
    if (!make_key(&key, path, len))
        return ZOBO_ENONODE;
    MDB_val value;
    zobo_err err = zs_get(txn, ZS_NODES, key.bytes, key.n, &value);
    if (err)
        return err;
    record r;
    if (!parse(&value, key.hashed, &r))
        return ZOBO_EDATAINCONSISTENCY;
    if (!same_path(&r, path, len))
        return ZOBO_ENONODE;
    *node = r.node;
    return data ? read_data(txn, &key, &r, data) : ZOBO_OK;
}

/* --- changes --- */

/* seek_node finds the record that a change is about. ENONODE with the cursor in place for a put. */
static zobo_err
seek_node(zs_txn *txn, const char *path, size_t len, node_key *key, MDB_val *value, record *r)
{
    if (!make_key(key, path, len))
        return ZOBO_EBADARGUMENTS;
    zobo_err err = zs_seek(txn, ZS_NODES, key->bytes, key->n, value);
    if (err)
        return err;
    return parse(value, key->hashed, r) && same_path(r, path, len) ? ZOBO_OK : ZOBO_EDATAINCONSISTENCY;
}

/* The entry of a node in ephemerals or expiring; returns the table, ZS_TABLES for an ordinary node. */
static zs_table
owner_key(const zs_node *node, uint8_t key[16], size_t *n)
{
    *n = 0;
    if (node->owner == 0)
        return ZS_TABLES;
    bool session = zs_owner_is_session(node->owner);
    if (session) {
        zb_store64(key, (uint64_t)node->owner);
        *n = 8;
    }
    zb_store64(key + *n, node->serial);
    *n += 8;
    return session ? ZS_EPHEMERALS : ZS_EXPIRING;
}

static zobo_err
put_owner(zs_txn *txn, const zs_node *node, const char *path, size_t len)
{
    uint8_t key[16];
    size_t n;
    zs_table table = owner_key(node, key, &n);
    return table == ZS_TABLES ? ZOBO_OK : zs_put(txn, table, key, n, path, len);
}

static zobo_err
delete_owner(zs_txn *txn, const zs_node *node)
{
    uint8_t key[16];
    size_t n;
    zs_table table = owner_key(node, key, &n);
    zobo_err err = table == ZS_TABLES ? ZOBO_OK : zs_delete(txn, table, key, n);
    return err == ZOBO_ENONODE ? ZOBO_EDATAINCONSISTENCY : err;
}

/* put_record stores the node at the cursor that seek_node has moved. */
static zobo_err
put_record(zs_txn *txn, const node_key *key, const MDB_val *old, const char *path, size_t len, const zs_node *node,
           const void *data)
{
    uint8_t small[sizeof *node + SHORT_DATA], *at = small;
    size_t data_n = inline_len(node->data_len), n = sizeof *node + data_n;
    if (key->hashed) {
        n += sizeof(uint32_t) + len;
        if (!(at = zb_malloc(n)))
            return ZOBO_ENOMEM;
    }
    uint8_t *p = at;
    memcpy(p, node, sizeof *node);
    p += sizeof *node;
    if (key->hashed) {
        uint32_t path_n = (uint32_t)len;
        memcpy(p, &path_n, sizeof path_n);
        memcpy(p + sizeof path_n, path, len);
        p += sizeof path_n + len;
    }
    if (data_n)
        memcpy(p, data, data_n);
    zobo_err err = zs_put_here(txn, ZS_NODES, key->bytes, key->n, old, at, n);
    if (at != small)
        zb_free(at);
    return err;
}

static int64_t
bytes_of(int32_t data_len)
{
    return data_len > 0 ? data_len : 0;
}

static void
count_node(zs_meta *meta, const zs_node *node, size_t path_len, int sign)
{
    meta->n_nodes += sign;
    meta->data_bytes += sign * ((int64_t)path_len + bytes_of(node->data_len));
    if (zs_owner_is_session(node->owner))
        meta->n_ephemerals += sign;
}

static zobo_err
put_blob(zs_txn *txn, const node_key *key, int32_t old_len, const zb_buf *data)
{
    if (data->n > SHORT_DATA)
        return zs_put(txn, ZS_BLOBS, key->bytes, key->n, data->p, (size_t)data->n);
    return old_len > SHORT_DATA ? zs_delete(txn, ZS_BLOBS, key->bytes, key->n) : ZOBO_OK;
}

static zobo_err
put_new(zs_txn *txn, const node_key *key, const char *path, size_t len, zs_node *node, const zb_buf *data)
{
    if (!data)
        return ZOBO_EBADARGUMENTS;
    node->serial = txn->meta.next_serial;
    node->data_len = data->n;
    zobo_err err = put_record(txn, key, NULL, path, len, node, data->p);
    if (!err)
        err = put_blob(txn, key, 0, data);
    if (!err)
        err = put_owner(txn, node, path, len);
    if (err)
        return err;
    txn->meta.next_serial++;
    count_node(&txn->meta, node, len, 1);
    return ZOBO_OK;
}

zobo_err
zs_node_put(zs_txn *txn, const char *path, size_t len, zs_node *node, const zb_buf *data)
{
    node_key key;
    MDB_val old;
    record was;
    if (len > INT32_MAX)
        return ZOBO_EBADARGUMENTS;
    zobo_err err = seek_node(txn, path, len, &key, &old, &was);
    if (err == ZOBO_ENONODE)
        return put_new(txn, &key, path, len, node, data);
    if (err)
        return err;
    node->serial = was.node.serial;
    node->owner = was.node.owner;
    node->data_len = data ? data->n : was.node.data_len;
    err = put_record(txn, &key, &old, path, len, node, data ? data->p : was.data);
    if (!err && data)
        err = put_blob(txn, &key, was.node.data_len, data);
    if (!err)
        txn->meta.data_bytes += bytes_of(node->data_len) - bytes_of(was.node.data_len);
    return err;
}

zobo_err
zs_node_delete(zs_txn *txn, const char *path, size_t len)
{
    node_key key;
    MDB_val old;
    record was;
    zobo_err err = seek_node(txn, path, len, &key, &old, &was);
    if (!err)
        err = zs_delete_here(txn, ZS_NODES, key.bytes, key.n, &old);
    if (!err && was.node.data_len > SHORT_DATA)
        err = zs_delete(txn, ZS_BLOBS, key.bytes, key.n);
    if (!err)
        err = delete_owner(txn, &was.node);
    if (!err)
        count_node(&txn->meta, &was.node, len, -1);
    return err;
}

/* --- children --- */

zobo_err
zs_children_start(zs_children *it, zs_txn *txn, const char *path, size_t len)
{
    *it = (zs_children){.txn = txn};
    it->prefix_len = put_parent(it->prefix, path, len == 1 ? 0 : len);
    MDB_cursor *cursor = txn->walker;
    txn->walker = NULL;
    if (!cursor) {
        int rc = mdb_cursor_open(txn->txn, txn->store->tables[ZS_NODES], &cursor);
        if (rc)
            return zs_store_err(rc);
    }
    it->cursor = cursor;
    return ZOBO_OK;
}

/* The name in the record of a child whose key has `n` bytes of hash. False: it is not the name that the key is of. */
static bool
hashed_name(const uint8_t *hash, size_t n, const MDB_val *value, zb_buf *name)
{
    uint8_t expected[HASH_BYTES];
    record r;
    if (!parse(value, true, &r))
        return false;
    const char *path = r.path.p;
    int32_t slash = r.path.n - 1;
    while (slash >= 0 && path[slash] != '/')
        slash--;
    *name = (zb_buf){path + slash + 1, r.path.n - slash - 1};
    if (!hashes_name(name->p, (size_t)name->n) || n != HASH_BYTES)
        return false;
    put_hash(expected, HASHED_NAME, name->p, (size_t)name->n);
    return memcmp(hash, expected, HASH_BYTES) == 0;
}

/* False: what the cursor is at is no child, or (it->err) one whose name cannot be. Such a name would lead who walks the
 * tree elsewhere, perhaps round in circles. */
static bool
child_name(zs_children *it, const MDB_val *key, const MDB_val *value, zb_buf *name)
{
    size_t n = it->prefix_len;
    if (key->mv_size <= n || memcmp(key->mv_data, it->prefix, n) != 0)
        return false;
    const uint8_t *p = (const uint8_t *)key->mv_data + n;
    n = key->mv_size - n;
    *name = (zb_buf){p, (int32_t)n};
    bool good = p[0] == HASHED_NAME ? hashed_name(p, n, value, name) : n <= PART_MAX && !memchr(p, '/', n);
    if (!good)
        it->err = ZOBO_EDATAINCONSISTENCY;
    return good;
}

bool
zs_children_next(zs_children *it, zb_buf *name)
{
    MDB_cursor *cursor = it->cursor;
    MDB_val key = {it->prefix_len, it->prefix}, value;
    if (!cursor)
        return false;
    int rc = mdb_cursor_get(cursor, &key, &value, it->started ? MDB_NEXT : MDB_SET_RANGE);
    /* the root lies before its own children */
    if (rc == 0 && !it->started && key.mv_size == it->prefix_len)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    it->started = true;
    if (rc && rc != MDB_NOTFOUND)
        it->err = zs_store_err(rc);
    return rc == 0 && child_name(it, &key, &value, name);
}

void
zs_children_stop(zs_children *it)
{
    if (!it->cursor)
        return;
    if (it->txn->walker)
        mdb_cursor_close(it->cursor);
    else
        it->txn->walker = it->cursor;
    it->cursor = NULL;
}

/* --- ephemerals, expiring nodes --- */

zobo_err
zs_ephemeral_after(zs_txn *txn, int64_t session, uint64_t *serial, zb_buf *path)
{
    uint8_t key[16];
    zb_store64(key, (uint64_t)session);
    zb_store64(key + 8, *serial);
    MDB_val found, value;
    zobo_err err = zs_next(txn, ZS_EPHEMERALS, key, sizeof key, &found, &value);
    if (err)
        return err;
    if (found.mv_size != sizeof key || value.mv_size > INT32_MAX)
        return ZOBO_EDATAINCONSISTENCY;
    if (memcmp(found.mv_data, key, 8) != 0)
        return ZOBO_ENONODE;
    *serial = zb_load64((const uint8_t *)found.mv_data + 8);
    *path = (zb_buf){value.mv_data, (int32_t)value.mv_size};
    return ZOBO_OK;
}

zobo_err
zs_owner_after(zs_txn *txn, int64_t session, int64_t *next)
{
    uint8_t key[16];
    zb_store64(key, (uint64_t)session);
    zb_store64(key + 8, UINT64_MAX);
    MDB_val found, value;
    zobo_err err = zs_next(txn, ZS_EPHEMERALS, key, sizeof key, &found, &value);
    if (!err && found.mv_size != sizeof key)
        err = ZOBO_EDATAINCONSISTENCY;
    if (!err)
        *next = (int64_t)zb_load64(found.mv_data);
    return err;
}

zobo_err
zs_expiring_after(zs_txn *txn, uint64_t *serial, zb_buf *path)
{
    uint8_t key[8];
    zb_store64(key, *serial);
    MDB_val found, value;
    zobo_err err = zs_next(txn, ZS_EXPIRING, key, sizeof key, &found, &value);
    if (err)
        return err;
    if (found.mv_size != sizeof key || value.mv_size > INT32_MAX)
        return ZOBO_EDATAINCONSISTENCY;
    *serial = zb_load64(found.mv_data);
    *path = (zb_buf){value.mv_data, (int32_t)value.mv_size};
    return ZOBO_OK;
}

/* --- what ZooKeeper's tree begins with --- */

zobo_err
zs_write_first_nodes(zs_txn *txn)
{
    static const struct {
        const char *path;
        int32_t n_children, aversion;
        uint32_t acl;
    } first[] = {
        {"/", 1, 0, ZS_ACL_OPEN},
        {"/zookeeper", 2, 0, ZS_ACL_OPEN},
        {"/zookeeper/quota", 0, 0, ZS_ACL_OPEN},
        {"/zookeeper/config", 0, -1, ZS_ACL_READ},
    };
    txn->meta.next_serial = 1;
    const zb_buf nothing = {"", 0};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        zs_node node = {.n_children = first[i].n_children, .aversion = first[i].aversion, .acl = first[i].acl};
        zobo_err err = zs_node_put(txn, first[i].path, strlen(first[i].path), &node, &nothing);
        if (err)
            return err;
    }
    return ZOBO_OK;
}
