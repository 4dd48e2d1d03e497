/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. A command is one file and one `struct command`; parsing, help and the man page all come
 * from the tables, so that they cannot tell different stories. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli.h"

enum opt_kind {
    OPT_FLAG,
    OPT_TEXT,
    OPT_LINES,     /* may be repeated; a secret: wiped from argv, so that the process list does not keep it */
    OPT_VERSION,   /* -1 or more */
    OPT_COUNT,     /* 1 or more */
    OPT_DURATION,  /* 1 ms to 24 days: "1500ms", "1.5s", "2m", "1h", "3d"; never without a unit */
    OPT_EXIT_CODE, /* 0 to 255 */
    OPT_TTL,       /* a duration up to ZooKeeper's limit, 34 years */
    OPT_NUMBER,    /* 0 or more */
    OPT_SIZE,      /* bytes: "4096", "64k", "1m", "2g", in powers of 1024 */
    OPT_CHOICE,    /* one of those that `arg` lists: "kill|keep" */
    OPT_LIST       /* a text; may be repeated */
};

struct opt {
    char letter; /* 0: none */
    const char *name;
    enum opt_kind kind;
    const char *arg; /* what help calls its value, which tells completion what it is (words.c); NULL for flags */
    const char *help;
};

struct opt_value {
    bool given;
    char *text;
    int64_t n;    /* numbers; milliseconds; bytes; a choice's index */
    char **items; /* OPT_LIST */
    size_t n_items;
};

enum { OPTS_MAX = 24 };

/* A command's arguments. Options are found by their index in the command's table. */
struct args {
    struct opt_value opt[OPTS_MAX];
    char **words;
    size_t n;
    size_t n_before; /* those before "--" */
    bool dashes;     /* there is a "--" */
    char **command;  /* with runs_command: what stands behind "--", ended by NULL; or NULL */
};

/* Another name, which may stand for an option too: deleteall is rm -r. */
struct alias {
    const char *name;
    int opt; /* the option's index, or NO_OPT */
};
enum { NO_OPT = -1 };

struct example {
    const char *line;
    const char *what;
};

/* What an exit code means with one command in particular. */
struct exit_text {
    const char *codes;
    const char *text;
};

#define FORMATS(f)    (1U << (f))
#define FORMATS_ONE   (FORMATS(FORMAT_TEXT) | FORMATS(FORMAT_JSON))
#define FORMATS_TABLE (FORMATS_ONE | FORMATS(FORMAT_TABLE) | FORMATS(FORMAT_RAW))
/* Those that print nodes: a table of each node's facts, or as the user's --format says. */
#define FORMATS_NODES (FORMATS_TABLE | FORMATS(FORMAT_OWN))
#define FORMATS_LIST  (FORMATS_NODES | FORMATS(FORMAT_LONG) | FORMATS(FORMAT_NAME))

/* What a command does to the data. One that changes it has --dry-run, and --yes where it asks; it is refused where only
 * reading is allowed, as is one that makes nodes of its own, which go with it (a lock, a probe). */
enum effect { READS, MAKES_OWN_NODES, CHANGES };

struct command {
    const char *name;            /* may be two words: "acl get" */
    const struct alias *aliases; /* ended by a NULL name, or NULL */
    /* What follows the name and the options. Its words tell what is to be completed, and in the shell which words are
     * paths: see words.c. */
    const char *usage;
    const char *summary;            /* one line, no full stop */
    const char *about;              /* more, or NULL: one paragraph */
    const struct example *examples; /* ended by a NULL line */
    const struct opt *opts;         /* ended by a NULL name, or NULL; none of them is a common one's namesake */
    const struct exit_text *exits;  /* ended by NULL codes, or NULL: as with all commands */
    size_t min_words;
    size_t max_words;  /* 0 with min_words 0: none */
    bool runs_command; /* what stands behind "--" is another command */
    bool hidden;       /* not listed: for other programs */
    bool no_context;   /* it does without the file of contexts, which may be broken */
    bool here;         /* in a shell, without PATH: the node that cd went to */
    bool only_shell;   /* means nothing outside of a shell or script: cd, exit */
    bool pages; /* its output may be long, comes to an end by itself, and is to be read: on a terminal by a pager */
    enum effect effect;
    unsigned formats;
    int (*run)(struct ctx *ctx, const struct args *in);
};

