/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes read as every record: what can be read is written and read again, and nothing is lost on the way. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "wire/record.h"

static void
must(bool holds)
{
    if (!holds)
        abort();
}

typedef union any {
#define F(kind, name)
#define R(name, fields) struct zb_##name name;
    ZB_RECORDS(R)
#undef R
} any;

#define R(name, fields)                                                                                                \
    static void write_##name(zb_writer *w, const any *u)                                                               \
    {                                                                                                                  \
        zb_put_##name(w, &u->name);                                                                                    \
    }                                                                                                                  \
    static void read_##name(zb_reader *r, any *u)                                                                      \
    {                                                                                                                  \
        zb_get_##name(r, &u->name);                                                                                    \
    }
ZB_RECORDS(R)
#undef R

static const struct record {
    void (*put)(zb_writer *, const any *);
    void (*get)(zb_reader *, any *);
} records[] = {
#define R(name, fields) {write_##name, read_##name},
    ZB_RECORDS(R)
#undef R
#undef F
};

static uint8_t *
encode(const struct record *record, const any *value, size_t *n)
{
    zb_writer w = zb_writer_counting();
    record->put(&w, value);
    must(!w.bad);
    *n = w.n;
    uint8_t *bytes = malloc(*n ? *n : 1);
    must(bytes != NULL);
    w = zb_writer_of(bytes, *n);
    record->put(&w, value);
    must(!w.bad && w.n == *n && w.p == w.end);
    return bytes;
}

static void
there_and_back(const struct record *record, const uint8_t *data, size_t size)
{
    any value, again;
    memset(&value, 0, sizeof value);
    zb_reader r = zb_reader_of(data, size);
    record->get(&r, &value);
    if (r.bad) {
        must(zb_reader_left(&r) == 0);
        return;
    }
    size_t used = size - zb_reader_left(&r), n1, n2;
    uint8_t *first = encode(record, &value, &n1);
    must(n1 == used);
    zb_reader r1 = zb_reader_of(first, n1);
    memset(&again, 0, sizeof again);
    record->get(&r1, &again);
    must(!r1.bad && zb_reader_left(&r1) == 0);
    uint8_t *second = encode(record, &again, &n2);
    must(n1 == n2 && memcmp(first, second, n1) == 0);
    free(first);
    free(second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        there_and_back(&records[i], data, size);
    return 0;
}
