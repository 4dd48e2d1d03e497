/* SPDX-License-Identifier: Apache-2.0 */
/* Apache's C client library against the server at HOST:PORT: libzookeeper_client HOST:PORT. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zookeeper/zookeeper.h>

enum { WAIT_S = 20 };

#define IS(got, want)                                                                                                  \
    do {                                                                                                               \
        long long is_got = (long long)(got), is_want = (long long)(want);                                              \
        if (is_got != is_want) {                                                                                       \
            fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got, is_got, is_want);               \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* --- events --- */

typedef struct events {
    pthread_mutex_t lock;
    pthread_cond_t news;
    int connected, expired;
    int n, types[64];
} events;

static void
on_event(zhandle_t *zh, int type, int state, const char *path, void *arg)
{
    events *e = arg;
    (void)zh;
    (void)path;
    pthread_mutex_lock(&e->lock);
    if (type == ZOO_SESSION_EVENT) {
        e->connected = state == ZOO_CONNECTED_STATE;
        e->expired |= state == ZOO_EXPIRED_SESSION_STATE;
    } else if (e->n < 64) {
        e->types[e->n++] = type;
    }
    pthread_cond_broadcast(&e->news);
    pthread_mutex_unlock(&e->lock);
}

/* Waits until *what is at least n. */
static void
await(events *e, const int *what, int n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&e->lock);
    while (*what < n)
        if (pthread_cond_timedwait(&e->news, &e->lock, &until)) {
            fprintf(stderr, "waited in vain\n");
            exit(1);
        }
    pthread_mutex_unlock(&e->lock);
}

typedef struct client {
    zhandle_t *zh;
    events events;
} client;

static void
start_with(client *c, const char *hosts, const clientid_t *id)
{
    memset(c, 0, sizeof *c);
    pthread_mutex_init(&c->events.lock, NULL);
    pthread_cond_init(&c->events.news, NULL);
    c->zh = zookeeper_init(hosts, on_event, 3000, id, &c->events, 0);
    IS(c->zh != NULL, true);
}

static void
start(client *c, const char *hosts)
{
    start_with(c, hosts, NULL);
    await(&c->events, &c->events.connected, 1);
}

static void
stop(client *c)
{
    IS(zookeeper_close(c->zh), ZOK);
    pthread_cond_destroy(&c->events.news);
    pthread_mutex_destroy(&c->events.lock);
}

/* --- tests --- */

static void
nodes(client *c)
{
    zhandle_t *zh = c->zh;
    char path[64], data[64];
    int n = sizeof data;
    struct Stat stat;
    struct String_vector children;
    IS(zoo_create(zh, "/c", "one", 3, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path), ZOK);
    IS(zoo_create(zh, "/c", "one", 3, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path), ZNODEEXISTS);
    IS(zoo_create(zh, "/no/one", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path), ZNONODE);
    IS(zoo_get(zh, "/c", 0, data, &n, &stat), ZOK);
    IS(n, 3);
    IS(memcmp(data, "one", 3), 0);
    IS(zoo_set2(zh, "/c", "four", 4, 0, &stat), ZOK);
    IS(stat.version, 1);
    IS(stat.dataLength, 4);
    IS(zoo_set(zh, "/c", NULL, -1, 0), ZBADVERSION);
    IS(zoo_set(zh, "/c", NULL, -1, 1), ZOK);
    IS(zoo_get(zh, "/c", 0, data, &n, &stat), ZOK);
    IS(n, -1);
    IS(zoo_create(zh, "/c/q-", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, path, sizeof path), ZOK);
    IS(strcmp(path, "/c/q-0000000000"), 0);
    IS(zoo_create2(zh, "/c/q-", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL_SEQUENTIAL, path, sizeof path, &stat), ZOK);
    IS(strcmp(path, "/c/q-0000000001"), 0);
    IS(stat.ephemeralOwner, zoo_client_id(zh)->client_id);
    IS(zoo_create2(zh, "/container", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_CONTAINER, path, sizeof path, &stat), ZOK);
    IS(stat.ephemeralOwner, 0);
    IS(zoo_create_ttl(zh, "/ttl", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 100000, path, sizeof path),
       ZOK);
    IS(zoo_create2_ttl(zh, "/ttl-", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL_WITH_TTL, 100000, path,
                       sizeof path, &stat),
       ZOK);
    IS(zoo_get_children2(zh, "/c", 0, &children, &stat), ZOK);
    IS(children.count, 2);
    IS(stat.numChildren, 2);
    IS(stat.cversion, 2);
    deallocate_String_vector(&children);
    IS(zoo_delete(zh, "/c", -1), ZNOTEMPTY);
    IS(zoo_delete(zh, "/c/q-0000000000", 7), ZBADVERSION);
    IS(zoo_delete(zh, "/c/q-0000000000", 0), ZOK);
    IS(zoo_exists(zh, "/c/q-0000000000", 0, &stat), ZNONODE);
    n = sizeof data;
    IS(zoo_getconfig(zh, 0, data, &n, &stat), ZOK);
    n = sizeof data;
    IS(zoo_reconfig(zh, "server.9=h:1:2;3", NULL, NULL, -1, data, &n, &stat), ZRECONFIGDISABLED);
}

