/*
 * sample.h - one volume's size at one instant, each once. Owns the table
 * sample, whose key is (hour, volume, nanos, revision).
 */
#ifndef SRC_SAMPLE_H
#define SRC_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "lib/tls.h"
#include "lib/utc.h"
#include "report.h"
#include "volume.h"

enum sample_result {
	SAMPLE_STORED,
	SAMPLE_KNOWN, /* the same was stored before */
	SAMPLE_OTHER, /* the key is taken by another size, account or bins */
	SAMPLE_FAILED,
};

/* Where a sample belongs; rows. */
struct sample_place {
	struct volume *volume; /* borrowed */
	int64_t account;
	int64_t fact; /* of the report that brings it, or of its release */
};

/* The row of an instant that counts: that with the highest revision. */
struct sample_known {
	bool there;
	int64_t revision, bytes;
};

/* Whether the bins of a volume, if it has any, add up to its bytes. */
bool sample_bins_add_up(
    const struct report *report, const struct report_volume *rv);

/*
 * What a report stored, for rows_sha256 of its fact: SHA-256 over the bytes
 * of its rows, the rows in ascending order of their bytes, so that it can be
 * recomputed from the tables.
 *
 * A row's bytes are the volume's UUID, then as 8 bytes little endian hour,
 * nanos, revision, bytes, account, retired_bytes and inodes (-1 for none),
 * the length of the name, its bytes, the length of the bins' text and its
 * bytes. The zero value is empty; memory is kept from one report to the next.
 */
struct sample_rows {
	struct buf bytes; /* all rows, one behind the other */
	struct sample_span {
		size_t at, len;
	} * list; /* owned */
	size_t count, cap;
};

/* One row as the digest sees it. */
struct sample_row {
	const uint8_t *volume; /* its UUID's bytes */
	int64_t hour, nanos, revision, bytes, account;
	int64_t retired_bytes, inodes; /* -1: none */
	const char *name;
	size_t name_len; /* 0: none */
	const char *bins;
	size_t bins_len; /* 0: none */
};

void sample_rows_clear(struct sample_rows *rows);
bool sample_rows_add(
    struct sample_rows *rows, const struct sample_row *row, struct err *err);
void sample_rows_fini(struct sample_rows *rows);
void sample_rows_digest(struct sample_rows *rows, struct tls_hash *hash,
    uint8_t out[TLS_SHA256_BYTES]);

/*
 * Stores a sample, inside the caller's transaction, unless its key is taken,
 * adds it to rows if it did, and notes what it states of its volume: name,
 * region, month. When it was stored, before is the row that counted for its
 * instant until now.
 */
enum sample_result sample_store(struct sql *db, struct sample_rows *rows,
    const struct report *report, const struct report_volume *rv,
    const struct sample_place *place, struct sample_known *before,
    struct err *err);

/* The highest revision of the sample's instant, which has one. */
bool sample_find_revision(struct sql *db, const struct report_volume *rv,
    const struct sample_place *place, int64_t *revision, struct err *err);

/* "2026-10-01T00:00:00Z", with nine digits of a fraction if there is one;
 * returns out. */
enum {
	SAMPLE_INSTANT_SIZE = UTC_TEXT_SIZE + 10
};
char *sample_format_instant(
    int64_t at, int32_t nanos, char out[SAMPLE_INSTANT_SIZE]);

/* The detail of the fact "sample.superseded"; returns out. */
enum {
	SAMPLE_CHANGE_SIZE = 192
};
char *sample_format_change(const struct report_volume *rv,
    const struct sample_known *before, char out[SAMPLE_CHANGE_SIZE]);

#endif
