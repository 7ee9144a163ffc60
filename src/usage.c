/*
 * usage.c - the hours of usage.h. In: sample rows in the order (hour, volume).
 * Out: calls. Owns nothing in the database; in memory one track per volume,
 * which knows the last measured hour.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "usage.h"
#include "usage_bins.h"
#include "volume.h"

#define HOUR_NANOS (INT64_C(3600) * 1000000000)

/* Up to so many volumes are looked up one by one; more are picked out of all
 * that is stored. */
enum {
	USAGE_FEW_VOLUMES = 64
};

/* One sample of the hour at hand. */
struct sample {
	int64_t nanos; /* into the hour */
	int64_t account;
	int64_t name; /* 0: none */
	struct usage_bins bins;
};

struct samples {
	struct sample *list; /* owned, with the bins of every slot */
	size_t count, cap;
};

/* What is known of a volume while the scan passes over it. */
struct track {
	int64_t volume;
	int64_t retired_at; /* 0: alive */
	bool started;	    /* last_* are set */
	bool looked_back;
	int64_t last_hour, last_account; /* the account of its last sample */
	uint64_t last_den;
	struct usage_bins last; /* the whole hour, whoever pays */
	struct usage_bins tail; /* its last sample, for the step function */
};

struct scan {
	struct sql *db;
	int64_t from_hour, to_hour, elapsed_hour, upto_fact;
	const int64_t *volumes; /* borrowed; NULL: all */
	size_t volume_count;
	usage_fn *each;
	void *ctx;
	struct account *accounts; /* owned */
	size_t account_count;
	struct track **tracks; /* owned; by volume row */
	size_t track_cap;
	struct samples samples; /* of the hour and volume at hand */
	struct usage_bins sum;	/* working space */
	int64_t *names;		/* working space */
	size_t name_cap;
};

/* An account that does not exist cannot be named by a sample. */
static const struct account *
find_account(const struct scan *scan, int64_t id)
{
	for (size_t i = 0; i < scan->account_count; i++)
		if (scan->accounts[i].id == id)
			return &scan->accounts[i];
	abort();
}

static int64_t
retired_hour(const struct track *t)
{
	return t->retired_at / UTC_HOUR_SECS;
}

static bool
emit(struct scan *scan, const struct track *t, struct usage_hour *hour,
    const struct usage_bins *bins, struct err *err)
{
	if (hour->hour < scan->from_hour || hour->hour >= scan->to_hour)
		return true;
	hour->volume = t->volume;
	hour->bins = bins->list;
	hour->bin_count = bins->count;
	return scan->each(scan->ctx, hour, err);
}

/* --- gaps --- */

/* One end of an interpolated hour: bins * weight / (den * parts). */
static bool
emit_end(struct scan *scan, struct track *t, struct usage_hour *hour,
    const struct usage_bins *end, uint64_t den, int64_t weight, int64_t parts,
    struct err *err)
{
	scan->sum.count = 0;
	hour->den = den * (uint64_t)parts;
	return usage_bins_add_all(&scan->sum, end, (uint64_t)weight, err) &&
	       emit(scan, t, hour, &scan->sum, err);
}

/* The carried hour in which the volume ends counts up to its end. */
static bool
emit_carried(struct scan *scan, struct track *t, struct usage_hour *hour,
    bool time_weighted, struct err *err)
{
	int64_t secs;

	if (!time_weighted || t->retired_at == 0 ||
	    hour->hour != retired_hour(t))
		return emit_end(
		    scan, t, hour, &t->last, t->last_den, 1, 1, err);
	secs = t->retired_at % UTC_HOUR_SECS;
	return emit_end(
	    scan, t, hour, &t->last, t->last_den, secs, UTC_HOUR_SECS, err);
}

static bool
emit_nothing(struct scan *scan, struct track *t, struct usage_hour *hour,
    struct err *err)
{
	hour->kind = USAGE_UNBILLED;
	hour->den = 1;
	scan->sum.count = 0;
	return usage_bins_add_all(&scan->sum, &t->last, 0, err) &&
	       emit(scan, t, hour, &scan->sum, err);
}

/* The hour at the other end of a gap. */
struct far_end {
	int64_t hour;
	uint64_t den;
	const struct usage_bins *bins;
};

