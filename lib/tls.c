/*
 * tls.c - the hashes, random bytes and secrets of tls.h, and what its other
 * parts share.
 *
 * Each part leaves the thread's queue of OpenSSL's errors empty.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "tls.h"
#include "tls_part.h"

struct tls_hash {
	EVP_MD_CTX *ctx; /* owned; always started */
	EVP_MD *sha256;	 /* owned */
};

void
tls_sha256(const void *data, size_t len, uint8_t out[TLS_SHA256_BYTES])
{
	if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

void
tls_hmac_sha256(const uint8_t key[TLS_SHA256_BYTES], const void *data,
    size_t len, uint8_t out[TLS_SHA256_BYTES])
{
	if (HMAC(EVP_sha256(), key, TLS_SHA256_BYTES, data, len, out, NULL) ==
	    NULL)
		abort();
}

struct tls_hash *
tls_hash_new(struct err *err)
{
	struct tls_hash *hash = calloc(1, sizeof *hash);

	if (hash == NULL) {
		err_nomem(err);
		return NULL;
	}
	hash->ctx = EVP_MD_CTX_new();
	hash->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (hash->ctx == NULL || hash->sha256 == NULL ||
	    EVP_DigestInit_ex2(hash->ctx, hash->sha256, NULL) != 1) {
		tls_hash_free(hash);
		tls_fail(err, ERR_BROKEN, "cannot compute SHA-256");
		return NULL;
	}
	return hash;
}

void
tls_hash_free(struct tls_hash *hash)
{
	if (hash == NULL)
		return;
	EVP_MD_CTX_free(hash->ctx);
	EVP_MD_free(hash->sha256);
	free(hash);
}

void
tls_hash_reset(struct tls_hash *hash)
{
	if (EVP_DigestInit_ex2(hash->ctx, hash->sha256, NULL) != 1)
		abort();
}

void
tls_hash_add(struct tls_hash *hash, const void *data, size_t len)
{
	if (EVP_DigestUpdate(hash->ctx, data, len) != 1)
		abort();
}

void
tls_hash_final(struct tls_hash *hash, uint8_t out[TLS_SHA256_BYTES])
{
	if (EVP_DigestFinal_ex(hash->ctx, out, NULL) != 1)
		abort();
	tls_hash_reset(hash);
}

bool
tls_random(void *data, size_t len, struct err *err)
{
	if (len > INT_MAX || RAND_bytes(data, (int)len) != 1)
		return tls_fail(err, ERR_BROKEN, "cannot get random bytes");
	return true;
}

bool
tls_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
tls_wipe(void *data, size_t len)
{
	OPENSSL_cleanse(data, len);
}

/* --- for the other parts --- */

bool
tls_fail(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_reason_error_string(code);
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ERR_clear_error();
	if (reason == NULL)
		return err_set(err, kind, "%s", text);
	return err_set(err, kind, "%s: %s", text, reason);
}

bool
tls_check_readable(const char *path, const char *what, struct err *err)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return err_errno(
		    err, ERR_INPUT, "cannot read the %s %s", what, path);
	got = read(fd, &byte, 1);
	if (got < 0)
		err_errno(err, ERR_INPUT, "cannot read the %s %s", what, path);
	else if (got == 0)
		err_set(err, ERR_INPUT, "the %s %s is empty", what, path);
	close(fd);
	return got == 1;
}

int
tls_no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}
