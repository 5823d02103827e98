/* SPDX-License-Identifier: MIT */
/*
 * smtp: command and reply in turn, on a socket that does not block, with poll up to the deadline.
 * The body is base64 (RFC 2045), so no line is too long or begins with a point.
 */
#include "net/smtp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "net/resolve.h"
#include "net/tls.h"

enum { REPLY_SIZE = 4096, LINE_BYTES = 54, WORD_BYTES = 42, ADDRESS_MAX = 320 };

struct conversation {
	int fd;
	int64_t deadline_ms;
	const char *host;	 /* of the relay, without brackets */
	struct tls_session *tls; /* NULL: none */
	char reply[REPLY_SIZE];
	size_t reply_size;
	char last[REPLY_SIZE]; /* the last reply, with all its lines */
	size_t last_size;
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

static bool write_raw(struct conversation *talk, struct str text)
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

static bool write_all(struct conversation *talk, struct str text)
{
	struct buf wire = {0};

	if (!talk->tls)
		return write_raw(talk, text);
	tls_session_send(talk->tls, text, &wire);
	bool is_sent = write_raw(talk, buf_str(&wire));
	buf_done(&wire);
	return is_sent;
}

/* Waits for bytes; their number, up to the room; 0: none come. */
static size_t read_raw(struct conversation *talk, char *out, size_t room)
{
	for (;;) {
		ssize_t got = recv(talk->fd, out, room, 0);
		if (got > 0)
			return (size_t)got;
		if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
			(void)complain(talk, "the mail server has closed the connection");
			return 0;
		}
		if (!await(talk, POLLIN))
			return 0;
	}
}

/* Bytes from the wire go through the session; plain ones are appended to the reply. */
static bool receive_tls(struct conversation *talk)
{
	char bytes[REPLY_SIZE];
	struct buf plain = {0}, wire = {0};

	size_t got = read_raw(talk, bytes, sizeof(bytes));
	if (got == 0)
		return false;
	enum err err = tls_session_receive(talk->tls, str_of(bytes, got), &plain, &wire);
	bool is_good = write_raw(talk, buf_str(&wire));
	if (err == ERR_INVALID)
		is_good = complain(talk, tls_session_problem(talk->tls));
	else if (err)
		is_good = complain(talk, "the mail server has closed the connection");
	if (is_good && plain.size > sizeof(talk->reply) - talk->reply_size)
		is_good = complain(talk, "the mail server's answer is too long");
	if (is_good && plain.size > 0) {
		memcpy(talk->reply + talk->reply_size, plain.data, plain.size);
		talk->reply_size += plain.size;
	}
	buf_done(&plain);
	buf_done(&wire);
	return is_good;
}

