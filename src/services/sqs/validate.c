/* SPDX-License-Identifier: MIT */
/* validate: most bodies are plain ASCII, which is checked 64 bytes at a time. */
#include "services/sqs/validate.h"

#include <string.h>

#include "api/sqs.h"

enum { CHUNK = 64 };

struct vector {
	int8_t bytes __attribute__((vector_size(16)));
};

/* True if all bytes are 0x20 to 0x7f: as signed numbers above 0x1f. */
static bool is_printable(const char *bytes)
{
	struct vector parts[CHUNK / sizeof(struct vector)], all;
	uint64_t halves[2];

	memcpy(parts, bytes, sizeof(parts));
	all.bytes = (parts[0].bytes > 0x1f) & (parts[1].bytes > 0x1f) & (parts[2].bytes > 0x1f) &
		    (parts[3].bytes > 0x1f);
	memcpy(halves, &all, sizeof(halves));
	return (halves[0] & halves[1]) == UINT64_MAX;
}

static bool is_forbidden(unsigned char c)
{
	return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

bool sqs_is_message_text(struct str text)
{
	size_t i = 0;
	bool has_high = false;

	while (i < text.size) {
		size_t end = text.size - i >= CHUNK ? i + CHUNK : text.size;
		if (end - i == CHUNK && is_printable(text.data + i)) {
			i = end;
			continue;
		}
		for (; i < end; i++) {
			unsigned char c = (unsigned char)text.data[i];
			if (is_forbidden(c))
				return false;
			has_high |= c >= 0x80;
		}
	}
	if (!has_high)
		return true;
	/* U+FFFE and U+FFFF are well-formed UTF-8 and still no characters. */
	return str_is_utf8(text) && str_find(text, STR("\xef\xbf\xbe"), 0) == SIZE_MAX &&
	       str_find(text, STR("\xef\xbf\xbf"), 0) == SIZE_MAX;
}

static enum err invalid_characters(struct call *call, const struct fault_type *fault)
{
	return fail(call, fault,
		    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 "
		    "to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
}

enum err sqs_check_body(struct call *call, struct str body)
{
	if (body.size == 0)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter MessageBody.");
	if (!sqs_is_message_text(body))
		return invalid_characters(call, &SQS_INVALID_MESSAGE_CONTENTS);
	return ERR_OK;
}

enum err sqs_check_id(struct call *call, const char *parameter, struct str id)
{
	bool is_good = id.size >= 1 && id.size <= LIMIT_GROUP_ID_SIZE;

	for (size_t i = 0; i < id.size && is_good; i++)
		is_good = id.data[i] > ' ' && id.data[i] < 0x7f;
	if (is_good)
		return ERR_OK;
	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "Value %.*s for parameter %s is invalid. Reason: %s can only include "
		    "alphanumeric and punctuation characters. 1 to 128 in length.",
		    STR_ARG(id), parameter, parameter);
}

/* ---- attributes ---- */

static bool is_reserved(struct str name)
{
	return str_equal_nocase(str_slice(name, 0, 4), STR("aws.")) ||
	       str_equal_nocase(str_slice(name, 0, 7), STR("amazon."));
}

/* Latin letters with accents and the like, U+00C0 to U+017F, are not documented, but AWS accepts
 * them. In UTF-8 they have two bytes; out of U+00C0 to U+00FF the first is 0xc3. */
static bool is_latin_letter(struct str text)
{
	unsigned char first = (unsigned char)text.data[0];

	return str_utf8_sequence(text) == 2 && first >= 0xc3 && first <= 0xc5;
}

static bool is_attribute_name(struct str name)
{
	if (name.data[0] == '.' || name.data[name.size - 1] == '.' ||
	    str_find(name, STR(".."), 0) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.data[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '_' || c == '-' || c == '.')
			continue;
		if (!is_latin_letter(str_slice(name, i, SIZE_MAX)))
			return false;
		i++;
	}
	return true;
}

static enum err check_name(struct call *call, struct str name)
{
	if (name.size == 0)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "The request must contain non-empty message (user) attribute names.");
	if (name.size > LIMIT_ATTRIBUTE_NAME_SIZE)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Message (user) attribute name must be shorter than 256 bytes.");
	if (is_reserved(name))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "You can't use message attribute names beginning with 'AWS.' or "
			    "'Amazon'. These strings are reserved for internal use.");
	if (!is_attribute_name(name))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Message (user) attribute name '%.*s' is invalid. It can contain "
			    "alphanumeric characters, underscores, hyphens and periods, and cannot "
			    "start or end with a period or have two in a row.",
			    STR_ARG(name));
	return ERR_OK;
}

/* The significant digits of a number: without zeros before the first and after the last other
 * digit. */
struct digits {
	size_t count, significant, trailing_zeros;
	int64_t magnitude; /* of the first significant digit: 0 is ones, 1 is tens, -1 is tenths */
	bool has_point;
};

static void add_digit(struct digits *digits, char c)
{
	digits->count++;
	if (digits->significant > 0 && !digits->has_point)
		digits->magnitude++;
	else if (digits->significant == 0 && digits->has_point)
		digits->magnitude--;
	if (c != '0' || digits->significant > 0)
		digits->significant++;
	digits->trailing_zeros = c == '0' ? digits->trailing_zeros + 1 : 0;
}

