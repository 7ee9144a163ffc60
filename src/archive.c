/*
 * archive.c - closed invoices into rows, and out again. In: bills and their
 * documents. Out: the same bytes, for ever. Owns the tables named in
 * archive.h; archive_read.c turns a document into a bill again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "lib/gzip.h"
#include "lib/tls.h"
#include "lib/utc.h"

#define COLUMNS                                                            \
	"id, printf('%04d-%05d', year, serial), account, period, from_at," \
	" to_at, closed_at, due_at, currency, total, upto_fact, fact"

static void
copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}

static void
read_row(struct sql_stmt *s, struct archive_row *out)
{
	memset(out, 0, sizeof *out);
	out->id = sql_int(s, 0);
	copy(out->number, sizeof out->number, sql_text(s, 1));
	out->account = sql_int(s, 2);
	copy(out->period, sizeof out->period, sql_text(s, 3));
	out->from_at = sql_int(s, 4);
	out->to_at = sql_int(s, 5);
	out->closed_at = sql_int(s, 6);
	out->due_at = sql_int(s, 7);
	copy(out->currency, sizeof out->currency, sql_text(s, 8));
	copy(out->total, sizeof out->total, sql_text(s, 9));
	out->upto_fact = sql_int(s, 10);
	out->fact = sql_int(s, 11);
}

static bool
read_one(
    struct sql_stmt *s, struct archive_row *out, bool *found, struct err *err)
{
	enum sql_result result = sql_step(s, err);

	*found = result == SQL_ROW;
	if (*found) {
		read_row(s, out);
		sql_done(s);
	}
	return result != SQL_FAILED;
}

bool
archive_find(struct sql *db, int64_t account, const char *period,
    struct archive_row *out, bool *found, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT " COLUMNS " FROM invoice WHERE account = ? AND period = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	sql_bind_text(s, 2, period);
	return read_one(s, out, found, err);
}

bool
archive_latest(struct sql *db, int64_t account, struct archive_row *out,
    bool *found, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT " COLUMNS " FROM invoice WHERE account = ?"
	    " ORDER BY to_at DESC LIMIT 1",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	return read_one(s, out, found, err);
}

/* "2026-00001" as its two numbers. */
static bool
parse_number(const char *text, int *year, int *serial)
{
	size_t digits;

	if (strspn(text, "0123456789") != 4 || text[4] != '-')
		return false;
	digits = strspn(text + 5, "0123456789");
	if (digits < 5 || digits > 9 || text[5 + digits] != '\0')
		return false;
	*year = (int)strtol(text, NULL, 10);
	*serial = (int)strtol(text + 5, NULL, 10);
	return true;
}

bool
archive_load(struct sql *db, const char *number, struct archive_row *out,
    struct err *err)
{
	struct sql_stmt *s;
	int year, serial;
	bool found = false;

	if (!parse_number(number, &year, &serial))
		return err_set(err, ERR_INPUT,
		    "an invoice's number is like 2026-00001, as `list "
		    "invoices` shows it: \"%.40s\"",
		    number);
	s = sql_get(db,
	    "SELECT " COLUMNS " FROM invoice WHERE year = ? AND serial = ?",
	    err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, year);
	sql_bind_int(s, 2, serial);
	if (!read_one(s, out, &found, err))
		return false;
	return found || err_set(err, ERR_INPUT,
			    "there is no invoice %s; `list invoices` shows "
			    "them",
			    number);
}

bool
archive_load_id(
    struct sql *db, int64_t id, struct archive_row *out, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT " COLUMNS " FROM invoice WHERE id = ?", err);
	bool found;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	if (!read_one(s, out, &found, err))
		return false;
	return found || err_set(err, ERR_BROKEN, "invoice row %lld is gone",
			    (long long)id);
}

bool
archive_list(struct sql *db, int64_t account, struct archive_row **list,
    size_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT " COLUMNS " FROM invoice WHERE ?1 = 0 OR account = ?1"
	    " ORDER BY year, serial",
	    err);
	struct archive_row *rows = NULL, *more;
	enum sql_result result = SQL_FAILED;
	size_t n = 0, cap = 0;

	if (s != NULL)
		sql_bind_int(s, 1, account);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		if (n == cap) {
			cap = cap > 0 ? 2 * cap : 16;
			more = reallocarray(rows, cap, sizeof *rows);
			if (more == NULL) {
				err_nomem(err);
				break;
			}
			rows = more;
		}
		read_row(s, &rows[n++]);
	}
	sql_done(s);
	if (result != SQL_END) {
		free(rows);
		return false;
	}
	*list = rows;
	*count = n;
	return true;
}

