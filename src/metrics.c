/*
 * metrics.c - the table of what is told, and the counters. In: what happens.
 * Out: numbers. Owns them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "metrics_part.h"

const struct metrics_row metrics_table[METRICS_COUNT] = {
    [METRICS_REPORTS] = {"flexfs_stat_reports_total", "counter",
	{"source", "result"}, 0, "Reports of a source, by what became of them"},
    [METRICS_SAMPLES] = {"flexfs_stat_samples_total", "counter", {"result"}, 0,
	"Samples of new reports: stored, duplicate or quarantined"},
    [METRICS_QUARANTINE] = {"flexfs_stat_quarantine_samples", "gauge", {NULL},
	0, "Samples that are set aside and not settled"},
    [METRICS_SOURCE_LAST] = {"flexfs_stat_source_last_report_timestamp_seconds",
	"gauge", {"source"}, 0,
	"When a source that is not switched off last reported, to the minute "
	"after a restart; 0 if it never did"},
    [METRICS_SOURCE_SKEW] = {"flexfs_stat_source_clock_skew_seconds", "gauge",
	{"source"}, 3,
	"How far a source's clock was ahead in its last report since the "
	"server started"},
    [METRICS_INTERVAL] = {"flexfs_stat_expected_interval_seconds", "gauge",
	{NULL}, 0, "How often a source is expected to report"},
    [METRICS_VOLUME_BYTES] = {"flexfs_stat_volume_bytes", "gauge", {"account"},
	0,
	"What the volumes of an account hold, by their latest samples of the "
	"last day"},
    [METRICS_PERIODS] = {"flexfs_stat_periods", "gauge", {"state"}, 0,
	"Periods of accounts that are not closed"},
    [METRICS_PERIOD_HOURS] = {"flexfs_stat_period_hours", "gauge",
	{"period", "state"}, 0,
	"Volume-hours of periods that are not closed: measured, estimated or "
	"unbilled"},
    [METRICS_MAILS] = {"flexfs_stat_mails", "gauge", {"state"}, 0,
	"Mails of the outbox"},
    [METRICS_MAIL_LAST] = {"flexfs_stat_mail_last_success_timestamp_seconds",
	"gauge", {"report"}, 0, "When a mail of a report was last handed over"},
    [METRICS_MAIL_FAILURES] = {"flexfs_stat_mail_failures_total", "counter",
	{NULL}, 0,
	"Attempts to write a mail, or to hand it over to all its recipients, "
	"that failed"},
    [METRICS_DB_SIZE] = {"flexfs_stat_db_size_bytes", "gauge", {NULL}, 0,
	"Size of the database with its write-ahead log"},
    [METRICS_COMMIT_SECS] = {"flexfs_stat_commit_duration_seconds", "histogram",
	{NULL}, 6, "Time to make a group of reports durable"},
    [METRICS_COMMIT_ROWS] = {"flexfs_stat_commit_rows", "histogram", {NULL}, 0,
	"Samples in a group of reports"},
    [METRICS_COMMIT_FAILURES] = {"flexfs_stat_commit_failures_total", "counter",
	{NULL}, 0, "Groups of reports that could not be made durable"},
    [METRICS_REQUESTS] = {"flexfs_stat_http_requests_total", "counter",
	{"method", "code"}, 0, "Requests that were answered"},
    [METRICS_REQUEST_SECS] = {"flexfs_stat_http_request_duration_seconds",
	"histogram", {NULL}, 6,
	"Time from the end of a request's head to its answer"},
    [METRICS_CONNECTIONS] = {"flexfs_stat_connections", "gauge", {NULL}, 0,
	"Connections that are open"},
    [METRICS_CERT_EXPIRY] = {"flexfs_stat_cert_expiry_timestamp_seconds",
	"gauge", {NULL}, 0, "When the certificate ends; absent without TLS"},
    [METRICS_GRANT_KEY] = {"flexfs_stat_grant_key_present", "gauge", {NULL}, 0,
	"Whether there is a key that signs grants: 0 or 1"},
    [METRICS_BUILD] = {"flexfs_stat_build_info", "gauge", {"version"}, 0,
	"Always 1; the version is in the label"},
    [METRICS_CPU_SECS] = {"process_cpu_seconds_total", "counter", {NULL}, 6,
	"User and system time of the server"},
    [METRICS_RESIDENT] = {"process_resident_memory_bytes", "gauge", {NULL}, 0,
	"Resident memory of the server"},
    [METRICS_VIRTUAL] = {"process_virtual_memory_bytes", "gauge", {NULL}, 0,
	"Virtual memory of the server"},
    [METRICS_OPEN_FDS] = {"process_open_fds", "gauge", {NULL}, 0,
	"Descriptors that are open"},
    [METRICS_MAX_FDS] = {"process_max_fds", "gauge", {NULL}, 0,
	"Descriptors that may be open; absent without a limit"},
    [METRICS_START] = {"process_start_time_seconds", "gauge", {NULL}, 3,
	"When the server started, by the real clock"},
};

const char *const metrics_result_names[METRICS_RESULTS] = {
    [METRICS_STORED] = "stored",
    [METRICS_REPLAYED] = "replayed",
    [METRICS_REUSED] = "reused",
    [METRICS_DENIED] = "denied",
    [METRICS_INVALID] = "invalid",
    [METRICS_MALFORMED] = "malformed",
    [METRICS_TOO_LARGE] = "too_large",
    [METRICS_UNSUPPORTED] = "unsupported",
    [METRICS_FAILED] = "failed",
};

const char *const metrics_methods[METRICS_METHODS] = {"GET", "HEAD", "POST",
    "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", HTTP_METHOD_OTHER};

/* Micros; a commit takes one fdatasync, which is 0.5 ms on a good disk. */
static const int64_t commit_bounds[] = {250, 500, 1000, 2500, 5000, 10000,
    25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000};
