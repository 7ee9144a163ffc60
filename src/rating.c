/*
 * rating.c - the formula of rating.h. In: the hours of a month, the rates of
 * an account. Out: exact lines. Owns nothing in the database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "rating.h"
#include "volume.h"

enum {
	GIB_SHIFT = 30
};

/* The names a volume had in the month, in their order. */
struct names {
	int64_t *ids; /* owned */
	size_t count, cap;
};

/* One account, and its month. */
struct payer {
	const struct account *account;
	struct rate *rates; /* owned */
	size_t rate_count;
	struct rating *out;
	size_t *next_line; /* owned; parallel to out->lines */
};

/* What one account pays of one volume: its names, and its first line, chained
 * through next_line. */
struct part {
	size_t payer;
	size_t first_line; /* index + 1, 0 for none */
	struct names names;
	struct part *next; /* owned: of another account */
};

enum {
	DAY_HOURS = 24
};

struct run {
	struct sql *db;
	struct payer *payers; /* owned */
	size_t payer_count;
	size_t *payer_of; /* owned: by account row, index + 1 */
	int64_t max_account;
	struct part **parts; /* owned; by volume row */
	size_t volume_cap;
	int64_t *cuts; /* owned: hours with which a rate begins to hold */
	size_t cut_count;
	int64_t from_hour, over_hour; /* of days */
};

static bool
grow_volumes(struct run *run, int64_t volume, struct err *err)
{
	size_t cap = run->volume_cap > 0 ? run->volume_cap : 64;
	struct part **more;

	if ((size_t)volume < run->volume_cap)
		return true;
	while ((size_t)volume >= cap)
		cap *= 2;
	more = reallocarray(run->parts, cap, sizeof(struct part *));
	if (more == NULL)
		return err_nomem(err);
	run->parts = more;
	memset(more + run->volume_cap, 0,
	    (cap - run->volume_cap) * sizeof(struct part *));
	run->volume_cap = cap;
	return true;
}

/* The part of a volume that an account pays, made when needed. */
static struct part *
find_part(struct run *run, int64_t volume, size_t payer, struct err *err)
{
	struct part *part;

	if (!grow_volumes(run, volume, err))
		return NULL;
	for (part = run->parts[volume]; part != NULL; part = part->next)
		if (part->payer == payer)
			return part;
	part = calloc(1, sizeof *part);
	if (part == NULL) {
		err_nomem(err);
		return NULL;
	}
	part->payer = payer;
	part->next = run->parts[volume];
	run->parts[volume] = part;
	return part;
}

static struct rating_line *
add_line(struct payer *payer, struct part *part, struct err *err)
{
	struct rating *out = payer->out;
	size_t cap = out->line_cap > 0 ? 2 * out->line_cap : 16;
	struct rating_line *lines;
	size_t *next;

	if (out->line_count == out->line_cap) {
		lines = reallocarray(out->lines, cap, sizeof *lines);
		if (lines == NULL) {
			err_nomem(err);
			return NULL;
		}
		out->lines = lines;
		next = reallocarray(payer->next_line, cap, sizeof *next);
		if (next == NULL) {
			err_nomem(err);
			return NULL;
		}
		payer->next_line = next;
		out->line_cap = cap;
	}
	payer->next_line[out->line_count] = part->first_line;
	part->first_line = out->line_count + 1;
	lines = &out->lines[out->line_count++];
	memset(lines, 0, sizeof *lines);
	return lines;
}

/* The line that a bin of a volume's hour belongs to, made when needed. */
static struct rating_line *
find_line(struct payer *payer, struct part *part, int64_t volume,
    uint32_t age_hours, int64_t hour, struct err *err)
{
	struct rating *out = payer->out;
	const struct rate *rate;
	struct rating_line *line;
	int64_t until, from;

	for (size_t i = part->first_line; i != 0; i = payer->next_line[i - 1]) {
		line = &out->lines[i - 1];
		from = line->rated ? line->rate.from_hour : INT64_MIN;
		if (line->age_hours == age_hours && hour >= from &&
		    hour < line->until_hour)
			return line;
	}
	rate =
	    rate_at(payer->rates, payer->rate_count, age_hours, hour, &until);
	/* An age's first own rate may come later: the same fallback rate
	 * then has one line, which ends where the other begins. */
	line = add_line(payer, part, err);
	if (line == NULL)
		return NULL;
	line->volume = volume;
	line->age_hours = age_hours;
	line->until_hour = until;
	line->counted_hour = INT64_MIN;
	line->rated = rate != NULL;
	if (rate != NULL)
		line->rate = *rate;
	return line;
}

