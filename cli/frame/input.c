/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "text.h"

/* Far above any server's jute.maxbuffer; the library refuses less than that, but only after it has been read. */
enum { DATA_MAX = 256 * 1024 * 1024 };

static int
read_all(const struct ctx *ctx, const char *name, int fd, struct input *out)
{
    size_t room = 0;
    for (;;) {
        if (out->len == room) {
            if (room == DATA_MAX)
                return refuse(ctx, BAD_USAGE, "%s: too long for a node", name);
            room = room == 0 ? 64 * 1024 : room * 2;
            out->owned = need_more(out->owned, room, 1);
        }
        ssize_t n = read(fd, out->owned + out->len, room - out->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(ctx, name, errno);
        if (n == 0)
            break;
        out->len += (size_t)n;
    }
    out->bytes = out->owned;
    return DONE;
}

static int
read_file(const struct ctx *ctx, const char *name, struct input *out)
{
    if (strcmp(name, "-") == 0 && ctx->stdin_taken)
        return refuse(ctx, BAD_USAGE, "-: stdin holds the commands; data is an argument or in a file");
    if (strcmp(name, "-") == 0)
        return read_all(ctx, "stdin", STDIN_FILENO, out);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(ctx, name, errno);
    int code = read_all(ctx, name, fd, out);
    close(fd);
    return code;
}

int
read_data(const struct ctx *ctx, const char *word, const char *file, bool base64, struct input *out)
{
    *out = (struct input){0};
    int code = DONE;
    if (word != NULL && file != NULL)
        return fail_usage(ctx, "data as an argument and from a file: which?");
    if (word != NULL && strcmp(word, "-") != 0) {
        out->owned = need_copy(word);
        out->len = strlen(word);
        out->bytes = out->owned;
    } else if (word != NULL || file != NULL) {
        code = read_file(ctx, word != NULL ? word : file, out);
    }
    if (code == DONE && base64 && out->bytes != NULL && !base64_decode(out->owned, &out->len))
        code = refuse(ctx, BAD_USAGE, "the data is not base64");
    return code;
}

void
input_free(struct input *input)
{
    free(input->owned);
    *input = (struct input){0};
}

/* next_entry ends the entry at `text` and returns the one behind it, or NULL. Ids may hold commas (x509 names do): a
 * comma parts two entries only when a scheme and a colon follow. */
static char *
next_entry(char *text)
{
    for (char *comma = strchr(text, ','); comma != NULL; comma = strchr(comma + 1, ',')) {
        size_t n = strspn(comma + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
        if (n > 0 && comma[1 + n] == ':') {
            *comma = '\0';
            return comma + 1;
        }
    }
    return NULL;
}

static bool
parse_acl(char *entry, zobo_acl *out)
{
    char *first = strchr(entry, ':');
    char *last = strrchr(entry, ':');
    if (first == NULL || first == entry || last == first)
        return false;
    *first = *last = '\0';
    *out = (zobo_acl){.scheme = entry, .id = first + 1};
    return last[1] != '\0' && zobo_perms_parse(last + 1, &out->perms) == ZOBO_OK;
}

int
read_acls(const struct ctx *ctx, char *const *words, size_t n, struct acl_input *out)
{
    size_t size = 1;
    *out = (struct acl_input){0};
    for (size_t i = 0; i < n; i++)
        size += strlen(words[i]) + 1;
    char *text = out->text = need_memory(size, 1);
    out->items = need_memory(size, sizeof *out->items); /* no entry is shorter than a byte */
    for (size_t i = 0; i < n; i++) {
        memcpy(text, words[i], strlen(words[i]) + 1);
        char *after = text + strlen(text) + 1;
        for (char *entry = text; entry != NULL;) {
            char *next = next_entry(entry);
            if (!parse_acl(entry, &out->items[out->list.n]))
                return fail_usage(ctx, "%s is no ACL: entries look like scheme:id:cdrwa", words[i]);
            out->list.n++;
            entry = next;
        }
        text = after;
    }
    out->list.items = out->items;
    return DONE;
}

void
acl_input_free(struct acl_input *input)
{
    free(input->items);
    free(input->text);
    *input = (struct acl_input){0};
}

/* wait_for_answer lets the client work until stdin has something. */
static bool
wait_for_answer(struct ctx *ctx)
{
    for (;;) {
        int client = ctx->client != NULL ? zobo_fd(ctx->client) : -1;
        struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = client, .events = POLLIN}};
        if ((poll(fds, 2, -1) < 0 && errno != EINTR) || interrupted())
            return false;
        if (fds[1].revents != 0 && zobo_process(ctx->client) != ZOBO_OK)
            return false;
        if (fds[0].revents != 0)
            return true;
    }
}

/* read_line reads one from stdin, byte by byte: what stands behind it is for others. */
static bool
read_line(struct ctx *ctx, char *buf, size_t size)
{
    size_t len = 0;
    char c = '\0';
    ssize_t n = 0;
    while (c != '\n' && wait_for_answer(ctx) && (n = read(STDIN_FILENO, &c, 1)) > 0)
        if (c != '\n' && c != '\r' && len + 1 < size)
            buf[len++] = c;
    buf[len] = '\0';
    return !interrupted() && n >= 0 && (len > 0 || c == '\n');
}

bool
read_secret(struct ctx *ctx, const char *prompt, char *buf, size_t size)
{
    struct termios seen;
    bool tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &seen) == 0;
    if (tty) {
        struct termios unseen = seen;
        unseen.c_lflag &= ~(tcflag_t)ECHO;
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen) != 0)
            return false;
        fputs(prompt, stderr);
    }
    bool ok = read_line(ctx, buf, size);
    if (tty) {
        fputc('\n', stderr);
        ok = tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen) == 0 && ok;
    }
    return ok;
}

int
need_yes(struct ctx *ctx, const char *question, ...)
{
    if (ctx->yes)
        return DONE;
    if (!isatty(STDIN_FILENO))
        return refuse(ctx, BAD_USAGE, "%s would ask, but stdin is no terminal: --yes answers, --dry-run shows",
                      ctx->command->name);
    va_list args;
    va_start(args, question);
    char *text = formatted(question, args);
    va_end(args);
    fputs("zobo: ", stderr);
    put_visible(stderr, text, strlen(text), false);
    fputs(" [y/N] ", stderr);
    free(text);
    fflush(stderr);
    char answer[16];
    ssize_t n = wait_for_answer(ctx) ? read(STDIN_FILENO, answer, sizeof answer) : 0; /* a terminal gives a line */
    if (n > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
        return DONE;
    note(ctx, "nothing was changed");
    return ANSWER_NO;
}
