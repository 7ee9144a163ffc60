/*
 * quarantine_test.c - unit tests of src/quarantine.c and quarantine_settle.c.
 */
#include "fixture.h"
#include "src/quarantine.h"

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

/* Report n with one sample of volume 1; returns what waits of it, or 0. */
static int64_t
send(struct fixture *f, int n, int64_t at, int64_t bytes, const char *members)
{
	fixture_begin_report(f, n);
	fixture_add_sample(f, 1, at, 0, bytes, members);
	if (fixture_send_report(f) != LEDGER_STORED)
		fail_msg("report %d: %s", n, f->err.text);
	return f->answer.quarantined_count > 0 ? f->answer.quarantined[0].id
					       : 0;
}

static enum quarantine_result
try_release(struct fixture *f, int64_t id, struct quarantine_outcome *out)
{
	f->err = (struct err)ERR_INIT;
	return quarantine_release(f->db, id, "the clock was wrong",
	    "operator:kim", f->now, out, &f->err);
}

static struct quarantine_outcome
release(struct fixture *f, int64_t id)
{
	struct quarantine_outcome out = {.volume_id = {{0}}};

	if (id == 0 || try_release(f, id, &out) != QUARANTINE_DONE)
		fail_msg("release of %lld: %s", (long long)id, f->err.text);
	/* As the server does after a change through the same connection. */
	ledger_forget(f->ledger);
	return out;
}

/* The facts from the first of a kind on, as text. */
static const char *
facts_from(struct fixture *f, const char *kind)
{
	struct sql_stmt *s = sql_get(f->db,
	    "SELECT kind || ' ' || who || ' ' || substr(subject, 35) || ' ' ||"
	    " detail FROM fact WHERE seq >="
	    " (SELECT min(seq) FROM fact WHERE kind = ?) ORDER BY seq",
	    &f->err);

	buf_clear(&f->errors);
	sql_bind_text(s, 1, kind);
	while (sql_step(s, &f->err) == SQL_ROW)
		buf_printf(&f->errors, "%s\n", sql_text(s, 0));
	return buf_text(&f->errors);
}

static int64_t
samples(struct fixture *f)
{
	return fixture_int(f->db, "SELECT count(*) FROM sample", &f->err);
}

/* --- releases by reason --- */

static void
a_sample_of_the_future_counts_as_it_was_sent(void **state)
{
	struct fixture *f = *state;
	int64_t at = f->now + 400, id;
	struct quarantine_outcome out;

	id = send(f, 1, at, 5,
	    "\"name\":\"lab\",\"region\":\"eu\",\"revision\":3,"
	    "\"retired_at\":\"2026-10-02T00:00:00Z\",\"size_bins\":["
	    "{\"max_age\":\"1d\",\"bytes\":5}]");
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM volume", &f->err), 0);
	f->now += 10;
	out = release(f, id);
	assert_true(out.stored);
	assert_int_equal(out.revision, 3);
	assert_false(out.bins_dropped);
	assert_int_equal(out.retired_at, FIXTURE_NOW + 86400);
	assert_string_equal(facts_from(f, "sample.released"),
	    "sample.released operator:kim 01 quarantine=1 "
	    "sampled_at=2026-10-01T00:06:40Z bytes=5 revision=3 stored=1 "
	    "reason=\"the clock was wrong\"\n"
	    "volume.retired operator:kim 01 retired_at=2026-10-02T00:00:00Z\n");
	assert_int_equal(
	    fixture_int(f->db,
		"SELECT count(*) FROM sample s JOIN volume v ON v.id = s.volume"
		" JOIN volume_name n ON n.id = s.name"
		" JOIN fact f ON f.seq = s.fact"
		" JOIN quarantine q ON q.settled_fact = f.seq"
		" WHERE s.nanos = 400000000000 AND s.revision = 3"
		" AND s.bytes = 5 AND s.bins = '24:5' AND n.name = 'lab'"
		" AND v.region = 'eu' AND v.retired_at = 1790899200"
		" AND f.kind = 'sample.released' AND q.state = 'released'",
		&f->err),
	    1);
	assert_int_equal(
	    fixture_int(f->db,
		"SELECT (SELECT count(*) FROM account_month)"
		" + (SELECT count(*) FROM volume_month)"
		" + (SELECT count(*) FROM volume_account)"
		" + (SELECT count(*) FROM volume_end e JOIN fact f"
		"   ON f.seq = e.fact WHERE f.kind = 'sample.released')",
		&f->err),
	    4);
}

