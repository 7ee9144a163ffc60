/*
 * summary_cases.h - bills made by hand, for the tests of what is shown of
 * them: each case is a summary of one or two accounts.
 */
#ifndef TEST_UNIT_SUMMARY_CASES_H
#define TEST_UNIT_SUMMARY_CASES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/currency.h"
#include "lib/utc.h"
#include "src/summary.h"

enum {
	CASE_ACCOUNTS = 2,
	CASE_LINES = 256
};

struct case_line {
	size_t month;
	const char *name, *former; /* former: NULL or one name */
	uint32_t age_hours;
	const char *rate;	/* NULL: unrated */
	const char *byte_hours; /* NULL: gib GiB through the whole month */
	int64_t gib;
	struct rating_hours hours;
};

struct summary_case {
	struct summary summary;
	struct invoice now[CASE_ACCOUNTS], before[CASE_ACCOUNTS];
};

static void
case_begin(struct invoice *inv, const char *name, const char *display,
    const char *currency, const char *period)
{
	struct err err;

	memset(inv, 0, sizeof *inv);
	snprintf(inv->account.name, sizeof inv->account.name, "%s", name);
	snprintf(inv->account.display_name, sizeof inv->account.display_name,
	    "%s", display);
	snprintf(inv->account.currency, sizeof inv->account.currency, "%s",
	    currency);
	inv->account.rounding_mode = EXACT_HALF_UP;
	inv->digits = currency_digits(currency);
	if (!invoice_parse_period(period, &inv->period, &err))
		abort();
	inv->exact = exact_new();
	inv->gib_months = exact_new();
	for (size_t m = 0; m < inv->period.month_count; m++) {
		struct rating *month = &inv->months[m];

		month->month_start = utc_month_add(inv->period.from, (int)m);
		month->hours_in_month = (utc_month_add(month->month_start, 1) -
					    month->month_start) /
					UTC_HOUR_SECS;
		month->lines = calloc(CASE_LINES, sizeof *month->lines);
		month->total = exact_new();
		inv->hours_in_period += month->hours_in_month;
	}
	snprintf(inv->head, sizeof inv->head, "sha256:%s%s%s%s",
	    "0123456789abcdef", "0123456789abcdef", "0123456789abcdef",
	    "0123456789abcdef");
}

static void
case_add(struct invoice *inv, const struct case_line *spec)
{
	struct rating *month = &inv->months[spec->month];
	struct rating_line *line = &month->lines[month->line_count];
	size_t number = month->line_count++;

	line->volume_id.bytes[0] = 0x0a;
	line->volume_id.bytes[15] = (uint8_t)number;
	/* A volume's age bins stand behind each other. */
	if (number > 0 && strcmp(spec->name, line[-1].name) == 0)
		line->volume_id = line[-1].volume_id;
	line->name = strdup(spec->name);
	if (spec->former != NULL) {
		line->former_names = calloc(1, sizeof(char *));
		line->former_names[line->former_count++] = strdup(spec->former);
	}
	line->age_hours = spec->age_hours;
	line->hours = spec->hours;
	line->byte_hours = exact_new();
	line->gib_months = exact_new();
	line->amount = exact_new();
	if (spec->byte_hours != NULL)
		(void)exact_parse(line->byte_hours, spec->byte_hours);
	else {
		exact_set_int(line->byte_hours, spec->gib << 30);
		exact_mul_int(line->byte_hours, month->hours_in_month);
	}
	exact_set(line->gib_months, line->byte_hours);
	exact_div_int(line->gib_months, INT64_C(1) << 30);
	exact_div_int(line->gib_months, month->hours_in_month);
	/* A volume's hours count once, however many bins it has. */
	if (number == 0 || !uuid_equal(&line->volume_id, &line[-1].volume_id)) {
		month->hours.measured += spec->hours.measured;
		month->hours.estimated += spec->hours.estimated;
		month->hours.unbilled += spec->hours.unbilled;
	}
	if (spec->rate == NULL) {
		month->unrated = true;
		return;
	}
	line->rated = true;
	line->rate.from_hour = utc_from_date(2026, 1, 1) / UTC_HOUR_SECS;
	snprintf(line->rate.rate, sizeof line->rate.rate, "%s", spec->rate);
	(void)exact_parse(line->amount, spec->rate);
	exact_mul(line->amount, line->gib_months);
	exact_add(month->total, line->amount);
}