static void
multis(client *c)
{
    char path[64];
    struct Stat stat;
    zoo_op_t ops[4];
    zoo_op_result_t results[4];
    zoo_create_op_init(&ops[0], "/m", "x", 1, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path);
    zoo_set_op_init(&ops[1], "/m", "y", 1, 0, &stat);
    zoo_check_op_init(&ops[2], "/m", 1);
    zoo_delete_op_init(&ops[3], "/m", 1);
    IS(zoo_multi(c->zh, 4, ops, results), ZOK);
    IS(strcmp(path, "/m"), 0);
    IS(stat.version, 1);
    for (int i = 0; i < 4; i++)
        IS(results[i].err, ZOK);
    zoo_check_op_init(&ops[2], "/m", 9);
    IS(zoo_multi(c->zh, 4, ops, results), ZBADVERSION);
    IS(results[0].err, ZOK);
    IS(results[1].err, ZOK);
    IS(results[2].err, ZBADVERSION);
    IS(results[3].err, ZRUNTIMEINCONSISTENCY);
    IS(zoo_exists(c->zh, "/m", 0, &stat), ZNONODE);
}

static void
watches(client *c, client *other)
{
    char data[8];
    int n = sizeof data;
    struct Stat stat;
    struct String_vector children;
    static const int want[] = {1, 3, 4, 2}; /* created, changed, child, deleted */
    IS(zoo_exists(c->zh, "/w", 1, &stat), ZNONODE);
    IS(zoo_create(other->zh, "/w", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), ZOK);
    await(&c->events, &c->events.n, 1);
    IS(zoo_get(c->zh, "/w", 1, data, &n, &stat), ZOK);
    IS(zoo_set(other->zh, "/w", "x", 1, -1), ZOK);
    await(&c->events, &c->events.n, 2);
    IS(zoo_get_children(c->zh, "/w", 1, &children), ZOK);
    deallocate_String_vector(&children);
    IS(zoo_create(other->zh, "/w/c", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), ZOK);
    await(&c->events, &c->events.n, 3);
    IS(zoo_exists(c->zh, "/w/c", 1, &stat), ZOK);
    IS(zoo_delete(other->zh, "/w/c", -1), ZOK);
    await(&c->events, &c->events.n, 4);
    for (int i = 0; i < 4; i++)
        IS(c->events.types[i], want[i]);
    IS(zoo_exists(c->zh, "/w", 1, &stat), ZOK);
    IS(zoo_remove_all_watches(c->zh, "/w", ZWATCHTYPE_DATA, 0), ZOK);
    IS(zoo_remove_all_watches(c->zh, "/w", ZWATCHTYPE_DATA, 0), ZNOWATCHER);
}

static void
on_auth(int rc, const void *arg)
{
    events *e = (events *)(uintptr_t)arg;
    pthread_mutex_lock(&e->lock);
    e->types[63] = rc;
    e->n = 64;
    pthread_cond_broadcast(&e->news);
    pthread_mutex_unlock(&e->lock);
}

static void
add_auth(client *c, const char *credential)
{
    c->events.n = 0;
    IS(zoo_add_auth(c->zh, "digest", credential, (int)strlen(credential), on_auth, &c->events), ZOK);
    await(&c->events, &c->events.n, 64);
    IS(c->events.types[63], ZOK);
    c->events.n = 0;
}

