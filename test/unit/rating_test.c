/*
 * rating_test.c - unit tests of src/rating.c. A month's lines are written as
 * text: name, age, exact byte-hours, amount, hours measured/estimated/unbilled.
 */
#include "fixture.h"
#include "src/rate.h"
#include "src/rating.h"
#include "src/usage.h"

#define GIB (INT64_C(1) << 30)

static const int64_t LONG_AFTER = 1800000000; /* 2027-01-15 */

static void
set_rate(struct fixture *f, int64_t account, const char *money,
    const char *max_age, int64_t from)
{
	struct rate r;

	memset(&r, 0, sizeof r);
	r.account = account;
	snprintf(r.rate, sizeof r.rate, "%s", money);
	snprintf(r.max_age, sizeof r.max_age, "%s", max_age);
	if (!rate_create(
		f->db, &r, from, "acme", "operator:me", f->now, &f->err))
		fail_msg("rate: %s", f->err.text);
}

/* Account acme, whose gaps are carried for a year; and its source. */
static void
begin(struct fixture *f)
{
	struct account a = fixture_rules("acme");

	a.max_carry_hours = 8760;
	fixture_add(f, &a);
	fixture_source(f, "admin1", "acme");
}

static void
put_exact(struct buf *b, const struct exact *x)
{
	char *text = exact_decimal(x, 12);

	buf_printf(b, " %s", text);
	free(text);
}

static void
put_line(struct buf *b, const struct rating_line *l)
{
	char age[RATE_AGE_SIZE];

	buf_printf(b, "%s", l->name);
	for (size_t i = 0; i < l->former_count; i++)
		buf_printf(b, "%s%s", i == 0 ? "<" : ",", l->former_names[i]);
	buf_printf(b, " [%s]", rate_format_age(l->age_hours, age));
	put_exact(b, l->byte_hours);
	if (l->rated)
		put_exact(b, l->amount);
	else
		buf_str(b, " -");
	buf_printf(b, " %lld/%lld/%lld;", (long long)l->hours.measured,
	    (long long)l->hours.estimated, (long long)l->hours.unbilled);
}

static bool
rate_month(struct fixture *f, const struct account *a, int64_t month_start,
    int64_t now, struct rating *out)
{
	struct rating_query query = {.month_start = month_start,
	    .now = now,
	    .upto_fact = USAGE_ALL_FACTS};

	return rating_run(f->db, a, 1, &query, out, &f->err);
}

/* October's lines, the total and whether something is unrated ("!"). */
static void
october_is(struct fixture *f, const char *expected)
{
	struct account a;
	struct rating r;
	struct buf b = BUF_INIT;

	assert_true(account_load(f->db, 1, &a, &f->err));
	if (!rate_month(f, &a, FIXTURE_NOW, LONG_AFTER, &r))
		fail_msg("rating: %s", f->err.text);
	assert_int_equal(r.hours_in_month, 744);
	for (size_t i = 0; i < r.line_count; i++)
		put_line(&b, &r.lines[i]);
	put_exact(&b, r.total);
	buf_str(&b, r.unrated ? " !" : "");
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
	rating_fini(&r);
	rating_fini(&r);
}

static void
sample(struct fixture *f, int volume, int64_t hour, int64_t bytes,
    const char *members)
{
	fixture_sample(f, volume, FIXTURE_NOW + hour * 3600, bytes, members);
}

static void
a_full_month_costs_size_times_rate(void **state)
{
	struct fixture *f = *state;
	struct account a;
	struct rating r;

	begin(f);
	set_rate(f, 1, "0.03", "", 0);
	sample(f, 1, 0, 1024 * GIB, "");
	october_is(f, " [] 818036651065344 30.72 1/743/0; 30.72");
	/* As do months of other lengths. */
	assert_true(account_load(f->db, 1, &a, &f->err));
	for (int month = 11; month <= 15; month++) {
		static const int hours[] = {720, 744, 744, 672, 744};
		int64_t start = utc_from_date(2026, month, 1);
		struct exact *want = exact_new();

		assert_true(exact_parse(want, "30.72"));
		assert_true(
		    rate_month(f, &a, start, utc_from_date(2027, 6, 1), &r));
		assert_int_equal(r.hours_in_month, hours[month - 11]);
		assert_int_equal(exact_cmp(r.total, want), 0);
		assert_int_equal(r.hours.estimated, r.hours_in_month);
		exact_free(want);
		rating_fini(&r);
	}
}