bool
archive_find_document(struct sql *db, const struct archive_row *row,
    const char *format, struct buf *out, bool *found, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT bytes FROM invoice_document"
	    " WHERE invoice = ? AND format = ?",
	    err);
	enum sql_result result;
	const void *data;
	size_t len;
	bool ok;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, row->id);
	sql_bind_text(s, 2, format);
	result = sql_step(s, err);
	*found = result == SQL_ROW;
	if (!*found)
		return result == SQL_END;
	data = sql_blob(s, 0, &len);
	ok = gzip_inflate(data, len, ARCHIVE_MAX_DOCUMENT, out, err) ==
	     GZIP_FINE;
	sql_done(s);
	if (!ok && err->kind == ERR_INPUT)
		err->kind = ERR_BROKEN;
	return ok || err_context(
			 err, "document %s of invoice %s", format, row->number);
}

bool
archive_document(struct sql *db, const struct archive_row *row,
    const char *format, struct buf *out, struct err *err)
{
	bool found;

	if (!archive_find_document(db, row, format, out, &found, err))
		return false;
	return found || err_set(err, ERR_INPUT,
			    "invoice %s was closed without a document in the "
			    "format %s",
			    row->number, format);
}

/* --- what was billed --- */

static bool
parse_money(struct exact *x, const char *text, bool fraction, struct err *err)
{
	if (fraction ? exact_parse_fraction(x, text) : exact_parse(x, text))
		return true;
	return err_set(
	    err, ERR_BROKEN, "an invoice's line is damaged: \"%s\"", text);
}

void
archive_lines_free(struct archive_line *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		exact_free(list[i].exact);
		exact_free(list[i].amount);
	}
	free(list);
}

static bool
read_line(struct sql_stmt *s, struct archive_line *out, struct err *err)
{
	out->corrects = sql_int(s, 0);
	out->volume = sql_int(s, 1);
	out->exact = exact_new();
	out->amount = exact_new();
	return parse_money(out->exact, sql_text(s, 2), true, err) &&
	       parse_money(out->amount, sql_text(s, 3), false, err);
}

bool
archive_lines(struct sql *db, const struct archive_row *row,
    struct archive_line **list, size_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT ifnull(corrects, 0), volume, exact, amount"
	    " FROM invoice_line WHERE invoice = ? ORDER BY line",
	    err);
	struct archive_line *rows = NULL, *more;
	enum sql_result result = SQL_FAILED;
	size_t n = 0, cap = 0;

	if (s != NULL)
		sql_bind_int(s, 1, row->id);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		if (n == cap) {
			cap = cap > 0 ? 2 * cap : 16;
			more = reallocarray(rows, cap, sizeof *rows);
			if (more == NULL) {
				err_nomem(err);
				break;
			}
			rows = more;
		}
		if (!read_line(s, &rows[n++], err))
			break;
	}
	sql_done(s);
	if (result != SQL_END) {
		archive_lines_free(rows, n);
		return false;
	}
	*list = rows;
	*count = n;
	return true;
}

bool
archive_count_corrections(struct sql *db, const struct archive_row *row,
    int64_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT count(*) FROM invoice_line"
	    " WHERE invoice = ? AND corrects IS NOT NULL",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, row->id);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*count = sql_int(s, 0);
	sql_done(s);
	return true;
}

static struct archive_billed *
next_billed(struct archive_bill *bill, int64_t volume, struct err *err)
{
	struct archive_billed *more;

	if (bill->count > 0 && bill->list[bill->count - 1].volume == volume)
		return &bill->list[bill->count - 1];
	more = reallocarray(bill->list, bill->count + 1, sizeof *more);
	if (more == NULL) {
		err_nomem(err);
		return NULL;
	}
	bill->list = more;
	more += bill->count++;
	more->volume = volume;
	more->exact = exact_new();
	more->amount = exact_new();
	more->upto_fact = 0;
	return more;
}

static bool
add_billed(struct archive_bill *bill, struct sql_stmt *s, struct err *err)
{
	struct archive_billed *b = next_billed(bill, sql_int(s, 0), err);
	struct exact *one = exact_new();
	bool ok;

	ok = b != NULL && parse_money(one, sql_text(s, 1), true, err);
	if (ok) {
		exact_add(b->exact, one);
		exact_add(bill->exact, one);
	}
	ok = ok && parse_money(one, sql_text(s, 2), false, err);
	if (ok) {
		exact_add(b->amount, one);
		exact_add(bill->amount, one);
	}
	if (ok && sql_int(s, 3) > b->upto_fact)
		b->upto_fact = sql_int(s, 3);
	exact_free(one);
	return ok;
}

