/* SPDX-License-Identifier: Apache-2.0 */
/* Three kinds of cells, linked by numbers: paths, watchers (a slot each in an array), and watches, which join one path
 * and one watcher. A watch lies in three lists: its path's, its watcher's, and a bucket of the table of pairs, which
 * finds it however many watchers the path and watches the watcher has. With a path of 30 bytes of its own a watch
 * costs 28 bytes, its path 20, the path's text 32, and the tables 4 to 8. */
#include "engine/watches.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "engine/cells.h"

typedef struct path {
    uint32_t next; /* in the bucket */
    uint32_t hash;
    uint32_t first; /* watch */
    uint32_t text;  /* a cell of texts[class of len] */
    uint32_t len;
} path;

typedef struct watch {
    uint32_t path;
    uint32_t who_kinds; /* the watcher's id, shifted by 4 */
    uint32_t path_prev, path_next;
    uint32_t who_prev, who_next;
    uint32_t pair_next;
} watch;

typedef struct slot {
    zs_watcher *who; /* NULL: free */
    uint32_t told;   /* the last change it was told of */
    uint32_t next;   /* free */
} slot;

/* A hash table of cell numbers: the chains are the cells' own. */
typedef struct table {
    uint32_t *buckets;
    uint32_t n_buckets; /* a power of two */
    uint32_t n;
} table;

/* Texts up to LONG bytes lie in cells of the next multiple of 8; of longer ones a cell holds the pointer. */
enum { KIND_BITS = 4, KINDS = 15, CLASSES = 32, LONG = CLASSES * 8, FIRST_BUCKETS = 64 };

struct zs_watches {
    uint64_t seed;
    zs_cells paths, watches, texts[CLASSES];
    table by_path, by_pair;
    slot *slots; /* [0] is nobody */
    uint32_t n_slots, cap_slots, free_slot;
    uint32_t change; /* counts what was fired */
    size_t n_watchers, n_recursive, long_bytes;
};

static path *
path_at(const zs_watches *w, uint32_t i)
{
    return zs_cell(&w->paths, i);
}

static watch *
watch_at(const zs_watches *w, uint32_t i)
{
    return zs_cell(&w->watches, i);
}

/* --- texts --- */

static uint32_t
class_of(size_t len)
{
    return len > LONG || len == 0 ? 0 : (uint32_t)((len - 1) / 8);
}

static const char *
text_of(const zs_watches *w, const path *p)
{
    const char *cell = zs_cell(&w->texts[class_of(p->len)], p->text);
    if (p->len <= LONG)
        return cell;
    const char *text;
    memcpy(&text, cell, sizeof text);
    return text;
}

static bool
keep_text(zs_watches *w, path *p, const char *text, size_t len)
{
    p->len = (uint32_t)len;
    p->text = zs_cells_take(&w->texts[class_of(len)]);
    if (!p->text)
        return false;
    char *cell = zs_cell(&w->texts[class_of(len)], p->text);
    if (len > LONG) {
        char *copy = zb_strndup(text, len);
        if (!copy) {
            zs_cells_give(&w->texts[0], p->text);
            return false;
        }
        memcpy(cell, &copy, sizeof copy);
        w->long_bytes += len + 1;
    } else if (len) {
        memcpy(cell, text, len);
    }
    return true;
}

static void
drop_text(zs_watches *w, const path *p)
{
    if (p->len > LONG) {
        char *copy;
        memcpy(&copy, zs_cell(&w->texts[0], p->text), sizeof copy);
        zb_free(copy);
        w->long_bytes -= (size_t)p->len + 1;
    }
    zs_cells_give(&w->texts[class_of(p->len)], p->text);
}

/* --- the tables --- */

static uint32_t
pair_hash(uint32_t path_no, uint32_t id)
{
    uint64_t h = ((uint64_t)path_no << 32 | id) * 0x9e3779b97f4a7c15U;
    return (uint32_t)(h >> 32);
}

static uint32_t *
chain_of(const zs_watches *w, bool pairs, uint32_t i, uint32_t *hash)
{
    if (!pairs) {
        path *p = path_at(w, i);
        *hash = p->hash;
        return &p->next;
    }
    watch *x = watch_at(w, i);
    *hash = pair_hash(x->path, x->who_kinds >> KIND_BITS);
    return &x->pair_next;
}

