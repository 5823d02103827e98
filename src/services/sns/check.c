/* SPDX-License-Identifier: MIT */
/* check: faults in the order in which AWS finds them. */
#include "services/sns/check.h"

#include "format/json.h"

/* ---- texts ---- */

bool sns_is_phone_number(struct str text)
{
	enum { DIGITS_MIN = 4, DIGITS_MAX = 15 };
	struct str digits = str_starts(text, STR("+")) ? str_slice(text, 1, SIZE_MAX) : text;

	if (digits.size < DIGITS_MIN || digits.size > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < digits.size; i++)
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
	return true;
}

static bool has_control_characters(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c < ' ' || c == 0x7f)
			return true;
	}
	return false;
}

static bool is_blank(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] != ' ' && text.data[i] != '\t' && text.data[i] != '\n' &&
		    text.data[i] != '\r')
			return false;
	return true;
}

static enum err check_texts(struct call *call, const struct sns_publish_entry *entry)
{
	if (entry->subject.data && (entry->subject.size == 0 ||
				    str_count_characters(entry->subject) > LIMIT_SUBJECT_SIZE ||
				    has_control_characters(entry->subject)))
		return sns_invalid(call, "Subject");
	if (is_blank(entry->message))
		return sns_invalid(call, "Empty message");
	if (sns_entry_size(entry) > LIMIT_PUBLISH_SIZE)
		return sns_invalid(call, "Message too long");
	return ERR_OK;
}

/* ---- MessageStructure ---- */

static bool has_duplicates(yyjson_val *object)
{
	yyjson_val *key, *other, *value, *ignored;
	size_t i, j, most, others;

	/* The object is short: its keys name protocols. */
	if (yyjson_obj_size(object) > LIMIT_STRUCTURE_KEYS)
		return true;
	yyjson_obj_foreach(object, i, most, key, value)
		yyjson_obj_foreach(object, j, others, other, ignored)
			if (j < i && str_equal(json_text(key), json_text(other)))
				return true;
	return false;
}

static enum err read_structure(struct call *call, const struct sns_publish_entry *entry,
			       struct sns_message *message)
{
	yyjson_val *root;

	message->body = entry->message;
	if (!entry->structure.data || entry->structure.size == 0)
		return ERR_OK;
	if (!str_equal(entry->structure, STR("json")))
		return sns_invalid(call, "Message Structure - must be json or omitted");
	if (json_parse(call->arena, entry->message, &root) != ERR_OK || !yyjson_is_obj(root) ||
	    has_duplicates(root))
		return sns_invalid(call, "Message Structure - JSON message body failed to parse");
	yyjson_val *body = json_member(root, "default");
	if (!yyjson_is_str(body))
		return sns_invalid(call,
				   "Message Structure - No default entry in JSON message body");
	message->body = json_text(body);
	for (size_t i = 0; i < SNS_PROTOCOLS; i++) {
		struct str name = sns_protocols[i];
		body = yyjson_obj_getn(root, name.data, name.size);
		if (yyjson_is_str(body))
			message->bodies[i] = json_text(body);
	}
	return ERR_OK;
}

/* ---- attributes ---- */

static bool is_name_character(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static enum err check_name(struct call *call, struct str name)
{
	if (name.size > LIMIT_ATTRIBUTE_NAME_SIZE)
		return fail(call, &SNS_INVALID_PARAMETER_VALUE,
			    "Length of message attribute name must be less than 256 bytes.");
	if (name.size == 0)
		return fail(call, &SNS_INVALID_PARAMETER_VALUE,
			    "The message attribute name must not be empty.");
	if (name.data[0] == '.')
		return fail(call, &SNS_INVALID_PARAMETER_VALUE,
			    "Invalid message attribute name starting with character '.' was "
			    "found.");
	if (name.data[name.size - 1] == '.')
		return fail(call, &SNS_INVALID_PARAMETER_VALUE,
			    "Invalid message attribute name ending with character '.' was found.");
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.data[i];
		if (!is_name_character(c))
			return fail(call, &SNS_INVALID_PARAMETER_VALUE,
				    "Invalid non-alphanumeric character '#x%X' was found in the "
				    "message attribute name. Can only include alphanumeric "
				    "characters, hyphens, underscores, or dots.",
				    c);
		if (c == '.' && name.data[i - 1] == '.')
			return fail(call, &SNS_INVALID_PARAMETER_VALUE,
				    "Message attribute name can not have successive '.' "
				    "character.");
	}
	return ERR_OK;
}

/* The type, or the type and a label behind a point. */
static bool is_of_type(struct str type, struct str wanted)
{
	return str_starts(type, wanted) &&
	       (type.size == wanted.size ||
		(type.data[wanted.size] == '.' && type.size > wanted.size + 1));
}

