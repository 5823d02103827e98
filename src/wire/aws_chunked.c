/* SPDX-License-Identifier: MIT */
/*
 * aws_chunked: chunks are read one after another; each signature covers the one before it, so none
 * can be left out, repeated or exchanged.
 */
#include "wire/aws_chunked.h"

#include <string.h>
#include <zlib.h>

#include "base/sha1.h"

enum { TRAILERS_MAX = 8 };

struct decoder {
	const struct aws_chunked_request *request;
	struct arena *arena;
	struct str rest;     /* not read yet */
	struct str previous; /* signature */
	char *data;
	size_t size, room;
	struct http_header *trailers;
	size_t trailer_count;
};

enum aws_chunked_kind aws_chunked_kind(struct str content_sha256)
{
	if (str_equal(content_sha256, STR("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")))
		return AWS_CHUNKED_SIGNED;
	if (str_equal(content_sha256, STR("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")))
		return AWS_CHUNKED_SIGNED_TRAILER;
	if (str_equal(content_sha256, STR("STREAMING-UNSIGNED-PAYLOAD-TRAILER")))
		return AWS_CHUNKED_UNSIGNED_TRAILER;
	return AWS_CHUNKED_NONE;
}

/* ---- lines and sizes ---- */

/* A line without its CRLF; false: the rest has none. */
static bool cut_line(struct str *rest, struct str *out_line)
{
	size_t end = str_find(*rest, STR("\r\n"), 0);

	if (end == SIZE_MAX)
		return false;
	*out_line = str_slice(*rest, 0, end);
	*rest = str_slice(*rest, end + 2, SIZE_MAX);
	return true;
}

/* One to eight hex digits: a chunk is smaller than 4 GiB. */
static bool parse_size(struct str text, size_t *out_size)
{
	size_t size = 0;

	if (text.size == 0 || text.size > 8)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			return false;
		size = size * 16 + (size_t)digit;
	}
	*out_size = size;
	return true;
}

static bool is_signed(const struct decoder *decoder)
{
	return decoder->request->kind != AWS_CHUNKED_UNSIGNED_TRAILER;
}

/* ---- signatures ---- */

static void hash_text(struct str data, char out[64])
{
	uint8_t digest[32];

	sha256(data, digest);
	hex_format(str_of(digest, sizeof(digest)), out);
}

/* `hashes` are lines behind the signature before. */
static bool is_right(struct decoder *decoder, const char *algorithm, struct str hashes,
		     struct str signature)
{
	const struct aws_chunked_request *request = decoder->request;
	const struct sigv4_scope *scope = &request->signer->scope;
	char expected[SIGV4_SIGNATURE_SIZE];

	struct str text = arena_format(
		decoder->arena, "%s\n%.*s\n%.*s/%.*s/%.*s/aws4_request\n%.*s\n%.*s", algorithm,
		STR_ARG(request->amz_date), STR_ARG(scope->date), STR_ARG(scope->region),
		STR_ARG(scope->service), STR_ARG(decoder->previous), STR_ARG(hashes));
	sigv4_sign(&request->signer->key, text, expected);
	if (!str_equal_secret(str_of(expected, sizeof(expected)), signature))
		return false;
	decoder->previous = signature;
	return true;
}

static bool is_chunk_right(struct decoder *decoder, struct str data, struct str signature)
{
	char hashes[64 + 1 + 64];

	hash_text(STR(""), hashes);
	hashes[64] = '\n';
	hash_text(data, hashes + 65);
	return is_right(decoder, "AWS4-HMAC-SHA256-PAYLOAD", str_of(hashes, sizeof(hashes)),
			signature);
}

/* ---- chunks ---- */

static enum aws_chunked_result append(struct decoder *decoder, struct str data)
{
	if (data.size > decoder->room - decoder->size)
		return AWS_CHUNKED_WRONG_SIZE;
	if (data.size > 0)
		memcpy(decoder->data + decoder->size, data.data, data.size);
	decoder->size += data.size;
	return AWS_CHUNKED_OK;
}

