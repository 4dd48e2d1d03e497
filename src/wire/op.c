/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/op.h"

#define X(name, code, req, reply, writes)                                                                              \
    static void put_##name(zb_writer *w, const void *record)                                                           \
    {                                                                                                                  \
        zb_put_##req(w, record);                                                                                       \
    }
ZB_OPS(X)
#undef X

enum {
#define X(name, code, req, reply, writes) ROW_##name,
    ZB_OPS(X)
#undef X
};

static const zb_op ops[] = {
#define X(name, code, req, reply, writes) {code, #name, ZB_REPLY_##reply, writes, put_##name},
    ZB_OPS(X)
#undef X
};

const zb_op *
zb_op_find(int32_t code)
{
    switch (code) {
#define X(name, code, req, reply, writes)                                                                              \
    case code:                                                                                                         \
        return &ops[ROW_##name];
        ZB_OPS(X)
#undef X
    default:
        return NULL;
    }
}
