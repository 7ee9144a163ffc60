/*
 * ledger_answer.c - what became of a report, and again. In: answers; rows of
 * reports that were taken. Out: rows; answers, as they were given the first
 * time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "ledger_part.h"
#include "lib/json.h"

void
ledger_answer_fini(struct ledger_answer *answer)
{
	free(answer->quarantined);
	free(answer->grant);
	memset(answer, 0, sizeof *answer);
}

/* --- taken down --- */

bool
ledger_answer_insert(struct sql *db, int64_t source,
    const struct report *report, const struct ledger_answer *a, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO report (source, report_id, fact, sent_at, skew_ms,"
	    " stored, duplicates, quarantined, unknown_members, complete,"
	    " license_grant)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0))",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	sql_bind_blob(s, 2, a->report_id.bytes, UUID_SIZE);
	sql_bind_int(s, 3, a->fact);
	sql_bind_int(s, 4, report->sent_at);
	sql_bind_int(s, 5, a->skew_ms);
	sql_bind_int(s, 6, a->stored);
	sql_bind_int(s, 7, a->duplicates);
	sql_bind_int(s, 8, (int64_t)a->quarantined_count);
	sql_bind_int(s, 9, a->unknown_members);
	sql_bind_int(s, 10, report->complete);
	sql_bind_int(s, 11, a->grant_id);
	return sql_run(s, err);
}

/* Without a grant as it was before there were any. */
void
ledger_answer_detail(const struct ledger_answer *a, char *out, size_t size)
{
	int n = snprintf(out, size,
	    "stored=%lld duplicates=%lld quarantined=%zu", (long long)a->stored,
	    (long long)a->duplicates, a->quarantined_count);

	if (a->grant_id != 0)
		snprintf(out + n, size - (size_t)n, " grant=%lld",
		    (long long)a->grant_id);
}

/* --- and again --- */

static void
read_row(struct sql_stmt *s, struct ledger_answer *a)
{
	a->fact = sql_int(s, 0);
	a->received_at = sql_int(s, 1);
	a->skew_ms = sql_int(s, 2);
	a->stored = sql_int(s, 3);
	a->duplicates = sql_int(s, 4);
	a->unknown_members = sql_int(s, 5);
}

/* The digests of the fact, in the columns 6 and 7. */
static bool
read_digests(struct sql_stmt *s, struct ledger_answer *a,
    uint8_t body_sha256[FACT_HASH_SIZE], struct err *err)
{
	const void *body, *hash;
	size_t body_len, hash_len;

	body = sql_blob(s, 6, &body_len);
	hash = sql_blob(s, 7, &hash_len);
	if (body_len != FACT_HASH_SIZE || hash_len != FACT_HASH_SIZE)
		return err_set(err, ERR_BROKEN, "fact %lld is damaged",
		    (long long)a->fact);
	memcpy(body_sha256, body, FACT_HASH_SIZE);
	memcpy(a->head, hash, FACT_HASH_SIZE);
	return true;
}

/* The grant as it was given, and its row, in columns 9 and 10. */
static bool
read_grant(struct sql_stmt *s, struct ledger_answer *a, struct err *err)
{
	if (sql_is_null(s, 9))
		return true;
	a->grant_id = sql_int(s, 10);
	a->grant = strdup(sql_text(s, 9));
	return a->grant != NULL || err_nomem(err);
}

enum ledger_result
ledger_answer_load(struct sql *db, int64_t source, const struct uuid *report_id,
    struct ledger_answer *answer, uint8_t body_sha256[FACT_HASH_SIZE],
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT r.fact, f.at, r.skew_ms, r.stored, r.duplicates,"
	    " r.unknown_members, f.body_sha256, f.hash, r.quarantined, g.text,"
	    " g.id"
	    " FROM report r JOIN fact f ON f.seq = r.fact"
	    " LEFT JOIN license_grant g ON g.id = r.license_grant"
	    " WHERE r.source = ? AND r.report_id = ?",
	    err);
	enum sql_result result;
	bool ok, quarantined;

	if (s == NULL)
		return LEDGER_FAILED;
	sql_bind_int(s, 1, source);
	sql_bind_blob(s, 2, report_id->bytes, UUID_SIZE);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END ? LEDGER_STORED : LEDGER_FAILED;
	answer->report_id = *report_id;
	read_row(s, answer);
	quarantined = sql_int(s, 8) > 0;
	ok = read_digests(s, answer, body_sha256, err) &&
	     read_grant(s, answer, err);
	sql_done(s);
	if (ok && quarantined)
		ok = quarantine_of_report(db, answer->fact,
		    &answer->quarantined, &answer->quarantined_count, err);
	if (ok)
		return LEDGER_REPLAYED;
	ledger_answer_fini(answer);
	return LEDGER_FAILED;
}

