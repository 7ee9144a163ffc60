/*
 * config.c - the settings file of config.h. In: TOML. Out: struct config,
 * whole or not at all. Owns nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_key.h"
#include "lib/file.h"
#include "lib/toml.h"

/* What a file without any [[report]] has. */
static const char default_reports[] = "[[report]]\n"
				      "name = \"weekly\"\n"
				      "every = \"week\"\n"
				      "at = \"Mon 06:00\"\n"
				      "\n"
				      "[[report]]\n"
				      "name = \"monthly\"\n"
				      "every = \"month\"\n"
				      "at = \"1T06:00\"\n"
				      "\n"
				      "[[report]]\n"
				      "name = \"invoice\"\n"
				      "after_close = true\n";

const char *
config_default_reports(void)
{
	return default_reports;
}

void
config_fini(struct config *config)
{
	schedule_fini(&config->schedule);
	free(config->metrics_addr);
	free(config->issuer);
	free(config->payment);
	memset(config, 0, sizeof *config);
}

/* --- tables --- */

/* All pairs of a table into the struct at target. */
static bool
take_pairs(const char *file, const struct toml_table *table, const char *name,
    void *target, struct err *err)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct toml_pair *pair = &table->pairs[i];
		const struct config_key *key = config_key_find(name, pair->key);

		/* `report = []` at the top is no setting. */
		if (name[0] == '\0' && strcmp(pair->key, "report") == 0)
			continue;
		if (key == NULL
			? !config_key_unknown(name, pair->key, err)
			: !config_key_take(key, &pair->value, target, err))
			return err_context(
			    err, "%.180s:%u", file, pair->value.line);
	}
	return true;
}

static void
fini_block(struct config_block *block)
{
	free(block->name);
	free(block->every);
	free(block->at);
	free(block->to);
	free(block->accounts);
	free(block->attach);
}

static struct schedule_report *
add_report(struct config *config, struct err *err)
{
	struct schedule *s = &config->schedule;
	struct schedule_report *more;

	if (s->count == CONFIG_MAX_REPORTS) {
		err_set(err, ERR_INPUT, "there are more than %d [[report]]",
		    CONFIG_MAX_REPORTS);
		return NULL;
	}
	more = reallocarray(s->reports, s->count + 1, sizeof *more);
	if (more == NULL) {
		err_nomem(err);
		return NULL;
	}
	s->reports = more;
	more += s->count++;
	memset(more, 0, sizeof *more);
	return more;
}

static bool
is_named_twice(const struct schedule *s)
{
	for (size_t i = 0; i + 1 < s->count; i++)
		if (strcmp(s->reports[i].name, s->reports[s->count - 1].name) ==
		    0)
			return true;
	return false;
}

/* What is wrong with the block as a whole is said of the line it begins in. */
static bool
take_report(const char *file, const struct toml_table *table,
    struct config *out, struct err *err)
{
	struct config_block block = {0};
	struct schedule_report *report = NULL;
	bool ok = take_pairs(file, table, "report", &block, err);

	if (ok) {
		report = add_report(out, err);
		ok = report != NULL && config_report_take(&block, report, err);
		if (ok && is_named_twice(&out->schedule))
			ok = err_set(err, ERR_INPUT,
			    "there are two [[report]] named %s", report->name);
		if (!ok)
			err_context(err, "%.180s:%u", file, table->line);
	}
	fini_block(&block);
	return ok;
}

static bool
take_table(const char *file, const struct toml_table *table, struct config *out,
    struct err *err)
{
	bool is_report = strcmp(table->name, "report") == 0;

	if (is_report && table->element)
		return take_report(file, table, out, err);
	if (strcmp(table->name, "limits") == 0 && !table->element)
		return take_pairs(file, table, "limits", out, err);
	if (is_report || strcmp(table->name, "limits") == 0)
		return err_set(err, ERR_INPUT, "%.180s:%u: write %s", file,
		    table->line, is_report ? "[[report]]" : "[limits]");
	return err_set(err, ERR_INPUT,
	    "%.180s:%u: there is no table %.60s; there are [limits] and "
	    "[[report]]",
	    file, table->line, table->name);
}

/* Whether the file says that there are no reports. */
static bool
take_no_reports(
    const char *file, const struct toml *toml, bool *none, struct err *err)
{
	const struct toml_value *report = toml_get(toml->tables, "report");

	*none = report != NULL;
	return report == NULL ||
	       (report->type == TOML_ARRAY && report->count == 0) ||
	       err_set(err, ERR_INPUT,
		   "%.180s:%u: reports are written as [[report]]; report = [] "
		   "means none",
		   file, report->line);
}

