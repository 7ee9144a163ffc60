/*
 * exact_test.c - unit tests of lib/exact.c. Expected values come from another
 * implementation (Python's fractions), or can be seen to be right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/exact.h"

static struct exact *
parse(const char *text)
{
	struct exact *x = exact_new();

	if (!exact_parse(x, text))
		fail_msg("\"%s\" was refused", text);
	return x;
}

/* num / den, both as decimal texts. */
static struct exact *
ratio(const char *num, const char *den)
{
	struct exact *x = parse(num), *y = parse(den);

	exact_div(x, y);
	exact_free(y);
	return x;
}

static void
is_fixed(const struct exact *x, int digits, const char *expected)
{
	char *text = exact_fixed(x, digits);

	assert_string_equal(text, expected);
	free(text);
}

static void
is_decimal(const struct exact *x, int max, const char *expected)
{
	char *text = exact_decimal(x, max);

	assert_string_equal(text, expected);
	free(text);
}

static void
decimal_texts_are_read_exactly(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
	    {"0", "0"},
	    {"-0", "0"},
	    {"0.0", "0"},
	    {"007", "7"},
	    {"5.", NULL},
	    {"0.03", "0.03"},
	    {"-12.50", "-12.5"},
	    {"123456789012345678901234567890.000000000000000000000000000001",
		"123456789012345678901234567890."
		"000000000000000000000000000001"},
	    {"0.10000", "0.1"},
	    {"", NULL},
	    {"-", NULL},
	    {".", NULL},
	    {".5", NULL},
	    {"-.5", NULL},
	    {"+1", NULL},
	    {"--1", NULL},
	    {" 1", NULL},
	    {"1 ", NULL},
	    {"1.2.3", NULL},
	    {"1e5", NULL},
	    {"1,5", NULL},
	    {"0x10", NULL},
	    {"1/3", NULL},
	    {"inf", NULL},
	    {"nan", NULL},
	};
	struct exact *x = exact_new();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		exact_set_int(x, 4711);
		assert_int_equal(
		    exact_parse(x, cases[i].text), cases[i].expected != NULL);
		is_decimal(x, 30,
		    cases[i].expected != NULL ? cases[i].expected : "4711");
	}
	exact_free(x);
}

static void
thirty_digits_are_printed_and_the_last_is_rounded(void **state)
{
	static const struct {
		const char *num, *den, *fixed30, *fixed2, *fixed0;
	} cases[] = {
	    {"1", "3", "0.333333333333333333333333333333", "0.33", "0"},
	    {"2", "3", "0.666666666666666666666666666667", "0.67", "1"},
	    {"-2", "3", "-0.666666666666666666666666666667", "-0.67", "-1"},
	    {"22", "7", "3.142857142857142857142857142857", "3.14", "3"},
	    {"-1", "798863917056", "-0.000000000001251777654053062521", "0.00",
		"0"},
	    {"123456789012345678901234567890", "977",
		"126363141261356887309349608.894575230296827021494370522006",
		"126363141261356887309349608.89",
		"126363141261356887309349609"},
	    /* A half in the 31st digit. */
	    {"4656612873077392578125", "10000000000000000000000000000000",
		"0.000000000465661287307739257813", "0.00", "0"},
	    {"-4656612873077392578125", "10000000000000000000000000000000",
		"-0.000000000465661287307739257813", "0.00", "0"},
	    /* The rounding runs through all digits. */
	    {"9999999999999999999999999999995",
		"10000000000000000000000000000000",
		"1.000000000000000000000000000000", "1.00", "1"},
	};
	struct exact *x;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		x = ratio(cases[i].num, cases[i].den);
		is_fixed(x, 30, cases[i].fixed30);
		is_fixed(x, 2, cases[i].fixed2);
		is_fixed(x, 0, cases[i].fixed0);
		exact_free(x);
	}
}

static void
a_decimal_has_no_more_digits_than_it_needs(void **state)
{
	static const struct {
		const char *text;
		int max;
		const char *expected;
	} cases[] = {
	    {"100", 30, "100"},
	    {"100", 0, "100"},
	    {"0", 30, "0"},
	    {"1.50", 30, "1.5"},
	    {"-1.50", 30, "-1.5"},
	    {"0.05", 1, "0.1"},
	    {"0.04", 1, "0"},
	    {"-0.04", 1, "0"},
	    {"-0.4", 0, "0"},
	    {"99.96", 1, "100"},
	    {"10.01", 1, "10"},
	};
	struct exact *x;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		x = parse(cases[i].text);
		is_decimal(x, cases[i].max, cases[i].expected);
		exact_free(x);
	}
}

