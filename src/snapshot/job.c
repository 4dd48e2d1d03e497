/* SPDX-License-Identifier: Apache-2.0 */
/* What every job begins and ends with: options as far as this library knows them, a result as far as its caller does.
 * */
#include "base/sized.h"
#include "snapshot/snapshot.h"

zobo_err
zs_job_begin(zobo_snapshot_options *to, const zobo_snapshot_options *from, const zobo_snapshot_result *result,
             zobo_problem *why)
{
    *to = (zobo_snapshot_options){0};
    if (result && (result->size > ZB_SIZED_MAX || (result->size && result->size < sizeof result->size)))
        return zb_problem(why, ZOBO_EBADOPTION, 0, "the result's size: set it to sizeof(zobo_snapshot_result)");
    return ZB_SIZED_TAKE(to, zobo_snapshot_options, from, log_arg, why);
}

void
zs_job_tell(zobo_snapshot_result *to, const zobo_snapshot_result *from)
{
    if (to)
        zb_sized_fill(to, ZB_SIZED_FIRST(zobo_snapshot_result, zxid), from, sizeof *from);
}

zobo_err
zs_count_sessions(zs_txn *txn, uint64_t *n)
{
    zs_session_record session = {0};
    zobo_err err;
    *n = 0;
    while ((err = zs_session_after(txn, session.id, &session)) == ZOBO_OK)
        ++*n;
    return err == ZOBO_ENONODE ? ZOBO_OK : err;
}