#define WORDS_ANY SIZE_MAX

/* What needs the embedded server is there when that was built. */
#ifdef ZOBO_SERVER
#define SERVER_COMMANDS(X) X(serve) X(snapshot_export) X(snapshot_import) X(snapshot_backup)
#else
#define SERVER_COMMANDS(X)
#endif

/* A new command is its file and its name here, in the order in which help lists them. */
#define COMMANDS(X)                                                                                                    \
    X(get)                                                                                                             \
    X(set)                                                                                                             \
    X(create)                                                                                                          \
    X(edit)                                                                                                            \
    X(rm)                                                                                                              \
    X(txn)                                                                                                             \
    X(exists)                                                                                                          \
    X(stat)                                                                                                            \
    X(ls)                                                                                                              \
    X(count)                                                                                                           \
    X(ephemerals)                                                                                                      \
    X(tree)                                                                                                            \
    X(du)                                                                                                              \
    X(find)                                                                                                            \
    X(grep)                                                                                                            \
    X(touch)                                                                                                           \
    X(cp)                                                                                                              \
    X(mv)                                                                                                              \
    X(watch)                                                                                                           \
    X(lock)                                                                                                            \
    X(elect)                                                                                                           \
    X(acl_get)                                                                                                         \
    X(acl_set)                                                                                                         \
    X(acl_digest)                                                                                                      \
    X(whoami)                                                                                                          \
    X(export)                                                                                                          \
    X(import)                                                                                                          \
    X(diff)                                                                                                            \
    X(sync)                                                                                                            \
    X(ping)                                                                                                            \
    X(fourlw)                                                                                                          \
    X(admin)                                                                                                           \
    X(bench)                                                                                                           \
    X(latency)                                                                                                         \
    X(sessions)                                                                                                        \
    X(owner)                                                                                                           \
    X(watches)                                                                                                         \
    X(top)                                                                                                             \
    X(check_smoke)                                                                                                     \
    X(check_perf)                                                                                                      \
    X(check_ensemble)                                                                                                  \
    X(quota_get)                                                                                                       \
    X(quota_set)                                                                                                       \
    X(quota_rm)                                                                                                        \
    X(config)                                                                                                          \
    X(reconfig)                                                                                                        \
    X(ctx)                                                                                                             \
    X(ctx_show)                                                                                                        \
    X(ctx_use)                                                                                                         \
    X(ctx_add)                                                                                                         \
    X(ctx_rm)                                                                                                          \
    X(ctx_edit)                                                                                                        \
    X(shell)                                                                                                           \
    SERVER_COMMANDS(X)                                                                                                 \
    X(completion)                                                                                                      \
    X(complete)                                                                                                        \
    X(help)                                                                                                            \
    X(version)                                                                                                         \
    X(cd)                                                                                                              \
    X(pwd)                                                                                                             \
    X(history)                                                                                                         \
    X(redo)                                                                                                            \
    X(addauth)                                                                                                         \
    X(connect)                                                                                                         \
    X(close)                                                                                                           \
    X(printwatches)                                                                                                    \
    X(removewatches)                                                                                                   \
    X(exit)

#define DECLARE_COMMAND(name) extern const struct command cmd_##name;
COMMANDS(DECLARE_COMMAND)
#undef DECLARE_COMMAND

/* All commands; ended by NULL. */
extern const struct command *const commands[];

/* The options that every command takes. */
enum {
    G_CONTEXT,
    G_PROPERTY,
    G_HOSTS,
#ifdef ZOBO_SERVER
    G_LOCAL,
#endif
    G_CONNECT_TIMEOUT,
    G_SESSION_TIMEOUT,
    G_WAIT,
    G_AUTH_FILE,
    G_AUTH,
    G_AUTH_PROMPT,
    G_READ_ONLY,
    G_OUTPUT,
    G_FORMAT,
    G_YES,
    G_COLOR,
    G_NO_PAGER,
    G_QUIET,
    G_TRACE,
    G_VERSION,
    G_HELP,
    G_COUNT
};
extern const struct opt global_opts[];

