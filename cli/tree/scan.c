/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

#include "frame/hold.h"
#include "frame/progress.h"
#include "scan_internal.h"

/* A caller that tells many nodes in a row must not leave the connection alone. */
enum { TURN_EVERY = 128 };

/* Containers have the lowest number as their owner, TTLs a top byte of ones and the time in the others. */
enum node_kind
node_kind(const zobo_stat *stat)
{
    uint64_t owner = (uint64_t)stat->ephemeral_owner;
    if (owner == 0)
        return NODE_PERSISTENT;
    if (owner == (uint64_t)1 << 63)
        return NODE_CONTAINER;
    return owner >> 56 == 0xFF ? NODE_TTL : NODE_EPHEMERAL;
}

struct scan *
scan_open(struct ctx *ctx, const char *path, const struct scan_options *options)
{
    struct scan *scan = need_memory(1, sizeof *scan);
    *scan = (struct scan){.ctx = ctx,
                          .options = *options,
                          .root = need_copy(path),
                          .window = FIRST_WINDOW,
                          .window_max = WINDOW,
                          .held_max = HELD_MAX,
                          .held_bytes_max = HELD_BYTES,
                          .turned_ms = now_ms()};
    scan->list.prev = scan->list.next = &scan->list;
    scan->list.kind = NODE; /* neither a tail nor one that wants anything */
    if (options->doing != NULL) {
        scan->progress = need_memory(1, sizeof *scan->progress);
        progress_begin(scan->progress, ctx, options->doing, "nodes", 0);
    }
    const char *slash = strrchr(scan->root, '/');
    struct item *root = scan_new_item(scan, NULL, slash == NULL || slash[1] == '\0' ? scan->root : slash + 1, 0);
    root->wants = scan_first_wants(scan, 0);
    scan_insert_before(root, &scan->list);
    int code = hold_begin(ctx);
    if (code != DONE)
        scan->err = ZOBO_ESYS;
    return scan;
}

void
scan_fail(struct scan *scan, zobo_err err, const char *path)
{
    if (scan->err != ZOBO_OK)
        return;
    scan->err = err;
    scan->err_path = path == NULL ? NULL : need_copy(path);
}

