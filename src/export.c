/*
 * export.c - rows of export.h. In: a query; windows of hours that
 * export_cells.c has added up. Out: calls. Owns nothing in the database; opens
 * the read transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "export_part.h"
#include "lib/utc.h"
#include "volume.h"

enum {
	GIB_SHIFT = 30,
	/* Sums and cells at once, about 300 bytes together; windows have as
	 * many steps as they allow. */
	WINDOW_SUMS = 20480,
	MONTH_HOURS = 744,
};

static const char *const steps[] = {"hour", "day", "month"};
static const char *const groups[] = {"account", "volume", "bin"};

static bool
find_word(const char *word, const char *const *words, size_t count, size_t *out)
{
	for (*out = 0; *out < count; ++*out)
		if (strcmp(words[*out], word) == 0)
			return true;
	return false;
}

bool
export_parse_step(const char *word, enum export_step *out)
{
	size_t i;

	if (!find_word(word, steps, sizeof steps / sizeof *steps, &i))
		return false;
	*out = (enum export_step)i;
	return true;
}

bool
export_parse_group(const char *word, enum export_group *out)
{
	size_t i;

	if (!find_word(word, groups, sizeof groups / sizeof *groups, &i))
		return false;
	*out = (enum export_group)i;
	return true;
}

/* --- names --- */

static bool
load_uuid(
    struct sql *db, int64_t volume, struct export_volume *v, struct err *err)
{
	if (!volume_identify(db, volume, &v->id, err))
		return false;
	v->known = true;
	return true;
}

static bool
load_name(
    struct sql *db, int64_t name_row, struct export_volume *v, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT name FROM volume_name WHERE id = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, name_row);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	free(v->name);
	v->name = strdup(sql_text(s, 0));
	v->name_row = name_row;
	sql_done(s);
	return v->name != NULL || err_nomem(err);
}

static bool
identify(struct export_run *run, const struct export_cell *cell,
    struct export_row *row, struct err *err)
{
	struct export_volume *v = &run->volumes[cell->volume];

	if (!v->known && !load_uuid(run->db, cell->volume, v, err))
		return false;
	if (cell->name != 0 && v->name_row != cell->name &&
	    !load_name(run->db, cell->name, v, err))
		return false;
	if (cell->name == 0 && v->last_name == NULL &&
	    !volume_last_name(run->db, cell->volume, &v->last_name, err))
		return false;
	row->volume_id = v->id;
	row->name = cell->name != 0 ? v->name : v->last_name;
	return true;
}

/* --- from sums to rows --- */

/* A row and its working space. */
struct teller {
	export_fn *each;
	void *ctx;
	struct export_row row;
	struct exact *bytes, *months, *money; /* owned: of one sum */
	struct exact *cost;		      /* owned */
	int64_t hours_in_month;
	struct order *order; /* owned */
	size_t order_cap;
};

/* The place of a cell among those of its step. */
struct order {
	uint64_t key;
	uint32_t cell;
};

static void
begin_teller(struct teller *t)
{
	t->row.gib = exact_new();
	t->row.byte_hours = exact_new();
	t->row.gib_hours = exact_new();
	t->row.gib_months = exact_new();
	t->bytes = exact_new();
	t->months = exact_new();
	t->money = exact_new();
	t->cost = exact_new();
}

static void
fini_teller(struct teller *t)
{
	exact_free(t->row.gib);
	exact_free(t->row.byte_hours);
	exact_free(t->row.gib_hours);
	exact_free(t->row.gib_months);
	exact_free(t->bytes);
	exact_free(t->months);
	exact_free(t->money);
	exact_free(t->cost);
	free(t->order);
}

static void
price_sum(const struct export_sum *sum, struct teller *t, bool *rated)
{
	exact_sum_get(&sum->bytes, t->bytes);
	rating_price(
	    t->bytes, sum->rate, t->hours_in_month, t->months, t->money);
	if (sum->rate == NULL && exact_sign(t->bytes) != 0)
		*rated = false;
}

static void
price(const struct export_window *w, const struct export_cell *cell,
    struct teller *t)
{
	struct export_row *row = &t->row;
	const struct export_sum *sum = &w->sums[cell->first_sum - 1];
	bool rated = true;

	price_sum(sum, t, &rated);
	exact_set(row->byte_hours, t->bytes);
	exact_set(row->gib_months, t->months);
	exact_set(t->cost, t->money);
	while (sum->next != 0) {
		sum = &w->sums[sum->next - 1];
		price_sum(sum, t, &rated);
		exact_add(row->byte_hours, t->bytes);
		exact_add(row->gib_months, t->months);
		exact_add(t->cost, t->money);
	}
	row->cost = rated ? t->cost : NULL;
}

