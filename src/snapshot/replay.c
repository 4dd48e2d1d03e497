/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a transaction log of Apache ZooKeeper: records of a sum, a length, the transaction and 'B', then zeros. */
#include "snapshot/snapshot.h"

enum { END_OF_RECORD = 'B' };

/* Reads the next record into job->data. False: the end, or an error of the file. */
static bool
next_record(zs_import *job, zs_file *file)
{
    int64_t said = zs_file_get_i64(file);
    int32_t n = zs_file_get_i32(file);
    if (file->err || n == 0)
        return false; /* the file is filled with zeros in advance */
    if (n < 0 || n > ZS_FIELD_MAX) {
        zs_file_fail(file, "a transaction of %d bytes cannot be", n);
        return false;
    }
    job->data.n = 0;
    zs_adler_init(&file->sum);
    zs_file_get_bytes(file, (size_t)n, &job->data);
    int64_t sum = zs_adler_value(&file->sum);
    uint8_t end;
    zs_file_get(file, &end, 1);
    if (!file->err && (sum != said || end != END_OF_RECORD))
        zs_file_fail(file, "the checksum of a transaction does not fit: it is damaged");
    return !file->err;
}

static zobo_err
apply_record(zs_import *job, zs_file *file)
{
    zb_reader r = zb_reader_of(job->data.p, job->data.n);
    zs_logged head = {.session = zb_get_i64(&r)};
    (void)zb_get_i32(&r); /* the client's xid */
    head.zxid = zb_get_i64(&r);
    head.time_ms = zb_get_i64(&r);
    head.type = zb_get_i32(&r);
    if (r.bad) {
        zs_file_fail(file, "a transaction has no whole header");
        return file->err;
    }
    if (head.zxid <= zs_txn_meta(job->txn)->last_zxid)
        return ZOBO_OK;
    zobo_err err = zs_apply(job, &head, &r);
    if (err == ZOBO_EMARSHALLING)
        zs_file_fail(file, "the transaction 0x%llx cannot be read", (unsigned long long)head.zxid);
    else if (err)
        zb_problem(job->why, err, 0, "%s: transaction 0x%llx: %s", file->path, (unsigned long long)head.zxid,
                   zobo_err_text(err));
    if (err)
        return file->err ? file->err : err;
    zs_txn_meta(job->txn)->last_zxid = head.zxid;
    job->result->transactions++;
    zs_import_progress(job, 0);
    return ZOBO_OK;
}

zobo_err
zs_replay(zs_import *job, const char *path, bool newest)
{
    zs_file file;
    zobo_err err = zs_file_open(&file, path, false, job->why);
    if (err)
        return err;
    int32_t magic = zs_file_get_i32(&file), version = zs_file_get_i32(&file);
    (void)zs_file_get_i64(&file);
    if (file.err && file.at_end && newest) { /* made, and not yet written to */
        file.err = ZOBO_OK;
        return zs_file_close(&file);
    }
    if (!file.err && (magic != ZS_LOG_MAGIC || version != ZS_FILE_VERSION))
        zs_file_fail(&file, "it is no transaction log of ZooKeeper's format %d", ZS_FILE_VERSION);
    while (!err && !file.err && next_record(job, &file))
        err = apply_record(job, &file);
    if (!err && file.err && file.at_end && newest) {
        ZB_LOG(&job->log, ZOBO_LOG_WARN, "%s: the last transaction was cut short and is left out", path);
        file.err = ZOBO_OK;
        zb_problem_clear(job->why);
    }
    zobo_err closed = zs_file_close(&file);
    return err ? err : closed;
}
