/*
 * verify_samples.c - all samples, in the order of their table. In: the table
 * sample. Out: each sample to its fact's group, to the months and the days;
 * samples of what does not exist.
 */
#include <stdio.h>
#include <string.h>

#include "lib/utc.h"
#include "verify_part.h"
#include "volume.h"

struct scan {
	struct verify *v;
	struct verify_groups *groups;
	struct verify_days *days;
	int64_t hour, month; /* of the sample before */
	bool first_pass;
};

/* 2000 to 2200, as reports may name them. */
static bool
is_hour(int64_t hour)
{
	return hour >= 946684800 / UTC_HOUR_SECS &&
	       hour < INT64_C(7289654400) / UTC_HOUR_SECS;
}

static void
find_nowhere(struct scan *scan, struct sql_stmt *s)
{
	char where[96], when[UTC_TEXT_SIZE];

	snprintf(where, sizeof where, "sample of volume row %lld at %s",
	    (long long)sql_int(s, 1),
	    is_hour(sql_int(s, 0))
		? utc_format(sql_int(s, 0) * UTC_HOUR_SECS, when)
		: "an hour that none can have");
	verify_find(scan->v, VERIFY_SAMPLE, sql_int(s, 6), where,
	    "there is no such volume or hour: it was inserted or changed, or "
	    "the volume's row was deleted");
}

static void
find_wrong_name(struct scan *scan, const struct verify_sample *sample)
{
	char where[VERIFY_SAMPLE_TEXT];

	verify_find(scan->v, VERIFY_SAMPLE, sample->fact,
	    verify_name_sample(sample->volume->uuid.bytes, sample->hour,
		sample->nanos, sample->revision, where),
	    "the name it refers to is not one of its volume: the sample or "
	    "the row of volume_name was changed");
}

/* -1 is for none, and never stored. */
static int64_t
int_or_none(struct sql_stmt *s, int column)
{
	int64_t value = sql_int(s, column);

	return sql_is_null(s, column) ? -1 : value == -1 ? -2 : value;
}

/* What is said once is said in the first pass. */
static bool
note(struct scan *scan, struct sql_stmt *s, const struct verify_sample *sample,
    struct err *err)
{
	struct verify *v = scan->v;

	v->result->checked[VERIFY_SAMPLE]++;
	if (!sql_is_null(s, 7) &&
	    (sample->name == NULL ||
		sample->name->volume != sample->volume->id))
		find_wrong_name(scan, sample);
	if (sample->hour != scan->hour) {
		scan->hour = sample->hour;
		scan->month = volume_month_of(sample->hour * UTC_HOUR_SECS);
	}
	return verify_note_sample(v, sample, scan->month, err) &&
	       verify_days_add(scan->days, sample, err);
}

static bool
take(struct scan *scan, struct sql_stmt *s, struct err *err)
{
	struct verify_sample sample = {.hour = sql_int(s, 0),
	    .volume = verify_find_volume(scan->v, sql_int(s, 1)),
	    .nanos = sql_int(s, 2),
	    .revision = sql_int(s, 3),
	    .bytes = sql_int(s, 4),
	    .account = sql_int(s, 5),
	    .fact = sql_int(s, 6),
	    .retired_bytes = int_or_none(s, 9),
	    .inodes = int_or_none(s, 10)};

	if (sample.volume == NULL || !is_hour(sample.hour)) {
		if (scan->first_pass)
			find_nowhere(scan, s);
		return true;
	}
	if (!sql_is_null(s, 7))
		sample.name = verify_find_name(scan->v, sql_int(s, 7));
	/* The server is about to remove it; it does not count any more. */
	if (scan->v->removed_day > 0 &&
	    sample.hour / 24 <= scan->v->removed_day)
		return true;
	sample.bins = sql_blob(s, 8, &sample.bins_len);
	return (!scan->first_pass || note(scan, s, &sample, err)) &&
	       verify_groups_add(scan->groups, &sample, err);
}

static bool
pass(struct scan *scan, struct err *err)
{
	struct sql_stmt *s = sql_get(scan->v->db,
	    "SELECT hour, volume, nanos, revision, bytes, account, fact, name,"
	    " bins, retired_bytes, inodes FROM sample"
	    " ORDER BY hour, volume, nanos, revision",
	    err);
	enum sql_result result = SQL_FAILED;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (!take(scan, s, err)) {
			sql_done(s);
			return false;
		}
	return result == SQL_END;
}

bool
verify_samples(struct verify *v, struct err *err)
{
	struct scan scan = {.v = v,
	    .groups = verify_groups_new(v, err),
	    .days = verify_days_new(v, err),
	    .first_pass = true};
	bool again = true, ok = scan.groups != NULL && scan.days != NULL;

	while (ok && again) {
		ok = pass(&scan, err) &&
		     (!scan.first_pass || verify_days_end(scan.days, err)) &&
		     verify_groups_end(scan.groups, &again, err);
		scan.first_pass = false;
	}
	verify_groups_free(scan.groups);
	verify_days_free(scan.days);
	return ok && verify_months(v, err);
}
