/*
 * page_part.c - what several pages load. In: the reader's accounts. Out: bills
 * and sums. Owns what the structs say.
 */
#include <stdlib.h>
#include <string.h>

#include "bill.h"
#include "lib/text.h"
#include "page_part.h"

/* --- bills --- */

static bool
list_accounts(struct page *page, const struct account *account,
    struct page_bills *out, struct err *err)
{
	if (account == NULL)
		account = page->scope;
	if (account == NULL)
		return account_list(page->db, &out->accounts, &out->count, err);
	out->accounts = malloc(sizeof *out->accounts);
	if (out->accounts == NULL)
		return err_nomem(err);
	out->accounts[0] = *account;
	out->count = 1;
	return true;
}

/* Of an invoice its row is enough. Others are billed as they are known. */
static bool
load_closed(struct page *page, struct page_bills *out, struct account *open,
    size_t *places, size_t *count, struct err *err)
{
	struct archive_row row;
	bool found;

	*count = 0;
	for (size_t i = 0; i < out->count; i++) {
		if (!archive_find(page->db, out->accounts[i].id,
			out->before.text, &row, &found, err))
			return false;
		if (!found) {
			open[*count] = out->accounts[i];
			places[(*count)++] = i;
			continue;
		}
		out->totals[i] = strdup(row.total);
		if (out->totals[i] == NULL)
			return err_nomem(err);
	}
	return true;
}

static bool
load_open(struct page *page, struct page_bills *out, const struct account *open,
    const size_t *places, size_t count, struct err *err)
{
	struct invoice *bills = calloc(count + 1, sizeof *bills);
	bool ok;

	if (bills == NULL)
		return err_nomem(err);
	ok = bill_build(
	    page->db, open, count, &out->before, page->now, bills, err);
	for (size_t i = 0; i < count; i++) {
		out->totals[places[i]] = bills[i].total;
		bills[i].total = NULL;
		invoice_fini(&bills[i]);
	}
	free(bills);
	return ok;
}

static bool
load_totals(struct page *page, struct page_bills *out, struct err *err)
{
	struct account *open = calloc(out->count + 1, sizeof *open);
	size_t *places = calloc(out->count + 1, sizeof *places);
	size_t count = 0;
	bool ok = false;

	if (open == NULL || places == NULL)
		err_nomem(err);
	else
		ok = load_closed(page, out, open, places, &count, err) &&
		     (count == 0 ||
			 load_open(page, out, open, places, count, err));
	free(open);
	free(places);
	return ok;
}

bool
page_bills_load(struct page *page, const struct account *account,
    struct page_bills *out, struct err *err)
{
	size_t count;

	memset(out, 0, sizeof *out);
	invoice_month_of(page->now, &out->period);
	invoice_period_before(&out->period, &out->before);
	if (!list_accounts(page, account, out, err))
		return false;
	count = out->count;
	out->now = calloc(count + 1, sizeof *out->now);
	out->totals = calloc(count + 1, sizeof *out->totals);
	if (out->now == NULL || out->totals == NULL)
		return err_nomem(err);
	return bill_build_days(page->db, out->accounts, count, &out->period,
		   page->now, out->now, err) &&
	       load_totals(page, out, err);
}

void
page_bills_fini(struct page_bills *bills)
{
	for (size_t i = 0; bills->now != NULL && i < bills->count; i++)
		invoice_fini(&bills->now[i]);
	for (size_t i = 0; bills->totals != NULL && i < bills->count; i++)
		free(bills->totals[i]);
	free(bills->now);
	free(bills->totals);
	free(bills->accounts);
	memset(bills, 0, sizeof *bills);
}

/* --- the month before --- */

/* Sums of one currency; known says whether all of its accounts have one. */
struct sums {
	const char *currency;
	int digits;
	struct exact *before, *forecast; /* owned */
	bool before_known, forecast_known;
};

static void
add_text(struct exact *sum, const char *text, bool *known)
{
	struct exact *one = exact_new();

	if (text != NULL && exact_parse(one, text))
		exact_add(sum, one);
	else
		*known = false;
	exact_free(one);
}

/* Of the currency of account i; false if an earlier one has it. */
static bool
sum_currency(const struct page_bills *b, size_t i, struct sums *out)
{
	const char *currency = b->accounts[i].currency;

	for (size_t j = 0; j < i; j++)
		if (strcmp(b->accounts[j].currency, currency) == 0)
			return false;
	*out = (struct sums){.currency = currency,
	    .digits = b->now[i].digits,
	    .before = exact_new(),
	    .forecast = exact_new(),
	    .before_known = true,
	    .forecast_known = true};
	for (size_t j = i; j < b->count; j++) {
		if (strcmp(b->accounts[j].currency, currency) != 0)
			continue;
		add_text(out->before, b->totals[j], &out->before_known);
		add_text(
		    out->forecast, b->now[j].forecast, &out->forecast_known);
	}
	return true;
}

static void
sums_fini(struct sums *sums)
{
	exact_free(sums->before);
	exact_free(sums->forecast);
}

