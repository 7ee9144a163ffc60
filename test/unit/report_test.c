/*
 * report_test.c - unit tests of src/report.c. A case is the text of one
 * member, put into an otherwise right report; every body is read from a copy
 * of exactly its length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/json.h"
#include "src/report.h"

#define ID "\"report_id\":\"5f0c9a52-2f0e-4b7c-9a3d-0a4f6e1b2c3d\""
#define SENT "\"sent_at\":\"2026-10-01T12:00:03.25Z\""
#define HEAD ID "," SENT
#define VOLUME_ID "\"id\":\"7b1d0000-90a1-4c3e-8f00-000000000001\""
#define SAMPLED "\"sampled_at\":\"2026-10-01T12:00:00Z\""
#define VOLUME VOLUME_ID "," SAMPLED ",\"bytes\":1"

struct fixture {
	struct report report;
	struct buf errors;
	struct err err;
	char *body; /* owned */
};

static int
set_up(void **state)
{
	static const struct fixture empty;
	struct fixture *f = malloc(sizeof *f);

	if (f == NULL)
		return -1;
	*f = empty;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	report_fini(&f->report);
	buf_fini(&f->errors);
	free(f->body);
	free(f);
	return 0;
}

static enum report_fault
parse_bytes(struct fixture *f, const char *body, size_t len)
{
	enum report_fault fault;

	free(f->body);
	f->body = malloc(len > 0 ? len : 1);
	assert_non_null(f->body);
	memcpy(f->body, body, len);
	f->err = (struct err)ERR_INIT;
	fault = report_parse(f->body, len, &f->report, &f->errors, &f->err);
	assert_int_equal(fault == REPORT_FINE, f->err.kind == ERR_NONE);
	assert_int_equal(fault == REPORT_INVALID, f->errors.len > 0);
	return fault;
}

static enum report_fault
parse(struct fixture *f, const char *body)
{
	return parse_bytes(f, body, strlen(body));
}

/* A report with these members next to the required ones of its head. */
static enum report_fault
parse_members(struct fixture *f, const char *members)
{
	struct buf body = BUF_INIT;
	enum report_fault fault;

	buf_printf(&body, "{" HEAD ",%s}", members);
	fault = parse_bytes(f, body.data, body.len);
	buf_fini(&body);
	return fault;
}

/* A report with one volume that has these members. */
static enum report_fault
parse_volume(struct fixture *f, const char *members)
{
	struct buf text = BUF_INIT;
	enum report_fault fault;

	buf_printf(&text, "\"volumes\":[{%s}]", members);
	fault = parse_members(f, text.data);
	buf_fini(&text);
	return fault;
}

/* The n-th error, as "pointer detail". */
static const char *
nth_error(struct fixture *f, int n, char out[256])
{
	struct err err = ERR_INIT;
	struct json *list = json_parse(f->errors.data, f->errors.len, &err);
	const struct json *v = json_first(list);
	const char *pointer = NULL, *detail = NULL;

	assert_true(json_is_array(list));
	while (n-- > 0)
		v = json_next(v);
	assert_true(json_as_string(json_member(v, "pointer"), &pointer));
	assert_true(json_as_string(json_member(v, "detail"), &detail));
	snprintf(out, 256, "%s %s", pointer, detail);
	json_free(list);
	return out;
}

static int
count_errors(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct json *list = json_parse(f->errors.data, f->errors.len, &err);
	const struct json *v;
	int count = 0;

	for (v = json_first(list); v != NULL; v = json_next(v))
		count++;
	json_free(list);
	return count;
}

/* The volume's members give just this one error. */
static void
assert_wrong(struct fixture *f, const char *members, const char *want)
{
	char text[256];

	if (parse_volume(f, members) != REPORT_INVALID)
		fail_msg("not refused as invalid: %s", members);
	assert_string_equal(nth_error(f, 0, text), want);
	assert_int_equal(count_errors(f), 1);
}

static void
assert_text(const struct report_text *text, const char *want)
{
	assert_int_equal(text->len, strlen(want));
	assert_memory_equal(text->text, want, text->len);
}

