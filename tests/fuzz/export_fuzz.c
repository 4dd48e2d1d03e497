/* SPDX-License-Identifier: Apache-2.0 */
/* Files that zobo import and diff are given: exports of ours, compressed or not, and other tools'. What is told of them
 * has its parents before it and its order, can be read a second time alike, and survives being written and read. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "backup/record.h"
#include "backup/source.h"

static void
must(bool holds)
{
    if (!holds)
        abort();
}

/* --- what the readers need of the frame: errors are told to nobody ------------------------------------------------- */

void
note(const struct ctx *ctx, const char *format, ...)
{
    (void)ctx;
    (void)format;
}

int
refuse(const struct ctx *ctx, int code, const char *format, ...)
{
    (void)ctx;
    (void)format;
    return code;
}

int
fail_errno(const struct ctx *ctx, const char *what, int error)
{
    (void)ctx;
    (void)what;
    (void)error;
    return FAILED;
}

void *
need_memory(size_t n, size_t size)
{
    void *block = calloc(n == 0 ? 1 : n, size);
    must(block != NULL);
    return block;
}

void *
need_more(void *block, size_t n, size_t size)
{
    block = realloc(block, n * size);
    must(block != NULL);
    return block;
}

char *
need_copy(const char *text)
{
    char *copy = strdup(text);
    must(copy != NULL);
    return copy;
}

/* --- the target --------------------------------------------------------------------------------------------------- */

static void
check_record(const struct tnode *node)
{
    char *text;
    size_t len;
    FILE *to = open_memstream(&text, &len);
    must(to != NULL);
    put_node_record(to, node, NULL);
    must(fclose(to) == 0);
    struct record record;
    record_read(&record, text, len - 1);
    must(record.kind == RECORD_NODE && strcmp(record.node.path, node->path) == 0 && same_data(&record.node, node) &&
         same_acls(&record.node, node) && record.node.n_acls == node->n_acls && record.node.type == node->type &&
         (node->type != TTL || record.node.ttl == node->ttl));
    record_free(&record);
    free(text);
}

/* compare_readers reads each line in both ways: where the fast one says something, it is what the other says. */
static void
compare_readers(const char *text, size_t size)
{
    const char *end = text + size;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t len = (size_t)((newline == NULL ? end : newline) - text);
        struct record fast, any;
        if (record_read_fast(&fast, text, len)) {
            record_read_any(&any, text, len);
            must(any.kind == RECORD_NODE && strcmp(any.node.path, fast.node.path) == 0 &&
                 same_data(&any.node, &fast.node) && any.node.n_acls == fast.node.n_acls &&
                 (any.node.acls == NULL) == (fast.node.acls == NULL) && same_acls(&any.node, &fast.node) &&
                 any.node.type == fast.node.type && (any.node.type != TTL || any.node.ttl == fast.node.ttl) &&
                 any.node.children == fast.node.children);
            record_free(&any);
        }
        record_free(&fast);
        text += len + (newline != NULL);
    }
}

/* walk goes through all nodes and returns how many there are. */
static size_t
walk(struct source *source, bool check)
{
    struct tnode node;
    char *last = NULL;
    size_t n = 0;
    for (; source_next(source, &node); n++) {
        must(zobo_path_check(node.path, false, NULL) == ZOBO_OK && node.path[0] == '/');
        must(last == NULL ? strcmp(node.path, "/") == 0
                          : path_order(last, node.path) < 0 && missing_above(node.path, last) == 0);
        /* A JSON document may hold what no line of ours does. */
        if (check && !node.implied && (node.type != TTL || (node.ttl > 0 && node.ttl < INT64_C(1) << 40)))
            check_record(&node);
        free(last);
        last = need_copy(node.path);
    }
    free(last);
    must(source->code == DONE); /* all that may be wrong was found before */
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ctx ctx;
    int code = DONE;
    compare_readers((const char *)data, size);
    struct source *source = source_of_file(&ctx, infile_of(&ctx, "input", data, size), &code);
    must((source != NULL) == (code == DONE));
    if (source == NULL)
        return 0;
    must(source->root[0] == '/');
    size_t n = walk(source, true);
    must(source_again(source) == DONE && walk(source, false) == n);
    must(source_close(source) == DONE);
    return 0;
}
