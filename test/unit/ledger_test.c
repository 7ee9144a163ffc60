/*
 * ledger_test.c - unit tests of src/ledger.c: what becomes of reports.
 */
#include "fixture.h"

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

static int64_t
samples(struct fixture *f)
{
	return fixture_int(f->db, "SELECT count(*) FROM sample", &f->err);
}

/* Report n with one sample of volume 1, sent. */
static enum ledger_result
send(struct fixture *f, int n, int64_t at, int32_t nanos, int64_t bytes,
    const char *members)
{
	fixture_begin_report(f, n);
	fixture_add_sample(f, 1, at, nanos, bytes, members);
	return fixture_send_report(f);
}

/* That sample was set aside for this reason, or stored ("") or known
 * ("known"). */
static void
came_to(struct fixture *f, enum ledger_result result, const char *expected)
{
	if (result != LEDGER_STORED)
		fail_msg("result %d: %s", (int)result, f->err.text);
	if (f->answer.stored == 1) {
		assert_string_equal("", expected);
	} else if (f->answer.duplicates == 1) {
		assert_string_equal("known", expected);
	} else {
		assert_int_equal(f->answer.quarantined_count, 1);
		assert_string_equal(
		    quarantine_reason_name(f->answer.quarantined[0].reason),
		    expected);
	}
}

/* --- the answer --- */

static void
a_report_is_answered_again_as_the_first_time(void **state)
{
	struct fixture *f = *state;
	struct ledger_answer first;
	int64_t at = f->now;

	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, at, 0, 5, "\"name\":\"lab\",\"new\":1");
	fixture_add_sample(f, 1, at, 0, 5, "");
	fixture_add_sample(f, 3, at - 36 * INT64_C(86400), 0, 5, "");
	buf_str(&f->body, "]}");
	f->now += 2;
	assert_int_equal(fixture_take_report(f), LEDGER_STORED);
	assert_true(ledger_commit(f->ledger, &f->err));
	first = f->answer;
	memset(&f->answer, 0, sizeof f->answer);
	assert_int_equal(first.stored, 1);
	assert_int_equal(first.duplicates, 1);
	assert_int_equal(first.unknown_members, 1);
	assert_int_equal(first.received_at, at + 2);
	assert_int_equal(first.skew_ms, -2000);
	assert_int_equal(first.quarantined_count, 1);
	assert_int_equal(first.quarantined[0].index, 2);
	f->now += 100000;
	for (int turn = 0; turn < 2; turn++) {
		const struct ledger_answer *a = &f->answer;

		if (turn == 0)
			assert_int_equal(
			    fixture_take_report(f), LEDGER_REPLAYED);
		else
			assert_int_equal(
			    ledger_find_report(f->ledger, f->source,
				&first.report_id, &f->answer, &f->err),
			    LEDGER_REPLAYED);
		assert_true(uuid_equal(&a->report_id, &first.report_id));
		assert_int_equal(a->received_at, first.received_at);
		assert_int_equal(a->skew_ms, first.skew_ms);
		assert_int_equal(a->stored, first.stored);
		assert_int_equal(a->duplicates, first.duplicates);
		assert_int_equal(a->unknown_members, first.unknown_members);
		assert_int_equal(a->quarantined_count, first.quarantined_count);
		assert_memory_equal(&a->quarantined[0], &first.quarantined[0],
		    sizeof a->quarantined[0]);
		assert_memory_equal(a->head, first.head, FACT_HASH_SIZE);
		ledger_answer_fini(&f->answer);
	}
	assert_true(ledger_commit(f->ledger, &f->err));
	assert_int_equal(samples(f), 1);
	ledger_answer_fini(&first);
}

