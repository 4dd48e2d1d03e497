/* SPDX-License-Identifier: Apache-2.0 */
#include "support/zk.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Runs scripts/zk-server with these words; its output, cut, goes to `out` if that is not NULL. */
static void
run(const char *before, const char *words, char *out, size_t size)
{
    const char *source = getenv("ZOBO_SRC");
    char command[2048], drop[256];
    if (source)
        snprintf(command, sizeof command, "%s '%s/scripts/zk-server' %s", before, source, words);
    else
        snprintf(command, sizeof command, "%s '%s/../scripts/zk-server' %s", before, ZOBO_TESTS_DIR, words);
    FILE *f = popen(command, "r");
    if (!f) {
        perror("popen");
        exit(1);
    }
    if (out) {
        size_t n = fread(out, 1, size - 1, f);
        out[n] = 0;
        out[strcspn(out, "\n")] = 0;
    }
    while (fread(drop, 1, sizeof drop, f) > 0)
        ;
    if (pclose(f) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
}

void
zt_zk_start_tuned(zt_zk *zk, int n, int tick_ms, const char *config, const char *jvm)
{
    const char *kind = getenv("ZK_SERVER");
    bool ours = kind && strcmp(kind, "zobo") == 0;
    if (!ours && (access("/usr/share/java/zookeeper.jar", R_OK) || system("command -v java >/dev/null"))) {
        printf("there is no ZooKeeper or no java here: run scripts/setup demo\n");
        exit(77);
    }
    char before[1200], words[160];
    zk->n = n;
    snprintf(zk->dir, sizeof zk->dir, "/tmp/zobo-zk-XXXXXX");
    if (!mkdtemp(zk->dir)) {
        perror("mkdtemp");
        exit(1);
    }
    snprintf(before, sizeof before,
             "ZK_TICK=%d ZK_CFG='%s' ZK_OWNER=%ld ZK_HEAP=256m ZK_JVM='-XX:TieredStopAtLevel=1 %s'", tick_ms, config,
             (long)getpid(), jvm);
    snprintf(words, sizeof words, "start %s %d", zk->dir, n);
    run(before, words, zk->hosts, sizeof zk->hosts);
}

void
zt_zk_start_with(zt_zk *zk, int n, int tick_ms, const char *config)
{
    zt_zk_start_tuned(zk, n, tick_ms, config, "");
}

void
zt_zk_start(zt_zk *zk, int n, int tick_ms)
{
    zt_zk_start_with(zk, n, tick_ms, "");
}

void
zt_zk_stop(zt_zk *zk)
{
    char words[128];
    snprintf(words, sizeof words, "stop %s", zk->dir);
    run("", words, NULL, 0);
}

void
zt_zk_signal(zt_zk *zk, int i, const char *signal)
{
    char words[128];
    snprintf(words, sizeof words, "kill %s %d %s", zk->dir, i, signal);
    run("", words, NULL, 0);
}

void
zt_zk_restart(zt_zk *zk, int i)
{
    char words[128];
    snprintf(words, sizeof words, "one %s %d", zk->dir, i);
    run("ZK_HEAP=256m ZK_JVM=-XX:TieredStopAtLevel=1", words, NULL, 0);
}

int
zt_zk_port(const zt_zk *zk, int i)
{
    const char *at = zk->hosts;
    while (--i > 0 && at) {
        at = strchr(at, ',');
        at = at ? at + 1 : NULL;
    }
    at = at ? strchr(at, ':') : NULL;
    return at ? (int)strtol(at + 1, NULL, 10) : 0;
}

int
zt_zk_index(const zt_zk *zk, const char *host)
{
    const char *colon = strrchr(host, ':');
    int port = colon ? (int)strtol(colon + 1, NULL, 10) : -1;
    for (int i = 1; i <= zk->n; i++)
        if (zt_zk_port(zk, i) == port)
            return i;
    return 0;
}