static void
a_month_is_rated_as_far_as_it_is_known(void **state)
{
	struct fixture *f = *state;
	struct account a;
	struct rating r;
	char *text;

	begin(f);
	set_rate(f, 1, "7.44", "", 0);
	sample(f, 1, 0, GIB, "");
	assert_true(account_load(f->db, 1, &a, &f->err));
	assert_true(rate_month(
	    f, &a, FIXTURE_NOW, FIXTURE_NOW + 10 * INT64_C(3600), &r));
	text = exact_decimal(r.total, 30);
	assert_string_equal(text, "0.1");
	free(text);
	rating_fini(&r);
}

static void
nothing_costs_nothing(void **state)
{
	struct fixture *f = *state;

	begin(f);
	october_is(f, " 0");
	sample(f, 1, 743, 0, "");
	/* Even without a rate. */
	october_is(f, " [] 0 - 1/0/0; 0");
}

static void
usage_without_a_rate_is_unrated(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rate(f, 1, "744", "", FIXTURE_NOW + 743 * INT64_C(3600));
	sample(f, 1, 742, GIB, "\"name\":\"a\"");
	/* One hour before the first rate, one in it. */
	october_is(f, "a [] 1073741824 - 1/0/0;a [] 1073741824 1 0/1/0; 1 !");
}

static void
each_rate_has_a_line_from_its_hour_on(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rate(f, 1, "744", "", 0);
	set_rate(f, 1, "1488", "", FIXTURE_NOW + 742 * INT64_C(3600));
	sample(f, 1, 741, GIB, "\"name\":\"a\"");
	october_is(f, "a [] 1073741824 1 1/0/0;a [] 2147483648 4 0/2/0; 5");
}

static void
bins_are_charged_by_their_age(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rate(f, 1, "744", "", 0);
	set_rate(f, 1, "7440", "30d", 0);
	sample(f, 1, 743, 6 * GIB,
	    "\"name\":\"a\",\"size_bins\":["
	    "{\"max_age\":null,\"bytes\":3221225472},"
	    "{\"max_age\":\"60d\",\"bytes\":2147483648},"
	    "{\"max_age\":\"30d\",\"bytes\":1073741824}]");
	/* By age, the open end last; 60d by the rate of all ages. */
	october_is(f, "a [30d] 1073741824 10 1/0/0;a [60d] 2147483648 2 1/0/0;"
		      "a [] 3221225472 3 1/0/0; 15");
}

static void
an_age_gets_its_own_rate_when_it_begins(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rate(f, 1, "744", "", 0);
	set_rate(f, 1, "7440", "30d", FIXTURE_NOW + 743 * INT64_C(3600));
	sample(f, 1, 742, GIB,
	    "\"name\":\"a\",\"size_bins\":["
	    "{\"max_age\":\"30d\",\"bytes\":1073741824}]");
	october_is(
	    f, "a [30d] 1073741824 1 1/0/0;a [30d] 1073741824 10 0/1/0; 11");
}

static void
lines_stand_by_name_and_volume(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rate(f, 1, "0", "", 0);
	sample(f, 9, 743, 1, "\"name\":\"b\"");
	sample(f, 8, 743, 2, "\"name\":\"c\"");
	sample(f, 7, 743, 3, "\"name\":\"a\"");
	sample(f, 3, 743, 4, "\"name\":\"b\"");
	sample(f, 2, 743, 5, "");
	october_is(f,
	    " [] 5 0 1/0/0;a [] 3 0 1/0/0;b [] 4 0 1/0/0;b [] 1 0 1/0/0;"
	    "c [] 2 0 1/0/0; 0");
}

static void
a_line_has_its_latest_name_and_the_former_ones(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rate(f, 1, "0", "", 0);
	sample(f, 1, 738, 1, "\"name\":\"a\"");
	sample(f, 1, 739, 1, "\"name\":\"b\"");
	sample(f, 1, 740, 1, "\"name\":\"a\"");
	sample(f, 1, 741, 1, "\"name\":\"c\"");
	sample(f, 1, 742, 1, "");
	sample(f, 1, 743, 1, "\"name\":\"c\"");
	/* In the order in which they were left. */
	october_is(f, "c<b,a [] 6 0 6/0/0; 0");
}

