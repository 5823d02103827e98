/* SPDX-License-Identifier: MIT */
/*
 * sigv4: each text is written once into a piece of the arena whose size is bounded beforehand;
 * headers and query parameters are sorted as views, which costs nothing for the few there are.
 */
#include "wire/sigv4.h"

#include <stdlib.h>
#include <string.h>

static const struct str algorithm = STR_INIT("AWS4-HMAC-SHA256");
static const struct str terminator = STR_INIT("aws4_request");

/* A place in memory that is large enough for what follows. */
struct writer {
	char *start, *place;
};

static struct writer writer_new(struct arena *arena, size_t size_max)
{
	char *bytes = arena_bytes(arena, size_max);

	return (struct writer){bytes, bytes};
}

static struct str writer_text(const struct writer *writer)
{
	return str_of(writer->start, (size_t)(writer->place - writer->start));
}

static void put_char(struct writer *writer, char c)
{
	*writer->place++ = c;
}

static void put(struct writer *writer, struct str text)
{
	if (text.size == 0)
		return;
	memcpy(writer->place, text.data, text.size);
	writer->place += text.size;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 3986 unreserved characters stay; all others become %XX in upper case. */
static void put_encoded(struct writer *writer, unsigned char byte)
{
	static const char digits[] = "0123456789ABCDEF";
	bool is_unreserved = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
			     (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
			     byte == '_' || byte == '~';

	if (is_unreserved) {
		put_char(writer, (char)byte);
		return;
	}
	put_char(writer, '%');
	put_char(writer, digits[byte >> 4]);
	put_char(writer, digits[byte & 15]);
}

/* Takes one byte off *text, undoing its percent-encoding; a '%' without two digits is itself. */
static unsigned char take_decoded(struct str *text)
{
	uint8_t byte = (uint8_t)text->data[0];
	size_t size = 1;

	if (byte == '%' && text->size >= 3 && hex_parse(str_slice(*text, 1, 2), &byte))
		size = 3;
	*text = str_slice(*text, size, text->size);
	return byte;
}

/* Encodes what stands on the wire once more, as everybody but S3 does. */
static void put_segment(struct writer *writer, struct str segment)
{
	for (size_t i = 0; i < segment.size; i++)
		put_encoded(writer, (unsigned char)segment.data[i]);
}

/*
 * RFC 3986 5.2.4, and empty segments go too. Each segment leaves a slash behind it; the last one
 * keeps it only if it was sent, so that "/a/b/.." is "/a", as the SDKs have it.
 */
static void put_path_normal(struct writer *writer, struct str path)
{
	char *root = writer->place;

	put_char(writer, '/');
	for (struct str rest = path; rest.size > 0;) {
		struct str segment = str_cut(&rest, '/');
		if (segment.size == 0 || str_equal(segment, STR(".")))
			continue;
		if (str_equal(segment, STR(".."))) {
			if (writer->place > root + 1)
				writer->place--;
			while (writer->place[-1] != '/')
				writer->place--;
			continue;
		}
		put_segment(writer, segment);
		put_char(writer, '/');
	}
	if (!str_ends(path, STR("/")) && writer->place > root + 1)
		writer->place--;
}

static void put_path_literal(struct writer *writer, struct str path)
{
	while (path.size > 0) {
		bool is_slash = path.data[0] == '/'; /* a slash that was encoded stays encoded */
		unsigned char byte = take_decoded(&path);
		if (is_slash)
			put_char(writer, '/');
		else
			put_encoded(writer, byte);
	}
}

static void put_path(struct writer *writer, const struct sigv4_request *request)
{
	if (request->path.size == 0)
		put_char(writer, '/');
	else if (request->is_path_literal)
		put_path_literal(writer, request->path);
	else
		put_path_normal(writer, request->path);
}

struct parameter {
	struct str name, value; /* encoded */
};

static int compare_parameters(const void *left, const void *right)
{
	const struct parameter *a = left, *b = right;
	int order = str_compare(a->name, b->name);

	return order ? order : str_compare(a->value, b->value);
}

static struct str encode_again(struct arena *arena, struct str text)
{
	struct writer writer = writer_new(arena, 3 * text.size);

	while (text.size > 0) {
		if (text.data[0] == '+') {
			put(&writer, STR("%20"));
			text = str_slice(text, 1, text.size);
		} else {
			put_encoded(&writer, take_decoded(&text));
		}
	}
	return writer_text(&writer);
}

static size_t count_char(struct str text, char c)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == c;
	return count;
}

static bool is_signed_parameter(const struct sigv4_request *request, struct str name)
{
	if (request->is_token_added_later && str_equal(name, STR("X-Amz-Security-Token")))
		return false;
	return !str_equal(name, STR("X-Amz-Signature"));
}

static void put_query(struct arena *arena, struct writer *writer,
		      const struct sigv4_request *request)
{
	struct str query = request->query;

	if (query.size == 0)
		return;

	struct parameter *parameters =
		arena_array(arena, struct parameter, count_char(query, '&') + 1);
	size_t count = 0;
	while (query.size > 0) {
		struct str value = str_cut(&query, '&');
		struct str name = str_cut(&value, '=');
		if ((name.size == 0 && value.size == 0) || !is_signed_parameter(request, name))
			continue;
		parameters[count].name = encode_again(arena, name);
		parameters[count++].value = encode_again(arena, value);
	}
	qsort(parameters, count, sizeof(*parameters), compare_parameters);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			put_char(writer, '&');
		put(writer, parameters[i].name);
		put_char(writer, '=');
		put(writer, parameters[i].value);
	}
}

