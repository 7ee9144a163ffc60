/*
 * usage_read.c - where a scan's samples come from. In: rows of the table day
 * up to the last closed one, of the table sample behind it and where a row
 * is stale. Out: measured hours, of each volume in the order of time. Owns
 * nothing in the database.
 *
 * All volumes are read in one pass over either table, in the order in which
 * they are clustered: by day, and by hour. Few volumes are looked up one by
 * one.
 */
#include <stdlib.h>

#include "usage_part.h"
#include "volume.h"

/* Looking up a volume's hour, or day, costs as much as passing over so many
 * in a row. */
enum {
	USAGE_FEW_VOLUMES = 64, /* at most, of samples */
	USAGE_FEW_PART = 8,	/* of days: the eighth part of all volumes */
};

/* --- hours out of what was read --- */

static bool
check_accounts(const struct usage_scan *scan, const struct day_hours *h,
    const struct usage_track *t, struct err *err)
{
	int64_t account = -1;
	size_t count = h->even ? 1 : h->count;

	for (size_t i = 0; i < count; i++) {
		if (h->list[i].account == account)
			continue;
		account = h->list[i].account;
		if ((size_t)account >= scan->payer_count ||
		    !scan->payers[account].known)
			return err_set(err, ERR_BROKEN,
			    "hour %lld of volume row %lld names account row "
			    "%lld, which is not there",
			    (long long)h->list[i].hour, (long long)t->volume,
			    (long long)account);
	}
	return true;
}

/* What was stored for an instant after the volume's end does not count. The
 * end is known to the second, all of which belongs to the volume's life: so
 * the ledger decides, too. */
static void
drop_after_retirement(const struct usage_track *t, struct usage_hand *hand)
{
	int64_t hour = hand->list[0].hour;

	if (t->retired_at == 0 || hour < usage_retired_hour(t))
		return;
	while (hand->count > 0 &&
	       (hour > usage_retired_hour(t) ||
		   hand->list[hand->count - 1].nanos / 1000000000 >
		       t->retired_at % UTC_HOUR_SECS))
		hand->count--;
}

/* The hour whose first entry is the i-th; *end is where the next begins. */
static struct usage_hand
hour_at(const struct day_hours *h, size_t i, size_t *end)
{
	struct usage_hand hand = {.list = &h->list[i], .bins = h->bins};

	for (*end = i; *end < h->count && h->list[*end].hour == h->list[i].hour;
	     (*end)++)
		hand.count++;
	return hand;
}

/* The first hour of a volume that the scan meets may rest on one before it: a
 * volume that was silent for long begins with a gap, and a time-weighted hour
 * with the sample before it, also where it only leads up to the range. */
static bool
look_back(struct usage_scan *scan, struct usage_track *t,
    const struct usage_hand *hand, struct err *err)
{
	int64_t hour = hand->list[0].hour;

	if (t->started || t->looked_back ||
	    (hour < scan->from_hour && !usage_is_time_weighted(scan, hand)))
		return true;
	return usage_load_track(scan, t,
	    hour < scan->from_hour ? hour : scan->from_hour, true, err);
}

static bool
take_hour(struct usage_scan *scan, struct usage_track *t,
    struct usage_hand hand, struct err *err)
{
	drop_after_retirement(t, &hand);
	return hand.count == 0 || (look_back(scan, t, &hand, err) &&
				      usage_take_hour(scan, t, &hand, err));
}

static bool
take_hours(struct usage_scan *scan, struct usage_track *t,
    const struct day_hours *h, struct err *err)
{
	size_t end;

	for (size_t i = 0; i < h->count; i = end) {
		struct usage_hand hand = hour_at(h, i, &end);

		if (hand.list[0].hour >= scan->first_hour &&
		    hand.list[0].hour < scan->to_hour &&
		    !take_hour(scan, t, hand, err))
			return false;
	}
	return true;
}

/* --- runs --- */

