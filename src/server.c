/*
 * server.c - the server's life: open, serve, stop. In: settings, credentials,
 * signals. Out: answers. Owns every long-lived thing; the only place, with
 * server_clock.c, that asks the clock.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "closing.h"
#include "delivery.h"
#include "http.h"
#include "ingest.h"
#include "job.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/tls.h"
#include "loop.h"
#include "schedule.h"
#include "server.h"
#include "server_clock.h"
#include "store.h"
#include "upkeep.h"
#include "writer.h"

struct server {
	const struct settings *settings; /* borrowed from main */
	const struct creds *creds;	 /* borrowed from main */
	struct clock clock;
	int lock; /* the folder's; -1: not taken */
	struct loop *loop;
	struct loop_signal *on_term, *on_int;
	struct loop_timer *tick, *stop_poll;
	struct tls_server *tls; /* NULL with --noSSL */
	int64_t renew_at;	/* not before, after a failure */
	struct writer *writer;
	struct ingest *ingest;
	struct job_pool *jobs;
	struct delivery *delivery;
	struct closing *closing;
	struct upkeep *upkeep;
	struct http *http;
	struct token_cache tokens;
	bool stopping;
	int64_t stop_us; /* monotonic time by which it ends */
};

/* --- what is due --- */

static void
look_what_is_due(struct server *sv)
{
	int64_t now = clock_secs(&sv->clock), added = 0;
	struct err err = ERR_INIT;
	struct sql *db;
	bool due = false;

	if (sv->stopping)
		return;
	ingest_flush(sv->ingest);
	db = writer_db(sv->writer, &err);
	if (db == NULL || !schedule_is_due(db, now, &due, &err) ||
	    (due && !schedule_plan(db, now, &added, &err)))
		log_warn("server.schedule", "error=\"%s\"", err.text);
	if (added > 0)
		log_info("schedule.planned", "mails=%lld", (long long)added);
	closing_wake(sv->closing, now);
	delivery_wake(sv->delivery, now);
	upkeep_wake(sv->upkeep);
}

/* The key stays, so that clients may pin it. When it does not work, it is
 * tried again in an hour; the old certificate goes on. */
static void
renew_certificate(struct server *sv)
{
	const struct settings *s = sv->settings;
	int64_t now = clock_secs(&sv->clock);
	struct tls_server *renewed = NULL;
	struct err err = ERR_INIT;

	if (sv->tls == NULL || now < sv->renew_at ||
	    now < tls_server_not_after(sv->tls) - SERVER_RENEW_SECS ||
	    !tls_server_is_self_made(sv->tls))
		return;
	sv->renew_at = now + 3600;
	if (tls_make_certificate(s->ssl_cert, s->ssl_key, now, true, &err))
		renewed = tls_server_open(s->ssl_cert, s->ssl_key, &err);
	if (renewed == NULL) {
		log_error(
		    "server.certificate_not_renewed", "error=\"%s\"", err.text);
		return;
	}
	http_set_tls(sv->http, renewed);
	tls_server_free(sv->tls);
	sv->tls = renewed;
	log_info("server.certificate_renewed", "cert=\"%s\"", s->ssl_cert);
}

static void
on_tick(void *ctx)
{
	struct server *sv = ctx;

	renew_certificate(sv);
	look_what_is_due(sv);
	loop_timer_set(
	    sv->tick, sv->clock.mock ? SERVER_MOCK_TICK_MS : SERVER_TICK_MS);
}

/* --- routes --- */

typedef void route_fn(
    struct server *sv, struct http_request *req, const char *id);

struct route {
	const char *method;
	const char *path;     /* one that ends in / takes an id behind it */
	enum token_role role; /* TOKEN_NOBODY: anyone */
	route_fn *handle;
	bool mock_only;
};

static void
reply_json(struct http_request *req, const char *text)
{
	http_reply(req, 200, "application/json", text, strlen(text));
}

static void
on_healthz(struct server *sv, struct http_request *req, const char *id)
{
	(void)sv;
	(void)id;
	reply_json(req, "{\"alive\":true}\n");
}

static void
on_readyz(struct server *sv, struct http_request *req, const char *id)
{
	struct err err = ERR_INIT;

	(void)id;
	ingest_flush(sv->ingest);
	if (sv->stopping)
		err_set(&err, ERR_BUSY, "the server is shutting down");
	if (!sv->stopping && writer_ready(sv->writer, &err))
		reply_json(req, "{\"ready\":true}\n");
	else
		ingest_refuse(req, &err);
}

