/*
 * summary_json.c - one bill as a JSON object. In: a bill. Out: text; money,
 * rates and quantities are decimal strings.
 */
#include <stdlib.h>

#include "lib/json.h"
#include "lib/utc.h"
#include "summary.h"

static void
put_exact(struct json_writer *w, const char *name, const struct exact *x)
{
	char *text;

	if (x == NULL) {
		json_put_null(w, name);
		return;
	}
	text = exact_decimal(x, INVOICE_EXACT_DIGITS);
	json_put_string(w, name, text);
	free(text);
}

static void
put_hours(struct json_writer *w, const struct rating_hours *hours)
{
	json_put_object(w, "hours");
	json_put_int(w, "measured", hours->measured);
	json_put_int(w, "estimated", hours->estimated);
	json_put_int(w, "unbilled", hours->unbilled);
	json_put_end(w);
}

static void
put_rate(struct json_writer *w, const struct rating_line *line)
{
	char age[RATE_AGE_SIZE];

	if (line->age_hours == 0)
		json_put_null(w, "max_age");
	else
		json_put_string(
		    w, "max_age", rate_format_age(line->age_hours, age));
	if (line->rated) {
		json_put_string(w, "rate", line->rate.rate);
		json_put_time(
		    w, "rate_from", line->rate.from_hour * UTC_HOUR_SECS);
	} else {
		json_put_null(w, "rate");
		json_put_null(w, "rate_from");
	}
}

static void
put_line(struct json_writer *w, const struct invoice *invoice,
    const struct invoice_line *line)
{
	const struct rating_line *rated = line->rated;
	char id[UUID_TEXT_SIZE];
	struct invoice_period month;

	json_put_object(w, NULL);
	if (invoice->period.month_count > 1) {
		invoice_month_of(
		    invoice->months[line->month].month_start, &month);
		json_put_string(w, "month", month.text);
	}
	json_put_string(w, "volume_id", uuid_format(&rated->volume_id, id));
	json_put_string(w, "name", rated->name);
	json_put_array(w, "former_names");
	for (size_t i = 0; i < rated->former_count; i++)
		json_put_string(w, NULL, rated->former_names[i]);
	json_put_end(w);
	put_rate(w, rated);
	put_exact(w, "byte_hours", rated->byte_hours);
	put_exact(w, "gib_months", rated->gib_months);
	put_exact(w, "exact", rated->rated ? rated->amount : NULL);
	json_put_string(w, "amount", line->amount);
	put_hours(w, &rated->hours);
	json_put_end(w);
}

static void
put_months(struct json_writer *w, const struct invoice *invoice)
{
	struct invoice_period month;

	json_put_array(w, "months");
	for (size_t m = 0; m < invoice->period.month_count; m++) {
		const struct rating *rated = &invoice->months[m];

		invoice_month_of(rated->month_start, &month);
		json_put_object(w, NULL);
		json_put_string(w, "month", month.text);
		json_put_int(w, "hours_in_month", rated->hours_in_month);
		put_hours(w, &rated->hours);
		json_put_end(w);
	}
	json_put_end(w);
}

static void
put_correction(struct json_writer *w, const struct invoice_correction *c)
{
	char id[UUID_TEXT_SIZE];

	json_put_object(w, NULL);
	json_put_string(w, "corrects", c->corrects);
	json_put_string(w, "volume_id", uuid_format(&c->volume_id, id));
	json_put_string(w, "name", c->name);
	put_exact(w, "exact", c->exact);
	json_put_string(w, "amount", c->amount);
	json_put_array(w, "charge_period");
	json_put_time(w, NULL, c->from);
	json_put_time(w, NULL, c->to);
	json_put_end(w);
	json_put_end(w);
}

static void
put_document(struct json_writer *w, const struct invoice *invoice)
{
	char due[UTC_TEXT_SIZE];
	bool closed = invoice->number[0] != '\0';

	json_put_string(w, "number", closed ? invoice->number : NULL);
	if (closed)
		json_put_time(w, "closed_at", invoice->closed_at);
	else
		json_put_null(w, "closed_at");
	json_put_string(
	    w, "due", closed ? utc_format_date(invoice->due_at, due) : NULL);
}

void
summary_json(const struct invoice *invoice, struct buf *out)
{
	struct json_writer w;

	json_write(&w, out, JSON_INDENTED);
	json_put_object(&w, NULL);
	json_put_string(&w, "account", invoice->account.name);
	json_put_string(&w, "period", invoice->period.text);
	json_put_string(&w, "state", invoice_state_name(invoice->state));
	json_put_string(&w, "reason", invoice_reason_name(invoice->reason));
	json_put_string(&w, "currency", invoice->account.currency);
	json_put_int(&w, "hours_in_month", invoice->hours_in_period);
	json_put_string(&w, "total", invoice->total);
	put_exact(&w, "exact", invoice->exact);
	json_put_string(&w, "usage_total", invoice->usage_total);
	put_document(&w, invoice);
	json_put_array(&w, "lines");
	for (size_t i = 0; i < invoice->line_count; i++)
		put_line(&w, invoice, &invoice->lines[i]);
	json_put_end(&w);
	put_hours(&w, &invoice->hours);
	put_months(&w, invoice);
	json_put_array(&w, "corrections");
	for (size_t i = 0; i < invoice->correction_count; i++)
		put_correction(&w, &invoice->corrections[i]);
	json_put_end(&w);
	json_put_object(&w, "forecast");
	json_put_string(&w, "total", invoice->forecast);
	put_exact(&w, "exact", invoice->forecast_exact);
	json_put_end(&w);
	json_put_string(&w, "ledger_head", invoice->head);
	json_put_end(&w);
	buf_char(out, '\n');
}

void
summary_json_all(const struct summary *summary, struct buf *out)
{
	buf_str(out, "[\n");
	for (size_t i = 0; i < summary->count; i++) {
		if (i > 0)
			buf_str(out, ",\n");
		summary_json(&summary->invoices[i], out);
	}
	buf_str(out, "\n]\n");
}
