/*
 * pprof.c - who asks for a profile gets it. In: requests of this machine. Out:
 * profiles, names of functions. Owns a listener, and the profile that is being
 * taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/log.h"
#include "pprof.h"

enum {
	MAX_CONNECTIONS = 16,
	MAX_CMDLINE = 1 << 16,
};

static const char plain_text[] = "text/plain; charset=utf-8";
static const char binary[] = "application/octet-stream";

struct pprof {
	struct http *http;		 /* owned */
	struct profile *profile;	 /* owned */
	struct profile_symbols *symbols; /* owned */
	struct loop_timer *end;		 /* owned */
	struct http_request *waiting; /* for the profile; NULL: none is taken */
};

void
pprof_preload(int argc, char **argv)
{
	bool wanted = false;

	if (argc < 2 || strcmp(argv[1], "start") != 0)
		return;
	for (int i = 2; i < argc; i++)
		wanted = wanted || strcmp(argv[i], "--pprof") == 0 ||
			 strcmp(argv[i], "--pprof=true") == 0;
	if (wanted)
		profile_preload(argv);
}

/* --- answers --- */

static void
refuse(struct http_request *req, const struct err *err)
{
	switch (err->kind) {
	case ERR_INPUT:
		http_reply_problem(req, 404, "not_found", err->text, NULL);
		break;
	case ERR_BUSY:
		http_reply_problem(req, 503, "unavailable", err->text, NULL);
		break;
	default:
		log_error("pprof.broken", "error=\"%s\"", err->text);
		http_reply_problem(req, 500, "internal", err->text, NULL);
	}
}

/* Takes the bytes that body holds, unless ok is false: then err says why. */
static void
reply(struct http_request *req, bool ok, const char *type, struct buf *body,
    const struct err *err)
{
	if (ok)
		http_reply(req, 200, type, buf_text(body), body->len);
	else
		refuse(req, err);
	buf_fini(body);
}

/* --- time --- */

static void
on_profile_end(void *ctx)
{
	struct pprof *p = ctx;
	struct http_request *req = p->waiting;
	struct buf body = BUF_INIT;
	struct err err = ERR_INIT;
	bool ok = profile_stop(p->profile, &body, &err);

	p->waiting = NULL;
	log_info("pprof.profile_taken", "bytes=%zu", body.len);
	reply(req, ok, binary, &body, &err);
}

/* "seconds=N", or nothing. */
static bool
read_seconds(const char *query, int64_t *secs)
{
	static const char name[] = "seconds=";
	const char *text = query + sizeof name - 1;
	size_t len;

	*secs = PPROF_SECS;
	if (query[0] == '\0')
		return true;
	if (strncmp(query, name, sizeof name - 1) != 0)
		return false;
	len = strspn(text, "0123456789");
	if (len == 0 || len > 4 || text[len] != '\0')
		return false;
	*secs = strtol(text, NULL, 10);
	return *secs >= 1 && *secs <= PPROF_MAX_SECS;
}

/* The loop goes on meanwhile: the answer comes from a timer. */
static void
on_profile(struct pprof *p, struct http_request *req)
{
	struct err err = ERR_INIT;
	char detail[64];
	int64_t secs;

	if (!read_seconds(http_query(req), &secs)) {
		snprintf(detail, sizeof detail,
		    "the only parameter is seconds, from 1 to %d",
		    PPROF_MAX_SECS);
		http_reply_problem(req, 400, "bad_request", detail, NULL);
	} else if (p->waiting != NULL)
		http_reply_problem(req, 409, "conflict",
		    "a profile is being taken already", NULL);
	else if (profile_start(p->profile, &err)) {
		p->waiting = req;
		log_info("pprof.profile_begun", "secs=%lld", (long long)secs);
		loop_timer_set(p->end, secs * 1000);
	} else
		refuse(req, &err);
}

/* --- memory, command line, names --- */

static void
on_heap(struct pprof *p, struct http_request *req)
{
	struct buf body = BUF_INIT;
	struct err err = ERR_INIT;
	bool ok = profile_heap(p->profile, &body, &err);

	reply(req, ok, binary, &body, &err);
}

/* Secrets were wiped out of it before the server began. */
static void
on_cmdline(struct pprof *p, struct http_request *req)
{
	struct buf body = BUF_INIT;
	struct err err = ERR_INIT;
	bool ok = file_read("/proc/self/cmdline", MAX_CMDLINE, &body, &err);

	(void)p;
	reply(req, ok, plain_text, &body, &err);
}

