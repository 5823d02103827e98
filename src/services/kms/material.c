/* SPDX-License-Identifier: MIT */
/* material: a changed material is a new one, as snapshots share them. */
#include "services/kms/material.h"

#include <string.h>

static size_t used_count(const struct kms_key *key)
{
	return key->material_count - (key->has_pending_material ? 1 : 0);
}

int64_t kms_key_valid_to(const struct kms_key *key)
{
	int64_t first_ms = 0;

	for (size_t i = 0; i < used_count(key); i++) {
		int64_t at_ms = key->materials[i]->valid_to_ms;
		if (at_ms > 0 && (first_ms == 0 || at_ms < first_ms))
			first_ms = at_ms;
	}
	return first_ms;
}

bool kms_key_has_all_material(const struct kms_key *key)
{
	for (size_t i = 0; i < used_count(key); i++)
		if (key->materials[i]->secret.size == 0)
			return false;
	return used_count(key) > 0;
}

size_t kms_key_find_material(const struct kms_key *key, struct str id)
{
	size_t place = 0;

	while (place < key->material_count &&
	       !str_equal(str_of(key->materials[place]->id, KMS_MATERIAL_ID_SIZE), id))
		place++;
	return place;
}

void kms_draft_put_material(struct arena *arena, struct kms_key *draft, size_t place,
			    const struct kms_material *material)
{
	size_t count = draft->material_count;
	const struct kms_material **materials =
		arena_array(arena, const struct kms_material *, count + 1);

	check(place <= count);
	for (size_t i = 0; i < count; i++)
		materials[i] = draft->materials[i];
	materials[place] = material;
	draft->materials = materials;
	draft->material_count = place == count ? count + 1 : count;
}

void kms_draft_drop_material(struct arena *arena, struct kms_key *draft, size_t place)
{
	size_t count = draft->material_count;
	const struct kms_material **materials =
		arena_array(arena, const struct kms_material *, count);

	check(place < count);
	for (size_t i = 0; i < count; i++)
		if (i != place)
			materials[i < place ? i : i - 1] = draft->materials[i];
	draft->materials = materials;
	draft->material_count = count - 1;
}

struct kms_material *kms_material_copy(enum kms_spec spec, const struct kms_material *material,
				       bool has_secret)
{
	struct kms_secret secret = {0};

	if (has_secret)
		secret = kms_secret_copy(kms_secret_str(&material->secret));
	struct kms_material *copy = kms_material_new(spec, &secret);
	check(copy != NULL); /* it was opened once before */
	copy->number = material->number;
	copy->rotation = material->rotation;
	copy->created_ms = material->created_ms;
	copy->valid_to_ms = has_secret ? material->valid_to_ms : 0;
	if (material->description.data)
		copy->description = heap_copy(material->description);
	memcpy(copy->id, material->id, KMS_MATERIAL_ID_SIZE);
	return copy;
}
