/*
 * sample.h - one volume's size at one instant, each once. Owns the table
 * sample, whose key is (hour, volume, nanos, revision).
 */
#ifndef SRC_SAMPLE_H
#define SRC_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"
#include "lib/tls.h"
#include "report.h"

enum sample_result {
	SAMPLE_STORED,
	SAMPLE_KNOWN, /* the same was stored before */
	SAMPLE_OTHER, /* the key is taken by another size, account or bins */
	SAMPLE_FAILED,
};

/* The rows that a sample belongs to. */
struct sample_place {
	int64_t volume, account;
	int64_t name; /* of volume_name; counts when the sample has a name */
	int64_t fact; /* of the report that brings it */
};

/* Whether the bins of a volume, if it has any, add up to its bytes. */
bool sample_bins_add_up(
    const struct report *report, const struct report_volume *rv);

/*
 * Stores a sample, inside the caller's transaction, unless its key is taken.
 *
 * A stored one is added to rows_hash, for rows_sha256 of the report's fact:
 * the volume's UUID, then as 8 bytes little endian hour, nanos, revision,
 * bytes, account, retired_bytes and inodes (-1 for none), the length of the
 * name, its bytes, the length of the bins' text and its bytes.
 */
enum sample_result sample_insert(struct sql *db, struct tls_hash *rows_hash,
    const struct report *report, const struct report_volume *rv,
    const struct sample_place *place, struct err *err);

#endif
