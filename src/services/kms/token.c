/* SPDX-License-Identifier: MIT */
/*
 * token: words with a blank between them. The first word names the kind of token, so that one kind
 * cannot stand in for another.
 */
#include "services/kms/token.h"

#include <string.h>

#include "api/kms.h"
#include "core/core.h"

/* ---- grants ---- */

struct str kms_grant_token_make(struct arena *arena, struct seal *seal, struct str key_arn,
				struct str grant_id)
{
	struct str plain =
		arena_format(arena, "kms-grant %.*s %.*s", STR_ARG(key_arn), STR_ARG(grant_id));
	struct str sealed = seal_close(seal, arena, 0, plain);
	char *text = arena_bytes(arena, base64_size(sealed.size));

	base64_format(sealed, text);
	return str_of(text, base64_size(sealed.size));
}

enum err kms_grant_token_read(struct arena *arena, struct seal *seal, struct str token,
			      struct str *out_key_arn, struct str *out_grant_id)
{
	struct str plain;
	size_t size;

	if (token.size == 0 || token.size > LIMIT_KMS_CIPHER_SIZE)
		return ERR_INVALID;
	char *sealed = arena_bytes(arena, token.size / 4 * 3 + 1);
	if (!base64_parse(token, (uint8_t *)sealed, &size) ||
	    seal_open(seal, sealed, size, &plain) != ERR_OK ||
	    !str_equal(str_cut(&plain, ' '), STR("kms-grant")))
		return ERR_INVALID;
	*out_key_arn = str_cut(&plain, ' ');
	*out_grant_id = plain;
	return ERR_OK;
}

enum err kms_grant_tokens_check(struct call *call, const struct str *tokens, size_t count)
{
	struct str key_arn, grant_id;

	if (count > LIMIT_KMS_GRANT_TOKENS)
		return fail(call, &KMS_VALIDATION,
			    "1 validation error detected: Value at 'grantTokens' failed to satisfy "
			    "constraint: Member must have length less than or equal to %d",
			    LIMIT_KMS_GRANT_TOKENS);
	for (size_t i = 0; i < count; i++)
		if (kms_grant_token_read(call->arena, call->core->seal, tokens[i], &key_arn,
					 &grant_id) != ERR_OK)
			return fail(call, &KMS_INVALID_GRANT_TOKEN, "The grant token is invalid.");
	return ERR_OK;
}

/* ---- imports ---- */

struct str kms_import_token_make(struct arena *arena, struct seal *seal,
				 const struct kms_import_token *token)
{
	struct str head =
		arena_format(arena, "kms-import %.*s %.*s %.*s %lld ", STR_ARG(token->key_arn),
			     STR_ARG(kms_wrappings[token->wrapping]),
			     STR_ARG(kms_specs[token->spec].name), (long long)token->valid_to_ms);
	size_t size = head.size + token->secret.size;
	char *plain = arena_bytes(arena, size);

	memcpy(plain, head.data, head.size);
	memcpy(plain + head.size, token->secret.data, token->secret.size);
	struct str sealed = seal_close(seal, arena, 0, str_of(plain, size));
	explicit_bzero(plain, size);
	return sealed;
}

static bool find_wrapping(struct str name, enum kms_wrapping *out_wrapping)
{
	for (int i = 0; i < KMS_WRAPPINGS; i++) {
		if (!str_equal(kms_wrappings[i], name))
			continue;
		*out_wrapping = (enum kms_wrapping)i;
		return true;
	}
	return false;
}

enum err kms_import_token_parse(struct str plain, struct kms_import_token *out_token)
{
	struct kms_import_token token;

	if (!str_equal(str_cut(&plain, ' '), STR("kms-import")))
		return ERR_INVALID;
	token.key_arn = str_cut(&plain, ' ');
	if (!find_wrapping(str_cut(&plain, ' '), &token.wrapping) ||
	    !kms_spec_find(str_cut(&plain, ' '), &token.spec) ||
	    !str_to_i64(str_cut(&plain, ' '), &token.valid_to_ms) || plain.size == 0)
		return ERR_INVALID;
	token.secret = plain;
	*out_token = token;
	return ERR_OK;
}

enum err kms_import_token_read(struct arena *arena, struct seal *seal, struct str bytes,
			       struct kms_import_token *out_token)
{
	struct str copy = arena_copy(arena, bytes), plain;

	if (seal_open(seal, (char *)copy.data, copy.size, &plain) != ERR_OK ||
	    kms_import_token_parse(plain, out_token) != ERR_OK) {
		explicit_bzero((char *)copy.data, copy.size);
		return ERR_INVALID;
	}
	return ERR_OK;
}

void kms_import_token_done(struct kms_import_token *token)
{
	explicit_bzero((char *)token->secret.data, token->secret.size);
}
