/*
 * source_test.c - unit tests of src/source.c.
 */
#include "fixture.h"

static const char *const BOTH[] = {"other", "acme"};
static const char *const GHOST[] = {"acme", "ghost"};
static const char UUID_UPPER[] = "7B1D0000-90A1-4C3E-8F00-0000000000AB";
static const char UUID_LOWER[] = "7b1d0000-90a1-4c3e-8f00-0000000000ab";

static bool
create(struct fixture *f, const char *name, const char *const *accounts,
    size_t count, const char *given, char token[TOKEN_TEXT_SIZE])
{
	f->err = (struct err)ERR_INIT;
	return source_create(f->db, name, accounts, count, given, "operator:me",
	    500, token, &f->err);
}

static void
a_new_source_has_its_accounts_and_a_token(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT_SIZE];
	struct source_account *list;
	struct token_holder holder;
	struct source source;
	size_t count;
	int64_t id;

	fixture_account(f, "acme");
	fixture_account(f, "other");
	fixture_account(f, "third");
	assert_true(create(f, "admin1", BOTH, 2, NULL, token));
	assert_true(source_find(f->db, "admin1", &id, &f->err));
	assert_true(source_load(f->db, id, &source, &f->err));
	assert_int_equal(source.id, id);
	assert_string_equal(source.name, "admin1");
	assert_false(source.disabled);
	assert_int_equal(source.created_at, 500);
	assert_true(token_find(f->db, NULL, token, &holder, &f->err));
	assert_int_equal(holder.role, TOKEN_SOURCE);
	assert_int_equal(holder.source, id);
	assert_true(source_accounts(f->db, id, &list, &count, &f->err));
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "acme");
	assert_string_equal(list[1].name, "other");
	free(list);
	assert_int_equal(
	    fixture_int(f->db,
		"SELECT count(*) FROM fact WHERE kind = 'source.created'"
		" AND who = 'operator:me' AND subject = 'admin1'"
		" AND detail = 'accounts=other,acme' AND at = 500"
		" AND body_sha256 = (SELECT hash FROM token)",
		&f->err),
	    1);
}

static void
an_admin_servers_uuid_may_be_its_token(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT_SIZE];
	struct token_holder holder;

	fixture_account(f, "acme");
	assert_true(create(f, "admin1", BOTH + 1, 1, UUID_UPPER, token));
	assert_string_equal(token, UUID_LOWER);
	assert_true(token_find(f->db, NULL, UUID_UPPER, &holder, &f->err));
	assert_int_equal(holder.role, TOKEN_SOURCE);
}

static int64_t
rows(struct fixture *f)
{
	return fixture_int(f->db,
	    "SELECT (SELECT count(*) FROM source)"
	    " + (SELECT count(*) FROM source_account)"
	    " + (SELECT count(*) FROM token) + (SELECT count(*) FROM fact)",
	    &f->err);
}

static bool
is_refused(struct fixture *f, const char *name, const char *const *accounts,
    size_t count, const char *given, const char *what)
{
	char token[TOKEN_TEXT_SIZE];
	int64_t before = rows(f);

	return !create(f, name, accounts, count, given, token) &&
	       f->err.kind == ERR_INPUT && strstr(f->err.text, what) != NULL &&
	       !sql_in_transaction(f->db) && rows(f) == before;
}

static void
what_is_refused_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT_SIZE];

	fixture_account(f, "acme");
	fixture_account(f, "other");
	assert_true(create(f, "admin1", BOTH, 2, UUID_LOWER, token));
	assert_true(is_refused(f, "admin1", BOTH, 2, NULL, "\"admin1\""));
	assert_true(is_refused(f, "Admin 2", BOTH, 2, NULL, "\"Admin 2\""));
	assert_true(is_refused(f, "", BOTH, 2, NULL, "\"\""));
	assert_true(is_refused(f, "admin2", GHOST, 2, NULL, "\"ghost\""));
	assert_true(is_refused(f, "admin2", BOTH, 2, "secret", "UUID"));
	assert_true(is_refused(f, "admin2", BOTH, 2, "", "UUID"));
	/* Another one's token, in the other case. */
	assert_true(
	    is_refused(f, "admin2", BOTH, 2, UUID_UPPER, "in use already"));
}

static void
unknown_sources_are_said_to_be(void **state)
{
	struct fixture *f = *state;
	struct source source;
	struct source_account *list;
	size_t count;
	int64_t id;

	assert_false(source_find(f->db, "nobody", &id, &f->err));
	assert_int_equal(f->err.kind, ERR_INPUT);
	assert_non_null(strstr(f->err.text, "\"nobody\""));
	assert_false(source_load(f->db, 77, &source, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
	assert_true(source_accounts(f->db, 77, &list, &count, &f->err));
	assert_int_equal(count, 0);
	free(list);
}

static void
an_account_named_twice_counts_once(void **state)
{
	static const char *const twice[] = {"acme", "acme"};
	struct fixture *f = *state;
	char token[TOKEN_TEXT_SIZE];
	struct source_account *list;
	size_t count;
	int64_t id;

	fixture_account(f, "acme");
	assert_true(create(f, "admin1", twice, 2, NULL, token));
	assert_true(source_find(f->db, "admin1", &id, &f->err));
	assert_true(source_accounts(f->db, id, &list, &count, &f->err));
	assert_int_equal(count, 1);
	free(list);
}

static bool
note(void *ctx, const struct source *source, const char *accounts,
    int64_t last_report_at, struct err *err)
{
	struct buf *b = ctx;

	(void)err;
	buf_printf(b, "%s [%s] %lld\n", source->name, accounts,
	    (long long)last_report_at);
	return true;
}

static bool
refuse(void *ctx, const struct source *source, const char *accounts,
    int64_t last_report_at, struct err *err)
{
	int *calls = ctx;

	(void)source;
	(void)accounts;
	(void)last_report_at;
	(*calls)++;
	return err_set(err, ERR_INPUT, "enough");
}

static void
each_is_told_by_name_with_its_last_report(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT_SIZE];
	struct token_holder holder;
	struct buf b = BUF_INIT;
	int calls = 0;

	fixture_account(f, "acme");
	fixture_account(f, "other");
	assert_true(create(f, "b", BOTH, 2, NULL, token));
	assert_true(token_find(f->db, NULL, token, &holder, &f->err));
	assert_true(token_used(f->db, holder.token, 4711, &f->err));
	assert_true(create(f, "a", BOTH + 1, 1, NULL, token));
	assert_true(source_each(f->db, note, &b, &f->err));
	assert_string_equal(buf_text(&b), "a [acme] 0\nb [acme,other] 4711\n");
	buf_fini(&b);
	assert_false(source_each(f->db, refuse, &calls, &f->err));
	assert_int_equal(calls, 1);
	assert_string_equal(f->err.text, "enough");
	assert_false(source_each(f->db, refuse, &calls, &f->err));
	assert_int_equal(calls, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(a_new_source_has_its_accounts_and_a_token),
	    FIXTURE_TEST(an_admin_servers_uuid_may_be_its_token),
	    FIXTURE_TEST(what_is_refused_leaves_nothing),
	    FIXTURE_TEST(unknown_sources_are_said_to_be),
	    FIXTURE_TEST(an_account_named_twice_counts_once),
	    FIXTURE_TEST(each_is_told_by_name_with_its_last_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
