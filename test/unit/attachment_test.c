/*
 * attachment_test.c - unit tests of src/attachment.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/attachment.h"

static void
lists_become_sets_and_sets_lists(void **state)
{
	static const char *const lists[][2] = {{"", ""}, {"csv", "csv"},
	    {"json", "json"}, {"json,csv", "csv,json"}, {"pdf,csv", "csv,pdf"}};
	char text[ATTACHMENT_LIST_SIZE];
	struct err err = ERR_INIT;
	unsigned set = 77;

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		assert_true(attachment_parse(lists[i][0], &set, &err));
		assert_string_equal(attachment_format(set, text), lists[i][1]);
	}
}

static void
a_list_of_all_fits(void **state)
{
	char text[ATTACHMENT_LIST_SIZE];
	struct err err = ERR_INIT;
	unsigned set = (1u << ATTACHMENT_KINDS) - 1, again = 0;

	(void)state;
	assert_true(
	    attachment_parse(attachment_format(set, text), &again, &err));
	assert_int_equal(again, set);
}

static void
what_cannot_be_attached_is_refused(void **state)
{
	static const char *const bad[] = {
	    "exe", "csv,exe", "CSV", "csv,", ",", " csv", "csv,csv", "cs"};
	struct err err = ERR_INIT;
	unsigned set;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(attachment_parse(bad[i], &set, &err));
		assert_int_equal(err.kind, ERR_INPUT);
	}
	assert_false(attachment_parse("exe", &set, &err));
	assert_string_equal(err.text,
	    "\"exe\" cannot be attached; what can be is csv, json, "
	    "pdf, focus");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_become_sets_and_sets_lists),
	    cmocka_unit_test(a_list_of_all_fits),
	    cmocka_unit_test(what_cannot_be_attached_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
