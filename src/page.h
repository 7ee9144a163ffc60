/*
 * page.h - what the pages of the dashboard have in common: the frame around
 * them, and the pieces that they are made of.
 *
 * A page is a whole HTML document without scripts. Its look is in one style
 * sheet, page_style; nothing else is loaded. Texts from outside are hostile:
 * every function here that takes one makes it harmless for where it stands.
 * Everything appends to a buffer, whose failed flag tells of missing memory.
 */
#ifndef SRC_PAGE_H
#define SRC_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "fact.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/exact.h"
#include "lib/sql.h"

enum {
	PAGE_ROWS = 200,   /* of a long list on one page */
	PAGE_COLUMNS = 48, /* of a name: longer ones are cut */
};

/* What a page is made from, and where it goes. */
struct page {
	struct sql *db;		     /* borrowed; read only */
	const struct account *scope; /* the only one that is shown; NULL: all */
	int64_t now;		     /* unix seconds */
	int64_t expected_secs;	     /* how often sources should report; or 0 */
	int64_t certificate_ends_at; /* unix seconds; 0: there is none */
	struct buf *out;
	bool missing; /* set: there is no such thing, or not for this reader */
};

/* The style sheet, the icon, and the policy that lets in nothing else. */
extern const char page_style[];
extern const char page_icon[];
extern const char page_policy[];

/* --- the frame --- */

enum page_tab {
	PAGE_NO_TAB,
	PAGE_OVERVIEW,
	PAGE_PERIODS,
	PAGE_SOURCES,
	PAGE_MAILS,
	PAGE_STRANGER, /* nobody has signed in: no navigation */
};

/* From the doctype to the one h1. title is from anywhere. */
void page_begin(struct page *page, enum page_tab tab, const char *title);

/* The footer, with the ledger's head as the database has it. */
bool page_end(struct page *page, struct err *err);

/* The same for one who has not signed in, and without a database. */
void page_end_stranger(struct page *page);

/* --- texts --- */

/* A name from outside; as part of a URL's path or query. */
void page_text(struct buf *out, const char *text);
void page_url(struct buf *out, const char *text);

/* Text of our own in lines, commands for example, as a box that scrolls. */
void page_lines(struct buf *out, const char *text);

/* A link: path is ours, followed by id, from anywhere. */
void page_link(
    struct buf *out, const char *path, const char *id, const char *text);

/* An instant in UTC, "2026-10-01 05:00"; a dash for 0. A day, "2026-10-01". */
void page_time(struct buf *out, int64_t at);
void page_date(struct buf *out, int64_t at);

/* How long ago, or for how long: "5 min", "3 h", "12 days". */
void page_span(struct buf *out, int64_t secs);

/* Bytes as GiB with digits decimals. */
void page_gib(struct buf *out, const struct exact *bytes, int digits);

/* A word in a box: tone is "good", "warn", "bad" or "". */
void page_badge(struct buf *out, const char *tone, const char *word);

/* The box of a period's state, and why it is held; reason may be NULL. */
void page_state(struct buf *out, const char *state, const char *reason);

/* --- pieces --- */

/* Large figures beside each other; detail may be "". */
void page_tiles_begin(struct buf *out);
void page_tile(
    struct buf *out, const char *label, const char *value, const char *detail);
void page_tiles_end(struct buf *out);

/* Labels with values beside them; page_pair_begin leaves the value to the
 * caller, in HTML. */
void page_pairs_begin(struct buf *out);
void page_pair(struct buf *out, const char *label, const char *value);
void page_pair_begin(struct buf *out, const char *label);
void page_pair_end(struct buf *out);
void page_pairs_end(struct buf *out);

/* A heading with a section below it; page_section_end ends that. */
void page_section(struct buf *out, const char *title);
void page_section_end(struct buf *out);

struct page_column {
	const char *title;
	bool figure; /* to the right */
};
void page_table_begin(struct buf *out, const char *caption,
    const struct page_column *columns, size_t count);
void page_table_end(struct buf *out);

/* A cell; with page_cell_begin the caller writes HTML, and page_cell_end. */
void page_row_begin(struct buf *out);
void page_row_end(struct buf *out);
void page_cell(struct buf *out, const char *text);
void page_figure(struct buf *out, const char *text);
void page_figure_int(struct buf *out, int64_t value);
void page_cell_begin(struct buf *out, bool figure);
void page_cell_end(struct buf *out);
/* The first cell of a row, which names it. */
void page_head_begin(struct buf *out);
void page_head_end(struct buf *out);

/* "n measured", and what is estimated or missing in a box. */
void page_hours(
    struct buf *out, int64_t measured, int64_t estimated, int64_t missing);

/* Says what there is not, and what to do about it; command may be NULL. */
void page_empty(struct buf *out, const char *text, const char *command);

/* --- long lists --- */

struct page_slice {
	size_t total, first, end; /* [first, end) of total */
	size_t number, count;	  /* this page, from 1, and how many */
};

/* The slice of a list that a page's number (from a query; NULL: the first)
 * means; false when there is no such page. */
bool page_slice(const char *number, size_t total, struct page_slice *out);

/* Links to the others; nothing when there is one page only. path is ours,
 * ready for page= behind it: "/periods?". */
void page_slice_links(
    struct buf *out, const struct page_slice *slice, const char *path);

#endif
