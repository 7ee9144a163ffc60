/*
 * explain_samples.c - what an hour was measured by. In: rows of samples and
 * of the facts that brought them. Out: each with its weight, and the mean.
 * The rules are those of usage.h, put down a second time. Owns nothing in the
 * database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain_part.h"
#include "lib/utc.h"

#define NANOS INT64_C(1000000000)
#define HOUR_NANOS (UTC_HOUR_SECS * NANOS)

enum {
	HOURS_A_DAY = UTC_DAY_SECS / UTC_HOUR_SECS
};

int64_t
explain_bytes_of(const struct explain_sample *sample, uint32_t age_hours)
{
	for (size_t i = 0; i < sample->size_count; i++)
		if (sample->sizes[i].age_hours == age_hours)
			return sample->sizes[i].bytes;
	return 0;
}

/* --- facts --- */

void
explain_fact_fini(struct explain_fact *fact)
{
	free(fact->who);
	free(fact->subject);
	memset(fact, 0, sizeof *fact);
}

static bool
read_fact(struct sql_stmt *s, struct explain_fact *out, struct err *err)
{
	const void *body;
	size_t len;

	out->seq = sql_int(s, 0);
	out->at = sql_int(s, 1);
	out->who = strdup(sql_text(s, 2));
	out->subject = strdup(sql_text(s, 3));
	body = sql_blob(s, 4, &len);
	out->has_body = len == FACT_HASH_SIZE;
	if (out->has_body)
		memcpy(out->body_sha256, body, len);
	return (out->who != NULL && out->subject != NULL) || err_nomem(err);
}

bool
explain_load_fact(
    struct sql *db, int64_t seq, struct explain_fact *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT seq, at, who, subject, body_sha256 FROM fact"
	    " WHERE seq = ?",
	    err);
	enum sql_result result;
	bool ok;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, seq);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_BROKEN,
		    "fact %lld of the ledger is gone; run `stat.flexfs "
		    "verify`",
		    (long long)seq);
	ok = result == SQL_ROW && read_fact(s, out, err);
	sql_done(s);
	return ok;
}

/* The report that a released sample came with; seq stays 0 when the fact is
 * that of a report itself. */
static bool
find_released(struct sql *db, int64_t seq, int64_t *report, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "SELECT fact FROM quarantine WHERE settled_fact = ?", err);
	enum sql_result result;

	*report = 0;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, seq);
	result = sql_step(s, err);
	if (result == SQL_ROW) {
		*report = sql_int(s, 0);
		sql_done(s);
	}
	return result != SQL_FAILED;
}

/* Only a report's own fact is the row of a report. */
static bool
is_report(struct sql *db, int64_t seq, bool *is, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "SELECT kind = 'report.accepted' FROM fact WHERE seq = ?", err);
	enum sql_result result;

	*is = true;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, seq);
	result = sql_step(s, err);
	if (result == SQL_ROW) {
		*is = sql_int(s, 0) != 0;
		sql_done(s);
	}
	return result != SQL_FAILED;
}

static bool
load_origin(
    struct sql *db, int64_t seq, struct explain_sample *out, struct err *err)
{
	int64_t report = 0;
	bool is;

	if (!is_report(db, seq, &is, err) ||
	    (!is && !find_released(db, seq, &report, err)))
		return false;
	if (report == 0)
		return explain_load_fact(db, seq, &out->report, err);
	return explain_load_fact(db, report, &out->report, err) &&
	       explain_load_fact(db, seq, &out->released, err);
}

/* --- rows --- */

static bool
add_size(struct explain_sample *s, uint32_t age_hours, int64_t bytes,
    struct err *err)
{
	struct explain_size *more =
	    reallocarray(s->sizes, s->size_count + 1, sizeof *more);

	if (more == NULL)
		return err_nomem(err);
	s->sizes = more;
	more[s->size_count++] = (struct explain_size){age_hours, bytes};
	return true;
}

/* "720:123 2160:45 0:6"; an age may stand there twice. */
static bool
parse_sizes(struct explain_sample *s, const char *text, struct err *err)
{
	const char *p = text;
	char *end;

	if (text[0] == '\0')
		return add_size(s, 0, s->bytes, err);
	while (*p != '\0') {
		unsigned long age = strtoul(p, &end, 10);
		long long bytes;

		if (end == p || *end != ':')
			break;
		p = end + 1;
		bytes = strtoll(p, &end, 10);
		if (end == p || (*end != ' ' && *end != '\0'))
			break;
		if (!add_size(s, (uint32_t)age, bytes, err))
			return false;
		p = end + (*end == ' ');
		if (*end == '\0')
			return true;
	}
	return err_set(
	    err, ERR_BROKEN, "a sample's bins are damaged: \"%s\"", text);
}

