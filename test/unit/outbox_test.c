/*
 * outbox_test.c - unit tests of src/outbox.c.
 */
#include "fixture.h"
#include "src/outbox.h"

static const char *const TWO[] = {"a@x.test", "b@x.test"};

/* Plans a mail of all accounts, or again; returns whether it is new. */
static bool
plan_mail(struct fixture *f, const char *name, const char *period,
    int64_t revision, int64_t account, int64_t now)
{
	const struct outbox_plan p = {name, period, revision, account,
	    "acme,globex", "csv", "c@x.test, d@x.test"};
	int64_t id, again;
	bool added, has;

	assert_true(outbox_has(f->db, name, period, revision, &has, &f->err));
	assert_true(outbox_plan(f->db, &p, now, &id, &added, &f->err));
	assert_int_equal(has, !added);
	assert_true(outbox_has(f->db, name, period, revision, &has, &f->err));
	assert_true(has);
	assert_true(outbox_plan(f->db, &p, now, &again, &has, &f->err));
	assert_int_equal(again, id);
	assert_false(has);
	return added;
}

static int64_t
plan(struct fixture *f, const char *name)
{
	const struct outbox_plan p = {name, "2026-09", 1, 0, "", "csv", ""};
	bool added;
	int64_t id;

	assert_true(outbox_plan(f->db, &p, f->now, &id, &added, &f->err));
	assert_true(added);
	return id;
}

/* A mail with a message, due now. */
static int64_t
ready(struct fixture *f, const char *name)
{
	int64_t id = plan(f, name);

	assert_true(
	    outbox_set_message(f->db, id, "s", "me -> a", "text", 4, &f->err));
	return id;
}

static struct outbox_mail
load(struct fixture *f, int64_t id)
{
	struct outbox_mail m;

	assert_true(outbox_load(f->db, id, &m, &f->err));
	return m;
}

static bool
add_address(void *ctx, const char *address, struct err *err)
{
	struct buf *b = ctx;

	(void)err;
	buf_printf(b, "%s ", address);
	return true;
}

static void
waiting_are(struct fixture *f, int64_t id, const char *expected)
{
	struct buf b = BUF_INIT;

	assert_true(outbox_waiting(f->db, id, add_address, &b, &f->err));
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

/* One attempt at now, for two recipients. */
static void
attempt(struct fixture *f, int64_t id, enum outbox_outcome first,
    enum outbox_outcome second)
{
	const struct outbox_result results[] = {
	    {"a@x.test", first, first == OUTBOX_DELIVERED ? 250 : 450, "1st"},
	    {"b@x.test", second, second == OUTBOX_DELIVERED ? 250 : 550,
		"2nd"}};

	assert_true(outbox_begin(f->db, id, TWO, 2, &f->err));
	assert_string_equal(load(f, id).state, "sending");
	assert_true(outbox_end(f->db, id, results, 2, "said", f->now, &f->err));
}

static void
planning_again_changes_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t account = fixture_account(f, "acme");
	struct outbox_mail m;

	assert_true(plan_mail(f, "invoice:acme", "2026-09", 1, account, 100));
	m = load(f, 1);
	assert_string_equal(m.name, "invoice:acme");
	assert_string_equal(m.period, "2026-09");
	assert_int_equal(m.revision, 1);
	assert_int_equal(m.account, account);
	assert_string_equal(m.state, "due");
	assert_int_equal(m.created_at, 100);
	assert_int_equal(m.next_at, 100);
	assert_int_equal(m.attempts, 0);
	assert_int_equal(m.sent_at, 0);
	assert_false(m.has_message);
	assert_false(plan_mail(f, "invoice:acme", "2026-09", 1, 0, 200));
	m = load(f, 1);
	assert_int_equal(m.created_at, 100);
	assert_int_equal(m.account, account);
	/* Each part of the key makes another mail. */
	assert_true(plan_mail(f, "invoice:acme", "2026-09", 2, 0, 200));
	assert_true(plan_mail(f, "invoice:acme", "2026-08", 1, 0, 200));
	assert_true(plan_mail(f, "invoice:b", "2026-09", 1, 0, 200));
}

