/*
 * summary_text.c - a summary as plain text of at most 72 columns. In: a page.
 * Out: lines.
 */
#include <string.h>

#include "lib/text.h"
#include "summary_page.h"

enum {
	COLUMNS = 72,
	LABEL_COLUMNS = 9, /* "Change" and its like, with room behind */
	GAP = 2,	   /* between columns of a table */
	/* With less room for names than this a table becomes a list. */
	MIN_NAME = 16,
	FIGURES = 4,
};

#define COMMAND_INDENT "    "
#define COMMAND_NEXT "      "

static const char *const headings[FIGURES] = {
    "GiB-months", "Rate", "Amount", "Hours"};

struct table {
	struct buf *out;
	size_t name;		 /* columns; 0: a list */
	size_t figures[FIGURES]; /* columns of each */
};

static const char *
figure(const struct summary_page_row *row, size_t i)
{
	const char *const all[FIGURES] = {
	    row->gib_months, row->rate, row->amount, row->hours};

	return all[i];
}

static void
rule(struct buf *out, const char *title, char c)
{
	size_t width = text_width(title);

	for (size_t i = 0; i < width && i < COLUMNS; i++)
		buf_char(out, c);
	buf_char(out, '\n');
}

static void
put_title(struct buf *out, const char *title, char underline)
{
	const struct text_layout layout = {COLUMNS, "", ""};

	text_wrap(out, title, &layout);
	rule(out, title, underline);
}

static void
put_pair(struct buf *out, const struct summary_page_pair *pair)
{
	const struct text_layout layout = {COLUMNS - LABEL_COLUMNS, "", ""};
	struct buf lines = BUF_INIT;
	const char *line, *end, *label = pair->label;

	text_wrap(&lines, pair->value, &layout);
	for (line = buf_text(&lines); *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		end += *end == '\n';
		text_left(out, label, LABEL_COLUMNS);
		buf_add(out, line, (size_t)(end - line));
		label = "";
	}
	out->failed = out->failed || lines.failed;
	buf_fini(&lines);
}

/* --- tables --- */

/* A name in its own columns, and its mark. */
static size_t
name_width(const struct summary_page_row *row)
{
	struct buf name = BUF_INIT;
	size_t width;

	text_clean(&name, row->name, 0);
	width = text_width(buf_text(&name)) + strlen(row->mark);
	buf_fini(&name);
	return width;
}

static void
widen(struct table *t, const struct summary_page_row *row)
{
	size_t width;

	if (row->name == NULL)
		return;
	width = name_width(row);
	if (width > t->name)
		t->name = width;
	for (size_t i = 0; i < FIGURES; i++) {
		width = text_width(figure(row, i));
		if (width > t->figures[i])
			t->figures[i] = width;
	}
}

static void
measure(struct table *t, const struct summary_page_table *page)
{
	size_t used = 0;

	t->name = MIN_NAME;
	for (size_t i = 0; i < FIGURES; i++)
		t->figures[i] = strlen(headings[i]);
	for (size_t i = 0; i < page->row_count; i++)
		widen(t, &page->rows[i]);
	widen(t, &page->rest);
	widen(t, &page->total);
	for (size_t i = 0; i < FIGURES; i++)
		used += GAP + t->figures[i];
	if (used + MIN_NAME > COLUMNS)
		t->name = 0;
	else if (used + t->name > COLUMNS)
		t->name = COLUMNS - used;
}

/* The name and its mark, cut to columns. */
static void
put_name(struct buf *out, const struct summary_page_row *row, size_t columns)
{
	struct buf name = BUF_INIT;
	size_t mark = strlen(row->mark);

	text_clean(&name, row->name, columns - mark);
	buf_str(&name, row->mark);
	text_left(out, buf_text(&name), columns);
	out->failed = out->failed || name.failed;
	buf_fini(&name);
}

/* Spaces at the end of a line are of no use. */
static void
end_line(struct buf *out)
{
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	buf_char(out, '\n');
}

