/* SPDX-License-Identifier: MIT */
/* credentials: a row, sealed, is the account's 12 digits and then the secret. */
#include "server/credentials.h"

#include <string.h>

enum { ACCOUNT_SIZE = 12 };

struct loading {
	struct seal *seal;
	struct keys *keys;
};

static enum err add_row(void *context, struct str id, struct str value)
{
	struct loading *loading = context;
	struct arena arena;
	struct str row;

	arena_init(&arena);
	char *copy = arena_cstr(&arena, value);
	enum err err = seal_open(loading->seal, copy, value.size, &row);
	if (!err) {
		struct access_key key = {
			.id = id,
			.account = str_slice(row, 0, ACCOUNT_SIZE),
			.secret = str_slice(row, ACCOUNT_SIZE, SIZE_MAX),
		};
		if (key.secret.size == 0 || !keys_add(loading->keys, &key))
			err = ERR_DAMAGED;
	}
	explicit_bzero(copy, value.size);
	arena_done(&arena);
	return err;
}

static enum err make_root(struct core *core, struct loading *loading, struct credentials_new *made)
{
	struct arena arena;

	arena_init(&arena);
	made->is_new = true;
	keys_generate(made->id, made->secret);
	struct str row = arena_format(&arena, "%.*s%.*s", STR_ARG(core->default_account),
				      ACCESS_KEY_SECRET_SIZE, made->secret);
	struct str id = str_of(made->id, sizeof(made->id));
	struct str sealed = seal_close(core->seal, &arena, 0, row);
	enum err err = catalog_put(core->catalog, CATALOG_ACCESS_KEYS, id, sealed);
	if (!err)
		err = add_row(loading, id, sealed);
	arena_done(&arena);
	return err;
}

enum err credentials_load(struct core *core, struct keys **out_keys,
			  struct credentials_new *out_new)
{
	struct keys *keys = keys_new();
	struct loading loading = {core->seal, keys};

	*out_new = (struct credentials_new){0};
	enum err err = catalog_begin(core->catalog, true);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_ACCESS_KEYS, add_row, &loading);
	if (!err && keys_count(keys) == 0)
		err = make_root(core, &loading, out_new);
	if (!err)
		err = catalog_commit(core->catalog);
	if (err) {
		catalog_abort(core->catalog);
		keys_free(&keys);
		return err;
	}
	*out_keys = keys;
	return ERR_OK;
}