void
page_bills_before(const struct page_bills *bills, struct buf *out)
{
	const char *plus = "";
	struct sums sums;

	for (size_t i = 0; i < bills->count; i++) {
		if (!sum_currency(bills, i, &sums))
			continue;
		buf_printf(out, "%s%s ", plus, sums.currency);
		summary_put_fixed(out, sums.before, sums.digits);
		buf_str(out, sums.before_known ? "" : " + unrated");
		plus = " + ";
		sums_fini(&sums);
	}
}

static void
put_change(const struct sums *sums, struct buf *out)
{
	struct exact *diff = exact_new();

	exact_set(diff, sums->forecast);
	exact_sub(diff, sums->before);
	buf_printf(out, "%s%s %s", out->len > 0 ? ", " : "", sums->currency,
	    exact_sign(diff) > 0 ? "+" : "");
	summary_put_fixed(out, diff, sums->digits);
	if (exact_sign(sums->before) > 0) {
		exact_mul_int(diff, 100);
		exact_div(diff, sums->before);
		exact_round(diff, 1, EXACT_HALF_UP);
		buf_str(out, exact_sign(diff) > 0 ? " (+" : " (");
		summary_put_fixed(out, diff, 1);
		buf_str(out, " %)");
	}
	exact_free(diff);
}

void
page_bills_change(const struct page_bills *bills, struct buf *out)
{
	struct sums sums;

	for (size_t i = 0; i < bills->count; i++) {
		if (!sum_currency(bills, i, &sums))
			continue;
		if (sums.before_known && sums.forecast_known)
			put_change(&sums, out);
		sums_fini(&sums);
	}
}

/* --- what is stored --- */

void
page_stored_add(
    struct page_stored *stored, const struct volume_state *v, int64_t now)
{
	const char *word = volume_state_word(v, now);

	if (strcmp(word, "missing") == 0)
		stored->missing++;
	if (strcmp(word, "live") != 0 || v->last.hour < 0)
		return;
	stored->volumes++;
	stored->bytes += (uint64_t)v->last.bytes;
}

bool
page_stored_load(struct page *page, const struct page_bills *bills,
    struct page_stored *out, struct err *err)
{
	struct volume_state *list = NULL;
	size_t count = 0;

	if (!volume_state_list(
		page->db, page->now, page->scope != NULL, &list, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		for (size_t a = 0; a < bills->count; a++)
			if (bills->accounts[a].id == list[i].last.account)
				page_stored_add(&out[a], &list[i], page->now);
	volume_state_free(list, count);
	return true;
}

/* --- tiles --- */

static void
put_stored(struct buf *out, const struct page_stored *stored)
{
	struct buf size = BUF_INIT, detail = BUF_INIT;

	text_size(&size, stored->bytes);
	buf_printf(&detail, "%zu volume%s", stored->volumes,
	    stored->volumes == 1 ? "" : "s");
	if (stored->missing > 0)
		buf_printf(&detail, ", and %zu missing", stored->missing);
	page_tile(out, "Stored now", buf_text(&size), buf_text(&detail));
	out->failed = out->failed || size.failed || detail.failed;
	buf_fini(&size);
	buf_fini(&detail);
}

static void
put_money(struct buf *out, const struct page_bills *b)
{
	struct buf money = BUF_INIT, text = BUF_INIT;

	summary_put_money(&money, b->now, b->count);
	buf_printf(&text, "%s so far", b->period.text);
	page_tile(out, buf_text(&text), buf_text(&money), "");
	buf_clear(&money);
	buf_clear(&text);
	summary_put_forecast(&money, b->now, b->count);
	page_bills_change(b, &text);
	if (text.len > 0)
		buf_printf(&text, " against %s", b->before.text);
	page_tile(out, "Forecast, if the last 24 hours go on",
	    money.len > 0 ? buf_text(&money) : "not known", buf_text(&text));
	buf_clear(&money);
	buf_clear(&text);
	page_bills_before(b, &money);
	buf_printf(&text, "The month before, %s", b->before.text);
	page_tile(out, buf_text(&text), buf_text(&money), "");
	out->failed = out->failed || money.failed || text.failed;
	buf_fini(&money);
	buf_fini(&text);
}

void
page_tiles(struct buf *out, const struct page_bills *bills,
    const struct page_stored *stored)
{
	page_tiles_begin(out);
	put_stored(out, stored);
	put_money(out, bills);
	page_tiles_end(out);
}

/* --- for all --- */

void
page_volume_link(struct buf *out, const struct uuid *uuid, const char *name)
{
	char id[UUID_TEXT_SIZE];

	uuid_format(uuid, id);
	page_link(
	    out, "/volumes/", id, name != NULL && name[0] != '\0' ? name : id);
}

bool
page_find_account(struct page *page, const char *name, struct account *out,
    bool *found, struct err *err)
{
	struct account *list = NULL;
	size_t count = 0;

	*found = false;
	if (page->scope != NULL) {
		*found = strcmp(page->scope->name, name) == 0;
		*out = *page->scope;
		return true;
	}
	if (!account_list(page->db, &list, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].name, name) == 0) {
			*out = list[i];
			*found = true;
		}
	free(list);
	return true;
}
