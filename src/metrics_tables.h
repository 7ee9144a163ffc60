/*
 * metrics_tables.h - metrics that rest in tables, for metrics_page.c.
 */
#ifndef SRC_METRICS_TABLES_H
#define SRC_METRICS_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "metrics.h"
#include "tally.h"

/* What a source is told with, its reports among it. */
bool metrics_put_sources(struct buf *out, struct sql *db,
    const struct metrics *metrics, struct err *err);

bool metrics_put_volumes(struct buf *out, struct sql *db,
    const struct tally *tally, int64_t now, struct err *err);

bool metrics_put_mails(struct buf *out, struct sql *db, struct err *err);

/* Finds when mails of each report were last sent, among the latest limit. */
bool metrics_find_mails(
    struct metrics *metrics, struct sql *db, int64_t limit, struct err *err);

#endif
