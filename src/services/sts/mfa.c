/* SPDX-License-Identifier: MIT */
/*
 * mfa: codes of virtual MFA devices. A code counts once, for the caller's own device, in its step
 * and the one before and after it; after ten wrong codes in five minutes none counts until those
 * are over.
 */
#include "base/totp.h"
#include "core/keep.h"
#include "services/sts/grant.h"

enum { STEPS_AROUND = 1 };

static enum err refuse(struct call *call, const char *text)
{
	return fail(call, &call->operation->service->denied, "MultiFactorAuthentication failed%s",
		    text);
}

/* The caller's device of that serial number; NULL: it has none. */
static const struct directory_entity *find_device(struct call *call, struct str serial)
{
	const struct directory_entity *device =
		call_keep_entity(call, directory_find_arn(call->core->directory, serial));
	bool is_own = device && device->kind == DIRECTORY_MFA_DEVICE && device->user_id.size > 0 &&
		      str_equal(device->user_id, call->principal->entity_id);
	return is_own ? device : NULL;
}

enum err sts_check_mfa(struct call *call, struct str serial, struct str code, int64_t *out_mfa_ms)
{
	int64_t now = call->now_ms / TOTP_STEP_MS, step = 0;

	*out_mfa_ms = 0;
	if (!serial.data && !code.data)
		return ERR_OK;
	if (!serial.data || !code.data)
		return refuse(call,
			      ", must provide both MFA serial number and one time pass code.");
	const struct directory_entity *device = find_device(call, serial);
	if (!device)
		return refuse(call, ", unable to validate MFA code.  Please verify your MFA serial "
				    "number is valid and associated with this user.");
	int64_t there = now + device->mfa_drift;
	bool is_right = totp_find(device->seed, code, (struct str){0}, there - STEPS_AROUND,
				  there + STEPS_AROUND, &step);
	if (!directory_use_mfa(call->core->directory, device->id, is_right ? step : 0, now))
		return refuse(call, " with invalid MFA one time pass code. ");
	*out_mfa_ms = call->now_ms;
	return ERR_OK;
}

void sts_add_mfa_keys(struct call *call, int64_t mfa_ms)
{
	static const struct str present = STR_INIT("true"), age = STR_INIT("0");

	if (mfa_ms == 0)
		return;
	call_add_key(call, STR("aws:MultiFactorAuthPresent"), &present, 1);
	call_add_key(call, STR("aws:MultiFactorAuthAge"), &age, 1);
}
