/*
 * rating_trace_test.c - unit tests of src/rating_trace.c: hours one by one
 * come to what rating_run adds up. An hour is written as its number from the
 * beginning of October, m, e or u, its bytes and cost, "@" and its rate's
 * first hour; "<3" and ">9" are the hours that it rests on.
 */
#include "money_rig.h"
#include "src/rating.h"

static const int64_t BASE = 1790812800 / 3600; /* FIXTURE_NOW */

static void
put_exact(struct buf *b, const struct exact *x)
{
	char *text = exact_decimal(x, 8);

	buf_printf(b, " %s", text);
	free(text);
}

static bool
put_hour(void *ctx, const struct rating_hour *hour, struct err *err)
{
	static const char kinds[] = "meu";
	struct buf *b = ctx;
	char age[RATE_AGE_SIZE];

	(void)err;
	buf_printf(
	    b, "%lld%c", (long long)(hour->hour - BASE), kinds[hour->kind]);
	if (hour->age_hours != 0)
		buf_printf(b, "[%s]", rate_format_age(hour->age_hours, age));
	put_exact(b, hour->bytes);
	put_exact(b, hour->cost);
	if (hour->rate == NULL)
		buf_str(b, " -");
	else if (hour->rate->from_hour >= BASE)
		buf_printf(
		    b, " @%lld", (long long)(hour->rate->from_hour - BASE));
	if (hour->from_hour != 0)
		buf_printf(b, " <%lld", (long long)(hour->from_hour - BASE));
	if (hour->until_hour != 0)
		buf_printf(b, " >%lld", (long long)(hour->until_hour - BASE));
	buf_str(b, "; ");
	return true;
}

/* October of a volume's row, as known at a fact. */
static void
trace_is(struct fixture *f, const char *account, int64_t volume,
    int64_t upto_fact, const char *expected)
{
	struct account a = rig_account(f, account);
	struct buf b = BUF_INIT;

	if (!rating_trace(f->db, &a, volume, rig_at("2026-10-01T00:00:00Z"),
		rig_at("2026-11-01T00:00:00Z"), f->now, upto_fact, put_hour, &b,
		&f->err))
		fail_msg("trace: %s", f->err.text);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
october_is(struct fixture *f, const char *expected)
{
	trace_is(f, "acme", 1, USAGE_ALL_FACTS, expected);
}

static void
sample(struct fixture *f, int hour, int64_t bytes, const char *members)
{
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, 1, (BASE + hour) * 3600, 0, bytes, members);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.stored, 1);
}

/* A GiB-hour is 1; the clock stands at an hour of October. */
static void
begin(struct fixture *f, enum account_gap gap, enum account_average average,
    int hour)
{
	struct account rules = fixture_rules("acme");

	rules.gap = gap;
	rules.average = average;
	rules.max_carry_hours = 2;
	rig_begin_with(f, &rules, "744");
	f->now = (BASE + hour) * 3600;
}

static void
every_hour_is_told_in_the_order_of_time(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_GAP_CARRY, ACCOUNT_MEAN, 5);
	sample(f, 0, GIB, "");
	october_is(f,
	    "0m 1073741824 1; 1e 1073741824 1 <0; 2e 1073741824 1 <0; "
	    "3u 0 0 <0; 4u 0 0 <0; ");
}

static void
both_parts_of_an_interpolated_hour_are_one(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_GAP_INTERPOLATE, ACCOUNT_MEAN, 4);
	sample(f, 3, 4 * GIB, "");
	sample(f, 0, GIB, "");
	october_is(f, "0m 1073741824 1; 1e 2147483648 2 <0 >3; "
		      "2e 3221225472 3 <0 >3; 3m 4294967296 4; ");
}

static void
a_bin_that_only_one_end_of_a_gap_has_is_told_too(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_GAP_INTERPOLATE, ACCOUNT_MEAN, 3);
	sample(f, 0, 100, "\"size_bins\":[{\"max_age\":\"1d\",\"bytes\":100}]");
	sample(f, 2, 50, "");
	october_is(f, "0m[1d] 100 0.00000009; 1e[1d] 50 0.00000005 <0 >2; "
		      "1e 25 0.00000002 <0 >2; 2m 50 0.00000005; ");
}

static void
bins_come_by_age_the_open_end_last_each_at_its_rate(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_GAP_ZERO, ACCOUNT_MEAN, 3);
	rig_rate(f, "acme", "1488", "1d", "2026-10-01T01:00:00Z");
	for (int hour = 0; hour < 2; hour++)
		sample(f, hour, 3 * GIB,
		    "\"size_bins\":[{\"max_age\":null,\"bytes\":1073741824},"
		    "{\"max_age\":\"1d\",\"bytes\":2147483648}]");
	october_is(f, "0m[1d] 2147483648 2; 0m 1073741824 1; "
		      "1m[1d] 2147483648 4 @1; 1m 1073741824 1; "
		      "2u[1d] 0 0 @1 <1; 2u 0 0 <1; ");
}

