/*
 * server_watch.c - the listeners beside that of the routes. In: requests for
 * metrics from anyone on their own address. Out: metrics. Owns what the
 * metrics are told from, their listener, and that of profiles.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "pprof.h"
#include "server_watch.h"

enum {
	MAX_CONNECTIONS = 64,
	MAX_BODY = 1024, /* nobody has to send one */
};

static const char metrics_path[] = "/metrics";

struct server_watch {
	struct metrics_periods *periods; /* owned */
	struct metrics_page *page;	 /* owned */
	struct http *http;   /* owned; NULL: no address for metrics */
	struct pprof *pprof; /* owned; NULL: no profiles */
};

/* --- metrics on an address of their own --- */

static void
on_head(void *ctx, const struct http_head *head, struct http_verdict *out)
{
	(void)ctx;
	if (strcmp(head->path, metrics_path) != 0) {
		out->status = 404;
		out->detail = "there is nothing at this path";
	} else if (strcmp(head->method, "GET") != 0 &&
		   strcmp(head->method, "HEAD") != 0) {
		out->status = 405;
		out->detail = "this path does not take that method";
		out->allow = "GET, HEAD";
	}
}

static void
on_request(void *ctx, struct http_request *req)
{
	struct server_watch *watch = ctx;

	metrics_page_reply(watch->page, req);
}

static void
on_seen(void *ctx, const struct http_seen *seen)
{
	(void)ctx;
	http_log_seen(seen,
	    strcmp(seen->path, metrics_path) == 0 ? metrics_path : NULL, "-");
}

static bool
listen_for_metrics(struct server_watch *watch,
    const struct metrics_page_deps *deps, struct err *err)
{
	const char *address = deps->settings->metrics_addr != NULL
				  ? deps->settings->metrics_addr
				  : deps->config->metrics_addr;
	struct http_limits limits = HTTP_LIMITS_DEFAULT;
	const struct http_owner owner = {.ctx = watch,
	    .gate = on_head,
	    .handler = on_request,
	    .seen = on_seen};
	char *whole = NULL;

	if (address[0] == '\0')
		return true;
	limits.body_bytes = MAX_BODY;
	limits.connections = limits.stranger_connections = MAX_CONNECTIONS;
	if (!settings_take_address("it", address, &whole, err))
		return false;
	watch->http = http_open(deps->loop, whole, NULL, &limits, &owner, err);
	free(whole);
	if (watch->http == NULL)
		return err_context(err, "metrics");
	log_info("metrics.ready", "bind=%s", http_address(watch->http));
	return true;
}

/* --- profiles --- */

static bool
listen_for_profiles(struct server_watch *watch, struct loop *loop,
    const struct settings *settings, struct err *err)
{
	struct profile *profile;

	if (!settings->pprof)
		return true;
	profile = profile_open(err);
	if (profile == NULL)
		return false;
	watch->pprof = pprof_open(loop, settings->pprof_port, profile, err);
	if (watch->pprof == NULL) {
		profile_close(profile);
		return err_context(err, "profiles");
	}
	log_info("pprof.ready", "bind=%s", pprof_address(watch->pprof));
	return true;
}

/* --- life --- */

struct server_watch *
server_watch_open(const struct server_watch_deps *deps, struct err *err)
{
	struct metrics_page_deps page = deps->page;
	struct server_watch *watch = calloc(1, sizeof *watch);

	if (watch == NULL) {
		err_nomem(err);
		return NULL;
	}
	watch->periods =
	    metrics_periods_new(deps->jobs, page.settings, page.clock, err);
	page.periods = watch->periods;
	if (page.periods != NULL)
		watch->page = metrics_page_new(&page, err);
	if (watch->page != NULL) {
		metrics_page_set_state(watch->page, deps->ask, deps->ask_ctx);
		if (listen_for_metrics(watch, &page, err) &&
		    listen_for_profiles(watch, page.loop, page.settings, err))
			return watch;
	}
	server_watch_close(watch);
	return NULL;
}

struct metrics_page *
server_watch_page(const struct server_watch *watch)
{
	return watch->page;
}

void
server_watch_stop(struct server_watch *watch)
{
	metrics_periods_stop(watch->periods);
}

void
server_watch_close(struct server_watch *watch)
{
	if (watch == NULL)
		return;
	metrics_page_free(watch->page);
	http_close(watch->http);
	pprof_close(watch->pprof);
	metrics_periods_free(watch->periods);
	free(watch);
}
