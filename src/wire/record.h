/* SPDX-License-Identifier: Apache-2.0 */
/* Every Jute record, described once. From each row the preprocessor makes
 *
 *   struct zb_NAME                              the fields
 *   void zb_put_NAME(zb_writer *, const struct zb_NAME *)
 *   void zb_get_NAME(zb_reader *, struct zb_NAME *)
 *
 * for client and server alike. Field order is wire order. */
#ifndef ZB_RECORD_H
#define ZB_RECORD_H

#include "wire/codec.h"

#define ZB_RECORDS(R)                                                                                                  \
    R(connect_request, F(i32, protocol_version) F(i64, last_zxid_seen) F(i32, timeout) F(i64, session_id)              \
                           F(buf, password) F(bool, read_only))                                                        \
    /* without its last byte, read_only, which old servers do not send: see zb_get_connect_reply */                    \
    R(connect_response, F(i32, protocol_version) F(i32, timeout) F(i64, session_id) F(buf, password))                  \
    R(request_header, F(i32, xid) F(i32, type))                                                                        \
    R(reply_header, F(i32, xid) F(i64, zxid) F(i32, err))                                                              \
    R(multi_header, F(i32, type) F(bool, done) F(i32, err))                                                            \
    R(watcher_event, F(i32, type) F(i32, state) F(str, path))                                                          \
    R(create_request, F(path, path) F(buf, data) F(aclvec, acl) F(i32, flags))                                         \
    R(create_ttl_request, F(path, path) F(buf, data) F(aclvec, acl) F(i32, flags) F(i64, ttl))                         \
    R(delete_request, F(path, path) F(i32, version))                                                                   \
    R(path_watch_request, F(path, path) F(bool, watch)) /* exists, getData, getChildren, getChildren2 */               \
    R(set_data_request, F(path, path) F(buf, data) F(i32, version))                                                    \
    R(path_request, F(path, path)) /* sync, getACL, getAllChildrenNumber, getEphemerals */                             \
    R(set_acl_request, F(path, path) F(aclvec, acl) F(i32, version))                                                   \
    R(check_request, F(path, path) F(i32, version))                                                                    \
    R(watches_request, F(path, path) F(i32, type)) /* checkWatches, removeWatches */                                   \
    R(add_watch_request, F(path, path) F(i32, mode))                                                                   \
    R(reconfig_request, F(str, joining) F(str, leaving) F(str, new_members) F(i64, config_id))                         \
    R(auth_request, F(i32, type) F(str, scheme) F(buf, auth))                                                          \
    R(set_watches_request, F(i64, relative_zxid) F(strvec, data) F(strvec, exist) F(strvec, child))                    \
    R(set_watches2_request, F(i64, relative_zxid) F(strvec, data) F(strvec, exist) F(strvec, child)                    \
                                F(strvec, persistent) F(strvec, persistent_recursive))                                 \
    R(sasl_request, F(buf, token))                                                                                     \
    R(raw_request, F(raw, body)) /* multi, multiRead: encoded by the transaction */                                    \
    R(path_reply, F(str, path))                                                                                        \
    R(path_stat_reply, F(str, path) F(stat, stat))                                                                     \
    R(stat_reply, F(stat, stat))                                                                                       \
    R(data_stat_reply, F(buf, data) F(stat, stat))                                                                     \
    R(children_reply, F(strvec, children))                                                                             \
    R(children_stat_reply, F(strvec, children) F(stat, stat))                                                          \
    R(acl_stat_reply, F(aclvec, acl) F(stat, stat))                                                                    \
    R(count_reply, F(i32, count))                                                                                      \
    R(error_reply, F(i32, err))                                                                                        \
    R(sasl_reply, F(buf, token))

/* An empty record: closeSession, ping, whoAmI. */
struct zb_empty_request {
    char none;
};
void zb_put_empty_request(zb_writer *w, const struct zb_empty_request *v); /* v may be NULL */

#define F(kind, name) zb_t_##kind name;
#define R(name, fields)                                                                                                \
    struct zb_##name {                                                                                                 \
        fields                                                                                                         \
    };                                                                                                                 \
    void zb_put_##name(zb_writer *w, const struct zb_##name *v);                                                       \
    void zb_get_##name(zb_reader *r, struct zb_##name *v);
ZB_RECORDS(R)
#undef R
#undef F

/* Reads a ConnectResponse of either length (36 bytes, or 37 with read_only). */
void zb_get_connect_reply(zb_reader *r, struct zb_connect_response *v, bool *read_only);

/* whoAmI's reply is a vector of {scheme, user}: n entries of two strings each. -1 for null. */
int32_t zb_get_ids_count(zb_reader *r);

#endif
