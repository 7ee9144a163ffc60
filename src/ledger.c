/*
 * ledger.c - reports into rows. In: a checked report, who sent it, when it
 * came. Out: its samples, each once, its row and its facts; or the first
 * answer again. Owns the table report and a cache of volumes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keep.h"
#include "ledger.h"
#include "ledger_part.h"
#include "lib/utc.h"
#include "quarantine.h"
#include "roster.h"
#include "sample.h"
#include "source.h"
#include "token.h"
#include "volume.h"

struct reporter {
	struct source source;
	struct source_account *accounts; /* owned */
	size_t account_count;
	int64_t expected; /* volumes of its roster; -1: not counted */
	int64_t sent_at;  /* of its reports, the latest */
	int64_t token;	  /* last used, and noted at: */
	int64_t token_used_at;
};

/* A fact that follows that of the report. */
struct later {
	const char *kind; /* static */
	struct uuid volume_id;
	char detail[SAMPLE_CHANGE_SIZE];
	const char *body; /* borrowed from the report; NULL: none */
	size_t body_len;
};

struct ledger {
	struct sql *db;	     /* borrowed */
	struct keep keep;    /* how what is taken is stored */
	struct later *later; /* owned: of the report at hand */
	size_t later_count, later_cap;
	struct tls_hash *fact_hash; /* owned */
	struct fact_head head;
	bool open;
	struct ledger_limits limits;
	const struct grant_signer *signer; /* borrowed; NULL: none */
	int64_t data_version;
	int64_t open_quarantine; /* -1: not counted yet */
	struct volume_cache volumes;
	struct tally *tally;	    /* borrowed; NULL: nobody wants to know */
	struct reporter *reporters; /* owned */
	size_t reporter_count;
};

/* One report on its way in. */
struct intake {
	struct ledger *ledger;
	struct reporter *reporter;
	const struct report *report;
	int64_t now_ms;
	int64_t fact;	    /* the row its fact will have */
	int64_t present;    /* volumes of the source's roster that it lists */
	struct grant grant; /* that it wants */
	bool grant_is_new;
	struct ledger_answer *answer;
};

/* --- the cache --- */

void
ledger_forget(struct ledger *l)
{
	volume_cache_clear(&l->volumes);
	for (size_t i = 0; i < l->reporter_count; i++)
		free(l->reporters[i].accounts);
	free(l->reporters);
	l->reporters = NULL;
	l->reporter_count = 0;
	l->open_quarantine = -1;
	tally_forget(l->tally);
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
	r->expected = -1;
	if (!source_load(l->db, source, &r->source, err) ||
	    !source_accounts(
		l->db, source, &r->accounts, &r->account_count, err))
		return NULL;
	l->reporter_count++;
	return r;
}

/* --- one sample --- */

/* The next fact behind that of the report; NULL without memory. */
static struct later *
add_later(struct intake *in, const char *kind, const struct uuid *volume_id,
    struct err *err)
{
	struct ledger *l = in->ledger;
	struct later *more;
	size_t cap;

	if (l->later_count == l->later_cap) {
		cap = l->later_cap > 0 ? 2 * l->later_cap : 16;
		more = reallocarray(l->later, cap, sizeof *more);
		if (more == NULL) {
			err_nomem(err);
			return NULL;
		}
		l->later = more;
		l->later_cap = cap;
	}
	more = &l->later[l->later_count++];
	memset(more, 0, sizeof *more);
	more->kind = kind;
	more->volume_id = *volume_id;
	return more;
}

static bool
note_retirement(
    struct intake *in, struct volume *v, int64_t retired_at, struct err *err)
{
	char when[UTC_TEXT_SIZE];
	struct later *later;
	bool changed;

	if (!keep_end(&in->ledger->keep, v, retired_at, &changed, err))
		return false;
	if (!changed)
		return true;
	tally_note_end(in->ledger->tally, v->id, v->retired_at);
	later = add_later(in, "volume.retired", &v->uuid, err);
	if (later == NULL)
		return false;
	snprintf(later->detail, sizeof later->detail, "retired_at=%s",
	    utc_format(v->retired_at, when));
	return true;
}

static bool
count_quarantine(struct ledger *l, struct err *err)
{
	return l->open_quarantine >= 0 ||
	       quarantine_count(l->db, &l->open_quarantine, err);
}

static bool
check_quarantine_room(struct ledger *l, struct err *err)
{
	return l->open_quarantine < l->limits.open_quarantine ||
	       err_set(err, ERR_BUSY,
		   "the quarantine is full (%lld open samples); an operator "
		   "has to settle some",
		   (long long)l->limits.open_quarantine);
}

