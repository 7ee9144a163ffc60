/*
 * server.c - the server's life: open, serve, stop. In: settings, credentials,
 * signals. Out: answers. Owns every long-lived thing; the only place, with
 * gate.c and server_clock.c, that asks the clock.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "closing.h"
#include "delivery.h"
#include "gate.h"
#include "grace.h"
#include "grant.h"
#include "http.h"
#include "ingest.h"
#include "job.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/inherit.h"
#include "lib/log.h"
#include "lib/tls.h"
#include "loop.h"
#include "reading.h"
#include "route.h"
#include "schedule.h"
#include "server.h"
#include "server_notify.h"
#include "server_reload.h"
#include "server_watch.h"
#include "service.h"
#include "session.h"
#include "signin.h"
#include "store.h"
#include "upkeep.h"
#include "writer.h"

struct server {
	const struct settings *settings; /* borrowed from main */
	struct config *config;		 /* borrowed from main */
	struct creds *creds;		 /* borrowed from main */
	struct clock clock;
	int lock; /* the folder's; -1: not taken */
	struct loop *loop;
	struct loop_signal *on_term, *on_int, *on_hup;
	struct loop_timer *tick, *stop_poll;
	struct server_notify *notify;
	struct tls_server *tls;	    /* NULL with --noSSL */
	int64_t renew_at;	    /* not before, after a failure */
	struct grant_signer signer; /* owns its key */
	struct writer *writer;
	struct ingest *ingest;
	struct job_pool *jobs;
	struct delivery *delivery;
	struct closing *closing;
	struct reading *reading;
	struct signin *signin;
	struct upkeep *upkeep;
	struct metrics *metrics;
	struct server_watch *watch;
	struct http *http;
	struct route routes[GATE_MAX_ROUTES];
	struct service service; /* what the routes' handlers see of it */
	int64_t stop_us;	/* monotonic time by which it ends */
};

/* --- what is due --- */

static void
look_what_is_due(struct server *sv)
{
	const struct schedule *schedule = &sv->config->schedule;
	int64_t now = clock_secs(&sv->clock);
	struct schedule_result result = {0, 0};
	struct err err = ERR_INIT;
	struct sql *db;
	bool due = false;

	if (sv->service.stopping)
		return;
	ingest_flush(sv->ingest);
	db = writer_db(sv->writer, &err);
	if (db == NULL || !schedule_is_due(db, schedule, now, &due, &err) ||
	    (due && !schedule_plan(db, schedule, now, &result, &err)))
		log_warn("server.schedule", "error=\"%s\"", err.text);
	if (result.planned > 0 || result.missed > 0)
		log_info("schedule.planned", "mails=%lld missed=%lld",
		    (long long)result.planned, (long long)result.missed);
	closing_wake(sv->closing, now);
	delivery_wake(sv->delivery, now);
	upkeep_wake(sv->upkeep);
}

/* What pages warn of. */
static void
tell_certificate(struct server *sv)
{
	reading_set_certificate(
	    sv->reading, sv->tls != NULL ? tls_server_not_after(sv->tls) : 0);
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
	tell_certificate(sv);
	log_info("server.certificate_renewed", "cert=\"%s\"", s->ssl_cert);
}

static void
on_clock_moved(void *ctx)
{
	struct server *sv = ctx;

	renew_certificate(sv);
	look_what_is_due(sv);
}

static void
on_tick(void *ctx)
{
	struct server *sv = ctx;

	on_clock_moved(sv);
	loop_timer_set(
	    sv->tick, sv->clock.mock ? SERVER_MOCK_TICK_MS : SERVER_TICK_MS);
}

/* What metrics tell of the server as it is now. */
static void
on_asked_state(void *ctx, struct metrics_state *out)
{
	const struct server *sv = ctx;

	out->connections = http_connections(sv->http);
	out->cert_ends_at = sv->tls != NULL ? tls_server_not_after(sv->tls) : 0;
	out->has_grant_key = grant_signer_present(&sv->signer);
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

	if (sv->service.stopping)
		return;
	log_info("server.stopping", "connections=%u pending=%u",
	    http_connections(sv->http), http_pending(sv->http));
	server_notify_stopping(sv->notify);
	sv->service.stopping = true;
	sv->stop_us = clock_mono_us() + SERVER_STOP_MS * INT64_C(1000);
	delivery_stop(sv->delivery);
	closing_stop(sv->closing);
	reading_stop(sv->reading);
	upkeep_stop(sv->upkeep);
	server_watch_stop(sv->watch);
	http_drain(sv->http);
	ingest_flush(sv->ingest);
	loop_timer_set(sv->stop_poll, 0);
}

