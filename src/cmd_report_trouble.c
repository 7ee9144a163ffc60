/*
 * cmd_report_trouble.c - trouble for `report`. In: flags, the database. Out:
 * silence and trouble. Owns nothing.
 */
#include <stdio.h>
#include <string.h>

#include "cmd_report_trouble.h"
#include "lib/utc.h"
#include "outbox.h"

static bool
load_mails(
    struct sql *db, int64_t now, struct trouble_mails *out, struct err *err)
{
	struct outbox_failures failures;

	if (!outbox_load_failures(db, now - TROUBLE_MAIL_SECS, &failures, err))
		return false;
	out->given_up = failures.given_up;
	out->waiting = failures.waiting;
	out->id = failures.oldest.id;
	out->planned_at = failures.oldest.created_at;
	snprintf(out->name, sizeof out->name, "%s %s", failures.oldest.name,
	    failures.oldest.period);
	snprintf(out->words, sizeof out->words, "%s", failures.words);
	return true;
}

/* Neither a sentence too early, nor one about a server that has none. */
static bool
read_certificate(const struct opt_values *values, int64_t now, int64_t *ends_at,
    struct err *err)
{
	const char *text = opt_get(values, "certificateEnds");
	int64_t at;

	if (text == NULL)
		return true;
	if (!utc_parse(text, strlen(text), &at, NULL))
		return err_set(err, ERR_INPUT,
		    "--certificateEnds is no time such as "
		    "2026-10-01T00:00:00Z: \"%.40s\"",
		    text);
	if (at - now < TROUBLE_CERTIFICATE_SECS)
		*ends_at = at;
	return true;
}

bool
cmd_report_trouble_load(const struct opt_values *values, struct sql *db,
    const struct invoice *bills, size_t count, int64_t now,
    struct cmd_report_trouble *out, struct err *err)
{
	struct trouble *t = &out->trouble;

	memset(out, 0, sizeof *out);
	if (opt_given(values, "expectedInterval") &&
	    !silence_load(db, bills, count, opt_int(values, "expectedInterval"),
		now, &out->silence, err))
		return false;
	if (!trouble_load(db, bills, count, now, t, err))
		return false;
	return opt_count(values, "account") > 0 ||
	       (load_mails(db, now, &t->mails, err) &&
		   read_certificate(
		       values, now, &t->certificate_ends_at, err) &&
		   trouble_load_grants(db, now, t, err));
}

void
cmd_report_trouble_fini(struct cmd_report_trouble *trouble)
{
	silence_fini(&trouble->silence);
	trouble_fini(&trouble->trouble);
}
