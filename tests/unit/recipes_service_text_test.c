/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "recipes/service_text.h"

/* As it lies in a ZooKeeper that Curator 2.x has written to (a payload class of the program's own). */
static const char curator_text[] =
    "{\"name\":\"books\",\"id\":\"a1bc97ba-9926-41be-92a4-2fe6b02597b4\",\"address\":\"localhost\",\"port\":8070,"
    "\"sslPort\":null,\"payload\":{\"@class\":\"org.example.Details\",\"leader\":true,\"weight\":1.0},"
    "\"registrationTimeUTC\":1480963577325,\"serviceType\":\"DYNAMIC\",\"uriSpec\":{\"parts\":[{\"value\":\"scheme\","
    "\"variable\":true},{\"value\":\"://\",\"variable\":false},{\"value\":\"address\",\"variable\":true}]},"
    "\"enabled\":true}";

static zr_service *
parsed(const char *text)
{
    zr_service *s = NULL;
    assert_ok(zr_service_parse(text, strlen(text), &s));
    return s;
}

static void
test_what_curator_wrote_is_written_again_to_the_byte(void **state)
{
    char buf[1024];
    size_t len;
    (void)state;
    zr_service *s = parsed(curator_text);
    assert_string_equal(s->it.name, "books");
    assert_string_equal(s->it.id, "a1bc97ba-9926-41be-92a4-2fe6b02597b4");
    assert_string_equal(s->it.address, "localhost");
    assert_int_equal(s->it.port, 8070);
    assert_int_equal(s->it.ssl_port, 0);
    assert_string_equal(s->it.payload, "{\"@class\":\"org.example.Details\",\"leader\":true,\"weight\":1.0}");
    assert_true(s->it.registration_time_ms == INT64_C(1480963577325));
    assert_int_equal(s->it.type, ZOBO_SERVICE_DYNAMIC);
    assert_non_null(s->it.uri_spec);
    assert_false(s->it.disabled);
    assert_ok(zobo_service_format(&s->it, buf, sizeof buf, &len));
    assert_string_equal(buf, curator_text);
    assert_int_equal(len, sizeof curator_text - 1);
    memset(buf, 'x', sizeof buf);
    assert_ok(zobo_service_format(&s->it, buf, 10, &len));
    assert_string_equal(buf, "{\"name\":\"");
    assert_int_equal(len, sizeof curator_text - 1);
    zr_service_unref(s);
}

static void
test_a_bare_instance(void **state)
{
    char buf[512];
    zobo_service s = {.name = "n", .id = "i", .type = ZOBO_SERVICE_PERMANENT, .disabled = true, .ssl_port = 443};
    (void)state;
    assert_ok(zobo_service_format(&s, buf, sizeof buf, NULL));
    assert_string_equal(buf,
                        "{\"name\":\"n\",\"id\":\"i\",\"address\":null,\"port\":null,\"sslPort\":443,\"payload\":null,"
                        "\"registrationTimeUTC\":0,\"serviceType\":\"PERMANENT\",\"uriSpec\":null,\"enabled\":false}");
    zr_service *back = parsed(buf);
    assert_null(back->it.address);
    assert_null(back->it.payload);
    assert_null(back->it.uri_spec);
    assert_int_equal(back->it.type, ZOBO_SERVICE_PERMANENT);
    assert_true(back->it.disabled);
    zr_service_unref(back);
}

static void
test_unknown_and_missing_fields(void **state)
{
    (void)state;
    zr_service *s = parsed(
        "{\"id\":\"i\",\"name\":\"n\",\"new\":{\"id\":7},\"serviceType\":\"ODD\",\"port\":\"80\",\"sslPort\":70000,"
        "\"payload\":123456789012345678901234567890}");
    assert_false(s->it.disabled);
    assert_int_equal(s->it.type, ZOBO_SERVICE_DYNAMIC);
    assert_int_equal(s->it.port, 0);
    assert_int_equal(s->it.ssl_port, 0);
    assert_string_equal(s->it.payload, "123456789012345678901234567890");
    zr_service_unref(s);
}

static void
test_what_is_no_instance(void **state)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "{\"name\":\"n\"}",
                                      "{\"name\":\"n\",\"id\":7}",
                                      "{\"name\":\"n\",\"id\":\"\"}",
                                      "{\"name\":\"n\",\"id\":\"i\"",
                                      "{\"name\":\"\xff\",\"id\":\"i\"}"};
    zr_service *s;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (zr_service_parse(bad[i], strlen(bad[i]), &s) != ZOBO_EBADDATA)
            fail_msg("%s passes for an instance", bad[i]);
    }
    assert_err(zr_service_parse(NULL, 0, &s), ZOBO_EBADDATA);
    zb_mem_fail_after(0, 1);
    zobo_err err = zr_service_parse(curator_text, sizeof curator_text - 1, &s);
    zb_mem_fail_after(-1, 0);
    assert_err(err, ZOBO_ENOMEM);
}