static void
an_id_used_for_another_body_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(send(f, 1, f->now, 0, 5, ""), LEDGER_STORED);
	assert_int_equal(send(f, 1, f->now, 0, 6, ""), LEDGER_REUSED);
	assert_int_equal(f->answer.stored, 0);
	assert_int_equal(send(f, 1, f->now, 0, 5, ""), LEDGER_REPLAYED);
	assert_int_equal(samples(f), 1);
	/* Another source's ids are its own. */
	fixture_source(f, "admin2", "acme");
	assert_int_equal(send(f, 1, f->now, 0, 5, ""), LEDGER_STORED);
}

static void
a_report_that_was_never_sent_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct uuid id;

	assert_int_equal(send(f, 1, f->now, 0, 5, ""), LEDGER_STORED);
	id = f->answer.report_id;
	ledger_answer_fini(&f->answer);
	assert_int_equal(ledger_find_report(f->ledger, f->source + 1, &id,
			     &f->answer, &f->err),
	    LEDGER_REUSED);
	id.bytes[0] ^= 1;
	assert_int_equal(
	    ledger_find_report(f->ledger, f->source, &id, &f->answer, &f->err),
	    LEDGER_REUSED);
}

static void
a_report_without_volumes_is_a_report(void **state)
{
	struct fixture *f = *state;

	fixture_begin_report(f, 1);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.stored, 0);
	fixture_begin_report(f, 1);
	assert_int_equal(fixture_send_report(f), LEDGER_REPLAYED);
}

static void
accounts_that_are_not_the_sources_are_denied(void **state)
{
	struct fixture *f = *state;

	fixture_account(f, "other");
	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, f->now, 0, 1, "\"account\":\"acme\"");
	fixture_add_sample(f, 2, f->now, 0, 1, "");
	fixture_add_sample(f, 3, f->now, 0, 1, "\"account\":\"other\"");
	fixture_add_sample(f, 4, f->now, 0, 1, "\"account\":\"nobody\"");
	assert_int_equal(fixture_send_report(f), LEDGER_DENIED);
	assert_int_equal(f->at, 2);
	assert_int_equal(samples(f), 0);
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM fact"
			     " WHERE kind LIKE 'report%'",
			     &f->err),
	    0);
	/* The beginning of a name is another name. */
	fixture_begin_report(f, 2);
	fixture_add_sample(f, 1, f->now, 0, 1, "\"account\":\"acm\"");
	assert_int_equal(fixture_send_report(f), LEDGER_DENIED);
	assert_int_equal(f->at, 0);
}

static void
with_several_accounts_each_volume_names_its_own(void **state)
{
	struct fixture *f = *state;

	fixture_account(f, "other");
	fixture_source(f, "admin2", "acme,other");
	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, f->now, 0, 1, "\"account\":\"other\"");
	fixture_add_sample(f, 2, f->now, 0, 1, "");
	assert_int_equal(fixture_send_report(f), LEDGER_UNNAMED);
	assert_int_equal(f->at, 1);
	assert_int_equal(samples(f), 0);
	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, f->now, 0, 1, "\"account\":\"other\"");
	fixture_add_sample(f, 2, f->now, 0, 1, "\"account\":\"acme\"");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM sample s JOIN account a"
			     " ON a.id = s.account JOIN volume v"
			     " ON v.id = s.volume WHERE (a.name = 'other') ="
			     " (hex(v.volume_id) LIKE '%001')",
			     &f->err),
	    2);
}

static void
the_token_is_noted_as_used(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(send(f, 1, f->now, 0, 5, ""), LEDGER_STORED);
	assert_int_equal(
	    fixture_int(f->db, "SELECT last_used_at FROM token", &f->err),
	    f->now);
}

/* --- samples --- */

