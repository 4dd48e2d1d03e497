/* SPDX-License-Identifier: Apache-2.0 */
/* The watch table.
 *
 * One hash map from path to node. A node carries its path behind itself (so that the path is stored once, and key and
 * node are one allocation) and one list of watchers of all five kinds: most paths have one watcher, and five list
 * heads would cost more memory than looking at the kind of each does time. A node lives as long as a watch,
 * registered or not, refers to it.
 *
 * Telling all persistent watches must bear any change of the table between two steps. It goes over the map's buckets;
 * nodes that are done carry the telling's number. A node that goes, or a watch that leaves its list, moves the cursor
 * on; a table that has been rehashed is begun again, where the numbers keep a node from being told twice. */
#include "core/watch.h"

#include <string.h>

#include "base/mem.h"
#include "core/path.h"

typedef struct zb_watch_node {
    zb_map_node map;
    zb_link watches;
    uint32_t refs; /* watches that point here */
    uint32_t told;
    uint32_t asking;  /* of them those that are not in the table yet: their requests are under way */
    uint8_t asked;    /* their tables, 1 << zb_watch_table */
    uint8_t unwanted; /* tables that the server may have a watch in for nobody, 1 << zb_watch_table */
    char path[];      /* NUL-terminated; length in map.key_len */
} zb_watch_node;

enum { JOIN_BYTES = 512 };

static zb_watch *
watch_of(zb_link *link)
{
    return ZB_CONTAINER_OF(link, zb_watch, link);
}

static bool
is_persistent(unsigned table)
{
    return table == ZB_WATCH_PERSISTENT || table == ZB_WATCH_RECURSIVE;
}

static void
set_unwanted(zb_watches *w, zb_watch_node *node, unsigned tables)
{
    if (!node->unwanted && tables)
        w->n_unwanted++;
    else if (node->unwanted && !tables)
        w->n_unwanted--;
    node->unwanted = (uint8_t)tables;
}

void
zb_watches_init(zb_watches *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    zb_map_init(&w->nodes, seed);
}

/* A node that a watch outside the table still holds lives on with no key: it is in no map any more. */
void
zb_watches_free(zb_watches *w)
{
    zb_map_iter it;
    zb_map_iter_init(&w->nodes, &it);
    for (zb_map_node *m; (m = zb_map_iter_next(&w->nodes, &it));) {
        zb_watch_node *node = ZB_CONTAINER_OF(m, zb_watch_node, map);
        node->refs++; /* keeps it through the loop */
        for (zb_link *l; (l = zb_list_pop_front(&node->watches));) {
            watch_of(l)->registered = false;
            zb_watch_unref(w, watch_of(l));
        }
        set_unwanted(w, node, 0);
        if (--node->refs > 0) {
            node->map.key = NULL;
        } else {
            zb_free(node);
        }
    }
    zb_map_free(&w->nodes);
    w->n = w->n_persistent = w->n_recursive = 0;
    w->tell.on = false;
}

static zb_watch_node *
find_node(const zb_watches *w, const char *path, size_t len)
{
    zb_map_node *m = zb_map_find(&w->nodes, path, len);
    return m ? ZB_CONTAINER_OF(m, zb_watch_node, map) : NULL;
}

/* The node of prefix + path, made if need be; NULL: no memory. */
static zb_watch_node *
get_node(zb_watches *w, zb_path path)
{
    size_t len = (size_t)path.prefix_len + path.path_len;
    if (path.prefix_len == 0) {
        zb_watch_node *found = find_node(w, path.path, len);
        if (found)
            return found;
    }
    zb_watch_node *node = zb_malloc(sizeof *node + len + 1);
    if (!node)
        return NULL;
    if (path.prefix_len)
        memcpy(node->path, path.prefix, path.prefix_len);
    if (path.path_len)
        memcpy(node->path + path.prefix_len, path.path, path.path_len);
    node->path[len] = '\0';
    zb_watch_node *found = path.prefix_len ? find_node(w, node->path, len) : NULL;
    if (found) {
        zb_free(node);
        return found;
    }
    memset(&node->map, 0, sizeof node->map);
    node->map.key = node->path;
    node->map.key_len = (uint32_t)len;
    zb_list_init(&node->watches);
    node->refs = 0;
    node->told = w->tell.epoch;
    node->asking = 0;
    node->asked = node->unwanted = 0;
    if (!zb_map_add(&w->nodes, &node->map)) {
        zb_free(node);
        return NULL;
    }
    return node;
}

