/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the answers to four-letter words. */
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "lines.h"

/* --- srvr, mntr ---------------------------------------------------------------------------------------------------- */

static void
set_average(struct facts *out, double ms)
{
    if (ms >= 0 && ms < 1e12)
        set_fact(out, FACT_AVG_LATENCY, (int64_t)(ms * 1000 + 0.5));
}

/* "0/1.5/12", the averages of old servers without a point. */
static void
set_latencies(struct span s, struct facts *out)
{
    struct span least, average;
    int64_t min, max;
    double mean;
    if (span_until(&s, '/', &least) && span_until(&s, '/', &average) && span_int(least, &min) && span_int(s, &max) &&
        span_real(average, &mean)) {
        set_fact(out, FACT_MIN_LATENCY, min);
        set_fact(out, FACT_MAX_LATENCY, max);
        set_average(out, mean);
    }
}

bool
words_server(const char *text, size_t len, struct facts *out)
{
    static const struct {
        const char *name;
        enum fact fact;
    } numbers[] = {{"Received: ", FACT_RECEIVED},       {"Sent: ", FACT_SENT}, {"Connections: ", FACT_CONNECTIONS},
                   {"Outstanding: ", FACT_OUTSTANDING}, {"Zxid: ", FACT_ZXID}, {"Node count: ", FACT_NODES}};
    struct span rest = {text, len}, line;
    bool any = false;
    while (span_line(&rest, &line)) {
        if (span_skip(&line, "Zookeeper version: ")) {
            set_version(out, line.p, line.n);
            any = true;
        } else if (span_skip(&line, "Mode: ")) {
            set_text(&out->mode, line.p, line.n);
            set_fact(out, FACT_READ_ONLY, span_is(line, "read-only"));
        } else if (span_skip(&line, "Latency min/avg/max: ")) {
            set_latencies(line, out);
        }
        int64_t n;
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
            if (span_skip(&line, numbers[i].name) && span_int(line, &n))
                set_fact(out, numbers[i].fact, n);
    }
    return any;
}

bool
words_monitor(const char *text, size_t len, struct facts *out)
{
    struct span rest = {text, len}, line, name;
    bool any = false;
    while (span_line(&rest, &line)) {
        if (!span_skip(&line, "zk_") || !span_until(&line, '\t', &name))
            continue;
        any = true;
        enum fact fact = monitor_fact(name.p, name.n);
        int64_t n;
        double real;
        if (span_is(name, "version"))
            set_version(out, line.p, line.n);
        else if (span_is(name, "server_state"))
            set_text(&out->mode, line.p, line.n);
        else if (fact == FACT_AVG_LATENCY && span_real(line, &real))
            set_average(out, real);
        else if (fact != FACT_COUNT && fact != FACT_AVG_LATENCY && span_int(line, &n))
            set_fact(out, fact, n);
        else if (fact != FACT_COUNT && fact != FACT_AVG_LATENCY && span_real(line, &real) && real > -9e15 &&
                 real < 9e15)
            set_fact(out, fact, (int64_t)real);
    }
    return any;
}

/* --- cons ---------------------------------------------------------------------------------------------------------- */

