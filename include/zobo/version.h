/* SPDX-License-Identifier: Apache-2.0 */
/* Which zobo this is: at compile time and at run time. The build takes its version from here. */
#ifndef ZOBO_VERSION_H
#define ZOBO_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* The version of these headers, for the preprocessor; ZOBO_VERSION is the same as a string, "0.1.0". */
#define ZOBO_VERSION_MAJOR 0
#define ZOBO_VERSION_MINOR 1
#define ZOBO_VERSION_PATCH 0

#define ZOBO_VERSION                 ZOBO_VERSION_TEXT_(ZOBO_VERSION_MAJOR, ZOBO_VERSION_MINOR, ZOBO_VERSION_PATCH)
#define ZOBO_VERSION_TEXT_(a, b, c)  ZOBO_VERSION_TEXT__(a, b, c)
#define ZOBO_VERSION_TEXT__(a, b, c) #a "." #b "." #c

/* zobo_version returns the version of the library that runs, which a shared one may have of its own: see ZOBO_VERSION
 * for that of the headers. Static string. Any thread. */
const char *zobo_version(void);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
