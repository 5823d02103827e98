/* SPDX-License-Identifier: MIT */
/*
 * session_token: a token is base64 of the session's fields, one after the other, sealed. Numbers
 * are little endian, a text is its size in two bytes and its bytes.
 *
 *   magic 8 | kind 1 | issued 8 | expires 8 | MFA 8 | texts | count 1, ARNs |
 *   count 1, transitive 1, tags
 *
 * The magic distinguishes tokens from other sealed bytes of this server.
 */
#include "core/seal/session_token.h"

#include <assert.h>
#include <string.h>

#include "access/keys.h"
#include "base/limits.h"

#define MAGIC STR("ternSTS2")
#define BOTH_SIZES 4 /* of a tag's two texts */

/* The texts that every session has, in the order in which they are written. */
enum { TEXTS = 8 };

static void list_texts(struct session *session, struct str *out[TEXTS])
{
	struct str *texts[TEXTS] = {&session->key_id,	       &session->secret,  &session->account,
				    &session->entity_id,       &session->name,	  &session->policy,
				    &session->source_identity, &session->provider};

	memcpy(out, texts, sizeof(texts));
}

/*
 * The 16 characters behind the prefix are base32 (RFC 4648) of ten bytes: a bit that is set, the
 * account in 40 bits and 39 random ones.
 */
enum { ID_BYTES = 10, ACCOUNT_SHIFT = 7, PREFIX_SIZE = 4 };

static void put_base32(const uint8_t bytes[ID_BYTES], char out[SESSION_KEY_ID_SIZE])
{
	uint32_t bits = 0, count = 0;

	memcpy(out, SESSION_KEY_PREFIX.data, PREFIX_SIZE);
	out += PREFIX_SIZE;
	for (size_t i = 0; i < ID_BYTES; i++) {
		bits = bits << 8 | bytes[i];
		for (count += 8; count >= 5; count -= 5)
			*out++ = base32_alphabet[bits >> (count - 5) & 31];
	}
}

static bool take_base32(struct str key_id, uint8_t out_bytes[ID_BYTES])
{
	return key_id.size == SESSION_KEY_ID_SIZE && str_starts(key_id, SESSION_KEY_PREFIX) &&
	       base32_parse(str_slice(key_id, PREFIX_SIZE, SIZE_MAX), out_bytes);
}

void session_generate(struct str account, char out_key_id[SESSION_KEY_ID_SIZE],
		      char out_secret[SESSION_SECRET_SIZE])
{
	char unused[ACCESS_KEY_ID_SIZE];
	uint8_t bytes[ID_BYTES];
	uint64_t number;

	static_assert((int)SESSION_SECRET_SIZE == (int)ACCESS_KEY_SECRET_SIZE, "one form");
	check(str_to_u64(account, &number));
	check(number < UINT64_C(1000000000000));
	keys_generate(unused, out_secret);
	random_bytes(bytes, sizeof(bytes));
	number = UINT64_C(1) << 47 | number << ACCOUNT_SHIFT | (bytes[5] & 127);
	for (size_t i = 6; i-- > 0; number >>= 8)
		bytes[i] = (uint8_t)number;
	put_base32(bytes, out_key_id);
}

bool session_account(struct str key_id, char out_account[SESSION_ACCOUNT_SIZE])
{
	uint8_t bytes[ID_BYTES];
	uint64_t number = 0;

	if (!take_base32(key_id, bytes))
		return false;
	for (size_t i = 0; i < 6; i++)
		number = number << 8 | bytes[i];
	number = (number & ((UINT64_C(1) << 47) - 1)) >> ACCOUNT_SHIFT;
	for (size_t i = SESSION_ACCOUNT_SIZE; i-- > 0; number /= 10)
		out_account[i] = (char)('0' + number % 10);
	return number == 0;
}

size_t session_packed_size(const struct session *session)
{
	size_t size = session->policy.size;

	for (size_t i = 0; i < session->policy_arn_count; i++)
		size += 2 + session->policy_arns[i].size;
	for (size_t i = 0; i < session->tag_count; i++)
		size += BOTH_SIZES + session->tags[i].key.size + session->tags[i].value.size;
	return size;
}

/* ---- writing ---- */

static void put_text(struct buf *buf, struct str text)
{
	check(text.size <= UINT16_MAX);
	bytes_append_u16(buf, (uint16_t)text.size);
	buf_append(buf, text);
}