static void
halves_go_up_or_to_the_even_neighbour(void **state)
{
	static const struct {
		const char *text;
		int digits;
		const char *up, *even;
	} cases[] = {
	    {"0.5", 0, "1", "0"},
	    {"1.5", 0, "2", "2"},
	    {"2.5", 0, "3", "2"},
	    {"-0.5", 0, "-1", "0"},
	    {"-1.5", 0, "-2", "-2"},
	    {"-2.5", 0, "-3", "-2"},
	    {"0.125", 2, "0.13", "0.12"},
	    {"0.135", 2, "0.14", "0.14"},
	    {"-0.125", 2, "-0.13", "-0.12"},
	    {"-0.135", 2, "-0.14", "-0.14"},
	    {"0.1250000000000000000001", 2, "0.13", "0.13"},
	    {"0.1249999999999999999999", 2, "0.12", "0.12"},
	    {"-0.1250000000000000000001", 2, "-0.13", "-0.13"},
	    {"-0.1249999999999999999999", 2, "-0.12", "-0.12"},
	    {"0.0005", 3, "0.001", "0.000"},
	    {"0.99995", 4, "1.0000", "1.0000"},
	    {"7", 2, "7.00", "7.00"},
	    {"0", 2, "0.00", "0.00"},
	};
	struct exact *x;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		x = parse(cases[i].text);
		exact_round(x, cases[i].digits, EXACT_HALF_UP);
		is_fixed(x, cases[i].digits, cases[i].up);
		exact_free(x);
		x = parse(cases[i].text);
		exact_round(x, cases[i].digits, EXACT_HALF_EVEN);
		is_fixed(x, cases[i].digits, cases[i].even);
		exact_free(x);
	}
}

static void
what_is_cut_is_never_above_what_it_was(void **state)
{
	static const struct {
		const char *text;
		int digits;
		const char *cut;
	} cases[] = {
	    {"0.999", 2, "0.99"},
	    {"-0.001", 2, "-0.01"},
	    {"-0.999", 2, "-1.00"},
	    {"1.50", 1, "1.5"},
	    {"-1.50", 1, "-1.5"},
	    {"7.9999999999999999999999", 0, "7"},
	    {"-7.0000000000000000000001", 0, "-8"},
	    {"0", 3, "0.000"},
	};
	struct exact *x;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		x = parse(cases[i].text);
		exact_cut(x, cases[i].digits);
		is_fixed(x, cases[i].digits, cases[i].cut);
		exact_free(x);
	}
}

static void
what_was_rounded_is_exactly_that(void **state)
{
	struct exact *x = ratio("1", "3"), *y = parse("0.33");

	(void)state;
	assert_int_equal(exact_cmp(x, y) > 0, 1);
	exact_round(x, 2, EXACT_HALF_EVEN);
	assert_int_equal(exact_cmp(x, y), 0);
	exact_free(x);
	exact_free(y);
}

static void
arithmetic_is_exact(void **state)
{
	struct exact *x = parse("123456.789"), *y = exact_new();

	(void)state;
	/* ((123456.789 + 1/3) * -0.03 - 17.5) / 7.25 * 123456789
	 * / -987654321 */
	exact_set_ratio(y, 1, 3);
	exact_add(x, y);
	assert_true(exact_parse(y, "-0.03"));
	exact_mul(x, y);
	assert_true(exact_parse(y, "17.5"));
	exact_sub(x, y);
	assert_true(exact_parse(y, "7.25"));
	exact_div(x, y);
	exact_mul_int(x, 123456789);
	exact_div_int(x, -987654321);
	exact_free(y);
	y = ratio("5104545454234507", "79561042525000");
	assert_int_equal(exact_cmp(x, y), 0);
	is_fixed(x, 30, "64.158855794662766078428784389537");
	exact_set(y, x);
	exact_sub(y, x);
	assert_int_equal(exact_sign(y), 0);
	exact_sub(y, x);
	assert_int_equal(exact_sign(y), -1);
	assert_true(exact_cmp(y, x) < 0);
	assert_true(exact_cmp(x, y) > 0);
	assert_int_equal(exact_sign(x), 1);
	exact_free(x);
	exact_free(y);
}

