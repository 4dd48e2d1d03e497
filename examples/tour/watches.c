/* SPDX-License-Identifier: Apache-2.0 */
/* Steps about being told: one-shot and persistent watchers. */
#include "tour.h"

void
step_watch_once(struct tour *t)
{
    struct seen seen;
    zobo_watcher watcher = {.fn = seen_event, .arg = &seen};
    zobo_reply *reply;
    struct path path;

    show_step("A one-shot watch");
    seen_init(&seen);
    show_did("zobo_get %s, with a watcher", below(t, &path, "config/db/url"));
    expect_ok(zobo_get(t->zk, path.text, &watcher, &reply), "zobo_get");
    show_got("\"%s\"", (const char *)reply->data);
    zobo_reply_free(reply);
    show_did("zobo_set %s, twice", path.text);
    expect_ok(zobo_set(t->zk, path.text, "db5", 3, -1, NULL), "zobo_set");
    expect_ok(zobo_set(t->zk, path.text, "db6", 3, -1, NULL), "zobo_set");
    seen_want(&seen, ZOBO_EVENT_CHANGED, path.text);

    show_did("zobo_exists %s, with a watcher", below(t, &path, "later"));
    expect_err(zobo_exists(t->zk, path.text, &watcher, NULL), ZOBO_ENONODE, "zobo_exists");
    show_did("zobo_create %s", path.text);
    expect_ok(zobo_create(t->zk, path.text, "", 0, NULL, NULL), "zobo_create");
    seen_want(&seen, ZOBO_EVENT_CREATED, path.text);
    seen_free(&seen);
}

void
step_watch_persistent(struct tour *t)
{
    struct seen seen;
    zobo_watcher watcher = {.fn = seen_event, .arg = &seen};
    struct path garden, rose, petal;

    show_step("A persistent watch over a whole tree");
    seen_init(&seen);
    below(t, &garden, "garden");
    below(t, &rose, "garden/rose");
    below(t, &petal, "garden/rose/petal");
    show_did("zobo_add_watch %s, ZOBO_PERSISTENT_RECURSIVE", garden.text);
    expect_ok(zobo_add_watch(t->zk, garden.text, ZOBO_PERSISTENT_RECURSIVE, &watcher), "zobo_add_watch");
    show_got("Ok, though the node is not there yet");
    show_did("zobo_ensure_path %s", petal.text);
    expect_ok(zobo_ensure_path(t->zk, petal.text, NULL), "zobo_ensure_path");
    seen_want(&seen, ZOBO_EVENT_CREATED, garden.text);
    seen_want(&seen, ZOBO_EVENT_CREATED, rose.text);
    seen_want(&seen, ZOBO_EVENT_CREATED, petal.text);
    show_did("zobo_set %s", rose.text);
    expect_ok(zobo_set(t->zk, rose.text, "red", 3, -1, NULL), "zobo_set");
    seen_want(&seen, ZOBO_EVENT_CHANGED, rose.text);
    show_did("zobo_delete_recursive %s", garden.text);
    expect_ok(zobo_delete_recursive(t->zk, garden.text, NULL), "zobo_delete_recursive");
    seen_want(&seen, ZOBO_EVENT_DELETED, petal.text);
    seen_want(&seen, ZOBO_EVENT_DELETED, rose.text);
    seen_want(&seen, ZOBO_EVENT_DELETED, garden.text);
    show_did("zobo_remove_watches %s", garden.text);
    expect_ok(zobo_remove_watches(t->zk, garden.text, ZOBO_WATCH_ANY, &watcher), "zobo_remove_watches");
    seen_want(&seen, ZOBO_EVENT_PERSISTENT_WATCH_REMOVED, garden.text);
    seen_free(&seen);
}
