/* SPDX-License-Identifier: MIT */
/*
 * token: what confirms a subscription, or restores one that was deleted by its UnsubscribeURL.
 *
 * A token is sealed and holds all that it stands for, so nothing is stored for it; it is valid for
 * two days. Pure, any thread.
 *
 * https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
 */
#ifndef TERN_SERVICES_SNS_TOKEN_H
#define TERN_SERVICES_SNS_TOKEN_H

#include "core/seal/seal.h"
#include "services/sns/registry.h"

struct sns_token {
	bool is_restore; /* of a deleted subscription */
	int64_t expires_ms;
	struct str subscription_arn;
	struct str record; /* of is_restore: the subscription's (store.h), or empty: too large */
};

enum { SNS_TOKEN_MS = 2 * 24 * 3600 * 1000 };
/* Bytes of a record that fits into a token, so that the link fits into a request. */
enum { SNS_TOKEN_RECORD_MAX = 7000 };

/* The text, in the arena: hexadecimal digits, which need no escape in a URL. */
struct str sns_token_encode(struct seal *seal, struct arena *arena, const struct sns_token *token);
/* ERR_INVALID: its form is not one of a token. ERR_NOTFOUND: no token of this server, or changed.
 */
must_check enum err sns_token_decode(struct seal *seal, struct arena *arena, struct str text,
				     struct sns_token *out_token);

#endif
