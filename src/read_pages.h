/*
 * read_pages.h - the pages of pages.h as answers. One that is missing is a
 * page that says so, with 404.
 */
#ifndef SRC_READ_PAGES_H
#define SRC_READ_PAGES_H

#include "read.h"

read_fn read_overview_page; /* GET / */
read_fn read_account_page;  /* GET /accounts/{} */
read_fn read_volume_page;   /* GET /volumes/{} */
read_fn read_periods_page;  /* GET /periods */
read_fn read_invoice_page;  /* GET /invoices/{} */
read_fn read_line_page;	    /* GET /invoices/{}/lines/{} */
read_fn read_sources_page;  /* GET /sources */
read_fn read_mails_page;    /* GET /mails */

#endif
