/* SPDX-License-Identifier: Apache-2.0 */
#include "holding.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/hold.h"
#include "frame/out.h"

enum {
    RELEASE_MS = 5000, /* the session's end takes what is left */
    AGAIN_MS = 1000    /* a command that ends at once is not run again more often */
};

static int
read_options(struct holding *h, const struct args *in)
{
    const struct opt_value *opt = in->opt;
    const char *on_loss = opt[H_ON_LOSS].given ? opt[H_ON_LOSS].text : "kill";
    h->keep = strcmp(on_loss, "keep") == 0;
    h->grace_ms = opt[H_GRACE].given ? (uint32_t)opt[H_GRACE].n : 5000;
    if (!h->keep && strcmp(on_loss, "kill") != 0)
        return fail_usage(h->ctx, "--on-loss %s: there are kill and keep", on_loss);
    if (opt[H_SHOW].given && in->command != NULL)
        return fail_usage(h->ctx, "--show runs no command");
    if (opt[H_SHOW].given && opt[H_TIMEOUT].given)
        return fail_usage(h->ctx, "--show or --timeout: which?");
    if (opt[H_IDENTIFIER].given && strlen(opt[H_IDENTIFIER].text) >= sizeof h->identifier)
        return fail_usage(h->ctx, "--identifier: %zu bytes at most", sizeof h->identifier - 1);
    char host[256] = "localhost";
    if (gethostname(host, sizeof host - 1) != 0)
        memcpy(host, "localhost", sizeof "localhost");
    if (opt[H_IDENTIFIER].given)
        snprintf(h->identifier, sizeof h->identifier, "%s", opt[H_IDENTIFIER].text);
    else
        snprintf(h->identifier, sizeof h->identifier, "%s:%ld", host, (long)getpid());
    return DONE;
}

/* restart_clock lets --timeout begin now. */
static void
restart_clock(struct holding *h)
{
    h->deadline_ms = h->ctx->limit_ms == 0 ? 0 : now_ms() + h->ctx->limit_ms;
}

/* time_left tells what is left of --timeout, for zobo_how: 0 is without limit, so at least 1. */
static uint32_t
time_left(const struct holding *h)
{
    uint64_t now = h->deadline_ms == 0 ? 0 : now_ms();
    return h->deadline_ms == 0 ? 0 : now >= h->deadline_ms ? 1 : (uint32_t)(h->deadline_ms - now);
}

int
holding_begin(struct holding *h, const struct holding_kind *kind, struct ctx *ctx, const struct args *in)
{
    *h = (struct holding){.kind = kind, .ctx = ctx, .path = in->words[0]};
    int code = need_path(ctx, h->path, false);
    if (code == DONE)
        code = read_options(h, in);
    bool holds = !in->opt[H_SHOW].given;
    ctx->keep_trying = holds;
    ctx->limit_ms = (uint32_t)in->opt[H_TIMEOUT].n;
    restart_clock(h);
    ctx->runs_command = holds && in->command != NULL;
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE && holds)
        code = hold_begin(ctx);
    return code;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static void
call_ended(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct holding *h = arg;
    h->ended = true;
    h->err = err;
    if (err == ZOBO_OK && reply != NULL && reply->path != NULL) {
        free(h->node);
        h->node = need_copy(reply->path);
    }
}

static zobo_how
how_of(struct holding *h, uint32_t timeout_ms)
{
    h->ended = false;
    return (zobo_how){.done = call_ended, .arg = h, .timeout_ms = timeout_ms};
}

