/*
 * read_lists.h - lists over HTTP: who pays, what was reported, what it cost.
 */
#ifndef SRC_READ_LISTS_H
#define SRC_READ_LISTS_H

#include "read.h"

/* GET /v1/accounts and /v1/rates; /v1/quarantine, for operators */
read_fn read_accounts, read_rates, read_quarantine;

#endif
