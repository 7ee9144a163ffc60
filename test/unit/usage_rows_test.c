/*
 * usage_rows_test.c - unit tests of src/usage*.c on any data, and on rows of
 * closed days in any state: there, half made, stale, damaged, all there is.
 */
#include "usage_rig.h"

#define TEST(name) FIXTURE_TEST(name)

/* --- any data --- */

/* Samples of three volumes, in groups with gaps of up to 130 hours. */
static void
put_random(struct fixture *f, uint64_t *seed)
{
	int64_t at = FIXTURE_NOW;

	for (int i = 0; i < 60; i++) {
		uint64_t dice = next_random(seed);

		at +=
		    (int64_t)(dice % 4 != 0 ? 60 + next_random(seed) % 3000
			      : dice % 8 != 0
				  ? next_random(seed) % (8 * UINT64_C(3600))
				  : next_random(seed) % (130 * UINT64_C(3600)));
		fixture_sample(f, 1 + (int)(next_random(seed) % 3), at,
		    (int64_t)(next_random(seed) % 1000),
		    next_random(seed) % 3 != 0 ? ACME : OTHER);
	}
}

/* The hours that a scan of all told, and those that a scan of each hour
 * alone tells, are the same. */
static void
check_cuts(struct fixture *f, int64_t hours, int64_t step)
{
	int64_t now = FIXTURE_NOW + (hours - 20) * 3600;
	struct records all, part;
	size_t told = 0;

	same_if_named(f, 0, hours, now);
	same_if_named(f, hours / 2, hours / 2 + 3, now);
	scan(f, 0, hours, now, &all);
	if (all.count > 0)
		qsort(all.list, all.count, RECORD_SIZE, compare_records);
	for (int64_t at = 0; at < hours; at += step) {
		scan(f, at, at + step < hours ? at + step : hours, now, &part);
		for (size_t i = 0; i < part.count; i++)
			if (all.count == 0 ||
			    bsearch(part.list[i], all.list, all.count,
				RECORD_SIZE, compare_records) == NULL)
				fail_msg("alone \"%s\"", part.list[i]);
		told += part.count;
		free(part.list);
	}
	assert_int_equal(told, all.count);
	free(all.list);
}

/* --- any state of the rows --- */

static void
run(struct fixture *f, const char *literal, int64_t a, int64_t b)
{
	struct sql_stmt *s = sql_get(f->db, literal, &f->err);

	assert_non_null(s);
	sql_bind_int(s, 1, a);
	if (b >= 0)
		sql_bind_int(s, 2, b);
	assert_true(sql_run(s, &f->err));
}

/* All hours, by everybody known at a fact. */
static void
scan_known(struct fixture *f, int64_t to, int64_t fact, struct records *out)
{
	struct usage_query query = hours(0, to, FIXTURE_NOW + to * 3600);

	query.upto_fact = fact;
	*out = (struct records){.count = 0};
	if (!usage_scan(f->db, &query, note, out, &f->err))
		fail_msg("scan: %s", f->err.text);
	if (out->count > 0)
		qsort(out->list, out->count, RECORD_SIZE, compare_records);
}

/* What was told of the samples, at the end and at facts before. */
enum {
	PAST = 4
};
struct told {
	int64_t hours, facts[PAST];
	struct records records[PAST];
};

static void
tell(struct fixture *f, int64_t hours, uint64_t *seed, struct told *out)
{
	int64_t last = fixture_int(f->db, "SELECT max(seq) FROM fact", &f->err);

	out->hours = hours;
	for (int i = 0; i < PAST; i++) {
		out->facts[i] =
		    i == 0 ? USAGE_ALL_FACTS
			   : (int64_t)(next_random(seed) % (uint64_t)last);
		scan_known(f, hours, out->facts[i], &out->records[i]);
	}
}

/* Whether the rows tell the same; of removed days only what is known. */
static void
check_told(struct fixture *f, const struct told *told, bool removed)
{
	for (int i = 0; i < (removed ? 1 : PAST); i++) {
		const struct records *expected = &told->records[i];
		struct records r;

		scan_known(f, told->hours, told->facts[i], &r);
		assert_int_equal(r.count, expected->count);
		for (size_t k = 0; k < r.count; k++)
			assert_string_equal(r.list[k], expected->list[k]);
		free(r.list);
	}
}

/* Marks some rows, and puts nonsense into them. */
static void
spoil(struct fixture *f, int64_t hours, uint64_t *seed)
{
	struct day_progress p;

	assert_true(day_load_progress(f->db, &p, &f->err));
	for (int i = 0; i < 10; i++) {
		int64_t hour =
		    BASE + (int64_t)(next_random(seed) % (uint64_t)hours);
		int64_t volume = 1 + (int64_t)(next_random(seed) % 3);

		if (hour / 24 > p.done_day)
			continue;
		assert_true(day_note_change(f->db, &p, hour, volume, &f->err));
		run(f,
		    i % 2 == 0 ? "UPDATE day SET hours = x'00'"
				 " WHERE day = ? AND volume = ?"
			       : "DELETE FROM day WHERE day = ? AND volume = ?",
		    hour / 24, volume);
	}
}

