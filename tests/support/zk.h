/* SPDX-License-Identifier: Apache-2.0 */
/* Real ZooKeeper servers for a test program: scripts/zk-server, which also ends them when the program dies. */
#ifndef ZT_ZK_H
#define ZT_ZK_H

typedef struct zt_zk {
    char dir[64];
    char hosts[256]; /* all of them */
    int n;
} zt_zk;

/* zt_zk_start starts n servers (1: standalone, 3: an ensemble) with tickTime `tick_ms` and waits until they serve. Ends
 * the program when that fails: nothing can be tested then. zt_zk_start_with: `config` is more lines for zoo.cfg, with
 * \n (two characters) between them. zt_zk_start_tuned: and `jvm` options for java. */
void zt_zk_start(zt_zk *zk, int n, int tick_ms);
void zt_zk_start_with(zt_zk *zk, int n, int tick_ms, const char *config);
void zt_zk_start_tuned(zt_zk *zk, int n, int tick_ms, const char *config, const char *jvm);
void zt_zk_stop(zt_zk *zk);

void zt_zk_signal(zt_zk *zk, int i,
                  const char *signal); /* server i from 1: "KILL" (waits for its end), "STOP", "CONT" */
void zt_zk_restart(zt_zk *zk, int i);  /* a killed one; waits until it answers */
int zt_zk_port(const zt_zk *zk, int i);
int zt_zk_index(const zt_zk *zk, const char *host); /* which server is "127.0.0.1:port"; 0: none */

#endif
