/* SPDX-License-Identifier: MIT */
/*
 * message: a fixed head of sizes, then all bytes in the order of the head. Little endian.
 *
 *   version 1 | body MD5 16 | sender 2 | group 2 | dedup 2 | trace 2 | attributes 2 | body 4
 *
 * Sizes of optional parts are one more than the bytes; 0 is absent. An attribute is: name 2,
 * type 2, value 4, then their bytes.
 */
#include "services/sqs/message.h"

#include <string.h>

#define VERSION 1
#define HEAD_SIZE 31
#define ATTRIBUTE_HEAD_SIZE 8

struct cursor {
	char *data;
	size_t left;
};

static void put_number(struct cursor *cursor, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		cursor->data[i] = (char)(value >> (8 * i));
	cursor->data += size;
}

static void put_bytes(struct cursor *cursor, struct str bytes)
{
	if (bytes.size > 0)
		memcpy(cursor->data, bytes.data, bytes.size);
	cursor->data += bytes.size;
}

static uint64_t get_number(struct cursor *cursor, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)(unsigned char)cursor->data[i] << (8 * i);
	cursor->data += size;
	cursor->left -= size;
	return value;
}

static bool get_bytes(struct cursor *cursor, uint64_t size, struct str *out_bytes)
{
	if (size > cursor->left)
		return false;
	*out_bytes = str_of(cursor->data, (size_t)size);
	cursor->data += size;
	cursor->left -= (size_t)size;
	return true;
}

static struct str value_of(const struct sqs_message_attribute_value *value)
{
	return str_starts(value->data_type, STR("Binary")) ? value->binary_value
							   : value->string_value;
}

size_t sqs_message_size(const struct sqs_stored_message *message)
{
	size_t size = message->body.size;

	for (size_t i = 0; i < message->attribute_count; i++)
		size += message->attributes[i].key.size +
			message->attributes[i].value.data_type.size +
			value_of(&message->attributes[i].value).size;
	return size;
}

static uint64_t size_or_none(struct str text)
{
	return text.data ? text.size + 1 : 0;
}

struct str sqs_message_encode(struct arena *arena, const struct sqs_stored_message *message)
{
	size_t size = HEAD_SIZE + message->sender.size + message->group.size + message->dedup.size +
		      message->trace.size + message->attribute_count * ATTRIBUTE_HEAD_SIZE +
		      sqs_message_size(message);
	char *data = arena_bytes(arena, size);
	struct cursor cursor = {.data = data};

	put_number(&cursor, VERSION, 1);
	put_bytes(&cursor, str_of(message->body_md5, 16));
	put_number(&cursor, message->sender.size, 2);
	put_number(&cursor, size_or_none(message->group), 2);
	put_number(&cursor, size_or_none(message->dedup), 2);
	put_number(&cursor, size_or_none(message->trace), 2);
	put_number(&cursor, message->attribute_count, 2);
	put_number(&cursor, message->body.size, 4);
	put_bytes(&cursor, message->sender);
	put_bytes(&cursor, message->group);
	put_bytes(&cursor, message->dedup);
	put_bytes(&cursor, message->trace);
	put_bytes(&cursor, message->body);
	for (size_t i = 0; i < message->attribute_count; i++) {
		const struct sqs_message_attribute_value *value = &message->attributes[i].value;
		put_number(&cursor, message->attributes[i].key.size, 2);
		put_number(&cursor, value->data_type.size, 2);
		put_number(&cursor, value_of(value).size, 4);
		put_bytes(&cursor, message->attributes[i].key);
		put_bytes(&cursor, value->data_type);
		put_bytes(&cursor, value_of(value));
	}
	return str_of(data, size);
}

static bool get_optional(struct cursor *cursor, uint64_t size, struct str *out_text)
{
	*out_text = (struct str){0};
	return size == 0 || get_bytes(cursor, size - 1, out_text);
}

static bool get_attribute(struct cursor *cursor, struct sqs_message_attribute_value_entry *entry)
{
	struct str value;

	if (cursor->left < ATTRIBUTE_HEAD_SIZE)
		return false;
	uint64_t name_size = get_number(cursor, 2);
	uint64_t type_size = get_number(cursor, 2);
	uint64_t value_size = get_number(cursor, 4);
	if (!get_bytes(cursor, name_size, &entry->key) ||
	    !get_bytes(cursor, type_size, &entry->value.data_type) ||
	    !get_bytes(cursor, value_size, &value))
		return false;
	if (str_starts(entry->value.data_type, STR("Binary")))
		entry->value.binary_value = value;
	else
		entry->value.string_value = value;
	return true;
}

enum err sqs_message_decode(struct arena *arena, struct str payload,
			    struct sqs_stored_message *out_message)
{
	struct cursor cursor = {(char *)payload.data, payload.size};
	struct sqs_stored_message message = {0};

	if (payload.size < HEAD_SIZE || get_number(&cursor, 1) != VERSION)
		return ERR_DAMAGED;
	memcpy(message.body_md5, cursor.data, 16);
	cursor.data += 16;
	cursor.left -= 16;
	uint64_t sender_size = get_number(&cursor, 2);
	uint64_t group_size = get_number(&cursor, 2);
	uint64_t dedup_size = get_number(&cursor, 2);
	uint64_t trace_size = get_number(&cursor, 2);
	uint64_t attribute_count = get_number(&cursor, 2);
	uint64_t body_size = get_number(&cursor, 4);
	if (!get_bytes(&cursor, sender_size, &message.sender) ||
	    !get_optional(&cursor, group_size, &message.group) ||
	    !get_optional(&cursor, dedup_size, &message.dedup) ||
	    !get_optional(&cursor, trace_size, &message.trace) ||
	    !get_bytes(&cursor, body_size, &message.body) ||
	    attribute_count > cursor.left / ATTRIBUTE_HEAD_SIZE)
		return ERR_DAMAGED;
	message.attribute_count = (size_t)attribute_count;
	message.attributes = arena_array(arena, struct sqs_message_attribute_value_entry,
					 message.attribute_count);
	for (size_t i = 0; i < message.attribute_count; i++)
		if (!get_attribute(&cursor, &message.attributes[i]))
			return ERR_DAMAGED;
	if (cursor.left > 0)
		return ERR_DAMAGED;
	*out_message = message;
	return ERR_OK;
}
