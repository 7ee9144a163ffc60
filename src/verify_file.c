/*
 * verify_file.c - the file itself. In: what SQLite finds in it. Out: findings
 * of the kinds file and link.
 */
#include <stdio.h>
#include <string.h>

#include "verify_part.h"

/* A text of several lines is a finding for each, but for headings. */
static void
add_lines(struct verify *v, const char *text)
{
	char line[400];
	size_t len;

	for (; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len == 0 || text[0] == '*')
			continue;
		snprintf(line, sizeof line, "%.*s", (int)len, text);
		verify_find(v, VERIFY_FILE, 0, "stat.db", "%s", line);
	}
}

/* The quick check leaves out that indexes and tables agree. SQLite stops
 * looking after so many errors. */
bool
verify_file(struct verify *v, struct err *err)
{
	struct sql_stmt *s =
	    v->options.deep
		? sql_get(v->db, "PRAGMA integrity_check(1000)", err)
		: sql_get(v->db, "PRAGMA quick_check(1000)", err);
	enum sql_result result = SQL_FAILED;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (strcmp(sql_text(s, 0), "ok") != 0)
			add_lines(v, sql_text(s, 0));
	v->result->checked[VERIFY_FILE] = 1;
	return result == SQL_END;
}

bool
verify_links(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db, "PRAGMA foreign_key_check", err);
	enum sql_result result = SQL_FAILED;
	char where[160];

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		if (sql_is_null(s, 1))
			snprintf(
			    where, sizeof where, "a row of %s", sql_text(s, 0));
		else
			snprintf(where, sizeof where, "row %lld of %s",
			    (long long)sql_int(s, 1), sql_text(s, 0));
		verify_find(v, VERIFY_LINK, 0, where,
		    "it refers to a row of %s that is not there: one of the "
		    "two was changed or deleted",
		    sql_text(s, 2));
	}
	v->result->checked[VERIFY_LINK] = 1;
	return result == SQL_END;
}
