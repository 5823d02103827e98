/* SPDX-License-Identifier: MIT */
/*
 * smtp: hands one e-mail to a mail server (RFC 5321), a relay that does the rest. With TLS from the
 * beginning or by STARTTLS (RFC 3207), and with a login (RFC 4954), by choice.
 *
 * Blocks, within a deadline: for worker threads. One connection a mail. Any thread.
 */
#ifndef TERN_NET_SMTP_H
#define TERN_NET_SMTP_H

#include "base/base.h"

struct tls_context;

enum smtp_tls { SMTP_TLS_OFF, SMTP_TLS_START, SMTP_TLS_IMPLICIT };

struct smtp_mail {
	struct str relay; /* "host:port", "[::1]:25" */
	enum smtp_tls tls;
	struct tls_context *context; /* of a client's side; may be NULL with SMTP_TLS_OFF */
	struct str user, password;   /* user empty: no login; needs TLS */
	struct str from, to;	     /* addresses */
	struct str subject;	     /* UTF-8 without control characters */
	struct str body;	     /* UTF-8 */
	struct str id;		     /* of Message-ID, without brackets */
	int64_t date_ms;
	int64_t timeout_ms; /* for all of it */
};

enum { SMTP_TEXT_SIZE = 256 };

struct smtp_result {
	bool is_sent;		   /* the relay has taken it */
	int code;		   /* of the reply that decided; 0: none came */
	char text[SMTP_TEXT_SIZE]; /* that reply's, or what was wrong */
};

void smtp_send(const struct smtp_mail *mail, struct smtp_result *out_result);

/* False: the text cannot be an address of an envelope or a header. */
bool smtp_is_address(struct str text);
/* Headers and body as they are sent, up to the line with a point; for tests. */
void smtp_format(struct buf *out, const struct smtp_mail *mail);

#endif