static void
case_round(struct invoice *inv)
{
	struct exact *exacts[3 * CASE_LINES], *shares[3 * CASE_LINES];
	struct exact *total = exact_new();

	exact_set(total, inv->exact);
	exact_round(total, inv->digits, inv->account.rounding_mode);
	inv->usage_total = exact_fixed(total, inv->digits);
	inv->total = exact_fixed(total, inv->digits);
	for (size_t i = 0; i < inv->line_count; i++) {
		exacts[i] = inv->lines[i].rated->amount;
		shares[i] = exact_new();
	}
	exact_share(total, exacts, inv->line_count, inv->digits, shares);
	for (size_t i = 0; i < inv->line_count; i++) {
		inv->lines[i].amount = exact_fixed(shares[i], inv->digits);
		exact_free(shares[i]);
	}
	exact_free(total);
}

static void
case_end(
    struct invoice *inv, enum invoice_state state, enum invoice_reason reason)
{
	inv->state = state;
	inv->reason = reason;
	inv->lines = calloc(3 * CASE_LINES, sizeof *inv->lines);
	for (size_t m = 0; m < inv->period.month_count; m++) {
		const struct rating *month = &inv->months[m];

		for (size_t i = 0; i < month->line_count; i++) {
			inv->lines[inv->line_count++] = (struct invoice_line){
			    .rated = &month->lines[i], .month = m};
			exact_add(inv->gib_months, month->lines[i].gib_months);
		}
		exact_add(inv->exact, month->total);
		inv->hours.measured += month->hours.measured;
		inv->hours.estimated += month->hours.estimated;
		inv->hours.unbilled += month->hours.unbilled;
	}
	if (reason == INVOICE_UNRATED_USAGE) {
		exact_free(inv->exact);
		inv->exact = NULL;
	} else
		case_round(inv);
}

static void
case_forecast(struct invoice *inv, const char *total)
{
	inv->forecast = strdup(total);
	inv->forecast_exact = exact_new();
	(void)exact_parse(inv->forecast_exact, total);
}

static void
case_correct(struct invoice *inv, const char *period, const char *name,
    const char *amount)
{
	static const char raw[] = "\x0b\x00";
	struct invoice_correction *c = reallocarray(
	    inv->corrections, inv->correction_count + 1, sizeof *c);
	struct err err;

	inv->corrections = c;
	c += inv->correction_count++;
	memset(c, 0, sizeof *c);
	snprintf(c->corrects, sizeof c->corrects, "%s", period);
	memcpy(c->volume_id.bytes, raw, sizeof raw);
	c->name = strdup(name);
	c->amount = strdup(amount);
	c->exact = exact_new();
	(void)exact_parse(c->exact, amount);
	c->from = utc_from_date(2026, 9, 20);
	c->to = utc_from_date(2026, 9, 21);
	if (!invoice_add_up(inv, &err))
		abort();
}

static void
case_close(struct invoice *inv, const char *number)
{
	snprintf(inv->number, sizeof inv->number, "%s", number);
	inv->state = INVOICE_CLOSED;
	inv->closed_at = utc_from_date(2026, 11, 3);
	inv->due_at = inv->closed_at + 30 * UTC_DAY_SECS;
	case_forecast(inv, inv->total);
}

/* --- the cases --- */

static void add_numbered(struct invoice *inv, size_t count, int64_t gib);

static void
case_one(struct summary_case *c)
{
	case_begin(&c->now[0], "acme", "Acme Corp", "USD", "2026-10");
	case_add(&c->now[0], &(struct case_line){.name = "lab",
				 .rate = "0.03",
				 .gib = 12671,
				 .hours = {744, 0, 0}});
	case_end(&c->now[0], INVOICE_OPEN, INVOICE_FINE);
	case_forecast(&c->now[0], "412.5");
	case_begin(&c->before[0], "acme", "Acme Corp", "USD", "2026-09");
	case_end(&c->before[0], INVOICE_DRAFT, INVOICE_FINE);
	c->summary.before = c->before;
}

/* An invoice that corrects two months before it, one of them downwards. */
static void
case_invoice(struct summary_case *c)
{
	struct invoice *inv = &c->now[0];

	case_begin(inv, "acme", "Acme Corp", "USD", "2026-10");
	add_numbered(inv, 2, 100);
	case_end(inv, INVOICE_HELD, INVOICE_TOO_MANY_ESTIMATES);
	case_correct(inv, "2026-08", "lab", "-1.25");
	case_correct(inv, "2026-09", "=evil\xe2\x80\xae", "0.99");
	case_close(inv, "2026-00017");
	case_begin(&c->before[0], "acme", "Acme Corp", "USD", "2026-09");
	add_numbered(&c->before[0], 2, 50);
	case_end(&c->before[0], INVOICE_DRAFT, INVOICE_FINE);
	case_close(&c->before[0], "2026-00016");
	c->summary.before = c->before;
}