/* As if samples of the first days had been removed. */
static void
take_away(struct fixture *f, int64_t hours, uint64_t *seed)
{
	int64_t day =
	    (BASE + (int64_t)(next_random(seed) % (uint64_t)hours)) / 24;
	struct day_progress p;

	assert_true(day_load_progress(f->db, &p, &f->err));
	p.removed_day = day < p.done_day ? day : p.done_day;
	assert_true(day_save_progress(f->db, &p, &f->err));
	run(f, "DELETE FROM sample WHERE hour < ?", (p.removed_day + 1) * 24,
	    -1);
}

/* What is told of volume 2 in all: of each payer hours, bytes and names. */
struct sums {
	int64_t hours[3], runs, names;
	struct exact *bytes[3];
	const int64_t *cuts;
	size_t cut_count;
};

static bool
add_up(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct sums *sums = ctx;
	struct exact *x = exact_new();

	(void)err;
	for (size_t i = 0; i < sums->cut_count; i++)
		assert_false(hour->hour < sums->cuts[i] &&
			     sums->cuts[i] < hour->hour + hour->run);
	if (hour->counts)
		sums->hours[hour->account] += hour->run;
	for (size_t i = 0; i < hour->bin_count; i++) {
		exact_set_ratio(x, hour->bins[i].num, hour->den);
		exact_add(sums->bytes[hour->account], x);
	}
	sums->names += (int64_t)hour->name_count * hour->run;
	sums->runs += hour->run > 1;
	exact_free(x);
	return true;
}

static void
sum_up(struct fixture *f, struct usage_query *query, struct sums *out)
{
	*out = (struct sums){.cuts = query->cuts,
	    .cut_count = query->runs ? query->cut_count : 0};
	for (int i = 0; i < 3; i++)
		out->bytes[i] = exact_new();
	if (!usage_scan(f->db, query, add_up, out, &f->err))
		fail_msg("scan: %s", f->err.text);
}

/* Runs are the same hours, and end where they are told to. */
static int64_t
check_runs(struct fixture *f, int64_t from, int64_t to, uint64_t *seed)
{
	struct usage_query query = hours(from, to, FIXTURE_NOW + to * 3600);
	struct sums single, runs;
	int64_t cuts[3] = {0};

	for (int i = 0; i < 3; i++)
		cuts[i] = (i > 0 ? cuts[i - 1] : query.from_hour) +
			  (int64_t)(next_random(seed) % 40);
	query.cuts = cuts;
	query.cut_count = next_random(seed) % 4;
	sum_up(f, &query, &single);
	query.runs = true;
	sum_up(f, &query, &runs);
	assert_int_equal(single.runs, 0);
	assert_int_equal(single.names, runs.names);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(single.hours[i], runs.hours[i]);
		assert_int_equal(exact_cmp(single.bytes[i], runs.bytes[i]), 0);
		exact_free(single.bytes[i]);
		exact_free(runs.bytes[i]);
	}
	return runs.runs;
}

/* Most of the days whole, some hours missing, a second payer, bins, an
 * end. */
static void
runs_are_the_hours_they_stand_for(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 7;
	int64_t found = 0;

	begin_two(f, ACCOUNT_MEAN, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY);
	for (int64_t hour = 0; hour < 192; hour++)
		if (next_random(&seed) % 40 != 0)
			sample(
			    f, hour, 0, 2 * (int64_t)next_random(&seed), ACME);
	compact(f, FIXTURE_NOW + INT64_C(240) * 3600);
	for (int64_t hour = 0; hour < 192; hour++)
		if (next_random(&seed) % 40 != 0)
			fixture_sample(f, 2, FIXTURE_NOW + hour * INT64_C(3600),
			    7,
			    hour < 80 ? ACME ",\"name\":\"a\""
				      : OTHER
				",\"name\":\"b\",\"size_bins\":["
				"{\"max_age\":\"1d\",\"bytes\":3},"
				"{\"max_age\":null,\"bytes\":4}]");
	fixture_sample(f, 2, FIXTURE_NOW + INT64_C(36060), 9,
	    ACME ",\"retired_at\":\"2026-10-07T10:30:00Z\"");
	compact(f, FIXTURE_NOW + INT64_C(240) * 3600);
	for (int i = 0; i < 100; i++) {
		int64_t from = (int64_t)(next_random(&seed) % 100);

		found += check_runs(f, from,
		    from + 1 + (int64_t)(next_random(&seed) % 100), &seed);
	}
	assert_true(found > 100);
}

