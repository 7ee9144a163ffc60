/* Hashes, the self-made certificate, and sessions between our two sides. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/tls.h"

enum {
	NOW = 1790000000,
	DAY = 86400,
	PATH_SIZE = 200
};

static char folder[64];

static const char *
in_folder(const char *name)
{
	static char paths[4][PATH_SIZE];
	static int next;

	next = (next + 1) % 4;
	snprintf(paths[next], PATH_SIZE, "%s/%s", folder, name);
	return paths[next];
}

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/tls_test.XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int
remove_one(
    const char *path, const struct stat *about, int type, struct FTW *where)
{
	(void)about;
	(void)type;
	(void)where;
	return remove(path);
}

static int
remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
make_certificate(const char *cert, const char *key)
{
	struct err err = ERR_INIT;

	if (!tls_make_certificate(cert, key, NOW, false, &err))
		fail_msg("%s", err.text);
}

static const uint8_t sha256_of_abc[TLS_SHA256_BYTES] = {0xba, 0x78, 0x16, 0xbf,
    0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61,
    0xf2, 0x00, 0x15, 0xad};

/* RFC 4231, 4.2: zeros behind a key make no difference. */
static void
a_keyed_hash_is_hmac(void **state)
{
	static const uint8_t right[] = {0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb,
	    0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88,
	    0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c,
	    0x2e, 0x32, 0xcf, 0xf7};
	uint8_t key[TLS_SHA256_BYTES] = {0}, out[TLS_SHA256_BYTES];

	(void)state;
	memset(key, 0x0b, 20);
	tls_hmac_sha256(key, "Hi There", 8, out);
	assert_memory_equal(out, right, sizeof out);
}

static void
a_hash_is_sha256_and_can_be_used_again(void **state)
{
	struct err err = ERR_INIT;
	struct tls_hash *hash = tls_hash_new(&err);
	uint8_t out[TLS_SHA256_BYTES];
	int i;

	(void)state;
	tls_sha256("abc", 3, out);
	assert_memory_equal(out, sha256_of_abc, sizeof out);
	for (i = 0; i < 3; i++) {
		memset(out, 0, sizeof out);
		tls_hash_add(hash, "a", 1);
		tls_hash_add(hash, "bc", 2);
		tls_hash_final(hash, out);
		assert_memory_equal(out, sha256_of_abc, sizeof out);
	}
	tls_hash_add(hash, "junk", 4);
	tls_hash_reset(hash);
	tls_hash_add(hash, "abc", 3);
	tls_hash_final(hash, out);
	assert_memory_equal(out, sha256_of_abc, sizeof out);
	tls_hash_free(hash);
}

static void
random_bytes_differ_and_secrets_are_wiped(void **state)
{
	struct err err = ERR_INIT;
	uint8_t a[32], b[32];

	(void)state;
	assert_true(tls_random(a, sizeof a, &err));
	assert_true(tls_random(b, sizeof b, &err));
	assert_false(tls_equal(a, b, sizeof a));
	memcpy(b, a, sizeof b);
	assert_true(tls_equal(a, b, sizeof a));
	b[31] ^= 1;
	assert_false(tls_equal(a, b, sizeof a));
	tls_wipe(a, sizeof a);
	memset(b, 0, sizeof b);
	assert_true(tls_equal(a, b, sizeof a));
}