static void
a_sample_is_stored_as_sent(void **state)
{
	struct fixture *f = *state;

	came_to(f,
	    send(f, 1, f->now + 61, 500, INT64_MAX,
		"\"name\":\"lab\",\"region\":\"eu\",\"inodes\":7,"
		"\"retired_bytes\":3,\"revision\":2,\"created_at\":"
		"\"2026-01-01T00:00:00Z\",\"size_bins\":["
		"{\"max_age\":\"30d\",\"bytes\":\"9223372036854775800\"},"
		"{\"max_age\":null,\"bytes\":7}]"),
	    "");
	assert_int_equal(
	    fixture_int(f->db,
		"SELECT count(*) FROM sample s JOIN volume v"
		" ON v.id = s.volume JOIN volume_name n ON n.id = s.name"
		" WHERE s.hour = 1790812800 / 3600 AND s.nanos = 61000000500"
		" AND s.revision = 2 AND s.bytes = 9223372036854775807"
		" AND s.bins = '720:9223372036854775800 0:7'"
		" AND s.inodes = 7 AND s.retired_bytes = 3"
		" AND n.name = 'lab' AND v.region = 'eu'"
		" AND v.created_at = 1767225600",
		&f->err),
	    1);
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM account_month"
			     " WHERE month = 2026 * 12 + 9",
			     &f->err),
	    1);
}

static void
the_same_sample_is_stored_once(void **state)
{
	struct fixture *f = *state;

	came_to(f, send(f, 1, f->now, 0, 5, ""), "");
	came_to(f, send(f, 2, f->now, 0, 5, ""), "known");
	/* Another name is no other sample. */
	came_to(f, send(f, 3, f->now, 0, 5, "\"name\":\"lab\""), "known");
	/* Another source. */
	fixture_source(f, "admin2", "acme");
	came_to(f, send(f, 1, f->now, 0, 5, ""), "known");
	came_to(f, send(f, 4, f->now, 1, 5, ""), "");
	assert_int_equal(samples(f), 2);
}

static void
another_size_for_the_same_key_is_a_conflict(void **state)
{
	struct fixture *f = *state;
	static const char bins[] = "\"size_bins\":[{\"max_age\":null,"
				   "\"bytes\":5}]";

	came_to(f, send(f, 1, f->now, 0, 5, ""), "");
	came_to(f, send(f, 2, f->now, 0, 6, ""), "conflict");
	came_to(f, send(f, 3, f->now, 0, 5, bins), "conflict");
	assert_int_equal(
	    fixture_int(f->db, "SELECT bytes FROM sample", &f->err), 5);
	/* A revision says that it is meant. */
	came_to(f, send(f, 4, f->now, 0, 6, "\"revision\":1"), "");
	came_to(f, send(f, 5, f->now, 0, 6, "\"revision\":1"), "known");
	came_to(f, send(f, 6, f->now, 0, 7, "\"revision\":1"), "conflict");
	assert_int_equal(samples(f), 2);
	fixture_account(f, "other");
	fixture_source(f, "admin2", "other");
	came_to(f, send(f, 1, f->now, 0, 5, ""), "conflict");
}

static void
a_conflict_inside_one_report_keeps_the_first(void **state)
{
	struct fixture *f = *state;

	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, f->now, 0, 5, "");
	fixture_add_sample(f, 1, f->now, 0, 6, "");
	fixture_add_sample(f, 1, f->now, 0, 5, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.stored, 1);
	assert_int_equal(f->answer.duplicates, 1);
	assert_int_equal(f->answer.quarantined_count, 1);
	assert_int_equal(f->answer.quarantined[0].index, 1);
	assert_int_equal(f->answer.quarantined[0].reason, QUARANTINE_CONFLICT);
}

static void
the_future_begins_after_five_minutes(void **state)
{
	struct fixture *f = *state;

	came_to(f, send(f, 1, f->now + 300, 0, 5, ""), "");
	came_to(f, send(f, 2, f->now + 300, 999999, 5, ""), "");
	came_to(f, send(f, 3, f->now + 300, 1000000, 5, ""), "future");
	came_to(f, send(f, 4, f->now + 301, 0, 5, ""), "future");
}

