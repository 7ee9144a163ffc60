/*
 * keep.c - the one way of samples and ends into the tables. In: a checked
 * sample and its volume. Out: rows, and marks for those who keep sums of
 * rows. Owns no table.
 */
#include "keep.h"
#include "late.h"
#include "lib/utc.h"

bool
keep_load(struct keep *keep, struct err *err)
{
	return late_announced(keep->db, &keep->announced_at, err) &&
	       grace_load(keep->db, &keep->grace, err) &&
	       day_load_progress(keep->db, &keep->days, err);
}

bool
keep_is_removed(const struct keep *keep, int64_t at)
{
	return at / UTC_DAY_SECS <= keep->days.removed_day;
}

void
keep_begin(struct keep *keep, int64_t fact, int64_t now)
{
	sample_rows_clear(&keep->rows);
	keep->fact = fact;
	keep->closed_hour =
	    late_closed_hour(keep->announced_at, now, &keep->grace);
}

void
keep_fini(struct keep *keep)
{
	sample_rows_fini(&keep->rows);
}

enum sample_result
keep_sample(struct keep *keep, const struct report *report,
    const struct report_volume *rv, const struct sample_place *place,
    struct sample_known *before, struct err *err)
{
	int64_t hour = rv->sampled_at / UTC_HOUR_SECS;
	enum sample_result result;
	bool late;

	if (!late_look(
		keep->db, keep->closed_hour, place->volume, hour, &late, err))
		return SAMPLE_FAILED;
	result =
	    sample_store(keep->db, &keep->rows, report, rv, place, before, err);
	if (result != SAMPLE_STORED)
		return result;
	if (!day_note_change(
		keep->db, &keep->days, hour, place->volume->id, err) ||
	    (late && !late_mark_sample(keep->db, keep->closed_hour,
			 place->volume->id, hour, keep->fact, err)))
		return SAMPLE_FAILED;
	return SAMPLE_STORED;
}

/* Rows of closed days know where a volume ends. */
static bool
note_end(struct keep *keep, const struct volume *v, int64_t at, struct err *err)
{
	return at == 0 || day_note_change(keep->db, &keep->days,
			      at / UTC_HOUR_SECS, v->id, err);
}

/* What changes begins with the earlier of the two ends. */
static bool
mark_ends(struct keep *keep, const struct volume *v, int64_t before,
    int64_t first, struct err *err)
{
	return late_mark_end(keep->db, keep->closed_hour, v->id, first,
		   keep->fact, err) &&
	       note_end(keep, v, before, err) &&
	       note_end(keep, v, v->retired_at, err);
}

bool
keep_end(struct keep *keep, struct volume *v, int64_t retired_at, bool *changed,
    struct err *err)
{
	int64_t before = v->retired_at;

	if (!volume_note_retirement(
		keep->db, v, retired_at, keep->fact, changed, err))
		return false;
	return !*changed || mark_ends(keep, v, before, retired_at, err);
}

bool
keep_extend(struct keep *keep, struct volume *v, int64_t until, struct err *err)
{
	int64_t before = v->retired_at;

	return volume_extend(keep->db, v, until, keep->fact, err) &&
	       mark_ends(keep, v, before, before, err);
}
