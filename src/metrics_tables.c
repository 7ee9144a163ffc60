/*
 * metrics_tables.c - sources, accounts and mails as metrics. In: a few rows.
 * Out: families. Owns nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "metrics_part.h"
#include "metrics_tables.h"
#include "source.h"

/* --- sources --- */

struct known_source {
	int64_t id;
	char name[SOURCE_NAME_SIZE];
	bool disabled;
	int64_t last_report_at;
};

struct known_sources {
	struct known_source *list; /* owned; by name */
	size_t count, cap;
};

static bool
add_source(struct known_sources *all, struct sql_stmt *s, struct err *err)
{
	size_t cap = all->cap > 0 ? 2 * all->cap : 16;
	struct known_source *more = all->list;

	if (all->count == all->cap) {
		more = reallocarray(all->list, cap, sizeof *more);
		if (more == NULL)
			return err_nomem(err);
		all->list = more;
		all->cap = cap;
	}
	more += all->count++;
	more->id = sql_int(s, 0);
	snprintf(more->name, sizeof more->name, "%s", sql_text(s, 1));
	more->disabled = sql_int(s, 2) != 0;
	more->last_report_at = sql_int(s, 3);
	return true;
}

static bool
load_sources(struct known_sources *all, struct sql *db, struct err *err)
{
	/* A source's token is noted as used when a report is taken. */
	struct sql_stmt *s = sql_get(db,
	    "SELECT s.id, s.name, s.disabled, ifnull(t.at, 0) FROM source s"
	    " LEFT JOIN (SELECT source, max(last_used_at) AS at FROM token"
	    "   WHERE source IS NOT NULL GROUP BY source) t ON t.source = s.id"
	    " ORDER BY s.name",
	    err);
	enum sql_result result = SQL_FAILED;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (!add_source(all, s, err)) {
			sql_done(s);
			return false;
		}
	return result == SQL_END;
}

static const struct metrics_source *
counted(const struct metrics *m, int64_t source)
{
	static const struct metrics_source none;

	return source > 0 && (size_t)source < m->source_count
		   ? &m->sources[source]
		   : &none;
}

static void
put_reports(struct buf *out, const struct known_sources *all,
    const struct metrics *metrics)
{
	metrics_put_family(out, METRICS_REPORTS);
	for (size_t i = 0; i < all->count; i++) {
		const struct known_source *k = &all->list[i];
		const struct metrics_source *c = counted(metrics, k->id);

		/* What never happened is not told, but for what matters. */
		for (size_t r = 0; r < METRICS_RESULTS; r++)
			if (r == METRICS_STORED || c->results[r] > 0)
				metrics_put(out, METRICS_REPORTS, c->results[r],
				    k->name, metrics_result_names[r]);
	}
}

static void
put_last(struct buf *out, const struct known_sources *all,
    const struct metrics *metrics)
{
	metrics_put_family(out, METRICS_SOURCE_LAST);
	for (size_t i = 0; i < all->count; i++) {
		const struct known_source *k = &all->list[i];
		int64_t at = counted(metrics, k->id)->last_report_at;

		if (!k->disabled)
			metrics_put(out, METRICS_SOURCE_LAST,
			    at > k->last_report_at ? at : k->last_report_at,
			    k->name, "");
	}
}

static void
put_skew(struct buf *out, const struct known_sources *all,
    const struct metrics *metrics)
{
	metrics_put_family(out, METRICS_SOURCE_SKEW);
	for (size_t i = 0; i < all->count; i++) {
		const struct known_source *k = &all->list[i];
		const struct metrics_source *c = counted(metrics, k->id);

		if (!k->disabled && c->last_report_at != 0)
			metrics_put(
			    out, METRICS_SOURCE_SKEW, c->skew_ms, k->name, "");
	}
}

bool
metrics_put_sources(struct buf *out, struct sql *db,
    const struct metrics *metrics, struct err *err)
{
	struct known_sources all = {NULL, 0, 0};
	bool ok = load_sources(&all, db, err);

	if (ok) {
		put_reports(out, &all, metrics);
		put_last(out, &all, metrics);
		put_skew(out, &all, metrics);
	}
	free(all.list);
	return ok;
}

/* --- volumes --- */

static int
compare_sums(const void *a, const void *b)
{
	const struct tally_sum *x = a, *y = b;

	return (x->account > y->account) - (x->account < y->account);
}

bool
metrics_put_volumes(struct buf *out, struct sql *db, const struct tally *tally,
    int64_t now, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT id, name FROM account ORDER BY name", err);
	enum sql_result result = SQL_FAILED;
	struct tally_sum key = {0}, *sums = NULL, *sum;
	size_t count = 0;

	if (s == NULL || !tally_sums(tally, now, &sums, &count, err))
		return false;
	metrics_put_family(out, METRICS_VOLUME_BYTES);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		key.account = sql_int(s, 0);
		sum = count == 0 ? NULL
				 : bsearch(&key, sums, count, sizeof *sums,
				       compare_sums);
		if (sum != NULL)
			metrics_put(out, METRICS_VOLUME_BYTES, sum->bytes,
			    sql_text(s, 1), "");
	}
	free(sums);
	return result == SQL_END;
}

/* --- mails --- */

bool
metrics_put_mails(struct buf *out, struct sql *db, struct err *err)
{
	static const char *const names[] = {
	    "due", "sending", "failed", "aside", "sent"};
	/* The sent ones are counted by themselves: they are nearly all, and
	 * counting a whole table looks at no row of it. */
	struct sql_stmt *s = sql_get(db,
	    "WITH other AS (SELECT state, count(*) AS n FROM mail WHERE"
	    "   state IN ('due', 'sending', 'failed', 'aside') GROUP BY state)"
	    " SELECT state, n FROM other UNION ALL SELECT 'sent',"
	    " (SELECT count(*) FROM mail) - ifnull((SELECT sum(n) FROM other),"
	    " 0)",
	    err);
	int64_t counts[sizeof names / sizeof names[0]] = {0};
	const size_t name_count = sizeof names / sizeof names[0];
	enum sql_result result = SQL_FAILED;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		for (size_t i = 0; i < name_count; i++)
			if (strcmp(names[i], sql_text(s, 0)) == 0)
				counts[i] = sql_int(s, 1);
	if (result != SQL_END)
		return false;
	metrics_put_family(out, METRICS_MAILS);
	for (size_t i = 0; i < name_count; i++)
		metrics_put(out, METRICS_MAILS, counts[i], names[i], "");
	return true;
}

bool
metrics_find_mails(
    struct metrics *metrics, struct sql *db, int64_t limit, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT name, max(sent_at) FROM mail WHERE state = 'sent'"
	    " AND id > (SELECT ifnull(max(id), 0) FROM mail) - ?"
	    " AND sent_at IS NOT NULL GROUP BY name",
	    err);
	enum sql_result result = SQL_FAILED;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, limit);
	while ((result = sql_step(s, err)) == SQL_ROW)
		metrics_note_mail(metrics, sql_text(s, 0), sql_int(s, 1));
	return result == SQL_END;
}