static void
drop_node(zb_watches *w, zb_watch_node *node)
{
    if (w->tell.node == node)
        w->tell.node = NULL;
    set_unwanted(w, node, 0);
    if (node->map.key)
        zb_map_remove(&w->nodes, &node->map);
    zb_free(node);
}

zb_watch *
zb_watch_new(zb_watches *w, zb_path path, zb_watch_table table, const zobo_watcher *watcher)
{
    zb_watch *watch = zb_calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    watch->node = get_node(w, path);
    if (!watch->node) {
        zb_free(watch);
        return NULL;
    }
    watch->node->refs++;
    zb_list_init(&watch->link);
    watch->watcher.fn = watcher->fn;
    watch->watcher.arg = watcher->arg;
    watch->watcher.flags = watcher->flags;
    watch->refs = 1;
    watch->table = (uint8_t)table;
    watch->asking = true;
    watch->node->asking++;
    watch->node->asked |= (uint8_t)(1U << table);
    watch->zxid = -1;
    return watch;
}

static void
stop_asking(zb_watch *watch)
{
    if (watch->asking && --watch->node->asking == 0)
        watch->node->asked = 0;
    watch->asking = false;
}

enum { CHILD_BITS = 1U << ZB_WATCH_CHILD, DATA_BITS = 1U << ZB_WATCH_DATA | 1U << ZB_WATCH_EXIST };
enum { PERSISTENT_BITS = 1U << ZB_WATCH_PERSISTENT | 1U << ZB_WATCH_RECURSIVE };

/* The tables that the server keeps as one. */
static unsigned
kept_together(unsigned table)
{
    return 1U << table & DATA_BITS ? DATA_BITS : 1U << table;
}

static bool
same_watcher(const zb_watcher *a, zobo_watch_fn *fn, const void *arg)
{
    return a->fn == fn && a->arg == arg;
}

void
zb_watch_register(zb_watches *w, zb_watch *watch, zb_watch_table table)
{
    zb_link *head = &watch->node->watches;
    stop_asking(watch);
    for (zb_link *l = head->next; l != head; l = l->next) {
        const zb_watch *other = watch_of(l);
        if (other->table == table && same_watcher(&other->watcher, watch->watcher.fn, watch->watcher.arg)) {
            zb_watch_unref(w, watch);
            return;
        }
    }
    set_unwanted(w, watch->node, watch->node->unwanted & ~kept_together(table));
    watch->table = (uint8_t)table;
    watch->registered = true;
    watch->epoch = w->tell.epoch;
    zb_list_push_back(head, &watch->link);
    w->n++;
    w->n_persistent += is_persistent(table);
    w->n_recursive += table == ZB_WATCH_RECURSIVE;
}

void
zb_watch_unref(zb_watches *w, zb_watch *watch)
{
    if (--watch->refs > 0)
        return;
    stop_asking(watch);
    if (--watch->node->refs == 0)
        drop_node(w, watch->node);
    zb_free(watch);
}

const char *
zb_watch_path(const zb_watch *watch, size_t *len)
{
    *len = watch->node->map.key_len;
    return watch->node->path;
}

/* Takes a registered watch out of the table; its reference goes to the holder of `out`. */
static void
take(zb_watches *w, zb_watch *watch, zobo_event_type event, int64_t zxid, zb_link *out)
{
    if (w->tell.at == &watch->link)
        w->tell.at = watch->link.next;
    zb_list_remove(&watch->link);
    watch->registered = false;
    watch->event = (int8_t)event;
    watch->zxid = zxid;
    w->n--;
    w->n_persistent -= is_persistent(watch->table);
    w->n_recursive -= watch->table == ZB_WATCH_RECURSIVE;
    zb_list_push_back(out, &watch->link);
}

