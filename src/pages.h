/*
 * pages.h - the pages of the dashboard.
 *
 * Each writes a whole document into page->out, or sets page->missing: there is
 * no such thing, or it is another account's than the reader's, which is told
 * apart by nobody. Parameters that are NULL were not given; one that cannot be
 * is missing, too.
 */
#ifndef SRC_PAGES_H
#define SRC_PAGES_H

#include <stdbool.h>

#include "lib/err.h"
#include "page.h"

/* number is that of a slice of a long list, "2". */
bool page_overview(struct page *page, const char *number, struct err *err);
bool page_account(
    struct page *page, const char *name, const char *number, struct err *err);
bool page_periods(struct page *page, const char *account, const char *number,
    struct err *err);

/* What a volume held: of a day its hours, of a month (by default the one at
 * hand) or a year its days. At most one of them. */
struct page_span_asked {
	const char *day, *month, *year; /* "2026-10-05", "2026-10", "2026" */
};
bool page_volume(struct page *page, const char *uuid,
    const struct page_span_asked *asked, struct err *err);

bool page_invoice(struct page *page, const char *invoice, const char *number,
    struct err *err);
/* day: one whose hours are shown with their samples. */
bool page_line(struct page *page, const char *invoice, const char *line,
    const char *day, struct err *err);

/* Not for who sees one account only. */
bool page_sources(struct page *page, const char *number, struct err *err);
bool page_mails(struct page *page, const char *number, struct err *err);

/* That there is nothing, as a page. */
bool page_nothing(struct page *page, struct err *err);

#endif
