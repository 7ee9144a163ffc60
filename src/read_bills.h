/*
 * read_bills.h - bills over HTTP: periods as they stand, invoices as they were
 * closed, and where their lines come from.
 */
#ifndef SRC_READ_BILLS_H
#define SRC_READ_BILLS_H

#include "read.h"

/* GET /v1/periods and /v1/periods/{period} */
read_fn read_periods, read_period;

/* GET /v1/invoices, /v1/invoices/{number} and
 * /v1/invoices/{number}/lines/{n}/explain */
read_fn read_invoices, read_invoice, read_explain;

#endif