static void
usage_without_a_rate_costs_nothing_and_says_so(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rig_begin_with(f, &rules, NULL);
	f->now = (BASE + 1) * 3600;
	sample(f, 0, GIB, "");
	october_is(f, "0m 1073741824 0 -; ");
}

static void
a_time_weighted_hour_says_whose_sample_runs_on(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_GAP_CARRY, ACCOUNT_TIME_WEIGHTED, 5);
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, 1, (BASE + 0) * 3600, 0, GIB, "");
	fixture_add_sample(f, 1, (BASE + 1) * 3600 + 1800, 0, 3 * GIB, "");
	fixture_add_sample(f, 1, (BASE + 2) * 3600, 0, 5 * GIB, "");
	fixture_add_sample(f, 1, (BASE + 4) * 3600 + 1800, 0, GIB, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	october_is(f, "0m 1073741824 1; 1m 2147483648 2 <0; 2m 5368709120 5; "
		      "3e 5368709120 5 <2; 4m 3221225472 3 <2; ");
}

static void
an_account_is_told_its_own_part_only(void **state)
{
	struct fixture *f = *state;

	f->now = rig_at("2026-10-01T00:00:00Z");
	fixture_account(f, "acme");
	fixture_account(f, "other");
	fixture_source(f, "admin1", "acme,other");
	f->now = (BASE + 2) * 3600;
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, 1, BASE * 3600, 0, 300, "\"account\":\"acme\"");
	fixture_add_sample(
	    f, 1, BASE * 3600 + 60, 0, 100, "\"account\":\"other\"");
	fixture_add_sample(f, 2, BASE * 3600, 0, 7, "\"account\":\"other\"");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	trace_is(f, "acme", 1, USAGE_ALL_FACTS, "0m 150 0 -; ");
	/* The gap is of who had the last sample. */
	trace_is(f, "other", 1, USAGE_ALL_FACTS, "0m 50 0 -; 1e 200 0 - <0; ");
	trace_is(f, "acme", 2, USAGE_ALL_FACTS, "");
}

static void
it_is_as_it_was_known_at_a_fact(void **state)
{
	struct fixture *f = *state;
	int64_t first, second;

	begin(f, ACCOUNT_GAP_ZERO, ACCOUNT_MEAN, 2);
	sample(f, 0, GIB, "");
	first = fixture_int(f->db, "SELECT max(seq) FROM fact", &f->err);
	sample(f, 0, 3 * GIB, "\"revision\":1");
	second = fixture_int(f->db, "SELECT max(seq) FROM fact", &f->err);
	rig_rate(f, "acme", "7440", "", "2026-10-01T00:00:00Z");
	trace_is(f, "acme", 1, 0, "");
	trace_is(f, "acme", 1, first, "0m 1073741824 1; 1u 0 0 <0; ");
	trace_is(f, "acme", 1, second, "0m 3221225472 3; 1u 0 0 <0; ");
	october_is(f, "0m 3221225472 30 @0; 1u 0 0 @0 <0; ");
}

static void
months_have_their_own_hours(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");
	struct buf b = BUF_INIT;
	struct account a;

	rules.gap = ACCOUNT_GAP_ZERO;
	rig_begin_with(f, &rules, "1");
	f->now = rig_at("2026-11-01T01:00:00Z");
	rig_sample(f, 1, "2026-10-31T23:00:00Z", 744 * GIB, "");
	rig_sample(f, 1, "2026-11-01T00:00:00Z", 720 * GIB, "");
	a = rig_account(f, "acme");
	assert_true(rating_trace(f->db, &a, 1, rig_at("2026-10-01T00:00:00Z"),
	    rig_at("2026-12-01T00:00:00Z"), f->now, USAGE_ALL_FACTS, put_hour,
	    &b, &f->err));
	assert_string_equal(
	    buf_text(&b), "743m 798863917056 1; 744m 773094113280 1; ");
	buf_fini(&b);
}

static bool
refuse(void *ctx, const struct rating_hour *hour, struct err *err)
{
	(void)hour;
	(*(int *)ctx)++;
	return err_set(err, ERR_BUSY, "enough");
}

static void
who_refuses_an_hour_is_told_no_more(void **state)
{
	struct fixture *f = *state;
	struct account a;
	int told = 0;

	begin(f, ACCOUNT_GAP_ZERO, ACCOUNT_MEAN, 9);
	sample(f, 0, GIB, "");
	a = rig_account(f, "acme");
	assert_false(rating_trace(f->db, &a, 1, rig_at("2026-10-01T00:00:00Z"),
	    rig_at("2026-11-01T00:00:00Z"), f->now, USAGE_ALL_FACTS, refuse,
	    &told, &f->err));
	assert_int_equal(told, 1);
	assert_string_equal(f->err.text, "enough");
}

/* --- the same as rating_run, whatever happened --- */

struct sums {
	struct exact *bytes, *cost;
	struct rating_hours hours;
	int64_t last;
	const struct rating_line *line;
};

