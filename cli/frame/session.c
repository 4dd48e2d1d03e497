/* SPDX-License-Identifier: Apache-2.0 */
/* The session of one run. The client is in event-loop mode: no threads to start and to end, which is half of what a
 * short command would take otherwise, and callbacks need no locks. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "local.h"

enum { AUTHS_MAX = 32, SECRETS_MAX = 64 * 1024 };

void
wipe_bytes(char *bytes, size_t n)
{
    for (volatile char *p = bytes; n > 0; n--)
        *p++ = 'x';
}

void
wipe(char *text)
{
    if (text != NULL)
        wipe_bytes(text, strlen(text));
}

static void
forget_secrets(struct ctx *ctx)
{
    if (ctx->secrets != NULL)
        wipe_bytes(ctx->secrets, ctx->secrets_len);
    free(ctx->secrets);
    ctx->secrets = NULL;
    ctx->secrets_len = 0;
}

void
add_secrets(struct ctx *ctx, const char *lines)
{
    size_t had = ctx->secrets_len, more = strlen(lines);
    char *all = need_memory(had + more + 2, 1);
    if (had > 0)
        memcpy(all, ctx->secrets, had);
    memcpy(all + had, lines, more);
    all[had + more] = '\n';
    forget_secrets(ctx);
    ctx->secrets = all;
    ctx->secrets_len = had + more + 1;
}

static int
read_secrets(struct ctx *ctx, const char *file, int fd)
{
    char *text = need_memory(SECRETS_MAX + 1, 1);
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, text + len, SECRETS_MAX - len)) > 0)
        len += (size_t)n;
    int code = DONE;
    if (n < 0)
        code = fail_errno(ctx, file, errno);
    else if (len == SECRETS_MAX || memchr(text, '\0', len) != NULL)
        code = refuse(ctx, BAD_USAGE, "%s: not a file of scheme:credential lines", file);
    else
        add_secrets(ctx, text);
    wipe_bytes(text, len);
    free(text);
    return code;
}

int
load_secrets(struct ctx *ctx, const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail_errno(ctx, file, errno);
        return BAD_USAGE;
    }
    struct stat st;
    int code;
    if (fstat(fd, &st) != 0)
        code = fail_errno(ctx, file, errno);
    else if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        code = refuse(ctx, BAD_USAGE, "%s: others may use this file: chmod 600 it, and change what was in it", file);
    else
        code = read_secrets(ctx, file, fd);
    close(fd);
    return code;
}

/* cut_secrets cuts the lines of `text` up, in place; the auths point into it. */
static int
cut_secrets(const struct ctx *ctx, char *text, zobo_auth auths[AUTHS_MAX], size_t *n)
{
    char *next;
    int number = 1;
    *n = 0;
    for (char *line = text; line != NULL && *line != '\0'; line = next, number++) {
        next = line + strcspn(line, "\n");
        if (*next == '\n')
            *next++ = '\0';
        line[strcspn(line, "\r")] = '\0';
        if (line[0] == '\0' || line[0] == '#')
            continue;
        char *colon = strchr(line, ':');
        if (colon == NULL || colon == line)
            return refuse(ctx, BAD_USAGE, "credential %d is not scheme:credential", number); /* never show it */
        if (*n == AUTHS_MAX)
            return refuse(ctx, BAD_USAGE, "more than %d credentials", AUTHS_MAX);
        *colon = '\0';
        auths[(*n)++] = (zobo_auth){.scheme = line, .credential = colon + 1, .credential_len = strlen(colon + 1)};
    }
    return DONE;
}

int
need_path(const struct ctx *ctx, const char *path, bool sequence)
{
    zobo_problem why = {0};
    zobo_err err = zobo_path_check(path, sequence, &why);
    return err == ZOBO_OK ? DONE : fail_why(ctx, err, path, &why, NULL);
}

char *
full_path(const struct ctx *ctx, const char *path)
{
    const char *chroot = zobo_chroot(ctx->client);
    bool root = chroot[0] != '\0' && strcmp(path, "/") == 0;
    size_t size = strlen(chroot) + strlen(path) + 1;
    char *full = need_memory(size, 1);
    snprintf(full, size, "%s%s", chroot, root ? "" : path);
    return full;
}

