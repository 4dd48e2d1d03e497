/* SPDX-License-Identifier: Apache-2.0 */
/* Other tools' exports, each a JSON document:
 *
 *     zk_shell, json://    {"/a": {"content": base64 or null, "acls": [{"perms": 31, "id": {"scheme": .., "id": ..}}]}}
 *     zoocreeper           {"/a": {"data": base64 or null, "acls": [{"perms": 31, "scheme": .., "id": ..}],
 *                                  "ephemeralOwner": 0, ..}}
 *     ZooNavigator         [{"h": {"path": "/a", "data": base64, "acl": [{"scheme": .., "id": .., "permissions":
 *                                  ["read", ..]}]}, "t": [..]}] */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "frame/text.h"

/* A document is held whole: what a small compressed file decodes to is not to take all memory. */
enum { DEPTH_MAX = 1000, DOCUMENT_MAX = 1024 * 1024 * 1024 };

struct foreign {
    const struct ctx *ctx;
    const char *name;
    struct tnode **nodes;
    size_t n, room;
    int code;
    /* of the node that is being read */
    char *data;
    zobo_acl *acls;
};

static bool
bad_node(struct foreign *f, const char *path, const char *why)
{
    if (f->code == DONE)
        f->code = refuse(f->ctx, FAILED, "%s: %.200s: %s", f->name, path, why);
    return false;
}

/* --- parts of a node ---------------------------------------------------------------------------------------------- */

/* read_content decodes base64; early zk_shells wrote the text itself, which `or_text` allows. */
static bool
read_content(struct foreign *f, const json_t *content, bool or_text, struct tnode *node)
{
    if (content == NULL || json_is_null(content))
        return true;
    if (!json_is_string(content))
        return bad_node(f, node->path, "its data is neither text nor null");
    node->len = json_string_length(content);
    f->data = need_memory(node->len + 1, 1);
    memcpy(f->data, json_string_value(content), node->len);
    node->data = f->data;
    if (base64_decode(f->data, &node->len))
        return true;
    if (!or_text)
        return bad_node(f, node->path, "its data is not base64");
    node->len = json_string_length(content);
    memcpy(f->data, json_string_value(content), node->len);
    return true;
}

/* read_permissions reads a number, or ZooNavigator's words. */
static bool
read_permissions(const json_t *entry, uint32_t *perms)
{
    static const char *const words[] = {"read", "write", "create", "delete", "admin"}; /* by their bits */
    const json_t *number = json_object_get(entry, "perms"), *list = json_object_get(entry, "permissions");
    if (json_is_integer(number)) {
        *perms = (uint32_t)(json_integer_value(number) & ZOBO_PERM_ALL);
        return json_integer_value(number) >= 0 && json_integer_value(number) <= ZOBO_PERM_ALL;
    }
    *perms = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        unsigned bit = 0;
        while (word != NULL && bit < 5 && strcmp(words[bit], word) != 0)
            bit++;
        if (word == NULL || bit == 5)
            return false;
        *perms |= 1U << bit;
    }
    return json_is_array(list);
}

static bool
read_acls(struct foreign *f, const json_t *acls, struct tnode *node)
{
    size_t n = json_array_size(acls);
    if (n == 0)
        return acls == NULL || json_is_null(acls) || json_is_array(acls) ||
               bad_node(f, node->path, "its ACL is no list");
    f->acls = need_memory(n, sizeof *f->acls);
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(acls, i), *id = json_object_get(entry, "id");
        const json_t *in = json_is_object(id) ? id : entry;
        const char *scheme = json_string_value(json_object_get(in, "scheme")),
                   *name = json_string_value(json_object_get(in, "id"));
        if (scheme == NULL || name == NULL || !read_permissions(entry, &f->acls[i].perms))
            return bad_node(f, node->path, "its ACL has an entry without scheme, id or permissions");
        f->acls[i].scheme = scheme;
        f->acls[i].id = name;
    }
    node->acls = f->acls;
    node->n_acls = n;
    return true;
}

/* add_node keeps a node that was read, or reports it. ZooKeeper's own, which these tools write, too, are left out. */
static void
add_node(struct foreign *f, const struct tnode *node)
{
    zobo_problem why = {0};
    bool own = is_below(node->path, "/zookeeper");
    if (node->path[0] != '/' || zobo_path_check(node->path, false, &why) != ZOBO_OK)
        bad_node(f, node->path, node->path[0] != '/' ? "its path does not begin with a slash" : why.text);
    if (f->code == DONE && !own) {
        if (f->n == f->room) {
            f->room = f->room == 0 ? 64 : f->room * 2;
            f->nodes = need_more(f->nodes, f->room, sizeof *f->nodes);
        }
        f->nodes[f->n++] = copy_node(node);
    }
    free(f->data);
    free(f->acls);
    f->data = NULL;
    f->acls = NULL;
}