/* The one-shot tables whose watches an event ends, and the event's persistent ones on the path itself. */
static unsigned
tables_of_event(zobo_event_type type)
{
    const unsigned node = 1U << ZB_WATCH_DATA | 1U << ZB_WATCH_EXIST;
    const unsigned always = 1U << ZB_WATCH_PERSISTENT;
    switch (type) {
    case ZOBO_EVENT_CREATED:
    case ZOBO_EVENT_CHANGED:
        return always | node | 1U << ZB_WATCH_RECURSIVE;
    case ZOBO_EVENT_DELETED:
        return always | node | 1U << ZB_WATCH_CHILD | 1U << ZB_WATCH_RECURSIVE;
    case ZOBO_EVENT_CHILD:
        return always | 1U << ZB_WATCH_CHILD;
    default:
        return 0;
    }
}

static bool
array_push(zb_watch_array *a, zb_watch *watch)
{
    if (a->n == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 16;
        if (cap > SIZE_MAX / sizeof(zb_watch *))
            return false;
        zb_watch **items = zb_realloc(a->items, cap * sizeof *items);
        if (!items)
            return false;
        a->items = items;
        a->cap = cap;
    }
    a->items[a->n++] = watch;
    return true;
}

static bool
collect(zb_watch_node *node, unsigned tables, zb_watch_array *persist)
{
    for (zb_link *l = node->watches.next; l != &node->watches; l = l->next) {
        zb_watch *watch = watch_of(l);
        if (is_persistent(watch->table) && (tables & 1U << watch->table) && !array_push(persist, watch))
            return false;
    }
    return true;
}

static bool
collect_ancestors(const zb_watches *w, const char *path, size_t len, zb_watch_array *persist)
{
    while ((len = zb_path_parent_len(path, len)) > 0) {
        zb_watch_node *node = find_node(w, path, len);
        if (node && !collect(node, 1U << ZB_WATCH_RECURSIVE, persist))
            return false;
    }
    return true;
}

bool
zb_watches_fire(zb_watches *w, const char *path, size_t len, zobo_event_type type, int64_t zxid, zb_link *out,
                zb_watch_array *persist)
{
    unsigned tables = tables_of_event(type);
    zb_watch_node *node = find_node(w, path, len);
    size_t before = persist->n;
    if (w->n_persistent > 0 && tables) {
        bool deep = w->n_recursive > 0 && (tables & 1U << ZB_WATCH_RECURSIVE) && len > 0 && path[0] == '/';
        if ((node && !collect(node, tables, persist)) || (deep && !collect_ancestors(w, path, len, persist))) {
            persist->n = before;
            return false;
        }
    }
    if (!node)
        return true;
    for (zb_link *l = node->watches.next, *next; l != &node->watches; l = next) {
        next = l->next;
        zb_watch *watch = watch_of(l);
        if (!is_persistent(watch->table) && (tables & 1U << watch->table))
            take(w, watch, type, zxid, out);
    }
    if (!node->asking) /* a request under way may have been carried out since */
        set_unwanted(w, node, node->unwanted & ~(tables & (CHILD_BITS | DATA_BITS)));
    return true;
}

/* No node goes away here: the watches taken out still hold them. */
static void
take_all(zb_watches *w, bool persistent, zb_link *out)
{
    zb_map_iter it;
    zb_map_iter_init(&w->nodes, &it);
    for (zb_map_node *m; (m = zb_map_iter_next(&w->nodes, &it));) {
        zb_watch_node *node = ZB_CONTAINER_OF(m, zb_watch_node, map);
        for (zb_link *l = node->watches.next, *next; l != &node->watches; l = next) {
            next = l->next;
            if (is_persistent(watch_of(l)->table) == persistent)
                take(w, watch_of(l), ZOBO_EVENT_NONE, -1, out);
        }
    }
}

void
zb_watches_expire(zb_watches *w, zb_link *out)
{
    if (w->n > w->n_persistent)
        take_all(w, false, out);
}

