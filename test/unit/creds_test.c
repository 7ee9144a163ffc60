/*
 * creds_test.c - credentials are checked, kept and given back unchanged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/file.h"
#include "src/creds.h"

static void
set(struct creds *creds, const char *name, const char *value)
{
	struct err err = ERR_INIT;

	if (!creds_set(creds, name, value, &err))
		fail_msg("%s", err.text);
}

static void
refuse(const char *name, const char *value, const char *sentence)
{
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;

	if (creds_set(&creds, name, value, &err))
		fail_msg("taken: %s", value);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, sentence);
	assert_null(creds.smtp_addr);
	assert_null(creds.smtp_from);
	assert_null(creds.smtp_pass);
	assert_null(creds.smtp_to);
	creds_wipe(&creds);
}

static void
defaults_fill_what_is_not_given(void **state)
{
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(creds_complete(&creds, &err));
	assert_string_equal(
	    creds.smtp_addr, "email-smtp.us-east-1.amazonaws.com:587");
	assert_string_equal(
	    creds.smtp_from, "flexFS Service <no-reply@ses.flexfs.io>");
	assert_int_equal(creds.smtp_to_count, 1);
	assert_string_equal(creds.smtp_to[0], "no-reply@ses.flexfs.io");
	assert_string_equal(creds.smtp_user, "");
	assert_string_equal(creds.smtp_pass, "");
	assert_string_equal(creds.smtp_ca, "");
	creds_wipe(&creds);
	assert_null(creds.smtp_addr);
}

static void
a_sender_has_an_address_and_maybe_a_name(void **state)
{
	static const char *const cases[][3] = {
	    {"a@b.test", "", "a@b.test"},
	    {"<a@b.test>", "", "a@b.test"},
	    {"Ann Bo <a@b.test>", "Ann Bo", "a@b.test"},
	    {"Ann<a@b.test>", "Ann", "a@b.test"},
	    {"\"Bo, Ann\" <a@b.test>", "Bo, Ann", "a@b.test"},
	    {"J\xc3\xb6rg (x) <j.o+x@b-c.d.test>", "J\xc3\xb6rg (x)",
		"j.o+x@b-c.d.test"},
	};
	struct creds creds = CREDS_INIT;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		set(&creds, "smtpFrom", cases[i][0]);
		text = creds_sender_name(&creds);
		assert_string_equal(text, cases[i][1]);
		free(text);
		text = creds_sender_address(&creds);
		assert_string_equal(text, cases[i][2]);
		free(text);
	}
	creds_wipe(&creds);
	refuse("smtpFrom", "", "smtpFrom: a mail address is empty");
	refuse("smtpFrom", "Ann <a@b.test> x",
	    "smtpFrom: \"Ann <a@b.test> x\" is no mail address: the part "
	    "before @ is empty or has characters that relays refuse");
	refuse("smtpFrom", "Ann <>", "smtpFrom: a mail address is empty");
	refuse("smtpFrom", "A\"nn <a@b>",
	    "smtpFrom: the sender's name cannot hold quotes, backslashes or >");
	refuse("smtpFrom", "a@b\r\nBcc: c@d",
	    "smtpFrom: control characters are not allowed");
	refuse("smtpFrom", "\xff <a@b>", "smtpFrom: this is not valid UTF-8");
}

static void
addresses_that_relays_refuse_are_refused(void **state)
{
	static const char *const good[] = {
	    "a@b", "a.b@c.d", "o'x!#$%@b.test", "1@2.test"};
	static const char *const no_local[] = {"@b", ".a@b", "a.@b", "a..b@c",
	    "a b@c", "a@b@c", "\"a\"@b", "a,b@c", "<a@b", "\xc3\xa9@b.test"};
	static const char *const no_domain[] = {"a@", "a@.b", "a@b.", "a@b..c",
	    "a@-b", "a@b-", "a@b c", "a@[127.0.0.1]", "a@b>",
	    "a@\xc3\xa9.test"};
	struct err err = ERR_INIT;
	char text[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(creds_check_address(good[i], &err));
	for (i = 0; i < sizeof no_local / sizeof *no_local; i++) {
		assert_false(creds_check_address(no_local[i], &err));
		assert_non_null(strstr(err.text, "the part before @"));
	}
	for (i = 0; i < sizeof no_domain / sizeof *no_domain; i++) {
		assert_false(creds_check_address(no_domain[i], &err));
		assert_non_null(strstr(err.text, "the part behind @"));
	}
	assert_false(creds_check_address("nobody", &err));
	assert_string_equal(
	    err.text, "\"nobody\" is no mail address: it has no @");
	assert_false(creds_check_address("a@b\n", &err));
	assert_false(creds_check_address("a\x7f@b", &err));
	/* 64 characters before @, 254 in all (RFC 5321). */
	memset(text, 'a', sizeof text);
	text[64] = '@';
	for (i = 66; i < 253; i += 2)
		text[i] = '.';
	text[254] = '\0';
	assert_true(creds_check_address(text, &err));
	text[254] = 'a';
	text[255] = '\0';
	assert_false(creds_check_address(text, &err));
	memset(text, 'a', sizeof text);
	memcpy(text + 65, "@b", sizeof "@b");
	assert_false(creds_check_address(text, &err));
}

