/*
 * summary_test.c - what is shown of bills, compared with files that were
 * read by a person, and what must hold for any bill.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/text.h"
#include "summary_cases.h"

static void
one_bill_json(const struct summary *summary, struct buf *out)
{
	summary_json(&summary->invoices[0], out);
}

/* A bill without a total has no rows. */
static void
focus(const struct summary *summary, struct buf *out)
{
	summary_focus_header(out);
	for (size_t i = 0; i < summary->count; i++)
		assert_int_equal(
		    summary_focus_bill(&summary->invoices[i], "Us, Inc.", out),
		    summary->invoices[i].total != NULL);
}

static const struct {
	const char *suffix;
	void (*write)(const struct summary *, struct buf *);
} formats[] = {
    {"txt", summary_text},
    {"html", summary_html},
    {"csv", summary_csv},
    {"json", one_bill_json},
    {"focus", focus},
};

static void
every_case_looks_as_it_was_approved(void **state)
{
	struct summary_case c;
	char name[64];

	(void)state;
	for (size_t i = 0; i < SUMMARY_CASES; i++) {
		for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
			struct buf b = BUF_INIT;

			summary_case_make(&c, summary_cases[i].name);
			formats[f].write(&c.summary, &b);
			snprintf(name, sizeof name, "%s.%s",
			    summary_cases[i].name, formats[f].suffix);
			compare_golden(name, &b);
			buf_fini(&b);
			summary_case_fini(&c);
		}
	}
}

static void
assert_subject(const char *name, const char *subject)
{
	struct summary_case c;
	struct buf b = BUF_INIT;

	summary_case_make(&c, name);
	summary_subject(&c.summary, &b);
	assert_string_equal(buf_text(&b), subject);
	buf_fini(&b);
	summary_case_fini(&c);
}

static void
a_subject_says_usage_money_and_state(void **state)
{
	(void)state;
	assert_subject("one",
	    "[flexFS] 2026-10 usage 12.37 TiB-months, USD 380.13 (open)");
	assert_subject("twelve",
	    "[flexFS] 2026-10 usage 38.80 TiB-months, USD 854.26 "
	    "(draft, 3 h estimated)");
	assert_subject(
	    "nothing", "[flexFS] 2026-10 usage 0.00 GiB-months, JPY 0 (draft)");
	assert_subject("quarter",
	    "[flexFS] 2026-Q4 usage 1.84 TiB-months, USD 20.43 (open)");
}

static void
silent_sources_are_trouble(void **state)
{
	struct silence_source list[7] = {{"admin1", 1791374400}, {"admin2", 0},
	    {"a3", 0}, {"a4", 0}, {"a5", 0}, {"a6", 0}, {"a7", 0}};
	struct silence silence = {list, 2, 3600};
	struct summary_case c;
	struct buf b = BUF_INIT;

	(void)state;
	summary_case_make(&c, "one");
	c.summary.silence = &silence;
	summary_text(&c.summary, &b);
	assert_non_null(strstr(b.data,
	    "Silent for more than 1h: admin1 (last heard of at "
	    "2026-10-07T12:00:00Z),\n"
	    "admin2 (never heard of). Hours without reports are estimated or "
	    "missing.\n"
	    "Which sources:\n"
	    "    stat.flexfs list sources\n"));
	buf_clear(&b);
	silence.count = 7;
	summary_text(&c.summary, &b);
	assert_non_null(strstr(b.data,
	    "a4 (never heard of), a5\n(never heard of) and 2 more. Hours"));
	buf_clear(&b);
	silence.count = 0;
	summary_text(&c.summary, &b);
	assert_null(strstr(b.data, "Silent"));
	buf_fini(&b);
	summary_case_fini(&c);
}