/* --- reading files again --- */

/* Accounts that a report names and that are not there are left out. */
static void
warn_of_strangers(struct server *sv)
{
	const struct schedule *schedule = &sv->config->schedule;
	struct err err = ERR_INIT;
	struct sql *db = writer_db(sv->writer, &err);
	struct buf names = BUF_INIT;

	if (db == NULL || !schedule_strangers(db, schedule, &names, &err))
		log_warn("server.schedule", "error=\"%s\"", err.text);
	else if (names.len > 0)
		log_warn(
		    "schedule.no_account", "accounts=\"%s\"", buf_text(&names));
	buf_fini(&names);
}

/* What the processes that close periods and write bills go by. */
static void
set_grace(struct server *sv)
{
	struct err err = ERR_INIT;
	struct sql *db = writer_db(sv->writer, &err);
	bool changed = false;

	if (db == NULL || !grace_set(db, sv->config->grace_secs, "server",
			      clock_secs(&sv->clock), &changed, &err))
		log_error("server.grace", "error=\"%s\"", err.text);
	if (!changed)
		return;
	writer_changed(sv->writer);
	log_info(
	    "server.grace_set", "secs=%lld", (long long)sv->config->grace_secs);
}

static void
use_config(struct server *sv)
{
	struct ledger_limits limits;

	config_ledger_limits(sv->config, &limits);
	writer_set_limits(sv->writer, &limits);
	sv->signer.life_secs = sv->config->grant_expiry_secs;
	set_grace(sv);
	warn_of_strangers(sv);
}

static void
replace_files(struct server *sv, struct server_files *files)
{
	struct buf kept = BUF_INIT;

	if (files->has_config) {
		config_replace(sv->config, &files->config, &kept);
		use_config(sv);
	}
	if (files->has_creds) {
		creds_wipe(sv->creds);
		*sv->creds = files->creds;
		files->creds = (struct creds)CREDS_INIT;
	}
	if (files->tls != NULL) {
		http_set_tls(sv->http, files->tls);
		tls_server_free(sv->tls);
		sv->tls = files->tls;
		files->tls = NULL;
		tell_certificate(sv);
	}
	jws_key_free(sv->signer.key);
	sv->signer.key = files->grant_key;
	files->grant_key = NULL;
	if (kept.len > 0)
		log_warn("server.reload_needs_restart", "settings=\"%s\"",
		    buf_text(&kept));
	buf_fini(&kept);
}

/* A certificate that has run out is no good in the place of one that has
 * not. */
static bool
check_expiry(const struct server *sv, const struct tls_server *tls, int64_t now,
    struct err *err)
{
	if (tls == NULL || tls_server_not_after(tls) > now ||
	    tls_server_not_after(sv->tls) <= now)
		return true;
	return err_set(err, ERR_INPUT, "the certificate %s has run out",
	    sv->settings->ssl_cert);
}

/* All of it or none: everything is read and checked before anything is
 * replaced. */
static bool
reload(struct server *sv, struct err *err)
{
	int64_t now = clock_secs(&sv->clock);
	struct server_files files;
	bool ok;

	ingest_flush(sv->ingest);
	if (!server_reload_read(sv->settings, true, &files, err))
		return false;
	ok = check_expiry(sv, files.tls, now, err);
	if (ok) {
		replace_files(sv, &files);
		log_info("server.reloaded",
		    "reports=%zu relay=%s config=%s creds=%s grants=%s",
		    sv->config->schedule.count,
		    sv->creds->smtp_addr != NULL ? "yes" : "no",
		    files.has_config ? "read" : "kept",
		    files.has_creds ? "read" : "kept",
		    grant_signer_present(&sv->signer) ? "yes" : "no");
	}
	server_reload_fini(&files);
	return ok;
}

static void
on_reload_signal(void *ctx)
{
	struct server *sv = ctx;
	struct err err = ERR_INIT;
	bool ok;

	if (sv->service.stopping)
		return;
	server_notify_reloading(sv->notify);
	ok = reload(sv, &err);
	if (!ok)
		log_error("server.reload_refused", "error=\"%s\"", err.text);
	server_notify_reloaded(sv->notify, ok);
	if (ok)
		look_what_is_due(sv);
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
	sv->on_hup =
	    loop_signal_new(sv->loop, SIGHUP, on_reload_signal, sv, err);
	sv->tick = loop_timer_new(sv->loop, on_tick, sv, err);
	sv->stop_poll = loop_timer_new(sv->loop, on_stop_poll, sv, err);
	sv->notify = server_notify_new(sv->loop, err);
	return sv->on_term != NULL && sv->on_int != NULL &&
	       sv->on_hup != NULL && sv->tick != NULL &&
	       sv->stop_poll != NULL && sv->notify != NULL;
}

