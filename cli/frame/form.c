/* SPDX-License-Identifier: Apache-2.0 */
#include "form.h"

#include <string.h>

#include "command.h"
#include "out.h"
#include "text.h"

static void
put_path(const struct ctx *ctx, const struct node_facts *node)
{
    put_text(ctx, node->path);
}

static void
put_name(const struct ctx *ctx, const struct node_facts *node)
{
    const char *slash = strrchr(node->path, '/');
    put_text(ctx, slash == NULL || slash[1] == '\0' ? node->path : slash + 1);
}

static void
put_version(const struct ctx *ctx, const struct node_facts *node)
{
    (void)ctx;
    printf("%d", node->stat->version);
}

static void
put_size(const struct ctx *ctx, const struct node_facts *node)
{
    (void)ctx;
    printf("%d", node->stat->data_length);
}

static void
put_children(const struct ctx *ctx, const struct node_facts *node)
{
    (void)ctx;
    printf("%d", node->stat->num_children);
}

static void
put_time(int64_t ms)
{
    char text[TIME_TEXT_SIZE];
    time_text(ms, text);
    fputs(text, stdout);
}

static void
put_mtime(const struct ctx *ctx, const struct node_facts *node)
{
    (void)ctx;
    put_time(node->stat->mtime);
}

static void
put_ctime(const struct ctx *ctx, const struct node_facts *node)
{
    (void)ctx;
    put_time(node->stat->ctime);
}

static void
put_owner(const struct ctx *ctx, const struct node_facts *node)
{
    (void)ctx;
    printf("0x%llx", (unsigned long long)node->stat->ephemeral_owner);
}

static void
put_mzxid(const struct ctx *ctx, const struct node_facts *node)
{
    (void)ctx;
    printf("0x%llx", (unsigned long long)node->stat->mzxid);
}

static void
put_data(const struct ctx *ctx, const struct node_facts *node)
{
    if (node->data_len == 0)
        return;
    if (ctx->out_is_tty)
        put_visible(stdout, node->data, node->data_len, true);
    else
        fwrite(node->data, 1, node->data_len, stdout);
}

static const struct field {
    char letter;
    bool of_stat;
    void (*put)(const struct ctx *ctx, const struct node_facts *node);
    const char *what;
} fields[] = {{'p', false, put_path, "path"},
              {'n', false, put_name, "name: the path's last part"},
              {'v', true, put_version, "version of the data"},
              {'s', true, put_size, "size of the data in bytes"},
              {'c', true, put_children, "number of children"},
              {'m', true, put_mtime, "time of the last change, as 2026-11-22T08:32:46.123Z"},
              {'C', true, put_ctime, "time of creation"},
              {'o', true, put_owner, "owner of an ephemeral node: the session's id, else 0x0"},
              {'z', true, put_mzxid, "zxid of the last change"},
              {'d', false, put_data, "data, byte for byte; on a terminal readable"}};
enum { N_FIELDS = sizeof fields / sizeof fields[0] };

static const struct escape {
    char letter;
    char means;
} escapes[] = {{'n', '\n'}, {'t', '\t'}, {'0', '\0'}, {'\\', '\\'}};
enum { N_ESCAPES = sizeof escapes / sizeof escapes[0] };

static const struct field *
find_field(char letter)
{
    for (size_t i = 0; i < N_FIELDS; i++)
        if (fields[i].letter == letter)
            return &fields[i];
    return NULL;
}

static const struct escape *
find_escape(char letter)
{
    for (size_t i = 0; i < N_ESCAPES; i++)
        if (escapes[i].letter == letter)
            return &escapes[i];
    return NULL;
}

int
form_check(const struct ctx *ctx, const char *form)
{
    for (const char *c = form; *c != '\0'; c++) {
        if (*c != '%' && *c != '\\')
            continue;
        size_t at = (size_t)(c - form);
        char kind = *c++;
        if (*c == '\0')
            return fail_usage(ctx, "--format: byte %zu: nothing stands behind this %c", at, kind);
        bool good = kind == '%' ? *c == '%' || find_field(*c) != NULL : find_escape(*c) != NULL;
        int len = (int)utf8_step((const unsigned char *)c, strlen(c));
        if (!good && kind == '%')
            return fail_usage(ctx, "--format: byte %zu: there is no %%%.*s; `zobo help` lists the fields", at, len, c);
        if (!good)
            return fail_usage(ctx, "--format: byte %zu: there is no \\%.*s; there are \\n, \\t, \\0 and \\\\", at, len,
                              c);
    }
    return DONE;
}

bool
form_has(const char *form, const char *letters)
{
    for (const char *c = form; c != NULL && *c != '\0'; c++) {
        if (*c == '%' && c[1] != '%' && strchr(letters, c[1]) != NULL)
            return true;
        c += *c == '%' || *c == '\\';
    }
    return false;
}

void
put_form(const struct ctx *ctx, const struct node_facts *node)
{
    for (const char *c = ctx->form; *c != '\0'; c++) {
        const struct field *field = *c == '%' ? find_field(c[1]) : NULL;
        if (field != NULL && field->of_stat && node->stat == NULL)
            fputc('?', stdout);
        else if (field != NULL)
            field->put(ctx, node);
        else if (*c == '\\')
            fputc(find_escape(c[1])->means, stdout);
        else
            fputc(*c, stdout); /* of "%%" the first, too */
        c += *c == '%' || *c == '\\';
    }
}

bool
form_field(size_t i, char name[3], const char **what)
{
    if (i >= N_FIELDS)
        return false;
    name[0] = '%';
    name[1] = fields[i].letter;
    name[2] = '\0';
    *what = fields[i].what;
    return true;
}

void
print_form_help(FILE *to)
{
    char name[3];
    const char *what;
    for (size_t i = 0; form_field(i, name, &what); i++)
        fprintf(to, "  %s  %s\n", name, what);
    fputs("  %%  a percent sign; \\n newline, \\t tab, \\0 NUL, \\\\ backslash: nothing is added by itself\n", to);
}
