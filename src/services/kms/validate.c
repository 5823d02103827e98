/* SPDX-License-Identifier: MIT */
/* validate: AWS counts all violations of a request; here the first one is told. */
#include "services/kms/validate.h"

#include "services/kms/spec.h"

#define DETECTED "1 validation error detected: "

enum err kms_need(struct call *call, const char *member, bool is_there)
{
	if (is_there)
		return ERR_OK;
	return fail(call, &KMS_VALIDATION,
		    DETECTED "Value null at '%s' failed to satisfy constraint: Member must not be "
			     "null",
		    member);
}

enum err kms_check_text(struct call *call, const char *member, struct str text, size_t least,
			size_t most)
{
	if (!text.data || (text.size >= least && text.size <= most))
		return ERR_OK;
	return fail(call, &KMS_VALIDATION,
		    DETECTED "Value '%.*s' at '%s' failed to satisfy constraint: Member must have "
			     "length %s than or equal to %zu",
		    STR_ARG(text), member, text.size < least ? "greater" : "less",
		    text.size < least ? least : most);
}

enum err kms_check_bytes(struct call *call, const char *member, struct str bytes, size_t least,
			 size_t most)
{
	if (!bytes.data || (bytes.size >= least && bytes.size <= most))
		return ERR_OK;
	return fail(call, &KMS_VALIDATION,
		    DETECTED "Value at '%s' failed to satisfy constraint: Member must have length "
			     "%s than or equal to %zu",
		    member, bytes.size < least ? "greater" : "less",
		    bytes.size < least ? least : most);
}

enum err kms_check_range(struct call *call, const char *member, bool is_there, int64_t number,
			 int64_t least, int64_t most)
{
	if (!is_there || (number >= least && number <= most))
		return ERR_OK;
	return fail(call, &KMS_VALIDATION,
		    DETECTED "Value '%lld' at '%s' failed to satisfy constraint: Member must have "
			     "value %s than or equal to %lld",
		    (long long)number, member, number < least ? "greater" : "less",
		    (long long)(number < least ? least : most));
}

enum err kms_check_served(struct call *call, const char *member, struct str value)
{
	if (!kms_is_unserved(value))
		return ERR_OK;
	return fail(call, &KMS_UNSUPPORTED_OPERATION, "%s %.*s is not supported.", member,
		    STR_ARG(value));
}

enum err kms_refuse_value(struct call *call, const char *member, struct str value, const char *set)
{
	return fail(call, &KMS_VALIDATION,
		    DETECTED "Value '%.*s' at '%s' failed to satisfy constraint: Member must "
			     "satisfy enum value set: [%s]",
		    STR_ARG(value), member, set);
}

bool kms_is_name(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		bool is_word =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_word && c != ':' && c != '/' && c != '_' && c != '-')
			return false;
	}
	return true;
}
