/*
 * buf_test.c - unit tests of lib/buf.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/buf.h"

static void
an_empty_buffer_reads_as_an_empty_text(void **state)
{
	struct buf b = BUF_INIT, zero;
	char *text;

	(void)state;
	memset(&zero, 0, sizeof zero);
	assert_string_equal(buf_text(&b), "");
	assert_string_equal(buf_text(&zero), "");
	buf_add(&b, "", 0);
	buf_str(&b, "");
	assert_string_equal(buf_text(&b), "");
	text = buf_take(&b);
	assert_non_null(text);
	assert_string_equal(text, "");
	free(text);
	buf_fini(&b);
	buf_fini(&b);
}

static void
what_is_added_stands_in_order_with_a_nul_behind_it(void **state)
{
	struct buf b = BUF_INIT;
	char expected[2001];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		expected[i] = (char)('a' + i % 26);
		buf_char(&b, expected[i]);
		assert_int_equal(b.len, i + 1);
		assert_true(b.cap > b.len);
		assert_int_equal(b.data[b.len], '\0');
	}
	expected[2000] = '\0';
	assert_string_equal(buf_text(&b), expected);
	assert_false(b.failed);
	buf_fini(&b);
}

static void
bytes_may_be_nul(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, "a\0b", 3);
	buf_char(&b, '\0');
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0b\0", 5);
	buf_fini(&b);
}

static void
a_formatted_text_of_any_length_is_whole(void **state)
{
	struct buf b = BUF_INIT;
	char *text;

	(void)state;
	/* Around the sizes at which the memory doubles. */
	for (int width = 60; width <= 70; width++) {
		buf_clear(&b);
		buf_printf(&b, "%*d|", width, 7);
		assert_int_equal(b.len, width + 1);
		assert_string_equal(buf_text(&b) + width - 1, "7|");
	}
	buf_clear(&b);
	buf_str(&b, "x=");
	buf_printf(&b, "%d", 42);
	buf_printf(&b, "%s", "");
	buf_printf(&b, "%5000d", 1);
	assert_int_equal(b.len, 5004);
	assert_memory_equal(b.data, "x=42 ", 5);
	text = buf_take(&b);
	assert_int_equal(strlen(text), 5004);
	free(text);
	buf_fini(&b);
}

static void
clearing_keeps_the_memory_and_taking_hands_it_over(void **state)
{
	struct buf b = BUF_INIT;
	char *data, *taken;

	(void)state;
	buf_str(&b, "first");
	data = b.data;
	buf_clear(&b);
	assert_ptr_equal(b.data, data);
	assert_string_equal(buf_text(&b), "");
	buf_str(&b, "2nd");
	assert_string_equal(buf_text(&b), "2nd");
	taken = buf_take(&b);
	assert_ptr_equal(taken, data);
	assert_string_equal(taken, "2nd");
	free(taken);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	buf_str(&b, "new");
	assert_string_equal(buf_text(&b), "new");
	buf_fini(&b);
}

static void
a_size_that_cannot_be_fails_and_changes_nothing(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_str(&b, "kept");
	assert_false(buf_reserve(&b, SIZE_MAX - 2));
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "kept");
	buf_str(&b, "more");
	buf_printf(&b, "%d", 1);
	assert_string_equal(buf_text(&b), "kept");
	assert_false(buf_reserve(&b, 1));
	assert_null(buf_take(&b));
	assert_null(b.data);
	buf_str(&b, "again");
	assert_string_equal(buf_text(&b), "again");
	assert_false(buf_reserve(&b, SIZE_MAX / 2));
	buf_clear(&b);
	assert_false(b.failed);
	buf_str(&b, "well");
	assert_string_equal(buf_text(&b), "well");
	buf_fini(&b);
}

static void
what_is_reserved_needs_no_new_memory(void **state)
{
	struct buf b = BUF_INIT;
	char *data;

	(void)state;
	assert_true(buf_reserve(&b, 10000));
	data = b.data;
	for (int i = 0; i < 1000; i++)
		buf_str(&b, "0123456789");
	assert_ptr_equal(b.data, data);
	assert_int_equal(b.len, 10000);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_buffer_reads_as_an_empty_text),
	    cmocka_unit_test(
		what_is_added_stands_in_order_with_a_nul_behind_it),
	    cmocka_unit_test(bytes_may_be_nul),
	    cmocka_unit_test(a_formatted_text_of_any_length_is_whole),
	    cmocka_unit_test(
		clearing_keeps_the_memory_and_taking_hands_it_over),
	    cmocka_unit_test(a_size_that_cannot_be_fails_and_changes_nothing),
	    cmocka_unit_test(what_is_reserved_needs_no_new_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
