/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers there are, and where their AdminServers listen. */
#include <stdlib.h>
#include <string.h>

#include "ensemble.h"

enum { USUAL_ADMIN_PORT = 8080 };

char *
next_server(const char **hosts)
{
    const char *from = *hosts;
    if (from == NULL)
        return NULL;
    from += strspn(from, " \t");
    bool is_unix = strncmp(from, "unix:/", 6) == 0;
    const char *to = from + (is_unix ? 6 : 0);
    while (*to != '\0' && *to != ',' && (is_unix ? strncmp(to, ":/", 2) != 0 : *to != '/'))
        to++;
    *hosts = *to == ',' ? to + 1 : NULL;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    char *server = need_memory((size_t)(to - from) + 1, 1);
    memcpy(server, from, (size_t)(to - from));
    return server;
}

void
add_server(struct ensemble *e, char *name, int64_t id)
{
    e->servers = need_more(e->servers, e->n + 1, sizeof *e->servers);
    e->servers[e->n++] = (struct server){.name = name, .id = id};
}

void
free_servers(struct ensemble *e)
{
    for (size_t i = 0; i < e->n; i++) {
        free(e->servers[i].name);
        free(e->servers[i].admin);
    }
    free(e->servers);
    e->servers = NULL;
    e->n = 0;
}

/* host_of returns how long the host's part of "host:port" is, brackets included; 0 for a Unix socket. */
static size_t
host_of(const char *name)
{
    if (strncmp(name, "unix:", 5) == 0)
        return 0;
    const char *bracket = name[0] == '[' ? strchr(name, ']') : NULL;
    if (bracket != NULL)
        return (size_t)(bracket - name) + 1;
    const char *colon = strchr(name, ':');
    if (colon == NULL || strchr(colon + 1, ':') != NULL) /* a bare IPv6 address has no port */
        return strlen(name);
    return (size_t)(colon - name);
}

static char *
admin_at_port(const char *name, long port)
{
    size_t host = host_of(name);
    if (host == 0)
        return NULL;
    bool bare = name[0] != '[' && memchr(name, ':', host) != NULL;
    size_t size = host + 40;
    char *url = need_memory(size, 1);
    snprintf(url, size, "http://%s%.*s%s:%ld", bare ? "[" : "", (int)host, name, bare ? "]" : "", port);
    return url;
}

static char *
admin_url(const char *text, size_t len)
{
    bool whole = len > 8 && (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0);
    while (len > 0 && text[len - 1] == '/')
        len--;
    size_t size = len + 8;
    char *url = need_memory(size, 1);
    snprintf(url, size, "%s%.*s", whole ? "" : "http://", (int)len, text);
    return url;
}

static int
set_each(struct ensemble *e, const char *list)
{
    size_t n = 0;
    for (const char *at = list; at != NULL; n++) {
        size_t len = strcspn(at, ",");
        const char *next = at[len] == ',' ? at + len + 1 : NULL;
        for (; len > 0 && *at == ' '; len--)
            at++;
        if (len == 0)
            return fail_usage(e->ctx, "--admin %s: an address is empty", list);
        if (n < e->n)
            e->servers[n].admin = admin_url(at, len);
        at = next;
    }
    return n == e->n ? DONE
                     : fail_usage(e->ctx,
                                  "--admin names %zu addresses, and the servers are %zu: one port for all, or "
                                  "one address for each",
                                  n, e->n);
}

int
set_admins(struct ensemble *e, const char *list)
{
    long port = USUAL_ADMIN_PORT;
    if (list != NULL) {
        char *end;
        port = strtol(list, &end, 10);
        if (end == list || *end != '\0')
            return set_each(e, list);
        if (port < 1 || port > 65535)
            return fail_usage(e->ctx, "--admin %s: ports are 1 to 65535", list);
    }
    for (size_t i = 0; i < e->n; i++)
        e->servers[i].admin = admin_at_port(e->servers[i].name, port);
    return DONE;
}
