/*
 * grant.c - the licenses of grant.h. In: a key, a source, a time. Out: signed
 * texts, each with its row and its fact. Owns the table license_grant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grant.h"
#include "lib/json.h"
#include "lib/utc.h"

static const char issuer[] = "stat.flexfs";

void
grant_fini(struct grant *grant)
{
	free(grant->text);
	memset(grant, 0, sizeof *grant);
}

bool
grant_signer_present(const struct grant_signer *signer)
{
	return signer != NULL && signer->key != NULL;
}

bool
grant_check_expiry(int64_t now, int64_t expires_at, struct err *err)
{
	char earliest[UTC_TEXT_SIZE], latest[UTC_TEXT_SIZE];

	return (expires_at >= now + GRANT_MIN_SECS &&
		   expires_at <= now + GRANT_MAX_SECS) ||
	       err_set(err, ERR_INPUT,
		   "a grant ends between 1 day and 2 years from now, %s to %s",
		   utc_format(now + GRANT_MIN_SECS, earliest),
		   utc_format(now + GRANT_MAX_SECS, latest));
}

/* --- signing --- */

/* A random UUID (RFC 9562, version 4). */
static bool
make_jti(char out[UUID_TEXT_SIZE], struct err *err)
{
	struct uuid id;

	if (!tls_random(id.bytes, sizeof id.bytes, err))
		return false;
	id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40);
	id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
	uuid_format(&id, out);
	return true;
}

static bool
sign(const struct jws_key *key, struct grant *grant, struct err *err)
{
	struct buf payload = BUF_INIT, text = BUF_INIT;
	struct json_writer w;
	bool ok;

	json_write(&w, &payload, JSON_COMPACT);
	json_put_object(&w, NULL);
	json_put_string(&w, "iss", issuer);
	json_put_string(&w, "sub", grant->source);
	json_put_string(&w, "source", grant->source);
	json_put_int(&w, "iat", grant->issued_at);
	json_put_int(&w, "exp", grant->expires_at);
	json_put_string(&w, "jti", grant->jti);
	json_put_end(&w);
	ok = (!payload.failed || err_nomem(err)) &&
	     jws_sign(key, buf_text(&payload), payload.len, &text, err);
	if (ok) {
		grant->text = buf_take(&text);
		ok = grant->text != NULL || err_nomem(err);
	}
	buf_fini(&text);
	buf_fini(&payload);
	return ok;
}

static bool
insert(struct sql *db, int64_t source, struct grant *grant, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO license_grant (source, issued_at, expires_at, key_id,"
	    " jti, text) VALUES (?, ?, ?, ?, ?, ?)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	sql_bind_int(s, 2, grant->issued_at);
	sql_bind_int(s, 3, grant->expires_at);
	sql_bind_text(s, 4, grant->key_id);
	sql_bind_text(s, 5, grant->jti);
	sql_bind_text(s, 6, grant->text);
	if (!sql_run(s, err))
		return false;
	grant->id = sql_last_row(db);
	return true;
}

/* Inside the caller's transaction. */
static bool
add(struct sql *db, const struct jws_key *key, const struct source *source,
    int64_t now, int64_t expires_at, struct grant *out, struct err *err)
{
	snprintf(out->source, sizeof out->source, "%s", source->name);
	snprintf(out->key_id, sizeof out->key_id, "%s", jws_key_id(key));
	out->issued_at = now;
	out->expires_at = expires_at;
	if (make_jti(out->jti, err) && sign(key, out, err) &&
	    insert(db, source->id, out, err))
		return true;
	grant_fini(out);
	return false;
}

bool
grant_find(struct sql *db, const struct grant_signer *signer,
    const struct source *source, int64_t now, struct grant *out, bool *found,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT id, issued_at, expires_at, key_id, jti, text"
	    " FROM license_grant"
	    " WHERE source = ?1 AND key_id = ?2 AND issued_at <= ?3"
	    " AND issued_at > ?3 - ?4 AND expires_at = issued_at + ?5"
	    " ORDER BY id DESC LIMIT 1",
	    err);
	enum sql_result result;

	*found = false;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source->id);
	sql_bind_text(s, 2, jws_key_id(signer->key));
	sql_bind_int(s, 3, now);
	sql_bind_int(s, 4, signer->life_secs / GRANT_REUSE_PART);
	sql_bind_int(s, 5, signer->life_secs);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END;
	snprintf(out->source, sizeof out->source, "%s", source->name);
	out->id = sql_int(s, 0);
	out->issued_at = sql_int(s, 1);
	out->expires_at = sql_int(s, 2);
	snprintf(out->key_id, sizeof out->key_id, "%s", sql_text(s, 3));
	snprintf(out->jti, sizeof out->jti, "%s", sql_text(s, 4));
	out->text = strdup(sql_text(s, 5));
	sql_done(s);
	*found = out->text != NULL;
	return *found || err_nomem(err);
}

