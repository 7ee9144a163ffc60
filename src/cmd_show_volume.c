/*
 * cmd_show_volume.c - `show volume UUID`: how it stands, its names and
 * accounts, and what its last 24 hours are billed as.
 */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "cmd.h"
#include "cmd_table.h"
#include "lib/clock.h"
#include "lib/exact.h"
#include "lib/utc.h"
#include "sample.h"
#include "settings.h"
#include "usage.h"
#include "volume.h"
#include "volume_state.h"

enum {
	HOURS = 24,
	MEAN_DIGITS = 3, /* of a byte */
};

static const struct opt_flag volume_flags[] = {
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* One account's part of an hour. */
struct part {
	int64_t hour, account;
	enum usage_kind kind;
	size_t samples;
	struct exact *mean; /* owned: bytes */
};

struct shown {
	struct sql *db; /* borrowed */
	int64_t now;
	struct cmd_table table;
	struct account *accounts; /* owned */
	size_t account_count;
	struct volume_state volume; /* owned */
	struct part *parts;	    /* owned */
	size_t part_count, part_cap;
};

static const char *
account_name(const struct shown *s, int64_t id)
{
	for (size_t i = 0; i < s->account_count; i++)
		if (s->accounts[i].id == id)
			return s->accounts[i].name;
	return "";
}

/* --- its hours --- */

/* An interpolated hour is told in two, one behind the other. */
static struct part *
find_part(struct shown *s, const struct usage_hour *hour, struct err *err)
{
	size_t cap = s->part_cap > 0 ? 2 * s->part_cap : 32;
	struct part *part;

	for (size_t i = 0; i < s->part_count; i++)
		if (s->parts[i].hour == hour->hour &&
		    s->parts[i].account == hour->account)
			return &s->parts[i];
	if (s->part_count == s->part_cap) {
		part = reallocarray(s->parts, cap, sizeof *part);
		if (part == NULL) {
			err_nomem(err);
			return NULL;
		}
		s->parts = part;
		s->part_cap = cap;
	}
	part = &s->parts[s->part_count++];
	*part = (struct part){.hour = hour->hour,
	    .account = hour->account,
	    .kind = hour->kind,
	    .samples = hour->sample_count,
	    .mean = exact_new()};
	return part;
}

static bool
add_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct part *part = find_part(ctx, hour, err);
	struct exact *bytes;

	if (part == NULL)
		return false;
	bytes = exact_new();
	for (size_t i = 0; i < hour->bin_count; i++) {
		exact_set_ratio(bytes, hour->bins[i].num, hour->den);
		exact_add(part->mean, bytes);
	}
	exact_free(bytes);
	return true;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return (x->account > y->account) - (x->account < y->account);
}

static bool
load_hours(struct shown *s, struct err *err)
{
	int64_t this_hour = s->now / UTC_HOUR_SECS;
	const struct usage_query query = {.from_hour = this_hour + 1 - HOURS,
	    .to_hour = this_hour + 1,
	    .now = s->now,
	    .upto_fact = USAGE_ALL_FACTS,
	    .volumes = &s->volume.id,
	    .volume_count = 1};

	if (!usage_scan(s->db, &query, add_hour, s, err))
		return false;
	if (s->part_count > 0)
		qsort(s->parts, s->part_count, sizeof *s->parts, compare_parts);
	return true;
}

static bool
print_hours(struct shown *s, struct err *err)
{
	static const char *const columns[] = {
	    "from", "account", "kind", "mean_bytes", "samples", NULL};
	static const char *const kinds[] = {[USAGE_MEASURED] = "measured",
	    [USAGE_ESTIMATED] = "estimated",
	    [USAGE_UNBILLED] = "unbilled"};
	char *mean;

	cmd_table_part(&s->table, "hours", columns);
	for (size_t i = 0; i < s->part_count; i++) {
		const struct part *p = &s->parts[i];

		mean = exact_decimal(p->mean, MEAN_DIGITS);
		if (mean == NULL)
			return err_nomem(err);
		cmd_table_time(&s->table, p->hour * UTC_HOUR_SECS);
		cmd_table_text(&s->table, account_name(s, p->account));
		cmd_table_text(&s->table, kinds[p->kind]);
		cmd_table_text(&s->table, mean);
		cmd_table_int(&s->table, (int64_t)p->samples);
		free(mean);
	}
	return true;
}

/* --- the volume --- */

