/* SPDX-License-Identifier: MIT */
/*
 * mail: the settings smtp-...: the relay that takes e-mail for subscribers (core/mail.h). Main.
 */
#ifndef TERN_SERVER_MAIL_H
#define TERN_SERVER_MAIL_H

#include "core/mail.h"
#include "server/settings.h"

/*
 * Reads the password and the authorities. *out_relay: NULL without smtp-relay. False: a setting is
 * wrong; a sentence is in `problem`.
 */
bool mail_relay_open(const struct settings *settings, struct mail_relay **out_relay, char *problem,
		     size_t size);
/* Wipes the password. Accepts NULL, leaves NULL. */
void mail_relay_close(struct mail_relay **relay);

#endif
