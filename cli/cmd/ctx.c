/* SPDX-License-Identifier: Apache-2.0 */
/* ctx: the clusters one works with, by name. The user's file is text that may be edited by hand: what these commands do
 * not touch stays as it is, comments too. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame/config.h"
#include "frame/out.h"
#include "frame/table.h"
#include "run/editor.h"

enum { FILE_MAX = 1 << 20 };

/* --- reading ------------------------------------------------------------------------------------------------------ */

static const struct column list_columns[] = {{"current", "IN USE", CELL_BOOL},
                                             {"context", "CONTEXT", CELL_TEXT},
                                             {"hosts", "SERVERS", CELL_TEXT},
                                             {"chroot", "CHROOT", CELL_TEXT},
                                             {"changes", "CHANGES", CELL_TEXT}};

static void
list_one(struct table *table, const struct config *config, const char *context)
{
    const char *hosts = config_get(config, context, "hosts"), *local = config_get(config, context, "local");
    const char *chroot = config_get(config, context, "chroot");
    const char *readonly = config_get(config, context, "readonly"), *confirm = config_get(config, context, "confirm");
    bool refused = readonly != NULL && (strcmp(readonly, "yes") == 0 || strcmp(readonly, "true") == 0);
    bool asked = confirm != NULL && strcmp(confirm, "always") == 0;
    table_int(table, config->current != NULL && strcmp(config->current, context) == 0);
    table_text(table, context);
    table_text(table, hosts != NULL ? hosts : local != NULL ? local : "127.0.0.1:2181");
    table_text(table, chroot != NULL ? chroot : "/");
    table_text(table, refused ? "refused" : asked ? "asked about" : "allowed");
}

static bool
seen_before(const struct config *config, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(config->settings[k].context, config->settings[i].context) == 0)
            return true;
    return false;
}

static int
run_list(struct ctx *ctx, const struct args *in)
{
    struct config config;
    int code = config_load(ctx, &config);
    (void)in;
    if (code == DONE) {
        struct table *table = table_new(ctx, list_columns, sizeof list_columns / sizeof list_columns[0]);
        for (size_t i = 0; i < config.n; i++)
            if (!seen_before(&config, i))
                list_one(table, &config, config.settings[i].context);
        table_end(table);
        if (config.n == 0)
            note(ctx, "there are no contexts yet; `zobo ctx add NAME hosts=...` makes one");
    }
    config_free(&config);
    return code;
}

static int
no_context(const struct ctx *ctx, const char *context)
{
    return refuse(ctx, BAD_USAGE, "no context %s; `zobo ctx` lists those there are", context);
}

static int
run_show(struct ctx *ctx, const struct args *in)
{
    struct config config;
    int code = config_load(ctx, &config);
    const char *context = in->n > 0 ? in->words[0] : config.current;
    if (code == DONE && context == NULL)
        code = refuse(ctx, ANSWER_NO, "no context is in use; `zobo ctx use NAME` chooses one");
    else if (code == DONE && !config_has(&config, context))
        code = no_context(ctx, context);
    struct json json = {.to = stdout};
    if (code == DONE && ctx->format == FORMAT_JSON) {
        json_open(&json, NULL, '{');
        json_text(&json, "context", context);
    }
    for (size_t p = 0; code == DONE && properties[p] != NULL; p++) {
        const char *value = config_get(&config, context, properties[p]);
        if (value != NULL && ctx->format == FORMAT_JSON)
            json_text(&json, properties[p], value);
        else if (value != NULL)
            printf("%s = %s\n", properties[p], value);
    }
    if (code == DONE && ctx->format == FORMAT_JSON)
        end_json(&json);
    config_free(&config);
    return code;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* make_parent makes the directory of a file, and that one's, for the user alone. */
static int
make_parent(const struct ctx *ctx, const char *path)
{
    char *directory = need_copy(path);
    int code = DONE;
    for (char *slash = strchr(directory + 1, '/'); slash != NULL && code == DONE; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(directory, 0700) != 0 && errno != EEXIST)
            code = fail_errno(ctx, directory, errno);
        *slash = '/';
    }
    free(directory);
    return code;
}