static bool
set_aside(struct intake *in, uint32_t index, const struct source_account *payer,
    enum quarantine_reason reason, struct err *err)
{
	struct ledger_answer *a = in->answer;
	const struct report_volume *rv = &in->report->volumes[index];
	struct quarantine_mark *more;
	struct later *later;

	if (!check_quarantine_room(in->ledger, err))
		return false;
	more = reallocarray(
	    a->quarantined, a->quarantined_count + 1, sizeof *more);
	if (more == NULL)
		return err_nomem(err);
	a->quarantined = more;
	more += a->quarantined_count++;
	*more = (struct quarantine_mark){
	    .index = index, .volume_id = rv->id, .reason = reason};
	in->ledger->open_quarantine++;
	if (!quarantine_add(in->ledger->db, in->fact, payer->id, rv, more, err))
		return false;
	later = add_later(in, "sample.quarantined", &rv->id, err);
	if (later == NULL)
		return false;
	snprintf(later->detail, sizeof later->detail,
	    "reason=%s quarantine=%lld position=%u account=%s",
	    quarantine_reason_name(reason), (long long)more->id, index,
	    payer->name);
	later->body = rv->json;
	later->body_len = rv->json_len;
	return true;
}

/* Whether the sample itself, before the volume is looked at, must wait. */
static bool
is_doubtful(const struct intake *in, const struct report_volume *rv,
    enum quarantine_reason *reason)
{
	const struct ledger_limits *limits = &in->ledger->limits;
	int64_t ms = rv->sampled_at * 1000 + rv->sampled_nanos / 1000000;

	if (ms > in->now_ms + limits->max_future_secs * 1000)
		*reason = QUARANTINE_FUTURE;
	else if (ms < in->now_ms - limits->max_age_secs * 1000 ||
		 keep_is_removed(&in->ledger->keep, rv->sampled_at))
		*reason = QUARANTINE_TOO_OLD;
	else if (!sample_bins_add_up(in->report, rv))
		*reason = QUARANTINE_SIZE_BINS_MISMATCH;
	else
		return false;
	return true;
}

static void
tell_tally(struct tally *tally, const struct report_volume *rv,
    const struct sample_place *place)
{
	tally_note(
	    tally, &(struct tally_sample){.volume = place->volume->id,
		       .account = place->account,
		       .hour = rv->sampled_at / UTC_HOUR_SECS,
		       .nanos = rv->sampled_at % UTC_HOUR_SECS * 1000000000 +
				rv->sampled_nanos,
		       .revision = rv->revision,
		       .bytes = rv->bytes});
}

/* before is the row that counted for its instant until now. */
static bool
note_stored(struct intake *in, const struct sample_place *place,
    const struct report_volume *rv, const struct sample_known *before,
    struct err *err)
{
	struct sql *db = in->ledger->db;
	struct volume *v = place->volume;
	struct later *later;

	in->answer->stored++;
	tell_tally(in->ledger->tally, rv, place);
	if (!volume_note_source(db, v, in->reporter->source.id, err) ||
	    !volume_note_missing(db, v, 0, err))
		return false;
	if (!before->there)
		return true;
	later = add_later(in, "sample.superseded", &rv->id, err);
	if (later != NULL)
		sample_format_change(rv, before, later->detail);
	return later != NULL;
}

static bool
take_of_volume(struct intake *in, uint32_t index,
    const struct source_account *payer, struct volume *v, struct err *err)
{
	const struct report_volume *rv = &in->report->volumes[index];
	const struct sample_place place = {
	    .volume = v, .account = payer->id, .fact = in->fact};
	struct sample_known before;

	if (!note_retirement(in, v, rv->retired_at, err))
		return false;
	if (v->retired_at != 0 && rv->sampled_at > v->retired_at)
		return set_aside(
		    in, index, payer, QUARANTINE_AFTER_RETIREMENT, err);
	switch (keep_sample(
	    &in->ledger->keep, in->report, rv, &place, &before, err)) {
	case SAMPLE_STORED:
		return note_stored(in, &place, rv, &before, err);
	case SAMPLE_KNOWN:
		in->answer->duplicates++;
		return true;
	case SAMPLE_OTHER:
		return set_aside(in, index, payer, QUARANTINE_CONFLICT, err);
	default:
		return false;
	}
}

