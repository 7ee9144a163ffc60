/*
 * verify_part.h - what the parts of verify.c share: one run, and what it has
 * learned so far.
 *
 * The facts are walked once, in order (verify_chain.c), and each is handed to
 * the part that its kind concerns. What a part takes down there it compares
 * with the tables when the walk is over.
 */
#ifndef SRC_VERIFY_PART_H
#define SRC_VERIFY_PART_H

#include "invoice.h"
#include "lib/uuid.h"
#include "verify.h"

/* A row of account, source, token, rate or grant as facts state it. Rows are never
 * deleted, so the n-th that is stated has the id n. */
struct verify_stated {
	int64_t fact, at;
	char *subject;	    /* owned */
	struct buf details; /* all that was said of it, the last word counts */
	uint8_t body[FACT_HASH_SIZE];
	bool has_body, found;
};

struct verify_list {
	struct verify_stated *rows; /* owned */
	size_t count, cap;
};

/* An end of a volume. */
struct verify_end {
	int64_t fact; /* of the report or the release that states it */
	int64_t retired_at;
	bool found;
	struct verify_end *next; /* owned: the one before */
};

/* An account that a volume has samples of. */
struct verify_payer {
	int64_t account, first_month;
	bool found;
	struct verify_payer *next; /* owned */
};

enum {
	VERIFY_MONTH_WORDS = 5 /* 320 months from the first one */
};

/* Bit n: there are samples in the n-th month behind the first one. */
struct verify_month_set {
	uint64_t words[VERIFY_MONTH_WORDS];
};

struct verify_volume {
	int64_t id;
	struct uuid uuid;
	int64_t retired_at, lives_until;
	int64_t extended_until;	 /* the lives_until that is stated; 0: none */
	struct verify_end *ends; /* owned; the last one stated is first */
	/* Of its samples. */
	int64_t revised_hour, last_revised; /* the row's, and theirs; -1 */
	struct verify_month_set months;
	struct verify_payer *payers; /* owned; the last one seen is first */
	/* Of the day at hand: the highest fact of its samples; 0: none. */
	int64_t day_fact;
	bool day_row; /* there is one */
};

struct verify_name {
	int64_t id, volume;
	size_t at, len; /* in the text of all names */
};

/* What closed an invoice. */
struct verify_closing {
	int64_t fact;
	char number[INVOICE_NUMBER_SIZE];
	uint8_t json[FACT_HASH_SIZE], rows[FACT_HASH_SIZE];
	bool found;
};

struct verify {
	struct sql *db; /* borrowed, all three */
	struct verify_anchors *anchors;
	struct verify_result *result;
	struct verify_options options;
	struct tls_hash *hash; /* owned */
	int64_t removed_day;
	bool gaps;	 /* between facts */
	int64_t doubted; /* the last fact whose hash does not follow */
	struct verify_list accounts, sources, tokens, rates, grants;
	struct verify_volume *volumes; /* owned; by id */
	size_t volume_count;
	struct verify_name *names; /* owned; by id */
	size_t name_count;
	struct buf name_text;
	struct verify_month_set *account_months; /* owned; by id, from 1 */
	int64_t first_month;			 /* of all samples; 0: none */
	int64_t reports, quarantined;		 /* stated, and found */
	int64_t settled;			 /* of those; stated */
	int64_t last_source;   /* the fact whose report or release is at hand */
	int64_t with_samples;  /* facts that say they stored some */
	int64_t *removed_days; /* owned; as stated, ascending */
	size_t removed_count, removed_cap;
	struct verify_closing *closings; /* owned; by fact */
	size_t closing_count, closing_cap;
};

/* A fact on the walk; its texts are borrowed until the next one. */
struct verify_fact {
	int64_t seq;
	struct fact said;
};

/* Takes down a finding, or counts it. where is a row or a thing, the rest a
 * sentence without full stop. */