/* The first hour behind hour with which another run must begin. */
static int64_t
next_cut(const struct usage_scan *scan, int64_t hour)
{
	const struct usage_query *q = scan->query;
	size_t low = 0, high = q->cut_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (q->cuts[middle] > hour)
			high = middle;
		else
			low = middle + 1;
	}
	return low < q->cut_count && q->cuts[low] < scan->to_hour
		   ? q->cuts[low]
		   : scan->to_hour;
}

/* How many entries from the i-th on can be told as one run. */
static size_t
run_length(const struct usage_scan *scan, const struct usage_track *t,
    const struct day_hours *h, size_t i)
{
	int64_t hour = h->list[i].hour, stop;
	size_t n = 1;

	if (hour < scan->from_hour || hour >= scan->to_hour || !t->started ||
	    t->last_hour != hour - 1)
		return 0;
	stop = next_cut(scan, hour);
	if (t->retired_at != 0 && usage_retired_hour(t) < stop)
		stop = usage_retired_hour(t);
	if (hour >= stop)
		return 0;
	/* No hour is missing in most days. */
	if (h->list[h->count - 1].hour - hour == (int64_t)(h->count - 1 - i))
		return stop - hour < (int64_t)(h->count - i)
			   ? (size_t)(stop - hour)
			   : h->count - i;
	while (i + n < h->count && h->list[i + n].hour == hour + (int64_t)n &&
	       h->list[i + n].hour < stop)
		n++;
	return n;
}

/* Hours that only lead up to the range leave nothing but the last one. */
static size_t
skip_lead(const struct usage_scan *scan, const struct usage_track *t,
    const struct day_hours *h)
{
	size_t i = 0;

	while (
	    i + 1 < h->count && h->list[i + 1].hour < scan->from_hour &&
	    (t->retired_at == 0 || h->list[i + 1].hour < usage_retired_hour(t)))
		i++;
	return i;
}

static bool
take_even(struct usage_scan *scan, struct usage_track *t,
    const struct day_hours *h, struct err *err)
{
	size_t i = skip_lead(scan, t, h), n;

	while (i < h->count && h->list[i].hour < scan->to_hour) {
		struct usage_hand hand = {.list = &h->list[i], .bins = h->bins};

		n = run_length(scan, t, h, i);
		hand.count = n > 0 ? n : 1;
		if (n > 1 ? !usage_take_run(scan, t, &hand, err)
			  : !take_hour(scan, t, hand, err))
			return false;
		i += hand.count;
	}
	return true;
}

/* --- closed days --- */

static bool
is_wanted(const struct usage_scan *scan, int64_t volume)
{
	return (size_t)volume < scan->track_cap && scan->tracks[volume] != NULL;
}

/* Of all volumes, one that is not known is not there. */
static bool
check_volume(const struct usage_scan *scan, int64_t volume, struct err *err)
{
	return scan->query->volumes != NULL ||
	       err_set(err, ERR_BROKEN,
		   "a sample names volume row %lld, which is gone",
		   (long long)volume);
}

/* A row says more than was known then, and can be done without. */
static bool
is_too_new(const struct usage_scan *scan, int64_t day, int64_t fact)
{
	return fact > scan->query->upto_fact &&
	       day > scan->progress.removed_day;
}

static bool
take_samples(
    struct usage_scan *scan, int64_t day, int64_t volume, struct err *err)
{
	struct usage_track *t = scan->tracks[volume];

	return day_load_samples(scan->db, day, volume, scan->query->upto_fact,
		   &scan->hours, err) &&
	       check_accounts(scan, &scan->hours, t, err) &&
	       take_hours(scan, t, &scan->hours, err);
}

/* Takes what is stale, from the *at-th mark on, up to this row. */
static bool
take_stale(struct usage_scan *scan, int64_t day, int64_t volume, size_t *at,
    struct err *err)
{
	for (; *at < scan->mark_count; (*at)++) {
		const struct day_mark *m = &scan->marks[*at];

		if (m->day > day || (m->day == day && m->volume > volume))
			break;
		if (is_wanted(scan, m->volume) &&
		    !take_samples(scan, m->day, m->volume, err))
			return false;
	}
	return true;
}

