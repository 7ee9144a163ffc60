/*
 * chart_cases.h - usage and costs made by hand, for the tests of pictures and
 * for looking at them.
 */
#ifndef TEST_UNIT_CHART_CASES_H
#define TEST_UNIT_CHART_CASES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "src/chart.h"

#define GIB ((exact_u128)1 << 30)

/* Makes names and bytes by day; what a case wants otherwise it changes. */
struct chart_case_usage {
	struct chart_usage usage;
	char **names;
	struct chart_part *parts;
	int64_t *missing;
};

static void
chart_case_begin(
    struct chart_case_usage *c, size_t days, size_t names, exact_u128 unit)
{
	static const unsigned grow[] = {7, 3, 11, 5, 2, 13};

	c->names = calloc(names + 1, sizeof *c->names);
	c->parts = calloc(days * names + 1, sizeof *c->parts);
	c->missing = calloc(days, sizeof *c->missing);
	if (c->names == NULL || c->parts == NULL || c->missing == NULL)
		abort();
	for (size_t n = 0; n < names; n++) {
		char text[32];

		snprintf(text, sizeof text, "account-%03zu", n);
		c->names[n] = strdup(text);
		for (size_t d = 0; d < days; d++)
			c->parts[d * names + n].measured =
			    unit * (100 + n * 37 % 101 + grow[n % 6] * d +
				       (d * 31 + n * 17) % 9);
	}
	c->usage = (struct chart_usage){
	    .by = "account",
	    .first_day = utc_from_date(2026, 10, 1) / UTC_DAY_SECS,
	    .day_count = days,
	    .names = (const char *const *)c->names,
	    .name_count = names,
	    .parts = c->parts,
	    .missing_hours = c->missing,
	};
}

static void
chart_case_end(struct chart_case_usage *c)
{
	for (size_t n = 0; n < c->usage.name_count; n++)
		free(c->names[n]);
	free(c->names);
	free(c->parts);
	free(c->missing);
}

static void
chart_case_rename(struct chart_case_usage *c, size_t name, const char *text)
{
	free(c->names[name]);
	c->names[name] = strdup(text);
}

static void
usage_one(struct chart_case_usage *c)
{
	chart_case_begin(c, 31, 1, GIB);
	c->usage.whose = "Acme Corp";
}

static void
usage_twelve(struct chart_case_usage *c)
{
	chart_case_begin(c, 31, 12, 20 * GIB);
}

static void
usage_many(struct chart_case_usage *c)
{
	chart_case_begin(c, 30, 200, 50 * GIB);
}

/* Forty characters, and eight is just enough to need no "others". */
static void
usage_names(struct chart_case_usage *c)
{
	chart_case_begin(c, 31, 8, GIB / 16);
	c->usage.by = "volume";
	c->usage.whose = "A display name that is rather long and would like to "
			 "be wrapped somewhere behind the middle";
	for (size_t n = 0; n < 8; n++)
		chart_case_rename(c, n,
		    n % 2 ? "a-volume-name-of-forty-characters-012345"
			  : "A SECOND VOLUME NAME OF FORTY CHARACTERS");
}

static void
usage_hostile(struct chart_case_usage *c)
{
	char longest[256];

	chart_case_begin(c, 31, 8, GIB);
	memset(longest, 'W', 255);
	longest[255] = '\0';
	chart_case_rename(c, 0, longest);
	chart_case_rename(c, 1, "<script>alert(1)</script>");
	chart_case_rename(c, 2, "=1+1\r\nBcc: \"x\" & 'y'");
	chart_case_rename(c, 3, "\xe2\x80\xaegnp.exe");
	chart_case_rename(c, 4, "\xd7\x90\xd7\x91\xd7\x92 \xd8\xa7\xd8\xa8");
	chart_case_rename(c, 5,
	    "\xf0\x9f\x92\xbe\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb "
	    "\xe6\x97\xa5\xe6\x9c\xac");
	chart_case_rename(c, 6, "not utf-8 \xff\xc0\x80");
	chart_case_rename(c, 7, "");
}

static void
usage_nothing(struct chart_case_usage *c)
{
	chart_case_begin(c, 30, 2, 0);
}

static void
usage_nobody(struct chart_case_usage *c)
{
	chart_case_begin(c, 30, 0, 0);
}

static void
usage_day(struct chart_case_usage *c)
{
	chart_case_begin(c, 1, 3, GIB);
}

static void
usage_quarter(struct chart_case_usage *c)
{
	chart_case_begin(c, 92, 3, 3 * GIB);
}

static void
usage_year(struct chart_case_usage *c)
{
	chart_case_begin(c, 365, 5, 300 * GIB);
}