static void
the_largest_integers_fit(void **state)
{
	struct exact *x = exact_new();

	(void)state;
	exact_set_int(x, INT64_MIN);
	is_decimal(x, 5, "-9223372036854775808");
	exact_set_int(x, INT64_MAX);
	is_decimal(x, 5, "9223372036854775807");
	exact_mul_int(x, INT64_MIN);
	is_decimal(x, 5, "-85070591730234615856620279821087277056");
	exact_set_ratio(x, ~(exact_u128)0, 1);
	is_decimal(x, 5, "340282366920938463463374607431768211455");
	exact_set_ratio(x, ~(exact_u128)0, 3600);
	is_fixed(x, 30,
	    "94522879700260684295381835397713392.070833333333333333333333333"
	    "333");
	exact_set_ratio(x, UINT64_MAX, UINT64_MAX);
	is_decimal(x, 5, "1");
	exact_free(x);
}

/* --- shares --- */

enum {
	MAX_LINES = 40
};

/* Shares the rounded sum of lines out and checks it against the texts. */
static void
shares_are(const char *const *lines, const char *const *expected, size_t count,
    int digits, const char *total_text, enum exact_rounding mode)
{
	struct exact *in[MAX_LINES], *out[MAX_LINES], *total = exact_new();

	for (size_t i = 0; i < count; i++) {
		in[i] = parse(lines[i]);
		out[i] = exact_new();
		exact_add(total, in[i]);
	}
	exact_round(total, digits, mode);
	is_fixed(total, digits, total_text);
	exact_share(total, in, count, digits, out);
	for (size_t i = 0; i < count; i++) {
		is_fixed(out[i], digits, expected[i]);
		exact_sub(total, out[i]);
		exact_free(in[i]);
		exact_free(out[i]);
	}
	assert_int_equal(exact_sign(total), 0);
	exact_free(total);
}

#define SHARES(lines, expected, digits, total, mode)                    \
	shares_are(lines, expected, sizeof(lines) / sizeof((lines)[0]), \
	    digits, total, mode)

static void
the_missing_unit_goes_to_the_largest_remainder(void **state)
{
	static const char *const lines[] = {"1.001", "2.009", "3.004"};
	static const char *const expected[] = {"1.00", "2.01", "3.00"};

	(void)state;
	SHARES(lines, expected, 2, "6.01", EXACT_HALF_UP);
}

static void
ties_go_to_the_earlier_line(void **state)
{
	static const char *const lines[] = {
	    "0.005", "0.005", "0.005", "0.005", "0.001"};
	static const char *const expected[] = {
	    "0.01", "0.01", "0.00", "0.00", "0.00"};
	static const char *const even[] = {"0.003", "0.007", "0.005"};
	static const char *const even_up[] = {"0.00", "0.01", "0.01"};
	static const char *const even_down[] = {"0.00", "0.01", "0.00"};
	static const char *const odd[] = {"0.003", "0.007", "0.0049"};

	(void)state;
	SHARES(lines, expected, 2, "0.02", EXACT_HALF_UP);
	/* 0.015 goes up by both rules; 0.0149 does not. */
	SHARES(even, even_up, 2, "0.02", EXACT_HALF_EVEN);
	SHARES(odd, even_down, 2, "0.01", EXACT_HALF_EVEN);
}

static void
negative_lines_share_as_well(void **state)
{
	static const char *const lines[] = {"-0.004", "1.006", "-2.5"};
	static const char *const expected[] = {"0.00", "1.00", "-2.50"};
	static const char *const thirds[] = {"-0.333", "-0.333", "-0.333"};
	static const char *const third_shares[] = {"-0.33", "-0.33", "-0.34"};

	(void)state;
	/* Cut down: -0.01, 1.00, -2.50; the first two lost 0.006. */
	SHARES(lines, expected, 2, "-1.50", EXACT_HALF_UP);
	/* Cut down: -0.34 each; two cents are missing. */
	SHARES(thirds, third_shares, 2, "-1.00", EXACT_HALF_UP);
}

static void
lines_of_nothing_get_nothing(void **state)
{
	static const char *const lines[] = {
	    "0", "0.004", "0", "0.003", "0.004", "0"};
	static const char *const expected[] = {
	    "0.00", "0.01", "0.00", "0.00", "0.00", "0.00"};
	static const char *const nothing[] = {"0", "0"};
	static const char *const no_shares[] = {"0", "0"};

	(void)state;
	SHARES(lines, expected, 2, "0.01", EXACT_HALF_UP);
	SHARES(nothing, no_shares, 0, "0", EXACT_HALF_UP);
	shares_are(NULL, NULL, 0, 2, "0.00", EXACT_HALF_UP);
}

