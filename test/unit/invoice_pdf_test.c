/*
 * invoice_pdf_test.c - unit tests of src/invoice_pdf.c: pages, dates, the same
 * bytes. What stands on the pages is read by a test that has a PDF reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/invoice_pdf.h"
#include "summary_cases.h"

static void
write_case(struct summary_case *c, struct buf *out)
{
	const struct invoice_pdf pdf = {.invoices = c->now,
	    .count = c->summary.count,
	    .issuer = "Storage GmbH\nExample Street 1\n12345 Example Town",
	    .payment = "IBAN DE00 1234, BIC EXAMPLE",
	    .now = c->summary.now};
	struct err err = ERR_INIT;

	if (!invoice_pdf_write(&pdf, out, &err))
		fail_msg("%s", err.text);
}

static bool
holds(const struct buf *b, const char *piece)
{
	return memmem(b->data, b->len, piece, strlen(piece)) != NULL;
}

static void
every_bill_can_be_written_and_gives_the_same_bytes(void **state)
{
	const char *copies = getenv("CASES_OUT");
	char name[64];

	(void)state;
	for (size_t i = 0; i < SUMMARY_CASES; i++) {
		struct buf a = BUF_INIT, b = BUF_INIT;
		struct summary_case c;

		summary_case_make(&c, summary_cases[i].name);
		write_case(&c, &a);
		write_case(&c, &b);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
		snprintf(name, sizeof name, "%s.pdf", summary_cases[i].name);
		if (copies != NULL)
			write_file(copies, name, &a);
		summary_case_fini(&c);
		buf_fini(&a);
		buf_fini(&b);
	}
}

static void
a_long_bill_has_as_many_pages_as_it_needs(void **state)
{
	struct summary_case c;
	struct buf b = BUF_INIT;

	(void)state;
	summary_case_make(&c, "one");
	write_case(&c, &b);
	assert_true(holds(&b, "/Count 1\n"));
	summary_case_fini(&c);
	buf_clear(&b);
	summary_case_make(&c, "many");
	write_case(&c, &b);
	assert_true(holds(&b, "/Count 6\n"));
	summary_case_fini(&c);
	buf_fini(&b);
}

static void
an_invoice_is_dated_when_it_was_closed_and_a_draft_when_made(void **state)
{
	struct summary_case c;
	struct buf b = BUF_INIT;

	(void)state;
	summary_case_make(&c, "invoice");
	c.now[0].closed_at = utc_from_date(2026, 11, 3);
	write_case(&c, &b);
	assert_true(holds(&b, "20261103000000"));
	summary_case_fini(&c);
	buf_clear(&b);
	summary_case_make(&c, "one");
	write_case(&c, &b);
	assert_true(holds(&b, "20261101060000"));
	summary_case_fini(&c);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		every_bill_can_be_written_and_gives_the_same_bytes),
	    cmocka_unit_test(a_long_bill_has_as_many_pages_as_it_needs),
	    cmocka_unit_test(
		an_invoice_is_dated_when_it_was_closed_and_a_draft_when_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