/* --- documents ---------------------------------------------------------------------------------------------------- */

/* read_flat reads zk_shell's and zoocreeper's: paths and their nodes. */
static void
read_flat(struct foreign *f, json_t *document)
{
    const char *path;
    json_t *value;
    json_object_foreach(document, path, value)
    {
        struct tnode node = {.path = path, .children = -1};
        const json_t *content = json_object_get(value, "content"), *data = json_object_get(value, "data");
        if (content == NULL && data == NULL)
            bad_node(f, path, "it has neither \"content\" (zk_shell) nor \"data\" (zoocreeper)");
        else if (read_content(f, content != NULL ? content : data, content != NULL, &node))
            (void)read_acls(f, json_object_get(value, "acls"), &node);
        node.type = type_of(json_integer_value(json_object_get(value, "ephemeralOwner")), &node.ttl);
        add_node(f, &node);
        if (f->code != DONE)
            return;
    }
}

/* read_tree reads ZooNavigator's: lists of nodes, each with the list of those below it. */
static void
read_tree(struct foreign *f, const json_t *list, unsigned depth)
{
    for (size_t i = 0; i < json_array_size(list) && f->code == DONE; i++) {
        const json_t *item = json_array_get(list, i), *head = json_object_get(item, "h");
        const char *path = json_string_value(json_object_get(head, "path"));
        if (path == NULL || depth == DEPTH_MAX) {
            bad_node(f, "", path == NULL ? "a node without \"h\" and \"path\"" : "it is nested too deep");
            return;
        }
        struct tnode node = {.path = path, .children = -1};
        if (read_content(f, json_object_get(head, "data"), false, &node))
            (void)read_acls(f, json_object_get(head, "acl"), &node);
        add_node(f, &node);
        read_tree(f, json_object_get(item, "t"), depth + 1);
    }
}

struct document {
    struct infile *in;
    size_t len;
};

static size_t
read_more(void *buffer, size_t n, void *arg)
{
    struct document *document = arg;
    size_t got = document->len > DOCUMENT_MAX ? 0 : infile_read(document->in, buffer, n);
    document->len += got;
    return got;
}

/* take_root finds the node that all are below, if it is there, and makes the paths begin at it. */
static char *
take_root(const struct foreign *f)
{
    const char *root = f->n == 0 ? "/" : f->nodes[0]->path;
    for (size_t i = 1; i < f->n; i++)
        if (strlen(f->nodes[i]->path) < strlen(root))
            root = f->nodes[i]->path;
    for (size_t i = 0; i < f->n; i++)
        if (!is_below(f->nodes[i]->path, root))
            return need_copy("/");
    char *copy = need_copy(root);
    size_t len = strcmp(copy, "/") == 0 ? 0 : strlen(copy);
    for (size_t i = 0; i < f->n && len > 0; i++)
        f->nodes[i]->path = f->nodes[i]->path[len] == '\0' ? "/" : f->nodes[i]->path + len;
    return copy;
}

static struct source *
finish(struct foreign *f)
{
    char *root = take_root(f);
    struct source *source = source_of_nodes(root, f->nodes, f->n);
    free(root);
    for (size_t i = 1; i < f->n && f->code == DONE; i++)
        if (strcmp(f->nodes[i - 1]->path, f->nodes[i]->path) == 0)
            bad_node(f, f->nodes[i]->path, "it stands there twice");
    if (f->code == DONE)
        return source;
    (void)source_close(source);
    return NULL;
}

struct source *
source_of_foreign(const struct ctx *ctx, struct infile *in, int *code)
{
    struct foreign f = {.ctx = ctx, .name = infile_name(in)};
    json_error_t error;
    struct document text = {.in = in};
    json_t *document = json_load_callback(read_more, &text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    struct source *source = NULL;
    if (infile_failed(in))
        f.code = FAILED;
    else if (text.len > DOCUMENT_MAX)
        f.code = refuse(ctx, FAILED, "%s: it is longer than 1 GiB: give it in parts", f.name);
    else if (document == NULL)
        f.code = refuse(ctx, FAILED, "%s, line %d: it is not JSON: %.100s", f.name, error.line, error.text);
    else if (json_is_array(document))
        read_tree(&f, document, 0);
    else if (json_is_object(document))
        read_flat(&f, document);
    if (f.code == DONE && f.n == 0)
        f.code = refuse(ctx, FAILED, "%s: it is no export of zobo, zk_shell, zoocreeper or ZooNavigator", f.name);
    source = finish(&f);
    json_decref(document);
    infile_close(in);
    *code = f.code;
    return source;
}
