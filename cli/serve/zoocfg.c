/* SPDX-License-Identifier: Apache-2.0 */
/* Java's properties: key=value, "key: value" or "key value"; # and ! begin comments; a backslash at a line's end joins
 * the next. The table says what each of ZooKeeper's keys means to a server that is alone. */
#include "zoocfg.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    NUMBER,
    TEXT,
    FLAG,
    NOT_FLAG, /* no sets the field */
    IGNORED,  /* with a warning that says why */
    REFUSED   /* to go on without it would not be what its writer wants; false is fine */
};

struct key {
    const char *name; /* "x.*" stands for all that begin so */
    enum kind kind;
    size_t at;       /* the field in struct zoocfg */
    const char *why; /* of what is not supported */
};

#define OPTION(name) (offsetof(struct zoocfg, options) + offsetof(zobo_server_options, name))
#define FIELD(name)  offsetof(struct zoocfg, name)

static const char alone[] = "this server is alone";
static const char one_file[] = "the data is one file without logs and snapshots";
static const char no_tls[] = "this server does not speak TLS";
static const char no_auth[] = "this server cannot demand credentials; ACLs can";
static const char by_http[] = "metrics come with --http";

static const struct key keys[] = {
    {"tickTime", NUMBER, OPTION(tick_ms), NULL},
    {"dataDir", TEXT, OPTION(data_dir), NULL},
    {"clientPort", NUMBER, FIELD(port), NULL},
    {"clientPortAddress", TEXT, FIELD(address), NULL},
    {"maxClientCnxns", NUMBER, OPTION(max_client_cnxns), NULL},
    {"minSessionTimeout", NUMBER, OPTION(min_session_timeout_ms), NULL},
    {"maxSessionTimeout", NUMBER, OPTION(max_session_timeout_ms), NULL},
    {"jute.maxbuffer", NUMBER, OPTION(max_request_bytes), NULL},
    {"4lw.commands.whitelist", TEXT, OPTION(words), NULL},
    {"skipACL", FLAG, OPTION(skip_acl), NULL},
    {"enforceQuota", FLAG, OPTION(enforce_quota), NULL},
    {"forceSync", NOT_FLAG, OPTION(no_sync), NULL},
    {"znode.container.checkIntervalMs", NUMBER, OPTION(container_check_ms), NULL},
    {"DigestAuthenticationProvider.superDigest", TEXT, OPTION(super_digest), NULL},
    {"admin.enableServer", NOT_FLAG, FIELD(no_http), NULL},
    {"admin.serverAddress", TEXT, FIELD(http_address), NULL},
    {"admin.serverPort", NUMBER, FIELD(http_port), NULL},

    {"extendedTypesEnabled", IGNORED, 0, "TTL nodes are always on"},
    {"dataLogDir", IGNORED, 0, one_file},
    {"snapCount", IGNORED, 0, one_file},
    {"snapSizeLimitInKb", IGNORED, 0, one_file},
    {"preAllocSize", IGNORED, 0, one_file},
    {"autopurge.*", IGNORED, 0, one_file},
    {"snapshot.*", IGNORED, 0, one_file},
    {"fsync.warningthresholdms", IGNORED, 0, "slow disks are not warned of"},
    {"initLimit", IGNORED, 0, alone},
    {"syncLimit", IGNORED, 0, alone},
    {"server.*", IGNORED, 0, alone},
    {"group.*", IGNORED, 0, alone},
    {"weight.*", IGNORED, 0, alone},
    {"quorum.*", IGNORED, 0, alone},
    {"quorumListenOnAllIPs", IGNORED, 0, alone},
    {"peerType", IGNORED, 0, alone},
    {"syncEnabled", IGNORED, 0, alone},
    {"observerMasterPort", IGNORED, 0, alone},
    {"electionAlg", IGNORED, 0, alone},
    {"electionPortBindRetry", IGNORED, 0, alone},
    {"leaderServes", IGNORED, 0, alone},
    {"cnxTimeout", IGNORED, 0, alone},
    {"connectToLearnerMasterLimit", IGNORED, 0, alone},
    {"standaloneEnabled", IGNORED, 0, alone},
    {"reconfigEnabled", IGNORED, 0, alone},
    {"dynamicConfigFile", IGNORED, 0, alone},
    {"localSessionsEnabled", IGNORED, 0, alone},
    {"localSessionsUpgradingEnabled", IGNORED, 0, alone},
    {"readonlymode.enabled", IGNORED, 0, alone},
    {"multiAddress.*", IGNORED, 0, alone},
    {"globalOutstandingLimit", IGNORED, 0, "clients are held back by how much memory their requests take"},
    {"clientPortListenBacklog", IGNORED, 0, "the system's limit holds"},
    {"nio.*", IGNORED, 0, "one thread serves all connections"},
    {"commitProcessor.*", IGNORED, 0, "there is no such stage"},
    {"serverCnxnFactory", IGNORED, 0, "there is one kind of connection"},
    {"secureClientPort", IGNORED, 0, no_tls},
    {"secureClientPortAddress", IGNORED, 0, no_tls},
    {"client.portUnification", IGNORED, 0, no_tls},
    {"ssl.*", IGNORED, 0, no_tls},
    {"sslQuorum", IGNORED, 0, no_tls},
    {"sslQuorumReloadCertFiles", IGNORED, 0, no_tls},
    {"admin.*", IGNORED, 0, "there is no such setting of the HTTP server"},
    {"metricsProvider.*", IGNORED, 0, by_http},
    {"authProvider.*", IGNORED, 0, "the schemes are world, auth, digest, ip and super"},
    {"jaasLoginRenew", IGNORED, 0, "this server does not speak SASL"},
    {"sessionRequireClientSASLAuth", REFUSED, 0, no_auth},
    {"requireClientAuthScheme", REFUSED, 0, no_auth},
    {"enforce.auth.enabled", REFUSED, 0, no_auth},
    {"enforce.auth.schemes", REFUSED, 0, no_auth},
    {NULL, IGNORED, 0, NULL}};

