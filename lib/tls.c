/*
 * tls.c - the door to OpenSSL 3 of tls.h.
 *
 * Owns contexts and the one slot of extra data that ties a client's context
 * to its struct tls_client. Leaves the thread's error queue empty.
 */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tls.h"

enum {
	CERTIFICATE_DAYS = 365,
	DRAIN_MS =
	    50, /* a loopback or LAN server's tickets are there by then */
	MAX_NAMES = 64, /* of one machine in its certificate */
};

/* Mozilla's "intermediate" list, version 5.7, for TLS 1.2. */
static const char ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:"
    "DHE-RSA-CHACHA20-POLY1305";

struct tls_hash {
	EVP_MD_CTX *ctx; /* owned; always started */
	EVP_MD *sha256;	 /* owned */
};

struct tls_server {
	SSL_CTX *ctx; /* owned */
	int64_t not_after;
};

struct tls_client {
	SSL_CTX *ctx; /* owned */
	char *host;   /* owned */
	bool is_address;
	int verify_error; /* X509_V_OK: none */
};

/* As err_set, with what OpenSSL says behind the text. */
static bool __attribute__((format(printf, 3, 4)))
fail(struct err *err, enum err_kind kind, const char *fmt, ...)
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

/* --- hashes, random bytes, secrets --- */

void
tls_sha256(const void *data, size_t len, uint8_t out[TLS_SHA256_BYTES])
{
	if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1)
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
		fail(err, ERR_BROKEN, "cannot compute SHA-256");
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
		return fail(err, ERR_BROKEN, "cannot get random bytes");
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

/* --- server --- */

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

/* Whether path is a file that can be read, before OpenSSL is asked, whose
 * own words for this are hard to understand. */
static bool
check_readable(const char *path, const char *what, struct err *err)
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

/* A server asks nobody for a passphrase. */
static int
no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
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

	if (!check_readable(cert_path, "certificate", err) ||
	    !check_readable(key_path, "key", err))
		return false;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert_path) != 1)
		return fail(err, ERR_INPUT,
		    "the certificate %s is not a PEM certificate", cert_path);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM) != 1) {
		code = ERR_peek_last_error();
		if (ERR_GET_LIB(code) == ERR_LIB_X509 &&
		    ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH)
			return fail(err, ERR_INPUT,
			    "the key %s does not belong to the certificate %s",
			    key_path, cert_path);
		return fail(err, ERR_INPUT,
		    "the key %s is not a PEM key without passphrase", key_path);
	}
	if (SSL_CTX_check_private_key(ctx) != 1)
		return fail(err, ERR_INPUT,
		    "the key %s does not belong to the certificate %s",
		    key_path, cert_path);
	if (!to_unix(X509_get0_notAfter(SSL_CTX_get0_certificate(ctx)),
		&server->not_after))
		return fail(err, ERR_INPUT,
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
		fail(err, ERR_BROKEN, "cannot set up TLS");
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

struct ssl_st *
tls_server_session(struct tls_server *server)
{
	SSL *ssl = SSL_new(server->ctx);

	if (ssl == NULL)
		ERR_clear_error();
	return ssl;
}

/* --- one session --- */

void
tls_session_free(struct ssl_st *session)
{
	SSL_free(session);
}

bool
tls_session_accept(struct ssl_st *session, int fd)
{
	SSL_set_accept_state(session);
	return SSL_set_fd(session, fd) == 1;
}

bool
tls_session_ready(const struct ssl_st *session)
{
	return SSL_is_init_finished(session) == 1;
}

/* Turns what SSL_read_ex or SSL_write_ex said into what recv or send would. */
static ssize_t
to_result(SSL *ssl, int result, size_t done)
{
	int why;

	if (result == 1)
		return (ssize_t)done;
	why = SSL_get_error(ssl, result);
	ERR_clear_error();
	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE
		    ? EAGAIN
		    : EPIPE;
	return -1;
}

ssize_t
tls_session_write(struct ssl_st *session, const void *data, size_t len)
{
	size_t done = 0;
	int result;

	if (len == 0)
		return 0;
	ERR_clear_error();
	result = SSL_write_ex(session, data, len, &done);
	return to_result(session, result, done);
}

ssize_t
tls_session_read(struct ssl_st *session, void *data, size_t len)
{
	size_t done = 0;
	int result;

	if (len == 0)
		return 0;
	ERR_clear_error();
	result = SSL_read_ex(session, data, len, &done);
	return to_result(session, result, done);
}

void
tls_session_end(struct ssl_st *session)
{
	if (!tls_session_ready(session) ||
	    (SSL_get_shutdown(session) & SSL_SENT_SHUTDOWN) != 0)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(session);
	ERR_clear_error();
}

/* --- certificate --- */

/* The machine's names and addresses as the value of subjectAltName. */
struct names {
	GENERAL_NAMES *list; /* owned */
	char cn[65];	     /* 64 is the standard's limit */
};

static bool
has_address(const GENERAL_NAMES *list, const ASN1_OCTET_STRING *address)
{
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(list); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);

		if (name->type == GEN_IPADD &&
		    ASN1_OCTET_STRING_cmp(name->d.iPAddress, address) == 0)
			return true;
	}
	return false;
}

