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

/* The bills of a month and of the one before; the zero value is empty. */
struct page_bills {
	struct invoice_period period;
	struct account *accounts; /* owned, as the bills */
	struct invoice *now, *before;
	size_t count;
};

/* Of the month at hand, for one account, or for all that the reader may see
 * with NULL. page_bills_fini gives it back, also after an error. */
bool page_bills_load(struct page *page, const struct account *account,
    struct page_bills *out, struct err *err);
void page_bills_fini(struct page_bills *bills);

/* What has changed against the month before, in words; "" if there is
 * nothing to say. */
const char *page_bills_change(const struct summary_page *words);

/* Volumes of an account that are neither missing nor retired, and what they
 * hold by their last samples. */
struct page_stored {
	uint64_t bytes;
	size_t volumes, missing;
};

/* For each of the accounts of the bills. */
bool page_stored_load(struct page *page, const struct page_bills *bills,
    struct page_stored *out, struct err *err);
void page_stored_add(struct page_stored *stored, const struct volume_state *v,
    int64_t now);

/* A row's name as a link to its page. */
void page_volume_link(
    struct buf *out, const struct uuid *uuid, const char *name);

/* An account that the reader may see, by name; *found is false, and nothing
 * else is told, when there is none or it is another's. */
bool page_find_account(struct page *page, const char *name,
    struct account *out, bool *found, struct err *err);

/* The row of an invoice by its number, and its account; page->missing is set
 * when there is none, or it is another's. */
bool page_find_invoice(struct page *page, const char *number,
    struct archive_row *row, struct account *account, struct err *err);

#endif
