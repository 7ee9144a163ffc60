/*
 * export_write.h - rows of export.h as CSV or JSON, one by one.
 *
 * CSV is RFC 4180 with a header; names are kept from being formulas. JSON is
 * an array with a row a line. Which columns there are depends on what rows
 * are of: volume_id and name are those of volumes, max_age that of bins.
 * Quantities are decimals of as many digits as they need, at most 30 behind
 * the point; in JSON they are strings.
 */
#ifndef SRC_EXPORT_WRITE_H
#define SRC_EXPORT_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "export.h"
#include "lib/buf.h"
#include "lib/utc.h"

/* Its fields belong to export_write.c. */
struct export_writer {
	struct buf *out; /* borrowed; its failed flag tells of no memory */
	enum export_group group;
	bool json;
	bool empty; /* no row so far */
	int64_t from, to;
	char from_text[UTC_TEXT_SIZE], to_text[UTC_TEXT_SIZE];
};

/* Each appends to out, which may be emptied between them. */
void export_write_begin(struct export_writer *w, struct buf *out, bool json,
    enum export_group group);
void export_write_row(struct export_writer *w, const struct export_row *row);
void export_write_end(struct export_writer *w);

#endif
