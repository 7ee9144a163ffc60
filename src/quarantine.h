/*
 * quarantine.h - samples that could not be taken as they were: kept as sent,
 * until an operator releases or discards them with a reason.
 *
 * Owns the table quarantine. A row is never removed; it is settled once. Of a
 * sample that waits nothing counts, but that of one after its volume's end,
 * and of a conflict, the stated end of the volume was taken with the report.
 */
#ifndef SRC_QUARANTINE_H
#define SRC_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"
#include "lib/uuid.h"
#include "report.h"

enum {
	QUARANTINE_MAX_OPEN = 100000,	 /* rows; past it reports wait */
	QUARANTINE_MAX_REASON = 255,	 /* bytes of why it was settled */
	QUARANTINE_PAGE_BYTES = 8 << 20, /* an answer ends past so many */
};

enum quarantine_reason {
	QUARANTINE_FUTURE,	       /* sampled too far in the future */
	QUARANTINE_TOO_OLD,	       /* sampled too long ago */
	QUARANTINE_SIZE_BINS_MISMATCH, /* bins do not add up to bytes */
	QUARANTINE_AFTER_RETIREMENT,   /* sampled after the volume's end */
	QUARANTINE_CONFLICT,	       /* another size for the same key */
};

/* "future", "too_old", "size_bins_mismatch", "after_retirement",
 * "conflict". */
const char *quarantine_reason_name(enum quarantine_reason reason);

/* --- for the ledger --- */

/* A sample of a report that was set aside. */
struct quarantine_mark {
	int64_t id;
	uint32_t index; /* of the volume in the report, from 0 */
	struct uuid volume_id;
	enum quarantine_reason reason;
};

/* Keeps a sample, inside the caller's transaction; mark->id is set, the rest
 * of it given. fact is that of the report. */
bool quarantine_add(struct sql *db, int64_t fact, int64_t account,
    const struct report_volume *rv, struct quarantine_mark *mark,
    struct err *err);

/* How many are open. */
bool quarantine_count(struct sql *db, int64_t *open, struct err *err);

/* Those of one report, by index; *list is the caller's to free(). */
bool quarantine_of_report(struct sql *db, int64_t fact,
    struct quarantine_mark **list, size_t *count, struct err *err);

/* --- for operators --- */

/* Texts are borrowed for the call. */
struct quarantine_row {
	int64_t id;
	int64_t received_at;
	const char *source; /* its name */
	const char *report_id;
	char volume_id[UUID_TEXT_SIZE];
	const char *account; /* its name */
	const char *reason, *state;
	int64_t position;   /* in the report's volumes, from 0 */
	const char *body;   /* the volume's object as sent */
	int64_t settled_at; /* 0: open */
	const char *settled_by, *settled_reason; /* "" while open */
};
typedef bool quarantine_fn(
    void *ctx, const struct quarantine_row *row, struct err *err);

/* The zero value asks for all. */
struct quarantine_query {
	const char *state; /* "open", "released", "discarded"; NULL: any */
	int64_t account;   /* row; 0: any */
	int64_t fact;	   /* of a report, then in any state; 0: any */
	int64_t after;	   /* ids above it only */
	int64_t limit;	   /* rows at most; 0: all */
};

/* Calls each by id. */
bool quarantine_each(struct sql *db, const struct quarantine_query *query,
    quarantine_fn *each, void *ctx, struct err *err);

/* "open", "released", "discarded" or "all"; false for another word. *state is
 * static, and NULL for all. */
bool quarantine_parse_state(const char *word, const char **state);

/* A row's number as an operator writes it. */
bool quarantine_parse_id(const char *text, int64_t *id);

/* The row as an object: what `list quarantine` and GET /v1/quarantine say. */
struct json_writer;
void quarantine_put_members(
    struct json_writer *w, const struct quarantine_row *row);

enum quarantine_result {
	QUARANTINE_DONE,
	QUARANTINE_UNKNOWN, /* no row of that id: err says so */
	QUARANTINE_REFUSED, /* it is settled already, or cannot be: err */
	QUARANTINE_FAILED,  /* err; whether it is on disk is not known */
};

/* What a release did. */
struct quarantine_outcome {
	struct uuid volume_id;
	bool stored;	    /* false: the same sample was there already */
	int64_t revision;   /* it counts as */
	bool bins_dropped;  /* they did not add up; open-ended bin only */
	int64_t retired_at; /* the volume's end, if it moved; or 0 */
};

/*
 * Settles a row, as one transaction with its fact. reason has 1 to
 * QUARANTINE_MAX_REASON bytes, no control characters and is not blank
 * (ERR_INPUT, with QUARANTINE_REFUSED).
 *
 * A released sample counts from then on, whatever is in its way: bins that do
 * not add up are dropped, its bytes are those of the open-ended bin then;
 * where another one has its instant it is stored as the next revision; a
 * volume that had ended before ends with it, and what is stated earlier does
 * not count any more. A sample of a day whose samples are gone is refused.
 */
enum quarantine_result quarantine_release(struct sql *db, int64_t id,
    const char *reason, const char *who, int64_t now,
    struct quarantine_outcome *out, struct err *err);
enum quarantine_result quarantine_discard(struct sql *db, int64_t id,
    const char *reason, const char *who, int64_t now, struct err *err);

bool quarantine_check_reason(const char *reason, struct err *err);

#endif