static void
other_limits_count_from_the_next_report_on(void **state)
{
	const struct ledger_limits limits = {10, 86400, 2};
	struct fixture *f = *state;
	int64_t day_ago = f->now - 86400;

	came_to(f, send(f, 1, f->now + 11, 0, 5, ""), "");
	ledger_set_limits(f->ledger, &limits);
	came_to(f, send(f, 2, f->now + 10, 0, 5, ""), "");
	came_to(f, send(f, 3, f->now + 12, 0, 5, ""), "future");
	came_to(f, send(f, 4, day_ago, 0, 5, ""), "");
	came_to(f, send(f, 5, day_ago - 1, 0, 5, ""), "too_old");
	assert_int_equal(send(f, 6, day_ago - 2, 0, 5, ""), LEDGER_FAILED);
	assert_int_equal(f->err.kind, ERR_BUSY);
	assert_string_equal(f->err.text,
	    "the quarantine is full (2 open samples); an operator has to "
	    "settle some");
}

static void
a_sample_is_too_old_after_35_days(void **state)
{
	struct fixture *f = *state;
	int64_t limit = f->now - 35 * INT64_C(86400);

	came_to(f, send(f, 1, limit, 0, 5, ""), "");
	came_to(f, send(f, 2, limit - 1, 999000000, 5, ""), "too_old");
	came_to(f, send(f, 3, limit - 1, 0, 5, ""), "too_old");
}

static void
bins_have_to_add_up(void **state)
{
	struct fixture *f = *state;
	static const char bins[] =
	    "\"size_bins\":[{\"max_age\":\"1d\",\"bytes\":3},"
	    "{\"max_age\":null,\"bytes\":4}]";
	static const char huge[] =
	    "\"size_bins\":[{\"max_age\":\"1d\",\"bytes\":"
	    "\"9223372036854775807\"},{\"max_age\":\"2d\",\"bytes\":"
	    "\"9223372036854775807\"},{\"max_age\":null,\"bytes\":7}]";

	came_to(f, send(f, 1, f->now, 0, 7, bins), "");
	came_to(f, send(f, 2, f->now, 1, 8, bins), "size_bins_mismatch");
	came_to(f, send(f, 3, f->now, 2, 6, bins), "size_bins_mismatch");
	/* 2^64 + 5, were it cut to 64 bits. */
	came_to(f, send(f, 4, f->now, 3, 5, huge), "size_bins_mismatch");
	came_to(f, send(f, 5, f->now, 4, 0, "\"size_bins\":[]"), "");
}

static void
what_is_set_aside_is_kept_as_it_was_sent(void **state)
{
	struct fixture *f = *state;
	struct sql_stmt *s;

	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, f->now, 0, 5, "");
	fixture_add_sample(
	    f, 2, f->now + 4000, 0, 6, "\"name\" : \"a\\u0041\"");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	s = sql_get(f->db,
	    "SELECT q.position, q.reason, q.state, q.body, a.name, f.kind"
	    " FROM quarantine q JOIN account a ON a.id = q.account"
	    " JOIN fact f ON f.seq = q.fact",
	    &f->err);
	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	assert_int_equal(sql_int(s, 0), 1);
	assert_string_equal(sql_text(s, 1), "future");
	assert_string_equal(sql_text(s, 2), "open");
	assert_string_equal(sql_text(s, 3),
	    "{\"id\":\"7b1d0000-90a1-4c3e-8f00-000000000002\","
	    "\"sampled_at\":\"2026-10-01T01:06:40.000000000Z\","
	    "\"bytes\":\"6\",\"name\" : \"a\\u0041\"}");
	assert_string_equal(sql_text(s, 4), "acme");
	assert_string_equal(sql_text(s, 5), "report.accepted");
	sql_done(s);
	/* A volume of which nothing was taken is not made. */
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM volume", &f->err), 1);
}

/* --- retirement --- */

