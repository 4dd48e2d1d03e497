/* SPDX-License-Identifier: Apache-2.0 */
/* The cache's tree against a table that holds the same nodes, with older trees kept and compared. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "recipes/tree.h"

/* Every path of up to three components out of these names, in three levels: 1 + 12 + 144 + 1728 nodes at most. */
enum { NAMES = 12, SLOTS = 1 + NAMES + NAMES * NAMES + NAMES * NAMES * NAMES, PATH = 32 };
static const char *const names[NAMES] = {"a", "ab", "b", "b-", "c", "m", "n0", "n00", "x", "y", "z", "zz"};

/* What should be there: czxid and mzxid by slot; 0: no node. */
typedef struct model {
    int64_t czxid[SLOTS], mzxid[SLOTS];
    size_t n;
} model;

static size_t
slot_path(size_t slot, char *path)
{
    size_t part[3], depth = 0, len = 0;
    for (; slot > 0; slot = (slot - 1) / NAMES)
        part[depth++] = (slot - 1) % NAMES;
    while (depth-- > 0) {
        if (len)
            path[len++] = '/';
        strcpy(path + len, names[part[depth]]);
        len += strlen(path + len);
    }
    path[len] = 0;
    return len;
}

static zr_leaf *
leaf_of(const char *path, int64_t czxid, int64_t mzxid)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    zobo_stat stat = {.czxid = czxid, .mzxid = mzxid};
    return zr_leaf_new(name, strlen(name), &stat, path, strlen(path), ZOBO_OK);
}

static zobo_err
put(zr_tree *t, const char *path, int64_t czxid, int64_t mzxid)
{
    zr_leaf *leaf = leaf_of(path, czxid, mzxid);
    assert_non_null(leaf);
    return zr_tree_put(t, path, strlen(path), leaf);
}

/* ---- the model ---- */

static void
model_remove(model *m, size_t slot)
{
    m->n -= m->czxid[slot] != 0;
    m->czxid[slot] = m->mzxid[slot] = 0;
    for (size_t i = 0; i < NAMES && slot * NAMES + 1 + i < SLOTS; i++) {
        if (m->czxid[slot * NAMES + 1 + i])
            model_remove(m, slot * NAMES + 1 + i);
    }
}

static size_t
height(const zr_node *n)
{
    size_t left = n ? height(n->left) : 0, right = n ? height(n->right) : 0;
    return n ? 1 + (left > right ? left : right) : 0;
}

/* Order, sizes and balance of all search trees below n; returns how many nodes there are. */
static size_t
check_shape(const zr_node *n)
{
    if (!n)
        return 0;
    size_t left = zr_node_size(n->left), right = zr_node_size(n->right);
    assert_int_equal(n->size, left + right + 1);
    if (left + right > 1)
        assert_true(left <= 3 * right && right <= 3 * left);
    if (n->left)
        assert_true(strcmp(n->left->leaf->name, n->leaf->name) < 0);
    if (n->right)
        assert_true(strcmp(n->right->leaf->name, n->leaf->name) > 0);
    return 1 + check_shape(n->left) + check_shape(n->right) + check_shape(n->kids);
}

static void
check_equal(const zr_node *root, const model *m)
{
    char path[PATH];
    assert_int_equal(check_shape(root), m->n);
    for (size_t i = 0; i < SLOTS; i++) {
        size_t len = slot_path(i, path);
        const zr_node *n = zr_find(root, path, len);
        assert_true((n != NULL) == (m->czxid[i] != 0));
        if (n) {
            assert_int_equal(n->leaf->stat.czxid, m->czxid[i]);
            assert_int_equal(n->leaf->stat.mzxid, m->mzxid[i]);
            assert_string_equal(zr_leaf_data(n->leaf), path);
        }
    }
}

/* ---- the difference, played back on a model ---- */

typedef struct player {
    model *m;
    size_t told;
} player;

static size_t
slot_of(const char *path)
{
    size_t slot = 0;
    for (const char *at = path; *at; at += strcspn(at, "/"), at += *at == '/') {
        size_t i = 0, len = strcspn(at, "/");
        while (i < NAMES && (strlen(names[i]) != len || memcmp(names[i], at, len) != 0))
            i++;
        assert_true(i < NAMES);
        slot = slot * NAMES + 1 + i;
    }
    return slot;
}

static bool
has_children(const model *m, size_t slot)
{
    for (size_t i = 0; i < NAMES && slot * NAMES + 1 + i < SLOTS; i++) {
        if (m->czxid[slot * NAMES + 1 + i])
            return true;
    }
    return false;
}

