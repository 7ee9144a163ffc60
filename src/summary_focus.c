/*
 * summary_focus.c - bills as FOCUS 1.2 (FinOps Open Cost and Usage
 * Specification). In: bills. Out: CSV with one row for each line and
 * correction, and one of category Adjustment that makes them the amount due.
 *
 * All four costs of a row are the same, since there are no discounts and
 * nothing is paid upfront. Provider and issuer have the same name: with
 * different ones BilledCost would have to be zero. An empty cell is null.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/utc.h"
#include "summary.h"

enum {
	COST_DIGITS = 12,
	GIB_SHIFT = 30,
	LINE_SIZE = 256, /* of an issuer's name */
};

/* One of line, correction, or neither: an adjustment. Borrowed. */
struct row {
	const struct invoice *bill;
	const char *issuer;
	const struct rating_line *line;
	const struct invoice_correction *correction;
	int64_t from, to; /* the charge period */
	const char *cost;
};

static void
put_exact(struct buf *out, const struct exact *x)
{
	char *text = exact_decimal(x, INVOICE_EXACT_DIGITS);

	buf_str(out, text);
	free(text);
}

static void
put_time(struct buf *out, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	buf_str(out, utc_format(at, text));
}

/* --- columns --- */

static void
cost(const struct row *row, struct buf *out)
{
	buf_str(out, row->cost);
}

static void
account_id(const struct row *row, struct buf *out)
{
	text_csv(out, row->bill->account.name);
}

static void
account_name(const struct row *row, struct buf *out)
{
	const struct account *account = &row->bill->account;

	text_csv(out, account->display_name[0] != '\0' ? account->display_name
						       : account->name);
}

static void
currency(const struct row *row, struct buf *out)
{
	buf_str(out, row->bill->account.currency);
}

static void
period_start(const struct row *row, struct buf *out)
{
	put_time(out, row->bill->period.from);
}

static void
period_end(const struct row *row, struct buf *out)
{
	put_time(out, row->bill->period.to);
}

static void
charge_start(const struct row *row, struct buf *out)
{
	put_time(out, row->from);
}

static void
charge_end(const struct row *row, struct buf *out)
{
	put_time(out, row->to);
}

static bool
is_adjustment(const struct row *row)
{
	return row->line == NULL && row->correction == NULL;
}

static void
category(const struct row *row, struct buf *out)
{
	buf_str(out, is_adjustment(row) ? "Adjustment" : "Usage");
}

static void class(const struct row *row, struct buf *out)
{
	buf_str(out, row->correction != NULL ? "Correction" : "");
}

static void
frequency(const struct row *row, struct buf *out)
{
	buf_str(out, is_adjustment(row) ? "One-Time" : "Usage-Based");
}

static void
put_named(struct buf *out, const char *what, const char *name)
{
	buf_printf(out, "%s", what);
	if (name[0] != '\0') {
		buf_char(out, ' ');
		text_clean(out, name, 0);
	}
}

static void
description(const struct row *row, struct buf *out)
{
	const struct rating_line *line = row->line;
	char age[RATE_AGE_SIZE];
	struct buf text = BUF_INIT;

	if (is_adjustment(row)) {
		buf_printf(&text, "Rounding to the amount due, %s %s",
		    row->bill->account.currency, row->bill->total);
	} else if (line == NULL) {
		buf_printf(
		    &text, "Correction of %s: ", row->correction->corrects);
		put_named(&text, "volume", row->correction->name);
	} else {
		put_named(&text, "Storage of volume", line->name);
		if (line->age_hours > 0)
			buf_printf(&text, ", data up to %s old",
			    rate_format_age(line->age_hours, age));
		buf_printf(&text, ", at %s %s per GiB-month",
		    row->bill->account.currency, line->rate.rate);
	}
	text_csv(out, buf_text(&text));
	out->failed = out->failed || text.failed;
	buf_fini(&text);
}

static void
consumed_quantity(const struct row *row, struct buf *out)
{
	struct exact *gib_hours;

	if (row->line == NULL)
		return;
	gib_hours = exact_new();
	exact_set(gib_hours, row->line->byte_hours);
	exact_div_int(gib_hours, INT64_C(1) << GIB_SHIFT);
	put_exact(out, gib_hours);
	exact_free(gib_hours);
}

static void
pricing_quantity(const struct row *row, struct buf *out)
{
	if (row->line != NULL)
		put_exact(out, row->line->gib_months);
}

static void
unit_price(const struct row *row, struct buf *out)
{
	if (row->line != NULL)
		buf_str(out, row->line->rate.rate);
}

static void
invoice_id(const struct row *row, struct buf *out)
{
	buf_str(out, row->bill->number);
}