bool
archive_billed(struct sql *db, const struct archive_row *row, int64_t before,
    struct archive_bill *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT l.volume, l.exact, l.amount, i.upto_fact"
	    " FROM (SELECT invoice, volume, exact, amount FROM invoice_line"
	    "   WHERE invoice = ?1 AND corrects IS NULL"
	    "  UNION ALL SELECT invoice, volume, exact, amount"
	    "   FROM invoice_line WHERE corrects = ?1"
	    "   AND (?2 = 0 OR invoice < ?2)) l"
	    " JOIN invoice i ON i.id = l.invoice ORDER BY l.volume",
	    err);
	enum sql_result result = SQL_FAILED;

	memset(out, 0, sizeof *out);
	out->exact = exact_new();
	out->amount = exact_new();
	if (s != NULL) {
		sql_bind_int(s, 1, row->id);
		sql_bind_int(s, 2, before);
	}
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (!add_billed(out, s, err))
			break;
	sql_done(s);
	return result == SQL_END;
}

void
archive_bill_fini(struct archive_bill *bill)
{
	for (size_t i = 0; i < bill->count; i++) {
		exact_free(bill->list[i].exact);
		exact_free(bill->list[i].amount);
	}
	free(bill->list);
	exact_free(bill->exact);
	exact_free(bill->amount);
	memset(bill, 0, sizeof *bill);
}

bool
archive_settled(struct sql *db, int64_t account, int64_t *fact, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT ifnull(min(s.fact), 9223372036854775807)"
	    " FROM invoice i JOIN invoice_settled s ON s.invoice = i.id"
	    " WHERE i.account = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*fact = sql_int(s, 0);
	sql_done(s);
	return true;
}

bool
archive_settled_of(struct sql *db, const struct archive_row *row, int64_t *fact,
    struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "SELECT fact FROM invoice_settled WHERE invoice = ?", err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, row->id);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_BROKEN,
		    "up to where invoice %s was corrected is not noted",
		    row->number);
	*fact = sql_int(s, 0);
	sql_done(s);
	return result == SQL_ROW;
}

/* --- closing --- */

bool
archive_next_number(
    struct sql *db, int year, char out[INVOICE_NUMBER_SIZE], struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT printf('%04d-%05d', ?1, ifnull(max(serial), 0) + 1)"
	    " FROM invoice WHERE year = ?1",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, year);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	copy(out, INVOICE_NUMBER_SIZE, sql_text(s, 0));
	sql_done(s);
	return true;
}

/* One invoice on its way in: its row, and the lines that are hashed. */
struct store {
	struct sql *db;
	const struct invoice *invoice;
	int64_t id;
	struct buf hashed;
};

