/* SPDX-License-Identifier: Apache-2.0 */
#include "members.h"

#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "lines.h"

/* host_len returns how long the host at the front of "host:port..." is, brackets included. */
static size_t
host_len(struct span s)
{
    const char *end = s.n == 0 ? NULL : memchr(s.p, s.p[0] == '[' ? ']' : ':', s.n);
    return end == NULL ? s.n : (size_t)(end - s.p) + (s.p[0] == '[' ? 1 : 0);
}

static bool
is_any(struct span host)
{
    return span_is(host, "0.0.0.0") || span_is(host, "[::]") || span_is(host, "[0:0:0:0:0:0:0:0]") ||
           span_is(host, "0:0:0:0:0:0:0:0");
}

/* client_of makes host:port of "port", "any:port" or "host:port", with the server's own host where it is any. */
static char *
client_of(struct span client, struct span server)
{
    client = span_trim(client);
    struct span host = {client.p, client.n};
    while (host.n > 0 && host.p[host.n - 1] != ':')
        host.n--;
    struct span port = {client.p + host.n, client.n - host.n};
    int64_t n;
    if (!span_int(port, &n) || n < 1 || n > 65535)
        return NULL;
    if (host.n > 0)
        host.n--; /* the colon */
    if (host.n == 0 || is_any(host))
        host = (struct span){server.p, host_len(server)};
    size_t size = host.n + 8;
    char *text = need_memory(size, 1);
    snprintf(text, size, "%.*s:%d", (int)host.n, host.p, (int)n);
    return text;
}

/* "1=host:2888:3888:participant;0.0.0.0:2181" */
static bool
read_member(struct span line, struct members *out)
{
    struct span number, server;
    int64_t id;
    if (!span_until(&line, '=', &number) || !span_int(span_trim(number), &id))
        return false;
    struct member member = {.id = id};
    line = span_trim(line);
    member.spec = span_copy(line);
    struct span client = line;
    if (span_until(&client, ';', &server))
        member.client = client_of(client, server);
    else
        server = line;
    size_t host = host_len(server), end = host + 1;
    while (end < server.n && server.p[end] != ':' && server.p[end] != '|')
        end++;
    if (end <= server.n)
        member.peers = span_copy((struct span){server.p, end});
    member.observer = server.n >= 9 && memcmp(server.p + server.n - 9, ":observer", 9) == 0;
    out->items = need_more(out->items, out->n + 1, sizeof *out->items);
    out->items[out->n++] = member;
    return true;
}

bool
parse_config(const char *text, size_t len, struct members *out)
{
    struct span rest = {text, len}, line;
    bool any = false;
    out->version = -1;
    while (span_line(&rest, &line)) {
        line = span_trim(line);
        int64_t version;
        if (span_skip(&line, "server.")) {
            any = read_member(line, out) || any;
        } else if (span_skip(&line, "version=")) {
            char hex[40] = "0x"; /* it is hexadecimal without saying so */
            if (line.n > 0 && line.n < 17) {
                memcpy(hex + 2, line.p, line.n);
                if (span_int((struct span){hex, line.n + 2}, &version))
                    out->version = version;
            }
            any = true;
        } else if (memchr(line.p, '=', line.n) != NULL) {
            any = true; /* a server that stands alone has settings too */
        }
    }
    return any;
}

bool
parse_members(const struct answer *answer, struct members *out)
{
    return answer->via == VIA_WORD    ? parse_config(answer->bytes, answer->len, out)
           : answer->via == VIA_ADMIN ? admin_members(answer->bytes, answer->len, out)
                                      : false;
}

void
members_free(struct members *members)
{
    for (size_t i = 0; i < members->n; i++) {
        free(members->items[i].spec);
        free(members->items[i].client);
        free(members->items[i].peers);
    }
    free(members->items);
    *members = (struct members){0};
}

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
same_members(const struct members *a, const struct members *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct member *x = &a->items[i], *y = NULL;
        for (size_t k = 0; k < b->n; k++)
            if (b->items[k].id == x->id)
                y = &b->items[k];
        if (y == NULL || !same_text(x->peers, y->peers) || x->observer != y->observer)
            return false;
    }
    return true;
}
