/*
 * mail_test.c - a summary as a message, compared with files that were read
 * by a person, and what must hold for any message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/attachment.h"
#include "src/mail.h"
#include "summary_cases.h"

static const struct mail_envelope plain = {
    .from = "flexFS statistics <stat@billing.example.test>",
    .to = "ops@example.test",
    .key = "draft/acme/2026-10/1",
    .attach = 1u << ATTACHMENT_CSV,
};

static void
compose(const char *name, const struct mail_envelope *envelope, struct buf *out)
{
	struct summary_case c;
	struct err err = ERR_INIT;

	summary_case_make(&c, name);
	if (!mail_compose(envelope, &c.summary, out, &err))
		fail_msg("%s", err.text);
	assert_false(out->failed);
	summary_case_fini(&c);
}

static void
every_mail_looks_as_it_was_approved(void **state)
{
	char name[64];

	(void)state;
	for (size_t i = 0; i < SUMMARY_CASES; i++) {
		struct buf b = BUF_INIT;

		compose(summary_cases[i].name, &plain, &b);
		snprintf(name, sizeof name, "%s.eml", summary_cases[i].name);
		compare_golden(name, &b);
		buf_fini(&b);
	}
}

static void
the_same_key_gives_the_same_bytes(void **state)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	(void)state;
	compose("twelve", &plain, &a);
	compose("twelve", &plain, &b);
	assert_string_equal(buf_text(&a), buf_text(&b));
	buf_fini(&a);
	buf_fini(&b);
}

/* The line of a header, up to its end. */
static void
copy_header(const struct buf *mail, const char *name, char out[256])
{
	const char *at = strstr(buf_text(mail), name);

	assert_non_null(at);
	snprintf(out, 256, "%.*s", (int)strcspn(at, "\r"), at);
}

static void
the_message_id_depends_on_key_and_domain_alone(void **state)
{
	struct mail_envelope other = plain;
	struct buf b = BUF_INIT;
	char first[256], second[256];

	(void)state;
	compose("twelve", &plain, &b);
	copy_header(&b, "Message-ID: ", first);
	assert_non_null(strstr(first, "@billing.example.test>"));
	buf_clear(&b);
	other.from = "Another <x@billing.example.test>";
	other.to = "someone@example.test";
	compose("one", &other, &b);
	copy_header(&b, "Message-ID: ", second);
	assert_string_equal(first, second);
	buf_clear(&b);
	other.key = "draft/acme/2026-10/2";
	compose("one", &other, &b);
	copy_header(&b, "Message-ID: ", second);
	assert_string_not_equal(first, second);
	buf_fini(&b);
}

static void
every_line_is_short_seven_bit_and_ends_in_crlf(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUMMARY_CASES; i++) {
		struct buf b = BUF_INIT;
		size_t begin = 0;

		compose(summary_cases[i].name, &plain, &b);
		for (size_t j = 0; j < b.len; j++) {
			assert_true((unsigned char)b.data[j] < 0x80);
			assert_true(b.data[j] != '\0');
			if (b.data[j] != '\n') {
				assert_true(
				    b.data[j] != '\r' || b.data[j + 1] == '\n');
				continue;
			}
			assert_true(j > begin && b.data[j - 1] == '\r');
			assert_true(j - 1 - begin <= 78);
			begin = j + 1;
		}
		assert_int_equal(begin, b.len);
		buf_fini(&b);
	}
}

