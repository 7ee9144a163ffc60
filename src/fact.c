/*
 * fact.c - the hash chain of fact.h. In: what happened. Out: a row, and the
 * chain's new head. Owns the table fact; nothing ever updates or deletes it.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fact.h"

static void
add_le64(struct tls_hash *hash, int64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)((uint64_t)value >> (8 * i));
	tls_hash_add(hash, bytes, sizeof bytes);
}

static void
add_text(struct tls_hash *hash, const char *text)
{
	size_t len = strlen(text);
	uint8_t bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(len >> (8 * i));
	tls_hash_add(hash, bytes, sizeof bytes);
	tls_hash_add(hash, text, len);
}

static void
add_digest(struct tls_hash *hash, const uint8_t *digest)
{
	uint8_t present = digest != NULL;

	tls_hash_add(hash, &present, 1);
	if (present)
		tls_hash_add(hash, digest, FACT_HASH_SIZE);
}

static void
chain(struct tls_hash *hash, const struct fact *fact, struct fact_head *head)
{
	head->seq++;
	tls_hash_reset(hash);
	tls_hash_add(hash, head->hash, FACT_HASH_SIZE);
	add_le64(hash, head->seq);
	add_le64(hash, fact->at);
	add_text(hash, fact->kind);
	add_text(hash, fact->who);
	add_text(hash, fact->subject);
	add_text(hash, fact->detail);
	add_digest(hash, fact->body_sha256);
	add_digest(hash, fact->rows_sha256);
	tls_hash_final(hash, head->hash);
}

bool
fact_load_head(struct sql *db, struct fact_head *head, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "SELECT seq, hash FROM fact ORDER BY seq DESC LIMIT 1", err);
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
	       err_set(err, ERR_BROKEN,
		   "the ledger's last fact (%lld) is damaged",
		   (long long)head->seq);
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
	chain(hash, fact, &next);
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
fact_add(struct sql *db, const struct fact *fact, struct err *err)
{
	struct tls_hash *hash = tls_hash_new(err);
	struct fact_head head;
	bool ok;

	if (hash == NULL)
		return false;
	ok = fact_load_head(db, &head, err) &&
	     fact_append(db, hash, &head, fact, err);
	tls_hash_free(hash);
	return ok;
}

char *
fact_format_head(
    const uint8_t hash[FACT_HASH_SIZE], char out[FACT_HEAD_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	char *p = out + 7;

	memcpy(out, "sha256:", 7);
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