/* Reports stayed out for days: first it is estimated, then missing. */
static void
usage_gaps(struct chart_case_usage *c)
{
	chart_case_begin(c, 31, 3, GIB);
	for (size_t d = 9; d < 16; d++) {
		struct chart_part *p = &c->parts[d * 3];

		for (size_t n = 0; n < 3; n++)
			if (d == 9 || n == 1) {
				p[n].estimated = p[n].measured / 4;
				p[n].measured -= p[n].estimated;
			}
		if (d > 9) {
			p[0].measured = 0;
			c->missing[d] = 24;
		}
	}
	for (size_t d = 27; d < 31; d++) {
		c->parts[d * 3 + 1].estimated = c->parts[d * 3 + 1].measured;
		c->parts[d * 3 + 1].measured = 0;
	}
}

static void
usage_huge(struct chart_case_usage *c)
{
	chart_case_begin(c, 31, 12, GIB << 40);
}

static void
usage_tiny(struct chart_case_usage *c)
{
	chart_case_begin(c, 31, 1, 0);
	c->parts[3].measured = 3;
}

static const struct {
	const char *name;
	void (*make)(struct chart_case_usage *);
} usage_cases[] = {
    {"one", usage_one},
    {"twelve", usage_twelve},
    {"many", usage_many},
    {"names", usage_names},
    {"hostile", usage_hostile},
    {"nothing", usage_nothing},
    {"nobody", usage_nobody},
    {"day", usage_day},
    {"quarter", usage_quarter},
    {"year", usage_year},
    {"gaps", usage_gaps},
    {"huge", usage_huge},
    {"tiny", usage_tiny},
};

/* --- costs --- */

struct chart_case_cost {
	const char *name, *whose, *currency;
	int first_month; /* of 2025 */
	size_t count;
	const char *amounts[CHART_MAX_MONTHS];
	const char *forecast; /* of the last one */
};

static const struct chart_case_cost cost_cases[] = {
    {"year", NULL, "USD", 10, 13,
	{"310.22", "300.10", "299.99", "312.00", "320.5", "333.33", "340.00",
	    "352.1", "360.77", "371.9", "380.02", "395.00", "212.40"},
	"410.11"},
    {"over", "Acme Corp", "USD", 10, 13,
	{"0.00", "0.00", "12.10", "512.00", "1520.5", "1333.33", "2340.00",
	    "3352.1", "4360.77", "9371.9", "11380.02", "10395.00", "12412.40"},
	NULL},
    {"single", NULL, "EUR", 22, 1, {"41.87"}, NULL},
    {"nothing", NULL, "USD", 20, 3, {"0.00", "0.00", "0.00"}, "0.00"},
    {"unrated", NULL, "USD", 16, 7,
	{"1.00", "2.50", NULL, NULL, "3.00", "2.75", NULL}, NULL},
    {"credit", NULL, "EUR", 17, 6,
	{"120.50", "80.00", "-45.20", "10.00", "-0.50", "33.00"}, "60.00"},
    {"yen", NULL, "JPY", 10, 13,
	{"1", "2", "3", "2", "3", "4", "5", "4", "3", "2", "1", "0", "2"}, "4"},
    {"dinar", NULL, "KWD", 18, 5, {"0.004", "0.011", "0.009", "0.010", "0.002"},
	NULL},
    {"thousands", NULL, "USD", 10, 13,
	{"310220.10", "300100", "299990", "312000", "320500", "333330",
	    "340000", "352100", "360770", "371900", "380020", "395000",
	    "212400.99"},
	"410110.40"},
    {"huge", NULL, "USD", 10, 13,
	{"8589934591000000000000.12", "8589934591000000000000.12",
	    "8589934591000000000000.12", "8589934591000000000000.12",
	    "8589934591000000000000.12", "8589934591000000000000.12",
	    "8589934591000000000000.12", "8589934591000000000000.12",
	    "8589934591000000000000.12", "8589934591000000000000.12",
	    "8589934591000000000000.12", "8589934591000000000000.12",
	    "8589934591000000000000.12"},
	"9589934591000000000000.12"},
};

enum {
	USAGE_CASES = sizeof usage_cases / sizeof *usage_cases,
	COST_CASES = sizeof cost_cases / sizeof *cost_cases,
};

/* months has room for CHART_MAX_MONTHS. */
static void
chart_case_cost(const struct chart_case_cost *from, struct chart_month *months,
    struct chart_cost *out)
{
	for (size_t i = 0; i < from->count; i++)
		months[i] = (struct chart_month){
		    utc_from_date(2025, from->first_month + (int)i, 1),
		    from->amounts[i],
		    i + 1 == from->count ? from->forecast : NULL};
	*out = (struct chart_cost){
	    from->whose, from->currency, months, from->count};
}

#endif