/* Columns: nanos, revision, bytes, bins, account, its name, fact. */
static bool
read_sample(const struct explain_scope *scope, struct sql_stmt *s, int64_t hour,
    struct explain_sample *out, struct err *err)
{
	out->hour = hour;
	out->nanos = sql_int(s, 0);
	out->revision = sql_int(s, 1);
	out->bytes = sql_int(s, 2);
	out->account = sql_int(s, 4);
	snprintf(
	    out->account_name, sizeof out->account_name, "%s", sql_text(s, 5));
	out->report.seq = sql_int(s, 6);
	out->fresh = out->report.seq > scope->fresh_after;
	return parse_sizes(out, sql_text(s, 3), err);
}

static void
fini_sample(struct explain_sample *s)
{
	free(s->sizes);
	explain_fact_fini(&s->report);
	explain_fact_fini(&s->released);
}

static struct explain_sample *
add_sample(struct explain_samples *out, struct err *err)
{
	struct explain_sample *more =
	    reallocarray(out->list, out->count + 1, sizeof *more);

	if (more == NULL) {
		err_nomem(err);
		return NULL;
	}
	out->list = more;
	more += out->count++;
	memset(more, 0, sizeof *more);
	return more;
}

/* Those of an hour behind the ones that are there. */
static bool
read_hour(const struct explain_scope *scope, int64_t hour,
    struct explain_samples *out, struct err *err)
{
	struct sql_stmt *s = sql_get(scope->db,
	    "SELECT s.nanos, s.revision, s.bytes, ifnull(s.bins, ''),"
	    " s.account, a.name, s.fact"
	    " FROM sample s JOIN account a ON a.id = s.account"
	    " WHERE s.hour = ? AND s.volume = ? AND s.fact <= ?"
	    " ORDER BY s.nanos, s.revision",
	    err);
	enum sql_result result = SQL_FAILED;
	struct explain_sample *sample;

	if (s != NULL) {
		sql_bind_int(s, 1, hour);
		sql_bind_int(s, 2, scope->volume);
		sql_bind_int(s, 3, scope->upto_fact);
	}
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		sample = add_sample(out, err);
		if (sample == NULL ||
		    !read_sample(scope, s, hour, sample, err)) {
			result = SQL_FAILED;
			break;
		}
	}
	sql_done(s);
	return result == SQL_END;
}

/* --- what counts --- */

static bool
is_after_end(const struct explain_scope *scope, const struct explain_sample *s)
{
	int64_t end = scope->ended_at;

	return end != 0 && s->hour * UTC_HOUR_SECS + s->nanos / NANOS > end;
}

/* Of one instant the highest revision counts; after the volume's end
 * nothing. */
static void
judge(const struct explain_scope *scope, struct explain_sample *list,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_after_end(scope, &list[i]))
			list[i].standing = EXPLAIN_AFTER_END;
		else if (i + 1 < count && list[i + 1].nanos == list[i].nanos)
			list[i].standing = EXPLAIN_SUPERSEDED;
	}
}

static bool
is_removed(const struct explain_scope *scope, int64_t hour)
{
	return hour / HOURS_A_DAY <= scope->removed_day;
}

/* Leaves the last sample that counts of an earlier hour in out. */
static bool
read_tail(const struct explain_scope *scope, int64_t hour,
    struct explain_samples *out, struct err *err)
{
	size_t kept = 0;

	if (is_removed(scope, hour)) {
		out->removed = true;
		return true;
	}
	if (!read_hour(scope, hour, out, err))
		return false;
	judge(scope, out->list, out->count);
	while (out->count > 0 &&
	       out->list[out->count - 1].standing != EXPLAIN_COUNTS)
		fini_sample(&out->list[--out->count]);
	for (; kept + 1 < out->count; kept++)
		fini_sample(&out->list[kept]);
	if (out->count == 0)
		return err_set(err, ERR_BROKEN,
		    "no sample is left to run on from an earlier hour; run "
		    "`stat.flexfs verify`");
	out->list[0] = out->list[out->count - 1];
	out->list[0].runs_on = true;
	out->count = 1;
	return true;
}

