/*
 * smtp_test.c - what lib/smtp refuses by itself, and its verdicts against a
 * small scripted server without TLS (test/blackbox tries it with).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/smtp.h"

static const char good_message[] = "From: <stat@sender.test>\r\n"
				   "Subject: a summary\r\n"
				   "\r\n"
				   "text\r\n";

/* --- a server that answers by the letter -------------------------------- */

/* What it says; NULL is what a good one would say, "" is nothing at all. */
struct script {
	const char *greeting, *ehlo, *mail, *rcpt_b, *data, *dot, *quit;
	bool deaf; /* never accepts a connection; its queue is full */
};

struct server {
	pid_t pid;
	int kept; /* a socket that fills the queue of a deaf one; or -1 */
	char address[64];
};

static void
say(FILE *to, const char *given, const char *usual)
{
	const char *text = given != NULL ? given : usual;

	if (text[0] == '\0')
		pause();
	fprintf(to, "%s\r\n", text);
	fflush(to);
}

static void
answer(FILE *to, const struct script *script, const char *line, bool *in_data)
{
	if (*in_data) {
		*in_data = strcmp(line, ".\r\n") != 0;
		if (!*in_data)
			say(to, script->dot, "250 2.0.0 taken");
	} else if (strncmp(line, "EHLO", 4) == 0)
		say(to, script->ehlo, "250-unit.test\r\n250 8BITMIME");
	else if (strncmp(line, "MAIL", 4) == 0)
		say(to, script->mail, "250 ok");
	else if (strncmp(line, "RCPT TO:<b@", 11) == 0)
		say(to, script->rcpt_b, "250 ok");
	else if (strncmp(line, "RCPT", 4) == 0)
		say(to, NULL, "250 ok");
	else if (strncmp(line, "DATA", 4) == 0) {
		*in_data = script->data == NULL;
		say(to, script->data, "354 go");
	} else if (strncmp(line, "QUIT", 4) == 0)
		say(to, script->quit, "221 bye");
	else
		say(to, NULL, "502 what");
}

static _Noreturn void
serve(int listener, const struct script *script)
{
	char line[2048];
	bool in_data = false;
	int fd = accept(listener, NULL, NULL);
	FILE *from = fdopen(fd, "r"), *to = fdopen(dup(fd), "w");

	if (from == NULL || to == NULL)
		_exit(1);
	say(to, script->greeting, "220 unit.test");
	while (fgets(line, sizeof line, from) != NULL)
		answer(to, script, line, &in_data);
	_exit(0);
}

static void
fill_queue(struct server *server, const struct sockaddr_in *addr)
{
	server->kept = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server->kept >= 0);
	assert_int_equal(
	    connect(server->kept, (const struct sockaddr *)(const void *)addr,
		sizeof *addr),
	    0);
}

static void
start(struct server *server, const struct script *script)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof addr;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)(void *)&addr, sizeof addr), 0);
	assert_int_equal(listen(fd, script->deaf ? 0 : 5), 0);
	assert_int_equal(
	    getsockname(fd, (struct sockaddr *)(void *)&addr, &len), 0);
	snprintf(server->address, sizeof server->address, "plain:127.0.0.1:%u",
	    ntohs(addr.sin_port));
	server->kept = -1;
	if (script->deaf)
		fill_queue(server, &addr);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (script->deaf)
			for (;;)
				pause();
		serve(fd, script);
	}
	close(fd);
}

static void
stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	if (server->kept >= 0)
		close(server->kept);
}

/* One delivery to a@ and b@ against a script; how long it took, in ms. */
struct outcome {
	struct smtp_rcpt rcpts[2];
	struct err err;
	bool ok;
	int64_t ms;
	char address[64];
};

static void
deliver(const struct script *script, struct outcome *out)
{
	struct server server;
	struct smtp_relay relay = {.step_ms = 1000, .total_ms = 2500};
	int64_t begin;

	memset(out, 0, sizeof *out);
	out->rcpts[0].address = "a@rcpt.test";
	out->rcpts[1].address = "b@rcpt.test";
	start(&server, script);
	relay.address = server.address;
	begin = clock_mono_us();
	out->ok = smtp_send(&relay, "stat@sender.test", good_message,
	    sizeof good_message - 1, out->rcpts, 2, &out->err);
	out->ms = (clock_mono_us() - begin) / 1000;
	snprintf(out->address, sizeof out->address, "%s",
	    server.address + strlen("plain:"));
	stop(&server);
}

