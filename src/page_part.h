/*
 * page_part.h - what several pages load: bills, and what is stored now.
 */
#ifndef SRC_PAGE_PART_H
#define SRC_PAGE_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive.h"
#include "invoice.h"
#include "lib/err.h"
#include "page.h"
#include "summary_page.h"
#include "volume_state.h"

/* The bills of a month, and what the one before came to; the zero value is
 * empty. */
struct page_bills {
	struct invoice_period period, before;
	struct account *accounts; /* owned, as the bills */
	struct invoice *now;
	char **totals; /* owned: of the month before; NULL: not known */
	size_t count;
};

/* Of the month at hand, for one account, or for all that the reader may see
 * with NULL. page_bills_fini gives it back, also after an error. */
bool page_bills_load(struct page *page, const struct account *account,
    struct page_bills *out, struct err *err);
void page_bills_fini(struct page_bills *bills);

/* What the month before came to, "USD 1.00 + EUR 2.00"; and by how much the
 * forecast is another, "USD +3.00 (+3.1 %)", or nothing if that is not known
 * of all accounts of a currency. */
void page_bills_before(const struct page_bills *bills, struct buf *out);
void page_bills_change(const struct page_bills *bills, struct buf *out);

/* Volumes of an account that are neither missing nor retired, and what they
 * hold by their last samples. */
struct page_stored {
	uint64_t bytes;
	size_t volumes, missing;
};

/* For each of the accounts of the bills. */
bool page_stored_load(struct page *page, const struct page_bills *bills,
    struct page_stored *out, struct err *err);
void page_stored_add(
    struct page_stored *stored, const struct volume_state *v, int64_t now);

/* What is stored and what it costs, in large figures. */
void page_tiles(struct buf *out, const struct page_bills *bills,
    const struct page_stored *stored);

/* A row's name as a link to its page. */
void page_volume_link(
    struct buf *out, const struct uuid *uuid, const char *name);

/* An account that the reader may see, by name; *found is false, and nothing
 * else is told, when there is none or it is another's. */
bool page_find_account(struct page *page, const char *name, struct account *out,
    bool *found, struct err *err);

/* The row of an invoice by its number, and its account; page->missing is set
 * when there is none, or it is another's. */
bool page_find_invoice(struct page *page, const char *number,
    struct archive_row *row, struct account *account, struct err *err);

#endif
