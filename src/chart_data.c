/*
 * chart_data.c - usage by day for chart_data.h. In: hours of usage, one pass
 * over them. Out: bytes by day and series. Owns what it makes.
 */
#include <stdlib.h>
#include <string.h>

#include "chart_data.h"
#include "chart_data_part.h"
#include "lib/utc.h"
#include "usage.h"
#include "volume.h"

enum {
	DAY_HOURS = 24
};

/* What a scan adds to: one series for each account, or volume, in the order
 * of their rows. */
struct tally {
	bool by_volume;
	int64_t account; /* when by volume */
	int64_t *rows;	 /* owned; ascending */
	size_t row_count;
	bool *seen; /* owned: there was an hour of it */
	int64_t from_hour, to_hour;
	size_t day_count;
	struct chart_part *parts; /* owned: sums of hours, [day * rows + row] */
	int64_t *missing;	  /* owned: [day] */
	int64_t *days;		  /* owned: the first hour of each day */
};

static int
by_row(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* --- series --- */

static bool
list_accounts(
    struct tally *t, const struct invoice *bills, size_t count, struct err *err)
{
	t->rows = calloc(count, sizeof *t->rows);
	if (t->rows == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		t->rows[i] = bills[i].account.id;
	t->row_count = count;
	qsort(t->rows, count, sizeof *t->rows, by_row);
	return true;
}

static bool
begin(struct tally *t, struct sql *db, const struct invoice *bills,
    size_t count, struct err *err)
{
	bool ok;

	t->by_volume = count == 1;
	t->account = bills[0].account.id;
	ok = t->by_volume ? volume_list_of(db, t->account, t->to_hour, &t->rows,
				&t->row_count, err)
			  : list_accounts(t, bills, count, err);
	if (!ok)
		return false;
	t->seen = calloc(t->row_count + 1, sizeof *t->seen);
	t->parts = calloc(t->row_count * t->day_count + 1, sizeof *t->parts);
	t->missing = calloc(t->day_count, sizeof *t->missing);
	t->days = calloc(t->day_count, sizeof *t->days);
	if (t->seen == NULL || t->parts == NULL || t->missing == NULL ||
	    t->days == NULL)
		return err_nomem(err);
	for (size_t d = 0; d < t->day_count; d++)
		t->days[d] = t->from_hour + (int64_t)d * DAY_HOURS;
	return true;
}

static void
end(struct tally *t)
{
	free(t->rows);
	free(t->seen);
	free(t->parts);
	free(t->missing);
	free(t->days);
}

/* --- hours --- */

/* Of an hour, or of the hours of a run. */
static exact_u128
bytes_of(const struct usage_hour *hour)
{
	exact_u128 sum = 0;

	for (size_t i = 0; i < hour->bin_count; i++)
		sum += hour->bins[i].num;
	return sum / hour->den;
}

static bool
add_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct tally *t = ctx;
	const int64_t *row;
	int64_t key = t->by_volume ? hour->volume : hour->account;
	size_t day = (size_t)(hour->hour - t->from_hour) / DAY_HOURS, at;

	(void)err;
	if (t->by_volume && hour->account != t->account)
		return true;
	row = bsearch(&key, t->rows, t->row_count, sizeof *t->rows, by_row);
	if (row == NULL)
		return true;
	at = day * t->row_count + (size_t)(row - t->rows);
	t->seen[row - t->rows] = true;
	if (hour->kind == USAGE_MEASURED)
		t->parts[at].measured += bytes_of(hour);
	else if (hour->kind == USAGE_ESTIMATED)
		t->parts[at].estimated += bytes_of(hour);
	else if (hour->counts)
		t->missing[day] += hour->run;
	return true;
}

/* The hours that are over; at the very beginning the one at hand. */
static void
set_range(struct tally *t, const struct invoice_period *period, int64_t now)
{
	t->from_hour = period->from / UTC_HOUR_SECS;
	t->to_hour = (now < period->to ? now : period->to) / UTC_HOUR_SECS;
	if (t->to_hour <= t->from_hour)
		t->to_hour = t->from_hour + 1;
	t->day_count =
	    (size_t)(t->to_hour - t->from_hour + DAY_HOURS - 1) / DAY_HOURS;
}

static bool
scan(struct tally *t, struct sql *db, const struct invoice *bills, size_t count,
    int64_t now, struct err *err)
{
	struct usage_query query = {.from_hour = t->from_hour,
	    .to_hour = t->to_hour,
	    .now = now,
	    .upto_fact = USAGE_ALL_FACTS,
	    .runs = true,
	    .cuts = t->days,
	    .cut_count = t->day_count};

	if (count == 1 && bills[0].state == INVOICE_CLOSED)
		query.upto_fact = bills[0].upto_fact;
	if (t->by_volume) {
		query.volumes = t->rows;
		query.volume_count = t->row_count;
	}
	return usage_scan(db, &query, add_hour, t, err);
}

/* --- days that the bills tell already --- */

/* Of a month by account, when none of it is closed. */
static bool
has_days(const struct tally *t, const struct invoice *bills, size_t count)
{
	if (t->by_volume || bills[0].period.month_count != 1)
		return false;
	for (size_t i = 0; i < count; i++)
		if (bills[i].months[0].days == NULL)
			return false;
	return true;
}

static void
take_days(struct tally *t, const struct invoice *bills, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const int64_t *row = bsearch(&bills[i].account.id, t->rows,
		    t->row_count, sizeof *t->rows, by_row);
		const struct rating_day *days = bills[i].months[0].days;
		size_t at = (size_t)(row - t->rows);

		for (size_t d = 0; d < t->day_count; d++) {
			t->parts[d * t->row_count + at] = (struct chart_part){
			    days[d].measured, days[d].estimated};
			t->missing[d] += days[d].missing_hours;
			t->seen[at] = t->seen[at] || days[d].used;
		}
	}
}

