/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the captured frames in tests/data/golden; README.md tells what is in them. */
#ifndef ZOBO_TESTS_GOLDEN_H
#define ZOBO_TESTS_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct golden_frame {
    char direction; /* '>' to the server, '<' from it, '=' a connection begins */
    char step[64];
    char what[64];  /* the operation, and the error if there is one */
    uint8_t *bytes; /* a block of exactly n bytes */
    size_t n;
} golden_frame;

typedef struct golden_file {
    golden_frame *frames;
    size_t n;
} golden_file;

golden_file golden_read(const char *name);
void golden_free(golden_file *file);

/* golden_find returns the nth frame (from 0) of that direction and step whose operation begins with `what`. */
const golden_frame *golden_find(const golden_file *file, char direction, const char *step, const char *what, int nth);

/* golden_open opens a file of tests/data/golden. */
FILE *golden_open(const char *name);

/* golden_hex reads hex digits up to the first other character, into a block of exactly their size. */
uint8_t *golden_hex(const char *text, size_t *n);

#endif
