/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes, times and durations as text. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* utf8_step returns the length of the well-formed UTF-8 sequence that `text` begins with, 0 if it is none. */
size_t utf8_step(const unsigned char *text, size_t len);

bool is_utf8(const void *data, size_t len);

/* put_visible writes data for a terminal: what is neither text nor, with `lines`, newline or tab becomes \xNN. */
void put_visible(FILE *to, const void *data, size_t len, bool lines);

void put_base64(FILE *to, const void *data, size_t len);

/* put_hex writes data as a hex dump, sixteen bytes a line. */
void put_hex(FILE *to, const void *data, size_t len);

/* base64_decode decodes in place, white space ignored; false when it is not base64. */
bool base64_decode(char *text, size_t *len);

/* time_text writes milliseconds since 1970 as RFC 3339, "2026-11-22T08:32:46.123Z". */
enum { TIME_TEXT_SIZE = 40 };
void time_text(int64_t ms, char buf[TIME_TEXT_SIZE]);

/* size_text writes a number of bytes as people read it: "512", "4.0K", "1.2G". */
enum { SIZE_TEXT_SIZE = 24 };
void size_text(uint64_t bytes, char buf[SIZE_TEXT_SIZE]);

/* parse_size reads bytes, "4096", "64k", "1m"; a letter multiplies by a power of 1024. */
bool parse_size(const char *text, int64_t *bytes);

/* parse_duration reads "1500ms", "1.5s", "2m", "1h", "3d" as milliseconds. */
bool parse_duration(const char *text, int64_t *ms);

#endif