static int64_t
retired_at(struct fixture *f)
{
	return fixture_int(
	    f->db, "SELECT ifnull(retired_at, 0) FROM volume", &f->err);
}

static void
after_its_end_a_volume_takes_no_sample(void **state)
{
	struct fixture *f = *state;
	static const char end[] = "\"retired_at\":\"2026-10-01T00:00:10Z\"";

	came_to(f, send(f, 1, f->now, 0, 5, end), "");
	came_to(f, send(f, 2, f->now + 10, 0, 5, ""), "");
	came_to(f, send(f, 3, f->now + 11, 0, 5, ""), "after_retirement");
	/* Said by the sample itself. */
	came_to(f,
	    send(f, 4, f->now + 5, 0, 5,
		"\"retired_at\":\"2026-10-01T00:00:04Z\""),
	    "after_retirement");
	assert_int_equal(retired_at(f), f->now + 4);
	came_to(f, send(f, 5, f->now + 6, 0, 5, ""), "after_retirement");
}

static void
the_earliest_end_counts_in_any_order(void **state)
{
	static const char *const ends[] = {
	    "\"retired_at\":\"2026-10-01T00:01:00Z\"",
	    "\"retired_at\":\"2026-10-01T00:02:00Z\"",
	    "\"retired_at\":\"2026-10-01T00:03:00Z\""};
	static const int orders[][3] = {
	    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const int facts[] = {1, 1, 2, 2, 2, 3};
	struct fixture *f = *state;

	for (int i = 0; i < 6; i++) {
		for (int k = 0; k < 3; k++)
			assert_int_equal(send(f, 100 + 10 * i + k, f->now, k, 5,
					     ends[orders[i][k]]),
			    LEDGER_STORED);
		assert_int_equal(retired_at(f), f->now + 60);
		assert_int_equal(fixture_int(f->db,
				     "SELECT count(*) FROM fact"
				     " WHERE kind = 'volume.retired'",
				     &f->err),
		    facts[i]);
		assert_true(sql_exec(f->db,
		    "DELETE FROM fact WHERE kind = 'volume.retired';"
		    "DELETE FROM sample; DELETE FROM volume_month;"
		    "DELETE FROM volume_account; DELETE FROM volume_end;"
		    "DELETE FROM volume",
		    &f->err));
		ledger_close(f->ledger);
		f->ledger = NULL;
	}
}

static void
a_doubtful_sample_ends_nothing(void **state)
{
	struct fixture *f = *state;

	came_to(f, send(f, 1, f->now, 0, 5, ""), "");
	came_to(f,
	    send(f, 2, f->now + 400, 0, 5,
		"\"retired_at\":\"2026-10-01T00:00:00Z\""),
	    "future");
	assert_int_equal(retired_at(f), 0);
}

/* --- facts --- */

static void
put_number(struct buf *b, int64_t value)
{
	uint64_t rest = (uint64_t)value;

	for (int i = 0; i < 8; i++, rest /= 256)
		buf_char(b, (char)(rest % 256));
}

static void
put_sample(struct buf *b, int n, int64_t bytes, const char *name,
    const char *bins, int64_t inodes)
{
	char text[UUID_TEXT_SIZE];
	struct uuid id;

	assert_true(uuid_parse(fixture_uuid(n, text), UUID_TEXT_LEN, &id));
	buf_add(b, id.bytes, UUID_SIZE);
	put_number(b, FIXTURE_NOW / 3600);
	put_number(b, 7);
	put_number(b, 0);
	put_number(b, bytes);
	put_number(b, 1);
	put_number(b, -1);
	put_number(b, inodes);
	put_number(b, (int64_t)strlen(name));
	buf_str(b, name);
	put_number(b, (int64_t)strlen(bins));
	buf_str(b, bins);
}

/* As the comment above hash_sample describes it. */
static void
a_fact_covers_the_body_and_the_rows(void **state)
{
	struct fixture *f = *state;
	uint8_t body[FACT_HASH_SIZE], rows[FACT_HASH_SIZE];
	struct buf b = BUF_INIT;
	struct sql_stmt *s;
	const void *blob;
	size_t len;

	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, f->now, 7, 5, "\"name\":\"lab\",\"inodes\":3");
	fixture_add_sample(f, 1, f->now, 7, 5, "");
	fixture_add_sample(f, 3, f->now + 4000, 0, 5, "");
	fixture_add_sample(f, 2, f->now, 7, 6,
	    "\"size_bins\":[{\"max_age\":\"2d\",\"bytes\":6}]");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	put_sample(&b, 1, 5, "lab", "", 3);
	put_sample(&b, 2, 6, "", "48:6", -1);
	tls_sha256(b.data, b.len, rows);
	tls_sha256(f->body.data, f->body.len, body);
	buf_fini(&b);
	s = sql_get(f->db,
	    "SELECT body_sha256, rows_sha256, detail, who, hash FROM fact"
	    " WHERE kind = 'report.accepted'",
	    &f->err);
	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	blob = sql_blob(s, 0, &len);
	assert_int_equal(len, FACT_HASH_SIZE);
	assert_memory_equal(blob, body, len);
	blob = sql_blob(s, 1, &len);
	assert_int_equal(len, FACT_HASH_SIZE);
	assert_memory_equal(blob, rows, len);
	assert_string_equal(
	    sql_text(s, 2), "stored=2 duplicates=1 quarantined=1");
	assert_string_equal(sql_text(s, 3), "source:admin1");
	blob = sql_blob(s, 4, &len);
	assert_int_equal(len, FACT_HASH_SIZE);
	assert_memory_equal(blob, f->answer.head, len);
	sql_done(s);
}

