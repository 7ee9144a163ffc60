/*
 * read_volume_part.c - what may be seen of a volume. In: its id, who asks.
 * Out: the volume, its names. Owns nothing in the database.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "read_volume_part.h"
#include "volume.h"

enum {
	MAX_NAMES = 64, /* of an hour that waits for the next one */
};

const char *
read_account_name(const struct account *list, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == id)
			return list[i].name;
	return "";
}

/* --- whether it may be seen --- */

struct payers {
	const char *own;
	size_t count;
	bool has_own;
	int64_t first_month; /* of all, or the own one */
};

static bool
count_payer(void *ctx, const char *name, int64_t month, struct err *err)
{
	struct payers *payers = ctx;

	(void)err;
	payers->count++;
	if (payers->own == NULL && month < payers->first_month)
		payers->first_month = month;
	if (payers->own == NULL || strcmp(name, payers->own) != 0)
		return true;
	payers->has_own = true;
	payers->first_month = month;
	return true;
}

enum read_found
read_volume_load(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct read_volume *out, struct err *err)
{
	struct payers payers = {
	    .own = call->scope != NULL ? call->scope->name : NULL,
	    .first_month = volume_month_of(call->now)};
	const char *id = call->route->ids[0];
	struct uuid uuid;

	if (!uuid_parse(id, strlen(id), &uuid)) {
		read_missing(reply);
		return READ_MISSING;
	}
	if (!volume_state_load(
		db, &uuid, call->now, call->scope != NULL, &out->state, err)) {
		if (err->kind != ERR_INPUT)
			return READ_FAILED;
		*err = (struct err)ERR_INIT;
		read_missing(reply);
		return READ_MISSING;
	}
	if (!volume_state_accounts(db, &out->state, count_payer, &payers, err))
		return READ_FAILED;
	if (call->scope != NULL && !payers.has_own) {
		read_missing(reply);
		return READ_MISSING;
	}
	out->first_month = payers.first_month;
	out->partial = call->scope != NULL && payers.count > 1;
	return account_list(db, &out->accounts, &out->account_count, err)
		   ? READ_FOUND
		   : READ_FAILED;
}

void
read_volume_fini(struct read_volume *v)
{
	for (size_t i = 0; i < v->name_count; i++)
		free(v->names[i].text);
	free(v->names);
	free(v->accounts);
	volume_state_fini(&v->state);
}

/* --- names out of an account's own hours --- */

/* An hour of the account waits here until the next hour shows that nobody else
 * has a part of it: what it names may be the other's. */
struct names {
	struct sql *db;
	struct read_volume *v;
	int64_t account, hour;
	int64_t waiting[MAX_NAMES];
	size_t count;
};

static bool
load_text(struct sql *db, int64_t id, char **out, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT name FROM volume_name WHERE id = ?", err);

	*out = NULL;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	if (sql_step(s, err) == SQL_ROW)
		*out = strdup(sql_text(s, 0));
	else if (err->kind != ERR_NONE)
		return false;
	sql_done(s);
	if (*out == NULL)
		*out = strdup("");
	return *out != NULL || err_nomem(err);
}

static bool
note_name(struct names *n, int64_t id, struct err *err)
{
	struct read_volume *v = n->v;
	struct read_name *more;

	for (v->last_name = 0; v->last_name < v->name_count; v->last_name++)
		if (v->names[v->last_name].id == id)
			return true;
	more = reallocarray(v->names, v->name_count + 1, sizeof *more);
	if (more == NULL)
		return err_nomem(err);
	v->names = more;
	if (!load_text(n->db, id, &more[v->name_count].text, err))
		return false;
	more[v->name_count++].id = id;
	return true;
}

static bool
take_waiting(struct names *n, struct err *err)
{
	for (size_t i = 0; i < n->count; i++)
		if (!note_name(n, n->waiting[i], err))
			return false;
	n->count = 0;
	return true;
}

static bool
on_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct names *n = ctx;
	bool same = n->hour == hour->hour;

	if (hour->kind != USAGE_MEASURED)
		return true;
	if (same && hour->account != n->account)
		n->count = 0;
	if (!same && !take_waiting(n, err))
		return false;
	if (hour->account != n->account) {
		n->hour = hour->hour;
		return true;
	}
	if (same)
		return true; /* the other part came first */
	n->hour = hour->hour;
	while (n->count < hour->name_count && n->count < MAX_NAMES) {
		n->waiting[n->count] = hour->names[n->count];
		n->count++;
	}
	return true;
}

bool
read_volume_load_names(struct sql *db, const struct read_call *call,
    struct read_volume *v, struct err *err)
{
	struct names n = {.db = db, .v = v, .hour = -1};
	const struct usage_query query = {
	    .from_hour = volume_month_hour(v->first_month),
	    .to_hour = call->now / UTC_HOUR_SECS + 1,
	    .now = call->now,
	    .upto_fact = USAGE_ALL_FACTS,
	    .volumes = &v->state.id,
	    .volume_count = 1};

	if (!v->partial)
		return true;
	n.account = call->scope->id;
	return usage_scan(db, &query, on_hour, &n, err) &&
	       take_waiting(&n, err);
}
