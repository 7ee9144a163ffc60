/*
 * job.h - slow work in processes of its own: bytes in, bytes and an exit
 * code out, a deadline, a callback.
 *
 * A job is a program, usually this one again. It gets its input on standard
 * input, secrets on descriptor 3 (never in arguments or environment), writes
 * its result to standard output and its log lines to our standard error.
 * Nothing else is open in it, and its environment is PATH, HOME, TZ, LANG,
 * JOURNAL_STREAM and STAT_CHILD.
 *
 * A pool owns the jobs of one loop and watches SIGCHLD for them: one pool per
 * loop, and nobody else waits for children of this process by "any child".
 */
#ifndef SRC_JOB_H
#define SRC_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "loop.h"

enum {
	JOB_SECRET_FD = 3,
	JOB_KILL_MS = 2000, /* between SIGTERM and SIGKILL */
	/* A ninth of the processor next to one of 0. */
	JOB_BACKGROUND_NICE = 10,
	JOB_PIECE_BYTES = 1 << 16,
};

struct job;
struct job_pool;

struct job_result {
	int exit_code;	   /* 0 to 255; -1: it did not exit */
	int signal;	   /* that ended it; 0: none */
	bool timed_out;	   /* it was told to end at its deadline */
	bool too_much;	   /* it wrote more than the limit, and was killed */
	struct buf output; /* what it wrote, up to the limit; may be taken */
};

/* Told once, from the loop, when the process is gone. The result is valid
 * during the call. It may start jobs, but not free the pool. */
typedef void job_done_fn(void *ctx, struct job_result *result);

/* Told of each piece that it writes, at most JOB_PIECE_BYTES; borrowed. It may
 * pause, resume or kill the job, not start others. */
typedef void job_data_fn(void *ctx, const char *data, size_t len);

struct job_spec {
	const char *program;	 /* a path; NULL: this program again */
	const char *const *argv; /* from argv[0], to a NULL */
	const void *input;	 /* copied; NULL: it reads an empty file */
	size_t input_len;
	const void *secret; /* copied, and wiped; NULL: 3 is not open */
	size_t secret_len;
	size_t output_limit; /* without on_data */
	/* For output that is too long to be kept: nothing is collected, and
	 * there is no limit. May be NULL. */
	job_data_fn *on_data;
	int64_t deadline_ms; /* then SIGTERM, and SIGKILL JOB_KILL_MS later */
	/* It gives way to this process where the processor is short, as far as
	 * the system lets us say so. */
	bool background;
	job_done_fn *on_done;
	void *ctx; /* borrowed until on_done */
};

/* Ignores SIGPIPE from now on: a job may end before it has read its input. */
struct job_pool *job_pool_new(struct loop *loop, struct err *err);

/* Kills and reaps what is left, without calling on_done. */
void job_pool_free(struct job_pool *pool);

/* Starts a job; spec is borrowed for the call. False: nothing was started,
 * and on_done will not be called. */
bool job_start(struct job_pool *pool, const struct job_spec *spec,
    struct err *err) __attribute__((warn_unused_result));

/* The same of one that is told what to do while it runs; NULL: nothing was
 * started. Valid until on_done is called. */
struct job *job_open(struct job_pool *pool, const struct job_spec *spec,
    struct err *err) __attribute__((warn_unused_result));

/* Reads no more of its output, so that it has to wait once the pipe is full;
 * and reads on. What is in the pipe when it ends is told of even so. */
void job_pause(struct job *job);
void job_resume(struct job *job);

/* Its deadline is so far away from now. */
void job_extend(struct job *job, int64_t deadline_ms);

/* Ends it at once; on_done is told as ever. */
void job_kill(struct job *job);

/* How many are running. */
unsigned job_count(const struct job_pool *pool);

/*
 * For the first line of main: makes a process that was started by job_start
 * die with its server, even if that is killed with SIGKILL, and removes
 * STAT_CHILD from the environment. Does nothing in any other process.
 */
void job_child_setup(void);

#endif