static uint64_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Each line gets less than one unit more or less than it says, whatever
 * the lines are. */
static void
check_shares(struct exact *const *in, struct exact *const *out, size_t count,
    const struct exact *total)
{
	struct exact *rest = exact_new(), *one = exact_new();
	struct exact *unit = parse("0.01");

	exact_set(rest, total);
	for (size_t i = 0; i < count; i++) {
		exact_sub(rest, out[i]);
		exact_set(one, out[i]);
		exact_sub(one, in[i]);
		if (exact_sign(one) < 0)
			exact_mul_int(one, -1);
		assert_true(exact_cmp(one, unit) < 0);
	}
	assert_int_equal(exact_sign(rest), 0);
	exact_free(rest);
	exact_free(one);
	exact_free(unit);
}

static void
any_shares_add_up_and_are_off_by_less_than_a_unit(void **state)
{
	struct exact *in[MAX_LINES], *out[MAX_LINES], *total;
	uint64_t seed = 1;

	(void)state;
	total = exact_new();
	for (size_t i = 0; i < MAX_LINES; i++) {
		in[i] = exact_new();
		out[i] = exact_new();
	}
	for (int round = 0; round < 300; round++) {
		size_t count = 1 + next_random(&seed) % MAX_LINES;
		bool credits = round % 3 == 0;

		exact_set_int(total, 0);
		for (size_t i = 0; i < count; i++) {
			exact_set_ratio(in[i], next_random(&seed) % 100000,
			    1 + next_random(&seed) % 7000);
			if (credits && next_random(&seed) % 2 == 0)
				exact_mul_int(in[i], -1);
			exact_add(total, in[i]);
		}
		exact_round(total, 2, (enum exact_rounding)(round % 2));
		exact_share(total, in, count, 2, out);
		check_shares(in, out, count, total);
	}
	for (size_t i = 0; i < MAX_LINES; i++) {
		exact_free(in[i]);
		exact_free(out[i]);
	}
	exact_free(total);
}

/* --- sums --- */

static void
sum_is(struct exact_sum *sum, const char *expected)
{
	struct exact *x = exact_new();

	exact_sum_get(sum, x);
	is_decimal(x, 30, expected);
	/* Reading changes nothing. */
	exact_sum_get(sum, x);
	is_decimal(x, 30, expected);
	exact_free(x);
}

static void
a_sum_of_few_denominators_is_exact(void **state)
{
	struct exact_sum sum;

	(void)state;
	memset(&sum, 0, sizeof sum);
	sum_is(&sum, "0");
	for (int i = 0; i < 744; i++) {
		exact_sum_add(&sum, 5, 4);
		exact_sum_add(&sum, 1, 3);
	}
	sum_is(&sum, "1178");
	exact_sum_add(&sum, 0, 7);
	sum_is(&sum, "1178");
	assert_null(sum.spill);
	exact_sum_fini(&sum);
	exact_sum_fini(&sum);
	sum_is(&sum, "0");
}

static void
more_denominators_than_slots_spill_and_are_exact(void **state)
{
	struct exact_sum sum;

	(void)state;
	memset(&sum, 0, sizeof sum);
	for (uint64_t den = 1; den < 10; den++)
		exact_sum_add(&sum, 1, den);
	assert_non_null(sum.spill);
	sum_is(&sum, "2.828968253968253968253968253968");
	exact_sum_fini(&sum);
}

static void
a_sum_past_2_to_the_128_is_exact(void **state)
{
	const exact_u128 most = ~(exact_u128)0;
	struct exact_sum sum;

	(void)state;
	memset(&sum, 0, sizeof sum);
	exact_sum_add(&sum, most, 1);
	assert_null(sum.spill);
	sum_is(&sum, "340282366920938463463374607431768211455");
	exact_sum_add(&sum, 1, 1);
	sum_is(&sum, "340282366920938463463374607431768211456");
	exact_sum_add(&sum, most, 1);
	exact_sum_add(&sum, most, 1);
	exact_sum_add(&sum, most, 1);
	exact_sum_add(&sum, most, 1);
	exact_sum_add(&sum, 4, 1);
	sum_is(&sum, "1701411834604692317316873037158841057280");
	exact_sum_fini(&sum);
	exact_sum_add(&sum, most, 7);
	exact_sum_add(&sum, most, 7);
	exact_sum_add(&sum, 1, 3);
	sum_is(&sum,
	    "97223533405982418132392744980505203273.190476190476190476190476"
	    "190476");
	exact_sum_fini(&sum);
}

