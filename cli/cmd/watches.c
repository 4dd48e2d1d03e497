/* SPDX-License-Identifier: Apache-2.0 */
/* watches: which client watches which path. */
#include <stdlib.h>
#include <string.h>

#include "ensemble/sessions.h"
#include "frame/table.h"

enum { O_RECURSIVE = E_OWN };

static const struct opt opts[] = {ENSEMBLE_OPTS,
                                  [O_RECURSIVE] = {'r', "recursive", OPT_FLAG, NULL, "PATH and all that is below it"},
                                  {0, NULL, OPT_FLAG, NULL, NULL}};

static const struct column columns[] = {{"path", "PATH", CELL_TEXT},
                                        {"client", "CLIENT", CELL_TEXT},
                                        {"server", "SERVER", CELL_TEXT},
                                        {"session", "SESSION", CELL_ID}};

static bool
is_meant(const char *path, const char *wanted, bool below)
{
    if (wanted == NULL || strcmp(path, wanted) == 0)
        return true;
    size_t len = strcmp(wanted, "/") == 0 ? 0 : strlen(wanted);
    return below && strncmp(path, wanted, len) == 0 && path[len] == '/';
}

static int
list(struct ctx *ctx, const struct args *in, const char *wanted)
{
    struct ensemble e;
    struct sessions sessions = {0};
    int code = ensemble_begin(&e, ctx, in, NULL, 0);
    if (code == DONE)
        code = sessions_read(&e, TOPICS(TOPIC_CONNECTIONS) | TOPICS(TOPIC_WATCHES), &sessions, NULL, NULL, NULL);
    struct table *table = table_new(ctx, columns, sizeof columns / sizeof columns[0]);
    size_t found = 0;
    for (size_t i = 0; i < sessions.n_watches; i++) {
        const struct held_path *watch = &sessions.watches[i];
        if (!is_meant(watch->path, wanted, in->opt[O_RECURSIVE].given))
            continue;
        const struct live *live = sessions_find(&sessions, watch->session);
        found++;
        table_text(table, watch->path);
        if (live != NULL && live->connection != NULL) {
            table_text(table, live->connection->address);
            table_text(table, live->server->name);
        } else {
            table_none(table);
            table_none(table);
        }
        table_int(table, watch->session);
    }
    table_end(table);
    sessions_free(&sessions);
    ensemble_end(&e);
    return code == DONE && found == 0 && wanted != NULL ? ANSWER_NO : code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    if (in->n == 0)
        return in->opt[O_RECURSIVE].given ? fail_usage(ctx, "--recursive below which PATH?") : list(ctx, in, NULL);
    int code = need_client(ctx);
    if (code == DONE)
        code = need_path(ctx, in->words[0], false);
    if (code != DONE)
        return code;
    char *full = full_path(ctx, in->words[0]);
    code = list(ctx, in, full);
    free(full);
    return code;
}

static const struct example examples[] = {
    {"zobo -H zk1,zk2,zk3 watches /app/config", "whom a change of it will be told"},
    {"zobo watches -a -r /app -o json", "below it, at all servers of the ensemble, an object a line"},
    {"zobo watches -o raw | cut -f2 | sort | uniq -c | sort -n", "how many paths each client watches"},
    {NULL, NULL}};
static const struct exit_text exits[] = {{"1", "nobody watches PATH"}, ENSEMBLE_EXITS, {NULL, NULL}};

const struct command cmd_watches = {
    .name = "watches",
    .usage = "[PATH]",
    .summary = "list which client watches which path",
    .about =
        "Asks each server for its watches (wchc) and connections (cons), by four-letter words or AdminServer, and "
        "puts addresses in the place of sessions. Paths are printed as the servers know them, the chroot included. "
        "A client has several kinds of watch on a path in one line. Asking for all watches costs a server with "
        "many of them time.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .max_words = 1,
    .pages = true,
    .formats = FORMATS_TABLE,
    .run = run};
