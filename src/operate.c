/*
 * operate.c - the operator's routes. In: requests of operators. Out: changes,
 * each with its fact, and rows as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "operate.h"
#include "quarantine.h"
#include "service_body.h"

static void
refuse_parameter(struct http_request *req, const char *detail)
{
	http_reply_problem(req, 400, "bad_request", detail, NULL);
}

/* A number with digits only, from min to max; absent: *out stays. */
static bool
read_number(const struct route_call *call, const char *name, int64_t min,
    int64_t max, int64_t *out)
{
	const char *text = route_param(call, name);
	size_t len = text != NULL ? strlen(text) : 0;
	int64_t value;

	if (text == NULL)
		return true;
	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	value = strtoll(text, NULL, 10);
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

/* --- the quarantine, listed --- */

struct page {
	struct buf body;
	struct json_writer json;
	int64_t last; /* id of the last row */
	int64_t left; /* rows that may follow */
	bool more;    /* a row was left out */
};

static bool
add_row(void *ctx, const struct quarantine_row *row, struct err *err)
{
	struct page *page = ctx;

	(void)err;
	page->more = page->left == 0 || page->body.len > QUARANTINE_PAGE_BYTES;
	if (page->more)
		return false;
	json_put_object(&page->json, NULL);
	quarantine_put_members(&page->json, row);
	json_put_end(&page->json);
	page->last = row->id;
	page->left--;
	return true;
}

static bool
read_query(struct http_request *req, const struct route_call *call,
    struct quarantine_query *query)
{
	const char *state = route_param(call, "state");
	char limits[64];

	query->state = "open";
	query->limit = QUARANTINE_PAGE;
	if (state != NULL && !quarantine_parse_state(state, &query->state)) {
		refuse_parameter(
		    req, "state is open, released, discarded or all");
		return false;
	}
	if (!read_number(
		call, "limit", 1, QUARANTINE_MAX_PAGE, &query->limit)) {
		snprintf(limits, sizeof limits,
		    "limit is a number from 1 to %d", QUARANTINE_MAX_PAGE);
		refuse_parameter(req, limits);
		return false;
	}
	if (!read_number(call, "after", 0, INT64_MAX, &query->after)) {
		refuse_parameter(req, "after is the id of a sample");
		return false;
	}
	return true;
}

void
operate_list_quarantine(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	struct quarantine_query query = {0};
	struct page page = {BUF_INIT};
	struct err err = ERR_INIT;
	struct sql *db;

	if (!read_query(req, call, &query))
		return;
	db = service_db(service, req);
	if (db == NULL)
		return;
	/* One row more shows whether there is a next page. */
	page.left = query.limit++;
	json_write(&page.json, &page.body, JSON_COMPACT);
	json_put_object(&page.json, NULL);
	json_put_array(&page.json, "quarantine");
	if (quarantine_each(db, &query, add_row, &page, &err) || page.more) {
		json_put_end(&page.json);
		if (page.more)
			json_put_int(&page.json, "next", page.last);
		else
			json_put_null(&page.json, "next");
		json_put_end(&page.json);
		buf_char(&page.body, '\n');
		service_reply(req, 200, &page.body);
	} else
		ingest_refuse(req, &err);
	buf_fini(&page.body);
}

/* --- settling --- */

struct settling {
	int64_t id;
	char who[SERVICE_WHO_SIZE];
	const char *reason; /* borrowed from the body */
	bool is_release;
	struct quarantine_outcome outcome; /* of a release */
};

struct settled_row {
	const struct settling *settling;
	struct buf *body;
};

/* The row, and what a release did. */
static bool
write_settled(void *ctx, const struct quarantine_row *row, struct err *err)
{
	const struct settled_row *to = ctx;
	const struct quarantine_outcome *out = &to->settling->outcome;
	struct json_writer w;

	(void)err;
	json_write(&w, to->body, JSON_COMPACT);
	json_put_object(&w, NULL);
	quarantine_put_members(&w, row);
	if (to->settling->is_release) {
		json_put_bool(&w, "stored", out->stored);
		json_put_int(&w, "revision", out->revision);
		json_put_bool(&w, "bins_dropped", out->bins_dropped);
		if (out->retired_at != 0)
			json_put_time(&w, "retired_at", out->retired_at);
		else
			json_put_null(&w, "retired_at");
	}
	json_put_end(&w);
	buf_char(to->body, '\n');
	return true;
}

static void
reply_settled(
    struct sql *db, struct http_request *req, const struct settling *settling)
{
	struct quarantine_query query = {.after = settling->id - 1, .limit = 1};
	struct buf body = BUF_INIT;
	struct settled_row to = {settling, &body};
	struct err err = ERR_INIT;

	if (quarantine_each(db, &query, write_settled, &to, &err))
		service_reply(req, 200, &body);
	else
		ingest_refuse(req, &err);
	buf_fini(&body);
}

static void
apply_settling(struct service *service, struct http_request *req,
    struct settling *settling, int64_t now)
{
	enum quarantine_result result = QUARANTINE_FAILED;
	struct sql *db = service_db(service, req);
	struct err err = ERR_INIT;

	if (db == NULL)
		return;
	if (!service_who(db, req, settling->who, &err))
		result = QUARANTINE_FAILED;
	else if (settling->is_release)
		result = quarantine_release(db, settling->id, settling->reason,
		    settling->who, now, &settling->outcome, &err);
	else
		result = quarantine_discard(db, settling->id, settling->reason,
		    settling->who, now, &err);
	switch (result) {
	case QUARANTINE_DONE:
		service_changed(service);
		log_info(settling->is_release ? "quarantine.released"
					      : "quarantine.discarded",
		    "id=%lld who=\"%s\"", (long long)settling->id,
		    settling->who);
		reply_settled(db, req, settling);
		break;
	case QUARANTINE_UNKNOWN:
		http_reply_problem(req, 404, "not_found", err.text, NULL);
		break;
	case QUARANTINE_REFUSED:
		http_reply_problem(req, 409, "conflict", err.text, NULL);
		break;
	case QUARANTINE_FAILED:
		service_failed(service, req, &err);
		break;
	}
}

static void
settle(struct service *service, struct http_request *req,
    const struct route_call *call, bool is_release)
{
	static const char *const names[] = {"reason", NULL};
	struct settling settling = {.is_release = is_release};
	struct service_body body = {0};
	struct err err = ERR_INIT;

	if (!quarantine_parse_id(call->ids[0], &settling.id)) {
		http_reply_problem(
		    req, 404, "not_found", "a sample's id is a number", NULL);
		return;
	}
	if (!service_body_read(&body, req, names))
		goto out;
	settling.reason = service_body_text(
	    &body, "reason", QUARANTINE_MAX_REASON, SERVICE_REQUIRED);
	/* The same rule as on the command line: not blank, either. */
	if (settling.reason != NULL &&
	    !quarantine_check_reason(settling.reason, &err))
		service_body_fault(&body, "reason", "must not be empty");
	if (service_body_accept(&body, req))
		apply_settling(service, req, &settling, call->now_ms / 1000);
out:
	service_body_fini(&body);
}

void
operate_release(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	settle(service, req, call, true);
}

void
operate_discard(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	settle(service, req, call, false);
}
