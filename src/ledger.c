/*
 * ledger.c - reports into rows. In: a checked report, who sent it, when it
 * came. Out: its samples, each once, its row and its fact; or the first
 * answer again. Owns the tables named in ledger.h and a cache of volumes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "late.h"
#include "ledger.h"
#include "lib/utc.h"
#include "sample.h"
#include "source.h"
#include "token.h"
#include "volume.h"

struct reporter {
	struct source source;
	struct source_account *accounts; /* owned */
	int64_t *months; /* owned: a month that account_month has, or 0 */
	size_t account_count;
	int64_t token; /* last used, and noted at: */
	int64_t token_used_at;
};

struct ledger {
	struct sql *db;		    /* borrowed */
	struct sample_rows rows;    /* of the report at hand */
	struct tls_hash *fact_hash; /* owned */
	struct fact_head head;
	struct day_progress days; /* as the open transaction found it */
	bool open;
	int64_t data_version;
	int64_t open_quarantine; /* -1: not counted yet */
	int64_t closed_hour;	 /* the first one behind closed periods */
	struct volume_cache volumes;
	struct reporter *reporters; /* owned */
	size_t reporter_count;
};

/* One report on its way in. */
struct intake {
	struct ledger *ledger;
	struct reporter *reporter;
	const struct report *report;
	int64_t now_ms;
	int64_t fact;		 /* the row its fact will have */
	struct volume **retired; /* owned: volumes that it ends */
	size_t retired_count;
	struct ledger_answer *answer;
};

static const char *const reasons[] = {
    [LEDGER_FUTURE] = "future",
    [LEDGER_TOO_OLD] = "too_old",
    [LEDGER_SIZE_BINS_MISMATCH] = "size_bins_mismatch",
    [LEDGER_AFTER_RETIREMENT] = "after_retirement",
    [LEDGER_CONFLICT] = "conflict",
};

enum {
	REASON_COUNT = sizeof reasons / sizeof reasons[0]
};

const char *
ledger_reason_name(enum ledger_reason reason)
{
	return reasons[reason];
}

void
ledger_answer_fini(struct ledger_answer *answer)
{
	free(answer->quarantined);
	memset(answer, 0, sizeof *answer);
}

/* --- the cache --- */

static void
forget(struct ledger *l)
{
	volume_cache_clear(&l->volumes);
	for (size_t i = 0; i < l->reporter_count; i++) {
		free(l->reporters[i].accounts);
		free(l->reporters[i].months);
	}
	free(l->reporters);
	l->reporters = NULL;
	l->reporter_count = 0;
	l->open_quarantine = -1;
}

static struct reporter *
find_reporter(struct ledger *l, int64_t source, struct err *err)
{
	struct reporter *more, *r;

	for (size_t i = 0; i < l->reporter_count; i++)
		if (l->reporters[i].source.id == source)
			return &l->reporters[i];
	more = reallocarray(
	    l->reporters, l->reporter_count + 1, sizeof *l->reporters);
	if (more == NULL) {
		err_nomem(err);
		return NULL;
	}
	l->reporters = more;
	r = &more[l->reporter_count];
	memset(r, 0, sizeof *r);
	if (!source_load(l->db, source, &r->source, err) ||
	    !source_accounts(
		l->db, source, &r->accounts, &r->account_count, err))
		return NULL;
	r->months = calloc(r->account_count + 1, sizeof *r->months);
	if (r->months == NULL) {
		free(r->accounts);
		err_nomem(err);
		return NULL;
	}
	l->reporter_count++;
	return r;
}

/* --- one sample --- */

/* Rows of closed days know where a volume ends. */
static bool
note_end(struct ledger *l, const struct volume *v, int64_t at, struct err *err)
{
	return at == 0 ||
	       day_note_change(l->db, &l->days, at / UTC_HOUR_SECS, v->id, err);
}

static bool
note_retirement(
    struct intake *in, struct volume *v, int64_t retired_at, struct err *err)
{
	int64_t before = v->retired_at;
	bool changed;

