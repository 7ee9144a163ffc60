/*
 * job_test.c - jobs with /bin/sh as their program.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "src/job.h"

enum {
	LIMIT = 1 << 20,
	DEADLINE_MS = 10000
};

struct bench {
	struct loop *loop;
	struct job_pool *pool;
	unsigned open_fds; /* before */
	unsigned done;
	struct job_result last;
	char output[LIMIT + 1];
	unsigned ok; /* jobs that exited with 0 */
	bool chain;  /* start another from on_done */
};

static unsigned
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static int
set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	struct err err = ERR_INIT;

	assert_non_null(b);
	b->open_fds = count_fds();
	b->loop = loop_new(&err);
	assert_non_null(b->loop);
	b->pool = job_pool_new(b->loop, &err);
	assert_non_null(b->pool);
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;

	job_pool_free(b->pool);
	loop_free(b->loop);
	assert_int_equal(count_fds(), b->open_fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	free(b);
	return 0;
}

static void start_shell(struct bench *b, const char *script);

static void
on_done(void *ctx, struct job_result *result)
{
	struct bench *b = ctx;

	b->done++;
	if (result->exit_code == 0)
		b->ok++;
	b->last = *result;
	assert_true(result->output.len <= LIMIT);
	memcpy(b->output, buf_text(&result->output), result->output.len + 1);
	if (b->chain) {
		b->chain = false;
		start_shell(b, "echo second");
		return;
	}
	if (job_count(b->pool) == 0)
		loop_stop(b->loop);
}

static struct job_spec
shell(struct bench *b, const char *const argv[4])
{
	return (struct job_spec){
	    .program = "/bin/sh",
	    .argv = argv,
	    .output_limit = LIMIT,
	    .deadline_ms = DEADLINE_MS,
	    .on_done = on_done,
	    .ctx = b,
	};
}

static void
start_shell(struct bench *b, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;

	assert_true(job_start(b->pool, &spec, &err));
}

static void
run(struct bench *b)
{
	struct err err = ERR_INIT;

	assert_true(loop_run(b->loop, &err));
}

static void
output_and_exit_code_come_back(void **state)
{
	struct bench *b = *state;

	start_shell(b, "echo hello; exit 7");
	assert_int_equal(job_count(b->pool), 1);
	run(b);
	assert_string_equal(b->output, "hello\n");
	assert_int_equal(b->last.exit_code, 7);
	assert_int_equal(b->last.signal, 0);
	assert_false(b->last.timed_out);
	assert_int_equal(b->done, 1);
}

static void
a_signal_is_told_from_an_exit(void **state)
{
	struct bench *b = *state;

	start_shell(b, "kill -9 $$");
	run(b);
	assert_int_equal(b->last.exit_code, -1);
	assert_int_equal(b->last.signal, SIGKILL);
}

