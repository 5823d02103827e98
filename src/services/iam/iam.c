/* SPDX-License-Identifier: MIT */
/* iam: starts and ends the service; functions of the server's administrator. */
#include "services/iam/iam.h"

#include <stdio.h>
#include <string.h>

#include "api/handlers.h"
#include "api/iam.h"
#include "base/arn.h"
#include "services/iam/service_roles.h"
#include "services/iam/store.h"

enum { ACCOUNT_SIZE = 12, ROOT_KEYS = 2 };

static bool count_entity(void *context, const struct directory_entity *entity)
{
	(void)entity;
	++*(size_t *)context;
	return true;
}

/* Twelve digits of which the first is none that other systems cut off. */
static void draw_account(struct core *core, char out_account[ACCOUNT_SIZE])
{
	do {
		random_bytes(out_account, ACCOUNT_SIZE);
		for (size_t i = 0; i < ACCOUNT_SIZE; i++)
			out_account[i] = (char)('0' + (uint8_t)out_account[i] % (i ? 10 : 9) + !i);
		const struct directory_entity *taken =
			directory_find_id(core->directory, str_of(out_account, ACCOUNT_SIZE));
		if (!taken)
			return;
		directory_release(taken);
	} while (true);
}

enum err iam_account_create(struct core *core, struct str account, struct str name,
			    char out_account[12])
{
	char number[ACCOUNT_SIZE], arn[ARN_SIZE_MAX];
	size_t count = 0;

	directory_each(core->directory, DIRECTORY_ACCOUNT, (struct str){0}, STR(""), count_entity,
		       &count);
	if (count >= LIMIT_ACCOUNTS)
		return ERR_TOOLARGE;
	const struct directory_entity *old = directory_find_id(core->directory, account);
	directory_release(old);
	if (old)
		return ERR_EXISTS;
	if (account.size > 0)
		memcpy(number, account.data, ACCOUNT_SIZE);
	else
		draw_account(core, number);
	account = str_of(number, ACCOUNT_SIZE);
	struct directory_entity draft = {
		.kind = DIRECTORY_ACCOUNT,
		.account = account,
		.name = account,
		.id = account,
		.arn = arn_format(STR("iam"), STR(""), account, STR("root"), arn),
		.description = name,
		.created_ms = clock_now_ms(),
	};
	enum err err = iam_store_put(core, &draft);
	if (!err)
		memcpy(out_account, number, ACCOUNT_SIZE);
	return err;
}

/* Copies all keys but, if there is no room for one more, the oldest of those that are not active.
 */
static bool make_room(const struct directory_entity *entity, struct directory_key keys[ROOT_KEYS],
		      size_t *out_count)
{
	size_t dropped = SIZE_MAX;

	*out_count = 0;
	for (size_t i = 0; entity->key_count >= ROOT_KEYS && i < entity->key_count; i++)
		if (dropped == SIZE_MAX && !entity->keys[i].is_active)
			dropped = i;
	if (entity->key_count >= ROOT_KEYS && dropped == SIZE_MAX)
		return false;
	for (size_t i = 0; i < entity->key_count; i++)
		if (i != dropped)
			keys[(*out_count)++] = entity->keys[i];
	return true;
}

enum err iam_root_key_create(struct core *core, struct str account, struct iam_new_key *out_key)
{
	const struct directory_entity *entity = directory_find_id(core->directory, account);
	struct directory_key keys[ROOT_KEYS];
	struct iam_new_key made;
	enum err err = ERR_TOOLARGE;

	if (!entity)
		return ERR_NOTFOUND;
	struct directory_entity draft = directory_draft(entity);
	if (make_room(entity, keys, &draft.key_count)) {
		keys_generate(made.id, made.secret);
		keys[draft.key_count++] = (struct directory_key){
			.id = str_of(made.id, sizeof(made.id)),
			.secret = str_of(made.secret, sizeof(made.secret)),
			.is_active = true,
			.created_ms = clock_now_ms(),
		};
		draft.keys = keys;
		err = iam_store_put(core, &draft);
	}
	if (!err)
		*out_key = made;
	explicit_bzero(&made, sizeof(made));
	directory_release(entity);
	return err;
}

/* Ends the walk with *context true at the first active key. */
static bool find_active_key(void *context, const struct directory_entity *entity)
{
	for (size_t i = 0; i < entity->key_count; i++)
		*(bool *)context |= entity->keys[i].is_active;
	return !*(bool *)context;
}

bool iam_is_locked_out(struct core *core, struct str account)
{
	bool has_key = false;

	directory_each(core->directory, DIRECTORY_ACCOUNT, account, STR(""), find_active_key,
		       &has_key);
	directory_each(core->directory, DIRECTORY_USER, account, STR(""), find_active_key,
		       &has_key);
	return !has_key;
}

static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	char account[ACCOUNT_SIZE];

	(void)out_problem; /* the configuration has no accounts */
	core->directory = directory_new(start->is_open);
	iam_service_policies_add(core->directory);
	enum err err = iam_store_load(core);
	if (err)
		return err;
	err = iam_account_create(core, core->default_account, STR(""), account);
	return err == ERR_EXISTS ? ERR_OK : err;
}

static void stop(struct core *core)
{
	directory_free(&core->directory);
}

const struct service_module iam_module = {
	.service = &iam_service,
	.bind = iam_bind_handlers,
	.stage = SERVICE_BEFORE_ENGINE,
	.start = start,
	.stop = stop,
};
