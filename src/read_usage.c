/*
 * read_usage.c - usage and its exact cost over HTTP. In: rows of export.h. Out:
 * the same rows as `export` prints; in JSON as the member usage of an object.
 */
#include <stdlib.h>

#include "export.h"
#include "export_write.h"
#include "read_usage.h"

/* A range is read once, from its beginning to its end: pages that were read
 * need not be kept. */
static const char small_cache[] = "PRAGMA cache_size = -4096";

struct rows {
	struct export_writer writer;
	struct read_reply *reply;
};

static bool
on_row(void *ctx, const struct export_row *row, struct err *err)
{
	struct rows *rows = ctx;

	export_write_row(&rows->writer, row);
	return read_flush(rows->reply, err);
}

/* False: the reply says what is wrong. */
static bool
parse_query(const struct read_call *call, struct read_reply *reply,
    struct export_query *out)
{
	const char *step = read_param(call, "step");
	const char *group = read_param(call, "group_by");

	*out = (struct export_query){
	    .now = call->now, .step = EXPORT_DAY, .group = EXPORT_VOLUME};
	if (read_param(call, "from") == NULL || read_param(call, "to") == NULL)
		return !read_bad(reply,
		    "from and to say of which hours: from the first "
		    "one up to, and without, the last");
	if (!read_hour(call, reply, "from", &out->from) ||
	    !read_hour(call, reply, "to", &out->to))
		return false;
	if (out->from >= out->to)
		return !read_bad(reply, "from is not before to");
	if (step != NULL && !export_parse_step(step, &out->step))
		return !read_bad(reply, "step is hour, day or month");
	if (group != NULL && !export_parse_group(group, &out->group))
		return !read_bad(reply, "group_by is account, volume or bin");
	return true;
}

static bool
write_rows(struct sql *db, const struct read_call *call,
    struct read_reply *reply, const struct export_query *query, struct err *err)
{
	struct rows rows = {.reply = reply};
	bool json = call->format == READ_JSON;

	if (json)
		buf_str(&reply->body, "{\"usage\":");
	export_write_begin(&rows.writer, &reply->body, json, query->group);
	if (!sql_exec(db, small_cache, err) ||
	    !export_run(db, query, on_row, &rows, err))
		return false;
	export_write_end(&rows.writer);
	if (json)
		buf_str(&reply->body, "}\n");
	return true;
}

bool
read_usage(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct account *accounts;
	struct export_query query;
	enum read_found found;
	bool ok;

	if (!parse_query(call, reply, &query))
		return true;
	found = read_accounts_of(
	    db, call, reply, &accounts, &query.account_count, err);
	query.accounts = accounts;
	ok = found == READ_MISSING ||
	     (found == READ_FOUND && write_rows(db, call, reply, &query, err));
	free(accounts);
	return ok;
}
