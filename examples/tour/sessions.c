/* SPDX-License-Identifier: Apache-2.0 */
/* Steps about sessions: beginning one, resuming it in another process, keeping it through broken connections. */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tour.h"

extern char **environ;

enum { HOST_MAX = 300 };

static int64_t
session_of(const zobo_client *zk)
{
    zobo_client_id id;
    expect_ok(zobo_get_client_id(zk, &id), "zobo_get_client_id");
    return id.session_id;
}

static void
show_host(const zobo_client *zk, char host[HOST_MAX])
{
    zobo_connected_host(zk, host, HOST_MAX);
    show_got("%s at %s, session 0x%" PRIx64, zobo_state_name(zobo_get_state(zk)), host, (uint64_t)session_of(zk));
    expect(zobo_connected(zk) && host[0] != '\0', "the client should be connected");
}

/* Runs a program, ends the tour unless it ends well. */
static void
run_program(const char *const *argv)
{
    pid_t child;
    int status = -1;
    fflush(stdout);
    int rc = posix_spawn(&child, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ);
    expect(rc == 0, "%s: %s", argv[0], strerror(rc));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s %s failed", argv[0], argv[1]);
}

void
step_connect(struct tour *t)
{
    zobo_options options = {.size = sizeof(options), .hosts = t->hosts};
    zobo_problem why = {.text = ""};
    zobo_create_options numbered = {.sequence = true};
    zobo_reply *reply;
    struct seen seen;
    char host[HOST_MAX];

    show_step("Connect");
    seen_init(&seen);
    show_did("zobo_new, hosts \"%s\"", t->hosts);
    zobo_err err = zobo_new(&options, &t->zk, &why);
    expect(err == ZOBO_OK, "zobo_new: %s", why.text);
    show_got("state %s", zobo_state_name(zobo_get_state(t->zk)));
    expect(zobo_get_state(t->zk) == ZOBO_LOST, "a client not started should be LOST");
    show_did("zobo_add_listener");
    expect_ok(zobo_add_listener(t->zk, seen_state, &seen), "zobo_add_listener");
    show_did("zobo_start");
    err = zobo_start(t->zk, 0, &why);
    expect(err == ZOBO_OK, "zobo_start: %s", why.text);
    seen_want_state(&seen, ZOBO_CONNECTED);
    zobo_remove_listener(t->zk, seen_state, &seen);
    seen_free(&seen);
    show_host(t->zk, host);

    show_did("zobo_create /zobo-tour-, sequence: all that follows lies below it");
    err = zobo_create(t->zk, "/zobo-tour-", "", 0, &numbered, &reply);
    expect(err == ZOBO_OK, "zobo_create: %s; does the chroot \"%s\" exist?", zobo_err_text(err), zobo_chroot(t->zk));
    snprintf(t->root, sizeof(t->root), "%s", reply->path);
    zobo_reply_free(reply);
    show_got("%s", t->root);
}

void
step_identity(struct tour *t)
{
    char hosts[1024], host[HOST_MAX];
    int version[3];

    show_step("Who and where");
    show_did("zobo_get_hosts, zobo_chroot");
    zobo_get_hosts(t->zk, hosts, sizeof(hosts));
    show_got("\"%s\", \"%s\"", hosts, zobo_chroot(t->zk));
    show_did("zobo_connected_host, zobo_get_client_id (its password is not for showing)");
    show_host(t->zk, host);
    show_did("zobo_timeout_ms, zobo_last_zxid");
    show_got("%" PRIu32 " ms, 0x%" PRIx64, zobo_timeout_ms(t->zk), (uint64_t)zobo_last_zxid(t->zk));
    expect(zobo_timeout_ms(t->zk) > 0 && zobo_last_zxid(t->zk) > 0, "both should be known by now");
    show_did("zobo_server_version");
    expect_ok(zobo_server_version(t->zk, version), "zobo_server_version");
    show_got("%d.%d.%d", version[0], version[1], version[2]);
}

void
step_commands(struct tour *t)
{
    static const char *const words[] = {"ruok", "srvr", "mntr"};

    show_step("Four-letter words");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        zobo_reply *reply;
        show_did("zobo_command %s", words[i]);
        expect_ok(zobo_command(t->zk, words[i], &reply), "zobo_command");
        const char *line = reply->data;
        expect(line != NULL && line[0] != '\0', "%s should be answered", words[i]);
        for (int n = 0; n < 5 && *line != '\0'; n++) {
            size_t len = strcspn(line, "\n");
            show_got("%.*s", (int)len, line);
            line += len + (line[len] == '\n');
        }
        if (*line != '\0') {
            show_got("... (%zu bytes in all)", reply->data_len);
        }
        zobo_reply_free(reply);
    }
}

