/* SPDX-License-Identifier: Apache-2.0 */
/* ACLs and sessions. ACLs are stored once each and stay: a tree has few different ones. */
#include "engine/store_internal.h"

#include <string.h>

#include "base/digest.h"

/* --- ACLs --- */

/* world:anyone with all permissions, and with READ: most nodes' ACLs, known without a look into the store. */
#define WORLD_ANYONE(perms) "\0\0\0\1\0\0\0" perms "\0\0\0\5world\0\0\0\6anyone"
static const char open_acl[] = WORLD_ANYONE("\37"), read_acl[] = WORLD_ANYONE("\1");
enum { WORLD_BYTES = sizeof open_acl - 1 };

static zobo_err
decode(const void *p, size_t n, zb_aclvec *acl)
{
    zb_reader r = zb_reader_of(p, n);
    *acl = zb_get_aclvec(&r);
    return r.bad || zb_reader_left(&r) ? ZOBO_EDATAINCONSISTENCY : ZOBO_OK;
}

zobo_err
zs_acl_get(zs_txn *txn, uint32_t id, zb_aclvec *acl)
{
    if (id == ZS_ACL_OPEN || id == ZS_ACL_READ)
        return decode(id == ZS_ACL_OPEN ? open_acl : read_acl, WORLD_BYTES, acl);
    uint8_t key[4];
    zb_store32(key, id);
    MDB_val value;
    zobo_err err = zs_get(txn, ZS_ACLS, key, sizeof key, &value);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_EDATAINCONSISTENCY : err;
    return decode(value.mv_data, value.mv_size, acl);
}

zobo_err
zs_acl_after(zs_txn *txn, uint32_t *id, zb_aclvec *acl)
{
    uint8_t key[4];
    zb_store32(key, *id);
    MDB_val found, value;
    zobo_err err = zs_next(txn, ZS_ACLS, key, sizeof key, &found, &value);
    if (err)
        return err;
    if (found.mv_size != sizeof key)
        return ZOBO_EDATAINCONSISTENCY;
    *id = zb_load32(found.mv_data);
    return decode(value.mv_data, value.mv_size, acl);
}

/* known looks an ACL up by its hash. ENONODE also when the hash is that of another one. */
static zobo_err
known(zs_txn *txn, const uint8_t hash[20], const void *acl, size_t n, uint32_t *id)
{
    MDB_val value;
    zobo_err err = zs_get(txn, ZS_ACL_IDS, hash, 20, &value);
    if (err)
        return err;
    uint8_t key[4];
    if (value.mv_size != sizeof key)
        return ZOBO_EDATAINCONSISTENCY;
    memcpy(key, value.mv_data, sizeof key);
    err = zs_get(txn, ZS_ACLS, key, sizeof key, &value);
    if (err)
        return err == ZOBO_ENONODE ? ZOBO_EDATAINCONSISTENCY : err;
    *id = zb_load32(key);
    return value.mv_size == n && memcmp(value.mv_data, acl, n) == 0 ? ZOBO_OK : ZOBO_ENONODE;
}

static zobo_err
add(zs_txn *txn, const uint8_t hash[20], const void *acl, size_t n, uint32_t *id)
{
    zobo_err err = ZOBO_ESYSTEM;
    MDB_cursor *cursor = zs_cursor(txn, ZS_ACLS, &err);
    if (!cursor)
        return err;
    MDB_val last, value;
    int rc = mdb_cursor_get(cursor, &last, &value, MDB_LAST);
    if (rc && rc != MDB_NOTFOUND)
        return zs_store_err(rc);
    if (rc == 0 && last.mv_size != 4)
        return ZOBO_EDATAINCONSISTENCY;
    *id = rc ? 1 : zb_load32(last.mv_data) + 1;
    uint8_t key[4];
    zb_store32(key, *id);
    err = zs_put(txn, ZS_ACLS, key, sizeof key, acl, n);
    return err ? err : zs_put(txn, ZS_ACL_IDS, hash, 20, key, sizeof key);
}

zobo_err
zs_acl_put(zs_txn *txn, const void *acl, size_t n, uint32_t *id)
{
    bool open = n == WORLD_BYTES && memcmp(acl, open_acl, n) == 0;
    if (open || (n == WORLD_BYTES && memcmp(acl, read_acl, n) == 0)) {
        *id = open ? ZS_ACL_OPEN : ZS_ACL_READ;
        return ZOBO_OK;
    }
    zb_aclvec v;
    if (decode(acl, n, &v))
        return ZOBO_EINVALIDACL;
    uint8_t hash[20];
    zb_sha1(acl, n, hash);
    zobo_err err = known(txn, hash, acl, n, id);
    return err == ZOBO_ENONODE ? add(txn, hash, acl, n, id) : err;
}

zobo_err
zs_write_first_acls(zs_txn *txn)
{
    const char *const first[] = {open_acl, read_acl};
    zobo_err err = ZOBO_OK;
    for (uint32_t i = 0; i < 2 && !err; i++) {
        uint8_t hash[20];
        uint32_t id;
        zb_sha1(first[i], WORLD_BYTES, hash);
        err = add(txn, hash, first[i], WORLD_BYTES, &id);
    }
    return err;
}

/* --- sessions --- */

enum { SESSION_BYTES = 4 + 16 };

zobo_err
zs_session_put(zs_txn *txn, const zs_session_record *session)
{
    uint8_t key[8], value[SESSION_BYTES];
    zb_store64(key, (uint64_t)session->id);
    zb_store32(value, (uint32_t)session->timeout_ms);
    memcpy(value + 4, session->password, 16);
    return zs_put(txn, ZS_SESSIONS, key, sizeof key, value, sizeof value);
}

zobo_err
zs_session_delete(zs_txn *txn, int64_t id)
{
    uint8_t key[8];
    zb_store64(key, (uint64_t)id);
    return zs_delete(txn, ZS_SESSIONS, key, sizeof key);
}

zobo_err
zs_session_after(zs_txn *txn, int64_t id, zs_session_record *session)
{
    uint8_t key[8];
    zb_store64(key, (uint64_t)id);
    MDB_val found, value;
    zobo_err err = zs_next(txn, ZS_SESSIONS, key, sizeof key, &found, &value);
    if (err)
        return err;
    if (found.mv_size != sizeof key || value.mv_size != SESSION_BYTES)
        return ZOBO_EDATAINCONSISTENCY;
    session->id = (int64_t)zb_load64(found.mv_data);
    session->timeout_ms = (int32_t)zb_load32(value.mv_data);
    memcpy(session->password, (const uint8_t *)value.mv_data + 4, 16);
    return ZOBO_OK;
}
