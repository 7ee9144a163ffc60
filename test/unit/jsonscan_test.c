/*
 * jsonscan_test.c - unit tests of lib/jsonscan.c. Every text is read from a
 * copy of exactly its length, so that a tool sees a byte read behind it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/jsonscan.h"

enum {
	DEPTH = 8
};

static char *
copy_of(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

static bool
takes_bytes(const char *text, size_t len, struct err *err)
{
	char *copy = copy_of(text, len);
	bool ok;

	*err = (struct err)ERR_INIT;
	ok = jsonscan_check(copy, len, DEPTH, err);
	free(copy);
	assert_int_equal(err->kind, ok ? ERR_NONE : ERR_INPUT);
	return ok;
}

static bool
takes(const char *text)
{
	struct err err;

	return takes_bytes(text, strlen(text), &err);
}

/* The text is refused with just that sentence. */
static void
assert_refused(const char *text, const char *why)
{
	struct err err;

	if (takes_bytes(text, strlen(text), &err))
		fail_msg("taken: %s", text);
	assert_string_equal(err.text, why);
}

static const char *const good[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "10",
    "-1.5e+10",
    "1E-2",
    "0.00",
    "1e400",
    "12345678901234567890123456789",
    "\"\"",
    "\"plain text that is longer than one word of the machine\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\uD83d\\uDe00\"",
    "\"\x7f\"",
    "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"",
    "\"\xef\xbb\xbf\"",
    "[]",
    "{}",
    " [ ] ",
    "\t{\r}\n",
    "[1,2 , 3]",
    "{\"a\":1 , \"b\" : [ ] }",
    "[[[[[[[[]]]]]]]]",
    "{\"\":0}",
    "{\"a\":{\"a\":{\"a\":[{\"a\":1},{\"a\":1}]}},\"b\":0}",
    "{\"a\":1,\"A\":2,\"a \":3,\"\\u00e1\":4}",
};

static void
json_is_taken(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!takes(good[i]))
			fail_msg("refused: %s", good[i]);
}

/* What is left of a text is not one, unless it is a number or white space
 * was cut off. */
static void
every_cut_is_refused(void **state)
{
	struct err err;
	size_t i, len, cut;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		len = strlen(good[i]);
		for (cut = 0; cut < len; cut++)
			if (takes_bytes(good[i], cut, &err) &&
			    strchr("-0123456789", good[i][0]) == NULL &&
			    strspn(good[i] + cut, " \n") != len - cut)
				fail_msg("taken: %.*s", (int)cut, good[i]);
	}
}

