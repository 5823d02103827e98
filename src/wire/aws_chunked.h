/* SPDX-License-Identifier: MIT */
/*
 * aws_chunked: bodies with Content-Encoding: aws-chunked, which S3's clients send: chunks with or
 * without signatures, and trailers with checksums of the body.
 *
 * Works on a whole body; the decoded one is put together in the arena. No service that is served
 * takes such bodies yet. Pure; any thread. Rules: Amazon S3 API Reference, "Signature Calculations
 * for the Authorization Header: Transferring Payload in Multiple Chunks" and "... Including
 * Trailing Headers".
 */
#ifndef TERN_WIRE_AWS_CHUNKED_H
#define TERN_WIRE_AWS_CHUNKED_H

#include "base/base.h"
#include "http/header.h"
#include "wire/sigv4.h"

/* The kinds of bodies that x-amz-content-sha256 names. */
enum aws_chunked_kind {
	AWS_CHUNKED_NONE,	      /* a hash, or UNSIGNED-PAYLOAD: no chunks */
	AWS_CHUNKED_SIGNED,	      /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD */
	AWS_CHUNKED_SIGNED_TRAILER,   /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER */
	AWS_CHUNKED_UNSIGNED_TRAILER, /* STREAMING-UNSIGNED-PAYLOAD-TRAILER */
};
enum aws_chunked_kind aws_chunked_kind(struct str content_sha256);

enum aws_chunked_result {
	AWS_CHUNKED_OK,
	AWS_CHUNKED_MALFORMED,	      /* S3: InvalidRequest or IncompleteBody */
	AWS_CHUNKED_WRONG_SIZE,	      /* not x-amz-decoded-content-length: IncompleteBody */
	AWS_CHUNKED_WRONG_SIGNATURE,  /* of a chunk or of the trailers: SignatureDoesNotMatch */
	AWS_CHUNKED_MISSING_TRAILER,  /* x-amz-trailer names one that is absent */
	AWS_CHUNKED_INVALID_CHECKSUM, /* its value is none: InvalidRequest */
	AWS_CHUNKED_WRONG_CHECKSUM,   /* BadDigest */
};

struct aws_chunked_request {
	enum aws_chunked_kind kind; /* not NONE */
	struct str body;
	uint64_t decoded_size; /* x-amz-decoded-content-length */
	struct str trailer;    /* x-amz-trailer: a name, or several with commas; may be empty */
	/* Of signed chunks: the request's own signature, which the first chunk's follows. */
	const struct sigv4_signer *signer;
	struct str amz_date, signature;
};

struct aws_chunked_body {
	struct str data;
	const struct http_header *trailers; /* without the signature */
	size_t trailer_count;
};

/*
 * Fills *out_body; of trailers x-amz-checksum-crc32, -crc32c, -sha1 and -sha256 are verified. All
 * chunks are verified before any byte is returned. On failure *out_trailer is the trailer that it
 * is about, or empty.
 */
must_check enum aws_chunked_result aws_chunked_decode(struct arena *arena,
						      const struct aws_chunked_request *request,
						      struct aws_chunked_body *out_body,
						      struct str *out_trailer);

#endif
