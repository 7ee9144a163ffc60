/*
 * cmd_list.c - `list accounts|sources|tokens|rates|mails` and `show mail`:
 * one line a row; --output json prints one JSON value, csv a header and rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "cmd.h"
#include "lib/buf.h"
#include "lib/json.h"
#include "lib/text.h"
#include "lib/utc.h"
#include "outbox.h"
#include "rate.h"
#include "settings.h"
#include "source.h"
#include "store.h"
#include "token.h"

static const struct opt_flag list_flags[] = {
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_CSV
};

/* Rows of named cells, in the format that was asked for. */
struct table {
	struct buf out;
	enum format format;
	struct json_writer json;
	const char *const *columns; /* NULL-terminated */
	size_t cell;		    /* of the row at hand */
};

static void
begin_table(struct table *t, const struct opt_values *values,
    const char *const *columns)
{
	const char *output = opt_get(values, "output");

	memset(t, 0, sizeof *t);
	t->columns = columns;
	t->format = strcmp(output, "json") == 0	 ? FORMAT_JSON
		    : strcmp(output, "csv") == 0 ? FORMAT_CSV
						 : FORMAT_TEXT;
	if (t->format == FORMAT_JSON) {
		json_write(&t->json, &t->out, JSON_INDENTED);
		json_put_array(&t->json, NULL);
	}
	for (size_t i = 0; t->format == FORMAT_CSV && columns[i] != NULL; i++)
		buf_printf(&t->out, "%s%s", columns[i],
		    columns[i + 1] != NULL ? "," : "\r\n");
}

/* Text cells keep a line one line: control characters become '?'. */
static void
add_text_cell(struct table *t, const char *value)
{
	buf_printf(
	    &t->out, "%s%s=", t->cell > 0 ? " " : "", t->columns[t->cell]);
	if (value[0] == '\0' || strpbrk(value, " \"") != NULL)
		buf_char(&t->out, '"');
	for (const char *p = value; *p != '\0'; p++)
		buf_char(&t->out, (unsigned char)*p < 0x20 || *p == 0x7f ? '?'
				  : *p == '"'				 ? '\''
									 : *p);
	if (value[0] == '\0' || strpbrk(value, " \"") != NULL)
		buf_char(&t->out, '"');
}

static void
begin_json_cell(struct table *t)
{
	if (t->cell == 0)
		json_put_object(&t->json, NULL);
}

/* The row ends with its last cell. */
static void
end_cell(struct table *t)
{
	t->cell++;
	if (t->columns[t->cell] != NULL)
		return;
	t->cell = 0;
	if (t->format == FORMAT_JSON)
		json_put_end(&t->json);
	else
		buf_str(&t->out, t->format == FORMAT_CSV ? "\r\n" : "\n");
}

static void
add_cell(struct table *t, const char *value)
{
	if (t->format == FORMAT_JSON) {
		begin_json_cell(t);
		json_put_string(&t->json, t->columns[t->cell], value);
	} else if (t->format == FORMAT_CSV) {
		if (t->cell > 0)
			buf_char(&t->out, ',');
		text_csv(&t->out, value);
	} else
		add_text_cell(t, value);
	end_cell(t);
}

static void
add_int(struct table *t, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	if (t->format == FORMAT_JSON) {
		begin_json_cell(t);
		json_put_int(&t->json, t->columns[t->cell], value);
		end_cell(t);
	} else
		add_cell(t, text);
}

/* 0 is never: empty, and null in JSON. */
static void
add_time(struct table *t, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	if (at == 0 && t->format == FORMAT_JSON) {
		begin_json_cell(t);
		json_put_null(&t->json, t->columns[t->cell]);
		end_cell(t);
	} else
		add_cell(t, at == 0 ? "" : utc_format(at, text));
}

static bool
end_table(struct table *t, bool ok, struct err *err)
{
	if (ok && t->format == FORMAT_JSON) {
		json_put_end(&t->json);
		buf_char(&t->out, '\n');
	}
	if (ok && t->out.failed)
		ok = err_nomem(err);
	if (ok)
		fwrite(buf_text(&t->out), 1, t->out.len, stdout);
	buf_fini(&t->out);
	return ok;
}

typedef bool list_fn(
    const struct opt_values *values, struct sql *db, struct err *err);

static int
run_list(const struct opt_values *values, list_fn *list)
{
	struct err err = ERR_INIT;
	char *folder = cmd_path(values, "dbFolder", &err);
	struct sql *db = folder != NULL ? store_open_read(folder, &err) : NULL;
	int code = OPT_EXIT_DONE;

	if (db == NULL || !list(values, db, &err))
		code = cmd_failed(values, &err);
	sql_close(db);
	free(folder);
	return code;
}

/* --- accounts --- */

static bool
list_accounts(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"name", "display_name",
	    "currency", "average", "gap_policy", "max_carry_hours", "rounding",
	    "rounding_mode", "period", "net_days", "report_to", "created_at",
	    NULL};
	struct account *list = NULL;
	size_t count = 0;
	struct table t;
	bool ok = account_list(db, &list, &count, err);

	begin_table(&t, values, columns);
	for (size_t i = 0; ok && i < count; i++) {
		const struct account *a = &list[i];

		add_cell(&t, a->name);
		add_cell(&t, a->display_name);
		add_cell(&t, a->currency);
		add_cell(&t, account_average_name(a->average));
		add_cell(&t, account_gap_name(a->gap));
		add_int(&t, a->max_carry_hours);
		add_cell(&t, account_rounding_name(a->rounding));
		add_cell(&t, account_mode_name(a->rounding_mode));
		add_cell(&t, account_period_name(a->period));
		add_int(&t, a->net_days);
		add_cell(&t, a->report_to);
		add_time(&t, a->created_at);
	}
	free(list);
	return end_table(&t, ok, err);
}