static void
test_what_cannot_be_written(void **state)
{
    const zobo_service bad[] = {
        {.id = "i"},
        {.name = "", .id = "i"},
        {.name = "n"},
        {.name = "n\xff", .id = "i"},
        {.name = "n", .id = "i", .address = "\xc3"},
        {.name = "n", .id = "i", .port = -1},
        {.name = "n", .id = "i", .ssl_port = 65536},
        {.name = "n", .id = "i", .payload = "{"},
        {.name = "n", .id = "i", .payload = ""},
        {.name = "n", .id = "i", .payload = "1,\"x\":2"},
        {.name = "n", .id = "i", .uri_spec = "nul"},
        {.name = "n", .id = "i", .type = (zobo_service_type)9},
    };
    char buf[64];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (zobo_service_format(&bad[i], buf, sizeof buf, NULL) != ZOBO_EINVAL)
            fail_msg("bad[%zu] was written: %s", i, buf);
    }
    assert_err(zobo_service_format(&(zobo_service){.size = 3}, buf, sizeof buf, NULL), ZOBO_EBADOPTION);
    assert_err(zobo_service_format(NULL, buf, sizeof buf, NULL), ZOBO_EINVAL);
    zb_mem_fail_after(0, 1);
    zobo_err err = zobo_service_format(&(zobo_service){.name = "n", .id = "i"}, buf, sizeof buf, NULL);
    zb_mem_fail_after(-1, 0);
    assert_err(err, ZOBO_ENOMEM);
}

static void
test_lists_are_sorted_and_shared(void **state)
{
    static const char *const texts[] = {"{\"name\":\"n\",\"id\":\"b\"}", "nothing",
                                        "{\"name\":\"n\",\"id\":\"a\",\"port\":1}"};
    zobo_service_list *list, *one;
    (void)state;
    assert_ok(zobo_service_list_parse(texts, 3, &list));
    assert_int_equal(list->n, 2);
    assert_int_equal(list->unreadable, 1);
    assert_string_equal(list->items[0].id, "a");
    assert_string_equal(list->items[1].id, "b");
    one = zr_service_list_pick(list, 0);
    zr_service_list_ref(list);
    zobo_service_list_free(list);
    assert_string_equal(list->items[1].id, "b");
    zobo_service_list_free(list);
    assert_int_equal(one->n, 1);
    assert_int_equal(one->items[0].port, 1);
    zobo_service_list_free(one);
    assert_ok(zobo_service_list_parse(NULL, 0, &list));
    assert_int_equal(list->n, 0);
    zobo_service_list_free(list);
    assert_err(zobo_service_list_parse(NULL, 1, &list), ZOBO_EINVAL);
    zobo_service_list_free(NULL);
}

static void
test_lists_without_memory(void **state)
{
    static const char *const texts[] = {"{\"name\":\"n\",\"id\":\"b\"}", "{\"name\":\"n\",\"id\":\"a\"}"};
    zobo_service_list *list;
    int failed = 0;
    (void)state;
    for (long n = 0;; n++) {
        zb_mem_fail_after(n, 0);
        zobo_err err = zobo_service_list_parse(texts, 2, &list);
        zb_mem_fail_after(-1, 0);
        if (!err)
            break;
        assert_err(err, ZOBO_ENOMEM);
        assert_null(list);
        failed++;
    }
    assert_true(failed >= 4);
    zobo_service_list_free(list);
}

static void
test_uuid(void **state)
{
    char out[ZR_UUID_DASHED];
    (void)state;
    zr_uuid_dashed("a1bc97ba992641be92a42fe6b02597b4", out);
    assert_string_equal(out, "a1bc97ba-9926-41be-92a4-2fe6b02597b4");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_curator_wrote_is_written_again_to_the_byte),
        cmocka_unit_test(test_a_bare_instance),
        cmocka_unit_test(test_unknown_and_missing_fields),
        cmocka_unit_test(test_what_is_no_instance),
        cmocka_unit_test(test_what_cannot_be_written),
        cmocka_unit_test(test_lists_are_sorted_and_shared),
        cmocka_unit_test(test_lists_without_memory),
        cmocka_unit_test(test_uuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
