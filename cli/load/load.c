/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "frame/clock.h"
#include "frame/hold.h"

enum { SEEN_EVERY_MS = 100, PATH_ROOM = 1024 };

const char *const load_op_names[LOAD_OPS] = {
    [LOAD_CREATE] = "create", [LOAD_SET] = "set", [LOAD_GET] = "get",      [LOAD_EXISTS] = "exists",
    [LOAD_LS] = "ls",         [LOAD_MIX] = "mix", [LOAD_DELETE] = "delete"};

/* A request under way. */
struct slot {
    struct load *load;
    struct slot *next; /* among the free ones of its session */
    uint32_t session;
    uint64_t since_ns; /* when it was sent, or due */
};

struct load {
    struct ctx *ctx;
    struct load_options options;
    struct ctx *sessions;
    uint32_t n_open;
    struct slot *slots;
    struct slot **free; /* of each session */
    struct pollfd *fds;
    char *data;
    uint64_t first_key, last_key; /* those from first to last - 1 are there */
    uint64_t dice;

    /* the run under way */
    enum load_op op;
    struct load_result *result;
    uint64_t in_flight;
    uint32_t turn; /* the session whose turn it is */
};

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static void
make_slots(struct load *load)
{
    size_t n = load->options.sessions, each = load->options.in_flight;
    load->slots = need_memory(n * each, sizeof *load->slots);
    load->free = need_memory(n, sizeof *load->free);
    load->fds = need_memory(n, sizeof *load->fds);
    for (size_t i = 0; i < n * each; i++) {
        load->slots[i] = (struct slot){.load = load, .session = (uint32_t)(i / each), .next = load->free[i / each]};
        load->free[i / each] = &load->slots[i];
    }
}

struct load *
load_open(struct ctx *ctx, const struct load_options *options, int *code)
{
    struct load *load = need_memory(1, sizeof *load);
    load->ctx = ctx;
    load->options = *options;
    load->dice = now_ns() | 1;
    load->data = need_memory(options->size + 1, 1);
    memset(load->data, 'x', options->size);
    load->sessions = need_memory(options->sessions, sizeof *load->sessions);
    make_slots(load);
    *code = DONE;
    for (uint32_t i = 0; i < options->sessions && *code == DONE; i++) {
        another_session(ctx, &load->sessions[i]);
        load->n_open++;
        *code = need_session(&load->sessions[i]);
        load->fds[i] = (struct pollfd){.fd = *code == DONE ? zobo_fd(load->sessions[i].client) : -1, .events = POLLIN};
    }
    if (*code == DONE)
        return load;
    load_close(load);
    return NULL;
}

void
load_close(struct load *load)
{
    load->result = NULL; /* ending the sessions answers what is under way */
    for (uint32_t i = 0; i < load->n_open; i++)
        end_session(&load->sessions[i]);
    free(load->sessions);
    free(load->slots);
    free(load->free);
    free(load->fds);
    free(load->data);
    free(load);
}

uint64_t
load_keys(const struct load *load)
{
    return load->last_key - load->first_key;
}

/* --- one request -------------------------------------------------------------------------------------------------- */

/* roll is Marsaglia's xorshift: which key is read next needs no better dice. */
static uint64_t
roll(struct load *load)
{
    load->dice ^= load->dice << 13;
    load->dice ^= load->dice >> 7;
    load->dice ^= load->dice << 17;
    return load->dice;
}

static void
answered(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct slot *slot = arg;
    struct load *load = slot->load;
    (void)reply;
    if (load->result == NULL) /* nobody asks any more: the sessions end, after an interruption */
        return;
    hist_add(&load->result->hist, now_ns() - slot->since_ns);
    load->result->n++;
    if (err != ZOBO_OK) {
        load->result->failed++;
        if (load->result->err == ZOBO_OK)
            load->result->err = err;
    }
    load->in_flight--;
    slot->next = load->free[slot->session];
    load->free[slot->session] = slot;
}

/* Deleting and creating take keys in their order, the others any. */
static uint64_t
choose_key(struct load *load, enum load_op op)
{
    if (op == LOAD_CREATE)
        return load->last_key++;
    if (op == LOAD_DELETE)
        return load->first_key++;
    return load->first_key + roll(load) % load_keys(load);
}

