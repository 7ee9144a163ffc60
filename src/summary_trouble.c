/*
 * summary_trouble.c - what a person has to do something about, in words. In:
 * the trouble of trouble.h. Out: notes of a page, which owns them.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "lib/opt.h"
#include "lib/text.h"
#include "lib/utc.h"
#include "summary_page.h"

enum {
	MAX_NAMES = 5, /* in one sentence */
	WORDS_COLUMNS = 160,
};

/* Behind the first few. */
static void
put_more(struct buf *b, size_t count)
{
	if (count > MAX_NAMES)
		buf_printf(b, " and %zu more", count - MAX_NAMES);
}

static void
put_count(struct buf *b, int64_t count, const char *one, const char *many)
{
	buf_printf(b, "%" PRId64 " %s", count, count == 1 ? one : many);
}

static void
note_quarantine(struct summary_page *page, struct summary_page_section *s,
    const struct trouble *t)
{
	struct buf b = BUF_INIT;
	char at[UTC_TEXT_SIZE];

	put_count(&b, t->quarantined, "sample waits", "samples wait");
	buf_printf(&b,
	    " in quarantine and %s not count, the oldest since %s. Release or "
	    "discard each:",
	    t->quarantined == 1 ? "does" : "do",
	    utc_format(t->quarantined_since, at));
	summary_page_note(s, summary_page_keep(page, &b),
	    "stat.flexfs list quarantine", NULL);
}

static void
note_clocks(struct summary_page *page, struct summary_page_section *s,
    const struct trouble *t)
{
	struct buf b = BUF_INIT;
	char by[OPT_DURATION_SIZE];

	buf_str(&b, "Clocks that differ from the server's: ");
	for (size_t i = 0; i < t->clock_count && i < MAX_NAMES; i++) {
		const struct trouble_clock *clock = &t->clocks[i];

		buf_printf(&b, "%s%s is %s %s", i > 0 ? ", " : "", clock->name,
		    opt_format_duration(llabs(clock->skew_secs), by),
		    clock->skew_secs > 0 ? "ahead" : "behind");
	}
	put_more(&b, t->clock_count);
	buf_str(&b, ". Samples count for the hour that their clock says, and "
		    "those of the future are set aside.");
	summary_page_note(s, summary_page_keep(page, &b), NULL, NULL);
}

static void
note_held(struct summary_page *page, struct summary_page_section *s,
    const struct trouble *t, bool whose)
{
	struct buf b = BUF_INIT;
	const char *text;

	buf_str(&b, "Earlier periods that are held, and not invoiced: ");
	for (size_t i = 0; i < t->held_count && i < MAX_NAMES; i++) {
		const struct trouble_held *held = &t->held[i];

		buf_printf(&b, "%s%s%s%s (%s)", i > 0 ? ", " : "",
		    whose ? held->account : "", whose ? " " : "", held->period,
		    summary_page_reason(held->reason));
	}
	put_more(&b, t->held_count);
	buf_str(&b, ". To see why, and to close one:");
	text = summary_page_keep(page, &b);
	buf_printf(&b, "stat.flexfs show period %s --account %s",
	    t->held[0].period, t->held[0].account);
	summary_page_note(s, text, summary_page_keep(page, &b), NULL);
}

static void
note_mails(struct summary_page *page, struct summary_page_section *s,
    const struct trouble_mails *m)
{
	struct buf b = BUF_INIT;
	char at[UTC_TEXT_SIZE];
	const char *text;

	put_count(&b, m->given_up + m->waiting, "mail has", "mails have");
	buf_str(&b, " not reached everybody (");
	if (m->given_up > 0)
		buf_printf(&b, "%" PRId64 " given up or refused", m->given_up);
	if (m->waiting > 0)
		buf_printf(&b, "%s%" PRId64 " tried again",
		    m->given_up > 0 ? ", " : "", m->waiting);
	buf_str(&b, "), the oldest ");
	text_clean(&b, m->name, WORDS_COLUMNS);
	buf_printf(&b, " of %s", utc_format(m->planned_at, at));
	if (m->words[0] != '\0') {
		buf_str(&b, ": \"");
		text_clean(&b, m->words, WORDS_COLUMNS);
		buf_char(&b, '"');
	}
	buf_str(&b, ". `list mails` shows them all; to send that one again:");
	text = summary_page_keep(page, &b);
	buf_printf(&b, "stat.flexfs retry mail %" PRId64, m->id);
	summary_page_note(s, text, summary_page_keep(page, &b), NULL);
}

static void
note_certificate(struct summary_page *page, struct summary_page_section *s,
    const struct summary *summary)
{
	int64_t ends_at = summary->trouble->certificate_ends_at;
	bool over = ends_at <= summary->now;
	struct buf b = BUF_INIT;
	char at[UTC_TEXT_SIZE];

	buf_printf(&b, "The server's TLS certificate %s at %s%s.",
	    over ? "ended" : "ends", utc_format(ends_at, at),
	    over ? ", and sources refuse to report"
		 : "; sources cannot report from then on");
	summary_page_note(s, summary_page_keep(page, &b), NULL, NULL);
}

static void
note_grants(struct summary_page *page, struct summary_page_section *s,
    const struct summary *summary)
{
	const struct trouble *t = summary->trouble;
	struct buf b = BUF_INIT;
	char at[UTC_TEXT_SIZE];

	buf_str(&b, "Grants that their sources do not renew: ");
	for (size_t i = 0; i < t->grant_count && i < MAX_NAMES; i++) {
		const struct trouble_grant *grant = &t->grants[i];

		buf_printf(&b, "%sthat of %s %s at %s", i > 0 ? ", " : "",
		    grant->name,
		    grant->ends_at <= summary->now ? "ended" : "ends",
		    utc_format(grant->ends_at, at));
	}
	put_more(&b, t->grant_count);
	buf_str(&b, ". When each ends:");
	summary_page_note(
	    s, summary_page_keep(page, &b), "stat.flexfs list sources", NULL);
}

void
summary_trouble_notes(struct summary_page *page, struct summary_page_section *s,
    const struct summary *summary)
{
	const struct trouble *t = summary->trouble;

	if (t->quarantined > 0)
		note_quarantine(page, s, t);
	if (t->clock_count > 0)
		note_clocks(page, s, t);
	if (t->held_count > 0)
		note_held(page, s, t, summary->count > 1);
	if (t->mails.given_up + t->mails.waiting > 0)
		note_mails(page, s, &t->mails);
	if (t->certificate_ends_at != 0)
		note_certificate(page, s, summary);
	if (t->grant_count > 0)
		note_grants(page, s, summary);
}