	if (!volume_note_retirement(
		in->ledger->db, v, retired_at, in->fact, &changed, err))
		return false;
	if (!changed)
		return true;
	if (!late_mark_end(in->ledger->db, in->ledger->closed_hour, v->id,
		retired_at, in->fact, err) ||
	    !note_end(in->ledger, v, before, err) ||
	    !note_end(in->ledger, v, v->retired_at, err))
		return false;
	if (in->retired == NULL)
		in->retired =
		    calloc(in->report->volume_count, sizeof(struct volume *));
	if (in->retired == NULL)
		return err_nomem(err);
	in->retired[in->retired_count++] = v;
	return true;
}

static bool
count_quarantine(struct ledger *l, struct err *err)
{
	struct sql_stmt *s;

	if (l->open_quarantine >= 0)
		return true;
	s = sql_get(
	    l->db, "SELECT count(*) FROM quarantine WHERE state = 'open'", err);
	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	l->open_quarantine = sql_int(s, 0);
	sql_done(s);
	return true;
}

static bool
check_quarantine_room(struct ledger *l, struct err *err)
{
	return l->open_quarantine < LEDGER_MAX_QUARANTINE ||
	       err_set(err, ERR_BUSY,
		   "the quarantine is full (%d open samples); an operator has "
		   "to settle some",
		   LEDGER_MAX_QUARANTINE);
}

static bool
set_aside(struct intake *in, uint32_t index, int64_t account,
    enum ledger_reason reason, struct err *err)
{
	struct ledger_answer *a = in->answer;
	const struct report_volume *rv = &in->report->volumes[index];
	struct ledger_quarantined *more;
	struct sql_stmt *s;

	if (!check_quarantine_room(in->ledger, err))
		return false;
	more = reallocarray(
	    a->quarantined, a->quarantined_count + 1, sizeof *more);
	if (more == NULL)
		return err_nomem(err);
	a->quarantined = more;
	more[a->quarantined_count++] = (struct ledger_quarantined){
	    .index = index, .volume_id = rv->id, .reason = reason};
	s = sql_get(in->ledger->db,
	    "INSERT INTO quarantine (fact, position, volume_id, account,"
	    " reason, body) VALUES (?, ?, ?, ?, ?, ?)",
	    err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, in->fact);
	sql_bind_int(s, 2, index);
	sql_bind_blob(s, 3, rv->id.bytes, UUID_SIZE);
	sql_bind_int(s, 4, account);
	sql_bind_text(s, 5, reasons[reason]);
	sql_bind_text_len(s, 6, rv->json, rv->json_len);
	in->ledger->open_quarantine++;
	return sql_run(s, err);
}

/* Whether the sample itself, before the volume is looked at, must wait. */
static bool
is_doubtful(const struct intake *in, const struct report_volume *rv,
    enum ledger_reason *reason)
{
	int64_t ms = rv->sampled_at * 1000 + rv->sampled_nanos / 1000000;

	if (ms > in->now_ms + LEDGER_MAX_FUTURE_SECS * INT64_C(1000))
		*reason = LEDGER_FUTURE;
	else if (ms < in->now_ms - LEDGER_MAX_AGE_SECS * INT64_C(1000) ||
		 rv->sampled_at / UTC_DAY_SECS <= in->ledger->days.removed_day)
		*reason = LEDGER_TOO_OLD;
	else if (!sample_bins_add_up(in->report, rv))
		*reason = LEDGER_SIZE_BINS_MISMATCH;
	else
		return false;
	return true;
}

static bool
note_account_month(
    struct intake *in, size_t payer, int64_t month, struct err *err)
{
	struct sql_stmt *s;

	if (in->reporter->months[payer] == month)
		return true;
	s = sql_get(in->ledger->db,
	    "INSERT INTO account_month (account, month) VALUES (?, ?)"
	    " ON CONFLICT DO NOTHING",
	    err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, in->reporter->accounts[payer].id);
	sql_bind_int(s, 2, month);
	in->reporter->months[payer] = month;
	return sql_run(s, err);
}

/* A sample that is new, of a month that may be closed. */
static bool
count_stored(struct intake *in, const struct volume *v, int64_t hour, bool late,
    struct err *err)
{
	struct ledger *l = in->ledger;

