/*
 * ledger_complete_test.c - unit tests of src/ledger.c and roster.c: volumes
 * that a complete report leaves out.
 */
#include "fixture.h"
#include "src/roster.h"

static int
set_up(void **state)
{
	struct fixture *f;

	if (fixture_set_up(state) != 0)
		return -1;
	f = *state;
	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	return 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)

/* Begins a report that says it is complete, sent at an instant. */
static void
begin_complete_at(struct fixture *f, int64_t sent_at)
{
	char when[UTC_TEXT_SIZE];

	buf_clear(&f->body);
	buf_printf(&f->body,
	    "{\"report_id\":\"5f0c9a52-2f0e-4b7c-9a3d-%012d\","
	    "\"sent_at\":\"%s\",\"complete\":true,\"volumes\":[",
	    ++f->next_report, utc_format(sent_at, when));
}

/* A sample of each of the volumes in "1 2 3", now, in one report. */
static void
add_now(struct fixture *f, const char *volumes)
{
	char copy[64], *rest = copy, *word;

	snprintf(copy, sizeof copy, "%s", volumes);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			fixture_add_sample(
			    f, (int)strtol(word, NULL, 10), f->now, 0, 5, "");
}

static void
send_complete(struct fixture *f, const char *volumes)
{
	begin_complete_at(f, f->now);
	add_now(f, volumes);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
}

static void
send(struct fixture *f, const char *volumes)
{
	fixture_begin_report(f, ++f->next_report);
	add_now(f, volumes);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
}

/* The volumes that are missed by now, and the facts that said so. */
static void
expect_missing(struct fixture *f, const char *volumes, int facts)
{
	struct sql_stmt *s = sql_get(f->db,
	    "SELECT ifnull(group_concat(n, ' '), '') FROM"
	    " (SELECT CAST(substr(hex(volume_id), 31) AS INTEGER) AS n"
	    "  FROM volume WHERE missing_since IS NOT NULL ORDER BY n)",
	    &f->err);

	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	assert_string_equal(sql_text(s, 0), volumes);
	sql_done(s);
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM fact"
			     " WHERE kind = 'volume.missing'",
			     &f->err),
	    facts);
}

static void
a_volume_that_is_left_out_is_missing_at_once(void **state)
{
	struct fixture *f = *state;
	struct sql_stmt *s;

	send_complete(f, "1 2 3");
	expect_missing(f, "", 0);
	f->now += 3600;
	send_complete(f, "1 3");
	expect_missing(f, "2", 1);
	s = sql_get(f->db,
	    "SELECT f.who, substr(f.subject, 35), f.detail, v.missing_since,"
	    " f.seq - r.fact FROM fact f, volume v, report r"
	    " WHERE f.kind = 'volume.missing' AND v.missing_since IS NOT NULL"
	    " ORDER BY r.fact DESC LIMIT 1",
	    &f->err);
	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	assert_string_equal(sql_text(s, 0), "source:admin1");
	assert_string_equal(sql_text(s, 1), "02");
	assert_string_equal(
	    sql_text(s, 2), "missing_since=2026-10-01T01:00:00Z");
	assert_int_equal(sql_int(s, 3), FIXTURE_NOW + 3600);
	assert_int_equal(sql_int(s, 4), 1);
	sql_done(s);
	/* It is said once. */
	f->now += 3600;
	send_complete(f, "1 3");
	expect_missing(f, "2", 1);
	assert_int_equal(fixture_int(f->db,
			     "SELECT max(missing_since) FROM volume", &f->err),
	    FIXTURE_NOW + 3600);
	f->now += 3600;
	send_complete(f, "");
	expect_missing(f, "1 2 3", 3);
}

static void
a_report_that_is_not_complete_leaves_out_what_it_likes(void **state)
{
	struct fixture *f = *state;

	send(f, "1 2");
	f->now += 3600;
	send(f, "1");
	expect_missing(f, "", 0);
	send_complete(f, "1");
	expect_missing(f, "2", 1);
}

static void
a_sample_of_anybody_ends_it(void **state)
{
	struct fixture *f = *state;
	int64_t first = f->source, first_token = f->token;

	send_complete(f, "1 2");
	f->now += 3600;
	send_complete(f, "1");
	expect_missing(f, "2", 1);
	f->now += 3600;
	send(f, "2");
	expect_missing(f, "", 1);
	f->now += 3600;
	send_complete(f, "1");
	expect_missing(f, "2", 2);
	/* It is another source's from now on. */
	fixture_source(f, "admin2", "acme");
	f->now += 3600;
	send_complete(f, "2");
	expect_missing(f, "", 2);
	f->source = first;
	f->token = first_token;
	f->now += 3600;
	send_complete(f, "1");
	expect_missing(f, "", 2);
}

static void
a_volume_that_has_ended_is_not_missed(void **state)
{
	struct fixture *f = *state;
	static const char end[] = "\"retired_at\":\"2026-10-01T01:00:00Z\"";

	send_complete(f, "1 2 3");
	f->now += 3600;
	begin_complete_at(f, f->now);
	add_now(f, "1 3");
	fixture_add_sample(f, 2, f->now, 0, 5, end);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	f->now += 3600;
	send_complete(f, "1 3");
	expect_missing(f, "", 0);
	/* One that waits, since it came after the end that it states. */
	begin_complete_at(f, f->now);
	add_now(f, "1");
	fixture_add_sample(f, 3, f->now + 1, 0, 5, end);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.quarantined_count, 1);
	f->now += 3600;
	send_complete(f, "1");
	expect_missing(f, "", 0);
}

