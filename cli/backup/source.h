/* SPDX-License-Identifier: Apache-2.0 */
/* Where a tree's nodes come from, one after the other in path_order: a subtree of a server, a file of ours, another
 * tool's, a directory. Those of a server and of our own files are read in flat memory. */
#ifndef CLI_BACKUP_SOURCE_H
#define CLI_BACKUP_SOURCE_H

#include "infile.h"
#include "node.h"

struct source;

struct source_kind {
    bool (*next)(struct source *source, struct tnode *node);
    void (*prune)(struct source *source); /* may be NULL: then nothing is left out */
    int (*again)(struct source *source);
    int (*close)(struct source *source);
};

/* What every source begins with. */
struct source {
    const struct source_kind *kind;
    char *root; /* where the tree stood or stands */
    int code;   /* why it ended before its time; it was told */
};

struct source_options {
    uint32_t depth;
    bool no_data;    /* only what the stat tells */
    bool no_acls;    /* these are not asked for */
    bool ephemerals; /* these too */
    bool leave;      /* nodes are told a second time when all below them has been told */
    bool may_miss;   /* that the root is not there is no error */
    const char *doing;
};

/* source_of_server reads a subtree. ZooKeeper's own nodes, below /zookeeper, are left out. */
struct source *source_of_server(struct ctx *ctx, const char *path, const struct source_options *options);

/* source_ephemerals tells how many ephemeral nodes a source of a server has left out so far. */
uint64_t source_ephemerals(const struct source *source);

/* source_of_file reads an export; `in` is closed with it. The whole file is looked through first. A file of ours whose
 * nodes are not in their order, and those of other tools, are read into memory. NULL after telling what is wrong, with
 * the line; `*code` is then the exit code. */
struct source *source_of_file(const struct ctx *ctx, struct infile *in, int *code);

/* source_of_dir reads the directory that an export was written to. As source_of_file. */
struct source *source_of_dir(const struct ctx *ctx, const char *dir, int *code);

/* source_of_nodes tells nodes made by copy_node, which it owns with their array, and those above them that are missing;
 * `root` is copied. */
struct source *source_of_nodes(const char *root, struct tnode **nodes, size_t n);

/* source_next tells the next node, which is good until the next call. False at the end, or by an error: then source->code
 * is not 0. */
bool source_next(struct source *source, struct tnode *node);

/* source_prune leaves out what is below the node just told, where that spares work. */
void source_prune(struct source *source);

/* source_again goes back to the beginning. 0; or, after telling, the exit code of the pass that it ends. */
int source_again(struct source *source);

/* source_close ends it. 0; or, after telling, the exit code. */
int source_close(struct source *source);

/* --- foreign.c ---------------------------------------------------------------------------------------------------- */

/* source_of_foreign reads the JSON document of another tool: zk_shell (json://), zoocreeper, ZooNavigator. */
struct source *source_of_foreign(const struct ctx *ctx, struct infile *in, int *code);

#endif
