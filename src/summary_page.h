/*
 * summary_page.h - a summary in words and figures, before it has a format:
 * what the text and the HTML of a mail have in common.
 *
 * Sections hold pairs, tables and notes, written in that order. Texts are
 * UTF-8 on one line; all belong to the page or to the summary it was made of.
 * Names from outside are already harmless inside of texts; in rows they are
 * as they came, so that a writer can cut them to its columns.
 */
#ifndef SRC_SUMMARY_PAGE_H
#define SRC_SUMMARY_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "summary.h"

enum {
	SUMMARY_PAGE_PAIRS = 10
};

enum summary_page_tone {
	SUMMARY_PAGE_PLAIN,
	SUMMARY_PAGE_STRONG, /* what a reader looks for */
	SUMMARY_PAGE_ALERT,  /* what a person has to do something about */
};

struct summary_page_pair {
	const char *label, *value;
	enum summary_page_tone tone;
};

struct summary_page_row {
	const char *name; /* raw; NULL: no such row */
	const char *mark; /* behind the name: " (30d)" or "" */
	const char *gib_months, *rate, *amount, *hours;
};

/* Lines of one month. */
struct summary_page_table {
	const char *title; /* the month, in a quarter; else "" */
	struct summary_page_row rows[SUMMARY_TOP_LINES];
	size_t row_count;
	struct summary_page_row rest;  /* of the lines that are not in rows */
	struct summary_page_row total; /* of more than one line */
};

struct summary_page_note {
	const char *text;
	const char *command; /* to run; or NULL */
	const char *literal; /* not to be broken; or NULL */
};

struct summary_page_section {
	const char *title;
	struct summary_page_pair pairs[SUMMARY_PAGE_PAIRS];
	size_t pair_count;
	struct summary_page_table tables[INVOICE_MAX_MONTHS];
	size_t table_count;
	struct summary_page_note *notes; /* owned by the page */
	size_t note_count;
};

struct summary_page_text;

struct summary_page {
	const char *title;
	struct summary_page_section *sections; /* owned; the first is of all */
	size_t section_count;
	struct summary_page_text *texts; /* owned */
	bool failed;			 /* out of memory: do not use it */
};

/* Fills an empty page; summary_page_fini gives it back. */
void summary_page_make(
    struct summary_page *page, const struct summary *summary);
void summary_page_fini(struct summary_page *page);

/* --- building one --- */

/* Keeps the text of b for the page, and empties b. "" without memory. */
const char *summary_page_keep(struct summary_page *page, struct buf *b);

/* The next section; room for them was made with the page. */
struct summary_page_section *summary_page_section(
    struct summary_page *page, const char *title);

/* Adds to notes that have room. */
void summary_page_note(struct summary_page_section *s, const char *text,
    const char *command, const char *literal);

/* A line's name, raw, or its UUID when it has none; and the age bin behind
 * it, when its volume has more than the open-ended one. */
const char *summary_page_name(
    struct summary_page *page, const struct rating_line *line);
const char *summary_page_mark(struct summary_page *page,
    const struct invoice *inv, const struct invoice_line *line);

/* Why a bill is held, in words; "" for FINE. */
const char *summary_page_reason(enum invoice_reason reason);

/* Whether line a stands above line b: it costs more, or is more. */
bool summary_page_above(
    const struct invoice_line *a, const struct invoice_line *b);

/* At most so many notes of what trouble there is besides the bills. */
enum {
	SUMMARY_TROUBLE_NOTES = 5
};
void summary_trouble_notes(struct summary_page *page,
    struct summary_page_section *s, const struct summary *summary);

/* The last sections, in summary_notes.c. */
void summary_notes_corrections(
    struct summary_page *page, const struct summary *summary);
void summary_notes_trouble(
    struct summary_page *page, const struct summary *summary);
void summary_notes_footer(
    struct summary_page *page, const struct summary *summary);

/* The rule by which a bill is rounded: "USD: the exact total is ..". */
void summary_notes_rounding(struct buf *b, const struct invoice *inv);

#endif
