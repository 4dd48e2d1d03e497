/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* ZT_FILTER='*P21*' runs only the tests of that name. Before main, so that no test program has to think of it. */
__attribute__((constructor)) static void
read_filter(void)
{
    const char *filter = getenv("ZT_FILTER");
    if (filter)
        cmocka_set_test_filter(filter);
}

void
zt_assert_err(zobo_err got, zobo_err want, const char *expr, const char *file, int line)
{
    if (got == want)
        return;
    print_error("%s\n  gives %s (%d: %s), not %s (%d)\n", expr, zobo_err_name(got), (int)got, zobo_err_text(got),
                zobo_err_name(want), (int)want);
    _fail(file, line);
}

void
zt_assert_class(zobo_err got, zobo_class want, const char *expr, const char *file, int line)
{
    if (zobo_err_class(got) == want)
        return;
    print_error("%s\n  gives %s (%d) of class %d, not class %d\n", expr, zobo_err_name(got), (int)got,
                (int)zobo_err_class(got), (int)want);
    _fail(file, line);
}

zobo_options
zt_options(const char *hosts, uint32_t timeout_ms)
{
    zobo_options options = {.size = sizeof options, .hosts = hosts, .timeout_ms = timeout_ms};
    if (getenv("ZT_LOG")) {
        options.log = zobo_log_stderr;
        options.log_level = ZOBO_LOG_DEBUG;
    }
    return options;
}

zobo_client *
zt_client_with(const zobo_options *options)
{
    zobo_client *client = NULL;
    zobo_problem why = {0};
    zobo_err err = zobo_new(options, &client, &why);
    if (!err) {
        err = zobo_start(client, ZT_SOON_MS, &why);
        if (err) {
            zobo_close(client);
            client = NULL;
        }
    }
    if (err)
        fail_msg("no client for %s: %s: %s", options->hosts, zobo_err_name(err), why.text);
    return client;
}

zobo_client *
zt_client(const char *hosts, uint32_t timeout_ms)
{
    zobo_options options = zt_options(hosts, timeout_ms);
    return zt_client_with(&options);
}

void
zt_put(zobo_client *client, const char *path, const char *data)
{
    zobo_err err = zobo_create(client, path, data, strlen(data), NULL, NULL);
    if (err == ZOBO_ENODEEXISTS)
        err = zobo_set(client, path, data, strlen(data), -1, NULL);
    assert_ok(err);
}