static void
expect(const struct smtp_rcpt *rcpt, enum smtp_outcome outcome, int code,
    const char *reply)
{
	assert_int_equal(rcpt->outcome, outcome);
	assert_int_equal(rcpt->code, code);
	assert_string_equal(rcpt->reply, reply);
}

/* Both are to be tried again, because of the same sentence. */
static void
expect_sentence(const struct outcome *o, enum err_kind kind, const char *fmt)
{
	char text[sizeof o->err.text];
	const char *hole = strstr(fmt, "RELAY");

	assert_non_null(hole);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(hole - fmt), fmt,
	    o->address, hole + strlen("RELAY"));
	assert_false(o->ok);
	assert_string_equal(o->err.text, text);
	assert_int_equal(o->err.kind, kind);
	expect(&o->rcpts[0], SMTP_RETRY, 0, text);
	expect(&o->rcpts[1], SMTP_RETRY, 0, text);
}

/* --- verdicts ----------------------------------------------------------- */

static void
a_message_that_is_taken_is_delivered(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){0}, &o);
	assert_true(o.ok);
	expect(&o.rcpts[0], SMTP_DELIVERED, 250, "2.0.0 taken");
	expect(&o.rcpts[1], SMTP_DELIVERED, 250, "2.0.0 taken");
}

static void
a_recipient_refused_with_5xx_has_failed_alone(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){.rcpt_b = "550 5.1.1 unknown"}, &o);
	assert_true(o.ok);
	expect(&o.rcpts[0], SMTP_DELIVERED, 250, "2.0.0 taken");
	expect(&o.rcpts[1], SMTP_FAILED, 550, "5.1.1 unknown");
}

static void
a_recipient_refused_with_4xx_is_tried_again(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){.rcpt_b = "451-4.2.0 not\r\n451 now"}, &o);
	assert_true(o.ok);
	expect(&o.rcpts[0], SMTP_DELIVERED, 250, "2.0.0 taken");
	expect(&o.rcpts[1], SMTP_RETRY, 451, "4.2.0 not now");
}

static void
a_message_refused_at_its_end_decides_for_all_that_were_accepted(void **state)
{
	struct outcome o;

	(void)state;
	deliver(
	    &(struct script){.rcpt_b = "550 unknown", .dot = "452 disk full"},
	    &o);
	assert_true(o.ok);
	expect(&o.rcpts[0], SMTP_RETRY, 452, "disk full");
	expect(&o.rcpts[1], SMTP_FAILED, 550, "unknown");
	deliver(&(struct script){.dot = "554 5.6.0 spam"}, &o);
	assert_true(o.ok);
	expect(&o.rcpts[0], SMTP_FAILED, 554, "5.6.0 spam");
}

static void
a_message_refused_before_its_text_decides_for_all(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){.data = "451 wait"}, &o);
	assert_true(o.ok);
	expect(&o.rcpts[0], SMTP_RETRY, 451, "wait");
	deliver(&(struct script){.mail = "552 5.3.4 too big"}, &o);
	assert_true(o.ok);
	expect(&o.rcpts[1], SMTP_FAILED, 552, "5.3.4 too big");
}

static void
an_answer_about_the_login_is_not_about_the_recipient(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){.mail = "530 5.7.0 log in first"}, &o);
	assert_false(o.ok);
	assert_int_equal(o.err.kind, ERR_INPUT);
	expect(&o.rcpts[0], SMTP_RETRY, 530, "5.7.0 log in first");
}

static void
a_refused_greeting_is_tried_again(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){.greeting = "554 go away"}, &o);
	expect_sentence(
	    &o, ERR_INPUT, "SMTP relay RELAY refuses us: 554 go away");
	deliver(&(struct script){.greeting = "421 busy"}, &o);
	expect_sentence(&o, ERR_BUSY, "SMTP relay RELAY refuses us: 421 busy");
}

static void
an_answer_with_odd_bytes_becomes_one_printable_line(void **state)
{
	struct outcome o;

	(void)state;
	deliver(
	    &(struct script){.rcpt_b = "550 a\tb\x1b[31m \xc3\xa9  c\x7f"}, &o);
	expect(&o.rcpts[1], SMTP_FAILED, 550, "a b?[31m ?? c?");
}

