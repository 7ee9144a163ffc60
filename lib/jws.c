/*
 * jws.c - the signatures and keys of jws.h. In: payloads, PEM. Out: compact
 * JWS, or what one has signed. With tls*.c the door to OpenSSL.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "file.h"
#include "json.h"
#include "jws.h"
#include "tls.h"
#include "tls_part.h"

enum {
	COORDINATE_BYTES = 32, /* of P-256: of a point, and of r and s */
	SIGNATURE_BYTES = 2 * COORDINATE_BYTES,
};

struct jws_key {
	EVP_PKEY *pkey; /* owned */
	bool is_private;
	char id[JWS_KEY_ID_SIZE];
};

/* --- base64url --- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789-_";

void
jws_put_base64url(struct buf *out, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t bits = 0;
	int held = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		held += 8;
		for (; held >= 6; held -= 6)
			buf_char(out, alphabet[bits >> (held - 6) & 63]);
	}
	if (held > 0)
		buf_char(out, alphabet[bits << (6 - held) & 63]);
}

bool
jws_get_base64url(const char *text, size_t len, struct buf *out)
{
	uint32_t bits = 0;
	const char *at;
	int held = 0;

	if (len % 4 == 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		at = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;
		if (at == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		held += 6;
		if (held >= 8) {
			held -= 8;
			buf_char(out, (char)(bits >> held & 255));
		}
	}
	/* Else two texts would stand for the same bytes. */
	return (bits & ((1U << held) - 1)) == 0 && !out->failed;
}

/* --- keys --- */

static bool
is_p256(EVP_PKEY *pkey)
{
	char name[32];
	size_t len;

	return EVP_PKEY_is_a(pkey, "EC") == 1 &&
	       EVP_PKEY_get_group_name(pkey, name, sizeof name, &len) == 1 &&
	       strcmp(name, SN_X9_62_prime256v1) == 0;
}

static bool
put_coordinate(const EVP_PKEY *pkey, const char *name, struct buf *out)
{
	unsigned char bytes[COORDINATE_BYTES];
	BIGNUM *number = NULL;
	bool ok;

	ok = EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
	     BN_bn2binpad(number, bytes, sizeof bytes) == sizeof bytes;
	BN_free(number);
	if (ok)
		jws_put_base64url(out, bytes, sizeof bytes);
	return ok;
}

/* RFC 7638: SHA-256 of the required members, by name, without blanks. */
static bool
name_key(struct jws_key *key)
{
	struct buf jwk = BUF_INIT, id = BUF_INIT;
	uint8_t hash[TLS_SHA256_BYTES];
	bool ok;

	buf_str(&jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	ok = put_coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, &jwk);
	buf_str(&jwk, "\",\"y\":\"");
	ok = ok && put_coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &jwk);
	buf_str(&jwk, "\"}");
	tls_sha256(buf_text(&jwk), jwk.len, hash);
	jws_put_base64url(&id, hash, sizeof hash);
	ok = ok && !jwk.failed && !id.failed && id.len + 1 == sizeof key->id;
	if (ok)
		memcpy(key->id, id.data, sizeof key->id);
	buf_fini(&jwk);
	buf_fini(&id);
	return ok;
}

/* Takes pkey over. */
static struct jws_key *
take_key(EVP_PKEY *pkey, bool is_private, struct err *err)
{
	struct jws_key *key = calloc(1, sizeof *key);

	if (key == NULL) {
		err_nomem(err);
		EVP_PKEY_free(pkey);
		return NULL;
	}
	key->pkey = pkey;
	key->is_private = is_private;
	if (name_key(key))
		return key;
	tls_fail(err, ERR_BROKEN, "cannot read the point of a key");
	jws_key_free(key);
	return NULL;
}

/* PEM of which the text says that it came from path. */
static struct jws_key *
parse_key(
    const char *path, const struct buf *pem, bool is_private, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(buf_text(pem), (int)pem->len);
	EVP_PKEY *pkey = NULL;

	if (bio != NULL)
		pkey = is_private ? PEM_read_bio_PrivateKey(
					bio, NULL, tls_no_passphrase, NULL)
				  : PEM_read_bio_PUBKEY(
					bio, NULL, tls_no_passphrase, NULL);
	BIO_free(bio);
	if (pkey == NULL) {
		tls_fail(err, ERR_INPUT, "%.200s is not a PEM %s", path,
		    is_private ? "private key without passphrase"
			       : "public key");
		return NULL;
	}
	ERR_clear_error();
	if (is_p256(pkey))
		return take_key(pkey, is_private, err);
	EVP_PKEY_free(pkey);
	err_set(
	    err, ERR_INPUT, "the key %.200s is not of the curve P-256", path);
	return NULL;
}

