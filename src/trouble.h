/*
 * trouble.h - what a person has to do something about, besides the bills
 * themselves and the sources that are silent (silence.h).
 *
 * Quarantined samples, clocks and held periods are those of the accounts whose
 * bills are shown. Mails, the certificate and grants are the server's: they are
 * for its operators alone, not for whoever is sent the bill of one account.
 */
#ifndef SRC_TROUBLE_H
#define SRC_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "invoice.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "source.h"

enum {
	/* A clock that differs by more for a day is trouble: so much is no
	 * delay of a report, and a fifth of what quarantines samples. */
	TROUBLE_CLOCK_SECS = 60,
	TROUBLE_CLOCK_FOR_SECS = 86400,
	/* The server renews its own certificate 30 days before its end, and
	 * others are commonly renewed then: this late nobody did. */
	TROUBLE_CERTIFICATE_SECS = 21 * 86400,
	/* Mails that were planned longer ago are not told of any more; so
	 * much is more than a month between two summaries. */
	TROUBLE_MAIL_SECS = 35 * 86400,
	TROUBLE_WORDS_SIZE = 512,
	TROUBLE_MAIL_NAME_SIZE = 128,
};

struct trouble_clock {
	char name[SOURCE_NAME_SIZE];
	int64_t skew_secs; /* at least so much ahead; or behind, below 0 */
};

struct trouble_held {
	char account[ACCOUNT_NAME_SIZE];
	char period[INVOICE_PERIOD_SIZE];
	enum invoice_reason reason;
};

/* Mails that did not reach everybody. */
struct trouble_mails {
	int64_t given_up, waiting;
	int64_t id; /* of the oldest of them, */
	char name[TROUBLE_MAIL_NAME_SIZE];
	int64_t planned_at;
	char words[TROUBLE_WORDS_SIZE]; /* and the relay's last on it */
};

/* A source that does not renew its grant. */
struct trouble_grant {
	char name[SOURCE_NAME_SIZE];
	int64_t ends_at; /* unix seconds; may be past */
};

/* The zero value is none. */
struct trouble {
	int64_t quarantined, quarantined_since; /* samples; unix seconds */
	struct trouble_clock *clocks;		/* owned; by name */
	size_t clock_count;
	struct trouble_held *held; /* owned; by period */
	size_t held_count;
	int64_t certificate_ends_at; /* unix seconds; 0: no trouble */
	struct trouble_mails mails;
	struct trouble_grant *grants; /* owned; by name */
	size_t grant_count;
};

/* Fills an empty one with what the accounts of the bills have; what is the
 * server's stays zero. trouble_fini gives it back, also after an error. */
bool trouble_load(struct sql *db, const struct invoice *bills, size_t count,
    int64_t now, struct trouble *out, struct err *err);

/* Adds the grants of all sources that are switched on. */
bool trouble_load_grants(
    struct sql *db, int64_t now, struct trouble *out, struct err *err);

void trouble_fini(struct trouble *trouble);

#endif
