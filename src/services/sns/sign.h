/* SPDX-License-Identifier: MIT */
/*
 * sign: the server's key for messages, and its certificate at
 * /SimpleNotificationService-<hex>.pem.
 *
 * One key signs for all accounts and regions. It is made with the first topic and kept sealed in
 * the catalog. A signature takes about 0.5 ms: a worker or the control thread makes it, once for
 * each body of a message.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
#ifndef TERN_SERVICES_SNS_SIGN_H
#define TERN_SERVICES_SNS_SIGN_H

#include "core/service.h"
#include "services/sns/envelope.h"

struct sns_signer;

/* Main, at the start: loads the key, if one was made. ERR_DAMAGED and the catalog's errors. */
must_check enum err sns_signer_load(struct core *core);
/* Control thread: makes the key if there is none, which takes up to a second. The catalog's errors.
 */
must_check enum err sns_signer_ensure(struct core *core);
void sns_signer_free(struct sns_signer **signer); /* accepts NULL, leaves NULL */

/* Any thread: do notifications to that subscription carry a signature? */
bool sns_signs(const struct core *core, const struct topic *topic,
	       const struct subscription *subscription);
/* Worker or control thread: the signature of the text, in the arena. `version` data NULL: "1". */
struct sns_signature sns_sign(struct core *core, struct arena *arena, struct str version,
			      struct str text);

extern const struct service_pages sns_pages;

#endif