static bool
insert_invoice(struct store *st, int64_t fact, struct err *err)
{
	const struct invoice *inv = st->invoice;
	struct sql_stmt *s = sql_get(st->db,
	    "INSERT INTO invoice (year, serial, account, period, from_at,"
	    " to_at, closed_at, due_at, currency, total, upto_fact, fact)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    err);
	int year, serial;

	if (s == NULL)
		return false;
	if (!parse_number(inv->number, &year, &serial))
		return err_set(err, ERR_BROKEN, "an invoice has no number");
	sql_bind_int(s, 1, year);
	sql_bind_int(s, 2, serial);
	sql_bind_int(s, 3, inv->account.id);
	sql_bind_text(s, 4, inv->period.text);
	sql_bind_int(s, 5, inv->period.from);
	sql_bind_int(s, 6, inv->period.to);
	sql_bind_int(s, 7, inv->closed_at);
	sql_bind_int(s, 8, inv->due_at);
	sql_bind_text(s, 9, inv->account.currency);
	sql_bind_text(s, 10, inv->total);
	sql_bind_int(s, 11, inv->upto_fact);
	sql_bind_int(s, 12, fact);
	if (!sql_run(s, err))
		return false;
	st->id = sql_last_row(st->db);
	buf_printf(&st->hashed, "%s %s %s %lld %lld %lld %lld %s %s %lld\n",
	    inv->number, inv->account.name, inv->period.text,
	    (long long)inv->period.from, (long long)inv->period.to,
	    (long long)inv->closed_at, (long long)inv->due_at,
	    inv->account.currency, inv->total, (long long)inv->upto_fact);
	return true;
}

struct line {
	int64_t number, corrects, volume;
	const char *corrected; /* number of the invoice; "-" */
	const struct uuid *volume_id;
	const struct exact *exact;
	const char *amount;
};

static bool
insert_line(struct store *st, const struct line *line, struct err *err)
{
	struct sql_stmt *s = sql_get(st->db,
	    "INSERT INTO invoice_line (invoice, line, corrects, volume, exact,"
	    " amount) VALUES (?, ?, ?, ?, ?, ?)",
	    err);
	char *exact = exact_fraction(line->exact);
	char id[UUID_TEXT_SIZE];
	bool ok = s != NULL;

	if (ok) {
		sql_bind_int(s, 1, st->id);
		sql_bind_int(s, 2, line->number);
		if (line->corrects != 0)
			sql_bind_int(s, 3, line->corrects);
		sql_bind_int(s, 4, line->volume);
		sql_bind_text(s, 5, exact);
		sql_bind_text(s, 6, line->amount);
		ok = sql_run(s, err);
	}
	buf_printf(&st->hashed, "%s %s %s %s\n", line->corrected,
	    uuid_format(line->volume_id, id), exact, line->amount);
	free(exact);
	return ok;
}

/* Lines without a rate are of nothing: they charge "0". */
static bool
insert_lines(struct store *st, struct err *err)
{
	const struct invoice *inv = st->invoice;
	struct archive_row corrected;
	struct line line = {.corrected = "-"};

	for (size_t i = 0; i < inv->line_count; i++) {
		const struct rating_line *rated = inv->lines[i].rated;

		line.number++;
		line.volume = rated->volume;
		line.volume_id = &rated->volume_id;
		line.exact = rated->amount;
		line.amount =
		    inv->lines[i].amount != NULL ? inv->lines[i].amount : "0";
		if (!insert_line(st, &line, err))
			return false;
	}
	line.corrected = corrected.number;
	for (size_t i = 0; i < inv->correction_count; i++) {
		const struct invoice_correction *c = &inv->corrections[i];

		line.number++;
		line.corrects = c->invoice;
		line.volume = c->volume;
		line.volume_id = &c->volume_id;
		line.exact = c->exact;
		line.amount = c->amount;
		if (!archive_load_id(st->db, c->invoice, &corrected, err) ||
		    !insert_line(st, &line, err))
			return false;
	}
	return true;
}

static bool
insert_document(struct store *st, const struct archive_document *d,
    uint8_t sha256[TLS_SHA256_BYTES], struct err *err)
{
	struct sql_stmt *s = sql_get(st->db,
	    "INSERT INTO invoice_document (invoice, format, sha256, bytes)"
	    " VALUES (?, ?, ?, ?)",
	    err);
	struct buf packed = BUF_INIT;
	char head[FACT_HEAD_TEXT_SIZE];
	bool ok = s != NULL;

	tls_sha256(buf_text(d->bytes), d->bytes->len, sha256);
	ok =
	    ok && gzip_deflate(buf_text(d->bytes), d->bytes->len, &packed, err);
	if (ok) {
		sql_bind_int(s, 1, st->id);
		sql_bind_text(s, 2, d->format);
		sql_bind_blob(s, 3, sha256, TLS_SHA256_BYTES);
		sql_bind_blob(s, 4, packed.data, packed.len);
		ok = sql_run(s, err);
	}
	buf_printf(&st->hashed, "%s %s\n", d->format,
	    strchr(fact_format_head(sha256, head), ':') + 1);
	buf_fini(&packed);
	return ok;
}

static bool
insert_documents(struct store *st, const struct archive_document *documents,
    size_t count, uint8_t json_sha256[TLS_SHA256_BYTES], struct err *err)
{
	uint8_t sha256[TLS_SHA256_BYTES];

	for (size_t i = 0; i < count; i++) {
		if (!insert_document(st, &documents[i], sha256, err))
			return false;
		if (strcmp(documents[i].format, "json") == 0)
			memcpy(json_sha256, sha256, sizeof sha256);
	}
	return !st->hashed.failed || err_nomem(err);
}

static bool
settle_own(struct store *st, struct err *err)
{
	struct sql_stmt *s = sql_get(st->db,
	    "INSERT INTO invoice_settled (invoice, fact) VALUES (?, ?)", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, st->id);
	sql_bind_int(s, 2, st->invoice->upto_fact);
	return sql_run(s, err);
}

static bool
settle_others(struct store *st, struct err *err)
{
	struct sql_stmt *s = sql_get(st->db,
	    "UPDATE invoice_settled SET fact = ?1 WHERE fact < ?1"
	    " AND invoice IN (SELECT id FROM invoice WHERE account = ?2)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, st->invoice->upto_fact);
	sql_bind_int(s, 2, st->invoice->account.id);
	return sql_run(s, err);
}

static bool
forget_check(struct store *st, struct err *err)
{
	struct sql_stmt *s = sql_get(st->db,
	    "DELETE FROM period_check WHERE account = ? AND period = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, st->invoice->account.id);
	sql_bind_text(s, 2, st->invoice->period.text);
	return sql_run(s, err);
}

/* The fact comes first, for its number; it covers rows that come after it in
 * the same transaction, so its hashes are made before. */
static bool
store(struct store *st, const struct archive_document *documents, size_t count,
    const char *who, const char *reason, struct err *err)
{
	const struct invoice *inv = st->invoice;
	uint8_t json_sha256[TLS_SHA256_BYTES] = {0};
	uint8_t rows_sha256[TLS_SHA256_BYTES];
	struct fact_head head;
	char detail[512];
	struct fact fact = {.at = inv->closed_at,
	    .kind = "invoice.closed",
	    .who = who,
	    .subject = inv->number,
	    .detail = detail,
	    .body_sha256 = json_sha256,
	    .rows_sha256 = rows_sha256};

	snprintf(detail, sizeof detail,
	    "account=%s period=%s total=%s currency=%s upto=%lld%s%s",
	    inv->account.name, inv->period.text, inv->total,
	    inv->account.currency, (long long)inv->upto_fact,
	    reason[0] != '\0' ? " reason=" : "", reason);
	if (!fact_load_head(st->db, &head, err) ||
	    !insert_invoice(st, head.seq + 1, err) || !insert_lines(st, err) ||
	    !insert_documents(st, documents, count, json_sha256, err))
		return false;
	tls_sha256(buf_text(&st->hashed), st->hashed.len, rows_sha256);
	return fact_add(st->db, &fact, NULL, err);
}

bool
archive_store(struct sql *db, const struct invoice *invoice,
    const struct archive_document *documents, size_t count, bool settle,
    const char *who, const char *reason, struct err *err)
{
	struct store st = {.db = db, .invoice = invoice};
	bool ok;

	ok = store(&st, documents, count, who, reason, err) &&
	     settle_own(&st, err) && (!settle || settle_others(&st, err)) &&
	     forget_check(&st, err);
	buf_fini(&st.hashed);
	return ok;
}

/* --- periods that were looked at --- */

bool
archive_note_check(struct sql *db, int64_t account, const char *period,
    const struct archive_check *check, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO period_check (account, period, state, reason,"
	    " checked_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
	    " SET state = excluded.state, reason = excluded.reason,"
	    " checked_at = excluded.checked_at",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	sql_bind_text(s, 2, period);
	sql_bind_text(s, 3, check->held ? "held" : "empty");
	sql_bind_text(s, 4, check->reason);
	sql_bind_int(s, 5, check->checked_at);
	return sql_run(s, err);
}

bool
archive_find_check(struct sql *db, int64_t account, const char *period,
    struct archive_check *out, bool *found, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT state = 'held', reason, checked_at FROM period_check"
	    " WHERE account = ? AND period = ?",
	    err);
	enum sql_result result;

	memset(out, 0, sizeof *out);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	sql_bind_text(s, 2, period);
	result = sql_step(s, err);
	*found = result == SQL_ROW;
	if (*found) {
		out->held = sql_int(s, 0) != 0;
		copy(out->reason, sizeof out->reason, sql_text(s, 1));
		out->checked_at = sql_int(s, 2);
		sql_done(s);
	}
	return result != SQL_FAILED;
}

bool
archive_each_held(struct sql *db, int64_t account, archive_held_fn *each,
    void *ctx, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT a.name, c.period, c.reason FROM period_check c"
	    " JOIN account a ON a.id = c.account"
	    " WHERE c.state = 'held' AND (?1 = 0 OR c.account = ?1)"
	    " AND NOT EXISTS (SELECT 1 FROM invoice i"
	    "   WHERE i.account = c.account AND i.period = c.period)"
	    " ORDER BY c.period, a.name",
	    err);
	enum sql_result result = SQL_FAILED;
	struct archive_held held;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		held.account = sql_text(s, 0);
		held.period = sql_text(s, 1);
		held.reason = sql_text(s, 2);
		if (!each(ctx, &held, err)) {
			sql_done(s);
			return false;
		}
	}
	return result == SQL_END;
}