/* Doubles a table that holds two a bucket. Without memory for it the chains get longer: false only for the first. */
static bool
make_room(zs_watches *w, table *t)
{
    if (t->n / 2 < t->n_buckets || t->n_buckets >= 1U << 30)
        return true;
    uint32_t n_new = t->n_buckets ? t->n_buckets * 2 : FIRST_BUCKETS;
    uint32_t *buckets = zb_calloc(n_new, sizeof *buckets);
    if (!buckets)
        return t->n_buckets > 0;
    for (uint32_t b = 0; b < t->n_buckets; b++) {
        for (uint32_t i = t->buckets[b], next; i; i = next) {
            uint32_t hash, *chain = chain_of(w, t == &w->by_pair, i, &hash);
            next = *chain;
            *chain = buckets[hash & (n_new - 1)];
            buckets[hash & (n_new - 1)] = i;
        }
    }
    zb_free(t->buckets);
    t->buckets = buckets;
    t->n_buckets = n_new;
    return true;
}

static bool
enter(zs_watches *w, table *t, uint32_t i)
{
    if (!make_room(w, t))
        return false;
    uint32_t hash, *chain = chain_of(w, t == &w->by_pair, i, &hash);
    *chain = t->buckets[hash & (t->n_buckets - 1)];
    t->buckets[hash & (t->n_buckets - 1)] = i;
    t->n++;
    return true;
}

static void
leave(zs_watches *w, table *t, uint32_t i)
{
    uint32_t hash, next = *chain_of(w, t == &w->by_pair, i, &hash), unused;
    uint32_t *at = &t->buckets[hash & (t->n_buckets - 1)];
    while (*at != i)
        at = chain_of(w, t == &w->by_pair, *at, &unused);
    *at = next;
    t->n--;
}

static uint32_t
find_path(const zs_watches *w, const char *text, size_t len)
{
    if (w->by_path.n == 0)
        return 0;
    uint32_t hash = zb_map_hash(w->seed, text, len);
    for (uint32_t i = w->by_path.buckets[hash & (w->by_path.n_buckets - 1)]; i;) {
        const path *p = path_at(w, i);
        if (p->hash == hash && p->len == len && (len == 0 || memcmp(text_of(w, p), text, len) == 0))
            return i;
        i = p->next;
    }
    return 0;
}

static uint32_t
find_watch(const zs_watches *w, uint32_t path_no, uint32_t id)
{
    if (!path_no || !id || w->by_pair.n == 0)
        return 0;
    for (uint32_t i = w->by_pair.buckets[pair_hash(path_no, id) & (w->by_pair.n_buckets - 1)]; i;) {
        const watch *x = watch_at(w, i);
        if (x->path == path_no && x->who_kinds >> KIND_BITS == id)
            return i;
        i = x->pair_next;
    }
    return 0;
}

/* --- the whole --- */

zs_watches *
zs_watches_new(uint64_t seed)
{
    zs_watches *w = zb_calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->seed = seed;
    zs_cells_init(&w->paths, sizeof(path));
    zs_cells_init(&w->watches, sizeof(watch));
    for (uint32_t i = 0; i < CLASSES; i++)
        zs_cells_init(&w->texts[i], (i + 1) * 8);
    w->n_slots = 1;
    return w;
}

/* Gives the memory of a table without watches back. */
static void
shrink(zs_watches *w)
{
    zs_cells_free(&w->paths);
    zs_cells_free(&w->watches);
    for (uint32_t i = 0; i < CLASSES; i++)
        zs_cells_free(&w->texts[i]);
    zb_free(w->by_path.buckets);
    zb_free(w->by_pair.buckets);
    w->by_path = w->by_pair = (table){0};
}

void
zs_watches_free(zs_watches *w)
{
    if (!w)
        return;
    for (uint32_t b = 0; b < w->by_path.n_buckets; b++) {
        for (uint32_t i = w->by_path.buckets[b]; i; i = path_at(w, i)->next)
            drop_text(w, path_at(w, i));
    }
    shrink(w);
    zb_free(w->slots);
    zb_free(w);
}

/* --- watchers --- */

static bool
enrol(zs_watches *w, zs_watcher *who)
{
    uint32_t id = w->free_slot;
    if (id) {
        w->free_slot = w->slots[id].next;
    } else {
        if (w->n_slots >= w->cap_slots) {
            uint32_t cap = w->cap_slots ? w->cap_slots * 2 : 16;
            slot *slots = cap >= 1U << (32 - KIND_BITS) ? NULL : zb_realloc(w->slots, cap * sizeof *slots);
            if (!slots)
                return false;
            w->slots = slots;
            w->cap_slots = cap;
        }
        id = w->n_slots++;
    }
    w->slots[id] = (slot){who, w->change, 0};
    *who = (zs_watcher){id, 0, 0};
    w->n_watchers++;
    return true;
}

