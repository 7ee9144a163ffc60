/*
 * read_volumes.c - volumes over HTTP. In: their states. Out: rows, and one
 * volume with its names and accounts.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "read_table.h"
#include "read_volume_part.h"
#include "read_volumes.h"
#include "sample.h"
#include "volume.h"

static const char *const columns[] = {"volume_id", "name", "account", "source",
    "region", "state", "created_at", "retired_at", "missing_since",
    "missing_hours", "last_sampled_at", "last_bytes", NULL};

static void
put_last(struct read_table *t, const struct volume_state_sample *last)
{
	char when[SAMPLE_INSTANT_SIZE];

	if (last->hour < 0) {
		read_table_none(t);
		read_table_none(t);
		return;
	}
	read_table_text(t, sample_format_instant(last->at, last->nanos, when));
	read_table_size(t, last->bytes);
}

/* A text that nobody has stated is none. */
static void
put_stated(struct read_table *t, const char *text)
{
	read_table_text(t, text[0] != '\0' ? text : NULL);
}

static void
put_state(struct read_table *t, const struct volume_state *v,
    const char *account, int64_t now)
{
	char id[UUID_TEXT_SIZE];

	read_table_text(t, uuid_format(&v->uuid, id));
	put_stated(t, v->name);
	put_stated(t, account);
	put_stated(t, v->source);
	put_stated(t, v->region);
	read_table_text(t, volume_state_word(v, now));
	read_table_time(t, v->created_at);
	read_table_time(t, v->retired_at);
	read_table_time(t, v->missing_since);
	read_table_int(t, volume_state_missing_hours(v, now));
	put_last(t, &v->last);
}

/* --- the list --- */

static int
compare_uuids(const void *a, const void *b)
{
	const struct volume_state *x = a, *y = b;

	return memcmp(&x->uuid, &y->uuid, sizeof x->uuid);
}

static bool
is_wanted(const struct read_call *call, const struct account *account,
    const struct volume_state *v)
{
	const char *state = read_param(call, "state");

	return (account == NULL || v->last.account == account->id) &&
	       (state == NULL ||
		   strcmp(state, volume_state_word(v, call->now)) == 0);
}

static bool
list(struct sql *db, const struct read_call *call, struct read_reply *reply,
    const struct account *account, struct read_page *page, struct err *err)
{
	struct volume_state *volumes = NULL;
	struct account *accounts = NULL;
	size_t count = 0, account_count = 0;
	char id[UUID_TEXT_SIZE];
	struct read_table t;
	bool ok = account_list(db, &accounts, &account_count, err) &&
		  volume_state_list(db, call->now, call->scope != NULL,
		      &volumes, &count, err);

	if (ok && count > 0)
		qsort(volumes, count, sizeof *volumes, compare_uuids);
	read_table_begin(&t, call, reply, "volumes", columns);
	for (size_t i = 0; ok && i < count && !page->more; i++)
		if (is_wanted(call, account, &volumes[i]) &&
		    read_page_takes(page, uuid_format(&volumes[i].uuid, id)))
			put_state(&t, &volumes[i],
			    read_account_name(accounts, account_count,
				volumes[i].last.account),
			    call->now);
	read_table_end(&t, page);
	volume_state_free(volumes, count);
	free(accounts);
	return ok;
}

static bool
is_state(const char *word)
{
	return word == NULL || strcmp(word, "live") == 0 ||
	       strcmp(word, "missing") == 0 || strcmp(word, "retired") == 0;
}

bool
read_volumes(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct account account;
	struct read_page page;
	bool ok = true;

	if (!read_page_parse(call, reply, &page))
		return true;
	if (!is_state(read_param(call, "state")))
		return read_bad(reply, "state is live, missing or retired");
	if (!sql_begin_read(db, err))
		return false;
	switch (read_account(db, call, reply, &account, err)) {
	case READ_FAILED:
		ok = false;
		break;
	case READ_NONE:
		ok = list(db, call, reply, NULL, &page, err);
		break;
	case READ_FOUND:
		ok = list(db, call, reply, &account, &page, err);
		break;
	case READ_MISSING:
		break;
	}
	sql_rollback(db);
	return ok;
}

/* --- one volume --- */

/* Of one that is another account's by now, nothing but what was its own. */
static void
put_gone(struct read_table *t, const struct read_volume *v)
{
	char id[UUID_TEXT_SIZE];

	read_table_text(t, uuid_format(&v->state.uuid, id));
	put_stated(t, v->name_count > 0 ? v->names[v->last_name].text : "");
	for (int i = 0; i < 3; i++)
		read_table_none(t);
	read_table_text(t, "gone");
	for (int i = 0; i < 3; i++)
		read_table_none(t);
	read_table_int(t, 0);
	read_table_none(t);
	read_table_none(t);
}

struct put {
	struct read_table *t;
	const struct read_call *call;
};

static bool
put_name(void *ctx, const char *name, int64_t number, struct err *err)
{
	const struct put *put = ctx;

	(void)number;
	(void)err;
	json_put_string(&put->t->json, NULL, name);
	return true;
}

static bool
put_account(void *ctx, const char *name, int64_t month, struct err *err)
{
	const struct put *put = ctx;
	char since[UTC_TEXT_SIZE];

	(void)err;
	if (put->call->scope != NULL &&
	    strcmp(name, put->call->scope->name) != 0)
		return true;
	utc_format_date(volume_month_hour(month) * UTC_HOUR_SECS, since);
	since[7] = '\0'; /* without the day */
	json_put_object(&put->t->json, NULL);
	json_put_string(&put->t->json, "account", name);
	json_put_string(&put->t->json, "first_month", since);
	json_put_end(&put->t->json);
	return true;
}

static bool
put_lists(struct sql *db, struct put *put, const struct read_volume *v,
    struct err *err)
{
	bool ok = true;

	json_put_array(&put->t->json, "names");
	for (size_t i = 0; v->partial && i < v->name_count; i++)
		json_put_string(&put->t->json, NULL, v->names[i].text);
	if (!v->partial)
		ok = volume_state_names(db, &v->state, put_name, put, err);
	json_put_end(&put->t->json);
	json_put_array(&put->t->json, "accounts");
	ok = ok && volume_state_accounts(db, &v->state, put_account, put, err);
	json_put_end(&put->t->json);
	return ok;
}

static bool
put_volume(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct read_volume *v, struct err *err)
{
	int64_t payer = v->state.last.account;
	struct read_table t;
	struct put put = {&t, call};
	bool ok = true;

	if (v->partial)
		v->state.created_at = 0; /* whose word it is, is not known */
	read_table_begin(&t, call, reply, NULL, columns);
	if (call->scope == NULL ||
	    (payer == call->scope->id && v->state.last.hour >= 0))
		put_state(&t, &v->state,
		    read_account_name(v->accounts, v->account_count, payer),
		    call->now);
	else
		put_gone(&t, v);
	if (call->format == READ_JSON)
		ok = put_lists(db, &put, v, err);
	read_table_end(&t, NULL);
	return ok;
}

bool
read_volume(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct read_volume v = {.name_count = 0};
	enum read_found found;
	bool ok;

	if (!sql_begin_read(db, err))
		return false;
	found = read_volume_load(db, call, reply, &v, err);
	ok =
	    found == READ_MISSING ||
	    (found == READ_FOUND && read_volume_load_names(db, call, &v, err) &&
		put_volume(db, call, reply, &v, err));
	sql_rollback(db);
	read_volume_fini(&v);
	return ok;
}
