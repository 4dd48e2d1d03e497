/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <zobo/types.h>

static const struct {
    zobo_err err;
    int number;
    const char *constant, *name, *text;
    zobo_class cls;
} rows[] = {
#define X(name, number, cls, zk, text) {name, number, #name, zk, text, ZOBO_CLASS_##cls},
    ZOBO_ERRORS(X)
#undef X
};

enum { N_ROWS = sizeof rows / sizeof *rows };

static void
every_error_has_name_text_and_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        assert_int_equal(rows[i].err, rows[i].number);
        assert_string_equal(zobo_err_name(rows[i].err), rows[i].name);
        assert_string_equal(zobo_err_text(rows[i].err), rows[i].text);
        assert_int_equal(zobo_err_class(rows[i].err), rows[i].cls);
        assert_null(strchr(rows[i].text, '\n'));
        for (size_t j = 0; j < i; j++) {
            assert_true(rows[i].number != rows[j].number);
            assert_string_not_equal(rows[i].name, rows[j].name);
        }
    }
}

static void
numbers_tell_whose_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        assert_true(rows[i].number == 0 || (rows[i].number < 0 && rows[i].number > -128) || rows[i].number < -1000);
        if (rows[i].cls == ZOBO_CLASS_USAGE || rows[i].cls == ZOBO_CLASS_LOCAL || rows[i].cls == ZOBO_CLASS_RETRY)
            assert_true(rows[i].number < -1000); /* no server can say these */
    }
    assert_int_equal(ZOBO_ENONODE, -101);
    assert_int_equal(ZOBO_ENODEEXISTS, -110);
    assert_int_equal(ZOBO_ESESSIONEXPIRED, -112);
}

static void
a_number_of_a_newer_server_is_refused_by_it(void **state)
{
    (void)state;
    assert_string_equal(zobo_err_name((zobo_err)-999), "Unknown");
    assert_string_equal(zobo_err_text((zobo_err)-999), "unknown error");
    assert_int_equal(zobo_err_class((zobo_err)-999), ZOBO_CLASS_REJECTED);
    assert_int_equal(zobo_err_class((zobo_err)77), ZOBO_CLASS_REJECTED);
}

static void
states_and_events_have_names(void **state)
{
    (void)state;
    assert_string_equal(zobo_state_name(ZOBO_LOST), "LOST");
    assert_string_equal(zobo_state_name(ZOBO_CONNECTED), "CONNECTED");
    assert_string_equal(zobo_state_name(ZOBO_CONNECTED_RO), "CONNECTED_RO");
    assert_string_equal(zobo_state_name(ZOBO_SUSPENDED), "SUSPENDED");
    assert_string_equal(zobo_state_name((zobo_state)99), "UNKNOWN");
    assert_string_equal(zobo_event_name(ZOBO_EVENT_NONE), "NONE");
    assert_string_equal(zobo_event_name(ZOBO_EVENT_CREATED), "CREATED");
    assert_string_equal(zobo_event_name(ZOBO_EVENT_DELETED), "DELETED");
    assert_string_equal(zobo_event_name(ZOBO_EVENT_CHANGED), "CHANGED");
    assert_string_equal(zobo_event_name(ZOBO_EVENT_CHILD), "CHILD");
    assert_string_equal(zobo_event_name(ZOBO_EVENT_DATA_WATCH_REMOVED), "DATA_WATCH_REMOVED");
    assert_string_equal(zobo_event_name(ZOBO_EVENT_CHILD_WATCH_REMOVED), "CHILD_WATCH_REMOVED");
    assert_string_equal(zobo_event_name(ZOBO_EVENT_PERSISTENT_WATCH_REMOVED), "PERSISTENT_WATCH_REMOVED");
    assert_string_equal(zobo_event_name((zobo_event_type)99), "UNKNOWN");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_name_text_and_class),
        cmocka_unit_test(numbers_tell_whose_they_are),
        cmocka_unit_test(a_number_of_a_newer_server_is_refused_by_it),
        cmocka_unit_test(states_and_events_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
