/*
 * session_test.c - unit tests of src/session.c.
 */
#include <sys/stat.h>

#include "fixture.h"
#include "lib/file.h"
#include "src/session.h"

static const struct session_key key = {{1, 2, 3}};

/* A token of a reader, and a session of it that ends at f->now + 100. */
static void
begin(struct fixture *f, struct token_holder *holder,
    char text[SESSION_TEXT_SIZE])
{
	struct token_spec spec = {.name = "r", .role = TOKEN_READER};
	char token[TOKEN_TEXT_SIZE];
	uint8_t hash[TLS_SHA256_BYTES];

	spec.account = fixture_account(f, "acme");
	assert_true(token_create(f->db, &spec, f->now, token, &f->err));
	assert_true(token_find(f->db, NULL, token, holder, &f->err));
	assert_true(token_load(f->db, holder->token, holder, hash, &f->err));
	session_make(&key, holder->token, hash, f->now + 100, text);
	assert_null(strstr(text, token));
}

static enum token_role
role_at(struct fixture *f, const struct session_key *k, const char *text,
    int64_t now)
{
	struct token_holder holder;

	memset(&holder, 0xff, sizeof holder);
	assert_true(session_find(f->db, k, text, now, &holder, &f->err));
	if (holder.role == TOKEN_NOBODY)
		assert_int_equal(holder.token, 0);
	return holder.role;
}

static void
a_session_is_its_tokens_holder(void **state)
{
	struct fixture *f = *state;
	struct token_holder made, found;
	char text[SESSION_TEXT_SIZE];

	begin(f, &made, text);
	assert_true(session_find(f->db, &key, text, f->now, &found, &f->err));
	assert_int_equal(found.role, TOKEN_READER);
	assert_int_equal(found.token, made.token);
	assert_int_equal(found.account, made.account);
	assert_true(found.account != 0);
}

static void
it_ends_by_itself(void **state)
{
	struct fixture *f = *state;
	struct token_holder holder;
	char text[SESSION_TEXT_SIZE];

	begin(f, &holder, text);
	assert_int_equal(role_at(f, &key, text, f->now + 99), TOKEN_READER);
	assert_int_equal(role_at(f, &key, text, f->now + 100), TOKEN_NOBODY);
}

static void
it_ends_with_its_token(void **state)
{
	struct fixture *f = *state;
	struct token_holder holder;
	char text[SESSION_TEXT_SIZE];

	begin(f, &holder, text);
	assert_true(
	    sql_exec(f->db, "UPDATE token SET revoked_at = 1", &f->err));
	assert_int_equal(role_at(f, &key, text, f->now), TOKEN_NOBODY);
}

/* A database that was replaced has other tokens in the same rows. */
static void
it_is_of_the_very_token(void **state)
{
	struct fixture *f = *state;
	struct token_holder holder;
	char text[SESSION_TEXT_SIZE];

	begin(f, &holder, text);
	assert_true(
	    sql_exec(f->db, "UPDATE token SET hash = zeroblob(32)", &f->err));
	assert_int_equal(role_at(f, &key, text, f->now), TOKEN_NOBODY);
}

static void
any_change_makes_it_nobodys(void **state)
{
	struct fixture *f = *state;
	const struct session_key other = {{1, 2, 4}};
	struct token_holder holder;
	char text[SESSION_TEXT_SIZE], changed[SESSION_TEXT_SIZE + 1];

	begin(f, &holder, text);
	assert_int_equal(role_at(f, &key, text, f->now), TOKEN_READER);
	assert_int_equal(role_at(f, &other, text, f->now), TOKEN_NOBODY);
	for (size_t i = 0; text[i] != '\0'; i++) {
		memcpy(changed, text, sizeof text);
		changed[i] = changed[i] == '1' ? '2' : '1';
		assert_int_equal(
		    role_at(f, &key, changed, f->now), TOKEN_NOBODY);
		memcpy(changed, text, sizeof text);
		changed[i] = '\0';
		assert_int_equal(
		    role_at(f, &key, changed, f->now), TOKEN_NOBODY);
	}
	snprintf(changed, sizeof changed, "%sa", text);
	assert_int_equal(role_at(f, &key, changed, f->now), TOKEN_NOBODY);
}