static enum err check_value(struct call *call, struct str name,
			    const struct sns_message_attribute_value *value)
{
	bool is_binary = is_of_type(value->data_type, STR("Binary"));
	struct str given = is_binary ? value->binary_value : value->string_value;

	if (!is_binary && !is_of_type(value->data_type, STR("String")) &&
	    !is_of_type(value->data_type, STR("Number")))
		return fail(call, &SNS_INVALID_PARAMETER_VALUE,
			    "The message attribute '%.*s' has an invalid message attribute type, "
			    "the set of supported type prefixes is Binary, Number, and String.",
			    STR_ARG(name));
	if (!given.data)
		return fail(call, &SNS_INVALID_PARAMETER_VALUE,
			    "The message attribute '%.*s' with type '%.*s' must use field '%s'.",
			    STR_ARG(name), STR_ARG(value->data_type),
			    is_binary ? "Binary" : "String");
	if (given.size == 0)
		return fail(call, &SNS_INVALID_PARAMETER_VALUE,
			    "The message attribute '%.*s' must contain non-empty message attribute "
			    "value for message attribute type '%.*s'.",
			    STR_ARG(name), STR_ARG(value->data_type));
	return ERR_OK;
}

static const struct sns_attribute *read_attributes(struct call *call,
						   const struct sns_publish_entry *entry)
{
	struct sns_attribute *attributes =
		arena_array(call->arena, struct sns_attribute, entry->attribute_count);

	for (size_t i = 0; i < entry->attribute_count; i++) {
		const struct sns_message_attribute_value *value = &entry->attributes[i].value;
		bool is_binary = str_starts(value->data_type, STR("Binary"));
		attributes[i] = (struct sns_attribute){
			.name = entry->attributes[i].key,
			.type = value->data_type,
			.value = is_binary ? value->binary_value : value->string_value,
		};
	}
	return attributes;
}

/* ---- FIFO ---- */

static bool is_id(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < '!' || text.data[i] > '~')
			return false;
	return text.size > 0 && text.size <= LIMIT_GROUP_ID_SIZE;
}

static enum err check_ids(struct call *call, const struct topic *topic,
			  const struct sns_publish_entry *entry)
{
	bool is_fifo = topic && topic->is_fifo;

	if (is_fifo && entry->group.size == 0)
		return sns_invalid(call,
				   "The MessageGroupId parameter is required for FIFO topics");
	if (is_fifo && !entry->dedup.data && !topic->has_content_dedup)
		return sns_invalid(call,
				   "The topic should either have ContentBasedDeduplication enabled "
				   "or MessageDeduplicationId provided explicitly");
	if (!is_fifo && entry->dedup.data)
		return sns_invalid(call,
				   "MessageDeduplicationId Reason: The request includes "
				   "MessageDeduplicationId parameter that is not valid for this "
				   "topic type");
	if (entry->group.data && !is_id(entry->group))
		return sns_invalid(call, "MessageGroupId");
	if (entry->dedup.data && !is_id(entry->dedup))
		return sns_invalid(call, "MessageDeduplicationId");
	return ERR_OK;
}

/* Without an id, the id is the message's SHA-256 in hex, as queues compute it. */
static struct str dedup_of(struct call *call, const struct sns_publish_entry *entry)
{
	uint8_t digest[32];

	if (entry->dedup.data)
		return entry->dedup;
	char *text = arena_bytes(call->arena, sizeof(digest) * 2);
	sha256(entry->message, digest);
	hex_format(str_of(digest, sizeof(digest)), text);
	return str_of(text, sizeof(digest) * 2);
}

/* ---- all of it ---- */

size_t sns_entry_size(const struct sns_publish_entry *entry)
{
	size_t size = entry->message.size;

	for (size_t i = 0; i < entry->attribute_count; i++) {
		const struct sns_message_attribute_value *value = &entry->attributes[i].value;
		size += entry->attributes[i].key.size + value->data_type.size +
			value->string_value.size + value->binary_value.size;
	}
	return size;
}

enum err sns_entry_check(struct call *call, const struct topic *topic,
			 const struct sns_publish_entry *entry, struct sns_message *out_message)
{
	struct sns_message message = {
		.subject = entry->subject,
		.attribute_count = entry->attribute_count,
		.group = entry->group,
	};

	enum err err = check_texts(call, entry);
	if (!err)
		err = read_structure(call, entry, &message);
	if (!err)
		err = check_ids(call, topic, entry);
	for (size_t i = 0; i < entry->attribute_count && !err; i++) {
		err = check_name(call, entry->attributes[i].key);
		if (!err)
			err = check_value(call, entry->attributes[i].key,
					  &entry->attributes[i].value);
	}
	if (err)
		return err;
	message.attributes = read_attributes(call, entry);
	if (topic && topic->is_fifo)
		message.dedup = dedup_of(call, entry);
	*out_message = message;
	return ERR_OK;
}
