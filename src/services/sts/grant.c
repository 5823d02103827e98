/* SPDX-License-Identifier: MIT */
/* grant: limits are AWS's; https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
#include "services/sts/grant.h"

#include "base/arn.h"
#include "base/limits.h"
#include "core/policies.h"

static enum err check_policy(struct call *call, struct str text)
{
	const struct policy *policy;
	struct str problem;

	if (text.size == 0)
		return ERR_OK;
	if (call_compile_policy(call, text, POLICY_IDENTITY, &policy, &problem) != ERR_OK)
		return fail(call, &STS_MALFORMED_POLICY_DOCUMENT, "%.*s", STR_ARG(problem));
	policy_release(policy);
	return ERR_OK;
}

static enum err check_managed(struct call *call, struct str arn, struct str account)
{
	const struct directory_entity *policy = directory_find_arn(call->core->directory, arn);
	bool is_known =
		policy && policy->kind == DIRECTORY_POLICY &&
		(str_equal(policy->account, account) || str_equal(policy->account, DIRECTORY_AWS));

	directory_release(policy);
	if (is_known)
		return ERR_OK;
	return fail(call, &STS_VALIDATION_ERROR, "Policy ARN %.*s does not exist in account %.*s.",
		    STR_ARG(arn), STR_ARG(account));
}

static enum err take_tags(struct call *call, const struct sts_passed *passed,
			  struct session *session)
{
	struct shape_pair *tags = arena_array(call->arena, struct shape_pair, passed->tag_count);

	for (size_t i = 0; i < passed->tag_count; i++) {
		tags[i] = (struct shape_pair){passed->tags[i].key, passed->tags[i].value};
		for (size_t j = 0; j < i; j++)
			if (str_equal_nocase(tags[j].key, tags[i].key))
				return fail(call, &STS_INVALID_PARAMETER_VALUE,
					    "Duplicate tag keys found. Please note that Tag keys "
					    "are case insensitive.");
	}
	session->tags = tags;
	session->tag_count = passed->tag_count;
	return ERR_OK;
}

enum err sts_take_passed(struct call *call, const struct sts_passed *passed,
			 struct session *session)
{
	struct str *arns = arena_array(call->arena, struct str, passed->policy_arn_count);

	enum err err = check_policy(call, passed->policy);
	if (err)
		return err;
	for (size_t i = 0; i < passed->policy_arn_count; i++)
		arns[i] = passed->policy_arns[i].arn;
	session->policy = passed->policy;
	session->policy_arns = arns;
	session->policy_arn_count = passed->policy_arn_count;
	return take_tags(call, passed, session);
}

enum err sts_check_managed(struct call *call, const struct session *session)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < session->policy_arn_count && !err; i++)
		err = check_managed(call, session->policy_arns[i], session->account);
	return err;
}

enum err sts_check_packed(struct call *call, const struct session *session, int64_t *out_percent)
{
	size_t size = session_packed_size(session);
	size_t percent = (size * 100 + LIMIT_SESSION_PACKED_SIZE - 1) / LIMIT_SESSION_PACKED_SIZE;
	bool has_policy = session->policy.size > 0 || session->policy_arn_count > 0;

	if (percent > 100 && has_policy)
		return fail(call, &STS_PACKED_POLICY_TOO_LARGE,
			    "Packed policy consumes %zu%% of allotted space, please use smaller "
			    "policy.",
			    percent);
	if (percent > 100)
		return fail(call, &STS_PACKED_POLICY_TOO_LARGE,
			    "Packed size of session tags consumes %zu%% of allotted space.",
			    percent);
	*out_percent = (int64_t)percent;
	return ERR_OK;
}

/* ---- sessions of roles ---- */

enum {
	DURATION_DEFAULT = 3600,
	CHAINED_MAX = 3600,
};

/* AWS distinguishes a text that is not an ARN from an ARN that is not a role's. */
enum err sts_check_role_arn(struct call *call, struct str text)
{
	struct arn arn;

	if (!arn_parse(text, &arn))
		return fail(call, &STS_VALIDATION_ERROR, "%.*s is invalid", STR_ARG(text));
	if (!str_equal(arn.service, STR("iam")) || arn.region.size > 0 ||
	    !arn_is_account(arn.account) || !str_starts(arn.resource, STR("role/")))
		return fail(call, &STS_VALIDATION_ERROR, "Request ARN is invalid");
	return ERR_OK;
}

enum err sts_role_seconds(struct call *call, const struct directory_entity *role, bool is_given,
			  int64_t seconds, int64_t *out_seconds)
{
	if (!is_given)
		seconds = DURATION_DEFAULT;
	if (sts_is_session(call) && seconds > CHAINED_MAX)
		return fail(call, &STS_VALIDATION_ERROR,
			    "The requested DurationSeconds exceeds the 1 hour session limit for "
			    "roles assumed by role chaining.");
	if (seconds > role->session_seconds_max)
		return fail(call, &STS_VALIDATION_ERROR,
			    "The requested DurationSeconds exceeds the MaxSessionDuration set for "
			    "this role.");
	*out_seconds = seconds;
	return ERR_OK;
}

struct sts_assumed_role_user *sts_show_role_user(struct call *call,
						 const struct directory_entity *role,
						 const struct session *session)
{
	struct sts_assumed_role_user *user = arena_new(call->arena, struct sts_assumed_role_user);

	user->assumed_role_id =
		arena_format(call->arena, "%.*s:%.*s", STR_ARG(role->id), STR_ARG(session->name));
	user->arn = arn_make(call->arena, STR("sts"), STR(""), role->account,
			     arena_format(call->arena, "assumed-role/%.*s/%.*s",
					  STR_ARG(role->name), STR_ARG(session->name)));
	return user;
}

/* ---- credentials ---- */

struct sts_credentials *sts_issue(struct call *call, struct session *session,
				  int64_t duration_seconds)
{
	struct sts_credentials *credentials = arena_new(call->arena, struct sts_credentials);
	char *key_id = arena_bytes(call->arena, SESSION_KEY_ID_SIZE);
	char *secret = arena_bytes(call->arena, SESSION_SECRET_SIZE);

	session_generate(session->account, key_id, secret);
	session->key_id = str_of(key_id, SESSION_KEY_ID_SIZE);
	session->secret = str_of(secret, SESSION_SECRET_SIZE);
	/* AWS returns times in whole seconds. */
	session->issued_ms = call->now_ms / 1000 * 1000;
	session->expires_ms = session->issued_ms + duration_seconds * 1000;
	*credentials = (struct sts_credentials){
		.access_key_id = session->key_id,
		.secret_access_key = session->secret,
		.session_token = session_token_encode(call->core->seal, call->arena, session),
		.expiration = session->expires_ms,
		.has_expiration = true,
	};
	return credentials;
}

bool sts_is_session(const struct call *call)
{
	return call->principal->token_issued_ms != 0;
}
