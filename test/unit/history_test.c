/*
 * history_test.c - unit tests of src/history.c: which days get rows, how far
 * a turn goes, what is made again, and when samples go.
 */
#include "fixture.h"
#include "src/day.h"
#include "src/history.h"

#define TEST(name) FIXTURE_TEST(name)

static const int64_t BASE_DAY = 1790812800 / 86400; /* FIXTURE_NOW */

enum {
	LONG = 62 * 86400 /* how long samples are kept here */
};

static int64_t
number(struct fixture *f, const char *literal)
{
	return fixture_int(f->db, literal, &f->err);
}

static struct day_progress
progress(struct fixture *f)
{
	struct day_progress p = {0, 0, 0, 0};

	assert_true(day_load_progress(f->db, &p, &f->err));
	return p;
}

/* Midnight at the beginning of a day of the fixture. */
static int64_t
day_at(int64_t day)
{
	return FIXTURE_NOW + day * 86400;
}

static bool
turn(struct fixture *f, struct history *h, int64_t now)
{
	bool more;

	if (!history_turn(h, f->db, now, &more, &f->err))
		fail_msg("turn: %s", f->err.text);
	return more;
}

/* All turns that are due at now; how many. */
static int
turns_of(struct fixture *f, struct history *h, int64_t now)
{
	int n = 0;

	while (turn(f, h, now))
		n++;
	return n;
}

static int
turns(struct fixture *f, int64_t now)
{
	struct history *h = history_new(LONG, &f->err);
	int n;

	assert_non_null(h);
	n = turns_of(f, h, now);
	history_free(h);
	return n;
}

static void
begin(struct fixture *f)
{
	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
}

/* A sample of each of count volumes at every hour of days [from, to). */
static void
fill(struct fixture *f, int count, int from, int to)
{
	for (int hour = from * 24; hour < to * 24; hour++) {
		f->now = FIXTURE_NOW + hour * INT64_C(3600);
		fixture_begin_report(f, ++f->next_report);
		for (int v = 1; v <= count; v++)
			fixture_add_sample(
			    f, v, f->now, 0, v * INT64_C(4096), "");
		assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	}
}

/* --- days --- */

static void
a_day_is_closed_six_hours_after_its_end(void **state)
{
	struct fixture *f = *state;
	int64_t close = day_at(1) + HISTORY_CLOSE_SECS;

	begin(f);
	fill(f, 3, 0, 1);
	turns(f, close - 1);
	assert_int_equal(number(f, "SELECT count(*) FROM day"), 0);
	assert_int_equal(progress(f).done_day, BASE_DAY - 1);
	turns(f, close);
	assert_int_equal(number(f, "SELECT count(*) FROM day"), 3);
	assert_int_equal(progress(f).done_day, BASE_DAY);
	assert_int_equal(turns(f, close), 0);
}

static void
days_without_samples_need_no_rows(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fill(f, 1, 0, 1);
	fill(f, 1, 20, 21);
	turns(f, day_at(30));
	assert_int_equal(number(f, "SELECT count(*) FROM day"), 2);
	assert_int_equal(progress(f).done_day, BASE_DAY + 28);
}

static void
a_turn_is_bounded_and_goes_on_where_the_last_one_ended(void **state)
{
	struct fixture *f = *state;
	struct history *h = history_new(LONG, &f->err);
	int64_t rows = 0, more;
	int n = 0;

	begin(f);
	fill(f, 400, 0, 1);
	assert_true(turn(f, h, day_at(2)));
	while (progress(f).done_day < BASE_DAY) {
		more = number(f, "SELECT count(*) FROM day") - rows;
		assert_in_range(more, 1, HISTORY_TURN_SAMPLES / 24 + 64);
		rows += more;
		n++;
		/* Whoever goes on knows nothing but the tables. */
		history_free(h);
		h = history_new(LONG, &f->err);
		turn(f, h, day_at(2));
	}
	assert_true(n >= 2);
	assert_int_equal(number(f, "SELECT count(*) FROM day"), 400);
	history_free(h);
}

