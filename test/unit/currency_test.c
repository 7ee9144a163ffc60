/*
 * currency_test.c - unit tests of lib/currency.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/currency.h"

static void
a_code_has_the_decimals_of_its_minor_unit(void **state)
{
	(void)state;
	assert_int_equal(currency_digits("USD"), 2);
	assert_int_equal(currency_digits("EUR"), 2);
	assert_int_equal(currency_digits("CHF"), 2);
	assert_int_equal(currency_digits("AED"), 2); /* the first */
	assert_int_equal(currency_digits("ZMW"), 2);
	assert_int_equal(currency_digits("HUF"), 2);
	assert_int_equal(currency_digits("XCG"), 2);
	assert_int_equal(currency_digits("ZWG"), 2); /* the last */
	assert_int_equal(currency_digits("BIF"), 0);
	assert_int_equal(currency_digits("JPY"), 0);
	assert_int_equal(currency_digits("KRW"), 0);
	assert_int_equal(currency_digits("ISK"), 0);
	assert_int_equal(currency_digits("XPF"), 0);
	assert_int_equal(currency_digits("KWD"), 3);
	assert_int_equal(currency_digits("BHD"), 3);
	assert_int_equal(currency_digits("TND"), 3);
	assert_int_equal(currency_digits("CLF"), 4);
	assert_int_equal(currency_digits("UYW"), 4);
}

static void
what_is_no_code_is_refused(void **state)
{
	static const char *const wrong[] = {"", "U", "US", "USDX", "usd", "Usd",
	    "US ", " US", "D A", "ED ", "   ", "XYZ", "840", "EUR USD",
	    "\xe2\x82\xac"};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(currency_digits(wrong[i]), -1);
}

static void
metals_and_test_codes_are_no_money(void **state)
{
	static const char *const wrong[] = {
	    "XAU", "XAG", "XPT", "XTS", "XXX", "XDR"};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(currency_digits(wrong[i]), -1);
}

static void
what_has_been_replaced_is_refused(void **state)
{
	static const char *const old[] = {
	    "DEM", "HRK", "SLL", "VEF", "CUC", "ANG", "ZWL", "BGN"};

	(void)state;
	for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
		assert_int_equal(currency_digits(old[i]), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_code_has_the_decimals_of_its_minor_unit),
	    cmocka_unit_test(what_is_no_code_is_refused),
	    cmocka_unit_test(metals_and_test_codes_are_no_money),
	    cmocka_unit_test(what_has_been_replaced_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
