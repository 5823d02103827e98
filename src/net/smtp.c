/* SPDX-License-Identifier: MIT */
/*
 * smtp: command and reply in turn, on a socket that does not block, with poll up to the deadline.
 * The body is base64 (RFC 2045), so no line is too long or begins with a point.
 */
#include "net/smtp.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"

enum { REPLY_SIZE = 4096, LINE_BYTES = 54, WORD_BYTES = 42, ADDRESS_MAX = 320 };

struct conversation {
	int fd;
	int64_t deadline_ms;
	char reply[REPLY_SIZE];
	size_t reply_size;
	struct smtp_result *result;
};

/* ---- the mail ---- */

bool smtp_is_address(struct str text)
{
	size_t at = str_find_char(text, '@', 0);

	if (at == SIZE_MAX || at == 0 || at + 1 == text.size || text.size > ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] <= ' ' || text.data[i] == '<' ||
		    text.data[i] == '>' || (unsigned char)text.data[i] >= 0x7F)
			return false;
	return str_find_char(text, '@', at + 1) == SIZE_MAX;
}

static void append_base64(struct buf *out, struct str bytes)
{
	base64_format(bytes, buf_extend(out, base64_size(bytes.size)));
}

static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] < ' ' || (unsigned char)text.data[i] >= 0x7F)
			return false;
	return text.size <= 200 && str_find(text, STR("=?"), 0) == SIZE_MAX;
}

/* As encoded words (RFC 2047), each of whole characters. */
static void append_subject(struct buf *out, struct str subject)
{
	if (is_plain(subject)) {
		buf_append(out, subject);
		return;
	}
	for (size_t at = 0; at < subject.size;) {
		size_t size = 0;
		while (at + size < subject.size) {
			size_t length = str_utf8_sequence(str_slice(subject, at + size, SIZE_MAX));
			length = length == 0 ? 1 : length;
			if (size + length > WORD_BYTES)
				break;
			size += length;
		}
		buf_append(out, at > 0 ? STR("\r\n =?UTF-8?B?") : STR("=?UTF-8?B?"));
		append_base64(out, str_slice(subject, at, size));
		buf_append(out, STR("?="));
		at += size;
	}
}

void smtp_format(struct buf *out, const struct smtp_mail *mail)
{
	char date[CLOCK_TEXT_MAX];
	int size = clock_format_http(mail->date_ms, date);

	buf_format(out, "Date: %.*s\r\nFrom: <%.*s>\r\nTo: <%.*s>\r\nMessage-ID: <%.*s>\r\n", size,
		   date, STR_ARG(mail->from), STR_ARG(mail->to), STR_ARG(mail->id));
	buf_append(out, STR("Subject: "));
	append_subject(out, mail->subject);
	buf_append(out, STR("\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
			    "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated"
			    "\r\n\r\n"));
	for (size_t at = 0; at < mail->body.size; at += LINE_BYTES) {
		append_base64(out, str_slice(mail->body, at, LINE_BYTES));
		buf_append(out, STR("\r\n"));
	}
}

/* ---- the connection ---- */

static bool complain(struct conversation *talk, const char *text)
{
	talk->result->code = 0;
	snprintf(talk->result->text, sizeof(talk->result->text), "%s", text);
	return false;
}

static bool await(struct conversation *talk, short events)
{
	struct pollfd item = {.fd = talk->fd, .events = events};

	for (;;) {
		int64_t left_ms = talk->deadline_ms - clock_base_ms();
		if (left_ms <= 0)
			return complain(talk, "the mail server does not answer in time");
		int count = poll(&item, 1, left_ms > 1000000 ? 1000000 : (int)left_ms);
		if (count > 0)
			return true;
		if (count < 0 && errno != EINTR)
			return complain(talk, strerrordesc_np(errno));
	}
}

static bool write_all(struct conversation *talk, struct str text)
{
	while (text.size > 0) {
		ssize_t size = send(talk->fd, text.data, text.size, MSG_NOSIGNAL);
		if (size < 0 && errno != EAGAIN && errno != EINTR)
			return complain(talk, "the mail server has closed the connection");
		if (size < 0 && !await(talk, POLLOUT))
			return false;
		if (size > 0)
			text = str_slice(text, (size_t)size, SIZE_MAX);
	}
	return true;
}

/* The size of the first whole reply, whose last line has no hyphen behind the code; 0: not yet. */
static size_t find_reply(struct str text)
{
	for (size_t at = 0; at < text.size;) {
		size_t end = str_find_char(text, '\n', at);
		if (end == SIZE_MAX)
			return 0;
		if (end - at < 4 || text.data[at + 3] != '-')
			return end + 1;
		at = end + 1;
	}
	return 0;
}

