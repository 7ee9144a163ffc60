/*
 * metrics.h - what is counted while the server runs, and the table of all
 * that it tells: names, types, labels.
 *
 * The counters are the process's: they begin with it at 0. What rests in
 * tables is not here; metrics_page.h reads it when somebody asks. No value of
 * a label comes from a client: names of sources, accounts and reports are
 * operators' words, all else is from fixed sets.
 */
#ifndef SRC_METRICS_H
#define SRC_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

/* In the order in which they are told. */
enum metrics_id {
	METRICS_REPORTS,
	METRICS_SAMPLES,
	METRICS_QUARANTINE,
	METRICS_SOURCE_LAST,
	METRICS_SOURCE_SKEW,
	METRICS_INTERVAL,
	METRICS_VOLUME_BYTES,
	METRICS_PERIODS,
	METRICS_PERIOD_HOURS,
	METRICS_MAILS,
	METRICS_MAIL_LAST,
	METRICS_MAIL_FAILURES,
	METRICS_DB_SIZE,
	METRICS_COMMIT_SECS,
	METRICS_COMMIT_ROWS,
	METRICS_COMMIT_FAILURES,
	METRICS_REQUESTS,
	METRICS_REQUEST_SECS,
	METRICS_CONNECTIONS,
	METRICS_CERT_EXPIRY,
	METRICS_GRANT_KEY,
	METRICS_BUILD,
	METRICS_CPU_SECS,
	METRICS_RESIDENT,
	METRICS_VIRTUAL,
	METRICS_OPEN_FDS,
	METRICS_MAX_FDS,
	METRICS_START,
	METRICS_COUNT,
};

enum {
	METRICS_LABELS = 2
};

struct metrics_row {
	const char *name;
	const char *type;		    /* counter, gauge, histogram */
	const char *labels[METRICS_LABELS]; /* NULL: no more */
	unsigned digits;  /* of its values, behind the point */
	const char *help; /* a sentence without full stop */
};

extern const struct metrics_row metrics_table[METRICS_COUNT];

/* One line for each: name, type, labels, help, separated by tabs. */
void metrics_write_list(struct buf *out);

/* What became of a report, as its label says. */
enum metrics_result {
	METRICS_STORED,
	METRICS_REPLAYED,
	METRICS_REUSED,	   /* its id was another body's */
	METRICS_DENIED,	   /* an account that is not the source's */
	METRICS_INVALID,   /* not as the schema wants it */
	METRICS_MALFORMED, /* no JSON */
	METRICS_TOO_LARGE,
	METRICS_UNSUPPORTED, /* of another type or encoding */
	METRICS_FAILED,	     /* by the fault of the server */
	METRICS_RESULTS,
};

struct metrics;

struct metrics *metrics_new(struct err *err);
void metrics_free(struct metrics *metrics);

/* One of a source (its row). */
void metrics_count_report(
    struct metrics *metrics, int64_t source, enum metrics_result result);

/* A new report of a source that is on disk, and what it stored. */
struct metrics_report {
	int64_t at, skew_ms;
	int64_t stored, duplicates, quarantined;
};
void metrics_note_report(struct metrics *metrics, int64_t source,
    const struct metrics_report *report);

/* A group of reports, with so many samples, was committed or was not. */
void metrics_note_commit(struct metrics *metrics, int64_t micros, int64_t rows);
void metrics_note_commit_failed(struct metrics *metrics);

/* A request was answered. method is as sent. */
void metrics_note_request(struct metrics *metrics, const char *method,
    unsigned status, int64_t micros);

/* A mail was sent; name is its outbox's, such as "monthly" or
 * "invoice:acme". An attempt to write or to send one failed. */
void metrics_note_mail(struct metrics *metrics, const char *name, int64_t at);
void metrics_note_mail_failed(struct metrics *metrics);

#endif
