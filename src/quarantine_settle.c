/*
 * quarantine_settle.c - an operator's word about a sample that waits. In: its
 * row, a reason. Out: a fact, and, for a release, the sample stored as the
 * ledger stores those of reports.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fact.h"
#include "keep.h"
#include "lib/buf.h"
#include "quarantine.h"

/* One row on its way out of quarantine. */
struct settle {
	struct sql *db; /* borrowed, as all texts */
	int64_t id, now;
	const char *reason, *who;
	struct tls_hash *hash; /* owned */
	struct fact_head head;
	int64_t account, source;
	struct uuid volume_id;
	struct buf body; /* owned: the sample as sent */
	/* Of a release. */
	struct report report;	     /* owned */
	struct volume_cache volumes; /* owned */
	struct keep keep;	     /* owned */
	struct sample_known before;
	bool extended; /* it moved its volume's end on to itself */
	/* The end that it stated or was moved to, which may be the one that
	 * was known before; 0: none. */
	int64_t end;
	struct quarantine_outcome *out;
};

bool
quarantine_check_reason(const char *reason, struct err *err)
{
	size_t len = strlen(reason);

	if (reason[strspn(reason, " ")] == '\0')
		return err_set(
		    err, ERR_INPUT, "say why: the reason must not be empty");
	if (len > QUARANTINE_MAX_REASON)
		return err_set(err, ERR_INPUT,
		    "the reason has more than %d bytes", QUARANTINE_MAX_REASON);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)reason[i] < 0x20 || reason[i] == 0x7f)
			return err_set(err, ERR_INPUT,
			    "the reason has a control character");
	return true;
}

/* --- the row --- */

static bool
say_settled(void *ctx, const struct quarantine_row *row, struct err *err)
{
	char when[UTC_TEXT_SIZE];

	(void)ctx;
	return err_set(err, ERR_INPUT,
	    "sample %lld of the quarantine was %s already, by %s at %s",
	    (long long)row->id, row->state, row->settled_by,
	    utc_format(row->settled_at, when));
}

static enum quarantine_result
refuse_settled(struct settle *st, struct err *err)
{
	struct quarantine_query query = {.after = st->id - 1, .limit = 1};

	quarantine_each(st->db, &query, say_settled, NULL, err);
	return err->kind == ERR_INPUT ? QUARANTINE_REFUSED : QUARANTINE_FAILED;
}

static enum quarantine_result
load_row(struct settle *st, struct err *err)
{
	struct sql_stmt *s = sql_get(st->db,
	    "SELECT q.account, q.volume_id, q.body, q.state, s.id"
	    " FROM quarantine q JOIN fact f ON f.seq = q.fact"
	    " JOIN source s ON 'source:' || s.name = f.who WHERE q.id = ?",
	    err);
	enum sql_result result;
	const void *uuid;
	size_t len;
	bool open;

	if (s == NULL)
		return QUARANTINE_FAILED;
	sql_bind_int(s, 1, st->id);
	result = sql_step(s, err);
	if (result == SQL_END) {
		err_set(err, ERR_INPUT,
		    "there is no sample %lld in the quarantine; "
		    "`list quarantine` shows them",
		    (long long)st->id);
		return QUARANTINE_UNKNOWN;
	}
	if (result == SQL_FAILED)
		return QUARANTINE_FAILED;
	st->account = sql_int(s, 0);
	uuid = sql_blob(s, 1, &len);
	if (len == UUID_SIZE)
		memcpy(st->volume_id.bytes, uuid, len);
	buf_str(&st->body, sql_text(s, 2));
	open = strcmp(sql_text(s, 3), "open") == 0;
	st->source = sql_int(s, 4);
	sql_done(s);
	if (!open)
		return refuse_settled(st, err);
	if (st->body.failed) {
		err_nomem(err);
		return QUARANTINE_FAILED;
	}
	return QUARANTINE_DONE;
}