/* From the developer guide: 38 significant digits, between 10^-128 and 10^126. */
static bool is_number(struct str text)
{
	struct digits digits = {0};
	int64_t exponent = 0;
	size_t i = 0;

	if (i < text.size && (text.data[i] == '-' || text.data[i] == '+'))
		i++;
	for (; i < text.size; i++) {
		if (text.data[i] == '.' && !digits.has_point)
			digits.has_point = true;
		else if (text.data[i] >= '0' && text.data[i] <= '9')
			add_digit(&digits, text.data[i]);
		else
			break;
	}
	if (digits.count == 0)
		return false;
	if (i < text.size) {
		if (text.data[i] != 'e' && text.data[i] != 'E')
			return false;
		struct str rest = str_slice(text, i + 1, SIZE_MAX);
		if (str_starts(rest, STR("+")) && !str_starts(rest, STR("+-")))
			rest = str_slice(rest, 1, SIZE_MAX);
		if (!str_to_i64(rest, &exponent) || exponent < -1000 || exponent > 1000)
			return false;
	}
	if (digits.significant == 0)
		return true;
	int64_t magnitude = digits.magnitude + exponent;
	return digits.significant - digits.trailing_zeros <= 38 && magnitude >= -128 &&
	       magnitude <= 126;
}

static bool has_base(struct str type, struct str base)
{
	return str_starts(type, base) && (type.size == base.size || type.data[base.size] == '.');
}

static enum err check_type(struct call *call, struct str name, struct str type)
{
	if (type.size > LIMIT_ATTRIBUTE_NAME_SIZE)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Message (user) attribute type must be shorter than 256 bytes.");
	if (has_base(type, STR("String")) || has_base(type, STR("Number")) ||
	    has_base(type, STR("Binary")))
		return ERR_OK;
	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "The type of message (user) attribute '%.*s' is invalid. You must use only the "
		    "following supported type prefixes: Binary, Number, String.",
		    STR_ARG(name));
}

static enum err check_value(struct call *call, struct str name,
			    const struct sqs_message_attribute_value *value)
{
	bool is_binary = has_base(value->data_type, STR("Binary"));
	struct str bytes = is_binary ? value->binary_value : value->string_value;

	if (value->string_list_values_count > 0 || value->binary_list_values_count > 0)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Message attribute list values in SendMessage operation are not "
			    "supported.");
	if (!value->string_value.data && !value->binary_value.data)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "The message (user) attribute '%.*s' must contain a non-empty message "
			    "attribute value.",
			    STR_ARG(name));
	if (bytes.size == 0)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Message (user) attribute '%.*s' must contain a non-empty value of "
			    "type '%s'.",
			    STR_ARG(name), is_binary ? "Binary" : "String");
	if (!is_binary && !sqs_is_message_text(bytes))
		return invalid_characters(call, &SQS_INVALID_PARAMETER_VALUE);
	if (has_base(value->data_type, STR("Number")) && !is_number(bytes))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Can't cast the value of message (user) attribute '%.*s' to a number.",
			    STR_ARG(name));
	return ERR_OK;
}

enum err sqs_check_attributes(struct call *call,
			      const struct sqs_message_attribute_value_entry *entries, size_t count)
{
	if (count > LIMIT_MESSAGE_ATTRIBUTES)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Number of message attributes [%zu] exceeds the allowed maximum [%d].",
			    count, LIMIT_MESSAGE_ATTRIBUTES);
	for (size_t i = 0; i < count; i++) {
		enum err err = check_name(call, entries[i].key);
		if (!err)
			err = check_type(call, entries[i].key, entries[i].value.data_type);
		if (!err)
			err = check_value(call, entries[i].key, &entries[i].value);
		if (err)
			return err;
		for (size_t j = 0; j < i; j++)
			if (str_equal(entries[i].key, entries[j].key))
				return fail(call, &SQS_INVALID_PARAMETER_VALUE,
					    "Message (user) attribute name '%.*s' is used more "
					    "than once.",
					    STR_ARG(entries[i].key));
	}
	return ERR_OK;
}

enum err sqs_check_system_attributes(struct call *call,
				     const struct sqs_message_system_attribute_value_entry *entries,
				     size_t count, struct str *out_trace)
{
	struct str trace = {0};

	for (size_t i = 0; i < count; i++) {
		const struct sqs_message_system_attribute_value *value = &entries[i].value;
		if (!str_equal(entries[i].key, STR("AWSTraceHeader")))
			return fail(call, &SQS_INVALID_PARAMETER_VALUE,
				    "Message system attribute name '%.*s' is invalid.",
				    STR_ARG(entries[i].key));
		if (!str_equal(value->data_type, STR("String")) || value->string_value.size == 0 ||
		    value->string_value.size > LIMIT_ATTRIBUTE_NAME_SIZE * 4 ||
		    !sqs_is_message_text(value->string_value))
			return fail(call, &SQS_INVALID_PARAMETER_VALUE,
				    "Message system attribute 'AWSTraceHeader' must contain a "
				    "non-empty value of type 'String'.");
		trace = value->string_value;
	}
	*out_trace = trace;
	return ERR_OK;
}
