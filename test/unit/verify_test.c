/*
 * verify_test.c - unit tests of src/verify.c: what is clean, anchors, samples
 * that do not fit into memory, days without samples, and how it is said.
 */
#include "src/fact.h"
#include "verify_rig.h"

/* --- what was left alone --- */

static void
what_was_left_alone_is_clean(void **state)
{
	struct fixture *f = *state;
	const struct verify_options deep = {.deep = true};
	struct verify_anchors none = {0};
	struct verify_result r;
	struct fact_head head;

	verify_rig_run(f, &deep, &none, &r);
	if (verify_found(&r) != 0) {
		verify_rig_show(&r);
		fail();
	}
	assert_true(fact_load_head(f->db, &head, &f->err));
	assert_int_equal(r.head.seq, head.seq);
	assert_memory_equal(r.head.hash, head.hash, FACT_HASH_SIZE);
	assert_int_equal(r.checked[VERIFY_CHAIN], head.seq);
	assert_int_equal(r.checked[VERIFY_ACCOUNT], 2);
	assert_int_equal(r.checked[VERIFY_SOURCE], 2);
	assert_int_equal(r.checked[VERIFY_TOKEN], 2);
	assert_int_equal(r.checked[VERIFY_RATE], 2);
	assert_int_equal(r.checked[VERIFY_REPORT], 3);
	assert_int_equal(r.checked[VERIFY_VOLUME], 3);
	assert_int_equal(r.checked[VERIFY_SAMPLE], 8);
	assert_int_equal(r.checked[VERIFY_QUARANTINE], 1);
	verify_result_fini(&r);
}

static void
an_empty_database_is_clean(void **state)
{
	verify_rig_expect_clean(*state);
}

static void
a_changed_account_is_clean_when_a_fact_says_so(void **state)
{
	struct fixture *f = *state;
	struct fact fact = {.at = f->now,
	    .kind = "account.updated",
	    .who = "operator:test",
	    .subject = "other",
	    .detail = "net_days=14 display_name=\"Other Ltd\""};
	struct verify_result r;

	verify_rig_change(f,
	    "UPDATE account SET net_days = 14, display_name = 'Other Ltd'"
	    " WHERE name = 'other'");
	verify_rig_look(f, &r);
	assert_int_equal(r.found[VERIFY_ACCOUNT], 2);
	verify_result_fini(&r);
	assert_true(fact_add(f->db, &fact, NULL, &f->err));
	verify_rig_expect_clean(f);
	fact.subject = "nobody";
	assert_true(fact_add(f->db, &fact, NULL, &f->err));
	verify_rig_look(f, &r);
	assert_true(verify_rig_has(&r, VERIFY_ACCOUNT, "nobody"));
	verify_result_fini(&r);
}

/* What a migration leaves: rows that name no fact. */
static void
rows_older_than_their_column_are_clean(void **state)
{
	struct fixture *f = *state;

	verify_rig_change(
	    f, "UPDATE rate SET fact = 0; UPDATE volume_end SET fact = 0");
	verify_rig_expect_clean(f);
}

/* --- anchors --- */

static void
read_head(struct fixture *f, struct verify_anchors *anchors)
{
	char text[FACT_HEAD_TEXT_SIZE];
	struct fact_head head;
	size_t found;

	assert_true(fact_load_head(f->db, &head, &f->err));
	fact_format_head(head.hash, text);
	assert_true(
	    verify_read_anchors(text, strlen(text), anchors, &found, &f->err));
	assert_int_equal(found, 1);
}

static void
a_cut_tail_is_found_by_an_anchor_alone(void **state)
{
	struct fixture *f = *state;
	const struct verify_options plain = {0};
	struct verify_anchors anchors = {0};
	struct verify_result r;

	read_head(f, &anchors);
	fixture_sample(f, 2, f->now + 3600, 5, "");
	read_head(f, &anchors);
	verify_rig_run(f, &plain, &anchors, &r);
	assert_int_equal(verify_found(&r), 0);
	assert_int_equal(r.checked[VERIFY_ANCHOR], 2);
	assert_int_equal(anchors.list[0].fact + anchors.list[1].fact, 11 + 12);
	verify_result_fini(&r);
	/* All of the last report, as if it had never come. */
	verify_rig_change(f, "DELETE FROM sample WHERE fact = 12;"
			     "DELETE FROM report WHERE fact = 12;"
			     "DELETE FROM fact WHERE seq = 12");
	verify_rig_expect_clean(f);
	for (size_t i = 0; i < anchors.count; i++)
		anchors.list[i].fact = 0;
	verify_rig_run(f, &plain, &anchors, &r);
	assert_int_equal(r.found[VERIFY_ANCHOR], 1);
	assert_int_equal(verify_found(&r), 1);
	assert_true(verify_rig_has(&r, VERIFY_ANCHOR, "no fact has this hash"));
	verify_result_fini(&r);
	verify_anchors_fini(&anchors);
}