static void
dismiss(zs_watches *w, zs_watcher *who)
{
    w->slots[who->id] = (slot){NULL, 0, w->free_slot};
    w->free_slot = who->id;
    *who = (zs_watcher){0};
    w->n_watchers--;
}

/* --- one watch --- */

static uint32_t
new_path(zs_watches *w, const char *text, size_t len)
{
    uint32_t i = zs_cells_take(&w->paths);
    if (!i)
        return 0;
    path *p = path_at(w, i);
    *p = (path){.hash = zb_map_hash(w->seed, text, len)};
    if (!keep_text(w, p, text, len)) {
        zs_cells_give(&w->paths, i);
        return 0;
    }
    if (!enter(w, &w->by_path, i)) {
        drop_text(w, p);
        zs_cells_give(&w->paths, i);
        return 0;
    }
    return i;
}

static void
drop_path(zs_watches *w, uint32_t i)
{
    leave(w, &w->by_path, i);
    drop_text(w, path_at(w, i));
    zs_cells_give(&w->paths, i);
}

static uint32_t
new_watch(zs_watches *w, uint32_t path_no, zs_watcher *who)
{
    uint32_t i = zs_cells_take(&w->watches);
    if (!i)
        return 0;
    watch *x = watch_at(w, i);
    path *p = path_at(w, path_no);
    *x = (watch){.path = path_no, .who_kinds = who->id << KIND_BITS};
    if (!enter(w, &w->by_pair, i)) {
        zs_cells_give(&w->watches, i);
        return 0;
    }
    x->path_next = p->first;
    x->who_next = who->first;
    if (p->first)
        watch_at(w, p->first)->path_prev = i;
    if (who->first)
        watch_at(w, who->first)->who_prev = i;
    p->first = who->first = i;
    who->n++;
    return i;
}

/* Takes a watch away, and with it the path and the watcher's place when it was their last. */
static void
end_watch(zs_watches *w, uint32_t i)
{
    watch *x = watch_at(w, i);
    uint32_t path_no = x->path;
    path *p = path_at(w, path_no);
    zs_watcher *who = w->slots[x->who_kinds >> KIND_BITS].who;
    leave(w, &w->by_pair, i);
    *(x->path_prev ? &watch_at(w, x->path_prev)->path_next : &p->first) = x->path_next;
    *(x->who_prev ? &watch_at(w, x->who_prev)->who_next : &who->first) = x->who_next;
    if (x->path_next)
        watch_at(w, x->path_next)->path_prev = x->path_prev;
    if (x->who_next)
        watch_at(w, x->who_next)->who_prev = x->who_prev;
    zs_cells_give(&w->watches, i);
    if (!p->first)
        drop_path(w, path_no);
    if (--who->n == 0)
        dismiss(w, who);
    if (w->by_pair.n == 0)
        shrink(w);
}

static void
set_kinds(zs_watches *w, watch *x, unsigned kinds)
{
    bool was = x->who_kinds & ZS_WATCH_RECURSIVE, is = kinds & ZS_WATCH_RECURSIVE;
    x->who_kinds = (x->who_kinds & ~(uint32_t)KINDS) | kinds;
    w->n_recursive += (size_t)is - (size_t)was;
}

bool
zs_watch_add(zs_watches *w, zs_watcher *who, const char *text, size_t len, unsigned kinds)
{
    uint32_t path_no = find_path(w, text, len), i = find_watch(w, path_no, who->id);
    if (!i) {
        bool known = path_no;
        if (!who->id && !enrol(w, who))
            return false;
        if (!known)
            path_no = new_path(w, text, len);
        i = path_no ? new_watch(w, path_no, who) : 0;
        if (!i) {
            if (path_no && !known)
                drop_path(w, path_no);
            if (who->n == 0)
                dismiss(w, who);
            return false;
        }
    }
    watch *x = watch_at(w, i);
    set_kinds(w, x, (x->who_kinds & KINDS) | (kinds & KINDS));
    return true;
}

unsigned
zs_watch_get(const zs_watches *w, const zs_watcher *who, const char *text, size_t len)
{
    uint32_t i = who->id ? find_watch(w, find_path(w, text, len), who->id) : 0;
    return i ? watch_at(w, i)->who_kinds & KINDS : 0;
}

