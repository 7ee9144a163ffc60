/*
 * chart_test.c - pictures of usage and cost: axes, what gets a colour of its
 * own, words, tables, and that drawing puts every figure into the picture.
 * What is drawn is measured by a test that reads the SVG.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chart_cases.h"
#include "src/chart_part.h"

/* --- axes --- */

static void
check_axis(const struct chart_axis *axis, double min, double max)
{
	const double step = axis->digit * pow(10, axis->exponent) * axis->unit;
	char label[CHART_LABEL_SIZE];

	assert_true(axis->first <= 0 && axis->last >= 1);
	assert_true(axis->last - axis->first <= 7);
	assert_true(axis->last * step >= max * (1 - 1e-9));
	assert_true(axis->first * step <= min * (1 - 1e-9));
	assert_float_equal(chart_axis_at(axis, axis->first * step), 0, 1e-9);
	assert_float_equal(chart_axis_at(axis, axis->last * step), 1, 1e-9);
	for (int i = axis->first; i <= axis->last; i++) {
		chart_axis_label(axis, i, label);
		assert_true(strlen(label) <= 8);
		assert_float_equal(
		    strtod(label, NULL) * axis->unit, i * step, step * 1e-9);
	}
}

static void
an_axis_of_bytes_has_round_steps_in_a_fitting_unit(void **state)
{
	struct chart_axis axis;

	(void)state;
	for (int i = 0; i < 140; i++) {
		double max = pow(1.37, i);

		chart_axis_bytes(&axis, max);
		check_axis(&axis, 0, max);
		assert_true(
		    max / axis.unit < 1024 || strcmp(axis.name, "EiB") == 0);
		assert_true(max / axis.unit >= 1);
	}
	chart_axis_bytes(&axis, 1023.0 * 1024 * 1024 * 1024);
	assert_string_equal(axis.name, "GiB");
	chart_axis_bytes(&axis, 1024.0 * 1024 * 1024 * 1024);
	assert_string_equal(axis.name, "TiB");
	chart_axis_bytes(&axis, 0);
	assert_string_equal(axis.name, "GiB");
}

static void
an_axis_of_money_has_short_labels_and_whole_minor_units(void **state)
{
	struct chart_axis axis;

	(void)state;
	for (int i = 0; i < 190; i++) {
		double max = 0.01 * pow(1.37, i);

		chart_axis_money(&axis, 0, max, 2);
		check_axis(&axis, 0, max);
		assert_true(axis.exponent >= -2);
		chart_axis_money(&axis, -max / 3, max, 2);
		check_axis(&axis, -max / 3, max);
	}
	chart_axis_money(&axis, 0, 3, 0);
	assert_true(axis.exponent >= 0);
	chart_axis_money(&axis, 0, 99999, 2);
	assert_string_equal(axis.name, "");
	chart_axis_money(&axis, 0, 100000, 2);
	assert_string_equal(axis.name, "thousands");
	chart_axis_money(&axis, -5e8, 0, 2);
	assert_string_equal(axis.name, "millions");
	chart_axis_money(&axis, 0, 1e14, 2);
	assert_string_equal(axis.name, "\xc3\x97 10\xc2\xb9\xc2\xb2");
}

/* --- picking --- */

static void
pick(const struct chart_case_usage *c, struct chart_shown *out)
{
	struct err err = ERR_INIT;

	assert_true(chart_usage_pick(&c->usage, out, &err));
}

static void
eight_have_colours_of_their_own_and_the_ninth_brings_others(void **state)
{
	struct chart_case_usage c;
	struct chart_shown shown;

	(void)state;
	chart_case_begin(&c, 3, 8, GIB);
	pick(&c, &shown);
	assert_int_equal(shown.count, 8);
	assert_int_equal(shown.merged, 0);
	chart_usage_drop(&shown);
	chart_case_end(&c);
	chart_case_begin(&c, 3, 9, GIB);
	pick(&c, &shown);
	assert_int_equal(shown.count, 8);
	assert_int_equal(shown.merged, 2);
	assert_string_equal(shown.names[7], "2 others");
	chart_usage_drop(&shown);
	chart_case_end(&c);
}

static void
others_are_the_smallest_and_nothing_is_lost(void **state)
{
	struct chart_case_usage c;
	struct chart_shown shown;

	(void)state;
	usage_many(&c);
	c.parts[5].estimated = 12345;
	pick(&c, &shown);
	assert_true(shown.estimated);
	assert_false(shown.missing);
	for (size_t d = 0; d < c.usage.day_count; d++) {
		exact_u128 sum = 0;

		for (size_t n = 0; n < 200; n++)
			sum += c.parts[d * 200 + n].measured +
			       c.parts[d * 200 + n].estimated;
		assert_true(chart_usage_sum(&shown, d) == sum);
	}
	for (size_t i = 1; i < CHART_NAMED; i++) {
		exact_u128 before = 0, sum = 0;

		for (size_t d = 0; d < shown.day_count; d++) {
			before += shown.parts[d * 8 + i - 1].measured;
			sum += shown.parts[d * 8 + i].measured;
		}
		assert_true(before >= sum);
	}
	chart_usage_drop(&shown);
	chart_case_end(&c);
}