/* --- silence ------------------------------------------------------------ */

static void
a_silent_server_costs_one_step(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){.greeting = ""}, &o);
	expect_sentence(&o, ERR_BUSY,
	    "SMTP relay RELAY did not answer within 1 s, before its greeting");
	assert_in_range(o.ms, 900, 1900);
	deliver(&(struct script){.mail = ""}, &o);
	expect_sentence(&o, ERR_BUSY,
	    "SMTP relay RELAY did not answer within 1 s, at MAIL FROM");
}

static void
silence_after_the_message_is_waited_out_and_tried_again(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){.dot = ""}, &o);
	expect_sentence(&o, ERR_BUSY,
	    "SMTP relay RELAY was not done within 2 s: stopped after the "
	    "whole message was sent; it may have taken it");
	assert_in_range(o.ms, 2400, 3500);
}

static void
silence_after_the_verdict_does_not_change_it(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){.quit = ""}, &o);
	assert_true(o.ok);
	expect(&o.rcpts[0], SMTP_DELIVERED, 250, "2.0.0 taken");
	assert_true(o.ms < 3000);
}

static void
a_connection_that_is_never_accepted_costs_one_step(void **state)
{
	struct outcome o;

	(void)state;
	deliver(&(struct script){.deaf = true}, &o);
	expect_sentence(&o, ERR_BUSY,
	    "SMTP relay RELAY does not answer: no connection within 1 s");
	assert_in_range(o.ms, 900, 2400);
}

static void
a_closed_port_is_told_at_once(void **state)
{
	struct smtp_relay relay = {.address = "plain:127.0.0.1:1"};
	struct smtp_rcpt rcpt = {.address = "a@rcpt.test"};
	struct err err = ERR_INIT;

	(void)state;
	assert_false(smtp_send(&relay, "stat@sender.test", good_message,
	    sizeof good_message - 1, &rcpt, 1, &err));
	assert_string_equal(err.text,
	    "cannot connect to SMTP relay 127.0.0.1:1: Connection refused");
	assert_int_equal(err.kind, ERR_BUSY);
}

static void
a_name_without_address_is_told(void **state)
{
	struct smtp_relay relay = {
	    .address = "nothing.invalid", .total_ms = 20000};
	struct smtp_rcpt rcpt = {.address = "a@rcpt.test"};
	struct err err = ERR_INIT;

	(void)state;
	assert_false(smtp_send(&relay, "stat@sender.test", good_message,
	    sizeof good_message - 1, &rcpt, 1, &err));
	assert_non_null(strstr(err.text,
	    "cannot find the address of SMTP relay nothing.invalid:587: "));
	assert_int_equal(err.kind, ERR_BUSY);
}

/* --- what is refused without a word to anybody -------------------------- */

static void
an_address_is_one_plain_word_on_each_side_of_its_at(void **state)
{
	static const char *const good[] = {"a@b", "a.b+c@mail.example.com",
	    "o'neil@x.test", "a@[192.0.2.1]", "a@b@c"};
	static const char *const bad[] = {"", "@", "a@", "@b", "ab", "a b@c",
	    "a@b\r\nRCPT TO:<x@y>", "a@b\n", "<a@b>", "a@b>", "a\x01@b",
	    "\xc3\xa9@b", "a@b,c@d", "a@\"b", "a@b;", "a@b\x7f"};
	char longest[SMTP_MAX_ADDRESS + 2];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(smtp_address_ok(good[i]));
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(smtp_address_ok(bad[i]));
	memset(longest, 'd', sizeof longest);
	longest[0] = 'a';
	longest[1] = '@';
	longest[SMTP_MAX_ADDRESS] = '\0';
	assert_true(smtp_address_ok(longest));
	longest[SMTP_MAX_ADDRESS] = 'd';
	longest[SMTP_MAX_ADDRESS + 1] = '\0';
	assert_false(smtp_address_ok(longest));
}

