/*
 * read_usage.h - usage and its exact cost over HTTP, row by row.
 */
#ifndef SRC_READ_USAGE_H
#define SRC_READ_USAGE_H

#include "read.h"

/* GET /v1/usage */
read_fn read_usage;

#endif
