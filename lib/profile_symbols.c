/*
 * profile_symbols.c - names of functions. In: addresses of this process. Out:
 * names: those of the program, static ones too, from the symbol table of its
 * own file, if it was not stripped; else what the loader knows, the program's
 * exported ones and those of libraries. Owns a map of the file.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile.h"

struct profile_symbols {
	const char *file; /* owned map; NULL: none */
	size_t size;
	uint64_t base;		/* where the file's addresses begin in memory */
	const ElfW(Sym) * list; /* into file; NULL: none */
	size_t count;
	const char *names; /* into file */
	size_t names_size;
};

static bool
is_inside(const struct profile_symbols *s, uint64_t at, uint64_t size)
{
	return at <= s->size && size <= s->size - at;
}

/* A file that is not as it should be has no names. */
static void
find_table(struct profile_symbols *s)
{
	const ElfW(Ehdr) *head = (const void *)s->file;
	const ElfW(Shdr) * sections, *names;

	if (s->size < sizeof *head ||
	    memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
	    head->e_shentsize != sizeof *sections ||
	    !is_inside(
		s, head->e_shoff, (uint64_t)head->e_shnum * sizeof *sections))
		return;
	sections = (const void *)(s->file + head->e_shoff);
	for (size_t i = 0; i < head->e_shnum; i++) {
		const ElfW(Shdr) *table = &sections[i];

		if (table->sh_type != SHT_SYMTAB ||
		    table->sh_link >= head->e_shnum)
			continue;
		names = &sections[table->sh_link];
		if (!is_inside(s, table->sh_offset, table->sh_size) ||
		    !is_inside(s, names->sh_offset, names->sh_size) ||
		    names->sh_size == 0 ||
		    s->file[names->sh_offset + names->sh_size - 1] != '\0')
			continue;
		s->list = (const void *)(s->file + table->sh_offset);
		s->count = table->sh_size / sizeof *s->list;
		s->names = s->file + names->sh_offset;
		s->names_size = names->sh_size;
	}
}

static int
note_base(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct profile_symbols *s = ctx;

	(void)size;
	/* The program itself comes first. */
	s->base = info->dlpi_addr;
	return 1;
}

struct profile_symbols *
profile_symbols_open(struct err *err)
{
	struct profile_symbols *s = calloc(1, sizeof *s);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map = MAP_FAILED;

	if (s == NULL)
		err_nomem(err);
	else if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		map = mmap(
		    NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (map == MAP_FAILED)
		return s;
	s->file = map;
	s->size = (size_t)st.st_size;
	dl_iterate_phdr(note_base, s);
	find_table(s);
	return s;
}

void
profile_symbols_close(struct profile_symbols *symbols)
{
	if (symbols == NULL)
		return;
	if (symbols->file != NULL)
		munmap((void *)(uintptr_t)symbols->file, symbols->size);
	free(symbols);
}

/* In the program's own table, address by address: there are a few thousand of
 * both. */
static const char *
find_own(const struct profile_symbols *s, uint64_t address)
{
	uint64_t at = address - s->base;

	for (size_t i = 0; i < s->count; i++) {
		const ElfW(Sym) *sym = &s->list[i];

		if (ELF64_ST_TYPE(sym->st_info) == STT_FUNC &&
		    at >= sym->st_value && at - sym->st_value < sym->st_size &&
		    sym->st_name < s->names_size)
			return s->names + sym->st_name;
	}
	return NULL;
}

const char *
profile_symbols_find(const struct profile_symbols *symbols, uint64_t address)
{
	const char *name = find_own(symbols, address);
	Dl_info info;

	if (name != NULL)
		return name;
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): it came as a number */
	if (dladdr((void *)(uintptr_t)address, &info) == 0)
		return NULL;
	return info.dli_sname;
}
