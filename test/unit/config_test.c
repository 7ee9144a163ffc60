/*
 * config_test.c - what the settings file may say, and that it refuses the
 * rest; the table of settings against the code that keeps to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/attachment.h"
#include "src/config.h"
#include "src/config_key.h"

#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)

static struct config
take(const char *text)
{
	struct config config;
	struct err err = ERR_INIT;

	if (!config_parse("f", text, strlen(text), &config, &err))
		fail_msg("%s", err.text);
	return config;
}

static void
refuse(const char *text, const char *sentence)
{
	struct config config;
	struct err err = ERR_INIT;

	if (config_parse("f", text, strlen(text), &config, &err))
		fail_msg("taken: %s", text);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, sentence);
	assert_null(config.schedule.reports);
	assert_null(config.schedule.customer_attach);
}

static void
an_empty_file_means_the_defaults(void **state)
{
	const struct http_limits http = HTTP_LIMITS_DEFAULT;
	const struct ledger_limits ledger = LEDGER_LIMITS_DEFAULT;
	struct http_limits http_found;
	struct ledger_limits ledger_found;
	struct config c = take("");
	const struct schedule_report *r = c.schedule.reports;

	(void)state;
	assert_int_equal(c.grace_secs, 48 * HOUR);
	assert_int_equal(c.expected_interval_secs, HOUR);
	assert_int_equal(c.keep_samples_secs, 457 * DAY);
	config_http_limits(&c, &http_found);
	assert_memory_equal(&http_found, &http, sizeof http);
	config_ledger_limits(&c, &ledger_found);
	assert_memory_equal(&ledger_found, &ledger, sizeof ledger);
	assert_string_equal(c.schedule.customer_attach, "csv,pdf");
	assert_string_equal(c.issuer, "");
	assert_string_equal(c.payment, "");
	assert_int_equal(c.schedule.count, 3);
	assert_string_equal(r[0].name, "weekly");
	assert_int_equal(r[0].every, SCHEDULE_WEEK);
	assert_int_equal(r[0].offset_secs, 6 * HOUR);
	assert_string_equal(r[1].name, "monthly");
	assert_int_equal(r[1].every, SCHEDULE_MONTH);
	assert_int_equal(r[1].offset_secs, 6 * HOUR);
	assert_false(r[1].after_close);
	assert_string_equal(r[2].name, "invoice");
	assert_int_equal(r[2].every, SCHEDULE_NEVER);
	assert_true(r[2].after_close);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(r[i].to, "");
		assert_string_equal(r[i].accounts, "");
		assert_string_equal(r[i].attach, "csv");
	}
	config_fini(&c);
	/* Once more is fine. */
	config_fini(&c);
}

static void
every_setting_reaches_its_value(void **state)
{
	struct config c = take("grace = \"3d\"\n"
			       "expected_interval = \"90m\"\n"
			       "customer_attach = [\"json\", \"csv\"]\n"
			       "issuer = \"A GmbH\\nB Street\"\n"
			       "payment = \"IBAN 1\\nBIC 2\"\n"
			       "[limits]\n"
			       "max_future = \"0s\"\n"
			       "max_age = \"366d\"\n"
			       "open_quarantine = 7\n"
			       "connections = 20\n"
			       "stranger_connections = 2\n"
			       "body_bytes = 70_000\n"
			       "head_time = \"2s\"\n"
			       "body_time = \"3s\"\n"
			       "idle_time = \"4s\"\n");
	struct http_limits http;
	struct ledger_limits ledger;

	(void)state;
	config_http_limits(&c, &http);
	config_ledger_limits(&c, &ledger);
	assert_int_equal(c.grace_secs, 3 * DAY);
	assert_int_equal(c.expected_interval_secs, 90 * 60);
	assert_string_equal(c.schedule.customer_attach, "json,csv");
	assert_string_equal(c.issuer, "A GmbH\nB Street");
	assert_string_equal(c.payment, "IBAN 1\nBIC 2");
	assert_int_equal(ledger.max_future_secs, 0);
	assert_int_equal(ledger.max_age_secs, 366 * DAY);
	assert_int_equal(ledger.open_quarantine, 7);
	assert_int_equal(http.connections, 20);
	assert_int_equal(http.stranger_connections, 2);
	assert_int_equal(http.body_bytes, 70000);
	assert_int_equal(http.head_ms, 2000);
	assert_int_equal(http.body_ms, 3000);
	assert_int_equal(http.idle_ms, 4000);
	config_fini(&c);
}

