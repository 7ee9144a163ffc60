/*
 * verify_chain.c - the walk over all facts. In: the table fact. Out: whether
 * numbers and hashes follow from each other; each fact goes to the part that
 * its kind concerns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify_part.h"

/* What is kept of the facts before. A fact whose hash column is not what it
 * says is in doubt until the next one shows which of the two was changed. */
struct walk {
	struct verify *v;
	struct fact_head shown; /* of the last fact, as its row has it */
	struct fact_head given; /* as it follows from what that row says */
	bool doubt;
	char name[200]; /* of the fact in doubt */
};

static const struct {
	const char *kind;
	verify_note_fn *note;
} notes[] = {
    {"report.accepted", verify_note_report},
    {"volume.retired", verify_note_retirement},
    {"sample.quarantined", verify_note_quarantined},
    {"sample.released", verify_note_released},
    {"sample.discarded", verify_note_discarded},
    {"account.created", verify_note_account},
    {"account.updated", verify_note_account_update},
    {"source.created", verify_note_source},
    {"source.updated", verify_note_source_update},
    {"token.created", verify_note_token},
    {"rate.set", verify_note_rate},
    {"grant.signed", verify_note_grant},
    {"samples.removed", verify_note_removed},
    {"invoice.closed", verify_note_closed},
};

static char *
name_fact(const struct verify_fact *f, char *out, size_t size)
{
	snprintf(out, size, "fact %lld (%s, %s)", (long long)f->seq,
	    f->said.kind, f->said.subject);
	return out;
}

static void
end_doubt(struct walk *w, bool hash_changed)
{
	if (!w->doubt)
		return;
	if (hash_changed)
		verify_find(w->v, VERIFY_CHAIN, w->shown.seq, w->name,
		    "its hash was changed: the next fact follows from what it "
		    "says, and not from the hash it shows");
	else
		verify_find(w->v, VERIFY_CHAIN, w->shown.seq, w->name,
		    "its hash does not follow from what it says and from the "
		    "fact before: it was changed after it was stated");
	w->doubt = false;
}

static void
find_gap(struct walk *w, int64_t seq)
{
	int64_t first = w->shown.seq + 1, last = seq - 1;
	char where[64];

	w->v->gaps = true;
	if (first == last)
		snprintf(where, sizeof where, "fact %lld", (long long)first);
	else
		snprintf(where, sizeof where, "facts %lld to %lld",
		    (long long)first, (long long)last);
	verify_find(w->v, VERIFY_CHAIN, first, where,
	    "not there: deleted, or given another number; whether fact %lld "
	    "follows from what stood there cannot be said",
	    (long long)seq);
}

static bool
is_hash(const struct fact_head *head, const uint8_t hash[FACT_HASH_SIZE])
{
	return memcmp(head->hash, hash, FACT_HASH_SIZE) == 0;
}

/* Whether a fact follows from the ones before. */
static void
check_link(struct walk *w, const struct verify_fact *f,
    const uint8_t hash[FACT_HASH_SIZE])
{
	struct fact_head next = w->shown, other = w->given;
	bool follows = true, mended = false;

	if (f->seq != w->shown.seq + 1) {
		end_doubt(w, false);
		find_gap(w, f->seq);
	} else {
		fact_chain(w->v->hash, &f->said, &next);
		follows = is_hash(&next, hash);
		if (!follows && w->doubt) {
			fact_chain(w->v->hash, &f->said, &other);
			mended = is_hash(&other, hash);
		}
		end_doubt(w, mended);
	}
	w->doubt = !follows && !mended;
	if (w->doubt) {
		name_fact(f, w->name, sizeof w->name);
		w->v->doubted = f->seq;
	}
	w->given = next;
	w->shown.seq = f->seq;
	memcpy(w->shown.hash, hash, FACT_HASH_SIZE);
}

static int
compare_hash(const void *key, const void *anchor)
{
	return memcmp(
	    key, ((const struct verify_anchor *)anchor)->hash, FACT_HASH_SIZE);
}

static void
note_anchor(struct walk *w, const struct verify_fact *f,
    const uint8_t hash[FACT_HASH_SIZE])
{
	struct verify_anchors *a = w->v->anchors;
	struct verify_anchor *found;

	if (a->count == 0)
		return;
	found = bsearch(hash, a->list, a->count, sizeof *found, compare_hash);
	if (found != NULL) {
		found->fact = f->seq;
		found->at = f->said.at;
	}
}

/* The text of a column; one with a NUL inside is not what its hash covers. */
static const char *
read_text(struct walk *w, struct sql_stmt *s, int column)
{
	const char *text = sql_text(s, column);
	char where[64];

	if (!verify_same_text(s, column, text)) {
		snprintf(
		    where, sizeof where, "fact %lld", (long long)sql_int(s, 0));
		verify_find(w->v, VERIFY_CHAIN, sql_int(s, 0), where,
		    "one of its texts goes on behind a NUL: it was changed "
		    "after it was stated");
	}
	return text;
}

static const uint8_t *
read_digest(struct walk *w, struct sql_stmt *s, int column)
{
	char where[64];
	size_t len;
	const void *data = sql_blob(s, column, &len);

	if (sql_is_null(s, column) || len == FACT_HASH_SIZE)
		return data;
	snprintf(where, sizeof where, "fact %lld", (long long)sql_int(s, 0));
	verify_find(w->v, VERIFY_CHAIN, sql_int(s, 0), where,
	    "one of its digests has %zu bytes instead of %d: it was changed "
	    "after it was stated",
	    len, FACT_HASH_SIZE);
	return NULL;
}

static bool
hand_over(struct walk *w, const struct verify_fact *f, struct err *err)
{
	for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
		if (strcmp(notes[i].kind, f->said.kind) == 0)
			return notes[i].note(w->v, f, err);
	return true;
}

static bool
take(struct walk *w, struct sql_stmt *s, struct err *err)
{
	const struct verify_fact f = {.seq = sql_int(s, 0),
	    .said = {.at = sql_int(s, 1),
		.kind = read_text(w, s, 2),
		.who = read_text(w, s, 3),
		.subject = read_text(w, s, 4),
		.detail = read_text(w, s, 5),
		.body_sha256 = read_digest(w, s, 6),
		.rows_sha256 = read_digest(w, s, 7)}};
	uint8_t hash[FACT_HASH_SIZE] = {0};
	char where[200];
	const void *data;
	size_t len;

	if (f.seq < 1) {
		verify_find(w->v, VERIFY_CHAIN, 0,
		    name_fact(&f, where, sizeof where),
		    "facts are numbered from 1: it was inserted, or given "
		    "another number");
		return true;
	}
	data = sql_blob(s, 8, &len);
	if (len == FACT_HASH_SIZE)
		memcpy(hash, data, len);
	check_link(w, &f, hash);
	note_anchor(w, &f, hash);
	w->v->result->checked[VERIFY_CHAIN]++;
	return hand_over(w, &f, err);
}

bool
verify_chain(struct verify *v, struct err *err)
{
	struct walk w = {.v = v};
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT seq, at, kind, who, subject, detail, body_sha256,"
	    " rows_sha256, hash FROM fact ORDER BY seq",
	    err);
	enum sql_result result = SQL_FAILED;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (!take(&w, s, err)) {
			sql_done(s);
			return false;
		}
	end_doubt(&w, false);
	v->result->head = w.shown;
	return result == SQL_END;
}
