/*
 * usage.c - the hours of usage.h: what a scan begins and ends with. In: what
 * usage_read.c reads, the rules of accounts, ends of volumes. Out: calls, by
 * usage_hour.c. Owns nothing in the database; in memory one track per volume,
 * which knows the last measured hour.
 */
#include <stdlib.h>
#include <string.h>

#include "usage_part.h"

/* What follows a volume's last measured hour in the range. */
static bool
finish_track(struct usage_scan *scan, struct usage_track *t, struct err *err)
{
	struct usage_hand end;

	/* Of one that has ended before, there is nothing to tell. */
	if (!t->started && t->retired_at != 0 &&
	    t->retired_at <= scan->from_hour * UTC_HOUR_SECS)
		return true;
	if (!t->started &&
	    !usage_load_track(scan, t, scan->from_hour, true, err))
		return false;
	if (!t->started || t->last_hour >= scan->to_hour - 1)
		return true;
	if (usage_payer(scan, t->last_account)->gap != ACCOUNT_GAP_INTERPOLATE)
		return usage_fill_gap(scan, t, scan->to_hour, NULL, err);
	return usage_find_hour(scan, t, scan->to_hour, false, &end, err) &&
	       usage_fill_gap(
		   scan, t, scan->to_hour, end.count > 0 ? &end : NULL, err);
}

/* --- what is known before --- */

static bool
load_payers(struct usage_scan *scan, struct err *err)
{
	struct account *list = NULL;
	size_t count = 0;

	if (!account_list(scan->db, &list, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if ((size_t)list[i].id >= scan->payer_count)
			scan->payer_count = (size_t)list[i].id + 1;
	scan->payers = calloc(scan->payer_count + 1, sizeof *scan->payers);
	for (size_t i = 0; scan->payers != NULL && i < count; i++) {
		scan->payers[list[i].id] = (struct usage_payer){.known = true,
		    .average = list[i].average,
		    .gap = list[i].gap,
		    .max_carry_hours = list[i].max_carry_hours};
		if (list[i].max_carry_hours > scan->max_carry_hours)
			scan->max_carry_hours = list[i].max_carry_hours;
	}
	free(list);
	return scan->payers != NULL || err_nomem(err);
}

static bool
add_track(struct usage_scan *scan, int64_t volume, int64_t retired_at,
    struct err *err)
{
	struct usage_track **more;
	size_t cap = scan->track_cap > 0 ? scan->track_cap : 64;

	while ((size_t)volume >= cap)
		cap *= 2;
	if (cap > scan->track_cap) {
		more = reallocarray(
		    scan->tracks, cap, sizeof(struct usage_track *));
		if (more == NULL)
			return err_nomem(err);
		memset(more + scan->track_cap, 0,
		    (cap - scan->track_cap) * sizeof(struct usage_track *));
		scan->tracks = more;
		scan->track_cap = cap;
	}
	scan->tracks[volume] = calloc(1, sizeof(struct usage_track));
	if (scan->tracks[volume] == NULL)
		return err_nomem(err);
	scan->tracks[volume]->volume = volume;
	scan->tracks[volume]->retired_at = retired_at;
	return true;
}

/* The end of a volume as it was known when the ledger ended with a fact. */
#define ENDS                                                         \
	"SELECT v.id, ifnull((SELECT e.retired_at FROM volume_end e" \
	"   WHERE e.volume = v.id AND e.fact <= ?1"                  \
	"   ORDER BY e.fact DESC LIMIT 1), 0) FROM volume v"

static bool
load_all_volumes(struct usage_scan *scan, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->db, ENDS " ORDER BY v.id", err);
	enum sql_result result = SQL_FAILED;

	if (s != NULL)
		sql_bind_int(s, 1, scan->query->upto_fact);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (!add_track(scan, sql_int(s, 0), sql_int(s, 1), err))
			break;
	sql_done(s);
	return result == SQL_END;
}

static bool
load_volume(struct usage_scan *scan, int64_t volume, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->db, ENDS " WHERE v.id = ?2", err);
	bool ok;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, scan->query->upto_fact);
	sql_bind_int(s, 2, volume);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	ok = add_track(scan, volume, sql_int(s, 1), err);
	sql_done(s);
	return ok;
}

static bool
load_max_volume(struct usage_scan *scan, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(scan->db, "SELECT ifnull(max(id), 0) FROM volume", err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	scan->max_volume = sql_int(s, 0);
	sql_done(s);
	return true;
}

static bool
load_volumes(struct usage_scan *scan, struct err *err)
{
	const struct usage_query *q = scan->query;

	if (q->volumes == NULL)
		return load_all_volumes(scan, err);
	for (size_t i = 0; i < q->volume_count; i++)
		if (!load_volume(scan, q->volumes[i], err))
			return false;
	return load_max_volume(scan, err);
}

/* How far before the range the reading starts: as far as a gap may be
 * carried into it. */
static int64_t
lead_hours(const struct usage_scan *scan)
{
	int64_t hours = 1;

	if (scan->max_carry_hours > hours)
		hours = scan->max_carry_hours;
	/* Twice, since the hour that is carried may itself begin with a
	 * sample of an earlier one; longer gaps are found volume by volume. */
	return hours < 48 ? 2 * hours + 1 : 97;
}

static void
fini(struct usage_scan *scan)
{
	for (size_t i = 0; i < scan->track_cap; i++) {
		if (scan->tracks[i] == NULL)
			continue;
		free(scan->tracks[i]->last.list);
		free(scan->tracks[i]->tail.list);
		free(scan->tracks[i]);
	}
	day_hours_fini(&scan->hours);
	day_hours_fini(&scan->past);
	free(scan->tracks);
	free(scan->payers);
	free(scan->marks);
	free(scan->sum.list);
	free(scan->whole.list);
	free(scan->names);
}

bool
usage_scan(struct sql *db, const struct usage_query *query, usage_fn *each,
    void *ctx, struct err *err)
{
	struct usage_scan scan = {.db = db,
	    .query = query,
	    .from_hour = query->from_hour,
	    .to_hour = query->to_hour,
	    .elapsed_hour = query->now / UTC_HOUR_SECS,
	    .each = each,
	    .ctx = ctx};
	bool ok;

	ok = load_payers(&scan, err) && load_volumes(&scan, err) &&
	     day_load_progress(db, &scan.progress, err);
	scan.first_hour = query->from_hour - lead_hours(&scan);
	ok = ok && usage_read(&scan, err);
	for (size_t i = 0; ok && i < scan.track_cap; i++)
		if (scan.tracks[i] != NULL)
			ok = finish_track(&scan, scan.tracks[i], err);
	fini(&scan);
	return ok;
}