static void
a_plan_says_what_is_in_it_and_for_whom(void **state)
{
	struct fixture *f = *state;
	struct buf accounts = BUF_INIT, attach = BUF_INIT;

	assert_true(plan_mail(f, "weekly", "2026-W40", 1, 0, 100));
	assert_true(outbox_contents(f->db, 1, &accounts, &attach, &f->err));
	assert_string_equal(buf_text(&accounts), "acme,globex");
	assert_string_equal(buf_text(&attach), "csv");
	waiting_are(f, 1, "c@x.test d@x.test ");
	/* Its own recipients count over those of the first attempt. */
	assert_true(outbox_begin(f->db, 1, TWO, 2, &f->err));
	waiting_are(f, 1, "c@x.test d@x.test ");
	waiting_are(f, plan(f, "other"), "");
	buf_fini(&accounts);
	buf_fini(&attach);
}

static void
count_is(struct fixture *f, int64_t expected)
{
	int64_t count = -1;

	assert_true(outbox_count_waiting(f->db, &count, &f->err));
	assert_int_equal(count, expected);
}

static void
mails_that_are_not_yet_sent_are_counted(void **state)
{
	struct fixture *f = *state;
	int64_t first, second;

	count_is(f, 0);
	first = ready(f, "a");
	second = plan(f, "b");
	count_is(f, 2);
	assert_true(outbox_begin(f->db, first, TWO, 2, &f->err));
	count_is(f, 2);
	assert_true(outbox_end(f->db, first,
	    (const struct outbox_result[]){
		{"a@x.test", OUTBOX_DELIVERED, 250, ""},
		{"b@x.test", OUTBOX_REFUSED, 550, ""}},
	    2, "", f->now, &f->err));
	count_is(f, 1);
	assert_true(outbox_set_aside(f->db, second, "newer", &f->err));
	count_is(f, 0);
}

static void
the_mail_due_first_is_found_when_it_is_due(void **state)
{
	struct fixture *f = *state;
	struct outbox_mail m;
	bool found = true;
	int64_t at, id;

	assert_true(outbox_next_at(f->db, &at, &f->err));
	assert_true(at == INT64_MAX);
	assert_true(outbox_next(f->db, f->now, true, &m, &found, &f->err));
	assert_false(found);
	f->now = 1000;
	ready(f, "late");
	f->now = 500;
	id = ready(f, "early");
	assert_true(outbox_next_at(f->db, &at, &f->err));
	assert_int_equal(at, 500);
	assert_true(outbox_next(f->db, 499, true, &m, &found, &f->err));
	assert_false(found);
	assert_true(outbox_next(f->db, 500, true, &m, &found, &f->err));
	assert_true(found);
	assert_int_equal(m.id, id);
	assert_string_equal(m.name, "early");
	assert_true(outbox_next(f->db, 5000, true, &m, &found, &f->err));
	assert_int_equal(m.id, id);
	/* One without its message is for the renderer. */
	f->now = 100;
	id = plan(f, "bare");
	assert_true(outbox_next(f->db, 5000, true, &m, &found, &f->err));
	assert_string_equal(m.name, "early");
	assert_true(outbox_next(f->db, 5000, false, &m, &found, &f->err));
	assert_int_equal(m.id, id);
	assert_true(outbox_set_aside(f->db, id, "no use", &f->err));
	assert_true(outbox_next(f->db, 5000, false, &m, &found, &f->err));
	assert_false(found);
	m = load(f, id);
	assert_string_equal(m.state, "aside");
	assert_string_equal(m.last_words, "no use");
}

static void
a_message_is_kept_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	int64_t id = plan(f, "m");
	struct buf b = BUF_INIT;

	assert_true(outbox_set_message(
	    f->db, id, "Subject", "me -> a", "x\0y\r\n", 5, &f->err));
	assert_true(load(f, id).has_message);
	assert_string_equal(load(f, id).subject, "Subject");
	buf_str(&b, "before:");
	assert_true(outbox_message(f->db, id, &b, &f->err));
	assert_int_equal(b.len, 12);
	assert_memory_equal(b.data, "before:x\0y\r\n", 12);
	buf_clear(&b);
	assert_true(outbox_message(f->db, plan(f, "bare"), &b, &f->err));
	assert_int_equal(b.len, 0);
	assert_false(outbox_message(f->db, 99, &b, &f->err));
	assert_int_equal(f->err.kind, ERR_INPUT);
	buf_fini(&b);
}

