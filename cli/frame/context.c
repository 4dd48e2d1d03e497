/* SPDX-License-Identifier: Apache-2.0 */
/* What a context's properties do. Most are common options by another way in. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* Those that are common options come first. */
enum {
    P_HOSTS,
#ifdef ZOBO_SERVER
    P_LOCAL,
#endif
    P_AUTH_FILE,
    P_CONNECT_TIMEOUT,
    P_SESSION_TIMEOUT,
    P_WAIT,
    P_READ_ONLY,
    P_OUTPUT,
    P_CHROOT,
    P_READONLY,
    P_CONFIRM,
    P_COUNT
};
enum { P_OPTIONS = P_CHROOT };

const char *const properties[] = {[P_HOSTS] = "hosts",
#ifdef ZOBO_SERVER
                                  [P_LOCAL] = "local",
#endif
                                  [P_AUTH_FILE] = "auth-file",
                                  [P_CONNECT_TIMEOUT] = "connect-timeout",
                                  [P_SESSION_TIMEOUT] = "session-timeout",
                                  [P_WAIT] = "wait",
                                  [P_READ_ONLY] = "read-only",
                                  [P_OUTPUT] = "output",
                                  [P_CHROOT] = "chroot",
                                  [P_READONLY] = "readonly",
                                  [P_CONFIRM] = "confirm",
                                  [P_COUNT] = NULL};

static const int option_of[P_OPTIONS] = {[P_HOSTS] = G_HOSTS,
#ifdef ZOBO_SERVER
                                         [P_LOCAL] = G_LOCAL,
#endif
                                         [P_AUTH_FILE] = G_AUTH_FILE,
                                         [P_CONNECT_TIMEOUT] = G_CONNECT_TIMEOUT,
                                         [P_SESSION_TIMEOUT] = G_SESSION_TIMEOUT,
                                         [P_WAIT] = G_WAIT,
                                         [P_READ_ONLY] = G_READ_ONLY,
                                         [P_OUTPUT] = G_OUTPUT};

static int
find_property(const char *key)
{
    for (int p = 0; p < P_COUNT; p++)
        if (strcmp(properties[p], key) == 0)
            return p;
    return P_COUNT;
}

static bool
parse_yes(const char *value, bool *yes)
{
    *yes = strcmp(value, "yes") == 0 || strcmp(value, "true") == 0;
    return *yes || strcmp(value, "no") == 0 || strcmp(value, "false") == 0;
}

/* wrong_value says what a good value would be; NULL: this one is good. */
static const char *
wrong_value(int property, const char *value)
{
    bool yes;
    if (property == P_CHROOT) {
        bool good = value[0] == '/' && zobo_path_check(value, false, NULL) == ZOBO_OK;
        return good ? NULL : "it is a path";
    }
    if (property == P_READONLY)
        return parse_yes(value, &yes) ? NULL : "it is yes or no";
    if (property == P_CONFIRM)
        return strcmp(value, "always") == 0 || strcmp(value, "usual") == 0 ? NULL : "it is always or usual";
    const struct opt *opt = &global_opts[option_of[property]];
    if (opt->kind == OPT_FLAG)
        return parse_yes(value, &yes) ? NULL : "it is yes or no";
    struct opt_value out = {0};
    char *copy = need_copy(value);
    bool good = value[0] != '\0' && parse_value(opt, copy, &out);
    free(copy);
    return good ? NULL : bad_value_text(opt->kind);
}

int
check_setting(const struct ctx *ctx, const char *context, const char *key, const char *value)
{
    int property = find_property(key);
    if (property == P_COUNT && strcmp(key, "auth") == 0)
        return refuse(ctx, BAD_USAGE, "[%s]: credentials do not belong here: auth-file names a file that holds them",
                      context);
    if (property == P_COUNT)
        return refuse(ctx, BAD_USAGE, "[%s]: no property %s; `zobo help ctx` lists them", context, key);
    const char *wrong = wrong_value(property, value);
    return wrong == NULL ? DONE : refuse(ctx, BAD_USAGE, "[%s]: %s = %s: %s", context, key, value, wrong);
}

/* own puts what a home directory's "~/" stands for, and keeps the text as long as the configuration. */
static char *
own(struct config *config, const char *value)
{
    const char *home = getenv("HOME");
    size_t size = strlen(value) + (home == NULL ? 0 : strlen(home)) + 2;
    char *text = need_memory(size, 1);
    if (home != NULL && strncmp(value, "~/", 2) == 0)
        snprintf(text, size, "%s%s", home, value + 1);
    else
        snprintf(text, size, "%s", value);
    config->settings = need_more(config->settings, config->n + 1, sizeof *config->settings);
    config->settings[config->n++] = (struct setting){need_copy(""), need_copy(""), text};
    return text;
}

