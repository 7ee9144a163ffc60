/*
 * page_volume.c - one volume: how it stands, and what it held on the hours of
 * a day, or the days of a month or year. In: its state and usage. Out: HTML.
 *
 * One who sees one account only is shown the hours which that one pays, and
 * of a volume that others have paid, too, nothing else.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/utc.h"
#include "page_chart.h"
#include "page_part.h"
#include "page_usage.h"
#include "pages.h"
#include "volume.h"

enum span_kind {
	SPAN_DAY,
	SPAN_MONTH,
	SPAN_YEAR
};

struct view {
	struct page *page;
	struct volume_state volume; /* owned */
	char id[UUID_TEXT_SIZE];
	struct account *accounts; /* owned */
	size_t account_count;
	size_t payers; /* accounts that it ever had samples of */
	bool whole;    /* all of it may be told */
	enum span_kind kind;
	int64_t from, to;
	char words[UTC_TEXT_SIZE]; /* "2026-10" */
	struct page_usage usage;   /* owned */
	struct buf names;	   /* owned: former ones, in HTML */
};

/* --- what is asked for --- */

static bool
parse_day(const char *text, struct view *v)
{
	char full[UTC_TEXT_SIZE];

	if (strlen(text) != 10)
		return false;
	snprintf(full, sizeof full, "%sT00:00:00Z", text);
	v->kind = SPAN_DAY;
	v->to = 0;
	if (!utc_parse(full, strlen(full), &v->from, NULL) ||
	    v->from % UTC_DAY_SECS != 0)
		return false;
	v->to = v->from + UTC_DAY_SECS;
	return true;
}

static bool
parse_month(const char *text, struct view *v)
{
	struct invoice_period month;
	struct err ignored = ERR_INIT;

	v->kind = SPAN_MONTH;
	if (!invoice_parse_period(text, &month, &ignored) ||
	    month.month_count != 1)
		return false;
	v->from = month.from;
	v->to = month.to;
	return true;
}

static bool
parse_year(const char *text, struct view *v)
{
	int year;

	if (strlen(text) != 4 || strspn(text, "0123456789") != 4)
		return false;
	year = (int)strtol(text, NULL, 10);
	v->kind = SPAN_YEAR;
	v->from = utc_from_date(year, 1, 1);
	v->to = utc_from_date(year + 1, 1, 1);
	return year >= 2000 && year < 2200;
}

static bool
parse_span(const struct page_span_asked *asked, struct view *v)
{
	struct invoice_period month;
	int given = (asked->day != NULL) + (asked->month != NULL) +
		    (asked->year != NULL);

	if (given > 1)
		return false;
	if (asked->day != NULL)
		return parse_day(asked->day, v);
	if (asked->year != NULL)
		return parse_year(asked->year, v);
	if (asked->month != NULL)
		return parse_month(asked->month, v);
	invoice_month_of(v->page->now, &month);
	return parse_month(month.text, v);
}

static void
name_span(int64_t from, enum span_kind kind, char out[UTC_TEXT_SIZE])
{
	static const size_t lens[] = {
	    [SPAN_DAY] = 10, [SPAN_MONTH] = 7, [SPAN_YEAR] = 4};

	utc_format_date(from, out);
	out[lens[kind]] = '\0';
}

/* --- loading --- */

static bool
count_payer(void *ctx, const char *name, int64_t month, struct err *err)
{
	struct view *v = ctx;

	(void)name;
	(void)month;
	(void)err;
	v->payers++;
	return true;
}

static bool
add_name(void *ctx, const char *name, int64_t number, struct err *err)
{
	struct view *v = ctx;

	(void)number;
	(void)err;
	if (strcmp(name, v->volume.name) == 0)
		return true;
	if (v->names.len > 0)
		buf_str(&v->names, ", ");
	page_text(&v->names, name);
	return true;
}

