/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "writer_internal.h"

static bool
same_data(const struct write *write, const zobo_reply *reply)
{
    if (write->blind)
        return (int64_t)write->data_len == reply->stat.data_length;
    return write->has_data == (reply->data != NULL) && write->data_len == reply->data_len &&
           (reply->data == NULL || memcmp(write->data, reply->data, write->data_len) == 0);
}

/* same_acl leaves the ids alone: of digests, those who may not administer the node see only the users. */
static bool
same_acl(const struct write *write, const zobo_reply *reply)
{
    bool same = reply->n_acls == write->acl.n;
    for (size_t i = 0; same && i < write->acl.n; i++)
        same = reply->acls[i].perms == write->acl.items[i].perms &&
               strcmp(reply->acls[i].scheme, write->acl.items[i].scheme) == 0;
    return same;
}

/* is_next tells whether a version follows that which the write was for. */
static bool
is_next(const struct write *write, int32_t version)
{
    return write->version == -1 || version == write->version + 1;
}

bool
writer_is_echo(zobo_client *client, const struct write *write, const zobo_reply *reply)
{
    const zobo_stat *stat = &reply->stat;
    zobo_client_id id = {0};
    switch (write->kind) {
    case CREATE:
        if (write->options.ephemeral &&
            (zobo_get_client_id(client, &id) != ZOBO_OK || stat->ephemeral_owner != id.session_id))
            return false;
        return stat->czxid > write->zxid && (stat->version > 0 || same_data(write, reply));
    case SET:
        return stat->mzxid > write->zxid && is_next(write, stat->version) && same_data(write, reply);
    case SET_ACLS:
        return is_next(write, stat->aversion) && same_acl(write, reply);
    default:
        return false;
    }
}