static bool
add_hour(void *ctx, const struct rating_hour *hour, struct err *err)
{
	struct sums *s = ctx;

	(void)err;
	if (hour->age_hours != s->line->age_hours ||
	    (hour->rate != NULL) != s->line->rated ||
	    (hour->rate != NULL && hour->rate->id != s->line->rate.id))
		return true;
	assert_true(hour->hour > s->last);
	s->last = hour->hour;
	exact_add(s->bytes, hour->bytes);
	exact_add(s->cost, hour->cost);
	s->hours.measured += hour->kind == USAGE_MEASURED;
	s->hours.estimated += hour->kind == USAGE_ESTIMATED;
	s->hours.unbilled += hour->kind == USAGE_UNBILLED;
	return true;
}

static void
compare_line(
    struct fixture *f, const struct account *a, const struct rating_line *line)
{
	struct sums s = {.bytes = exact_new(),
	    .cost = exact_new(),
	    .last = -1,
	    .line = line};

	assert_true(rating_trace(f->db, a, line->volume,
	    rig_at("2026-10-01T00:00:00Z"), rig_at("2026-11-01T00:00:00Z"),
	    f->now, USAGE_ALL_FACTS, add_hour, &s, &f->err));
	assert_int_equal(exact_cmp(s.bytes, line->byte_hours), 0);
	assert_int_equal(exact_cmp(s.cost, line->amount), 0);
	assert_memory_equal(&s.hours, &line->hours, sizeof s.hours);
	exact_free(s.bytes);
	exact_free(s.cost);
}

/* A few hundred samples of three volumes, of either account. */
static void
report_at_random(struct fixture *f, unsigned *seed)
{
	static const char *const accounts[] = {
	    "\"account\":\"acme\"", "\"account\":\"other\""};
	char members[160];

	f->now = rig_at("2026-10-20T00:00:00Z");
	fixture_begin_report(f, ++f->next_report);
	for (int i = 0; i < 300; i++) {
		long bytes = rand_r(seed) % 100000;
		int64_t at = BASE * 3600 + rand_r(seed) % (19 * 86400);

		snprintf(members, sizeof members, "%s%s",
		    accounts[rand_r(seed) % 5 == 0],
		    rand_r(seed) % 2 == 0 ? ",\"revision\":1" : "");
		if (rand_r(seed) % 3 == 0)
			snprintf(members + strlen(members),
			    sizeof members - strlen(members),
			    ",\"size_bins\":[{\"max_age\":\"1d\",\"bytes\":%ld"
			    "}]",
			    bytes);
		fixture_add_sample(
		    f, 1 + rand_r(seed) % 3, at, 0, bytes, members);
	}
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
}

static void
it_comes_to_what_rating_adds_up(void **state)
{
	struct fixture *f = *state;
	struct rating_query query = {
	    .month_start = rig_at("2026-10-01T00:00:00Z"),
	    .now = rig_at("2026-10-20T00:00:00Z"),
	    .upto_fact = USAGE_ALL_FACTS};
	struct account list[2];
	struct rating ratings[2];
	unsigned seed = 1;
	size_t lines = 0;

	f->now = rig_at("2026-10-01T00:00:00Z");
	list[0] = fixture_rules("acme");
	list[1] = fixture_rules("other");
	list[0].gap = ACCOUNT_GAP_INTERPOLATE;
	list[1].average = ACCOUNT_TIME_WEIGHTED;
	for (int i = 0; i < 2; i++) {
		fixture_add(f, &list[i]);
		rig_rate(
		    f, list[i].name, "0.123456789", "", "2026-10-03T00:00:00Z");
		rig_rate(f, list[i].name, "7", "1d", "2026-10-11T07:00:00Z");
	}
	fixture_source(f, "admin1", "acme,other");
	report_at_random(f, &seed);
	assert_true(rating_run(f->db, list, 2, &query, ratings, &f->err));
	for (int i = 0; i < 2; i++) {
		lines += ratings[i].line_count;
		for (size_t j = 0; j < ratings[i].line_count; j++)
			compare_line(f, &list[i], &ratings[i].lines[j]);
		rating_fini(&ratings[i]);
	}
	assert_true(lines > 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(every_hour_is_told_in_the_order_of_time),
	    FIXTURE_TEST(both_parts_of_an_interpolated_hour_are_one),
	    FIXTURE_TEST(a_bin_that_only_one_end_of_a_gap_has_is_told_too),
	    FIXTURE_TEST(bins_come_by_age_the_open_end_last_each_at_its_rate),
	    FIXTURE_TEST(usage_without_a_rate_costs_nothing_and_says_so),
	    FIXTURE_TEST(a_time_weighted_hour_says_whose_sample_runs_on),
	    FIXTURE_TEST(an_account_is_told_its_own_part_only),
	    FIXTURE_TEST(it_is_as_it_was_known_at_a_fact),
	    FIXTURE_TEST(months_have_their_own_hours),
	    FIXTURE_TEST(who_refuses_an_hour_is_told_no_more),
	    FIXTURE_TEST(it_comes_to_what_rating_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
