/*
 * report_members_test.c - unit tests of src/report.c: what each member may
 * hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "report_rig.h"

static void
sizes_are_exact(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} cases[] = {
	    {"0", 0},
	    {"9007199254740991", 9007199254740991},
	    {"5000000000000001", 5000000000000001},
	    {"\"0\"", 0},
	    {"\"9007199254740993\"", 9007199254740993},
	    {"\"9223372036854775807\"", INT64_MAX},
	    {"\"0000000000000000012\"", 12},
	    {"\"1\\u0032\"", 12},
	};
	struct fixture *f = *state;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text,
		    VOLUME_ID "," SAMPLED ",\"bytes\":%s", cases[i].text);
		assert_int_equal(parse_volume(f, text), REPORT_FINE);
		assert_int_equal(f->report.volumes[0].bytes, cases[i].bytes);
	}
}

static void
sizes_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *text, *detail;
	} cases[] = {
	    {"9007199254740992",
		"is above 2^53-1: send it as a decimal string"},
	    {"99999999999999999999999",
		"is above 2^53-1: send it as a decimal string"},
	    {"-1", "must not be negative"},
	    {"-0", "must not be negative"},
	    {"1.5", "must be a whole number, digits only"},
	    {"1.0", "must be a whole number, digits only"},
	    {"1e3", "must be a whole number, digits only"},
	    {"1e400", "must be a whole number, digits only"},
	    {"\"9223372036854775808\"", "is above 2^63-1"},
	    {"\"9999999999999999999\"", "is above 2^63-1"},
	    {"\"00000000000000000012\"", "must be 1 to 19 digits"},
	    {"\"\"", "must be 1 to 19 digits"},
	    {"\"-1\"", "must be 1 to 19 digits"},
	    {"\"+1\"", "must be 1 to 19 digits"},
	    {"\" 1\"", "must be 1 to 19 digits"},
	    {"\"1.0\"", "must be 1 to 19 digits"},
	    {"\"0x1\"", "must be 1 to 19 digits"},
	    {"null", "must be a whole number or a string of digits"},
	    {"true", "must be a whole number or a string of digits"},
	    {"[1]", "must be a whole number or a string of digits"},
	    {"{\"a\":1}", "must be a whole number or a string of digits"},
	};
	static const char *const names[] = {"retired_bytes", "inodes"};
	struct fixture *f = *state;
	char text[256], want[256];
	size_t i, n;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text,
		    "\"bytes\":%s," VOLUME_ID "," SAMPLED, cases[i].text);
		snprintf(
		    want, sizeof want, "/volumes/0/bytes %s", cases[i].detail);
		assert_wrong(f, text, want);
		for (n = 0; n < 2; n++) {
			snprintf(text, sizeof text, VOLUME ",\"%s\":%s",
			    names[n], cases[i].text);
			snprintf(want, sizeof want, "/volumes/0/%s %s",
			    names[n], cases[i].detail);
			assert_wrong(f, text, want);
		}
	}
}

static void
texts_have_at_most_255_bytes_without_control_characters(void **state)
{
	static const char *const bad[] = {
	    "\\u0000", "\\n", "a\\u001fb", "\x7f", "\\u007f"};
	static const char *const names[] = {"name", "region"};
	struct fixture *f = *state;
	char text[1024], want[256], longest[300];
	size_t i, n;

	memset(longest, 'x', sizeof longest);
	longest[256] = '\0';
	for (n = 0; n < 2; n++) {
		snprintf(text, sizeof text, VOLUME ",\"%s\":\"%s\"", names[n],
		    longest + 1);
		assert_int_equal(parse_volume(f, text), REPORT_FINE);
		snprintf(text, sizeof text, VOLUME ",\"%s\":\"%s\"", names[n],
		    longest);
		snprintf(want, sizeof want,
		    "/volumes/0/%s must have at most 255 bytes", names[n]);
		assert_wrong(f, text, want);
		snprintf(want, sizeof want,
		    "/volumes/0/%s must not hold control characters", names[n]);
		for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
			snprintf(text, sizeof text, VOLUME ",\"%s\":\"%s\"",
			    names[n], bad[i]);
			assert_wrong(f, text, want);
		}
		snprintf(text, sizeof text, VOLUME ",\"%s\":7", names[n]);
		snprintf(want, sizeof want, "/volumes/0/%s must be a string",
		    names[n]);
		assert_wrong(f, text, want);
	}
}

static void
the_length_of_a_text_counts_resolved_bytes(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;
	int i;

	buf_str(&text, VOLUME ",\"name\":\"");
	for (i = 0; i < 127; i++)
		buf_str(&text, "\\u00e9");
	buf_str(&text, "\\u0041\"");
	assert_int_equal(parse_volume(f, text.data), REPORT_FINE);
	assert_int_equal(f->report.volumes[0].name.len, 255);
	text.len -= 1;
	buf_str(&text, "\\u0042\"");
	assert_wrong(
	    f, text.data, "/volumes/0/name must have at most 255 bytes");
	buf_fini(&text);
}

static void
accounts_follow_their_pattern(void **state)
{
	static const char *const right[] = {"a", "0", "a.b_c-d", "9..--__",
	    "abcdefghijklmnopqrstuvwxyz0123456789........................end"};
	static const char *const bad[] = {"", "A", ".a", "-a", "_a", "a b",
	    "a/b", "\xc3\xa9", "a\\n", "a\\u0000",
	    ("abcdefghijklmnopqrstuvwxyz0123456789........................"
	     "more")};
	struct fixture *f = *state;
	char text[256];
	size_t i;

	assert_int_equal(strlen(right[4]), REPORT_MAX_ACCOUNT);
	assert_int_equal(strlen(bad[10]), 64);
	for (i = 0; i < sizeof right / sizeof right[0]; i++) {
		snprintf(
		    text, sizeof text, VOLUME ",\"account\":\"%s\"", right[i]);
		assert_int_equal(parse_volume(f, text), REPORT_FINE);
		assert_text(&f->report.volumes[0].account, right[i]);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(
		    text, sizeof text, VOLUME ",\"account\":\"%s\"", bad[i]);
		assert_wrong(f, text,
		    "/volumes/0/account must be 1 to 63 of a-z, 0-9, '.', "
		    "'_' and '-', starting with a letter or digit");
	}
	assert_wrong(f, VOLUME ",\"account\":null",
	    "/volumes/0/account must be a string");
}

static void
times_are_checked_and_bounded(void **state)
{
	static const char *const bad[] = {"\"2026-10-01\"",
	    "\"2026-02-30T00:00:00Z\"", "\"2026-10-01T00:00:00\"", "\"\"",
	    "\"2026-10-01T23:59:60Z\""};
	static const char *const far[] = {"\"1999-12-31T23:59:59Z\"",
	    "\"2201-01-01T00:00:00Z\"", "\"2000-01-01T00:30:00+01:00\"",
	    "\"2200-12-31T23:30:00-01:00\"", "\"0000-01-01T00:00:00Z\""};
	struct fixture *f = *state;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text,
		    VOLUME_ID ",\"bytes\":1,\"sampled_at\":%s", bad[i]);
		assert_wrong(f, text,
		    "/volumes/0/sampled_at must be a time like "
		    "2026-10-01T00:00:00Z");
		snprintf(text, sizeof text,
		    VOLUME_ID ",\"bytes\":1,\"sampled_at\":%s", far[i]);
		assert_wrong(f, text,
		    "/volumes/0/sampled_at must lie within the years 2000 "
		    "to 2200");
		snprintf(
		    text, sizeof text, VOLUME ",\"created_at\":%s", far[i]);
		assert_wrong(f, text,
		    "/volumes/0/created_at must lie within the years 2000 "
		    "to 2200");
	}
	assert_wrong(f, VOLUME ",\"retired_at\":1790812800",
	    "/volumes/0/retired_at must be a string");
	assert_wrong(f, VOLUME_ID ",\"bytes\":1,\"sampled_at\":null",
	    "/volumes/0/sampled_at must be a string");
	assert_int_equal(
	    parse(f, "{" ID ",\"sent_at\":7,\"volumes\":[]}"), REPORT_INVALID);
	assert_string_equal(nth_error(f, 0, text), "/sent_at must be a string");
}

static void
uuids_are_checked(void **state)
{
	struct fixture *f = *state;
	char text[256];

	assert_wrong(f, "\"id\":\"7b1d\"," SAMPLED ",\"bytes\":1",
	    "/volumes/0/id must be a UUID");
	assert_wrong(f, "\"id\":[1,{}]," SAMPLED ",\"bytes\":1",
	    "/volumes/0/id must be a string");
	assert_int_equal(
	    parse(f, "{\"report_id\":\"x\"," SENT ",\"volumes\":[]}"),
	    REPORT_INVALID);
	assert_string_equal(nth_error(f, 0, text), "/report_id must be a UUID");
	assert_int_equal(
	    parse_volume(f,
		"\"id\":\"\\u0037B1D0000-90A1-4C3E-8F00-000000000001\"," SAMPLED
		",\"bytes\":1"),
	    REPORT_FINE);
	assert_string_equal(uuid_format(&f->report.volumes[0].id, text),
	    "7b1d0000-90a1-4c3e-8f00-000000000001");
}

static void
revisions_are_bounded(void **state)
{
	static const char *const bad[] = {"-1", "2147483648",
	    "99999999999999999999999", "1.0", "1e1", "\"1\"", "null", "true",
	    "[]"};
	struct fixture *f = *state;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, VOLUME ",\"revision\":%s", bad[i]);
		assert_wrong(f, text,
		    "/volumes/0/revision must be a whole number from 0 to "
		    "2147483647");
	}
}

static void
flags_are_true_or_false(void **state)
{
	struct fixture *f = *state;
	char text[256];

	assert_int_equal(parse_members(f, "\"volumes\":[],\"complete\":1,"
					  "\"want_grant\":null"),
	    REPORT_INVALID);
	assert_string_equal(
	    nth_error(f, 0, text), "/complete must be true or false");
	assert_string_equal(
	    nth_error(f, 1, text), "/want_grant must be true or false");
}

static void
containers_are_of_their_type(void **state)
{
	struct fixture *f = *state;
	char text[256];

	assert_int_equal(
	    parse_members(f, "\"admin\":[],\"volumes\":{\"a\":[1]}"),
	    REPORT_INVALID);
	assert_string_equal(nth_error(f, 0, text), "/admin must be an object");
	assert_string_equal(nth_error(f, 1, text), "/volumes must be an array");
	assert_int_equal(
	    parse_members(f, "\"admin\":{\"host\":\"\\n\",\"version\":1},"
			     "\"volumes\":[7,{" VOLUME "},[]]"),
	    REPORT_INVALID);
	assert_string_equal(nth_error(f, 0, text),
	    "/admin/host must not hold control characters");
	assert_string_equal(
	    nth_error(f, 1, text), "/admin/version must be a string");
	assert_string_equal(
	    nth_error(f, 2, text), "/volumes/0 must be an object");
	assert_string_equal(
	    nth_error(f, 3, text), "/volumes/2 must be an object");
	assert_wrong(f, VOLUME ",\"size_bins\":null",
	    "/volumes/0/size_bins must be an array");
	assert_wrong(f, VOLUME ",\"size_bins\":[[]]",
	    "/volumes/0/size_bins/0 must be an object");
}

static void
ages_follow_their_pattern(void **state)
{
	static const char *const bad[] = {"\"\"", "\"d\"", "\"0d\"", "\"01d\"",
	    "\"100000d\"", "\"30\"", "\"30m\"", "\"-1d\"", "\"30 d\"",
	    "\"30D\"", "\"30dd\"", "30", "true", "[]", "{}"};
	struct fixture *f = *state;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text,
		    VOLUME ",\"size_bins\":[{\"max_age\":%s,\"bytes\":1}]",
		    bad[i]);
		assert_wrong(f, text,
		    "/volumes/0/size_bins/0/max_age must be like 720h or "
		    "30d, or null");
	}
}

static void
two_bins_of_one_age_are_refused(void **state)
{
	static const char *const pairs[][2] = {
	    {"\"30d\"", "\"30d\""}, {"null", "null"}, {"\"24h\"", "\"1d\""}};
	struct fixture *f = *state;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		snprintf(text, sizeof text,
		    VOLUME ",\"size_bins\":[{\"max_age\":%s,\"bytes\":1},"
			   "{\"bytes\":1,\"max_age\":\"7h\"},"
			   "{\"bytes\":1,\"max_age\":%s}]",
		    pairs[i][0], pairs[i][1]);
		assert_wrong(f, text,
		    "/volumes/0/size_bins/2/max_age must differ from that of "
		    "every other bin");
	}
	assert_int_equal(
	    parse_members(f,
		"\"volumes\":["
		"{" VOLUME ",\"size_bins\":[{\"max_age\":null,\"bytes\":1}]},"
		"{" VOLUME ",\"size_bins\":[{\"max_age\":null,\"bytes\":2}]}]"),
	    REPORT_FINE);
	assert_int_equal(f->report.volumes[1].first_bin, 1);
	assert_int_equal(f->report.bins[1].bytes, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(sizes_are_exact),
	    TEST(sizes_that_are_none_are_refused),
	    TEST(texts_have_at_most_255_bytes_without_control_characters),
	    TEST(the_length_of_a_text_counts_resolved_bytes),
	    TEST(accounts_follow_their_pattern),
	    TEST(times_are_checked_and_bounded),
	    TEST(uuids_are_checked),
	    TEST(revisions_are_bounded),
	    TEST(flags_are_true_or_false),
	    TEST(containers_are_of_their_type),
	    TEST(ages_follow_their_pattern),
	    TEST(two_bins_of_one_age_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