static void
recipients_are_a_list_with_commas(void **state)
{
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;
	struct buf many = BUF_INIT;
	int i;

	(void)state;
	set(&creds, "smtpTo", "a@x.test, b@x.test ,c@x.test,a@x.test");
	assert_int_equal(creds.smtp_to_count, 3);
	assert_string_equal(creds.smtp_to[1], "b@x.test");
	assert_string_equal(creds.smtp_to[2], "c@x.test");
	/* A list that is refused leaves the old one. */
	assert_false(creds_set(&creds, "smtpTo", "d@x.test,nobody", &err));
	assert_int_equal(creds.smtp_to_count, 3);
	set(&creds, "smtpTo", "d@x.test");
	assert_int_equal(creds.smtp_to_count, 1);
	for (i = 0; i < CREDS_MAX_TO; i++)
		buf_printf(&many, "%sa%d@x", i > 0 ? "," : "", i);
	set(&creds, "smtpTo", buf_text(&many));
	assert_int_equal(creds.smtp_to_count, CREDS_MAX_TO);
	buf_str(&many, ",b@x");
	assert_false(creds_set(&creds, "smtpTo", buf_text(&many), &err));
	buf_fini(&many);
	creds_wipe(&creds);
	refuse("smtpTo", "", "smtpTo: a mail address is empty");
	refuse("smtpTo", "a@b,", "smtpTo: a mail address is empty");
	refuse("smtpTo", "a@b, ,c@d", "smtpTo: a mail address is empty");
	refuse("smtpTo", "a@b\r\nRCPT TO:<c@d>",
	    "smtpTo: control characters are not allowed");
}

static void
user_and_password_end_at_255_bytes(void **state)
{
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;
	char text[257];

	(void)state;
	memset(text, 'x', sizeof text);
	text[255] = '\0';
	set(&creds, "smtpUser", text);
	set(&creds, "smtpPass", text);
	text[255] = 'x';
	text[256] = '\0';
	assert_false(creds_set(&creds, "smtpPass", text, &err));
	assert_string_equal(err.text, "smtpPass: more than 255 bytes");
	assert_false(creds_set(&creds, "smtpUser", text, &err));
	creds_wipe(&creds);
	/* No message repeats a password. */
	refuse("smtpPass", "hunter2\n",
	    "smtpPass: control characters are not allowed");
	refuse("smtpPass", "hunter2\xff", "smtpPass: this is not valid UTF-8");
}