/* Whether the reader's account ever had samples of it. */
static bool
is_visible(struct view *v, bool *visible, struct err *err)
{
	int64_t *rows = NULL;
	size_t count = 0;

	*visible = v->page->scope == NULL;
	if (*visible)
		return true;
	if (!volume_list_of(v->page->db, v->page->scope->id,
		v->page->now / UTC_HOUR_SECS + 2, &rows, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		*visible = *visible || rows[i] == v->volume.id;
	free(rows);
	return true;
}

static bool
load_volume(struct view *v, const char *text, struct err *err)
{
	struct page *page = v->page;
	struct err why = ERR_INIT;
	struct uuid uuid;
	bool visible = false;

	page->missing = !uuid_parse(text, strlen(text), &uuid);
	if (page->missing)
		return true;
	uuid_format(&uuid, v->id);
	if (!volume_state_load(page->db, &uuid, page->now, page->scope != NULL,
		&v->volume, &why)) {
		page->missing = why.kind == ERR_INPUT;
		return page->missing || err_set(err, why.kind, "%s", why.text);
	}
	if (!is_visible(v, &visible, err))
		return false;
	page->missing = !visible;
	return true;
}

static bool
load_rest(struct view *v, struct err *err)
{
	struct page *page = v->page;

	if (!account_list(page->db, &v->accounts, &v->account_count, err) ||
	    !volume_state_accounts(page->db, &v->volume, count_payer, v, err))
		return false;
	v->whole =
	    page->scope == NULL ||
	    (v->payers == 1 && v->volume.last.account == page->scope->id);
	if (v->whole &&
	    !volume_state_names(page->db, &v->volume, add_name, v, err))
		return false;
	name_span(v->from, v->kind, v->words);
	return page_usage_load(page, v->volume.id, v->from, v->to,
	    v->kind == SPAN_DAY, &v->usage, err);
}

static const char *
account_name(const struct view *v, int64_t id)
{
	for (size_t i = 0; i < v->account_count; i++)
		if (v->accounts[i].id == id)
			return v->accounts[i].name;
	return "";
}

static const char *
title_of(const struct view *v)
{
	bool ours = v->page->scope == NULL ||
		    v->volume.last.account == v->page->scope->id;

	return ours && v->volume.name[0] != '\0' ? v->volume.name : v->id;
}

/* --- how it stands --- */

static void
put_last(const struct view *v)
{
	const struct volume_state *volume = &v->volume;
	struct buf *out = v->page->out;
	struct buf size = BUF_INIT;

	if (volume->last.hour < 0)
		return;
	page_pair_begin(out, "Last sample");
	text_size(&size, (uint64_t)volume->last.bytes);
	buf_printf(out, "%s at ", buf_text(&size));
	page_time(out, volume->last.at);
	page_pair_end(out);
	out->failed = out->failed || size.failed;
	buf_fini(&size);
}

static void
put_life(const struct view *v)
{
	const struct volume_state *volume = &v->volume;
	const char *word = volume_state_word(volume, v->page->now);
	struct buf *out = v->page->out;

	page_pair_begin(out, "State");
	page_badge(out,
	    strcmp(word, "live") == 0	   ? "good"
	    : strcmp(word, "missing") == 0 ? "bad"
					   : "",
	    word);
	if (volume->retired_at != 0) {
		buf_str(out, " ends ");
		page_time(out, volume->retired_at);
	} else if (volume->missing_since != 0) {
		buf_str(out, " since ");
		page_time(out, volume->missing_since);
	}
	page_pair_end(out);
	put_last(v);
	if (volume->region[0] != '\0') {
		page_pair_begin(out, "Region");
		page_text(out, volume->region);
		page_pair_end(out);
	}
	if (v->page->scope == NULL && volume->source[0] != '\0') {
		page_pair_begin(out, "Reported by");
		page_text(out, volume->source);
		page_pair_end(out);
	}
	if (v->names.len > 0) {
		page_pair_begin(out, "Former names");
		buf_str(out, buf_text(&v->names));
		page_pair_end(out);
	}
}

static void
put_state(const struct view *v)
{
	const char *account = v->page->scope != NULL
				  ? v->page->scope->name
				  : account_name(v, v->volume.last.account);
	struct buf *out = v->page->out;

	page_section(out, "The volume");
	page_pairs_begin(out);
	page_pair_begin(out, "Id");
	buf_printf(out, "<code>%s</code>", v->id);
	page_pair_end(out);
	if (account[0] != '\0') {
		page_pair_begin(out, "Account");
		page_link(out, "/accounts/", account, account);
		page_pair_end(out);
	}
	if (v->whole)
		put_life(v);
	page_pairs_end(out);
	if (!v->whole)
		buf_str(out, "<p class=\"small\">Other accounts have had this "
			     "volume, too; only the hours of yours are "
			     "here.</p>\n");
	page_section_end(out);
}

/* --- steps through time --- */

static void
put_step(
    const struct view *v, int64_t at, enum span_kind kind, const char *words)
{
	static const char *const params[] = {
	    [SPAN_DAY] = "day", [SPAN_MONTH] = "month", [SPAN_YEAR] = "year"};
	char name[UTC_TEXT_SIZE];
	struct buf *out = v->page->out;

	name_span(at, kind, name);
	buf_printf(out, "<li><a href=\"/volumes/%s?%s=%s\">%s%s</a></li>\n",
	    v->id, params[kind], name, words, name);
}

static int64_t
span_before(const struct view *v)
{
	switch (v->kind) {
	case SPAN_DAY:
		return v->from - UTC_DAY_SECS;
	case SPAN_MONTH:
		return utc_month_add(v->from, -1);
	case SPAN_YEAR:
		break;
	}
	return utc_month_add(v->from, -12);
}

static void
put_steps(const struct view *v)
{
	struct buf *out = v->page->out;

	buf_str(out, "<nav aria-label=\"Time\"><ul class=\"steps\">\n");
	if (v->from > utc_from_date(2000, 1, 1))
		put_step(v, span_before(v), v->kind, "Before: ");
	if (v->to <= v->page->now)
		put_step(v, v->to, v->kind, "After: ");
	if (v->kind == SPAN_DAY)
		put_step(v, v->from, SPAN_MONTH, "Month ");
	if (v->kind != SPAN_YEAR)
		put_step(v, v->from, SPAN_YEAR, "Year ");
	buf_str(out, "</ul></nav>\n");
}

/* --- figures --- */

static void
put_marks(struct buf *out, const struct page_usage_part *part)
{
	page_figure_int(out, part->measured_hours);
	page_cell_begin(out, true);
	if (part->estimated_hours > 0)
		buf_printf(out, "<span class=\"badge warn\">%" PRId64 "</span>",
		    part->estimated_hours);
	else
		buf_char(out, '0');
	page_cell_end(out);
	page_cell_begin(out, true);
	if (part->missing_hours > 0)
		buf_printf(out, "<span class=\"badge bad\">%" PRId64 "</span>",
		    part->missing_hours);
	else
		buf_char(out, '0');
	page_cell_end(out);
}

static bool
is_known(const struct page_usage_part *part)
{
	return part->measured_hours + part->estimated_hours +
		   part->missing_hours >
	       0;
}

/* One row: a day of a month, or a month of a year. */
static void
put_stretch(const struct view *v, int64_t from, int64_t to, enum span_kind kind)
{
	struct buf *out = v->page->out;
	struct page_usage_part sum;
	char name[UTC_TEXT_SIZE];

	page_usage_sum(&v->usage, (size_t)((from - v->from) / UTC_DAY_SECS),
	    (size_t)((to - v->from) / UTC_DAY_SECS), &sum);
	name_span(from, kind, name);
	page_row_begin(out);
	page_head_begin(out);
	buf_printf(out, "<a href=\"/volumes/%s?%s=%s\"><time>%s</time></a>",
	    v->id, kind == SPAN_DAY ? "day" : "month", name, name);
	page_head_end(out);
	page_cell_begin(out, true);
	if (is_known(&sum))
		page_usage_mean(
		    out, &sum, page_usage_hours(from, to, v->page->now));
	else
		buf_char(out, '-');
	page_cell_end(out);
	put_marks(out, &sum);
	page_row_end(out);
}

static void
put_stretches(const struct view *v)
{
	struct page_column columns[] = {{NULL, false}, {"Mean GiB", true},
	    {"Measured hours", true}, {"Estimated", true}, {"Missing", true}};
	bool year = v->kind == SPAN_YEAR;
	int64_t next;

	columns[0].title = year ? "Month" : "Day";
	page_table_begin(v->page->out,
	    year ? "The months of the year, as means of all their hours"
		 : "The days of the month, as means of all their hours",
	    columns, sizeof columns / sizeof *columns);
	for (int64_t at = v->from; at < v->to && at <= v->page->now;
	     at = next) {
		next = year ? utc_month_add(at, 1) : at + UTC_DAY_SECS;
		put_stretch(v, at, next, year ? SPAN_MONTH : SPAN_DAY);
	}
	page_table_end(v->page->out);
}

static void
put_hour(const struct view *v, size_t i)
{
	const struct page_usage_part *part = &v->usage.parts[i];
	struct buf *out = v->page->out;

	page_row_begin(out);
	page_head_begin(out);
	page_time(out, v->from + (int64_t)i * UTC_HOUR_SECS);
	page_head_end(out);
	page_cell_begin(out, false);
	if (part->measured_hours > 0)
		page_badge(out, "good", "measured");
	else if (part->estimated_hours > 0)
		page_badge(out, "warn", "estimated");
	else if (part->missing_hours > 0)
		page_badge(out, "bad", "missing");
	page_cell_end(out);
	page_cell_begin(out, true);
	if (part->measured_hours + part->estimated_hours > 0)
		page_usage_mean(out, part, 1);
	else
		buf_char(out, '-');
	page_cell_end(out);
	page_figure_int(out, (int64_t)part->samples);
	page_cell_begin(out, false);
	page_text(out, account_name(v, part->account));
	page_cell_end(out);
	page_row_end(out);
}

static void
put_hours(const struct view *v)
{
	static const struct page_column columns[] = {{"Hour", false},
	    {"Kind", false}, {"Mean GiB", true}, {"Samples", true},
	    {"Account", false}};

	page_table_begin(v->page->out, "The hours of the day", columns,
	    sizeof columns / sizeof *columns);
	for (size_t i = 0; i < v->usage.count; i++)
		put_hour(v, i);
	page_table_end(v->page->out);
}

/* --- the picture --- */

static bool
put_picture(const struct view *v, struct err *err)
{
	const struct page_usage *u = &v->usage;
	const char *name = title_of(v);
	struct chart_part *parts = calloc(u->count + 1, sizeof *parts);
	int64_t *missing = calloc(u->count + 1, sizeof *missing);
	const struct chart_usage usage = {.whose = name,
	    .by = "volume",
	    .first_day = v->from / UTC_DAY_SECS,
	    .day_count = u->count,
	    .names = &name,
	    .name_count = 1,
	    .parts = parts,
	    .missing_hours = missing};
	const struct chart chart = {.usage = &usage};
	bool ok = parts != NULL && missing != NULL;

	for (size_t i = 0; ok && i < u->count; i++) {
		int64_t day = v->from + (int64_t)i * UTC_DAY_SECS;
		int64_t hours =
		    page_usage_hours(day, day + UTC_DAY_SECS, v->page->now);

		parts[i].measured = u->parts[i].measured / (exact_u128)hours;
		parts[i].estimated = u->parts[i].estimated / (exact_u128)hours;
		missing[i] = u->parts[i].missing_hours;
	}
	ok = ok ? page_chart(v->page, "Stored per day", &chart, err)
		: err_nomem(err);
	free(parts);
	free(missing);
	return ok;
}

/* --- the page --- */

static bool
put_page(struct view *v, struct err *err)
{
	struct page *page = v->page;
	struct page_usage_part sum;

	page_begin(page, PAGE_NO_TAB, title_of(v));
	put_state(v);
	page_usage_sum(&v->usage, 0, v->usage.count, &sum);
	page_section(page->out, v->words);
	put_steps(v);
	if (!is_known(&sum))
		page_empty(
		    page->out, "Nothing is known of it in this time.", NULL);
	else if (v->kind == SPAN_DAY)
		put_hours(v);
	page_section_end(page->out);
	if (v->kind != SPAN_DAY && is_known(&sum)) {
		if (!put_picture(v, err))
			return false;
		page_section(page->out,
		    v->kind == SPAN_YEAR ? "Month by month" : "Day by day");
		put_stretches(v);
		page_section_end(page->out);
	}
	page->out->failed = page->out->failed || v->names.failed;
	return page_end(page, err);
}

bool
page_volume(struct page *page, const char *uuid,
    const struct page_span_asked *asked, struct err *err)
{
	struct view v = {.page = page};
	bool ok = load_volume(&v, uuid, err);

	if (ok && !page->missing)
		page->missing = !parse_span(asked, &v);
	ok = ok && (page->missing || (load_rest(&v, err) && put_page(&v, err)));
	page_usage_fini(&v.usage);
	buf_fini(&v.names);
	free(v.accounts);
	volume_state_fini(&v.volume);
	return ok;
}
