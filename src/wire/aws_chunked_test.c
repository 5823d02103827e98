/* SPDX-License-Identifier: MIT */
/*
 * Tests of bodies in AWS's chunks. Keys, dates and signatures are those of the examples of the
 * Amazon S3 API Reference, "Transferring Payload in Multiple Chunks" and "... Including Trailing
 * Headers": 66,560 times the letter a, in chunks of 64 KiB and 1 KiB.
 */
#include <string.h>

#include "base/fixture.h"
#include "wire/aws_chunked.h"

enum { FIRST = 65536, SECOND = 1024 };

static struct sigv4_signer signer;
static struct buf out;

static int setup(void **state)
{
	(void)state;
	signer = (struct sigv4_signer){
		.access_key = STR("AKIAIOSFODNN7EXAMPLE"),
		.scope = {STR("20130524"), STR("us-east-1"), STR("s3")},
	};
	sigv4_key_derive(STR("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), &signer.scope,
			 &signer.key);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static void add_letters(size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_append_char(&out, 'a');
}

static const char *const plain_signatures[] = {
	"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
	"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
	"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
};

/* The example's body with these signatures and lines behind the last chunk. */
static struct str signed_body(const char *const signatures[3], const char *trailers)
{
	buf_reset(&out);
	buf_format(&out, "10000;chunk-signature=%s\r\n", signatures[0]);
	add_letters(FIRST);
	buf_format(&out, "\r\n400;chunk-signature=%s\r\n", signatures[1]);
	add_letters(SECOND);
	buf_format(&out, "\r\n0;chunk-signature=%s\r\n%s\r\n", signatures[2], trailers);
	return buf_str(&out);
}

static struct aws_chunked_request request_of(enum aws_chunked_kind kind, struct str body,
					     uint64_t size)
{
	return (struct aws_chunked_request){
		.kind = kind,
		.body = body,
		.decoded_size = size,
		.signer = &signer,
		.amz_date = STR("20130524T000000Z"),
		.signature =
			STR("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
	};
}

static void assert_result(const struct aws_chunked_request *request, enum aws_chunked_result wanted)
{
	struct aws_chunked_body body = {0};
	struct str trailer;

	assert_int_equal(aws_chunked_decode(&arena, request, &body, &trailer), wanted);
	if (wanted == AWS_CHUNKED_OK)
		assert_int_equal(body.data.size, request->decoded_size);
	else
		assert_null(body.data.data);
}

static void test_kinds_are_those_of_the_payload_hash(void **state)
{
	(void)state;
	assert_int_equal(aws_chunked_kind(STR("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")),
			 AWS_CHUNKED_SIGNED);
	assert_int_equal(aws_chunked_kind(STR("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")),
			 AWS_CHUNKED_SIGNED_TRAILER);
	assert_int_equal(aws_chunked_kind(STR("STREAMING-UNSIGNED-PAYLOAD-TRAILER")),
			 AWS_CHUNKED_UNSIGNED_TRAILER);
	assert_int_equal(aws_chunked_kind(STR("UNSIGNED-PAYLOAD")), AWS_CHUNKED_NONE);
	assert_int_equal(aws_chunked_kind((struct str){0}), AWS_CHUNKED_NONE);
}

static void test_signed_chunks_are_verified(void **state)
{
	struct str body = signed_body(plain_signatures, "");
	struct aws_chunked_request request = request_of(AWS_CHUNKED_SIGNED, body, FIRST + SECOND);

	(void)state;
	assert_result(&request, AWS_CHUNKED_OK);
	request.signature = STR("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a8");
	assert_result(&request, AWS_CHUNKED_WRONG_SIGNATURE);
	request = request_of(AWS_CHUNKED_SIGNED, body, FIRST + SECOND - 1);
	assert_result(&request, AWS_CHUNKED_WRONG_SIZE);
	request.decoded_size = FIRST + SECOND + 1;
	assert_result(&request, AWS_CHUNKED_WRONG_SIZE);
}

static void test_a_changed_or_exchanged_chunk_is_refused(void **state)
{
	const char *const exchanged[] = {plain_signatures[1], plain_signatures[0],
					 plain_signatures[2]};
	struct str body = signed_body(plain_signatures, "");
	struct aws_chunked_request request = request_of(AWS_CHUNKED_SIGNED, body, FIRST + SECOND);

	(void)state;
	for (size_t at = 200; at < body.size - 200; at += 9973) {
		out.data[at] ^= 1;
		assert_result(&request, AWS_CHUNKED_WRONG_SIGNATURE);
		out.data[at] ^= 1;
	}
	request.body = signed_body(exchanged, "");
	assert_result(&request, AWS_CHUNKED_WRONG_SIGNATURE);
	/* Cut behind the first chunk: the last one's signature is missing. */
	request.body = str_slice(signed_body(plain_signatures, ""), 0, FIRST + 90);
	assert_result(&request, AWS_CHUNKED_WRONG_SIZE);
	request.decoded_size = FIRST;
	assert_result(&request, AWS_CHUNKED_MALFORMED);
}

static void test_signed_trailers_are_verified(void **state)
{
	static const char *const signatures[] = {
		"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
		"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
		"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
	};
	static const char trailers[] =
		"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:"
		"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n";
	struct aws_chunked_request request = request_of(
		AWS_CHUNKED_SIGNED_TRAILER, signed_body(signatures, trailers), FIRST + SECOND);

	(void)state;
	request.signature = STR("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
	request.trailer = STR("x-amz-checksum-crc32c");
	assert_result(&request, AWS_CHUNKED_OK);
	request.trailer = STR("x-amz-checksum-crc32c, x-amz-checksum-sha1");
	assert_result(&request, AWS_CHUNKED_MISSING_TRAILER);
	request.trailer = (struct str){0};
	request.body = signed_body(signatures, "x-amz-checksum-crc32c:sOO8/Q==\r\n");
	assert_result(&request, AWS_CHUNKED_WRONG_SIGNATURE);
	request.body = signed_body(
		signatures, "x-amz-checksum-crc32c:sOO8/A==\r\nx-amz-trailer-signature:"
			    "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n");
	assert_result(&request, AWS_CHUNKED_WRONG_SIGNATURE);
	struct str more = arena_format(&arena, "%sx-amz-other:1\r\n", trailers);
	request.body = signed_body(signatures, arena_cstr(&arena, more));
	assert_result(&request, AWS_CHUNKED_MALFORMED);
}

struct row {
	const char *body;
	uint64_t size;
	enum aws_chunked_result result;
};

/* "hello" and "hello world"; the checksums are those of Python's zlib and hashlib. */
static void test_unsigned_chunks_and_checksums(void **state)
{
	static const struct row rows[] = {
		{"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", 5, AWS_CHUNKED_OK},
		{"5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n", 11,
		 AWS_CHUNKED_OK},
		{"b\r\nhello world\r\n0\r\nX-Amz-Checksum-Sha1: "
		 "Kq5sNclPz7QV2+lfQIuc6R7oRu0=\r\n\r\n",
		 11, AWS_CHUNKED_OK},
		{"B\r\nhello world\r\n0\r\nx-amz-checksum-sha256:"
		 "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=\r\n\r\n",
		 11, AWS_CHUNKED_OK},
		{"5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:mnG7TA==\r\n\r\n", 5, AWS_CHUNKED_OK},
		{"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 0, AWS_CHUNKED_OK},
		{"5\r\nhello\r\n0\r\n\r\n", 5, AWS_CHUNKED_OK},
		{"5\r\nhellO\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", 5,
		 AWS_CHUNKED_WRONG_CHECKSUM},
		{"5\r\nhello\r\n0\r\nx-amz-checksum-sha1:NhCmhg==\r\n\r\n", 5,
		 AWS_CHUNKED_INVALID_CHECKSUM},
		{"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg=\r\n\r\n", 5,
		 AWS_CHUNKED_INVALID_CHECKSUM},
		{"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:\r\n\r\n", 5,
		 AWS_CHUNKED_INVALID_CHECKSUM},
		{"5\r\nhello\r\n0\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"5\r\nhello\r\n0\r\n\r\n\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"5\r\nhello\r\n0\r\nno colon\r\n\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"5\r\nhello0\r\n\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"6\r\nhello\r\n0\r\n\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"g\r\nhello\r\n0\r\n\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"-5\r\nhello\r\n0\r\n\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"100000005\r\nhello\r\n0\r\n\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"ffffffff\r\nhello\r\n0\r\n\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"\r\nhello\r\n0\r\n\r\n", 5, AWS_CHUNKED_MALFORMED},
		{"", 0, AWS_CHUNKED_MALFORMED},
		{"5\r\nhello\r\n0\r\n\r\n", 4, AWS_CHUNKED_WRONG_SIZE},
		{"5\r\nhello\r\n0\r\n\r\n", 6, AWS_CHUNKED_WRONG_SIZE},
		{"5\r\nhello\r\n0\r\n\r\n", UINT64_MAX, AWS_CHUNKED_WRONG_SIZE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aws_chunked_request request = {
			.kind = AWS_CHUNKED_UNSIGNED_TRAILER,
			.body = str_from(rows[i].body),
			.decoded_size = rows[i].size,
		};
		assert_result(&request, rows[i].result);
	}
}

static void test_there_are_eight_trailers_at_most(void **state)
{
	struct aws_chunked_request request = {.kind = AWS_CHUNKED_UNSIGNED_TRAILER};

	(void)state;
	for (int count = 8; count <= 9; count++) {
		buf_reset(&out);
		buf_append(&out, STR("0\r\n"));
		for (int i = 0; i < count; i++)
			buf_format(&out, "x-%d:1\r\n", i);
		buf_append(&out, STR("\r\n"));
		request.body = buf_str(&out);
		assert_result(&request, count == 8 ? AWS_CHUNKED_OK : AWS_CHUNKED_MALFORMED);
	}
}
