/*
 * schedule.h - which mails are due: found in the tables, not in timers.
 *
 * When a month has been over for SCHEDULE_DRAFT_DELAY_SECS, each account that
 * has ever had a sample up to then gets one mail "draft:ACCOUNT" for it. A
 * timer is only a reason to look; asking twice plans nothing twice, so a
 * restart, a suspended machine and a pretend clock are the same case. After a
 * long stop the newest month is planned, not the ones before it.
 */
#ifndef SRC_SCHEDULE_H
#define SRC_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"

/* Reports of the last hour arrive a little after it. */
enum {
	SCHEDULE_DRAFT_DELAY_SECS = 600
};

/* Whether something is to be planned at now; reads only. */
bool schedule_is_due(struct sql *db, int64_t now, bool *due, struct err *err);

/* Plans it, as one transaction; *added counts the new mails. */
bool schedule_plan(
    struct sql *db, int64_t now, int64_t *added, struct err *err);

#endif
