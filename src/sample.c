/*
 * sample.c - one sample into its row. In: a volume of a checked report and
 * where it belongs. Out: a new row, or whether the one that is there says the
 * same. Owns the table sample.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "sample.h"

bool
sample_bins_add_up(const struct report *report, const struct report_volume *rv)
{
	__extension__ unsigned __int128 sum = 0;

	if (rv->bin_count == 0)
		return true;
	for (uint32_t i = 0; i < rv->bin_count; i++)
		sum += (uint64_t)report->bins[rv->first_bin + i].bytes;
	return sum == (uint64_t)rv->bytes;
}

/* "720:123 2160:45 0:6", or "" without bins. */
enum {
	BINS_SIZE = REPORT_MAX_BINS * 32
};
static void
format_bins(const struct report *report, const struct report_volume *rv,
    char out[BINS_SIZE])
{
	size_t used = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < rv->bin_count; i++) {
		const struct report_bin *b = &report->bins[rv->first_bin + i];

		used += (size_t)snprintf(out + used, BINS_SIZE - used,
		    "%s%u:%lld", i > 0 ? " " : "", b->max_age_hours,
		    (long long)b->bytes);
	}
}

static uint8_t *
put_number(uint8_t *out, int64_t value)
{
	for (int i = 0; i < 8; i++)
		*out++ = (uint8_t)((uint64_t)value >> (8 * i));
	return out;
}

/* --- the digest of what was stored --- */

void
sample_rows_clear(struct sample_rows *rows)
{
	buf_clear(&rows->bytes);
	rows->count = 0;
}

void
sample_rows_fini(struct sample_rows *rows)
{
	buf_fini(&rows->bytes);
	free(rows->list);
	memset(rows, 0, sizeof *rows);
}

static int
compare_spans(const void *a, const void *b, void *bytes)
{
	const struct sample_span *x = a, *y = b;
	const char *base = bytes;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(base + x->at, base + y->at, len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

void
sample_rows_digest(struct sample_rows *rows, struct tls_hash *hash,
    uint8_t out[TLS_SHA256_BYTES])
{
	if (rows->count > 1)
		qsort_r(rows->list, rows->count, sizeof *rows->list,
		    compare_spans, rows->bytes.data);
	tls_hash_reset(hash);
	for (size_t i = 0; i < rows->count; i++)
		tls_hash_add(hash, rows->bytes.data + rows->list[i].at,
		    rows->list[i].len);
	tls_hash_final(hash, out);
}

bool
sample_rows_add(
    struct sample_rows *rows, const struct sample_row *row, struct err *err)
{
	uint8_t head[UUID_SIZE + 8 * 8], len[8];
	uint8_t *p = head;
	size_t at = rows->bytes.len;

	if (rows->count == rows->cap) {
		size_t cap = rows->cap > 0 ? 2 * rows->cap : 64;
		struct sample_span *list =
		    reallocarray(rows->list, cap, sizeof *list);

		if (list == NULL)
			return err_nomem(err);
		rows->list = list;
		rows->cap = cap;
	}
	memcpy(p, row->volume, UUID_SIZE);
	p = put_number(p + UUID_SIZE, row->hour);
	p = put_number(p, row->nanos);
	p = put_number(p, row->revision);
	p = put_number(p, row->bytes);
	p = put_number(p, row->account);
	p = put_number(p, row->retired_bytes);
	p = put_number(p, row->inodes);
	put_number(p, (int64_t)row->name_len);
	put_number(len, (int64_t)row->bins_len);
	buf_add(&rows->bytes, head, sizeof head);
	buf_add(&rows->bytes, row->name, row->name_len);
	buf_add(&rows->bytes, len, sizeof len);
	buf_add(&rows->bytes, row->bins, row->bins_len);
	if (rows->bytes.failed)
		return err_nomem(err);
	rows->list[rows->count++] =
	    (struct sample_span){at, rows->bytes.len - at};
	return true;
}

/* --- the row --- */

/* The row's key but for its revision, and what is compared of it. */
struct row {
	int64_t hour, nanos;
	char bins[BINS_SIZE];
};

static void
find_instant(const struct report_volume *rv, struct row *row)
{
	row->hour = rv->sampled_at / UTC_HOUR_SECS;
	row->nanos =
	    rv->sampled_at % UTC_HOUR_SECS * 1000000000 + rv->sampled_nanos;
}

static void
bind_instant(
    struct sql_stmt *s, const struct row *row, const struct volume *volume)
{
	sql_bind_int(s, 1, row->hour);
	sql_bind_int(s, 2, volume->id);
	sql_bind_int(s, 3, row->nanos);
}

/* Whether the row that has the key already says the same. */
static enum sample_result
compare(struct sql *db, const struct report_volume *rv,
    const struct sample_place *place, const struct row *row, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT bytes, account, ifnull(bins, '') FROM sample"
	    " WHERE hour = ? AND volume = ? AND nanos = ? AND revision = ?",
	    err);
	bool same;

	if (s == NULL)
		return SAMPLE_FAILED;
	bind_instant(s, row, place->volume);
	sql_bind_int(s, 4, rv->revision);
	if (sql_step(s, err) != SQL_ROW)
		return SAMPLE_FAILED;
	same = sql_int(s, 0) == rv->bytes && sql_int(s, 1) == place->account &&
	       strcmp(sql_text(s, 2), row->bins) == 0;
	sql_done(s);
	return same ? SAMPLE_KNOWN : SAMPLE_OTHER;
}

/* The row that counts of an instant, but for one revision (-1: none). */
static bool
find_highest(struct sql *db, const struct row *row, const struct volume *v,
    int64_t except, struct sample_known *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT revision, bytes FROM sample"
	    " WHERE hour = ? AND volume = ? AND nanos = ? AND revision <> ?"
	    " ORDER BY revision DESC LIMIT 1",
	    err);
	enum sql_result result;

	if (s == NULL)
		return false;
	bind_instant(s, row, v);
	sql_bind_int(s, 4, except);
	result = sql_step(s, err);
	out->there = result == SQL_ROW;
	if (!out->there)
		return result == SQL_END;
	out->revision = sql_int(s, 0);
	out->bytes = sql_int(s, 1);
	sql_done(s);
	return true;
}

