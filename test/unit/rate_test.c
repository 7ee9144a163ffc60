/*
 * rate_test.c - unit tests of src/rate.c.
 */
#include "fixture.h"
#include "src/rate.h"

static const int64_t YEAR_2000 = 946684800 / 3600;

/* Adds a rate to the account of that row; false with f->err. */
static bool
create(struct fixture *f, int64_t account, const char *money,
    const char *max_age, int64_t from, struct rate *out)
{
	memset(out, 0, sizeof *out);
	out->account = account;
	snprintf(out->rate, sizeof out->rate, "%s", money);
	snprintf(out->max_age, sizeof out->max_age, "%s", max_age);
	f->err = (struct err)ERR_INIT;
	return rate_create(
	    f->db, out, from, "acme", "operator:me", f->now, &f->err);
}

static void
the_first_rate_holds_from_2000_and_a_later_one_from_the_next_hour(void **state)
{
	struct fixture *f = *state;
	int64_t account = fixture_account(f, "acme");
	int64_t other = fixture_account(f, "other");
	int64_t hour = FIXTURE_NOW / 3600;
	struct rate r;

	assert_true(create(f, account, "0.03", "", 0, &r));
	assert_int_equal(r.from_hour, YEAR_2000);
	assert_true(r.id > 0);
	assert_int_equal(r.created_at, FIXTURE_NOW);
	f->now = FIXTURE_NOW + 1;
	assert_true(create(f, account, "0.04", "", 0, &r));
	assert_int_equal(r.from_hour, hour + 1);
	/* The first of its age, and of another account. */
	assert_true(create(f, account, "0.05", "30d", 0, &r));
	assert_int_equal(r.from_hour, YEAR_2000);
	assert_true(create(f, other, "0.06", "", 0, &r));
	assert_int_equal(r.from_hour, YEAR_2000);
	/* On the hour, this one. */
	f->now = FIXTURE_NOW + 7200;
	assert_true(create(f, account, "0.07", "", 0, &r));
	assert_int_equal(r.from_hour, hour + 2);
}

static void
a_given_start_is_moved_to_a_whole_hour(void **state)
{
	struct fixture *f = *state;
	int64_t account = fixture_account(f, "acme");
	struct rate r;

	assert_true(create(f, account, "1", "", 3600000, &r));
	assert_int_equal(r.from_hour, 1000);
	assert_true(create(f, account, "1", "", 3600001, &r));
	assert_int_equal(r.from_hour, 1001);
	assert_true(create(f, account, "1", "", 3600000 + 7199, &r));
	assert_int_equal(r.from_hour, 1002);
	assert_int_equal(
	    fixture_int(f->db,
		"SELECT count(*) FROM fact WHERE kind = 'rate.set'"
		" AND who = 'operator:me' AND subject = 'acme'"
		" AND detail = 'rate=1 max_age=all from=1970-02-11T16:00:00Z'",
		&f->err),
	    1);
}

static void
a_rate_is_a_plain_decimal(void **state)
{
	static const char *const good[] = {"0", "0.03", "1", "000.10",
	    "123456789012", "0.123456789012", "123456789012.123456789012"};
	static const char *const wrong[] = {"", ".", ".5", "5.", "-1", "+1",
	    "1e3", "0,03", " 1", "1 ", "0x1", "1.2.3", "1/3", "nan",
	    "1234567890123", "0.1234567890123"};
	struct fixture *f = *state;
	int64_t account = fixture_account(f, "acme");
	struct rate r;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		if (create(f, account, wrong[i], "", 0, &r))
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_int_equal(f->err.kind, ERR_INPUT);
		assert_false(sql_in_transaction(f->db));
	}
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM rate", &f->err), 0);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!create(
			f, account, good[i], "", 3600 * (int64_t)(i + 1), &r))
			fail_msg("\"%s\": %s", good[i], f->err.text);
}

static void
an_age_is_a_number_of_hours_or_days(void **state)
{
	static const struct {
		const char *text, *kept;
		uint32_t hours;
	} good[] = {
	    {"", "", 0},
	    {"inf", "", 0},
	    {"1h", "1h", 1},
	    {"12h", "12h", 12},
	    {"24h", "1d", 24},
	    {"30d", "30d", 720},
	    {"720h", "30d", 720},
	    {"99999d", "99999d", 2399976},
	    {"99999h", "99999h", 99999},
	};
	static const char *const wrong[] = {"0", "0d", "0h", "01d", "-1d", "d",
	    "1", "1w", "1dd", "1d ", " 1d", "1D", "100000d", "1.5d", "INF"};
	struct fixture *f = *state;
	int64_t account = fixture_account(f, "acme");
	char text[RATE_AGE_SIZE];
	struct rate r;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		if (create(f, account, "1", wrong[i], 0, &r))
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_int_equal(f->err.kind, ERR_INPUT);
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_true(create(f, account, "1", good[i].text,
		    3600 * (int64_t)(i + 1), &r));
		assert_string_equal(r.max_age, good[i].kept);
		assert_int_equal(r.age_hours, good[i].hours);
		assert_string_equal(
		    rate_format_age(good[i].hours, text), good[i].kept);
	}
}

