/* SPDX-License-Identifier: Apache-2.0 */
/* admin: a command of AdminServer's to each server. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ensemble/ensemble.h"
#include "frame/out.h"
#include "frame/text.h"

static const struct opt opts[] = {ENSEMBLE_OPTS, {0, NULL, OPT_FLAG, NULL, NULL}};

/* put_json writes {"server":..,"command":..,"answer":{..}}, the answer as it is but for its layout. */
static int
put_json(const struct ensemble *e, const struct asked *asked)
{
    const struct answer *answer = &asked->answers[TOPIC_RAW];
    json_error_t why;
    json_t *all = json_loadb(answer->bytes, answer->len, 0, &why);
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    if (text == NULL)
        return refuse(e->ctx, FAILED, "%s: the answer is no JSON: %s", asked->server->name, why.text);
    struct json json = {.to = stdout};
    json_open(&json, NULL, '{');
    json_text(&json, "server", asked->server->name);
    json_text(&json, "command", e->command);
    printf(",\"answer\":%s", text);
    end_json(&json);
    free(text);
    return DONE;
}

/* The text of an "error" in an answer: "" when there is none. */
static char *
error_in(const struct answer *answer)
{
    json_error_t why;
    json_t *all = json_loadb(answer->bytes, answer->len, 0, &why);
    const char *text = json_string_value(json_object_get(all, "error"));
    char *copy = need_copy(text != NULL ? text : "");
    json_decref(all);
    return copy;
}

static int
put_answer(const struct ensemble *e, const struct asked *asked)
{
    const struct answer *answer = &asked->answers[TOPIC_RAW];
    if (answer->via == VIA_NOTHING)
        return ensemble_tell(e, asked, TOPIC_RAW);
    char *error = error_in(answer);
    int code = error[0] == '\0' ? DONE : refuse(e->ctx, FAILED, "%s: %s", asked->server->name, error);
    free(error);
    if (code != DONE)
        return code;
    if (e->ctx->format == FORMAT_JSON)
        return put_json(e, asked);
    if (e->n > 1) {
        fputs("==> ", stdout);
        put_text(e->ctx, asked->server->name);
        fputs(" <==\n", stdout);
    }
    if (e->ctx->out_is_tty) /* whatever answers there is not to speak to the terminal */
        put_visible(stdout, answer->bytes, answer->len, true);
    else
        fwrite(answer->bytes, 1, answer->len, stdout);
    if (answer->len > 0 && answer->bytes[answer->len - 1] != '\n')
        fputc('\n', stdout);
    return DONE;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const char *command = in->words[0];
    if (command[0] == '\0' ||
        command[strspn(command, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] != '\0')
        return fail_usage(ctx, "%s: commands are monitor, server_stats, connections, ...", command);
    struct ensemble e;
    int code = ensemble_begin(&e, ctx, in, in->words + 1, in->n - 1);
    e.command = command;
    struct asked *asked = code == DONE ? ensemble_ask(&e, TOPICS(TOPIC_RAW), NULL, NULL) : NULL;
    for (size_t i = 0; asked != NULL && i < e.n; i++)
        code = worse(code, i, put_answer(&e, &asked[i]));
    if (asked == NULL && code == DONE)
        code = FAILED; /* interrupted */
    asked_free(asked, e.n);
    ensemble_end(&e);
    return code;
}

static const struct example examples[] = {
    {"zobo admin monitor", "the server's counters, from port 8080"},
    {"zobo -H zk1,zk2,zk3 admin --admin 9090 leader", "from port 9090 of each"},
    {"zobo admin -o json server_stats | jq .answer.server_stats.server_state", "an object a line"},
    {NULL, NULL}};
static const struct exit_text exits[] = {{"3", "AdminServer could not carry the command out"},
                                         {"6", "AdminServer does not know the command, or has it turned off"},
                                         {"7", "nobody listens where AdminServer should: see admin.enableServer"},
                                         {NULL, NULL}};

const struct command cmd_admin = {
    .name = "admin",
    .usage = "ADMIN_COMMAND [HOST...]",
    .summary = "ask AdminServer, print the answer",
    .about = "Each server of --hosts, or each HOST, is asked over HTTP, all at the same time; the answer is JSON. "
             "AdminServer listens on port 8080 of each unless --admin says otherwise; `zobo serve` has it with --http. "
             "`curl http://HOST:8080/commands` lists the commands.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .min_words = 1,
    .max_words = WORDS_ANY,
    .pages = true,
    .formats = FORMATS_ONE,
    .run = run};
