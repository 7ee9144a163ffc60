/*
 * jws_test.c - unit tests of lib/jws.c.
 */
#include "fixture.h"
#include "lib/file.h"
#include "lib/jws.h"

/* RFC 7515, appendix A.3: the key, and what it has signed. */
static const char rfc_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END PUBLIC KEY-----\n";
static const char rfc_jws[] =
    "eyJhbGciOiJFUzI1NiJ9"
    "."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    "."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
    "pmWQxfKTUJqPP3-Kg6NU1Q";
static const char rfc_payload[] = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,"
				  "\r\n \"http://example.com/is_root\":true}";

/* Writes a file into a new folder and returns its path. */
static void
write_file(char folder[FIXTURE_FOLDER_SIZE], const char *text, mode_t mode,
    char path[FIXTURE_FOLDER_SIZE + 16])
{
	struct err err = ERR_INIT;

	fixture_make_folder(folder);
	snprintf(path, FIXTURE_FOLDER_SIZE + 16, "%s/key.pem", folder);
	assert_true(
	    file_write_whole(path, text, strlen(text), mode, false, &err));
}

static struct jws_key *
read_public(const char *pem)
{
	char folder[FIXTURE_FOLDER_SIZE], path[FIXTURE_FOLDER_SIZE + 16];
	struct err err = ERR_INIT;
	struct jws_key *key;

	write_file(folder, pem, 0644, path);
	if (!jws_key_read_public(path, NULL, &key, &err))
		fail_msg("%s", err.text);
	fixture_remove_folder(folder);
	return key;
}

/* Why reading a private key with that text and mode is refused. */
static void
refuse_private(const char *pem, mode_t mode, const char *why)
{
	char folder[FIXTURE_FOLDER_SIZE], path[FIXTURE_FOLDER_SIZE + 16];
	struct err err = ERR_INIT;
	struct jws_key *key;

	write_file(folder, pem, mode, path);
	assert_false(jws_key_read_private(path, NULL, &key, &err));
	assert_null(key);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, why));
	fixture_remove_folder(folder);
}

/* --- base64url --- */

static void
base64url_is_that_of_rfc_4648(void **state)
{
	static const char *const cases[][2] = {{"", ""}, {"f", "Zg"},
	    {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"},
	    {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
	    {"\xfb\xff\xbf", "-_-_"}};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_clear(&out);
		jws_put_base64url(&out, cases[i][0], strlen(cases[i][0]));
		assert_string_equal(buf_text(&out), cases[i][1]);
		buf_clear(&out);
		assert_true(
		    jws_get_base64url(cases[i][1], strlen(cases[i][1]), &out));
		assert_string_equal(buf_text(&out), cases[i][0]);
	}
	buf_fini(&out);
}

static void
base64url_is_read_strictly(void **state)
{
	static const char *const wrong[] = {"Z", "Zg==", "Zh", "Zm9", "Zm9v ",
	    "Zm+v", "Zm/v", "Zm\n9v", "Zm9vY", "Zm9\xc3\xa4"};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		buf_clear(&out);
		if (jws_get_base64url(wrong[i], strlen(wrong[i]), &out))
			fail_msg("%s was taken", wrong[i]);
	}
	assert_false(jws_get_base64url("Zm9v\0AAA", 8, &out));
	buf_fini(&out);
}

/* --- signatures --- */

