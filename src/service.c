/*
 * service.c - what handlers share: the connection, bodies, answers. In:
 * requests. Out: values, or an answer that says what is wrong.
 */
#include <stdio.h>

#include "service.h"

struct sql *
service_db(struct service *service, struct http_request *req)
{
	struct err err = ERR_INIT;
	struct sql *db;

	ingest_flush(service->ingest);
	db = writer_db(service->writer, &err);
	if (db == NULL)
		ingest_refuse(req, &err);
	return db;
}

void
service_changed(struct service *service)
{
	writer_changed(service->writer);
}

void
service_failed(
    struct service *service, struct http_request *req, const struct err *err)
{
	writer_failed(service->writer);
	ingest_refuse(req, err);
}

bool
service_who(struct sql *db, const struct http_request *req,
    char out[SERVICE_WHO_SIZE], struct err *err)
{
	char name[TOKEN_NAME_SIZE];

	if (!token_load_name(db, http_holder(req)->token, name, err))
		return false;
	snprintf(out, SERVICE_WHO_SIZE, "operator:%s", name);
	return true;
}

void
service_reply(struct http_request *req, unsigned status, const struct buf *body)
{
	struct err err = ERR_INIT;

	if (body->failed) {
		err_nomem(&err);
		ingest_refuse(req, &err);
		return;
	}
	http_reply(req, status, "application/json", buf_text(body), body->len);
}