void
rating_count_hours(
    struct rating_hours *hours, enum usage_kind kind, int64_t count)
{
	switch (kind) {
	case USAGE_MEASURED:
		hours->measured += count;
		break;
	case USAGE_ESTIMATED:
		hours->estimated += count;
		break;
	case USAGE_UNBILLED:
		hours->unbilled += count;
		break;
	}
}

static bool
note_names(struct names *n, const struct usage_hour *hour, struct err *err)
{
	for (size_t i = 0; i < hour->name_count; i++) {
		if (n->count > 0 && n->ids[n->count - 1] == hour->names[i])
			continue;
		if (n->count == n->cap) {
			size_t cap = n->cap > 0 ? 2 * n->cap : 2;
			int64_t *ids = reallocarray(n->ids, cap, sizeof *ids);

			if (ids == NULL)
				return err_nomem(err);
			n->ids = ids;
			n->cap = cap;
		}
		n->ids[n->count++] = hour->names[i];
	}
	return true;
}

/* A run never goes on over the end of a day then. */
static void
add_to_day(
    const struct run *run, struct rating *out, const struct usage_hour *hour)
{
	struct rating_day *day;
	exact_u128 sum = 0;

	if (out->days == NULL || hour->hour >= run->over_hour)
		return;
	day = &out->days[(hour->hour - run->from_hour) / DAY_HOURS];
	for (size_t i = 0; i < hour->bin_count; i++)
		sum += hour->bins[i].num;
	if (hour->kind == USAGE_MEASURED)
		day->measured += sum / hour->den;
	else if (hour->kind == USAGE_ESTIMATED)
		day->estimated += sum / hour->den;
	else if (hour->counts)
		day->missing_hours += hour->run;
	day->used = true;
}

static bool
on_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct run *run = ctx;
	size_t index = hour->account <= run->max_account
			   ? run->payer_of[hour->account]
			   : 0;
	struct rating_line *line;
	struct payer *payer;
	struct part *part;

	if (index == 0)
		return true;
	payer = &run->payers[index - 1];
	add_to_day(run, payer->out, hour);
	part = find_part(run, hour->volume, index - 1, err);
	if (part == NULL || !note_names(&part->names, hour, err))
		return false;
	if (hour->counts)
		rating_count_hours(&payer->out->hours, hour->kind, hour->run);
	for (size_t i = 0; i < hour->bin_count; i++) {
		line = find_line(payer, part, hour->volume,
		    hour->bins[i].age_hours, hour->hour, err);
		if (line == NULL)
			return false;
		/* A bin that only the second part of an hour has still rests
		 * on that hour. */
		if (line->counted_hour != hour->hour)
			rating_count_hours(&line->hours, hour->kind, hour->run);
		line->counted_hour = hour->hour;
		exact_sum_add(&line->sum, hour->bins[i].num, hour->den);
	}
	return true;
}

/* --- from sums to money --- */

void
rating_price(const struct exact *byte_hours, const struct rate *rate,
    int64_t hours_in_month, struct exact *gib_months, struct exact *cost)
{
	exact_set(gib_months, byte_hours);
	exact_div_int(gib_months, hours_in_month << GIB_SHIFT);
	if (rate != NULL && exact_parse(cost, rate->rate))
		exact_mul(cost, gib_months);
	else
		exact_set_int(cost, 0);
}

static void
price_line(struct rating *out, struct rating_line *line)
{
	line->byte_hours = exact_new();
	line->gib_months = exact_new();
	line->amount = exact_new();
	exact_sum_get(&line->sum, line->byte_hours);
	exact_sum_fini(&line->sum);
	rating_price(line->byte_hours, line->rated ? &line->rate : NULL,
	    out->hours_in_month, line->gib_months, line->amount);
	/* Nothing stored costs nothing at any rate. */
	if (!line->rated && exact_sign(line->byte_hours) != 0)
		out->unrated = true;
	exact_add(out->total, line->amount);
}

