/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "support/test.h"

#include "frame/split.h"

static char *words[64], room[256];
static struct split got;

static const char *
joined(const char *text)
{
    static char out[256];
    split_command(text, strlen(text), words, room, &got);
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < got.n; i++)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s", i > 0 ? "|" : "", words[i]);
    return out;
}

static void
words_and_quotes(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {{"", ""},
                 {"  \t ", ""},
                 {"get /a", "get|/a"},
                 {"  get   /a  ", "get|/a"},
                 {"set /a 'b c'", "set|/a|b c"},
                 {"set /a '{\"x\": \"it\\s\"}'", "set|/a|{\"x\": \"it\\s\"}"},
                 {"set /a \"it's\"", "set|/a|it's"},
                 {"set /a \"\\\"\\\\\\$\\`\\n\"", "set|/a|\"\\$`\\n"},
                 {"a\\ b\\'c\\\\", "a b'c\\"},
                 {"a'b'\"c\"d", "abcd"},
                 {"'' \"\"", "|"},
                 {"a \\\n b", "a|b"},
                 {"a\\\nb", "ab"},
                 {"\"a\\\nb\"", "ab"},
                 {"'a\nb'", "a\nb"},
                 {"a#b #c", "a#b"},
                 {"# get /a", ""},
                 {"'#' \\#", "#|#"},
                 {"$HOME * ~ > | &", "$HOME|*|~|>|||&"},
                 {"a\r\n", "a"},
                 {"\xc3\xbc '\xc3\xbc'", "\xc3\xbc|\xc3\xbc"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(joined(cases[i].text), cases[i].words);
        assert_int_equal(got.open, OPEN_NOTHING);
    }
}

static void
commands_end_at_semicolon_and_newline(void **state)
{
    static const char text[] = "get /a;set /a ';' ; \n\nls # a; b\nrm";
    static const char *const expected[] = {"get|/a", "set|/a|;", "", "", "ls", "rm"};
    (void)state;
    size_t at = 0;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(joined(text + at), expected[i]);
        at += got.next;
    }
    assert_int_equal(at, sizeof text - 1);
}

static void
unfinished_text_tells_where(void **state)
{
    (void)state;
    assert_string_equal(joined("set /a 'b c"), "set|/a|b c");
    assert_int_equal(got.open, OPEN_SINGLE);
    assert_int_equal(got.opened, 7);
    assert_string_equal(joined("set \"/a\\\" b"), "set|/a\" b");
    assert_int_equal(got.open, OPEN_DOUBLE);
    assert_int_equal(got.opened, 4);
    assert_string_equal(joined("set \"/a\\"), "set|/a");
    assert_int_equal(got.open, OPEN_DOUBLE);
    assert_string_equal(joined("get /a\\"), "get|/a");
    assert_int_equal(got.open, OPEN_BACKSLASH);
    assert_int_equal(got.opened, 6);
    assert_string_equal(joined("get \\"), "get|");
    assert_int_equal(got.open, OPEN_BACKSLASH);
    size_t line, column;
    split_line_column("a\n\xc3\xbc\xc3\xbc'", 6, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 3);
}

static void
where_a_text_ends(void **state)
{
    (void)state;
    joined("get /a");
    assert_true(got.in_word);
    assert_int_equal(got.word_at, 4);
    joined("get /a ");
    assert_false(got.in_word);
    joined("get ''");
    assert_true(got.in_word);
    joined("get '");
    assert_true(got.in_word);
    joined("get # x");
    assert_true(got.in_comment);
    joined("get # x\n");
    assert_false(got.in_comment);
}

static void
quoted_words_are_read_again(void **state)
{
    static const struct {
        const char *word, *quoted;
    } cases[] = {
        {"/a/b-c_d.e:1", "/a/b-c_d.e:1"}, {"", "''"},       {"a b", "'a b'"},  {"it's", "'it'\\''s'"}, {"#a", "'#a'"},
        {"\xc3\xbc", "\xc3\xbc"},         {"a;b", "'a;b'"}, {"a\nb", "'a\nb'"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char quoted[64];
        split_quote(cases[i].word, quoted);
        assert_string_equal(quoted, cases[i].quoted);
        assert_string_equal(joined(quoted), cases[i].word);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_quotes), cmocka_unit_test(commands_end_at_semicolon_and_newline),
        cmocka_unit_test(unfinished_text_tells_where), cmocka_unit_test(where_a_text_ends),
        cmocka_unit_test(quoted_words_are_read_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