void
zb_watches_take_persistent(zb_watches *w, zb_link *out)
{
    if (w->n_persistent > 0)
        take_all(w, true, out);
}

static unsigned
tables_of_kind(zobo_watch_kind kind)
{
    switch (kind) {
    case ZOBO_WATCH_CHILDREN:
        return CHILD_BITS;
    case ZOBO_WATCH_DATA:
        return DATA_BITS;
    case ZOBO_WATCH_ANY:
        return CHILD_BITS | DATA_BITS | PERSISTENT_BITS;
    case ZOBO_WATCH_PERSISTENT:
        return 1U << ZB_WATCH_PERSISTENT;
    case ZOBO_WATCH_PERSISTENT_RECURSIVE:
        return 1U << ZB_WATCH_RECURSIVE;
    }
    return 0;
}

static zobo_event_type
removed_event(unsigned table)
{
    if (is_persistent(table))
        return ZOBO_EVENT_PERSISTENT_WATCH_REMOVED;
    return table == ZB_WATCH_CHILD ? ZOBO_EVENT_CHILD_WATCH_REMOVED : ZOBO_EVENT_DATA_WATCH_REMOVED;
}

static zb_watch_node *
find_path(const zb_watches *w, zb_path path, bool *no_memory)
{
    *no_memory = false;
    if (path.prefix_len == 0)
        return find_node(w, path.path, path.path_len);
    char small[JOIN_BYTES];
    size_t len = (size_t)path.prefix_len + path.path_len;
    char *joined = len <= sizeof small ? small : zb_malloc(len);
    if (!joined) {
        *no_memory = true;
        return NULL;
    }
    memcpy(joined, path.prefix, path.prefix_len);
    if (path.path_len)
        memcpy(joined + path.prefix_len, path.path, path.path_len);
    zb_watch_node *node = find_node(w, joined, len);
    if (joined != small)
        zb_free(joined);
    return node;
}

/* A path too long for memory is looked for the slow way: by comparing it with each node's. */
static zb_watch_node *
scan_path(const zb_watches *w, zb_path path)
{
    zb_map_iter it;
    zb_map_iter_init(&w->nodes, &it);
    for (zb_map_node *m; (m = zb_map_iter_next(&w->nodes, &it));) {
        if (m->key_len == path.prefix_len + path.path_len && memcmp(m->key, path.prefix, path.prefix_len) == 0 &&
            memcmp(m->key + path.prefix_len, path.path, path.path_len) == 0)
            return ZB_CONTAINER_OF(m, zb_watch_node, map);
    }
    return NULL;
}

static zb_watch_node *
node_at(const zb_watches *w, zb_path path)
{
    bool no_memory;
    zb_watch_node *node = find_path(w, path, &no_memory);
    return no_memory ? scan_path(w, path) : node;
}

/* What stands here, or may come to stand by a request under way. */
static unsigned
tables_of(zb_watch_node *node)
{
    unsigned tables = node->asked;
    for (zb_link *l = node->watches.next; l != &node->watches; l = l->next)
        tables |= 1U << watch_of(l)->table;
    return tables;
}

size_t
zb_watches_remove(zb_watches *w, zb_path path, zobo_watch_kind kind, const zobo_watcher *watcher, zb_link *out,
                  unsigned *left)
{
    if (left)
        *left = 0;
    zb_watch_node *node = node_at(w, path);
    if (!node)
        return 0;
    unsigned tables = tables_of_kind(kind);
    size_t n = 0;
    for (zb_link *l = node->watches.next, *next; l != &node->watches; l = next) {
        next = l->next;
        zb_watch *watch = watch_of(l);
        if ((tables & 1U << watch->table) && (!watcher || same_watcher(&watch->watcher, watcher->fn, watcher->arg))) {
            take(w, watch, removed_event(watch->table), -1, out);
            watch->removed = true;
            n++;
        }
    }
    if (left)
        *left = tables_of(node);
    return n;
}

void
zb_watches_renounce(zb_watches *w, zb_path path, unsigned tables)
{
    zb_watch_node *node = node_at(w, path);
    if (node)
        set_unwanted(w, node, node->unwanted | tables);
}