/* The first line of the text is a name. */
static void
issuer(const struct row *row, struct buf *out)
{
	char name[LINE_SIZE];
	size_t len = 0;

	while (row->issuer[len] != '\0' && row->issuer[len] != '\n' &&
	       row->issuer[len] != '\r' && len < sizeof name - 1) {
		name[len] = row->issuer[len];
		len++;
	}
	name[len] = '\0';
	text_csv(out, len > 0 ? name : "flexFS");
}

static void
resource_id(const struct row *row, struct buf *out)
{
	char id[UUID_TEXT_SIZE];

	if (row->line != NULL)
		buf_str(out, uuid_format(&row->line->volume_id, id));
	else if (row->correction != NULL)
		buf_str(out, uuid_format(&row->correction->volume_id, id));
}

static void
resource_name(const struct row *row, struct buf *out)
{
	if (row->line != NULL)
		text_csv(out, row->line->name);
	else if (row->correction != NULL)
		text_csv(out, row->correction->name);
}

/* The same for all accounts: what is sold, not what it costs them. */
static void
sku(const struct row *row, struct buf *out)
{
	char age[RATE_AGE_SIZE];

	if (row->line == NULL)
		return;
	buf_str(out, "flexfs-storage");
	if (row->line->age_hours > 0)
		buf_printf(
		    out, "-%s", rate_format_age(row->line->age_hours, age));
}

static void
sku_details(const struct row *row, struct buf *out)
{
	char age[RATE_AGE_SIZE];

	if (row->line != NULL && row->line->age_hours > 0)
		buf_printf(out, "\"{\"\"MaxAge\"\": \"\"%s\"\"}\"",
		    rate_format_age(row->line->age_hours, age));
}

static void
corrected_period(const struct row *row, struct buf *out)
{
	if (row->correction != NULL)
		buf_str(out, row->correction->corrects);
}

static void
put_hours(const struct row *row, int64_t hours, struct buf *out)
{
	if (row->line != NULL)
		buf_printf(out, "%lld", (long long)hours);
}

static void
measured(const struct row *row, struct buf *out)
{
	put_hours(row, row->line != NULL ? row->line->hours.measured : 0, out);
}

static void
estimated(const struct row *row, struct buf *out)
{
	put_hours(row, row->line != NULL ? row->line->hours.estimated : 0, out);
}

static void
unbilled(const struct row *row, struct buf *out)
{
	put_hours(row, row->line != NULL ? row->line->hours.unbilled : 0, out);
}

static void
state(const struct row *row, struct buf *out)
{
	buf_str(out, invoice_state_name(row->bill->state));
}

/* In which rows a constant stands. */
enum where {
	EVERYWHERE,
	IN_LINES,
	IN_RESOURCES, /* lines and corrections */
};

/* By name; those that are not of the specification come last. */
static const struct {
	const char *name;
	void (*put)(const struct row *row, struct buf *out);
	const char *constant;
	enum where where;
} columns[] = {
    {.name = "BilledCost", .put = cost},
    {.name = "BillingAccountId", .put = account_id},
    {.name = "BillingAccountName", .put = account_name},
    {.name = "BillingAccountType", .constant = "Account"},
    {.name = "BillingCurrency", .put = currency},
    {.name = "BillingPeriodEnd", .put = period_end},
    {.name = "BillingPeriodStart", .put = period_start},
    {.name = "ChargeCategory", .put = category},
    {.name = "ChargeClass", .put = class},
    {.name = "ChargeDescription", .put = description},
    {.name = "ChargeFrequency", .put = frequency},
    {.name = "ChargePeriodEnd", .put = charge_end},
    {.name = "ChargePeriodStart", .put = charge_start},
    {.name = "ConsumedQuantity", .put = consumed_quantity},
    {.name = "ConsumedUnit", .constant = "GiB-Hours", .where = IN_LINES},
    {.name = "ContractedCost", .put = cost},
    {.name = "ContractedUnitPrice", .put = unit_price},
    {.name = "EffectiveCost", .put = cost},
    {.name = "InvoiceId", .put = invoice_id},
    {.name = "InvoiceIssuerName", .put = issuer},
    {.name = "ListCost", .put = cost},
    {.name = "ListUnitPrice", .put = unit_price},
    {.name = "PricingCategory", .constant = "Standard", .where = IN_LINES},
    {.name = "PricingQuantity", .put = pricing_quantity},
    {.name = "PricingUnit", .constant = "GiB-Months", .where = IN_LINES},
    {.name = "ProviderName", .put = issuer},
    {.name = "PublisherName", .constant = "flexFS"},
    {.name = "ResourceId", .put = resource_id},
    {.name = "ResourceName", .put = resource_name},
    {.name = "ResourceType", .constant = "Volume", .where = IN_RESOURCES},
    {.name = "ServiceCategory", .constant = "Storage"},
    {.name = "ServiceName", .constant = "flexFS"},
    {.name = "ServiceSubcategory", .constant = "File Storage"},
    {.name = "SkuId", .put = sku},
    {.name = "SkuMeter", .constant = "Storage", .where = IN_LINES},
    {.name = "SkuPriceDetails", .put = sku_details},
    {.name = "SkuPriceId", .put = sku},
    {.name = "x_CorrectedPeriod", .put = corrected_period},
    {.name = "x_HoursEstimated", .put = estimated},
    {.name = "x_HoursMeasured", .put = measured},
    {.name = "x_HoursUnbilled", .put = unbilled},
    {.name = "x_PeriodState", .put = state},
};