static const char FULL[] =
    "{" ID "," SENT ",\"complete\":true,\"want_grant\":true,"
    "\"admin\":{\"version\":\"1.8\",\"host\":\"admin1\"},\"volumes\":["
    "{\"id\":\"7b1d0000-90a1-4c3e-8f00-000000000001\",\"name\":\"lab\","
    "\"account\":\"acme\",\"sampled_at\":\"2026-10-01T14:00:00.5+02:00\","
    "\"bytes\":\"9223372036854775807\",\"retired_bytes\":0,"
    "\"inodes\":9007199254740991,\"size_bins\":["
    "{\"max_age\":\"30d\",\"bytes\":5},{\"max_age\":\"99999h\",\"bytes\":6},"
    "{\"max_age\":null,\"bytes\":\"007\"}],\"region\":\"eu\","
    "\"created_at\":\"2000-01-01T00:00:00Z\","
    "\"retired_at\":\"2200-12-31T23:59:59Z\",\"revision\":2147483647},"
    " {\"bytes\":0, " SAMPLED ", " VOLUME_ID "} ]}";

static void
every_member_finds_its_field(void **state)
{
	struct fixture *f = *state;
	const struct report *r = &f->report;
	const struct report_volume *v;
	char id[UUID_TEXT_SIZE];

	assert_int_equal(parse(f, FULL), REPORT_FINE);
	assert_string_equal(uuid_format(&r->report_id, id),
	    "5f0c9a52-2f0e-4b7c-9a3d-0a4f6e1b2c3d");
	assert_int_equal(r->sent_at, 1790856003);
	assert_int_equal(r->sent_nanos, 250000000);
	assert_true(r->complete);
	assert_true(r->want_grant);
	assert_text(&r->admin_version, "1.8");
	assert_text(&r->admin_host, "admin1");
	assert_int_equal(r->unknown_members, 0);
	assert_int_equal(r->volume_count, 2);
	v = &r->volumes[0];
	assert_string_equal(
	    uuid_format(&v->id, id), "7b1d0000-90a1-4c3e-8f00-000000000001");
	assert_text(&v->name, "lab");
	assert_text(&v->account, "acme");
	assert_text(&v->region, "eu");
	assert_int_equal(v->sampled_at, 1790856000);
	assert_int_equal(v->sampled_nanos, 500000000);
	assert_int_equal(v->bytes, INT64_MAX);
	assert_int_equal(v->retired_bytes, 0);
	assert_int_equal(v->inodes, 9007199254740991);
	assert_int_equal(v->created_at, 946684800);
	assert_int_equal(v->retired_at, 7289654399);
	assert_int_equal(v->revision, INT32_MAX);
}

static void
bins_are_in_the_order_of_the_body(void **state)
{
	struct fixture *f = *state;
	const struct report *r = &f->report;
	const struct report_bin *bins;

	assert_int_equal(parse(f, FULL), REPORT_FINE);
	assert_int_equal(r->bin_count, 3);
	assert_int_equal(r->volumes[0].first_bin, 0);
	assert_int_equal(r->volumes[0].bin_count, 3);
	assert_int_equal(r->volumes[1].bin_count, 0);
	bins = r->bins;
	assert_int_equal(bins[0].max_age_hours, 720);
	assert_string_equal(bins[0].max_age, "30d");
	assert_int_equal(bins[0].bytes, 5);
	assert_int_equal(bins[1].max_age_hours, 99999);
	assert_string_equal(bins[1].max_age, "99999h");
	assert_int_equal(bins[2].max_age_hours, 0);
	assert_string_equal(bins[2].max_age, "");
	assert_int_equal(bins[2].bytes, 7);
}

static void
what_is_not_given_has_its_default(void **state)
{
	struct fixture *f = *state;
	const struct report_volume *v;

	assert_int_equal(parse(f, FULL), REPORT_FINE);
	assert_int_equal(parse_volume(f, VOLUME), REPORT_FINE);
	assert_false(f->report.complete);
	assert_false(f->report.want_grant);
	assert_null(f->report.admin_version.text);
	assert_int_equal(f->report.admin_host.len, 0);
	assert_int_equal(f->report.bin_count, 0);
	v = &f->report.volumes[0];
	assert_null(v->name.text);
	assert_null(v->account.text);
	assert_null(v->region.text);
	assert_int_equal(v->sampled_nanos, 0);
	assert_int_equal(v->retired_bytes, -1);
	assert_int_equal(v->inodes, -1);
	assert_int_equal(v->created_at, 0);
	assert_int_equal(v->retired_at, 0);
	assert_int_equal(v->revision, 0);
	assert_int_equal(v->bin_count, 0);
	assert_int_equal(
	    parse_volume(f, VOLUME ",\"created_at\":null,\"retired_at\":null,"
				   "\"name\":\"\",\"size_bins\":[]"),
	    REPORT_FINE);
	v = &f->report.volumes[0];
	assert_int_equal(v->created_at, 0);
	assert_int_equal(v->name.len, 0);
	assert_int_equal(parse_members(f, "\"volumes\":[]"), REPORT_FINE);
	assert_int_equal(f->report.volume_count, 0);
}