/* await turns until the call has ended; a signal cancels it, and is left in ctx->signal. */
static zobo_err
await(struct holding *h, zobo_err begun, zobo_call *call)
{
    int signal = 0;
    if (begun != ZOBO_OK)
        return begun;
    while (!h->ended)
        switch (hold_turn(h->ctx, 0)) {
        case HOLD_SIGNAL:
            signal = h->ctx->signal;
            zobo_call_cancel(call);
            break;
        case HOLD_READER_GONE:
            signal = SIGPIPE;
            zobo_call_cancel(call);
            break;
        case HOLD_BROKEN:
            zobo_call_free(call);
            return ZOBO_ESYS;
        default:
            break;
        }
    zobo_call_free(call);
    if (signal != 0)
        h->ctx->signal = signal;
    return h->err;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static void
look_after_loss(struct holding *h, bool *told)
{
    if (!h->lost || *told)
        return;
    *told = true;
    if (h->keep) {
        note(h->ctx, "warning: %s: %s is lost, and another may hold it; the command goes on", h->path, h->kind->what);
        return;
    }
    note(h->ctx, "%s: %s is lost: ending the command", h->path, h->kind->what);
    child_end(&h->child, h->grace_ms);
}

static int
run_command(struct holding *h, char *const *command)
{
    char fence[24];
    snprintf(fence, sizeof fence, "%lld", (long long)h->kind->fence(h));
    struct variable variables[] = {
        {"ZOBO_LOCK_PATH", h->node == NULL ? h->path : h->node}, {"ZOBO_FENCE", fence}, {NULL, NULL}};
    int code = child_start(h->ctx, &h->child, command, variables, -1, !h->keep);
    if (code != DONE)
        return code;
    bool told = false;
    while (child_runs(&h->child)) {
        look_after_loss(h, &told);
        child_turn(h->ctx, &h->child);
    }
    return h->lost && !h->keep ? HELD_NO_MORE : h->child.code;
}

/* hold_it tells what is held, and holds it until a signal comes or it is lost. */
static int
hold_it(struct holding *h)
{
    if (h->ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(h->node == NULL ? h->path : h->node);
        json_int(&json, "fence", h->kind->fence(h));
        end_json(&json);
    } else {
        put_text(h->ctx, h->node == NULL ? h->path : h->node);
        printf(" %lld\n", (long long)h->kind->fence(h));
    }
    if (fflush(stdout) != 0)
        return DONE; /* told at the end */
    while (!h->lost)
        switch (hold_turn(h->ctx, 0)) {
        case HOLD_SIGNAL:
        case HOLD_READER_GONE:
            return DONE;
        case HOLD_BROKEN:
            return fail(h->ctx, ZOBO_ESYS, NULL, NULL);
        default:
            break;
        }
    note(h->ctx, "%s: %s is lost", h->path, h->kind->what);
    return HELD_NO_MORE;
}

static int
not_acquired(struct holding *h, const struct args *in, zobo_err err)
{
    if (h->ctx->signal != 0)
        return DONE; /* ends by it */
    if (err != ZOBO_EWAITTIMEOUT && err != ZOBO_EHELD)
        return fail(h->ctx, err, h->path, err == ZOBO_EBADDATA ? h->bad_data_hint : NULL);
    note(h->ctx, "%s: %s", h->path, err == ZOBO_EHELD ? h->kind->taken : "not to be had within the time given");
    return in->opt[H_CONFLICT_CODE].given ? (int)in->opt[H_CONFLICT_CODE].n : NOT_IN_TIME;
}

static void
release(struct holding *h)
{
    int signal = h->ctx->signal;
    zobo_call *call = NULL;
    zobo_how how = how_of(h, RELEASE_MS);
    zobo_err err = h->kind->release(h, &how, &call);
    err = await(h, err, call);
    if (err != ZOBO_OK && err != ZOBO_ELOCKLOST && err != ZOBO_ENOTHELD)
        note(h->ctx, "%s: %s could not be released, and goes with the session: %s", h->path, h->kind->what,
             zobo_err_text(err));
    if (signal != 0)
        h->ctx->signal = signal;
}

/* once acquires, runs the command, releases. `*ran` tells whether the command was run. */
static int
once(struct holding *h, const struct args *in, bool *ran)
{
    zobo_call *call = NULL;
    zobo_how how = how_of(h, time_left(h));
    zobo_err err = h->kind->acquire(h, !h->no_wait, &how, &call);
    err = await(h, err, call);
    *ran = false;
    if (err != ZOBO_OK)
        return not_acquired(h, in, err);
    int code = DONE;
    if (h->ctx->signal == 0) { /* else both came at once */
        code = in->command == NULL ? hold_it(h) : run_command(h, in->command);
        *ran = in->command != NULL && code != NO_COMMAND && code != CANNOT_RUN;
    }
    release(h);
    return code;
}

/* rest waits until `until` on now_ms's clock; a signal ends it. */
static void
rest(struct holding *h, uint64_t until)
{
    while (h->ctx->signal == 0 && hold_turn(h->ctx, until) == HOLD_GOES_ON) {
        /* the session is kept meanwhile */
    }
}

static int
hold_and_run(struct holding *h, const struct args *in)
{
    for (;;) {
        uint64_t begun = now_ms();
        bool ran;
        int code = once(h, in, &ran);
        if (!ran || !h->again || h->ctx->signal != 0 || h->child.told_to_end)
            return code;
        if (code != DONE && code != HELD_NO_MORE) /* that has been told */
            note(h->ctx, "%s: exit code %d", in->command[0], code);
        h->lost = false;
        rest(h, begun + AGAIN_MS);
        restart_clock(h);
        if (h->ctx->signal != 0)
            return DONE;
    }
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
show(struct holding *h)
{
    zobo_reply *reply = NULL;
    zobo_err err = h->kind->show(h, &reply);
    if (err != ZOBO_OK)
        return fail(h->ctx, err, h->path, NULL);
    const char **texts = need_memory(reply->n_children, sizeof *texts);
    for (size_t i = 0; i < reply->n_children; i++)
        texts[i] = reply->children[i];
    if (!h->kind->in_order)
        qsort(texts, reply->n_children, sizeof *texts, compare_texts);
    for (size_t i = 0; i < reply->n_children; i++)
        if (h->ctx->format == FORMAT_JSON) {
            struct json json = {.to = stdout};
            json_open(&json, NULL, '{');
            if (h->kind->in_order)
                json_int(&json, "place", (int64_t)i + 1);
            json_text(&json, "identifier", texts[i]);
            end_json(&json);
        } else {
            put_text(h->ctx, texts[i]);
            fputc('\n', stdout);
        }
    free((void *)texts);
    zobo_reply_free(reply);
    return DONE;
}

int
holding_run(struct holding *h, const struct args *in)
{
    int code = in->opt[H_SHOW].given ? show(h) : hold_and_run(h, in);
    if (!in->opt[H_SHOW].given)
        hold_over(h->ctx);
    return code;
}

void
holding_end(struct holding *h)
{
    fflush(stdout);
    if (h->ctx->shell == NULL)
        end_session(h->ctx); /* what is held is freed, so that no callback comes any more; its nodes may be left */
    free(h->node);
}
