/*
 * clock.h - the only place that reads the time.
 *
 * A clock is the real one, or a pretend one that starts at an instant and
 * runs at a rate, for trying months in minutes. Nothing else in the program
 * asks the operating system what time it is: the server asks its clock once
 * per wake-up and hands `now` down.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
	bool mock;
	int64_t mock_ms;   /* pretend time at the anchor, in unix ms */
	int64_t rate;	   /* pretend seconds per real second; 0 stands still */
	int64_t anchor_ms; /* monotonic ms at which mock_ms held */
};

/* The real clock. */
struct clock clock_real(void);

/* A pretend clock that shows start (unix seconds; 0 means the real time) now
 * and runs rate seconds per second. */
struct clock clock_pretend(int64_t start, int64_t rate);

/* Unix milliseconds, and seconds. */
int64_t clock_ms(const struct clock *clock);
int64_t clock_secs(const struct clock *clock);

/* Sets a pretend clock forward; to the second that it shows, it stays as it
 * is. False when it is the real one, or when at lies before that second. */
bool clock_set(struct clock *clock, int64_t at);

/* Monotonic microseconds, for measuring durations; never for dates. */
int64_t clock_mono_us(void);

#endif