static void
an_old_sample_counts_as_it_was_sent(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(f, 1, f->now - 40 * INT64_C(86400), 5, "");
	struct quarantine_outcome out = release(f, id);

	assert_true(out.stored);
	assert_int_equal(out.revision, 0);
	assert_int_equal(out.retired_at, 0);
	assert_int_equal(samples(f), 1);
	/* The ledger knows it now. */
	f->now -= 39 * INT64_C(86400);
	assert_int_equal(send(f, 2, f->now - 86400, 5, ""), 0);
	assert_int_equal(f->answer.duplicates, 1);
}

static void
bins_that_do_not_add_up_are_dropped(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(f, 1, f->now, 5,
	    "\"size_bins\":[{\"max_age\":\"1d\",\"bytes\":4}]");
	struct quarantine_outcome out = release(f, id);

	assert_true(out.stored && out.bins_dropped);
	assert_int_equal(
	    fixture_int(
		f->db, "SELECT bytes FROM sample WHERE bins IS NULL", &f->err),
	    5);
	assert_non_null(strstr(
	    facts_from(f, "sample.released"), "stored=1 bins=dropped reason="));
}

static void
a_conflict_becomes_the_next_revision(void **state)
{
	struct fixture *f = *state;
	int64_t first, second, third;
	struct quarantine_outcome out;

	send(f, 1, f->now, 5, "");
	first = send(f, 2, f->now, 6, "");
	second = send(f, 3, f->now, 6, "");
	send(f, 4, f->now, 9, "\"revision\":4");
	third = send(f, 5, f->now, 7, "");
	out = release(f, first);
	assert_true(out.stored);
	assert_int_equal(out.revision, 5);
	assert_string_equal(facts_from(f, "sample.released"),
	    "sample.released operator:kim 01 quarantine=1 "
	    "sampled_at=2026-10-01T00:00:00Z bytes=6 revision=5 stored=1 "
	    "reason=\"the clock was wrong\"\n"
	    "sample.superseded operator:kim 01 "
	    "sampled_at=2026-10-01T00:00:00Z old_revision=4 old_bytes=9 "
	    "new_revision=5 new_bytes=6\n");
	out = release(f, third);
	assert_true(out.stored);
	assert_int_equal(out.revision, 6);
	assert_int_equal(samples(f), 4);
	/* It is not taken for the one that does not count any more. */
	out = release(f, second);
	assert_true(out.stored);
	assert_int_equal(out.revision, 7);
	/* The highest that a report may name leaves no room above. */
	send(f, 6, f->now, 9, "\"revision\":2147483647");
	first = send(f, 7, f->now, 8, "");
	assert_int_equal(try_release(f, first, &out), QUARANTINE_REFUSED);
	assert_non_null(strstr(f->err.text, "highest revision"));
	assert_int_equal(samples(f), 6);
}

