/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of semaphores have in common: two clients, one semaphore's place. */
#ifndef ZT_POOL_H
#define ZT_POOL_H

#include "recipes/stage.h"

#include <zobo/lock.h>
#include <zobo/semaphore.h>

static zobo_client *a, *b;

static inline int
up(void **state)
{
    if (stage_up(state))
        return -1;
    a = another_client();
    b = another_client();
    return 0;
}

static inline int
down(void **state)
{
    zobo_close(a);
    zobo_close(b);
    return stage_down(state);
}

static const char path[] = "/pool/one", guard[] = "/pool/one-__lock__";

static inline int
forget_pool(void **state)
{
    (void)state;
    zobo_err err = zobo_delete_recursive(look, "/pool", NULL);
    return err && err != ZOBO_ENONODE ? -1 : 0;
}

static inline zobo_semaphore *
semaphore_with(zobo_client *c, zobo_semaphore_options o)
{
    zobo_semaphore *s;
    zobo_problem why;
    if (zobo_semaphore_new(c, path, &o, &s, &why))
        fail_msg("%s", why.text);
    return s;
}

static inline zobo_semaphore *
semaphore_of(zobo_client *c, uint32_t max_leases)
{
    return semaphore_with(c, (zobo_semaphore_options){.max_leases = max_leases});
}

static inline int
waiters(void)
{
    return children_of(look, guard);
}

#define EACH(test) cmocka_unit_test_teardown(test, forget_pool)

#endif
