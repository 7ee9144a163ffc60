/*
 * deliver_main.c - the step `deliver` as a program of its own, for trying it
 * before, or without, the rest of stat.flexfs.
 *
 *   deliver_main --smtpAddr A --smtpFrom F [--smtpUser U] [--smtpCA FILE]
 *                [--stepMs N] [--totalMs N] --to ADDR [--to ADDR ..] <MESSAGE
 *
 * The password is read from descriptor 3 when a user is given.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "src/deliver.h"

static bool
read_pass(char *pass, size_t size)
{
	ssize_t got = read(3, pass, size - 1);

	if (got < 0)
		return false;
	pass[got] = '\0';
	return true;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"smtpAddr", required_argument, NULL, 'a'},
	    {"smtpFrom", required_argument, NULL, 'f'},
	    {"smtpUser", required_argument, NULL, 'u'},
	    {"smtpCA", required_argument, NULL, 'c'},
	    {"stepMs", required_argument, NULL, 's'},
	    {"totalMs", required_argument, NULL, 'l'},
	    {"to", required_argument, NULL, 't'},
	    {NULL, 0, NULL, 0},
	};
	static const char *to[DELIVER_MAX_RCPTS];
	struct smtp_relay relay = {0};
	struct err err = ERR_INIT;
	const char *from = "";
	char pass[4096] = "";
	size_t n = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'a')
			relay.address = optarg;
		else if (opt == 'f')
			from = optarg;
		else if (opt == 'u')
			relay.user = optarg;
		else if (opt == 'c')
			relay.ca_file = optarg;
		else if (opt == 's')
			relay.step_ms = strtoll(optarg, NULL, 10);
		else if (opt == 'l')
			relay.total_ms = strtoll(optarg, NULL, 10);
		else if (opt == 't' && n < DELIVER_MAX_RCPTS)
			to[n++] = optarg;
		else
			return 2;
	}
	if (relay.user != NULL && read_pass(pass, sizeof pass))
		relay.pass = pass;
	if (deliver_run(&relay, from, to, n, STDIN_FILENO, stdout, &err))
		return 0;
	log_error("deliver.failed", "reason=\"%s\"", err.text);
	return 1;
}
