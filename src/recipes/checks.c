/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/checks.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zobo/path.h>

#include "base/log.h"
#include "base/mem.h"

zobo_err
zr_explain(zobo_err err, zobo_problem *why)
{
    return zb_problem(why, err, 0, "%s", zobo_err_text(err));
}

zobo_err
zr_no_memory(zobo_problem *why)
{
    return zr_explain(ZOBO_ENOMEM, why);
}

zobo_err
zr_check_client(const zobo_client *client, zobo_problem *why)
{
    return client ? ZOBO_OK : zb_problem(why, ZOBO_EINVAL, 0, "there is no client");
}

zobo_err
zr_check_path(const char *path, zobo_problem *why)
{
    if (!path)
        return zb_problem(why, ZOBO_EBADPATH, 0, "there is no path");
    return zobo_path_check(path, false, why);
}

zobo_err
zr_check_place(const char *path, zobo_problem *why)
{
    zobo_err err = zr_check_path(path, why);
    if (!err && strcmp(path, "/") == 0)
        err = zb_problem(why, ZOBO_EBADPATH, 0, "this cannot be at \"/\"");
    return err;
}

zobo_err
zr_check_name(const char *path, const char *prefix, const char *name, zobo_problem *why)
{
    if (!name)
        return zb_problem(why, ZOBO_EBADPATH, 0, "there is no name for a node below %.200s", path);
    const char *slash = strchr(name, '/');
    if (slash)
        return zb_problem(why, ZOBO_EBADPATH, (size_t)(slash - name),
                          "%.200s cannot be the name of a node: it holds a '/'", name);
    size_t size = strlen(path) + strlen(prefix) + strlen(name) + 2;
    char *whole = zb_malloc(size);
    if (!whole)
        return zr_no_memory(why);
    (void)snprintf(whole, size, "%s/%s%s", strcmp(path, "/") == 0 ? "" : path, prefix, name);
    zobo_err err = zobo_path_check(whole, false, why);
    zb_free(whole);
    return err;
}

zobo_err
zr_check_acl(const zobo_acl_list *acl, zobo_problem *why)
{
    if (!acl)
        return ZOBO_OK;
    if (acl->n && !acl->items)
        return zb_problem(why, ZOBO_EINVAL, 0, "the ACL has entries, but no array of them");
    for (size_t i = 0; i < acl->n; i++) {
        if (!acl->items[i].scheme || !acl->items[i].id)
            return zb_problem(why, ZOBO_EINVAL, 0, "an entry of the ACL has no scheme or no id");
    }
    return ZOBO_OK;
}

zobo_err
zr_check_data(const void *data, size_t len, zobo_problem *why)
{
    if (!data && len)
        return zb_problem(why, ZOBO_EINVAL, 0, "the data is NULL, but has a length");
    return ZOBO_OK;
}

bool
zr_host_name(char out[ZR_HOST_MAX])
{
    if (gethostname(out, ZR_HOST_MAX) != 0)
        return false;
    out[ZR_HOST_MAX - 1] = 0;
    return out[0] != 0;
}