/* Whether a volume is of the source's roster, and was listed. */
static bool
is_present(const struct intake *in, const struct volume *v)
{
	return v->seen_in == in->fact &&
	       roster_source_of(v) == in->reporter->source.id;
}

static void
move_expected(struct ledger *l, int64_t source, int64_t by)
{
	for (size_t i = 0; i < l->reporter_count; i++)
		if (l->reporters[i].source.id == source &&
		    l->reporters[i].expected >= 0)
			l->reporters[i].expected += by;
}

/* A complete report lists what it says of a volume that is set aside, too. */
static bool
note_listed(struct intake *in, const struct uuid *id, struct err *err)
{
	struct volume *v;

	if (!in->report->complete)
		return true;
	if (!volume_look_up(in->ledger->db, &in->ledger->volumes, id, &v, err))
		return false;
	if (v != NULL && v->seen_in != in->fact) {
		v->seen_in = in->fact;
		in->present += is_present(in, v);
	}
	return true;
}

static bool
take_sample(struct intake *in, uint32_t index, size_t payer, struct err *err)
{
	const struct report_volume *rv = &in->report->volumes[index];
	const struct source_account *account = &in->reporter->accounts[payer];
	struct ledger *l = in->ledger;
	enum quarantine_reason reason;
	int64_t source;
	struct volume *v;
	bool present;

	if (is_doubtful(in, rv, &reason))
		return note_listed(in, &rv->id, err) &&
		       set_aside(in, index, account, reason, err);
	v = volume_find(l->db, &l->volumes, &rv->id, rv->created_at, err);
	if (v == NULL)
		return false;
	source = roster_source_of(v);
	present = is_present(in, v);
	v->seen_in = in->fact;
	if (!take_of_volume(in, index, account, v, err))
		return false;
	in->present += is_present(in, v) - present;
	if (source != roster_source_of(v)) {
		move_expected(l, source, -1);
		move_expected(l, roster_source_of(v), 1);
	}
	return true;
}

/* --- a complete report --- */

static bool
note_missing(struct intake *in, struct volume *v, struct err *err)
{
	int64_t now = in->now_ms / 1000;
	struct later *later = add_later(in, "volume.missing", &v->uuid, err);
	char when[UTC_TEXT_SIZE];

	if (later == NULL)
		return false;
	snprintf(later->detail, sizeof later->detail, "missing_since=%s",
	    utc_format(now, when));
	in->reporter->expected--;
	return volume_note_missing(in->ledger->db, v, now, err);
}

static bool
find_missing(struct intake *in, struct err *err)
{
	struct ledger *l = in->ledger;
	struct uuid *list = NULL;
	size_t count = 0;
	struct volume *v;
	bool ok;

	ok = roster_list(l->db, in->reporter->source.id, &list, &count, err);
	for (size_t i = 0; ok && i < count; i++) {
		v = volume_find(l->db, &l->volumes, &list[i], 0, err);
		ok = v != NULL &&
		     (v->seen_in == in->fact || note_missing(in, v, err));
	}
	free(list);
	return ok;
}

