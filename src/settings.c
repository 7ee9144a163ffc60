/*
 * settings.c - from the flags of `start` to struct settings. Nothing is
 * opened or looked up here: a value is checked for what it says alone.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/utc.h"
#include "settings.h"

const struct opt_flag settings_flags[] = {
    {.name = "bindAddr",
	.type = OPT_STRING,
	.preset = "0.0.0.0:443",
	.help = "Address and port to bind"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAG_KEY_FOLDER,
    {.name = "noSSL", .type = OPT_BOOL, .help = "Disable TLS"},
    {.name = "sslCert",
	.type = OPT_STRING,
	.preset = "~/.flexfs/ssl/cert",
	.help = "TLS certificate file path"},
    {.name = "sslKey",
	.type = OPT_STRING,
	.preset = "~/.flexfs/ssl/key",
	.help = "TLS private key file path"},
    SETTINGS_FLAG_VERBOSE,
    {.name = "metricsAddr",
	.type = OPT_STRING,
	.shown = "(metrics_addr of the settings)",
	.help = "Address and port on which anyone gets /metrics, and nothing "
		"else, without TLS"},
    SETTINGS_FLAG_CREDS_FILE,
    {.name = "keepSamples",
	.type = OPT_DURATION,
	.shown = "(keep_samples of the settings)",
	.min = SETTINGS_MIN_KEEP_SECS,
	.max = SETTINGS_MAX_KEEP_SECS,
	.help = "How long single samples of closed days are kept"},
    SETTINGS_FLAG_CONFIG_FILE,
    {.name = "checkConfig",
	.type = OPT_BOOL,
	.help = "Only say whether settings, credentials and certificate are "
		"good"},
    {.name = "sampleConfig",
	.type = OPT_BOOL,
	.help = "Only print a settings file with every setting in it"},
    {.name = "pprof",
	.type = OPT_BOOL,
	.hidden = true,
	.help = "Serve profiles of the server on 127.0.0.1"},
    {.name = "pprofPort",
	.type = OPT_INT,
	.preset = "6065",
	.min = 0,
	.max = 65535,
	.hidden = true,
	.help = "Port for --pprof"},
    {.name = "sqliteOpts",
	.type = OPT_STRING,
	.shown = "(default tuning)",
	.hidden = true,
	.help = "Database connection tuning options"},
    {.name = "smtpAddr",
	.type = OPT_STRING,
	.shown = "(from creds)",
	.hidden = true,
	.help = "SMTP server address (overrides credentials file)"},
    {.name = "smtpFrom",
	.type = OPT_STRING,
	.shown = "(from creds)",
	.hidden = true,
	.help = "Sender email (overrides credentials file)"},
    {.name = "smtpPass",
	.type = OPT_STRING,
	.shown = "(from creds)",
	.hidden = true,
	.secret = true,
	.help = "SMTP password (overrides credentials file)"},
    {.name = "smtpPassFile",
	.type = OPT_STRING,
	.hidden = true,
	.help = "File whose only line is the SMTP password (overrides "
		"credentials file)"},
    {.name = "smtpTo",
	.type = OPT_STRING,
	.shown = "(from creds)",
	.hidden = true,
	.help = "Recipient emails (overrides credentials file)"},
    {.name = "smtpUser",
	.type = OPT_STRING,
	.shown = "(from creds)",
	.hidden = true,
	.help = "SMTP username (overrides credentials file)"},
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* --- sqliteOpts ---------------------------------------------------------- */
/* What may be tuned: a number between min and max, or one of the words.
 * synchronous has no value below FULL: an answered report is on disk. */
static const struct pragma {
	const char *name;
	int64_t min, max;
	const char *words; /* "|FULL|EXTRA|"; NULL: a number */
	bool power_of_two;
} known_pragmas[SETTINGS_MAX_PRAGMAS] = {
    {"busy_timeout", 0, 600000, NULL, false},		/* ms */
    {"cache_size", -16777216, 16777216, NULL, false},	/* -KiB, pages */
    {"journal_size_limit", -1, 1LL << 40, NULL, false}, /* bytes */
    {"mmap_size", 0, 1LL << 40, NULL, false},		/* bytes */
    {"page_size", 512, 65536, NULL, true},		/* new files */
    {"synchronous", 0, 0, "|FULL|EXTRA|", false},
    {"temp_store", 0, 0, "|DEFAULT|FILE|MEMORY|", false},
    {"wal_autocheckpoint", 0, 1000000, NULL, false}, /* pages */
};

static bool
refuse_pragma(const char *name, int len, struct err *err)
{
	struct buf names = BUF_INIT;
	size_t i;

	for (i = 0; i < SETTINGS_MAX_PRAGMAS; i++) {
		buf_str(&names, i > 0 ? ", " : "");
		buf_str(&names, known_pragmas[i].name);
	}
	err_set(err, ERR_INPUT,
	    "--sqliteOpts does not know \"%.*s\"; allowed are %s",
	    len < 60 ? len : 60, name, buf_text(&names));
	buf_fini(&names);
	return false;
}