static void
a_volume_with_very_many_samples_is_a_row_as_well(void **state)
{
	struct fixture *f = *state;

	begin(f);
	for (int hour = 0; hour < 24; hour++) {
		f->now = FIXTURE_NOW + hour * INT64_C(3600);
		fixture_begin_report(f, ++f->next_report);
		for (int i = 0; i < 1500; i++)
			fixture_add_sample(f, 1 + i % 3, f->now, i, 7, "");
		assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	}
	assert_in_range(turns(f, day_at(2)), 2, 20);
	assert_int_equal(number(f, "SELECT count(*) FROM day"), 3);
	assert_in_range(
	    number(f, "SELECT sum(length(hours)) FROM day"), 1, 150);
}

/* --- stale rows --- */

/* The row as a number that another row does not have. */
static int64_t
row_of(struct fixture *f, int64_t day, int64_t volume)
{
	struct buf bytes = BUF_INIT;
	uint8_t digest[TLS_SHA256_BYTES];
	int64_t fact, value;

	assert_true(day_load(f->db, day, volume, &fact, &bytes, &f->err));
	tls_sha256(buf_text(&bytes), bytes.len, digest);
	memcpy(&value, digest, sizeof value);
	buf_fini(&bytes);
	return value;
}

static void
what_comes_late_makes_a_row_again(void **state)
{
	struct fixture *f = *state;
	int64_t before, other;

	begin(f);
	fill(f, 2, 0, 2);
	turns(f, day_at(3));
	before = row_of(f, BASE_DAY, 1);
	other = row_of(f, BASE_DAY, 2);
	fixture_sample(f, 1, day_at(0) + 60, 5, "");
	assert_int_equal(number(f, "SELECT count(*) FROM day_stale"), 1);
	assert_int_equal(turns(f, day_at(3)), 1);
	assert_int_equal(number(f, "SELECT count(*) FROM day_stale"), 0);
	assert_true(row_of(f, BASE_DAY, 1) != before);
	assert_true(row_of(f, BASE_DAY, 2) == other);
	assert_int_equal(
	    number(f, "SELECT fact = (SELECT max(seq) FROM fact) FROM day"
		      " WHERE day = 20727 AND volume = 1"),
	    1);
	/* A revision, too; one that is known changes nothing. */
	before = row_of(f, BASE_DAY, 1);
	fixture_sample(f, 1, day_at(0) + 60, 6, "\"revision\":1");
	turns(f, day_at(3));
	assert_true(row_of(f, BASE_DAY, 1) != before);
}

static void
an_end_is_noted_where_it_was_and_where_it_is(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fill(f, 1, 0, 3);
	turns(f, day_at(4));
	fixture_sample(
	    f, 1, day_at(4), 5, "\"retired_at\":\"2026-10-05T00:00:00Z\"");
	assert_int_equal(number(f, "SELECT count(*) FROM day_stale"), 0);
	turns(f, day_at(6));
	fixture_sample(
	    f, 1, day_at(2) + 60, 5, "\"retired_at\":\"2026-10-03T12:30:00Z\"");
	assert_int_equal(number(f, "SELECT count(*) FROM day_stale"), 2);
	assert_int_equal(
	    number(f, "SELECT min(day) FROM day_stale"), BASE_DAY + 2);
	assert_int_equal(
	    number(f, "SELECT max(day) FROM day_stale"), BASE_DAY + 4);
}

static void
a_first_sample_for_a_closed_day_makes_a_row(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fill(f, 1, 0, 1);
	turns(f, day_at(3));
	fixture_sample(f, 2, day_at(0) + 60, 5, "");
	fixture_sample(f, 2, day_at(1) + 60, 5, "");
	assert_int_equal(turns(f, day_at(3)), 1);
	assert_int_equal(number(f, "SELECT count(*) FROM day"), 3);
}

