/*
 * years.c - years of hourly samples, as a server that has run for so long has
 * them: for what reads them.
 *
 *     years FOLDER VOLUMES ACCOUNTS DAYS
 *
 * Makes a database in FOLDER with that many days before today, as rows of
 * closed days, and today's hours as samples. A volume is 1 TiB, more or less,
 * and changes each hour in blocks of 4 KiB. Every account has a rate; no
 * period is closed yet. Prints the UUID of a volume.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/utc.h"
#include "src/day.h"
#include "src/day_code.h"
#include "src/store.h"
#include "src/volume.h"

struct bench {
	struct sql *db;
	int64_t volumes, accounts, from_day, today, this_hour;
	int64_t *sizes; /* owned; by volume */
	uint64_t seed;
	struct day_hours hours; /* owned */
	struct err err;
};

static void
die(const struct bench *b, const char *what)
{
	fprintf(stderr, "years: %s: %s\n", what, b->err.text);
	exit(1);
}

static int64_t
next_size(struct bench *b, int64_t volume)
{
	b->seed = b->seed * 6364136223846793005u + 1442695040888963407u;
	b->sizes[volume] += ((int64_t)(b->seed >> 46) - 131072) * 4096;
	return b->sizes[volume];
}

static void
run(struct bench *b, const char *literal, int64_t x, int64_t y)
{
	struct sql_stmt *s = sql_get(b->db, literal, &b->err);

	if (s == NULL)
		die(b, literal);
	sql_bind_int(s, 1, x);
	sql_bind_int(s, 2, y);
	if (!sql_run(s, &b->err))
		die(b, literal);
}

static void
add_tables(struct bench *b)
{
	run(b,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    "   WHERE i < ?1)"
	    " INSERT INTO account (id, name, display_name, currency, average,"
	    "   gap_policy, max_carry_hours, rounding, rounding_mode, net_days,"
	    "   report_to, created_at)"
	    " SELECT i, 'a' || i, '', 'USD', 'mean', 'carry', 6, 'document',"
	    "   'half_up', 30, '', 0 FROM n WHERE ?2 = 0",
	    b->accounts, 0);
	run(b,
	    "INSERT INTO rate (account, max_age, from_hour, rate, created_at)"
	    " SELECT id, '', ?1, '0.0371', ?2 FROM account",
	    0, 0);
	run(b,
	    "INSERT INTO fact VALUES (1, ?1, 'report.accepted', 'x', 'x', '',"
	    " NULL, NULL, zeroblob(32 + ?2))",
	    b->from_day * UTC_DAY_SECS, 0);
	run(b,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    "   WHERE i < ?1)"
	    " INSERT INTO volume (id, volume_id)"
	    " SELECT i, randomblob(16) FROM n WHERE ?2 = 0",
	    b->volumes, 0);
	run(b,
	    "INSERT INTO volume_name (volume, name)"
	    " SELECT id, 'volume-' || id FROM volume WHERE ?1 = ?2",
	    0, 0);
}

static void
add_months(struct bench *b)
{
	int64_t first = volume_month_of(b->from_day * UTC_DAY_SECS);
	int64_t last = volume_month_of(b->today * UTC_DAY_SECS);

	for (int64_t month = first; month <= last; month++) {
		run(b,
		    "INSERT INTO volume_month SELECT id, ?1 FROM volume"
		    " WHERE ?2 = 0",
		    month, 0);
		run(b,
		    "INSERT INTO account_month SELECT id, ?1 FROM account"
		    " WHERE ?2 = 0",
		    month, 0);
	}
	run(b,
	    "INSERT INTO volume_account (account, volume, first_month)"
	    " SELECT 1 + id % ?1, id, ?2 FROM volume",
	    b->accounts, first);
}

/* --- closed days --- */

