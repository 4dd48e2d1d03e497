/* SPDX-License-Identifier: Apache-2.0 */
/* Programs made with older and newer headers: what they know is read and filled in, no byte more. */
#define _GNU_SOURCE
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include <zobo/snapshot.h>

#include "engine/store.h"

/* A data directory, and where its copies go. */
typedef struct rig {
    char dir[32], data[48], out[48];
} rig;

static int
setup(void **state)
{
    rig *r = calloc(1, sizeof *r);
    zs_store *store;
    assert_non_null(r);
    snprintf(r->dir, sizeof r->dir, "/tmp/zobo-snapshot-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    snprintf(r->data, sizeof r->data, "%s/data", r->dir);
    snprintf(r->out, sizeof r->out, "%s/out", r->dir);
    assert_int_equal(zs_store_open(&store, &(zs_store_options){.dir = r->data, .no_sync = true}, NULL), ZOBO_OK);
    zs_store_close(store);
    *state = r;
    return 0;
}

static int
teardown(void **state)
{
    static const char *const files[] = {
        "data/data.mdb", "data/lock.mdb", "data/lock", "data", "out/version-2/snapshot.0", "out/version-2", "out"};
    rig *r = *state;
    char path[80];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", r->dir, files[i]);
        (void)remove(path);
    }
    int left = rmdir(r->dir);
    free(r);
    return left;
}

/* again takes the snapshot away, so that another can be made there. */
static void
again(const rig *r)
{
    char path[80];
    snprintf(path, sizeof path, "%s/version-2/snapshot.0", r->out);
    assert_int_equal(unlink(path), 0);
}

static void
refused(const rig *r, const zobo_snapshot_options *options, zobo_snapshot_result *result, const char *text)
{
    zobo_problem why;
    assert_int_equal(zobo_snapshot_export(r->data, r->out, options, result, &why), ZOBO_EBADOPTION);
    assert_non_null(strstr(why.text, text));
    assert_int_not_equal(access(r->out, F_OK), 0);
    assert_int_equal(zobo_snapshot_import(r->data, NULL, r->out, options, result, &why), ZOBO_EBADOPTION);
    assert_int_not_equal(access(r->out, F_OK), 0);
}

static void
test_options(void **state)
{
    struct {
        zobo_snapshot_options known;
        void *later;
    } newer = {.known = {.size = sizeof newer}};
    newer.later = &newer;
    refused(*state, &newer.known, NULL, "does not know");
    refused(*state, &(zobo_snapshot_options){.size = sizeof(zobo_snapshot_options *)}, NULL, "size");
    refused(*state, NULL, &(zobo_snapshot_result){.size = (size_t)-1}, "size");
    newer.later = NULL;
    const rig *r = *state;
    assert_int_equal(zobo_snapshot_export(r->data, r->out, &newer.known, NULL, NULL), ZOBO_OK);
}

static void
test_result(void **state)
{
    const rig *r = *state;
    struct {
        zobo_snapshot_result known;
        uint64_t later;
    } newer = {.known = {.size = sizeof newer}, .later = 7};
    zobo_snapshot_result older = {.size = offsetof(zobo_snapshot_result, zxid), .zxid = 7}, none = {.nodes = 7};
    assert_int_equal(zobo_snapshot_export(r->data, r->out, NULL, &newer.known, NULL), ZOBO_OK);
    assert_true(newer.known.nodes > 1);
    assert_int_equal(newer.known.size, sizeof newer);
    assert_int_equal(newer.later, 0);
    again(r);
    assert_int_equal(zobo_snapshot_export(r->data, r->out, NULL, &older, NULL), ZOBO_OK);
    assert_int_equal(older.nodes, newer.known.nodes);
    assert_int_equal(older.zxid, 7); /* a field that its program does not have */
    again(r);
    assert_int_equal(zobo_snapshot_export("/nowhere", r->out, NULL, &none, NULL), ZOBO_EFILE);
    assert_int_equal(none.nodes, 7);
    assert_int_equal(zobo_snapshot_export(r->data, r->out, &(zobo_snapshot_options){0}, &none, NULL), ZOBO_OK);
    assert_int_equal(none.nodes, newer.known.nodes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_result, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