static void
on_post_report(struct server *sv, struct http_request *req, const char *id)
{
	(void)id;
	ingest_report(sv->ingest, req, NULL, clock_ms(&sv->clock));
}

static void
on_put_report(struct server *sv, struct http_request *req, const char *id)
{
	ingest_report(sv->ingest, req, id, clock_ms(&sv->clock));
}

static void
on_get_report(struct server *sv, struct http_request *req, const char *id)
{
	ingest_find(sv->ingest, req, id);
}

static void
on_post_clock(struct server *sv, struct http_request *req, const char *id)
{
	(void)id;
	if (server_clock_set(&sv->clock, req)) {
		renew_certificate(sv);
		look_what_is_due(sv);
	}
}

static const struct route routes[] = {
    {"POST", "/v1/reports", TOKEN_SOURCE, on_post_report, false},
    {"PUT", "/v1/reports/", TOKEN_SOURCE, on_put_report, false},
    {"GET", "/v1/reports/", TOKEN_SOURCE, on_get_report, false},
    {"POST", "/v1/clock", TOKEN_OPERATOR, on_post_clock, true},
    {"GET", "/healthz", TOKEN_NOBODY, on_healthz, false},
    {"GET", "/readyz", TOKEN_NOBODY, on_readyz, false},
};

enum {
	ROUTE_COUNT = sizeof routes / sizeof routes[0]
};

/* The id behind a route's path, "" for a route without one, NULL when path
 * is another one. */
static const char *
match_path(const struct server *sv, const struct route *route, const char *path)
{
	size_t len = strlen(route->path);

	if (route->mock_only && !sv->clock.mock)
		return NULL;
	if (strncmp(path, route->path, len) != 0)
		return NULL;
	if (route->path[len - 1] != '/')
		return path[len] == '\0' ? "" : NULL;
	return path[len] != '\0' && strchr(path + len, '/') == NULL ? path + len
								    : NULL;
}

/* HEAD is served as GET; the answer then has no body. */
static bool
match_method(const struct route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 &&
		   strcmp(route->method, "GET") == 0);
}

static const struct route *
find_route(const struct server *sv, const char *method, const char *path,
    const char **id)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		*id = match_path(sv, &routes[i], path);
		if (*id != NULL && match_method(&routes[i], method))
			return &routes[i];
	}
	return NULL;
}

/* Static texts for Allow, by what a path can do. */
static const char *
allowed_methods(const struct server *sv, const char *path)
{
	bool get = false, post = false, put = false;

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (match_path(sv, &routes[i], path) == NULL)
			continue;
		get = get || strcmp(routes[i].method, "GET") == 0;
		post = post || strcmp(routes[i].method, "POST") == 0;
		put = put || strcmp(routes[i].method, "PUT") == 0;
	}
	if (get)
		return put ? "GET, HEAD, PUT" : "GET, HEAD";
	return post ? "POST" : NULL;
}

static void
turn_away(struct http_verdict *out, unsigned status, const char *detail)
{
	out->status = status;
	out->detail = detail;
}

/* Who it is must be known before a byte of the body is read. */
static void
check_token(struct server *sv, const struct http_head *head,
    enum token_role role, struct http_verdict *out)
{
	struct err err = ERR_INIT;
	struct sql *db = writer_db(sv->writer, &err);

	if (head->bearer == NULL)
		turn_away(
		    out, 401, "send a token: Authorization: Bearer TOKEN");
	else if (db == NULL || !token_find(db, &sv->tokens, head->bearer,
				   &out->holder, &err)) {
		log_warn("server.token", "error=\"%s\"", err.text);
		turn_away(out, 503, "the database does not answer; try again");
	} else if (out->holder.role == TOKEN_NOBODY)
		turn_away(out, 401, "this token is not known");
	else if (out->holder.disabled)
		turn_away(out, 403, "this source is switched off");
	else if (out->holder.role != role)
		turn_away(out, 403, "this token's role may not do that");
}

