/* SPDX-License-Identifier: Apache-2.0 */
/* config, reconfig: the ensemble's members. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ensemble/lines.h"
#include "ensemble/members.h"
#include "frame/input.h"
#include "frame/out.h"
#include "frame/table.h"

static const struct column columns[] = {{"id", "ID", CELL_INT},        {"role", "ROLE", CELL_TEXT},
                                        {"peers", "PEERS", CELL_TEXT}, {"client", "CLIENT", CELL_TEXT},
                                        {"spec", "SPEC", CELL_TEXT},   {"version", "VERSION", CELL_ID}};

/* put_members prints a configuration, as data or parsed. */
static void
put_members(struct ctx *ctx, const char *data, size_t len)
{
    if (ctx->format == FORMAT_RAW) {
        fwrite(data, 1, len, stdout);
        if (ctx->out_is_tty && len > 0 && data[len - 1] != '\n')
            fputc('\n', stdout);
        return;
    }
    struct members members = {0};
    parse_config(data, len, &members);
    struct table *table = table_new(ctx, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < members.n; i++) {
        const struct member *member = &members.items[i];
        table_int(table, member->id);
        table_text(table, member->observer ? "observer" : "participant");
        table_text_or_none(table, member->peers);
        table_text_or_none(table, member->client);
        table_text_or_none(table, member->spec);
        if (members.version >= 0)
            table_int(table, members.version);
        else
            table_none(table); /* a plan has none */
    }
    table_end(table);
    members_free(&members);
}

static zobo_err
read_config(struct ctx *ctx, zobo_reply **reply)
{
    zobo_err err = zobo_get_config(ctx->client, NULL, reply);
    if (err == ZOBO_OK && (*reply)->data == NULL) {
        zobo_reply_free(*reply);
        *reply = NULL;
        return ZOBO_ENONODE;
    }
    return err;
}

static int
fail_config(struct ctx *ctx, zobo_err err)
{
    return fail(ctx, err, "/zookeeper/config", err == ZOBO_ENONODE ? "servers have it from 3.5 on" : NULL);
}

/* --- config -------------------------------------------------------------------------------------------------------- */

enum { O_CLIENTS };

