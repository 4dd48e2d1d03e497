/* SPDX-License-Identifier: Apache-2.0 */
/* What a service manager is told: systemd's protocol, which is one datagram. */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

/* notify_manager sends `text` ("READY=1") to the socket that $NOTIFY_SOCKET names, if there is one. Nobody may be
 * there: that is no error. */
void notify_manager(const char *text);

#endif
