/*
 * chart_data.h - the values behind the pictures that go with bills: what was
 * stored on the days of their period, and what the months up to it cost.
 *
 * Of several accounts usage is stacked by account, of one by volume. A day is
 * the mean of its hours, one that goes on of those that are over; each hour's
 * usage counts to the whole byte. A month costs what its invoice came to, and
 * while it is not closed what its bill would; of a quarter's invoice each month
 * has its lines, and the last one the corrections.
 */
#ifndef SRC_CHART_DATA_H
#define SRC_CHART_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chart.h"
#include "invoice.h"
#include "lib/err.h"
#include "lib/sql.h"

enum {
	/* Pictures of cost: one for each of the first currencies. */
	CHART_DATA_CURRENCIES = 8,
};

struct chart_data {
	/* What chart_draw takes: usage first, then the costs. */
	struct chart charts[1 + CHART_DATA_CURRENCIES];
	size_t chart_count;
	struct chart_usage usage;
	struct chart_cost costs[CHART_DATA_CURRENCIES];
	/* What the above point to. */
	char **names; /* owned, as all below */
	struct chart_part *parts;
	int64_t *missing;
	struct chart_month months[CHART_DATA_CURRENCIES][CHART_MAX_MONTHS];
	struct {
		char *amount, *forecast;
	} texts[CHART_DATA_CURRENCIES][CHART_MAX_MONTHS];
};

/* For bills of one period, as bill_build makes them at now (unix seconds);
 * what is set points into the bills. out must be empty; chart_data_fini gives
 * it back, also after an error. */
bool chart_data_load(struct sql *db, const struct invoice *bills, size_t count,
    int64_t now, struct chart_data *out, struct err *err);
void chart_data_fini(struct chart_data *data);

#endif
