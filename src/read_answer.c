/*
 * read_answer.c - from a target to an answer. In: path, query and what the
 * client's headers say. Out: a head and a body, whole or in pieces. Owns the
 * answer on its way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fact.h"
#include "http_reply.h"
#include "lib/gzip.h"
#include "lib/tls.h"
#include "lib/utc.h"
#include "read.h"
#include "read_answer.h"

enum {
	/* A shorter one does not get shorter. */
	MIN_GZIP_BYTES = 512,
	FULL_QUALITY = 1000,
	WORDS_SIZE = 256,
};

struct read_out {
	struct sql *db; /* borrowed, as all but gzip and packed */
	const struct read_ask *ask;
	const struct read_call *call;
	read_write_fn *write;
	void *ctx;
	bool begun;	   /* the head is out: it goes in pieces */
	bool unchanged;	   /* the client has it already */
	struct gzip *gzip; /* owned; NULL: as it is */
	struct buf packed; /* owned */
};

/* --- the format --- */

/* "0.123" in thousandths; what is none counts as one. */
static int
parse_quality(const char *text, size_t len)
{
	int value = 0, unit = FULL_QUALITY;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.')
			continue;
		if (text[i] < '0' || text[i] > '9')
			return FULL_QUALITY;
		value += (text[i] - '0') * unit;
		unit /= 10;
	}
	return value < FULL_QUALITY ? value : FULL_QUALITY;
}

/* The q of one element of Accept or Accept-Encoding. */
static int
quality_of(const char *item, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t at = i + 1;

		if (item[i] != ';')
			continue;
		while (at < len && (item[at] == ' ' || item[at] == '\t'))
			at++;
		if (at + 1 < len && (item[at] | 32) == 'q' &&
		    item[at + 1] == '=')
			return parse_quality(
			    item + at + 2, strcspn(item + at + 2, " \t;,"));
	}
	return FULL_QUALITY;
}

/* How well a media range fits a type: 3 by name, 2 by its first half, 1 since
 * it takes all, 0 not. */
static int
fit(const char *range, size_t len, const char *type)
{
	size_t whole = strcspn(type, ";"), half = strcspn(type, "/") + 1;

	len = len < strcspn(range, "; \t,") ? len : strcspn(range, "; \t,");
	if (len == 3 && strncmp(range, "*/*", 3) == 0)
		return 1;
	if (len == half + 1 && range[half] == '*' &&
	    strncasecmp(range, type, half) == 0)
		return 2;
	return len == whole && strncasecmp(range, type, whole) == 0 ? 3 : 0;
}

/* The q that an Accept gives a type: that of the range that names it best. */
static int
accepts(const char *accept, const char *type)
{
	int best = 0, quality = 0;
	size_t len;

	for (const char *p = accept; *p != '\0'; p += len + (p[len] == ',')) {
		while (*p == ' ' || *p == '\t')
			p++;
		len = strcspn(p, ",");
		if (fit(p, len, type) > best) {
			best = fit(p, len, type);
			quality = quality_of(p, len);
		}
	}
	return quality;
}

static bool
choose_by_word(
    const struct read_route *route, const char *word, enum read_format *out)
{
	for (unsigned f = 0; f < READ_FORMATS; f++)
		if ((route->formats & READ_BIT(f)) != 0 &&
		    strcmp(word, read_format_word(f)) == 0) {
			*out = f;
			return true;
		}
	return false;
}

/* The preset is taken when nothing is liked better. */
static bool
choose_by_accept(
    const struct read_route *route, const char *accept, enum read_format *out)
{
	int best = accepts(accept, read_format_type(route->preset));

	*out = route->preset;
	for (unsigned f = 0; f < READ_FORMATS; f++) {
		int quality = accepts(accept, read_format_type(f));

		if ((route->formats & READ_BIT(f)) == 0 || f == READ_FOCUS ||
		    quality <= best)
			continue;
		best = quality;
		*out = f;
	}
	return best > 0;
}

static bool
choose_format(const struct read_route *route, struct read_call *call,
    const char *accept, struct read_reply *reply)
{
	const char *word = read_param(call, "format");
	char words[WORDS_SIZE] = "";

	call->format = route->preset;
	if (word != NULL ? choose_by_word(route, word, &call->format)
			 : accept == NULL ||
			       choose_by_accept(route, accept, &call->format))
		return true;
	for (unsigned f = 0; f < READ_FORMATS; f++)
		if ((route->formats & READ_BIT(f)) != 0)
			snprintf(words + strlen(words),
			    sizeof words - strlen(words), "%s%s",
			    words[0] != '\0' ? ", " : "", read_format_word(f));
	if (word != NULL) {
		read_bad(reply, "format is one of: %s", words);
		return false;
	}
	snprintf(words + strlen(words), sizeof words - strlen(words),
	    "; see the header Accept");
	read_refuse(reply, 406, "not_acceptable", words);
	return false;
}

/* --- entity tags --- */

