/*
 * close.c - from a bill to an invoice. In: bills as they were known, who
 * closes. Out: rows of the archive, facts. Owns nothing in the database but
 * its transactions; close_due.c finds what is due.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "close_part.h"
#include "invoice_pdf.h"
#include "late.h"
#include "lib/buf.h"
#include "lib/utc.h"
#include "summary.h"

static const char *const names[] = {
    [CLOSE_NOT_OVER] = "not_over",
    [CLOSE_ALREADY] = "already_closed",
    [CLOSE_HELD] = "held",
    [CLOSE_UNRATED] = "unrated_usage",
    [CLOSE_EMPTY] = "empty",
    [CLOSE_WRONG] = "wrong_period",
    [CLOSE_FAILED] = NULL,
};

const char *
close_result_name(enum close_result result)
{
	return names[result];
}

/* --- the bills of a period --- */

void
close_set_fini(struct close_set *set)
{
	for (size_t i = 0; set->bills != NULL && i < set->count; i++)
		invoice_fini(&set->bills[i].invoice);
	free(set->bills);
	memset(set, 0, sizeof *set);
}

static bool
latest_of(struct sql *db, int64_t account, int64_t *id, struct err *err)
{
	struct archive_row row;
	bool found;

	if (!archive_latest(db, account, &row, &found, err))
		return false;
	*id = found ? row.id : 0;
	return true;
}

static enum close_result
judge(const struct invoice *inv)
{
	if (inv->reason == INVOICE_UNRATED_USAGE)
		return CLOSE_UNRATED;
	if (invoice_is_empty(inv))
		return CLOSE_EMPTY;
	return inv->reason == INVOICE_FINE ? CLOSE_DONE : CLOSE_HELD;
}

/* Somebody may have closed it since it was found to be due. */
static bool
mark_closed(struct sql *db, struct close_bill *bill, struct err *err)
{
	const struct invoice *inv = &bill->invoice;
	struct archive_row row;
	bool found;

	if (!archive_find(
		db, inv->account.id, inv->period.text, &row, &found, err))
		return false;
	if (found)
		bill->result = CLOSE_ALREADY;
	return true;
}

static bool
build(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_query *query, struct close_set *set, struct err *err)
{
	struct invoice *built = calloc(count + 1, sizeof *built);
	bool ok;

	set->bills = calloc(count + 1, sizeof *set->bills);
	if (built == NULL || set->bills == NULL) {
		free(built);
		return err_nomem(err);
	}
	ok = invoice_build(db, accounts, count, query, built, err);
	set->count = count;
	for (size_t i = 0; i < count; i++)
		set->bills[i].invoice = built[i];
	free(built);
	for (size_t i = 0; ok && i < count; i++) {
		struct close_bill *bill = &set->bills[i];

		ok = correction_add(
			 db, &bill->invoice, query, &bill->carries, err) &&
		     forecast_add(db, &bill->invoice, 1, query, err) &&
		     latest_of(db, accounts[i].id, &bill->latest, err);
		bill->result = judge(&bill->invoice);
		ok = ok && mark_closed(db, bill, err);
	}
	return ok;
}

bool
close_build(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_period *period, int64_t now, int64_t before,
    struct close_set *set, struct err *err)
{
	struct invoice_query query = {.period = period, .now = now};
	bool ok;

	memset(set, 0, sizeof *set);
	if (!late_announce(db, period->to, err) || !sql_begin_read(db, err))
		return false;
	ok = (before > 0 ? fact_load_head_before(db, before, &query.head, err)
			 : fact_load_head(db, &query.head, err)) &&
	     build(db, accounts, count, &query, set, err);
	sql_rollback(db);
	return ok;
}

/* --- documents --- */

/* By the name of the format. */
enum document {
	CSV,
	HTML,
	JSON,
	PDF,
	TEXT,
	DOCUMENTS
};

/* The closed period before, to compare with; none if it is not closed. */
static bool
read_before(struct sql *db, const struct invoice *inv, struct invoice *out,
    bool *found, struct err *err)
{
	struct invoice_period period;
	struct archive_row row;

	invoice_period_before(&inv->period, &period);
	if (!archive_find(db, inv->account.id, period.text, &row, found, err))
		return false;
	return !*found || archive_read(db, &row, &inv->account, out, err);
}

