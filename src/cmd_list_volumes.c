/*
 * cmd_list_volumes.c - `list volumes`: how each stands, by account, name and
 * UUID.
 */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "cmd.h"
#include "cmd_table.h"
#include "lib/clock.h"
#include "sample.h"
#include "settings.h"
#include "volume_state.h"

static const struct opt_flag volumes_flags[] = {
    {.name = "account",
	.type = OPT_STRING,
	.shown = "(all)",
	.help = "Those whose last sample is this account's"},
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* A volume with the name of the account of its last sample. */
struct row {
	const struct volume_state *volume;
	const char *account; /* borrowed; "" when it has no sample */
};

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->account, y->account);

	if (order == 0)
		order = strcmp(x->volume->name, y->volume->name);
	if (order == 0)
		order = memcmp(
		    &x->volume->uuid, &y->volume->uuid, sizeof(struct uuid));
	return order;
}

static const char *
account_name(const struct account *list, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == id)
			return list[i].name;
	return "";
}

static void
add_row(struct cmd_table *t, const struct row *row, int64_t now)
{
	const struct volume_state *v = row->volume;
	char id[UUID_TEXT_SIZE], when[SAMPLE_INSTANT_SIZE];

	cmd_table_text(t, uuid_format(&v->uuid, id));
	cmd_table_text(t, v->name);
	cmd_table_text(t, row->account);
	cmd_table_text(t, v->source);
	if (v->last.hour >= 0) {
		cmd_table_text(
		    t, sample_format_instant(v->last.at, v->last.nanos, when));
		cmd_table_size(t, v->last.bytes);
	} else {
		cmd_table_none(t);
		cmd_table_none(t);
	}
	cmd_table_text(t, volume_state_word(v, now));
	cmd_table_time(t, v->missing_since);
	cmd_table_int(t, volume_state_missing_hours(v, now));
	cmd_table_time(t, v->retired_at);
	cmd_table_text(t, v->region);
}

/* Those of one account, or all; sorted. */
static size_t
choose(const struct volume_state *volumes, size_t count,
    const struct account *accounts, size_t account_count, const char *wanted,
    struct row *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		rows[n].volume = &volumes[i];
		rows[n].account = account_name(
		    accounts, account_count, volumes[i].last.account);
		n += wanted == NULL || strcmp(rows[n].account, wanted) == 0;
	}
	qsort(rows, n, sizeof *rows, compare_rows);
	return n;
}

static bool
print_rows(const struct opt_values *values, const struct volume_state *volumes,
    size_t count, const struct account *accounts, size_t account_count,
    int64_t now, struct err *err)
{
	static const char *const columns[] = {"volume_id", "name", "account",
	    "source", "last_sampled_at", "last_bytes", "state", "missing_since",
	    "missing_hours", "retired_at", "region", NULL};
	struct row *rows = calloc(count + 1, sizeof *rows);
	struct cmd_table t;
	size_t n;

	if (rows == NULL)
		return err_nomem(err);
	n = choose(volumes, count, accounts, account_count,
	    opt_get(values, "account"), rows);
	cmd_table_begin(&t, values, columns);
	for (size_t i = 0; i < n; i++)
		add_row(&t, &rows[i], now);
	free(rows);
	return cmd_table_end(&t, true, err);
}

static bool
list_volumes(const struct opt_values *values, struct sql *db, struct err *err)
{
	const char *wanted = opt_get(values, "account");
	struct volume_state *volumes = NULL;
	struct account *accounts = NULL, account;
	size_t count = 0, account_count = 0;
	struct clock clock;
	int64_t now;
	bool ok;

	if (!settings_clock(values, &clock, err) ||
	    (wanted != NULL && !account_find(db, wanted, &account, err)) ||
	    !sql_begin_read(db, err))
		return false;
	now = clock_secs(&clock);
	ok = account_list(db, &accounts, &account_count, err) &&
	     volume_state_list(db, now, false, &volumes, &count, err);
	sql_rollback(db);
	ok = ok && print_rows(values, volumes, count, accounts, account_count,
		       now, err);
	volume_state_free(volumes, count);
	free(accounts);
	return ok;
}

static int
run_volumes(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, list_volumes);
}

const struct opt_command cmd_list_volumes = {
    .path = "list volumes",
    .summary = "List volumes: who sends them, who pays, how large they are",
    .flags = volumes_flags,
    .run = run_volumes,
};
