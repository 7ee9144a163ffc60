/*
 * page_trouble.h - what somebody has to look at.
 */
#ifndef SRC_PAGE_TROUBLE_H
#define SRC_PAGE_TROUBLE_H

#include <stdbool.h>

#include "invoice.h"
#include "lib/err.h"
#include "page.h"
#include "summary_page.h"

/* A section with what is held, set aside, silent or failed, and what the
 * bills' summary says of them; or that there is nothing. */
bool page_trouble(struct page *page, const struct summary_page *summary,
    const struct silence *silence, struct err *err);

#endif
