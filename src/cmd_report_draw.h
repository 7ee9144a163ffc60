/*
 * cmd_report_draw.h - what `report` draws: pictures, their figures, the PDF,
 * and what of it goes into a mail.
 */
#ifndef SRC_CMD_REPORT_DRAW_H
#define SRC_CMD_REPORT_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creds.h"
#include "invoice.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/opt.h"
#include "lib/sql.h"
#include "mail_picture.h"

/* The bills, as they are known at now (unix seconds). */
struct cmd_report_draw {
	struct sql *db;
	const struct invoice *bills;
	size_t count;
	int64_t now;
	/* On paper as it was closed; NULL: it is drawn now. Borrowed. */
	const struct buf *pdf;
};

/* Whether the flags ask for something that is drawn. */
bool cmd_report_draw_wanted(const struct opt_values *values);

/* Appends it. */
bool cmd_report_draw(const struct opt_values *values,
    const struct cmd_report_draw *what, struct buf *out, struct err *err);

/* The pictures of a mail, and the bills on paper if a set of attachment.h has
 * them, from --issuer or else whoever sends it. What cannot be drawn is left
 * out, and standard error says why: a bill is worth more than its pictures. */
bool cmd_report_draw_mail(const struct opt_values *values,
    const struct cmd_report_draw *what, unsigned attach,
    const struct creds *creds, struct mail_pictures *pictures, struct buf *pdf,
    struct err *err);

#endif
