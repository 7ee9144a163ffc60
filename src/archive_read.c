/*
 * archive_read.c - a closed bill out of its JSON document. In: the bytes that
 * were kept. Out: a struct invoice that shows the same. Owns nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "lib/currency.h"
#include "lib/json.h"
#include "lib/utc.h"

/* Reads on until something is not as it was written; then bad stays set. */
struct reader {
	struct invoice *out;
	bool bad, no_memory;
};

static const char *
get_text(struct reader *r, const struct json *object, const char *name)
{
	const struct json *v = json_member(object, name);
	const char *text = NULL;

	if (v == NULL || (!json_is_null(v) && !json_as_string(v, &text)))
		r->bad = true;
	return text;
}

/* A copy; NULL for null. */
static char *
take_text(struct reader *r, const struct json *object, const char *name)
{
	const char *text = get_text(r, object, name);
	char *copy = text != NULL ? strdup(text) : NULL;

	if (text != NULL && copy == NULL)
		r->no_memory = true;
	return copy;
}

static struct exact *
take_exact(struct reader *r, const struct json *object, const char *name)
{
	const char *text = get_text(r, object, name);
	struct exact *x = exact_new();

	if (text != NULL && !exact_parse(x, text))
		r->bad = true;
	return x;
}

static int64_t
get_int(struct reader *r, const struct json *object, const char *name)
{
	int64_t value = 0;

	if (!json_as_int(json_member(object, name), &value))
		r->bad = true;
	return value;
}

static int64_t
get_time(struct reader *r, const struct json *v)
{
	const char *text = NULL;
	int64_t at = 0;

	if (!json_as_string(v, &text) ||
	    !utc_parse(text, strlen(text), &at, NULL))
		r->bad = true;
	return at;
}

static void
get_uuid(struct reader *r, const struct json *object, struct uuid *out)
{
	const char *text = get_text(r, object, "volume_id");

	if (text == NULL || !uuid_parse(text, strlen(text), out))
		r->bad = true;
}

static void
get_hours(struct reader *r, const struct json *object, struct rating_hours *out)
{
	const struct json *hours = json_member(object, "hours");

	out->measured = get_int(r, hours, "measured");
	out->estimated = get_int(r, hours, "estimated");
	out->unbilled = get_int(r, hours, "unbilled");
}

/* --- lines --- */

static size_t
month_of_line(struct reader *r, const struct json *line)
{
	struct invoice *out = r->out;
	struct invoice_period month;
	const char *text;

	if (out->period.month_count == 1)
		return 0;
	text = get_text(r, line, "month");
	for (size_t m = 0; text != NULL && m < out->period.month_count; m++) {
		invoice_month_of(out->months[m].month_start, &month);
		if (strcmp(month.text, text) == 0)
			return m;
	}
	r->bad = true;
	return 0;
}

static void
read_names(struct reader *r, const struct json *line, struct rating_line *out)
{
	const struct json *names = json_member(line, "former_names"), *v;
	size_t count = 0;
	const char *text;

	for (v = json_first(names); v != NULL; v = json_next(v))
		count++;
	if (count == 0)
		return;
	out->former_names = calloc(count, sizeof(char *));
	if (out->former_names == NULL) {
		r->no_memory = true;
		return;
	}
	for (v = json_first(names); v != NULL; v = json_next(v)) {
		if (!json_as_string(v, &text)) {
			r->bad = true;
			return;
		}
		out->former_names[out->former_count] = strdup(text);
		if (out->former_names[out->former_count] == NULL) {
			r->no_memory = true;
			return;
		}
		out->former_count++;
	}
}

static void
read_rate(struct reader *r, const struct json *line, struct rating_line *out)
{
	const char *rate = get_text(r, line, "rate");
	const char *age = get_text(r, line, "max_age");
	struct err ignored = ERR_INIT;

	if (age != NULL && !rate_parse_age(age, &out->age_hours, &ignored))
		r->bad = true;
	out->rated = rate != NULL;
	if (rate == NULL)
		return;
	if (strlen(rate) >= sizeof out->rate.rate) {
		r->bad = true;
		return;
	}
	memcpy(out->rate.rate, rate, strlen(rate) + 1);
	out->rate.from_hour =
	    get_time(r, json_member(line, "rate_from")) / UTC_HOUR_SECS;
}

static struct rating_line *
add_line(struct reader *r, struct rating *month)
{
	size_t cap = month->line_cap > 0 ? 2 * month->line_cap : 16;
	struct rating_line *more;

	if (month->line_count == month->line_cap) {
		more = reallocarray(month->lines, cap, sizeof *more);
		if (more == NULL) {
			r->no_memory = true;
			return NULL;
		}
		month->lines = more;
		month->line_cap = cap;
	}
	more = &month->lines[month->line_count++];
	memset(more, 0, sizeof *more);
	return more;
}

/* The text of the amount is kept until the lines stand still. */
static void
read_line(struct reader *r, const struct json *v, char **amount)
{
	struct rating *month = &r->out->months[month_of_line(r, v)];
	struct rating_line *line = add_line(r, month);

	if (line == NULL)
		return;
	get_uuid(r, v, &line->volume_id);
	line->name = take_text(r, v, "name");
	read_names(r, v, line);
	read_rate(r, v, line);
	get_hours(r, v, &line->hours);
	line->byte_hours = take_exact(r, v, "byte_hours");
	line->gib_months = take_exact(r, v, "gib_months");
	line->amount = take_exact(r, v, "exact");
	exact_add(r->out->gib_months, line->gib_months);
	exact_add(month->total, line->amount);
	*amount = take_text(r, v, "amount");
}

