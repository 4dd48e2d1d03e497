/* SPDX-License-Identifier: Apache-2.0 */
#include <zobo/acl.h>

#include <string.h>

#include "base/digest.h"

const zobo_acl_list *
zobo_open_acl(void)
{
    static const zobo_acl item = {ZOBO_PERM_ALL, "world", "anyone"};
    static const zobo_acl_list list = {&item, 1};
    return &list;
}

const zobo_acl_list *
zobo_creator_all_acl(void)
{
    static const zobo_acl item = {ZOBO_PERM_ALL, "auth", ""};
    static const zobo_acl_list list = {&item, 1};
    return &list;
}

const zobo_acl_list *
zobo_read_acl(void)
{
    static const zobo_acl item = {ZOBO_PERM_READ, "world", "anyone"};
    static const zobo_acl_list list = {&item, 1};
    return &list;
}

zobo_err
zobo_digest_credential(const char *user, const char *password, char *buf, size_t size)
{
    if (user == NULL || password == NULL || buf == NULL || user[0] == '\0' || strchr(user, ':') != NULL)
        return ZOBO_EINVAL;
    size_t n = strlen(user);
    if (size < n + 30) /* a colon, 28 digits, a NUL */
        return ZOBO_EINVAL;
    uint8_t hash[20];
    zb_sha1_state s;
    zb_sha1_init(&s);
    zb_sha1_add(&s, user, n);
    zb_sha1_add(&s, ":", 1);
    zb_sha1_add(&s, password, strlen(password));
    zb_sha1_end(&s, hash);
    memcpy(buf, user, n);
    buf[n] = ':';
    zb_base64(hash, sizeof hash, buf + n + 1);
    return ZOBO_OK;
}

static const struct {
    char letter;
    uint8_t perm;
} letters[] = {{'c', ZOBO_PERM_CREATE},
               {'d', ZOBO_PERM_DELETE},
               {'r', ZOBO_PERM_READ},
               {'w', ZOBO_PERM_WRITE},
               {'a', ZOBO_PERM_ADMIN}};

enum { N_LETTERS = sizeof letters / sizeof *letters };

void
zobo_perms_text(uint32_t perms, char buf[8])
{
    size_t n = 0;
    for (size_t i = 0; i < N_LETTERS; i++) {
        if (perms & letters[i].perm)
            buf[n++] = letters[i].letter;
    }
    if (n == 0)
        buf[n++] = '-';
    buf[n] = '\0';
}

zobo_err
zobo_perms_parse(const char *text, uint32_t *out)
{
    if (text == NULL || text[0] == '\0')
        return ZOBO_EINVAL;
    if (strcmp(text, "all") == 0) {
        *out = ZOBO_PERM_ALL;
        return ZOBO_OK;
    }
    uint32_t perms = 0;
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (i < N_LETTERS && letters[i].letter != *text)
            i++;
        if (i == N_LETTERS)
            return ZOBO_EINVAL;
        perms |= letters[i].perm;
    }
    *out = perms;
    return ZOBO_OK;
}