static void
the_example_of_the_rfc_is_verified(void **state)
{
	struct jws_key *key = read_public(rfc_public);
	struct buf payload = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_string_equal(
	    jws_key_id(key), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
	if (!jws_verify(key, rfc_jws, strlen(rfc_jws), &payload, &err))
		fail_msg("%s", err.text);
	assert_string_equal(buf_text(&payload), rfc_payload);
	buf_fini(&payload);
	jws_key_free(key);
}

/* Whether key verifies a text, which it must not. */
static void
refuse(const struct jws_key *key, const char *text, size_t len, const char *why)
{
	struct buf payload = BUF_INIT;
	struct err err = ERR_INIT;

	if (jws_verify(key, text, len, &payload, &err))
		fail_msg("%.*s was taken", (int)len, text);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(payload.len, 0);
	if (why != NULL && strstr(err.text, why) == NULL)
		fail_msg("\"%s\", not \"%s\"", err.text, why);
	buf_fini(&payload);
}

static void
every_changed_character_is_noticed(void **state)
{
	struct jws_key *key = read_public(rfc_public);
	size_t len = strlen(rfc_jws);
	char text[sizeof rfc_jws];

	(void)state;
	for (size_t i = 0; i < len; i++) {
		memcpy(text, rfc_jws, sizeof text);
		text[i] = text[i] == 'A' ? 'B' : 'A';
		refuse(key, text, len, NULL);
		text[i] = '.';
		if (rfc_jws[i] != '.')
			refuse(key, text, len, NULL);
		refuse(key, rfc_jws, i, NULL);
	}
	jws_key_free(key);
}

/* A JWS with that header, and the payload and signature of a good one. */
static void
refuse_header(const struct jws_key *key, const char *good, const char *header,
    const char *why)
{
	struct buf text = BUF_INIT;

	jws_put_base64url(&text, header, strlen(header));
	buf_str(&text, strchr(good, '.'));
	refuse(key, text.data, text.len, why);
	buf_fini(&text);
}

static void
no_other_algorithm_is_taken(void **state)
{
	struct jws_key *key = read_public(rfc_public);
	static const char *const headers[] = {"{\"alg\":\"none\"}",
	    "{\"alg\":\"HS256\"}", "{\"alg\":\"ES384\"}", "{\"alg\":\"es256\"}",
	    "{\"alg\":\"ES256 \"}", "{\"alg\":null}", "{\"alg\":[\"ES256\"]}",
	    "{}"};

	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
		refuse_header(
		    key, rfc_jws, headers[i], "not signed with ES256");
	refuse_header(
	    key, rfc_jws, "{\"alg\":\"ES256\",\"alg\":\"none\"}", "not JSON");
	refuse_header(key, rfc_jws, "[\"ES256\"]", "not JSON");
	refuse_header(key, rfc_jws, "ES256", "not JSON");
	refuse_header(key, rfc_jws,
	    "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}",
	    "critical extension");
	/* The right one, but not what was signed. */
	refuse_header(key, rfc_jws, "{\"alg\":\"ES256\" }", "signature");
	jws_key_free(key);
}

static void
a_signature_has_64_bytes(void **state)
{
	struct jws_key *key = read_public(rfc_public);
	static const char head[] = "eyJhbGciOiJFUzI1NiJ9.e30.";
	struct buf text = BUF_INIT;
	uint8_t zeros[72] = {0};

	(void)state;
	for (size_t n = 0; n <= sizeof zeros; n += 8) {
		buf_clear(&text);
		buf_str(&text, head);
		jws_put_base64url(&text, zeros, n);
		refuse(key, text.data, text.len,
		    n == 64 ? "not of this key" : "not 64 bytes");
	}
	buf_fini(&text);
	jws_key_free(key);
}

static void
what_is_too_large_is_not_looked_at(void **state)
{
	struct jws_key *key = read_public(rfc_public);
	char *text = calloc(1, JWS_MAX_BYTES + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '.', JWS_MAX_BYTES + 1);
	refuse(key, text, JWS_MAX_BYTES + 1, "more than");
	refuse(key, text, JWS_MAX_BYTES, "two dots");
	free(text);
	jws_key_free(key);
}

static void
what_is_signed_is_verified_by_its_key_alone(void **state)
{
	struct err err = ERR_INIT;
	struct jws_key *key = jws_key_make(&err), *other = jws_key_make(&err);
	struct buf text = BUF_INIT, payload = BUF_INIT;
	char data[300];

	(void)state;
	assert_non_null(key);
	assert_non_null(other);
	assert_string_not_equal(jws_key_id(key), jws_key_id(other));
	/* r and s that begin with zeros come up now and then. */
	for (int i = 0; i < 600; i++) {
		memset(data, i, sizeof data);
		buf_clear(&text);
		buf_clear(&payload);
		assert_true(jws_sign(key, data, (size_t)i / 2, &text, &err));
		assert_true(
		    jws_verify(key, text.data, text.len, &payload, &err));
		assert_int_equal(payload.len, i / 2);
		if (i > 1)
			assert_memory_equal(payload.data, data, payload.len);
		refuse(other, text.data, text.len, "not of this key");
	}
	buf_fini(&text);
	buf_fini(&payload);
	jws_key_free(key);
	jws_key_free(other);
}

/* --- keys --- */

static void
both_halves_are_read_back(void **state)
{
	struct err err = ERR_INIT;
	struct jws_key *key = jws_key_make(&err), *again, *half;
	struct buf pem = BUF_INIT, text = BUF_INIT, payload = BUF_INIT;
	char folder[FIXTURE_FOLDER_SIZE], path[FIXTURE_FOLDER_SIZE + 16];

	(void)state;
	assert_non_null(key);
	assert_true(jws_key_write_private(key, &pem, &err));
	write_file(folder, pem.data, 0600, path);
	assert_true(jws_key_read_private(path, NULL, &again, &err));
	fixture_remove_folder(folder);
	assert_true(jws_sign(again, "x", 1, &text, &err));
	buf_clear(&pem);
	assert_true(jws_key_write_public(again, &pem, &err));
	half = read_public(pem.data);
	assert_true(jws_verify(half, text.data, text.len, &payload, &err));
	assert_string_equal(buf_text(&payload), "x");
	assert_string_equal(jws_key_id(half), jws_key_id(key));
	assert_false(jws_sign(half, "x", 1, &text, &err));
	buf_fini(&pem);
	buf_fini(&text);
	buf_fini(&payload);
	jws_key_free(key);
	jws_key_free(again);
	jws_key_free(half);
}

/* openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 */
static const char p384[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDD0LfrspFJpuJsScSOS\n"
    "y4HdFDN2r+hgmz/AVVnWCztUmW4ozumHA0wZfQvxkyMpa6uhZANiAAQBQN72DJ15\n"
    "+QHcsU7dfJMs/XDvKYdeVdHqCc20IUacGT4bvamExAOglCKDSORLBX2SMEYzZR9K\n"
    "EOqFA+rq6xCFnZvnDcBcwRAQAVpn2XXSoSM7/4mzWeQFeZm1rb9ZXKg=\n"
    "-----END PRIVATE KEY-----\n";

static void
other_keys_are_refused(void **state)
{
	struct err err = ERR_INIT;
	struct jws_key *key = jws_key_make(&err);
	struct buf pem = BUF_INIT;

	(void)state;
	assert_non_null(key);
	assert_true(jws_key_write_private(key, &pem, &err));
	refuse_private(pem.data, 0640, "chmod");
	refuse_private(pem.data, 0604, "chmod");
	refuse_private(rfc_public, 0600, "not a PEM private key");
	refuse_private("", 0600, "not a PEM private key");
	refuse_private("-----BEGIN PRIVATE KEY-----\n", 0600, "not a PEM");
	refuse_private(p384, 0600, "P-256");
	file_wipe(&pem);
	jws_key_free(key);
}

static void
a_missing_key_may_be_no_error(void **state)
{
	struct err err = ERR_INIT;
	struct jws_key *key;
	bool there = true;

	(void)state;
	assert_true(jws_key_read_private("/nowhere/x", &there, &key, &err));
	assert_false(there);
	assert_null(key);
	assert_false(jws_key_read_private("/nowhere/x", NULL, &key, &err));
	assert_int_equal(err.kind, ERR_INPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base64url_is_that_of_rfc_4648),
	    cmocka_unit_test(base64url_is_read_strictly),
	    cmocka_unit_test(the_example_of_the_rfc_is_verified),
	    cmocka_unit_test(every_changed_character_is_noticed),
	    cmocka_unit_test(no_other_algorithm_is_taken),
	    cmocka_unit_test(a_signature_has_64_bytes),
	    cmocka_unit_test(what_is_too_large_is_not_looked_at),
	    cmocka_unit_test(what_is_signed_is_verified_by_its_key_alone),
	    cmocka_unit_test(both_halves_are_read_back),
	    cmocka_unit_test(other_keys_are_refused),
	    cmocka_unit_test(a_missing_key_may_be_no_error),
	};

	return cmocka_run_group_tests_name("jws", tests, NULL, NULL);
}