static char *
load_name(struct sql *db, int64_t id, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT name FROM volume_name WHERE id = ?", err);
	enum sql_result result;
	char *text;

	if (s == NULL)
		return NULL;
	sql_bind_int(s, 1, id);
	result = sql_step(s, err);
	if (result == SQL_FAILED)
		return NULL;
	text = strdup(result == SQL_ROW ? sql_text(s, 0) : "");
	sql_done(s);
	if (text == NULL)
		err_nomem(err);
	return text;
}

/* For a month in which nobody said a name. */
static char *
load_last_name(struct sql *db, int64_t volume, struct err *err)
{
	char *name;

	return volume_last_name(db, volume, &name, err) ? name : NULL;
}

static bool
load_uuid(struct sql *db, struct rating_line *line, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT volume_id FROM volume WHERE id = ?", err);
	const void *id;
	size_t len;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, line->volume);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	id = sql_blob(s, 0, &len);
	if (len == UUID_SIZE)
		memcpy(line->volume_id.bytes, id, len);
	sql_done(s);
	return true;
}

/* The latest name, and each other one once, in the order in which they were
 * left. */
static bool
name_line(struct run *run, const struct names *n, struct rating_line *line,
    struct err *err)
{
	int64_t latest = n->count > 0 ? n->ids[n->count - 1] : 0;

	line->name = latest != 0 ? load_name(run->db, latest, err)
				 : load_last_name(run->db, line->volume, err);
	if (line->name == NULL)
		return false;
	if (n->count < 2)
		return true;
	line->former_names = calloc(n->count, sizeof(char *));
	if (line->former_names == NULL)
		return err_nomem(err);
	for (size_t i = 0; i + 1 < n->count; i++) {
		bool again = n->ids[i] == latest;

		for (size_t j = i + 1; j + 1 < n->count; j++)
			again = again || n->ids[j] == n->ids[i];
		if (again)
			continue;
		line->former_names[line->former_count] =
		    load_name(run->db, n->ids[i], err);
		if (line->former_names[line->former_count] == NULL)
			return false;
		line->former_count++;
	}
	return true;
}

static int
compare_lines(const void *a, const void *b)
{
	const struct rating_line *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	/* The open-ended bin comes last. */
	uint32_t age_x = x->age_hours - 1, age_y = y->age_hours - 1;

	if (order == 0)
		order =
		    memcmp(x->volume_id.bytes, y->volume_id.bytes, UUID_SIZE);
	if (order == 0)
		order = (age_x > age_y) - (age_x < age_y);
	if (order == 0)
		order = (x->until_hour > y->until_hour) -
			(x->until_hour < y->until_hour);
	return order;
}

static bool
finish(struct run *run, size_t payer, struct err *err)
{
	struct rating *out = run->payers[payer].out;

	for (size_t i = 0; i < out->line_count; i++) {
		struct rating_line *line = &out->lines[i];
		const struct part *part =
		    find_part(run, line->volume, payer, err);

		price_line(out, line);
		if (part == NULL || !load_uuid(run->db, line, err) ||
		    !name_line(run, &part->names, line, err))
			return false;
	}
	if (out->line_count > 0)
		qsort(out->lines, out->line_count, sizeof *out->lines,
		    compare_lines);
	return true;
}

static bool
begin(struct run *run, const struct account *accounts, size_t count,
    const struct rating_query *query, struct rating *out, struct err *err)
{
	int64_t to = utc_month_add(query->month_start, 1);

	for (size_t i = 0; i < count; i++) {
		memset(&out[i], 0, sizeof out[i]);
		out[i].month_start = query->month_start;
		out[i].hours_in_month =
		    (to - query->month_start) / UTC_HOUR_SECS;
		out[i].total = exact_new();
		out[i].days = query->days
				  ? calloc(RATING_DAYS, sizeof *out[i].days)
				  : NULL;
		if (query->days && out[i].days == NULL)
			return err_nomem(err);
		if (accounts[i].id > run->max_account)
			run->max_account = accounts[i].id;
	}
	run->payers = calloc(count + 1, sizeof *run->payers);
	run->payer_of =
	    calloc((size_t)run->max_account + 1, sizeof *run->payer_of);
	if (run->payers == NULL || run->payer_of == NULL)
		return err_nomem(err);
	run->payer_count = count;
	for (size_t i = 0; i < count; i++) {
		struct payer *payer = &run->payers[i];

		payer->account = &accounts[i];
		payer->out = &out[i];
		run->payer_of[accounts[i].id] = i + 1;
		if (!rate_list_upto(run->db, accounts[i].id, query->upto_fact,
			&payer->rates, &payer->rate_count, err))
			return false;
	}
	return true;
}

