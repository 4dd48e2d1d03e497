/* SPDX-License-Identifier: Apache-2.0 */
/* The stage with two clients: `c`, whose recipes are tested, with threads or on an event loop; and `other`. */
#ifndef ZT_PAIR_H
#define ZT_PAIR_H

#include "recipes/stage.h"

extern zobo_client *c, *other;
extern bool on_loop; /* c is */

/* Fixtures. */
int up(void **state);
int up_loop(void **state); /* c is on an event loop, which UNTIL drives */
int down(void **state);

/* One round of c's loop, if it has one. */
void turn(void);

/* Waits until `cond` holds, and lets c work meanwhile. */
#define UNTIL(cond)                                                                                                    \
    do {                                                                                                               \
        uint64_t until_ = zt_now_ms() + ZT_SOON_MS;                                                                    \
        while (!(cond)) {                                                                                              \
            if (zt_now_ms() > until_)                                                                                  \
                fail_msg("%s:%d: does not come about: %s", __FILE__, __LINE__, #cond);                                 \
            turn();                                                                                                    \
        }                                                                                                              \
    } while (0)

long watches_on_server(void); /* of all connections */
uint64_t watches_here(void);  /* c's */
uint64_t requests(void);      /* c's */

/* What there is of c's connection or session, now, is ended; there may be none. */
void disturb(bool session);

/* c's is ended, and there is another. */
void expire_session(void);
void drop_connection(void);

#define both_ways(test)                                                                                                \
    {#test, test, up, down, NULL},                                                                                     \
    {                                                                                                                  \
#test " (event loop)", test, up_loop, down, NULL                                                               \
    }

#endif