static zobo_err
send_one(struct load *load, zobo_client *client, struct slot *slot)
{
    const struct load_options *o = &load->options;
    enum load_op op = load->op;
    if (op == LOAD_MIX)
        op = roll(load) % 100 < o->reads ? LOAD_GET : LOAD_SET;
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s/%010llu", o->root, (unsigned long long)choose_key(load, op));
    zobo_how how = {.done = answered, .arg = slot};
    zobo_create_options create = {.ephemeral = o->ephemeral};
    switch (op) {
    case LOAD_CREATE:
        return zobo_create_async(client, path, load->data, o->size, &create, &how, NULL);
    case LOAD_SET:
        return zobo_set_async(client, path, load->data, o->size, -1, &how, NULL);
    case LOAD_GET:
        return zobo_get_async(client, path, NULL, &how, NULL);
    case LOAD_EXISTS:
        return zobo_exists_async(client, path, NULL, &how, NULL);
    case LOAD_LS:
        return zobo_get_children_async(client, path, NULL, &how, NULL);
    default:
        return zobo_delete_async(client, path, -1, &how, NULL);
    }
}

/* take_slot finds a session with room, each having its turn; NULL: there is none. */
static struct slot *
take_slot(struct load *load)
{
    for (uint32_t i = 0; i < load->options.sessions; i++) {
        uint32_t s = (load->turn + i) % load->options.sessions;
        struct slot *slot = load->free[s];
        if (slot == NULL)
            continue;
        load->free[s] = slot->next;
        load->turn = s + 1;
        return slot;
    }
    return NULL;
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

/* How far the sending has come. */
struct pace {
    uint64_t began_ns, end_ns; /* end 0: none */
    uint64_t count, sent;      /* count 0: as many as there is time for */
};

static bool
is_over(const struct load *load, const struct pace *pace)
{
    if (pace->count != 0 && pace->sent >= pace->count)
        return true;
    if (load->op == LOAD_DELETE && load_keys(load) == 0)
        return true;
    return pace->end_ns != 0 && now_ns() >= pace->end_ns;
}

/* due tells when the next request is due; now, without a rate. */
static uint64_t
due(const struct load *load, const struct pace *pace)
{
    if (load->options.rate == 0)
        return now_ns();
    return pace->began_ns + (uint64_t)((double)pace->sent * 1e9 / (double)load->options.rate);
}

/* send_due sends what is due and has room. */
static bool
send_due(struct load *load, struct pace *pace)
{
    while (!is_over(load, pace)) {
        uint64_t at = due(load, pace);
        if (at > now_ns())
            return true;
        struct slot *slot = take_slot(load);
        if (slot == NULL)
            return true;
        slot->since_ns = at;
        load->in_flight++;
        pace->sent++;
        zobo_err err = send_one(load, load->sessions[slot->session].client, slot);
        if (err != ZOBO_OK) {
            answered(slot, err, NULL);
            return false;
        }
    }
    return true;
}

/* How long poll may sleep: not over the next request's time. A rate that is faster than poll's clock keeps it awake. */
static int
nap_ms(const struct load *load, const struct pace *pace)
{
    if (load->options.rate == 0 || is_over(load, pace))
        return SEEN_EVERY_MS;
    uint64_t at = due(load, pace), now = now_ns();
    uint64_t ms = at > now ? (at - now) / 1000000 : 0;
    return ms < SEEN_EVERY_MS ? (int)ms : SEEN_EVERY_MS;
}

/* serve lets those sessions work that have something to do. */
static bool
serve(struct load *load, int timeout)
{
    if (poll(load->fds, load->options.sessions, timeout) < 0 && errno != EINTR)
        return false;
    for (uint32_t s = 0; s < load->options.sessions; s++)
        if (load->fds[s].revents != 0 && zobo_process(load->sessions[s].client) != ZOBO_OK)
            return false;
    return true;
}

static bool
is_interrupted(struct ctx *ctx)
{
    return hold_interrupted(ctx) || zobo_process(ctx->client) != ZOBO_OK; /* its session is idle, but must live */
}

bool
load_run(struct load *load, enum load_op op, uint64_t count, uint64_t time_ms, struct load_result *result,
         void (*seen)(void *arg, const struct load_result *so_far), void *arg)
{
    memset(result, 0, sizeof *result);
    load->op = op;
    load->result = result;
    struct pace pace = {.began_ns = now_ns(), .count = count};
    pace.end_ns = time_ms == 0 ? 0 : pace.began_ns + time_ms * 1000000;
    uint64_t seen_ns = pace.began_ns;
    bool good = true;
    while (good && (load->in_flight > 0 || !is_over(load, &pace))) {
        good = send_due(load, &pace) && serve(load, nap_ms(load, &pace));
        uint64_t now = now_ns();
        result->seconds = (double)(now - pace.began_ns) / 1e9;
        if (now - seen_ns < (uint64_t)SEEN_EVERY_MS * 1000000)
            continue;
        seen_ns = now;
        if (seen != NULL)
            seen(arg, result);
        good = good && !is_interrupted(load->ctx);
    }
    return good;
}
