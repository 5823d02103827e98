/* SPDX-License-Identifier: MIT */
/*
 * sigv4: AWS Signature Version 4. The client signs with it, the server computes what a signature
 * should have been; both from the same views of one request.
 *
 * Pure; any thread. Results live in the arena they were made in. A signing key holds for one date,
 * region and service: derive it once and keep it, signing then costs two SHA-256 over the head and
 * one HMAC. Rules: AWS General Reference, "Create a signed AWS API request" (protocols: SigV4).
 */
#ifndef TERN_WIRE_SIGV4_H
#define TERN_WIRE_SIGV4_H

#include "base/base.h"

#define SIGV4_SIGNATURE_SIZE 64 /* lower-case hex of an HMAC-SHA256 */

struct sigv4_header {
	struct str name;  /* any case */
	struct str value; /* as sent; blanks around and runs of blanks do not matter */
};

/* The signed parts of a request. Everything is borrowed. */
struct sigv4_request {
	struct str method; /* "POST" */
	struct str path;   /* as sent: percent-encoded once; empty is "/" */
	struct str query;  /* as sent, behind the '?'; '+' is a blank */
	/* The signed headers, in any order; host is among them, and every x-amz-* that is sent. */
	const struct sigv4_header *headers;
	size_t header_count;
	struct str payload_hash; /* hex SHA-256 of the body, or the text of x-amz-content-sha256 */
	/* S3: the path is encoded once and its dots and empty segments stay. */
	bool is_path_literal;
	/* The query parameter X-Amz-Security-Token is not signed: it came after the signature. */
	bool is_token_added_later;
};

/* "20150830/us-east-1/sqs/aws4_request" in pieces. */
struct sigv4_scope {
	struct str date; /* the first eight characters of X-Amz-Date */
	struct str region;
	struct str service; /* signing name: "sqs" */
};

struct sigv4_key {
	uint8_t bytes[32];
};

/* A signer. Valid as long as the day (UTC) is scope.date; borrowed text. */
struct sigv4_signer {
	struct str access_key;
	struct sigv4_scope scope;
	struct sigv4_key key;
};

void sigv4_key_derive(struct str secret_key, const struct sigv4_scope *scope,
		      struct sigv4_key *out_key);

/* Hex SHA-256 of a body: the payload hash of every service but S3. */
void sigv4_payload_hash(struct str body, char out[SIGV4_SIGNATURE_SIZE]);

/*
 * The text whose hash is signed. A query parameter X-Amz-Signature is left out, so that presigned
 * requests need no other function.
 */
struct str sigv4_canonical_request(struct arena *arena, const struct sigv4_request *request);
/* "content-type;host;x-amz-date": lower case, sorted, each once. */
struct str sigv4_signed_headers(struct arena *arena, const struct sigv4_request *request);
/* `amz_date` is the text of X-Amz-Date: "20150830T123600Z". */
struct str sigv4_string_to_sign(struct arena *arena, struct str amz_date,
				const struct sigv4_scope *scope, struct str canonical_request);
void sigv4_sign(const struct sigv4_key *key, struct str string_to_sign,
		char out[SIGV4_SIGNATURE_SIZE]);

/* All of the above: the value of the Authorization header of `request`. */
struct str sigv4_authorization(struct arena *arena, const struct sigv4_signer *signer,
			       struct str amz_date, const struct sigv4_request *request);

#endif
