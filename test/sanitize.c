/*
 * sanitize.c - linked into what is built with SAN=address: what the search
 * for leaks is not to take for one. fontconfig keeps pointers as offsets,
 * which it cannot follow.
 */
const char *__lsan_default_suppressions(void); /* NOLINT: its name */
const char *__lsan_default_options(void);      /* NOLINT: its name */

const char *
__lsan_default_suppressions(void) /* NOLINT: its name */
{
	return "leak:libfontconfig\n";
}

const char *
__lsan_default_options(void) /* NOLINT: its name */
{
	return "print_suppressions=0";
}