static void
a_flag_counts_over_the_file(void **state)
{
	struct config c = take("keep_samples = \"100d\"\n");
	struct settings s = {.keep_secs = 0};

	(void)state;
	config_override(&c, &s);
	assert_int_equal(c.keep_samples_secs, 100 * DAY);
	s.keep_secs = 70 * DAY;
	config_override(&c, &s);
	assert_int_equal(c.keep_samples_secs, 70 * DAY);
	config_fini(&c);
}

static void
a_report_says_when_to_whom_and_of_what(void **state)
{
	struct config c = take("[[report]]\n"
			       "name = \"a-1\"\n"
			       "every = \"month\"\n"
			       "at = \"28T23:59\"\n"
			       "to = [\"b@x.test\", \"a@x.test\"]\n"
			       "accounts = [\"globex\", \"acme\"]\n"
			       "attach = []\n"
			       "after_close = true\n"
			       "[[report]]\n"
			       "attach = [\"csv\", \"json\"]\n"
			       "every = \"day\"\n"
			       "name = \"daily\"\n");
	const struct schedule_report *r = c.schedule.reports;

	(void)state;
	assert_int_equal(c.schedule.count, 2);
	assert_string_equal(r[0].name, "a-1");
	assert_int_equal(r[0].every, SCHEDULE_MONTH);
	assert_int_equal(r[0].offset_secs, 28 * DAY - 60);
	assert_string_equal(r[0].to, "b@x.test,a@x.test");
	assert_string_equal(r[0].accounts, "globex,acme");
	assert_string_equal(r[0].attach, "");
	assert_true(r[0].after_close);
	assert_int_equal(r[1].every, SCHEDULE_DAY);
	assert_int_equal(r[1].offset_secs, 6 * HOUR);
	assert_string_equal(r[1].attach, "csv,json");
	config_fini(&c);
	c = take("report = []\n");
	assert_int_equal(c.schedule.count, 0);
	config_fini(&c);
}

static void
instants_are_read(void **state)
{
	static const struct {
		const char *every, *at;
		int64_t secs;
	} good[] = {{"day", "00:00", 0}, {"day", "23:59", DAY - 60},
	    {"week", "Mon 00:00", 0},
	    {"week", "Tue 06:30", DAY + 6 * HOUR + 1800},
	    {"week", "Sun 23:00", 6 * DAY + 23 * HOUR}, {"month", "1T00:00", 0},
	    {"month", "10T01:00", 9 * DAY + HOUR},
	    {"quarter", "28T00:01", 27 * DAY + 60}};
	static const char *const bad[][2] = {{"day", "24:00"}, {"day", "06:60"},
	    {"day", "6:00"}, {"day", "06:00:00"}, {"day", "Mon 06:00"},
	    {"day", "1T06:00"}, {"day", ""}, {"day", "0600"}, {"day", "-1:00"},
	    {"week", "06:00"}, {"week", "mon 06:00"}, {"week", "Monday 06:00"},
	    {"week", "Mon06:00"}, {"week", "Mon  06:00"}, {"week", "Mon "},
	    {"month", "06:00"}, {"month", "29T06:00"}, {"month", "0T06:00"},
	    {"month", "01T06:00"}, {"month", "1t06:00"}, {"month", "1T6:00"},
	    {"quarter", "T06:00"}, {"quarter", "1T06:00Z"},
	    {"quarter", "99999999999999999999T06:00"}};
	char text[160];
	struct config c;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(text, sizeof text,
		    "[[report]]\nname = \"n\"\nevery = \"%s\"\nat = \"%s\"",
		    good[i].every, good[i].at);
		c = take(text);
		assert_int_equal(
		    c.schedule.reports[0].offset_secs, good[i].secs);
		config_fini(&c);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text,
		    "[[report]]\nname = \"n\"\nevery = \"%s\"\nat = \"%s\"",
		    bad[i][0], bad[i][1]);
		if (config_parse("f", text, strlen(text), &c, &err))
			fail_msg("taken: %s", text);
		snprintf(text, sizeof text, "f:1: with every = \"%s\" at is a ",
		    bad[i][0]);
		assert_memory_equal(err.text, text, strlen(text));
	}
}