enum {
	COLUMN_COUNT = sizeof columns / sizeof columns[0]
};

static bool
stands_in(enum where where, const struct row *row)
{
	return where == EVERYWHERE || row->line != NULL ||
	       (where == IN_RESOURCES && row->correction != NULL);
}

static void
put_row(struct buf *out, const struct row *row)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		if (i > 0)
			buf_char(out, ',');
		if (columns[i].put != NULL)
			columns[i].put(row, out);
		else if (stands_in(columns[i].where, row))
			buf_str(out, columns[i].constant);
	}
	buf_str(out, "\r\n");
}

/* --- rows --- */

/* Writes a row that costs x, rounded, which sum is told. */
static void
put_charge(
    struct buf *out, struct row *row, const struct exact *x, struct exact *sum)
{
	struct exact *rounded = exact_new();
	char *text;

	exact_set(rounded, x);
	exact_round(rounded, COST_DIGITS, EXACT_HALF_UP);
	exact_add(sum, rounded);
	text = exact_fixed(rounded, COST_DIGITS);
	row->cost = text;
	put_row(out, row);
	free(text);
	exact_free(rounded);
}

/* A line with the same volume and age follows where another rate begins. */
static void
find_span(const struct invoice *bill, size_t i, struct row *row)
{
	const struct invoice_line *line = &bill->lines[i];
	const struct rating_line *next;
	int64_t from = line->rated->rate.from_hour * UTC_HOUR_SECS;

	row->from = bill->months[line->month].month_start;
	row->to = utc_month_add(row->from, 1);
	if (from > row->from)
		row->from = from;
	if (i + 1 == bill->line_count ||
	    bill->lines[i + 1].month != line->month)
		return;
	next = bill->lines[i + 1].rated;
	if (memcmp(&next->volume_id, &line->rated->volume_id, UUID_SIZE) == 0 &&
	    next->age_hours == line->rated->age_hours && next->rated)
		row->to = next->rate.from_hour * UTC_HOUR_SECS;
}

static void
put_lines(struct buf *out, const struct invoice *bill, const char *from,
    struct exact *sum)
{
	struct row row = {.bill = bill, .issuer = from};

	for (size_t i = 0; i < bill->line_count; i++) {
		row.line = bill->lines[i].rated;
		/* Nothing was stored, at no price. */
		if (!row.line->rated)
			continue;
		find_span(bill, i, &row);
		put_charge(out, &row, row.line->amount, sum);
	}
}

static void
put_corrections(struct buf *out, const struct invoice *bill, const char *from,
    struct exact *sum)
{
	struct row row = {.bill = bill, .issuer = from};
	struct exact *amount = exact_new();

	for (size_t i = 0; i < bill->correction_count; i++) {
		row.correction = &bill->corrections[i];
		row.from = row.correction->from;
		row.to = row.correction->to;
		exact_parse(amount, row.correction->amount);
		put_charge(out, &row, amount, sum);
	}
	exact_free(amount);
}

void
summary_focus_header(struct buf *out)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "", columns[i].name);
	buf_str(out, "\r\n");
}

bool
summary_focus_bill(
    const struct invoice *bill, const char *from, struct buf *out)
{
	struct row row = {.bill = bill, .issuer = from != NULL ? from : ""};
	struct exact *sum, *due;

	if (bill->total == NULL)
		return false;
	if (bill->line_count == 0 && bill->correction_count == 0)
		return true;
	sum = exact_new();
	due = exact_new();
	put_lines(out, bill, row.issuer, sum);
	put_corrections(out, bill, row.issuer, sum);
	exact_parse(due, bill->total);
	exact_sub(due, sum);
	row.from = bill->period.from;
	row.to = bill->period.to;
	put_charge(out, &row, due, sum);
	exact_free(sum);
	exact_free(due);
	return true;
}