static void
a_release_moves_the_end_of_a_volume(void **state)
{
	struct fixture *f = *state;
	static const char end[] = "\"retired_at\":\"2026-10-01T00:00:10Z\"";
	int64_t first, second, third;
	struct quarantine_outcome out;

	send(f, 1, f->now, 5, end);
	first = send(f, 2, f->now + 30, 6, end);
	second = send(f, 3, f->now + 20, 6, end);
	third = send(
	    f, 4, f->now + 60, 6, "\"retired_at\":\"2026-10-01T00:01:01Z\"");
	out = release(f, first);
	assert_true(out.stored);
	assert_int_equal(out.retired_at, f->now + 30);
	assert_string_equal(facts_from(f, "sample.released"),
	    "sample.released operator:kim 01 quarantine=1 "
	    "sampled_at=2026-10-01T00:00:30Z bytes=6 revision=0 stored=1 "
	    "reason=\"the clock was wrong\"\n"
	    "volume.retired operator:kim 01 retired_at=2026-10-01T00:00:30Z "
	    "lives_until=2026-10-01T00:00:30Z\n");
	/* Within its life now. */
	out = release(f, second);
	assert_int_equal(out.retired_at, 0);
	/* An end before that is stated again and again, and ignored. */
	assert_int_equal(send(f, 5, f->now + 25, 6, end), 0);
	assert_int_equal(send(f, 6, f->now + 31, 6, end), 4);
	assert_int_equal(
	    fixture_int(f->db, "SELECT retired_at FROM volume", &f->err),
	    f->now + 30);
	out = release(f, third);
	assert_int_equal(out.retired_at, f->now + 60);
	/* Every end is kept with its fact. */
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM volume_end", &f->err), 3);
}

static void
a_sample_that_ends_its_volume_before_itself_extends_it(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(
	    f, 1, f->now + 30, 6, "\"retired_at\":\"2026-10-01T00:00:10Z\"");
	struct quarantine_outcome out = release(f, id);

	assert_true(out.stored);
	assert_int_equal(out.retired_at, f->now + 30);
	assert_int_equal(
	    fixture_int(
		f->db, "SELECT retired_at = lives_until FROM volume", &f->err),
	    1);
}

static void
an_end_that_comes_back_to_where_it_was_did_not_move(void **state)
{
	struct fixture *f = *state;
	struct quarantine_outcome out;
	int64_t id;

	send(f, 1, f->now, 5, "\"retired_at\":\"2026-10-01T00:06:40Z\"");
	id = send(
	    f, 2, f->now + 400, 6, "\"retired_at\":\"2026-10-01T00:00:10Z\"");
	assert_int_not_equal(id, 0);
	out = release(f, id);
	assert_true(out.stored);
	assert_int_equal(out.retired_at, 0);
	assert_int_equal(
	    fixture_int(f->db, "SELECT retired_at FROM volume", &f->err),
	    f->now + 400);
	/* The ledger has the way there. */
	assert_non_null(strstr(facts_from(f, "sample.released"),
	    "retired_at=2026-10-01T00:06:40Z "
	    "lives_until=2026-10-01T00:06:40Z"));
}

static void
what_is_stored_already_is_settled_and_not_stored(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(f, 1, f->now + 400, 5, "");
	struct quarantine_outcome out;

	f->now += 200;
	assert_int_equal(send(f, 2, f->now + 200, 5, ""), 0);
	out = release(f, id);
	assert_false(out.stored);
	assert_int_equal(samples(f), 1);
	assert_non_null(
	    strstr(facts_from(f, "sample.released"), "stored=0 reason="));
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM quarantine"
			     " WHERE state = 'released'",
			     &f->err),
	    1);
}

static void
whatever_is_in_its_way_a_released_sample_counts(void **state)
{
	struct fixture *f = *state;
	struct quarantine_outcome out;
	/* Of the future, and its bins do not add up. */
	int64_t id = send(f, 1, f->now + 400, 5,
	    "\"size_bins\":[{\"max_age\":\"1d\",\"bytes\":4}]");

	f->now += 200;
	/* Meanwhile another size came, and the volume ended before. */
	assert_int_equal(send(f, 2, f->now + 200, 7, ""), 0);
	assert_int_equal(
	    send(f, 3, f->now, 7, "\"retired_at\":\"2026-10-01T00:05:00Z\""),
	    0);
	out = release(f, id);
	assert_true(out.stored && out.bins_dropped);
	assert_int_equal(out.revision, 1);
	assert_int_equal(out.retired_at, FIXTURE_NOW + 400);
}

/* --- settling --- */