static void
what_is_no_setting_is_refused_with_its_line(void **state)
{
	(void)state;
	refuse("\ngarce = \"1h\"",
	    "f:2: there is no setting garce; did you mean grace?");
	refuse("xyzzy = 1", "f:1: there is no setting xyzzy; `start "
			    "--sampleConfig` shows all");
	refuse("connections = 20", "f:1: connections is no setting of the top "
				   "of the file; it belongs to [limits]");
	refuse("[limits]\ngrace = \"1h\"",
	    "f:2: grace is no setting of [limits]; it belongs to the top of "
	    "the file");
	refuse("[[report]]\nmax_age = \"1d\"",
	    "f:2: max_age is no setting of [[report]]; it belongs to "
	    "[limits]");
	refuse("[limit]", "f:1: there is no table limit; there are [limits] "
			  "and [[report]]");
	refuse("\n[report]", "f:2: write [[report]]");
	refuse("[[limits]]", "f:1: write [limits]");
	refuse("report = [1]", "f:1: reports are written as [[report]]; "
			       "report = [] means none");
	refuse("grace = \"1h\"\ngrace = \"2h\"",
	    "f:2: grace was set already, in line 1");
	refuse("grace = 1h", "f:1: 1h is not a plain decimal integer; put "
			     "anything else in quotes");
}

static void
a_value_of_the_wrong_kind_is_refused(void **state)
{
	(void)state;
	refuse("grace = 48", "f:1: grace is a duration in quotes, such as "
			     "\"6h\", not of type integer");
	refuse("grace = \"2 days\"", "f:1: grace is a duration in quotes, such "
				     "as \"6h\", not \"2 days\"");
	refuse("grace = \"61d\"", "f:1: grace is between 0s and 27d, not 61d");
	refuse("expected_interval = \"59s\"",
	    "f:1: expected_interval is between 1m and 30d, not 59s");
	refuse("[limits]\nconnections = \"20\"",
	    "f:2: connections is an integer such as 1000, not \"20\"");
	refuse("[limits]\nconnections = 9",
	    "f:2: connections is between 10 and 100000, not 9");
	refuse("customer_attach = \"csv\"",
	    "f:1: customer_attach is an array of strings, such as [\"a\", "
	    "\"b\"], not \"csv\"");
	refuse("customer_attach = [\"exe\"]",
	    "f:1: customer_attach: \"exe\" cannot be attached; what can be is "
	    "csv, json, pdf, focus");
	refuse("customer_attach = [\"csv\", 1]",
	    "f:1: customer_attach is an array of strings, such as [\"a\", "
	    "\"b\"], not of type integer");
	refuse("customer_attach = [\"csv\", \"csv\"]",
	    "f:1: customer_attach has \"csv\" twice");
	refuse("issuer = \"1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\"",
	    "f:1: issuer: more than 8 lines");
	refuse("payment = [\"a\"]",
	    "f:1: payment is a string in quotes, not of type array");
}

/* A [[report]] of one line, which is refused in line 2. */
static void
refuse_report(const char *pairs, const char *sentence)
{
	char text[300], whole[300];

	snprintf(text, sizeof text, "\n[[report]]\n%s", pairs);
	snprintf(whole, sizeof whole, "f:2: %s", sentence);
	refuse(text, whole);
}

