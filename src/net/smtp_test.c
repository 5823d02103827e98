/* SPDX-License-Identifier: MIT */
/* A mail server with a script: what it expects, and what it answers. */
#include "net/smtp.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fixture.h"

struct turn {
	const char *expected; /* how the client's next line begins; NULL: answer at once */
	const char *answer;   /* NULL: none; "": close */
};

static int listener;
static char relay[32];
static struct buf content; /* of DATA */

static int setup(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	(void)state;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 4), 0);
	getsockname(listener, (struct sockaddr *)&address, &size);
	snprintf(relay, sizeof(relay), "127.0.0.1:%d", ntohs(address.sin_port));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(listener);
	buf_done(&content);
	return 0;
}

static void read_line(FILE *stream, char *line, int size)
{
	if (!fgets(line, size, stream))
		line[0] = 0;
}

static void read_content(FILE *stream)
{
	char line[1200];

	buf_reset(&content);
	for (read_line(stream, line, sizeof(line)); line[0];
	     read_line(stream, line, sizeof(line))) {
		if (strcmp(line, ".\r\n") == 0)
			return;
		buf_append(&content, str_from(line));
	}
}

static void *serve(void *context)
{
	const struct turn *turn = context;
	FILE *stream = fdopen(accept(listener, NULL, NULL), "r+");
	char line[1200];

	for (; turn->expected || turn->answer; turn++) {
		if (turn->expected && strcmp(turn->expected, ".") == 0) {
			read_content(stream);
		} else if (turn->expected) {
			read_line(stream, line, sizeof(line));
			if (!str_starts(str_from(line), str_from(turn->expected)))
				break;
		}
		if (turn->answer && turn->answer[0] == 0)
			break;
		if (turn->answer) {
			fseek(stream, 0, SEEK_CUR);
			fprintf(stream, "%s\r\n", turn->answer);
			fflush(stream);
		} else {
			read_line(stream, line, sizeof(line)); /* until the client leaves */
		}
	}
	fclose(stream);
	return NULL;
}

static struct smtp_mail mail_of(struct str subject, struct str body)
{
	return (struct smtp_mail){.relay = str_from(relay),
				  .from = STR("sns@example.com"),
				  .to = STR("me@example.com"),
				  .subject = subject,
				  .body = body,
				  .id = STR("1@tern"),
				  .date_ms = 1700000000000,
				  .timeout_ms = 5000};
}

static struct smtp_result run(const struct turn *script, const struct smtp_mail *mail)
{
	struct smtp_result result;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, serve, (void *)(uintptr_t)script), 0);
	smtp_send(mail, &result);
	pthread_join(thread, NULL);
	return result;
}

static const struct turn good[] = {
	{NULL, "220-hello\r\n220 there"},
	{"EHLO localhost\r\n", "250-SIZE 1000\r\n250 OK"},
	{"MAIL FROM:<sns@example.com>\r\n", "250 OK"},
	{"RCPT TO:<me@example.com>\r\n", "250 OK"},
	{"DATA\r\n", "354 go on"},
	{".", "250 queued as 7"},
	{0},
};

static void test_a_mail_is_handed_over(void **state)
{
	struct smtp_mail mail = mail_of(STR("hello"), STR("a\n.\nb"));

	(void)state;
	struct smtp_result result = run(good, &mail);
	assert_true(result.is_sent);
	assert_int_equal(result.code, 250);
	assert_string_equal(result.text, "250 queued as 7");
	assert_str(buf_str(&content),
		   "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\nFrom: <sns@example.com>\r\n"
		   "To: <me@example.com>\r\nMessage-ID: <1@tern>\r\nSubject: hello\r\n"
		   "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
		   "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n"
		   "YQouCmI=\r\n");
}

static void test_subjects_and_bodies_have_any_text(void **state)
{
	char body[200];
	struct smtp_mail mail =
		mail_of(STR("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
			    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
			    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"),
			str_of(body, sizeof(body)));
	struct buf out = {0};

	(void)state;
	memset(body, 'x', sizeof(body));
	smtp_format(&out, &mail);
	assert_true(str_find(buf_str(&out),
			     STR("Subject: =?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpM"
				 "Okw6TDpMOk?=\r\n =?UTF-8?B?w6Q=?=\r\n"),
			     0) != SIZE_MAX);
	struct str rest = buf_str(&out);
	while (rest.data)
		assert_true(str_cut(&rest, '\n').size <= 78);
	buf_done(&out);
}

static void test_a_refusal_has_its_code_and_text(void **state)
{
	static const struct turn busy[] = {{NULL, "421 too many connections"}, {0}};
	static const struct turn unknown[] = {{NULL, "220 hello"},
					      {"EHLO", "250 OK"},
					      {"MAIL", "250 OK"},
					      {"RCPT", "550 no such user"},
					      {0}};
	struct smtp_mail mail = mail_of(STR("hello"), STR("x"));

	(void)state;
	struct smtp_result result = run(busy, &mail);
	assert_false(result.is_sent);
	assert_int_equal(result.code, 421);
	result = run(unknown, &mail);
	assert_false(result.is_sent);
	assert_int_equal(result.code, 550);
	assert_string_equal(result.text, "550 no such user");
}

static void test_a_server_that_hangs_leaves_or_talks_nonsense_is_told(void **state)
{
	static const struct turn silent[] = {{NULL, "220 hello"}, {"EHLO", NULL}, {0}};
	static const struct turn gone[] = {{NULL, "220 hello"}, {"EHLO", ""}, {0}};
	static const struct turn other[] = {{NULL, "HTTP/1.1 400 Bad Request"}, {0}};
	struct smtp_mail mail = mail_of(STR("hello"), STR("x"));

	(void)state;
	mail.timeout_ms = 100;
	struct smtp_result result = run(silent, &mail);
	assert_false(result.is_sent);
	assert_int_equal(result.code, 0);
	assert_string_equal(result.text, "the mail server does not answer in time");
	mail.timeout_ms = 5000;
	result = run(gone, &mail);
	assert_string_equal(result.text, "the mail server has closed the connection");
	result = run(other, &mail);
	assert_string_equal(result.text, "the mail server's answer is no SMTP");
}

static void test_nothing_is_sent_without_a_relay_or_an_address(void **state)
{
	struct smtp_mail mail = mail_of(STR("hello"), STR("x"));
	struct smtp_result result;

	(void)state;
	mail.to = STR("me@example.com>\r\nRCPT TO:<you");
	smtp_send(&mail, &result);
	assert_false(result.is_sent);
	assert_string_equal(result.text, "the address is not one of e-mail");
	mail = mail_of(STR("hello"), STR("x"));
	mail.relay = STR("localhost");
	smtp_send(&mail, &result);
	assert_string_equal(result.text, "the setting smtp-relay is no HOST:PORT");
	close(listener);
	mail = mail_of(STR("hello"), STR("x"));
	smtp_send(&mail, &result);
	assert_string_equal(result.text, "the mail server refuses the connection");
}
