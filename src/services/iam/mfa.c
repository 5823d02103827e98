/* SPDX-License-Identifier: MIT */
/*
 * mfa: virtual MFA devices (RFC 6238). A seed is returned once, when the device is created, and
 * stored as access keys are. services/sts/mfa.c verifies codes.
 */
#include <string.h>

#include "base/totp.h"
#include "services/iam/store.h"
#include "services/iam/view.h"

enum { DRIFT_STEPS_MAX = 20 }; /* by which a device's clock may be off when it is enabled */

static bool is_assigned(const struct directory_entity *device)
{
	return device->user_id.size > 0;
}

/* ---- devices of a user ---- */

struct search {
	struct str user_id;
	struct iam_list *found;
};

static bool add_if_of_user(void *context, const struct directory_entity *device)
{
	struct search *search = context;

	if (str_equal(device->user_id, search->user_id))
		iam_list_add(search->found, device);
	return true;
}

struct iam_list *iam_mfa_devices_of(struct call *call, const struct directory_entity *user)
{
	struct search search = {user->id, iam_list_new(call)};

	directory_each(call->core->directory, DIRECTORY_MFA_DEVICE, user->account, STR(""),
		       add_if_of_user, &search);
	return search.found;
}

/* A user that was opened, and a device of the caller's account. */
static enum err find_device(struct call *call, struct str serial,
			    const struct directory_entity **out_device)
{
	const struct directory_entity *device = iam_find_arn(call, DIRECTORY_MFA_DEVICE, serial);

	if (!device || !str_equal(device->account, call->account))
		return iam_fail_missing(call, DIRECTORY_MFA_DEVICE, serial);
	*out_device = device;
	return ERR_OK;
}

/* The same, and the device is the user's. */
static enum err find_device_of(struct call *call, const struct directory_entity *user,
			       struct str serial, const struct directory_entity **out_device)
{
	enum err err = find_device(call, serial, out_device);

	if (err || str_equal((*out_device)->user_id, user->id))
		return err;
	return fail(call, &IAM_NO_SUCH_ENTITY, "MFA Device invalid for user.");
}

/* ---- creating and deleting ---- */

enum err iam_create_virtual_mfa_device(struct call *call,
				       const struct iam_create_virtual_mfa_device_in *in,
				       struct iam_create_virtual_mfa_device_out *out)
{
	char *seed = arena_bytes(call->arena, TOTP_SEED_TEXT_SIZE);
	struct directory_entity draft;

	enum err err = iam_draft_new(call, DIRECTORY_MFA_DEVICE, in->path,
				     in->virtual_mfa_device_name, in->tags, in->tags_count, &draft);
	if (err)
		return err;
	totp_seed(seed);
	draft.seed = str_of(seed, TOTP_SEED_TEXT_SIZE);
	err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->virtual_mfa_device = arena_new(call->arena, struct iam_virtual_mfa_device);
	out->virtual_mfa_device->serial_number = draft.arn;
	out->virtual_mfa_device->base32_string_seed = draft.seed;
	out->virtual_mfa_device->tags =
		iam_show_tags(call, &draft, &out->virtual_mfa_device->tags_count);
	return ERR_OK;
}

enum err iam_delete_virtual_mfa_device(struct call *call,
				       const struct iam_delete_virtual_mfa_device_in *in,
				       struct iam_delete_virtual_mfa_device_out *out)
{
	const struct directory_entity *device;

	(void)out;
	enum err err = iam_open_arn(call, DIRECTORY_MFA_DEVICE, in->serial_number, &device);
	if (err)
		return err;
	if (is_assigned(device))
		return fail(call, &IAM_DELETE_CONFLICT,
			    "MFA VirtualDevice in use. Must deactivate first.");
	return iam_store_remove(call->core, device->id);
}

/* ---- assigning ---- */