static void
add_numbered(struct invoice *inv, size_t count, int64_t gib)
{
	char name[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof name, "volume-%03zu", i);
		case_add(
		    inv, &(struct case_line){.name = name,
			     .rate = "0.0215",
			     .gib = gib + (int64_t)(i * 7919 % 4001),
			     .former = i == 3 ? "scratch" : NULL,
			     .hours = {i == 5 ? 741 : 744, i == 5 ? 3 : 0, 0}});
	}
}

static void
case_twelve(struct summary_case *c)
{
	case_begin(&c->now[0], "acme", "Acme Corp", "USD", "2026-10");
	add_numbered(&c->now[0], 12, 100);
	case_end(&c->now[0], INVOICE_DRAFT, INVOICE_FINE);
	case_begin(&c->before[0], "acme", "Acme Corp", "USD", "2026-09");
	add_numbered(&c->before[0], 12, 50);
	case_end(&c->before[0], INVOICE_DRAFT, INVOICE_FINE);
	c->summary.before = c->before;
}

static void
case_many(struct summary_case *c)
{
	case_begin(&c->now[0], "acme", "", "KWD", "2026-10");
	c->now[0].account.rounding_mode = EXACT_HALF_EVEN;
	add_numbered(&c->now[0], 200, 1000);
	case_end(&c->now[0], INVOICE_DRAFT, INVOICE_FINE);
	case_begin(&c->before[0], "acme", "", "KWD", "2026-09");
	add_numbered(&c->before[0], 200, 2000);
	case_end(&c->before[0], INVOICE_DRAFT, INVOICE_FINE);
	c->summary.before = c->before;
}

static void
case_nothing(struct summary_case *c)
{
	case_begin(&c->now[0], "acme", "Acme Corp", "JPY", "2026-10");
	case_end(&c->now[0], INVOICE_DRAFT, INVOICE_FINE);
}

static void
case_unrated(struct summary_case *c)
{
	struct invoice *inv = &c->now[0];

	case_begin(inv, "acme", "Acme Corp", "USD", "2026-10");
	case_add(inv, &(struct case_line){.name = "lab",
			  .age_hours = 720,
			  .rate = "0.03",
			  .gib = 40,
			  .hours = {700, 40, 4}});
	case_add(inv, &(struct case_line){
			  .name = "lab", .gib = 900, .hours = {700, 40, 4}});
	for (int i = 0; i < 7; i++) {
		char name[16];

		snprintf(name, sizeof name, "home%d", i);
		case_add(inv,
		    &(struct case_line){
			.name = name, .gib = 10 + i, .hours = {744, 0, 0}});
	}
	case_end(inv, INVOICE_HELD, INVOICE_UNRATED_USAGE);
	case_begin(&c->before[0], "acme", "Acme Corp", "USD", "2026-09");
	case_add(&c->before[0], &(struct case_line){.name = "lab",
				    .rate = "0.03",
				    .gib = 12,
				    .hours = {720, 0, 0}});
	case_end(&c->before[0], INVOICE_DRAFT, INVOICE_FINE);
	c->summary.before = c->before;
}

static void
case_missing(struct summary_case *c)
{
	struct invoice *inv = &c->now[0];

	case_begin(inv, "acme", "Acme Corp", "USD", "2026-10");
	inv->account.gap = ACCOUNT_GAP_HOLD;
	case_add(inv, &(struct case_line){.name = "lab",
			  .rate = "0.03",
			  .byte_hours = "9007199254740993.5",
			  .hours = {707, 0, 37}});
	case_end(inv, INVOICE_HELD, INVOICE_MISSING_HOURS);
}

static void
case_estimated(struct summary_case *c)
{
	struct invoice *inv = &c->now[0];

	case_begin(inv, "acme", "Acme Corp", "USD", "2026-10");
	inv->account.rounding = ACCOUNT_PER_LINE;
	case_add(inv, &(struct case_line){.name = "lab",
			  .rate = "0.03",
			  .gib = 11,
			  .hours = {684, 60, 0}});
	case_end(inv, INVOICE_HELD, INVOICE_TOO_MANY_ESTIMATES);
}