static void
a_relay_is_a_host_and_a_port(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
		bool plain;
	} good[] = {
	    {"mail.example.com:25", "mail.example.com", 25, false},
	    {"mail", "mail", 587, false},
	    {"127.0.0.1:65535", "127.0.0.1", 65535, false},
	    {"plain:localhost:25", "localhost", 25, true},
	    {"plain:127.8.9.1", "127.8.9.1", 587, true},
	};
	static const char *const port[] = {
	    "a:", "a:0", "a:65536", "a:x", "a:-1", "a:+1", "a: 1", "a:000025"};
	static const char *const six[] = {
	    "[::1]:587", "::1", "plain:::1", "a:1:2"};
	static const char *const host[] = {
	    "", ":25", "a b:25", "a/b", "a@b:25", "-a", "a_b:1", "plain:"};
	static const char *const remote[] = {"plain:mail.example.com:25",
	    "plain:128.0.0.1", "plain:localhost.example.com",
	    "plain:127.0.0.1.example.com", "plain:10.0.0.1:25"};
	struct creds_relay relay;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(creds_parse_relay(good[i].text, &relay, &err));
		assert_string_equal(relay.host, good[i].host);
		assert_int_equal(relay.port, good[i].port);
		assert_int_equal(relay.plain, good[i].plain);
	}
	for (i = 0; i < sizeof port / sizeof *port; i++) {
		assert_false(creds_parse_relay(port[i], &relay, &err));
		assert_non_null(strstr(err.text, "the port is a number"));
	}
	for (i = 0; i < sizeof six / sizeof *six; i++) {
		assert_false(creds_parse_relay(six[i], &relay, &err));
		assert_non_null(strstr(err.text, "an IPv6 address"));
	}
	for (i = 0; i < sizeof host / sizeof *host; i++) {
		assert_false(creds_parse_relay(host[i], &relay, &err));
		assert_non_null(strstr(err.text, "is no host and port"));
	}
	for (i = 0; i < sizeof remote / sizeof *remote; i++) {
		assert_false(creds_parse_relay(remote[i], &relay, &err));
		assert_non_null(strstr(err.text, "only for a relay on this"));
	}
}

static void
the_whole_is_checked_too(void **state)
{
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	set(&creds, "smtpUser", "u");
	assert_false(creds_complete(&creds, &err));
	assert_string_equal(err.text, "smtpUser needs smtpPass");
	set(&creds, "smtpPass", "p");
	assert_true(creds_complete(&creds, &err));
	set(&creds, "smtpAddr", "plain:localhost");
	assert_false(creds_complete(&creds, &err));
	assert_non_null(strstr(err.text, "sends no password"));
	creds_wipe(&creds);
	refuse("smtpCA", "ca.pem",
	    "smtpCA: a whole path, beginning with /, is needed");
	refuse("smtpPas", "x", "smtpPas is no name of a credential");
}

static void
read_text(const char *text, struct creds *creds)
{
	struct err err = ERR_INIT;

	if (!creds_parse("f", text, strlen(text), creds, &err))
		fail_msg("%s", err.text);
}

