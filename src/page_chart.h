/*
 * page_chart.h - the pictures of pages, each with its figures in a table.
 */
#ifndef SRC_PAGE_CHART_H
#define SRC_PAGE_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "chart.h"
#include "invoice.h"
#include "lib/err.h"
#include "page.h"

/* What is stored and what it costs, for bills of one period as bill_build
 * makes them: a section for each picture. */
bool page_charts(struct page *page, const struct invoice *bills, size_t count,
    struct err *err);

/* One picture as a section. Where there is nothing that draws, its figures
 * are all there is of it. */
bool page_chart(struct page *page, const char *title, const struct chart *chart,
    struct err *err);

#endif
