/* SPDX-License-Identifier: Apache-2.0 */
/* One question to one server. */
#include <stdlib.h>
#include <string.h>

#include "ensemble.h"
#include "frame/clock.h"

enum { ADMIN_MAX = 64 << 20 };

static const char not_serving[] = "is not currently serving requests"; /* ZooKeeper's words for: no quorum */

static void
set_problem(struct answer *out, int code, const char *text)
{
    out->code = code;
    snprintf(out->problem, sizeof out->problem, "%.*s", (int)sizeof out->problem - 1, text);
}

static void
set_not_serving(struct answer *out)
{
    set_problem(out, NO_SERVER, "it runs but does not serve: it has no quorum");
    out->not_serving = true;
}

/* take_word keeps what a server said to a word, unless that is a refusal. */
static bool
take_word(const char *word, const zobo_reply *reply, struct answer *out)
{
    const char *text = reply->data != NULL ? reply->data : "";
    char problem[200];
    if (reply->data_len < 200 && strstr(text, "is not in the whitelist") != NULL) {
        snprintf(problem, sizeof problem, "%s is not in its 4lw.commands.whitelist", word);
        set_problem(out, NOT_ALLOWED, problem);
        return false;
    }
    if (reply->data_len < 200 && strstr(text, not_serving) != NULL) {
        set_not_serving(out);
        return false;
    }
    out->via = VIA_WORD;
    out->len = reply->data_len;
    out->bytes = need_memory(out->len + 1, 1);
    if (out->len > 0)
        memcpy(out->bytes, text, out->len);
    return true;
}

bool
ask_word(const struct ensemble *e, const struct server *server, const char *word, struct answer *out)
{
    enum { PAUSE_MS = 100 };
    zobo_reply *reply = NULL;
    zobo_problem why = {0};
    uint64_t end = now_ms() + e->ms, now;
    zobo_err err = zobo_command_at(server->name, word, e->ms, &reply, &why);
    while (e->ctx->wait && zobo_err_class(err) == ZOBO_CLASS_RETRY && (now = now_ms()) + PAUSE_MS < end) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
        err = zobo_command_at(server->name, word, (uint32_t)(end - now - PAUSE_MS + 1), &reply, &why);
    }
    if (err == ZOBO_OK) {
        bool good = take_word(word, reply, out);
        zobo_reply_free(reply);
        return good;
    }
    const char *text = why.text[0] != '\0' ? why.text : zobo_err_text(err);
    size_t name = strlen(server->name);
    if (strncmp(text, server->name, name) == 0 && strncmp(text + name, ": ", 2) == 0)
        text += name + 2; /* what is told begins with it anyway */
    set_problem(out, exit_code_of(err), err == ZOBO_EOPERATIONTIMEOUT ? "no answer in time" : text);
    out->err = err;
    return false;
}

bool
ask_admin(const struct ensemble *e, const struct server *server, const char *command, struct answer *out)
{
    if (server->admin == NULL) {
        set_problem(out, NOT_ALLOWED, "where its AdminServer listens is not known (--admin)");
        return false;
    }
    char url[600], problem[650];
    int len = snprintf(url, sizeof url, "%s/commands/%s", server->admin, command);
    if (len < 0 || (size_t)len >= sizeof url) {
        set_problem(out, BAD_USAGE, "its AdminServer's address is too long");
        return false;
    }
    struct http_answer http;
    http_get(&e->http, url, e->ms, ADMIN_MAX, &http);
    if (http.status == 0) {
        snprintf(problem, sizeof problem, "AdminServer at %s: %s", server->admin, http.problem);
        set_problem(out, NO_SERVER, problem);
        return false;
    }
    if (http.len < 400 && http.bytes != NULL && strstr(http.bytes, not_serving) != NULL) {
        free(http.bytes);
        set_not_serving(out);
        return false;
    }
    bool json = http.bytes != NULL && http.bytes[strspn(http.bytes, " \t\r\n")] == '{';
    if (http.status == 200 && json) {
        out->via = VIA_ADMIN;
        out->bytes = http.bytes;
        out->len = http.len;
        return true;
    }
    if (json)
        snprintf(problem, sizeof problem, "AdminServer at %s does not know %s (HTTP %ld)", server->admin, command,
                 http.status);
    else
        snprintf(problem, sizeof problem, "what answers at %s is no AdminServer (HTTP %ld)", server->admin,
                 http.status);
    free(http.bytes);
    set_problem(out, NOT_ALLOWED, problem);
    return false;
}
