/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds in a file, to be played again and shrunk. A line for a round, one for each of its requests. */
#include "diff/diff.h"

#include <string.h>

bool
file_write(FILE *f, const diff_round *round)
{
    fprintf(f, "R %d %d %d %d %d %d %d %zu %d\n", (int)round->kind, (int)round->connect, round->session,
            (int)round->timeout, (int)round->protocol, (int)round->password_n, round->short_request, round->split,
            round->n);
    for (int i = 0; i < round->n; i++) {
        const diff_op *op = &round->ops[i];
        fprintf(f, "O %d %d %d %lld %zu ", (int)op->xid, (int)op->type, op->raw, (long long)op->zxid, op->frame.n);
        for (size_t k = 0; k < op->frame.n; k++)
            fprintf(f, "%02x", op->frame.p[k]);
        fprintf(f, " # %s\n", op->text);
    }
    return !ferror(f);
}

static bool
read_op(FILE *f, diff_op *op)
{
    int raw;
    long long zxid;
    size_t n;
    if (fscanf(f, " O %d %d %d %lld %zu", &op->xid, &op->type, &raw, &zxid, &n) != 5)
        return false;
    op->raw = raw != 0;
    op->zxid = zxid;
    op->node = -1;
    for (size_t k = 0; k < n; k++) {
        unsigned byte;
        if (fscanf(f, "%2x", &byte) != 1)
            return false;
        zt_put_raw(&op->frame, &(uint8_t){(uint8_t)byte}, 1);
    }
    char text[sizeof op->text + 2];
    if (fscanf(f, " #") != 0 || !fgets(text, sizeof text, f))
        return false;
    snprintf(op->text, sizeof op->text, "%.*s", (int)sizeof op->text - 1, text + 1); /* behind a space */
    op->text[strcspn(op->text, "\n")] = 0;
    return true;
}

int
file_read(FILE *f, diff_round *round)
{
    int kind, connect, cut;
    round_clear(round);
    int got = fscanf(f, " R %d %d %d %d %d %d %d %zu %d", &kind, &connect, &round->session, &round->timeout,
                     &round->protocol, &round->password_n, &cut, &round->split, &round->n);
    if (got == EOF)
        return 0;
    if (got != 9 || round->password_n > 40 || round->session < 0 || round->session >= SESSIONS || round->n < 0 ||
        round->n > MAX_OPS)
        return -1;
    round->kind = (diff_kind)kind;
    round->connect = (diff_connect)connect;
    round->short_request = cut != 0;
    for (int i = 0; i < round->n; i++)
        if (!read_op(f, &round->ops[i]))
            return -1;
    return 1;
}