	in->answer->stored++;
	return day_note_change(l->db, &l->days, hour, v->id, err) &&
	       (!late || late_mark_sample(l->db, l->closed_hour, v->id, hour,
			     in->fact, err));
}

static bool
take_sample(struct intake *in, uint32_t index, size_t payer, struct err *err)
{
	const struct report_volume *rv = &in->report->volumes[index];
	int64_t account = in->reporter->accounts[payer].id;
	int64_t hour = rv->sampled_at / UTC_HOUR_SECS;
	struct ledger *l = in->ledger;
	bool late;
	enum ledger_reason reason;
	struct sample_place place;
	struct volume *v;

	if (is_doubtful(in, rv, &reason))
		return set_aside(in, index, account, reason, err);
	v = volume_find(l->db, &l->volumes, &rv->id, rv->created_at, err);
	if (v == NULL || !note_retirement(in, v, rv->retired_at, err))
		return false;
	if (v->retired_at != 0 && rv->sampled_at > v->retired_at)
		return set_aside(
		    in, index, account, LEDGER_AFTER_RETIREMENT, err);
	if (!volume_note_name(l->db, v, &rv->name, err) ||
	    !volume_note_region(l->db, v, &rv->region, err) ||
	    !volume_note_month(l->db, v, account, rv->sampled_at, err) ||
	    !note_account_month(in, payer, v->month, err) ||
	    !late_look(l->db, l->closed_hour, v, hour, &late, err))
		return false;
	place = (struct sample_place){.volume = v->id,
	    .account = account,
	    .name = v->name_id,
	    .fact = in->fact};
	switch (sample_insert(l->db, &l->rows, in->report, rv, &place, err)) {
	case SAMPLE_STORED:
		return count_stored(in, v, hour, late, err);
	case SAMPLE_KNOWN:
		in->answer->duplicates++;
		return true;
	case SAMPLE_OTHER:
		return set_aside(in, index, account, LEDGER_CONFLICT, err);
	default:
		return false;
	}
}

/* --- one report --- */

static bool
is_name(const char *a, const struct report_text *b)
{
	return strlen(a) == b->len && memcmp(a, b->text, b->len) == 0;
}

/* The account of each volume, as an index into the reporter's, is settled
 * before any row is written. */
static enum ledger_result
resolve_accounts(const struct reporter *r, const struct report *report,
    size_t *payers, size_t *at)
{
	for (size_t i = 0; i < report->volume_count; i++) {
		const struct report_text *name = &report->volumes[i].account;
		size_t a = 0;

		*at = i;
		if (name->len == 0 && r->account_count != 1)
			return LEDGER_UNNAMED;
		while (name->len > 0 && a < r->account_count &&
		       !is_name(r->accounts[a].name, name))
			a++;
		if (a == r->account_count)
			return LEDGER_DENIED;
		payers[i] = a;
	}
	return LEDGER_STORED;
}

