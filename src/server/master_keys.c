/* SPDX-License-Identifier: MIT */
/* master_keys: a record is the keys one after another, sealed. */
#include "server/master_keys.h"

#include <string.h>

#define RECORD STR("master-key")
#define OFFER STR("master-key-next")

static enum err open_record(struct catalog *catalog, struct str name, const uint8_t *root,
			    struct master_keys *keys)
{
	struct arena arena;
	struct str value, plain;

	enum err err = catalog_get(catalog, CATALOG_META, name, &value);
	if (err)
		return err;
	struct seal *seal = seal_new(root);
	arena_init(&arena);
	char *copy = arena_cstr(&arena, value);
	err = seal_open(seal, copy, value.size, &plain);
	if (!err &&
	    (plain.size == 0 || plain.size % SEAL_KEY_SIZE != 0 || plain.size > sizeof(keys->keys)))
		err = ERR_DAMAGED;
	if (!err) {
		keys->count = plain.size / SEAL_KEY_SIZE;
		memcpy(keys->keys, plain.data, plain.size);
	}
	explicit_bzero(copy, value.size);
	arena_done(&arena);
	seal_free(&seal);
	return err;
}

static enum err put_record(struct catalog *catalog, struct str name, const uint8_t *root,
			   const struct master_keys *keys)
{
	struct str plain = str_of(keys->keys, keys->count * SEAL_KEY_SIZE);
	struct seal *seal = seal_new(root);
	struct arena arena;

	arena_init(&arena);
	enum err err = catalog_put(catalog, CATALOG_META, name, seal_close(seal, &arena, 0, plain));
	arena_done(&arena);
	seal_free(&seal);
	return err;
}

static void add_key(struct master_keys *keys)
{
	random_bytes(keys->keys[keys->count++], SEAL_KEY_SIZE);
}

enum err master_keys_exist(struct catalog *catalog)
{
	struct str value;

	return catalog_get(catalog, CATALOG_META, RECORD, &value);
}

/* The root key is the offered one: from now on it is the only one. */
static enum err accept_offer(struct catalog *catalog, const uint8_t *root, struct master_keys *keys)
{
	enum err err = open_record(catalog, OFFER, root, keys);
	if (err)
		return err == ERR_NOTFOUND ? ERR_DAMAGED : err;
	keys->is_changed = true;
	err = put_record(catalog, RECORD, root, keys);
	return err ? err : catalog_delete(catalog, CATALOG_META, OFFER);
}

enum err master_keys_load(struct catalog *catalog, const uint8_t root[SEAL_KEY_SIZE],
			  struct master_keys *out_keys)
{
	struct str offer;

	*out_keys = (struct master_keys){0};
	enum err err = open_record(catalog, RECORD, root, out_keys);
	if (err == ERR_NOTFOUND) {
		add_key(out_keys);
		return put_record(catalog, RECORD, root, out_keys);
	}
	if (err == ERR_DAMAGED)
		return accept_offer(catalog, root, out_keys);
	if (err)
		return err;
	err = catalog_get(catalog, CATALOG_META, OFFER, &offer);
	out_keys->is_offered = !err;
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err master_keys_offer(struct catalog *catalog, const uint8_t root[SEAL_KEY_SIZE],
			   const uint8_t new_root[SEAL_KEY_SIZE])
{
	struct master_keys keys;

	enum err err = master_keys_load(catalog, root, &keys);
	if (err)
		return err;
	/* Old ones stay: messages are sealed under them. The last places are kept: more changes
	 * than there are places go on with the last key. */
	if (keys.count < SEAL_MASTERS_MAX)
		add_key(&keys);
	err = put_record(catalog, OFFER, new_root, &keys);
	explicit_bzero(&keys, sizeof(keys));
	return err;
}

struct seal *master_keys_seal(const struct master_keys *keys)
{
	struct seal *seal = seal_new(keys->keys[0]);

	for (size_t i = 1; i < keys->count; i++)
		seal_add_master(seal, keys->keys[i]);
	return seal;
}
