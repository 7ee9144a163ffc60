/*
 * reading.c - the processes that answer what is read. In: requests, what the
 * processes write. Out: answers, as fast as clients read. Owns the requests
 * that wait or are being answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "account.h"
#include "ingest.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/opt.h"
#include "lib/utc.h"
#include "reading.h"

enum {
	MAX_ARGS = 32,
	MAX_HEAD = 64 << 10,
};

/* One question, from its place in the queue to the end of its process. */
struct one {
	TAILQ_ENTRY(one) link;
	struct reading *reading;	 /* borrowed */
	struct http_request *req;	 /* NULL: answered, or given up */
	struct job *job;		 /* NULL: it waits in the queue */
	struct buf head;		 /* as far as it has come; owned */
	bool begun;			 /* the answer is */
	bool is_long;			 /* and its length is not known */
	size_t left;			 /* bytes of its body, if not */
	char account[ACCOUNT_NAME_SIZE]; /* "": all */
	bool is_operator;
};

TAILQ_HEAD(ones, one);

struct reading {
	struct reading_deps deps; /* what they point to is borrowed */
	struct ones waiting, running;
	unsigned waiting_count, running_count, long_count;
	int64_t certificate_ends_at;
	bool stopping;
};

/* --- the end of an answer --- */

static void
one_free(struct one *one)
{
	buf_fini(&one->head);
	free(one);
}

/* What its process still writes is not wanted. */
static void
give_up(struct one *one)
{
	one->req = NULL;
	job_resume(one->job);
	job_kill(one->job);
}

static void
refuse(struct one *one, enum err_kind kind, const char *detail)
{
	struct http_request *req = one->req;
	struct err err = ERR_INIT;

	one->req = NULL;
	err_set(&err, kind, "%s", detail);
	ingest_refuse(req, &err);
}

static void
end_answer(struct one *one)
{
	struct http_request *req = one->req;

	one->req = NULL;
	http_reply_end(req);
}

/* --- its head --- */

/* A line "Name: value" of the head. */
static void
take_header(struct one *one, char *line, unsigned *status, char **type)
{
	char *value = strchr(line, ':');

	if (value == NULL)
		return;
	*value++ = '\0';
	value += strspn(value, " ");
	if (strcasecmp(line, "Status") == 0)
		*status = (unsigned)strtoul(value, NULL, 10);
	else if (strcasecmp(line, "Content-Type") == 0)
		*type = value;
	else
		http_reply_header(one->req, line, value);
	if (strcasecmp(line, "Content-Length") == 0) {
		one->is_long = false;
		one->left = (size_t)strtoull(value, NULL, 10);
	}
}

static void
on_client(void *ctx, enum http_stream_event event)
{
	struct one *one = ctx;
	struct http_request *req = one->req;

	if (event == HTTP_DRAINED) {
		job_resume(one->job);
		return;
	}
	give_up(one);
	http_reply_abort(req);
}

static void
begin_answer(struct one *one, char *head)
{
	struct http_request *req = one->req;
	char *type = NULL, *line, *rest = head;
	unsigned status = 0;

	one->is_long = true;
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0')
		take_header(one, line, &status, &type);
	if (status == 304)
		one->is_long = false;
	if (one->is_long && one->reading->long_count >= READING_MAX_LONG) {
		refuse(one, ERR_BUSY, "too many long answers are being read");
		one->is_long = false;
		job_kill(one->job);
		return;
	}
	one->begun = true;
	one->reading->long_count += one->is_long;
	job_extend(one->job, READING_LONG_MS);
	if (!http_reply_begin(req, status, type, on_client, one)) {
		give_up(one);
		http_reply_abort(req);
	} else if (http_wants_no_body(req)) {
		give_up(one);
		http_reply_end(req);
	}
}

/* Takes what belongs to the head; how much that was. */
static size_t
take_head(struct one *one, const char *data, size_t len)
{
	size_t before = one->head.len;
	char *end;

	if (before + len > MAX_HEAD)
		len = MAX_HEAD - before;
	buf_add(&one->head, data, len);
	end = one->head.failed || one->head.data == NULL
		  ? NULL
		  : strstr(one->head.data, "\n\n");
	if (end != NULL) {
		len = (size_t)(end + 2 - one->head.data) - before;
		begin_answer(one, one->head.data);
		buf_fini(&one->head);
		one->head = (struct buf)BUF_INIT;
	} else if (one->head.failed || one->head.len == MAX_HEAD) {
		refuse(one, ERR_BROKEN, "an answer without a head");
		job_kill(one->job);
	}
	return len;
}