static int compare_names(struct str a, struct str b)
{
	for (size_t i = 0; i < a.size && i < b.size; i++) {
		int order = (unsigned char)lower(a.data[i]) - (unsigned char)lower(b.data[i]);
		if (order)
			return order;
	}
	return (a.size > b.size) - (a.size < b.size);
}

/* The first place of a header whose name comes after this one. */
static size_t place_of(const struct sigv4_header **sorted, size_t count, struct str name)
{
	size_t from = 0;

	while (from < count) {
		size_t middle = from + (count - from) / 2;
		if (compare_names(sorted[middle]->name, name) <= 0)
			from = middle + 1;
		else
			count = middle;
	}
	return from;
}

/*
 * By name; headers of one name keep their order, which is part of what is signed. Names may be long
 * and differ at their ends only, so comparisons are few.
 */
static const struct sigv4_header **sort_headers(struct arena *arena,
						const struct sigv4_request *request)
{
	const struct sigv4_header **sorted =
		arena_array(arena, const struct sigv4_header *, request->header_count);

	for (size_t i = 0; i < request->header_count; i++) {
		size_t place = place_of(sorted, i, request->headers[i].name);
		for (size_t j = i; j > place; j--)
			sorted[j] = sorted[j - 1];
		sorted[place] = &request->headers[i];
	}
	return sorted;
}

static void put_lower(struct writer *writer, struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		put_char(writer, lower(text.data[i]));
}

static void put_value(struct writer *writer, struct str value)
{
	value = str_trim(value);
	for (size_t i = 0; i < value.size; i++) {
		if (!is_blank(value.data[i]))
			put_char(writer, value.data[i]);
		else if (!is_blank(value.data[i - 1]))
			put_char(writer, ' ');
	}
}

static bool has_same_name(const struct sigv4_header **sorted, size_t index)
{
	return index > 0 && str_equal_nocase(sorted[index - 1]->name, sorted[index]->name);
}

static void put_headers(struct writer *writer, const struct sigv4_header **sorted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (has_same_name(sorted, i)) {
			put_char(writer, ',');
		} else {
			if (i > 0)
				put_char(writer, '\n');
			put_lower(writer, sorted[i]->name);
			put_char(writer, ':');
		}
		put_value(writer, sorted[i]->value);
	}
	if (count > 0)
		put_char(writer, '\n');
}

static void put_names(struct writer *writer, const struct sigv4_header **sorted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (has_same_name(sorted, i))
			continue;
		if (i > 0)
			put_char(writer, ';');
		put_lower(writer, sorted[i]->name);
	}
}

/* Room for all names twice, all values, and what stands between them. */
static size_t headers_size_max(const struct sigv4_request *request)
{
	size_t size = 1;

	for (size_t i = 0; i < request->header_count; i++)
		size += 2 * request->headers[i].name.size + request->headers[i].value.size + 4;
	return size;
}

struct str sigv4_canonical_request(struct arena *arena, const struct sigv4_request *request)
{
	const struct sigv4_header **sorted = sort_headers(arena, request);
	struct writer writer = writer_new(
		arena, request->method.size + 3 * request->path.size + 2 + 3 * request->query.size +
			       count_char(request->query, '&') + 2 + headers_size_max(request) +
			       request->payload_hash.size + 5);

