/* SPDX-License-Identifier: Apache-2.0 */
/* zobo-bench: the work of raw and apache through zobo, and two things that only zobo is asked for here: several threads
 * on one client (does each get its share?), and the memory that a persistent watch costs.
 *
 * Environment: ZOBO_BENCH_INLINE=1 has callbacks run on the thread that reads the reply instead of the callback thread;
 * ZOBO_BENCH_LOG=1 shows the client's log on stderr. */
#include "common.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>
#include <zobo/zobo.h>

enum { SESSION_TIMEOUT_MS = 30000, MAX_THREADS = 256, WATCH_PATH_BYTES = 30, WATCH_WINDOW = 1000 };

/* What all operations of a run share. */
struct run {
    zobo_client *client;
    const struct work *work;
    struct bench bench;
    char *data;
    atomic_long next; /* sync: the next operation that nobody has taken */
    atomic_long left; /* async: replies to come */
    atomic_int error; /* the first one, a zobo_err */
    sem_t all_done;   /* async */
};

/* One caller of the client. */
struct caller {
    struct run *run;
    pthread_t thread;
    long n_done;
};

static bool
complain(const char *what, zobo_err err)
{
    fprintf(stderr, "zobo-bench: %s: %s\n", what, zobo_err_text(err));
    return false;
}

static void
note_error(struct run *run, zobo_err err)
{
    int none = ZOBO_OK;
    (void)atomic_compare_exchange_strong(&run->error, &none, (int)err);
}

static bool
environment_says(const char *name)
{
    const char *value = getenv(name);
    return value && strcmp(value, "1") == 0;
}

static bool
start_client(const char *hosts, long max_in_flight, zobo_client **out)
{
    zobo_options options = {.size = sizeof options,
                            .hosts = hosts,
                            .timeout_ms = SESSION_TIMEOUT_MS,
                            .max_in_flight = (uint32_t)max_in_flight,
                            .log = environment_says("ZOBO_BENCH_LOG") ? zobo_log_stderr : NULL};
    zobo_problem problem;
    *out = NULL;
    if (zobo_new(&options, out, &problem) == ZOBO_OK) {
        if (zobo_start(*out, 0, &problem) == ZOBO_OK)
            return true;
        zobo_close(*out);
        *out = NULL;
    }
    fprintf(stderr, "zobo-bench: %s: %s\n", hosts, problem.text);
    return false;
}

/* --- get and set ------------------------------------------------------------------------------------------------ */

/* make_node sees to it that there is a node to read and write. */
static bool
make_node(struct run *run)
{
    zobo_err err = zobo_exists(run->client, run->work->path, NULL, NULL);
    if (err == ZOBO_ENONODE) {
        zobo_create_options options = {.makepath = true};
        err = zobo_create(run->client, run->work->path, run->data, (size_t)run->work->data_size, &options, NULL);
    }
    return err == ZOBO_OK || err == ZOBO_ENODEEXISTS || complain(run->work->path, err);
}

static zobo_err
one_operation(struct run *run)
{
    const struct work *work = run->work;
    if (work->set) {
        zobo_stat stat;
        return zobo_set(run->client, work->path, run->data, (size_t)work->data_size, -1, &stat);
    }
    zobo_reply *reply;
    zobo_err err = zobo_get(run->client, work->path, NULL, &reply);
    zobo_reply_free(reply);
    return err;
}

/* call_one_at_a_time is a caller's thread: operations are taken from a common stock until it is empty, so that a
 * caller who has to wait for the others is seen to have done fewer. */
static void *
call_one_at_a_time(void *arg)
{
    struct caller *caller = arg;
    struct run *run = caller->run;
    for (;;) {
        long i = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
        if (i >= run->work->n)
            return NULL;
        uint64_t begin_ns = now_ns();
        zobo_err err = one_operation(run);
        if (err != ZOBO_OK) {
            note_error(run, err);
            return NULL;
        }
        bench_latency(&run->bench, i, begin_ns);
        caller->n_done++;
    }
}