static bool
insert_report(struct intake *in, struct err *err)
{
	const struct ledger_answer *a = in->answer;
	struct sql_stmt *s = sql_get(in->ledger->db,
	    "INSERT INTO report (source, report_id, fact, sent_at, skew_ms,"
	    " stored, duplicates, quarantined, unknown_members, complete)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, in->reporter->source.id);
	sql_bind_blob(s, 2, a->report_id.bytes, UUID_SIZE);
	sql_bind_int(s, 3, in->fact);
	sql_bind_int(s, 4, in->report->sent_at);
	sql_bind_int(s, 5, a->skew_ms);
	sql_bind_int(s, 6, a->stored);
	sql_bind_int(s, 7, a->duplicates);
	sql_bind_int(s, 8, (int64_t)a->quarantined_count);
	sql_bind_int(s, 9, a->unknown_members);
	sql_bind_int(s, 10, in->report->complete);
	return sql_run(s, err);
}

static bool
state_facts(struct intake *in, const uint8_t *body_sha256, struct err *err)
{
	struct ledger *l = in->ledger;
	uint8_t rows_sha256[FACT_HASH_SIZE];
	char who[SOURCE_NAME_SIZE + 8], subject[UUID_TEXT_SIZE];
	char detail[160], when[UTC_TEXT_SIZE];
	struct fact fact = {.at = in->now_ms / 1000,
	    .kind = "report.accepted",
	    .who = who,
	    .subject = subject,
	    .detail = detail,
	    .body_sha256 = body_sha256,
	    .rows_sha256 = rows_sha256};

	sample_rows_digest(&l->rows, l->fact_hash, rows_sha256);
	snprintf(who, sizeof who, "source:%s", in->reporter->source.name);
	uuid_format(&in->answer->report_id, subject);
	snprintf(detail, sizeof detail,
	    "stored=%lld duplicates=%lld quarantined=%zu",
	    (long long)in->answer->stored, (long long)in->answer->duplicates,
	    in->answer->quarantined_count);
	if (!fact_append(l->db, l->fact_hash, &l->head, &fact, err))
		return false;
	memcpy(in->answer->head, l->head.hash, FACT_HASH_SIZE);
	fact.kind = "volume.retired";
	fact.body_sha256 = fact.rows_sha256 = NULL;
	for (size_t i = 0; i < in->retired_count; i++) {
		uuid_format(&in->retired[i]->uuid, subject);
		snprintf(detail, sizeof detail, "retired_at=%s",
		    utc_format(in->retired[i]->retired_at, when));
		if (!fact_append(l->db, l->fact_hash, &l->head, &fact, err))
			return false;
	}
	return true;
}

/* Most reports come with the token of the one before, and soon after. */
static bool
note_token(struct intake *in, int64_t token, struct err *err)
{
	struct reporter *r = in->reporter;
	int64_t now = in->now_ms / 1000;

	if (r->token == token && now < r->token_used_at + TOKEN_USE_STEP_SECS)
		return true;
	r->token = token;
	r->token_used_at = now;
	return token_used(in->ledger->db, token, now, err);
}

static bool
take_all(struct intake *in, const size_t *payers, int64_t token,
    const uint8_t *body_sha256, struct err *err)
{
	sample_rows_clear(&in->ledger->rows);
	for (size_t i = 0; i < in->report->volume_count; i++)
		if (!take_sample(in, (uint32_t)i, payers[i], err))
			return false;
	return state_facts(in, body_sha256, err) && insert_report(in, err) &&
	       note_token(in, token, err);
}

static bool
run(struct sql *db, const char *literal, struct err *err)
{
	struct sql_stmt *s = sql_get(db, literal, err);

	return s != NULL && sql_run(s, err);
}

/* Whether this report may be refused half way, for want of room in the
 * quarantine, so that the others of its group need protection from it. */
static bool
may_be_refused(struct intake *in, bool *may, struct err *err)
{
	struct ledger *l = in->ledger;

	if (!count_quarantine(l, err))
		return false;
	*may = l->open_quarantine + (int64_t)in->report->volume_count >
	       LEDGER_MAX_QUARANTINE;
	return true;
}

/*
 * The report's row, its fact and its samples are in together or not at all.
 * What can go wrong here is the disk or memory, and then the whole
 * transaction goes: a savepoint for each report costs a twentieth of the
 * work. Only a report that may not find room in the quarantine gets one.
 */
static bool
take_report(struct intake *in, const size_t *payers, int64_t token,
    const uint8_t *body_sha256, struct err *err)
{
	struct ledger *l = in->ledger;
	struct fact_head before = l->head;
	struct err ignored = ERR_INIT;
	bool careful = false, undone;

	if (may_be_refused(in, &careful, err) &&
	    (!careful || run(l->db, "SAVEPOINT report", err)) &&
	    take_all(in, payers, token, body_sha256, err) &&
	    (!careful || run(l->db, "RELEASE report", err)))
		return true;
	/* A full disk has rolled the whole transaction back already. */
	undone = careful && sql_in_transaction(l->db) &&
		 run(l->db, "ROLLBACK TO report", &ignored) &&
		 run(l->db, "RELEASE report", &ignored);
	if (!undone)
		sql_rollback(l->db);
	l->head = before;
	forget(l);
	return false;
}

/* --- what became of it --- */

static bool
load_quarantined(
    struct ledger *l, int64_t fact, struct ledger_answer *a, struct err *err)
{
	struct sql_stmt *s = sql_get(l->db,
	    "SELECT position, volume_id, reason FROM quarantine"
	    " WHERE fact = ? ORDER BY position",
	    err);
	enum sql_result result = SQL_FAILED;
	struct ledger_quarantined *q, *more;
	const void *id;
	size_t len;

	if (s != NULL)
		sql_bind_int(s, 1, fact);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		more = reallocarray(
		    a->quarantined, a->quarantined_count + 1, sizeof *more);
		if (more == NULL) {
			sql_done(s);
			return err_nomem(err);
		}
		a->quarantined = more;
		q = &more[a->quarantined_count++];
		memset(q, 0, sizeof *q);
		q->index = (uint32_t)sql_int(s, 0);
		id = sql_blob(s, 1, &len);
		if (len == UUID_SIZE)
			memcpy(q->volume_id.bytes, id, len);
		for (int r = 0; r < REASON_COUNT; r++)
			if (strcmp(sql_text(s, 2), reasons[r]) == 0)
				q->reason = (enum ledger_reason)r;
	}
	return result == SQL_END;
}

