/*
 * page_lists.c - sources and mails, for who may see all. In: their tables.
 * Out: HTML. Owns nothing.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "lib/text.h"
#include "outbox.h"
#include "pages.h"
#include "source.h"

enum {
	/* A clock that is off by more is told of: a sample of an hour's first
	 * minute would fall into another hour. */
	SKEW_WARN_MS = 60 * 1000,
};

/* --- sources --- */

struct source_row {
	struct source source;
	char *accounts; /* owned */
	int64_t last_report_at, skew_ms;
	bool has_skew;
};

struct sources {
	struct source_row *list; /* owned; by name */
	size_t count;
};

static bool
add_source(void *ctx, const struct source *source, const char *accounts,
    int64_t last_report_at, struct err *err)
{
	struct sources *s = ctx;
	struct source_row *more =
	    reallocarray(s->list, s->count + 1, sizeof *more);

	if (more == NULL)
		return err_nomem(err);
	s->list = more;
	more += s->count++;
	*more = (struct source_row){.source = *source,
	    .accounts = strdup(accounts),
	    .last_report_at = last_report_at};
	return more->accounts != NULL || err_nomem(err);
}

static void
put_standing(const struct page *page, const struct source_row *row)
{
	struct buf *out = page->out;
	int64_t since = row->last_report_at != 0 ? row->last_report_at
						 : row->source.created_at;

	page_cell_begin(out, false);
	if (row->source.disabled)
		page_badge(out, "", "switched off");
	else if (page->expected_secs > 0 &&
		 page->now - since > page->expected_secs)
		page_badge(out, "bad",
		    row->last_report_at != 0 ? "silent" : "never heard of");
	else if (row->last_report_at == 0)
		page_badge(out, "warn", "new");
	else
		page_badge(out, "good", "reporting");
	page_cell_end(out);
}

static void
put_skew(struct buf *out, const struct source_row *row)
{
	int64_t ms = row->skew_ms;

	page_cell_begin(out, true);
	if (!row->has_skew)
		buf_char(out, '-');
	else {
		int64_t size = ms < 0 ? -ms : ms;

		if (size > SKEW_WARN_MS)
			buf_str(out, "<span class=\"badge bad\">");
		buf_printf(out, "%s%" PRId64 ".%03" PRId64 " s",
		    ms < 0 ? "-" : "+", size / 1000, size % 1000);
		if (size > SKEW_WARN_MS)
			buf_str(out, "</span>");
	}
	page_cell_end(out);
}

/* "a,b" as links. */
static void
put_account_links(struct buf *out, const char *accounts)
{
	struct buf name = BUF_INIT;
	size_t len;

	page_cell_begin(out, false);
	for (; *accounts != '\0'; accounts += len) {
		len = strcspn(accounts, ",");
		buf_clear(&name);
		buf_add(&name, accounts, len);
		page_link(out, "/accounts/", buf_text(&name), buf_text(&name));
		if (accounts[len] == ',') {
			buf_str(out, ", ");
			len++;
		}
	}
	page_cell_end(out);
	out->failed = out->failed || name.failed;
	buf_fini(&name);
}

static void
put_source(const struct page *page, const struct source_row *row)
{
	struct buf *out = page->out;

	page_row_begin(out);
	page_head_begin(out);
	page_text(out, row->source.name);
	page_head_end(out);
	put_standing(page, row);
	page_cell_begin(out, false);
	page_time(out, row->last_report_at);
	if (row->last_report_at != 0) {
		buf_str(out, " <span class=\"small\">");
		page_span(out, page->now - row->last_report_at);
		buf_str(out, " ago</span>");
	}
	page_cell_end(out);
	put_skew(out, row);
	put_account_links(out, row->accounts);
	page_row_end(out);
}

static bool
put_sources(struct page *page, struct sources *s,
    const struct page_slice *slice, struct err *err)
{
	static const struct page_column columns[] = {{"Source", false},
	    {"State", false}, {"Last report", false}, {"Clock", true},
	    {"Reports for", false}};

	page_begin(page, PAGE_SOURCES, "Sources");
	page_section(page->out, "Who reports");
	if (s->count == 0)
		page_empty(page->out,
		    "There is no source. One is an admin server with a token:",
		    "stat.flexfs create source --name admin1 --account acme");
	else {
		page_table_begin(page->out,
		    "Sources, and how far the clock of each was from this "
		    "server's in its last report",
		    columns, sizeof columns / sizeof *columns);
		for (size_t i = slice->first; i < slice->end; i++) {
			struct source_row *row = &s->list[i];

			if (!ledger_last_skew(page->db, row->source.id,
				&row->skew_ms, &row->has_skew, err))
				return false;
			put_source(page, row);
		}
		page_table_end(page->out);
		page_slice_links(page->out, slice, "/sources?");
	}
	page_section_end(page->out);
	return page_end(page, err);
}

bool
page_sources(struct page *page, const char *number, struct err *err)
{
	struct sources s = {NULL, 0};
	struct page_slice slice;
	bool ok = true;

	page->missing = page->scope != NULL;
	if (!page->missing)
		ok = source_each(page->db, add_source, &s, err);
	if (ok && !page->missing && !page_slice(number, s.count, &slice))
		page->missing = true;
	if (ok && !page->missing)
		ok = put_sources(page, &s, &slice, err);
	for (size_t i = 0; i < s.count; i++)
		free(s.list[i].accounts);
	free(s.list);
	return ok;
}

