/*
 * verify_closed.c - invoices as they are stored. In: the facts that closed
 * them, on the walk, and then the tables of archive.h. Out: invoices that are
 * not what was closed, that nothing closed, or that are gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "lib/gzip.h"
#include "lib/tls.h"
#include "verify_part.h"

/* --- on the walk --- */

bool
verify_note_closed(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	size_t cap = v->closing_cap > 0 ? 2 * v->closing_cap : 64;
	struct verify_closing *c;
	char where[80];

	if (f->said.body_sha256 == NULL || f->said.rows_sha256 == NULL ||
	    strlen(f->said.subject) >= sizeof c->number) {
		snprintf(where, sizeof where, "invoice %.40s", f->said.subject);
		verify_find(v, VERIFY_INVOICE, f->seq, where,
		    "fact %lld does not say what was closed, as the program "
		    "has it: it was changed",
		    (long long)f->seq);
		return true;
	}
	if (v->closing_count == v->closing_cap) {
		c = reallocarray(v->closings, cap, sizeof *c);
		if (c == NULL)
			return err_nomem(err);
		v->closings = c;
		v->closing_cap = cap;
	}
	c = &v->closings[v->closing_count++];
	memset(c, 0, sizeof *c);
	c->fact = f->seq;
	snprintf(c->number, sizeof c->number, "%s", f->said.subject);
	memcpy(c->json, f->said.body_sha256, sizeof c->json);
	memcpy(c->rows, f->said.rows_sha256, sizeof c->rows);
	return true;
}

void
verify_closed_fini(struct verify *v)
{
	free(v->closings);
}

static int
compare_fact(const void *key, const void *closing)
{
	int64_t a = *(const int64_t *)key,
		b = ((const struct verify_closing *)closing)->fact;

	return (a > b) - (a < b);
}

static struct verify_closing *
find_closing(struct verify *v, int64_t fact)
{
	return v->closing_count == 0
		   ? NULL
		   : bsearch(&fact, v->closings, v->closing_count,
			 sizeof *v->closings, compare_fact);
}

/* --- one invoice --- */

struct check {
	struct verify *v;
	const struct archive_row *row;
	struct verify_closing *closing; /* NULL: none */
	char where[160];
	struct buf hashed;		/* the lines of archive.h */
	struct exact *sum;		/* owned; of the lines */
	struct buf text;		/* a document, inflated */
	uint8_t json[TLS_SHA256_BYTES]; /* of that document; 0: none */
};

static void
add_column(struct check *c, struct sql_stmt *s, int column, char end)
{
	size_t len;
	const void *data = sql_blob(s, column, &len);

	buf_add(&c->hashed, data, len);
	buf_char(&c->hashed, end);
}

/* All columns of a row, with spaces between them. */
static void
add_columns(struct check *c, struct sql_stmt *s, int count)
{
	for (int i = 0; i < count; i++)
		add_column(c, s, i, i + 1 < count ? ' ' : '\n');
}

static bool
add_head(struct check *c, struct err *err)
{
	struct sql_stmt *s = sql_get(c->v->db,
	    "SELECT printf('%04d-%05d', i.year, i.serial), a.name, i.period,"
	    " CAST(i.from_at AS TEXT), CAST(i.to_at AS TEXT),"
	    " CAST(i.closed_at AS TEXT), CAST(i.due_at AS TEXT), i.currency,"
	    " i.total, CAST(i.upto_fact AS TEXT) FROM invoice i"
	    " LEFT JOIN account a ON a.id = i.account WHERE i.id = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, c->row->id);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	snprintf(c->where, sizeof c->where, "invoice %s (%.64s, %.16s)",
	    c->row->number, sql_text(s, 1), c->row->period);
	add_columns(c, s, 10);
	sql_done(s);
	return true;
}

/* A line's own numbers; its place in the order is in the digest. */
static void
check_line(struct check *c, struct sql_stmt *s, int64_t number)
{
	struct exact *x = exact_new();

	if (sql_int(s, 4) != number)
		verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
		    "line %lld is not there: it was deleted, or given another "
		    "number",
		    (long long)number);
	if (!exact_parse_fraction(x, sql_text(s, 2)))
		verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
		    "the exact cost of line %lld is no fraction: \"%s\"",
		    (long long)sql_int(s, 4), sql_text(s, 2));
	if (exact_parse(x, sql_text(s, 3)))
		exact_add(c->sum, x);
	else
		verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
		    "the amount of line %lld is no number: \"%s\"",
		    (long long)sql_int(s, 4), sql_text(s, 3));
	exact_free(x);
}