/* replace_file puts text in the place of a file, all of it or nothing. */
static int
replace_file(const struct ctx *ctx, const char *path, const char *text, size_t len)
{
    int code = make_parent(ctx, path);
    char *temporary = code == DONE ? write_temporary(ctx, path, text, len) : NULL;
    if (temporary == NULL)
        return FAILED;
    if (rename(temporary, path) != 0) {
        code = fail_errno(ctx, path, errno);
        unlink(temporary);
    }
    free(temporary);
    return code;
}

/* own_file returns the text of the user's file, "" when there is none yet; `*path` is its name. Both to be freed; NULL
 * after telling. */
static char *
own_file(const struct ctx *ctx, char **path, size_t *len)
{
    *path = config_file();
    *len = 0;
    if (*path == NULL) {
        refuse(ctx, FAILED,
               "there is no home directory for a file of contexts: set HOME, XDG_CONFIG_HOME or "
               "ZOBO_CONFIG");
        return NULL;
    }
    if (access(*path, F_OK) != 0 && errno == ENOENT)
        return need_copy("");
    return read_whole(ctx, *path, FILE_MAX, len);
}

static int
use(const struct ctx *ctx, const char *context)
{
    char *path = config_current_file();
    if (path == NULL)
        return refuse(ctx, FAILED, "there is no home directory to remember it in: set HOME, or ZOBO_CONTEXT=%s",
                      context);
    size_t size = strlen(context) + 2;
    char *line = need_memory(size, 1);
    snprintf(line, size, "%s\n", context);
    int code = replace_file(ctx, path, line, size - 1);
    free(line);
    free(path);
    return code;
}

static int
forget_current(const struct ctx *ctx)
{
    char *path = config_current_file();
    int code = path != NULL && unlink(path) != 0 && errno != ENOENT ? fail_errno(ctx, path, errno) : DONE;
    free(path);
    return code;
}

enum { O_NONE };
static const struct opt use_opts[] = {[O_NONE] = {0, "none", OPT_FLAG, NULL, "use no context any more"},
                                      {0, NULL, OPT_FLAG, NULL, NULL}};

static int
run_use(struct ctx *ctx, const struct args *in)
{
    if (in->opt[O_NONE].given)
        return in->n == 0 ? forget_current(ctx) : fail_usage(ctx, "--none, or a context?");
    if (in->n == 0)
        return fail_usage(ctx, "which context?");
    struct config config;
    int code = config_load(ctx, &config);
    if (code == DONE && !config_has(&config, in->words[0]))
        code = no_context(ctx, in->words[0]);
    config_free(&config);
    return code == DONE ? use(ctx, in->words[0]) : code;
}

static int
check_name(const struct ctx *ctx, const char *name)
{
    bool good = name[0] != '\0' && name[0] != '-' && strlen(name) <= 40;
    for (const char *c = name; *c != '\0' && good; c++)
        good = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
               strchr("._-", *c) != NULL;
    return good ? DONE : fail_usage(ctx, "%s: a context's name is up to 40 letters, digits, '.', '_' and '-'", name);
}

/* append_settings adds the section's lines to the text, long values over several of them. */
static int
append_settings(const struct ctx *ctx, FILE *to, const struct args *in)
{
    fprintf(to, "[%s]\n", in->words[0]);
    for (size_t i = 1; i < in->n; i++) {
        char *key = in->words[i], *equals = strchr(key, '=');
        if (equals == NULL)
            return fail_usage(ctx, "%s: a property is KEY=VALUE", key);
        *equals = '\0';
        const char *value = equals + 1;
        int code = check_setting(ctx, in->words[0], key, value);
        if (code != DONE)
            return code;
        if (strpbrk(value, "\r\n;") != NULL)
            return fail_usage(ctx, "%s: a value is one line without ';'", key);
        fprintf(to, "%s =", key);
        for (size_t room = 150; *value != '\0'; room = 0) {
            size_t n = strcspn(value, ",") + (value[strcspn(value, ",")] == ',');
            fprintf(to, room == 0 ? "\n    %.*s" : " %.*s", (int)n, value);
            value += n;
        }
        fputc('\n', to);
    }
    return DONE;
}