static void
a_rate_is_never_edited(void **state)
{
	struct fixture *f = *state;
	int64_t account = fixture_account(f, "acme");
	struct rate r;

	assert_true(create(f, account, "1", "30d", 7200, &r));
	/* The same hour, the same age said otherwise. */
	assert_false(create(f, account, "2", "720h", 3601, &r));
	assert_int_equal(f->err.kind, ERR_INPUT);
	assert_non_null(strstr(f->err.text, "1970-01-01T02:00:00Z"));
	assert_false(sql_in_transaction(f->db));
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM fact"
			     " WHERE kind = 'rate.set'",
			     &f->err),
	    1);
	assert_true(create(f, account, "2", "", 7200, &r));
	assert_true(create(f, account, "2", "30d", 7201, &r));
}

static void
rates_are_listed_by_account_age_and_hour(void **state)
{
	struct fixture *f = *state;
	int64_t a = fixture_account(f, "acme");
	int64_t b = fixture_account(f, "other");
	struct rate r, *list;
	size_t count;

	assert_true(create(f, b, "5", "", 3600, &r));
	assert_true(create(f, a, "4", "7d", 3600, &r));
	assert_true(create(f, a, "3", "30d", 3600, &r));
	assert_true(create(f, a, "2", "", 7200, &r));
	assert_true(create(f, a, "1", "", 3600, &r));
	assert_true(rate_list(f->db, 0, &list, &count, &f->err));
	assert_int_equal(count, 5);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list[i].rate[0], '1' + (int)i);
	assert_int_equal(list[3].age_hours, 168);
	assert_int_equal(list[4].account, b);
	free(list);
	assert_true(rate_list(f->db, a, &list, &count, &f->err));
	assert_int_equal(count, 4);
	free(list);
	assert_true(rate_list(f->db, 99, &list, &count, &f->err));
	assert_int_equal(count, 0);
	free(list);
}

/* --- which rate holds --- */

static const struct rate TABLE[] = {
    {.id = 1, .age_hours = 0, .from_hour = 100},
    {.id = 2, .age_hours = 0, .from_hour = 200},
    {.id = 3, .age_hours = 24, .from_hour = 150},
    {.id = 4, .age_hours = 24, .from_hour = 250},
    {.id = 5, .age_hours = 720, .from_hour = 10},
};

enum {
	TABLE_SIZE = sizeof TABLE / sizeof TABLE[0]
};

static int64_t
id_at(uint32_t age, int64_t hour, int64_t *until)
{
	const struct rate *r = rate_at(TABLE, TABLE_SIZE, age, hour, until);

	return r != NULL ? r->id : 0;
}

static void
a_rate_holds_until_the_next_of_its_age(void **state)
{
	int64_t until;

	(void)state;
	assert_int_equal(id_at(0, 99, &until), 0);
	assert_int_equal(until, 100);
	assert_int_equal(id_at(0, 100, &until), 1);
	assert_int_equal(until, 200);
	assert_int_equal(id_at(0, 199, &until), 1);
	assert_int_equal(id_at(0, 200, &until), 2);
	assert_true(until == INT64_MAX);
	assert_int_equal(id_at(720, 10, &until), 5);
	assert_true(until == INT64_MAX);
}

static void
an_age_without_a_rate_of_its_own_falls_back_to_all_ages(void **state)
{
	int64_t until;

	(void)state;
	assert_int_equal(id_at(24, 99, &until), 0);
	assert_int_equal(until, 100);
	assert_int_equal(id_at(24, 100, &until), 1);
	assert_int_equal(until, 150);
	assert_int_equal(id_at(24, 149, &until), 1);
	assert_int_equal(id_at(24, 150, &until), 3);
	assert_int_equal(until, 250);
	assert_int_equal(id_at(24, 250, &until), 4);
	/* An age that has none at all. */
	assert_int_equal(id_at(168, 150, &until), 1);
	assert_int_equal(until, 200);
	assert_int_equal(id_at(168, 1000, &until), 2);
	/* All ages do not fall back to one age. */
	assert_int_equal(id_at(0, 50, &until), 0);
	assert_null(rate_at(TABLE, 0, 24, 100, &until));
	assert_true(until == INT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(
		the_first_rate_holds_from_2000_and_a_later_one_from_the_next_hour),
	    FIXTURE_TEST(a_given_start_is_moved_to_a_whole_hour),
	    FIXTURE_TEST(a_rate_is_a_plain_decimal),
	    FIXTURE_TEST(an_age_is_a_number_of_hours_or_days),
	    FIXTURE_TEST(a_rate_is_never_edited),
	    FIXTURE_TEST(rates_are_listed_by_account_age_and_hour),
	    cmocka_unit_test(a_rate_holds_until_the_next_of_its_age),
	    cmocka_unit_test(
		an_age_without_a_rate_of_its_own_falls_back_to_all_ages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