static void
a_made_certificate_serves_for_a_year(void **state)
{
	struct err err = ERR_INIT;
	const char *cert = in_folder("new/deep/c.pem");
	const char *key = in_folder("new/deep/k.pem");
	struct tls_server *server;
	struct stat st;

	(void)state;
	make_certificate(cert, key);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(in_folder("new/deep"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	server = tls_server_open(cert, key, &err);
	assert_non_null(server);
	assert_int_equal(tls_server_not_after(server), NOW + 365LL * DAY);
	tls_server_free(server);
}

static size_t
read_file(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(out, 1, size, file);
	fclose(file);
	return len;
}

static void
renewal_keeps_the_key_and_only_happens_when_asked(void **state)
{
	struct err err = ERR_INIT;
	const char *cert = in_folder("r.pem"), *key = in_folder("r.key");
	char before[4096], after[4096];
	size_t len;
	struct tls_server *server;

	(void)state;
	make_certificate(cert, key);
	len = read_file(key, before, sizeof before);
	assert_false(tls_make_certificate(cert, key, NOW, false, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "already there"));
	assert_true(
	    tls_make_certificate(cert, key, NOW + 300 * DAY, true, &err));
	assert_int_equal(read_file(key, after, sizeof after), len);
	assert_memory_equal(before, after, len);
	server = tls_server_open(cert, key, &err);
	assert_non_null(server);
	assert_int_equal(tls_server_not_after(server), NOW + 665LL * DAY);
	tls_server_free(server);
}

static void
expect_refused(const char *cert, const char *key, const char *words)
{
	struct err err = ERR_INIT;

	assert_null(tls_server_open(cert, key, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	if (strstr(err.text, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, err.text);
}

static void
files_that_cannot_serve_are_named_with_the_reason(void **state)
{
	char cert[PATH_SIZE], key[PATH_SIZE], other[PATH_SIZE];
	char junk[PATH_SIZE], empty[PATH_SIZE];

	(void)state;
	snprintf(cert, sizeof cert, "%s", in_folder("f.pem"));
	snprintf(key, sizeof key, "%s", in_folder("f.key"));
	snprintf(other, sizeof other, "%s", in_folder("other.key"));
	snprintf(junk, sizeof junk, "%s", in_folder("junk"));
	snprintf(empty, sizeof empty, "%s", in_folder("empty"));
	make_certificate(cert, key);
	make_certificate(in_folder("other.pem"), other);
	write_file(junk, "no PEM at all\n");
	write_file(empty, "");
	expect_refused(in_folder("none"), key, "No such file");
	expect_refused(cert, in_folder("none"), "No such file");
	expect_refused(folder, key, "Is a directory");
	expect_refused(empty, key, "is empty");
	expect_refused(junk, key, "not a PEM certificate");
	expect_refused(key, key, "not a PEM certificate");
	expect_refused(cert, junk, "not a PEM key");
	expect_refused(cert, cert, "not a PEM key");
	expect_refused(cert, other, "does not belong to");
}

static void
a_key_that_is_junk_is_not_replaced(void **state)
{
	struct err err = ERR_INIT;
	const char *key = in_folder("bad.key");

	(void)state;
	write_file(key, "mine\n");
	assert_false(
	    tls_make_certificate(in_folder("bad.pem"), key, NOW, false, &err));
	assert_non_null(strstr(err.text, "not a PEM key"));
	assert_int_equal(access(in_folder("bad.pem"), F_OK), -1);
}

/* --- sessions --- */

/* Serves one session in a child: reads a line and says it back. */
static pid_t
serve_one(struct tls_server *server, int fd)
{
	struct ssl_st *session;
	char line[100];
	ssize_t len;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	alarm(10);
	session = tls_server_session(server);
	tls_session_accept(session, fd);
	len = tls_session_read(session, line, sizeof line);
	if (len > 0 && tls_session_ready(session)) {
		(void)tls_session_write(session, line, (size_t)len);
		tls_session_end(session);
		_exit(0);
	}
	_exit(1);
}

/* What the client reads back, or -1; and why in *why. */
static ssize_t
talk(const char *server_cert, const char *server_key, const char *host,
    const char *ca, char *out, size_t size, char *why, size_t why_size)
{
	struct err err = ERR_INIT;
	struct tls_server *server =
	    tls_server_open(server_cert, server_key, &err);
	struct tls_client *client = tls_client_open(host, ca, &err);
	struct ssl_st *session;
	const char *text;
	ssize_t len = -1;
	int fds[2], status;
	pid_t pid;

	assert_non_null(server);
	assert_non_null(client);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	pid = serve_one(server, fds[0]);
	close(fds[0]);
	session = tls_client_session(client, fds[1]);
	assert_non_null(session);
	if (tls_session_write(session, "hello", 5) == 5) {
		tls_client_drain(session);
		assert_int_equal(errno, 0);
		len = tls_session_read(session, out, size);
		if (len > 0)
			assert_int_equal(
			    tls_session_read(session, out, size), 0);
	}
	text = tls_client_verify_error(client);
	snprintf(why, why_size, "%s", text != NULL ? text : "");
	tls_session_free(session);
	close(fds[1]);
	waitpid(pid, &status, 0);
	tls_client_free(client);
	tls_server_free(server);
	return len;
}

static void
a_client_that_trusts_the_certificate_talks(void **state)
{
	static const char *const hosts[] = {"localhost", "127.0.0.1", "::1"};
	char cert[PATH_SIZE], key[PATH_SIZE], out[100], why[200];
	char name[65] = "";
	size_t i;

	(void)state;
	snprintf(cert, sizeof cert, "%s", in_folder("t.pem"));
	snprintf(key, sizeof key, "%s", in_folder("t.key"));
	make_certificate(cert, key);
	for (i = 0; i < 3; i++) {
		assert_int_equal(talk(cert, key, hosts[i], cert, out,
				     sizeof out, why, sizeof why),
		    5);
		assert_memory_equal(out, "hello", 5);
		assert_string_equal(why, "");
	}
	assert_int_equal(gethostname(name, sizeof name - 1), 0);
	assert_int_equal(
	    talk(cert, key, name, cert, out, sizeof out, why, sizeof why), 5);
}

static void
a_client_refuses_other_certificates_and_says_why(void **state)
{
	char cert[PATH_SIZE], key[PATH_SIZE], other[PATH_SIZE];
	char out[100], why[200];

	(void)state;
	snprintf(cert, sizeof cert, "%s", in_folder("u.pem"));
	snprintf(key, sizeof key, "%s", in_folder("u.key"));
	snprintf(other, sizeof other, "%s", in_folder("u2.pem"));
	make_certificate(cert, key);
	make_certificate(other, in_folder("u2.key"));
	assert_int_equal(talk(cert, key, "elsewhere.test", cert, out,
			     sizeof out, why, sizeof why),
	    -1);
	assert_non_null(strstr(why, "ostname mismatch"));
	assert_int_equal(talk(cert, key, "192.0.2.1", cert, out, sizeof out,
			     why, sizeof why),
	    -1);
	assert_non_null(strstr(why, "address mismatch"));
	assert_int_equal(talk(cert, key, "localhost", other, out, sizeof out,
			     why, sizeof why),
	    -1);
	assert_true(strlen(why) > 0);
	assert_int_equal(talk(cert, key, "localhost", NULL, out, sizeof out,
			     why, sizeof why),
	    -1);
	assert_non_null(strstr(why, "self"));
}

static void
a_client_needs_a_ca_file_that_is_one(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_null(tls_client_open("h.test", in_folder("nowhere"), &err));
	assert_non_null(strstr(err.text, "No such file"));
	write_file(in_folder("noca"), "hello\n");
	assert_null(tls_client_open("h.test", in_folder("noca"), &err));
	assert_non_null(strstr(err.text, "no PEM certificate"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_hash_is_sha256_and_can_be_used_again),
	    cmocka_unit_test(a_keyed_hash_is_hmac),
	    cmocka_unit_test(random_bytes_differ_and_secrets_are_wiped),
	    cmocka_unit_test(a_made_certificate_serves_for_a_year),
	    cmocka_unit_test(renewal_keeps_the_key_and_only_happens_when_asked),
	    cmocka_unit_test(files_that_cannot_serve_are_named_with_the_reason),
	    cmocka_unit_test(a_key_that_is_junk_is_not_replaced),
	    cmocka_unit_test(a_client_that_trusts_the_certificate_talks),
	    cmocka_unit_test(a_client_refuses_other_certificates_and_says_why),
	    cmocka_unit_test(a_client_needs_a_ca_file_that_is_one),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
