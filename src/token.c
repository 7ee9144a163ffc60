/*
 * token.c - bearer tokens. In: a token's text. Out: who holds it. Owns the
 * table token, which knows only hashes.
 */
#include <stdio.h>
#include <string.h>

#include "lib/uuid.h"
#include "token.h"

enum {
	RANDOM_BYTES = 32
};

static const char *const roles[] = {
    [TOKEN_NOBODY] = "nobody",
    [TOKEN_SOURCE] = "source",
    [TOKEN_READER] = "reader",
    [TOKEN_OPERATOR] = "operator",
};

const char *
token_role_name(enum token_role role)
{
	return roles[role];
}

static bool
make_text(const char *given, char text[TOKEN_TEXT_SIZE], struct err *err)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t bytes[RANDOM_BYTES];
	struct uuid uuid;
	char *p = text;

	if (given != NULL) {
		if (!uuid_parse(given, strlen(given), &uuid))
			return err_set(err, ERR_INPUT,
			    "a token that is entered by hand is a UUID");
		uuid_format(&uuid, text);
		return true;
	}
	if (!tls_random(bytes, sizeof bytes, err))
		return false;
	memcpy(p, "ffs_", 4);
	p += 4;
	for (size_t i = 0; i < sizeof bytes; i++) {
		*p++ = hex[bytes[i] >> 4];
		*p++ = hex[bytes[i] & 15];
	}
	*p = '\0';
	tls_wipe(bytes, sizeof bytes);
	return true;
}

static bool
check_count(struct sql *db, int64_t source, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT count(*) FROM token"
	    " WHERE source = ? AND revoked_at IS NULL",
	    err);
	int64_t count;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	count = sql_int(s, 0);
	sql_done(s);
	return count < TOKEN_MAX_PER_SOURCE ||
	       err_set(err, ERR_INPUT,
		   "the source has %d live tokens already; revoke one first",
		   TOKEN_MAX_PER_SOURCE);
}

bool
token_create(struct sql *db, const struct token_spec *spec, int64_t now,
    char text[TOKEN_TEXT_SIZE], struct err *err)
{
	uint8_t hash[TLS_SHA256_BYTES];
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO token (name, hash, role, source, account, created_at)"
	    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
	    err);

	if (s == NULL || !make_text(spec->given, text, err))
		return false;
	if (spec->source != 0 && !check_count(db, spec->source, err))
		return false;
	tls_sha256(text, strlen(text), hash);
	sql_bind_text(s, 1, spec->name);
	sql_bind_blob(s, 2, hash, sizeof hash);
	sql_bind_text(s, 3, roles[spec->role]);
	if (spec->source != 0)
		sql_bind_int(s, 4, spec->source);
	if (spec->account != 0)
		sql_bind_int(s, 5, spec->account);
	sql_bind_int(s, 6, now);
	if (!sql_run(s, err))
		return false;
	return sql_changes(db) == 1 ||
	       err_set(err, ERR_INPUT, "this token is in use already");
}

static enum token_role
parse_role(const char *word)
{
	for (enum token_role r = TOKEN_SOURCE; r <= TOKEN_OPERATOR; r++)
		if (strcmp(word, roles[r]) == 0)
			return r;
	return TOKEN_NOBODY;
}

static void
read_holder(struct sql_stmt *s, struct token_holder *out)
{
	out->token = sql_int(s, 0);
	out->role = parse_role(sql_text(s, 2));
	out->source = sql_int(s, 3);
	out->account = sql_int(s, 4);
	out->disabled = sql_int(s, 5) != 0;
}

static bool
load(struct sql *db, const uint8_t hash[TLS_SHA256_BYTES],
    struct token_holder *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT t.id, t.hash, t.role, t.source, t.account, s.disabled"
	    " FROM token t LEFT JOIN source s ON s.id = t.source"
	    " WHERE t.hash = ? AND t.revoked_at IS NULL",
	    err);
	enum sql_result result;
	const void *kept;
	size_t len;

	if (s == NULL)
		return false;
	sql_bind_blob(s, 1, hash, TLS_SHA256_BYTES);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END;
	kept = sql_blob(s, 1, &len);
	if (len == TLS_SHA256_BYTES && tls_equal(kept, hash, len))
		read_holder(s, out);
	sql_done(s);
	return true;
}

