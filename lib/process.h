/*
 * process.h - what this process uses of the machine, as /proc/self tells.
 */
#ifndef LIB_PROCESS_H
#define LIB_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct process_usage {
	int64_t cpu_us; /* user and system, since it began */
	int64_t resident_bytes, virtual_bytes;
	int64_t open_fds, max_fds; /* max_fds 0: no limit */
};

/* False when /proc cannot be read. Costs about 0.3 us for each open
 * descriptor. */
bool process_measure(struct process_usage *out);

#endif