static void
a_volume_that_is_listed_is_there_whatever_becomes_of_its_sample(void **state)
{
	struct fixture *f = *state;

	send_complete(f, "1 2 3 4");
	begin_complete_at(f, f->now);
	fixture_add_sample(f, 1, f->now, 0, 5, "");	  /* known */
	fixture_add_sample(f, 2, f->now, 0, 6, "");	  /* conflict */
	fixture_add_sample(f, 3, f->now + 400, 0, 6, ""); /* future */
	fixture_add_sample(f, 3, f->now + 401, 0, 6, "");
	fixture_add_sample(f, 4, f->now, 1, 6, "");
	fixture_add_sample(f, 4, f->now, 2, 6, "");
	fixture_add_sample(f, 9, f->now + 400, 0, 6, ""); /* of no volume */
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.quarantined_count, 4);
	expect_missing(f, "", 0);
	/* Also when nothing is known of them in memory. */
	ledger_close(f->ledger);
	f->ledger = NULL;
	f->now += 100;
	begin_complete_at(f, f->now);
	for (int i = 1; i <= 4; i++)
		fixture_add_sample(f, i, f->now + 400 + i, 0, 6, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.quarantined_count, 4);
	expect_missing(f, "", 0);
}

static void
a_report_from_before_the_last_one_misses_nothing(void **state)
{
	struct fixture *f = *state;

	send_complete(f, "1 2");
	f->now += 3600;
	begin_complete_at(f, f->now - 3601);
	add_now(f, "1");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	expect_missing(f, "", 0);
	begin_complete_at(f, f->now - 3600);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	expect_missing(f, "1 2", 2);
}

static void
a_repetition_misses_nothing(void **state)
{
	struct fixture *f = *state;

	send_complete(f, "1 2");
	begin_complete_at(f, f->now);
	add_now(f, "1");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	expect_missing(f, "2", 1);
	send(f, "2");
	expect_missing(f, "2", 1); /* it is known: no new sample */
	f->now += 60;
	send(f, "2");
	expect_missing(f, "", 1);
}

static int64_t
missing(struct fixture *f)
{
	return fixture_int(f->db,
	    "SELECT count(*) FROM fact WHERE kind = 'volume.missing'", &f->err);
}

/* A volume of the source that the ledger was not told of. */
static void
add_unseen_volume(struct fixture *f)
{
	struct sql_stmt *s = sql_get(f->db,
	    "INSERT INTO volume (volume_id, source) VALUES (randomblob(16), ?)",
	    &f->err);

	sql_bind_int(s, 1, f->source);
	assert_true(sql_run(s, &f->err));
}

/* A row that nobody told the ledger of shows whether it looks. */
static void
the_usual_report_looks_for_nothing(void **state)
{
	struct fixture *f = *state;

	send_complete(f, "1 2");
	add_unseen_volume(f);
	f->now += 3600;
	send_complete(f, "1 2");
	assert_int_equal(missing(f), 0);
	ledger_forget(f->ledger);
	f->now += 3600;
	send_complete(f, "1 2");
	assert_int_equal(missing(f), 1);
}

/* In memory it is counted what the table says, through anything. */
static void
the_count_stays_right(void **state)
{
	struct fixture *f = *state;
	int64_t sources[2], tokens[2], count;
	unsigned seed = 7;

	sources[0] = f->source;
	tokens[0] = f->token;
	sources[1] = fixture_source(f, "admin2", "acme");
	tokens[1] = f->token;
	send_complete(f, "");
	for (int i = 0; i < 300; i++) {
		int who = (seed = seed * 1103515245 + 12345) >> 16 & 1;

		f->source = sources[who];
		f->token = tokens[who];
		f->now += 60;
		begin_complete_at(f, f->now);
		if ((seed >> 20 & 3) == 0)
			fixture_begin_report(f, f->next_report);
		for (int n = 0; n < 8; n++) {
			seed = seed * 1103515245 + 12345;
			if ((seed >> 16 & 7) < 2)
				continue;
			fixture_add_sample(f, i / 40 * 8 + n,
			    f->now + ((seed >> 20 & 7) == 0 ? 400 : 0), 0, 5,
			    (seed >> 24 & 63) == 0
				? "\"retired_at\":\"2026-10-01T00:00:00Z\""
				: "");
		}
		assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	}
	/* What the ledger counted is what a new one counts: the next report of
	 * each leaves out all that it expects, and a new row is not seen. */
	for (int who = 0; who < 2; who++) {
		f->source = sources[who];
		f->token = tokens[who];
		f->now += 60;
		send_complete(f, "");
		assert_true(roster_count(f->db, f->source, &count, &f->err));
		assert_int_equal(count, 0);
		add_unseen_volume(f);
		count = missing(f);
		f->now += 60;
		send_complete(f, "");
		assert_int_equal(missing(f), count);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_volume_that_is_left_out_is_missing_at_once),
	    TEST(a_report_that_is_not_complete_leaves_out_what_it_likes),
	    TEST(a_sample_of_anybody_ends_it),
	    TEST(a_volume_that_has_ended_is_not_missed),
	    TEST(
		a_volume_that_is_listed_is_there_whatever_becomes_of_its_sample),
	    TEST(a_report_from_before_the_last_one_misses_nothing),
	    TEST(a_repetition_misses_nothing),
	    TEST(the_usual_report_looks_for_nothing),
	    TEST(the_count_stays_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