static void
what_is_none_is_nobodys(void **state)
{
	static const char *const texts[] = {"", ".", "..", "1.2", "1.2.",
	    "-1.2.00", "99999999999999999999.1.00", "1.99999999999999999999.0",
	    " 1.2.3", "1.2.zz"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(role_at(f, &key, texts[i], 0), TOKEN_NOBODY);
}

static void
the_key_is_made_once_and_kept_secret(void **state)
{
	struct fixture *f = *state;
	struct session_key one, two;
	char path[FIXTURE_FOLDER_SIZE + 32];
	struct stat st;

	assert_true(session_key_load(f->folder, &one, &f->err));
	assert_true(session_key_load(f->folder, &two, &f->err));
	assert_memory_equal(&one, &two, sizeof one);
	snprintf(path, sizeof path, "%s/session.key", f->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, sizeof one);
	assert_int_equal(chmod(path, 0644), 0);
	assert_false(session_key_load(f->folder, &two, &f->err));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 31), 0);
	assert_false(session_key_load(f->folder, &two, &f->err));
	assert_non_null(strstr(f->err.text, "remove it"));
	unlink(path);
	assert_true(session_key_load(f->folder, &two, &f->err));
	assert_memory_not_equal(&one, &two, sizeof one);
}

static void
a_cookie_is_found_by_its_whole_name(void **state)
{
	static const struct {
		const char *cookies, *value;
	} cases[] = {{"", ""}, {"stat=1", "1"},
	    {"a=b; stat=1.2.ff; c=d", "1.2.ff"}, {"xstat=1", ""},
	    {"statx=1", ""}, {"stat", ""}, {"stat=", ""}, {"a=stat=1", ""},
	    {"a=b;stat=3", "3"}, {"stat=1; stat=2", "1"},
	    {";;; stat=4 ", "4 "}};
	char out[SESSION_TEXT_SIZE], many[400];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(
		    session_cookie(cases[i].cookies, "stat", out),
		    cases[i].value);
	memset(many, 'x', sizeof many);
	memcpy(many, "stat=", 5);
	many[sizeof many - 1] = '\0';
	assert_string_equal(session_cookie(many, "stat", out), "");
}

static void
only_a_path_of_this_site_is_local(void **state)
{
	static const char *const good[] = {
	    "/", "/volumes/a?month=2026-10", "/a//b", "/%2F", "/?next=//x"};
	static const char *const bad[] = {"", "x", "//evil.test",
	    "/\\evil.test", "https://evil.test/", "\\\\evil.test", "/a\\b",
	    "/a\tb", "/a\nb", "/a b", " /", "/\303\244", "javascript:alert(1)"};
	char many[SESSION_PATH_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!session_is_local(good[i]))
			fail_msg("%s is local", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (session_is_local(bad[i]))
			fail_msg("%s is not local", bad[i]);
	memset(many, '/', sizeof many);
	memset(many + 1, 'a', sizeof many - 1);
	many[SESSION_PATH_SIZE] = '\0';
	assert_false(session_is_local(many));
	many[SESSION_PATH_SIZE - 1] = '\0';
	assert_true(session_is_local(many));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(a_session_is_its_tokens_holder),
	    FIXTURE_TEST(it_ends_by_itself),
	    FIXTURE_TEST(it_ends_with_its_token),
	    FIXTURE_TEST(it_is_of_the_very_token),
	    FIXTURE_TEST(any_change_makes_it_nobodys),
	    FIXTURE_TEST(what_is_none_is_nobodys),
	    FIXTURE_TEST(the_key_is_made_once_and_kept_secret),
	    cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
	    cmocka_unit_test(only_a_path_of_this_site_is_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