static bool
mark_settled(
    struct settle *st, const char *state, int64_t fact, struct err *err)
{
	struct sql_stmt *s = sql_get(st->db,
	    "UPDATE quarantine SET state = ?, settled_fact = ? WHERE id = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, state);
	sql_bind_int(s, 2, fact);
	sql_bind_int(s, 3, st->id);
	return sql_run(s, err);
}

/* --- facts --- */

static bool
state(struct settle *st, const char *kind, const char *detail,
    const uint8_t *body_sha256, const uint8_t *rows_sha256, struct err *err)
{
	char subject[UUID_TEXT_SIZE];
	const struct fact fact = {.at = st->now,
	    .kind = kind,
	    .who = st->who,
	    .subject = uuid_format(&st->volume_id, subject),
	    .detail = detail,
	    .body_sha256 = body_sha256,
	    .rows_sha256 = rows_sha256};

	return fact_append(st->db, st->hash, &st->head, &fact, err);
}

/* detail says what was done with the sample; why is added. */
static bool
state_settled(struct settle *st, const char *kind, struct buf *detail,
    const uint8_t *rows_sha256, struct err *err)
{
	uint8_t body_sha256[FACT_HASH_SIZE];

	tls_sha256(st->body.data, st->body.len, body_sha256);
	fact_put(detail, "reason", st->reason);
	return detail->failed ? err_nomem(err)
			      : state(st, kind, buf_text(detail), body_sha256,
				    rows_sha256, err);
}

static bool
state_released(struct settle *st, struct err *err)
{
	const struct quarantine_outcome *out = st->out;
	const struct report_volume *rv = &st->report.volumes[0];
	uint8_t rows_sha256[FACT_HASH_SIZE];
	char when[SAMPLE_INSTANT_SIZE];
	struct buf detail = BUF_INIT;
	bool ok;

	sample_rows_digest(&st->keep.rows, st->hash, rows_sha256);
	fact_put_int(&detail, "quarantine", st->id);
	fact_put(&detail, "sampled_at",
	    sample_format_instant(rv->sampled_at, rv->sampled_nanos, when));
	fact_put_int(&detail, "bytes", rv->bytes);
	fact_put_int(&detail, "revision", out->revision);
	fact_put_int(&detail, "stored", out->stored);
	if (out->bins_dropped)
		fact_put(&detail, "bins", "dropped");
	ok = state_settled(st, "sample.released", &detail, rows_sha256, err);
	buf_fini(&detail);
	return ok;
}

/* The release, and what it changed. */
static bool
state_release(struct settle *st, struct err *err)
{
	char detail[SAMPLE_CHANGE_SIZE], end[UTC_TEXT_SIZE];

	if (!state_released(st, err))
		return false;
	if (st->end != 0) {
		snprintf(detail, sizeof detail, "retired_at=%s%s%s",
		    utc_format(st->end, end),
		    st->extended ? " lives_until=" : "",
		    st->extended ? end : "");
		if (!state(st, "volume.retired", detail, NULL, NULL, err))
			return false;
	}
	if (!st->before.there)
		return true;
	sample_format_change(&st->report.volumes[0], &st->before, detail);
	return state(st, "sample.superseded", detail, NULL, NULL, err);
}

/* --- a release --- */

static bool
parse_body(struct settle *st, struct err *err)
{
	struct buf errors = BUF_INIT;
	enum report_fault fault;

	/* A sample that was taken into quarantine fitted the schema then. */
	fault = report_parse_volume(
	    st->body.data, st->body.len, &st->report, &errors, err);
	buf_fini(&errors);
	if (fault == REPORT_FINE)
		return true;
	if (fault != REPORT_NO_MEMORY)
		err->kind = ERR_BROKEN;
	return err_context(
	    err, "sample %lld of the quarantine", (long long)st->id);
}

/* The bill of a day whose samples are gone rests on its final sums. */
static enum quarantine_result
check_day(struct settle *st, struct err *err)
{
	int64_t at = st->report.volumes[0].sampled_at;
	char date[UTC_TEXT_SIZE];

	if (!keep_is_removed(&st->keep, at))
		return QUARANTINE_DONE;
	err_set(err, ERR_INPUT,
	    "the samples of %s are no longer kept, so sample %lld of the "
	    "quarantine can only be discarded",
	    utc_format_date(at, date), (long long)st->id);
	return QUARANTINE_REFUSED;
}

static bool
settle_end(struct settle *st, struct volume *v, struct err *err)
{
	const struct report_volume *rv = &st->report.volumes[0];
	int64_t before = v->retired_at;
	bool changed;

	if (!keep_end(&st->keep, v, rv->retired_at, &changed, err))
		return false;
	if (v->retired_at != 0 && rv->sampled_at > v->retired_at) {
		changed = st->extended = true;
		if (!keep_extend(&st->keep, v, rv->sampled_at, err))
			return false;
	}
	if (changed)
		st->end = v->retired_at;
	if (v->retired_at != before)
		st->out->retired_at = v->retired_at;
	return true;
}

/* The key is taken by another size: this one is the next revision. */
static enum sample_result
store_above(
    struct settle *st, const struct sample_place *place, struct err *err)
{
	struct report_volume *rv = &st->report.volumes[0];
	int64_t highest;

