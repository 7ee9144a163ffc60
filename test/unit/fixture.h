/*
 * fixture.h - what the tests of the ledger's steps stand on: a temporary
 * folder, a database in it, accounts and sources, and reports made of short
 * texts that go the same way as those from outside.
 *
 * A fixture never fails quietly: what is not expected to fail is asserted.
 */
#ifndef TEST_UNIT_FIXTURE_H
#define TEST_UNIT_FIXTURE_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "lib/tls.h"
#include "lib/utc.h"
#include "src/account.h"
#include "src/ledger.h"
#include "src/report.h"
#include "src/source.h"
#include "src/store.h"

enum {
	FIXTURE_FOLDER_SIZE = 512
};

/* --- folders --- */

static inline void
fixture_make_folder(char out[FIXTURE_FOLDER_SIZE])
{
	const char *tmp = getenv("TMPDIR");

	snprintf(out, FIXTURE_FOLDER_SIZE, "%s/statXXXXXX",
	    tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	assert_non_null(mkdtemp(out));
}

/* With the files in it; there are no folders. */
static inline void
fixture_remove_folder(const char *folder)
{
	char path[FIXTURE_FOLDER_SIZE + 512];
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(folder);
}

/* --- the database --- */

/* The only value of a query, which is a literal; -1 with err when it fails
 * or has no row. */
static inline int64_t
fixture_int(struct sql *db, const char *literal, struct err *err)
{
	struct sql_stmt *s = sql_get(db, literal, err);
	int64_t value = -1;

	if (s != NULL && sql_step(s, err) == SQL_ROW)
		value = sql_int(s, 0);
	sql_done(s);
	return value;
}

struct fixture {
	char folder[FIXTURE_FOLDER_SIZE];
	struct sql *db;	       /* owned */
	struct ledger *ledger; /* owned; made by the first report */
	int64_t now;	       /* unix seconds: when what is done is done */
	int64_t source;	       /* who reports; set by fixture_source */
	int64_t token;
	int next_report;
	/* Of the last report. */
	struct report report;
	struct ledger_answer answer;
	size_t at;
	struct err err;
	struct buf body, errors;
};

static const int64_t FIXTURE_NOW = 1790812800; /* 2026-10-01T00:00:00Z */

static inline int
fixture_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	fixture_make_folder(f->folder);
	f->now = FIXTURE_NOW;
	f->db = store_open_write(f->folder, 0, NULL, &f->err);
	assert_non_null(f->db);
	/* Nobody pulls the plug on a test. */
	assert_true(sql_exec(f->db, "PRAGMA synchronous = OFF", &f->err));
	*state = f;
	return 0;
}

static inline int
fixture_tear_down(void **state)
{
	struct fixture *f = *state;

	ledger_answer_fini(&f->answer);
	report_fini(&f->report);
	buf_fini(&f->body);
	buf_fini(&f->errors);
	ledger_close(f->ledger);
	sql_close(f->db);
	fixture_remove_folder(f->folder);
	free(f);
	return 0;
}

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

/* --- accounts and sources --- */

/* The rules of a new account by the command line's defaults. */
static inline struct account
fixture_rules(const char *name)
{
	struct account a;

	memset(&a, 0, sizeof a);
	snprintf(a.name, sizeof a.name, "%s", name);
	memcpy(a.currency, "USD", 4);
	a.max_carry_hours = 6;
	a.net_days = 30;
	return a;
}

/* Makes the account and returns its row. */
static inline int64_t
fixture_add(struct fixture *f, struct account *a)
{
	if (!account_create(f->db, a, "operator:test", f->now, &f->err))
		fail_msg("account %s: %s", a->name, f->err.text);
	return a->id;
}

static inline int64_t
fixture_account(struct fixture *f, const char *name)
{
	struct account a = fixture_rules(name);

	return fixture_add(f, &a);
}

/* A source that may name the accounts, "acme" or "acme,other"; it reports
 * from now on. Returns its row. */
