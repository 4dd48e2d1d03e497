/* SPDX-License-Identifier: Apache-2.0 */
/* Doubly linked list with the links inside its items. The head is a link too; an unlinked item points to itself. */
#ifndef ZB_LIST_H
#define ZB_LIST_H

#include <stdbool.h>

typedef struct zb_link {
    struct zb_link *prev, *next;
} zb_link;

static inline void
zb_list_init(zb_link *l)
{
    l->prev = l->next = l;
}

static inline bool
zb_list_empty(const zb_link *l)
{
    return l->next == l;
}

static inline void
zb_list_push_back(zb_link *head, zb_link *item)
{
    item->prev = head->prev;
    item->next = head;
    head->prev->next = item;
    head->prev = item;
}

static inline void
zb_list_push_front(zb_link *head, zb_link *item)
{
    zb_list_push_back(head->next, item);
}

/* Takes an item out of whatever list it is in; unlinked items may be removed again. */
static inline void
zb_list_remove(zb_link *item)
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
    zb_list_init(item);
}

/* Takes out and returns the first item; NULL when empty. */
static inline zb_link *
zb_list_pop_front(zb_link *head)
{
    zb_link *item = head->next;
    if (item == head)
        return 0;
    zb_list_remove(item);
    return item;
}

/* Appends all of `from` to `head`; `from` is empty afterwards. */
static inline void
zb_list_append(zb_link *head, zb_link *from)
{
    if (zb_list_empty(from))
        return;
    from->next->prev = head->prev;
    head->prev->next = from->next;
    from->prev->next = head;
    head->prev = from->prev;
    zb_list_init(from);
}

#endif
