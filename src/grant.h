/*
 * grant.h - licenses for admin servers: signed statements that a source may
 * run until a time.
 *
 * A grant is a JWS (lib/jws.h) whose payload has iss ("stat.flexfs"), source
 * and sub (the source's name), iat and exp (unix seconds) and jti (a UUID).
 * Each is kept as it was signed, and stated in the ledger as grant.signed.
 * Owns the table license_grant.
 */
#ifndef SRC_GRANT_H
#define SRC_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fact.h"
#include "lib/err.h"
#include "lib/jws.h"
#include "lib/sql.h"
#include "lib/uuid.h"
#include "source.h"

/* How long a grant may hold, and does unless that is said. */
#define GRANT_MIN_SECS (INT64_C(86400))
#define GRANT_MAX_SECS (731 * INT64_C(86400))
#define GRANT_DEFAULT_LIFE "30d"
/* One that is renewed in time never comes so near its end. */
#define GRANT_ENDING_SECS (7 * INT64_C(86400))

/* The files in --keyFolder. */
#define GRANT_PRIVATE_FILE "private.pem"
#define GRANT_PUBLIC_FILE "public.pem"

enum {
	/* A grant is given again for this part of its life, so that asking
	 * often makes few: 1/10. */
	GRANT_REUSE_PART = 10,
};

/* What a server signs with. The zero value has no key. */
struct grant_signer {
	struct jws_key *key; /* owned by the server; NULL: there is none */
	int64_t life_secs;
};

bool grant_signer_present(const struct grant_signer *signer);

struct grant {
	int64_t id; /* of its row; 0: of none, but read from a text */
	char source[SOURCE_NAME_SIZE];
	int64_t issued_at, expires_at; /* unix seconds */
	char key_id[JWS_KEY_ID_SIZE];
	char jti[UUID_TEXT_SIZE];
	char *text; /* owned: the JWS */
};

void grant_fini(struct grant *grant);

/* The signing key of a folder; *out is NULL, and that is no error, when there
 * is none. A public.pem beside it has to be of the same key. */
bool grant_load_key(const char *folder, struct jws_key **out, struct err *err);

/* The key to verify with, public.pem; one that is missing is ERR_INPUT. */
struct jws_key *grant_load_public(const char *folder, struct err *err);

/* Makes both files, the folder too if it is missing. A private key that is
 * there already is ERR_INPUT, unless force says to replace it; but one without
 * its public half is given that. *made is false then. key_id gets the key's. */
bool grant_make_key(const char *folder, bool force, bool *made,
    char key_id[JWS_KEY_ID_SIZE], struct err *err);

/* Whether a grant may be signed at now that holds until expires_at. */
bool grant_check_expiry(int64_t now, int64_t expires_at, struct err *err);

/* The source's present grant: the last one of this signer, for the first part
 * of its life, or a new one. *is_new: its row is in the open transaction, and
 * grant_state has to follow there. out must be empty. */
bool grant_provide(struct sql *db, const struct grant_signer *signer,
    const struct source *source, int64_t now, struct grant *out, bool *is_new,
    struct err *err);

/* Only looks for one that is given again: *found. */
bool grant_find(struct sql *db, const struct grant_signer *signer,
    const struct source *source, int64_t now, struct grant *out, bool *found,
    struct err *err);

/* Appends the fact of a new grant, as fact_append does. */
bool grant_state(struct sql *db, struct tls_hash *hash, struct fact_head *head,
    const struct grant *grant, const char *who, struct err *err);

/* Signs one in a transaction of its own, with its fact. A source that is
 * switched off is ERR_INPUT, and so is what grant_check_expiry refuses. */
bool grant_create(struct sql *db, const struct jws_key *key,
    const struct source *source, int64_t expires_at, const char *who,
    int64_t now, struct grant *out, struct err *err);

/* When the last of a source's grants ends; 0: it has none. */
bool grant_last_expiry(
    struct sql *db, int64_t source, int64_t *at, struct err *err);

/* The same once the source should have asked for another long ago: the grant
 * has ended, or ends within GRANT_ENDING_SECS and half of its life. 0: not. */
bool grant_ending(
    struct sql *db, int64_t source, int64_t now, int64_t *at, struct err *err);

/* What a text says that key has signed. ERR_INPUT: it is none; whether it has
 * run out is for the caller to see. */
bool grant_read(const struct jws_key *key, const char *text, size_t len,
    struct grant *out, struct err *err);

#endif
