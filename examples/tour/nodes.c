/* SPDX-License-Identifier: Apache-2.0 */
/* Steps about nodes: making, reading, changing, removing them; permissions, transactions, many requests at once. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tour.h"

void
step_create(struct tour *t)
{
    zobo_create_options parents = {.makepath = true};
    zobo_create_options ephemeral = {.ephemeral = true};
    zobo_create_options sequential = {.sequence = true};
    zobo_reply *reply;
    struct path path;
    char first[sizeof(path.text)];

    show_step("Create nodes");
    show_did("zobo_create %s, makepath", below(t, &path, "config/db/url"));
    expect_ok(zobo_create(t->zk, path.text, "db1:5432", 8, &parents, &reply), "zobo_create");
    show_got("%s", reply->path);
    expect(strcmp(reply->path, path.text) == 0, "the path should be %s", path.text);
    zobo_reply_free(reply);

    show_did("zobo_create %s, ephemeral", below(t, &path, "alive"));
    expect_ok(zobo_create(t->zk, path.text, "", 0, &ephemeral, &reply), "zobo_create");
    show_got("%s", reply->path);
    zobo_reply_free(reply);

    first[0] = '\0';
    for (int i = 0; i < 2; i++) {
        show_did("zobo_create %s, sequence", below(t, &path, "job-"));
        expect_ok(zobo_create(t->zk, path.text, "", 0, &sequential, &reply), "zobo_create");
        show_got("%s", reply->path);
        expect(strncmp(reply->path, path.text, strlen(path.text)) == 0, "the path should begin with %s", path.text);
        expect(strcmp(reply->path, first) > 0, "the second number should be higher than the first");
        snprintf(first, sizeof(first), "%s", reply->path);
        zobo_reply_free(reply);
    }

    show_did("zobo_create %s, once more", below(t, &path, "alive"));
    expect_err(zobo_create(t->zk, path.text, "", 0, NULL, NULL), ZOBO_ENODEEXISTS, "zobo_create");
    show_did("zobo_create %s", below(t, &path, "alive/child"));
    expect_err(zobo_create(t->zk, path.text, "", 0, NULL, NULL), ZOBO_ENOCHILDRENFOREPHEMERALS, "zobo_create");
}

void
step_read_write(struct tour *t)
{
    zobo_reply *reply;
    zobo_stat stat;
    struct path path;

    show_step("Read and write");
    show_did("zobo_get %s", below(t, &path, "config/db/url"));
    expect_ok(zobo_get(t->zk, path.text, NULL, &reply), "zobo_get");
    show_got("\"%s\", %zu bytes", (const char *)reply->data, reply->data_len);
    show_stat(&reply->stat);
    expect(strcmp(reply->data, "db1:5432") == 0, "the data should be what was written");
    zobo_reply_free(reply);

    show_did("zobo_set %s \"db2:5432\", version 0", path.text);
    expect_ok(zobo_set(t->zk, path.text, "db2:5432", 8, 0, &stat), "zobo_set");
    show_got("version %" PRId32, stat.version);
    expect(stat.version == 1, "the version should be 1");
    show_did("zobo_set %s \"db3:5432\", version 0", path.text);
    expect_err(zobo_set(t->zk, path.text, "db3:5432", 8, 0, NULL), ZOBO_EBADVERSION, "zobo_set");

    show_did("zobo_exists %s", path.text);
    expect_ok(zobo_exists(t->zk, path.text, NULL, &stat), "zobo_exists");
    show_got("yes, version %" PRId32 ", %" PRId32 " bytes", stat.version, stat.data_length);
    show_did("zobo_exists %s", below(t, &path, "nothing-here"));
    expect_err(zobo_exists(t->zk, path.text, NULL, &stat), ZOBO_ENONODE, "zobo_exists");
}

void
step_paths(struct tour *t)
{
    zobo_reply *reply;
    struct path path;
    int32_t count;

    show_step("Trees");
    show_did("zobo_get_children %s", t->root);
    expect_ok(zobo_get_children(t->zk, t->root, NULL, &reply), "zobo_get_children");
    for (size_t i = 0; i < reply->n_children; i++) {
        show_got("%s", reply->children[i]);
    }
    expect(reply->n_children == 4, "there should be 4 children, not %zu", reply->n_children);
    zobo_reply_free(reply);

    show_did("zobo_ensure_path %s, twice", below(t, &path, "a/b/c/d/e"));
    expect_ok(zobo_ensure_path(t->zk, path.text, NULL), "zobo_ensure_path");
    expect_ok(zobo_ensure_path(t->zk, path.text, NULL), "zobo_ensure_path");
    show_got("Ok, both times");
    show_did("zobo_get_all_children_number %s", below(t, &path, "a"));
    expect_ok(zobo_get_all_children_number(t->zk, path.text, &count), "zobo_get_all_children_number");
    show_got("%" PRId32 " nodes below it", count);
    expect(count == 4, "there should be 4 nodes below it");
    show_did("zobo_delete %s, any version", path.text);
    expect_err(zobo_delete(t->zk, path.text, -1), ZOBO_ENOTEMPTY, "zobo_delete");
    show_did("zobo_delete_recursive %s", path.text);
    expect_ok(zobo_delete_recursive(t->zk, path.text, NULL), "zobo_delete_recursive");
    show_got("Ok");
    show_did("zobo_exists %s", path.text);
    expect_err(zobo_exists(t->zk, path.text, NULL, NULL), ZOBO_ENONODE, "zobo_exists");

    show_did("zobo_get \"/no//such/path\"");
    zobo_problem why = {.text = ""};
    expect_err(zobo_get(t->zk, "/no//such/path", NULL, NULL), ZOBO_EBADPATH, "zobo_get");
    expect(zobo_path_check("/no//such/path", false, &why) == ZOBO_EBADPATH, "zobo_path_check should refuse it");
    show_got("zobo_path_check: %s", why.text);
}

void
step_acl(struct tour *t)
{
    zobo_options options = {.size = sizeof(options), .hosts = t->hosts};
    struct path path;
    zobo_reply *reply;
    char text[8];

    show_step("Permissions");
    show_did("zobo_add_auth digest tour:secret");
    expect_ok(zobo_add_auth(t->zk, "digest", "tour:secret", 11), "zobo_add_auth");
    show_got("Ok");
    show_did("zobo_create %s, ACL zobo_creator_all_acl()", below(t, &path, "private"));
    zobo_create_options mine = {.acl = zobo_creator_all_acl()};
    expect_ok(zobo_create(t->zk, path.text, "for me", 6, &mine, NULL), "zobo_create");
    expect_ok(zobo_get_acls(t->zk, path.text, &reply), "zobo_get_acls");
    for (size_t i = 0; i < reply->n_acls; i++) {
        zobo_perms_text(reply->acls[i].perms, text);
        show_got("%s:%s may %s", reply->acls[i].scheme, reply->acls[i].id, text);
    }
    zobo_reply_free(reply);
    show_did("zobo_get %s, as another client", path.text);
    zobo_client *other = client_open(&options, NULL);
    catch_up(t, other);
    expect_err(zobo_get(other, path.text, NULL, NULL), ZOBO_ENOAUTH, "zobo_get");
    zobo_close(other);
}

static void
show_results(const char *const *what, const zobo_reply *reply)
{
    for (size_t i = 0; i < reply->n_results; i++) {
        const zobo_result *r = &reply->results[i];
        show_got("%-17s %s%s%s", what[i], zobo_err_name(r->err), r->path != NULL ? " " : "",
                 r->path != NULL ? r->path : "");
    }
}

void
step_transactions(struct tour *t)
{
    static const char *const good[] = {"check config", "create new", "set config/db/url"};
    static const char *const bad[] = {"create newer", "check new v7", "delete new"};
    zobo_transaction *tx;
    zobo_reply *reply;
    struct path path;

    show_step("Transactions: all or nothing");
    show_did("zobo_transaction_commit: check, create, set");
    expect_ok(zobo_transaction_new(t->zk, &tx), "zobo_transaction_new");
    expect_ok(zobo_transaction_check(tx, below(t, &path, "config"), 0), "zobo_transaction_check");
    expect_ok(zobo_transaction_create(tx, below(t, &path, "new"), "", 0, NULL), "zobo_transaction_create");
    expect_ok(zobo_transaction_set(tx, below(t, &path, "config/db/url"), "db4", 3, -1), "zobo_transaction_set");
    expect_ok(zobo_transaction_commit(tx, &reply), "zobo_transaction_commit");
    expect(reply->n_results == 3, "there should be 3 results");
    show_results(good, reply);
    zobo_reply_free(reply);
    zobo_transaction_free(tx);

    show_did("zobo_transaction_commit: create, check of a version that is not, delete");
    expect_ok(zobo_transaction_new(t->zk, &tx), "zobo_transaction_new");
    expect_ok(zobo_transaction_create(tx, below(t, &path, "newer"), "", 0, NULL), "zobo_transaction_create");
    expect_ok(zobo_transaction_check(tx, below(t, &path, "new"), 7), "zobo_transaction_check");
    expect_ok(zobo_transaction_delete(tx, path.text, -1), "zobo_transaction_delete");
    expect_err(zobo_transaction_commit(tx, &reply), ZOBO_ETRANSACTION, "zobo_transaction_commit");
    expect(reply != NULL && reply->n_results == 3, "there should be 3 results");
    show_results(bad, reply);
    expect(reply->results[0].err == ZOBO_EROLLEDBACK && reply->results[1].err == ZOBO_EBADVERSION &&
               reply->results[2].err == ZOBO_ERUNTIMEINCONSISTENCY,
           "the second operation should be the one to blame");
    zobo_reply_free(reply);
    zobo_transaction_free(tx);
    show_did("zobo_exists %s", below(t, &path, "newer"));
    expect_err(zobo_exists(t->zk, path.text, NULL, NULL), ZOBO_ENONODE, "zobo_exists");
}

enum { GETS = 10000 };

void
step_pipeline(struct tour *t)
{
    zobo_call **calls = calloc(GETS, sizeof(*calls));
    struct timespec start, end;
    struct path path;

    show_step("Many requests at once, on one connection, from one thread");
    show_did("zobo_get_async %s, %d times, then zobo_call_get for each", below(t, &path, "config/db/url"), GETS);
    expect(calls != NULL, "out of memory");
    clock_gettime(CLOCK_MONOTONIC, &start);
    zobo_err err = ZOBO_OK;
    int right = 0;
    for (int i = 0; i < GETS && err == ZOBO_OK; i++) {
        err = zobo_get_async(t->zk, path.text, NULL, NULL, &calls[i]);
    }
    expect_ok(err, "zobo_get_async");
    for (int i = 0; i < GETS && err == ZOBO_OK; i++) {
        zobo_reply *reply;
        err = zobo_call_get(calls[i], 0, &reply);
        right += err == ZOBO_OK && reply->data_len == 3 && memcmp(reply->data, "db4", 3) == 0;
        zobo_reply_free(reply);
        zobo_call_free(calls[i]);
    }
    expect_ok(err, "zobo_call_get");
    expect(right == GETS, "%d of %d replies were not \"db4\"", GETS - right, GETS);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ms = (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) * 1e-6;
    show_got("%d replies in %.0f ms: %.0f a second", GETS, ms, GETS / ms * 1e3);
    free(calls);
}
