/*
 * config_sample.c - the table of settings as people and tests are shown it: a
 * sample file, a part of --help, a list. Owns nothing.
 */
#include <inttypes.h>
#include <string.h>

#include "config_key.h"
#include "lib/opt.h"
#include "lib/text.h"

enum {
	COLUMNS = 79
};

static const char head[] =
    "# Settings of stat.flexfs: by default ~/.flexfs/stat/config, or what\n"
    "# --configFile names. stat.flexfs-config(5) tells more.\n"
    "#\n"
    "# Every setting is here with its default. A line counts once its # is\n"
    "# taken away; what is marked (restart) counts from the next start on,\n"
    "# everything else after SIGHUP as well. `stat.flexfs start "
    "--checkConfig`\n"
    "# says whether the file is good.\n";

static const char report_head[] =
    "# Mails that come again and again. A file without any [[report]] has the\n"
    "# three that follow at the end; `report = []`, at the top, means none. A\n"
    "# [[report]] may have:\n";

/* "1m to 30d", "10 to 100000"; nothing for what has no limits. */
static void
put_limits(struct buf *out, const struct config_key *key)
{
	char min[OPT_DURATION_SIZE], max[OPT_DURATION_SIZE];

	if (key->type == CONFIG_DURATION)
		buf_printf(out, "%s to %s", opt_format_duration(key->min, min),
		    opt_format_duration(key->max, max));
	else if (key->type == CONFIG_INTEGER)
		buf_printf(out, "%" PRId64 " to %" PRId64, key->min, key->max);
}

/* The sentence, the limits and, where asked for, the default. */
static void
put_sentence(struct buf *out, const struct config_key *key, bool preset)
{
	const char *told = key->shown != NULL ? key->shown : key->preset;

	buf_str(out, key->help);
	if (key->type == CONFIG_INTEGER || key->type == CONFIG_DURATION) {
		buf_str(out, "; ");
		put_limits(out, key);
	}
	if (preset && told[0] == '(')
		buf_printf(out, " %s", told);
	else if (preset)
		buf_printf(out, " (default %s)", told);
	if (key->restart)
		buf_str(out, " (restart)");
}

static void
put_wrapped(struct buf *out, const struct config_key *key, bool preset,
    const char *before)
{
	const struct text_layout layout = {COLUMNS, before, before};
	struct buf sentence = BUF_INIT;

	put_sentence(&sentence, key, preset);
	out->failed = out->failed || sentence.failed;
	text_wrap(out, buf_text(&sentence), &layout);
	buf_fini(&sentence);
}

/* A text with # before each line. */
static void
put_commented(struct buf *out, const char *text)
{
	size_t len;

	for (; *text != '\0'; text += len) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		if (*text != '\n')
			buf_char(out, '#');
		buf_add(out, text, len);
	}
}

void
config_write_sample(struct buf *out)
{
	const struct config_key *key = config_keys;
	const char *table = "";

	buf_str(out, head);
	for (; strcmp(key->table, "report") != 0; key++) {
		buf_char(out, '\n');
		if (strcmp(key->table, table) != 0)
			buf_printf(out, "[%s]\n", key->table);
		table = key->table;
		put_wrapped(out, key, false, "# ");
		buf_printf(out, "#%s = %s\n", key->name, key->preset);
	}
	buf_printf(out, "\n%s", report_head);
	for (; key->name != NULL; key++) {
		buf_printf(out, "#\n#   %s - %s\n", key->name,
		    config_key_type(key->type));
		put_wrapped(out, key, true, "#     ");
		if (key->example != NULL)
			buf_printf(
			    out, "#     %s = %s\n", key->name, key->example);
	}
	buf_char(out, '\n');
	put_commented(out, config_default_reports());
}

void
config_write_help(struct buf *out)
{
	const struct config_key *key = config_keys;
	const char *table = "";

	buf_str(out, "Settings of the file that --configFile names:\n");
	for (; key->name != NULL; key++) {
		if (strcmp(key->table, table) != 0)
			buf_printf(out,
			    strcmp(key->table, "report") == 0 ? "    [[%s]]\n"
							      : "    [%s]\n",
			    key->table);
		table = key->table;
		buf_printf(
		    out, "    %s %s\n", key->name, config_key_type(key->type));
		put_wrapped(out, key, true, "        ");
	}
}

void
config_write_list(struct buf *out)
{
	const struct config_key *key = config_keys;

	for (; key->name != NULL; key++) {
		buf_printf(out, "%s\t%s\t%s\t%s\t", key->table, key->name,
		    config_key_type(key->type),
		    key->shown != NULL ? key->shown : key->preset);
		put_limits(out, key);
		buf_printf(out, "\t%s\n", key->restart ? "restart" : "reload");
	}
}
