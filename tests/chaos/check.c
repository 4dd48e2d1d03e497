/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "chaos.h"

static char problem[256];

#define WRONG(...) ((void)snprintf(problem, sizeof problem, __VA_ARGS__), problem)

static int
by_value(const void *a, const void *b)
{
    int64_t x = ((const turn *)a)->value, y = ((const turn *)b)->value;
    return (x > y) - (x < y);
}

static int
by_begin(const void *a, const void *b)
{
    int64_t x = ((const turn *)a)->begin_ns, y = ((const turn *)b)->begin_ns;
    return (x > y) - (x < y);
}

static int
by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The accepted writes, in the order of what they wrote. */
static const char *
check_writes(const turn *turns, size_t n, int64_t value)
{
    int64_t written = 0, token = 0, who = -1;
    for (size_t i = 0; i < n; i++) {
        if (turns[i].value < 0)
            continue;
        if (turns[i].value != written + 1)
            return WRONG("%" PRId64 " was written after %" PRId64 ": %s", turns[i].value, written,
                         turns[i].value == written ? "an increment is lost" : "a write is not in the records");
        if (turns[i].token < token || (turns[i].token == token && turns[i].who != who))
            return WRONG("%" PRId64 " was written with token %" PRIx64 ", after token %" PRIx64, turns[i].value,
                         turns[i].token, token);
        written = turns[i].value;
        token = turns[i].token;
        who = turns[i].who;
    }
    return written == value ? NULL : WRONG("the number is %" PRId64 " after %" PRId64 " writes", value, written);
}

/* The proven turns, in the order of their beginning. */
static const char *
check_overlap(const turn *turns, size_t n)
{
    const turn *last = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!turns[i].proven)
            continue;
        if (turns[i].value < 0)
            return WRONG("token %" PRIx64 " had the lock and was refused", turns[i].token);
        if (last && turns[i].begin_ns < last->end_ns)
            return WRONG("tokens %" PRIx64 " and %" PRIx64 " had the lock at the same time, for %" PRId64 " us",
                         last->token, turns[i].token, (last->end_ns - turns[i].begin_ns) / 1000);
        last = &turns[i];
    }
    return NULL;
}

const char *
check_turns(turn *turns, size_t n, int64_t value)
{
    qsort(turns, n, sizeof *turns, by_begin);
    const char *wrong = check_overlap(turns, n);
    if (wrong)
        return wrong;
    qsort(turns, n, sizeof *turns, by_value);
    return check_writes(turns, n, value);
}

const char *
check_items(int64_t *put, size_t n_put, int64_t *taken, size_t n_taken)
{
    qsort(put, n_put, sizeof *put, by_number);
    qsort(taken, n_taken, sizeof *taken, by_number);
    for (size_t i = 0; i < n_put || i < n_taken; i++) {
        if (i > 0 && i < n_taken && taken[i] == taken[i - 1])
            return WRONG("item %" PRId64 " was consumed twice", taken[i]);
        if (i == n_taken || (i < n_put && put[i] < taken[i]))
            return WRONG("item %" PRId64 " was not consumed", put[i]);
        if (i == n_put || put[i] > taken[i])
            return WRONG("item %" PRId64 " was consumed and not put", taken[i]);
    }
    return NULL;
}

const char *
check_parts(const int64_t *masks, size_t n, int64_t all)
{
    int64_t covered = 0;
    for (size_t i = 0; i < n; i++) {
        if (masks[i] & covered)
            return WRONG("member %zu has items %" PRIx64 " that others have", i, masks[i] & covered);
        covered |= masks[i];
    }
    return covered == all ? NULL : WRONG("items %" PRIx64 " belong to nobody", all & ~covered);
}
