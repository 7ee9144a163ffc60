/*
 * tls_client.c - the client of tls.h: whom it trusts, and that it asks for its
 * server by name.
 *
 * The context is handed to a library that makes sessions of its own; what
 * they have to do is done in the context's callbacks. Its application data is
 * the struct tls_client.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tls.h"
#include "tls_part.h"

enum {
	/* A loopback or LAN server's tickets are there by then. */
	DRAIN_MS = 50,
};

struct tls_client {
	SSL_CTX *ctx; /* owned */
	char *host;   /* owned */
	bool is_address;
	int verify_error; /* X509_V_OK: none */
};

static struct tls_client *
client_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static int
on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    store, SSL_get_ex_data_X509_STORE_CTX_idx());

	if (!ok)
		client_of(ssl)->verify_error = X509_STORE_CTX_get_error(store);
	return ok;
}

/* Libraries that make their own SSL never ask for the server's name in the
 * handshake; this is the last moment to add it. */
static void
on_info(const SSL *ssl, int where, int result)
{
	struct tls_client *client = client_of(ssl);
	union {
		const SSL *in;
		SSL *out;
	} same = {ssl};

	(void)result;
	if ((where & SSL_CB_HANDSHAKE_START) != 0 && !client->is_address &&
	    SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) == NULL)
		SSL_set_tlsext_host_name(same.out, client->host);
}

static bool
expect_host(struct tls_client *client, struct err *err)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(client->ctx);
	unsigned char bytes[16];
	bool ok;

	client->is_address = inet_pton(AF_INET, client->host, bytes) == 1 ||
			     inet_pton(AF_INET6, client->host, bytes) == 1;
	X509_VERIFY_PARAM_set_hostflags(
	    param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (client->is_address)
		ok = X509_VERIFY_PARAM_set1_ip_asc(param, client->host) == 1;
	else
		ok = X509_VERIFY_PARAM_set1_host(param, client->host, 0) == 1;
	if (!ok)
		return tls_fail(err, ERR_INPUT,
		    "%s is not a host name or address", client->host);
	return true;
}

static bool
trust(struct tls_client *client, const char *ca_file, struct err *err)
{
	if (ca_file == NULL) {
		if (SSL_CTX_set_default_verify_paths(client->ctx) != 1)
			return tls_fail(err, ERR_BROKEN,
			    "cannot use the system's certificates");
		return true;
	}
	if (!tls_check_readable(ca_file, "CA file", err))
		return false;
	if (SSL_CTX_load_verify_file(client->ctx, ca_file) != 1)
		return tls_fail(err, ERR_INPUT,
		    "the CA file %s holds no PEM certificate", ca_file);
	return true;
}

static bool
set_up_client(struct tls_client *client, const char *host, struct err *err)
{
	client->host = strdup(host);
	client->ctx = SSL_CTX_new(TLS_client_method());
	if (client->host == NULL || client->ctx == NULL ||
	    SSL_CTX_set_app_data(client->ctx, client) != 1 ||
	    SSL_CTX_set_min_proto_version(client->ctx, TLS1_2_VERSION) != 1)
		return tls_fail(err, ERR_BROKEN, "cannot set up TLS");
	SSL_CTX_set_verify(client->ctx, SSL_VERIFY_PEER, on_verify);
	SSL_CTX_set_info_callback(client->ctx, on_info);
	return true;
}

struct tls_client *
tls_client_open(const char *host, const char *ca_file, struct err *err)
{
	struct tls_client *client = calloc(1, sizeof *client);

	if (client == NULL) {
		err_nomem(err);
		return NULL;
	}
	ERR_clear_error();
	client->verify_error = X509_V_OK;
	if (!set_up_client(client, host, err) || !expect_host(client, err) ||
	    !trust(client, ca_file, err)) {
		tls_client_free(client);
		return NULL;
	}
	return client;
}

void
tls_client_free(struct tls_client *client)
{
	if (client == NULL)
		return;
	SSL_CTX_free(client->ctx);
	free(client->host);
	free(client);
}

struct ssl_ctx_st *
tls_client_ctx(struct tls_client *client)
{
	return client->ctx;
}

const char *
tls_client_verify_error(const struct tls_client *client)
{
	if (client->verify_error == X509_V_OK)
		return NULL;
	return X509_verify_cert_error_string(client->verify_error);
}

struct ssl_st *
tls_client_session(struct tls_client *client, int fd)
{
	SSL *ssl = SSL_new(client->ctx);

	if (ssl != NULL && SSL_set_fd(ssl, fd) == 1) {
		SSL_set_connect_state(ssl);
		return ssl;
	}
	SSL_free(ssl);
	ERR_clear_error();
	return NULL;
}

void
tls_client_drain(struct ssl_st *session)
{
	int fd = SSL_get_rfd(session);
	int flags = fcntl(fd, F_GETFL);
	struct pollfd pfd = {fd, POLLIN, 0};
	char byte;

	/* Peeking takes in every ticket, then waits for data: not here. */
	if (SSL_version(session) >= TLS1_3_VERSION && flags >= 0 &&
	    poll(&pfd, 1, DRAIN_MS) > 0 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) {
		(void)SSL_peek(session, &byte, 1);
		ERR_clear_error();
		(void)fcntl(fd, F_SETFL, flags);
	}
	errno = 0;
}