static int
compare_hours(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Hours may come as runs, as long as one rate holds: so they are cut where
 * any of the accounts' begins, and where a day does if days are told. */
static bool
collect_cuts(
    struct run *run, bool days, struct usage_query *usage, struct err *err)
{
	size_t count = days ? RATING_DAYS : 0;

	for (size_t i = 0; i < run->payer_count; i++)
		count += run->payers[i].rate_count;
	run->cuts = calloc(count + 1, sizeof *run->cuts);
	if (run->cuts == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < run->payer_count; i++)
		for (size_t k = 0; k < run->payers[i].rate_count; k++) {
			int64_t from = run->payers[i].rates[k].from_hour;

			if (from > usage->from_hour && from < usage->to_hour)
				run->cuts[run->cut_count++] = from;
		}
	for (int64_t at = usage->from_hour; days && at < usage->to_hour;
	     at += DAY_HOURS)
		run->cuts[run->cut_count++] = at;
	if (run->cut_count > 0)
		qsort(run->cuts, run->cut_count, sizeof *run->cuts,
		    compare_hours);
	usage->runs = true;
	usage->cuts = run->cuts;
	usage->cut_count = run->cut_count;
	return true;
}

static void
fini_run(struct run *run)
{
	for (size_t i = 0; i < run->volume_cap; i++) {
		struct part *part = run->parts[i], *next;

		for (; part != NULL; part = next) {
			next = part->next;
			free(part->names.ids);
			free(part);
		}
	}
	for (size_t i = 0; i < run->payer_count; i++) {
		free(run->payers[i].rates);
		free(run->payers[i].next_line);
	}
	free(run->parts);
	free(run->cuts);
	free(run->payer_of);
	free(run->payers);
}

bool
rating_run(struct sql *db, const struct account *accounts, size_t count,
    const struct rating_query *query, struct rating *out, struct err *err)
{
	struct run run = {.db = db};
	struct usage_query usage = {
	    .from_hour = query->month_start / UTC_HOUR_SECS,
	    .to_hour = utc_month_add(query->month_start, 1) / UTC_HOUR_SECS,
	    .now = query->now,
	    .upto_fact = query->upto_fact,
	    .volumes = query->volumes,
	    .volume_count = query->volume_count};
	int64_t *own = NULL;
	bool ok;

	if (query->until != 0 && query->until / UTC_HOUR_SECS < usage.to_hour)
		usage.to_hour = query->until / UTC_HOUR_SECS;
	ok = begin(&run, accounts, count, query, out, err) &&
	     collect_cuts(&run, query->days, &usage, err);
	run.from_hour = usage.from_hour;
	run.over_hour = query->now / UTC_HOUR_SECS > usage.from_hour
			    ? query->now / UTC_HOUR_SECS
			    : usage.from_hour + 1;
	if (ok && count == 1 && query->volumes == NULL) {
		ok = volume_list_of(db, accounts[0].id, usage.to_hour, &own,
		    &usage.volume_count, err);
		usage.volumes = own;
	}
	ok = ok && usage_scan(db, &usage, on_hour, &run, err);
	for (size_t i = 0; ok && i < count; i++)
		ok = finish(&run, i, err);
	fini_run(&run);
	free(own);
	return ok;
}

static void
fini_line(struct rating_line *line)
{
	for (size_t i = 0; i < line->former_count; i++)
		free(line->former_names[i]);
	free(line->former_names);
	free(line->name);
	exact_free(line->byte_hours);
	exact_free(line->gib_months);
	exact_free(line->amount);
	exact_sum_fini(&line->sum);
}

void
rating_fini(struct rating *rating)
{
	for (size_t i = 0; i < rating->line_count; i++)
		fini_line(&rating->lines[i]);
	free(rating->lines);
	free(rating->days);
	exact_free(rating->total);
	memset(rating, 0, sizeof *rating);
}
