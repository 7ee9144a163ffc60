/*
 * granting.c - grants over HTTP, as granting.h says. In: a request of a
 * source. Out: its grant.
 */
#include <stdio.h>

#include "granting.h"
#include "lib/json.h"
#include "lib/log.h"

static void
reply_grant(struct http_request *req, const struct grant *grant)
{
	struct buf body = BUF_INIT;
	struct json_writer w;

	json_write(&w, &body, JSON_COMPACT);
	json_put_object(&w, NULL);
	json_put_string(&w, "source", grant->source);
	json_put_time(&w, "issued_at", grant->issued_at);
	json_put_time(&w, "expires_at", grant->expires_at);
	json_put_string(&w, "grant", grant->text);
	json_put_end(&w);
	buf_char(&body, '\n');
	http_reply_header(req, "Cache-Control", "no-store");
	service_reply(req, 200, &body);
	buf_fini(&body);
}

/* False and, with wrote, after something else than reading has failed. */
static bool
provide(struct service *service, struct sql *db, const struct source *source,
    int64_t now, struct grant *out, bool *wrote, struct err *err)
{
	char who[SOURCE_NAME_SIZE + 8];
	bool found;

	*wrote = false;
	if (!grant_find(db, service->signer, source, now, out, &found, err))
		return false;
	if (found)
		return true;
	*wrote = true;
	snprintf(who, sizeof who, "source:%s", source->name);
	if (!grant_create(db, service->signer->key, source,
		now + service->signer->life_secs, who, now, out, err))
		return false;
	service_changed(service);
	log_info("grant.signed", "source=%s expires_at=%lld", source->name,
	    (long long)out->expires_at);
	return true;
}

void
granting_give(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	struct err err = ERR_INIT;
	struct source source;
	struct grant grant = {0};
	struct sql *db;
	bool wrote = false;

	if (!grant_signer_present(service->signer)) {
		http_reply_problem(req, 404, "no_grant_key",
		    "this server has no key to sign grants with", NULL);
		return;
	}
	db = service_db(service, req);
	if (db == NULL)
		return;
	if (source_load(db, http_holder(req)->source, &source, &err) &&
	    provide(service, db, &source, call->now_ms / 1000, &grant, &wrote,
		&err))
		reply_grant(req, &grant);
	else if (wrote)
		service_failed(service, req, &err);
	else
		ingest_refuse(req, &err);
	grant_fini(&grant);
}