void
ledger_answer_put(struct json_writer *w, const struct ledger_answer *a)
{
	char id[UUID_TEXT_SIZE], head[FACT_HEAD_TEXT_SIZE];

	json_put_string(w, "report_id", uuid_format(&a->report_id, id));
	json_put_time(w, "received_at", a->received_at);
	json_put_int(w, "stored", a->stored);
	json_put_int(w, "duplicates", a->duplicates);
	json_put_array(w, "quarantined");
	for (size_t i = 0; i < a->quarantined_count; i++) {
		const struct quarantine_mark *q = &a->quarantined[i];

		json_put_object(w, NULL);
		json_put_int(w, "index", q->index);
		json_put_string(w, "volume_id", uuid_format(&q->volume_id, id));
		json_put_string(w, "reason", quarantine_reason_name(q->reason));
		json_put_end(w);
	}
	json_put_end(w);
	json_put_int(w, "unknown_members", a->unknown_members);
	json_put_int(w, "skew_ms", a->skew_ms);
	json_put_string(w, "ledger_head", fact_format_head(a->head, head));
	if (a->grant != NULL)
		json_put_string(w, "grant", a->grant);
}

bool
ledger_report_find(struct sql *db, const struct uuid *report_id,
    const char *source, struct ledger_report *out, struct err *err)
{
	/* Reports are found by source and id. */
	struct sql_stmt *s = sql_get(db,
	    "SELECT s.id, s.name, r.sent_at, r.complete FROM source s"
	    " CROSS JOIN report r ON r.source = s.id AND r.report_id = ?1"
	    " WHERE ?2 IS NULL OR s.name = ?2 ORDER BY s.name",
	    err);
	char text[UUID_TEXT_SIZE];
	enum sql_result result;
	bool ok = true;

	if (s == NULL)
		return false;
	sql_bind_blob(s, 1, report_id->bytes, UUID_SIZE);
	if (source != NULL)
		sql_bind_text(s, 2, source);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_INPUT, "there is no report %s%s%s",
		    uuid_format(report_id, text),
		    source != NULL ? " of the source " : "",
		    source != NULL ? source : "");
	if (result == SQL_FAILED)
		return false;
	out->source = sql_int(s, 0);
	snprintf(
	    out->source_name, sizeof out->source_name, "%s", sql_text(s, 1));
	out->sent_at = sql_int(s, 2);
	out->complete = sql_int(s, 3) != 0;
	result = sql_step(s, err);
	if (result == SQL_ROW)
		ok = err_set(err, ERR_INPUT,
		    "%s and %s have both sent a report of this id; say whose "
		    "with --source",
		    out->source_name, sql_text(s, 1));
	sql_done(s);
	return ok && result == SQL_END;
}

bool
ledger_last_skew(struct sql *db, int64_t source, int64_t *skew_ms, bool *found,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT skew_ms FROM report WHERE source = ?"
	    " ORDER BY fact DESC LIMIT 1",
	    err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	result = sql_step(s, err);
	*found = result == SQL_ROW;
	if (*found)
		*skew_ms = sql_int(s, 0);
	sql_done(s);
	return result != SQL_FAILED;
}