/* The kinds, subjects and details of the facts behind the last report's, one
 * a line. */
static const char *
facts_behind(struct fixture *f)
{
	struct sql_stmt *s = sql_get(f->db,
	    "SELECT kind || ' ' || substr(subject, 35) || ' ' || detail"
	    " FROM fact WHERE seq > (SELECT max(fact) FROM report)"
	    " ORDER BY seq",
	    &f->err);

	buf_clear(&f->errors);
	while (sql_step(s, &f->err) == SQL_ROW)
		buf_printf(&f->errors, "%s\n", sql_text(s, 0));
	return buf_text(&f->errors);
}

static void
each_sample_that_is_set_aside_is_a_fact(void **state)
{
	struct fixture *f = *state;
	uint8_t body[FACT_HASH_SIZE];
	struct sql_stmt *s;
	const void *blob;
	size_t len;

	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, f->now, 0, 5, "");
	fixture_add_sample(f, 2, f->now + 4000, 0, 6, "");
	fixture_add_sample(f, 1, f->now, 0, 7, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_string_equal(facts_behind(f),
	    "sample.quarantined 02 reason=future quarantine=1 position=1 "
	    "account=acme\n"
	    "sample.quarantined 01 reason=conflict quarantine=2 position=2 "
	    "account=acme\n");
	s = sql_get(f->db,
	    "SELECT f.body_sha256, q.body FROM fact f JOIN quarantine q"
	    " ON f.detail LIKE '% quarantine=' || q.id || ' %'"
	    " WHERE f.kind = 'sample.quarantined' AND f.who = 'source:admin1'"
	    " ORDER BY f.seq",
	    &f->err);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sql_step(s, &f->err), SQL_ROW);
		tls_sha256(sql_text(s, 1), strlen(sql_text(s, 1)), body);
		blob = sql_blob(s, 0, &len);
		assert_int_equal(len, FACT_HASH_SIZE);
		assert_memory_equal(blob, body, len);
	}
	assert_int_equal(sql_step(s, &f->err), SQL_END);
	/* A repetition states nothing. */
	assert_int_equal(fixture_take_report(f), LEDGER_REPLAYED);
	assert_int_equal(f->answer.quarantined[1].id, 2);
	assert_true(ledger_commit(f->ledger, &f->err));
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM fact"
			     " WHERE kind = 'sample.quarantined'",
			     &f->err),
	    2);
}

