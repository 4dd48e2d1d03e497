/* SPDX-License-Identifier: Apache-2.0 */
/* A program of somebody else's: valid C99 and C++. */
#include <stdio.h>
#include <string.h>

#include <zobo/zobo.h>

int
main(void)
{
    printf("%s\n", zobo_version());
    if (strcmp(zobo_version(), ZOBO_VERSION) != 0)
        return 1;
    return zobo_err_class(ZOBO_ENONODE) == ZOBO_CLASS_REJECTED ? 0 : 1;
}