static bool note_reply(struct conversation *talk, size_t size, int expected)
{
	struct str reply = str_of(talk->reply, size), line = str_cut(&reply, '\n');
	uint64_t code;

	if (!str_to_u64(str_slice(line, 0, 3), &code) || code < 100)
		return complain(talk, "the mail server's answer is no SMTP");
	if (str_ends(line, STR("\r")))
		line = str_slice(line, 0, line.size - 1);
	talk->result->code = (int)code;
	snprintf(talk->result->text, sizeof(talk->result->text), "%.*s", STR_ARG(line));
	memmove(talk->reply, talk->reply + size, talk->reply_size - size);
	talk->reply_size -= size;
	return (int)code / 100 == expected;
}

/* Reads a reply; false if its first digit is another. */
static bool expect(struct conversation *talk, int expected)
{
	size_t size;

	while ((size = find_reply(str_of(talk->reply, talk->reply_size))) == 0) {
		if (talk->reply_size == sizeof(talk->reply))
			return complain(talk, "the mail server's answer is too long");
		ssize_t got = recv(talk->fd, talk->reply + talk->reply_size,
				   sizeof(talk->reply) - talk->reply_size, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return complain(talk, "the mail server has closed the connection");
		if (got < 0 && !await(talk, POLLIN))
			return false;
		talk->reply_size += got > 0 ? (size_t)got : 0;
	}
	return note_reply(talk, size, expected);
}

static bool ask(struct conversation *talk, int expected, const char *before, struct str text,
		const char *behind)
{
	struct buf line = {0};

	buf_format(&line, "%s%.*s%s\r\n", before, STR_ARG(text), behind);
	bool is_sent = write_all(talk, buf_str(&line));
	buf_done(&line);
	return is_sent && expect(talk, expected);
}

static bool connect_to(struct conversation *talk, const struct addrinfo *address)
{
	int error = 0;
	socklen_t size = sizeof(error);

	talk->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (talk->fd < 0)
		return complain(talk, "no socket is available");
	if (connect(talk->fd, address->ai_addr, address->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			return complain(talk, "the mail server refuses the connection");
		if (!await(talk, POLLOUT))
			return false;
		if (getsockopt(talk->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
			return complain(talk, "the mail server refuses the connection");
	}
	return true;
}

static bool reach(struct conversation *talk, struct arena *arena, struct str relay)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *at;
	size_t colon = relay.size;
	bool is_connected = false;

	while (colon > 0 && relay.data[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return complain(talk, "the setting smtp-relay is no HOST:PORT");
	struct str host = str_slice(relay, 0, colon - 1), port = str_slice(relay, colon, SIZE_MAX);
	if (host.size > 2 && host.data[0] == '[')
		host = str_slice(host, 1, host.size - 2);
	if (getaddrinfo(arena_cstr(arena, host), arena_cstr(arena, port), &hints, &list) != 0)
		return complain(talk, "the mail server's name has no address");
	for (at = list; at && !is_connected; at = at->ai_next) {
		if (talk->fd >= 0)
			close(talk->fd);
		is_connected = connect_to(talk, at);
	}
	freeaddrinfo(list);
	return is_connected;
}

static bool converse(struct conversation *talk, const struct smtp_mail *mail)
{
	struct buf content = {0};

	if (!expect(talk, 2) || !ask(talk, 2, "EHLO localhost", STR(""), "") ||
	    !ask(talk, 2, "MAIL FROM:<", mail->from, ">") ||
	    !ask(talk, 2, "RCPT TO:<", mail->to, ">") || !ask(talk, 3, "DATA", STR(""), ""))
		return false;
	smtp_format(&content, mail);
	buf_append(&content, STR(".\r\n"));
	bool is_taken = write_all(talk, buf_str(&content)) && expect(talk, 2);
	buf_done(&content);
	return is_taken;
}

void smtp_send(const struct smtp_mail *mail, struct smtp_result *out_result)
{
	struct conversation talk = {
		.fd = -1,
		.deadline_ms = clock_base_ms() + mail->timeout_ms,
		.result = out_result,
	};
	struct arena arena;

	*out_result = (struct smtp_result){0};
	arena_init(&arena);
	if (!smtp_is_address(mail->from) || !smtp_is_address(mail->to))
		(void)complain(&talk, "the address is not one of e-mail");
	else if (reach(&talk, &arena, mail->relay))
		out_result->is_sent = converse(&talk, mail);
	if (out_result->is_sent)
		(void)write_all(&talk, STR("QUIT\r\n")); /* the mail is theirs in any case */
	if (talk.fd >= 0)
		close(talk.fd);
	arena_done(&arena);
}
