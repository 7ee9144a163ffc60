/*
 * history.c - a month of hourly samples, made small and rated.
 *
 *     history FOLDER steady|blocks|bytes VOLUMES ACCOUNTS
 *
 * Fills a database in FOLDER, unless there is one, with a sample of every hour of 2026-01 of
 * each volume: sizes that rarely change, that change every hour by up to
 * 512 MiB in blocks of 4 KiB, or by as much in bytes. Then it makes the rows of
 * all days, in the turns that the server takes, and rates the month of all
 * accounts in one pass. Prints, in one line: seconds of filling; samples/s of
 * making rows, median and longest turn in ms; bytes of the table day for each
 * sample, and of the table sample; seconds (of the processor) of rating, and of reading
 * all rows of the table day and doing nothing with them, medians of 5
 * alternating rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/utc.h"
#include "src/account.h"
#include "src/history.h"
#include "src/rating.h"
#include "src/store.h"

enum {
	ROUNDS = 5,
	HOURS = 744,
	MAX_TURNS = 1 << 20
};

static const int64_t FROM = 1767225600; /* 2026-01-01 */

struct bench {
	struct sql *db;
	int64_t volumes, accounts;
	char kind;
	struct err err;
};

static void
die(const struct bench *b, const char *what)
{
	fprintf(stderr, "history: %s: %s\n", what, b->err.text);
	exit(1);
}

static double
seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
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

static double
number(struct bench *b, const char *literal)
{
	struct sql_stmt *s = sql_get(b->db, literal, &b->err);
	double value;

	if (s == NULL || sql_step(s, &b->err) != SQL_ROW)
		die(b, literal);
	value = (double)sql_int(s, 0);
	sql_done(s);
	return value;
}

/* --- filling --- */

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
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    "   WHERE i < ?1)"
	    " INSERT INTO volume (id, volume_id)"
	    " SELECT i, randomblob(16) FROM n WHERE ?2 = 0",
	    b->volumes, 0);
	run(b,
	    "INSERT INTO volume_name (volume, name)"
	    " SELECT id, 'volume-' || id FROM volume WHERE ?1 = ?2",
	    0, 0);
	run(b,
	    "INSERT INTO volume_month SELECT id, 2026 * 12 + ?1 FROM volume"
	    " WHERE ?2 = 0",
	    0, 0);
	run(b,
	    "INSERT INTO volume_account (account, volume, first_month)"
	    " SELECT 1 + id % ?1, id, 2026 * 12 + ?2 FROM volume",
	    b->accounts, 0);
	run(b,
	    "INSERT INTO account_month SELECT id, 2026 * 12 + ?1 FROM account"
	    " WHERE ?2 = 0",
	    0, 0);
	run(b,
	    "INSERT INTO fact VALUES (1, ?1, 'report.accepted', 'x', 'x', '',"
	    " NULL, NULL, zeroblob(32 + ?2))",
	    FROM, 0);
}

static int64_t
change(const struct bench *b, uint64_t *seed)
{
	int64_t blocks = (int64_t)(next_random(seed) % 262144) - 131072;

	if (b->kind == 's' && next_random(seed) % 50 != 0)
		return 0;
	return blocks * 4096 +
	       (b->kind == 'b' ? (int64_t)(next_random(seed) % 4096) : 0);
}

static void
add_hour(struct bench *b, int64_t hour, int64_t *sizes, uint64_t *seed)
{
	struct sql_stmt *s = sql_get(b->db,
	    "INSERT INTO sample (hour, volume, nanos, revision, bytes,"
	    " account, fact, name) VALUES (?, ?, ?, 0, ?, ?, 1, ?)",
	    &b->err);

	if (s == NULL)
		die(b, "sample");
	for (int64_t v = 1; v <= b->volumes; v++) {
		sizes[v] += change(b, seed);
		sql_bind_int(s, 1, FROM / UTC_HOUR_SECS + hour);
		sql_bind_int(s, 2, v);
		sql_bind_int(s, 3, v % 3600 * 1000000000);
		sql_bind_int(s, 4, sizes[v]);
		sql_bind_int(s, 5, 1 + v % b->accounts);
		sql_bind_int(s, 6, v);
		if (!sql_run(s, &b->err))
			die(b, "sample");
	}
}

static void
fill(struct bench *b)
{
	int64_t *sizes = calloc((size_t)b->volumes + 1, sizeof *sizes);
	uint64_t seed = 1;

	if (sizes == NULL || !sql_begin(b->db, &b->err))
		die(b, "begin");
	add_tables(b);
	for (int64_t v = 1; v <= b->volumes; v++)
		sizes[v] =
		    (INT64_C(1) << 40) + (int64_t)next_random(&seed) * 4096;
	for (int64_t hour = 0; hour < HOURS; hour++) {
		add_hour(b, hour, sizes, &seed);
		if (hour % 24 == 23 &&
		    (!sql_commit(b->db, &b->err) || !sql_begin(b->db, &b->err)))
			die(b, "commit");
	}
	if (!sql_commit(b->db, &b->err))
		die(b, "commit");
	free(sizes);
}

