/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, LINE_MAX_BYTES = 199, NAME_MAX_BYTES = 40 };

/* --- where the files are ------------------------------------------------------------------------------------------ */

static char *
join(const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = need_memory(size, 1);
    snprintf(path, size, "%s/%s", directory, name);
    return path;
}

static char *
user_file(const char *name)
{
    const char *config_home = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config_home != NULL && config_home[0] == '/') {
        char *directory = join(config_home, "zobo");
        char *path = join(directory, name);
        free(directory);
        return path;
    }
    if (home == NULL || home[0] != '/')
        return NULL;
    char *directory = join(home, ".config/zobo");
    char *path = join(directory, name);
    free(directory);
    return path;
}

char *
config_file(void)
{
    const char *named = getenv("ZOBO_CONFIG");
    return named != NULL && named[0] != '\0' ? need_copy(named) : user_file("config.ini");
}

char *
config_current_file(void)
{
    return user_file("context");
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* read_file returns the file's text; NULL after telling, or without when it is not there. `*code` is 0 or the exit
 * code. */
static char *
read_file(const struct ctx *ctx, const char *path, int *code)
{
    *code = DONE;
    FILE *file = fopen(path, "re");
    if (file == NULL && (errno == ENOENT || errno == ENOTDIR))
        return NULL;
    if (file == NULL) {
        *code = fail_errno(ctx, path, errno);
        return NULL;
    }
    char *text = need_memory(FILE_MAX + 1, 1);
    size_t len = fread(text, 1, FILE_MAX, file);
    if (ferror(file))
        *code = fail_errno(ctx, path, errno);
    else if (len == FILE_MAX || memchr(text, '\0', len) != NULL)
        *code = refuse(ctx, BAD_USAGE, "%s: this is no file of contexts", path);
    fclose(file);
    if (*code == DONE)
        return text;
    free(text);
    return NULL;
}

/* What the INI reader would cut in two is refused instead. */
static int
check_lines(const struct ctx *ctx, const char *path, const char *text)
{
    for (int line = 1; *text != '\0'; line++) {
        size_t len = strcspn(text, "\n");
        if (len > LINE_MAX_BYTES)
            return refuse(ctx, BAD_USAGE, "%s:%d: longer than %d bytes; a value goes on in the next line, indented",
                          path, line, LINE_MAX_BYTES);
        text += len + (text[len] == '\n');
    }
    return DONE;
}

/* One value over several lines comes in pieces: they make one, with a comma between them, for lists are what is long. */
static int
take_setting(void *arg, const char *section, const char *key, const char *value)
{
    struct config *config = arg;
    struct setting *last = config->n > 0 ? &config->settings[config->n - 1] : NULL;
    if (strlen(section) > NAME_MAX_BYTES || section[0] == '\0')
        return 0;
    if (last != NULL && strcmp(last->context, section) == 0 && strcmp(last->key, key) == 0) {
        size_t had = strlen(last->value), size = had + strlen(value) + 2;
        char *all = need_memory(size, 1);
        snprintf(all, size, "%s%s%s", last->value, had > 0 && last->value[had - 1] != ',' ? "," : "", value);
        free(last->value);
        last->value = all;
        return 1;
    }
    config->settings = need_more(config->settings, config->n + 1, sizeof *config->settings);
    config->settings[config->n++] = (struct setting){need_copy(section), need_copy(key), need_copy(value)};
    return 1;
}

static int
load(const struct ctx *ctx, const char *path, struct config *config)
{
    int code;
    char *text = read_file(ctx, path, &code);
    if (text == NULL)
        return code;
    size_t before = config->n;
    code = check_lines(ctx, path, text);
    int line = code == DONE ? ini_parse_string(text, take_setting, config) : 0;
    free(text);
    if (line != 0)
        return refuse(ctx, BAD_USAGE, "%s:%d: neither [context] nor property = value, or outside of a context", path,
                      line);
    for (size_t i = before; i < config->n && code == DONE; i++) {
        const struct setting *s = &config->settings[i];
        code = check_setting(ctx, s->context, s->key, s->value);
        if (code != DONE)
            note(ctx, "this stands in %s", path);
    }
    return code;
}

static int
load_current(const struct ctx *ctx, struct config *config)
{
    char *path = config_current_file();
    int code = DONE;
    char *text = path == NULL ? NULL : read_file(ctx, path, &code);
    if (text != NULL)
        text[strcspn(text, "\r\n")] = '\0';
    if (text != NULL && text[0] != '\0')
        config->current = need_copy(text);
    free(text);
    free(path);
    return code;
}

int
config_load(const struct ctx *ctx, struct config *config)
{
    *config = (struct config){0};
    const char *named = getenv("ZOBO_CONFIG");
    int code = named != NULL && named[0] != '\0' ? DONE : load(ctx, "/etc/zobo/config.ini", config);
    char *own = config_file();
    if (code == DONE && own != NULL)
        code = load(ctx, own, config);
    free(own);
    return code == DONE ? load_current(ctx, config) : code;
}

void
config_free(struct config *config)
{
    for (size_t i = 0; i < config->n; i++) {
        free(config->settings[i].context);
        free(config->settings[i].key);
        free(config->settings[i].value);
    }
    free(config->settings);
    free(config->current);
    *config = (struct config){0};
}

const char *
config_get(const struct config *config, const char *context, const char *key)
{
    for (size_t i = config->n; i-- > 0;)
        if (strcmp(config->settings[i].context, context) == 0 && strcmp(config->settings[i].key, key) == 0)
            return config->settings[i].value;
    return NULL;
}

bool
config_has(const struct config *config, const char *context)
{
    for (size_t i = 0; i < config->n; i++)
        if (strcmp(config->settings[i].context, context) == 0)
            return true;
    return false;
}