static int
run_accounts(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return run_list(values, list_accounts);
}

const struct opt_command cmd_list_accounts = {
    .path = "list accounts",
    .summary = "List who pays",
    .flags = list_flags,
    .run = run_accounts,
};

/* --- sources --- */

static bool
add_source(void *ctx, const struct source *source, const char *accounts,
    int64_t last_report_at, struct err *err)
{
	struct table *t = ctx;

	(void)err;
	add_cell(t, source->name);
	add_cell(t, accounts);
	add_cell(t, source->disabled ? "disabled" : "enabled");
	add_time(t, last_report_at);
	add_time(t, source->created_at);
	return true;
}

static bool
list_sources(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {
	    "name", "accounts", "state", "last_report_at", "created_at", NULL};
	struct table t;

	begin_table(&t, values, columns);
	return end_table(&t, source_each(db, add_source, &t, err), err);
}

static int
run_sources(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return run_list(values, list_sources);
}

const struct opt_command cmd_list_sources = {
    .path = "list sources",
    .summary = "List admin servers, with the accounts they report for",
    .flags = list_flags,
    .run = run_sources,
};

/* --- tokens --- */

static bool
add_token(void *ctx, const struct token_row *row, struct err *err)
{
	struct table *t = ctx;

	(void)err;
	add_int(t, row->id);
	add_cell(t, row->name);
	add_cell(t, row->role);
	add_cell(t, row->source);
	add_cell(t, row->account);
	add_time(t, row->created_at);
	add_time(t, row->last_used_at);
	return true;
}

static bool
list_tokens(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"id", "name", "role", "source",
	    "account", "created_at", "last_used_at", NULL};
	struct table t;

	begin_table(&t, values, columns);
	return end_table(&t, token_each(db, add_token, &t, err), err);
}

static int
run_tokens(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return run_list(values, list_tokens);
}

const struct opt_command cmd_list_tokens = {
    .path = "list tokens",
    .summary = "List tokens by name and role; their text is not kept",
    .flags = list_flags,
    .run = run_tokens,
};

/* --- rates --- */

static const char *
account_name(const struct account *list, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == id)
			return list[i].name;
	return "";
}

static bool
list_rates(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {
	    "account", "max_age", "from", "rate", "created_at", NULL};
	struct account *accounts = NULL;
	struct rate *rates = NULL;
	size_t account_count = 0, count = 0;
	struct table t;
	bool ok = account_list(db, &accounts, &account_count, err) &&
		  rate_list(db, 0, &rates, &count, err);

	begin_table(&t, values, columns);
	for (size_t i = 0; ok && i < count; i++) {
		add_cell(&t,
		    account_name(accounts, account_count, rates[i].account));
		add_cell(&t, rates[i].max_age);
		add_time(&t, rates[i].from_hour * UTC_HOUR_SECS);
		add_cell(&t, rates[i].rate);
		add_time(&t, rates[i].created_at);
	}
	free(rates);
	free(accounts);
	return end_table(&t, ok, err);
}

static int
run_rates(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return run_list(values, list_rates);
}

const struct opt_command cmd_list_rates = {
    .path = "list rates",
    .summary = "List what a GiB-month costs, from when",
    .flags = list_flags,
    .run = run_rates,
};

/* --- mails --- */

static bool
add_mail(void *ctx, const struct outbox_mail *m, const char *recipients,
    struct err *err)
{
	struct table *t = ctx;

	(void)err;
	add_int(t, m->id);
	add_cell(t, m->name);
	add_cell(t, m->period);
	add_int(t, m->revision);
	add_cell(t, m->state);
	add_int(t, m->attempts);
	add_time(t, m->created_at);
	add_time(t, strcmp(m->state, "due") == 0 ? m->next_at : 0);
	add_time(t, m->sent_at);
	add_cell(t, m->subject);
	add_cell(t, recipients);
	add_cell(t, m->last_words);
	return true;
}

static bool
list_mails(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"id", "name", "period",
	    "revision", "state", "attempts", "created_at", "next_at", "sent_at",
	    "subject", "recipients", "last_words", NULL};
	struct table t;

	begin_table(&t, values, columns);
	return end_table(&t, outbox_each(db, add_mail, &t, err), err);
}

static int
run_mails(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return run_list(values, list_mails);
}

const struct opt_command cmd_list_mails = {
    .path = "list mails",
    .summary = "List the outbox: what is due, sent, failed, and why",
    .flags = list_flags,
    .run = run_mails,
};

static const struct opt_flag show_mail_flags[] = {
    {.name = "output",
	.type = OPT_STRING,
	.preset = "eml",
	.choices = "eml",
	.help = "eml: the message as it is sent"},
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

static bool
show_mail(const struct opt_values *values, struct sql *db, struct err *err)
{
	const char *operand = opt_operand(values, 0);
	struct buf message = BUF_INIT;
	char *end;
	long long id = strtoll(operand, &end, 10);
	bool ok;

	if (end == operand || *end != '\0')
		return err_set(err, ERR_INPUT,
		    "a mail's id is a number, as `list mails` shows it: "
		    "\"%s\"",
		    operand);
	ok = outbox_message(db, id, &message, err);
	if (ok && message.len == 0)
		ok = err_set(
		    err, ERR_INPUT, "mail %lld has not been written yet", id);
	if (ok)
		fwrite(message.data, 1, message.len, stdout);
	buf_fini(&message);
	return ok;
}

static int
run_show_mail(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return run_list(values, show_mail);
}

const struct opt_command cmd_show_mail = {
    .path = "show mail",
    .operands = "ID",
    .summary = "Print a mail of the outbox",
    .flags = show_mail_flags,
    .run = run_show_mail,
};