void
step_chroot(struct tour *t)
{
    char hosts[1024];
    zobo_options options = {.size = sizeof(options), .hosts = hosts};
    zobo_reply *reply;
    struct path path;

    show_step("A client with a chroot beside one without");
    snprintf(hosts, sizeof(hosts), "%s%s/tenant", t->hosts, t->root);
    show_did("zobo_new, hosts \"%s\"", hosts);
    zobo_client *tenant = client_open(&options, NULL);
    show_got("chroot \"%s\"", zobo_chroot(tenant));
    show_did("zobo_ensure_path / : the chroot itself is made");
    expect_ok(zobo_ensure_path(tenant, "/", NULL), "zobo_ensure_path");
    show_did("zobo_create /door, by the client with the chroot");
    expect_ok(zobo_create(tenant, "/door", "red", 3, NULL, &reply), "zobo_create");
    show_got("%s", reply->path);
    expect(strcmp(reply->path, "/door") == 0, "the chroot should be taken off");
    zobo_reply_free(reply);
    show_did("zobo_sync, zobo_get %s, by the other", below(t, &path, "tenant/door"));
    catch_up(t, t->zk); /* the two may be on different servers */
    expect_ok(zobo_get(t->zk, path.text, NULL, &reply), "zobo_get");
    show_got("\"%s\"", (const char *)reply->data);
    expect(strcmp(reply->data, "red") == 0, "both should see the same node");
    zobo_reply_free(reply);
    zobo_close(tenant);
}

int
resumed_process(const char *hosts, const char *file, const char *path)
{
    zobo_options options = {.size = sizeof(options), .hosts = hosts};
    zobo_problem why = {.text = ""};
    zobo_client_id id;
    zobo_stat stat;

    show_did("(second process %ld) zobo_client_id_load %s, zobo_start", (long)getpid(), file);
    zobo_err err = zobo_client_id_load(file, &id, &why);
    expect(err == ZOBO_OK, "zobo_client_id_load: %s", why.text);
    options.client_id = &id;
    zobo_client *zk = client_open(&options, NULL);
    show_got("session 0x%" PRIx64, (uint64_t)session_of(zk));
    expect(session_of(zk) == id.session_id, "it should be the session saved");
    expect_ok(zobo_exists(zk, path, NULL, &stat), "zobo_exists");
    show_got("%s is there, ephemeral_owner 0x%" PRIx64, path, (uint64_t)stat.ephemeral_owner);
    expect(stat.ephemeral_owner == id.session_id, "it should own the ephemeral node");
    show_did("(second process) zobo_stop: the session ends");
    expect_ok(zobo_stop(zk), "zobo_stop");
    zobo_close(zk);
    return 0;
}

void
step_resume(struct tour *t)
{
    zobo_options options = {.size = sizeof(options), .hosts = t->hosts};
    zobo_create_options ephemeral = {.ephemeral = true};
    zobo_problem why = {.text = ""};
    zobo_client_id id;
    struct path path;
    const char *tmp = getenv("TMPDIR");
    char dir[256], file[300];

    show_step("A session handed to another process");
    snprintf(dir, sizeof(dir), "%s/zobo-tour-XXXXXX", tmp != NULL ? tmp : "/tmp");
    expect(mkdtemp(dir) != NULL, "mkdtemp %s: %s", dir, strerror(errno));
    snprintf(file, sizeof(file), "%s/session", dir);

    zobo_client *zk = client_open(&options, NULL);
    show_did("(process %ld) zobo_create %s, ephemeral, in session 0x%" PRIx64, (long)getpid(), below(t, &path, "lamp"),
             (uint64_t)session_of(zk));
    expect_ok(zobo_create(zk, path.text, "lit", 3, &ephemeral, NULL), "zobo_create");
    show_did("zobo_client_id_save, zobo_detach, zobo_close");
    expect_ok(zobo_get_client_id(zk, &id), "zobo_get_client_id");
    zobo_err err = zobo_client_id_save(file, &id, &why);
    expect(err == ZOBO_OK, "zobo_client_id_save: %s", why.text);
    expect_ok(zobo_detach(zk), "zobo_detach");
    zobo_close(zk);
    catch_up(t, t->zk);
    expect_ok(zobo_exists(t->zk, path.text, NULL, NULL), "zobo_exists");
    show_got("%s is still there", path.text);

    const char *argv[] = {"/proc/self/exe", "--resume", t->hosts, file, path.text, NULL};
    run_program(argv);
    unlink(file);
    rmdir(dir);
    catch_up(t, t->zk);
    show_did("(first process) zobo_exists %s", path.text);
    expect_err(zobo_exists(t->zk, path.text, NULL, NULL), ZOBO_ENONODE, "zobo_exists");
}

