/*
 * cmd_table.c - rows for people and for programs. In: cells. Out: text, JSON
 * or CSV on standard output. Owns what is not yet printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_table.h"
#include "lib/text.h"
#include "lib/utc.h"
#include "store.h"

/* Up to here every reader of JSON has integers exact. */
static const int64_t MAX_NUMBER = 9007199254740991; /* 2^53 - 1 */

static void
begin(struct cmd_table *t, const struct opt_values *values,
    const char *const *columns)
{
	const char *output = opt_get(values, "output");

	memset(t, 0, sizeof *t);
	t->columns = columns;
	t->format = strcmp(output, "json") == 0	 ? CMD_JSON
		    : strcmp(output, "csv") == 0 ? CMD_CSV
						 : CMD_TEXT;
	if (t->format == CMD_JSON)
		json_write(&t->json, &t->out, JSON_INDENTED);
}

void
cmd_table_begin(struct cmd_table *t, const struct opt_values *values,
    const char *const *columns)
{
	begin(t, values, columns);
	if (t->format == CMD_JSON)
		json_put_array(&t->json, NULL);
	for (size_t i = 0; t->format == CMD_CSV && columns[i] != NULL; i++)
		buf_printf(&t->out, "%s%s", columns[i],
		    columns[i + 1] != NULL ? "," : "\r\n");
}

void
cmd_table_begin_record(struct cmd_table *t, const struct opt_values *values,
    const char *const *columns)
{
	begin(t, values, columns);
	t->record = true;
	if (t->format == CMD_JSON)
		json_put_object(&t->json, NULL);
	else if (t->format == CMD_CSV)
		buf_str(&t->out, "part,row,member,value\r\n");
}

static void
end_part(struct cmd_table *t)
{
	if (t->part != NULL && t->format == CMD_JSON)
		json_put_end(&t->json);
}

void
cmd_table_part(
    struct cmd_table *t, const char *name, const char *const *columns)
{
	end_part(t);
	t->part = name;
	t->columns = columns;
	t->row = 0;
	if (t->format == CMD_JSON)
		json_put_array(&t->json, name);
}

/* A record's own members are in the outermost object. */
static bool
is_own_row(const struct cmd_table *t)
{
	return t->record && t->part == NULL;
}

/* --- cells --- */

/* Text cells keep a line one line, and its order: control characters become
 * '?', and others that a terminal obeys what text_clean makes of them. */
static void
put_harmless(struct buf *out, const char *value)
{
	struct buf plain = BUF_INIT;

	for (const char *p = value; *p != '\0'; p++)
		buf_char(&plain, (unsigned char)*p < 0x20 || *p == 0x7f ? '?'
				 : *p == '"'				? '\''
									: *p);
	text_clean(out, buf_text(&plain), 0);
	out->failed = out->failed || plain.failed;
	buf_fini(&plain);
}

static void
add_text_cell(struct cmd_table *t, const char *value)
{
	bool quoted = value[0] == '\0' || strpbrk(value, " \"") != NULL;

	if (t->cell == 0 && t->part != NULL)
		buf_printf(&t->out, "%s ", t->part);
	buf_printf(
	    &t->out, "%s%s=", t->cell > 0 ? " " : "", t->columns[t->cell]);
	if (quoted)
		buf_char(&t->out, '"');
	put_harmless(&t->out, value);
	if (quoted)
		buf_char(&t->out, '"');
}

static void
begin_csv_cell(struct cmd_table *t)
{
	if (t->record)
		buf_printf(&t->out, "%s,%zu,%s,",
		    t->part != NULL ? t->part : "", t->row,
		    t->columns[t->cell]);
	else if (t->cell > 0)
		buf_char(&t->out, ',');
}

static void
end_csv_cell(struct cmd_table *t)
{
	if (t->record)
		buf_str(&t->out, "\r\n");
}

static void
add_csv_cell(struct cmd_table *t, const char *value)
{
	begin_csv_cell(t);
	text_csv(&t->out, value);
	end_csv_cell(t);
}

static void
begin_json_cell(struct cmd_table *t)
{
	if (t->cell == 0 && !is_own_row(t))
		json_put_object(&t->json, NULL);
}

/* The row ends with its last cell. */
static void
end_cell(struct cmd_table *t)
{
	t->cell++;
	if (t->columns[t->cell] != NULL)
		return;
	t->cell = 0;
	t->row++;
	if (t->format == CMD_TEXT)
		buf_char(&t->out, '\n');
	else if (t->format == CMD_CSV && !t->record)
		buf_str(&t->out, "\r\n");
	else if (t->format == CMD_JSON && !is_own_row(t))
		json_put_end(&t->json);
}

void
cmd_table_text(struct cmd_table *t, const char *value)
{
	if (t->format == CMD_JSON) {
		begin_json_cell(t);
		json_put_string(&t->json, t->columns[t->cell], value);
	} else if (t->format == CMD_CSV)
		add_csv_cell(t, value);
	else
		add_text_cell(t, value);
	end_cell(t);
}

void
cmd_table_int(struct cmd_table *t, int64_t value)
{
	char text[24];

	if (t->format == CMD_JSON) {
		begin_json_cell(t);
		json_put_int(&t->json, t->columns[t->cell], value);
		end_cell(t);
		return;
	}
	snprintf(text, sizeof text, "%lld", (long long)value);
	cmd_table_text(t, text);
}

void
cmd_table_bool(struct cmd_table *t, bool yes)
{
	if (t->format == CMD_JSON) {
		begin_json_cell(t);
		json_put_bool(&t->json, t->columns[t->cell], yes);
		end_cell(t);
	} else
		cmd_table_text(t, yes ? "yes" : "no");
}

void
cmd_table_decimal(struct cmd_table *t, const char *value)
{
	if (value == NULL) {
		cmd_table_none(t);
		return;
	}
	if (t->format != CMD_CSV) {
		cmd_table_text(t, value);
		return;
	}
	begin_csv_cell(t);
	buf_str(&t->out, value);
	end_csv_cell(t);
	end_cell(t);
}

void
cmd_table_size(struct cmd_table *t, int64_t bytes)
{
	char text[24];

	if (bytes <= MAX_NUMBER) {
		cmd_table_int(t, bytes);
		return;
	}
	snprintf(text, sizeof text, "%lld", (long long)bytes);
	cmd_table_text(t, text);
}

void
cmd_table_none(struct cmd_table *t)
{
	if (t->format == CMD_JSON) {
		begin_json_cell(t);
		json_put_null(&t->json, t->columns[t->cell]);
		end_cell(t);
	} else
		cmd_table_text(t, "");
}

void
cmd_table_time(struct cmd_table *t, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	if (at == 0)
		cmd_table_none(t);
	else
		cmd_table_text(t, utc_format(at, text));
}

struct json_writer *
cmd_table_json(struct cmd_table *t)
{
	return t->format == CMD_JSON ? &t->json : NULL;
}

bool
cmd_table_end(struct cmd_table *t, bool ok, struct err *err)
{
	if (ok && t->format == CMD_JSON) {
		end_part(t);
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

int
cmd_table_run(const struct opt_values *values, cmd_table_fn *print)
{
	struct err err = ERR_INIT;
	char *folder = cmd_path(values, "dbFolder", &err);
	struct sql *db = folder != NULL ? store_open_read(folder, &err) : NULL;
	int code = OPT_EXIT_DONE;

	if (db == NULL || !print(values, db, &err))
		code = cmd_failed(values, &err);
	sql_close(db);
	free(folder);
	return code;
}
