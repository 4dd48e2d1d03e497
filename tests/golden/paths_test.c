/* SPDX-License-Identifier: Apache-2.0 */
/* Our rules for paths against those of the real server and of its Java client. */
#include "golden.h"

#include "core/path.h"
#include "wire/op.h"

static size_t
utf8(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

/* Every code point, as Java's PathUtils judges it. */
static void
every_code_point(void **state)
{
    (void)state;
    enum { POINTS = 0x110000 };
    bool *refused = calloc(POINTS, 1);
    assert_non_null(refused);
    char line[400];
    int ranges = 0;
    FILE *f = golden_open("paths.txt");
    while (fgets(line, sizeof line, f) != NULL) {
        unsigned from, to;
        if (sscanf(line, "refused %x %x", &from, &to) != 2)
            continue;
        assert_true(from <= to && to < POINTS);
        memset(refused + from, 1, to - from + 1);
        ranges++;
    }
    fclose(f);
    assert_true(ranges >= 4);
    for (uint32_t c = 0; c < POINTS; c++) {
        char path[6] = "/";
        size_t n = 1 + utf8(c, (uint8_t *)path + 1), offset;
        path[n++] = 'x';
        bool bad = zb_path_fault(path, n, false, &offset) != NULL;
        if (bad != refused[c])
            fail_msg("U+%04X is %s in a path, and is not for Java", (unsigned)c, bad ? "refused" : "good");
    }
    free(refused);
}

static void
structured_paths(void **state)
{
    (void)state;
    char line[400];
    int n_good = 0, n_bad = 0;
    FILE *f = golden_open("paths.txt");
    while (fgets(line, sizeof line, f) != NULL) {
        bool good = strncmp(line, "good ", 5) == 0;
        if (!good && strncmp(line, "bad ", 4) != 0)
            continue;
        const char *rest = line + (good ? 5 : 4);
        size_t n, offset;
        uint8_t *path = golden_hex(rest + 2, &n);
        const char *fault = zb_path_fault((const char *)path, n, rest[0] == '1', &offset);
        if ((fault == NULL) != good)
            fail_msg("for Java it is %s: %s", line, fault ? fault : "good");
        free(path);
        n_good += good;
        n_bad += !good;
    }
    fclose(f);
    assert_true(n_good > 40 && n_bad > 100);
}

/* Creations right below the root: the server makes the node, or it does not like the path. */
static void
the_server_agrees(void **state)
{
    (void)state;
    golden_file file = golden_read("paths.hex");
    int n_good = 0, n_bad = 0;
    for (size_t i = 0; i + 1 < file.n; i++) {
        const golden_frame *request = &file.frames[i], *reply = request + 1;
        if (request->direction != '>' || strcmp(request->step, "path") != 0)
            continue;
        struct zb_request_header header;
        struct zb_create_request create;
        struct zb_reply_header answer;
        zb_reader r = zb_reader_of(request->bytes, request->n);
        zb_get_request_header(&r, &header);
        zb_get_create_request(&r, &create);
        assert_false(r.bad);
        r = zb_reader_of(reply->bytes, reply->n);
        zb_get_reply_header(&r, &answer);
        assert_false(r.bad);
        assert_int_equal(answer.xid, header.xid);
        if (answer.err == ZOBO_ENODEEXISTS)
            continue; /* it looks for the node before it looks at the path */
        size_t offset;
        const char *fault =
            zb_path_fault(create.path.path, create.path.path_len, create.flags & ZB_CREATE_SEQUENCE, &offset);
        assert_true(answer.err == ZOBO_OK || answer.err == ZOBO_EBADARGUMENTS);
        if ((fault == NULL) != (answer.err == ZOBO_OK))
            fail_msg("\"%.*s\": the server answers %d, we say %s", (int)create.path.path_len, create.path.path,
                     answer.err, fault ? fault : "good");
        n_good += fault == NULL;
        n_bad += fault != NULL;
    }
    assert_true(n_good > 20 && n_bad > 50);
    golden_free(&file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point),
        cmocka_unit_test(structured_paths),
        cmocka_unit_test(the_server_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
