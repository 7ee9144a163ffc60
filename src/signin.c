/*
 * signin.c - forms for signing in and out. In: requests with forms, cookies.
 * Out: cookies, pages, redirects. Owns the memory of attempts in vain.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/text.h"
#include "page.h"
#include "service.h"
#include "signin.h"

static const char secure_name[] = "__Host-stat";
static const char plain_name[] = "stat";

/* Attempts of an address are a bucket that is emptied at a steady rate: all
 * that is kept is when it will be empty. */
struct slot {
	uint8_t address[8]; /* IPv4 in the first four, else IPv6 /64 */
	int64_t empty_at;   /* monotonic seconds */
};

struct signin {
	struct session_key key;
	bool plain;
	struct slot slots[SIGNIN_SLOTS];
};

/* --- attempts --- */

static void
read_address(const char *peer, uint8_t out[8])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint8_t bytes[16] = {0};

	memset(out, 0, 8);
	if (inet_pton(AF_INET, peer, out) == 1)
		return;
	memset(out, 0, 8);
	if (inet_pton(AF_INET6, peer, bytes) != 1)
		return;
	if (memcmp(bytes, mapped, sizeof mapped) == 0)
		memcpy(out, bytes + 12, 4);
	else
		memcpy(out, bytes, 8);
}

/* The slot of an address; when it has none, the one that is empty first. */
static struct slot *
find_slot(struct signin *signin, const char *peer)
{
	struct slot *best = &signin->slots[0];
	uint8_t address[8];

	read_address(peer, address);
	for (size_t i = 0; i < SIGNIN_SLOTS; i++) {
		struct slot *slot = &signin->slots[i];

		if (memcmp(slot->address, address, sizeof address) == 0)
			return slot;
		if (slot->empty_at < best->empty_at)
			best = slot;
	}
	memcpy(best->address, address, sizeof address);
	best->empty_at = 0;
	return best;
}

/* Seconds until it may try again; 0: now. */
static int64_t
must_wait(const struct slot *slot, int64_t now)
{
	int64_t full = slot->empty_at -
		       (int64_t)(SIGNIN_ATTEMPTS - 1) * SIGNIN_REFILL_SECS;

	return now < full ? full - now : 0;
}

static void
note_attempt(struct slot *slot, int64_t now)
{
	if (slot->empty_at < now)
		slot->empty_at = now;
	slot->empty_at += SIGNIN_REFILL_SECS;
}

static int64_t
mono_secs(void)
{
	return clock_mono_us() / 1000000;
}

/* --- pages and redirects --- */

static void
reply_page(struct http_request *req, unsigned status, struct buf *body)
{
	struct err err = ERR_INIT;

	if (body->failed) {
		err_nomem(&err);
		ingest_refuse(req, &err);
	} else {
		http_reply_header(req, "Content-Security-Policy", page_policy);
		http_reply_header(req, "X-Content-Type-Options", "nosniff");
		http_reply_header(req, "Referrer-Policy", "same-origin");
		http_reply_header(req, "Cache-Control", "no-store");
		http_reply(req, status, "text/html; charset=utf-8",
		    buf_text(body), body->len);
	}
	buf_fini(body);
}

static void
put_form(struct buf *out, const char *next, const char *trouble)
{
	buf_str(out, "<section class=\"sign\">\n");
	if (trouble != NULL) {
		buf_str(out, "<ul class=\"trouble\" role=\"alert\">"
			     "<li class=\"bad\">");
		text_html(out, trouble);
		buf_str(out, "</li></ul>\n");
	}
	buf_str(out,
	    "<form method=\"post\" action=\"/login\">\n"
	    "<label for=\"token\">Token of a reader or an operator</label>\n"
	    "<input id=\"token\" name=\"token\" type=\"password\" "
	    "maxlength=\"128\" autocomplete=\"current-password\" "
	    "autofocus required>\n"
	    "<input type=\"hidden\" name=\"next\" value=\"");
	text_html(out, next);
	buf_str(out, "\">\n<button>Sign in</button>\n</form>\n"
		     "<p class=\"small\">An operator makes one with "
		     "<code>stat.flexfs create token --name you --role "
		     "reader</code>.</p>\n");
	/* Browsers keep the cookie back when a link of another site, or of a
	 * mail, led here. */
	buf_str(out, "<p class=\"small\">Signed in already? <a href=\"");
	text_html(out, next);
	buf_str(out, "\">Go on.</a></p>\n</section>\n");
}

static void
reply_form(struct http_request *req, unsigned status, const char *next,
    const char *trouble)
{
	struct buf body = BUF_INIT;
	struct page page = {.out = &body};

	page_begin(&page, PAGE_STRANGER, "Sign in");
	put_form(&body, next, trouble);
	page_end_stranger(&page);
	reply_page(req, status, &body);
}

