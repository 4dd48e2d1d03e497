/* SPDX-License-Identifier: Apache-2.0 */
/* elect: run a command while this process is the leader. */
#include <zobo/election.h>

#include "run/holding.h"

enum { O_AGAIN = H_OWN };

static const struct opt opts[] = {
    HOLDING_OPTS,
    [O_AGAIN] = {'a', "again", OPT_FLAG, NULL, "when CMD has ended or the leadership is lost, be a candidate again"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static void
lost(void *arg, zobo_election *election)
{
    struct holding *h = arg;
    (void)election;
    h->lost = true;
}

static zobo_err
acquire(struct holding *h, bool wait, const zobo_how *how, zobo_call **call)
{
    (void)wait; /* there is no --no-wait: who does not stand in line is no candidate; `zobo lock -n` does that */
    return zobo_election_campaign_async(h->held, how, call);
}

static zobo_err
release(struct holding *h, const zobo_how *how, zobo_call **call)
{
    return zobo_election_resign_async(h->held, how, call);
}

static zobo_err
show(struct holding *h, zobo_reply **out)
{
    return zobo_election_contenders(h->held, 0, out);
}

static int64_t
fence(const struct holding *h)
{
    return zobo_election_fence(h->held);
}

static const struct holding_kind kind = {.what = "the leadership",
                                         .taken = "another leads",
                                         .in_order = true,
                                         .acquire = acquire,
                                         .release = release,
                                         .show = show,
                                         .fence = fence};

static int
run(struct ctx *ctx, const struct args *in)
{
    if (in->opt[O_AGAIN].given && in->command == NULL)
        return fail_usage(ctx, "--again goes with a command");
    struct holding h;
    int code = holding_begin(&h, &kind, ctx, in);
    if (code != DONE)
        return code;
    zobo_election_options options = {.size = sizeof options,
                                     .identifier = h.identifier,
                                     .release_on_suspended = in->opt[H_STRICT].given,
                                     .lost = lost,
                                     .lost_arg = &h};
    zobo_election *election;
    zobo_problem why = {0};
    zobo_err err = zobo_election_new(ctx->client, h.path, &options, &election, &why);
    if (err != ZOBO_OK)
        return fail_why(ctx, err, h.path, &why, NULL);
    h.held = election;
    h.again = in->opt[O_AGAIN].given;
    code = holding_run(&h, in);
    zobo_election_free(election);
    holding_end(&h);
    return code;
}

static const struct example examples[] = {
    {"zobo elect /leader -- ./scheduler", "on each machine: one runs it, the others wait to take its place"},
    {"zobo elect --again /leader -- ./scheduler", "the same, and stand for election again when it has ended"},
    {"zobo elect --show /leader", "who leads, and who is next"},
    {"zobo lock -n /leader -- ./scheduler",
     "only if nobody leads now, without standing in line: the nodes are the same"},
    {NULL, NULL}};

static const struct exit_text exits[] = {HOLDING_EXITS, {"else", "CMD's own"}, {NULL, NULL}};

const struct command cmd_elect = {
    .name = "elect",
    .usage = "PATH [-- CMD...]",
    .summary = "run a command while being the leader",
    .about =
        "Waits to be elected, runs CMD, resigns when CMD has ended, and ends with CMD's exit code; signals, stdin, "
        "ZOBO_LOCK_PATH, ZOBO_FENCE, the loss of the session and the exit codes are as with `zobo lock`. With --again "
        "it "
        "stands for election again instead, at the end of the line, until a signal that ends CMD comes; it runs CMD at "
        "most once a second, and a loss does not end it. Without CMD it prints the node and the fence once it is "
        "elected, and leads until a signal comes. --timeout is as with `zobo lock`, anew for each time with --again. "
        "The nodes are those of kazoo's Election, and of zobo_election(3).",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .min_words = 1,
    .max_words = 1,
    .runs_command = true,
    .formats = FORMATS_ONE,
    .effect = MAKES_OWN_NODES,
    .run = run};
