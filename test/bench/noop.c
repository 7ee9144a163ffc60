/*
 * noop.c - the ceiling for `make bench`: the server's own loop and HTTP door,
 * its check of tokens, and a handler that neither parses nor stores, and
 * answers as long as a taken report's answer is.
 *
 *     noop DBFOLDER plain | noop DBFOLDER tls CERT KEY
 *
 * Prints its port on standard output and runs until SIGTERM.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/tls.h"
#include "src/http.h"
#include "src/loop.h"
#include "src/store.h"

struct noop {
	struct sql *db;
	struct token_cache tokens;
};

static void
on_gate(void *ctx, const struct http_head *head, struct http_verdict *out)
{
	struct noop *noop = ctx;
	struct err err = ERR_INIT;

	if (head->bearer == NULL ||
	    !token_find(
		noop->db, &noop->tokens, head->bearer, &out->holder, &err) ||
	    out->holder.role != TOKEN_SOURCE) {
		out->status = 401;
		out->detail = "no token";
	}
}

static void
on_request(void *ctx, struct http_request *req)
{
	static const char answer[] =
	    "{\"report_id\":\"00000000-0000-4000-8000-000000000000\","
	    "\"received_at\":\"2026-01-01T00:00:00Z\",\"stored\":10,"
	    "\"duplicates\":0,\"quarantined\":[],\"unknown_members\":0,"
	    "\"skew_ms\":-140,\"ledger_head\":\"sha256:"
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    "\"}\n";
	size_t len;

	(void)ctx;
	(void)http_body(req, &len);
	http_reply(req, 201, "application/json", answer, sizeof answer - 1);
}

static void
on_term(void *ctx)
{
	loop_stop(ctx);
}

int
main(int argc, char **argv)
{
	static const struct http_limits limits = HTTP_LIMITS_DEFAULT;
	static struct noop noop;
	const struct http_owner owner = {
	    .ctx = &noop, .gate = on_gate, .handler = on_request};
	struct err err = ERR_INIT;
	struct tls_server *tls = NULL;
	struct loop *loop = loop_new(&err);
	struct loop_signal *term =
	    loop_signal_new(loop, SIGTERM, on_term, loop, &err);
	struct http *http = NULL;

	signal(SIGPIPE, SIG_IGN);
	if (argc > 2)
		noop.db = store_open_read(argv[1], &err);
	if (argc == 5)
		tls = tls_server_open(argv[3], argv[4], &err);
	if (noop.db != NULL && term != NULL)
		http =
		    http_open(loop, "127.0.0.1:0", tls, &limits, &owner, &err);
	if (http == NULL) {
		fprintf(stderr, "noop: %s\n", err.text);
		return 1;
	}
	printf("%u\n", http_port(http));
	fflush(stdout);
	loop_run(loop, &err);
	http_close(http);
	loop_signal_free(term);
	tls_server_free(tls);
	sql_close(noop.db);
	loop_free(loop);
	return 0;
}
