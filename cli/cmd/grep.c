/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem, REG_STARTEND */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "frame/command.h"
#include "frame/out.h"
#include "frame/text.h"
#include "tree/scan.h"

enum { O_FIXED, O_EXTENDED, O_IGNORE_CASE, O_INVERT, O_NAMES, O_COUNT, O_NUMBER, O_DEPTH, O_NULL };

static const struct opt opts[] = {
    [O_FIXED] = {'F', "fixed", OPT_FLAG, NULL, "PATTERN is the text itself"},
    [O_EXTENDED] = {'E', "extended", OPT_FLAG, NULL, "PATTERN is an extended regular expression (so it is anyway)"},
    [O_IGNORE_CASE] = {'i', "ignore-case", OPT_FLAG, NULL, "upper and lower case are alike"},
    [O_INVERT] = {'v', "invert", OPT_FLAG, NULL, "lines that do not match"},
    [O_NAMES] = {'l', "names", OPT_FLAG, NULL, "print the paths of nodes with such lines only"},
    [O_COUNT] = {'c', "count", OPT_FLAG, NULL, "print how many lines of each node match, if any"},
    [O_NUMBER] = {'n', "line-number", OPT_FLAG, NULL, "print the number of each line, too"},
    [O_DEPTH] = {'L', "depth", OPT_NUMBER, "N", "go no more than N levels below PATH"},
    [O_NULL] = {'0', "null", OPT_FLAG, NULL, "with -l: end each path with a NUL byte instead of a newline"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

struct grep {
    const struct ctx *ctx;
    const struct args *in;
    const char *text; /* with -F; in small letters with -i */
    size_t text_len;
    regex_t regex;
    char *line; /* room for a line in small letters, or one that ends in NUL */
    size_t room;
    uint64_t found; /* lines */
};

static char *
need_line(struct grep *grep, size_t len)
{
    if (len + 1 > grep->room) {
        grep->room = len + 256;
        grep->line = need_more(grep->line, grep->room, 1);
    }
    return grep->line;
}

static bool
fixed_matches(struct grep *grep, const char *line, size_t len)
{
    if (grep->in->opt[O_IGNORE_CASE].given) {
        char *small = need_line(grep, len);
        for (size_t i = 0; i < len; i++)
            small[i] = (char)tolower((unsigned char)line[i]);
        line = small;
    }
    return grep->text_len == 0 || (len > 0 && memmem(line, len, grep->text, grep->text_len) != NULL);
}

static bool
regex_matches(struct grep *grep, const char *line, size_t len)
{
#ifdef REG_STARTEND
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)len};
    (void)grep->line;
    return regexec(&grep->regex, line, 1, &range, REG_STARTEND) == 0;
#else /* what stands behind a NUL is not seen */
    char *copy = need_line(grep, len);
    memcpy(copy, line, len);
    copy[len] = '\0';
    return regexec(&grep->regex, copy, 0, NULL, 0) == 0;
#endif
}

static bool
line_matches(struct grep *grep, const char *line, size_t len)
{
    bool match = grep->text != NULL ? fixed_matches(grep, line, len) : regex_matches(grep, line, len);
    return match != grep->in->opt[O_INVERT].given;
}

static void
print_line(const struct grep *grep, const struct scan_node *node, uint64_t number, const char *line, size_t len)
{
    const struct ctx *ctx = grep->ctx;
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(node->path);
        json_int(&json, "line", (int64_t)number);
        json_int(&json, "offset", line - (const char *)node->data);
        json_data(&json, line, len);
        end_json(&json);
        return;
    }
    put_text(ctx, node->path);
    if (grep->in->opt[O_NUMBER].given)
        printf(":%llu", (unsigned long long)number);
    fputc(':', stdout);
    if (ctx->out_is_tty || !is_utf8(line, len))
        put_visible(stdout, line, len, true);
    else
        fwrite(line, 1, len, stdout);
    fputc('\n', stdout);
}

static void
print_node(const struct grep *grep, const struct scan_node *node, uint64_t count)
{
    const struct ctx *ctx = grep->ctx;
    bool counts = grep->in->opt[O_COUNT].given;
    if (ctx->format == FORMAT_JSON) {
        struct json json = one_json_path(node->path);
        if (counts)
            json_int(&json, "count", (int64_t)count);
        end_json(&json);
        return;
    }
    put_text(ctx, node->path);
    if (counts)
        printf(":%llu", (unsigned long long)count);
    fputc(grep->in->opt[O_NULL].given ? '\0' : '\n', stdout);
}