bool
sample_find_revision(struct sql *db, const struct report_volume *rv,
    const struct sample_place *place, int64_t *revision, struct err *err)
{
	struct sample_known known = {.revision = -1};
	struct row row;

	find_instant(rv, &row);
	if (!find_highest(db, &row, place->volume, -1, &known, err))
		return false;
	*revision = known.revision;
	return true;
}

static enum sample_result
insert(struct sql *db, const struct report_volume *rv,
    const struct sample_place *place, const struct row *row, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO sample (hour, volume, nanos, revision, bytes,"
	    " account, fact, name, bins, retired_bytes, inodes)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT DO NOTHING",
	    err);

	if (s == NULL)
		return SAMPLE_FAILED;
	bind_instant(s, row, place->volume);
	sql_bind_int(s, 4, rv->revision);
	sql_bind_int(s, 5, rv->bytes);
	sql_bind_int(s, 6, place->account);
	sql_bind_int(s, 7, place->fact);
	if (rv->name.len > 0)
		sql_bind_int(s, 8, place->volume->name_id);
	if (row->bins[0] != '\0')
		sql_bind_text(s, 9, row->bins);
	if (rv->retired_bytes >= 0)
		sql_bind_int(s, 10, rv->retired_bytes);
	if (rv->inodes >= 0)
		sql_bind_int(s, 11, rv->inodes);
	if (!sql_run(s, err))
		return SAMPLE_FAILED;
	return sql_changes(db) > 0 ? SAMPLE_STORED
				   : compare(db, rv, place, row, err);
}

/* An instant has other rows only where a revision above 0 is involved. */
static bool
note_revision(struct sql *db, const struct report_volume *rv,
    const struct sample_place *place, const struct row *row,
    struct sample_known *before, struct err *err)
{
	if (rv->revision == 0 && row->hour > place->volume->revised_hour)
		return true;
	if (!find_highest(db, row, place->volume, rv->revision, before, err))
		return false;
	return rv->revision == 0 ||
	       volume_note_revision(db, place->volume, row->hour, err);
}

static bool
add_row(struct sample_rows *rows, const struct report_volume *rv,
    const struct sample_place *place, const struct row *row, struct err *err)
{
	const struct sample_row said = {.volume = rv->id.bytes,
	    .hour = row->hour,
	    .nanos = row->nanos,
	    .revision = rv->revision,
	    .bytes = rv->bytes,
	    .account = place->account,
	    .retired_bytes = rv->retired_bytes,
	    .inodes = rv->inodes,
	    .name = rv->name.text,
	    .name_len = rv->name.len,
	    .bins = row->bins,
	    .bins_len = strlen(row->bins)};

	return sample_rows_add(rows, &said, err);
}

enum sample_result
sample_store(struct sql *db, struct sample_rows *rows,
    const struct report *report, const struct report_volume *rv,
    const struct sample_place *place, struct sample_known *before,
    struct err *err)
{
	struct volume *v = place->volume;
	enum sample_result result;
	struct row row;

	before->there = false;
	if (!volume_note_name(db, v, &rv->name, err) ||
	    !volume_note_region(db, v, &rv->region, err) ||
	    !volume_note_month(db, v, place->account, rv->sampled_at, err))
		return SAMPLE_FAILED;
	find_instant(rv, &row);
	format_bins(report, rv, row.bins);
	result = insert(db, rv, place, &row, err);
	if (result != SAMPLE_STORED)
		return result;
	if (!note_revision(db, rv, place, &row, before, err) ||
	    !add_row(rows, rv, place, &row, err))
		return SAMPLE_FAILED;
	return SAMPLE_STORED;
}

/* --- words --- */

char *
sample_format_instant(int64_t at, int32_t nanos, char out[SAMPLE_INSTANT_SIZE])
{
	size_t len = strlen(utc_format(at, out));

	/* In place of the Z. */
	if (nanos != 0)
		snprintf(out + len - 1, SAMPLE_INSTANT_SIZE - len + 1, ".%09dZ",
		    (int)nanos);
	return out;
}

char *
sample_format_change(const struct report_volume *rv,
    const struct sample_known *before, char out[SAMPLE_CHANGE_SIZE])
{
	char when[SAMPLE_INSTANT_SIZE];

	snprintf(out, SAMPLE_CHANGE_SIZE,
	    "sampled_at=%s old_revision=%lld old_bytes=%lld "
	    "new_revision=%lld new_bytes=%lld",
	    sample_format_instant(rv->sampled_at, rv->sampled_nanos, when),
	    (long long)before->revision, (long long)before->bytes,
	    (long long)rv->revision, (long long)rv->bytes);
	return out;
}
