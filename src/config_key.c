/*
 * config_key.c - every setting, once: its name, type, limits, default and a
 * sentence; and values of each type on the way in. Owns nothing.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "attachment.h"
#include "config_key.h"
#include "creds.h"
#include "grace.h"
#include "grant.h"
#include "lib/opt.h"

#define MINUTES(n) (INT64_C(60) * (n))
#define HOURS(n) (INT64_C(3600) * (n))
#define DAYS(n) (INT64_C(86400) * (n))
#define MIB(n) (INT64_C(1048576) * (n))

static bool check_account(const char *text, struct err *err);
static bool check_attachment(const char *text, struct err *err);
static bool check_lines(const char *text, struct err *err);
static bool check_metrics_addr(const char *text, struct err *err);

#define OF(member) offsetof(struct config, member)
#define OF_BLOCK(member) offsetof(struct config_block, member)

const struct config_key config_keys[] = {
    {.table = "",
	.name = "grace",
	.type = CONFIG_DURATION,
	.preset = "\"48h\"",
	.min = 0,
	.max = GRACE_MAX_SECS,
	.offset = OF(grace_secs),
	.help = "How long after its end a period waits for late reports "
		"before it is closed by itself; a change holds for periods "
		"that end from then on"},
    {.table = "",
	.name = "expected_interval",
	.type = CONFIG_DURATION,
	.preset = "\"1h\"",
	.min = MINUTES(1),
	.max = DAYS(30),
	.offset = OF(expected_interval_secs),
	.help = "How often a source is expected to report; one that has been "
		"silent for longer is told of in mails as trouble"},
    {.table = "",
	.name = "keep_samples",
	.type = CONFIG_DURATION,
	.preset = "\"457d\"",
	.min = SETTINGS_MIN_KEEP_SECS,
	.max = SETTINGS_MAX_KEEP_SECS,
	.restart = true,
	.offset = OF(keep_samples_secs),
	.help = "How long the single samples of a closed day are kept behind "
		"its end; --keepSamples counts over it"},
    {.table = "",
	.name = "grant_expiry",
	.type = CONFIG_DURATION,
	.preset = "\"" GRANT_DEFAULT_LIFE "\"",
	.min = GRANT_MIN_SECS,
	.max = GRANT_MAX_SECS,
	.offset = OF(grant_expiry_secs),
	.help = "How long the license grants hold that the server signs for "
		"its sources, if --keyFolder has a key"},
    {.table = "",
	.name = "customer_attach",
	.type = CONFIG_LIST,
	.preset = "[\"csv\",\"pdf\"]",
	.offset = OF(schedule.customer_attach),
	.check = check_attachment,
	.help = "What is attached to an account's own invoice, which goes to "
		"the addresses of the account when its period is closed"},
    {.table = "",
	.name = "issuer",
	.type = CONFIG_WORD,
	.preset = "\"\"",
	.offset = OF(issuer),
	.check = check_lines,
	.help = "Who bills, on paper and in FOCUS: a name and, in further "
		"lines, an address; without it the sender of the mails"},
    {.table = "",
	.name = "payment",
	.type = CONFIG_WORD,
	.preset = "\"\"",
	.offset = OF(payment),
	.check = check_lines,
	.help = "Where to pay, on paper, such as a bank account; may have "
		"several lines"},
    {.table = "",
	.name = "metrics_addr",
	.type = CONFIG_WORD,
	.preset = "\"\"",
	.restart = true,
	.offset = OF(metrics_addr),
	.check = check_metrics_addr,
	.help = "An address and port, such as \"127.0.0.1:9465\", on which "
		"anyone gets /metrics, and nothing else, without TLS; "
		"--metricsAddr counts over it"},

    {.table = "limits",
	.name = "max_future",
	.type = CONFIG_DURATION,
	.preset = "\"5m\"",
	.min = 0,
	.max = DAYS(1),
	.offset = OF(max_future_secs),
	.help = "A sample taken further in the server's future is set aside"},
    {.table = "limits",
	.name = "max_age",
	.type = CONFIG_DURATION,
	.preset = "\"35d\"",
	.min = DAYS(1),
	.max = DAYS(366),
	.offset = OF(max_age_secs),
	.help = "A sample taken longer ago is set aside"},
    {.table = "limits",
	.name = "open_quarantine",
	.type = CONFIG_INTEGER,
	.preset = "100000",
	.min = 1,
	.max = 10000000,
	.offset = OF(open_quarantine),
	.help = "Samples that may be set aside and not settled at once; "
		"reports that need more are refused with 503"},
    {.table = "limits",
	.name = "connections",
	.type = CONFIG_INTEGER,
	.preset = "10000",
	.min = 10,
	.max = 100000,
	.restart = true,
	.offset = OF(connections),
	.help = "Connections open at once"},
    {.table = "limits",
	.name = "stranger_connections",
	.type = CONFIG_INTEGER,
	.preset = "64",
	.min = 1,
	.max = 100000,
	.restart = true,
	.offset = OF(stranger_connections),
	.help = "Connections at once from an address that has not shown a "
		"known token"},
    {.table = "limits",
	.name = "body_bytes",
	.type = CONFIG_INTEGER,
	.preset = "8388608",
	.min = 65536,
	.max = MIB(64),
	.restart = true,
	.offset = OF(body_bytes),
	.help = "Size of a body, also after inflating"},
    {.table = "limits",
	.name = "head_time",
	.type = CONFIG_DURATION,
	.preset = "\"10s\"",
	.min = 1,
	.max = MINUTES(10),
	.restart = true,
	.offset = OF(head_secs),
	.help = "For a request's head, from its first byte or accept"},
    {.table = "limits",
	.name = "body_time",
	.type = CONFIG_DURATION,
	.preset = "\"1m\"",
	.min = 1,
	.max = HOURS(1),
	.restart = true,
	.offset = OF(body_secs),
	.help = "For a body, and for taking an answer"},
    {.table = "limits",
	.name = "idle_time",
	.type = CONFIG_DURATION,
	.preset = "\"1m15s\"",
	.min = 1,
	.max = HOURS(1),
	.restart = true,
	.offset = OF(idle_secs),
	.help = "Between two requests of a connection"},

    {.table = "report",
	.name = "name",
	.type = CONFIG_WORD,
	.shown = "(required)",
	.offset = OF_BLOCK(name),
	.help = "Its name in the outbox, which keeps the same mail from going "
		"out twice: 1 to 31 of a-z 0-9 . _ -, beginning with a letter "
		"or digit"},
    {.table = "report",
	.name = "every",
	.type = CONFIG_WORD,
	.shown = "(only after_close)",
	.offset = OF_BLOCK(every),
	.help = "day or week: the month to date; month or quarter: the one "
		"that has ended"},
    {.table = "report",
	.name = "at",
	.type = CONFIG_WORD,
	.shown = "(\"06:00\", \"Mon 06:00\" or \"1T06:00\")",
	.offset = OF_BLOCK(at),
	.help = "When, in UTC: a time of each day; day and time of each week; "
		"or a day from 1 to 28 and time of the month that follows"},
    {.table = "report",
	.name = "after_close",
	.type = CONFIG_BOOLEAN,
	.preset = "false",
	.offset = OF_BLOCK(after_close),
	.help = "Whether each account's invoice is mailed when its period is "
		"closed: with every, of periods of that length alone"},
    {.table = "report",
	.name = "to",
	.type = CONFIG_LIST,
	.shown = "(smtpTo of the credentials)",
	.example = "[\"ops@example.com\"]",
	.offset = OF_BLOCK(to),
	.check = creds_check_address,
	.help = "Recipients"},
    {.table = "report",
	.name = "accounts",
	.type = CONFIG_LIST,
	.shown = "(all)",
	.example = "[\"acme\"]",
	.offset = OF_BLOCK(accounts),
	.check = check_account,
	.help = "The accounts that it shows"},
    {.table = "report",
	.name = "attach",
	.type = CONFIG_LIST,
	.preset = "[\"csv\"]",
	.offset = OF_BLOCK(attach),
	.check = check_attachment,
	.help = "What is attached: csv, json, pdf, focus, or nothing"},
    {0},
};

static bool
check_account(const char *text, struct err *err)
{
	return account_name_valid(text) ||
	       err_set(err, ERR_INPUT,
		   "\"%.80s\" is no name of an account: 1 to 63 of "
		   "a-z 0-9 . _ -, beginning with a letter or digit",
		   text);
}

static bool
check_attachment(const char *text, struct err *err)
{
	unsigned set = 0;

	return attachment_add(text, &set, err);
}

/* Without the name of the setting, which take_word puts before it. */
static bool
check_lines(const char *text, struct err *err)
{
	size_t lines = 1;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines <= CONFIG_MAX_LINES ||
	       err_set(err, ERR_INPUT, "more than %d lines", CONFIG_MAX_LINES);
}

