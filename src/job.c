/*
 * job.c - starts processes, feeds them, collects what they write, ends those
 * that take too long, and reaps each by its own pid.
 *
 * A job is over when its process is: what it left in the pipe is read then,
 * and whatever it started itself is killed with its process group. The pool
 * owns the jobs; a job owns its pipes, events and buffers.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "lib/tls.h"
#include "job.h"

enum {
	FIRST_HIGH_FD = 10, /* a child's ends are moved out of the way of 0-3 */
	MAX_ENV = 8,
	FIRST_PRIORITY = 0,
	/* That of connections: long output never comes before reports. */
	STREAM_PRIORITY = 1,
};

static const char self_path[] = "/proc/self/exe";
static const char parent_variable[] = "STAT_CHILD";

/* Bytes on their way into a job, through one pipe. */
struct feed {
	int fd; /* -1: closed */
	struct event *event;
	char *data; /* owned */
	size_t len, done;
	bool secret;
};

struct job {
	struct job_pool *pool;
	struct job *next, **link;
	pid_t pid;
	struct feed input, secret;
	int output_fd; /* -1: closed */
	struct event *output_event;
	size_t output_limit;
	struct loop_timer *deadline;
	bool terminated;
	struct job_result result;
	job_data_fn *on_data; /* NULL: output is kept */
	job_done_fn *on_done;
	void *ctx; /* borrowed */
};

struct job_pool {
	struct loop *loop;	  /* borrowed */
	struct loop_signal *gone; /* owned */
	struct job *first;
	unsigned count;
};

/* --- feeding ------------------------------------------------------------ */

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
feed_fini(struct feed *feed)
{
	if (feed->event != NULL)
		event_free(feed->event);
	feed->event = NULL;
	close_fd(&feed->fd);
	if (feed->secret && feed->data != NULL)
		tls_wipe(feed->data, feed->len);
	free(feed->data);
	feed->data = NULL;
}

static void
on_feed_ready(evutil_socket_t fd, short what, void *arg)
{
	struct feed *feed = arg;
	ssize_t put;

	(void)what;
	put = write(fd, feed->data + feed->done, feed->len - feed->done);
	if (put < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (put > 0)
		feed->done += (size_t)put;
	if (put < 0 || feed->done == feed->len)
		feed_fini(feed); /* all is told, or nobody listens */
}

static bool
feed_copy(struct feed *feed, const void *data, size_t len, bool secret)
{
	feed->fd = -1;
	feed->secret = secret;
	if (data == NULL)
		return true;
	feed->data = malloc(len + 1);
	if (feed->data == NULL)
		return false;
	memcpy(feed->data, data, len);
	feed->len = len;
	return true;
}

static struct event *
watch(
    struct job *job, int fd, short what, event_callback_fn on_ready, void *arg)
{
	struct event *event;

	event = event_new(loop_base(job->pool->loop), fd,
	    (short)(what | EV_PERSIST), on_ready, arg);
	if (event == NULL)
		return NULL;
	event_priority_set(
	    event, job->on_data != NULL ? STREAM_PRIORITY : FIRST_PRIORITY);
	if (event_add(event, NULL) != 0) {
		event_free(event);
		return NULL;
	}
	return event;
}

static bool
feed_start(struct job *job, struct feed *feed)
{
	if (feed->fd < 0)
		return true;
	feed->event = watch(job, feed->fd, EV_WRITE, on_feed_ready, feed);
	return feed->event != NULL;
}

/* --- collecting --------------------------------------------------------- */

static void
kill_group(const struct job *job, int number)
{
	/* The group is there until its leader is reaped. */
	assert(job->pid > 0);
	kill(-job->pid, number);
}

static void
stop_collecting(struct job *job)
{
	if (job->output_event != NULL)
		event_free(job->output_event);
	job->output_event = NULL;
	close_fd(&job->output_fd);
}

/* What was read behind the end of the output: is kept, or told of. */
static void
take_output(struct job *job, size_t got)
{
	struct buf *output = &job->result.output;
	size_t room = job->output_limit - output->len;

	if (job->on_data != NULL) {
		job->on_data(job->ctx, output->data, got);
		return;
	}
	if (got > room) {
		job->result.too_much = true;
		got = room;
	}
	output->len += got;
	output->data[output->len] = '\0';
	if (job->result.too_much) {
		kill_group(job, SIGKILL);
		stop_collecting(job);
	}
}

/* Reads once; false when there is nothing more at the moment, or for ever. */
static bool
collect(struct job *job)
{
	struct buf *output = &job->result.output;
	ssize_t got;

	if (job->output_fd < 0)
		return false;
	if (!buf_reserve(output, JOB_PIECE_BYTES)) {
		job->result.too_much = true;
		kill_group(job, SIGKILL);
		stop_collecting(job);
		return false;
	}
	got = read(job->output_fd, output->data + output->len, JOB_PIECE_BYTES);
	if (got < 0 && errno == EINTR)
		return true;
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0) {
		stop_collecting(job);
		return false;
	}
	take_output(job, (size_t)got);
	return true;
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	collect(arg);
}

