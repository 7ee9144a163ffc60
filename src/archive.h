/*
 * archive.h - closed periods: their numbers, their documents byte for byte,
 * and what each line charged. Owns the tables invoice, invoice_line,
 * invoice_document, invoice_settled and period_check.
 *
 * What is stored is never changed. The fact "invoice.closed" of an invoice
 * has as body_sha256 the SHA-256 of its JSON document, and as rows_sha256 the
 * SHA-256 of these lines of text, each ending in a line feed:
 *
 *     NUMBER ACCOUNT PERIOD FROM TO CLOSED DUE CURRENCY TOTAL UPTO
 *     CORRECTS VOLUME EXACT AMOUNT     (a line of the invoice, in order)
 *     FORMAT SHA256                    (a document, by name of the format)
 *
 * with ACCOUNT the name, instants in unix seconds, UPTO the fact that it rests
 * on, CORRECTS the number of the invoice that is corrected or "-", VOLUME the
 * UUID, EXACT the fraction as stored, SHA256 in hex.
 */
#ifndef SRC_ARCHIVE_H
#define SRC_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "invoice.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"

enum {
	ARCHIVE_TOTAL_SIZE = 64,
	ARCHIVE_MAX_DOCUMENT = 256 << 20, /* bytes, inflated */
};

struct archive_row {
	int64_t id;
	char number[INVOICE_NUMBER_SIZE];
	int64_t account;
	char period[INVOICE_PERIOD_SIZE];
	int64_t from_at, to_at, closed_at, due_at;
	char currency[4];
	char total[ARCHIVE_TOTAL_SIZE];
	int64_t upto_fact, fact;
};

/* The closed period of an account, or the latest one that it has. */
bool archive_find(struct sql *db, int64_t account, const char *period,
    struct archive_row *out, bool *found, struct err *err);
bool archive_latest(struct sql *db, int64_t account, struct archive_row *out,
    bool *found, struct err *err);

/* By number; an unknown one is ERR_INPUT. */
bool archive_load(struct sql *db, const char *number, struct archive_row *out,
    struct err *err);

/* By row. */
bool archive_load_id(
    struct sql *db, int64_t id, struct archive_row *out, struct err *err);

/* All of an account (0: of all), by number; *list is the caller's to
 * free(). */
bool archive_list(struct sql *db, int64_t account, struct archive_row **list,
    size_t *count, struct err *err);

/* Appends a document, "json", "text", "html", "csv" or "pdf", as it was made.
 * One that its invoice has not is ERR_INPUT. */
bool archive_document(struct sql *db, const struct archive_row *row,
    const char *format, struct buf *out, struct err *err);

/* The same of one that may be missing: *found says. An invoice has no PDF when
 * that could not be drawn, or when it was closed before they were kept. */
bool archive_find_document(struct sql *db, const struct archive_row *row,
    const char *format, struct buf *out, bool *found, struct err *err);

/* The bill again, from its JSON document: what it shows, with exact values as
 * far as they are printed. out must be empty; invoice_fini gives it back,
 * also after an error. */
bool archive_read(struct sql *db, const struct archive_row *row,
    const struct account *account, struct invoice *out, struct err *err);

/* --- what was billed --- */

/* A line of an invoice. */
struct archive_line {
	int64_t corrects; /* row of the invoice that it corrects; 0: none */
	int64_t volume;
	struct exact *exact, *amount; /* owned */
};

/* In the order of the document, which counts from 1; *list is the caller's,
 * for archive_lines_free. */
bool archive_lines(struct sql *db, const struct archive_row *row,
    struct archive_line **list, size_t *count, struct err *err);
void archive_lines_free(struct archive_line *list, size_t count);

/* How many of its lines correct others. */
bool archive_count_corrections(struct sql *db, const struct archive_row *row,
    int64_t *count, struct err *err);

/* Of one volume, in a closed period and its corrections so far. */
struct archive_billed {
	int64_t volume;
	struct exact *exact, *amount; /* owned */
	int64_t upto_fact;	      /* of the document that billed it last */
};

struct archive_bill {
	struct archive_billed *list; /* owned; by volume */
	size_t count;
	struct exact *exact, *amount; /* owned: of all */
};

/* In all documents, or in those before an invoice (its row; 0: all). out must
 * be empty; archive_bill_fini gives it back, also after an error. */
bool archive_billed(struct sql *db, const struct archive_row *row,
    int64_t before, struct archive_bill *out, struct err *err);
void archive_bill_fini(struct archive_bill *bill);

/* The fact up to which an account's closed periods have all been settled:
 * what came later may still correct them. INT64_MAX when none is closed. */
bool archive_settled(
    struct sql *db, int64_t account, int64_t *fact, struct err *err);

/* The same of one of them. */
bool archive_settled_of(struct sql *db, const struct archive_row *row,
    int64_t *fact, struct err *err);

/* --- closing, inside the caller's transaction --- */

/* The number that the next invoice of a year will have. */
bool archive_next_number(
    struct sql *db, int year, char out[INVOICE_NUMBER_SIZE], struct err *err);

struct archive_document {
	const char *format;
	const struct buf *bytes;
};

/*
 * Stores a bill that has its number, with its documents ordered by the name of
 * their format and JSON among them, and states the fact. Its corrections
 * settle what it corrects, and whatever else the account has closed, up to the
 * bill's fact if settle is set. who and reason ("": none) are for the fact.
 */
bool archive_store(struct sql *db, const struct invoice *invoice,
    const struct archive_document *documents, size_t count, bool settle,
    const char *who, const char *reason, struct err *err);

/* --- periods that were looked at, and not closed --- */

struct archive_check {
	bool held;	 /* else empty */
	char reason[32]; /* "" when empty */
	int64_t checked_at;
};

bool archive_note_check(struct sql *db, int64_t account, const char *period,
    const struct archive_check *check, struct err *err);
bool archive_find_check(struct sql *db, int64_t account, const char *period,
    struct archive_check *out, bool *found, struct err *err);

/* A period that was found held, and is not closed yet. */
struct archive_held {
	const char *account, *period, *reason; /* borrowed for the call */
};
typedef bool archive_held_fn(
    void *ctx, const struct archive_held *held, struct err *err);

/* Calls each for those of an account (0: of all), the earliest first. */
bool archive_each_held(struct sql *db, int64_t account, archive_held_fn *each,
    void *ctx, struct err *err);

#endif
