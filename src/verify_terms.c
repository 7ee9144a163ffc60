/*
 * verify_terms.c - rows that facts state in full: accounts, sources, tokens,
 * rates and grants. In: those facts, on the walk, and then the tables. Out: rows
 * that say something else, that nothing states, or that are gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify_part.h"

/* A column and the name that it has in a fact's detail. */
struct term {
	const char *name;
	const char *preset; /* when no fact names it; NULL: then anything */
	bool set;	    /* words between commas, in any order */
};

/* Columns of query: id, subject, created_at, the fact it names (0: none),
 * body, and from FIRST_TERM on one for each term. */
enum {
	FIRST_TERM = 5
};

struct table {
	enum verify_kind kind;
	const char *query;
	const struct term *terms; /* the last one has no name */
};

static const struct term account_terms[] = {
    {"currency", NULL, false},
    {"average", NULL, false},
    {"gap_policy", NULL, false},
    {"max_carry_hours", NULL, false},
    {"rounding", NULL, false},
    {"rounding_mode", NULL, false},
    {"net_days", NULL, false},
    {"period", "month", false},
    {"display_name", NULL, false},
    {"report_to", NULL, false},
    {0},
};

static const struct table accounts = {
    .kind = VERIFY_ACCOUNT,
    .query = "SELECT id, name, created_at, 0, NULL, currency, average,"
	     " gap_policy, max_carry_hours, rounding, rounding_mode, net_days,"
	     " period, display_name, report_to FROM account ORDER BY id",
    .terms = account_terms,
};

static const struct term source_terms[] = {
    {"disabled", "0", false},
    {"accounts", NULL, true},
    {0},
};

static const struct table sources = {
    .kind = VERIFY_SOURCE,
    .query = "SELECT s.id, s.name, s.created_at, 0, NULL, s.disabled,"
	     " (SELECT group_concat(a.name) FROM source_account sa"
	     "   JOIN account a ON a.id = sa.account WHERE sa.source = s.id)"
	     " FROM source s ORDER BY s.id",
    .terms = source_terms,
};

static const struct term token_terms[] = {
    {"role", NULL, false},
    {"source", "", false},
    {"account", "", false},
    {"revoked_at", "", false},
    {0},
};

static const struct table tokens = {
    .kind = VERIFY_TOKEN,
    .query = "SELECT t.id, t.name, t.created_at, 0, t.hash, t.role, s.name,"
	     " a.name, t.revoked_at FROM token t"
	     " LEFT JOIN source s ON s.id = t.source"
	     " LEFT JOIN account a ON a.id = t.account ORDER BY t.id",
    .terms = token_terms,
};

static const struct term rate_terms[] = {
    {"rate", NULL, false},
    {"max_age", NULL, false},
    {"from", NULL, false},
    {0},
};

static const struct table rates = {
    .kind = VERIFY_RATE,
    .query = "SELECT r.id, a.name, r.created_at, r.fact, NULL, r.rate,"
	     " CASE r.max_age WHEN '' THEN 'all' ELSE r.max_age END,"
	     " strftime('%Y-%m-%dT%H:%M:%SZ', r.from_hour * 3600,"
	     "   'unixepoch')"
	     " FROM rate r LEFT JOIN account a ON a.id = r.account"
	     " ORDER BY r.id",
    .terms = rate_terms,
};

static const struct term grant_terms[] = {
    {"grant", NULL, false},
    {"expires_at", NULL, false},
    {"key", NULL, false},
    {"jti", NULL, false},
    {0},
};

/* Its body is a text, of which the fact has the digest. */
static const struct table grants = {
    .kind = VERIFY_GRANT,
    .query = "SELECT g.id, s.name, g.issued_at, 0, g.text, g.id,"
	     " strftime('%Y-%m-%dT%H:%M:%SZ', g.expires_at, 'unixepoch'),"
	     " g.key_id, g.jti FROM license_grant g"
	     " LEFT JOIN source s ON s.id = g.source ORDER BY g.id",
    .terms = grant_terms,
};

/* --- on the walk --- */

static struct verify_stated *
add(struct verify_list *list, const struct verify_fact *f, struct err *err)
{
	size_t cap = list->cap > 0 ? 2 * list->cap : 16;
	struct verify_stated *more, *row;

	if (list->count == list->cap) {
		more = reallocarray(list->rows, cap, sizeof *more);
		if (more == NULL) {
			err_nomem(err);
			return NULL;
		}
		list->rows = more;
		list->cap = cap;
	}
	row = &list->rows[list->count];
	memset(row, 0, sizeof *row);
	row->fact = f->seq;
	row->at = f->said.at;
	row->subject = strdup(f->said.subject);
	if (row->subject == NULL) {
		err_nomem(err);
		return NULL;
	}
	if (f->said.body_sha256 != NULL) {
		memcpy(row->body, f->said.body_sha256, FACT_HASH_SIZE);
		row->has_body = true;
	}
	list->count++;
	return row;
}