static bool
check_metrics_addr(const char *text, struct err *err)
{
	char *whole = NULL;
	bool ok =
	    text[0] == '\0' || settings_take_address("it", text, &whole, err);

	free(whole);
	return ok;
}

const char *
config_key_type(enum config_type type)
{
	static const char *const names[] = {[CONFIG_INTEGER] = "integer",
	    [CONFIG_DURATION] = "duration",
	    [CONFIG_BOOLEAN] = "boolean",
	    [CONFIG_WORD] = "string",
	    [CONFIG_LIST] = "array of strings"};

	return names[type];
}

const struct config_key *
config_key_find(const char *table, const char *name)
{
	const struct config_key *key = config_keys;

	for (; key->name != NULL; key++)
		if (strcmp(key->table, table) == 0 &&
		    strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

/* --- names that are not known --- */

/* "[limits]", "[[report]]", or words for the top. */
static const char *
place_of(const char *table)
{
	return table[0] == '\0'		      ? "the top of the file"
	       : strcmp(table, "limits") == 0 ? "[limits]"
					      : "[[report]]";
}

bool
config_key_unknown(const char *table, const char *name, struct err *err)
{
	const char *names[64];
	const struct config_key *key = config_keys;
	const char *near;
	size_t n = 0;

	for (; key->name != NULL; key++) {
		if (strcmp(key->table, table) == 0)
			names[n++] = key->name;
		else if (strcmp(key->name, name) == 0)
			return err_set(err, ERR_INPUT,
			    "%s is no setting of %s; it belongs to %s", name,
			    place_of(table), place_of(key->table));
	}
	names[n] = NULL;
	near = opt_nearest(name, names);
	if (near != NULL)
		return err_set(err, ERR_INPUT,
		    "there is no setting %.60s; did you mean %s?", name, near);
	return err_set(err, ERR_INPUT,
	    "there is no setting %.60s; `start --sampleConfig` shows all",
	    name);
}

/* --- values --- */

static bool
refuse_type(const struct config_key *key, const struct toml_value *value,
    struct err *err)
{
	static const char *const wanted[] = {
	    [CONFIG_INTEGER] = "an integer such as 1000",
	    [CONFIG_DURATION] = "a duration in quotes, such as \"6h\"",
	    [CONFIG_BOOLEAN] = "true or false",
	    [CONFIG_WORD] = "a string in quotes",
	    [CONFIG_LIST] = "an array of strings, such as [\"a\", \"b\"]"};

	if (value->type == TOML_STRING)
		return err_set(err, ERR_INPUT, "%s is %s, not \"%.60s\"",
		    key->name, wanted[key->type], value->string);
	return err_set(err, ERR_INPUT, "%s is %s, not of type %s", key->name,
	    wanted[key->type], toml_type_name(value->type));
}

static bool
take_integer(const struct config_key *key, const struct toml_value *value,
    int64_t *out, struct err *err)
{
	if (value->type != TOML_INT)
		return refuse_type(key, value, err);
	*out = value->integer;
	return (*out >= key->min && *out <= key->max) ||
	       err_set(err, ERR_INPUT,
		   "%s is between %" PRId64 " and %" PRId64 ", not %" PRId64,
		   key->name, key->min, key->max, *out);
}

static bool
take_duration(const struct config_key *key, const struct toml_value *value,
    int64_t *out, struct err *err)
{
	char min[OPT_DURATION_SIZE], max[OPT_DURATION_SIZE];

	if (value->type != TOML_STRING ||
	    !opt_parse_duration(value->string, out))
		return refuse_type(key, value, err);
	return (*out >= key->min && *out <= key->max) ||
	       err_set(err, ERR_INPUT, "%s is between %s and %s, not %.40s",
		   key->name, opt_format_duration(key->min, min),
		   opt_format_duration(key->max, max), value->string);
}

static bool
take_word(const struct config_key *key, const struct toml_value *value,
    char **out, struct err *err)
{
	if (value->type != TOML_STRING)
		return refuse_type(key, value, err);
	if (key->check != NULL && !key->check(value->string, err))
		return err_context(err, "%s", key->name);
	free(*out);
	*out = strdup(value->string);
	return *out != NULL || err_nomem(err);
}

/* Whether an item stands before item i, too. */
static bool
is_double(const struct toml_value *value, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(value->items[j].string, value->items[i].string) == 0)
			return true;
	return false;
}

static bool
take_list(const struct config_key *key, const struct toml_value *value,
    char **out, struct err *err)
{
	struct buf list = BUF_INIT;
	bool ok = value->type == TOML_ARRAY || refuse_type(key, value, err);

	if (ok && value->count > CONFIG_MAX_LIST)
		ok = err_set(err, ERR_INPUT, "%s has more than %d items",
		    key->name, CONFIG_MAX_LIST);
	for (size_t i = 0; ok && i < value->count; i++) {
		const char *text = value->items[i].string;

		if (value->items[i].type != TOML_STRING)
			ok = refuse_type(key, &value->items[i], err);
		else if (is_double(value, i))
			ok = err_set(err, ERR_INPUT, "%s has \"%.60s\" twice",
			    key->name, text);
		else
			ok = key->check(text, err) ||
			     err_context(err, "%s", key->name);
		if (ok)
			buf_printf(&list, "%s%s", i > 0 ? "," : "", text);
	}
	free(*out);
	*out = ok ? buf_take(&list) : NULL;
	if (ok && *out == NULL)
		ok = err_nomem(err);
	buf_fini(&list);
	return ok;
}

bool
config_key_take(const struct config_key *key, const struct toml_value *value,
    void *target, struct err *err)
{
	void *at = (char *)target + key->offset;

	switch (key->type) {
	case CONFIG_INTEGER:
		return take_integer(key, value, at, err);
	case CONFIG_DURATION:
		return take_duration(key, value, at, err);
	case CONFIG_BOOLEAN:
		if (value->type != TOML_BOOL)
			return refuse_type(key, value, err);
		*(bool *)at = value->boolean;
		return true;
	case CONFIG_WORD:
		return take_word(key, value, at, err);
	case CONFIG_LIST:
		return take_list(key, value, at, err);
	}
	return false;
}
