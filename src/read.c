/*
 * read.c - what the functions of read.h share: formats, refusals, accounts.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_reply.h"
#include "lib/utc.h"
#include "read.h"

static const struct format {
	const char *word, *type;
} formats[READ_FORMATS] = {
    [READ_JSON] = {"json", "application/json"},
    [READ_CSV] = {"csv", "text/csv; charset=utf-8"},
    [READ_HTML] = {"html", "text/html; charset=utf-8"},
    [READ_TEXT] = {"txt", "text/plain; charset=utf-8"},
    [READ_PDF] = {"pdf", "application/pdf"},
    [READ_FOCUS] = {"focus", "text/csv; charset=utf-8"},
};

const char *
read_format_word(enum read_format format)
{
	return formats[format].word;
}

const char *
read_format_type(enum read_format format)
{
	return formats[format].type;
}

void
read_header(struct read_reply *reply, const char *name, const char *value)
{
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return;
	buf_printf(&reply->headers, "%s: %s\n", name, value);
}

bool
read_refuse(struct read_reply *reply, unsigned status, const char *type,
    const char *detail)
{
	reply->status = status;
	reply->content_type = "application/problem+json";
	buf_clear(&reply->headers);
	buf_clear(&reply->body);
	snprintf(reply->detail, sizeof reply->detail, "%s", detail);
	http_add_problem(&reply->body, status, type, detail, NULL);
	return true;
}

bool
read_missing(struct read_reply *reply)
{
	return read_refuse(
	    reply, 404, "not_found", "there is nothing at this path");
}

bool
read_bad(struct read_reply *reply, const char *fmt, ...)
{
	char detail[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	return read_refuse(reply, 400, "bad_request", detail);
}

const char *
read_param(const struct read_call *call, const char *name)
{
	return route_param(call->route, name);
}

bool
read_hour(const struct read_call *call, struct read_reply *reply,
    const char *name, int64_t *out)
{
	const char *text = read_param(call, name);
	char whole[UTC_TEXT_SIZE];

	if (text == NULL)
		return true;
	if (strlen(text) == strlen("2026-10-01")) {
		snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
		text = whole;
	}
	return (utc_parse(text, strlen(text), out, NULL) && *out >= 0 &&
		   *out % UTC_HOUR_SECS == 0) ||
	       !read_bad(reply,
		   "%s is a whole hour such as 2026-10-01T06:00:00Z, or a date",
		   name);
}

bool
read_sees(const struct read_call *call, int64_t account)
{
	return call->scope == NULL || call->scope->id == account;
}

enum read_found
read_account(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct account *out, struct err *err)
{
	const char *name = read_param(call, "account");

	if (name == NULL && call->scope == NULL)
		return READ_NONE;
	if (call->scope != NULL) {
		*out = *call->scope;
		if (name == NULL || strcmp(name, out->name) == 0)
			return READ_FOUND;
	} else if (account_find(db, name, out, err))
		return READ_FOUND;
	else if (err->kind != ERR_INPUT)
		return READ_FAILED;
	*err = (struct err)ERR_INIT;
	read_missing(reply);
	return READ_MISSING;
}

enum read_found
read_accounts_of(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct account **list, size_t *count,
    struct err *err)
{
	struct account one;
	enum read_found found = read_account(db, call, reply, &one, err);

	*list = NULL;
	*count = 0;
	if (found == READ_NONE)
		return account_list(db, list, count, err) ? READ_FOUND
							  : READ_FAILED;
	if (found != READ_FOUND)
		return found;
	*list = malloc(sizeof **list);
	if (*list == NULL) {
		err_nomem(err);
		return READ_FAILED;
	}
	**list = one;
	*count = 1;
	return READ_FOUND;
}