static bool
add_detail(struct verify_stated *row, const char *detail, struct err *err)
{
	if (row == NULL)
		return false;
	buf_printf(&row->details, " %s", detail);
	return !row->details.failed || err_nomem(err);
}

bool
verify_note_account(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	return add_detail(add(&v->accounts, f, err), f->said.detail, err);
}

/* A fact that changes what others have made. */
static bool
add_update(struct verify *v, struct verify_list *list, enum verify_kind kind,
    const struct verify_fact *f, struct err *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->rows[i].subject, f->said.subject) == 0)
			return add_detail(&list->rows[i], f->said.detail, err);
	verify_find(v, kind, f->seq, f->said.subject,
	    "fact %lld changes it, but no fact before makes it: that one was "
	    "deleted, or this one inserted",
	    (long long)f->seq);
	return true;
}

bool
verify_note_account_update(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	return add_update(v, &v->accounts, VERIFY_ACCOUNT, f, err);
}

bool
verify_note_source_update(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	return add_update(v, &v->sources, VERIFY_SOURCE, f, err);
}

/* A source comes with its first token. */
bool
verify_note_source(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	struct verify_stated *token;

	if (!add_detail(add(&v->sources, f, err), f->said.detail, err))
		return false;
	token = add(&v->tokens, f, err);
	if (!add_detail(token, "role=source", err))
		return false;
	fact_put(&token->details, "source", f->said.subject);
	return !token->details.failed || err_nomem(err);
}

/* A source's token has the source's name. */
bool
verify_note_token(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	struct verify_stated *token = add(&v->tokens, f, err);
	struct buf role = BUF_INIT;

	if (!add_detail(token, f->said.detail, err))
		return false;
	if (fact_get(f->said.detail, "role", &role) &&
	    strcmp(buf_text(&role), "source") == 0)
		fact_put(&token->details, "source", f->said.subject);
	buf_fini(&role);
	return !token->details.failed || err_nomem(err);
}

bool
verify_note_rate(struct verify *v, const struct verify_fact *f, struct err *err)
{
	return add_detail(add(&v->rates, f, err), f->said.detail, err);
}

bool
verify_note_grant(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	return add_detail(add(&v->grants, f, err), f->said.detail, err);
}

static void
fini_list(struct verify_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->rows[i].subject);
		buf_fini(&list->rows[i].details);
	}
	free(list->rows);
}

void
verify_terms_fini(struct verify *v)
{
	fini_list(&v->accounts);
	fini_list(&v->sources);
	fini_list(&v->tokens);
	fini_list(&v->rates);
	fini_list(&v->grants);
}

/* --- against the tables --- */

static bool
has_word(const char *set, const char *word, size_t len)
{
	size_t n;

	for (; *set != '\0'; set += n + (set[n] == ',')) {
		n = strcspn(set, ",");
		if (n == len && memcmp(set, word, len) == 0)
			return true;
	}
	return false;
}

static bool
has_words(const char *set, const char *words)
{
	size_t n;

	for (; *words != '\0'; words += n + (words[n] == ',')) {
		n = strcspn(words, ",");
		if (!has_word(set, words, n))
			return false;
	}
	return true;
}

/* A row, the facts that state it, and how it is called in a finding. */
struct pair {
	struct verify *v;
	const struct table *table;
	struct sql_stmt *s;
	const struct verify_stated *said;
	char where[120];
};

static void
compare_term(
    const struct pair *p, const struct term *term, int column, struct buf *due)
{
	const char *text;
	bool same;

	if (!fact_get(buf_text(&p->said->details), term->name, due)) {
		if (term->preset == NULL)
			return;
		buf_str(due, term->preset);
	}
	text = buf_text(due);
	same = term->set ? has_words(text, sql_text(p->s, column)) &&
			       has_words(sql_text(p->s, column), text)
			 : verify_same_text(p->s, column, text);
	if (!same)
		verify_find(p->v, p->table->kind, p->said->fact, p->where,
		    "%s is \"%s\", but its facts say \"%s\": %s", term->name,
		    sql_text(p->s, column), text,
		    verify_blame(p->v, p->said->fact));
}

static void
compare_body(const struct pair *p)
{
	size_t len;
	const void *body = sql_blob(p->s, 4, &len);
	uint8_t text_sha256[FACT_HASH_SIZE];

	if (p->table->kind == VERIFY_TOKEN && p->said->has_body &&
	    (len != FACT_HASH_SIZE || memcmp(body, p->said->body, len) != 0))
		verify_find(p->v, p->table->kind, p->said->fact, p->where,
		    "its hash is not the one of fact %lld: the row was changed "
		    "to let another token in",
		    (long long)p->said->fact);
	if (p->table->kind != VERIFY_GRANT || !p->said->has_body)
		return;
	tls_sha256(body, len, text_sha256);
	if (memcmp(text_sha256, p->said->body, FACT_HASH_SIZE) != 0)
		verify_find(p->v, p->table->kind, p->said->fact, p->where,
		    "its text is not the one of fact %lld: %s",
		    (long long)p->said->fact,
		    verify_blame(p->v, p->said->fact));
}

