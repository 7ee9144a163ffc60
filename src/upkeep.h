/*
 * upkeep.h - history's turns, taken when nobody waits.
 *
 * After a turn that has left work comes a pause, and then the next one, but
 * only when no ready connection is left to be served: months that wait after
 * an upgrade are worked off while reports go on being answered.
 */
#ifndef SRC_UPKEEP_H
#define SRC_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "loop.h"
#include "writer.h"

enum {
	UPKEEP_PAUSE_MS = 20,	 /* between two turns */
	UPKEEP_RETRY_MS = 60000, /* after one that did not work */
};

struct upkeep;

/* Everything is borrowed; clock is asked at each turn. keep_secs: see
 * history.h. */
struct upkeep *upkeep_new(struct loop *loop, struct writer *writer,
    struct ingest *ingest, const struct clock *clock, int64_t keep_secs,
    struct err *err);
void upkeep_free(struct upkeep *upkeep);

/* Looks whether there is something to do. */
void upkeep_wake(struct upkeep *upkeep);

/* From now on no turn is begun. */
void upkeep_stop(struct upkeep *upkeep);

#endif