static void
numbers_follow_the_grammar(void **state)
{
	static const char *const bad[] = {"+1", ".5", "1.", "1.e1", "1e", "1e+",
	    "-", "-.5", "0x10", "1_0", "NaN", "Infinity", "-Infinity", "1.5.2",
	    "1e1.5", "--1", "1-1", "\xd9\xa1"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (takes(bad[i]))
			fail_msg("taken: %s", bad[i]);
	assert_refused("007", "byte 0: a number may not start with 0");
	assert_refused("[-01]", "byte 2: a number may not start with 0");
	assert_refused("[1.]", "byte 3: a digit is missing");
}

static void
words_are_exact(void **state)
{
	static const char *const bad[] = {"True", "NULL", "nul", "truefalse",
	    "truex", "undefined", "'a'", "a", "nullnull", "fals\xc3\xa9"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (takes(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void
structure_is_exact(void **state)
{
	static const char *const bad[] = {"[1,]", "[,1]", "[1 2]", "[,]", "[1",
	    "]", "[}", "{]", "{,}", "{\"a\":1,}", "{\"a\"}", "{\"a\":}",
	    "{\"a\" 1}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}", "{\"a\":1]",
	    "[1}", "{\"a\",\"b\"}", "{\"a\"::1}", "[1,,2]", "[/*c*/1]",
	    "[1]//c", "{null:1}", "\f[]", "[\v1]", "\xc2\xa0[]", "{\"a\":1",
	    "{\"a\":1,", "{\"a\"", "{\"a\":", "{", "["};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (takes(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void
errors_name_the_byte_and_the_reason(void **state)
{
	(void)state;
	assert_refused("", "byte 0: a value is missing");
	assert_refused(" \n", "byte 2: a value is missing");
	assert_refused("[1,]", "byte 3: a value is missing");
	assert_refused("[1", "byte 2: a comma or the end of an array is "
			     "missing");
	assert_refused("{\"a\":1 2}",
	    "byte 7: a comma or the end of an object is missing");
	assert_refused("{a}", "byte 1: the name of a member is missing");
	assert_refused("{\"a\" 1}", "byte 5: a colon is missing");
	assert_refused("[\"abc", "byte 5: the text ends within a string");
	assert_refused("{} x", "byte 3: something follows the end");
	assert_refused("[\"a\\x\"]", "byte 3: an escape that JSON does not "
				     "have");
	assert_refused(
	    "\xef\xbb\xbf{}", "byte 0: a byte order mark may not be sent");
}

static void
nothing_may_follow_but_white_space(void **state)
{
	struct err err;

	(void)state;
	assert_true(takes("{} \t\r\n"));
	assert_false(takes("{}{}"));
	assert_false(takes("1 2"));
	assert_false(takes("\"a\"b"));
	assert_false(takes_bytes("{}\0", 3, &err));
	assert_string_equal(err.text, "byte 2: something follows the end");
}

static void
a_raw_control_character_is_refused_wherever_it_stands(void **state)
{
	char text[40];
	struct err err;
	int at, c;

	(void)state;
	for (at = 1; at < 35; at++)
		for (c = 0; c < 0x20; c++) {
			memset(text, 'x', sizeof text);
			text[0] = text[36] = '"';
			text[at] = (char)c;
			assert_false(takes_bytes(text, 37, &err));
			assert_non_null(strstr(err.text, "must be escaped"));
		}
}

static void
every_byte_is_seen_at_every_place_of_a_string(void **state)
{
	char text[40];
	struct err err;
	int at, c;

	(void)state;
	for (at = 1; at < 35; at++)
		for (c = 0x20; c < 256; c++) {
			memset(text, 'x', sizeof text);
			text[0] = text[36] = '"';
			text[at] = (char)c;
			assert_int_equal(takes_bytes(text, 37, &err),
			    c < 0x80 && c != '"' && c != '\\');
		}
}

static void
utf8_is_taken_from_its_first_to_its_last_character(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
	    {"\x7f", 1},
	    {"\x80", 0},
	    {"\xbf", 0},
	    {"\xc0\x80", 0},
	    {"\xc1\xbf", 0},
	    {"\xc2\x7f", 0},
	    {"\xc2\x80", 2},
	    {"\xdf\xbf", 2},
	    {"\xdf\xc0", 0},
	    {"\xe0\x9f\xbf", 0},
	    {"\xe0\xa0\x80", 3},
	    {"\xe1\x80", 0},
	    {"\xe1\x80\x7f", 0},
	    {"\xe1\x80\xc0", 0},
	    {"\xed\x9f\xbf", 3},
	    {"\xed\xa0\x80", 0},
	    {"\xed\xbf\xbf", 0},
	    {"\xee\x80\x80", 3},
	    {"\xef\xbf\xbf", 3},
	    {"\xf0\x8f\xbf\xbf", 0},
	    {"\xf0\x90\x80\x80", 4},
	    {"\xf1\x80\x80", 0},
	    {"\xf1\x80\x80\x7f", 0},
	    {"\xf1\x80\x80\xc0", 0},
	    {"\xf4\x8f\xbf\xbf", 4},
	    {"\xf4\x90\x80\x80", 0},
	    {"\xf5\x80\x80\x80", 0},
	    {"\xff", 0},
	};
	char text[16], *copy;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		len = strlen(cases[i].text);
		copy = copy_of(cases[i].text, len);
		assert_int_equal(jsonscan_utf8(copy, copy + len), cases[i].len);
		free(copy);
		snprintf(text, sizeof text, "\"%s\"", cases[i].text);
		assert_int_equal(takes(text), cases[i].len != 0);
	}
}

static void
latin_1_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_refused("{\"a\":\"caf\xe9\"}", "byte 9: not UTF-8");
	assert_refused("[\xe9]", "byte 1: a value is missing");
}

static void
half_a_surrogate_pair_is_refused(void **state)
{
	static const char *const bad[] = {"\"\\ud800\"", "\"\\udc00\"",
	    "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\ud800\"",
	    "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"", "\"\\uDFFF\"",
	    "\"\\udbff\\ue000\"", "\"\\ud800\\udc0\""};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_refused(bad[i], "byte 1: half of a surrogate pair");
	assert_refused("\"\\u12g4\"", "byte 1: \\u needs four hexadecimal "
				      "digits");
}

static void
depth_is_limited(void **state)
{
	(void)state;
	assert_true(takes("[[[[[[[[0]]]]]]]]"));
	assert_refused("[[[[[[[[[]]]]]]]]]", "byte 8: too many levels");
	assert_refused("[[[[[[[[{}]]]]]]]]", "byte 8: too many levels");
	assert_true(takes("[[[[[[[[]]]]]]],[[[[[[[]]]]]]]]"));
}

static void
the_same_name_twice_is_refused(void **state)
{
	(void)state;
	assert_refused(
	    "{\"a\":1,\"a\":1}", "byte 7: the same name twice in one object");
	assert_false(takes("{\"a\":1,\"b\":{\"a\":1},\"a\":1}"));
	assert_false(takes("{\"a\":1,\"b\":2,\"c\":[],\"b\":2}"));
	assert_false(takes("{\"\":1,\"\":1}"));
	assert_false(takes("[{\"x\":{\"a\":1,\"a\":1}}]"));
	assert_true(takes("[{\"a\":1},{\"a\":1}]"));
	assert_true(takes("{\"a\":{\"a\":{\"a\":1}}}"));
	assert_true(takes("{\"b\":{\"a\":1},\"a\":1}"));
}

static void
names_are_compared_once_escapes_are_resolved(void **state)
{
	(void)state;
	assert_false(takes("{\"ab\":1,\"\\u0061b\":1}"));
	assert_false(takes("{\"\\u0061b\":1,\"ab\":1}"));
	assert_false(takes("{\"\\u0061b\":1,\"a\\u0062\":1}"));
	assert_false(takes("{\"\xc3\xa9\":1,\"\\u00E9\":1}"));
	assert_false(takes("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":1}"));
	assert_false(takes("{\"a/b\":1,\"a\\/b\":1}"));
	assert_false(takes("{\"\\u0000\":1,\"\\u0000\":1}"));
	assert_true(takes("{\"a\\u0000b\":1,\"a\\u0000c\":1,\"a\":1}"));
	assert_true(takes("{\"\\u0061\":{\"\\u0061\":{\"\\u0062\":1}},"
			  "\"\\u0062\":1}"));
	assert_true(takes("{\"\xc3\xa9\":1,\"e\xcc\x81\":1}"));
}

/* An object with count members of different names, and then one more. */
static bool
takes_many(int count, const char *last)
{
	struct buf text = BUF_INIT;
	struct err err;
	bool ok;
	int i;

	buf_char(&text, '{');
	for (i = 0; i < count; i++)
		buf_printf(&text, "\"%x\":[{\"%x\":1}],", i, i);
	buf_printf(&text, "%s}", last);
	ok = takes_bytes(text.data, text.len, &err);
	buf_fini(&text);
	return ok;
}

static void
big_objects_are_searched_too(void **state)
{
	char last[32];
	int i;

	(void)state;
	assert_true(takes_many(999, "\"last\":1"));
	for (i = 0; i < 999; i++) {
		snprintf(last, sizeof last, "\"%x\":1", i);
		assert_false(takes_many(999, last));
	}
}

static void
members_are_limited(void **state)
{
	(void)state;
	assert_true(takes_many(JSONSCAN_MAX_MEMBERS - 1, "\"last\":1"));
	assert_false(takes_many(JSONSCAN_MAX_MEMBERS, "\"last\":1"));
}

/* As many levels and as many names on each as there can be. */
static void
names_of_all_levels_are_kept(void **state)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int depth, i;

	(void)state;
	for (depth = 0; depth < JSONSCAN_MAX_DEPTH; depth++) {
		buf_char(&text, '{');
		for (i = 1; i < JSONSCAN_MAX_MEMBERS; i++)
			buf_printf(&text, "\"n%d\":0,", i);
		buf_str(&text, "\"in\":");
	}
	buf_char(&text, '0');
	for (depth = 0; depth < JSONSCAN_MAX_DEPTH - 1; depth++)
		buf_char(&text, '}');
	buf_str(&text, "}");
	assert_true(
	    jsonscan_check(text.data, text.len, JSONSCAN_MAX_DEPTH, &err));
	text.len -= 1;
	buf_str(&text, ",\"n1000\":0}");
	assert_false(
	    jsonscan_check(text.data, text.len, JSONSCAN_MAX_DEPTH, &err));
	assert_non_null(strstr(err.text, "too many members"));
	buf_fini(&text);
}

static void
values_are_slices_of_the_input(void **state)
{
	static const char text[] = "[12,-3.5e2,\"a\\tb\",\"cd\",true,null]";
	struct jsonscan s;
	struct jsonscan_value v;

	(void)state;
	jsonscan_open(&s, text, sizeof text - 1, DEPTH);
	assert_true(jsonscan_value(&s, &v));
	assert_int_equal(v.type, JSONSCAN_ARRAY);
	assert_ptr_equal(v.text, text);
	assert_true(jsonscan_element(&s) && jsonscan_value(&s, &v));
	assert_int_equal(v.type, JSONSCAN_NUMBER);
	assert_true(v.digits);
	assert_ptr_equal(v.text, text + 1);
	assert_int_equal(v.len, 2);
	assert_true(jsonscan_element(&s) && jsonscan_value(&s, &v));
	assert_false(v.digits);
	assert_memory_equal(v.text, "-3.5e2", v.len);
	assert_true(jsonscan_element(&s) && jsonscan_value(&s, &v));
	assert_int_equal(v.type, JSONSCAN_STRING);
	assert_true(v.escaped);
	assert_int_equal(v.len, 4);
	assert_true(jsonscan_element(&s) && jsonscan_value(&s, &v));
	assert_false(v.escaped);
	assert_memory_equal(v.text, "cd\"", v.len + 1);
	assert_true(jsonscan_element(&s) && jsonscan_value(&s, &v));
	assert_int_equal(v.type, JSONSCAN_TRUE);
	assert_true(jsonscan_element(&s) && jsonscan_value(&s, &v));
	assert_int_equal(v.type, JSONSCAN_NULL);
	assert_false(jsonscan_element(&s));
	assert_false(jsonscan_failed(&s));
	assert_true(jsonscan_end(&s));
	assert_ptr_equal(s.pos, text + sizeof text - 1);
	jsonscan_close(&s);
}

static void
a_value_is_skipped_to_its_end(void **state)
{
	static const char text[] =
	    "{\"a\":{\"x\":[1,{\"y\":[]},[[]]],\"z\":{}},\"b\":[{}],\"c\":7}";
	struct jsonscan s;
	struct jsonscan_value v;
	struct jsonscan_name name;
	char names[4] = "";

	(void)state;
	jsonscan_open(&s, text, sizeof text - 1, DEPTH);
	assert_true(jsonscan_value(&s, &v));
	while (jsonscan_member(&s, &name)) {
		strncat(names, name.text, name.len);
		assert_true(jsonscan_value(&s, &v));
		assert_true(jsonscan_skip(&s, &v));
	}
	assert_true(jsonscan_end(&s));
	assert_string_equal(names, "abc");
	jsonscan_close(&s);
}

static void
names_come_with_escapes_resolved(void **state)
{
	static const char text[] = "{\"\\u0061\\\"b\":{\"\\u0063\":1},\"d\":2}";
	struct jsonscan s;
	struct jsonscan_value v;
	struct jsonscan_name name;

	(void)state;
	jsonscan_open(&s, text, sizeof text - 1, DEPTH);
	assert_true(jsonscan_value(&s, &v));
	assert_true(jsonscan_member(&s, &name));
	assert_int_equal(name.len, 3);
	assert_memory_equal(name.text, "a\"b", 3);
	assert_true(jsonscan_value(&s, &v));
	assert_true(jsonscan_member(&s, &name));
	assert_int_equal(name.len, 1);
	assert_memory_equal(name.text, "c", 1);
	assert_true(jsonscan_value(&s, &v));
	assert_false(jsonscan_member(&s, &name));
	assert_true(jsonscan_member(&s, &name));
	assert_memory_equal(name.text, "d", 1);
	jsonscan_close(&s);
}

static void
escapes_are_resolved(void **state)
{
	static const char text[] =
	    "\"x\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC"
	    "\\ud83d\\ude00\\uDBFF\\uDFFF\\u007f\\u0080\\u07ff\\u0800y\"";
	struct buf out = BUF_INIT;
	struct jsonscan s;
	struct jsonscan_value v;

	(void)state;
	buf_str(&out, ">");
	jsonscan_open(&s, text, sizeof text - 1, DEPTH);
	assert_true(jsonscan_value(&s, &v));
	jsonscan_unescape(&v, &out);
	assert_string_equal(buf_text(&out),
	    ">x\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
	    "\xf4\x8f\xbf\xbf\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80y");
	assert_int_equal(out.len, strlen(out.data));
	assert_false(s.nul_seen);
	jsonscan_close(&s);
	buf_fini(&out);
}

static void
an_escaped_nul_is_noticed(void **state)
{
	static const char *const texts[] = {
	    "\"a\\u0000\"", "{\"\\u0000\":1}", "[[\"\\ud83d\\ude00\\u0000\"]]"};
	struct jsonscan s;
	struct jsonscan_value v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		jsonscan_open(&s, texts[i], strlen(texts[i]), DEPTH);
		assert_true(jsonscan_value(&s, &v) && jsonscan_skip(&s, &v));
		assert_true(s.nul_seen);
		jsonscan_close(&s);
	}
}

static void
an_error_sticks(void **state)
{
	static const char text[] = "{\"a\":[1,x],\"b\":2}";
	struct jsonscan s;
	struct jsonscan_value v;
	struct jsonscan_name name;
	struct err err = ERR_INIT;

	(void)state;
	jsonscan_open(&s, text, sizeof text - 1, DEPTH);
	assert_true(jsonscan_value(&s, &v));
	assert_true(jsonscan_member(&s, &name));
	assert_true(jsonscan_value(&s, &v));
	assert_false(jsonscan_skip(&s, &v));
	assert_true(jsonscan_failed(&s));
	assert_false(jsonscan_element(&s));
	assert_false(jsonscan_member(&s, &name));
	assert_false(jsonscan_value(&s, &v));
	assert_int_equal(v.type, JSONSCAN_NULL);
	assert_false(jsonscan_skip(&s, &v));
	assert_false(jsonscan_end(&s));
	assert_false(jsonscan_error(&s, &err));
	assert_string_equal(err.text, "byte 8: a value is missing");
	jsonscan_close(&s);
}

static void
an_empty_text_may_be_a_null_pointer(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_false(jsonscan_check(NULL, 0, DEPTH, &err));
	assert_string_equal(err.text, "byte 0: a value is missing");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_is_taken),
	    cmocka_unit_test(every_cut_is_refused),
	    cmocka_unit_test(numbers_follow_the_grammar),
	    cmocka_unit_test(words_are_exact),
	    cmocka_unit_test(structure_is_exact),
	    cmocka_unit_test(errors_name_the_byte_and_the_reason),
	    cmocka_unit_test(nothing_may_follow_but_white_space),
	    cmocka_unit_test(
		a_raw_control_character_is_refused_wherever_it_stands),
	    cmocka_unit_test(every_byte_is_seen_at_every_place_of_a_string),
	    cmocka_unit_test(
		utf8_is_taken_from_its_first_to_its_last_character),
	    cmocka_unit_test(latin_1_is_refused_with_its_place),
	    cmocka_unit_test(half_a_surrogate_pair_is_refused),
	    cmocka_unit_test(depth_is_limited),
	    cmocka_unit_test(the_same_name_twice_is_refused),
	    cmocka_unit_test(names_are_compared_once_escapes_are_resolved),
	    cmocka_unit_test(big_objects_are_searched_too),
	    cmocka_unit_test(members_are_limited),
	    cmocka_unit_test(names_of_all_levels_are_kept),
	    cmocka_unit_test(values_are_slices_of_the_input),
	    cmocka_unit_test(a_value_is_skipped_to_its_end),
	    cmocka_unit_test(names_come_with_escapes_resolved),
	    cmocka_unit_test(escapes_are_resolved),
	    cmocka_unit_test(an_escaped_nul_is_noticed),
	    cmocka_unit_test(an_error_sticks),
	    cmocka_unit_test(an_empty_text_may_be_a_null_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
