/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "recipes/contender.h"
#include "recipes/entry.h"
#include "recipes/line.h"

static int
in_order(const void *a, const void *b)
{
    const zr_place *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->sequence == y->sequence)
        return 0;
    return zr_sequence_before(x->sequence, y->sequence) ? -1 : 1;
}

bool
zr_places_read(const zobo_reply *reply, bool delay, zr_place **places, size_t *n)
{
    size_t size = 1, count = 0;
    for (size_t i = 0; i < reply->n_children; i++)
        size += sizeof **places + strlen(reply->children[i]) + 1;
    zr_place *made = zb_malloc(size);
    if (!made)
        return false;
    char *text = (char *)(made + reply->n_children);
    for (size_t i = 0; i < reply->n_children; i++) {
        size_t len = strlen(reply->children[i]) + 1;
        if (!zr_entry_read(delay, reply->children[i], &made[count].key, &made[count].sequence))
            continue;
        made[count++].name = memcpy(text, reply->children[i], len);
        text += len;
    }
    qsort(made, count, sizeof *made, in_order);
    zb_free(*places);
    *places = made;
    *n = count;
    return true;
}

bool
zr_places_without(zr_place *places, size_t *n, const zobo_reply *taken)
{
    size_t left = 0;
    const char **names = zb_malloc(taken->n_children * sizeof *names + 1);
    if (!names)
        return false;
    for (size_t i = 0; i < taken->n_children; i++)
        names[i] = taken->children[i];
    qsort(names, taken->n_children, sizeof *names, zr_by_text);
    for (size_t i = 0; i < *n; i++) {
        if (!bsearch(&places[i].name, names, taken->n_children, sizeof *names, zr_by_text))
            places[left++] = places[i];
    }
    *n = left;
    zb_free((void *)names);
    return true;
}