static void
a_name_that_came_back_is_no_former_one(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rate(f, 1, "0", "", 0);
	sample(f, 1, 741, 1, "\"name\":\"a\"");
	sample(f, 1, 742, 1, "\"name\":\"b\"");
	sample(f, 1, 743, 1, "\"name\":\"a\"");
	october_is(f, "a<b [] 3 0 3/0/0; 0");
}

static void
a_month_without_a_name_has_the_last_one(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rate(f, 1, "0", "", 0);
	sample(f, 1, -5, 1, "\"name\":\"a\"");
	sample(f, 1, -4, 1, "\"name\":\"b\"");
	sample(f, 1, 743, 1, "");
	october_is(f, "b [] 744 0 1/743/0; 0");
}

static void
another_account_s_name_is_not_on_the_bill(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fixture_account(f, "other");
	fixture_source(f, "admin2", "acme,other");
	set_rate(f, 1, "0", "", 0);
	/* Neither what it was called before nor what it is called later. */
	sample(f, 2, -1, 1, "\"account\":\"other\",\"name\":\"theirs\"");
	sample(f, 1, 742, 1, "\"account\":\"acme\"");
	sample(f, 2, 743, 2, "\"account\":\"acme\"");
	sample(f, 1, 744, 1, "\"account\":\"other\",\"name\":\"theirs\"");
	october_is(f, " [] 2 0 1/1/0; [] 2 0 1/0/0; 0");
}

static void
hours_are_counted_once_whatever_the_bins(void **state)
{
	struct fixture *f = *state;
	struct account a;
	struct rating r;

	begin(f);
	assert_true(account_load(f->db, 1, &a, &f->err));
	sample(f, 1, 740, 3,
	    "\"size_bins\":[{\"max_age\":\"1d\",\"bytes\":1},"
	    "{\"max_age\":null,\"bytes\":2}]");
	sample(f, 2, 742, 1, "");
	assert_true(rate_month(f, &a, FIXTURE_NOW, LONG_AFTER, &r));
	assert_int_equal(r.hours.measured, 2);
	assert_int_equal(r.hours.estimated, 4);
	assert_int_equal(r.hours.unbilled, 0);
	rating_fini(&r);
}

static void
an_interpolated_hour_is_one_hour(void **state)
{
	struct fixture *f = *state;
	struct account a = fixture_rules("acme");

	a.gap = ACCOUNT_GAP_INTERPOLATE;
	fixture_add(f, &a);
	fixture_source(f, "admin1", "acme");
	set_rate(f, 1, "0", "", 0);
	sample(f, 1, 741, 10, "");
	sample(f, 1, 743, 20, "");
	october_is(f, " [] 45 0 2/1/0; 0");
}

static void
other_accounts_are_not_on_the_bill(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fixture_account(f, "other");
	fixture_source(f, "admin2", "acme,other");
	set_rate(f, 1, "0", "", 0);
	sample(f, 1, 743, 10, "\"account\":\"acme\"");
	sample(f, 2, 743, 20, "\"account\":\"other\"");
	october_is(f, " [] 10 0 1/0/0; 0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(a_full_month_costs_size_times_rate),
	    FIXTURE_TEST(a_month_is_rated_as_far_as_it_is_known),
	    FIXTURE_TEST(nothing_costs_nothing),
	    FIXTURE_TEST(usage_without_a_rate_is_unrated),
	    FIXTURE_TEST(each_rate_has_a_line_from_its_hour_on),
	    FIXTURE_TEST(bins_are_charged_by_their_age),
	    FIXTURE_TEST(an_age_gets_its_own_rate_when_it_begins),
	    FIXTURE_TEST(lines_stand_by_name_and_volume),
	    FIXTURE_TEST(a_line_has_its_latest_name_and_the_former_ones),
	    FIXTURE_TEST(a_name_that_came_back_is_no_former_one),
	    FIXTURE_TEST(a_month_without_a_name_has_the_last_one),
	    FIXTURE_TEST(another_account_s_name_is_not_on_the_bill),
	    FIXTURE_TEST(hours_are_counted_once_whatever_the_bins),
	    FIXTURE_TEST(an_interpolated_hour_is_one_hour),
	    FIXTURE_TEST(other_accounts_are_not_on_the_bill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