static bool
open_delivery(struct server *sv, struct err *err)
{
	struct delivery_deps deps = {
	    .writer = sv->writer,
	    .ingest = sv->ingest,
	    .settings = sv->settings,
	    .config = sv->config,
	    .creds = sv->creds,
	    .tls = &sv->tls,
	    .clock = &sv->clock,
	    .metrics = sv->metrics,
	};

	sv->jobs = job_pool_new(sv->loop, err);
	if (sv->jobs == NULL)
		return false;
	deps.jobs = sv->jobs;
	sv->delivery = delivery_new(&deps, err);
	return sv->delivery != NULL;
}

/* A socket that a service manager has opened counts over --bindAddr. */
static bool
open_http(struct server *sv, const struct http_limits *limits,
    const struct http_owner *owner, struct err *err)
{
	const char *bind_addr = sv->settings->bind_addr;
	int fd;

	if (!inherit_listener(&fd, err))
		return false;
	sv->http =
	    fd >= 0
		? http_open_on(sv->loop, fd, sv->tls, limits, owner, err)
		: http_open(sv->loop, bind_addr, sv->tls, limits, owner, err);
	if (sv->http != NULL && fd >= 0)
		log_info("server.socket_inherited", "bind=%s",
		    http_address(sv->http));
	return sv->http != NULL;
}

static bool
open_closing(struct server *sv, struct err *err)
{
	const struct closing_deps deps = {.jobs = sv->jobs,
	    .writer = sv->writer,
	    .ingest = sv->ingest,
	    .settings = sv->settings,
	    .config = sv->config,
	    .creds = sv->creds,
	    .clock = &sv->clock};

	sv->closing = closing_new(&deps, err);
	return sv->closing != NULL;
}

static bool
open_watch(struct server *sv, struct err *err)
{
	const struct clock real = clock_real();
	const struct server_watch_deps deps = {
	    .page = {.loop = sv->loop,
		.writer = sv->writer,
		.ingest = sv->ingest,
		.metrics = sv->metrics,
		.settings = sv->settings,
		.config = sv->config,
		.clock = &sv->clock,
		.started_ms = clock_ms(&real)},
	    .jobs = sv->jobs,
	    .ask = on_asked_state,
	    .ask_ctx = sv};

	sv->watch = server_watch_open(&deps, err);
	return sv->watch != NULL;
}

static bool
open_reading(struct server *sv, struct err *err)
{
	const struct reading_deps deps = {.jobs = sv->jobs,
	    .writer = sv->writer,
	    .settings = sv->settings,
	    .config = sv->config,
	    .creds = sv->creds,
	    .clock = &sv->clock};

	sv->reading = reading_new(&deps, err);
	if (sv->reading != NULL)
		tell_certificate(sv);
	return sv->reading != NULL;
}

/* Whether only this machine can connect, without TLS. */
static bool
is_plain_here(const struct settings *s)
{
	return s->no_ssl && (strncmp(s->bind_addr, "127.", 4) == 0 ||
				strncmp(s->bind_addr, "[::1]", 5) == 0);
}

static bool
open_signin(struct server *sv, struct err *err)
{
	struct session_key key;

	if (!session_key_load(sv->settings->db_folder, &key, err))
		return false;
	sv->signin = signin_new(&key, is_plain_here(sv->settings), err);
	tls_wipe(&key, sizeof key);
	return sv->signin != NULL;
}

/* What routes work with. */
static struct service
make_service(struct server *sv)
{
	return (struct service){.clock = &sv->clock,
	    .writer = sv->writer,
	    .ingest = sv->ingest,
	    .closing = sv->closing,
	    .signer = &sv->signer,
	    .reading = sv->reading,
	    .signin = sv->signin,
	    .routes = sv->routes,
	    .route_count = gate_fill_routes(sv->routes),
	    .metrics = sv->metrics,
	    .page = server_watch_page(sv->watch),
	    .verbose = sv->settings->verbose,
	    .on_clock_moved = on_clock_moved,
	    .ctx = sv};
}

