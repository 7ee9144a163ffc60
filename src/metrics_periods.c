/*
 * metrics_periods.c - starts `list periods --totals` and keeps what it says.
 * In: wake-ups. Out: two families. Owns the last result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invoice.h"
#include "lib/log.h"
#include "lib/utc.h"
#include "metrics_part.h"
#include "metrics_periods.h"

enum {
	MAX_ROWS = 512,
	MAX_OUTPUT = 1 << 16,
	MAX_ARGS = 16,
	STATES = 3,
};

/* Of empty ones nothing is told: nothing is to be done about them. */
static const char *const states[STATES] = {"open", "draft", "held"};

struct row {
	char period[INVOICE_PERIOD_SIZE];
	long long measured, estimated, unbilled;
};

struct metrics_periods {
	struct job_pool *jobs;		 /* borrowed */
	const struct settings *settings; /* borrowed */
	const struct clock *clock;	 /* borrowed */
	bool busy, stopped, known;
	int64_t next_us; /* monotonic: not before */
	long long counts[STATES];
	struct row rows[MAX_ROWS]; /* one for each period */
	size_t row_count;
};

/* --- reading --- */

static struct row *
row_of(struct metrics_periods *p, const char *period)
{
	struct row *row = p->rows;

	while (row < p->rows + p->row_count && strcmp(row->period, period) != 0)
		row++;
	if (row == p->rows + MAX_ROWS)
		return NULL;
	if (row == p->rows + p->row_count) {
		memset(row, 0, sizeof *row);
		snprintf(row->period, sizeof row->period, "%s", period);
		p->row_count++;
	}
	return row;
}

/* "2026-10,open,3,2232,0,0" */
static void
take_line(struct metrics_periods *p, const char *line)
{
	long long accounts, measured, estimated, unbilled;
	char period[INVOICE_PERIOD_SIZE], state[16];
	struct row *row;
	size_t i = 0;

	/* NOLINTNEXTLINE(cert-err34-c): our own numbers */
	if (sscanf(line, "%15[^,],%15[^,],%lld,%lld,%lld,%lld", period, state,
		&accounts, &measured, &estimated, &unbilled) != 6)
		return;
	while (i < STATES && strcmp(states[i], state) != 0)
		i++;
	row = i < STATES ? row_of(p, period) : NULL;
	if (row == NULL)
		return;
	p->counts[i] += accounts;
	row->measured += measured;
	row->estimated += estimated;
	row->unbilled += unbilled;
}

/* The first line has the columns' names, and no number. */
static void
take_output(struct metrics_periods *p, char *text)
{
	char *save = NULL;

	memset(p->counts, 0, sizeof p->counts);
	p->row_count = 0;
	for (char *line = strtok_r(text, "\r\n", &save); line != NULL;
	     line = strtok_r(NULL, "\r\n", &save))
		take_line(p, line);
	p->known = true;
}

/* --- counting --- */

static void
on_counted(void *ctx, struct job_result *result)
{
	struct metrics_periods *p = ctx;

	p->busy = false;
	if (result->exit_code == 0 && result->output.len > 0)
		take_output(p, result->output.data);
	else
		log_warn("metrics.periods",
		    "code=%d signal=%d timed_out=%s; it is tried again",
		    result->exit_code, result->signal,
		    result->timed_out ? "yes" : "no");
}

void
metrics_periods_wake(struct metrics_periods *periods)
{
	char now[UTC_TEXT_SIZE];
	const char *argv[MAX_ARGS] = {"stat.flexfs", "list", "periods",
	    "--totals", "--output", "csv", "--dbFolder",
	    periods->settings->db_folder};
	const struct job_spec spec = {.argv = argv,
	    .output_limit = MAX_OUTPUT,
	    .deadline_ms = METRICS_PERIODS_MS,
	    .on_done = on_counted,
	    .ctx = periods};
	struct err err = ERR_INIT;
	size_t n = 8;

	if (periods->busy || periods->stopped ||
	    clock_mono_us() < periods->next_us)
		return;
	/* A child lives on the same clock; a pretend one stands still. */
	if (periods->clock->mock) {
		argv[n++] = "--mockTime";
		argv[n++] = "--mockStart";
		argv[n++] = utc_format(clock_secs(periods->clock), now);
		argv[n++] = "--mockRate";
		argv[n++] = "0";
	}
	periods->next_us =
	    clock_mono_us() + METRICS_PERIODS_EVERY_SECS * INT64_C(1000000);
	periods->busy = job_start(periods->jobs, &spec, &err);
	if (!periods->busy)
		log_warn("metrics.periods", "error=\"%s\"", err.text);
}

/* --- telling --- */

void
metrics_periods_put(struct buf *out, const struct metrics_periods *p)
{
	if (!p->known)
		return;
	metrics_put_family(out, METRICS_PERIODS);
	for (size_t i = 0; i < STATES; i++)
		metrics_put(out, METRICS_PERIODS, p->counts[i], states[i], "");
	if (p->row_count == 0)
		return;
	metrics_put_family(out, METRICS_PERIOD_HOURS);
	for (size_t i = 0; i < p->row_count; i++) {
		const struct row *row = &p->rows[i];

		metrics_put(out, METRICS_PERIOD_HOURS, row->measured,
		    row->period, "measured");
		metrics_put(out, METRICS_PERIOD_HOURS, row->estimated,
		    row->period, "estimated");
		metrics_put(out, METRICS_PERIOD_HOURS, row->unbilled,
		    row->period, "unbilled");
	}
}

/* --- life --- */

struct metrics_periods *
metrics_periods_new(struct job_pool *jobs, const struct settings *settings,
    const struct clock *clock, struct err *err)
{
	struct metrics_periods *p = calloc(1, sizeof *p);

	if (p == NULL) {
		err_nomem(err);
		return NULL;
	}
	p->jobs = jobs;
	p->settings = settings;
	p->clock = clock;
	return p;
}

void
metrics_periods_free(struct metrics_periods *periods)
{
	free(periods);
}

void
metrics_periods_stop(struct metrics_periods *periods)
{
	periods->stopped = true;
}
