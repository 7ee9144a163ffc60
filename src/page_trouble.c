/*
 * page_trouble.c - the section of trouble on the overview. In: bills in words,
 * the tables that count what waits. Out: HTML. Owns nothing.
 *
 * One who sees one account only is told what concerns it, but neither names of
 * sources nor commands that are for operators.
 */
#include <inttypes.h>
#include <string.h>

#include "archive.h"
#include "lib/text.h"
#include "lib/utc.h"
#include "outbox.h"
#include "page_trouble.h"
#include "quarantine.h"
#include "trouble.h"

enum {
	CERTIFICATE_WARN_SECS = 14 * 86400,
};

struct trouble_list {
	struct page *page;
	size_t told;
	int64_t failed, waiting, quarantined;
};

static void
begin_item(struct trouble_list *t, const char *tone)
{
	if (t->told++ == 0)
		buf_str(t->page->out, "<ul class=\"trouble\">\n");
	buf_printf(t->page->out, "<li class=\"%s\">", tone);
}

static void
end_item(struct trouble_list *t)
{
	buf_str(t->page->out, "</li>\n");
}

/* --- what is held --- */

static bool
tell_held(void *ctx, const struct archive_held *held, struct err *err)
{
	struct trouble_list *t = ctx;
	struct buf *out = t->page->out;

	(void)err;
	begin_item(t, "bad");
	buf_printf(out, "%s of ", held->period);
	page_link(out, "/accounts/", held->account, held->account);
	buf_str(out, " is held");
	for (const char *c = held->reason; *c != '\0'; c++) {
		if (c == held->reason)
			buf_str(out, ": ");
		buf_char(out, *c == '_' ? ' ' : *c);
	}
	buf_str(out, ". It is closed when that is mended, or when an operator "
		     "accepts it.");
	if (t->page->scope == NULL)
		buf_printf(out,
		    "<pre tabindex=\"0\">stat.flexfs close period %s "
		    "--account %s --reason \"...\"</pre>",
		    held->period, held->account);
	end_item(t);
	return true;
}

/* --- what waits, and what failed --- */

static bool
count_mail(void *ctx, const struct outbox_mail *mail, const char *recipients,
    struct err *err)
{
	struct trouble_list *t = ctx;

	(void)recipients;
	(void)err;
	t->failed += strcmp(mail->state, "failed") == 0;
	t->waiting += strcmp(mail->state, "due") == 0 && mail->attempts > 0;
	return true;
}

static bool
count_sample(void *ctx, const struct quarantine_row *row, struct err *err)
{
	struct trouble_list *t = ctx;

	(void)row;
	(void)err;
	t->quarantined++;
	return true;
}

static bool
tell_quarantine(struct trouble_list *t, struct err *err)
{
	const struct page *page = t->page;
	struct quarantine_query query = {.state = "open"};

	if (page->scope == NULL) {
		if (!quarantine_count(page->db, &t->quarantined, err))
			return false;
	} else {
		query.account = page->scope->id;
		if (!quarantine_each(page->db, &query, count_sample, t, err))
			return false;
	}
	if (t->quarantined == 0)
		return true;
	begin_item(t, "warn");
	buf_printf(page->out,
	    "%" PRId64 " sample%s in quarantine: not counted until an operator "
	    "releases or discards %s.",
	    t->quarantined, t->quarantined == 1 ? " is" : "s are",
	    t->quarantined == 1 ? "it" : "them");
	if (page->scope == NULL)
		buf_str(page->out, "<pre tabindex=\"0\">stat.flexfs list "
				   "quarantine</pre>");
	end_item(t);
	return true;
}

static bool
tell_mails(struct trouble_list *t, struct err *err)
{
	struct buf *out = t->page->out;

	if (!outbox_each(t->page->db, count_mail, t, err))
		return false;
	if (t->failed > 0) {
		begin_item(t, "bad");
		buf_printf(out,
		    "%" PRId64 " mail%s failed for good: see "
		    "<a href=\"/mails\">the mails</a>.",
		    t->failed, t->failed == 1 ? " has" : "s have");
		end_item(t);
	}
	if (t->waiting > 0) {
		begin_item(t, "warn");
		buf_printf(out,
		    "%" PRId64 " mail%s tried, and not delivered yet: see "
		    "<a href=\"/mails\">the mails</a>.",
		    t->waiting, t->waiting == 1 ? " was" : "s were");
		end_item(t);
	}
	return true;
}

