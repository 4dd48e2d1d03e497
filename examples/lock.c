/* SPDX-License-Identifier: Apache-2.0 */
/* Money moves between two accounts, one transfer at a time, among all processes.
 *
 *     example-lock AMOUNT      hosts from ZOBO_HOSTS
 *
 * The ledger is a node that two may read, change and write back at the same time, which the lock prevents. */
#include <stdio.h>
#include <stdlib.h>

#include <zobo/lock.h>
#include <zobo/zobo.h>

static zobo_err
transfer(zobo_client *zk, int amount)
{
    int left = 100, right = 0;
    char text[40];
    zobo_reply *ledger = NULL;
    zobo_err err = zobo_get(zk, "/ledger", NULL, &ledger);
    if (err == ZOBO_OK && sscanf(ledger->data, "%d %d", &left, &right) != 2) {
        err = ZOBO_EBADDATA;
    }
    zobo_reply_free(ledger);
    int len = snprintf(text, sizeof(text), "%d %d", left - amount, right + amount);
    if (err == ZOBO_ENONODE) {
        err = zobo_create(zk, "/ledger", text, (size_t)len, NULL, NULL);
    } else if (err == ZOBO_OK) {
        err = zobo_set(zk, "/ledger", text, (size_t)len, -1, NULL);
    }
    printf("%s\n", err == ZOBO_OK ? text : zobo_err_text(err));
    return err;
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s AMOUNT\n", argv[0]);
        return 2;
    }
    zobo_options options = {.hosts = getenv("ZOBO_HOSTS")};
    zobo_client *zk = NULL;
    zobo_lock *lock = NULL;
    zobo_problem why;
    if (zobo_new(&options, &zk, &why) != ZOBO_OK || zobo_start(zk, 5000, &why) != ZOBO_OK ||
        zobo_lock_new(zk, "/ledger-lock", NULL, &lock, &why) != ZOBO_OK) {
        fprintf(stderr, "%s\n", why.text);
        zobo_close(zk);
        return 1;
    }
    zobo_err err = zobo_lock_acquire(lock, 30000); /* milliseconds */
    if (err == ZOBO_OK) {
        err = transfer(zk, atoi(argv[1])); /* a slow one would ask zobo_lock_check before it writes */
        zobo_err released = zobo_lock_release(lock, 0);
        err = err == ZOBO_OK ? released : err;
    }
    zobo_lock_free(lock);
    zobo_close(zk);
    return err != ZOBO_OK;
}
