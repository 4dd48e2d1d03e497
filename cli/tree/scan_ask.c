/* SPDX-License-Identifier: Apache-2.0 */
/* A scan is a list in preorder of what is still to be told: nodes that are being asked about or have answered, and for
 * each node with children a tail, which stands behind what is below it and knows the names that have not become
 * nodes yet. The head is told next. An answer with names puts a tail behind its node; asking goes through the list from
 * the head on, so that what is told soonest is asked for soonest, and makes nodes of names as it comes to their tail.
 *
 * What is held is limited: answers that lie far ahead are given up again when something nearer needs their room. */
#include "scan_internal.h"

#include <stdlib.h>
#include <string.h>

/* --- names -------------------------------------------------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_sorted(const char *const *names, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) > 0)
            return false;
    return true;
}

/* new_names makes a block of the names of a node's children, one behind the other in their order. */
static struct names *
new_names(struct item *item, const char *const *children, size_t n)
{
    size_t size = 1; /* an empty name ends it */
    for (size_t i = 0; i < n; i++)
        size += strlen(children[i]) + 1;
    struct names *names = need_memory(1, sizeof *names + size);
    *names = (struct names){.parent = item->parent, .name = item->name, .depth = item->depth, .refs = 1, .size = size};
    if (item->parent == NULL)
        names->path_len = strcmp(item->scan->root, "/") == 0 ? 0 : strlen(item->scan->root);
    else
        names->path_len = item->parent->path_len + 1 + strlen(item->name);
    if (names->parent != NULL)
        names->parent->refs++;
    const char **sorted = NULL;
    if (!is_sorted(children, n)) {
        sorted = need_memory(n, sizeof *sorted);
        memcpy(sorted, children, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, by_name);
        children = sorted;
    }
    char *to = names->text;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(children[i]) + 1;
        memcpy(to, children[i], len);
        to += len;
    }
    *to = '\0';
    free(sorted);
    return names;
}

static void
drop_names(struct names *names)
{
    while (names != NULL && --names->refs == 0) {
        struct names *parent = names->parent;
        free(names);
        names = parent;
    }
}

const char *
scan_put_path(struct buffer *buf, const struct item *item)
{
    const struct names *names = item->parent;
    if (names == NULL)
        return item->scan->root;
    size_t last = strlen(item->name), len = names->path_len + 1 + last;
    if (len + 1 > buf->size) {
        buf->size = len + 256;
        buf->text = need_more(buf->text, buf->size, 1);
    }
    char *end = buf->text + len - last;
    memcpy(end, item->name, last + 1);
    *--end = '/';
    for (; names->parent != NULL; names = names->parent) {
        last = names->path_len - names->parent->path_len - 1;
        end -= last;
        memcpy(end, names->name, last);
        *--end = '/';
    }
    if (names->path_len > 0)
        memcpy(buf->text, item->scan->root, names->path_len);
    return buf->text;
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

struct item *
scan_new_item(struct scan *scan, struct names *parent, const char *name, uint32_t depth)
{
    struct item *item = scan->spare;
    if (item != NULL) {
        scan->spare = item->next;
        scan->n_spare--;
    } else {
        item = need_memory(1, sizeof *item);
    }
    *item = (struct item){.scan = scan, .parent = parent, .name = name, .depth = depth};
    if (parent != NULL)
        parent->refs++;
    return item;
}

void
scan_free_item(struct item *item)
{
    struct scan *scan = item->scan;
    drop_names(item->names);
    drop_names(item->parent);
    free(item->data);
    free(item->acls);
    if (scan->n_spare == HELD_MAX) {
        free(item);
        return;
    }
    item->next = scan->spare;
    scan->spare = item;
    scan->n_spare++;
}

void
scan_insert_before(struct item *item, struct item *next)
{
    item->next = next;
    item->prev = next->prev;
    item->prev->next = next->prev = item;
}

static void
unlink_item(struct item *item)
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
}

bool
scan_is_held(const struct item *item)
{
    return item->kind == NODE && item->wants == 0 && item->asked == 0;
}

static void
forget_held(struct item *item)
{
    item->scan->held--;
    item->scan->held_bytes -= item->bytes;
    item->bytes = 0;
}

void
scan_remove(struct item *item)
{
    scan_take_off(item);
    if (item->asked == 0)
        scan_free_item(item);
    else
        item->unwanted = true;
}

bool
scan_tells_names(const struct item *tail)
{
    return tail->scan->options.names_only && tail->depth + 1 == tail->scan->options.depth;
}

struct item *
scan_add_tail(struct item *node, struct names *names, struct item *next)
{
    struct item *tail = scan_new_item(node->scan, node->parent, node->name, node->depth);
    tail->kind = TAIL;
    tail->has_stat = node->has_stat;
    tail->stat = node->stat;
    tail->names = names;
    tail->next_name = names == NULL ? "" : names->text;
    scan_insert_before(tail, next);
    node->tail = tail;
    return tail;
}