static void
add_row(struct bench *b, int64_t day, int64_t volume)
{
	const struct day_terms terms = {NULL, 0, NULL, 0};
	struct day_sample sample = {.nanos = volume % 3600 * 1000000000,
	    .account = 1 + volume % b->accounts,
	    .name = volume,
	    .bins = ""};
	struct buf bytes = BUF_INIT;

	day_hours_clear(&b->hours);
	for (int64_t h = 0; h < DAY_HOURS; h++) {
		sample.hour = day * DAY_HOURS + h;
		sample.bytes = next_size(b, volume);
		if (!day_hours_add(&b->hours, &sample, &b->err))
			die(b, "hour");
	}
	day_hours_pack(&b->hours, &terms);
	if (!day_encode(&b->hours, day, &bytes, &b->err) ||
	    !day_store(b->db, day, volume, 1, &bytes, &b->err))
		die(b, "day");
	buf_fini(&bytes);
}

static void
add_days(struct bench *b)
{
	const struct day_progress progress = {.done_day = b->today - 1};

	for (int64_t day = b->from_day; day < b->today; day++)
		for (int64_t v = 1; v <= b->volumes; v++)
			add_row(b, day, v);
	if (!day_save_progress(b->db, &progress, &b->err))
		die(b, "progress");
}

/* --- today --- */

static void
add_sample(struct bench *b, int64_t hour, int64_t volume)
{
	struct sql_stmt *s = sql_get(b->db,
	    "INSERT INTO sample (hour, volume, nanos, revision, bytes,"
	    " account, fact, name) VALUES (?, ?, 0, 0, ?, ?, 1, ?)",
	    &b->err);

	if (s == NULL)
		die(b, "sample");
	sql_bind_int(s, 1, hour);
	sql_bind_int(s, 2, volume);
	sql_bind_int(s, 3, next_size(b, volume));
	sql_bind_int(s, 4, 1 + volume % b->accounts);
	sql_bind_int(s, 5, volume);
	if (!sql_run(s, &b->err))
		die(b, "sample");
}

static void
print_volume(struct bench *b)
{
	struct sql_stmt *s = sql_get(
	    b->db, "SELECT volume_id FROM volume WHERE id = 500", &b->err);
	char text[UUID_TEXT_SIZE];
	struct uuid uuid;
	size_t len;

	if (s == NULL || sql_step(s, &b->err) != SQL_ROW)
		die(b, "volume");
	memcpy(uuid.bytes, sql_blob(s, 0, &len), sizeof uuid.bytes);
	printf("%s\n", uuid_format(&uuid, text));
	sql_done(s);
}

int
main(int argc, char **argv)
{
	struct bench b = {.err = ERR_INIT, .seed = 1};

	if (argc != 5)
		return 2;
	b.volumes = strtoll(argv[2], NULL, 10);
	b.accounts = strtoll(argv[3], NULL, 10);
	b.this_hour = time(NULL) / UTC_HOUR_SECS;
	b.today = b.this_hour / DAY_HOURS;
	b.from_day = b.today - strtoll(argv[4], NULL, 10);
	b.sizes = calloc((size_t)b.volumes + 1, sizeof *b.sizes);
	b.db = store_open_write(argv[1], 0, NULL, &b.err);
	if (b.sizes == NULL || b.db == NULL ||
	    !sql_exec(b.db, "PRAGMA synchronous = OFF", &b.err) ||
	    !sql_begin(b.db, &b.err))
		die(&b, argv[1]);
	for (int64_t v = 1; v <= b.volumes; v++)
		b.sizes[v] = (INT64_C(1) << 40) + v * 4096;
	add_tables(&b);
	add_months(&b);
	add_days(&b);
	for (int64_t hour = b.today * DAY_HOURS; hour <= b.this_hour; hour++)
		for (int64_t v = 1; v <= b.volumes; v++)
			add_sample(&b, hour, v);
	if (!sql_commit(b.db, &b.err))
		die(&b, "commit");
	print_volume(&b);
	day_hours_fini(&b.hours);
	free(b.sizes);
	sql_close(b.db);
	return 0;
}