static void put_session(struct buf *buf, const struct session *session)
{
	struct session copy = *session;
	struct str *texts[TEXTS];

	list_texts(&copy, texts);
	buf_append(buf, MAGIC);
	bytes_append_u8(buf, (uint8_t)session->kind);
	bytes_append_u64(buf, (uint64_t)session->issued_ms);
	bytes_append_u64(buf, (uint64_t)session->expires_ms);
	bytes_append_u64(buf, (uint64_t)session->mfa_ms);
	for (size_t i = 0; i < TEXTS; i++)
		put_text(buf, *texts[i]);
	bytes_append_u8(buf, (uint8_t)session->policy_arn_count);
	for (size_t i = 0; i < session->policy_arn_count; i++)
		put_text(buf, session->policy_arns[i]);
	bytes_append_u8(buf, (uint8_t)session->tag_count);
	bytes_append_u8(buf, (uint8_t)session->transitive_count);
	for (size_t i = 0; i < session->tag_count; i++) {
		put_text(buf, session->tags[i].key);
		put_text(buf, session->tags[i].value);
	}
}

struct str session_token_encode(struct seal *seal, struct arena *arena,
				const struct session *session)
{
	struct buf plain = {0};

	check(session->policy_arn_count <= UINT8_MAX);
	check(session->tag_count <= UINT8_MAX);
	check(session->transitive_count <= session->tag_count);
	put_session(&plain, session);
	struct str sealed = seal_close(seal, arena, SEAL_SUBJECT_SESSIONS, buf_str(&plain));
	explicit_bzero(plain.data, plain.size);
	buf_done(&plain);
	char *text = arena_bytes(arena, base64_size(sealed.size));
	base64_format(sealed, text);
	return str_of(text, base64_size(sealed.size));
}

/* ---- reading ---- */

static struct str take_text(struct byte_reader *reader)
{
	return byte_reader_take(reader, byte_reader_u16(reader));
}

static bool take_head(struct byte_reader *reader, struct session *session)
{
	struct str *texts[TEXTS];

	if (!str_equal(byte_reader_take(reader, MAGIC.size), MAGIC))
		return false;
	uint8_t kind = byte_reader_u8(reader);
	if (kind > SESSION_FEDERATED)
		return false;
	session->kind = (enum session_kind)kind;
	session->issued_ms = (int64_t)byte_reader_u64(reader);
	session->expires_ms = (int64_t)byte_reader_u64(reader);
	session->mfa_ms = (int64_t)byte_reader_u64(reader);
	list_texts(session, texts);
	for (size_t i = 0; i < TEXTS; i++)
		*texts[i] = take_text(reader);
	return true;
}

static bool take_lists(struct arena *arena, struct byte_reader *reader, struct session *session)
{
	session->policy_arn_count = byte_reader_u8(reader);
	struct str *arns = arena_array(arena, struct str, session->policy_arn_count);
	for (size_t i = 0; i < session->policy_arn_count; i++)
		arns[i] = take_text(reader);
	session->tag_count = byte_reader_u8(reader);
	session->transitive_count = byte_reader_u8(reader);
	struct shape_pair *tags = arena_array(arena, struct shape_pair, session->tag_count);
	for (size_t i = 0; i < session->tag_count; i++) {
		tags[i].key = take_text(reader);
		tags[i].value = take_text(reader);
	}
	session->policy_arns = arns;
	session->tags = tags;
	return session->transitive_count <= session->tag_count;
}

enum err session_token_decode(struct seal *seal, struct arena *arena, struct str token,
			      struct session *out_session)
{
	struct session session = {0};
	struct str plain;
	size_t size;

	if (token.size > LIMIT_SESSION_TOKEN_SIZE)
		return ERR_INVALID;
	char *sealed = arena_bytes(arena, token.size / 4 * 3 + 1);
	if (!base64_parse(token, (uint8_t *)sealed, &size) ||
	    !seal_is_of(str_of(sealed, size), SEAL_SUBJECT_SESSIONS) ||
	    seal_open(seal, sealed, size, &plain) != ERR_OK)
		return ERR_INVALID;
	struct byte_reader reader = byte_reader_of(plain);
	if (!take_head(&reader, &session) || !take_lists(arena, &reader, &session) ||
	    !byte_reader_is_done(&reader))
		return ERR_INVALID;
	*out_session = session;
	return ERR_OK;
}
