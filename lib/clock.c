/*
 * clock.c - the real clock, and a pretend one laid over the monotonic clock.
 */
#include <time.h>

#include "clock.h"

static int64_t
read_ms(clockid_t which)
{
	struct timespec ts = {0, 0};

	clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct clock
clock_real(void)
{
	return (struct clock){.mock = false};
}

struct clock
clock_pretend(int64_t start, int64_t rate)
{
	return (struct clock){
	    .mock = true,
	    .mock_ms = start > 0 ? start * 1000 : read_ms(CLOCK_REALTIME),
	    .rate = rate,
	    .anchor_ms = read_ms(CLOCK_MONOTONIC),
	};
}

int64_t
clock_ms(const struct clock *clock)
{
	if (!clock->mock)
		return read_ms(CLOCK_REALTIME);
	return clock->mock_ms +
	       (read_ms(CLOCK_MONOTONIC) - clock->anchor_ms) * clock->rate;
}

int64_t
clock_secs(const struct clock *clock)
{
	return clock_ms(clock) / 1000;
}

bool
clock_set(struct clock *clock, int64_t at)
{
	int64_t now_ms = clock_ms(clock);

	if (!clock->mock || at < now_ms / 1000)
		return false;
	/* The second that it shows has begun already. */
	clock->mock_ms = at * 1000 > now_ms ? at * 1000 : now_ms;
	clock->anchor_ms = read_ms(CLOCK_MONOTONIC);
	return true;
}

int64_t
clock_mono_us(void)
{
	struct timespec ts = {0, 0};

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
