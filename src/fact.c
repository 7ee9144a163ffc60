/*
 * fact.c - the hash chain of fact.h. In: what happened. Out: a row, and the
 * chain's new head. Owns the table fact; nothing ever updates or deletes it.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fact.h"

/* The bytes that are hashed, as fact.h lists them; too small a buffer for a
 * long text is hashed in parts. */
struct bytes {
	struct tls_hash *hash;
	size_t len;
	uint8_t data[512];
};

static void
put(struct bytes *b, const void *data, size_t len)
{
	if (len > sizeof b->data - b->len) {
		tls_hash_add(b->hash, b->data, b->len);
		b->len = 0;
	}
	if (len > sizeof b->data) {
		tls_hash_add(b->hash, data, len);
		return;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void
put_number(struct bytes *b, uint64_t value, size_t size)
{
	uint8_t le[8];

	for (size_t i = 0; i < size; i++)
		le[i] = (uint8_t)(value >> (8 * i));
	put(b, le, size);
}

static void
put_text(struct bytes *b, const char *text)
{
	size_t len = strlen(text);

	put_number(b, len, 4);
	put(b, text, len);
}

static void
put_digest(struct bytes *b, const uint8_t *digest)
{
	put_number(b, digest != NULL, 1);
	if (digest != NULL)
		put(b, digest, FACT_HASH_SIZE);
}

void
fact_chain(
    struct tls_hash *hash, const struct fact *fact, struct fact_head *head)
{
	struct bytes b = {.hash = hash, .len = 0};

	head->seq++;
	tls_hash_reset(hash);
	put(&b, head->hash, FACT_HASH_SIZE);
	put_number(&b, (uint64_t)head->seq, 8);
	put_number(&b, (uint64_t)fact->at, 8);
	put_text(&b, fact->kind);
	put_text(&b, fact->who);
	put_text(&b, fact->subject);
	put_text(&b, fact->detail);
	put_digest(&b, fact->body_sha256);
	put_digest(&b, fact->rows_sha256);
	tls_hash_add(hash, b.data, b.len);
	tls_hash_final(hash, head->hash);
}

static bool
read_head(struct sql_stmt *s, struct fact_head *head, struct err *err)
{
	enum sql_result result;
	const void *hash;
	size_t len;

	memset(head, 0, sizeof *head);
	if (s == NULL || (result = sql_step(s, err)) == SQL_FAILED)
		return false;
	if (result == SQL_END)
		return true;
	head->seq = sql_int(s, 0);
	hash = sql_blob(s, 1, &len);
	if (len == FACT_HASH_SIZE)
		memcpy(head->hash, hash, len);
	sql_done(s);
	return len == FACT_HASH_SIZE ||
	       err_set(err, ERR_BROKEN, "fact %lld of the ledger is damaged",
		   (long long)head->seq);
}

bool
fact_load_head(struct sql *db, struct fact_head *head, struct err *err)
{
	return read_head(
	    sql_get(db, "SELECT seq, hash FROM fact ORDER BY seq DESC LIMIT 1",
		err),
	    head, err);
}

/* Few facts are younger than an instant that is asked for, and a clock may
 * have been wrong: so backwards, by number. */
bool
fact_load_head_before(
    struct sql *db, int64_t at, struct fact_head *head, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT seq, hash FROM fact WHERE at < ?"
	    " ORDER BY seq DESC LIMIT 1",
	    err);

	if (s != NULL)
		sql_bind_int(s, 1, at);
	return read_head(s, head, err);
}

bool
fact_load_origin(struct sql *db, char out[FACT_ORIGIN_SIZE], struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT lower(hex(substr(hash, 1, 8))) FROM fact"
	    " ORDER BY seq LIMIT 1",
	    err);
	enum sql_result result;

	if (s == NULL || (result = sql_step(s, err)) == SQL_FAILED)
		return false;
	if (result == SQL_END)
		return err_set(err, ERR_BROKEN, "the ledger is empty");
	snprintf(out, FACT_ORIGIN_SIZE, "%s", sql_text(s, 0));
	sql_done(s);
	return true;
}

static void
bind_digest(struct sql_stmt *s, int n, const uint8_t *digest)
{
	if (digest != NULL)
		sql_bind_blob(s, n, digest, FACT_HASH_SIZE);
}

