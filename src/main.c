/*
 * main.c - stat.flexfs: make the process safe, do what the command line says,
 * exit with 0 (done), 1 (not done) or 2 (wrong command line).
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "job.h"
#include "pprof.h"

/* A file opened later must not become what somebody closed, such as standard
 * output. */
static void
keep_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		(void)close(fd);
}

/* Files are ours alone unless their writer says otherwise, and a core dump
 * would hold secrets. */
static void
keep_secrets(void)
{
	const struct rlimit none = {0, 0};

	umask(0077);
	(void)setrlimit(RLIMIT_CORE, &none);
}

/* What was printed may have met a full disk. */
static int
flush_output(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	perror("stat.flexfs: cannot write to standard output");
	return code == OPT_EXIT_DONE ? OPT_EXIT_FAILED : code;
}

int
main(int argc, char **argv)
{
	pprof_preload(argc, argv);
	job_child_setup();
	keep_standard_descriptors();
	keep_secrets();
	return flush_output(opt_main(&cmd_program, argc, argv, NULL));
}