static void
what_is_discarded_never_counts(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(f, 1, f->now + 400, 5, "");

	assert_int_equal(quarantine_discard(f->db, id, "a test", "operator:kim",
			     f->now, &f->err),
	    QUARANTINE_DONE);
	assert_int_equal(samples(f), 0);
	assert_string_equal(facts_from(f, "sample.discarded"),
	    "sample.discarded operator:kim 01 quarantine=1 "
	    "reason=\"a test\"\n");
	/* Both facts of the sample have the digest of what was sent. */
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(DISTINCT body_sha256) * 10"
			     " + count(*) FROM fact WHERE kind LIKE 'sample.%'",
			     &f->err),
	    12);
}

static void
a_settled_row_is_not_settled_again(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(f, 1, f->now + 400, 5, "");
	struct quarantine_outcome out;

	release(f, id);
	f->now += 5;
	assert_int_equal(try_release(f, id, &out), QUARANTINE_REFUSED);
	assert_string_equal(f->err.text,
	    "sample 1 of the quarantine was released already, by "
	    "operator:kim at 2026-10-01T00:00:00Z");
	assert_int_equal(f->err.kind, ERR_INPUT);
	assert_int_equal(quarantine_discard(
			     f->db, id, "no", "operator:kim", f->now, &f->err),
	    QUARANTINE_REFUSED);
	assert_int_equal(samples(f), 1);
	id = send(f, 2, f->now + 401, 5, "");
	assert_int_equal(quarantine_discard(
			     f->db, id, "no", "operator:kim", f->now, &f->err),
	    QUARANTINE_DONE);
	assert_int_equal(try_release(f, id, &out), QUARANTINE_REFUSED);
	assert_non_null(strstr(f->err.text, "was discarded already"));
	assert_int_equal(try_release(f, id + 1, &out), QUARANTINE_UNKNOWN);
	assert_int_equal(try_release(f, -1, &out), QUARANTINE_UNKNOWN);
	assert_false(sql_in_transaction(f->db));
}

static void
a_reason_is_needed(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(f, 1, f->now + 400, 5, "");
	char text[QUARANTINE_MAX_REASON + 2];
	struct quarantine_outcome out;
	static const char *const wrong[] = {"", "  ", "a\nb", "\x7f"};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(quarantine_release(f->db, id, wrong[i],
				     "operator:kim", f->now, &out, &f->err),
		    QUARANTINE_REFUSED);
	memset(text, 'x', sizeof text);
	text[QUARANTINE_MAX_REASON + 1] = '\0';
	assert_int_equal(quarantine_release(f->db, id, text, "operator:kim",
			     f->now, &out, &f->err),
	    QUARANTINE_REFUSED);
	assert_int_equal(samples(f), 0);
	text[QUARANTINE_MAX_REASON] = '\0';
	assert_int_equal(quarantine_release(f->db, id, text, "operator:kim",
			     f->now, &out, &f->err),
	    QUARANTINE_DONE);
}

static void
a_day_whose_samples_are_gone_takes_no_release(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(f, 1, f->now - 40 * INT64_C(86400), 5, "");
	struct quarantine_outcome out;

	/* The very day, and the one before. */
	assert_true(sql_exec(f->db,
	    "UPDATE day_progress SET removed_day = 1790812800 / 86400 - 40",
	    &f->err));
	assert_int_equal(try_release(f, id, &out), QUARANTINE_REFUSED);
	assert_string_equal(f->err.text,
	    "the samples of 2026-08-22 are no longer kept, so sample 1 of the "
	    "quarantine can only be discarded");
	assert_true(sql_exec(f->db,
	    "UPDATE day_progress SET removed_day = removed_day - 1", &f->err));
	assert_true(release(f, id).stored);
}