/* Columns: day, volume, fact, hours. */
static bool
take_row(struct usage_scan *scan, struct sql_stmt *s, struct err *err)
{
	int64_t day = sql_int(s, 0), volume = sql_int(s, 1);
	struct usage_track *t = scan->tracks[volume];
	const void *data;
	size_t len;

	if (is_too_new(scan, day, sql_int(s, 2)))
		return take_samples(scan, day, volume, err);
	data = sql_blob(s, 3, &len);
	if (!day_read(&scan->hours, day, volume, data, len, err) ||
	    !check_accounts(scan, &scan->hours, t, err))
		return false;
	return scan->query->runs && scan->hours.even
		   ? take_even(scan, t, &scan->hours, err)
		   : take_hours(scan, t, &scan->hours, err);
}

static bool
read_days(
    struct usage_scan *scan, int64_t from_day, int64_t to_day, struct err *err)
{
	/* Without the end, which would be compared with each row. */
	struct sql_stmt *s = sql_get(scan->db,
	    "SELECT day, volume, fact, hours FROM day"
	    " WHERE day >= ? ORDER BY day, volume",
	    err);
	enum sql_result result = SQL_FAILED;
	size_t mark = 0;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, from_day);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		int64_t day = sql_int(s, 0), volume = sql_int(s, 1);

		if (day > to_day) {
			result = SQL_END;
			break;
		}
		if (mark < scan->mark_count &&
		    !take_stale(scan, day, volume, &mark, err))
			break;
		if (!is_wanted(scan, volume)) {
			if (check_volume(scan, volume, err))
				continue;
			break;
		}
		if (mark > 0 && scan->marks[mark - 1].day == day &&
		    scan->marks[mark - 1].volume == volume)
			continue;
		if (!take_row(scan, s, err))
			break;
	}
	sql_done(s);
	return result == SQL_END &&
	       take_stale(scan, to_day, INT64_MAX, &mark, err);
}

/* One day of one volume into h, by its row or by its samples. */
static bool
load_day(struct usage_scan *scan, int64_t day, const struct usage_track *t,
    struct day_hours *h, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->db,
	    "SELECT fact, hours, EXISTS (SELECT 1 FROM day_stale"
	    "   WHERE day = ?1 AND volume = ?2)"
	    " FROM (SELECT 1) LEFT JOIN day ON day = ?1 AND volume = ?2",
	    err);
	bool from_samples, ok = true;
	const void *data;
	size_t len;

	day_hours_clear(h);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, day);
	sql_bind_int(s, 2, t->volume);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	from_samples =
	    sql_int(s, 2) != 0 || is_too_new(scan, day, sql_int(s, 0));
	if (!from_samples && !sql_is_null(s, 1)) {
		data = sql_blob(s, 1, &len);
		ok = day_read(h, day, t->volume, data, len, err);
	}
	sql_done(s);
	if (from_samples)
		ok = day_load_samples(
		    scan->db, day, t->volume, scan->query->upto_fact, h, err);
	return ok && check_accounts(scan, h, t, err);
}

static bool
look_up_days(struct usage_scan *scan, struct usage_track *t, int64_t from_day,
    int64_t to_day, struct err *err)
{
	for (int64_t day = from_day; day <= to_day; day++) {
		if (!load_day(scan, day, t, &scan->hours, err))
			return false;
		if (scan->query->runs && scan->hours.even
			? !take_even(scan, t, &scan->hours, err)
			: !take_hours(scan, t, &scan->hours, err))
			return false;
	}
	return true;
}

/* --- days that are not closed --- */

/* Columns of both statements: hour, volume, nanos, account, name, bytes,
 * bins. */
#define COLUMNS                                                        \
	"SELECT hour, volume, nanos, account, ifnull(name, 0), bytes," \
	" ifnull(bins, '') FROM sample"

