/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"

#include <stdlib.h>
#include <string.h>

#include "scan.h"
#include "writer.h"

struct copy {
    const struct place *from, *to;
    const struct copy_options *options;
    struct copied *copied;
    struct writer *writer;
    int code; /* of what was refused here */
    uint64_t refused;
};

/* What is needed to overwrite a node, should it be there. */
struct content {
    struct copy *copy;
    zobo_acl_list acl; /* n 0: none; in one block with the data */
    bool has_data;
    size_t len;
    char *data;
};

static bool
is_below(const char *path, const char *above)
{
    size_t len = strlen(above);
    return strcmp(above, "/") == 0 || (strncmp(path, above, len) == 0 && (path[len] == '/' || path[len] == '\0'));
}

int
need_apart(const struct place *from, const struct place *to)
{
    if (from->ctx != to->ctx)
        return DONE;
    if (strcmp(from->path, to->path) == 0)
        return refuse(to->ctx, BAD_USAGE, "%s: source and destination are the same", to->path);
    if (is_below(to->path, from->path))
        return refuse(to->ctx, BAD_USAGE, "%s lies below %s", to->path, from->path);
    return DONE;
}

char *
path_below(const char *to, const char *from, const char *path)
{
    const char *rest = path + (strcmp(from, "/") == 0 ? 0 : strlen(from));
    if (strcmp(rest, "/") == 0)
        rest = "";
    if (strcmp(to, "/") == 0)
        to = *rest == '\0' ? "/" : "";
    size_t size = strlen(to) + strlen(rest) + 1;
    char *made = need_memory(size, 1);
    snprintf(made, size, "%s%s", to, rest);
    return made;
}

bool
acl_is_whole(const zobo_acl *acls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(acls[i].id);
        if (strcmp(acls[i].scheme, "digest") == 0 && len > 2 && strcmp(acls[i].id + len - 2, ":x") == 0)
            return false;
    }
    return n > 0;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static struct content *
content_of(struct copy *copy, const struct scan_node *node)
{
    struct content *content = need_memory(1, sizeof *content + node->data_len);
    *content = (struct content){.copy = copy, .has_data = node->data != NULL, .len = node->data_len};
    content->data = (char *)(content + 1);
    if (node->data != NULL)
        memcpy(content->data, node->data, node->data_len);
    if (copy->options->data_only)
        return content;
    zobo_acl *items = need_memory(node->n_acls, sizeof *items);
    for (size_t i = 0; i < node->n_acls; i++)
        items[i] = (zobo_acl){node->acls[i].perms, need_copy(node->acls[i].scheme), need_copy(node->acls[i].id)};
    content->acl = (zobo_acl_list){.items = items, .n = node->n_acls};
    return content;
}

static void
free_content(struct content *content)
{
    for (size_t i = 0; i < content->acl.n; i++) {
        free((void *)content->acl.items[i].scheme);
        free((void *)content->acl.items[i].id);
    }
    free((void *)content->acl.items);
    free(content);
}

/* on_write counts; a node that is there is overwritten, if that is wanted. The tag of the write that
 * overwrites is the copy itself, that of its ACL NULL. */
static bool
on_write(void *arg, const char *path, zobo_err err, const zobo_reply *reply, void *tag)
{
    struct copy *copy = arg;
    struct content *content = tag;
    bool fine = err == ZOBO_OK;
    (void)reply;
    if (tag == copy)
        copy->copied->overwritten += fine;
    if (tag == NULL || tag == copy)
        return fine;
    if (fine) {
        copy->copied->created++;
    } else if (err == ZOBO_ENODEEXISTS && copy->options->overwrite) {
        fine = writer_set(copy->writer, path, content->has_data ? content->data : NULL, content->len, -1, copy);
        if (fine && content->acl.n > 0)
            fine = writer_set_acls(copy->writer, path, &content->acl, -1, NULL);
    }
    free_content(content);
    return fine;
}

static bool
copy_node(struct copy *copy, const struct scan_node *node)
{
    const struct copy_options *options = copy->options;
    char *path = path_below(copy->to->path, copy->from->path, node->path);
    zobo_acl_list acl = {.items = node->acls, .n = node->n_acls};
    zobo_create_options create = {.container = node_kind(node->stat) == NODE_CONTAINER,
                                  .acl = options->data_only ? NULL : &acl,
                                  .makepath = options->parents && node->depth == 0};
    bool taken = true;
    if (strcmp(path, "/") == 0) { /* it is there, always */
        taken = writer_set(copy->writer, path, node->data, node->data_len, -1, copy) &&
                (options->data_only || writer_set_acls(copy->writer, path, &acl, -1, NULL));
    } else {
        struct content *content = content_of(copy, node);
        taken = writer_create(copy->writer, path, node->data, node->data_len, &create, content);
        if (!taken)
            free_content(content);
    }
    free(path);
    return taken;
}

/* refuse_node tells of a node that cannot be copied as it is. */
static void
refuse_node(struct copy *copy, const struct scan_node *node)
{
    int code = fail(copy->from->ctx, ZOBO_ENOAUTH, node->path,
                    "its ACL may not be read whole, for want of the permission a; --data-only copies without ACLs");
    copy->code = copy->code == DONE ? code : copy->code;
    copy->refused++;
}

int
copy_tree(const struct place *from, const struct place *to, const struct copy_options *options, struct copied *copied)
{
    *copied = (struct copied){.zxid = zobo_last_zxid(from->ctx->client)};
    struct copy copy = {.from = from, .to = to, .options = options, .copied = copied};
    struct scan_options reading = {.depth = options->recursive ? UINT32_MAX : 0,
                                   .what = SCAN_DATA | (options->data_only ? 0 : SCAN_ACL)};
    struct scan *scan = scan_open(from->ctx, from->path, &reading);
    copy.writer = writer_open(to->ctx, &(struct writer_options){.outcome = on_write, .arg = &copy, .doing = "copying"});
    struct scan_node node;
    while (copy.code == DONE && scan_next(scan, &node)) {
        if (node.err != ZOBO_OK)
            continue; /* scan_close tells */
        if (node_kind(node.stat) == NODE_EPHEMERAL && !options->ephemerals)
            copied->skipped++;
        else if (!options->data_only && !acl_is_whole(node.acls, node.n_acls))
            refuse_node(&copy, &node);
        else if (!copy_node(&copy, &node) || (node.depth == 0 && !writer_flush(copy.writer)))
            break; /* what is below waits for the first: it may be there already */
    }
    int read = scan_close(scan), written = writer_close(copy.writer);
    bool any = copied->created + copied->overwritten > 0;
    if (copy.code != DONE)
        return any ? PARTIAL : copy.code;
    return read != DONE ? read : written;
}
