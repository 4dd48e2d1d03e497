/* SPDX-License-Identifier: Apache-2.0 */
/* A text as host string and as path. What is accepted must come out the same when spelt again; what is refused must say
 * where it is wrong. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hosts.h"
#include "core/path.h"

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static void
check_complaint(const zobo_problem *why, zobo_err err, zobo_err expected, size_t len)
{
    char begins[40];
    must(err == expected && why->err == err && why->offset <= len);
    snprintf(begins, sizeof begins, "byte %zu: ", why->offset);
    must(strncmp(why->text, begins, strlen(begins)) == 0);
}

/* spell writes parsed hosts as a host string. */
static char *
spell(const zb_hosts *h)
{
    size_t room = strlen(h->chroot) + 2, at = 0;
    for (size_t i = 0; i < h->n; i++)
        room += strlen(h->items[i].name) + 20;
    char *text = malloc(room);
    must(text != NULL);
    for (size_t i = 0; i < h->n; i++) {
        if (i > 0)
            text[at++] = ',';
        at += zb_hosts_describe(&h->items[i], text + at, room - at);
        must(at < room);
    }
    if (h->chroot[0] != '\0' && h->items[h->n - 1].is_unix)
        text[at++] = ':';
    strcpy(text + at, h->chroot);
    return text;
}

static void
check_hosts(const char *text)
{
    zb_hosts h, again;
    zobo_problem why;
    zobo_err err = zb_hosts_parse(&h, text, &why);
    if (err != ZOBO_OK) {
        check_complaint(&why, err, ZOBO_EBADHOSTS, strlen(text));
        return;
    }
    must(h.n > 0 && h.n <= ZB_MAX_HOSTS && strcmp(h.text, text) == 0);
    must(h.chroot[0] == '\0' || zobo_path_check(h.chroot, false, NULL) == ZOBO_OK);
    char *spelt = spell(&h);
    must(zb_hosts_parse(&again, spelt, NULL) == ZOBO_OK);
    must(again.n == h.n && strcmp(again.chroot, h.chroot) == 0);
    zb_rng rng = {h.n};
    zb_hosts_begin(&h, &rng, false);
    for (size_t i = 0; i < h.n; i++) {
        must(strcmp(again.items[i].name, h.items[i].name) == 0 && again.items[i].port == h.items[i].port &&
             again.items[i].is_unix == h.items[i].is_unix);
        must(zb_hosts_next(&h) >= 0);
    }
    must(zb_hosts_next(&h) == -1);
    zb_hosts_free(&again);
    zb_hosts_free(&h);
    free(spelt);
}

static void
check_path(const char *text)
{
    zobo_problem why;
    zobo_err err = zobo_path_check(text, false, &why);
    zobo_err sequence = zobo_path_check(text, true, NULL);
    if (err != ZOBO_OK) {
        check_complaint(&why, err, ZOBO_EBADPATH, strlen(text));
        return;
    }
    must(sequence == ZOBO_OK);

    static const zb_chroot chroot = {"/a/b", 4};
    zb_path joined = zb_path_join(&chroot, text);
    size_t len = (size_t)joined.prefix_len + joined.path_len, stripped_len, offset;
    char *sent = malloc(len + 1);
    must(sent != NULL);
    memcpy(sent, joined.prefix, joined.prefix_len);
    memcpy(sent + joined.prefix_len, joined.path, joined.path_len);
    const char *stripped;
    must(zb_path_strip(&chroot, sent, len, &stripped, &stripped_len));
    must(stripped_len == strlen(text) && memcmp(stripped, text, stripped_len) == 0);
    size_t parent = zb_path_parent_len(sent, len);
    must(parent > 0 && parent < len && zb_path_fault(sent, parent, false, &offset) == NULL);
    free(sent);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_hosts(text);
    check_path(text);
    free(text);
    return 0;
}
