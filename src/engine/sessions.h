/* SPDX-License-Identifier: Apache-2.0 */
/* The live sessions and when each is over. Time here is the sessions' own clock: it follows the monotonic clock, but a
 * stall of the process does not count against them. Touching a session costs the same with ten or a million of them. */
#ifndef ZS_SESSIONS_H
#define ZS_SESSIONS_H

#include "base/list.h"
#include "base/map.h"
#include "base/net.h"
#include "engine/store.h"

struct zs_conn;

typedef struct zs_session {
    zb_map_node by_id;
    zb_link in_slot; /* the wheel's */
    zs_session_record record;
    uint32_t due;         /* the wheel's turn at which it is over */
    uint32_t touched;     /* the turn in which it was touched last */
    bool closing;         /* its end is in the queue of writes: nothing more is taken from it */
    struct zs_conn *conn; /* NULL: not connected */
} zs_session;

typedef struct zs_sessions {
    zb_map map;
    zb_link *slots; /* the wheel, a slot each ZS_SESSION_TURN_MS */
    zb_link over;   /* whose time is over */
    uint32_t turn;  /* turns made */
    zb_time now;    /* when the sessions' clock was last moved, by the monotonic clock */
    zb_time clock;  /* the sessions' clock */
    size_t n;
} zs_sessions;

enum { ZS_SESSION_TURN_MS = 50, ZS_SESSION_SLOTS = 2048 };

bool zs_sessions_init(zs_sessions *s, uint64_t seed, zb_time now); /* false: no memory */
void zs_sessions_free(zs_sessions *s);

zs_session *zs_session_add(zs_sessions *s, const zs_session_record *record); /* touched. NULL: no memory */
zs_session *zs_session_find(const zs_sessions *s, int64_t id);
void zs_session_touch(zs_sessions *s, zs_session *session);
void zs_session_drop(zs_sessions *s, zs_session *session);

/* zs_sessions_tick moves the clock: by the time gone by, but by ZS_STALL_MS at most. */
enum { ZS_STALL_MS = 1000 };
void zs_sessions_tick(zs_sessions *s, zb_time now);
/* zs_sessions_expired takes the next session that is over off the wheel; NULL: none. It is to be closed: dropped, or,
 * if that cannot be, touched. */
zs_session *zs_sessions_expired(zs_sessions *s);
zb_time zs_sessions_deadline(const zs_sessions *s); /* when to tick next; ZB_NEVER without sessions */

#endif