static void
a_report_that_makes_no_sense_is_refused(void **state)
{
	(void)state;
	refuse_report("every = \"day\"", "this [[report]] has no name");
	refuse_report("name = \"a b\"\nevery = \"day\"",
	    "the name of a [[report]] has 1 to 31 of a-z 0-9 . _ - and begins "
	    "with a letter or digit, not \"a b\"");
	refuse_report(
	    "name = \"abcdefghijklmnopqrstuvwxyz012345\"\nevery = \"day\"",
	    "the name of a [[report]] has 1 to 31 of a-z 0-9 . _ - and begins "
	    "with a letter or digit, not "
	    "\"abcdefghijklmnopqrstuvwxyz012345\"");
	refuse_report("name = \"customer\"\nafter_close = true",
	    "no [[report]] can be named customer: mails to the accounts "
	    "themselves are");
	refuse_report("name = \"n\"\nevery = \"year\"",
	    "every is day, week, month or quarter, not \"year\"");
	refuse_report("name = \"n\"",
	    "the [[report]] n needs every, or after_close = true");
	refuse_report("name = \"n\"\nafter_close = false",
	    "the [[report]] n needs every, or after_close = true");
	refuse_report("name = \"n\"\nat = \"06:00\"\nafter_close = true",
	    "at needs every to go with it");
	refuse_report("name = \"n\"\nevery = \"week\"\nafter_close = true",
	    "the [[report]] n has after_close, and a period that is closed is "
	    "no week; leave every out, or give it a [[report]] of its own");
	refuse_report("name = \"n\"\nevery = \"day\"\nto = []",
	    "to is empty; leave it out for smtpTo of the credentials");
	refuse_report("name = \"n\"\nevery = \"day\"\naccounts = []",
	    "accounts is empty; leave it out for all accounts");
	refuse("[[report]]\nname = \"n\"\nevery = \"day\"\n"
	       "[[report]]\nname = \"n\"\nevery = \"week\"",
	    "f:4: there are two [[report]] named n");
	/* What one line alone says wrong is refused there. */
	refuse("[[report]]\nname = \"n\"\nto = [\"nobody\"]",
	    "f:3: to: \"nobody\" is no mail address: it has no @");
	refuse("[[report]]\naccounts = [\n\"A\"]",
	    "f:2: accounts: \"A\" is no name of an account: 1 to 63 of "
	    "a-z 0-9 . _ -, beginning with a letter or digit");
}

static void
there_is_an_end_to_reports_and_items(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (int i = 0; i <= CONFIG_MAX_REPORTS; i++)
		buf_printf(
		    &b, "[[report]]\nname = \"n%d\"\nevery = \"day\"\n", i);
	refuse(buf_text(&b), "f:301: there are more than 100 [[report]]");
	buf_clear(&b);
	buf_str(&b, "[[report]]\naccounts = [");
	for (int i = 0; i <= CONFIG_MAX_LIST; i++)
		buf_printf(&b, "\"a%d\",", i);
	buf_str(&b, "]");
	refuse(buf_text(&b), "f:2: accounts has more than 100 items");
	buf_fini(&b);
}

/* --- replacing one by another --- */

static void
what_needs_a_restart_stays_and_is_named(void **state)
{
	struct config now = take("grace = \"1h\"\n"
				 "metrics_addr = \"127.0.0.1:1\"\n[limits]\n"
				 "connections = 20\nhead_time = \"2s\"\n"
				 "max_age = \"2d\"\n");
	struct config next = take("grace = \"2h\"\nreport = []\n"
				  "metrics_addr = \"127.0.0.1:2\"\n[limits]\n"
				  "connections = 30\nhead_time = \"3s\"\n"
				  "max_age = \"3d\"\n");
	struct buf kept = BUF_INIT;

	(void)state;
	config_replace(&now, &next, &kept);
	assert_string_equal(
	    buf_text(&kept), "metrics_addr connections head_time");
	assert_string_equal(now.metrics_addr, "127.0.0.1:1");
	assert_int_equal(now.grace_secs, 2 * HOUR);
	assert_int_equal(now.connections, 20);
	assert_int_equal(now.head_secs, 2);
	assert_int_equal(now.max_age_secs, 3 * DAY);
	assert_int_equal(now.schedule.count, 0);
	assert_null(next.schedule.customer_attach);
	config_fini(&next);
	next = take("metrics_addr = \"127.0.0.1:1\"");
	next.connections = now.connections;
	next.head_secs = now.head_secs;
	buf_clear(&kept);
	config_replace(&now, &next, &kept);
	assert_string_equal(buf_text(&kept), "");
	assert_int_equal(now.schedule.count, 3);
	config_fini(&now);
	buf_fini(&kept);
}