/* --- names --- */

/* A volume as the bill calls it. */
struct named {
	struct uuid id;
	const char *name;
};

static int
by_id(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

static struct named *
list_named(const struct invoice *bill, size_t *count)
{
	struct named *list = calloc(bill->line_count + 1, sizeof *list);

	*count = 0;
	for (size_t i = 0; list != NULL && i < bill->line_count; i++) {
		const struct rating_line *line = bill->lines[i].rated;

		list[(*count)++] = (struct named){line->volume_id, line->name};
	}
	if (list != NULL)
		qsort(list, *count, sizeof *list, by_id);
	return list;
}

/* As on the bill; one without a name by its UUID. Yours. */
static char *
volume_name(struct sql *db, const struct named *list, size_t count,
    int64_t volume, struct err *err)
{
	struct named key = {.name = NULL};
	const struct named *on_bill = NULL;
	char *last = NULL, *name, id[UUID_TEXT_SIZE];

	if (!volume_identify(db, volume, &key.id, err) ||
	    !volume_last_name(db, volume, &last, err))
		return NULL;
	if (count > 0)
		on_bill = bsearch(&key, list, count, sizeof *list, by_id);
	if (on_bill != NULL && on_bill->name != NULL)
		name = strdup(on_bill->name);
	else
		name = strdup(last);
	free(last);
	if (name != NULL && name[0] == '\0') {
		free(name);
		name = strdup(uuid_format(&key.id, id));
	}
	if (name == NULL)
		(void)err_nomem(err);
	return name;
}

static char *
account_name(
    const struct invoice *bills, size_t count, int64_t account, struct err *err)
{
	const char *found = "";
	char *name;

	for (size_t i = 0; i < count; i++)
		if (bills[i].account.id == account)
			found = bills[i].account.name;
	name = strdup(found);
	if (name == NULL)
		(void)err_nomem(err);
	return name;
}

/* Names of the series that were seen. */
static bool
load_names(const struct tally *t, struct sql *db, const struct invoice *bills,
    size_t count, struct chart_data *out, struct err *err)
{
	struct named *list = NULL;
	size_t listed = 0;
	bool ok = true;
	char *name;

	out->names = calloc(t->row_count + 1, sizeof *out->names);
	if (t->by_volume)
		list = list_named(&bills[0], &listed);
	if (out->names == NULL || (t->by_volume && list == NULL)) {
		free(list);
		(void)err_nomem(err);
		return false;
	}
	for (size_t i = 0; ok && i < t->row_count; i++) {
		if (!t->seen[i])
			continue;
		name = t->by_volume
			   ? volume_name(db, list, listed, t->rows[i], err)
			   : account_name(bills, count, t->rows[i], err);
		ok = name != NULL;
		if (ok)
			out->names[out->usage.name_count++] = name;
	}
	free(list);
	return ok;
}

/* --- days --- */

/* Sums of hours become means of days. */
static bool
fill_days(const struct tally *t, struct chart_data *out, struct err *err)
{
	size_t width = out->usage.name_count;

	out->parts = calloc(width * t->day_count + 1, sizeof *out->parts);
	if (out->parts == NULL)
		return err_nomem(err);
	for (size_t d = 0; d < t->day_count; d++) {
		int64_t left =
		    t->to_hour - t->from_hour - (int64_t)d * DAY_HOURS;
		unsigned hours = left < DAY_HOURS ? (unsigned)left : DAY_HOURS;
		size_t column = 0;

		for (size_t i = 0; i < t->row_count; i++) {
			const struct chart_part *p =
			    &t->parts[d * t->row_count + i];

			if (!t->seen[i])
				continue;
			out->parts[d * width + column++] = (struct chart_part){
			    p->measured / hours, p->estimated / hours};
		}
	}
	return true;
}

static bool
load_usage(struct sql *db, const struct invoice *bills, size_t count,
    int64_t now, struct chart_data *out, struct err *err)
{
	struct tally t = {.by_volume = false};
	bool ok;

	if (!sql_begin_read(db, err))
		return false;
	set_range(&t, &bills[0].period, now);
	ok = begin(&t, db, bills, count, err);
	if (ok && has_days(&t, bills, count))
		take_days(&t, bills, count);
	else
		ok = ok && scan(&t, db, bills, count, now, err);
	ok = ok && load_names(&t, db, bills, count, out, err) &&
	     fill_days(&t, out, err);
	sql_rollback(db);
	out->missing = t.missing;
	t.missing = NULL;
	out->usage.by = t.by_volume ? "volume" : "account";
	out->usage.whose = chart_data_whose(bills, count);
	out->usage.first_day = t.from_hour / DAY_HOURS;
	out->usage.day_count = t.day_count;
	out->usage.names = (const char *const *)out->names;
	out->usage.parts = out->parts;
	out->usage.missing_hours = out->missing;
	end(&t);
	return ok;
}

/* --- all --- */

const char *
chart_data_whose(const struct invoice *bills, size_t count)
{
	if (count > 1)
		return NULL;
	return bills[0].account.display_name[0] != '\0'
		   ? bills[0].account.display_name
		   : bills[0].account.name;
}

bool
chart_data_load(struct sql *db, const struct invoice *bills, size_t count,
    int64_t now, struct chart_data *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	if (!load_usage(db, bills, count, now, out, err) ||
	    !chart_data_costs(db, bills, count, now, out, err))
		return false;
	out->charts[0].usage = &out->usage;
	for (size_t i = 0; i < out->chart_count; i++)
		out->charts[1 + i].cost = &out->costs[i];
	out->chart_count++;
	return true;
}

void
chart_data_fini(struct chart_data *data)
{
	for (size_t i = 0; i < data->usage.name_count; i++)
		free(data->names[i]);
	free(data->names);
	free(data->parts);
	free(data->missing);
	for (size_t i = 0; i < CHART_DATA_CURRENCIES; i++)
		for (size_t m = 0; m < CHART_MAX_MONTHS; m++) {
			free(data->texts[i][m].amount);
			free(data->texts[i][m].forecast);
		}
	memset(data, 0, sizeof *data);
}
