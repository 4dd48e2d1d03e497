/* SPDX-License-Identifier: Apache-2.0 */
/* bench-tree makes a tree to measure on: NODES nodes below PATH, FANOUT under each node of the first level (0: all are
 * PATH's own children), each with SIZE bytes.
 *
 *   bench-tree HOSTS PATH NODES [FANOUT [SIZE]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zobo/zobo.h>

enum { SIZE_MAX_BYTES = 1000000 };

static _Atomic int first_error; /* of a creation: told on the callback thread */

static void
on_created(void *arg, zobo_err err, const zobo_reply *reply)
{
    (void)arg;
    (void)reply;
    if (err != ZOBO_OK && first_error == 0)
        first_error = (int)err;
}

static zobo_err
create(zobo_client *client, const char *path, const char *data, size_t size)
{
    zobo_how how = {.done = on_created};
    return zobo_create_async(client, path, data, size, NULL, &how, NULL);
}

static zobo_err
make_tree(zobo_client *client, const char *root, unsigned long nodes, unsigned long fanout, size_t size)
{
    static char data[SIZE_MAX_BYTES];
    char path[1024];
    memset(data, 'x', sizeof data);
    zobo_err err = zobo_ensure_path(client, root, NULL);
    for (unsigned long i = 0, made = 0; err == ZOBO_OK && made < nodes && first_error == 0; i++) {
        unsigned long dir = fanout > 0 ? i / fanout : 0, node = fanout > 0 ? i % fanout : i;
        if (fanout > 0 && node == 0) {
            snprintf(path, sizeof path, "%s/%06lu", root, dir);
            err = create(client, path, data, size);
            made++;
        }
        if (fanout > 0)
            snprintf(path, sizeof path, "%s/%06lu/%06lu", root, dir, node);
        else
            snprintf(path, sizeof path, "%s/%08lu", root, node);
        if (err == ZOBO_OK && made++ < nodes)
            err = create(client, path, data, size);
    }
    zobo_err synced = zobo_sync(client, root); /* behind all of them */
    return err != ZOBO_OK ? err : first_error != 0 ? (zobo_err)first_error : synced;
}

int
main(int argc, char **argv)
{
    unsigned long size = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;
    if (argc < 4 || size > SIZE_MAX_BYTES) {
        fputs("usage: bench-tree HOSTS PATH NODES [FANOUT [SIZE]]\n", stderr);
        return 2;
    }
    zobo_options options = {.hosts = argv[1], .max_in_flight = 2000};
    zobo_client *client = NULL;
    zobo_problem why = {0};
    zobo_err err = zobo_new(&options, &client, &why);
    if (err == ZOBO_OK)
        err = zobo_start(client, 0, &why);
    if (err == ZOBO_OK)
        err = make_tree(client, argv[2], strtoul(argv[3], NULL, 10), argc > 4 ? strtoul(argv[4], NULL, 10) : 0, size);
    if (err != ZOBO_OK)
        fprintf(stderr, "bench-tree: %s %s\n", zobo_err_text(err), why.text);
    zobo_close(client);
    return err == ZOBO_OK ? 0 : 1;
}
