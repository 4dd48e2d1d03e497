/* SPDX-License-Identifier: Apache-2.0 */
/* What all commands share: exit codes, the context of one run, messages, the session. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <zobo/zobo.h>

/* The exit codes are a promise to scripts: add, never change. */
enum exit_code {
    DONE = 0,
    ANSWER_NO = 1,   /* a question was answered with no: exists */
    BAD_USAGE = 2,   /* wrong arguments; nothing was sent */
    FAILED = 3,      /* the server or this machine could not do it */
    NO_NODE = 4,     /* NoNode */
    CONFLICT = 5,    /* NodeExists, BadVersion, NotEmpty */
    NOT_ALLOWED = 6, /* credentials or ACL */
    NO_SERVER = 7,   /* no connection, no answer in time, session over */
    PARTIAL = 8,     /* part of it was done */
    NOT_IN_TIME =
        124, /* lock, elect: it was not to be had in time (--conflict-exit-code changes it); CMD did not run */
    HELD_NO_MORE = 125, /* lock, elect: what was held was lost before CMD ended */
    CANNOT_RUN = 126,   /* CMD is there but cannot be run */
    NO_COMMAND = 127,   /* there is no CMD of this name */
    BY_SIGNAL = 128     /* and the signal's number */
};

/* The names of -o, and FORMAT_OWN: by --format. */
enum format {
    FORMAT_TEXT,
    FORMAT_JSON,
    FORMAT_LONG,
    FORMAT_TABLE,
    FORMAT_RAW,
    FORMAT_NAME,
    FORMAT_COUNT,
    FORMAT_OWN = FORMAT_COUNT
};

/* How long connecting may take unless the user says. */
enum { USUAL_CONNECT_MS = 10000 };

struct command;
struct shell;

/* One run of the program. */
struct ctx {
    enum format format;
    const char *form; /* with FORMAT_OWN: how nodes are printed (form.h) */
    bool json_errors; /* known before the options are, so that wrong options are told in JSON too */
    bool quiet;
    bool trace;
    bool out_is_tty;
    bool utf8;
    bool color;
    const struct command *command; /* NULL while it is not known */
    bool dry_run;                  /* the command was given --dry-run: it must not change anything */
    bool yes;                      /* questions are answered */
    bool only_reads;               /* the context says so: what would write is refused */
    bool ask_always;               /* the context says so: each change is asked about */
    char *context;                 /* the context's name, or NULL */
    char *cwd;                     /* in a shell or script: where paths that are not absolute begin; else NULL */
    struct shell *shell;           /* what the shell or script keeps (shell/shell.h), else NULL */
    const char *where;             /* what runs, "FILE:LINE", told with errors; or NULL */
    const zobo_watcher *watcher;   /* in a shell: told of what get -w, ls -w and stat -w watch; else NULL */
    bool stdin_taken;              /* the commands themselves come from it */
    bool mute;                     /* tell nothing at all: completion */

    char *hosts; /* NULL: the library's default */
    char *local; /* a data directory to use instead, by a server of our own if need be; or NULL */
    struct zobo_server *server;
    int knock; /* a connection to another run's server, which keeps it until ours is there; -1: none */
    uint32_t connect_ms;
    bool connect_given; /* by the user */
    uint32_t
        limit_ms; /* set by a command before need_session: its --timeout, of which connecting takes its part; or 0 */
    uint32_t session_ms;
    bool read_only;
    bool wait;     /* go on trying after every server has refused */
    char *secrets; /* "scheme:credential" lines */
    size_t secrets_len;
    bool has_credentials;

    bool keep_trying; /* set by a command before need_session: reconnect without limit */
    zobo_client *client;
    bool started;
    bool told_over;            /* the user knows that the session was lost */
    bool told_down;            /* the user knows that there is no connection */
    int signal;                /* what ended the run, 0 for nothing */
    bool signal_from_terminal; /* it went to all processes in the foreground, not to this one alone */
    unsigned holds;            /* hold_begin without hold_over */
    bool runs_command;         /* set by a command before hold_begin: it runs another, whose the signals are */
};

