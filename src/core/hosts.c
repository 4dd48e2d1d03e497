/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosts.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/path.h"

static bool
is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_name_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}

static bool
is_v6_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

/* Where the parser stands in the text, and where its complaints go. */
typedef struct parser {
    zb_hosts *hosts;
    size_t cap;
    const char *text;
    zobo_problem *why;
} parser;

static zobo_err
bad(const parser *p, size_t offset, const char *rule)
{
    return zb_problem(p->why, ZOBO_EBADHOSTS, offset, "byte %zu: %s", offset, rule);
}

static zobo_err
no_memory(const parser *p)
{
    return zb_problem(p->why, ZOBO_ENOMEM, 0, "out of memory");
}

/* add_host appends a host whose name is text[from, to). */
static zobo_err
add_host(parser *p, size_t from, size_t to, uint16_t port, bool is_unix)
{
    zb_hosts *h = p->hosts;
    if (h->n == ZB_MAX_HOSTS)
        return bad(p, from, "there are more than 1024 hosts");
    if (h->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 4;
        zb_host *items = zb_realloc(h->items, cap * sizeof *items);
        if (items == NULL)
            return no_memory(p);
        h->items = items;
        p->cap = cap;
    }
    zb_host *host = &h->items[h->n];
    memset(host, 0, sizeof *host);
    host->name = zb_strndup(p->text + from, to - from);
    if (host->name == NULL)
        return no_memory(p);
    host->port = port;
    host->is_unix = is_unix;
    for (char *c = host->name; !is_unix && *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    h->n++;
    return ZOBO_OK;
}

/* read_port reads what follows a name: nothing, or ":" and a number, as far as `to`. */
static zobo_err
read_port(const parser *p, size_t from, size_t to, uint16_t *port)
{
    *port = ZB_DEFAULT_PORT;
    if (from == to)
        return ZOBO_OK;
    if (p->text[from] != ':')
        return bad(p, from, "':' and a port, ',' or '/' should follow the host");
    uint32_t value = 0;
    if (++from == to)
        return bad(p, from, "a port is missing after ':'");
    for (size_t i = from; i < to; i++) {
        if (!is_digit(p->text[i]))
            return bad(p, i, "a port is a number");
        value = value * 10 + (uint32_t)(p->text[i] - '0');
        if (value > UINT16_MAX)
            break;
    }
    if (value == 0 || value > UINT16_MAX)
        return bad(p, from, "a port is a number from 1 to 65535");
    *port = (uint16_t)value;
    return ZOBO_OK;
}

/* read_v6 reads "[address]" and a port; a zone ("%eth0") may follow the address. */
static zobo_err
read_v6(parser *p, size_t from, size_t to)
{
    const char *text = p->text;
    size_t i = from + 1, colons = 0;
    for (; i < to && is_v6_char(text[i]); i++)
        colons += text[i] == ':';
    if (i < to && text[i] == '%') {
        size_t zone = ++i;
        while (i < to && is_name_char(text[i]))
            i++;
        if (i == zone)
            return bad(p, i, "a zone is missing after '%'");
    }
    if (i == to)
        return bad(p, from, "']' is missing");
    if (text[i] != ']')
        return bad(p, i, "this does not belong in an IPv6 address");
    if (colons < 2)
        return bad(p, from + 1, "only an IPv6 address stands in brackets");
    uint16_t port;
    zobo_err err = read_port(p, i + 1, to, &port);
    return err ? err : add_host(p, from + 1, i, port, false);
}

static zobo_err
read_host(parser *p, size_t from, size_t to)
{
    if (from == to)
        return bad(p, from, "a host is missing");
    if (p->text[from] == '[')
        return read_v6(p, from, to);
    size_t end = from;
    while (end < to && is_name_char(p->text[end]))
        end++;
    if (end == to || p->text[end] == ':') {
        if (end == from)
            return bad(p, from, "a host is missing");
        if (end - from > 253)
            return bad(p, from, "a host name is not longer than 253 characters");
        if (end < to && memchr(p->text + end + 1, ':', to - end - 1) != NULL)
            return bad(p, from, "an IPv6 address stands in brackets: [::1]:2181");
        uint16_t port;
        zobo_err err = read_port(p, end, to, &port);
        return err ? err : add_host(p, from, end, port, false);
    }
    return bad(p, end, "a host name has letters, digits, '-', '.' and '_'");
}

/* fold copies a chroot with runs of slashes made one, at most `stop` bytes of it. Returns how far it has read: with
 * `stop` a place in the copy, that is the same place in the original. */
static size_t
fold(const char *from, char *to, size_t stop)
{
    size_t n = 0, i = 0;
    for (; from[i] != '\0'; i++) {
        if (from[i] == '/' && i > 0 && from[i - 1] == '/')
            continue;
        if (n == stop)
            break;
        to[n++] = from[i];
    }
    to[n] = '\0';
    return i;
}

/* read_chroot takes the rest of the text: nothing, or '/' and more. */
static zobo_err
read_chroot(parser *p, size_t from)
{
    const char *text = p->text + from;
    char *chroot = zb_malloc(strlen(text) + 1);
    if (chroot == NULL)
        return no_memory(p);
    p->hosts->chroot = chroot;
    fold(text, chroot, SIZE_MAX);
    size_t len = strlen(chroot), offset;
    if (len > 0 && chroot[len - 1] == '/')
        chroot[--len] = '\0';
    const char *fault = len > 0 ? zb_path_fault(chroot, len, false, &offset) : NULL;
    if (fault == NULL)
        return ZOBO_OK;
    offset = from + fold(text, chroot, offset); /* in the text as it was given */
    return zb_problem(p->why, ZOBO_EBADHOSTS, offset, "byte %zu: in the chroot: %s", offset, fault);
}

/* read_entry reads one server that begins at *at, and leaves *at at what ends it: ',', the chroot's '/', or NUL. */
static zobo_err
read_entry(parser *p, size_t *at)
{
    const char *text = p->text;
    size_t from = *at, to;
    while (is_space(text[from]))
        from++;
    bool is_unix = strncmp(text + from, "unix:/", 6) == 0;
    if (is_unix) {
        from += 5;
        to = from + strcspn(text + from, ",:");
        while (text[to] == ':' && text[to + 1] != '/')
            to += 1 + strcspn(text + to + 1, ",:");
        *at = text[to] == ':' ? to + 1 : to;
    } else {
        to = from + strcspn(text + from, ",/");
        *at = to;
    }
    while (to > from && is_space(text[to - 1]))
        to--;
    if (!is_unix)
        return read_host(p, from, to);
    if (to - from < 2)
        return bad(p, from, "the path of a socket is missing");
    for (size_t i = from; i < to; i++) {
        if ((unsigned char)text[i] < 0x20)
            return bad(p, i, "the path of a socket holds no control characters");
    }
    if (to - from > ZB_MAX_SOCKET_PATH)
        return bad(p, from, "the path of a socket is not longer than 107 bytes");
    return add_host(p, from, to, 0, true);
}

static zobo_err
read_all(parser *p)
{
    size_t at = 0;
    for (;;) {
        zobo_err err = read_entry(p, &at);
        if (err)
            return err;
        if (p->text[at] != ',')
            break;
        at++;
    }
    zb_hosts *h = p->hosts;
    zobo_err err = read_chroot(p, at);
    if (err)
        return err;
    h->text = zb_strndup(p->text, strlen(p->text));
    h->order = zb_calloc(h->n, sizeof *h->order);
    if (h->text == NULL || h->order == NULL)
        return no_memory(p);
    h->next = h->n;
    return ZOBO_OK;
}

zobo_err
zb_hosts_parse(zb_hosts *h, const char *text, zobo_problem *why)
{
    memset(h, 0, sizeof *h);
    parser p = {h, 0, text ? text : "127.0.0.1:2181", why};
    zobo_err err = read_all(&p);
    if (err)
        zb_hosts_free(h);
    return err;
}

void
zb_hosts_free(zb_hosts *h)
{
    for (size_t i = 0; i < h->n; i++)
        zb_free(h->items[i].name);
    zb_free(h->items);
    zb_free(h->chroot);
    zb_free(h->text);
    zb_free(h->order);
    memset(h, 0, sizeof *h);
}

void
zb_hosts_begin(zb_hosts *h, zb_rng *rng, bool ordered)
{
    for (size_t i = 0; i < h->n; i++)
        h->order[i] = i;
    for (size_t i = h->n; !ordered && i > 1; i--) {
        size_t j = (size_t)zb_rng_below(rng, i), swapped = h->order[j];
        h->order[j] = h->order[i - 1];
        h->order[i - 1] = swapped;
    }
    h->next = 0;
}

long
zb_hosts_next(zb_hosts *h)
{
    return h->next < h->n ? (long)h->order[h->next++] : -1;
}

size_t
zb_hosts_describe(const zb_host *host, char *buf, size_t size)
{
    int n;
    if (host->is_unix)
        n = snprintf(buf, size, "unix:%s", host->name);
    else if (strchr(host->name, ':') != NULL)
        n = snprintf(buf, size, "[%s]:%u", host->name, (unsigned)host->port);
    else
        n = snprintf(buf, size, "%s:%u", host->name, (unsigned)host->port);
    return n > 0 ? (size_t)n : 0;
}