/* LEDGER_REPLAYED with the answer and the body's digest, or LEDGER_STORED
 * when the id is free. */
static enum ledger_result
find_report(struct ledger *l, int64_t source, const struct uuid *report_id,
    struct ledger_answer *a, uint8_t body_sha256[FACT_HASH_SIZE],
    struct err *err)
{
	struct sql_stmt *s = sql_get(l->db,
	    "SELECT r.fact, f.at, r.skew_ms, r.stored, r.duplicates,"
	    " r.quarantined, r.unknown_members, f.body_sha256, f.hash"
	    " FROM report r JOIN fact f ON f.seq = r.fact"
	    " WHERE r.source = ? AND r.report_id = ?",
	    err);
	enum sql_result result;
	const void *body, *hash;
	size_t body_len, hash_len, quarantined;
	int64_t fact;

	if (s == NULL)
		return LEDGER_FAILED;
	sql_bind_int(s, 1, source);
	sql_bind_blob(s, 2, report_id->bytes, UUID_SIZE);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END ? LEDGER_STORED : LEDGER_FAILED;
	a->report_id = *report_id;
	fact = sql_int(s, 0);
	a->received_at = sql_int(s, 1);
	a->skew_ms = sql_int(s, 2);
	a->stored = sql_int(s, 3);
	a->duplicates = sql_int(s, 4);
	quarantined = (size_t)sql_int(s, 5);
	a->unknown_members = sql_int(s, 6);
	body = sql_blob(s, 7, &body_len);
	hash = sql_blob(s, 8, &hash_len);
	if (body_len == FACT_HASH_SIZE && hash_len == FACT_HASH_SIZE) {
		memcpy(body_sha256, body, FACT_HASH_SIZE);
		memcpy(a->head, hash, FACT_HASH_SIZE);
	}
	sql_done(s);
	if (body_len != FACT_HASH_SIZE || hash_len != FACT_HASH_SIZE) {
		err_set(
		    err, ERR_BROKEN, "fact %lld is damaged", (long long)fact);
		return LEDGER_FAILED;
	}
	if (quarantined > 0 && !load_quarantined(l, fact, a, err)) {
		ledger_answer_fini(a);
		return LEDGER_FAILED;
	}
	return LEDGER_REPLAYED;
}

enum ledger_result
ledger_find_report(struct ledger *ledger, int64_t source,
    const struct uuid *report_id, struct ledger_answer *answer, struct err *err)
{
	uint8_t body_sha256[FACT_HASH_SIZE];
	enum ledger_result result =
	    find_report(ledger, source, report_id, answer, body_sha256, err);

	return result == LEDGER_STORED ? LEDGER_REUSED : result;
}

