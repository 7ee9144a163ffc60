/*
 * tls_cert.c - the self-made certificate of tls.h, and the key it belongs to.
 */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "tls.h"
#include "tls_part.h"

enum {
	CERTIFICATE_DAYS = 365,
	MAX_NAMES = 64, /* of one machine in its certificate */
};

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
		return tls_fail(
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
	       X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
		   (const unsigned char *)TLS_SELF_MADE, -1, -1, 0) == 1 &&
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
		     !tls_fail(err, ERR_BROKEN, "cannot make a certificate"))) {
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
	key = PEM_read_PrivateKey(file, NULL, tls_no_passphrase, NULL);
	fclose(file);
	if (key == NULL)
		tls_fail(err, ERR_INPUT,
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
		tls_fail(err, ERR_BROKEN, "cannot make a key");
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