int32_t
zb_watches_surplus(zb_watches *w, zb_path path)
{
    zb_watch_node *node = w->n_unwanted ? node_at(w, path) : NULL;
    if (!node || !node->unwanted)
        return 0;
    unsigned stand = tables_of(node), gone = 0;
    int32_t kind = 0;
    if (!stand) {
        kind = ZOBO_WATCH_ANY;
        gone = node->unwanted;
    } else if (!(stand & (PERSISTENT_BITS | CHILD_BITS)) && (node->unwanted & CHILD_BITS)) {
        kind = ZOBO_WATCH_CHILDREN;
        gone = CHILD_BITS;
    } else if (!(stand & (PERSISTENT_BITS | DATA_BITS)) && (node->unwanted & DATA_BITS)) {
        kind = ZOBO_WATCH_DATA;
        gone = DATA_BITS;
    }
    set_unwanted(w, node, node->unwanted & ~gone);
    return kind;
}

void
zb_watch_give_up(zb_watches *w, zb_watch *watch, bool may_stand)
{
    stop_asking(watch);
    if (may_stand && is_persistent(watch->table))
        set_unwanted(w, watch->node, watch->node->unwanted | 1U << watch->table);
}

void
zb_watches_tell(zb_watches *w)
{
    w->tell.on = w->n_persistent > 0;
    w->tell.epoch++;
    w->tell.bucket = 0;
    w->tell.n_buckets = w->nodes.n_buckets;
    w->tell.node = NULL;
}

/* The next node that has not been told; NULL at the end. */
static zb_watch_node *
next_untold(zb_watches *w)
{
    if (w->tell.n_buckets != w->nodes.n_buckets) {
        w->tell.n_buckets = w->nodes.n_buckets;
        w->tell.bucket = 0;
    }
    for (; w->tell.bucket < w->nodes.n_buckets; w->tell.bucket++) {
        for (zb_map_node *m = w->nodes.buckets[w->tell.bucket]; m; m = m->next) {
            zb_watch_node *node = ZB_CONTAINER_OF(m, zb_watch_node, map);
            if (node->told != w->tell.epoch)
                return node;
        }
    }
    return NULL;
}

zb_watch *
zb_watches_tell_next(zb_watches *w)
{
    while (w->tell.on) {
        if (!w->tell.node) {
            zb_watch_node *node = next_untold(w);
            if (!node) {
                w->tell.on = false;
                break;
            }
            node->told = w->tell.epoch;
            w->tell.node = node;
            w->tell.at = node->watches.next;
        }
        while (w->tell.at != &w->tell.node->watches) {
            zb_watch *watch = watch_of(w->tell.at);
            w->tell.at = w->tell.at->next;
            if (is_persistent(watch->table) && watch->epoch != w->tell.epoch) {
                watch->refs++;
                return watch;
            }
        }
        w->tell.node = NULL;
    }
    return NULL;
}

/* The next node of the walk, whatever stands on it. */
static zb_watch_node *
next_node(const zb_watches *w, zb_watch_iter *it)
{
    while (!it->next) {
        if (it->n_buckets != w->nodes.n_buckets) { /* at first, and when it has grown */
            it->n_buckets = w->nodes.n_buckets;
            it->bucket = 0;
        }
        if (it->bucket == it->n_buckets)
            return NULL;
        it->next = w->nodes.buckets[it->bucket++];
    }
    zb_watch_node *node = ZB_CONTAINER_OF(it->next, zb_watch_node, map);
    it->next = it->next->next;
    return node;
}

const char *
zb_watches_next_path(zb_watches *w, zb_watch_iter *it, size_t *len, unsigned *tables)
{
    for (zb_watch_node *node; (node = next_node(w, it));) {
        set_unwanted(w, node, 0);
        *tables = 0;
        for (zb_link *l = node->watches.next; l != &node->watches; l = l->next)
            *tables |= 1U << watch_of(l)->table;
        if (*tables) {
            *len = node->map.key_len;
            return node->path;
        }
    }
    return NULL;
}