static void
assert_refused(const char *from, const char *to)
{
	struct mail_envelope envelope = {from, to, "key"};
	struct summary_case c;
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	summary_case_make(&c, "one");
	assert_false(mail_compose(&envelope, &c.summary, &b, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
	summary_case_fini(&c);
}

static void
what_is_no_address_is_refused(void **state)
{
	(void)state;
	assert_refused("nobody", "a@b");
	assert_refused("a@b, c@d", "a@b");
	assert_refused("a@b", "");
	assert_refused("a@b", "a@b\r\nBcc: c@d");
	assert_refused("x\r\nBcc: c@d <a@b>", "a@b");
}

static size_t
count(const struct buf *b, const char *text)
{
	const char *at = buf_text(b);
	size_t n = 0;

	while ((at = strstr(at, text)) != NULL) {
		at += strlen(text);
		n++;
	}
	return n;
}

static void
attached_is_what_was_asked_for(void **state)
{
	struct mail_envelope e = plain;
	struct buf b = BUF_INIT, pdf = BUF_INIT, focus = BUF_INIT;

	(void)state;
	e.attach = 0;
	compose("one", &e, &b);
	assert_int_equal(count(&b, "Content-Disposition: attachment"), 0);
	buf_clear(&b);
	e.attach = (1u << ATTACHMENT_KINDS) - 1;
	compose("one", &e, &b);
	/* What could not be made is not there. */
	assert_int_equal(
	    count(&b, "Content-Disposition: attachment"), ATTACHMENT_KINDS - 2);
	buf_clear(&b);
	buf_str(&pdf, "%PDF-1.5");
	e.pdf = &pdf;
	buf_str(&focus, "BilledCost\r\n");
	e.focus = &focus;
	compose("one", &e, &b);
	assert_non_null(
	    strstr(b.data, "filename=\"flexfs-2026-10-acme-focus.csv\""));
	assert_int_equal(
	    count(&b, "Content-Disposition: attachment"), ATTACHMENT_KINDS);
	assert_non_null(strstr(b.data, "filename=\"flexfs-2026-10-acme.csv\""));
	assert_non_null(
	    strstr(b.data, "filename=\"flexfs-2026-10-acme.json\""));
	assert_non_null(strstr(b.data, "Content-Type: application/json"));
	assert_non_null(strstr(b.data, "Content-Type: application/pdf"));
	buf_fini(&focus);
	buf_fini(&pdf);
	buf_fini(&b);
}

static void
a_month_to_date_is_named_by_its_last_day(void **state)
{
	struct summary_case c;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	summary_case_make(&c, "one");
	c.summary.until = "2026-10-04";
	assert_true(mail_compose(&plain, &c.summary, &b, &err));
	assert_non_null(
	    strstr(b.data, "filename=\"flexfs-2026-10-04-acme.csv\""));
	assert_non_null(strstr(
	    b.data, "\r\nSubject: [flexFS] 2026-10 to 2026-10-04 usage "));
	summary_case_fini(&c);
	buf_fini(&b);
}

static void
the_attachment_is_named_after_period_and_account(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	compose("one", &plain, &b);
	assert_non_null(strstr(b.data, "filename=\"flexfs-2026-10-acme.csv\""));
	buf_clear(&b);
	compose("accounts", &plain, &b);
	assert_non_null(strstr(b.data, "filename=\"flexfs-2026-10.csv\""));
	buf_fini(&b);
}

/* --- pictures --- */

static void
draw(struct mail_pictures *pictures)
{
	static const struct chart_part parts[] = {{(exact_u128)5 << 30, 0}};
	static const int64_t missing[] = {0};
	static const char *const names[] = {"\"a\" <b> & c"};
	static const struct chart_month month = {1790812800, "1.50", "3.00"};
	static const struct chart_usage usage = {
	    NULL, "account", 20727, 1, names, 1, parts, missing};
	static const struct chart_cost cost = {NULL, "USD", &month, 1};
	static const struct chart charts[] = {{&usage, NULL}, {NULL, &cost}};
	struct err err = ERR_INIT;

	*pictures = (struct mail_pictures){NULL, 0};
	if (!mail_picture_draw(charts, 2, pictures, &err))
		fail_msg("%s", err.text);
}

static void
pictures_stand_behind_the_first_section_of_the_html(void **state)
{
	struct mail_pictures pictures;
	struct buf html = BUF_INIT, b = BUF_INIT;

	(void)state;
	draw(&pictures);
	buf_str(&html, "<h1>One</h1>\n<h2>Two</h2>\n<h2>Three</h2>\n");
	mail_picture_html(&pictures, "x@b.test", &html, &b);
	assert_ptr_equal(strstr(b.data, "<h1>One</h1>\n"
					"<p><img src=\"cid:picture1.x@b.test\" "
					"width=\"600\" height=\""),
	    b.data);
	assert_non_null(strstr(b.data, "\" alt=\"Stored per day, 2026-10-01"));
	assert_non_null(
	    strstr(b.data, "height:auto;border:0\"></p>\n"
			   "<p><img src=\"cid:picture2.x@b.test\" "));
	assert_non_null(strstr(b.data,
	    "alt=\"Cost by month in USD: 2026-10 1.50 so far (forecast "
	    "3.00).\""));
	assert_non_null(strstr(b.data, "</p>\n<h2>Two</h2>\n<h2>Three</h2>\n"));
	mail_picture_fini(&pictures);
	mail_picture_fini(&pictures);
	buf_fini(&html);
	buf_fini(&b);
}

static void
pictures_are_words_in_plain_text(void **state)
{
	struct mail_pictures pictures;
	struct buf text = BUF_INIT, b = BUF_INIT;

	(void)state;
	draw(&pictures);
	buf_str(&text, "One\n===\nState  open\n\nTwo\n---\nmore\n");
	mail_picture_text(&pictures, &text, &b);
	assert_string_equal(buf_text(&b),
	    "One\n===\nState  open\n\n"
	    "Usage and cost over time\n"
	    "------------------------\n"
	    "Stored per day, 2026-10-01: 5.00 GiB.\n\n"
	    "Cost by month in USD: 2026-10 1.50 so far (forecast 3.00).\n\n"
	    "Two\n---\nmore\n");
	mail_picture_fini(&pictures);
	buf_fini(&text);
	buf_fini(&b);
}

static void
a_mail_with_pictures_keeps_its_lines_short_and_its_bytes(void **state)
{
	struct mail_envelope envelope = plain;
	struct mail_pictures pictures;
	struct buf a = BUF_INIT, b = BUF_INIT, pdf = BUF_INIT;

	(void)state;
	draw(&pictures);
	buf_str(&pdf, "%PDF-1.5");
	envelope.pictures = &pictures;
	envelope.pdf = &pdf;
	envelope.attach = 1u << ATTACHMENT_CSV | 1u << ATTACHMENT_PDF;
	compose("one", &envelope, &a);
	compose("one", &envelope, &b);
	assert_string_equal(buf_text(&a), buf_text(&b));
	assert_non_null(strstr(a.data, "multipart/related; type="));
	assert_non_null(strstr(a.data, "Content-ID: <picture2."));
	assert_non_null(strstr(a.data, "filename=\"flexfs-2026-10-acme.pdf\""));
	for (const char *at = a.data, *end; *at != '\0'; at = end + 2) {
		end = strstr(at, "\r\n");
		assert_non_null(end);
		assert_true(end - at <= 78);
	}
	if (getenv("CASES_OUT") != NULL) {
		write_file(getenv("CASES_OUT"), "pictures.eml", &a);
		write_file(
		    getenv("CASES_OUT"), "picture1.png", &pictures.list[0].png);
		write_file(
		    getenv("CASES_OUT"), "picture2.png", &pictures.list[1].png);
	}
	mail_picture_fini(&pictures);
	buf_fini(&pdf);
	buf_fini(&a);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_mail_looks_as_it_was_approved),
	    cmocka_unit_test(the_same_key_gives_the_same_bytes),
	    cmocka_unit_test(the_message_id_depends_on_key_and_domain_alone),
	    cmocka_unit_test(every_line_is_short_seven_bit_and_ends_in_crlf),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(the_attachment_is_named_after_period_and_account),
	    cmocka_unit_test(attached_is_what_was_asked_for),
	    cmocka_unit_test(a_month_to_date_is_named_by_its_last_day),
	    cmocka_unit_test(
		pictures_stand_behind_the_first_section_of_the_html),
	    cmocka_unit_test(pictures_are_words_in_plain_text),
	    cmocka_unit_test(
		a_mail_with_pictures_keeps_its_lines_short_and_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