static bool
read_key(const char *path, bool is_private, bool *there, struct jws_key **out,
    struct err *err)
{
	struct buf pem = BUF_INIT;
	bool ok;

	*out = NULL;
	ok = is_private
		 ? file_read_secret(path, JWS_MAX_KEY_FILE, &pem, there, err)
		 : file_read_trusted(path, JWS_MAX_KEY_FILE, &pem, there, err);
	if (ok && (there == NULL || *there)) {
		*out = parse_key(path, &pem, is_private, err);
		ok = *out != NULL;
	}
	file_wipe(&pem);
	return ok;
}

bool
jws_key_read_private(
    const char *path, bool *there, struct jws_key **out, struct err *err)
{
	return read_key(path, true, there, out, err);
}

bool
jws_key_read_public(
    const char *path, bool *there, struct jws_key **out, struct err *err)
{
	return read_key(path, false, there, out, err);
}

struct jws_key *
jws_key_make(struct err *err)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	if (pkey != NULL)
		return take_key(pkey, true, err);
	tls_fail(err, ERR_BROKEN, "cannot make a key");
	return NULL;
}

void
jws_key_free(struct jws_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

const char *
jws_key_id(const struct jws_key *key)
{
	return key->id;
}

static bool
write_pem(const struct jws_key *key, bool private_half, struct buf *out,
    struct err *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *data = NULL;
	long len = 0;
	bool ok;

	ok = bio != NULL &&
	     (private_half ? PEM_write_bio_PKCS8PrivateKey(
				 bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1
			   : PEM_write_bio_PUBKEY(bio, key->pkey) == 1);
	if (ok)
		len = BIO_get_mem_data(bio, &data);
	/* At once, so that growing leaves nothing of it behind. */
	ok = ok && len > 0 && buf_reserve(out, (size_t)len);
	if (ok)
		buf_add(out, data, (size_t)len);
	else
		tls_fail(err, ERR_BROKEN, "cannot write a key");
	BIO_free(bio);
	return ok;
}

bool
jws_key_write_private(
    const struct jws_key *key, struct buf *out, struct err *err)
{
	return write_pem(key, true, out, err);
}

bool
jws_key_write_public(
    const struct jws_key *key, struct buf *out, struct err *err)
{
	return write_pem(key, false, out, err);
}

/* --- signatures: r and s here, DER in OpenSSL --- */

static bool
unpack_der(const unsigned char *der, size_t len, uint8_t out[SIGNATURE_BYTES])
{
	const unsigned char *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
	bool ok;

	ok = sig != NULL &&
	     BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, COORDINATE_BYTES) ==
		 COORDINATE_BYTES &&
	     BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + COORDINATE_BYTES,
		 COORDINATE_BYTES) == COORDINATE_BYTES;
	ECDSA_SIG_free(sig);
	return ok;
}

/* OPENSSL_free() it. */
static unsigned char *
pack_der(const uint8_t raw[SIGNATURE_BYTES], size_t *len)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, COORDINATE_BYTES, NULL);
	BIGNUM *s = BN_bin2bn(raw + COORDINATE_BYTES, COORDINATE_BYTES, NULL);
	unsigned char *der = NULL;
	int got = 0;

	if (sig != NULL && r != NULL && s != NULL &&
	    ECDSA_SIG_set0(sig, r, s) == 1) {
		/* They are its own now. */
		got = i2d_ECDSA_SIG(sig, &der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	*len = got > 0 ? (size_t)got : 0;
	return got > 0 ? der : NULL;
}

static bool
sign(const struct jws_key *key, const char *text, size_t len,
    uint8_t out[SIGNATURE_BYTES])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char der[SIGNATURE_BYTES + 16];
	size_t der_len = sizeof der;
	bool ok;

	ok =
	    ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
	    EVP_DigestSign(
		ctx, der, &der_len, (const unsigned char *)text, len) == 1 &&
	    unpack_der(der, der_len, out);
	EVP_MD_CTX_free(ctx);
	return ok;
}

static bool
is_signed(const struct jws_key *key, const char *text, size_t len,
    const uint8_t raw[SIGNATURE_BYTES])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t der_len;
	unsigned char *der = pack_der(raw, &der_len);
	bool ok;

	ok = ctx != NULL && der != NULL &&
	     EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) ==
		 1 &&
	     EVP_DigestVerify(
		 ctx, der, der_len, (const unsigned char *)text, len) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

