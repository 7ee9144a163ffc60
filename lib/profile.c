/*
 * profile.c - gperftools behind profile.h. In: orders. Out: profiles in its
 * own formats. Owns the file in memory that it writes to.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "profile.h"

#define PROFILER "libprofiler.so.0"
#define ALLOCATOR "libtcmalloc.so.4"
#define PACKAGE "libgoogle-perftools4"

/* Set in the process that was started again, whatever came of it. */
#define STARTED_AGAIN "STAT_PROFILE_PRELOADED"

/* Of so many bytes one, on average, is a sample: 12 ns for each allocation,
 * where a record of all costs 10 us. */
#define SAMPLE_EVERY "65536"

/* MallocExtension::instance() and its GetHeapSample(std::string *): there is
 * no C function for it. */
#define INSTANCE "_ZN15MallocExtension8instanceEv"
#define HEAP_SAMPLE                                                \
	"_ZN15MallocExtension13GetHeapSampleEPNSt7__cxx1112basic_" \
	"stringIcSt11char_traitsIcESaIcEEE"
#define DELETE "_ZdlPv"

/* std::string of libstdc++: short ones lie in place. */
struct cxx_string {
	char *data;
	size_t len;
	char place[16];
};

enum {
	FIRST_SAMPLE_BYTES = 17 << 20
};

struct profile {
	void *profiler; /* owned */
	int (*start)(const char *path);
	void (*flush)(void);
	void (*stop)(void);
	/* NULL without the allocator. */
	void *(*instance)(void);
	void (*heap_sample)(void *instance, struct cxx_string *out);
	void (*delete)(void *memory);
	int fd; /* what it is writing to; -1: nothing */
};

/* --- the allocator --- */

/* A sanitizer is an allocator of its own, and has to come first. */
#ifdef __SANITIZE_ADDRESS__
enum {
	MAY_PRELOAD = false
};
#else
enum {
	MAY_PRELOAD = true
};
#endif

static bool
has_allocator(void)
{
	return dlsym(RTLD_DEFAULT, INSTANCE) != NULL;
}

/* Children, and the next start, are not to have it. */
static void
forget_preload(void)
{
	const char *list = getenv("LD_PRELOAD");

	if (list != NULL && strncmp(list, ALLOCATOR, strlen(ALLOCATOR)) == 0) {
		list += strlen(ALLOCATOR);
		if (*list == ':')
			setenv("LD_PRELOAD", list + 1, 1);
		else
			unsetenv("LD_PRELOAD");
	}
	unsetenv("TCMALLOC_SAMPLE_PARAMETER");
	unsetenv(STARTED_AGAIN);
}

static void
set_preload(void)
{
	const char *list = getenv("LD_PRELOAD");
	struct buf text = BUF_INIT;

	buf_str(&text, ALLOCATOR);
	if (list != NULL && list[0] != '\0')
		buf_printf(&text, ":%s", list);
	if (!text.failed)
		setenv("LD_PRELOAD", buf_text(&text), 1);
	setenv("TCMALLOC_SAMPLE_PARAMETER", SAMPLE_EVERY, 1);
	setenv(STARTED_AGAIN, "1", 1);
	buf_fini(&text);
}

/* The loader would say on standard error that it does not find it. */
static bool
is_installed(const char *name)
{
	void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);

	if (library != NULL)
		dlclose(library);
	return library != NULL;
}

/* It makes its first sample after 16 MiB, whatever it was told: it looks at
 * its environment after its first allocation. One that large ends that. */
static void
begin_sampling(void)
{
	void *volatile memory = malloc(FIRST_SAMPLE_BYTES);

	free(memory);
}

void
profile_preload(char **argv)
{
	char path[4096];
	ssize_t len;

	if (getenv(STARTED_AGAIN) != NULL || has_allocator()) {
		forget_preload();
		begin_sampling();
		return;
	}
	len = readlink("/proc/self/exe", path, sizeof path - 1);
	if (!MAY_PRELOAD || len < 0 || !is_installed(ALLOCATOR))
		return;
	path[len] = '\0';
	set_preload();
	execv(path, argv);
	forget_preload();
}