/* Of many volumes those that are named, whichever way they are found. */
static void
check_many(struct fixture *f, bool on_rows)
{
	struct usage_query query = hours(0, 30, FIXTURE_NOW + INT64_C(108000));
	int64_t rows[70];
	struct sums sums;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_ZERO, 6);
	for (int hour = 0; hour < 30; hour += 10) {
		f->now = FIXTURE_NOW + hour * INT64_C(3600);
		fixture_begin_report(f, ++f->next_report);
		for (int v = 1; v <= 600; v++)
			fixture_add_sample(f, v, f->now, 0, v, "");
		assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	}
	if (on_rows)
		compact(f, FIXTURE_NOW + INT64_C(111600));
	query.volumes = rows;
	for (size_t n = 60; n <= 70; n += 5) {
		int64_t bytes = 0;
		struct exact *x = exact_new();

		for (size_t i = 0; i < n; i++) {
			rows[i] = (int64_t)(n < 70 ? 3 + 8 * i : 500 + i);
			bytes += 3 * rows[i];
		}
		query.volume_count = n;
		sum_up(f, &query, &sums);
		exact_set_int(x, bytes);
		assert_int_equal(exact_cmp(x, sums.bytes[1]), 0);
		assert_int_equal(sums.hours[1], 30 * n);
		exact_free(x);
		for (int i = 0; i < 3; i++)
			exact_free(sums.bytes[i]);
	}
}

static void
many_named_volumes_are_told_alone(void **state)
{
	check_many(*state, false);
}

static void
many_named_volumes_are_told_alone_on_rows(void **state)
{
	check_many(*state, true);
}

static bool
refuse(void *ctx, const struct usage_hour *hour, struct err *err)
{
	int *calls = ctx;

	(void)hour;
	(*calls)++;
	return err_set(err, ERR_INPUT, "enough");
}

static void
a_damaged_row_is_named(void **state)
{
	struct fixture *f = *state;
	struct usage_query query = hours(0, 3, FIXTURE_NOW + 99999);
	int calls = 0;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 0, 1, "");
	compact(f, FIXTURE_NOW + 199999);
	run(f, "UPDATE day SET hours = x'4000' WHERE day = ?", BASE / 24, -1);
	assert_false(usage_scan(f->db, &query, refuse, &calls, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
	assert_string_equal(f->err.text, "day 20727 of volume row 1: the bytes "
					 "of a day are damaged");
	/* Account 99. */
	run(f, "UPDATE day SET hours = x'410001000063000001ff' WHERE day = ?",
	    BASE / 24, -1);
	f->err = (struct err)ERR_INIT;
	assert_false(usage_scan(f->db, &query, refuse, &calls, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
	assert_non_null(strstr(f->err.text, "account row 99"));
}

static void
check_rows(struct fixture *f, int64_t hours, uint64_t *seed)
{
	struct told told;
	int64_t part = (int64_t)(next_random(seed) % (uint64_t)hours);

	tell(f, hours, seed, &told);
	/* Some of the days, all of them, and what comes late. */
	compact(f, FIXTURE_NOW + part * 3600);
	check_told(f, &told, false);
	spoil(f, hours, seed);
	check_told(f, &told, false);
	compact(f, FIXTURE_NOW + 2 * hours * 3600);
	check_told(f, &told, false);
	check_cuts(f, hours, 7);
	spoil(f, hours, seed);
	check_told(f, &told, false);
	compact(f, FIXTURE_NOW + 2 * hours * 3600);
	take_away(f, hours, seed);
	check_told(f, &told, true);
	check_cuts(f, hours, 11);
	for (int i = 0; i < PAST; i++)
		free(told.records[i].list);
}

/* Sixteen sets of rules and samples. */
static void
check_histories(
    uint64_t seed, void (*check)(struct fixture *, int64_t, uint64_t *))
{
	for (int round = 0; round < 16; round++) {
		static const int64_t carries[] = {0, 3, 50, 120};
		void *own = NULL;
		struct account other = fixture_rules("other");
		struct fixture *f;

		fixture_set_up(&own);
		f = own;
		begin(f, (enum account_average)(round % 2),
		    (enum account_gap)(round / 2 % 4), carries[round % 3]);
		other.average = ACCOUNT_TIME_WEIGHTED;
		other.gap = (enum account_gap)((round + 1) / 2 % 4);
		other.max_carry_hours = carries[round / 4];
		fixture_add(f, &other);
		fixture_source(f, "admin2", "acme,other");
		put_random(f, &seed);
		if (round % 4 == 3)
			assert_true(sql_exec(f->db,
			    "INSERT INTO volume_end SELECT id, 1, 1790812800"
			    " + 86400 * id FROM volume",
			    &f->err));
		check(f, (f->now - FIXTURE_NOW) / 3600 + 40, &seed);
		fixture_tear_down(&own);
	}
}

static void
check_every_hour(struct fixture *f, int64_t hours, uint64_t *seed)
{
	(void)seed;
	check_cuts(f, hours, 1);
}

static void
any_range_tells_what_a_larger_one_does(void **state)
{
	(void)state;
	check_histories(1, check_every_hour);
}

static void
rows_tell_what_their_samples_did(void **state)
{
	(void)state;
	check_histories(2, check_rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_range_tells_what_a_larger_one_does),
	    cmocka_unit_test(rows_tell_what_their_samples_did),
	    TEST(runs_are_the_hours_they_stand_for),
	    TEST(many_named_volumes_are_told_alone),
	    TEST(many_named_volumes_are_told_alone_on_rows),
	    TEST(a_damaged_row_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