/* --- its body --- */

/* A process that writes more than it said is cut off there. */
static void
take_body(struct one *one, const char *data, size_t len)
{
	if (!one->is_long && len > one->left)
		len = one->left;
	if (http_reply_chunk(one->req, data, len) > READING_AHEAD_BYTES)
		job_pause(one->job);
	if (one->is_long)
		return;
	one->left -= len;
	if (one->left == 0)
		end_answer(one);
}

static void
on_data(void *ctx, const char *data, size_t len)
{
	struct one *one = ctx;
	size_t taken = 0;

	if (one->req != NULL && !one->begun)
		taken = take_head(one, data, len);
	if (one->req != NULL && one->begun)
		take_body(one, data + taken, len - taken);
}

/* --- starting --- */

struct args {
	const char *list[MAX_ARGS];
	size_t count;
	char *issuer; /* owned */
	char now[UTC_TEXT_SIZE], certificate_ends[UTC_TEXT_SIZE];
	char expected[OPT_DURATION_SIZE];
};

static void
add(struct args *args, const char *word)
{
	if (args->count + 1 < MAX_ARGS) {
		args->list[args->count++] = word;
		args->list[args->count] = NULL;
	}
}

static void
add_flag(struct args *args, const char *name, const char *value)
{
	if (value == NULL)
		return;
	add(args, name);
	add(args, value);
}

/* Whether Accept-Encoding names gzip and does not say no to it. */
static bool
takes_gzip(const char *accept)
{
	const char *at = accept != NULL ? strcasestr(accept, "gzip") : NULL;

	if (at == NULL)
		return false;
	at += strlen("gzip");
	at += strspn(at, " \t;");
	return strncasecmp(at, "q=0", 3) != 0 ||
	       at[3 + strspn(at + 3, ".0")] >= '1';
}

/* Who bills, on paper: whoever sends the mails, unless it is said; NULL when
 * nobody does. Yours. */
static char *
find_issuer(const struct reading_deps *deps)
{
	char *name;

	if (deps->config->issuer[0] != '\0')
		return strdup(deps->config->issuer);
	if (deps->creds->smtp_from == NULL)
		return NULL;
	name = creds_sender_name(deps->creds);
	if (name != NULL && name[0] == '\0') {
		free(name);
		name = creds_sender_address(deps->creds);
	}
	return name;
}

static void
add_all(struct args *args, const struct one *one, const char *target)
{
	const struct reading_deps *deps = &one->reading->deps;
	struct http_request *req = one->req;

	add(args, "stat.flexfs");
	add(args, "get");
	add(args, "--head");
	add_flag(args, "--role", one->is_operator ? "operator" : "reader");
	if (one->account[0] != '\0')
		add_flag(args, "--account", one->account);
	add_flag(args, "--accept", http_header(req, "Accept"));
	add_flag(args, "--match", http_header(req, "If-None-Match"));
	if (takes_gzip(http_header(req, "Accept-Encoding")))
		add(args, "--gzip");
	add_flag(args, "--issuer", args->issuer);
	if (deps->config->payment[0] != '\0')
		add_flag(args, "--payment", deps->config->payment);
	add_flag(args, "--expectedInterval",
	    opt_format_duration(
		deps->config->expected_interval_secs, args->expected));
	if (one->reading->certificate_ends_at != 0)
		add_flag(args, "--certificateEnds",
		    utc_format(one->reading->certificate_ends_at,
			args->certificate_ends));
	add_flag(args, "--dbFolder", deps->settings->db_folder);
	if (deps->clock->mock) {
		add(args, "--mockTime");
		add_flag(args, "--mockStart",
		    utc_format(clock_secs(deps->clock), args->now));
		add_flag(args, "--mockRate", "0");
	}
	add(args, "--");
	add(args, target);
}

static void on_done(void *ctx, struct job_result *result);

static bool
start(struct one *one, struct err *err)
{
	struct args args = {.issuer = find_issuer(&one->reading->deps)};
	struct buf target = BUF_INIT;
	const struct job_spec spec = {.argv = args.list,
	    .on_data = on_data,
	    .deadline_ms = READING_HEAD_MS,
	    .on_done = on_done,
	    .ctx = one};

	buf_str(&target, http_path(one->req));
	if (http_query(one->req)[0] != '\0') {
		buf_char(&target, '?');
		buf_str(&target, http_query(one->req));
	}
	add_all(&args, one, buf_text(&target));
	if (target.failed)
		err_nomem(err);
	else
		one->job = job_open(one->reading->deps.jobs, &spec, err);
	buf_fini(&target);
	free(args.issuer);
	return one->job != NULL;
}

