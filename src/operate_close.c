/*
 * operate_close.c - POST /v1/periods/{period}/close. In: what an operator
 * asks for. Out: an order to the closing, which answers.
 */
#include "account.h"
#include "close.h"
#include "closing.h"
#include "invoice.h"
#include "lib/json.h"
#include "operate.h"
#include "service_body.h"

/* Texts are borrowed from the body. */
static void
read_order(struct service_body *body, struct closing_order *out)
{
	const struct json *accept = json_member(body->doc, "accept_estimated");

	out->account = service_body_text(
	    body, "account", ACCOUNT_NAME_SIZE - 1, SERVICE_REQUIRED);
	out->reason = service_body_text(
	    body, "reason", CLOSE_MAX_REASON, SERVICE_OPTIONAL);
	if (out->reason == NULL)
		out->reason = "";
	if (accept != NULL && !json_is_null(accept) &&
	    !json_as_bool(accept, &out->accept))
		service_body_fault(
		    body, "accept_estimated", "must be true or false");
	if (out->accept && out->reason[0] == '\0')
		service_body_fault(body, "reason",
		    "is needed to accept estimated or missing hours");
}

/* A period or an account that is none is not found. */
static void
close_one(struct service *service, struct http_request *req,
    struct closing_order *order)
{
	struct sql *db = service_db(service, req);
	char who[SERVICE_WHO_SIZE];
	struct invoice_period period;
	struct err err = ERR_INIT;
	struct account account;

	if (db == NULL)
		return;
	if (invoice_parse_period(order->period, &period, &err) &&
	    account_find(db, order->account, &account, &err) &&
	    service_who(db, req, who, &err)) {
		order->who = who;
		closing_ask(service->closing, req, order);
		order->who = NULL;
	} else if (err.kind == ERR_INPUT)
		http_reply_problem(req, 404, "not_found", err.text, NULL);
	else
		ingest_refuse(req, &err);
}

void
operate_close(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	static const char *const names[] = {
	    "account", "accept_estimated", "reason", NULL};
	struct closing_order order = {
	    .period = call->ids[0], .now = call->now_ms / 1000};
	struct service_body body = {0};

	if (service_body_read(&body, req, names)) {
		read_order(&body, &order);
		if (service_body_accept(&body, req))
			close_one(service, req, &order);
	}
	service_body_fini(&body);
}
