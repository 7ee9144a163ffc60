/*
 * operate_rates.c - what a GiB-month costs, over HTTP. In: requests. Out: new
 * rates.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/utc.h"
#include "operate.h"
#include "rate.h"
#include "service_body.h"

static void
put_rate(struct json_writer *w, const struct account *account,
    const struct rate *rate)
{
	json_put_object(w, NULL);
	json_put_string(w, "account", account->name);
	json_put_string(w, "currency", account->currency);
	json_put_string(
	    w, "max_age", rate->max_age[0] != '\0' ? rate->max_age : NULL);
	json_put_time(w, "from", rate->from_hour * UTC_HOUR_SECS);
	json_put_string(w, "rate", rate->rate);
	json_put_time(w, "created_at", rate->created_at);
	json_put_end(w);
}

/* --- a new rate --- */

struct wanted {
	const char *account; /* borrowed from the body; NULL after a fault */
	int64_t from;
	struct rate rate;
};

static void
read_wanted(struct service_body *body, struct wanted *out)
{
	const char *rate = service_body_text(
	    body, "rate", RATE_TEXT_SIZE - 1, SERVICE_REQUIRED);
	const char *from =
	    service_body_text(body, "from", UTC_TEXT_SIZE, SERVICE_OPTIONAL);
	const char *max_age = service_body_text(
	    body, "max_age", RATE_AGE_SIZE - 1, SERVICE_OPTIONAL);
	struct err err = ERR_INIT;
	uint32_t hours;

	out->account = service_body_text(
	    body, "account", ACCOUNT_NAME_SIZE - 1, SERVICE_REQUIRED);
	if (rate != NULL && !rate_check_money(rate, &err))
		service_body_fault(body, "rate", err.text);
	else if (rate != NULL)
		snprintf(out->rate.rate, sizeof out->rate.rate, "%s", rate);
	if (from != NULL && !rate_parse_from(from, &out->from, &err))
		service_body_fault(body, "from", err.text);
	if (max_age != NULL && !rate_parse_age(max_age, &hours, &err))
		service_body_fault(body, "max_age", err.text);
	else if (max_age != NULL)
		snprintf(
		    out->rate.max_age, sizeof out->rate.max_age, "%s", max_age);
}

static void
reply_created(struct http_request *req, const struct account *account,
    const struct rate *rate)
{
	struct buf body = BUF_INIT;
	struct json_writer w;

	json_write(&w, &body, JSON_COMPACT);
	put_rate(&w, account, rate);
	buf_char(&body, '\n');
	service_reply(req, 201, &body);
	buf_fini(&body);
}

static void
create(struct service *service, struct http_request *req, struct wanted *wanted,
    int64_t now)
{
	struct sql *db = service_db(service, req);
	char who[SERVICE_WHO_SIZE];
	struct err err = ERR_INIT;
	struct account account;

	if (db == NULL)
		return;
	if (!account_find(db, wanted->account, &account, &err)) {
		if (err.kind == ERR_INPUT)
			http_reply_problem(
			    req, 404, "not_found", err.text, NULL);
		else
			ingest_refuse(req, &err);
		return;
	}
	wanted->rate.account = account.id;
	if (service_who(db, req, who, &err) &&
	    rate_create(db, &wanted->rate, wanted->from, account.name, who, now,
		&err)) {
		service_changed(service);
		log_info("rate.set", "account=%s rate=%s who=\"%s\"",
		    account.name, wanted->rate.rate, who);
		reply_created(req, &account, &wanted->rate);
	} else if (err.kind == ERR_INPUT)
		/* All else that may be wrong was looked at before. */
		http_reply_problem(req, 409, "conflict", err.text, NULL);
	else
		service_failed(service, req, &err);
}

void
operate_create_rate(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	static const char *const names[] = {
	    "account", "rate", "from", "max_age", NULL};
	struct service_body body = {0};
	struct wanted wanted = {0};

	if (service_body_read(&body, req, names)) {
		read_wanted(&body, &wanted);
		if (service_body_accept(&body, req))
			create(service, req, &wanted, call->now_ms / 1000);
	}
	service_body_fini(&body);
}