static void
acls(client *c, client *other)
{
    char data[16];
    int n = sizeof data;
    struct Stat stat;
    struct ACL_vector acl;
    struct ACL ip[] = {{ZOO_PERM_READ, {(char *)(uintptr_t) "ip", (char *)(uintptr_t) "127.0.0.1"}},
                       {ZOO_PERM_WRITE, {(char *)(uintptr_t) "ip", (char *)(uintptr_t) "10.0.0.0/8"}}};
    struct ACL_vector ips = {2, ip};
    IS(zoo_create(c->zh, "/acl", "", 0, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0), ZINVALIDACL);
    add_auth(c, "ann:pw");
    IS(zoo_create(c->zh, "/acl", "s", 1, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0), ZOK);
    IS(zoo_get(other->zh, "/acl", 0, data, &n, &stat), ZNOAUTH);
    IS(zoo_get_acl(c->zh, "/acl", &acl, &stat), ZOK);
    IS(acl.count, 1);
    IS(acl.data[0].perms, ZOO_PERM_ALL);
    IS(strcmp(acl.data[0].id.scheme, "digest"), 0);
    IS(strncmp(acl.data[0].id.id, "ann:", 4), 0);
    deallocate_ACL_vector(&acl);
    add_auth(other, "ann:pw");
    IS(zoo_get(other->zh, "/acl", 0, data, &n, &stat), ZOK);
    IS(zoo_set_acl(c->zh, "/acl", 0, &ips), ZOK);
    IS(zoo_get(c->zh, "/acl", 0, data, &n, &stat), ZOK);
    IS(stat.aversion, 1);
    IS(zoo_set(c->zh, "/acl", "x", 1, -1), ZNOAUTH);
}

/* A process that leaves without closing its session, having said its id and password. */
static int
leave(const char *hosts)
{
    client c;
    start(&c, hosts);
    IS(zoo_create(c.zh, "/held", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0), ZOK);
    const clientid_t *id = zoo_client_id(c.zh);
    printf("%lld", (long long)id->client_id);
    for (int i = 0; i < 16; i++)
        printf(" %d", (unsigned char)id->passwd[i]);
    fflush(stdout);
    _exit(0);
}

static clientid_t
left_behind(const char *program, const char *hosts)
{
    char command[512];
    long long session = 0;
    clientid_t id;
    snprintf(command, sizeof command, "'%s' '%s' leave", program, hosts);
    FILE *f = popen(command, "r");
    IS(f != NULL, true);
    IS(fscanf(f, "%lld", &session), 1);
    id.client_id = session;
    for (int i = 0; i < 16; i++) {
        int byte;
        IS(fscanf(f, "%d", &byte), 1);
        id.passwd[i] = (char)byte;
    }
    IS(pclose(f), 0);
    return id;
}

/* A session is taken up by id and password, and ends; what nobody takes up expires. */
static void
sessions(client *other, const char *program, const char *hosts)
{
    client heir, late;
    struct Stat stat;
    int before = other->events.n;
    clientid_t id = left_behind(program, hosts);
    start_with(&heir, hosts, &id);
    await(&heir.events, &heir.events.connected, 1);
    IS(zoo_client_id(heir.zh)->client_id, id.client_id);
    IS(zoo_exists(other->zh, "/held", 1, &stat), ZOK);
    IS(stat.ephemeralOwner, id.client_id);
    stop(&heir); /* closes the session: the ephemeral goes with it */
    await(&other->events, &other->events.n, before + 1);
    IS(other->events.types[before], 2);
    start_with(&late, hosts, &id);
    await(&late.events, &late.events.expired, 1);
    stop(&late);
    left_behind(program, hosts);
    IS(zoo_exists(other->zh, "/held", 1, &stat), ZOK);
    await(&other->events, &other->events.n, before + 2);
    IS(other->events.types[before + 1], 2);
}

int
main(int argc, char **argv)
{
    client c, other;
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    if (argc == 3 && strcmp(argv[2], "leave") == 0)
        return leave(argv[1]);
    if (argc != 2) {
        fprintf(stderr, "usage: libzookeeper_client HOST:PORT\n");
        return 2;
    }
    start(&c, argv[1]);
    start(&other, argv[1]);
    nodes(&c);
    multis(&c);
    watches(&c, &other);
    acls(&c, &other);
    sessions(&other, argv[0], argv[1]);
    stop(&c);
    stop(&other);
    printf("libzookeeper: all ok\n");
    return 0;
}
