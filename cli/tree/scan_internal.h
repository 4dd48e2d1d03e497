/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan is made of: scan_ask.c asks and takes the answers, scan.c tells them. */
#ifndef CLI_SCAN_INTERNAL_H
#define CLI_SCAN_INTERNAL_H

#include "scan.h"

enum {
    WINDOW = 1000,                 /* requests under way */
    FIRST_WINDOW = 16,             /* at the start, when nothing is known about how long answers are */
    HELD_MAX = 4096,               /* answers that wait for their turn, */
    HELD_BYTES = 64 * 1024 * 1024, /* and their bytes */
    LOSSES_MAX = 10                /* connections lost in a row over the question that is next */
};

/* A node's requests. */
enum { ASK_STAT = 1, ASK_NAMES = 2, ASK_DATA = 4, ASK_ACL = 8 };

/* The names of a node's children, one behind the other, sorted; an empty one ends them. They live as long as there is
 * an item below that node. */
struct names {
    struct names *parent; /* of the node whose children these are */
    const char *name;     /* the node's, in its parent's block */
    size_t path_len;      /* of the node's path, 0 for "/" */
    uint32_t depth;
    size_t refs;
    size_t size;
    char text[];
};

struct item {
    struct item *prev, *next;
    struct scan *scan;
    struct names *parent; /* NULL: the root */
    const char *name;
    uint32_t depth;
    enum { NODE, TAIL } kind; /* a tail has its node's name, depth and stat */
    bool has_stat;
    zobo_stat stat;

    /* of a node */
    bool unwanted;  /* it is off the list, but answers are still to come */
    unsigned wants; /* ASK_... */
    unsigned asked; /* ASK_... under way */
    zobo_err err;
    struct item *tail;
    size_t bytes; /* what counts as held */
    void *data;
    size_t data_len;
    zobo_acl *acls;
    size_t n_acls;

    /* of a tail */
    struct names *names; /* NULL: there is nothing below */
    const char *next_name;
};

struct buffer {
    char *text;
    size_t size;
};

struct scan {
    struct ctx *ctx;
    struct scan_options options;
    char *root;
    struct item list; /* a ring; only prev and next are used */
    size_t in_flight;
    size_t window, window_max; /* requests under way */
    size_t held_max, held_bytes_max;
    size_t held, held_bytes;
    size_t usual_bytes; /* of an answer, lately */
    size_t events;      /* answers and nodes told since it was last gone through for something to ask */
    unsigned losses;
    uint64_t turned_ms;
    bool away; /* the caller left the session alone for so long that it may be over: that is nobody's fault */
    bool closed;

    zobo_err err; /* what ended it */
    char *err_path;
    bool interrupted;

    struct item *told; /* off the list */
    struct item *told_tail;
    uint64_t n_told, n_unread;
    struct buffer paths, asks;
    struct progress *progress; /* NULL: it is not told */

    struct item *spare;
    size_t n_spare;
};

/* --- scan_ask.c --------------------------------------------------------------------------------------------------- */

struct item *scan_new_item(struct scan *scan, struct names *parent, const char *name, uint32_t depth);
void scan_free_item(struct item *item);
void scan_insert_before(struct item *item, struct item *next);

/* scan_remove takes an item off the list; an answer that is still to come finds it unwanted. */
void scan_remove(struct item *item);

/* scan_take_off takes an item off the list that awaits no answer, for the caller to free. */
void scan_take_off(struct item *item);

/* scan_is_held tells whether all answers about a node have come. */
bool scan_is_held(const struct item *item);

/* scan_add_tail puts a tail behind its node, `next` being what follows it; `names` may be NULL: nothing is below. */
struct item *scan_add_tail(struct item *node, struct names *names, struct item *next);

/* scan_tells_names tells whether the nodes before this tail are told by their names alone. */
bool scan_tells_names(const struct item *tail);

/* scan_first_wants tells what is to be asked about a node to begin with. */
unsigned scan_first_wants(const struct scan *scan, uint32_t depth);

/* scan_put_path writes the path of a node to `buf`. */
const char *scan_put_path(struct buffer *buf, const struct item *item);

/* scan_ask_more goes through the list and asks, as far as there is room. */
void scan_ask_more(struct scan *scan);

/* --- scan.c ------------------------------------------------------------------------------------------------------- */

/* scan_fail ends the scan. */
void scan_fail(struct scan *scan, zobo_err err, const char *path);

/* scan_lost decides what an answer that did not come means: asking again, or the end. */
void scan_lost(struct item *item, zobo_err err);

/* scan_free frees what is left of a closed scan. */
void scan_free(struct scan *scan);

#endif