/* Two codes in a row prove that the device has the seed, and show how far its clock is off. */
static enum err check_codes(struct call *call, const struct directory_entity *device,
			    struct str first, struct str second, struct directory_entity *out_draft)
{
	int64_t now = call->now_ms / TOTP_STEP_MS, step;

	if (!totp_find(device->seed, first, second, now - 1 - DRIFT_STEPS_MAX,
		       now - 1 + DRIFT_STEPS_MAX, &step))
		return fail(call, &IAM_INVALID_AUTHENTICATION_CODE,
			    "Authentication code for device is not valid.");
	*out_draft = directory_draft(device);
	out_draft->mfa_step = step + 1;
	/* A code of the step before this one was typed in time. */
	out_draft->mfa_drift = step + 1 == now - 1 ? 0 : step + 1 - now;
	return ERR_OK;
}

enum err iam_enable_mfa_device(struct call *call, const struct iam_enable_mfa_device_in *in,
			       struct iam_enable_mfa_device_out *out)
{
	const struct directory_entity *user, *device = NULL;
	struct directory_entity draft;

	(void)out;
	enum err err = iam_open(call, DIRECTORY_USER, in->user_name, &user);
	if (!err)
		err = find_device(call, in->serial_number, &device);
	if (err)
		return err;
	if (is_assigned(device))
		return fail(call, &IAM_ENTITY_ALREADY_EXISTS, "MFA Device is already in use.");
	if (iam_mfa_devices_of(call, user)->count >= LIMIT_IAM_USER_MFA_DEVICES)
		return fail(call, &IAM_LIMIT_EXCEEDED,
			    "Cannot exceed quota for MFADevicesPerUser: %d",
			    LIMIT_IAM_USER_MFA_DEVICES);
	err = check_codes(call, device, in->authentication_code1, in->authentication_code2, &draft);
	if (err)
		return err;
	draft.user_id = user->id;
	draft.enabled_ms = call->now_ms;
	return iam_store_put(call->core, &draft);
}

enum err iam_resync_mfa_device(struct call *call, const struct iam_resync_mfa_device_in *in,
			       struct iam_resync_mfa_device_out *out)
{
	const struct directory_entity *user, *device = NULL;
	struct directory_entity draft;

	(void)out;
	enum err err = iam_open(call, DIRECTORY_USER, in->user_name, &user);
	if (!err)
		err = find_device_of(call, user, in->serial_number, &device);
	if (!err)
		err = check_codes(call, device, in->authentication_code1, in->authentication_code2,
				  &draft);
	return err ? err : iam_store_put(call->core, &draft);
}

enum err iam_deactivate_mfa_device(struct call *call, const struct iam_deactivate_mfa_device_in *in,
				   struct iam_deactivate_mfa_device_out *out)
{
	const struct directory_entity *user, *device = NULL;

	(void)out;
	enum err err = iam_open_user(call, in->user_name, &user);
	if (!err)
		err = find_device_of(call, user, in->serial_number, &device);
	if (err)
		return err;
	struct directory_entity draft = directory_draft(device);
	draft.user_id = (struct str){0};
	draft.enabled_ms = 0;
	return iam_store_put(call->core, &draft);
}

/* ---- reading ---- */

enum err iam_get_mfa_device(struct call *call, const struct iam_get_mfa_device_in *in,
			    struct iam_get_mfa_device_out *out)
{
	const struct directory_entity *user, *device = NULL;

	enum err err = iam_open_user(call, in->user_name, &user);
	if (!err)
		err = find_device_of(call, user, in->serial_number, &device);
	if (err)
		return err;
	out->user_name = user->name;
	out->serial_number = device->arn;
	out->enable_date = device->enabled_ms;
	out->has_enable_date = true;
	return ERR_OK;
}