static bool
take_tables(const char *file, const struct toml *toml, struct config *out,
    struct err *err)
{
	if (!take_pairs(file, &toml->tables[0], "", out, err))
		return false;
	for (size_t i = 1; i < toml->count; i++)
		if (!take_table(file, &toml->tables[i], out, err))
			return false;
	return true;
}

static bool
take_text(const char *text, size_t len, struct config *out, struct err *err)
{
	struct toml toml;
	bool ok;

	if (!toml_parse("the defaults", text, len, &toml, err))
		return false;
	ok = take_tables("the defaults", &toml, out, err);
	toml_fini(&toml);
	return ok;
}

/* --- defaults, and the file over them --- */

/* As a file would say them. */
static bool
take_presets(struct config *out, struct err *err)
{
	const struct config_key *key;
	struct buf text = BUF_INIT;
	const char *table = "";
	bool ok;

	for (key = config_keys; strcmp(key->table, "report") != 0; key++) {
		if (strcmp(key->table, table) != 0)
			buf_printf(&text, "[%s]\n", key->table);
		table = key->table;
		buf_printf(&text, "%s = %s\n", key->name, key->preset);
	}
	ok = text.failed ? err_nomem(err)
			 : take_text(text.data, text.len, out, err);
	buf_fini(&text);
	return ok;
}

static bool
take_file(const char *name, const char *text, size_t len, struct config *out,
    struct err *err)
{
	struct toml toml;
	bool none = false, ok;

	if (!toml_parse(name, text, len, &toml, err))
		return false;
	ok = take_no_reports(name, &toml, &none, err) &&
	     take_tables(name, &toml, out, err);
	toml_fini(&toml);
	if (ok && !none && out->schedule.count == 0)
		ok = take_text(
		    default_reports, sizeof default_reports - 1, out, err);
	return ok;
}

bool
config_parse(const char *name, const char *text, size_t len, struct config *out,
    struct err *err)
{
	memset(out, 0, sizeof *out);
	if (take_presets(out, err) && take_file(name, text, len, out, err))
		return true;
	config_fini(out);
	return false;
}

bool
config_load(const char *path, struct config *out, bool *there, struct err *err)
{
	struct buf text = BUF_INIT;
	bool ok;

	memset(out, 0, sizeof *out);
	if (!file_read_trusted(path, CONFIG_MAX_FILE, &text, there, err))
		return false;
	ok = config_parse(path, buf_text(&text), text.len, out, err);
	buf_fini(&text);
	return ok;
}

void
config_override(struct config *config, const struct settings *settings)
{
	if (settings->keep_secs != 0)
		config->keep_samples_secs = settings->keep_secs;
}

/* --- for those who keep to it --- */

/* Puts the value of config at offset into next, whose own one goes to config.
 * False when they are the same. */
static bool
swap(struct config *config, struct config *next, const struct config_key *key)
{
	char *old = (char *)config + key->offset;
	char *new = (char *)next + key->offset;
	char *text;
	int64_t number;

	if (key->type == CONFIG_WORD) {
		if (strcmp(*(char **)old, *(char **)new) == 0)
			return false;
		text = *(char **)old;
		*(char **)old = *(char **)new;
		*(char **)new = text;
		return true;
	}
	/* All others of these are numbers. */
	if (memcmp(old, new, sizeof number) == 0)
		return false;
	memcpy(&number, old, sizeof number);
	memcpy(old, new, sizeof number);
	memcpy(new, &number, sizeof number);
	return true;
}

/* Keeps the values in next of what only a start can change. */
static void
keep_old(struct config *config, struct config *next, struct buf *kept)
{
	const struct config_key *key = config_keys;

	for (; strcmp(key->table, "report") != 0; key++) {
		if (!key->restart || !swap(config, next, key))
			continue;
		buf_printf(kept, "%s%s", kept->len > 0 ? " " : "", key->name);
	}
}

void
config_replace(struct config *config, struct config *next, struct buf *kept)
{
	keep_old(config, next, kept);
	config_fini(config);
	*config = *next;
	memset(next, 0, sizeof *next);
}

void
config_http_limits(const struct config *config, struct http_limits *out)
{
	*out = (struct http_limits)HTTP_LIMITS_DEFAULT;
	out->body_bytes = (size_t)config->body_bytes;
	out->connections = (unsigned)config->connections;
	out->stranger_connections = (unsigned)config->stranger_connections;
	out->head_ms = config->head_secs * 1000;
	out->body_ms = config->body_secs * 1000;
	out->idle_ms = config->idle_secs * 1000;
}

void
config_ledger_limits(const struct config *config, struct ledger_limits *out)
{
	out->max_future_secs = config->max_future_secs;
	out->max_age_secs = config->max_age_secs;
	out->open_quarantine = config->open_quarantine;
}