void
step_reconnect(struct tour *t)
{
    char host[HOST_MAX], hosts[128];
    zobo_options options = {.size = sizeof(options), .hosts = hosts};
    zobo_create_options ephemeral = {.ephemeral = true};
    struct seen seen;
    zobo_watcher watcher = {.fn = seen_event, .arg = &seen};
    struct path weather, tent;
    zobo_problem why;
    zobo_call *call;
    zobo_reply *reply;
    zobo_stat stat;

    show_step("A connection that breaks");
    seen_init(&seen);
    below(t, &weather, "weather");
    below(t, &tent, "tent");
    expect_ok(zobo_create(t->zk, weather.text, "sun", 3, NULL, NULL), "zobo_create");
    zobo_connected_host(t->zk, host, sizeof(host));
    struct relay *relay = relay_open(host);
    snprintf(hosts, sizeof(hosts), "127.0.0.1:%u%s", relay_port(relay), zobo_chroot(t->zk));
    show_did("a second client, which reaches %s through a relay", host);
    zobo_client *zk = client_open(&options, &seen);
    int64_t session = session_of(zk);
    show_host(zk, host);
    expect_ok(zobo_create(zk, tent.text, "", 0, &ephemeral, NULL), "zobo_create");
    show_did("it sets a one-shot watch on %s", weather.text);
    expect_ok(zobo_exists(zk, weather.text, &watcher, NULL), "zobo_exists");

    show_did("the relay cuts the connection");
    relay_cut(relay);
    seen_want_state(&seen, ZOBO_SUSPENDED);
    zobo_get_problem(zk, &why);
    show_got("zobo_get_problem: %s", why.text);
    expect(why.err != ZOBO_OK, "there should be a reason");
    show_did("meanwhile %s is changed by the first client", weather.text);
    expect_ok(zobo_set(t->zk, weather.text, "rain", 4, -1, NULL), "zobo_set");
    show_did("zobo_get_async %s, by the second: it waits for a connection", weather.text);
    expect_ok(zobo_get_async(zk, weather.text, NULL, NULL, &call), "zobo_get_async");

    show_did("the relay lets it through again");
    relay_mend(relay);
    seen_want_state(&seen, ZOBO_CONNECTED);
    seen_want(&seen, ZOBO_EVENT_CHANGED, weather.text);
    expect_ok(zobo_call_get(call, 0, &reply), "zobo_call_get");
    show_got("zobo_call_get: \"%s\"", (const char *)reply->data);
    zobo_reply_free(reply);
    zobo_call_free(call);
    show_host(zk, host);
    expect(session_of(zk) == session, "it should be the same session");
    expect_ok(zobo_exists(zk, tent.text, NULL, &stat), "zobo_exists");
    show_got("%s is there, ephemeral_owner 0x%" PRIx64, tent.text, (uint64_t)stat.ephemeral_owner);
    expect(stat.ephemeral_owner == session, "the ephemeral node should be its own");
    zobo_close(zk);
    relay_close(relay);
    seen_free(&seen);
}

void
step_failover(struct tour *t)
{
    char before[HOST_MAX], after[HOST_MAX];
    zobo_options options = {.size = sizeof(options), .hosts = t->hosts};
    struct seen seen;
    struct path path;

    const char *hook = getenv("ZOBO_DEMO_BREAK");
    bool alone = getenv("ZOBO_DEMO_ALONE") != NULL; /* no other server: it comes back with its data */
    if (hook == NULL) {
        return;
    }
    show_step("A server that dies");
    seen_init(&seen);
    zobo_client *zk = client_open(&options, &seen);
    int64_t session = session_of(zk);
    show_host(zk, before);
    show_did(alone ? "that server is killed, and started again with its data" : "that server is killed");
    const char *argv[] = {hook, "--break", before, NULL};
    run_program(argv);
    seen_want_state(&seen, ZOBO_SUSPENDED);
    seen_want_state(&seen, ZOBO_CONNECTED);
    show_host(zk, after);
    expect(alone || strcmp(before, after) != 0, "it should have moved to another server");
    expect(session_of(zk) == session, "it should be the same session");
    show_did("zobo_get %s", below(t, &path, "config/db/url"));
    expect_ok(zobo_get(zk, path.text, NULL, NULL), "zobo_get");
    show_got("Ok");
    zobo_close(zk);
    seen_free(&seen);
}
