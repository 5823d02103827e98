/* SPDX-License-Identifier: MIT */
/*
 * Bodies in AWS's chunks: the first byte is the kind, the next two the decoded size, the rest the
 * body. Signatures of the fuzzer's key cannot be guessed, so a signed body is never accepted. An
 * accepted body, sent again as one chunk with its trailers, is accepted as the same.
 */
#include "fuzz.h"
#include "wire/aws_chunked.h"

static void check_again(struct arena *arena, const struct aws_chunked_body *body)
{
	struct aws_chunked_body again;
	struct buf text = {0};
	struct str trailer;

	if (body->data.size > 0) {
		buf_format(&text, "%zx\r\n", body->data.size);
		buf_append(&text, body->data);
		buf_append(&text, STR("\r\n"));
	}
	buf_append(&text, STR("0\r\n"));
	for (size_t i = 0; i < body->trailer_count; i++) {
		buf_append(&text, body->trailers[i].name);
		buf_append_char(&text, ':');
		buf_append(&text, body->trailers[i].value);
		buf_append(&text, STR("\r\n"));
	}
	buf_append(&text, STR("\r\n"));
	const struct aws_chunked_request request = {
		.kind = AWS_CHUNKED_UNSIGNED_TRAILER,
		.body = buf_str(&text),
		.decoded_size = body->data.size,
	};
	check(aws_chunked_decode(arena, &request, &again, &trailer) == AWS_CHUNKED_OK);
	check(str_equal(again.data, body->data));
	check(again.trailer_count == body->trailer_count);
	buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sigv4_signer signer = {.key = {{1, 2, 3}}};
	struct aws_chunked_body body = {0};
	struct arena arena;
	struct str trailer;

	if (size < 3)
		return 0;
	arena_init(&arena);
	const struct aws_chunked_request request = {
		.kind = (enum aws_chunked_kind)(AWS_CHUNKED_SIGNED + data[0] % 3),
		.body = str_of(data + 3, size - 3),
		.decoded_size = (uint64_t)data[1] << 8 | data[2],
		.signer = &signer,
		.amz_date = STR("20130524T000000Z"),
		.signature = STR("00"),
	};
	enum aws_chunked_result result = aws_chunked_decode(&arena, &request, &body, &trailer);
	check(result != AWS_CHUNKED_OK || request.kind == AWS_CHUNKED_UNSIGNED_TRAILER);
	check(result != AWS_CHUNKED_OK || body.data.size == request.decoded_size);
	if (result == AWS_CHUNKED_OK)
		check_again(&arena, &body);
	arena_done(&arena);
	return 0;
}