static bool
fill_hour(struct scan *scan, struct track *t, const struct account *a,
    int64_t at, const struct far_end *end, struct err *err)
{
	struct usage_hour hour = {.hour = at,
	    .account = t->last_account,
	    .kind = USAGE_ESTIMATED,
	    .counts = true};
	int64_t step = at - t->last_hour, steps;

	if (a->gap == ACCOUNT_GAP_INTERPOLATE && end != NULL) {
		steps = end->hour - t->last_hour;
		if (!emit_end(scan, t, &hour, &t->last, t->last_den,
			steps - step, steps, err))
			return false;
		hour.counts = false;
		return emit_end(
		    scan, t, &hour, end->bins, end->den, step, steps, err);
	}
	if ((a->gap == ACCOUNT_GAP_CARRY ||
		a->gap == ACCOUNT_GAP_INTERPOLATE) &&
	    step <= a->max_carry_hours)
		return emit_carried(
		    scan, t, &hour, a->average == ACCOUNT_TIME_WEIGHTED, err);
	return emit_nothing(scan, t, &hour, err);
}

/* The hours between the last measured one and until; end is the measured
 * hour that closes the gap, or NULL. */
static bool
fill_gap(struct scan *scan, struct track *t, int64_t until,
    const struct far_end *end, struct err *err)
{
	const struct account *a = find_account(scan, t->last_account);
	int64_t first = t->last_hour + 1;
	int64_t stop = until < scan->to_hour ? until : scan->to_hour;

	if (first < scan->from_hour)
		first = scan->from_hour;
	/* With a measured hour behind it, a gap is over whatever the clock
	 * says. */
	if (end == NULL && stop > scan->elapsed_hour)
		stop = scan->elapsed_hour;
	if (t->retired_at != 0 &&
	    stop > (t->retired_at + UTC_HOUR_SECS - 1) / UTC_HOUR_SECS)
		stop = (t->retired_at + UTC_HOUR_SECS - 1) / UTC_HOUR_SECS;
	for (int64_t at = first; at < stop; at++)
		if (!fill_hour(scan, t, a, at, end, err))
			return false;
	return true;
}

/* --- one measured hour --- */

static size_t
collect_names(struct scan *scan, int64_t account, struct err *err)
{
	const struct samples *ss = &scan->samples;
	size_t n = 0;

	if (scan->name_cap < ss->count) {
		int64_t *more =
		    reallocarray(scan->names, ss->count, sizeof *more);

		if (more == NULL) {
			err_nomem(err);
			return SIZE_MAX;
		}
		scan->names = more;
		scan->name_cap = ss->count;
	}
	for (size_t i = 0; i < ss->count; i++) {
		const struct sample *s = &ss->list[i];

		if (s->name == 0 || s->account != account)
			continue;
		if (n == 0 || scan->names[n - 1] != s->name)
			scan->names[n++] = s->name;
	}
	return n;
}

/* What a sample weighs: one, or the nanoseconds until the next one. */
static int64_t
weigh(const struct samples *ss, size_t i, bool time_weighted, int64_t end)
{
	int64_t until = i + 1 < ss->count ? ss->list[i + 1].nanos : end;

	if (!time_weighted)
		return 1;
	if (until > end)
		until = end;
	return until > ss->list[i].nanos ? until - ss->list[i].nanos : 0;
}

static int64_t
end_of_hour(const struct track *t, int64_t hour)
{
	if (t->retired_at != 0 && hour == retired_hour(t))
		return t->retired_at % UTC_HOUR_SECS * 1000000000;
	return HOUR_NANOS;
}

/* Whether the step function runs on from the last hour into this one, which
 * begins with its value unless there is a sample right then. */
static bool
runs_on(const struct scan *scan, const struct track *t, int64_t hour)
{
	const struct account *a;

	if (!t->started || scan->samples.list[0].nanos == 0)
		return false;
	if (t->last_hour == hour - 1)
		return true;
	a = find_account(scan, t->last_account);
	return a->gap == ACCOUNT_GAP_CARRY &&
	       hour - t->last_hour <= a->max_carry_hours;
}

/* An hour is time-weighted when every account that shares it is. */
static bool
is_time_weighted(const struct scan *scan)
{
	const struct samples *ss = &scan->samples;

	for (size_t i = 0; i < ss->count; i++)
		if (find_account(scan, ss->list[i].account)->average !=
		    ACCOUNT_TIME_WEIGHTED)
			return false;
	return true;
}