/* Without it rather than not at all. */
static void
draw_pdf(const struct invoice *inv, struct close_paper *paper, struct buf *out)
{
	const struct invoice_pdf pdf = {.invoices = inv,
	    .count = 1,
	    .issuer = paper->issuer,
	    .payment = paper->payment,
	    .now = inv->closed_at};

	if (invoice_pdf_write(&pdf, out, &paper->why) && !out->failed)
		return;
	paper->undrawn++;
	buf_fini(out);
}

static bool
write_documents(struct sql *db, const struct invoice *inv,
    struct close_paper *paper, struct buf bytes[DOCUMENTS], struct err *err)
{
	struct invoice before;
	struct summary summary = {
	    .invoices = inv, .count = 1, .now = inv->closed_at};
	bool found = false, ok;

	memset(&before, 0, sizeof before);
	ok = read_before(db, inv, &before, &found, err);
	if (ok) {
		summary.before = found ? &before : NULL;
		summary_csv(&summary, &bytes[CSV]);
		summary_html(&summary, &bytes[HTML]);
		summary_json(inv, &bytes[JSON]);
		summary_text(&summary, &bytes[TEXT]);
		if (paper != NULL)
			draw_pdf(inv, paper, &bytes[PDF]);
	}
	invoice_fini(&before);
	for (int i = 0; i < DOCUMENTS; i++)
		ok = ok && (!bytes[i].failed || err_nomem(err));
	return ok;
}

/* --- storing --- */

/* A batch on its way into the archive. */
struct batch {
	struct sql *db;
	const struct close_order *order;
	struct close_bill **bills; /* borrowed */
	size_t count;
	struct buf bytes[CLOSE_BATCH][DOCUMENTS];
	char first[INVOICE_NUMBER_SIZE]; /* the number of the first one */
};

static void
fini_batch(struct batch *b)
{
	for (size_t i = 0; i < CLOSE_BATCH; i++)
		for (int d = 0; d < DOCUMENTS; d++)
			buf_fini(&b->bytes[i][d]);
}

static int
year_of(int64_t at)
{
	struct utc_civil civil;

	utc_to_civil(at, &civil);
	return civil.year;
}

/* Gives the bills the numbers that come next, and writes them. */
static bool
prepare(struct batch *b, struct err *err)
{
	int64_t now = b->order->now;
	int serial;

	if (!archive_next_number(b->db, year_of(now), b->first, err))
		return false;
	serial = (int)strtol(b->first + 5, NULL, 10);
	for (size_t i = 0; i < b->count; i++) {
		struct invoice *inv = &b->bills[i]->invoice;

		snprintf(inv->number, sizeof inv->number, "%04d-%05d",
		    year_of(now) % 10000, (serial + (int)i) % 1000000000);
		inv->state = INVOICE_CLOSED;
		inv->closed_at = now;
		inv->due_at = now + inv->account.net_days * UTC_DAY_SECS;
		for (int d = 0; d < DOCUMENTS; d++)
			buf_clear(&b->bytes[i][d]);
		if (!write_documents(
			b->db, inv, b->order->paper, b->bytes[i], err))
			return false;
	}
	return true;
}

/* Whether everything is as it was when the bills were built and numbered. */
static bool
check(struct batch *b, bool *same, struct err *err)
{
	char number[INVOICE_NUMBER_SIZE];
	int64_t latest;

	if (!archive_next_number(b->db, year_of(b->order->now), number, err))
		return false;
	*same = strcmp(number, b->first) == 0;
	for (size_t i = 0; i < b->count; i++) {
		if (!latest_of(
			b->db, b->bills[i]->invoice.account.id, &latest, err))
			return false;
		if (latest != b->bills[i]->latest)
			b->bills[i]->overtaken = true;
		*same = *same && !b->bills[i]->overtaken;
	}
	return true;
}

static bool
store_one(struct batch *b, size_t i, struct err *err)
{
	static const char *const formats[DOCUMENTS] = {[CSV] = "csv",
	    [HTML] = "html",
	    [JSON] = "json",
	    [PDF] = "pdf",
	    [TEXT] = "text"};
	struct archive_document documents[DOCUMENTS];
	size_t n = 0;

	for (int d = 0; d < DOCUMENTS; d++)
		if (d != PDF || b->bytes[i][d].len > 0)
			documents[n++] = (struct archive_document){
			    .format = formats[d], .bytes = &b->bytes[i][d]};
	return archive_store(b->db, &b->bills[i]->invoice, documents, n,
	    b->bills[i]->carries, b->order->who, b->order->reason, err);
}

