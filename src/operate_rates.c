/*
 * operate_rates.c - what a GiB-month costs, over HTTP. In: requests. Out: the
 * price list as JSON, and new rates.
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

/* --- the list --- */

/* The account (0: all) that is asked for and may be seen; false when the
 * request was answered. */
static bool
choose_account(struct sql *db, struct http_request *req,
    const struct route_call *call, int64_t *account)
{
	const char *name = route_param(call, "account");
	int64_t own = http_holder(req)->account;
	struct err err = ERR_INIT;
	struct account a;

	*account = own;
	if (name == NULL)
		return true;
	if (!account_find(db, name, &a, &err)) {
		if (err.kind != ERR_INPUT) {
			ingest_refuse(req, &err);
			return false;
		}
		a.id = 0;
	}
	/* Whether there are others is nothing that it may see. */
	if (own != 0 && a.id != own)
		http_reply_problem(req, 403, "forbidden",
		    "this token is for another account", NULL);
	else if (a.id == 0)
		http_reply_problem(req, 404, "not_found", err.text, NULL);
	else
		*account = a.id;
	return a.id != 0 && *account == a.id;
}

/* The first of an account's rates, which stand by account row. */
static size_t
first_of(const struct rate *rates, size_t count, int64_t account)
{
	size_t low = 0, high = count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (rates[mid].account < account)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool
write_rates(struct sql *db, int64_t account, struct buf *out, struct err *err)
{
	struct account *accounts = NULL;
	struct rate *rates = NULL;
	size_t account_count = 0, rate_count = 0;
	struct json_writer w;
	bool ok = account_list(db, &accounts, &account_count, err) &&
		  rate_list(db, account, &rates, &rate_count, err);

	json_write(&w, out, JSON_COMPACT);
	json_put_object(&w, NULL);
	json_put_array(&w, "rates");
	for (size_t i = 0; ok && i < account_count; i++)
		for (size_t at = first_of(rates, rate_count, accounts[i].id);
		     at < rate_count && rates[at].account == accounts[i].id;
		     at++)
			put_rate(&w, &accounts[i], &rates[at]);
	json_put_end(&w);
	json_put_end(&w);
	buf_char(out, '\n');
	free(rates);
	free(accounts);
	return ok;
}

void
operate_list_rates(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	struct sql *db = service_db(service, req);
	struct err err = ERR_INIT;
	struct buf body = BUF_INIT;
	int64_t account;

	if (db == NULL || !choose_account(db, req, call, &account))
		return;
	if (write_rates(db, account, &body, &err))
		service_reply(req, 200, &body);
	else
		ingest_refuse(req, &err);
	buf_fini(&body);
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
