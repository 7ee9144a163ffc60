/*
 * page_test.c - unit tests of src/page*.c: texts that want to be more than
 * text, lists in slices, and pages of little.
 */
#include "fixture.h"
#include "src/pages.h"

static const char HOSTILE[] = "\"><script>'&\n\033";

static void
a_name_stays_text_in_html(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	page_text(&out, HOSTILE);
	assert_string_equal(buf_text(&out),
	    "&quot;&gt;&lt;script&gt;&#39;&amp;\357\277\275\357\277\275");
	buf_clear(&out);
	page_text(
	    &out, "a name that goes on and on and on and on and on and on");
	assert_non_null(strstr(buf_text(&out), "\342\200\246"));
	buf_fini(&out);
}

static void
lines_stay_lines(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	page_lines(&out, "a <b>\n\nc\n");
	assert_string_equal(
	    buf_text(&out), "<pre tabindex=\"0\">a &lt;b&gt;\n\nc\n</pre>\n");
	buf_fini(&out);
}

static void
a_name_stays_one_part_of_a_url(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	page_url(&out, "a-z.A_Z~9");
	assert_string_equal(buf_text(&out), "a-z.A_Z~9");
	buf_clear(&out);
	page_url(&out, "/?#&=%\"<> \303\244+");
	assert_string_equal(
	    buf_text(&out), "%2F%3F%23%26%3D%25%22%3C%3E%20%C3%A4%2B");
	buf_clear(&out);
	page_link(&out, "/accounts/", "\"><b>", "<b>");
	assert_string_equal(buf_text(&out),
	    "<a href=\"/accounts/%22%3E%3Cb%3E\">&lt;b&gt;</a>");
	buf_fini(&out);
}

static void
captions_and_badges_are_escaped(void **state)
{
	static const struct page_column columns[] = {{"A", false}};
	struct buf out = BUF_INIT;

	(void)state;
	page_table_begin(&out, HOSTILE, columns, 1);
	page_badge(&out, "", HOSTILE);
	page_cell(&out, HOSTILE);
	page_figure(&out, HOSTILE);
	page_empty(&out, HOSTILE, HOSTILE);
	page_lines(&out, HOSTILE);
	page_tile(&out, "L", HOSTILE, HOSTILE);
	page_pair(&out, "L", HOSTILE);
	page_section(&out, HOSTILE);
	assert_null(strstr(buf_text(&out), "<script"));
	assert_null(strstr(buf_text(&out), "\"\">"));
	buf_fini(&out);
}

static void
instants_and_spans_are_short(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	page_time(&out, 1790812800);
	assert_string_equal(buf_text(&out),
	    "<time datetime=\"2026-10-01T00:00:00Z\">2026-10-01 00:00</time>");
	buf_clear(&out);
	page_time(&out, 0);
	page_date(&out, 0);
	page_date(&out, 1790812800);
	assert_string_equal(buf_text(&out),
	    "--<time datetime=\"2026-10-01\">2026-10-01</time>");
	buf_clear(&out);
	page_span(&out, 119);
	buf_char(&out, ',');
	page_span(&out, 7199);
	buf_char(&out, ',');
	page_span(&out, INT64_C(47) * 3600);
	buf_char(&out, ',');
	page_span(&out, INT64_C(48) * 3600);
	assert_string_equal(buf_text(&out), "119 s,119 min,47 h,2 days");
	buf_fini(&out);
}

static void
a_long_list_comes_in_slices(void **state)
{
	struct page_slice s;
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(page_slice(NULL, 0, &s));
	assert_int_equal(s.end, 0);
	page_slice_links(&out, &s, "/x?");
	assert_string_equal(buf_text(&out), "");
	assert_true(page_slice("2", 2 * PAGE_ROWS + 1, &s));
	assert_int_equal(s.first, PAGE_ROWS);
	assert_int_equal(s.end, 2 * PAGE_ROWS);
	assert_int_equal(s.count, 3);
	page_slice_links(&out, &s, "/x?");
	assert_non_null(strstr(buf_text(&out), "href=\"/x?page=1\""));
	assert_non_null(strstr(buf_text(&out), "href=\"/x?page=3\""));
	assert_true(page_slice("3", 2 * PAGE_ROWS + 1, &s));
	assert_int_equal(s.end - s.first, 1);
	assert_true(page_slice(NULL, PAGE_ROWS, &s));
	assert_int_equal(s.count, 1);
	buf_fini(&out);
}

static void
there_is_no_slice_of_another_number(void **state)
{
	static const char *const numbers[] = {
	    "", "0", "2", "-1", "1x", " 1", "+1", "9999999999", "1.0"};
	struct page_slice s;

	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		assert_false(page_slice(numbers[i], PAGE_ROWS, &s));
}