/* "0x55d0+0x7f10": a line for each that is known. */
static void
put_names(const struct pprof *p, struct buf *out, const char *list)
{
	const char *name;
	uint64_t address;
	char *end;

	while (*list != '\0') {
		address = strtoull(list, &end, 16);
		name = end != list ? profile_symbols_find(p->symbols, address)
				   : NULL;
		if (name != NULL)
			buf_printf(out, "0x%llx\t%s\n",
			    (unsigned long long)address, name);
		list = end + strcspn(end, "+");
		list += *list == '+';
	}
}

/* That there are names at all is asked for first, as a number above 0. */
static void
on_symbol(struct pprof *p, struct http_request *req)
{
	struct buf body = BUF_INIT, list = BUF_INIT;
	struct err err = ERR_INIT;
	const char *sent = http_query(req);
	size_t len = strlen(sent);

	if (strcmp(http_method(req), "POST") == 0)
		sent = http_body(req, &len);
	if (sent != NULL)
		buf_add(&list, sent, len); /* a body has no end of its own */
	if (buf_text(&list)[0] == '\0')
		buf_str(&body, "num_symbols: 1\n");
	else
		put_names(p, &body, buf_text(&list));
	body.failed = body.failed || list.failed || sent == NULL;
	if (body.failed)
		err_nomem(&err);
	buf_fini(&list);
	reply(req, !body.failed, plain_text, &body, &err);
}

/* --- the listener --- */

static const struct page {
	const char *path;
	bool takes_post;
	void (*answer)(struct pprof *p, struct http_request *req);
} pages[] = {
    {"/debug/pprof/profile", false, on_profile},
    {"/debug/pprof/heap", false, on_heap},
    {"/debug/pprof/cmdline", false, on_cmdline},
    {"/debug/pprof/symbol", true, on_symbol},
};

static const struct page *
find_page(const char *path)
{
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
		if (strcmp(pages[i].path, path) == 0)
			return &pages[i];
	return NULL;
}

static void
on_head(void *ctx, const struct http_head *head, struct http_verdict *out)
{
	const struct page *page = find_page(head->path);

	(void)ctx;
	if (page == NULL) {
		out->status = 404;
		out->detail = "there is nothing at this path";
	} else if (strcmp(head->method, "GET") != 0 &&
		   strcmp(head->method, "HEAD") != 0 &&
		   (!page->takes_post || strcmp(head->method, "POST") != 0)) {
		out->status = 405;
		out->detail = "this path does not take that method";
		out->allow = page->takes_post ? "GET, HEAD, POST" : "GET, HEAD";
	}
}

static void
on_request(void *ctx, struct http_request *req)
{
	find_page(http_path(req))->answer(ctx, req);
}

static void
on_seen(void *ctx, const struct http_seen *seen)
{
	const struct page *page = find_page(seen->path);

	(void)ctx;
	http_log_seen(seen, page != NULL ? page->path : NULL, "-");
}

/* --- life --- */

struct pprof *
pprof_open(
    struct loop *loop, unsigned port, struct profile *profile, struct err *err)
{
	struct http_limits limits = HTTP_LIMITS_DEFAULT;
	struct pprof *p = calloc(1, sizeof *p);
	const struct http_owner owner = {
	    .ctx = p, .gate = on_head, .handler = on_request, .seen = on_seen};
	char address[32];

	if (p == NULL) {
		err_nomem(err);
		return NULL;
	}
	limits.body_bytes = PPROF_MAX_BODY;
	limits.connections = limits.stranger_connections = MAX_CONNECTIONS;
	snprintf(address, sizeof address, "127.0.0.1:%u", port);
	p->symbols = profile_symbols_open(err);
	if (p->symbols != NULL)
		p->end = loop_timer_new(loop, on_profile_end, p, err);
	if (p->end != NULL)
		p->http = http_open(loop, address, NULL, &limits, &owner, err);
	if (p->http == NULL) {
		pprof_close(p);
		return NULL;
	}
	p->profile = profile;
	return p;
}

void
pprof_close(struct pprof *pprof)
{
	if (pprof == NULL)
		return;
	if (pprof->waiting != NULL)
		on_profile_end(pprof);
	http_close(pprof->http);
	loop_timer_free(pprof->end);
	profile_symbols_close(pprof->symbols);
	profile_close(pprof->profile);
	free(pprof);
}

const char *
pprof_address(const struct pprof *pprof)
{
	return http_address(pprof->http);
}