	put(&writer, request->method);
	put_char(&writer, '\n');
	put_path(&writer, request);
	put_char(&writer, '\n');
	put_query(arena, &writer, request);
	put_char(&writer, '\n');
	put_headers(&writer, sorted, request->header_count);
	put_char(&writer, '\n');
	put_names(&writer, sorted, request->header_count);
	put_char(&writer, '\n');
	put(&writer, request->payload_hash);
	return writer_text(&writer);
}

struct str sigv4_signed_headers(struct arena *arena, const struct sigv4_request *request)
{
	struct writer writer = writer_new(arena, headers_size_max(request));

	put_names(&writer, sort_headers(arena, request), request->header_count);
	return writer_text(&writer);
}

void sigv4_key_derive(struct str secret_key, const struct sigv4_scope *scope,
		      struct sigv4_key *out_key)
{
	struct buf seed = {0};
	struct str key = str_of(out_key->bytes, sizeof(out_key->bytes));

	buf_append(&seed, STR("AWS4"));
	buf_append(&seed, secret_key);
	hmac_sha256(buf_str(&seed), scope->date, out_key->bytes);
	hmac_sha256(key, scope->region, out_key->bytes);
	hmac_sha256(key, scope->service, out_key->bytes);
	hmac_sha256(key, terminator, out_key->bytes);
	explicit_bzero(seed.data, seed.size);
	buf_done(&seed);
}

static void hash_hex(struct str text, char out[SIGV4_SIGNATURE_SIZE])
{
	uint8_t hash[32];

	sha256(text, hash);
	hex_format(str_of(hash, sizeof(hash)), out);
}

void sigv4_payload_hash(struct str body, char out[SIGV4_SIGNATURE_SIZE])
{
	hash_hex(body, out);
}

static size_t scope_size_max(const struct sigv4_scope *scope)
{
	return scope->date.size + scope->region.size + scope->service.size + terminator.size + 3;
}

static void put_scope(struct writer *writer, const struct sigv4_scope *scope)
{
	put(writer, scope->date);
	put_char(writer, '/');
	put(writer, scope->region);
	put_char(writer, '/');
	put(writer, scope->service);
	put_char(writer, '/');
	put(writer, terminator);
}

struct str sigv4_string_to_sign(struct arena *arena, struct str amz_date,
				const struct sigv4_scope *scope, struct str canonical_request)
{
	struct writer writer =
		writer_new(arena, algorithm.size + amz_date.size + scope_size_max(scope) +
					  SIGV4_SIGNATURE_SIZE + 3);

	put(&writer, algorithm);
	put_char(&writer, '\n');
	put(&writer, amz_date);
	put_char(&writer, '\n');
	put_scope(&writer, scope);
	put_char(&writer, '\n');
	hash_hex(canonical_request, writer.place);
	writer.place += SIGV4_SIGNATURE_SIZE;
	return writer_text(&writer);
}

void sigv4_sign(const struct sigv4_key *key, struct str string_to_sign,
		char out[SIGV4_SIGNATURE_SIZE])
{
	uint8_t signature[32];

	hmac_sha256(str_of(key->bytes, sizeof(key->bytes)), string_to_sign, signature);
	hex_format(str_of(signature, sizeof(signature)), out);
}

struct str sigv4_authorization(struct arena *arena, const struct sigv4_signer *signer,
			       struct str amz_date, const struct sigv4_request *request)
{
	static const struct str credential = STR_INIT(" Credential=");
	static const struct str signed_headers = STR_INIT(", SignedHeaders=");
	static const struct str signature = STR_INIT(", Signature=");
	struct str names = sigv4_signed_headers(arena, request);
	struct str text = sigv4_string_to_sign(arena, amz_date, &signer->scope,
					       sigv4_canonical_request(arena, request));
	struct writer writer =
		writer_new(arena, algorithm.size + credential.size + signer->access_key.size + 1 +
					  scope_size_max(&signer->scope) + signed_headers.size +
					  names.size + signature.size + SIGV4_SIGNATURE_SIZE);

	put(&writer, algorithm);
	put(&writer, credential);
	put(&writer, signer->access_key);
	put_char(&writer, '/');
	put_scope(&writer, &signer->scope);
	put(&writer, signed_headers);
	put(&writer, names);
	put(&writer, signature);
	sigv4_sign(&signer->key, text, writer.place);
	writer.place += SIGV4_SIGNATURE_SIZE;
	return writer_text(&writer);
}
