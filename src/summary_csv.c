/*
 * summary_csv.c - every line of every bill as RFC 4180. In: bills. Out: text
 * with CRLF; names are kept from being formulas, numbers are as they are.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "lib/text.h"
#include "lib/utc.h"
#include "summary.h"

static const char header[] =
    "account,number,period,corrects,month,volume_id,name,former_names,max_age,"
    "rate,rate_from,"
    "byte_hours,gib_months,exact,amount,currency,hours_measured,"
    "hours_estimated,hours_unbilled,state\r\n";

/* A value of ours: nothing in it needs quotes. */
static void
put_value(struct buf *out, const char *text)
{
	buf_char(out, ',');
	buf_str(out, text);
}

static void
put_text(struct buf *out, const char *text)
{
	buf_char(out, ',');
	text_csv(out, text);
}

static void
put_exact(struct buf *out, const struct exact *x)
{
	char *text = exact_decimal(x, INVOICE_EXACT_DIGITS);

	put_value(out, text);
	free(text);
}

static void
put_former_names(struct buf *out, const struct rating_line *line)
{
	struct buf all = BUF_INIT;

	for (size_t i = 0; i < line->former_count; i++) {
		buf_str(&all, i > 0 ? ";" : "");
		buf_str(&all, line->former_names[i]);
	}
	put_text(out, buf_text(&all));
	out->failed = out->failed || all.failed;
	buf_fini(&all);
}

static void
put_line(struct buf *out, const struct invoice *invoice,
    const struct invoice_line *line)
{
	const struct rating_line *rated = line->rated;
	char id[UUID_TEXT_SIZE], age[RATE_AGE_SIZE], from[UTC_TEXT_SIZE] = "";
	struct invoice_period month;

	invoice_month_of(invoice->months[line->month].month_start, &month);
	if (rated->rated)
		utc_format(rated->rate.from_hour * UTC_HOUR_SECS, from);
	text_csv(out, invoice->account.name);
	put_value(out, invoice->number);
	put_value(out, invoice->period.text);
	put_value(out, "");
	put_value(out, month.text);
	put_value(out, uuid_format(&rated->volume_id, id));
	put_text(out, rated->name);
	put_former_names(out, rated);
	put_value(out, rate_format_age(rated->age_hours, age));
	put_value(out, rated->rated ? rated->rate.rate : "");
	put_value(out, from);
	put_exact(out, rated->byte_hours);
	put_exact(out, rated->gib_months);
	if (rated->rated)
		put_exact(out, rated->amount);
	else
		put_value(out, "");
	put_value(out, line->amount != NULL ? line->amount : "");
	put_value(out, invoice->account.currency);
	buf_printf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64,
	    rated->hours.measured, rated->hours.estimated,
	    rated->hours.unbilled);
	put_value(out, invoice_state_name(invoice->state));
	buf_str(out, "\r\n");
}

/* What is not known of a correction stays empty. */
static void
put_correction(struct buf *out, const struct invoice *invoice,
    const struct invoice_correction *c)
{
	char id[UUID_TEXT_SIZE];

	text_csv(out, invoice->account.name);
	put_value(out, invoice->number);
	put_value(out, invoice->period.text);
	put_value(out, c->corrects);
	put_value(out, "");
	put_value(out, uuid_format(&c->volume_id, id));
	put_text(out, c->name);
	buf_str(out, ",,,,,,");
	put_exact(out, c->exact);
	put_value(out, c->amount);
	put_value(out, invoice->account.currency);
	buf_str(out, ",,,");
	put_value(out, invoice_state_name(invoice->state));
	buf_str(out, "\r\n");
}

void
summary_csv(const struct summary *summary, struct buf *out)
{
	buf_str(out, header);
	for (size_t i = 0; i < summary->count; i++) {
		const struct invoice *inv = &summary->invoices[i];

		for (size_t j = 0; j < inv->line_count; j++)
			put_line(out, inv, &inv->lines[j]);
		for (size_t j = 0; j < inv->correction_count; j++)
			put_correction(out, inv, &inv->corrections[j]);
	}
}
