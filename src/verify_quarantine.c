/*
 * verify_quarantine.c - samples that were set aside. In: the facts that set
 * them aside and settled them. Out: rows that say something else, that nothing
 * states, or that are gone.
 */
#include <stdio.h>
#include <string.h>

#include "verify_part.h"

/* Without a fact (0) the literal has no parameter. */
static bool
count(struct verify *v, const char *literal, int64_t fact, int64_t *out,
    struct err *err)
{
	struct sql_stmt *s = sql_get(v->db, literal, err);

	if (s == NULL)
		return false;
	if (fact != 0)
		sql_bind_int(s, 1, fact);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*out = sql_int(s, 0);
	sql_done(s);
	return true;
}

bool
verify_count_quarantined(struct verify *v, const struct verify_fact *f,
    const char *where, int64_t due, struct err *err)
{
	int64_t is;

	if (!count(v, "SELECT count(*) FROM quarantine WHERE fact = ?", f->seq,
		&is, err))
		return false;
	v->quarantined += is;
	if (is != due)
		verify_find(v, VERIFY_QUARANTINE, f->seq, where,
		    "fact %lld says that %lld of its samples were set aside, "
		    "but there are %lld: rows were %s",
		    (long long)f->seq, (long long)due, (long long)is,
		    is < due ? "deleted or changed" : "inserted or changed");
	return true;
}

/* --- facts of single rows --- */

/* A fact, the row that it is about, and how that is called. */
struct pair {
	struct verify *v;
	const struct verify_fact *f;
	struct sql_stmt *s;
	char where[64];
};

/* Columns of the row. */
enum {
	ROW_FACT,
	ROW_POSITION,
	ROW_VOLUME,
	ROW_ACCOUNT,
	ROW_REASON,
	ROW_BODY,
	ROW_STATE,
	ROW_SETTLED,
};

static void
find_other(const struct pair *p, const char *what)
{
	verify_find(p->v, VERIFY_QUARANTINE, p->f->seq, p->where,
	    "%s is not what fact %lld says: %s", what, (long long)p->f->seq,
	    verify_blame(p->v, p->f->seq));
}

static void
compare_int(const struct pair *p, const char *name, int column)
{
	int64_t due;

	if (!verify_get_int(p->f->said.detail, name, &due) ||
	    due != sql_int(p->s, column))
		find_other(p, name);
}

static void
compare_text(const struct pair *p, const char *name, int column)
{
	struct buf due = BUF_INIT;

	if (fact_get(p->f->said.detail, name, &due) &&
	    !verify_same_text(p->s, column, buf_text(&due)))
		find_other(p, name);
	buf_fini(&due);
}

/* Which sample it is, and what was sent. */
static void
compare_sample(const struct pair *p)
{
	uint8_t digest[FACT_HASH_SIZE];
	const void *uuid, *body;
	struct uuid due;
	size_t len;

	uuid = sql_blob(p->s, ROW_VOLUME, &len);
	if (!uuid_parse(p->f->said.subject, strlen(p->f->said.subject), &due) ||
	    len != UUID_SIZE || memcmp(uuid, due.bytes, len) != 0)
		find_other(p, "volume_id");
	body = sql_blob(p->s, ROW_BODY, &len);
	tls_hash_reset(p->v->hash);
	tls_hash_add(p->v->hash, body, len);
	tls_hash_final(p->v->hash, digest);
	if (p->f->said.body_sha256 == NULL ||
	    memcmp(digest, p->f->said.body_sha256, sizeof digest) != 0)
		find_other(p, "body");
}

/* Finds the row of a fact; without one there is a finding, and p->s is
 * NULL. */
static bool
load(struct pair *p, struct verify *v, const struct verify_fact *f,
    struct err *err)
{
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT q.fact, q.position, q.volume_id, a.name, q.reason, q.body,"
	    " q.state, ifnull(q.settled_fact, 0) FROM quarantine q"
	    " LEFT JOIN account a ON a.id = q.account WHERE q.id = ?",
	    err);
	enum sql_result result;
	int64_t id = 0;

	if (s == NULL)
		return false;
	*p = (struct pair){.v = v, .f = f};
	(void)verify_get_int(f->said.detail, "quarantine", &id);
	snprintf(p->where, sizeof p->where, "quarantine %lld", (long long)id);
	sql_bind_int(s, 1, id);
	result = sql_step(s, err);
	if (result == SQL_ROW)
		p->s = s;
	else if (result == SQL_END)
		verify_find(v, VERIFY_QUARANTINE, f->seq, p->where,
		    "fact %lld is about it, but there is no such row: it was "
		    "deleted, or given another id",
		    (long long)f->seq);
	return result != SQL_FAILED;
}

