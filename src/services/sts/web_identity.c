/* SPDX-License-Identifier: MIT */
/*
 * web_identity: AssumeRoleWithWebIdentity. The request needs no signature: a token of an OpenID
 * Connect provider identifies the caller. The account of the role must have that provider, the
 * operator of the server must have given the provider's keys, and the role's trust policy must
 * allow the caller.
 *
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
#include "access/issuers.h"
#include "base/arn.h"
#include "core/keep.h"
#include "services/sts/grant.h"

enum { SKEW_S = 60 }; /* by which an issuer's clock may be ahead */

/* One request on its way. */
struct identifying {
	struct call *call;
	const struct sts_assume_role_with_web_identity_in *in;
	struct jwt jwt;
	struct str audience; /* the authorized party, or the audience */
	const struct directory_entity *role, *provider;
	struct str partition; /* of the role's ARN: an unsigned request has no region */
	struct session session;
};

/* ---- the token ---- */

static enum err fail_token(struct call *call, const char *text)
{
	return fail(call, &STS_INVALID_IDENTITY_TOKEN, "%s", text);
}

static enum err read_token(struct identifying *identifying)
{
	struct call *call = identifying->call;
	struct jwt *jwt = &identifying->jwt;

	if (identifying->in->provider_id.data)
		return fail_token(call, "ProviderId is for OAuth 2.0 access tokens, which this "
					"server does not take. Pass an OpenID Connect ID token.");
	if (jwt_parse(call->arena, identifying->in->web_identity_token, jwt) != ERR_OK)
		return fail_token(call, "The ID Token provided is not a valid JWT. (You may see "
					"this error if you sent an Access Token)");
	const char *missing = !jwt->issuer.data		 ? "iss"
			      : !jwt->subject.data	 ? "sub"
			      : jwt->audience_count == 0 ? "aud"
			      : !jwt->has_expiry	 ? "exp"
			      : !jwt->has_issue_time	 ? "iat"
							 : NULL;
	if (missing)
		return fail(call, &STS_INVALID_IDENTITY_TOKEN, "Missing a required claim: %s",
			    missing);
	identifying->audience =
		jwt->authorized_party.data ? jwt->authorized_party : jwt->audiences[0];
	return ERR_OK;
}

/* Held until the call ends; NULL if no entity has that ARN and kind. */
static const struct directory_entity *find(struct call *call, struct str arn,
					   enum directory_kind kind)
{
	const struct directory_entity *entity =
		call_keep_entity(call, directory_find_arn(call->core->directory, arn));

	return entity && entity->kind == kind ? entity : NULL;
}

/* The provider of the token's issuer in the role's account. */
static enum err find_provider(struct identifying *identifying)
{
	static const struct str scheme = STR_INIT("https://");
	struct call *call = identifying->call;
	struct str issuer = identifying->jwt.issuer;
	struct arn arn;

	check(arn_parse(identifying->in->role_arn, &arn));
	identifying->partition = arn.partition;
	if (str_starts(issuer, scheme))
		identifying->provider = find(
			call,
			arn_make(call->arena, STR("iam"), STR(""), arn.account,
				 arena_format(call->arena, "oidc-provider/%.*s",
					      STR_ARG(str_slice(issuer, scheme.size, SIZE_MAX)))),
			DIRECTORY_OIDC_PROVIDER);
	if (identifying->provider)
		return ERR_OK;
	return fail(call, &STS_INVALID_IDENTITY_TOKEN,
		    "No OpenIDConnect provider found in your account for %.*s", STR_ARG(issuer));
}

static enum err check_signature(const struct identifying *identifying)
{
	struct call *call = identifying->call;

	switch (issuers_verify(call->core->issuers, &identifying->jwt)) {
	case ISSUERS_SIGNED:
		return ERR_OK;
	case ISSUERS_FORGED:
		return fail_token(call,
				  "The ID Token provided could not be verified: its signature "
				  "is not valid.");
	case ISSUERS_NO_KEY:
		break;
	}
	return fail_token(call, "Couldn't retrieve verification key from your identity provider,  "
				"please reference AssumeRoleWithWebIdentity documentation for "
				"requirements");
}

static bool has_text(struct directory_texts list, struct str text)
{
	for (size_t i = 0; i < list.count; i++)
		if (str_equal(list.items[i], text))
			return true;
	return false;
}

/* The authorized party, or without one any of the audiences, is a client of the provider. */
static enum err check_audience(struct identifying *identifying)
{
	struct directory_texts clients = identifying->provider->lists[DIRECTORY_CLIENT_IDS];
	const struct jwt *jwt = &identifying->jwt;

	if (jwt->authorized_party.data && has_text(clients, jwt->authorized_party))
		return ERR_OK;
	for (size_t i = 0; !jwt->authorized_party.data && i < jwt->audience_count; i++) {
		if (!has_text(clients, jwt->audiences[i]))
			continue;
		identifying->audience = jwt->audiences[i];
		return ERR_OK;
	}
	return fail_token(identifying->call, "Incorrect token audience");
}

static enum err check_times(const struct identifying *identifying)
{
	struct call *call = identifying->call;
	const struct jwt *jwt = &identifying->jwt;
	int64_t now_s = call->now_ms / 1000;

