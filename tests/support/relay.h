/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP relay between a client and a server, for what networks do: connections that break, stall, crawl, are refused,
 * while the server lives on. */
#ifndef ZT_RELAY_H
#define ZT_RELAY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct zt_relay zt_relay;

zt_relay *zt_relay_start(int port); /* to 127.0.0.1:port */
void zt_relay_stop(zt_relay *r);
const char *zt_relay_hosts(const zt_relay *r); /* "127.0.0.1:..." */
int zt_relay_port(const zt_relay *r);

void zt_relay_cut(zt_relay *r);                       /* closes every connection there is; new ones are welcome */
void zt_relay_refuse(zt_relay *r, bool on);           /* closes new connections as they come */
void zt_relay_stall(zt_relay *r, bool on);            /* passes nothing on, either way, but keeps connections open */
void zt_relay_slow(zt_relay *r, size_t bytes_per_ms); /* at most so fast towards the client; 0: full speed */
size_t zt_relay_connections(zt_relay *r);             /* accepted so far */

#endif
