/*
 * silence_test.c - unit tests of src/silence.c.
 */
#include "fixture.h"
#include "src/silence.h"

/* The silent ones for an account's bill, "name " each. */
static void
silent_are(
    struct fixture *f, const char *account, int64_t now, const char *expected)
{
	struct invoice bill = {.line_count = 0};
	struct silence silence;
	struct buf b = BUF_INIT;

	snprintf(bill.account.name, sizeof bill.account.name, "%s", account);
	assert_true(
	    silence_load(f->db, &bill, 1, 3600, now, &silence, &f->err));
	assert_int_equal(silence.expected_secs, 3600);
	for (size_t i = 0; i < silence.count; i++)
		buf_printf(&b, "%s ", silence.list[i].name);
	assert_string_equal(buf_text(&b), expected);
	silence_fini(&silence);
	/* Once more is fine. */
	silence_fini(&silence);
	buf_fini(&b);
}

static void
who_has_not_reported_for_longer_than_expected_is_silent(void **state)
{
	struct fixture *f = *state;
	int64_t made = f->now;

	fixture_account(f, "acme");
	fixture_account(f, "ac");
	fixture_source(f, "never", "acme");
	fixture_source(f, "other", "ac");
	fixture_source(f, "admin1", "acme,ac");
	/* Nobody is expected to have reported before he was there. */
	silent_are(f, "acme", made + 3600, "");
	fixture_sample(f, 1, made + 600, 1, "\"account\":\"acme\"");
	silent_are(f, "acme", made + 3601, "never ");
	silent_are(f, "acme", made + 4200, "never ");
	silent_are(f, "acme", made + 4201, "admin1 never ");
	silent_are(f, "ac", made + 4201, "admin1 other ");
	silent_are(f, "me", made + 4201, "");
	fixture_sample(f, 1, made + 5000, 1, "\"account\":\"acme\"");
	silent_are(f, "ac", made + 5001, "other ");
}

static void
who_is_switched_off_is_not_missed(void **state)
{
	struct fixture *f = *state;

	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	silent_are(f, "acme", f->now + 7200, "admin1 ");
	assert_true(sql_exec(f->db, "UPDATE source SET disabled = 1", &f->err));
	silent_are(f, "acme", f->now + 7200, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(
		who_has_not_reported_for_longer_than_expected_is_silent),
	    FIXTURE_TEST(who_is_switched_off_is_not_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
