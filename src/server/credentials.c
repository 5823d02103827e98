/* SPDX-License-Identifier: MIT */
/* credentials: a row is the account's 12 digits and then the secret. */
#include "server/credentials.h"

enum { ACCOUNT_SIZE = 12 };

static enum err add_row(void *context, struct str id, struct str value)
{
	struct keys *keys = context;
	struct access_key key = {
		.id = id,
		.account = str_slice(value, 0, ACCOUNT_SIZE),
		.secret = str_slice(value, ACCOUNT_SIZE, SIZE_MAX),
	};

	if (key.secret.size == 0 || !keys_add(keys, &key))
		return ERR_DAMAGED;
	return ERR_OK;
}

static enum err make_root(struct core *core, struct keys *keys, struct credentials_new *made)
{
	struct buf row = {0};

	made->is_new = true;
	keys_generate(made->id, made->secret);
	buf_append(&row, core->default_account);
	buf_append(&row, str_of(made->secret, sizeof(made->secret)));
	struct str id = str_of(made->id, sizeof(made->id));
	enum err err = catalog_put(core->catalog, CATALOG_ACCESS_KEYS, id, buf_str(&row));
	if (!err)
		err = add_row(keys, id, buf_str(&row));
	buf_done(&row);
	return err;
}

enum err credentials_load(struct core *core, struct keys **out_keys,
			  struct credentials_new *out_new)
{
	struct keys *keys = keys_new();

	*out_new = (struct credentials_new){0};
	enum err err = catalog_begin(core->catalog, true);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_ACCESS_KEYS, add_row, keys);
	if (!err && keys_count(keys) == 0)
		err = make_root(core, keys, out_new);
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