static bool
play(void *arg, zr_change change, const char *path, const zr_node *was, const zr_node *is)
{
    player *p = arg;
    model *m = p->m;
    assert_memory_equal(path, "/r", 2);
    size_t slot = slot_of(path[2] ? path + 3 : "");
    p->told++;
    assert_true((was != NULL) == (change != ZR_ADDED));
    assert_true((is != NULL) == (change != ZR_REMOVED));
    if (was) {
        assert_int_equal(m->czxid[slot], was->leaf->stat.czxid);
        assert_int_equal(m->mzxid[slot], was->leaf->stat.mzxid);
    } else {
        assert_int_equal(m->czxid[slot], 0);
        assert_true(slot == 0 || m->czxid[(slot - 1) / NAMES]); /* the parent was told before */
        m->n++;
    }
    if (change == ZR_REMOVED) {
        assert_false(has_children(m, slot)); /* the children were told before */
        m->n--;
    }
    if (was && is) {
        assert_int_equal(was->leaf->stat.czxid, is->leaf->stat.czxid);
        assert_true(was->leaf->stat.mzxid != is->leaf->stat.mzxid);
    }
    m->czxid[slot] = is ? is->leaf->stat.czxid : 0;
    m->mzxid[slot] = is ? is->leaf->stat.mzxid : 0;
    return true;
}

static size_t
check_diff(const zr_node *from, const model *was, const zr_node *to, const model *is)
{
    char path[PATH + 4] = "/r";
    model copy = *was;
    player p = {&copy, 0};
    assert_true(zr_diff(from, to, path, 2, play, &p));
    assert_memory_equal(&copy, is, sizeof copy);
    return p.told;
}

/* ---- tests ---- */

static void
change_something(zr_tree *t, model *m, zb_rng *rng, int64_t zxid)
{
    char path[PATH];
    size_t slot = zb_rng_below(rng, 4) ? zb_rng_below(rng, SLOTS) : zb_rng_below(rng, 1 + NAMES);
    size_t len = slot_path(slot, path), up = (slot - 1) / NAMES;
    if (zb_rng_below(rng, slot == 0 ? 200 : slot < 157 ? 60 : 4) == 0) {
        assert_int_equal(zr_tree_remove(t, path, len), m->czxid[slot] ? ZOBO_OK : ZOBO_ENONODE);
        model_remove(m, slot);
    } else if (slot > 0 && !m->czxid[up]) {
        assert_int_equal(put(t, path, zxid, zxid), ZOBO_ENONODE);
    } else {
        int64_t czxid = m->czxid[slot] ? m->czxid[slot] : zxid;
        assert_int_equal(put(t, path, czxid, zxid), ZOBO_OK);
        m->n += !m->czxid[slot];
        m->czxid[slot] = czxid;
        m->mzxid[slot] = zxid;
    }
}

static void
trees_that_are_kept_stay_as_they_were(void **state)
{
    (void)state;
    enum { KEPT = 8, STEPS = 30000 };
    static model m, was[KEPT];
    zr_node *kept[KEPT] = {NULL};
    zr_tree t = {0};
    zb_rng rng;
    rng.s = 42;
    memset(&m, 0, sizeof m);
    memset(was, 0, sizeof was);
    for (int i = 1; i <= STEPS; i++) {
        change_something(&t, &m, &rng, i);
        assert_int_equal(t.nodes, m.n);
        if (i % 97 == 0) {
            size_t k = zb_rng_below(&rng, KEPT);
            check_equal(kept[k], &was[k]);
            check_diff(kept[k], &was[k], t.root, &m);
            check_diff(t.root, &m, kept[k], &was[k]);
            zr_node_unref(kept[k]);
            kept[k] = zr_node_ref(t.root);
            was[k] = m;
        }
        if (i % 1009 == 0)
            check_equal(t.root, &m);
    }
    assert_true(m.n > 100);
    for (size_t k = 0; k < KEPT; k++)
        zr_node_unref(kept[k]);
    zr_tree_free(&t);
}

/* The difference costs what has changed: counted by how many nodes a change leaves unshared. */
static void
a_change_in_a_large_directory_is_small(void **state)
{
    (void)state;
    enum { N = 100000 };
    char path[PATH];
    zr_tree t = {0};
    assert_int_equal(put(&t, "", 1, 1), ZOBO_OK);
    for (int i = 0; i < N; i++) {
        snprintf(path, sizeof path, "n%08d", i); /* in order: the worst case for what is not balanced */
        assert_int_equal(put(&t, path, 1, 1), ZOBO_OK);
    }
    assert_true(height(t.root->kids) <= 41); /* log(100000) / log(4/3) */
    zr_node *kept = zr_node_ref(t.root);
    (void)zb_mem_fail_after(-1, 0);
    assert_int_equal(put(&t, "n00054321", 1, 2), ZOBO_OK);
    assert_true(zb_mem_fail_after(-1, 0) <= 45);
    assert_int_equal(zr_tree_remove(&t, "n00001234", 9), ZOBO_OK);
    assert_true(zb_mem_fail_after(-1, 0) <= 90);
    assert_int_equal(zr_find(kept, "n00054321", 9)->leaf->stat.mzxid, 1);
    assert_string_equal(zr_nth(kept->kids, 1234)->leaf->name, "n00001234");
    assert_string_equal(zr_nth(t.root->kids, 1234)->leaf->name, "n00001235");
    assert_null(zr_nth(kept->kids, N));
    zr_node_unref(kept);
    assert_true(t.bytes / t.nodes <= 200);
    zr_tree_free(&t);
}

