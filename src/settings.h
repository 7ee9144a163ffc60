/*
 * settings.h - what `start` is told on its command line: plain values,
 * checked, with ~ expanded and the documented defaults.
 *
 * The table settings_flags is their only declaration. A flag that other
 * commands share has its entry as a macro here, so that it is the same
 * everywhere.
 */
#ifndef SRC_SETTINGS_H
#define SRC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/opt.h"

#define SETTINGS_FLAG_DB_FOLDER                                            \
	{                                                                  \
		.name = "dbFolder", .type = OPT_STRING,                    \
		.preset = "~/.flexfs/stat", .help = "Database folder path" \
	}

#define SETTINGS_FLAG_CREDS_FILE                         \
	{                                                \
		.name = "credsFile", .type = OPT_STRING, \
		.preset = "~/.flexfs/stat/creds",        \
		.help = "Credentials file path"          \
	}

#define SETTINGS_FLAG_CONFIG_FILE                         \
	{                                                 \
		.name = "configFile", .type = OPT_STRING, \
		.preset = "~/.flexfs/stat/config",        \
		.help = "Settings file path"              \
	}

#define SETTINGS_FLAG_KEY_FOLDER                          \
	{                                                 \
		.name = "keyFolder", .type = OPT_STRING,  \
		.preset = "~/.flexfs/license",            \
		.help = "License signing key folder path" \
	}

#define SETTINGS_FLAG_VERBOSE                                       \
	{                                                           \
		.name = "verbose", .letter = 'v', .type = OPT_BOOL, \
		.help = "Enable verbose logging"                    \
	}

/* Three entries: a pretend clock for a command that uses the time. */
#define SETTINGS_FLAGS_MOCK                                              \
	{.name = "mockTime",                                             \
	    .type = OPT_BOOL,                                            \
	    .hidden = true,                                              \
	    .help = "Testing flag: simulate time progression"},          \
	    {.name = "mockStart",                                        \
		.type = OPT_STRING,                                      \
		.shown = "(now)",                                        \
		.hidden = true,                                          \
		.help = "Testing flag: where the simulated time starts " \
			"(RFC 3339)"},                                   \
	{                                                                \
		.name = "mockRate", .type = OPT_INT, .preset = "3600",   \
		.min = 0, .max = SETTINGS_MAX_MOCK_RATE, .hidden = true, \
		.help = "Testing flag: simulated seconds per second, 0 " \
			"stands still"                                   \
	}

enum {
	SETTINGS_MAX_PRAGMAS = 8, /* as many as there are known ones */
	SETTINGS_PRAGMA_SIZE = 24,
	SETTINGS_MAX_MOCK_RATE = 31622400, /* a leap year per second */
};

/* Samples are kept for two months at least, so that none that may still come
 * (35 days late) meets a day that is gone; and for a hundred years at most. */
#define SETTINGS_MIN_KEEP_SECS (62 * INT64_C(86400))
#define SETTINGS_MAX_KEEP_SECS (36525 * INT64_C(86400))

/* One `PRAGMA name = value`, both from a fixed set of characters. */
struct settings_pragma {
	const char *name; /* static text */
	char value[SETTINGS_PRAGMA_SIZE];
};

struct settings_pragmas {
	struct settings_pragma list[SETTINGS_MAX_PRAGMAS];
	size_t count;
};

struct settings {
	char *bind_addr; /* owned; host:port, an IPv6 host in brackets */
	char *db_folder; /* owned, as every path below; ~ is expanded */
	char *key_folder;
	bool no_ssl;
	char *ssl_cert;
	char *ssl_key;
	bool verbose;
	char *metrics_addr; /* owned; as bind_addr; NULL: not given */
	bool pprof;
	unsigned pprof_port;
	int64_t keep_secs; /* how long samples are kept; 0: not given */
	char *creds_file;
	bool creds_file_given; /* by --credsFile */
	char *config_file;
	struct settings_pragmas sqlite_opts;
	/* These count over the credentials file; NULL: not given. Owned. */
	char *smtp_addr, *smtp_from, *smtp_to, *smtp_user, *smtp_pass;
	char *smtp_pass_file; /* owned; NULL: not given */
	bool mock_time;
	int64_t mock_start; /* unix seconds; 0: the real time */
	int64_t mock_rate;  /* pretend seconds per second; 0 stands still */
};

/* The flags of `start`, for its opt_command. */
extern const struct opt_flag settings_flags[];

/* Reads the values of a command that has settings_flags. What is wrong with
 * them is ERR_INPUT; out is then empty. */
bool settings_from_opts(
    const struct opt_values *values, struct settings *out, struct err *err);

/* The clock that SETTINGS_FLAGS_MOCK ask for: the real one without
 * --mockTime. */
bool settings_clock(
    const struct opt_values *values, struct clock *out, struct err *err);

/* "host:port" with the host an address, "localhost" (127.0.0.1) or nothing
 * (all of IPv4) as an address and a port, which is yours. name, such as
 * "--bindAddr", begins the sentence of ERR_INPUT. */
bool settings_take_address(
    const char *name, const char *text, char **out, struct err *err);

/* Wipes the password. */
void settings_fini(struct settings *s);

/*
 * --sqliteOpts: "name=value&name=value" of the pragmas that cannot break what
 * an answered report was promised. ERR_INPUT names the allowed ones.
 */
bool settings_parse_pragmas(
    const char *text, struct settings_pragmas *out, struct err *err);

#endif