bool
fact_append(struct sql *db, struct tls_hash *hash, struct fact_head *head,
    const struct fact *fact, struct err *err)
{
	struct fact_head next = *head;
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO fact (seq, at, kind, who, subject, detail,"
	    " body_sha256, rows_sha256, hash)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    err);

	if (s == NULL)
		return false;
	fact_chain(hash, fact, &next);
	sql_bind_int(s, 1, next.seq);
	sql_bind_int(s, 2, fact->at);
	sql_bind_text(s, 3, fact->kind);
	sql_bind_text(s, 4, fact->who);
	sql_bind_text(s, 5, fact->subject);
	sql_bind_text(s, 6, fact->detail);
	bind_digest(s, 7, fact->body_sha256);
	bind_digest(s, 8, fact->rows_sha256);
	sql_bind_blob(s, 9, next.hash, FACT_HASH_SIZE);
	if (!sql_run(s, err))
		return false;
	*head = next;
	return true;
}

bool
fact_add(struct sql *db, const struct fact *fact, int64_t *seq, struct err *err)
{
	struct tls_hash *hash = tls_hash_new(err);
	struct fact_head head;
	bool ok;

	if (hash == NULL)
		return false;
	ok = fact_load_head(db, &head, err) &&
	     fact_append(db, hash, &head, fact, err);
	tls_hash_free(hash);
	if (seq != NULL)
		*seq = head.seq;
	return ok;
}

/* NULL for a column that has none, or is damaged. */
static const uint8_t *
read_digest(struct sql_stmt *s, int column)
{
	size_t len;
	const void *digest = sql_blob(s, column, &len);

	return len == FACT_HASH_SIZE ? digest : NULL;
}

bool
fact_read(
    struct sql *db, int64_t seq, fact_fn *each, void *ctx, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT at, kind, who, subject, detail, body_sha256, rows_sha256,"
	    " hash FROM fact WHERE seq = ?",
	    err);
	struct fact_head head = {.seq = seq};
	struct fact fact;
	enum sql_result result;
	bool ok;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, seq);
	result = sql_step(s, err);
	if (result == SQL_FAILED)
		return false;
	if (result == SQL_END)
		return err_set(err, ERR_BROKEN,
		    "fact %lld of the ledger is gone", (long long)seq);
	fact = (struct fact){.at = sql_int(s, 0),
	    .kind = sql_text(s, 1),
	    .who = sql_text(s, 2),
	    .subject = sql_text(s, 3),
	    .detail = sql_text(s, 4),
	    .body_sha256 = read_digest(s, 5),
	    .rows_sha256 = read_digest(s, 6)};
	if (read_digest(s, 7) != NULL)
		memcpy(head.hash, read_digest(s, 7), FACT_HASH_SIZE);
	ok = each(ctx, &fact, &head, err);
	sql_done(s);
	return ok;
}

/* --- pairs --- */

void
fact_put(struct buf *detail, const char *name, const char *value)
{
	bool quoted = value[0] == '\0' || strpbrk(value, " \"\\") != NULL;

	buf_printf(detail, "%s%s=", detail->len > 0 ? " " : "", name);
	if (!quoted) {
		buf_str(detail, value);
		return;
	}
	buf_char(detail, '"');
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_char(detail, '\\');
		buf_char(detail, *p);
	}
	buf_char(detail, '"');
}

void
fact_put_int(struct buf *detail, const char *name, int64_t value)
{
	buf_printf(detail, "%s%s=%lld", detail->len > 0 ? " " : "", name,
	    (long long)value);
}

/* Reads a value into out, if there is one, and returns its end. */
static const char *
read_value(const char *p, struct buf *out)
{
	bool quoted = *p == '"';

	for (p += quoted; *p != '\0' && *p != (quoted ? '"' : ' '); p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		if (out != NULL)
			buf_char(out, *p);
	}
	return p + (quoted && *p == '"');
}

bool
fact_get(const char *detail, const char *name, struct buf *value)
{
	size_t len = strlen(name), word;
	bool found = false, mine;

	buf_clear(value);
	for (const char *p = detail; *p != '\0';) {
		p += strspn(p, " ");
		word = strcspn(p, "= ");
		mine = word == len && memcmp(p, name, len) == 0;
		p += word;
		if (*p != '=')
			continue;
		if (mine)
			buf_clear(value);
		found = found || mine;
		p = read_value(p + 1, mine ? value : NULL);
	}
	return found && !value->failed;
}

char *
fact_format_head(
    const uint8_t hash[FACT_HASH_SIZE], char out[FACT_HEAD_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	char *p = out + snprintf(out, FACT_HEAD_TEXT_SIZE, "sha256:");

	for (int i = 0; i < FACT_HASH_SIZE; i++) {
		*p++ = hex[hash[i] >> 4];
		*p++ = hex[hash[i] & 15];
	}
	*p = '\0';
	return out;
}

char *
fact_operator(char *out, size_t size)
{
	const struct passwd *user = getpwuid(getuid());

	if (user != NULL)
		snprintf(out, size, "operator:%s", user->pw_name);
	else
		snprintf(out, size, "operator:uid %ld", (long)getuid());
	return out;
}
