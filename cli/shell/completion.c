/* SPDX-License-Identifier: Apache-2.0 */
/* Completion in the user's own shell: a small script, which asks `zobo __complete` at each Tab. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "complete.h"
#include "frame/hold.h"
#include "frame/out.h"
#include "nodes.h"

enum { BUDGET_MS = 300, CONNECT_MS = 200, GIVEN_UP_MS = 400 };

/* The line as it stands is sent, for bash cuts words at = and :, and leaves quotes in. What bash puts in is what comes
 * behind the last of these, quoted as the line needs it. */
static const char for_bash[] =
    "# bash completion for zobo: source <(zobo completion bash)\n"
    "_zobo()\n"
    "{\n"
    "    local line=${COMP_LINE:0:COMP_POINT} lines kind raw prefix='' reply i\n"
    "    mapfile -t lines < <(\"${COMP_WORDS[0]/#\\~/$HOME}\" __complete --line \"$line\" 2>/dev/null)\n"
    "    kind=${lines[0]-}\n"
    "    raw=${line##*[[:space:]]}\n"
    "    COMPREPLY=()\n"
    "    case $kind in\n"
    "        files) compopt -o default ;;\n"
    "        dirs) compopt -o dirnames ;;\n"
    "        programs) mapfile -t COMPREPLY < <(compgen -c -- \"${COMP_WORDS[COMP_CWORD]}\") ;;\n"
    "        words | open)\n"
    "            [ \"$kind\" = words ] || compopt -o nospace\n"
    "            case $raw in\n"
    "                *[\\'\\\"\\\\]*) ;;\n"
    "                *[:=]*) prefix=${raw%\"${raw##*[:=]}\"} ;;\n"
    "            esac\n"
    "            for ((i = 1; i < ${#lines[@]}; i++)); do\n"
    "                reply=${lines[i]%%$'\\t'*}\n"
    "                case ${COMP_WORDS[COMP_CWORD]} in\n"
    "                    [\\'\\\"]*) ;;\n"
    "                    *) printf -v reply %q \"$reply\" ;;\n"
    "                esac\n"
    "                COMPREPLY+=(\"${reply#\"$prefix\"}\")\n"
    "            done\n"
    "            ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _zobo zobo\n";

static const char for_zsh[] =
    "#compdef zobo\n"
    "# zsh completion for zobo: in a directory of fpath as _zobo, or source <(zobo completion zsh)\n"
    "_zobo()\n"
    "{\n"
    "    local -a lines names texts more\n"
    "    local kind line\n"
    "    lines=(\"${(@f)$(\"${(Q)words[1]}\" __complete -- \"${(@Q)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "    kind=$lines[1]\n"
    "    shift lines\n"
    "    case $kind in\n"
    "        files) _files ;;\n"
    "        dirs) _files -/ ;;\n"
    "        programs) _command_names ;;\n"
    "        words | open)\n"
    "            for line in $lines; do\n"
    "                names+=(\"${line%%$'\\t'*}\")\n"
    "                if [[ $line = *$'\\t'* ]]; then\n"
    "                    texts+=(\"${line/$'\\t'/  -- }\")\n"
    "                    more=(-l)\n"
    "                else\n"
    "                    texts+=(\"$line\")\n"
    "                fi\n"
    "            done\n"
    "            [[ $kind = words ]] || more+=(-S '')\n"
    "            compadd $more -d texts -a names\n"
    "            ;;\n"
    "    esac\n"
    "}\n"
    "if [[ $funcstack[1] = _zobo ]]; then _zobo \"$@\"; else compdef _zobo zobo; fi\n";

/* fish puts a space behind a word unless there is another that goes on: hence the one with the slash. */
static const char for_fish[] = "# fish completion for zobo: zobo completion fish | source\n"
                               "function __zobo_complete\n"
                               "    set -l tokens (commandline -opc)\n"
                               "    set -l current (commandline -ct)\n"
                               "    set -l program $tokens[1]\n"
                               "    set -e tokens[1]\n"
                               "    set -l lines ($program __complete -- $tokens \"$current\" 2>/dev/null)\n"
                               "    set -l kind $lines[1]\n"
                               "    set -e lines[1]\n"
                               "    switch \"$kind\"\n"
                               "        case files programs\n"
                               "            __fish_complete_path \"$current\"\n"
                               "        case dirs\n"
                               "            __fish_complete_directories \"$current\"\n"
                               "        case '*'\n"
                               "            for line in $lines\n"
                               "                echo $line\n"
                               "                test \"$kind\" = open; and echo $line/\n"
                               "            end\n"
                               "    end\n"
                               "end\n"
                               "complete -c zobo -f -a '(__zobo_complete)'\n";

static void
print_script(const struct ctx *ctx, const char *shell, const char *text)
{
    if (ctx->format != FORMAT_JSON) {
        fputs(text, stdout);
        return;
    }
    struct json json = {.to = stdout};
    json_open(&json, NULL, '{');
    json_text(&json, "shell", shell);
    json_text(&json, "script", text);
    end_json(&json);
}

