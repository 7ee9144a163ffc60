/*
 * settings_test.c - the flags of start become checked values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/settings.h"

static int
run_nothing(const struct opt_values *values, void *ctx)
{
	(void)values;
	(void)ctx;
	return OPT_EXIT_DONE;
}

static const struct opt_command start = {.path = "start",
    .summary = "Start",
    .flags = settings_flags,
    .run = run_nothing};
static const struct opt_command *const commands[] = {&start, NULL};
static const struct opt_program program = {
    .name = "prog", .summary = "Program", .commands = commands};

/* settings_from_opts of "start" and these flags, parted by blanks. */
static bool
read_flags(const char *flags, struct settings *out, struct err *err)
{
	char text[400], *argv[40] = {NULL}, *word, *save = NULL;
	struct opt_values *values;
	struct buf help = BUF_INIT;
	int argc = 0;
	bool ok;

	snprintf(text, sizeof text, "prog start %s", flags);
	for (word = strtok_r(text, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	if (opt_parse(&program, argc, argv, &values, &help, err) != OPT_RUN)
		fail_msg("%s", err->text);
	ok = settings_from_opts(values, out, err);
	opt_free(values);
	buf_fini(&help);
	return ok;
}

static void
expect_refused(const char *flags, const char *sentence)
{
	struct settings s;
	struct err err = ERR_INIT;

	assert_false(read_flags(flags, &s, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, sentence);
	assert_null(s.bind_addr);
	assert_null(s.smtp_pass);
}

static void
defaults_are_the_documented_ones(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;

	(void)state;
	setenv("HOME", "/home/me", 1);
	assert_true(read_flags("", &s, &err));
	assert_string_equal(s.bind_addr, "0.0.0.0:443");
	assert_string_equal(s.db_folder, "/home/me/.flexfs/stat");
	assert_string_equal(s.key_folder, "/home/me/.flexfs/license");
	assert_false(s.no_ssl);
	assert_string_equal(s.ssl_cert, "/home/me/.flexfs/ssl/cert");
	assert_string_equal(s.ssl_key, "/home/me/.flexfs/ssl/key");
	assert_string_equal(s.creds_file, "/home/me/.flexfs/stat/creds");
	assert_string_equal(s.config_file, "/home/me/.flexfs/stat/config");
	assert_false(s.verbose);
	assert_int_equal(s.sqlite_opts.count, 0);
	assert_null(s.smtp_addr);
	assert_null(s.smtp_from);
	assert_null(s.smtp_to);
	assert_null(s.smtp_user);
	assert_null(s.smtp_pass);
	assert_false(s.mock_time);
	assert_int_equal(s.mock_rate, 3600);
	settings_fini(&s);
	/* Once more is fine. */
	settings_fini(&s);
}

static void
every_flag_reaches_its_value(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(read_flags("--bindAddr 127.0.0.1:8443 --dbFolder /db "
			       "--keyFolder /k --noSSL --sslCert /c --sslKey "
			       "/y -v --credsFile /dev/fd/3 "
			       "--configFile /etc/s --smtpAddr a "
			       "--smtpFrom b --smtpTo c --smtpUser d "
			       "--smtpPass e --sqliteOpts cache_size=-2000 "
			       "--mockTime --mockStart 2026-01-01T00:00:00Z "
			       "--mockRate 0",
	    &s, &err));
	assert_string_equal(s.bind_addr, "127.0.0.1:8443");
	assert_string_equal(s.db_folder, "/db");
	assert_string_equal(s.key_folder, "/k");
	assert_true(s.no_ssl);
	assert_string_equal(s.ssl_cert, "/c");
	assert_string_equal(s.ssl_key, "/y");
	assert_true(s.verbose);
	assert_string_equal(s.creds_file, "/dev/fd/3");
	assert_string_equal(s.config_file, "/etc/s");
	assert_string_equal(s.smtp_addr, "a");
	assert_string_equal(s.smtp_from, "b");
	assert_string_equal(s.smtp_to, "c");
	assert_string_equal(s.smtp_user, "d");
	assert_string_equal(s.smtp_pass, "e");
	assert_int_equal(s.sqlite_opts.count, 1);
	assert_true(s.mock_time);
	assert_int_equal(s.mock_start, 1767225600);
	assert_int_equal(s.mock_rate, 0);
	settings_fini(&s);
}

static void
an_address_without_host_means_all_of_ipv4(void **state)
{
	static const char *const good[][2] = {
	    {"--bindAddr :8080", "0.0.0.0:8080"},
	    {"--bindAddr [::]:443", "[::]:443"},
	    {"--bindAddr [::1]:0", "[::1]:0"},
	    {"--bindAddr localhost:65535", "127.0.0.1:65535"}};
	struct settings s;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(read_flags(good[i][0], &s, &err));
		assert_string_equal(s.bind_addr, good[i][1]);
		settings_fini(&s);
	}
}

static void
an_address_that_nothing_can_bind_is_refused(void **state)
{
	static const char *const no_port[] = {"443", "0.0.0.0",
	    "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:http"};
	static const char *const no_host[][2] = {{"::1:443", "::1"},
	    {"[1.2.3.4]:1", "[1.2.3.4]"}, {"300.1.1.1:1", "300.1.1.1"},
	    {"[::1:1", "[::1"}, {"example.com:1", "example.com"}};
	char flags[64], sentence[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof no_port / sizeof *no_port; i++) {
		snprintf(flags, sizeof flags, "--bindAddr %s", no_port[i]);
		snprintf(sentence, sizeof sentence,
		    "--bindAddr is an address and a port such as 0.0.0.0:443, "
		    "not \"%s\"",
		    no_port[i]);
		expect_refused(flags, sentence);
	}
	for (i = 0; i < sizeof no_host / sizeof *no_host; i++) {
		snprintf(flags, sizeof flags, "--bindAddr %s", no_host[i][0]);
		snprintf(sentence, sizeof sentence,
		    "--bindAddr needs an IPv4 address or an IPv6 address in "
		    "brackets before its port, not \"%s\"",
		    no_host[i][1]);
		expect_refused(flags, sentence);
	}
}

static void
empty_paths_are_refused(void **state)
{
	(void)state;
	expect_refused("--smtpPass x --dbFolder=", "--dbFolder is empty");
	expect_refused("--sslKey=", "--sslKey is empty");
}

static void
the_pretend_clock_needs_to_be_switched_on(void **state)
{
	(void)state;
	expect_refused(
	    "--mockRate 1", "--mockStart and --mockRate need --mockTime");
	expect_refused("--mockStart 2026-01-01T00:00:00Z",
	    "--mockStart and --mockRate need --mockTime");
	expect_refused("--mockTime --mockStart yesterday",
	    "--mockStart is a time such as 2026-01-01T00:00:00Z, not "
	    "\"yesterday\"");
}

static void
pragmas_are_taken_in_their_order(void **state)
{
	struct settings_pragmas p;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(settings_parse_pragmas(
	    "mmap_size=268435456&synchronous=EXTRA&cache_size=-65536&"
	    "temp_store=MEMORY&page_size=8192&busy_timeout=0&"
	    "journal_size_limit=-1&wal_autocheckpoint=1000",
	    &p, &err));
	assert_int_equal(p.count, 8);
	assert_string_equal(p.list[0].name, "mmap_size");
	assert_string_equal(p.list[0].value, "268435456");
	assert_string_equal(p.list[1].name, "synchronous");
	assert_string_equal(p.list[1].value, "EXTRA");
	assert_string_equal(p.list[7].value, "1000");
	assert_true(settings_parse_pragmas("", &p, &err));
	assert_int_equal(p.count, 0);
}

static void
pragmas_that_could_lose_reports_are_refused(void **state)
{
	static const char allowed[] =
	    "busy_timeout, cache_size, journal_size_limit, mmap_size, "
	    "page_size, synchronous, temp_store, wal_autocheckpoint";
	static const struct {
		const char *text, *sentence;
	} cases[] = {
	    {"synchronous=OFF",
		"--sqliteOpts: synchronous is one of FULL|EXTRA, not \"OFF\""},
	    {"synchronous=NORMAL",
		"--sqliteOpts: synchronous is one of FULL|EXTRA, not "
		"\"NORMAL\""},
	    {"synchronous=FULL|EXTRA",
		"--sqliteOpts: synchronous is one of FULL|EXTRA, not "
		"\"FULL|EXTRA\""},
	    {"synchronous=",
		"--sqliteOpts: synchronous is one of FULL|EXTRA, not \"\""},
	    {"cache_size=1;drop",
		"--sqliteOpts: cache_size is a number between "
		"-16777216 and 16777216, not \"1;drop\""},
	    {"page_size=5000", "--sqliteOpts: page_size is a power of two "
			       "between 512 and 65536, not \"5000\""},
	    {"busy_timeout=-1",
		"--sqliteOpts: busy_timeout is a number between "
		"0 and 600000, not \"-1\""},
	    {"mmap_size=1&mmap_size=2", "--sqliteOpts sets mmap_size twice"},
	    {"mmap_size",
		"--sqliteOpts: mmap_size needs a short value: mmap_size=.."},
	    {"mmap_size=111111111111111111111111111",
		"--sqliteOpts: mmap_size needs a short value: mmap_size=.."},
	};
	static const char *const unknown[] = {
	    "journal_mode=OFF", "mmap_siz=1", "=1", "mmap_size=1&"};
	struct settings_pragmas p;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_false(settings_parse_pragmas(cases[i].text, &p, &err));
		assert_string_equal(err.text, cases[i].sentence);
		assert_int_equal(p.count, 0);
	}
	for (i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		assert_false(settings_parse_pragmas(unknown[i], &p, &err));
		assert_non_null(strstr(err.text, "--sqliteOpts does not know"));
		assert_non_null(strstr(err.text, allowed));
	}
	expect_refused("--sqliteOpts synchronous=OFF",
	    "--sqliteOpts: synchronous is one of FULL|EXTRA, not \"OFF\"");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_the_documented_ones),
	    cmocka_unit_test(every_flag_reaches_its_value),
	    cmocka_unit_test(an_address_without_host_means_all_of_ipv4),
	    cmocka_unit_test(an_address_that_nothing_can_bind_is_refused),
	    cmocka_unit_test(empty_paths_are_refused),
	    cmocka_unit_test(the_pretend_clock_needs_to_be_switched_on),
	    cmocka_unit_test(pragmas_are_taken_in_their_order),
	    cmocka_unit_test(pragmas_that_could_lose_reports_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