#define DIGITS "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcd"

static size_t
count_anchors(const char *text)
{
	struct verify_anchors anchors = {0};
	struct err err = ERR_INIT;
	size_t found;

	assert_true(
	    verify_read_anchors(text, strlen(text), &anchors, &found, &err));
	assert_int_equal(found, anchors.count);
	for (size_t i = 0; i < found; i++) {
		assert_int_equal(anchors.list[i].hash[0], 0x01);
		assert_int_equal(anchors.list[i].hash[31], 0xef);
	}
	verify_anchors_fini(&anchors);
	return found;
}

static void
anchors_are_found_in_any_text(void **state)
{
	(void)state;
	assert_int_equal(count_anchors("sha256:" DIGITS "ef"), 1);
	assert_int_equal(
	    count_anchors("{\"ledger_head\":\"sha256:" DIGITS "ef\"}"), 1);
	assert_int_equal(
	    count_anchors("<code>sha256:" DIGITS "=\r\nef</code> and "
			  "sha256:sha256:" DIGITS "e=\nf\n"),
	    2);
	assert_int_equal(count_anchors("sha256:" DIGITS "EF="), 1);
	/* Too short, too long, or something else. */
	assert_int_equal(count_anchors("sha256:" DIGITS "e"), 0);
	assert_int_equal(count_anchors("sha256:" DIGITS "efa"), 0);
	assert_int_equal(count_anchors("sha256:" DIGITS "ef=\r\na"), 0);
	assert_int_equal(count_anchors("sha256:" DIGITS "eg"), 0);
	assert_int_equal(count_anchors("sha256: " DIGITS "ef"), 0);
	assert_int_equal(count_anchors("sha256:" DIGITS "e=\r"), 0);
	assert_int_equal(count_anchors("sha256:"), 0);
	assert_int_equal(count_anchors(""), 0);
}

/* --- a backlog --- */

/* Reports of many hours, sent after each other: each is open until the scan
 * comes to its last hour. */
static void
send_backlog(struct fixture *f, int volumes, int hours)
{
	int64_t start = f->now;

	f->now += hours * INT64_C(3600);
	for (int v = 0; v < volumes; v++) {
		fixture_begin_report(f, 100 + v);
		for (int h = 0; h < hours; h++)
			fixture_add_sample(f, 100 + v,
			    start + h * INT64_C(3600), 0,
			    v * INT64_C(1000000007) + h, "\"name\":\"lab\"");
		buf_str(&f->body, "]}");
		assert_int_equal(fixture_take_report(f), LEDGER_STORED);
		assert_int_equal(f->answer.stored, hours);
	}
	assert_true(ledger_commit(f->ledger, &f->err));
}

/* With so little memory that only some reports fit at a time. */
static void
what_does_not_fit_is_looked_at_in_further_passes(void **state)
{
	static const char *const CASES[] = {"",
	    "UPDATE sample SET bytes = 1 WHERE volume = 23 AND hour = ("
	    " SELECT max(hour) - 3 FROM sample)",
	    "DELETE FROM sample WHERE volume = 40 AND hour = ("
	    " SELECT max(hour) FROM sample)",
	    "INSERT INTO sample SELECT hour, volume, nanos + 1, revision, "
	    "bytes,"
	    " account, fact, name, bins, retired_bytes, inodes FROM sample"
	    " WHERE volume = 33 AND hour = (SELECT max(hour) FROM sample)"};
	static const char *const WORDS[] = {"", "are not those of fact",
	    "29: 1 were deleted", "whose samples are complete without it"};
	const struct verify_options tight = {.max_open_bytes = 8000};
	struct verify_anchors none = {0};
	struct verify_result r;
	void *mine;

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		assert_int_equal(verify_rig_set_up(&mine), 0);
		send_backlog(mine, 50, 30);
		verify_rig_change(mine, CASES[i]);
		verify_rig_run(mine, &tight, &none, &r);
		if (verify_found(&r) != (i > 0) ||
		    (i > 0 && !verify_rig_has(&r, VERIFY_SAMPLE, WORDS[i]))) {
			verify_rig_show(&r);
			fail_msg("%s", CASES[i]);
		}
		assert_in_range(r.checked[VERIFY_SAMPLE], 8 + 1499, 8 + 1501);
		verify_result_fini(&r);
		fixture_tear_down(&mine);
	}
}