static void
a_bad_recipient_fails_and_the_others_are_served(void **state)
{
	struct server server;
	struct smtp_relay relay = {.step_ms = 1000, .total_ms = 2500};
	struct smtp_rcpt rcpts[3] = {{.address = "a@rcpt.test>\r\nRSET"},
	    {.address = "b@rcpt.test"}, {.address = ""}};
	struct err err = ERR_INIT;

	(void)state;
	start(&server, &(struct script){0});
	relay.address = server.address;
	assert_true(smtp_send(&relay, "stat@sender.test", good_message,
	    sizeof good_message - 1, rcpts, 3, &err));
	stop(&server);
	expect(&rcpts[0], SMTP_FAILED, 0, "not a mail address");
	expect(&rcpts[1], SMTP_DELIVERED, 250, "2.0.0 taken");
	expect(&rcpts[2], SMTP_FAILED, 0, "not a mail address");
}

/* The sentence for a message that nobody will be asked to take. */
static const char *
refusal(const char *message, size_t len)
{
	static struct err err;
	struct smtp_relay relay = {.address = "plain:127.0.0.1:1"};
	struct smtp_rcpt rcpt = {.address = "a@rcpt.test"};

	err = (struct err)ERR_INIT;
	assert_false(smtp_send(
	    &relay, "stat@sender.test", message, len, &rcpt, 1, &err));
	if (err.kind == ERR_INPUT)
		expect(&rcpt, SMTP_FAILED, 0, err.text);
	return err.text;
}

static void
a_message_that_smtp_could_misread_is_refused(void **state)
{
	static const char connects[] =
	    "cannot connect to SMTP relay 127.0.0.1:1: Connection refused";
	static const struct {
		const char *message, *sentence;
	} cases[] = {
	    {"A: b\r\n\r\nx\n.\r\nMAIL\r\n",
		"the message's line 3 does not end in CRLF"},
	    {"A: b\r\n\r\nx\ry\r\n",
		"the message's line 3 holds a byte 0d: encode it"},
	    {"A: b\r\n\r\nx", "the message's line 3 does not end in CRLF"},
	    {"A: b\r\n\r\nx\r", "the message's line 3 does not end in CRLF"},
	    {"A: b\r\n\r\n\xc3\xa9\r\n",
		"the message's line 3 holds a byte c3: encode it"},
	    {"A: b\r\nx\r\n",
		"the message has no header with an empty line after it"},
	    {"\r\nx\r\n",
		"the message has no header with an empty line after it"},
	    {"", "the message has no header with an empty line after it"},
	    {"A: b\r\n\r\n", connects},
	    {"A: b\r\n\r\n.\r\n..\r\n", connects},
	};
	char line[SMTP_MAX_LINE + 32];
	int head;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(
		    refusal(cases[i].message, strlen(cases[i].message)),
		    cases[i].sentence);
	assert_string_equal(refusal("A: b\r\n\r\nx\0y\r\n", 14),
	    "the message's line 3 holds a byte 00: encode it");
	head = snprintf(
	    line, sizeof line, "A: b\r\n\r\n%0*d\r\n", SMTP_MAX_LINE, 0);
	assert_string_equal(refusal(line, (size_t)head), connects);
	head = snprintf(
	    line, sizeof line, "A: b\r\n\r\n%0*d\r\n", SMTP_MAX_LINE + 1, 0);
	assert_string_equal(refusal(line, (size_t)head),
	    "the message's line 3 is longer than 998 bytes");
}

