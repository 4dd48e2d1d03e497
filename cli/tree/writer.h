/* SPDX-License-Identifier: Apache-2.0 */
/* Many writes in flight: a bounded window of requests, which the server carries out in the order of their calls. So a
 * parent may be created, and its child right after it; children removed, and their parent after them. */
#ifndef CLI_WRITER_H
#define CLI_WRITER_H

#include "frame/cli.h"

struct writer;

/* What came of a write. It is called once for each write that was taken, from within the calls below, in the order of
 * the writes; return true when the error is none after all (a node to remove that is gone already), false to have it
 * counted as failed and told. `reply` has path and stat, where the server tells them. It may write more, which then is
 * not waited for. Writes that were never sent, because an earlier one failed, end with ZOBO_ECANCELLED, which does not
 * count. NULL in writer_options: each error counts. */
typedef bool writer_outcome(void *arg, const char *path, zobo_err err, const zobo_reply *reply, void *tag);

struct writer_options {
    writer_outcome *outcome;
    void *arg;
    bool keep_going;   /* an error does not end the writing, and each is told; else the first */
    const char *doing; /* tell of progress under this word ("removing"); NULL: do not */
    uint64_t total;    /* of how many, 0: not known */
};

/* writer_open begins; the session must be there. Only writer_close ends it. In a dry run (ctx->dry_run) a writer must not
 * be opened at all. */
struct writer *writer_open(struct ctx *ctx, const struct writer_options *options);

/* Each sends one write, after waiting for room in the window; what it is given is copied. False: an earlier write failed
 * (or the session is lost) and no more are taken. A lost connection is waited out; a write whose answer was lost is
 * looked after: a node that is there after all as it was to be made counts as made, one that is gone as removed. Only
 * what became of a sequential node is not found out: that is ZOBO_ECONNECTIONLOSS. */
bool writer_create(struct writer *writer, const char *path, const void *data, size_t len,
                   const zobo_create_options *options, void *tag);
bool writer_set(struct writer *writer, const char *path, const void *data, size_t len, int32_t version, void *tag);
bool writer_delete(struct writer *writer, const char *path, int32_t version, void *tag);
bool writer_set_acls(struct writer *writer, const char *path, const zobo_acl_list *acl, int32_t version, void *tag);

/* writer_flush waits for all outcomes. False as above. */
bool writer_flush(struct writer *writer);

/* writer_done tells how many writes have succeeded so far, writer_failed how many have not. */
uint64_t writer_done(const struct writer *writer);
uint64_t writer_failed(const struct writer *writer);

/* writer_close waits for all outcomes and ends it. 0; or, after telling, the exit code of the first error (a lost
 * session: NO_SERVER), PARTIAL when some were written. After a signal, which ctx->signal holds, BY_SIGNAL and its
 * number: those under way were still waited for. */
int writer_close(struct writer *writer);

#endif
