/*
 * metrics_page.c - what is asked for with GET /metrics. In: requests. Out:
 * answers. Owns the tally, and those who wait for it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/process.h"
#include "metrics_page.h"
#include "metrics_part.h"
#include "metrics_tables.h"
#include "store.h"

enum {
	TURN_US = 3000 /* then others have their turn */
};

struct metrics_page {
	struct metrics_page_deps deps; /* what they point to is borrowed */
	metrics_state_fn *ask;
	void *ask_ctx;
	struct tally *tally;	 /* owned; the ledger is told of it */
	int64_t open_quarantine; /* when the first who waits asked; or -1 */
	struct loop_timer *turn; /* owned: reads on */
	int64_t wait_until_us;	 /* monotonic; of the first who waits */
	struct http_request *waiting[METRICS_MAX_WAITING];
	size_t waiting_count;
};

/* --- the text --- */

static void
put_one(struct buf *out, enum metrics_id id, int64_t value)
{
	metrics_put_family(out, id);
	metrics_put(out, id, value, "", "");
}

static void
put_histogram(
    struct buf *out, enum metrics_id id, const struct prom_histogram *h)
{
	metrics_put_family(out, id);
	prom_histogram_put(
	    out, metrics_table[id].name, h, metrics_table[id].digits);
}

static void
put_samples(struct buf *out, const struct metrics *m)
{
	metrics_put_family(out, METRICS_SAMPLES);
	metrics_put(out, METRICS_SAMPLES, m->stored, "stored", "");
	metrics_put(out, METRICS_SAMPLES, m->duplicates, "duplicate", "");
	metrics_put(out, METRICS_SAMPLES, m->quarantined, "quarantined", "");
}

static void
put_last_mails(struct buf *out, const struct metrics *m)
{
	metrics_put_family(out, METRICS_MAIL_LAST);
	for (size_t i = 0; i < m->mail_count; i++)
		metrics_put(out, METRICS_MAIL_LAST, m->mails[i].last_at,
		    m->mails[i].name, "");
	put_one(out, METRICS_MAIL_FAILURES, m->mails_failed);
}

static void
put_requests(struct buf *out, const struct metrics *m)
{
	char code[4] = "100";

	metrics_put_family(out, METRICS_REQUESTS);
	for (size_t i = 0; i < METRICS_METHODS; i++)
		for (int s = 0; s < METRICS_STATUSES; s++) {
			if (m->requests[i][s] == 0)
				continue;
			code[0] = (char)('1' + s / 100);
			code[1] = (char)('0' + s / 10 % 10);
			code[2] = (char)('0' + s % 10);
			metrics_put(out, METRICS_REQUESTS, m->requests[i][s],
			    metrics_methods[i], code);
		}
	put_histogram(out, METRICS_REQUEST_SECS, &m->request_us);
}

static void
put_process(struct buf *out, int64_t started_ms)
{
	struct process_usage usage;

	if (process_measure(&usage)) {
		put_one(out, METRICS_CPU_SECS, usage.cpu_us);
		put_one(out, METRICS_RESIDENT, usage.resident_bytes);
		put_one(out, METRICS_VIRTUAL, usage.virtual_bytes);
		put_one(out, METRICS_OPEN_FDS, usage.open_fds);
		if (usage.max_fds > 0)
			put_one(out, METRICS_MAX_FDS, usage.max_fds);
	}
	put_one(out, METRICS_START, started_ms);
}

static void
put_server(const struct metrics_page *page, struct buf *out)
{
	struct metrics_state state = {0};

	page->ask(page->ask_ctx, &state);
	put_one(out, METRICS_CONNECTIONS, state.connections);
	if (state.cert_ends_at != 0)
		put_one(out, METRICS_CERT_EXPIRY, state.cert_ends_at);
	put_one(out, METRICS_GRANT_KEY, state.has_grant_key);
	metrics_put_family(out, METRICS_BUILD);
	metrics_put(out, METRICS_BUILD, 1, STAT_VERSION, "");
}

static void
put_commits(struct buf *out, const struct metrics *m)
{
	put_histogram(out, METRICS_COMMIT_SECS, &m->commit_us);
	put_histogram(out, METRICS_COMMIT_ROWS, &m->commit_rows);
	put_one(out, METRICS_COMMIT_FAILURES, m->commits_failed);
}

static bool
put_tables(const struct metrics_page *page, struct sql *db, struct buf *out,
    struct err *err)
{
	const struct metrics_page_deps *d = &page->deps;
	int64_t now = clock_secs(d->clock);

	if (page->open_quarantine >= 0)
		put_one(out, METRICS_QUARANTINE, page->open_quarantine);
	put_one(out, METRICS_INTERVAL, d->config->expected_interval_secs);
	return metrics_put_sources(out, db, d->metrics, err) &&
	       (!tally_is_loaded(page->tally) ||
		   metrics_put_volumes(out, db, page->tally, now, err)) &&
	       metrics_put_mails(out, db, err);
}

/* A database that does not answer is no reason to tell nothing: least of all
 * then. */