/* Adds up the samples of account (0: of all) into scan->sum. */
static bool
sum_samples(struct scan *scan, const struct track *t, int64_t hour,
    int64_t account, bool time_weighted, struct err *err)
{
	const struct samples *ss = &scan->samples;
	int64_t end = end_of_hour(t, hour);
	int64_t first = ss->list[0].nanos < end ? ss->list[0].nanos : end;

	scan->sum.count = 0;
	if (time_weighted && runs_on(scan, t, hour) &&
	    (account == 0 || account == t->last_account) &&
	    !usage_bins_add_all(&scan->sum, &t->tail, (uint64_t)first, err))
		return false;
	for (size_t i = 0; i < ss->count; i++)
		if ((account == 0 || ss->list[i].account == account) &&
		    !usage_bins_add_all(&scan->sum, &ss->list[i].bins,
			(uint64_t)weigh(ss, i, time_weighted, end), err))
			return false;
	return true;
}

/* The first time that an account turns up among the samples. */
static bool
is_first_of_account(const struct samples *ss, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (ss->list[j].account == ss->list[i].account)
			return false;
	return true;
}

static bool
emit_measured(struct scan *scan, struct track *t, int64_t at, uint64_t den,
    bool time_weighted, struct err *err)
{
	const struct samples *ss = &scan->samples;
	struct usage_hour hour = {.hour = at,
	    .kind = USAGE_MEASURED,
	    .counts = true,
	    .den = den,
	    .sample_count = ss->count,
	    .last_account = ss->list[ss->count - 1].account};

	for (size_t i = 0; i < ss->count; i++) {
		if (!is_first_of_account(ss, i))
			continue;
		hour.account = ss->list[i].account;
		hour.name_count = collect_names(scan, hour.account, err);
		if (hour.name_count == SIZE_MAX)
			return false;
		hour.names = scan->names;
		if (!sum_samples(
			scan, t, at, hour.account, time_weighted, err) ||
		    !emit(scan, t, &hour, &scan->sum, err))
			return false;
	}
	/* The last sample of the hour before may have another payer, for
	 * the minutes until the first sample of this one. */
	if (!time_weighted || !runs_on(scan, t, at))
		return true;
	for (size_t i = 0; i < ss->count; i++)
		if (ss->list[i].account == t->last_account)
			return true;
	hour.account = t->last_account;
	hour.name_count = 0;
	return sum_samples(scan, t, at, t->last_account, true, err) &&
	       emit(scan, t, &hour, &scan->sum, err);
}

/* Sets what the track knows to the hour whose samples are at hand. */
static bool
remember(struct scan *scan, struct track *t, int64_t at, uint64_t den,
    bool time_weighted, struct err *err)
{
	const struct sample *last =
	    &scan->samples.list[scan->samples.count - 1];

	if (!sum_samples(scan, t, at, 0, time_weighted, err) ||
	    !usage_bins_copy(&t->last, &scan->sum, err) ||
	    !usage_bins_copy(&t->tail, &last->bins, err))
		return false;
	t->started = true;
	t->last_hour = at;
	t->last_account = last->account;
	t->last_den = den;
	return true;
}

static uint64_t
hour_den(const struct scan *scan, bool time_weighted)
{
	return time_weighted ? (uint64_t)HOUR_NANOS : scan->samples.count;
}

static bool
take_hour(struct scan *scan, struct track *t, int64_t at, struct err *err)
{
	bool time_weighted = is_time_weighted(scan);
	uint64_t den = hour_den(scan, time_weighted);
	struct far_end end = {.hour = at, .den = den};
	struct usage_bins whole = {NULL, 0, 0};
	bool ok;

	if (t->started && t->last_hour < at - 1) {
		ok = sum_samples(scan, t, at, 0, time_weighted, err) &&
		     usage_bins_copy(&whole, &scan->sum, err);
		end.bins = &whole;
		ok = ok && fill_gap(scan, t, at, &end, err);
		free(whole.list);
		if (!ok)
			return false;
	}
	return emit_measured(scan, t, at, den, time_weighted, err) &&
	       remember(scan, t, at, den, time_weighted, err);
}

/* --- reading samples --- */

/* Columns: hour, volume, nanos, account, name, bytes, bins. Of one instant
 * the last row, with the highest revision, stays. */