/* The names of enum format. */
extern const char *const format_names[FORMAT_COUNT];

/* find_command finds the command that argv begins with, by name or alias; `*used` is the number of words it took,
 * `*opt` the option that the alias stands for, or NO_OPT. */
const struct command *find_command(char *const *argv, size_t n, size_t *used, int *opt);

/* is_group tells whether `word` begins the names of several commands ("acl"). */
bool is_group(const char *word);

/* letters_apart tells how many letters differ; SIZE_MAX for what is longer than any name of ours. */
size_t letters_apart(const char *a, const char *b);

/* did_you_mean returns the command or alias that `word` resembles, or NULL. */
const char *did_you_mean(const char *word);

/* --- options (options.c) ------------------------------------------------------------------------------------------ */

struct opt_table {
    const struct opt *opts; /* may be NULL */
    struct opt_value *values;
};

/* parse_args reads argv with the first table that knows an option. Words go to in->words (room for `n`). `in` NULL: the
 * first word ends it; `*used` is then how many arguments were read before it.
 * Returns 0, or BAD_USAGE after telling what is wrong. */
int parse_args(const struct ctx *ctx, const struct opt_table tables[2], char **argv, size_t n, struct args *in,
               size_t *used);

/* parse_value reads one option's value; false when it makes no sense. */
bool parse_value(const struct opt *opt, char *text, struct opt_value *out);

/* bad_value_text says what a good value would be. */
const char *bad_value_text(enum opt_kind kind);

/* find_opt returns the value of the option of that name, if the table has it and it was given; else NULL. */
const struct opt_value *find_opt(const struct opt *opts, const struct opt_value *values, const char *name);

/* --- words of usage texts (words.c) ------------------------------------------------------------------------------- */

enum word { WORD_OTHER, WORD_PATH, WORD_FILE, WORD_DIR, WORD_COMMAND, WORD_CONTEXT, WORD_CHOICE };

/* word_kind tells what the `i`th word of a command is by its usage: "PATH [DATA]", "SRC DST", "FILE PATH...". For
 * WORD_CHOICE, `*choices` is set to the text "a|b|c" of `*len` bytes. */
enum word word_kind(const char *usage, size_t i, const char **choices, size_t *len);

/* --- running (dispatch.c) ----------------------------------------------------------------------------------------- */

/* dispatch runs what the program's arguments say: common options, a command, its options and words. */
int dispatch(struct ctx *ctx, char **argv, size_t n);

/* dispatch_line runs one line of a shell or script, in the session that it has already: the options that say where the
 * servers are, or who we are, are refused, and the others hold for this line. Words that are paths are taken from
 * ctx->cwd on. */
int dispatch_line(struct ctx *ctx, char **argv, size_t n);

/* need_leave holds what a command is about to do against what the context allows: 0, or the exit code. For those commands
 * which only change something with some option (find --rm); the others are seen to. */
int need_leave(struct ctx *ctx, enum effect effect);

/* dispatch_typed calls `run` with the session's options that stand in an unfinished command line, over those of the
 * environment and the contexts; what is wrong with them is passed over. For completion. */
int dispatch_typed(struct ctx *ctx, char **argv, size_t n, int (*run)(struct ctx *ctx, void *arg), void *arg);

/* absolute_path makes a word a path from the root on, by ctx->cwd, without "." and ".."; to be freed. */
char *absolute_path(const struct ctx *ctx, const char *word);

/* --- help (help.c, man.c) ----------------------------------------------------------------------------------------- */

void print_help(FILE *to);
void print_command_help(FILE *to, const struct command *command);
void print_group_help(FILE *to, const char *group);
void print_command_json(FILE *to, const struct command *command);
void print_man(FILE *to);

/* write_man_pages writes a page for each command into a directory: zobo-get.1, ... 0, or the exit code after telling. */
int write_man_pages(const struct ctx *ctx, const char *dir);

#endif
