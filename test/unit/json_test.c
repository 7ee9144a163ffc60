/*
 * json_test.c - unit tests of lib/json.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/json.h"
#include "lib/jsonscan.h"

static struct json *
parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json *document = json_parse(text, strlen(text), &err);

	if (document == NULL)
		fail_msg("%s: %s", text, err.text);
	return document;
}

static void
what_is_not_strict_json_is_refused(void **state)
{
	static const char *const bad[] = {"", "{", "[007]", "{\"a\":1,\"a\":2}",
	    "[\"\t\"]", "[\"\xe9\"]", "\xef\xbb\xbf[]", "[] x", "[NaN]",
	    "[\"\\ud800\"]", "[\"a\\u0000b\"]", "{\"a\\u0000\":1}"};
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		err = (struct err)ERR_INIT;
		assert_null(json_parse(bad[i], strlen(bad[i]), &err));
		assert_int_equal(err.kind, ERR_INPUT);
		assert_string_not_equal(err.text, "");
	}
}

static void
members_are_found_by_their_exact_name(void **state)
{
	struct json *d = parse("{\"Name\":\"x\",\"name\":\"y\"}");
	const char *text = NULL;

	(void)state;
	assert_true(json_is_object(d));
	assert_true(json_as_string(json_member(d, "name"), &text));
	assert_string_equal(text, "y");
	assert_true(json_as_string(json_member(d, "Name"), &text));
	assert_string_equal(text, "x");
	assert_null(json_member(d, "NAME"));
	assert_null(json_member(json_member(d, "name"), "name"));
	assert_null(json_member(NULL, "name"));
	json_free(d);
}

static void
elements_and_members_come_in_order(void **state)
{
	struct json *d = parse("{\"a\":[1,2,3],\"b\":null}");
	const struct json *v = json_first(d);
	int64_t sum = 0, number;

	(void)state;
	assert_string_equal(json_name(v), "a");
	assert_true(json_is_array(v));
	for (v = json_first(v); v != NULL; v = json_next(v)) {
		assert_null(json_name(v));
		assert_true(json_as_int(v, &number));
		sum = sum * 10 + number;
	}
	assert_int_equal(sum, 123);
	v = json_next(json_first(d));
	assert_string_equal(json_name(v), "b");
	assert_true(json_is_null(v));
	assert_null(json_next(v));
	assert_null(json_first(v));
	json_free(d);
}

static void
a_value_of_another_type_is_not_taken(void **state)
{
	struct json *d = parse("[\"1\",1,true,null,[],{}]");
	const struct json *v;
	const char *text = "old";
	bool flag = true;
	int64_t number = 7;
	int strings = 0, flags = 0, numbers = 0;

	(void)state;
	for (v = json_first(d); v != NULL; v = json_next(v)) {
		strings += json_as_string(v, &text);
		flags += json_as_bool(v, &flag);
		numbers += json_as_int(v, &number);
	}
	assert_int_equal(strings, 1);
	assert_int_equal(flags, 1);
	assert_int_equal(numbers, 1);
	assert_string_equal(text, "1");
	assert_true(flag);
	assert_int_equal(number, 1);
	assert_false(json_as_string(NULL, &text));
	json_free(d);
}

static void
integers_are_exact_or_refused(void **state)
{
	static const char *const bad[] = {"9007199254740992",
	    "9007199254740993", "-9007199254740992", "1.5", "1e300", "1e400",
	    "-1e400", "9223372036854775807", "0.1"};
	struct json *d;
	int64_t number = 0;
	size_t i;

	(void)state;
	d = parse("[9007199254740991,-9007199254740991,5000000000000001]");
	assert_true(json_as_int(json_first(d), &number));
	assert_int_equal(number, 9007199254740991);
	assert_true(json_as_int(json_next(json_first(d)), &number));
	assert_int_equal(number, -9007199254740991);
	assert_true(json_as_int(json_next(json_next(json_first(d))), &number));
	assert_int_equal(number, 5000000000000001);
	json_free(d);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		d = parse(bad[i]);
		if (json_as_int(d, &number))
			fail_msg("taken: %s", bad[i]);
		json_free(d);
	}
}

static void
a_member_may_be_absent_but_not_of_another_type(void **state)
{
	struct json *d =
	    parse("{\"s\":\"x\",\"b\":false,\"n\":-5,\"null\":null}");
	struct err err = ERR_INIT;
	const char *s = "old";
	bool b = true;
	int64_t n = 1;

	(void)state;
	assert_true(json_get_string(d, "none", &s, &err));
	assert_true(json_get_string(d, "null", &s, &err));
	assert_string_equal(s, "old");
	assert_true(json_get_string(d, "s", &s, &err));
	assert_string_equal(s, "x");
	assert_true(json_get_bool(d, "none", &b, &err));
	assert_true(b);
	assert_true(json_get_bool(d, "b", &b, &err));
	assert_false(b);
	assert_true(json_get_int(d, "n", &n, &err));
	assert_int_equal(n, -5);
	assert_int_equal(err.kind, ERR_NONE);
	assert_false(json_get_string(d, "n", &s, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, "n: must be a string");
	assert_false(json_get_bool(d, "s", &b, &err));
	assert_string_equal(err.text, "s: must be true or false");
	assert_false(json_get_int(d, "b", &n, &err));
	json_free(d);
}

static void
write_sample(struct json_writer *w)
{
	json_put_object(w, NULL);
	json_put_string(w, "s", "x");
	json_put_string(w, "none", NULL);
	json_put_int(w, "n", INT64_MAX);
	json_put_int(w, "m", INT64_MIN);
	json_put_int_string(w, "d", INT64_MAX);
	json_put_bool(w, "t", true);
	json_put_bool(w, "f", false);
	json_put_time(w, "at", 1790812800);
	json_put_raw(w, "raw", "[1,2]");
	json_put_array(w, "a");
	json_put_end(w);
	json_put_array(w, "b");
	json_put_int(w, NULL, 1);
	json_put_object(w, NULL);
	json_put_end(w);
	json_put_object(w, NULL);
	json_put_null(w, "z");
	json_put_end(w);
	json_put_text(w, NULL, "ab", 1);
	json_put_end(w);
	json_put_end(w);
}

static void
documents_are_written_compact(void **state)
{
	struct buf out = BUF_INIT;
	struct json_writer w;
	struct err err = ERR_INIT;

	(void)state;
	json_write(&w, &out, JSON_COMPACT);
	write_sample(&w);
	assert_string_equal(buf_text(&out),
	    "{\"s\":\"x\",\"none\":null,\"n\":9223372036854775807,"
	    "\"m\":-9223372036854775808,\"d\":\"9223372036854775807\","
	    "\"t\":true,\"f\":false,\"at\":\"2026-10-01T00:00:00Z\","
	    "\"raw\":[1,2],\"a\":[],\"b\":[1,{},{\"z\":null},\"a\"]}");
	assert_true(jsonscan_check(out.data, out.len, 8, &err));
	buf_fini(&out);
}

static void
documents_are_written_with_a_line_for_each_value(void **state)
{
	struct buf out = BUF_INIT;
	struct json_writer w;
	struct err err = ERR_INIT;

	(void)state;
	json_write(&w, &out, JSON_INDENTED);
	write_sample(&w);
	assert_true(jsonscan_check(out.data, out.len, 8, &err));
	assert_non_null(strstr(out.data, "{\n  \"s\": \"x\",\n"));
	assert_non_null(strstr(out.data,
	    "  \"a\": [],\n  \"b\": [\n    1,\n    {},\n    {\n"
	    "      \"z\": null\n    },\n    \"a\"\n  ]\n}"));
	buf_fini(&out);
}

static void
a_document_may_be_one_value(void **state)
{
	struct buf out = BUF_INIT;
	struct json_writer w;

	(void)state;
	json_write(&w, &out, JSON_INDENTED);
	json_put_int(&w, NULL, -1);
	assert_string_equal(buf_text(&out), "-1");
	buf_fini(&out);
}

static void
texts_are_escaped_and_read_back_the_same(void **state)
{
	struct buf out = BUF_INIT;
	struct json_writer w;
	struct json *d;
	const char *back = NULL;
	char text[128];
	int c;

	(void)state;
	for (c = 1; c < 128; c++)
		text[c - 1] = (char)c;
	text[127] = '\0';
	json_write(&w, &out, JSON_COMPACT);
	json_put_object(&w, NULL);
	json_put_int(&w, text, 1);
	json_put_string(&w, "t", text);
	json_put_string(&w, "u", "\xc3\xa9\xf0\x9f\x98\x80");
	json_put_end(&w);
	d = parse(out.data);
	assert_true(json_as_string(json_member(d, "t"), &back));
	assert_string_equal(back, text);
	assert_string_equal(json_name(json_first(d)), text);
	assert_true(json_as_string(json_member(d, "u"), &back));
	assert_string_equal(back, "\xc3\xa9\xf0\x9f\x98\x80");
	json_free(d);
	buf_fini(&out);
}

static void
bytes_that_are_not_utf8_are_replaced(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	json_quote(&out, "caf\xe9 \xc3\x28\xe2\x82", 9);
	assert_string_equal(buf_text(&out),
	    "\"caf\xef\xbf\xbd \xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\"");
	buf_clear(&out);
	json_quote(&out, "a\0b\n\x1f\x7f", 6);
	assert_string_equal(buf_text(&out), "\"a\\u0000b\\n\\u001f\\u007f\"");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_strict_json_is_refused),
	    cmocka_unit_test(members_are_found_by_their_exact_name),
	    cmocka_unit_test(elements_and_members_come_in_order),
	    cmocka_unit_test(a_value_of_another_type_is_not_taken),
	    cmocka_unit_test(integers_are_exact_or_refused),
	    cmocka_unit_test(a_member_may_be_absent_but_not_of_another_type),
	    cmocka_unit_test(documents_are_written_compact),
	    cmocka_unit_test(documents_are_written_with_a_line_for_each_value),
	    cmocka_unit_test(a_document_may_be_one_value),
	    cmocka_unit_test(texts_are_escaped_and_read_back_the_same),
	    cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
