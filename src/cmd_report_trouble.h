/*
 * cmd_report_trouble.h - what `report` tells of besides the bills: from the
 * flags, the ledger and the outbox.
 */
#ifndef SRC_CMD_REPORT_TROUBLE_H
#define SRC_CMD_REPORT_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "invoice.h"
#include "lib/err.h"
#include "lib/opt.h"
#include "lib/sql.h"
#include "settings.h"
#include "silence.h"
#include "trouble.h"

/* Two entries. */
#define CMD_REPORT_TROUBLE_FLAGS                                               \
	{.name = "expectedInterval",                                           \
	    .type = OPT_DURATION,                                              \
	    .shown = "(they are not told of)",                                 \
	    .min = 1,                                                          \
	    .max = INT64_C(365) * 86400,                                       \
	    .help = "Tell of sources that have been silent for longer"},       \
	{                                                                      \
		.name = "certificateEnds", .type = OPT_STRING, .hidden = true, \
		.shown = "(it is not told of)",                                \
		.help = "Tell of the server's certificate, which ends then "   \
			"(RFC 3339)"                                           \
	}

/* The zero value is empty. */
struct cmd_report_trouble {
	struct silence silence;
	struct trouble trouble;
};

/* Of the bills; what is the server's only when these are the bills of all
 * accounts. cmd_report_trouble_fini gives *out back, also after an error. */
bool cmd_report_trouble_load(const struct opt_values *values, struct sql *db,
    const struct invoice *bills, size_t count, int64_t now,
    struct cmd_report_trouble *out, struct err *err);

void cmd_report_trouble_fini(struct cmd_report_trouble *trouble);

#endif
