/*
 * parse_bench.c - what reading a report costs, beside cJSON.
 *
 * Makes reports of 10 and of 10000 volumes, reads each many times with
 * report_parse and with cJSON_ParseWithLength in turn, and prints the medians
 * of the rounds. Both see the same bytes in the same run, so that the ratio
 * means something where the figures themselves do not.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/jsonscan.h"
#include "src/report.h"

enum {
	ROUNDS = 9,
	VOLUMES_A_ROUND = 100000,
	READERS = 3
};

struct bench {
	struct buf body;
	struct report report;
	struct buf errors;
};

typedef bool reader_fn(struct bench *b);

static bool
with_report(struct bench *b)
{
	struct err err = ERR_INIT;

	return report_parse(b->body.data, b->body.len, &b->report, &b->errors,
		   &err) == REPORT_FINE;
}

static bool
with_jsonscan(struct bench *b)
{
	struct err err = ERR_INIT;

	return jsonscan_check(b->body.data, b->body.len, 8, &err);
}

static bool
with_cjson(struct bench *b)
{
	cJSON *root = cJSON_ParseWithLength(b->body.data, b->body.len);

	cJSON_Delete(root);
	return root != NULL;
}

static const struct {
	const char *name;
	reader_fn *read;
} readers[READERS] = {
    {"report_parse", with_report},
    {"jsonscan_check", with_jsonscan},
    {"cJSON", with_cjson},
};

static void
make_body(struct buf *out, int volumes)
{
	int i;

	buf_str(out,
	    "{\"report_id\":\"5f0c9a52-2f0e-4b7c-9a3d-0a4f6e1b2c3d\","
	    "\"sent_at\":\"2026-10-01T12:00:03Z\",\"complete\":true,"
	    "\"admin\":{\"version\":\"1.8.2\",\"host\":\"admin1.x.test\"},"
	    "\"volumes\":[");
	for (i = 0; i < volumes; i++)
		buf_printf(out,
		    "%s{\"id\":\"7b1d%04x-90a1-4c3e-8f00-%012x\","
		    "\"name\":\"lab-%d\",\"account\":\"acme\","
		    "\"sampled_at\":\"2026-10-01T12:00:00Z\","
		    "\"bytes\":%" PRId64 ",\"inodes\":%d}",
		    i > 0 ? "," : "", i & 0xffff, i, i,
		    INT64_C(1099511627776) + i * INT64_C(4096), 1000 + i);
	buf_str(out, "]}");
}

static double
now_secs(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Seconds per report of each reader, as medians of alternating rounds. */
static void
measure(struct bench *b, int volumes, double median[READERS])
{
	double secs[READERS][ROUNDS], start;
	int round, r, i, times = VOLUMES_A_ROUND / volumes;

	for (round = 0; round < ROUNDS; round++)
		for (r = 0; r < READERS; r++) {
			start = now_secs();
			for (i = 0; i < times; i++)
				if (!readers[r].read(b))
					abort();
			secs[r][round] = (now_secs() - start) / times;
		}
	for (r = 0; r < READERS; r++) {
		qsort(secs[r], ROUNDS, sizeof secs[r][0], compare);
		median[r] = secs[r][ROUNDS / 2];
	}
}

int
main(void)
{
	static const int sizes[] = {10, 10000};
	struct bench b = {.body = BUF_INIT};
	double median[READERS];
	size_t s;
	int r;

	for (s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
		buf_clear(&b.body);
		make_body(&b.body, sizes[s]);
		measure(&b, sizes[s], median);
		printf("%d volumes, %zu bytes\n", sizes[s], b.body.len);
		for (r = 0; r < READERS; r++)
			printf("  %-14s %8.1f MB/s %10.2f us  %5.2f x cJSON\n",
			    readers[r].name,
			    (double)b.body.len / median[r] / 1e6,
			    median[r] * 1e6, median[READERS - 1] / median[r]);
	}
	buf_fini(&b.body);
	buf_fini(&b.errors);
	report_fini(&b.report);
	return 0;
}
