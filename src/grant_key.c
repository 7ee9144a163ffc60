/*
 * grant_key.c - the key that grants are signed with. In: a folder. Out: keys,
 * or the two files of a new one.
 *
 * The public half is written last and taken away first: whatever happens in
 * between, it is never that of another private one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grant.h"
#include "lib/buf.h"
#include "lib/file.h"

/* Yours; NULL without memory. */
static char *
path_in(const char *folder, const char *name, struct err *err)
{
	struct buf path = BUF_INIT;
	char *whole;

	buf_printf(&path, "%s/%s", folder, name);
	whole = buf_take(&path);
	if (whole == NULL)
		err_nomem(err);
	return whole;
}

static bool
check_halves(const struct jws_key *key, const struct jws_key *public_half,
    const char *folder, struct err *err)
{
	return strcmp(jws_key_id(key), jws_key_id(public_half)) == 0 ||
	       err_set(err, ERR_INPUT,
		   "%.200s: " GRANT_PUBLIC_FILE
		   " is not of the key in " GRANT_PRIVATE_FILE
		   "; without it, `create identity` writes "
		   "the one that is",
		   folder);
}

/* Both halves; either is NULL when it is not there. */
static bool
load_halves(const char *folder, struct jws_key **key,
    struct jws_key **public_half, struct err *err)
{
	char *private_path = path_in(folder, GRANT_PRIVATE_FILE, err);
	char *public_path = path_in(folder, GRANT_PUBLIC_FILE, err);
	bool there, ok;

	ok = private_path != NULL && public_path != NULL &&
	     jws_key_read_private(private_path, &there, key, err) &&
	     (*key == NULL ||
		 jws_key_read_public(public_path, &there, public_half, err));
	free(private_path);
	free(public_path);
	return ok;
}

bool
grant_load_key(const char *folder, struct jws_key **out, struct err *err)
{
	struct jws_key *public_half = NULL;
	bool ok;

	*out = NULL;
	ok = load_halves(folder, out, &public_half, err) &&
	     (public_half == NULL ||
		 check_halves(*out, public_half, folder, err));
	if (!ok) {
		jws_key_free(*out);
		*out = NULL;
	}
	jws_key_free(public_half);
	return ok;
}

struct jws_key *
grant_load_public(const char *folder, struct err *err)
{
	char *path = path_in(folder, GRANT_PUBLIC_FILE, err);
	struct jws_key *key = NULL;

	if (path != NULL && !jws_key_read_public(path, NULL, &key, err))
		key = NULL;
	free(path);
	return key;
}

static bool
write_private(
    const char *path, const struct jws_key *key, bool force, struct err *err)
{
	struct buf pem = BUF_INIT;
	bool ok;

	ok = jws_key_write_private(key, &pem, err) &&
	     file_write_whole(path, pem.data, pem.len, 0600, force, err);
	file_wipe(&pem);
	return ok;
}

static bool
write_public(const char *path, const struct jws_key *key, struct err *err)
{
	struct buf pem = BUF_INIT;
	bool ok;

	ok = jws_key_write_public(key, &pem, err) &&
	     file_write_whole(path, pem.data, pem.len, 0644, false, err);
	buf_fini(&pem);
	return ok;
}

/* A new private key in the place of any other; its public half is gone. */
static struct jws_key *
replace(const char *private_path, const char *public_path, bool force,
    struct err *err)
{
	struct jws_key *key = jws_key_make(err);

	if (key == NULL)
		return NULL;
	if ((!file_exists(public_path) || file_remove(public_path, err)) &&
	    write_private(private_path, key, force, err))
		return key;
	jws_key_free(key);
	return NULL;
}

static bool
make(const char *private_path, const char *public_path, bool force, bool *made,
    char key_id[JWS_KEY_ID_SIZE], struct err *err)
{
	struct jws_key *key = NULL;
	bool ok;

	*made = force || !file_exists(private_path);
	if (!force && file_exists(public_path))
		return err_set(err, ERR_INPUT,
		    "%.200s exists already; --force makes a new key, and what "
		    "the old one has signed does not count with that",
		    *made ? public_path : private_path);
	if (*made)
		key = replace(private_path, public_path, force, err);
	else if (!jws_key_read_private(private_path, NULL, &key, err))
		key = NULL;
	ok = key != NULL && write_public(public_path, key, err);
	if (ok)
		snprintf(key_id, JWS_KEY_ID_SIZE, "%s", jws_key_id(key));
	jws_key_free(key);
	return ok;
}

bool
grant_make_key(const char *folder, bool force, bool *made,
    char key_id[JWS_KEY_ID_SIZE], struct err *err)
{
	char *private_path = path_in(folder, GRANT_PRIVATE_FILE, err);
	char *public_path = path_in(folder, GRANT_PUBLIC_FILE, err);
	bool ok;

	ok = private_path != NULL && public_path != NULL &&
	     file_make_folder(folder, 0700, err) &&
	     make(private_path, public_path, force, made, key_id, err);
	free(private_path);
	free(public_path);
	return ok;
}
