/*
 * toml_test.c - what the subset takes, and that it refuses the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/toml.h"

static void
take(const char *text, struct toml *toml)
{
	struct err err = ERR_INIT;

	if (!toml_parse("f", text, strlen(text), toml, &err))
		fail_msg("%s", err.text);
}

static void
refuse_bytes(const char *text, size_t len, const char *sentence)
{
	struct toml toml;
	struct err err = ERR_INIT;

	if (toml_parse("f", text, len, &toml, &err))
		fail_msg("taken: %s", text);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, sentence);
	assert_null(toml.tables);
}

static void
refuse(const char *text, const char *sentence)
{
	refuse_bytes(text, strlen(text), sentence);
}

static const char *
string_of(const struct toml *toml, const char *table, const char *key)
{
	const struct toml_value *value = toml_get(toml_find(toml, table), key);

	assert_non_null(value);
	assert_int_equal(value->type, TOML_STRING);
	return value->string;
}

static void
an_empty_file_has_an_empty_top_table(void **state)
{
	struct toml toml;

	(void)state;
	take("", &toml);
	assert_int_equal(toml.count, 1);
	assert_int_equal(toml_find(&toml, "")->count, 0);
	toml_fini(&toml);
	take("\n# only a comment\r\n  \t", &toml);
	assert_int_equal(toml.count, 1);
	toml_fini(&toml);
}

static void
values_keep_their_type_and_line(void **state)
{
	struct toml toml;
	const struct toml_value *value;

	(void)state;
	take("# first\nname = \"a\" # why\r\n\n  n=-1_000\nyes = "
	     "true\nno\t=\tfalse",
	    &toml);
	assert_string_equal(string_of(&toml, "", "name"), "a");
	value = toml_get(toml.tables, "n");
	assert_int_equal(value->type, TOML_INT);
	assert_int_equal(value->integer, -1000);
	assert_int_equal(value->line, 4);
	value = toml_get(toml.tables, "yes");
	assert_int_equal(value->type, TOML_BOOL);
	assert_true(value->boolean);
	value = toml_get(toml.tables, "no");
	assert_false(value->boolean);
	assert_int_equal(value->line, 6);
	assert_null(toml_get(toml.tables, "nam"));
	toml_fini(&toml);
}

static void
strings_know_escapes_and_literals(void **state)
{
	struct toml toml;

	(void)state;
	take("a = \"\\b\\t\\n\\f\\r\\\"\\\\\"\n"
	     "b = '\\n\"'\n"
	     "c = \"\\u00e9\\U0001F600\\u20ac\xc3\xa9\"\n"
	     "d = \"\"\n"
	     "e = ''\n"
	     "f = \"# no, 'comment' ] =\"\n",
	    &toml);
	assert_string_equal(string_of(&toml, "", "a"), "\b\t\n\f\r\"\\");
	assert_string_equal(string_of(&toml, "", "b"), "\\n\"");
	assert_string_equal(string_of(&toml, "", "c"),
	    "\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9");
	assert_string_equal(string_of(&toml, "", "d"), "");
	assert_string_equal(string_of(&toml, "", "e"), "");
	assert_string_equal(string_of(&toml, "", "f"), "# no, 'comment' ] =");
	toml_fini(&toml);
}

static void
integers_reach_64_bits_and_no_further(void **state)
{
	struct toml toml;

	(void)state;
	take(
	    "a = 9223372036854775807\nb = -9223372036854775808\nc = +0", &toml);
	assert_true(toml_get(toml.tables, "a")->integer == INT64_MAX);
	assert_true(toml_get(toml.tables, "b")->integer == INT64_MIN);
	assert_int_equal(toml_get(toml.tables, "c")->integer, 0);
	toml_fini(&toml);
	refuse("a = 9223372036854775808",
	    "f:1: the number is larger than 64 bits");
	refuse("a = 1000000000000000000000000000000000000000",
	    "f:1: the number is larger than 64 bits");
}

static void
arrays_may_span_lines(void **state)
{
	struct toml toml;
	const struct toml_value *value;

	(void)state;
	take("a = [ # one\n \"x\", 'y'\n ,3, true,\n]\nb=[]\nc = "
	     "[1,2,3,4,5,6,7]",
	    &toml);
	value = toml_get(toml.tables, "a");
	assert_int_equal(value->type, TOML_ARRAY);
	assert_int_equal(value->count, 4);
	assert_string_equal(value->items[0].string, "x");
	assert_string_equal(value->items[1].string, "y");
	assert_int_equal(value->items[2].integer, 3);
	assert_int_equal(value->items[2].line, 3);
	assert_true(value->items[3].boolean);
	assert_int_equal(toml_get(toml.tables, "b")->count, 0);
	assert_int_equal(toml_get(toml.tables, "b")->line, 5);
	assert_int_equal(toml_get(toml.tables, "c")->items[6].integer, 7);
	toml_fini(&toml);
	refuse("a = [1 2]", "f:1: a comma or ] is missing");
	refuse("a = [1,\n", "f:2: the array has no closing ]");
	refuse("a = [,]", "f:1: a value is missing");
	refuse("a = [[1]]", "f:1: arrays inside arrays are not supported here");
}

static void
tables_stand_in_the_order_of_the_file(void **state)
{
	struct toml toml;

	(void)state;
	take("x = 1\n[limits]\nx = 2\n[[report]]\nname = \"w\"\n[[ report ]] "
	     "# two\nname = \"m\"\n[last]",
	    &toml);
	assert_int_equal(toml.count, 5);
	assert_int_equal(toml_get(toml_find(&toml, "limits"), "x")->integer, 2);
	assert_false(toml.tables[1].element);
	assert_true(toml.tables[2].element);
	assert_string_equal(toml.tables[3].name, "report");
	assert_int_equal(toml.tables[3].line, 6);
	assert_string_equal(toml_get(&toml.tables[3], "name")->string, "m");
	assert_string_equal(toml.tables[4].name, "last");
	assert_null(toml_find(&toml, "lim"));
	toml_fini(&toml);
}

static void
names_given_twice_are_refused(void **state)
{
	(void)state;
	refuse("a = 1\nb = 2\na = 3", "f:3: a was set already, in line 1");
	refuse("[t]\n[u]\n[t]", "f:3: the table t is there already, in line 1");
	refuse("[[t]]\n[t]", "f:2: the table t is there already, in line 1");
	refuse("[t]\n[[t]]", "f:2: the table t is there already, in line 1");
	refuse("t = 1\n[t]", "f:2: t is already a value in line 1");
	refuse("t = []\n[[t]]", "f:2: t is already a value in line 1");
}

static void
the_rest_of_toml_is_refused_with_a_sentence(void **state)
{
	static const char *const decimal =
	    " is not a plain decimal integer; put anything else in quotes";
	static const char *const numbers[] = {"1.5", "0x10", "1e3",
	    "1979-05-27", "012", "1__0", "1_", "-", "+", "00", "07:32:00",
	    "--1", "0b1"};
	char text[64], sentence[160];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		snprintf(text, sizeof text, "\na = %s # x", numbers[i]);
		snprintf(sentence, sizeof sentence, "f:2: %s%s", numbers[i],
		    decimal);
		refuse(text, sentence);
	}
	refuse("a.b = 1", "f:1: names with dots are not supported here");
	refuse("[a.b]", "f:1: names with dots are not supported here");
	refuse("\"a\" = 1", "f:1: names in quotes are not supported here");
	refuse("a = {b = 1}", "f:1: inline tables are not supported here");
	refuse("a = \"\"\"x\"\"\"",
	    "f:1: multi-line strings (\"\"\") are not supported here");
	refuse("a = '''x'''",
	    "f:1: multi-line strings (''') are not supported here");
	refuse("a = yes", "f:1: a value is a string in quotes, an integer, "
			  "true, false or an array of these");
}

static void
what_is_no_toml_is_refused(void **state)
{
	(void)state;
	refuse("a", "f:1: = is missing behind a");
	refuse("a =", "f:1: a value is missing");
	refuse("a = # c", "f:1: a value is missing");
	refuse("= 1", "f:1: a name is missing");
	refuse("a = 1 b = 2", "f:1: unexpected text behind the value");
	refuse("[t", "f:1: ] is missing");
	refuse("[[t]", "f:1: ]] is missing");
	refuse("[]", "f:1: the name of the table is missing");
	refuse("[t] x = 1", "f:1: unexpected text behind the table's name");
	refuse("a = \"x", "f:1: the string has no closing \"");
	refuse("a = 'x\n'", "f:1: the string has no closing '");
	refuse("a = \"\\q\"",
	    "f:1: unknown escape: a backslash itself is written twice");
	refuse("a = \"\\", "f:1: unknown escape: a backslash itself is written "
			   "twice");
	refuse("a = \"\\u00g0\"", "f:1: \\u needs 4 hexadecimal digits");
	refuse("a = \"\\u00", "f:1: \\u needs 4 hexadecimal digits");
	refuse("a = \"\\ud800\"", "f:1: d800 is no character");
	refuse("a = \"\\U00110000\"", "f:1: 00110000 is no character");
	refuse("a = \"\\u0000\"", "f:1: 0000 is no character");
	refuse("a = \"\x01\"",
	    "f:1: a string cannot hold a control character as it is; write it "
	    "as \\u0001 in double quotes");
	refuse("# \x07", "f:1: a control character cannot stand here");
	refuse("a = 1\rb = 2", "f:1: unexpected text behind the value");
	refuse("\xef\xbb\xbf"
	       "a = 1",
	    "f:1: a name is missing");
}

static void
bad_utf8_is_refused_with_its_line(void **state)
{
	static const char *const bad[] = {"\x80", "\xc0\x80", "\xc3",
	    "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
	    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xff",
	    "\xc3\x28"};
	char text[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "\n# %s", bad[i]);
		refuse(text, "f:2: this is not valid UTF-8");
	}
	refuse_bytes("a = 1\n\0b", 8, "f:2: a NUL byte cannot stand here");
}

static void
a_written_string_is_read_back(void **state)
{
	static const char *const texts[] = {"", "plain", "a\"b\\c",
	    "\t\n\r\x01\x7f", "\xc3\xa9\xf0\x9f\x98\x80", "# ' [ = ]"};
	struct buf out = BUF_INIT;
	struct toml toml;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_clear(&out);
		buf_str(&out, "a = ");
		toml_write_string(&out, texts[i]);
		take(buf_text(&out), &toml);
		assert_string_equal(string_of(&toml, "", "a"), texts[i]);
		toml_fini(&toml);
	}
	buf_fini(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_file_has_an_empty_top_table),
	    cmocka_unit_test(values_keep_their_type_and_line),
	    cmocka_unit_test(strings_know_escapes_and_literals),
	    cmocka_unit_test(integers_reach_64_bits_and_no_further),
	    cmocka_unit_test(arrays_may_span_lines),
	    cmocka_unit_test(tables_stand_in_the_order_of_the_file),
	    cmocka_unit_test(names_given_twice_are_refused),
	    cmocka_unit_test(the_rest_of_toml_is_refused_with_a_sentence),
	    cmocka_unit_test(what_is_no_toml_is_refused),
	    cmocka_unit_test(bad_utf8_is_refused_with_its_line),
	    cmocka_unit_test(a_written_string_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