/* "name=value" */
static void
set_detail(struct connection *c, struct span name, struct span value)
{
    const struct {
        const char *name;
        int64_t *n;
    } numbers[] = {{"queued", &c->queued}, {"recved", &c->received}, {"sent", &c->sent},       {"sid", &c->session},
                   {"est", &c->since_ms},  {"to", &c->timeout_ms},   {"lzxid", &c->last_zxid}, {"minlat", &c->min_ms},
                   {"avglat", &c->avg_ms}, {"maxlat", &c->max_ms}};
    int64_t n;
    if (span_is(name, "lop") && value.n < sizeof c->op) {
        memcpy(c->op, value.p, value.n);
        c->op[value.n] = '\0';
        if (strcmp(c->op, "NA") == 0)
            c->op[0] = '\0';
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (span_is(name, numbers[i].name) && span_int(value, &n))
            *numbers[i].n = n;
    c->detailed = c->detailed || span_is(name, "sid");
}

/* " /127.0.0.1:40966[1](queued=0,recved=9,...)": Netty's connections have no slash, those of IPv6 colons. */
static bool
read_connection(struct span line, struct connections *out)
{
    struct span address, field, name;
    if (!span_skip(&line, " "))
        return false;
    span_skip(&line, "/");
    const char *bracket = NULL;
    for (size_t i = 0; i + 1 < line.n && bracket == NULL; i++)
        if (line.p[i] == ']' && line.p[i + 1] == '(')
            bracket = line.p + i;
    if (bracket == NULL || line.p[line.n - 1] != ')')
        return false;
    address = (struct span){line.p, (size_t)(bracket - line.p)};
    while (address.n > 0 && address.p[address.n - 1] != '[')
        address.n--;
    if (address.n < 2)
        return false;
    address.n--;
    struct span fields = {bracket + 2, (size_t)(line.p + line.n - bracket) - 3};
    struct connection *c = add_connection(out);
    c->address = span_copy(address);
    while (fields.n > 0) {
        if (!span_until(&fields, ',', &field)) {
            field = fields;
            fields.n = 0;
        }
        if (span_until(&field, '=', &name))
            set_detail(c, name, field);
    }
    return true;
}

bool
words_connections(const char *text, size_t len, struct connections *out)
{
    struct span rest = {text, len}, line;
    bool any = false, odd = false;
    while (span_line(&rest, &line)) {
        bool is = read_connection(line, out);
        any = any || is;
        odd = odd || (!is && span_trim(line).n > 0);
    }
    return any || !odd;
}

/* --- dump, wchc ---------------------------------------------------------------------------------------------------- */

/* "0x100021bf7f50000" with what stands behind it: ":", or a tab and "30000ms". */
static bool
read_session(struct span line, int64_t *id, int64_t *timeout_ms)
{
    *timeout_ms = 0;
    if (line.n < 3 || line.p[0] != '0' || line.p[1] != 'x')
        return false;
    size_t n = 2;
    while (n < line.n && line.p[n] != ':' && line.p[n] != '\t')
        n++;
    struct span behind = {line.p + n, line.n - n};
    if (span_skip(&behind, "\t") && behind.n > 2 && memcmp(behind.p + behind.n - 2, "ms", 2) == 0)
        span_int((struct span){behind.p, behind.n - 2}, timeout_ms);
    return span_int((struct span){line.p, n}, id);
}

bool
words_dump(const char *text, size_t len, struct dump *out)
{
    enum { BEFORE, SESSIONS, EPHEMERALS, CONNECTIONS } part = BEFORE;
    struct span rest = {text, len}, line;
    int64_t id = 0, timeout, owner = 0;
    while (span_line(&rest, &line)) {
        struct span inner = line;
        if (span_is(line, "SessionTracker dump:"))
            part = SESSIONS;
        else if (span_is(line, "ephemeral nodes dump:"))
            part = EPHEMERALS;
        else if (span_is(line, "Connections dump:"))
            part = CONNECTIONS;
        else if (part == SESSIONS && read_session(span_trim(line), &id, &timeout))
            add_session(out, id, timeout);
        else if (part == EPHEMERALS && read_session(line, &id, &timeout))
            owner = id;
        else if (part == EPHEMERALS && span_skip(&inner, "\t/") && owner != 0)
            add_session_path(&out->ephemerals, owner, span_copy((struct span){line.p + 1, line.n - 1}));
    }
    return part != BEFORE;
}

bool
words_watches(const char *text, size_t len, struct session_paths *out)
{
    struct span rest = {text, len}, line;
    int64_t id = 0, timeout;
    bool any = false, odd = false;
    while (span_line(&rest, &line)) {
        struct span inner = line;
        if (read_session(line, &id, &timeout))
            any = true;
        else if (any && span_skip(&inner, "\t/"))
            add_session_path(out, id, span_copy((struct span){line.p + 1, line.n - 1}));
        else
            odd = odd || line.n > 0;
    }
    return any || !odd;
}
