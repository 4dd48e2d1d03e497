/* SPDX-License-Identifier: Apache-2.0 */
/* zobo's recipes by commands: zobo_peer HOSTS SESSION_MS. kazoo_peer.py is the same with kazoo's; README.md has the
 * commands. Each line "ID WORDS..." is carried out on a thread of its own and answered by "ID JSON" or "ID !ERROR". */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

enum { MAX_OBJECTS = 1024, MAX_WORDS = 600 };

static zobo_client *client;
static object *objects[MAX_OBJECTS];
static int n_objects;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int running;

/* --- answers ----------------------------------------------------------------------------------------------------- */

static void
say_n(answer *a, const char *text, size_t n)
{
    if (a->room - a->n < n + 1) {
        a->room = 2 * (a->room + n + 1);
        a->text = realloc(a->text, a->room);
        if (!a->text)
            abort();
    }
    memcpy(a->text + a->n, text, n);
    a->n += n;
    a->text[a->n] = '\0';
}

void
say(answer *a, const char *text)
{
    say_n(a, text, strlen(text));
}

void
say_bool(answer *a, bool yes)
{
    say(a, yes ? "true" : "false");
}

void
say_number(answer *a, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    say(a, text);
}

void
say_data(answer *a, const void *data, size_t n)
{
    const char *text = data;
    say(a, "\"");
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\')
            say(a, "\\");
        say_n(a, text + i, 1);
    }
    say(a, "\"");
}

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
say_list(answer *a, const char *const *items, size_t n, bool sorted)
{
    const char **list = malloc((n + 1) * sizeof *list);
    if (!list)
        abort();
    if (n)
        memcpy(list, items, n * sizeof *list);
    if (sorted)
        qsort(list, n, sizeof *list, by_bytes);
    say(a, "[");
    for (size_t i = 0; i < n; i++) {
        say(a, i ? ", " : "");
        say_data(a, list[i], strlen(list[i]));
    }
    say(a, "]");
    free(list);
}

zobo_err
say_unless(answer *a, zobo_err err, zobo_err no, const char *otherwise)
{
    if (err && err != no)
        return err;
    say(a, err ? otherwise : "true");
    return ZOBO_OK;
}

zobo_err
say_reply(answer *a, zobo_err err, zobo_err none, zobo_reply *reply)
{
    if (err && err != none)
        return err;
    if (err)
        say(a, "null");
    else
        say_data(a, reply->data, reply->data_len);
    zobo_reply_free(reply);
    return ZOBO_OK;
}

const char *
peer_name(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : word;
}

uint32_t
peer_ms(const char *word)
{
    return (uint32_t)strtoul(word, NULL, 10);
}

/* --- commands ---------------------------------------------------------------------------------------------------- */

static const kind *const kinds[] = {lock_kinds, data_kinds, member_kinds};

static const kind *
find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (const kind *k = kinds[i]; k->name; k++)
            if (strcmp(k->name, name) == 0)
                return k;
    return NULL;
}

static object *
find_object(const char *name)
{
    object *found = NULL;
    (void)pthread_mutex_lock(&lock);
    for (int i = 0; i < n_objects && !found; i++)
        if (strcmp(objects[i]->name, name) == 0)
            found = objects[i];
    (void)pthread_mutex_unlock(&lock);
    return found;
}

/* new NAME KIND PATH WORDS... */
static zobo_err
make(char **words, int n, answer *a)
{
    const kind *k = n > 3 ? find_kind(words[2]) : NULL;
    zobo_problem why = {0};
    if (!k || (k->words >= 0 ? k->words != n - 3 : n < 5))
        return ZOBO_EINVAL;
    object *o = calloc(1, sizeof *o);
    if (!o)
        abort();
    o->kind = k;
    o->client = client;
    (void)snprintf(o->name, sizeof o->name, "%s", words[1]);
    zobo_err err = k->make(o, words + 3, n - 3, &why);
    if (err) {
        fprintf(stderr, "zobo_peer: %s %s: %s\n", words[2], words[3], why.text);
        free(o);
        return err;
    }
    (void)pthread_mutex_lock(&lock);
    if (n_objects == MAX_OBJECTS)
        abort();
    objects[n_objects++] = o;
    (void)pthread_mutex_unlock(&lock);
    say_bool(a, true);
    return ZOBO_OK;
}

static zobo_err
carry_out(char **words, int n, answer *a)
{
    if (n > 0 && strcmp(words[0], "new") == 0)
        return make(words, n, a);
    object *o = n > 2 && strcmp(words[0], "do") == 0 ? find_object(words[1]) : NULL;
    for (const verb *v = o ? o->kind->verbs : NULL; v && v->name; v++)
        if (strcmp(v->name, words[2]) == 0)
            return v->run(o, words + 3, n - 3, a);
    return ZOBO_EUNIMPLEMENTED;
}

static void *
answer_line(void *arg)
{
    char *line = arg, *words[MAX_WORDS + 1], *save = NULL;
    int n = 0;
    answer a = {0};
    for (char *word = strtok_r(line, " \n", &save); word && n < MAX_WORDS; word = strtok_r(NULL, " \n", &save))
        words[n++] = word;
    words[n] = NULL;
    if (n > 0) {
        zobo_err err = carry_out(words + 1, n - 1, &a);
        if (err)
            printf("%s !%s %s\n", words[0], zobo_err_name(err), zobo_err_text(err));
        else
            printf("%s %s\n", words[0], a.text);
        (void)fflush(stdout);
    }
    free(a.text);
    free(line);
    (void)atomic_fetch_sub(&running, 1);
    return NULL;
}

static void
answer_lines(void)
{
    pthread_attr_t detached;
    char *line = NULL;
    size_t room = 0;
    (void)pthread_attr_init(&detached);
    (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while (getline(&line, &room, stdin) >= 0) {
        pthread_t thread;
        char *copy = strdup(line);
        (void)atomic_fetch_add(&running, 1);
        if (!copy || pthread_create(&thread, &detached, answer_line, copy))
            abort();
    }
    free(line);
    (void)pthread_attr_destroy(&detached);
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: zobo_peer HOSTS SESSION_MS\n");
        return 2;
    }
    zobo_problem why = {0};
    const char *log = getenv("ZT_LOG");
    zobo_options options = {.size = sizeof options,
                            .hosts = argv[1],
                            .timeout_ms = peer_ms(argv[2]),
                            .log = log && *log ? zobo_log_stderr : NULL};
    if (zobo_new(&options, &client, &why) || zobo_start(client, 20000, &why)) {
        fprintf(stderr, "zobo_peer: %s\n", why.text);
        return 1;
    }
    puts("0 true");
    (void)fflush(stdout);
    answer_lines();
    if (atomic_load(&running))
        _exit(0); /* something waits for ever: a scenario has failed */
    while (n_objects > 0) {
        object *o = objects[--n_objects];
        o->kind->free(o);
        free(o);
    }
    zobo_close(client);
    return 0;
}