static bool
is_number_between(const char *text, int64_t min, int64_t max, bool power)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	size_t len = strlen(digits);
	int64_t n;

	/* 15 digits are below 2^63. */
	if (len == 0 || len > 15 || strspn(digits, "0123456789") != len)
		return false;
	n = strtoll(text, NULL, 10);
	return n >= min && n <= max && (!power || (n & (n - 1)) == 0);
}

static bool
check_pragma(const struct pragma *known, const char *value, struct err *err)
{
	char between[SETTINGS_PRAGMA_SIZE + 2];

	if (known->words != NULL) {
		snprintf(between, sizeof between, "|%s|", value);
		if (strchr(value, '|') == NULL && value[0] != '\0' &&
		    strstr(known->words, between) != NULL)
			return true;
		return err_set(err, ERR_INPUT,
		    "--sqliteOpts: %s is one of %.*s, not \"%s\"", known->name,
		    (int)strlen(known->words) - 2, known->words + 1, value);
	}
	if (is_number_between(
		value, known->min, known->max, known->power_of_two))
		return true;
	return err_set(err, ERR_INPUT,
	    "--sqliteOpts: %s is a %s between %" PRId64 " and %" PRId64
	    ", not \"%s\"",
	    known->name, known->power_of_two ? "power of two" : "number",
	    known->min, known->max, value);
}

/* One name=value, len bytes. */
static bool
add_pragma(
    const char *text, size_t len, struct settings_pragmas *out, struct err *err)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
	size_t value_len = equals != NULL ? len - name_len - 1 : 0;
	struct settings_pragma *pragma = &out->list[out->count];
	const struct pragma *known = known_pragmas;
	size_t i;

	while (known < known_pragmas + SETTINGS_MAX_PRAGMAS &&
	       (strlen(known->name) != name_len ||
		   memcmp(known->name, text, name_len) != 0))
		known++;
	if (known == known_pragmas + SETTINGS_MAX_PRAGMAS)
		return refuse_pragma(text, (int)name_len, err);
	for (i = 0; i < out->count; i++) {
		if (out->list[i].name == known->name)
			return err_set(err, ERR_INPUT,
			    "--sqliteOpts sets %s twice", known->name);
	}
	if (equals == NULL || value_len >= sizeof pragma->value)
		return err_set(err, ERR_INPUT,
		    "--sqliteOpts: %s needs a short value: %s=..", known->name,
		    known->name);
	pragma->name = known->name;
	memcpy(pragma->value, equals + 1, value_len);
	pragma->value[value_len] = '\0';
	out->count++;
	return check_pragma(known, pragma->value, err);
}

bool
settings_parse_pragmas(
    const char *text, struct settings_pragmas *out, struct err *err)
{
	size_t len;

	out->count = 0;
	if (*text == '\0')
		return true;
	for (;; text += len + 1) {
		len = strcspn(text, "&");
		if (!add_pragma(text, len, out, err)) {
			out->count = 0;
			return false;
		}
		if (text[len] == '\0')
			return true;
	}
}

/* --- addresses, times, paths --------------------------------------------- */
static bool
is_port(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 5 && strspn(text, "0123456789") == len &&
	       strtol(text, NULL, 10) <= 65535;
}

bool
settings_take_address(
    const char *name, const char *text, char **out, struct err *err)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	struct in6_addr address;
	struct buf whole = BUF_INIT;
	char host[64] = "";
	bool ok;

	if (colon == NULL || !is_port(colon + 1))
		return err_set(err, ERR_INPUT,
		    "%s is an address and a port such as 0.0.0.0:443, "
		    "not \"%.100s\"",
		    name, text);
	if (len > 2 && len < sizeof host && text[0] == '[' &&
	    text[len - 1] == ']') {
		memcpy(host, text + 1, len - 2);
		ok = inet_pton(AF_INET6, host, &address) == 1;
	} else if (len < sizeof host) {
		memcpy(host, text, len);
		ok = len == 0 || strcmp(host, "localhost") == 0 ||
		     inet_pton(AF_INET, host, &address) == 1;
	} else {
		ok = false;
	}
	if (!ok)
		return err_set(err, ERR_INPUT,
		    "%s needs an IPv4 address or an IPv6 address in "
		    "brackets before its port, not \"%.*s\"",
		    name, (int)(len < 100 ? len : 100), text);
	/* Listening takes addresses only: a name may stand for several. */
	if (len == 0)
		buf_printf(&whole, "0.0.0.0%s", colon);
	else if (strcmp(host, "localhost") == 0)
		buf_printf(&whole, "127.0.0.1%s", colon);
	else
		buf_str(&whole, text);
	*out = buf_take(&whole);
	return *out != NULL || err_nomem(err);
}

