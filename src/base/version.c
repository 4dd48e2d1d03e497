/* SPDX-License-Identifier: Apache-2.0 */
#include <zobo/version.h>

const char *
zobo_version(void)
{
    return ZOBO_VERSION;
}