/* One that was sent before what is known already says nothing of now. */
static bool
check_complete(struct intake *in, struct err *err)
{
	struct reporter *r = in->reporter;
	bool newest = in->report->sent_at >= r->sent_at;

	if (newest)
		r->sent_at = in->report->sent_at;
	if (!in->report->complete || !newest)
		return true;
	if (r->expected < 0 &&
	    !roster_count(in->ledger->db, r->source.id, &r->expected, err))
		return false;
	return in->present == r->expected || find_missing(in, err);
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
state_later(struct intake *in, const struct later *later, const char *who,
    struct err *err)
{
	struct ledger *l = in->ledger;
	uint8_t body_sha256[FACT_HASH_SIZE];
	char subject[UUID_TEXT_SIZE];
	struct fact fact = {.at = in->now_ms / 1000,
	    .kind = later->kind,
	    .who = who,
	    .subject = uuid_format(&later->volume_id, subject),
	    .detail = later->detail};

	if (later->body != NULL) {
		tls_hash_reset(l->fact_hash);
		tls_hash_add(l->fact_hash, later->body, later->body_len);
		tls_hash_final(l->fact_hash, body_sha256);
		fact.body_sha256 = body_sha256;
	}
	return fact_append(l->db, l->fact_hash, &l->head, &fact, err);
}

/* A new grant is a row before the report's, and a fact behind it. */
static bool
provide_grant(struct intake *in, struct err *err)
{
	struct ledger *l = in->ledger;

	if (!in->report->want_grant || !grant_signer_present(l->signer))
		return true;
	if (!grant_provide(l->db, l->signer, &in->reporter->source,
		in->now_ms / 1000, &in->grant, &in->grant_is_new, err))
		return false;
	in->answer->grant_id = in->grant.id;
	in->answer->grant = strdup(in->grant.text);
	return in->answer->grant != NULL || err_nomem(err);
}

/* That of the report comes first: its hash is in the answer. */
static bool
state_facts(struct intake *in, const uint8_t *body_sha256, struct err *err)
{
	struct ledger *l = in->ledger;
	uint8_t rows_sha256[FACT_HASH_SIZE];
	char who[SOURCE_NAME_SIZE + 8], subject[UUID_TEXT_SIZE], detail[160];
	struct fact fact = {.at = in->now_ms / 1000,
	    .kind = "report.accepted",
	    .who = who,
	    .subject = subject,
	    .detail = detail,
	    .body_sha256 = body_sha256,
	    .rows_sha256 = rows_sha256};

	sample_rows_digest(&l->keep.rows, l->fact_hash, rows_sha256);
	snprintf(who, sizeof who, "source:%s", in->reporter->source.name);
	uuid_format(&in->answer->report_id, subject);
	ledger_answer_detail(in->answer, detail, sizeof detail);
	if (!fact_append(l->db, l->fact_hash, &l->head, &fact, err))
		return false;
	memcpy(in->answer->head, l->head.hash, FACT_HASH_SIZE);
	for (size_t i = 0; i < l->later_count; i++)
		if (!state_later(in, &l->later[i], who, err))
			return false;
	return !in->grant_is_new ||
	       grant_state(l->db, l->fact_hash, &l->head, &in->grant, who, err);
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
	keep_begin(&in->ledger->keep, in->fact, in->now_ms / 1000);
	in->ledger->later_count = 0;
	for (size_t i = 0; i < in->report->volume_count; i++)
		if (!take_sample(in, (uint32_t)i, payers[i], err))
			return false;
	return check_complete(in, err) && provide_grant(in, err) &&
	       state_facts(in, body_sha256, err) &&
	       ledger_answer_insert(in->ledger->db, in->reporter->source.id,
		   in->report, in->answer, err) &&
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
	       l->limits.open_quarantine;
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
	ledger_forget(l);
	return false;
}

/* --- what became of it --- */

enum ledger_result
ledger_find_report(struct ledger *ledger, int64_t source,
    const struct uuid *report_id, struct ledger_answer *answer, struct err *err)
{
	uint8_t body_sha256[FACT_HASH_SIZE];
	enum ledger_result result = ledger_answer_load(
	    ledger->db, source, report_id, answer, body_sha256, err);

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
		a->fact = in->fact;
		a->received_at = in->now_ms / 1000;
		a->skew_ms = report->sent_at * 1000 +
			     report->sent_nanos / 1000000 - in->now_ms;
		a->unknown_members = report->unknown_members;
		if (!take_report(in, payers, token, body_sha256, err)) {
			ledger_answer_fini(a);
			result = LEDGER_FAILED;
		}
		grant_fini(&in->grant);
	}
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
	result = ledger_answer_load(
	    ledger->db, source, &report->report_id, answer, known, err);
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
	l->db = l->keep.db = db;
	l->limits = (struct ledger_limits)LEDGER_LIMITS_DEFAULT;
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
	ledger_forget(ledger);
	keep_fini(&ledger->keep);
	free(ledger->later);
	tls_hash_free(ledger->fact_hash);
	free(ledger);
}

void
ledger_set_tally(struct ledger *ledger, struct tally *tally)
{
	ledger->tally = tally;
}

bool
ledger_count_quarantine(struct ledger *ledger, int64_t *open, struct err *err)
{
	int64_t version = sql_data_version(ledger->db);

	if (!ledger->open && version != ledger->data_version) {
		ledger_forget(ledger);
		ledger->data_version = version;
	}
	if (!count_quarantine(ledger, err))
		return false;
	*open = ledger->open_quarantine;
	return true;
}

void
ledger_set_limits(struct ledger *ledger, const struct ledger_limits *limits)
{
	ledger->limits = *limits;
}

void
ledger_set_signer(struct ledger *ledger, const struct grant_signer *signer)
{
	ledger->signer = signer;
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
		ledger_forget(ledger);
	ledger->data_version = version;
	if (keep_load(&ledger->keep, err) &&
	    fact_load_head(ledger->db, &ledger->head, err))
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
	ledger_forget(ledger);
}
