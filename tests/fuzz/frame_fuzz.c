/* SPDX-License-Identifier: Apache-2.0 */
/* A frame from a server: its header, and its body read as every kind of reply, with and without a chroot. All that a
 * reply points to is looked at. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/reply.h"

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static size_t touched; /* so that no look is optimised away */

static void
look_at_text(const char *text)
{
    must(text != NULL);
    touched += strlen(text);
}

static void
look_at_data(const void *data, size_t len)
{
    must(data != NULL || len == 0);
    if (data == NULL)
        return;
    must(((const char *)data)[len] == '\0');
    for (size_t i = 0; i < len; i++)
        touched += ((const unsigned char *)data)[i];
}

static void
look_at_children(const char *const *children, size_t n)
{
    for (size_t i = 0; i < n; i++)
        look_at_text(children[i]);
}

static void
look_at(const zobo_reply *reply)
{
    if (reply->path)
        look_at_text(reply->path);
    look_at_data(reply->data, reply->data_len);
    look_at_children(reply->children, reply->n_children);
    for (size_t i = 0; i < reply->n_acls; i++) {
        look_at_text(reply->acls[i].scheme);
        look_at_text(reply->acls[i].id);
    }
    must(reply->count >= 0);
    bool failed = false;
    for (size_t i = 0; i < reply->n_results; i++) {
        const zobo_result *result = &reply->results[i];
        failed = failed || result->err != ZOBO_OK;
        if (result->path)
            look_at_text(result->path);
        look_at_data(result->data, result->data_len);
        look_at_children(result->children, result->n_children);
    }
    must(reply->err != ZOBO_ETRANSACTION || failed);
}

static void
build_all(zb_reader body, int64_t zxid)
{
    static const zb_chroot chroots[] = {{"", 0}, {"/g", 2}};
    for (int kind = ZB_REPLY_EMPTY; kind <= ZB_REPLY_TOKEN; kind++) {
        for (size_t i = 0; i < 2; i++) {
            zobo_reply *reply;
            zobo_err err = zb_reply_build((zb_reply_kind)kind, body, zxid, &chroots[i], &reply);
            must((err == ZOBO_OK) == (reply != NULL));
            if (reply == NULL) {
                must(err == ZOBO_EBADREPLY);
                continue;
            }
            must(reply->zxid == zxid);
            look_at(reply);
            zobo_reply_free(reply);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zb_reader r = zb_reader_of(data, size);
    struct zb_connect_response welcome;
    bool read_only;
    zb_get_connect_reply(&r, &welcome, &read_only);
    must(r.bad || welcome.password.n <= (int32_t)size);

    r = zb_reader_of(data, size);
    struct zb_reply_header header;
    struct zb_watcher_event event;
    zb_get_reply_header(&r, &header);
    zb_reader body = r;
    zb_get_watcher_event(&r, &event);
    must(r.bad || event.path.n <= (int32_t)size);
    if (!body.bad)
        build_all(body, header.zxid);
    return 0;
}
