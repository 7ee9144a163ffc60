/*
 * schedule.h - which mails are due: found in the tables, not in timers.
 *
 * A report is a mail that comes again and again. A timed one has one instant
 * in each day, week, month or quarter, and then shows the one that has ended
 * last; its mail is named after it, "weekly", with the period "2026-W40". One
 * with after_close has a mail for each closed period of an account, named
 * "invoice:acme"; and an account's own invoice goes to its report_to in a
 * mail of its own, "customer:acme", so that no customer sees another.
 *
 * A timer is only a reason to look: asking twice plans nothing twice, so a
 * restart, a suspended machine, a clock that jumps and a pretend one are the
 * same case. After a long stop the newest mail of each timed report is
 * planned, and those it has missed are noted in the outbox as set aside;
 * closed periods are never passed over. Owns the table schedule.
 */
#ifndef SRC_SCHEDULE_H
#define SRC_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"

enum schedule_every {
	SCHEDULE_NEVER, /* not timed */
	SCHEDULE_DAY,
	SCHEDULE_WEEK, /* ISO 8601: from Monday */
	SCHEDULE_MONTH,
	SCHEDULE_QUARTER,
};

enum {
	SCHEDULE_NAME_SIZE = 32, /* ":" and an account's name fit behind */
	SCHEDULE_PERIOD_SIZE = 16,
	/* Mails that are noted as missed, and closed periods that are
	 * planned, in one turn and for one report. */
	SCHEDULE_MAX_MISSED = 400,
	SCHEDULE_MAX_CLOSED = 100,
};

/* The name of the mails to accounts themselves; no report may have it. */
#define SCHEDULE_CUSTOMER "customer"

struct schedule_report {
	char name[SCHEDULE_NAME_SIZE];
	enum schedule_every every;
	/* The instant's distance from the beginning of its day, week, month
	 * or quarter. */
	int64_t offset_secs;
	/* A mail for each closed period: with every of that length, else of
	 * all lengths. */
	bool after_close;
	char *to;	/* owned: "a@x,b@x"; "": smtpTo */
	char *accounts; /* owned: "acme,globex"; "": all */
	char *attach;	/* owned: "csv,json", or "" */
};

/* Everything that is mailed by itself. */
struct schedule {
	struct schedule_report *reports; /* owned */
	size_t count;
	char *customer_attach; /* owned: what an account's own invoice has */
};

void schedule_fini(struct schedule *schedule);

/* "day", "week", "month", "quarter". */
const char *schedule_every_name(enum schedule_every every);

/* The last instant of a timed report at or before now, and the period that
 * its mail then shows: a date, a week, a month or a quarter. */
int64_t schedule_instant(const struct schedule_report *report, int64_t now);
void schedule_period(const struct schedule_report *report, int64_t instant,
    char out[SCHEDULE_PERIOD_SIZE]);

/* Appends the accounts that reports name and that there are not, with blanks
 * between; what they are named by goes on without them. */
bool schedule_strangers(struct sql *db, const struct schedule *schedule,
    struct buf *names, struct err *err);

/* Whether something is to be planned, or noted, at now; reads only. */
bool schedule_is_due(struct sql *db, const struct schedule *schedule,
    int64_t now, bool *due, struct err *err);

/* What schedule_plan has put into the outbox. */
struct schedule_result {
	int64_t planned;
	int64_t missed; /* set aside */
};

/* Plans it, as one transaction. */
bool schedule_plan(struct sql *db, const struct schedule *schedule, int64_t now,
    struct schedule_result *result, struct err *err);

#endif
