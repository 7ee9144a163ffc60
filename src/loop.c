/*
 * loop.c - the event loop of loop.h over libevent.
 *
 * Connections, signals and ordinary timers are of one priority; timers made
 * with loop_timer_new_last run only in a turn in which nothing else was ready.
 */
#include <signal.h>
#include <stdlib.h>

#include <event2/event.h>

#include "loop.h"

/* libevent gives its connections and listeners the one in the middle, and
 * lets nobody change that for good. */
enum {
	PRIORITY_FIRST,
	PRIORITY_NORMAL,
	PRIORITY_LAST,
	PRIORITIES,
};

struct loop {
	struct event_base *base; /* owned */
};

struct loop_timer {
	struct event *event; /* owned */
	loop_fn *on_time;
	void *ctx; /* borrowed */
};

struct loop_signal {
	struct event *event; /* owned */
	loop_fn *on_signal;
	void *ctx; /* borrowed */
};

struct loop *
loop_new(struct err *err)
{
	struct event_config *config = event_config_new();
	struct loop *loop = calloc(1, sizeof *loop);

	if (config != NULL && loop != NULL) {
		/* Saves most epoll_ctl calls; safe while no descriptor is
		 * duplicated, and none is. */
		event_config_set_flag(
		    config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
		loop->base = event_base_new_with_config(config);
	}
	if (config != NULL)
		event_config_free(config);
	if (loop == NULL || loop->base == NULL ||
	    event_base_priority_init(loop->base, PRIORITIES) != 0) {
		loop_free(loop);
		err_set(err, ERR_BROKEN, "cannot make the event loop");
		return NULL;
	}
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	if (loop->base != NULL)
		event_base_free(loop->base);
	free(loop);
}

bool
loop_run(struct loop *loop, struct err *err)
{
	if (event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
		return err_set(err, ERR_BROKEN, "the event loop broke");
	return true;
}

void
loop_stop(struct loop *loop)
{
	event_base_loopbreak(loop->base);
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

static void
on_timer_event(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;

	(void)fd;
	(void)what;
	timer->on_time(timer->ctx);
}

static struct loop_timer *
new_timer(struct loop *loop, int priority, loop_fn *on_time, void *ctx,
    struct err *err)
{
	struct loop_timer *timer = calloc(1, sizeof *timer);

	if (timer == NULL) {
		err_nomem(err);
		return NULL;
	}
	timer->on_time = on_time;
	timer->ctx = ctx;
	timer->event = evtimer_new(loop->base, on_timer_event, timer);
	if (timer->event == NULL) {
		free(timer);
		err_nomem(err);
		return NULL;
	}
	event_priority_set(timer->event, priority);
	return timer;
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_fn *on_time, void *ctx, struct err *err)
{
	return new_timer(loop, PRIORITY_NORMAL, on_time, ctx, err);
}

struct loop_timer *
loop_timer_new_last(
    struct loop *loop, loop_fn *on_time, void *ctx, struct err *err)
{
	return new_timer(loop, PRIORITY_LAST, on_time, ctx, err);
}

void
loop_timer_set(struct loop_timer *timer, int64_t ms)
{
	struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	if (ms <= 0)
		event_active(timer->event, EV_TIMEOUT, 0);
	else
		event_add(timer->event, &wait);
}

void
loop_timer_clear(struct loop_timer *timer)
{
	event_del(timer->event);
}

void
loop_timer_free(struct loop_timer *timer)
{
	if (timer == NULL)
		return;
	event_free(timer->event);
	free(timer);
}

static void
on_signal_event(evutil_socket_t number, short what, void *arg)
{
	struct loop_signal *sig = arg;

	(void)number;
	(void)what;
	sig->on_signal(sig->ctx);
}

struct loop_signal *
loop_signal_new(struct loop *loop, int signal_number, loop_fn *on_signal,
    void *ctx, struct err *err)
{
	struct loop_signal *sig = calloc(1, sizeof *sig);

	if (sig == NULL) {
		err_nomem(err);
		return NULL;
	}
	sig->on_signal = on_signal;
	sig->ctx = ctx;
	sig->event =
	    evsignal_new(loop->base, signal_number, on_signal_event, sig);
	if (sig->event == NULL || event_add(sig->event, NULL) != 0) {
		loop_signal_free(sig);
		err_set(
		    err, ERR_BROKEN, "cannot watch signal %d", signal_number);
		return NULL;
	}
	return sig;
}

void
loop_signal_free(struct loop_signal *sig)
{
	if (sig == NULL)
		return;
	if (sig->event != NULL)
		event_free(sig->event);
	free(sig);
}