/* --- whole pages --- */

static void
an_empty_database_says_what_to_do(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	struct page page = {.db = f->db, .now = f->now, .out = &out};

	assert_true(page_overview(&page, NULL, &f->err));
	assert_false(page.missing);
	assert_non_null(strstr(buf_text(&out), "create account"));
	buf_clear(&out);
	assert_true(page_periods(&page, NULL, NULL, &f->err));
	assert_true(page_sources(&page, NULL, &f->err));
	assert_true(page_mails(&page, NULL, &f->err));
	assert_false(page.missing);
	buf_fini(&out);
}

static void
expect_missing(struct page *page, bool ok)
{
	assert_true(ok);
	assert_true(page->missing);
	page->missing = false;
}

static void
what_is_not_there_is_missing(void **state)
{
	struct fixture *f = *state;
	const struct page_span_asked any = {NULL, NULL, NULL};
	struct buf out = BUF_INIT;
	struct page page = {.db = f->db, .now = f->now, .out = &out};
	char id[UUID_TEXT_SIZE];

	fixture_uuid(1, id);
	expect_missing(&page, page_account(&page, "acme", NULL, &f->err));
	expect_missing(&page, page_periods(&page, "acme", NULL, &f->err));
	expect_missing(&page, page_overview(&page, "2", &f->err));
	expect_missing(&page, page_volume(&page, id, &any, &f->err));
	expect_missing(&page, page_volume(&page, "x", &any, &f->err));
	expect_missing(&page, page_invoice(&page, "2026-00001", NULL, &f->err));
	expect_missing(
	    &page, page_line(&page, "2026-00001", "1", NULL, &f->err));
	expect_missing(&page, page_sources(&page, "2", &f->err));
	expect_missing(&page, page_mails(&page, "2", &f->err));
	buf_fini(&out);
}

static void
one_account_does_not_see_another(void **state)
{
	struct fixture *f = *state;
	struct account acme = fixture_rules("acme");
	struct buf out = BUF_INIT;
	struct page page = {.db = f->db, .now = f->now, .out = &out};

	page.scope = &acme;
	fixture_add(f, &acme);
	fixture_account(f, "other");
	assert_true(page_overview(&page, NULL, &f->err));
	assert_null(strstr(buf_text(&out), "other"));
	assert_null(strstr(buf_text(&out), "/sources"));
	assert_true(page_account(&page, "acme", NULL, &f->err));
	assert_false(page.missing);
	expect_missing(&page, page_account(&page, "other", NULL, &f->err));
	expect_missing(&page, page_periods(&page, "other", NULL, &f->err));
	expect_missing(&page, page_sources(&page, NULL, &f->err));
	expect_missing(&page, page_mails(&page, NULL, &f->err));
	buf_fini(&out);
}

static void
a_volume_is_shown_by_day_month_and_year(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	struct page page = {.db = f->db, .now = f->now, .out = &out};
	const struct page_span_asked good[] = {{NULL, NULL, NULL},
	    {"2026-10-01", NULL, NULL}, {NULL, "2026-10", NULL},
	    {NULL, NULL, "2026"}, {NULL, "2020-01", NULL}};
	const struct page_span_asked bad[] = {{"2026-10-1", NULL, NULL},
	    {"2026-13-01", NULL, NULL}, {NULL, "2026-Q4", NULL},
	    {NULL, "2026", NULL}, {NULL, NULL, "1999"}, {NULL, NULL, "26"},
	    {"2026-10-01", "2026-10", NULL}};
	char id[UUID_TEXT_SIZE];

	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, f->now, 0, 1 << 30, "\"name\":\"<b>lab</b>\"");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	fixture_uuid(1, id);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		buf_clear(&out);
		assert_true(page_volume(&page, id, &good[i], &f->err));
		assert_false(page.missing);
		assert_null(strstr(buf_text(&out), "<b>lab"));
		assert_non_null(strstr(buf_text(&out), "&lt;b&gt;lab"));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		expect_missing(&page, page_volume(&page, id, &bad[i], &f->err));
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_stays_text_in_html),
	    cmocka_unit_test(lines_stay_lines),
	    cmocka_unit_test(a_name_stays_one_part_of_a_url),
	    cmocka_unit_test(captions_and_badges_are_escaped),
	    cmocka_unit_test(instants_and_spans_are_short),
	    cmocka_unit_test(a_long_list_comes_in_slices),
	    cmocka_unit_test(there_is_no_slice_of_another_number),
	    FIXTURE_TEST(an_empty_database_says_what_to_do),
	    FIXTURE_TEST(what_is_not_there_is_missing),
	    FIXTURE_TEST(one_account_does_not_see_another),
	    FIXTURE_TEST(a_volume_is_shown_by_day_month_and_year),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
