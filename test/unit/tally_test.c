/*
 * tally_test.c - unit tests of src/tally.c, with the ledger that tells it.
 */
#include "fixture.h"
#include "src/tally.h"

static struct tally *tally;

/* Reads until all is known, and counts the turns. */
static int
load(struct fixture *f, int64_t now)
{
	int turns = 0;

	while (!tally_is_loaded(tally)) {
		assert_true(tally_load(tally, f->db, now, &f->err));
		turns++;
	}
	return turns;
}

/* The sums at an instant as "account:bytes ". */
static void
sums_are(struct fixture *f, int64_t now, const char *expected)
{
	struct tally_sum *list = NULL;
	struct buf b = BUF_INIT;
	size_t count = 0;

	assert_true(tally_sums(tally, now, &list, &count, &f->err));
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, "%lld:%lld ", (long long)list[i].account,
		    (long long)list[i].bytes);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
	free(list);
}

static int
set_up(void **state)
{
	struct fixture *f;

	fixture_set_up(state);
	f = *state;
	fixture_account(f, "acme");
	fixture_account(f, "other");
	fixture_source(f, "admin1", "acme,other");
	tally = tally_new(&f->err);
	assert_non_null(tally);
	f->ledger = ledger_open(f->db, &f->err);
	assert_non_null(f->ledger);
	ledger_set_tally(f->ledger, tally);
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	ledger_set_tally(f->ledger, NULL);
	tally_free(tally);
	return fixture_tear_down(state);
}

#define ACME "\"account\":\"acme\""
#define OTHER "\"account\":\"other\""

static void
each_volume_counts_once_with_its_latest_sample(void **state)
{
	struct fixture *f = *state;
	int64_t t = f->now;

	fixture_sample(f, 1, t, 10, ACME);
	fixture_sample(f, 2, t, 5, ACME);
	fixture_sample(f, 3, t, 7, OTHER);
	fixture_sample(f, 1, t + 60, 11, ACME);
	load(f, t + 60);
	sums_are(f, t + 60, "1:16 2:7 ");
	/* From now on the ledger tells. */
	fixture_sample(f, 1, t + 3600, 100, ACME);
	sums_are(f, t + 3600, "1:105 2:7 ");
	/* A late one is not the latest. */
	f->now = t + 3700;
	fixture_begin_report(f, 900);
	fixture_add_sample(f, 1, t + 30, 0, 1, ACME);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	sums_are(f, t + 3700, "1:105 2:7 ");
	/* A volume that moves takes its bytes along. */
	fixture_sample(f, 2, t + 3800, 6, OTHER);
	sums_are(f, t + 3800, "1:100 2:13 ");
}

static void
of_one_instant_the_highest_revision_counts(void **state)
{
	struct fixture *f = *state;
	int64_t t = f->now;

	fixture_sample(f, 1, t, 10, ACME);
	load(f, t);
	fixture_sample(f, 1, t, 20, ACME ",\"revision\":2");
	sums_are(f, t, "1:20 ");
	fixture_sample(f, 1, t, 15, ACME ",\"revision\":1");
	sums_are(f, t, "1:20 ");
	tally_forget(tally);
	sums_are(f, t, "");
	load(f, t);
	sums_are(f, t, "1:20 ");
}

static void
old_and_ended_volumes_do_not_count(void **state)
{
	struct fixture *f = *state;
	int64_t t = f->now;

	fixture_sample(f, 1, t, 1, ACME);
	fixture_sample(f, 2, t + 7200, 2, ACME);
	fixture_sample(
	    f, 3, t + 7200, 4, ACME ",\"retired_at\":\"2026-10-01T04:00:00Z\"");
	load(f, t + 7200);
	sums_are(f, t + 7200, "1:7 ");
	sums_are(f, t + INT64_C(4) * 3600, "1:3 ");
	sums_are(f, t + TALLY_MAX_AGE_SECS - 1, "1:3 ");
	sums_are(f, t + TALLY_MAX_AGE_SECS, "1:2 ");
	/* One that is told while the rest is known. */
	fixture_sample(
	    f, 2, t + 7300, 3, ACME ",\"retired_at\":\"2026-10-01T03:00:00Z\"");
	sums_are(f, t + 7300, "1:8 ");
	sums_are(f, t + INT64_C(3) * 3600, "1:5 ");
	/* The same when all is read. */
	tally_forget(tally);
	load(f, t + 7300);
	sums_are(f, t + 7300, "1:8 ");
	sums_are(f, t + INT64_C(3) * 3600, "1:5 ");
}

static void
what_is_rolled_back_is_forgotten(void **state)
{
	struct fixture *f = *state;
	int64_t t = f->now;

	fixture_sample(f, 1, t, 10, ACME);
	load(f, t);
	f->now = t + 60;
	fixture_begin_report(f, 900);
	fixture_add_sample(f, 1, t + 60, 0, 99, ACME);
	buf_str(&f->body, "]}");
	assert_int_equal(fixture_take_report(f), LEDGER_STORED);
	sums_are(f, t + 60, "1:99 ");
	ledger_rollback(f->ledger);
	assert_false(tally_is_loaded(tally));
	load(f, t + 60);
	sums_are(f, t + 60, "1:10 ");
}

static void
what_others_have_written_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct sql *other = store_open_write(f->folder, 0, NULL, &f->err);
	int64_t t = f->now;

	assert_non_null(other);
	fixture_sample(f, 1, t, 10, ACME);
	load(f, t);
	assert_true(
	    sql_exec(other, "UPDATE account SET net_days = 7", &f->err));
	fixture_sample(f, 2, t, 1, ACME);
	assert_false(tally_is_loaded(tally));
	load(f, t);
	sums_are(f, t, "1:11 ");
	sql_close(other);
}

/* Turns are bounded, and what comes between two of them is not lost. */
static void
much_is_read_in_turns(void **state)
{
	struct fixture *f = *state;
	int64_t t = f->now;
	char all[64];

	for (int n = 1; n <= 3; n++) {
		f->now = t + n;
		fixture_begin_report(f, 100 + n);
		for (int v = 1; v <= TALLY_TURN_ROWS; v++)
			fixture_add_sample(f, v, t + n, 0, n, ACME);
		assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	}
	assert_true(tally_load(tally, f->db, t, &f->err));
	assert_false(tally_is_loaded(tally));
	/* A new volume, and one that was read already. */
	fixture_sample(f, TALLY_TURN_ROWS + 1, t + 4, 1000000, ACME);
	fixture_sample(f, 1, t + 5, 1003, ACME);
	assert_true(load(f, t) >= 3);
	snprintf(all, sizeof all, "1:%d ", 3 * TALLY_TURN_ROWS + 1001000);
	sums_are(f, t + 5, all);
}

static void
a_sum_that_is_too_large_stays_below(void **state)
{
	struct fixture *f = *state;

	fixture_sample(f, 1, f->now, INT64_MAX, ACME);
	fixture_sample(f, 2, f->now, INT64_MAX, ACME);
	load(f, f->now);
	sums_are(f, f->now, "1:9223372036854775807 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_volume_counts_once_with_its_latest_sample),
	    TEST(of_one_instant_the_highest_revision_counts),
	    TEST(old_and_ended_volumes_do_not_count),
	    TEST(what_is_rolled_back_is_forgotten),
	    TEST(what_others_have_written_is_noticed),
	    TEST(much_is_read_in_turns),
	    TEST(a_sum_that_is_too_large_stays_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