static int
run_completion(struct ctx *ctx, const struct args *in)
{
    static const struct {
        const char *shell, *text;
    } scripts[] = {{"bash", for_bash}, {"zsh", for_zsh}, {"fish", for_fish}};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (strcmp(in->words[0], scripts[i].shell) == 0) {
            print_script(ctx, scripts[i].shell, scripts[i].text);
            return DONE;
        }
    return fail_usage(ctx, "%s: there are scripts for bash, zsh and fish", in->words[0]);
}

static const struct example completion_examples[] = {
    {"source <(zobo completion bash)", "in ~/.bashrc, where zobo's package has not put it"},
    {"zobo completion zsh > ~/.zfunc/_zobo", "in a directory of fpath"},
    {"zobo completion fish | source", "in ~/.config/fish/config.fish"},
    {NULL, NULL}};

const struct command cmd_completion = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "print the script by which a shell completes zobo's arguments",
    .about =
        "Commands, options and their values, contexts and the paths of nodes. For these it connects as the command "
        "would that is being typed, for 300 ms at most; without a server there is nothing to choose from.",
    .examples = completion_examples,
    .min_words = 1,
    .max_words = 1,
    .no_context = true,
    .formats = FORMATS_ONE,
    .run = run_completion};

/* --- __complete --------------------------------------------------------------------------------------------------- */

struct request {
    char **words;
    size_t n;
};

static void
print_candidates(const struct candidates *found)
{
    static const char *const kinds[] = {[COMPLETE_WORDS] = "words",
                                        [COMPLETE_OPEN] = "open",
                                        [COMPLETE_FILES] = "files",
                                        [COMPLETE_DIRS] = "dirs",
                                        [COMPLETE_PROGRAMS] = "programs"};
    printf("%s\n", kinds[found->kind]);
    for (size_t i = 0; i < found->n; i++) {
        const char *text = found->items[i].text, *c = text;
        while ((unsigned char)*c >= ' ' && *c != 0x7f)
            c++;
        if (*c != '\0') /* nobody could type that */
            continue;
        fputs(text, stdout);
        if (found->items[i].help != NULL)
            printf("\t%s", found->items[i].help);
        fputc('\n', stdout);
    }
}

/* answer runs with the session's options as they are being typed. */
static int
answer(struct ctx *ctx, void *arg)
{
    const struct request *request = arg;
    struct candidates found;
    struct nodes *nodes = nodes_new();
    uint64_t deadline = now_ms() + BUDGET_MS;
    if (!ctx->connect_given || ctx->connect_ms > CONNECT_MS)
        ctx->connect_ms = CONNECT_MS;
    ctx->connect_given = true;
    ctx->wait = false;
    complete_word(ctx, nodes, request->words, request->n, deadline, &found);
    print_candidates(&found);
    fflush(stdout);
    candidates_free(&found);
    nodes_free(nodes);
    return DONE;
}

/* split_line gives the words of the line's last command. */
static void
split_line(const char *line, char **words, char *room, char *empty, size_t *n)
{
    struct split split;
    size_t len = strlen(line), at = 0;
    do {
        split_command(line + at, len - at, words, room, &split);
        at += split.next;
    } while (at < len);
    *n = split.n;
    if (!split.in_word)
        words[(*n)++] = empty;
}

enum { O_LINE };

static const struct opt opts[] = {[O_LINE] = {0, "line", OPT_TEXT, "TEXT", "a command line up to the cursor"},
                                  {0, NULL, OPT_FLAG, NULL, NULL}};

static void
give_up(int signal)
{
    (void)signal;
    _exit(FAILED);
}

static int
run_complete(struct ctx *ctx, const struct args *in)
{
    /* Whatever hangs (a look-up of names, a disk): nobody is to wait for it. Nothing is lost with this process. */
    struct itimerval limit = {.it_value = {.tv_usec = GIVEN_UP_MS * 1000}};
    struct sigaction action = {.sa_handler = give_up};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &limit, NULL);
    const char *line = in->opt[O_LINE].given ? in->opt[O_LINE].text : "";
    size_t size = strlen(line), n = 0;
    char **words = need_memory(SPLIT_WORDS(size) + 1, sizeof *words), *room = need_memory(SPLIT_ROOM(size), 1);
    char empty[1] = "", *nothing[] = {empty, NULL};
    struct request request = {.words = nothing, .n = 1};
    split_line(line, words, room, empty, &n);
    if (in->opt[O_LINE].given && n > 1)
        request = (struct request){.words = words + 1, .n = n - 1}; /* the first is zobo */
    for (size_t i = 0; in->command != NULL && (i == 0 || in->command[i] != NULL); i++)
        request = (struct request){.words = in->command, .n = i + 1};
    ctx->mute = true;
    int code = dispatch_typed(ctx, request.words, request.n - 1, answer, &request);
    free(words);
    free(room);
    return code;
}

static const struct example complete_examples[] = {{"zobo __complete -- get /a", "open, and /app"}, {NULL, NULL}};

const struct command cmd_complete = {.name = "__complete",
                                     .usage = "[-- WORD...]",
                                     .summary = "what the last word could become",
                                     .examples = complete_examples,
                                     .opts = opts,
                                     .runs_command = true,
                                     .hidden = true,
                                     .no_context = true,
                                     .formats = FORMATS_ONE,
                                     .run = run_complete};