static void
addresses_may_change_before_the_first_attempt_alone(void **state)
{
	struct fixture *f = *state;
	int64_t id = ready(f, "m");
	struct buf b = BUF_INIT;
	bool same;

	assert_true(outbox_is_addressed(f->db, id, "me -> a", &same, &f->err));
	assert_true(same);
	assert_true(outbox_is_addressed(f->db, id, "me -> b", &same, &f->err));
	assert_false(same);
	assert_true(outbox_clear_message(f->db, id, &f->err));
	assert_false(load(f, id).has_message);
	assert_true(
	    outbox_set_message(f->db, id, "s", "me -> b", "new", 3, &f->err));
	assert_true(outbox_is_addressed(f->db, id, "me -> b", &same, &f->err));
	assert_true(same);
	attempt(f, id, OUTBOX_RETRY, OUTBOX_RETRY);
	assert_true(outbox_clear_message(f->db, id, &f->err));
	assert_true(outbox_message(f->db, id, &b, &f->err));
	assert_string_equal(buf_text(&b), "new");
	buf_fini(&b);
}

static void
a_mail_that_everybody_got_is_sent(void **state)
{
	struct fixture *f = *state;
	int64_t id = ready(f, "m"), at;
	struct outbox_mail m;

	f->now += 5;
	attempt(f, id, OUTBOX_DELIVERED, OUTBOX_DELIVERED);
	m = load(f, id);
	assert_string_equal(m.state, "sent");
	assert_int_equal(m.sent_at, f->now);
	assert_int_equal(m.attempts, 1);
	assert_string_equal(m.last_words, "said");
	waiting_are(f, id, "");
	assert_true(outbox_next_at(f->db, &at, &f->err));
	assert_true(at == INT64_MAX);
}

static void
who_is_refused_is_not_asked_again(void **state)
{
	struct fixture *f = *state;
	int64_t one = ready(f, "one"), two = ready(f, "two");

	attempt(f, one, OUTBOX_DELIVERED, OUTBOX_REFUSED);
	assert_string_equal(load(f, one).state, "sent");
	attempt(f, two, OUTBOX_REFUSED, OUTBOX_REFUSED);
	assert_string_equal(load(f, two).state, "failed");
	assert_int_equal(load(f, two).sent_at, 0);
	waiting_are(f, two, "");
}

static void
who_got_it_does_not_get_it_twice(void **state)
{
	struct fixture *f = *state;
	static const char *const others[] = {"c@x.test"};
	const struct outbox_result refused[] = {
	    {"a@x.test", OUTBOX_REFUSED, 550, "too late"},
	    {"b@x.test", OUTBOX_DELIVERED, 250, "now"}};
	int64_t id = ready(f, "m");

	attempt(f, id, OUTBOX_DELIVERED, OUTBOX_RETRY);
	assert_string_equal(load(f, id).state, "due");
	waiting_are(f, id, "b@x.test ");
	/* Who is to get it was settled by the first attempt. */
	assert_true(outbox_begin(f->db, id, others, 1, &f->err));
	waiting_are(f, id, "b@x.test ");
	assert_true(outbox_end(f->db, id, refused, 2, "", f->now + 9, &f->err));
	assert_string_equal(load(f, id).state, "sent");
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM mail_recipient"
			     " WHERE state = 'sent' AND code = 250",
			     &f->err),
	    2);
}

static void
the_next_attempt_is_n_times_n_minutes_away(void **state)
{
	struct fixture *f = *state;
	int64_t id = ready(f, "m");

	for (int64_t n = 1; n <= 45; n++) {
		int64_t wait = n * n * 60 < 86400 ? n * n * 60 : 86400;

		attempt(f, id, OUTBOX_RETRY, OUTBOX_RETRY);
		assert_string_equal(load(f, id).state, "due");
		assert_int_equal(load(f, id).attempts, n);
		assert_int_equal(load(f, id).next_at, f->now + wait);
	}
}

static void
after_five_days_it_is_given_up(void **state)
{
	struct fixture *f = *state;
	int64_t id = ready(f, "m"), other = ready(f, "other");

	f->now += 5 * 86400 - 1;
	for (int n = 0; n < OUTBOX_LEAST_ATTEMPTS; n++) {
		attempt(f, id, OUTBOX_RETRY, OUTBOX_RETRY);
		assert_string_equal(load(f, id).state, "due");
	}
	f->now += 1;
	/* Five days old, and tried once. */
	attempt(f, other, OUTBOX_RETRY, OUTBOX_RETRY);
	assert_string_equal(load(f, other).state, "due");
	attempt(f, id, OUTBOX_RETRY, OUTBOX_RETRY);
	assert_string_equal(load(f, id).state, "failed");
	/* What arrives then has arrived. */
	attempt(f, other, OUTBOX_DELIVERED, OUTBOX_DELIVERED);
	assert_string_equal(load(f, other).state, "sent");
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM mail", &f->err), 2);
}

