/* SPDX-License-Identifier: Apache-2.0 */
/* The file of contexts: an INI file with a section for each cluster. /etc/zobo/config.ini is read first, then the user's
 * own, $XDG_CONFIG_HOME/zobo/config.ini (or what ZOBO_CONFIG names, and then it alone); what comes later counts.
 *
 *     [prod]
 *     hosts = zk1,zk2,zk3
 *     chroot = /app
 *     auth-file = ~/.zobo-auth
 *     confirm = always
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "command.h"

struct setting {
    char *context;
    char *key;
    char *value;
};

struct config {
    struct setting *settings;
    size_t n;
    char *current; /* the context that `zobo ctx use` has chosen, or NULL */
};

/* config_load reads the files; none is needed. 0, or the exit code after telling what is wrong with one. config_free in
 * either case. */
int config_load(const struct ctx *ctx, struct config *config);
void config_free(struct config *config);

/* config_get returns the value that counts, or NULL. config_has tells whether there is such a context. */
const char *config_get(const struct config *config, const char *context, const char *key);
bool config_has(const struct config *config, const char *context);

/* config_apply fills in those common options that neither the command line nor the environment has given, from
 * --property and the context in use. 0, or the exit code after telling. */
int config_apply(struct ctx *ctx, struct config *config, struct opt_value *globals);

/* check_setting holds a property against what there is. 0, or the exit code after telling. */
int check_setting(const struct ctx *ctx, const char *context, const char *key, const char *value);

/* Where the user's files are; to be freed. NULL when there is no home directory. */
char *config_file(void);
char *config_current_file(void);

/* The properties' names, ended by NULL. */
extern const char *const properties[];

#endif