static void
refuse_text(const char *text, const char *sentence)
{
	struct creds creds;
	struct err err = ERR_INIT;

	assert_false(creds_parse("f", text, strlen(text), &creds, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, sentence);
	assert_null(creds.smtp_addr);
}

static void
what_is_written_is_read_back(void **state)
{
	struct creds creds = CREDS_INIT, again;
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;

	(void)state;
	set(&creds, "smtpAddr", "mail.example.com:2525");
	set(&creds, "smtpFrom", "\"J\xc3\xb6rg\" <j@x.test>");
	set(&creds, "smtpTo", "a@x.test,b@x.test");
	set(&creds, "smtpUser", "u\\s\"er");
	set(&creds, "smtpPass", "p# '\"\\ =]\xe2\x82\xac");
	set(&creds, "smtpCA", "/etc/ca.pem");
	assert_true(creds_complete(&creds, &err));
	creds_write_toml(&text, &creds);
	read_text(buf_text(&text), &again);
	assert_string_equal(again.smtp_addr, creds.smtp_addr);
	assert_string_equal(again.smtp_from, creds.smtp_from);
	assert_int_equal(again.smtp_to_count, 2);
	assert_string_equal(again.smtp_to[0], "a@x.test");
	assert_string_equal(again.smtp_to[1], "b@x.test");
	assert_string_equal(again.smtp_user, creds.smtp_user);
	assert_string_equal(again.smtp_pass, creds.smtp_pass);
	assert_string_equal(again.smtp_ca, creds.smtp_ca);
	creds_wipe(&creds);
	creds_wipe(&again);
	file_wipe(&text);
}

static void
a_file_that_says_something_else_is_refused_by_line(void **state)
{
	struct creds creds;

	(void)state;
	read_text("# nothing but defaults\n", &creds);
	assert_string_equal(creds.smtp_addr, CREDS_DEFAULT_ADDR);
	creds_wipe(&creds);
	read_text("smtpTo = 'a@b, c@d'", &creds);
	assert_int_equal(creds.smtp_to_count, 2);
	creds_wipe(&creds);
	refuse_text("\nsmtpPas = 'x'",
	    "f:2: unknown name smtpPas; did you mean smtpPass?");
	refuse_text("elephant = 'x'", "f:1: unknown name elephant");
	refuse_text("smtpUser = 5",
	    "f:1: smtpUser is a string in quotes, not of type integer");
	refuse_text("smtpUser = ['a']",
	    "f:1: smtpUser is a string in quotes, not of type array");
	refuse_text("smtpTo = [1]", "f:1: smtpTo is an array of strings");
	refuse_text("smtpTo = ['a@b',\n'c']",
	    "f:1: smtpTo: \"c\" is no mail address: it has no @");
	refuse_text("smtpPass = \"a\\nb\"",
	    "f:1: smtpPass: control characters are not allowed");
	refuse_text("[smtp]\n", "f:1: there are no tables in this file");
	refuse_text("smtpUser = 'u'", "f: smtpUser needs smtpPass");
	refuse_text("smtpPass = x",
	    "f:1: a value is a string in quotes, an "
	    "integer, true, false or an array of these");
}

static void
flags_count_over_the_file(void **state)
{
	struct settings none = {0}, some = {0};
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;
	char addr[] = "mail.example.com", to[] = "x@y,z@y", bad[] = "nobody";

	(void)state;
	/* No file and no flags: no relay. */
	assert_true(creds_override(&creds, &none, &err));
	assert_null(creds.smtp_addr);
	/* No file: the flags alone. */
	some.smtp_addr = addr;
	some.smtp_to = to;
	assert_true(creds_override(&creds, &some, &err));
	assert_string_equal(creds.smtp_addr, "mail.example.com");
	assert_int_equal(creds.smtp_to_count, 2);
	assert_string_equal(creds.smtp_from, CREDS_DEFAULT_FROM);
	creds_wipe(&creds);
	read_text("smtpUser='u'\nsmtpPass='p'\nsmtpTo=['a@b']", &creds);
	assert_true(creds_override(&creds, &some, &err));
	assert_string_equal(creds.smtp_addr, "mail.example.com");
	assert_string_equal(creds.smtp_user, "u");
	assert_string_equal(creds.smtp_pass, "p");
	assert_string_equal(creds.smtp_to[0], "x@y");
	some.smtp_to = bad;
	assert_false(creds_override(&creds, &some, &err));
	creds_wipe(&creds);
}

/* A folder like the one that systemd's LoadCredential= fills, and a file of
 * the operator's. */
struct places {
	char folder[64], creds[80], pass[80], file[80], pass_file[80];
	struct settings settings;
};

static void
put(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	assert_true(
	    file_write_whole(path, text, strlen(text), 0600, true, &err));
}

static void
enter_places(struct places *p)
{
	memset(p, 0, sizeof *p);
	snprintf(p->folder, sizeof p->folder, "/tmp/creds_test.XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->creds, sizeof p->creds, "%s/creds", p->folder);
	snprintf(p->pass, sizeof p->pass, "%s/smtpPass", p->folder);
	snprintf(p->file, sizeof p->file, "%s/own", p->folder);
	snprintf(p->pass_file, sizeof p->pass_file, "%s/p", p->folder);
	p->settings.creds_file = p->file;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", p->folder, 1), 0);
}

static void
leave_places(struct places *p)
{
	unsetenv("CREDENTIALS_DIRECTORY");
	(void)unlink(p->creds);
	(void)unlink(p->pass);
	(void)unlink(p->file);
	(void)unlink(p->pass_file);
	assert_int_equal(rmdir(p->folder), 0);
}

static void
gathers(const struct places *p, const char *user, const char *pass)
{
	struct creds creds;
	struct err err = ERR_INIT;

	assert_true(creds_gather(&p->settings, &creds, &err));
	if (user == NULL) {
		assert_null(creds.smtp_addr);
		assert_null(creds.smtp_pass);
	} else {
		assert_non_null(creds.smtp_addr);
		assert_string_equal(creds.smtp_user, user);
		assert_string_equal(creds.smtp_pass, pass);
	}
	creds_wipe(&creds);
}

static void
gathering_fails(const struct places *p, const char *why)
{
	struct creds creds;
	struct err err = ERR_INIT;

	assert_false(creds_gather(&p->settings, &creds, &err));
	assert_non_null(strstr(err.text, why));
	assert_null(creds.smtp_addr);
	assert_null(creds.smtp_pass);
}

static void
what_a_service_manager_passes_counts_over_the_default_file(void **state)
{
	struct places p;

	(void)state;
	enter_places(&p);
	gathers(&p, NULL, NULL);
	put(p.file, "smtpUser='own'\nsmtpPass='1'");
	gathers(&p, "own", "1");
	/* Blank is how a unit says that it may be missing. */
	put(p.creds, "");
	gathers(&p, "own", "1");
	put(p.creds, "\n");
	gathers(&p, "own", "1");
	put(p.creds, "smtpUser='passed'\nsmtpPass='2'");
	gathers(&p, "passed", "2");
	/* What --credsFile names counts over it. */
	p.settings.creds_file_given = true;
	gathers(&p, "own", "1");
	p.settings.creds_file_given = false;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "tmp", 1), 0);
	gathers(&p, "own", "1");
	leave_places(&p);
}

