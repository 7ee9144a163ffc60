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