/* Text and HTML say the same; the latter where a word is harmless. */
static void
trouble_is(const struct summary *summary, const char *text, const char *html)
{
	struct buf b = BUF_INIT;

	summary_text(summary, &b);
	if (strstr(buf_text(&b), text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, buf_text(&b));
	buf_clear(&b);
	summary_html(summary, &b);
	if (strstr(buf_text(&b), html) == NULL)
		fail_msg("no \"%s\" in:\n%s", html, buf_text(&b));
	buf_fini(&b);
}

static void
other_trouble_is_told_of_in_text_and_html(void **state)
{
	struct trouble_clock clocks[] = {{"admin1", 720}, {"admin2", -61}};
	struct trouble_held held[] = {
	    {"acme", "2026-08", INVOICE_MISSING_HOURS},
	    {"acme", "2026-09", INVOICE_UNRATED_USAGE}};
	struct trouble_grant grants[] = {{"admin1", 0}, {"admin2", 0}};
	struct trouble t = {.quarantined = 1, .quarantined_since = 1791374400};
	struct summary_case c;

	(void)state;
	summary_case_make(&c, "one");
	c.summary.trouble = &t;
	trouble_is(&c.summary,
	    "1 sample waits in quarantine and does not count, the oldest "
	    "since\n2026-10-07T12:00:00Z. Release or discard each:\n"
	    "    stat.flexfs list quarantine\n",
	    "<p>1 sample waits in quarantine");
	t = (struct trouble){.clocks = clocks, .clock_count = 2};
	trouble_is(&c.summary,
	    "Clocks that differ from the server's: admin1 is 12m ahead, "
	    "admin2 is 61s\nbehind. ",
	    "admin2 is 61s behind. ");
	t = (struct trouble){.held = held, .held_count = 2};
	trouble_is(&c.summary,
	    "Earlier periods that are held, and not invoiced: 2026-08 "
	    "(missing\nhours), 2026-09 (usage without a rate). To see why, and "
	    "to close one:\n"
	    "    stat.flexfs show period 2026-08 --account acme\n",
	    "2026-09 (usage without a rate)");
	t = (struct trouble){.certificate_ends_at = c.summary.now + 86400};
	trouble_is(&c.summary, "The server's TLS certificate ends at ",
	    "certificate ends at ");
	t.certificate_ends_at = c.summary.now;
	trouble_is(&c.summary, "The server's TLS certificate ended at ",
	    "certificate ended at ");
	grants[0].ends_at = c.summary.now;
	grants[1].ends_at = c.summary.now + 1;
	t = (struct trouble){.grants = grants, .grant_count = 2};
	trouble_is(&c.summary,
	    "Grants that their sources do not renew: that of admin1 ended at",
	    ", that of admin2 ends at 2026-");
	trouble_is(&c.summary,
	    "2026-11-01T06:00:01Z. When\neach ends:\n"
	    "    stat.flexfs list sources\n",
	    "stat.flexfs list sources");
	summary_case_fini(&c);
}

static void
a_mail_that_did_not_arrive_is_quoted_harmlessly(void **state)
{
	struct trouble t = {.mails = {.given_up = 2,
				.waiting = 1,
				.id = 7,
				.name = "weekly 2026-W39",
				.planned_at = 1791374400,
				.words = "550 <b>no</b>\r\n\x1b[2J"
					 "\xe2\x80\xae\xff one"}};
	struct summary_case c;

	(void)state;
	summary_case_make(&c, "one");
	c.summary.trouble = &t;
	trouble_is(&c.summary,
	    "3 mails have not reached everybody (2 given up or refused, 1 "
	    "tried\nagain), the oldest weekly 2026-W39 of "
	    "2026-10-07T12:00:00Z: "
	    "\"550\n<b>no</b>",
	    "&lt;b&gt;no&lt;/b&gt;");
	trouble_is(&c.summary, "    stat.flexfs retry mail 7\n",
	    "<code><span>stat.flexfs retry mail 7</span></code>");
	for (int i = 0; i < 2; i++) {
		struct buf b = BUF_INIT;

		(i == 0 ? summary_text : summary_html)(&c.summary, &b);
		assert_null(strpbrk(buf_text(&b), "\r\x1b\xff"));
		assert_null(strstr(buf_text(&b), "\xe2\x80\xae"));
		buf_fini(&b);
	}
	summary_case_fini(&c);
}

static size_t
count_of(const struct buf *b, const char *what)
{
	size_t n = 0;

	for (const char *at = buf_text(b); (at = strstr(at, what)) != NULL;
	     at++)
		n++;
	return n;
}

static void
of_many_accounts_the_held_and_the_largest_are_shown(void **state)
{
	enum {
		MANY = SUMMARY_TOP_BILLS + 10
	};
	struct invoice *many = calloc(MANY, sizeof *many);
	struct summary_case c;
	struct buf b = BUF_INIT;

	(void)state;
	assert_non_null(many);
	summary_case_make(&c, "one");
	for (size_t i = 0; i < MANY; i++) {
		many[i] = c.now[0];
		many[i].hours.estimated = 1;
		snprintf(many[i].account.name, sizeof many[i].account.name,
		    "a%02zu", i);
	}
	many[MANY - 1].state = INVOICE_HELD;
	c.summary.invoices = many;
	c.summary.before = NULL;
	c.summary.count = MANY;
	summary_text(&c.summary, &b);
	assert_non_null(strstr(b.data,
	    "There are 60 accounts: what is held and the largest, 50 of them, "
	    "follow;\nall are in the CSV.\n"));
	assert_int_equal(count_of(&b, "\nVolume "), SUMMARY_TOP_BILLS);
	assert_non_null(strstr(b.data, "\na48 - "));
	assert_null(strstr(b.data, "\na49 - "));
	assert_non_null(strstr(b.data, "\na59 - "));
	assert_int_equal(count_of(&b, "volume-hours 1 are estimated") +
			     count_of(&b, "volume-hours 1\nare estimated"),
	    20);
	assert_non_null(strstr(b.data, "40 more accounts have estimated"));
	buf_clear(&b);
	summary_csv(&c.summary, &b);
	assert_non_null(strstr(b.data, "a49"));
	buf_fini(&b);
	free(many);
	summary_case_fini(&c);
}

static void
a_held_subject_says_why(void **state)
{
	(void)state;
	assert_subject("unrated",
	    "[flexFS] 2026-10 usage 1.01 TiB-months, unrated "
	    "(HELD: unrated usage)");
	assert_subject("missing",
	    "[flexFS] 2026-10 usage 11.01 TiB-months, USD 338.25 "
	    "(HELD: 37 h missing)");
	assert_subject("estimated",
	    "[flexFS] 2026-10 usage 11.00 GiB-months, USD 0.33 "
	    "(HELD: 60 h estimated)");
}

static void
currencies_are_never_added_to_each_other(void **state)
{
	(void)state;
	assert_subject("accounts",
	    "[flexFS] 2026-10 usage 82.93 TiB-months, USD 105.74 + "
	    "EUR 320.00 (draft)");
}

static void
bills_of_one_currency_are_added(void **state)
{
	struct summary_case c;
	struct buf b = BUF_INIT;

	(void)state;
	summary_case_make(&c, "accounts");
	memcpy(c.now[1].account.currency, "USD", 4);
	summary_put_money(&b, c.now, 2);
	assert_string_equal(buf_text(&b), "USD 425.74");
	free(c.now[0].total);
	c.now[0].total = NULL;
	buf_clear(&b);
	summary_put_money(&b, c.now, 2);
	assert_string_equal(buf_text(&b), "USD 320.00 + unrated");
	buf_fini(&b);
	summary_case_fini(&c);
}

static void
assert_usage(int64_t num, uint64_t den, const char *expected)
{
	struct exact *x = exact_new();
	struct buf b = BUF_INIT;

	exact_set_ratio(x, (exact_u128)num, den);
	summary_put_usage(&b, x);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
	exact_free(x);
}

static void
usage_changes_its_unit_at_1024_as_shown(void **state)
{
	(void)state;
	assert_usage(0, 1, "0.00 GiB-months");
	assert_usage(1, 200, "0.01 GiB-months");
	assert_usage(102399, 100, "1023.99 GiB-months");
	assert_usage(10239951, 10000, "1.00 TiB-months");
	assert_usage(1024, 1, "1.00 TiB-months");
	assert_usage(INT64_C(12667) << 20, 1, "12971008.00 TiB-months");
}

/* Lines of text, of all cases. */
static void
text_has_at_most_72_columns(void **state)
{
	struct summary_case c;

	(void)state;
	for (size_t i = 0; i < SUMMARY_CASES; i++) {
		struct buf b = BUF_INIT;
		char *line, *rest;

		summary_case_make(&c, summary_cases[i].name);
		summary_text(&c.summary, &b);
		rest = b.data;
		while ((line = strsep(&rest, "\n")) != NULL) {
			if (text_width(line) > 72)
				fail_msg("%s: %s", summary_cases[i].name, line);
			assert_true(
			    *line == '\0' || line[strlen(line) - 1] != ' ');
		}
		buf_fini(&b);
		summary_case_fini(&c);
	}
}

static void
no_name_makes_an_element_or_a_line(void **state)
{
	struct summary_case c;
	struct buf b = BUF_INIT;

	(void)state;
	summary_case_make(&c, "hostile");
	summary_html(&c.summary, &b);
	assert_null(strstr(b.data, "<script"));
	assert_null(strstr(b.data, "<b>"));
	assert_null(strstr(b.data, "\xe2\x80\xae"));
	buf_clear(&b);
	summary_text(&c.summary, &b);
	assert_null(strstr(b.data, "\nBcc"));
	assert_null(strchr(b.data, '\r'));
	assert_null(strstr(b.data, "\xe2\x80\xae"));
	buf_fini(&b);
	summary_case_fini(&c);
}

static void
a_document_asks_for_nothing_from_outside(void **state)
{
	static const char *const calls[] = {
	    "http:", "https:", "src=", "href=", "url(", "@import", "<link"};
	struct summary_case c;

	(void)state;
	for (size_t i = 0; i < SUMMARY_CASES; i++) {
		struct buf b = BUF_INIT;

		summary_case_make(&c, summary_cases[i].name);
		summary_html(&c.summary, &b);
		for (size_t j = 0; j < sizeof calls / sizeof *calls; j++)
			assert_null(strstr(b.data, calls[j]));
		buf_fini(&b);
		summary_case_fini(&c);
	}
}

static void
the_dearest_lines_come_first_and_the_rest_is_summed(void **state)
{
	struct summary_case c;
	struct buf b = BUF_INIT;

	(void)state;
	summary_case_make(&c, "many");
	summary_text(&c.summary, &b);
	assert_non_null(strstr(b.data, "\n190 more "));
	assert_true(strstr(b.data, "volume-048") < strstr(b.data, "190 more"));
	buf_fini(&b);
	summary_case_fini(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_case_looks_as_it_was_approved),
	    cmocka_unit_test(a_subject_says_usage_money_and_state),
	    cmocka_unit_test(a_held_subject_says_why),
	    cmocka_unit_test(silent_sources_are_trouble),
	    cmocka_unit_test(other_trouble_is_told_of_in_text_and_html),
	    cmocka_unit_test(
		of_many_accounts_the_held_and_the_largest_are_shown),
	    cmocka_unit_test(a_mail_that_did_not_arrive_is_quoted_harmlessly),
	    cmocka_unit_test(currencies_are_never_added_to_each_other),
	    cmocka_unit_test(bills_of_one_currency_are_added),
	    cmocka_unit_test(usage_changes_its_unit_at_1024_as_shown),
	    cmocka_unit_test(text_has_at_most_72_columns),
	    cmocka_unit_test(no_name_makes_an_element_or_a_line),
	    cmocka_unit_test(a_document_asks_for_nothing_from_outside),
	    cmocka_unit_test(
		the_dearest_lines_come_first_and_the_rest_is_summed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