static void
send_on(struct http_request *req, const char *path)
{
	http_reply_header(req, "Location", path);
	http_reply_header(req, "Cache-Control", "no-store");
	http_reply(req, 303, NULL, "", 0);
}

void
signin_redirect(struct http_request *req)
{
	struct buf here = BUF_INIT, path = BUF_INIT;
	struct err err = ERR_INIT;

	buf_str(&here, http_path(req));
	if (http_query(req)[0] != '\0')
		buf_printf(&here, "?%s", http_query(req));
	buf_str(&path, "/login");
	if (session_is_local(buf_text(&here)) &&
	    strcmp(buf_text(&here), "/") != 0) {
		buf_str(&path, "?next=");
		page_url(&path, buf_text(&here));
	}
	if (here.failed || path.failed) {
		err_nomem(&err);
		ingest_refuse(req, &err);
	} else
		send_on(req, buf_text(&path));
	buf_fini(&here);
	buf_fini(&path);
}

static const char *
next_of(const struct route_call *call)
{
	const char *next = route_param(call, "next");

	return next != NULL && session_is_local(next) ? next : "/";
}

/* --- the cookie --- */

static void
set_cookie(
    struct http_request *req, bool plain, const char *value, int64_t max_age)
{
	char text[SESSION_TEXT_SIZE + 128];

	snprintf(text, sizeof text,
	    "%s=%s; Path=/; Max-Age=%" PRId64 "; HttpOnly; SameSite=Strict%s",
	    plain ? plain_name : secure_name, value, max_age,
	    plain ? "" : "; Secure");
	http_reply_header(req, "Set-Cookie", text);
}

bool
signin_find(const struct signin *signin, struct sql *db, const char *cookies,
    int64_t now, struct token_holder *out, struct err *err)
{
	char text[SESSION_TEXT_SIZE];

	session_cookie(cookies, secure_name, text);
	if (text[0] == '\0' && signin->plain)
		session_cookie(cookies, plain_name, text);
	return session_find(db, &signin->key, text, now, out, err);
}

/* --- who sends a form --- */

/* A browser says where a form was: here, or on another site. One that says
 * nothing is none. A proxy may talk TLS before us. */
static bool
is_from_here(struct http_request *req)
{
	const char *site = http_header(req, "Sec-Fetch-Site");
	const char *origin = http_header(req, "Origin");
	const char *host = http_header(req, "Host");
	const char *there;

	if (site != NULL)
		return strcmp(site, "same-origin") == 0 ||
		       strcmp(site, "none") == 0;
	if (origin == NULL)
		return true;
	there = strstr(origin, "://");
	return there != NULL && host != NULL &&
	       strcasecmp(there + 3, host) == 0;
}

/* Whether the browser came by TLS as far as it knows. */
static bool
came_by_tls(struct http_request *req)
{
	const char *origin = http_header(req, "Origin");

	return origin != NULL && strncmp(origin, "https://", 8) == 0;
}

static bool
is_form(struct http_request *req)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = http_header(req, "Content-Type");

	return type != NULL && strncasecmp(type, form, sizeof form - 1) == 0 &&
	       strchr("; \t", type[sizeof form - 1]) != NULL;
}

/* What a form holds, as parameters; it writes blanks as plus signs. */
static bool
read_form(struct http_request *req, struct route_call *call, struct err *err)
{
	static const struct route form = {.params = "token next"};
	struct buf text = BUF_INIT;
	const char *body;
	size_t len;
	bool ok;

	body = http_body(req, &len);
	for (size_t i = 0; body != NULL && i < len; i++)
		if (body[i] == '+')
			buf_str(&text, "%20");
		else
			buf_char(&text, body[i] != '\0' ? body[i] : '%');
	call->param_count = 0;
	ok = body != NULL && !text.failed
		 ? route_read_query(&form, buf_text(&text), call, err)
		 : err_nomem(err);
	file_wipe(&text);
	return ok;
}

/* --- signing in --- */

void
signin_show(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)service;
	if (http_holder(req)->role != TOKEN_NOBODY)
		send_on(req, next_of(call));
	else
		reply_form(req, 200, next_of(call), NULL);
}

/* Blanks around it come from copying. */
static const char *
trim(char *token)
{
	char *end;

	token += strspn(token, " \t\r\n");
	end = token + strlen(token);
	while (end > token && strchr(" \t\r\n", end[-1]) != NULL)
		*--end = '\0';
	return token;
}

/* Who it is; the use is noted. */
static bool
look_up(struct service *service, struct sql *db, const char *token,
    const struct route_call *call, struct token_holder *out, struct err *err)
{
	bool ok;

	if (!token_find(db, NULL, token, out, err))
		return false;
	if (out->role != TOKEN_READER && out->role != TOKEN_OPERATOR)
		return true;
	ok = sql_begin(db, err) &&
	     token_used(db, out->token, call->now_ms / 1000, err) &&
	     sql_commit(db, err);
	if (!ok)
		sql_rollback(db);
	service_changed(service);
	return ok;
}

