/*
 * grant_test.c - unit tests of src/grant.c and src/grant_key.c.
 */
#include <sys/stat.h>

#include "fixture.h"
#include "lib/file.h"
#include "src/grant.h"

#define DAY INT64_C(86400)
#define LIFE (30 * DAY)

struct rig {
	struct fixture *f;
	struct grant_signer signer; /* its key is owned */
	struct source source;
	struct grant grant; /* the last one */
	bool is_new;
};

static int
set_up(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	void *fixture;

	assert_non_null(r);
	assert_int_equal(fixture_set_up(&fixture), 0);
	r->f = fixture;
	r->f->now = FIXTURE_NOW;
	fixture_account(r->f, "acme");
	r->source.id = fixture_source(r->f, "admin1", "acme");
	assert_true(
	    source_load(r->f->db, r->source.id, &r->source, &r->f->err));
	r->signer.key = jws_key_make(&r->f->err);
	r->signer.life_secs = LIFE;
	*state = r;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *r = *state;
	void *fixture = r->f;

	grant_fini(&r->grant);
	jws_key_free(r->signer.key);
	fixture_tear_down(&fixture);
	free(r);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* What the source is given now; the number of its row. */
static int64_t
provide(struct rig *r)
{
	struct sql *db = r->f->db;

	grant_fini(&r->grant);
	assert_true(sql_begin(db, &r->f->err));
	if (!grant_provide(db, &r->signer, &r->source, r->f->now, &r->grant,
		&r->is_new, &r->f->err))
		fail_msg("%s", r->f->err.text);
	assert_true(sql_commit(db, &r->f->err));
	return r->grant.id;
}

static void
it_says_for_whom_and_until_when(void **state)
{
	struct rig *r = *state;
	struct buf payload = BUF_INIT, expected = BUF_INIT;
	struct grant back = {0};

	provide(r);
	assert_true(r->is_new);
	assert_true(jws_verify(r->signer.key, r->grant.text,
	    strlen(r->grant.text), &payload, &r->f->err));
	buf_printf(&expected,
	    "{\"iss\":\"stat.flexfs\",\"sub\":\"admin1\",\"source\":\"admin1\","
	    "\"iat\":%lld,\"exp\":%lld,\"jti\":\"%s\"}",
	    (long long)FIXTURE_NOW, (long long)FIXTURE_NOW + LIFE,
	    r->grant.jti);
	assert_string_equal(buf_text(&payload), buf_text(&expected));
	assert_true(grant_read(r->signer.key, r->grant.text,
	    strlen(r->grant.text), &back, &r->f->err));
	assert_string_equal(back.source, "admin1");
	assert_int_equal(back.issued_at, FIXTURE_NOW);
	assert_int_equal(back.expires_at, FIXTURE_NOW + LIFE);
	assert_string_equal(back.jti, r->grant.jti);
	assert_string_equal(back.key_id, jws_key_id(r->signer.key));
	grant_fini(&back);
	buf_fini(&payload);
	buf_fini(&expected);
}

static void
it_is_given_again_for_a_tenth_of_its_life(void **state)
{
	struct rig *r = *state;
	char first[1024];

	assert_int_equal(provide(r), 1);
	snprintf(first, sizeof first, "%s", r->grant.text);
	r->f->now += LIFE / 10 - 1;
	assert_int_equal(provide(r), 1);
	assert_false(r->is_new);
	assert_string_equal(r->grant.text, first);
	r->f->now++;
	assert_int_equal(provide(r), 2);
	assert_true(r->is_new);
	/* A clock that went back is no reason to give one of the future. */
	r->f->now = FIXTURE_NOW - 1;
	assert_int_equal(provide(r), 3);
}

static void
another_key_or_life_or_source_has_its_own(void **state)
{
	struct rig *r = *state;
	struct grant_signer first = r->signer;

	assert_int_equal(provide(r), 1);
	r->signer.key = jws_key_make(&r->f->err);
	assert_int_equal(provide(r), 2);
	assert_string_equal(r->grant.key_id, jws_key_id(r->signer.key));
	jws_key_free(r->signer.key);
	r->signer = first;
	r->signer.life_secs = 2 * LIFE;
	assert_int_equal(provide(r), 3);
	assert_int_equal(r->grant.expires_at - r->grant.issued_at, 2 * LIFE);
	r->signer.life_secs = LIFE;
	assert_int_equal(provide(r), 1);
	r->source.id = fixture_source(r->f, "admin2", "acme");
	assert_int_equal(provide(r), 4);
}

static void
by_hand_it_ends_when_it_is_told_to(void **state)
{
	static const int64_t good[] = {DAY, 400 * DAY, 731 * DAY};
	static const int64_t bad[] = {DAY - 1, 0, -DAY, 731 * DAY + 1};
	struct rig *r = *state;
	struct fixture *f = r->f;
	int64_t at;

	for (size_t i = 0; i < 3; i++) {
		grant_fini(&r->grant);
		assert_true(grant_create(f->db, r->signer.key, &r->source,
		    f->now + good[i], "operator:me", f->now, &r->grant,
		    &f->err));
		assert_int_equal(r->grant.expires_at, f->now + good[i]);
		assert_true(
		    grant_last_expiry(f->db, r->source.id, &at, &f->err));
		assert_int_equal(at, f->now + good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		grant_fini(&r->grant);
		assert_false(grant_create(f->db, r->signer.key, &r->source,
		    f->now + bad[i], "operator:me", f->now, &r->grant,
		    &f->err));
		assert_int_equal(f->err.kind, ERR_INPUT);
	}
	r->source.disabled = true;
	assert_false(grant_create(f->db, r->signer.key, &r->source,
	    f->now + LIFE, "operator:me", f->now, &r->grant, &f->err));
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM license_grant", &f->err),
	    3);
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM fact WHERE kind ="
			     " 'grant.signed' AND who = 'operator:me'"
			     " AND subject = 'admin1'",
			     &f->err),
	    3);
}

