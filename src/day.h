/*
 * day.h - closed days kept small: one row per volume and day, which holds
 * what its samples were. A day is unix seconds / 86400.
 *
 * Owns the tables day, day_stale and day_progress. history.c writes the rows,
 * in bounded turns; who stores a sample, or changes the end of a volume, says
 * so with day_note_change, so that a row that is there already counts as
 * stale until it is made again. usage.c reads either.
 *
 * A row's bytes are those of day_code.h. The accounts and names in them are
 * rows of the tables account and volume_name, and so is what day_digest is
 * of: neither means anything in another database.
 */
#ifndef SRC_DAY_H
#define SRC_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "day_hours.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "lib/tls.h"
#include "lib/uuid.h"

/* How far the days have got. Those up to done_day have all their rows; those
 * of working_day are being written, from next_volume on. Samples of days up
 * to removed_day do not count any more, and may be gone: their rows, which
 * never change again, are all there is. */
struct day_progress {
	int64_t done_day, working_day, next_volume, removed_day;
};

bool day_load_progress(
    struct sql *db, struct day_progress *out, struct err *err);
bool day_save_progress(
    struct sql *db, const struct day_progress *progress, struct err *err);

/* Says that a sample of an hour (unix seconds / 3600) was stored, or that the
 * volume now ends in it, or did; inside the same transaction. progress was
 * loaded in it, too. Costs nothing for an hour whose day has no rows yet; in
 * one of a removed day nothing changes any more. */
bool day_note_change(struct sql *db, const struct day_progress *progress,
    int64_t hour, int64_t volume, struct err *err);

/* --- marks --- */

struct day_mark {
	int64_t day, volume;
};

/* Marks of days from from_day on, up to to_day, by day and volume, at most
 * limit; *list is the caller's to free(). */
bool day_list_marks(struct sql *db, int64_t from_day, int64_t to_day,
    int64_t limit, struct day_mark **list, size_t *count, struct err *err);

bool day_clear_mark(
    struct sql *db, int64_t day, int64_t volume, struct err *err);

/* --- rows --- */

/* Makes the row of a volume's day what bytes say; none: there is no row. */
bool day_store(struct sql *db, int64_t day, int64_t volume, int64_t fact,
    const struct buf *bytes, struct err *err);

/* The row as it is, into bytes; none when there is no row. */
bool day_load(struct sql *db, int64_t day, int64_t volume, int64_t *fact,
    struct buf *bytes, struct err *err);

/* As day_decode; ERR_BROKEN names the day and the volume's row. */
bool day_read(struct day_hours *h, int64_t day, int64_t volume,
    const void *bytes, size_t len, struct err *err);

/* Rows of a day, and the bytes in them. */
bool day_measure(struct sql *db, int64_t day, int64_t *rows, int64_t *bytes,
    struct err *err);

/*
 * What a removed day was, for rows_sha256 of the fact that states it: SHA-256
 * over its rows in the order of the volumes' UUIDs, of each the UUID, the
 * length of the bytes as 8 bytes little endian, and the bytes. A row whose
 * volume is gone is ERR_BROKEN.
 */
bool day_digest(struct sql *db, int64_t day, uint8_t out[TLS_SHA256_BYTES],
    int64_t *rows, struct err *err);

/* The same row by row, into a digest that the caller ends. */
void day_digest_row(struct tls_hash *hash, const uint8_t uuid[UUID_SIZE],
    const void *bytes, size_t len);

/* --- from samples --- */

/* The samples of a volume's day one by one, as known at upto_fact. */
bool day_load_samples(struct sql *db, int64_t day, int64_t volume,
    int64_t upto_fact, struct day_hours *h, struct err *err);

/* Makes rows from samples; keeps its memory from one use to the next. */
struct day_builder;
struct day_builder *day_builder_new(struct err *err);
void day_builder_free(struct day_builder *builder);

/* At the beginning of each transaction: which accounts are time-weighted. */
bool day_builder_begin(
    struct day_builder *builder, struct sql *db, struct err *err);

/* Calls each with the fact and the bytes that the rows of a day have to have,
 * of those of count volumes (rows) from first on that have samples.
 * *samples is how many rows of the table sample were read. */
typedef bool day_built_fn(void *ctx, int64_t volume, int64_t fact,
    const struct buf *bytes, struct err *err);
bool day_build(struct day_builder *builder, int64_t day, int64_t first,
    size_t count, day_built_fn *each, void *ctx, int64_t *samples,
    struct err *err);

#endif
