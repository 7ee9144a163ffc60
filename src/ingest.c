/*
 * ingest.c - one report at a time into the open transaction, many at a time
 * onto the disk. In: HTTP requests. Out: rows in the ledger, and answers
 * after the commit. Owns the answers that wait.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest.h"
#include "lib/clock.h"
#include "lib/gzip.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/utc.h"
#include "report.h"

/* An answer that waits for the commit. */
struct answer {
	struct http_request *req;
	unsigned status;
	const char *type;  /* of a problem; NULL: body is JSON */
	struct buf body;   /* owned: JSON, or the problem's detail */
	struct buf errors; /* owned: the problem's errors, or empty */
	enum metrics_result result;
	struct metrics_report report; /* of METRICS_STORED */
};

struct ingest {
	struct writer *writer;	       /* borrowed */
	struct metrics *metrics;       /* borrowed */
	struct tls_hash *hash;	       /* owned */
	struct loop_timer *commit_now; /* owned */
	size_t body_limit;
	struct report report; /* working space */
	struct buf inflated;  /* working space */
	struct answer waiting[INGEST_MAX_GROUP];
	size_t waiting_count;
	size_t rows;
	int64_t taken;		/* new reports, since the start */
	int64_t first_us;	/* monotonic time of the group's first report */
	int64_t quiet_until_us; /* trouble was logged, and how often since */
	unsigned long unlogged;
};

static const char json_type[] = "application/json";

void
ingest_refuse(struct http_request *req, const struct err *err)
{
	char secs[16];

	switch (err->kind) {
	case ERR_INPUT:
		http_reply_problem(req, 400, "bad_request", err->text, NULL);
		return;
	case ERR_BUSY:
		snprintf(secs, sizeof secs, "%d", INGEST_RETRY_SECS);
		http_reply_header(req, "Retry-After", secs);
		http_reply_problem(req, 503, "unavailable", err->text, NULL);
		return;
	default:
		log_error("ingest.broken", "request=%" PRIu64 " error=\"%s\"",
		    http_id(req), err->text);
		http_reply_problem(req, 500, "internal",
		    "the server has a fault of its own; its log says which",
		    NULL);
	}
}

/* --- counting --- */

static void
count(struct ingest *in, const struct http_request *req,
    enum metrics_result result)
{
	metrics_count_report(in->metrics, http_holder(req)->source, result);
}

/* A report that comes to nothing before the ledger sees it. */
static void
fail(struct ingest *in, struct http_request *req, const struct err *err)
{
	count(in, req, METRICS_FAILED);
	ingest_refuse(req, err);
}

static void
count_answer(struct ingest *in, const struct answer *a)
{
	count(in, a->req, a->result);
	if (a->result != METRICS_STORED)
		return;
	in->taken++;
	metrics_note_report(
	    in->metrics, http_holder(a->req)->source, &a->report);
}

/* --- answers --- */

static void
write_answer(const struct ledger_answer *a, struct buf *out)
{
	struct json_writer w;

	json_write(&w, out, JSON_COMPACT);
	json_put_object(&w, NULL);
	ledger_answer_put(&w, a);
	json_put_end(&w);
	buf_char(out, '\n');
}

static void
send_answer(struct answer *a)
{
	struct err nomem = ERR_INIT;

	if (a->body.failed || a->errors.failed) {
		err_nomem(&nomem);
		ingest_refuse(a->req, &nomem);
	} else if (a->type == NULL)
		http_reply(a->req, a->status, json_type, buf_text(&a->body),
		    a->body.len);
	else
		http_reply_problem(a->req, a->status, a->type,
		    buf_text(&a->body),
		    a->errors.len > 0 ? buf_text(&a->errors) : NULL);
}

/* A full disk refuses thousands of reports a second: one line is enough for
 * some seconds, and the next one counts what it left out. */
static void
log_trouble(struct ingest *in, const char *event, const struct err *err)
{
	int64_t now_us = clock_mono_us();

	if (now_us < in->quiet_until_us) {
		in->unlogged++;
		return;
	}
	log_error(event, "error=\"%s\" left_out=%lu", err->text, in->unlogged);
	in->quiet_until_us = now_us + INGEST_LOG_STEP_SECS * INT64_C(1000000);
	in->unlogged = 0;
}