static bool
push_sample(struct scan *scan, struct sql_stmt *s, struct err *err)
{
	struct samples *ss = &scan->samples;
	int64_t nanos = sql_int(s, 2);
	struct sample *more, *slot;

	if (ss->count > 0 && ss->list[ss->count - 1].nanos == nanos)
		ss->count--;
	if (ss->count == ss->cap) {
		size_t cap = ss->cap > 0 ? 2 * ss->cap : 8;

		more = reallocarray(ss->list, cap, sizeof *more);
		if (more == NULL)
			return err_nomem(err);
		memset(more + ss->cap, 0, (cap - ss->cap) * sizeof *more);
		ss->list = more;
		ss->cap = cap;
	}
	slot = &ss->list[ss->count++];
	slot->nanos = nanos;
	slot->account = sql_int(s, 3);
	slot->name = sql_int(s, 4);
	return usage_bins_parse(
	    &slot->bins, sql_text(s, 6), sql_int(s, 5), err);
}

/* What was stored for an instant after the volume's end does not count. The
 * end is known to the second, all of which belongs to the volume's life: so
 * the ledger decides, too. */
static void
drop_after_retirement(struct scan *scan, const struct track *t, int64_t hour)
{
	struct samples *ss = &scan->samples;

	if (t->retired_at == 0 || hour < retired_hour(t))
		return;
	while (ss->count > 0 && (hour > retired_hour(t) ||
				    ss->list[ss->count - 1].nanos / 1000000000 >
					t->retired_at % UTC_HOUR_SECS))
		ss->count--;
}

static bool load_track(struct scan *scan, struct track *t, int64_t hour,
    bool deep, struct err *err);

/* The first hour of a volume that the scan meets may rest on one before it: a
 * volume that was silent for long begins with a gap, and a time-weighted hour
 * with the sample before it, also where it only leads up to the range. */
static bool
look_back(struct scan *scan, struct track *t, int64_t hour, struct err *err)
{
	struct samples at_hand = scan->samples;
	bool ok;

	if (t->started || t->looked_back ||
	    (hour < scan->from_hour && !is_time_weighted(scan)))
		return true;
	memset(&scan->samples, 0, sizeof scan->samples);
	ok = load_track(scan, t,
	    hour < scan->from_hour ? hour : scan->from_hour, true, err);
	for (size_t i = 0; i < scan->samples.cap; i++)
		free(scan->samples.list[i].bins.list);
	free(scan->samples.list);
	scan->samples = at_hand;
	return ok;
}

static bool
flush(struct scan *scan, int64_t hour, int64_t volume, struct err *err)
{
	struct track *t;
	bool ok = true;

	if (scan->samples.count == 0)
		return true;
	t = scan->tracks[volume];
	drop_after_retirement(scan, t, hour);
	if (scan->samples.count > 0)
		ok = look_back(scan, t, hour, err) &&
		     take_hour(scan, t, hour, err);
	scan->samples.count = 0;
	return ok;
}

static bool
is_wanted(const struct scan *scan, int64_t volume)
{
	return (size_t)volume < scan->track_cap && scan->tracks[volume] != NULL;
}

static bool
read_range(struct scan *scan, int64_t first_hour, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->db,
	    "SELECT hour, volume, nanos, account, ifnull(name, 0), bytes,"
	    " ifnull(bins, '') FROM sample"
	    " WHERE hour >= ? AND hour < ? AND fact <= ?"
	    " ORDER BY hour, volume, nanos, revision",
	    err);
	enum sql_result result = SQL_FAILED;
	int64_t hour = -1, volume = -1;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, first_hour);
	sql_bind_int(s, 2, scan->to_hour);
	sql_bind_int(s, 3, scan->upto_fact);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		if (sql_int(s, 0) != hour || sql_int(s, 1) != volume) {
			if (!flush(scan, hour, volume, err))
				break;
			hour = sql_int(s, 0);
			volume = sql_int(s, 1);
		}
		if (!is_wanted(scan, volume)) {
			if (scan->volumes != NULL)
				continue;
			err_set(err, ERR_BROKEN,
			    "a sample names volume row %lld, which is gone",
			    (long long)volume);
			break;
		}
		if (!push_sample(scan, s, err))
			break;
	}
	sql_done(s);
	return result == SQL_END && flush(scan, hour, volume, err);
}