static bool
push_sample(struct day_hours *h, struct sql_stmt *s, struct err *err)
{
	struct day_sample sample = {.hour = sql_int(s, 0),
	    .nanos = sql_int(s, 2),
	    .account = sql_int(s, 3),
	    .name = sql_int(s, 4),
	    .bytes = sql_int(s, 5),
	    .bins = sql_text(s, 6)};

	return day_hours_add(h, &sample, err);
}

/* Takes the hour that has been read, and empties it. */
static bool
flush(struct usage_scan *scan, int64_t volume, struct err *err)
{
	struct usage_track *t;
	bool ok;

	if (scan->hours.count == 0)
		return true;
	t = scan->tracks[volume];
	ok = check_accounts(scan, &scan->hours, t, err) &&
	     take_hours(scan, t, &scan->hours, err);
	day_hours_clear(&scan->hours);
	return ok;
}

static bool
read_hours(struct usage_scan *scan, int64_t from_hour, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->db,
	    COLUMNS " WHERE hour >= ? AND hour < ? AND fact <= ?"
		    " ORDER BY hour, volume, nanos, revision",
	    err);
	enum sql_result result = SQL_FAILED;
	int64_t hour = -1, volume = -1;

	day_hours_clear(&scan->hours);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, from_hour);
	sql_bind_int(s, 2, scan->to_hour);
	sql_bind_int(s, 3, scan->query->upto_fact);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		if (sql_int(s, 0) != hour || sql_int(s, 1) != volume) {
			if (!flush(scan, volume, err))
				break;
			hour = sql_int(s, 0);
			volume = sql_int(s, 1);
		}
		if (!is_wanted(scan, volume)) {
			if (check_volume(scan, volume, err))
				continue;
			break;
		}
		if (!push_sample(&scan->hours, s, err))
			break;
	}
	sql_done(s);
	return result == SQL_END && flush(scan, volume, err);
}

/* Reads one hour of one volume. */
static bool
load_hour(struct usage_scan *scan, int64_t hour, const struct usage_track *t,
    struct day_hours *h, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->db,
	    COLUMNS " WHERE hour = ? AND volume = ? AND fact <= ?"
		    " ORDER BY nanos, revision",
	    err);
	enum sql_result result = SQL_FAILED;

	day_hours_clear(h);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, hour);
	sql_bind_int(s, 2, t->volume);
	sql_bind_int(s, 3, scan->query->upto_fact);
	while ((result = sql_step(s, err)) == SQL_ROW)
		if (!push_sample(h, s, err))
			break;
	sql_done(s);
	return result == SQL_END && check_accounts(scan, h, t, err);
}

static bool
look_up_hours(struct usage_scan *scan, struct usage_track *t, int64_t from_hour,
    struct err *err)
{
	for (int64_t at = from_hour; at < scan->to_hour; at++)
		if (!load_hour(scan, at, t, &scan->hours, err) ||
		    !take_hours(scan, t, &scan->hours, err))
			return false;
	return true;
}

/* --- the whole range --- */

/* The first hour that no row tells of. */
static int64_t
open_hour(const struct usage_scan *scan)
{
	return (scan->progress.done_day + 1) * DAY_HOURS;
}

bool
usage_read(struct usage_scan *scan, struct err *err)
{
	const struct usage_query *q = scan->query;
	int64_t from = scan->first_hour, open = open_hour(scan);
	int64_t from_day = from / DAY_HOURS;
	int64_t to_day = (scan->to_hour - 1) / DAY_HOURS;
	size_t n = q->volume_count;
	bool few_hours = q->volumes != NULL && n <= USAGE_FEW_VOLUMES;
	bool few_days =
	    few_hours || (q->volumes != NULL &&
			     n <= (size_t)scan->max_volume / USAGE_FEW_PART);
	bool ok = true;

	if (to_day > scan->progress.done_day)
		to_day = scan->progress.done_day;
	if (from < open) {
		if (!few_days)
			ok = day_list_marks(scan->db, from_day, to_day,
				 INT64_MAX, &scan->marks, &scan->mark_count,
				 err) &&
			     read_days(scan, from_day, to_day, err);
		for (size_t i = 0; ok && few_days && i < n; i++)
			ok = look_up_days(scan, scan->tracks[q->volumes[i]],
			    from_day, to_day, err);
		from = open;
	}
	if (ok && from < scan->to_hour && !few_hours)
		ok = read_hours(scan, from, err);
	for (size_t i = 0; ok && few_hours && i < n; i++)
		ok =
		    look_up_hours(scan, scan->tracks[q->volumes[i]], from, err);
	return ok;
}

