/*
 * token_test.c - unit tests of src/token.c.
 */
#include "fixture.h"
#include "lib/file.h"

static const char UUID_UPPER[] = "7B1D0000-90A1-4C3E-8F00-0000000000AB";
static const char UUID_LOWER[] = "7b1d0000-90a1-4c3e-8f00-0000000000ab";

static bool
create(struct fixture *f, const struct token_spec *spec,
    char text[TOKEN_TEXT_SIZE])
{
	f->err = (struct err)ERR_INIT;
	return token_create(f->db, spec, f->now, text, &f->err);
}

static enum token_role
role_of(struct fixture *f, const char *text)
{
	struct token_holder holder;

	memset(&holder, 0xff, sizeof holder);
	assert_true(token_find(f->db, NULL, text, &holder, &f->err));
	if (holder.role == TOKEN_NOBODY)
		assert_int_equal(holder.token, 0);
	return holder.role;
}

static void
a_new_token_is_256_random_bits(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {.name = "n", .role = TOKEN_READER};
	char text[TOKEN_TEXT_SIZE], other[TOKEN_TEXT_SIZE];

	assert_true(create(f, &spec, text));
	assert_int_equal(strlen(text), 68);
	assert_memory_equal(text, "ffs_", 4);
	assert_int_equal(strspn(text + 4, "0123456789abcdef"), 64);
	assert_true(create(f, &spec, other));
	assert_string_not_equal(text, other);
	assert_int_equal(role_of(f, text), TOKEN_READER);
	assert_int_equal(role_of(f, other), TOKEN_READER);
}

static void
whoever_holds_it_is_told(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {.name = "n", .role = TOKEN_READER};
	char text[TOKEN_TEXT_SIZE];
	struct token_holder holder;

	spec.account = fixture_account(f, "acme");
	assert_true(create(f, &spec, text));
	assert_true(token_find(f->db, NULL, text, &holder, &f->err));
	assert_int_equal(holder.role, TOKEN_READER);
	assert_int_equal(holder.account, spec.account);
	assert_int_equal(holder.source, 0);
	assert_true(holder.token > 0);
	assert_false(holder.disabled);
	spec = (struct token_spec){.name = "op", .role = TOKEN_OPERATOR};
	assert_true(create(f, &spec, text));
	assert_true(token_find(f->db, NULL, text, &holder, &f->err));
	assert_int_equal(holder.role, TOKEN_OPERATOR);
	assert_int_equal(holder.account, 0);
	assert_string_equal(token_role_name(TOKEN_SOURCE), "source");
	assert_string_equal(token_role_name(TOKEN_READER), "reader");
	assert_string_equal(token_role_name(TOKEN_OPERATOR), "operator");
}

static void
what_nobody_holds_is_nobodys(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {.name = "n", .role = TOKEN_OPERATOR};
	char text[TOKEN_TEXT_SIZE];

	assert_int_equal(role_of(f, "ffs_"), TOKEN_NOBODY);
	assert_true(create(f, &spec, text));
	assert_int_equal(role_of(f, ""), TOKEN_NOBODY);
	assert_int_equal(role_of(f, UUID_LOWER), TOKEN_NOBODY);
	text[67] = text[67] == '0' ? '1' : '0';
	assert_int_equal(role_of(f, text), TOKEN_NOBODY);
	/* A token that is not a UUID has one case. */
	assert_true(create(f, &spec, text));
	text[0] = 'F';
	assert_int_equal(role_of(f, text), TOKEN_NOBODY);
	text[0] = 'f';
	text[67] = '\0';
	assert_int_equal(role_of(f, text), TOKEN_NOBODY);
}

static void
a_uuid_is_found_in_either_case(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {
	    .name = "n", .role = TOKEN_OPERATOR, .given = UUID_UPPER};
	char text[TOKEN_TEXT_SIZE];

	assert_true(create(f, &spec, text));
	assert_string_equal(text, UUID_LOWER);
	assert_int_equal(role_of(f, UUID_UPPER), TOKEN_OPERATOR);
	assert_int_equal(role_of(f, UUID_LOWER), TOKEN_OPERATOR);
	/* It is taken, in either case. */
	assert_false(create(f, &spec, text));
	assert_int_equal(f->err.kind, ERR_INPUT);
	spec.given = UUID_LOWER;
	assert_false(create(f, &spec, text));
	spec.given = "7b1d0000-90a1-4c3e-8f00-0000000000a";
	assert_false(create(f, &spec, text));
	assert_int_equal(f->err.kind, ERR_INPUT);
	/* What was entered is not told to the log. */
	assert_null(strstr(f->err.text, "7b1d0000"));
}

static void
is_nowhere(struct fixture *f, const char *file, const char *text)
{
	char path[FIXTURE_FOLDER_SIZE + 16];
	struct buf content = BUF_INIT;

	snprintf(path, sizeof path, "%s/%s", f->folder, file);
	assert_true(file_read(path, 64 << 20, &content, &f->err));
	assert_true(content.len > 0);
	assert_null(memmem(content.data, content.len, text, strlen(text)));
	/* So that not finding means something. */
	assert_non_null(memmem(content.data, content.len, "sensible", 8));
	buf_fini(&content);
}