static int
add(struct ctx *ctx, const struct args *in)
{
    char *path, *text;
    size_t len;
    text = own_file(ctx, &path, &len);
    if (text == NULL) {
        free(path);
        return FAILED;
    }
    char *all = NULL;
    size_t all_len = 0;
    FILE *to = open_memstream(&all, &all_len);
    int code = to == NULL ? fail_errno(ctx, "memory", errno) : DONE;
    if (code == DONE) {
        fwrite(text, 1, len, to);
        if (len > 0)
            fputs(text[len - 1] == '\n' ? "\n" : "\n\n", to);
        code = append_settings(ctx, to, in);
        if (fclose(to) != 0 && code == DONE)
            code = fail_errno(ctx, "memory", errno);
    }
    if (code == DONE)
        code = replace_file(ctx, path, all, all_len);
    free(all);
    free(text);
    free(path);
    return code;
}

static int
run_add(struct ctx *ctx, const struct args *in)
{
    struct config config;
    int code = check_name(ctx, in->words[0]);
    if (code != DONE)
        return code;
    code = config_load(ctx, &config);
    if (code == DONE && config_has(&config, in->words[0]))
        code = refuse(ctx, CONFLICT, "there is a context %s already; `zobo ctx edit` changes it", in->words[0]);
    bool first = config.n == 0;
    config_free(&config);
    if (code == DONE)
        code = add(ctx, in);
    if (code == DONE && first)
        note(ctx, "`zobo ctx use %s` makes it the one that is used without --context", in->words[0]);
    return code;
}

/* drop_section takes the lines of a section out of the text, in place. */
static bool
drop_section(char *text, const char *context)
{
    bool dropping = false, dropped = false;
    size_t len = strlen(context);
    char *to = text;
    for (char *line = text, *next; *line != '\0'; line = next) {
        size_t n = strcspn(line, "\n");
        next = line + n + (line[n] == '\n');
        const char *first = line + strspn(line, " \t");
        if (*first == '[') {
            dropping = strncmp(first + 1, context, len) == 0 && first[1 + len] == ']';
            dropped = dropped || dropping;
        }
        if (!dropping || *first == '#' || *first == ';') { /* whose a comment is, only its writer knows */
            memmove(to, line, (size_t)(next - line));
            to += next - line;
        }
    }
    *to = '\0';
    return dropped;
}

static int
run_rm(struct ctx *ctx, const struct args *in)
{
    struct config config;
    int code = config_load(ctx, &config);
    bool known = code == DONE && config_has(&config, in->words[0]);
    bool current = config.current != NULL && strcmp(config.current, in->words[0]) == 0;
    config_free(&config);
    if (code != DONE)
        return code;
    if (!known)
        return no_context(ctx, in->words[0]);
    char *path;
    size_t len;
    char *text = own_file(ctx, &path, &len);
    if (text == NULL)
        code = FAILED;
    else if (!drop_section(text, in->words[0]))
        code = refuse(ctx, FAILED, "%s stands in /etc/zobo/config.ini, not in %s", in->words[0], path);
    else
        code = replace_file(ctx, path, text, strlen(text));
    if (code == DONE && current)
        code = forget_current(ctx);
    free(text);
    free(path);
    return code;
}

/* edit_copy lets the user edit a copy, again and again until it can be read or they give up. */
static int
edit_copy(struct ctx *ctx, const char *copy)
{
    int code = run_editor(ctx, copy);
    if (code != DONE)
        return code;
    struct config config;
    if (setenv("ZOBO_CONFIG", copy, 1) != 0)
        return fail_errno(ctx, "ZOBO_CONFIG", errno);
    code = config_load(ctx, &config);
    config_free(&config);
    return code;
}

static int
run_edit(struct ctx *ctx, const struct args *in)
{
    (void)in;
    char *path;
    size_t len;
    char *text = own_file(ctx, &path, &len);
    int code = text == NULL ? FAILED : make_parent(ctx, path);
    char *copy = code == DONE ? write_temporary(ctx, path, text, len) : NULL;
    if (copy != NULL) {
        code = edit_copy(ctx, copy);
        if (code == DONE && rename(copy, path) != 0)
            code = fail_errno(ctx, path, errno);
        if (code == BAD_USAGE)
            note(ctx, "%s stays as it was; what you wrote is in %s", path, copy);
        else if (code != DONE)
            unlink(copy);
    } else if (code == DONE) {
        code = FAILED;
    }
    free(copy);
    free(text);
    free(path);
    return code;
}

/* --- the table's entries ------------------------------------------------------------------------------------------ */

