/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/record.h"

#define F(kind, name) zb_put_##kind(w, v->name);
#define R(name, fields)                                                                                                \
    void zb_put_##name(zb_writer *w, const struct zb_##name *v)                                                        \
    {                                                                                                                  \
        fields                                                                                                         \
    }
ZB_RECORDS(R)
#undef R
#undef F

#define F(kind, name) v->name = zb_get_##kind(r);
#define R(name, fields)                                                                                                \
    void zb_get_##name(zb_reader *r, struct zb_##name *v)                                                              \
    {                                                                                                                  \
        fields                                                                                                         \
    }
ZB_RECORDS(R)
#undef R
#undef F

void
zb_put_empty_request(zb_writer *w, const struct zb_empty_request *v)
{
    (void)w;
    (void)v;
}

void
zb_get_connect_reply(zb_reader *r, struct zb_connect_response *v, bool *read_only)
{
    zb_get_connect_response(r, v);
    *read_only = zb_reader_left(r) > 0 && zb_get_bool(r);
}

int32_t
zb_get_ids_count(zb_reader *r)
{
    return zb_get_count(r, 8);
}
