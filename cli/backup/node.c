/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"

#include <stdlib.h>
#include <string.h>

const char *const node_types[] = {
    [PERSISTENT] = "persistent", [EPHEMERAL] = "ephemeral", [CONTAINER] = "container", [TTL] = "ttl", NULL};

int
path_order(const char *a, const char *b)
{
    a += strcmp(a, "/") == 0; /* the root's slash is not one that parts names */
    b += strcmp(b, "/") == 0;
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    int x = *a == '/' ? 1 : *a == '\0' ? 0 : (unsigned char)*a + 1;
    int y = *b == '/' ? 1 : *b == '\0' ? 0 : (unsigned char)*b + 1;
    return x - y;
}

bool
is_below(const char *path, const char *above)
{
    size_t n = strcmp(above, "/") == 0 ? 0 : strlen(above);
    return strncmp(path, above, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

size_t
missing_above(const char *path, const char *last)
{
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t n = (size_t)(slash - path);
        if (strncmp(last, path, n) != 0 || (last[n] != '\0' && last[n] != '/'))
            return n;
    }
    return 0;
}

char *
join_path(const char *root, const char *path)
{
    if (strcmp(root, "/") == 0)
        return need_copy(path);
    size_t size = strlen(root) + strlen(path) + 1;
    char *all = need_memory(size, 1);
    snprintf(all, size, "%s%s", root, strcmp(path, "/") == 0 ? "" : path);
    return all;
}

bool
same_data(const struct tnode *a, const struct tnode *b)
{
    return (a->data == NULL) == (b->data == NULL) && a->len == b->len &&
           (a->data == NULL || b->data == NULL || memcmp(a->data, b->data, a->len) == 0);
}

static size_t
count_acl(const struct tnode *node, const zobo_acl *acl)
{
    size_t count = 0;
    for (size_t i = 0; i < node->n_acls; i++)
        count += node->acls[i].perms == acl->perms && strcmp(node->acls[i].scheme, acl->scheme) == 0 &&
                 strcmp(node->acls[i].id, acl->id) == 0;
    return count;
}

bool
same_acls(const struct tnode *a, const struct tnode *b)
{
    if (a->acls == NULL || b->acls == NULL)
        return true;
    if (a->n_acls != b->n_acls)
        return false;
    for (size_t i = 0; i < a->n_acls; i++)
        if (count_acl(a, &a->acls[i]) != count_acl(b, &a->acls[i]))
            return false;
    return true;
}

enum node_type
type_of(int64_t owner, int64_t *ttl)
{
    *ttl = 0;
    if (owner == 0)
        return PERSISTENT;
    if (owner == INT64_MIN)
        return CONTAINER;
    if (((uint64_t)owner >> 56) != 0xFF)
        return EPHEMERAL;
    *ttl = owner & INT64_C(0xFFFFFFFFFF);
    return TTL;
}

struct tnode *
copy_node(const struct tnode *node)
{
    size_t path = strlen(node->path) + 1, size = node->n_acls * sizeof(zobo_acl) + sizeof(zobo_stat);
    for (size_t i = 0; i < node->n_acls; i++)
        size += strlen(node->acls[i].scheme) + strlen(node->acls[i].id) + 2;
    struct tnode *copy = need_memory(1, sizeof *copy + size + path + node->len + 1);
    zobo_stat *stat = (zobo_stat *)(copy + 1);
    zobo_acl *acls = (zobo_acl *)(stat + 1);
    char *to = (char *)(acls + node->n_acls);
    *copy = *node;
    if (node->stat != NULL) {
        *stat = *node->stat;
        copy->stat = stat;
    }
    for (size_t i = 0; i < node->n_acls; i++) {
        size_t scheme = strlen(node->acls[i].scheme) + 1, id = strlen(node->acls[i].id) + 1;
        acls[i] = (zobo_acl){node->acls[i].perms, to, to + scheme};
        memcpy(to, node->acls[i].scheme, scheme);
        memcpy(to + scheme, node->acls[i].id, id);
        to += scheme + id;
    }
    if (node->acls != NULL)
        copy->acls = acls;
    memcpy(to, node->path, path);
    copy->path = to;
    to += path;
    if (node->len > 0)
        memcpy(to, node->data, node->len);
    if (node->data != NULL)
        copy->data = to;
    return copy;
}

void
free_node(struct tnode *node)
{
    free(node);
}
