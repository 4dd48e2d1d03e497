/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong between recipes and the server: answers that are lost, one by one and at random. */
#ifndef ZT_TROUBLE_H
#define ZT_TROUBLE_H

#include "recipes/stage.h"

/* get_patiently waits for a call of a patient_client, whose connection is lost once, too. */
zobo_err get_patiently(zobo_client *client, zobo_call *call, zobo_reply **out);

/* arm lets the answer to the next request be lost, which is to be one of `client` that changes the data or the children
 * of `path`; wait_armed waits until it has been carried out. */
void arm(zobo_client *client, zobo_client *observer, const char *path);
void wait_armed(zobo_client *observer, const char *path);

bool at_rest(zobo_client *client); /* nothing it has sent is unanswered */

/* A thread that breaks connections, loses answers and ends sessions at random, until told to stop. For a pair. */
typedef struct trouble {
    pthread_t thread;
    atomic_bool over;
    atomic_int made;
    bool expire;
    zobo_client **clients;
    size_t n;
} trouble;

void start_trouble(trouble *t, zobo_client **clients, size_t n, bool expire_too);
void end_trouble(trouble *t); /* returns when all clients can be used again */

#endif
