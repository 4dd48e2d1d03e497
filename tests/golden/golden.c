/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

FILE *
golden_open(const char *name)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/data/golden/%s", ZOBO_TESTS_DIR, name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        fail_msg("cannot open %s", path);
    return f;
}

static int
digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

uint8_t *
golden_hex(const char *text, size_t *n)
{
    size_t len = 0;
    while (digit(text[len]) >= 0)
        len++;
    assert_int_equal(len % 2, 0);
    uint8_t *bytes = malloc(len ? len / 2 : 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i += 2)
        bytes[i / 2] = (uint8_t)(digit(text[i]) << 4 | digit(text[i + 1]));
    *n = len / 2;
    return bytes;
}

/* append adds a line's bytes to a frame. */
static void
append(golden_frame *frame, const char *line)
{
    size_t n;
    uint8_t *more = golden_hex(line, &n);
    uint8_t *all = malloc(frame->n + n ? frame->n + n : 1);
    assert_non_null(all);
    if (frame->n)
        memcpy(all, frame->bytes, frame->n);
    memcpy(all + frame->n, more, n);
    free(frame->bytes);
    free(more);
    frame->bytes = all;
    frame->n += n;
}

golden_file
golden_read(const char *name)
{
    golden_file file = {NULL, 0};
    char line[400];
    FILE *f = golden_open(name);
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        if (strchr("<>=", line[0]) == NULL) {
            assert_true(file.n > 0);
            append(&file.frames[file.n - 1], line);
            continue;
        }
        file.frames = realloc(file.frames, (file.n + 1) * sizeof *file.frames);
        assert_non_null(file.frames);
        golden_frame *frame = &file.frames[file.n++];
        memset(frame, 0, sizeof *frame);
        frame->direction = line[0];
        if (line[0] != '=')
            assert_int_equal(sscanf(line + 2, "%63[^:]: %63[^\n]", frame->step, frame->what), 2);
    }
    fclose(f);
    assert_true(file.n > 0);
    return file;
}

void
golden_free(golden_file *file)
{
    for (size_t i = 0; i < file->n; i++)
        free(file->frames[i].bytes);
    free(file->frames);
}

const golden_frame *
golden_find(const golden_file *file, char direction, const char *step, const char *what, int nth)
{
    for (size_t i = 0; i < file->n; i++) {
        const golden_frame *frame = &file->frames[i];
        if (frame->direction == direction && strcmp(frame->step, step) == 0 &&
            strncmp(frame->what, what, strlen(what)) == 0 && nth-- == 0)
            return frame;
    }
    fail_msg("there is no frame \"%c %s: %s\"", direction, step, what);
    return NULL;
}
