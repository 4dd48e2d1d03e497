/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of recipes stands on: a server in this process, clients of it, and looks at what is on it.
 * pair.h adds the two clients that most tests have, trouble.h what goes wrong, told.h what watches are told. */
#ifndef ZT_STAGE_H
#define ZT_STAGE_H

#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zobo/server.h>

#include "support/record.h"

enum { SESSION_MS = 10000, BRIEF_MS = 4000 };

extern zobo_server *server;
extern zobo_client *look; /* has no recipes, and nothing is done to it: it looks and changes things */

/* Fixtures: server and look. */
int stage_up(void **state);
int stage_down(void **state);

/* Options of all clients here; they come back soon when a connection is lost. */
zobo_options client_options(void);
zobo_client *another_client(void);
zobo_client *brief_client(void);   /* of BRIEF_MS: a server without memory that says nothing is soon found out */
zobo_client *loop_client(void);    /* driven by whoever calls */
zobo_client *patient_client(void); /* finds out that an answer is lost by the time it takes; see get_patiently */

int64_t session_of(zobo_client *client); /* 0: it has none */

/* Ends the client's session on the server and waits until it has another. */
void expire(zobo_client *client);

/* All look at what there is when they are called, through a client that nothing is done to. */
int children_of(zobo_client *client, const char *path);                    /* -1: there is no such node */
bool is_there(zobo_client *client, const char *path, zobo_stat *out);      /* out may be NULL */
bool has_data(zobo_client *client, const char *path, const char *data);    /* false also: no such node */
void assert_data(zobo_client *client, const char *path, const char *data); /* tells what is there instead */
bool has_string(const zobo_reply *reply, const char *s);                   /* among the children */

#endif
