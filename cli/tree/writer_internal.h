/* SPDX-License-Identifier: Apache-2.0 */
/* What a writer is made of: writer.c sends, writer_echo.c judges what is there after a second sending. */
#ifndef CLI_WRITER_INTERNAL_H
#define CLI_WRITER_INTERNAL_H

#include "writer.h"

enum kind { CREATE, SET, DELETE, SET_ACLS };

struct write {
    struct write *next;
    struct writer *writer;
    enum kind kind;
    enum { UNSENT, SENT, LOOKING, ANSWERED } state;
    bool again; /* sent before, and that answer was lost */
    bool blind; /* its data may not be read */
    zobo_err err;
    zobo_reply reply; /* with no more than path and stat */
    char *made;       /* reply.path, where it differs */
    void *tag;
    size_t bytes;
    int64_t zxid; /* what the session had seen when it was first sent */
    int32_t version;
    zobo_create_options options;
    bool has_acl;
    zobo_acl_list acl; /* in one block */
    bool has_data;
    size_t data_len;
    char *data; /* behind the path */
    char path[];
};

/* writer_is_echo tells whether what is there is what the write made, before its answer was lost. */
bool writer_is_echo(zobo_client *client, const struct write *write, const zobo_reply *reply);

#endif