static bool
run_threads(struct caller *callers, long n)
{
    long n_started = 0;
    while (n_started < n &&
           pthread_create(&callers[n_started].thread, NULL, call_one_at_a_time, &callers[n_started]) == 0)
        n_started++;
    for (long i = 0; i < n_started; i++)
        (void)pthread_join(callers[i].thread, NULL);
    return n_started == n || complain("thread", ZOBO_ESYS);
}

static void
print_shares(const struct caller *callers, long n)
{
    long least = callers[0].n_done, most = least;
    for (long i = 1; i < n; i++) {
        least = callers[i].n_done < least ? callers[i].n_done : least;
        most = callers[i].n_done > most ? callers[i].n_done : most;
    }
    printf("  threads %ld min %ld max %ld ops", n, least, most);
}

static bool
run_sync(struct run *run)
{
    struct caller callers[MAX_THREADS];
    long n = run->work->n_threads;
    for (long i = 0; i < n; i++)
        callers[i] = (struct caller){.run = run};
    if (!bench_begin(&run->bench, run->work))
        return false;
    if (n == 1)
        (void)call_one_at_a_time(&callers[0]);
    else if (!run_threads(callers, n))
        return false;
    if (run->error != ZOBO_OK)
        return complain(run->work->path, (zobo_err)run->error);
    bench_end(&run->bench, "zobo");
    if (n > 1)
        print_shares(callers, n);
    return true;
}

static void
on_done(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct run *run = arg;
    (void)reply;
    if (err != ZOBO_OK)
        note_error(run, err);
    if (atomic_fetch_sub_explicit(&run->left, 1, memory_order_acq_rel) == 1)
        (void)sem_post(&run->all_done);
}

static bool
run_async(struct run *run)
{
    const struct work *work = run->work;
    zobo_how how = {.done = on_done, .arg = run, .flags = environment_says("ZOBO_BENCH_INLINE") ? ZOBO_INLINE : 0};
    if (!bench_begin(&run->bench, work))
        return false;
    run->left = work->n;
    for (long i = 0; i < work->n; i++) {
        /* Waits for room: max_in_flight is the window. */
        zobo_err err = work->set
                           ? zobo_set_async(run->client, work->path, run->data, (size_t)work->data_size, -1, &how, NULL)
                           : zobo_get_async(run->client, work->path, NULL, &how, NULL);
        if (err != ZOBO_OK)
            return complain(work->path, err);
    }
    (void)sem_wait(&run->all_done);
    if (run->error != ZOBO_OK)
        return complain(work->path, (zobo_err)run->error);
    bench_end(&run->bench, "zobo");
    return true;
}

static int
measure_work(const char *hosts, const struct work *work)
{
    struct run run = {.work = work, .data = malloc(MAX_DATA_BYTES)};
    if (!run.data || sem_init(&run.all_done, 0, 0) != 0) {
        free(run.data);
        (void)complain("start", ZOBO_ENOMEM);
        return EXIT_FAILED;
    }
    memset(run.data, 'x', MAX_DATA_BYTES);
    int status = EXIT_FAILED;
    if (start_client(hosts, work->sync ? 0 : work->window, &run.client)) {
        if (make_node(&run) && (work->sync ? run_sync(&run) : run_async(&run)))
            status = finish();
        zobo_close(run.client);
    }
    (void)sem_destroy(&run.all_done);
    free(run.data);
    return status;
}

/* --- watches ---------------------------------------------------------------------------------------------------- */

/* resident_bytes returns how much memory this process occupies now, 0 if that cannot be told. */
static long
resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    long total, resident;
    if (fscanf(f, "%ld %ld", &total, &resident) != 2)
        resident = 0;
    (void)fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

static void
on_event(void *arg, const zobo_event *event)
{
    (void)arg;
    (void)event;
}

/* watch_path writes `path`, a slash, and the number `i` with so many zeros that it all is WATCH_PATH_BYTES long. */
static void
watch_path(const char *path, long i, char *out)
{
    size_t path_len = strlen(path);
    memset(out, '0', WATCH_PATH_BYTES);
    memcpy(out, path, path_len);
    out[path_len] = '/';
    out[WATCH_PATH_BYTES] = '\0';
    for (char *digit = out + WATCH_PATH_BYTES - 1; i > 0; i /= 10)
        *digit-- = (char)('0' + i % 10);
}

