/*
 * cmd_focus.h - bills as FOCUS rows, for `report`, its mails and `export`.
 */
#ifndef SRC_CMD_FOCUS_H
#define SRC_CMD_FOCUS_H

#include <stdbool.h>
#include <stddef.h>

#include "creds.h"
#include "invoice.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/opt.h"

/* Who bills: --issuer, or else who sends mails by --credsFile; yours. NULL
 * with err. The second one has the credentials already; NULL: no memory. */
char *cmd_focus_issuer(const struct opt_values *values, struct err *err);
char *cmd_focus_issuer_of(
    const struct opt_values *values, const struct creds *creds);

/* Appends all of them. One without a total, since usage has no rate, is
 * ERR_INPUT. */
bool cmd_focus(const struct opt_values *values, const struct invoice *bills,
    size_t count, struct buf *out, struct err *err);

/* For a mail: those without a total are left out, and standard error says so;
 * with none left nothing is appended. */
bool cmd_focus_mail(const struct opt_values *values, const struct creds *creds,
    const struct invoice *bills, size_t count, struct buf *out,
    struct err *err);

#endif
