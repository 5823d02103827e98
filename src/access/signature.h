/* SPDX-License-Identifier: MIT */
/*
 * signature: verifies Signature Version 4 of a request, in the Authorization header or in a
 * presigned query string.
 *
 * Rules and texts: AWS General Reference, "Signature Version 4 for API requests" and its
 * troubleshooting page. Comparison takes constant time.
 */
#ifndef TERN_ACCESS_SIGNATURE_H
#define TERN_ACCESS_SIGNATURE_H

#include "access/signer.h"
#include "http/request.h"
#include "wire/shape.h"
#include "wire/sigv4.h"

enum access_fault {
	ACCESS_MISSING_TOKEN,	     /* not signed at all */
	ACCESS_INCOMPLETE_SIGNATURE, /* a part is missing or malformed */
	ACCESS_UNKNOWN_KEY,	     /* no such access key, or not with that session token */
	ACCESS_EXPIRED_TOKEN,	     /* temporary credentials that have ended */
	ACCESS_WRONG_SIGNATURE,	     /* signature, scope or time are not right */
	ACCESS_FAULTS,
};
extern const struct fault_type access_faults[ACCESS_FAULTS];

enum { SIGNATURE_CACHE_SIZE = 64, SIGNATURE_CREDENTIAL_SIZE = 112 };
/* Signing keys derived lately; zero-initialised is empty. One owning thread. */
struct signature_cache {
	struct signature_cached {
		size_t size; /* of the credential; 0: free */
		char credential[SIGNATURE_CREDENTIAL_SIZE];
		struct sigv4_key key;
	} entries[SIGNATURE_CACHE_SIZE];
};

struct signature_request {
	const struct http_request *http;
	struct str body;    /* as it was sent, before any Content-Encoding was taken off */
	struct str service; /* that the scope must name: "sqs"; data NULL: any */
	int64_t now_ms;	    /* real time: a shifted clock would age every signature */
};

struct signature {
	const struct principal *principal; /* the signer; a reference of the caller's */
	struct str key_id, region;	   /* of the credential; views into the request */
};

/* ERR_FAULT with one of access_faults in *out_fault and AWS's text in *out_problem. */
must_check enum err signature_verify(struct arena *arena, const struct signer_source *signers,
				     struct signature_cache *cache,
				     const struct signature_request *request,
				     struct signature *out_signature,
				     const struct fault_type **out_fault, struct str *out_problem);

#endif