/* --- mails --- */

/* The latest stands first, so the rows of a slice are counted from behind. */
struct mails {
	struct page *page;
	size_t seen, total;
	struct page_slice slice;
	struct buf *rows; /* owned: of the slice, in the order of time */
	size_t row_count;
};

static bool
count_mail(void *ctx, const struct outbox_mail *mail, const char *recipients,
    struct err *err)
{
	struct mails *m = ctx;

	(void)mail;
	(void)recipients;
	(void)err;
	m->total++;
	return true;
}

static void
put_mail_state(struct buf *out, const struct outbox_mail *mail)
{
	const char *tone = strcmp(mail->state, "sent") == 0	? "good"
			   : strcmp(mail->state, "failed") == 0 ? "bad"
			   : mail->attempts > 0			? "warn"
								: "";

	page_cell_begin(out, false);
	page_badge(out, tone, mail->state);
	if (strcmp(mail->state, "due") == 0 && mail->attempts > 0)
		buf_printf(out,
		    " <span class=\"small\">%" PRId64 " attempts</span>",
		    mail->attempts);
	page_cell_end(out);
}

static void
put_long(struct buf *out, const char *text)
{
	struct buf clean = BUF_INIT;

	text_clean(&clean, text, 0);
	text_html(out, buf_text(&clean));
	out->failed = out->failed || clean.failed;
	buf_fini(&clean);
}

static void
put_mail(
    struct buf *out, const struct outbox_mail *mail, const char *recipients)
{
	bool due = strcmp(mail->state, "due") == 0;

	page_row_begin(out);
	page_head_begin(out);
	put_long(out, mail->subject[0] != '\0' ? mail->subject : mail->name);
	buf_str(out, "<br><span class=\"small\">");
	page_text(out, mail->name);
	buf_str(out, " ");
	page_text(out, mail->period);
	buf_str(out, "</span>");
	page_head_end(out);
	put_mail_state(out, mail);
	page_cell_begin(out, false);
	page_time(out, mail->created_at);
	page_cell_end(out);
	page_cell_begin(out, false);
	page_time(out, due ? mail->next_at : mail->sent_at);
	buf_str(out, due ? " <span class=\"small\">next try</span>" : "");
	page_cell_end(out);
	page_cell_begin(out, false);
	put_long(out, recipients);
	if (mail->last_words[0] != '\0') {
		buf_str(out, "<br><span class=\"small\">");
		put_long(out, mail->last_words);
		buf_str(out, "</span>");
	}
	page_cell_end(out);
	page_row_end(out);
}

static bool
add_mail(void *ctx, const struct outbox_mail *mail, const char *recipients,
    struct err *err)
{
	struct mails *m = ctx;
	size_t place = m->total - ++m->seen;

	if (place < m->slice.first || place >= m->slice.end)
		return true;
	put_mail(&m->rows[place - m->slice.first], mail, recipients);
	return !m->rows[place - m->slice.first].failed || err_nomem(err);
}

static bool
put_mails(struct mails *m, struct err *err)
{
	static const struct page_column columns[] = {{"Mail", false},
	    {"State", false}, {"Planned", false}, {"Sent", false},
	    {"To whom, and what the relay said", false}};
	struct page *page = m->page;

	page_begin(page, PAGE_MAILS, "Mails");
	page_section(page->out, "The outbox");
	if (m->total == 0)
		page_empty(page->out,
		    "No mail is planned yet: the first ones are summaries at "
		    "their time, and invoices when a period is closed.",
		    NULL);
	else {
		if (!outbox_each(page->db, add_mail, m, err))
			return false;
		page_table_begin(page->out, "Mails, the latest first", columns,
		    sizeof columns / sizeof *columns);
		for (size_t i = 0; i < m->slice.end - m->slice.first; i++)
			buf_str(page->out, buf_text(&m->rows[i]));
		page_table_end(page->out);
		page_slice_links(page->out, &m->slice, "/mails?");
	}
	page_section_end(page->out);
	return page_end(page, err);
}

bool
page_mails(struct page *page, const char *number, struct err *err)
{
	struct mails m = {.page = page};
	bool ok = true;

	page->missing = page->scope != NULL;
	if (!page->missing)
		ok = outbox_each(page->db, count_mail, &m, err);
	if (ok && !page->missing && !page_slice(number, m.total, &m.slice))
		page->missing = true;
	if (ok && !page->missing) {
		m.rows = calloc(PAGE_ROWS, sizeof *m.rows);
		ok = m.rows != NULL ? put_mails(&m, err) : err_nomem(err);
	}
	for (size_t i = 0; m.rows != NULL && i < PAGE_ROWS; i++)
		buf_fini(&m.rows[i]);
	free(m.rows);
	return ok;
}

bool
page_nothing(struct page *page, struct err *err)
{
	page_begin(page, PAGE_NO_TAB, "Not found");
	page_section(page->out, "There is nothing here");
	buf_str(page->out, "<p>There is no such page, or it is not for you. "
			   "<a href=\"/\">Go to the overview.</a></p>\n");
	page_section_end(page->out);
	return page_end(page, err);
}