static void
answer_all(struct ingest *in, const struct err *failure)
{
	for (size_t i = 0; i < in->waiting_count; i++) {
		struct answer *a = &in->waiting[i];

		if (failure != NULL)
			fail(in, a->req, failure);
		else {
			count_answer(in, a);
			send_answer(a);
		}
		buf_clear(&a->body);
		buf_clear(&a->errors);
	}
	in->waiting_count = 0;
	in->rows = 0;
}

void
ingest_flush(struct ingest *ingest)
{
	int64_t begun_us = clock_mono_us();
	struct err err = ERR_INIT;
	struct ledger *ledger;

	loop_timer_clear(ingest->commit_now);
	if (ingest->waiting_count == 0)
		return;
	ledger = writer_ledger(ingest->writer, &err);
	if (ledger != NULL && ledger_commit(ledger, &err)) {
		metrics_note_commit(ingest->metrics, clock_mono_us() - begun_us,
		    (int64_t)ingest->rows);
		answer_all(ingest, NULL);
		return;
	}
	metrics_note_commit_failed(ingest->metrics);
	log_trouble(ingest, "ingest.commit_failed", &err);
	writer_failed(ingest->writer);
	/* Not known to be on disk, not known to be lost: try again. */
	err.kind = ERR_BUSY;
	answer_all(ingest, &err);
}

int64_t
ingest_taken(const struct ingest *ingest)
{
	return ingest->taken;
}

static void
on_commit_now(void *ctx)
{
	ingest_flush(ctx);
}

static struct answer *
wait_for_commit(struct ingest *in, struct http_request *req,
    enum metrics_result result, unsigned status, const char *type)
{
	struct answer *a = &in->waiting[in->waiting_count++];

	a->req = req;
	a->result = result;
	a->status = status;
	a->type = type;
	return a;
}

/* Commits when the group is full or old; else when the loop has nothing
 * else that is ready. */
static void
schedule_commit(struct ingest *in)
{
	int64_t now_us = clock_mono_us();

	if (in->waiting_count == 1) {
		in->first_us = now_us;
		loop_timer_set(in->commit_now, 0);
	}
	if (in->waiting_count == INGEST_MAX_GROUP ||
	    in->rows >= INGEST_MAX_ROWS ||
	    now_us - in->first_us >= INGEST_MAX_WAIT_MS * INT64_C(1000))
		ingest_flush(in);
}

/* --- one report --- */

/* The body as JSON text: sent as it is, or as gzip. */
static const char *
read_body(struct ingest *in, struct http_request *req, size_t *len)
{
	const char *encoding = http_header(req, "Content-Encoding");
	const char *body = http_body(req, len);
	struct err err = ERR_INIT;

	if (body == NULL) {
		err_nomem(&err);
		fail(in, req, &err);
		return NULL;
	}
	if (encoding == NULL || strcasecmp(encoding, "identity") == 0)
		return body;
	if (strcasecmp(encoding, "gzip") != 0) {
		count(in, req, METRICS_UNSUPPORTED);
		http_reply_header(req, "Accept-Encoding", "gzip");
		http_reply_problem(req, 415, "unsupported_media_type",
		    "a body is sent as it is, or with Content-Encoding: gzip",
		    NULL);
		return NULL;
	}
	buf_clear(&in->inflated);
	switch (gzip_inflate(body, *len, in->body_limit, &in->inflated, &err)) {
	case GZIP_FINE:
		*len = in->inflated.len;
		return buf_text(&in->inflated);
	case GZIP_TOO_LARGE:
		count(in, req, METRICS_TOO_LARGE);
		http_reply_problem(req, 413, "too_large", err.text, NULL);
		return NULL;
	default:
		count(in, req,
		    err.kind == ERR_INPUT ? METRICS_MALFORMED : METRICS_FAILED);
		ingest_refuse(req, &err);
		return NULL;
	}
}

bool
ingest_is_json(const char *content_type)
{
	size_t n = sizeof json_type - 1;

	if (content_type == NULL ||
	    strncasecmp(content_type, json_type, n) != 0)
		return false;
	return content_type[n] == '\0' || content_type[n] == ';' ||
	       content_type[n] == ' ';
}