	if (now_s >= jwt->expires_s)
		return fail(call, &STS_EXPIRED_TOKEN,
			    "Token expired: current date/time %lld must be before the expiration "
			    "date/time %lld",
			    (long long)now_s, (long long)jwt->expires_s);
	if ((jwt->has_not_before && jwt->not_before_s > now_s + SKEW_S) ||
	    jwt->issued_s > now_s + SKEW_S)
		return fail_token(call, "The ID Token provided is not valid yet.");
	return ERR_OK;
}

/* ---- the role ---- */

static enum err denied(struct call *call)
{
	return fail(call, &call->operation->service->denied,
		    "Not authorized to perform sts:AssumeRoleWithWebIdentity");
}

/* "<issuer>:aud", the condition key of the token's claim. */
static void add_claim(const struct identifying *identifying, const char *name,
		      const struct str *values, size_t count)
{
	struct call *call = identifying->call;

	call_add_key(
		call,
		arena_format(call->arena, "%.*s:%s", STR_ARG(identifying->provider->name), name),
		values, count);
}

static enum err authorize(const struct identifying *identifying)
{
	struct call *call = identifying->call;
	const struct jwt *jwt = &identifying->jwt;
	struct resource resource = authorize_role_resource(identifying->role);

	/* In the trust policy, a provider of a region has the region's name. */
	struct str *provider = arena_new(call->arena, struct str);
	*provider = arn_move(call->arena, identifying->provider->arn, STR("aws"),
			     identifying->partition);
	call_add_key(call, STR("aws:FederatedProvider"), provider, 1);
	call_add_key(call, STR("sts:RoleSessionName"), &identifying->in->role_session_name, 1);
	add_claim(identifying, "aud", &identifying->audience, 1);
	add_claim(identifying, "sub", &jwt->subject, 1);
	add_claim(identifying, "amr", jwt->methods, jwt->method_count);
	if (jwt->source_identity.size > 0)
		call_add_key(call, STR("sts:SourceIdentity"), &jwt->source_identity, 1);
	enum err err =
		call_authorize_unsigned(call, STR("sts:AssumeRoleWithWebIdentity"), &resource);
	if (!err && jwt->source_identity.size > 0)
		err = call_authorize_unsigned(call, STR("sts:SetSourceIdentity"), &resource);
	return err == ERR_FAULT ? denied(call) : err;
}

static enum err check_token(struct identifying *identifying)
{
	enum err err = find_provider(identifying);

	if (!err)
		err = check_signature(identifying);
	if (!err)
		err = check_audience(identifying);
	return err ? err : check_times(identifying);
}

static enum err open_role(struct identifying *identifying)
{
	struct call *call = identifying->call;

	struct str arn = arn_move(call->arena, identifying->in->role_arn, identifying->partition,
				  STR("aws"));
	bool is_known = str_equal(identifying->partition, STR("aws")) ||
			str_equal(identifying->partition, STR("aws-cn")) ||
			str_equal(identifying->partition, STR("aws-us-gov"));
	identifying->role = is_known ? find(call, arn, DIRECTORY_ROLE) : NULL;
	if (!identifying->role)
		return denied(call);
	identifying->session = (struct session){
		.kind = SESSION_ROLE,
		.account = identifying->role->account,
		.entity_id = identifying->role->id,
		.name = identifying->in->role_session_name,
		.source_identity = identifying->jwt.source_identity,
		.provider = identifying->provider->arn,
	};
	return authorize(identifying);
}

enum err sts_assume_role_with_web_identity(struct call *call,
					   const struct sts_assume_role_with_web_identity_in *in,
					   struct sts_assume_role_with_web_identity_out *out)
{
	struct identifying identifying = {.call = call, .in = in};
	struct sts_passed passed = {in->policy, in->policy_arns, in->policy_arns_count, NULL, 0};
	int64_t seconds = 0, percent = 0;

	call_needs_no_permission(call); /* until the token is known to be one */
	enum err err = read_token(&identifying);
	if (!err)
		err = sts_check_role_arn(call, in->role_arn);
	if (!err)
		err = check_token(&identifying);
	if (!err)
		err = open_role(&identifying);
	if (!err)
		err = sts_take_passed(call, &passed, &identifying.session);
	if (!err)
		err = sts_check_managed(call, &identifying.session);
	if (!err)
		err = sts_role_seconds(call, identifying.role, in->has_duration_seconds,
				       in->duration_seconds, &seconds);
	if (!err)
		err = sts_check_packed(call, &identifying.session, &percent);
	if (err)
		return err;
	out->credentials = sts_issue(call, &identifying.session, seconds);
	out->assumed_role_user = sts_show_role_user(call, identifying.role, &identifying.session);
	out->assumed_role_user->arn = arn_move(call->arena, out->assumed_role_user->arn, STR("aws"),
					       identifying.partition);
	out->subject_from_web_identity_token = identifying.jwt.subject;
	out->audience = identifying.audience;
	out->provider = identifying.jwt.issuer;
	out->source_identity = identifying.jwt.source_identity;
	out->packed_policy_size = percent;
	out->has_packed_policy_size = percent > 0;
	return ERR_OK;
}
