/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka wants these in this order. */
#ifndef ZOBO_TESTS_UNIT_H
#define ZOBO_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* exact copies bytes to a heap block of exactly their size, so that a sanitizer sees any access beyond them. */
static inline void *
exact(const void *p, size_t n)
{
    void *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    if (n)
        memcpy(copy, p, n);
    return copy;
}

#endif