/* --- the table --- */

static void
every_setting_is_told_of_in_full(void **state)
{
	const struct config_key *key = config_keys, *other;

	(void)state;
	for (; key->name != NULL; key++) {
		assert_non_null(key->help);
		assert_true(key->help[strlen(key->help) - 1] != '.');
		assert_true(key->preset != NULL || key->shown != NULL);
		if (strcmp(key->table, "report") != 0)
			assert_non_null(key->preset);
		/* config_replace keeps numbers and words. */
		if (key->restart)
			assert_true(key->type == CONFIG_INTEGER ||
				    key->type == CONFIG_DURATION ||
				    key->type == CONFIG_WORD);
		assert_ptr_equal(config_key_find(key->table, key->name), key);
		for (other = config_keys; other < key; other++)
			if (strcmp(other->table, key->table) == 0)
				assert_true(other->offset != key->offset);
	}
	assert_null(config_key_find("", "connections"));
}

static void
the_table_names_every_attachment(void **state)
{
	const struct config_key *key = config_key_find("report", "attach");

	(void)state;
	for (unsigned i = 0; i < ATTACHMENT_KINDS; i++)
		if (strstr(key->help, attachment_name(i)) == NULL)
			fail_msg("%s is missing", attachment_name(i));
}

/* The sample changes nothing, and with its comments open it says the
 * defaults. */
static void
the_sample_is_the_defaults(void **state)
{
	struct buf sample = BUF_INIT, open = BUF_INIT;
	struct config def = take(""), c;
	char *line, *save = NULL;

	(void)state;
	config_write_sample(&sample);
	c = take(buf_text(&sample));
	assert_memory_equal(&c, &def, offsetof(struct config, schedule));
	config_fini(&c);
	for (line = strtok_r(sample.data, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		buf_printf(&open, "%s\n",
		    line[0] == '#' && line[1] != ' ' ? line + 1 : line);
	c = take(buf_text(&open));
	assert_memory_equal(&c, &def, offsetof(struct config, schedule));
	assert_int_equal(c.schedule.count, def.schedule.count);
	for (size_t i = 0; i < c.schedule.count; i++) {
		const struct schedule_report *a = &c.schedule.reports[i];
		const struct schedule_report *b = &def.schedule.reports[i];

		assert_memory_equal(a, b, offsetof(struct schedule_report, to));
	}
	config_fini(&c);
	config_fini(&def);
	buf_fini(&sample);
	buf_fini(&open);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_file_means_the_defaults),
	    cmocka_unit_test(every_setting_reaches_its_value),
	    cmocka_unit_test(a_flag_counts_over_the_file),
	    cmocka_unit_test(a_report_says_when_to_whom_and_of_what),
	    cmocka_unit_test(instants_are_read),
	    cmocka_unit_test(what_is_no_setting_is_refused_with_its_line),
	    cmocka_unit_test(a_value_of_the_wrong_kind_is_refused),
	    cmocka_unit_test(a_report_that_makes_no_sense_is_refused),
	    cmocka_unit_test(there_is_an_end_to_reports_and_items),
	    cmocka_unit_test(what_needs_a_restart_stays_and_is_named),
	    cmocka_unit_test(every_setting_is_told_of_in_full),
	    cmocka_unit_test(the_table_names_every_attachment),
	    cmocka_unit_test(the_sample_is_the_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
