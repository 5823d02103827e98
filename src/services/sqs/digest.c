/* SPDX-License-Identifier: MIT */
/* digest: lengths are 4 bytes big endian; one byte says whether a value is text (1) or bytes (2).
 */
#include "services/sqs/digest.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "core/core.h"

struct str sqs_md5_text(struct arena *arena, const uint8_t md5[16])
{
	char *text = arena_bytes(arena, 32);

	hex_format(str_of(md5, 16), text);
	return str_of(text, 32);
}

static void add_sized(struct md5_state *state, struct str text)
{
	char size[4];

	put_u32_be(size, (uint32_t)text.size);
	md5_add(state, str_of(size, 4));
	md5_add(state, text);
}

static int compare_entries(const void *a, const void *b)
{
	const struct sqs_message_attribute_value_entry *const *first = a;
	const struct sqs_message_attribute_value_entry *const *second = b;

	return str_compare((*first)->key, (*second)->key);
}

struct str sqs_attributes_md5(struct arena *arena,
			      const struct sqs_message_attribute_value_entry *entries, size_t count)
{
	uint8_t md5[16];

	if (count == 0)
		return (struct str){0};
	const struct sqs_message_attribute_value_entry **sorted =
		arena_alloc(arena, count * sizeof(*sorted));
	for (size_t i = 0; i < count; i++)
		sorted[i] = &entries[i];
	qsort(sorted, count, sizeof(*sorted), compare_entries);
	struct md5_state *state = md5_begin();
	for (size_t i = 0; i < count; i++) {
		const struct sqs_message_attribute_value *value = &sorted[i]->value;
		bool is_binary = str_starts(value->data_type, STR("Binary"));
		add_sized(state, sorted[i]->key);
		add_sized(state, value->data_type);
		md5_add(state, is_binary ? STR("\2") : STR("\1"));
		add_sized(state, is_binary ? value->binary_value : value->string_value);
	}
	md5_end(state, md5);
	return sqs_md5_text(arena, md5);
}

uint64_t sqs_group_hash(const struct core *core, struct str group)
{
	uint8_t hash[16];
	uint64_t number;

	siphash128(core->hash_key, group, hash);
	memcpy(&number, hash, sizeof(number));
	return number ? number : 1;
}

struct str sqs_content_dedup(struct arena *arena, struct str body)
{
	uint8_t digest[32];
	char *text = arena_bytes(arena, 64);

	sha256(body, digest);
	hex_format(str_of(digest, 32), text);
	return str_of(text, 64);
}
