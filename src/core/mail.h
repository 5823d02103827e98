/* SPDX-License-Identifier: MIT */
/*
 * mail: e-mail of services to people, through the relay of the setting smtp-relay (net/smtp.h).
 */
#ifndef TERN_CORE_MAIL_H
#define TERN_CORE_MAIL_H

#include "base/base.h"
#include "net/smtp.h"

struct core;
struct tls_context;

/* The relay and how it is reached: core->mail. Texts live as long as it. */
struct mail_relay {
	struct str address; /* "host:port" */
	struct str from;    /* the sender's address */
	enum smtp_tls tls;
	struct tls_context *context; /* NULL: SMTP_TLS_OFF */
	struct str user, password;   /* user empty: no login */
};

struct mail {
	struct str id; /* unique, of letters, digits and hyphens */
	struct str to; /* an address; see mail_is_address */
	struct str subject, body;
};
struct mail_result {
	bool is_sent;
	int code;	 /* of the relay's reply that decided; 0: none came */
	struct str text; /* that reply, or what was wrong; in the arena */
};

/* False: no relay is configured, so e-mail waits. */
bool mail_has_relay(const struct core *core);
bool mail_is_address(struct str text);
/* Worker thread: blocks for LIMIT_MAIL_MS at most. */
void mail_send(const struct core *core, struct arena *arena, const struct mail *mail,
	       struct mail_result *out_result);

#endif
