/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "support/bytes.h"
#include "support/test.h"

/* --- one with everything in it --- */

static void
make(zobo_client *c, const char *path, const char *data, const zobo_create_options *options)
{
    assert_ok(zobo_create(c, path, data, data ? strlen(data) : 0, options, NULL));
}

static void
plant_data(zobo_client *c)
{
    enum { BIG = 500 * 1024 };
    char *big = zt_alloc(BIG);
    for (int i = 0; i < BIG; i++)
        big[i] = (char)(i * 7 + i / 251);
    make(c, "/t/empty", "", NULL);
    make(c, "/t/null", NULL, NULL);
    assert_ok(zobo_create(c, "/t/big", big, BIG, NULL, NULL));
    make(c, "/t/set", "0", NULL);
    for (int i = 0; i < 3; i++)
        assert_ok(zobo_set(c, "/t/set", i == 2 ? NULL : "a longer text", i == 2 ? 0 : 13, i, NULL));
    make(c, "/t/gr\xc3\xbc\xc3\x9f \"and\" \\", "x", NULL);
    free(big);
}

static void
plant_long(zobo_client *c)
{
    static const size_t lengths[] = {254, 255, 256, 300, 511, 512, 700};
    char path[2000];
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        strcpy(path, "/t/");
        memset(path + 3, 'a' + (int)i, lengths[i]);
        path[3 + lengths[i]] = '\0';
        make(c, path, "long", NULL);
        strcat(path, "/child");
        make(c, path, "below", NULL);
        strcat(path, "/");
        memset(path + strlen(path), 'z', 300);
        path[3 + lengths[i] + 7 + 300] = '\0';
        make(c, path, NULL, NULL);
    }
}

static void
plant_kinds(zobo_client *c)
{
    make(c, "/t/seq", "", NULL);
    for (int i = 0; i < 4; i++)
        make(c, "/t/seq/n-", "", &(zobo_create_options){.sequence = true});
    assert_ok(zobo_delete(c, "/t/seq/n-0000000001", 0));
    assert_ok(zobo_delete(c, "/t/seq/n-0000000003", -1));
    make(c, "/t/emptied", "", NULL);
    make(c, "/t/emptied/a", "", NULL);
    assert_ok(zobo_delete(c, "/t/emptied/a", -1));
    make(c, "/t/container", "c", &(zobo_create_options){.container = true});
    make(c, "/t/container/kept", "", NULL);
    make(c, "/t/ttl", "t", &(zobo_create_options){.ttl_ms = 3600000});
    make(c, "/t/ttl-", "t", &(zobo_create_options){.ttl_ms = 7200000, .sequence = true});
    make(c, "/t/eph", "mine", &(zobo_create_options){.ephemeral = true});
    make(c, "/t/seq/e-", "mine", &(zobo_create_options){.ephemeral = true, .sequence = true});
}

static void
plant_acls(zobo_client *c)
{
    static const zobo_acl joe[] = {{ZOBO_PERM_ALL, "auth", ""}};
    static const zobo_acl many[] = {{ZOBO_PERM_READ, "world", "anyone"},
                                    {ZOBO_PERM_ALL, "digest", "joe:oesAybBun9icKJjQSTRN8OBueSc="},
                                    {ZOBO_PERM_WRITE | ZOBO_PERM_CREATE, "ip", "10.1.0.0/16"}};
    static const zobo_acl_list mine = {joe, 1}, all = {many, 3};
    make(c, "/t/mine", "secret", &(zobo_create_options){.acl = &mine});
    make(c, "/t/mine/below", "open", NULL);
    make(c, "/t/acl", "", NULL);
    assert_ok(zobo_set_acls(c, "/t/acl", &mine, 0, NULL));
    assert_ok(zobo_set_acls(c, "/t/acl", &all, 1, NULL));
    assert_ok(zobo_set_acls(c, "/t/seq", &all, -1, NULL));
    assert_ok(
        zobo_set_acls(c, "/t/seq", &(zobo_acl_list){(zobo_acl[]){{ZOBO_PERM_ALL, "world", "anyone"}}, 1}, 1, NULL));
}

static void
plant_multi(zobo_client *c)
{
    for (int good = 0; good < 2; good++) {
        zobo_transaction *tx;
        assert_ok(zobo_transaction_new(c, &tx));
        assert_ok(zobo_transaction_create(tx, "/t/multi", "m", 1, NULL));
        assert_ok(zobo_transaction_create(tx, "/t/multi/eph-", "", 0,
                                          &(zobo_create_options){.ephemeral = true, .sequence = true}));
        assert_ok(zobo_transaction_set(tx, "/t/set", "by multi", 8, -1));
        assert_ok(zobo_transaction_create(tx, "/t/multi/gone", "", 0, NULL));
        assert_ok(zobo_transaction_delete(tx, "/t/multi/gone", 0));
        assert_ok(zobo_transaction_check(tx, "/t/big", good ? 0 : 77));
        assert_err(zobo_transaction_commit(tx, NULL), good ? ZOBO_OK : ZOBO_ETRANSACTION);
        zobo_transaction_free(tx);
    }
    assert_err(zobo_create(c, "/t/multi", "", 0, NULL, NULL), ZOBO_ENODEEXISTS);
    assert_err(zobo_delete(c, "/t/multi", -1), ZOBO_ENOTEMPTY);
    assert_err(zobo_set(c, "/t/none", "", 0, -1, NULL), ZOBO_ENONODE);
}