static void
compare(const struct pair *p, struct buf *due)
{
	int64_t fact = sql_int(p->s, 3);

	if (!verify_same_text(p->s, 1, p->said->subject))
		verify_find(p->v, p->table->kind, p->said->fact, p->where,
		    "fact %lld states it for \"%s\": %s",
		    (long long)p->said->fact, p->said->subject,
		    verify_blame(p->v, p->said->fact));
	if (sql_int(p->s, 2) != p->said->at)
		verify_find(p->v, p->table->kind, p->said->fact, p->where,
		    "created_at is not the time of fact %lld: %s",
		    (long long)p->said->fact,
		    verify_blame(p->v, p->said->fact));
	if (fact != 0 && fact != p->said->fact)
		verify_find(p->v, p->table->kind, p->said->fact, p->where,
		    "it names fact %lld, but fact %lld states it: the row was "
		    "changed",
		    (long long)fact, (long long)p->said->fact);
	compare_body(p);
	for (int i = 0; p->table->terms[i].name != NULL; i++)
		compare_term(p, &p->table->terms[i], FIRST_TERM + i, due);
}

static void
find_missing(
    struct verify *v, const struct table *table, const struct verify_list *list)
{
	char where[160];

	for (size_t i = 0; i < list->count; i++) {
		if (list->rows[i].found)
			continue;
		snprintf(where, sizeof where, "%s %zu (%s)",
		    verify_kind_name(table->kind), i + 1,
		    list->rows[i].subject);
		verify_find(v, table->kind, list->rows[i].fact, where,
		    "fact %lld states it, but there is no such row: it was "
		    "deleted, or given another id",
		    (long long)list->rows[i].fact);
	}
}

/* Where facts are missing, a row's number does not lead to its own, but name
 * and time do. */
static struct verify_stated *
find_stated(const struct verify *v, const struct verify_list *list, int64_t id,
    struct sql_stmt *s)
{
	struct verify_stated *said = list->rows;

	if (!v->gaps)
		return id >= 1 && id <= (int64_t)list->count ? said + id - 1
							     : NULL;
	for (size_t i = 0; i < list->count; i++, said++)
		if (!said->found && said->at == sql_int(s, 2) &&
		    verify_same_text(s, 1, said->subject))
			return said;
	return NULL;
}

static bool
check_table(struct verify *v, const struct table *table,
    struct verify_list *list, struct err *err)
{
	struct pair p = {
	    .v = v, .table = table, .s = sql_get(v->db, table->query, err)};
	enum sql_result result = SQL_FAILED;
	struct buf due = BUF_INIT;
	struct verify_stated *said;
	int64_t id;

	while (p.s != NULL && (result = sql_step(p.s, err)) == SQL_ROW) {
		id = sql_int(p.s, 0);
		snprintf(p.where, sizeof p.where, "%s %lld (%s)",
		    verify_kind_name(table->kind), (long long)id,
		    sql_text(p.s, 1));
		v->result->checked[table->kind]++;
		said = find_stated(v, list, id, p.s);
		if (said == NULL) {
			verify_find(v, table->kind, 0, p.where,
			    "no fact states it: the row was inserted, or its "
			    "fact deleted");
			continue;
		}
		said->found = true;
		p.said = said;
		compare(&p, &due);
	}
	if (due.failed)
		v->result->failed = true;
	buf_fini(&due);
	find_missing(v, table, list);
	return result == SQL_END;
}

/* A rate without the number of its fact is older than that column: none that
 * has it comes before. */
static bool
check_rate_facts(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT id FROM rate WHERE fact = 0 AND id >"
	    " (SELECT min(id) FROM rate WHERE fact <> 0) ORDER BY id",
	    err);
	enum sql_result result = SQL_FAILED;
	char where[64];

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		snprintf(
		    where, sizeof where, "rate %lld", (long long)sql_int(s, 0));
		verify_find(v, VERIFY_RATE, 0, where,
		    "it names no fact, though older ones do: the row was "
		    "changed");
	}
	return result == SQL_END;
}

bool
verify_terms(struct verify *v, struct err *err)
{
	return check_table(v, &accounts, &v->accounts, err) &&
	       check_table(v, &sources, &v->sources, err) &&
	       check_table(v, &tokens, &v->tokens, err) &&
	       check_table(v, &rates, &v->rates, err) &&
	       check_table(v, &grants, &v->grants, err) &&
	       check_rate_facts(v, err);
}