/* A correction hands out what was rounded twice: it may be more, or less,
 * than its lines are worth. */
static void
a_total_that_is_not_the_sum_is_shared_in_rounds(void **state)
{
	static const char *const small[] = {"0.002", "0.001"};
	static const char *const up[] = {"0.01", "0.00"};
	static const char *const far[] = {"0.02", "0.01"};
	static const char *const down[] = {"0.00", "-0.01"};
	static const char *const further[] = {"-0.01", "-0.02"};
	struct exact *lines[2], *shares[2], *total = exact_new();
	const struct {
		const char *total;
		const char *const *want;
	} cases[] = {
	    {"0.01", up}, {"0.03", far}, {"-0.01", down}, {"-0.03", further}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		lines[i] = exact_new();
		shares[i] = exact_new();
		assert_true(exact_parse(lines[i], small[i]));
	}
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		assert_true(exact_parse(total, cases[c].total));
		exact_share(total, lines, 2, 2, shares);
		for (int i = 0; i < 2; i++) {
			char *text = exact_fixed(shares[i], 2);

			assert_string_equal(text, cases[c].want[i]);
			free(text);
		}
	}
	for (int i = 0; i < 2; i++) {
		exact_free(lines[i]);
		exact_free(shares[i]);
	}
	exact_free(total);
}

static void
a_fraction_is_kept_as_text(void **state)
{
	static const char *const wrong[] = {"", "-", "/", "1/", "/2", "1/0",
	    "1/00", " 1", "1 ", "1/-2", "+1", "1.5", "1/2/3", "0x1"};
	struct exact *x = exact_new(), *y = exact_new();
	char *text;

	(void)state;
	exact_set_int(x, -10);
	exact_div_int(x, 744);
	text = exact_fraction(x);
	assert_string_equal(text, "-5/372");
	assert_true(exact_parse_fraction(y, text));
	assert_int_equal(exact_cmp(x, y), 0);
	free(text);
	assert_true(exact_parse_fraction(y, "6/4"));
	text = exact_fraction(y);
	assert_string_equal(text, "3/2");
	free(text);
	assert_true(exact_parse_fraction(y, "7"));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (exact_parse_fraction(y, wrong[i]))
			fail_msg("\"%s\" was taken", wrong[i]);
	text = exact_fraction(y);
	assert_string_equal(text, "7");
	free(text);
	exact_free(x);
	exact_free(y);
}

static void
a_picture_gets_about_as_much(void **state)
{
	struct exact *x = exact_new();

	(void)state;
	assert_true(exact_double(x) == 0.0);
	assert_true(exact_parse(x, "-12.5"));
	assert_true(exact_double(x) == -12.5);
	exact_set_int(x, 1);
	exact_div_int(x, 3);
	assert_float_equal(exact_double(x), 0.333333, 0.000001);
	exact_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_total_that_is_not_the_sum_is_shared_in_rounds),
	    cmocka_unit_test(a_fraction_is_kept_as_text),
	    cmocka_unit_test(decimal_texts_are_read_exactly),
	    cmocka_unit_test(thirty_digits_are_printed_and_the_last_is_rounded),
	    cmocka_unit_test(a_decimal_has_no_more_digits_than_it_needs),
	    cmocka_unit_test(halves_go_up_or_to_the_even_neighbour),
	    cmocka_unit_test(what_is_cut_is_never_above_what_it_was),
	    cmocka_unit_test(what_was_rounded_is_exactly_that),
	    cmocka_unit_test(arithmetic_is_exact),
	    cmocka_unit_test(the_largest_integers_fit),
	    cmocka_unit_test(the_missing_unit_goes_to_the_largest_remainder),
	    cmocka_unit_test(ties_go_to_the_earlier_line),
	    cmocka_unit_test(negative_lines_share_as_well),
	    cmocka_unit_test(lines_of_nothing_get_nothing),
	    cmocka_unit_test(any_shares_add_up_and_are_off_by_less_than_a_unit),
	    cmocka_unit_test(a_sum_of_few_denominators_is_exact),
	    cmocka_unit_test(more_denominators_than_slots_spill_and_are_exact),
	    cmocka_unit_test(a_sum_past_2_to_the_128_is_exact),
	    cmocka_unit_test(a_picture_gets_about_as_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