/* --- in the answer to a report --- */

static void
send(struct rig *r, int n, bool want)
{
	struct fixture *f = r->f;
	char when[UTC_TEXT_SIZE];

	buf_clear(&f->body);
	buf_printf(&f->body,
	    "{\"report_id\":\"5f0c9a52-2f0e-4b7c-9a3d-%012d\","
	    "\"sent_at\":\"%s\",\"want_grant\":%s,\"volumes\":[",
	    n, utc_format(FIXTURE_NOW, when), want ? "true" : "false");
	fixture_add_sample(f, 1, FIXTURE_NOW, n, 5, "");
	if (f->ledger == NULL)
		f->ledger = ledger_open(f->db, &f->err);
	ledger_set_signer(f->ledger, &r->signer);
}

static void
a_report_that_wants_one_has_it_whenever_it_comes(void **state)
{
	struct rig *r = *state;
	struct fixture *f = r->f;
	char *first;

	send(r, 1, true);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_non_null(f->answer.grant);
	first = strdup(f->answer.grant);
	/* The answer again, though a new report has another one by now, */
	f->now += LIFE;
	send(r, 2, true);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_string_not_equal(f->answer.grant, first);
	send(r, 1, true);
	assert_int_equal(fixture_send_report(f), LEDGER_REPLAYED);
	assert_string_equal(f->answer.grant, first);
	/* and though there is no key any more. */
	jws_key_free(r->signer.key);
	r->signer.key = NULL;
	send(r, 1, true);
	assert_int_equal(fixture_send_report(f), LEDGER_REPLAYED);
	assert_string_equal(f->answer.grant, first);
	free(first);
	send(r, 3, true);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_null(f->answer.grant);
}

static void
who_wants_none_has_none(void **state)
{
	struct rig *r = *state;
	struct fixture *f = r->f;

	send(r, 1, false);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_null(f->answer.grant);
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM license_grant", &f->err),
	    0);
}

static void
a_group_that_is_not_committed_leaves_none(void **state)
{
	struct rig *r = *state;
	struct fixture *f = r->f;

	send(r, 1, true);
	buf_str(&f->body, "]}");
	assert_int_equal(fixture_take_report(f), LEDGER_STORED);
	ledger_rollback(f->ledger);
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM license_grant", &f->err),
	    0);
	send(r, 1, true);
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(
	    fixture_int(f->db, "SELECT license_grant FROM report", &f->err), 1);
}

/* --- reading --- */

static void
refuse(struct rig *r, const char *payload, const char *why)
{
	struct buf text = BUF_INIT;
	struct grant back = {0};

	assert_true(jws_sign(
	    r->signer.key, payload, strlen(payload), &text, &r->f->err));
	assert_false(
	    grant_read(r->signer.key, text.data, text.len, &back, &r->f->err));
	assert_int_equal(r->f->err.kind, ERR_INPUT);
	assert_non_null(strstr(r->f->err.text, why));
	assert_null(back.text);
	assert_int_equal(back.source[0], '\0');
	buf_fini(&text);
}

