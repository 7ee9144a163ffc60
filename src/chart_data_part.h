/*
 * chart_data_part.h - what the files of chart_data.h share.
 */
#ifndef SRC_CHART_DATA_PART_H
#define SRC_CHART_DATA_PART_H

#include "chart_data.h"

/* The name that stands on documents; NULL for several accounts. */
const char *chart_data_whose(const struct invoice *bills, size_t count);

/* chart_data_cost.c: sets costs, months, texts, and counts the currencies in
 * chart_count. */
bool chart_data_costs(struct sql *db, const struct invoice *bills, size_t count,
    int64_t now, struct chart_data *out, struct err *err);

#endif