/* --- messages (report.c) ------------------------------------------------------------------------------------------ */

#if defined(__GNUC__) || defined(__clang__)
#define PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))
#else
#define PRINTF_LIKE(string, first)
#endif

/* note tells the user something on stderr, unless --quiet. */
void note(const struct ctx *ctx, const char *format, ...) PRINTF_LIKE(2, 3);

/* formatted is vsprintf into a string of its own, to be freed. */
char *formatted(const char *format, va_list args) PRINTF_LIKE(1, 0);

/* fail tells of an error and returns its exit code. `path` and `hint` may be NULL: no path, the usual hint if any. */
int fail(const struct ctx *ctx, zobo_err err, const char *path, const char *hint);

/* fail_why is fail with the error's text replaced by what a zobo_problem tells. */
int fail_why(const struct ctx *ctx, zobo_err err, const char *path, const zobo_problem *why, const char *hint);

/* fail_usage tells what is wrong with the arguments and returns BAD_USAGE. */
int fail_usage(const struct ctx *ctx, const char *format, ...) PRINTF_LIKE(2, 3);

/* refuse tells why something is not done, where more about the command would not help, and returns `code`. */
int refuse(const struct ctx *ctx, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* fail_errno tells of a failed system call on `what` and returns FAILED. */
int fail_errno(const struct ctx *ctx, const char *what, int error);

int exit_code_of(zobo_err err);

/* worse merges the outcomes of several arguments: equal ones stay, a mixture is PARTIAL. `n` counts those before. */
int worse(int so_far, size_t n, int code);

/* --- the session (session.c) -------------------------------------------------------------------------------------- */

/* need_path checks a path given by the user; 0, or the exit code after telling what is wrong. */
int need_path(const struct ctx *ctx, const char *path, bool sequence);

/* count_hosts tells how many servers a host string names; NULL is one. */
uint32_t count_hosts(const char *hosts);

/* need_client makes the client, need_session also connects it; 0, or the exit code after telling what is wrong. */
int need_client(struct ctx *ctx);
int need_session(struct ctx *ctx);

/* another_session makes a context for one more session of its own, with the same servers and credentials; the first must
 * have its client. To be connected by need_session and ended by end_session. */
void another_session(const struct ctx *ctx, struct ctx *out);

/* context_session makes one for the servers of another context (config.h). 0, or the exit code after telling; end_session
 * in either case. */
int context_session(const struct ctx *ctx, const char *context, struct ctx *out);

/* need_watcher gives the watcher for a -w that was `given`, NULL if it was not; 0, or the exit code after telling that
 * there is no shell which could tell of events. */
int need_watcher(const struct ctx *ctx, bool given, const zobo_watcher **out);

/* turn waits until the client has something to do, at most `timeout_ms` (-1: for ever), and lets it do it. */
zobo_err turn(struct ctx *ctx, int timeout_ms);

/* Ctrl-C in a shell ends what its command waits for, not the program. From interrupts_begin to interrupts_end a SIGINT
 * makes blocking verbs and turn fail, interrupted() true, and errors go untold, until interrupts_clear. */
void interrupts_begin(void);
void interrupts_clear(void);
void interrupts_end(void);
bool interrupted(void);

/* change_hosts ends the session and has the next one begun with other servers, which get none of the credentials. */
void change_hosts(struct ctx *ctx, const char *hosts);

/* full_path returns the path with the chroot before it; freed by the caller. */
char *full_path(const struct ctx *ctx, const char *path);

/* end_session ends it if it was begun. Output should be flushed before: the server may take its time. */
void end_session(struct ctx *ctx);

/* load_secrets reads credentials: from a file nobody else can read, or from lines already in memory. */
int load_secrets(struct ctx *ctx, const char *file);
void add_secrets(struct ctx *ctx, const char *lines);
void wipe(char *text);
void wipe_bytes(char *bytes, size_t n);

/* --- memory ------------------------------------------------------------------------------------------------------- */

/* These end the program when there is no memory: a command has nothing better to do. */
void *need_memory(size_t n, size_t size);
void *need_more(void *block, size_t n, size_t size);
char *need_copy(const char *text);

#endif
