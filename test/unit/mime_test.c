/*
 * mime_test.c - headers, addresses and parts of mails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mime.h"

static void
assert_mailboxes(const char *text, const char *expected)
{
	struct mime_mailboxes boxes;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	assert_true(mime_parse_mailboxes(text, &boxes, &err));
	mime_put_mailboxes(&b, "To", &boxes);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
	mime_mailboxes_fini(&boxes);
}

static void
addresses_are_read_with_and_without_names(void **state)
{
	struct mime_mailboxes boxes;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(mime_parse_mailboxes(
	    "a@b, Jo Doe <c.d+e@f-g.test> ,\"Doe, \\\"J\\\" <x>\" <h@i>",
	    &boxes, &err));
	assert_int_equal(boxes.count, 3);
	assert_string_equal(boxes.list[0].name, "");
	assert_string_equal(boxes.list[0].address, "a@b");
	assert_string_equal(boxes.list[1].name, "Jo Doe");
	assert_string_equal(boxes.list[1].address, "c.d+e@f-g.test");
	assert_string_equal(boxes.list[2].name, "Doe, \"J\" <x>");
	assert_string_equal(boxes.list[2].address, "h@i");
	mime_mailboxes_fini(&boxes);
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const wrong[] = {"", " ", "a", "@b", "a@", "a@b@c",
	    "a b@c", "a@b,", ",a@b", "a@b, ,c@d", "a@b c@d", "<a@b", "a@b>",
	    "<a@b> x", "x <a@b> <c@d>", "\"x <a@b>", "\"x\" y <a@b>", "a.@b",
	    ".a@b", "a..b@c", "a@b..c", "a@b.", "a@[::1]", "m\xc3\xbcller@x",
	    "a@m\xc3\xbcller", "a@b\r\nBcc: c@d", "x\r\nBcc: c@d <a@b>",
	    "a@b\x7f", "<>", "x <>", "a@b;c@d"};
	struct mime_mailboxes boxes;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (mime_parse_mailboxes(wrong[i], &boxes, &err))
			fail_msg("taken: %s", wrong[i]);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_null(boxes.list);
	}
}

#define SIXTEEN "0123456789abcdef"
#define SIXTY_FOUR SIXTEEN SIXTEEN SIXTEEN SIXTEEN

static void
a_local_part_has_at_most_64_characters(void **state)
{
	struct mime_mailboxes boxes;
	struct err err;

	(void)state;
	assert_true(mime_parse_mailboxes(SIXTY_FOUR "@b", &boxes, &err));
	mime_mailboxes_fini(&boxes);
	assert_false(mime_parse_mailboxes(SIXTY_FOUR "a@b", &boxes, &err));
}

static void
names_are_written_plain_quoted_or_encoded(void **state)
{
	(void)state;
	assert_mailboxes("a@b", "To: a@b\r\n");
	assert_mailboxes("Jo Doe <a@b>", "To: Jo Doe <a@b>\r\n");
	assert_mailboxes(
	    "\"Doe, \\\"J\\\\\" <a@b>", "To: \"Doe, \\\"J\\\\\" <a@b>\r\n");
	assert_mailboxes("Acme Corp. <a@b>", "To: \"Acme Corp.\" <a@b>\r\n");
	assert_mailboxes(
	    "M\xc3\xbcller <a@b>", "To: =?UTF-8?B?TcO8bGxlcg==?= <a@b>\r\n");
	/* What reads as an encoded word is a text like any other. */
	assert_mailboxes("=?utf-8?q?x?= <a@b>",
	    "To: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?= <a@b>\r\n");
}

static void
long_lists_are_folded(void **state)
{
	(void)state;
	assert_mailboxes("someone.with.a.long.name@one.example.test, "
			 "someone.with.a.long.name@two.example.test",
	    "To: someone.with.a.long.name@one.example.test,\r\n"
	    " someone.with.a.long.name@two.example.test\r\n");
}