/* All of a batch are one transaction. */
static bool
store(struct batch *b, bool *same, struct err *err)
{
	bool ok;

	if (!sql_begin(b->db, err))
		return false;
	ok = check(b, same, err);
	if (!ok || !*same) {
		sql_rollback(b->db);
		return ok;
	}
	for (size_t i = 0; ok && i < b->count; i++)
		ok = store_one(b, i, err);
	if (ok)
		return sql_commit(b->db, err);
	sql_rollback(b->db);
	return false;
}

/* Those that somebody else has overtaken are left out. */
static void
drop_overtaken(struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		if (!b->bills[i]->overtaken)
			b->bills[n++] = b->bills[i];
	b->count = n;
}

bool
close_store(struct sql *db, const struct close_order *order,
    struct close_bill **bills, size_t count, struct err *err)
{
	struct batch b = {
	    .db = db, .order = order, .bills = bills, .count = count};
	bool same = false, ok = true;

	for (int i = 0; ok && !same && b.count > 0 && i < CLOSE_TRIES; i++) {
		ok = prepare(&b, err) && store(&b, &same, err);
		if (ok && !same)
			drop_overtaken(&b);
	}
	fini_batch(&b);
	if (ok && !same && b.count > 0)
		return err_set(err, ERR_BUSY,
		    "others close periods at the same time; try again");
	return ok;
}

/* --- by hand --- */

static enum close_result
refuse(enum close_result result, const struct account *account,
    const struct invoice_period *period, struct err *err)
{
	static const char *const why[] = {
	    [CLOSE_NOT_OVER] = "has not ended",
	    [CLOSE_ALREADY] = "is closed already",
	    [CLOSE_HELD] = "is held: hours are estimated or missing; see "
			   "`report`, then accept them with a reason",
	    [CLOSE_UNRATED] = "is held: there is usage without a rate, which "
			      "`create rate` has to give it first",
	    [CLOSE_EMPTY] = "is empty: there is nothing to bill",
	};

	err_set(err, ERR_INPUT, "period %s of %s %s", period->text,
	    account->name, why[result]);
	return result;
}

static bool
check_own(const struct account *account, const struct invoice_period *period,
    struct err *err)
{
	struct invoice_period own;

	invoice_period_of(account, period->from, &own);
	return strcmp(own.text, period->text) == 0 ||
	       err_set(err, ERR_INPUT,
		   "%s is invoiced by the %s: the period with %s is %s",
		   account->name, account_period_name(account->period),
		   period->text, own.text);
}

/* Builds, judges and stores; *overtaken when somebody else was faster. */
static enum close_result
try_close(struct sql *db, const struct account *account,
    const struct invoice_period *period, bool accept,
    const struct close_order *order, bool *overtaken, struct err *err)
{
	enum close_result result = CLOSE_FAILED;
	struct close_bill *bill;
	struct close_set set;

	*overtaken = false;
	if (!close_build(db, account, 1, period, order->now, 0, &set, err))
		goto out;
	bill = &set.bills[0];
	result = bill->result;
	if (result == CLOSE_HELD && accept)
		result = CLOSE_DONE;
	if (result != CLOSE_DONE)
		refuse(result, account, period, err);
	else if (!close_store(db, order, &bill, 1, err))
		result = CLOSE_FAILED;
	else
		*overtaken = set.bills[0].overtaken;
out:
	close_set_fini(&set);
	return result;
}

enum close_result
close_period(struct sql *db, const struct account *account,
    const struct invoice_period *period, bool accept,
    const struct close_order *order, struct archive_row *out, struct err *err)
{
	enum close_result result = CLOSE_FAILED;
	bool found, overtaken = true;

	if (!check_own(account, period, err))
		return CLOSE_WRONG;
	if (order->now < period->to)
		return refuse(CLOSE_NOT_OVER, account, period, err);
	for (int i = 0; overtaken && i < CLOSE_TRIES; i++) {
		if (!archive_find(
			db, account->id, period->text, out, &found, err))
			return CLOSE_FAILED;
		if (found)
			return refuse(CLOSE_ALREADY, account, period, err);
		result = try_close(
		    db, account, period, accept, order, &overtaken, err);
		if (result != CLOSE_DONE)
			return result;
	}
	if (overtaken) {
		err_set(err, ERR_BUSY,
		    "others close periods of %s at the same time; try again",
		    account->name);
		return CLOSE_FAILED;
	}
	if (!archive_find(db, account->id, period->text, out, &found, err))
		return CLOSE_FAILED;
	return CLOSE_DONE;
}
