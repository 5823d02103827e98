/* SPDX-License-Identifier: MIT */
/* access_keys: the keys of users and of root users; a secret is shown once. */
#include <string.h>

#include "access/keys.h"
#include "core/keep.h"
#include "services/iam/store.h"
#include "services/iam/view.h"

static struct str status_of(const struct directory_key *key)
{
	return key->is_active ? STR("Active") : STR("Inactive");
}

/* Root users have no name: AWS shows none. */
static struct str user_name_of(const struct directory_entity *user)
{
	return user->kind == DIRECTORY_ACCOUNT ? (struct str){0} : user->name;
}

/* The keys of a draft, in the arena, with room for one more. */
static struct directory_key *copy_keys(struct call *call, const struct directory_entity *draft)
{
	struct directory_key *keys =
		arena_array(call->arena, struct directory_key, draft->key_count + 1);

	if (draft->key_count > 0)
		memcpy(keys, draft->keys, draft->key_count * sizeof(*keys));
	return keys;
}

static enum err find_key(struct call *call, const struct directory_entity *user, struct str id,
			 size_t *out_place)
{
	for (size_t i = 0; i < user->key_count; i++) {
		if (str_equal(user->keys[i].id, id)) {
			*out_place = i;
			return ERR_OK;
		}
	}
	return fail(call, &IAM_NO_SUCH_ENTITY, "The Access Key with id %.*s cannot be found.",
		    STR_ARG(id));
}

enum err iam_create_access_key(struct call *call, const struct iam_create_access_key_in *in,
			       struct iam_create_access_key_out *out)
{
	const struct directory_entity *user;
	char *id = arena_bytes(call->arena, ACCESS_KEY_ID_SIZE);
	char *secret = arena_bytes(call->arena, ACCESS_KEY_SECRET_SIZE);

	enum err err = iam_open_user(call, in->user_name, &user);
	if (err)
		return err;
	if (user->key_count >= LIMIT_IAM_KEYS)
		return fail(call, &IAM_LIMIT_EXCEEDED,
			    "Cannot exceed quota for AccessKeysPerUser: %d", LIMIT_IAM_KEYS);
	keys_generate(id, secret);
	struct directory_entity draft = directory_draft(user);
	struct directory_key *keys = copy_keys(call, &draft);
	struct directory_key *key = &keys[draft.key_count++];
	*key = (struct directory_key){.id = str_of(id, ACCESS_KEY_ID_SIZE),
				      .secret = str_of(secret, ACCESS_KEY_SECRET_SIZE),
				      .is_active = true,
				      .created_ms = call->now_ms};
	draft.keys = keys;
	err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->access_key = arena_new(call->arena, struct iam_access_key);
	*out->access_key = (struct iam_access_key){.user_name = user_name_of(user),
						   .access_key_id = key->id,
						   .status = status_of(key),
						   .secret_access_key = key->secret,
						   .create_date = key->created_ms,
						   .has_create_date = true};
	return ERR_OK;
}

static struct str key_id_at(const void *keys, size_t index)
{
	return ((const struct directory_key *)keys)[index].id;
}

enum err iam_list_access_keys(struct call *call, const struct iam_list_access_keys_in *in,
			      struct iam_list_access_keys_out *out)
{
	const struct directory_entity *user;
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_open_user(call, in->user_name, &user);
	if (err)
		return err;
	out->access_key_metadata_count =
		iam_page_cut(&page, user->keys, user->key_count, key_id_at);
	out->access_key_metadata =
		iam_array(call, struct iam_access_key_metadata, out->access_key_metadata_count);
	for (size_t i = 0; i < out->access_key_metadata_count; i++) {
		const struct directory_key *key = &user->keys[page.from + i];
		out->access_key_metadata[i] =
			(struct iam_access_key_metadata){.user_name = user_name_of(user),
							 .access_key_id = key->id,
							 .status = status_of(key),
							 .create_date = key->created_ms,
							 .has_create_date = true};
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

struct key_change {
	struct directory_entity draft;
	struct directory_key *key; /* of the draft */
};

/* A draft of the user, with keys of its own. */
static enum err open_key(struct call *call, struct str user_name, struct str key_id,
			 struct key_change *out)
{
	const struct directory_entity *user;
	size_t place = 0;

	enum err err = iam_open_user(call, user_name, &user);
	if (!err)
		err = find_key(call, user, key_id, &place);
	if (err)
		return err;
	out->draft = directory_draft(user);
	struct directory_key *keys = copy_keys(call, &out->draft);
	out->draft.keys = keys;
	out->key = &keys[place];
	return ERR_OK;
}

enum err iam_update_access_key(struct call *call, const struct iam_update_access_key_in *in,
			       struct iam_update_access_key_out *out)
{
	struct key_change change;

	(void)out;
	enum err err = open_key(call, in->user_name, in->access_key_id, &change);
	if (err)
		return err;
	if (str_equal(in->status, STR("Expired")))
		return fail(call, &IAM_INVALID_INPUT,
			    "An access key's status can be set to Active or Inactive only.");
	change.key->is_active = str_equal(in->status, STR("Active"));
	return iam_store_put(call->core, &change.draft);
}

enum err iam_delete_access_key(struct call *call, const struct iam_delete_access_key_in *in,
			       struct iam_delete_access_key_out *out)
{
	struct key_change change;

	(void)out;
	enum err err = open_key(call, in->user_name, in->access_key_id, &change);
	if (err)
		return err;
	size_t place = (size_t)(change.key - change.draft.keys);
	change.draft.key_count--;
	memmove(change.key, change.key + 1, (change.draft.key_count - place) * sizeof(*change.key));
	return iam_store_put(call->core, &change.draft);
}

enum err iam_get_access_key_last_used(struct call *call,
				      const struct iam_get_access_key_last_used_in *in,
				      struct iam_get_access_key_last_used_out *out)
{
	struct directory_use use;

	const struct directory_entity *owner = call_keep_entity(
		call, directory_find_key(call->core->directory, in->access_key_id, &use));
	bool is_own = owner && str_equal(owner->account, call->account);
	struct resource resource = {.arn = is_own ? owner->arn : STR("*"),
				    .account = call->account};
	enum err err = iam_ask(call, call->operation->action, &resource, is_own ? owner : NULL);
	if (err)
		return err;
	if (!is_own) /* AWS's text for a caller with permission for any user's key */
		return fail(call, &call->operation->service->denied,
			    "User: %.*s is not authorized to perform iam:GetAccessKeyLastUsed on "
			    "resource: access key %.*s",
			    STR_ARG(call->principal->arn), STR_ARG(in->access_key_id));
	out->user_name = user_name_of(owner);
	struct iam_access_key_last_used *last =
		arena_new(call->arena, struct iam_access_key_last_used);
	last->service_name = last->region = STR("N/A");
	if (use.at_ms > 0) {
		last->last_used_date = use.at_ms;
		last->has_last_used_date = true;
		last->service_name = arena_copy(call->arena, str_from(use.service));
		last->region = arena_copy(call->arena, str_from(use.region));
	}
	out->access_key_last_used = last;
	return ERR_OK;
}
