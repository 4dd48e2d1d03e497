/* SPDX-License-Identifier: Apache-2.0 */
#include "mirror.h"

#include <stdlib.h>
#include <string.h>

#include "frame/input.h"
#include "frame/out.h"
#include "record.h"
#include "tree/writer.h"

/* What a node needs; several may be due. */
enum { CREATE = 1, SET_DATA = 2, SET_ACL = 4, REPLACE = 8, REMOVE = 16 };

/* PLAN counts, SHOW prints, too; VERIFY counts what is not as it should be. */
enum pass_kind { PLAN, SHOW, APPLY, VERIFY };

enum { TOLD_MAX = 10 };

struct counts {
    uint64_t created, changed, removed, same;
    uint64_t skipped;    /* there with other content, left alone */
    uint64_t left_out;   /* ephemeral nodes of the source */
    uint64_t kept;       /* ephemeral nodes that the source does not have */
    uint64_t unknown;    /* ACLs */
    uint64_t unreadable; /* nodes of either side */
    uint64_t wrong;      /* VERIFY; PLAN: there with other content where that is not wanted */
};

struct mirror {
    struct ctx *ctx, *dst_ctx;
    const char *root;
    struct source *source;
    const struct mirror_options *options;

    enum pass_kind kind;
    struct counts counts;
    struct source *there; /* what is below root now */
    struct writer *writer;
    int code;
    struct tnode src, dst;
    bool has_src, has_dst;
    char *blocked;         /* what is below this path cannot be read there */
    unsigned char *levels; /* of the nodes above `dst`: LEVEL_... */
    size_t n_levels;
    struct tnode **late; /* nodes above `src` whose ACL is set when all below has been made */
    size_t n_late, late_room;
};

enum { LEVEL_DOOMED = 1, LEVEL_KEPT = 2 };

/* --- what is to be done ------------------------------------------------------------------------------------------- */

/* While nodes below are made, a node has an entry more in its ACL, by which it may be done. */
enum { HELPER_PERMS = ZOBO_PERM_CREATE | ZOBO_PERM_ADMIN };

static bool
has_entry(const struct tnode *node, const zobo_acl *acl)
{
    for (size_t i = 0; i < node->n_acls; i++)
        if (node->acls[i].perms == acl->perms && strcmp(node->acls[i].scheme, acl->scheme) == 0 &&
            strcmp(node->acls[i].id, acl->id) == 0)
            return true;
    return false;
}

/* is_unfinished tells whether an ACL is one that an interrupted run has left. */
static bool
is_unfinished(const struct tnode *src, const struct tnode *dst)
{
    for (size_t i = 0; i < src->n_acls; i++)
        if (!has_entry(dst, &src->acls[i]))
            return false;
    for (size_t i = 0; i < dst->n_acls; i++)
        if (!has_entry(src, &dst->acls[i]) && dst->acls[i].perms != HELPER_PERMS)
            return false;
    return true;
}

static unsigned
compare(const struct mirror *m)
{
    const struct tnode *src = &m->src, *dst = &m->dst;
    if (src->implied)
        return 0;
    if (dst->type == EPHEMERAL && src->type != EPHEMERAL)
        return REPLACE;
    return (same_data(src, dst) ? 0 : SET_DATA) | (m->options->no_acls || same_acls(src, dst) ? 0 : SET_ACL);
}

/* is_conflict tells whether somebody's content would be overwritten. A root without data and children is nobody's, and
 * no data is nothing. */
static bool
is_conflict(const struct mirror *m, unsigned due)
{
    const struct tnode *dst = &m->dst;
    if (due == SET_DATA && m->src.len == 0 && dst->len == 0)
        return false;
    if (due == 0 || (due == SET_ACL && is_unfinished(&m->src, dst)))
        return false;
    return !(strcmp(dst->path, "/") == 0 && dst->len == 0 && dst->children == 0 && dst->type != EPHEMERAL);
}