static void
format_tag(const uint8_t hash[TLS_SHA256_BYTES], char out[READ_ETAG_SIZE])
{
	char *p = out;

	*p++ = '"';
	/* 128 bits are enough not to meet by chance. */
	for (size_t i = 0; i < TLS_SHA256_BYTES / 2; i++)
		p += snprintf(p, 3, "%02x", hash[i]);
	*p++ = '"';
	*p = '\0';
}

/* Of an answer that is not kept: what it is made from. The hour is part of
 * that, since what is missing depends on it. */
static bool
tag_stream(struct read_out *out, char tag[READ_ETAG_SIZE], struct err *err)
{
	uint8_t hash[TLS_SHA256_BYTES];
	struct buf made_of = BUF_INIT;
	struct fact_head head;
	char text[FACT_HEAD_TEXT_SIZE];
	bool ok = fact_load_head(out->db, &head, err);

	if (ok)
		buf_printf(&made_of, "%s %s %lld %d %d %s %s", STAT_VERSION,
		    fact_format_head(head.hash, text),
		    (long long)(out->ask->now / UTC_HOUR_SECS),
		    (int)out->call->format, (int)out->ask->role,
		    out->ask->scope != NULL ? out->ask->scope->name : "",
		    out->ask->target);
	if (ok && made_of.failed)
		ok = err_nomem(err);
	if (ok) {
		tls_sha256(made_of.data, made_of.len, hash);
		format_tag(hash, tag);
	}
	buf_fini(&made_of);
	return ok;
}

/* Each representation has a tag of its own (RFC 9110, 8.8.3.3). */
static void
mark_packed(char tag[READ_ETAG_SIZE])
{
	snprintf(tag + strlen(tag) - 1, 7, "-gzip\"");
}

/* Whether a tag is among those of If-None-Match, compared weakly. */
static bool
is_known(const char *match, const char *tag)
{
	size_t len;

	if (match == NULL)
		return false;
	for (const char *p = match; *p != '\0'; p += len + (p[len] == ',')) {
		while (*p == ' ' || *p == '\t')
			p++;
		len = strcspn(p, ",");
		if (strncmp(p, "W/", 2) == 0) {
			p += 2;
			len -= 2;
		}
		if (*p == '*' || strncmp(p, tag, strlen(tag)) == 0)
			return true;
	}
	return false;
}

/* --- writing --- */

static bool
can_pack(const struct read_out *out, const struct read_reply *reply)
{
	return out->ask->gzip && out->call->format != READ_PDF &&
	       reply->status < 300;
}

static bool
write_head(struct read_out *out, const struct read_reply *reply,
    const char *tag, bool packed, const size_t *length, struct err *err)
{
	struct buf head = BUF_INIT;
	bool ok;

	if (!out->ask->head)
		return true;
	buf_printf(&head, "Status: %u %s\n", reply->status,
	    http_status_text(reply->status));
	if (reply->status != 304)
		buf_printf(&head, "Content-Type: %s\n",
		    reply->content_type != NULL
			? reply->content_type
			: read_format_type(out->call->format));
	if (length != NULL && reply->status != 304)
		buf_printf(&head, "Content-Length: %zu\n", *length);
	if (packed)
		buf_str(&head, "Content-Encoding: gzip\n");
	if (tag != NULL)
		buf_printf(&head, "ETag: %s\n", tag);
	if (strstr(buf_text(&reply->headers), "Cache-Control: ") == NULL)
		buf_str(&head, "Cache-Control: private, no-cache\n");
	buf_str(&head, "Vary: Accept, Accept-Encoding\n");
	buf_str(&head, buf_text(&reply->headers));
	buf_char(&head, '\n');
	ok = !head.failed || err_nomem(err);
	ok = ok && out->write(out->ctx, head.data, head.len, err);
	buf_fini(&head);
	return ok;
}

/* Before the first piece. False: err, or the client has it already. */
static bool
begin_stream(struct read_out *out, struct read_reply *reply, struct err *err)
{
	bool packed = can_pack(out, reply);
	char tag[READ_ETAG_SIZE];

	if (!tag_stream(out, tag, err))
		return false;
	if (packed)
		mark_packed(tag);
	if (is_known(out->ask->match, tag)) {
		out->unchanged = true;
		reply->status = 304;
		write_head(out, reply, tag, false, NULL, err);
		return false;
	}
	if (packed && (out->gzip = gzip_new(err)) == NULL)
		return false;
	out->begun = true;
	return write_head(out, reply, tag, packed, NULL, err);
}

/* Hands on all that the body holds. */
static bool
write_piece(
    struct read_out *out, struct read_reply *reply, bool last, struct err *err)
{
	struct buf *from = &reply->body;
	bool ok = !from->failed || err_nomem(err);

	if (ok && out->gzip != NULL) {
		ok = gzip_add(out->gzip, buf_text(from), from->len, last,
		    &out->packed, err);
		from = &out->packed;
	}
	if (ok && from->len > 0)
		ok = out->write(out->ctx, from->data, from->len, err);
	buf_clear(&reply->body);
	buf_clear(&out->packed);
	return ok;
}