bool
verify_note_quarantined(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	struct pair p;

	if (!load(&p, v, f, err))
		return false;
	if (p.s == NULL)
		return true;
	if (sql_int(p.s, ROW_FACT) != v->last_source)
		find_other(&p, "the report");
	compare_int(&p, "position", ROW_POSITION);
	compare_text(&p, "account", ROW_ACCOUNT);
	compare_text(&p, "reason", ROW_REASON);
	compare_sample(&p);
	sql_done(p.s);
	return true;
}

static bool
note_settled(struct verify *v, const struct verify_fact *f, const char *state,
    struct err *err)
{
	struct pair p;

	v->settled++;
	if (!load(&p, v, f, err))
		return false;
	if (p.s == NULL)
		return true;
	if (!verify_same_text(p.s, ROW_STATE, state) ||
	    sql_int(p.s, ROW_SETTLED) != f->seq)
		find_other(&p, "how it was settled");
	compare_sample(&p);
	sql_done(p.s);
	return true;
}

/* A release stores the sample, unless it was there. */
bool
verify_note_released(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	int64_t stored = 0;

	v->last_source = f->seq;
	(void)verify_get_int(f->said.detail, "stored", &stored);
	v->with_samples += stored > 0;
	return note_settled(v, f, "released", err);
}

bool
verify_note_discarded(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	return note_settled(v, f, "discarded", err);
}

/* --- rows that no fact states --- */

static bool
find_inserted(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT q.id, q.fact FROM quarantine q"
	    " LEFT JOIN fact f ON f.seq = q.fact"
	    "   AND f.kind = 'report.accepted'"
	    " WHERE f.seq IS NULL OR f.detail LIKE '%quarantined=0' ORDER BY 1",
	    err);
	enum sql_result result = SQL_FAILED;
	char where[64];

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		snprintf(where, sizeof where, "quarantine %lld",
		    (long long)sql_int(s, 0));
		verify_find(v, VERIFY_QUARANTINE, sql_int(s, 1), where,
		    "it names fact %lld, which set nothing aside: the row was "
		    "inserted or changed, or its fact deleted",
		    (long long)sql_int(s, 1));
	}
	return result == SQL_END;
}

/* What is settled names the fact that says so; what is open names none. */
static bool
find_settled(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT q.id, q.state FROM quarantine q LEFT JOIN fact f"
	    " ON f.seq = q.settled_fact AND f.kind = 'sample.' || q.state"
	    " WHERE (q.state <> 'open' OR q.settled_fact IS NOT NULL)"
	    " AND (f.seq IS NULL OR"
	    "   f.detail NOT LIKE 'quarantine=' || q.id || ' %') ORDER BY 1",
	    err);
	enum sql_result result = SQL_FAILED;
	char where[64];

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		snprintf(where, sizeof where, "quarantine %lld",
		    (long long)sql_int(s, 0));
		verify_find(v, VERIFY_QUARANTINE, 0, where,
		    "it is marked as %s, but the fact that it names does not "
		    "say so: the row was changed",
		    sql_text(s, 1));
	}
	return result == SQL_END;
}

bool
verify_quarantine(struct verify *v, struct err *err)
{
	int64_t all, settled;

	if (!count(v, "SELECT count(*) FROM quarantine", 0, &all, err) ||
	    !count(v,
		"SELECT count(*) FROM quarantine"
		" WHERE state <> 'open' OR settled_fact IS NOT NULL",
		0, &settled, err))
		return false;
	v->result->checked[VERIFY_QUARANTINE] = all;
	return (all == v->quarantined || find_inserted(v, err)) &&
	       (settled == v->settled || find_settled(v, err));
}