static void
reduce(zs_watches *w, uint32_t i, unsigned kinds)
{
    watch *x = watch_at(w, i);
    set_kinds(w, x, x->who_kinds & KINDS & ~kinds);
    if (!(x->who_kinds & KINDS))
        end_watch(w, i);
}

void
zs_watch_remove(zs_watches *w, zs_watcher *who, const char *text, size_t len, unsigned kinds)
{
    uint32_t i = who->id ? find_watch(w, find_path(w, text, len), who->id) : 0;
    if (i)
        reduce(w, i, kinds);
}

void
zs_watch_drop(zs_watches *w, zs_watcher *who)
{
    while (who->id)
        reduce(w, who->first, KINDS);
}

/* --- firing --- */

static void
tell(zs_watches *w, uint32_t id, zs_watch_fired *fn, void *arg)
{
    slot *s = &w->slots[id];
    if (s->told == w->change)
        return;
    s->told = w->change;
    fn(arg, s->who);
}

/* Those who watch this very path: `kinds` are told, and of these the one-shot ones are spent. */
static void
fire_at(zs_watches *w, const char *text, size_t len, unsigned kinds, zs_watch_fired *fn, void *arg)
{
    uint32_t path_no = find_path(w, text, len);
    for (uint32_t i = path_no ? path_at(w, path_no)->first : 0, next; i; i = next) {
        const watch *x = watch_at(w, i);
        next = x->path_next;
        if (!(x->who_kinds & kinds))
            continue;
        tell(w, x->who_kinds >> KIND_BITS, fn, arg);
        reduce(w, i, kinds & (ZS_WATCH_DATA | ZS_WATCH_CHILD));
    }
}

void
zs_watch_fire(zs_watches *w, int32_t type, const char *text, size_t len, zs_watch_fired *fn, void *arg)
{
    enum { DELETED = 2, CHILDREN = 4 };
    if (w->by_pair.n == 0)
        return;
    w->change++;
    if (type == CHILDREN) {
        fire_at(w, text, len, ZS_WATCH_CHILD | ZS_WATCH_PERSISTENT, fn, arg);
        return;
    }
    unsigned kinds = ZS_WATCH_DATA | ZS_WATCH_PERSISTENT | ZS_WATCH_RECURSIVE;
    fire_at(w, text, len, type == DELETED ? kinds | ZS_WATCH_CHILD : kinds, fn, arg);
    while (w->n_recursive && len > 1) {
        while (len > 1 && text[len - 1] != '/')
            len--;
        if (len > 1)
            len--;
        fire_at(w, text, len, ZS_WATCH_RECURSIVE, fn, arg);
    }
}

/* --- looking --- */

void
zs_watches_counted(const zs_watches *w, zs_watches_count *out)
{
    *out = (zs_watches_count){.watches = w->by_pair.n, .paths = w->by_path.n, .watchers = w->n_watchers};
    out->bytes = sizeof *w + zs_cells_bytes(&w->paths) + zs_cells_bytes(&w->watches) + w->long_bytes +
                 sizeof(uint32_t) * ((size_t)w->by_path.n_buckets + w->by_pair.n_buckets) +
                 w->cap_slots * sizeof *w->slots;
    for (uint32_t i = 0; i < CLASSES; i++)
        out->bytes += zs_cells_bytes(&w->texts[i]);
}

static void
show(const zs_watches *w, const watch *x, zs_watch_seen *fn, void *arg)
{
    const path *p = path_at(w, x->path);
    fn(arg, text_of(w, p), p->len, w->slots[x->who_kinds >> KIND_BITS].who, x->who_kinds & KINDS);
}

void
zs_watches_each(const zs_watches *w, zs_watch_seen *fn, void *arg)
{
    for (uint32_t b = 0; b < w->by_path.n_buckets; b++) {
        for (uint32_t i = w->by_path.buckets[b]; i; i = path_at(w, i)->next) {
            for (uint32_t j = path_at(w, i)->first; j; j = watch_at(w, j)->path_next)
                show(w, watch_at(w, j), fn, arg);
        }
    }
}

void
zs_watches_of(const zs_watches *w, const zs_watcher *who, zs_watch_seen *fn, void *arg)
{
    for (uint32_t i = who->id ? who->first : 0; i; i = watch_at(w, i)->who_next)
        show(w, watch_at(w, i), fn, arg);
}