/* "400;chunk-signature=...", CRLF, the bytes, CRLF; the last one has no bytes and no second CRLF.
 */
static enum aws_chunked_result read_chunk(struct decoder *decoder, bool *out_is_last)
{
	struct str line, end, signature = {0};
	size_t size;

	if (!cut_line(&decoder->rest, &line))
		return AWS_CHUNKED_MALFORMED;
	struct str digits = str_cut(&line, ';');
	if (!parse_size(digits, &size) || size > decoder->rest.size)
		return AWS_CHUNKED_MALFORMED;
	if (is_signed(decoder)) {
		if (!str_starts(line, STR("chunk-signature=")))
			return AWS_CHUNKED_WRONG_SIGNATURE;
		signature = str_slice(line, strlen("chunk-signature="), SIZE_MAX);
	}
	struct str data = str_slice(decoder->rest, 0, size);
	decoder->rest = str_slice(decoder->rest, size, SIZE_MAX);
	*out_is_last = size == 0;
	if (size > 0 && (!cut_line(&decoder->rest, &end) || end.size > 0))
		return AWS_CHUNKED_MALFORMED;
	if (is_signed(decoder) && !is_chunk_right(decoder, data, signature))
		return AWS_CHUNKED_WRONG_SIGNATURE;
	return append(decoder, data);
}

/* ---- trailers ---- */

static bool has_right_signature(struct decoder *decoder, struct str signature)
{
	struct buf text = {0};
	char hash[64];

	for (size_t i = 0; i < decoder->trailer_count; i++)
		buf_format(&text, "%.*s:%.*s\n", STR_ARG(decoder->trailers[i].name),
			   STR_ARG(decoder->trailers[i].value));
	hash_text(buf_str(&text), hash);
	buf_done(&text);
	return is_right(decoder, "AWS4-HMAC-SHA256-TRAILER", str_of(hash, sizeof(hash)), signature);
}

/* Lines up to an empty one, which ends the body. */
static enum aws_chunked_result read_trailers(struct decoder *decoder)
{
	bool needs_signature = decoder->request->kind == AWS_CHUNKED_SIGNED_TRAILER;
	struct str line, name;

	decoder->trailers = arena_array(decoder->arena, struct http_header, TRAILERS_MAX);
	for (;;) {
		if (!cut_line(&decoder->rest, &line))
			return AWS_CHUNKED_MALFORMED;
		if (line.size == 0)
			break;
		name = str_cut(&line, ':');
		if (needs_signature && str_equal_nocase(name, STR("x-amz-trailer-signature"))) {
			if (!has_right_signature(decoder, str_trim(line)))
				return AWS_CHUNKED_WRONG_SIGNATURE;
			needs_signature = false;
			continue;
		}
		/* A trailer behind the signature would not be covered by it. */
		bool is_covered =
			decoder->request->kind != AWS_CHUNKED_SIGNED_TRAILER || needs_signature;
		if (decoder->request->kind == AWS_CHUNKED_SIGNED || !is_covered || name.size == 0 ||
		    !line.data || decoder->trailer_count == TRAILERS_MAX)
			return AWS_CHUNKED_MALFORMED;
		decoder->trailers[decoder->trailer_count++] =
			(struct http_header){name, str_trim(line)};
	}
	if (needs_signature)
		return AWS_CHUNKED_WRONG_SIGNATURE;
	return decoder->rest.size == 0 ? AWS_CHUNKED_OK : AWS_CHUNKED_MALFORMED;
}

/* ---- checksums ---- */

static void crc32_of(struct str data, uint8_t out[4])
{
	uLong sum = crc32_z(crc32_z(0, NULL, 0), (const Bytef *)data.data, data.size);

	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(sum >> (24 - 8 * i));
}

