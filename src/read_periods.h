/*
 * read_periods.h - periods over HTTP, as they stand.
 */
#ifndef SRC_READ_PERIODS_H
#define SRC_READ_PERIODS_H

#include "read.h"

/* GET /v1/periods and /v1/periods/{period} */
read_fn read_periods, read_period;

#endif