static bool
open_all(struct server *sv, struct err *err)
{
	struct http_limits limits;
	const struct http_owner owner = {.ctx = &sv->service,
	    .gate = gate_on_head,
	    .handler = gate_on_request,
	    .seen = gate_on_seen};

	config_http_limits(sv->config, &limits);
	raise_file_limit(&limits);
	if (!open_loop(sv, err))
		return false;
	sv->lock = store_lock(sv->settings->db_folder, err);
	if (sv->lock < 0 || !store_check(sv->settings->db_folder, err) ||
	    !open_tls(sv, err) ||
	    !grant_load_key(sv->settings->key_folder, &sv->signer.key, err))
		return false;
	sv->writer = writer_open(sv->settings, err);
	if (sv->writer == NULL)
		return false;
	writer_set_signer(sv->writer, &sv->signer);
	use_config(sv);
	sv->metrics = metrics_new(err);
	if (sv->metrics != NULL)
		sv->ingest = ingest_new(
		    sv->loop, sv->writer, sv->metrics, limits.body_bytes, err);
	if (sv->ingest == NULL || !open_delivery(sv, err) ||
	    !open_closing(sv, err) || !open_reading(sv, err) ||
	    !open_signin(sv, err))
		return false;
	sv->upkeep = upkeep_new(sv->loop, sv->writer, sv->ingest, &sv->clock,
	    sv->config->keep_samples_secs, err);
	if (sv->upkeep == NULL)
		return false;
	if (!open_watch(sv, err))
		return false;
	sv->service = make_service(sv);
	return open_http(sv, &limits, &owner, err);
}

/* The mirror of open_all. Answers first, then what they came from. */
static void
close_all(struct server *sv)
{
	job_pool_free(sv->jobs);
	if (sv->ingest != NULL)
		ingest_flush(sv->ingest);
	server_watch_close(sv->watch);
	reading_free(sv->reading);
	closing_free(sv->closing);
	http_close(sv->http);
	upkeep_free(sv->upkeep);
	signin_free(sv->signin);
	delivery_free(sv->delivery);
	ingest_free(sv->ingest);
	metrics_free(sv->metrics);
	writer_close(sv->writer);
	jws_key_free(sv->signer.key);
	tls_server_free(sv->tls);
	store_unlock(sv->lock);
	server_notify_free(sv->notify);
	loop_timer_free(sv->stop_poll);
	loop_timer_free(sv->tick);
	loop_signal_free(sv->on_hup);
	loop_signal_free(sv->on_int);
	loop_signal_free(sv->on_term);
	loop_free(sv->loop);
}

static void
say_ready(const struct server *sv)
{
	const char *address = http_address(sv->http);

	server_notify_ready(sv->notify, address, sv->ingest, sv->writer);
	log_info("server.ready", "bind=%s tls=%s db=\"%s\" version=%s%s",
	    address, sv->tls != NULL ? "yes" : "no", sv->settings->db_folder,
	    STAT_VERSION, sv->clock.mock ? " clock=pretend" : "");
	if (!grant_signer_present(&sv->signer))
		log_info("server.no_grant_key", "folder=\"%s\"",
		    sv->settings->key_folder);
	if (sv->creds->smtp_addr == NULL)
		log_warn("server.no_relay",
		    "mails wait in the outbox: there is no credentials file; "
		    "make one with `stat.flexfs init creds`");
}

bool
server_run(const struct settings *settings, struct config *config,
    struct creds *creds, struct err *err)
{
	struct server sv = {
	    .settings = settings,
	    .config = config,
	    .creds = creds,
	    .clock = settings->mock_time ? clock_pretend(settings->mock_start,
					       settings->mock_rate)
					 : clock_real(),
	    .lock = -1,
	};
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	/* Nobody who wants to have settings read again means to end it, even
	 * if it is not ready for that. */
	signal(SIGHUP, SIG_IGN);
	/* A file size limit is an error to be answered, not an end. */
	signal(SIGXFSZ, SIG_IGN);
	ok = open_all(&sv, err);
	if (ok) {
		say_ready(&sv);
		loop_timer_set(sv.tick, 0);
		ok = loop_run(sv.loop, err);
	}
	if (!ok && sv.notify != NULL)
		server_notify_failed(sv.notify, err);
	close_all(&sv);
	if (ok)
		log_info("server.stopped", "version=%s", STAT_VERSION);
	return ok;
}