/* add_watches sets watches on paths of their own, numbered from `first` on. */
static bool
add_watches(struct run *run, const char *path, long first, long n)
{
    zobo_watcher watcher = {.fn = on_event};
    zobo_how how = {.done = on_done, .arg = run, .flags = ZOBO_INLINE};
    run->left = n;
    for (long i = 0; i < n; i++) {
        char watched[WATCH_PATH_BYTES + 1];
        watch_path(path, first + i, watched);
        zobo_err err = zobo_add_watch_async(run->client, watched, ZOBO_PERSISTENT, &watcher, &how, NULL);
        if (err != ZOBO_OK)
            return complain(watched, err);
    }
    (void)sem_wait(&run->all_done);
    return run->error == ZOBO_OK || complain("add_watch", (zobo_err)run->error);
}

static bool
run_watches(struct run *run)
{
    const struct work *work = run->work;
    /* Some first, for queues and buffers to reach their size: what grows after that is the watches. */
    if (!add_watches(run, work->path, 0, WATCH_WINDOW) || !bench_begin(&run->bench, work))
        return false;
    long before = resident_bytes();
    if (!add_watches(run, work->path, WATCH_WINDOW, work->n))
        return false;
    long after = resident_bytes();
    bench_end(&run->bench, "zobo");
    printf("  watches %ld grown %ld KiB each %.1f bytes", work->n, (after - before) / 1024,
           (double)(after - before) / (double)work->n);
    return true;
}

static int
measure_watches(const char *hosts, const struct work *work)
{
    struct run run = {.work = work};
    if (sem_init(&run.all_done, 0, 0) != 0) {
        (void)complain("start", ZOBO_ENOMEM);
        return EXIT_FAILED;
    }
    int status = EXIT_FAILED;
    if (start_client(hosts, WATCH_WINDOW, &run.client)) {
        if (run_watches(&run))
            status = finish();
        zobo_close(run.client);
    }
    (void)sem_destroy(&run.all_done);
    return status;
}

/* --- the program ------------------------------------------------------------------------------------------------ */

/* parse_watches reads PATH watch persistent N. */
static bool
parse_watches(int argc, char **argv, struct work *out)
{
    struct work work = {.path = argv[0], .window = WATCH_WINDOW, .n_threads = 1};
    if (argc != 4 || strcmp(argv[2], "persistent") != 0) {
        fprintf(stderr, "expected: watch persistent N\n");
        return false;
    }
    if (!parse_count("N", argv[3], 1, 100000000, &work.n))
        return false;
    if (work.path[0] != '/' || strlen(work.path) < 2 || strlen(work.path) > WATCH_PATH_BYTES - 10) {
        fprintf(stderr, "PATH: expected 2 to %d bytes that begin with '/', not \"%s\"\n", WATCH_PATH_BYTES - 10,
                work.path);
        return false;
    }
    *out = work;
    return true;
}

static int
usage(void)
{
    fprintf(stderr,
            "usage: zobo-bench HOSTS PATH get|set sync N WINDOW [SIZE] [THREADS]\n"
            "       zobo-bench HOSTS PATH get|set async N WINDOW [SIZE]\n"
            "       zobo-bench HOSTS PATH watch persistent N\n"
            "N operations: one at a time (sync; WINDOW has no meaning), or WINDOW in flight (async).\n"
            "PATH is made, with SIZE bytes of data (default %d), if it is not there.\n",
            DEFAULT_DATA_BYTES);
    return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
    struct work work;
    if (argc < 4)
        return usage();
    if (strcmp(argv[3], "watch") == 0)
        return parse_watches(argc - 2, argv + 2, &work) ? measure_watches(argv[1], &work) : usage();
    return parse_work(argc - 2, argv + 2, MAX_THREADS, &work) ? measure_work(argv[1], &work) : usage();
}