static void
put_listed(struct buf *out, const struct summary_page_row *row)
{
	struct buf name = BUF_INIT;

	put_name(&name, row, COLUMNS);
	buf_str(out, buf_text(&name));
	end_line(out);
	for (size_t i = 0; i < FIGURES; i++) {
		if (figure(row, i)[0] == '\0')
			continue;
		buf_str(out, "  ");
		text_left(out, headings[i], strlen(headings[0]) + GAP);
		buf_printf(out, "%s\n", figure(row, i));
	}
	out->failed = out->failed || name.failed;
	buf_fini(&name);
}

static void
put_row(const struct table *t, const struct summary_page_row *row)
{
	if (row->name == NULL)
		return;
	if (t->name == 0) {
		put_listed(t->out, row);
		return;
	}
	/* Names that begin alike must not become the same. */
	if (name_width(row) > t->name) {
		put_name(t->out, row, COLUMNS);
		end_line(t->out);
		text_left(t->out, "", t->name);
	} else
		put_name(t->out, row, t->name);
	for (size_t i = 0; i < FIGURES; i++) {
		buf_str(t->out, "  ");
		text_right(t->out, figure(row, i), t->figures[i]);
	}
	end_line(t->out);
}

static void
put_table(struct buf *out, const struct summary_page_table *page)
{
	struct summary_page_row heading = {
	    "Volume", "", headings[0], headings[1], headings[2], headings[3]};
	struct table t = {.out = out};

	measure(&t, page);
	if (page->title[0] != '\0')
		buf_printf(out, "%s\n", page->title);
	if (page->row_count == 0) {
		buf_str(out, "No usage in this month.\n\n");
		return;
	}
	if (t.name > 0)
		put_row(&t, &heading);
	for (size_t i = 0; i < page->row_count; i++)
		put_row(&t, &page->rows[i]);
	put_row(&t, &page->rest);
	put_row(&t, &page->total);
	buf_char(out, '\n');
}

/* --- the rest --- */

/* A flag with its value, or the words before the first one. */
static size_t
command_piece(const char *command)
{
	const char *next = strstr(command, " --");

	return next != NULL ? (size_t)(next - command) : strlen(command);
}

/* A command that can be pasted: lines end in a backslash, and no flag is
 * parted from its value unless one line cannot hold both. */
static void
put_command(struct buf *out, const char *command)
{
	const size_t room = COLUMNS - strlen(" \\");
	size_t column = strlen(COMMAND_INDENT), len;
	const char *space = "";

	buf_str(out, COMMAND_INDENT);
	while (*command != '\0') {
		command += strspn(command, " ");
		len = command_piece(command);
		if (strlen(COMMAND_NEXT) + len > room)
			len = strcspn(command, " ");
		if (column + strlen(space) + len > room) {
			buf_str(out, " \\\n" COMMAND_NEXT);
			column = strlen(COMMAND_NEXT);
			space = "";
		}
		buf_str(out, space);
		buf_add(out, command, len);
		column += strlen(space) + len;
		command += len;
		space = " ";
	}
	buf_char(out, '\n');
}

static void
put_note(struct buf *out, const struct summary_page_note *note)
{
	static const struct text_layout layout = {COLUMNS, "", ""};

	text_wrap(out, note->text, &layout);
	if (note->command != NULL)
		put_command(out, note->command);
	if (note->literal != NULL)
		buf_printf(out, "%s\n", note->literal);
}

static void
put_section(
    struct buf *out, const struct summary_page_section *s, char underline)
{
	put_title(out, s->title, underline);
	for (size_t i = 0; i < s->pair_count; i++)
		put_pair(out, &s->pairs[i]);
	if (s->pair_count > 0 && s->table_count > 0)
		buf_char(out, '\n');
	for (size_t i = 0; i < s->table_count; i++)
		put_table(out, &s->tables[i]);
	for (size_t i = 0; i < s->note_count; i++) {
		if (i > 0)
			buf_char(out, '\n');
		put_note(out, &s->notes[i]);
	}
}

void
summary_text(const struct summary *summary, struct buf *out)
{
	struct summary_page page;

	summary_page_make(&page, summary);
	if (page.failed)
		out->failed = true;
	for (size_t i = 0; !page.failed && i < page.section_count; i++) {
		if (i > 0)
			buf_char(out, '\n');
		put_section(out, &page.sections[i], i == 0 ? '=' : '-');
	}
	summary_page_fini(&page);
}