/* apply_option sets a common option that was not given. */
static void
apply_option(struct config *config, int property, const char *value, struct opt_value *globals)
{
    int g = option_of[property];
    if (globals[g].given)
        return;
    if (global_opts[g].kind == OPT_FLAG)
        parse_yes(value, &globals[g].given);
    else
        (void)parse_value(&global_opts[g], own(config, value), &globals[g]); /* it was checked */
}

/* last_server returns the last of a host string, where its chroot would stand. */
static const char *
last_server(const char *hosts)
{
    const char *comma = strrchr(hosts, ',');
    return comma == NULL ? hosts : comma + 1;
}

static void
apply_chroot(struct config *config, const char *chroot, struct opt_value *globals)
{
    const char *hosts = globals[G_HOSTS].text != NULL ? globals[G_HOSTS].text : "127.0.0.1:2181";
    const char *last = last_server(hosts);
    bool is_unix = strncmp(last, "unix:/", 6) == 0;
    bool has_one = is_unix ? strstr(last + 6, ":/") != NULL : strchr(last, '/') != NULL;
    if (has_one || strcmp(chroot, "/") == 0)
        return;
    size_t size = strlen(hosts) + strlen(chroot) + 2;
    char *all = need_memory(size, 1);
    snprintf(all, size, "%s%s%s", hosts, is_unix ? ":" : "", chroot);
    globals[G_HOSTS].given = true;
    globals[G_HOSTS].text = own(config, all);
    free(all);
}

/* pick finds the value that counts: of --property, else of the context. */
static const char *
pick(const struct config *config, const char *context, const struct opt_value *given, int property)
{
    size_t len = strlen(properties[property]);
    for (size_t i = given->n_items; i-- > 0;)
        if (strncmp(given->items[i], properties[property], len) == 0 && given->items[i][len] == '=')
            return given->items[i] + len + 1;
    return context == NULL ? NULL : config_get(config, context, properties[property]);
}

static int
check_given(const struct ctx *ctx, const struct opt_value *given)
{
    for (size_t i = 0; i < given->n_items; i++) {
        char *key = need_copy(given->items[i]);
        char *equals = strchr(key, '=');
        if (equals != NULL)
            *equals = '\0';
        int code = equals != NULL ? check_setting(ctx, "--property", key, equals + 1)
                                  : fail_usage(ctx, "--property %s: it is KEY=VALUE", key);
        free(key);
        if (code != DONE)
            return code;
    }
    return DONE;
}

/* choose_context tells which context counts. Who names the servers does without the usual one: its credentials and
 * rules are for its servers. */
static int
choose_context(struct ctx *ctx, const struct config *config, const struct opt_value *globals, const char **context)
{
    bool place = globals[G_HOSTS].given;
#ifdef ZOBO_SERVER
    place = place || globals[G_LOCAL].given;
#endif
    *context = globals[G_CONTEXT].text != NULL ? globals[G_CONTEXT].text : place ? NULL : config->current;
    if (*context == NULL || config_has(config, *context))
        return DONE;
    if (globals[G_CONTEXT].text == NULL)
        return refuse(ctx, BAD_USAGE, "the context in use, %s, is gone; `zobo ctx` lists those there are", *context);
    return refuse(ctx, BAD_USAGE, "no context %s; `zobo ctx` lists those there are", *context);
}

int
config_apply(struct ctx *ctx, struct config *config, struct opt_value *globals)
{
    const char *context;
    const struct opt_value *given = &globals[G_PROPERTY];
    int code = check_given(ctx, given);
    if (code == DONE)
        code = choose_context(ctx, config, globals, &context);
    if (code != DONE)
        return code;
    bool place = globals[G_HOSTS].given;
#ifdef ZOBO_SERVER
    place = place || globals[G_LOCAL].given;
#endif
    for (int p = 0; p < P_COUNT; p++) {
        const char *value = pick(config, context, given, p);
        bool yes = false;
        if (value == NULL)
            continue;
#ifdef ZOBO_SERVER
        if (p == P_LOCAL && place)
            continue;
#endif
        if (p < P_OPTIONS)
            apply_option(config, p, value, globals);
        else if (p == P_CHROOT && !place)
            apply_chroot(config, value, globals);
        else if (p == P_READONLY && parse_yes(value, &yes))
            ctx->only_reads = yes;
        else if (p == P_CONFIRM)
            ctx->ask_always = strcmp(value, "always") == 0;
    }
    free(ctx->context);
    ctx->context = context == NULL ? NULL : need_copy(context);
    return DONE;
}