static void
a_volume_is_kept_byte_for_byte(void **state)
{
	static const char object[] =
	    "{ \"bytes\":0, " SAMPLED ", " VOLUME_ID " ,\"x\":{\"y\":[]} }";
	struct fixture *f = *state;
	struct report again = REPORT_INIT;
	struct buf text = BUF_INIT;
	struct report_volume *v;

	buf_printf(
	    &text, "\"volumes\":[{" VOLUME "} , %s ,{" VOLUME "}]", object);
	assert_int_equal(parse_members(f, text.data), REPORT_FINE);
	v = &f->report.volumes[1];
	assert_int_equal(v->json_len, sizeof object - 1);
	assert_memory_equal(v->json, object, v->json_len);
	assert_int_equal(report_parse_volume(
			     v->json, v->json_len, &again, &f->errors, &f->err),
	    REPORT_FINE);
	assert_int_equal(again.volume_count, 1);
	assert_int_equal(again.unknown_members, 1);
	assert_int_equal(again.volumes[0].sampled_at, v->sampled_at);
	assert_int_equal(again.volumes[0].bytes, 0);
	assert_true(uuid_equal(&again.volumes[0].id, &v->id));
	report_fini(&again);
	buf_fini(&text);
}

static void
a_volume_alone_has_pointers_from_its_own_root(void **state)
{
	struct fixture *f = *state;
	char text[256];
	const char *json = "{" VOLUME ",\"revision\":-1}";

	assert_int_equal(report_parse_volume(json, strlen(json), &f->report,
			     &f->errors, &f->err),
	    REPORT_INVALID);
	assert_string_equal(nth_error(f, 0, text),
	    "/revision must be a whole number from 0 to 2147483647");
	assert_int_equal(
	    report_parse_volume("[]", 2, &f->report, &f->errors, &f->err),
	    REPORT_INVALID);
	assert_string_equal(nth_error(f, 0, text), " must be an object");
	assert_int_equal(
	    report_parse_volume("{", 1, &f->report, &f->errors, &f->err),
	    REPORT_MALFORMED);
}

static void
what_is_not_json_is_malformed(void **state)
{
	static const char *const bad[] = {"", "{", "{}x", "{\"a\":1,\"a\":2}",
	    "{\"volumes\":[{\"id\":1,\"id\":1}]}", "{" HEAD ",\"volumes\":[}",
	    "{" HEAD ",\"x\":\"caf\xe9\",\"volumes\":[]}",
	    "{" HEAD ",\"x\":[[[[[[[[]]]]]]]],\"volumes\":[]}",
	    "{" HEAD ",\"x\":01,\"volumes\":[]}",
	    "{" HEAD ",\"volumes\":[{\"bytes\":-}]}",
	    "\xef\xbb\xbf{" HEAD ",\"volumes\":[]}"};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (parse(f, bad[i]) != REPORT_MALFORMED)
			fail_msg("not malformed: %s", bad[i]);
		assert_int_equal(f->err.kind, ERR_INPUT);
		assert_memory_equal(f->err.text, "byte ", 5);
		assert_int_equal(f->errors.len, 0);
	}
}

static void
malformed_outweighs_invalid(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    parse(f, "{\"report_id\":7,\"volumes\":[{}]}x"), REPORT_MALFORMED);
	assert_non_null(strstr(f->err.text, "something follows"));
}

static void
every_cut_of_a_report_is_malformed(void **state)
{
	struct fixture *f = *state;
	size_t len;

	for (len = 0; len < sizeof FULL - 1; len++)
		assert_int_equal(parse_bytes(f, FULL, len), REPORT_MALFORMED);
}

static void
a_body_that_is_no_object_is_invalid(void **state)
{
	static const char *const bad[] = {
	    "[]", "null", "7", "\"x\"", "true", "[{" HEAD "}]"};
	struct fixture *f = *state;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(parse(f, bad[i]), REPORT_INVALID);
		assert_string_equal(
		    nth_error(f, 0, text), " must be an object");
		assert_string_equal(f->err.text, "the body must be an object");
	}
}