static bool receive(struct conversation *talk)
{
	if (talk->tls)
		return receive_tls(talk);
	size_t got = read_raw(talk, talk->reply + talk->reply_size,
			      sizeof(talk->reply) - talk->reply_size);
	talk->reply_size += got;
	return got > 0;
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
	memcpy(talk->last, talk->reply, size);
	talk->last_size = size;
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
		if (!receive(talk))
			return false;
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

static bool connect_to(struct conversation *talk, const union resolve_address *address)
{
	int error = 0;
	socklen_t size = sizeof(error);

	socklen_t length =
		address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);

	talk->fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (talk->fd < 0)
		return complain(talk, "no socket is available");
	if (connect(talk->fd, &address->any, length) != 0) {
		if (errno != EINPROGRESS)
			return complain(talk, "the mail server refuses the connection");
		if (!await(talk, POLLOUT))
			return false;
		if (getsockopt(talk->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
			return complain(talk, "the mail server refuses the connection");
	}
	return true;
}

static int64_t left_ms(int64_t end_ms)
{
	int64_t left = end_ms - clock_base_ms();

	return left > 0 ? left : 0;
}

static bool reach(struct conversation *talk, struct arena *arena, struct str relay)
{
	int64_t end_ms = talk->deadline_ms;
	struct resolved found;
	size_t colon = relay.size;
	bool is_connected = false;

	while (colon > 0 && relay.data[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return complain(talk, "the setting smtp-relay is no HOST:PORT");
	struct str host = str_slice(relay, 0, colon - 1), port = str_slice(relay, colon, SIZE_MAX);
	if (host.size > 2 && host.data[0] == '[')
		host = str_slice(host, 1, host.size - 2);
	if (port.size == 0 || port.size > 5)
		return complain(talk, "the setting smtp-relay is no HOST:PORT");
	talk->host = arena_cstr(arena, host);
	if (!resolve_wait(talk->host, arena_cstr(arena, port), left_ms(end_ms), &found))
		return complain(talk, "the mail server's name was not resolved in time");
	if (found.count == 0)
		return complain(talk, "the mail server's name has no address");
	for (uint32_t i = 0; i < found.count && !is_connected; i++) {
		if (talk->fd >= 0)
			close(talk->fd);
		/* An address that hangs leaves time for those behind it. */
		talk->deadline_ms = clock_base_ms() + left_ms(end_ms) / (found.count - i);
		is_connected = connect_to(talk, &found.addresses[i]);
	}
	talk->deadline_ms = end_ms;
	return is_connected;
}

/* ---- TLS and login ---- */

static bool shake_hands(struct conversation *talk, const struct smtp_mail *mail)
{
	struct buf wire = {0};

	/* Bytes before the handshake are not the server's that the certificate names. */
	if (talk->reply_size > 0)
		return complain(talk, "the mail server answers before TLS begins");
	talk->tls = tls_session_new_client(mail->context, talk->host, NULL);
	tls_session_begin(talk->tls, &wire);
	bool is_good = write_raw(talk, buf_str(&wire));
	buf_done(&wire);
	while (is_good && !tls_session_is_ready(talk->tls))
		is_good = receive_tls(talk);
	return is_good;
}

static bool is_among(struct str line, struct str word)
{
	while (line.size > 0) {
		struct str next = str_cut(&line, ' ');
		if (str_equal_nocase(next, word))
			return true;
	}
	return false;
}

/* The lines of the answer to EHLO name what the server can do: "250-AUTH LOGIN PLAIN". */
static bool offers(const struct conversation *talk, struct str keyword, struct str word)
{
	struct str rest = str_of(talk->last, talk->last_size);

	while (rest.size > 0) {
		struct str line = str_slice(str_cut(&rest, '\n'), 4, SIZE_MAX);
		if (str_ends(line, STR("\r")))
			line = str_slice(line, 0, line.size - 1);
		struct str name = str_cut(&line, ' ');
		if (str_equal_nocase(name, keyword))
			return word.size == 0 || is_among(line, word);
	}
	return false;
}

/* A line that holds a secret is wiped. */
static bool ask_base64(struct conversation *talk, int expected, const char *before,
		       struct str bytes)
{
	struct buf line = {0};

	buf_append(&line, str_from(before));
	append_base64(&line, bytes);
	buf_append(&line, STR("\r\n"));
	bool is_sent = write_all(talk, buf_str(&line));
	if (line.size > 0)
		explicit_bzero(line.data, line.size);
	buf_done(&line);
	return is_sent && expect(talk, expected);
}

static bool log_in(struct conversation *talk, const struct smtp_mail *mail)
{
	struct buf secret = {0};

	if (mail->user.size == 0)
		return true;
	if (!talk->tls)
		return complain(talk, "a login needs TLS");
	if (!offers(talk, STR("AUTH"), STR("PLAIN"))) {
		if (!offers(talk, STR("AUTH"), STR("LOGIN")))
			return complain(talk, "the mail server offers no login");
		return ask(talk, 3, "AUTH LOGIN", STR(""), "") &&
		       ask_base64(talk, 3, "", mail->user) &&
		       ask_base64(talk, 2, "", mail->password);
	}
	buf_append_char(&secret, '\0');
	buf_append(&secret, mail->user);
	buf_append_char(&secret, '\0');
	buf_append(&secret, mail->password);
	bool is_in = ask_base64(talk, 2, "AUTH PLAIN ", buf_str(&secret));
	explicit_bzero(secret.data, secret.size);
	buf_done(&secret);
	return is_in;
}

static bool greet(struct conversation *talk, const struct smtp_mail *mail)
{
	if (mail->tls == SMTP_TLS_IMPLICIT && !shake_hands(talk, mail))
		return false;
	if (!expect(talk, 2) || !ask(talk, 2, "EHLO localhost", STR(""), ""))
		return false;
	if (mail->tls == SMTP_TLS_START) {
		if (!offers(talk, STR("STARTTLS"), STR("")))
			return complain(talk, "the mail server offers no STARTTLS");
		if (!ask(talk, 2, "STARTTLS", STR(""), "") || !shake_hands(talk, mail) ||
		    !ask(talk, 2, "EHLO localhost", STR(""), ""))
			return false;
	}
	return log_in(talk, mail);
}

static bool converse(struct conversation *talk, const struct smtp_mail *mail)
{
	struct buf content = {0};

	if (!greet(talk, mail) || !ask(talk, 2, "MAIL FROM:<", mail->from, ">") ||
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
	tls_session_free(&talk.tls);
	arena_done(&arena);
}