static void
let_in(struct service *service, struct http_request *req, struct sql *db,
    const struct token_holder *holder, const struct route_call *call)
{
	const struct signin *signin = service->signin;
	int64_t ends_at = call->now_ms / 1000 + SESSION_SECS;
	uint8_t hash[TLS_SHA256_BYTES];
	char text[SESSION_TEXT_SIZE];
	struct token_holder same;
	struct err err = ERR_INIT;

	if (!token_load(db, holder->token, &same, hash, &err)) {
		ingest_refuse(req, &err);
		return;
	}
	session_make(&signin->key, holder->token, hash, ends_at, text);
	set_cookie(req, signin->plain && !came_by_tls(req), text, SESSION_SECS);
	log_info("signin.in", "token=%lld role=%s peer=%s",
	    (long long)holder->token, token_role_name(holder->role),
	    http_peer(req));
	send_on(req, next_of(call));
}

static void
turn_down(struct service *service, struct http_request *req,
    const struct token_holder *holder, const struct route_call *call)
{
	struct slot *slot = find_slot(service->signin, http_peer(req));

	note_attempt(slot, mono_secs());
	log_warn("signin.refused", "peer=%s role=%s", http_peer(req),
	    token_role_name(holder->role));
	reply_form(req, 403, next_of(call),
	    holder->role == TOKEN_SOURCE
		? "This is the token of a source. It reports; to look, take "
		  "one of a reader."
		: "This token is not known, or was revoked.");
}

static void
try_token(struct service *service, struct http_request *req, char *token,
    const struct route_call *call)
{
	struct token_holder holder = {.role = TOKEN_NOBODY};
	struct sql *db = service_db(service, req);
	struct err err = ERR_INIT;

	if (db == NULL)
		return;
	if (!look_up(service, db, trim(token), call, &holder, &err))
		service_failed(service, req, &err);
	else if (holder.role == TOKEN_READER || holder.role == TOKEN_OPERATOR)
		let_in(service, req, db, &holder, call);
	else
		turn_down(service, req, &holder, call);
}

/* Too many attempts of its address: it is not even looked up. */
static bool
refuse_for_now(
    struct service *service, struct http_request *req, const char *next)
{
	int64_t wait =
	    must_wait(find_slot(service->signin, http_peer(req)), mono_secs());
	char text[24];

	if (wait == 0)
		return false;
	snprintf(text, sizeof text, "%" PRId64, wait);
	http_reply_header(req, "Retry-After", text);
	reply_form(req, 429, next,
	    "Too many attempts from your address. Try again in a minute.");
	return true;
}

void
signin_enter(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	struct route_call form = {.now_ms = call->now_ms};
	struct err err = ERR_INIT;
	char token[ROUTE_TEXT_SIZE] = "";

	if (!is_from_here(req))
		http_reply_problem(req, 403, "forbidden",
		    "this form was sent from another site", NULL);
	else if (!is_form(req))
		http_reply_problem(req, 415, "unsupported_media_type",
		    "send a form: application/x-www-form-urlencoded", NULL);
	else if (!read_form(req, &form, &err))
		http_reply_problem(req, 400, "bad_request", err.text, NULL);
	else if (!refuse_for_now(service, req, next_of(&form))) {
		if (route_param(&form, "token") != NULL)
			snprintf(token, sizeof token, "%s",
			    route_param(&form, "token"));
		try_token(service, req, token, &form);
	}
	tls_wipe(token, sizeof token);
	tls_wipe(&form, sizeof form);
}

/* --- signing out --- */

void
signin_leave(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)call;
	if (!is_from_here(req)) {
		http_reply_problem(req, 403, "forbidden",
		    "this form was sent from another site", NULL);
		return;
	}
	set_cookie(req, false, "", 0);
	if (service->signin->plain)
		set_cookie(req, true, "", 0);
	send_on(req, "/login");
}

/* --- what pages load --- */

static void
reply_file(struct http_request *req, const char *type, const char *text)
{
	http_reply_header(req, "X-Content-Type-Options", "nosniff");
	http_reply_header(req, "Cache-Control", "public, max-age=300");
	http_reply(req, 200, type, text, strlen(text));
}

void
signin_style(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)service;
	(void)call;
	reply_file(req, "text/css; charset=utf-8", page_style);
}

void
signin_icon(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)service;
	(void)call;
	reply_file(req, "image/svg+xml", page_icon);
}

/* --- life --- */

struct signin *
signin_new(const struct session_key *key, bool plain, struct err *err)
{
	struct signin *signin = calloc(1, sizeof *signin);

	if (signin == NULL) {
		err_nomem(err);
		return NULL;
	}
	signin->key = *key;
	signin->plain = plain;
	return signin;
}

void
signin_free(struct signin *signin)
{
	if (signin == NULL)
		return;
	tls_wipe(signin, sizeof *signin);
	free(signin);
}