static void
the_password_may_come_from_elsewhere(void **state)
{
	struct places p;
	char flag[] = "5";

	(void)state;
	enter_places(&p);
	/* Alone it makes no relay. */
	put(p.pass, "3\n");
	gathers(&p, NULL, NULL);
	p.settings.smtp_pass = flag;
	gathers(&p, NULL, NULL);
	p.settings.smtp_pass = NULL;
	put(p.file, "smtpUser='u'");
	gathers(&p, "u", "3");
	put(p.file, "smtpUser='u'\nsmtpPass='1'");
	gathers(&p, "u", "3");
	put(p.pass, "\n");
	gathers(&p, "u", "1");
	put(p.pass, "3");
	put(p.pass_file, "4\r\n");
	p.settings.smtp_pass_file = p.pass_file;
	gathers(&p, "u", "4");
	p.settings.smtp_pass_file = NULL;
	p.settings.smtp_pass = flag;
	gathers(&p, "u", "5");
	p.settings.smtp_pass = NULL;
	put(p.file, "smtpUser='u'");
	assert_int_equal(unlink(p.pass), 0);
	gathering_fails(&p, "smtpUser needs smtpPass");
	leave_places(&p);
}

static void
a_password_file_that_is_not_good_is_refused(void **state)
{
	struct places p;
	char many[300];

	(void)state;
	enter_places(&p);
	put(p.file, "smtpUser='u'");
	p.settings.smtp_pass_file = p.pass_file;
	gathering_fails(&p, "cannot open");
	put(p.pass_file, "one\ntwo\n");
	gathering_fails(&p, "holds more than one line");
	memset(many, 'x', sizeof many - 1);
	many[sizeof many - 1] = '\0';
	put(p.pass_file, many);
	gathering_fails(&p, "smtpPass: more than 255 bytes");
	put(p.pass_file, "p");
	assert_int_equal(chmod(p.pass_file, 0644), 0);
	gathering_fails(&p, "others have access");
	leave_places(&p);
}

