/*
 * report_test.c - unit tests of src/report.c: a report as a whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"

#include "report_rig.h"

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