/* --- the end of a job --------------------------------------------------- */

static void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	feed_fini(&job->input);
	feed_fini(&job->secret);
	stop_collecting(job);
	loop_timer_free(job->deadline);
	buf_fini(&job->result.output);
	free(job);
}

static void
reap(struct job *job)
{
	int status = 0;

	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		;
	job->result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	job->result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
unlink_job(struct job *job)
{
	*job->link = job->next;
	if (job->next != NULL)
		job->next->link = job->link;
	job->pool->count--;
}

static bool
is_gone(const struct job *job)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)job->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == job->pid;
}

static void
finish(struct job *job)
{
	kill_group(job, SIGKILL); /* what it has left behind */
	while (collect(job))
		;
	reap(job);
	unlink_job(job);
	job->on_done(job->ctx, &job->result);
	job_free(job);
}

/* One signal may stand for several children: look at each job. A callback
 * may add jobs at the front of the list, never take away others. */
static void
on_child_gone(void *ctx)
{
	struct job_pool *pool = ctx;
	struct job *job, *next;

	for (job = pool->first; job != NULL; job = next) {
		next = job->next;
		if (is_gone(job))
			finish(job);
	}
}

static void
on_deadline(void *ctx)
{
	struct job *job = ctx;

	job->result.timed_out = true;
	kill_group(job, job->terminated ? SIGKILL : SIGTERM);
	job->terminated = true;
	loop_timer_set(job->deadline, JOB_KILL_MS);
}

/* --- the start of a job ------------------------------------------------- */

/* What the child gets as its descriptors; all close-on-exec here. */
struct ends {
	int input, output, secret; /* -1: none */
};

/* A pipe whose child's end is out of the way of the numbers it will get, and
 * whose own end does not block. */
static bool
make_pipe(int *own, int *childs, bool child_reads, struct err *err)
{
	int fds[2], high;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_errno(err, ERR_BUSY, "cannot make a pipe");
	*own = fds[child_reads ? 1 : 0];
	*childs = fds[child_reads ? 0 : 1];
	high = fcntl(*childs, F_DUPFD_CLOEXEC, FIRST_HIGH_FD);
	close_fd(childs);
	if (high < 0 || fcntl(*own, F_SETFL, O_NONBLOCK) != 0) {
		err_errno(err, ERR_BUSY, "cannot make a pipe");
		if (high >= 0)
			close(high);
		close_fd(own);
		return false;
	}
	*childs = high;
	return true;
}

static bool
make_pipes(struct job *job, struct ends *ends, struct err *err)
{
	return (job->input.data == NULL ||
		   make_pipe(&job->input.fd, &ends->input, true, err)) &&
	       (job->secret.data == NULL ||
		   make_pipe(&job->secret.fd, &ends->secret, true, err)) &&
	       make_pipe(&job->output_fd, &ends->output, false, err);
}

static bool
set_files(posix_spawn_file_actions_t *files, const struct ends *ends)
{
	int rc, last = STDERR_FILENO;

	if (ends->input >= 0)
		rc = posix_spawn_file_actions_adddup2(
		    files, ends->input, STDIN_FILENO);
	else
		rc = posix_spawn_file_actions_addopen(
		    files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
		    files, ends->output, STDOUT_FILENO);
	if (rc == 0 && ends->secret >= 0) {
		last = JOB_SECRET_FD;
		rc = posix_spawn_file_actions_adddup2(
		    files, ends->secret, JOB_SECRET_FD);
	}
	/* Ours are close-on-exec; whoever started us may have left others. */
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(files, last + 1);
	return rc == 0;
}

/* A group of its own, so that it can be ended with all that it starts, and
 * a terminal's ^C does not reach it; no signal ignored or blocked. */
static bool
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	return posix_spawnattr_setflags(
		   attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
			     POSIX_SPAWN_SETSIGMASK) == 0 &&
	       posix_spawnattr_setpgroup(attr, 0) == 0 &&
	       posix_spawnattr_setsigdefault(attr, &all) == 0 &&
	       posix_spawnattr_setsigmask(attr, &none) == 0;
}

/* Lines of the child's environment; text holds the one made here. */
static void
set_environment(char *env[MAX_ENV], char *text, size_t size)
{
	static const char *const kept[] = {
	    "PATH=", "HOME=", "TZ=", "LANG=", "JOURNAL_STREAM="};
	size_t n = 0, i;
	char **line;

	for (line = environ; *line != NULL; line++)
		for (i = 0; i < sizeof kept / sizeof kept[0]; i++)
			if (strncmp(*line, kept[i], strlen(kept[i])) == 0 &&
			    n < MAX_ENV - 2)
				env[n++] = *line;
	snprintf(text, size, "%s=%ld", parent_variable, (long)getpid());
	env[n++] = text;
	env[n] = NULL;
}

static bool
spawn(struct job *job, const struct job_spec *spec, const struct ends *ends,
    struct err *err)
{
	const char *program = spec->program ? spec->program : self_path;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char *env[MAX_ENV], text[48];
	char *const *argv;
	int rc;

