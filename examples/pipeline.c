/* SPDX-License-Identifier: Apache-2.0 */
/* Creates many nodes, reads them back and removes them, with up to 1000 requests on their way at any moment.
 *
 *     example-pipeline [nodes]      100000 by default; hosts from ZOBO_HOSTS
 *
 * The submitting thread just goes on submitting: when max_in_flight requests are unanswered, the next _async call waits
 * for room. That is all the back-pressure a program needs. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <zobo/zobo.h>

struct tally {
    pthread_mutex_t lock;
    pthread_cond_t all_done;
    int left;
    int failed;
    zobo_err first_error;
};

/* Completion, on the callback thread; exactly once for each request submitted. */
static void
count(void *arg, zobo_err err, const zobo_reply *reply)
{
    struct tally *tally = arg;
    (void)reply;
    pthread_mutex_lock(&tally->lock);
    if (err != ZOBO_OK && tally->failed++ == 0) {
        tally->first_error = err;
    }
    if (--tally->left == 0) {
        pthread_cond_signal(&tally->all_done);
    }
    pthread_mutex_unlock(&tally->lock);
}

static double
seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

typedef zobo_err submit_fn(zobo_client *zk, const char *path, const zobo_how *how);

static zobo_err
submit_create(zobo_client *zk, const char *path, const zobo_how *how)
{
    return zobo_create_async(zk, path, "data", 4, NULL, how, NULL);
}

static zobo_err
submit_get(zobo_client *zk, const char *path, const zobo_how *how)
{
    return zobo_get_async(zk, path, NULL, how, NULL);
}

static int
run(zobo_client *zk, const char *what, submit_fn *submit, const char *root, int n)
{
    struct tally tally = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, n, 0, ZOBO_OK};
    zobo_how how = {.done = count, .arg = &tally};
    double start = seconds();
    for (int i = 0; i < n; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%07d", root, i);
        zobo_err err = submit(zk, path, &how);
        if (err != ZOBO_OK) {
            count(&tally, err, NULL); /* not submitted, so nobody else will count it */
        }
    }
    pthread_mutex_lock(&tally.lock);
    while (tally.left > 0) {
        pthread_cond_wait(&tally.all_done, &tally.lock);
    }
    pthread_mutex_unlock(&tally.lock);
    double took = seconds() - start;
    printf("%d %s in %.2f s: %.0f/s\n", n, what, took, n / took);
    if (tally.failed > 0) {
        printf("%d failed, the first with: %s\n", tally.failed, zobo_err_text(tally.first_error));
    }
    return tally.failed;
}

int
main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 100000;
    zobo_options options = {.size = sizeof(options), .hosts = getenv("ZOBO_HOSTS"), .max_in_flight = 1000};
    zobo_create_options numbered = {.sequence = true};
    zobo_client *zk;
    zobo_problem why;
    zobo_reply *root = NULL;
    if (n <= 0 || zobo_new(&options, &zk, &why) != ZOBO_OK) {
        fprintf(stderr, "usage: %s [nodes]\n", argv[0]);
        return 2;
    }
    zobo_err err = zobo_start(zk, 0, &why);
    if (err != ZOBO_OK) {
        fprintf(stderr, "no ZooKeeper: %s\n", why.text);
    } else if ((err = zobo_create(zk, "/pipeline-", "", 0, &numbered, &root)) == ZOBO_OK) {
        int failed = run(zk, "creates", submit_create, root->path, n);
        failed += run(zk, "gets", submit_get, root->path, n);
        err = zobo_delete_recursive(zk, root->path, NULL);
        printf("removed: %s\n", zobo_err_text(err));
        err = failed > 0 ? ZOBO_ESYSTEM : err;
    }
    zobo_reply_free(root);
    zobo_close(zk);
    return err != ZOBO_OK;
}