/* Every write of a release in turn does not work. */
static void
a_release_is_whole_or_not_at_all(void **state)
{
	static const char *const broken[] = {
	    "CREATE TEMP TRIGGER t BEFORE INSERT ON fact"
	    " WHEN NEW.kind = 'sample.released'"
	    " BEGIN SELECT RAISE(ABORT, 'no'); END",
	    "CREATE TEMP TRIGGER t BEFORE INSERT ON fact"
	    " WHEN NEW.kind = 'volume.retired'"
	    " BEGIN SELECT RAISE(ABORT, 'no'); END",
	    "CREATE TEMP TRIGGER t BEFORE INSERT ON fact"
	    " WHEN NEW.kind = 'sample.superseded'"
	    " BEGIN SELECT RAISE(ABORT, 'no'); END",
	    "CREATE TEMP TRIGGER t BEFORE UPDATE ON quarantine"
	    " BEGIN SELECT RAISE(ABORT, 'no'); END",
	    "CREATE TEMP TRIGGER t BEFORE INSERT ON volume_end"
	    " BEGIN SELECT RAISE(ABORT, 'no'); END",
	    "CREATE TEMP TRIGGER t BEFORE INSERT ON sample"
	    " BEGIN SELECT RAISE(ABORT, 'no'); END",
	};
	struct fixture *f = *state;
	struct quarantine_outcome out;
	int64_t facts, id;

	send(f, 1, f->now, 5, "");
	id = send(f, 2, f->now, 6, "");
	/* Then it ended, a second before. */
	send(f, 3, f->now - 1, 6, "\"retired_at\":\"2026-09-30T23:59:59Z\"");
	facts = fixture_int(f->db, "SELECT count(*) FROM fact", &f->err);
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		assert_true(sql_exec(f->db, broken[i], &f->err));
		assert_int_equal(try_release(f, id, &out), QUARANTINE_FAILED);
		assert_false(sql_in_transaction(f->db));
		assert_int_equal(samples(f), 2);
		assert_int_equal(
		    fixture_int(f->db, "SELECT count(*) FROM fact", &f->err),
		    facts);
		assert_int_equal(fixture_int(f->db,
				     "SELECT count(*) FROM quarantine"
				     " WHERE state = 'open'",
				     &f->err),
		    1);
		assert_int_equal(fixture_int(f->db,
				     "SELECT retired_at FROM volume", &f->err),
		    FIXTURE_NOW - 1);
		assert_true(sql_exec(f->db, "DROP TRIGGER t", &f->err));
	}
	assert_true(release(f, id).stored);
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM fact", &f->err),
	    facts + 3);
}

/* --- lists --- */

struct seen {
	struct buf text;
};

static bool
see(void *ctx, const struct quarantine_row *row, struct err *err)
{
	struct seen *seen = ctx;

	(void)err;
	buf_printf(&seen->text, "%lld %s %s|", (long long)row->id, row->reason,
	    row->state);
	return true;
}

static void
expect_list(struct fixture *f, const char *state, int64_t account,
    int64_t after, int64_t limit, const char *expected)
{
	struct quarantine_query query = {
	    .account = account, .after = after, .limit = limit};
	struct seen seen = {BUF_INIT};

	assert_true(quarantine_parse_state(state, &query.state));
	assert_true(quarantine_each(f->db, &query, see, &seen, &f->err));
	assert_string_equal(buf_text(&seen.text), expected);
	buf_fini(&seen.text);
}

static void
rows_are_listed_by_state_account_and_page(void **state)
{
	struct fixture *f = *state;
	const char *word;
	int64_t other;

	other = fixture_account(f, "other");
	send(f, 1, f->now + 400, 5, "");
	send(f, 2, f->now - 40 * INT64_C(86400), 5, "");
	fixture_source(f, "admin2", "other");
	send(f, 3, f->now + 500, 5, "");
	send(f, 4, f->now + 600, 5, "");
	release(f, 2);
	assert_int_equal(quarantine_discard(f->db, 4, "a test", "operator:kim",
			     f->now, &f->err),
	    QUARANTINE_DONE);
	expect_list(f, "open", 0, 0, 0, "1 future open|3 future open|");
	expect_list(f, "released", 0, 0, 0, "2 too_old released|");
	expect_list(f, "discarded", 0, 0, 0, "4 future discarded|");
	expect_list(f, "all", 0, 1, 2, "2 too_old released|3 future open|");
	expect_list(f, "open", other, 0, 0, "3 future open|");
	expect_list(f, "open", 0, 1, 0, "3 future open|");
	expect_list(f, "open", 0, 0, 1, "1 future open|");
	expect_list(f, "all", other, 3, 0, "4 future discarded|");
	assert_false(quarantine_parse_state("", &word));
	assert_false(quarantine_parse_state("opened", &word));
}

