/*
 * run.c - posix_spawn(3) and waitpid(2) in one call. The input is a file in
 * memory, so that a program that does not read it cannot hold us up.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "run.h"

/* A descriptor from which text is read, or -1. */
static int
open_input(const char *text, struct err *err)
{
	size_t len = strlen(text);
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, text, len) == (ssize_t)len &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	err_errno(err, ERR_BROKEN, "cannot keep the input of a program");
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
set_files(posix_spawn_file_actions_t *files, int input)
{
	return (input >= 0
		       ? posix_spawn_file_actions_adddup2(
			     files, input, STDIN_FILENO)
		       : posix_spawn_file_actions_addopen(files, STDIN_FILENO,
			     "/dev/null", O_RDONLY, 0)) == 0 &&
	       posix_spawn_file_actions_adddup2(
		   files, STDERR_FILENO, STDOUT_FILENO) == 0;
}

static bool
spawn(const char *const *argv, int input, pid_t *pid, struct err *err)
{
	posix_spawn_file_actions_t files;
	char *const *words;
	int rc = ENOMEM;

	/* It only reads them, whatever its type says. */
	memcpy(&words, &argv, sizeof words);
	if (posix_spawn_file_actions_init(&files) != 0)
		return err_nomem(err);
	if (set_files(&files, input))
		rc = posix_spawnp(pid, argv[0], &files, NULL, words, environ);
	posix_spawn_file_actions_destroy(&files);
	if (rc == 0)
		return true;
	errno = rc;
	return err_errno(err, ERR_INPUT, "cannot start %.100s", argv[0]);
}

/* "systemctl enable x": what was run, for the message. */
static bool
say_end(const char *const *argv, int status, struct err *err)
{
	struct buf line = BUF_INIT;

	for (; *argv != NULL; argv++)
		buf_printf(&line, "%s%s", line.len > 0 ? " " : "", *argv);
	if (WIFSIGNALED(status))
		err_set(err, ERR_BROKEN, "%.300s: ended by signal %d",
		    buf_text(&line), WTERMSIG(status));
	else
		err_set(err, ERR_BROKEN, "%.300s: exit status %d",
		    buf_text(&line), WEXITSTATUS(status));
	buf_fini(&line);
	return false;
}

bool
run_program(const char *const *argv, const char *input, struct err *err)
{
	int fd = -1, status = 0;
	pid_t pid = -1;
	bool ok;

	if (input != NULL) {
		fd = open_input(input, err);
		if (fd < 0)
			return false;
	}
	ok = spawn(argv, fd, &pid, err);
	if (fd >= 0)
		close(fd);
	if (!ok)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(
			    err, ERR_BROKEN, "cannot wait for %.100s", argv[0]);
	return status == 0 || say_end(argv, status, err);
}
