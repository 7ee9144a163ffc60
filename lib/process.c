/*
 * process.c - what this process uses. In: /proc/self. Out: numbers.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "process.h"

static int64_t
to_us(const struct timeval *tv)
{
	return (int64_t)tv->tv_sec * 1000000 + tv->tv_usec;
}

static bool
measure_memory(struct process_usage *out)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long long total = 0, resident = 0;
	long page = sysconf(_SC_PAGESIZE);
	char line[128];
	bool ok;

	if (f == NULL)
		return false;
	ok = fgets(line, sizeof line, f) != NULL &&
	     /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
	     sscanf(line, "%lld %lld", &total, &resident) == 2;
	fclose(f);
	out->virtual_bytes = total * page;
	out->resident_bytes = resident * page;
	return ok;
}

static bool
count_fds(struct process_usage *out)
{
	DIR *dir = opendir("/proc/self/fd");

	if (dir == NULL)
		return false;
	out->open_fds = -1; /* without that of the folder */
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		out->open_fds += entry->d_name[0] != '.';
	closedir(dir);
	return true;
}

bool
process_measure(struct process_usage *out)
{
	struct rusage usage;
	struct rlimit files;

	memset(out, 0, sizeof *out);
	if (getrusage(RUSAGE_SELF, &usage) != 0 ||
	    getrlimit(RLIMIT_NOFILE, &files) != 0)
		return false;
	out->cpu_us = to_us(&usage.ru_utime) + to_us(&usage.ru_stime);
	out->max_fds =
	    files.rlim_cur == RLIM_INFINITY ? 0 : (int64_t)files.rlim_cur;
	return measure_memory(out) && count_fds(out);
}