/* Lines of a document stand month by month. */
static void
read_lines(struct reader *r, const struct json *lines)
{
	struct invoice *out = r->out;
	const struct json *v;
	size_t count = 0;

	for (v = json_first(lines); v != NULL; v = json_next(v))
		count++;
	out->lines = calloc(count + 1, sizeof *out->lines);
	if (out->lines == NULL) {
		r->no_memory = true;
		return;
	}
	for (v = json_first(lines); v != NULL; v = json_next(v))
		read_line(r, v, &out->lines[out->line_count++].amount);
	count = 0;
	for (size_t m = 0; m < out->period.month_count; m++)
		for (size_t i = 0;
		     i < out->months[m].line_count && count < out->line_count;
		     i++, count++) {
			out->lines[count].rated = &out->months[m].lines[i];
			out->lines[count].month = m;
		}
	out->line_count = count;
}

static void
read_month_hours(struct reader *r, const struct json *document)
{
	const struct json *v = json_first(json_member(document, "months"));
	struct invoice *out = r->out;

	for (size_t m = 0; m < out->period.month_count; m++) {
		if (v == NULL) {
			r->bad = true;
			return;
		}
		get_hours(r, v, &out->months[m].hours);
		v = json_next(v);
	}
}

/* --- corrections --- */

static void
read_correction(
    struct reader *r, const struct json *v, struct invoice_correction *c)
{
	const struct json *span = json_first(json_member(v, "charge_period"));
	const char *corrects = get_text(r, v, "corrects");

	if (corrects == NULL || strlen(corrects) >= sizeof c->corrects)
		r->bad = true;
	else
		memcpy(c->corrects, corrects, strlen(corrects) + 1);
	get_uuid(r, v, &c->volume_id);
	c->name = take_text(r, v, "name");
	c->exact = take_exact(r, v, "exact");
	c->amount = take_text(r, v, "amount");
	c->from = get_time(r, span);
	c->to = get_time(r, span != NULL ? json_next(span) : NULL);
}

static void
read_corrections(struct reader *r, const struct json *list)
{
	struct invoice *out = r->out;
	const struct json *v;
	size_t count = 0;

	for (v = json_first(list); v != NULL; v = json_next(v))
		count++;
	out->corrections = calloc(count + 1, sizeof *out->corrections);
	if (out->corrections == NULL) {
		r->no_memory = true;
		return;
	}
	for (v = json_first(list); v != NULL; v = json_next(v))
		read_correction(
		    r, v, &out->corrections[out->correction_count++]);
}

/* --- the document --- */

static void
begin(struct reader *r, const struct archive_row *row,
    const struct account *account)
{
	struct invoice *out = r->out;
	struct err err = ERR_INIT;

	out->account = *account;
	memcpy(out->account.currency, row->currency, sizeof row->currency);
	if (!invoice_parse_period(row->period, &out->period, &err))
		r->bad = true;
	out->state = INVOICE_CLOSED;
	out->digits = currency_digits(row->currency);
	out->gib_months = exact_new();
	memcpy(out->number, row->number, sizeof row->number);
	out->closed_at = row->closed_at;
	out->due_at = row->due_at;
	out->upto_fact = row->upto_fact;
	for (size_t m = 0; m < out->period.month_count; m++) {
		struct rating *month = &out->months[m];
		int64_t start = utc_month_add(out->period.from, (int)m);

		month->month_start = start;
		month->hours_in_month =
		    (utc_month_add(start, 1) - start) / UTC_HOUR_SECS;
		month->total = exact_new();
	}
}

static void
get_reason(struct reader *r, const struct json *document)
{
	const char *text = get_text(r, document, "reason");

	if (text == NULL)
		return;
	for (int i = INVOICE_FINE + 1; i <= INVOICE_MISSING_HOURS; i++)
		if (strcmp(invoice_reason_name((enum invoice_reason)i), text) ==
		    0)
			r->out->reason = (enum invoice_reason)i;
	r->bad = r->bad || r->out->reason == INVOICE_FINE;
}

static void
read_document(struct reader *r, const struct json *document)
{
	struct invoice *out = r->out;
	const struct json *forecast = json_member(document, "forecast");
	const char *head = get_text(r, document, "ledger_head");

	if (head == NULL || strlen(head) >= sizeof out->head)
		r->bad = true;
	else
		memcpy(out->head, head, strlen(head) + 1);
	get_reason(r, document);
	out->hours_in_period = get_int(r, document, "hours_in_month");
	get_hours(r, document, &out->hours);
	out->exact = take_exact(r, document, "exact");
	out->usage_total = take_text(r, document, "usage_total");
	out->total = take_text(r, document, "total");
	out->forecast = take_text(r, forecast, "total");
	out->forecast_exact = take_exact(r, forecast, "exact");
	read_lines(r, json_member(document, "lines"));
	read_month_hours(r, document);
	read_corrections(r, json_member(document, "corrections"));
}

bool
archive_read(struct sql *db, const struct archive_row *row,
    const struct account *account, struct invoice *out, struct err *err)
{
	struct reader r = {.out = out};
	struct json *document = NULL;
	struct buf text = BUF_INIT;

	memset(out, 0, sizeof *out);
	if (!archive_document(db, row, "json", &text, err)) {
		buf_fini(&text);
		return false;
	}
	document = json_parse(buf_text(&text), text.len, err);
	buf_fini(&text);
	if (document == NULL)
		return false;
	begin(&r, row, account);
	if (!r.bad)
		read_document(&r, document);
	json_free(document);
	if (r.no_memory)
		return err_nomem(err);
	return !r.bad ||
	       err_set(err, ERR_BROKEN,
		   "the JSON document of invoice %s is not as it was written",
		   row->number);
}