uint32_t
count_hosts(const char *hosts)
{
    uint32_t n = 1;
    for (; hosts != NULL && *hosts != '\0'; hosts++)
        n += *hosts == ',';
    return n;
}

/* start_ms tells how long connecting may take in this run. */
static uint32_t
start_ms(const struct ctx *ctx)
{
    bool by_limit = ctx->limit_ms != 0 && (!ctx->connect_given || ctx->limit_ms < ctx->connect_ms);
    return by_limit ? ctx->limit_ms : ctx->connect_ms;
}

/* attempt_ms tells how long one server may take. With one round for all, they share what there is; those that are tried
 * again and again must not use up hours on the first one that does not answer. */
static uint32_t
attempt_ms(const struct ctx *ctx, bool one_round)
{
    uint32_t ms = start_ms(ctx);
    return (one_round || ms < USUAL_CONNECT_MS ? ms : USUAL_CONNECT_MS) / count_hosts(ctx->hosts);
}

/* A signal handler reaches nothing but globals. */
static volatile sig_atomic_t interrupt_came;
static zobo_client *volatile interrupt_clients[4]; /* the shell's and those of commands with several sessions */
enum { INTERRUPT_CLIENTS = sizeof interrupt_clients / sizeof interrupt_clients[0] };
static struct sigaction before_interrupts;

static void
on_interrupt(int signal)
{
    (void)signal;
    interrupt_came = 1;
    for (size_t i = 0; i < INTERRUPT_CLIENTS; i++)
        if (interrupt_clients[i] != NULL)
            zobo_interrupt(interrupt_clients[i], true);
}

void
interrupts_begin(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    interrupt_came = 0;
    sigaction(SIGINT, &action, &before_interrupts);
}

void
interrupts_clear(void)
{
    for (size_t i = 0; i < INTERRUPT_CLIENTS; i++)
        if (interrupt_clients[i] != NULL)
            zobo_interrupt(interrupt_clients[i], false);
    interrupt_came = 0;
}

void
interrupts_end(void)
{
    sigaction(SIGINT, &before_interrupts, NULL);
    interrupts_clear();
}

bool
interrupted(void)
{
    return interrupt_came != 0;
}

/* interrupts_reach has `client` interrupted from now on in the place of `before`; either may be NULL. */
static void
interrupts_reach(zobo_client *before, zobo_client *client)
{
    for (size_t i = 0; i < INTERRUPT_CLIENTS; i++)
        if (interrupt_clients[i] == before) {
            interrupt_clients[i] = client;
            break;
        }
    if (client != NULL && interrupt_came != 0)
        zobo_interrupt(client, true);
}

/* make_client makes the client, with the credentials in `secrets`. */
static int
make_client(struct ctx *ctx, char *secrets)
{
    zobo_auth auths[AUTHS_MAX];
    bool again = ctx->wait || ctx->keep_trying;
    zobo_options options = {.size = sizeof options,
                            .hosts = ctx->hosts,
                            .timeout_ms = ctx->session_ms,
                            .event_loop = true,
                            .auth = auths,
                            .read_only = ctx->read_only,
                            .start_rounds = again ? 0 : 1,
                            .connect_timeout_ms = attempt_ms(ctx, !again),
                            /* The end of the session is asked for; that the server has it on disk is waited for only
                             * when the server ends with us. */
                            .stop_timeout_ms = ctx->server != NULL ? 5000 : 1};
    if (ctx->trace) {
        options.log = zobo_log_stderr;
        options.log_level = ZOBO_LOG_DEBUG;
    }
    int code = cut_secrets(ctx, secrets, auths, &options.n_auth);
    if (code != DONE)
        return code;
    zobo_problem why = {0};
    zobo_err err = zobo_new(&options, &ctx->client, &why);
    interrupts_reach(NULL, ctx->client);
    ctx->has_credentials = options.n_auth > 0;
    return err == ZOBO_OK ? DONE : fail_why(ctx, err, err == ZOBO_EBADHOSTS ? ctx->hosts : NULL, &why, NULL);
}