/* Reads one hour of one volume into scan->samples. */
static bool
read_hour(struct scan *scan, int64_t hour, int64_t volume, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->db,
	    "SELECT hour, volume, nanos, account, ifnull(name, 0), bytes,"
	    " ifnull(bins, '') FROM sample"
	    " WHERE hour = ? AND volume = ? AND fact <= ?"
	    " ORDER BY nanos, revision",
	    err);
	enum sql_result result = SQL_FAILED;

	scan->samples.count = 0;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, hour);
	sql_bind_int(s, 2, volume);
	sql_bind_int(s, 3, scan->upto_fact);
	while ((result = sql_step(s, err)) == SQL_ROW)
		if (!push_sample(scan, s, err))
			break;
	sql_done(s);
	return result == SQL_END;
}

/* The same hours as read_range, for few volumes: each hour is a look-up. */
static bool
read_volumes(struct scan *scan, int64_t first_hour, struct err *err)
{
	for (size_t i = 0; i < scan->volume_count; i++)
		for (int64_t at = first_hour; at < scan->to_hour; at++)
			if (!read_hour(scan, at, scan->volumes[i], err) ||
			    !flush(scan, at, scan->volumes[i], err))
				return false;
	return true;
}

/* The nearest month, at or before (or after) month, that has samples of the
 * volume; -1 when there is none. */
static bool
find_month(struct scan *scan, int64_t volume, int64_t month, bool before,
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

/* Leaves the samples of the nearest measured hour before hour (or from hour
 * on) in scan->samples; none when there is no such hour. */
static bool
find_hour(struct scan *scan, const struct track *t, int64_t hour, bool before,
    int64_t *found, struct err *err)
{
	int64_t step = before ? -1 : 1;
	int64_t at = before ? hour - 1 : hour, month;

	scan->samples.count = 0;
	for (;;) {
		if (!find_month(scan, t->volume,
			volume_month_of(at * UTC_HOUR_SECS), before, &month,
			err))
			return false;
		if (month < 0)
			return true;
		if (month != volume_month_of(at * UTC_HOUR_SECS))
			at = before ? volume_month_hour(month + 1) - 1
				    : volume_month_hour(month);
		for (; volume_month_of(at * UTC_HOUR_SECS) == month;
		     at += step) {
			if (!read_hour(scan, at, t->volume, err))
				return false;
			drop_after_retirement(scan, t, at);
			if (scan->samples.count > 0) {
				*found = at;
				return true;
			}
		}
	}
}

/* Starts a track from the last measured hour before hour, if there is one.
 * A time-weighted hour may begin with the last sample of the one before, so
 * that one is looked at first. */
static bool
load_track(struct scan *scan, struct track *t, int64_t hour, bool deep,
    struct err *err)
{
	bool time_weighted;
	int64_t at = 0;

	t->looked_back = true;
	if (!find_hour(scan, t, hour, true, &at, err))
		return false;
	if (scan->samples.count == 0)
		return true;
	if (deep && is_time_weighted(scan) &&
	    (!load_track(scan, t, at, false, err) ||
		!read_hour(scan, at, t->volume, err)))
		return false;
	drop_after_retirement(scan, t, at);
	time_weighted = is_time_weighted(scan);
	return remember(
	    scan, t, at, hour_den(scan, time_weighted), time_weighted, err);
}

/* --- the ends of the range --- */

/* What follows a volume's last measured hour in the range. */
static bool
finish_track(struct scan *scan, struct track *t, struct err *err)
{
	struct far_end end;
	struct usage_bins whole = {NULL, 0, 0};
	bool ok, time_weighted;

	/* Of one that has ended before, there is nothing to tell. */
	if (!t->started && t->retired_at != 0 &&
	    t->retired_at <= scan->from_hour * UTC_HOUR_SECS)
		return true;
	if (!t->started && !load_track(scan, t, scan->from_hour, true, err))
		return false;
	if (!t->started || t->last_hour >= scan->to_hour - 1)
		return true;
	if (find_account(scan, t->last_account)->gap != ACCOUNT_GAP_INTERPOLATE)
		return fill_gap(scan, t, scan->to_hour, NULL, err);
	if (!find_hour(scan, t, scan->to_hour, false, &end.hour, err))
		return false;
	if (scan->samples.count == 0)
		return fill_gap(scan, t, scan->to_hour, NULL, err);
	time_weighted = is_time_weighted(scan);
	end.den = hour_den(scan, time_weighted);
	end.bins = &whole;
	ok = sum_samples(scan, t, end.hour, 0, time_weighted, err) &&
	     usage_bins_copy(&whole, &scan->sum, err) &&
	     fill_gap(scan, t, scan->to_hour, &end, err);
	free(whole.list);
	return ok;
}

static bool
add_track(
    struct scan *scan, int64_t volume, int64_t retired_at, struct err *err)
{
	struct track **more;
	size_t cap = scan->track_cap > 0 ? scan->track_cap : 64;

	while ((size_t)volume >= cap)
		cap *= 2;
	if (cap > scan->track_cap) {
		more = reallocarray(scan->tracks, cap, sizeof(struct track *));
		if (more == NULL)
			return err_nomem(err);
		memset(more + scan->track_cap, 0,
		    (cap - scan->track_cap) * sizeof(struct track *));
		scan->tracks = more;
		scan->track_cap = cap;
	}
	scan->tracks[volume] = calloc(1, sizeof(struct track));
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
load_all_volumes(struct scan *scan, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->db, ENDS " ORDER BY v.id", err);
	enum sql_result result = SQL_FAILED;

	if (s != NULL)
		sql_bind_int(s, 1, scan->upto_fact);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (!add_track(scan, sql_int(s, 0), sql_int(s, 1), err))
			break;
	sql_done(s);
	return result == SQL_END;
}

static bool
load_volume(struct scan *scan, int64_t volume, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->db, ENDS " WHERE v.id = ?2", err);
	bool ok;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, scan->upto_fact);
	sql_bind_int(s, 2, volume);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	ok = add_track(scan, volume, sql_int(s, 1), err);
	sql_done(s);
	return ok;
}