static enum ledger_result
add_new(struct intake *in, int64_t source, int64_t token,
    const uint8_t *body_sha256, size_t *at, struct err *err)
{
	const struct report *report = in->report;
	struct ledger_answer *a = in->answer;
	enum ledger_result result = LEDGER_FAILED;
	size_t *payers = calloc(report->volume_count + 1, sizeof *payers);

	in->reporter = find_reporter(in->ledger, source, err);
	if (payers == NULL)
		err_nomem(err);
	else if (in->reporter != NULL)
		result = resolve_accounts(in->reporter, report, payers, at);
	if (result == LEDGER_STORED) {
		a->report_id = report->report_id;
		a->received_at = in->now_ms / 1000;
		a->skew_ms = report->sent_at * 1000 +
			     report->sent_nanos / 1000000 - in->now_ms;
		a->unknown_members = report->unknown_members;
		if (!take_report(in, payers, token, body_sha256, err)) {
			ledger_answer_fini(a);
			result = LEDGER_FAILED;
		}
	}
	free(in->retired);
	free(payers);
	return result;
}

enum ledger_result
ledger_add_report(struct ledger *ledger, int64_t source, int64_t token,
    const struct report *report, const uint8_t body_sha256[FACT_HASH_SIZE],
    int64_t now_ms, struct ledger_answer *answer, size_t *at, struct err *err)
{
	struct intake in = {.ledger = ledger,
	    .report = report,
	    .now_ms = now_ms,
	    .fact = ledger->head.seq + 1,
	    .answer = answer};
	uint8_t known[FACT_HASH_SIZE];
	enum ledger_result result;

	*at = 0;
	result =
	    find_report(ledger, source, &report->report_id, answer, known, err);
	if (result == LEDGER_STORED)
		return add_new(&in, source, token, body_sha256, at, err);
	if (result == LEDGER_REPLAYED &&
	    memcmp(known, body_sha256, sizeof known) != 0) {
		ledger_answer_fini(answer);
		return LEDGER_REUSED;
	}
	return result;
}

/* --- the transaction --- */

struct ledger *
ledger_open(struct sql *db, struct err *err)
{
	struct ledger *l = calloc(1, sizeof *l);

	if (l == NULL) {
		err_nomem(err);
		return NULL;
	}
	l->db = db;
	l->open_quarantine = -1;
	l->data_version = -1;
	l->fact_hash = tls_hash_new(err);
	if (l->fact_hash == NULL) {
		ledger_close(l);
		return NULL;
	}
	return l;
}

void
ledger_close(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	ledger_rollback(ledger);
	forget(ledger);
	sample_rows_fini(&ledger->rows);
	tls_hash_free(ledger->fact_hash);
	free(ledger);
}

bool
ledger_begin(struct ledger *ledger, struct err *err)
{
	int64_t version;

	if (ledger->open)
		/* SQLite rolls back by itself when the disk is full: what
		 * was taken before is gone, and must not be committed as if
		 * it were there. */
		return sql_in_transaction(ledger->db) ||
		       err_set(err, ERR_BUSY,
			   "the transaction was rolled back: the disk is full");
	if (!sql_begin(ledger->db, err))
		return false;
	ledger->open = true;
	version = sql_data_version(ledger->db);
	if (version != ledger->data_version)
		forget(ledger);
	ledger->data_version = version;
	if (late_closed_hour(ledger->db, &ledger->closed_hour, err) &&
	    fact_load_head(ledger->db, &ledger->head, err) &&
	    day_load_progress(ledger->db, &ledger->days, err))
		return true;
	ledger_rollback(ledger);
	return false;
}

bool
ledger_commit(struct ledger *ledger, struct err *err)
{
	if (!ledger->open)
		return true;
	if (!sql_in_transaction(ledger->db)) {
		ledger_rollback(ledger);
		return err_set(err, ERR_BUSY,
		    "the transaction was rolled back: the disk is full");
	}
	if (!sql_commit(ledger->db, err)) {
		ledger_rollback(ledger);
		return false;
	}
	ledger->open = false;
	return true;
}

void
ledger_rollback(struct ledger *ledger)
{
	if (!ledger->open)
		return;
	sql_rollback(ledger->db);
	ledger->open = false;
	forget(ledger);
}
