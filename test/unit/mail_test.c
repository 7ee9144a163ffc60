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
	struct buf b = BUF_INIT;

	(void)state;
	e.attach = 0;
	compose("one", &e, &b);
	assert_int_equal(count(&b, "Content-Disposition: attachment"), 0);
	buf_clear(&b);
	e.attach = (1u << ATTACHMENT_KINDS) - 1;
	compose("one", &e, &b);
	assert_int_equal(
	    count(&b, "Content-Disposition: attachment"), ATTACHMENT_KINDS);
	assert_non_null(strstr(b.data, "filename=\"flexfs-2026-10-acme.csv\""));
	assert_non_null(
	    strstr(b.data, "filename=\"flexfs-2026-10-acme.json\""));
	assert_non_null(strstr(b.data, "Content-Type: application/json"));
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
