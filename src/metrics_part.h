/*
 * metrics_part.h - the counters, for the files of metrics.
 */
#ifndef SRC_METRICS_PART_H
#define SRC_METRICS_PART_H

#include "lib/prom.h"
#include "metrics.h"

enum {
	METRICS_MIN_STATUS = 100,
	METRICS_STATUSES = 500, /* 100 to 599 */
	METRICS_MAX_MAILS = 128,
	METRICS_MAIL_NAME_SIZE = 64,
};

extern const char *const metrics_result_names[METRICS_RESULTS];

/* The methods that are told apart; the last one stands for all others. */
enum {
	METRICS_METHODS = 9
};
extern const char *const metrics_methods[METRICS_METHODS];

struct metrics_source {
	int64_t results[METRICS_RESULTS];
	int64_t last_report_at; /* 0: none since the start */
	int64_t skew_ms;
};

struct metrics_mail {
	char name[METRICS_MAIL_NAME_SIZE]; /* of its report */
	int64_t last_at;
};

struct metrics {
	struct metrics_source *sources; /* owned; by row */
	size_t source_count;
	int64_t stored, duplicates, quarantined;
	struct prom_histogram commit_us, commit_rows, request_us;
	int64_t commits_failed, mails_failed;
	int64_t requests[METRICS_METHODS][METRICS_STATUSES];
	struct metrics_mail mails[METRICS_MAX_MAILS];
	size_t mail_count;
};

/* HELP and TYPE of a metric. */
void metrics_put_family(struct buf *out, enum metrics_id id);

/* One value, with the values of its labels in the table's order. */
void metrics_put(struct buf *out, enum metrics_id id, int64_t value,
    const char *first, const char *second);

#endif