static void
add_uuid(struct check *c, struct sql_stmt *s, int column)
{
	struct uuid uuid = {{0}};
	char text[UUID_TEXT_SIZE];
	size_t len;
	const void *data = sql_blob(s, column, &len);

	if (len == UUID_SIZE)
		memcpy(uuid.bytes, data, len);
	buf_printf(&c->hashed, "%s ", uuid_format(&uuid, text));
}

static bool
add_lines(struct check *c, struct err *err)
{
	struct sql_stmt *s = sql_get(c->v->db,
	    "SELECT CASE WHEN l.corrects IS NULL THEN '-'"
	    "   ELSE printf('%04d-%05d', i.year, i.serial) END,"
	    " v.volume_id, l.exact, l.amount, l.line FROM invoice_line l"
	    " LEFT JOIN invoice i ON i.id = l.corrects"
	    " LEFT JOIN volume v ON v.id = l.volume"
	    " WHERE l.invoice = ? ORDER BY l.line",
	    err);
	enum sql_result result;
	int64_t number = 0;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, c->row->id);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		check_line(c, s, ++number);
		add_column(c, s, 0, ' ');
		add_uuid(c, s, 1);
		add_column(c, s, 2, ' ');
		add_column(c, s, 3, '\n');
	}
	return result == SQL_END;
}

static void
check_sum(struct check *c)
{
	struct exact *total = exact_new();
	char *sum;

	if (!exact_parse(total, c->row->total))
		verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
		    "its total is no number: \"%s\"", c->row->total);
	else if (exact_cmp(total, c->sum) != 0) {
		sum = exact_decimal(c->sum, INVOICE_EXACT_DIGITS);
		verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
		    "its total is %s, but its lines add up to %s: an amount "
		    "was changed, or a line deleted or inserted",
		    c->row->total, sum);
		free(sum);
	}
	exact_free(total);
}

/* What a document's row has to say: its bytes inflated, and their digest. */
static bool
check_document(struct check *c, struct sql_stmt *s, struct err *err)
{
	uint8_t sha256[TLS_SHA256_BYTES];
	enum gzip_fault fault;
	const void *data;
	size_t len;

	buf_clear(&c->text);
	data = sql_blob(s, 2, &len);
	fault = gzip_inflate(data, len, ARCHIVE_MAX_DOCUMENT, &c->text, err);
	if (fault == GZIP_NO_MEMORY)
		return false;
	if (fault != GZIP_FINE) {
		verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
		    "its document %s cannot be read, so it was changed: %s",
		    sql_text(s, 0), err->text);
		*err = (struct err)ERR_INIT;
		return true;
	}
	tls_sha256(buf_text(&c->text), c->text.len, sha256);
	data = sql_blob(s, 1, &len);
	if (len != sizeof sha256 || memcmp(data, sha256, len) != 0)
		verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
		    "its document %s is not the one whose SHA-256 is stored "
		    "with it: one of the two was changed",
		    sql_text(s, 0));
	return true;
}

static bool
add_documents(struct check *c, struct err *err)
{
	struct sql_stmt *s = sql_get(c->v->db,
	    "SELECT format, sha256, bytes FROM invoice_document"
	    " WHERE invoice = ? ORDER BY format",
	    err);
	enum sql_result result;
	const uint8_t *sha256;
	size_t len;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, c->row->id);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		add_column(c, s, 0, ' ');
		sha256 = sql_blob(s, 1, &len);
		for (size_t i = 0; i < len; i++)
			buf_printf(&c->hashed, "%02x", sha256[i]);
		buf_char(&c->hashed, '\n');
		if (len == sizeof c->json &&
		    strcmp(sql_text(s, 0), "json") == 0)
			memcpy(c->json, sha256, len);
		if (!check_document(c, s, err)) {
			sql_done(s);
			return false;
		}
	}
	return result == SQL_END;
}

/* --- against its fact --- */

static void
compare(struct check *c)
{
	struct verify_closing *closing = c->closing;
	uint8_t rows[TLS_SHA256_BYTES];

	if (strcmp(closing->number, c->row->number) != 0)
		verify_find(c->v, VERIFY_INVOICE, closing->fact, c->where,
		    "fact %lld closed it as %s: its number, or that of its "
		    "fact, was changed",
		    (long long)closing->fact, closing->number);
	if (memcmp(c->json, closing->json, sizeof c->json) != 0)
		verify_find(c->v, VERIFY_INVOICE, closing->fact, c->where,
		    "its JSON document is not that of fact %lld, or is not "
		    "there: %s",
		    (long long)closing->fact,
		    verify_blame(c->v, closing->fact));
	tls_sha256(buf_text(&c->hashed), c->hashed.len, rows);
	if (memcmp(rows, closing->rows, sizeof rows) != 0)
		verify_find(c->v, VERIFY_INVOICE, closing->fact, c->where,
		    "its row, its lines and the SHA-256 of its documents are "
		    "not those that fact %lld closed: a value was changed, or "
		    "a row of it deleted or inserted",
		    (long long)closing->fact);
}

