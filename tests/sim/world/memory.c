/* SPDX-License-Identifier: Apache-2.0 */
/* In place of src/base/mem.c: every block is known, so that after a run it can be told what was not freed. */
#include <execinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/world/world.h"

typedef struct block {
    zb_link link;
    size_t size;
    void *from;
    _Alignas(16) char bytes[];
} block;

static zb_link blocks = {&blocks, &blocks};

static world *here;

void
memory_begin(world *w)
{
    here = w;
}

static void *
make(size_t size, bool clear, void *from)
{
    if (size > SIZE_MAX - sizeof(block) || !plan_allocation(here))
        return NULL;
    block *b = clear ? calloc(1, sizeof *b + size) : malloc(sizeof *b + size);
    if (!b)
        return NULL;
    b->size = size;
    b->from = from;
    zb_list_push_back(&blocks, &b->link);
    return b->bytes;
}

void *
zb_malloc(size_t size)
{
    return make(size, false, __builtin_return_address(0));
}

void *
zb_calloc(size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return make(n * size, true, __builtin_return_address(0));
}

void
zb_free(void *p)
{
    if (!p)
        return;
    block *b = ZB_CONTAINER_OF(p, block, bytes);
    zb_list_remove(&b->link);
    free(b);
}

void *
zb_realloc(void *old, size_t size)
{
    void *p = make(size, false, __builtin_return_address(0));
    if (old && p) {
        size_t had = ZB_CONTAINER_OF(old, block, bytes)->size;
        memcpy(p, old, had < size ? had : size);
        zb_free(old);
    }
    return p;
}

char *
zb_strndup(const char *s, size_t len)
{
    char *copy = len == SIZE_MAX ? NULL : make(len + 1, false, __builtin_return_address(0));
    if (!copy)
        return NULL;
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

size_t
memory_left(void)
{
    size_t n = 0;
    for (zb_link *l = blocks.next; l != &blocks; l = l->next) {
        block *b = ZB_CONTAINER_OF(l, block, link);
        if (++n > 10)
            continue;
        (void)fprintf(stderr, "  %zu bytes not freed, from ", b->size);
        backtrace_symbols_fd(&b->from, 1, STDERR_FILENO);
    }
    return n;
}

void
memory_forget(void)
{
    zb_list_init(&blocks);
}
