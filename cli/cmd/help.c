/* SPDX-License-Identifier: Apache-2.0 */
/* help and version: neither connects. */
#include "frame/command.h"
#include "frame/out.h"

enum { O_MAN, O_MAN_PAGES };

static const struct opt opts[] = {
    [O_MAN] = {0, "man", OPT_FLAG, NULL, "write the manual page, zobo(1)"},
    [O_MAN_PAGES] = {0, "man-pages", OPT_TEXT, "DIR", "write a page for each command, DIR/zobo-get.1"},
    {0, NULL, OPT_FLAG, NULL, NULL}};

static int
run_help(struct ctx *ctx, const struct args *in)
{
    if (in->opt[O_MAN].given) {
        print_man(stdout);
        return DONE;
    }
    if (in->opt[O_MAN_PAGES].given)
        return write_man_pages(ctx, in->opt[O_MAN_PAGES].text);
    bool json = ctx->format == FORMAT_JSON;
    if (in->n == 0) {
        for (size_t c = 0; json && commands[c] != NULL; c++)
            if (!commands[c]->hidden)
                print_command_json(stdout, commands[c]);
        if (!json)
            print_help(stdout);
        return DONE;
    }
    size_t used;
    int opt;
    const struct command *command = find_command(in->words, in->n, &used, &opt);
    if (command != NULL) {
        if (json)
            print_command_json(stdout, command);
        else
            print_command_help(stdout, command);
        return DONE;
    }
    if (is_group(in->words[0])) {
        print_group_help(stdout, in->words[0]);
        return DONE;
    }
    ctx->command = NULL; /* so that the hint is where the commands are listed */
    const char *close = did_you_mean(in->words[0]);
    return close == NULL ? fail_usage(ctx, "no command %s", in->words[0])
                         : fail_usage(ctx, "no command %s; did you mean %s?", in->words[0], close);
}

static const struct example help_examples[] = {
    {"zobo help create", "a command's examples and options"},
    {"zobo help acl", "what goes with acl"},
    {"zobo help -o json | jq -r 'select(.effect == \"changes\").command'", "the commands that change data"},
    {NULL, NULL}};

const struct command cmd_help = {.no_context = true,
                                 .name = "help",
                                 .usage = "[COMMAND]",
                                 .summary = "print help",
                                 .examples = help_examples,
                                 .opts = opts,
                                 .max_words = 2,
                                 .pages = true,
                                 .formats = FORMATS_ONE,
                                 .run = run_help};

static int
run_version(struct ctx *ctx, const struct args *in)
{
    (void)in;
    if (ctx->format == FORMAT_JSON) {
        struct json json = {.to = stdout};
        json_open(&json, NULL, '{');
        json_text(&json, "version", ZOBO_VERSION);
        json_text(&json, "library", zobo_version());
        end_json(&json);
    } else {
        printf("zobo %s\n", ZOBO_VERSION);
    }
    return DONE;
}

static const struct example version_examples[] = {{"zobo version", "zobo 0.1.0"}, {NULL, NULL}};

const struct command cmd_version = {.no_context = true,
                                    .name = "version",
                                    .usage = "",
                                    .summary = "print the version",
                                    .examples = version_examples,
                                    .formats = FORMATS_ONE,
                                    .run = run_version};