static inline int64_t
fixture_source(struct fixture *f, const char *name, const char *accounts)
{
	char copy[256], *rest = copy, *word, text[TOKEN_TEXT_SIZE];
	const char *list[8];
	struct token_holder holder = {0};
	size_t count = 0;

	snprintf(copy, sizeof copy, "%s", accounts);
	while ((word = strsep(&rest, ",")) != NULL && count < 8)
		list[count++] = word;
	if (!source_create(f->db, name, list, count, NULL, "operator:test",
		f->now, text, &f->err) ||
	    !token_find(f->db, NULL, text, &holder, &f->err))
		fail_msg("source %s: %s", name, f->err.text);
	f->source = holder.source;
	f->token = holder.token;
	return f->source;
}

/* --- reports --- */

/* The text of volume n's UUID; returns out. */
static inline char *
fixture_uuid(int n, char out[UUID_TEXT_SIZE])
{
	snprintf(out, UUID_TEXT_SIZE, "7b1d0000-90a1-4c3e-8f00-%012d", n);
	return out;
}

/* Begins a report with an id made of n, sent now. */
static inline void
fixture_begin_report(struct fixture *f, int n)
{
	char when[UTC_TEXT_SIZE];

	buf_clear(&f->body);
	buf_printf(&f->body,
	    "{\"report_id\":\"5f0c9a52-2f0e-4b7c-9a3d-%012d\","
	    "\"sent_at\":\"%s\",\"volumes\":[",
	    n, utc_format(f->now, when));
}

/* Adds a sample of volume n; members is more JSON, such as
 * "\"name\":\"lab\"", or "". */
static inline void
fixture_add_sample(struct fixture *f, int n, int64_t at, int32_t nanos,
    int64_t bytes, const char *members)
{
	char id[UUID_TEXT_SIZE], when[UTC_TEXT_SIZE];

	utc_format(at, when);
	when[19] = '\0'; /* without the Z */
	buf_printf(&f->body,
	    "%s{\"id\":\"%s\",\"sampled_at\":\"%s.%09dZ\","
	    "\"bytes\":\"%lld\"%s%s}",
	    f->body.data[f->body.len - 1] == '[' ? "" : ",",
	    fixture_uuid(n, id), when, (int)nanos, (long long)bytes,
	    members[0] != '\0' ? "," : "", members);
}

/* Hands the report over inside the open transaction, opening one if there is
 * none; the answer and err are in f. */
static inline enum ledger_result
fixture_take_report(struct fixture *f)
{
	uint8_t digest[FACT_HASH_SIZE];

	buf_clear(&f->errors);
	f->err = (struct err)ERR_INIT;
	if (f->ledger == NULL)
		f->ledger = ledger_open(f->db, &f->err);
	assert_non_null(f->ledger);
	if (report_parse(f->body.data, f->body.len, &f->report, &f->errors,
		&f->err) != REPORT_FINE)
		fail_msg("%s: %s", f->err.text, f->body.data);
	tls_sha256(f->body.data, f->body.len, digest);
	ledger_answer_fini(&f->answer);
	if (!ledger_begin(f->ledger, &f->err))
		return LEDGER_FAILED;
	return ledger_add_report(f->ledger, f->source, f->token, &f->report,
	    digest, f->now * 1000, &f->answer, &f->at, &f->err);
}

/* Ends a report, and commits it. */
static inline enum ledger_result
fixture_send_report(struct fixture *f)
{
	enum ledger_result result;

	buf_str(&f->body, "]}");
	result = fixture_take_report(f);
	if (result == LEDGER_FAILED)
		ledger_rollback(f->ledger);
	else if (!ledger_commit(f->ledger, &f->err))
		fail_msg("commit: %s", f->err.text);
	return result;
}

/* One sample in a report of its own, sent when it was taken, and stored. */
static inline void
fixture_sample(
    struct fixture *f, int n, int64_t at, int64_t bytes, const char *members)
{
	f->now = at;
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, n, at, 0, bytes, members);
	if (fixture_send_report(f) != LEDGER_STORED || f->answer.stored != 1)
		fail_msg("sample of %d: %s, %zu set aside", n, f->err.text,
		    f->answer.quarantined_count);
}

#endif
