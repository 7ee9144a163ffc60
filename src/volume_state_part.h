/*
 * volume_state_part.h - what the files of volume_state share: the samples of
 * volumes, looked up.
 */
#ifndef SRC_VOLUME_STATE_PART_H
#define SRC_VOLUME_STATE_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"
#include "volume_state.h"

/* Some volumes whose samples are looked for. */
struct volume_state_look {
	struct sql *db; /* borrowed, as the list */
	int64_t now_hour;
	int64_t first_hour;	   /* of which samples are kept */
	struct volume_state *list; /* by row */
	size_t count;
};

/* Begins at now; samples of days that were removed are looked for no more. */
bool volume_state_begin(struct volume_state_look *look, struct sql *db,
    int64_t now, struct err *err);

/* Sets last of each in the list; its hour stays -1 if there is none. */
bool volume_state_find_last(struct volume_state_look *look, struct err *err);

/* The first one of a volume. */
bool volume_state_find_first(struct volume_state_look *look,
    const struct volume_state *v, struct volume_state_sample *out,
    struct err *err);

#endif