unsigned
scan_first_wants(const struct scan *scan, uint32_t depth)
{
    unsigned acl = scan->options.what & SCAN_ACL ? ASK_ACL : 0;
    if (scan->options.what & SCAN_DATA)
        return ASK_DATA | acl;
    return (depth < scan->options.depth ? ASK_NAMES : ASK_STAT) | acl;
}

/* unfold makes a node of the tail's next name. */
static struct item *
unfold(struct item *tail)
{
    struct item *node = scan_new_item(tail->scan, tail->names, tail->next_name, tail->depth + 1);
    node->wants = scan_first_wants(tail->scan, node->depth);
    tail->next_name += strlen(tail->next_name) + 1;
    scan_insert_before(node, tail);
    return node;
}

/* fold undoes that, if this is the last node that was made of its tail. */
static void
fold(struct item *node)
{
    struct item *tail = node->next;
    if (node->asked != 0 || tail->kind != TAIL || tail->names == NULL || tail->names != node->parent ||
        node->name + strlen(node->name) + 1 != tail->next_name)
        return;
    tail->next_name = node->name;
    unlink_item(node);
    scan_free_item(node);
}

/* give_up forgets an answer, which will be asked for again when its time comes. */
static void
give_up(struct item *node)
{
    forget_held(node);
    if (node->tail != NULL) {
        unlink_item(node->tail);
        scan_free_item(node->tail);
    }
    free(node->data);
    free(node->acls);
    node->tail = NULL;
    node->data = node->acls = NULL;
    node->n_acls = node->data_len = 0;
    node->has_stat = false;
    node->err = ZOBO_OK;
    node->wants = scan_first_wants(node->scan, node->depth);
    fold(node);
}

void
scan_take_off(struct item *item)
{
    if (scan_is_held(item))
        forget_held(item);
    unlink_item(item);
}