static void
tell_certificate(struct trouble_list *t)
{
	const struct page *page = t->page;
	int64_t left = page->certificate_ends_at - page->now;

	if (page->certificate_ends_at == 0 || left > CERTIFICATE_WARN_SECS)
		return;
	begin_item(t, left > 0 ? "warn" : "bad");
	buf_str(page->out, left > 0
			       ? "The server's certificate ends at "
			       : "The server's certificate has ended, at ");
	page_time(page->out, page->certificate_ends_at);
	buf_str(page->out, ".");
	end_item(t);
}

static bool
tell_grants(struct trouble_list *t, struct err *err)
{
	const struct page *page = t->page;
	struct trouble trouble = {.grant_count = 0};
	bool ok = trouble_load_grants(page->db, page->now, &trouble, err);

	for (size_t i = 0; ok && i < trouble.grant_count; i++) {
		const struct trouble_grant *grant = &trouble.grants[i];
		bool over = grant->ends_at <= page->now;

		begin_item(t, over ? "bad" : "warn");
		buf_str(page->out, "The grant of ");
		page_text(page->out, grant->name);
		buf_str(page->out, over ? " has ended, at " : " ends at ");
		page_time(page->out, grant->ends_at);
		buf_str(page->out, ", and the source does not renew it.");
		end_item(t);
	}
	trouble_fini(&trouble);
	return ok;
}

/* --- what the summary says --- */

static void
tell_silence(struct trouble_list *t, const struct silence *silence)
{
	struct buf *out = t->page->out;

	if (silence->count == 0)
		return;
	begin_item(t, "warn");
	buf_printf(out, "%zu source%s not reported for more than ",
	    silence->count, silence->count == 1 ? " has" : "s have");
	page_span(out, silence->expected_secs);
	for (size_t i = 0; t->page->scope == NULL && i < silence->count; i++) {
		buf_str(out, i == 0 ? ": " : ", ");
		page_text(out, silence->list[i].name);
	}
	buf_str(out, ". Hours without reports are estimated or missing.");
	if (t->page->scope == NULL)
		buf_str(out, " See <a href=\"/sources\">the sources</a>.");
	end_item(t);
}

static void
tell_notes(struct trouble_list *t, const struct summary_page *summary)
{
	const struct summary_page_section *s = summary->sections;
	const struct summary_page_section *end = s + summary->section_count;

	while (s < end && strcmp(s->title, "Trouble") != 0)
		s++;
	for (size_t i = 0; s < end && i < s->note_count; i++) {
		const struct summary_page_note *note = &s->notes[i];

		/* Without a command it says that there is none. */
		if (note->command == NULL)
			continue;
		begin_item(t, "warn");
		text_html(t->page->out, note->text);
		if (t->page->scope == NULL)
			page_lines(t->page->out, note->command);
		end_item(t);
	}
}

bool
page_trouble(struct page *page, const struct summary_page *summary,
    const struct silence *silence, struct err *err)
{
	struct trouble_list t = {.page = page};
	int64_t account = page->scope != NULL ? page->scope->id : 0;

	page_section(page->out, "Trouble");
	if (!archive_each_held(page->db, account, tell_held, &t, err))
		return false;
	tell_silence(&t, silence);
	tell_notes(&t, summary);
	if (!tell_quarantine(&t, err) ||
	    (page->scope == NULL && !tell_mails(&t, err)))
		return false;
	if (page->scope == NULL) {
		tell_certificate(&t);
		if (!tell_grants(&t, err))
			return false;
	}
	buf_str(page->out, t.told > 0 ? "</ul>\n" : "<p>None.</p>\n");
	page_section_end(page->out);
	return true;
}
