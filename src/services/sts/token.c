/* SPDX-License-Identifier: MIT */
/*
 * token: sessions of a user itself and of federated users.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access.html
 */
#include "services/sts/grant.h"

#include "base/arn.h"
enum {
	DURATION_DEFAULT = 43200,
	ROOT_MAX = 3600,
};

/* Sessions of a root user last at most an hour, even if the request asks for more. */
static int64_t duration_of(const struct call *call, bool is_given, int64_t seconds)
{
	if (!is_given)
		seconds = DURATION_DEFAULT;
	return call->principal->type == PRINCIPAL_ROOT && seconds > ROOT_MAX ? ROOT_MAX : seconds;
}

static enum err refuse_session(struct call *call)
{
	if (!sts_is_session(call))
		return ERR_OK;
	return fail(call, &call->operation->service->denied,
		    "Cannot call %.*s with session credentials", STR_ARG(call->operation->name));
}

enum err sts_get_session_token(struct call *call, const struct sts_get_session_token_in *in,
			       struct sts_get_session_token_out *out)
{
	struct session session = {
		.kind = SESSION_SELF,
		.account = call->principal->account,
		.entity_id = call->principal->entity_id,
	};

	enum err err = call_authorize_endpoint(call, STR("sts:GetSessionToken"));
	if (!err)
		err = refuse_session(call);
	if (!err)
		err = sts_check_mfa(call, in->serial_number, in->token_code, &session.mfa_ms);
	if (err)
		return err;
	int64_t seconds = duration_of(call, in->has_duration_seconds, in->duration_seconds);
	out->credentials = sts_issue(call, &session, seconds);
	return ERR_OK;
}

static enum err authorize(struct call *call, struct str arn, const struct session *session)
{
	struct resource resource = {.arn = arn, .account = session->account};

	call_set_request_tags(call, session->tags, session->tag_count);
	enum err err = call_authorize(call, STR("sts:GetFederationToken"), &resource);
	if (!err && session->tag_count > 0)
		err = call_authorize(call, STR("sts:TagSession"), &resource);
	return err;
}

enum err sts_get_federation_token(struct call *call, const struct sts_get_federation_token_in *in,
				  struct sts_get_federation_token_out *out)
{
	struct sts_federated_user *user = arena_new(call->arena, struct sts_federated_user);
	struct sts_passed passed = {in->policy, in->policy_arns, in->policy_arns_count, in->tags,
				    in->tags_count};
	struct session session = {
		.kind = SESSION_FEDERATED,
		.account = call->principal->account,
		.entity_id = call->principal->entity_id,
		.name = in->name,
	};
	int64_t percent = 0;

	enum err err = refuse_session(call);
	if (!err)
		err = sts_take_passed(call, &passed, &session);
	if (err)
		return err;
	user->arn = arn_make(call->arena, STR("sts"), STR(""), session.account,
			     arena_format(call->arena, "federated-user/%.*s", STR_ARG(in->name)));
	user->federated_user_id =
		arena_format(call->arena, "%.*s:%.*s", STR_ARG(session.account), STR_ARG(in->name));
	err = authorize(call, user->arn, &session);
	if (!err)
		err = sts_check_managed(call, &session);
	if (!err)
		err = sts_check_packed(call, &session, &percent);
	if (err)
		return err;
	int64_t seconds = duration_of(call, in->has_duration_seconds, in->duration_seconds);
	out->credentials = sts_issue(call, &session, seconds);
	out->federated_user = user;
	/* Unlike AssumeRole, which leaves 0 out. */
	out->packed_policy_size = percent;
	out->has_packed_policy_size = true;
	return ERR_OK;
}