/* make_room gives up the answer that is furthest ahead, if it lies behind `item`; false if there is none. */
static bool
make_room(struct scan *scan, const struct item *item)
{
    struct item *before;
    for (struct item *at = scan->list.prev; at != &scan->list && at != item; at = before) {
        before = at->prev;
        if (scan_is_held(at) && at != scan->list.next && (at->tail == NULL || at->tail == at->next)) {
            give_up(at);
            return true;
        }
        if (at->kind == NODE && at->wants != 0 && at->asked == 0)
            fold(at);
    }
    return false;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static void got_stat(void *arg, zobo_err err, const zobo_reply *reply);
static void got_names(void *arg, zobo_err err, const zobo_reply *reply);
static void got_data(void *arg, zobo_err err, const zobo_reply *reply);
static void got_acls(void *arg, zobo_err err, const zobo_reply *reply);

static zobo_err
ask_one(struct item *item, const char *path, unsigned what)
{
    zobo_client *client = item->scan->ctx->client;
    zobo_how how = {.arg = item};
    switch (what) {
    case ASK_STAT:
        how.done = got_stat;
        return zobo_exists_async(client, path, NULL, &how, NULL);
    case ASK_NAMES:
        how.done = got_names;
        return zobo_get_children_async(client, path, NULL, &how, NULL);
    case ASK_DATA:
        how.done = got_data;
        return zobo_get_async(client, path, NULL, &how, NULL);
    default:
        how.done = got_acls;
        return zobo_get_acls_async(client, path, &how, NULL);
    }
}

static void
ask(struct item *item)
{
    struct scan *scan = item->scan;
    const char *path = scan_put_path(&scan->asks, item);
    for (unsigned what = ASK_STAT; what <= ASK_ACL; what <<= 1) {
        if (!(item->wants & what))
            continue;
        zobo_err err = ask_one(item, path, what);
        if (err == ZOBO_EQUEUEFULL)
            return; /* others have much under way with this client */
        if (err != ZOBO_OK) {
            scan_fail(scan, err, path);
            return;
        }
        item->wants &= ~what;
        item->asked |= what;
        scan->in_flight++;
    }
}

static bool
has_room(const struct scan *scan)
{
    return scan->held < scan->held_max && scan->held_bytes + scan->in_flight * scan->usual_bytes < scan->held_bytes_max;
}

/* may_ask tells whether there is room for a question about `item`; for the head there always is. */
static bool
may_ask(struct scan *scan, const struct item *item)
{
    if (scan->in_flight >= scan->window)
        return false;
    while (!has_room(scan))
        if (!make_room(scan, item))
            return false;
    return true;
}

void
scan_ask_more(struct scan *scan)
{
    scan->events = 0;
    struct item *next;
    for (struct item *item = scan->list.next; item != &scan->list && scan->err == ZOBO_OK; item = next) {
        bool is_head = item == scan->list.next;
        next = item->next;
        if (item->kind == TAIL && *item->next_name != '\0' && !scan_tells_names(item)) {
            if (!is_head && !may_ask(scan, item))
                return;
            next = item; /* there may be more of them */
            item = unfold(item);
        } else if (item->kind != NODE || item->wants == 0) {
            continue;
        } else if (!is_head && !may_ask(scan, item)) {
            return;
        } else {
            next = item->next; /* making room may have taken the old one away */
        }
        ask(item);
        if (item->wants != 0)
            return;
    }
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void
note_size(struct scan *scan, size_t bytes)
{
    scan->usual_bytes = (scan->usual_bytes * 15 + bytes) / 16;
    if (scan->window < scan->window_max)
        scan->window++;
}

/* has_answered is the end of each answer. */
static void
has_answered(struct item *item)
{
    struct scan *scan = item->scan;
    if (item->asked != 0 || item->wants != 0)
        return;
    item->bytes = sizeof *item + item->data_len + (item->tail == NULL ? 0 : sizeof *item + item->tail->names->size);
    scan->held++;
    scan->held_bytes += item->bytes;
    note_size(scan, item->bytes);
    while ((scan->held > scan->held_max || scan->held_bytes > scan->held_bytes_max) &&
           make_room(scan, scan->list.next)) {
        /* down to what may be held */
    }
}

/* take begins each answer; false: there is nothing to be read in it. */
static bool
take(struct item *item, unsigned what, zobo_err err)
{
    struct scan *scan = item->scan;
    item->asked &= ~what;
    scan->in_flight--;
    if (item->unwanted) {
        if (item->asked == 0)
            scan_free_item(item);
        if (scan->closed && scan->in_flight == 0)
            scan_free(scan);
        return false;
    }
    scan->events++;
    switch (zobo_err_class(err)) {
    case ZOBO_CLASS_OK:
        scan->away = false;
        if (item == scan->list.next)
            scan->losses = 0;
        return true;
    case ZOBO_CLASS_REJECTED:
        if (what == ASK_ACL && err != ZOBO_ENONODE)
            return true;
        if (item->err == ZOBO_OK || err == ZOBO_ENONODE)
            item->err = err;
        item->wants = 0;
        return true;
    default:
        item->wants |= what;
        scan_lost(item, err);
        return false;
    }
}

static void
keep_stat(struct item *item, const zobo_reply *reply)
{
    item->has_stat = reply->has_stat;
    item->stat = reply->stat;
}

static void
got_stat(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct item *item = arg;
    if (!take(item, ASK_STAT, err))
        return;
    if (err == ZOBO_OK)
        keep_stat(item, reply);
    has_answered(item);
}

/* are_names refuses what no server may say: an empty name would end the list unseen, others would lead elsewhere. */
static bool
are_names(const zobo_reply *reply)
{
    for (size_t i = 0; i < reply->n_children; i++) {
        const char *name = reply->children[i];
        if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/') != NULL)
            return false;
    }
    return true;
}

static void
got_names(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct item *item = arg;
    if (err == ZOBO_OK && !are_names(reply))
        err = ZOBO_EBADREPLY;
    if (!take(item, ASK_NAMES, err))
        return;
    if (err == ZOBO_OK) {
        if (!item->has_stat)
            keep_stat(item, reply);
        if (reply->n_children > 0)
            scan_add_tail(item, new_names(item, reply->children, reply->n_children), item->next);
    }
    has_answered(item);
}

static void
got_data(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct item *item = arg;
    if (!take(item, ASK_DATA, err))
        return;
    if (err == ZOBO_OK) {
        keep_stat(item, reply);
        item->data_len = reply->data_len;
        if (reply->data != NULL) {
            item->data = need_memory(reply->data_len + 1, 1);
            memcpy(item->data, reply->data, reply->data_len);
        }
        if (item->depth < item->scan->options.depth && reply->stat.num_children > 0 && item->err == ZOBO_OK)
            item->wants |= ASK_NAMES;
    }
    has_answered(item);
}

/* keep_acls copies them into one block: the entries, then their text. */
static void
keep_acls(struct item *item, const zobo_reply *reply)
{
    size_t n = reply->n_acls, size = n * sizeof *item->acls;
    for (size_t i = 0; i < n; i++)
        size += strlen(reply->acls[i].scheme) + strlen(reply->acls[i].id) + 2;
    item->acls = need_memory(size, 1);
    item->n_acls = n;
    char *to = (char *)(item->acls + n);
    for (size_t i = 0; i < n; i++) {
        size_t scheme = strlen(reply->acls[i].scheme) + 1, id = strlen(reply->acls[i].id) + 1;
        item->acls[i] = (zobo_acl){reply->acls[i].perms, to, to + scheme};
        memcpy(to, reply->acls[i].scheme, scheme);
        memcpy(to + scheme, reply->acls[i].id, id);
        to += scheme + id;
    }
}

static void
got_acls(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct item *item = arg;
    if (!take(item, ASK_ACL, err))
        return;
    if (err == ZOBO_OK)
        keep_acls(item, reply);
    has_answered(item);
}