static void
retry_fails(struct fixture *f, int64_t id)
{
	f->err = (struct err)ERR_INIT;
	assert_false(outbox_retry(f->db, id, f->now, &f->err));
	assert_int_equal(f->err.kind, ERR_INPUT);
}

static void
what_was_given_up_can_be_tried_again(void **state)
{
	struct fixture *f = *state;
	int64_t id = ready(f, "m");

	f->now += INT64_C(5) * 86400;
	for (int n = 0; n < OUTBOX_LEAST_ATTEMPTS; n++)
		attempt(f, id, OUTBOX_RETRY, OUTBOX_RETRY);
	assert_string_equal(load(f, id).state, "failed");
	f->now += 86400;
	assert_true(outbox_retry(f->db, id, f->now, &f->err));
	assert_string_equal(load(f, id).state, "due");
	assert_int_equal(load(f, id).next_at, f->now);
	waiting_are(f, id, "a@x.test b@x.test ");
	/* The message was seen, and stays; one more failure is not the end. */
	assert_true(outbox_clear_message(f->db, id, &f->err));
	assert_true(load(f, id).has_message);
	attempt(f, id, OUTBOX_RETRY, OUTBOX_RETRY);
	assert_string_equal(load(f, id).state, "due");
	attempt(f, id, OUTBOX_DELIVERED, OUTBOX_DELIVERED);
	assert_string_equal(load(f, id).state, "sent");
	retry_fails(f, id);
	retry_fails(f, 99);
}

static void
who_was_refused_alone_is_asked_again_on_demand(void **state)
{
	struct fixture *f = *state;
	int64_t id = ready(f, "m");

	attempt(f, id, OUTBOX_DELIVERED, OUTBOX_REFUSED);
	assert_string_equal(load(f, id).state, "sent");
	assert_true(outbox_retry(f->db, id, f->now, &f->err));
	waiting_are(f, id, "b@x.test ");
	assert_true(outbox_begin(f->db, id, TWO, 2, &f->err));
	retry_fails(f, id);
}

static void
a_mail_that_waits_is_due_at_once_on_demand(void **state)
{
	struct fixture *f = *state;
	int64_t id = ready(f, "m"), aside = plan(f, "old");

	attempt(f, id, OUTBOX_RETRY, OUTBOX_RETRY);
	attempt(f, id, OUTBOX_RETRY, OUTBOX_RETRY);
	assert_int_equal(load(f, id).next_at, f->now + 240);
	assert_true(outbox_retry(f->db, id, f->now + 1, &f->err));
	assert_int_equal(load(f, id).next_at, f->now + 1);
	assert_int_equal(load(f, id).attempts, 2);
	assert_true(outbox_set_aside(f->db, aside, "missed", &f->err));
	assert_true(outbox_retry(f->db, aside, f->now, &f->err));
	assert_string_equal(load(f, aside).state, "due");
}

static void
what_did_not_reach_everybody_is_counted(void **state)
{
	struct fixture *f = *state;
	int64_t since = f->now, waits, refused;
	struct outbox_failures failures;

	attempt(f, ready(f, "fine"), OUTBOX_DELIVERED, OUTBOX_DELIVERED);
	ready(f, "untried");
	assert_true(outbox_load_failures(f->db, since, &failures, &f->err));
	assert_int_equal(failures.given_up + failures.waiting, 0);
	f->now++;
	waits = ready(f, "waits");
	attempt(f, waits, OUTBOX_DELIVERED, OUTBOX_RETRY);
	f->now++;
	refused = ready(f, "refused");
	attempt(f, refused, OUTBOX_DELIVERED, OUTBOX_REFUSED);
	attempt(f, ready(f, "failed"), OUTBOX_REFUSED, OUTBOX_REFUSED);
	assert_true(outbox_load_failures(f->db, since, &failures, &f->err));
	assert_int_equal(failures.given_up, 2);
	assert_int_equal(failures.waiting, 1);
	assert_int_equal(failures.oldest.id, waits);
	assert_string_equal(failures.words, "said");
	assert_true(outbox_load_failures(f->db, f->now, &failures, &f->err));
	assert_int_equal(failures.given_up, 2);
	assert_int_equal(failures.waiting, 0);
	assert_int_equal(failures.oldest.id, refused);
}

