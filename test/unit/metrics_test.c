/*
 * metrics_test.c - unit tests of src/metrics.c and src/metrics_tables.c.
 */
#include "fixture.h"
#include "src/metrics_part.h"
#include "src/metrics_tables.h"

static struct metrics *metrics;

static int
set_up(void **state)
{
	fixture_set_up(state);
	metrics = metrics_new(&((struct fixture *)*state)->err);
	assert_non_null(metrics);
	return 0;
}

static int
tear_down(void **state)
{
	metrics_free(metrics);
	return fixture_tear_down(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The samples without HELP and TYPE. */
static void
samples_are(struct buf *out, const char *expected)
{
	struct buf b = BUF_INIT;
	char *save = NULL, *line;

	for (line = strtok_r(out->data, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		if (line[0] != '#')
			buf_printf(&b, "%s\n", line);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
	buf_fini(out);
}

static void
every_metric_is_told_of_in_full(void **state)
{
	(void)state;
	for (size_t i = 0; i < METRICS_COUNT; i++) {
		const struct metrics_row *row = &metrics_table[i];
		bool total;

		assert_non_null(row->name);
		assert_true(strncmp(row->name, "flexfs_stat_", 12) == 0 ||
			    strncmp(row->name, "process_", 8) == 0);
		total = strstr(row->name, "_total") != NULL;
		assert_int_equal(strcmp(row->type, "counter") == 0, total);
		assert_true(row->help[0] != '\0');
		assert_true(row->help[strlen(row->help) - 1] != '.');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(
			    metrics_table[j].name, row->name);
	}
}

static void
labels_come_in_the_order_of_the_table(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	metrics_put(&out, METRICS_REPORTS, 3, "a", "stored");
	metrics_put(&out, METRICS_SAMPLES, 4, "stored", "");
	metrics_put(&out, METRICS_DB_SIZE, 5, "", "");
	samples_are(&out,
	    "flexfs_stat_reports_total{source=\"a\",result=\"stored\"} 3\n"
	    "flexfs_stat_samples_total{result=\"stored\"} 4\n"
	    "flexfs_stat_db_size_bytes 5\n");
}

static void
reports_are_counted_by_source_and_result(void **state)
{
	const struct metrics_report report = {
	    .at = FIXTURE_NOW + 60, .skew_ms = -1500};
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	int64_t b;

	fixture_account(f, "acme");
	fixture_source(f, "a", "acme");
	b = fixture_source(f, "b", "acme");
	fixture_source(f, "off", "acme");
	assert_true(sql_exec(f->db,
	    "UPDATE source SET disabled = 1 WHERE name = 'off'", &f->err));
	metrics_count_report(metrics, b, METRICS_STORED);
	metrics_count_report(metrics, b, METRICS_STORED);
	metrics_count_report(metrics, b, METRICS_REUSED);
	metrics_note_report(metrics, b, &report);
	/* Rows that are none do no harm. */
	metrics_count_report(metrics, 0, METRICS_STORED);
	metrics_count_report(metrics, INT64_MAX, METRICS_STORED);
	assert_true(metrics_put_sources(&out, f->db, metrics, &f->err));
	samples_are(&out,
	    "flexfs_stat_reports_total{source=\"a\",result=\"stored\"} 0\n"
	    "flexfs_stat_reports_total{source=\"b\",result=\"stored\"} 2\n"
	    "flexfs_stat_reports_total{source=\"b\",result=\"reused\"} 1\n"
	    "flexfs_stat_reports_total{source=\"off\",result=\"stored\"} 0\n"
	    "flexfs_stat_source_last_report_timestamp_seconds{source=\"a\"} "
	    "0\n"
	    "flexfs_stat_source_last_report_timestamp_seconds{source=\"b\"} "
	    "1790812860\n"
	    "flexfs_stat_source_clock_skew_seconds{source=\"b\"} -1.5\n");
}

/* After a restart the tables know when, to the minute. */
static void
what_tables_know_of_a_source_counts_when_it_is_later(void **state)
{
	struct fixture *f = *state;
	struct metrics_report report = {.at = FIXTURE_NOW - 1};
	struct buf out = BUF_INIT;

	fixture_account(f, "acme");
	fixture_source(f, "a", "acme");
	fixture_sample(f, 1, f->now, 1, "");
	metrics_note_report(metrics, f->source, &report);
	assert_true(metrics_put_sources(&out, f->db, metrics, &f->err));
	assert_non_null(strstr(out.data, "{source=\"a\"} 1790812800\n"));
	buf_fini(&out);
}

static void
mails_are_counted_by_state(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;

	assert_true(sql_exec(f->db,
	    "INSERT INTO mail (name, period, revision, state, created_at,"
	    " next_at, sent_at) VALUES ('w', '1', 0, 'sent', 1, 1, 100),"
	    " ('w', '2', 0, 'sent', 1, 1, 300), ('w', '3', 0, 'due', 1, 1,"
	    " NULL), ('i:acme', '1', 0, 'sent', 1, 1, 200), ('i:b', '1', 0,"
	    " 'sent', 1, 1, 50), ('w', '4', 0, 'failed', 1, 1, 400)",
	    &f->err));
	assert_true(metrics_put_mails(&out, f->db, &f->err));
	samples_are(&out, "flexfs_stat_mails{state=\"due\"} 1\n"
			  "flexfs_stat_mails{state=\"sending\"} 0\n"
			  "flexfs_stat_mails{state=\"failed\"} 1\n"
			  "flexfs_stat_mails{state=\"aside\"} 0\n"
			  "flexfs_stat_mails{state=\"sent\"} 4\n");
	assert_true(metrics_find_mails(metrics, f->db, 100, &f->err));
	assert_int_equal(metrics->mail_count, 2);
	assert_string_equal(metrics->mails[0].name, "i");
	assert_int_equal(metrics->mails[0].last_at, 200);
	assert_string_equal(metrics->mails[1].name, "w");
	assert_int_equal(metrics->mails[1].last_at, 300);
}

static void
names_of_mails_do_not_grow_without_end(void **state)
{
	char name[200];

	(void)state;
	for (int i = 0; i < METRICS_MAX_MAILS + 10; i++) {
		snprintf(name, sizeof name, "m%d:x", i);
		metrics_note_mail(metrics, name, 1);
	}
	assert_int_equal(metrics->mail_count, METRICS_MAX_MAILS);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	metrics_note_mail(metrics, name, 1);
	/* A name that begins like another is another. */
	metrics_note_mail(metrics, "m1", 7);
	assert_int_equal(metrics->mails[1].last_at, 7);
	assert_int_equal(metrics->mails[10].last_at, 1);
}

static void
methods_and_codes_are_from_fixed_sets(void **state)
{
	static const char *const made_up[] = {
	    "", "get", "other", "FFS_0123", "GET\n", "POSTS"};

	(void)state;
	for (size_t i = 0; i < sizeof made_up / sizeof made_up[0]; i++)
		metrics_note_request(metrics, made_up[i], 405, 10);
	metrics_note_request(metrics, "GET", 200, 10);
	metrics_note_request(metrics, "GET", 99, 10);
	metrics_note_request(metrics, "GET", 600, 10);
	metrics_note_request(metrics, "GET", 4000000000u, 10);
	assert_int_equal(metrics->requests[METRICS_METHODS - 1][305], 6);
	assert_int_equal(metrics->requests[0][100], 1);
	assert_int_equal(metrics->request_us.sum, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_metric_is_told_of_in_full),
	    TEST(labels_come_in_the_order_of_the_table),
	    TEST(reports_are_counted_by_source_and_result),
	    TEST(what_tables_know_of_a_source_counts_when_it_is_later),
	    TEST(mails_are_counted_by_state),
	    TEST(names_of_mails_do_not_grow_without_end),
	    TEST(methods_and_codes_are_from_fixed_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
