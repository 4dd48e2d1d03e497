/* SPDX-License-Identifier: Apache-2.0 */
/* What every test program includes: cmocka with what it needs before it, zobo, and checks that speak zobo's language.
 * Checks work on the test's own thread only; callbacks and peers record (support/record.h), the test checks. */
#ifndef ZT_TEST_H
#define ZT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zobo/zobo.h>

#include "support/wait.h"

#define assert_err(expr, want)  zt_assert_err((expr), (want), #expr, __FILE__, __LINE__)
#define assert_ok(expr)         assert_err((expr), ZOBO_OK)
#define assert_class(expr, cls) zt_assert_class((expr), (cls), #expr, __FILE__, __LINE__)

void zt_assert_err(zobo_err got, zobo_err want, const char *expr, const char *file, int line);
void zt_assert_class(zobo_err got, zobo_class want, const char *expr, const char *file, int line);

/* zt_options gives options for `hosts` with a session timeout; ZT_LOG in the environment turns the log on. */
zobo_options zt_options(const char *hosts, uint32_t timeout_ms);

/* zt_client makes and starts a client; the test fails if that fails. */
zobo_client *zt_client(const char *hosts, uint32_t timeout_ms);
zobo_client *zt_client_with(const zobo_options *options);

/* zt_put makes or replaces a node. */
void zt_put(zobo_client *client, const char *path, const char *data);

#endif