/* --- days without samples --- */

static void
reports_of_removed_days_are_skipped_and_counted(void **state)
{
	struct fixture *f = *state;
	struct verify_result r;
	int64_t day = f->now / 86400;
	char text[200];

	/* Late enough that no sample of the first day can be in it. */
	fixture_sample(f, 2, f->now + 37 * INT64_C(86400), 5, "");
	snprintf(text, sizeof text,
	    "DELETE FROM sample WHERE hour / 24 <= %lld;"
	    "UPDATE day_progress SET done_day = %lld, removed_day = %lld",
	    (long long)day, (long long)day, (long long)day);
	verify_rig_change(f, text);
	verify_rig_look(f, &r);
	if (verify_found(&r) != 0) {
		verify_rig_show(&r);
		fail();
	}
	assert_int_equal(r.skipped_reports, 3);
	assert_int_equal(r.removed_until, (day + 1) * 86400);
	verify_result_fini(&r);
	verify_rig_change(f, "DELETE FROM sample");
	verify_rig_look(f, &r);
	assert_true(verify_rig_has(&r, VERIFY_SAMPLE, "1 were deleted"));
	assert_int_equal(r.skipped_reports, 3);
	verify_result_fini(&r);
}

static void
a_sample_of_a_removed_day_is_found(void **state)
{
	struct fixture *f = *state;
	struct verify_result r;

	verify_rig_change(f, "UPDATE day_progress SET removed_day ="
			     " (SELECT max(hour) / 24 FROM sample)");
	verify_rig_look(f, &r);
	assert_int_equal(r.found[VERIFY_SAMPLE], 8);
	assert_true(verify_rig_has(
	    &r, VERIFY_SAMPLE, "samples of its day were removed"));
	verify_result_fini(&r);
}

/* --- how it is said --- */

static void
json_says_the_same(void **state)
{
	struct fixture *f = *state;
	const struct verify_options plain = {0};
	struct verify_anchors anchors = {0};
	struct verify_result r;
	struct buf out = BUF_INIT;

	read_head(f, &anchors);
	verify_rig_change(
	    f, "UPDATE account SET net_days = 31, display_name = '\x01'");
	verify_rig_run(f, &plain, &anchors, &r);
	verify_json(&r, &anchors, &out);
	assert_non_null(strstr(buf_text(&out), "\"clean\": false"));
	assert_non_null(strstr(buf_text(&out), "\"account\": 4"));
	assert_non_null(strstr(buf_text(&out),
	    "\"kind\": \"account\",\n      \"fact\": 1,\n"
	    "      \"where\": \"account 1 (acme)\""));
	assert_non_null(strstr(buf_text(&out), "\\u0001"));
	assert_non_null(strstr(buf_text(&out), "\"fact\": 11"));
	buf_clear(&out);
	verify_text(&r, &anchors, &out);
	assert_null(strchr(buf_text(&out), '\x01'));
	assert_non_null(
	    strstr(buf_text(&out), " is the head of fact 11, 2026-10-01T"));
	buf_fini(&out);
	verify_result_fini(&r);
	verify_anchors_fini(&anchors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    VERIFY_RIG_TEST(what_was_left_alone_is_clean),
	    FIXTURE_TEST(an_empty_database_is_clean),
	    VERIFY_RIG_TEST(a_changed_account_is_clean_when_a_fact_says_so),
	    VERIFY_RIG_TEST(rows_older_than_their_column_are_clean),
	    VERIFY_RIG_TEST(a_cut_tail_is_found_by_an_anchor_alone),
	    cmocka_unit_test(anchors_are_found_in_any_text),
	    cmocka_unit_test(what_does_not_fit_is_looked_at_in_further_passes),
	    VERIFY_RIG_TEST(reports_of_removed_days_are_skipped_and_counted),
	    VERIFY_RIG_TEST(a_sample_of_a_removed_day_is_found),
	    VERIFY_RIG_TEST(json_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
