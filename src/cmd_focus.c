/*
 * cmd_focus.c - FOCUS rows of several bills. In: bills, flags. Out: CSV. Owns
 * nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_focus.h"
#include "summary.h"

char *
cmd_focus_issuer_of(const struct opt_values *values, const struct creds *creds)
{
	char *name;

	if (opt_get(values, "issuer") != NULL)
		return strdup(opt_get(values, "issuer"));
	name = creds_sender_name(creds);
	if (name != NULL && name[0] == '\0') {
		free(name);
		name = creds_sender_address(creds);
	}
	return name;
}

char *
cmd_focus_issuer(const struct opt_values *values, struct err *err)
{
	struct creds creds = CREDS_INIT;
	char *path = cmd_path(values, "credsFile", err), *issuer = NULL;
	bool there;

	if (path != NULL && creds_load(path, &creds, &there, err) &&
	    creds_complete(&creds, err)) {
		issuer = cmd_focus_issuer_of(values, &creds);
		if (issuer == NULL)
			err_nomem(err);
	}
	creds_wipe(&creds);
	free(path);
	return issuer;
}

static bool
has_no_total(const struct invoice *bill, struct err *err)
{
	return err_set(err, ERR_INPUT,
	    "%s of %s has usage without a rate, so no amount is due yet",
	    bill->period.text, bill->account.name);
}

bool
cmd_focus(const struct opt_values *values, const struct invoice *bills,
    size_t count, struct buf *out, struct err *err)
{
	char *issuer = cmd_focus_issuer(values, err);
	bool ok = issuer != NULL;

	summary_focus_header(out);
	for (size_t i = 0; ok && i < count; i++)
		if (!summary_focus_bill(&bills[i], issuer, out))
			ok = has_no_total(&bills[i], err);
	free(issuer);
	return ok && (!out->failed || err_nomem(err));
}

bool
cmd_focus_mail(const struct opt_values *values, const struct creds *creds,
    const struct invoice *bills, size_t count, struct buf *out, struct err *err)
{
	char *issuer = cmd_focus_issuer_of(values, creds);
	struct err why = ERR_INIT;
	size_t written = 0;

	if (issuer == NULL)
		return err_nomem(err);
	summary_focus_header(out);
	for (size_t i = 0; i < count; i++) {
		if (summary_focus_bill(&bills[i], issuer, out)) {
			written++;
			continue;
		}
		has_no_total(&bills[i], &why);
		fprintf(stderr, "stat.flexfs: not in the FOCUS file: %s\n",
		    why.text);
	}
	if (written == 0)
		buf_clear(out);
	free(issuer);
	return !out->failed || err_nomem(err);
}
