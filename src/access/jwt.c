/* SPDX-License-Identifier: MIT */
/* jwt: three parts of base64 with points between them: header, claims, signature. */
#include "access/jwt.h"

#include <string.h>

#include "base/crypto.h"
#include "base/limits.h"
#include "format/json.h"

bool jwt_base64_parse(struct arena *arena, struct str text, struct str *out_bytes)
{
	size_t padded_size = (text.size + 3) / 4 * 4, size;
	char *padded = arena_bytes(arena, padded_size + 1);
	char *bytes = arena_bytes(arena, padded_size / 4 * 3 + 1);

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '+' || c == '/' || c == '=')
			return false;
		padded[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
	}
	memset(padded + text.size, '=', padded_size - text.size);
	if (!base64_parse(str_of(padded, padded_size), (uint8_t *)bytes, &size))
		return false;
	*out_bytes = str_of(bytes, size);
	return true;
}

/* RFC 7515 section 4 and RFC 7519 section 4: no name twice, as readers differ in which one counts.
 */
static bool has_twins(yyjson_val *object)
{
	yyjson_obj_iter iterator = yyjson_obj_iter_with(object);
	yyjson_val *key;

	while ((key = yyjson_obj_iter_next(&iterator)))
		if (yyjson_obj_getn(object, yyjson_get_str(key), yyjson_get_len(key)) !=
		    yyjson_obj_iter_get_val(key))
			return true;
	return false;
}

/* A part that is a JSON object. */
static bool parse_part(struct arena *arena, struct str text, yyjson_val **out_object)
{
	struct str json;

	return jwt_base64_parse(arena, text, &json) &&
	       json_parse_limited(arena, json, LIMIT_JWT_VALUES, out_object) == ERR_OK &&
	       yyjson_is_obj(*out_object) && !has_twins(*out_object);
}

/* RFC 7515 section 4.1.11: critical extensions that are not understood make a token invalid. */
static bool read_header(yyjson_val *header, struct jwt *jwt)
{
	struct str algorithm = json_text(json_member(header, "alg"));

	if (json_member(header, "crit"))
		return false;
	jwt->key_id = json_text(json_member(header, "kid"));
	jwt->kind = str_equal(algorithm, STR("RS256")) ? PUBLIC_KEY_RSA : PUBLIC_KEY_P256;
	return jwt->kind == PUBLIC_KEY_RSA || str_equal(algorithm, STR("ES256"));
}

/* A text or an array of texts. */
static struct str *read_texts(struct arena *arena, yyjson_val *value, size_t *out_count)
{
	size_t count = yyjson_is_arr(value) ? yyjson_arr_size(value) : yyjson_is_str(value);
	struct str *texts = arena_array(arena, struct str, count);

	for (size_t i = 0; i < count; i++)
		texts[i] = json_text(yyjson_is_arr(value) ? yyjson_arr_get(value, i) : value);
	*out_count = count;
	return texts;
}

/* RFC 7519 section 2: a number of seconds, which may have a fraction. */
static bool read_time(yyjson_val *claims, const char *name, int64_t *out_seconds)
{
	yyjson_val *value = json_member(claims, name);
	double seconds = yyjson_is_num(value) ? yyjson_get_num(value) : -1;

	if (seconds < 0 || seconds > 1e12)
		return false;
	*out_seconds = (int64_t)seconds;
	return true;
}

static void read_claims(struct arena *arena, yyjson_val *claims, struct jwt *jwt)
{
	jwt->issuer = json_text(json_member(claims, "iss"));
	jwt->subject = json_text(json_member(claims, "sub"));
	jwt->authorized_party = json_text(json_member(claims, "azp"));
	jwt->source_identity =
		json_text(json_member(claims, "https://aws.amazon.com/source_identity"));
	jwt->audiences = read_texts(arena, json_member(claims, "aud"), &jwt->audience_count);
	jwt->methods = read_texts(arena, json_member(claims, "amr"), &jwt->method_count);
	jwt->has_expiry = read_time(claims, "exp", &jwt->expires_s);
	jwt->has_not_before = read_time(claims, "nbf", &jwt->not_before_s);
	jwt->has_issue_time = read_time(claims, "iat", &jwt->issued_s);
}

enum err jwt_parse(struct arena *arena, struct str text, struct jwt *out_jwt)
{
	struct jwt jwt = {0};
	struct str rest = text;
	yyjson_val *header, *claims;

	struct str header_text = str_cut(&rest, '.');
	struct str claims_text = rest.data ? str_cut(&rest, '.') : (struct str){0};
	if (!rest.data || !parse_part(arena, header_text, &header) ||
	    !parse_part(arena, claims_text, &claims) || !read_header(header, &jwt) ||
	    !jwt_base64_parse(arena, rest, &jwt.signature))
		return ERR_INVALID;
	jwt.signed_part = str_slice(text, 0, header_text.size + 1 + claims_text.size);
	read_claims(arena, claims, &jwt);
	/* A claim that has another kind than it must have is not the same as none. */
	if ((json_member(claims, "nbf") && !jwt.has_not_before) ||
	    (json_member(claims, "azp") && !jwt.authorized_party.data))
		return ERR_INVALID;
	*out_jwt = jwt;
	return ERR_OK;
}
