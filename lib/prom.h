/*
 * prom.h - Prometheus' text format, version 0.0.4: families of samples, and
 * histograms that count.
 *
 * Everything appends to a buffer, whose failed flag tells of missing memory.
 * A value is an integer with digits of it behind the point: 1500 with 3 is
 * 1.5. So no number is a float on its way.
 */
#ifndef LIB_PROM_H
#define LIB_PROM_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* The Content-Type of what is written. */
#define PROM_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* HELP and TYPE; type is counter, gauge or histogram. */
void prom_family(
    struct buf *out, const char *name, const char *type, const char *help);

struct prom_label {
	const char *name, *value; /* the value is escaped */
};

/* name{labels} value */
void prom_sample(struct buf *out, const char *name,
    const struct prom_label *labels, size_t label_count, int64_t value,
    unsigned digits);

/* --- histograms --- */

enum {
	PROM_MAX_BOUNDS = 20
};

/* bounds ascend, and are borrowed; the rest is zero before it is used. */
struct prom_histogram {
	const int64_t *bounds;
	size_t bound_count; /* at most PROM_MAX_BOUNDS */
	/* Of those up to each bound and above the one before; the last are
	 * above all. */
	uint64_t counts[PROM_MAX_BOUNDS + 1];
	int64_t sum;
};

void prom_observe(struct prom_histogram *h, int64_t value);

/* Its buckets, cumulated, its sum and its count; bounds and sum have so many
 * digits. */
void prom_histogram_put(struct buf *out, const char *name,
    const struct prom_histogram *h, unsigned digits);

#endif
