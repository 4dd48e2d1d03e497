/* SPDX-License-Identifier: Apache-2.0 */
/* lock: run a command while a lock is held, as flock(1) does with a file. */
#include <zobo/lock.h>
#include <zobo/semaphore.h>

#include "run/holding.h"

enum { O_NO_WAIT = H_OWN, O_SHARED, O_SEMAPHORE };

static const struct opt opts[] = {
    HOLDING_OPTS,
    [O_NO_WAIT] = {'n', "no-wait", OPT_FLAG, NULL, "give up at once when it is not to be had: exit code 124"},
    [O_SHARED] = {'s', "shared", OPT_FLAG, NULL, "together with others that say --shared, but with no one else"},
    [O_SEMAPHORE] = {0, "semaphore", OPT_COUNT, "N", "together with N - 1 others that say the same N"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* --- a lock ------------------------------------------------------------------------------------------------------- */

static void
lock_lost(void *arg, zobo_lock *lock)
{
    struct holding *h = arg;
    (void)lock;
    h->lost = true;
}

static zobo_err
lock_acquire(struct holding *h, bool wait, const zobo_how *how, zobo_call **call)
{
    return wait ? zobo_lock_acquire_async(h->held, how, call) : zobo_lock_try_async(h->held, how, call);
}

static zobo_err
lock_release(struct holding *h, const zobo_how *how, zobo_call **call)
{
    return zobo_lock_release_async(h->held, how, call);
}

static zobo_err
lock_show(struct holding *h, zobo_reply **out)
{
    return zobo_lock_contenders(h->held, 0, out);
}

static int64_t
lock_fence(const struct holding *h)
{
    return zobo_lock_fence(h->held);
}

static const struct holding_kind lock_kind = {.what = "the lock",
                                              .taken = "another holds it",
                                              .in_order = true,
                                              .acquire = lock_acquire,
                                              .release = lock_release,
                                              .show = lock_show,
                                              .fence = lock_fence};

static int
run_lock(struct holding *h, const struct args *in)
{
    /* An exclusive lock is a write lock, for a plain one does not know of readers; beside plain ones it is the same. */
    zobo_lock_options options = {.size = sizeof options,
                                 .kind = in->opt[O_SHARED].given ? ZOBO_READ_LOCK : ZOBO_WRITE_LOCK,
                                 .identifier = h->identifier,
                                 .release_on_suspended = in->opt[H_STRICT].given,
                                 .lost = lock_lost,
                                 .lost_arg = h};
    zobo_lock *lock;
    zobo_problem why = {0};
    zobo_err err = zobo_lock_new(h->ctx->client, h->path, &options, &lock, &why);
    if (err != ZOBO_OK)
        return fail_why(h->ctx, err, h->path, &why, NULL);
    h->held = lock;
    int code = holding_run(h, in);
    zobo_lock_free(lock);
    return code;
}

/* --- a semaphore's lease ------------------------------------------------------------------------------------------ */

static void
lease_lost(void *arg, zobo_semaphore *semaphore)
{
    struct holding *h = arg;
    (void)semaphore;
    h->lost = true;
}

static zobo_err
lease_acquire(struct holding *h, bool wait, const zobo_how *how, zobo_call **call)
{
    return wait ? zobo_semaphore_acquire_async(h->held, how, call) : zobo_semaphore_try_async(h->held, how, call);
}

static zobo_err
lease_release(struct holding *h, const zobo_how *how, zobo_call **call)
{
    return zobo_semaphore_release_async(h->held, how, call);
}

static zobo_err
lease_show(struct holding *h, zobo_reply **out)
{
    return zobo_semaphore_lease_holders(h->held, 0, out);
}

static int64_t
lease_fence(const struct holding *h)
{
    return zobo_semaphore_fence(h->held);
}

static const struct holding_kind lease_kind = {.what = "the lease",
                                               .taken = "no lease is free",
                                               .acquire = lease_acquire,
                                               .release = lease_release,
                                               .show = lease_show,
                                               .fence = lease_fence};

static int
run_semaphore(struct holding *h, const struct args *in)
{
    zobo_semaphore_options options = {.size = sizeof options,
                                      .max_leases = (uint32_t)in->opt[O_SEMAPHORE].n,
                                      .identifier = h->identifier,
                                      .release_on_suspended = in->opt[H_STRICT].given,
                                      .lost = lease_lost,
                                      .lost_arg = h};
    zobo_semaphore *semaphore;
    zobo_problem why = {0};
    zobo_err err = zobo_semaphore_new(h->ctx->client, h->path, &options, &semaphore, &why);
    if (err != ZOBO_OK)
        return fail_why(h->ctx, err, h->path, &why, NULL);
    h->held = semaphore;
    h->bad_data_hint = "the semaphore has another number of leases: `zobo get` on it shows how many";
    int code = holding_run(h, in);
    zobo_semaphore_free(semaphore);
    return code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    bool semaphore = in->opt[O_SEMAPHORE].given;
    if (in->opt[H_TIMEOUT].given && in->opt[O_NO_WAIT].given)
        return fail_usage(ctx, "--timeout or --no-wait: which?");
    if (in->opt[O_SHARED].given && semaphore)
        return fail_usage(ctx, "--shared or --semaphore: which?");
    struct holding h;
    int code = holding_begin(&h, semaphore ? &lease_kind : &lock_kind, ctx, in);
    if (code != DONE)
        return code;
    h.no_wait = in->opt[O_NO_WAIT].given;
    code = semaphore ? run_semaphore(&h, in) : run_lock(&h, in);
    holding_end(&h);
    return code;
}

static const struct example examples[] = {
    {"zobo lock /locks/backup -- ./backup.sh", "one at a time in the whole cluster"},
    {"zobo lock -n -E 0 /locks/hourly -- ./report", "from cron on each machine: the first runs it, the others do not"},
    {"zobo lock --timeout 30s /locks/db -- sh -c 'migrate --fence \"$ZOBO_FENCE\"'",
     "what is written to can refuse a token that is lower than one it has seen"},
    {"zobo lock --semaphore 3 /slots/import -- ./import", "three at a time"},
    {"zobo lock --show /locks/backup", "who holds it, and who waits"},
    {NULL, NULL}};

static const struct exit_text exits[] = {HOLDING_EXITS, {"else", "CMD's own"}, {NULL, NULL}};

const struct command cmd_lock = {
    .name = "lock",
    .usage = "PATH [-- CMD...]",
    .summary = "run a command while holding a lock",
    .about =
        "Waits for the lock, runs CMD, releases the lock when CMD has ended, and ends with CMD's exit code: 128 and "
        "the "
        "signal's number if a signal ended it, 126 or 127 if it could not be run. Signals are passed on to CMD, and "
        "stdin is CMD's. CMD finds its node in ZOBO_LOCK_PATH, and in ZOBO_FENCE a number that grows from holder to "
        "holder. When the session is lost, and the lock with it, CMD gets SIGTERM and after --grace SIGKILL, with all "
        "that is in its process group (at a terminal, where it shares zobo's, alone), and the exit code is 125. By "
        "then another may have the lock; not so with "
        "--strict, if --grace is less than a third of the session timeout. When zobo itself is killed CMD gets SIGTERM "
        "(on Linux), and the lock goes with the session. Without CMD it prints the node and the fence, and holds the "
        "lock until a signal comes. The nodes are kazoo's: kazoo's Lock, ReadLock and WriteLock, and zobo_lock(3), "
        "exclude it and are excluded; with --semaphore it takes a lease of kazoo's Semaphore, zobo_semaphore(3). "
        "--timeout limits all of the waiting: until a server is reached, for as long as --connect-timeout says if that "
        "is less, and until the lock is had. Without it the wait for the lock has no limit.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .min_words = 1,
    .max_words = 1,
    .runs_command = true,
    .formats = FORMATS_ONE,
    .effect = MAKES_OWN_NODES,
    .run = run};
