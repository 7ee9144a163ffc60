/*
 * verify_reports.c - reports. In: the facts that accepted them. Out: rows that
 * say something else, that nothing states, or that are gone.
 */
#include <stdio.h>
#include <string.h>

#include "verify_part.h"

/* What a fact says of a report. */
struct counts {
	int64_t stored, duplicates, quarantined;
	int64_t grant; /* 0: none */
};

static const char who_prefix[] = "source:";

static char *
name_report(const struct verify_fact *f, char *out, size_t size)
{
	snprintf(out, size, "report %s of %s", f->said.subject, f->said.who);
	return out;
}

static void
compare(struct verify *v, const struct verify_fact *f, const char *name,
    int64_t due, int64_t is)
{
	char where[160];

	if (due != is)
		verify_find(v, VERIFY_REPORT, f->seq,
		    name_report(f, where, sizeof where),
		    "%s is %lld, but fact %lld says %lld: %s", name,
		    (long long)is, (long long)f->seq, (long long)due,
		    verify_blame(v, f->seq));
}

/* The row of a report, found by its key. */
static bool
check_row(struct verify *v, const struct verify_fact *f,
    const struct counts *said, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT r.fact, r.stored, r.duplicates, r.quarantined,"
	    " ifnull(r.license_grant, 0)"
	    " FROM source s JOIN report r ON r.source = s.id"
	    " WHERE s.name = ? AND r.report_id = ?",
	    err);
	enum sql_result result;
	struct uuid id = {{0}};
	char where[160];

	if (s == NULL)
		return false;
	(void)uuid_parse(f->said.subject, strlen(f->said.subject), &id);
	sql_bind_text(s, 1, f->said.who + sizeof who_prefix - 1);
	sql_bind_blob(s, 2, id.bytes, UUID_SIZE);
	result = sql_step(s, err);
	if (result == SQL_FAILED)
		return false;
	if (result == SQL_END) {
		verify_find(v, VERIFY_REPORT, f->seq,
		    name_report(f, where, sizeof where),
		    "fact %lld accepted it, but there is no such row: it was "
		    "deleted, or given another source or id; should it come "
		    "again, it would count again",
		    (long long)f->seq);
		return true;
	}
	v->reports++;
	compare(v, f, "fact", f->seq, sql_int(s, 0));
	compare(v, f, "stored", said->stored, sql_int(s, 1));
	compare(v, f, "duplicates", said->duplicates, sql_int(s, 2));
	compare(v, f, "quarantined", said->quarantined, sql_int(s, 3));
	compare(v, f, "license_grant", said->grant, sql_int(s, 4));
	sql_done(s);
	return true;
}

bool
verify_note_report(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	struct counts said;
	char where[160];

	v->last_source = f->seq;
	v->result->checked[VERIFY_REPORT]++;
	if (strncmp(f->said.who, who_prefix, sizeof who_prefix - 1) != 0 ||
	    !verify_get_int(f->said.detail, "stored", &said.stored) ||
	    !verify_get_int(f->said.detail, "duplicates", &said.duplicates) ||
	    !verify_get_int(f->said.detail, "quarantined", &said.quarantined)) {
		verify_find(v, VERIFY_REPORT, f->seq,
		    name_report(f, where, sizeof where),
		    "fact %lld does not say who sent it and what became of "
		    "it, as the program has it: it was changed",
		    (long long)f->seq);
		return true;
	}
	if (!verify_get_int(f->said.detail, "grant", &said.grant))
		said.grant = 0;
	v->with_samples += said.stored > 0;
	if (!check_row(v, f, &said, err))
		return false;
	return said.quarantined == 0 ||
	       verify_count_quarantined(v, f,
		   name_report(f, where, sizeof where), said.quarantined, err);
}

/* Rows that no fact states. */
static bool
find_reports(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT r.report_id, s.name, r.fact FROM report r"
	    " LEFT JOIN source s ON s.id = r.source"
	    " LEFT JOIN fact f ON f.seq = r.fact"
	    "   AND f.kind = 'report.accepted'"
	    " WHERE replace(f.subject, '-', '') IS NOT lower(hex(r.report_id))"
	    "   OR f.who IS NOT 'source:' || s.name",
	    err);
	enum sql_result result = SQL_FAILED;
	char where[160], text[UUID_TEXT_SIZE];
	struct uuid id;
	const void *data;
	size_t len;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		memset(&id, 0, sizeof id);
		data = sql_blob(s, 0, &len);
		if (len == UUID_SIZE)
			memcpy(id.bytes, data, len);
		snprintf(where, sizeof where, "report %s of source:%s",
		    uuid_format(&id, text), sql_text(s, 1));
		verify_find(v, VERIFY_REPORT, sql_int(s, 2), where,
		    "it names fact %lld, which did not accept it: the row was "
		    "inserted or changed, or its fact deleted",
		    (long long)sql_int(s, 2));
	}
	return result == SQL_END;
}

bool
verify_reports(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db, "SELECT count(*) FROM report", err);
	int64_t count;

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	count = sql_int(s, 0);
	sql_done(s);
	return count == v->reports || find_reports(v, err);
}
