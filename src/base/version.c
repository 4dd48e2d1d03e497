/* SPDX-License-Identifier: Apache-2.0 */
#include <zobo/client.h>

#ifndef ZOBO_VERSION
#define ZOBO_VERSION "0.1.0"
#endif

const char *
zobo_version(void)
{
    return ZOBO_VERSION;
}
