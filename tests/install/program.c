/* SPDX-License-Identifier: Apache-2.0 */
/* A program of somebody else's: valid C99 and C++. */
#include <stdio.h>
#include <string.h>

#include <zobo/zobo.h>

/* What needs JSON links, too, where it was built. */
#ifdef __has_include
#if __has_include(<zobo/lease.h>)
#include <zobo/lease.h>
#define WITH_JSON
#endif
#endif

int
main(void)
{
#ifdef WITH_JSON
    zobo_lease *lease;
    if (zobo_lease_new(NULL, "/lease", NULL, &lease, NULL) != ZOBO_EINVAL)
        return 1;
#endif
    printf("%s\n", zobo_version());
    if (strcmp(zobo_version(), ZOBO_VERSION) != 0)
        return 1;
    return zobo_err_class(ZOBO_ENONODE) == ZOBO_CLASS_REJECTED ? 0 : 1;
}