/* A sample that comes while its day is being written. */
static void
a_day_in_the_making_takes_what_comes(void **state)
{
	struct fixture *f = *state;
	struct history *h = history_new(LONG, &f->err);
	int64_t reached;

	begin(f);
	fill(f, 400, 0, 1);
	turn(f, h, day_at(2));
	turn(f, h, day_at(2));
	reached = progress(f).next_volume;
	assert_in_range(reached, 65, 399);
	fixture_sample(f, 1, day_at(0) + 60, 5, "");
	fixture_sample(f, 400, day_at(0) + 60, 5, "");
	fixture_sample(f, 401, day_at(0) + 60, 5, "");
	turns_of(f, h, day_at(2));
	assert_int_equal(number(f, "SELECT count(*) FROM day_stale"), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM day"), 401);
	assert_int_equal(
	    number(f, "SELECT count(*) FROM day"
		      " WHERE fact > (SELECT max(seq) - 3 FROM fact)"),
	    3);
	history_free(h);
}

/* --- removal --- */

static void
samples_go_when_they_have_been_kept_long_enough(void **state)
{
	struct fixture *f = *state;
	uint8_t digest[TLS_SHA256_BYTES];
	struct sql_stmt *s;
	const void *stated;
	int64_t rows;
	size_t len;

	begin(f);
	fill(f, 100, 0, 2);
	turns(f, day_at(1) + LONG - 1);
	assert_int_equal(number(f, "SELECT count(*) FROM sample"), 4800);
	turns(f, day_at(1) + LONG);
	assert_int_equal(number(f, "SELECT count(*) FROM sample"), 2400);
	assert_int_equal(
	    number(f, "SELECT min(hour) FROM sample"), (BASE_DAY + 1) * 24);
	assert_int_equal(number(f, "SELECT count(*) FROM day"), 200);
	assert_int_equal(progress(f).removed_day, BASE_DAY);
	s = sql_get(f->db,
	    "SELECT rows_sha256, subject, detail, who FROM fact"
	    " WHERE kind = 'samples.removed'",
	    &f->err);
	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	stated = sql_blob(s, 0, &len);
	assert_int_equal(len, sizeof digest);
	assert_string_equal(sql_text(s, 1), "2026-10-01");
	assert_string_equal(sql_text(s, 2), "rows=100");
	assert_string_equal(sql_text(s, 3), "server");
	assert_true(day_digest(f->db, BASE_DAY, digest, &rows, &f->err));
	assert_memory_equal(stated, digest, sizeof digest);
	assert_int_equal(sql_step(s, &f->err), SQL_END);
	turns(f, day_at(2) + LONG);
	assert_int_equal(number(f, "SELECT count(*) FROM sample"), 0);
	assert_int_equal(turns(f, day_at(2) + LONG), 0);
}

static void
removal_is_in_turns_that_survive_one_another(void **state)
{
	struct fixture *f = *state;
	struct history *h = history_new(LONG, &f->err);
	int64_t left = 7200, now;
	int n = 0;

	begin(f);
	fill(f, 300, 0, 1);
	turns_of(f, h, day_at(1) + LONG - 1);
	while (progress(f).removed_day < BASE_DAY) {
		assert_int_equal(
		    number(f, "SELECT count(*) FROM sample"), 7200);
		turn(f, h, day_at(1) + LONG);
		n++;
	}
	/* 300 volumes, compared HISTORY_TURN_ROWS at a time, and the end. */
	assert_int_equal(n, 5);
	for (n = 0; left > 0; n++) {
		history_free(h);
		h = history_new(LONG, &f->err);
		turn(f, h, day_at(1) + LONG);
		now = number(f, "SELECT count(*) FROM sample");
		assert_in_range(left - now, 1, HISTORY_TURN_REMOVED);
		left = now;
	}
	assert_int_equal(n, 24);
	history_free(h);
}

static void
differs(struct fixture *f, const char *literal)
{
	struct history *h = history_new(LONG, &f->err);
	int64_t samples = number(f, "SELECT count(*) FROM sample");

	assert_true(sql_exec(f->db, literal, &f->err));
	turns_of(f, h, day_at(1) + LONG);
	assert_int_equal(number(f, "SELECT count(*) FROM sample"), samples);
	assert_int_equal(progress(f).removed_day, 0);
	/* It is not looked at again and again. */
	assert_int_equal(turns_of(f, h, day_at(1) + LONG + 60), 0);
	history_free(h);
}

static void
nothing_of_a_day_that_differs_is_removed(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fill(f, 5, 0, 1);
	turns(f, day_at(1) + LONG - 1);
	differs(f, "UPDATE day SET fact = fact + 1 WHERE volume = 3");
	differs(f, "UPDATE day SET fact = fact - 1 WHERE volume = 3;"
		   "INSERT INTO day VALUES (20727, 99, 1, x'00')");
	differs(f, "DELETE FROM day WHERE volume IN (5, 99)");
}

static void
a_day_that_differed_is_compared_again_a_day_later(void **state)
{
	struct fixture *f = *state;
	struct history *h = history_new(LONG, &f->err);
	int64_t now = day_at(1) + LONG;

	begin(f);
	fill(f, 1, 0, 1);
	turns(f, now - 1);
	assert_true(sql_exec(f->db, "UPDATE day SET fact = fact + 1", &f->err));
	turns_of(f, h, now);
	assert_true(sql_exec(f->db, "UPDATE day SET fact = fact - 1", &f->err));
	turns_of(f, h, now + HISTORY_RETRY_SECS - 1);
	assert_int_equal(progress(f).removed_day, 0);
	turns_of(f, h, now + HISTORY_RETRY_SECS);
	assert_int_equal(progress(f).removed_day, BASE_DAY);
	history_free(h);
}

static void
a_row_that_changes_while_its_day_is_compared_is_met_anew(void **state)
{
	struct fixture *f = *state;
	struct history *h = history_new(LONG, &f->err);
	int64_t now = day_at(1) + LONG, rows;
	uint8_t digest[TLS_SHA256_BYTES];
	const void *stated;
	struct sql_stmt *s;
	size_t len;

	begin(f);
	fill(f, 100, 0, 1);
	turns(f, now - 1);
	/* The first 64 have been compared; then one of them changes. */
	turn(f, h, now);
	assert_int_equal(progress(f).removed_day, 0);
	fixture_sample(f, 1, day_at(0) + 60, 5, "");
	turns_of(f, h, now);
	assert_int_equal(progress(f).removed_day, BASE_DAY);
	s = sql_get(f->db,
	    "SELECT rows_sha256 FROM fact WHERE kind = 'samples.removed'",
	    &f->err);
	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	stated = sql_blob(s, 0, &len);
	assert_true(day_digest(f->db, BASE_DAY, digest, &rows, &f->err));
	assert_memory_equal(stated, digest, sizeof digest);
	sql_done(s);
	history_free(h);
}

static void
what_comes_for_a_removed_day_is_set_aside(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fill(f, 1, 0, 1);
	turns(f, day_at(1) + LONG);
	/* The clock was set back. */
	f->now = day_at(1);
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, 1, day_at(1) - 1, 0, 5, "");
	fixture_add_sample(
	    f, 1, day_at(1), 0, 5, "\"retired_at\":\"2026-10-01T10:30:00Z\"");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.quarantined_count, 2);
	assert_int_equal(f->answer.quarantined[0].reason, QUARANTINE_TOO_OLD);
	assert_int_equal(
	    f->answer.quarantined[1].reason, QUARANTINE_AFTER_RETIREMENT);
	assert_int_equal(number(f, "SELECT count(*) FROM day_stale"), 0);
}