bool
grant_provide(struct sql *db, const struct grant_signer *signer,
    const struct source *source, int64_t now, struct grant *out, bool *is_new,
    struct err *err)
{
	bool found;

	*is_new = false;
	if (!grant_find(db, signer, source, now, out, &found, err))
		return false;
	if (found)
		return true;
	*is_new = add(
	    db, signer->key, source, now, now + signer->life_secs, out, err);
	return *is_new;
}

bool
grant_state(struct sql *db, struct tls_hash *hash, struct fact_head *head,
    const struct grant *grant, const char *who, struct err *err)
{
	uint8_t text_sha256[FACT_HASH_SIZE];
	char until[UTC_TEXT_SIZE];
	struct buf detail = BUF_INIT;
	struct fact fact = {.at = grant->issued_at,
	    .kind = "grant.signed",
	    .who = who,
	    .subject = grant->source,
	    .body_sha256 = text_sha256};
	bool ok;

	tls_sha256(grant->text, strlen(grant->text), text_sha256);
	fact_put_int(&detail, "grant", grant->id);
	fact_put(&detail, "expires_at", utc_format(grant->expires_at, until));
	fact_put(&detail, "key", grant->key_id);
	fact_put(&detail, "jti", grant->jti);
	fact.detail = buf_text(&detail);
	ok = detail.failed ? err_nomem(err)
			   : fact_append(db, hash, head, &fact, err);
	buf_fini(&detail);
	return ok;
}

/* The row and its fact are one transaction. */
static bool
add_and_state(struct sql *db, const struct jws_key *key,
    const struct source *source, int64_t expires_at, const char *who,
    int64_t now, struct grant *out, struct err *err)
{
	struct tls_hash *hash = tls_hash_new(err);
	struct fact_head head;
	bool ok;

	if (hash == NULL || !sql_begin(db, err)) {
		tls_hash_free(hash);
		return false;
	}
	ok = add(db, key, source, now, expires_at, out, err) &&
	     fact_load_head(db, &head, err) &&
	     grant_state(db, hash, &head, out, who, err) && sql_commit(db, err);
	if (!ok) {
		sql_rollback(db);
		grant_fini(out);
	}
	tls_hash_free(hash);
	return ok;
}

bool
grant_create(struct sql *db, const struct jws_key *key,
    const struct source *source, int64_t expires_at, const char *who,
    int64_t now, struct grant *out, struct err *err)
{
	if (source->disabled)
		return err_set(err, ERR_INPUT, "the source %s is switched off",
		    source->name);
	return grant_check_expiry(now, expires_at, err) &&
	       add_and_state(db, key, source, expires_at, who, now, out, err);
}

bool
grant_last_expiry(struct sql *db, int64_t source, int64_t *at, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT ifnull(max(expires_at), 0) FROM license_grant"
	    " WHERE source = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*at = sql_int(s, 0);
	sql_done(s);
	return true;
}

bool
grant_ending(
    struct sql *db, int64_t source, int64_t now, int64_t *at, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT expires_at, (expires_at - issued_at) / 2"
	    " FROM license_grant WHERE source = ?"
	    " ORDER BY expires_at DESC, id DESC LIMIT 1",
	    err);
	enum sql_result result;
	int64_t left;

	*at = 0;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END;
	left = sql_int(s, 0) - now;
	if (left <= GRANT_ENDING_SECS && left <= sql_int(s, 1))
		*at = sql_int(s, 0);
	sql_done(s);
	return true;
}

/* --- reading --- */

static bool
read_text(const struct json *payload, const char *name, char *out, size_t size)
{
	const char *text;

	if (!json_as_string(json_member(payload, name), &text) ||
	    strlen(text) >= size)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool
read_payload(const struct json *payload, struct grant *out)
{
	char from[sizeof issuer];

	return json_is_object(payload) &&
	       read_text(payload, "iss", from, sizeof from) &&
	       strcmp(from, issuer) == 0 &&
	       read_text(payload, "source", out->source, sizeof out->source) &&
	       account_name_valid(out->source) &&
	       read_text(payload, "jti", out->jti, sizeof out->jti) &&
	       json_as_int(json_member(payload, "iat"), &out->issued_at) &&
	       json_as_int(json_member(payload, "exp"), &out->expires_at);
}

bool
grant_read(const struct jws_key *key, const char *text, size_t len,
    struct grant *out, struct err *err)
{
	struct buf payload = BUF_INIT;
	struct json *json = NULL;
	bool ok = jws_verify(key, text, len, &payload, err);

	if (ok) {
		json = json_parse(buf_text(&payload), payload.len, err);
		ok = read_payload(json, out) ||
		     err_set(err, ERR_INPUT,
			 "it was signed by this key, but is no grant");
	}
	if (ok) {
		snprintf(
		    out->key_id, sizeof out->key_id, "%s", jws_key_id(key));
		out->text = strndup(text, len);
		ok = out->text != NULL || err_nomem(err);
	}
	if (!ok)
		grant_fini(out);
	json_free(json);
	buf_fini(&payload);
	return ok;
}
