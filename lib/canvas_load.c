/*
 * canvas_load.c - loads cairo and pango when something is to be drawn. In:
 * the system's libraries. Out: a table of their functions. They stay loaded
 * until the process ends, as glib wants it.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "canvas_part.h"

/* It needs cairo, pango and glib, whose functions are found behind it. */
static const char library[] = "libpangocairo-1.0.so.0";

struct entry {
	const char *name;
	size_t offset; /* in struct canvas_api */
};

static const struct entry entries[] = {
#define ENTRY(name) {#name, offsetof(struct canvas_api, name)},
    CANVAS_API(ENTRY)
#undef ENTRY
};

bool
canvas_load(struct canvas_api *api, struct err *err)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (handle == NULL)
		return err_set(err, ERR_BROKEN,
		    "pictures need %s; install the package "
		    "libpangocairo-1.0-0: %s",
		    library, dlerror());
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		void *found = dlsym(handle, entries[i].name);

		if (found == NULL)
			return err_set(err, ERR_BROKEN,
			    "pictures need %s 1.50 or later: no %s in it",
			    library, entries[i].name);
		memcpy((char *)api + entries[i].offset, &found, sizeof found);
	}
	return true;
}