static void
what_the_key_has_signed_may_be_no_grant(void **state)
{
	struct rig *r = *state;

	refuse(r, "", "no grant");
	refuse(r, "[]", "no grant");
	refuse(r, "{}", "no grant");
	refuse(r,
	    "{\"iss\":\"other\",\"source\":\"admin1\",\"iat\":1,\"exp\":2,"
	    "\"jti\":\"x\"}",
	    "no grant");
	refuse(r,
	    "{\"iss\":\"stat.flexfs\",\"source\":\"A B\",\"iat\":1,"
	    "\"exp\":2,\"jti\":\"x\"}",
	    "no grant");
	refuse(r,
	    "{\"iss\":\"stat.flexfs\",\"source\":\"a\",\"iat\":1,"
	    "\"exp\":2.5,\"jti\":\"x\"}",
	    "no grant");
}

/* --- the key's files --- */

static int
mode_of(const char *folder, const char *name)
{
	char path[FIXTURE_FOLDER_SIZE + 32];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return stat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void
remove_file(const char *folder, const char *name)
{
	char path[FIXTURE_FOLDER_SIZE + 32];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static void
a_key_is_made_once(void **state)
{
	struct err err = ERR_INIT;
	char folder[FIXTURE_FOLDER_SIZE];
	char id[JWS_KEY_ID_SIZE], again[JWS_KEY_ID_SIZE];
	struct jws_key *key;
	bool made;

	(void)state;
	fixture_make_folder(folder);
	assert_true(grant_load_key(folder, &key, &err));
	assert_null(key);
	assert_true(grant_make_key(folder, false, &made, id, &err));
	assert_true(made);
	assert_int_equal(mode_of(folder, "private.pem"), 0600);
	assert_int_equal(mode_of(folder, "public.pem"), 0644);
	assert_false(grant_make_key(folder, false, &made, again, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "private.pem exists already"));
	/* The public half alone can be had again, and never is another's. */
	remove_file(folder, "public.pem");
	assert_true(grant_make_key(folder, false, &made, again, &err));
	assert_false(made);
	assert_string_equal(again, id);
	remove_file(folder, "private.pem");
	assert_false(grant_make_key(folder, false, &made, again, &err));
	assert_non_null(strstr(err.text, "public.pem exists already"));
	assert_true(grant_make_key(folder, true, &made, again, &err));
	assert_string_not_equal(again, id);
	err = (struct err)ERR_INIT;
	assert_true(grant_load_key(folder, &key, &err));
	assert_string_equal(jws_key_id(key), again);
	jws_key_free(key);
	fixture_remove_folder(folder);
}

static void
halves_have_to_belong_together(void **state)
{
	struct err err = ERR_INIT;
	char folder[FIXTURE_FOLDER_SIZE], id[JWS_KEY_ID_SIZE];
	char path[FIXTURE_FOLDER_SIZE + 32];
	struct jws_key *key, *other = jws_key_make(&err);
	struct buf pem = BUF_INIT;
	bool made;

	(void)state;
	fixture_make_folder(folder);
	assert_true(grant_make_key(folder, false, &made, id, &err));
	assert_true(jws_key_write_public(other, &pem, &err));
	snprintf(path, sizeof path, "%s/public.pem", folder);
	assert_true(
	    file_write_whole(path, pem.data, pem.len, 0644, true, &err));
	assert_false(grant_load_key(folder, &key, &err));
	assert_null(key);
	assert_non_null(strstr(err.text, "create identity"));
	remove_file(folder, "public.pem");
	err = (struct err)ERR_INIT;
	assert_true(grant_load_key(folder, &key, &err));
	assert_string_equal(jws_key_id(key), id);
	jws_key_free(key);
	jws_key_free(other);
	buf_fini(&pem);
	fixture_remove_folder(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_says_for_whom_and_until_when),
	    TEST(it_is_given_again_for_a_tenth_of_its_life),
	    TEST(another_key_or_life_or_source_has_its_own),
	    TEST(by_hand_it_ends_when_it_is_told_to),
	    TEST(a_report_that_wants_one_has_it_whenever_it_comes),
	    TEST(who_wants_none_has_none),
	    TEST(a_group_that_is_not_committed_leaves_none),
	    TEST(what_the_key_has_signed_may_be_no_grant),
	    cmocka_unit_test(a_key_is_made_once),
	    cmocka_unit_test(halves_have_to_belong_together),
	};

	return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