bool
read_flush(struct read_reply *reply, struct err *err)
{
	struct read_out *out = reply->out;

	if (reply->body.len <
	    (size_t)(out->begun ? READ_PIECE_BYTES : READ_WHOLE_BYTES))
		return true;
	return (out->begun || begin_stream(out, reply, err)) &&
	       write_piece(out, reply, false, err);
}

/* One that was kept until it was whole. */
static bool
write_whole(struct read_out *out, struct read_reply *reply, struct err *err)
{
	bool packed = can_pack(out, reply) && reply->body.len >= MIN_GZIP_BYTES;
	const char *shown = NULL;
	uint8_t hash[TLS_SHA256_BYTES];
	char tag[READ_ETAG_SIZE];
	struct buf *body = &reply->body;

	if (reply->body.failed || reply->headers.failed)
		return err_nomem(err);
	if (reply->status == 200) {
		tls_sha256(buf_text(body), body->len, hash);
		format_tag(hash, tag);
		if (packed)
			mark_packed(tag);
		shown = tag;
		if (is_known(out->ask->match, tag)) {
			reply->status = 304;
			return write_head(out, reply, tag, false, NULL, err);
		}
	}
	if (packed) {
		if (!gzip_deflate(body->data, body->len, &out->packed, err))
			return false;
		body = &out->packed;
	}
	return write_head(out, reply, shown, packed, &body->len, err) &&
	       (body->len == 0 ||
		   out->write(out->ctx, body->data, body->len, err));
}

/* --- from the target to the function --- */

static bool
call_function(struct read_out *out, const struct read_route *route,
    const char *accept, struct read_call *call, struct read_reply *reply,
    struct err *err)
{
	if (!choose_format(route, call, accept, reply))
		return true;
	if (route->fn(out->db, call, reply, err) || out->unchanged)
		return true;
	if (out->begun || err->kind != ERR_INPUT)
		return false;
	return read_bad(reply, "%s", err->text);
}

/* Fills the reply; false: err, and what is begun stays unfinished. in is what
 * call->route points to. */
static bool
find_answer(struct read_out *out, struct read_call *call, struct route_call *in,
    struct read_reply *reply, struct err *err)
{
	struct route list[READ_MAX_ROUTES];
	const struct route_table table = {
	    .list = list, .count = read_list_routes(list)};
	const struct route *route = route_find(&table, "GET", call->path, in);

	if (route == NULL || !route_admits(route, call->role))
		return read_missing(reply);
	if (!route_read_query(route, call->query, in, err))
		return read_bad(reply, "%s", err->text);
	return call_function(out, &read_routes[route - list], out->ask->accept,
	    call, reply, err);
}

/* What the operator is told of in err is a fault for the client, too. */
static void
tell_fault(struct read_out *out, struct read_reply *reply, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (out->begun || !out->ask->head || reply->status == 304)
		return;
	if (err->kind == ERR_BUSY) {
		read_refuse(reply, 503, "unavailable", err->text);
		read_header(reply, "Retry-After", HTTP_RETRY_AFTER);
	} else
		read_refuse(reply, 500, "internal",
		    "the server has a fault of its own; its log says which");
	write_whole(out, reply, &ignored);
}

static bool
finish(struct read_out *out, struct read_reply *reply, struct err *err)
{
	if (out->unchanged)
		return err->kind == ERR_NONE;
	if (reply->status >= 400 && !out->ask->head)
		return err_set(err, ERR_INPUT, "%s", reply->detail);
	return out->begun ? write_piece(out, reply, true, err)
			  : write_whole(out, reply, err);
}

bool
read_answer(struct sql *db, const struct read_ask *ask, read_write_fn *write,
    void *ctx, unsigned *status, struct err *err)
{
	size_t len = strcspn(ask->target, "?");
	char *path = strndup(ask->target, len);
	struct route_call in = {.now_ms = ask->now * 1000};
	struct read_call call = {.route = &in,
	    .path = path,
	    .query = ask->target + len + (ask->target[len] == '?'),
	    .scope = ask->scope,
	    .role = ask->role,
	    .issuer = ask->issuer,
	    .payment = ask->payment,
	    .now = ask->now,
	    .expected_secs = ask->expected_secs,
	    .certificate_ends_at = ask->certificate_ends_at};
	struct read_out out = {
	    .db = db, .ask = ask, .call = &call, .write = write, .ctx = ctx};
	struct read_reply reply = {.status = 200, .out = &out};
	bool ok = path != NULL || err_nomem(err);

	ok = ok && find_answer(&out, &call, &in, &reply, err);
	if (!ok && path != NULL)
		tell_fault(&out, &reply, err);
	ok = ok && finish(&out, &reply, err);
	*status = reply.status;
	gzip_free(out.gzip);
	buf_fini(&out.packed);
	buf_fini(&reply.headers);
	buf_fini(&reply.body);
	free(path);
	return ok;
}