static void
a_node_made_again_is_removed_and_added(void **state)
{
    (void)state;
    static model was, is;
    zr_tree t = {0};
    memset(&was, 0, sizeof was);
    assert_int_equal(put(&t, "", 1, 1), ZOBO_OK);
    assert_int_equal(put(&t, "a", 2, 2), ZOBO_OK);
    assert_int_equal(put(&t, "a/b", 3, 3), ZOBO_OK);
    was.n = 3;
    was.czxid[0] = was.mzxid[0] = 1;
    was.czxid[slot_of("a")] = was.mzxid[slot_of("a")] = 2;
    was.czxid[slot_of("a/b")] = was.mzxid[slot_of("a/b")] = 3;
    zr_node *kept = zr_node_ref(t.root);
    assert_int_equal(zr_tree_remove(&t, "a", 1), ZOBO_OK);
    assert_int_equal(put(&t, "a", 4, 4), ZOBO_OK);
    is = was;
    model_remove(&is, slot_of("a"));
    is.n = 2;
    is.czxid[slot_of("a")] = is.mzxid[slot_of("a")] = 4;
    assert_int_equal(check_diff(kept, &was, t.root, &is), 3);
    assert_int_equal(check_diff(t.root, &is, t.root, &is), 0);
    zr_node_unref(kept);
    zr_tree_free(&t);
}

/* Deep and long: freeing does not recurse, and a path at the limit works. */
static void
the_deepest_path_works(void **state)
{
    (void)state;
    char path[2 * ZR_TREE_DEPTH + 4] = "";
    zr_tree t = {0};
    assert_int_equal(put(&t, "", 1, 1), ZOBO_OK);
    for (int i = 0; i < ZR_TREE_DEPTH; i++) {
        strcat(path, i ? "/d" : "d");
        assert_int_equal(put(&t, path, 1, 1), ZOBO_OK);
    }
    assert_int_equal(t.nodes, ZR_TREE_DEPTH + 1);
    assert_int_equal(t.path_max, strlen(path));
    assert_int_equal(zr_tree_remove(&t, "d", 1), ZOBO_OK);
    assert_int_equal(t.nodes, 1);
    assert_int_equal(zr_tree_remove(&t, "", 0), ZOBO_OK);
    assert_null(t.root);
    assert_int_equal(t.nodes, 0);
    assert_int_equal(t.bytes, 0);
    zr_tree_free(&t);
}

/* Without memory a change is made whole or not at all, and what is kept stays as it was. */
static void
changes_without_memory(void **state)
{
    (void)state;
    static model m, was;
    zr_tree t = {0};
    zb_rng rng;
    rng.s = 7;
    memset(&m, 0, sizeof m);
    for (int i = 1; i < 4000; i++)
        change_something(&t, &m, &rng, i);
    size_t failed = 0;
    for (int i = 0; i < 2000; i++) {
        char path[PATH];
        zr_node *kept = zr_node_ref(t.root);
        was = m;
        size_t slot = 1 + zb_rng_below(&rng, SLOTS - 1), len = slot_path(slot, path);
        bool parent = m.czxid[(slot - 1) / NAMES] != 0, gone = i % 2 && m.czxid[slot];
        zr_leaf *leaf = gone ? NULL : leaf_of(path, 9000 + i, 9000 + i);
        (void)zb_mem_fail_after((long)zb_rng_below(&rng, 12), 1);
        zobo_err err = gone ? zr_tree_remove(&t, path, len) : zr_tree_put(&t, path, len, leaf);
        (void)zb_mem_fail_after(-1, 0);
        failed += err == ZOBO_ENOMEM;
        if (!err && gone)
            model_remove(&m, slot);
        if (!err && !gone) {
            m.n += !m.czxid[slot];
            m.czxid[slot] = m.mzxid[slot] = 9000 + i;
        }
        assert_true(err == ZOBO_OK || err == ZOBO_ENOMEM || !parent);
        assert_int_equal(t.nodes, m.n);
        if (i % 50 == 0) {
            char root[PATH + 4] = "/r";
            model copy = was;
            player p = {&copy, 0};
            assert_true(zr_diff(kept, t.root, root, 2, play, &p));
            assert_memory_equal(&copy, &m, sizeof m);
        }
        zr_node_unref(kept);
    }
    assert_true(failed > 100);
    zr_tree_free(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_that_are_kept_stay_as_they_were),
        cmocka_unit_test(a_change_in_a_large_directory_is_small),
        cmocka_unit_test(a_node_made_again_is_removed_and_added),
        cmocka_unit_test(the_deepest_path_works),
        cmocka_unit_test(changes_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