/* Corrections have been billed up to the fact of the invoice itself, or of a
 * later one of the account; of each that has some. */
static bool
check_settled(struct check *c, struct err *err)
{
	struct sql_stmt *s = sql_get(c->v->db,
	    "SELECT s.fact, EXISTS (SELECT 1 FROM invoice i"
	    "   WHERE i.account = ?2 AND i.id >= ?1 AND i.upto_fact = s.fact),"
	    " EXISTS (SELECT 1 FROM invoice i JOIN invoice_line l"
	    "   ON l.invoice = i.id AND l.corrects IS NOT NULL"
	    "   WHERE i.account = ?2 AND i.id > ?1 AND i.upto_fact > s.fact)"
	    " FROM invoice_settled s WHERE s.invoice = ?1",
	    err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, c->row->id);
	sql_bind_int(s, 2, c->row->account);
	result = sql_step(s, err);
	if (result == SQL_END)
		verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
		    "up to where it has been corrected is not noted: the row "
		    "was deleted");
	else if (result == SQL_ROW &&
		 (sql_int(s, 1) == 0 || sql_int(s, 2) != 0))
		verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
		    "it counts as corrected up to fact %lld, up to which none "
		    "of the account's invoices corrected it: the row was "
		    "changed, so that corrections are missing or made twice",
		    (long long)sql_int(s, 0));
	sql_done(s);
	return result != SQL_FAILED;
}

static void
find_unstated(struct check *c)
{
	verify_find(c->v, VERIFY_INVOICE, c->row->fact, c->where,
	    "it names fact %lld, which did not close it: the row was inserted "
	    "or changed, or its fact deleted",
	    (long long)c->row->fact);
}

static bool
check_invoice(struct verify *v, const struct archive_row *row, struct err *err)
{
	struct check c = {
	    .v = v, .row = row, .closing = find_closing(v, row->fact)};
	bool ok;

	v->result->checked[VERIFY_INVOICE]++;
	c.sum = exact_new();
	ok = add_head(&c, err) && add_lines(&c, err) && add_documents(&c, err);
	if (ok && c.hashed.failed)
		ok = err_nomem(err);
	if (ok) {
		check_sum(&c);
		if (c.closing == NULL || c.closing->found)
			find_unstated(&c);
		else {
			c.closing->found = true;
			compare(&c);
		}
		ok = check_settled(&c, err);
	}
	exact_free(c.sum);
	buf_fini(&c.hashed);
	buf_fini(&c.text);
	return ok;
}

/* --- all of them --- */

/* Rows come by year and number, which begins with 1. */
static void
check_number(
    struct verify *v, const struct archive_row *row, int *year, int *serial)
{
	int row_year = (int)strtol(row->number, NULL, 10), next;
	const char *dash = strchr(row->number, '-');
	int row_serial = dash != NULL ? (int)strtol(dash + 1, NULL, 10) : 0;
	char where[80];

	next = row_year == *year ? *serial + 1 : 1;
	if (row_serial != next) {
		snprintf(
		    where, sizeof where, "invoice %04d-%05d", row_year, next);
		verify_find(v, VERIFY_INVOICE, 0, where,
		    "not there, though %s is: numbers have no gaps, so it was "
		    "deleted, or given another number",
		    row->number);
	}
	*year = row_year;
	*serial = row_serial;
}

static void
find_missing(struct verify *v)
{
	char where[80];

	for (size_t i = 0; i < v->closing_count; i++) {
		if (v->closings[i].found)
			continue;
		snprintf(
		    where, sizeof where, "invoice %s", v->closings[i].number);
		verify_find(v, VERIFY_INVOICE, v->closings[i].fact, where,
		    "fact %lld closed it, but no invoice names that fact: it "
		    "was deleted, or given to another fact",
		    (long long)v->closings[i].fact);
	}
}

bool
verify_closed(struct verify *v, struct err *err)
{
	struct archive_row *rows = NULL;
	int year = 0, serial = 0;
	size_t count = 0;
	bool ok;

	ok = archive_list(v->db, 0, &rows, &count, err);
	for (size_t i = 0; ok && i < count; i++) {
		check_number(v, &rows[i], &year, &serial);
		ok = check_invoice(v, &rows[i], err);
	}
	free(rows);
	if (ok)
		find_missing(v);
	return ok;
}