static void
on_gate(void *ctx, const struct http_head *head, struct http_verdict *out)
{
	struct server *sv = ctx;
	const struct route *route;
	const char *id;

	route = find_route(sv, head->method, head->path, &id);
	if (route != NULL) {
		if (route->role != TOKEN_NOBODY)
			check_token(sv, head, route->role, out);
		return;
	}
	out->allow = allowed_methods(sv, head->path);
	if (out->allow != NULL)
		turn_away(out, 405, "this path does not take that method");
	else
		turn_away(out, 404, "there is nothing at this path");
}

static void
on_request(void *ctx, struct http_request *req)
{
	struct server *sv = ctx;
	const char *id;
	const struct route *route =
	    find_route(sv, http_method(req), http_path(req), &id);

	if (route == NULL) {
		http_reply_problem(req, 404, "not_found",
		    "there is nothing at this path", NULL);
		return;
	}
	if (http_query(req)[0] != '\0') {
		http_reply_problem(req, 400, "bad_request",
		    "this path takes no parameters", NULL);
		return;
	}
	route->handle(sv, req, id);
}

static void
on_seen(void *ctx, const struct http_seen *seen)
{
	(void)ctx;
	log_debug("http.request",
	    "peer=%s method=%s path=\"%s\" status=%u bytes=%zu ms=%lld.%03lld",
	    seen->peer, seen->method, seen->path, seen->status,
	    seen->body_bytes, (long long)(seen->micros / 1000),
	    (long long)(seen->micros % 1000));
}

/* --- stopping --- */

/* What was taken is finished: answers, and mails that are on their way. */
static void
on_stop_poll(void *ctx)
{
	struct server *sv = ctx;

	if (clock_mono_us() >= sv->stop_us ||
	    (http_connections(sv->http) == 0 && job_count(sv->jobs) == 0)) {
		loop_stop(sv->loop);
		return;
	}
	loop_timer_set(sv->stop_poll, 20);
}

static void
on_stop_signal(void *ctx)
{
	struct server *sv = ctx;

	if (sv->stopping)
		return;
	log_info("server.stopping", "connections=%u pending=%u",
	    http_connections(sv->http), http_pending(sv->http));
	sv->stopping = true;
	sv->stop_us = clock_mono_us() + SERVER_STOP_MS * INT64_C(1000);
	delivery_stop(sv->delivery);
	closing_stop(sv->closing);
	upkeep_stop(sv->upkeep);
	http_drain(sv->http);
	ingest_flush(sv->ingest);
	loop_timer_set(sv->stop_poll, 0);
}

/* --- life --- */

static bool
open_tls(struct server *sv, struct err *err)
{
	const struct settings *s = sv->settings;
	int64_t now = clock_secs(&sv->clock);

	if (s->no_ssl)
		return true;
	if (!file_exists(s->ssl_cert)) {
		if (!tls_make_certificate(
			s->ssl_cert, s->ssl_key, now, false, err))
			return false;
		log_info("server.certificate_made", "cert=\"%s\" key=\"%s\"",
		    s->ssl_cert, s->ssl_key);
	}
	if (!file_check_secret(s->ssl_key, err))
		return false;
	sv->tls = tls_server_open(s->ssl_cert, s->ssl_key, err);
	if (sv->tls == NULL)
		return false;
	if (tls_server_not_after(sv->tls) <= now)
		log_error(
		    "server.certificate_expired", "cert=\"%s\"", s->ssl_cert);
	return true;
}

/* Room for every connection, and some for files. */
static void
raise_file_limit(const struct http_limits *limits)
{
	struct rlimit rl;
	rlim_t want = limits->connections + 100;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur >= want)
		return;
	rl.rlim_cur = rl.rlim_max < want ? rl.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur < want)
		log_warn("server.file_limit", "limit=%llu connections=%u",
		    (unsigned long long)rl.rlim_cur, limits->connections);
}

static bool
open_loop(struct server *sv, struct err *err)
{
	sv->loop = loop_new(err);
	if (sv->loop == NULL)
		return false;
	sv->on_term =
	    loop_signal_new(sv->loop, SIGTERM, on_stop_signal, sv, err);
	sv->on_int = loop_signal_new(sv->loop, SIGINT, on_stop_signal, sv, err);
	sv->tick = loop_timer_new(sv->loop, on_tick, sv, err);
	sv->stop_poll = loop_timer_new(sv->loop, on_stop_poll, sv, err);
	return sv->on_term != NULL && sv->on_int != NULL && sv->tick != NULL &&
	       sv->stop_poll != NULL;
}