/* --- making rows --- */

static int
compare_times(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
compact(struct bench *b)
{
	struct history *h = history_new(INT64_C(1) << 40, &b->err);
	double *times = calloc(MAX_TURNS, sizeof *times), all = 0;
	size_t n = 0;
	bool more = true;

	if (h == NULL || times == NULL)
		die(b, "history");
	for (; more && n < MAX_TURNS; n++) {
		double start = seconds(CLOCK_MONOTONIC);

		if (!history_turn(
			h, b->db, FROM + 40 * INT64_C(86400), &more, &b->err))
			die(b, "turn");
		times[n] = seconds(CLOCK_MONOTONIC) - start;
		all += times[n];
	}
	qsort(times, n, sizeof *times, compare_times);
	printf("rows %.0f samples/s (turns: median %.1f ms, p99 %.1f ms,"
	       " longest %.1f ms)  ",
	    (double)(b->volumes * HOURS) / all, times[n / 2] * 1e3,
	    times[n * 99 / 100] * 1e3, times[n - 1] * 1e3);
	free(times);
	history_free(h);
}

/* --- rating --- */

static double
rate(struct bench *b, const struct account *accounts, size_t count)
{
	struct rating *out = calloc(count, sizeof *out);
	struct rating_query query = {.month_start = FROM,
	    .now = FROM + 40 * INT64_C(86400),
	    .upto_fact = USAGE_ALL_FACTS};
	double start = seconds(CLOCK_PROCESS_CPUTIME_ID), took;
	int64_t measured = 0;

	if (out == NULL ||
	    !rating_run(b->db, accounts, count, &query, out, &b->err))
		die(b, "rating");
	took = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
	for (size_t i = 0; i < count; i++) {
		measured += out[i].hours.measured;
		rating_fini(&out[i]);
	}
	free(out);
	if (measured != b->volumes * HOURS)
		die(b, "hours are missing");
	return took;
}

static double
read_all(struct bench *b)
{
	struct sql_stmt *s =
	    sql_get(b->db, "SELECT day, volume, fact, hours FROM day", &b->err);
	double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
	size_t len, all = 0;

	while (s != NULL && sql_step(s, &b->err) == SQL_ROW) {
		sql_blob(s, 3, &len);
		all += len + (size_t)sql_int(s, 1);
	}
	if (all == 0)
		die(b, "read");
	return seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
}

static void
measure(struct bench *b)
{
	struct account *accounts;
	double rated[ROUNDS], read[ROUNDS];
	size_t count;

	if (!account_list(b->db, &accounts, &count, &b->err))
		die(b, "accounts");
	if (!sql_begin_read(b->db, &b->err))
		die(b, "begin");
	for (int i = 0; i < ROUNDS; i++) {
		read[i] = read_all(b);
		rated[i] = rate(b, accounts, count);
	}
	sql_rollback(b->db);
	free(accounts);
	qsort(rated, ROUNDS, sizeof *rated, compare_times);
	qsort(read, ROUNDS, sizeof *read, compare_times);
	printf("rating %.3f s, reading %.3f s, ratio %.1f\n", rated[ROUNDS / 2],
	    read[ROUNDS / 2], rated[ROUNDS / 2] / read[ROUNDS / 2]);
}

int
main(int argc, char **argv)
{
	struct bench b = {.err = ERR_INIT};
	double start = seconds(CLOCK_MONOTONIC), samples;

	if (argc != 5)
		return 2;
	b.kind = strcmp(argv[2], "bytes") == 0 ? 'b'
		 : argv[2][0] == 's'	       ? 's'
					       : 'k';
	b.volumes = strtoll(argv[3], NULL, 10);
	b.accounts = strtoll(argv[4], NULL, 10);
	b.db = store_open_write(argv[1], 0, NULL, &b.err);
	if (b.db == NULL || !sql_exec(b.db, "PRAGMA synchronous = OFF", &b.err))
		die(&b, argv[1]);
	if (number(&b, "SELECT count(*) FROM volume") == 0)
		fill(&b);
	samples = (double)(b.volumes * HOURS);
	printf("%-6s %.0f samples, filled in %.1f s  ", argv[2], samples,
	    seconds(CLOCK_MONOTONIC) - start);
	fflush(stdout);
	compact(&b);
	printf("bytes/sample: day %.2f, sample %.2f  ",
	    number(&b, "SELECT sum(pgsize) FROM dbstat WHERE name = 'day'") /
		samples,
	    number(&b, "SELECT sum(pgsize) FROM dbstat WHERE name = 'sample'") /
		samples);
	measure(&b);
	sql_close(b.db);
	return 0;
}