static const struct alias list_aliases[] = {{"ctx list", NO_OPT}, {"ctx ls", NO_OPT}, {NULL, NO_OPT}};
static const struct example list_examples[] = {
    {"zobo ctx add prod hosts=zk1,zk2,zk3 chroot=/app auth-file=~/.zobo-auth confirm=always", "a cluster by a name"},
    {"zobo -C prod ls /", "use it once"},
    {"zobo ctx use prod", "use it from now on"},
    {"zobo ctx", "which there are, and which is in use"},
    {NULL, NULL}};
const struct command cmd_ctx = {
    .name = "ctx",
    .aliases = list_aliases,
    .usage = "",
    .summary = "list the contexts: clusters by name",
    .about =
        "A context is a section of $XDG_CONFIG_HOME/zobo/config.ini (~/.config/zobo/config.ini), or of "
        "/etc/zobo/config.ini. Its properties are hosts, local, auth-file, connect-timeout, session-timeout, wait, "
        "read-only and output, which are what the options of these names are; chroot; readonly = yes, which refuses "
        "whatever would change data; confirm = always, which asks before each change. An option counts more than "
        "ZOBO_..., that more than the context. With --hosts or --local the context in use is left aside, for its "
        "credentials and rules are for its servers; --context is not.",
    .examples = list_examples,
    .pages = true,
    .formats = FORMATS_TABLE,
    .no_context = true,
    .run = run_list};

static const struct example show_examples[] = {
    {"zobo ctx show prod", "its properties"}, {"zobo ctx show", "those of the one in use"}, {NULL, NULL}};
const struct command cmd_ctx_show = {.name = "ctx show",
                                     .usage = "[CONTEXT]",
                                     .summary = "print a context's properties",
                                     .examples = show_examples,
                                     .max_words = 1,
                                     .formats = FORMATS_ONE,
                                     .no_context = true,
                                     .run = run_show};

static const struct alias use_aliases[] = {{"ctx select", NO_OPT}, {NULL, NO_OPT}};
static const struct example use_examples[] = {
    {"zobo ctx use prod", "from now on"}, {"zobo ctx use --none", "127.0.0.1:2181 again"}, {NULL, NULL}};
const struct command cmd_ctx_use = {.name = "ctx use",
                                    .aliases = use_aliases,
                                    .usage = "[CONTEXT]",
                                    .summary = "choose the context that is used without --context",
                                    .about = "It is remembered beside the file of contexts. ZOBO_CONTEXT chooses one "
                                             "for one terminal.",
                                    .examples = use_examples,
                                    .opts = use_opts,
                                    .max_words = 1,
                                    .formats = FORMATS_ONE,
                                    .no_context = true,
                                    .run = run_use};

static const struct example add_examples[] = {
    {"zobo ctx add dev local=~/zk-data", "a server of our own, started when it is needed"},
    {"zobo ctx add prod hosts=zk1,zk2,zk3 chroot=/app confirm=always", "each change is asked about"},
    {"zobo ctx add audit hosts=zk1,zk2,zk3 readonly=yes", "nothing can be changed"},
    {NULL, NULL}};
const struct command cmd_ctx_add = {.name = "ctx add",
                                    .usage = "CONTEXT [KEY=VALUE...]",
                                    .summary = "add a context",
                                    .examples = add_examples,
                                    .min_words = 2,
                                    .max_words = WORDS_ANY,
                                    .formats = FORMATS_ONE,
                                    .no_context = true,
                                    .run = run_add};

static const struct example rm_examples[] = {{"zobo ctx rm dev", "forget it; the cluster is not touched"},
                                             {NULL, NULL}};
const struct command cmd_ctx_rm = {.name = "ctx rm",
                                   .usage = "CONTEXT",
                                   .summary = "remove a context",
                                   .examples = rm_examples,
                                   .min_words = 1,
                                   .max_words = 1,
                                   .formats = FORMATS_ONE,
                                   .no_context = true,
                                   .run = run_rm};

static const struct example edit_examples[] = {{"zobo ctx edit", "with $VISUAL or $EDITOR"}, {NULL, NULL}};
const struct command cmd_ctx_edit = {.name = "ctx edit",
                                     .usage = "",
                                     .summary = "edit the file of contexts",
                                     .about = "It is checked before it counts.",
                                     .examples = edit_examples,
                                     .formats = FORMATS_ONE,
                                     .no_context = true,
                                     .run = run_edit};