static void
assert_text(const char *text, const char *expected)
{
	struct buf b = BUF_INIT;

	mime_put_text(&b, "Subject", text);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
plain_headers_stay_as_they_are_and_fold_at_spaces(void **state)
{
	(void)state;
	assert_text("[x] 12.37 TiB, USD 3.00 (draft)",
	    "Subject: [x] 12.37 TiB, USD 3.00 (draft)\r\n");
	assert_text("aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb "
		    "cccccccccccccccccc ddddd",
	    "Subject: aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n"
	    " cccccccccccccccccc ddddd\r\n");
}

static void
no_text_begins_another_header(void **state)
{
	(void)state;
	assert_text("x\r\nBcc: a@b", "Subject: =?UTF-8?B?"
				     "eO+/ve+/vUJjYzogYUBi?=\r\n");
	assert_text("\xe2\x82\xac 3", "Subject: =?UTF-8?B?4oKsIDM=?=\r\n");
	assert_text("a  b", "Subject: =?UTF-8?B?YSAgYg==?=\r\n");
}

/* No character is torn between two words. */
static void
long_encoded_texts_are_folded_between_characters(void **state)
{
	(void)state;
	assert_text("\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5"
		    "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5"
		    "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5"
		    "\xe6\x97\xa5\xe6\x97\xa5",
	    "Subject: =?UTF-8?B?"
	    "5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel?=\r\n"
	    " =?UTF-8?B?5pel?=\r\n");
	assert_text("x\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		    "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		    "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc",
	    "Subject: =?UTF-8?B?eMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8"
	    "w7zDvMO8?=\r\n =?UTF-8?B?w7w=?=\r\n");
}

static void
assert_filename(const char *name, const char *expected)
{
	const struct mime_part part = {.type = "text/csv",
	    .filename = name,
	    .encoding = MIME_BASE64,
	    .data = "x",
	    .len = 1};
	struct buf b = BUF_INIT, all = BUF_INIT;

	mime_put_part(&b, &part, "seed");
	buf_printf(&all,
	    "Content-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment%s\r\n\r\neA==\r\n",
	    expected);
	assert_string_equal(buf_text(&b), buf_text(&all));
	buf_fini(&b);
	buf_fini(&all);
}

static void
a_part_that_another_shows_has_an_id_and_is_inline(void **state)
{
	const struct mime_part part = {.type = "image/png",
	    .filename = "p.png",
	    .content_id = "p.1@b.test",
	    .encoding = MIME_BASE64,
	    .data = "x",
	    .len = 1};
	struct buf b = BUF_INIT;

	(void)state;
	mime_put_part(&b, &part, "seed");
	assert_string_equal(buf_text(&b),
	    "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
	    "Content-ID: <p.1@b.test>\r\n"
	    "Content-Disposition: inline;\r\n filename=\"p.png\"\r\n"
	    "\r\neA==\r\n");
	buf_fini(&b);
}

static void
file_names_that_are_long_or_foreign_are_encoded(void **state)
{
	(void)state;
	assert_filename("a-1.csv", ";\r\n filename=\"a-1.csv\"");
	assert_filename("a\"\r\nb\xc3\xbc.csv",
	    ";\r\n filename*0*=utf-8''a%22%0D%0Ab%C3%BC.csv");
	assert_filename("0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789.csv",
	    ";\r\n filename*0*=utf-8''0123456789abcdef0"
	    ";\r\n filename*1*=123456789abcdef01234"
	    ";\r\n filename*2*=56789abcdef012345678"
	    ";\r\n filename*3*=9.csv");
}

static void
parts_lie_within_each_other(void **state)
{
	static const struct mime_part inner[] = {
	    {.type = "text/plain", .data = "a\n--=_s_001\n", .len = 12},
	    {.type = "text/html", .data = "b", .len = 1},
	};
	static const struct mime_part outer[] = {
	    {.type = "multipart/alternative", .parts = inner, .part_count = 2},
	    {.type = "text/csv",
		.encoding = MIME_BASE64,
		.data = "c",
		.len = 1},
	};
	static const struct mime_part all = {
	    .type = "multipart/mixed", .parts = outer, .part_count = 2};
	struct buf b = BUF_INIT;

	(void)state;
	mime_put_part(&b, &all, "s");
	assert_string_equal(buf_text(&b),
	    "Content-Type: multipart/mixed;\r\n boundary=\"=_s_000\"\r\n"
	    "\r\n--=_s_000\r\n"
	    "Content-Type: multipart/alternative;\r\n"
	    " boundary=\"=_s_001\"\r\n"
	    "\r\n--=_s_001\r\n"
	    "Content-Type: text/plain\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\na\r\n--=3D_s_001\r\n"
	    "\r\n--=_s_001\r\n"
	    "Content-Type: text/html\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\nb"
	    "\r\n--=_s_001--\r\n"
	    "\r\n--=_s_000\r\n"
	    "Content-Type: text/csv\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "\r\nYw==\r\n"
	    "\r\n--=_s_000--\r\n");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_are_read_with_and_without_names),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(a_local_part_has_at_most_64_characters),
	    cmocka_unit_test(names_are_written_plain_quoted_or_encoded),
	    cmocka_unit_test(long_lists_are_folded),
	    cmocka_unit_test(plain_headers_stay_as_they_are_and_fold_at_spaces),
	    cmocka_unit_test(no_text_begins_another_header),
	    cmocka_unit_test(long_encoded_texts_are_folded_between_characters),
	    cmocka_unit_test(file_names_that_are_long_or_foreign_are_encoded),
	    cmocka_unit_test(a_part_that_another_shows_has_an_id_and_is_inline),
	    cmocka_unit_test(parts_lie_within_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