static void
print_instant(struct cmd_table *t, const struct volume_state_sample *sample)
{
	char when[SAMPLE_INSTANT_SIZE];

	if (sample->hour < 0)
		cmd_table_none(t);
	else
		cmd_table_text(
		    t, sample_format_instant(sample->at, sample->nanos, when));
}

static bool
print_state(struct shown *s, struct err *err)
{
	const struct volume_state *v = &s->volume;
	struct volume_state_sample first;
	char id[UUID_TEXT_SIZE];

	if (!volume_state_first(s->db, v, &first, err))
		return false;
	cmd_table_text(&s->table, uuid_format(&v->uuid, id));
	cmd_table_text(&s->table, v->name);
	cmd_table_text(&s->table, account_name(s, v->last.account));
	cmd_table_text(&s->table, v->source);
	cmd_table_text(&s->table, v->region);
	cmd_table_text(&s->table, volume_state_word(v, s->now));
	cmd_table_time(&s->table, v->created_at);
	cmd_table_time(&s->table, v->retired_at);
	cmd_table_time(&s->table, v->missing_since);
	cmd_table_int(&s->table, volume_state_missing_hours(v, s->now));
	print_instant(&s->table, &first);
	print_instant(&s->table, &v->last);
	if (v->last.hour < 0)
		cmd_table_none(&s->table);
	else
		cmd_table_size(&s->table, v->last.bytes);
	return true;
}

static bool
print_name(void *ctx, const char *name, int64_t number, struct err *err)
{
	struct shown *s = ctx;

	(void)number;
	(void)err;
	cmd_table_text(&s->table, name);
	return true;
}

static bool
print_account(void *ctx, const char *name, int64_t month, struct err *err)
{
	struct shown *s = ctx;
	char since[UTC_TEXT_SIZE];

	(void)err;
	cmd_table_text(&s->table, name);
	utc_format_date(volume_month_hour(month) * UTC_HOUR_SECS, since);
	since[7] = '\0'; /* without the day */
	cmd_table_text(&s->table, since);
	return true;
}

static bool
print_all(struct shown *s, struct err *err)
{
	static const char *const names[] = {"name", NULL};
	static const char *const accounts[] = {"account", "first_month", NULL};

	if (!print_state(s, err))
		return false;
	cmd_table_part(&s->table, "names", names);
	if (!volume_state_names(s->db, &s->volume, print_name, s, err))
		return false;
	cmd_table_part(&s->table, "accounts", accounts);
	return volume_state_accounts(
		   s->db, &s->volume, print_account, s, err) &&
	       print_hours(s, err);
}

static bool
show_loaded(const struct opt_values *values, struct shown *s, struct err *err)
{
	static const char *const columns[] = {"volume_id", "name", "account",
	    "source", "region", "state", "created_at", "retired_at",
	    "missing_since", "missing_hours", "first_sampled_at",
	    "last_sampled_at", "last_bytes", NULL};

	cmd_table_begin_record(&s->table, values, columns);
	return cmd_table_end(&s->table, print_all(s, err), err);
}

static bool
show_volume(const struct opt_values *values, struct sql *db, struct err *err)
{
	const char *operand = opt_operand(values, 0);
	struct shown s = {.db = db};
	struct clock clock;
	struct uuid uuid;
	bool ok;

	if (!uuid_parse(operand, strlen(operand), &uuid))
		return err_set(err, ERR_INPUT,
		    "a volume's id is a UUID, as `list volumes` shows it: "
		    "\"%s\"",
		    operand);
	if (!settings_clock(values, &clock, err) || !sql_begin_read(db, err))
		return false;
	s.now = clock_secs(&clock);
	ok = account_list(db, &s.accounts, &s.account_count, err) &&
	     volume_state_load(db, &uuid, s.now, false, &s.volume, err) &&
	     load_hours(&s, err) && show_loaded(values, &s, err);
	sql_rollback(db);
	for (size_t i = 0; i < s.part_count; i++)
		exact_free(s.parts[i].mean);
	free(s.parts);
	free(s.accounts);
	volume_state_fini(&s.volume);
	return ok;
}

static int
run_show_volume(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, show_volume);
}

const struct opt_command cmd_show_volume = {
    .path = "show volume",
    .operands = "UUID",
    .summary = "Show how a volume stands, its names, accounts and last hours",
    .flags = volume_flags,
    .run = run_show_volume,
};