static void
add_pointer_error(struct buf *errors, const char *pointer, const char *detail)
{
	struct json_writer w;

	json_write(&w, errors, JSON_COMPACT);
	json_put_array(&w, NULL);
	json_put_object(&w, NULL);
	json_put_string(&w, "pointer", pointer);
	json_put_string(&w, "detail", detail);
	json_put_end(&w);
	json_put_end(&w);
}

/* False when the request was answered. */
static bool
parse(struct ingest *in, struct http_request *req, const char *path_id,
    const char *body, size_t len)
{
	struct buf errors = BUF_INIT;
	struct err err = ERR_INIT;
	struct uuid id;
	bool ok = false;

	switch (report_parse(body, len, &in->report, &errors, &err)) {
	case REPORT_FINE:
		ok = true;
		break;
	case REPORT_MALFORMED:
		count(in, req, METRICS_MALFORMED);
		http_reply_problem(req, 400, "malformed", err.text, NULL);
		break;
	case REPORT_INVALID:
		count(in, req, METRICS_INVALID);
		http_reply_problem(
		    req, 422, "invalid_report", err.text, buf_text(&errors));
		break;
	case REPORT_NO_MEMORY:
		fail(in, req, &err);
		break;
	}
	if (ok && path_id != NULL &&
	    (!uuid_parse(path_id, strlen(path_id), &id) ||
		!uuid_equal(&id, &in->report.report_id))) {
		ok = false;
		count(in, req, METRICS_INVALID);
		add_pointer_error(
		    &errors, "/report_id", "is not the id of the path");
		http_reply_problem(req, 422, "invalid_report",
		    "the report's id is not the id of the path",
		    buf_text(&errors));
	}
	buf_fini(&errors);
	return ok;
}

/* An account that the source has not: which volume, which account. */
static void
blame_account(struct ingest *in, struct http_request *req, size_t at,
    enum ledger_result result)
{
	const struct report_text *name = &in->report.volumes[at].account;
	struct answer *a;
	char pointer[48];
	const char *detail;

	snprintf(pointer, sizeof pointer, "/volumes/%zu/account", at);
	if (result == LEDGER_DENIED) {
		a = wait_for_commit(
		    in, req, METRICS_DENIED, 403, "account_denied");
		buf_printf(&a->body,
		    "this source may not report for the account \"%.*s\" "
		    "of volume %zu",
		    (int)name->len, name->len > 0 ? name->text : "", at);
		detail = "is not an account of this source";
	} else {
		a = wait_for_commit(
		    in, req, METRICS_INVALID, 422, "invalid_report");
		buf_printf(&a->body,
		    "volume %zu names no account, and this source does not "
		    "have exactly one",
		    at);
		detail = "is missing, and the source does not have exactly "
			 "one account";
	}
	add_pointer_error(&a->errors, pointer, detail);
}

/* A report that failed may have taken the whole transaction with it: the
 * commit finds out, now, and says so to the others. */
static void
give_up_group(struct ingest *in, struct ledger *ledger)
{
	if (in->waiting_count > 0)
		ingest_flush(in);
	else if (ledger != NULL)
		ledger_rollback(ledger);
}