/* --- one hour, from anywhere --- */

/* The nearest month, at or before (or after) month, that has samples of the
 * volume; -1 when there is none. */
static bool
find_month(struct usage_scan *scan, int64_t volume, int64_t month, bool before,
    int64_t *found, struct err *err)
{
	struct sql_stmt *s =
	    before ? sql_get(scan->db,
			 "SELECT ifnull(max(month), -1) FROM volume_month"
			 " WHERE volume = ? AND month <= ?",
			 err)
		   : sql_get(scan->db,
			 "SELECT ifnull(min(month), -1) FROM volume_month"
			 " WHERE volume = ? AND month >= ?",
			 err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	sql_bind_int(s, 2, month);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*found = sql_int(s, 0);
	sql_done(s);
	return true;
}

/* The last hour in h up to at, or the first one from it on. */
static struct usage_hand
pick_hour(const struct usage_track *t, const struct day_hours *h, int64_t at,
    bool before)
{
	struct usage_hand found = {NULL, 0, NULL};
	size_t end;

	for (size_t i = 0; i < h->count; i = end) {
		struct usage_hand hand = hour_at(h, i, &end);
		int64_t hour = hand.list[0].hour;

		if (before ? hour > at : hour < at)
			continue;
		drop_after_retirement(t, &hand);
		if (hand.count == 0)
			continue;
		found = hand;
		if (!before)
			break;
	}
	return found;
}

/* Looks at *at, as far as one look-up goes, and moves on. */
static bool
look_at(struct usage_scan *scan, const struct usage_track *t, int64_t *at,
    bool before, struct usage_hand *hand, struct err *err)
{
	int64_t day = *at / DAY_HOURS, was = *at;

	if (was >= open_hour(scan)) {
		*at += before ? -1 : 1;
		if (!load_hour(scan, was, t, &scan->past, err))
			return false;
	} else {
		*at = before ? day * DAY_HOURS - 1 : (day + 1) * DAY_HOURS;
		if (!load_day(scan, day, t, &scan->past, err))
			return false;
	}
	*hand = pick_hour(t, &scan->past, was, before);
	return true;
}

bool
usage_find_hour(struct usage_scan *scan, const struct usage_track *t,
    int64_t hour, bool before, struct usage_hand *hand, struct err *err)
{
	int64_t at = before ? hour - 1 : hour, month, from, to;

	*hand = (struct usage_hand){NULL, 0, NULL};
	for (;;) {
		if (!find_month(scan, t->volume,
			volume_month_of(at * UTC_HOUR_SECS), before, &month,
			err))
			return false;
		if (month < 0)
			return true;
		from = volume_month_hour(month);
		to = volume_month_hour(month + 1);
		if (at < from || at >= to)
			at = before ? to - 1 : from;
		while (at >= from && at < to)
			if (!look_at(scan, t, &at, before, hand, err) ||
			    hand->count > 0)
				return hand->count > 0;
	}
}

/* A time-weighted hour may begin with the last sample of the one before, so
 * that one is looked at first. */
bool
usage_load_track(struct usage_scan *scan, struct usage_track *t, int64_t hour,
    bool deep, struct err *err)
{
	struct usage_hand hand;

	t->looked_back = true;
	if (!usage_find_hour(scan, t, hour, true, &hand, err))
		return false;
	if (hand.count == 0)
		return true;
	if (deep && usage_is_time_weighted(scan, &hand) &&
	    (!usage_load_track(scan, t, hand.list[0].hour, false, err) ||
		!usage_find_hour(scan, t, hour, true, &hand, err)))
		return false;
	return usage_remember(scan, t, &hand, err);
}