static void
a_relay_is_checked_before_it_is_asked(void **state)
{
	static char long_word[SMTP_MAX_CREDENTIAL + 2];
	const struct {
		struct smtp_relay relay;
		const char *sentence; /* NULL: it is fine */
	} cases[] = {
	    {{.address = "mail.example.com"}, NULL},
	    {{.address = "mail.example.com:25"}, NULL},
	    {{.address = "192.0.2.1:587", .user = "u", .pass = "p"}, NULL},
	    {{.address = "plain:localhost:25"}, NULL},
	    {{.address = "plain:127.1.2.3:25"}, NULL},
	    {{.address = NULL}, "no SMTP relay is given"},
	    {{.address = "a b:25"}, "SMTP relay a b:25 is not host:port"},
	    {{.address = ":25"}, "SMTP relay :25 is not host:port"},
	    {{.address = "x:"}, "SMTP relay x:: the port is not 1 to 65535"},
	    {{.address = "x:0"}, "SMTP relay x:0: the port is not 1 to 65535"},
	    {{.address = "x:65536"},
		"SMTP relay x:65536: the port is not 1 to 65535"},
	    {{.address = "x:25x"},
		"SMTP relay x:25x: the port is not 1 to 65535"},
	    {{.address = "[::1]:25"},
		"SMTP relay [::1]:25: give an IPv6 relay by its name"},
	    {{.address = "::1"},
		"SMTP relay ::1: give an IPv6 relay by its name"},
	    {{.address = "plain:mail.example.com:25"},
		"SMTP relay plain:mail.example.com:25 is not on this "
		"machine: without TLS only localhost is used"},
	    {{.address = "plain:127.evil.test:25"},
		"SMTP relay plain:127.evil.test:25 is not on this machine: "
		"without TLS only localhost is used"},
	    {{.address = "plain:localhost:25", .user = "u", .pass = "p"},
		"SMTP relay plain:localhost:25 takes no user: without TLS "
		"nobody logs in"},
	    {{.address = "x", .user = "u"},
		"no password is set for SMTP user 'u'"},
	    {{.address = "x", .user = long_word, .pass = "p"},
		"the SMTP user is longer than 255 bytes"},
	    {{.address = "x", .user = "u", .pass = long_word},
		"the SMTP password is longer than 255 bytes"},
	    {{.address = "x", .helo = "a b"},
		"the name for SMTP's EHLO is not a host name"},
	    {{.address = "x", .step_ms = 999},
		"SMTP needs at least 1000 ms for a step"},
	};
	struct err err;
	size_t i;

	(void)state;
	memset(long_word, 'w', sizeof long_word - 1);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		err = (struct err)ERR_INIT;
		assert_int_equal(smtp_relay_check(&cases[i].relay, &err),
		    cases[i].sentence == NULL);
		assert_string_equal(err.text,
		    cases[i].sentence != NULL ? cases[i].sentence : "");
		assert_int_equal(
		    err.kind, cases[i].sentence != NULL ? ERR_INPUT : ERR_NONE);
	}
}

static void
a_ca_file_that_is_not_there_is_the_operators_to_put_right(void **state)
{
	struct smtp_relay relay = {
	    .address = "127.0.0.1:1", .ca_file = "/nonexistent/ca.pem"};
	struct smtp_rcpt rcpt = {.address = "a@rcpt.test"};
	struct err err = ERR_INIT;

	(void)state;
	assert_false(smtp_send(&relay, "stat@sender.test", good_message,
	    sizeof good_message - 1, &rcpt, 1, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "/nonexistent/ca.pem"));
	assert_int_equal(rcpt.outcome, SMTP_RETRY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_that_is_taken_is_delivered),
	    cmocka_unit_test(a_recipient_refused_with_5xx_has_failed_alone),
	    cmocka_unit_test(a_recipient_refused_with_4xx_is_tried_again),
	    cmocka_unit_test(
		a_message_refused_at_its_end_decides_for_all_that_were_accepted),
	    cmocka_unit_test(a_message_refused_before_its_text_decides_for_all),
	    cmocka_unit_test(
		an_answer_about_the_login_is_not_about_the_recipient),
	    cmocka_unit_test(a_refused_greeting_is_tried_again),
	    cmocka_unit_test(
		an_answer_with_odd_bytes_becomes_one_printable_line),
	    cmocka_unit_test(a_silent_server_costs_one_step),
	    cmocka_unit_test(
		silence_after_the_message_is_waited_out_and_tried_again),
	    cmocka_unit_test(silence_after_the_verdict_does_not_change_it),
	    cmocka_unit_test(
		a_connection_that_is_never_accepted_costs_one_step),
	    cmocka_unit_test(a_closed_port_is_told_at_once),
	    cmocka_unit_test(a_name_without_address_is_told),
	    cmocka_unit_test(
		an_address_is_one_plain_word_on_each_side_of_its_at),
	    cmocka_unit_test(a_bad_recipient_fails_and_the_others_are_served),
	    cmocka_unit_test(a_message_that_smtp_could_misread_is_refused),
	    cmocka_unit_test(a_relay_is_checked_before_it_is_asked),
	    cmocka_unit_test(
		a_ca_file_that_is_not_there_is_the_operators_to_put_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
