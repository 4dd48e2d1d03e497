/* SPDX-License-Identifier: Apache-2.0 */
/* A node of a tree that is written to a file, read from one, compared or copied. */
#ifndef CLI_BACKUP_NODE_H
#define CLI_BACKUP_NODE_H

#include "frame/cli.h"

enum node_type { PERSISTENT, EPHEMERAL, CONTAINER, TTL };
extern const char *const node_types[]; /* their names, ended by NULL */

struct tnode {
    const char *path; /* from the tree's root on, which is "/" */
    zobo_err err;     /* it could not be read, nor what is below it */
    bool leaving;     /* told a second time, after all below it: only the path counts */
    bool implied;     /* the file does not have it, but something below it */
    const void *data; /* NULL: no data */
    size_t len;
    const zobo_acl *acls; /* NULL: not known */
    size_t n_acls;
    enum node_type type;
    int64_t ttl;           /* of a TTL node, in ms */
    int64_t children;      /* -1: not known */
    const zobo_stat *stat; /* NULL: not known */
};

/* path_order compares paths as trees are walked: parents first, then children by the bytes of their names. */
int path_order(const char *a, const char *b);

/* is_below tells whether `path` is below `above`, or the same. */
bool is_below(const char *path, const char *above);

/* missing_above returns the length of the first path above `path` that is not above `last` (or the same); 0: there is
 * none. Where nodes above come first, those above the node told last have been told. */
size_t missing_above(const char *path, const char *last);

/* join_path puts a path of a tree behind the path of its root; freed by the caller. */
char *join_path(const char *root, const char *path);

/* same_data, same_acls compare what two nodes hold. ACLs are the same in whatever order; one not known is like any. */
bool same_data(const struct tnode *a, const struct tnode *b);
bool same_acls(const struct tnode *a, const struct tnode *b);

/* type_of tells a node's type by its owner, as far as a client can: servers tell the owner of containers and TTL nodes as
 * 0 from 3.5.3 on. */
enum node_type type_of(int64_t owner, int64_t *ttl);

/* copy_node keeps a node longer than its source does; free_node frees it. */
struct tnode *copy_node(const struct tnode *node);
void free_node(struct tnode *node);

#endif