static const struct key *
find_key(const char *name)
{
    const struct key *key = keys;
    for (; key->name != NULL; key++) {
        size_t len = strlen(key->name);
        bool all = key->name[len - 1] == '*';
        if (all ? strncmp(key->name, name, len - 1) == 0 : strcmp(key->name, name) == 0)
            break;
    }
    return key->name != NULL ? key : NULL;
}

/* Where in the file we are, for messages. */
struct place {
    const struct ctx *ctx;
    const char *file;
    unsigned line;
};

static bool
read_number(const char *text, uint32_t *out)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || n < -1 || n > INT32_MAX)
        return false;
    *out = n < 0 ? 0 : (uint32_t)n; /* -1 is ZooKeeper's word for the default */
    return true;
}

static bool
read_flag(const char *text, bool *out)
{
    *out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
    return *out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0;
}

static int
wrong(const struct place *at, const char *name, const char *value, const char *what)
{
    return refuse(at->ctx, BAD_USAGE, "%s:%u: %s=%s: %s", at->file, at->line, name, value, what);
}

static int
set_key(const struct place *at, struct zoocfg *cfg, const char *name, const char *value)
{
    const char *plain = strncmp(name, "zookeeper.", 10) == 0 ? name + 10 : name; /* as a system property is called */
    const struct key *key = find_key(plain);
    if (key == NULL) {
        note(at->ctx, "warning: %s:%u: %s is not known and has no effect", at->file, at->line, name);
        return DONE;
    }
    void *field = (char *)cfg + key->at;
    bool yes;
    switch (key->kind) {
    case NUMBER:
        return read_number(value, field) ? DONE : wrong(at, name, value, "a number from 0 to 2147483647 is needed");
    case TEXT:
        if (value[0] == '\0')
            return wrong(at, name, value, "it is empty");
        free(*(char **)field);
        *(char **)field = need_copy(value);
        return DONE;
    case FLAG:
    case NOT_FLAG:
        if (!read_flag(value, &yes))
            return wrong(at, name, value, "true, false, yes or no is needed");
        *(bool *)field = yes == (key->kind == FLAG);
        return DONE;
    case REFUSED:
        if (read_flag(value, &yes) && !yes)
            return DONE;
        return wrong(at, name, value, key->why);
    case IGNORED:
        note(at->ctx, "warning: %s:%u: %s has no effect: %s", at->file, at->line, name, key->why);
        return DONE;
    }
    return DONE;
}