static void
write_page(struct metrics_page *page, struct buf *out)
{
	const struct metrics *m = page->deps.metrics;
	struct err err = ERR_INIT;
	struct buf tables = BUF_INIT;
	struct sql *db = writer_db(page->deps.writer, &err);

	if (db != NULL && put_tables(page, db, &tables, &err))
		buf_add(out, buf_text(&tables), tables.len);
	else
		log_warn("metrics.tables", "error=\"%s\"", err.text);
	buf_fini(&tables);
	put_samples(out, m);
	metrics_periods_put(out, page->deps.periods);
	put_last_mails(out, m);
	put_one(
	    out, METRICS_DB_SIZE, store_size(page->deps.settings->db_folder));
	put_commits(out, m);
	put_requests(out, m);
	put_server(page, out);
	put_process(out, page->deps.started_ms);
}

/* --- who waits --- */

static void
answer_all(struct metrics_page *page)
{
	struct buf out = BUF_INIT;
	struct err nomem = ERR_INIT;

	if (page->waiting_count > 0)
		write_page(page, &out);
	for (size_t i = 0; i < page->waiting_count; i++) {
		if (out.failed) {
			err_nomem(&nomem);
			ingest_refuse(page->waiting[i], &nomem);
		} else
			http_reply(page->waiting[i], 200, PROM_CONTENT_TYPE,
			    buf_text(&out), out.len);
	}
	page->waiting_count = 0;
	buf_fini(&out);
}

/* Reads on, and answers when all is known or it takes too long. What another
 * process stores meanwhile is noticed with the next one who asks. */
static void
on_turn(void *ctx)
{
	struct metrics_page *page = ctx;
	int64_t now = clock_secs(page->deps.clock);
	int64_t until_us = clock_mono_us() + TURN_US;
	struct err err = ERR_INIT;
	struct sql *db;
	bool ok;

	ingest_flush(page->deps.ingest);
	db = writer_db(page->deps.writer, &err);
	ok = db != NULL;
	do
		ok = ok && tally_load(page->tally, db, now, &err);
	while (
	    ok && !tally_is_loaded(page->tally) && clock_mono_us() < until_us);
	if (!ok)
		log_warn("metrics.tally", "error=\"%s\"", err.text);
	if (ok && !tally_is_loaded(page->tally) &&
	    clock_mono_us() < page->wait_until_us)
		loop_timer_set(page->turn, 1);
	else
		answer_all(page);
}

/* Whether the tally is of what the tables hold now: the ledger, when it looks
 * at them and others have written, makes it forget. */
static bool
is_current(struct metrics_page *page)
{
	struct err ignored = ERR_INIT;
	struct ledger *ledger = writer_ledger(page->deps.writer, &ignored);

	page->open_quarantine = -1;
	return ledger == NULL ||
	       !ledger_count_quarantine(
		   ledger, &page->open_quarantine, &ignored) ||
	       tally_is_loaded(page->tally);
}

void
metrics_page_reply(struct metrics_page *page, struct http_request *req)
{
	struct err err = ERR_INIT;

	ingest_flush(page->deps.ingest);
	metrics_periods_wake(page->deps.periods);
	if (page->waiting_count == METRICS_MAX_WAITING) {
		err_set(&err, ERR_BUSY, "%d wait for the metrics already",
		    METRICS_MAX_WAITING);
		ingest_refuse(req, &err);
		return;
	}
	page->waiting[page->waiting_count++] = req;
	if (page->waiting_count > 1)
		return;
	if (is_current(page)) {
		answer_all(page);
		return;
	}
	page->wait_until_us = clock_mono_us() + METRICS_WAIT_MS * INT64_C(1000);
	loop_timer_set(page->turn, 1);
}

/* --- life --- */

void
metrics_page_set_state(
    struct metrics_page *page, metrics_state_fn *ask, void *ctx)
{
	page->ask = ask;
	page->ask_ctx = ctx;
}

static bool
look_back(struct metrics_page *page, struct err *err)
{
	struct sql *db = writer_db(page->deps.writer, err);

	return db != NULL && metrics_find_mails(page->deps.metrics, db,
				 METRICS_LOOK_BACK_MAILS, err);
}

struct metrics_page *
metrics_page_new(const struct metrics_page_deps *deps, struct err *err)
{
	struct metrics_page *page = calloc(1, sizeof *page);

	if (page == NULL) {
		err_nomem(err);
		return NULL;
	}
	page->deps = *deps;
	page->tally = tally_new(err);
	if (page->tally != NULL)
		page->turn = loop_timer_new(deps->loop, on_turn, page, err);
	if (page->turn == NULL || !look_back(page, err)) {
		metrics_page_free(page);
		return NULL;
	}
	writer_set_tally(deps->writer, page->tally);
	return page;
}

void
metrics_page_free(struct metrics_page *page)
{
	if (page == NULL)
		return;
	answer_all(page);
	writer_set_tally(page->deps.writer, NULL);
	loop_timer_free(page->turn);
	tally_free(page->tally);
	free(page);
}
