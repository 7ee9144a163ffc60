/*
 * cmd_paper.h - who bills and where to pay, as `report` and `close` are told:
 * flags that both have, and what counts without them.
 */
#ifndef SRC_CMD_PAPER_H
#define SRC_CMD_PAPER_H

#include <stdbool.h>

#include "config.h"
#include "creds.h"
#include "lib/err.h"
#include "lib/opt.h"

#define CMD_PAPER_FLAG_ISSUER(without)                                      \
	{                                                                   \
		.name = "issuer", .type = OPT_STRING, .shown = (without),   \
		.help = "Who bills, on paper and in FOCUS: a name, and an " \
			"address in further lines"                          \
	}

#define CMD_PAPER_FLAG_PAYMENT                                           \
	{                                                                \
		.name = "payment", .type = OPT_STRING,                   \
		.help = "Where to pay, on paper; may have several lines" \
	}

/* Four entries, for what closes. */
#define CMD_PAPER_FLAGS                                                    \
	CMD_PAPER_FLAG_ISSUER("(issuer of the settings, or else smtpFrom " \
			      "of the credentials)"),                      \
	    CMD_PAPER_FLAG_PAYMENT, SETTINGS_FLAG_CONFIG_FILE,             \
	    SETTINGS_FLAG_CREDS_FILE

/* The zero value is empty. */
struct cmd_paper {
	char *issuer;	      /* owned */
	const char *payment;  /* NULL: none */
	struct config config; /* owned; empty when --issuer was given */
};

/* From CMD_PAPER_FLAGS. With --issuer neither file is read, and without
 * --payment there is none then. cmd_paper_fini gives *out back, also after an
 * error. */
bool cmd_paper_load(
    const struct opt_values *values, struct cmd_paper *out, struct err *err);

void cmd_paper_fini(struct cmd_paper *paper);

#endif