void verify_find(struct verify *v, enum verify_kind kind, int64_t fact,
    const char *where, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* "the row was changed"; or, when a fact is known to have been, that. */
const char *verify_blame(const struct verify *v, int64_t fact);

/* Whether a column's text is this one, and nothing behind it. */
bool verify_same_text(struct sql_stmt *s, int column, const char *text);

/* A whole number that name has in a detail. */
bool verify_get_int(const char *detail, const char *name, int64_t *value);

/* verify_file.c */
bool verify_file(struct verify *v, struct err *err);
bool verify_links(struct verify *v, struct err *err);

/* verify_chain.c: the walk */
bool verify_chain(struct verify *v, struct err *err);

/* verify_terms.c */
typedef bool verify_note_fn(
    struct verify *v, const struct verify_fact *f, struct err *err);
verify_note_fn verify_note_account, verify_note_account_update,
    verify_note_source, verify_note_source_update, verify_note_token,
    verify_note_rate, verify_note_grant;
bool verify_terms(struct verify *v, struct err *err);
void verify_terms_fini(struct verify *v);

/* verify_reports.c */
verify_note_fn verify_note_report;
bool verify_reports(struct verify *v, struct err *err);

/* verify_quarantine.c */
verify_note_fn verify_note_quarantined, verify_note_released,
    verify_note_discarded;
/* How many of a report's samples a fact says were set aside. */
bool verify_count_quarantined(struct verify *v, const struct verify_fact *f,
    const char *where, int64_t due, struct err *err);
bool verify_quarantine(struct verify *v, struct err *err);

/* verify_volumes.c */
bool verify_load_volumes(struct verify *v, struct err *err);
verify_note_fn verify_note_retirement;
bool verify_volumes(struct verify *v, struct err *err);
void verify_volumes_fini(struct verify *v);
struct verify_volume *verify_find_volume(struct verify *v, int64_t id);
/* "volume 7b1d.."; returns out. */
char *verify_name_volume(
    const struct verify_volume *row, char *out, size_t size);
const struct verify_name *verify_find_name(const struct verify *v, int64_t id);

/* verify_samples.c */
bool verify_samples(struct verify *v, struct err *err);

/* verify_group.c: the samples of each fact, put together again. */
struct verify_sample {
	int64_t hour, nanos, revision, bytes, account, fact;
	int64_t retired_bytes, inodes; /* -1: none */
	struct verify_volume *volume;
	const struct verify_name *name; /* NULL: none */
	const char *bins;		/* borrowed; "" for none */
	size_t bins_len;
};

/* verify_months.c: takes down that there is a sample, and compares what was
 * taken down. */
bool verify_note_sample(struct verify *v, const struct verify_sample *sample,
    int64_t month, struct err *err);
bool verify_months(struct verify *v, struct err *err);

/* verify_days.c: rows of days against their samples, which are handed over
 * in the order of time. A sample may be of a volume that is not there. */
struct verify_days;
verify_note_fn verify_note_removed;
struct verify_days *verify_days_new(struct verify *v, struct err *err);
void verify_days_free(struct verify_days *days);
bool verify_days_add(struct verify_days *days,
    const struct verify_sample *sample, struct err *err);
bool verify_days_end(struct verify_days *days, struct err *err);
void verify_days_fini(struct verify *v);

/* verify_closed.c: invoices as they are stored */
verify_note_fn verify_note_closed;
bool verify_closed(struct verify *v, struct err *err);
void verify_closed_fini(struct verify *v);

/* verify_again.c: invoices computed again, when that is asked for */
bool verify_again(struct verify *v, struct err *err);

struct verify_groups;
struct verify_groups *verify_groups_new(struct verify *v, struct err *err);
void verify_groups_free(struct verify_groups *g);
/* A sample, in the order of the table; again for each pass. */
bool verify_groups_add(struct verify_groups *g,
    const struct verify_sample *sample, struct err *err);
/* At the end of a pass; *again: there are facts that did not fit, and need
 * another pass over all samples. */
bool verify_groups_end(struct verify_groups *g, bool *again, struct err *err);

/* "volume 7b1d.. at 2026-10-01T00:00:00Z revision 0"; returns out. */
enum {
	VERIFY_SAMPLE_TEXT = 160
};
char *verify_name_sample(const uint8_t uuid[UUID_SIZE], int64_t hour,
    int64_t nanos, int64_t revision, char out[VERIFY_SAMPLE_TEXT]);

#endif
