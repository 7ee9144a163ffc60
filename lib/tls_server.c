/*
 * tls_server.c - the server of tls.h: its certificate, and what it takes.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tls.h"
#include "tls_part.h"

/* Mozilla's "intermediate" list, version 5.7, for TLS 1.2. */
static const char ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:"
    "DHE-RSA-CHACHA20-POLY1305";

struct tls_server {
	SSL_CTX *ctx; /* owned */
	int64_t not_after;
};

static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1\x08http/1.0";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in,
		in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool
to_unix(const ASN1_TIME *time, int64_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*out = timegm(&tm);
	return true;
}

static bool
load_files(struct tls_server *server, const char *cert_path,
    const char *key_path, struct err *err)
{
	SSL_CTX *ctx = server->ctx;
	unsigned long code;

	if (!tls_check_readable(cert_path, "certificate", err) ||
	    !tls_check_readable(key_path, "key", err))
		return false;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert_path) != 1)
		return tls_fail(err, ERR_INPUT,
		    "the certificate %s is not a PEM certificate", cert_path);
	SSL_CTX_set_default_passwd_cb(ctx, tls_no_passphrase);
	if (SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM) != 1) {
		code = ERR_peek_last_error();
		if (ERR_GET_LIB(code) == ERR_LIB_X509 &&
		    ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH)
			return tls_fail(err, ERR_INPUT,
			    "the key %s does not belong to the certificate %s",
			    key_path, cert_path);
		return tls_fail(err, ERR_INPUT,
		    "the key %s is not a PEM key without passphrase", key_path);
	}
	if (SSL_CTX_check_private_key(ctx) != 1)
		return tls_fail(err, ERR_INPUT,
		    "the key %s does not belong to the certificate %s",
		    key_path, cert_path);
	if (!to_unix(X509_get0_notAfter(SSL_CTX_get0_certificate(ctx)),
		&server->not_after))
		return tls_fail(err, ERR_INPUT,
		    "the certificate %s has no valid end", cert_path);
	return true;
}

static bool
set_up_server(SSL_CTX *ctx)
{
	static const unsigned char context_id[] = "stat.flexfs";

	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
				  SSL_MODE_NO_AUTO_CHAIN |
				  SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, ciphers) == 1 &&
	       SSL_CTX_set_dh_auto(ctx, 1) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1 &&
	       SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
	       SSL_CTX_set_session_id_context(
		   ctx, context_id, sizeof context_id - 1) == 1;
}

struct tls_server *
tls_server_open(const char *cert_path, const char *key_path, struct err *err)
{
	struct tls_server *server = calloc(1, sizeof *server);

	if (server == NULL) {
		err_nomem(err);
		return NULL;
	}
	ERR_clear_error();
	server->ctx = SSL_CTX_new(TLS_server_method());
	if (server->ctx == NULL || !set_up_server(server->ctx)) {
		tls_fail(err, ERR_BROKEN, "cannot set up TLS");
		tls_server_free(server);
		return NULL;
	}
	if (!load_files(server, cert_path, key_path, err)) {
		tls_server_free(server);
		return NULL;
	}
	return server;
}

void
tls_server_free(struct tls_server *server)
{
	if (server == NULL)
		return;
	SSL_CTX_free(server->ctx);
	free(server);
}

int64_t
tls_server_not_after(const struct tls_server *server)
{
	return server->not_after;
}

bool
tls_server_is_self_made(const struct tls_server *server)
{
	X509 *cert = SSL_CTX_get0_certificate(server->ctx);
	X509_NAME *subject = X509_get_subject_name(cert);
	char maker[sizeof TLS_SELF_MADE + 1];

	if (X509_NAME_get_text_by_NID(
		subject, NID_organizationName, maker, sizeof maker) < 0)
		return false;
	return strcmp(maker, TLS_SELF_MADE) == 0 &&
	       X509_NAME_cmp(subject, X509_get_issuer_name(cert)) == 0;
}

struct ssl_st *
tls_server_session(struct tls_server *server)
{
	SSL *ssl = SSL_new(server->ctx);

	if (ssl == NULL)
		ERR_clear_error();
	return ssl;
}