static bool
open_delivery(struct server *sv, struct err *err)
{
	struct delivery_deps deps = {
	    .writer = sv->writer,
	    .ingest = sv->ingest,
	    .settings = sv->settings,
	    .creds = sv->creds,
	    .clock = &sv->clock,
	};

	sv->jobs = job_pool_new(sv->loop, err);
	if (sv->jobs == NULL)
		return false;
	deps.jobs = sv->jobs;
	sv->delivery = delivery_new(&deps, err);
	return sv->delivery != NULL;
}

static bool
open_closing(struct server *sv, struct err *err)
{
	const struct closing_deps deps = {.jobs = sv->jobs,
	    .writer = sv->writer,
	    .ingest = sv->ingest,
	    .settings = sv->settings,
	    .clock = &sv->clock};

	sv->closing = closing_new(&deps, err);
	return sv->closing != NULL;
}

static bool
open_all(struct server *sv, struct err *err)
{
	static const struct http_limits limits = HTTP_LIMITS_DEFAULT;
	const struct http_owner owner = {.ctx = sv,
	    .gate = on_gate,
	    .handler = on_request,
	    .seen = sv->settings->verbose ? on_seen : NULL};

	raise_file_limit(&limits);
	sv->lock = store_lock(sv->settings->db_folder, err);
	if (sv->lock < 0 || !open_loop(sv, err) || !open_tls(sv, err))
		return false;
	sv->writer = writer_open(sv->settings, err);
	if (sv->writer == NULL)
		return false;
	sv->ingest = ingest_new(sv->loop, sv->writer, limits.body_bytes, err);
	if (sv->ingest == NULL || !open_delivery(sv, err) ||
	    !open_closing(sv, err))
		return false;
	sv->upkeep = upkeep_new(sv->loop, sv->writer, sv->ingest, &sv->clock,
	    sv->settings->keep_secs, err);
	if (sv->upkeep == NULL)
		return false;
	sv->http = http_open(
	    sv->loop, sv->settings->bind_addr, sv->tls, &limits, &owner, err);
	return sv->http != NULL;
}

/* The mirror of open_all. Answers first, then what they came from. */
static void
close_all(struct server *sv)
{
	job_pool_free(sv->jobs);
	if (sv->ingest != NULL)
		ingest_flush(sv->ingest);
	http_close(sv->http);
	upkeep_free(sv->upkeep);
	closing_free(sv->closing);
	delivery_free(sv->delivery);
	ingest_free(sv->ingest);
	writer_close(sv->writer);
	tls_server_free(sv->tls);
	loop_timer_free(sv->stop_poll);
	loop_timer_free(sv->tick);
	loop_signal_free(sv->on_int);
	loop_signal_free(sv->on_term);
	loop_free(sv->loop);
	store_unlock(sv->lock);
}

static void
say_ready(const struct server *sv)
{
	const char *bind = sv->settings->bind_addr;
	const char *colon = strrchr(bind, ':');
	int host_len = colon != NULL ? (int)(colon - bind) : (int)strlen(bind);

	log_info("server.ready", "bind=%.*s:%u tls=%s db=\"%s\" version=%s%s",
	    host_len, bind, http_port(sv->http), sv->tls != NULL ? "yes" : "no",
	    sv->settings->db_folder, STAT_VERSION,
	    sv->clock.mock ? " clock=pretend" : "");
	if (sv->creds->smtp_addr == NULL)
		log_warn("server.no_relay",
		    "mails wait in the outbox: there is no credentials file; "
		    "make one with `stat.flexfs init creds`");
}

bool
server_run(
    const struct settings *settings, const struct creds *creds, struct err *err)
{
	struct server sv = {
	    .settings = settings,
	    .creds = creds,
	    .clock = settings->mock_time ? clock_pretend(settings->mock_start,
					       settings->mock_rate)
					 : clock_real(),
	    .lock = -1,
	};
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	/* Nobody who wants to have settings read again means to end it. */
	signal(SIGHUP, SIG_IGN);
	/* A file size limit is an error to be answered, not an end. */
	signal(SIGXFSZ, SIG_IGN);
	ok = open_all(&sv, err);
	if (ok) {
		say_ready(&sv);
		loop_timer_set(sv.tick, 0);
		ok = loop_run(sv.loop, err);
	}
	close_all(&sv);
	if (ok)
		log_info("server.stopped", "version=%s", STAT_VERSION);
	return ok;
}
