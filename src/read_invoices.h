/*
 * read_invoices.h - invoices over HTTP: as they were closed, and where their
 * lines come from.
 */
#ifndef SRC_READ_INVOICES_H
#define SRC_READ_INVOICES_H

#include "read.h"

/* GET /v1/invoices, /v1/invoices/{number} and
 * /v1/invoices/{number}/lines/{n}/explain */
read_fn read_invoices, read_invoice, read_explain;

#endif