static bool
take_path(const struct opt_values *values, const char *name, char **out,
    struct err *err)
{
	const char *path = opt_get(values, name);

	if (path[0] == '\0')
		return err_set(err, ERR_INPUT, "--%s is empty", name);
	*out = file_expand_home(path, err);
	return *out != NULL;
}

/* A copy of what was given, or NULL. */
static bool
take_given(const struct opt_values *values, const char *name, char **out,
    struct err *err)
{
	if (!opt_given(values, name))
		return true;
	*out = strdup(opt_get(values, name));
	return *out != NULL || err_nomem(err);
}

/* The pretend clock's start (0: the real time) and rate. */
static bool
take_mock(const struct opt_values *values, bool *mock, int64_t *start_at,
    int64_t *rate, struct err *err)
{
	const char *start = opt_get(values, "mockStart");

	*mock = opt_bool(values, "mockTime");
	*rate = opt_int(values, "mockRate");
	*start_at = 0;
	if (!*mock) {
		if (start != NULL || opt_given(values, "mockRate"))
			return err_set(err, ERR_INPUT,
			    "--mockStart and --mockRate need --mockTime");
		return true;
	}
	if (start != NULL &&
	    (!utc_parse(start, strlen(start), start_at, NULL) ||
		*start_at <= 0))
		return err_set(err, ERR_INPUT,
		    "--mockStart is a time such as 2026-01-01T00:00:00Z, not "
		    "\"%.100s\"",
		    start);
	return true;
}

bool
settings_clock(
    const struct opt_values *values, struct clock *out, struct err *err)
{
	int64_t start, rate;
	bool mock;

	if (!take_mock(values, &mock, &start, &rate, err))
		return false;
	*out = mock ? clock_pretend(start, rate) : clock_real();
	return true;
}

static bool
take_all(const struct opt_values *values, struct settings *s, struct err *err)
{
	const char *pragmas = opt_get(values, "sqliteOpts");

	s->no_ssl = opt_bool(values, "noSSL");
	s->keep_secs = opt_int(values, "keepSamples");
	s->verbose = opt_bool(values, "verbose");
	s->pprof = opt_bool(values, "pprof");
	s->pprof_port = (unsigned)opt_int(values, "pprofPort");
	s->creds_file_given = opt_given(values, "credsFile");
	if (opt_given(values, "smtpPass") && opt_given(values, "smtpPassFile"))
		return err_set(err, ERR_INPUT,
		    "--smtpPass and --smtpPassFile exclude each other");
	return settings_take_address("--bindAddr", opt_get(values, "bindAddr"),
		   &s->bind_addr, err) &&
	       (!opt_given(values, "metricsAddr") ||
		   settings_take_address("--metricsAddr",
		       opt_get(values, "metricsAddr"), &s->metrics_addr,
		       err)) &&
	       take_path(values, "dbFolder", &s->db_folder, err) &&
	       take_path(values, "keyFolder", &s->key_folder, err) &&
	       take_path(values, "sslCert", &s->ssl_cert, err) &&
	       take_path(values, "sslKey", &s->ssl_key, err) &&
	       take_path(values, "credsFile", &s->creds_file, err) &&
	       take_path(values, "configFile", &s->config_file, err) &&
	       take_given(values, "smtpAddr", &s->smtp_addr, err) &&
	       take_given(values, "smtpFrom", &s->smtp_from, err) &&
	       take_given(values, "smtpTo", &s->smtp_to, err) &&
	       take_given(values, "smtpUser", &s->smtp_user, err) &&
	       take_given(values, "smtpPass", &s->smtp_pass, err) &&
	       (!opt_given(values, "smtpPassFile") ||
		   take_path(
		       values, "smtpPassFile", &s->smtp_pass_file, err)) &&
	       settings_parse_pragmas(
		   pragmas != NULL ? pragmas : "", &s->sqlite_opts, err) &&
	       take_mock(
		   values, &s->mock_time, &s->mock_start, &s->mock_rate, err);
}

bool
settings_from_opts(
    const struct opt_values *values, struct settings *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	if (take_all(values, out, err))
		return true;
	settings_fini(out);
	return false;
}

void
settings_fini(struct settings *s)
{
	if (s->smtp_pass != NULL)
		explicit_bzero(s->smtp_pass, strlen(s->smtp_pass));
	free(s->bind_addr);
	free(s->metrics_addr);
	free(s->db_folder);
	free(s->key_folder);
	free(s->ssl_cert);
	free(s->ssl_key);
	free(s->creds_file);
	free(s->config_file);
	free(s->smtp_addr);
	free(s->smtp_from);
	free(s->smtp_to);
	free(s->smtp_user);
	free(s->smtp_pass);
	free(s->smtp_pass_file);
	memset(s, 0, sizeof *s);
}