static bool
push_name(struct names *names, int type, void *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();

	if (name == NULL)
		return false;
	GENERAL_NAME_set0_value(name, type, value);
	if (sk_GENERAL_NAME_push(names->list, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool
add_dns(struct names *names, const char *text)
{
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();

	if (value == NULL || ASN1_STRING_set(value, text, -1) != 1) {
		ASN1_IA5STRING_free(value);
		return false;
	}
	return push_name(names, GEN_DNS, value);
}

/* Link-local addresses are left out: nobody can name them without a scope. */
static bool
add_address(struct names *names, const struct sockaddr *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;
	ASN1_OCTET_STRING *value;
	const void *bytes;
	int len;

	if (sa->sa_family == AF_INET) {
		bytes = &v4->sin_addr;
		len = sizeof v4->sin_addr;
	} else if (sa->sa_family == AF_INET6 &&
		   !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) {
		bytes = &v6->sin6_addr;
		len = sizeof v6->sin6_addr;
	} else {
		return true;
	}
	value = ASN1_OCTET_STRING_new();
	if (value == NULL || ASN1_OCTET_STRING_set(value, bytes, len) != 1) {
		ASN1_OCTET_STRING_free(value);
		return false;
	}
	if (has_address(names->list, value) ||
	    sk_GENERAL_NAME_num(names->list) >= MAX_NAMES) {
		ASN1_OCTET_STRING_free(value);
		return true;
	}
	return push_name(names, GEN_IPADD, value);
}

static bool
add_interfaces(struct names *names)
{
	const struct sockaddr_in v4 = {
	    .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct sockaddr_in6 v6 = {
	    .sin6_family = AF_INET6,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	struct ifaddrs *all = NULL, *one;
	bool ok;

	ok = add_address(names, (const void *)&v4) &&
	     add_address(names, (const void *)&v6);
	/* A machine that hides its interfaces still has its name. */
	if (getifaddrs(&all) != 0)
		return ok;
	for (one = all; ok && one != NULL; one = one->ifa_next) {
		if (one->ifa_addr != NULL && (one->ifa_flags & IFF_UP) != 0)
			ok = add_address(names, one->ifa_addr);
	}
	freeifaddrs(all);
	return ok;
}

static bool
collect_names(struct names *names, struct err *err)
{
	char host[HOST_NAME_MAX + 1] = "";
	bool has_host;

	if (gethostname(host, sizeof host - 1) != 0)
		host[0] = '\0';
	has_host = host[0] != '\0' && strcmp(host, "localhost") != 0;
	snprintf(
	    names->cn, sizeof names->cn, "%s", has_host ? host : "localhost");
	names->list = sk_GENERAL_NAME_new_null();
	if (names->list == NULL || (has_host && !add_dns(names, host)) ||
	    !add_dns(names, "localhost") || !add_interfaces(names))
		return fail(
		    err, ERR_BROKEN, "cannot list this machine's names");
	return true;
}

static bool
add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool
set_serial(X509 *cert)
{
	unsigned char bytes[16];
	BIGNUM *number;
	bool ok;

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	number = BN_bin2bn(bytes, sizeof bytes, NULL);
	ok = number != NULL &&
	     BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
	BN_free(number);
	return ok;
}

static bool
fill_certificate(
    X509 *cert, EVP_PKEY *key, const struct names *names, int64_t now)
{
	X509_NAME *subject = X509_get_subject_name(cert);

	return X509_set_version(cert, X509_VERSION_3) == 1 &&
	       set_serial(cert) &&
	       ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(now - 60)) !=
		   NULL &&
	       ASN1_TIME_adj(X509_getm_notAfter(cert), (time_t)now,
		   CERTIFICATE_DAYS, 0) != NULL &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		   (const unsigned char *)names->cn, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, subject) == 1 &&
	       X509_set_pubkey(cert, key) == 1 &&
	       add_extension(
		   cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(
		   cert, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(cert, NID_ext_key_usage, "serverAuth") &&
	       add_extension(cert, NID_subject_key_identifier, "hash") &&
	       X509_add1_ext_i2d(
		   cert, NID_subject_alt_name, names->list, 0, 0) == 1 &&
	       X509_sign(cert, key, EVP_sha256()) > 0;
}

static X509 *
make_certificate(EVP_PKEY *key, int64_t now, struct err *err)
{
	struct names names = {NULL, ""};
	X509 *cert = X509_new();

	if (cert == NULL)
		err_nomem(err);
	else if (!collect_names(&names, err) ||
		 (!fill_certificate(cert, key, &names, now) &&
		     !fail(err, ERR_BROKEN, "cannot make a certificate"))) {
		X509_free(cert);
		cert = NULL;
	}
	sk_GENERAL_NAME_pop_free(names.list, GENERAL_NAME_free);
	return cert;
}

/* Makes the folders above path that are missing, for their owner only. */
static bool
make_parents(const char *path, struct err *err)
{
	char folder[PATH_MAX];
	char *slash;

	if ((size_t)snprintf(folder, sizeof folder, "%s", path) >=
	    sizeof folder)
		return err_set(
		    err, ERR_INPUT, "the path %.80s... is too long", path);
	for (slash = strchr(folder + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) != 0 && errno != EEXIST)
			return err_errno(err, ERR_INPUT,
			    "cannot make the folder %s", folder);
		*slash = '/';
	}
	return true;
}

/* Writes cert or key beside path and renames it into place. */
static bool
write_pem(
    const char *path, X509 *cert, EVP_PKEY *key, mode_t mode, struct err *err)
{
	char beside[PATH_MAX];
	FILE *file = NULL;
	bool ok = false;
	int fd;

	if ((size_t)snprintf(beside, sizeof beside, "%s.%ld.new", path,
		(long)getpid()) >= sizeof beside)
		return err_set(
		    err, ERR_INPUT, "the path %.80s... is too long", path);
	/* O_EXCL and the mode, not umask(2), which is the whole process's:
	 * the mode asks for no more than the owner's rights on keys. */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return err_errno(err, ERR_INPUT, "cannot write %s", beside);
	file = fdopen(fd, "w");
	if (file == NULL) {
		err_errno(err, ERR_BUSY, "cannot write %s", beside);
		close(fd);
		goto out;
	}
	ok = cert != NULL ? PEM_write_X509(file, cert) == 1
			  : PEM_write_PrivateKey(
				file, key, NULL, NULL, 0, NULL, NULL) == 1;
	ok = ok && fflush(file) == 0 && fsync(fd) == 0;
	if (fclose(file) != 0)
		ok = false;
	if (!ok || rename(beside, path) != 0) {
		ok = false;
		err_errno(err, ERR_INPUT, "cannot write %s", path);
	}
out:
	if (!ok)
		unlink(beside);
	ERR_clear_error();
	return ok;
}

static EVP_PKEY *
read_key(const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *key;

	if (file == NULL) {
		err_errno(err, ERR_INPUT, "cannot read the key %s", path);
		return NULL;
	}
	key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
	fclose(file);
	if (key == NULL)
		fail(err, ERR_INPUT,
		    "the key %s is not a PEM key without passphrase", path);
	return key;
}

/* The key at path; or a new one, written there. */
static EVP_PKEY *
provide_key(const char *path, struct err *err)
{
	EVP_PKEY *key;

	if (access(path, F_OK) == 0)
		return read_key(path, err);
	key = EVP_EC_gen("P-256");
	if (key == NULL) {
		fail(err, ERR_BROKEN, "cannot make a key");
		return NULL;
	}
	if (!make_parents(path, err) ||
	    !write_pem(path, NULL, key, 0600, err)) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

bool
tls_make_certificate(const char *cert_path, const char *key_path, int64_t now,
    bool renew, struct err *err)
{
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	bool ok = false;

	ERR_clear_error();
	if (!renew && access(cert_path, F_OK) == 0)
		return err_set(err, ERR_INPUT,
		    "the certificate %s is already there", cert_path);
	key = provide_key(key_path, err);
	if (key == NULL)
		goto out;
	cert = make_certificate(key, now, err);
	if (cert == NULL || !make_parents(cert_path, err))
		goto out;
	ok = write_pem(cert_path, cert, NULL, 0644, err);
out:
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

/* --- client --- */

/* The slot of an SSL_CTX's extra data that holds its struct tls_client. Made
 * by the first client; OpenSSL numbers them for the whole process. */
static int
client_slot(void)
{
	static int slot = -1;

	if (slot < 0)
		slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return slot;
}

static struct tls_client *
client_of(const SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), client_slot());
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
		return fail(err, ERR_INPUT, "%s is not a host name or address",
		    client->host);
	return true;
}

static bool
trust(struct tls_client *client, const char *ca_file, struct err *err)
{
	if (ca_file == NULL) {
		if (SSL_CTX_set_default_verify_paths(client->ctx) != 1)
			return fail(err, ERR_BROKEN,
			    "cannot use the system's certificates");
		return true;
	}
	if (!check_readable(ca_file, "CA file", err))
		return false;
	if (SSL_CTX_load_verify_file(client->ctx, ca_file) != 1)
		return fail(err, ERR_INPUT,
		    "the CA file %s holds no PEM certificate", ca_file);
	return true;
}

static bool
set_up_client(struct tls_client *client, const char *host, struct err *err)
{
	client->host = strdup(host);
	client->ctx = SSL_CTX_new(TLS_client_method());
	if (client->host == NULL || client->ctx == NULL || client_slot() < 0 ||
	    SSL_CTX_set_ex_data(client->ctx, client_slot(), client) != 1 ||
	    SSL_CTX_set_min_proto_version(client->ctx, TLS1_2_VERSION) != 1)
		return fail(err, ERR_BROKEN, "cannot set up TLS");
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