static void crc32c_of(struct str data, uint8_t out[4])
{
	uint32_t sum = crc32c(0, data);

	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(sum >> (24 - 8 * i));
}

static const struct checksum {
	struct str name;
	size_t size;
	void (*compute)(struct str data, uint8_t *out);
} checksums[] = {
	{STR_INIT("x-amz-checksum-crc32"), 4, crc32_of},
	{STR_INIT("x-amz-checksum-crc32c"), 4, crc32c_of},
	{STR_INIT("x-amz-checksum-sha1"), 20, sha1},
	{STR_INIT("x-amz-checksum-sha256"), 32, sha256},
};

static enum aws_chunked_result check_trailer(const struct decoder *decoder,
					     const struct http_header *trailer)
{
	uint8_t sent[48], computed[32];
	size_t size;

	for (size_t i = 0; i < sizeof(checksums) / sizeof(checksums[0]); i++) {
		const struct checksum *checksum = &checksums[i];
		if (!str_equal_nocase(trailer->name, checksum->name))
			continue;
		if (trailer->value.size != base64_size(checksum->size) ||
		    !base64_parse(trailer->value, sent, &size) || size != checksum->size)
			return AWS_CHUNKED_INVALID_CHECKSUM;
		checksum->compute(str_of(decoder->data, decoder->size), computed);
		return memcmp(sent, computed, size) == 0 ? AWS_CHUNKED_OK
							 : AWS_CHUNKED_WRONG_CHECKSUM;
	}
	return AWS_CHUNKED_OK;
}

static bool has_trailer(const struct decoder *decoder, struct str name)
{
	for (size_t i = 0; i < decoder->trailer_count; i++)
		if (str_equal_nocase(decoder->trailers[i].name, name))
			return true;
	return false;
}

static enum aws_chunked_result check_trailers(const struct decoder *decoder,
					      struct str *out_trailer)
{
	struct str promised = decoder->request->trailer;

	while (promised.size > 0) {
		*out_trailer = str_trim(str_cut(&promised, ','));
		if (!has_trailer(decoder, *out_trailer))
			return AWS_CHUNKED_MISSING_TRAILER;
	}
	for (size_t i = 0; i < decoder->trailer_count; i++) {
		*out_trailer = decoder->trailers[i].name;
		enum aws_chunked_result result = check_trailer(decoder, &decoder->trailers[i]);
		if (result != AWS_CHUNKED_OK)
			return result;
	}
	*out_trailer = (struct str){0};
	return AWS_CHUNKED_OK;
}

enum aws_chunked_result aws_chunked_decode(struct arena *arena,
					   const struct aws_chunked_request *request,
					   struct aws_chunked_body *out_body,
					   struct str *out_trailer)
{
	struct decoder decoder = {
		.request = request,
		.arena = arena,
		.rest = request->body,
		.previous = request->signature,
	};
	bool is_last = false;

	check(request->kind != AWS_CHUNKED_NONE);
	check(request->signer || request->kind == AWS_CHUNKED_UNSIGNED_TRAILER);
	*out_trailer = (struct str){0};
	/* A body that claims more than it has costs no memory. */
	if (request->decoded_size > request->body.size)
		return AWS_CHUNKED_WRONG_SIZE;
	decoder.room = (size_t)request->decoded_size;
	decoder.data = arena_bytes(arena, decoder.room + 1);
	while (!is_last) {
		enum aws_chunked_result result = read_chunk(&decoder, &is_last);
		if (result != AWS_CHUNKED_OK)
			return result;
	}
	if (decoder.size != decoder.room)
		return AWS_CHUNKED_WRONG_SIZE;
	enum aws_chunked_result result = read_trailers(&decoder);
	if (result == AWS_CHUNKED_OK)
		result = check_trailers(&decoder, out_trailer);
	if (result == AWS_CHUNKED_OK)
		*out_body = (struct aws_chunked_body){str_of(decoder.data, decoder.size),
						      decoder.trailers, decoder.trailer_count};
	return result;
}
