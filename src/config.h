/*
 * config.h - the settings file: what a server is told besides its flags.
 *
 * TOML (lib/toml.h): settings at the top and in [limits], and any number of
 * [[report]], the mails that come again and again. One table of all names,
 * in config_key.c, feeds the parser, the sample file, the list in --help and
 * the test that compares the manual. A file that is missing means the
 * defaults, and so does a setting that is left out. Without any [[report]]
 * there are three: a summary each Monday, one on the first of each month, and
 * each closed period's invoice; `report = []` means none.
 */
#ifndef SRC_CONFIG_H
#define SRC_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http.h"
#include "ledger.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "schedule.h"
#include "settings.h"

enum {
	CONFIG_MAX_FILE = 262144, /* bytes */
	CONFIG_MAX_REPORTS = 100,
	CONFIG_MAX_LIST = 100, /* items of one array */
	CONFIG_MAX_LINES = 8,  /* of a text that has lines */
};

struct config {
	int64_t grace_secs;
	int64_t expected_interval_secs;
	int64_t keep_samples_secs;
	int64_t grant_expiry_secs;

	/* [limits] */
	int64_t body_bytes;
	int64_t connections;
	int64_t stranger_connections;
	int64_t head_secs, body_secs, idle_secs;
	int64_t max_future_secs, max_age_secs;
	int64_t open_quarantine;

	struct schedule schedule;
	char *issuer, *payment; /* owned: lines of text, or "" */
	char *metrics_addr;	/* owned: an address and port, or "" */
};

/* The zero value is empty. A path that is missing gives the defaults, and
 * *there is false. What is wrong is ERR_INPUT, "FILE:LINE: sentence"; *out is
 * empty then. */
bool config_load(
    const char *path, struct config *out, bool *there, struct err *err);

/* As config_load for text in memory; name begins the messages. */
bool config_parse(const char *name, const char *text, size_t len,
    struct config *out, struct err *err);

/* What flags say counts over the file. */
void config_override(struct config *config, const struct settings *settings);

void config_fini(struct config *config);

/* Replaces *config by *next and empties next; but what counts from the next
 * start on only stays as it is, and its names, with blanks between, are
 * appended to kept. */
void config_replace(
    struct config *config, struct config *next, struct buf *kept);

/* The limits as those who keep them want them. */
void config_http_limits(const struct config *config, struct http_limits *out);
void config_ledger_limits(
    const struct config *config, struct ledger_limits *out);

/* --- for people and tests --- */

/* A whole settings file that changes nothing: every setting with a sentence,
 * its limits and its default, commented out. */
void config_write_sample(struct buf *out);

/* The settings in the manner of --help. */
void config_write_help(struct buf *out);

/* One line for each setting, fields separated by tabs: table, name, type,
 * default, limits, "reload" or "restart". */
void config_write_list(struct buf *out);

#endif