/* --- weights --- */

/* Whether the accounts of all samples that count are averaged by time. */
static bool
is_time_weighted(const struct explain_scope *scope,
    const struct explain_samples *in, bool *is, struct err *err)
{
	struct account account;

	*is = true;
	for (size_t i = 0; i < in->count && *is; i++) {
		const struct explain_sample *s = &in->list[i];

		if (s->standing != EXPLAIN_COUNTS || s->runs_on)
			continue;
		if (!account_load(scope->db, s->account, &account, err))
			return false;
		*is = account.average == ACCOUNT_TIME_WEIGHTED;
	}
	return true;
}

static void
weigh_equally(struct explain_samples *samples)
{
	samples->weights = 0;
	for (size_t i = 0; i < samples->count; i++) {
		struct explain_sample *s = &samples->list[i];

		s->weight = s->standing == EXPLAIN_COUNTS && !s->runs_on;
		samples->weights += s->weight;
	}
}

/* Each from its instant to that of the next one; what runs on, from the
 * beginning of the hour; the last one, to the hour's end or the volume's. */
static void
weigh_by_time(const struct explain_scope *scope, int64_t hour,
    struct explain_samples *samples)
{
	int64_t end = HOUR_NANOS, until;

	if (scope->ended_at / UTC_HOUR_SECS == hour)
		end = scope->ended_at % UTC_HOUR_SECS * NANOS;
	until = end;
	for (size_t i = samples->count; i-- > 0;) {
		struct explain_sample *s = &samples->list[i];
		int64_t from = s->runs_on ? 0 : s->nanos;

		if (s->standing != EXPLAIN_COUNTS)
			continue;
		s->weight = (uint64_t)(until > from ? until - from : 0);
		if (from < until)
			until = from;
	}
	samples->weights = HOUR_NANOS;
}

static bool
weigh(const struct explain_scope *scope, int64_t hour,
    struct explain_samples *samples, struct err *err)
{
	bool by_time;

	if (!is_time_weighted(scope, samples, &by_time, err))
		return false;
	if (by_time)
		weigh_by_time(scope, hour, samples);
	else
		weigh_equally(samples);
	return true;
}

void
explain_mean(const struct explain_samples *samples, int64_t account,
    uint32_t age_hours, struct exact *out)
{
	struct exact *one = exact_new();

	exact_set_int(out, 0);
	for (size_t i = 0; i < samples->count; i++) {
		const struct explain_sample *s = &samples->list[i];

		if (account != 0 && s->account != account)
			continue;
		for (size_t j = 0; j < s->size_count; j++) {
			if (s->sizes[j].age_hours != age_hours)
				continue;
			exact_set_ratio(one,
			    (exact_u128)s->sizes[j].bytes * s->weight,
			    samples->weights);
			exact_add(out, one);
		}
	}
	exact_free(one);
}

/* --- an hour --- */

static bool
load_origins(struct sql *db, struct explain_samples *samples, struct err *err)
{
	for (size_t i = 0; i < samples->count; i++)
		if (!load_origin(db, samples->list[i].report.seq,
			&samples->list[i], err))
			return false;
	return true;
}

bool
explain_load_samples(const struct explain_scope *scope, int64_t hour,
    int64_t from_hour, struct explain_samples *out, struct err *err)
{
	size_t tail;

	memset(out, 0, sizeof *out);
	if (is_removed(scope, hour)) {
		out->removed = true;
		return true;
	}
	if (from_hour != 0 && !read_tail(scope, from_hour, out, err))
		return false;
	tail = out->count;
	if (!read_hour(scope, hour, out, err))
		return false;
	judge(scope, out->list + tail, out->count - tail);
	return weigh(scope, hour, out, err) &&
	       load_origins(scope->db, out, err);
}

/* The weights stay those of all: of them this account's have a part. */
void
explain_samples_keep(struct explain_samples *samples, int64_t account)
{
	size_t n = 0;

	for (size_t i = 0; i < samples->count; i++) {
		if (samples->list[i].account == account)
			samples->list[n++] = samples->list[i];
		else
			fini_sample(&samples->list[i]);
	}
	samples->count = n;
}

void
explain_samples_fini(struct explain_samples *samples)
{
	for (size_t i = 0; i < samples->count; i++)
		fini_sample(&samples->list[i]);
	free(samples->list);
	memset(samples, 0, sizeof *samples);
}
