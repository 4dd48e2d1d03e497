/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/partition.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* kazoo: the text after the first '-', or all of a name without one. */
static const char *
identifier_of(const char *node)
{
    const char *dash = strchr(node, '-');
    return dash ? dash + 1 : node;
}

static int
by_identifier(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    int order = strcmp(identifier_of(x), identifier_of(y));
    return order ? order : strcmp(x, y);
}

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

zr_roll *
zr_roll_of(const char *const *nodes, size_t n)
{
    size_t size = sizeof(zr_roll) + 2 * n * sizeof *nodes;
    for (size_t i = 0; i < n; i++)
        size += strlen(nodes[i]) + 1;
    zr_roll *roll = zb_malloc(size);
    if (!roll)
        return NULL;
    roll->n = n;
    roll->nodes = (const char **)(roll + 1);
    roll->identifiers = roll->nodes + n;
    char *at = (char *)(roll->identifiers + n);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(nodes[i]) + 1;
        roll->nodes[i] = memcpy(at, nodes[i], len);
        at += len;
    }
    if (n > 1)
        qsort(roll->nodes, n, sizeof *roll->nodes, by_identifier);
    for (size_t i = 0; i < n; i++)
        roll->identifiers[i] = identifier_of(roll->nodes[i]);
    return roll;
}

void
zr_roll_free(zr_roll *roll)
{
    zb_free(roll);
}

bool
zr_roll_same(const zr_roll *a, const zr_roll *b)
{
    if (!a || !b || a->n != b->n)
        return a == b;
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->nodes[i], b->nodes[i]) != 0)
            return false;
    }
    return true;
}

bool
zr_roll_find(const zr_roll *roll, const char *node, size_t *rank)
{
    for (size_t i = 0; roll && i < roll->n; i++) {
        if (strcmp(roll->nodes[i], node) == 0) {
            *rank = i;
            return true;
        }
    }
    return false;
}

void
zr_partition_every_nth(size_t rank, size_t n, size_t n_items, bool *mine)
{
    for (size_t i = rank; i < n_items; i += n)
        mine[i] = true;
}

size_t
zr_sort_unique(const char **strings, size_t n)
{
    size_t left = 0;
    if (n > 1)
        qsort(strings, n, sizeof *strings, by_bytes);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(strings[i], strings[left - 1]) != 0)
            strings[left++] = strings[i];
    }
    return left;
}
