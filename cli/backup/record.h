/* SPDX-License-Identifier: Apache-2.0 */
/* Exports as text: a line of JSON for the header, one for each node, one for the end.
 *
 *     {"format":"zobo-export","version":1,"root":"/app","zobo":"1.0.0","time":"..","zxid":"0x.."}
 *     {"path":"/","data":"text","encoding":"utf8","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],
 *      "type":"persistent","children":1,"ctime":"..","mtime":"..","version":0}
 *     {"end":true,"nodes":1,"bytes":4,"left_out":0,"unreadable":0,"changed":0,"zxid":"0x.."}
 *
 * Paths begin at the exported root, which is "/". Data is text, base64, or null where there is none; an ACL that could
 * not be read is null; "ttl" is there with the type ttl. Parents come before their children, children by the bytes of
 * their names. Readers ignore keys that they do not know. */
#ifndef CLI_BACKUP_RECORD_H
#define CLI_BACKUP_RECORD_H

#include "frame/json.h"
#include "infile.h"
#include "node.h"

struct header {
    const char *root;
    int64_t zxid;
    int64_t time; /* 0: not written */
};

struct trailer {
    uint64_t nodes, bytes;
    uint64_t left_out;   /* ephemeral nodes */
    uint64_t unreadable; /* nodes */
    uint64_t changed;    /* nodes that changed while they were read; 0: the export is of one moment */
    int64_t zxid;
};

void put_header(FILE *to, const struct header *header);

/* put_node_record writes a node; `file` (may be NULL) says where its data is, instead of the data and of what changes
 * with each write. */
void put_node_record(FILE *to, const struct tnode *node, const char *file);
void put_trailer(FILE *to, const struct trailer *trailer);

/* put_acls writes "acl". */
void put_acls(struct json *json, const zobo_acl *acls, size_t n);

enum record_kind { RECORD_BAD, RECORD_HEADER, RECORD_NODE, RECORD_END };

/* A record that was read: node and texts are good until record_free. */
struct record {
    enum record_kind kind;
    char wrong[160]; /* RECORD_BAD: why */
    struct header header;
    struct tnode node;
    const char *file; /* of a directory's index; or NULL */
    struct trailer trailer;
    void *json;
    zobo_acl *acls;
    char *data;
    char *text;
};

/* record_read reads a line. */
void record_read(struct record *record, const char *line, size_t len);
void record_free(struct record *record);

/* How it does: record_read_fast reads a node as we write it, and else is false; then record_read_any reads whatever it is,
 * after record_free. */
void record_read_any(struct record *record, const char *line, size_t len);
bool record_read_fast(struct record *record, const char *line, size_t len);

#endif