static void
input_larger_than_a_pipe_arrives_whole(void **state)
{
	struct bench *b = *state;
	const char *const argv[] = {"sh", "-c", "wc -c", NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;
	size_t len = 700000;
	char *input = malloc(len);

	assert_non_null(input);
	memset(input, 'x', len);
	spec.input = input;
	spec.input_len = len;
	assert_true(job_start(b->pool, &spec, &err));
	free(input);
	run(b);
	assert_int_equal(strtol(b->output, NULL, 10), 700000);
}

static void
input_comes_back_through_cat(void **state)
{
	struct bench *b = *state;
	const char *const argv[] = {"sh", "-c", "cat", NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;
	size_t len = 500000, i;
	char *input = malloc(len);

	assert_non_null(input);
	for (i = 0; i < len; i++)
		input[i] = (char)('a' + i % 26);
	spec.input = input;
	spec.input_len = len;
	assert_true(job_start(b->pool, &spec, &err));
	run(b);
	assert_int_equal(b->last.output.len, len);
	assert_memory_equal(b->output, input, len);
	free(input);
}

static void
a_job_that_does_not_read_its_input_is_fine(void **state)
{
	struct bench *b = *state;
	const char *const argv[] = {"sh", "-c", "exec <&-; echo deaf", NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;
	static char input[300000];

	spec.input = input;
	spec.input_len = sizeof input;
	assert_true(job_start(b->pool, &spec, &err));
	run(b);
	assert_int_equal(b->last.exit_code, 0);
	assert_string_equal(b->output, "deaf\n");
}

static void
without_input_there_is_an_empty_file(void **state)
{
	struct bench *b = *state;

	start_shell(b, "cat; echo end");
	run(b);
	assert_string_equal(b->output, "end\n");
}

static void
a_secret_is_on_descriptor_3_and_nowhere_else(void **state)
{
	struct bench *b = *state;
	const char *const argv[] = {
	    "sh", "-c", "cat <&3; env; tr '\\0' ' ' </proc/$$/cmdline", NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;
	char *found;

	spec.secret = "hush-hush";
	spec.secret_len = 9;
	assert_true(job_start(b->pool, &spec, &err));
	run(b);
	found = strstr(b->output, "hush-hush");
	assert_ptr_equal(found, b->output);
	assert_null(strstr(found + 1, "hush-hush"));
}

static void
nothing_else_is_open_in_a_job(void **state)
{
	struct bench *b = *state;
	int extra = dup(STDOUT_FILENO); /* not close-on-exec */

	assert_true(extra > 2);
	/* The shell's own glob opens one descriptor, which is the last. */
	start_shell(b, "exec ls /proc/self/fd");
	run(b);
	close(extra);
	assert_string_equal(b->output, "0\n1\n2\n3\n");
}

static void
the_environment_is_reduced(void **state)
{
	struct bench *b = *state;
	char expected[64];

	setenv("NOTIFY_SOCKET", "/run/x", 1);
	setenv("SOMETHING_PRIVATE", "x", 1);
	setenv("TZ", "UTC", 1);
	setenv("JOURNAL_STREAM", "8:1", 1);
	start_shell(b, "env");
	run(b);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("SOMETHING_PRIVATE");
	unsetenv("JOURNAL_STREAM");
	assert_null(strstr(b->output, "NOTIFY_SOCKET"));
	assert_null(strstr(b->output, "SOMETHING_PRIVATE"));
	assert_non_null(strstr(b->output, "TZ=UTC\n"));
	assert_non_null(strstr(b->output, "JOURNAL_STREAM=8:1\n"));
	snprintf(expected, sizeof expected, "STAT_CHILD=%ld\n", (long)getpid());
	assert_non_null(strstr(b->output, expected));
}

static void
output_past_the_limit_ends_the_job(void **state)
{
	struct bench *b = *state;
	const char *const argv[] = {"sh", "-c", "exec yes", NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;

	spec.output_limit = 1000;
	assert_true(job_start(b->pool, &spec, &err));
	run(b);
	assert_true(b->last.too_much);
	assert_int_equal(b->last.output.len, 1000);
	assert_int_equal(b->last.signal, SIGKILL);
}

static void
output_up_to_the_limit_is_fine(void **state)
{
	struct bench *b = *state;
	const char *const argv[] = {"sh", "-c", "printf 0123456789", NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;

	spec.output_limit = 10;
	assert_true(job_start(b->pool, &spec, &err));
	run(b);
	assert_false(b->last.too_much);
	assert_string_equal(b->output, "0123456789");
}

/* As soon as it was started, which the job may be faster than. */
static void
a_job_in_the_background_gives_way(void **state)
{
	struct bench *b = *state;
	const char *const argv[] = {"sh", "-c",
	    "n=0; until [ $(nice) -ge 10 ] || [ $n -ge 200 ]; do "
	    "sleep 0.05; n=$((n + 1)); done; [ $n -lt 200 ] && printf yes",
	    NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;

	spec.background = true;
	assert_true(job_start(b->pool, &spec, &err));
	run(b);
	assert_string_equal(b->output, "yes");
}

static void
start_with_deadline(struct bench *b, const char *script, int64_t ms)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;

	spec.deadline_ms = ms;
	assert_true(job_start(b->pool, &spec, &err));
}

static void
at_the_deadline_a_job_is_asked_to_end(void **state)
{
	struct bench *b = *state;

	start_with_deadline(b,
	    "trap 'echo bye; exit 3' TERM; "
	    "echo on; while :; do sleep 0.05; done",
	    300);
	run(b);
	assert_true(b->last.timed_out);
	assert_int_equal(b->last.exit_code, 3);
	assert_string_equal(b->output, "on\nbye\n");
}

static void
a_job_that_does_not_end_is_killed(void **state)
{
	struct bench *b = *state;
	int64_t start = clock_mono_us();
	int64_t took;

	start_with_deadline(
	    b, "trap '' TERM; while :; do sleep 0.05; done", 200);
	run(b);
	took = (clock_mono_us() - start) / 1000;
	assert_true(b->last.timed_out);
	assert_int_equal(b->last.signal, SIGKILL);
	assert_in_range(took, 200 + JOB_KILL_MS, 200 + JOB_KILL_MS + 1500);
}

static void
what_a_job_leaves_behind_ends_with_it(void **state)
{
	struct bench *b = *state;
	long left;
	int i;

	start_shell(b, "sleep 1000 & echo $!");
	run(b);
	assert_int_equal(b->last.exit_code, 0);
	left = strtol(b->output, NULL, 10);
	assert_true(left > 1);
	/* Its new parent has to take notice first. */
	for (i = 0; i < 500 && kill((pid_t)left, 0) == 0; i++) {
		char path[64], text[256] = "";
		FILE *f;

		snprintf(path, sizeof path, "/proc/%ld/stat", left);
		f = fopen(path, "r");
		if (f == NULL)
			return;
		if (fgets(text, sizeof text, f) == NULL)
			text[0] = '\0';
		fclose(f);
		if (strstr(text, ") Z ") != NULL)
			return;
		usleep(10000);
	}
	assert_true(i < 500);
}

static void
fifty_jobs_at_once_all_come_back(void **state)
{
	struct bench *b = *state;
	int i;

	for (i = 0; i < 50; i++)
		start_shell(b, "cat; head -c 100000 /dev/zero; exit 0");
	assert_int_equal(job_count(b->pool), 50);
	run(b);
	assert_int_equal(b->done, 50);
	assert_int_equal(b->ok, 50);
	assert_int_equal(b->last.output.len, 100000);
	assert_int_equal(job_count(b->pool), 0);
}

static void
a_callback_may_start_the_next_job(void **state)
{
	struct bench *b = *state;

	b->chain = true;
	start_shell(b, "echo first");
	run(b);
	assert_int_equal(b->done, 2);
	assert_string_equal(b->output, "second\n");
}

static void
freeing_the_pool_kills_what_runs(void **state)
{
	struct bench *b = *state;
	int64_t start = clock_mono_us();
	int i;

	for (i = 0; i < 5; i++)
		start_shell(b, "trap '' TERM; sleep 1000");
	job_pool_free(b->pool);
	b->pool = NULL;
	assert_int_equal(b->done, 0);
	assert_true(clock_mono_us() - start < 2000000);
	/* tear_down sees that no child and no descriptor is left */
}

/* Valgrind runs a vfork as a fork, so that an exec that fails is only known
 * by the exit code, and is itself what /proc/self/exe runs. */
static bool
is_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "valgrind") != NULL;
}

static void
a_program_that_is_not_there_is_refused(void **state)
{
	struct bench *b = *state;
	const char *const argv[] = {"nothing", NULL, NULL, NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;

	spec.program = "/nonexistent/program";
	if (is_under_valgrind()) {
		assert_true(job_start(b->pool, &spec, &err));
		run(b);
		assert_int_equal(b->last.exit_code, 127);
		return;
	}
	assert_false(job_start(b->pool, &spec, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_string_equal(
	    err.text, "cannot start nothing: No such file or directory");
	assert_int_equal(job_count(b->pool), 0);
}

/* A process that starts this program as a job, says so, and waits to be
 * killed. */
static _Noreturn void
play_server(int tell)
{
	const char *const argv[] = {"job_test", "child", NULL};
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);
	struct job_pool *pool = loop ? job_pool_new(loop, &err) : NULL;
	struct job_spec spec = {
	    .argv = argv, .deadline_ms = 60000, .on_done = on_done};
	static char path[4096];

	if (is_under_valgrind() &&
	    readlink("/proc/self/exe", path, sizeof path - 1) > 0)
		spec.program = path;
	if (pool == NULL || !job_start(pool, &spec, &err))
		_exit(1);
	if (write(tell, "s", 1) < 0)
		_exit(1);
	(void)loop_run(loop, &err);
	_exit(0);
}

static void
a_job_dies_with_its_server(void **state)
{
	pid_t server;
	int ready[2], alive[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(alive), 0);
	server = fork();
	assert_true(server >= 0);
	if (server == 0) {
		/* The job's standard error: it holds the pipe while it
		 * lives, and says there when it is set up. */
		dup2(alive[1], STDERR_FILENO);
		play_server(ready[1]);
	}
	close(ready[1]);
	close(alive[1]);
	assert_true(read(ready[0], &byte, 1) == 1);
	assert_true(read(alive[0], &byte, 1) == 1);
	assert_int_equal(byte, 'c');
	kill(server, SIGKILL);
	assert_int_equal(waitpid(server, NULL, 0), server);
	alarm(10); /* ends this test, should the job live on */
	assert_int_equal(read(alive[0], &byte, 1), 0);
	alarm(0);
	close(ready[0]);
	close(alive[0]);
}

static void
a_job_without_its_server_does_not_begin(void **state)
{
	int status = 0;
	pid_t child;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* As if it had been started by a server that is gone. */
		setenv("STAT_CHILD", "1", 1);
		job_child_setup();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

/* --- output that is not kept --- */

struct stream {
	struct bench *bench;
	struct job *job;
	struct loop_timer *timer;
	size_t bytes, pause_at, kill_at, seen_paused;
	bool whole;
};

static void
on_stream_data(void *ctx, const char *data, size_t len)
{
	struct stream *s = ctx;

	assert_true(len > 0 && len <= JOB_PIECE_BYTES);
	assert_true(data[0] == 'y' || data[0] == '\n');
	s->bytes += len;
	if (s->pause_at > 0 && s->bytes >= s->pause_at) {
		s->pause_at = 0;
		s->seen_paused = s->bytes;
		job_pause(s->job);
		loop_timer_set(s->timer, 100);
	}
	if (s->kill_at > 0 && s->bytes >= s->kill_at) {
		s->kill_at = 0;
		job_kill(s->job);
	}
}

static void
on_stream_time(void *ctx)
{
	struct stream *s = ctx;

	assert_int_equal(s->bytes, s->seen_paused);
	job_resume(s->job);
}

static void
on_stream_done(void *ctx, struct job_result *result)
{
	struct stream *s = ctx;

	assert_int_equal(result->output.len, 0);
	s->whole = result->exit_code == 0;
	loop_stop(s->bench->loop);
}

static void
run_stream(struct bench *b, struct stream *s, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct job_spec spec = shell(b, argv);
	struct err err = ERR_INIT;

	s->bench = b;
	spec.on_data = on_stream_data;
	spec.on_done = on_stream_done;
	spec.output_limit = 0;
	spec.ctx = s;
	s->timer = loop_timer_new(b->loop, on_stream_time, s, &err);
	assert_non_null(s->timer);
	s->job = job_open(b->pool, &spec, &err);
	assert_non_null(s->job);
	run(b);
	loop_timer_free(s->timer);
}

static void
output_is_told_of_piece_by_piece(void **state)
{
	struct stream s = {.pause_at = 0};

	run_stream(*state, &s, "yes | head -c 5000000");
	assert_int_equal(s.bytes, 5000000);
	assert_true(s.whole);
}

static void
a_paused_job_is_not_heard_until_it_is_resumed(void **state)
{
	struct stream s = {.pause_at = 1000000};

	run_stream(*state, &s, "yes | head -c 5000000");
	assert_int_equal(s.bytes, 5000000);
	assert_int_equal(s.pause_at, 0);
	assert_true(s.whole);
}

static void
what_a_paused_job_has_left_is_told_of_at_its_end(void **state)
{
	struct stream s = {.pause_at = 1};

	run_stream(*state, &s, "echo yes; sleep 0.02; echo yes");
	assert_int_equal(s.bytes, 8);
	assert_true(s.whole);
}

static void
a_job_is_killed_from_its_own_output(void **state)
{
	struct stream s = {.kill_at = 1000000};

	run_stream(*state, &s, "yes");
	assert_true(s.bytes >= 1000000);
	assert_false(s.whole);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    T(output_and_exit_code_come_back),
	    T(a_signal_is_told_from_an_exit),
	    T(input_larger_than_a_pipe_arrives_whole),
	    T(input_comes_back_through_cat),
	    T(a_job_that_does_not_read_its_input_is_fine),
	    T(without_input_there_is_an_empty_file),
	    T(a_secret_is_on_descriptor_3_and_nowhere_else),
	    T(nothing_else_is_open_in_a_job),
	    T(the_environment_is_reduced),
	    T(output_past_the_limit_ends_the_job),
	    T(output_up_to_the_limit_is_fine),
	    T(a_job_in_the_background_gives_way),
	    T(at_the_deadline_a_job_is_asked_to_end),
	    T(a_job_that_does_not_end_is_killed),
	    T(what_a_job_leaves_behind_ends_with_it),
	    T(fifty_jobs_at_once_all_come_back),
	    T(a_callback_may_start_the_next_job),
	    T(freeing_the_pool_kills_what_runs),
	    T(a_program_that_is_not_there_is_refused),
	    T(output_is_told_of_piece_by_piece),
	    T(a_paused_job_is_not_heard_until_it_is_resumed),
	    T(what_a_paused_job_has_left_is_told_of_at_its_end),
	    T(a_job_is_killed_from_its_own_output),
	    cmocka_unit_test(a_job_dies_with_its_server),
	    cmocka_unit_test(a_job_without_its_server_does_not_begin),
#undef T
	};

	job_child_setup();
	if (argc == 2 && strcmp(argv[1], "child") == 0) {
		if (write(STDERR_FILENO, "c", 1) == 1)
			pause();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
