/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "backup/mirror.h"
#include "backup/place.h"
#include "frame/command.h"

enum { O_FILE, O_IF_EXISTS, O_DELETE, O_NO_ACL, O_EPHEMERALS, O_NO_VERIFY, O_KEEP_GOING, O_DRY_RUN };

static const struct opt opts[] = {
    [O_FILE] = {'f', "file", OPT_TEXT, "FILE", "the export: a file, a directory, or - for stdin (the default)"},
    [O_IF_EXISTS] = {0, "if-exists", OPT_CHOICE, "fail|skip|overwrite",
                     "what becomes of nodes that are there with other content; fail: nothing is written at all"},
    [O_DELETE] = {0, "delete", OPT_FLAG, NULL, "remove what is there and not in the export; asks first"},
    [O_NO_ACL] = {0, "no-acl", OPT_FLAG, NULL, "new nodes get the usual ACL, those that are there keep theirs"},
    [O_EPHEMERALS] = {0, "ephemerals", OPT_FLAG, NULL, "make nodes that were ephemeral, too, as persistent ones"},
    [O_NO_VERIFY] = {0, "no-verify", OPT_FLAG, NULL, "do not read it all again at the end"},
    [O_KEEP_GOING] = {'k', "keep-going", OPT_FLAG, NULL, "do not stop at the first node that cannot be written"},
    [O_DRY_RUN] = {'n', "dry-run", OPT_FLAG, NULL, "print what would be created (+), changed (~) and removed (-)"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static int
import(struct ctx *ctx, const struct args *in, struct source *source, const char *file)
{
    const char *root = in->n > 0 ? in->words[0] : source->root;
    struct mirror_options options = {.what = file,
                                     .if_exists = in->opt[O_IF_EXISTS].given ? (enum if_exists)in->opt[O_IF_EXISTS].n
                                                                             : IF_EXISTS_FAIL,
                                     .remove = in->opt[O_DELETE].given,
                                     .no_acls = in->opt[O_NO_ACL].given,
                                     .ephemerals = in->opt[O_EPHEMERALS].given,
                                     .keep_going = in->opt[O_KEEP_GOING].given,
                                     .verify = !in->opt[O_NO_VERIFY].given};
    int code = need_path(ctx, root, false);
    if (code == DONE)
        code = need_session(ctx);
    return code == DONE ? mirror(ctx, ctx, root, source, &options) : code;
}

static int
run(struct ctx *ctx, const struct args *in)
{
    const char *file = in->opt[O_FILE].given ? in->opt[O_FILE].text : "-";
    if (in->n > 0 && in->words[0][0] != '/' && !in->opt[O_FILE].given)
        return fail_usage(ctx, "%s is no path, which begins with '/'; a file is named with -f", in->words[0]);
    int code = in->n > 0 ? need_path(ctx, in->words[0], false) : DONE;
    struct source *source = code == DONE ? open_export(ctx, file, &code) : NULL;
    if (source == NULL)
        return code;
    code = import(ctx, in, source, strcmp(file, "-") == 0 ? "stdin" : file);
    int closed = source_close(source);
    return code == DONE ? closed : code;
}

static const struct example examples[] = {
    {"zobo import -f app.ndjson.zst", "back to where it was exported from"},
    {"zobo import -f app.ndjson.zst -n /copy", "what would that do at /copy?"},
    {"zobo -C old export /app | zobo -C new import /app", "from one cluster to another; see sync, too"},
    {"zobo import -f app.ndjson --if-exists overwrite --delete /app", "exactly as in the file; asks before it removes"},
    {"zobo import -f zk-shell-backup.json", "what zk_shell, zoocreeper or ZooNavigator wrote"},
    {NULL, NULL}};

const struct command cmd_import = {
    .name = "import",
    .usage = "[PATH]",
    .summary = "make a subtree like an export",
    .about =
        "Without PATH it goes to where it was exported from. The whole file is looked through before anything is "
        "written; what comes from a pipe is copied to a file in TMPDIR for that. Nodes that are there as they should "
        "be "
        "are left alone: an import that was interrupted goes on where it was when it is started again. Nodes that are "
        "there with other content end it before anything is written, unless --if-exists says otherwise. It is no "
        "transaction: others see it grow. A node whose ACL does not let everybody make nodes below it has one more "
        "entry in it until they are there. Sequence counters begin anew.",
    .examples = examples,
    .opts = opts,
    .min_words = 0,
    .max_words = 1,
    .formats = FORMATS_ONE,
    .effect = CHANGES,
    .run = run};
