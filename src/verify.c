/*
 * verify.c - the ledger and the tables compared. In: a database. Out: what in
 * it is not as it was stated. Owns no table and writes none; the parts look
 * at the file (verify_file.c), the chain (verify_chain.c) and the rows.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "verify_part.h"

static const char *const kinds[VERIFY_KINDS] = {
    [VERIFY_FILE] = "file",
    [VERIFY_LINK] = "link",
    [VERIFY_CHAIN] = "chain",
    [VERIFY_ANCHOR] = "anchor",
    [VERIFY_ACCOUNT] = "account",
    [VERIFY_SOURCE] = "source",
    [VERIFY_TOKEN] = "token",
    [VERIFY_RATE] = "rate",
    [VERIFY_GRANT] = "grant",
    [VERIFY_VOLUME] = "volume",
    [VERIFY_REPORT] = "report",
    [VERIFY_QUARANTINE] = "quarantine",
    [VERIFY_SAMPLE] = "sample",
    [VERIFY_MONTH] = "month",
    [VERIFY_DAY] = "day",
    [VERIFY_INVOICE] = "invoice",
};

const char *
verify_kind_name(enum verify_kind kind)
{
	return kinds[kind];
}

/* --- findings --- */

static bool
keep(struct verify_result *r, struct verify_finding *finding)
{
	struct verify_finding *more;
	size_t cap = r->cap > 0 ? 2 * r->cap : 16;

	if (finding->where == NULL || finding->what == NULL)
		return false;
	if (r->count == r->cap) {
		more = reallocarray(r->findings, cap, sizeof *more);
		if (more == NULL)
			return false;
		r->findings = more;
		r->cap = cap;
	}
	r->findings[r->count++] = *finding;
	return true;
}

void
verify_find(struct verify *v, enum verify_kind kind, int64_t fact,
    const char *where, const char *fmt, ...)
{
	struct verify_finding finding = {.kind = kind, .fact = fact};
	va_list ap;

	if (v->result->found[kind]++ >= VERIFY_MAX_LISTED)
		return;
	finding.where = strdup(where);
	va_start(ap, fmt);
	if (vasprintf(&finding.what, fmt, ap) < 0)
		finding.what = NULL;
	va_end(ap);
	if (keep(v->result, &finding))
		return;
	free(finding.where);
	free(finding.what);
	v->result->failed = true;
}

const char *
verify_blame(const struct verify *v, int64_t fact)
{
	const struct verify_finding *f = v->result->findings;
	bool known = v->doubted == fact;

	for (size_t i = 0; i < v->result->count && !known; i++, f++)
		known = f->kind == VERIFY_CHAIN && f->fact == fact;
	return known ? "the fact was changed" : "the row was changed";
}

int64_t
verify_found(const struct verify_result *result)
{
	int64_t sum = 0;

	for (int kind = 0; kind < VERIFY_KINDS; kind++)
		sum += result->found[kind];
	return sum;
}

void
verify_result_fini(struct verify_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		free(result->findings[i].where);
		free(result->findings[i].what);
	}
	free(result->findings);
	memset(result, 0, sizeof *result);
}

/* --- anchors --- */

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at =
	    c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Quoted-printable may break a line anywhere: "=" and its end. */
static size_t
skip_soft_break(const char *text, size_t len, size_t at)
{
	if (at + 1 < len && text[at] == '=' && text[at + 1] == '\n')
		return at + 2;
	if (at + 2 < len && memcmp(text + at, "=\r\n", 3) == 0)
		return at + 3;
	return at;
}

/* 64 digits at a place, and no more. */
static bool
read_hash(const char *text, size_t len, size_t at, uint8_t hash[FACT_HASH_SIZE])
{
	int digit;

	memset(hash, 0, FACT_HASH_SIZE);
	for (int i = 0; i < 2 * FACT_HASH_SIZE; i++) {
		at = skip_soft_break(text, len, at);
		digit = at < len ? hex_digit(text[at++]) : -1;
		if (digit < 0)
			return false;
		hash[i / 2] = (uint8_t)(hash[i / 2] << 4 | digit);
	}
	at = skip_soft_break(text, len, at);
	return at >= len || hex_digit(text[at]) < 0;
}

static bool
add_anchor(struct verify_anchors *a, const uint8_t hash[FACT_HASH_SIZE],
    struct err *err)
{
	size_t cap = a->cap > 0 ? 2 * a->cap : 16;
	struct verify_anchor *more;

	if (a->count == VERIFY_MAX_ANCHORS)
		return err_set(err, ERR_INPUT,
		    "more than %d ledger heads at a time", VERIFY_MAX_ANCHORS);
	if (a->count == a->cap) {
		more = reallocarray(a->list, cap, sizeof *more);
		if (more == NULL)
			return err_nomem(err);
		a->list = more;
		a->cap = cap;
	}
	memset(&a->list[a->count], 0, sizeof a->list[0]);
	memcpy(a->list[a->count++].hash, hash, FACT_HASH_SIZE);
	return true;
}

/* Where in a text a head begins, at or behind a place; len when none does. */
static size_t
find_head(const char *text, size_t len, size_t at)
{
	static const char mark[] = "sha256:";
	const char *found = NULL;

	if (at < len)
		found = memmem(text + at, len - at, mark, sizeof mark - 1);
	return found != NULL ? (size_t)(found - text) + sizeof mark - 1 : len;
}