/* unescape undoes backslashes up to `stop` (one of these characters, not escaped), in place; returns where it stopped.
 * */
static char *
unescape(char *text, const char *stop)
{
    char *to = text;
    for (; *text != '\0' && strchr(stop, *text) == NULL; text++) {
        if (*text == '\\' && text[1] != '\0') {
            text++;
            *to++ = (char)(*text == 't'   ? '\t'
                           : *text == 'n' ? '\n'
                           : *text == 'r' ? '\r'
                           : *text == 'f' ? '\f'
                                          : *text);
        } else {
            *to++ = *text;
        }
    }
    char *end = text;
    if (to < end)
        *to = '\0';
    return end;
}

static int
set_line(const struct place *at, struct zoocfg *cfg, char *line)
{
    static const char blank[] = " \t\f";
    char *name = line + strspn(line, blank);
    if (*name == '\0' || *name == '#' || *name == '!')
        return DONE;
    char *end = unescape(name, " \t\f=:");
    char separator = *end;
    char *value = end;
    if (separator != '\0') {
        *value++ = '\0';
        value += strspn(value, blank);
        if (strchr("=:", separator) == NULL && (*value == '=' || *value == ':'))
            value += 1 + strspn(value + 1, blank);
    }
    for (size_t n = strlen(value); n > 0 && strchr(blank, value[n - 1]) != NULL; n--)
        value[n - 1] = '\0'; /* Java keeps blanks at the end, and ZooKeeper cuts them off */
    unescape(value, "");
    return set_key(at, cfg, name, value);
}

/* goes_on tells whether a line ends with a backslash that is not itself escaped, and cuts it off. */
static bool
goes_on(char *line, size_t len)
{
    size_t n = 0;
    while (n < len && line[len - 1 - n] == '\\')
        n++;
    if (n % 2 == 1)
        line[len - 1] = '\0';
    return n % 2 == 1;
}

/* read_lines reads physical lines and joins them to logical ones. */
static int
read_lines(struct place *at, FILE *from, struct zoocfg *cfg)
{
    char *line = NULL, *whole = NULL;
    size_t size = 0, whole_len = 0;
    unsigned number = 0;
    int code = DONE;
    ssize_t n;
    while (code == DONE && (n = getline(&line, &size, from)) >= 0) {
        size_t len = (size_t)n;
        number++;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            line[--len] = '\0';
        if (whole == NULL)
            at->line = number;
        const char *part = whole == NULL ? line : line + strspn(line, " \t\f");
        bool more = goes_on(line, len) && part[strspn(part, " \t\f")] != '#';
        size_t part_len = strlen(part);
        whole = need_more(whole, whole_len + part_len + 1, 1);
        memcpy(whole + whole_len, part, part_len + 1);
        whole_len += part_len;
        if (more)
            continue;
        code = set_line(at, cfg, whole);
        free(whole);
        whole = NULL;
        whole_len = 0;
    }
    if (code == DONE && ferror(from))
        code = fail_errno(at->ctx, at->file, errno);
    if (code == DONE && whole != NULL)
        code = set_line(at, cfg, whole);
    free(whole);
    free(line);
    return code;
}

int
zoocfg_read(const struct ctx *ctx, const char *file, struct zoocfg *out)
{
    *out = (struct zoocfg){.options = {.size = sizeof out->options}};
    FILE *from = fopen(file, "re");
    if (from == NULL) {
        fail_errno(ctx, file, errno);
        return BAD_USAGE;
    }
    struct place at = {ctx, file, 0};
    int code = read_lines(&at, from, out);
    fclose(from);
    if (code == DONE && out->port > UINT16_MAX)
        code = refuse(ctx, BAD_USAGE, "%s: clientPort=%u: there are ports up to 65535", file, (unsigned)out->port);
    if (code == DONE && out->http_port > UINT16_MAX)
        code = refuse(ctx, BAD_USAGE, "%s: admin.serverPort=%u: there are ports up to 65535", file,
                      (unsigned)out->http_port);
    return code;
}

void
zoocfg_free(struct zoocfg *cfg)
{
    free((char *)(uintptr_t)cfg->options.data_dir);
    free((char *)(uintptr_t)cfg->options.words);
    free((char *)(uintptr_t)cfg->options.super_digest);
    free(cfg->address);
    free(cfg->http_address);
}