static void
print_change(const struct mirror *m, unsigned due, const char *path)
{
    const char *sign = due == CREATE ? "+" : due == REMOVE ? "-" : "~";
    const char *what = due == (SET_DATA | SET_ACL) ? "data,acl"
                       : due == SET_DATA           ? "data"
                       : due == SET_ACL            ? "acl"
                       : due == REPLACE            ? "type"
                       : due == CREATE             ? "create"
                                                   : "remove";
    char *full = join_path(m->root, path);
    if (m->ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(full);
        json_text(&json, "change", what);
        json_bool(&json, "dry_run", true);
        end_json(&json);
    } else {
        printf("%s ", sign);
        put_text(m->ctx, full);
        if (sign[0] == '~')
            printf(" (%s)", what);
        fputc('\n', stdout);
    }
    free(full);
}

static void
tell_wrong(struct mirror *m, const char *path, const char *why)
{
    if (m->counts.wrong++ >= TOLD_MAX)
        return;
    char *full = join_path(m->root, path);
    note(m->ctx, "%s: %s", full, why);
    free(full);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static bool
outcome(void *arg, const char *path, zobo_err err, const zobo_reply *reply, void *tag)
{
    (void)arg;
    (void)path;
    (void)reply;
    return tag != NULL && err == ZOBO_ENONODE; /* what is to be removed is gone */
}

static void
check(struct mirror *m, bool taken)
{
    if (!taken && m->code == DONE)
        m->code = FAILED; /* the writer knows better */
}

static void
set_late(struct mirror *m, const struct tnode *node)
{
    if (m->n_late == m->late_room) {
        m->late_room = m->late_room == 0 ? 16 : m->late_room * 2;
        m->late = need_more(m->late, m->late_room, sizeof *m->late);
    }
    struct tnode bare = *node;
    bare.data = NULL;
    bare.len = 0;
    m->late[m->n_late++] = copy_node(&bare);
}

/* finish_late sets the ACLs of those above which `path` is not; NULL: of all. */
static void
finish_late(struct mirror *m, const char *path)
{
    while (m->n_late > 0 && (path == NULL || !is_below(path, m->late[m->n_late - 1]->path))) {
        struct tnode *node = m->late[--m->n_late];
        char *full = join_path(m->root, node->path);
        zobo_acl_list acl = {.items = node->acls, .n = node->n_acls};
        if (m->code == DONE)
            check(m, writer_set_acls(m->writer, full, &acl, -1, NULL));
        free(full);
        free_node(node);
    }
}

/* needs_helper tells whether nodes may be made below a node only with an entry more in its ACL, as far as can be told
 * without knowing as whom the server takes us. */
static bool
needs_helper(const struct mirror *m)
{
    const struct tnode *src = &m->src;
    if (m->options->no_acls || src->acls == NULL || src->children == 0)
        return false;
    for (size_t i = 0; i < src->n_acls; i++)
        if (strcmp(src->acls[i].scheme, "world") == 0 && (src->acls[i].perms & ZOBO_PERM_CREATE))
            return false;
    return true;
}

static void
create(struct mirror *m, const char *full)
{
    const struct tnode *src = &m->src;
    bool helped = needs_helper(m);
    zobo_acl *items = need_memory(src->n_acls + 1, sizeof *items);
    for (size_t i = 0; i < src->n_acls; i++)
        items[i] = src->acls[i];
    if (helped && m->dst_ctx->has_credentials)
        items[src->n_acls] = (zobo_acl){HELPER_PERMS, "auth", ""};
    else if (helped)
        items[src->n_acls] = (zobo_acl){HELPER_PERMS, "world", "anyone"};
    zobo_acl_list acl = {.items = items, .n = src->n_acls + helped};
    zobo_create_options options = {.acl = src->acls == NULL || m->options->no_acls ? NULL : &acl,
                                   .container = src->type == CONTAINER,
                                   .ttl_ms = src->type == TTL ? src->ttl : 0};
    check(m, writer_create(m->writer, full, src->data, src->len, &options, NULL));
    if (helped)
        set_late(m, src);
    free(items);
}

static void
change(struct mirror *m, const char *full, unsigned due)
{
    const struct tnode *src = &m->src;
    zobo_acl_list acl = {.items = src->acls, .n = src->n_acls};
    if (due & SET_DATA)
        check(m, writer_set(m->writer, full, src->data, src->len, -1, NULL));
    if ((due & SET_ACL) && src->children != 0)
        set_late(m, src);
    else if (due & SET_ACL)
        check(m, writer_set_acls(m->writer, full, &acl, -1, NULL));
    if (due & REPLACE) {
        check(m, writer_delete(m->writer, full, -1, m));
        create(m, full);
    }
}

static void
write_due(struct mirror *m, unsigned due, const char *path)
{
    char *full = join_path(m->root, path);
    if (due == CREATE)
        create(m, full);
    else if (due == REMOVE)
        check(m, writer_delete(m->writer, full, -1, m));
    else
        change(m, full, due);
    free(full);
}

/* do_due does what is due with a node, in this pass's way. */
static void
do_due(struct mirror *m, unsigned due, const char *path)
{
    struct counts *counts = &m->counts;
    counts->created += due == CREATE;
    counts->removed += due == REMOVE;
    counts->changed += due != 0 && due != CREATE && due != REMOVE;
    counts->same += due == 0;
    if (m->kind == VERIFY && due != 0)
        tell_wrong(m, path, due == CREATE ? "is not there" : due == REMOVE ? "is there still" : "is another");
    if (m->kind == SHOW && due != 0)
        print_change(m, due, path);
    if (m->kind == APPLY && due != 0)
        write_due(m, due, path);
}

/* --- side by side ------------------------------------------------------------------------------------------------- */

static void
tell_unreadable(struct mirror *m, const struct tnode *node, const char *root)
{
    if (m->counts.unreadable++ >= TOLD_MAX || m->kind != APPLY)
        return;
    char *full = join_path(root, node->path);
    fail(m->ctx, node->err, full, NULL);
    free(full);
}

/* next_src takes the source's next node that is to be there. */
static void
next_src(struct mirror *m)
{
    while ((m->has_src = source_next(m->source, &m->src))) {
        if (m->blocked != NULL && is_below(m->src.path, m->blocked))
            continue;
        free(m->blocked);
        m->blocked = NULL;
        if (m->src.type != EPHEMERAL || m->options->ephemerals)
            return;
        m->counts.left_out++;
    }
    if (m->source->code != DONE) /* not the end: nothing may be taken for missing */
        m->code = m->source->code;
}

static void
next_dst(struct mirror *m)
{
    m->has_dst = source_next(m->there, &m->dst);
    if (!m->has_dst && m->there->code != DONE)
        m->code = m->there->code;
}

static size_t
depth_of(const char *path)
{
    size_t depth = 0;
    for (; *path != '\0'; path++)
        depth += *path == '/' && path[1] != '\0';
    return depth;
}

static void
enter_level(struct mirror *m, unsigned char flags)
{
    size_t depth = depth_of(m->dst.path);
    if (depth >= m->n_levels) {
        m->n_levels = depth * 2 + 16;
        m->levels = need_more(m->levels, m->n_levels, 1);
    }
    m->levels[depth] = flags;
}

static void
leave_level(struct mirror *m)
{
    size_t depth = depth_of(m->dst.path);
    unsigned char flags = m->levels[depth];
    if ((flags & LEVEL_KEPT) && depth > 0)
        m->levels[depth - 1] |= LEVEL_KEPT;
    if ((flags & LEVEL_DOOMED) && !(flags & LEVEL_KEPT))
        do_due(m, REMOVE, m->dst.path);
}

/* only_there deals with a node that the source does not have. */
static void
only_there(struct mirror *m)
{
    if (!m->options->remove) {
        source_prune(m->there);
    } else if (m->dst.type == EPHEMERAL) {
        m->counts.kept++;
        enter_level(m, LEVEL_KEPT);
    } else if (m->dst.err != ZOBO_OK) {
        tell_unreadable(m, &m->dst, m->root);
        enter_level(m, LEVEL_KEPT);
    } else {
        enter_level(m, LEVEL_DOOMED);
    }
}

static void
only_here(struct mirror *m)
{
    if (m->src.err != ZOBO_OK) {
        tell_unreadable(m, &m->src, m->source->root);
        return;
    }
    m->counts.unknown += m->src.acls == NULL && !m->src.implied;
    do_due(m, CREATE, m->src.path);
}

static void
on_both_sides(struct mirror *m)
{
    enter_level(m, 0);
    if (m->src.err != ZOBO_OK || m->dst.err != ZOBO_OK) {
        bool src = m->src.err != ZOBO_OK;
        tell_unreadable(m, src ? &m->src : &m->dst, src ? m->source->root : m->root);
        source_prune(m->there);
        m->blocked = need_copy(m->src.path);
        return;
    }
    unsigned due = compare(m);
    if (due != 0 && m->options->if_exists == IF_EXISTS_SKIP) {
        m->counts.skipped++;
        return;
    }
    if (m->kind <= SHOW && m->options->if_exists == IF_EXISTS_FAIL && is_conflict(m, due))
        tell_wrong(m, m->src.path,
                   due & REPLACE    ? "is there as an ephemeral node"
                   : due & SET_DATA ? "is there with other data"
                                    : "is there with another ACL");
    do_due(m, due, m->src.path);
}

static void
step(struct mirror *m)
{
    int order = !m->has_src ? 1 : !m->has_dst ? -1 : path_order(m->src.path, m->dst.path);
    if (m->has_dst && m->dst.leaving) {
        leave_level(m);
        next_dst(m);
        return;
    }
    if (order <= 0 && m->kind == APPLY)
        finish_late(m, m->src.path);
    if (order < 0)
        only_here(m);
    else if (order > 0)
        only_there(m);
    else
        on_both_sides(m);
    if (order >= 0)
        next_dst(m);
    if (order <= 0)
        next_src(m);
}

/* run_pass walks both once. 0, or the exit code after telling. */
static int
run_pass(struct mirror *m, enum pass_kind kind, const char *doing)
{
    m->kind = kind;
    m->counts = (struct counts){0};
    m->code = DONE;
    struct source_options there = {.depth = UINT32_MAX,
                                   .no_acls = m->options->no_acls,
                                   .ephemerals = true,
                                   .leave = m->options->remove,
                                   .may_miss = true,
                                   .doing = kind == APPLY ? NULL : doing};
    m->there = source_of_server(m->dst_ctx, m->root, &there);
    if (kind == APPLY)
        m->writer = writer_open(
            m->dst_ctx,
            &(struct writer_options){.outcome = outcome, .keep_going = m->options->keep_going, .doing = doing});
    next_src(m);
    next_dst(m);
    while (m->code == DONE && (m->has_src || (m->has_dst && m->options->remove)))
        step(m);
    if (kind == APPLY)
        finish_late(m, NULL);
    int written = kind == APPLY ? writer_close(m->writer) : DONE;
    int read = source_close(m->there);
    m->counts.left_out += source_ephemerals(m->source);
    int source = source_again(m->source);
    free(m->blocked);
    m->blocked = NULL;
    return written != DONE ? written : read != DONE ? read : source != DONE ? source : m->code;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

/* make_parents makes what is above the root, as nodes without data. */
static int
make_parents(const struct mirror *m)
{
    char *parent = need_copy(m->root);
    char *slash = strrchr(parent, '/');
    *slash = '\0';
    bool top = parent[0] == '\0';
    zobo_err err = ZOBO_OK;
    if (!top || (strcmp(m->root, "/") == 0 && zobo_chroot(m->dst_ctx->client)[0] != '\0'))
        err = zobo_ensure_path(m->dst_ctx->client, top ? "/" : parent, NULL);
    int code = err == ZOBO_OK ? DONE : fail(m->ctx, err, parent, NULL);
    free(parent);
    return code;
}

/* is_fresh tells whether there is nothing at the root that could be in the way. */
static bool
is_fresh(const struct mirror *m, zobo_err *err)
{
    zobo_stat stat;
    *err = zobo_exists(m->dst_ctx->client, m->root, NULL, &stat);
    bool missing = *err == ZOBO_ENONODE;
    if (missing)
        *err = ZOBO_OK;
    return missing || (*err == ZOBO_OK && stat.num_children == 0 && stat.data_length == 0 && stat.ephemeral_owner == 0);
}

static int
refuse_conflicts(const struct mirror *m)
{
    if (m->counts.wrong == 0)
        return DONE;
    return refuse(
        m->ctx, CONFLICT,
        "nothing was changed: nodes are there with other content (%llu); --if-exists overwrite makes them like "
        "the source, --if-exists skip leaves them",
        (unsigned long long)m->counts.wrong);
}

static int
plan(struct mirror *m)
{
    int code = run_pass(m, PLAN, "comparing");
    if (code == DONE)
        code = refuse_conflicts(m);
    if (code != DONE)
        return code;
    if (m->counts.removed > 0 && !m->ctx->yes)
        return need_yes(m->ctx, "make %s like %s: remove %llu, create %llu, change %llu nodes?", m->root,
                        m->options->what, (unsigned long long)m->counts.removed, (unsigned long long)m->counts.created,
                        (unsigned long long)m->counts.changed);
    return DONE;
}

static void
print_summary(const struct mirror *m, const struct counts *counts)
{
    if (m->ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_text(&json, "root", m->root);
        json_int(&json, "created", (int64_t)counts->created);
        json_int(&json, "changed", (int64_t)counts->changed);
        json_int(&json, "removed", (int64_t)counts->removed);
        json_int(&json, "same", (int64_t)counts->same);
        json_int(&json, "skipped", (int64_t)counts->skipped);
        json_int(&json, "left_out", (int64_t)counts->left_out);
        json_int(&json, "kept", (int64_t)counts->kept);
        json_bool(&json, "verified", m->options->verify);
        end_json(&json);
        return;
    }
    printf("%llu created, %llu changed, %llu removed, %llu as they were", (unsigned long long)counts->created,
           (unsigned long long)counts->changed, (unsigned long long)counts->removed, (unsigned long long)counts->same);
    if (counts->skipped > 0)
        printf(", %llu skipped", (unsigned long long)counts->skipped);
    fputc('\n', stdout);
}

static void
note_left(const struct mirror *m, const struct counts *counts)
{
    if (counts->left_out > 0)
        note(m->ctx, "left out: ephemeral nodes (%llu); --ephemerals makes them, as persistent ones",
             (unsigned long long)counts->left_out);
    if (counts->kept > 0)
        note(m->ctx, "left there: ephemeral nodes of sessions (%llu), and what is above them",
             (unsigned long long)counts->kept);
    if (counts->unknown > 0 && !m->options->no_acls)
        note(m->ctx, "made with the usual ACL, world:anyone:cdrwa, for their own is not known: %llu",
             (unsigned long long)counts->unknown);
}

static int
apply(struct mirror *m)
{
    int code = make_parents(m);
    if (code == DONE)
        code = run_pass(m, APPLY, "writing");
    if (code != DONE) {
        if (m->counts.created + m->counts.changed + m->counts.removed > 0)
            note(m->ctx, "what was written stays; the same command goes on from there");
        return code;
    }
    struct counts counts = m->counts;
    if (m->options->verify)
        code = run_pass(m, VERIFY, "verifying");
    if (code == DONE && m->counts.wrong > 0 && m->options->verify)
        code = refuse(m->ctx, FAILED, "not as it was written (%llu): does somebody else write here?",
                      (unsigned long long)m->counts.wrong);
    print_summary(m, &counts);
    fflush(stdout);
    note_left(m, &counts);
    return code == DONE && counts.unreadable > 0 ? PARTIAL : code;
}

int
mirror(struct ctx *ctx, struct ctx *dst, const char *root, struct source *source, const struct mirror_options *options)
{
    struct mirror m = {.ctx = ctx, .dst_ctx = dst, .root = root, .source = source, .options = options};
    zobo_err err = ZOBO_OK;
    bool fresh = is_fresh(&m, &err);
    bool ask = !fresh && (options->if_exists == IF_EXISTS_FAIL || (options->remove && !ctx->yes));
    int code = err == ZOBO_OK ? DONE : fail(ctx, err, root, NULL);
    if (code == DONE && ask && !ctx->dry_run)
        code = plan(&m);
    if (code == DONE)
        code = ctx->dry_run ? run_pass(&m, SHOW, "comparing") : apply(&m);
    if (code == DONE && ctx->dry_run)
        code = refuse_conflicts(&m);
    free(m.levels);
    free(m.late);
    return code;
}