static void
required_members_are_missed(void **state)
{
	struct fixture *f = *state;
	char text[256];

	assert_int_equal(
	    parse(f, "{\"volumes\":[{},{" VOLUME_ID "," SAMPLED "}]}"),
	    REPORT_INVALID);
	assert_int_equal(count_errors(f), 6);
	assert_string_equal(nth_error(f, 0, text), "/volumes/0/id is missing");
	assert_string_equal(
	    nth_error(f, 1, text), "/volumes/0/sampled_at is missing");
	assert_string_equal(
	    nth_error(f, 2, text), "/volumes/0/bytes is missing");
	assert_string_equal(
	    nth_error(f, 3, text), "/volumes/1/bytes is missing");
	assert_string_equal(nth_error(f, 4, text), "/report_id is missing");
	assert_string_equal(nth_error(f, 5, text), "/sent_at is missing");
	assert_string_equal(
	    f->err.text, "6 errors, the first: /volumes/0/id is missing");
	assert_int_equal(parse(f, "{" HEAD "}"), REPORT_INVALID);
	assert_string_equal(nth_error(f, 0, text), "/volumes is missing");
	assert_wrong(f, VOLUME ",\"size_bins\":[{\"max_age\":null}]",
	    "/volumes/0/size_bins/0/bytes is missing");
	assert_wrong(f, VOLUME ",\"size_bins\":[{\"bytes\":1}]",
	    "/volumes/0/size_bins/0/max_age is missing");
}

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
	    "abcdefghijklmnopqrstuvwxyz0123456789........................"
	    "more"};
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

/* A volume with that many bins. */
static void
write_bins(struct buf *out, int count)
{
	int i;

	buf_str(out, VOLUME ",\"size_bins\":[");
	for (i = 0; i < count; i++)
		buf_printf(out, "%s{\"max_age\":\"%dd\",\"bytes\":%d}",
		    i > 0 ? "," : "", i + 1, i);
	buf_char(out, ']');
}

static void
bins_are_limited(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;

	write_bins(&text, REPORT_MAX_BINS);
	assert_int_equal(parse_volume(f, text.data), REPORT_FINE);
	assert_int_equal(f->report.bin_count, REPORT_MAX_BINS);
	buf_clear(&text);
	write_bins(&text, REPORT_MAX_BINS + 3);
	assert_wrong(
	    f, text.data, "/volumes/0/size_bins must have at most 16 elements");
	buf_fini(&text);
}

static void
write_volumes(struct buf *out, int count)
{
	int i;

	buf_str(out, "\"volumes\":[");
	for (i = 0; i < count; i++)
		buf_printf(
		    out, "%s{" VOLUME ",\"revision\":%d}", i > 0 ? "," : "", i);
	buf_char(out, ']');
}

static void
volumes_are_limited(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;
	char error[256];
	int i;

	write_volumes(&text, REPORT_MAX_VOLUMES);
	assert_int_equal(parse_members(f, text.data), REPORT_FINE);
	assert_int_equal(f->report.volume_count, REPORT_MAX_VOLUMES);
	for (i = 0; i < REPORT_MAX_VOLUMES; i++)
		assert_int_equal(f->report.volumes[i].revision, i);
	buf_clear(&text);
	write_volumes(&text, REPORT_MAX_VOLUMES + 2);
	assert_int_equal(parse_members(f, text.data), REPORT_INVALID);
	assert_string_equal(nth_error(f, 0, error),
	    "/volumes must have at most 20000 elements");
	assert_int_equal(count_errors(f), 1);
	assert_true(f->report.volume_count <= REPORT_MAX_VOLUMES);
	buf_fini(&text);
}

static void
unknown_members_are_counted_and_checked_as_json(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    parse_members(f,
		"\"x\":{\"y\":1,\"z\":[{\"q\":2}]},\"Complete\":3,"
		"\"admin\":{\"os\":\"x\"},"
		"\"volumes\":[{" VOLUME ",\"Name\":5,\"size_bins\":"
		"[{\"max_age\":null,\"bytes\":1,\"count\":1}]}]"),
	    REPORT_FINE);
	assert_int_equal(f->report.unknown_members, 5);
	assert_null(f->report.volumes[0].name.text);
	assert_int_equal(
	    parse_members(f, "\"volumes\":[],\"x\":{\"y\":1,\"y\":1}"),
	    REPORT_MALFORMED);
	assert_int_equal(parse_members(f, "\"volumes\":[],\"x\":[\"\\ud800\"]"),
	    REPORT_MALFORMED);
}

static void
a_known_name_may_be_written_with_escapes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    parse_volume(f, VOLUME_ID "," SAMPLED ",\"byt\\u0065s\":4"),
	    REPORT_FINE);
	assert_int_equal(f->report.volumes[0].bytes, 4);
	assert_int_equal(f->report.unknown_members, 0);
	assert_int_equal(
	    parse_volume(f, VOLUME ",\"byt\\u0065s\":4"), REPORT_MALFORMED);
}