static bool
check_row(void *ctx, const struct quarantine_row *row, struct err *err)
{
	struct fixture *f = ctx;

	(void)err;
	assert_int_equal(row->received_at, FIXTURE_NOW);
	assert_string_equal(row->source, "admin1");
	assert_string_equal(
	    row->report_id, "5f0c9a52-2f0e-4b7c-9a3d-000000000001");
	assert_string_equal(
	    row->volume_id, "7b1d0000-90a1-4c3e-8f00-000000000001");
	assert_string_equal(row->account, "acme");
	assert_int_equal(row->position, 0);
	assert_string_equal(row->body,
	    "{\"id\":\"7b1d0000-90a1-4c3e-8f00-000000000001\","
	    "\"sampled_at\":\"2026-10-01T00:06:40.000000000Z\","
	    "\"bytes\":\"5\"}");
	assert_int_equal(row->settled_at, f->now);
	assert_string_equal(row->settled_by, "operator:kim");
	assert_string_equal(
	    row->settled_reason, "he said \"no\\yes\" reason=b");
	f->at++;
	return true;
}

static void
a_row_tells_where_it_came_from_and_what_became_of_it(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(f, 1, f->now + 400, 5, "");
	struct quarantine_query query = {.after = id - 1, .limit = 1};

	f->now += 60;
	assert_int_equal(
	    quarantine_discard(f->db, id, "he said \"no\\yes\" reason=b",
		"operator:kim", f->now, &f->err),
	    QUARANTINE_DONE);
	f->at = 0;
	assert_true(quarantine_each(f->db, &query, check_row, f, &f->err));
	assert_int_equal(f->at, 1);
}

static void
numbers_of_rows_are_digits(void **state)
{
	int64_t id;

	(void)state;
	assert_true(quarantine_parse_id("17", &id));
	assert_int_equal(id, 17);
	assert_false(quarantine_parse_id("", &id));
	assert_false(quarantine_parse_id("-1", &id));
	assert_false(quarantine_parse_id("1x", &id));
	assert_false(quarantine_parse_id("99999999999999999999", &id));
}

/* Settled rows give their room back, and the ledger counts anew. */
static void
a_settled_row_makes_room(void **state)
{
	struct fixture *f = *state;
	int64_t id = send(f, 1, f->now + 400, 5, ""), open;

	assert_true(quarantine_count(f->db, &open, &f->err));
	assert_int_equal(open, 1);
	release(f, id);
	assert_true(quarantine_count(f->db, &open, &f->err));
	assert_int_equal(open, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_sample_of_the_future_counts_as_it_was_sent),
	    TEST(an_old_sample_counts_as_it_was_sent),
	    TEST(bins_that_do_not_add_up_are_dropped),
	    TEST(a_conflict_becomes_the_next_revision),
	    TEST(a_release_moves_the_end_of_a_volume),
	    TEST(a_sample_that_ends_its_volume_before_itself_extends_it),
	    TEST(an_end_that_comes_back_to_where_it_was_did_not_move),
	    TEST(what_is_stored_already_is_settled_and_not_stored),
	    TEST(whatever_is_in_its_way_a_released_sample_counts),
	    TEST(what_is_discarded_never_counts),
	    TEST(a_settled_row_is_not_settled_again),
	    TEST(a_reason_is_needed),
	    TEST(a_day_whose_samples_are_gone_takes_no_release),
	    TEST(a_release_is_whole_or_not_at_all),
	    TEST(rows_are_listed_by_state_account_and_page),
	    TEST(a_row_tells_where_it_came_from_and_what_became_of_it),
	    TEST(numbers_of_rows_are_digits),
	    TEST(a_settled_row_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
