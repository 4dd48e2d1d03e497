/* SPDX-License-Identifier: Apache-2.0 */
/* 4lw: a four-letter word to each server. */
#include <string.h>

#include "ensemble/ensemble.h"
#include "frame/out.h"
#include "frame/text.h"

static void
put_answer(const struct ctx *ctx, const struct asked *asked, bool many, const char *word)
{
    const struct answer *answer = &asked->answers[TOPIC_RAW];
    if (ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_text(&json, "server", asked->server->name);
        json_text(&json, "command", word);
        json_data(&json, answer->bytes, answer->len);
        end_json(&json);
        return;
    }
    if (many) {
        fputs("==> ", stdout);
        put_text(ctx, asked->server->name);
        fputs(" <==\n", stdout);
    }
    if (ctx->out_is_tty) /* whatever answers there is not to speak to the terminal */
        put_visible(stdout, answer->bytes, answer->len, true);
    else
        fwrite(answer->bytes, 1, answer->len, stdout);
    bool open_line = answer->len > 0 && answer->bytes[answer->len - 1] != '\n';
    if (open_line && (ctx->out_is_tty || many))
        fputc('\n', stdout);
}

/* changes_something: the words that do more than tell. */
static bool
changes_something(const char *word)
{
    static const char *const words[] = {"srst", "crst", "stmk", "kill"};
    bool changes = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        changes = changes || strcmp(word, words[i]) == 0;
    return changes;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const char *word = in->words[0];
    if (strlen(word) != 4)
        return fail_usage(ctx, "%s: a word has four letters: ruok, srvr, mntr, ...", word);
    if (changes_something(word) && ctx->only_reads)
        return need_leave(ctx, MAKES_OWN_NODES);
    struct ensemble e;
    int code = ensemble_begin(&e, ctx, NULL, in->words + 1, in->n - 1);
    e.word = word;
    struct asked *asked = code == DONE ? ensemble_ask(&e, TOPICS(TOPIC_RAW), NULL, NULL) : NULL;
    for (size_t i = 0; asked != NULL && i < e.n; i++) {
        int one = DONE;
        if (asked[i].answers[TOPIC_RAW].via == VIA_NOTHING)
            one = ensemble_tell(&e, &asked[i], TOPIC_RAW);
        else
            put_answer(ctx, &asked[i], e.n > 1, word);
        code = worse(code, i, one);
    }
    if (asked == NULL && code == DONE)
        code = FAILED; /* interrupted */
    asked_free(asked, e.n);
    ensemble_end(&e);
    return code;
}

static const struct alias aliases[] = {{"cmd", NO_OPT}, {NULL, NO_OPT}};
static const struct example examples[] = {{"zobo 4lw mntr", "the server's counters"},
                                          {"zobo -H zk1,zk2,zk3 4lw srvr", "the version, mode and latencies of each"},
                                          {"zobo 4lw ruok zk1 zk2:2182", "without --hosts"},
                                          {NULL, NULL}};
static const struct exit_text exits[] = {{"6", "the server does not answer this word: see its 4lw.commands.whitelist"},
                                         {NULL, NULL}};

const struct command cmd_fourlw = {
    .name = "4lw",
    .aliases = aliases,
    .usage = "WORD [HOST...]",
    .summary = "send a four-letter word, print the answer",
    .about = "Each server of --hosts, or each HOST, is asked, all at the same time, and no session is needed: one that "
             "has lost its quorum answers too. It sends any word, also those that change something (srst, crst).",
    .examples = examples,
    .exits = exits,
    .min_words = 1,
    .max_words = WORDS_ANY,
    .pages = true,
    .formats = FORMATS_ONE,
    .run = run};