static void
case_accounts(struct summary_case *c)
{
	static struct trouble_grant grants[] = {
	    {"admin1", 1793404800}, {"admin2", 1793664000}};
	static const struct trouble trouble = {
	    .grants = grants, .grant_count = 2};

	case_begin(&c->now[0], "acme", "Acme Corp", "USD", "2026-10");
	add_numbered(&c->now[0], 2, 500);
	case_end(&c->now[0], INVOICE_DRAFT, INVOICE_FINE);
	case_begin(&c->before[0], "acme", "Acme Corp", "USD", "2026-09");
	add_numbered(&c->before[0], 2, 1500);
	case_end(&c->before[0], INVOICE_DRAFT, INVOICE_FINE);
	case_begin(
	    &c->now[1], "mueller", "M\xc3\xbcller GmbH", "EUR", "2026-10");
	c->now[1].account.rounding = ACCOUNT_PER_LINE;
	case_add(&c->now[1], &(struct case_line){.name = "archive",
				 .rate = "0.004",
				 .gib = 80000,
				 .hours = {744, 0, 0}});
	case_end(&c->now[1], INVOICE_DRAFT, INVOICE_FINE);
	case_begin(
	    &c->before[1], "mueller", "M\xc3\xbcller GmbH", "EUR", "2026-09");
	case_add(&c->before[1], &(struct case_line){.name = "archive",
				    .rate = "0.004",
				    .gib = 80000,
				    .hours = {720, 0, 0}});
	case_end(&c->before[1], INVOICE_DRAFT, INVOICE_FINE);
	c->summary.before = c->before;
	c->summary.count = 2;
	c->summary.trouble = &trouble;
}

static void
case_quarter(struct summary_case *c)
{
	struct invoice *inv = &c->now[0];

	case_begin(inv, "acme", "Acme Corp", "USD", "2026-Q4");
	for (size_t m = 0; m < 2; m++) {
		case_add(inv, &(struct case_line){.month = m,
				  .name = "lab",
				  .age_hours = 720,
				  .rate = "0.03",
				  .gib = 40 + (int64_t)m,
				  .hours = {684, 60, 0}});
		case_add(inv, &(struct case_line){.month = m,
				  .name = "lab",
				  .rate = "0.01",
				  .gib = 900,
				  .hours = {684, 60, 0}});
	}
	case_end(inv, INVOICE_OPEN, INVOICE_TOO_MANY_ESTIMATES);
}

/* Forty characters, money and rates as large as they come. */
static void
case_large(struct summary_case *c)
{
	struct invoice *inv = &c->now[0];

	case_begin(inv,
	    "an-account-whose-name-is-as-long-as-a-name-may-be.0123456789.ab",
	    "A display name that is rather long and would like to be wrapped "
	    "somewhere behind the middle",
	    "USD", "2026-10");
	case_add(inv, &(struct case_line){
			  .name = "a-volume-name-of-forty-characters-012345",
			  .rate = "999999999999.123456789012",
			  .gib = 8589934591,
			  .hours = {744, 0, 0}});
	case_add(inv, &(struct case_line){
			  .name = "a second volume name of forty characters",
			  .rate = "0.03",
			  .gib = 1,
			  .hours = {344, 300, 100}});
	case_end(inv, INVOICE_DRAFT, INVOICE_FINE);
}

static void
case_hostile(struct summary_case *c)
{
	static const char *const names[] = {
	    "=cmd|' /C calc'!A0",
	    "+1+1",
	    "-2",
	    "@SUM(A1)",
	    "\ttab",
	    "\rreturn",
	    "a\r\nBcc: everyone@example.test\r\n\r\n--=_x",
	    "<script>alert(1)</script>",
	    "\"quotes\", 'both' & <b>bold",
	    "\xe2\x80\xae"
	    "gnp.exe",
	    "\xd7\x90\xd7\x91\xd7\x92",
	    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe5\x90\x8d"
	    "\xe5\x89\x8d\xe3\x81\xa7\xe3\x81\x99\xe3\x80\x82",
	    "\xf0\x9f\x92\xbe\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"
	    "\xe2\x9d\xa4\xef\xb8\x8f",
	    "zalgo e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87",
	    "not utf-8 \xff\xc0\x80",
	    "",
	    ".",
	    "From here",
	};
	struct invoice *inv = &c->now[0];
	char longest[256];

	memset(longest, 'W', 255);
	longest[255] = '\0';
	case_begin(inv, "acme", "<b>Acme</b> \"&\" \xe2\x80\xaeproC", "USD",
	    "2026-10");
	case_add(inv, &(struct case_line){.name = longest,
			  .rate = "0.03",
			  .gib = 100,
			  .former = "=was",
			  .hours = {744, 0, 0}});
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		case_add(inv, &(struct case_line){.name = names[i],
				  .rate = i == 9 ? NULL : "0.03",
				  .gib = 90 - (int64_t)i % 9,
				  .former = i == 6 ? "x\r\ny" : NULL,
				  .hours = {744, 0, 0}});
	case_end(inv, INVOICE_HELD, INVOICE_UNRATED_USAGE);
}

