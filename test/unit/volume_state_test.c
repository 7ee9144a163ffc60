/*
 * volume_state_test.c - unit tests of src/volume_state*.c: what they find is
 * what a plain query over all samples finds.
 */
#include "fixture.h"
#include "src/volume.h"
#include "src/volume_state.h"

static unsigned
draw(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % below;
}

static void
run(struct fixture *f, const char *literal)
{
	if (!sql_exec(f->db, literal, &f->err))
		fail_msg("%s: %s", literal, f->err.text);
}

static void
add_volume(struct fixture *f, int n, int64_t retired_at, int64_t missing_since)
{
	struct sql_stmt *s = sql_get(f->db,
	    "INSERT INTO volume (id, volume_id, retired_at, missing_since)"
	    " VALUES (?1, randomblob(16), nullif(?2, 0), nullif(?3, 0))",
	    &f->err);

	sql_bind_int(s, 1, n);
	sql_bind_int(s, 2, retired_at);
	sql_bind_int(s, 3, missing_since);
	assert_true(sql_run(s, &f->err));
}

static void
add_sample(struct fixture *f, int n, int64_t hour, int64_t nanos, int revision,
    int64_t bytes)
{
	struct sql_stmt *s = sql_get(f->db,
	    "INSERT OR IGNORE INTO sample (hour, volume, nanos, revision,"
	    " bytes, account, fact) VALUES (?, ?, ?, ?, ?, 1, 1)",
	    &f->err);

	sql_bind_int(s, 1, hour);
	sql_bind_int(s, 2, n);
	sql_bind_int(s, 3, nanos);
	sql_bind_int(s, 4, revision);
	sql_bind_int(s, 5, bytes);
	assert_true(sql_run(s, &f->err));
	s = sql_get(f->db,
	    "INSERT OR IGNORE INTO volume_month (volume, month) VALUES (?, ?)",
	    &f->err);
	sql_bind_int(s, 1, n);
	sql_bind_int(s, 2, volume_month_of(hour * 3600));
	assert_true(sql_run(s, &f->err));
}

static void
check_last(struct fixture *f, const struct volume_state *v, int64_t now)
{
	struct sql_stmt *s = sql_get(f->db,
	    "SELECT hour, nanos, bytes FROM sample, day_progress"
	    " WHERE volume = ?1 AND hour / 24 > removed_day"
	    " AND (?2 = 0 OR hour * 3600 + nanos / 1000000000 <= ?2)"
	    " ORDER BY hour <= ?3 DESC, hour DESC, nanos DESC, revision DESC"
	    " LIMIT 1",
	    &f->err);
	enum sql_result result;

	sql_bind_int(s, 1, v->id);
	sql_bind_int(s, 2, v->retired_at);
	sql_bind_int(s, 3, (now + 300) / 3600);
	result = sql_step(s, &f->err);
	if (result == SQL_END) {
		assert_int_equal(v->last.hour, -1);
		return;
	}
	assert_int_equal(result, SQL_ROW);
	if (v->last.hour != sql_int(s, 0))
		fail_msg("volume %lld: hour %lld, due %lld", (long long)v->id,
		    (long long)v->last.hour, (long long)sql_int(s, 0));
	assert_int_equal(
	    (v->last.at - v->last.hour * 3600) * 1000000000 + v->last.nanos,
	    sql_int(s, 1));
	assert_int_equal(v->last.bytes, sql_int(s, 2));
	sql_done(s);
}

static void
check_first(struct fixture *f, const struct volume_state *v)
{
	struct sql_stmt *s = sql_get(f->db,
	    "SELECT hour, bytes FROM sample, day_progress"
	    " WHERE volume = ?1 AND hour / 24 > removed_day"
	    " AND (?2 = 0 OR hour * 3600 + nanos / 1000000000 <= ?2)"
	    " ORDER BY hour, nanos, revision DESC LIMIT 1",
	    &f->err);
	struct volume_state_sample first;

	assert_true(volume_state_first(f->db, v, &first, &f->err));
	sql_bind_int(s, 1, v->id);
	sql_bind_int(s, 2, v->retired_at);
	if (sql_step(s, &f->err) == SQL_END) {
		assert_int_equal(first.hour, -1);
		return;
	}
	assert_int_equal(first.hour, sql_int(s, 0));
	assert_int_equal(first.bytes, sql_int(s, 1));
	sql_done(s);
}

static void
check_all(struct fixture *f, int64_t now, size_t expected)
{
	struct volume_state *list = NULL, one;
	size_t count = 0;

	assert_true(sql_begin_read(f->db, &f->err));
	if (!volume_state_list(f->db, now, false, &list, &count, &f->err))
		fail_msg("%s", f->err.text);
	assert_int_equal(count, expected);
	for (size_t i = 0; i < count; i++)
		check_last(f, &list[i], now);
	for (size_t i = 0; i < count; i += 97) {
		assert_true(volume_state_load(
		    f->db, &list[i].uuid, now, false, &one, &f->err));
		assert_int_equal(one.last.hour, list[i].last.hour);
		assert_int_equal(one.last.bytes, list[i].last.bytes);
		check_first(f, &one);
		volume_state_fini(&one);
	}
	sql_rollback(f->db);
	volume_state_free(list, count);
}