/* --- opening --- */

/* POSIX lets a function's address come as an object's. */
static bool
find(void *library, const char *name, void *function)
{
	void *found = dlsym(library, name);

	memcpy(function, &found, sizeof found);
	return found != NULL;
}

struct profile *
profile_open(struct err *err)
{
	struct profile *p = calloc(1, sizeof *p);

	if (p == NULL) {
		err_nomem(err);
		return NULL;
	}
	p->fd = -1;
	p->profiler = dlopen(PROFILER, RTLD_NOW | RTLD_LOCAL);
	if (p->profiler == NULL ||
	    !find(p->profiler, "ProfilerStart", &p->start) ||
	    !find(p->profiler, "ProfilerFlush", &p->flush) ||
	    !find(p->profiler, "ProfilerStop", &p->stop)) {
		err_set(err, ERR_INPUT,
		    "profiles need the library " PROFILER
		    ", which is not installed (Debian: apt-get install " PACKAGE
		    ")");
		profile_close(p);
		return NULL;
	}
	if (!find(RTLD_DEFAULT, INSTANCE, &p->instance) ||
	    !find(RTLD_DEFAULT, HEAP_SAMPLE, &p->heap_sample) ||
	    !find(RTLD_DEFAULT, DELETE, &p->delete))
		p->instance = NULL;
	return p;
}

void
profile_close(struct profile *profile)
{
	struct buf ignored = BUF_INIT;
	struct err err = ERR_INIT;

	if (profile == NULL)
		return;
	if (profile->fd >= 0)
		(void)profile_stop(profile, &ignored, &err);
	buf_fini(&ignored);
	/* It stays loaded: its signal may still be on its way. */
	free(profile);
}

/* --- time --- */

bool
profile_start(struct profile *profile, struct err *err)
{
	char path[32];

	if (profile->fd >= 0)
		return err_set(
		    err, ERR_BUSY, "a profile is being taken already");
	profile->fd = memfd_create("profile", MFD_CLOEXEC);
	if (profile->fd < 0)
		return err_errno(err, ERR_BUSY, "cannot take a profile");
	snprintf(path, sizeof path, "/proc/self/fd/%d", profile->fd);
	if (profile->start(path) != 0)
		return true;
	close(profile->fd);
	profile->fd = -1;
	return err_set(err, ERR_BROKEN, "gperftools does not start");
}

static bool
read_all(int fd, struct buf *out, struct err *err)
{
	char piece[65536];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(fd, piece, sizeof piece, at)) > 0) {
		buf_add(out, piece, (size_t)got);
		at += got;
	}
	if (got < 0)
		return err_errno(err, ERR_BROKEN, "cannot read the profile");
	return !out->failed || err_nomem(err);
}

/* It prints a line of its own on standard error, which is our log. */
static void
stop_quietly(const struct profile *profile)
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (saved >= 0 && nowhere >= 0)
		(void)dup2(nowhere, STDERR_FILENO);
	profile->flush();
	profile->stop();
	if (saved >= 0)
		(void)dup2(saved, STDERR_FILENO);
	if (saved >= 0)
		close(saved);
	if (nowhere >= 0)
		close(nowhere);
}

bool
profile_stop(struct profile *profile, struct buf *out, struct err *err)
{
	bool ok;

	if (profile->fd < 0)
		return err_set(err, ERR_BROKEN, "no profile is being taken");
	stop_quietly(profile);
	ok = read_all(profile->fd, out, err);
	close(profile->fd);
	profile->fd = -1;
	return ok;
}

/* --- memory --- */

bool
profile_heap(struct profile *profile, struct buf *out, struct err *err)
{
	struct cxx_string text = {.len = 0};

	if (profile->instance == NULL)
		return err_set(err, ERR_INPUT,
		    "profiles of memory need " ALLOCATOR
		    " as the program's allocator");
	text.data = text.place;
	profile->heap_sample(profile->instance(), &text);
	buf_add(out, text.data, text.len);
	if (text.data != text.place)
		profile->delete (text.data);
	return !out->failed || err_nomem(err);
}