bool
token_load(struct sql *db, int64_t token, struct token_holder *out,
    uint8_t hash[TLS_SHA256_BYTES], struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT t.id, t.hash, t.role, t.source, t.account, s.disabled"
	    " FROM token t LEFT JOIN source s ON s.id = t.source"
	    " WHERE t.id = ? AND t.revoked_at IS NULL",
	    err);
	enum sql_result result;
	const void *kept;
	size_t len;

	memset(out, 0, sizeof *out);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, token);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END;
	kept = sql_blob(s, 1, &len);
	if (len == TLS_SHA256_BYTES) {
		memcpy(hash, kept, len);
		read_holder(s, out);
	}
	sql_done(s);
	return true;
}

/* While a transaction is open nobody else can write. */
static void
check_age(struct sql *db, struct token_cache *cache)
{
	int64_t version;

	if (sql_in_transaction(db))
		return;
	version = sql_data_version(db);
	if (version != cache->data_version) {
		memset(cache, 0, sizeof *cache);
		cache->data_version = version;
	}
}

bool
token_find(struct sql *db, struct token_cache *cache, const char *text,
    struct token_holder *out, struct err *err)
{
	uint8_t hash[TLS_SHA256_BYTES];
	char lower[UUID_TEXT_SIZE];
	struct uuid uuid;
	size_t slot;

	memset(out, 0, sizeof *out);
	/* A UUID is the same token in either case. */
	if (uuid_parse(text, strlen(text), &uuid))
		text = uuid_format(&uuid, lower);
	tls_sha256(text, strlen(text), hash);
	if (cache == NULL)
		return load(db, hash, out, err);
	check_age(db, cache);
	slot = hash[0] % TOKEN_CACHE_SLOTS;
	if (cache->slots[slot].holder.role != TOKEN_NOBODY &&
	    tls_equal(cache->slots[slot].hash, hash, sizeof hash)) {
		*out = cache->slots[slot].holder;
		return true;
	}
	if (!load(db, hash, out, err))
		return false;
	if (out->role != TOKEN_NOBODY) {
		memcpy(cache->slots[slot].hash, hash, sizeof hash);
		cache->slots[slot].holder = *out;
	}
	return true;
}

bool
token_load_name(
    struct sql *db, int64_t token, char name[TOKEN_NAME_SIZE], struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT name FROM token WHERE id = ?", err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, token);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_BROKEN,
		    "the database has no token row %lld", (long long)token);
	if (result == SQL_FAILED)
		return false;
	snprintf(name, TOKEN_NAME_SIZE, "%s", sql_text(s, 0));
	sql_done(s);
	return true;
}

bool
token_used(struct sql *db, int64_t token, int64_t now, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE token SET last_used_at = ?1 WHERE id = ?2"
	    " AND (last_used_at IS NULL OR last_used_at <= ?1 - ?3)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, now);
	sql_bind_int(s, 2, token);
	sql_bind_int(s, 3, TOKEN_USE_STEP_SECS);
	return sql_run(s, err);
}

bool
token_each(struct sql *db, token_fn *each, void *ctx, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT t.id, t.name, t.role, ifnull(s.name, ''),"
	    " ifnull(a.name, ''), t.created_at, ifnull(t.revoked_at, 0),"
	    " ifnull(t.last_used_at, 0)"
	    " FROM token t LEFT JOIN source s ON s.id = t.source"
	    " LEFT JOIN account a ON a.id = t.account ORDER BY t.id",
	    err);
	enum sql_result result = SQL_FAILED;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		struct token_row row = {
		    .id = sql_int(s, 0),
		    .name = sql_text(s, 1),
		    .role = sql_text(s, 2),
		    .source = sql_text(s, 3),
		    .account = sql_text(s, 4),
		    .created_at = sql_int(s, 5),
		    .revoked_at = sql_int(s, 6),
		    .last_used_at = sql_int(s, 7),
		};

		if (!each(ctx, &row, err)) {
			sql_done(s);
			return false;
		}
	}
	return result == SQL_END;
}