bool
verify_read_anchors(const char *text, size_t len,
    struct verify_anchors *anchors, size_t *found, struct err *err)
{
	uint8_t hash[FACT_HASH_SIZE];

	*found = 0;
	for (size_t at = find_head(text, len, 0); at < len;
	     at = find_head(text, len, at)) {
		if (!read_hash(text, len, at, hash))
			continue;
		if (!add_anchor(anchors, hash, err))
			return false;
		++*found;
	}
	return true;
}

void
verify_anchors_fini(struct verify_anchors *anchors)
{
	free(anchors->list);
	memset(anchors, 0, sizeof *anchors);
}

static int
compare_anchors(const void *a, const void *b)
{
	const struct verify_anchor *x = a, *y = b;

	return memcmp(x->hash, y->hash, FACT_HASH_SIZE);
}

/* By hash, each once: a mail shows its head in two parts. */
static void
sort_anchors(struct verify_anchors *a)
{
	size_t kept = 0;

	if (a->count > 0)
		qsort(a->list, a->count, sizeof a->list[0], compare_anchors);
	for (size_t i = 0; i < a->count; i++) {
		if (kept > 0 &&
		    compare_anchors(&a->list[kept - 1], &a->list[i]) == 0)
			continue;
		a->list[kept++] = a->list[i];
	}
	a->count = kept;
}

static bool
check_anchors(struct verify *v, struct err *err)
{
	char head[FACT_HEAD_TEXT_SIZE];

	(void)err;
	for (size_t i = 0; i < v->anchors->count; i++) {
		v->result->checked[VERIFY_ANCHOR]++;
		if (v->anchors->list[i].fact == 0)
			verify_find(v, VERIFY_ANCHOR, 0,
			    fact_format_head(v->anchors->list[i].hash, head),
			    "no fact has this hash: the ledger was cut before "
			    "the fact that it was the head of, or written "
			    "anew, or it is another ledger's");
	}
	return true;
}

/* --- what several parts do --- */

bool
verify_same_text(struct sql_stmt *s, int column, const char *text)
{
	size_t len;
	const void *data = sql_blob(s, column, &len);

	return len == strlen(text) &&
	       (len == 0 || memcmp(data, text, len) == 0);
}

bool
verify_get_int(const char *detail, const char *name, int64_t *value)
{
	struct buf text = BUF_INIT;
	char *end;
	bool ok = fact_get(detail, name, &text);

	*value = 0;
	if (ok) {
		errno = 0;
		*value = strtoll(buf_text(&text), &end, 10);
		ok = text.len > 0 && *end == '\0' && errno == 0;
	}
	buf_fini(&text);
	return ok;
}

/* --- the run --- */

static bool
load_removed_day(struct verify *v, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(v->db, "SELECT max(removed_day) FROM day_progress", err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	v->removed_day = sql_int(s, 0);
	sql_done(s);
	if (v->removed_day > 0)
		v->result->removed_until = (v->removed_day + 1) * UTC_DAY_SECS;
	return true;
}

/* Most of what follows a vital step rests on it. */
static const struct {
	const char *name;
	bool (*run)(struct verify *v, struct err *err);
	bool vital;
} steps[] = {
    {"the file", verify_file, false},
    {"references between tables", verify_links, false},
    {"the table day_progress", load_removed_day, true},
    {"the tables volume and volume_name", verify_load_volumes, true},
    {"the ledger's facts", verify_chain, true},
    {"anchors", check_anchors, false},
    {"accounts, sources, tokens, rates and grants", verify_terms, false},
    {"ends of volumes", verify_volumes, false},
    {"reports", verify_reports, false},
    {"the quarantine", verify_quarantine, false},
    {"samples", verify_samples, false},
    {"invoices", verify_closed, false},
    {"invoices, computed again", verify_again, false},
};

/* What is damaged is a finding, and the rest is looked at all the same. */
static bool
run_steps(struct verify *v, struct err *err)
{
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (steps[i].run(v, err))
			continue;
		if (err->kind != ERR_BROKEN)
			return false;
		verify_find(v, VERIFY_FILE, 0, steps[i].name,
		    "could not be read to the end, so there may be more to "
		    "find%s: %s",
		    steps[i].vital ? ", and what rests on it was not looked at"
				   : "",
		    err->text);
		*err = (struct err)ERR_INIT;
		if (steps[i].vital)
			break;
	}
	return !v->result->failed || err_nomem(err);
}

bool
verify_run(struct sql *db, const struct verify_options *options,
    struct verify_anchors *anchors, struct verify_result *result,
    struct err *err)
{
	struct verify v = {.db = db,
	    .anchors = anchors,
	    .result = result,
	    .options = *options};
	bool ok;

	if (v.options.max_open_bytes == 0)
		v.options.max_open_bytes = VERIFY_MAX_OPEN_BYTES;
	sort_anchors(anchors);
	v.hash = tls_hash_new(err);
	ok = v.hash != NULL && sql_begin_read(db, err) && run_steps(&v, err);
	sql_rollback(db);
	verify_terms_fini(&v);
	verify_volumes_fini(&v);
	verify_days_fini(&v);
	verify_closed_fini(&v);
	tls_hash_free(v.hash);
	return ok;
}