static const struct {
	const char *name;
	void (*make)(struct summary_case *);
} summary_cases[] = {
    {"one", case_one},
    {"invoice", case_invoice},
    {"twelve", case_twelve},
    {"many", case_many},
    {"nothing", case_nothing},
    {"unrated", case_unrated},
    {"missing", case_missing},
    {"estimated", case_estimated},
    {"accounts", case_accounts},
    {"quarter", case_quarter},
    {"large", case_large},
    {"hostile", case_hostile},
};

enum {
	SUMMARY_CASES = sizeof summary_cases / sizeof *summary_cases
};

/* Fills *c, which must not move afterwards, with the case of that name. */
static void
summary_case_make(struct summary_case *c, const char *name)
{
	memset(c, 0, sizeof *c);
	c->summary.invoices = c->now;
	c->summary.count = 1;
	c->summary.now = utc_from_date(2026, 11, 1) + 6 * UTC_HOUR_SECS;
	for (size_t i = 0; i < SUMMARY_CASES; i++)
		if (strcmp(summary_cases[i].name, name) == 0)
			summary_cases[i].make(c);
	if (c->now[0].exact == NULL && c->now[0].gib_months == NULL)
		abort();
}

static void
summary_case_fini(struct summary_case *c)
{
	for (size_t i = 0; i < CASE_ACCOUNTS; i++) {
		invoice_fini(&c->now[i]);
		invoice_fini(&c->before[i]);
	}
}

/* --- files --- */

/*
 * Compares with test/golden/NAME. After a change that is meant,
 * `GOLDEN=write build/test/unit/summary_test` writes the files anew; the
 * difference is then read before it is kept. Folder $CASES_OUT, if it is set,
 * gets a copy of everything, for other tests and for looking at it.
 */
static void
write_file(const char *folder, const char *name, const struct buf *b)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(buf_text(b), 1, b->len, f), b->len);
	assert_int_equal(fclose(f), 0);
}

static void
read_file(const char *folder, const char *name, struct buf *b)
{
	char path[512], block[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("no file %s", path);
	while ((n = fread(block, 1, sizeof block, f)) > 0)
		buf_add(b, block, n);
	fclose(f);
}

static void
show_difference(const char *name, const char *is, const char *should)
{
	int line = 1;
	size_t i = 0, begin = 0;

	for (; is[i] != '\0' && is[i] == should[i]; i++)
		if (is[i] == '\n') {
			line++;
			begin = i + 1;
		}
	if (is[i] != should[i])
		fail_msg("%s differs in line %d:\n is     %.*s\n should %.*s",
		    name, line, (int)strcspn(is + begin, "\r\n"), is + begin,
		    (int)strcspn(should + begin, "\r\n"), should + begin);
}

/* The many lines are worth approving once, not in every format. */
static bool
is_kept(const char *name)
{
	return strncmp(name, "many.", 5) != 0 ||
	       strcmp(name, "many.txt") == 0 || strcmp(name, "many.html") == 0;
}

/* A new version of the program is no reason for new files. */
static void
hide_version(const struct buf *b, struct buf *out)
{
	static const char made[] = "stat.flexfs " STAT_VERSION " at ";
	const char *text = buf_text(b), *at;

	while ((at = strstr(text, made)) != NULL) {
		buf_add(out, text, (size_t)(at - text));
		buf_str(out, "stat.flexfs VERSION at ");
		text = at + strlen(made);
	}
	buf_str(out, text);
}

static inline void
compare_golden(const char *name, const struct buf *b)
{
	static const char folder[] = "test/golden";
	const char *mode = getenv("GOLDEN"), *copies = getenv("CASES_OUT");
	struct buf golden = BUF_INIT, shown = BUF_INIT;

	assert_false(b->failed);
	if (copies != NULL)
		write_file(copies, name, b);
	if (!is_kept(name))
		return;
	hide_version(b, &shown);
	if (mode != NULL && strcmp(mode, "write") == 0)
		write_file(folder, name, &shown);
	read_file(folder, name, &golden);
	show_difference(name, buf_text(&shown), buf_text(&golden));
	assert_int_equal(shown.len, golden.len);
	buf_fini(&golden);
	buf_fini(&shown);
}

#endif