/* Volumes 1 to count with samples of the 40 days before now. */
static void
add_history(struct fixture *f, int count, unsigned seed)
{
	int64_t now_hour = f->now / 3600, last, retired, missing;

	fixture_account(f, "acme");
	run(f, "BEGIN");
	for (int n = 1; n <= count; n++) {
		/* Most report until now, others stopped some time ago. */
		last =
		    now_hour - (draw(&seed, 3) > 0 ? 0 : draw(&seed, 40 * 24));
		retired =
		    draw(&seed, 5) == 0 ? last * 3600 - draw(&seed, 300000) : 0;
		missing = retired == 0 && last < now_hour && draw(&seed, 2) == 0
			      ? last * 3600 + 3599 + draw(&seed, 7200)
			      : 0;
		add_volume(f, n, retired, missing);
		for (int k = draw(&seed, 8); k > 0; k--) {
			int64_t hour = last - (int64_t)draw(&seed, 5) * k * k;
			int64_t nanos =
			    (int64_t)draw(&seed, 3600) * 1000000000 +
			    draw(&seed, 2);

			for (int r = draw(&seed, 3); r >= 0; r--)
				add_sample(
				    f, n, hour, nanos, r, draw(&seed, 1000000));
		}
	}
	run(f, "COMMIT");
}

static void
the_last_samples_of_many_volumes_are_found(void **state)
{
	struct fixture *f = *state;

	add_history(f, 900, 1);
	check_all(f, f->now, 900);
	check_all(f, f->now + 3600, 900);
	check_all(f, f->now + 30 * INT64_C(86400), 900);
	check_all(f, f->now + 500 * INT64_C(86400), 900);
	/* A clock that is behind the samples. */
	check_all(f, f->now - 20 * INT64_C(86400), 900);
}

static void
the_last_samples_of_few_volumes_are_found(void **state)
{
	struct fixture *f = *state;

	add_history(f, 150, 2);
	check_all(f, f->now, 150);
	check_all(f, f->now + 30 * INT64_C(86400), 150);
	check_all(f, f->now - 20 * INT64_C(86400), 150);
}

static void
what_is_removed_is_not_found(void **state)
{
	struct fixture *f = *state;

	add_history(f, 700, 3);
	run(f, "UPDATE day_progress SET removed_day = 1790812800 / 86400 - 10");
	check_all(f, f->now, 700);
	check_all(f, f->now + 30 * INT64_C(86400), 700);
	run(f, "UPDATE day_progress SET removed_day = 1790812800 / 86400");
	run(f, "DELETE FROM sample");
	check_all(f, f->now, 700);
}

static void
a_volume_that_is_not_there_is_said(void **state)
{
	struct fixture *f = *state;
	const struct uuid none = {{0}};
	struct volume_state one;

	assert_false(
	    volume_state_load(f->db, &none, f->now, false, &one, &f->err));
	assert_int_equal(f->err.kind, ERR_INPUT);
	check_all(f, f->now, 0);
}

static void
states_have_words(void **state)
{
	struct volume_state v = {.retired_at = 100, .missing_since = 50};

	(void)state;
	assert_string_equal(volume_state_word(&v, 99), "missing");
	assert_string_equal(volume_state_word(&v, 100), "retired");
	v.retired_at = 0;
	assert_string_equal(volume_state_word(&v, 100), "missing");
	assert_int_equal(volume_state_missing_hours(&v, 49), 0);
	assert_int_equal(volume_state_missing_hours(&v, 50 + 3599), 0);
	assert_int_equal(volume_state_missing_hours(&v, 50 + 7200), 2);
	v.missing_since = 0;
	assert_string_equal(volume_state_word(&v, 100), "live");
	assert_int_equal(volume_state_missing_hours(&v, 7200), 0);
}

static void
another_account_s_name_is_told_to_none_but_operators(void **state)
{
	struct fixture *f = *state;
	struct volume_state *list;
	size_t count;

	fixture_account(f, "acme");
	fixture_account(f, "beta");
	fixture_source(f, "admin1", "acme,beta");
	fixture_sample(f, 1, f->now, 1, "\"account\":\"acme\",\"name\":\"a\"");
	fixture_sample(f, 1, f->now + 60, 1, "\"account\":\"beta\"");
	fixture_sample(f, 2, f->now, 1, "\"account\":\"beta\",\"name\":\"b\"");
	fixture_sample(f, 2, f->now + 60, 1, "\"account\":\"beta\"");
	for (int limited = 0; limited <= 1; limited++) {
		assert_true(volume_state_list(
		    f->db, f->now, limited != 0, &list, &count, &f->err));
		assert_int_equal(count, 2);
		assert_string_equal(list[0].name, limited ? "" : "a");
		assert_string_equal(list[1].name, "b");
		volume_state_free(list, count);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(the_last_samples_of_many_volumes_are_found),
	    FIXTURE_TEST(the_last_samples_of_few_volumes_are_found),
	    FIXTURE_TEST(what_is_removed_is_not_found),
	    FIXTURE_TEST(a_volume_that_is_not_there_is_said),
	    FIXTURE_TEST(another_account_s_name_is_told_to_none_but_operators),
	    cmocka_unit_test(states_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
