/* SPDX-License-Identifier: Apache-2.0 */
/* What the user gives: data, ACLs, answers. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "command.h"

struct input {
    const char *bytes; /* NULL: no data was given */
    size_t len;
    char *owned;
};

/* read_data takes the data from `word` ("-": stdin), or from `file` ("-": stdin); both NULL: there is none. With
 * `base64` it is decoded. Returns 0, or the exit code after telling what is wrong; input_free in either case. */
int read_data(const struct ctx *ctx, const char *word, const char *file, bool base64, struct input *out);
void input_free(struct input *input);

struct acl_input {
    zobo_acl_list list;
    zobo_acl *items;
    char *text;
};

/* read_acls parses "scheme:id:perms" entries, one or several (with commas) in each word; as read_data. */
int read_acls(const struct ctx *ctx, char *const *words, size_t n, struct acl_input *out);
void acl_input_free(struct acl_input *input);

/* need_yes asks on the terminal before something is changed, keeping the session alive meanwhile; with --yes it does
 * not, and where nobody could answer it refuses. 0 for yes, or the exit code: ANSWER_NO, BAD_USAGE. */
int need_yes(struct ctx *ctx, const char *question, ...) PRINTF_LIKE(2, 3);

/* read_secret reads a line from stdin, unseen when that is a terminal, where `prompt` is shown first. False: there was
 * none. The caller wipes it. */
bool read_secret(struct ctx *ctx, const char *prompt, char *buf, size_t size);

#endif