void
zt_tree_login(zobo_client *c)
{
    assert_ok(zobo_add_auth(c, "digest", "joe:secret", 10));
}

void
zt_tree_plant(zobo_client *c)
{
    zt_tree_login(c);
    make(c, "/t", "top", NULL);
    make(c, "/zookeeper/quota/t", "", NULL);
    make(c, "/zookeeper/quota/t/zookeeper_limits", "count=100000,bytes=100000000", NULL);
    make(c, "/zookeeper/quota/t/zookeeper_stats", "count=0,bytes=0", NULL);
    plant_data(c);
    plant_long(c);
    plant_kinds(c);
    plant_acls(c);
    plant_multi(c);
}

/* --- as text --- */

static char *
line_of(const char *path, const zobo_reply *data, const zobo_reply *acl)
{
    char hash[20 * 2 + 1], acls[512];
    uint8_t sum[20];
    size_t at = 0;
    zb_sha1(data->data ? data->data : "", data->data_len, sum);
    for (size_t i = 0; i < sizeof sum; i++)
        snprintf(hash + 2 * i, 3, "%02x", sum[i]);
    acls[0] = '\0';
    for (size_t i = 0; acl && i < acl->n_acls && at < sizeof acls; i++)
        at += (size_t)snprintf(acls + at, sizeof acls - at, " %u:%s:%s", (unsigned)acl->acls[i].perms,
                               acl->acls[i].scheme, acl->acls[i].id);
    const zobo_stat *s = &data->stat;
    size_t size = strlen(path) + strlen(acls) + 400;
    char *line = zt_alloc(size);
    snprintf(line, size,
             "%s czxid=%llx mzxid=%llx pzxid=%llx ctime=%lld mtime=%lld version=%d cversion=%d aversion=%d owner=%llx "
             "length=%d children=%d data=%s%.40s acl=%s",
             path, (unsigned long long)s->czxid, (unsigned long long)s->mzxid, (unsigned long long)s->pzxid,
             (long long)s->ctime, (long long)s->mtime, s->version, s->cversion, s->aversion,
             (unsigned long long)s->ephemeral_owner, s->data_length, s->num_children, data->data ? "" : "null ",
             data->data_len < 40 && data->data ? (const char *)data->data : hash, acls);
    return line;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
read_below(zt_tree *tree, zobo_client *c, const char *path)
{
    zobo_reply *data, *acl, *children;
    assert_ok(zobo_get(c, path, NULL, &data));
    assert_ok(zobo_get_acls(c, path, &acl));
    assert_ok(zobo_get_children(c, path, NULL, &children));
    if (tree->n == tree->cap) {
        tree->cap = tree->cap ? 2 * tree->cap : 64;
        tree->lines = realloc(tree->lines, tree->cap * sizeof *tree->lines);
        assert_non_null(tree->lines);
    }
    tree->lines[tree->n++] = line_of(path, data, acl);
    const char **names = zt_alloc((children->n_children + 1) * sizeof *names);
    for (size_t i = 0; i < children->n_children; i++)
        names[i] = children->children[i];
    qsort(names, children->n_children, sizeof *names, by_name);
    for (size_t i = 0; i < children->n_children; i++) {
        size_t size = strlen(path) + strlen(names[i]) + 2;
        char *child = zt_alloc(size);
        snprintf(child, size, "%s/%s", path[1] ? path : "", names[i]);
        read_below(tree, c, child);
        free(child);
    }
    free(names);
    zobo_reply_free(data);
    zobo_reply_free(acl);
    zobo_reply_free(children);
}

void
zt_tree_read(zt_tree *tree, zobo_client *c)
{
    *tree = (zt_tree){0};
    read_below(tree, c, "/");
}

void
zt_tree_free(zt_tree *tree)
{
    for (size_t i = 0; i < tree->n; i++)
        free(tree->lines[i]);
    free(tree->lines);
}

static bool
is_at(const char *line, const char *path)
{
    size_t n = strlen(path);
    return strncmp(line, path, n) == 0 && line[n] == ' ';
}

const char *
zt_tree_find(const zt_tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->n; i++)
        if (is_at(tree->lines[i], path))
            return tree->lines[i];
    return NULL;
}

void
zt_tree_same(const zt_tree *want, const zt_tree *got, const char *but)
{
    for (size_t i = 0; i < want->n && i < got->n; i++)
        if (strcmp(want->lines[i], got->lines[i]) != 0 && !(but && is_at(want->lines[i], but)))
            fail_msg("trees differ:\n  want %s\n  got  %s", want->lines[i], got->lines[i]);
    assert_int_equal(got->n, want->n);
}
