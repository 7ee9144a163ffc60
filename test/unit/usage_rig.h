/*
 * usage_rig.h - what the tests of hourly usage share: samples by hour and
 * minute, rows made of them, and what a scan tells, written as text: "0m6",
 * "1e6" and "2u0" are hours 0, 1 and 2 from the fixture's beginning, measured,
 * estimated and unbilled, with their mean bytes. A "+" is the second part of
 * an hour, "24=6" a bin of 24 hours' age, "@2" an account and "#2" a volume
 * other than the first.
 */
#ifndef TEST_UNIT_USAGE_RIG_H
#define TEST_UNIT_USAGE_RIG_H

#include "fixture.h"
#include "src/day.h"
#include "src/history.h"
#include "src/usage.h"
#include "src/volume.h"

static const int64_t BASE = 1790812800 / 3600;

enum {
	RECORD_SIZE = 120
};

struct records {
	char (*list)[RECORD_SIZE]; /* owned */
	size_t count;
};

static inline void
put_mean(struct buf *b, exact_u128 num, uint64_t den)
{
	struct exact *x = exact_new();
	char *text;

	exact_set_ratio(x, num, den);
	text = exact_decimal(x, 4);
	buf_str(b, text);
	free(text);
	exact_free(x);
}

static inline bool
note(void *ctx, const struct usage_hour *hour, struct err *err)
{
	static const char kinds[] = "meu";
	struct records *r = ctx;
	struct buf b = BUF_INIT;

	(void)err;
	buf_printf(&b, "%lld%s%c", (long long)(hour->hour - BASE),
	    hour->counts ? "" : "+", kinds[hour->kind]);
	for (size_t i = 0; i < hour->bin_count; i++) {
		if (i > 0)
			buf_char(&b, ',');
		if (hour->bins[i].age_hours != 0)
			buf_printf(&b, "%u=", hour->bins[i].age_hours);
		put_mean(&b, hour->bins[i].num, hour->den);
	}
	if (hour->account != 1)
		buf_printf(&b, "@%lld", (long long)hour->account);
	if (hour->volume != 1)
		buf_printf(&b, "#%lld", (long long)hour->volume);
	r->list = reallocarray(r->list, r->count + 1, RECORD_SIZE);
	assert_non_null(r->list);
	assert_true(b.len < RECORD_SIZE);
	memcpy(r->list[r->count++], b.data, b.len + 1);
	buf_fini(&b);
	return true;
}

static inline struct usage_query
hours(int64_t from, int64_t to, int64_t now)
{
	return (struct usage_query){.from_hour = BASE + from,
	    .to_hour = BASE + to,
	    .now = now,
	    .upto_fact = USAGE_ALL_FACTS};
}

/* Everything that is due at now; samples are kept. */
static inline void
compact(struct fixture *f, int64_t now)
{
	struct history *h = history_new(INT64_C(1) << 40, &f->err);
	bool more = true;

	assert_non_null(h);
	while (more)
		if (!history_turn(h, f->db, now, &more, &f->err))
			fail_msg("turn: %s", f->err.text);
	history_free(h);
}

static inline void
scan(struct fixture *f, int64_t from, int64_t to, int64_t now,
    struct records *out)
{
	struct usage_query query = hours(from, to, now);

	out->list = NULL;
	out->count = 0;
	f->err = (struct err)ERR_INIT;
	if (!usage_scan(f->db, &query, note, out, &f->err))
		fail_msg("scan: %s", f->err.text);
}

/* The same, of volumes that are named one by one. */
static inline void
scan_named(struct fixture *f, int64_t from, int64_t to, int64_t now,
    struct records *out)
{
	struct usage_query query = hours(from, to, now);
	int64_t rows[8];
	int count = (int)fixture_int(
	    f->db, "SELECT ifnull(max(id), 0) FROM volume", &f->err);

	assert_true(count <= 8);
	for (int i = 0; i < count; i++)
		rows[i] = i + 1;
	query.volumes = rows;
	query.volume_count = (size_t)count;
	out->list = NULL;
	out->count = 0;
	if (!usage_scan(f->db, &query, note, out, &f->err))
		fail_msg("scan: %s", f->err.text);
}

static inline int
compare_records(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Whether volumes are named or not, they have the same hours. */
static inline void
same_if_named(struct fixture *f, int64_t from, int64_t to, int64_t now)
{
	struct records all, named;

	scan(f, from, to, now, &all);
	scan_named(f, from, to, now, &named);
	assert_int_equal(all.count, named.count);
	if (all.count > 0) {
		qsort(all.list, all.count, RECORD_SIZE, compare_records);
		qsort(named.list, named.count, RECORD_SIZE, compare_records);
	}
	for (size_t i = 0; i < all.count; i++)
		assert_string_equal(all.list[i], named.list[i]);
	free(all.list);
	free(named.list);
}

/* A sample of volume 1, hours and minutes from the beginning. */
static inline void
sample(struct fixture *f, int64_t hour, int minute, int64_t bytes,
    const char *members)
{
	fixture_sample(f, 1,
	    FIXTURE_NOW + hour * INT64_C(3600) + minute * INT64_C(60), bytes,
	    members);
}

/* Account 1 by these rules, with a source. */
static inline void
begin(struct fixture *f, enum account_average average, enum account_gap gap,
    int64_t max_carry_hours)
{
	struct account a = fixture_rules("acme");

	a.average = average;
	a.gap = gap;
	a.max_carry_hours = max_carry_hours;
	fixture_add(f, &a);
	fixture_source(f, "admin1", "acme");
}

/* And account 2, for a source that names both. */
static inline void
begin_two(struct fixture *f, enum account_average first,
    enum account_average second, enum account_gap second_gap)
{
	struct account a = fixture_rules("other");

	begin(f, first, ACCOUNT_GAP_CARRY, 6);
	a.average = second;
	a.gap = second_gap;
	fixture_add(f, &a);
	fixture_source(f, "admin2", "acme,other");
}

#define ACME "\"account\":\"acme\""
#define OTHER "\"account\":\"other\""

static inline uint64_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

#endif
