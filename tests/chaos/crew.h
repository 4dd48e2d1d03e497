/* SPDX-License-Identifier: Apache-2.0 */
/* The workers as processes, and the storm that servers and workers are put through. */
#ifndef CHAOS_CREW_H
#define CHAOS_CREW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/rng.h"
#include "support/zk.h"

enum { CREW_MOST = 32, FROZEN = 3 };

/* Workers of one role (worker.c). They end when their stdin does, and so never outlive the test. */
typedef struct crew {
    const char *role;
    int n;
    pid_t pids[CREW_MOST];
    int in[CREW_MOST]; /* their stdin */
} crew;

/* crew_start starts n workers `ROLE NUMBER HOSTS DIR SEED`. crew_tell_end lets them come to an end; crew_wait waits for
 * it, and the test fails if one does not end well within `ms`. */
void crew_start(crew *c, const char *role, int n, const char *hosts, const char *dir, uint64_t seed);
void crew_tell_end(crew *c);
void crew_wait(crew *c, uint32_t ms);
void crew_thaw(const crew *c); /* lets those go on that are stopped */
void crew_kill(crew *c);       /* those that still run */

/* What befalls the servers, drawn from one seed. */
typedef struct storm {
    zt_zk *zk;
    zb_rng rng;
    crew *frozen[FROZEN]; /* crews whose members are stopped, too, for longer than a session lives; NULL: none */
    unsigned kills, stops, leaders, outages, freezes;
} storm;

/* storm_blow kills, stops and restarts servers for so long; all run when it returns. */
void storm_blow(storm *s, uint32_t ms);

#endif
