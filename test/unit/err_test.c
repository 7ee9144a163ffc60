/*
 * err_test.c - unit tests of lib/err.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "lib/err.h"

static void
setting_keeps_kind_and_text_and_returns_false(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err.kind, ERR_NONE);
	assert_string_equal(err.text, "");
	assert_false(err_set(&err, ERR_INPUT, "%s is %d", "x", 5));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, "x is 5");
	assert_false(err_set(&err, ERR_BUSY, "y"));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_string_equal(err.text, "y");
}

static void
context_goes_in_front_and_the_kind_stays(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_BROKEN, "inner");
	assert_false(err_context(&err, "middle %d", 2));
	assert_false(err_context(&err, "outer"));
	assert_string_equal(err.text, "outer: middle 2: inner");
	assert_int_equal(err.kind, ERR_BROKEN);
}

static void
errno_is_explained_behind_the_text(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_false(err_errno(&err, ERR_INPUT, "cannot open %s", "a"));
	assert_string_equal(
	    err.text, "cannot open a: No such file or directory");
	assert_int_equal(err.kind, ERR_INPUT);
	errno = EACCES;
	assert_false(err_errno(&err, ERR_BROKEN, "%s", ""));
	assert_string_equal(err.text, ": Permission denied");
}

static void
a_text_too_long_is_cut(void **state)
{
	struct err err = ERR_INIT;
	char expected[sizeof err.text];

	(void)state;
	memset(expected, ' ', sizeof expected);
	expected[sizeof expected - 1] = '\0';
	err_set(&err, ERR_INPUT, "%600s", "end");
	assert_string_equal(err.text, expected);
	errno = EACCES;
	err_errno(&err, ERR_INPUT, "%600s", "end");
	assert_string_equal(err.text, expected);
	assert_false(err_context(&err, "front"));
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	assert_memory_equal(err.text, "front:   ", 9);
	assert_false(err_context(&err, "%600s", "end"));
	assert_string_equal(err.text, expected);
}

static void
no_memory_is_to_be_tried_again(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_false(err_nomem(&err));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_string_equal(err.text, "out of memory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(setting_keeps_kind_and_text_and_returns_false),
	    cmocka_unit_test(context_goes_in_front_and_the_kind_stays),
	    cmocka_unit_test(errno_is_explained_behind_the_text),
	    cmocka_unit_test(a_text_too_long_is_cut),
	    cmocka_unit_test(no_memory_is_to_be_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
