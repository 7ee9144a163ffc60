/*
 * loop.h - the event loop: timers, signals, and work for when nothing else
 * is ready.
 *
 * A thin door in front of libevent, so that only this file, http.c and job.c
 * know it. Callbacks run on the one thread, never inside each other.
 */
#ifndef SRC_LOOP_H
#define SRC_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

struct loop;
struct loop_timer;
struct loop_signal;
struct event_base;

typedef void loop_fn(void *ctx);

/* NULL, and err, when the system refuses. Free every timer and signal
 * before the loop. */
struct loop *loop_new(struct err *err);
void loop_free(struct loop *loop);

/* Runs until loop_stop. False when the loop itself breaks. */
bool loop_run(struct loop *loop, struct err *err);
void loop_stop(struct loop *loop);

/* A timer that is not yet running; set it again to move it. A timer fires
 * once per loop_timer_set. */
struct loop_timer *loop_timer_new(
    struct loop *loop, loop_fn *on_time, void *ctx, struct err *err);
/* As loop_timer_new, but its callback runs only when no ready connection is
 * left to be served: with 0 ms it means "once this turn's input is taken". */
struct loop_timer *loop_timer_new_last(
    struct loop *loop, loop_fn *on_time, void *ctx, struct err *err);
void loop_timer_set(struct loop_timer *timer, int64_t ms);
void loop_timer_clear(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

/* Calls on_signal each time the process gets the signal. */
struct loop_signal *loop_signal_new(struct loop *loop, int signal_number,
    loop_fn *on_signal, void *ctx, struct err *err);
void loop_signal_free(struct loop_signal *sig);

/* For http.c and job.c only. */
struct event_base *loop_base(struct loop *loop);

#endif