/* --- words --- */

static void
assert_bytes(exact_u128 bytes, const char *expected)
{
	struct buf b = BUF_INIT;

	chart_words_bytes(&b, bytes);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
bytes_are_said_in_the_unit_that_fits(void **state)
{
	(void)state;
	assert_bytes(0, "0 B");
	assert_bytes(1023, "1023 B");
	assert_bytes(1024, "1.00 KiB");
	assert_bytes(GIB - 1, "1.00 GiB");
	assert_bytes(GIB - GIB / 100, "1013.76 MiB");
	assert_bytes(GIB * 1536, "1.50 TiB");
	assert_bytes(GIB << 40, "1024.00 EiB");
}

static void
assert_alt(const struct chart *chart, const char *expected)
{
	struct buf b = BUF_INIT;

	chart_alt(chart, &b);
	assert_false(b.failed);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
a_picture_of_usage_is_said_in_words(void **state)
{
	struct chart_case_usage c;
	struct chart chart = {.usage = &c.usage};

	(void)state;
	usage_gaps(&c);
	assert_alt(&chart,
	    "Stored per day, 2026-10-01 to 2026-10-31: from 426.00 GiB "
	    "(2026-10-01) to 1.02 TiB (2026-10-31), on the last day 1.02 TiB. "
	    "The largest, on average: account-002 343.00 GiB, account-001 "
	    "186.13 GiB, account-000 171.71 GiB. Estimated in part on 11 "
	    "days. Hours are missing on 6 days.");
	chart_case_end(&c);
	usage_day(&c);
	c.missing[0] = 1;
	assert_alt(&chart,
	    "Stored per day, 2026-10-01: 426.00 GiB. The largest, on average: "
	    "account-002 181.00 GiB, account-001 145.00 GiB, account-000 "
	    "100.00 GiB. Hours are missing on 1 day.");
	chart_case_end(&c);
	usage_nobody(&c);
	assert_alt(&chart, "Stored per day, 2026-10-01 to 2026-10-30: nothing "
			   "is stored on these days.");
	chart_case_end(&c);
}

static const struct chart_case_cost *
find_cost(const char *name)
{
	for (size_t i = 0; i < COST_CASES; i++)
		if (strcmp(cost_cases[i].name, name) == 0)
			return &cost_cases[i];
	abort();
}

static void
a_picture_of_cost_is_said_in_words(void **state)
{
	struct chart_month months[CHART_MAX_MONTHS];
	struct chart_cost cost;
	const struct chart chart = {.cost = &cost};

	(void)state;
	chart_case_cost(find_cost("credit"), months, &cost);
	assert_alt(&chart,
	    "Cost by month in EUR: 2026-05 120.50, 2026-06 80.00, 2026-07 "
	    "-45.20, 2026-08 10.00, 2026-09 -0.50, 2026-10 33.00 so far "
	    "(forecast 60.00).");
	months[1].amount = NULL;
	cost.month_count = 2;
	assert_alt(&chart, "Cost by month in EUR: 2026-05 120.50, 2026-06 not "
			   "known, without a rate.");
}

/* --- tables --- */

static void
a_table_has_every_figure_behind_the_picture(void **state)
{
	static const char expected[] =
	    "day,total_gib,estimated_gib,missing_hours,'=evil,small\r\n"
	    "2026-10-01,101.500000000,1.500000000,0,"
	    "100.000000000,1.500000000\r\n"
	    "2026-10-02,0.000000931,0.000000000,24,"
	    "0.000000931,0.000000000\r\n";
	struct chart_case_usage c;
	const struct chart chart = {.usage = &c.usage};
	struct chart_table table;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	chart_case_begin(&c, 2, 2, 0);
	chart_case_rename(&c, 0, "small");
	chart_case_rename(&c, 1, "=evil");
	c.parts[0].estimated = GIB + GIB / 2;
	c.parts[1].measured = 100 * GIB;
	c.parts[3].measured = 1000; /* 0.00000093 GiB */
	c.missing[1] = 24;
	assert_true(chart_tabulate(&chart, &table, &err));
	chart_table_csv(&table, true, &b);
	assert_string_equal(buf_text(&b), expected);
	buf_clear(&b);
	chart_table_csv(&table, false, &b);
	assert_string_equal(buf_text(&b), strchr(expected, '\n') + 1);
	chart_table_fini(&table);
	chart_case_end(&c);
	buf_fini(&b);
}

static void
a_table_of_costs_has_amounts_as_they_are(void **state)
{
	struct chart_month months[CHART_MAX_MONTHS];
	struct chart_cost cost;
	const struct chart chart = {.cost = &cost};
	struct chart_table table;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	chart_case_cost(find_cost("credit"), months, &cost);
	months[3].amount = NULL;
	assert_true(chart_tabulate(&chart, &table, &err));
	chart_table_csv(&table, true, &b);
	assert_string_equal(buf_text(&b), "month,currency,cost,forecast\r\n"
					  "2026-05,EUR,120.50,\r\n"
					  "2026-06,EUR,80.00,\r\n"
					  "2026-07,EUR,-45.20,\r\n"
					  "2026-08,EUR,,\r\n"
					  "2026-09,EUR,-0.50,\r\n"
					  "2026-10,EUR,33.00,60.00\r\n");
	buf_clear(&b);
	chart_table_html(&table, &b);
	assert_non_null(strstr(b.data, "<table>\n<tr><th>month</th>"));
	assert_non_null(strstr(b.data, "<td>-45.20</td>"));
	chart_table_fini(&table);
	buf_fini(&b);
}

/* --- drawing --- */

/* Folder $CASES_OUT, if it is set, gets a copy, for other tests and for
 * looking at it. */
static void
keep(
    const char *kind, const char *name, const char *suffix, const struct buf *b)
{
	const char *folder = getenv("CASES_OUT");
	char path[512];
	FILE *f;

	if (folder == NULL)
		return;
	snprintf(path, sizeof path, "%s/%s-%s.%s", folder, kind, name, suffix);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(buf_text(b), 1, b->len, f), b->len);
	assert_int_equal(fclose(f), 0);
}

static void
draw(const struct chart *chart, const char *kind, const char *name)
{
	struct buf png = BUF_INIT, svg = BUF_INIT, csv = BUF_INIT;
	struct buf alt = BUF_INIT;
	struct chart_size size = {0, 0}, again = {0, 0};
	struct chart_table table;
	struct err err = ERR_INIT;

	if (!chart_draw(chart, 1, CANVAS_PNG, &png, &size, &err) ||
	    !chart_draw(chart, 1, CANVAS_SVG, &svg, &again, &err) ||
	    !chart_tabulate(chart, &table, &err))
		fail_msg("%s %s: %s", kind, name, err.text);
	assert_int_equal(size.width, CHART_WIDTH);
	assert_int_equal(size.height, again.height);
	assert_true(size.height > 200 && size.height < 600);
	chart_table_csv(&table, true, &csv);
	chart_table_fini(&table);
	chart_alt(chart, &alt);
	keep(kind, name, "png", &png);
	keep(kind, name, "svg", &svg);
	keep(kind, name, "csv", &csv);
	keep(kind, name, "txt", &alt);
	buf_fini(&png);
	buf_fini(&svg);
	buf_fini(&csv);
	buf_fini(&alt);
}

static void
every_case_is_drawn(void **state)
{
	(void)state;
	for (size_t i = 0; i < USAGE_CASES; i++) {
		struct chart_case_usage c;
		const struct chart chart = {.usage = &c.usage};

		usage_cases[i].make(&c);
		draw(&chart, "usage", usage_cases[i].name);
		chart_case_end(&c);
	}
	for (size_t i = 0; i < COST_CASES; i++) {
		struct chart_month months[CHART_MAX_MONTHS];
		struct chart_cost cost;
		const struct chart chart = {.cost = &cost};

		chart_case_cost(&cost_cases[i], months, &cost);
		draw(&chart, "cost", cost_cases[i].name);
	}
}

static void
charts_stand_below_each_other_in_one_picture(void **state)
{
	struct chart_month months[CHART_MAX_MONTHS];
	struct chart_case_usage c;
	struct chart_cost cost;
	struct chart charts[2] = {{.usage = &c.usage}, {.cost = &cost}};
	struct chart_size one, other, both;
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	usage_twelve(&c);
	chart_case_cost(find_cost("year"), months, &cost);
	assert_true(chart_draw(&charts[0], 1, CANVAS_SVG, &b, &one, &err));
	assert_true(chart_draw(&charts[1], 1, CANVAS_SVG, &b, &other, &err));
	buf_clear(&b);
	assert_true(chart_draw(charts, 2, CANVAS_SVG, &b, &both, &err));
	assert_in_range(both.height, one.height + other.height - 2,
	    one.height + other.height);
	assert_non_null(strstr(b.data, ">Stored per day, by account<"));
	assert_non_null(strstr(b.data, ">Cost by month<"));
	chart_case_end(&c);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_axis_of_bytes_has_round_steps_in_a_fitting_unit),
	    cmocka_unit_test(
		an_axis_of_money_has_short_labels_and_whole_minor_units),
	    cmocka_unit_test(
		eight_have_colours_of_their_own_and_the_ninth_brings_others),
	    cmocka_unit_test(others_are_the_smallest_and_nothing_is_lost),
	    cmocka_unit_test(bytes_are_said_in_the_unit_that_fits),
	    cmocka_unit_test(a_picture_of_usage_is_said_in_words),
	    cmocka_unit_test(a_picture_of_cost_is_said_in_words),
	    cmocka_unit_test(a_table_has_every_figure_behind_the_picture),
	    cmocka_unit_test(a_table_of_costs_has_amounts_as_they_are),
	    cmocka_unit_test(every_case_is_drawn),
	    cmocka_unit_test(charts_stand_below_each_other_in_one_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
