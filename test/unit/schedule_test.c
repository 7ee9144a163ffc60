/*
 * schedule_test.c - unit tests of src/schedule.c.
 */
#include "fixture.h"
#include "src/outbox.h"
#include "src/schedule.h"

/* What is planned at an instant, "name period" by name. */
static void
planned_at(struct fixture *f, int64_t now, int64_t expected_count)
{
	int64_t added = -1;
	bool due;

	assert_true(schedule_is_due(f->db, now, &due, &f->err));
	assert_int_equal(due, expected_count > 0);
	assert_true(schedule_plan(f->db, now, &added, &f->err));
	assert_int_equal(added, expected_count);
	assert_true(schedule_is_due(f->db, now, &due, &f->err));
	assert_false(due);
	assert_true(schedule_plan(f->db, now, &added, &f->err));
	assert_int_equal(added, 0);
	assert_false(sql_in_transaction(f->db));
}

static void
last_is(struct fixture *f, const char *name, const char *period)
{
	int64_t id = fixture_int(f->db, "SELECT max(id) FROM mail", &f->err);
	struct outbox_mail m;

	assert_true(outbox_load(f->db, id, &m, &f->err));
	assert_string_equal(m.name, name);
	assert_string_equal(m.period, period);
	assert_int_equal(m.revision, 1);
}

static void
a_draft_is_planned_once_ten_minutes_after_the_month(void **state)
{
	struct fixture *f = *state;
	int64_t november = utc_from_date(2026, 11, 1);
	struct outbox_mail m;

	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	planned_at(f, november + 600, 0);
	fixture_sample(f, 1, FIXTURE_NOW + 5, 1, "");
	planned_at(f, november - 1, 0);
	planned_at(f, november + 599, 0);
	planned_at(f, november + 600, 1);
	last_is(f, "draft:acme", "2026-10");
	assert_true(outbox_load(f->db, 1, &m, &f->err));
	assert_int_equal(m.account, 1);
	assert_int_equal(m.created_at, november + 600);
	assert_int_equal(m.next_at, november + 600);
	planned_at(f, november + 20 * INT64_C(86400), 0);
}

static void
the_year_ends_like_a_month(void **state)
{
	struct fixture *f = *state;
	int64_t january = utc_from_date(2027, 1, 1);

	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	fixture_sample(f, 1, january - 1, 1, "");
	planned_at(f, january + 599, 0);
	planned_at(f, january + 600, 1);
	last_is(f, "draft:acme", "2026-12");
}

static void
after_a_long_stop_the_newest_month_alone_is_planned(void **state)
{
	struct fixture *f = *state;

	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	fixture_sample(f, 1, FIXTURE_NOW, 1, "");
	planned_at(f, utc_from_date(2027, 4, 15), 1);
	last_is(f, "draft:acme", "2027-03");
	planned_at(f, utc_from_date(2027, 5, 15), 1);
	last_is(f, "draft:acme", "2027-04");
}

static void
only_who_has_had_a_sample_gets_a_draft(void **state)
{
	struct fixture *f = *state;
	int64_t november = utc_from_date(2026, 11, 1);

	fixture_account(f, "acme");
	fixture_account(f, "silent");
	fixture_account(f, "newer");
	fixture_source(f, "admin1", "acme,newer");
	fixture_sample(f, 1, FIXTURE_NOW, 1, "\"account\":\"acme\"");
	fixture_sample(f, 2, november, 1, "\"account\":\"newer\"");
	planned_at(f, november + 600, 1);
	last_is(f, "draft:acme", "2026-10");
	planned_at(f, utc_from_date(2026, 12, 1) + 600, 2);
	last_is(f, "draft:newer", "2026-11");
}

static void
an_account_that_comes_late_is_still_planned(void **state)
{
	struct fixture *f = *state;
	int64_t november = utc_from_date(2026, 11, 1);

	fixture_account(f, "acme");
	fixture_account(f, "late");
	fixture_source(f, "admin1", "acme,late");
	fixture_sample(f, 1, FIXTURE_NOW, 1, "\"account\":\"acme\"");
	planned_at(f, november + 600, 1);
	fixture_sample(f, 2, november - 100, 1, "\"account\":\"late\"");
	planned_at(f, november + 900, 1);
	last_is(f, "draft:late", "2026-10");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(a_draft_is_planned_once_ten_minutes_after_the_month),
	    FIXTURE_TEST(the_year_ends_like_a_month),
	    FIXTURE_TEST(after_a_long_stop_the_newest_month_alone_is_planned),
	    FIXTURE_TEST(only_who_has_had_a_sample_gets_a_draft),
	    FIXTURE_TEST(an_account_that_comes_late_is_still_planned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