static void
a_session_without_results_is_tried_again(void **state)
{
	struct fixture *f = *state;
	int64_t id = ready(f, "m");

	assert_true(outbox_begin(f->db, id, TWO, 2, &f->err));
	assert_true(outbox_end(
	    f->db, id, NULL, 0, "connection refused", f->now, &f->err));
	assert_string_equal(load(f, id).state, "due");
	assert_string_equal(load(f, id).last_words, "connection refused");
	waiting_are(f, id, "a@x.test b@x.test ");
}

static void
what_was_being_sent_at_a_kill_is_due_again(void **state)
{
	struct fixture *f = *state;
	int64_t id = ready(f, "m"), sent = ready(f, "sent"), at;

	attempt(f, sent, OUTBOX_DELIVERED, OUTBOX_DELIVERED);
	assert_true(outbox_begin(f->db, id, TWO, 2, &f->err));
	assert_true(outbox_next_at(f->db, &at, &f->err));
	assert_true(at == INT64_MAX);
	assert_true(outbox_recover(f->db, f->now + 7, &f->err));
	assert_string_equal(load(f, id).state, "due");
	assert_int_equal(load(f, id).next_at, f->now + 7);
	assert_int_equal(load(f, id).attempts, 1);
	assert_string_equal(load(f, sent).state, "sent");
	waiting_are(f, id, "a@x.test b@x.test ");
}

static void
a_rendering_that_failed_is_put_off_a_minute(void **state)
{
	struct fixture *f = *state;
	int64_t id = plan(f, "m");

	assert_true(outbox_put_off(f->db, id, "no font", f->now + 3, &f->err));
	assert_int_equal(load(f, id).next_at, f->now + 63);
	assert_string_equal(load(f, id).state, "due");
	assert_string_equal(load(f, id).last_words, "no font");
}

static bool
note(void *ctx, const struct outbox_mail *mail, const char *recipients,
    struct err *err)
{
	struct buf *b = ctx;

	(void)err;
	buf_printf(b, "%s %s [%s]\n", mail->name, mail->state, recipients);
	return true;
}

static void
all_are_told_oldest_first_with_their_recipients(void **state)
{
	struct fixture *f = *state;
	struct outbox_mail m;
	struct buf b = BUF_INIT;

	attempt(f, ready(f, "z"), OUTBOX_DELIVERED, OUTBOX_RETRY);
	plan(f, "a");
	assert_true(outbox_each(f->db, note, &b, &f->err));
	assert_string_equal(buf_text(&b),
	    "z due [a@x.test sent 250 1st; b@x.test due 550 2nd]\n"
	    "a due []\n");
	buf_fini(&b);
	assert_false(outbox_load(f->db, 99, &m, &f->err));
	assert_int_equal(f->err.kind, ERR_INPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(planning_again_changes_nothing),
	    FIXTURE_TEST(a_plan_says_what_is_in_it_and_for_whom),
	    FIXTURE_TEST(the_mail_due_first_is_found_when_it_is_due),
	    FIXTURE_TEST(mails_that_are_not_yet_sent_are_counted),
	    FIXTURE_TEST(a_message_is_kept_byte_for_byte),
	    FIXTURE_TEST(addresses_may_change_before_the_first_attempt_alone),
	    FIXTURE_TEST(a_mail_that_everybody_got_is_sent),
	    FIXTURE_TEST(who_is_refused_is_not_asked_again),
	    FIXTURE_TEST(who_got_it_does_not_get_it_twice),
	    FIXTURE_TEST(the_next_attempt_is_n_times_n_minutes_away),
	    FIXTURE_TEST(after_five_days_it_is_given_up),
	    FIXTURE_TEST(what_was_given_up_can_be_tried_again),
	    FIXTURE_TEST(who_was_refused_alone_is_asked_again_on_demand),
	    FIXTURE_TEST(a_mail_that_waits_is_due_at_once_on_demand),
	    FIXTURE_TEST(what_did_not_reach_everybody_is_counted),
	    FIXTURE_TEST(a_session_without_results_is_tried_again),
	    FIXTURE_TEST(what_was_being_sent_at_a_kill_is_due_again),
	    FIXTURE_TEST(a_rendering_that_failed_is_put_off_a_minute),
	    FIXTURE_TEST(all_are_told_oldest_first_with_their_recipients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
