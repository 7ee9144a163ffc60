/*
 * bill.h - a period of some accounts as it is shown: the closed document where
 * there is one, else the usage so far with corrections and forecast.
 */
#ifndef SRC_BILL_H
#define SRC_BILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "invoice.h"
#include "lib/err.h"
#include "lib/sql.h"

/* Builds, or reads, the bills as they are known at now (unix seconds), from
 * one state of the database. out has room for count bills, which must be
 * empty; invoice_fini gives each back, also after an error. */
bool bill_build(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_period *period, int64_t now, struct invoice *out,
    struct err *err);

/* As bill_build; the ratings of what is not closed tell their days, too, for
 * the picture of chart_data.h. */
bool bill_build_days(struct sql *db, const struct account *accounts,
    size_t count, const struct invoice_period *period, int64_t now,
    struct invoice *out, struct err *err);

/* As bill_build, of what is not closed without the hours from until on (unix
 * seconds, a whole hour of the period), as it stood just before that. */
bool bill_build_until(struct sql *db, const struct account *accounts,
    size_t count, const struct invoice_period *period, int64_t until,
    struct invoice *out, struct err *err);

/* As bill_build, as they are known at the head and now of query, inside the
 * caller's read transaction. */
bool bill_build_known(struct sql *db, const struct account *accounts,
    size_t count, const struct invoice_query *query, struct invoice *out,
    struct err *err);

#endif