static void
a_turn_that_does_not_work_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct history *h = history_new(LONG, &f->err);
	bool more;

	begin(f);
	fill(f, 2, 0, 1);
	assert_true(sql_exec(
	    f->db, "UPDATE sample SET bins = 'x' WHERE volume = 2", &f->err));
	assert_false(history_turn(h, f->db, day_at(2), &more, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
	assert_false(sql_in_transaction(f->db));
	assert_int_equal(number(f, "SELECT count(*) FROM day"), 0);
	history_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_day_is_closed_six_hours_after_its_end),
	    TEST(days_without_samples_need_no_rows),
	    TEST(a_turn_is_bounded_and_goes_on_where_the_last_one_ended),
	    TEST(a_volume_with_very_many_samples_is_a_row_as_well),
	    TEST(what_comes_late_makes_a_row_again),
	    TEST(an_end_is_noted_where_it_was_and_where_it_is),
	    TEST(a_first_sample_for_a_closed_day_makes_a_row),
	    TEST(a_day_in_the_making_takes_what_comes),
	    TEST(samples_go_when_they_have_been_kept_long_enough),
	    TEST(removal_is_in_turns_that_survive_one_another),
	    TEST(nothing_of_a_day_that_differs_is_removed),
	    TEST(a_day_that_differed_is_compared_again_a_day_later),
	    TEST(a_row_that_changes_while_its_day_is_compared_is_met_anew),
	    TEST(what_comes_for_a_removed_day_is_set_aside),
	    TEST(a_turn_that_does_not_work_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