static const int64_t rows_bounds[] = {
    1, 10, 50, 100, 500, 1000, 2500, 5000, 10000, 20000, 40000};
/* The usual ones, and some below for answers out of memory. */
static const int64_t request_bounds[] = {250, 1000, 5000, 10000, 25000, 50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* --- the table as text --- */

void
metrics_write_list(struct buf *out)
{
	for (const struct metrics_row *row = metrics_table;
	     row < metrics_table + METRICS_COUNT; row++)
		buf_printf(out, "%s\t%s\t%s%s%s\t%s\n", row->name, row->type,
		    row->labels[0] != NULL ? row->labels[0] : "",
		    row->labels[1] != NULL ? " " : "",
		    row->labels[1] != NULL ? row->labels[1] : "", row->help);
}

void
metrics_put_family(struct buf *out, enum metrics_id id)
{
	const struct metrics_row *row = &metrics_table[id];

	prom_family(out, row->name, row->type, row->help);
}

void
metrics_put(struct buf *out, enum metrics_id id, int64_t value,
    const char *first, const char *second)
{
	const struct metrics_row *row = &metrics_table[id];
	const struct prom_label labels[METRICS_LABELS] = {
	    {row->labels[0], first}, {row->labels[1], second}};
	size_t count = 0;

	while (count < METRICS_LABELS && row->labels[count] != NULL)
		count++;
	prom_sample(out, row->name, labels, count, value, row->digits);
}

/* --- counting --- */

/* NULL without memory: then it is not counted, which nothing rests on. */
static struct metrics_source *
source_of(struct metrics *m, int64_t source)
{
	size_t count = m->source_count > 0 ? m->source_count : 16;
	struct metrics_source *more;

	if (source <= 0 || source > INT32_MAX)
		return NULL;
	while (count <= (size_t)source)
		count *= 2;
	if (count > m->source_count) {
		more = reallocarray(m->sources, count, sizeof *more);
		if (more == NULL)
			return NULL;
		memset(more + m->source_count, 0,
		    (count - m->source_count) * sizeof *more);
		m->sources = more;
		m->source_count = count;
	}
	return &m->sources[source];
}

void
metrics_count_report(
    struct metrics *metrics, int64_t source, enum metrics_result result)
{
	struct metrics_source *s = source_of(metrics, source);

	if (s != NULL)
		s->results[result]++;
}

void
metrics_note_report(struct metrics *metrics, int64_t source,
    const struct metrics_report *report)
{
	struct metrics_source *s = source_of(metrics, source);

	metrics->stored += report->stored;
	metrics->duplicates += report->duplicates;
	metrics->quarantined += report->quarantined;
	if (s == NULL)
		return;
	s->last_report_at = report->at;
	s->skew_ms = report->skew_ms;
}

void
metrics_note_commit(struct metrics *metrics, int64_t micros, int64_t rows)
{
	prom_observe(&metrics->commit_us, micros);
	prom_observe(&metrics->commit_rows, rows);
}

void
metrics_note_commit_failed(struct metrics *metrics)
{
	metrics->commits_failed++;
}

void
metrics_note_request(struct metrics *metrics, const char *method,
    unsigned status, int64_t micros)
{
	size_t m = 0;

	while (
	    m < METRICS_METHODS - 1 && strcmp(metrics_methods[m], method) != 0)
		m++;
	if (status >= METRICS_MIN_STATUS &&
	    status < METRICS_MIN_STATUS + METRICS_STATUSES)
		metrics->requests[m][status - METRICS_MIN_STATUS]++;
	prom_observe(&metrics->request_us, micros);
}

void
metrics_note_mail(struct metrics *metrics, const char *name, int64_t at)
{
	size_t len = strcspn(name, ":"), i = 0;
	struct metrics_mail *mails = metrics->mails;

	if (len >= METRICS_MAIL_NAME_SIZE)
		return;
	while (
	    i < metrics->mail_count && (memcmp(mails[i].name, name, len) != 0 ||
					   mails[i].name[len] != '\0'))
		i++;
	if (i == METRICS_MAX_MAILS)
		return;
	if (i == metrics->mail_count) {
		memcpy(mails[i].name, name, len);
		mails[i].name[len] = '\0';
		metrics->mail_count++;
	}
	if (mails[i].last_at < at)
		mails[i].last_at = at;
}

void
metrics_note_mail_failed(struct metrics *metrics)
{
	metrics->mails_failed++;
}

/* --- life --- */

struct metrics *
metrics_new(struct err *err)
{
	struct metrics *m = calloc(1, sizeof *m);

	if (m == NULL) {
		err_nomem(err);
		return NULL;
	}
	m->commit_us.bounds = commit_bounds;
	m->commit_us.bound_count = LENGTH(commit_bounds);
	m->commit_rows.bounds = rows_bounds;
	m->commit_rows.bound_count = LENGTH(rows_bounds);
	m->request_us.bounds = request_bounds;
	m->request_us.bound_count = LENGTH(request_bounds);
	return m;
}

void
metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	free(metrics->sources);
	free(metrics);
}