/* search_node looks at each line of a node's data; the newline at the end begins none. */
static void
search_node(struct grep *grep, const struct scan_node *node)
{
    bool names = grep->in->opt[O_NAMES].given, counts = grep->in->opt[O_COUNT].given;
    const char *at = node->data, *end = node->data_len > 0 ? at + node->data_len : at;
    uint64_t number = 0, found = 0;
    while (at < end && !(names && found > 0)) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline == NULL ? end : newline) - at);
        number++;
        if (line_matches(grep, at, len)) {
            found++;
            if (!names && !counts)
                print_line(grep, node, number, at, len);
        }
        at += len + (newline != NULL);
    }
    if (found > 0 && (names || counts))
        print_node(grep, node, found);
    grep->found += found;
}

static int
search(struct ctx *ctx, struct grep *grep, const char *path)
{
    const struct opt_value *depth = &grep->in->opt[O_DEPTH];
    struct scan_options options = {.depth = depth->given && depth->n < UINT32_MAX ? (uint32_t)depth->n : UINT32_MAX,
                                   .what = SCAN_DATA,
                                   .doing = ctx->out_is_tty ? NULL : "searching"};
    struct scan *scan = scan_open(ctx, path, &options);
    struct scan_node node;
    while (!ferror(stdout) && scan_next(scan, &node))
        search_node(grep, &node);
    int code = scan_close(scan);
    return code == DONE && grep->found == 0 ? ANSWER_NO : code;
}

static int
compile(struct ctx *ctx, struct grep *grep, char *pattern)
{
    bool small = grep->in->opt[O_IGNORE_CASE].given;
    if (grep->in->opt[O_FIXED].given) {
        if (small)
            for (char *c = pattern; *c != '\0'; c++)
                *c = (char)tolower((unsigned char)*c);
        grep->text = pattern;
        grep->text_len = strlen(pattern);
        return DONE;
    }
    int bad = regcomp(&grep->regex, pattern, REG_EXTENDED | (small ? REG_ICASE : 0));
    char text[200];
    regerror(bad, &grep->regex, text, sizeof text);
    return bad == 0 ? DONE : fail_usage(ctx, "%s: %s; -F takes it as it is", pattern, text);
}

static int
run(struct ctx *ctx, const struct args *in)
{
    struct grep grep = {.ctx = ctx, .in = in};
    const char *path = in->n > 1 ? in->words[1] : "/";
    if (in->opt[O_FIXED].given && in->opt[O_EXTENDED].given)
        return fail_usage(ctx, "-E and -F: which?");
    if (in->opt[O_NAMES].given && in->opt[O_COUNT].given)
        return fail_usage(ctx, "-l and -c: which?");
    if (in->opt[O_NULL].given && (!in->opt[O_NAMES].given || ctx->format != FORMAT_TEXT))
        return fail_usage(ctx, "-0 goes with -l");
    int code = need_path(ctx, path, false);
    if (code == DONE)
        code = compile(ctx, &grep, in->words[0]);
    if (code != DONE)
        return code;
    code = need_session(ctx);
    if (code == DONE)
        code = search(ctx, &grep, path);
    if (grep.text == NULL)
        regfree(&grep.regex);
    free(grep.line);
    return code;
}

static const struct example examples[] = {
    {"zobo grep 'jdbc:[a-z]+://db1' /app", "lines of the data below /app, after their paths"},
    {"zobo grep -F -l 10.0.0.17 /", "which nodes name this address?"},
    {"zobo grep -ic error /logs", "how many lines of each"},
    {NULL, NULL}};

static const struct exit_text exits[] = {{"0", "there are such lines"},
                                         {"1", "there are none"},
                                         {"8", "there may be some, but part of the tree could not be read"},
                                         {NULL, NULL}};

const struct command cmd_grep = {
    .name = "grep",
    .usage = "PATTERN [PATH]",
    .here = true,
    .summary = "search the data of a subtree's nodes",
    .about = "Without PATH it searches everything. PATTERN is a regular expression as for grep -E, and is held against "
             "each line of the data; data may hold any bytes, of which those that are no text are shown as \\xNN. JSON "
             "has the line's number and its offset in bytes.",
    .examples = examples,
    .opts = opts,
    .exits = exits,
    .min_words = 1,
    .max_words = 2,
    .pages = true,
    .formats = FORMATS_ONE,
    .run = run};
