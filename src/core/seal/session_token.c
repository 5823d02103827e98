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
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
enum { ID_BYTES = 10, ACCOUNT_SHIFT = 7, PREFIX_SIZE = 4 };

static void put_base32(const uint8_t bytes[ID_BYTES], char out[SESSION_KEY_ID_SIZE])
{
	uint32_t bits = 0, count = 0;

	memcpy(out, SESSION_KEY_PREFIX.data, PREFIX_SIZE);
	out += PREFIX_SIZE;
	for (size_t i = 0; i < ID_BYTES; i++) {
		bits = bits << 8 | bytes[i];
		for (count += 8; count >= 5; count -= 5)
			*out++ = alphabet[bits >> (count - 5) & 31];
	}
}

static bool take_base32(struct str key_id, uint8_t out_bytes[ID_BYTES])
{
	uint32_t bits = 0, count = 0;

	if (key_id.size != SESSION_KEY_ID_SIZE || !str_starts(key_id, SESSION_KEY_PREFIX))
		return false;
	for (size_t i = PREFIX_SIZE; i < SESSION_KEY_ID_SIZE; i++) {
		const char *place = memchr(alphabet, key_id.data[i], 32);
		if (!place)
			return false;
		bits = bits << 5 | (uint32_t)(place - alphabet);
		count += 5;
		if (count >= 8) {
			count -= 8;
			*out_bytes++ = (uint8_t)(bits >> count);
		}
	}
	return true;
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

static void put_number(struct buf *buf, uint64_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf_append_char(buf, (char)(number >> (8 * i)));
}

static void put_text(struct buf *buf, struct str text)
{
	check(text.size <= UINT16_MAX);
	put_number(buf, text.size, 2);
	buf_append(buf, text);
}

static void put_session(struct buf *buf, const struct session *session)
{
	struct session copy = *session;
	struct str *texts[TEXTS];

	list_texts(&copy, texts);
	buf_append(buf, MAGIC);
	put_number(buf, session->kind, 1);
	put_number(buf, (uint64_t)session->issued_ms, 8);
	put_number(buf, (uint64_t)session->expires_ms, 8);
	put_number(buf, (uint64_t)session->mfa_ms, 8);
	for (size_t i = 0; i < TEXTS; i++)
		put_text(buf, *texts[i]);
	put_number(buf, session->policy_arn_count, 1);
	for (size_t i = 0; i < session->policy_arn_count; i++)
		put_text(buf, session->policy_arns[i]);
	put_number(buf, session->tag_count, 1);
	put_number(buf, session->transitive_count, 1);
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

static bool take(struct str *rest, size_t size, struct str *out)
{
	if (rest->size < size)
		return false;
	*out = str_slice(*rest, 0, size);
	*rest = str_slice(*rest, size, SIZE_MAX);
	return true;
}

static bool take_number(struct str *rest, size_t size, uint64_t *out)
{
	struct str bytes;
	uint64_t number = 0;

	if (!take(rest, size, &bytes))
		return false;
	for (size_t i = 0; i < size; i++)
		number |= (uint64_t)(unsigned char)bytes.data[i] << (8 * i);
	*out = number;
	return true;
}

static bool take_text(struct str *rest, struct str *out)
{
	uint64_t size;

	return take_number(rest, 2, &size) && take(rest, size, out);
}

static bool take_head(struct str *rest, struct session *session)
{
	struct str magic, *texts[TEXTS];
	uint64_t kind, issued, expires, mfa;

	if (!take(rest, MAGIC.size, &magic) || !str_equal(magic, MAGIC) ||
	    !take_number(rest, 1, &kind) || kind > SESSION_FEDERATED ||
	    !take_number(rest, 8, &issued) || !take_number(rest, 8, &expires) ||
	    !take_number(rest, 8, &mfa))
		return false;
	session->kind = (enum session_kind)kind;
	session->issued_ms = (int64_t)issued;
	session->expires_ms = (int64_t)expires;
	session->mfa_ms = (int64_t)mfa;
	list_texts(session, texts);
	for (size_t i = 0; i < TEXTS; i++)
		if (!take_text(rest, texts[i]))
			return false;
	return true;
}

static bool take_lists(struct arena *arena, struct str *rest, struct session *session)
{
	uint64_t arn_count, tag_count, transitive_count;

	if (!take_number(rest, 1, &arn_count))
		return false;
	struct str *arns = arena_array(arena, struct str, arn_count);
	for (size_t i = 0; i < arn_count; i++)
		if (!take_text(rest, &arns[i]))
			return false;
	if (!take_number(rest, 1, &tag_count) || !take_number(rest, 1, &transitive_count) ||
	    transitive_count > tag_count)
		return false;
	struct shape_pair *tags = arena_array(arena, struct shape_pair, tag_count);
	for (size_t i = 0; i < tag_count; i++)
		if (!take_text(rest, &tags[i].key) || !take_text(rest, &tags[i].value))
			return false;
	session->policy_arns = arns;
	session->policy_arn_count = arn_count;
	session->tags = tags;
	session->tag_count = tag_count;
	session->transitive_count = transitive_count;
	return true;
}

enum err session_token_decode(struct seal *seal, struct arena *arena, struct str token,
			      struct session *out_session)
{
	struct session session = {0};
	struct str rest;
	size_t size;

	if (token.size > LIMIT_SESSION_TOKEN_SIZE)
		return ERR_INVALID;
	char *sealed = arena_bytes(arena, token.size / 4 * 3 + 1);
	if (!base64_parse(token, (uint8_t *)sealed, &size) ||
	    !seal_is_of(str_of(sealed, size), SEAL_SUBJECT_SESSIONS) ||
	    seal_open(seal, sealed, size, &rest) != ERR_OK)
		return ERR_INVALID;
	if (!take_head(&rest, &session) || !take_lists(arena, &rest, &session) || rest.size > 0)
		return ERR_INVALID;
	*out_session = session;
	return ERR_OK;
}