int
need_client(struct ctx *ctx)
{
    if (ctx->client != NULL)
        return DONE;
#ifdef ZOBO_SERVER
    if (ctx->local != NULL) {
        int local = use_local(ctx);
        if (local != DONE)
            return local;
    }
#endif
    char *secrets = ctx->secrets == NULL ? NULL : need_copy(ctx->secrets);
    int code = make_client(ctx, secrets);
    if (secrets != NULL)
        wipe_bytes(secrets, ctx->secrets_len);
    free(secrets);
    return code;
}

void
another_session(const struct ctx *ctx, struct ctx *out)
{
    *out = *ctx;
    out->client = NULL;
    out->started = false;
    out->server = NULL; /* it has been started, and ctx->hosts is where it is */
    out->local = NULL;
    out->knock = -1;
    out->hosts = ctx->hosts == NULL ? NULL : need_copy(ctx->hosts);
    out->context = ctx->context == NULL ? NULL : need_copy(ctx->context);
    out->secrets = NULL;
    out->secrets_len = 0;
    if (ctx->secrets != NULL)
        add_secrets(out, ctx->secrets);
}

static const char *
connect_hint(const struct ctx *ctx)
{
    if (ctx->hosts == NULL)
        return "name the servers with --hosts or ZOBO_HOSTS";
    if (!ctx->wait && !ctx->keep_trying)
        return "--wait makes it try until --connect-timeout, --trace shows what happens";
    return start_ms(ctx) == ctx->limit_ms ? "--timeout makes it try longer, --trace shows what happens"
                                          : "--connect-timeout makes it try longer, --trace shows what happens";
}

int
need_session(struct ctx *ctx)
{
    int code = need_client(ctx);
    zobo_problem why = {0};
    if (code != DONE || (ctx->started && (ctx->shell == NULL || zobo_connected(ctx->client))))
        return code;
    /* In a shell the client connects by itself, and again after each loss, unless it was stopped. */
    zobo_err err = ctx->started ? zobo_wait_connected(ctx->client, start_ms(ctx)) : ZOBO_ENOTSTARTED;
    if (err == ZOBO_ETIMEDOUT || err == ZOBO_EINTERRUPTED) {
        zobo_get_problem(ctx->client, &why);
        return fail_why(ctx, ZOBO_ENOCONNECTION, NULL, &why, connect_hint(ctx));
    }
    if (err == ZOBO_ENOTSTARTED)
        err = zobo_start(ctx->client, start_ms(ctx), &why);
#ifdef ZOBO_SERVER
    stop_knocking(ctx);
#endif
    if (err != ZOBO_OK)
        return fail_why(ctx, err, NULL, &why, err == ZOBO_ENOCONNECTION ? connect_hint(ctx) : NULL);
    ctx->started = true;
    return DONE;
}

int
need_watcher(const struct ctx *ctx, bool given, const zobo_watcher **out)
{
    *out = given ? ctx->watcher : NULL;
    if (!given || ctx->watcher != NULL)
        return DONE;
    return refuse(ctx, BAD_USAGE, "-w is for the shell, which is still there when the event comes; see `zobo watch`");
}

zobo_err
turn(struct ctx *ctx, int timeout_ms)
{
    struct pollfd fd = {.fd = zobo_fd(ctx->client), .events = POLLIN};
    if (poll(&fd, 1, timeout_ms) < 0 && errno != EINTR)
        return ZOBO_ESYS;
    return interrupted() ? ZOBO_EINTERRUPTED : zobo_process(ctx->client);
}

void
end_session(struct ctx *ctx)
{
    if (ctx->started) {
        zobo_err err = zobo_stop(ctx->client);
        if (err != ZOBO_OK && ctx->trace)
            note(ctx, "ending the session: %s", zobo_err_text(err));
    }
    ctx->started = false;
    if (ctx->client != NULL)
        interrupts_reach(ctx->client, NULL);
    zobo_close(ctx->client);
    ctx->client = NULL;
#ifdef ZOBO_SERVER
    end_local(ctx);
#endif
    forget_secrets(ctx);
    free(ctx->hosts);
    ctx->hosts = NULL;
    free(ctx->local);
    ctx->local = NULL;
    free(ctx->context);
    ctx->context = NULL;
}

void
change_hosts(struct ctx *ctx, const char *hosts)
{
    char *copy = need_copy(hosts);
    end_session(ctx);
    ctx->hosts = copy;
    ctx->has_credentials = false;
}