static void
add_to_ledger(struct ingest *in, struct http_request *req, const char *body,
    size_t len, int64_t now_ms)
{
	const struct token_holder *holder = http_holder(req);
	struct ledger_answer answer = {0};
	struct err err = ERR_INIT;
	uint8_t sha256[TLS_SHA256_BYTES];
	enum ledger_result result = LEDGER_FAILED;
	struct ledger *ledger = writer_ledger(in->writer, &err);
	struct answer *a;
	size_t at = 0;

	tls_hash_add(in->hash, body, len);
	tls_hash_final(in->hash, sha256);
	if (ledger != NULL && ledger_begin(ledger, &err))
		result =
		    ledger_add_report(ledger, holder->source, holder->token,
			&in->report, sha256, now_ms, &answer, &at, &err);
	switch (result) {
	case LEDGER_STORED:
		a = wait_for_commit(in, req, METRICS_STORED, 201, NULL);
		a->report = (struct metrics_report){.at = answer.received_at,
		    .skew_ms = answer.skew_ms,
		    .stored = answer.stored,
		    .duplicates = answer.duplicates,
		    .quarantined = (int64_t)answer.quarantined_count};
		write_answer(&answer, &a->body);
		in->rows += in->report.volume_count;
		break;
	case LEDGER_REPLAYED:
		a = wait_for_commit(in, req, METRICS_REPLAYED, 200, NULL);
		write_answer(&answer, &a->body);
		in->rows += in->report.volume_count;
		break;
	case LEDGER_REUSED:
		a = wait_for_commit(
		    in, req, METRICS_REUSED, 422, "report_id_reused");
		buf_str(&a->body,
		    "this report id was used for another body; a report that "
		    "says something else needs an id of its own");
		break;
	case LEDGER_DENIED:
	case LEDGER_UNNAMED:
		blame_account(in, req, at, result);
		break;
	case LEDGER_FAILED:
		if (err.kind == ERR_BUSY)
			log_trouble(in, "ingest.busy", &err);
		fail(in, req, &err);
		break;
	}
	ledger_answer_fini(&answer);
	if (result == LEDGER_FAILED)
		give_up_group(in, ledger);
	else
		schedule_commit(in);
}

void
ingest_report(struct ingest *ingest, struct http_request *req,
    const char *path_id, int64_t now_ms)
{
	const char *body;
	size_t len;

	if (!ingest_is_json(http_header(req, "Content-Type"))) {
		count(ingest, req, METRICS_UNSUPPORTED);
		http_reply_problem(req, 415, "unsupported_media_type",
		    "a report is sent with Content-Type: application/json",
		    NULL);
		return;
	}
	body = read_body(ingest, req, &len);
	if (body != NULL && parse(ingest, req, path_id, body, len))
		add_to_ledger(ingest, req, body, len, now_ms);
}

void
ingest_find(
    struct ingest *ingest, struct http_request *req, const char *path_id)
{
	struct ledger_answer answer = {0};
	struct err err = ERR_INIT;
	struct buf body = BUF_INIT;
	enum ledger_result result = LEDGER_FAILED;
	struct ledger *ledger;
	struct uuid id;

	if (!uuid_parse(path_id, strlen(path_id), &id)) {
		http_reply_problem(
		    req, 404, "not_found", "a report's id is a UUID", NULL);
		return;
	}
	ingest_flush(ingest);
	ledger = writer_ledger(ingest->writer, &err);
	if (ledger != NULL)
		result = ledger_find_report(
		    ledger, http_holder(req)->source, &id, &answer, &err);
	if (result == LEDGER_REPLAYED) {
		write_answer(&answer, &body);
		http_reply(req, 200, json_type, buf_text(&body), body.len);
	} else if (result == LEDGER_FAILED)
		ingest_refuse(req, &err);
	else
		http_reply_problem(req, 404, "not_found",
		    "this source has sent no report of that id", NULL);
	buf_fini(&body);
	ledger_answer_fini(&answer);
}

struct ingest *
ingest_new(struct loop *loop, struct writer *writer, struct metrics *metrics,
    size_t body_limit, struct err *err)
{
	struct ingest *in = calloc(1, sizeof *in);

	if (in == NULL) {
		err_nomem(err);
		return NULL;
	}
	in->writer = writer;
	in->metrics = metrics;
	in->body_limit = body_limit;
	in->hash = tls_hash_new(err);
	if (in->hash != NULL)
		in->commit_now =
		    loop_timer_new_last(loop, on_commit_now, in, err);
	if (in->commit_now == NULL) {
		tls_hash_free(in->hash);
		free(in);
		return NULL;
	}
	return in;
}

void
ingest_free(struct ingest *ingest)
{
	if (ingest == NULL)
		return;
	ingest_flush(ingest);
	loop_timer_free(ingest->commit_now);
	tls_hash_free(ingest->hash);
	report_fini(&ingest->report);
	buf_fini(&ingest->inflated);
	for (size_t i = 0; i < INGEST_MAX_GROUP; i++) {
		buf_fini(&ingest->waiting[i].body);
		buf_fini(&ingest->waiting[i].errors);
	}
	free(ingest);
}