/* How many of a row's hours have begun; 1 at least. */
static int64_t
begun_hours(const struct export_row *row, int64_t now)
{
	int64_t from = row->from / UTC_HOUR_SECS;
	int64_t hours = row->to / UTC_HOUR_SECS - from;
	int64_t begun = now / UTC_HOUR_SECS + 1 - from;

	if (begun < hours)
		hours = begun;
	return hours > 0 ? hours : 1;
}

static bool
tell(struct export_run *run, const struct export_cell *cell, struct teller *t,
    struct err *err)
{
	struct export_row *row = &t->row;
	int64_t hours;

	row->account = &run->query->accounts[cell->account];
	row->state = run->states[cell->account];
	row->age_hours = cell->age_hours;
	row->hours = cell->hours;
	if (run->query->group == EXPORT_VOLUME &&
	    !identify(run, cell, row, err))
		return false;
	price(&run->window, cell, t);
	exact_set(row->gib_hours, row->byte_hours);
	exact_div_int(row->gib_hours, INT64_C(1) << GIB_SHIFT);
	hours = begun_hours(row, run->query->now);
	exact_set(row->gib, row->gib_hours);
	if (hours > 1)
		exact_div_int(row->gib, hours);
	return t->each(t->ctx, row, err);
}

static int
compare_orders(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* The cells of a step in the order of their rows; *count of them. */
static bool
sort_cells(const struct export_window *w, size_t bucket, struct teller *t,
    size_t *count, struct err *err)
{
	const uint32_t *slots = &w->slots[bucket * w->row_count];
	const struct export_cell *cell;

	if (t->order == NULL || t->order_cap < w->cell_count) {
		free(t->order);
		t->order_cap = 0;
		t->order = calloc(w->cell_count + 1, sizeof *t->order);
		if (t->order == NULL)
			return err_nomem(err);
		t->order_cap = w->cell_count;
	}
	*count = 0;
	for (size_t row = 0; row < w->row_count; row++)
		for (uint32_t i = slots[row]; i != 0; i = cell->next) {
			cell = &w->cells[i - 1];
			/* The open-ended age comes last. */
			t->order[(*count)++] = (struct order){
			    .key = (uint64_t)cell->account << 32 |
				   (uint32_t)(cell->volume > 0
						  ? (uint32_t)cell->volume
						  : cell->age_hours - 1),
			    .cell = i - 1};
		}
	if (*count > 1)
		qsort(t->order, *count, sizeof *t->order, compare_orders);
	return true;
}

static bool
tell_window(struct export_run *run, struct teller *t, struct err *err)
{
	const struct export_window *w = &run->window;
	int64_t at = w->from_hour, end;
	size_t count = 0;

	for (size_t bucket = 0; at < w->to_hour; bucket++, at = end) {
		end = export_step_end(run->query->step, at);
		t->row.from = at * UTC_HOUR_SECS;
		t->row.to =
		    (end < w->to_hour ? end : w->to_hour) * UTC_HOUR_SECS;
		if (!sort_cells(w, bucket, t, &count, err))
			return false;
		for (size_t i = 0; i < count; i++)
			if (!tell(run, &w->cells[t->order[i].cell], t, err))
				return false;
	}
	return true;
}

/* --- windows --- */

/* As many as there is room for, going by the window before. */
static size_t
next_bucket_count(const struct export_window *w)
{
	size_t most =
	    w->sum_count > w->cell_count ? w->sum_count : w->cell_count;
	size_t each = most / w->bucket_count + 1;

	return each < WINDOW_SUMS ? WINDOW_SUMS / each : 1;
}

/* Slots are for all volumes, also for those of others. */
static size_t
limit_bucket_count(const struct export_run *run, size_t count)
{
	size_t rows = run->query->group == EXPORT_VOLUME
			  ? (size_t)run->max_volume + 1
			  : run->query->account_count;
	size_t most = 16 * (size_t)WINDOW_SUMS / rows;

	if (count > most)
		count = most;
	if (count > MONTH_HOURS)
		count = MONTH_HOURS;
	return count > 0 ? count : 1;
}

static bool
tell_all(struct export_run *run, struct teller *t, struct err *err)
{
	const struct export_query *q = run->query;
	int64_t at = q->from / UTC_HOUR_SECS, to = q->to / UTC_HOUR_SECS;
	int64_t first = export_step_start(EXPORT_MONTH, run->first_hour);
	size_t buckets = 1; /* how much is in one is not known yet */

	if (at < first)
		at = first;
	while (at < to && at <= run->last_hour) {
		int64_t month = utc_month_start(at * UTC_HOUR_SECS);
		int64_t end = utc_month_add(month, 1) / UTC_HOUR_SECS;

		t->hours_in_month = end - month / UTC_HOUR_SECS;
		if (end > to)
			end = to;
		if (!export_load_states(run, month, err))
			return false;
		while (at < end && at <= run->last_hour) {
			buckets = limit_bucket_count(run, buckets);
			if (!export_fill(run, at, end, buckets, err) ||
			    !tell_window(run, t, err))
				return false;
			at = run->window.to_hour;
			buckets = next_bucket_count(&run->window);
		}
	}
	return true;
}

/* --- beginning and end --- */

/* Beyond the first and the last sample, and now, nobody has hours. */
static bool
load_limits(struct export_run *run, struct err *err)
{
	struct sql_stmt *s = sql_get(run->db,
	    "SELECT (SELECT ifnull(max(id), 0) FROM volume),"
	    " min((SELECT ifnull(min(day) * 24, ?1) FROM day),"
	    "   (SELECT ifnull(min(hour), ?1) FROM sample)),"
	    " max((SELECT ifnull(max(hour), 0) FROM sample), ?1)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, run->query->now / UTC_HOUR_SECS);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	run->max_volume = sql_int(s, 0);
	run->first_hour = sql_int(s, 1);
	run->last_hour = sql_int(s, 2);
	sql_done(s);
	return true;
}

static bool
load_payers(struct export_run *run, struct err *err)
{
	const struct export_query *q = run->query;

	for (size_t i = 0; i < q->account_count; i++)
		if (q->accounts[i].id > run->max_account)
			run->max_account = q->accounts[i].id;
	run->payers = calloc(q->account_count + 1, sizeof *run->payers);
	run->states = calloc(q->account_count + 1, sizeof(const char *));
	run->payer_of =
	    calloc((size_t)run->max_account + 1, sizeof *run->payer_of);
	if (run->payers == NULL || run->payer_of == NULL || run->states == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < q->account_count; i++) {
		run->payer_of[q->accounts[i].id] = i + 1;
		if (!rate_list(run->db, q->accounts[i].id,
			&run->payers[i].rates, &run->payers[i].rate_count, err))
			return false;
	}
	return true;
}

static bool
load_volumes(struct export_run *run, struct err *err)
{
	const struct export_query *q = run->query;
	/* To the end of a period of the longest kind. */
	int64_t end = utc_month_add(utc_month_start(q->to), INVOICE_MAX_MONTHS);

	if (!load_limits(run, err))
		return false;
	if (q->group == EXPORT_VOLUME) {
		run->volumes =
		    calloc((size_t)run->max_volume + 1, sizeof *run->volumes);
		if (run->volumes == NULL)
			return err_nomem(err);
	}
	return q->account_count != 1 ||
	       volume_list_of(run->db, q->accounts[0].id, end / UTC_HOUR_SECS,
		   &run->own_volumes, &run->own_count, err);
}

static void
fini(struct export_run *run)
{
	for (int64_t i = 0; run->volumes != NULL && i <= run->max_volume; i++) {
		free(run->volumes[i].name);
		free(run->volumes[i].last_name);
	}
	for (size_t i = 0; run->payers != NULL && i < run->query->account_count;
	     i++)
		free(run->payers[i].rates);
	export_window_fini(&run->window);
	free(run->volumes);
	free(run->own_volumes);
	free(run->payers);
	free(run->payer_of);
	free(run->states);
	free(run->cuts);
}

static bool
check(const struct export_query *q, struct err *err)
{
	if (q->from % UTC_HOUR_SECS != 0 || q->to % UTC_HOUR_SECS != 0)
		return err_set(err, ERR_INPUT,
		    "the range is of whole hours, such as "
		    "2026-10-01T00:00:00Z");
	return q->from < q->to ||
	       err_set(err, ERR_INPUT, "the range ends before it begins");
}

bool
export_run(struct sql *db, const struct export_query *query, export_fn *each,
    void *ctx, struct err *err)
{
	struct export_run run = {.db = db, .query = query};
	struct teller t = {.each = each, .ctx = ctx};
	bool ok;

	if (!check(query, err))
		return false;
	if (query->account_count == 0)
		return true;
	begin_teller(&t);
	/* A range is read once, from its beginning to its end: pages that were
	 * read need not be kept. */
	ok = sql_exec(db, "PRAGMA cache_size = -2048", err) &&
	     sql_begin_read(db, err);
	if (ok) {
		ok = load_payers(&run, err) && load_volumes(&run, err) &&
		     tell_all(&run, &t, err);
		sql_rollback(db);
	}
	fini_teller(&t);
	fini(&run);
	return ok;
}