enum err iam_list_mfa_devices(struct call *call, const struct iam_list_mfa_devices_in *in,
			      struct iam_list_mfa_devices_out *out)
{
	const struct directory_entity *user;
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_open_user(call, in->user_name, &user);
	if (err)
		return err;
	const struct iam_list *list = iam_mfa_devices_of(call, user);
	out->mfa_devices_count = iam_page_cut(&page, list->items, list->count, iam_arn_at);
	out->mfa_devices = iam_array(call, struct iam_mfa_device, out->mfa_devices_count);
	for (size_t i = 0; i < out->mfa_devices_count; i++) {
		const struct directory_entity *device = list->items[page.from + i];
		out->mfa_devices[i] = (struct iam_mfa_device){.user_name = user->name,
							      .serial_number = device->arn,
							      .enable_date = device->enabled_ms,
							      .has_enable_date = true};
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

static void show(struct call *call, const struct directory_entity *device,
		 struct iam_virtual_mfa_device *out)
{
	const struct directory_entity *user =
		is_assigned(device) ? iam_get(call, device->user_id) : NULL;

	out->serial_number = device->arn;
	if (!user)
		return;
	out->enable_date = device->enabled_ms;
	out->has_enable_date = true;
	out->user = arena_new(call->arena, struct iam_user);
	*out->user = iam_show_user(call, user);
}

enum err iam_list_virtual_mfa_devices(struct call *call,
				      const struct iam_list_virtual_mfa_devices_in *in,
				      struct iam_list_virtual_mfa_devices_out *out)
{
	bool wants_assigned = !str_equal(in->assignment_status, STR("Unassigned"));
	bool wants_others = !str_equal(in->assignment_status, STR("Assigned"));
	struct iam_page page;
	size_t count = 0;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	const struct iam_list *list =
		iam_list(call, DIRECTORY_MFA_DEVICE, call->account, STR(""), STR(""), SIZE_MAX);
	const struct directory_entity **devices =
		arena_array(call->arena, const struct directory_entity *, list->count);
	for (size_t i = 0; i < list->count; i++)
		if (is_assigned(list->items[i]) ? wants_assigned : wants_others)
			devices[count++] = list->items[i];
	/* By place, as a device's name is too long for IAM's markers of at most 320 characters. */
	out->virtual_mfa_devices_count = iam_page_cut(&page, devices, count, iam_arn_at);
	out->virtual_mfa_devices =
		iam_array(call, struct iam_virtual_mfa_device, out->virtual_mfa_devices_count);
	for (size_t i = 0; i < out->virtual_mfa_devices_count; i++)
		show(call, devices[page.from + i], &out->virtual_mfa_devices[i]);
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

/* ---- tags ---- */

enum err iam_tag_mfa_device(struct call *call, const struct iam_tag_mfa_device_in *in,
			    struct iam_tag_mfa_device_out *out)
{
	const struct directory_entity *device;

	(void)out;
	iam_ask_about_tags(call, in->tags, in->tags_count);
	enum err err = iam_open_arn(call, DIRECTORY_MFA_DEVICE, in->serial_number, &device);
	return err ? err : iam_tag(call, device, in->tags, in->tags_count);
}

enum err iam_untag_mfa_device(struct call *call, const struct iam_untag_mfa_device_in *in,
			      struct iam_untag_mfa_device_out *out)
{
	const struct directory_entity *device;

	(void)out;
	call_set_request_tag_keys(call, in->tag_keys, in->tag_keys_count);
	enum err err = iam_open_arn(call, DIRECTORY_MFA_DEVICE, in->serial_number, &device);
	return err ? err : iam_untag(call, device, in->tag_keys, in->tag_keys_count);
}

enum err iam_list_mfa_device_tags(struct call *call, const struct iam_list_mfa_device_tags_in *in,
				  struct iam_list_mfa_device_tags_out *out)
{
	const struct directory_entity *device;
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_open_arn(call, DIRECTORY_MFA_DEVICE, in->serial_number, &device);
	if (err)
		return err;
	out->tags = iam_show_tag_page(call, device, &page, &out->tags_count);
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}