/* --- JWS --- */

static void
put_header(const struct jws_key *key, struct buf *out)
{
	struct buf header = BUF_INIT;
	struct json_writer w;

	json_write(&w, &header, JSON_COMPACT);
	json_put_object(&w, NULL);
	json_put_string(&w, "alg", "ES256");
	json_put_string(&w, "kid", key->id);
	json_put_string(&w, "typ", "JWT");
	json_put_end(&w);
	jws_put_base64url(out, buf_text(&header), header.len);
	out->failed = out->failed || header.failed;
	buf_fini(&header);
}

bool
jws_sign(const struct jws_key *key, const void *payload, size_t len,
    struct buf *out, struct err *err)
{
	uint8_t signature[SIGNATURE_BYTES];
	struct buf text = BUF_INIT;
	bool ok = false;

	put_header(key, &text);
	buf_char(&text, '.');
	jws_put_base64url(&text, payload, len);
	if (!key->is_private)
		err_set(err, ERR_BROKEN, "a public key cannot sign");
	else if (text.failed)
		err_nomem(err);
	else if (!sign(key, buf_text(&text), text.len, signature))
		tls_fail(err, ERR_BROKEN, "cannot sign");
	else {
		buf_add(out, text.data, text.len);
		buf_char(out, '.');
		jws_put_base64url(out, signature, sizeof signature);
		ok = !out->failed || err_nomem(err);
	}
	buf_fini(&text);
	return ok;
}

/* The header decides nothing: it has to be the one that we would write, as
 * far as it counts. A critical extension would change what is signed. */
static bool
check_header(const char *text, size_t len, struct err *err)
{
	struct buf json = BUF_INIT;
	struct json *header = NULL;
	const char *alg = NULL;
	bool ok = false;

	if (jws_get_base64url(text, len, &json))
		header = json_parse(buf_text(&json), json.len, err);
	if (!json_is_object(header))
		err_set(err, ERR_INPUT, "its header is not JSON in base64url");
	else if (!json_as_string(json_member(header, "alg"), &alg) ||
		 strcmp(alg, "ES256") != 0)
		err_set(err, ERR_INPUT,
		    "it is not signed with ES256, and nothing else counts");
	else if (json_member(header, "crit") != NULL)
		err_set(err, ERR_INPUT,
		    "it has a critical extension, which is not known");
	else
		ok = true;
	json_free(header);
	buf_fini(&json);
	return ok;
}

/* The pieces of a text by its two dots. */
struct pieces {
	const char *payload, *signature;
	size_t header_len, payload_len, signature_len;
};

static bool
split(const char *text, size_t len, struct pieces *out)
{
	const char *end = text + len;
	const char *first = memchr(text, '.', len);
	const char *second =
	    first != NULL ? memchr(first + 1, '.', (size_t)(end - first - 1))
			  : NULL;

	if (second == NULL ||
	    memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
		return false;
	out->header_len = (size_t)(first - text);
	out->payload = first + 1;
	out->payload_len = (size_t)(second - first - 1);
	out->signature = second + 1;
	out->signature_len = (size_t)(end - second - 1);
	return true;
}

bool
jws_verify(const struct jws_key *key, const char *text, size_t len,
    struct buf *payload, struct err *err)
{
	struct buf signature = BUF_INIT, inside = BUF_INIT;
	struct pieces p;
	bool ok = false;

	if (len > JWS_MAX_BYTES)
		return err_set(
		    err, ERR_INPUT, "it has more than %d bytes", JWS_MAX_BYTES);
	if (!split(text, len, &p))
		return err_set(err, ERR_INPUT,
		    "it is not a JWS: three pieces with two dots between");
	if (!check_header(text, p.header_len, err))
		return false;
	if (!jws_get_base64url(p.signature, p.signature_len, &signature) ||
	    signature.len != SIGNATURE_BYTES)
		err_set(err, ERR_INPUT,
		    "its signature is not %d bytes in base64url",
		    SIGNATURE_BYTES);
	else if (!jws_get_base64url(p.payload, p.payload_len, &inside))
		err_set(err, ERR_INPUT, "its payload is not base64url");
	else if (!is_signed(key, text, (size_t)(p.signature - 1 - text),
		     (const uint8_t *)signature.data))
		err_set(err, ERR_INPUT, "its signature is not of this key");
	else {
		buf_add(payload, buf_text(&inside), inside.len);
		ok = !payload->failed || err_nomem(err);
	}
	buf_fini(&inside);
	buf_fini(&signature);
	return ok;
}