static bool
load_volumes(struct scan *scan, struct err *err)
{
	if (scan->volumes == NULL)
		return load_all_volumes(scan, err);
	for (size_t i = 0; i < scan->volume_count; i++)
		if (!load_volume(scan, scan->volumes[i], err))
			return false;
	return true;
}

/* How far before the range the reading starts: as far as a gap may be
 * carried into it. */
static int64_t
lead_hours(const struct scan *scan)
{
	int64_t hours = 1;

	for (size_t i = 0; i < scan->account_count; i++)
		if (scan->accounts[i].max_carry_hours > hours)
			hours = scan->accounts[i].max_carry_hours;
	/* Twice, since the hour that is carried may itself begin with a
	 * sample of an earlier one; longer gaps are found volume by volume. */
	return hours < 48 ? 2 * hours + 1 : 97;
}

static void
fini(struct scan *scan)
{
	for (size_t i = 0; i < scan->track_cap; i++) {
		if (scan->tracks[i] == NULL)
			continue;
		free(scan->tracks[i]->last.list);
		free(scan->tracks[i]->tail.list);
		free(scan->tracks[i]);
	}
	for (size_t i = 0; i < scan->samples.cap; i++)
		free(scan->samples.list[i].bins.list);
	free(scan->samples.list);
	free(scan->tracks);
	free(scan->accounts);
	free(scan->sum.list);
	free(scan->names);
}

bool
usage_scan(struct sql *db, const struct usage_query *query, usage_fn *each,
    void *ctx, struct err *err)
{
	struct scan scan = {.db = db,
	    .from_hour = query->from_hour,
	    .to_hour = query->to_hour,
	    .elapsed_hour = query->now / UTC_HOUR_SECS,
	    .upto_fact = query->upto_fact,
	    .volumes = query->volumes,
	    .volume_count = query->volume_count,
	    .each = each,
	    .ctx = ctx};
	int64_t first;
	bool ok;

	ok = account_list(db, &scan.accounts, &scan.account_count, err) &&
	     load_volumes(&scan, err);
	first = query->from_hour - lead_hours(&scan);
	if (ok && query->volumes != NULL &&
	    query->volume_count <= USAGE_FEW_VOLUMES)
		ok = read_volumes(&scan, first, err);
	else if (ok)
		ok = read_range(&scan, first, err);
	for (size_t i = 0; ok && i < scan.track_cap; i++)
		if (scan.tracks[i] != NULL)
			ok = finish_track(&scan, scan.tracks[i], err);
	fini(&scan);
	return ok;
}