	if (!sample_find_revision(st->db, rv, place, &highest, err))
		return SAMPLE_FAILED;
	if (highest >= INT32_MAX)
		return SAMPLE_OTHER;
	rv->revision = (int32_t)highest + 1;
	return keep_sample(&st->keep, &st->report, rv, place, &st->before, err);
}

static enum quarantine_result
store(struct settle *st, struct err *err)
{
	struct report_volume *rv = &st->report.volumes[0];
	struct sample_place place = {
	    .account = st->account, .fact = st->head.seq + 1};
	enum sample_result result;

	place.volume =
	    volume_find(st->db, &st->volumes, &rv->id, rv->created_at, err);
	if (place.volume == NULL || !settle_end(st, place.volume, err))
		return QUARANTINE_FAILED;
	if (!sample_bins_add_up(&st->report, rv)) {
		rv->bin_count = 0;
		st->out->bins_dropped = true;
	}
	result =
	    keep_sample(&st->keep, &st->report, rv, &place, &st->before, err);
	if (result == SAMPLE_OTHER)
		result = store_above(st, &place, err);
	if (result == SAMPLE_FAILED)
		return QUARANTINE_FAILED;
	if (result == SAMPLE_OTHER) {
		err_set(err, ERR_INPUT,
		    "sample %lld of the quarantine cannot be released: its "
		    "instant has the highest revision there is",
		    (long long)st->id);
		return QUARANTINE_REFUSED;
	}
	st->out->stored = result == SAMPLE_STORED;
	st->out->revision = rv->revision;
	/* Who sends a volume now says more than a sample that had to wait. */
	if (place.volume->source == 0 &&
	    !volume_note_source(st->db, place.volume, st->source, err))
		return QUARANTINE_FAILED;
	return QUARANTINE_DONE;
}

static enum quarantine_result
release(struct settle *st, struct err *err)
{
	enum quarantine_result result;
	int64_t fact = st->head.seq + 1;

	if (!parse_body(st, err))
		return QUARANTINE_FAILED;
	st->out->volume_id = st->volume_id;
	st->keep.db = st->db;
	if (!keep_load(&st->keep, err))
		return QUARANTINE_FAILED;
	keep_begin(&st->keep, fact, st->now);
	result = check_day(st, err);
	if (result == QUARANTINE_DONE)
		result = store(st, err);
	if (result != QUARANTINE_DONE)
		return result;
	return state_release(st, err) && mark_settled(st, "released", fact, err)
		   ? QUARANTINE_DONE
		   : QUARANTINE_FAILED;
}

static enum quarantine_result
discard(struct settle *st, struct err *err)
{
	int64_t fact = st->head.seq + 1;
	struct buf detail = BUF_INIT;
	bool ok;

	fact_put_int(&detail, "quarantine", st->id);
	ok = state_settled(st, "sample.discarded", &detail, NULL, err) &&
	     mark_settled(st, "discarded", fact, err);
	buf_fini(&detail);
	return ok ? QUARANTINE_DONE : QUARANTINE_FAILED;
}

/* The sample, its row and the facts are one transaction. */
static enum quarantine_result
settle(struct settle *st,
    enum quarantine_result (*apply)(struct settle *st, struct err *err),
    struct err *err)
{
	enum quarantine_result result = QUARANTINE_FAILED;

	if (!quarantine_check_reason(st->reason, err))
		return QUARANTINE_REFUSED;
	st->hash = tls_hash_new(err);
	if (st->hash == NULL || !sql_begin(st->db, err))
		goto out;
	if (fact_load_head(st->db, &st->head, err))
		result = load_row(st, err);
	if (result == QUARANTINE_DONE)
		result = apply(st, err);
	if (result != QUARANTINE_DONE)
		sql_rollback(st->db);
	else if (!sql_commit(st->db, err))
		result = QUARANTINE_FAILED;
out:
	tls_hash_free(st->hash);
	buf_fini(&st->body);
	report_fini(&st->report);
	volume_cache_clear(&st->volumes);
	keep_fini(&st->keep);
	return result;
}

enum quarantine_result
quarantine_release(struct sql *db, int64_t id, const char *reason,
    const char *who, int64_t now, struct quarantine_outcome *out,
    struct err *err)
{
	struct settle st = {.db = db,
	    .id = id,
	    .now = now,
	    .reason = reason,
	    .who = who,
	    .out = out};

	memset(out, 0, sizeof *out);
	return settle(&st, release, err);
}

enum quarantine_result
quarantine_discard(struct sql *db, int64_t id, const char *reason,
    const char *who, int64_t now, struct err *err)
{
	struct settle st = {
	    .db = db, .id = id, .now = now, .reason = reason, .who = who};

	return settle(&st, discard, err);
}