static void
a_revision_that_meets_another_is_a_fact(void **state)
{
	struct fixture *f = *state;

	came_to(f, send(f, 1, f->now, 0, 5, ""), "");
	assert_string_equal(facts_behind(f), "");
	came_to(f, send(f, 2, f->now, 0, 6, "\"revision\":2"), "");
	assert_string_equal(facts_behind(f),
	    "sample.superseded 01 sampled_at=2026-10-01T00:00:00Z "
	    "old_revision=0 old_bytes=5 new_revision=2 new_bytes=6\n");
	/* One that comes late does not count, and says so. */
	came_to(f, send(f, 3, f->now, 0, 7, "\"revision\":1"), "");
	assert_string_equal(facts_behind(f),
	    "sample.superseded 01 sampled_at=2026-10-01T00:00:00Z "
	    "old_revision=2 old_bytes=6 new_revision=1 new_bytes=7\n");
	/* Alone at its instant it supersedes nothing. */
	came_to(f, send(f, 4, f->now, 9, 7, "\"revision\":1"), "");
	assert_string_equal(facts_behind(f), "");
	/* A sample without a revision may be the later one. */
	came_to(f, send(f, 5, f->now, 9, 8, ""), "");
	assert_string_equal(facts_behind(f),
	    "sample.superseded 01 sampled_at=2026-10-01T00:00:00.000000009Z "
	    "old_revision=1 old_bytes=7 new_revision=0 new_bytes=8\n");
	came_to(f, send(f, 6, f->now, 9, 8, ""), "known");
	assert_string_equal(facts_behind(f), "");
}

static void
a_late_sample_meets_the_revision_of_an_earlier_run(void **state)
{
	struct fixture *f = *state;

	came_to(f, send(f, 1, f->now, 0, 6, "\"revision\":1"), "");
	ledger_close(f->ledger);
	f->ledger = NULL;
	came_to(f, send(f, 2, f->now, 0, 5, ""), "");
	assert_string_equal(facts_behind(f),
	    "sample.superseded 01 sampled_at=2026-10-01T00:00:00Z "
	    "old_revision=1 old_bytes=6 new_revision=0 new_bytes=5\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_report_is_answered_again_as_the_first_time),
	    TEST(an_id_used_for_another_body_is_refused),
	    TEST(a_report_that_was_never_sent_is_not_found),
	    TEST(a_report_without_volumes_is_a_report),
	    TEST(accounts_that_are_not_the_sources_are_denied),
	    TEST(with_several_accounts_each_volume_names_its_own),
	    TEST(the_token_is_noted_as_used),
	    TEST(a_sample_is_stored_as_sent),
	    TEST(the_same_sample_is_stored_once),
	    TEST(another_size_for_the_same_key_is_a_conflict),
	    TEST(a_conflict_inside_one_report_keeps_the_first),
	    TEST(the_future_begins_after_five_minutes),
	    TEST(a_sample_is_too_old_after_35_days),
	    TEST(other_limits_count_from_the_next_report_on),
	    TEST(bins_have_to_add_up),
	    TEST(what_is_set_aside_is_kept_as_it_was_sent),
	    TEST(after_its_end_a_volume_takes_no_sample),
	    TEST(the_earliest_end_counts_in_any_order),
	    TEST(a_doubtful_sample_ends_nothing),
	    TEST(a_fact_covers_the_body_and_the_rows),
	    TEST(each_sample_that_is_set_aside_is_a_fact),
	    TEST(a_revision_that_meets_another_is_a_fact),
	    TEST(a_late_sample_meets_the_revision_of_an_earlier_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
