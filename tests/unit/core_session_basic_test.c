/* SPDX-License-Identifier: Apache-2.0 */
/* The session: connecting, requests and replies on a healthy link. */
#include "core/session_internal.h"
#include "support/rig.h"
#include "test.h"

static void
connects_and_answers(void **state)
{
    (void)state;
    rig r;
    rig_req q;
    rig_init(&r);
    rig_begin(&r);
    rig_connect(&r);
    rig_get(&r, &q, "/a");
    q.req.want_reply = true;
    rig_answer(&r, &q, 7, 0);
    assert_memory_equal(q.req.reply->data, "data", 5);
    assert_int_equal(q.req.zxid, 7);
    zobo_reply_free(q.req.reply);
    expect_nothing(&r);
    rig_end(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_and_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
