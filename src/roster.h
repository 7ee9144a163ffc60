/*
 * roster.h - which volumes a source is expected to list when it says that a
 * report is complete: those whose last sample it sent, that no end was stated
 * of, and that are not missed already.
 *
 * Owns nothing: the ledger keeps the count of them in memory, so that the
 * usual complete report needs no query.
 */
#ifndef SRC_ROSTER_H
#define SRC_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"
#include "lib/uuid.h"
#include "volume.h"

/* The source that is expected to list a volume; 0 when none is. */
int64_t roster_source_of(const struct volume *v);

/* How many a source is expected to list. */
bool roster_count(
    struct sql *db, int64_t source, int64_t *count, struct err *err);

/* Which ones; *list is the caller's to free(). */
bool roster_list(struct sql *db, int64_t source, struct uuid **list,
    size_t *count, struct err *err);

#endif