	/* posix_spawn only reads them, whatever its type says. */
	memcpy(&argv, &spec->argv, sizeof argv);
	set_environment(env, text, sizeof text);
	if (posix_spawn_file_actions_init(&files) != 0)
		return err_nomem(err);
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return err_nomem(err);
	}
	rc = ENOMEM;
	if (set_files(&files, ends) && set_attributes(&attr))
		rc = posix_spawn(&job->pid, program, &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (rc == 0) {
		/* A sandbox may not allow it: then it is as any other. */
		if (spec->background)
			(void)setpriority(
			    PRIO_PROCESS, (id_t)job->pid, JOB_BACKGROUND_NICE);
		return true;
	}
	job->pid = -1;
	errno = rc;
	return err_errno(err, ERR_BUSY, "cannot start %s", spec->argv[0]);
}

static bool
watch_job(struct job *job, int64_t deadline_ms, struct err *err)
{
	job->output_event = watch(job, job->output_fd, EV_READ, on_output, job);
	if (job->output_event == NULL || !feed_start(job, &job->input) ||
	    !feed_start(job, &job->secret))
		return err_nomem(err);
	job->deadline = loop_timer_new(job->pool->loop, on_deadline, job, err);
	if (job->deadline == NULL)
		return false;
	loop_timer_set(job->deadline, deadline_ms);
	return true;
}

static struct job *
job_new(struct job_pool *pool, const struct job_spec *spec, struct err *err)
{
	struct job *job = calloc(1, sizeof *job);

	if (job == NULL) {
		err_nomem(err);
		return NULL;
	}
	job->pool = pool;
	job->pid = -1;
	job->output_fd = -1;
	job->output_limit = spec->output_limit;
	job->on_data = spec->on_data;
	job->on_done = spec->on_done;
	job->ctx = spec->ctx;
	job->input.fd = job->secret.fd = -1;
	if (!feed_copy(&job->input, spec->input, spec->input_len, false) ||
	    !feed_copy(&job->secret, spec->secret, spec->secret_len, true)) {
		job_free(job);
		err_nomem(err);
		return NULL;
	}
	return job;
}

static void
link_job(struct job_pool *pool, struct job *job)
{
	job->next = pool->first;
	job->link = &pool->first;
	if (pool->first != NULL)
		pool->first->link = &job->next;
	pool->first = job;
	pool->count++;
}

struct job *
job_open(struct job_pool *pool, const struct job_spec *spec, struct err *err)
{
	struct ends ends = {-1, -1, -1};
	struct job *job = job_new(pool, spec, err);
	bool ok;

	if (job == NULL)
		return NULL;
	ok = make_pipes(job, &ends, err) && spawn(job, spec, &ends, err);
	close_fd(&ends.input);
	close_fd(&ends.output);
	close_fd(&ends.secret);
	if (ok && !watch_job(job, spec->deadline_ms, err)) {
		kill_group(job, SIGKILL);
		reap(job);
		ok = false;
	}
	if (!ok) {
		job_free(job);
		return NULL;
	}
	link_job(pool, job);
	return job;
}

bool
job_start(struct job_pool *pool, const struct job_spec *spec, struct err *err)
{
	return job_open(pool, spec, err) != NULL;
}

void
job_pause(struct job *job)
{
	if (job->output_event != NULL)
		event_del(job->output_event);
}

void
job_resume(struct job *job)
{
	/* Without memory for it the job waits until its deadline. */
	if (job->output_event != NULL)
		(void)event_add(job->output_event, NULL);
}

void
job_extend(struct job *job, int64_t deadline_ms)
{
	if (!job->terminated)
		loop_timer_set(job->deadline, deadline_ms);
}

void
job_kill(struct job *job)
{
	kill_group(job, SIGKILL);
}

/* --- pools, and the child's side ---------------------------------------- */

struct job_pool *
job_pool_new(struct loop *loop, struct err *err)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct job_pool *pool = calloc(1, sizeof *pool);

	if (pool == NULL) {
		err_nomem(err);
		return NULL;
	}
	pool->loop = loop;
	sigaction(SIGPIPE, &ignore, NULL);
	pool->gone = loop_signal_new(loop, SIGCHLD, on_child_gone, pool, err);
	if (pool->gone == NULL) {
		free(pool);
		return NULL;
	}
	return pool;
}

void
job_pool_free(struct job_pool *pool)
{
	struct job *job;

	if (pool == NULL)
		return;
	while ((job = pool->first) != NULL) {
		pool->first = job->next;
		kill_group(job, SIGKILL);
		reap(job);
		job_free(job);
	}
	loop_signal_free(pool->gone);
	free(pool);
}

unsigned
job_count(const struct job_pool *pool)
{
	return pool->count;
}

void
job_child_setup(void)
{
	const char *parent = getenv(parent_variable);

	if (parent == NULL)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before it was asked for. */
	if ((long)getppid() != strtol(parent, NULL, 10))
		_exit(1);
	unsetenv(parent_variable);
}
