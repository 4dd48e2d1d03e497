/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a transaction log of Apache ZooKeeper: records of a sum, a length, the transaction and 'B', then zeros. */
#include "snapshot/snapshot.h"

enum { END_OF_RECORD = 'B' };

/* What a record's place in the file holds. */
typedef enum found { RECORD, END, CUT_SHORT, BAD } found;

/* Files are filled with zeros in advance: behind the last record there is nothing else. */
static bool
only_zeros_left(zs_file *file)
{
    uint8_t block[4096];
    size_t n;
    while ((n = fread(block, 1, sizeof block, file->f)) > 0)
        for (size_t i = 0; i < n; i++)
            if (block[i])
                return false;
    return !ferror(file->f);
}

/* Is the whole transaction there before the place where its end should be? Then its length is damaged, and it was not
 * cut short: more transactions may follow, which must not be lost in silence. */
static bool
ends_before(const zs_bytes *data, int64_t said)
{
    zs_adler sum;
    zs_adler_init(&sum);
    for (size_t i = 0; i < data->n; i++) {
        if (data->p[i] == END_OF_RECORD && zs_adler_value(&sum) == said)
            return true;
        zs_adler_add(&sum, data->p + i, 1);
    }
    return false;
}

/* Reads the next record into job->data. */
static found
next_record(zs_import *job, zs_file *file)
{
    int first = fgetc(file->f);
    if (first == EOF && !ferror(file->f))
        return END;
    (void)ungetc(first, file->f);
    int64_t said = zs_file_get_i64(file);
    int32_t n = zs_file_get_i32(file);
    uint8_t end = END_OF_RECORD;
    job->data.n = 0;
    zs_adler_init(&file->sum);
    if (!file->err && (n < 0 || n > ZS_FIELD_MAX)) {
        zs_file_fail(file, "a transaction of %d bytes cannot be: it is damaged", n);
        return BAD;
    }
    zs_file_get_bytes(file, (size_t)n, &job->data);
    int64_t sum = zs_adler_value(&file->sum);
    if (n)
        zs_file_get(file, &end, 1);
    if (!file->err && n && sum == said && end == END_OF_RECORD)
        return RECORD;
    if (file->err && !file->at_end)
        return BAD;
    bool at_end = file->err || ((n == 0 || end == 0) && only_zeros_left(file));
    if (at_end && !ends_before(&job->data, said))
        return file->err || n || said ? CUT_SHORT : END;
    file->err = ZOBO_OK; /* of its end, perhaps */
    zs_file_fail(file, "the checksum of a transaction does not fit: it is damaged");
    return BAD;
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
    if (err == ZOBO_EMARSHALLING) {
        zs_file_fail(file, "the transaction 0x%llx cannot be read", (unsigned long long)head.zxid);
        return file->err;
    }
    if (err)
        return zs_import_fail(job, file->path, err);
    zs_txn_meta(job->txn)->last_zxid = head.zxid;
    job->result->transactions++;
    zs_import_progress(job, 0);
    return ZOBO_OK;
}

bool
zs_zxid_follows(int64_t zxid, int64_t next)
{
    enum { EPOCH_SHIFT = 32 };
    return next - 1 <= zxid || next >> EPOCH_SHIFT != zxid >> EPOCH_SHIFT;
}

/* The file ends in the middle of something. That is how a server that was killed leaves it, and all is well if the next
 * log goes on from here. */
static zobo_err
end_here(zs_import *job, zs_file *file, int64_t next)
{
    int64_t last = zs_txn_meta(job->txn)->last_zxid;
    file->err = ZOBO_OK;
    zb_problem_clear(job->why);
    if (next && !zs_zxid_follows(last, next)) {
        zs_file_fail(file, "it is cut short behind transaction 0x%llx, and the next log begins with 0x%llx",
                     (unsigned long long)last, (unsigned long long)next);
        return file->err;
    }
    if (!next)
        ZB_LOG(&job->log, ZOBO_LOG_WARN, "%s: the last transaction was cut short and is left out", file->path);
    return ZOBO_OK;
}

zobo_err
zs_replay(zs_import *job, const char *path, int64_t next)
{
    zs_file file;
    zobo_err err = zs_file_open(&file, path, false, job->why);
    if (err)
        return err;
    int32_t magic = zs_file_get_i32(&file), version = zs_file_get_i32(&file);
    (void)zs_file_get_i64(&file);
    found what = RECORD;
    if (file.err && file.at_end)
        what = CUT_SHORT; /* made, and not yet written to */
    else if (!file.err && (magic != ZS_LOG_MAGIC || version != ZS_FILE_VERSION))
        zs_file_fail(&file, "it is no transaction log of ZooKeeper's format %d", ZS_FILE_VERSION);
    while (!err && !file.err && what == RECORD) {
        what = next_record(job, &file);
        if (what == RECORD)
            err = apply_record(job, &file);
    }
    if (what == CUT_SHORT)
        err = end_here(job, &file, next);
    zobo_err closed = zs_file_close(&file);
    return err ? err : closed;
}
