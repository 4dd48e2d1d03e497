/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "frame/clock.h"
#include "frame/command.h"
#include "frame/form.h"
#include "frame/input.h"
#include "frame/out.h"
#include "frame/table.h"
#include "frame/text.h"
#include "tree/own.h"
#include "tree/scan.h"
#include "tree/writer.h"

enum {
    O_NAME,
    O_REGEX,
    O_TYPE,
    O_SIZE,
    O_EMPTY,
    O_OLDER,
    O_NEWER,
    O_OWNER,
    O_MIN_CHILDREN,
    O_MAX_CHILDREN,
    O_DEPTH,
    O_PRUNE,
    O_LONG,
    O_NULL,
    O_RM,
    O_DRY_RUN
};

enum { LEAF = 2 }; /* of the choices of --type */

static const struct opt opts[] = {
    [O_NAME] = {0, "name", OPT_LIST, "GLOB", "its name is like GLOB; of several, one is enough"},
    [O_REGEX] = {0, "regex", OPT_TEXT, "REGEX", "REGEX (extended) matches in its path"},
    [O_TYPE] = {'t', "type", OPT_CHOICE, "ephemeral|persistent|leaf|container|ttl",
                "its kind; leaf: it has no children. Not all servers show containers and TTLs"},
    [O_SIZE] = {'s', "size", OPT_TEXT, "[+-]SIZE", "its data has so many bytes; +: more, -: less (+64k)"},
    [O_EMPTY] = {0, "empty", OPT_FLAG, NULL, "it has no data"},
    [O_OLDER] = {0, "older", OPT_TTL, "TIME", "its data was last set before TIME ago (30m, 7d)"},
    [O_NEWER] = {0, "newer", OPT_TTL, "TIME", "its data was set within TIME"},
    [O_OWNER] = {0, "owner", OPT_TEXT, "ID", "the session that owns it (0x...)"},
    [O_MIN_CHILDREN] = {0, "min-children", OPT_NUMBER, "N", "it has at least N children"},
    [O_MAX_CHILDREN] = {0, "max-children", OPT_NUMBER, "N", "it has at most N children"},
    [O_DEPTH] = {'L', "depth", OPT_NUMBER, "N", "go no more than N levels below PATH"},
    [O_PRUNE] = {0, "prune", OPT_LIST, "GLOB", "leave out nodes whose name is like GLOB, and all below them"},
    [O_LONG] = {'l', "long", OPT_FLAG, NULL, "version, size, children, time of change and owner too"},
    [O_NULL] = {'0', "null", OPT_FLAG, NULL, "end each path with a NUL byte instead of a newline"},
    [O_RM] = {0, "rm", OPT_FLAG, NULL, "remove what is found; tells how many, and asks"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "with --rm: print what would be removed, change nothing"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

struct find {
    struct ctx *ctx;
    const struct args *in;
    struct table *table; /* NULL: not as a table */
    bool has_regex;
    regex_t regex;
    char size_sign; /* '+', '-', '=' or 0 */
    int64_t size;
    int64_t owner;
    int64_t now_ms;
    uint64_t found;
    bool *matches; /* by depth: with --rm, what is known when a node is left again */
    size_t room;
};

static bool
like_one(const struct opt_value *globs, const char *name)
{
    for (size_t i = 0; i < globs->n_items; i++)
        if (fnmatch(globs->items[i], name, 0) == 0)
            return true;
    return false;
}

static bool
is_of_type(const struct opt_value *type, const zobo_stat *stat)
{
    static const enum node_kind kinds[] = {NODE_EPHEMERAL, NODE_PERSISTENT, 0, NODE_CONTAINER, NODE_TTL};
    if (!type->given)
        return true;
    return type->n == LEAF ? stat->num_children == 0 : node_kind(stat) == kinds[type->n];
}

static bool
is_of_size(const struct find *find, int64_t size)
{
    switch (find->size_sign) {
    case '+':
        return size > find->size;
    case '-':
        return size < find->size;
    case '=':
        return size == find->size;
    default:
        return true;
    }
}

static bool
stat_matches(const struct find *find, const zobo_stat *stat)
{
    const struct opt_value *opt = find->in->opt;
    int64_t age = find->now_ms - stat->mtime;
    return is_of_type(&opt[O_TYPE], stat) && is_of_size(find, stat->data_length) &&
           !(opt[O_EMPTY].given && stat->data_length > 0) && !(opt[O_OLDER].given && age < opt[O_OLDER].n) &&
           !(opt[O_NEWER].given && age > opt[O_NEWER].n) &&
           !(opt[O_OWNER].given && stat->ephemeral_owner != find->owner) &&
           !(opt[O_MIN_CHILDREN].given && stat->num_children < opt[O_MIN_CHILDREN].n) &&
           !(opt[O_MAX_CHILDREN].given && stat->num_children > opt[O_MAX_CHILDREN].n);
}

/* needs_stat tells whether a condition looks at more than name and path. */
static bool
needs_stat(const struct args *in)
{
    for (int o = O_TYPE; o <= O_MAX_CHILDREN; o++)
        if (in->opt[o].given)
            return true;
    return false;
}

static bool
matches(const struct find *find, const struct scan_node *node)
{
    const struct opt_value *opt = find->in->opt;
    if (opt[O_NAME].given && !like_one(&opt[O_NAME], node->name))
        return false;
    if (find->has_regex && regexec(&find->regex, node->path, 0, NULL, 0) != 0)
        return false;
    return node->stat == NULL ? !needs_stat(find->in) : stat_matches(find, node->stat);
}

static void
print_found(const struct find *find, const struct scan_node *node)
{
    const struct ctx *ctx = find->ctx;
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(node->path);
        if (find->in->opt[O_LONG].given && node->stat != NULL)
            json_stat(&json, "stat", node->stat);
        end_json(&json);
    } else if (ctx->format == FORMAT_OWN) {
        struct node_facts facts = {node->path, node->stat, node->data, node->data_len};
        put_form(ctx, &facts);
    } else if (find->table != NULL) {
        node_row(find->table, node->path, node->stat);
    } else {
        if (ctx->format == FORMAT_LONG)
            put_long(node->stat);
        put_node(ctx, node->path, node->stat, false);
        fputc(find->in->opt[O_NULL].given ? '\0' : '\n', stdout);
    }
}

static void
remember(struct find *find, uint32_t depth, bool match)
{
    if (depth >= find->room) {
        find->room = depth + 64;
        find->matches = need_more(find->matches, find->room, sizeof *find->matches);
    }
    find->matches[depth] = match;
}

/* is_kept tells whether --rm leaves the node alone, whatever it is like. */
static bool
is_kept(const struct find *find, const struct scan_node *node)
{
    return strcmp(node->path, "/") == 0 || is_own(find->ctx, node->path);
}

/* next_found tells the next match, with `leave` when all below it has been told. */
static bool
next_found(struct find *find, struct scan *scan, struct scan_node *node, bool leave)
{
    while (!ferror(stdout) && scan_next(scan, node)) {
        if (node->leaving) {
            if (find->matches[node->depth])
                return true;
            continue;
        }
        bool pruned = node->depth > 0 && like_one(&find->in->opt[O_PRUNE], node->name);
        bool match = !pruned && matches(find, node) && !(leave && is_kept(find, node));
        if (pruned)
            scan_prune(scan);
        if (leave)
            remember(find, node->depth, match);
        else if (match)
            return true;
    }
    return false;
}

static struct scan *
open_scan(const struct find *find, const char *path, bool leave, const char *doing)
{
    const struct opt_value *depth = &find->in->opt[O_DEPTH];
    struct scan_options options = {.depth = depth->given && depth->n < UINT32_MAX ? (uint32_t)depth->n : UINT32_MAX,
                                   .leave = leave,
                                   .what = form_has(find->ctx->form, FORM_DATA) ? SCAN_DATA : 0,
                                   .doing = find->ctx->out_is_tty && doing == NULL ? NULL : doing};
    return scan_open(find->ctx, path, &options);
}

static int
print_all(struct find *find, const char *path, bool leave)
{
    bool tables = find->ctx->format == FORMAT_TABLE || find->ctx->format == FORMAT_RAW;
    struct scan *scan = open_scan(find, path, leave, NULL);
    struct scan_node node;
    find->table = tables ? node_table(find->ctx) : NULL;
    while (next_found(find, scan, &node, leave)) {
        find->found++;
        print_found(find, &node);
    }
    if (find->table != NULL)
        table_end(find->table);
    return scan_close(scan);
}

static int
count_all(struct find *find, const char *path)
{
    struct scan *scan = open_scan(find, path, true, "searching");
    struct scan_node node;
    while (next_found(find, scan, &node, true))
        find->found++;
    return scan_close(scan);
}

static bool
on_removal(void *arg, const char *path, zobo_err err, const zobo_reply *reply, void *tag)
{
    uint64_t *removed = arg;
    (void)path;
    (void)reply;
    (void)tag;
    *removed += err == ZOBO_OK;
    return err == ZOBO_ENONODE;
}

/* remove_all removes each match after what is below it, as long as its data is what was looked at. */
static int
remove_all(struct find *find, const char *path)
{
    uint64_t removed = 0;
    struct writer_options options = {
        .outcome = on_removal, .arg = &removed, .keep_going = true, .doing = "removing", .total = find->found};
    struct scan *scan = open_scan(find, path, true, NULL);
    struct writer *writer = writer_open(find->ctx, &options);
    struct scan_node node;
    while (next_found(find, scan, &node, true))
        if (!writer_delete(writer, node.path, node.stat == NULL ? -1 : node.stat->version, NULL))
            break;
    int read = scan_close(scan), written = writer_close(writer);
    find->found = removed;
    if (read != DONE || written != DONE)
        note(find->ctx, "%llu nodes were removed", (unsigned long long)removed);
    return read == DONE ? written : read;
}

static int
search(struct find *find, const char *path)
{
    bool rm = find->in->opt[O_RM].given;
    int code = DONE;
    if (!rm || find->ctx->dry_run) {
        code = print_all(find, path, rm);
    } else {
        if (!find->ctx->yes)
            code = count_all(find, path);
        if (code == DONE && !find->ctx->yes && find->found > 0)
            code = need_yes(find->ctx, "remove the %llu nodes found below %s?", (unsigned long long)find->found, path);
        if (code == DONE && (find->ctx->yes || find->found > 0))
            code = remove_all(find, path);
    }
    return code == DONE && find->found == 0 ? ANSWER_NO : code;
}

static int
read_conditions(struct find *find)
{
    const struct opt_value *opt = find->in->opt;
    const struct ctx *ctx = find->ctx;
    const char *size = opt[O_SIZE].text;
    if (size != NULL) {
        find->size_sign = *size == '+' || *size == '-' ? *size++ : '=';
        if (!parse_size(size, &find->size))
            return fail_usage(ctx, "--size %s: such as 4096, +64k or -1m", opt[O_SIZE].text);
    }
    if (opt[O_OWNER].given) {
        char *end;
        find->owner = (int64_t)strtoull(opt[O_OWNER].text, &end, 16);
        if (end == opt[O_OWNER].text || *end != '\0')
            return fail_usage(ctx, "--owner %s: a session's id is needed, 0x...", opt[O_OWNER].text);
    }
    if (opt[O_DRY_RUN].given && !opt[O_RM].given)
        return fail_usage(ctx, "-n goes with --rm");
    if (opt[O_RM].given && !opt[O_NAME].given && !opt[O_REGEX].given && !needs_stat(find->in))
        return fail_usage(ctx, "--rm needs a condition; `zobo rm -r` removes all that is below a node");
    if (opt[O_LONG].given && ctx->format == FORMAT_OWN)
        return fail_usage(ctx, "-l or --format: which?");
    if (opt[O_LONG].given && ctx->format != FORMAT_LONG && ctx->format != FORMAT_JSON)
        return fail_usage(ctx, "-l and -o %s: which?", format_names[ctx->format]);
    if (opt[O_RM].given && ctx->format == FORMAT_OWN && form_has(ctx->form, FORM_DATA))
        return fail_usage(ctx, "--rm does not read data: --format without %%d");
    if (opt[O_NULL].given && ctx->format != FORMAT_TEXT && ctx->format != FORMAT_NAME)
        return fail_usage(ctx, "-0 goes with plain paths only");
    if (!opt[O_REGEX].given)
        return DONE;
    int bad = regcomp(&find->regex, opt[O_REGEX].text, REG_EXTENDED | REG_NOSUB);
    find->has_regex = bad == 0;
    char text[200];
    regerror(bad, &find->regex, text, sizeof text);
    return bad == 0 ? DONE : fail_usage(ctx, "--regex %s: %s", opt[O_REGEX].text, text);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    if (in->opt[O_LONG].given && ctx->format == FORMAT_TEXT)
        ctx->format = FORMAT_LONG;
    struct find find = {.ctx = ctx, .in = in, .now_ms = wall_ms()};
    const char *path = in->n > 0 ? in->words[0] : "/";
    int code = read_conditions(&find);
    if (code == DONE)
        code = need_path(ctx, path, false);
    if (code == DONE && in->opt[O_RM].given)
        code = need_leave(ctx, CHANGES);
    if (code == DONE)
        code = need_session(ctx);
    if (code == DONE)
        code = search(&find, path);
    if (find.has_regex)
        regfree(&find.regex);
    free(find.matches);
    return code;
}

static const struct example examples[] = {
    {"zobo find /app --name 'job-*' --older 7d", "jobs that nobody has touched for a week"},
    {"zobo find --min-children 10000", "nodes with very many children"},
    {"zobo find -l --size +512k", "large ones, with size, time and so on"},
    {"zobo find --format '%s\\t%p\\n' /app", "sizes and paths"},
    {"zobo find /app --type ephemeral --owner 0x1000a3f2b4c0001", "what a session holds"},
    {"zobo find /app --name 'tmp-*' --rm --dry-run", "what would be removed?"},
    {NULL, NULL}};

static const struct exit_text exits[] = {{"0", "something was found, and removed with --rm"},
                                         {"1", "nothing was found, or the question was answered with no"},
                                         {"8", "part of the tree could not be read, or of what was found removed"},
                                         {NULL, NULL}};

const struct command cmd_find = {
    .name = "find",
    .usage = "[PATH]",
    .here = true,
    .summary = "print the nodes of a subtree that meet all conditions",
    .about =
        "PATH itself counts; without it the root. Nodes come in the order of their names, parents first. In globs, * "
        "stands for anything, ? for a character, [a-z] for one of these. --rm takes children before their parents; "
        "a node whose data has changed since it was looked at stays, and so does one that has children which were "
        "not found.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .min_words = 0,
    .max_words = 1,
    .pages = true,
    .formats = FORMATS_LIST,
    .run = run};
