/* SPDX-License-Identifier: MIT */
/* token: fields as base/bytes.h writes them, sealed under a subject of its own, in hex. */
#include "services/sns/token.h"

#include "base/bytes.h"
#include "base/crypto.h"

enum { VERSION = 1, SIZE_MAX_TOKEN = 16384 };
enum { FLAG_RESTORE = 4 };

struct str sns_token_encode(struct seal *seal, struct arena *arena, const struct sns_token *token)
{
	struct buf out = {0};
	unsigned flags = token->is_restore ? FLAG_RESTORE : 0;

	bytes_append_u8(&out, VERSION);
	bytes_append_u8(&out, (uint8_t)flags);
	bytes_append_u64(&out, (uint64_t)token->expires_ms);
	bytes_append_str(&out, token->subscription_arn);
	if (token->is_restore)
		bytes_append_str(&out, token->record);
	struct str sealed = seal_close(seal, arena, SEAL_SUBJECT_CONFIRMATIONS, buf_str(&out));
	buf_done(&out);
	char *hex = arena_bytes(arena, 2 * sealed.size);
	hex_format(sealed, hex);
	return str_of(hex, 2 * sealed.size);
}

static enum err read_fields(struct str plain, struct sns_token *out)
{
	struct byte_reader reader = byte_reader_of(plain);
	struct sns_token token = {0};

	if (byte_reader_u8(&reader) != VERSION)
		return ERR_NOTFOUND;
	unsigned flags = byte_reader_u8(&reader);
	token.is_restore = flags & FLAG_RESTORE;
	token.expires_ms = (int64_t)byte_reader_u64(&reader);
	token.subscription_arn = byte_reader_str(&reader);
	if (token.is_restore)
		token.record = byte_reader_str(&reader);
	if (!byte_reader_is_done(&reader))
		return ERR_NOTFOUND;
	*out = token;
	return ERR_OK;
}

enum err sns_token_decode(struct seal *seal, struct arena *arena, struct str text,
			  struct sns_token *out_token)
{
	struct str plain;

	if (text.size < 2 * SEAL_OVERHEAD || text.size > SIZE_MAX_TOKEN)
		return ERR_INVALID;
	char *sealed = arena_bytes(arena, text.size / 2);
	if (!hex_parse(text, (uint8_t *)sealed))
		return ERR_INVALID;
	if (!seal_is_of(str_of(sealed, text.size / 2), SEAL_SUBJECT_CONFIRMATIONS) ||
	    seal_open(seal, sealed, text.size / 2, &plain) != ERR_OK)
		return ERR_NOTFOUND;
	return read_fields(plain, out_token);
}