static void
start_waiting(struct reading *r)
{
	struct err err = ERR_INIT;
	struct one *one;

	while (r->running_count < READING_MAX_RUNNING &&
	       (one = TAILQ_FIRST(&r->waiting)) != NULL) {
		TAILQ_REMOVE(&r->waiting, one, link);
		r->waiting_count--;
		if (start(one, &err)) {
			TAILQ_INSERT_TAIL(&r->running, one, link);
			r->running_count++;
			continue;
		}
		log_warn("reading.not_started", "error=\"%s\"", err.text);
		refuse(one, ERR_BUSY, "no process could be started for this");
		one_free(one);
	}
}

/* What has no known length is whole only if its process says so. */
static void
on_done(void *ctx, struct job_result *result)
{
	struct one *one = ctx;
	struct reading *r = one->reading;
	bool ok = result->exit_code == 0;

	TAILQ_REMOVE(&r->running, one, link);
	r->running_count--;
	r->long_count -= one->begun && one->is_long;
	one->job = NULL;
	if (one->req != NULL) {
		if (!ok || !one->begun || !one->is_long)
			log_error("reading.failed",
			    "path=\"%s\" code=%d signal=%d timed_out=%s",
			    http_path(one->req), result->exit_code,
			    result->signal, result->timed_out ? "yes" : "no");
		if (!one->begun)
			refuse(one, ERR_BUSY,
			    "the answer could not be made; the server's log "
			    "says why");
		else if (ok && one->is_long)
			end_answer(one);
		else
			http_reply_abort(one->req);
	}
	one_free(one);
	start_waiting(r);
}

/* --- questions --- */

static struct one *
one_new(struct reading *r, struct http_request *req, struct err *err)
{
	const struct token_holder *holder = http_holder(req);
	struct one *one = calloc(1, sizeof *one);
	struct account account;
	struct sql *db;

	if (one == NULL) {
		err_nomem(err);
		return NULL;
	}
	one->reading = r;
	one->req = req;
	one->is_operator = holder->role == TOKEN_OPERATOR;
	if (holder->account == 0)
		return one;
	db = writer_db(r->deps.writer, err);
	if (db == NULL || !account_load(db, holder->account, &account, err)) {
		free(one);
		return NULL;
	}
	memcpy(one->account, account.name, sizeof one->account);
	return one;
}

void
reading_ask(struct reading *reading, struct http_request *req)
{
	struct err err = ERR_INIT;
	struct one *one = NULL;

	if (reading->stopping)
		err_set(&err, ERR_BUSY, "the server is shutting down");
	else if (reading->waiting_count >= READING_MAX_WAITING)
		err_set(&err, ERR_BUSY, "too many requests wait already");
	else
		one = one_new(reading, req, &err);
	if (one == NULL) {
		ingest_refuse(req, &err);
		return;
	}
	TAILQ_INSERT_TAIL(&reading->waiting, one, link);
	reading->waiting_count++;
	start_waiting(reading);
}

/* --- life --- */

struct reading *
reading_new(const struct reading_deps *deps, struct err *err)
{
	struct reading *r = calloc(1, sizeof *r);

	if (r == NULL) {
		err_nomem(err);
		return NULL;
	}
	r->deps = *deps;
	TAILQ_INIT(&r->waiting);
	TAILQ_INIT(&r->running);
	return r;
}

void
reading_set_certificate(struct reading *reading, int64_t ends_at)
{
	reading->certificate_ends_at = ends_at;
}

void
reading_stop(struct reading *reading)
{
	reading->stopping = true;
}

unsigned
reading_running(const struct reading *reading)
{
	return reading->running_count;
}

unsigned
reading_waiting(const struct reading *reading)
{
	return reading->waiting_count;
}

static void
free_list(struct ones *ones)
{
	struct one *one;

	while ((one = TAILQ_FIRST(ones)) != NULL) {
		TAILQ_REMOVE(ones, one, link);
		if (one->req != NULL && one->begun)
			http_reply_abort(one->req);
		else if (one->req != NULL)
			refuse(one, ERR_BUSY, "the server is shutting down");
		one_free(one);
	}
}

void
reading_free(struct reading *reading)
{
	if (reading == NULL)
		return;
	free_list(&reading->waiting);
	free_list(&reading->running);
	free(reading);
}