static void
a_file_is_kept_for_its_owner_alone(void **state)
{
	char folder[] = "/tmp/creds_test.XXXXXX", path[64], deep[64];
	struct creds creds = CREDS_INIT, got;
	struct err err = ERR_INIT;
	struct stat st;
	bool there = true;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(deep, sizeof deep, "%s/stat", folder);
	snprintf(path, sizeof path, "%s/stat/creds", folder);
	assert_true(creds_load(path, &got, &there, &err));
	assert_false(there);
	assert_null(got.smtp_addr);
	set(&creds, "smtpUser", "u");
	set(&creds, "smtpPass", "p");
	assert_true(creds_complete(&creds, &err));
	assert_true(creds_save(path, &creds, false, &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(creds_load(path, &got, &there, &err));
	assert_true(there);
	assert_string_equal(got.smtp_pass, "p");
	creds_wipe(&got);
	/* A second one only by force. */
	set(&creds, "smtpPass", "q");
	assert_false(creds_save(path, &creds, false, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_true(creds_save(path, &creds, true, &err));
	assert_true(creds_load(path, &got, &there, &err));
	assert_string_equal(got.smtp_pass, "q");
	creds_wipe(&got);
	assert_int_equal(chmod(path, 0640), 0);
	assert_false(creds_load(path, &got, &there, &err));
	assert_non_null(strstr(err.text, "run: chmod 600 "));
	assert_null(got.smtp_addr);
	creds_wipe(&creds);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(deep), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
a_pipe_brings_credentials_to_a_child(void **state)
{
	struct creds creds = CREDS_INIT, got;
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	char path[32];
	bool there;
	int fds[2];

	(void)state;
	set(&creds, "smtpUser", "u");
	set(&creds, "smtpPass", "p");
	assert_true(creds_complete(&creds, &err));
	creds_write_toml(&text, &creds);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text.data, text.len), text.len);
	close(fds[1]);
	snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
	assert_true(creds_load(path, &got, &there, &err));
	assert_true(there);
	assert_string_equal(got.smtp_pass, "p");
	close(fds[0]);
	creds_wipe(&got);
	creds_wipe(&creds);
	file_wipe(&text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_fill_what_is_not_given),
	    cmocka_unit_test(a_sender_has_an_address_and_maybe_a_name),
	    cmocka_unit_test(addresses_that_relays_refuse_are_refused),
	    cmocka_unit_test(recipients_are_a_list_with_commas),
	    cmocka_unit_test(user_and_password_end_at_255_bytes),
	    cmocka_unit_test(a_relay_is_a_host_and_a_port),
	    cmocka_unit_test(the_whole_is_checked_too),
	    cmocka_unit_test(what_is_written_is_read_back),
	    cmocka_unit_test(
		a_file_that_says_something_else_is_refused_by_line),
	    cmocka_unit_test(flags_count_over_the_file),
	    cmocka_unit_test(
		what_a_service_manager_passes_counts_over_the_default_file),
	    cmocka_unit_test(the_password_may_come_from_elsewhere),
	    cmocka_unit_test(a_password_file_that_is_not_good_is_refused),
	    cmocka_unit_test(a_file_is_kept_for_its_owner_alone),
	    cmocka_unit_test(a_pipe_brings_credentials_to_a_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
