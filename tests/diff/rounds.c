/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds made of requests. */
#include "diff/diff.h"

#include <stdio.h>
#include <string.h>

#include "wire/op.h"

void
gen_init(diff_gen *g, uint64_t seed)
{
    memset(g, 0, sizeof *g);
    g->rng.s = seed;
    g->rng.s = zb_rng_next(&g->rng); /* else the next seed's stream is this one, a step further */
    g->next_xid = 1;
    g->last_zxid = 1;
}

void
round_clear(diff_round *round)
{
    for (int i = 0; i < MAX_OPS; i++)
        zt_buf_free(&round->ops[i].frame);
    memset(round, 0, sizeof *round);
}

/* --- what answers tell --- */

void
gen_stat(diff_gen *g, int node, const zobo_stat *stat)
{
    if (node < 0)
        return;
    g->version[node] = stat->version;
    g->aversion[node] = stat->aversion;
}

/* Names of sequential nodes end in ten digits. */
void
gen_created(diff_gen *g, const char *path, size_t len)
{
    if (len < 11 || len >= sizeof g->recent[0])
        return;
    for (size_t i = len - 10; i < len; i++)
        if (path[i] < '0' || path[i] > '9')
            return;
    char *at = g->recent[g->n_recent++ % RECENT];
    memcpy(at, path, len);
    at[len] = 0;
}

void
gen_child(diff_gen *g, int node, const char *name, size_t len)
{
    const char *parent = pool_path(node);
    if (g->n_swept < SWEPT && len > 1 && strlen(parent) + len + 2 < sizeof g->swept[0])
        snprintf(g->swept[g->n_swept++], sizeof g->swept[0], "%s/%.*s", parent, (int)len, name);
}

/* --- rounds --- */

/* What setACL changed is not in ZooKeeper's mind before it is in the tree: requests right behind it are held to the old
 * ACL, or not, as it happens. So setACL is a burst's last. */
static bool
settled(const diff_round *round)
{
    return round->n == 0 || round->ops[round->n - 1].type != ZB_OP_SET_ACL;
}

static void
burst(diff_gen *g, diff_round *round)
{
    int n = chance(g, 100) ? MAX_OPS : 1 + (int)below(g, chance(g, 500) ? 8 : 24);
    if (chance(g, 20))
        op_auth(g, round);
    if (chance(g, 40))
        op_quota(g, round);
    while (round->n < n && settled(round))
        op_any(g, round);
    if (chance(g, 100))
        round->split = 1 + (size_t)below(g, 40);
}

/* Deletes what the last look found, in one burst. */
static void
sweep(diff_gen *g, diff_round *round)
{
    while (g->n_swept && round->n < MAX_OPS)
        op_delete(g, round, g->swept[--g->n_swept]);
}

/* Nodes whose ACLs let nobody in, and their subtrees: looked at by the super user, deleted by the sweeps that follow.
 * */
static void
clear(diff_gen *g, diff_round *round)
{
    int top = (int)below(g, 4);
    diff_op *op = op_add(g, round, ZB_OP_AUTH);
    zt_put_i32(&op->frame, 0);
    zt_put_str(&op->frame, "digest");
    zt_put_bytes(&op->frame, "super:admin", 11);
    snprintf(op->text, sizeof op->text, "super");
    op_children(g, round, top);
    for (int i = 0; i < 4; i++)
        op_children(g, round, 4 + top * 4 + i);
    for (int i = 0; i < 16; i++)
        op_children(g, round, 20 + top * 16 + i);
    for (int i = 0; i < 16 && chance(g, 950); i++)
        op_delete(g, round, pool_path(20 + top * 16 + i));
}

static void
connect_round(diff_gen *g, diff_round *round)
{
    int s = round->session;
    round->kind = ROUND_CONNECT;
    round->connect = g->alive[s] ? CONNECT_RESUME : CONNECT_NEW;
    round->timeout = chance(g, 100) ? (int32_t)below(g, 5000) : 40000;
    if (chance(g, 50))
        round->timeout = chance(g, 500) ? INT32_MAX : -1;
    if (round->timeout < 30000 && round->timeout != -1 && !chance(g, 100))
        round->timeout = 40000;
    round->protocol = chance(g, 50) ? 5 : 0;
    round->short_request = chance(g, 200);
    if (!g->connected[s] && chance(g, 150))
        round->connect = (diff_connect)(CONNECT_BAD_PASSWORD + below(g, 4));
    if (round->connect == CONNECT_BAD_PASSWORD && !g->alive[s])
        round->connect = CONNECT_UNKNOWN;
    static const int32_t lengths[] = {16, 0, 40, -1, 8};
    round->password_n = 16;
    if (round->connect == CONNECT_NEW || round->connect == CONNECT_BAD_PASSWORD)
        round->password_n = lengths[chance(g, 200) ? below(g, 5) : 0];
    if (round->connect == CONNECT_CUT)
        round->protocol = (int32_t)below(g, 28); /* without any password */
    if (round->connect > CONNECT_RESUME)
        return;
    for (int n = chance(g, 300) ? 1 + (int)below(g, 10) : 0; n > 0 && settled(round); n--)
        op_any(g, round);
}

void
gen_round(diff_gen *g, diff_round *round)
{
    round_clear(round);
    for (int i = 0; i < SESSIONS; i++)
        if (!g->connected[i] && chance(g, g->alive[i] ? 400 : 700)) {
            round->session = i;
            connect_round(g, round);
            return;
        }
    int s = (int)below(g, SESSIONS);
    for (int i = 0; i < SESSIONS && !g->connected[s]; i++)
        s = (s + 1) % SESSIONS;
    round->session = s;
    uint64_t kind = below(g, 1000);
    if (!g->connected[s]) {
        connect_round(g, round);
    } else if (kind < 10) {
        round->kind = ROUND_DROP;
    } else if (kind < 20) {
        round->kind = ROUND_FATAL;
        op_close(g, round);
    } else if (kind < 32) {
        round->kind = ROUND_FATAL;
        op_fatal(g, round);
    } else if (g->n_swept) {
        sweep(g, round);
    } else if (kind < 52) {
        clear(g, round);
    } else {
        burst(g, round);
    }
}
