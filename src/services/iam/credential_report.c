/* SPDX-License-Identifier: MIT */
/*
 * credential_report: a row for each user of an account: passwords, MFA devices, access keys.
 *
 * A report is cheap and not stored. Only the time of its request is kept; the rows show the account
 * at the time of reading.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
 */
#include "services/iam/store.h"
#include "services/iam/view.h"

#define DAY_MS INT64_C(86400000)
enum { KEYS_SHOWN = 2, VALID_MS = 4 * 3600 * 1000 };

static const char head[] =
	"user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
	"password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
	"access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
	"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
	"access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
	"cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n";

static bool is_valid(struct call *call, int64_t report_ms)
{
	return report_ms > 0 && call->now_ms < report_ms + VALID_MS;
}

enum err iam_generate_credential_report(struct call *call,
					const struct iam_generate_credential_report_in *in,
					struct iam_generate_credential_report_out *out)
{
	(void)in;
	enum err err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	struct directory_entity draft = directory_draft(iam_account(call));
	out->state = STR("COMPLETE");
	if (is_valid(call, draft.report_ms))
		return ERR_OK;
	draft.report_ms = call->now_ms;
	out->state = STR("STARTED");
	out->description = STR("No report exists. Starting a new report generation task");
	return iam_store_put(call->core, &draft);
}

/* ---- rows ---- */

static void add_time(struct buf *text, int64_t at_ms)
{
	char time[CLOCK_TEXT_MAX];

	if (at_ms > 0)
		buf_append(text, str_of(time, (size_t)clock_format_iso(at_ms / 1000 * 1000, time)));
	else
		buf_append(text, STR("N/A"));
}

static void add_key(struct call *call, struct buf *text, const struct directory_key *key)
{
	struct directory_use use = {0};

	if (!key) {
		buf_append(text, STR(",false,N/A,N/A,N/A,N/A"));
		return;
	}
	directory_release(directory_find_key(call->core->directory, key->id, &use));
	buf_format(text, ",%s,", key->is_active ? "true" : "false");
	add_time(text, key->created_ms);
	buf_append_char(text, ',');
	add_time(text, use.at_ms);
	buf_format(text, ",%s,%s", use.at_ms > 0 ? use.region : "N/A",
		   use.at_ms > 0 ? use.service : "N/A");
}

/* Active keys before others, as AWS shows them. */
static void add_keys(struct call *call, struct buf *text, const struct directory_entity *user)
{
	const struct directory_key *shown[KEYS_SHOWN] = {0};
	size_t count = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < user->key_count && count < KEYS_SHOWN; i++)
			if (user->keys[i].is_active == (pass == 0))
				shown[count++] = &user->keys[i];
	for (size_t i = 0; i < KEYS_SHOWN; i++)
		add_key(call, text, shown[i]);
}

static void add_password(struct buf *text, const struct directory_entity *user,
			 const struct directory_password_policy *policy)
{
	bool has_password = user->lists[DIRECTORY_PASSWORDS].count > 0;
	bool expires = has_password && policy->is_set && policy->age_days_max > 0;

	if (user->kind == DIRECTORY_ACCOUNT) {
		buf_append(text, STR("not_supported,no_information,not_supported,not_supported"));
		return;
	}
	buf_format(text, "%s,%s,", has_password ? "true" : "false",
		   has_password ? "no_information" : "N/A");
	add_time(text, has_password ? user->password_changed_ms : 0);
	buf_append_char(text, ',');
	add_time(text, expires ? user->password_changed_ms + policy->age_days_max * DAY_MS : 0);
}

static bool is_of_user(const void *value, const void *key)
{
	return str_equal(((const struct directory_entity *)value)->user_id,
			 *(const struct str *)key);
}

/* A device of each user that has one, so that rows need no search of all devices. */
static void map_devices(struct call *call, struct map *out_devices)
{
	const struct iam_list *list =
		iam_list(call, DIRECTORY_MFA_DEVICE, call->account, STR(""), STR(""), SIZE_MAX);

	for (size_t i = 0; i < list->count; i++) {
		struct str id = list->items[i]->user_id;
		if (id.size > 0 && !map_find(out_devices, str_hash(id), is_of_user, &id))
			map_insert(out_devices, str_hash(id), (void *)list->items[i]);
	}
}

static void add_row(struct call *call, struct buf *text, const struct directory_entity *user,
		    const struct directory_password_policy *policy, const struct map *devices)
{
	bool is_root = user->kind == DIRECTORY_ACCOUNT;

	buf_format(text, "%.*s,%.*s,", STR_ARG(is_root ? STR("<root_account>") : user->name),
		   STR_ARG(user->arn));
	add_time(text, user->created_ms);
	buf_append_char(text, ',');
	add_password(text, user, policy);
	bool has_device = map_find(devices, str_hash(user->id), is_of_user, &user->id) != NULL;
	buf_append(text, has_device ? STR(",true") : STR(",false"));
	add_keys(call, text, user);
	buf_append(text, STR(",false,N/A,false,N/A\n"));
}

enum err iam_get_credential_report(struct call *call, const struct iam_get_credential_report_in *in,
				   struct iam_get_credential_report_out *out)
{
	struct buf text = {0};
	struct map devices = {0};

	(void)in;
	enum err err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	const struct directory_entity *account = iam_account(call);
	if (account->report_ms == 0)
		return fail(call, &IAM_CREDENTIAL_REPORT_NOT_PRESENT,
			    "There is no credential report. GenerateCredentialReport makes one.");
	if (!is_valid(call, account->report_ms))
		return fail(call, &IAM_CREDENTIAL_REPORT_EXPIRED,
			    "The credential report is older than four hours. "
			    "GenerateCredentialReport makes a new one.");
	const struct iam_list *users =
		iam_list(call, DIRECTORY_USER, call->account, STR(""), STR(""), SIZE_MAX);
	map_devices(call, &devices);
	buf_append(&text, str_from(head));
	add_row(call, &text, account, &account->password_policy, &devices);
	for (size_t i = 0; i < users->count; i++)
		add_row(call, &text, users->items[i], &account->password_policy, &devices);
	map_done(&devices);
	out->content = arena_copy(call->arena, buf_str(&text));
	buf_done(&text);
	out->report_format = STR("text/csv");
	out->generated_time = account->report_ms;
	out->has_generated_time = true;
	return ERR_OK;
}