static void
the_database_file_knows_no_token(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {.name = "sensible", .role = TOKEN_READER};
	char text[TOKEN_TEXT_SIZE], given[TOKEN_TEXT_SIZE];

	assert_true(create(f, &spec, text));
	spec.given = UUID_UPPER;
	assert_true(create(f, &spec, given));
	is_nowhere(f, "stat.db-wal", text + 4);
	is_nowhere(f, "stat.db-wal", UUID_LOWER);
	is_nowhere(f, "stat.db-wal", UUID_UPPER);
	assert_true(
	    sql_exec(f->db, "PRAGMA wal_checkpoint(TRUNCATE)", &f->err));
	is_nowhere(f, "stat.db", text + 4);
	is_nowhere(f, "stat.db", UUID_LOWER);
	is_nowhere(f, "stat.db", UUID_UPPER);
}

static void
a_revoked_token_is_nobodys(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {.name = "n", .role = TOKEN_OPERATOR};
	char text[TOKEN_TEXT_SIZE];

	assert_true(create(f, &spec, text));
	assert_true(
	    sql_exec(f->db, "UPDATE token SET revoked_at = 1", &f->err));
	assert_int_equal(role_of(f, text), TOKEN_NOBODY);
}

static void
the_token_of_a_disabled_source_says_so(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {.name = "n", .role = TOKEN_SOURCE};
	char text[TOKEN_TEXT_SIZE];
	struct token_holder holder;

	fixture_account(f, "acme");
	spec.source = fixture_source(f, "admin1", "acme");
	assert_true(create(f, &spec, text));
	assert_true(token_find(f->db, NULL, text, &holder, &f->err));
	assert_false(holder.disabled);
	assert_true(sql_exec(f->db, "UPDATE source SET disabled = 1", &f->err));
	assert_true(token_find(f->db, NULL, text, &holder, &f->err));
	assert_int_equal(holder.role, TOKEN_SOURCE);
	assert_true(holder.disabled);
}

static void
a_source_has_two_live_tokens_at_most(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {.name = "n", .role = TOKEN_SOURCE};
	char text[TOKEN_TEXT_SIZE];

	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	spec.source = f->source; /* has its first token */
	assert_true(create(f, &spec, text));
	assert_false(create(f, &spec, text));
	assert_int_equal(f->err.kind, ERR_INPUT);
	assert_non_null(strstr(f->err.text, "revoke"));
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM token", &f->err), 2);
	assert_true(sql_exec(
	    f->db, "UPDATE token SET revoked_at = 1 WHERE id = 1", &f->err));
	assert_true(create(f, &spec, text));
	assert_false(create(f, &spec, text));
	/* Another source, and readers, are not counted with it. */
	fixture_source(f, "admin2", "acme");
	spec = (struct token_spec){.name = "n", .role = TOKEN_READER};
	for (int i = 0; i < 5; i++)
		assert_true(create(f, &spec, text));
}

static int64_t
last_used(struct fixture *f)
{
	return fixture_int(f->db,
	    "SELECT ifnull(last_used_at, 0) FROM token WHERE id = 1", &f->err);
}

static void
use_is_noted_once_a_minute(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {.name = "n", .role = TOKEN_READER};
	char text[TOKEN_TEXT_SIZE];

	assert_true(create(f, &spec, text));
	assert_true(create(f, &spec, text));
	assert_int_equal(last_used(f), 0);
	assert_true(token_used(f->db, 1, 1000, &f->err));
	assert_int_equal(last_used(f), 1000);
	assert_true(token_used(f->db, 1, 1059, &f->err));
	assert_int_equal(last_used(f), 1000);
	assert_true(token_used(f->db, 1, 1060, &f->err));
	assert_int_equal(last_used(f), 1060);
	/* Never backwards. */
	assert_true(token_used(f->db, 1, 500, &f->err));
	assert_int_equal(last_used(f), 1060);
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM token"
			     " WHERE last_used_at IS NOT NULL",
			     &f->err),
	    1);
}

static bool
note(void *ctx, const struct token_row *row, struct err *err)
{
	struct buf *b = ctx;

	(void)err;
	buf_printf(b, "%lld %s %s [%s] [%s] %lld %lld %lld\n",
	    (long long)row->id, row->name, row->role, row->source, row->account,
	    (long long)row->created_at, (long long)row->revoked_at,
	    (long long)row->last_used_at);
	return b->len < 200 || err_set(err, ERR_INPUT, "enough");
}

static void
each_is_told_without_its_text(void **state)
{
	struct fixture *f = *state;
	struct token_spec spec = {.name = "r", .role = TOKEN_READER};
	char text[TOKEN_TEXT_SIZE];
	struct buf b = BUF_INIT;

	f->now = 100;
	spec.account = fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	assert_true(create(f, &spec, text));
	assert_true(sql_exec(f->db,
	    "UPDATE token SET revoked_at = 7, last_used_at = 8 WHERE id = 2",
	    &f->err));
	assert_true(token_each(f->db, note, &b, &f->err));
	assert_string_equal(buf_text(&b),
	    "1 admin1 source [admin1] [] 100 0 0\n"
	    "2 r reader [] [acme] 100 7 8\n");
	buf_printf(&b, "%200s", "");
	assert_false(token_each(f->db, note, &b, &f->err));
	assert_string_equal(f->err.text, "enough");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(a_new_token_is_256_random_bits),
	    FIXTURE_TEST(whoever_holds_it_is_told),
	    FIXTURE_TEST(what_nobody_holds_is_nobodys),
	    FIXTURE_TEST(a_uuid_is_found_in_either_case),
	    FIXTURE_TEST(the_database_file_knows_no_token),
	    FIXTURE_TEST(a_revoked_token_is_nobodys),
	    FIXTURE_TEST(the_token_of_a_disabled_source_says_so),
	    FIXTURE_TEST(a_source_has_two_live_tokens_at_most),
	    FIXTURE_TEST(use_is_noted_once_a_minute),
	    FIXTURE_TEST(each_is_told_without_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