/* Many texts with escapes: none may move when a later one comes. */
static void
texts_with_escapes_stay_where_they_are(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;
	char want[64];
	int i;

	buf_str(&text, "\"volumes\":[");
	for (i = 0; i < 5000; i++)
		buf_printf(&text,
		    "%s{" VOLUME ",\"name\":\"\\u00e9 %d\",\"region\":"
		    "\"r%d\"}",
		    i > 0 ? "," : "", i, i);
	buf_char(&text, ']');
	assert_int_equal(parse_members(f, text.data), REPORT_FINE);
	for (i = 0; i < 5000; i++) {
		snprintf(want, sizeof want, "\xc3\xa9 %d", i);
		assert_text(&f->report.volumes[i].name, want);
		snprintf(want, sizeof want, "r%d", i);
		assert_text(&f->report.volumes[i].region, want);
		assert_true(f->report.volumes[i].region.text > f->body);
	}
	buf_fini(&text);
}

static void
all_errors_are_listed_in_order_up_to_a_limit(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;
	char error[256], want[64];
	int i;

	assert_int_equal(
	    parse_members(f,
		"\"complete\":0,\"volumes\":[{\"name\":1," VOLUME_ID
		",\"bytes\":-1,\"size_bins\":[{\"max_age\":\"x\"}]}],"
		"\"want_grant\":2"),
	    REPORT_INVALID);
	assert_int_equal(count_errors(f), 7);
	assert_string_equal(
	    nth_error(f, 1, error), "/volumes/0/name must be a string");
	assert_string_equal(
	    nth_error(f, 2, error), "/volumes/0/bytes must not be negative");
	assert_string_equal(
	    nth_error(f, 4, error), "/volumes/0/size_bins/0/bytes is missing");
	assert_string_equal(
	    nth_error(f, 5, error), "/volumes/0/sampled_at is missing");
	assert_string_equal(
	    nth_error(f, 6, error), "/want_grant must be true or false");
	buf_str(&text, "\"volumes\":[");
	for (i = 0; i < 100; i++)
		buf_printf(
		    &text, "%s{" VOLUME ",\"inodes\":null}", i > 0 ? "," : "");
	buf_char(&text, ']');
	assert_int_equal(parse_members(f, text.data), REPORT_INVALID);
	assert_int_equal(count_errors(f), REPORT_MAX_ERRORS);
	snprintf(
	    want, sizeof want, "/volumes/%d/inodes ", REPORT_MAX_ERRORS - 1);
	assert_non_null(
	    strstr(nth_error(f, REPORT_MAX_ERRORS - 1, error), want));
	assert_memory_equal(f->err.text, "100 errors, the first: ", 23);
	buf_fini(&text);
}

static void
memory_is_kept_from_one_report_to_the_next(void **state)
{
	struct fixture *f = *state;
	struct report before;
	int i;

	assert_int_equal(
	    parse_volume(f, VOLUME ",\"name\":\"\\u00e9\""), REPORT_FINE);
	assert_int_equal(parse(f, FULL), REPORT_FINE);
	before = f->report;
	assert_non_null(before.bins);
	for (i = 0; i < 10; i++) {
		assert_int_equal(parse(f, "{"), REPORT_MALFORMED);
		assert_int_equal(parse(f, "{}"), REPORT_INVALID);
		assert_int_equal(
		    parse_volume(f, VOLUME ",\"name\":\"\\u00e9\""),
		    REPORT_FINE);
		assert_int_equal(parse(f, FULL), REPORT_FINE);
	}
	assert_ptr_equal(f->report.volumes, before.volumes);
	assert_ptr_equal(f->report.bins, before.bins);
	assert_ptr_equal(f->report.text.data, before.text.data);
	assert_int_equal(f->report.volume_count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_member_finds_its_field),
	    TEST(bins_are_in_the_order_of_the_body),
	    TEST(what_is_not_given_has_its_default),
	    TEST(a_volume_is_kept_byte_for_byte),
	    TEST(a_volume_alone_has_pointers_from_its_own_root),
	    TEST(what_is_not_json_is_malformed),
	    TEST(malformed_outweighs_invalid),
	    TEST(every_cut_of_a_report_is_malformed),
	    TEST(a_body_that_is_no_object_is_invalid),
	    TEST(required_members_are_missed),
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
	    TEST(bins_are_limited),
	    TEST(volumes_are_limited),
	    TEST(unknown_members_are_counted_and_checked_as_json),
	    TEST(a_known_name_may_be_written_with_escapes),
	    TEST(texts_with_escapes_stay_where_they_are),
	    TEST(all_errors_are_listed_in_order_up_to_a_limit),
	    TEST(memory_is_kept_from_one_report_to_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
