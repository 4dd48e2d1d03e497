/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame/cli.h"

bool
span_line(struct span *text, struct span *line)
{
    if (text->n == 0)
        return false;
    if (!span_until(text, '\n', line)) {
        *line = *text;
        *text = (struct span){text->p + text->n, 0};
    }
    if (line->n > 0 && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

bool
span_is(struct span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

bool
span_skip(struct span *s, const char *text)
{
    size_t n = strlen(text);
    if (s->n < n || memcmp(s->p, text, n) != 0)
        return false;
    *s = (struct span){s->p + n, s->n - n};
    return true;
}

bool
span_until(struct span *s, char c, struct span *before)
{
    const char *at = s->n == 0 ? NULL : memchr(s->p, c, s->n);
    if (at == NULL)
        return false;
    *before = (struct span){s->p, (size_t)(at - s->p)};
    *s = (struct span){at + 1, s->n - before->n - 1};
    return true;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span
span_trim(struct span s)
{
    while (s.n > 0 && is_space(s.p[0]))
        s = (struct span){s.p + 1, s.n - 1};
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Numbers are read by the C library, from a copy of what could be one. */
enum { NUMBER_MAX = 40 };

static bool
number_text(struct span s, char buf[NUMBER_MAX])
{
    if (s.n == 0 || s.n >= NUMBER_MAX || is_space(s.p[0]))
        return false;
    memcpy(buf, s.p, s.n);
    buf[s.n] = '\0';
    return true;
}

bool
span_int(struct span s, int64_t *n)
{
    char buf[NUMBER_MAX], *end;
    if (!number_text(s, buf))
        return false;
    bool hex = s.n > 2 && buf[0] == '0' && buf[1] == 'x';
    errno = 0;
    *n = hex ? (int64_t)strtoull(buf + 2, &end, 16) : strtoll(buf, &end, 10);
    return *end == '\0' && errno == 0 && end != buf && (!hex || (buf[2] != '-' && buf[2] != '+' && !is_space(buf[2])));
}

bool
span_real(struct span s, double *n)
{
    char buf[NUMBER_MAX], *end;
    if (!number_text(s, buf) || buf[strspn(buf, "0123456789.-+eE")] != '\0')
        return false;
    *n = strtod(buf, &end);
    return *end == '\0' && end != buf && *n > -1e300 && *n < 1e300;
}

char *
span_copy(struct span s)
{
    char *text = need_memory(s.n + 1, 1);
    for (size_t i = 0; i < s.n; i++)
        text[i] = s.p[i];
    for (size_t i = 0; i < s.n; i++)
        if (text[i] == '\0')
            text[i] = '?';
    return text;
}
