/*
 * export_part.h - what export.c, export_cells.c and export_state.c share.
 */
#ifndef SRC_EXPORT_PART_H
#define SRC_EXPORT_PART_H

#include "export.h"
#include "invoice.h"
#include "rate.h"
#include "usage.h"

/* --- export_cells.c: hours become sums --- */

/* Byte-hours of one age at one rate. */
struct export_sum {
	uint32_t next; /* of the same cell: index + 1; 0: none */
	uint32_t age_hours;
	const struct rate *rate; /* borrowed; NULL: unrated */
	int64_t from_hour, until_hour;
	struct exact_sum bytes;
};

/* What becomes a row. */
struct export_cell {
	uint32_t next;	    /* of the same slot: index + 1; 0: none */
	uint32_t first_sum; /* index + 1 */
	uint32_t account;   /* index */
	uint32_t age_hours;
	int64_t volume, name; /* rows */
	int64_t counted_volume, counted_hour;
	struct rating_hours hours;
};

/* An account of the query. */
struct export_payer {
	struct rate *rates; /* owned */
	size_t rate_count;
};

/* Some steps, one behind the other, of one month. */
struct export_window {
	int64_t from_hour, to_hour;
	size_t bucket_count;
	size_t row_count; /* of volumes, or of accounts */
	uint32_t *slots;  /* owned: a bucket's rows each; index + 1 */
	size_t slot_cap;
	struct export_cell *cells; /* owned */
	size_t cell_count, cell_cap;
	struct export_sum *sums; /* owned */
	size_t sum_count, sum_cap;
};

/* A volume as rows tell of it; names are read when they are asked for. */
struct export_volume {
	bool known;
	struct uuid id;
	int64_t name_row; /* of name; 0: none */
	char *name;	  /* owned */
	char *last_name;  /* owned: that of volume_last_name */
};

struct export_run {
	struct sql *db;
	const struct export_query *query;
	struct export_payer *payers; /* owned */
	size_t *payer_of;	     /* owned: by account row, index + 1 */
	int64_t max_account, max_volume;
	int64_t first_hour, last_hour; /* with hours of anybody */
	int64_t *own_volumes;	       /* owned: of the only account */
	size_t own_count;
	struct export_volume *volumes; /* owned; by row */
	const char **states;	       /* owned; static texts; by account */
	int64_t *cuts;		       /* owned: where rates begin, and steps */
	size_t cut_cap;
	struct export_window window;
};

/* The first hour of the step that an hour lies in; of the one behind it. */
int64_t export_step_start(enum export_step step, int64_t hour);
int64_t export_step_end(enum export_step step, int64_t hour);

/* Fills the window's cells with the hours from from_hour on, bucket_count
 * steps of them, none behind to_hour. */
bool export_fill(struct export_run *run, int64_t from_hour, int64_t to_hour,
    size_t bucket_count, struct err *err);
void export_window_fini(struct export_window *window);

/* --- export_state.c: what became of the accounts' periods --- */

/* Sets run->states for the periods that a month lies in. */
bool export_load_states(
    struct export_run *run, int64_t month_start, struct err *err);

#endif
