/* SPDX-License-Identifier: MIT */
/* accounts: see admin.h for what is asked and answered. */
#include "base/arn.h"
#include "format/json.h"
#include "server/admin.h"

static bool count_entity(void *context, const struct directory_entity *entity)
{
	(void)entity;
	++*(int64_t *)context;
	return true;
}

static int64_t count(struct admin_call *call, enum directory_kind kind, struct str account)
{
	int64_t number = 0;

	directory_each(call->server->core.directory, kind, account, STR(""), count_entity, &number);
	return number;
}

/* Held, so that the directory may be asked about each. */
struct account_list {
	const struct directory_entity *items[LIMIT_ACCOUNTS];
	size_t count;
};

static bool hold_account(void *context, const struct directory_entity *account)
{
	struct account_list *list = context;

	list->items[list->count++] = directory_hold(account);
	return list->count < LIMIT_ACCOUNTS;
}

static void write_text(struct json_writer *json, const char *name, struct str text)
{
	json_key(json, str_from(name));
	json_str(json, text);
}

static void write_number(struct json_writer *json, const char *name, int64_t number)
{
	json_key(json, str_from(name));
	json_i64(json, number);
}

static void write_account(struct admin_call *call, struct json_writer *json,
			  const struct directory_entity *account)
{
	json_open_object(json);
	write_text(json, "account", account->account);
	write_text(json, "name", account->description);
	write_number(json, "created_ms", account->created_ms);
	write_number(json, "users", count(call, DIRECTORY_USER, account->account));
	write_number(json, "roles", count(call, DIRECTORY_ROLE, account->account));
	json_key(json, STR("root_keys"));
	json_open_array(json);
	for (size_t i = 0; i < account->key_count; i++)
		json_str(json, account->keys[i].id);
	json_close_array(json);
	json_close_object(json);
}

static void list_accounts(struct admin_call *call)
{
	struct account_list *list = arena_new(call->arena, struct account_list);
	struct json_writer json;

	directory_each(call->server->core.directory, DIRECTORY_ACCOUNT, (struct str){0}, STR(""),
		       hold_account, list);
	json_begin(&json, &call->body);
	json_open_object(&json);
	json_key(&json, STR("accounts"));
	json_open_array(&json);
	for (size_t i = 0; i < list->count; i++) {
		write_account(call, &json, list->items[i]);
		directory_release(list->items[i]);
	}
	json_close_array(&json);
	json_close_object(&json);
}

static void refuse_error(struct admin_call *call, enum err err)
{
	log_event(LOG_ERROR, "an account cannot be changed", log_str("error", err_text(err)));
	admin_refuse(call, 500, "the catalog cannot be written; see ternd's log");
}

static void create_key(struct admin_call *call, struct str number)
{
	struct core *core = &call->server->core;
	struct iam_new_key key;
	struct json_writer json;

	enum err err = iam_root_key_create(core, number, &key);
	if (err == ERR_NOTFOUND) {
		admin_refuse(call, 404, "there is no account %.*s", STR_ARG(number));
		return;
	}
	if (err == ERR_TOOLARGE) {
		admin_refuse(call, 409,
			     "the root user of %.*s has two active keys; deactivate or delete one",
			     STR_ARG(number));
		return;
	}
	if (err) {
		refuse_error(call, err);
		return;
	}
	const struct directory_entity *account = directory_find_id(core->directory, number);
	json_begin(&json, &call->body);
	json_open_object(&json);
	write_text(&json, "account", number);
	write_text(&json, "name", account->description);
	write_text(&json, "arn",
		   arn_move(call->arena, account->arn, STR("aws"),
			    arn_partition(core->default_region)));
	write_text(&json, "access_key_id", str_of(key.id, sizeof(key.id)));
	write_text(&json, "secret_access_key", str_of(key.secret, sizeof(key.secret)));
	json_close_object(&json);
	explicit_bzero(&key, sizeof(key));
	directory_release(account);
}

/* A member that is absent or a text. */
static bool read_text(yyjson_val *root, const char *name, struct str *out_text)
{
	yyjson_val *value = json_member(root, name);

	*out_text = json_text(value);
	return !value || yyjson_is_str(value);
}

static void create_account(struct admin_call *call)
{
	struct str body = call->request->http.body, name, number;
	yyjson_val *root = NULL;
	char made[12];

	bool is_read = body.size == 0 ||
		       (json_parse(call->arena, body, &root) == ERR_OK && yyjson_is_obj(root));
	if (!is_read || !read_text(root, "name", &name) || !read_text(root, "account", &number) ||
	    name.size > LIMIT_ACCOUNT_NAME_SIZE) {
		admin_refuse(
			call, 400,
			"send {\"name\": \"...\", \"account\": \"<12 digits>\"}, both of which may "
			"be left out; a name has at most %d bytes",
			LIMIT_ACCOUNT_NAME_SIZE);
		return;
	}
	if (number.size > 0 && !arn_is_account(number)) {
		admin_refuse(call, 400, "an account is 12 digits");
		return;
	}
	enum err err = iam_account_create(&call->server->core, number, name, made);
	if (err == ERR_EXISTS)
		admin_refuse(call, 409, "there is an account %.*s already", STR_ARG(number));
	else if (err == ERR_TOOLARGE)
		admin_refuse(call, 409, "there are %d accounts already", LIMIT_ACCOUNTS);
	else if (err)
		refuse_error(call, err);
	else
		create_key(call, str_of(made, sizeof(made)));
}

void admin_accounts(struct admin_call *call)
{
	struct str rest = call->path;
	struct str account = str_cut(&rest, '/');
	bool is_post = call->request->http.method == HTTP_METHOD_POST;

	if (call->path.size == 0 && is_post)
		create_account(call);
	else if (call->path.size == 0)
		list_accounts(call);
	else if (is_post && str_equal(rest, STR("keys")))
		create_key(call, account);
	else
		admin_refuse(call, 404, "nothing is served at this path");
}
