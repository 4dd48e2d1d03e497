/* SPDX-License-Identifier: Apache-2.0 */
/* A forked child may free the recipes it has copies of, whatever its parent's threads were busy with. */
#include "recipes/stage.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zobo/recipes.h>

static zt_latch told, go_on;

static void
on_lost(void *arg, zobo_lock *lock)
{
    (void)arg, (void)lock;
    zt_latch_hit(&told);
    zt_latch_wait(&go_on, 1, ZT_SOON_MS);
}

/* Whether a copy of them can be freed in a child. */
static void
free_in_a_child(zobo_client *client, zobo_lock *lock, zobo_queue *queue, zobo_election *election)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(10); /* should it hang */
        bool refused = zobo_lock_acquire(lock, 0) == ZOBO_EFORKED && zobo_queue_put(queue, "", 0, 1, 0) == ZOBO_EFORKED;
        zobo_lock_free(lock);
        zobo_queue_free(queue);
        zobo_election_free(election);
        zobo_close(client);
        _exit(refused ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status)
        fail_msg("the child ended with status 0x%x", (unsigned)status);
}

static void
test_free_in_a_child(void **state)
{
    zobo_lock *lock;
    zobo_queue *queue;
    zobo_election *election;
    const zobo_lock_options o = {.lost = on_lost};
    zt_calls calls;
    (void)state;
    zobo_client *client = another_client();
    zt_latch_init(&told);
    zt_latch_init(&go_on);
    assert_ok(zobo_lock_new(client, "/lock", &o, &lock, NULL));
    assert_ok(zobo_queue_new(client, "/queue", NULL, &queue, NULL));
    assert_ok(zobo_election_new(client, "/election", NULL, &election, NULL));
    assert_ok(zobo_lock_acquire(lock, 0));
    zt_calls_init(&calls, 1);
    zobo_how how = zt_calls_how(&calls);
    assert_ok(zobo_queue_get_async(queue, &how, NULL));
    free_in_a_child(client, lock, queue, election); /* while nothing runs */
    assert_ok(zobo_delete_recursive(look, "/lock", NULL));
    assert_true(zt_latch_wait(&told, 1, ZT_SOON_MS));
    free_in_a_child(client, lock, queue, election); /* while a callback runs, which goes on in the parent alone */
    zt_latch_hit(&go_on);
    assert_ok(zobo_queue_put(queue, "x", 1, 1, 0)); /* the parent's are as they were */
    assert_true(zt_calls_wait(&calls, ZT_SOON_MS));
    assert_err(calls.items[0].err, ZOBO_OK);
    zobo_lock_free(lock);
    zobo_queue_free(queue);
    zobo_election_free(election);
    zobo_close(client);
    zt_calls_destroy(&calls);
    zt_latch_destroy(&told);
    zt_latch_destroy(&go_on);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_free_in_a_child, stage_up, stage_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
