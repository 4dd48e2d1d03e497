/* SPDX-License-Identifier: Apache-2.0 */
/* The operations, one row each: code, request record, kind of reply, what it needs. */
#ifndef ZB_OP_H
#define ZB_OP_H

#include "wire/record.h"

/* How the body of a successful reply reads. */
typedef enum zb_reply_kind {
    ZB_REPLY_EMPTY,
    ZB_REPLY_PATH,
    ZB_REPLY_PATH_STAT,
    ZB_REPLY_STAT,
    ZB_REPLY_DATA_STAT,
    ZB_REPLY_CHILDREN,
    ZB_REPLY_CHILDREN_STAT,
    ZB_REPLY_ACL_STAT,
    ZB_REPLY_MULTI,
    ZB_REPLY_MULTI_READ,
    ZB_REPLY_COUNT,
    ZB_REPLY_IDS,
    ZB_REPLY_ERR, /* addWatch: an int that must be there */
    ZB_REPLY_TOKEN
} zb_reply_kind;

/* Which server-side watch a request with its watch flag set leaves behind. */
typedef enum zb_watch_table {
    ZB_WATCH_NONE,
    ZB_WATCH_DATA,
    ZB_WATCH_EXIST,
    ZB_WATCH_CHILD,
    ZB_WATCH_PERSISTENT,
    ZB_WATCH_RECURSIVE
} zb_watch_table;

/* X(NAME, code, request record, reply kind, writes) */
#define ZB_OPS(X)                                                                                                      \
    X(CREATE, 1, create_request, PATH, true)                                                                           \
    X(DELETE, 2, delete_request, EMPTY, true)                                                                          \
    X(EXISTS, 3, path_watch_request, STAT, false)                                                                      \
    X(GET_DATA, 4, path_watch_request, DATA_STAT, false)                                                               \
    X(SET_DATA, 5, set_data_request, STAT, true)                                                                       \
    X(GET_ACL, 6, path_request, ACL_STAT, false)                                                                       \
    X(SET_ACL, 7, set_acl_request, STAT, true)                                                                         \
    X(GET_CHILDREN, 8, path_watch_request, CHILDREN, false)                                                            \
    X(SYNC, 9, path_request, PATH, false)                                                                              \
    X(PING, 11, empty_request, EMPTY, false)                                                                           \
    X(GET_CHILDREN2, 12, path_watch_request, CHILDREN_STAT, false)                                                     \
    X(CHECK, 13, check_request, EMPTY, false)                                                                          \
    X(MULTI, 14, raw_request, MULTI, true)                                                                             \
    X(CREATE2, 15, create_request, PATH_STAT, true)                                                                    \
    X(RECONFIG, 16, reconfig_request, DATA_STAT, true)                                                                 \
    X(CHECK_WATCHES, 17, watches_request, EMPTY, false)                                                                \
    X(REMOVE_WATCHES, 18, watches_request, EMPTY, false)                                                               \
    X(CREATE_CONTAINER, 19, create_request, PATH_STAT, true)                                                           \
    X(DELETE_CONTAINER, 20, path_request, EMPTY, true)                                                                 \
    X(CREATE_TTL, 21, create_ttl_request, PATH_STAT, true)                                                             \
    X(MULTI_READ, 22, raw_request, MULTI_READ, false)                                                                  \
    X(AUTH, 100, auth_request, EMPTY, false)                                                                           \
    X(SET_WATCHES, 101, set_watches_request, EMPTY, false)                                                             \
    X(SASL, 102, sasl_request, TOKEN, false)                                                                           \
    X(GET_EPHEMERALS, 103, path_request, CHILDREN, false)                                                              \
    X(GET_ALL_CHILDREN_NUMBER, 104, path_request, COUNT, false)                                                        \
    X(SET_WATCHES2, 105, set_watches2_request, EMPTY, false)                                                           \
    X(ADD_WATCH, 106, add_watch_request, ERR, false)                                                                   \
    X(WHO_AM_I, 107, empty_request, IDS, false)                                                                        \
    X(CREATE_SESSION, -10, empty_request, EMPTY, true)                                                                 \
    X(CLOSE_SESSION, -11, empty_request, EMPTY, true)

typedef enum zb_op_code {
#define X(name, code, req, reply, writes) ZB_OP_##name = code,
    ZB_OPS(X)
#undef X
} zb_op_code;

typedef struct zb_op {
    int32_t code;
    const char *name;
    zb_reply_kind reply;
    bool writes;
    void (*put)(zb_writer *w, const void *record);
} zb_op;

/* The row of an operation; NULL for a number that is none. */
const zb_op *zb_op_find(int32_t code);

/* xids that are no requests' */
enum { ZB_XID_EVENT = -1, ZB_XID_PING = -2, ZB_XID_AUTH = -4, ZB_XID_SET_WATCHES = -8 };

/* create's flags */
enum {
    ZB_CREATE_EPHEMERAL = 1,
    ZB_CREATE_SEQUENCE = 2,
    ZB_CREATE_CONTAINER = 4,
    ZB_CREATE_TTL = 5,
    ZB_CREATE_TTL_SEQUENCE = 6
};

#endif
