/* SPDX-License-Identifier: MIT */
/*
 * signer: an access key's secret and principal.
 */
#ifndef TERN_ACCESS_SIGNER_H
#define TERN_ACCESS_SIGNER_H

#include "access/principal.h"

enum { SIGNER_SECRET_MAX = 128 };

enum signer_outcome {
	SIGNER_FOUND,
	SIGNER_UNKNOWN, /* no such key, inactive, or the session token is not the key's */
	SIGNER_EXPIRED, /* a session that has ended */
};

/* Wipe the secret with signer_wipe right after its use. */
struct signer {
	char secret[SIGNER_SECRET_MAX];
	size_t secret_size;
	const struct principal *principal; /* a reference; the caller releases it */
};
static inline void signer_wipe(struct signer *signer)
{
	explicit_bzero(signer->secret, sizeof(signer->secret));
}

/* A source of signers. `find` is called on any thread and must not block. */
struct signer_source {
	/* `token`: the session token of the request, empty without one; `now_ms` is real time. */
	enum signer_outcome (*find)(void *context, struct str key_id, struct str token,
				    int64_t now_ms, struct signer *out_signer);
	void *context;
};

#endif