static const struct opt config_opts[] = {
    [O_CLIENTS] = {'c', "client", OPT_FLAG, NULL, "only the host string for clients, of those that name their port"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static int
put_clients(struct ctx *ctx, const zobo_reply *reply)
{
    struct members members = {0};
    parse_config(reply->data, reply->data_len, &members);
    size_t n = 0;
    for (size_t i = 0; i < members.n; i++)
        if (members.items[i].client != NULL) {
            printf("%s", n++ > 0 ? "," : "");
            put_text(ctx, members.items[i].client);
        }
    members_free(&members);
    if (n == 0)
        return refuse(ctx, ANSWER_NO, "the configuration names no ports of clients");
    fputc('\n', stdout);
    return DONE;
}

static int
run_config(struct ctx *ctx, const struct args *in)
{
    if (in->n > 0 && strcmp(in->words[0], "get") != 0)
        return fail_usage(ctx, "%s: `zobo config get` prints it, `zobo reconfig` changes it", in->words[0]);
    if (in->opt[O_CLIENTS].given && ctx->format != FORMAT_TEXT)
        return fail_usage(ctx, "--client prints text only");
    int code = need_session(ctx);
    if (code != DONE)
        return code;
    zobo_reply *reply = NULL;
    zobo_err err = read_config(ctx, &reply);
    if (err != ZOBO_OK)
        return fail_config(ctx, err);
    if (in->opt[O_CLIENTS].given)
        code = put_clients(ctx, reply);
    else
        put_members(ctx, reply->data, reply->data_len);
    zobo_reply_free(reply);
    return code;
}

static const struct example config_examples[] = {
    {"zobo config -o table", "the members: id, role, addresses of peers and clients"},
    {"zobo config -o raw", "the data of /zookeeper/config as it is"},
    {"export ZOBO_HOSTS=$(zobo -H zk1 config --client)", "a host string of all members"},
    {NULL, NULL}};

const struct command cmd_config = {
    .name = "config",
    .usage = "[get]",
    .summary = "print the ensemble's members",
    .about = "Reads /zookeeper/config, whatever the chroot. A member whose configuration names no port for clients "
             "(server.N=...;PORT) has none here. A server that stands alone, and `zobo serve`, have no members.",
    .examples = config_examples,
    .opts = config_opts,
    .max_words = 1,
    .pages = true,
    .formats = FORMATS_TABLE,
    .run = run_config};

/* --- reconfig ------------------------------------------------------------------------------------------------------ */

enum { O_ADD, O_REMOVE, O_MEMBERS, O_FILE, O_VERSION, O_DRY_RUN };

static const struct opt opts[] = {
    [O_ADD] = {'a', "add", OPT_LIST, "SERVER", "add or change a server: 5=host:2888:3888;2181; may be repeated"},
    [O_REMOVE] = {'r', "remove", OPT_LIST, "ID", "remove the server of this number; may be repeated"},
    [O_MEMBERS] = {'m', "members", OPT_TEXT, "LIST", "all members, separated by commas, instead of those there are"},
    [O_FILE] = {'f', "file", OPT_TEXT, "FILE", "all members: the server.N= lines of FILE, - for stdin"},
    [O_VERSION] = {'v', "if-version", OPT_TEXT, "HEX",
                   "only if the configuration has this version (exit code 5 if not)"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "print the members as they would be, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

/* Text that grows. */
struct text {
    char *p;
    size_t n;
};

static void
append(struct text *to, const char *separator, const char *before, const char *text, size_t len)
{
    size_t size = to->n + strlen(separator) + strlen(before) + len + 1;
    to->p = need_more(to->p, size, 1);
    int n = snprintf(to->p + to->n, size - to->n, "%s%s%.*s", to->n > 0 ? separator : "", before, (int)len, text);
    to->n += n > 0 ? (size_t)n : 0;
}

/* append_servers takes "5=host:..,server.6=.." apart and appends each as "server.5=host:..". */
static int
append_servers(struct ctx *ctx, struct text *to, const char *list)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        bool named = strncmp(list, "server.", 7) == 0;
        size_t digits = strspn(list + (named ? 7 : 0), "0123456789") + (named ? 7 : 0);
        if (digits == (named ? 7U : 0U) || list[digits] != '=' || memchr(list, ':', len) == NULL)
            return fail_usage(ctx, "%.*s: a server is like 5=host:2888:3888;2181, or server.5=...", (int)len, list);
        append(to, ",", named ? "" : "server.", list, len);
        list += len + (list[len] == ',');
    }
    return DONE;
}

static int
append_ids(struct ctx *ctx, struct text *to, const char *list)
{
    if (list[0] == '\0' || list[strspn(list, "0123456789,")] != '\0')
        return fail_usage(ctx, "%s: what is removed are numbers, as in server.N", list);
    append(to, ",", "", list, strlen(list));
    return DONE;
}

static int
read_file(struct ctx *ctx, const char *file, struct text *members)
{
    struct input input;
    int code = read_data(ctx, NULL, file, false, &input);
    struct span rest = {input.bytes, code == DONE ? input.len : 0}, line;
    while (code == DONE && span_line(&rest, &line)) {
        line = span_trim(line);
        if (line.n > 7 && memcmp(line.p, "server.", 7) == 0)
            append(members, ",", "", line.p, line.n);
    }
    input_free(&input);
    if (code == DONE && members->n == 0)
        code = refuse(ctx, BAD_USAGE, "%s: there is no server.N= line in it", file);
    return code;
}

struct change {
    struct text joining, leaving, members;
    int64_t version; /* -1: any */
};

static int
read_change(struct ctx *ctx, const struct args *in, struct change *change)
{
    int code = DONE;
    change->version = -1;
    for (size_t i = 0; i < in->opt[O_ADD].n_items && code == DONE; i++)
        code = append_servers(ctx, &change->joining, in->opt[O_ADD].items[i]);
    for (size_t i = 0; i < in->opt[O_REMOVE].n_items && code == DONE; i++)
        code = append_ids(ctx, &change->leaving, in->opt[O_REMOVE].items[i]);
    if (code == DONE && in->opt[O_MEMBERS].given)
        code = append_servers(ctx, &change->members, in->opt[O_MEMBERS].text);
    if (code == DONE && in->opt[O_FILE].given)
        code = read_file(ctx, in->opt[O_FILE].text, &change->members);
    if (code == DONE && in->opt[O_VERSION].given) {
        const char *text = in->opt[O_VERSION].text;
        char hex[24];
        int len = snprintf(hex, sizeof hex, "%s%s", strncmp(text, "0x", 2) == 0 ? "" : "0x", text);
        if (len < 3 || (size_t)len >= sizeof hex || !span_int((struct span){hex, (size_t)len}, &change->version))
            code = fail_usage(ctx, "%s: a version is hexadecimal, as `zobo config` prints it", text);
    }
    return code;
}

static void
free_change(struct change *change)
{
    free(change->joining.p);
    free(change->leaving.p);
    free(change->members.p);
}

/* is_listed tells whether server `id` stands in "1,2" (ids), or in "server.1=..,server.2=.." */
static bool
is_listed(const char *list, int64_t id, bool servers)
{
    for (; list != NULL && *list != '\0'; list += strcspn(list, ","), list += *list == ',') {
        const char *number = servers && strncmp(list, "server.", 7) == 0 ? list + 7 : list;
        if (strtoll(number, NULL, 10) == id)
            return true;
    }
    return false;
}

/* plan makes the configuration that would be, of the one there is. */
static void
plan(const struct change *change, const zobo_reply *now, struct text *out)
{
    struct members members = {0};
    parse_config(now->data, now->data_len, &members);
    char id[40];
    for (size_t i = 0; change->members.n == 0 && i < members.n; i++) {
        const struct member *m = &members.items[i];
        if (is_listed(change->leaving.p, m->id, false) || is_listed(change->joining.p, m->id, true))
            continue;
        snprintf(id, sizeof id, "server.%lld=", (long long)m->id);
        append(out, "\n", id, m->spec, strlen(m->spec));
    }
    const struct text *added = change->members.n > 0 ? &change->members : &change->joining;
    for (const char *at = added->p; at != NULL && *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        append(out, "\n", "", at, strcspn(at, ","));
    members_free(&members);
}

static int
fail_reconfig(struct ctx *ctx, zobo_err err)
{
    const char *hint =
        err == ZOBO_ERECONFIGDISABLED ? "every server's zoo.cfg needs reconfigEnabled=true"
        : err == ZOBO_ENOAUTH         ? "it takes the superuser's credentials (digest:super:PASSWORD), or the right to "
                                        "write /zookeeper/config, or skipACL=yes at the servers"
        : err == ZOBO_ENEWCONFIGNOQUORUM
            ? "a quorum of the new members must be up and in touch with the leader: start a new server "
              "with the old members in its configuration, then add it"
        : err == ZOBO_ERECONFIGINPROGRESS ? "another change is under way: try again when it is done"
        : err == ZOBO_EBADVERSION         ? "`zobo config` shows the version it has now"
        : err == ZOBO_EBADARGUMENTS       ? "servers are like 5=host:2888:3888:participant;2181, and an id "
                                            "or port is not there twice"
        : err == ZOBO_EUNIMPLEMENTED      ? "only an ensemble of 3.5 or later can: a server that stands alone, "
                                            "or `zobo serve`, has no members"
                                          : NULL;
    return fail(ctx, err, "/zookeeper/config", hint);
}

static int
carry_out(struct ctx *ctx, const struct change *change)
{
    zobo_reply *now = NULL, *reply = NULL;
    zobo_err err = read_config(ctx, &now);
    if (err != ZOBO_OK)
        return fail_config(ctx, err);
    struct members members = {0};
    parse_config(now->data, now->data_len, &members);
    size_t had = members.n;
    int64_t version = members.version;
    members_free(&members);
    struct text planned = {0};
    plan(change, now, &planned);
    zobo_reply_free(now);
    int code = DONE;
    if (ctx->dry_run) {
        if (change->version != -1 && change->version != version)
            code = fail_reconfig(ctx, ZOBO_EBADVERSION);
        else
            put_members(ctx, planned.p != NULL ? planned.p : "", planned.n);
    } else {
        size_t will = planned.n > 0 ? 1 : 0;
        for (size_t i = 0; i < planned.n; i++)
            will += planned.p[i] == '\n';
        code = need_yes(ctx, "change the ensemble from %zu members to %zu?", had, will);
    }
    free(planned.p);
    if (code != DONE || ctx->dry_run)
        return code;
    err = zobo_reconfig(ctx->client, change->joining.p, change->leaving.p, change->members.p, change->version, &reply);
    if (err != ZOBO_OK)
        return fail_reconfig(ctx, err);
    put_members(ctx, reply->data, reply->data_len);
    zobo_reply_free(reply);
    return DONE;
}

static int
run_reconfig(struct ctx *ctx, const struct args *in)
{
    bool some = in->opt[O_ADD].given || in->opt[O_REMOVE].given;
    if (in->opt[O_MEMBERS].given && in->opt[O_FILE].given)
        return fail_usage(ctx, "--members or --file: which?");
    if ((in->opt[O_MEMBERS].given || in->opt[O_FILE].given) == some)
        return fail_usage(ctx, some ? "--add and --remove do not go with all members (--members, --file)"
                                    : "what is to change? --add, --remove, --members or --file");
    struct change change = {0};
    int code = read_change(ctx, in, &change);
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = carry_out(ctx, &change);
    free_change(&change);
    return code;
}

static const struct example reconfig_examples[] = {
    {"zobo reconfig --add '4=zk4:2888:3888;2181' --remove 1", "in one step: server 4 for server 1"},
    {"zobo reconfig -n --remove 3", "who would be left?"},
    {"zobo reconfig --file members.cfg --if-version 100000000", "exactly these, if nobody has changed it since"},
    {NULL, NULL}};
static const struct exit_text exits[] = {
    {"5", "the configuration has another version"}, {"6", "the right to change it is missing"}, {NULL, NULL}};

const struct command cmd_reconfig = {
    .name = "reconfig",
    .usage = "",
    .summary = "change the ensemble's members",
    .about =
        "Asks the leader to change the members, and prints the new ones; it asks first. zkCli's -add, -remove, "
        "-members, "
        "-file and -v are --add, --remove, --members, --file and --if-version; \"server.\" before a number may be left "
        "away. The servers need reconfigEnabled=true, the user the superuser's credentials or the right to write "
        "/zookeeper/config. A server that is added must be running, and one that keeps its number is changed.",
    .examples = reconfig_examples,
    .opts = opts,
    .exits = exits,
    .effect = CHANGES,
    .formats = FORMATS_TABLE,
    .run = run_reconfig};
