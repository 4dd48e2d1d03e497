/* SPDX-License-Identifier: Apache-2.0 */
/* Walking over text of a known length, line by line, without copies. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const char *p;
    size_t n;
};

/* span_line cuts the first line off `text`, without its end. False: there is none left. */
bool span_line(struct span *text, struct span *line);

bool span_is(struct span s, const char *text);

/* span_skip cuts `text` off the front; false when it does not stand there. */
bool span_skip(struct span *s, const char *text);

/* span_until cuts what stands before the first `c` off the front, and `c` with it; false when there is no `c`. */
bool span_until(struct span *s, char c, struct span *before);

/* span_trim takes white space off both ends. */
struct span span_trim(struct span s);

/* The whole of it must be a number: decimal with a sign, or with "0x" hexadecimal of 64 bits. */
bool span_int(struct span s, int64_t *n);
bool span_real(struct span s, double *n);

/* span_copy makes a string of it; NUL bytes in it become '?'. */
char *span_copy(struct span s);

#endif