void
scan_lost(struct item *item, zobo_err err)
{
    struct scan *scan = item->scan;
    bool over = zobo_get_state(scan->ctx->client) == ZOBO_LOST;
    switch (zobo_err_class(err)) {
    case ZOBO_CLASS_RETRY:
    case ZOBO_CLASS_UNKNOWN:
        if (over && !scan->away)
            scan_fail(scan, ZOBO_ESESSIONEXPIRED, NULL);
        else if (item == scan->list.next && ++scan->losses == LOSSES_MAX)
            scan_fail(scan, err, scan_put_path(&scan->asks, item));
        break;
    case ZOBO_CLASS_SESSION:
        if (!scan->away)
            scan_fail(scan, ZOBO_ESESSIONEXPIRED, NULL);
        break;
    default:
        scan_fail(scan, err, scan_put_path(&scan->asks, item));
    }
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

/* note_absence sees whether the session was left alone for long: while the caller's output was stuck, the client could
 * not keep it alive. What reads only can go on in a new one. */
static void
note_absence(struct scan *scan)
{
    uint64_t now = now_ms();
    uint32_t timeout_ms = zobo_timeout_ms(scan->ctx->client);
    if (timeout_ms > 0 && now - scan->turned_ms > timeout_ms / 3)
        scan->away = true;
    scan->turned_ms = now;
}

static void
wait_for_more(struct scan *scan)
{
    note_absence(scan);
    switch (hold_turn(scan->ctx, 0)) {
    case HOLD_GOES_ON:
    case HOLD_TIME_UP:
        break;
    case HOLD_BROKEN:
        scan_fail(scan, ZOBO_ESYS, NULL);
        break;
    case HOLD_SIGNAL:
    case HOLD_READER_GONE:
        scan->interrupted = true;
        break;
    }
    scan->turned_ms = now_ms();
}

static void
look_in(struct scan *scan)
{
    note_absence(scan);
    if (turn(scan->ctx, 0) != ZOBO_OK)
        scan_fail(scan, ZOBO_ESYS, NULL);
}

/* needs_asking weighs the way through the list against what has happened since. */
static bool
needs_asking(const struct scan *scan)
{
    const struct item *head = scan->list.next;
    if (head->kind == TAIL)
        return *head->next_name != '\0' && !scan_tells_names(head);
    return head->wants != 0 || scan->events > (scan->held + scan->in_flight) / 32;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void
tell(struct scan *scan, const struct item *item, struct scan_node *node)
{
    *node = (struct scan_node){.path = scan_put_path(&scan->paths, item),
                               .name = item->name,
                               .depth = item->depth,
                               .leaving = item->kind == TAIL,
                               .err = item->err,
                               .stat = item->has_stat ? &item->stat : NULL,
                               .data = item->data,
                               .data_len = item->data_len,
                               .acls = item->acls,
                               .n_acls = item->n_acls};
    scan->n_told += !node->leaving;
    if (scan->progress != NULL)
        progress_at(scan->progress, scan->n_told);
}

/* ends_level tells whether no sibling stands at or behind `item`. Those known to be gone do not count. */
static bool
ends_level(const struct scan *scan, const struct item *item)
{
    while (item != &scan->list && item->kind == NODE && scan_is_held(item) && item->err == ZOBO_ENONODE)
        item = item->tail == NULL ? item->next : item->tail->next;
    return item == &scan->list || (item->kind == TAIL && *item->next_name == '\0');
}

static void
drop_told(struct scan *scan)
{
    if (scan->told != NULL)
        scan_free_item(scan->told);
    scan->told = NULL;
}

/* drop_below takes all off the list that is below the node of this tail; the node is off already. */
static void
drop_below(struct scan *scan, struct item *tail)
{
    while (scan->list.next != tail)
        scan_remove(scan->list.next);
    tail->next_name = "";
}

void
scan_prune(struct scan *scan)
{
    if (scan->told_tail != NULL)
        drop_below(scan, scan->told_tail);
}

/* tell_name tells the next of those who are known by name alone. */
static void
tell_name(struct scan *scan, struct item *tail, struct scan_node *node)
{
    struct item *item = scan_new_item(scan, tail->names, tail->next_name, tail->depth + 1);
    tail->next_name += strlen(tail->next_name) + 1;
    tell(scan, item, node);
    node->last = *tail->next_name == '\0';
    scan->told = item;
    scan->told_tail = scan->options.leave ? scan_add_tail(item, NULL, tail) : NULL;
}

/* take_node takes the answers about the node at the head; false when it has vanished. */
static bool
take_node(struct scan *scan, struct item *item, struct scan_node *node)
{
    bool is_root = item->parent == NULL;
    scan_take_off(item);
    scan->told = item;
    scan->told_tail = item->tail;
    if (item->err != ZOBO_OK && item->tail != NULL) /* one answer said so, another did not yet */
        drop_below(scan, item->tail);
    if (is_root && item->err != ZOBO_OK && !(item->err == ZOBO_ENONODE && scan->options.may_miss)) {
        scan_fail(scan, item->err, scan->root);
        return false;
    }
    if (item->err == ZOBO_ENONODE) {
        if (item->tail != NULL)
            scan_remove(item->tail);
        return false;
    }
    scan->n_unread += item->err != ZOBO_OK && !scan->options.own_errors;
    if (scan->options.leave && item->tail == NULL)
        scan->told_tail = scan_add_tail(item, NULL, scan->list.next);
    tell(scan, item, node);
    node->last = ends_level(scan, scan->told_tail == NULL ? scan->list.next : scan->told_tail->next);
    return true;
}

/* take_tail does what is to be done at a tail; true when there is something to tell. */
static bool
take_tail(struct scan *scan, struct item *tail, struct scan_node *node)
{
    if (*tail->next_name != '\0') {
        tell_name(scan, tail, node);
        return true;
    }
    if (!scan->options.leave) {
        scan_remove(tail);
        return false;
    }
    tell(scan, tail, node);
    scan_take_off(tail);
    scan->told = tail;
    scan->told_tail = NULL;
    return true;
}

bool
scan_next(struct scan *scan, struct scan_node *node)
{
    drop_told(scan);
    scan->events++;
    if (scan->events % TURN_EVERY == 0)
        look_in(scan);
    while (scan->err == ZOBO_OK && !scan->interrupted && scan->list.next != &scan->list) {
        if (needs_asking(scan))
            scan_ask_more(scan);
        struct item *head = scan->list.next;
        if (head->kind == TAIL && (*head->next_name == '\0' || scan_tells_names(head))) {
            if (take_tail(scan, head, node))
                return true;
        } else if (head->kind == NODE && scan_is_held(head)) {
            if (take_node(scan, head, node))
                return true;
            drop_told(scan);
        } else {
            if (scan->events > 0 && scan->in_flight < scan->window / 2)
                scan_ask_more(scan);
            if (scan->err == ZOBO_OK)
                wait_for_more(scan);
        }
    }
    return false;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

void
scan_free(struct scan *scan)
{
    while (scan->spare != NULL) {
        struct item *next = scan->spare->next;
        free(scan->spare);
        scan->spare = next;
    }
    free(scan->paths.text);
    free(scan->asks.text);
    free(scan->root);
    free(scan->err_path);
    free(scan->progress);
    free(scan);
}

static int
result_of(const struct scan *scan)
{
    struct ctx *ctx = scan->ctx;
    if (scan->interrupted)
        return BY_SIGNAL + ctx->signal;
    if (scan->err != ZOBO_OK) {
        bool over = scan->err == ZOBO_ESESSIONEXPIRED;
        if (!over || !ctx->told_over)
            fail(ctx, scan->err, scan->err_path, NULL);
        ctx->told_over |= over;
        return exit_code_of(scan->err);
    }
    if (scan->n_unread == 0)
        return DONE;
    fflush(stdout);
    note(ctx, "%llu of %llu nodes could not be read", (unsigned long long)scan->n_unread,
         (unsigned long long)scan->n_told);
    return PARTIAL;
}

int
scan_close(struct scan *scan)
{
    if (scan->progress != NULL)
        progress_end(scan->progress);
    int code = result_of(scan);
    hold_over(scan->ctx);
    drop_told(scan);
    while (scan->list.next != &scan->list)
        scan_remove(scan->list.next);
    scan->closed = true;
    if (scan->in_flight == 0)
        scan_free(scan); /* else the last answer does it */
    return code;
}
